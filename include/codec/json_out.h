// SPDX-License-Identifier: EUPL-1.2
// Writing JSON into a buffer, without a tree. Commas are put where they belong.
#ifndef CODEC_JSON_OUT_H
#define CODEC_JSON_OUT_H

#include "base/str.h"

struct json_out {
    struct buf *buf;
    bool comma; // a value stands before the next one
};

void json_open(struct json_out *out, char bracket);       // '{' or '['
void json_close(struct json_out *out, char bracket);      // '}' or ']'
void json_key(struct json_out *out, const char *key);     // a literal that needs no escapes
void json_string(struct json_out *out, struct str value); // {NULL,0} is null
void json_text(struct json_out *out, const char *value);  // NULL is null
void json_i64(struct json_out *out, int64_t value);
void json_u64(struct json_out *out, uint64_t value);
void json_bool(struct json_out *out, bool value);
void json_null(struct json_out *out);
// An already encoded value.
void json_raw(struct json_out *out, struct str json);

// key and value in one
void json_open_key(struct json_out *out, const char *key, char bracket);
void json_put_string(struct json_out *out, const char *key, struct str value);
void json_put_text(struct json_out *out, const char *key, const char *value);
void json_put_i64(struct json_out *out, const char *key, int64_t value);
void json_put_u64(struct json_out *out, const char *key, uint64_t value);
void json_put_bool(struct json_out *out, const char *key, bool value);

#endif
