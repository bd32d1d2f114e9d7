// SPDX-License-Identifier: EUPL-1.2
#include "codec/decode.h"

#include "unit.h"

// What came out of a body, as one line of text: "id[faults] …" and how the whole ended.
struct seen {
    char text[2048];
    size_t len;
};

static void note(struct seen *seen, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    seen->len +=
        (size_t)vsnprintf(seen->text + seen->len, sizeof seen->text - seen->len, fmt, args);
    va_end(args);
}

static void note_text(struct seen *seen, const char *name, struct str text) {
    if (text.data)
        note(seen, " %s=%.*s", name, (int)text.len, text.data);
}

static void on_item(void *ctx, const struct decode_item *item) {
    struct seen *seen = ctx;
    note(seen, "%.*s", (int)item->item.id.len, item->item.id.data ? item->item.id.data : "");
    for (size_t i = 0; i < item->item.category_count; i++)
        note(seen, "+%.*s", (int)item->item.categories[i].len, item->item.categories[i].data);
    if (item->item.age.data)
        note(seen, "@%.*s", (int)item->item.age.len, item->item.age.data);
    note_text(seen, "name", item->item.person.name);
    note_text(seen, "born", item->item.person.birth_date);
    note_text(seen, "from", item->item.person.nationality);
    note_text(seen, "v", item->item.person.v_number);
    note_text(seen, "updated", item->item.updated);
    if (item->item.withdrawn)
        note(seen, "-");
    if (item->item.unknown_fields)
        note(seen, "?%u", item->item.unknown_fields);
    for (size_t i = 0; i < item->fault_count; i++)
        note(seen, "!%s:%s", item->faults[i].pointer, fault_code_name(item->faults[i].code));
    note(seen, " ");
}

static const struct decode_limits limits = {.item_bytes_max = 200, .items_max = 4, .depth_max = 4};

static struct decode_result decode(enum decode_format format, struct str body, struct seen *seen) {
    struct decode_options options = {.format = format, .limits = limits};
    struct decode_result result;
    memset(seen, 0, sizeof *seen);
    decode_items(body, &options, on_item, seen, &result);
    if (result.failed)
        note(seen, "FAILED %s", fault_code_name(result.fault));
    return result;
}

struct sample {
    const char *body, *expected;
};

static void check(enum decode_format format, const struct sample *cases, size_t count) {
    struct seen seen;
    for (size_t i = 0; i < count; i++) {
        (void)decode(format, str_from(cases[i].body), &seen);
        if (strcmp(seen.text, cases[i].expected) != 0)
            fail_msg("%s\ngives     %s\nexpected %s", cases[i].body, seen.text, cases[i].expected);
    }
}

