// SPDX-License-Identifier: EUPL-1.2
// The statistics for outside as JSON, as CSV (RFC 4180) and as a Dutch Excel opens it by itself: a
// byte order mark, semicolons, decimal commas. Each row stands by itself, with codes and names. A
// rate is made of the rounded number and the table of inhabitants, so it tells nothing more. In all
// three forms the same numbers. The caller owns the buffer.
#include "core/cube/inhabitants.h"
#include "core/cube/names.h"
#include "released_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { NAME_MAX = 32, BY_TEXT_MAX = 96, NUMBER_MAX = 24 };

// The columns of dimensions, in their order.
static const enum dimension columns[] = {
    DIM_YEAR,     DIM_MONTH,  DIM_PROVINCE,  DIM_POLICE_UNIT, DIM_SAFETY_REGION, DIM_MUNICIPALITY,
    DIM_CATEGORY, DIM_GENDER, DIM_AGE_GROUP, DIM_CITIZENSHIP, DIM_FOREIGN,       DIM_SOURCE_KIND};
enum { COLUMNS = sizeof columns / sizeof *columns };

struct rows {
    const struct municipalities *municipalities;
    const struct released_query *query;
    uint32_t rounding_base; // in force
    struct statistics_record state;
    struct json_out json;
    bool begun;
    char separator, decimal;
};

// A statistic, with all that its row says.
struct row {
    struct statistic_key key;
    struct str labels[DIM_COUNT]; // absent: it is not by this
    const struct statistic_record *statistic;
    uint64_t inhabitants; // 0: no place, or no rate of it
    char by[BY_TEXT_MAX];
};

static bool has_name(enum dimension d) {
    return d != DIM_YEAR && d != DIM_MONTH && d != DIM_POLICE_UNIT;
}

static void make_row(const struct rows *rows, struct row *row) {
    size_t len = 0;
    for (size_t i = 0; i < row->key.count; i++) {
        const struct statistic_part *part = &row->key.parts[i];
        row->labels[part->dimension] = part->label;
        len += (size_t)snprintf(row->by + len, sizeof row->by - len, "%s%s", i ? "," : "",
                                dimension_name(part->dimension));
    }
    row->inhabitants = statistic_inhabitants(&row->key, rows->municipalities);
}

static struct str called(const struct rows *rows, enum dimension d, struct str label) {
    return label.data ? dimension_called(d, label, rows->municipalities, rows->query->dutch)
                      : label;
}

// --- JSON

// Of which years the numbers of inhabitants are.
static void put_inhabitants(struct rows *rows) {
    uint16_t from = 0, to = 0;
    for (size_t i = 0; i < municipalities_count(rows->municipalities); i++) {
        uint16_t year = municipalities_at(rows->municipalities, i)->inhabitants_year;
        from = year && (!from || year < from) ? year : from;
        to = year > to ? year : to;
    }
    json_open_key(&rows->json, "inhabitants", '{');
    json_put_text(&rows->json, "source", "CBS");
    json_put_u64(&rows->json, "from", from);
    json_put_u64(&rows->json, "to", to);
    json_close(&rows->json, '}');
}

static void begin_json(struct rows *rows) {
    char closed[STATISTIC_MONTH_MAX];
    const struct statistics_record *state = &rows->state;
    statistic_month(state->closed, closed);
    json_open(&rows->json, '{');
    json_put_u64(&rows->json, "roundingBase",
                 state->made ? state->rounding_base : rows->rounding_base);
    json_put_text(&rows->json, "closed", state->made ? closed : NULL);
    put_inhabitants(rows);
    json_open_key(&rows->json, "statistics", '[');
}

static void put_json(struct rows *rows, const struct row *row) {
    struct json_out *json = &rows->json;
    char name[NAME_MAX], closed[STATISTIC_MONTH_MAX], rate[INHABITANTS_RATE_MAX];
    json_open(json, '{');
    json_put_string(json, "measure", row->key.measure);
    json_put_text(json, "by", row->by);
    for (size_t i = 0; i < COLUMNS; i++) {
        const enum dimension d = columns[i];
        struct str text = called(rows, d, row->labels[d]);
        if (row->labels[d].data)
            json_put_string(json, dimension_name(d), row->labels[d]);
        if (!has_name(d) || !text.data)
            continue;
        (void)snprintf(name, sizeof name, "%sName", dimension_name(d));
        json_put_string(json, name, text);
    }
    json_put_i64(json, "count", row->statistic->count);
    if (row->inhabitants) {
        inhabitants_rate(row->statistic->count, row->inhabitants, '.', rate);
        json_put_u64(json, "inhabitants", row->inhabitants);
        json_key(json, "rate");
        json_raw(json, str_from(rate));
    }
    statistic_month(row->statistic->closed, closed);
    json_put_u64(json, "roundingBase", row->statistic->rounding_base);
    json_put_text(json, "closed", closed);
    json_close(json, '}');
}

