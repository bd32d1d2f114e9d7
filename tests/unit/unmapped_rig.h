// SPDX-License-Identifier: EUPL-1.2
// What tests of unknown words share: two sources, tables as they were and with more words, ledger
// to post to and to remap.
#ifndef WORDS_RIG_H
#define WORDS_RIG_H

#include "ingest/delivery.h"
#include "ledger/ledger.h"

#include "core/normalise/normalise.h"
#include "core_tables.h"
#include "scratch.h"

enum { GROUP_ITEMS_MAX = 6000 };
static const int64_t now_ms = 1709204400000; // 2024-02-29T11:00:00Z

static struct sources *sources;
static const struct source *amsterdam, *coa;

static const char old_words[] = "word,code\nprostitutie,SexualExploitation\nonbekend,Unknown\n";
static const char new_words[] =
    "word,code\nprostitutie,SexualExploitation\nonbekend,Unknown\nMobiel banditisme,ForcedLabour\n"
    "sekswerk,SexualExploitation\nweet niet,Unknown\n";
static struct tables old_tables = {.references = 1000000}, new_tables = {.references = 1000000};

static inline struct municipalities *load_municipalities(const char *more_variants) {
    struct err err;
    struct buf rows = tables_read(SOURCE_DIR "/conf/municipalities.csv");
    struct buf names = tables_read(SOURCE_DIR "/conf/name-variants.csv");
    names.max += 1024;
    buf_puts(&names, more_variants);
    struct municipalities *all =
        municipalities_load(buf_str(&rows), "municipalities", buf_str(&names), "variants", &err);
    if (!all)
        fail_msg("%s", err.text);
    buf_free(&rows);
    buf_free(&names);
    return all;
}

static inline void load_tables(struct tables *tables, const char *words,
                               const char *more_variants) {
    struct err err;
    tables->municipalities = load_municipalities(more_variants);
    tables->categories = categories_load(str_from(words), "categories", &err);
    if (!tables->categories)
        fail_msg("%s", err.text);
    tables->allowlist = allowlist_load(STR("mobiel\nbanditisme\ndwang\n"), "allowlist", &err);
    if (!tables->allowlist)
        fail_msg("%s", err.text);
}

static inline void free_tables(struct tables *tables) {
    municipalities_free(tables->municipalities);
    categories_free(tables->categories);
    allowlist_free(tables->allowlist);
}

static inline void load_sources(void) {
    static char file[PATH_MAX];
    struct diagnostics faults;
    diagnostics_init(&faults);
    (void)scratch_setup(NULL);
    scratch_write("sources.csv",
                  "name,kind,municipality\namsterdam,municipality,GM0363\ncoa,coa,\n", 0644);
    (void)snprintf(file, sizeof file, "%s", scratch_path("sources.csv"));
    const struct config config = {.sources_file = file};
    sources = sources_load(&config, &faults);
    if (!sources)
        fail_msg("%.*s", (int)faults.text.len, faults.text.data);
    amsterdam = sources_find(sources, STR("amsterdam"));
    coa = sources_find(sources, STR("coa"));
    diagnostics_free(&faults);
    (void)scratch_teardown(NULL);
}

static inline int load_all(void **state) {
    (void)state;
    load_tables(&old_tables, old_words, "");
    load_tables(&new_tables, new_words,
                "\nMokum,GM0363\n\"Bergen \"\"aan\"\" Zee\",GM0373\n"
                "Oud-Weesp,GM0457\nLittens,GM0140\n");
    load_sources();
    return hash_init() ? 0 : -1;
}

static inline int free_all(void **state) {
    (void)state;
    free_tables(&old_tables);
    free_tables(&new_tables);
    sources_unref(sources);
    return 0;
}

// --- ledger ---

static inline struct ledger *open_ledger(void) {
    struct err err;
    struct ledger_options options = {
        .dir = scratch_dir, .bytes_max = 256 << 20, .topic = "signals", .window_ms = 1LL << 40};
    struct ledger *ledger = ledger_open(&options, &err);
    if (!ledger)
        fail_msg("%s", err.text);
    return ledger;
}

static inline struct delivery *new_batch(const struct source *source, struct tables *tables,
                                         const char *text) {
    struct delivery *delivery =
        delivery_create(sources, source, tables, DECODE_JSON, strdup(text), strlen(text));
    delivery->received_ms = now_ms;
    return delivery;
}

