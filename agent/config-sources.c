// SPDX-License-Identifier: Apache-2.0
#include "agent/config-sources.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/config-keys.h"
#include "agent/config-set.h"
#include "common/fsutil.h"
#include "common/ini.h"
#include "common/nearest.h"
#include "common/suffix.h"

#define ENVIRONMENT_PREFIX "CPUHOUND_"
#define ORIGIN_MAX_BYTES 512

/* A section's line. *ret NULL: an error was told, and its keys are passed over. */
static int enter_section(struct config_builder *b, const struct ini_item *item, const char *origin,
			 const struct config_section **ret)
{
	const struct config_section *section = config_section_find(item->section);
	const char *meant = config_section_nearest(item->section);

	*ret = NULL;
	if (!section && meant)
		return config_error(b->report, origin, "there is no section [%.100s]: did you mean [%s]?",
				    item->section, meant);
	if (!section)
		return config_error(b->report, origin,
				    "there is no section [%.100s]: see 'cpuhound check-config --template'",
				    item->section);
	if (section->kind == CONFIG_NAMED && (!item->name || !item->name[0]))
		return config_error(b->report, origin, "[%s] needs a name: [%s %s]", section->name, section->name,
				    section->example);
	if (section->kind != CONFIG_NAMED && item->name)
		return config_error(b->report, origin, "[%s] has no name: write [%s]", section->name, section->name);
	if (item->name && strlen(item->name) > CONFIG_NAME_MAX_BYTES)
		return config_error(b->report, origin, "the name of [%s NAME] is longer than %d bytes", section->name,
				    CONFIG_NAME_MAX_BYTES);
	*ret = section;
	return item->name ? config_set_section(b, section, item->name, origin) : 0;
}

/* One file's text, which has size bytes and a NUL behind them, and is changed. */
static int read_text(struct config_builder *b, const char *path, char *text, size_t size)
{
	const struct config_section *section = NULL;
	const char *instance = NULL;
	bool in_section = false;
	struct ini_item item;
	struct ini in;
	int answer, r = 0;

	b->source++;
	ini_init(&in, text, size);
	while (r == 0 && (answer = ini_next(&in, &item)) != INI_END) {
		char origin[ORIGIN_MAX_BYTES];

		snprintf(origin, sizeof(origin), "file %.400s:%u", path, item.line);
		if (answer == INI_BAD) {
			r = config_error(b->report, origin, "%s", item.why);
		} else if (item.section) {
			in_section = true;
			instance = item.name;
			r = enter_section(b, &item, origin, &section);
		} else if (!in_section) {
			r = config_error(b->report, origin, "'%.100s' stands in no [section]", item.key);
		} else if (section) {
			r = config_set(b, section, instance, item.key, item.value, origin);
		}
	}
	return r;
}

/* A whole regular file; a symbolic link is followed, as a ConfigMap of Kubernetes is full of them. */
static int read_file(int dir_fd, const char *name, struct buf *ret)
{
	_cleanup_close_ int fd = -1;
	int r = fs_open_regular(dir_fd, name, &fd);

	return r == 0 ? fs_read_open(fd, CONFIG_FILE_MAX_BYTES, ret) : r;
}

static int read_config_file(struct config_builder *b, int dir_fd, const char *name, const char *path)
{
	_cleanup_(buf_done) struct buf text = {};
	int r = read_file(dir_fd, name, &text);

	if (r == FS_NOT_REGULAR)
		return config_error(b->report, path, "cannot be read: it is no regular file");
	if (r < 0)
		return config_error(b->report, path, "cannot be read: %s", strerror(-r));
	return read_text(b, path, text.data, text.size);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

struct names {
	char *items[CONFIG_MAX_FILES];
	size_t n;
};

static void names_done(struct names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->items[i]);
}

/* -ENOSPC: too many. */
static int list_files(DIR *dir, struct names *ret)
{
	const struct dirent *entry;

	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || !has_suffix(entry->d_name, ".conf"))
			continue;
		if (ret->n == CONFIG_MAX_FILES)
			return -ENOSPC;
		ret->items[ret->n] = strdup(entry->d_name);
		if (!ret->items[ret->n])
			return -ENOMEM;
		ret->n++;
	}
	qsort(ret->items, ret->n, sizeof(ret->items[0]), compare_names);
	return 0;
}

static int read_directory(struct config_builder *b, const char *path)
{
	_cleanup_(names_done) struct names names = {};
	DIR *dir = opendir(path);
	int r;

	if (!dir && errno == ENOENT)
		return 0;
	if (!dir)
		return config_error(b->report, path, "cannot be read: %s", strerror(errno));
	r = list_files(dir, &names);
	if (r == -ENOSPC)
		r = config_error(b->report, path, "holds more than %d files", CONFIG_MAX_FILES);
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		_cleanup_(buf_done) struct buf whole = {};

		r = buf_printf(&whole, "%s/%s", path, names.items[i]);
		if (r == 0)
			r = read_config_file(b, dirfd(dir), names.items[i], whole.data);
	}
	closedir(dir);
	return r;
}

static int read_files(struct config_builder *b, const char *wanted)
{
	_cleanup_(buf_done) struct buf directory = {};
	const char *file = wanted ? wanted : CONFIG_DEFAULT_FILE;
	const char *slash = strrchr(file, '/');
	int r = 0;

	if (wanted || access(file, F_OK) == 0 || errno != ENOENT)
		r = read_config_file(b, AT_FDCWD, file, file);
	if (r < 0)
		return r;
	r = buf_printf(&directory, "%.*sconf.d", slash ? (int)(slash - file + 1) : 0, file);
	return r < 0 ? r : read_directory(b, directory.data);
}

