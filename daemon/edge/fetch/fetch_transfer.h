// SPDX-License-Identifier: EUPL-1.2
// Inside of fetch: one transfer as curl's easy interface sees it, that is its options, what its
// callbacks let through (transfer.c), and what came of it (answer.c). For these,
// fetch.c and once.c only.
#ifndef EDGE_FETCH_FETCH_TRANSFER_H
#define EDGE_FETCH_FETCH_TRANSFER_H

#include "edge/fetch/fetch.h"
#include "fetch_body.h"

#include <curl/curl.h>

enum {
    FETCH_REDIRECTS_MAX = 5,
    FETCH_HEADER_BYTES_MAX = 64 * 1024, // all of an answer's header lines together
};

struct fetch_transfer {
    char *url;
    struct curl_slist *headers;
    char *form, *client_cert_file; // NULL: none
    struct {
        char *user, *key_file, *host_key;
    } ssh;             // NULL: not by SFTP
    const char *fault; // why it can't be opened or followed; NULL: it can
    bool allow_private;
    CURL *handle;  // NULL unless it is open
    CURLSH *share; // of its visit; NULL: none
    struct fetch_body body;
    size_t header_bytes;
    bool address_refused, address_tried;
    char error[CURL_ERROR_SIZE]; // curl's words: to be looked at, never to be shown
    // after the answer
    char *passed[FETCH_REDIRECTS_MAX]; // URLs that redirected
    size_t passed_count;
    bool to_other_origin;
    char *link_next;
    bool link_unreadable;
};

// Starts libcurl. A handle with the options that are the same for all, to be copied and never run.
// NULL when this libcurl lacks one of them.
CURL *fetch_transfer_model(const struct fetch_limits *limits, struct err *err) MUST_CHECK;
void fetch_transfer_model_free(CURL *model); // ends libcurl: its last handle

// Copies the request.
void fetch_transfer_init(struct fetch_transfer *easy, const struct fetch_request *request,
                         struct fetch_pool *pool, size_t body_bytes_max);
// Makes the handle; `owner` is its CURLINFO_PRIVATE. False: see fault. `easy` must not move as long
// as it is open.
bool fetch_transfer_open(struct fetch_transfer *easy, CURL *model, int64_t timeout_ms, void *owner);
// Closes it, so that it can be opened again. The handle must be off its multi handle.
void fetch_transfer_close(struct fetch_transfer *easy);
// Closes it and wipes the secrets in it. Copies that curl and OpenSSL made are out of reach.
void fetch_transfer_free(struct fetch_transfer *easy);

// When curl ended it with `rc`: is the answer a redirect to be followed? Then it is closed and its
// URL is the next one.
bool fetch_transfer_redirect(struct fetch_transfer *easy, CURLcode rc);
// What came of it. Points into `easy`.
void fetch_transfer_result(struct fetch_transfer *easy, CURLcode rc, struct fetch_result *result);

// No control characters.
bool fetch_is_header_value(const char *value);

#endif
