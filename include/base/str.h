// SPDX-License-Identifier: EUPL-1.2
// Text: borrowed slices, growing buffers with a maximum, folding of words for comparison.
#ifndef BASE_STR_H
#define BASE_STR_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

// A borrowed piece of bytes, not NUL-terminated. {NULL, 0} is "absent".
struct str {
    const char *data;
    size_t len;
};

#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})

struct str str_from(const char *text); // NULL gives absent
bool str_equal(struct str a, struct str b);
bool str_is(struct str a, const char *text);
bool str_equal_nocase(struct str a, struct str b); // ASCII only
// Without ASCII white space at both ends.
struct str str_trim(struct str s);
// The next piece of *rest up to `sep` (or the end); moves *rest behind it. False when nothing is
// left.
bool str_split(struct str *rest, char sep, struct str *piece);
enum { STR_TIDY_MAX = 1024 };
// As it reads: without white space at both ends and without characters that nobody sees, one blank
// for several and for those that do not break, the keyboard's dash and quotes for their kin,
// accents as one character (NFC). What is not UTF-8 or longer than a quarter of the room is only
// trimmed. Borrows from `text` or `room`.
struct str str_tidy(struct str text, char room[STR_TIDY_MAX]);
// Decimal digits only, at most `max`. False on anything else.
bool str_to_u64(struct str s, uint64_t max, uint64_t *value);
// Is it valid UTF-8 (RFC 3629) without control characters (U+0000-1F, U+007F-9F)?
bool str_is_clean_utf8(struct str s);

// A growing buffer that must be given a maximum. Past it nothing is written any more and `overflow`
// stays set: put, put, put, then look once.
struct buf {
    char *data; // owned; not NUL-terminated
    size_t len;
    size_t cap;
    size_t max;
    bool overflow;
};

void buf_init(struct buf *buf, size_t max);
void buf_free(struct buf *buf); // leaves an empty buffer with the same maximum
void buf_clear(struct buf *buf);
void buf_reserve(struct buf *buf, size_t len); // room for `len` more, in one piece
void buf_put_growing(struct buf *buf, const void *data, size_t len); // as buf_put
static inline void buf_put(struct buf *buf, const void *data, size_t len) {
    if (buf->overflow || len >= buf->cap - buf->len || len > buf->max - buf->len) {
        buf_put_growing(buf, data, len);
    } else if (len) {
        memcpy(buf->data + buf->len, data, len);
        buf->len += len;
    }
}
void buf_put_str(struct buf *buf, struct str s);
static inline void buf_puts(struct buf *buf, const char *text) {
    buf_put(buf, text, strlen(text));
}
static inline void buf_putc(struct buf *buf, char c) {
    buf_put(buf, &c, 1);
}
void buf_put_encoded(struct buf *buf, struct str text); // percent-encoded (RFC 3986)
void buf_put_u64(struct buf *buf, uint64_t value);      // decimal
void buf_put_i64(struct buf *buf, int64_t value);       // decimal
void buf_printf(struct buf *buf, const char *fmt, ...) PRINTF_LIKE(2, 3);
struct str buf_str(const struct buf *buf);
// Hands the bytes over, NUL-terminated (the NUL is not in len); the buffer is empty afterwards.
char *buf_take(struct buf *buf);

// The whole file, at most `max` bytes. INPUT when larger, CONFIG when it can't be read: then `out`
// is empty.
bool str_read_file(const char *path, size_t max, struct buf *out, struct err *err) MUST_CHECK;

enum { STR_FOLDED_MAX = 96 };
// Folds a word for comparison: Unicode case fold, diacritics off (NFKD without marks), what is not
// seen (soft hyphens, zero width) off, every run of anything else that is no letter or digit
// becomes one space, none at the ends. "Súdwest-Fryslân" and "sudwest fryslan" fold alike. Writes
// at most STR_FOLDED_MAX bytes with the NUL and returns the length; 0 when nothing is left, when it
// is too long, or when it is not UTF-8.
size_t str_fold(struct str word, char out[STR_FOLDED_MAX]);

#endif
