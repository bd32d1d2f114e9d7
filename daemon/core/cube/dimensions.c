// SPDX-License-Identifier: EUPL-1.2
// By what counts can be grouped and filtered: the names of the dimensions, what a cell is in each,
// and how that is written.
#include "counts_private.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static_assert((int)MUNICIPALITY_UNIT_MAX < (int)COUNTS_LABEL_MAX, "a label is never cut");

enum foreign { FOREIGN_UNKNOWN, FOREIGN_NO, FOREIGN_YES, FOREIGN_COUNT };

static const char *const foreign_names[FOREIGN_COUNT] = {"unknown", "no", "yes"};

static const char *const names[DIM_COUNT] = {
    [DIM_MUNICIPALITY] = "municipality",
    [DIM_PROVINCE] = "province",
    [DIM_POLICE_UNIT] = "policeUnit",
    [DIM_SAFETY_REGION] = "safetyRegion",
    [DIM_CATEGORY] = "category",
    [DIM_GENDER] = "gender",
    [DIM_AGE_GROUP] = "ageGroup",
    [DIM_CITIZENSHIP] = "citizenship",
    [DIM_FOREIGN] = "foreign",
    [DIM_SOURCE_KIND] = "sourceKind",
    [DIM_STATUS] = "status",
    [DIM_YEAR] = "year",
    [DIM_MONTH] = "month",
};

const char *dimension_name(enum dimension d) {
    return names[d];
}

bool dimension_from_name(struct str name, enum dimension *out) {
    for (int i = 0; i < DIM_COUNT; i++)
        if (str_is(name, names[i])) {
            *out = (enum dimension)i;
            return true;
        }
    return false;
}

static enum foreign foreign_of(enum citizenship citizenship) {
    if (citizenship == CITIZENSHIP_UNKNOWN)
        return FOREIGN_UNKNOWN;
    return citizenship == CITIZENSHIP_NL ? FOREIGN_NO : FOREIGN_YES;
}

uint16_t dimension_value(enum dimension d, const struct cell *cell) {
    switch (d) {
    case DIM_GENDER:
        return cell->gender;
    case DIM_AGE_GROUP:
        return cell->age_group;
    case DIM_CITIZENSHIP:
        return cell->citizenship;
    case DIM_FOREIGN:
        return (uint16_t)foreign_of((enum citizenship)cell->citizenship);
    case DIM_SOURCE_KIND:
        return cell->source_kind;
    case DIM_STATUS:
        return cell->status;
    case DIM_YEAR:
        return cell->month / 12;
    case DIM_MONTH:
        return cell->month;
    default:
        return cell->municipality;
    }
}

static void put_text(char label[COUNTS_LABEL_MAX], const char *text) {
    (void)snprintf(label, COUNTS_LABEL_MAX, "%s", text ? text : "unknown");
}

static void put_region(enum dimension d, const struct municipality *m,
                       char label[COUNTS_LABEL_MAX]) {
    if (!m)
        put_text(label, NULL);
    else if (d == DIM_MUNICIPALITY)
        (void)snprintf(label, COUNTS_LABEL_MAX, "GM%04u", m->code);
    else if (d == DIM_PROVINCE)
        (void)snprintf(label, COUNTS_LABEL_MAX, "PV%02u", m->province);
    else if (d == DIM_SAFETY_REGION)
        (void)snprintf(label, COUNTS_LABEL_MAX, "VR%02u", m->safety_region);
    else
        put_text(label, m->police_unit);
}

void dimension_label(enum dimension d, uint16_t value, const struct municipalities *municipalities,
                     char label[COUNTS_LABEL_MAX]) {
    memset(label, 0, COUNTS_LABEL_MAX);
    switch (d) {
    case DIM_CATEGORY:
        put_text(label, category_name((enum category)value));
        break;
    case DIM_GENDER:
        put_text(label, gender_name((enum gender)value));
        break;
    case DIM_AGE_GROUP:
        put_text(label, age_group_name((enum age_group)value));
        break;
    case DIM_CITIZENSHIP:
        put_text(label, citizenship_name((enum citizenship)value));
        break;
    case DIM_FOREIGN:
        put_text(label, value < FOREIGN_COUNT ? foreign_names[value] : NULL);
        break;
    case DIM_SOURCE_KIND:
        put_text(label, source_kind_name((enum source_kind)value));
        break;
    case DIM_STATUS:
        put_text(label, status_name((enum status)value));
        break;
    case DIM_YEAR:
        (void)snprintf(label, COUNTS_LABEL_MAX, "%04u", 2000u + value);
        break;
    case DIM_MONTH:
        (void)snprintf(label, COUNTS_LABEL_MAX, "%04u-%02u", 2000u + value / 12u, value % 12u + 1u);
        break;
    default:
        put_region(d, municipalities_by_code(municipalities, value), label);
    }
}

// "2017" or "2017-03".
static bool is_time(enum dimension d, struct str label) {
    char date[] = "0000-01-01";
    int32_t day;
    size_t len = d == DIM_YEAR ? 4 : 7;
    if (label.len != len)
        return false;
    memcpy(date, label.data, len);
    return time_parse_date(STR(date), &day);
}

static bool is_label_of(enum dimension d, uint16_t value, const struct municipalities *all,
                        struct str label) {
    char candidate[COUNTS_LABEL_MAX];
    dimension_label(d, value, all, candidate);
    return str_is(label, candidate);
}

static bool is_region(enum dimension d, struct str label, const struct municipalities *all) {
    for (size_t i = 0; i < municipalities_count(all); i++)
        if (is_label_of(d, municipalities_at(all, i)->code, all, label))
            return true;
    return is_label_of(d, MUNICIPALITY_UNKNOWN, all, label);
}

bool dimension_has_label(enum dimension d, struct str label,
                         const struct municipalities *municipalities) {
    static const uint16_t closed[DIM_COUNT] = {
        [DIM_CATEGORY] = CATEGORY_COUNT, [DIM_GENDER] = GENDER_COUNT,
        [DIM_AGE_GROUP] = AGE_COUNT,     [DIM_CITIZENSHIP] = CITIZENSHIP_COUNT,
        [DIM_FOREIGN] = FOREIGN_COUNT,   [DIM_SOURCE_KIND] = SOURCE_KIND_COUNT,
        [DIM_STATUS] = STATUS_COUNT,
    };
    if (d == DIM_YEAR || d == DIM_MONTH)
        return is_time(d, label);
    if (!closed[d])
        return is_region(d, label, municipalities);
    for (uint16_t value = 0; value < closed[d]; value++)
        if (is_label_of(d, value, municipalities, label))
            return true;
    return false;
}
