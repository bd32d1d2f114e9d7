// SPDX-License-Identifier: EUPL-1.2
// Our own form in a table: a column is called as its field. It is read as any table is, so that
// what is told of a polled or imported one is told of a posted one as well. A constant.
#include "codec/mapping.h"

static const struct mapping own_table = {
    .format = MAPPING_CSV,
    .own = true,
    .dates = MAPPING_DATES_DMY,
    .rules = {[MAPPING_ID] = {.from = "id"},
              [MAPPING_REPORTED] = {.from = "reported"},
              [MAPPING_OCCURRED] = {.from = "occurred"},
              [MAPPING_MUNICIPALITY] = {.from = "municipality"},
              [MAPPING_CATEGORY] = {.from = "category"},
              [MAPPING_GENDER] = {.from = "gender"},
              [MAPPING_AGE] = {.from = "age"},
              [MAPPING_AGE_GROUP] = {.from = "ageGroup"},
              [MAPPING_BIRTH_YEAR] = {.from = "birthYear"},
              [MAPPING_CITIZENSHIP] = {.from = "citizenship"},
              [MAPPING_PERSON_NAME] = {.from = "personName"},
              [MAPPING_BIRTH_DATE] = {.from = "birthDate"},
              [MAPPING_NATIONALITY] = {.from = "nationality"},
              [MAPPING_V_NUMBER] = {.from = "vNumber"},
              [MAPPING_CONSENT] = {.from = "consent"},
              [MAPPING_STATUS] = {.from = "status"},
              [MAPPING_WITHDRAWN] = {.from = "withdrawn"},
              [MAPPING_WATERMARK] = {.from = "updated"}},
    .may_be_missing = {[MAPPING_OCCURRED] = true,
                       [MAPPING_PERSON_NAME] = true,
                       [MAPPING_BIRTH_DATE] = true,
                       [MAPPING_NATIONALITY] = true,
                       [MAPPING_V_NUMBER] = true,
                       [MAPPING_CONSENT] = true,
                       [MAPPING_STATUS] = true,
                       [MAPPING_WITHDRAWN] = true,
                       [MAPPING_WATERMARK] = true},
    .absent = {"null", "-"},
    .absent_count = 2,
};

const struct mapping *mapping_own_table(void) {
    return &own_table;
}
