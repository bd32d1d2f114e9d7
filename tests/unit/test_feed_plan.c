// SPDX-License-Identifier: EUPL-1.2
// The rules of the cursor: each by itself in a table, and all together against other sides that
// change while they are read. No item is left behind for ever, as long as items that do not change
// keep their order.
#include "ingest/feed_plan.h"

#include "unit.h"

#include <stdio.h>
#include <string.h>

enum { HOUR = 3600000 };

static const int64_t now_ms = 1500000000000; // 2017-07-14T02:40:00Z
static char end_param[] = "end";

static const struct template list = {.paging = TEMPLATE_PAGING_LINK, .pages_max = 100};
static const struct template ordered = {
    .paging = TEMPLATE_PAGING_LINK, .pages_max = 100, .ordered = true, .overlap_ms = 5000};
static const struct template numbered = {
    .paging = TEMPLATE_PAGING_NUMBER, .pages_max = 3, .first_page = 1, .page_size = 2};
static const struct template windows = {.pages_max = 100,
                                        .window_end_param = end_param,
                                        .window_ms = 4 * HOUR,
                                        .reread_ms = HOUR,
                                        .window_items_max = 50};

// ---- one page at a time

// What a page brings: items, how many are new, and what must come of it.
struct row {
    const char *watermark;
    uint32_t count;
    bool refused, next;
    uint64_t new_count;
    // expected
    const char *cursor;
    bool etag;
    enum feed_step step;
    bool tentative; // at the end of the poll
    const char *failure;
    // what the page says
    uint64_t told;
    bool hint, repeated;
    bool doubtful; // expected
};

// As a commit does.
static void commit(const struct feed_plan *plan, struct feed_record *known,
                   const struct feed_record *wanted, uint64_t new_count) {
    struct feed_record old = *known;
    *known = *wanted;
    if (plan->cursor_tentative && new_count > 0)
        memcpy(known->cursor, old.cursor, sizeof known->cursor);
}

static enum feed_step take(struct feed_plan *plan, struct feed_record *known,
                           const struct feed_page *page, uint64_t new_count, const char **failure) {
    struct feed_record wanted = *known;
    (void)snprintf(wanted.etag, sizeof wanted.etag, "\"e\"");
    feed_plan_page(plan, page, &wanted);
    commit(plan, known, &wanted, new_count);
    return feed_plan_next(plan, known->cursor, new_count, failure);
}

static void check_poll(const struct template *template, const struct row *rows, size_t count) {
    struct feed_plan plan;
    struct feed_record known = {.cursor = "2017-05-01"};
    feed_plan_begin(&plan, template, known.cursor, now_ms);
    for (size_t i = 0; i < count; i++) {
        const struct row *row = &rows[i];
        const struct feed_page page = {.count = row->count,
                                       .all_refused = row->refused,
                                       .has_next = row->next,
                                       .watermark = row->watermark,
                                       .received_ms = now_ms,
                                       .told = row->told,
                                       .hint = row->hint,
                                       .repeated = row->repeated};
        const char *failure = NULL;
        enum feed_step step = take(&plan, &known, &page, row->new_count, &failure);
        assert_string_equal(known.cursor, row->cursor);
        assert_int_equal(known.etag[0] != '\0', row->etag);
        assert_int_equal(step, row->step);
        if (step == FEED_STEP_NUMBER)
            assert_int_equal(plan.number, template->first_page + i + 1);
        if (step == FEED_STEP_FIRST) {
            assert_string_equal(plan.begin, known.cursor);
            assert_int_equal(plan.earlier_ms, 1);
        }
        assert_int_equal(plan.cursor_tentative, row->tentative);
        assert_string_equal(failure ? failure : "", row->failure ? row->failure : "");
        assert_int_equal(plan.doubtful, row->doubtful);
    }
}

