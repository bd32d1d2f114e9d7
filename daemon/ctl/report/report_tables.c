// SPDX-License-Identifier: EUPL-1.2
// The tables of the page as CSV, a file each beside it. They are made of the page's document and of
// nothing else, so no more is in them than in the page. A spreadsheet opens them as they are: UTF-8
// with a byte order mark, and in Dutch semicolons and decimal commas. Codes are those of the
// field, as in --csv of other verbs.
#include "ctl/query/csv_writer.h"
#include "report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct report_tables {
    const struct report *report;
    const char *path;            // of the page
    const struct json_view *doc; // owned by report_write_tables
    // The table under way:
    struct term_out term;
    struct csv_writer writer;
    char *bytes;
    size_t size;
};

// In English and in Dutch.
enum report_word {
    W_YEAR,
    W_MONTH,
    W_SIGNALS,
    W_PERSONS,
    W_CHANGE,
    W_PERCENT,
    W_BEYOND,
    W_CODE,
    W_NAME,
    W_INHABITANTS,
    W_RATE,
    W_MUNICIPALITY,
    W_PROVINCE,
    W_LAST,
    W_CONNECTED,
    W_SIZE,
    W_MUNICIPALITIES,
    W_SIGNALLING,
    W_SILENT,
    W_NEVER,
    W_OFFICIAL,
    W_POLICY,
    W_ALL,
};
static const char *const words[][2] = {
    [W_YEAR] = {"year", "jaar"},
    [W_MONTH] = {"month", "maand"},
    [W_SIGNALS] = {"signals", "signalen"},
    [W_PERSONS] = {"persons", "personen"},
    [W_CHANGE] = {"change", "verschil"},
    [W_PERCENT] = {"percent", "procent"},
    [W_BEYOND] = {"beyondChance", "meerDanToeval"},
    [W_CODE] = {"code", "code"},
    [W_NAME] = {"name", "naam"},
    [W_INHABITANTS] = {"inhabitants", "inwoners"},
    [W_RATE] = {"per100000", "per100000"},
    [W_MUNICIPALITY] = {"municipality", "gemeente"},
    [W_PROVINCE] = {"province", "provincie"},
    [W_LAST] = {"lastSignal", "laatsteSignaal"},
    [W_CONNECTED] = {"connected", "aangesloten"},
    [W_SIZE] = {"sizeClass", "grootteklasse"},
    [W_MUNICIPALITIES] = {"municipalities", "gemeenten"},
    [W_SIGNALLING] = {"signalling", "signaleerden"},
    [W_SILENT] = {"silent", "stilgevallen"},
    [W_NEVER] = {"never", "nooit"},
    [W_OFFICIAL] = {"official", "aandachtsfunctionaris"},
    [W_POLICY] = {"policy", "beleid"},
    [W_ALL] = {"allThree", "alleDrie"},
};

static void put_word(struct report_tables *tables, enum report_word word) {
    csv_writer_put_text(&tables->writer, words[word][tables->report->dutch]);
}

static void put_count(struct report_tables *tables, int64_t value) {
    char text[32];
    if (value >= tables->report->rounding) {
        csv_writer_put_number(&tables->writer, value);
        return;
    }
    (void)snprintf(text, sizeof text, "<%lld", (long long)tables->report->rounding);
    csv_writer_put_text(&tables->writer, text);
}

static void put_year(struct report_tables *tables, int64_t year) {
    char text[32];
    (void)snprintf(text, sizeof text, "%lld", (long long)year);
    csv_writer_put_text(&tables->writer, text);
}

// Change, percent and whether it is more than chance; empty where nothing was before.
static void put_change(struct report_tables *tables, const struct json_view *node) {
    int64_t tenths;
    csv_writer_put_node(&tables->writer, node, "change");
    if (json_view_number(node, "tenths", &tenths))
        csv_writer_put_tenths(&tables->writer, tenths);
    else
        csv_writer_put_text(&tables->writer, NULL);
    csv_writer_put_node(&tables->writer, node, "beyondChance");
}

static void put_change_titles(struct report_tables *tables) {
    put_word(tables, W_CHANGE);
    put_word(tables, W_PERCENT);
    put_word(tables, W_BEYOND);
}

// --- the tables ---

