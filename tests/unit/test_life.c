// SPDX-License-Identifier: EUPL-1.2
// Histories at random with everything in them: what sources deliver, in and out of order, in groups
// with erasing, renormalising and expiring; clocks that jump, keys of persons that change,
// restarts, a Kafka that comes late. After each group the ledger must hold what a plain model does,
// and what a consumer makes of the events.
#include "life_overlap.h"

#include <jansson.h>

enum { GROUP_MAX = 3, ITEMS_MAX = 3, KEYS = 8, PARTITIONS_USED = 3 };

static struct sources *life_sources;
static const struct source *life_source[LIFE_SOURCES];
static const char *const source_names[LIFE_SOURCES] = {"amsterdam", "coa"};
static struct tables more_tables = {.references = 1000000};
static bool old_counts_age;

// --- a consumer, as the README tells it ---

struct tally {
    struct counts *counts;
    uint64_t upto;
    struct seen { // a signal
        char name[DIGEST_HEX + 1];
        bool counts;
    } seen[LIFE_SOURCES * LIFE_IDS];
    size_t seen_count;
    bool linked[LIFE_SOURCES * LIFE_IDS][LIFE_SOURCES * LIFE_IDS];
};

// Where old counts lose what they say of victims nobody's are compared by that.
static void count(struct counts *counts, const struct cell *cell, int64_t change) {
    struct cell counted = *cell;
    if (old_counts_age)
        counted.gender = GENDER_UNKNOWN;
    counts_add(counts, &counted, change);
}

static const char *text_of(const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    assert_non_null(text);
    return text;
}

static void count_said(struct tally *tally, const json_t *data, int64_t change) {
    struct cell cell = {0};
    unsigned code = 0, year, month;
    enum source_kind kind;
    enum category category;
    size_t i;
    const json_t *word;
    (void)sscanf(text_of(json_object_get(data, "municipality"), "code"), "GM%4u", &code);
    assert_int_equal(sscanf(text_of(data, "reported"), "%4u-%2u", &year, &month), 2);
    assert_true(
        source_kind_from_name(str_from(text_of(json_object_get(data, "source"), "kind")), &kind));
    cell.municipality = (uint16_t)code;
    cell.month = (uint16_t)((year - 2000) * 12 + month - 1);
    cell.source_kind = (uint8_t)kind;
    json_array_foreach(json_object_get(data, "categories"), i, word) {
        assert_true(category_from_name(str_from(json_string_value(word)), &category));
        cell.categories = (uint16_t)(cell.categories | 1u << category);
    }
    const char *gender = text_of(json_object_get(data, "victim"), "gender");
    while (strcmp(gender, gender_name((enum gender)cell.gender)) != 0)
        cell.gender++;
    count(tally->counts, &cell, change);
}

static size_t seen_at(struct tally *tally, const char *name) {
    size_t i = 0;
    while (i < tally->seen_count && strcmp(tally->seen[i].name, name) != 0)
        i++;
    if (i == tally->seen_count) {
        assert_true(i < COUNT(tally->seen));
        (void)snprintf(tally->seen[tally->seen_count++].name, DIGEST_HEX + 1, "%s", name);
    }
    return i;
}

static void add_links(struct tally *tally, const json_t *data, bool counts) {
    size_t self = seen_at(tally, text_of(data, "signal")), i;
    const json_t *other;
    tally->seen[self].counts = counts;
    for (i = 0; i < COUNT(tally->seen); i++)
        tally->linked[self][i] = tally->linked[i][self] = false;
    json_array_foreach(json_object_get(data, "linked"), i, other) {
        size_t at = seen_at(tally, json_string_value(other));
        tally->linked[self][at] = tally->linked[at][self] = true;
    }
}

static void consume(void *ctx, const struct outbox_entry *entry) {
    const struct ledger_event *line = &entry->event;
    struct tally *tally = ctx;
    json_error_t error;
    json_t *data = json_loadb(line->event.data, line->event.len, 0, &error);
    assert_non_null(data);
    bool counts = json_is_true(json_object_get(data, "counts"));
    if (json_object_get(data, "previous"))
        count_said(tally, json_object_get(data, "previous"), -1);
    if (counts)
        count_said(tally, data, 1);
    add_links(tally, data, counts);
    json_decref(data);
    tally->upto = line->entry.seq;
}

