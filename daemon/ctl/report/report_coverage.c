// SPDX-License-Identifier: EUPL-1.2
// The document for inside, its lower part: which municipalities signal, and which are silent. The
// answer has a list of all municipalities with their sources; the document names only those that
// the page names, each in its province.
#include "report.h"

#include <string.h>

static void put_municipality(struct report *report, const struct json_view *municipality,
                             bool silent) {
    struct json_out *out = &report->out;
    json_open(out, '{');
    json_put_text(out, "name", json_view_text(municipality, "name"));
    report_put_number(report, municipality, "inhabitants");
    if (silent) {
        json_put_text(out, "lastSignal", json_view_text(municipality, "lastSignal"));
    } else {
        json_put_bool(out, "connected", json_view_flag(municipality, "connected"));
    }
    json_close(out, '}');
}

// Those of a province in a state, "silent" or "never".
static void put_list(struct report *report, const struct json_view *coverage,
                     const struct json_view *province, const char *state, const char *key) {
    const struct json_view *list = json_view_at(coverage, "list");
    json_open_key(&report->out, key, '[');
    for (size_t i = 0; report_number(coverage, state) && i < json_view_size(list); i++) {
        const struct json_view *municipality = json_view_item(list, i);
        if (json_view_is(municipality, "state", state) &&
            json_view_is(municipality, "province", json_view_text(province, "code")))
            put_municipality(report, municipality, strcmp(state, "silent") == 0);
    }
    json_close(&report->out, ']');
}

static void put_groups(struct report *report, const struct json_view *coverage, const char *key,
                       bool provinces) {
    static const char *const counts[] = {"municipalities", "signalling", "silent", "never",
                                         "official",       "policy",     "all"};
    struct json_out *out = &report->out;
    const struct json_view *rows = json_view_at(coverage, key);
    json_open_key(out, key, '[');
    for (size_t i = 0; i < json_view_size(rows); i++) {
        const struct json_view *row = json_view_item(rows, i);
        json_open(out, '{');
        json_put_text(out, "name", json_view_text(row, "name"));
        for (size_t k = 0; k < sizeof counts / sizeof *counts; k++)
            report_put_number(report, row, counts[k]);
        if (provinces) {
            json_put_text(out, "code", json_view_text(row, "code"));
            put_list(report, coverage, row, "silent", "silentList");
            put_list(report, coverage, row, "never", "neverList");
        }
        json_close(out, '}');
    }
    json_close(out, ']');
}

void report_put_coverage(struct report *report, const struct json_view *coverage) {
    static const char *const levels[] = {"signals", "official", "policy", "all"};
    struct json_out *out = &report->out;
    const struct json_view *level = json_view_at(coverage, "basicLevel");
    json_open_key(out, "coverage", '{');
    report_put_number(report, coverage, "municipalities");
    report_put_number(report, coverage, "signalling");
    report_put_number(report, coverage, "silent");
    report_put_number(report, coverage, "never");
    json_open_key(out, "basicLevel", '{');
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
        report_put_number(report, level, levels[i]);
    json_close(out, '}');
    put_groups(report, coverage, "provinces", true);
    put_groups(report, coverage, "sizeClasses", false);
    json_close(out, '}');
}
