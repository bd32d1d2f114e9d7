// SPDX-License-Identifier: EUPL-1.2
// Slices, buffers and folding. A slice borrows and is never NUL-terminated. A buffer owns its
// bytes, never grows past its maximum and remembers that it would have, so callers write
// everything and look once at the end.
#include "base/str.h"

#include "base/mem.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

struct str str_from(const char *text) {
    return (struct str){text, text ? strlen(text) : 0};
}

bool str_equal(struct str a, struct str b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool str_is(struct str a, const char *text) {
    return str_equal(a, str_from(text));
}

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool str_equal_nocase(struct str a, struct str b) {
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower(a.data[i]) != lower(b.data[i]))
            return false;
    return true;
}

static bool is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct str str_trim(struct str s) {
    while (s.len && is_space(s.data[0]))
        s = (struct str){s.data + 1, s.len - 1};
    while (s.len && is_space(s.data[s.len - 1]))
        s.len--;
    return s;
}

// Nothing in it that could be written otherwise?
static bool is_tidy(struct str text) {
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.data[i] >= 0x80 || (text.data[i] == ' ' && text.data[i + 1] == ' '))
            return false;
    return true;
}

struct str str_tidy(struct str text, char room[STR_TIDY_MAX]) {
    const utf8proc_option_t how =
        UTF8PROC_COMPOSE | UTF8PROC_STABLE | UTF8PROC_IGNORE | UTF8PROC_LUMP;
    utf8proc_int32_t points[STR_TIDY_MAX];
    text = str_trim(text);
    if (text.len > STR_TIDY_MAX / 4 || is_tidy(text))
        return text;
    utf8proc_ssize_t n = utf8proc_decompose((const utf8proc_uint8_t *)text.data,
                                            (utf8proc_ssize_t)text.len, points, STR_TIDY_MAX, how);
    if (n >= 0 && n <= STR_TIDY_MAX)
        n = utf8proc_normalize_utf32(points, n, how);
    if (n < 0 || n > STR_TIDY_MAX)
        return text;
    size_t len = 0;
    for (utf8proc_ssize_t i = 0; i < n && len + 4 <= STR_TIDY_MAX; i++)
        if (points[i] != ' ' || (len && room[len - 1] != ' '))
            len += (size_t)utf8proc_encode_char(points[i], (utf8proc_uint8_t *)room + len);
    return str_trim((struct str){room, len});
}

bool str_split(struct str *rest, char sep, struct str *piece) {
    if (!rest->data)
        return false;
    const char *end = rest->len ? memchr(rest->data, sep, rest->len) : NULL;
    if (!end) {
        *piece = *rest;
        *rest = (struct str){NULL, 0};
        return true;
    }
    size_t len = (size_t)(end - rest->data);
    *piece = (struct str){rest->data, len};
    *rest = (struct str){end + 1, rest->len - len - 1};
    return true;
}

bool str_to_u64(struct str s, uint64_t max, uint64_t *value) {
    uint64_t v = 0;
    if (s.len == 0)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        if (s.data[i] < '0' || s.data[i] > '9')
            return false;
        uint64_t digit = (uint64_t)(s.data[i] - '0');
        if (v > (max - digit) / 10 || digit > max)
            return false;
        v = v * 10 + digit;
    }
    *value = v;
    return true;
}

bool str_is_clean_utf8(struct str s) {
    const utf8proc_uint8_t *p = (const utf8proc_uint8_t *)s.data;
    for (size_t at = 0; at < s.len;) {
        utf8proc_int32_t c;
        if (p[at] >= 0x20 && p[at] < 0x7f) { // nearly all there is
            at++;
            continue;
        }
        utf8proc_ssize_t n = utf8proc_iterate(p + at, (utf8proc_ssize_t)(s.len - at), &c);
        if (n <= 0 || c < 0x20 || (c >= 0x7f && c <= 0x9f))
            return false;
        at += (size_t)n;
    }
    return true;
}

void buf_init(struct buf *buf, size_t max) {
    *buf = (struct buf){.max = max};
}

void buf_free(struct buf *buf) {
    mem_wipe_free(buf->data);
    buf_init(buf, buf->max);
}

void buf_clear(struct buf *buf) {
    buf->len = 0;
    buf->overflow = false;
}

// Makes room for `more` bytes and one NUL behind them; false (and overflow) past the maximum.
static bool reserve(struct buf *buf, size_t more) {
    if (buf->overflow || more > buf->max - buf->len) {
        buf->overflow = true;
        return false;
    }
    if (buf->len + more + 1 > buf->cap) {
        size_t cap = buf->cap ? buf->cap * 2 : 64;
        if (cap < buf->len + more + 1)
            cap = buf->len + more + 1;
        buf->data = mem_wipe_realloc(buf->data, cap);
        buf->cap = cap;
    }
    return true;
}

