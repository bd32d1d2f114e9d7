// SPDX-License-Identifier: EUPL-1.2
// The blocking way to fetch, by curl's easy interface. It shares with the fetcher of the loop all
// that decides what is asked and what is let through (transfer.c, answer.c, url.c); here stands
// only the order of the steps. Nothing here may need the loop, so that a tool links without libuv.
#include "edge/fetch/once.h"

#include "base/clock.h"

#include "fetch_transfer.h"

#include <assert.h>

bool fetch_once(const struct fetch_limits *limits, const struct fetch_request *request,
                void (*done)(void *ctx, const struct fetch_result *result), void *ctx,
                struct err *err) {
    assert(limits->body_bytes_max > 0 && limits->timeout_ms > 0);
    CURL *model = fetch_transfer_model(limits, err);
    if (!model)
        return false;
    int64_t end_ms = clock_monotonic_ms() + limits->timeout_ms;
    struct fetch_pool pool;
    struct fetch_transfer easy;
    struct fetch_result result;
    CURLcode rc;
    fetch_pool_init(&pool, limits->body_bytes_max_all);
    fetch_transfer_init(&easy, request, &pool, limits->body_bytes_max);
    do {
        bool open = fetch_transfer_open(&easy, model, end_ms - clock_monotonic_ms(), NULL);
        rc = open ? curl_easy_perform(easy.handle) : CURLE_FAILED_INIT;
    } while (fetch_transfer_redirect(&easy, rc));
    fetch_transfer_result(&easy, rc, &result);
    done(ctx, &result);
    fetch_transfer_free(&easy);
    fetch_transfer_model_free(model);
    return true;
}
