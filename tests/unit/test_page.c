// SPDX-License-Identifier: EUPL-1.2
// What a body holds once it is decoded: items in order with their faults, and what differs for a
// polled page.
#include "codec/page.h"

#include "core_tables.h"

#define GOOD "{\"id\":\"a1\",\"reported\":\"2017-03-01\",\"category\":\"SexualExploitation\"}"
#define BAD "{\"id\":\"2017-0004\",\"reported\":\"2017-13-01\",\"category\":\"SexualExploitation\"}"
#define BAD_NAME "{\"id\":\"Jan Jansen\",\"reported\":1,\"category\":\"SexualExploitation\"}"

struct fixture {
    struct municipalities *municipalities;
    struct categories *categories;
    struct hash_key key;
};

static struct page_options options_of(const struct fixture *f) {
    return (struct page_options){.limits = {.item_bytes_max = 4096, .items_max = 3, .depth_max = 8},
                                 .context = {.municipalities = f->municipalities,
                                             .categories = f->categories,
                                             .identity_key = &f->key,
                                             .person_keys = tables_person_keys(),
                                             .source = STR("src"),
                                             .source_municipality = 363,
                                             .received_ms = 1500000000000}};
}

static struct page decoded(const char *body, const struct page_options *options) {
    struct page page = {0};
    page_decode(&page, str_from(body), options);
    return page;
}

static void test_items_and_faults(void **state) {
    struct page_options options = options_of(*state);
    struct page page = decoded("[" BAD "," GOOD "," BAD_NAME "]", &options);
    assert_false(page.decoded.failed);
    assert_int_equal(page.item_count, 3);
    assert_int_equal(page.signal_count, 1);
    assert_int_equal(page.fault_count, 2);
    assert_int_equal(page.refused_count, 0); // only what is polled goes into the quarantine
    assert_int_equal(page.items[1].signal, 0);
    assert_int_equal(page.items[1].fault_count, 0);
    assert_memory_equal(&page.items[1].identity, &page.signals[0].identity, sizeof(struct digest));
    for (size_t i = 0; i < 3; i += 2) {
        const struct page_item *item = &page.items[i];
        assert_int_equal(item->verdict, VERDICT_REFUSED);
        assert_int_equal(item->signal, UINT32_MAX);
        assert_int_equal(item->fault_count, 1);
        assert_int_equal(page.faults[item->fault_first].index, i);
        assert_string_equal(page.faults[item->fault_first].pointer, "/reported");
    }
    assert_int_equal(page.faults[1].code, FAULT_TYPE); // and not "missing" as well
    page_free(&page);
}

static void test_polled(void **state) {
    struct page_options options = options_of(*state);
    options.polled = true; // bounded by its bytes: items_max is for requests
    struct page page = decoded("[" BAD "," GOOD "," BAD_NAME "," GOOD "]", &options);
    struct page again = decoded("[" BAD "]", &options);
    assert_false(page.decoded.failed);
    assert_int_equal(page.item_count, 4);
    assert_int_equal(page.refused_count, 2);
    assert_string_equal(page.refused[page.items[0].refused].id, "2017-0004");
    assert_string_equal(page.refused[page.items[2].refused].id, ""); // might be a name
    assert_memory_equal(&page.refused[0].key, &again.refused[0].key, sizeof(struct digest));
    assert_memory_not_equal(&page.refused[0].key, &page.refused[1].key, sizeof(struct digest));
    page_free(&page);
    page_free(&again);
}

static void test_failed_as_a_whole(void **state) {
    struct page_options options = options_of(*state);
    struct page many = decoded("[" GOOD "," GOOD "," BAD "," GOOD "]", &options);
    struct page broken = decoded("[" GOOD "," BAD ",", &options);
    struct page single = decoded(GOOD, &options);
    options.polled = true;
    struct page one_object = decoded(GOOD, &options); // no list, so no page
    assert_true(many.decoded.failed);
    assert_int_equal(many.decoded.fault, FAULT_TOO_MANY);
    assert_true(broken.decoded.failed);
    assert_int_equal(broken.item_count + broken.signal_count + broken.fault_count, 0);
    assert_false(single.decoded.failed);
    assert_int_equal(single.signal_count, 1);
    assert_true(one_object.decoded.failed);
    assert_int_equal(one_object.decoded.fault, FAULT_TYPE);
    page_free(&many);
    page_free(&broken);
    page_free(&single);
    page_free(&one_object);
}