static void reach(const struct tally *tally, size_t from, bool *reached) {
    reached[from] = true;
    for (size_t i = 0; i < tally->seen_count; i++)
        if (tally->seen[i].counts && tally->linked[from][i] && !reached[i])
            reach(tally, i, reached);
}

// Signals that hang together are one person.
static int64_t persons_told(const struct tally *tally) {
    bool reached[COUNT(tally->seen)] = {false};
    int64_t persons = 0;
    for (size_t i = 0; i < tally->seen_count; i++)
        if (tally->seen[i].counts && !reached[i]) {
            persons++;
            reach(tally, i, reached);
        }
    return persons;
}

// --- comparing ---

static void take_cell(void *ctx, const struct cell *cell, int64_t value) {
    count(ctx, cell, value);
}

static void take_counting(void *ctx, const struct cell *cell, int64_t value) {
    if (cell_counts(cell))
        take_cell(ctx, cell, value);
}

static void take_signal(void *ctx, const struct cell *cell, uint64_t person) {
    (void)person;
    count(ctx, cell, 1);
}

struct persons_of {
    uint64_t seen[LIFE_SIGNALS];
    size_t count;
    int64_t persons;
    int gender; // only of this one; -1: all
};

static void take_person(void *ctx, const struct cell *cell, uint64_t person) {
    struct persons_of *of = ctx;
    if (!cell_counts(cell) || (of->gender >= 0 && cell->gender != of->gender))
        return;
    for (size_t i = 0; person && i < of->count; i++)
        if (of->seen[i] == person)
            return;
    if (person)
        of->seen[of->count++] = person;
    of->persons++;
}

static int64_t expected_persons(const struct life *life, int gender) {
    static struct persons_of of;
    of = (struct persons_of){.gender = gender};
    life_each(life, take_person, &of);
    return of.persons;
}

static void assert_persons(const struct life *life, struct ledger *ledger) {
    const struct counts_query by_gender = {.by = {DIM_GENDER}, .by_count = 1};
    struct counts_answer answer;
    counts_run(ledger_counts(ledger), ledger_persons(ledger), tables.municipalities, &by_gender,
               &answer);
    int64_t all = expected_persons(life, -1);
    assert_int_equal(answer.persons, all);
    for (size_t i = 0; !old_counts_age && i < answer.count; i++)
        for (int g = 0; g < GENDER_COUNT; g++)
            if (strcmp(answer.lines[i].labels[0], gender_name((enum gender)g)) == 0) {
                int64_t expected = expected_persons(life, g);
                assert_int_equal(answer.lines[i].persons, expected);
            }
    free(answer.lines);
}

static void assert_as_model(const struct life *life, struct ledger *ledger,
                            const struct tally *consumer) {
    const struct totals *totals = ledger_totals(ledger);
    struct counts *here = counts_create(), *model = counts_create();
    counts_each(ledger_counts(ledger), take_cell, here);
    life_each(life, take_signal, model);
    assert_same_counts(here, model);
    assert_persons(life, ledger);
    assert_overlap(life, ledger, expected_persons(life, -1));
    assert_int_equal(ledger_last_seq(ledger), life->last);
    assert_int_equal(ledger_first_seq(ledger), life->first);
    for (int v = 0; v < VERDICT_COUNT; v++)
        assert_int_equal(totals->verdicts[v], life->verdicts[v]);
    assert_int_equal(totals->remapped, life->remapped);
    assert_int_equal(totals->erased, life->erased);
    assert_int_equal(totals->expired, life->expired);
    if (consumer->upto == life->last && !totals->never_published) {
        struct counts *told = counts_create();
        counts_each(here, take_counting, told);
        assert_same_counts(told, consumer->counts);
        counts_free(told);
        if (life->first == 1) {
            int64_t persons = expected_persons(life, -1);
            assert_int_equal(persons_told(consumer), persons);
        }
    }
    counts_free(here);
    counts_free(model);
}

