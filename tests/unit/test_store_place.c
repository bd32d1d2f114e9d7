// SPDX-License-Identifier: EUPL-1.2
// A place for a store that is made anew: nothing of one that was broken off is left in it.
#include "edge/store/place.h"
#include "edge/store/store.h"

#include "scratch.h"

static struct store_place *open_place(void) {
    struct err err;
    struct store_place *place = store_place_open(scratch_dir, false, &err);
    if (!place)
        fail_msg("%s", err.text);
    return place;
}

static bool is_there(const char *name) {
    return access(scratch_path(name), F_OK) == 0;
}

static void empty_the_folder(void) {
    assert_int_equal(scratch_teardown(NULL), 0);
    assert_int_equal(mkdir(scratch_dir, 0700), 0);
}

static void what_was_broken_off_is_gone(void **state) {
    (void)state;
    static const char *const files[] = {"rebuilding/data.mdb", "rebuilding/data.mdb.new",
                                        "rebuilding/lock.mdb", "rebuilding/lock"};
    struct err err;
    struct store_place *place = open_place();
    scratch_write(files[0], "half a ledger", 0600);
    store_place_close(place);
    assert_false(is_there(files[0]));
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        scratch_write(files[i], "half a ledger of one that was killed", 0600);
    assert_false(store_place_check(scratch_dir, &err));
    assert_int_equal(err.kind, ERR_CONFIG);
    place = open_place();
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        assert_false(is_there(files[i]));
    store_place_close(place);
}

static void what_is_whole_takes_its_place(void **state) {
    (void)state;
    struct err err;
    scratch_write("lock.mdb", "of an older store", 0600);
    struct store_place *place = open_place();
    assert_string_equal(store_place_dir(place), scratch_path("rebuilding"));
    scratch_write("rebuilding/data.mdb", "a ledger", 0600);
    scratch_write("rebuilding/lock.mdb", "its readers", 0600);
    assert_true(store_place_put(place, &err));
    store_place_close(place);
    assert_true(is_there("data.mdb"));
    assert_false(is_there("lock.mdb"));
    assert_false(is_there("rebuilding"));
    assert_true(store_place_check(scratch_dir, &err));
    assert_null(store_place_open(scratch_dir, false, &err));
    assert_int_equal(err.kind, ERR_CONFIG);
    assert_false(is_there("rebuilding"));
}

// Until it is whole the old one stays; what a killed run left goes with the next opening.
static void a_store_is_replaced_in_one_step(void **state) {
    (void)state;
    struct err err;
    empty_the_folder();
    assert_true(store_place_begin(scratch_dir, 1 << 20, &err));
    struct store_place *place = store_place_open(scratch_dir, true, &err);
    assert_non_null(place);
    scratch_write("rebuilding/data.mdb", "half a ledger", 0600);
    store_place_close(place);
    assert_false(is_there("rebuilding"));
    assert_int_equal(mkdir(scratch_path("rebuilding"), 0700), 0);
    scratch_write("rebuilding/data.mdb", "half a ledger of one that was killed", 0600);
    struct store *store = store_open(scratch_dir, 1 << 20, NULL, &err);
    assert_non_null(store);
    assert_false(is_there("rebuilding"));
    assert_null(store_place_open(scratch_dir, true, &err)); // it is in use
    assert_int_equal(err.kind, ERR_CONFIG);
    store_close(store);
    place = store_place_open(scratch_dir, true, &err);
    assert_non_null(place);
    scratch_write("rebuilding/data.mdb", "another ledger", 0600);
    assert_true(store_place_put(place, &err));
    store_place_close(place);
    struct buf text;
    assert_true(str_read_file(scratch_path("data.mdb"), 100, &text, &err));
    assert_true(str_is(buf_str(&text), "another ledger"));
    buf_free(&text);
}