static void json_bodies(void **state) {
    (void)state;
    static const struct sample cases[] = {
        {"{\"id\":\"a\"}", "a "},
        {" \r\n\t{ \"id\" : \"a\" } \n", "a "},
        {"[]", ""},
        {"[ ]", ""},
        {"[{\"id\":\"a\"},{\"id\":\"b\"}]", "a b "},
        {"[{\"id\":17}]", "17 "},
        {"{\"id\":\"}]{[\\\"\"}", "}]{[\" "},
        {"{\"id\":\"a\",\"category\":\"x\"}", "a+x "},
        {"{\"id\":\"a\",\"categories\":[\"x\",\"y\"]}", "a+x+y "},
        {"{\"id\":\"a\",\"categories\":[\"x\",7]}", "a+x+!/categories/1:type "},
        {"{\"id\":\"a\",\"categories\":[7,\"x\",null]}",
         "a++x+!/categories/0:type!/categories/2:type "},
        {"{\"id\":\"a\",\"category\":\"x\",\"categories\":[1,2,3,4,5,6,7,8]}",
         "a+x+++++++!/categories/1:type!/categories/2:type!/categories/3:type!/categories/4:type"
         "!/categories/5:type!/categories/6:type!/categories/7:type!/categories:tooMany "},
        {"{\"id\":\"a\",\"categories\":{}}", "a!/categories:type "},
        {"{\"id\":\"a\",\"categories\":[1,2,3,4,5,6,7,8,9]}", "a!/categories:tooMany "},
        {"{\"id\":\"a\",\"victim\":{\"age\":17,\"shoe\":42}}", "a@17?1 "},
        {"{\"id\":\"a\",\"victim\":\"man\"}", "a!/victim:type "},
        {"{\"id\":\"a\",\"victim\":{\"age\":1.5}}", "a@1.5 "}, // read or not, it costs nothing
        {"{\"id\":\"a\",\"victim\":{\"age\":30.0}}", "a@30 "},
        {"{\"id\":\"a\",\"victim\":{\"age\":true}}", "a@true "},
        {"{\"id\":\"a\",\"victim\":{\"age\":[16,17]}}", "a@[16,17] "},
        {"{\"id\":\"a\",\"victim\":{\"age\":1e400}}", "a@1e400 "},
        {"{\"id\":\"a\",\"victim\":{\"age\":\"\\ud800\"}}", "a@\"\\ud800\" "},
        {"{\"id\":\"a\",\"municipality\":363,\"consent\":true}", "a "},
        {"{\"id\":\"a\",\"municipality\":363.0,\"consent\":1}", "a "},
        {"{\"id\":\"a\",\"municipality\":363.5}", "a!/municipality:type "},
        {"{\"id\":\"a\",\"municipality\":[363],\"consent\":{}}",
         "a!/municipality:type!/consent:type "},
        {"{\"id\":1.5}", "!/id:type "},
        {"{\"id\":17.0}", "17 "},
        {"{\"id\":\"a\",\"withdrawn\":true}", "a- "},
        {"{\"id\":\"a\",\"withdrawn\":\"yes\"}", "a!/withdrawn:type "},
        {"{\"id\":null,\"reported\":null}", " "},
        {"{\"id\":[\"a\"],\"reported\":5}", "!/id:type!/reported:type "},
        {"{\"id\":\"a\",\"naam\":\"x\",\"bsn\":1}", "a?2 "},
        {"{\"id\":\"a\",\"id\":\"b\"}", "!/id:repeated "}, // which one is meant?
        {"{\"\\u0069d\":\"a\",\"id\":\"a\"}", "!/id:repeated "},
        {"{\"id\":\"a\",\"victim\":{\"age\":1,\"age\":2}}", "a!/victim/age:repeated "},
        {"{\"id\":\"a\",\"victim\":{\"age\":1},\"victim\":{}}", "a@1!/victim:repeated "},
        {"[{\"id\":\"a\"},7,\"x\",null]", "a !:type !:type !:type "},
        {"[[{\"id\":\"a\"}]]", "!:type "},
        {"{\"a\":{\"b\":{\"c\":{\"d\":1}}}}", "?1 "},
        {"{\"a\":{\"b\":{\"c\":{\"d\":{}}}}}", "!:syntax "}, // too deep
        // broken as a whole: nothing of it counts
        {"", "FAILED syntax"},
        {"   ", "FAILED syntax"},
        {"7", "FAILED type"},
        {"\"x\"", "FAILED type"},
        {"{\"id\":\"a\"", "FAILED syntax"},
        {"{\"id\":\"a\"}}", "a FAILED syntax"},
        {"{\"id\":\"a\"} x", "a FAILED syntax"},
        {"[{\"id\":\"a\"}", "a FAILED syntax"},
        {"[{\"id\":\"a\"},]", "a FAILED syntax"},
        {"[{\"id\":\"a\"} {\"id\":\"b\"}]", "a FAILED syntax"},
        {"[{\"id\":}]", "!:syntax "},
        {"[{\"id\":\"a\"},{\"id\":\"b\",\"x\":\"\\ud83d\"},{\"id\":\"c\"}]", "a b?1 c "},
        {"[,{\"id\":\"a\"}]", "FAILED syntax"},
        {"{\"id\":006}", "!/id:syntax "},
        {"{\"id\":\"\xc0\xa0\"}", "!/id:badCharacter "},
        {"{\"id\":\"a\\u0000b\"}", "!/id:badCharacter "},
        {"{\"id\":\"\\ud83d\"}", "!/id:badCharacter "},
        {"{\"id\":\"a\x01\"}", "!/id:badCharacter "},
        {"{\"id\":9223372036854775808}", "!/id:outOfRange "},
        {"{\"id\":1e999}", "!/id:outOfRange "},
        {"{\"id\":\"a\",\"categories\":[\"x\",\"\xff\"]}", "a+x+!/categories/1:badCharacter "},
        {"{\"id\":\"a\",\"categories\":[\"x\" \"y\"]}", "a!/categories:syntax "},
        {"{\"id\":\"a\",\"victim\":{\"age\" 7}}", "a!/victim:syntax "},
        {"{id:\"a\"}", "!:syntax "},
        {"[{},{},{},{},{}]", "    FAILED tooMany"},
    };
    check(DECODE_JSON, cases, COUNT(cases));
}

