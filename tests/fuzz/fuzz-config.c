// SPDX-License-Identifier: Apache-2.0
/* Any bytes as a config file. What is accepted is written down as check-config tells it, and must be read as the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "agent/config.h"
#include "common/fsutil.h"
#include "tests/fuzz/fuzz.h"

#define MAX_INPUT_BYTES ((size_t)64 << 10)

static int load(const void *bytes, size_t size, struct config **ret)
{
	_cleanup_(config_report_done) struct config_report report = {};
	_cleanup_close_ int fd = memfd_create("config", MFD_CLOEXEC);
	char path[40];
	const struct config_sources sources = { .file = path };
	int r;

	if (fd < 0 || fs_write_all(fd, bytes, size) < 0)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	r = config_load(&sources, &report, ret);
	if ((r == CONFIG_BAD) != (report.n_errors > 0))
		abort();
	return r;
}

static void write_down(const struct config *c, struct buf *ret)
{
	struct config_setting_view s;
	int r = 0;

	for (size_t i = 0; r == 0 && config_setting(c, i, &s); i++) {
		const char *name = s.instance ? s.instance : "";

		r = buf_printf(ret, "[%s%s%s]\n%s = %s\n", s.section, s.instance ? " " : "", name, s.key, s.value);
	}
	if (r < 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(config_freep) struct config *first = NULL, *second = NULL;
	_cleanup_(buf_done) struct buf text = {}, reloadable = {}, restart = {};

	if (size > MAX_INPUT_BYTES || load(data, size, &first) != 0)
		return 0;
	write_down(first, &text);
	if (load(text.data, text.size, &second) != 0)
		abort();
	if (config_diff(first, second, CONFIG_AGENT | CONFIG_HUB, &reloadable, &restart) < 0 || reloadable.size > 0 ||
	    restart.size > 0)
		abort();
	return 0;
}

const void *fuzz_seed(size_t i, size_t *ret_size)
{
	static const char *const seeds[] = {
		"# comment\n[agent]\nwindow = 30s\nfrequency_hz = 97\nstate_dir = /var/lib/x\n\n[http]\n"
		"listen = [::1]:80\ntoken_file = /t\n[symbols]\ndebug_info = no\ndebug_dirs = /a, /b\n",
		"[labels]\nhost = h\nregion = eu\n[workload]\nread_environment = yes\n[service my api]\nexe = */a?i\n"
		"env = A=b*,C=d\nversion = 1\n[filter]\nexclude_services = a*, b\n",
		"[relabel 10-x]\naction = keep\nsource_labels = a, b\nregex = (?i)x(\\d+);(.*)\n[relabel 2-y]\n"
		"target_label = c\nreplacement = ${1}-$2\n[relabel 3-z]\naction = labelmap\nregex = __meta_(.+)\n",
		"[agnt]\nwindow\n= x\n[service]\n[agent x]\nwidow = 3\nwindow = 301s\n[http]\nlisten = 1.2.3.4:5\n",
	};

	if (i >= ARRAY_SIZE(seeds))
		return NULL;
	*ret_size = strlen(seeds[i]);
	return seeds[i];
}
