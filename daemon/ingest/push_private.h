// SPDX-License-Identifier: EUPL-1.2
// Shared by the files of the public side: push.c (routes), body.c (what the body is).
#ifndef INGEST_PUSH_PRIVATE_H
#define INGEST_PUSH_PRIVATE_H

#include "codec/cloudevent.h"
#include "codec/decode.h"
#include "edge/http/http.h"
#include "template/template.h"

enum { BODY_REFUSAL_MAX = 256 };

// What the headers say of a body of signals.
struct body_kind {
    enum decode_format format;
    enum door_charset charset;
    bool packed; // with gzip
};
// `form` reads what the source posts; NULL: it posts a form of ours.
const char *body_types(const struct template *form); // that are taken, for Accept-Post
// False when it is not read here; then `refusal` says why.
bool body_kind_read(const struct http_request *request, const struct template *form,
                    struct body_kind *kind, char refusal[BODY_REFUSAL_MAX]);
// Who asks whether it may send events: false when it is not the name of a host.
#define BODY_ORIGIN_HEADER "WebHook-Request-Origin"
enum { BODY_ORIGIN_MAX = 253 };
bool body_read_origin(const struct http_request *request, char out[BODY_ORIGIN_MAX + 1]);
// The attributes of a CloudEvent in binary mode. The caller frees it.
struct cloudevent *body_event(const struct http_request *request);

#endif
