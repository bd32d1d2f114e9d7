// SPDX-License-Identifier: EUPL-1.2
// Serves the documents that are built in. A document is copied only to put the OIN of whoever runs
// this in the place of the example, which is as long, so nothing else moves. The ETag is made of
// the text that leaves, so another OIN is another document. The reply owns the copy.
#include "api/documents.h"

#include "base/hash.h"

#include <string.h>

enum { ETAG_MAX = 2 * SHA256_BYTES + 3 };

// "asyncapi" is served under a name in kebab-case, as the NL API Design Rules want paths.
static const struct document *find(struct str name) {
    if (str_is(name, "asyncapi"))
        name = STR("asyncapi.json");
    for (size_t i = 0; i < document_count; i++)
        if (str_is(name, documents[i].name))
            return &documents[i];
    return NULL;
}

static void make_etag(struct str text, char out[ETAG_MAX]) {
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

// What stands in a file for something of whoever runs this becomes that.
static void replace(struct buf *text, const char *mark, const char *value) {
    struct str rest = buf_str(text);
    struct buf out;
    const char *at;
    buf_init(&out, text->max);
    while ((at = memmem(rest.data, rest.len, mark, strlen(mark)))) {
        buf_put(&out, rest.data, (size_t)(at - rest.data));
        buf_puts(&out, value);
        rest = skip(rest, (size_t)(at - rest.data) + strlen(mark));
    }
    buf_put_str(&out, rest);
    buf_free(text);
    *text = out;
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

bool documents_send(struct http_request *request, struct str name,
                    const struct documents_owner *owner) {
    const struct document *document = find(name);
    struct http_reply reply = {0};
    char etag[ETAG_MAX];
    if (!document)
        return false;
    bool schema = strncmp(document->name, "schemas/", 8) == 0 &&
                  !strstr(document->name, ".connect."); // Kafka Connect's own form
    struct buf *body =
        reply_body(&reply, 200, schema ? "application/schema+json" : "application/json");
    buf_put(body, document->data, document->len);
    replace(body, DOCUMENTS_OIN, owner->oin);
    replace(body, DOCUMENTS_EMAIL, owner->email);
    replace(body, DOCUMENTS_URL, owner->url);
    make_etag(buf_str(body), etag);
    reply_header(&reply, "ETag", etag);
    reply_header(&reply, "Cache-Control", "public, max-age=3600");
    // A developer's portal reads it from another site (NL API Design Rules).
    reply_header(&reply, "Access-Control-Allow-Origin", "*");
    if (has_tag(http_header_value(request, "If-None-Match"), etag)) {
        buf_free(body);
        reply.status = 304;
        reply.content_type = NULL;
    }
    http_send(request, &reply);
    return true;
}
