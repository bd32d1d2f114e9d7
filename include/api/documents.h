// SPDX-License-Identifier: EUPL-1.2
// The documents that say how to talk with us: OpenAPI of both HTTP sides, AsyncAPI of the topics,
// JSON Schemas of what is on these. They are the files of conf/api, built in.
#ifndef API_DOCUMENTS_H
#define API_DOCUMENTS_H

#include "api/problem.h"

// Made of the files by daemon/documents.cmake.
struct document {
    const char *name; // path under conf/api: "schemas/signal.v1.json"
    const unsigned char *data;
    size_t len;
};
extern const struct document documents[];
extern const size_t document_count;

// What stands in the files for what is of whoever runs this: an OIN that is none, a contact in a
// domain that nobody has (RFC 2606), and what events say by default. None of them has a character
// that JSON would escape.
#define DOCUMENTS_OIN "00000000000000000000"
#define DOCUMENTS_EMAIL "signaald@beheer.example"
#define DOCUMENTS_URL "https://beheer.example/signaald"
#define DOCUMENTS_TYPE_PREFIX "nl.mensenhandelsignalen."
#define DOCUMENTS_TYPE_PATTERN "nl\\\\.mensenhandelsignalen\\\\."
#define DOCUMENTS_REGULATION "\"const\": \"GDPR\""
struct documents_owner {
    const char *oin, *email, *url;
    const char *type_prefix, *regulation; // of events
};

// Answers a GET: 200 with the document as it is for this owner, or 304 when the client says
// (If-None-Match) that it has it. It may be kept for an hour. False, and no answer: there is none
// of that name.
bool documents_send(struct http_request *request, struct str name,
                    const struct documents_owner *owner);

#endif
