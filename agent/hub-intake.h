/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hub intake: the sandboxed child that takes what other hosts push: decodes and checks it (agent/hub-window.h), and
 * writes it to the hub's store, each part of each batch once (store/arrivals.h). The store has this one writer.
 */
#pragma once

#define HUB_INTAKE_COMMAND "hub-intake-child" /* the child's argv[1] when it is started from /proc/self/exe */

int hub_intake_main(void); /* runs the child to its end; returns the exit code */