#define OLD "2017-05-01"
#define REFUSED "every signal of a page was refused: see the quarantine"
#define SHORT "the list says that it has more than came"
#define UNREAD "there is a next page, named in a way that the template does not follow"
#define CIRCLE "a page came twice: paging goes round in a circle"
#define CHECK(template, ...)                                                                       \
    do {                                                                                           \
        static const struct row rows[] = {__VA_ARGS__};                                            \
        check_poll(&(template), rows, COUNT(rows));                                                \
    } while (0)

static void a_poll_of_one_page(void **state) {
    (void)state;
    CHECK(list, {"2017-06-01", 2, false, false, 2, "2017-06-01", false, .step = FEED_STEP_END});
    CHECK(list, {"", 0, false, false, 0, OLD, true, .step = FEED_STEP_END});
    CHECK(list, {"2017-05-01", 1, false, false, 0, OLD, true, .step = FEED_STEP_END});
    CHECK(list, {"2017-04-01", 1, false, false, 1, OLD, true, .step = FEED_STEP_END});
    CHECK(list,
          {"2017-06-01", 2, true, false, 0, OLD, false, .step = FEED_STEP_END, .failure = REFUSED});
}

static void a_watermark_to_come_is_a_slip(void **state) {
    (void)state;
    CHECK(list, {"9999-12-31", 1, false, false, 1, OLD, true, .step = FEED_STEP_END});
    CHECK(list, {"2017-07-15", 1, false, false, 1, "2017-07-15", false, .step = FEED_STEP_END});
    CHECK(list, {"2017-07-16", 1, false, false, 1, OLD, true, .step = FEED_STEP_END});
    CHECK(list, {"2017-07-14T03:40:00Z", 1, false, false, 1, "2017-07-14T03:40:00Z", false,
                 .step = FEED_STEP_END});
    CHECK(list, {"2017-07-14T03:40:01Z", 1, false, false, 1, OLD, true, .step = FEED_STEP_END});
}

static void pages_without_order_wait_for_a_poll_that_stood_still(void **state) {
    (void)state;
    CHECK(list, {"2017-07-01", 2, false, true, 0, OLD, false, .step = FEED_STEP_NEXT},
          {"2017-06-01", 2, false, false, 1, OLD, false, .step = FEED_STEP_END, .tentative = true});
    CHECK(list, {"2017-07-01", 2, false, true, 1, OLD, false, .step = FEED_STEP_NEXT},
          {"2017-06-01", 2, false, false, 0, OLD, false, .step = FEED_STEP_END, .tentative = true});
    CHECK(list, {"2017-07-01", 2, false, true, 0, OLD, false, .step = FEED_STEP_NEXT},
          {"2017-06-01", 2, false, false, 0, "2017-07-01", false, .step = FEED_STEP_END});
}

static void a_refused_page_holds_the_cursor_of_the_whole_poll(void **state) {
    (void)state;
    CHECK(
        list, {"2017-07-01", 2, true, true, 0, OLD, false, .step = FEED_STEP_NEXT},
        {"2017-07-02", 2, false, false, 0, OLD, false, .step = FEED_STEP_END, .failure = REFUSED});
    CHECK(ordered, {"2017-06-01", 2, false, true, 2, "2017-06-01", false, .step = FEED_STEP_FIRST},
          {"2017-06-02", 2, true, true, 0, "2017-06-01", false, .step = FEED_STEP_NEXT},
          {"2017-06-03", 2, false, false, 2, "2017-06-01", false, .step = FEED_STEP_END,
           .failure = REFUSED});
}

static void pages_in_order_move_it_each(void **state) {
    (void)state;
    CHECK(ordered, {"2017-06-01", 2, false, true, 2, "2017-06-01", false, .step = FEED_STEP_FIRST},
          {"2017-06-01", 2, false, true, 1, "2017-06-01", false, .step = FEED_STEP_NEXT},
          {"2017-06-02", 2, false, false, 1, "2017-06-02", false, .step = FEED_STEP_END});
}

