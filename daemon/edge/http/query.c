// SPDX-License-Identifier: EUPL-1.2
// Percent-decoding of path segments and query parameters (RFC 3986; "+" is a space in a query, as
// HTML forms have it).
#include "base/mem.h"
#include "http_private.h"

#include <string.h>

enum { QUERY_PARAMS_MAX = 100 }; // no route knows as many

static int hex_digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool decode(struct str text, bool plus, char *out, size_t max, size_t *len) {
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++, n++) {
        char c = text.data[i];
        if (n == max)
            return false;
        if (c == '%') {
            int high = text.len - i > 2 ? hex_digit(text.data[i + 1]) : -1;
            int low = text.len - i > 2 ? hex_digit(text.data[i + 2]) : -1;
            if (high < 0 || low < 0)
                return false;
            c = (char)(high * 16 + low);
            i += 2;
        } else if (c == '+' && plus) {
            c = ' ';
        }
        out[n] = c;
    }
    *len = n;
    return str_is_clean_utf8((struct str){out, n});
}

bool http_decode_segment(struct str text, char *out, size_t max, size_t *len) {
    return decode(text, false, out, max, len);
}

// Decodes `text` to *at and moves it behind that. The result is never longer than the text.
static bool decode_part(struct str text, char **at, struct str *out) {
    size_t len = 0;
    if (!decode(text, true, *at, text.len, &len))
        return false;
    *out = (struct str){*at, len};
    *at += len;
    return true;
}

bool http_query_parse(struct http_request *request) {
    struct str query = {request->target + request->path_len,
                        request->target_len - request->path_len};
    if (query.len < 2)
        return true;
    query = (struct str){query.data + 1, query.len - 1};
    size_t count = 1;
    for (size_t i = 0; i < query.len; i++)
        count += query.data[i] == '&';
    if (count > QUERY_PARAMS_MAX)
        return false;
    request->params = mem_alloc(count * sizeof *request->params + query.len);
    char *at = (char *)(request->params + count);
    struct str piece;
    while (str_split(&query, '&', &piece)) {
        struct http_param *param = &request->params[request->param_count];
        struct str name = {NULL, 0};
        if (piece.len == 0)
            continue;
        struct str value = piece;
        (void)str_split(&value, '=', &name);
        if (!decode_part(name, &at, &param->name) || !decode_part(value, &at, &param->value))
            return false;
        request->param_count++;
    }
    return true;
}

struct str http_query(struct http_request *request, const char *name, size_t nth) {
    for (size_t i = 0; i < request->param_count; i++)
        if (str_is(request->params[i].name, name) && nth-- == 0)
            return request->params[i].value;
    return (struct str){NULL, 0};
}

struct str http_query_repeated(const struct http_request *request) {
    for (size_t i = 0; i < request->param_count; i++)
        for (size_t k = 0; k < i; k++)
            if (str_equal(request->params[i].name, request->params[k].name))
                return request->params[i].name;
    return (struct str){NULL, 0};
}

void http_query_each(struct http_request *request,
                     void (*fn)(void *ctx, struct str name, struct str value), void *ctx) {
    for (size_t i = 0; i < request->param_count; i++)
        fn(ctx, request->params[i].name, request->params[i].value);
}
