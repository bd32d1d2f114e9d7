// SPDX-License-Identifier: EUPL-1.2
// What holds of normalising whatever comes in, tried on random items: of words that the tables have
// in any mixture, and of bytes that mean nothing.
#include "core/normalise/normalise.h"

#include "core/cube/counts.h"

#include "core_tables.h"

enum {
    ITEMS = 5000,
    SPELLINGS_MAX = 4096,
    MS_PER_DAY = 86400000,
    DAY_2005 = 12784,
    DAYS = 8000, // to 2026
    TEXT_MAX = 160,
    FIELDS = 18 + SIGNAL_CATEGORIES_MAX, // of struct item, categories apart
};

struct world {
    struct municipalities *municipalities;
    struct categories *categories;
    struct display_allowlist *allowlist;
    struct persons *persons;
    struct hash_key key;
    struct normalise_context context;
    char *spellings[SPELLINGS_MAX]; // of municipalities
    size_t spelling_count;
    char *words[SPELLINGS_MAX]; // of categories
    size_t word_count;
    uint64_t random;
};

static void on_spelling(void *ctx, const char *spelling) {
    struct world *w = ctx;
    assert_true(w->spelling_count < SPELLINGS_MAX);
    w->spellings[w->spelling_count++] = strdup(spelling);
}

static void on_word(void *ctx, struct str word, enum category code) {
    struct world *w = ctx;
    (void)code;
    assert_true(w->word_count < SPELLINGS_MAX);
    w->words[w->word_count++] = strndup(word.data, word.len);
}

static int set_up(void **state) {
    static struct world w;
    assert_true(hash_init());
    w.municipalities = tables_municipalities();
    w.categories = tables_categories();
    w.allowlist = tables_display_allowlist();
    w.persons = persons_create();
    memset(w.key.bytes, 7, sizeof w.key.bytes);
    municipalities_each_spelling(w.municipalities, on_spelling, &w);
    categories_each(w.categories, on_word, &w);
    w.context = (struct normalise_context){.municipalities = w.municipalities,
                                           .categories = w.categories,
                                           .allowlist = w.allowlist,
                                           .identity_key = &w.key,
                                           .person_keys = tables_person_keys(),
                                           .source = STR("amsterdam")};
    w.random = unit_seed();
    *state = &w;
    return 0;
}

static int tear_down(void **state) {
    struct world *w = *state;
    for (size_t i = 0; i < w->spelling_count; i++)
        free(w->spellings[i]);
    for (size_t i = 0; i < w->word_count; i++)
        free(w->words[i]);
    municipalities_free(w->municipalities);
    categories_free(w->categories);
    allowlist_free(w->allowlist);
    persons_free(w->persons);
    return 0;
}

static size_t below(struct world *w, size_t bound) {
    return (size_t)(unit_random(&w->random) % bound);
}

#define PICK(w, list) str_from((list)[below(w, COUNT(list))])

// Any source on any day.
static void pick_context(struct world *w) {
    size_t own = below(w, municipalities_count(w->municipalities) * 2);
    struct normalise_context *context = &w->context;
    context->source_kind = (enum source_kind)below(w, SOURCE_KIND_COUNT);
    context->source_municipality = own < municipalities_count(w->municipalities)
                                       ? municipalities_at(w->municipalities, own)->code
                                       : 0;
    context->received_ms =
        (int64_t)(DAY_2005 + below(w, DAYS)) * MS_PER_DAY + (int64_t)below(w, MS_PER_DAY);
}

// The texts of an item, one a field.
struct texts {
    char list[FIELDS][TEXT_MAX];
    size_t used;
};

static struct str keep(struct texts *texts, const char *text) {
    assert_true(texts->used < FIELDS);
    char *out = texts->list[texts->used++];
    (void)snprintf(out, TEXT_MAX, "%s", text);
    return str_from(out);
}

static struct str keep_date(struct texts *texts, int32_t day) {
    char text[TIME_DATE_MAX];
    time_format_date(day, text);
    return keep(texts, text);
}

