// SPDX-License-Identifier: EUPL-1.2
// Puts the document into the page of conf/report, where {{kind}}, {{year}}, {{mark}} and {{data}}
// stand. The document stands in a script element: there no "<" may stand, for "</script" and "<!--"
// would end it or change how it is read. JSON has "<" only in its strings, where \u003c is the
// same.
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

static void put_place(const struct report *report, struct str name, struct buf *page) {
    if (str_is(name, "data"))
        put_data(page, buf_str(&report->json));
    else if (str_is(name, "year"))
        buf_put_i64(page, report->year);
    else if (str_is(name, "kind"))
        buf_puts(page, report->rounding ? "rounded" : "exact");
    else
        buf_puts(page, report->rounding ? "Rounded statistics: may be published"
                                        : "Exact statistics: for use inside only");
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
