// SPDX-License-Identifier: EUPL-1.2
// Sentences about faults. A fault is a code at a place of our own; the mapping that an item was
// read by knows what the sender calls that place and how dates are written there. So nothing but
// the code and the place need be kept of a fault. All words are constants or the operator's.
#include "codec/explain.h"

#include <stdio.h>
#include <string.h>

// What a field should have been, by its place; the first row that fits.
struct expected {
    enum fault_code code;
    const char *pointer; // the beginning of it
    const char *text;
};

static const struct expected expectations[] = {
    {FAULT_TYPE, "/id", "text or a whole number"},
    {FAULT_TYPE, "/data", "an object"},
    {FAULT_TYPE, "/person/vNumber", "text or a whole number"},
    {FAULT_TYPE, "/categories/", "text"},
    {FAULT_TYPE, "/categor", "text, or a list of texts"},
    {FAULT_TYPE, "/withdrawn", "true or false"},
    {FAULT_TYPE, "/person/", "text"},
    {FAULT_TYPE, "/victim", "an object"},
    {FAULT_TYPE, "/person", "an object"},
    {FAULT_TYPE, "/", "text"},
    {FAULT_TOO_LONG, "/id", "at most 128 bytes"},
    {FAULT_TOO_LONG, "/", "at most 96 bytes"},
    {FAULT_TOO_MANY, "/categor", "at most 8"},
    {FAULT_OUT_OF_RANGE, "/reported", "a day from 2000 until now"},
    {FAULT_OUT_OF_RANGE, "/occurred", "a day from 1900 until now"},
    {FAULT_OUT_OF_RANGE, "/person/birthDate", "a day from 1900 until now"},
    {FAULT_OUT_OF_RANGE, "/", "a whole number of at most 63 bits; write a longer one as text"},
    {FAULT_FORM, "/specversion",
     "the signal that is the data of a CloudEvent; send an event as application/cloudevents+json"},
    {FAULT_FORM, "/datacontenttype", "application/json, or a type that ends in +json"},
    {FAULT_UNKNOWN_WORD, "/specversion", "1.0"},
    {FAULT_REQUIRED, "/specversion",
     "1.0 (a CloudEvent; in binary mode the header ce-specversion)"},
    {FAULT_REQUIRED, "/source", "a URI-reference (in binary mode the header ce-source)"},
    {FAULT_REQUIRED, "/type", "text (a CloudEvent; in binary mode the header ce-type)"},
    {FAULT_REQUIRED, "/data", "the signal, an object"},
    {FAULT_REPEATED, "/data", "either data or data_base64"},
    {FAULT_SYNTAX, "/data_base64", "Base64 of one JSON object"},
    {FAULT_BAD_CHARACTER, "/source", "a URI-reference"},
    {FAULT_TOO_LONG, "/source", "at most 256 bytes"},
    {FAULT_NOT_A_HEADER, "/datacontenttype", "the type of the data in Content-Type"},
    {FAULT_NOT_A_HEADER, "/data", "the data as the body"},
    {FAULT_UNKNOWN_WORD, "/status", "possible, confirmed or rejected"},
    {FAULT_BAD_DATE, "/person/birthDate", "YYYY-MM-DD or DD-MM-YYYY"},
};

static const char *const date_forms[MAPPING_DATES_COUNT] = {
    [MAPPING_DATES_ISO] = "YYYY-MM-DD or an RFC 3339 time",
    [MAPPING_DATES_DMY] = "DD-MM-YYYY or YYYY-MM-DD",
    [MAPPING_DATES_MDY] = "MM/DD/YYYY or YYYY-MM-DD",
    [MAPPING_DATES_EXCEL] = "a number of days as Excel counts them, DD-MM-YYYY or YYYY-MM-DD",
    [MAPPING_DATES_EPOCH] = "seconds since 1970, or YYYY-MM-DD",
    [MAPPING_DATES_EPOCH_MS] = "milliseconds since 1970, or YYYY-MM-DD",
};

static bool begins_with(const char *text, const char *with) {
    return strncmp(text, with, strlen(with)) == 0;
}

static bool is_csv(const struct mapping *mapping) {
    return mapping && mapping->format == MAPPING_CSV;
}

// In a CloudEvent the fields of its signal stand in its data.
static const char *in_signal(const char *pointer) {
    return begins_with(pointer, "/data/") ? pointer + 5 : pointer;
}

