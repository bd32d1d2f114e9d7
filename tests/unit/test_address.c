// SPDX-License-Identifier: EUPL-1.2
#include "edge/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include <cmocka.h>

static bool is_public(const char *text) {
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &in.sin_addr) == 1)
        return address_is_public((struct sockaddr *)&in);
    assert_int_equal(inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
    return address_is_public((struct sockaddr *)&in6);
}

// Ends of the closed blocks; below, their open neighbours.
static const char *const closed[] = {
    "0.0.0.0",
    "0.255.255.255",
    "10.0.0.0",
    "10.255.255.255",
    "100.64.0.0",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.255",
    "169.254.0.0",
    "169.254.169.254",
    "172.16.0.0",
    "172.31.255.255",
    "192.0.0.0",
    "192.0.0.255",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.0",
    "192.168.255.255",
    "198.18.0.0",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.255",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::8.8.8.8",
    "::127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:0:8.8.8.8",
    "64:ff9b::10.1.2.3",
    "64:ff9b::192.168.1.1",
    "64:ff9b:1::8.8.8.8",
    "100::1",
    "1fff:ffff::1",
    "2001::1",
    "2001:1ff:ffff::1",
    "2001:db8::1",
    "2001:db8:ffff::",
    "2002:808:808::1",
    "2002:7f00:1::1",
    "3fff::1",
    "3fff:fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fdff:ffff::1",
    "fe80::1",
    "febf::1",
    "fec0::1",
    "ff02::1",
    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
};

static const char *const open[] = {
    "1.0.0.0",          "9.255.255.255",    "11.0.0.0",         "100.63.255.255", "100.128.0.0",
    "126.255.255.255",  "128.0.0.0",        "169.253.255.255",  "169.255.0.0",    "172.15.255.255",
    "172.32.0.0",       "191.255.255.255",  "192.0.1.0",        "192.0.3.0",      "192.88.98.255",
    "192.88.100.0",     "192.167.255.255",  "192.169.0.0",      "198.17.255.255", "198.20.0.0",
    "198.51.99.255",    "198.51.101.0",     "203.0.112.255",    "203.0.114.0",    "223.255.255.255",
    "8.8.8.8",          "::ffff:8.8.8.8",   "64:ff9b::8.8.8.8", "2000::1",        "2001:200::1",
    "2001:67c:22dc::1", "2001:db7:ffff::1", "2001:db9::1",      "2003::1",        "2a02::1",
    "3ffe:ffff::1",     "3fff:1000::1",
};

static void test_closed_addresses(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof closed / sizeof *closed; i++)
        if (is_public(closed[i]))
            fail_msg("%s is taken for public", closed[i]);
}

static void test_open_addresses(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof open / sizeof *open; i++)
        if (!is_public(open[i]))
            fail_msg("%s is taken for closed", open[i]);
}

static void test_other_families_are_closed(void **state) {
    (void)state;
    struct sockaddr_un un = {.sun_family = AF_UNIX, .sun_path = "/run/x"};
    assert_false(address_is_public((struct sockaddr *)&un));
    struct sockaddr_storage none = {.ss_family = AF_UNSPEC};
    assert_false(address_is_public((struct sockaddr *)&none));
}

// A mapped or NAT64 address is judged exactly as the IPv4 address in it.
static void test_embedded_like_plain(void **state) {
    (void)state;
    uint32_t ip = 0x2545f491;
    for (int i = 0; i < 200000; i++) {
        ip = ip * 1664525U + 1013904223U;
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(ip)};
        bool expected = address_is_public((struct sockaddr *)&in);
        struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
        memcpy(in6.sin6_addr.s6_addr + 12, &in.sin_addr, 4);
        memset(in6.sin6_addr.s6_addr + 10, 0xff, 2);
        assert_int_equal(address_is_public((struct sockaddr *)&in6), expected);
        memset(in6.sin6_addr.s6_addr, 0, 12);
        memcpy(in6.sin6_addr.s6_addr, "\x00\x64\xff\x9b", 4);
        assert_int_equal(address_is_public((struct sockaddr *)&in6), expected);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_closed_addresses),
        cmocka_unit_test(test_open_addresses),
        cmocka_unit_test(test_other_families_are_closed),
        cmocka_unit_test(test_embedded_like_plain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
