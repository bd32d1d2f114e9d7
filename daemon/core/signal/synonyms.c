// SPDX-License-Identifier: EUPL-1.2
// Two kinds of key in one hash table: each spelling, and its folded form. Both lead to the same
// meaning, so a word found by its bytes means what its folded form would.
#include "core/signal/synonyms.h"

#include "base/map.h"

struct meaning {
    uint32_t values[SYNONYMS_VALUES_MAX];
    size_t count;
};

struct key {
    struct str text; // owned
    uint32_t meaning;
    uint32_t spelling; // the key that has the spelling to tell
};

struct synonyms {
    struct key *keys;
    uint32_t key_count;
    size_t key_cap;
    struct meaning *meanings;
    uint32_t meaning_count;
    size_t meaning_cap;
    struct map slots; // of keys; nobody outside chooses what is in it
};

// What is looked up.
struct wanted_spelling {
    uint32_t hash;
    struct str text;
    const struct key *keys;
};

static bool has(const void *entry, const void *key) {
    const struct map_slot *slot = entry;
    const struct wanted_spelling *wanted = key;
    return slot->hash == wanted->hash && str_equal(wanted->keys[slot->item - 1].text, wanted->text);
}

static const struct map_kind kind = {sizeof(struct map_slot), 0, 64, 2, map_hash_prefix, has};

struct synonyms *synonyms_create(void) {
    struct synonyms *words = mem_zalloc(1, sizeof *words);
    map_init(&words->slots, &kind);
    return words;
}

void synonyms_free(struct synonyms *words) {
    if (!words)
        return;
    for (uint32_t i = 0; i < words->key_count; i++)
        free((void *)words->keys[i].text.data);
    free(words->keys);
    free(words->meanings);
    free(words->slots.entries);
    free(words);
}

static struct wanted_spelling want(const struct synonyms *words, struct str text) {
    return (struct wanted_spelling){map_hash(text.data, text.len), text, words->keys};
}

// The key that has `text`, or NULL.
static const struct key *find_key(const struct synonyms *words, struct str text) {
    const struct wanted_spelling wanted = want(words, text);
    const struct map_slot *slot = map_find(&words->slots, &kind, &wanted);
    return slot->item ? &words->keys[slot->item - 1] : NULL;
}

// The key's index; makes it (with that meaning and spelling) when it is not there.
static uint32_t put_key(struct synonyms *words, struct str text, uint32_t meaning,
                        uint32_t spelling) {
    const struct wanted_spelling wanted = want(words, text);
    struct map_slot *slot = map_add(&words->slots, &kind, &wanted);
    if (slot->item)
        return slot->item - 1;
    words->keys = mem_grow(words->keys, words->key_count, &words->key_cap, sizeof *words->keys);
    uint32_t index = words->key_count++;
    char *copy = mem_strndup(text.data, text.len);
    words->keys[index] = (struct key){{copy, text.len}, meaning, spelling};
    *slot = (struct map_slot){wanted.hash, index + 1};
    return index;
}

static uint32_t new_meaning(struct synonyms *words) {
    words->meanings = mem_grow(words->meanings, words->meaning_count, &words->meaning_cap,
                               sizeof *words->meanings);
    words->meanings[words->meaning_count] = (struct meaning){.count = 0};
    return words->meaning_count++;
}

static bool add_value(struct meaning *meaning, uint32_t value) {
    for (size_t i = 0; i < meaning->count; i++)
        if (meaning->values[i] == value)
            return true;
    if (meaning->count == SYNONYMS_VALUES_MAX)
        return false;
    meaning->values[meaning->count++] = value;
    return true;
}

bool synonyms_add(struct synonyms *words, struct str spelling, uint32_t value) {
    char text[STR_FOLDED_MAX];
    struct str folded = {text, synonyms_fold(spelling, text)};
    if (folded.len == 0)
        return false;
    const struct key *found = find_key(words, folded);
    uint32_t meaning = found ? found->meaning : new_meaning(words);
    if (!add_value(&words->meanings[meaning], value))
        return false;
    // a spelling speaks for itself, a folded form for the first spelling that led to it
    uint32_t own = put_key(words, spelling, meaning, words->key_count);
    (void)put_key(words, folded, meaning, own);
    return true;
}

static void tell(const struct synonyms *words, const struct key *key,
                 struct synonyms_match *match) {
    const struct meaning *meaning = &words->meanings[key->meaning];
    memcpy(match->values, meaning->values, sizeof match->values);
    match->count = meaning->count;
    match->spelling = words->keys[key->spelling].text.data;
}

bool synonyms_find(const struct synonyms *words, struct str word, struct synonyms_match *match) {
    char text[STR_FOLDED_MAX];
    const struct key *found = find_key(words, word);
    if (!found) {
        struct str folded = {text, synonyms_fold(word, text)};
        if (folded.len == 0)
            return false;
        found = find_key(words, folded);
    }
    if (!found)
        return false;
    tell(words, found, match);
    return true;
}

void synonyms_each(const struct synonyms *words,
                   void (*fn)(void *ctx, const struct synonyms_match *match), void *ctx) {
    for (uint32_t i = 0; i < words->key_count; i++)
        if (words->keys[i].spelling == i) {
            struct synonyms_match match;
            tell(words, &words->keys[i], &match);
            fn(ctx, &match);
        }
}

static bool is_ascii(struct str word) {
    unsigned char all = 0;
    for (size_t i = 0; i < word.len; i++)
        all |= (unsigned char)word.data[i];
    return all < 0x80;
}

size_t synonyms_fold(struct str word, char out[STR_FOLDED_MAX]) {
    // a longer word may still fold to a short one
    if (word.len >= STR_FOLDED_MAX || !is_ascii(word))
        return str_fold(word, out);
    size_t len = 0;
    bool gap = false;
    for (size_t i = 0; i < word.len; i++) {
        char c = word.data[i];
        bool upper = c >= 'A' && c <= 'Z';
        if (!upper && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9')) {
            gap = len > 0;
            continue;
        }
        if (gap)
            out[len++] = ' ';
        gap = false;
        out[len++] = upper ? (char)(c + ('a' - 'A')) : c;
    }
    out[len] = '\0';
    return len;
}