static void what_is_dropped_costs_nothing(void **state) {
    (void)state;
    static const char *const dropped[] = {
        "\"\\ud83d\"",
        "\"\\u0000\"",
        "\"\x01\"",
        "\"\xff\"",
        "\"\\q\"",
        "1e999",
        "NaN",
        "007",
        "9223372036854775808",
        "{\"a\":1,\"a\":2}",
        "{7:8}",
        "[1 2]",
        "[[1]]",
        "None",
    };
    char body[256];
    for (size_t i = 0; i < COUNT(dropped); i++) {
        struct seen seen;
        (void)snprintf(body, sizeof body,
                       "{\"note\":%s,\"id\":\"a\",\"victim\":{\"x\":%s,\"age\":3}}", dropped[i],
                       dropped[i]);
        (void)decode(DECODE_JSON, str_from(body), &seen);
        assert_string_equal(seen.text, "a@3?2 ");
        (void)decode(DECODE_NDJSON, str_from(body), &seen);
        assert_string_equal(seen.text, "a@3?2 ");
    }
    static const struct sample keys[] = {
        {"{\"\\ud83d\":1,\"id\":\"a\",\"\\u0000\":2,\"\xff\":3}", "a?3 "},
        {"{\"x\":1,\"id\":\"a\",\"x\":2,\"x\":3}", "a?3 "},
        {"{7:1,-0.5e1:2,\"id\":\"a\"}", "a?2 "},
    };
    check(DECODE_JSON, keys, COUNT(keys));
}

static void persons(void **state) {
    (void)state;
    static const struct sample cases[] = {
        {"{\"id\":\"a\",\"person\":{}}", "a "},
        {"{\"id\":\"a\",\"person\":null}", "a "},
        {"{\"id\":\"a\",\"person\":\"N\"}", "a!/person:type "},
        {"{\"id\":\"a\",\"person\":[]}", "a!/person:type "},
        {"{\"id\":\"a\",\"person\":{\"name\":\"N\",\"birthDate\":\"B\",\"nationality\":\"C\","
         "\"vNumber\":\"V\"}}",
         "a name=N born=B from=C v=V "},
        {"{\"id\":\"a\",\"person\":{\"vNumber\":2718281828}}", "a v=2718281828 "},
        {"{\"id\":1,\"victim\":{\"age\":2,\"birthYear\":3},\"person\":{\"vNumber\":4}}",
         "1@2 v=4 "},
        {"{\"id\":\"a\",\"person\":{\"name\":7,\"birthDate\":19900517,\"nationality\":[],"
         "\"vNumber\":1.5}}",
         "a!/person/name:type!/person/birthDate:type!/person/nationality:type"
         "!/person/vNumber:type "},
        {"{\"id\":\"a\",\"person\":{\"name\":null,\"vNumber\":null}}", "a "},
        {"{\"id\":\"a\",\"person\":{\"Name\":\"N\",\"phone\":\"0\"}}", "a?2 "},
        {"{\"id\":\"a\",\"name\":\"N\",\"vNumber\":\"V\"}", "a?2 "},
        // what must not be sent, as whatever it comes
        {"{\"id\":\"a\",\"person\":{\"bsn\":\"x\"}}", "a!/person/bsn:notAccepted "},
        {"{\"id\":\"a\",\"person\":{\"BSN\":123456782}}", "a!/person/bsn:notAccepted "},
        {"{\"id\":\"a\",\"person\":{\"Bsn\":[]}}", "a!/person/bsn:notAccepted "},
        {"{\"id\":\"a\",\"person\":{\"bsn\":false}}", "a!/person/bsn:notAccepted "},
        {"{\"id\":\"a\",\"person\":{\"burgerServiceNummer\":\"x\"}}", "a!/person/bsn:notAccepted "},
        {"{\"id\":\"a\",\"person\":{\"citizenservicenumber\":\"x\"}}",
         "a!/person/bsn:notAccepted "},
        {"{\"id\":\"a\",\"person\":{\"SofiNummer\":\"x\"}}", "a!/person/bsn:notAccepted "},
        {"{\"id\":\"a\",\"person\":{\"bsn\":null}}", "a "},
        {"{\"id\":\"a\",\"person\":{\"bsn\":\" \"}}", "a "},
    };
    check(DECODE_JSON, cases, COUNT(cases));
}

