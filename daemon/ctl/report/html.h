// SPDX-License-Identifier: EUPL-1.2
// Text and statistics into a page of HTML. Whatever the text holds, it stays text.
#ifndef CTL_REPORT_HTML_H
#define CTL_REPORT_HTML_H

#include "base/str.h"

// Escaped, control characters as spaces; NULL is nothing. Also fit for a quoted attribute.
void html_put_text(struct buf *page, const char *text);
void html_put_count(struct buf *page, int64_t value);  // "12,345"
void html_put_change(struct buf *page, int64_t value); // "+34", "−3", "0"
// 1000 tenths are "+100 %", -25 are "−2.5 %": one decimal below ten, unless it is whole.
void html_put_percent(struct buf *page, int64_t tenths);

#endif
