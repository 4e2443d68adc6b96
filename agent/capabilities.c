// SPDX-License-Identifier: Apache-2.0
#include "agent/capabilities.h"

#include <linux/capability.h>
#include <stdbool.h>
#include <sys/capability.h>
#include <sys/prctl.h>

static const cap_value_t kept[] = {
	CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH, CAP_CHECKPOINT_RESTORE, CAP_SYSLOG,
};

static bool is_kept(cap_value_t cap)
{
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		if (kept[i] == cap)
			return true;
	return false;
}

/* Needs CAP_SETPCAP. Without it nothing is lost: with no_new_privs the bounding set has no effect. */
static int reduce_bounding_set(void)
{
	for (cap_value_t cap = 0; cap_get_bound(cap) >= 0; cap++)
		if (!is_kept(cap) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return errno == EPERM ? 0 : -errno;
	return 0;
}

static int reduce_sets(void)
{
	cap_t now = cap_get_proc(), reduced = cap_init();
	int e = 0;

	if (!now || !reduced)
		e = -errno;
	for (size_t i = 0; e == 0 && i < ARRAY_SIZE(kept); i++) {
		cap_flag_value_t has = CAP_CLEAR;

		if (cap_get_flag(now, kept[i], CAP_PERMITTED, &has) < 0)
			e = errno == EINVAL ? 0 : -errno; /* the kernel does not know it */
		else if (has == CAP_SET && (cap_set_flag(reduced, CAP_PERMITTED, 1, &kept[i], CAP_SET) < 0 ||
					    cap_set_flag(reduced, CAP_EFFECTIVE, 1, &kept[i], CAP_SET) < 0))
			e = -errno;
	}
	if (e == 0 && cap_set_proc(reduced) < 0)
		e = -errno;
	cap_free(now);
	cap_free(reduced);
	return e;
}

static int gain_none(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return -errno;
	return 0;
}

int capabilities_reduce(void)
{
	int e = gain_none();

	if (e == 0)
		e = reduce_bounding_set();
	return e == 0 ? reduce_sets() : e;
}

int capabilities_drop(void)
{
	cap_t none = cap_init();
	int e = none ? gain_none() : -errno;

	if (e == 0 && cap_set_proc(none) < 0)
		e = -errno;
	cap_free(none);
	return e;
}
