// SPDX-License-Identifier: EUPL-1.2
// Shared by try.c (the verb), try_page.c (fetching), and try_print.c; nobody else includes it.
#ifndef CTL_TEMPLATE_TRY_H
#define CTL_TEMPLATE_TRY_H

#include "codec/page.h"
#include "ctl/template/show.h"

enum { TRY_ITEMS_MAX = 1000, TRY_PAGE_BYTES_MAX = 32 << 20 };

// An item as the page has it and as the template makes it; in the page's order.
struct try_item {
    uint32_t index, line;
    bool excluded;
    char *raw[MAPPING_FIELDS], *value[MAPPING_FIELDS]; // owned; NULL: nothing there
};

struct try_run {
    const struct ctl *ctl;
    const struct template *template;
    bool allow_missing;
    char *body; // of the page; owned
    size_t body_len;
    enum door_charset charset; // as a server says
    const char *sheet;         // of a workbook; NULL: none is named
    bool book;                 // the body is a sheet of it
    char *link_next;           // from a Link header; NULL: none. Owned
    struct try_item *items;    // the first `items_max`; owned
    size_t item_count, items_max;
    const struct tables *tables;
    struct page page; // what the daemon would make of the bytes; owned
};

// As the daemon would ask: with the template's query and authentication. Fills body and link_next.
bool try_fetch_page(struct try_run *run, const struct try_fetch *fetch, struct err *err) MUST_CHECK;

void try_print(const struct try_run *run); // with its page decoded

#endif
