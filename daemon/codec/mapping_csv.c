// SPDX-License-Identifier: EUPL-1.2
// CSV pages: the header line says which column is what, each record after it is an item.
#include "base/csv/csv.h"
#include "base/csv/csv_dialect.h"
#include "codec/places.h"
#include "core/signal/synonyms.h"
#include "mapping_private.h"

#include <string.h>

enum { COLUMNS_MAX = 512, COLUMN_NONE = -1, TITLES_MAX = 20 };

struct csv_mapping {
    struct mapper *m;
    bool has_header;
    uint32_t titles, first_line; // records before the header line, and where the first begins
    size_t columns;              // of the header line
    int columns_of[MAPPING_FIELDS][MAPPING_PLACES_MAX];
    int skip_columns[MAPPING_LIST_MAX];
    uint32_t unused; // columns that have a name and that nothing looks into
    // rows for which the page fails, told when all are read
    enum fault_code row_fault; // FAULT_COUNT: none
    uint32_t row_line, rows_more;
};

// Folded, and without the blanks that signs and line breaks become.
static size_t fold_name(struct str name, char out[STR_FOLDED_MAX]) {
    size_t len = synonyms_fold(name, out), kept = 0;
    for (size_t i = 0; i < len; i++)
        if (out[i] != ' ')
            out[kept++] = out[i];
    return kept;
}

static bool folds_alike(struct str a, struct str b) {
    char x[STR_FOLDED_MAX], y[STR_FOLDED_MAX];
    size_t len = fold_name(a, x);
    return len && fold_name(b, y) == len && memcmp(x, y, len) == 0;
}

// The column of a name: spelled so, else folded alike. False when several could be meant: columns
// that nobody names may be alike.
static bool find_column(const struct csv_record *header, const char *name, int *column) {
    struct str wanted = str_trim(str_from(name));
    size_t same = 0, alike = 0;
    int folded = COLUMN_NONE;
    *column = COLUMN_NONE;
    for (size_t i = 0; wanted.len && i < header->count; i++) {
        struct str cell = str_trim(header->cells[i]);
        if (str_equal(cell, wanted))
            *column = (int)i;
        same += str_equal_nocase(cell, wanted);
        if (folds_alike(cell, wanted) && alike++ == 0)
            folded = (int)i;
    }
    if (*column != COLUMN_NONE)
        return same == 1;
    *column = folded;
    return alike < 2;
}

static bool is_used(const struct csv_mapping *table, int column) {
    for (size_t i = 0; i < MAPPING_FIELDS; i++)
        for (size_t place = 0; place < MAPPING_PLACES_MAX; place++)
            if (table->columns_of[i][place] == column)
                return true;
    for (size_t i = 0; i < table->m->mapping->skip_count; i++)
        if (table->skip_columns[i] == column)
            return true;
    return false;
}

// A column that may be one which is missing, under another name. That name may be anybody's, so a
// fault tells its number.
static void suspect(struct mapper *m, size_t number) {
    struct decode_result *decoded = &m->result->decoded;
    if (decoded->unknown_count < DECODE_UNKNOWN_MAX)
        decoded->unknown[decoded->unknown_count] = (uint16_t)number;
    decoded->unknown_count++;
}

static bool stands_alone(const struct csv_record *header, size_t at) {
    for (size_t i = 0; i < header->count; i++)
        if (i != at && str_equal(str_trim(header->cells[i]), str_trim(header->cells[at])))
            return false;
    return true;
}

static void add_unknown(struct csv_mapping *table, const struct csv_record *header, size_t at) {
    struct mapper *m = table->m;
    struct str name = header->cells[at];
    size_t number = at + 1;
    table->unused++;
    if (m->about.places)
        places_add_unknown(m->about.places, name, (uint32_t)number);
    if (!places_is_remark(name) && stands_alone(header, at)) // a field has one column
        suspect(m, number);
}

