/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway: the sandboxed process that alone has IP sockets: it serves HTTP (web/) on sockets that the agent has bound,
 * and asks the agent for what only that has. It opens no file, sees no other process, and may be killed at any
 * moment. See agent/gateway-protocol.h for the messages.
 */
#pragma once

#define GATEWAY_COMMAND "gateway-child" /* the child's argv[1] when it is started from /proc/self/exe */

int gateway_main(void); /* runs the child to its end; returns the exit code */
