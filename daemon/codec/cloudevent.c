// SPDX-License-Identifier: EUPL-1.2
// CloudEvents 1.0.2: the JSON event format, and the HTTP protocol binding's binary mode. One table
// of attributes serves both. What an attribute says is checked by the same function, whichever way
// it came. Texts of source and id are copied, since a header's lives no longer than its request.
#include "codec/cloudevent.h"

#include "base/base64.h"
#include "base/mem.h"
#include "codec/door.h"
#include "codec/json_scan.h"
#include "json_leaf.h"

#include <stdlib.h>
#include <string.h>

enum attribute { // those up to TYPE are required
    SPECVERSION,
    ID,
    SOURCE,
    TYPE,
    DATACONTENTTYPE,
    DATA,
    DATA_BASE64,
    DATASCHEMA,
    SUBJECT,
    TIME,
    ATTRIBUTES,
};

static const struct {
    const char *name, *pointer;
} attributes[ATTRIBUTES] = {
    [SPECVERSION] = {"specversion", "/specversion"},
    [ID] = {"id", "/id"},
    [SOURCE] = {"source", "/source"},
    [TYPE] = {"type", "/type"},
    [DATACONTENTTYPE] = {"datacontenttype", "/datacontenttype"},
    [DATA] = {"data", "/data"},
    [DATA_BASE64] = {"data_base64", "/data_base64"},
    [DATASCHEMA] = {"dataschema", "/dataschema"},
    [SUBJECT] = {"subject", "/subject"},
    [TIME] = {"time", "/time"},
};

static void add_fault(struct cloudevent *event, enum fault_code code, const char *pointer) {
    if (event->fault_count < CLOUDEVENT_FAULTS_MAX)
        event->faults[event->fault_count++] = (struct cloudevent_fault){code, pointer};
}

static void add_fault_at(struct cloudevent *event, enum fault_code code, enum attribute at) {
    add_fault(event, code, attributes[at].pointer);
}

bool cloudevent_has_place(const char *pointer) {
    for (size_t i = 0; i < ATTRIBUTES; i++)
        if (strcmp(attributes[i].pointer, pointer) == 0)
            return true;
    return false;
}

static enum attribute attribute_of(struct str name, bool nocase) {
    size_t at = 0;
    while (at < ATTRIBUTES && !(nocase ? str_equal_nocase(name, str_from(attributes[at].name))
                                       : str_is(name, attributes[at].name)))
        at++;
    return (enum attribute)at;
}

// False when it is there already.
static bool see(struct cloudevent *event, enum attribute at) {
    bool again = event->seen >> at & 1;
    event->seen |= 1u << at;
    if (again)
        add_fault_at(event, FAULT_REPEATED, at);
    return !again;
}

// RFC 3986: what a URI-reference is made of.
static bool is_uri(struct str text) {
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] <= ' ' || text.data[i] > '~' || strchr("\"<>\\^`{|}", text.data[i]))
            return false;
    return text.len > 0;
}

static void keep(struct cloudevent *event, enum attribute at, struct str text,
                 struct cloudevent_text *out, size_t max) {
    if (text.len > max) {
        add_fault_at(event, FAULT_TOO_LONG, at);
        return;
    }
    memcpy(out->text, text.data, text.len);
    out->len = text.len;
}

bool cloudevent_is_json(struct str media_type) {
    struct str media = media_type;
    if (!str_split(&media_type, ';', &media))
        return true;
    media = str_trim(media);
    static const char *const ends[] = {"/json", "+json"};
    for (size_t i = 0; i < 2; i++)
        if (media.len > 5 &&
            str_equal_nocase((struct str){media.data + media.len - 5, 5}, str_from(ends[i])))
            return true;
    return false;
}

// What an attribute says, as clean text.
static void take_text(struct cloudevent *event, enum attribute at, struct str text) {
    if (text.len == 0 && at <= TYPE) {
        add_fault_at(event, FAULT_REQUIRED, at);
        return;
    }
    switch (at) {
    case SPECVERSION:
        if (!str_is(text, "1.0"))
            add_fault_at(event, FAULT_UNKNOWN_WORD, at);
        break;
    case ID:
        keep(event, at, text, &event->id, CLOUDEVENT_TEXT_MAX);
        break;
    case SOURCE:
        if (is_uri(text))
            keep(event, at, text, &event->source, SIGNAL_SCOPE_MAX);
        else
            add_fault_at(event, FAULT_BAD_CHARACTER, at);
        break;
    case DATACONTENTTYPE:
        if (text.len == 0 || !cloudevent_is_json(text))
            add_fault_at(event, FAULT_FORM, at);
        break;
    default:
        break;
    }
}

void cloudevent_begin(struct cloudevent *event) {
    event->seen = event->dropped = 0;
    event->fault_count = event->source.len = event->id.len = 0;
    event->data = (struct str){NULL, 0};
    event->decoded = NULL;
}

void cloudevent_end(struct cloudevent *event) {
    for (unsigned at = 0; at <= TYPE; at++)
        if (!(event->seen >> at & 1))
            add_fault_at(event, FAULT_REQUIRED, (enum attribute)at);
}

// --- binary mode ---

// RFC 7230 section 3.2.6: without the quotes around a part, and without backslashes inside them.
static bool unquote(struct str value, char *out, size_t *len) {
    bool quoted = false;
    *len = 0;
    for (size_t i = 0; i < value.len; i++) {
        char c = value.data[i];
        if (c == '"') {
            quoted = !quoted;
            continue;
        }
        if (quoted && c == '\\') {
            if (++i == value.len)
                return false;
            c = value.data[i];
        }
        out[(*len)++] = c;
    }
    return !quoted;
}

