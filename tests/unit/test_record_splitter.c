// SPDX-License-Identifier: EUPL-1.2
// The pieces that the splitter makes, read one by one, give the records of the whole file, and it
// counts lines as the reader does.
#include "ctl/import/record_splitter.h"

#include "base/csv/csv.h"

#include "unit.h"

struct seen {
    struct buf text; // cells, each followed by a 1 byte, and records by a 2 byte
    size_t records;
    uint32_t lines[64]; // where they begin
};

static bool see_record(void *ctx, const struct csv_record *record) {
    struct seen *seen = ctx;
    for (size_t i = 0; i < record->count; i++) {
        buf_put_str(&seen->text, record->cells[i]);
        buf_putc(&seen->text, 1);
    }
    buf_putc(&seen->text, 2);
    if (seen->records < COUNT(seen->lines))
        seen->lines[seen->records] = record->line;
    seen->records++;
    return true;
}

// False when the text is cut off inside quotes.
static bool read_all(struct str text, struct seen *seen) {
    const struct csv_options options = {.record_bytes_max = 1 << 16};
    uint32_t line;
    return csv_read(text, &options, see_record, seen, &line);
}

// The records of a piece behind the header line, appended to those of the pieces before.
static void read_piece(struct str piece, struct seen *all) {
    struct seen one = {.records = 0};
    buf_init(&one.text, 1 << 20);
    assert_true(read_all(piece, &one));
    const char *end = one.text.len ? memchr(one.text.data, 2, one.text.len) : NULL;
    assert_non_null(end);
    size_t header = (size_t)(end - one.text.data) + 1;
    if (all->records == 0)
        buf_put_str(&all->text, (struct str){one.text.data, header});
    else if (memcmp(all->text.data, one.text.data, header) != 0)
        fail_msg("not the header line of the whole: %.*s", (int)piece.len, piece.data);
    buf_put_str(&all->text, (struct str){one.text.data + header, one.text.len - header});
    all->records += one.records - (all->records > 0);
    buf_free(&one.text);
}

// Pieces of `size` records.
static void read_in_pieces(struct str text, size_t size, struct seen *all) {
    struct record_splitter splitter;
    struct record_splitter_record record;
    struct buf piece;
    buf_init(&piece, 1 << 20);
    assert_int_equal(record_splitter_init(&splitter, text, true), RECORD_SPLITTER_RECORD);
    for (bool more = true; more;) {
        size_t count = 0;
        buf_clear(&piece);
        buf_put_str(&piece, splitter.head);
        while (count < size &&
               (more = record_splitter_next(&splitter, &record) == RECORD_SPLITTER_RECORD)) {
            buf_put_str(&piece, record.bytes);
            count++;
        }
        if (count || all->records == 0)
            read_piece(buf_str(&piece), all);
    }
    buf_free(&piece);
}

// Each line at which the reader saw a record behind the header line, the splitter saw, too.
static void check_lines(struct str text, const struct seen *whole) {
    struct record_splitter splitter;
    struct record_splitter_record record = {.line = 0};
    assert_int_equal(record_splitter_init(&splitter, text, true), RECORD_SPLITTER_RECORD);
    for (size_t i = 1; i < whole->records && i < COUNT(whole->lines); i++)
        while (record.line != whole->lines[i])
            if (record_splitter_next(&splitter, &record) != RECORD_SPLITTER_RECORD)
                fail_msg("no record at line %u: %.*s", whole->lines[i], (int)text.len, text.data);
}

// Of each text that holds a header line and is not cut off inside quotes. Returns whether it was.
static bool check(struct str text, size_t size) {
    struct seen whole = {.records = 0}, pieces = {.records = 0};
    buf_init(&whole.text, 1 << 20);
    buf_init(&pieces.text, 1 << 20);
    bool readable = read_all(text, &whole) && whole.records;
    if (readable) {
        read_in_pieces(text, size, &pieces);
        if (pieces.text.len != whole.text.len ||
            memcmp(pieces.text.data, whole.text.data, whole.text.len) != 0)
            fail_msg("in pieces of %zu: %.*s\ngives   %.*s\nwhole is %.*s", size, (int)text.len,
                     text.data, (int)pieces.text.len, pieces.text.data, (int)whole.text.len,
                     whole.text.data);
        assert_int_equal(pieces.records, whole.records);
        check_lines(text, &whole);
    }
    buf_free(&whole.text);
    buf_free(&pieces.text);
    return readable;
}

