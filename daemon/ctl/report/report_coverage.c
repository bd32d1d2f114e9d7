// SPDX-License-Identifier: EUPL-1.2
// The page for inside, its lower part: which municipalities signal, and which are silent.
#include "report.h"

#include <stdio.h>
#include <string.h>

static const char *const shades[] = {"none",       "under 10 %", "10 to 25 %",
                                     "25 to 50 %", "50 to 75 %", "75 % and more"};
enum { SHADES = sizeof shades / sizeof *shades };

static int64_t percent_of(int64_t part, int64_t whole) {
    return whole > 0 ? (part * 100 + whole / 2) / whole : 0;
}

// By the percentage as it is written.
static unsigned shade_of(int64_t part, int64_t whole) {
    static const int64_t from_percent[SHADES] = {0, 0, 10, 25, 50, 75};
    unsigned shade = 0;
    if (part > 0)
        for (shade = 1; shade + 1 < SHADES && percent_of(part, whole) >= from_percent[shade + 1];)
            shade++;
    return shade;
}

static void put_legend(struct buf *page) {
    buf_puts(page, "<ul class=\"legend\">");
    for (unsigned i = 0; i < SHADES; i++)
        buf_printf(page,
                   "<li><svg class=\"s%u\" aria-hidden=\"true\"><rect width=\"100%%\" "
                   "height=\"100%%\"/></svg>%s</li>",
                   i, shades[i]);
    buf_puts(page, "</ul>\n");
}

static void put_map(struct report_exact *exact, const struct json_view *provinces) {
    struct report_map map = {
        .id = "map", .title = "Share of the municipalities of each province that signalled"};
    for (size_t i = 0; i < json_view_size(provinces); i++) {
        const struct json_view *province = json_view_item(provinces, i);
        size_t index = report_province_index(json_view_text(province, "code"));
        if (index == REPORT_PROVINCES)
            continue;
        int64_t all = report_number(province, "municipalities");
        int64_t part = report_number(province, "signalling");
        struct report_tile *tile = &map.tiles[index];
        tile->shade = shade_of(part, all);
        (void)snprintf(tile->big, sizeof tile->big, "%d\u202f%%", (int)percent_of(part, all));
        (void)snprintf(tile->small, sizeof tile->small, "%d of %d", (int)part, (int)all);
    }
    report_put_map(exact->report, &map);
    put_legend(&exact->report->page);
}

struct share {
    const char *label;
    int64_t part, whole;
};

static void open_shares(struct buf *page, const char *caption, const char *head) {
    buf_printf(page,
               "<table class=\"bars\">\n<caption>%s</caption>\n<thead><tr><th scope=\"col\">%s</th>"
               "<th scope=\"col\">Municipalities</th><th scope=\"col\">Share</th></tr></thead>\n"
               "<tbody>\n",
               caption, head);
}

static void put_share(struct report_exact *exact, const struct share *share) {
    struct buf *page = &exact->report->page;
    int64_t tenths = share->whole > 0 ? (share->part * 1000 + share->whole / 2) / share->whole : 0;
    buf_puts(page, "<tr><th scope=\"row\">");
    html_put_text(page, share->label);
    report_put_bars(exact->report, share->part, 0, share->whole);
    buf_puts(page, "</th><td>");
    html_put_count(page, share->part);
    buf_puts(page, " of ");
    html_put_count(page, share->whole);
    buf_printf(page, "</td><td>%d.%d\u202f%%</td></tr>\n", (int)(tenths / 10), (int)(tenths % 10));
}

// The CCV's three criteria, and all of them.
static void put_basic_level(struct report_exact *exact, const struct json_view *coverage) {
    static const struct {
        const char *path, *text;
    } criteria[] = {
        {"basicLevel.signals", "1. Signals actively (measured)"},
        {"basicLevel.official", "2. Has an official for it"},
        {"basicLevel.policy", "3. Has policy and rules"},
        {"basicLevel.all", "All three"},
    };
    int64_t all = report_number(coverage, "municipalities");
    open_shares(&exact->report->page, "Basic level of the administrative approach (CCV)",
                "Criterion");
    for (size_t i = 0; i < sizeof criteria / sizeof *criteria; i++)
        put_share(exact, &(struct share){criteria[i].text,
                                         report_number(coverage, criteria[i].path), all});
    buf_puts(&exact->report->page, "</tbody>\n</table>\n");
}

