// SPDX-License-Identifier: EUPL-1.2
// Encodings. Every document is looked at once: if it is ASCII or UTF-8 it is borrowed as it is,
// else it is decoded once into memory that the door owns and wipes. Half a pair of UTF-16 becomes
// bytes that are no UTF-8, so that it costs the item that it stands in and not the document.
#include "codec/door.h"

#include "base/mem.h"
#include "door_private.h"

#include <string.h>

enum {
    END_OF_FILE = 0x1a, // ^Z
    SAMPLE_BYTES = 256, // how far an encoding is looked for
    UTF8_OF_LATIN1 = 3, // bytes that one byte becomes at most
    UTF8_OF_UTF16 = 3,  // and a unit of two bytes
};

// Without what people put between the parts of a name.
static const struct {
    const char *name;
    enum door_charset charset;
} charsets[] = {
    {"utf8", DOOR_UTF8},          {"utf8mb4", DOOR_UTF8},        {"usascii", DOOR_UTF8},
    {"ascii", DOOR_UTF8},         {"utf16", DOOR_UTF16},         {"unicode", DOOR_UTF16},
    {"ucs2", DOOR_UTF16},         {"utf16le", DOOR_UTF16LE},     {"utf16be", DOOR_UTF16BE},
    {"iso88591", DOOR_LATIN1},    {"latin1", DOOR_LATIN1},       {"l1", DOOR_LATIN1},
    {"windows1252", DOOR_LATIN1}, {"xwindows1252", DOOR_LATIN1}, {"cp1252", DOOR_LATIN1},
    {"xcp1252", DOOR_LATIN1},     {"win1252", DOOR_LATIN1},      {"1252", DOOR_LATIN1},
    {"ansi", DOOR_LATIN1},        {"iso885915", DOOR_LATIN9},    {"latin9", DOOR_LATIN9},
    {"l9", DOOR_LATIN9},
};

static struct str unquoted(struct str text) {
    text = str_trim(text);
    char first = text.len >= 2 ? text.data[0] : '\0';
    bool quoted = (first == '"' || first == '\'') && text.data[text.len - 1] == first;
    return quoted ? str_trim((struct str){text.data + 1, text.len - 2}) : text;
}

static bool is_named(struct str said, const char *name) {
    for (size_t i = 0; i < said.len; i++)
        if (!strchr("-_ ", said.data[i]) || said.data[i] == '\0') {
            if (*name == '\0' || (said.data[i] | 0x20) != (*name | 0x20))
                return false;
            name++;
        }
    return *name == '\0';
}

bool door_charset_of(struct str content_type, enum door_charset *charset) {
    struct str part, name;
    *charset = DOOR_UNSAID;
    (void)str_split(&content_type, ';', &part); // the type itself
    while (str_split(&content_type, ';', &part)) {
        if (!str_split(&part, '=', &name) || !part.data ||
            !str_equal_nocase(str_trim(name), STR("charset")))
            continue;
        part = unquoted(part);
        for (size_t i = 0; i < sizeof charsets / sizeof *charsets; i++)
            if (is_named(part, charsets[i].name)) {
                *charset = charsets[i].charset;
                return true;
            }
        return false;
    }
    return true;
}

static unsigned byte_at(struct str text, size_t at) {
    return at < text.len ? (unsigned char)text.data[at] : 0;
}

