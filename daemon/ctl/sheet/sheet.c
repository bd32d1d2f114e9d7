// SPDX-License-Identifier: EUPL-1.2
// What is in a workbook. The converter runs twice: for the names of the sheets, which stand at the
// begin of gnumeric's own form, and for a CSV file of each. "format=automatic" keeps all digits of
// a number and writes dates as they are, in whichever epoch; only the separators of these are not
// ours yet. The private directory is removed on every way out.
#include "base/csv/csv_dialect.h"
#include "base/mem.h"
#include "sheet_private.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONVERTER "/usr/bin/ssconvert"
#define FIRST_LINE "sep=;\n"

enum { SECONDS_MAX = 60, INDEX_BYTES_MAX = 64 << 10, OPEN_FILES = 8, DATE_LEN = 10 };

struct sheets {
    char names[SHEETS_MAX][SHEET_NAME_MAX];
    struct buf csv[SHEETS_MAX];
    size_t count, filled; // filled: those with something in them
};

static void decode_entities(struct str text, char out[SHEET_NAME_MAX]) {
    static const struct {
        struct str entity;
        char c;
    } entities[] = {
        {{"&amp;", 5}, '&'},  {{"&lt;", 4}, '<'},    {{"&gt;", 4}, '>'},
        {{"&quot;", 6}, '"'}, {{"&apos;", 6}, '\''}, {{"&#39;", 5}, '\''},
    };
    size_t len = 0;
    for (size_t i = 0, step; i < text.len && len < SHEET_NAME_MAX - 1; i += step) {
        char c = text.data[i];
        step = 1;
        for (size_t k = 0; c == '&' && k < sizeof entities / sizeof *entities; k++) {
            struct str entity = entities[k].entity;
            if (text.len - i >= entity.len && memcmp(text.data + i, entity.data, entity.len) == 0) {
                c = entities[k].c;
                step = entity.len;
            }
        }
        out[len++] = c;
    }
    out[len] = '\0';
    for (char *c = out; *c && !str_is_clean_utf8(str_from(out)); c++)
        if (*c < ' ' || *c > '~')
            *c = '?';
}

// False when these are not the names of at most SHEETS_MAX sheets.
static bool read_names(const char *text, struct sheets *sheets) {
    static const char begin[] = "<gnm:SheetName ", end[] = "</gnm:SheetName>";
    for (const char *at = strstr(text, begin), *to; at; at = strstr(to, begin)) {
        at = strchr(at, '>');
        to = at ? strstr(at, end) : NULL;
        if (!to || sheets->count == SHEETS_MAX)
            return false;
        decode_entities((struct str){at + 1, (size_t)(to - at - 1)},
                        sheets->names[sheets->count++]);
    }
    return sheets->count > 0 && strstr(text, "</gnm:SheetNameIndex>");
}

static bool read_index(const struct sheet_place *place, struct sheets *sheets) {
    char path[PATH_MAX + 16], text[INDEX_BYTES_MAX + 1];
    (void)snprintf(path, sizeof path, "%s/index", place->dir);
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    text[fread(text, 1, INDEX_BYTES_MAX, file)] = '\0';
    (void)fclose(file);
    return read_names(text, sheets);
}

static bool is_date(const char *text, size_t len) {
    for (size_t i = 0; i < DATE_LEN; i++)
        if (i >= len || (i == 4 || i == 7 ? text[i] != '/' : text[i] < '0' || text[i] > '9'))
            return false;
    return len == DATE_LEN || strchr(";\n\" ", text[DATE_LEN]);
}

bool sheet_tidy(char *csv, size_t len) {
    enum csv_state state = CSV_FIELD_START;
    bool filled = false;
    for (size_t i = 0; i < len; i++) {
        bool at_break = csv[i] == '\n' || csv[i] == '\r';
        size_t cell = i + (csv[i] == '"'); // where its text begins, at the start of a field
        if (state == CSV_FIELD_START && is_date(csv + cell, len - cell))
            csv[cell + 4] = csv[cell + 7] = '-';
        if (at_break && state == CSV_QUOTED)
            csv[i] = ' ';
        filled = filled || !strchr(";\"\r\n\t ", csv[i]);
        state = at_break && state != CSV_QUOTED ? CSV_FIELD_START
                                                : csv_step(state, csv[i], csv[i] == ';');
    }
    return filled;
}

static bool read_sheet(const struct sheet_place *place, size_t number, struct buf *csv) {
    char path[PATH_MAX + 32];
    struct buf bytes;
    struct err err;
    (void)snprintf(path, sizeof path, "%s/sheet.%zu", place->dir, number);
    if (!str_read_file(path, SHEET_BYTES_MAX, &bytes, &err))
        return false;
    if (sheet_tidy(bytes.data, bytes.len)) {
        buf_init(csv, SHEET_BYTES_MAX + sizeof FIRST_LINE);
        buf_puts(csv, FIRST_LINE);
        buf_put_str(csv, buf_str(&bytes));
    }
    buf_free(&bytes);
    return true;
}

static const char *importer_of(enum door_book kind) {
    return kind == DOOR_XLSX  ? "Gnumeric_Excel:xlsx"
           : kind == DOOR_XLS ? "Gnumeric_Excel:excel"
           : kind == DOOR_ODS ? "Gnumeric_OpenCalc:openoffice"
                              : "Gnumeric_Excel:excel_xml";
}

