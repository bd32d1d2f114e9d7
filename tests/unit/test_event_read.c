// SPDX-License-Identifier: EUPL-1.2
// Events read back: what is read is what the line said, and nothing else is taken for an event.
#include "codec/event_kept.h"

#include "codec/departed.h"
#include "codec/json_out.h"
#include "core_tables.h"

static struct municipalities *municipalities;
static struct buf value;

static struct cell random_cell(uint64_t *seed) {
    size_t place = unit_random(seed) % (municipalities_count(municipalities) + 1);
    const struct municipality *m =
        place ? municipalities_at(municipalities, place - 1) : NULL; // or unknown
    return (struct cell){.municipality = m ? m->code : MUNICIPALITY_UNKNOWN,
                         .categories =
                             (uint16_t)(1 + unit_random(seed) % ((1u << CATEGORY_COUNT) - 1)),
                         .gender = (uint8_t)(unit_random(seed) % GENDER_COUNT),
                         .age_group = (uint8_t)(unit_random(seed) % AGE_COUNT),
                         .citizenship = (uint8_t)(unit_random(seed) % CITIZENSHIP_COUNT),
                         .source_kind = (uint8_t)(unit_random(seed) % SOURCE_KIND_COUNT),
                         .status = (uint8_t)(unit_random(seed) % STATUS_COUNT)};
}

static struct ledger_entry random_row(uint64_t *seed) {
    struct ledger_entry entry = {.kind = LEDGER_SIGNAL, .counts = true, .cell = random_cell(seed)};
    for (size_t i = 0; i < DIGEST_BYTES; i++)
        entry.identity.bytes[i] = (uint8_t)unit_random(seed);
    entry.version = (uint32_t)unit_random(seed) | 1;
    entry.verdict = entry.version % 3 ? VERDICT_CORRECTED : VERDICT_REGISTERED;
    entry.reported = SIGNAL_DAY_MIN + (int32_t)(unit_random(seed) % 20000);
    entry.occurred = unit_random(seed) % 2 ? TIME_DAY_NONE : entry.reported - 30;
    entry.received_ms = (int64_t)(unit_random(seed) % 4000000000000u);
    entry.municipality_today = entry.cell.municipality;
    entry.cell.month = (uint16_t)(time_month_of_day(entry.reported) - 2000 * 12);
    entry.source_len = (uint8_t)(1 + unit_random(seed) % LEDGER_SOURCE_MAX);
    memset(entry.source, 'a' + (int)(unit_random(seed) % 26), entry.source_len);
    return entry;
}

static void assert_said(const struct ledger_entry *said, const struct ledger_entry *entry) {
    assert_memory_equal(&said->identity, &entry->identity, sizeof said->identity);
    assert_memory_equal(&said->cell, &entry->cell, sizeof said->cell);
    assert_int_equal(said->version, entry->version);
    assert_int_equal(said->reported, entry->reported);
    assert_int_equal(said->occurred, entry->occurred);
    assert_int_equal(said->received_ms, entry->received_ms);
    assert_int_equal(said->municipality_today, entry->municipality_today);
    assert_int_equal(said->source_len, entry->source_len);
    assert_memory_equal(said->source, entry->source, sizeof said->source);
    assert_int_equal(said->counts, entry->counts);
    assert_int_equal(said->verdict, entry->verdict);
    assert_int_equal(said->erased, entry->erased);
}

static bool is_small(struct str kept) {
    return kept.len && kept.data[0] == 1;
}

