// SPDX-License-Identifier: EUPL-1.2
// What must become of signals, whatever happens to them: the rules of identity, versions, counts,
// persons and retention once more, as plain lists that are gone through from end to end.
#ifndef LIFE_MODEL_H
#define LIFE_MODEL_H

#include "core/signal/dedup.h"
#include "verify_rig.h"

enum {
    LIFE_SOURCES = 2, // amsterdam; coa, which has no municipality
    LIFE_IDS = 30,
    LIFE_SIGNALS = 4096,
    LIFE_LINES = 8192,
    LIFE_NAMES = 8,
    LIFE_NUMBERS = 4,
    LIFE_PERSONS = 1 + LIFE_NAMES + LIFE_NUMBERS + LIFE_NAMES, // what may be said, see life_bases
    LIFE_BASES = 2,
};

// What a source says; each a choice, 0: nothing.
struct said {
    uint8_t place, day, category, second, gender, person, rejected;
};
enum { PLACE_OWN, PLACE_WEESP, PLACE_MOKUM, PLACE_BERGEN, PLACES };
enum { DAY_RECEIVED, DAY_2018, DAY_2023, DAYS };
enum { WORD_NONE, WORD_PROSTITUTIE, WORD_DWANG, WORD_IETS, WORDS }; // of the first category

// The names (positive) and V-numbers (negative) that an item has, by struct said's `person`:
// nobody, names alone, V-numbers alone, both.
static inline void life_bases(uint8_t person, int bases[LIFE_BASES]) {
    bool named = person > 0 && person <= LIFE_NAMES;
    bool both = person > LIFE_NAMES + LIFE_NUMBERS;
    bases[0] = bases[1] = 0;
    if (both)
        bases[1] = person - LIFE_NAMES - LIFE_NUMBERS;
    else if (named)
        bases[1] = person;
    if (both || (person && !named))
        bases[0] = -1 - person % LIFE_NUMBERS;
}

struct item_said {
    int by, id; // the source, its signal
    struct said said;
    bool withdrawn, stands, bad;
    int64_t updated_ms; // 0: not said
};

// A signal from the first that is known of it until its last line goes.
struct life_signal {
    int by, id; // the source, its signal
    bool gone, counts, erased;
    bool told; // it has content, other than a withdrawal of something never seen
    struct said said;
    uint8_t day; // that it is counted under: a version that says none keeps it
    int64_t received_ms, updated_ms;
    uint32_t version;
    uint64_t latest; // line
    struct cell cell;
    unsigned key; // of its events: all versions go to one partition
    uint64_t person;
};

struct life_line {
    size_t signal; // place in signals
    uint64_t person;
    int64_t logged_ms;
    bool waits;
};

struct life {
    uint64_t random;
    bool publishing; // events go to Kafka
    bool knows_more; // the tables have the words that they lacked at first
    int key;         // of persons, in force; the one before holds too
    struct life_signal signals[LIFE_SIGNALS];
    size_t signal_count;
    struct life_line lines[LIFE_LINES + 1];
    uint64_t first, last, sent;
    struct life_pseudonym {
        int base, key;
        uint64_t person; // 0: removed
        int64_t last_ms;
    } pseudonyms[LIFE_LINES];
    size_t pseudonym_count;
    uint64_t person_last;
    struct life_carried {
        struct cell cell;
        uint64_t person; // 0: it is one by itself
    } expired_counts[LIFE_SIGNALS];
    size_t expired_count;
    uint64_t verdicts[VERDICT_COUNT], remapped, erased, expired;
};

static inline uint64_t life_pick(struct life *life, uint64_t upto) {
    return unit_random(&life->random) % upto;
}

// --- what it means ---

static inline uint16_t life_municipality(const struct life *life, const struct item_said *item) {
    enum { AMSTERDAM = 363, BERGEN_NH = 373, WEESP = 457 };
    switch (item->said.place) {
    case PLACE_OWN:
        return item->by == 0 ? AMSTERDAM : 0;
    case PLACE_WEESP: // part of Amsterdam since 2022
        return item->said.day == DAY_2018 ? WEESP : AMSTERDAM;
    case PLACE_MOKUM:
        return life->knows_more ? AMSTERDAM : 0;
    default: // two have the name; the source's province settles it
        return item->by == 0 ? BERGEN_NH : 0;
    }
}

static inline uint16_t life_categories(const struct life *life, const struct said *said) {
    static const uint16_t unknown = 1u << CATEGORY_UNKNOWN;
    uint16_t set = 0;
    if (said->category == WORD_PROSTITUTIE)
        set = 1u << CATEGORY_SEXUAL_EXPLOITATION;
    if (said->category == WORD_DWANG)
        set = 1u << CATEGORY_FORCED_LABOUR;
    if (said->category == WORD_IETS)
        set = life->knows_more ? 1u << CATEGORY_SERVITUDE : unknown;
    if (said->second) // "weet niet", which means Unknown once it is known
        set |= unknown;
    return set ? set : unknown;
}