// A day from 2000 on, up to the one after `received`; often near a merger.
static struct str pick_day(struct world *w, struct texts *texts) {
    static const char *const days[] = {"2000-01-01", "2015-06-30", "2015-07-01",
                                       "2017-12-31", "2018-01-01", "2018-12-31",
                                       "2019-01-01", "2022-03-23", "2022-03-24"};
    int32_t received = time_amsterdam_day(w->context.received_ms), day;
    struct str text = PICK(w, days);
    assert_true(time_parse_date(text, &day));
    if (below(w, 2) || day > received)
        day = SIGNAL_DAY_MIN + (int32_t)below(w, (size_t)(received + 2 - SIGNAL_DAY_MIN));
    return keep_date(texts, day);
}

static struct str pick_category(struct world *w) {
    static const char *const others[] = {"mensensmokkel", "", " ", "seksuele", "Jan Jansen"};
    return below(w, 8) ? str_from(w->words[below(w, w->word_count)]) : PICK(w, others);
}

static struct str pick_municipality(struct world *w) {
    static const char *const others[] = {"Atlantis", "", "bergen", "GM9999", "onbekend"};
    return below(w, 8) ? str_from(w->spellings[below(w, w->spelling_count)]) : PICK(w, others);
}

// Each of its fields is good, or a word that no table has.
static struct item pick_good_item(struct world *w, struct texts *texts) {
    static const char *const ids[] = {"2017-000123", "zaak 44", "x", "ID-2019-0000002735"};
    static const char *const genders[] = {"", "V", "man", "X", "transvrouw", "o", "Feminine", "?"};
    static const char *const ages[] = {"", "0", "17", "18", "120"};
    static const char *const groups[] = {"", "minor", "9--17", "volwassen", "onbekend", "oud"};
    static const char *const years[] = {"", "1900", "1980", "1987", "1990", "2000"};
    static const char *const citizenships[] = {"", "NL", "nld", "PL", "NG", "nonEU", "EU", "zz"};
    static const char *const statuses[] = {"", "possible", "bevestigd", "afgewezen"};
    struct item item = {.id = PICK(w, ids)};
    texts->used = 0;
    if (below(w, 8))
        item.reported = pick_day(w, texts);
    if (below(w, 2))
        item.occurred = pick_day(w, texts);
    if (below(w, 4))
        item.municipality = pick_municipality(w);
    item.category_count = below(w, SIGNAL_CATEGORIES_MAX + 1);
    for (size_t i = 0; i < item.category_count; i++)
        item.categories[i] = pick_category(w);
    item.gender = PICK(w, genders);
    item.age = PICK(w, ages);
    item.age_group = PICK(w, groups);
    item.birth_year = PICK(w, years);
    item.citizenship = PICK(w, citizenships);
    item.status = PICK(w, statuses);
    return item;
}

// What we made of it, in our own words: as a consumer of the events would send it back.
static struct item put_back(const struct signal *signal, struct str id, struct texts *texts) {
    char code[16];
    struct item item = {.id = id};
    texts->used = 0;
    item.reported = keep_date(texts, signal->reported);
    if (signal->occurred != TIME_DAY_NONE)
        item.occurred = keep_date(texts, signal->occurred);
    (void)snprintf(code, sizeof code, "GM%04u", signal->cell.municipality);
    item.municipality = keep(texts, signal->cell.municipality ? code : "unknown");
    for (unsigned c = 0; c < CATEGORY_COUNT; c++)
        if (signal->cell.categories >> c & 1) {
            assert_true(item.category_count < SIGNAL_CATEGORIES_MAX);
            item.categories[item.category_count++] = keep(texts, category_name((enum category)c));
        }
    item.gender = str_from(gender_name((enum gender)signal->cell.gender));
    item.age_group = str_from(age_group_name((enum age_group)signal->cell.age_group));
    item.citizenship = str_from(citizenship_name((enum citizenship)signal->cell.citizenship));
    item.status = str_from(status_name((enum status)signal->cell.status));
    return item;
}

static void no_faults(const struct normalise_result *result) {
    if (result->fault_count)
        fail_msg("%s at %s", fault_code_name(result->faults[0].code), result->faults[0].pointer);
}

