// SPDX-License-Identifier: EUPL-1.2
// GET /v1/codes: what the codes of statistics and events are called, and the regions of each
// municipality, also of those that have merged. It is made of the tables alone, so it says nothing
// of any signal or source. The caller owns the buffer.
#include "codec/event.h"
#include "core/cube/names.h"
#include "core/tables/regions.h"
#include "released_private.h"

#include <stdio.h>
#include <string.h>

enum { PROVINCES = 256, SAFETY_REGIONS = 25, DATE_MAX = 16 };

static void put_words(struct json_out *json, const char *key, enum dimension d) {
    const char *label;
    json_open_key(json, key, '[');
    for (size_t i = 0; (label = dimension_word(d, i)); i++) {
        json_open(json, '{');
        json_put_text(json, "code", label);
        json_put_string(json, "nl", dimension_called(d, str_from(label), NULL, true));
        json_put_string(json, "en", dimension_called(d, str_from(label), NULL, false));
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void put_code(struct json_out *json, const char *code, struct str name) {
    json_open(json, '{');
    json_put_text(json, "code", code);
    json_put_string(json, "name", name);
    json_close(json, '}');
}

static void put_provinces(struct json_out *json, const struct municipalities *all) {
    const char *names[PROVINCES] = {NULL};
    char code[EVENT_CODE_MAX];
    for (size_t i = 0; i < municipalities_count(all); i++)
        names[municipalities_at(all, i)->province] = municipalities_at(all, i)->province_name;
    json_open_key(json, "provinces", '[');
    for (unsigned p = 0; p < PROVINCES; p++) {
        (void)snprintf(code, sizeof code, "PV%02u", p);
        if (names[p])
            put_code(json, code, str_from(names[p]));
    }
    json_close(json, ']');
}

static void put_safety_regions(struct json_out *json) {
    char code[EVENT_CODE_MAX];
    json_open_key(json, "safetyRegions", '[');
    for (unsigned v = 1; v <= SAFETY_REGIONS; v++) {
        (void)snprintf(code, sizeof code, "VR%02u", v);
        put_code(json, code, regions_safety_name((uint8_t)v));
    }
    json_close(json, ']');
}

// Each where the table has it first.
static void put_police_units(struct json_out *json, const struct municipalities *all) {
    json_open_key(json, "policeUnits", '[');
    for (size_t i = 0; i < municipalities_count(all); i++) {
        const char *unit = municipalities_at(all, i)->police_unit;
        size_t first = 0;
        while (strcmp(municipalities_at(all, first)->police_unit, unit) != 0)
            first++;
        if (first == i)
            put_code(json, unit, str_from(unit));
    }
    json_close(json, ']');
}

static void put_day(struct json_out *json, const char *key, int32_t day) {
    char date[DATE_MAX];
    int year, month, mday;
    bool set = day != INT32_MIN && day != INT32_MAX;
    if (set) {
        time_civil_from_day(day, &year, &month, &mday);
        (void)snprintf(date, sizeof date, "%04d-%02d-%02d", year, month, mday);
    }
    json_put_text(json, key, set ? date : NULL);
}

static void put_municipality(struct json_out *json, const struct municipalities *all,
                             const struct municipality *m, int32_t today) {
    const struct municipality *now = municipalities_successor(all, m, today);
    char code[EVENT_CODE_MAX];
    event_municipality_code(m->code, code);
    json_open(json, '{');
    json_put_text(json, "code", code);
    json_put_text(json, "name", m->name);
    (void)snprintf(code, sizeof code, "PV%02u", m->province);
    json_put_text(json, "province", code);
    json_put_text(json, "policeUnit", m->police_unit);
    (void)snprintf(code, sizeof code, "VR%02u", m->safety_region);
    json_put_text(json, "safetyRegion", code);
    put_day(json, "validFrom", m->valid_from);
    put_day(json, "validTo", m->valid_to);
    event_municipality_code(now ? now->code : m->code, code);
    json_put_text(json, "today", code);
    json_put_u64(json, "inhabitants", m->inhabitants);
    json_put_u64(json, "inhabitantsYear", m->inhabitants_year);
    json_close(json, '}');
}

void released_put_codes(const struct municipalities *municipalities, int32_t today,
                        struct buf *out) {
    struct json_out json = {.buf = out};
    json_open(&json, '{');
    put_words(&json, "categories", DIM_CATEGORY);
    put_words(&json, "genders", DIM_GENDER);
    put_words(&json, "ageGroups", DIM_AGE_GROUP);
    put_words(&json, "citizenships", DIM_CITIZENSHIP);
    put_words(&json, "foreign", DIM_FOREIGN);
    put_words(&json, "sourceKinds", DIM_SOURCE_KIND);
    put_words(&json, "statuses", DIM_STATUS);
    put_provinces(&json, municipalities);
    put_police_units(&json, municipalities);
    put_safety_regions(&json);
    json_open_key(&json, "municipalities", '[');
    for (size_t i = 0; i < municipalities_count(municipalities); i++)
        put_municipality(&json, municipalities, municipalities_at(municipalities, i), today);
    json_close(&json, ']');
    json_close(&json, '}');
}
