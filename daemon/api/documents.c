// SPDX-License-Identifier: EUPL-1.2
// Serves the documents that are built in. A document is copied only to put the OIN of whoever runs
// this in the place of the example, which is as long, so nothing else moves. The ETag is made of
// the text that leaves, so another OIN is another document. The reply owns the copy.
#include "api/documents.h"

#include "api/etag.h"

#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 512 };

// What is served under another name than its file's: the NL API Design Rules want paths in
// kebab-case, without an ending.
static const struct document *find(struct str name) {
    if (str_is(name, "asyncapi"))
        name = STR("asyncapi.json");
    if (str_is(name, "statistics/metadata"))
        name = STR("statistics-metadata.json");
    for (size_t i = 0; i < document_count; i++)
        if (str_is(name, documents[i].name))
            return &documents[i];
    return NULL;
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

// In a pattern each dot has two backslashes before it, as JSON writes one.
static void replace_events(struct buf *text, const struct documents_owner *owner) {
    char prefix[TEXT_MAX], pattern[TEXT_MAX], regulation[TEXT_MAX];
    struct str rest = str_from(owner->type_prefix), part;
    int len = 0;
    while (len < TEXT_MAX && str_split(&rest, '.', &part))
        len += snprintf(pattern + len, (size_t)(TEXT_MAX - len), "%.*s\\\\.", (int)part.len,
                        part.data);
    (void)snprintf(prefix, sizeof prefix, "%s.", owner->type_prefix);
    (void)snprintf(regulation, sizeof regulation, "\"const\": \"%s\"", owner->regulation);
    replace(text, DOCUMENTS_TYPE_PREFIX, prefix);
    replace(text, DOCUMENTS_TYPE_PATTERN, pattern);
    replace(text, DOCUMENTS_REGULATION, regulation);
}

static const char *type_of(const struct document *document) {
    bool connect = strstr(document->name, ".connect.") != NULL; // Kafka Connect's own form
    if (strncmp(document->name, "schemas/", 8) == 0 && !connect)
        return "application/schema+json";
    return strcmp(document->name, "statistics-metadata.json") == 0 ? "application/csvm+json"
                                                                   : "application/json";
}

bool documents_send(struct http_request *request, struct str name,
                    const struct documents_owner *owner) {
    const struct document *document = find(name);
    struct http_reply reply = {0};
    char etag[ETAG_MAX];
    if (!document)
        return false;
    struct buf *body = reply_body(&reply, 200, type_of(document));
    buf_put(body, document->data, document->len);
    replace(body, DOCUMENTS_OIN, owner->oin);
    replace(body, DOCUMENTS_EMAIL, owner->email);
    replace(body, DOCUMENTS_URL, owner->url);
    replace_events(body, owner);
    etag_make(buf_str(body), etag);
    etag_answer(request, &reply, etag);
    http_send(request, &reply);
    return true;
}
