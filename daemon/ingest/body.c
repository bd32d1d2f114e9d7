// SPDX-License-Identifier: EUPL-1.2
// Of what kind a body of signals is, by its headers, before any of it has come. A media type is
// taken as a whole, in any case and without its parameters, so none is mistaken for one that begins
// alike. All it tells is constant.
#include "api/problem.h"
#include "base/mem.h"
#include "push_private.h"

#include <stdio.h>

const struct template *body_form(const struct source *source) {
    bool foreign = source && !source->url && source->template && !source->template->native;
    return foreign ? source->template : NULL;
}

static const char *types_of(const struct template *form) {
    static const char *const types[] = {[MAPPING_JSON] = "application/json",
                                        [MAPPING_NDJSON] = "application/x-ndjson",
                                        [MAPPING_CSV] = "text/csv"};
    return form ? types[form->mapping.format]
                : "application/json, application/x-ndjson, application/cloudevents+json, "
                  "application/cloudevents-batch+json, text/csv";
}

// As the Linked Data Platform 1.0 of the W3C has it, 7.1.
void body_say_types(const struct template *form, struct http_reply *reply) {
    if (reply->status == 415)
        reply_header(reply, "Accept-Post", types_of(form));
}

static bool is_of_form(const struct template *form, struct str type) {
    struct str media;
    return str_split(&type, ';', &media) &&
           str_equal_nocase(str_trim(media), str_from(types_of(form)));
}

static bool find_format(struct str type, enum decode_format *format) {
    static const struct {
        const char *media;
        enum decode_format format;
    } types[] = {
        {"application/json", DECODE_JSON},
        {"application/x-ndjson", DECODE_NDJSON},
        {"application/cloudevents-batch+json", DECODE_EVENTS},
        {"application/cloudevents+json", DECODE_EVENT},
        {"text/csv", DECODE_TABLE},
    };
    struct str media;
    if (!str_split(&type, ';', &media))
        return false;
    media = str_trim(media);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (str_equal_nocase(media, str_from(types[i].media))) {
            *format = types[i].format;
            return true;
        }
    return false;
}

// How often those headers are there that say of what kind the body is.
struct told {
    unsigned types, codings, attributes;
};

static void on_header(void *ctx, struct str name, struct str value) {
    struct told *told = ctx;
    (void)value;
    told->types += str_equal_nocase(name, STR("Content-Type"));
    told->codings += str_equal_nocase(name, STR("Content-Encoding"));
    told->attributes += name.len > 3 && str_equal_nocase((struct str){name.data, 3}, STR("ce-"));
}

static bool is_event_type(struct str type) {
    struct str begin = STR("application/cloudevents");
    return type.len >= begin.len && str_equal_nocase((struct str){type.data, begin.len}, begin);
}

static const char *judge_coding(const struct http_request *request, const struct told *told,
                                bool *packed) {
    struct str coding = http_header_value(request, "Content-Encoding");
    *packed = str_equal_nocase(coding, STR("gzip")) || str_equal_nocase(coding, STR("x-gzip"));
    if (told->codings > 1)
        return "Content-Encoding is there more than once: pack the body once, with gzip.";
    if (coding.data && !*packed && !str_equal_nocase(coding, STR("identity")))
        return "This Content-Encoding is not read here: pack the body with gzip, or send it not "
               "packed.";
    return NULL;
}

static const char *judge_type(const struct told *told, const struct template *form, struct str type,
                              enum decode_format *format) {
    if (told->types > 1)
        return "Content-Type is there more than once.";
    *format = DECODE_JSON;
    if (form)
        return is_of_form(form, type) ? NULL
                                      : "This is not the media type that is agreed for what you "
                                        "send: see Accept-Post.";
    // HTTP protocol binding of CloudEvents, section 3: in binary mode, as it is in no other.
    if (told->attributes && !is_event_type(type)) {
        *format = DECODE_EVENT_DATA;
        return type.len && cloudevent_is_json(type)
                   ? NULL
                   : "Headers ce-* make this a CloudEvent in binary mode: its data, the body, has "
                     "to be application/json.";
    }
    if (find_format(type, format))
        return NULL;
    return is_event_type(type)
               ? "Of CloudEvents this server takes application/cloudevents+json, "
                 "application/cloudevents-batch+json, and those in binary mode."
               : "Send application/json, application/x-ndjson, text/csv or a CloudEvent in JSON.";
}

bool body_kind_read(const struct http_request *request, const struct template *template,
                    struct body_kind *kind, char refusal[BODY_REFUSAL_MAX]) {
    struct str type = http_header_value(request, "Content-Type");
    const struct door_form *form = door_form_of_type(type);
    struct told told = {0};
    (void)http_header_each(request, "", on_header, &told);
    const char *why = judge_coding(request, &told, &kind->packed);
    if (!why)
        why = judge_type(&told, template, type, &kind->format);
    if (!why && !door_charset_of(type, &kind->charset))
        why = "This charset is not read here: send UTF-8, UTF-16, ISO-8859-1, ISO-8859-15 or "
              "windows-1252.";
    if (form)
        (void)snprintf(refusal, BODY_REFUSAL_MAX, "This is %s: %s.", form->name, form->advice);
    else if (why)
        (void)snprintf(refusal, BODY_REFUSAL_MAX, "%s", why);
    return !form && !why;
}

static void on_event_header(void *ctx, struct str name, struct str value) {
    cloudevent_take_header(ctx, name, value);
}

struct cloudevent *body_event(const struct http_request *request) {
    struct cloudevent *event = mem_alloc(sizeof *event);
    cloudevent_begin(event);
    (void)http_header_each(request, "ce-", on_event_header, event);
    cloudevent_end(event);
    return event;
}