static void numbered_pages_go_on_while_they_are_full(void **state) {
    (void)state;
    CHECK(numbered, {"", 2, false, false, 2, OLD, false, .step = FEED_STEP_NUMBER},
          {"", 1, false, false, 1, OLD, false, .step = FEED_STEP_END});
    CHECK(numbered, {"", 2, false, false, 2, OLD, false, .step = FEED_STEP_NUMBER},
          {"", 2, false, false, 2, OLD, false, .step = FEED_STEP_NUMBER},
          {"", 2, false, false, 2, OLD, false, .step = FEED_STEP_END,
           .failure = "paging does not end"});
}

static void fewer_than_asked_for_is_not_the_end(void **state) {
    (void)state;
    // a server that caps its pages at 1, under a page_size of 2
    CHECK(numbered, {"", 1, false, false, 1, OLD, false, .step = FEED_STEP_NUMBER},
          {"", 1, false, false, 1, OLD, false, .step = FEED_STEP_NUMBER},
          {"", 0, false, false, 0, OLD, false, .step = FEED_STEP_END});
    CHECK(numbered, {"", 0, false, false, 0, OLD, true, .step = FEED_STEP_END});
    // one that says how many there are, or that there is another page
    CHECK(numbered, {"", 2, .cursor = OLD, .step = FEED_STEP_NUMBER, .told = 4},
          {"", 1, .cursor = OLD, .step = FEED_STEP_NUMBER, .told = 4},
          {"", 1, .cursor = OLD, .step = FEED_STEP_END, .told = 4});
    CHECK(numbered, {"", 2, .cursor = OLD, .step = FEED_STEP_NUMBER},
          {"", 1, .cursor = OLD, .step = FEED_STEP_NUMBER, .hint = true},
          {"", 0, .cursor = OLD, .step = FEED_STEP_END});
    CHECK(numbered, {"", 2, .cursor = OLD, .step = FEED_STEP_NUMBER, .told = 9},
          {"", 0, .cursor = OLD, .step = FEED_STEP_END, .told = 9, .failure = SHORT});
}

static void what_says_that_there_is_more_is_told(void **state) {
    (void)state;
    CHECK(list, {"2017-06-01", 4, .new_count = 4, .cursor = OLD, .step = FEED_STEP_END, .told = 10,
                 .failure = SHORT});
    CHECK(list, {"2017-06-01", 4, .cursor = "2017-06-01", .step = FEED_STEP_END, .told = 4});
    CHECK(list, {"2017-06-01", 4, .cursor = "2017-06-01", .step = FEED_STEP_END, .told = 3});
    CHECK(list, {"2017-06-01", 4, .next = true, .cursor = OLD, .step = FEED_STEP_NEXT, .told = 6},
          {"2017-06-02", 2, .cursor = "2017-06-02", .step = FEED_STEP_END, .told = 6});
    CHECK(list,
          {"2017-06-01", 4, .cursor = OLD, .step = FEED_STEP_END, .hint = true, .failure = UNREAD});
    CHECK(list,
          {"2017-06-01", 4, .next = true, .cursor = OLD, .step = FEED_STEP_NEXT, .hint = true},
          {"2017-06-02", 2, .cursor = "2017-06-02", .step = FEED_STEP_END});
    // in order nothing is lost: what is behind the cursor is asked for again
    CHECK(ordered, {"2017-06-01", 4, .cursor = "2017-06-01", .step = FEED_STEP_END, .told = 10,
                    .failure = SHORT});
}

