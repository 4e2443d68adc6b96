// SPDX-License-Identifier: Apache-2.0
/* The config file with everything at its default: packaging/cpuhound.conf, and what docs/configuration.md shows. */
#include "agent/config-keys.h"
#include "agent/config.h"

static int add_key(const struct config_key *key, struct buf *ret)
{
	return buf_printf(ret, "# %s\n#%s =%s%s\n", key->summary, key->name, key->fallback[0] ? " " : "",
			  key->fallback);
}

static int add_heading(const struct config_section *section, struct buf *ret)
{
	if (section->kind == CONFIG_NAMED)
		return buf_printf(ret, "\n# %s\n#[%s %s]\n", section->summary, section->name, section->example);
	return buf_printf(ret, "\n# %s\n[%s]\n", section->summary, section->name);
}

static int add_section(const struct config_section *section, struct buf *ret)
{
	int r = add_heading(section, ret);

	for (size_t k = 0; r == 0 && k < section->n_keys; k++)
		r = add_key(&section->keys[k], ret);
	if (r == 0 && section->kind == CONFIG_OPEN)
		r = buf_printf(ret, "#%s\n", section->example);
	return r;
}

int config_add_template(struct buf *ret)
{
	int r = buf_add_str(ret, "# cpuhound.conf: what `cpuhound agent` and `cpuhound serve` do. Everything is at its "
				 "default.\n"
				 "# `cpuhound check-config` tells what is said here, and every mistake in it.\n");

	for (size_t i = 0; r == 0 && i < config_n_sections; i++)
		r = add_section(&config_sections[i], ret);
	return r;
}
