// SPDX-License-Identifier: EUPL-1.2
// The local socket may be forwarded to a port of somebody's own machine (ssh -L), and then any page
// in a browser there can send requests to it. A browser says on whose behalf it asks, in headers
// that no page can set: Host (a name that was made to lead here), Origin and Sec-Fetch-Site. What
// does not come from this machine, or from a page that was loaded from this same address, is
// refused, reading too. Pure: it looks at one request.
#include "control_private.h"

// "localhost", "127.0.0.1" or "[::1]", alone or with a port.
static bool is_local_host(struct str host) {
    static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct str name = str_from(names[i]), rest;
        uint64_t port;
        if (host.len < name.len || !str_equal_nocase((struct str){host.data, name.len}, name))
            continue;
        rest = (struct str){host.data + name.len, host.len - name.len};
        if (rest.len == 0 ||
            (rest.data[0] == ':' &&
             str_to_u64((struct str){rest.data + 1, rest.len - 1}, UINT16_MAX, &port)))
            return true;
    }
    return false;
}

// An origin is a scheme and a host (RFC 6454); "null" is nobody's.
static bool is_same_origin(struct str origin, struct str host) {
    const struct str scheme = STR("http://");
    return origin.len > scheme.len &&
           str_equal_nocase((struct str){origin.data, scheme.len}, scheme) &&
           str_equal_nocase((struct str){origin.data + scheme.len, origin.len - scheme.len}, host);
}

bool control_is_local(const struct http_request *request) {
    struct str host = http_header_value(request, "Host");
    struct str origin = http_header_value(request, "Origin");
    struct str site = http_header_value(request, "Sec-Fetch-Site");
    return (!host.data || is_local_host(host)) && (!origin.data || is_same_origin(origin, host)) &&
           (!site.data || str_is(site, "same-origin") || str_is(site, "none"));
}