static void find_columns(struct csv_mapping *table, const struct csv_record *header) {
    struct mapper *m = table->m;
    const struct mapping *mapping = m->mapping;
    for (size_t i = 0; i < MAPPING_FIELDS; i++)
        for (size_t place = 0; place < MAPPING_PLACES_MAX; place++) {
            int *column = &table->columns_of[i][place];
            if (!find_column(header, mapping_place(&mapping->rules[i], place), column))
                mapper_fail_at(m, FAULT_REPEATED, mapper_pointer((enum mapping_field)i),
                               header->line);
            m->seen[i] = m->seen[i] || *column != COLUMN_NONE;
        }
    for (size_t i = 0; i < mapping->skip_count; i++)
        if (!find_column(header, mapping->skips[i].from, &table->skip_columns[i]))
            mapper_fail(m, FAULT_REPEATED, header->line);
    for (size_t i = 0; i < header->count; i++)
        if (str_trim(header->cells[i]).len && !is_used(table, (int)i))
            add_unknown(table, header, i);
}

static size_t count_filled(const struct csv_record *record) {
    size_t count = record->count;
    while (count && str_trim(record->cells[count - 1]).len == 0)
        count--;
    return count;
}

// A table may have titles above its header line: that is the first which names the id.
static bool is_header(const struct csv_mapping *table, const struct csv_record *record) {
    const struct mapping_rule *rule = &table->m->mapping->rules[MAPPING_ID];
    int column;
    bool named = record->too_long;
    for (size_t place = 0; place < MAPPING_PLACES_MAX && !named; place++)
        named = !find_column(record, mapping_place(rule, place), &column) || column != COLUMN_NONE;
    return named;
}

static void fail_without_header(struct csv_mapping *table) {
    mapper_note_missing(table->m, table->m->mapping->rules[MAPPING_ID].from, table->first_line);
}

static void check_columns(struct csv_mapping *table, uint32_t line) {
    struct mapper *m = table->m;
    const struct mapping *mapping = m->mapping;
    mapper_check_places(m, line);
    for (size_t i = 0; i < mapping->skip_count && !mapping->exclude_may_be_missing; i++)
        if (table->skip_columns[i] == COLUMN_NONE)
            mapper_note_missing(m, mapping->skips[i].from, line);
}

