// SPDX-License-Identifier: EUPL-1.2
// Head and end of a page. No script, nothing from elsewhere: the policy in the head holds the page
// to that.
#include "report.h"

#include <stdio.h>

void report_put_head(struct report *report) {
    struct buf *page = &report->page;
    buf_puts(page, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                   "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                   "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                   "style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
                   "form-action 'none'\">\n"
                   "<meta name=\"robots\" content=\"noindex\">\n"
                   "<meta name=\"referrer\" content=\"no-referrer\">\n"
                   "<meta name=\"color-scheme\" content=\"light dark\">\n"
                   "<link rel=\"icon\" href=\"data:,\">\n<title>");
    buf_printf(page, "Signals of human trafficking in %d: %s statistics</title>\n", report->year,
               report->rounding ? "rounded" : "exact");
    report_put_style(report);
    if (report->rounding)
        buf_printf(
            page,
            "</head>\n<body class=\"public\">\n<p class=\"mark\"><strong>Rounded statistics: may "
            "be published.</strong> No statistic is below %d.</p>\n",
            (int)report->rounding);
    else
        buf_puts(page,
                 "</head>\n<body class=\"exact\">\n<p class=\"mark\"><strong>Exact statistics: for "
                 "use inside only.</strong> Small statistics can point to single people.</p>\n");
    buf_printf(page,
               "<div class=\"writer\">\n<header>\n<p class=\"over\">Signals of possible human "
               "trafficking</p>\n<h1>The Netherlands in %d</h1>\n",
               report->year);
}

void report_put_end(struct report *report) {
    buf_puts(&report->page, "</main>\n</div>\n</body>\n</html>\n");
}

void report_put_statistic(struct report *report, int64_t value) {
    if (report->rounding && value < report->rounding)
        buf_printf(&report->page, "<span class=\"none\">&lt;%d</span>", (int)report->rounding);
    else
        html_put_count(&report->page, value);
}
