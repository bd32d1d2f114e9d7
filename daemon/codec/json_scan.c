// SPDX-License-Identifier: EUPL-1.2
// Finds where a JSON value ends by counting brackets outside strings. It never recurses and keeps
// no tree, so depth and size of what a stranger sent are known before anything is allocated for
// it. Pieces borrow from the text.
#include "codec/json_scan.h"

#include <string.h>

static char peek(const struct json_scan *scan) {
    return scan->rest.len ? scan->rest.data[0] : '\0';
}

static struct str take(struct json_scan *scan, size_t len) {
    struct str piece = {scan->rest.data, len};
    scan->rest = (struct str){scan->rest.data + len, scan->rest.len - len};
    return piece;
}

static bool take_char(struct json_scan *scan, char c) {
    if (c != '\0' && peek(scan) == c) {
        (void)take(scan, 1);
        return true;
    }
    return false;
}

void json_scan_space(struct json_scan *scan) {
    for (char c; (c = peek(scan)) == ' ' || c == '\n' || c == '\r' || c == '\t';) {
        scan->line += c == '\n';
        (void)take(scan, 1);
    }
}

// Length of the string that begins at text[at], with its quotes; 0 when it does not end.
static size_t string_length(struct str text, size_t at, uint32_t *line) {
    const char *p = text.data + at + 1, *end = text.data + text.len;
    for (; p < end; p++) {
        if (*p == '"')
            return (size_t)(p + 1 - text.data) - at;
        if (*p == '\\')
            p++;
        else if (*p == '\n')
            ++*line;
    }
    return 0;
}

// Length of a number or word: up to what can stand behind a value.
static size_t word_length(struct str text) {
    size_t i = 0;
    while (i < text.len && !strchr(",]} \t\r\n", text.data[i])) // finds '\0' as well
        i++;
    return i;
}

// A number may stand as a key: it names nothing, and so costs nothing.
static bool take_key(struct json_scan *scan, struct str *key) {
    uint32_t depth;
    size_t i = 0;
    if (peek(scan) == '"')
        return json_scan_value(scan, key, &depth);
    while (i < scan->rest.len && scan->rest.data[i] &&
           strchr("0123456789+-.eE", scan->rest.data[i]))
        i++;
    *key = take(scan, i);
    return i > 0 && !strchr("eE", key->data[0]);
}

bool json_scan_value(struct json_scan *scan, struct str *value, uint32_t *depth) {
    struct str text = scan->rest;
    uint32_t open = 0;
    size_t i = 0;
    *depth = 0;
    if (peek(scan) != '"' && peek(scan) != '{' && peek(scan) != '[') {
        i = word_length(text);
        *value = take(scan, i);
        return i > 0;
    }
    do {
        size_t len = 1;
        switch (text.data[i]) {
        case '"':
            len = string_length(text, i, &scan->line);
            if (len == 0)
                return false;
            break;
        case '{':
        case '[':
            if (++open > *depth)
                *depth = open;
            break;
        case '}':
        case ']':
            open--;
            break;
        case '\n':
            scan->line++;
            break;
        default:
            break;
        }
        i += len;
    } while (open && i < text.len);
    *value = take(scan, i);
    return open == 0;
}

// Behind the comma that stands before all but the first. END behind `close`.
static enum json_scan_next next_place(struct json_scan *scan, bool first, char close) {
    json_scan_space(scan);
    if (take_char(scan, close))
        return JSON_SCAN_END;
    if (!first && !take_char(scan, ','))
        return JSON_SCAN_BROKEN;
    json_scan_space(scan);
    return JSON_SCAN_VALUE;
}

enum json_scan_next json_scan_element(struct json_scan *scan, bool first, struct str *value,
                                      uint32_t *depth) {
    enum json_scan_next next = next_place(scan, first, ']');
    if (next == JSON_SCAN_VALUE && !json_scan_value(scan, value, depth))
        return JSON_SCAN_BROKEN;
    return next;
}

enum json_scan_next json_scan_member(struct json_scan *scan, bool first, struct str *key,
                                     struct str *value) {
    uint32_t depth;
    enum json_scan_next next = next_place(scan, first, '}');
    if (next != JSON_SCAN_VALUE)
        return next;
    if (!take_key(scan, key))
        return JSON_SCAN_BROKEN;
    json_scan_space(scan);
    if (!take_char(scan, ':'))
        return JSON_SCAN_BROKEN;
    json_scan_space(scan);
    return json_scan_value(scan, value, &depth) ? JSON_SCAN_VALUE : JSON_SCAN_BROKEN;
}