// --- doing ---

static struct ledger *open_life(const struct life *life) {
    static char now_file[PATH_MAX], before_file[PATH_MAX];
    struct err err;
    (void)snprintf(now_file, sizeof now_file, "%s/person-%d", scratch_dir, life->key);
    (void)snprintf(before_file, sizeof before_file, "%s/person-%d", scratch_dir, life->key - 1);
    struct ledger_options options = {.dir = scratch_dir,
                                     .bytes_max = 64 << 20,
                                     .person_key_file = now_file,
                                     .person_previous_key_file = life->key ? before_file : NULL,
                                     .topic = "signals",
                                     .counts_topic = "signal-counts",
                                     .window_ms = IDENTITY_DAYS * day_ms};
    struct ledger *ledger = ledger_open(&options, &err);
    if (!ledger)
        fail_msg("%s", err.text);
    return ledger;
}

static void put_person(struct buf *out, const struct said *said) {
    int bases[LIFE_BASES];
    if (!said->person)
        return;
    life_bases(said->person, bases);
    buf_puts(out, ",\"person\":{\"nationality\":\"PL\"");
    for (int b = 0; b < LIFE_BASES; b++)
        if (bases[b] > 0)
            buf_printf(out, ",\"name\":\"Eva Jansen\",\"birthDate\":\"1980-01-0%d\"", bases[b]);
        else if (bases[b] < 0)
            buf_printf(out, ",\"vNumber\":\"279012345%d\"", -bases[b]);
    buf_putc(out, '}');
}

static void put_item(struct buf *out, const struct item_said *item) {
    static const char *const places[PLACES] = {NULL, "Weesp", "mokum", "Bergen"};
    static const char *const days[DAYS] = {NULL, "2018-05-05", "2023-05-05"};
    static const char *const words[WORDS] = {NULL, "prostitutie", "Dwang", "iets"};
    const struct said *said = &item->said;
    buf_printf(out, "{\"id\":\"2017-%d\"", item->id);
    if (item->updated_ms) {
        char stamp[TIME_STAMP_MAX];
        time_format_stamp(item->updated_ms, stamp);
        buf_printf(out, ",\"updated\":\"%s\"", stamp);
    }
    if (item->withdrawn)
        buf_puts(out, ",\"withdrawn\":true");
    if (item->bad)
        buf_puts(out, ",\"occurred\":\"?\"");
    if (said->place)
        buf_printf(out, ",\"municipality\":\"%s\"", places[said->place]);
    if (said->day)
        buf_printf(out, ",\"reported\":\"%s\"", days[said->day]);
    if (said->category || said->second)
        buf_printf(out, ",\"categories\":[%s%s%s%s%s]", said->category ? "\"" : "",
                   said->category ? words[said->category] : "", said->category ? "\"" : "",
                   said->category && said->second ? "," : "", said->second ? "\"weet niet\"" : "");
    if (said->gender)
        buf_printf(out, ",\"victim\":{\"gender\":\"%s\"}", said->gender == 1 ? "man" : "vrouw");
    if (said->rejected)
        buf_puts(out, ",\"status\":\"rejected\"");
    put_person(out, said);
    buf_putc(out, '}');
}

static struct item_said pick_item(struct life *life, int by) {
    struct item_said item = {.by = by, .id = (int)life_pick(life, LIFE_IDS)};
    item.said = (struct said){.place = (uint8_t)life_pick(life, PLACES),
                              .day = (uint8_t)life_pick(life, DAYS),
                              .category = (uint8_t)life_pick(life, WORDS),
                              .second = (uint8_t)(life_pick(life, 4) == 0),
                              .gender = (uint8_t)life_pick(life, 3),
                              .rejected = (uint8_t)(life_pick(life, 5) == 0),
                              .person = (uint8_t)life_pick(life, LIFE_PERSONS)};
    // now and then the same again
    const struct life_signal *known = life_known(life, by, item.id);
    if (known && known->told && life_pick(life, 4) == 0)
        item.said = known->said;
    item.withdrawn = life_pick(life, 6) == 0;
    item.stands = !item.withdrawn && life_pick(life, 6) == 0;
    item.bad = !item.withdrawn && life_pick(life, 20) == 0;
    if (life_pick(life, 3) == 0)
        item.updated_ms = now + (int64_t)life_pick(life, 12) * day_ms - 9 * day_ms;
    return item;
}

