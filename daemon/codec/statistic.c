// SPDX-License-Identifier: EUPL-1.2
// Writes and reads the JSON of one statistic. Reading accepts only the bytes that writing would
// make, so a record of a topic is either exactly what this program released or none of its own.
// Pure; the caller owns the buffers.
#include "codec/statistic.h"

#include "core/cube/inhabitants.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { NAME_MAX_BYTES = 32, FIRST_YEAR = 2000 };

void statistic_month(uint16_t month, char out[STATISTIC_MONTH_MAX]) {
    (void)snprintf(out, STATISTIC_MONTH_MAX, "%04u-%02u", 2000u + month / 12u, month % 12u + 1u);
}

void statistic_put_value(struct json_out *out, struct str key,
                         const struct statistic_record *statistic, uint64_t inhabitants) {
    char name[NAME_MAX_BYTES], closed[STATISTIC_MONTH_MAX], rate[INHABITANTS_RATE_MAX];
    struct str part, word;
    json_open(out, '{');
    if (str_split(&key, '/', &part))
        json_put_string(out, "measure", part);
    while (str_split(&key, '/', &part) && str_split(&part, '=', &word)) {
        (void)snprintf(name, sizeof name, "%.*s", (int)word.len, word.data);
        json_put_string(out, name, part);
    }
    statistic_month(statistic->closed, closed);
    json_put_i64(out, "count", statistic->count);
    if (inhabitants) {
        inhabitants_rate(statistic->count, inhabitants, '.', rate);
        json_put_u64(out, "inhabitants", inhabitants);
        json_key(out, "rate");
        json_raw(out, str_from(rate));
    }
    json_put_u64(out, "roundingBase", statistic->rounding_base);
    json_put_text(out, "closed", closed);
    json_close(out, '}');
}

bool statistic_read_key(struct str key, struct statistic_key *out) {
    struct str part, name;
    *out = (struct statistic_key){.count = 0};
    if (!str_split(&key, '/', &out->measure))
        return false;
    while (str_split(&key, '/', &part)) {
        struct statistic_part *next = &out->parts[out->count];
        if (out->count++ == STATISTIC_PARTS_MAX || !str_split(&part, '=', &name) || !part.data ||
            !dimension_from_name(name, &next->dimension))
            return false;
        next->label = part;
    }
    return out->count > 0;
}

uint64_t statistic_inhabitants(const struct statistic_key *key,
                               const struct municipalities *municipalities) {
    struct period when;
    enum dimension region = DIM_COUNT;
    struct str label = {NULL, 0};
    if (!str_is(key->measure, "signals") || !period_parse(key->parts[0].label, &when))
        return 0;
    for (size_t i = 1; i < key->count; i++)
        if (key->parts[i].dimension <= DIM_SAFETY_REGION) {
            region = key->parts[i].dimension;
            label = key->parts[i].label;
        }
    return inhabitants_of(municipalities, region, label, (uint16_t)(when.behind - 1));
}

// Whatever the text may be: what is found in it must be told in the same bytes.
bool statistic_read_value(struct str key, struct str value, struct statistic_record *statistic) {
    char text[STATISTIC_VALUE_MAX] = "";
    unsigned year = 0, month = 0;
    struct buf again;
    if (!value.data || value.len >= sizeof text)
        return false;
    memcpy(text, value.data, value.len);
    const char *numbers = strstr(text, "\"count\":");
    if (!numbers ||
        sscanf(numbers,
               "\"count\":%" SCNd64 ",\"roundingBase\":%" SCNu32 ",\"closed\":\"%4u-%2u\"}",
               &statistic->count, &statistic->rounding_base, &year, &month) != 4 ||
        year < FIRST_YEAR || statistic->count <= 0 || statistic->rounding_base == 0)
        return false;
    statistic->closed = (uint16_t)((year - FIRST_YEAR) * 12 + month - 1);
    buf_init(&again, STATISTIC_VALUE_MAX);
    statistic_put_value(&(struct json_out){.buf = &again}, key, statistic, 0);
    bool same = str_equal(buf_str(&again), value);
    buf_free(&again);
    return same;
}
