/* SPDX-License-Identifier: Apache-2.0 */
/* upload targets: what [target NAME] sections mean to the uploader. */
#pragma once

#include <stddef.h>

#include "common/clean.h"
#include "uploader/settings.h"

struct config_target;

/* Borrows from t. UPLOAD_TARGET_BAD: ret_reason says which key is wrong, and how. */
enum upload_target_answer {
	UPLOAD_TARGET_BAD = 1,
};
_must_check_ int upload_target_init(const struct config_target *t, struct upload_settings *ret,
				    char ret_reason[static TARGET_REASON_BYTES]);
void upload_target_done(struct upload_settings *s);
