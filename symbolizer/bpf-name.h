/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bpf name: the symbol of a BPF program (kernel/bpf/core.c, bpf_prog_ksym_set_name()) as its author called it:
 * bpf_prog_6deef7357e7b4530_sd_devices is "sd_devices [bpf]". The kernel's symbol stays the linkage name.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define BPF_NAME_BYTES 512 /* KSYM_NAME_LEN since Linux 6.1 */

/* Is it code that BPF made: a program, a trampoline, a dispatcher? */
bool bpf_name_is_bpf(const char *symbol, size_t size);

/* False: there is nothing to make nicer (a program without a name, a trampoline). */
bool bpf_name_shorten(const char *symbol, size_t size, char ret[static BPF_NAME_BYTES]);