/* SECTION_KEY as the environment has it. */
static void variable_name(const char *section, const char *key, char *ret, size_t size)
{
	snprintf(ret, size, "%s_%s", section, key);
	for (char *c = ret; *c; c++)
		*c = (char)toupper((unsigned char)*c);
}

static bool begins_with_section(const char *name, const struct config_section *section)
{
	char prefix[CONFIG_NAME_MAX_BYTES];

	variable_name(section->name, "", prefix, sizeof(prefix));
	return strncmp(name, prefix, strlen(prefix)) == 0;
}

/*
 * A variable that is none of ours may be nobody's mistake: for every Service, Kubernetes puts NAME_PORT and more into
 * the environment, and that name may be "cpuhound-http".
 */
static int unknown_variable(struct config_builder *b, const char *name, const char *origin)
{
	char variable[CONFIG_NAME_MAX_BYTES], meant[CONFIG_NAME_MAX_BYTES] = "";
	bool ours = false;

	for (size_t i = 0; i < config_n_sections; i++) {
		const struct config_section *section = &config_sections[i];

		if (section->kind == CONFIG_NAMED)
			continue;
		ours |= begins_with_section(name, section);
		for (size_t k = 0; k < section->n_keys; k++) {
			variable_name(section->name, section->keys[k].name, variable, sizeof(variable));
			if (nearest_of(name, meant[0] ? meant : NULL, variable) == variable)
				snprintf(meant, sizeof(meant), "%s", variable);
		}
	}
	if (meant[0])
		return config_warning(b->report, origin, "there is no such key: did you mean %s%s? ignoring it",
				      ENVIRONMENT_PREFIX, meant);
	return ours ? config_warning(b->report, origin, "there is no such key; ignoring it") : 0;
}

/* name is what stands between CPUHOUND_ and '='. */
static int set_variable(struct config_builder *b, const char *name, const char *value)
{
	char variable[CONFIG_NAME_MAX_BYTES], origin[ORIGIN_MAX_BYTES];

	snprintf(origin, sizeof(origin), "environment %s%.400s", ENVIRONMENT_PREFIX, name);
	for (size_t i = 0; i < config_n_sections; i++) {
		const struct config_section *section = &config_sections[i];

		for (size_t k = 0; section->kind != CONFIG_NAMED && k < section->n_keys; k++) {
			variable_name(section->name, section->keys[k].name, variable, sizeof(variable));
			if (strcmp(variable, name) == 0)
				return config_set(b, section, NULL, section->keys[k].name, value, origin);
		}
		if (section->kind == CONFIG_OPEN && begins_with_section(name, section)) {
			snprintf(variable, sizeof(variable), "%s", name + strlen(section->name) + 1);
			for (char *c = variable; *c; c++)
				*c = (char)tolower((unsigned char)*c);
			return config_set(b, section, NULL, variable, value, origin);
		}
	}
	return unknown_variable(b, name, origin);
}

static int read_environment(struct config_builder *b, char *const *environment)
{
	int r = 0;

	b->source++;
	for (; r == 0 && environment && *environment; environment++) {
		const char *equals = strchr(*environment, '=');
		char name[CONFIG_NAME_MAX_BYTES];
		size_t size;

		if (!equals || strncmp(*environment, ENVIRONMENT_PREFIX, sizeof(ENVIRONMENT_PREFIX) - 1) != 0)
			continue;
		size = (size_t)(equals - *environment) - (sizeof(ENVIRONMENT_PREFIX) - 1);
		if (size >= sizeof(name))
			continue; /* longer than any of ours */
		memcpy(name, *environment + sizeof(ENVIRONMENT_PREFIX) - 1, size);
		name[size] = 0;
		r = set_variable(b, name, equals + 1);
	}
	return r;
}

/* "agent.window", or "service.NAME.unit": the name may hold dots, too. */
static int apply_override(struct config_builder *b, const struct config_override *o)
{
	char origin[ORIGIN_MAX_BYTES], section_name[CONFIG_NAME_MAX_BYTES], instance[CONFIG_NAME_MAX_BYTES + 2];
	const char *first = strchr(o->key, '.'), *last = strrchr(o->key, '.');
	struct ini_item item = { .section = section_name };
	const struct config_section *section;
	int r;

	b->source++;
	snprintf(origin, sizeof(origin), "flag %.100s", o->flag);
	if (!first)
		return config_error(b->report, origin, "'%.100s' is no SECTION.KEY=VALUE", o->key);
	snprintf(section_name, sizeof(section_name), "%.*s", (int)(first - o->key), o->key);
	if (first != last) {
		snprintf(instance, sizeof(instance), "%.*s", (int)(last - first - 1), first + 1);
		item.name = instance;
	}
	r = enter_section(b, &item, origin, &section);
	if (r < 0 || !section)
		return r;
	return config_set(b, section, item.name, last + 1, o->value, origin);
}

int config_read_sources(struct config_builder *b, const struct config_sources *sources)
{
	int r = read_files(b, sources->file);

	if (r == 0)
		r = read_environment(b, sources->environment);
	for (size_t i = 0; r == 0 && i < sources->n_overrides; i++)
		r = apply_override(b, &sources->overrides[i]);
	return r;
}