// What is kept, of the parts as of the value that was read, gives the value again.
static void assert_kept(const struct ledger_entry *entry, const struct event_parts *parts,
                        const struct event_said *said) {
    static struct event_said again;
    struct buf kept, from_value, back;
    struct err err;
    buf_init(&kept, EVENT_VALUE_MAX + 1);
    buf_init(&from_value, EVENT_VALUE_MAX + 1);
    buf_init(&back, EVENT_VALUE_MAX);
    event_keep(&kept, parts);
    event_keep_said(&from_value, buf_str(&value), said);
    assert_true(is_small(buf_str(&from_value)));
    assert_int_equal(from_value.len, kept.len);
    assert_memory_equal(from_value.data, kept.data, kept.len);
    assert_true(event_unkeep(&back, entry, buf_str(&kept)));
    assert_int_equal(back.len, value.len);
    assert_memory_equal(back.data, value.data, value.len);
    assert_true(event_kept_says(buf_str(&kept), entry, &again, &err));
    assert_int_equal(again.parts.linked_count, parts->linked_count);
    assert_int_equal(again.parts.has_previous, parts->has_previous);
    assert_false(event_kept_value(buf_str(&kept)).data);
    // cut anywhere it is damaged, and so is one byte more
    size_t len = kept.len > 300 ? 300 : kept.len - 1;
    for (size_t cut = 1; cut <= len; cut++)
        assert_false(event_unkeep(&back, entry, (struct str){kept.data, cut}));
    buf_putc(&kept, 'x');
    assert_false(event_unkeep(&back, entry, buf_str(&kept)));
    buf_free(&kept);
    buf_free(&from_value);
    buf_free(&back);
}

static void assert_kept_after_reading(const struct ledger_entry *entry,
                                      const struct event_parts *parts) {
    static struct event_said said;
    struct err err;
    assert_true(event_read_signal(buf_str(&value), &said, &err));
    assert_kept(entry, parts, &said);
}

// What this daemon would write otherwise is kept as it is.
static void test_kept_as_it_is(void **state) {
    (void)state;
    uint64_t seed = 4;
    static struct event_said said;
    struct buf kept, back;
    struct err err;
    char spelling[EVENT_SPELLING_MAX];
    struct event_parts parts;
    struct ledger_entry entry = random_row(&seed);
    event_make_parts(&parts, municipalities, &entry, NULL);
    parts.as_reported = STR("Weesp");
    buf_init(&kept, EVENT_VALUE_MAX + 1);
    buf_init(&back, EVENT_VALUE_MAX);
    buf_clear(&value);
    event_put_value(&value, &entry, &parts);
    value.len--;
    buf_puts(&value, ",\"later\":1}");
    assert_true(event_read_signal(buf_str(&value), &said, &err));
    event_keep_said(&kept, buf_str(&value), &said);
    assert_false(is_small(buf_str(&kept)));
    assert_true(str_equal(event_kept_value(buf_str(&kept)), buf_str(&value)));
    assert_true(event_unkeep(&back, &entry, buf_str(&kept)));
    assert_true(str_equal(buf_str(&back), buf_str(&value)));
    assert_true(event_kept_spelling(buf_str(&kept), &entry, spelling));
    assert_string_equal(spelling, "Weesp");
    assert_true(event_unkeep(&back, &entry, STR("")));
    assert_false(event_unkeep(&back, &entry, STR("\2")));
    buf_free(&kept);
    buf_free(&back);
}

static void test_back(void **state) {
    (void)state;
    uint64_t seed = unit_seed();
    static struct event_said said;
    struct digest linked[EVENT_LINKED_MAX];
    struct err err;
    for (int i = 0; i < 2000; i++) {
        struct ledger_entry entry = random_row(&seed), previous = random_row(&seed);
        bool has_previous = unit_random(&seed) % 2;
        previous.cell.status %= STATUS_REJECTED; // a rejected one was in no counts
        struct event_parts parts;
        event_make_parts(&parts, municipalities, &entry, has_previous ? &previous : NULL);
        parts.as_reported = i % 7 ? STR("Weesp \"aan\" Zee\\") : (struct str){NULL, 0};
        parts.linked = linked;
        parts.linked_count = unit_random(&seed) % (EVENT_LINKED_MAX + 1);
        if (unit_random(&seed) % 4)
            parts.linked_count %= 3;
        for (size_t k = 0; k < parts.linked_count; k++)
            linked[k] = random_row(&seed).identity;
        buf_clear(&value);
        event_put_value(&value, &entry, &parts);
        if (!event_read_signal(buf_str(&value), &said, &err))
            fail_msg("%s: %.*s", err.text, (int)value.len, value.data);
        assert_said(&said.entry, &entry);
        assert_false(said.stub);
        assert_int_equal(said.parts.has_previous, has_previous);
        if (has_previous)
            assert_memory_equal(&said.parts.previous.cell, &previous.cell, sizeof previous.cell);
        assert_int_equal(said.parts.linked_count, parts.linked_count);
        assert_memory_equal(said.linked, linked, parts.linked_count * sizeof *linked);
        assert_kept(&entry, &parts, &said);
    }
}

