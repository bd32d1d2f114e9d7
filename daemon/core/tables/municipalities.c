// SPDX-License-Identifier: EUPL-1.2
// Built once from the operator's tables. Successors and predecessors are checked to move in time,
// so following them always ends.
#include "core/tables/municipalities.h"

#include "base/mem.h"
#include "base/time.h"
#include "core/signal/synonyms.h"
#include "core/tables/table.h"
#include "place_words.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CODE_MAX = PLACE_CODE_MAX,
    CODE_TEXT = 7, // "GM0363" with NUL
    SUCCESSORS_MAX = sizeof((struct municipality *)NULL)->successors / sizeof(uint16_t),
    NONE = UINT16_MAX,
};

struct lineage {
    uint16_t predecessor; // row of the only one, NONE when there is none or more
    bool mixed;           // one of several predecessors lay in another region
    uint32_t line;        // in the table; for messages
    char code_text[CODE_TEXT];
};

struct municipalities {
    struct municipality *rows;
    struct lineage *lineages; // beside rows
    size_t count, cap;
    uint16_t by_code[CODE_MAX + 1]; // row or NONE
    struct synonyms *names;         // -> rows
    struct table table;             // owns the text of the rows
};

enum municipality_column {
    COLUMN_CODE,
    COLUMN_NAME,
    COLUMN_PROVINCE_CODE,
    COLUMN_PROVINCE,
    COLUMN_VALID_FROM,
    COLUMN_VALID_TO,
    COLUMN_SUCCESSORS,
    COLUMN_POLICE_UNIT,
    COLUMN_SAFETY_REGION,
    COLUMN_INHABITANTS,
    COLUMN_INHABITANTS_YEAR,
    COLUMN_SIZE_CLASS,
    COLUMN_COUNT,
};

static const char *const columns[COLUMN_COUNT] = {
    "code",          "name",        "province_code",    "province",
    "valid_from",    "valid_to",    "successor_codes",  "police_unit",
    "safety_region", "inhabitants", "inhabitants_year", "size_class",
};

enum variant_column { VARIANT_NAME, VARIANT_CODE, VARIANT_COUNT };

static const char *const variant_columns[VARIANT_COUNT] = {"variant", "code"};

// The code as the tables must have it: "GM" and 4 digits.
static bool parse_full_code(struct str text, uint16_t *code) {
    return text.len == CODE_TEXT - 1 && memcmp(text.data, "GM", 2) == 0 &&
           place_words_code(text, code);
}

// "PV27" or "VR13": two letters, two digits, in a range.
static bool parse_region(struct str text, const char *letters, uint8_t min, uint8_t max,
                         uint8_t *region) {
    uint64_t value;
    if (text.len != 4 || memcmp(text.data, letters, 2) != 0 ||
        !str_to_u64((struct str){text.data + 2, 2}, max, &value) || value < min)
        return false;
    *region = (uint8_t)value;
    return true;
}

static bool parse_day(struct str text, int32_t when_empty, int32_t *day) {
    *day = when_empty;
    return text.len == 0 || time_parse_date(text, day);
}

static bool parse_successors(struct str text, struct municipality *m) {
    struct str piece;
    for (size_t n = 0; str_split(&text, ' ', &piece);) {
        if (piece.len == 0)
            continue;
        if (n == SUCCESSORS_MAX || !parse_full_code(piece, &m->successors[n]) ||
            m->successors[n] == m->code)
            return false;
        n++;
    }
    return true;
}

