// SPDX-License-Identifier: EUPL-1.2
// URLs and words that an operator writes.
#include "config/text/url.h"

#include <arpa/inet.h>
#include <string.h>

enum { URL_MAX = 2048 };

bool text_is_word(struct str text, size_t max, const char *extra) {
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!word && (c == '\0' || !strchr(extra, c)))
            return false;
    }
    return text.len >= 1 && text.len <= max;
}

bool text_is_name(struct str text, size_t max) {
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] >= 'A' && text.data[i] <= 'Z')
            return false;
    return text_is_word(text, max, "._-");
}

// "host", "host:port", "[::1]:port"
static const char *host_wrong(struct str host) {
    size_t end = 0;
    uint64_t port;
    if (host.len > 0 && host.data[0] == '[')
        while (end < host.len && host.data[end] != ']')
            end++;
    while (end < host.len && host.data[end] != ':')
        end++;
    if (end == 0)
        return "has no host";
    if (end < host.len &&
        (!str_to_u64((struct str){host.data + end + 1, host.len - end - 1}, UINT16_MAX, &port) ||
         port == 0))
        return "has no port behind the colon (allowed: 1..65535)";
    return NULL;
}

// Behind the scheme, which has one form or the other.
static struct str url_authority(struct str url) {
    const size_t begin = url.data[4] == ':' ? 7 : 8;
    size_t end = begin;
    while (end < url.len && url.data[end] != '/' && url.data[end] != '?')
        end++;
    return (struct str){url.data + begin, end - begin};
}

// Visible ASCII without what RFC 3986 leaves out; user and fragment have no use here.
static const char *fault_behind_scheme(struct str url) {
    if (url.len > URL_MAX)
        return "too long (allowed: at most 2048 bytes)";
    for (size_t i = 0; i < url.len; i++)
        if (url.data[i] <= ' ' || url.data[i] > '~' || strchr("\"<>\\^`{|}", url.data[i]))
            return "has a character that a URL cannot have: write it as %XX";
    if (memchr(url.data, '#', url.len))
        return "a fragment (#) is not sent to a server";
    const struct str authority = url_authority(url);
    if (memchr(authority.data, '@', authority.len))
        return "no user or password in a URL: use secret_file";
    return host_wrong(authority);
}

struct str host_of(struct str text) {
    size_t end = 0;
    if (text.len > 0 && text.data[0] == '[') {
        while (end < text.len && text.data[end] != ']')
            end++;
        return (struct str){text.data + 1, end - 1};
    }
    while (end < text.len && text.data[end] != ':')
        end++;
    return (struct str){text.data, end};
}

struct str url_host(struct str url) {
    return host_of(url_authority(url));
}

bool host_is_local(struct str host) {
    char text[INET6_ADDRSTRLEN];
    struct in_addr four;
    struct in6_addr six;
    if (str_equal_nocase(host, STR("localhost")))
        return true;
    if (host.len >= sizeof text)
        return false;
    memcpy(text, host.data ? host.data : "", host.len);
    text[host.len] = '\0';
    if (inet_pton(AF_INET, text, &four) == 1)
        return ntohl(four.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, text, &six) == 1 &&
           (IN6_IS_ADDR_LOOPBACK(&six) || (IN6_IS_ADDR_V4MAPPED(&six) && six.s6_addr[12] == 127));
}

static bool begins(struct str url, struct str scheme) {
    return url.len > scheme.len && str_equal_nocase((struct str){url.data, scheme.len}, scheme);
}

const char *url_fault(struct str url) {
    if (begins(url, STR("https://")) || begins(url, STR("http://")))
        return fault_behind_scheme(url);
    return "not allowed (allowed: https://…, or http://… with allow_private)";
}

bool url_is_sftp(struct str url) {
    return begins(url, STR("sftp://"));
}

const char *url_sftp_fault(struct str url) {
    if (memchr(url.data, '?', url.len) || url.data[url.len - 1] != '/')
        return "of sftp the folder is needed, with a slash at its end";
    return fault_behind_scheme(url);
}