static void known_texts(void **state) {
    (void)state;
    static const char *const texts[] = {
        "SEP=;\r\nid;a,b,c\r\n1;2\r\n3;4\r\n",
        "\"sep=;\"\nid,x,y;a\n1;2\n3;4\n",
        "sep=;\rid,x;a\r1;2\r3;4\r",
        "sep=|\nid;a\n1;2\n3;4\n",
        "\nsep=;\nid,x\n1;2\n3;4\n", // only the first line is Excel's
        "\xef\xbb\xbfSep=\t\nid,x\ta\n1\t2\n3\t4\n",
        "id;a;b,\"c\n1;\"2,,,,,\n\";3\n4;5;6\n", // a quote that only opens if , separates
        "id,a\n\"1\" \",2\n3,4\n",               // a quote behind a closing one and a space
        "id,a\n\"\"\"\"\n3,4\n",                 // a cell of one quote
        "=\"\"\nid,a\n1,2\n3,4\n",               // an empty record before the header line
        "\n\n;;\r\nid;a\n1;2\n3;4\n",
    };
    for (size_t i = 0; i < COUNT(texts); i++)
        for (size_t size = 1; size <= 3; size++)
            assert_true(check(str_from(texts[i]), size));
}

static void random_texts(void **state) {
    (void)state;
    static const char *const heads[] = {
        "", "\xef\xbb\xbf", "sep=", "SEP=", "\"sep=", "\"Sep=", "\n", "\xef\xbb\xbfsEP="};
    static const char *const ends[] = {"\n", "\r\n", "\r"};
    static const char separators[] = {',', ';', '\t'};
    static const char *const parts[] = {"\"",   "\"",       "\"\"", "a",    "1",  "=\"\"",
                                        " ",    "\t",       ",",    ";",    "\n", "\r",
                                        "\r\n", "\xc3\xa9", "\xe9", "sep=;"};
    uint64_t seed = unit_seed();
    size_t readable = 0, rounds = unit_rounds(60000);
    for (size_t round = 0; round < rounds; round++) {
        char separator = separators[unit_random(&seed) % COUNT(separators)];
        const char *head = heads[unit_random(&seed) % COUNT(heads)];
        const char *end = ends[unit_random(&seed) % COUNT(ends)];
        struct buf text;
        buf_init(&text, 1 << 16);
        buf_puts(&text, head);
        if (*head && head[strlen(head) - 1] == '=') {
            buf_putc(&text, unit_random(&seed) % 8 ? separator : '|');
            buf_puts(&text, strchr(head, '"') ? "\"" : "");
            buf_puts(&text, end);
        }
        for (size_t row = 0, rows = 1 + unit_random(&seed) % 6; row < rows; row++) {
            for (size_t cell = 0; cell < 3; cell++) {
                if (cell)
                    buf_putc(&text, separator);
                bool quoted = unit_random(&seed) % 3 == 0;
                buf_puts(&text, quoted ? "\"" : "");
                for (size_t k = unit_random(&seed) % 4; k; k--)
                    buf_puts(&text, parts[unit_random(&seed) % COUNT(parts)]);
                buf_puts(&text, quoted ? "\"" : "");
            }
            buf_puts(&text, row + 1 < rows || unit_random(&seed) % 2 ? end : "");
        }
        readable += check(buf_str(&text), 1 + (size_t)unit_random(&seed) % 3);
        buf_free(&text);
    }
    assert_true(readable > rounds / 4);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(known_texts),
                                       cmocka_unit_test(random_texts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
