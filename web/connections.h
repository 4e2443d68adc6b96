/* SPDX-License-Identifier: Apache-2.0 */
/*
 * connections: all clients of a server, what each waits for and since when, and who has to go: whoever takes too long,
 * and, to make room for another, who has waited longest without a request under way, or with an answer that they do not
 * read. So many idle or slow clients cannot keep others out, and an address cannot take the places of all.
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clean.h"
#include "web/counts.h"
#include "web/request.h"

#define WEB_MAX_CONNECTIONS 128
#define WEB_MAX_OF_ONE_CLIENT 48
#define WEB_MAX_BODIES_BYTES ((size_t)128 << 20)
#define WEB_MAX_ANSWERS_BYTES ((size_t)256 << 20)

enum web_connection_state {
	WEB_FREE = 0,
	WEB_READING, /* a handshake or a request; nothing of it is complete */
	WEB_TAKING,  /* the body of a request that may go on */
	WEB_NEW,     /* its request is to be told to the agent */
	WEB_ASKED,   /* the agent knows it */
	WEB_LEFT,    /* the agent is to be told that nobody waits any more: it is late, or the client gone */
	WEB_ANSWERED,
	WEB_SENDING, /* the answer is being sent */
};

struct MHD_Connection;
struct web_listener;

struct web_answer {
	unsigned int status;        /* 0: none; the connection is closed without one */
	unsigned int retry_after_s; /* 0: not said */
	int body_fd;                /* -1: text is the body */
	char text[WEB_TEXT_BYTES];
};

struct web_connection {
	enum web_connection_state state;
	struct web_connections *owner;
	int fd; /* borrowed, of the HTTP library */
	struct in6_addr address;
	uint64_t since_ns, deadline_ns; /* of the state */
	bool has_asked;                 /* one request was complete */
	bool is_closing;                /* the socket was shut down: the library will tell soon */
	struct web_listener *listener;
	struct MHD_Connection *handle;
	/* from WEB_TAKING to WEB_NEW: a memory file; -1: none */
	int body_fd;
	size_t n_body_bytes; /* as was announced; counted until the request has its answer */
	/*
	 * The answer is a refusal, with this header, and is sent when the body has been read: a client that is still
	 * sending would see a broken connection, and not why.
	 */
	bool is_refused;
	const char *refusal_header, *refusal_value; /* static; NULL: none */
	/* from WEB_NEW to WEB_ANSWERED */
	uint64_t id; /* 0: the agent was not told of it yet */
	struct web_request request;
	struct web_answer answer; /* from WEB_LEFT on */
	size_t n_answer_bytes;    /* of its memory file, until it is sent */
};

struct web_connections {
	struct web_connection all[WEB_MAX_CONNECTIONS];
	size_t n_body_bytes; /* of all requests that are under way */
	struct web_counts counts;
};

/* Makes room if it must. NULL: there is none, for all have requests under way. */
struct web_connection *web_connections_add(struct web_connections *t, int fd, const struct in6_addr *address,
					   uint64_t now_ns);
void web_connection_remove(struct web_connection *c);

/*
 * Makes room for a body of this size, in a memory file. False: others' are under way, or there is no memory.
 */
bool web_connection_begin_body(struct web_connection *c, size_t n_bytes);
void web_connection_end_body(struct web_connection *c); /* also where there is none */

/*
 * Makes room for the answer's memory file, which stays for as long as the client reads it: at the cost of who has been
 * reading for long. False: there is none.
 */
bool web_connection_begin_answer(struct web_connection *c, uint64_t now_ns);

/* Each state has its deadline; of WEB_NEW, the request tells it. */
void web_connection_enter(struct web_connection *c, enum web_connection_state state, uint64_t now_ns);

/* Shuts down the socket: no byte goes in or out any more, and the library closes it. */
void web_connection_close(struct web_connection *c);

/* Closes those that are too slow, and leaves those that the agent is late for. */
void web_connections_expire(struct web_connections *t, uint64_t now_ns);

/* Nobody waits for the answer any more, and this is what the client gets, or nothing (status 0). */
void web_connection_leave(struct web_connection *c, unsigned int status, const char *text);

uint64_t web_connections_deadline_ns(const struct web_connections *t); /* the next; UINT64_MAX: none */