static void test_unmapped(void **state) {
    struct page_options options = options_of(*state);
    struct page page = decoded("[" GOOD ",{\"id\":\"b2\",\"reported\":\"2017-03-02\","
                               "\"category\":\"Wonderlijk\",\"municipality\":\"Nergenshuizen\","
                               "\"colour\":\"red\"}]",
                               &options);
    assert_int_equal(page.signal_count, 2);
    assert_int_equal(page.unmapped_count, 2);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(page.unmapped[i].signal, 1);
    assert_int_equal(page_add_up(&page).dropped, 1);
    assert_int_equal(page_add_up(&page).places_unmapped, 1);
    page_free(&page);
}

// "index:what" of each item: good, again, or the index that it clashes with.
static void check_ids(const struct page *page, const char *expected) {
    char text[256] = "";
    for (size_t i = 0; i < page->item_count; i++) {
        const struct page_item *item = &page->items[i];
        size_t len = strlen(text);
        const struct fault *fault = item->fault_count ? &page->faults[item->fault_first] : NULL;
        if (!fault)
            (void)snprintf(text + len, sizeof text - len, "%u:%s ", item->index,
                           item->repeats ? "again" : "good");
        else if (fault->code == FAULT_CONFLICT)
            (void)snprintf(text + len, sizeof text - len, "%u:%u/%u ", item->index, fault->other,
                           fault->page);
        else
            (void)snprintf(text + len, sizeof text - len, "%u:%s ", item->index,
                           fault_code_name(fault->code));
        assert_true(!fault == (item->signal != UINT32_MAX));
    }
    assert_string_equal(text, expected);
}

#define SAYS(id, day) "{\"id\":\"" id "\",\"reported\":\"2017-03-" day "\"}"

static void test_several_contents_under_one_id(void **state) {
    struct page_options options = options_of(*state);
    options.imported = true;
    struct page page = decoded("[" SAYS("a", "01") "," SAYS("b", "01") "," SAYS("a", "01") "," SAYS(
                                   "b", "02") "," SAYS("c", "01") "," SAYS("b", "01") "]",
                               &options);
    check_ids(&page, "0:good 1:3/0 2:again 3:1/0 4:good 5:1/0 ");
    assert_int_equal(page.refused_count, 0);
    page_free(&page);
    page = decoded("[" SAYS("a", "01") ",{\"id\":\"a\",\"withdrawn\":true}]", &options);
    check_ids(&page, "0:1/0 1:0/0 ");
    page_free(&page);
}

// An item of a list may change while its pages are read: if it says so, that is fine.
static void test_ids_of_several_pages(void **state) {
    struct page_options options = options_of(*state);
    options.polled = true;
    options.ids = page_ids_create();
    options.page_number = 1;
    struct page page = decoded(
        "[" SAYS("a", "01") "," SAYS("b", "01") ",{\"id\":\"2017-3\",\"reported\":\"2017-03-01\","
                                                "\"updated\":\"2017-03-01T12:00:00Z\"}]",
        &options);
    check_ids(&page, "0:good 1:good 2:good ");
    page_free(&page);
    options.page_number = 2;
    page = decoded("[" SAYS("2017-3", "02") "," SAYS("a", "02") "," SAYS(
                       "b", "01") ","
                                  "{\"id\":\"2017-3\",\"reported\":\"2017-03-02\",\"updated\":"
                                  "\"2017-03-01T12:01:00Z\"}]",
                   &options);
    check_ids(&page, "0:2/1 1:0/1 2:again 3:good ");
    assert_int_equal(page.refused_count, 2);
    assert_string_equal(page.refused[page.items[0].refused].id, "2017-3");
    page_free(&page);
    page_ids_free(options.ids);
}

static void test_dates_are_needed_but_of_what_is_posted(void **state) {
    struct page_options options = options_of(*state);
    const char *body =
        "[{\"id\":\"a\"},{\"id\":\"b\",\"reported\":\" \"},{\"id\":\"c\",\"withdrawn\":true}]";
    struct page page = decoded(body, &options);
    check_ids(&page, "0:good 1:good 2:good ");
    assert_int_equal(page_add_up(&page).undated, 2);
    page_free(&page);
    options.imported = true;
    page = decoded(body, &options);
    check_ids(&page, "0:required 1:required 2:good ");
    page_free(&page);
    options.allow_missing = true;
    page = decoded(body, &options);
    assert_int_equal(page.signal_count, 3);
    page_free(&page);
}

