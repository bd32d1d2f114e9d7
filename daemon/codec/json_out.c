// SPDX-License-Identifier: EUPL-1.2
// Writes JSON straight into a buffer. The writer holds only whether a comma is due, so nesting
// costs no memory. Strings are escaped here and nowhere else. A buffer that is full stays full;
// its owner looks at the end.
#include "codec/json_out.h"

#include <string.h>

static void separate(struct json_out *out) {
    if (out->comma)
        buf_putc(out->buf, ',');
    out->comma = true;
}

void json_open(struct json_out *out, char bracket) {
    separate(out);
    buf_putc(out->buf, bracket);
    out->comma = false;
}

void json_close(struct json_out *out, char bracket) {
    buf_putc(out->buf, bracket);
    out->comma = true;
}

void json_key(struct json_out *out, const char *key) {
    separate(out);
    buf_putc(out->buf, '"');
    buf_puts(out->buf, key);
    buf_put(out->buf, "\":", 2);
    out->comma = false;
}

void json_open_key(struct json_out *out, const char *key, char bracket) {
    json_key(out, key);
    json_open(out, bracket);
}

static void escape(struct buf *buf, unsigned char c) {
    switch (c) {
    case '"':
        buf_put(buf, "\\\"", 2);
        break;
    case '\\':
        buf_put(buf, "\\\\", 2);
        break;
    case '\n':
        buf_put(buf, "\\n", 2);
        break;
    default:
        buf_printf(buf, "\\u%04x", c);
    }
}

void json_string(struct json_out *out, struct str value) {
    if (!value.data) {
        json_null(out);
        return;
    }
    separate(out);
    buf_putc(out->buf, '"');
    size_t plain = 0; // start of the run that needs no escapes
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.data[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        buf_put(out->buf, value.data + plain, i - plain);
        escape(out->buf, c);
        plain = i + 1;
    }
    buf_put(out->buf, value.data + plain, value.len - plain);
    buf_putc(out->buf, '"');
}

void json_text(struct json_out *out, const char *value) {
    json_string(out, str_from(value));
}

void json_i64(struct json_out *out, int64_t value) {
    separate(out);
    buf_put_i64(out->buf, value);
}

void json_u64(struct json_out *out, uint64_t value) {
    separate(out);
    buf_put_u64(out->buf, value);
}

void json_bool(struct json_out *out, bool value) {
    separate(out);
    buf_puts(out->buf, value ? "true" : "false");
}

void json_null(struct json_out *out) {
    separate(out);
    buf_puts(out->buf, "null");
}

void json_raw(struct json_out *out, struct str json) {
    separate(out);
    buf_put_str(out->buf, json);
}

void json_put_string(struct json_out *out, const char *key, struct str value) {
    json_key(out, key);
    json_string(out, value);
}

void json_put_text(struct json_out *out, const char *key, const char *value) {
    json_key(out, key);
    json_text(out, value);
}

void json_put_i64(struct json_out *out, const char *key, int64_t value) {
    json_key(out, key);
    json_i64(out, value);
}

void json_put_u64(struct json_out *out, const char *key, uint64_t value) {
    json_key(out, key);
    json_u64(out, value);
}

void json_put_bool(struct json_out *out, const char *key, bool value) {
    json_key(out, key);
    json_bool(out, value);
}
