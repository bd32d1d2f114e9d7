// SPDX-License-Identifier: EUPL-1.2
// Faults in the sender's own words.
#include "codec/explain.h"

#include "unit.h"

static struct mapping csv = {.format = MAPPING_CSV,
                             .dates = MAPPING_DATES_DMY,
                             .rules = {[MAPPING_ID] = {.from = "zaak nr"},
                                       [MAPPING_REPORTED] = {.from = "datum"},
                                       [MAPPING_CATEGORY] = {.from = "vorm"}}};
static struct mapping json = {
    .format = MAPPING_JSON,
    .items = "/results",
    .next = "/next",
    .dates = MAPPING_DATES_EPOCH,
    .rules = {[MAPPING_ID] = {.from = "/zaak/nr"}, [MAPPING_REPORTED] = {.from = "/datum"}}};

static void of_an_item(void **state) {
    (void)state;
    static const struct {
        const struct mapping *mapping;
        enum fault_code code;
        const char *pointer, *text;
    } cases[] = {
        {NULL, FAULT_REQUIRED, "/id", "/id is required"},
        {&csv, FAULT_REQUIRED, "/id", "column \"zaak nr\" is required"},
        {&json, FAULT_REQUIRED, "/id", "member /zaak/nr is required"},
        {NULL, FAULT_TYPE, "", "the item is of another type: expected an object"},
        {&csv, FAULT_TYPE, "",
         "the row is of another type: expected no more cells than the header "
         "line has columns"},
        {NULL, FAULT_TYPE, "/victim", "/victim is of another type: expected an object"},
        {NULL, FAULT_TYPE, "/categories/3", "/categories/3 is of another type: expected text"},
        {NULL, FAULT_BAD_DATE, "/reported",
         "/reported is no date or time: expected YYYY-MM-DD or an RFC 3339 time"},
        {&csv, FAULT_BAD_DATE, "/reported",
         "column \"datum\" is no date or time: expected DD-MM-YYYY or YYYY-MM-DD"},
        {&json, FAULT_BAD_DATE, "/reported",
         "member /datum is no date or time: expected seconds since 1970, or YYYY-MM-DD"},
        {&csv, FAULT_BAD_DATE, "/occurred", // nothing of the sender's names it
         "/occurred is no date or time: expected DD-MM-YYYY or YYYY-MM-DD"},
        {&csv, FAULT_TOO_LONG, "/categories/2",
         "column \"vorm\" is longer than allowed: expected at most 96 bytes"},
        {NULL, FAULT_UNKNOWN_WORD, "/status",
         "/status is not one of the words allowed: expected possible, confirmed or rejected"},
        {&csv, FAULT_TOO_LONG, "", "the row is longer than allowed"},
        {&csv, FAULT_REPEATED, "/id", "column \"zaak nr\" is there more than once"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[EXPLAIN_MAX];
        explain_fault(cases[i].mapping, cases[i].code, cases[i].pointer, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void of_the_whole(void **state) {
    (void)state;
    static const struct {
        const struct mapping *mapping;
        struct decode_result decoded;
        const char *text;
    } cases[] = {
        {&csv,
         {.fault = FAULT_REQUIRED, .place = "/id"},
         "column \"zaak nr\" is not in the header line"},
        {&csv, {.fault = FAULT_REQUIRED, .place = ""}, "there is no header line"},
        {&csv,
         {.fault = FAULT_REPEATED, .place = "/id"},
         "column \"zaak nr\" is there more than once"},
        {&json,
         {.fault = FAULT_REQUIRED, .place = "items"},
         "member /results is not there: expected the list of items"},
        {&json,
         {.fault = FAULT_TYPE, .place = "items"},
         "member /results is no list: expected the list of items"},
        {&json,
         {.fault = FAULT_TYPE, .place = "next"},
         "member /next is neither text nor a number: expected the next page"},
        {&json,
         {.fault = FAULT_REQUIRED, .place = ""},
         "no item has anything that the template names: it is another answer"},
        {NULL,
         {.fault = FAULT_TYPE, .place = ""},
         "it is of another type: expected an object or a list of objects"},
        {NULL,
         {.fault = FAULT_TYPE, .place = "items"},
         "it is of another type: expected a list of objects"},
        {NULL, {.fault = FAULT_SYNTAX, .place = "empty"}, "there is nothing in it"},
        {NULL,
         {.fault = FAULT_SYNTAX, .place = "behind"},
         "something stands behind the one signal: send several as a list, or a line each as "
         "application/x-ndjson"},
        {NULL, {.fault = FAULT_SYNTAX, .place = ""}, "it is broken or cut off: expected JSON"},
        {&csv,
         {.fault = FAULT_MISSING_PLACE, .place = "", .missing = "datum, vorm"},
         "columns that the template names are not there: datum, vorm; write them in the template "
         "as "
         "the header line does, or add their fields to may_be_missing"},
        {&csv,
         {.fault = FAULT_EMPTY_DATE, .place = "", .more = 2},
         "a row has no date in column \"datum\": fill it in, or write may_be_missing: [reported] "
         "in "
         "the template, and 2 more"},
        {&csv,
         {.fault = FAULT_NO_SIGNAL, .place = ""},
         "it has a row that is a sum or a note, and no signal: take it out, or let the template "
         "exclude it"},
        {&json,
         {.fault = FAULT_MISSING_PLACE, .place = ""}, // as the quarantine keeps it
         "members that the template names are not there"},
        {NULL, {.fault = FAULT_TOO_MANY, .place = ""}, "it has more entries than allowed"},
    };
    char text[EXPLAIN_MAX];
    for (size_t i = 0; i < COUNT(cases); i++) {
        explain_whole(cases[i].mapping, &cases[i].decoded, text);
        assert_string_equal(text, cases[i].text);
    }
    const struct decode_result pdf = {
        .fault = FAULT_FORM, .place = "", .form = door_form_of(STR("%PDF-1.7"))};
    explain_whole(&csv, &pdf, text);
    assert_string_equal(text, "it is a PDF: ask the system for CSV or JSON");
}

// The longest names that a template may have.
static void long_names_fit(void **state) {
    (void)state;
    char name[MAPPING_TEXT_MAX + 1], text[EXPLAIN_MAX];
    memset(name, 'x', MAPPING_TEXT_MAX);
    name[MAPPING_TEXT_MAX] = '\0';
    struct mapping mapping = {.format = MAPPING_CSV,
                              .dates = MAPPING_DATES_EXCEL,
                              .rules = {[MAPPING_REPORTED] = {.from = name}}};
    explain_fault(&mapping, FAULT_BAD_DATE, "/reported", text);
    assert_non_null(strstr(text, "YYYY-MM-DD"));
    explain_fault(&mapping, FAULT_TYPE, "/reported", text);
    assert_non_null(strstr(text, "expected text"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_an_item),
        cmocka_unit_test(of_the_whole),
        cmocka_unit_test(long_names_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