// What is wrong with the row, or NULL.
static const char *parse_row(const struct str *cells, struct municipality *m) {
    uint64_t inhabitants = 0, year = 0;
    if (!parse_full_code(cells[COLUMN_CODE], &m->code))
        return "code must be GM and 4 digits";
    if (!parse_region(cells[COLUMN_PROVINCE_CODE], "PV", 20, 31, &m->province))
        return "province_code must be PV20 to PV31";
    if (!parse_region(cells[COLUMN_SAFETY_REGION], "VR", 1, 25, &m->safety_region))
        return "safety_region must be VR01 to VR25";
    if (!parse_day(cells[COLUMN_VALID_FROM], INT32_MIN, &m->valid_from) ||
        !parse_day(cells[COLUMN_VALID_TO], INT32_MAX, &m->valid_to) || m->valid_from > m->valid_to)
        return "valid_from and valid_to must be dates in order, or empty";
    if (!parse_successors(cells[COLUMN_SUCCESSORS], m))
        return "successor_codes must be up to 4 other codes, separated by a space";
    if (m->successors[0] && m->valid_to == INT32_MAX)
        return "a municipality with successors needs a valid_to";
    if (cells[COLUMN_INHABITANTS].len &&
        !str_to_u64(cells[COLUMN_INHABITANTS], UINT32_MAX, &inhabitants))
        return "inhabitants must be a number or empty";
    if (cells[COLUMN_INHABITANTS_YEAR].len &&
        !str_to_u64(cells[COLUMN_INHABITANTS_YEAR], 9999, &year))
        return "inhabitants_year must be a year or empty";
    const enum municipality_column texts[] = {COLUMN_NAME, COLUMN_PROVINCE, COLUMN_POLICE_UNIT};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (cells[texts[i]].len == 0 || cells[texts[i]].len > MUNICIPALITY_TEXT_MAX)
            return "name, province and police_unit must have 1 to 64 bytes";
    if (cells[COLUMN_POLICE_UNIT].len > MUNICIPALITY_UNIT_MAX)
        return "police_unit must have 1 to 31 bytes";
    m->inhabitants = (uint32_t)inhabitants;
    m->inhabitants_year = (uint16_t)year;
    m->name = cells[COLUMN_NAME].data;
    m->province_name = cells[COLUMN_PROVINCE].data;
    m->police_unit = cells[COLUMN_POLICE_UNIT].data;
    m->size_class = cells[COLUMN_SIZE_CLASS].data;
    return NULL;
}

static void write_code(uint16_t code, char out[CODE_TEXT]) {
    memcpy(out, "GM", 2);
    for (size_t i = CODE_TEXT - 1; i-- > 2; code /= 10)
        out[i] = (char)('0' + code % 10);
    out[CODE_TEXT - 1] = '\0';
}

size_t municipalities_plain(struct str word, char out[STR_FOLDED_MAX]) {
    static_assert((int)CODE_TEXT <= (int)STR_FOLDED_MAX, "a code fits");
    char once[STR_FOLDED_MAX], folded[STR_FOLDED_MAX];
    struct str text = str_trim(word);
    uint16_t code;
    size_t len;
    bool is_below_zero = text.len && text.data[0] == '-';
    if (text.len < sizeof once && place_words_undo_latin1(text, once, &len))
        text = (struct str){once, len};
    text = (struct str){folded, synonyms_fold(text, folded)};
    bool said = place_words_cut_gemeente(&text);
    if (!is_below_zero && place_words_folded_code(text, &code)) {
        write_code(code, out);
        return CODE_TEXT - 1;
    }
    return (size_t)snprintf(out, STR_FOLDED_MAX, "%s%.*s",
                            said && text.len + 9 < STR_FOLDED_MAX ? "gemeente " : "", (int)text.len,
                            text.data);
}

bool municipalities_full_code(struct str word, char out[MUNICIPALITY_CODE_MAX]) {
    static_assert((int)CODE_TEXT <= (int)MUNICIPALITY_CODE_MAX, "a code fits");
    char plain[STR_FOLDED_MAX];
    uint16_t code;
    size_t len = municipalities_plain(word, plain);
    if (!parse_full_code((struct str){plain, len}, &code))
        return false;
    write_code(code, out);
    return true;
}

static void put_row(struct municipalities *all, const struct municipality *m) {
    size_t cap = all->cap;
    all->rows = mem_grow(all->rows, all->count, &all->cap, sizeof *all->rows);
    if (all->cap > cap)
        all->lineages = mem_resize(all->lineages, all->cap, sizeof *all->lineages);
    struct lineage *lineage = &all->lineages[all->count];
    *lineage = (struct lineage){.predecessor = NONE, .line = all->table.line};
    write_code(m->code, lineage->code_text);
    all->by_code[m->code] = (uint16_t)all->count;
    all->rows[all->count++] = *m;
}

// A name, also with the word "Gemeente" before it.
static bool add_name(struct municipalities *all, struct str name, uint32_t row) {
    char text[STR_FOLDED_MAX];
    if (!synonyms_add(all->names, name, row))
        return false;
    int len = snprintf(text, sizeof text, "Gemeente %.*s", (int)name.len, name.data);
    // of a very long one there is no such form
    return (size_t)len >= sizeof text ||
           synonyms_add(all->names, (struct str){text, (size_t)len}, row);
}