// --- CSV

static void put_plain(struct rows *rows, const char *text) {
    buf_puts(rows->json.buf, text);
    buf_putc(rows->json.buf, rows->separator);
}

// Quoted where it has a comma or a semicolon, whichever parts the cells: some programs guess that.
// A cell that a spreadsheet would calculate begins with an apostrophe, as in the files of
// signaalctl.
static void put_cell(struct rows *rows, struct str text) {
    struct buf *out = rows->json.buf;
    bool quoted = false;
    for (size_t i = 0; i < text.len; i++)
        quoted |= strchr("\",; \r\n", text.data[i]) != NULL;
    if (quoted)
        buf_putc(out, '"');
    if (text.len && strchr("=+-@", *text.data))
        buf_putc(out, '\'');
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '"')
            buf_putc(out, '"');
        buf_putc(out, text.data[i]);
    }
    if (quoted)
        buf_putc(out, '"');
    buf_putc(out, rows->separator);
}

static void put_number(struct rows *rows, uint64_t number) {
    char text[NUMBER_MAX];
    (void)snprintf(text, sizeof text, "%" PRIu64, number);
    put_plain(rows, text);
}

// The last cell has ended with a separator.
static void end_line(struct rows *rows) {
    rows->json.buf->len--;
    buf_puts(rows->json.buf, "\r\n");
}

static void begin_csv(struct rows *rows) {
    static const char *const behind[] = {"count", "inhabitants", "rate", "roundingBase", "closed"};
    char name[NAME_MAX];
    if (rows->query->form == RELEASED_EXCEL)
        buf_puts(rows->json.buf, "\xef\xbb\xbf");
    put_cell(rows, STR("measure"));
    put_cell(rows, STR("by"));
    for (size_t i = 0; i < COLUMNS; i++) {
        put_cell(rows, str_from(dimension_name(columns[i])));
        (void)snprintf(name, sizeof name, "%sName", dimension_name(columns[i]));
        if (has_name(columns[i]))
            put_cell(rows, str_from(name));
    }
    for (size_t i = 0; i < sizeof behind / sizeof *behind; i++)
        put_cell(rows, str_from(behind[i]));
    end_line(rows);
}

static void put_csv(struct rows *rows, const struct row *row) {
    char closed[STATISTIC_MONTH_MAX], rate[INHABITANTS_RATE_MAX];
    put_cell(rows, row->key.measure);
    put_cell(rows, str_from(row->by));
    for (size_t i = 0; i < COLUMNS; i++) {
        const enum dimension d = columns[i];
        put_cell(rows, row->labels[d]);
        if (has_name(d))
            put_cell(rows, called(rows, d, row->labels[d]));
    }
    inhabitants_rate(row->statistic->count, row->inhabitants, rows->decimal, rate);
    statistic_month(row->statistic->closed, closed);
    put_number(rows, (uint64_t)row->statistic->count);
    if (row->inhabitants)
        put_number(rows, row->inhabitants);
    else
        put_cell(rows, (struct str){NULL, 0});
    put_plain(rows, rate);
    put_number(rows, row->statistic->rounding_base);
    put_cell(rows, str_from(closed));
    end_line(rows);
}

// --- all of them

static void begin(struct rows *rows) {
    rows->begun = true;
    if (rows->query->form == RELEASED_JSON)
        begin_json(rows);
    else
        begin_csv(rows);
}

static bool on_statistic(void *ctx, struct str key, const struct statistic_record *statistic) {
    struct rows *rows = ctx;
    struct row row = {.statistic = statistic};
    if (!rows->begun)
        begin(rows);
    if (!statistic_read_key(key, &row.key) || !released_is_asked(rows->query, &row.key))
        return true;
    make_row(rows, &row);
    if (rows->query->form == RELEASED_JSON)
        put_json(rows, &row);
    else
        put_csv(rows, &row);
    return true;
}

void released_put_statistics(struct ledger *ledger, const struct municipalities *municipalities,
                             const struct released_query *query, uint32_t rounding_base,
                             struct buf *out) {
    const bool excel = query->form == RELEASED_EXCEL;
    struct rows rows = {.municipalities = municipalities,
                        .query = query,
                        .rounding_base = rounding_base,
                        .json = {.buf = out},
                        .separator = excel ? ';' : ',',
                        .decimal = excel ? ',' : '.'};
    ledger_each_statistic(ledger, &rows.state, on_statistic, &rows);
    if (!rows.begun)
        begin(&rows);
    if (query->form == RELEASED_JSON) {
        json_close(&rows.json, ']');
        json_close(&rows.json, '}');
    }
}
