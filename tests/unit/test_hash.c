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

// RFC 4231, test cases 1, 2 and 6; the data in two parts.
static void hmac_of_the_rfc(void **state) {
    (void)state;
    static const char hi[] = "Hi There", jefe[] = "what do ya want for nothing?",
                      large[] = "Test Using Larger Than Block-Size Key - Hash Key First";
    char ones[20], many[131];
    memset(ones, 0x0b, sizeof ones);
    memset(many, 0xaa, sizeof many);
    const struct {
        struct str key, data;
        const char *code;
    } cases[] = {
        {{ones, 20},
         {hi, sizeof hi - 1},
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {STR("Jefe"),
         {jefe, sizeof jefe - 1},
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {{many, 131},
         {large, sizeof large - 1},
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct str parts[] = {{cases[i].data.data, 3},
                                    {cases[i].data.data + 3, cases[i].data.len - 3}};
        uint8_t code[SHA256_BYTES], expected[SHA256_BYTES];
        hash_hmac_sha256(cases[i].key, parts, 2, code);
        assert_true(hash_from_hex(str_from(cases[i].code), expected, sizeof expected));
        assert_memory_equal(code, expected, sizeof code);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hmac_of_the_rfc),
        cmocka_unit_test(sealed_text_comes_back),
        cmocka_unit_test(nothing_of_the_text_shows),
        cmocka_unit_test(another_key_or_a_changed_byte_opens_nothing),
        cmocka_unit_test(it_is_not_written_past_the_end),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