static inline void commit_group(struct ledger *ledger, struct commit_task *tasks) {
    struct ledger_group group = {.tasks = tasks};
    struct delivery_options options = {
        .limits = {.item_bytes_max = 65536, .items_max = GROUP_ITEMS_MAX, .depth_max = 32},
        .identity_key = ledger_identity_key(ledger),
        .person_keys = ledger_person_keys(ledger)};
    for (struct commit_task *task = tasks; task; task = task->next)
        if (task->prepare)
            delivery_decode((struct delivery *)task, &options);
    ledger_commit(ledger, &group, now_ms);
    if (group.err.kind != ERR_NONE)
        fail_msg("%s", group.err.text);
    ledger_apply(ledger, &group);
    group.tasks = NULL;
    ledger_group_free(&group);
}

static inline enum verdict post(struct ledger *ledger, const struct source *source,
                                struct tables *tables, const char *text) {
    struct delivery *delivery = new_batch(source, tables, text);
    commit_group(ledger, &delivery->task);
    assert_true(delivery->content.item_count > 0);
    enum verdict verdict = delivery->content.items[delivery->content.item_count - 1].verdict;
    delivery_free(delivery);
    return verdict;
}

static inline struct remap_task piece(struct ledger *ledger, struct tables *tables, bool dry_run,
                                      uint64_t from, uint64_t upto) {
    struct remap_task delivery = {.task.run = ledger_remap, .tables = tables, .sources = sources};
    delivery.dry_run = dry_run;
    delivery.from = from;
    delivery.upto = upto;
    commit_group(ledger, &delivery.task);
    struct remap_task result = delivery;
    return result;
}

// All pieces; `pieces`: how many there were.
static inline struct remap_task remap(struct ledger *ledger, struct tables *tables, bool dry_run,
                                      size_t *pieces) {
    struct remap_task sum = {.from = 0}, one = {.next = 1};
    for (*pieces = 0; one.next; ++*pieces) {
        one = piece(ledger, tables, dry_run, one.next, one.upto);
        sum.looked += one.looked;
        sum.changed += one.changed;
    }
    return sum;
}

static inline void assert_remapped(struct ledger *ledger, struct tables *tables, uint64_t looked,
                                   uint64_t changed) {
    size_t pieces;
    struct remap_task sum = remap(ledger, tables, false, &pieces);
    assert_int_equal(sum.looked, looked);
    assert_int_equal(sum.changed, changed);
}

struct last_line {
    struct ledger_entry entry;
    char event[2048];
};

static inline void keep_line(void *ctx, const struct ledger_event *line) {
    struct last_line *last = ctx;
    last->entry = line->entry;
    assert_true(line->event.len < sizeof last->event);
    memcpy(last->event, line->event.data, line->event.len);
    last->event[line->event.len] = '\0';
}

static inline struct last_line latest(struct ledger *ledger, const struct source *source,
                                      const char *id) {
    struct last_line last;
    struct digest identity;
    normalise_identity(ledger_identity_key(ledger), str_from(source->name), str_from(id),
                       &identity);
    assert_true(ledger_event_at(ledger, ledger_find(ledger, &identity), keep_line, &last));
    return last;
}

static inline void assert_latest(struct ledger *ledger, const struct source *source, const char *id,
                                 unsigned version, unsigned categories, unsigned municipality) {
    struct last_line last = latest(ledger, source, id);
    assert_int_equal(last.entry.version, version);
    assert_int_equal(last.entry.cell.categories, categories);
    assert_int_equal(last.entry.cell.municipality, municipality);
}

struct synonyms {
    struct unmapped_record list[16];
    size_t count;
};

static inline bool keep_word(void *ctx, const struct unmapped_record *word) {
    struct synonyms *words = ctx;
    assert_true(words->count < COUNT(words->list));
    words->list[words->count++] = *word;
    return true;
}

static inline struct synonyms all_words(struct ledger *ledger) {
    struct synonyms words = {.count = 0};
    ledger_each_unmapped(ledger, keep_word, &words);
    assert_int_equal(words.count, ledger_unmapped(ledger));
    return words;
}

static inline void assert_word(const struct unmapped_record *word, const char *source,
                               enum unmapped_field field, const char *shown, unsigned times) {
    assert_string_equal(word->source, source);
    assert_int_equal(word->field, field);
    assert_string_equal(word->view.shown, shown);
    assert_int_equal(word->times, times);
}

#define LEDGER_TEST(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

#endif
