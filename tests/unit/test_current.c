// SPDX-License-Identifier: EUPL-1.2
// A signal as it stands: what is written, the JSON Schema and Kafka Connect's schema have the same
// fields, in the same order and of the same types.
#include "codec/current.h"

#include "api/documents.h"
#include "codec/event_kept.h"
#include "core/tables/regions.h"
#include "core_tables.h"

#include <jansson.h>

static struct municipalities *municipalities;
static struct buf value;

static json_t *load(const char *name) {
    for (size_t i = 0; i < document_count; i++)
        if (strcmp(documents[i].name, name) == 0)
            return json_loadb((const char *)documents[i].data, documents[i].len,
                              JSON_REJECT_DUPLICATES, NULL);
    fail_msg("no document %s", name);
    return NULL;
}

static struct ledger_entry weesp(void) {
    struct ledger_entry entry = {
        .kind = LEDGER_SIGNAL,
        .version = 3,
        .counts = true,
        .verdict = VERDICT_CORRECTED,
        .received_ms = 1234567890123,
        .cell = {.municipality = 457,
                 .categories = 1u << CATEGORY_SEXUAL_EXPLOITATION | 1u << CATEGORY_FORCED_MILITARY,
                 .gender = GENDER_MASCULINE,
                 .age_group = AGE_ADULT,
                 .citizenship = CITIZENSHIP_NON_EU,
                 .source_kind = SOURCE_CARE},
        .municipality_today = 363,
        .occurred = TIME_DAY_NONE,
        .source = "care-weesp",
        .source_len = 10};
    (void)time_parse_date(STR("2017-03-05"), &entry.reported);
    memset(entry.identity.bytes, 0xa4, sizeof entry.identity.bytes);
    return entry;
}

static json_t *written(const struct ledger_entry *entry) {
    struct event_parts parts;
    event_make_parts(&parts, municipalities, entry, NULL);
    buf_clear(&value);
    current_put_value(&value, entry, &parts.place, municipalities);
    assert_false(value.overflow);
    json_t *json = json_loadb(value.data, value.len, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(json);
    return json;
}

static void test_value(void **state) {
    (void)state;
    const struct ledger_entry entry = weesp();
    json_decref(written(&entry));
    buf_putc(&value, '\0');
    assert_string_equal(
        value.data,
        "{\"signal\":\"a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4a4\",\"version\":3,\"counts\":true,"
        "\"status\":\"possible\",\"reported\":\"2017-03-05\",\"occurred\":null,"
        "\"received\":\"2009-02-13T23:31:30.123Z\",\"source\":\"care-weesp\",\"sourceKind\":"
        "\"care\",\"municipality\":\"GM0457\",\"municipalityName\":\"Weesp\",\"municipalityToday\":"
        "\"GM0363\",\"municipalityTodayName\":\"Amsterdam\",\"province\":\"PV27\",\"provinceName\":"
        "\"Noord-Holland\",\"policeUnit\":\"Midden-Nederland\",\"safetyRegion\":\"VR14\","
        "\"safetyRegionName\":\"Gooi en Vechtstreek\",\"gender\":\"Masculine\",\"ageGroup\":"
        "\"Adult\",\"citizenship\":\"nonEU\",\"sexualExploitation\":true,\"forcedLabour\":false,"
        "\"forcedCriminality\":false,\"forcedBegging\":false,\"servitude\":false,\"organRemoval\":"
        "false,\"forcedMarriage\":false,\"childLabour\":false,\"forcedAdoption\":false,"
        "\"surrogacy\":false,\"forcedMilitaryByNonStateActors\":true,\"other\":false,\"unknown\":"
        "false}");
}

// The type by which JSON Schema and Kafka Connect name what stands there.
static const char *type_of(const json_t *written) {
    switch (json_typeof(written)) {
    case JSON_STRING:
        return "string";
    case JSON_INTEGER:
        return "integer";
    case JSON_TRUE:
    case JSON_FALSE:
        return "boolean";
    default:
        return "null";
    }
}

static bool allows(const json_t *property, const char *type) {
    const json_t *types = json_object_get(property, "type");
    if (!types)
        return json_object_get(property, "enum") && strcmp(type, "string") == 0;
    if (json_is_string(types))
        return strcmp(json_string_value(types), type) == 0;
    for (size_t i = 0; i < json_array_size(types); i++)
        if (strcmp(json_string_value(json_array_get(types, i)), type) == 0)
            return true;
    return false;
}

static void check_field(const char *name, const json_t *property, const json_t *field,
                        const json_t *written) {
    bool optional = json_is_true(json_object_get(field, "optional"));
    const char *connect = json_string_value(json_object_get(field, "type"));
    assert_string_equal(json_string_value(json_object_get(field, "field")), name);
    assert_int_equal(optional, allows(property, "null"));
    assert_true(allows(property, strcmp(connect, "int32") == 0 ? "integer" : connect));
    if (!allows(property, type_of(written)))
        fail_msg("%s is written as %s", name, type_of(written));
}

static void check_fields(const struct ledger_entry *entry) {
    json_t *schema = load("schemas/signal-current.v1.json");
    json_t *connect = load("schemas/signal-current.connect.v1.json");
    json_t *fields = json_object_get(connect, "fields"), *record = written(entry), *property;
    json_t *properties = json_object_get(schema, "properties");
    json_t *required = json_object_get(schema, "required");
    void *at = json_object_iter(record);
    const char *name;
    size_t i = 0;
    assert_int_equal(json_object_size(record), json_object_size(properties));
    assert_int_equal(json_array_size(fields), json_object_size(properties));
    assert_int_equal(json_array_size(required), json_object_size(properties));
    json_object_foreach(properties, name, property) {
        assert_string_equal(json_object_iter_key(at), name);
        assert_string_equal(json_string_value(json_array_get(required, i)), name);
        check_field(name, property, json_array_get(fields, i++), json_object_iter_value(at));
        at = json_object_iter_next(record, at);
    }
    json_decref(schema);
    json_decref(connect);
    json_decref(record);
}

static void test_documents(void **state) {
    (void)state;
    struct ledger_entry entry = weesp();
    check_fields(&entry);
    // Withdrawn before anything was known of it, and of a place that no table knows.
    entry.cell = (struct cell){.source_kind = SOURCE_NGO};
    entry.reported = TIME_DAY_NONE;
    entry.municipality_today = MUNICIPALITY_UNKNOWN;
    entry.verdict = VERDICT_WITHDRAWN;
    entry.counts = false;
    check_fields(&entry);
}

static void test_counts(void **state) {
    (void)state;
    struct ledger_entry entry = weesp();
    entry.cell.status = STATUS_REJECTED;
    json_t *record = written(&entry);
    assert_true(json_is_false(json_object_get(record, "counts")));
    assert_string_equal(json_string_value(json_object_get(record, "status")), "rejected");
    json_decref(record);
}

static void test_regions(void **state) {
    (void)state;
    assert_null(regions_safety_name(0).data);
    assert_null(regions_safety_name(26).data);
    assert_true(str_is(regions_safety_name(1), "Groningen"));
    assert_true(str_is(regions_safety_name(25), "Flevoland"));
    for (size_t i = 0; i < municipalities_count(municipalities); i++)
        assert_non_null(
            regions_safety_name(municipalities_at(municipalities, i)->safety_region).data);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_value), cmocka_unit_test(test_documents),
        cmocka_unit_test(test_counts), cmocka_unit_test(test_regions)};
    municipalities = tables_municipalities();
    buf_init(&value, CURRENT_VALUE_MAX);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    municipalities_free(municipalities);
    buf_free(&value);
    return failed;
}