static const char *expected_in_item(const struct mapping *mapping, enum fault_code code) {
    if (code == FAULT_TYPE)
        return is_csv(mapping) ? "no more cells than the header line has columns" : "an object";
    return NULL;
}

// NULL when the code says it all.
static const char *expected_at(const struct mapping *mapping, enum fault_code code,
                               const char *pointer) {
    if (!*pointer)
        return expected_in_item(mapping, code);
    pointer = in_signal(pointer);
    for (size_t i = 0; i < sizeof expectations / sizeof *expectations; i++)
        if (expectations[i].code == code && begins_with(pointer, expectations[i].pointer))
            return expectations[i].text;
    if (code == FAULT_BAD_DATE)
        return date_forms[mapping ? mapping->dates : MAPPING_DATES_ISO];
    return NULL;
}

static const struct mapping_rule *rule_of(const struct mapping *mapping, const char *pointer) {
    enum mapping_field field;
    return mapping && mapping_field_from_pointer(pointer, &field) ? &mapping->rules[field] : NULL;
}

static void put_place(struct buf *out, const struct mapping *mapping, const char *pointer) {
    const struct mapping_rule *rule = rule_of(mapping, pointer);
    if (!*pointer)
        buf_puts(out, is_csv(mapping) ? "the row" : "the item");
    else if (!rule || !rule->from)
        buf_puts(out, pointer);
    else if (is_csv(mapping))
        buf_printf(out, "column \"%s\"", rule->from);
    else
        buf_printf(out, "member %s", rule->from);
}

static void finish(struct buf *out, char text[EXPLAIN_MAX]) {
    (void)snprintf(text, EXPLAIN_MAX, "%.*s", (int)out->len, out->data ? out->data : "");
    buf_free(out);
}

void explain_fault(const struct mapping *mapping, enum fault_code code, const char *pointer,
                   char text[EXPLAIN_MAX]) {
    struct buf out;
    const char *expected = expected_at(mapping, code, pointer);
    buf_init(&out, EXPLAIN_MAX - 1);
    put_place(&out, mapping, pointer);
    buf_printf(&out, " %s", fault_code_text(code));
    if (expected)
        buf_printf(&out, ": expected %s", expected);
    finish(&out, text);
}

void explain_item(const struct mapping *mapping, const struct fault *fault,
                  char text[EXPLAIN_MAX]) {
    char page[32] = "";
    explain_fault(mapping, fault->code, fault->pointer, text);
    size_t len = strlen(text);
    if (fault->page)
        (void)snprintf(page, sizeof page, " of page %u", fault->page);
    if (fault->code == FAULT_CONFLICT)
        (void)snprintf(text + len, EXPLAIN_MAX - len, ": see %s %u%s",
                       fault->other_line ? "line" : "item",
                       fault->other_line ? fault->other_line : fault->other, page);
}

static const char *items_of(const struct mapping *mapping) {
    return mapping && mapping->items ? mapping->items : "";
}

static const char *next_of(const struct mapping *mapping) {
    return mapping && mapping->next ? mapping->next : "";
}

static void put_missing(struct buf *out, const struct mapping *mapping, const char *place) {
    if (*place == '/') {
        put_place(out, mapping, place);
        buf_puts(out, " is not in the header line");
    } else if (is_csv(mapping)) {
        buf_puts(out, "there is no header line");
    } else if (*place) {
        buf_printf(out, "member %s is not there: expected the list of items", items_of(mapping));
    } else {
        buf_puts(out, "no item has anything that the template names: it is another answer");
    }
}

static void put_type(struct buf *out, const struct mapping *mapping, const char *place) {
    if (strcmp(place, "next") == 0)
        buf_printf(out, "member %s is neither text nor a number: expected the next page",
                   next_of(mapping));
    else if (*items_of(mapping))
        buf_printf(out, "member %s is no list: expected the list of items", items_of(mapping));
    else
        buf_printf(out, "it is of another type: expected %s",
                   mapping || *place ? "a list of objects" : "an object or a list of objects");
}

// What a table has besides signals refuses it each time that it comes: so it is told how to go on.
static void put_row(struct buf *out, const struct mapping *mapping, enum fault_code code) {
    if (code == FAULT_EMPTY_DATE) {
        buf_puts(out, "a row has no date in ");
        put_place(out, mapping, "/reported");
        buf_puts(out, mapping->own
                          ? ": fill it in"
                          : ": fill it in, or write may_be_missing: [reported] in the template");
    } else {
        buf_printf(out, "it %s: take it out%s", fault_code_text(code),
                   mapping->own ? "" : ", or let the template exclude it");
    }
}

