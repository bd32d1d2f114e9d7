// SPDX-License-Identifier: EUPL-1.2
// HTTP client on the loop (libcurl behind it): one request, one answer. TLS is always verified;
// only http and https, and sftp (a file, or of a path that ends in a slash the list of a folder);
// redirects are followed within the origin only (scheme, host and port the same, at most 5), with
// the same credentials; loopback and private addresses are refused unless allowed, on the address
// that is really connected to; the answer is bounded in bytes (after decompression) and in time.
// The program must ignore SIGPIPE.
#ifndef EDGE_FETCH_FETCH_H
#define EDGE_FETCH_FETCH_H

#include "base/str.h"
#include "edge/fetch/limits.h"
#include "edge/loop.h"

struct fetcher;
struct fetch_visit;

// Who asks by SFTP, and whom. The host's key is the only one that is talked to.
struct fetch_ssh {
    const char *user, *key_file; // private key without a passphrase
    const char *host_key;        // SHA-256 of the host's key as base64
};

// Copied by fetch_start.
struct fetch_request {
    const char *url;               // over 8192 bytes it fails
    const char *if_none_match;     // NULL: none
    const char *if_modified_since; // NULL: none
    char *const *headers;          // "Name: value" each, without control characters; NULL behind
                                   // the last; NULL: none. They go along with a redirect
    const char *form;             // not NULL: POST it as application/x-www-form-urlencoded, at most
                                  // 64 KiB. A redirect is then not followed but is the answer
    const struct fetch_ssh *ssh;  // of an sftp URL, which then has no status but 200; else NULL
    const char *client_cert_file; // PEM with certificate and key in one file; NULL: none
    bool allow_private;           // may connect to loopback, private and link-local addresses
    struct fetch_visit *visit;    // not copied; NULL: the connection ends with the request
};

enum fetch_outcome {
    FETCH_OK,        // an HTTP answer came, whatever its status
    FETCH_FAILED,    // no connection, TLS, timeout, cut off: see reason
    FETCH_TOO_LARGE, // over body_bytes_max
    FETCH_FORBIDDEN, // an address that is not allowed, or a redirect to another origin
};

// Borrowed for the call of done. reason is for an operator and holds no foreign text.
struct fetch_body;

struct fetch_result {
    enum fetch_outcome outcome;
    long status;               // 0 unless FETCH_OK, as all down to url
    struct str body;           // absent when empty
    const char *etag;          // NULL: none. 1 to 255 bytes without control characters, else none
    const char *last_modified; // likewise
    const char *content_type;  // likewise
    const char *retry_after;   // likewise
    const char *total_count;   // likewise: X-Total-Count
    const char *link_next; // target of Link: <…>; rel="next" (RFC 8288), as it stands there; NULL:
                           // none. Over 2048 bytes it is FETCH_FAILED, not the end of paging
    bool link_unreadable;     // there is such a link, and its target cannot be read
    const char *url;          // that answered, after redirects: the base of relative links; NULL
                              // unless FETCH_OK
    const char *reason;       // "" when FETCH_OK
    struct fetch_body *holds; // the body; fetch's own
};
// In `done`: the body's bytes are the caller's from now on (mem_wipe_free), NUL-terminated. A large
// body is not copied on the loop.
char *fetch_take_body(const struct fetch_result *result);

struct fetcher *fetcher_create(struct loop *loop, const struct fetch_limits *limits,
                               struct err *err) MUST_CHECK;
// From the next transfer on. The shares of hosts are kept.
void fetcher_use_limits(struct fetcher *fetcher, const struct fetch_limits *limits);
// Transfers under way or waiting are dropped; their done is called with FETCH_FAILED from here and
// must not start another. Not to be called from a done. NULL is fine.
void fetcher_free(struct fetcher *fetcher);
// Requests one after the other that belong together: what one of them opened (connections, TLS
// sessions) the next may use, and nobody else. It outlives its requests; it may end in the done of
// the last one, and after the fetcher. NULL is fine.
struct fetch_visit *fetch_visit_begin(void);
void fetch_visit_end(struct fetch_visit *visit);
// done is called once, later, on the loop.
void fetch_start(struct fetcher *fetcher, const struct fetch_request *request,
                 void (*done)(void *ctx, const struct fetch_result *result), void *ctx);

// The absolute URL of `reference` (absolute or relative, RFC 3986) seen from `base`, if it has the
// same origin (scheme, host, port) and no user or password in it; without its fragment. False
// otherwise, when it has white space or control characters, or when it does not fit in `size`.
//   FETCH_NEXT       and http instead of https of the same host is taken for https: a server behind
//                    a proxy does not know how it is reached
//   FETCH_NEXT_PATH  of a reference to any origin its path and query are taken, on the base's
enum fetch_next { FETCH_NEXT, FETCH_NEXT_PATH };
bool fetch_resolve(const char *base, struct str reference, enum fetch_next how, char *out,
                   size_t size) MUST_CHECK;
// "host:port" of a URL, lower case, for messages and limits. False when there is none.
bool fetch_host(const char *url, char *out, size_t size);

#endif
