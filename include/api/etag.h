// SPDX-License-Identifier: EUPL-1.2
// Answers that anybody may keep: documents, codes, statistics for outside. The tag is made of the
// bytes that leave. Another site's page may read them (CORS): they are for everybody.
#ifndef API_ETAG_H
#define API_ETAG_H

#include "base/hash.h"
#include "edge/http/http.h"

enum { ETAG_MAX = 2 * SHA256_BYTES + 3 };

void etag_make(struct str text, char out[ETAG_MAX]); // any thread
// Puts the tag into a 200, with how long it may be kept; `etag` is borrowed until it is sent. When
// the client says that it has it (If-None-Match), the reply becomes a 304 and loses its body.
void etag_answer(const struct http_request *request, struct http_reply *reply, const char *etag);

#endif
