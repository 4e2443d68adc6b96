/* SPDX-License-Identifier: Apache-2.0 */
/*
 * selection options: how commands say which windows of a store are meant: --store DIR, --since T, --until T, and
 * arguments that are matchers (service=api). See store/selection.h.
 */
#pragma once

#include "cli/options.h"
#include "report/fetch.h"
#include "store/selection.h"

#define DEFAULT_STORE "/var/lib/cpuhound"

enum {
	OPTION_STORE = 512,
	OPTION_SINCE,
	OPTION_UNTIL,
	OPTION_TOKEN_FILE,
	OPTION_CA_FILE,
	OPTION_TENANT,
};
#define SELECTION_LONG_OPTIONS                                                                                         \
	{ "store", required_argument, NULL, OPTION_STORE }, { "since", required_argument, NULL, OPTION_SINCE },        \
	{                                                                                                              \
		"until", required_argument, NULL, OPTION_UNTIL                                                         \
	}

#define SELECTION_USAGE                                                                                                \
	"      --store DIR        where the windows are (/var/lib/cpuhound)\n"                                         \
	"      --since T          from then on: 10, 10s, 5m, 1h, 7d ago, or 2026-11-29T01:42:42Z\n"                    \
	"      --until T          before then\n"

/* Of commands that read from servers, too. */
#define HUB_LONG_OPTIONS                                                                                               \
	{ "token-file", required_argument, NULL, OPTION_TOKEN_FILE },                                                  \
		{ "ca-file", required_argument, NULL, OPTION_CA_FILE },                                                \
	{                                                                                                              \
		"tenant", required_argument, NULL, OPTION_TENANT                                                       \
	}

#define HUB_USAGE                                                                                                      \
	"      --store URL        those of a hub: http://HOST:7172 or https://...; or what a server adds up:\n"        \
	"                         clickhouse+http://USER@HOST:8123/DATABASE, pyroscope+http://HOST:4040\n"             \
	"      --token-file FILE  its token, or USER's password\n"                                                     \
	"      --ca-file FILE     who signed its certificate\n"                                                        \
	"      --tenant NAME      whose profiles, where the server keeps them apart (X-Scope-OrgID)\n"

struct selection_options {
	const char *store;
	struct fetch_settings fetch; /* of a store over HTTP */
	bool is_limited;             /* something was said of times or labels */
	struct selection selection;
};
#define SELECTION_OPTIONS_NONE                                                                                         \
	{                                                                                                              \
		.store = DEFAULT_STORE, .selection = SELECTION_ALL_TIME                                                \
	}
void selection_options_done(struct selection_options *o);

/* One of the options above, and an argument. EXIT_OK, or EXIT_USAGE when the mistake was told. */
enum exit_code selection_options_take(struct selection_options *o, const struct command *command, int option,
				      const char *value);
enum exit_code selection_options_add(struct selection_options *o, const struct command *command, const char *text);

struct store;
enum store_access;

/* Opens the store that is meant; *ret_dir_fd stays open as long as the store. EXIT_OK, or it was told why not. */
enum exit_code selection_options_open(const struct selection_options *o, enum store_access access, int *ret_dir_fd,
				      struct store **ret);
