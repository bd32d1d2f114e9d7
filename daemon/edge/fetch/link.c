// SPDX-License-Identifier: EUPL-1.2
// Link headers (RFC 8288, with the leniency of its appendix B): <target>; name=value; name="value",
// <target>; … What is malformed is passed over up to the next ';' or ','. Single quotes, which the
// standard does not know, are taken for quotes: people write them. A next page without a target is
// told apart from no next page.
#include "fetch_url.h"

#include <string.h>

struct link {
    struct str target, rel;
    bool has_target, has_rel, has_anchor;
};

static bool is_at(const struct str *rest, char c) {
    return rest->len > 0 && *rest->data == c;
}

static struct str take(struct str *rest, size_t len) {
    struct str piece = {rest->data, len};
    rest->data += len;
    rest->len -= len;
    return piece;
}

static bool skip(struct str *rest, char c) {
    bool found = is_at(rest, c);
    if (found)
        (void)take(rest, 1);
    return found;
}

static void skip_space(struct str *rest) {
    while (is_at(rest, ' ') || is_at(rest, '\t'))
        (void)take(rest, 1);
}

static struct str take_token(struct str *rest) {
    size_t len = 0;
    while (len < rest->len && !memchr(" \t=;,\"<>", rest->data[len], 8))
        len++;
    return take(rest, len);
}

// Behind the opening quote; escapes are left as they are.
static struct str take_quoted(struct str *rest, char quote) {
    size_t len = 0;
    while (len < rest->len && rest->data[len] != quote)
        len += rest->data[len] == '\\' && len + 1 < rest->len ? 2 : 1;
    struct str text = take(rest, len);
    (void)skip(rest, quote);
    return text;
}

static void skip_rubbish(struct str *rest) {
    while (rest->len > 0 && !is_at(rest, ';') && !is_at(rest, ',')) {
        if (skip(rest, '"'))
            (void)take_quoted(rest, '"');
        else
            (void)take(rest, 1);
    }
}

// Up to the end of the parameter: several relations without the quotes that these need.
static struct str take_words(struct str *rest) {
    size_t len = 0;
    while (len < rest->len && rest->data[len] != ';' && rest->data[len] != ',')
        len++;
    return take(rest, len);
}

static struct str take_value(struct str *rest, bool is_rel) {
    if (skip(rest, '"'))
        return take_quoted(rest, '"');
    if (skip(rest, '\''))
        return take_quoted(rest, '\'');
    return is_rel ? take_words(rest) : take_token(rest);
}

static void take_parameter(struct str *rest, struct link *link) {
    skip_space(rest);
    struct str name = take_token(rest), value = {NULL, 0};
    bool is_rel = str_equal_nocase(name, STR("rel"));
    skip_space(rest);
    if (skip(rest, '=')) {
        skip_space(rest);
        value = take_value(rest, is_rel);
    }
    if (is_rel && !link->has_rel) { // later ones do not count
        link->has_rel = true;
        link->rel = value;
    }
    if (str_equal_nocase(name, STR("anchor")))
        link->has_anchor = true;
    skip_rubbish(rest);
}

// `rest` is at the next link afterwards.
static struct link take_link(struct str *rest) {
    struct link link = {0};
    skip_space(rest);
    const char *end = skip(rest, '<') && rest->len ? memchr(rest->data, '>', rest->len) : NULL;
    link.has_target = end != NULL;
    if (end) {
        link.target = take(rest, (size_t)(end - rest->data));
        (void)skip(rest, '>');
        take_parameter(rest, &link); // nothing, or one whose ';' was forgotten
    }
    skip_rubbish(rest);
    while (skip(rest, ';'))
        take_parameter(rest, &link);
    (void)skip(rest, ',');
    return link;
}

static bool has_word(struct str words, struct str wanted) {
    while (words.len > 0) {
        skip_space(&words);
        size_t len = 0;
        while (len < words.len && words.data[len] != ' ' && words.data[len] != '\t')
            len++;
        if (str_equal_nocase(take(&words, len), wanted))
            return true;
    }
    return false;
}

enum fetch_link fetch_link_next(struct str value, struct str *target) {
    enum fetch_link found = FETCH_LINK_NONE;
    while (value.len > 0) {
        struct link link = take_link(&value);
        if (link.has_anchor || !has_word(link.rel, STR("next")))
            continue;
        if (link.has_target) {
            *target = link.target;
            return FETCH_LINK_NEXT;
        }
        found = FETCH_LINK_UNREADABLE;
    }
    return found;
}
