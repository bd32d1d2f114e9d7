// SPDX-License-Identifier: EUPL-1.2
#include "person_rig.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

static void birth_dates(void **state) {
    (void)state;
    static const char *const forms[] = {
        "1990-05-17",
        "19900517",
        "17-05-1990",
        "17-5-1990",
        "17/05/1990",
        "17/5/1990",
        "17.05.1990",
        "17.5.1990",
        " 1990-05-17 ",
        "17-5-1990 00:00",
        "17-05-1990 0:00:00",
        "1990-05-17T00:00:00",
        "1990-05-17 00:00",
        "1990-05-17 00:00:00.000",
        "1990-05-17T00:00:00Z",
        "1990-05-16T22:00:00Z", // midnight here, told in UTC
        "1990-05-16T22:00:00.000Z",
        "1990-05-17T00:00:00+02:00",
    };
    for (size_t i = 0; i < COUNT(forms); i++)
        if (!are_one(person_of("Jan de Vries", "1990-05-17", NULL, NULL),
                     person_of("Jan de Vries", forms[i], NULL, NULL)))
            fail_msg("%s", forms[i]);
    assert_false(are_one(person_of("Jan de Vries", "1990-05-17", NULL, NULL),
                         person_of("Jan de Vries", "1990-05-18", NULL, NULL)));
    assert_false(are_one(person_of("Jan de Vries", "6-5-1990", NULL, NULL),
                         person_of("Jan de Vries", "5-6-1990", NULL, NULL)));
    assert_true(are_one(person_of("Jan de Vries", "1970-01-05", NULL, NULL),
                        person_of("Jan de Vries", "1970-01-04T23:00:00Z", NULL, NULL)));
}

// The population register's way to say that a day is not known. No day is made of it: who was born
// in a year and is called alike is not one person.
static void days_that_are_not_known(void **state) {
    (void)state;
    static const char *const forms[] = {
        "1990-05-00",       "1990-00-00",
        "0000-00-00",       "19900500",
        "19900000",         "00000000",
        "00-05-1990",       "00-00-1990",
        "0-5-1990",         "00/00/1990",
        "00.00.1990",       "00-00-0000",
        "00-00-1990 00:00", "1990-00-00T00:00:00",
    };
    struct digest none = content(person_of("Jan de Vries", NULL, NULL, NULL)), said;
    for (size_t i = 0; i < COUNT(forms); i++) {
        assert_int_equal(pseudonyms(person_of("Jan de Vries", forms[i], NULL, NULL)).base_count, 0);
        said = content(person_of("Jan de Vries", forms[i], NULL, NULL));
        assert_true(digest_equal(&said, &none));
        assert_int_equal(
            pseudonyms(person_of("Jan de Vries", forms[i], NULL, "2718281828")).base_count, 1);
    }
}

