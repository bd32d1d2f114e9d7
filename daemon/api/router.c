// SPDX-License-Identifier: EUPL-1.2
// The rows are tried in their order, segment by segment; there are few, and what is asked most
// stands first. Parameters are decoded only for the row that answers, after the path was cut at its
// slashes, so that an encoded slash is a part of a name. Nothing is allocated: whoever keeps the
// match owns all of it.
#include "api/router.h"

#include "api/problem.h"

#include <stdio.h>
#include <string.h>

static bool is_param(struct str segment) {
    return segment.len > 0 && segment.data[0] == '{';
}

static bool takes_rest(struct str segment) {
    return is_param(segment) && segment.len > 4 &&
           memcmp(segment.data + segment.len - 4, "...}", 4) == 0;
}

// Has the path this form? Its parameters are left as they came.
static bool match_path(const char *path, struct str given, struct str *params) {
    struct str pattern = str_from(path), want, have;
    size_t count = 0;
    while (str_split(&pattern, '/', &want)) {
        if (takes_rest(want)) {
            params[count] = given;
            return true;
        }
        if (!str_split(&given, '/', &have))
            return false;
        if (!is_param(want) && !str_equal(want, have))
            return false;
        if (is_param(want) && have.len == 0)
            return false;
        if (is_param(want))
            params[count++] = have;
    }
    return given.data == NULL;
}

static void decode_params(struct route_match *match) {
    for (size_t i = 0; i < ROUTE_PARAMS_MAX; i++) {
        size_t len;
        if (!match->params[i].data)
            continue;
        bool ok =
            http_decode_segment(match->params[i], match->text[i], sizeof match->text[i], &len);
        match->params[i] = ok ? (struct str){match->text[i], len} : (struct str){NULL, 0};
    }
}

// HEAD goes where GET does: the server leaves out the body.
static bool is_method_of(const struct route *route, struct str method) {
    return str_is(method, route->method) ||
           (str_is(method, "HEAD") && strcmp(route->method, "GET") == 0);
}

static void add_allowed(struct route_match *match, const char *method) {
    size_t len = strlen(match->allow);
    (void)snprintf(match->allow + len, sizeof match->allow - len, "%s%s%s", len ? ", " : "", method,
                   strcmp(method, "GET") == 0 ? ", HEAD" : "");
}

unsigned router_find(const struct router *router, struct str method, struct str path,
                     struct route_match *match) {
    const char *row = (const char *)router->routes;
    match->route = NULL;
    match->allow[0] = '\0';
    for (size_t i = 0; i < router->count; i++, row += router->row_bytes) {
        const struct route *route = (const void *)row;
        memset(match->params, 0, sizeof match->params);
        if (!match_path(route->path, path, match->params))
            continue;
        if (is_method_of(route, method)) {
            decode_params(match);
            match->route = route;
            return 0;
        }
        add_allowed(match, route->method);
    }
    return match->allow[0] ? 405 : 404;
}

unsigned router_take(const struct router *router, struct http_request *request,
                     struct route_match *match) {
    unsigned status = router_find(router, http_method(request), http_path(request), match);
    return !status && http_query_repeated(request).data ? 400 : status;
}

// Of which of two the request means nobody can know. Only a name of ours is told.
static void refuse_repeated(struct http_reply *reply, struct str name) {
    static const char *const names[] = {
        "ageGroup",     "allowMissing", "firstPageOnly", "by",         "category",
        "citizenship",  "days",         "dryRun",        "failing",    "follow",
        "format",       "from",         "foreign",       "gender",     "is",
        "lang",         "measure",      "last",          "max",        "month",
        "municipality", "per",          "period",        "policeUnit", "province",
        "rate",         "safetyRegion", "silent",        "source",     "sourceKind",
        "status",       "template",     "topic",         "year"};
    char detail[96] = "A parameter of the query is there twice.";
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_is(name, names[i]))
            (void)snprintf(detail, sizeof detail, "%s: once only; it is there twice.", names[i]);
    problem_fill(reply, 400, detail);
}

void router_refuse(struct http_reply *reply, unsigned status, const struct http_request *request,
                   const struct route_match *match) {
    struct str repeated = http_query_repeated(request);
    if (status == 400 && repeated.data)
        refuse_repeated(reply, repeated);
    else
        problem_fill(reply, status, NULL);
    if (status == 405)
        reply_header(reply, "Allow", match->allow);
}