static void normalising_twice_changes_nothing(void **state) {
    struct world *w = *state;
    static struct texts texts;
    size_t unknown = 0, items = unit_rounds(ITEMS);
    for (size_t i = 0; i < items; i++) {
        struct signal once, twice;
        struct normalise_result result;
        pick_context(w);
        struct item item = pick_good_item(w, &texts);
        normalise_item(&w->context, &item, &once, &result);
        no_faults(&result);
        struct item again = put_back(&once, item.id, &texts);
        normalise_item(&w->context, &again, &twice, &result);
        no_faults(&result);
        assert_memory_equal(&once.cell, &twice.cell, sizeof once.cell);
        assert_int_equal(once.reported, twice.reported);
        assert_int_equal(once.occurred, twice.occurred);
        assert_int_equal(once.municipality_today, twice.municipality_today);
        assert_true(digest_equal(&once.identity, &twice.identity));
        assert_string_equal(once.id, twice.id);
        // our own words are in the tables, but for "unknown" as a municipality
        assert_int_equal(twice.unknown_count, once.cell.municipality == MUNICIPALITY_UNKNOWN);
        unknown += once.unknown_count > 0;
    }
    assert_in_range(unknown, items / 10, items - items / 100);
}

static const enum dimension single[] = {
    DIM_MUNICIPALITY, DIM_PROVINCE, DIM_POLICE_UNIT, DIM_SAFETY_REGION, DIM_GENDER, DIM_AGE_GROUP,
    DIM_CITIZENSHIP,  DIM_FOREIGN,  DIM_SOURCE_KIND, DIM_STATUS,        DIM_YEAR,   DIM_MONTH,
};

static struct counts_answer run(const struct world *w, const struct counts *counts,
                                enum dimension by) {
    const struct counts_query query = {.by = {by}, .by_count = 1};
    struct counts_answer answer;
    counts_run(counts, w->persons, w->municipalities, &query, &answer);
    return answer;
}

// The label of a region, from the table and not from the counts.
static void expected_region(const struct world *w, const struct signal *signal, enum dimension d,
                            char label[COUNTS_LABEL_MAX]) {
    const struct municipality *m =
        municipalities_by_code(w->municipalities, signal->cell.municipality);
    if (!m)
        (void)snprintf(label, COUNTS_LABEL_MAX, "unknown");
    else if (d == DIM_MUNICIPALITY)
        (void)snprintf(label, COUNTS_LABEL_MAX, "GM%04u", m->code);
    else if (d == DIM_PROVINCE)
        (void)snprintf(label, COUNTS_LABEL_MAX, "PV%u", m->province);
    else if (d == DIM_SAFETY_REGION)
        (void)snprintf(label, COUNTS_LABEL_MAX, "VR%02u", m->safety_region);
    else
        (void)snprintf(label, COUNTS_LABEL_MAX, "%s", m->police_unit);
}

static void check_alone(const struct world *w, struct counts *counts, const struct signal *signal) {
    counts_clear(counts);
    counts_add(counts, &signal->cell, 1);
    for (size_t d = 0; d < COUNT(single); d++) {
        char label[COUNTS_LABEL_MAX];
        struct counts_answer answer = run(w, counts, single[d]);
        assert_int_equal(answer.count, signal->cell.status != STATUS_REJECTED);
        if (answer.count == 0) {
            free(answer.lines);
            continue;
        }
        assert_int_equal(answer.count, 1);
        assert_int_equal(answer.lines[0].signals, 1);
        assert_int_equal(answer.lines[0].persons, 1);
        assert_int_equal(answer.signals, 1);
        assert_int_equal(answer.persons, 1);
        if (single[d] <= DIM_SAFETY_REGION) {
            expected_region(w, signal, single[d], label);
            assert_string_equal(answer.lines[0].labels[0], label);
        }
        free(answer.lines);
    }
}

