// SPDX-License-Identifier: EUPL-1.2
#include "api/router.h"

#include "unit.h"

static const struct row {
    struct route route;
    int number; // a side's rows have more than the router knows
} rows[] = {
    {{"POST", "/v1/signals", ROUTE_SOURCE, true, NULL}, 0},
    {{"GET", "/v1/signals/{id}", ROUTE_SOURCE, false, NULL}, 1},
    {{"DELETE", "/v1/signals/{id}", ROUTE_SOURCE, true, NULL}, 2},
    {{"POST", "/v1/feeds/{name}/poll", ROUTE_OWNER, false, "poll"}, 3},
    {{"GET", "/v1/both/{source}/{id...}", ROUTE_OPEN, false, "read"}, 4},
    {{"GET", "/metrics", ROUTE_OPEN, false, NULL}, 5},
};
static const struct router router = ROUTER(rows);
static struct route_match match;

// The number of the row, or the status.
static int find(const char *method, const char *path) {
    unsigned status = router_find(&router, str_from(method), str_from(path), &match);
    assert_int_equal(status == 0, match.route != NULL);
    return status ? (int)status : ((const struct row *)match.route)->number;
}

static void check_params(const char *first, const char *second) {
    const char *want[ROUTE_PARAMS_MAX] = {first, second};
    for (size_t i = 0; i < ROUTE_PARAMS_MAX; i++)
        if (want[i])
            assert_true(match.params[i].data && str_is(match.params[i], want[i]));
        else
            assert_null(match.params[i].data);
}

static void a_path_and_a_method_find_their_row(void **state) {
    (void)state;
    static const struct {
        const char *method, *path;
        int found;
        const char *first, *second;
    } cases[] = {
        {"POST", "/v1/signals", 0, NULL, NULL},
        {"GET", "/v1/signals/a", 1, "a", NULL},
        {"DELETE", "/v1/signals/a%2Fb", 2, "a/b", NULL},
        {"GET", "/v1/signals/%E2%82%AC", 1, "\xe2\x82\xac", NULL},
        {"GET", "/v1/signals/%zz", 1, NULL, NULL},
        {"GET", "/v1/signals/%00", 1, NULL, NULL},
        {"GET", "/v1/signals/{id}", 1, "{id}", NULL},
        {"POST", "/v1/feeds/x/poll", 3, "x", NULL},
        {"GET", "/v1/both/a/b", 4, "a", "b"},
        {"GET", "/v1/both/a/b/c", 4, "a", "b/c"},
        {"GET", "/v1/both/a/", 4, "a", ""},
        {"GET", "/v1/both/a", 4, "a", NULL},
        {"GET", "/v1/both/%ff/b", 4, NULL, "b"},
        {"GET", "/metrics", 5, NULL, NULL},
        {"HEAD", "/metrics", 5, NULL, NULL},
        {"HEAD", "/v1/signals/a", 1, "a", NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(find(cases[i].method, cases[i].path), cases[i].found);
        check_params(cases[i].first, cases[i].second);
    }
}

static void what_is_no_path_is_not_found(void **state) {
    (void)state;
    static const char *const paths[] = {
        "",
        "/",
        "/v1",
        "/v1/signals/",
        "/v1/signals/a/",
        "/v1/signal",
        "v1/signals",
        "/v1/feeds/x",
        "/v1/feeds//poll",
        "/v1/feeds/x/poll/",
        "/v1/both/",
        "/v1/both",
        "//metrics",
        "/metrics/",
        "/v1/signalss",
        "/V1/signals",
        "/v1%2Fsignals",
        "*",
    };
    for (size_t i = 0; i < COUNT(paths); i++)
        assert_int_equal(find("GET", paths[i]), 404);
}

static void another_method_is_told_which_there_are(void **state) {
    (void)state;
    static const struct {
        const char *method, *path, *allow;
    } cases[] = {
        {"GET", "/v1/signals", "POST"},          {"POST", "/v1/signals/a", "GET, HEAD, DELETE"},
        {"HEAD", "/v1/signals", "POST"},         {"OPTIONS", "/v1/signals", "POST"},
        {"get", "/metrics", "GET, HEAD"},        {"GET", "/v1/feeds/x/poll", "POST"},
        {"DELETE", "/v1/both/a/b", "GET, HEAD"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(find(cases[i].method, cases[i].path), 405);
        assert_string_equal(match.allow, cases[i].allow);
        check_params(NULL, NULL);
    }
}

static void a_long_parameter_is_absent(void **state) {
    (void)state;
    char path[sizeof "/v1/signals/" + ROUTE_PARAM_BYTES_MAX + 1] = "/v1/signals/";
    size_t head = strlen(path);
    memset(path + head, 'x', ROUTE_PARAM_BYTES_MAX);
    assert_int_equal(find("GET", path), 1);
    assert_int_equal(match.params[0].len, ROUTE_PARAM_BYTES_MAX);
    path[head + ROUTE_PARAM_BYTES_MAX] = 'x';
    assert_int_equal(find("GET", path), 1);
    check_params(NULL, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_and_a_method_find_their_row),
        cmocka_unit_test(what_is_no_path_is_not_found),
        cmocka_unit_test(another_method_is_told_which_there_are),
        cmocka_unit_test(a_long_parameter_is_absent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
