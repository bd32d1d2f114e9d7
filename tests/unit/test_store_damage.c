// SPDX-License-Identifier: EUPL-1.2
// Random damage to the ledger's file at rest: it is refused and said, or all is there as it was.
// Never a crash, never an empty or an older ledger.
#include "verify_rig.h"

#include "edge/store/store_private.h" // names of tables

#include <errno.h>
#include <sys/wait.h>

enum { PAGE = 4096, FIXED = 220, TURNS = 60, OPENED = 10, REFUSED, WRONG, CHILD_S = 60 };

static struct buf older; // the file some commits before

static uint32_t below(uint64_t *random, size_t n) {
    return (uint32_t)(unit_random(random) % n);
}

static void many(struct ledger *ledger, int from, int upto) {
    struct buf text;
    buf_init(&text, 1 << 20);
    for (int i = from; i < upto; i++)
        buf_printf(&text,
                   "%s{\"id\":\"m%d\",\"reported\":\"20%02d-0%d-01\",\"category\":\"woord%d\",%s}",
                   i > from ? "," : "[", i, 10 + i % 14, 1 + i % 9, i, i % 2 ? PIET : JAN);
    buf_put(&text, "]", 2);
    deliver(ledger, text.data, true);
    buf_free(&text);
}

// Every table has entries; those of the ledger fill pages of every kind.
static struct ledger *make(void) {
    struct err err;
    struct store_txn txn;
    static char large[10000];
    struct ledger *ledger = make_books();
    many(ledger, 0, 400);
    ledger = reopen(ledger);
    store_begin(ledger->store, &txn);
    memset(large, 'l', sizeof large);
    store_put(&txn, STORE_META, STR("large"), (struct str){large, sizeof large});
    commit_damage(&txn);
    many(ledger, 100, 500);
    for (int i = 0; i < 5; i++)
        many(ledger, 500 + i, 501 + i);
    assert_true(str_read_file(scratch_path("data.mdb"), 1 << 24, &older, &err));
    for (int i = 0; i < 5; i++)
        many(ledger, 600 + i, 601 + i);
    return ledger;
}

// --- the other process ---

static struct {
    uint64_t last_seq;
    int64_t count;
} expected;

static int open_and_verify(void) {
    struct err err = {0};
    const struct ledger_options options = {.dir = scratch_dir,
                                           .bytes_max = 64 << 20,
                                           .topic = "signals",
                                           .counts_topic = "signal-counts"};
    struct verify verify = {0};
    struct store *store = store_open_read(scratch_dir, 64 << 20, &err);
    bool whole = store != NULL;
    if (store) {
        store_begin_snapshot(store, &verify.txn);
        verify_run(&verify);
        whole = verify_is_whole(&verify);
        verify_free(&verify);
        store_close(store);
    } else if (err.kind != ERR_DAMAGED) {
        return WRONG;
    }
    struct ledger *ledger = ledger_open(&options, &err);
    if (!ledger)
        return err.kind == ERR_DAMAGED && !whole && err.text[0] ? REFUSED : WRONG + 1;
    bool same = ledger_last_seq(ledger) == expected.last_seq &&
                counts_total(ledger_counts(ledger)) == expected.count;
    many(ledger, 700, 720); // what is written next does not write over anything
    begin_verify(ledger, &verify);
    verify_run(&verify);
    bool still = verify_is_whole(&verify);
    verify_free(&verify);
    ledger_close(ledger);
    return whole && same && still ? OPENED : WRONG + 2;
}

