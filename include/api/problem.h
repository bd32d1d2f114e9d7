// SPDX-License-Identifier: EUPL-1.2
// What both HTTP sides answer alike: errors as application/problem+json (RFC 9457; NL API Design
// Rules), the headers that every reply has. No value that came in is ever echoed.
#ifndef API_PROBLEM_H
#define API_PROBLEM_H

#include "codec/mapping.h"
#include "edge/http/http.h"

#define API_VERSION "1.0.0"

extern const struct http_header problem_common_headers[];
extern const size_t problem_common_header_count;

// A reply tells at most so many faults, and how many it leaves out: one of ten thousand bad signals
// is not ten times the size of what was sent.
enum { REPLY_BYTES_MAX = 64 << 20, PROBLEM_FAULTS_MAX = 1000 };

// A body to write JSON into, owned by the reply.
struct buf *reply_body(struct http_reply *reply, unsigned status, const char *content_type);
// Fills the reply. `detail` is for the caller's programmer; NULL: a standard sentence for the
// status.
void problem_fill(struct http_reply *reply, unsigned status, const char *detail);
// Of 429 and 503: when to come again, to the next step of a few. Without it: 5 s.
void problem_retry_after(struct http_reply *reply, uint32_t seconds);
// 400 with the faults of a batch, all of them; `mapping` is what it was read by, NULL: native.
void problem_fill_faults(struct http_reply *reply, const struct mapping *mapping,
                         const struct fault *faults, size_t count, const char *detail);
// 400, or 415 when it was no text at all, for a body that is wrong as a whole.
void problem_fill_whole(struct http_reply *reply, const struct mapping *mapping,
                        const struct decode_result *decoded);
// 400 with what is wrong with parameters of the query, all of it.
struct problem_parameter {
    const char *name; // one of ours; NULL: there is no such parameter
    enum fault_code code;
    const char *detail;
};
enum { PROBLEM_PARAMETERS_MAX = 24 };
void problem_fill_parameters(struct http_reply *reply, const struct problem_parameter *faults,
                             size_t count);
// An element of an errors list.
struct json_out;
void problem_put_fault(struct json_out *json, const struct mapping *mapping,
                       const struct fault *fault);
// "published": where an event is in its topic, or null while it waits (`topic` NULL). The offset is
// null where Kafka did not say (-1).
void reply_put_published(struct json_out *json, const char *topic, int32_t partition,
                         int64_t offset);
void reply_header(struct http_reply *reply, const char *name, const char *value);

#endif