static void a_circle_has_an_end(void **state) {
    (void)state;
    CHECK(list, {"", 4, .next = true, .cursor = OLD, .step = FEED_STEP_NEXT},
          {"", 4, .next = true, .cursor = OLD, .step = FEED_STEP_NEXT},
          {"", 4, .next = true, .cursor = OLD, .step = FEED_STEP_END, .repeated = true,
           .failure = CIRCLE});
    // a server that does not know pages: all of it came, as it says itself
    CHECK(numbered, {"", 2, .cursor = OLD, .step = FEED_STEP_NUMBER, .told = 2},
          {"", 2, .cursor = OLD, .step = FEED_STEP_END, .told = 2, .repeated = true});
    CHECK(numbered, {"", 2, .cursor = OLD, .step = FEED_STEP_NUMBER},
          {"", 2, .cursor = OLD, .step = FEED_STEP_END, .repeated = true, .failure = CIRCLE});
}

static void a_round_number_is_a_doubt(void **state) {
    (void)state;
    static const uint32_t round[] = {50, 100, 200, 250, 500, 1000, 2000, 2500, 5000, 10000};
    static const uint32_t plain[] = {0, 1, 10, 20, 25, 49, 51, 60, 99, 101, 150, 300, 999, 1001};
    for (size_t i = 0; i < COUNT(round); i++) {
        const struct row rows[] = {{"2017-06-01", round[i], .cursor = OLD, .step = FEED_STEP_END,
                                    .doubtful = true, .etag = true}};
        check_poll(&list, rows, 1);
        const struct row told[] = {{"2017-06-01", round[i], .cursor = "2017-06-01",
                                    .step = FEED_STEP_END, .told = round[i]}};
        check_poll(&list, told, 1);
    }
    for (size_t i = 0; i < COUNT(plain); i++) {
        const struct row rows[] = {{plain[i] ? "2017-06-01" : "", plain[i],
                                    .cursor = plain[i] ? "2017-06-01" : OLD, .step = FEED_STEP_END,
                                    .etag = plain[i] == 0}};
        check_poll(&list, rows, 1);
    }
}

// ---- windows

static struct feed_page window_page(uint32_t count) {
    return (struct feed_page){.count = count, .watermark = "", .received_ms = now_ms};
}

static void windows_are_split_and_grow_again(void **state) {
    (void)state;
    struct feed_plan plan;
    struct feed_record known = {.cursor = "2017-07-13T22:40:00.000Z"}; // four hours ago
    const char *failure = NULL;
    struct feed_page full = window_page(50), some = window_page(3), first_of_two = some;
    struct template paged = windows;
    paged.first_page = 1;
    feed_plan_begin(&plan, &paged, known.cursor, now_ms);
    assert_int_equal(plan.window_start_ms, now_ms - 5 * HOUR); // one is read again
    assert_int_equal(plan.window_end_ms, now_ms - HOUR);
    assert_int_equal(take(&plan, &known, &full, 50, &failure), FEED_STEP_FIRST);
    assert_int_equal(plan.window_start_ms, now_ms - 5 * HOUR);
    assert_int_equal(plan.window_end_ms, now_ms - 3 * HOUR);
    assert_string_equal(known.cursor, "2017-07-13T22:40:00.000Z");
    assert_int_equal(take(&plan, &known, &some, 3, &failure), FEED_STEP_FIRST);
    assert_string_equal(known.cursor, "2017-07-13T23:40:00.000Z");
    assert_int_equal(plan.window_start_ms, now_ms - 3 * HOUR);
    assert_int_equal(plan.window_end_ms, now_ms);
    paged.paging = TEMPLATE_PAGING_NUMBER;
    paged.page_size = 3; // now three are a full page
    assert_int_equal(take(&plan, &known, &first_of_two, 0, &failure), FEED_STEP_NUMBER);
    assert_int_equal(plan.number, 2);
    assert_string_equal(known.cursor, "2017-07-13T23:40:00.000Z");
    struct feed_page last = window_page(1);
    assert_int_equal(take(&plan, &known, &last, 0, &failure), FEED_STEP_END);
    assert_string_equal(known.cursor, "2017-07-14T02:40:00.000Z");
    assert_null(failure);
}

