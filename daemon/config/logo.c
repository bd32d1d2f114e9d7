// SPDX-License-Identifier: EUPL-1.2
// Looks at a picture before it goes into a page. Pages show it in an img element, where browsers
// run no script and fetch nothing; what is refused here is what would once it is opened by itself.
// Of an SVG each element and each reference is looked at; what is hidden by an entity or another
// encoding is refused whole.
#include "config/logo.h"

#include "base/hash.h"

#include <ctype.h>
#include <string.h>

static bool begins(struct str text, const char *word) {
    size_t len = strlen(word);
    return text.len >= len && strncasecmp(text.data, word, len) == 0;
}

static struct str rest_of(struct str text, size_t at) {
    return (struct str){text.data + at, text.len - at};
}

// --- PNG (W3C): eight bytes, then a chunk that says how large it is ---

static uint32_t big_endian(const char *at) {
    const unsigned char *b = (const unsigned char *)at;
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static bool is_side(uint32_t side) {
    return side > 0 && side <= LOGO_SIDE_MAX;
}

static bool is_png(struct str file) {
    static const char begin[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    return file.len > 33 && memcmp(file.data, begin, sizeof begin - 1) == 0 &&
           is_side(big_endian(file.data + 16)) && is_side(big_endian(file.data + 20));
}

// --- SVG ---

static size_t name_len(struct str text) {
    size_t len = 0;
    while (len < text.len &&
           (isalnum((unsigned char)text.data[len]) || strchr("_.:-", text.data[len])))
        len++;
    return len;
}

// Behind a "<": an element that runs something, or puts something else into the page.
static bool is_bad_element(struct str text) {
    static const char *const bad[] = {"script", "foreignObject", "iframe", "embed",   "object",
                                      "audio",  "video",         "a",      "handler", "listener",
                                      "set",    "link",          "meta",   "base",    "html"};
    struct str name = {text.data, name_len(text)}, part;
    while (str_split(&name, ':', &part) && name.len)
        ;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (part.len == strlen(bad[i]) && begins(part, bad[i]))
            return true;
    return begins(part, "animate");
}

// A reference stays in the picture: "#name", or another picture that is written out in it.
static bool stays(struct str text) {
    while (text.len && (isspace((unsigned char)*text.data) || strchr("\"'", *text.data)))
        text = rest_of(text, 1);
    return begins(text, "#") || begins(text, "data:image/png;base64,") ||
           begins(text, "data:image/jpeg;base64,");
}

// "onload=", at the beginning of a word.
static bool is_handler(struct str text) {
    size_t len = name_len(text);
    if (!begins(text, "on") || len < 4)
        return false;
    while (len < text.len && isspace((unsigned char)text.data[len]))
        len++;
    return len < text.len && text.data[len] == '=';
}

// Behind "href": what it leads to.
static bool leads_out(struct str text) {
    while (text.len && isspace((unsigned char)*text.data))
        text = rest_of(text, 1);
    return text.len && *text.data == '=' && !stays(rest_of(text, 1));
}

static const char *fault_at(struct str text, bool new_word) {
    static const char *const never[] = {"<!doctype", "<!entity",    "<![cdata", "<?xml-stylesheet",
                                        "@import",   "javascript:", "&#"};
    for (size_t i = 0; i < sizeof never / sizeof *never; i++)
        if (begins(text, never[i]))
            return "it has a DOCTYPE, an entity, CDATA, a style sheet or a script";
    if (*text.data == '<' && is_bad_element(rest_of(text, 1)))
        return "it has an element that runs something or shows something else";
    if (new_word && is_handler(text))
        return "it has an attribute that runs something (on…)";
    if ((begins(text, "href") && leads_out(rest_of(text, 4))) ||
        (begins(text, "url(") && !stays(rest_of(text, 4))))
        return "it refers to something that is not in it";
    return NULL;
}

static const char *svg_fault(struct str file) {
    bool new_word = true, svg = false;
    for (size_t i = 0; i < file.len; i++) {
        struct str text = rest_of(file, i);
        if (!*text.data)
            return "it is neither PNG nor SVG in UTF-8";
        const char *fault = fault_at(text, new_word);
        if (fault)
            return fault;
        svg = svg || (begins(text, "<svg") && name_len(rest_of(text, 1)) == 3);
        new_word = !isalnum((unsigned char)*text.data);
    }
    return svg ? NULL : "it is neither PNG nor SVG";
}

bool logo_read(const char *path, struct buf *out, struct err *err) {
    struct buf file;
    buf_init(out, LOGO_BYTES_MAX * 2);
    if (!str_read_file(path, LOGO_BYTES_MAX, &file, err))
        return false;
    bool png = is_png(buf_str(&file));
    const char *fault = png ? NULL : svg_fault(buf_str(&file));
    buf_puts(out, png ? "data:image/png;base64," : "data:image/svg+xml;base64,");
    hash_put_base64(out, buf_str(&file), HASH_BASE64);
    buf_free(&file);
    return fault ? err_set(err, ERR_CONFIG, "%s: %s", path, fault) : true;
}
