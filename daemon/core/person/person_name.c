// SPDX-License-Identifier: EUPL-1.2
// Names as they are compared: the first letter of the first given name, and the last family name
// without particles. Each system writes names its own way, so what stays must be what all of them
// have: "Jan Pieter de Vries", "J.P. de Vries", "Vries, de, J.P." and "Dhr. Vries J.P. de" are one.
//   a comma           family name, then given names; particles with either
//   a particle first  family name, then given names if there are any: "van den Berg Jan"
//   initials last     family name, then initials: "Jansen J.P."
//   else              given names, then family name
#include "base/hash.h"
#include "core/signal/synonyms.h"
#include "person_private.h"

#include <string.h>

enum {
    SYNONYMS_MAX = 64, // a folded text of STR_FOLDED_MAX has fewer
    TEXT_MAX = 512,
    LOST_MIN = 32, // bytes; a shorter text that folds to nothing has no letters
};

// These are never given names.
static const char *const pure_particles[] = {
    "aan", "al",    "auf",  "bij", "de",  "del", "den", "der", "des", "dos", "el", "het", "in",
    "op",  "onder", "over", "te",  "ten", "ter", "uit", "van", "vom", "von", "zu", "zum", "zur"};
// These may be: "Ben Jansen", "Le Thi Lan".
static const char *const other_particles[] = {"abu", "ben", "bin", "bint",  "bou",  "da",
                                              "das", "di",  "do",  "della", "du",   "ibn",
                                              "la",  "las", "le",  "los",   "ould", "ou"};
static const char *const titles[] = {"dhr",  "dr", "drs",    "frau", "heer",    "herr",
                                     "ing",  "ir", "meneer", "mevr", "mevrouw", "mijnheer",
                                     "miss", "mr", "mrs",    "ms",   "mw",      "prof"};
static const char *const suffixes[] = {"bsc", "jr",  "junior", "llm", "mba",
                                       "msc", "phd", "senior", "sr"};
// What stands where the name is not known. Taken for names they would make one person of many.
static const char *const nobodies[] = {
    "anoniem", "anonieme", "anonymous", "baby",  "bekend",   "client",    "dochter", "geen",
    "jongen",  "kind",     "known",     "man",   "meisje",   "naam",      "name",    "niet",
    "nn",      "no",       "not",       "nvt",   "onbekend", "onbekende", "persoon", "slachtoffer",
    "unknown", "victim",   "vrouw",     "woman", "zoon"};

// Latin letters with a stroke and the like, which have no form without.
static const struct {
    const char *letter, *plain;
} strokes[] = {{"ł", "l"}, {"đ", "d"},  {"ø", "o"}, {"ı", "i"}, {"æ", "ae"}, {"œ", "oe"},
               {"ð", "d"}, {"þ", "th"}, {"ħ", "h"}, {"ŧ", "t"}, {"ŋ", "n"},  {"ə", "e"}};

static const char *const apostrophes[] = {"'", "`", "´", "‘", "’", "‛", "′",
                                          "ʹ", "ʻ", "ʼ", "ʽ", "ʾ", "ʿ"};

struct name_words {
    struct str list[SYNONYMS_MAX];
    size_t count;
};

struct name_reading {
    char clean[TEXT_MAX];
    char folded[TEXT_MAX]; // what the words are in
    size_t folded_len;
    struct name_words first, part; // up to the first comma; the part under way
    struct str given;              // behind it
    struct str perhaps_given;      // or else this, which may be a particle
    bool too_long;
};

#define IS_ONE_OF(word, list) is_one_of(word, list, sizeof(list) / sizeof(list)[0])

static bool is_one_of(struct str word, const char *const *list, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (str_is(word, list[i]))
            return true;
    return false;
}

static bool is_pure(struct str word) {
    return IS_ONE_OF(word, pure_particles);
}

static bool is_particle(struct str word) {
    return is_pure(word) || IS_ONE_OF(word, other_particles);
}

