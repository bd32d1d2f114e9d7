// SPDX-License-Identifier: EUPL-1.2
// On libcsv, which is fed a line at a time: so lines are counted as an editor counts them, comments
// never reach it, and behind a broken record it begins anew at the next line. Its end is always
// strict, so that a text that was cut off inside quotes is not taken for whole. The reader owns the
// record under way; who is told borrows it.
#include "base/csv/csv.h"

#include "base/csv/csv_dialect.h"
#include "base/mem.h"

#include <csv.h>
#include <stdlib.h>
#include <string.h>

enum {
    GROW = 4096, // libcsv's buffer grows by this
    STRICT_END = CSV_REPALL_NL | CSV_STRICT | CSV_STRICT_FINI,
};

struct reader {
    const struct csv_options *options;
    bool (*fn)(void *ctx, const struct csv_record *record);
    void *ctx;
    bool stopped;
    // the record under way
    struct buf text; // its cells, one behind the other
    size_t *ends;    // of each cell in text
    size_t count, cap;
    size_t bytes; // as they came in
    bool too_long, broken, filled;
    bool open;     // its end has not been seen
    uint32_t line; // where it begins
    struct str *cells;
    size_t cells_cap;
};

// ="007" is how a spreadsheet is told that a number is text.
static struct str without_formula(struct str cell) {
    if (cell.len >= 3 && memcmp(cell.data, "=\"", 2) == 0 && cell.data[cell.len - 1] == '"')
        return (struct str){cell.data + 2, cell.len - 3};
    return cell;
}

static bool is_break(char c) {
    return c == '\n' || c == '\r' || c == '\t';
}

// In place. The new length.
static size_t fold_breaks(char *cell, size_t len) {
    size_t kept = 0;
    bool within = false;
    for (size_t i = 0; i < len; i++) {
        bool before = within;
        within = is_break(cell[i]);
        if (!within)
            cell[kept++] = cell[i];
        else if (!before)
            cell[kept++] = ' ';
    }
    return kept;
}

static void on_cell(void *data, size_t len, void *ctx) {
    struct reader *r = ctx;
    if (r->stopped)
        return;
    r->bytes += len + 1;
    if (r->options->fold_breaks)
        len = fold_breaks(data, len);
    struct str cell = without_formula((struct str){data, len});
    r->filled = r->filled || r->options->strict || str_trim(cell).len > 0;
    if (r->bytes > r->options->record_bytes_max)
        r->too_long = true;
    if (!r->too_long) {
        buf_put_str(&r->text, cell);
        r->ends = mem_grow(r->ends, r->count, &r->cap, sizeof *r->ends);
        r->ends[r->count++] = r->text.len;
    }
}

static void tell_record(struct reader *r) {
    struct csv_record record = {.line = r->line, .too_long = r->too_long, .broken = r->broken};
    size_t begin = 0;
    if (!r->too_long && !r->broken) {
        if (r->count > r->cells_cap) {
            r->cells_cap = r->cap;
            r->cells = mem_resize(r->cells, r->cells_cap, sizeof *r->cells);
        }
        for (size_t i = 0; i < r->count; begin = r->ends[i++])
            r->cells[i] =
                (struct str){r->text.data ? r->text.data + begin : "", r->ends[i] - begin};
        record.cells = r->cells;
        record.count = r->count;
    }
    r->stopped = !r->fn(r->ctx, &record);
}

// Called for blank lines as well.
static void on_row(int end, void *ctx) {
    struct reader *r = ctx;
    (void)end;
    if (r->filled && !r->stopped)
        tell_record(r);
    r->open = r->too_long = r->broken = r->filled = false;
    r->count = r->bytes = 0;
    buf_clear(&r->text);
}

// Cuts the first line off, with its end: "\n", "\r\n" or "\r". *lf is where the first "\n" stands,
// if it was looked for already: a text without any is searched once only.
static struct str take_line(struct str *text, const char **lf) {
    const char *begin = text->data, *end = begin + text->len;
    if (*lf < begin)
        *lf = memchr(begin, '\n', text->len);
    if (!*lf)
        *lf = end;
    const char *cr = memchr(begin, '\r', (size_t)(*lf - begin));
    const char *stop = cr && cr + 1 != *lf ? cr : *lf;
    size_t len = (size_t)(stop - begin) + (stop < end);
    *text = (struct str){begin + len, text->len - len};
    return (struct str){begin, len};
}

static bool parse_text(struct reader *r, struct csv_parser *parser, struct str text) {
    const char *lf = NULL;
    for (uint32_t line = r->line; text.len && !r->stopped; line++) {
        struct str piece = take_line(&text, &lf);
        if (!r->open) {
            r->line = line;
            if (r->options->strict && piece.data[0] == '#')
                continue;
        }
        r->open = true;
        if (csv_parse(parser, piece.data, piece.len, on_cell, on_row, r) < piece.len) {
            r->broken = true;
            (void)csv_fini(parser, on_cell, on_row, r);
        }
    }
    (void)csv_set_opts(parser, STRICT_END);
    return r->stopped || csv_fini(parser, on_cell, on_row, r) == 0;
}

bool csv_read(struct str text, const struct csv_options *options,
              bool (*fn)(void *ctx, const struct csv_record *record), void *ctx, uint32_t *line) {
    *line = 1;
    struct csv_dialect dialect = csv_dialect_of(text, options->separator);
    struct reader reader = {.options = options, .fn = fn, .ctx = ctx, .line = dialect.line};
    text = (struct str){text.data + dialect.begin, text.len - dialect.begin};
    buf_init(&reader.text, options->record_bytes_max);
    struct csv_parser parser;
    if (csv_init(&parser, options->strict ? CSV_REPALL_NL | CSV_STRICT : CSV_REPALL_NL) != 0)
        return false;
    csv_set_delim(&parser, (unsigned char)dialect.separator);
    csv_set_realloc_func(&parser, mem_wipe_realloc);
    csv_set_free_func(&parser, mem_wipe_free);
    csv_set_blk_size(&parser, GROW);
    bool whole = parse_text(&reader, &parser, text);
    *line = reader.line;
    csv_free(&parser);
    buf_free(&reader.text);
    free(reader.ends);
    free(reader.cells);
    return whole;
}