// The index may be all there is of a large file: what is behind it does not matter.
static bool convert(const struct sheet_place *place, const char *converter, enum door_book kind,
                    struct sheets *sheets) {
    char *program = mem_strdup(converter), *importer = mem_strdup(importer_of(kind));
    char *index[] = {program, "-I", importer, "-T", "Gnumeric_XmlIO:sax:0", "book", "fd://1", NULL};
    char *csv[] = {program, "-S",
                   "-I",    importer,
                   "-T",    "Gnumeric_stf:stf_assistant",
                   "-O",    "format=automatic separator=;",
                   "book",  "sheet.%n",
                   NULL};
    (void)sheet_run(place, index, "index");
    bool ok = read_index(place, sheets) && sheet_run(place, csv, NULL);
    for (size_t i = 0; ok && i < sheets->count; i++) {
        ok = read_sheet(place, i, &sheets->csv[i]);
        sheets->filled += sheets->csv[i].len > 0;
    }
    free(program);
    free(importer);
    return ok;
}

static bool write_book(const struct sheet_place *place, struct str book) {
    char path[PATH_MAX + 16];
    (void)snprintf(path, sizeof path, "%s/book", place->dir);
    FILE *file = fopen(path, "wxe");
    bool ok = file && fwrite(book.data, 1, book.len, file) == book.len;
    return file && fclose(file) == 0 && ok;
}

static int remove_one(const char *path, const struct stat *stat, int type, struct FTW *walk) {
    (void)stat;
    (void)type;
    (void)walk;
    return remove(path);
}

static bool make_place(struct sheet_place *place, const struct sheet_options *options) {
    const char *parent = getenv("TMPDIR");
    place->seconds = options->seconds_max ? options->seconds_max : SECONDS_MAX;
    sigemptyset(&place->held);
    sigaddset(&place->held, SIGINT);
    sigaddset(&place->held, SIGTERM);
    sigaddset(&place->held, SIGHUP);
    int len = snprintf(place->dir, sizeof place->dir, "%s/signaalctl-XXXXXX",
                       parent && *parent == '/' ? parent : "/tmp");
    (void)sigprocmask(SIG_BLOCK, &place->held, &place->before);
    return len > 0 && (size_t)len < sizeof place->dir && mkdtemp(place->dir);
}

static bool tell_names(const struct sheets *sheets, const char *why, struct err *err) {
    char list[sizeof err->text] = "";
    for (size_t i = 0; i < sheets->count; i++) {
        size_t len = strlen(list);
        if (sheets->csv[i].len)
            (void)snprintf(list + len, sizeof list - len, "%s\"%s\"", len ? ", " : "",
                           sheets->names[i]);
    }
    return err_set(err, ERR_CONFIG, "%s; say --sheet NAME. These have something in them: %s", why,
                   list[0] ? list : "none");
}

static bool is_wanted(const struct sheet_options *options, const struct sheets *sheets, size_t i) {
    struct str name = str_trim(str_from(sheets->names[i]));
    if (sheets->csv[i].len == 0)
        return false;
    if (options->name)
        return str_equal_nocase(name, str_trim(str_from(options->name)));
    return sheets->filled == 1 || options->fits(options->ctx, buf_str(&sheets->csv[i]));
}

static bool choose(struct sheets *sheets, const struct sheet_options *options, struct sheet *sheet,
                   struct err *err) {
    size_t found = 0, at = 0;
    for (size_t i = 0; i < sheets->count; i++)
        if (is_wanted(options, sheets, i)) {
            found++;
            at = i;
        }
    if (found != 1)
        return tell_names(sheets,
                          options->name ? "it has no such sheet"
                          : found       ? "several sheets have the header line of the template"
                                        : "no sheet has the header line of the template",
                          err);
    sheet->csv = sheets->csv[at];
    sheets->csv[at] = (struct buf){0};
    memcpy(sheet->name, sheets->names[at], sizeof sheet->name);
    sheet->chosen = sheets->filled > 1;
    return true;
}

bool sheet_read(struct str book, enum door_book kind, const struct sheet_options *options,
                struct sheet *sheet, struct err *err) {
    const char *converter = options->converter ? options->converter : CONVERTER;
    struct sheets *sheets = mem_zalloc(1, sizeof *sheets);
    struct sheet_place place;
    bool ok = false;
    *sheet = (struct sheet){0};
    if (access(converter, X_OK) != 0) {
        free(sheets);
        return err_set(err, ERR_RETRY, "install gnumeric, or save the sheet as CSV");
    }
    bool made = make_place(&place, options);
    if (!made || !write_book(&place, book))
        (void)err_set(err, ERR_RETRY, "there is no room for temporary files: %s", strerror(errno));
    else if (!convert(&place, converter, kind, sheets))
        (void)err_set(err, ERR_INPUT,
                      "gnumeric cannot read it within a minute, 2 GiB of memory, %d sheets and %d "
                      "MiB a sheet: save the sheet as CSV",
                      SHEETS_MAX, SHEET_BYTES_MAX >> 20);
    else
        ok = true;
    if (made)
        (void)nftw(place.dir, remove_one, OPEN_FILES, FTW_DEPTH | FTW_PHYS);
    (void)sigprocmask(SIG_SETMASK, &place.before, NULL);
    ok = ok && choose(sheets, options, sheet, err);
    for (size_t i = 0; i < sheets->count; i++)
        buf_free(&sheets->csv[i]);
    free(sheets);
    return ok;
}
