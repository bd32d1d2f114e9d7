// SPDX-License-Identifier: EUPL-1.2
// Any text: finds are in order and inside it, masking leaves none and changes nothing but letters
// and digits to 'x', twice is as once. What is a case number holds no identifier.
#include "base/pii/scrub.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds) {
    if (!holds)
        abort();
}

static void check_masked(struct str text, const char *masked) {
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        bool may_change = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                          (c >= 'a' && c <= 'z') || (unsigned char)c >= 0x80;
        check(masked[i] == c || (may_change && masked[i] == 'x'));
    }
}

static void check_finds(struct str text, const char *masked) {
    size_t begin, end;
    for (size_t from = 0; scrub_find(text, from, &begin, &end) != SCRUB_NONE; from = begin + 1) {
        check(begin >= from && begin < end && end <= text.len);
        for (size_t i = begin; i < end; i++)
            check(!(masked[i] >= '0' && masked[i] <= '9'));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const struct str text = {(const char *)data, size};
    bool held = scrub_holds(text);
    char *masked = malloc(size ? size : 1), *again = malloc(size ? size : 1);
    check(masked && again);
    if (size)
        memcpy(masked, data, size);
    scrub_mask(masked, size);
    if (size)
        memcpy(again, masked, size);
    scrub_mask(again, size);
    check(!scrub_holds((struct str){masked, size}));
    check(size == 0 || memcmp(masked, again, size) == 0);
    check(held == (size && memcmp(masked, data, size) != 0));
    check_masked(text, masked);
    check_finds(text, masked);
    check(!scrub_is_case_number(text, STR("gm0193-zwolle")) || !held);
    free(masked);
    free(again);
    return 0;
}