static int outcome(void) {
    int status;
    pid_t child = fork();
    if (child == 0) {
        (void)alarm(CHILD_S);
        _exit(open_and_verify());
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

// --- damages ---

struct file {
    uint8_t *bytes;
    size_t len;
    uint64_t *random;
};

static size_t some_page(const struct file *file) {
    return below(file->random, file->len / PAGE) * PAGE;
}

static void cut(struct file *file) {
    file->len = below(file->random, file->len);
}

static void cut_at_a_page(struct file *file) {
    file->len = some_page(file);
}

static void zero_a_page(struct file *file) {
    memset(file->bytes + some_page(file), 0, PAGE);
}

static void zero_the_end(struct file *file) {
    size_t at = some_page(file);
    memset(file->bytes + at, 0, file->len - at);
}

static void fill_a_page(struct file *file) {
    uint8_t *page = file->bytes + some_page(file);
    for (size_t i = 0; i < PAGE; i++)
        page[i] = (uint8_t)unit_random(file->random);
}

static void swap_pages(struct file *file) {
    uint8_t page[PAGE], *a = file->bytes + some_page(file), *b = file->bytes + some_page(file);
    memcpy(page, a, PAGE);
    memmove(a, b, PAGE);
    memcpy(b, page, PAGE);
}

static void flip_bits(struct file *file) {
    for (uint32_t i = 1 + below(file->random, 3); i > 0; i--)
        file->bytes[below(file->random, file->len)] ^= (uint8_t)(1 << below(file->random, 8));
}

// Of the numbers by which LMDB finds its way.
static void flip_a_head(struct file *file) {
    file->bytes[some_page(file) + below(file->random, 64)] ^=
        (uint8_t)(1 << below(file->random, 8));
}

static void flip_the_beginning(struct file *file) {
    size_t page = below(file->random, 2) * PAGE;
    file->bytes[page + below(file->random, 152)] ^= (uint8_t)(1 << below(file->random, 8));
}

static void put_an_old_page_back(struct file *file) {
    size_t at = some_page(file);
    if (at + PAGE <= older.len)
        memcpy(file->bytes + at, older.data + at, PAGE);
}

static void put_many_old_pages_back(struct file *file) {
    for (int i = 0; i < 8; i++)
        put_an_old_page_back(file);
}

static void write_elsewhere(struct file *file) {
    size_t from = below(file->random, file->len - 512), to = below(file->random, file->len - 512);
    memmove(file->bytes + to, file->bytes + from, 512);
}

static void write_a_number(struct file *file) {
    static const uint64_t numbers[] = {0, 1, 2, 255, 65535, UINT32_MAX, INT64_MAX, UINT64_MAX};
    size_t at = below(file->random, file->len / 8) * 8;
    memcpy(file->bytes + at, &numbers[below(file->random, COUNT(numbers))], 8);
}

static void damage(uint64_t *random, size_t *refused, size_t *opened) {
    static void (*const kinds[])(struct file *) = {cut,
                                                   cut_at_a_page,
                                                   zero_a_page,
                                                   zero_the_end,
                                                   fill_a_page,
                                                   flip_bits,
                                                   swap_pages,
                                                   flip_a_head,
                                                   flip_the_beginning,
                                                   put_an_old_page_back,
                                                   flip_bits,
                                                   flip_a_head,
                                                   put_many_old_pages_back,
                                                   write_elsewhere,
                                                   write_a_number};
    uint64_t seed = *random;
    size_t kind = below(random, COUNT(kinds));
    struct file file = {malloc(saved[0].bytes.len), saved[0].bytes.len, random};
    assert_non_null(file.bytes);
    memcpy(file.bytes, saved[0].bytes.data, file.len);
    kinds[kind](&file);
    (void)unlink(scratch_path("lock.mdb"));
    put_back();
    scratch_write_bytes("data.mdb", file.bytes, file.len, 0600);
    int came = outcome();
    free(file.bytes);
    *refused += came == REFUSED;
    *opened += came == OPENED;
    if (came != REFUSED && came != OPENED)
        fail_msg("kind %zu, SIGNAALD_SEED=%llu: %d", kind, (unsigned long long)seed, came);
}

static void damage_is_refused_or_does_no_harm(void **state) {
    (void)state;
    size_t refused = 0, opened = 0;
    struct ledger *ledger = make();
    expected.last_seq = ledger_last_seq(ledger);
    expected.count = counts_total(ledger_counts(ledger));
    save(ledger);
    assert_int_equal(outcome(), OPENED);
    uint64_t random = unit_seed();
    for (size_t i = 0; i < unit_rounds(TURNS); i++)
        damage(&random, &refused, &opened);
    const size_t fixed = unit_rounds(FIXED);
    for (uint64_t seed = 1; seed <= fixed; seed++) {
        random = seed;
        damage(&random, &refused, &opened);
    }
    assert_true(refused > fixed / 2 && opened > 0); // else they are not what they are called
    forget_saved();
    buf_free(&older);
}

// The last commit but one, when it passes for the last: all else in it is whole.
static void an_older_commit_is_named(void **state) {
    (void)state;
    enum { NUMBER_AT = 144 };
    struct err err;
    uint64_t numbers[2];
    save(make());
    char *bytes = saved[0].bytes.data;
    for (int i = 0; i < 2; i++)
        memcpy(&numbers[i], bytes + i * PAGE + NUMBER_AT, sizeof numbers[i]);
    int last = numbers[0] < numbers[1];
    uint64_t next = numbers[last] + 1;
    memcpy(bytes + !last * PAGE + NUMBER_AT, &next, sizeof next);
    put_back();
    assert_null(store_open(scratch_dir, 64 << 20, NULL, &err));
    assert_int_equal(err.kind, ERR_DAMAGED);
    assert_non_null(strstr(err.text, "another commit than the last"));
    forget_saved();
    buf_free(&older);
}

// --- a value ---

static bool take_one(void *ctx, struct str key, struct str value) {
    struct buf *node = ctx;
    uint32_t size = (uint32_t)value.len;
    uint16_t flags = 0, key_size = (uint16_t)key.len;
    buf_init(node, 1 << 16);
    buf_put(node, &size, sizeof size);
    buf_put(node, &flags, sizeof flags);
    buf_put(node, &key_size, sizeof key_size);
    buf_put_str(node, key);
    buf_put_str(node, value);
    return false;
}

static void flip_the_last_bit_of(const struct buf *node) {
    char *at = saved[0].bytes.data, *end = at + saved[0].bytes.len;
    while ((at = memmem(at, (size_t)(end - at), node->data, node->len))) {
        at += node->len;
        at[-1] ^= 1;
    }
}

// LMDB would not notice, and of most the ledger would not either.
static void damage_in_an_entry_of_each_table_is_named(void **state) {
    (void)state;
    struct err err;
    struct store_txn txn;
    size_t tables_seen = 0;
    save(make());
    for (int i = 0; i < STORE_TABLES; i++) {
        if (i == STORE_AUDIT) // has a chain: test_audit_tamper.c
            continue;
        struct buf node = {0};
        struct store *store = store_open_read(scratch_dir, 64 << 20, &err);
        assert_non_null(store);
        store_begin_read(store, &txn);
        store_each(&txn, (enum store_table)i, take_one, &node);
        store_abort(&txn);
        store_close(store);
        if (!node.len)
            continue;
        tables_seen++;
        flip_the_last_bit_of(&node);
        put_back();
        assert_null(store_open(scratch_dir, 64 << 20, NULL, &err));
        assert_int_equal(err.kind, ERR_DAMAGED);
        if (!strstr(err.text, store_table_kinds[i].name) && i != STORE_EXPIRED_COUNTS) // as counts
            fail_msg("%s: %s", store_table_kinds[i].name, err.text);
        node.data[node.len - 1] ^= 1;
        flip_the_last_bit_of(&node);
        put_back();
        buf_free(&node);
    }
    assert_true(tables_seen >= 11);
    forget_saved();
    buf_free(&older);
}

int main(void) {
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, test_set_up, scratch_teardown)
    const struct CMUnitTest tests[] = {
        TEST(damage_is_refused_or_does_no_harm),
        TEST(an_older_commit_is_named),
        TEST(damage_in_an_entry_of_each_table_is_named),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
