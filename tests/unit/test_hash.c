// SPDX-License-Identifier: EUPL-1.2
// Sealed text: only the key opens it, and only as it was.
#include "base/hash.h"

#include "unit.h"

enum { TEXT_MAX = 300 };

static void key_of(uint8_t byte, struct hash_key *key) {
    memset(key->bytes, byte, sizeof key->bytes);
}

static void sealed_text_comes_back(void **state) {
    (void)state;
    struct hash_key key;
    char text[TEXT_MAX], out[TEXT_MAX];
    key_of(1, &key);
    for (size_t i = 0; i < TEXT_MAX; i++)
        text[i] = (char)(i * 7);
    for (size_t n = 0; n <= TEXT_MAX; n++) {
        struct buf sealed;
        size_t len = 1000;
        buf_init(&sealed, 1000);
        buf_puts(&sealed, "abc"); // it is appended
        hash_seal(&key, (struct str){text, n}, &sealed);
        assert_int_equal(sealed.len, 3 + n + HASH_SEAL_EXTRA);
        assert_memory_equal(sealed.data, "abc", 3);
        assert_true(hash_unseal(&key, (struct str){sealed.data + 3, sealed.len - 3}, out, n, &len));
        assert_int_equal(len, n);
        assert_memory_equal(out, text, n);
        buf_free(&sealed);
    }
}

static void nothing_of_the_text_shows(void **state) {
    (void)state;
    struct hash_key key;
    struct buf one, other;
    const struct str text = STR("https://voorbeeld.nl/?after=2017-03-05&page=12");
    key_of(1, &key);
    buf_init(&one, 1000);
    buf_init(&other, 1000);
    hash_seal(&key, text, &one);
    hash_seal(&key, text, &other);
    assert_int_equal(one.len, other.len);
    assert_memory_not_equal(one.data, other.data, one.len);
    assert_memory_not_equal(one.data + HASH_SEAL_EXTRA, other.data + HASH_SEAL_EXTRA, text.len);
    assert_null(memmem(one.data, one.len, text.data, 5));
    buf_free(&one);
    buf_free(&other);
}

static void another_key_or_a_changed_byte_opens_nothing(void **state) {
    (void)state;
    struct hash_key key, other;
    struct buf sealed;
    char out[64];
    size_t len;
    key_of(1, &key);
    key_of(2, &other);
    buf_init(&sealed, 1000);
    hash_seal(&key, STR("a cursor of a feed"), &sealed);
    assert_true(hash_unseal(&key, buf_str(&sealed), out, sizeof out, &len));
    assert_false(hash_unseal(&other, buf_str(&sealed), out, sizeof out, &len));
    for (size_t i = 0; i < sealed.len; i++)
        for (int bit = 0; bit < 8; bit++) {
            sealed.data[i] = (char)(sealed.data[i] ^ (1 << bit));
            assert_false(hash_unseal(&key, buf_str(&sealed), out, sizeof out, &len));
            sealed.data[i] = (char)(sealed.data[i] ^ (1 << bit));
        }
    for (size_t n = 0; n < sealed.len; n++)
        assert_false(hash_unseal(&key, (struct str){sealed.data, n}, out, sizeof out, &len));
    assert_false(hash_unseal(&key, (struct str){NULL, 0}, out, sizeof out, &len));
    buf_free(&sealed);
}

static void it_is_not_written_past_the_end(void **state) {
    (void)state;
    struct hash_key key;
    struct buf sealed;
    size_t len;
    key_of(1, &key);
    buf_init(&sealed, 1000);
    hash_seal(&key, STR("0123456789"), &sealed);
    for (size_t size = 0; size <= 12; size++) {
        char *out = malloc(size + 1);
        assert_non_null(out);
        memset(out, '!', size + 1);
        assert_int_equal(hash_unseal(&key, buf_str(&sealed), out, size, &len), size >= 10);
        assert_int_equal(out[size], '!');
        free(out);
    }
    buf_free(&sealed);
    buf_init(&sealed, HASH_SEAL_EXTRA + 9); // too small a buffer says so
    hash_seal(&key, STR("0123456789"), &sealed);
    assert_true(sealed.overflow);
    buf_free(&sealed);
}

static int set_up(void **state) {
    (void)state;
    return hash_init() ? 0 : -1;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sealed_text_comes_back),
        cmocka_unit_test(nothing_of_the_text_shows),
        cmocka_unit_test(another_key_or_a_changed_byte_opens_nothing),
        cmocka_unit_test(it_is_not_written_past_the_end),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
