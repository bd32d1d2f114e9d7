// SPDX-License-Identifier: EUPL-1.2
// Complaints, and what is looked for in every YAML file: keys that are there twice, and the word
// that was probably meant.
#include "config/text/diagnostics.h"

#include "base/time.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { BYTES_MAX = 1024 * 1024 };

void diagnostics_init(struct diagnostics *faults) {
    *faults = (struct diagnostics){0};
    buf_init(&faults->text, BYTES_MAX);
}

void diagnostics_free(struct diagnostics *faults) {
    if (faults)
        buf_free(&faults->text);
}

// In one piece, so that at the maximum no half line is left.
void diagnostics_add(struct diagnostics *faults, const char *file, size_t line, const char *fmt,
                     ...) {
    char text[DIAGNOSTIC_MAX + 64], where[32] = "";
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (line)
        (void)snprintf(where, sizeof where, ":%zu", line);
    buf_printf(&faults->text, "%s%s%s%s\n", file ? file : "", where, file ? ": " : "", text);
    faults->count++;
}

// An operator may have pasted a number of somebody's, parted in any way: what is not parted is
// found by its form. Who put it there sees it at the line that is named.
static bool may_be_a_number(struct str text) {
    enum { DIGITS = 8 };
    size_t digits = 0, first = 0, end = 0;
    int32_t day;
    const char *port = text.len ? memchr(text.data, ':', text.len) : NULL;
    bool is_address = port && strspn(text.data, "0123456789.") == (size_t)(port - text.data);
    if (is_address || time_parse_date(text, &day))
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] >= '0' && text.data[i] <= '9') {
            first = digits++ ? first : i;
            end = i + 1;
        }
    return digits >= DIGITS && end - first > digits;
}

bool diagnostics_pass_over(struct diagnostics *faults, const struct err *err) {
    bool passed = faults->by_hand && err->kind == ERR_RETRY;
    faults->passed_over += passed;
    return passed;
}

const char *diagnostics_quote(struct str text, char out[DIAGNOSTIC_QUOTE_MAX]) {
    static const char more[] = "…";
    const size_t room = DIAGNOSTIC_QUOTE_MAX - sizeof more - 2; // two quotes and the NUL
    bool clean = str_is_clean_utf8(text), cut = text.len > room;
    size_t len = cut ? room : text.len, at = 0;
    while (cut && len > 0 && ((unsigned char)text.data[len] & 0xc0) == 0x80)
        len--;
    bool hides = may_be_a_number(text);
    out[at++] = '"';
    for (size_t i = 0; i < len; i++) {
        char c = text.data[i];
        if (hides && c >= '0' && c <= '9')
            c = 'x';
        out[at++] = clean || (c >= ' ' && c <= '~') ? c : '?';
    }
    if (cut) {
        memcpy(out + at, more, sizeof more - 1);
        at += sizeof more - 1;
    }
    out[at++] = '"';
    out[at] = '\0';
    return out;
}

static size_t min2(size_t a, size_t b) {
    return a < b ? a : b;
}

// Levenshtein's distance; `a` and `b` have at most WORD_MAX bytes.
enum { WORD_MAX = 40, NEAR = 2 };
static size_t distance(struct str a, struct str b) {
    size_t row[WORD_MAX + 1];
    for (size_t j = 0; j <= b.len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t swap = diagonal + (a.data[i - 1] == b.data[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = min2(swap, min2(row[j], row[j - 1]) + 1);
        }
    }
    return row[b.len];
}

bool closest_name(struct str word, const char *name, size_t *best) {
    if (word.len > WORD_MAX)
        return false;
    size_t d = distance(word, str_from(name));
    if (d > NEAR || d >= *best || d >= word.len)
        return false;
    *best = d;
    return true;
}

void diagnostics_each_entry(struct diagnostics *faults, const char *file, const char *section,
                            const struct yaml_node *map, size_t entries_max,
                            void (*fn)(void *ctx, const struct yaml_node *key,
                                       const struct yaml_node *value),
                            void *ctx) {
    const char *colon = section ? ": " : "";
    section = section ? section : "";
    if (map->count > entries_max) {
        diagnostics_add(faults, file, map->line, "%s%smore than %zu keys in one place", section,
                        colon, entries_max);
        return;
    }
    for (const struct yaml_entry *e = map->entries; e < map->entries + map->count; e++) {
        char shown[DIAGNOSTIC_QUOTE_MAX];
        const struct yaml_node *first;
        if (e->key->kind != YAML_TEXT)
            diagnostics_add(faults, file, e->key->line, "a key is a word");
        else if ((first = yaml_tree_earlier(map, e)))
            diagnostics_add(faults, file, e->key->line, "%s%s%s is already there in line %zu",
                            section, colon, diagnostics_quote(e->key->text, shown), first->line);
        else
            fn(ctx, e->key, e->value);
    }
}