static int hex_of(char c) {
    char low = (char)(c | 0x20);
    if (c >= '0' && c <= '9')
        return c - '0';
    return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

// In place, once.
static bool percent_decode(char *text, size_t *len) {
    size_t kept = 0;
    for (size_t i = 0; i < *len; i++, kept++) {
        int high = -1, low = -1;
        if (text[i] == '%' && i + 2 < *len) {
            high = hex_of(text[i + 1]);
            low = hex_of(text[i + 2]);
        }
        if (text[i] == '%' && (high < 0 || low < 0))
            return false;
        text[kept] = high < 0 ? text[i] : (char)(high * 16 + low);
        i += high < 0 ? 0 : 2;
    }
    *len = kept;
    return true;
}

void cloudevent_take_header(struct cloudevent *event, struct str name, struct str value) {
    enum attribute at = attribute_of(name, true);
    const char *pointer = at < ATTRIBUTES ? attributes[at].pointer : "";
    size_t len;
    char *text = mem_alloc(value.len + 1);
    event->dropped += at == ATTRIBUTES;
    if (at == DATACONTENTTYPE || at == DATA || at == DATA_BASE64)
        add_fault(event, FAULT_NOT_A_HEADER, pointer);
    else if (at == ATTRIBUTES || see(event, at)) {
        if (!unquote(value, text, &len) || !percent_decode(text, &len) ||
            !str_is_clean_utf8((struct str){text, len}))
            add_fault(event, FAULT_BAD_CHARACTER, pointer);
        else if (at < ATTRIBUTES)
            take_text(event, at, (struct str){text, len});
    }
    hash_wipe(text, value.len);
    free(text);
}

// --- the JSON event format ---

static void take_base64(struct cloudevent *event, struct json_leaves *leaves, struct str raw) {
    struct json_leaf leaf = json_leaf_read(leaves, raw);
    size_t len = 0;
    if (leaf.kind != JSON_KIND_TEXT) {
        add_fault_at(event, json_leaf_fault(&leaf), DATA_BASE64);
        return;
    }
    event->decoded = mem_alloc(leaf.text.len + 1);
    if (!base64_decode(leaf.text, event->decoded, leaf.text.len, &len)) {
        add_fault_at(event, FAULT_SYNTAX, DATA_BASE64);
        return;
    }
    uint32_t depth;
    struct json_scan scan = {door_without_marks((struct str){event->decoded, len}), 1};
    struct str data;
    json_scan_space(&scan);
    bool whole = json_scan_value(&scan, &data, &depth);
    json_scan_space(&scan);
    if (whole && scan.rest.len == 0)
        event->data = data;
    else
        add_fault_at(event, FAULT_SYNTAX, DATA_BASE64);
}

static void take_member(struct cloudevent *event, struct json_leaves *leaves, enum attribute at,
                        struct str raw) {
    if (at == ATTRIBUTES) {
        event->dropped++;
        return;
    }
    if (str_is(raw, "null") || !see(event, at))
        return;
    if (at == DATA) {
        event->data = raw;
    } else if (at == DATA_BASE64) {
        take_base64(event, leaves, raw);
    } else if (at <= DATACONTENTTYPE) {
        struct json_leaf leaf = json_leaf_read(leaves, raw);
        if (leaf.kind != JSON_KIND_TEXT)
            add_fault_at(event, json_leaf_fault(&leaf), at);
        else if (!str_is_clean_utf8(leaf.text))
            add_fault_at(event, FAULT_BAD_CHARACTER, at);
        else
            take_text(event, at, leaf.text);
    }
}

// A null attribute is an absent one, and so is null data.
void cloudevent_read(struct cloudevent *event, struct json_leaves *leaves, struct str object) {
    struct json_scan scan = {{object.data + 1, object.len - 1}, 1};
    struct str raw, value;
    enum json_scan_next next;
    cloudevent_begin(event);
    for (bool first = true;
         (next = json_scan_member(&scan, first, &raw, &value)) == JSON_SCAN_VALUE; first = false) {
        struct json_member_key key;
        json_member_key_read(&key, raw);
        take_member(event, leaves, attribute_of(key.text, false), value);
        json_member_key_free(&key);
    }
    if (next == JSON_SCAN_BROKEN || scan.rest.len) {
        event->fault_count = 0; // what is missing may stand behind what is broken
        add_fault(event, FAULT_SYNTAX, "");
        event->data = (struct str){NULL, 0};
        return;
    }
    cloudevent_end(event);
    for (size_t i = 0; i < event->fault_count; i++)
        if (event->faults[i].pointer == attributes[DATACONTENTTYPE].pointer)
            event->data = (struct str){NULL, 0}; // it is something else
    bool both = event->seen >> DATA & event->seen >> DATA_BASE64 & 1;
    if (both)
        add_fault_at(event, FAULT_REPEATED, DATA);
    else if (!(event->seen >> DATA & 1) && !(event->seen >> DATA_BASE64 & 1))
        add_fault_at(event, FAULT_REQUIRED, DATA);
}

void cloudevent_release(struct cloudevent *event) {
    mem_wipe_free(event->decoded);
    event->decoded = NULL;
    event->data = (struct str){NULL, 0};
}