static void nationalities(void **state) {
    (void)state;
    static const struct {
        const char *a, *b;
        bool one;
    } cases[] = {
        {"NG", "nga", true},
        {"NG", " Ng ", true},
        {"Nigeriaanse", "NIGERIAANSE", true},
        {"GR", "EL", true},
        {"GBR", "UK", true},
        {"XK", "XKX", true},
        {"Cura\u00e7aose", "Curacaose", true},
        {"NG", "NE", false},
        {"NG", NULL, false},
        {"NG", "", false},
        {NULL, "onbekend", true},
        {"", "-", true},
        {NULL, "Unknown", true},
        {"NG", "Nigeriaanse", false},
        {"AUS", "AUT", false},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        if (are_one(person_of("Jan de Vries", "1990-05-17", cases[i].a, NULL),
                    person_of("Jan de Vries", "1990-05-17", cases[i].b, NULL)) != cases[i].one)
            fail_msg("%s and %s", cases[i].a ? cases[i].a : "", cases[i].b ? cases[i].b : "");
}

static void v_numbers(void **state) {
    (void)state;
    static const char *const forms[] = {
        "2718281828",        "271.828.1828",         "271 828 1828",
        "271-828-1828",      "V2718281828",          "v 2718281828",
        "V-2718281828",      "V-nummer 2718281828",  "V-nummer: 271.828.1828",
        "vnummer2718281828", "V-NR. 2718281828",     "V nr 2718281828",
        " 2718281828 ",      "V-number: 2718281828",
    };
    struct item_person known = person_of(NULL, NULL, NULL, forms[0]);
    for (size_t i = 0; i < COUNT(forms); i++)
        if (!are_one(known, person_of(NULL, NULL, NULL, forms[i])))
            fail_msg("%s", forms[i]);
    assert_false(are_one(known, person_of(NULL, NULL, NULL, "2718281829")));
    assert_int_equal(pseudonyms(person_of(NULL, NULL, NULL, "onbekend")).base_count, 0);
}

struct fault_case {
    struct item_person person;
    const char *expected; // "pointer:code …"
};

static void note_faults(const struct person_faults *faults, char text[512]) {
    size_t len = 0;
    text[0] = '\0';
    for (size_t i = 0; i < faults->count; i++)
        len += (size_t)snprintf(text + len, 512 - len, "%s%s:%s", i ? " " : "",
                                faults->list[i].pointer, fault_code_name(faults->list[i].code));
}

#define LONG_96                                                                                    \
    "aaaaaaaaaaaaaaaa bbbbbbbbbbbbbbb ccccccccccccccc ddddddddddddddd eeeeeeeeeeeeeee "            \
    "ffffffffffffff "
#define FIVE "\ufdfa,\ufdfa,\ufdfa,\ufdfa,\ufdfa," // each folds to 33 bytes
#define STR_OF(text)                                                                               \
    { text, sizeof text - 1 }
#define NAME(text)                                                                                 \
    {                                                                                              \
        .name = { text, sizeof text - 1 }                                                          \
    }
#define BORN(text)                                                                                 \
    {                                                                                              \
        .birth_date = { text, sizeof text - 1 }                                                    \
    }
#define FROM(text)                                                                                 \
    {                                                                                              \
        .nationality = { text, sizeof text - 1 }                                                   \
    }
#define V(text)                                                                                    \
    {                                                                                              \
        .v_number = { text, sizeof text - 1 }                                                      \
    }

static void every_fault_is_told(void **state) {
    (void)state;
    static const struct fault_case cases[] = {
        {{{NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}}, ""},
        {NAME("Jan"), ""},
        {NAME(LONG_96 "ghijkl"), "/person/name:tooLong"},
        {NAME("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
              "aaaaaaaaaaaaaaaa"),
         "/person/name:tooLong"}, // no room for its end once folded
        {NAME(FIVE FIVE FIVE FIVE "\ufdfa,\ufdfa,\ufdfa,\ufdfa"), "/person/name:tooLong"},
        {NAME("Jan\tde Vries"), "/person/name:badCharacter"},
        {NAME("Jan\0de Vries"), "/person/name:badCharacter"},
        {NAME("Jan \xc3"), "/person/name:badCharacter"},
        {NAME("Jan 123456782"), "/person/name:notAccepted"},
        {NAME("Jansen 739_162_846"), "/person/name:notAccepted"},
        {NAME("73.91.62.84.6"), "/person/name:notAccepted"},
        {FROM("739-162846"), "/person/nationality:notAccepted"},
        {V("0739162846"), "/person/vNumber:notAccepted"},
        {V("V-0 739.162.846"), "/person/vNumber:notAccepted"},
        {NAME("Jan, 1234.56.782 de Vries"), "/person/name:notAccepted"},
        {NAME("Jan 06-12345678, 123456782"), "/person/name:notAccepted"},
        {BORN("1990"), "/person/birthDate:badDate"},
        {BORN("1990-05"), "/person/birthDate:badDate"},
        {BORN("1990-00-17"), "/person/birthDate:badDate"},
        {BORN("1990-13-00"), "/person/birthDate:badDate"},
        {BORN("1990-05-000"), "/person/birthDate:badDate"},
        {BORN("1890-00-00"), "/person/birthDate:badDate"},
        {BORN("0000-05-00"), "/person/birthDate:badDate"},
        {BORN("34020500"), "/person/birthDate:badDate"},
        {BORN("00-05-90"), "/person/birthDate:badDate"},
        {BORN("1990-02-29"), "/person/birthDate:badDate"},
        {BORN("31-04-1990"), "/person/birthDate:badDate"},
        {BORN("05/17/1990"), "/person/birthDate:badDate"},
        {BORN("17-05/1990"), "/person/birthDate:badDate"},
        {BORN("17-05-90"), "/person/birthDate:badDate"},
        {BORN("17-05-1990x"), "/person/birthDate:badDate"},
        {BORN("17-05-1990 25:00"), "/person/birthDate:badDate"},
        {BORN("17-05-1990 00:00 uur"), "/person/birthDate:badDate"},
        {BORN("1990-05-17T"), "/person/birthDate:badDate"},
        {BORN("17 mei 1990"), "/person/birthDate:badDate"},
        {BORN("x"), "/person/birthDate:badDate"},
        {BORN("-"), "/person/birthDate:badDate"},
        {BORN("123456782"), "/person/birthDate:notAccepted"},
        {BORN("1899-12-31"), "/person/birthDate:outOfRange"},
        {BORN("1900-01-01"), ""},
        {BORN("2024-03-01"), ""},
        {BORN("2024-03-02"), "/person/birthDate:outOfRange"},
        {BORN("onbekend"), ""},
        {BORN("1990-05-17\x01"), "/person/birthDate:badCharacter"},
        {FROM("123456782"), "/person/nationality:notAccepted"},
        {FROM("NG\x7f"), "/person/nationality:badCharacter"},
        {FROM(LONG_96 "ghijkl"), "/person/nationality:tooLong"},
        {V("271828182"), "/person/vNumber:badNumber"},
        {V("27182818289"), "/person/vNumber:badNumber"},
        {V("271828182A"), "/person/vNumber:badNumber"},
        {V("271/828/1828"), "/person/vNumber:badNumber"},
        {V("2718281828 V"), "/person/vNumber:badNumber"},
        {V("W2718281828"), "/person/vNumber:badNumber"},
        {V("0000000000"), "/person/vNumber:badNumber"},
        {V("9999999999"), "/person/vNumber:badNumber"},
        {V("V"), "/person/vNumber:badNumber"},
        {V("V-nummer"), "/person/vNumber:badNumber"},
        {V("123456782"), "/person/vNumber:notAccepted"},
        {V("V 123456782"), "/person/vNumber:notAccepted"},
        {V("12.34.56.782"), "/person/vNumber:notAccepted"},
        {{STR_OF("Jan \x01"), STR_OF("x"), STR_OF("123456782"), STR_OF("7")},
         "/person/name:badCharacter /person/birthDate:badDate /person/nationality:notAccepted "
         "/person/vNumber:badNumber"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct person_pseudonyms out;
        struct person_faults faults;
        char text[512];
        struct item_person person = cases[i].person;
        person_pseudonymise(&one_key, &person, today, &out, &faults);
        note_faults(&faults, text);
        if (strcmp(text, cases[i].expected) != 0)
            fail_msg("case %zu: %s, expected %s", i, text, cases[i].expected);
        assert_int_equal(out.base_count, 0); // also beside an attribute that would do
        if (faults.count && !person.v_number.data) {
            person.v_number = STR("2718281828");
            person_pseudonymise(&one_key, &person, today, &out, &faults);
            assert_int_equal(out.base_count, 0);
        }
    }
}

// A day of eight digits may pass the 11-test; so may a part of a V-number.
static void what_only_looks_like_a_bsn(void **state) {
    (void)state;
    size_t passing = 0;
    for (int mday = 1; mday <= 31; mday++) {
        static const int weights[] = {8, 7, 6, 5, 4, 3, 2, -1};
        char compact[9], dashed[11];
        int sum = 0;
        (void)snprintf(compact, sizeof compact, "199005%02d", mday);
        (void)snprintf(dashed, sizeof dashed, "%02d-05-1990", mday);
        for (size_t i = 0; i < COUNT(weights); i++)
            sum += weights[i] * (compact[i] - '0');
        passing += sum % 11 == 0;
        assert_true(are_one(person_of("Jan de Vries", compact, NULL, NULL),
                            person_of("Jan de Vries", dashed, NULL, NULL)));
    }
    assert_true(passing > 0);
    assert_int_equal(pseudonyms(person_of(NULL, NULL, NULL, "1234567820")).base_count, 1);
}

static void what_identifies(void **state) {
    (void)state;
    static const struct {
        const char *name, *born, *from, *v_number;
        unsigned bases;
    } cases[] = {
        {NULL, NULL, NULL, NULL, 0},
        {"Jan de Vries", NULL, NULL, NULL, 0},
        {"Jan de Vries", NULL, "NL", NULL, 0},
        {NULL, "1990-05-17", NULL, NULL, 0},
        {NULL, "1990-05-17", "NL", NULL, 0},
        {NULL, NULL, "NL", NULL, 0},
        {"Jan de Vries", "1990-05-17", NULL, NULL, 1},
        {"Jan de Vries", "1990-05-17", "NL", NULL, 1},
        {NULL, NULL, NULL, "2718281828", 1},
        {"Jan de Vries", NULL, NULL, "2718281828", 1},
        {"onbekend", "1990-05-17", NULL, "2718281828", 1},
        {"Jan de Vries", "1990-05-17", NULL, "2718281828", 2},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct item_person person =
            person_of(cases[i].name, cases[i].born, cases[i].from, cases[i].v_number);
        struct person_pseudonyms out = pseudonyms(person);
        struct digest digest = content(person);
        assert_int_equal(out.base_count, cases[i].bases);
        assert_int_equal(out.key_count, 1);
        assert_int_equal(is_zero(&digest), i == 0);
        for (size_t b = 0; b < PERSON_BASES; b++)
            assert_int_equal(is_zero(&out.list[b][0]), b >= out.base_count);
    }
}

// Each of two ways leads to the same person.
static void either_base_links(void **state) {
    (void)state;
    struct person_pseudonyms both =
        pseudonyms(person_of("Jan de Vries", "1990-05-17", "NL", "2718281828"));
    struct person_pseudonyms number = pseudonyms(person_of(NULL, NULL, NULL, "271.828.1828"));
    struct person_pseudonyms name = pseudonyms(person_of("J. de Vries", "17-5-1990", "NLD", NULL));
    assert_true(digest_equal(&both.list[0][0], &number.list[0][0]));
    assert_true(digest_equal(&both.list[1][0], &name.list[0][0]));
    assert_false(digest_equal(&both.list[0][0], &both.list[1][0]));
}

static void keys_rotate(void **state) {
    (void)state;
    struct item_person person = person_of("Jan de Vries", "1990-05-17", "NL", "2718281828");
    struct person_keys old = {.count = 1}, both = {.count = 2};
    struct person_pseudonyms before, during;
    struct person_faults faults;
    hash_random(old.list[0].key.bytes, HASH_KEY_BYTES);
    hash_random(both.list[0].key.bytes, HASH_KEY_BYTES);
    both.list[1] = old.list[0];
    person_pseudonymise(&old, &person, today, &before, &faults);
    person_pseudonymise(&both, &person, today, &during, &faults);
    assert_int_equal(before.key_count, 1);
    assert_int_equal(during.key_count, 2);
    assert_int_equal(during.base_count, 2);
    for (size_t b = 0; b < PERSON_BASES; b++) {
        assert_true(digest_equal(&during.list[b][1], &before.list[b][0]));
        assert_false(digest_equal(&during.list[b][0], &before.list[b][0]));
        assert_true(is_zero(&before.list[b][1]));
    }
}

static void a_key_has_a_public_name(void **state) {
    (void)state;
    struct person_key a = {.id = 1}, b = {.id = 2};
    hash_random(a.key.bytes, HASH_KEY_BYTES);
    b.key = a.key;
    person_key_name(&a);
    person_key_name(&b);
    assert_int_equal(a.id, b.id);
    b.key.bytes[31] ^= 1;
    person_key_name(&b);
    assert_int_not_equal(a.id, b.id);
    assert_memory_not_equal(&a.id, a.key.bytes, sizeof a.id);
}

// What is on the disk was made so: anything else here would make strangers of all who are known.
static void pseudonyms_are_made_of(void **state) {
    (void)state;
    const struct str number = STR("2718281828");
    const struct str full[] = {STR("j"), STR("vries"), STR("1990-05-17"), STR("nl")};
    const struct str least[] = {{NULL, 0}, STR("vries"), STR("1990-05-17"), {NULL, 0}};
    const struct hash_key *key = &one_key.list[0].key;
    struct digest expected;
    struct person_pseudonyms out =
        pseudonyms(person_of("Jan de Vries", "17-5-1990", "NLD", "V 2718281828"));
    hash_digest(key, "person v-number", &number, 1, &expected);
    assert_true(digest_equal(&out.list[0][0], &expected));
    hash_digest(key, "person name", full, COUNT(full), &expected);
    assert_true(digest_equal(&out.list[1][0], &expected));
    out = pseudonyms(person_of("de Vries", "17-5-1990", "", NULL));
    hash_digest(key, "person name", least, COUNT(least), &expected);
    assert_true(digest_equal(&out.list[0][0], &expected));
}

// Digests of one key are apart from those of another and from each other's domains.
static void content_is_another_digest(void **state) {
    (void)state;
    struct item_person person = person_of("Jan de Vries", "1990-05-17", "NL", NULL);
    struct person_pseudonyms out = pseudonyms(person);
    struct digest a = content(person), b;
    struct hash_key key = one_key.list[0].key;
    assert_false(digest_equal(&a, &out.list[0][0]));
    key.bytes[0] ^= 1;
    person_content(&key, &person, &b);
    assert_false(digest_equal(&a, &b));
    b = content(person_of("Jan de Vries", NULL, "NL", NULL));
    assert_false(digest_equal(&a, &b));
    // Parts do not run into each other.
    a = content(person_of("Jan", NULL, NULL, NULL));
    b = content(person_of(NULL, NULL, "Jan", NULL));
    assert_false(digest_equal(&a, &b));
}

struct stack_run {
    struct item_person person;
    struct person_pseudonyms out;
    struct digest content;
};

static void *run_pseudonyms(void *arg) {
    struct stack_run *run = arg;
    struct person_faults faults;
    person_pseudonymise(&one_key, &run->person, today, &run->out, &faults);
    return NULL;
}

static void *run_content(void *arg) {
    struct stack_run *run = arg;
    person_content(&one_key.list[0].key, &run->person, &run->content);
    return NULL;
}

static bool holds(const char *memory, size_t size, const char *bytes, size_t len) {
    return memmem(memory, size, bytes, len) != NULL;
}

// The whole stack of a thread is looked through afterwards.
static void check_stack(void *(*fn)(void *arg), struct stack_run *run) {
    enum { STACK = 1 << 20 };
    static const char points[] = "x\0\0\0y\0\0\0l\0\0\0o"; // as folding has them under way
    char *stack = aligned_alloc(4096, STACK);
    pthread_attr_t attr;
    pthread_t thread;
    assert_non_null(stack);
    memset(stack, 0, STACK);
    assert_int_equal(pthread_attr_init(&attr), 0);
    assert_int_equal(pthread_attr_setstack(&attr, stack, STACK), 0);
    assert_int_equal(pthread_create(&thread, &attr, fn, run), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    // as it is in memory, also where tools say that a stack which has been left is nobody's
    char *copy = malloc(STACK);
    int memory = open("/proc/self/mem", O_RDONLY);
    assert_non_null(copy);
    assert_int_equal(pread(memory, copy, STACK, (off_t)(uintptr_t)stack), STACK);
    assert_false(holds(copy, STACK, "xylof", 5));
    assert_false(holds(copy, STACK, points, sizeof points - 1));
    assert_false(holds(copy, STACK, "1990-05-17", 10));
    assert_false(holds(copy, STACK, "2718281828", 10));
    (void)close(memory);
    (void)pthread_attr_destroy(&attr);
    free(copy);
    free(stack);
}

static void nothing_plain_stays_on_the_stack(void **state) {
    (void)state;
    struct stack_run run = {person_of("J\u00e4n de XYL\u00d3FONI\u00c6", "17-05-1990",
                                      "Xylofoni\u00ebse", "V 27.18.28.18.28"),
                            {0},
                            {{0}}};
    check_stack(run_pseudonyms, &run);
    check_stack(run_content, &run);
    assert_int_equal(run.out.base_count, 2);
    assert_false(is_zero(&run.content));
}

static void random_attributes_never_crash(void **state) {
    (void)state;
    static const char *const pieces[] = {
        "de ",    "van ",   "'t ", ",",  ", ",       "Jan",        "J.",    "\u0141",
        "\xc3",   "1",      "9",   "0",  "-",        "V",          "heer ", "dr. ",
        "\ufdfa", "\uae40", " ",   "jr", "onbekend", "1990-05-17", "'",     "\x01"};
    uint64_t seed = unit_seed();
    for (size_t round = 0, rounds = unit_rounds(20000); round < rounds; round++) {
        char text[4][120];
        struct item_person person;
        struct str *attributes[] = {&person.name, &person.birth_date, &person.nationality,
                                    &person.v_number};
        for (size_t a = 0; a < 4; a++) {
            size_t len = 0;
            for (uint64_t n = unit_random(&seed) % 24; n; n--) {
                const char *piece = pieces[unit_random(&seed) % COUNT(pieces)];
                if (len + strlen(piece) < sizeof text[a])
                    memcpy(text[a] + len, piece, strlen(piece));
                else
                    break;
                len += strlen(piece);
            }
            *attributes[a] = (struct str){text[a], len};
        }
        struct person_pseudonyms out, again;
        struct person_faults faults;
        struct digest digest;
        person_pseudonymise(&one_key, &person, today, &out, &faults);
        person_pseudonymise(&one_key, &person, today, &again, &faults);
        assert_memory_equal(&out, &again, sizeof out);
        assert_true(out.base_count <= PERSON_BASES && faults.count <= PERSON_FAULTS_MAX);
        assert_true(faults.count == 0 || out.base_count == 0);
        person_content(&one_key.list[0].key, &person, &digest);
        if (out.base_count)
            assert_false(is_zero(&digest));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(birth_dates),
        cmocka_unit_test(days_that_are_not_known),
        cmocka_unit_test(nationalities),
        cmocka_unit_test(v_numbers),
        cmocka_unit_test(every_fault_is_told),
        cmocka_unit_test(what_only_looks_like_a_bsn),
        cmocka_unit_test(what_identifies),
        cmocka_unit_test(either_base_links),
        cmocka_unit_test(keys_rotate),
        cmocka_unit_test(a_key_has_a_public_name),
        cmocka_unit_test(pseudonyms_are_made_of),
        cmocka_unit_test(content_is_another_digest),
        cmocka_unit_test(nothing_plain_stays_on_the_stack),
        cmocka_unit_test(random_attributes_never_crash),
    };
    return cmocka_run_group_tests(tests, person_setup, NULL);
}
