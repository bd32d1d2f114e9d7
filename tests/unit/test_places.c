// SPDX-License-Identifier: EUPL-1.2
// Where a word lies on a day, in a thousand cases: tests/golden/places-by-day.csv. Its first part
// was written by hand; the rest was worked out from the tables by another program than this one.
#include "core/tables/municipalities.h"

#include "base/time.h"
#include "core/tables/table.h"

#include "core_tables.h"

enum column {
    COLUMN_WORD,
    COLUMN_DAY,
    COLUMN_PROVINCE,
    COLUMN_EXPECTED,
    COLUMN_TODAY,
    COLUMN_COUNT
};

static const char *const columns[COLUMN_COUNT] = {"word", "day", "province", "expected", "today"};

enum { ROWS_MIN = 1000 };

static int32_t day_of(struct str text) {
    int32_t day;
    if (!time_parse_date(text, &day))
        fail_msg("%.*s is no day", (int)text.len, text.data);
    return day;
}

static uint8_t province_of(struct str text) {
    uint64_t number = 0;
    if (text.len &&
        (text.len != 4 || !str_to_u64((struct str){text.data + 2, text.len - 2}, 31, &number)))
        fail_msg("%.*s is no province", (int)text.len, text.data);
    return (uint8_t)number;
}

static void write_code(const struct municipality *m, char out[16]) {
    (void)snprintf(out, 16, "GM%04u", m->code);
}

// What the tables say of a row, in the words of the file.
static void resolve(const struct municipalities *all, const struct str *cells, char where[16],
                    char today[16]) {
    static const char *const outcomes[] = {
        [MUNICIPALITY_NO_SUCH] = "unknown", [MUNICIPALITY_AMBIGUOUS] = "ambiguous"};
    const struct municipality *found = NULL;
    const char *spelling = NULL;
    enum municipality_match match =
        municipalities_resolve(all, cells[COLUMN_WORD], day_of(cells[COLUMN_DAY]),
                               province_of(cells[COLUMN_PROVINCE]), &found, &spelling);
    assert_int_equal(match == MUNICIPALITY_FOUND, found != NULL);
    assert_int_equal(match != MUNICIPALITY_NO_SUCH, spelling != NULL);
    today[0] = '\0';
    if (!found) {
        (void)snprintf(where, 16, "%s", outcomes[match]);
        return;
    }
    write_code(found, where);
    write_code(municipalities_successor(all, found, day_of(STR("2026-06-01"))), today);
}

static void each_word_lies_where_it_did_on_its_day(void **state) {
    (void)state;
    struct municipalities *all = tables_municipalities();
    struct buf text = tables_read(SOURCE_DIR "/tests/golden/places-by-day.csv");
    struct table table;
    struct str cells[COLUMN_COUNT];
    struct err err;
    enum table_next next;
    size_t rows = 0, wrong = 0;
    table_open(&table, buf_str(&text), "places-by-day.csv");
    assert_true(table_expect_header(&table, columns, COLUMN_COUNT, &err));
    while ((next = table_read_exactly(&table, cells, COLUMN_COUNT, &err)) == TABLE_ROW) {
        char where[16], today[16];
        resolve(all, cells, where, today);
        rows++;
        if (str_is(cells[COLUMN_EXPECTED], where) && str_is(cells[COLUMN_TODAY], today))
            continue;
        wrong++;
        print_error("line %u: %s on %s %s: %s %s, not %s %s\n", table.line, cells[COLUMN_WORD].data,
                    cells[COLUMN_DAY].data, cells[COLUMN_PROVINCE].data, where, today,
                    cells[COLUMN_EXPECTED].data, cells[COLUMN_TODAY].data);
    }
    if (next != TABLE_END)
        fail_msg("%s", err.text);
    table_close(&table);
    buf_free(&text);
    municipalities_free(all);
    assert_int_equal(wrong, 0);
    assert_true(rows >= ROWS_MIN);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_word_lies_where_it_did_on_its_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
