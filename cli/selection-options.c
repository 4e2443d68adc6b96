// SPDX-License-Identifier: Apache-2.0
#include "cli/selection-options.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "cli/text.h"
#include "common/clock.h"
#include "common/log.h"
#include "report/engine.h"
#include "store/store.h"

void selection_options_done(struct selection_options *o)
{
	selection_done(&o->selection);
}

static enum exit_code take_time(const struct command *command, const char *name, const char *value, int64_t *ret)
{
	if (selection_parse_time(value, (int64_t)clock_now_ns(CLOCK_REALTIME), ret) != 0)
		return (enum exit_code)options_error(command,
						     "--%s takes 10, 10s, 5m, 1h, 7d or 2026-11-29T01:42:42Z, not '%s'",
						     name, value);
	return EXIT_OK;
}

/* It is sent as the value of a header. */
static enum exit_code take_tenant(struct selection_options *o, const struct command *command, const char *value)
{
	for (const char *c = value; *c; c++)
		if (*c <= ' ' || *c > '~')
			return (enum exit_code)options_error(command, "--tenant takes a name without spaces");
	o->fetch.tenant = value;
	return EXIT_OK;
}

enum exit_code selection_options_take(struct selection_options *o, const struct command *command, int option,
				      const char *value)
{
	switch (option) {
	case OPTION_STORE:
		o->store = value;
		break;
	case OPTION_SINCE:
		o->is_limited = true;
		return take_time(command, "since", value, &o->selection.since_ns);
	case OPTION_TOKEN_FILE:
		o->fetch.token_file = value;
		break;
	case OPTION_CA_FILE:
		o->fetch.ca_file = value;
		break;
	case OPTION_TENANT:
		return take_tenant(o, command, value);
	case OPTION_UNTIL:
		o->is_limited = true;
		return take_time(command, "until", value, &o->selection.until_ns);
	}
	return EXIT_OK;
}

enum exit_code selection_options_add(struct selection_options *o, const struct command *command, const char *text)
{
	char why[MATCHER_WHY_BYTES];
	int r = selection_add(&o->selection, text, why);

	o->is_limited = true;
	switch (r) {
	case 0:
		return EXIT_OK;
	case MATCHER_NOT_ONE:
		return (enum exit_code)
			options_error(command, "'%s' is no matcher: key=value, key!=value, key=~regex or key!~regex",
				      text);
	case MATCHER_BAD:
		return (enum exit_code)options_error(command, "'%s': %s", text, why);
	case -ENOSPC:
		return (enum exit_code)options_error(command, "more than %d matchers", SELECTION_MAX_MATCHERS);
	default:
		log_error("cannot go on: %s", strerror(-r));
		return EXIT_ERROR;
	}
}

/* The files are read all the same; what is slow then has its reason told. */
static void tell_catalogue(const struct selection_options *o, const struct store *s)
{
	struct store_counts counts;

	store_counts(s, &counts);
	if (counts.catalogue_fault)
		log_warning("the catalogue of '%s' %s: going on without it", o->store, counts.catalogue_fault);
}

static const char *why(int error)
{
	switch (error) {
	case -ENOENT:
		return "there is no such directory: start 'cpuhound agent', which makes it, or name another";
	case -EACCES:
		return "no permission: be root, or who owns it";
	default:
		return strerror(-error);
	}
}

enum exit_code selection_options_open(const struct selection_options *o, enum store_access access, int *ret_dir_fd,
				      struct store **ret)
{
	_cleanup_close_ int fd = -1;
	int r;

	if (fetch_is_url(o->store) || engine_is_url(o->store))
		return (enum exit_code)text_fail("open the store", o->store, "this command takes a directory");
	fd = open(o->store, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = fd < 0 ? -errno : store_open(fd, access, ret);

	if (r == STORE_NONE)
		return (enum exit_code)
			text_fail("read the store", o->store,
				  "no windows yet in this directory: start 'cpuhound agent', or name another");
	if (r == STORE_BUSY)
		return (enum exit_code)text_fail("change the store", o->store, "another one is at it: try again");
	if (r < 0)
		return (enum exit_code)text_fail("open the store", o->store, why(r));
	tell_catalogue(o, *ret);
	*ret_dir_fd = take_fd(fd);
	return EXIT_OK;
}
