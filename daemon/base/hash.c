// SPDX-License-Identifier: EUPL-1.2
// A thin layer over libsodium, which does all the cryptography. It fixes what is easily done
// wrong: parts of a digest carry their length, secrets are compared in constant time, and a new
// key is on the disk before it is used. Keys belong to the caller, who wipes them.
#include "base/hash.h"

#include "base/mem.h"
#include "base/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool hash_init(void) {
    return sodium_init() >= 0;
}

void hash_digest(const struct hash_key *key, const char *domain, const struct str *parts,
                 size_t count, struct digest *out) {
    crypto_generichash_state state;
    (void)crypto_generichash_init(&state, key->bytes, sizeof key->bytes, DIGEST_BYTES);
    (void)crypto_generichash_update(&state, (const unsigned char *)domain, strlen(domain) + 1);
    for (size_t i = 0; i < count; i++) {
        // absent is length 0xffffffff; lengths are bounded far below it
        uint32_t len = parts[i].data ? (uint32_t)parts[i].len : UINT32_MAX;
        uint8_t prefix[4] = {(uint8_t)len, (uint8_t)(len >> 8), (uint8_t)(len >> 16),
                             (uint8_t)(len >> 24)};
        (void)crypto_generichash_update(&state, prefix, sizeof prefix);
        if (parts[i].len)
            (void)crypto_generichash_update(&state, (const unsigned char *)parts[i].data,
                                            parts[i].len);
    }
    (void)crypto_generichash_final(&state, out->bytes, DIGEST_BYTES);
}

void hash_derive(const struct hash_key *key, const char *use, struct hash_key *out) {
    (void)crypto_generichash(out->bytes, sizeof out->bytes, (const unsigned char *)use, strlen(use),
                             key->bytes, sizeof key->bytes);
}

bool digest_equal(const struct digest *a, const struct digest *b) {
    return memcmp(a->bytes, b->bytes, DIGEST_BYTES) == 0;
}

void digest_to_hex(const struct digest *digest, char out[DIGEST_HEX + 1]) {
    static const char hex[] = "0123456789abcdef";
    for (size_t i = 0; i < DIGEST_BYTES; i++) {
        out[2 * i] = hex[digest->bytes[i] >> 4];
        out[2 * i + 1] = hex[digest->bytes[i] & 15];
    }
    out[DIGEST_HEX] = '\0';
}

void digest_put_hex(struct buf *out, const struct digest *digest) {
    char hex[DIGEST_HEX + 1];
    digest_to_hex(digest, hex);
    buf_put(out, hex, DIGEST_HEX);
}

