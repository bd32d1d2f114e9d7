// SPDX-License-Identifier: EUPL-1.2
// What the files of daemon/template share among themselves; everybody else includes template.h.
//   template.c  the set of templates: load, find, free
//   keys.c      the table of keys with one value
//   fields.c    what an item gives: fields, null_values, exclude
//   check.c     values that do not go together
#ifndef TEMPLATE_TEMPLATE_PRIVATE_H
#define TEMPLATE_TEMPLATE_PRIVATE_H

#include "config/text/diagnostics.h"
#include "config/text/quantity.h"
#include "config/text/url.h"
#include "template/template.h"

enum template_key {
    TEMPLATE_FORMAT,
    TEMPLATE_ITEMS,
    TEMPLATE_NEXT,
    TEMPLATE_SEPARATOR,
    TEMPLATE_ENCODING,
    TEMPLATE_DATES,
    TEMPLATE_QUERY,
    TEMPLATE_PAGING,
    TEMPLATE_PAGE_PARAM,
    TEMPLATE_FIRST_PAGE,
    TEMPLATE_PAGE_SIZE,
    TEMPLATE_PAGES_MAX,
    TEMPLATE_CURSOR_PARAM,
    TEMPLATE_OVERLAP,
    TEMPLATE_ORDERED,
    TEMPLATE_END_PARAM,
    TEMPLATE_MAX_WINDOW,
    TEMPLATE_LOOKBACK,
    TEMPLATE_BEGIN,
    TEMPLATE_ITEMS_MAX,
    TEMPLATE_AUTH_KIND,
    TEMPLATE_AUTH_IN_HEADER,
    TEMPLATE_TOKEN_URL,
    TEMPLATE_SCOPE,
    TEMPLATE_OPTIONAL,
    TEMPLATE_KEYS,
};

// A file being read. A line 0: it is not there.
struct template_reading {
    const char *file;
    struct diagnostics *faults;
    struct template *template;
    struct {
        size_t line;
        bool bad; // has a fault: not to be used in further checks
    } keys[TEMPLATE_KEYS];
    size_t windows_line, auth_line;
    struct {
        size_t line;
        bool bad;
    } fields[MAPPING_FIELDS];
    size_t skip_lines[MAPPING_LIST_MAX];
};

// "FILE:LINE: section.key: …", and marks the key as bad.
void template_key_fault(struct template_reading *reading, enum template_key key, const char *fmt,
                        ...) PRINTF_LIKE(3, 4);
// One text of 1..max bytes, else a fault; `what` is for it. *out is set on success only.
bool template_text(struct template_reading *reading, const char *what, const struct yaml_node *node,
                   size_t max, char **out);

void template_keys_read(struct template_reading *reading, const struct yaml_node *root);
void template_fields_read(struct template_reading *reading, const struct yaml_node *node);
void template_absent_read(struct template_reading *reading, const struct yaml_node *node);
void template_skips_read(struct template_reading *reading, const struct yaml_node *node);
void template_check(struct template_reading *reading);

bool template_is_pointer(struct str text); // RFC 6901

#endif
