// SPDX-License-Identifier: EUPL-1.2
// Fills replies. Every error has the one shape of RFC 9457, and its text comes from here or from
// the operator's own tables, never from what was sent: an answer must not repeat personal data.
// The reply owns its body; the headers that each reply has are constants.
#include "api/problem.h"

#include "base/mem.h"
#include "base/pii/scrub.h"
#include "codec/explain.h"
#include "codec/json_out.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// NL API Design Rules, /core/version-header and /core/transport/security-headers.
const struct http_header problem_common_headers[] = {
    {"API-Version", API_VERSION},
    {"Cache-Control", "no-store"},
    {"Content-Security-Policy", "frame-ancestors 'none'"},
    {"Strict-Transport-Security", "max-age=31536000"},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
};
const size_t problem_common_header_count =
    sizeof problem_common_headers / sizeof problem_common_headers[0];

static const struct {
    unsigned status;
    const char *title;
    const char *detail;
} problems[] = {
    {400, "Bad Request", "The request is not well-formed."},
    {401, "Unauthorized",
     "A valid token is needed: Authorization: Bearer <token>, or as the password of "
     "Basic."},
    {403, "Forbidden", "This is not yours to see or change."},
    {404, "Not Found", "There is nothing here."},
    {405, "Method Not Allowed", "This path does not know that method; see Allow."},
    {408, "Request Timeout", "The request took too long to arrive."},
    {409, "Conflict", "This cannot be done now; try again in a moment."},
    {410, "Gone", "This signal has been erased on request."},
    {413, "Content Too Large", "The body is larger than this server takes."},
    {415, "Unsupported Media Type", "This media type is not read here; see Accept-Post."},
    {429, "Too Many Requests", "Too much is waiting here. Nothing was accepted; try again later."},
    {431, "Request Header Fields Too Large", "The headers are larger than this server takes."},
    {500, "Internal Server Error", "This is our mistake. Nothing was accepted."},
    {503, "Service Unavailable",
     "It cannot be made durable now, or the service is stopping. Nothing was accepted; try again "
     "later."},
};

struct buf *reply_body(struct http_reply *reply, unsigned status, const char *content_type) {
    reply->status = status;
    reply->content_type = content_type;
    buf_init(&reply->body, REPLY_BYTES_MAX);
    return &reply->body;
}

void reply_header(struct http_reply *reply, const char *name, const char *value) {
    assert(reply->header_count < HTTP_HEADERS_MAX);
    reply->headers[reply->header_count++] = (struct http_header){name, value};
}

// A detail may hold what an operator wrote into a table.
static void put_detail(struct json_out *json, const char *detail) {
    char *text = mem_strdup(detail);
    scrub_mask(text, strlen(text));
    json_put_text(json, "detail", text);
    free(text);
}

// Opens the object with the members that every problem has; the caller may add more and closes it.
static struct json_out open_problem(struct http_reply *reply, unsigned status, const char *detail) {
    size_t i = 0;
    size_t last = sizeof problems / sizeof problems[0] - 1;
    while (i < last && problems[i].status != status)
        i++;
    struct json_out json = {.buf = reply_body(reply, status, "application/problem+json")};
    json_open(&json, '{');
    json_put_text(&json, "type", "about:blank");
    json_put_text(&json, "title", problems[i].title);
    json_put_u64(&json, "status", status);
    put_detail(&json, detail ? detail : problems[i].detail);
    if (status == 401)
        reply_header(reply, "WWW-Authenticate", "Bearer");
    if (status == 429 || status == 503)
        reply_header(reply, "Retry-After", "5");
    return json;
}

void problem_fill(struct http_reply *reply, unsigned status, const char *detail) {
    struct json_out json = open_problem(reply, status, detail);
    json_close(&json, '}');
}

// Text of a number lives as long as the program, so it is one of a few.
void problem_retry_after(struct http_reply *reply, uint32_t seconds) {
    static const struct {
        uint32_t seconds;
        const char *text;
    } steps[] = {{1, "1"},     {2, "2"},     {3, "3"},     {5, "5"},    {7, "7"},   {10, "10"},
                 {15, "15"},   {20, "20"},   {30, "30"},   {45, "45"},  {60, "60"}, {90, "90"},
                 {120, "120"}, {180, "180"}, {240, "240"}, {300, "300"}};
    size_t last = sizeof steps / sizeof *steps - 1, i = 0;
    while (i < last && steps[i].seconds < seconds)
        i++;
    for (size_t k = 0; k < reply->header_count; k++)
        if (strcmp(reply->headers[k].name, "Retry-After") == 0)
            reply->headers[k].value = steps[i].text;
}