// False when the page cannot be read by this header.
static bool read_header(struct csv_mapping *table, const struct csv_record *record) {
    struct mapper *m = table->m;
    struct csv_record header = *record; // without the empty columns at its end
    header.count = count_filled(record);
    if (table->titles == 0)
        table->first_line = record->line;
    if (!is_header(table, &header)) {
        if (++table->titles == TITLES_MAX)
            fail_without_header(table);
        return table->titles < TITLES_MAX;
    }
    table->has_header = true;
    m->result->decoded.titles = table->titles;
    table->columns = record->count;
    if (record->too_long)
        mapper_fail(m, FAULT_TOO_LONG, record->line);
    else if (header.count > COLUMNS_MAX)
        mapper_fail(m, FAULT_TOO_MANY, record->line);
    else
        find_columns(table, &header);
    if (!m->result->decoded.failed)
        check_columns(table, record->line);
    return !m->result->decoded.failed;
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// '0123: how people keep a spreadsheet from making a number of a text.
static struct str without_mark(struct str cell) {
    struct str text = str_trim(cell);
    if (text.len > 1 && text.data[0] == '\'' && is_digit(text.data[1]))
        return (struct str){text.data + 1, text.len - 1};
    return cell;
}

// The text of a column; absent when the record ends before it.
static struct str cell_of(const struct csv_record *record, int column) {
    if (column == COLUMN_NONE || (size_t)column >= record->count)
        return (struct str){NULL, 0};
    return without_mark(record->cells[column]);
}

// Of the columns of a field the first that has something.
static struct str cell_for(const struct csv_mapping *table, const struct csv_record *record,
                           enum mapping_field field) {
    const struct mapping_rule *rule = &table->m->mapping->rules[field];
    const struct str first = cell_of(record, table->columns_of[field][0]);
    for (size_t place = 0; rule->others[0] && place < MAPPING_PLACES_MAX; place++) {
        struct str cell = cell_of(record, table->columns_of[field][place]);
        if (mapper_has_meaning(table->m, cell))
            return cell;
    }
    return first;
}

// "201712345678.0" or ",00": a number that a program has written as one with a fraction.
static struct str without_fraction(struct str id) {
    size_t digits = 0, zeros;
    while (digits < id.len && is_digit(id.data[digits]))
        digits++;
    zeros = digits + 1;
    while (zeros < id.len && id.data[zeros] == '0')
        zeros++;
    bool whole = digits > 0 && zeros == id.len && zeros > digits + 1 &&
                 (id.data[digits] == '.' || id.data[digits] == ',');
    return whole ? (struct str){id.data, digits} : id;
}

static void tidy_id(struct str *id) {
    *id = str_trim(*id);
    if (id->len > 1 && id->data[0] == '\'')
        *id = (struct str){id->data + 1, id->len - 1};
    *id = without_fraction(*id);
}

static void take_categories(struct mapper *m, struct str cell) {
    if (m->mapping->rules[MAPPING_CATEGORY].split) {
        mapper_take(m, MAPPING_CATEGORY, &cell, cell.data ? 1 : 0);
        return;
    }
    struct str raw[SIGNAL_CATEGORIES_MAX + 1]; // one more than allowed, so that it is told
    size_t count = 0;
    while (count <= SIGNAL_CATEGORIES_MAX && str_split(&cell, '|', &raw[count]))
        if (str_trim(raw[count]).len)
            count++;
    mapper_take(m, MAPPING_CATEGORY, raw, count);
}

enum { DIGITS_KEPT = 15, SHORTENED_MIN = 18 };

// A number of more digits than a spreadsheet keeps.
static bool is_long(struct str id) {
    for (size_t i = 0; i < id.len; i++)
        if (!is_digit(id.data[i]))
            return false;
    return id.len > DIGITS_KEPT;
}

static bool ends_in_zeros(struct str id) {
    for (size_t i = DIGITS_KEPT; i < id.len; i++)
        if (id.data[i] != '0')
            return false;
    return true;
}

// One such number may end in a zero or two; where all of a table do, they are not what they were.
static void check_long_id(struct mapper *m) {
    struct str id = m->item.item.id;
    if (!is_long(id))
        return;
    m->result->decoded.long_ids++;
    if (!ends_in_zeros(id))
        return;
    m->result->decoded.rounded_ids++;
    if (id.len >= SHORTENED_MIN)
        mapper_fault(m, FAULT_SHORTENED, mapper_pointer(MAPPING_ID));
}

static bool is_sum(struct str id) {
    static const char *const words[] = {"totaal", "eindtotaal", "subtotaal",  "total",  "subtotal",
                                        "som",    "sum",        "gemiddelde", "aantal", "average"};
    char folded[STR_FOLDED_MAX];
    struct str rest = {folded, synonyms_fold(id, folded)}, word;
    if (!str_split(&rest, ' ', &word))
        return false;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_is(word, words[i]))
            return true;
    return false;
}

// Is there anything but the id in what the rules look into, if they do?
static bool says_more(const struct csv_mapping *table, const struct csv_record *record) {
    bool could = false;
    for (int field = 0; field < MAPPING_FIELDS; field++) {
        if (!table->m->seen[field] ||
            table->columns_of[field][0] == table->columns_of[MAPPING_ID][0])
            continue;
        if (str_trim(cell_for(table, record, (enum mapping_field)field)).len)
            return true;
        could = true;
    }
    return !could;
}