static void put_sizes(struct report_exact *exact, const struct json_view *classes) {
    open_shares(&exact->report->page, "Signalled, by number of inhabitants", "Inhabitants");
    for (size_t i = 0; i < json_view_size(classes); i++) {
        const struct json_view *row = json_view_item(classes, i);
        put_share(exact, &(struct share){report_size_class(json_view_text(row, "name")),
                                         report_number(row, "signalling"),
                                         report_number(row, "municipalities")});
    }
    buf_puts(&exact->report->page, "</tbody>\n</table>\n");
}

static void put_group_row(struct buf *page, const char *label, const struct json_view *row) {
    static const char *const keys[] = {"municipalities", "signalling", "silent", "never",
                                       "official",       "policy",     "all"};
    buf_puts(page, "<tr><th scope=\"row\">");
    html_put_text(page, label);
    buf_puts(page, "</th>");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        buf_puts(page, "<td>");
        html_put_count(page, report_number(row, keys[i]));
        buf_puts(page, "</td>");
    }
    buf_puts(page, "</tr>\n");
}

static void put_groups(struct report_exact *exact, const char *caption, const char *head,
                       const struct json_view *rows) {
    struct buf *page = &exact->report->page;
    buf_printf(page,
               "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"%s\">\n"
               "<table>\n<caption>%s</caption>\n<thead><tr>"
               "<th scope=\"col\">%s</th><th scope=\"col\">All</th>"
               "<th scope=\"col\">Signalled</th><th scope=\"col\">Fell silent</th>"
               "<th scope=\"col\">Never did</th><th scope=\"col\">Official</th>"
               "<th scope=\"col\">Policy</th><th scope=\"col\">All three</th></tr></thead>\n"
               "<tbody>\n",
               caption, caption, head);
    for (size_t i = 0; i < json_view_size(rows); i++) {
        const char *name = json_view_text(json_view_item(rows, i), "name");
        put_group_row(page, report_size_class(name), json_view_item(rows, i));
    }
    buf_puts(page, "</tbody>\n</table>\n</div>\n");
}

static bool is_state(const struct json_view *municipality, const char *state) {
    const char *text = json_view_text(municipality, "state");
    return text && strcmp(text, state) == 0;
}

static bool is_in(const struct json_view *municipality, const struct json_view *province) {
    const char *code = json_view_text(province, "code");
    const char *theirs = json_view_text(municipality, "province");
    return code && theirs && strcmp(code, theirs) == 0;
}

static void put_silent_row(struct buf *page, const struct json_view *municipality,
                           const struct json_view *province) {
    const char *last = json_view_text(municipality, "lastSignal");
    buf_puts(page, "<tr><th scope=\"row\">");
    html_put_text(page, json_view_text(municipality, "name"));
    buf_puts(page, "</th><td class=\"text\">");
    html_put_text(page, json_view_text(province, "name"));
    buf_puts(page, "</td><td>");
    html_put_count(page, report_number(municipality, "inhabitants"));
    buf_puts(page, "</td><td>");
    if (last)
        report_put_month(page, last);
    buf_puts(page, "</td></tr>\n");
}