// Withdrawn before anything was seen of it: no day, no categories, nothing to count.
static void test_never_seen(void **state) {
    (void)state;
    uint64_t seed = 1;
    static struct event_said said;
    struct event_parts parts;
    struct err err;
    struct ledger_entry entry = random_row(&seed);
    entry.cell = (struct cell){.source_kind = SOURCE_NGO};
    entry.reported = entry.occurred = TIME_DAY_NONE;
    entry.municipality_today = MUNICIPALITY_UNKNOWN;
    entry.counts = false;
    entry.verdict = VERDICT_WITHDRAWN;
    buf_clear(&value);
    event_make_parts(&parts, municipalities, &entry, NULL);
    event_put_value(&value, &entry, &parts);
    assert_kept_after_reading(&entry, &parts);
    assert_true(event_read_signal(buf_str(&value), &said, &err));
    assert_said(&said.entry, &entry);
    assert_false(said.stub);
}

static void test_erased(void **state) {
    (void)state;
    uint64_t seed = 2;
    static struct event_said said;
    struct event_parts parts;
    struct err err;
    struct ledger_entry entry = random_row(&seed), previous = random_row(&seed);
    entry.erased = true;
    previous.cell.status = STATUS_CONFIRMED;
    buf_clear(&value);
    event_make_parts(&parts, NULL, &entry, NULL);
    event_put_value(&value, &entry, &parts);
    assert_kept_after_reading(&entry, &parts);
    assert_true(event_read_signal(buf_str(&value), &said, &err));
    assert_true(said.stub);
    assert_false(said.parts.has_previous || said.entry.counts);
    assert_int_equal(said.entry.version, entry.version);
    assert_int_equal(said.entry.cell.source_kind, entry.cell.source_kind);
    assert_int_equal(said.entry.reported, TIME_DAY_NONE);
    buf_clear(&value);
    event_make_parts(&parts, municipalities, &entry, &previous);
    event_put_value(&value, &entry, &parts);
    assert_kept_after_reading(&entry, &parts);
    assert_true(event_read_signal(buf_str(&value), &said, &err));
    assert_true(said.stub && said.parts.has_previous);
    assert_memory_equal(&said.parts.previous.cell, &previous.cell, sizeof previous.cell);
}

static void test_source(void **state) {
    (void)state;
    uint64_t seed = 3;
    struct ledger_entry said;
    struct err err;
    int64_t last_ms;
    for (int i = 0; i < 20; i++) {
        struct ledger_entry entry = random_row(&seed);
        int64_t last = i % 2 ? entry.received_ms + 1 : 0;
        buf_clear(&value);
        event_put_source_value(&value, municipalities, &entry, last, 40);
        assert_true(event_read_source(buf_str(&value), &said, &last_ms, &err));
        assert_int_equal(last_ms, last);
        assert_string_equal(said.source, entry.source);
        assert_int_equal(said.cell.source_kind, entry.cell.source_kind);
        assert_int_equal(said.cell.municipality, entry.cell.municipality);
        assert_int_equal(said.municipality_today, entry.municipality_today);
        assert_false(event_read_signal(buf_str(&value), &(struct event_said){0}, &err));
    }
    assert_false(
        event_read_source(STR("{\"source\":{\"name\":\"a\",\"kind\":\"coa\"},\"municipality\":"
                              "{\"code\":\"unknown\",\"today\":\"unknown\"},\"lastSignal\":7}"),
                          &said, &last_ms, &err));
    assert_false(event_read_source(STR("{\"source\":{\"name\":\"a\",\"kind\":\"coa\"}}"), &said,
                                   &last_ms, &err));
}