static void each_signal_is_counted_once_in_each_kind_of_region(void **state) {
    struct world *w = *state;
    static struct texts texts;
    struct counts *alone = counts_create(), *all = counts_create();
    size_t somewhere = 0, counting = 0, items = unit_rounds(ITEMS);
    for (size_t i = 0; i < items; i++) {
        struct signal signal;
        struct normalise_result result;
        pick_context(w);
        struct item item = pick_good_item(w, &texts);
        normalise_item(&w->context, &item, &signal, &result);
        no_faults(&result);
        check_alone(w, alone, &signal);
        counts_add(all, &signal.cell, 1);
        counting += signal.cell.status != STATUS_REJECTED;
        somewhere += signal.cell.municipality != MUNICIPALITY_UNKNOWN;
    }
    assert_in_range(somewhere, items / 4, items - items / 100);
    for (size_t d = 0; d < COUNT(single); d++) {
        struct counts_answer answer = run(w, all, single[d]);
        int64_t sum = 0;
        for (size_t i = 0; i < answer.count; i++)
            sum += answer.lines[i].signals;
        assert_int_equal(sum, counting);
        assert_int_equal(answer.signals, counting);
        free(answer.lines);
    }
    counts_free(alone);
    counts_free(all);
}

// Bytes of any kind: noise, ASCII, digits, long, or a good word with something wrong in it.
static struct str pick_bytes(struct world *w, struct texts *texts, struct str good) {
    char *out = texts->list[texts->used++];
    size_t kind = below(w, 8), len = below(w, kind == 1 ? TEXT_MAX : 12);
    if (kind >= 3)
        return good;
    for (size_t i = 0; i < len; i++) {
        uint64_t random = unit_random(&w->random);
        out[i] = (char)(kind == 0 ? random : kind == 1 ? 32 + random % 95 : '0' + random % 10);
    }
    if (kind == 2 && len && below(w, 4) == 0)
        out[0] = '-';
    return (struct str){out, len};
}

static struct item pick_item(struct world *w, struct texts *texts) {
    struct item item = pick_good_item(w, texts);
    struct str *const fields[] = {&item.id,
                                  &item.reported,
                                  &item.occurred,
                                  &item.municipality,
                                  &item.gender,
                                  &item.age,
                                  &item.age_group,
                                  &item.birth_year,
                                  &item.citizenship,
                                  &item.status,
                                  &item.updated,
                                  &item.person.name,
                                  &item.person.birth_date,
                                  &item.person.nationality,
                                  &item.person.v_number};
    if (below(w, 16) == 0) // tomorrow is today somewhere; the day after is too far
        item.reported = keep_date(texts, time_amsterdam_day(w->context.received_ms) + 1 +
                                             (int32_t)below(w, 400));
    // most items get few, so that some are good
    size_t share = 1 + below(w, 30);
    for (size_t i = 0; i < COUNT(fields); i++)
        if (below(w, share) == 0)
            *fields[i] = pick_bytes(w, texts, *fields[i]);
    for (size_t i = 0; i < item.category_count; i++)
        if (below(w, share) == 0)
            item.categories[i] = pick_bytes(w, texts, item.categories[i]);
    item.withdrawn = below(w, 16) == 0;
    item.stands = below(w, 16) == 0;
    return item;
}

static void check_good(const struct world *w, const struct signal *s) {
    const struct cell *cell = &s->cell;
    int32_t received = time_amsterdam_day(w->context.received_ms);
    assert_in_range(s->id_len, 1, SIGNAL_ID_MAX);
    assert_int_equal(strlen(s->id), s->id_len);
    assert_true(str_is_clean_utf8(str_from(s->id)));
    assert_in_range(s->reported, SIGNAL_DAY_MIN, received + 1);
    assert_int_equal(cell->month, time_month_of_day(s->reported) - 2000 * 12);
    assert_in_range(cell->categories, 1, (1u << CATEGORY_COUNT) - 1);
    assert_true(cell->municipality == MUNICIPALITY_UNKNOWN ||
                municipalities_by_code(w->municipalities, cell->municipality));
    assert_int_equal(cell->municipality == MUNICIPALITY_UNKNOWN, s->municipality_today == 0);
    if (s->municipality_today)
        assert_true(municipalities_by_code(w->municipalities, s->municipality_today)->valid_to >=
                    received);
    assert_true(cell->gender < GENDER_COUNT && cell->age_group < AGE_COUNT);
    assert_true(cell->citizenship < CITIZENSHIP_COUNT && cell->status < STATUS_COUNT);
    assert_int_equal(cell->source_kind, w->context.source_kind);
    assert_int_equal(cell->reserved, 0);
    assert_in_range(s->unknown_count, 0, SIGNAL_UNKNOWN_MAX);
    assert_in_range(s->person.base_count, 0, PERSON_BASES);
    assert_false(s->stands && s->withdrawn);
    for (size_t i = 0; i < s->unknown_count; i++)
        assert_true(s->unknown[i].field < UNMAPPED_FIELDS);
}

