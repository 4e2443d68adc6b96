/* SPDX-License-Identifier: Apache-2.0 */
/* go program: compiled from source by the Go of this machine, or by another version of it. */
#pragma once

#include "tests/unit/tool.h"

#include <elf.h>
#include <limits.h>

static inline bool go_program_has_go(void)
{
	return tool_status("PATH=$PATH:/usr/local/go/bin go version >/dev/null 2>&1") == 0;
}

/* The go command of a version: "" is the machine's; NULL: cannot be had here (no Go, no network, no cache). */
static inline const char *go_program_tool(const char *version)
{
	static char path[PATH_MAX];
	_cleanup_(buf_done) struct buf dir = {};

	if (!go_program_has_go())
		return NULL;
	if (version[0] == 0)
		return "go";
	tool_read(&dir,
		  "cd / && PATH=$PATH:/usr/local/go/bin GOFLAGS=-modcacherw timeout 300 go mod download -json "
		  "golang.org/toolchain@v0.0.1-go%s.linux-amd64 2>/dev/null | sed -n 's/.*\"Dir\": "
		  "\"\\(.*\\)\".*/\\1/p' || true",
		  version);
	if (dir.size < 2)
		return NULL;
	dir.data[dir.size - 1] = 0;
	/* The proxy's archive has no modes. */
	tool_run("chmod +x '%s/bin/go' '%s'/pkg/tool/*/*", dir.data, dir.data);
	assert_true(snprintf(path, sizeof(path), "%s/bin/go", dir.data) < (int)sizeof(path));
	return path;
}

/* DIR/NAME.go becomes DIR/OUT. environment: "NAME=VALUE ..."; options: those of go build. */
static inline void go_program_build(const char *dir, const char *name, const char *out, const char *tool,
				    const char *environment, const char *options)
{
	tool_run("cd '%s' && PATH=$PATH:/usr/local/go/bin && export PATH && tool='%s' && "
		 "if [ \"$tool\" != go ]; then export GOROOT=${tool%%/bin/go}; fi && "
		 "env GOENV=off GOFLAGS= GO111MODULE=off GOTOOLCHAIN=local CGO_ENABLED=0 %s \"$tool\" build %s -o '%s' "
		 "'%s.go'",
		 dir, tool, environment, options, out, name);
}

/* DIR/TO is DIR/FROM as a packer leaves it: only program headers. */
static inline void go_program_drop_sections(const char *dir, const char *from, const char *to)
{
	_cleanup_close_ int fd = -1;
	char path[PATH_MAX];
	Elf64_Ehdr h;

	tool_run("cp '%s/%s' '%s/%s'", dir, from, dir, to);
	assert_true(snprintf(path, sizeof(path), "%s/%s", dir, to) < (int)sizeof(path));
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_int_equal(pread(fd, &h, sizeof(h), 0), sizeof(h));
	h.e_shoff = h.e_shnum = h.e_shstrndx = 0;
	assert_int_equal(pwrite(fd, &h, sizeof(h), 0), sizeof(h));
}