static void put_departed(int64_t before, int64_t now) {
    struct departure departure = {.dimension = DIM_PROVINCE,
                                  .region = "PV27",
                                  .name = "Noord-Holland",
                                  .category = CATEGORY_FORCED_LABOUR,
                                  .before = {before, 9},
                                  .now = {now, 11},
                                  .p = 0.000995,
                                  .adjusted = 0.0204};
    const struct departures all = {.closed = 17 * 12 + 11, .list = &departure, .count = 1};
    buf_clear(&value);
    departed_put_value(&(struct json_out){.buf = &value}, &all, &departure);
}

static void test_departed(void **state) {
    struct event_departed said;
    struct err err;
    (void)state;
    put_departed(34, 68);
    assert_true(event_read_departed(buf_str(&value), &said, &err));
    assert_string_equal(said.kind, "province");
    assert_string_equal(said.region, "PV27");
    assert_int_equal(said.category, CATEGORY_FORCED_LABOUR);
    assert_int_equal(said.closed, 17 * 12 + 11);
    assert_true(said.more);
    put_departed(68, 34);
    assert_true(event_read_departed(buf_str(&value), &said, &err));
    assert_false(said.more);
}

// Each exchange makes another value of it, which is refused.
static void test_departed_refused(void **state) {
    static const struct {
        const char *from, *to;
    } cases[] = {
        {"\"departed\"", "\"registered\""},
        {"\"event\":\"departed\",", ""},
        {"\"kind\":\"province\",", ""},
        {"\"PV27\"", "\"\""},
        {"\"PV27\"", "27"},
        {"\"PV27\"", "\"a name that is longer than any label\""},
        {"\"ForcedLabour\"", "\"Work\""},
        {"\"to\":\"2017-12\"", "\"to\":\"2017-13\""},
        {"\"to\":\"2017-12\"", "\"to\":\"2001-11\""}, // there is no year before it
        {"\"to\":\"2017-12\"", "\"to\":\"2017-12-01\""},
        {"\"change\":34", "\"change\":0"},
        {"\"change\":34", "\"change\":\"34\""},
        {"\"change\":34", "\"change\":34,\"change\":34"},
        {"{\"event\"", "[\"event\""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct event_departed said;
        struct err err;
        struct buf changed;
        put_departed(34, 68);
        buf_putc(&value, '\0');
        const char *at = strstr(value.data, cases[i].from);
        assert_non_null(at);
        buf_init(&changed, EVENT_VALUE_MAX);
        buf_put(&changed, value.data, (size_t)(at - value.data));
        buf_puts(&changed, cases[i].to);
        buf_puts(&changed, at + strlen(cases[i].from));
        if (event_read_departed(buf_str(&changed), &said, &err))
            fail_msg("%s is taken", cases[i].to);
        assert_int_equal(err.kind, ERR_INPUT);
        buf_free(&changed);
    }
}

static void test_type(void **state) {
    (void)state;
    const struct ledger_entry rows[] = {
        {.verdict = VERDICT_REGISTERED, .counts = true},
        {.verdict = VERDICT_CORRECTED, .counts = true},
        {.verdict = VERDICT_WITHDRAWN},
        {.verdict = VERDICT_WITHDRAWN, .erased = true},
        {.kind = LEDGER_SOURCE_SILENT, .verdict = VERDICT_REGISTERED},
        {.kind = LEDGER_SOURCE_RESUMED, .verdict = VERDICT_REGISTERED},
        {.kind = LEDGER_TREND_DEPARTED, .verdict = VERDICT_REGISTERED},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct ledger_entry back = {.counts = true, .erased = true};
        char type[EVENT_TEXT_MAX];
        (void)snprintf(type, sizeof type, "%s.%s", i % 2 ? EVENT_TYPE_PREFIX : "nl.other",
                       event_type(&rows[i]));
        assert_true(event_read_type(str_from(type), &back));
        assert_int_equal(back.kind, rows[i].kind);
        assert_int_equal(back.verdict, rows[i].verdict);
        assert_int_equal(back.counts, rows[i].counts);
        assert_int_equal(back.erased, rows[i].erased);
    }
    assert_false(event_read_type(STR("nl.mensenhandelsignalen.signal.registered.v2"),
                                 &(struct ledger_entry){0}));
    assert_false(event_read_type(STR("signal.registered.v1"), &(struct ledger_entry){0}));
    assert_false(event_read_type((struct str){NULL, 0}, &(struct ledger_entry){0}));
}

static const char good[] =
    "{\"event\":\"corrected\",\"counts\":true,\"signal\":\"000102030405060708090a0b0c0d0e0f\","
    "\"version\":2,"
    "\"source\":{\"name\":\"coa\",\"kind\":\"coa\"},"
    "\"municipality\":{\"code\":\"GM0457\",\"name\":\"Weesp\",\"asReported\":null,\"today\":"
    "\"GM0363\"},"
    "\"province\":\"PV27\",\"policeUnit\":\"x\",\"safetyRegion\":\"VR14\",\"categories\":["
    "\"Other\"],"
    "\"reported\":\"2017-03-05\",\"victim\":{\"gender\":\"Masculine\",\"ageGroup\":\"Adult\","
    "\"citizenship\":\"nonEU\"},\"status\":\"possible\",\"occurred\":null,"
    "\"received\":\"2026-11-24T06:57:27.108Z\",\"linked\":[\"ff0102030405060708090a0b0c0d0e0f\"]}";

// Each exchange makes another value of it: refused, but for what we do not look at.
static void test_refused(void **state) {
    (void)state;
    static const struct {
        const char *from, *to;
        bool fine;
    } cases[] = {
        {"\"status\"", "\"status\"", true},
        {"\"corrected\"", "\"registered\"", true},
        {"\"corrected\"", "\"withdrawn\"", false}, // and counts
        {"\"corrected\"", "\"erased\"", false},    // and says what was erased
        {"\"corrected\"", "\"duplicate\"", false},
        {"\"corrected\",\"counts\":true", "\"withdrawn\",\"counts\":false", true},
        {"\"event\":\"corrected\",", "", false},
        {"\"counts\":true,", "", false},
        {"\"counts\":true", "\"counts\":false", false},
        {"\"counts\":true", "\"counts\":1", false},
        {"\"policeUnit\":\"x\"", "\"more\":{\"a\":[1]}", true},
        {"\"signal\":\"00", "\"signal\":\"0", false},
        {"\"signal\":\"00", "\"signal\":\"0g", false},
        {"\"signal\"", "\"other\"", false},
        {"\"version\":2", "\"version\":0", false},
        {"\"version\":2", "\"version\":4294967296", false},
        {"\"version\":2", "\"version\":\"2\"", false},
        {"\"version\":2", "\"version\":2,\"version\":3", false},
        {"\"name\":\"coa\"", "\"name\":\"\"", false},
        {"\"name\":\"coa\"", "\"name\":\"c\\na\"", false},
        {"\"name\":\"coa\"",
         "\"name\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"", false},
        {"\"kind\":\"coa\"", "\"kind\":\"COA\"", false},
        {"\"code\":\"GM0457\"", "\"code\":\"unknown\"", true},
        {"\"code\":\"GM0457\"", "\"code\":\"GM0000\"", false},
        {"\"code\":\"GM0457\"", "\"code\":\"GM457\"", false},
        {"\"code\":\"GM0457\"", "\"code\":\"PV0457\"", false},
        {"\"code\":\"GM0457\"", "\"code\":\"GM04x7\"", false},
        {"\"code\":\"GM0457\"", "\"code\":null", false},
        {"\"today\":\"GM0363\"", "\"today\":363", false},
        {"[\"Other\"]", "[]", false},
        {"[\"Other\"]", "[\"Anything\"]", false},
        {"[\"Other\"]", "[7]", false},
        {"[\"Other\"]", "\"Other\"", false},
        {"\"2017-03-05\"", "null", false},
        {"\"2017-03-05\"", "\"2017-02-29\"", false},
        {"\"2017-03-05\"", "\"1999-12-31\"", false},
        {"\"2017-03-05\"", "\"7461-05-01\"", false}, // its month has no number in a cell
        {"\"2017-03-05\"", "\"2017-03-05T00:00:00Z\"", false},
        {"\"Masculine\"", "\"Male\"", false},
        {"\"Adult\"", "null", false},
        {"\"nonEU\"", "\"\"", false},
        {"\"victim\"", "\"person\"", false},
        {"\"possible\"", "\"proven\"", false},
        {"\"possible\"", "\"confirmed\"", true},
        {"\"possible\"", "\"rejected\"", false}, // and counts
        {"\"occurred\":null", "\"occurred\":\"2017-01-01\"", true},
        {"\"occurred\":null", "\"occurred\":7", false},
        {"\"occurred\":null,", "", false},
        {"06:57:27.108Z", "06:57:27.108", false},
        {"[\"ff", "[\"f", false},
        {"[\"ff0102030405060708090a0b0c0d0e0f\"]", "[]", true},
        {"[\"ff0102030405060708090a0b0c0d0e0f\"]", "[null]", false},
        {"[\"ff0102030405060708090a0b0c0d0e0f\"]", "{}", false},
        {"0f\"]}", "0f\"],\"previous\":null}", false},
        {"0f\"]}", "0f\"],\"previous\":{}}", false},
        {"0f\"]}", "0f\"]", false},
        {"0f\"]}", "0f\"]}}", false},
        {"{\"event\"", "[{\"event\"", false},
    };
    static struct event_said said;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[sizeof good + 256];
        struct err err = {0};
        const char *at = strstr(good, cases[i].from);
        assert_non_null(at);
        (void)snprintf(text, sizeof text, "%.*s%s%s", (int)(at - good), good, cases[i].to,
                       at + strlen(cases[i].from));
        if (event_read_signal(str_from(text), &said, &err) != cases[i].fine)
            fail_msg("%s -> %s", cases[i].from, cases[i].to);
        assert_int_equal(err.kind, cases[i].fine ? ERR_NONE : ERR_INPUT);
    }
}

static void test_bounds(void **state) {
    (void)state;
    static struct event_said said;
    static char text[EVENT_VALUE_MAX + 2];
    struct err err;
    memset(text, ' ', sizeof text - 1);
    memcpy(text, good, sizeof good - 1);
    assert_true(event_read_signal((struct str){text, EVENT_VALUE_MAX}, &said, &err));
    assert_false(event_read_signal((struct str){text, EVENT_VALUE_MAX + 1}, &said, &err));
    assert_false(event_read_signal((struct str){NULL, 0}, &said, &err));
    memset(text, '[', sizeof text - 1);
    assert_false(event_read_signal((struct str){text, EVENT_VALUE_MAX}, &said, &err));
    // one linked signal more than an event names
    size_t len = (size_t)(strstr(good, "[\"ff") - good) + 1;
    memcpy(text, good, len);
    for (int i = 0; i <= EVENT_LINKED_MAX; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%s\"%032d\"", i ? "," : "", i);
    memcpy(text + len, "]}", 2);
    assert_false(event_read_signal((struct str){text, len + 2}, &said, &err));
}

static int set_up(void **state) {
    (void)state;
    municipalities = tables_municipalities();
    buf_init(&value, EVENT_VALUE_MAX);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    municipalities_free(municipalities);
    buf_free(&value);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_back),       cmocka_unit_test(test_kept_as_it_is),
        cmocka_unit_test(test_never_seen), cmocka_unit_test(test_erased),
        cmocka_unit_test(test_source),     cmocka_unit_test(test_type),
        cmocka_unit_test(test_departed),   cmocka_unit_test(test_departed_refused),
        cmocka_unit_test(test_refused),    cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
