// SPDX-License-Identifier: EUPL-1.2
// HTTP over the daemon's Unix socket (libcurl behind it). Errors are texts for the operator.
#ifndef CTL_QUERY_CLIENT_H
#define CTL_QUERY_CLIENT_H

#include "base/str.h"

enum {
    CLIENT_BODY_MAX = 64 << 20,
    CLIENT_LINE_MAX = 1 << 20,
    CLIENT_TARGET_MAX = 8 << 10,
    CLIENT_WAKE_MAX = 4
};

struct client_reply {
    long status;           // of HTTP
    struct buf body;       // of a stream: only when the daemon refused
    bool stopped;          // a stream: ended by us, by ctrl-C or by lines->wanted
    int64_t retry_after_s; // as the daemon asks; 0: it does not
};

void client_reply_free(struct client_reply *reply);
// Is the status one of success (2xx)?
bool client_reply_good(const struct client_reply *reply);

// False when the path does not fit in a socket address.
bool client_path_fits(const char *path);

struct client_request {
    const char *method; // "GET"
    const char *target; // "/v1/status"
    struct str body;    // absent: none
    int timeout_s;      // 0: the usual
};
// To the socket `path`. True for any answer, whatever its status.
bool client_ask(const char *path, const struct client_request *request, struct client_reply *reply,
                struct err *err) MUST_CHECK;

struct client_lines {
    bool follow; // may be silent for ever; ctrl-C and SIGTERM end it as a success
    bool (*line)(void *ctx, struct str line, struct err *err); // without its newline, never empty
    bool (*wanted)(void *ctx); // asked at least once a second when following; false ends the stream
    void *ctx;
    // When following: what else wakes it, for `wanted` to see to; and how long it may sleep, 0: 1
    // s.
    const int *wake_fds;
    size_t wake_count; // at most CLIENT_WAKE_MAX
    int wake_ms;
};

// GET as a stream of lines, each handed over as soon as it is complete.
bool client_stream(const char *path, const char *target, const struct client_lines *lines,
                   struct client_reply *reply, struct err *err) MUST_CHECK;

// POST without a body; the answer's bytes as they come, unless the daemon refused. It may think as
// long as it likes before the first of them.
struct client_bytes {
    bool (*take)(void *ctx, struct str bytes, struct err *err);
    void *ctx;
};
bool client_copy(const char *path, const char *target, const struct client_bytes *bytes,
                 struct client_reply *reply, struct err *err) MUST_CHECK;

#endif