static void a_window_of_all_refused_items_does_not_stop_those_behind_it(void **state) {
    (void)state;
    struct feed_plan plan;
    struct feed_record known = {0};
    const char *failure = NULL;
    struct feed_page refused = window_page(3);
    refused.all_refused = true;
    feed_plan_begin(&plan, &windows, "", now_ms);
    assert_int_equal(plan.window_start_ms, now_ms - 4 * HOUR);
    assert_int_equal(take(&plan, &known, &refused, 0, &failure), FEED_STEP_END);
    assert_string_equal(known.cursor, "2017-07-14T02:40:00.000Z");
    assert_string_equal(failure, REFUSED);
}

static void an_endpoint_that_cuts_everything_off_has_an_end(void **state) {
    (void)state;
    struct feed_plan plan;
    struct feed_record known = {0};
    const char *failure = NULL;
    struct template endless = windows;
    struct feed_page full = window_page(50);
    int polls = 1;
    endless.pages_max = UINT32_MAX;
    feed_plan_begin(&plan, &endless, "", now_ms);
    while (take(&plan, &known, &full, 0, &failure) != FEED_STEP_END)
        assert_true(++polls < 1000);
    assert_int_equal(plan.unsplittable_windows, FEED_UNSPLITTABLE_MAX + 1);
    assert_string_equal(failure, "the smallest window is still cut off");
    assert_string_equal(known.cursor, "");
}

// ---- at random

// The other side: items, each with the number of its last change as watermark. A page shows some of
// those behind a watermark, by it or in no order. While a poll is under way items change and come.
enum { ITEMS_MAX = 40, PAGE_SIZE = 4 };
struct side {
    uint64_t random;
    bool ordered;
    size_t count;
    uint32_t last;               // change
    uint32_t changed[ITEMS_MAX]; // the last one of an item
    uint32_t taken[ITEMS_MAX];   // the last one of it that we have
    size_t order[ITEMS_MAX];     // places in an unordered list
};

static size_t pick(struct side *side, size_t below) {
    return (size_t)(unit_random(&side->random) % below);
}

// An item changes or comes. It moves to another place, and no other item changes places with a
// third.
static void change_one(struct side *side) {
    size_t i = pick(side, side->count + 1), from = side->count;
    if (i == side->count && side->count == ITEMS_MAX)
        i = 0;
    for (size_t k = 0; k < side->count; k++)
        if (side->order[k] == i)
            from = k;
    side->count += from == side->count;
    for (size_t k = from; k + 1 < side->count; k++)
        side->order[k] = side->order[k + 1];
    size_t to = pick(side, side->count);
    for (size_t k = side->count - 1; k > to; k--)
        side->order[k] = side->order[k - 1];
    side->order[to] = i;
    side->changed[i] = ++side->last;
}

// The items behind the watermark, in the order of the list.
static size_t list_items(const struct side *side, uint32_t behind, size_t found[ITEMS_MAX]) {
    size_t count = 0;
    for (size_t k = 0; k < side->count; k++) {
        size_t i = side->order[k], at = count;
        if (side->changed[i] < behind)
            continue;
        for (; side->ordered && at > 0 && side->changed[found[at - 1]] > side->changed[i]; at--)
            found[at] = found[at - 1];
        found[at] = i;
        count++;
    }
    return count;
}

// Takes a page unless it is refused as a whole; says how many were new.
static uint64_t take_items(struct side *side, const size_t *items, size_t count, bool refused,
                           uint32_t *highest) {
    uint64_t new_count = 0;
    for (size_t k = 0; k < count; k++) {
        size_t i = items[k];
        if (side->changed[i] > *highest)
            *highest = side->changed[i];
        if (refused)
            continue;
        new_count += side->taken[i] != side->changed[i];
        side->taken[i] = side->changed[i];
    }
    return new_count;
}

