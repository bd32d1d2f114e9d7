// SPDX-License-Identifier: EUPL-1.2
// Tags of answers, and whether a client has what they stand for. What is kept for an hour may be an
// hour old: nothing that is served so changes more than once a month, but for an upgrade. The reply
// owns its body; the tag is the caller's.
#include "api/etag.h"

#include "api/problem.h"

#include <string.h>

void etag_make(struct str text, char out[ETAG_MAX]) {
    static const char digits[] = "0123456789abcdef";
    uint8_t hash[SHA256_BYTES];
    char *at = out;
    hash_sha256(text, hash);
    *at++ = '"';
    for (size_t i = 0; i < sizeof hash; i++) {
        *at++ = digits[hash[i] >> 4];
        *at++ = digits[hash[i] & 15];
    }
    *at++ = '"';
    *at = '\0';
}

static struct str skip(struct str text, size_t count) {
    return (struct str){text.data + count, text.len - count};
}

// Does If-None-Match say that the client has it (RFC 9110, 13.1.2)? "*", or a list of tags, each
// perhaps marked as weak, which makes no difference here. What is no tag ends the list.
static bool has_tag(struct str list, const char *etag) {
    if (str_is(list, "*"))
        return true;
    while (list.len) {
        if (strchr(" \t,", *list.data)) {
            list = skip(list, 1);
            continue;
        }
        if (list.len > 2 && memcmp(list.data, "W/", 2) == 0)
            list = skip(list, 2);
        const char *end = *list.data == '"' ? memchr(list.data + 1, '"', list.len - 1) : NULL;
        if (!end)
            return false;
        size_t len = (size_t)(end - list.data) + 1;
        if (str_is((struct str){list.data, len}, etag))
            return true;
        list = skip(list, len);
    }
    return false;
}

void etag_answer(const struct http_request *request, struct http_reply *reply, const char *etag) {
    reply_header(reply, "ETag", etag);
    reply_header(reply, "Cache-Control", "public, max-age=3600");
    // A developer's portal, or a dashboard, reads it from another site (NL API Design Rules).
    reply_header(reply, "Access-Control-Allow-Origin", "*");
    // Without its body, but with the length that it would have.
    if (has_tag(http_header_value(request, "If-None-Match"), etag)) {
        reply->status = 304;
        reply->content_type = NULL;
    }
}
