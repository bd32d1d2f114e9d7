// SPDX-License-Identifier: EUPL-1.2
// Makes the lines of headers and owns them until they are freed, overwritten: nearly each has a
// secret. Values were checked where they were read (keys.c, fields.c, sources/columns.c), so that
// no line can hold another one; the client that sends them looks once more.
#include "template/headers.h"

#include "base/hash.h"
#include "base/mem.h"
#include "codec/jwt.h"
#include "config/text/url.h"

#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_BYTES = 8192, UUID_BYTES = 16 };

static struct buf begin_line(const char *name, const char *prefix) {
    struct buf line;
    buf_init(&line, LINE_MAX_BYTES);
    buf_puts(&line, name);
    buf_puts(&line, ": ");
    buf_puts(&line, prefix);
    return line;
}

static void end_line(struct template_headers *out, struct buf *line) {
    out->lines[out->count++] = buf_take(line);
}

static void put(struct template_headers *out, const char *name, const char *prefix,
                const char *value) {
    struct buf line = begin_line(name, prefix);
    buf_puts(&line, value);
    end_line(out, &line);
}

static void put_list(struct template_headers *out, char *const *lines) {
    for (size_t i = 0; lines && i < TEMPLATE_HEADERS_MAX && lines[i]; i++)
        out->lines[out->count++] = mem_strdup(lines[i]);
}

static void put_login(struct template_headers *out, const struct template *template,
                      const struct template_login *login) {
    const char authorization[] = "Authorization";
    struct buf line;
    switch (template->auth) {
    case TEMPLATE_AUTH_NONE:
        break;
    case TEMPLATE_AUTH_BEARER:
        put(out, authorization, "Bearer ", login->secret);
        break;
    case TEMPLATE_AUTH_TOKEN:
        put(out, authorization, "Token ", login->secret);
        break;
    case TEMPLATE_AUTH_BASIC:
        line = begin_line(authorization, "Basic ");
        hash_put_base64(&line, str_from(login->secret), HASH_BASE64);
        end_line(out, &line);
        break;
    case TEMPLATE_AUTH_HEADER:
        put(out, template->auth_header, "", login->secret);
        break;
    case TEMPLATE_AUTH_OAUTH2:
        if (login->token)
            put(out, authorization, "Bearer ", login->token);
        break;
    case TEMPLATE_AUTH_ZGW:
        line = begin_line(authorization, "Bearer ");
        jwt_put_zgw(&line, str_from(login->secret), login->now_ms);
        end_line(out, &line);
        break;
    }
}

// Version 7 (RFC 9562): milliseconds, then random bits.
static void put_transaction(struct template_headers *out, int64_t now_ms) {
    uint8_t bytes[UUID_BYTES];
    struct buf line = begin_line("Fsc-Transaction-Id", "");
    hash_random(bytes, sizeof bytes);
    for (int i = 0; i < 6; i++)
        bytes[i] = (uint8_t)((uint64_t)now_ms >> (8 * (5 - i)));
    bytes[6] = (uint8_t)(0x70 | (bytes[6] & 0x0f));
    bytes[8] = (uint8_t)(0x80 | (bytes[8] & 0x3f));
    for (int i = 0; i < UUID_BYTES; i++)
        buf_printf(&line, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", bytes[i]);
    end_line(out, &line);
}

void template_headers_make(const struct template *template, const struct template_login *login,
                           struct template_headers *out) {
    *out = (struct template_headers){.count = 0};
    put_list(out, template->headers);
    put_list(out, login->headers);
    if (login->secret)
        put_login(out, template, login);
    if (login->fsc_grant) {
        put(out, "Fsc-Grant-Hash", "", login->fsc_grant);
        put_transaction(out, login->now_ms);
    }
}

void template_headers_free(struct template_headers *headers) {
    for (size_t i = 0; i < headers->count; i++)
        mem_wipe_free(headers->lines[i]);
    headers->count = 0;
}

bool template_header_allowed(struct str name) {
    static const char *const taken[] = {
        "host",          "content-length", "transfer-encoding", "connection", "if-none-match",
        "cookie",        "content-type",   "if-modified-since", "accept",     "accept-encoding",
        "authorization", "fsc-grant-hash", "fsc-transaction-id"};
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        if (str_equal_nocase(name, str_from(taken[i])))
            return false;
    return text_is_word(name, 64, "-_");
}

static const char *take_line(struct str line, char **out) {
    struct str value = line, name;
    (void)str_split(&value, ':', &name);
    value = str_trim(value);
    if (!template_header_allowed(name))
        return "a line is \"Name: value\", of a header that not every request has already";
    for (size_t i = 0; i < value.len; i++)
        if (value.data[i] < ' ' || value.data[i] > '~')
            return "a value has visible ASCII characters only";
    if (value.len == 0 || value.len > LINE_MAX_BYTES / 2)
        return "a value has 1 to 4096 characters";
    struct buf text;
    buf_init(&text, LINE_MAX_BYTES);
    buf_put_str(&text, name);
    buf_puts(&text, ": ");
    buf_put_str(&text, value);
    *out = buf_take(&text);
    return NULL;
}

const char *template_headers_read_lines(struct str text, char *lines[TEMPLATE_HEADERS_MAX + 1]) {
    struct str line;
    size_t count = 0;
    const char *wrong = NULL;
    while (!wrong && str_split(&text, '\n', &line)) {
        line = str_trim(line);
        if (line.len && count == TEMPLATE_HEADERS_MAX)
            wrong = "at most 16 headers";
        else if (line.len && !(wrong = take_line(line, &lines[count])))
            count++;
    }
    for (size_t i = 0; wrong && i < count; i++) {
        mem_wipe_free(lines[i]);
        lines[i] = NULL;
    }
    return wrong;
}