static void times_of_change(void **state) {
    (void)state;
    static const struct sample cases[] = {
        {"{\"id\":\"a\",\"updated\":\"2017-03-05T10:00:00Z\"}", "a updated=2017-03-05T10:00:00Z "},
        {"{\"id\":\"a\",\"updated\":\"gisteren\"}", "a updated=gisteren "},
        {"{\"id\":\"a\",\"updated\":7}", "a!/updated:type "},
        {"{\"id\":\"a\",\"updated\":null}", "a "},
    };
    // The same name as that of a mark: a mark may only count.
    static const struct sample marks[] = {
        {"{\"id\":\"a\",\"updated\":7}", "a "},
        {"{\"id\":\"a\",\"updated\":\"7\"}", "a "},
        {"{\"id\":\"a\",\"updated\":\"2017-03-05\"}", "a updated=2017-03-05 "},
        {"{\"id\":\"a\",\"updated\":\"2017-03-05T10:00:00Z\"}", "a updated=2017-03-05T10:00:00Z "},
    };
    check(DECODE_JSON, cases, COUNT(cases));
    for (size_t i = 0; i < COUNT(marks); i++) {
        struct seen seen = {{0}, 0};
        struct decode_options options = {
            .format = DECODE_JSON, .limits = limits, .cursor_field = STR("updated")};
        struct decode_result result;
        decode_items(str_from(marks[i].body), &options, on_item, &seen, &result);
        assert_string_equal(seen.text, marks[i].expected);
        assert_true(result.cursor[0]);
    }
}

static void ndjson_bodies(void **state) {
    (void)state;
    static const struct sample cases[] = {
        {"", ""},
        {"\n\n", ""},
        {"{\"id\":\"a\"}", "a "},
        {"{\"id\":\"a\",\"person\":{\"name\":\"N\"},\"updated\":\"U\"}\n{\"id\":\"b\"}",
         "a name=N updated=U b "},
        {"{\"id\":\"a\"}\r\n{\"id\":\"b\"}\n", "a b "},
        // a broken line leaves the others whole
        {"{\"id\":\"a\"}\n{\"id\":\n{\"id\":\"c\"}", "a !:syntax c "},
        {"{\"id\":\"a\"} {\"id\":\"b\"}\n{\"id\":\"c\"}", "!:syntax c "},
        {"[]\n{\"id\":\"c\"}", "!:type c "},
        {"x\n{\"id\":\"c\"}", "!:syntax c "},
        {"{\"id\":006}\n{\"id\":\"c\"}", "!/id:syntax c "},
        {"{}\n{}\n{}\n{}\n{}\n", "    FAILED tooMany"},
    };
    check(DECODE_NDJSON, cases, COUNT(cases));
}

static void an_item_over_its_size_is_refused_alone(void **state) {
    (void)state;
    char body[512], long_id[220];
    struct seen seen;
    memset(long_id, 'x', sizeof long_id - 1);
    long_id[sizeof long_id - 1] = '\0';
    (void)snprintf(body, sizeof body, "[{\"id\":\"a\"},{\"id\":\"%s\"},{\"id\":\"c\"}]", long_id);
    (void)decode(DECODE_JSON, str_from(body), &seen);
    assert_string_equal(seen.text, "a !:tooLong c ");
    (void)snprintf(body, sizeof body, "{\"id\":\"a\"}\n{\"id\":\"%s\"}\n{\"id\":\"c\"}", long_id);
    (void)decode(DECODE_NDJSON, str_from(body), &seen);
    assert_string_equal(seen.text, "a !:tooLong c ");
}

static void the_line_of_the_fault_is_told(void **state) {
    (void)state;
    struct seen seen;
    struct decode_result result =
        decode(DECODE_JSON, STR("[\n{\"id\":\"a\"},\n{\"id\":\"b\"} x\n]"), &seen);
    assert_true(result.failed);
    assert_int_equal(result.line, 3);
}