// The official name, and without what stands behind it in brackets: "Bergen (NH.)" is "Bergen".
static bool add_official_names(struct municipalities *all, uint32_t row) {
    struct str name = str_from(all->rows[row].name);
    const char *bracket = memchr(name.data, '(', name.len);
    if (!add_name(all, name, row))
        return false;
    if (!bracket)
        return true;
    struct str base = str_trim((struct str){name.data, (size_t)(bracket - name.data)});
    return add_name(all, base, row);
}

static bool read_rows(struct municipalities *all, struct err *err) {
    struct str cells[COLUMN_COUNT];
    enum table_next next;
    if (!table_expect_header(&all->table, columns, COLUMN_COUNT, err))
        return false;
    while ((next = table_read_exactly(&all->table, cells, COLUMN_COUNT, err)) == TABLE_ROW) {
        struct municipality m = {0};
        const char *wrong = parse_row(cells, &m);
        if (!wrong && all->by_code[m.code] != NONE)
            wrong = "another row has this code";
        if (wrong)
            return table_fault(&all->table, err, wrong);
        put_row(all, &m);
        if (!add_official_names(all, (uint32_t)all->count - 1))
            return table_fault(&all->table, err, "the name cannot be used: too many share it");
    }
    if (next == TABLE_END && all->count == 0)
        return err_set(err, ERR_CONFIG, "%s: no municipalities", all->table.name);
    return next == TABLE_END;
}

// A successor takes over the day after. This also keeps a chain of successors from going round.
static bool check_successors(const struct municipalities *all, struct err *err) {
    for (size_t i = 0; i < all->count; i++) {
        const struct municipality *m = &all->rows[i];
        for (size_t k = 0; k < SUCCESSORS_MAX && m->successors[k]; k++) {
            const struct municipality *next = municipalities_by_code(all, m->successors[k]);
            if (next && next->valid_from <= m->valid_to + 1 && next->valid_to > m->valid_to)
                continue;
            return err_set(err, ERR_CONFIG,
                           "%s:%u: a successor must be in the table and valid the day after",
                           all->table.name, (unsigned)all->lineages[i].line);
        }
    }
    return true;
}

static bool same_regions(const struct municipality *a, const struct municipality *b) {
    return a->province == b->province && a->safety_region == b->safety_region &&
           strcmp(a->police_unit, b->police_unit) == 0;
}

// Predecessors are those whose end was a municipality's beginning; what it took in later is not.
static void link_predecessors(struct municipalities *all) {
    uint16_t *found = mem_zalloc(all->count, sizeof *found);
    for (size_t i = 0; i < all->count; i++)
        for (size_t k = 0; k < SUCCESSORS_MAX && all->rows[i].successors[k]; k++) {
            uint16_t next = all->by_code[all->rows[i].successors[k]];
            struct lineage *lineage = &all->lineages[next];
            if (all->rows[next].valid_from <= all->rows[i].valid_to)
                continue;
            found[next]++;
            lineage->predecessor = found[next] == 1 ? (uint16_t)i : NONE;
            lineage->mixed |= !same_regions(&all->rows[i], &all->rows[next]);
        }
    free(found);
}

static bool read_variants(struct municipalities *all, struct table *table, struct err *err) {
    struct str cells[VARIANT_COUNT];
    enum table_next next;
    uint16_t code;
    if (!table_expect_header(table, variant_columns, VARIANT_COUNT, err))
        return false;
    while ((next = table_read_exactly(table, cells, VARIANT_COUNT, err)) == TABLE_ROW) {
        if (!parse_full_code(cells[VARIANT_CODE], &code) || all->by_code[code] == NONE)
            return table_fault(table, err, "the code is not in the table of municipalities");
        if (!add_name(all, cells[VARIANT_NAME], all->by_code[code]))
            return table_fault(table, err,
                               "the name cannot be used: empty, too long or too many "
                               "share it");
    }
    return next == TABLE_END;
}

