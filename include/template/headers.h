// SPDX-License-Identifier: EUPL-1.2
// The headers that a request to a source carries beside those of every request: who asks (by the
// kind of authentication of its template), what the template and the line of the source fix, and
// those of FSC. The daemon and `signaalctl try` both make them here.
#ifndef TEMPLATE_HEADERS_H
#define TEMPLATE_HEADERS_H

#include "template/template.h"

// Of the template, of the source, one of authentication and two of FSC.
enum { TEMPLATE_LINES_MAX = 2 * TEMPLATE_HEADERS_MAX + 3 };

struct template_headers {
    char *lines[TEMPLATE_LINES_MAX + 1]; // "Name: value", owned, secrets; NULL behind the last
    size_t count;
};

struct template_login {
    const char *secret;    // of the source, as sources.csv has checked it; NULL: none
    const char *token;     // OAuth2: what the token address gave; NULL: none
    char *const *headers;  // of the source, "Name: value", NULL behind the last; NULL: none
    const char *fsc_grant; // the hash of the grant, of an endpoint behind an FSC outway; NULL: none
    int64_t now_ms;        // wall clock
};

// Fills `out`, which the caller frees.
void template_headers_make(const struct template *template, const struct template_login *login,
                           struct template_headers *out);
void template_headers_free(struct template_headers *headers); // overwrites them

// The fixed headers that a text has, one "Name: value" a line, into `lines` (owned, NULL behind the
// last). NULL, or what is wrong; then there are none. It never says what is written there.
const char *template_headers_read_lines(struct str text, char *lines[TEMPLATE_HEADERS_MAX + 1]);
// Is it a header that a template or source may fix: none that every request has already, nor that
// says who asks?
bool template_header_allowed(struct str name);

#endif
