// SPDX-License-Identifier: EUPL-1.2
// Finds out how a CSV text is written. The separator is looked for no further than where the first
// record with content may end, whichever candidate is the separator. So the text behind the first
// record has no say, and each piece that begins as the whole text does is read as the whole is.
#include "base/csv/csv_dialect.h"

#include <string.h>

static const char candidates[] = {',', ';', '\t'};
enum { CANDIDATES = sizeof candidates, ANY = CANDIDATES }; // ANY: all three are separators

static bool is_newline(char c) {
    return c == '\n' || c == '\r';
}

static bool may_end(const enum csv_state *states) {
    for (size_t k = 0; k < CANDIDATES; k++)
        if (states[k] != CSV_QUOTED)
            return true;
    return false;
}

// The candidate that stands most often outside quotes.
static char find_separator(struct str text) {
    enum csv_state states[CANDIDATES + 1] = {CSV_FIELD_START};
    size_t counts[CANDIDATES] = {0}, best = 0;
    bool content = false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (is_newline(c) && !content)
            continue;
        if (is_newline(c) && may_end(states))
            break;
        content = true;
        bool any = false;
        for (size_t k = 0; k < CANDIDATES; k++) {
            bool is_separator = c == candidates[k];
            any = any || is_separator;
            counts[k] += is_separator && states[ANY] != CSV_QUOTED;
            states[k] = csv_step(states[k], c, is_separator);
        }
        states[ANY] = csv_step(states[ANY], c, any);
    }
    for (size_t k = 1; k < CANDIDATES; k++)
        if (counts[k] > counts[best])
            best = k;
    return candidates[best];
}

// The length of Excel's own first line, which may be quoted: sep=;. 0 when there is none.
static size_t measure_separator_line(struct str text, char *separator) {
    size_t quote = text.len && text.data[0] == '"', len = 5 + 2 * quote;
    if (text.len <= len || !is_newline(text.data[len]) || is_newline(text.data[quote + 4]) ||
        !str_equal_nocase((struct str){text.data + quote, 4}, STR("sep=")) ||
        (quote && text.data[len - 1] != '"'))
        return 0;
    if (memchr(candidates, text.data[quote + 4], CANDIDATES))
        *separator = text.data[quote + 4];
    bool pair = text.data[len] == '\r' && len + 1 < text.len && text.data[len + 1] == '\n';
    return len + (pair ? 2 : 1);
}

struct csv_dialect csv_dialect_of(struct str text, char separator) {
    struct csv_dialect dialect = {.separator = separator, .line = 1};
    if (text.len >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0)
        dialect.begin = 3;
    struct str rest = {text.data + dialect.begin, text.len - dialect.begin};
    size_t len = measure_separator_line(rest, &dialect.separator);
    dialect.begin += len;
    dialect.line += len > 0;
    if (!dialect.separator)
        dialect.separator = find_separator((struct str){rest.data + len, rest.len - len});
    return dialect;
}