// A fault says where and why, in our words and no others.
static void check_faults(const struct normalise_result *result) {
    static const char allowed[] = "/abcdefghijklmnopqrstuvwxyzNDGYP01234567";
    assert_true(result->fault_count <= NORMALISE_FAULTS_MAX);
    for (size_t i = 0; i < result->fault_count; i++) {
        const char *pointer = result->faults[i].pointer;
        assert_true(result->faults[i].code < FAULT_COUNT);
        assert_int_equal(pointer[0], '/');
        assert_int_equal(pointer[strspn(pointer, allowed)], '\0');
    }
}

static void same(const struct signal *a, const struct signal *b) {
    assert_true(digest_equal(&a->identity, &b->identity));
    assert_true(digest_equal(&a->content, &b->content));
    assert_string_equal(a->id, b->id);
    assert_memory_equal(&a->cell, &b->cell, sizeof a->cell);
    assert_int_equal(a->reported, b->reported);
    assert_int_equal(a->occurred, b->occurred);
    assert_int_equal(a->municipality_today, b->municipality_today);
    assert_ptr_equal(a->as_reported, b->as_reported);
    assert_int_equal(a->updated_ms, b->updated_ms);
    assert_int_equal(a->unknown_count, b->unknown_count);
    assert_int_equal(a->person.base_count, b->person.base_count);
    for (size_t i = 0; i < a->unknown_count; i++)
        assert_true(digest_equal(&a->unknown[i].word, &b->unknown[i].word));
    for (size_t i = 0; i < a->person.base_count; i++)
        assert_true(digest_equal(&a->person.list[i][0], &b->person.list[i][0]));
}

static void same_faults(const struct normalise_result *a, const struct normalise_result *b) {
    assert_int_equal(a->fault_count, b->fault_count);
    for (size_t i = 0; i < a->fault_count; i++) {
        assert_int_equal(a->faults[i].code, b->faults[i].code);
        assert_string_equal(a->faults[i].pointer, b->faults[i].pointer);
    }
}

static void anything_is_refused_or_good(void **state) {
    struct world *w = *state;
    static struct texts texts;
    size_t good = 0, items = unit_rounds(ITEMS);
    for (size_t i = 0; i < items; i++) {
        struct signal signal, again;
        struct normalise_result result, result_again;
        pick_context(w);
        struct item item = pick_item(w, &texts);
        // what lay in memory before must not show
        memset(&signal, 0xaa, sizeof signal);
        memset(&again, 0x55, sizeof again);
        memset(&result, 0xaa, sizeof result);
        memset(&result_again, 0x55, sizeof result_again);
        normalise_item(&w->context, &item, &signal, &result);
        normalise_item(&w->context, &item, &again, &result_again);
        check_faults(&result);
        same_faults(&result, &result_again);
        if (result.fault_count)
            continue;
        good++;
        check_good(w, &signal);
        same(&signal, &again);
        assert_int_equal(result.municipality_unknown, result_again.municipality_unknown);
        for (size_t k = 0; k < signal.unknown_count; k++)
            assert_memory_equal(&result.words[k].view, &result_again.words[k].view,
                                sizeof result.words[k].view);
    }
    assert_in_range(good, items / 10, items - items / 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(normalising_twice_changes_nothing),
        cmocka_unit_test(each_signal_is_counted_once_in_each_kind_of_region),
        cmocka_unit_test(anything_is_refused_or_good),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