// A batch under way, with what it must become.
struct deed {
    struct commit_task *task;
    struct delivery *delivery; // a delivery; NULL: one of these
    struct erase_task erase;
    struct expire_task expire;
    struct remap_task remap;
    struct item_said items[ITEMS_MAX];
    size_t count;
};

static bool is_in(const struct item_said *items, size_t count, int id) {
    for (size_t i = 0; i < count; i++)
        if (items[i].id == id)
            return true;
    return false;
}

// Each id is in it once, and what is polled says when.
static void begin_delivery(struct life *life, struct ledger *ledger, struct deed *deed) {
    int by = (int)life_pick(life, LIFE_SOURCES);
    struct delivery_options options = {
        .limits = {.item_bytes_max = 65536, .items_max = ITEMS_MAX, .depth_max = 32},
        .identity_key = ledger_identity_key(ledger),
        .person_keys = ledger_person_keys(ledger)};
    struct buf text;
    buf_init(&text, 8192);
    deed->count = 1 + life_pick(life, ITEMS_MAX);
    bool polled = life_pick(life, 2) == 0;
    for (size_t i = 0; i < deed->count; i++) {
        do
            deed->items[i] = pick_item(life, by);
        while (is_in(deed->items, i, deed->items[i].id));
        if (polled && !deed->items[i].said.day)
            deed->items[i].said.day = 1;
        buf_putc(&text, i ? ',' : '[');
        put_item(&text, &deed->items[i]);
    }
    buf_putc(&text, ']');
    size_t len = text.len;
    deed->delivery =
        delivery_create(life_sources, life_source[by], life->knows_more ? &more_tables : &tables,
                        DECODE_JSON, buf_take(&text), len);
    deed->delivery->received_ms = now;
    if (polled)
        delivery_set_polled(deed->delivery, &(struct feed_record){0});
    delivery_decode(deed->delivery, &options);
    assert_int_equal(deed->delivery->content.item_count, deed->count);
    for (size_t i = 0; i < deed->count; i++)
        if (deed->items[i].stands && !deed->items[i].bad)
            deed->delivery->content.signals[deed->delivery->content.items[i].signal].stands = true;
}

static void begin_erasing(struct life *life, struct ledger *ledger, struct deed *deed) {
    struct item_said *item = &deed->items[0];
    char id[16];
    *item = (struct item_said){.by = (int)life_pick(life, LIFE_SOURCES),
                               .id = (int)life_pick(life, LIFE_IDS)};
    (void)snprintf(id, sizeof id, "2017-%d", item->id);
    deed->erase = (struct erase_task){
        .task.run = ledger_erase, .tables = &tables, .publishing = life->publishing};
    deed->task = &deed->erase.task;
    normalise_identity(ledger_identity_key(ledger), str_from(source_names[item->by]), str_from(id),
                       &deed->erase.identity);
}

static void begin_deed(struct life *life, struct ledger *ledger, struct deed *deed) {
    *deed = (struct deed){.count = 0};
    switch (life_pick(life, 30)) {
    case 0:
    case 1:
        begin_erasing(life, ledger, deed);
        break;
    case 2:
    case 3:
        deed->expire = (struct expire_task){.task.run = ledger_expire,
                                            .retention = &ages,
                                            .now_ms = now,
                                            .publishing = life->publishing};
        deed->task = &deed->expire.task;
        break;
    case 4:
        deed->remap = (struct remap_task){.task.run = ledger_remap,
                                          .tables = life->knows_more ? &more_tables : &tables,
                                          .sources = life_sources};
        deed->task = &deed->remap.task;
        break;
    default:
        begin_delivery(life, ledger, deed);
        deed->task = &deed->delivery->task;
    }
}

