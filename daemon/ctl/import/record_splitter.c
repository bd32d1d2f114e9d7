// SPDX-License-Identifier: EUPL-1.2
// Cuts a file between its records. Where a record of CSV ends is told by base/csv/csv_dialect, as
// the daemon's reader sees it. The head ends behind the first record that this reader gives, so
// that each piece, which begins with the head, has the header line that the whole file has.
#include "ctl/import/record_splitter.h"

#include "base/csv/csv.h"
#include "base/csv/csv_dialect.h"

static bool is_newline(char c) {
    return c == '\n' || c == '\r';
}

struct span {
    size_t len;   // with the line end
    size_t lines; // that end in it
    bool empty;   // separators, white space and quotes around these only
    bool ended;   // by a line end, or by the end of the bytes outside quotes
};

static bool is_pair(struct str bytes, size_t at) {
    return at + 1 < bytes.len && bytes.data[at] == '\r' && bytes.data[at + 1] == '\n';
}

static void end_span(struct span *span, struct str bytes) {
    span->len += is_pair(bytes, span->len) ? 2 : 1;
    span->lines++;
    span->ended = true;
}

// The first record of `bytes`.
static struct span measure(struct str bytes, bool csv, char separator) {
    struct span span = {.empty = true};
    enum csv_state state = CSV_FIELD_START;
    for (; span.len < bytes.len; span.len++) {
        char c = bytes.data[span.len];
        if (is_newline(c) && state != CSV_QUOTED && (csv || c == '\n')) {
            end_span(&span, bytes);
            return span;
        }
        if (state == CSV_PLAIN && c != separator)
            continue;                                                        // most bytes
        span.lines += c == '\n' || (c == '\r' && !is_pair(bytes, span.len)); // in quotes
        bool is_separator = csv && c == separator && state != CSV_QUOTED;
        bool around = csv && c == '"' && (state == CSV_FIELD_START || state == CSV_QUOTED);
        span.empty =
            span.empty && (c == ' ' || c == '\t' || is_newline(c) || is_separator || around);
        if (csv)
            state = csv_step(state, c, is_separator);
    }
    span.ended = state != CSV_QUOTED || span.len <= RECORD_SPLITTER_RECORD_MAX;
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

static bool note_content(void *ctx, const struct csv_record *record) {
    (void)record;
    *(bool *)ctx = true;
    return false;
}

// As the reader sees it. A record that looks like a text's first bytes is content, and so is what
// cannot be read: the daemon says why.
static bool has_content(struct str record, char separator) {
    const struct csv_options options = {.separator = separator,
                                        .record_bytes_max = RECORD_SPLITTER_RECORD_MAX};
    bool content = csv_dialect_of(record, separator).begin > 0;
    uint32_t line;
    return content || !csv_read(record, &options, note_content, &content, &line) || content;
}

static enum record_splitter_step take_head(struct record_splitter *splitter) {
    struct record_splitter_record record;
    struct str bytes = splitter->rest;
    struct csv_dialect dialect = csv_dialect_of(bytes, 0);
    splitter->separator = dialect.separator;
    splitter->rest = (struct str){bytes.data + dialect.begin, bytes.len - dialect.begin};
    splitter->line = dialect.line;
    for (bool found = false; splitter->rest.len && !found;) {
        struct span span = take(splitter, &record);
        if (!span.ended || span.len > RECORD_SPLITTER_RECORD_MAX)
            return RECORD_SPLITTER_TOO_LONG;
        found = !span.empty && has_content(record.bytes, dialect.separator);
    }
    splitter->head = (struct str){bytes.data, (size_t)(splitter->rest.data - bytes.data)};
    splitter->head_lines = (size_t)(splitter->line - 1);
    return RECORD_SPLITTER_RECORD;
}

enum record_splitter_step record_splitter_extend_head(struct record_splitter *splitter,
                                                      size_t records) {
    struct record_splitter_record record;
    const char *begin = splitter->head.data;
    uint64_t line = splitter->line;
    for (size_t i = 0; i < records; i++)
        if (record_splitter_next(splitter, &record) != RECORD_SPLITTER_RECORD)
            return RECORD_SPLITTER_END;
    splitter->head = (struct str){begin, (size_t)(splitter->rest.data - begin)};
    splitter->head_lines += (size_t)(splitter->line - line);
    return RECORD_SPLITTER_RECORD;
}

enum record_splitter_step record_splitter_init(struct record_splitter *splitter, struct str bytes,
                                               bool csv) {
    *splitter = (struct record_splitter){.rest = bytes, .line = 1, .csv = csv};
    return csv && bytes.len ? take_head(splitter) : RECORD_SPLITTER_RECORD;
}

enum record_splitter_step record_splitter_next(struct record_splitter *splitter,
                                               struct record_splitter_record *record) {
    while (splitter->rest.len) {
        struct span span = take(splitter, record);
        if (!span.ended)
            return RECORD_SPLITTER_UNCLOSED;
        record->too_long = span.len > RECORD_SPLITTER_RECORD_MAX;
        if (!span.empty)
            return RECORD_SPLITTER_RECORD;
    }
    return RECORD_SPLITTER_END;
}