void problem_put_fault(struct json_out *json, const struct mapping *mapping,
                       const struct fault *fault) {
    char detail[EXPLAIN_MAX];
    explain_item(mapping, fault, detail);
    json_open(json, '{');
    json_put_u64(json, "index", fault->index);
    if (fault->line)
        json_put_u64(json, "line", fault->line);
    json_put_text(json, "pointer", fault->pointer);
    json_put_text(json, "code", fault_code_name(fault->code));
    json_put_text(json, "detail", detail);
    json_close(json, '}');
}

void problem_fill_faults(struct http_reply *reply, const struct mapping *mapping,
                         const struct fault *faults, size_t count, const char *detail) {
    struct json_out json = open_problem(reply, 400, detail);
    size_t told = count < PROBLEM_FAULTS_MAX ? count : (size_t)PROBLEM_FAULTS_MAX;
    json_open_key(&json, "errors", '[');
    for (size_t i = 0; i < told; i++)
        problem_put_fault(&json, mapping, &faults[i]);
    json_close(&json, ']');
    if (told < count)
        json_put_u64(&json, "errorsLeftOut", count - told);
    json_close(&json, '}');
}

void problem_fill_parameters(struct http_reply *reply, const struct problem_parameter *faults,
                             size_t count) {
    struct json_out json =
        open_problem(reply, 400, count == 1 ? faults->detail : "Some parameters cannot be used.");
    json_open_key(&json, "errors", '[');
    for (size_t i = 0; i < count; i++) {
        json_open(&json, '{');
        json_put_u64(&json, "index", 0);
        json_put_text(&json, "pointer", "");
        if (faults[i].name)
            json_put_text(&json, "parameter", faults[i].name);
        json_put_text(&json, "code", fault_code_name(faults[i].code));
        json_put_text(&json, "detail", faults[i].detail);
        json_close(&json, '}');
    }
    json_close(&json, ']');
    json_close(&json, '}');
}

// By number only: what they are called may be a name.
static void put_columns(struct json_out *json, const struct decode_result *decoded) {
    if (decoded->fault != FAULT_MISSING_PLACE || decoded->unknown_count == 0)
        return;
    json_open_key(json, "columns", '[');
    for (uint32_t i = 0; i < decoded->unknown_count && i < DECODE_UNKNOWN_MAX; i++)
        json_u64(json, decoded->unknown[i]);
    json_close(json, ']');
}

void problem_fill_whole(struct http_reply *reply, const struct mapping *mapping,
                        const struct decode_result *decoded) {
    char what[EXPLAIN_MAX], detail[EXPLAIN_MAX + 128];
    explain_whole(mapping, decoded, what);
    (void)snprintf(
        detail, sizeof detail,
        "The body as a whole is refused, at or before line %u: %s. Nothing was accepted.",
        decoded->line, what);
    bool large = decoded->fault == FAULT_TOO_LONG && strcmp(decoded->place, "packed") == 0;
    unsigned status = decoded->fault == FAULT_FORM ? 415 : large ? 413 : 400;
    struct json_out json = open_problem(reply, status, detail);
    json_open_key(&json, "errors", '[');
    json_open(&json, '{');
    json_put_u64(&json, "index", 0);
    json_put_u64(&json, "line", decoded->line);
    json_put_text(&json, "pointer", *decoded->place == '/' ? decoded->place : "");
    json_put_text(&json, "code", fault_code_name(decoded->fault));
    json_put_text(&json, "detail", what);
    put_columns(&json, decoded);
    json_close(&json, '}');
    json_close(&json, ']');
    json_close(&json, '}');
}

void reply_put_published(struct json_out *json, const char *topic, int32_t partition,
                         int64_t offset) {
    json_key(json, "published");
    if (!topic) {
        json_null(json);
        return;
    }
    json_open(json, '{');
    json_put_text(json, "topic", topic);
    json_put_i64(json, "partition", partition);
    json_key(json, "offset");
    if (offset < 0)
        json_null(json);
    else
        json_i64(json, offset);
    json_close(json, '}');
}
