// SPDX-License-Identifier: EUPL-1.2
// Writes CSV to the output of a verb. The writer remembers only whether a line has begun. A cell is
// cleaned before it is quoted: on a terminal it becomes what the terminal can show, in a file it
// loses its control characters. A cell that a spreadsheet would calculate begins with an
// apostrophe.
#include "ctl/query/csv_writer.h"

#include "ctl/term/format.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static char separator_of(const struct csv_writer *writer) {
    return writer->separator ? writer->separator : ',';
}

static void begin_cell(struct csv_writer *writer) {
    if (writer->begun)
        fputc(separator_of(writer), writer->term->out);
    writer->begun = true;
}

// Without control characters (C0, DEL and, in UTF-8, C1): no label has them for a good reason.
static char *strip(const char *text) {
    struct buf out;
    buf_init(&out, strlen(text));
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text, next = (unsigned char)text[1];
        if (c == 0xc2 && next >= 0x80 && next < 0xa0)
            text++;
        else if (c >= 0x20 && c != 0x7f)
            buf_putc(&out, *text);
    }
    return buf_take(&out);
}

// A terminal gets what it can show; a file gets the text as it is.
static char *clean_cell(const struct term_out *term, const char *text) {
    return term->terminal ? term_out_clean(term, text) : strip(text);
}

void csv_writer_put_text(struct csv_writer *writer, const char *text) {
    FILE *out = writer->term->out;
    begin_cell(writer);
    char *clean = clean_cell(writer->term, text ? text : "");
    bool formula = *clean && strchr("=+-@", *clean);
    bool quoted = strpbrk(clean, "\"") || strchr(clean, separator_of(writer)) || *clean == ' ';
    if (quoted)
        fputc('"', out);
    if (formula)
        fputc('\'', out);
    for (const char *c = clean; *c; c++) {
        if (*c == '"')
            fputc('"', out);
        fputc(*c, out);
    }
    if (quoted)
        fputc('"', out);
    free(clean);
}

void csv_writer_put_number(struct csv_writer *writer, int64_t value) {
    char text[FORMAT_MAX];
    format_count(value, text);
    begin_cell(writer);
    fputs(text, writer->term->out);
}

static void put_decimal(struct csv_writer *writer, int64_t value, int places, int64_t one) {
    int64_t size = value < 0 ? -value : value;
    begin_cell(writer);
    fprintf(writer->term->out, "%s%" PRId64 "%c%0*" PRId64, value < 0 ? "-" : "", size / one,
            separator_of(writer) == ',' ? '.' : ',', places, size % one);
}

void csv_writer_put_tenths(struct csv_writer *writer, int64_t tenths) {
    put_decimal(writer, tenths, 1, 10);
}

void csv_writer_put_hundredths(struct csv_writer *writer, int64_t hundredths) {
    put_decimal(writer, hundredths, 2, 100);
}

void csv_writer_put_real(struct csv_writer *writer, double value) {
    char text[FORMAT_MAX];
    (void)snprintf(text, sizeof text, "%.6g", value);
    char *point = strchr(text, '.');
    if (point && separator_of(writer) != ',')
        *point = ',';
    begin_cell(writer);
    fputs(text, writer->term->out);
}

void csv_writer_put_node(struct csv_writer *writer, const struct json_view *node,
                         const char *path) {
    const struct json_view *found = json_view_at(node, path);
    int64_t number;
    bool flag;
    if (json_view_number(found, "", &number)) {
        csv_writer_put_number(writer, number);
    } else if (json_view_bool(found, "", &flag)) {
        csv_writer_put_text(writer, flag ? "true" : "false");
    } else if (json_view_size(found)) {
        char *words = json_view_join(found);
        csv_writer_put_text(writer, words);
        free(words);
    } else {
        csv_writer_put_text(writer, json_view_text(found, ""));
    }
}

void csv_writer_end_row(struct csv_writer *writer) {
    fputs("\r\n", writer->term->out);
    writer->begun = false;
}

void csv_writer_put_titles(struct csv_writer *writer, const char *const *titles) {
    for (; *titles; titles++)
        csv_writer_put_text(writer, *titles);
    csv_writer_end_row(writer);
}
