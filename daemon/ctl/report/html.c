// SPDX-License-Identifier: EUPL-1.2
#include "html.h"

#define MINUS "\u2212"
#define NARROW_SPACE "\u202f" // does not break

static const char *escape(char c) {
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void html_put_text(struct buf *page, const char *text) {
    for (; text && *text; text++) {
        const char *escaped = escape(*text);
        unsigned char c = (unsigned char)*text;
        if (escaped)
            buf_puts(page, escaped);
        else
            buf_putc(page, c < 0x20 || c == 0x7f ? ' ' : *text);
    }
}

static void put_grouped(struct buf *page, uint64_t value) {
    if (value < 1000) {
        buf_put_u64(page, value);
        return;
    }
    put_grouped(page, value / 1000);
    buf_printf(page, ",%03u", (unsigned)(value % 1000));
}

static uint64_t magnitude(int64_t value) {
    return value < 0 ? -(uint64_t)value : (uint64_t)value;
}

void html_put_count(struct buf *page, int64_t value) {
    if (value < 0)
        buf_puts(page, MINUS);
    put_grouped(page, magnitude(value));
}

void html_put_change(struct buf *page, int64_t value) {
    if (value > 0)
        buf_putc(page, '+');
    html_put_count(page, value);
}

void html_put_percent(struct buf *page, int64_t tenths) {
    uint64_t size = magnitude(tenths);
    buf_puts(page, tenths > 0 ? "+" : tenths < 0 ? MINUS : "");
    if (size < 100 && size % 10)
        buf_printf(page, "%u.%u", (unsigned)(size / 10), (unsigned)(size % 10));
    else
        put_grouped(page, (size + 5) / 10);
    buf_puts(page, NARROW_SPACE "%");
}
