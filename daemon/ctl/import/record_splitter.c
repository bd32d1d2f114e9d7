// SPDX-License-Identifier: EUPL-1.2
// Finds where records end by quotes, separators and line ends alone, as the lenient CSV reader of
// the daemon does; so a piece that is cut here is read there as the same records. A record longer
// than the limit stops the splitting: a lost quote must not turn a whole file into one record. All
// that it returns points into the bytes of the caller, who keeps them.
#include "ctl/import/record_splitter.h"

#include <string.h>

static bool is_newline(char c) {
    return c == '\n' || c == '\r';
}

// The state of a field, as lenient readers of CSV see it: a quote only opens at a field's start,
// and what follows a closing quote, but for a separator or line end, is still inside.
enum field { FIELD_START, FIELD_PLAIN, FIELD_QUOTED, FIELD_CLOSING };

static enum field step(enum field field, char c, char separator) {
    bool space = c == ' ' || c == '\t';
    if (field != FIELD_QUOTED && c == separator)
        return FIELD_START;
    switch (field) {
    case FIELD_START:
        return c == '"' ? FIELD_QUOTED : space ? FIELD_START : FIELD_PLAIN;
    case FIELD_PLAIN:
        return FIELD_PLAIN;
    case FIELD_QUOTED:
        return c == '"' ? FIELD_CLOSING : FIELD_QUOTED;
    case FIELD_CLOSING:
        break;
    }
    return space ? FIELD_CLOSING : FIELD_QUOTED;
}

struct span {
    size_t len;   // with the line end
    size_t lines; // that end in it
    bool empty;   // separators, quotes and white space only
    bool ended;   // by a line end, or by the end of the bytes
};

static void end_span(struct span *span, struct str bytes) {
    bool pair = span->len + 1 < bytes.len && bytes.data[span->len] == '\r' &&
                bytes.data[span->len + 1] == '\n';
    span->len += pair ? 2 : 1;
    span->lines++;
    span->ended = true;
}

// The first record of `bytes`.
static struct span measure(struct str bytes, bool csv, char separator) {
    struct span span = {.empty = true};
    enum field field = FIELD_START;
    size_t max = bytes.len < RECORD_SPLITTER_RECORD_MAX ? bytes.len : RECORD_SPLITTER_RECORD_MAX;
    for (; span.len < max; span.len++) {
        char c = bytes.data[span.len];
        if (is_newline(c) && field != FIELD_QUOTED && (csv || c == '\n')) {
            end_span(&span, bytes);
            return span;
        }
        span.lines += c == '\n'; // in a quoted field
        bool nothing = c == ' ' || c == '\t' || is_newline(c) ||
                       (csv && (c == '"' || (c == separator && field != FIELD_QUOTED)));
        span.empty = span.empty && nothing;
        if (csv)
            field = step(field, c, separator);
    }
    span.ended = span.len == bytes.len;
    return span;
}

static struct span take(struct record_splitter *splitter, struct record_splitter_record *record) {
    struct span span = measure(splitter->rest, splitter->csv, splitter->separator);
    record->bytes = (struct str){splitter->rest.data, span.len};
    record->line = splitter->line;
    splitter->rest = (struct str){splitter->rest.data + span.len, splitter->rest.len - span.len};
    splitter->line += span.lines;
    return span;
}

// That which stands most often outside of quotes in the header line.
static char find_separator(struct str line) {
    static const char candidates[] = {',', ';', '\t'};
    size_t best = 0, best_count = 0;
    for (size_t i = 0; i < sizeof candidates; i++) {
        bool quoted = false;
        size_t count = 0;
        for (size_t k = 0; k < line.len && (quoted || !is_newline(line.data[k])); k++) {
            quoted = quoted != (line.data[k] == '"');
            count += !quoted && line.data[k] == candidates[i];
        }
        if (count > best_count) {
            best = i;
            best_count = count;
        }
    }
    return candidates[best];
}

// Excel's own first line: "sep=;".
static bool is_separator_line(struct str line) {
    line = str_trim(line);
    return line.len == 5 && memcmp(line.data, "sep=", 4) == 0;
}

static enum record_splitter_next take_head(struct record_splitter *splitter) {
    struct record_splitter_record record = {.bytes = {0}};
    const char *begin = splitter->rest.data;
    if (splitter->rest.len >= 3 && memcmp(begin, "\xef\xbb\xbf", 3) == 0)
        splitter->rest = (struct str){begin + 3, splitter->rest.len - 3};
    bool named = false;
    for (;;) {
        if (!named)
            splitter->separator = find_separator(splitter->rest);
        struct span span = take(splitter, &record);
        if (!span.ended)
            return RECORD_SPLITTER_TOO_LONG;
        if (!named && is_separator_line(record.bytes)) {
            splitter->separator = str_trim(record.bytes).data[4];
            named = true;
        } else if (!span.empty || splitter->rest.len == 0) {
            break;
        }
    }
    splitter->head = (struct str){begin, (size_t)(splitter->rest.data - begin)};
    splitter->head_lines = (size_t)(splitter->line - 1);
    return RECORD_SPLITTER_RECORD;
}

enum record_splitter_next record_splitter_init(struct record_splitter *splitter, struct str bytes,
                                               bool csv) {
    *splitter = (struct record_splitter){.rest = bytes, .line = 1, .csv = csv};
    return csv && bytes.len ? take_head(splitter) : RECORD_SPLITTER_RECORD;
}

enum record_splitter_next record_splitter_next(struct record_splitter *splitter,
                                               struct record_splitter_record *record) {
    while (splitter->rest.len) {
        struct span span = take(splitter, record);
        if (!span.ended)
            return RECORD_SPLITTER_TOO_LONG;
        if (!span.empty)
            return RECORD_SPLITTER_RECORD;
    }
    return RECORD_SPLITTER_END;
}
