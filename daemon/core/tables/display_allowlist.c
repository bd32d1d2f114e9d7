// SPDX-License-Identifier: EUPL-1.2
// The words lie sorted, so that those which begin like a piece of text are next to each other: the
// range is narrowed letter by letter, and a piece that begins no word is left after a few.
#include "core/tables/display_allowlist.h"

#include "base/mem.h"
#include "core/signal/synonyms.h"

#include <stdlib.h>
#include <string.h>

enum {
    WORD_MIN = 2,
    PART_MIN = 4,    // letters of a word in a compound: with shorter ones many names are compounds
    PARTS_MAX = 3,   // words in a compound
    TELLING_MIN = 4, // letters of at least one token: "van" and "de" alone tell nothing
    SHOWN_MIN = 8,   // bytes of the whole: "Händel" and "Wiet" are families as well
    NEVER = UINT8_MAX,
};

struct display_allowlist {
    char **words; // sorted, each once
    size_t count, cap;
};

static bool is_letters(struct str text) {
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < 'a' || text.data[i] > 'z')
            return false;
    return text.len > 0;
}

// What a line has before its comment.
static struct str word_of(struct str line) {
    const char *comment = memchr(line.data, '#', line.len);
    if (comment)
        line.len = (size_t)(comment - line.data);
    return str_trim(line);
}

// Other than in what sources write, punctuation is a mistake here: no part of a line is left out.
static bool add_word(struct display_allowlist *allowlist, struct str word) {
    char folded[STR_FOLDED_MAX];
    size_t len = synonyms_fold(word, folded);
    if (len < WORD_MIN || len > ALLOWLIST_SHOWN_MAX || !is_letters((struct str){folded, len}))
        return false;
    for (size_t i = 0; i < word.len; i++)
        if ((unsigned char)word.data[i] < 0x80 &&
            ((word.data[i] | 0x20) < 'a' || (word.data[i] | 0x20) > 'z'))
            return false;
    allowlist->words =
        mem_grow(allowlist->words, allowlist->count, &allowlist->cap, sizeof *allowlist->words);
    allowlist->words[allowlist->count++] = mem_strndup(folded, len);
    return true;
}