static void the_cursor_is_the_highest_mark(void **state) {
    (void)state;
    static const struct sample cases[] = {
        {"[{\"u\":\"2017-01-02\"},{\"u\":\"2017-03-01\"},{\"u\":\"2017-02-01\"}]", "2017-03-01"},
        {"[{\"u\":9},{\"u\":10}]", "10"},
        {"[{\"u\":\"2017-01-02T10:00:00+01:00\"}]", "2017-01-02T10:00:00+01:00"},
        {"[{\"u\":\"x&y=1\"},{\"u\":\"\"},{\"u\":null},{\"u\":{}}]", ""}, // not a mark
        {"[]", ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct seen seen = {{0}, 0};
        struct decode_options options = {
            .format = DECODE_JSON, .limits = limits, .cursor_field = STR("u")};
        struct decode_result result;
        decode_items(str_from(cases[i].body), &options, on_item, &seen, &result);
        assert_string_equal(result.cursor, cases[i].expected);
        assert_null(strchr(seen.text, '?')); // it is no unknown field
    }
}

static void on_nothing(void *ctx, const struct decode_item *item) {
    (void)item;
    ++*(uint32_t *)ctx;
}

static void random_bodies_never_crash(void **state) {
    (void)state;
    static const char alphabet[] = "{}[]\",:\\ \n0129aeid.-+tfnul\xc3\xa9\xff\x00";
    uint64_t seed = unit_seed();
    for (size_t round = 0, rounds = unit_rounds(20000); round < rounds; round++) {
        char body[64];
        size_t len = (size_t)unit_random(&seed) % sizeof body;
        for (size_t i = 0; i < len; i++)
            body[i] = alphabet[unit_random(&seed) % (sizeof alphabet - 1)];
        for (int format = DECODE_JSON; format <= DECODE_NDJSON; format++) {
            struct decode_options options = {.format = (enum decode_format)format,
                                             .limits = limits};
            struct decode_result result;
            uint32_t items = 0;
            decode_items((struct str){body, len}, &options, on_nothing, &items, &result);
            assert_int_equal(items, result.items - (result.failed && result.items > items));
        }
    }
}

// Each field once, all of the wrong type; and of what must not be sent more than there is room for.
static void all_faults_of_an_item_are_told(void **state) {
    (void)state;
    static const char *const fields[] = {"id", "reported", "occurred", "status", "updated"};
    static const char *const scalars[] = {"municipality", "consent"};
    static const char *const person[] = {"name", "birthDate", "nationality", "vNumber", "bsn"};
    const struct decode_options options = {
        .limits = {.item_bytes_max = 2000, .items_max = 1, .depth_max = 4}};
    struct decode_result result;
    struct seen seen = {.len = 0}, expected = {.len = 0};
    struct buf body;
    buf_init(&body, 2000);
    note(&expected, "++++++++");
    buf_puts(&body, "{\"withdrawn\":0");
    note(&expected, "!/withdrawn:type");
    for (size_t i = 0; i < COUNT(fields); i++) {
        buf_printf(&body, ",\"%s\":true", fields[i]);
        note(&expected, "!/%s:type", fields[i]);
    }
    for (size_t i = 0; i < COUNT(scalars); i++) {
        buf_printf(&body, ",\"%s\":[]", scalars[i]);
        note(&expected, "!/%s:type", scalars[i]);
    }
    for (int i = 0; i < SIGNAL_CATEGORIES_MAX; i++) {
        buf_printf(&body, i ? ",%d" : ",\"categories\":[%d", i);
        note(&expected, "!/categories/%d:type", i);
    }
    buf_puts(&body, "],\"category\":1,\"victim\":{\"shoe\":1");
    note(&expected, "!/category:type");
    buf_puts(&body, "},\"person\":{\"shoe\":1");
    for (size_t i = 0; i < COUNT(person); i++) {
        buf_printf(&body, ",\"%s\":{}", person[i]);
        note(&expected, "!/person/%s:%s", person[i], i == 4 ? "notAccepted" : "type");
    }
    for (int i = 1; i < 16; i++) { // the same in other spellings
        buf_printf(&body, ",\"%c%c%c\":1", i & 1 ? 'B' : 'b', i & 2 ? 'S' : 's', i & 4 ? 'N' : 'n');
        if (i <= DECODE_FAULTS_MAX - 22)
            note(&expected, "!/person/bsn:notAccepted");
    }
    buf_puts(&body, "}}");
    decode_items(buf_str(&body), &options, on_item, &seen, &result);
    char *text = strstr(seen.text, "?2");
    assert_non_null(text);
    memmove(text, text + 2, strlen(text + 2) + 1);
    note(&expected, " ");
    assert_string_equal(seen.text, expected.text);
    buf_free(&body);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_bodies),
        cmocka_unit_test(all_faults_of_an_item_are_told),
        cmocka_unit_test(what_is_dropped_costs_nothing),
        cmocka_unit_test(persons),
        cmocka_unit_test(times_of_change),
        cmocka_unit_test(ndjson_bodies),
        cmocka_unit_test(an_item_over_its_size_is_refused_alone),
        cmocka_unit_test(the_line_of_the_fault_is_told),
        cmocka_unit_test(the_cursor_is_the_highest_mark),
        cmocka_unit_test(random_bodies_never_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
