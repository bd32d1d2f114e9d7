// SPDX-License-Identifier: EUPL-1.2
// Keyed digests, token hashes, constant-time comparison, random bytes (libsodium behind it).
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/str.h"

enum { DIGEST_BYTES = 16, DIGEST_HEX = 32, HASH_KEY_BYTES = 32, SHA256_BYTES = 32 };

// 128 bits of keyed BLAKE2b (RFC 7693): without the key neither guessable nor linkable.
struct digest {
    uint8_t bytes[DIGEST_BYTES];
};

struct hash_key {
    uint8_t bytes[HASH_KEY_BYTES];
};

// Once, before anything else here. False when the system gives no randomness.
bool hash_init(void) MUST_CHECK;

// Digest of a list of parts. Each part goes in with its length, so ("ab","c") and ("a","bc")
// differ, and an absent part differs from an empty one. `domain` keeps uses of one key apart.
void hash_digest(const struct hash_key *key, const char *domain, const struct str *parts,
                 size_t count, struct digest *out);
// A key for one use, made from a key that has others: whoever has it learns nothing of that key.
void hash_derive(const struct hash_key *key, const char *use, struct hash_key *out);
bool digest_equal(const struct digest *a, const struct digest *b);
void digest_to_hex(const struct digest *digest, char out[DIGEST_HEX + 1]);
void digest_put_hex(struct buf *out, const struct digest *digest);
bool digest_from_hex(struct str hex, struct digest *out); // lower or upper case, exactly 32

void hash_sha256(struct str data, uint8_t out[SHA256_BYTES]);
// HMAC (RFC 2104) with SHA-256 over the parts, one behind the other.
void hash_hmac_sha256(struct str key, const struct str *parts, size_t count,
                      uint8_t out[SHA256_BYTES]);
// The same of what comes in pieces; the end frees it.
struct hash_stream;
struct hash_stream *hash_stream_begin(void);
void hash_stream_add(struct hash_stream *stream, struct str piece);
void hash_stream_end(struct hash_stream *stream, uint8_t out[SHA256_BYTES]);
// Appends it as base64 (RFC 4648): with + / and padding, or as URLs and JWTs have it, without.
enum hash_base64 { HASH_BASE64, HASH_BASE64_URL };
void hash_put_base64(struct buf *out, struct str data, enum hash_base64 kind);
bool hash_from_hex(struct str hex, uint8_t *out, size_t size); // exactly 2 * size digits
// A tag of 128 bits (SipHash-2-4 with the first 16 bytes of the key), at a fifth of the cost of
// hash_digest: nobody makes one without the key. The key is for nothing else.
void hash_tag(const struct hash_key *key, struct str data, struct digest *out);
// Sealed text: nobody reads or changes it without the key (XSalsa20-Poly1305, random nonce).
// Sealing the same twice gives different bytes.
enum { HASH_SEAL_EXTRA = 40 };
void hash_seal(const struct hash_key *key, struct str text, struct buf *out); // appends
// False: another key, changed, or larger than `size`.
bool hash_unseal(const struct hash_key *key, struct str sealed, char *out, size_t size,
                 size_t *len) MUST_CHECK;

// Equal, in a time that does not depend on where they differ.
bool hash_equal_secret(const void *a, const void *b, size_t size);
void hash_random(void *out, size_t size);
// Overwrites secrets in a way that is not optimised away.
void hash_wipe(void *data, size_t size);

// The key in a file of exactly 32 bytes (or 64 hex digits). With `create`, makes one (mode 0600,
// written to the disk before this returns) when the file does not exist. CONFIG when others can
// read the file.
bool hash_key_load(const char *path, bool create, struct hash_key *key, struct err *err) MUST_CHECK;
extern const char hash_key_advice[]; // of a key that is not there: what to do

#endif
