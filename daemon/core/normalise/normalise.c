// SPDX-License-Identifier: EUPL-1.2
// Each field is cleaned and checked by itself, so that all faults of an item come out at once; then
// the tables give it meaning. A field that is empty after trimming counts as not given, except in
// the content digest: there it is what the source said.
#include "core/normalise/normalise.h"

#include "base/pii/scrub.h"
#include "core/signal/codelists.h"
#include "core/signal/synonyms.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    MS_PER_DAY = 86400000,
    OCCURRED_DAY_MIN = -25567, // 1900-01-01: what happened may be long ago, a typing error is not
    AGE_MAX = 120,
    AGE_OF_MAJORITY = 18,
    BIRTH_YEAR_MIN = 1900,
    // the fixed fields of struct item, the person, the number of categories, the categories
    CONTENT_PARTS_MAX = 10 + 1 + 1 + SIGNAL_CATEGORIES_MAX,
};

// One item under way.
struct normaliser {
    const struct normalise_context *context;
    struct signal *signal;
    struct normalise_result *result;
    int32_t received; // Amsterdam day
    int32_t reported; // day to go by, also when the item's own is faulty
};

static void add_fault(struct normaliser *work, const char *pointer, enum fault_code code) {
    struct normalise_result *result = work->result;
    assert(result->fault_count < NORMALISE_FAULTS_MAX);
    struct fault *fault = &result->faults[result->fault_count++];
    *fault = (struct fault){.code = code};
    assert(strlen(pointer) < sizeof fault->pointer);
    memcpy(fault->pointer, pointer, strlen(pointer) + 1);
}

// The field without blanks around it; absent when nothing is left or when it is at fault.
static struct str clean(struct normaliser *work, struct str field, size_t max,
                        const char *pointer) {
    struct str text = str_trim(field);
    if (text.len == 0)
        return (struct str){NULL, 0};
    if (text.len <= max && str_is_clean_utf8(text))
        return text;
    add_fault(work, pointer, text.len > max ? FAULT_TOO_LONG : FAULT_BAD_CHARACTER);
    return (struct str){NULL, 0};
}

static void take_id(struct normaliser *work, struct str field) {
    struct signal *signal = work->signal;
    if (str_trim(field).len == 0) {
        add_fault(work, "/id", FAULT_REQUIRED);
        return;
    }
    struct str id = clean(work, field, SIGNAL_ID_MAX, "/id");
    if (id.len == 0)
        return;
    normalise_identity(work->context->identity_key, work->context->source, id, &signal->identity);
    if (scrub_is_case_number(id, work->context->source)) {
        memcpy(signal->id, id.data, id.len);
        signal->id_len = (uint8_t)id.len;
    } else {
        digest_to_hex(&signal->identity, signal->id);
        signal->id_len = DIGEST_HEX;
    }
}

// A date, or a time and then its day in the Netherlands; not before 2000 and not later than a day
// ahead of us, since clocks differ.
static bool take_day(struct normaliser *work, struct str field, const char *pointer, int32_t min,
                     int32_t *day) {
    struct str text = clean(work, field, SIGNAL_WORD_MAX, pointer);
    bool ahead;
    int64_t ms;
    int32_t value;
    if (text.len == 0)
        return false;
    if (time_parse_date(text, &value)) {
        ahead = value > work->received + 1;
    } else if (time_parse_stamp(text, &ms)) {
        value = time_amsterdam_day(ms);
        ahead = ms > work->context->received_ms + MS_PER_DAY;
    } else {
        add_fault(work, pointer, FAULT_BAD_DATE);
        return false;
    }
    if (ahead || value < min) {
        add_fault(work, pointer, FAULT_OUT_OF_RANGE);
        return false;
    }
    *day = value;
    return true;
}