static size_t put_utf8(char *out, uint32_t c) {
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xe0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3f));
        out[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3f));
    out[2] = (char)(0x80 | (c >> 6 & 0x3f));
    out[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

static void decode_latin1(struct str body, bool latin9, struct door *door) {
    static const uint16_t windows[32] = {
        0x20ac, 0x81,   0x201a, 0x192,  0x201e, 0x2026, 0x2020, 0x2021, 0x2c6,  0x2030, 0x160,
        0x2039, 0x152,  0x8d,   0x17d,  0x8f,   0x90,   0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
        0x2013, 0x2014, 0x2dc,  0x2122, 0x161,  0x203a, 0x153,  0x9d,   0x17e,  0x178};
    static const uint16_t ninth[32] = {
        [0x04] = 0x20ac, [0x06] = 0x160, [0x08] = 0x161, [0x14] = 0x17d,
        [0x18] = 0x17e,  [0x1c] = 0x152, [0x1d] = 0x153, [0x1e] = 0x178};
    size_t len = 0;
    door->owned = mem_alloc(body.len * UTF8_OF_LATIN1);
    for (size_t i = 0; i < body.len; i++) {
        unsigned c = byte_at(body, i);
        if (c >= 0x80 && c < 0xa0)
            c = windows[c - 0x80];
        else if (latin9 && c >= 0xa0 && c < 0xc0 && ninth[c - 0xa0])
            c = ninth[c - 0xa0];
        len += put_utf8(door->owned + len, c);
    }
    door->text = (struct str){door->owned, len};
}

static uint32_t unit_at(struct str body, size_t at, bool big) {
    return byte_at(body, at + !big) << 8 | byte_at(body, at + big);
}

static void decode_utf16(struct str body, bool big, struct door *door) {
    size_t len = 0, i = 0;
    door->owned = mem_alloc(body.len / 2 * UTF8_OF_UTF16 + 1);
    for (; i + 1 < body.len; i += 2) {
        uint32_t c = unit_at(body, i, big);
        uint32_t low = i + 3 < body.len ? unit_at(body, i + 2, big) : 0;
        if (c >= 0xd800 && c < 0xdc00 && low >= 0xdc00 && low < 0xe000) {
            c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
            i += 2;
        }
        len += put_utf8(door->owned + len, c);
    }
    if (i < body.len && byte_at(body, i) != 0 && byte_at(body, i) != END_OF_FILE)
        door->owned[len++] = '\xff'; // it ends within a unit
    door->text = (struct str){door->owned, len};
}

static bool has_mark(struct str body, struct str mark) {
    return body.len >= mark.len && memcmp(body.data, mark.data, mark.len) == 0;
}

struct str door_without_marks(struct str text) {
    while (has_mark(text, STR("\xef\xbb\xbf")))
        text = (struct str){text.data + 3, text.len - 3};
    return text;
}

static bool is_ascii_text(unsigned c) {
    return (c >= ' ' && c < 0x7f) || (c >= '\t' && c <= '\r');
}

// UTF-16 by its mark, by two units of ASCII that it begins with, by the high bytes that letters
// have (Latin, Greek, Cyrillic: text in other encodings has no such bytes), or because it is said
// to be and has some.
static bool is_utf16(struct str body, enum door_charset declared, bool *big) {
    size_t sample = body.len < SAMPLE_BYTES ? body.len : SAMPLE_BYTES, high[2] = {0};
    *big = has_mark(body, STR("\xfe\xff"));
    if (*big || has_mark(body, STR("\xff\xfe")))
        return true;
    for (size_t i = 0; i < sample; i++)
        high[i % 2] += byte_at(body, i) < '\t';
    size_t units = sample / 2;
    *big = high[0] > high[1];
    bool begins = units >= 2 && byte_at(body, !*big) == 0 && byte_at(body, 2 + !*big) == 0 &&
                  is_ascii_text(byte_at(body, *big)) && is_ascii_text(byte_at(body, 2 + *big));
    bool evident = units >= 2 && high[!*big] * 4 >= units * 3 && high[*big] * 8 <= units;
    if (begins || evident || declared < DOOR_UTF16 || declared > DOOR_UTF16BE)
        return begins || evident;
    if (declared != DOOR_UTF16)
        *big = declared == DOOR_UTF16BE;
    return high[0] + high[1] > 0;
}

static bool is_continuation(unsigned c) {
    return (c & 0xc0) == 0x80;
}

// Length of the character of several bytes that begins at `at`; 0 when it is none (RFC 3629).
static size_t utf8_length(struct str text, size_t at) {
    unsigned c = byte_at(text, at), next = byte_at(text, at + 1);
    size_t len = c >= 0xc2 && c < 0xe0   ? 2
                 : c >= 0xe0 && c < 0xf0 ? 3
                 : c >= 0xf0 && c < 0xf5 ? 4
                                         : 0;
    if (len == 0 || at + len > text.len || (c == 0xe0 && next < 0xa0) ||
        (c == 0xed && next >= 0xa0) || (c == 0xf0 && next < 0x90) || (c == 0xf4 && next >= 0x90))
        return 0;
    for (size_t i = 1; i < len; i++)
        if (!is_continuation(byte_at(text, at + i)))
            return 0;
    return len;
}

static bool is_ascii_letter(unsigned c) {
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

// A letter of Western names. Left out are those that are rather a piece of UTF-8 or nothing at all.
static bool is_latin1_letter(unsigned c) {
    return c >= 0xc0 && c < 0xfe && c != 0xc2 && c != 0xc3 && c != 0xd0 && c != 0xd7 && c != 0xde &&
           c != 0xf0 && c != 0xf7;
}

// Euro, dots, quotes, dashes and what else stands between words of Windows-1252.
static bool is_latin1_sign(unsigned c) {
    static const char signs[] = "\x80\x85\x91\x92\x93\x94\x96\x97\xa0\xa3\xa7\xa9\xab\xae\xb0\xb2"
                                "\xb3\xb4\xb5\xb7\xbb\xbd\xbf";
    return c >= 0x80 && memchr(signs, (int)c, sizeof signs - 1) != NULL;
}

// A letter within a word.
static bool is_evident_letter(struct str text, size_t at) {
    unsigned before = at ? byte_at(text, at - 1) : 0, behind = byte_at(text, at + 1);
    bool cut = is_continuation(behind) && behind != 0x85 && behind != 0x92 && behind != 0x94 &&
               behind != 0xbb;
    return is_latin1_letter(byte_at(text, at)) && !cut &&
           (is_ascii_letter(before) || is_ascii_letter(behind) || is_latin1_letter(before) ||
            is_latin1_letter(behind));
}

struct census {
    size_t characters; // of UTF-8, of several bytes
    size_t odd;        // bytes that are no UTF-8
    size_t letters;    // of these: letters of Latin-1 within a word
    size_t signs;      // and its signs
};

static size_t skip_ascii(struct str text, size_t at) {
    for (uint64_t eight; at + sizeof eight <= text.len; at += sizeof eight) {
        memcpy(&eight, text.data + at, sizeof eight);
        if (eight & 0x8080808080808080)
            break;
    }
    while (at < text.len && byte_at(text, at) < 0x80)
        at++;
    return at;
}

static struct census take_census(struct str text) {
    struct census seen = {0};
    for (size_t at = 0; (at = skip_ascii(text, at)) < text.len;) {
        size_t len = utf8_length(text, at);
        seen.characters += len > 0;
        seen.odd += len == 0;
        seen.letters += len == 0 && is_evident_letter(text, at);
        seen.signs += len == 0 && is_latin1_sign(byte_at(text, at));
        at += len ? len : 1;
    }
    return seen;
}

static bool is_latin1(struct str text, enum door_charset declared) {
    struct census seen = take_census(text);
    if (seen.odd == 0 || declared == DOOR_UTF8)
        return false;
    if (declared == DOOR_LATIN1 || declared == DOOR_LATIN9)
        return seen.odd >= seen.characters;
    return seen.characters == 0 && seen.letters > 0 && seen.letters + seen.signs == seen.odd;
}

// Old programs fill the last block with zeros, or end a file with ^Z. A mark of what is put behind
// it may be left alone.
static struct str without_end_marks(struct str text) {
    static const char mark[] = "\xef\xbb\xbf";
    for (size_t len = text.len;;) {
        while (len && memchr("\t\n\v\f\r ", text.data[len - 1], 6))
            len--;
        if (len && (text.data[len - 1] == '\0' || text.data[len - 1] == END_OF_FILE))
            len--;
        else if (len > 3 && memcmp(text.data + len - 3, mark, 3) == 0)
            len -= 3;
        else
            return text;
        text.len = len;
    }
}

static void decode(struct str body, enum door_charset declared, struct door *door) {
    bool big, marked = has_mark(body, STR("\xef\xbb\xbf"));
    if (is_utf16(body, declared, &big))
        decode_utf16(body, big, door);
    else if (!marked && is_latin1(body, declared))
        decode_latin1(body, declared == DOOR_LATIN9, door);
    else
        door->text = body;
    door->text = without_end_marks(door_without_marks(door->text));
}

bool door_open(struct str body, enum door_charset declared, struct door *door) {
    *door = (struct door){.form = door_form_of_bytes(body)};
    if (!door->form) {
        decode(body, declared, door);
        door->form = door_form_of_text(door->text);
    }
    if (door->form)
        door_close(door);
    return !door->form;
}

void door_close(struct door *door) {
    mem_wipe_free(door->owned);
    door->owned = NULL;
    door->text = (struct str){NULL, 0};
}

const struct door_form *door_form_of(struct str bytes) {
    struct door door;
    if (door_open(bytes, DOOR_UNSAID, &door))
        door_close(&door);
    return door.form;
}
