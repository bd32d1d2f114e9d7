// SPDX-License-Identifier: EUPL-1.2
// The options that all verbs on counts share: what is wrong with them is said here, before the
// daemon is asked. The names of dimensions are those of core/cube, so tool and daemon agree.
#include "ctl/query/query_options.h"

#include "core/cube/counts.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NOTE_MAX = 512, DIMENSIONS_BYTES_MAX = 512 };

static bool is_dimension(struct str name) {
    enum dimension dimension;
    return dimension_from_name(name, &dimension);
}

void query_put_dimensions(struct buf *out) {
    for (int d = 0; d < DIM_COUNT; d++)
        buf_printf(out, "%s%s", d ? ", " : "", dimension_name((enum dimension)d));
}

static enum ctl_exit refuse_dimension(const struct ctl *ctl, const char *option, struct str name) {
    struct buf known;
    char missing[64] = "a name is missing";
    buf_init(&known, DIMENSIONS_BYTES_MAX);
    query_put_dimensions(&known);
    if (name.len)
        (void)snprintf(missing, sizeof missing, "there is no %.*s",
                       (int)(name.len < 40 ? name.len : 40), name.data);
    (void)ctl_usage(ctl, "--%s: %s; there are %.*s", option, missing, (int)known.len, known.data);
    buf_free(&known);
    return CTL_USAGE;
}

static void put_name(struct buf *target, const char *name, size_t len) {
    buf_putc(target, memchr(target->data, '?', target->len) ? '&' : '?');
    buf_put(target, name, len);
    buf_putc(target, '=');
}

void query_put_parameter(struct buf *target, struct str name, const char *value) {
    if (!value)
        return;
    put_name(target, name.data, name.len);
    buf_put_encoded(target, str_from(value));
}

enum ctl_exit query_put_by(const struct ctl *ctl, const char *by, size_t max, struct buf *target) {
    struct str rest = str_from(by), name;
    put_name(target, "by", strlen("by"));
    for (size_t count = 0; str_split(&rest, ',', &name); count++) {
        if (!is_dimension(name))
            return refuse_dimension(ctl, "by", name);
        if (count == max)
            return ctl_usage(ctl, "--by takes at most %zu", max);
        if (count)
            buf_putc(target, ',');
        buf_put_str(target, name);
    }
    return CTL_OK;
}

// "2017" or "2017-03".
static bool is_one_period(struct str text) {
    struct str year, month;
    uint64_t y, m = 1;
    if (!str_split(&text, '-', &year) || year.len != 4 || !str_to_u64(year, 9999, &y))
        return false;
    if (!text.data)
        return true;
    month = text;
    return month.len == 2 && str_to_u64(month, 12, &m) && m >= 1;
}

// One, or two of a kind with ".." between them.
static bool is_period(const char *text) {
    const char *dots = strstr(text, "..");
    struct str first = {text, dots ? (size_t)(dots - text) : strlen(text)};
    struct str last = dots ? str_from(dots + 2) : first;
    return is_one_period(first) && is_one_period(last) && first.len == last.len;
}

enum ctl_exit query_put_period(const struct ctl *ctl, const struct args *args, struct buf *target) {
    const char *period = args_value(args, "period");
    if (period && !is_period(period))
        return ctl_usage(ctl, "--period is a year or a month, or from one to another: 2017, "
                              "2017-03, 2016..2018 or 2016-03..2017-02");
    query_put_parameter(target, STR("period"), period);
    return CTL_OK;
}

enum ctl_exit query_put_filters(const struct ctl *ctl, const struct args *args,
                                struct buf *target) {
    const char *filter;
    if (query_put_period(ctl, args, target) != CTL_OK)
        return CTL_USAGE;
    for (size_t i = 0; (filter = args_nth(args, "where", i)); i++) {
        struct str value = str_from(filter), name;
        (void)str_split(&value, '=', &name);
        if (i == QUERY_FILTERS_MAX)
            return ctl_usage(ctl, "at most %d times --where", QUERY_FILTERS_MAX);
        if (!value.len)
            return ctl_usage(ctl, "--where needs name=value, as in category=SexualExploitation");
        if (!is_dimension(name))
            return refuse_dimension(ctl, "where", name);
        query_put_parameter(target, name, value.data);
    }
    return target->overflow ? ctl_usage(ctl, "too many filters") : CTL_OK;
}