static void check_deed(struct life *life, const struct deed *deed) {
    if (deed->task == &deed->erase.task) {
        life_erase(life, deed->items[0].by, deed->items[0].id);
    } else if (deed->task == &deed->expire.task) {
        assert_false(deed->expire.more);
        life_expire(life);
    } else if (deed->task == &deed->remap.task) {
        assert_int_equal(deed->remap.next, 0);
        life_remap(life);
    } else {
        for (size_t i = 0; i < deed->count; i++) {
            uint32_t version;
            enum verdict verdict = life_take(life, &deed->items[i], &version);
            assert_int_equal(deed->delivery->content.items[i].verdict, verdict);
            assert_int_equal(deed->delivery->content.items[i].version, version);
        }
    }
}

// Kafka confirms some of what it has been sent, in order within a partition.
static void confirm_some(struct life *life, struct ledger_group *group) {
    struct ledger_confirmed *confirmed = &group->confirmed[LEDGER_EVENTS];
    size_t partition = life_pick(life, PARTITIONS_USED + 1); // the last: all of them
    uint64_t upto = life->first + life_pick(life, life->last + 1);
    confirmed->acks = calloc(life->last + 1, sizeof *confirmed->acks);
    for (uint64_t seq = life->first; seq <= upto && seq <= life->sent; seq++) {
        const struct life_line *line = &life->lines[seq];
        size_t at = life->signals[line->signal].key % PARTITIONS_USED;
        if (line->waits && (partition == PARTITIONS_USED || at == partition))
            confirmed->acks[confirmed->ack_count++] =
                (struct publish_ack){.seq = seq, .partition = (int32_t)at, .offset = (int64_t)seq};
    }
}

static void do_group(struct life *life, struct ledger *ledger) {
    struct deed deeds[GROUP_MAX];
    struct ledger_group group = {.err = {0}};
    size_t count = 1 + life_pick(life, GROUP_MAX);
    struct commit_task **end = &group.tasks;
    for (size_t i = 0; i < count; i++) {
        begin_deed(life, ledger, &deeds[i]);
        *end = deeds[i].task;
        end = &deeds[i].task->next;
    }
    if (life->publishing && life_pick(life, 3) == 0)
        confirm_some(life, &group);
    commit_group(ledger, &group);
    for (size_t i = 0; i < count; i++) {
        check_deed(life, &deeds[i]);
        delivery_free(deeds[i].delivery);
    }
    for (size_t i = 0; i < group.confirmed[LEDGER_EVENTS].ack_count; i++) // behind the batches
        life->lines[group.confirmed[LEDGER_EVENTS].acks[i].seq].waits = false;
    ledger_group_free(&group);
}

static void move_clock(struct life *life) {
    uint64_t turn = life_pick(life, 80);
    if (turn == 0) // somebody has set it; by what sources say 2023 is over
        now =
            now - start_ms > 300 * day_ms ? now - (int64_t)life_pick(life, 300) * day_ms : start_ms;
    else if (turn == 1)
        now += 150 * day_ms;
    else
        now += (int64_t)life_pick(life, (uint64_t)day_ms * 2);
}

// A group of nothing but duplicates and refusals is not written.
static void forget_unwritten(struct life *life, const struct ledger *ledger) {
    static const enum verdict unwritten[] = {VERDICT_DUPLICATE, VERDICT_REFUSED};
    for (size_t i = 0; i < COUNT(unwritten); i++) {
        uint64_t kept = ledger_totals(ledger)->verdicts[unwritten[i]];
        assert_true(kept <= life->verdicts[unwritten[i]]);
        life->verdicts[unwritten[i]] = kept;
    }
}

