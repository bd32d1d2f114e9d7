// SPDX-License-Identifier: EUPL-1.2
// Inside of fetch: one transfer as curl's easy interface sees it, that is its options, what its
// callbacks let through, and what came of it. For fetch.c and fetch_easy.c only.
#ifndef EDGE_FETCH_EASY_H
#define EDGE_FETCH_EASY_H

#include "edge/fetch.h"

#include <curl/curl.h>

struct fetch_easy {
    char *url;
    struct curl_slist *headers;
    const char *fault; // why it can't be opened; NULL: it can
    bool allow_private;
    CURL *handle; // NULL until it is opened
    struct buf body;
    size_t header_bytes;
    bool address_refused, address_tried;
};

// A handle with the options that are the same for all, to be copied and never run. NULL when this
// libcurl lacks one of them.
CURL *fetch_easy_model(const struct fetch_limits *limits);

// Copies the request.
void fetch_easy_init(struct fetch_easy *easy, const struct fetch_request *request,
                     size_t body_bytes_max);
// Makes the handle; `owner` is its CURLINFO_PRIVATE. False: see fault. `easy` must not move as long
// as it is open.
bool fetch_easy_open(struct fetch_easy *easy, CURL *model, void *owner);
// What came of it, when curl ended it with `rc`. Points into `easy`.
void fetch_easy_result(struct fetch_easy *easy, CURLcode rc, struct fetch_result *result);
// The handle must be off its multi handle.
void fetch_easy_free(struct fetch_easy *easy);

#endif
