// SPDX-License-Identifier: EUPL-1.2
// One table of lines is both written and read, so neither can have a line that the other lacks.
// Reading takes each line in its place, with a short and printable value. No memory of its own.
#include "codec/manifest.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

enum { LINES_BYTES_MAX = 2048 };

static const char first_line[] = "signaald backup: 1\n";

static const struct manifest_line {
    const char *name;
    size_t offset; // in struct manifest
    enum { TEXT, NUMBER, HASH } kind;
} lines[] = {
    {"made", offsetof(struct manifest, made), TEXT},
    {"signaald", offsetof(struct manifest, version), TEXT},
    {"ledger", offsetof(struct manifest, ledger), TEXT},
    {"identity key", offsetof(struct manifest, identity_key), TEXT},
    {"person key", offsetof(struct manifest, person_key), TEXT},
    {"lines", offsetof(struct manifest, lines), NUMBER},
    {"last sequence", offsetof(struct manifest, last_seq), NUMBER},
    {"bytes", offsetof(struct manifest, bytes), NUMBER},
    {"sha256", offsetof(struct manifest, sha256), HASH},
};
enum { LINES = sizeof lines / sizeof *lines };

static void put_hash(struct buf *out, const uint8_t hash[SHA256_BYTES]) {
    for (size_t i = 0; i < SHA256_BYTES; i++)
        buf_printf(out, "%02x", hash[i]);
    buf_putc(out, '\n');
}

static void put_line(struct buf *out, const struct manifest_line *line, const void *field) {
    buf_printf(out, "%s: ", line->name);
    if (line->kind == TEXT)
        buf_printf(out, "%s\n", (const char *)field);
    else if (line->kind == NUMBER)
        buf_printf(out, "%" PRIu64 "\n", *(const uint64_t *)field);
    else
        put_hash(out, field);
}

void manifest_put(const struct manifest *manifest, char out[MANIFEST_BYTES]) {
    uint8_t check[SHA256_BYTES];
    struct buf text;
    buf_init(&text, LINES_BYTES_MAX);
    buf_puts(&text, first_line);
    for (size_t i = 0; i < LINES; i++)
        put_line(&text, &lines[i], (const char *)manifest + lines[i].offset);
    hash_sha256(buf_str(&text), check);
    buf_puts(&text, "check: ");
    put_hash(&text, check);
    memset(out, '\n', MANIFEST_BYTES);
    memcpy(out, text.data, text.len);
    buf_free(&text);
}

static bool take(struct str *rest, struct str text) {
    if (rest->len < text.len || memcmp(rest->data, text.data, text.len) != 0)
        return false;
    *rest = (struct str){rest->data + text.len, rest->len - text.len};
    return true;
}

static bool take_text(struct str value, char *field) {
    for (size_t i = 0; i < value.len; i++)
        if (value.data[i] < ' ' || value.data[i] > '~')
            return false;
    if (value.len >= MANIFEST_TEXT_MAX)
        return false;
    memcpy(field, value.data, value.len);
    field[value.len] = '\0';
    return true;
}

static bool take_line(struct str *rest, const struct manifest_line *line, void *field) {
    struct str value;
    if (!take(rest, str_from(line->name)) || !take(rest, STR(": ")) ||
        !str_split(rest, '\n', &value))
        return false;
    if (line->kind == TEXT)
        return take_text(value, field);
    if (line->kind == NUMBER)
        return str_to_u64(value, INT64_MAX, field);
    return hash_from_hex(value, field, SHA256_BYTES);
}

static bool read_lines(struct str rest, struct manifest *manifest) {
    bool ok = true;
    for (size_t i = 0; ok && i < LINES; i++)
        ok = take_line(&rest, &lines[i], (char *)manifest + lines[i].offset);
    return ok;
}

// What is written of it again must be the same bytes.
bool manifest_read(const char in[MANIFEST_BYTES], struct manifest *manifest, struct err *err) {
    char again[MANIFEST_BYTES];
    struct str rest = {in, MANIFEST_BYTES};
    *manifest = (struct manifest){0};
    if (!take(&rest, str_from(first_line)))
        return err_set(err, ERR_INPUT, "it is no backup of signaald's, or of another version");
    bool ok = read_lines(rest, manifest);
    if (ok)
        manifest_put(manifest, again);
    return (ok && memcmp(in, again, sizeof again) == 0) ||
           err_set(err, ERR_INPUT, "its manifest is damaged");
}
