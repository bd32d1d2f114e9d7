// SPDX-License-Identifier: EUPL-1.2
#include "base/csv/csv.h"

#include "mapping_note.h"

// Records as "line:cell|cell".
static bool note_record(void *ctx, const struct csv_record *record) {
    struct noted *noted = ctx;
    note(noted, "%u:%s", record->line, record->too_long ? "too long" : "");
    for (size_t i = 0; i < record->count; i++)
        note(noted, "%s%.*s", i ? "|" : "", (int)record->cells[i].len, record->cells[i].data);
    note(noted, " ");
    return ++noted->items < 100;
}

static void check(struct str text, struct csv_options options, const char *expected) {
    struct noted noted = {.len = 0};
    uint32_t line;
    if (!csv_read(text, &options, note_record, &noted, &line))
        note(&noted, "BROKEN %u", line);
    if (strcmp(noted.text, expected) != 0)
        fail_msg("%.*s\ngives     %s\nexpected %s", (int)text.len, text.data, noted.text, expected);
}

static void records_and_cells(void **state) {
    (void)state;
    static const struct page_sample cases[] = {
        {"", ""},
        {"\n\r\n", ""},
        {"a,b\n1,2\n", "1:a|b 2:1|2 "},
        {"a,b\r\n1,2", "1:a|b 2:1|2 "},
        {"a,b\r1,2\r", "1:a|b 2:1|2 "},
        {"a,b\r \n1,2\n\r\r\n3,4\n", "1:a|b 3:1|2 6:3|4 "},
        {"a,b\r\"x\ry\",2\r\"\r\n\r\n\",4\r5,6", "1:a|b 2:x\ry|2 4:\r\n\r\n|4 7:5|6 "},
        {"\n\na,b\n\n\n1,2\n", "3:a|b 6:1|2 "},
        {"\r\n\r\na,b\r\n\r\n1,2\r\n", "3:a|b 5:1|2 "},
        {"a,b\n,\n , \n\"\",\"\"\n1,2\n", "1:a|b 5:1|2 "},
        {"a,b\n1,\n,2\n", "1:a|b 2:1| 3:|2 "},
        {"a, b \n \" x \" ,2\n", "1:a|b 2: x |2 "},
        {"a,b\n\"x\ny\",\"1,2\"\n3,4\n", "1:a|b 2:x\ny|1,2 4:3|4 "},
        {"a,b\n\"x\r\ny\",2\r\n3,4\r\n", "1:a|b 2:x\r\ny|2 4:3|4 "},
        {"a,b\n\"zei: \"\"ja\"\"\",2\n", "1:a|b 2:zei: \"ja\"|2 "},
        {"a,b\n5\" pijp,2\n", "1:a|b 2:5\" pijp|2 "},
        {"a,b\n=\"007\",\"=\"\"008\"\"\"\n=\"\",=1\n", "1:a|b 2:007|008 3:|=1 "},
        {"a,b\n\"1\",2\n\"x,3\n4,5\n", "1:a|b 2:1|2 BROKEN 3"},
        {"a,b\n1,\"2\"", "1:a|b 2:1|2 "},
        {"a,b\n1,\"2", "1:a|b BROKEN 2"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        check(str_from(cases[i].body), (struct csv_options){.record_bytes_max = 100},
              cases[i].expected);
}

static void the_separator_is_found(void **state) {
    (void)state;
    static const struct {
        char separator;
        const char *text, *expected;
    } cases[] = {
        {0, "a;b\n1;2,5\n", "1:a|b 2:1|2,5 "},
        {0, "a\tb\n1\t2;3\n", "1:a|b 2:1|2;3 "},
        {0, "a;b;\"c,d,e,f\"\n1;2;3", "1:a|b|c,d,e,f 2:1|2|3 "},
        {0, "a,b;c,d\n", "1:a|b;c|d "},
        {0, "id\n1\n2\n", "1:id 2:1 3:2 "},
        {0, "\r\n\r\na;b,c;d\r\n", "3:a|b,c|d "},
        {0, "\"a\nx,y,z\";b\n1;2", "1:a\nx,y,z|b 3:1|2 "},
        {',', "a;b,c;d;e\n", "1:a;b|c;d;e "},
        {'\t', "a\tb\n\t2\n", "1:a|b 2:|2 "},
        {0, "sep=;\r\na,b;c\r\n", "2:a,b|c "},
        {',', "SEP=;\na,b;c\n", "2:a,b|c "},
        {0, "\"sep=,\"\na;x,b;c\n", "2:a;x|b;c "},
        {0, "sep=|\na;b\n", "2:a|b "},
        {0, "\xef\xbb\xbfsep=\t\na;b\tc\n", "2:a;b|c "},
        {0, "sep=;", "1:sep=| "},
        {0, "sep=;\ra,b;c\r", "2:a,b|c "},
        {0, "\nsep=;\na,b\n", "2:sep=| 3:a,b "},
        {0, "5\" a;b,c;d\n1;2\n", "1:5\" a|b,c|d 2:1|2 "},
        {0, "\xef\xbb\xbf\"a\",b\n", "1:a|b "},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        check(str_from(cases[i].text),
              (struct csv_options){.separator = cases[i].separator, .record_bytes_max = 100},
              cases[i].expected);
}

static void other_encodings_are_left_alone(void **state) {
    (void)state;
    check(STR("a,b\n\xff,2\n"), (struct csv_options){.record_bytes_max = 16}, "1:a|b 2:\xff|2 ");
}

static void long_records_are_only_told_of(void **state) {
    (void)state;
    const struct csv_options options = {.record_bytes_max = 10};
    check(STR("a,b\n1234567,9\n12345678,0\n3,4\n"), options, "1:a|b 2:1234567|9 3:too long 4:3|4 ");
    check(STR("a\n\"12345\n7890\"\n1\n"), options, "1:a 2:too long 4:1 ");
    check(STR("a\n,,,,,,,,,,,,,,,,,,,,,,,,,\n1\n"), options, "1:a 3:1 "); // long, but empty
    struct buf text;
    buf_init(&text, 1 << 20);
    buf_puts(&text, "a\n\"");
    for (int i = 0; i < 200000; i++)
        buf_puts(&text, "x\n");
    buf_puts(&text, "\"\n1");
    check(buf_str(&text), options, "1:a 2:too long 200003:1 ");
    buf_free(&text);
}

static void reading_stops_when_told(void **state) {
    (void)state;
    struct buf text;
    struct noted noted = {.len = 0};
    uint32_t line;
    buf_init(&text, 1 << 20);
    for (int i = 0; i < 100000; i++)
        buf_puts(&text, "a\n");
    buf_puts(&text, "\""); // not reached
    assert_true(csv_read(buf_str(&text), &(struct csv_options){.record_bytes_max = 10}, note_record,
                         &noted, &line));
    assert_int_equal(noted.items, 100);
    buf_free(&text);
}

static const struct mapping columns = {
    MAY_BE_MISSING,
    .format = MAPPING_CSV,
    .dates = MAPPING_DATES_DMY,
    .rules = {[MAPPING_ID] = {.from = "id"},
              [MAPPING_REPORTED] = {.from = "reported"},
              [MAPPING_MUNICIPALITY] = {.from = "municipality"},
              [MAPPING_CATEGORY] = {.from = "category"},
              [MAPPING_GENDER] = {.from = "gender"},
              [MAPPING_AGE] = {.from = "age"},
              [MAPPING_WATERMARK] = {.from = "reported"}},
    .absent = {"onbekend"},
    .absent_count = 1,
    .skips = {{"soort", "test", MAPPING_IS_EQUAL}},
    .skip_count = 1,
};

static void the_header_names_the_columns(void **state) {
    (void)state;
    static const struct page_sample cases[] = {
        {"id\n1\n2\n", "1; 2; "},
        {"id,extra\n1,2\n", "1 ?1; "},
        {" ID ;\"Re-\nported\"\n1;5-3-2017\n", "1 r=2017-03-05; mark 2017-03-04T23:00:00.000Z "},
        {"Id;REPORTED\n1;5-3-2017\n", "1 r=2017-03-05; mark 2017-03-04T23:00:00.000Z "},
        {"age,id,id.\n30,1,2\n", "1 age=30 ?1; "}, // spelled so before folded alike
        {"id,category\n1,a| b |\n2,a|b|c|d|e|f|g|h|i|j\n3,onbekend\n",
         "1 +a +b; 2 +a +b +c +d +e +f +g +h !/categories:tooMany; 3; "},
        {"id,soort\n1,TEST\n2,echt\n3,\n", "2; 3; left out 1 "},
        {"id,age,gender\n1,30\n2,30,v\n3,30,,\n4,30,,x\n5,,\n",
         "1 age=30; 2 g=v age=30; 3 age=30;  !:type; 5; FAILED noSignal 6"},
        {"id,age,,\n1,30,x,y\n2,30,,,z\n", "1 age=30;  !:type; "},
        {"id\n\xff\n", "\xff; "}, // the normaliser tells
        // what nobody looks into costs nothing
        {"x,id,X,x\n1,2,3,4\n", "2 ?3; "},
        {"x\xff,id,x\xff\n1,2,\xfe\n", "2 ?2; "},
        // pages that cannot be read
        {"", "FAILED required 1"},
        {"\n\n", "FAILED required 1"},
        {"<html><body>\n</body></html>\n", "FORM HTML"},
        {"\nnummer,age\n1,2\n", "FAILED missingPlace 2 id"},
        {"id,age,AGE\n1,2,3\n", "FAILED repeated 1 /victim/age"},
        {"id,age,id\n1,2,3\n", "FAILED repeated 1 /id"},
        {"i.d,i-d\n1,2\n", "FAILED repeated 1 /id"},
        {"id\n1\n\"2\n", "1; FAILED syntax 3"},
    };
    check_pages(&columns, cases, COUNT(cases));
    static const struct page_sample ambiguous[] = {{"I.D.;i_d\n1;2\n", "FAILED repeated 1 /id"}};
    static struct mapping mapping;
    mapping = columns;
    mapping.rules[MAPPING_ID].from = "i d";
    check_pages(&mapping, ambiguous, COUNT(ambiguous));
}

static const struct mapping strict = {
    .format = MAPPING_CSV,
    .dates = MAPPING_DATES_DMY,
    .rules = {[MAPPING_ID] = {.from = "nummer"},
              [MAPPING_REPORTED] = {.from = "meldings datum"},
              [MAPPING_CATEGORY] = {.from = "vorm", .constant = "onbekend"},
              [MAPPING_GENDER] = {.from = "m/v"},
              [MAPPING_WITHDRAWN] = {.from = "ingetrokken"}},
    .may_be_missing = {[MAPPING_GENDER] = true, [MAPPING_WITHDRAWN] = true},
    .absent = {"-"},
    .absent_count = 1,
    .skips = {{"soort", "test", MAPPING_IS_EQUAL}},
    .skip_count = 1,
};

static void what_is_no_table_of_signals_is_refused(void **state) {
    (void)state;
    static const struct page_sample cases[] = {
        {"nummer,Meldings-\ndatum,vorm,soort\n1,5-3-2017,a,\n",
         "FAILED missingPlace 1 meldings datum, vorm, soort"},
        {"nummer,\"Meldings-\ndatum\",vorm,soort\n1,5-3-2017,\"a\r\nb\",\n",
         "1 r=2017-03-05 +a b; "},
        {"nummer,meldingsdatum,vorm,soort\n1,5-3-2017,,\n", "1 r=2017-03-05 +onbekend; "},
        {"nummer,datum,vorm,soort\n1,5-3-2017,a,\n", "FAILED missingPlace 1 meldings datum"},
        {"nummer,meldingsdatum,soort\n1,5-3-2017,\n", "FAILED missingPlace 1 vorm"},
        {"nummer,meldingsdatum,vorm\n1,5-3-2017,a\n", "FAILED missingPlace 1 soort"},
        // titles above the header line
        {"Meldingen 2017;;;\n;;;\nnummer;meldingsdatum;vorm;soort\n1;5-3-2017;a;\n",
         "1 r=2017-03-05 +a; "},
        {"a\n\nb\nc\n", "FAILED missingPlace 1 nummer"},
        {"1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17\n18\n19\n20\nnummer\n",
         "FAILED missingPlace 1 nummer"},
        // empty dates
        {"nummer,meldingsdatum,vorm,soort\n1,,a,\n2,5-3-2017,a,\n3, - ,a,\n4\n",
         "1 +a; 2 r=2017-03-05 +a; 3 +a; 4 +onbekend; FAILED emptyDate 2 and 2 more"},
        {"nummer,meldingsdatum,vorm,soort\n1,,a,test\n", "left out 1 "},
        {"nummer,meldingsdatum,vorm,soort,ingetrokken\n1,,,,ja\n", "1 +onbekend withdrawn; "},
        {"nummer,meldingsdatum,vorm,soort\n1,x,a,\n", "1 r=x +a; "}, // that row only
        // sums and notes
        {"nummer,meldingsdatum,vorm,soort\nTotaal: 12,5-3-2017,a,\n",
         "Totaal: 12 r=2017-03-05 +a; FAILED noSignal 2"},
        {"nummer,meldingsdatum,vorm,soort\n* voorlopige cijfers,,,\n,,,bron\n",
         "* voorlopige cijfers +onbekend;  +onbekend; FAILED noSignal 2 and 1 more"},
        {"nummer,meldingsdatum,vorm,soort\nBijgewerkt op,31-12-2017,,\nAantal 2017,5-3-2017,2,\n",
         "Bijgewerkt op r=2017-12-31 +onbekend; Aantal 2017 r=2017-03-05 +2; "
         "FAILED noSignal 2 and 1 more"},
        {"nummer,meldingsdatum,vorm,soort\nAB,5-3-2017,a,\n3,5-3-2017,,\n",
         "AB r=2017-03-05 +a; 3 r=2017-03-05 +onbekend; "},
        // numbers that a spreadsheet has shortened
        {"nummer,meldingsdatum,vorm,soort\n123456789012345000,5-3-2017,a,\n"
         "123456789012345600,5-3-2017,a,\n12345678901234500,5-3-2017,a,\n",
         "123456789012345000 r=2017-03-05 +a !/id:shortenedId; "
         "123456789012345600 r=2017-03-05 +a; 12345678901234500 r=2017-03-05 +a; "},
        // and those that a program has given a fraction
        {"nummer,meldingsdatum,vorm,soort\n201712345678.0,5-3-2017,a,\n\"201712345679,00\",5-3-"
         "2017,a,\n"
         "201712345678.5,5-3-2017,a,\n7.,5-3-2017,a,\n.0,5-3-2017,a,\nA1.0,5-3-2017,a,\n",
         "201712345678 r=2017-03-05 +a; 201712345679 r=2017-03-05 +a; "
         "201712345678.5 r=2017-03-05 +a; 7. r=2017-03-05 +a; .0 r=2017-03-05 +a; "
         "A1.0 r=2017-03-05 +a; "},
        // what keeps a spreadsheet from making a number of a text
        {"nummer,meldingsdatum,vorm,soort\n'0123,5-3-2017,a,\n\"=\"\"0124\"\"\",'5-3-2017,'s,\n"
         "'Z-1,5-3-2017,a,\n=\"0125\",5-3-2017,a,\n",
         "0123 r=2017-03-05 +a; 0124 r=2017-03-05 +'s; Z-1 r=2017-03-05 +a; "
         "0125 r=2017-03-05 +a; "},
    };
    check_pages(&strict, cases, COUNT(cases));
    struct mapping relaxed = strict;
    static const struct page_sample may[] = {
        {"nummer,soort\n1,x\nsom,x\n2,\n",
         "1 +onbekend; som +onbekend; 2 +onbekend; FAILED noSignal 3"},
        {"nummer,m/v\n1,v\n2,\n", "1 +onbekend g=v; 2 +onbekend; FAILED noSignal 3"},
        {"nummer,vorm,soort\n1,a\n", "1 +a; "},
    };
    memset(relaxed.may_be_missing, true, sizeof relaxed.may_be_missing);
    relaxed.exclude_may_be_missing = true;
    check_pages(&relaxed, may, COUNT(may));
}

// A column that is missing may be one that nobody knows; what is called as remarks are is none.
static void a_column_may_be_called_otherwise(void **state) {
    (void)state;
    static const struct page_sample cases[] = {
        {"id,gender\n1,m\n", "1 g=m; "},
        {"id,sekse\n1,m\n", "FAILED missingPlace 1 gender, age, ageGroup"},
        {"id,gender,sekse\n1,m,x\n", "FAILED missingPlace 1 age, ageGroup"},
        {"id,gender,Notes, Toelichting ,\"op-\nmerking\"\n1,m,x,y,z\n", "1 g=m ?3; "},
        {"id,gender,x, x\n1,m,y,z\n", "1 g=m ?2; "},
        {"id,gender,Notes,x\n1,m,x,y\n", "FAILED missingPlace 1 age, ageGroup"},
        {"id,gender,ageGroup,x\n1,m,Minor,y\n", "1 g=m group=Minor ?1; "},
        {"id,gender,leeftijd,\n1,m,30,\n", "FAILED missingPlace 1 age, ageGroup"},
    };
    static const struct mapping mapping = {
        .format = MAPPING_CSV,
        .rules = {[MAPPING_ID] = {.from = "id"},
                  [MAPPING_GENDER] = {.from = "gender"},
                  [MAPPING_AGE] = {.from = "age"},
                  [MAPPING_AGE_GROUP] = {.from = "ageGroup"},
                  [MAPPING_MUNICIPALITY] = {.from = "place"}},
        .may_be_missing = {[MAPPING_MUNICIPALITY] = true},
    };
    check_pages(&mapping, cases, COUNT(cases));
    struct mapping strictly = mapping;
    strictly.may_be_missing[MAPPING_MUNICIPALITY] = false;
    for (int own = 0; own < 2; own++) {
        struct noted noted = {.len = 0};
        struct mapping_result result;
        const struct mapping_about about = {.own_place = own};
        mapping_decode_about(&strictly, STR("id,gender,age,gemeente\n1,m,30,x\n"), &note_limits,
                             &about, note_item, &noted, &result);
        assert_int_equal(result.decoded.failed, !own);
        assert_int_equal(result.decoded.unknown_count, 1);
        assert_int_equal(result.decoded.unknown[0], 4);
        assert_string_equal(result.decoded.missing, own ? "" : "place");
    }
}

static void sizes_are_bounded(void **state) {
    (void)state;
    const struct decode_limits limits = {.item_bytes_max = 3000, .items_max = 2, .depth_max = 1};
    struct noted noted;
    struct buf text;
    buf_init(&text, 1 << 16);
    (void)note_page_limited(&columns, STR("id\n1\n2\n"), &limits, &noted);
    assert_string_equal(noted.text, "1; 2; ");
    (void)note_page_limited(&columns, STR("id\n1\n2\n\n3\n"), &limits, &noted);
    assert_string_equal(noted.text, "1; 2; FAILED tooMany 5");
    for (int columns_count = 512; columns_count <= 513; columns_count++) {
        buf_clear(&text);
        buf_puts(&text, "id");
        for (int i = 1; i < columns_count; i++)
            buf_printf(&text, ",c%d", i);
        buf_puts(&text, ",,,,,\n1");
        (void)note_page_limited(&columns, buf_str(&text), &limits, &noted);
        assert_string_equal(noted.text, columns_count > 512 ? "FAILED tooMany 1" : "1 ?511; ");
    }
    buf_clear(&text);
    buf_printf(&text, "id,%03000d\n1", 0);
    (void)note_page_limited(&columns, buf_str(&text), &limits, &noted);
    assert_string_equal(noted.text, "FAILED tooLong 1");
    buf_clear(&text);
    buf_printf(&text, "id,x\n1,%03000d\n2,\n", 0);
    (void)note_page_limited(&columns, buf_str(&text), &limits, &noted);
    assert_string_equal(noted.text, " !:tooLong; 2 ?1; ");
    buf_free(&text);
}

static void files_as_they_come(void **state) {
    (void)state;
    static const struct mapping excel = {
        MAY_BE_MISSING,
        .format = MAPPING_CSV,
        .latin1 = true,
        .dates = MAPPING_DATES_EXCEL,
        .rules = {[MAPPING_ID] = {.from = "meldnummer"},
                  [MAPPING_REPORTED] = {.from = "meldingsdatum"},
                  [MAPPING_MUNICIPALITY] = {.from = "gemeente"},
                  [MAPPING_CATEGORY] = {.from = "uitbuitingsvorm"},
                  [MAPPING_GENDER] = {.from = "geslacht"},
                  [MAPPING_AGE] = {.from = "leeftijd"},
                  [MAPPING_CITIZENSHIP] = {.from = "nationaliteit",
                                           .words = {{"Belgie", "BE"}},
                                           .word_count = 1}},
        .absent = {"n.v.t."},
        .absent_count = 1,
    };
    struct noted noted;
    (void)note_file(&columns, "rfc4180.csv", &noted);
    assert_string_equal(
        noted.text,
        "2017-1 r=2017-03-05 m=Weesp +gedwongen prostitutie g=man age=30 ?1; "
        "2017-2 r=2017-03-05T13:30:00.000Z m='s-Gravenhage +arbeidsuitbuiting +bedelarij g=V "
        "age=17 ?1; "
        "2017-3 r=2017-03-07 m=Súdwest-Fryslân +mensenhandel ?1; mark 2017-03-06T23:00:00.000Z ");
    (void)note_file(&columns, "tab.csv", &noted);
    assert_string_equal(noted.text, "7 r=2018-06-18 m=Beek g=x; mark 2018-06-17T22:00:00.000Z ");
    (void)note_file(&excel, "excel.csv", &noted);
    assert_string_equal(
        noted.text,
        "007 r=2018-06-18 m=Súdwest-Fryslân +seksuele uitbuiting g=vrouw age=19 c=BE; "
        "008 r=2018-06-18T11:30:00.000Z m=Midden-Drenthe +arbeidsuitbuiting g=man c=PL; "
        "9 r=2018-06-18 m=Bergen (L.) +zei: \"€ 50\" per dag; ");
}

static void random_texts_never_crash(void **state) {
    (void)state;
    static const char alphabet[] = "\"\"\"\n\n\r,;\t=id1 \xc3\xa9\xff\x00";
    uint64_t seed = unit_seed();
    struct mapping mapping = columns;
    for (size_t round = 0, rounds = unit_rounds(20000); round < rounds; round++) {
        char text[64] = "id,age;\n";
        size_t len = 3 + (size_t)unit_random(&seed) % 60;
        for (size_t i = round % 2 ? 8 : 0; i < len; i++)
            text[i] = alphabet[unit_random(&seed) % (sizeof alphabet - 1)];
        mapping.latin1 = round % 3 == 0;
        struct noted noted;
        struct mapping_result result = note_page(&mapping, (struct str){text, len}, &noted);
        assert_int_equal(noted.items, result.decoded.items);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_and_cells),
        cmocka_unit_test(the_separator_is_found),
        cmocka_unit_test(other_encodings_are_left_alone),
        cmocka_unit_test(long_records_are_only_told_of),
        cmocka_unit_test(reading_stops_when_told),
        cmocka_unit_test(the_header_names_the_columns),
        cmocka_unit_test(what_is_no_table_of_signals_is_refused),
        cmocka_unit_test(a_column_may_be_called_otherwise),
        cmocka_unit_test(sizes_are_bounded),
        cmocka_unit_test(files_as_they_come),
        cmocka_unit_test(random_texts_never_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