static void test_mapped(void **state) {
    char list[] = "/list", next[] = "/next", id[] = "/nr", day[] = "/day", kind[] = "/kind";
    char state_at[] = "/state", test[] = "test";
    const struct mapping mapping = {.items = list,
                                    .next = next,
                                    .rules = {[MAPPING_ID] = {.from = id},
                                              [MAPPING_REPORTED] = {.from = day},
                                              [MAPPING_CATEGORY] = {.from = kind}},
                                    .skips = {{state_at, test, MAPPING_IS_EQUAL}},
                                    .skip_count = 1};
    struct page_options options = options_of(*state);
    options.mapping = &mapping;
    options.polled = true; // more than items_max
    struct page page =
        decoded("{\"next\":\"/p2\",\"list\":["
                "{\"nr\":\"1\",\"day\":\"2017-03-01\",\"kind\":\"x\",\"state\":\"test\"},"
                "{\"day\":\"2017-03-01\",\"state\":\"test\"},"
                "{\"nr\":\"2\",\"day\":\"2017-03-01\",\"kind\":\"SexualExploitation\"},"
                "{\"nr\":\"3\",\"day\":\"gisteren\"},{\"nr\":{},\"day\":\"2017-03-01\"}]}",
                &options);
    struct digest first, third;
    normalise_identity(options.context.identity_key, options.context.source, STR("1"), &first);
    normalise_identity(options.context.identity_key, options.context.source, STR("3"), &third);
    assert_int_equal(page.excluded, 2);
    assert_int_equal(page.left_out_count, 1); // the other has no id
    assert_true(digest_equal(&page.left_out[0].identity, &first));
    assert_int_equal(page.nameless, 1);
    assert_true(digest_equal(&page.items[1].identity, &third)); // refused, and still known by name
    assert_int_equal(page.item_count, 3);
    assert_int_equal(page.signal_count, 1);
    assert_string_equal(page.next, "/p2");
    page_free(&page);
}

// What one page, or an earlier one, has as an item and as one that is left out.
static void test_left_out_and_there(void **state) {
    char id[] = "/nr", day[] = "/day", queue[] = "/queue", test[] = "test";
    const struct mapping mapping = {
        .rules = {[MAPPING_ID] = {.from = id}, [MAPPING_REPORTED] = {.from = day}},
        .skips = {{queue, test, MAPPING_IS_EQUAL}},
        .skip_count = 1};
    struct page_options options = options_of(*state);
    options.mapping = &mapping;
    options.polled = true;
    options.ids = page_ids_create();
    options.page_number = 1;
#define IN(id) "{\"nr\":\"" id "\",\"day\":\"2017-03-01\"}"
#define OUT(id) "{\"nr\":\"" id "\",\"queue\":\"test\"}"
    struct page page = decoded(
        "[" IN("1") "," OUT("1") "," OUT("2") "," IN("2") "," IN("3") "," OUT("4") "]", &options);
    check_ids(&page, "0:1/0 3:2/0 4:good ");
    assert_int_equal(page.left_out_count, 1);
    assert_int_equal(page.left_out[0].index, 5);
    page_free(&page);
    options.page_number = 2;
    page = decoded("[" OUT("3") "," IN("4") "," OUT("5") "," OUT("5") "]", &options);
    check_ids(&page, "1:5/1 0:4/1 ");
    assert_int_equal(page.left_out_count, 2);
    assert_int_equal(page.excluded, 2);
    page_free(&page);
    page_ids_free(options.ids);
}

int main(void) {
    if (!hash_init())
        return 1;
    struct fixture f = {.municipalities = tables_municipalities(),
                        .categories = tables_categories()};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(test_items_and_faults, &f),
        cmocka_unit_test_prestate(test_polled, &f),
        cmocka_unit_test_prestate(test_failed_as_a_whole, &f),
        cmocka_unit_test_prestate(test_unmapped, &f),
        cmocka_unit_test_prestate(test_several_contents_under_one_id, &f),
        cmocka_unit_test_prestate(test_ids_of_several_pages, &f),
        cmocka_unit_test_prestate(test_dates_are_needed_but_of_what_is_posted, &f),
        cmocka_unit_test_prestate(test_mapped, &f),
        cmocka_unit_test_prestate(test_left_out_and_there, &f),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    municipalities_free(f.municipalities);
    categories_free(f.categories);
    return failed;
}