static uint32_t number_of(const char *cursor) {
    uint64_t number = 0;
    (void)str_to_u64(str_from(cursor), UINT64_MAX, &number);
    return (uint32_t)number;
}

// Nothing that we lack, or have in an older state, lies before what is asked for next.
static void check_nothing_left_behind(const struct side *side, const char *cursor) {
    for (size_t i = 0; i < side->count; i++)
        if (side->taken[i] != side->changed[i])
            assert_true(side->changed[i] >= number_of(cursor));
}

// A poll; `noise` is how often of 100 pages something changes, is refused or the daemon stops.
static bool poll_side(struct side *side, struct feed_record *known, size_t noise) {
    struct template template = side->ordered ? ordered : list;
    struct feed_plan plan;
    enum feed_step step = FEED_STEP_FIRST;
    const char *failure = NULL;
    size_t offset = 0;
    template.pages_max = 1000;
    feed_plan_begin(&plan, &template, known->cursor, now_ms);
    while (step != FEED_STEP_END) {
        size_t found[ITEMS_MAX], all = list_items(side, number_of(plan.begin), found);
        size_t at = step == FEED_STEP_FIRST ? 0 : offset, count = at < all ? all - at : 0;
        bool refused = pick(side, 100) < noise / 4;
        uint32_t highest = 0;
        char watermark[12] = "";
        count = count < PAGE_SIZE ? count : PAGE_SIZE;
        offset = at + count;
        if (pick(side, 200) < noise / 4)
            return false; // stopped before the commit
        uint64_t new_count = take_items(side, found + at, count, refused, &highest);
        if (highest)
            (void)snprintf(watermark, sizeof watermark, "%u", highest);
        const struct feed_page page = {.count = (uint32_t)count,
                                       .all_refused = refused && count > 0,
                                       .has_next = offset < all,
                                       .watermark = watermark,
                                       .received_ms = now_ms};
        step = take(&plan, known, &page, new_count, &failure);
        if (refused && count > 0)
            assert_true(number_of(known->cursor) <= number_of(plan.begin) || !side->ordered);
        if (pick(side, 100) < noise)
            change_one(side);
    }
    return !failure && !plan.cursor_tentative;
}

static void nothing_is_left_behind(void **state) {
    (void)state;
    uint64_t random = unit_seed();
    for (int round = 0; round < 2000; round++) {
        struct side side = {.random = unit_random(&random), .ordered = round % 2};
        struct feed_record known = {0};
        int still = 0;
        for (int i = 0; i < 20; i++)
            change_one(&side);
        for (int poll = 0; poll < 20; poll++)
            (void)poll_side(&side, &known, side.ordered ? 60 : 30);
        while (!poll_side(&side, &known, 0))
            assert_true(++still < 3); // a list that stands still is soon read
        for (size_t i = 0; i < side.count; i++)
            assert_int_equal(side.taken[i], side.changed[i]);
        check_nothing_left_behind(&side, known.cursor);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_poll_of_one_page),
        cmocka_unit_test(a_watermark_to_come_is_a_slip),
        cmocka_unit_test(pages_without_order_wait_for_a_poll_that_stood_still),
        cmocka_unit_test(a_refused_page_holds_the_cursor_of_the_whole_poll),
        cmocka_unit_test(pages_in_order_move_it_each),
        cmocka_unit_test(numbered_pages_go_on_while_they_are_full),
        cmocka_unit_test(fewer_than_asked_for_is_not_the_end),
        cmocka_unit_test(what_says_that_there_is_more_is_told),
        cmocka_unit_test(a_circle_has_an_end),
        cmocka_unit_test(a_round_number_is_a_doubt),
        cmocka_unit_test(windows_are_split_and_grow_again),
        cmocka_unit_test(a_window_of_all_refused_items_does_not_stop_those_behind_it),
        cmocka_unit_test(an_endpoint_that_cuts_everything_off_has_an_end),
        cmocka_unit_test(nothing_is_left_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
