// SPDX-License-Identifier: EUPL-1.2
// Decides which addresses a feed may connect to. The table lists what is not public; an address of
// a family or form that is not understood is not public either, so that a URL of an operator or a
// redirect of a server never reaches this machine's own network. Pure.
#include "edge/address.h"

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

// The first `bits` (1..32) bits of an address.
struct prefix {
    uint32_t net;
    unsigned bits;
};

static const struct prefix closed4[] = {
    {0x00000000, 8},  // 0.0.0.0/8 this network
    {0x0a000000, 8},  // 10.0.0.0/8 private, RFC 1918
    {0x64400000, 10}, // 100.64.0.0/10 shared (CGNAT), RFC 6598
    {0x7f000000, 8},  // 127.0.0.0/8 loopback
    {0xa9fe0000, 16}, // 169.254.0.0/16 link-local, also where clouds keep their secrets
    {0xac100000, 12}, // 172.16.0.0/12 private
    {0xc0000000, 24}, // 192.0.0.0/24 protocol assignments, RFC 6890
    {0xc0000200, 24}, // 192.0.2.0/24 documentation, RFC 5737
    {0xc0586300, 24}, // 192.88.99.0/24 6to4 relays, RFC 7526
    {0xc0a80000, 16}, // 192.168.0.0/16 private
    {0xc6120000, 15}, // 198.18.0.0/15 benchmarking, RFC 2544
    {0xc6336400, 24}, // 198.51.100.0/24 documentation
    {0xcb007100, 24}, // 203.0.113.0/24 documentation
    {0xe0000000, 4},  // 224.0.0.0/4 multicast
    {0xf0000000, 4},  // 240.0.0.0/4 reserved, broadcast
};

static const struct prefix open6 = {0x20000000, 3}; // 2000::/3 global unicast, RFC 4291
static const struct prefix closed6[] = {
    {0x20010000, 23}, // 2001::/23 protocol assignments: Teredo, benchmarking, ORCHID
    {0x20010db8, 32}, // 2001:db8::/32 documentation, RFC 3849
    {0x20020000, 16}, // 2002::/16 6to4
    {0x3fff0000, 20}, // 3fff::/20 documentation, RFC 9637
};

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};           // ::ffff:0:0/96
static const uint8_t nat64[12] = {0x00, 0x64, 0xff, 0x9b, [11] = 0x00}; // 64:ff9b::/96, RFC 6052

static bool is_in(uint32_t head, struct prefix prefix) {
    return (head ^ prefix.net) >> (32 - prefix.bits) == 0;
}

static bool is_in_any(uint32_t head, const struct prefix *list, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (is_in(head, list[i]))
            return true;
    return false;
}

static uint32_t read_u32(const uint8_t *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static bool is_public4(uint32_t ip) {
    return !is_in_any(ip, closed4, sizeof closed4 / sizeof *closed4);
}

static bool is_public6(const uint8_t ip[16]) {
    if (memcmp(ip, mapped, sizeof mapped) == 0 || memcmp(ip, nat64, sizeof nat64) == 0)
        return is_public4(read_u32(ip + 12));
    uint32_t head = read_u32(ip);
    return is_in(head, open6) && !is_in_any(head, closed6, sizeof closed6 / sizeof *closed6);
}

bool address_is_public(const struct sockaddr *address) {
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof in);
        return is_public4(ntohl(in.sin_addr.s_addr));
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, address, sizeof in6);
        return is_public6(in6.sin6_addr.s6_addr);
    }
    return false;
}