bool query_read_by(const struct json_view *answer, struct query_options_by *by) {
    const struct json_view *names = json_view_at(answer, "by");
    *by = (struct query_options_by){.count = json_view_size(names)};
    if (by->count > QUERY_BY_MAX)
        return false;
    for (size_t d = 0; d < by->count; d++) {
        by->names[d] = json_view_text(json_view_item(names, d), "");
        if (!by->names[d] || !is_dimension(str_from(by->names[d])))
            return false;
    }
    return true;
}

bool query_has(const struct query_options_by *by, const char *dimension) {
    for (size_t d = 0; d < by->count; d++)
        if (strcmp(by->names[d], dimension) == 0)
            return true;
    return false;
}

void query_label(const struct json_view *names, const char *code, char out[QUERY_LABEL_MAX]) {
    const char *name = code ? json_view_text(json_view_key(names, code), "") : NULL;
    bool named = name && strcmp(name, code) != 0;
    (void)snprintf(out, QUERY_LABEL_MAX, "%s%s%s", code ? code : "-", named ? " " : "",
                   named ? name : "");
}

// Those whose labels are codes that an answer gives names to.
static bool has_names(const char *dimension) {
    return strcmp(dimension, "municipality") == 0 || strcmp(dimension, "province") == 0;
}

void query_put_titles(struct csv_writer *writer, const struct query_options_by *by) {
    for (size_t d = 0; d < by->count; d++) {
        char title[QUERY_LABEL_MAX];
        csv_writer_put_text(writer, by->names[d]);
        (void)snprintf(title, sizeof title, "%sName", by->names[d]);
        if (has_names(by->names[d]))
            csv_writer_put_text(writer, title);
    }
}

void query_put_rate(struct csv_writer *writer, const struct json_view *line) {
    int64_t tenths;
    csv_writer_put_node(writer, line, "inhabitants");
    if (json_view_tenths(line, "rate", &tenths))
        csv_writer_put_tenths(writer, tenths);
    else
        csv_writer_put_text(writer, NULL);
}

void query_put_labels(struct csv_writer *writer, const struct query_options_by *by,
                      const struct json_view *names, const struct json_view *line) {
    for (size_t d = 0; d < by->count; d++) {
        const char *code = json_view_text(line, by->names[d]);
        csv_writer_put_text(writer, code);
        if (has_names(by->names[d]))
            csv_writer_put_text(writer,
                                code ? json_view_text(json_view_key(names, code), "") : NULL);
    }
}

void query_print_sheet(const struct ctl *ctl, const char *const *keys, const struct json_view *list,
                       bool (*wanted)(const struct args *args, const struct json_view *item)) {
    struct csv_writer writer = {.term = &ctl->term};
    csv_writer_put_titles(&writer, keys);
    for (size_t i = 0; i < json_view_size(list); i++) {
        const struct json_view *item = json_view_item(list, i);
        if (wanted && !wanted(ctl->args, item))
            continue;
        for (size_t k = 0; keys[k]; k++)
            csv_writer_put_node(&writer, item, keys[k]);
        csv_writer_end_row(&writer);
    }
}

static void describe_filter(void *ctx, const char *key, const char *text) {
    buf_printf(ctx, "; %s %s", key, text);
}

void query_describe(const struct json_view *answer, struct buf *out) {
    char *names = json_view_join(json_view_at(answer, "by"));
    if (names)
        buf_printf(out, " by %s", names);
    json_view_each_text(json_view_at(answer, "filters"), describe_filter, out);
    free(names);
}

void query_note(struct query_options_notes *notes, const char *fmt, ...) {
    char text[NOTE_MAX];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (!notes->begun)
        term_out_end_line(&notes->ctl->term);
    notes->begun = true;
    term_out_put_wrapped(&notes->ctl->term, STYLE_DIM, text);
}

void query_note_categories(struct query_options_notes *notes, const struct query_options_by *by) {
    if (query_has(by, "category"))
        query_note(notes, "A signal with several categories counts once in each of them and once "
                          "in the total: the lines may add up to more than the total.");
}
