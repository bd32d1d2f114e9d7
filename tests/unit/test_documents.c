// SPDX-License-Identifier: EUPL-1.2
// The documents name the words that the daemon has, all of them and no others.
#include "unit.h"

#include "api/documents.h"
#include "codec/event.h"
#include "core/cube/counts.h"
#include "edge/kafka/publisher.h"
#include "ingest/feeds.h"

#include <jansson.h>
#include <string.h>

enum { SYNONYMS_MAX = 32 };

// Lists of words that are named in documents, each known by one that no other list has.
struct list {
    const char *sign;
    size_t count;
    const char *words[SYNONYMS_MAX];
    size_t found;
};

static json_t *load(const char *name) {
    for (size_t i = 0; i < document_count; i++)
        if (strcmp(documents[i].name, name) == 0) {
            json_t *json = json_loadb((const char *)documents[i].data, documents[i].len,
                                      JSON_REJECT_DUPLICATES, NULL);
            assert_non_null(json);
            return json;
        }
    fail_msg("no document %s", name);
    return NULL;
}

static bool has(const json_t *words, const char *word) {
    for (size_t i = 0; i < json_array_size(words); i++) {
        const char *text = json_string_value(json_array_get(words, i));
        if (text && strcmp(text, word) == 0)
            return true;
    }
    return false;
}

static void check_enum(const json_t *words, struct list *list) {
    if (!has(words, list->sign))
        return;
    list->found++;
    for (size_t i = 0; i < list->count; i++)
        if (!has(words, list->words[i]))
            fail_msg("a document does not know %s", list->words[i]);
    if (json_array_size(words) != list->count)
        fail_msg("a document has words beside %s that are none", list->sign);
}

static void check_node(const json_t *node, struct list *list) {
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)node, key, value) {
        if (strcmp(key, "enum") == 0)
            check_enum(value, list);
        check_node(value, list);
    }
    for (size_t i = 0; i < json_array_size(node); i++)
        check_node(json_array_get(node, i), list);
}

#define LIST(list, name_of, COUNT, type)                                                           \
    for (unsigned at = 0; at < (COUNT); at++)                                                      \
    (list).words[(list).count++] = name_of((type)at)

static void check_all(struct list *list) {
    for (size_t i = 0; i < document_count; i++) {
        json_t *json = load(documents[i].name);
        check_node(json, list);
        json_decref(json);
    }
    if (list->found == 0)
        fail_msg("no document has %s", list->sign);
}

static void words_of_the_field(void **state) {
    struct list categories = {.sign = "OrganRemoval"}, genders = {.sign = "NonConforming"};
    struct list ages = {.sign = "Minor"}, citizenships = {.sign = "nonEU"};
    struct list statuses = {.sign = "confirmed"}, kinds = {.sign = "kmar"};
    (void)state;
    LIST(categories, category_name, CATEGORY_COUNT, enum category);
    LIST(genders, gender_name, GENDER_COUNT, enum gender);
    LIST(ages, age_group_name, AGE_COUNT, enum age_group);
    LIST(citizenships, citizenship_name, CITIZENSHIP_COUNT, enum citizenship);
    LIST(statuses, status_name, STATUS_COUNT, enum status);
    LIST(kinds, source_kind_name, SOURCE_KIND_COUNT, enum source_kind);
    check_all(&categories);
    check_all(&genders);
    check_all(&ages);
    check_all(&citizenships);
    check_all(&statuses);
    check_all(&kinds);
}

static void words_of_answers(void **state) {
    struct list faults = {.sign = "badNumber"}, dimensions = {.sign = "policeUnit"};
    struct list feeds = {.sign = "committing"}, publishers = {.sign = "recovered"};
    (void)state;
    LIST(faults, fault_code_name, FAULT_COUNT, enum fault_code);
    LIST(dimensions, dimension_name, DIM_COUNT, enum dimension);
    LIST(feeds, feed_state_name, FEED_STATES, enum feed_state);
    LIST(publishers, publish_state_name, PUBLISH_STALLED + 1, enum publish_state);
    check_all(&faults);
    check_all(&dimensions);
    check_all(&feeds);
    check_all(&publishers);
}

static void version_is_that_of_the_header(void **state) {
    (void)state;
    for (size_t i = 0; i < document_count; i++) {
        json_t *json = load(documents[i].name), *info = json_object_get(json, "info");
        if (info)
            assert_string_equal(json_string_value(json_object_get(info, "version")), API_VERSION);
        json_decref(json);
    }
}

static void schemas_are_named_as_events_name_them(void **state) {
    static const enum ledger_kind kinds[] = {LEDGER_SIGNAL, LEDGER_SOURCE_SILENT,
                                             LEDGER_TREND_DEPARTED};
    static const char *const names[] = {"schemas/signal.v1.json", "schemas/source.v1.json",
                                        "schemas/trend.v1.json"};
    (void)state;
    for (size_t k = 0; k < 3; k++) {
        const struct ledger_entry entry = {.kind = kinds[k], .seq = 1, .version = 1};
        struct event_attributes attributes;
        size_t i = 0;
        const struct event_issuer issuer = {DOCUMENTS_OIN, EVENT_TYPE_PREFIX, EVENT_REGULATION};
        event_fill_attributes(&entry, &issuer, &attributes);
        while (i < attributes.count &&
               (!attributes.list[i].name || strcmp(attributes.list[i].name, "dataschema") != 0))
            i++;
        assert_true(i < attributes.count);
        json_t *json = load(names[k]);
        assert_string_equal(json_string_value(json_object_get(json, "$id")),
                            attributes.list[i].value);
        json_decref(json);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_of_the_field),
        cmocka_unit_test(words_of_answers),
        cmocka_unit_test(version_is_that_of_the_header),
        cmocka_unit_test(schemas_are_named_as_events_name_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