static void put_years(struct report_tables *tables, const char *name) {
    const struct json_view *years = json_view_at(tables->doc, name);
    bool rounded = tables->report->rounding > 0;
    put_word(tables, W_YEAR);
    put_word(tables, W_SIGNALS);
    if (!rounded) {
        put_word(tables, W_PERSONS);
        put_change_titles(tables);
    }
    csv_writer_end_row(&tables->writer);
    for (size_t i = 0; i < json_view_size(years); i++) {
        const struct json_view *year = json_view_item(years, i);
        if (rounded) {
            put_year(tables, report_number(tables->doc, "firstYear") + (int64_t)i);
            put_count(tables, report_number(year, ""));
        } else {
            csv_writer_put_node(&tables->writer, year, "period");
            put_count(tables, report_number(year, "signals"));
            csv_writer_put_node(&tables->writer, year, "persons");
            put_change(tables, year);
        }
        csv_writer_end_row(&tables->writer);
    }
}

// Is the month over in the rounded statistics? Those that are not yet are not told at all.
static bool is_closed(const struct report_tables *tables, int64_t month) {
    return month <= report_number(tables->doc, "closedYear") * 12 +
                        report_number(tables->doc, "closedMonth") - 1;
}

static void put_months(struct report_tables *tables, const char *name) {
    const struct json_view *months = json_view_at(tables->doc, name);
    int64_t first = report_number(tables->doc, "from") * 12;
    put_word(tables, W_MONTH);
    put_word(tables, W_SIGNALS);
    csv_writer_end_row(&tables->writer);
    for (size_t i = 0; i < json_view_size(months); i++) {
        const struct json_view *month = json_view_item(months, i);
        int64_t at = first + (int64_t)i;
        char text[32];
        (void)snprintf(text, sizeof text, "%lld-%02lld", (long long)at / 12,
                       (long long)at % 12 + 1);
        if (tables->report->rounding && !is_closed(tables, at))
            return;
        const char *period = json_view_text(month, "period");
        csv_writer_put_text(&tables->writer, period ? period : text);
        put_count(tables, report_number(month, tables->report->rounding ? "" : "signals"));
        csv_writer_end_row(&tables->writer);
    }
}

static void put_rate(struct report_tables *tables, int64_t signals, int64_t inhabitants) {
    if (inhabitants > 0) {
        csv_writer_put_number(&tables->writer, inhabitants);
        csv_writer_put_hundredths(&tables->writer,
                                  (signals * 10000000 + inhabitants / 2) / inhabitants);
    } else {
        csv_writer_put_text(&tables->writer, NULL);
        csv_writer_put_text(&tables->writer, NULL);
    }
}

static const char *province_name(const char *code) {
    static const char *const names[] = {
        "Groningen", "Fryslân",       "Drenthe",      "Overijssel", "Flevoland",     "Gelderland",
        "Utrecht",   "Noord-Holland", "Zuid-Holland", "Zeeland",    "Noord-Brabant", "Limburg"};
    uint64_t number;
    bool known = code && strncmp(code, "PV", 2) == 0 &&
                 str_to_u64(str_from(code + 2), 31, &number) && number >= 20;
    return known ? names[number - 20] : NULL;
}

static void put_dimension(struct report_tables *tables, const char *name) {
    const struct json_view *lines = json_view_at(json_view_at(tables->doc, "dimensions"), name);
    bool before = !tables->report->rounding && json_view_flag(tables->doc, "hasBefore");
    bool regions = json_view_at(json_view_item(lines, 0), "inhabitants");
    bool provinces = strcmp(name, "province") == 0;
    put_word(tables, W_CODE);
    if (provinces)
        put_word(tables, W_NAME);
    for (int64_t year = report_number(tables->doc, "from"); year <= tables->report->year; year++)
        put_year(tables, year);
    if (before)
        put_change_titles(tables);
    if (regions) {
        put_word(tables, W_INHABITANTS);
        put_word(tables, W_RATE);
    }
    csv_writer_end_row(&tables->writer);
    for (size_t i = 0; i < json_view_size(lines); i++) {
        const struct json_view *line = json_view_item(lines, i),
                               *years = json_view_at(line, "years");
        int64_t last = 0;
        csv_writer_put_node(&tables->writer, line, "code");
        if (provinces)
            csv_writer_put_text(&tables->writer, province_name(json_view_text(line, "code")));
        for (size_t k = 0; k < json_view_size(years); k++)
            put_count(tables, last = report_number(json_view_item(years, k), ""));
        if (before)
            put_change(tables, line);
        if (regions)
            put_rate(tables, last, report_number(line, "inhabitants"));
        csv_writer_end_row(&tables->writer);
    }
}

