// SPDX-License-Identifier: EUPL-1.2
// The manifest of a backup: it comes back as it was written, and no byte of it can be another one.
#include "codec/manifest.h"

#include "unit.h"

static const struct manifest written = {.made = "2026-11-29T16:17:00.000Z",
                                        .version = "0.1.0",
                                        .ledger = "00112233445566778899aabbccddeeff",
                                        .identity_key = "0123456789abcdef",
                                        .person_key = "0011aabb",
                                        .lines = 12,
                                        .last_seq = INT64_MAX,
                                        .bytes = 40960,
                                        .sha256 = {1, 2, 255}};

static void it_comes_back(void **state) {
    (void)state;
    char bytes[MANIFEST_BYTES];
    struct manifest read;
    struct err err;
    manifest_put(&written, bytes);
    assert_true(manifest_read(bytes, &read, &err));
    assert_memory_equal(&read, &written, sizeof read);
}

// Each bit of each byte; under valgrind one of a byte.
static void no_byte_is_another(void **state) {
    (void)state;
    const size_t bits = MANIFEST_BYTES * 8, apart = getenv("SIGNAALD_SLOW") ? 7 : 1;
    char bytes[MANIFEST_BYTES];
    struct manifest read;
    struct err err;
    for (size_t bit = 0; bit < bits; bit += apart) {
        manifest_put(&written, bytes);
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
        if (manifest_read(bytes, &read, &err) || err.kind != ERR_INPUT)
            fail_msg("byte %zu, bit %zu", bit / 8, bit % 8);
    }
}

// Each begins as a manifest does.
static void what_is_none_is_refused(void **state) {
    (void)state;
    static const char *const texts[] = {"",
                                        "made: x\n",
                                        "made",
                                        "made: 0123456789012345678901234567890123456789\n",
                                        "made: \xff\n",
                                        "signaald backup: 1\n"};
    char bytes[MANIFEST_BYTES];
    struct manifest read;
    struct err err;
    for (size_t i = 0; i < COUNT(texts); i++)
        for (int fill = 0; fill < 256; fill += '\n') {
            memset(bytes, fill, sizeof bytes);
            int n = snprintf(bytes, sizeof bytes, "signaald backup: 1\n%s", texts[i]);
            bytes[n] = (char)fill;
            assert_false(manifest_read(bytes, &read, &err));
            assert_int_equal(err.kind, ERR_INPUT);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_comes_back),
        cmocka_unit_test(no_byte_is_another),
        cmocka_unit_test(what_is_none_is_refused),
    };
    return hash_init() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