static void take_dates(struct normaliser *work, const struct item *item) {
    work->reported = work->received;
    bool given = take_day(work, item->reported, "/reported", SIGNAL_DAY_MIN, &work->reported);
    // our own clock may be wrong too: a month before 2000 has no cell
    if (!given && work->received < SIGNAL_DAY_MIN && str_trim(item->reported).len == 0 &&
        !work->signal->withdrawn)
        add_fault(work, "/reported", FAULT_OUT_OF_RANGE);
    if (work->reported < SIGNAL_DAY_MIN)
        work->reported = SIGNAL_DAY_MIN;
    work->signal->reported = work->reported;
    work->signal->cell.month = (uint16_t)(time_month_of_day(work->reported) - 2000 * 12);
    work->signal->occurred = TIME_DAY_NONE;
    (void)take_day(work, item->occurred, "/occurred", OCCURRED_DAY_MIN, &work->signal->occurred);
}

static void take_updated(struct normaliser *work, struct str field) {
    struct str text = clean(work, field, SIGNAL_WORD_MAX, "/updated");
    int64_t from, upto;
    int32_t day;
    if (text.len == 0)
        return;
    if (time_parse_date(text, &day)) {
        from = time_from_amsterdam(day, 0);
        upto = time_from_amsterdam(day + 1, 0) - 1;
    } else if (time_parse_stamp(text, &from)) {
        upto = from;
    } else {
        add_fault(work, "/updated", FAULT_BAD_DATE);
        return;
    }
    // One to come would keep every later state out.
    if (from > work->context->received_ms + MS_PER_DAY)
        return;
    work->signal->updated_ms = from;
    work->signal->updated_upto_ms = upto;
}

// A word that no table has. It is found again by its digest once a table has it.
static void add_unknown(struct normaliser *work, enum unmapped_field field, struct str word) {
    struct signal *signal = work->signal;
    struct unknown_word *unknown = &signal->unknown[signal->unknown_count];
    unknown->field = (uint8_t)field;
    normalise_unknown(work->context->identity_key, field, word, &unknown->word);
    for (size_t i = 0; i < signal->unknown_count; i++)
        if (signal->unknown[i].field == field &&
            digest_equal(&signal->unknown[i].word, &unknown->word))
            return;
    allowlist_look(work->context->allowlist, word,
                   &work->result->words[signal->unknown_count++].view);
}

// The source's own municipality, on the day of the report.
static const struct municipality *assume_own(const struct normaliser *work,
                                             const struct municipality *own) {
    return own ? municipalities_on(work->context->municipalities, own, work->reported) : NULL;
}

static void take_municipality(struct normaliser *work, struct str field) {
    const struct municipalities *all = work->context->municipalities;
    const struct municipality *own =
        municipalities_by_code(all, work->context->source_municipality);
    const struct municipality *found = NULL;
    struct signal *signal = work->signal;
    bool given = str_trim(field).len > 0;
    struct str word = clean(work, field, SIGNAL_WORD_MAX, "/municipality");
    if (!given)
        found = assume_own(work, own);
    else if (word.len &&
             municipalities_resolve(all, word, work->reported, own ? own->province : 0, &found,
                                    &signal->as_reported) != MUNICIPALITY_FOUND) {
        work->result->municipality_unknown = true;
        add_unknown(work, UNMAPPED_MUNICIPALITY, word);
    }
    if (!found)
        return;
    signal->cell.municipality = found->code;
    signal->municipality_today = municipalities_successor(all, found, work->received)->code;
}

static void take_categories(struct normaliser *work, const struct item *item) {
    static const char *const pointers[SIGNAL_CATEGORIES_MAX] = {
        "/categories/0", "/categories/1", "/categories/2", "/categories/3",
        "/categories/4", "/categories/5", "/categories/6", "/categories/7"};
    unsigned set = 0;
    bool guessed = false; // Unknown stands for a word that the table lacks
    assert(item->category_count <= SIGNAL_CATEGORIES_MAX);
    for (size_t i = 0; i < item->category_count; i++) {
        enum category category = CATEGORY_UNKNOWN;
        struct str word = clean(work, item->categories[i], SIGNAL_WORD_MAX, pointers[i]);
        if (word.len == 0)
            continue;
        if (!categories_find(work->context->categories, word, &category)) {
            add_unknown(work, UNMAPPED_CATEGORY, word);
            guessed = true;
            continue;
        }
        set |= 1u << category;
    }
    work->signal->unknown_said = set >> CATEGORY_UNKNOWN & 1 || (set == 0 && !guessed);
    if (guessed || set == 0)
        set |= 1u << CATEGORY_UNKNOWN;
    work->signal->cell.categories = (uint16_t)set;
}

