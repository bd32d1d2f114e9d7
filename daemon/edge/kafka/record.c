// SPDX-License-Identifier: EUPL-1.2
// Who wrote a record: the keyed digest of what goes out, and its check in what comes in. Both walk
// the same librdkafka headers, so they cannot differ in what they cover. A record is borrowed from
// its message.
#include "publisher_private.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum {
    COVERED_MAX = 32,        // headers; we write fewer
    PARTS_BYTES = 2048,      // of key and headers: as many as ours have
    PARTS_BYTES_MAX = 65536, // more are not ours
};

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

// A part goes in with its length, so that no two lists of parts are the same bytes; one that is
// absent with 0xffffffff.
static void put_part(struct buf *out, struct str part) {
    const uint32_t len = part.data ? (uint32_t)part.len : UINT32_MAX;
    const uint8_t prefix[] = {(uint8_t)len, (uint8_t)(len >> 8), (uint8_t)(len >> 16),
                              (uint8_t)(len >> 24)};
    buf_put(out, prefix, sizeof prefix);
    buf_put_str(out, part);
}

bool publish_digest(const struct publish_conf *conf, const struct str *key, const struct str *value,
                    const rd_kafka_headers_t *headers, struct digest *out) {
    struct buf all;
    size_t count = 0, size;
    const char *name;
    const void *data;
    buf_init(&all, (size_t)PARTS_BYTES_MAX + value->len);
    buf_reserve(&all, (size_t)PARTS_BYTES + value->len);
    put_part(&all, str_from(conf->kind));
    put_part(&all, *key);
    put_part(&all, *value);
    for (size_t i = 0;
         rd_kafka_header_get_all(headers, i, &name, &data, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
         i++) {
        if (!is_covered(name))
            continue;
        count++;
        put_part(&all, str_from(name));
        put_part(&all, (struct str){data, data ? size : 0});
    }
    bool fits = count <= COVERED_MAX && !all.overflow;
    if (fits)
        hash_tag(&conf->key, buf_str(&all), out);
    buf_free(&all);
    return fits;
}

rd_kafka_resp_err_t publish_record_send(const struct publish_conf *conf, rd_kafka_t *producer,
                                        int32_t partitions, const struct publish_event *event) {
    char seq[24], hex[DIGEST_HEX + 1];
    struct digest digest;
    (void)snprintf(seq, sizeof seq, "%llu", (unsigned long long)event->seq);
    rd_kafka_headers_t *headers = rd_kafka_headers_new(event->header_count + 3);
    for (size_t i = 0; i < event->header_count; i++)
        (void)rd_kafka_header_add(headers, event->headers[i].name, -1, event->headers[i].value.data,
                                  (ssize_t)event->headers[i].value.len);
    (void)rd_kafka_header_add(headers, PUBLISH_HEADER_LEDGER_ID, -1, conf->ledger_id, -1);
    (void)rd_kafka_header_add(headers, PUBLISH_HEADER_SEQ, -1, seq, -1);
    bool fits = publish_digest(conf, &event->key, &event->value, headers, &digest);
    assert(fits);
    (void)fits;
    digest_to_hex(&digest, hex);
    (void)rd_kafka_header_add(headers, PUBLISH_HEADER_DIGEST, -1, hex, -1);
    // __extension__: librdkafka's macros use a GNU construct.
    rd_kafka_resp_err_t code = __extension__ rd_kafka_producev(
        producer, RD_KAFKA_V_TOPIC(conf->topic),
        RD_KAFKA_V_PARTITION(publish_partition(event->key, partitions)),
        RD_KAFKA_V_KEY(event->key.data, event->key.len),
        RD_KAFKA_V_VALUE((void *)event->value.data, event->value.len), RD_KAFKA_V_HEADERS(headers),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_OPAQUE((void *)(uintptr_t)event->seq),
        RD_KAFKA_V_END);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        rd_kafka_headers_destroy(headers);
    return code;
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
