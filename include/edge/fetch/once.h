// SPDX-License-Identifier: EUPL-1.2
// One request and its answer without a loop, for a program that has nothing to do meanwhile. What
// fetch.h says of TLS, redirects, addresses and bounds holds here too: the code is the same.
#ifndef EDGE_FETCH_ONCE_H
#define EDGE_FETCH_ONCE_H

#include "edge/fetch/fetch.h"

// Blocks until the answer is there or the time is up, and calls done once before it returns. False,
// without a call of done: libcurl does not start. Of the limits those on connections mean nothing.
// The program must ignore SIGPIPE.
bool fetch_once(const struct fetch_limits *limits, const struct fetch_request *request,
                void (*done)(void *ctx, const struct fetch_result *result), void *ctx,
                struct err *err) MUST_CHECK;

#endif