static int hex_value(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

void hash_put_base64(struct buf *out, struct str data, enum hash_base64 kind) {
    int variant = kind == HASH_BASE64 ? sodium_base64_VARIANT_ORIGINAL
                                      : sodium_base64_VARIANT_URLSAFE_NO_PADDING;
    size_t size = sodium_base64_encoded_len(data.len, variant);
    char *text = mem_alloc(size);
    (void)sodium_bin2base64(text, size, (const unsigned char *)data.data, data.len, variant);
    buf_puts(out, text);
    hash_wipe(text, size);
    free(text);
}

struct hash_stream {
    crypto_hash_sha256_state state;
};

struct hash_stream *hash_stream_begin(void) {
    struct hash_stream *stream = mem_alloc(sizeof *stream);
    (void)crypto_hash_sha256_init(&stream->state);
    return stream;
}

void hash_stream_add(struct hash_stream *stream, struct str piece) {
    (void)crypto_hash_sha256_update(&stream->state, (const unsigned char *)piece.data, piece.len);
}

void hash_stream_end(struct hash_stream *stream, uint8_t out[SHA256_BYTES]) {
    (void)crypto_hash_sha256_final(&stream->state, out);
    free(stream);
}

bool hash_from_hex(struct str hex, uint8_t *out, size_t size) {
    if (hex.len != size * 2)
        return false;
    for (size_t i = 0; i < size; i++) {
        int high = hex_value(hex.data[2 * i]), low = hex_value(hex.data[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

bool digest_from_hex(struct str hex, struct digest *out) {
    return hash_from_hex(hex, out->bytes, DIGEST_BYTES);
}

void hash_sha256(struct str data, uint8_t out[SHA256_BYTES]) {
    (void)crypto_hash_sha256(out, (const unsigned char *)data.data, data.len);
}

void hash_hmac_sha256(struct str key, const struct str *parts, size_t count,
                      uint8_t out[SHA256_BYTES]) {
    crypto_auth_hmacsha256_state state;
    (void)crypto_auth_hmacsha256_init(&state, (const unsigned char *)key.data, key.len);
    for (size_t i = 0; i < count; i++)
        (void)crypto_auth_hmacsha256_update(&state, (const unsigned char *)parts[i].data,
                                            parts[i].len);
    (void)crypto_auth_hmacsha256_final(&state, out);
    hash_wipe(&state, sizeof state);
}

void hash_tag(const struct hash_key *key, struct str data, struct digest *out) {
    _Static_assert(crypto_shorthash_siphashx24_KEYBYTES <= HASH_KEY_BYTES &&
                       crypto_shorthash_siphashx24_BYTES == DIGEST_BYTES,
                   "a key's beginning is one, a digest has room");
    (void)crypto_shorthash_siphashx24(out->bytes, (const unsigned char *)data.data, data.len,
                                      key->bytes);
}

// Nonce, then what crypto_secretbox makes of the text: 16 bytes of authentication and the cipher.
void hash_seal(const struct hash_key *key, struct str text, struct buf *out) {
    _Static_assert(HASH_SEAL_EXTRA == crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES &&
                       HASH_KEY_BYTES == crypto_secretbox_KEYBYTES,
                   "the header says so");
    uint8_t nonce[crypto_secretbox_NONCEBYTES];
    uint8_t *box = mem_alloc(text.len + crypto_secretbox_MACBYTES);
    hash_random(nonce, sizeof nonce);
    (void)crypto_secretbox_easy(box, (const unsigned char *)text.data, text.len, nonce, key->bytes);
    buf_put(out, nonce, sizeof nonce);
    buf_put(out, box, text.len + crypto_secretbox_MACBYTES);
    free(box);
}

bool hash_unseal(const struct hash_key *key, struct str sealed, char *out, size_t size,
                 size_t *len) {
    const unsigned char *nonce = (const unsigned char *)sealed.data;
    if (sealed.len < HASH_SEAL_EXTRA || sealed.len - HASH_SEAL_EXTRA > size)
        return false;
    if (crypto_secretbox_open_easy((unsigned char *)out, nonce + crypto_secretbox_NONCEBYTES,
                                   sealed.len - crypto_secretbox_NONCEBYTES, nonce,
                                   key->bytes) != 0)
        return false;
    *len = sealed.len - HASH_SEAL_EXTRA;
    return true;
}

bool hash_equal_secret(const void *a, const void *b, size_t size) {
    return sodium_memcmp(a, b, size) == 0;
}

void hash_random(void *out, size_t size) {
    randombytes_buf(out, size);
}

void hash_wipe(void *data, size_t size) {
    sodium_memzero(data, size);
}

// The name of a new file is on the disk only once its directory is.
static bool sync_directory(const char *path) {
    const char *slash = strrchr(path, '/');
    char *dir = slash ? mem_strndup(path, (size_t)(slash - path) + 1) : mem_strdup(".");
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(dir);
    bool ok = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        (void)close(fd);
    return ok;
}

static bool key_create(const char *path, struct err *err) {
    struct hash_key key;
    hash_random(key.bytes, sizeof key.bytes);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_set(err, ERR_CONFIG, "%s: %s", path, strerror(errno));
    bool ok = write(fd, key.bytes, sizeof key.bytes) == (ssize_t)sizeof key.bytes && fsync(fd) == 0;
    int saved = errno;
    (void)close(fd);
    ok = ok && sync_directory(path);
    hash_wipe(&key, sizeof key);
    if (!ok) {
        (void)unlink(path); // half a key is worse than none: the next start would use it
        return err_set(err, ERR_RETRY, "%s: %s", path, strerror(saved));
    }
    return true;
}

const char hash_key_advice[] =
    "Bring back the key that the ledger was written with; for a new ledger make one, as the "
    "service's user: umask 077; head -c 32 /dev/urandom > FILE";

bool hash_key_load(const char *path, bool create, struct hash_key *key, struct err *err) {
    struct stat st;
    if (create && stat(path, &st) != 0 && errno == ENOENT && !key_create(path, err))
        return false;
    struct buf raw;
    struct err open;
    if (stat(path, &st) == 0 && !secret_file_check(path, &st, &open))
        return err_set(err, ERR_CONFIG, "%s: %s", path, open.text);
    if (access(path, F_OK) != 0 && errno == ENOENT)
        return err_set(err, ERR_CONFIG, "%s: cannot be read: %s. %s", path, strerror(ENOENT),
                       hash_key_advice);
    if (!str_read_file(path, 128, &raw, err))
        return false;
    struct str text = str_trim(buf_str(&raw));
    bool ok = true;
    if (raw.len == HASH_KEY_BYTES)
        memcpy(key->bytes, raw.data, HASH_KEY_BYTES);
    else
        ok = hash_from_hex(text, key->bytes, HASH_KEY_BYTES);
    hash_wipe(raw.data, raw.len);
    buf_free(&raw);
    return ok || err_set(err, ERR_CONFIG, "%s: a key is 32 bytes or 64 hexadecimal digits", path);
}
