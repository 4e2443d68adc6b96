/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire: the bytes of a Profile message to the tree of the generated code, under a cap on the tree's memory: the
 * shortest message is two bytes and costs some eighty. Nothing is checked but the wire format.
 * The tree's parts come from malloc(), so a reader may move one out and free() it.
 */
#pragma once

#include <stddef.h>

#include "common/clean.h"
#include "pprof/profile.pb-c.h"

#define WIRE_MAX_TREE_BYTES ((size_t)2 << 30)

/* -EBADMSG: not in the wire format; -EFBIG: the tree would need more than max_bytes. */
_must_check_ int wire_unpack(const void *data, size_t size, size_t max_bytes, Perftools__Profiles__Profile **ret);
Perftools__Profiles__Profile *wire_free(Perftools__Profiles__Profile *tree); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(Perftools__Profiles__Profile *, wire_free);
