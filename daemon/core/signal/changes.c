// SPDX-License-Identifier: EUPL-1.2
// Two states of a signal, compared as people would read them: a field has changed when its text
// has. So what is told to have changed always shows how, and another spelling of the same word is
// no change.
#include "core/signal/changes.h"

#include <stdio.h>
#include <string.h>

static const char *const names[CHANGES_FIELDS] = {
    [CHANGES_WITHDRAWN] = "withdrawn",   [CHANGES_REPORTED] = "reported",
    [CHANGES_OCCURRED] = "occurred",     [CHANGES_MUNICIPALITY] = "municipality",
    [CHANGES_CATEGORIES] = "categories", [CHANGES_GENDER] = "gender",
    [CHANGES_AGE_GROUP] = "ageGroup",    [CHANGES_CITIZENSHIP] = "citizenship",
    [CHANGES_STATUS] = "status",         [CHANGES_PERSON] = "person",
};
static const char unknown[] = "Unknown";

const char *changes_field_name(enum changes_field field) {
    return names[field];
}

struct changes_state changes_state_known(const struct ledger_entry *entry) {
    return (struct changes_state){.cell = entry->cell,
                                  .reported = entry->reported,
                                  .occurred = entry->occurred,
                                  .withdrawn = !entry->counts,
                                  .person = entry->person != 0};
}

struct changes_state changes_state_delivered(const struct signal *signal) {
    return (struct changes_state){.cell = signal->cell,
                                  .reported = signal->reported,
                                  .occurred = signal->occurred,
                                  .withdrawn = signal->withdrawn,
                                  .person = signal->person.base_count > 0};
}

static void put_text(char out[CHANGES_TEXT_MAX], const char *text) {
    (void)snprintf(out, CHANGES_TEXT_MAX, "%s", text);
}

static void put_day(char out[CHANGES_TEXT_MAX], int32_t day) {
    if (day == TIME_DAY_NONE)
        put_text(out, unknown);
    else
        time_format_date(day, out);
}

static void put_place(char out[CHANGES_TEXT_MAX], uint16_t code) {
    if (code == MUNICIPALITY_UNKNOWN)
        put_text(out, unknown);
    else
        (void)snprintf(out, CHANGES_TEXT_MAX, "GM%04u", code);
}

static void put_categories(char out[CHANGES_TEXT_MAX], uint16_t set) {
    out[0] = '\0';
    for (int c = 0; c < CATEGORY_COUNT; c++) {
        size_t len = strlen(out);
        if (set >> c & 1)
            (void)snprintf(out + len, CHANGES_TEXT_MAX - len, "%s%s", len ? ", " : "",
                           category_name((enum category)c));
    }
}

void changes_put(const struct changes_state *state, enum changes_field field,
                 char out[CHANGES_TEXT_MAX]) {
    const struct cell *cell = &state->cell;
    switch (field) {
    case CHANGES_WITHDRAWN:
        put_text(out, state->withdrawn ? "true" : "false");
        break;
    case CHANGES_REPORTED:
        put_day(out, state->reported);
        break;
    case CHANGES_OCCURRED:
        put_day(out, state->occurred);
        break;
    case CHANGES_MUNICIPALITY:
        put_place(out, cell->municipality);
        break;
    case CHANGES_CATEGORIES:
        put_categories(out, cell->categories);
        break;
    case CHANGES_GENDER:
        put_text(out, gender_name((enum gender)cell->gender));
        break;
    case CHANGES_AGE_GROUP:
        put_text(out, age_group_name((enum age_group)cell->age_group));
        break;
    case CHANGES_CITIZENSHIP:
        put_text(out, citizenship_name((enum citizenship)cell->citizenship));
        break;
    case CHANGES_STATUS:
        put_text(out, status_name((enum status)cell->status));
        break;
    default:
        put_text(out, state->person ? "known" : unknown);
        break;
    }
}

bool changes_in(const struct changes_state *before, const struct changes_state *after,
                enum changes_field field) {
    char from[CHANGES_TEXT_MAX], to[CHANGES_TEXT_MAX];
    changes_put(before, field, from);
    changes_put(after, field, to);
    return strcmp(from, to) != 0;
}

bool changes_to_unknown(const struct changes_state *after, enum changes_field field) {
    char text[CHANGES_TEXT_MAX];
    changes_put(after, field, text);
    return strcmp(text, unknown) == 0;
}
