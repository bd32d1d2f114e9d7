// SPDX-License-Identifier: EUPL-1.2
// What libmicrohttpd calls, for http.c to hand over. The only place that includes its header.
#ifndef EDGE_HTTP_HTTP_CALLS_H
#define EDGE_HTTP_HTTP_CALLS_H

#include "http_private.h"

#include <microhttpd.h>

void *http_on_uri(void *ctx, const char *uri, struct MHD_Connection *mhd);
enum MHD_Result http_on_access(void *ctx, struct MHD_Connection *mhd, const char *url,
                               const char *method, const char *version, const char *data,
                               size_t *size, void **request_ctx);
void http_on_completed(void *ctx, struct MHD_Connection *mhd, void **request_ctx,
                       enum MHD_RequestTerminationCode code);

#endif
