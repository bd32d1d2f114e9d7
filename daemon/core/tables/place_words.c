// SPDX-License-Identifier: EUPL-1.2
// How people write a place: what stands around a code or a name. Only the text is looked at;
// whether there is such a municipality, and whether code and name agree, the tables say.
#include "place_words.h"

#include <string.h>

bool place_words_code(struct str text, uint16_t *code) {
    uint64_t value;
    if (text.len > 2 && str_equal_nocase((struct str){text.data, 2}, STR("GM")))
        text = (struct str){text.data + 2, text.len - 2};
    if (text.len > 4 || !str_to_u64(text, PLACE_CODE_MAX, &value) || value == 0)
        return false;
    *code = (uint16_t)value;
    return true;
}

bool place_words_undo_latin1(struct str word, char *out, size_t *len) {
    *len = 0;
    for (size_t i = 0; i < word.len; i++) {
        unsigned char c = (unsigned char)word.data[i];
        if (c >= 0x80 && ((c != 0xc2 && c != 0xc3) || i + 1 == word.len))
            return false;
        if (c >= 0x80)
            c = (unsigned char)((c & 3) << 6 | ((unsigned char)word.data[++i] & 0x3f));
        out[(*len)++] = (char)c;
    }
    return *len < word.len && str_is_clean_utf8((struct str){out, *len});
}

bool place_words_cut(struct str *text, struct str part, bool end) {
    if (text->len <= part.len + 1)
        return false;
    const char *at = end ? text->data + text->len - part.len : text->data;
    if (memcmp(at, part.data, part.len) != 0 || (end ? at[-1] : at[part.len]) != ' ')
        return false;
    *text = (struct str){end ? text->data : at + part.len + 1, text->len - part.len - 1};
    return true;
}

// What stands before a code, once folded; `end`: behind a name, and the code is off.
static void cut_labels(struct str *text, bool end) {
    static const char *const labels[] = {"gemeentecode", "cbs", "code", "nl", "gm", "g m"};
    enum { COUNT = sizeof labels / sizeof *labels };
    for (size_t i = 0; i < COUNT; i++)
        (void)place_words_cut(text, str_from(labels[end ? COUNT - 1 - i : i]), end);
}

// "nlgm0363"
static void cut_country(struct str *text) {
    if (text->len == 8 && memcmp(text->data, "nlgm", 4) == 0)
        *text = (struct str){text->data + 2, text->len - 2};
}

bool place_words_folded_code(struct str text, uint16_t *code) {
    cut_labels(&text, false);
    cut_country(&text);
    (void)(place_words_cut(&text, STR("0"), true) || place_words_cut(&text, STR("00"), true));
    return place_words_code(text, code);
}

bool place_words_cut_gemeente(struct str *text) {
    return place_words_cut(text, STR("gemeente"), false) ||
           place_words_cut(text, STR("gem"), false) ||
           place_words_cut(text, STR("gemeente"), true) || place_words_cut(text, STR("gem"), true);
}

bool place_words_cut_code(struct str *text, uint16_t *code) {
    struct str rest = *text, before = *text, word;
    cut_labels(&rest, false);
    (void)str_split(&rest, ' ', &word);
    cut_country(&word);
    if (rest.len && place_words_code(word, code)) {
        *text = rest;
        return true;
    }
    while (before.len && before.data[before.len - 1] != ' ')
        before.len--;
    word = (struct str){text->data + before.len, text->len - before.len};
    cut_country(&word);
    if (before.len == 0 || !place_words_code(word, code))
        return false;
    *text = str_trim(before);
    cut_labels(text, true);
    return true;
}