// Words before a date, as in "bijgewerkt op": of what kind it is, nobody says, and no digit numbers
// it.
static bool is_dated_note(const struct csv_mapping *table, const struct csv_record *record) {
    struct str id = table->m->item.item.id;
    if (!table->m->seen[MAPPING_CATEGORY] ||
        str_trim(cell_for(table, record, MAPPING_CATEGORY)).len)
        return false;
    for (size_t i = 0; i < id.len; i++)
        if (is_digit(id.data[i]))
            return false;
    return id.len > 0;
}

// What a table has besides signals must not become one, dated today and of no kind.
static void check_row(struct csv_mapping *table, const struct csv_record *record) {
    const struct mapper *m = table->m;
    const struct item *item = &m->item.item;
    const struct mapping *mapping = m->mapping;
    enum fault_code fault = FAULT_COUNT;
    if (m->excluded || item->withdrawn)
        return;
    if (is_sum(item->id) || !says_more(table, record) || is_dated_note(table, record))
        fault = FAULT_NO_SIGNAL;
    else if (!item->reported.data && mapping->rules[MAPPING_REPORTED].from &&
             !mapping->may_be_missing[MAPPING_REPORTED])
        fault = FAULT_EMPTY_DATE;
    if (fault == FAULT_COUNT)
        return;
    if (table->row_fault == FAULT_COUNT) {
        table->row_fault = fault;
        table->row_line = record->line;
    } else {
        table->rows_more++;
    }
}

static void read_cells(struct csv_mapping *table, const struct csv_record *record) {
    struct mapper *m = table->m;
    for (size_t i = 0; i < m->mapping->skip_count; i++)
        mapper_skip(m, i, cell_of(record, table->skip_columns[i]));
    for (int field = 0; field < MAPPING_FIELDS; field++) {
        struct str cell = cell_for(table, record, (enum mapping_field)field);
        if (field == MAPPING_CATEGORY)
            take_categories(m, cell);
        else
            mapper_take(m, (enum mapping_field)field, &cell, cell.data ? 1 : 0);
    }
    m->item.item.unknown_fields = table->unused;
    tidy_id(&m->item.item.id);
    m->trace.value[MAPPING_ID] = m->item.item.id;
    check_long_id(m);
    check_row(table, record);
}

static bool on_record(void *ctx, const struct csv_record *record) {
    struct csv_mapping *table = ctx;
    struct mapper *m = table->m;
    if (!table->has_header)
        return read_header(table, record);
    m->result->decoded.line = record->line;
    if (!mapper_begin(m))
        return false;
    if (record->too_long)
        mapper_fault(m, FAULT_TOO_LONG, "");
    else if (count_filled(record) > table->columns)
        mapper_fault(m, FAULT_TYPE, "");
    else
        read_cells(table, record);
    mapper_end(m);
    return true;
}

// A spreadsheet that saves a table as Unicode text puts tabs, whatever its CSV has.
static char separator_of(const struct mapping *mapping, struct str body) {
    return csv_dialect_of(body, 0).separator == '\t' ? '\t' : mapping->separator;
}

void mapping_read_csv(struct mapper *m, struct str body) {
    struct csv_mapping table = {.m = m, .row_fault = FAULT_COUNT};
    struct csv_options options = {.separator = separator_of(m->mapping, body),
                                  .record_bytes_max = m->limits->item_bytes_max,
                                  .fold_breaks = true};
    uint32_t line;
    if (!csv_read(body, &options, on_record, &table, &line)) {
        mapper_fail(m, FAULT_SYNTAX, line);
    } else if (!table.has_header && !m->result->decoded.failed) {
        if (table.titles)
            fail_without_header(&table);
        else
            mapper_fail(m, FAULT_REQUIRED, 1);
    } else if (table.row_fault != FAULT_COUNT && !m->result->decoded.failed) {
        mapper_fail(m, table.row_fault, table.row_line);
        m->result->decoded.more = table.rows_more;
    }
}
