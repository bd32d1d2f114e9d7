// SPDX-License-Identifier: EUPL-1.2
// Puts the document into the page of conf/report, where {{lang}}, {{title}}, {{over}}, {{heading}},
// {{script-note}}, {{kind}}, {{year}}, {{mark}} and {{data}} stand. The document stands in a script
// element: there no "<" may stand, for "</script" and "<!--" would end it or change how it is read.
// JSON has "<" only in its strings, where \u003c is the same.
#include "report.h"

#include <string.h>

static void put_data(struct buf *page, struct str json) {
    size_t plain = 0; // start of the run that needs no escapes
    for (size_t i = 0; i < json.len; i++) {
        if (json.data[i] != '<')
            continue;
        buf_put(page, json.data + plain, i - plain);
        buf_puts(page, "\\u003c");
        plain = i + 1;
    }
    buf_put(page, json.data + plain, json.len - plain);
}

// What stands there before any script runs, in English and in Dutch.
static const struct page_text {
    const char *place, *exact[2], *rounded[2]; // rounded[0] NULL: the same
} texts[] = {
    {"lang", {"en", "nl"}, {NULL}},
    {"kind", {"exact", "exact"}, {"rounded", "rounded"}},
    {"mark",
     {"Exact statistics: for use inside only", "Exacte cijfers: alleen voor intern gebruik"},
     {"Rounded statistics: may be published", "Afgeronde cijfers: mogen naar buiten"}},
    {"title",
     {"Signals of human trafficking, exact statistics of",
      "Signalen van mensenhandel, exacte cijfers over"},
     {"Signals of human trafficking, rounded statistics of",
      "Signalen van mensenhandel, afgeronde cijfers over"}},
    {"over",
     {"Signals of possible human trafficking", "Signalen van mogelijke mensenhandel"},
     {NULL}},
    {"heading", {"The Netherlands in", "Nederland in"}, {NULL}},
    {"script-note",
     {"This page draws its tables and charts with JavaScript. The statistics are in this file; "
      "nothing is fetched.",
      "Deze pagina tekent haar tabellen en grafieken met JavaScript. De cijfers staan in dit "
      "bestand; er wordt niets opgehaald."},
     {NULL}},
};

static void put_place(const struct report *report, struct str name, struct buf *page) {
    if (str_is(name, "data"))
        put_data(page, buf_str(&report->json));
    else if (str_is(name, "year"))
        buf_put_i64(page, report->year);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        bool rounded = report->rounding && texts[i].rounded[0];
        if (str_is(name, texts[i].place))
            buf_puts(page, (rounded ? texts[i].rounded : texts[i].exact)[report->dutch]);
    }
}

void report_put_page(const struct report *report, struct buf *page) {
    const char *rest = report_template, *open, *end;
    while ((open = strstr(rest, "{{")) && (end = strstr(open, "}}"))) {
        buf_put(page, rest, (size_t)(open - rest));
        put_place(report, (struct str){open + 2, (size_t)(end - open) - 2}, page);
        rest = end + 2;
    }
    buf_puts(page, rest);
}