static void live(struct life *life, int turns) {
    static struct tally consumer;
    struct ledger *ledger = open_life(life);
    consumer = (struct tally){.counts = counts_create()};
    for (int turn = 0; turn < turns; turn++) {
        move_clock(life);
        life->publishing = life->publishing || life_pick(life, (uint64_t)turns) == 0;
        life->knows_more = life->knows_more || life_pick(life, 60) == 0;
        do_group(life, ledger);
        if (life->publishing)
            each_unpublished(ledger, LEDGER_EVENTS, consumer.upto, consume, &consumer);
        life->sent = consumer.upto;
        assert_as_model(life, ledger, &consumer);
        if (turn % 8 == 0)
            assert_books_whole(ledger, turn % 3 ? 0 : 4);
        if (life_pick(life, 40) == 0) {
            life->key += life->key < KEYS - 1 && life_pick(life, 2);
            ledger_close(ledger);
            ledger = open_life(life);
            forget_unwritten(life, ledger);
            assert_as_model(life, ledger, &consumer);
        }
    }
    assert_books_whole(ledger, 0);
    ledger_close(ledger);
    counts_free(consumer.counts);
}

static void whatever_happens_it_is_as_the_model(void **state) {
    static struct life life;
    uint64_t seed = unit_seed();
    for (size_t i = 0, rounds = 1 + unit_rounds(11); i < rounds; i++) {
        life = (struct life){.random = unit_random(&seed), .first = 1, .publishing = i % 2};
        old_counts_age = i % 4 == 3;
        ages.cells_ms = (old_counts_age ? CELLS_DAYS : 100000) * day_ms;
        for (int key = 0; key < KEYS; key++) {
            char name[16], bytes[32];
            (void)snprintf(name, sizeof name, "person-%d", key);
            memset(bytes, 'a' + key, sizeof bytes);
            scratch_write_bytes(name, bytes, sizeof bytes, 0600);
        }
        live(&life, 200);
        assert_int_equal(scratch_teardown(state), 0);
        assert_int_equal(test_set_up(state), 0);
    }
}

// --- tables and sources ---

static void load_more_tables(void) {
    struct err err;
    struct buf rows = tables_read(SOURCE_DIR "/conf/municipalities.csv");
    struct buf names = tables_read(SOURCE_DIR "/conf/name-variants.csv");
    names.max += TEXT;
    buf_puts(&names, "\nMokum,GM0363\n");
    more_tables.municipalities =
        municipalities_load(buf_str(&rows), "municipalities", buf_str(&names), "variants", &err);
    more_tables.categories =
        categories_load(STR("word,code\nprostitutie,SexualExploitation\ndwang,ForcedLabour\n"
                            "iets,Servitude\nweet niet,Unknown\n"),
                        "categories", &err);
    more_tables.allowlist = allowlist_load(STR("iets\n"), "allowlist", &err);
    assert_true(more_tables.municipalities && more_tables.categories && more_tables.allowlist);
    buf_free(&rows);
    buf_free(&names);
}

static int set_up_life(void **state) {
    char file[PATH_MAX];
    struct diagnostics faults;
    if (set_up(state) != 0 || scratch_setup(state) != 0)
        return -1;
    load_more_tables();
    scratch_write(
        "sources.csv",
        "name,kind,municipality,person\namsterdam,municipality,GM0363,yes\ncoa,coa,,yes\n", 0644);
    (void)snprintf(file, sizeof file, "%s", scratch_path("sources.csv"));
    const struct config config = {.sources_file = file};
    diagnostics_init(&faults);
    life_sources = sources_load(&config, &faults);
    diagnostics_free(&faults);
    for (int i = 0; life_sources && i < LIFE_SOURCES; i++)
        life_source[i] = sources_find(life_sources, str_from(source_names[i]));
    return life_sources ? scratch_teardown(state) : -1;
}

static int tear_down_life(void **state) {
    sources_unref(life_sources);
    municipalities_free(more_tables.municipalities);
    categories_free(more_tables.categories);
    allowlist_free(more_tables.allowlist);
    return tear_down(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(
        whatever_happens_it_is_as_the_model, test_set_up, scratch_teardown)};
    return cmocka_run_group_tests(tests, set_up_life, tear_down_life);
}
