// SPDX-License-Identifier: EUPL-1.2
// Which row of a table of routes answers a request: for both HTTP sides, once for each request,
// when its head is there.
#ifndef API_ROUTER_H
#define API_ROUTER_H

#include "core/signal/signal.h"
#include "edge/http/http.h"

enum route_right {
    ROUTE_OPEN,   // whoever reaches this side: of the local socket root, the daemon and the group
    ROUTE_SOURCE, // a source, by its token
    ROUTE_OWNER,  // root and the daemon's own user
};

// The head of a row. Each side's rows begin with it, and their handlers stand behind it.
struct route {
    const char *method;
    // "/v1/feeds/{name}/poll": a name in braces takes one segment that is not empty. "{name...}" is
    // the last of its path and takes all that is left, slashes too; it may be missing.
    const char *path;
    enum route_right right;
    bool brings_signals; // refused while there is no room for them
    const char *action;  // for the audit log; NULL: not logged
};

struct router {
    const struct route *routes;
    size_t count, row_bytes; // the rows, and how far they are apart
};
#define ROUTER(rows)                                                                               \
    { &(rows)[0].route, sizeof(rows) / sizeof(rows)[0], sizeof(rows)[0] }

enum {
    ROUTE_PARAMS_MAX = 2,
    ROUTE_PARAM_BYTES_MAX = SIGNAL_SCOPE_MAX + 1 + SIGNAL_ID_MAX,
    ROUTE_ALLOW_MAX = 32
};

struct route_match {
    const struct route *route; // NULL: there is none
    // In the order of the path, decoded. Absent: missing, too long, or not to be decoded to clean
    // UTF-8.
    struct str params[ROUTE_PARAMS_MAX];
    char allow[ROUTE_ALLOW_MAX]; // with 405: the methods that the path has
    char text[ROUTE_PARAMS_MAX][ROUTE_PARAM_BYTES_MAX];
};

// 0, or 404, or 405: no row has this path, or none has it with this method (HEAD goes where GET
// does, OPTIONS is a method like others). `match` must stay where it is: its parameters point into
// it.
unsigned router_find(const struct router *router, struct str method, struct str path,
                     struct route_match *match);
// The same of a request; 400 too, when a parameter of its query is there twice.
unsigned router_take(const struct router *router, struct http_request *request,
                     struct route_match *match);
// Fills a refusal. `match` is looked at with 405 only.
void router_refuse(struct http_reply *reply, unsigned status, const struct http_request *request,
                   const struct route_match *match);

#endif
