// SPDX-License-Identifier: EUPL-1.2
#include "ctl/query/csv_writer.h"

#include "ctl/term/format.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void begin_cell(struct sheet *sheet) {
    if (sheet->begun)
        fputc(',', sheet->screen->out);
    sheet->begun = true;
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
static char *clean_cell(const struct screen *screen, const char *text) {
    return screen->terminal ? screen_clean(screen, text) : strip(text);
}

void sheet_put_text(struct sheet *sheet, const char *text) {
    FILE *out = sheet->screen->out;
    begin_cell(sheet);
    char *clean = clean_cell(sheet->screen, text ? text : "");
    bool formula = *clean && strchr("=+-@", *clean);
    bool quoted = strpbrk(clean, ",\"") || *clean == ' ';
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

void sheet_put_figure(struct sheet *sheet, int64_t value) {
    char text[FORMAT_MAX];
    format_count(value, text);
    begin_cell(sheet);
    fputs(text, sheet->screen->out);
}

void sheet_put_tenths(struct sheet *sheet, int64_t tenths) {
    int64_t size = tenths < 0 ? -tenths : tenths;
    begin_cell(sheet);
    fprintf(sheet->screen->out, "%s%" PRId64 ".%" PRId64, tenths < 0 ? "-" : "", size / 10,
            size % 10);
}

void sheet_put_node(struct sheet *sheet, const struct node *node, const char *path) {
    const struct node *found = node_at(node, path);
    int64_t number;
    bool flag;
    if (node_number(found, "", &number)) {
        sheet_put_figure(sheet, number);
    } else if (node_bool(found, "", &flag)) {
        sheet_put_text(sheet, flag ? "true" : "false");
    } else if (node_size(found)) {
        char *words = node_join(found);
        sheet_put_text(sheet, words);
        free(words);
    } else {
        sheet_put_text(sheet, node_text(found, ""));
    }
}

void sheet_end_row(struct sheet *sheet) {
    fputs("\r\n", sheet->screen->out);
    sheet->begun = false;
}

void sheet_put_titles(struct sheet *sheet, const char *const *titles) {
    for (; *titles; titles++)
        sheet_put_text(sheet, *titles);
    sheet_end_row(sheet);
}
