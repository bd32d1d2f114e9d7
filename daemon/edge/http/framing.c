// SPDX-License-Identifier: EUPL-1.2
// Is the head framed as RFC 9112 wants it? libmicrohttpd 0.9.75 takes bare line feeds, folded
// lines, NUL bytes, spaces before a colon, two Hosts, two lengths, HTTP/1.9 and more; where two
// programs read such bytes differently, one request can hide in another. Most of that is caught by
// one rule: the pieces that the library found must lie back to back in its buffer, so that every
// byte of the head is accounted for. Were the library to store them otherwise, all requests would
// be refused, and the tests tell. What the library refuses by itself (a length that is no number, a
// version that is not 1.x) gets its own answer and never comes here; bare line feeds in chunk
// framing and trailers stay accepted, so no proxy that forwards raw bytes may stand in front.
#include "http_calls.h"

#include <string.h>

struct head {
    const char *at; // where the next line must begin
    bool bad, chunked;
    unsigned hosts, lengths, codings;
    uint64_t length;
};

// RFC 9110 section 5.6.2.
static bool is_token(struct str s) {
    for (size_t i = 0; i < s.len; i++) {
        char c = s.data[i], low = (char)(c | 0x20);
        if (!(low >= 'a' && low <= 'z') && !(c >= '0' && c <= '9') && c != '-' &&
            (c == '\0' || !strchr("!#$%&'*+.^_`|~", c)))
            return false;
    }
    return s.len > 0;
}

// RFC 9110 section 5.5, obs-text included.
static bool is_field_value(struct str s) {
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.data[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

// origin-form, or asterisk-form for OPTIONS (RFC 9112 section 3.2).
static bool is_target(struct str s, const char *method) {
    if (str_is(s, "*"))
        return strcmp(method, "OPTIONS") == 0;
    for (size_t i = 0; i < s.len; i++)
        if (s.data[i] <= 0x20 || s.data[i] >= 0x7f || s.data[i] == '#')
            return false;
    return s.len > 0 && s.data[0] == '/';
}

static enum MHD_Result on_header(void *ctx, enum MHD_ValueKind kind, const char *name_data,
                                 size_t name_len, const char *value_data, size_t value_len) {
    struct head *head = ctx;
    struct str name = {name_data, name_len};
    struct str value = {value_data, value_len};
    (void)kind;
    if (!value.data || name.data != head->at || !is_token(name) || !is_field_value(value)) {
        head->bad = true;
        return MHD_NO;
    }
    head->at = value.data + value.len + 2;
    if (str_equal_nocase(name, STR("Host"))) {
        head->hosts++;
    } else if (str_equal_nocase(name, STR("Content-Length"))) {
        head->lengths++;
        head->bad |= !str_to_u64(value, UINT64_MAX, &head->length);
    } else if (str_equal_nocase(name, STR("Transfer-Encoding"))) {
        head->codings++;
        head->chunked = str_equal_nocase(value, STR("chunked"));
    }
    return MHD_YES;
}

unsigned http_read_framing(const struct http_request *request, const char *version,
                           struct http_framing *framing) {
    const struct http_server *server = request->conn->server;
    const char *method = request->method;
    bool is_1_1 = strcmp(version, "HTTP/1.1") == 0;
    struct head head = {.at = version + strlen(version) + 2};
    if ((!is_1_1 && strcmp(version, "HTTP/1.0") != 0) || !is_token(str_from(method)) ||
        !is_target((struct str){request->target, request->target_len}, method) ||
        method + strlen(method) + 1 != request->target_seen ||
        request->target_seen + request->target_len + 1 != version)
        return 400;
    (void)MHD_get_connection_values_n(request->mhd, MHD_HEADER_KIND, on_header, &head);
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    if (head.bad || !info || head.at + 2 != method + info->header_size)
        return 400;
    if (head.hosts > 1 || (is_1_1 && head.hosts == 0) || head.lengths > 1 || head.codings > 1 ||
        (head.codings && (head.lengths || !head.chunked || !is_1_1)))
        return 400;
    if (info->header_size > server->options.limits.head_bytes_max)
        return 431;
    *framing = (struct http_framing){.chunked = head.chunked, .length = head.length};
    return 0;
}