static int compare(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort(struct display_allowlist *allowlist) {
    size_t kept = 0;
    if (allowlist->count)
        qsort(allowlist->words, allowlist->count, sizeof *allowlist->words, compare);
    for (size_t i = 0; i < allowlist->count; i++)
        if (kept && strcmp(allowlist->words[kept - 1], allowlist->words[i]) == 0)
            free(allowlist->words[i]);
        else
            allowlist->words[kept++] = allowlist->words[i];
    allowlist->count = kept;
}

struct display_allowlist *allowlist_load(struct str text, const char *name, struct err *err) {
    struct display_allowlist *allowlist = mem_zalloc(1, sizeof *allowlist);
    struct str line;
    for (unsigned number = 1; str_split(&text, '\n', &line); number++) {
        struct str word = word_of(line);
        if (word.len == 0 || add_word(allowlist, word))
            continue;
        (void)err_set(err, ERR_CONFIG, "%s:%u: a line must be one word of %d to %d letters", name,
                      number, WORD_MIN, ALLOWLIST_SHOWN_MAX);
        allowlist_free(allowlist);
        return NULL;
    }
    sort(allowlist);
    return allowlist;
}

void allowlist_free(struct display_allowlist *allowlist) {
    if (!allowlist)
        return;
    for (size_t i = 0; i < allowlist->count; i++)
        free(allowlist->words[i]);
    free(allowlist->words);
    free(allowlist);
}

size_t allowlist_count(const struct display_allowlist *allowlist) {
    return allowlist->count;
}

// Words that begin alike: from `first` up to `end`.
struct prefix_range {
    size_t first, end;
};

// The first of the range whose letter at `depth` is `letter` or comes after it.
static size_t bound(const struct display_allowlist *allowlist, struct prefix_range range,
                    size_t depth, char letter) {
    while (range.first < range.end) {
        size_t middle = range.first + (range.end - range.first) / 2;
        if (allowlist->words[middle][depth] < letter)
            range.first = middle + 1;
        else
            range.end = middle;
    }
    return range.first;
}

static void reach_at(uint8_t *parts, size_t at, uint8_t count) {
    if (count < parts[at])
        parts[at] = count;
}

// From `start`, which `before` words lead up to: where a word ends another may begin, also behind
// the letters that Dutch puts between them. parts[]: the fewest words that lead up to each place;
// the last place is the token's end, to which no linking letter leads.
static void follow(const struct display_allowlist *allowlist, struct str token, size_t start,
                   uint8_t before, uint8_t *parts) {
    struct prefix_range range = {0, allowlist->count};
    for (size_t end = start; end < token.len && range.first < range.end;) {
        size_t depth = end - start;
        char letter = token.data[end++];
        range = (struct prefix_range){bound(allowlist, range, depth, letter),
                                      bound(allowlist, range, depth, (char)(letter + 1))};
        bool is_word = range.first < range.end && allowlist->words[range.first][depth + 1] == '\0';
        bool is_whole = start == 0 && end == token.len;
        if (!is_word || (!is_whole && end - start < PART_MIN))
            continue;
        uint8_t count = (uint8_t)(before + 1);
        reach_at(parts, end, count);
        if (end + 1 < token.len && (token.data[end] == 's' || token.data[end] == 'e'))
            reach_at(parts, end + 1, count);
        if (end + 2 < token.len && token.data[end] == 'e' && token.data[end + 1] == 'n')
            reach_at(parts, end + 2, count);
    }
}

// A word of the allowlist or a compound of its words.
static bool is_made_of_words(const struct display_allowlist *allowlist, struct str token) {
    uint8_t parts[ALLOWLIST_SHOWN_MAX + 1];
    if (token.len > ALLOWLIST_SHOWN_MAX || !is_letters(token))
        return false;
    memset(parts, NEVER, sizeof parts);
    parts[0] = 0;
    for (size_t start = 0; start < token.len; start++)
        if (parts[start] < PARTS_MAX)
            follow(allowlist, token, start, parts[start], parts);
    return parts[token.len] <= PARTS_MAX;
}

// Of text that cannot be folded only a size is told, and only about.
static void measure(struct str text, struct display_view *view) {
    bool in_token = false;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        bool is_letter =
            c >= 0x80 || (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
        bool is_first = (c & 0xC0) != 0x80; // of its bytes in UTF-8
        if (is_letter && is_first && view->letters < UINT8_MAX)
            view->letters++;
        if (is_letter && !in_token && view->tokens < UINT8_MAX)
            view->tokens++;
        in_token = is_letter;
    }
}

static bool begins_like_a_name(struct str text) {
    static const char *const particles[] = {"van", "de",  "der", "den", "het", "ten",  "ter", "te",
                                            "op",  "in",  "von", "zu",  "la",  "le",   "du",  "di",
                                            "da",  "dos", "del", "al",  "el",  "bin",  "ben", "ibn",
                                            "abu", "mac", "uit", "aan", "bij", "onder"};
    struct str rest = text, token;
    if (!str_split(&rest, ' ', &token) || rest.len == 0)
        return false;
    for (size_t i = 0; i < sizeof particles / sizeof particles[0]; i++)
        if (str_is(token, particles[i]))
            return true;
    return false;
}

void allowlist_look(const struct display_allowlist *allowlist, struct str word,
                    struct display_view *view) {
    char folded[STR_FOLDED_MAX];
    struct str text = {folded, synonyms_fold(word, folded)}, rest = text, token;
    memset(view, 0, sizeof *view);
    measure(text.len ? text : word, view);
    if (!allowlist || text.len == 0 || text.len > ALLOWLIST_SHOWN_MAX ||
        view->tokens > ALLOWLIST_TOKENS_MAX)
        return;
    bool tells = false;
    // "van de Groep": so begin family names. One short word may be a name as well.
    if (begins_like_a_name(text) || text.len < SHOWN_MIN)
        return;
    while (str_split(&rest, ' ', &token)) {
        if (!is_made_of_words(allowlist, token))
            return;
        tells |= token.len >= TELLING_MIN;
    }
    if (tells)
        memcpy(view->shown, text.data, text.len);
}