static void put_other(struct buf *out, const struct mapping *mapping,
                      const struct decode_result *decoded) {
    if (strcmp(decoded->place, "next") == 0)
        buf_printf(out, "member %s", next_of(mapping));
    else if (strcmp(decoded->place, "items") == 0)
        buf_printf(out, "member %s", items_of(mapping));
    else if (*decoded->place)
        put_place(out, mapping, decoded->place);
    else
        buf_puts(out, "it");
    buf_printf(out, " %s", fault_code_text(decoded->fault));
}

static void put_missing_places(struct buf *out, const struct mapping *mapping,
                               const struct decode_result *decoded) {
    buf_printf(out, "%s that %s are not there%s%s", is_csv(mapping) ? "columns" : "members",
               mapping->own ? "each table has" : "the template names",
               *decoded->missing ? ": " : "", decoded->missing);
    for (uint32_t i = 0; i < decoded->unknown_count && i < DECODE_UNKNOWN_MAX; i++)
        buf_printf(out, "%s%u", i ? ", " : "; one that it does not name may be meant: column ",
                   decoded->unknown[i]);
    if (decoded->unknown_count > DECODE_UNKNOWN_MAX)
        buf_puts(out, " and further");
    if (mapping->own)
        buf_puts(out, "; call each column as its field is called");
    else if (is_csv(mapping))
        buf_puts(out, "; write them in the template as the header line does, or add their fields "
                      "to may_be_missing");
}

static void put_other_pages(struct buf *out, uint32_t items) {
    char count[24] = "";
    if (items)
        (void)snprintf(count, sizeof count, "%u ", items);
    buf_printf(out,
               "it is one page of a list: %smore items are elsewhere. Import a file with all of "
               "them, or say --first-page-only",
               count);
}

void explain_whole(const struct mapping *mapping, const struct decode_result *decoded,
                   char text[EXPLAIN_MAX]) {
    struct buf out;
    buf_init(&out, EXPLAIN_MAX - 1);
    if (strcmp(decoded->place, "packed") == 0)
        buf_puts(&out, decoded->fault == FAULT_TOO_LONG
                           ? "it unpacks to more than this server takes: send it in parts"
                           : "it is broken or cut off: expected gzip, and nothing behind it");
    else if (decoded->form)
        buf_printf(&out, "it is %s: %s", decoded->form->name, decoded->form->advice);
    else if (decoded->fault == FAULT_REQUIRED)
        put_missing(&out, mapping, decoded->place);
    else if (decoded->fault == FAULT_TYPE)
        put_type(&out, mapping, decoded->place);
    else if (decoded->fault == FAULT_MISSING_PLACE)
        put_missing_places(&out, mapping, decoded);
    else if (decoded->fault == FAULT_OTHER_PAGES)
        put_other_pages(&out, decoded->more);
    else if (decoded->fault == FAULT_EMPTY_DATE || decoded->fault == FAULT_NO_SIGNAL)
        put_row(&out, mapping, decoded->fault);
    else if (strcmp(decoded->place, "empty") == 0)
        buf_puts(&out, "there is nothing in it");
    else if (strcmp(decoded->place, "behind") == 0)
        buf_puts(&out, "something stands behind the one signal: send several as a list, or a line "
                       "each as application/x-ndjson");
    else if (decoded->fault == FAULT_SYNTAX)
        buf_printf(&out, "it is broken or cut off: expected %s",
                   is_csv(mapping) ? "CSV whose quotes are closed" : "JSON");
    else
        put_other(&out, mapping, decoded);
    if (decoded->more && decoded->fault != FAULT_OTHER_PAGES)
        buf_printf(&out, ", and %u more", decoded->more);
    finish(&out, text);
}

void explain_put_reason(struct json_out *json, const struct mapping *mapping, bool page,
                        const struct quarantine_reason *reason) {
    char detail[EXPLAIN_MAX];
    const struct decode_result whole = {.fault = reason->code, .place = reason->pointer};
    if (page)
        explain_whole(mapping, &whole, detail);
    else
        explain_fault(mapping, reason->code, reason->pointer, detail);
    json_open(json, '{');
    json_put_text(json, "pointer", reason->pointer);
    json_put_text(json, "code", fault_code_name(reason->code));
    json_put_text(json, "detail", detail);
    json_close(json, '}');
}