static size_t letter_len(struct str word) {
    size_t len = 1;
    while (len < word.len && ((unsigned char)word.data[len] & 0xc0) == 0x80)
        len++;
    return len;
}

static bool is_initial(struct str word) {
    return letter_len(word) == word.len;
}

static bool has_digit(struct str word) {
    for (size_t i = 0; i < word.len; i++)
        if (word.data[i] >= '0' && word.data[i] <= '9')
            return true;
    return false;
}

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80;
}

static bool begins_with(struct str text, const char *with) {
    size_t len = strlen(with);
    return text.len >= len && memcmp(text.data, with, len) == 0;
}

static size_t apostrophe_len(struct str text) {
    for (size_t i = 0; i < sizeof apostrophes / sizeof *apostrophes; i++)
        if (begins_with(text, apostrophes[i]))
            return strlen(apostrophes[i]);
    return 0;
}

// Without apostrophes, so that "N'Diaye" is "Ndiaye"; but 't is het.
static struct str take_apostrophes(struct str text, char out[TEXT_MAX]) {
    static const char het[] = " het ";
    size_t len = 0;
    while (text.len && len + sizeof het < TEXT_MAX) {
        size_t skip = apostrophe_len(text);
        struct str rest = {text.data + skip, text.len - skip};
        bool t = skip && rest.len && (rest.data[0] == 't' || rest.data[0] == 'T') &&
                 (rest.len == 1 || !is_letter(rest.data[1]));
        if (t) {
            memcpy(out + len, het, sizeof het - 1);
            len += sizeof het - 1;
            skip++;
        } else if (!skip) {
            out[len++] = text.data[0];
            skip = 1;
        }
        text = (struct str){text.data + skip, text.len - skip};
    }
    return (struct str){out, len};
}

static size_t take_strokes(char *text, size_t len) {
    size_t to = 0;
    for (size_t from = 0; from < len;) {
        struct str rest = {text + from, len - from};
        const char *plain = NULL;
        for (size_t i = 0; i < sizeof strokes / sizeof *strokes && !plain; i++)
            if (begins_with(rest, strokes[i].letter))
                plain = strokes[i].plain;
        if (!plain) {
            text[to++] = text[from++];
            continue;
        }
        from += letter_len(rest);
        size_t plain_len = strlen(plain); // at most that of the letter
        memcpy(text + to, plain, plain_len);
        to += plain_len;
    }
    return to;
}

// Did folding leave nothing because there was too much?
static bool is_lost(struct str part, size_t folded_len) {
    bool letters = false;
    for (size_t i = 0; i < part.len; i++)
        letters = letters || is_letter(part.data[i]);
    return folded_len == 0 && letters && part.len >= LOST_MIN;
}

// Takes titles and the like off both ends, but leaves `least` words.
static void drop_titles(struct name_words *words, size_t least) {
    size_t from = 0;
    for (;;) {
        const struct str *at = words->list + from;
        size_t left = words->count - from;
        if (left > least && IS_ONE_OF(*at, titles))
            from += 1;
        else if (left > least + 1 && is_pure(*at) && str_is(at[1], "heer"))
            from += 2;
        else
            break;
    }
    words->count -= from;
    for (size_t i = 0; from > 0 && i < words->count; i++)
        words->list[i] = words->list[from + i];
    while (words->count > least && IS_ONE_OF(words->list[words->count - 1], suffixes))
        words->count--;
}

static void split_part(struct name_reading *reading, struct str part) {
    char folded[STR_FOLDED_MAX];
    size_t len = synonyms_fold(part, folded);
    reading->part.count = 0;
    reading->too_long = reading->too_long || is_lost(part, len) ||
                        reading->folded_len + len > sizeof reading->folded;
    if (!reading->too_long && len) {
        char *text = reading->folded + reading->folded_len;
        len = take_strokes(folded, len);
        memcpy(text, folded, len);
        reading->folded_len += len;
        struct str rest = {text, len}, word;
        while (str_split(&rest, ' ', &word))
            if (!has_digit(word))
                reading->part.list[reading->part.count++] = word;
    }
    hash_wipe(folded, sizeof folded);
}

