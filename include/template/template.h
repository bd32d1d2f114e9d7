// SPDX-License-Identifier: EUPL-1.2
// A template says once what endpoints of a kind share: how a page is read (codec/mapping.h) and how
// pages are asked for. Files <templates>/<name>.yaml; a source names its template. All faults of a
// file are found in one run.
#ifndef TEMPLATE_TEMPLATE_H
#define TEMPLATE_TEMPLATE_H

#include "base/hash.h"
#include "codec/mapping.h"
#include "config/text/diagnostics.h"

enum template_paging {
    TEMPLATE_PAGING_NONE,   // one page is all
    TEMPLATE_PAGING_LINK,   // Link: <…>; rel="next" (RFC 8288)
    TEMPLATE_PAGING_URL,    // mapping.next points to the next URL
    TEMPLATE_PAGING_TOKEN,  // mapping.next points to a token for page_param
    TEMPLATE_PAGING_NUMBER, // page_param = first_page, first_page + 1, … until a page is empty or
                            // shorter than the first
};
enum template_auth {
    TEMPLATE_AUTH_NONE,
    TEMPLATE_AUTH_BEARER, // Authorization: Bearer <secret>
    TEMPLATE_AUTH_TOKEN,  // Authorization: Token <secret>
    TEMPLATE_AUTH_BASIC,  // secret is "user:password"
    TEMPLATE_AUTH_HEADER, // auth_header: <secret>
    TEMPLATE_AUTH_OAUTH2, // client credentials (RFC 6749, 4.4): secret is
                          // "client_id:client_secret", token from token_url
    TEMPLATE_AUTH_ZGW,    // a JWT of the Dutch ZGW standard, made anew for each request: secret is
                          // "client_id:secret"
};
enum template_times { // how exactly times are asked for
    TEMPLATE_TIMES_MS,
    TEMPLATE_TIMES_SECONDS,
    TEMPLATE_TIMES_DAYS, // a date, as the clock of `mapping.utc` shows it
};
enum { TEMPLATE_HEADERS_MAX = 16, TEMPLATE_CURSOR_FORMAT_MAX = 256 };

struct template {
    char *name;
    struct digest digest; // of its file; zero for native
    struct mapping mapping;
    bool native; // native JSON: decode.h reads it, and its watermark is the source's to say
    // asking
    char *query; // fixed part of the query: "ordering=updated_at&page_size=100"; NULL: none
    enum template_paging paging;
    bool next_path_only; // LINK, URL: of the next address path and query only, on the source's own
                         // origin: the server names itself by another name
    char *page_param;    // TOKEN, NUMBER
    uint32_t first_page, page_size;
    uint32_t pages_max;  // of one poll
    char *cursor_param;  // gets the watermark; NULL: none
    char *cursor_format; // the same inside an expression, for each "{mark}" in it; NULL: it alone
    enum template_times times;
    bool exclusive; // the endpoint leaves out what is of the very time that it is asked with: it is
                    // asked with the one before (and at the end of a window with the one behind)
    int64_t overlap_ms; // the watermark is asked for this much earlier (times only): pages shift
                        // while they are read
    bool ordered; // items come by rising watermark, so the watermark may move with each page and
                  // not only with the last
    // windows (Open311): cursor_param is the start of a window, window_end_param its end
    char *window_end_param; // NULL: no windows
    int64_t window_ms;      // longest window
    int64_t reread_ms; // so far back each poll begins: an item that changed late is only seen so
    int64_t begin_ms;  // where the first poll begins, wall clock; 0: window_ms back from now
    uint32_t window_items_max; // a window that returns so many was cut off: it is split;
                               // UINT32_MAX: never
    char *headers[TEMPLATE_HEADERS_MAX + 1]; // fixed ones, "Name: value"; NULL behind the last
    // authentication; the secret is the source's
    enum template_auth auth;
    bool auth_optional; // a source without a secret is asked without
    char *auth_header, *token_url, *scope;
};

struct templates {
    struct template *list;
    size_t count;
};

// Every *.yaml in `dir` by name, and "native", which is always there; also when `dir` is NULL or
// not there. NULL when there is any fault.
struct templates *templates_load(const char *dir, struct diagnostics *faults) MUST_CHECK;
// One file's text, for trying out: the list has that one only. `name` is its name, and stands in
// messages.
struct templates *templates_load_text(struct str text, const char *name,
                                      struct diagnostics *faults) MUST_CHECK;
void templates_free(struct templates *templates); // NULL is fine
// Is a file of a folder called as what the template reads? Others are what an upload is called
// before it is whole, or no signals.
bool template_reads_file(const struct template *template, struct str name);
const struct template *templates_find(const struct templates *templates,
                                      struct str name); // NULL when there is none

#endif