struct municipalities *municipalities_load(struct str table, const char *table_name,
                                           struct str variants, const char *variants_name,
                                           struct err *err) {
    struct table names;
    struct municipalities *all = mem_zalloc(1, sizeof *all);
    memset(all->by_code, 0xff, sizeof all->by_code);
    all->names = synonyms_create();
    table_open(&all->table, table, table_name);
    table_open(&names, variants, variants_name);
    bool ok = read_rows(all, err) && check_successors(all, err) && read_variants(all, &names, err);
    table_close(&names);
    if (!ok) {
        municipalities_free(all);
        return NULL;
    }
    link_predecessors(all);
    return all;
}

void municipalities_free(struct municipalities *all) {
    if (!all)
        return;
    synonyms_free(all->names);
    table_close(&all->table);
    free(all->rows);
    free(all->lineages);
    free(all);
}

size_t municipalities_count(const struct municipalities *all) {
    return all->count;
}

const struct municipality *municipalities_at(const struct municipalities *all, size_t i) {
    assert(i < all->count);
    return &all->rows[i];
}

const struct municipality *municipalities_by_code(const struct municipalities *all, uint16_t code) {
    return code <= CODE_MAX && all->by_code[code] != NONE ? &all->rows[all->by_code[code]] : NULL;
}

static bool is_valid(const struct municipality *m, int32_t day) {
    return m->valid_from <= day && day <= m->valid_to;
}

// One of a word's meanings: the only one, or the only one valid on the day, or of those (of all
// when none is) the only one in the province. Otherwise NULL.
static const struct municipality *choose(const struct municipalities *all,
                                         const struct synonyms_match *match, int32_t day,
                                         uint8_t province) {
    const struct municipality *left[SYNONYMS_VALUES_MAX], *near = NULL;
    size_t left_count = 0, near_count = 0;
    for (size_t i = 0; i < match->count; i++)
        if (is_valid(&all->rows[match->values[i]], day))
            left[left_count++] = &all->rows[match->values[i]];
    if (left_count == 0)
        for (size_t i = 0; i < match->count; i++)
            left[left_count++] = &all->rows[match->values[i]];
    if (left_count == 1)
        return left[0];
    for (size_t i = 0; i < left_count; i++)
        if (left[i]->province == province) {
            near = left[i];
            near_count++;
        }
    return near_count == 1 ? near : NULL;
}

const struct municipality *municipalities_on(const struct municipalities *all,
                                             const struct municipality *from, int32_t day) {
    const struct municipality *m = from;
    while (day > m->valid_to && m->successors[0]) {
        if (m->successors[1])
            return NULL;
        m = municipalities_by_code(all, m->successors[0]);
    }
    while (day < m->valid_from) {
        const struct lineage *lineage = &all->lineages[m - all->rows];
        if (lineage->predecessor == NONE)
            return lineage->mixed ? NULL : m;
        m = &all->rows[lineage->predecessor];
    }
    return m;
}

// How provinces are written behind a name, folded.
static const struct province_sign {
    const char *sign;
    uint8_t province;
} province_signs[] = {
    {"groningen", 20},
    {"gron", 20},
    {"gn", 20},
    {"gr", 20},
    {"fryslan", 21},
    {"friesland", 21},
    {"frl", 21},
    {"fr", 21},
    {"drenthe", 22},
    {"dr", 22},
    {"overijssel", 23},
    {"ov", 23},
    {"o", 23},
    {"flevoland", 24},
    {"fl", 24},
    {"gelderland", 25},
    {"gld", 25},
    {"utrecht", 26},
    {"ut", 26},
    {"utr", 26},
    {"u", 26},
    {"noord holland", 27},
    {"nh", 27},
    {"n h", 27},
    {"zuid holland", 28},
    {"zh", 28},
    {"z h", 28},
    {"zeeland", 29},
    {"zld", 29},
    {"z", 29},
    {"noord brabant", 30},
    {"nb", 30},
    {"n b", 30},
    {"nbr", 30},
    {"limburg", 31},
    {"lb", 31},
    {"l", 31},
};