static void put_groups(struct report_tables *tables, const char *name) {
    static const char *const keys[] = {"municipalities", "signalling", "silent", "never",
                                       "official",       "policy",     "all"};
    const struct json_view *rows = json_view_at(json_view_at(tables->doc, "coverage"), name);
    put_word(tables, strcmp(name, "provinces") == 0 ? W_PROVINCE : W_SIZE);
    for (int word = W_MUNICIPALITIES; word <= W_ALL; word++)
        put_word(tables, (enum report_word)word);
    csv_writer_end_row(&tables->writer);
    for (size_t i = 0; i < json_view_size(rows); i++) {
        csv_writer_put_node(&tables->writer, json_view_item(rows, i), "name");
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
            csv_writer_put_node(&tables->writer, json_view_item(rows, i), keys[k]);
        csv_writer_end_row(&tables->writer);
    }
}

// Those that fell silent with the month of their last signal, or that never signalled.
static void put_municipalities(struct report_tables *tables, const char *name) {
    const struct json_view *provinces =
        json_view_at(json_view_at(tables->doc, "coverage"), "provinces");
    bool silent = strcmp(name, "silentList") == 0;
    put_word(tables, W_MUNICIPALITY);
    put_word(tables, W_PROVINCE);
    put_word(tables, W_INHABITANTS);
    put_word(tables, silent ? W_LAST : W_CONNECTED);
    csv_writer_end_row(&tables->writer);
    for (size_t p = 0; p < json_view_size(provinces); p++) {
        const struct json_view *list = json_view_at(json_view_item(provinces, p), name);
        for (size_t i = 0; i < json_view_size(list); i++) {
            const struct json_view *one = json_view_item(list, i);
            csv_writer_put_node(&tables->writer, one, "name");
            csv_writer_put_node(&tables->writer, json_view_item(provinces, p), "name");
            csv_writer_put_node(&tables->writer, one, "inhabitants");
            csv_writer_put_node(&tables->writer, one, silent ? "lastSignal" : "connected");
            csv_writer_end_row(&tables->writer);
        }
    }
}

// --- the files ---

static const struct table_kind {
    const char *name; // of the file
    const char *key;  // in the document
    void (*put)(struct report_tables *tables, const char *key);
    bool exact_only;
} kinds[] = {
    {"years", "years", put_years, false},
    {"months", "months", put_months, false},
    {"category", "category", put_dimension, false},
    {"province", "province", put_dimension, false},
    {"police-unit", "policeUnit", put_dimension, false},
    {"gender", "gender", put_dimension, false},
    {"age-group", "ageGroup", put_dimension, false},
    {"citizenship", "citizenship", put_dimension, false},
    {"source-kind", "sourceKind", put_dimension, false},
    {"status", "status", put_dimension, true},
    {"coverage-province", "provinces", put_groups, true},
    {"coverage-size-class", "sizeClasses", put_groups, true},
    {"silent", "silentList", put_municipalities, true},
    {"never-signalled", "neverList", put_municipalities, true},
};

static char *file_name(const struct report_tables *tables, const char *name) {
    struct str page = str_from(tables->path), end = STR(".html");
    struct buf out;
    if (page.len > end.len && memcmp(page.data + page.len - end.len, end.data, end.len) == 0)
        page.len -= end.len;
    buf_init(&out, page.len + REPORT_TABLE_NAME_MAX);
    buf_put_str(&out, page);
    buf_printf(&out, "-%s.csv", name);
    return buf_take(&out);
}

static enum ctl_exit write_table(struct report_tables *tables, const struct table_kind *kind) {
    tables->term = (struct term_out){.out = open_memstream(&tables->bytes, &tables->size)};
    tables->writer =
        (struct csv_writer){.term = &tables->term, .separator = tables->report->dutch ? ';' : ','};
    if (!tables->term.out)
        return ctl_fail("there is no memory for a table");
    fputs("\xef\xbb\xbf", tables->term.out);
    kind->put(tables, kind->key);
    enum ctl_exit result = CTL_FAILED;
    if (fclose(tables->term.out) == 0) {
        char *name = file_name(tables, kind->name);
        result = report_write_file(name, (struct str){tables->bytes, tables->size});
        free(name);
    }
    free(tables->bytes);
    return result;
}

enum ctl_exit report_write_tables(const struct report *report, const char *path) {
    struct err err;
    struct json_view *doc = json_view_parse(buf_str(&report->json), &err);
    if (!doc)
        return ctl_fail("%s", err.text);
    struct report_tables tables = {.report = report, .path = path, .doc = doc};
    enum ctl_exit result = CTL_OK;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds && result == CTL_OK; i++)
        if (!kinds[i].exact_only || !report->rounding)
            result = write_table(&tables, &kinds[i]);
    json_view_free(doc);
    return result;
}