static inline struct cell life_cell(const struct life *life, const struct item_said *item,
                                    int64_t received_ms) {
    static const int years[DAYS] = {0, 2018, 2023};
    int year = years[item->said.day];
    struct cell cell = {.municipality = life_municipality(life, item),
                        .categories = life_categories(life, &item->said),
                        .month = (uint16_t)((year - 2000) * 12 + 4),
                        .source_kind = item->by == 0 ? SOURCE_MUNICIPALITY : SOURCE_COA};
    if (!year)
        cell.month = (uint16_t)(time_month_of_day(time_amsterdam_day(received_ms)) - 2000 * 12);
    if (item->said.rejected)
        cell.status = STATUS_REJECTED;
    if (item->said.gender)
        cell.gender = item->said.gender == 1 ? GENDER_MASCULINE : GENDER_FEMININE;
    return cell;
}

static inline struct cell life_cell_of(const struct life *life, const struct life_signal *s) {
    struct item_said item = {.by = s->by, .said = s->said};
    item.said.day = s->day;
    return life_cell(life, &item, s->received_ms);
}

// --- persons ---

static inline bool life_is_live(const struct life *life, uint64_t person) {
    for (size_t i = 0; i < life->signal_count; i++) {
        const struct life_signal *s = &life->signals[i];
        if (!s->gone && s->counts && s->person == person)
            return true;
    }
    return false;
}

static inline bool life_is_carried(const struct life *life, uint64_t person) {
    for (size_t i = 0; i < life->expired_count; i++)
        if (life->expired_counts[i].person == person)
            return true;
    return false;
}

static inline struct life_pseudonym *life_find(struct life *life, int base, int key) {
    for (size_t i = 0; i < life->pseudonym_count; i++) {
        struct life_pseudonym *p = &life->pseudonyms[i];
        if (p->person && p->base == base && p->key == key &&
            (p->last_ms >= now - IDENTITY_DAYS * day_ms || life_is_live(life, p->person)))
            return p;
    }
    return NULL;
}

static inline void life_keep(struct life *life, int base, uint64_t person) {
    struct life_pseudonym *known = life_find(life, base, life->key);
    if (known && known->person != person)
        return;
    for (size_t i = 0; i < life->pseudonym_count; i++)
        if (life->pseudonyms[i].base == base && life->pseudonyms[i].key == life->key)
            life->pseudonyms[i].person = 0;
    assert_true(life->pseudonym_count < LIFE_LINES);
    life->pseudonyms[life->pseudonym_count++] =
        (struct life_pseudonym){base, life->key, person, now};
}

// Who it is: by the V-number, else by the name; under the key in force, else under the one before.
static inline uint64_t life_person(struct life *life, const struct said *said) {
    int bases[LIFE_BASES];
    uint64_t person = 0;
    life_bases(said->person, bases);
    for (int b = 0; b < LIFE_BASES; b++)
        for (int key = life->key; key >= 0 && key >= life->key - 1 && !person; key--) {
            const struct life_pseudonym *found = bases[b] ? life_find(life, bases[b], key) : NULL;
            person = found ? found->person : 0;
        }
    if (!person && said->person)
        person = ++life->person_last;
    for (int b = 0; b < LIFE_BASES; b++)
        if (bases[b])
            life_keep(life, bases[b], person);
    return person;
}

// --- what happens ---

static inline struct life_signal *life_known(struct life *life, int by, int id) {
    for (size_t i = 0; i < life->signal_count; i++) {
        struct life_signal *s = &life->signals[i];
        if (!s->gone && s->by == by && s->id == id)
            return s;
    }
    return NULL;
}

static inline void life_write(struct life *life, struct life_signal *s) {
    assert_true(life->last < LIFE_LINES);
    s->version++;
    s->latest = ++life->last;
    life->lines[s->latest] = (struct life_line){.signal = (size_t)(s - life->signals),
                                                .person = s->person,
                                                .logged_ms = now,
                                                .waits = true};
}

static inline enum verdict life_judge(const struct life_signal *known,
                                      const struct item_said *item) {
    if (!known)
        return item->withdrawn ? VERDICT_WITHDRAWN : VERDICT_REGISTERED;
    if (known->erased || (item->updated_ms && item->updated_ms < known->updated_ms))
        return VERDICT_DUPLICATE;
    if (item->withdrawn)
        return known->counts ? VERDICT_WITHDRAWN : VERDICT_DUPLICATE;
    bool same = known->told && memcmp(&known->said, &item->said, sizeof item->said) == 0;
    if (!known->counts && item->stands)
        return VERDICT_CORRECTED;
    return same ? VERDICT_DUPLICATE : VERDICT_CORRECTED;
}

