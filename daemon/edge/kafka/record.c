// SPDX-License-Identifier: EUPL-1.2
// Who wrote a record: the keyed digest of what goes out, and its check in what comes in. Both walk
// the same librdkafka headers, so they cannot differ in what they cover. A record is borrowed from
// its message.
#include "publisher_private.h"

#include <string.h>

enum { PARTS_HEAD = 3, COVERED_MAX = 32 }; // covered headers; we write fewer

struct str publish_record_header(const struct publish_record *record, const char *name) {
    const void *value = NULL;
    size_t size = 0;
    if (!record->headers || rd_kafka_header_get_last(record->headers, name, &value, &size) !=
                                RD_KAFKA_RESP_ERR_NO_ERROR)
        return (struct str){NULL, 0};
    return (struct str){value, size};
}

static bool is_covered(const char *name) {
    return (strncmp(name, "ce_", 3) == 0 || strncmp(name, "signaald_", 9) == 0 ||
            strcmp(name, "content-type") == 0) &&
           strcmp(name, PUBLISH_HEADER_DIGEST) != 0;
}

bool publish_digest(const struct publish_conf *conf, const struct str *key, const struct str *value,
                    const rd_kafka_headers_t *headers, struct digest *out) {
    struct str parts[PARTS_HEAD + 2 * COVERED_MAX] = {str_from(conf->kind), *key, *value};
    size_t count = PARTS_HEAD, size;
    const char *name;
    const void *data;
    for (size_t i = 0;
         rd_kafka_header_get_all(headers, i, &name, &data, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
         i++) {
        if (!is_covered(name))
            continue;
        if (count == sizeof parts / sizeof parts[0])
            return false;
        parts[count++] = str_from(name);
        parts[count++] = (struct str){data, data ? size : 0};
    }
    hash_digest(&conf->key, "record", parts, count, out);
    return true;
}

static bool is_genuine(const struct publish_conf *conf, const struct publish_record *record,
                       const rd_kafka_headers_t *headers) {
    struct digest said, ours;
    return digest_from_hex(publish_record_header(record, PUBLISH_HEADER_DIGEST), &said) &&
           publish_digest(conf, &record->key, &record->value, headers, &ours) &&
           hash_equal_secret(&said, &ours, sizeof ours);
}

void publish_read_record(const struct publish_conf *conf, const rd_kafka_message_t *message,
                         struct publish_record *out) {
    rd_kafka_headers_t *headers = NULL;
    *out = (struct publish_record){.partition = message->partition,
                                   .offset = message->offset,
                                   .key = {message->key, message->key_len},
                                   .value = {message->payload, message->len}};
    if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return;
    out->headers = headers;
    if (!str_to_u64(publish_record_header(out, PUBLISH_HEADER_SEQ), INT64_MAX, &out->seq))
        out->seq = 0;
    out->genuine = out->seq > 0 && is_genuine(conf, out, headers);
}