// A whole number from `min` to `max`. False when not given or at fault.
static bool take_number(struct normaliser *work, struct str field, uint64_t min, uint64_t max,
                        const char *pointer, uint64_t *value) {
    struct str text = clean(work, field, SIGNAL_WORD_MAX, pointer);
    struct str digits = text;
    if (text.len == 0)
        return false;
    if (digits.len > 1 && digits.data[0] == '-')
        digits = (struct str){digits.data + 1, digits.len - 1};
    for (size_t i = 0; i < digits.len; i++)
        if (digits.data[i] < '0' || digits.data[i] > '9') {
            add_fault(work, pointer, FAULT_TYPE);
            return false;
        }
    if (str_to_u64(text, max, value) && *value >= min)
        return true;
    add_fault(work, pointer, FAULT_OUT_OF_RANGE);
    return false;
}

// The age in years follows from a birth year only when both ends of that year agree.
static enum age_group age_group_of_birth_year(uint64_t born, int year) {
    uint64_t years = (uint64_t)year - born;
    if (years == AGE_OF_MAJORITY)
        return AGE_UNKNOWN;
    return years < AGE_OF_MAJORITY ? AGE_MINOR : AGE_ADULT;
}

// What is most exact for us wins: the group, then the age, then the birth year.
static enum age_group take_age(struct normaliser *work, const struct item *item) {
    enum age_group group = AGE_UNKNOWN;
    uint64_t age, born;
    int year = time_month_of_day(work->reported) / 12;
    struct str word = clean(work, item->age_group, SIGNAL_WORD_MAX, "/victim/ageGroup");
    bool has_age = take_number(work, item->age, 0, AGE_MAX, "/victim/age", &age);
    bool has_year = take_number(work, item->birth_year, BIRTH_YEAR_MIN, (uint64_t)year,
                                "/victim/birthYear", &born);
    if (word.len && !codelist_age_group(word, &group))
        add_unknown(work, UNMAPPED_AGE_GROUP, word);
    if (group != AGE_UNKNOWN)
        return group;
    if (has_age)
        return age < AGE_OF_MAJORITY ? AGE_MINOR : AGE_ADULT;
    return has_year ? age_group_of_birth_year(born, year) : AGE_UNKNOWN;
}

static void take_victim(struct normaliser *work, const struct item *item) {
    enum gender gender = GENDER_UNKNOWN;
    enum citizenship citizenship = CITIZENSHIP_UNKNOWN;
    struct cell *cell = &work->signal->cell;
    struct str word = clean(work, item->gender, SIGNAL_WORD_MAX, "/victim/gender");
    if (word.len && !codelist_gender(word, &gender))
        add_unknown(work, UNMAPPED_GENDER, word);
    cell->gender = (uint8_t)gender;
    cell->age_group = (uint8_t)take_age(work, item);
    word = clean(work, item->citizenship, SIGNAL_WORD_MAX, "/victim/citizenship");
    if (word.len && !codelist_citizenship(word, work->reported, &citizenship))
        add_unknown(work, UNMAPPED_CITIZENSHIP, word);
    cell->citizenship = (uint8_t)citizenship;
}

static void take_status(struct normaliser *work, struct str field) {
    enum status status = STATUS_POSSIBLE;
    struct str word = clean(work, field, SIGNAL_WORD_MAX, "/status");
    if (word.len && !codelist_status(word, &status))
        add_fault(work, "/status", FAULT_UNKNOWN_WORD);
    work->signal->cell.status = (uint8_t)status;
}

static bool is_named(const struct item_person *person) {
    return person->name.len || person->birth_date.len || person->nationality.len ||
           person->v_number.len;
}

// May anything be made of the person? A word that says neither yes nor no is no consent.
static bool may_name(struct normaliser *work, struct str field) {
    enum source_person may = work->context->source_person;
    struct str word = clean(work, field, SIGNAL_WORD_MAX, "/consent");
    bool given = false, known = word.len && codelist_consent(word, &given);
    if (word.len && !known && !codelist_is_unknown(word))
        add_unknown(work, UNMAPPED_CONSENT, word);
    work->signal->consent_withheld = may != SOURCE_PERSON_YES && known && !given;
    return may == SOURCE_PERSON_YES || (may == SOURCE_PERSON_CONSENT && given);
}