// "Haren Gn", "Weesp (Noord-Holland)": the name, where it means one in that province.
static const struct municipality *find_in_province(const struct municipalities *all,
                                                   struct str plain, int32_t day,
                                                   const char **spelling) {
    for (size_t i = 0; i < sizeof province_signs / sizeof *province_signs; i++) {
        const struct province_sign *sign = &province_signs[i];
        struct str name = plain;
        struct synonyms_match match;
        if (!place_words_cut(&name, str_from(sign->sign), true) ||
            !synonyms_find(all->names, name, &match))
            continue;
        const struct municipality *m = choose(all, &match, day, sign->province);
        if (!m || m->province != sign->province)
            return NULL; // it lies elsewhere
        *spelling = match.spelling;
        return m;
    }
    return NULL;
}

// Can the name be that of `m` on the day?
static bool is_called(const struct municipalities *all, const struct municipality *m,
                      struct str name, int32_t day) {
    const struct municipality *then = municipalities_on(all, m, day), *other = NULL;
    struct synonyms_match match;
    const char *spelling;
    if (!synonyms_find(all->names, name, &match)) {
        other = find_in_province(all, name, day, &spelling);
        return other && (other == m || (then && municipalities_on(all, other, day) == then));
    }
    for (size_t i = 0; i < match.count; i++) {
        other = &all->rows[match.values[i]];
        if (other == m || (then && municipalities_on(all, other, day) == then))
            return true;
    }
    return false;
}

// "GM0363 Amsterdam", "Gemeente Amsterdam (0363)": a code and a name that agree. NULL when they do
// not: nobody knows which of them was meant.
static const struct municipality *find_with_code(const struct municipalities *all, struct str plain,
                                                 int32_t day, const char **spelling) {
    uint16_t code;
    (void)place_words_cut_gemeente(&plain);
    if (!place_words_cut_code(&plain, &code))
        return NULL;
    (void)place_words_cut_gemeente(&plain);
    const struct municipality *m = municipalities_by_code(all, code);
    if (!m || !is_called(all, m, plain, day))
        return NULL;
    *spelling = all->lineages[m - all->rows].code_text;
    return m;
}

// What the word means, whatever the day. NULL: nothing, or, when *spelling is set, several.
static const struct municipality *look_up(const struct municipalities *all, struct str word,
                                          int32_t day, uint8_t province, const char **spelling) {
    struct synonyms_match match;
    char plain[STR_FOLDED_MAX];
    uint16_t code;
    bool is_code = place_words_code(word, &code);
    bool found = !is_code && synonyms_find(all->names, word, &match);
    if (!is_code && !found) {
        word = (struct str){plain, municipalities_plain(word, plain)};
        is_code = parse_full_code(word, &code);
        found = !is_code && synonyms_find(all->names, word, &match);
    }
    if (is_code) {
        const struct municipality *m = municipalities_by_code(all, code);
        if (m)
            *spelling = all->lineages[m - all->rows].code_text;
        return m;
    }
    if (!found) {
        const struct municipality *m = find_in_province(all, word, day, spelling);
        return m ? m : find_with_code(all, word, day, spelling);
    }
    *spelling = match.spelling;
    return choose(all, &match, day, province);
}

enum municipality_match municipalities_resolve(const struct municipalities *all, struct str word,
                                               int32_t day, uint8_t province,
                                               const struct municipality **found,
                                               const char **spelling) {
    const char *matched = NULL;
    const struct municipality *m = look_up(all, str_trim(word), day, province, &matched);
    if (!matched)
        return MUNICIPALITY_NO_SUCH;
    *spelling = matched;
    m = m ? municipalities_on(all, m, day) : NULL;
    if (!m)
        return MUNICIPALITY_AMBIGUOUS;
    *found = m;
    return MUNICIPALITY_FOUND;
}

const struct municipality *municipalities_successor(const struct municipalities *all,
                                                    const struct municipality *from, int32_t day) {
    while (from && day > from->valid_to && from->successors[0])
        from = municipalities_by_code(all, from->successors[0]);
    return from;
}

struct name_visit {
    void (*fn)(void *ctx, const char *spelling);
    void *ctx;
};

static void on_name(void *ctx, const struct synonyms_match *match) {
    const struct name_visit *each = ctx;
    each->fn(each->ctx, match->spelling);
}

void municipalities_each_spelling(const struct municipalities *all,
                                  void (*fn)(void *ctx, const char *spelling), void *ctx) {
    struct name_visit each = {fn, ctx};
    for (size_t i = 0; i < all->count; i++)
        fn(ctx, all->lineages[i].code_text);
    synonyms_each(all->names, on_name, &each);
}
