// SPDX-License-Identifier: EUPL-1.2
// Weights of what a client accepts. What cannot be read is passed over: a client that says
// something odd gets what it would get without saying it. Pure.
#include "api/accept.h"

#include <string.h>

// "0.8" as 800; more than three decimals, or more than 1, is no weight.
static bool read_weight(struct str text, unsigned *weight) {
    unsigned digit = 100;
    if (text.len < 1 || text.len > 5 || (text.data[0] != '0' && text.data[0] != '1') ||
        (text.len > 1 && text.data[1] != '.'))
        return false;
    *weight = text.data[0] == '1' ? ACCEPT_WEIGHT_MAX : 0;
    for (size_t i = 2; i < text.len; i++, digit /= 10) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        *weight += (unsigned)(text.data[i] - '0') * digit;
    }
    return *weight <= ACCEPT_WEIGHT_MAX;
}

// The next range with its weight; false at the end.
static bool next_range(struct str *rest, struct str *range, unsigned *weight) {
    struct str element, parameter;
    while (str_split(rest, ',', &element)) {
        bool good = str_split(&element, ';', range);
        *range = str_trim(*range);
        *weight = ACCEPT_WEIGHT_MAX;
        while (good && str_split(&element, ';', &parameter)) {
            parameter = str_trim(parameter);
            if (parameter.len > 2 && (parameter.data[0] | ' ') == 'q' && parameter.data[1] == '=')
                good = read_weight((struct str){parameter.data + 2, parameter.len - 2}, weight);
        }
        if (good && range->len)
            return true;
    }
    return false;
}

// How closely a range names the type: 0 not at all, 3 by its own name.
static int type_match(struct str range, const char *type) {
    size_t main = strcspn(type, "/") + 1;
    if (str_equal_nocase(range, str_from(type)))
        return 3;
    if (range.len == main + 1 && range.data[main] == '*' &&
        str_equal_nocase((struct str){range.data, main}, (struct str){type, main}))
        return 2;
    return str_is(range, "*/*");
}

static int language_match(struct str range, const char *language) {
    size_t len = strlen(language);
    if (range.len >= len && (range.len == len || range.data[len] == '-') &&
        str_equal_nocase((struct str){range.data, len}, (struct str){language, len}))
        return 3;
    return str_is(range, "*");
}

static unsigned weigh(struct str header, const char *word,
                      int (*match)(struct str range, const char *word)) {
    struct str range;
    unsigned weight, found = 0;
    int closest = 0;
    while (next_range(&header, &range, &weight)) {
        int close = match(range, word);
        if (close > closest || (close && close == closest && weight > found)) {
            found = weight;
            closest = close;
        }
    }
    return found;
}

unsigned accept_type(struct str header, const char *type) {
    return header.data ? weigh(header, type, type_match) : ACCEPT_WEIGHT_MAX;
}

unsigned accept_language(struct str header, const char *language) {
    return weigh(header, language, language_match);
}
