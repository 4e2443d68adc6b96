// SPDX-License-Identifier: Apache-2.0
#include "cli/invoker.h"

#include <grp.h>
#include <pwd.h>
#include <stdint.h>

#include "common/parse.h"

static bool id_from_environment(const char *name, uint32_t *ret)
{
	const char *text = getenv(name);
	uint64_t value;

	if (!text || parse_u64(text, 10, &value) < 0 || value >= UINT32_MAX)
		return false;
	*ret = (uint32_t)value;
	return true;
}

void invoker_get(struct invoker *ret)
{
	uint32_t uid, gid;

	*ret = (struct invoker){ .uid = geteuid(), .gid = getegid() };
	if (geteuid() != 0 || !id_from_environment("SUDO_UID", &uid) || !id_from_environment("SUDO_GID", &gid))
		return;
	if (uid == 0)
		return;
	*ret = (struct invoker){ .is_other = true, .uid = uid, .gid = gid };
}

int invoker_own(const struct invoker *who, int fd)
{
	if (!who->is_other)
		return 0;
	return fchown(fd, who->uid, who->gid) < 0 ? -errno : 0;
}

int invoker_become(const struct invoker *who)
{
	const struct passwd *user;

	if (!who->is_other)
		return 0;
	user = getpwuid(who->uid);
	if ((user ? initgroups(user->pw_name, who->gid) : setgroups(0, NULL)) < 0)
		return -errno;
	if (setresgid(who->gid, who->gid, who->gid) < 0 || setresuid(who->uid, who->uid, who->uid) < 0)
		return -errno;
	return 0;
}