static void one_at_a_time(void **state) {
    (void)state;
    struct err err;
    struct store_place *place = open_place();
    assert_null(store_place_open(scratch_dir, false, &err));
    assert_int_equal(err.kind, ERR_CONFIG);
    store_place_close(place);
    store_place_close(open_place());
}

static void without_a_file_nothing_is_put(void **state) {
    (void)state;
    struct err err;
    struct store_place *place = open_place();
    assert_false(store_place_put(place, &err));
    assert_int_equal(err.kind, ERR_FATAL);
    store_place_close(place);
    assert_false(store_place_check(scratch_dir, &err));
    assert_null(store_place_open(scratch_path("nowhere"), false, &err));
}

static void assert_no_start(enum err_kind kind, const char *said) {
    struct err err = {0};
    assert_false(store_place_check(scratch_dir, &err));
    if (err.kind != kind || !strstr(err.text, said))
        fail_msg("%d: %s", err.kind, err.text);
}

// What an empty directory is, a new machine or a disk that is not there, only the operator knows.
static void no_store_begins_by_itself(void **state) {
    (void)state;
    static const char *const remains[] = {"identity.key", "person.key", "lock", "lock.mdb",
                                          "data.mdb.new"};
    struct err err;
    empty_the_folder();
    assert_no_start(ERR_CONFIG, "--init");
    for (size_t i = 0; i < COUNT(remains); i++) {
        empty_the_folder();
        scratch_write(remains[i], "x", 0600);
        assert_no_start(ERR_DAMAGED, remains[i]);
        assert_false(store_place_begin(scratch_dir, 1 << 20, &err));
        assert_int_equal(err.kind, ERR_CONFIG);
        assert_false(is_there("data.mdb"));
    }
    empty_the_folder();
    scratch_write("data.mdb", "", 0600);
    assert_true(store_place_check(scratch_dir, &err));
    assert_null(store_open(scratch_dir, 1 << 20, NULL, &err));
    assert_int_equal(err.kind, ERR_DAMAGED);
    assert_null(store_open_read(scratch_dir, 1 << 20, &err));
    assert_int_equal(err.kind, ERR_DAMAGED);
}

static void a_store_begins_in_an_empty_directory_once(void **state) {
    (void)state;
    struct err err;
    empty_the_folder();
    assert_int_equal(mkdir(scratch_path("lost+found"), 0700), 0);
    assert_true(store_place_begin(scratch_dir, 1 << 20, &err));
    assert_true(store_place_check(scratch_dir, &err));
    struct store *store = store_open(scratch_dir, 1 << 20, NULL, &err);
    assert_non_null(store);
    store_close(store);
    assert_false(store_place_begin(scratch_dir, 1 << 20, &err));
    assert_int_equal(err.kind, ERR_CONFIG);
    assert_false(store_place_begin(scratch_path("nowhere"), 1 << 20, &err));
    assert_int_equal(err.kind, ERR_CONFIG);
}

static void a_beginning_that_was_broken_off_is_done_again(void **state) {
    (void)state;
    struct err err;
    empty_the_folder();
    struct store_place *place = open_place();
    scratch_write("rebuilding/data.mdb", "half a ledger", 0600);
    store_place_close(place);
    assert_no_start(ERR_CONFIG, "--init where");
    assert_true(store_place_begin(scratch_dir, 1 << 20, &err));
    assert_false(is_there("rebuilding"));
    assert_true(store_place_check(scratch_dir, &err));
}

int main(void) {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, scratch_setup, scratch_teardown)
    const struct CMUnitTest tests[] = {
        TEST(what_was_broken_off_is_gone),
        TEST(what_is_whole_takes_its_place),
        TEST(a_store_is_replaced_in_one_step),
        TEST(one_at_a_time),
        TEST(without_a_file_nothing_is_put),
        TEST(no_store_begins_by_itself),
        TEST(a_store_begins_in_an_empty_directory_once),
        TEST(a_beginning_that_was_broken_off_is_done_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
