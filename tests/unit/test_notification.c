// SPDX-License-Identifier: EUPL-1.2
#include "codec/notification.h"

#include "unit.h"

#include <stdlib.h>
#include <string.h>

static void messages(void **state) {
    (void)state;
    static const struct {
        const char *body;
        enum notification expected;
    } cases[] = {
        // as Open Notificaties tries a subscription
        {"{\"kanaal\":\"test\",\"hoofdObject\":\"http://some.hoofdobject.nl/\",\"resource\":"
         "\"some_resource\",\"resourceUrl\":\"http://some.resource.nl/\",\"actie\":\"create\","
         "\"aanmaakdatum\":\"2019-01-01T12:00:00Z\",\"kenmerken\":{}}",
         NOTIFICATION_TEST},
        {"{\"kanaal\":\"zaken\",\"hoofdObject\":\"https://h/1\",\"resource\":\"status\","
         "\"resourceUrl\":\"https://h/2\",\"actie\":\"create\",\"aanmaakdatum\":\"2024-05-01T10:"
         "00:00Z\",\"kenmerken\":{\"bronorganisatie\":\"517439943\",\"x\":\"\\ud800\"}}",
         NOTIFICATION_CHANGE},
        {"\xef\xbb\xbf {\"kanaal\":\"t\\u0065st\"} ", NOTIFICATION_TEST},
        {"{\"kanaal\":\"Test\"}", NOTIFICATION_CHANGE},
        {"{\"a\":{\"kanaal\":\"test\"},\"kanaal\":\"zaken\"}", NOTIFICATION_CHANGE},
        {"{\"kanaal\":\"test\",\"kanaal\":\"zaken\"}", NOTIFICATION_BAD},
        {"{\"kanaal\":\"\"}", NOTIFICATION_BAD},
        {"{\"kanaal\":7}", NOTIFICATION_BAD},
        {"{\"kanaal\":null}", NOTIFICATION_BAD},
        {"{}", NOTIFICATION_BAD},
        {"[{\"kanaal\":\"test\"}]", NOTIFICATION_BAD},
        {"{\"kanaal\":\"test\"}{}", NOTIFICATION_BAD},
        {"{\"kanaal\":\"test\"", NOTIFICATION_BAD},
        {"\"test\"", NOTIFICATION_BAD},
        {"<html></html>", NOTIFICATION_BAD},
        {"", NOTIFICATION_BAD},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        if (notification_read(str_from(cases[i].body), DOOR_UNSAID) != cases[i].expected)
            fail_msg("%s", cases[i].body);
    assert_int_equal(notification_read((struct str){NULL, 0}, DOOR_UNSAID), NOTIFICATION_BAD);
}

static void a_large_one_is_none(void **state) {
    (void)state;
    enum { SIZE = NOTIFICATION_BYTES_MAX + 1 };
    char *body = malloc(SIZE);
    assert_non_null(body);
    memset(body, ' ', SIZE);
    memcpy(body, "{\"kanaal\":\"zaken\"}", 18);
    assert_int_equal(notification_read((struct str){body, SIZE - 1}, DOOR_UNSAID),
                     NOTIFICATION_CHANGE);
    assert_int_equal(notification_read((struct str){body, SIZE}, DOOR_UNSAID), NOTIFICATION_BAD);
    free(body);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages),
        cmocka_unit_test(a_large_one_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