static void take_person(struct normaliser *work, const struct item_person *person) {
    struct person_faults faults = {0};
    person_pseudonymise(work->context->person_keys, person, work->received, &work->signal->person,
                        &faults);
    for (size_t i = 0; i < faults.count; i++)
        add_fault(work, faults.list[i].pointer, faults.list[i].code);
}

static int compare_str(const void *a, const void *b) {
    const struct str *x = a, *y = b;
    int order = memcmp(x->data, y->data, x->len < y->len ? x->len : y->len);
    return order ? order : (x->len > y->len) - (x->len < y->len);
}

// What the source said, whatever we make of it. The order of categories says nothing.
static void digest_content(const struct hash_key *key, const struct item *item,
                           struct digest *out) {
    char count = (char)('0' + item->category_count);
    struct digest person;
    person_content(key, &item->person, &person);
    struct str parts[CONTENT_PARTS_MAX] = {
        str_trim(item->reported),
        str_trim(item->occurred),
        str_trim(item->municipality),
        str_trim(item->gender),
        str_trim(item->age),
        str_trim(item->age_group),
        str_trim(item->birth_year),
        str_trim(item->citizenship),
        str_trim(item->status),
        str_trim(item->consent),
        {(const char *)person.bytes, DIGEST_BYTES},
        {&count, 1},
    };
    struct str *categories = parts + CONTENT_PARTS_MAX - SIGNAL_CATEGORIES_MAX;
    for (size_t i = 0; i < item->category_count; i++) {
        categories[i] = str_trim(item->categories[i]);
        if (!categories[i].data)
            categories[i] = STR("");
    }
    qsort(categories, item->category_count, sizeof *categories, compare_str);
    hash_digest(key, "content", parts,
                CONTENT_PARTS_MAX - SIGNAL_CATEGORIES_MAX + item->category_count, out);
}

void normalise_identity(const struct hash_key *key, struct str source, struct str id,
                        struct digest *out) {
    const struct str parts[] = {source, str_trim(id)};
    hash_digest(key, "identity", parts, 2, out);
}

void normalise_unknown(const struct hash_key *key, enum unmapped_field field, struct str word,
                       struct digest *out) {
    char folded[STR_FOLDED_MAX], plain[STR_FOLDED_MAX];
    const char *name = unmapped_field_name(field);
    if (field == UNMAPPED_MUNICIPALITY)
        word = (struct str){plain, municipalities_plain(word, plain)};
    struct str text = {folded, synonyms_fold(word, folded)};
    // Nothing is left of punctuation alone, or of a word that is very long once folded.
    const struct str parts[] = {str_from(name), text.len ? text : word};
    hash_digest(key, "unknown word", parts, 2, out);
}

void normalise_item(const struct normalise_context *context, const struct item *item,
                    struct signal *signal, struct normalise_result *result) {
    static const struct item nothing;
    struct normaliser work = {.context = context,
                              .signal = signal,
                              .result = result,
                              .received = time_amsterdam_day(context->received_ms)};
    memset(signal, 0, sizeof *signal);
    result->fault_count = 0;
    result->municipality_unknown = result->person_dropped = false;
    signal->withdrawn = item->withdrawn;
    signal->stands = item->stands && !item->withdrawn;
    signal->cell.source_kind = (uint8_t)context->source_kind;
    take_id(&work, item->id);
    // only the id of a withdrawal means anything: the rest is as if not given
    struct item said = item->withdrawn ? nothing : *item;
    take_dates(&work, &said);
    take_updated(&work, item->updated);
    take_municipality(&work, said.municipality);
    take_categories(&work, &said);
    take_victim(&work, &said);
    take_status(&work, said.status);
    // before anything is made of it, a digest of the content too
    if (!may_name(&work, said.consent) && is_named(&said.person)) {
        said.person = (struct item_person){0};
        result->person_dropped = true;
    }
    take_person(&work, &said.person);
    digest_content(context->identity_key, &said, &signal->content);
}
