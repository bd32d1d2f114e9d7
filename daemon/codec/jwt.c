// SPDX-License-Identifier: EUPL-1.2
// Makes tokens, and reads none. Header and claims are written here, so that their order and their
// blanks are ours; the client's id is the only text in them that somebody else chose, and goes in
// as JSON. The secret is borrowed, and only its HMAC is in the token.
#include "codec/jwt.h"

#include "base/hash.h"
#include "codec/json_out.h"

#include <string.h>

enum { CLOCKS_DIFFER_S = 60 };

static void put_claims(struct json_out *json, struct str id, int64_t now_ms) {
    json_open(json, '{');
    json_put_string(json, "iss", id);
    json_put_u64(json, "iat", (uint64_t)(now_ms / 1000 - CLOCKS_DIFFER_S));
    json_put_string(json, "client_id", id);
    json_put_text(json, "user_id", "signaald");
    json_put_text(json, "user_representation", "signaald");
    json_close(json, '}');
}

void jwt_put_zgw(struct buf *out, struct str secret, int64_t now_ms) {
    struct str id = {NULL, 0};
    struct buf claims;
    uint8_t tag[SHA256_BYTES];
    size_t begin = out->len;
    (void)str_split(&secret, ':', &id);
    buf_init(&claims, JWT_MAX);
    struct json_out json = {.buf = &claims};
    put_claims(&json, id, now_ms);
    hash_put_base64(out, STR("{\"typ\":\"JWT\",\"alg\":\"HS256\"}"), HASH_BASE64_URL);
    buf_putc(out, '.');
    hash_put_base64(out, buf_str(&claims), HASH_BASE64_URL);
    buf_free(&claims);
    const struct str text = {out->data + begin, out->len - begin};
    hash_hmac_sha256(secret, &text, 1, tag);
    buf_putc(out, '.');
    hash_put_base64(out, (struct str){(const char *)tag, sizeof tag}, HASH_BASE64_URL);
}
