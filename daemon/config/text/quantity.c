// SPDX-License-Identifier: EUPL-1.2
// Numbers with a unit: sizes and durations.
#include "config/text/quantity.h"

struct unit {
    const char *name;
    uint64_t factor;
};

// Largest last, for writing.
static const struct unit plain[] = {{"", 1}};
static const struct unit sizes[] = {{"", 1},
                                    {"B", 1},
                                    {"KiB", 1ULL << 10},
                                    {"MiB", 1ULL << 20},
                                    {"GiB", 1ULL << 30},
                                    {"TiB", 1ULL << 40}};
static const struct unit durations[] = {
    {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};

static const struct {
    const struct unit *list;
    size_t count;
} units[] = {[QUANTITY_PLAIN] = {plain, sizeof plain / sizeof *plain},
             [QUANTITY_SIZE] = {sizes, sizeof sizes / sizeof *sizes},
             [QUANTITY_DURATION] = {durations, sizeof durations / sizeof *durations}};

bool parse_quantity(struct str text, enum quantity_kind kind, uint64_t min, uint64_t max,
                    uint64_t *value) {
    size_t digits = 0;
    while (digits < text.len && text.data[digits] >= '0' && text.data[digits] <= '9')
        digits++;
    struct str unit = {text.data + digits, text.len - digits};
    uint64_t number;
    if (!str_to_u64((struct str){text.data, digits}, UINT64_MAX, &number))
        return false;
    for (size_t i = 0; i < units[kind].count; i++) {
        const struct unit *u = &units[kind].list[i];
        if (!str_is(unit, u->name))
            continue;
        if (number > max / u->factor || number * u->factor < min)
            return false;
        *value = number * u->factor;
        return true;
    }
    return false;
}

void put_quantity(struct buf *out, enum quantity_kind kind, uint64_t value) {
    size_t i = units[kind].count - 1;
    while (i > 0 && (value == 0 || value % units[kind].list[i].factor != 0))
        i--;
    buf_put_u64(out, value / units[kind].list[i].factor);
    buf_puts(out, units[kind].list[i].name);
}