// What the daemon must answer; *version: what it must say.
static inline enum verdict life_take(struct life *life, const struct item_said *said,
                                     uint32_t *version) {
    struct item_said item = *said;
    struct life_signal *s = life_known(life, item.by, item.id);
    if (item.updated_ms > now + day_ms) // one to come says nothing
        item.updated_ms = 0;
    enum verdict verdict = item.bad ? VERDICT_REFUSED : life_judge(s, &item);
    life->verdicts[verdict]++;
    *version = verdict == VERDICT_REFUSED || !s ? 0 : s->version;
    if (verdict == VERDICT_REFUSED)
        return verdict;
    if (verdict == VERDICT_DUPLICATE) {
        bool same = s->told && memcmp(&s->said, &item.said, sizeof item.said) == 0;
        if (s->counts && !item.withdrawn && same && item.updated_ms > s->updated_ms)
            s->updated_ms = item.updated_ms;
        return verdict;
    }
    if (!s) {
        assert_true(life->signal_count < LIFE_SIGNALS);
        s = &life->signals[life->signal_count++];
        *s = (struct life_signal){.by = item.by, .id = item.id};
        s->key = item.withdrawn ? 0 : life_cell(life, &item, now).municipality;
    }
    int64_t updated_ms = item.updated_ms;
    if (!updated_ms && verdict == VERDICT_WITHDRAWN)
        updated_ms = now - 600000; // clocks differ
    if (updated_ms > s->updated_ms)
        s->updated_ms = updated_ms;
    if (verdict == VERDICT_WITHDRAWN) {
        s->counts = false;
        s->person = 0;
    } else {
        if (item.said.day || !s->told) {
            s->day = item.said.day;
            s->received_ms = now;
        }
        s->told = true;
        s->said = item.said;
        s->cell = life_cell_of(life, s);
        s->person = life_person(life, &item.said); // before it leaves the one it was about
        s->counts = true;
    }
    life_write(life, s);
    *version = s->version;
    return verdict;
}

static inline void life_remap(struct life *life) {
    for (uint64_t seq = life->first, upto = life->last; seq <= upto; seq++) {
        struct life_signal *s = &life->signals[life->lines[seq].signal];
        if (s->latest != seq || !s->counts || s->erased)
            continue;
        struct cell cell = life_cell_of(life, s);
        if (memcmp(&cell, &s->cell, sizeof cell) == 0)
            continue;
        s->cell = cell;
        life->remapped++;
        life_write(life, s);
    }
}

static inline void life_forget_person(struct life *life, uint64_t person) {
    if (!person || life_is_live(life, person) || life_is_carried(life, person))
        return;
    for (size_t i = 0; i < life->pseudonym_count; i++)
        if (life->pseudonyms[i].person == person)
            life->pseudonyms[i].person = 0;
}

static inline void life_erase(struct life *life, int by, int id) {
    struct life_signal *s = life_known(life, by, id);
    if (!s || s->erased)
        return;
    s->erased = true;
    s->counts = false;
    s->person = 0;
    life->erased++;
    for (uint64_t seq = life->first; seq <= life->last; seq++)
        if (&life->signals[life->lines[seq].signal] == s)
            life_forget_person(life, life->lines[seq].person);
    life_write(life, s);
}

// It goes on counting without its name; as one of a person's only where there are others.
static inline void life_carry(struct life *life, struct life_signal *s) {
    s->gone = true;
    life->expired += !s->erased;
    if (!s->counts)
        return;
    bool others = s->person && (life_is_live(life, s->person) || life_is_carried(life, s->person));
    life->expired_counts[life->expired_count++] =
        (struct life_carried){s->cell, others ? s->person : 0};
}

// A line that was written while the clock was ahead is as old as the next one that was not.
static inline int64_t life_age_ms(const struct life *life, uint64_t seq) {
    while (life->lines[seq].logged_ms > now && seq < life->last)
        seq++;
    return now - life->lines[seq].logged_ms;
}

static inline void life_expire(struct life *life) {
    const int64_t age_ms = IDENTITY_DAYS * day_ms;
    for (; life->first <= life->last; life->first++) {
        const struct life_line *line = &life->lines[life->first];
        struct life_signal *s = &life->signals[line->signal];
        bool waits = line->waits || life->lines[s->latest].waits;
        if (life_age_ms(life, life->first) <= age_ms || (life->publishing && waits))
            break;
        if (s->latest == life->first)
            life_carry(life, s);
    }
    for (size_t i = 0; i < life->pseudonym_count; i++) {
        struct life_pseudonym *p = &life->pseudonyms[i];
        if (now - p->last_ms > age_ms && !life_is_live(life, p->person))
            p->person = 0;
    }
}

// --- what must come of it ---

static inline void life_each(const struct life *life,
                             void (*fn)(void *ctx, const struct cell *cell, uint64_t person),
                             void *ctx) {
    for (size_t i = 0; i < life->signal_count; i++)
        if (life->signals[i].counts && !life->signals[i].gone)
            fn(ctx, &life->signals[i].cell, life->signals[i].person);
    for (size_t i = 0; i < life->expired_count; i++)
        fn(ctx, &life->expired_counts[i].cell, life->expired_counts[i].person);
}

#endif
