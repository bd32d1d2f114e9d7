// SPDX-License-Identifier: EUPL-1.2
// What the files of daemon/template/ share among themselves; everybody else includes template.h.
//   template.c the set of templates: load, find, free
//   keys.c     the table of keys
//   fields.c   what an item gives: fields, absent, exclude
//   check.c    values that do not go together
#ifndef TEMPLATE_TEMPLATE_PRIVATE_H
#define TEMPLATE_TEMPLATE_PRIVATE_H

#include "config/text/url.h"
#include "config/text/yaml_keys.h"
#include "template/template.h"

enum template_key {
    TEMPLATE_FORMAT,
    TEMPLATE_ITEMS,
    TEMPLATE_ITEMS_OR,
    TEMPLATE_NEXT,
    TEMPLATE_COUNT,
    TEMPLATE_SINGLE,
    TEMPLATE_SEPARATOR,
    TEMPLATE_ENCODING,
    TEMPLATE_DATES,
    TEMPLATE_ZONE,
    TEMPLATE_QUERY,
    TEMPLATE_PAGING,
    TEMPLATE_NEXT_PATH,
    TEMPLATE_PAGE_PARAM,
    TEMPLATE_FIRST_PAGE,
    TEMPLATE_PAGE_SIZE,
    TEMPLATE_PAGES_MAX,
    TEMPLATE_CURSOR_PARAM,
    TEMPLATE_CURSOR_FORMAT,
    TEMPLATE_TIMES,
    TEMPLATE_BOUNDS,
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
    TEMPLATE_ROWS = TEMPLATE_KEYS + 5, // with the sections that have no keys of their own
};

extern const struct yaml_key template_keys[TEMPLATE_ROWS];

// A file being read. A line 0: it is not there.
struct template_reading {
    struct yaml_keys_reading yaml;
    struct template *template;
    struct {
        size_t line;
        bool bad;
    } fields[MAPPING_FIELDS];
    size_t skip_lines[MAPPING_LIST_MAX];
};

// One text of 1..max bytes, else a fault; `what` is for it. *out is set on success only.
bool template_text(struct yaml_keys_reading *yaml, const char *what, const struct yaml_node *node,
                   size_t max, char **out);

void template_fields_read(struct yaml_keys_reading *yaml, const struct yaml_node *node);
void template_absent_read(struct yaml_keys_reading *yaml, const struct yaml_node *node);
void template_missing_read(struct yaml_keys_reading *yaml, const struct yaml_node *node);
void template_skips_read(struct yaml_keys_reading *yaml, const struct yaml_node *node);
void template_headers_read(struct yaml_keys_reading *yaml, const struct yaml_node *node);
void template_check(struct template_reading *reading);

bool template_is_pointer(struct str text); // a place in JSON that is not too long

#endif