static void find_given(struct name_reading *reading) {
    const struct name_words *part = &reading->part;
    size_t particles = 0, at = 0;
    for (size_t i = 0; i < part->count; i++)
        particles += is_particle(part->list[i]);
    while (at < part->count && is_pure(part->list[at]))
        at++;
    struct str *found = particles == part->count ? &reading->perhaps_given : &reading->given;
    if (at < part->count && !found->data)
        *found = part->list[at];
}

static void take_part(struct name_reading *reading, struct str part) {
    bool first = reading->first.count == 0;
    split_part(reading, part);
    if (reading->part.count == 0)
        return;
    drop_titles(&reading->part, first ? 1 : 0);
    if (first)
        reading->first = reading->part;
    else
        find_given(reading);
}

static void put_name(struct str given, struct str family, struct person_name *out) {
    if (given.len) {
        size_t len = letter_len(given);
        memcpy(out->initial, given.data, len);
        out->initial[len] = '\0';
    }
    memcpy(out->family, family.data, family.len);
    out->family[family.len] = '\0';
}

// Behind particles: a family name and given names, or, with particles inside, family names alone.
static void read_family_first(const struct str *words, size_t count, struct person_name *out) {
    bool particles = false;
    for (size_t i = 1; i < count; i++)
        particles = particles || is_pure(words[i]);
    if (particles)
        put_name((struct str){NULL, 0}, words[count - 1], out);
    else
        put_name(count > 1 ? words[1] : (struct str){NULL, 0}, words[0], out);
}

static void read_initials_last(const struct str *words, size_t count, struct person_name *out) {
    size_t given = count - 1;
    while (is_initial(words[given - 1]))
        given--;
    size_t family = given - 1;
    while (family && is_pure(words[family]))
        family--;
    put_name(words[given], words[family], out);
}

// Words without the particles at their end.
static size_t without_particles(const struct name_words *words) {
    size_t count = words->count;
    while (count > 1 && is_pure(words->list[count - 1]))
        count--;
    return count;
}

static void read_words(const struct name_words *all, struct person_name *out) {
    const struct str *words = all->list;
    size_t count = without_particles(all), at = 0;
    while (at + 1 < count && (at ? is_particle(words[at]) : is_pure(words[at])))
        at++;
    if (at > 0 || count == 1)
        read_family_first(words + at, count - at, out);
    else if (is_initial(words[count - 1]) && !is_initial(words[0]))
        read_initials_last(words, count, out);
    else
        put_name(words[0], words[count - 1], out);
}

// Is this only said in place of a name?
static bool is_nobody(const struct name_reading *reading) {
    size_t nobody = 0, particles = 0;
    for (size_t i = 0; i < reading->first.count; i++) {
        nobody += IS_ONE_OF(reading->first.list[i], nobodies);
        particles += is_particle(reading->first.list[i]);
    }
    bool given = reading->given.len && !IS_ONE_OF(reading->given, nobodies);
    return nobody && nobody + particles == reading->first.count && !given;
}

bool person_name_read(struct str text, struct person_name *out) {
    struct name_reading reading = {.folded_len = 0};
    struct str rest = take_apostrophes(text, reading.clean), part;
    memset(out, 0, sizeof *out);
    while (str_split(&rest, ',', &part))
        take_part(&reading, part);
    struct str given = reading.given.data ? reading.given : reading.perhaps_given;
    if (reading.first.count && given.len)
        put_name(given, reading.first.list[without_particles(&reading.first) - 1], out);
    else if (reading.first.count)
        read_words(&reading.first, out);
    if (is_nobody(&reading) || !out->family[0] || !out->family[1]) // a letter is too little
        memset(out, 0, sizeof *out);
    bool fits = !reading.too_long;
    hash_wipe(&reading, sizeof reading);
    return fits;
}
