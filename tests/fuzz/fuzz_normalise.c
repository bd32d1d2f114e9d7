// SPDX-License-Identifier: EUPL-1.2
// Native JSON or NDJSON through the real tables to ledger lines and events, as a commit does it:
// what is refused is refused each time, and what is kept is whole, comes back from the disk as it
// was, and holds no identifier. The first byte chooses format and source.
#include "base/mem.h"
#include "base/pii/scrub.h"
#include "codec/decode.h"
#include "codec/event.h"
#include "codec/record.h"
#include "core/normalise/normalise.h"
#include "core/signal/dedup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TABLE_BYTES_MAX = 16 << 20, RECEIVED_DAY = 20000 }; // 2024-10-04
static const int64_t received_ms = RECEIVED_DAY * INT64_C(86400000) + 36000000;

// What a source is, by the first byte.
static const struct origin {
    const char *name;
    enum source_kind kind;
    uint16_t municipality;
} origins[] = {{"gm0193-zwolle", SOURCE_MUNICIPALITY, 193},
               {"coa", SOURCE_COA, 0},
               {"gm0140-litterseradiel", SOURCE_MUNICIPALITY, 140},
               {"fairwork", SOURCE_NGO, 0}};

#define REQUIRE(holds)                                                                             \
    do {                                                                                           \
        if (!(holds)) {                                                                            \
            (void)fprintf(stderr, "line %d: %s\n", __LINE__, #holds);                              \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static struct world {
    struct municipalities *municipalities;
    struct categories *categories;
    struct display_allowlist *allowlist;
    struct hash_key identity_key;
    struct person_keys person_keys;
} world;

static struct buf read_table(const char *path) {
    struct buf text;
    struct err err;
    if (!str_read_file(path, TABLE_BYTES_MAX, &text, &err)) {
        (void)fprintf(stderr, "%s\n", err.text);
        abort();
    }
    return text;
}

static void load_world(void) {
    struct err err;
    struct buf places = read_table(SOURCE_DIR "/conf/municipalities.csv");
    struct buf variants = read_table(SOURCE_DIR "/conf/name-variants.csv");
    struct buf words = read_table(SOURCE_DIR "/conf/categories.csv");
    struct buf allowlist = read_table(SOURCE_DIR "/conf/display-allowlist.txt");
    REQUIRE(hash_init());
    world.municipalities =
        municipalities_load(buf_str(&places), "places", buf_str(&variants), "variants", &err);
    world.categories = categories_load(buf_str(&words), "words", &err);
    world.allowlist = allowlist_load(buf_str(&allowlist), "allowlist", &err);
    REQUIRE(world.municipalities && world.categories && world.allowlist);
    memset(&world.identity_key, 7, sizeof world.identity_key);
    world.person_keys.count = PERSON_KEYS_MAX;
    for (size_t i = 0; i < PERSON_KEYS_MAX; i++) {
        memset(&world.person_keys.list[i].key, (int)i + 1, sizeof world.person_keys.list[i].key);
        person_key_name(&world.person_keys.list[i]);
    }
    buf_free(&places);
    buf_free(&variants);
    buf_free(&words);
    buf_free(&allowlist);
}

// The line before this one, if there is any.
struct run {
    struct normalise_context context;
    struct ledger_entry entry;
    bool has_row;
};

static bool same_result(const struct normalise_result *a, const struct normalise_result *b,
                        size_t words) {
    bool same = a->fault_count == b->fault_count;
    for (size_t i = 0; same && i < a->fault_count; i++)
        same = a->faults[i].code == b->faults[i].code &&
               strcmp(a->faults[i].pointer, b->faults[i].pointer) == 0;
    for (size_t i = 0; same && i < words; i++)
        same = strcmp(a->words[i].view.shown, b->words[i].view.shown) == 0 &&
               a->words[i].view.letters == b->words[i].view.letters;
    return same && a->municipality_unknown == b->municipality_unknown;
}

static void check_cell(const struct signal *signal) {
    const struct cell *cell = &signal->cell;
    REQUIRE(cell->categories > 0 && cell->categories < 1 << CATEGORY_COUNT);
    REQUIRE(cell->municipality == 0 ||
            municipalities_by_code(world.municipalities, cell->municipality));
    REQUIRE(signal->municipality_today == 0 ||
            municipalities_by_code(world.municipalities, signal->municipality_today));
    REQUIRE(cell->month == time_month_of_day(signal->reported) - 2000 * 12);
    REQUIRE(signal->reported >= SIGNAL_DAY_MIN && signal->reported <= RECEIVED_DAY + 1);
    REQUIRE(cell->gender < GENDER_COUNT && cell->age_group < AGE_COUNT);
    REQUIRE(cell->citizenship < CITIZENSHIP_COUNT && cell->status < STATUS_COUNT);
    REQUIRE(cell->source_kind < SOURCE_KIND_COUNT && cell->reserved == 0);
}

static void check_kept(const struct run *run, const struct signal *signal,
                       const struct normalise_result *result) {
    struct str id = {signal->id, signal->id_len};
    char pseudonym[DIGEST_HEX + 1];
    digest_to_hex(&signal->identity, pseudonym);
    REQUIRE(id.len > 0 && id.len <= SIGNAL_ID_MAX && str_is_clean_utf8(id));
    REQUIRE(str_is(id, pseudonym) ||
            (scrub_is_case_number(id, run->context.source) && !scrub_holds(id)));
    REQUIRE(signal->person.base_count <= PERSON_BASES);
    REQUIRE(signal->unknown_count <= SIGNAL_UNKNOWN_MAX);
    for (size_t i = 0; i < signal->unknown_count; i++) {
        struct str shown = str_from(result->words[i].view.shown);
        REQUIRE(shown.len <= ALLOWLIST_SHOWN_MAX && !scrub_holds(shown));
    }
}

// But for the signal's own number, which is random and may look like anything.
static void check_event(struct str event, const struct digest *identity) {
    char number[DIGEST_HEX + 1];
    digest_to_hex(identity, number);
    const char *at = memmem(event.data, event.len, number, DIGEST_HEX);
    REQUIRE(at);
    size_t before = (size_t)(at - event.data), behind = before + DIGEST_HEX;
    REQUIRE(!scrub_holds((struct str){event.data, before}));
    REQUIRE(!scrub_holds((struct str){event.data + behind, event.len - behind}));
}

static void check_record(const struct ledger_entry *entry, struct str event) {
    struct buf record, again;
    struct ledger_entry read;
    struct str read_event;
    buf_init(&record, 1 << 16);
    buf_init(&again, 1 << 16);
    record_put_ledger(&record, entry, event);
    REQUIRE(!record.overflow &&
            record_get_ledger(buf_str(&record), entry->seq, &read, &read_event));
    REQUIRE(str_equal(event, read_event));
    REQUIRE(read.verdict == entry->verdict && read.version == entry->version);
    REQUIRE(memcmp(&read.cell, &entry->cell, sizeof read.cell) == 0);
    REQUIRE(read.reported == entry->reported && read.occurred == entry->occurred);
    REQUIRE(read.updated_ms == entry->updated_ms && read.unknown_said == entry->unknown_said);
    REQUIRE(strcmp(read.id, entry->id) == 0 && strcmp(read.source, entry->source) == 0);
    REQUIRE(read.unknown_count == entry->unknown_count);
    record_put_ledger(&again, &read, read_event);
    REQUIRE(str_equal(buf_str(&record), buf_str(&again)));
    buf_free(&record);
    buf_free(&again);
}

static void commit(struct run *run, const struct signal *signal) {
    const struct ledger_entry *known =
        run->has_row && digest_equal(&run->entry.identity, &signal->identity) ? &run->entry : NULL;
    enum verdict verdict = dedup_classify(known, signal);
    struct dedup_origin origin = {run->context.source, false, received_ms, received_ms + 1};
    struct ledger_entry entry;
    struct event_parts parts;
    struct buf event;
    REQUIRE(verdict != VERDICT_REFUSED && (known || verdict != VERDICT_DUPLICATE));
    if (verdict == VERDICT_DUPLICATE)
        return;
    dedup_entry(known, signal, verdict, run->entry.seq + 1, &origin, &entry);
    buf_init(&event, EVENT_VALUE_MAX);
    event_make_parts(&parts, world.municipalities, &entry, known && known->counts ? known : NULL);
    parts.as_reported = str_from(signal->as_reported);
    event_put_value(&event, &entry, &parts);
    REQUIRE(!event.overflow);
    check_event(buf_str(&event), &signal->identity);
    check_record(&entry, buf_str(&event));
    REQUIRE(dedup_classify(&entry, signal) == VERDICT_DUPLICATE || signal->stands);
    buf_free(&event);
    run->entry = entry;
    run->has_row = true;
}

static void on_item(void *ctx, const struct decode_item *decoded) {
    struct run *run = ctx;
    struct signal signal, again;
    struct normalise_result result, result_again;
    normalise_item(&run->context, &decoded->item, &signal, &result);
    normalise_item(&run->context, &decoded->item, &again, &result_again);
    REQUIRE(result.fault_count <= NORMALISE_FAULTS_MAX);
    REQUIRE(same_result(&result, &result_again, signal.unknown_count));
    REQUIRE(memcmp(&signal, &again, sizeof signal) == 0);
    if (decoded->fault_count || result.fault_count)
        return;
    check_kept(run, &signal, &result);
    check_cell(&signal);
    commit(run, &signal);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!world.allowlist)
        load_world();
    if (size == 0)
        return 0;
    const struct origin *origin = &origins[data[0] / 2 % (sizeof origins / sizeof *origins)];
    struct run run = {.context = {.municipalities = world.municipalities,
                                  .categories = world.categories,
                                  .allowlist = world.allowlist,
                                  .identity_key = &world.identity_key,
                                  .person_keys = &world.person_keys,
                                  .source = str_from(origin->name),
                                  .source_kind = origin->kind,
                                  .source_municipality = origin->municipality,
                                  .received_ms = received_ms}};
    struct decode_options options = {
        .format = data[0] % 2 ? DECODE_NDJSON : DECODE_JSON,
        .limits = {.item_bytes_max = 2048, .items_max = 20, .depth_max = 8}};
    struct decode_result result;
    decode_items((struct str){(const char *)data + 1, size - 1}, &options, on_item, &run, &result);
    return 0;
}