void buf_reserve(struct buf *buf, size_t len) {
    (void)reserve(buf, len);
}

void buf_put_growing(struct buf *buf, const void *data, size_t len) {
    if (len && reserve(buf, len)) {
        memcpy(buf->data + buf->len, data, len);
        buf->len += len;
    }
}

void buf_put_str(struct buf *buf, struct str s) {
    buf_put(buf, s.data, s.len);
}

void buf_put_encoded(struct buf *buf, struct str text) {
    static const char unreserved[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                     "0123456789-._~";
    for (size_t i = 0; i < text.len; i++) {
        if (memchr(unreserved, text.data[i], sizeof unreserved - 1))
            buf_putc(buf, text.data[i]);
        else
            buf_printf(buf, "%%%02X", (unsigned)(unsigned char)text.data[i]);
    }
}

void buf_put_u64(struct buf *buf, uint64_t value) {
    char digits[20];
    size_t n = sizeof digits;
    do {
        digits[--n] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    buf_put(buf, digits + n, sizeof digits - n);
}

void buf_put_i64(struct buf *buf, int64_t value) {
    if (value < 0)
        buf_putc(buf, '-');
    buf_put_u64(buf, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void buf_printf(struct buf *buf, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (n > 0 && reserve(buf, (size_t)n)) {
        (void)vsnprintf(buf->data + buf->len, (size_t)n + 1, fmt, again);
        buf->len += (size_t)n;
    }
    va_end(again);
}

struct str buf_str(const struct buf *buf) {
    return (struct str){buf->data, buf->len};
}

char *buf_take(struct buf *buf) {
    if (buf->cap > buf->len) // it may have held more
        memset(buf->data + buf->len, 0, buf->cap - buf->len);
    char *data = mem_resize(buf->data, buf->len + 1, 1);
    data[buf->len] = '\0';
    buf_init(buf, buf->max);
    return data;
}

bool str_read_file(const char *path, size_t max, struct buf *out, struct err *err) {
    buf_init(out, max);
    FILE *f = fopen(path, "re");
    if (!f)
        return err_set(err, ERR_CONFIG, "%s: %s", path, strerror(errno));
    char piece[16384];
    size_t n;
    while ((n = fread(piece, 1, sizeof piece, f)) > 0)
        buf_put(out, piece, n);
    int cause = ferror(f) ? errno : 0;
    (void)fclose(f);
    if (!cause && !out->overflow)
        return true;
    bool too_large = out->overflow;
    buf_free(out);
    if (too_large)
        return err_set(err, ERR_INPUT, "%s: larger than %zu bytes", path, max);
    return err_set(err, ERR_CONFIG, "%s: cannot be read: %s", path, strerror(cause));
}

static bool is_word_char(utf8proc_int32_t c) {
    utf8proc_category_t cat = utf8proc_category(c);
    return (cat >= UTF8PROC_CATEGORY_LU && cat <= UTF8PROC_CATEGORY_LO) ||
           (cat >= UTF8PROC_CATEGORY_ND && cat <= UTF8PROC_CATEGORY_NO);
}

size_t str_fold(struct str word, char out[STR_FOLDED_MAX]) {
    enum { POINTS_MAX = STR_FOLDED_MAX * 2 };
    utf8proc_int32_t points[POINTS_MAX];
    const utf8proc_option_t how = UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_STRIPMARK |
                                  UTF8PROC_CASEFOLD | UTF8PROC_IGNORE;
    out[0] = '\0';
    if (word.len == 0 || word.len > POINTS_MAX)
        return 0;
    utf8proc_ssize_t n = utf8proc_decompose((const utf8proc_uint8_t *)word.data,
                                            (utf8proc_ssize_t)word.len, points, POINTS_MAX, how);
    if (n < 0 || n > POINTS_MAX)
        return 0;
    size_t len = 0;
    bool gap = false;
    for (utf8proc_ssize_t i = 0; i < n; i++) {
        if (!is_word_char(points[i])) {
            gap = len > 0;
            continue;
        }
        utf8proc_uint8_t bytes[4];
        size_t k = (size_t)utf8proc_encode_char(points[i], bytes);
        if (len + k + (gap ? 1 : 0) >= STR_FOLDED_MAX) {
            out[0] = '\0';
            return 0;
        }
        if (gap)
            out[len++] = ' ';
        gap = false;
        memcpy(out + len, bytes, k);
        len += k;
    }
    out[len] = '\0';
    return len;
}