static void put_silent(struct report_exact *exact, const struct json_view *coverage) {
    struct buf *page = &exact->report->page;
    const struct json_view *provinces = json_view_at(coverage, "provinces"),
                           *list = json_view_at(coverage, "list");
    buf_printf(
        page,
        "<h3>Fell silent</h3>\n<table class=\"long\">\n<caption>Signalled before %d, but not in it"
        "</caption>\n<thead><tr><th scope=\"col\">Municipality</th><th scope=\"col\" "
        "class=\"text\">Province</th><th scope=\"col\">Inhabitants</th><th scope=\"col\">"
        "Last signal</th></tr></thead>\n<tbody>\n",
        exact->report->year);
    for (size_t p = 0; p < json_view_size(provinces); p++)
        for (size_t i = 0; i < json_view_size(list); i++)
            if (is_state(json_view_item(list, i), "silent") &&
                is_in(json_view_item(list, i), json_view_item(provinces, p)))
                put_silent_row(page, json_view_item(list, i), json_view_item(provinces, p));
    buf_puts(page, "</tbody>\n</table>\n");
}

// Those that are connected and yet never did are the ones to ask first.
static void put_never_of(struct buf *page, const struct json_view *province,
                         const struct json_view *list) {
    size_t count = 0;
    for (size_t i = 0; i < json_view_size(list); i++) {
        const struct json_view *municipality = json_view_item(list, i);
        if (!is_state(municipality, "never") || !is_in(municipality, province))
            continue;
        if (count++ == 0) {
            buf_puts(page, "<h4>");
            html_put_text(page, json_view_text(province, "name"));
            buf_puts(page, "</h4>\n<p class=\"names\">");
        } else {
            buf_puts(page, " · ");
        }
        bool connected = json_view_flag(municipality, "connected");
        buf_puts(page, connected ? "<b>" : "");
        html_put_text(page, json_view_text(municipality, "name"));
        buf_puts(page, connected ? "</b>" : "");
    }
    if (count)
        buf_puts(page, "</p>\n");
}

static void put_never(struct report_exact *exact, const struct json_view *coverage) {
    struct buf *page = &exact->report->page;
    const struct json_view *provinces = json_view_at(coverage, "provinces"),
                           *list = json_view_at(coverage, "list");
    buf_printf(page,
               "<h3>Never signalled, up to the end of %d</h3>\n<p class=\"note\">Bold: has a "
               "source that is connected.</p>\n",
               exact->report->year);
    for (size_t p = 0; p < json_view_size(provinces); p++)
        put_never_of(page, json_view_item(provinces, p), list);
}

static void put_headline(struct report_exact *exact, const char *before,
                         const struct json_view *coverage) {
    struct buf *page = &exact->report->page;
    buf_puts(page, before);
    html_put_text(page, json_view_text(coverage, "headline"));
    buf_puts(page, ".</p>\n");
}

void report_put_coverage(struct report_exact *exact) {
    struct buf *page = &exact->report->page;
    const struct json_view *coverage = exact->answers[REPORT_ASK_COVERAGE];
    buf_puts(page, "<section class=\"page\">\n<h2>Coverage</h2>\n");
    put_headline(exact, "<p class=\"lede\">", coverage);
    put_headline(exact, "<p>Up to today: ", exact->answers[REPORT_ASK_COVERAGE_DAYS]);
    buf_puts(page, "<div class=\"pair\">\n<div>\n");
    put_map(exact, json_view_at(coverage, "provinces"));
    buf_puts(page, "</div>\n<div>\n");
    put_basic_level(exact, coverage);
    put_sizes(exact, json_view_at(coverage, "sizeClasses"));
    buf_puts(page, "</div>\n</div>\n");
    put_groups(exact, "Municipalities by province", "Province",
               json_view_at(coverage, "provinces"));
    put_groups(exact, "Municipalities by number of inhabitants", "Inhabitants",
               json_view_at(coverage, "sizeClasses"));
    buf_puts(page, "</section>\n<section class=\"page\">\n<h2>Silent municipalities</h2>\n");
    if (report_number(coverage, "silent"))
        put_silent(exact, coverage);
    if (report_number(coverage, "never"))
        put_never(exact, coverage);
    if (!report_number(coverage, "silent") && !report_number(coverage, "never"))
        buf_printf(page, "<p>There are none: all signalled in %d.</p>\n", exact->report->year);
    buf_puts(page, "</section>\n");
}
