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
    char *room;       // STR_TIDY_MAX bytes, of the last field that was cleaned
};

static void add_fault(struct normaliser *work, const char *pointer, enum fault_code code) {
    struct normalise_result *result = work->result;
    assert(result->fault_count < NORMALISE_FAULTS_MAX);
    struct fault *fault = &result->faults[result->fault_count++];
    *fault = (struct fault){.code = code};
    assert(strlen(pointer) < sizeof fault->pointer);
    memcpy(fault->pointer, pointer, strlen(pointer) + 1);
}

// Line breaks and tabs fold as blanks do.
static bool is_clean_word(struct str text) {
    while (text.len) {
        size_t len = 0;
        while (len < text.len && !memchr("\t\n\r", text.data[len], 3))
            len++;
        if (!str_is_clean_utf8((struct str){text.data, len}))
            return false;
        len += len < text.len;
        text = (struct str){text.data + len, text.len - len};
    }
    return true;
}

// A word that a table gives meaning; absent as of `clean`.
static struct str clean_word(struct normaliser *work, struct str field, const char *pointer) {
    struct str text = str_trim(field);
    if (text.len == 0)
        return (struct str){NULL, 0};
    if (text.len <= SIGNAL_WORD_MAX && is_clean_word(text))
        return text;
    add_fault(work, pointer, text.len > SIGNAL_WORD_MAX ? FAULT_TOO_LONG : FAULT_BAD_CHARACTER);
    return (struct str){NULL, 0};
}

// The field as it reads, until the next is cleaned; absent when nothing is left or when it is at
// fault.
static struct str clean(struct normaliser *work, struct str field, size_t max,
                        const char *pointer) {
    struct str text = str_tidy(field, work->room);
    if (text.len == 0)
        return (struct str){NULL, 0};
    if (text.len <= max && str_is_clean_utf8(text))
        return text;
    add_fault(work, pointer, text.len > max ? FAULT_TOO_LONG : FAULT_BAD_CHARACTER);
    return (struct str){NULL, 0};
}

static bool take_digits(struct str *rest, size_t max) {
    size_t count = 0;
    while (count < rest->len && rest->data[count] >= '0' && rest->data[count] <= '9')
        count++;
    *rest = (struct str){rest->data + count, rest->len - count};
    return count > 0 && count <= max;
}

static bool take_one(struct str *rest, const char *chars) {
    if (rest->len == 0 || !strchr(chars, rest->data[0]))
        return false;
    *rest = (struct str){rest->data + 1, rest->len - 1};
    return true;
}

// "2.01712E+11" or "201.71E9", which a spreadsheet made of a long number: others are alike. "7E12"
// may be what somebody calls a case.
static bool is_shortened(struct str id) {
    if (!take_digits(&id, 3))
        return false;
    bool fraction = take_one(&id, ".,");
    if ((fraction && !take_digits(&id, SIGNAL_ID_MAX)) || !take_one(&id, "eE"))
        return false;
    bool sign = take_one(&id, "+") || (fraction && take_one(&id, "-"));
    return take_digits(&id, 3) && id.len == 0 && (fraction || sign);
}

// "#N/B" or "#DIV/0!", which a spreadsheet shows in place of what it could not work out.
static bool is_spreadsheet_error(struct str id) {
    if (id.len < 4 || id.data[0] != '#')
        return false;
    char last = id.data[id.len - 1];
    for (size_t i = 1; i < id.len; i++)
        if (!(id.data[i] >= 'A' && id.data[i] <= 'Z') && !memchr("/0!?#", id.data[i], 5))
            return false;
    return last == '!' || last == '?' || last == '#' || memchr(id.data, '/', id.len);
}

// "SCOPE ID": so an id that has a scope is written where somebody asks for its signal.
static struct str with_scope(struct str scope, struct str id,
                             char out[SIGNAL_SCOPE_MAX + 1 + SIGNAL_ID_MAX]) {
    if (!scope.data || scope.len > SIGNAL_SCOPE_MAX)
        return id;
    memcpy(out, scope.data, scope.len);
    out[scope.len] = ' ';
    memcpy(out + scope.len + 1, id.data, id.len);
    return (struct str){out, scope.len + 1 + id.len};
}

static void take_id(struct normaliser *work, const struct item *item) {
    struct signal *signal = work->signal;
    char room[SIGNAL_SCOPE_MAX + 1 + SIGNAL_ID_MAX];
    struct str id = clean(work, item->id, SIGNAL_ID_MAX, "/id");
    if (id.len == 0) {
        if (work->result->fault_count == 0)
            add_fault(work, "/id", FAULT_REQUIRED);
        return;
    }
    if (is_shortened(id) || is_spreadsheet_error(id))
        add_fault(work, "/id", FAULT_SHORTENED);
    normalise_identity(work->context->identity_key, work->context->source,
                       with_scope(item->scope, id, room), &signal->identity);
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
    } else if (time_parse_said(text, &ms)) {
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

static void set_day(struct signal *signal, int32_t day) {
    signal->reported = day;
    signal->cell.month = (uint16_t)(time_month_of_day(day) - 2000 * 12);
}

static void take_dates(struct normaliser *work, const struct item *item) {
    work->reported = work->received;
    if (work->context->date_needed && !work->signal->withdrawn && str_trim(item->reported).len == 0)
        add_fault(work, "/reported", FAULT_REQUIRED);
    bool given = take_day(work, item->reported, "/reported", SIGNAL_DAY_MIN, &work->reported);
    work->signal->undated = !given;
    // our own clock may be wrong too: a month before 2000 has no cell
    if (!given && work->received < SIGNAL_DAY_MIN && str_trim(item->reported).len == 0 &&
        !work->signal->withdrawn)
        add_fault(work, "/reported", FAULT_OUT_OF_RANGE);
    if (work->reported < SIGNAL_DAY_MIN)
        work->reported = SIGNAL_DAY_MIN;
    set_day(work->signal, work->reported);
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
    } else if (time_parse_said(text, &from)) {
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
    struct str word = clean_word(work, field, "/municipality");
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
        struct str word = clean_word(work, item->categories[i], pointers[i]);
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

// What a source says of a victim, in whatever form: what cannot be read is unknown, and is counted.
// It never costs the signal.
enum reading { READING_NONE, READING_GOOD, READING_UNKNOWN };

// A whole number from `min` to `max`, also as spreadsheets and people write it: "30.0", "30 jaar".
static enum reading read_number(struct str field, uint64_t min, uint64_t max, uint64_t *value) {
    static const char *const units[] = {"",  "j",    "jaar",  "jr",  "jaar oud",
                                        "y", "year", "years", "yrs", "years old"};
    struct str rest = str_trim(field), digits = rest;
    char folded[STR_FOLDED_MAX];
    if (rest.len == 0)
        return READING_NONE;
    if (!take_digits(&rest, SIGNAL_WORD_MAX))
        return READING_UNKNOWN;
    digits.len -= rest.len;
    if (rest.len > 1 && (rest.data[0] == '.' || rest.data[0] == ',') && rest.data[1] == '0') {
        rest = (struct str){rest.data + 1, rest.len - 1};
        (void)take_digits(&rest, SIGNAL_WORD_MAX);
    }
    bool signs_only = rest.len > 0 && synonyms_fold(rest, folded) == 0;
    if (rest.len == 0)
        folded[0] = '\0';
    if (signs_only || !str_to_u64(digits, max, value) || *value < min)
        return READING_UNKNOWN;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(folded, units[i]) == 0)
            return READING_GOOD;
    return READING_UNKNOWN;
}

// The age in years follows from a birth year only when both ends of that year agree.
static enum age_group age_group_of_birth_year(uint64_t born, int year) {
    uint64_t years = (uint64_t)year - born;
    if (born > (uint64_t)year || years == AGE_OF_MAJORITY)
        return AGE_UNKNOWN;
    return years < AGE_OF_MAJORITY ? AGE_MINOR : AGE_ADULT;
}

static enum reading read_age_group(struct str field, enum age_group *group) {
    struct str word = str_trim(field);
    if (word.len == 0)
        return READING_NONE;
    return codelist_age_group(word, group) ? READING_GOOD : READING_UNKNOWN;
}

// An age, or a group that stands in its place.
static enum reading read_age(struct str field, enum age_group *group) {
    uint64_t age;
    enum reading reading = read_number(field, 0, AGE_MAX, &age);
    if (reading == READING_GOOD)
        *group = age < AGE_OF_MAJORITY ? AGE_MINOR : AGE_ADULT;
    else if (reading == READING_UNKNOWN && codelist_age_group(str_trim(field), group) &&
             *group != AGE_UNKNOWN)
        return READING_GOOD;
    return reading;
}

static enum reading read_birth_year(struct str field, int year, enum age_group *group,
                                    uint64_t *born) {
    enum reading reading = read_number(field, BIRTH_YEAR_MIN, (uint64_t)year, born);
    if (reading == READING_GOOD)
        *group = age_group_of_birth_year(*born, year);
    return reading;
}

// What is most exact for us wins: the group, then the age, then the birth year.
static enum age_group take_age(struct normaliser *work, const struct item *item) {
    const struct str said[] = {item->age_group, item->age, item->birth_year};
    enum age_group groups[3] = {AGE_UNKNOWN, AGE_UNKNOWN, AGE_UNKNOWN};
    int year = time_month_of_day(work->reported) / 12;
    uint64_t born = 0;
    const enum reading readings[] = {read_age_group(said[0], &groups[0]),
                                     read_age(said[1], &groups[1]),
                                     read_birth_year(said[2], year, &groups[2], &born)};
    for (size_t i = 0; i < 3; i++)
        if (readings[i] == READING_UNKNOWN) {
            add_unknown(work, UNMAPPED_AGE_GROUP, str_trim(said[i]));
            break; // one word of each field is kept
        }
    for (size_t i = 0; i < 2; i++)
        if (groups[i] != AGE_UNKNOWN)
            return groups[i];
    if (readings[2] == READING_GOOD)
        work->signal->birth_year = (uint16_t)born;
    return groups[2];
}

static void take_victim(struct normaliser *work, const struct item *item) {
    enum gender gender = GENDER_UNKNOWN;
    enum citizenship citizenship = CITIZENSHIP_UNKNOWN;
    char code[sizeof work->signal->country + 1];
    struct cell *cell = &work->signal->cell;
    struct str word = str_trim(item->gender);
    if (word.len && !codelist_gender(word, &gender))
        add_unknown(work, UNMAPPED_GENDER, word);
    cell->gender = (uint8_t)gender;
    cell->age_group = (uint8_t)take_age(work, item);
    word = str_trim(item->citizenship);
    if (word.len && !codelist_citizenship(word, work->reported, &citizenship))
        add_unknown(work, UNMAPPED_CITIZENSHIP, word);
    else if (work->signal->undated && word.len && codelist_country(word, code))
        memcpy(work->signal->country, code, sizeof work->signal->country);
    cell->citizenship = (uint8_t)citizenship;
}

static void take_status(struct normaliser *work, struct str field) {
    enum status status = STATUS_POSSIBLE;
    struct str word = clean(work, field, SIGNAL_WORD_MAX, "/status");
    if (word.len && !codelist_is_unknown(word) && !codelist_status(word, &status))
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
    char room[STR_TIDY_MAX];
    const struct str parts[] = {source, str_tidy(id, room)};
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
    char room[STR_TIDY_MAX];
    struct normaliser work = {.context = context,
                              .room = room,
                              .signal = signal,
                              .result = result,
                              .received = time_amsterdam_day(context->received_ms)};
    memset(signal, 0, sizeof *signal);
    result->fault_count = 0;
    result->municipality_unknown = result->person_dropped = false;
    signal->withdrawn = item->withdrawn;
    signal->stands = item->stands && !item->withdrawn;
    signal->cell.source_kind = (uint8_t)context->source_kind;
    take_id(&work, item);
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

// Where it happened, on another day: the words mean what they mean then. False: that is not known.
static bool find_place(const struct municipalities *all, uint16_t own_code,
                       const struct signal *signal, const struct municipality **found) {
    const struct municipality *own = municipalities_by_code(all, own_code);
    const char *spelling;
    if (signal->as_reported)
        return municipalities_resolve(all, str_from(signal->as_reported), signal->reported,
                                      own ? own->province : 0, found,
                                      &spelling) == MUNICIPALITY_FOUND;
    *found = own ? municipalities_on(all, own, signal->reported) : NULL;
    return *found;
}

static bool lacks_place(const struct signal *signal) {
    for (size_t i = 0; i < signal->unknown_count; i++)
        if (signal->unknown[i].field == UNMAPPED_MUNICIPALITY)
            return !signal->as_reported;
    return false;
}

void normalise_redate(const struct municipalities *municipalities, uint16_t source_municipality,
                      int32_t day, int64_t received_ms, struct signal *signal) {
    const int32_t received = time_amsterdam_day(received_ms);
    const struct municipality *found = NULL;
    enum citizenship citizenship;
    set_day(signal, day);
    if (!lacks_place(signal)) {
        bool known = find_place(municipalities, source_municipality, signal, &found);
        signal->cell.municipality = known ? found->code : MUNICIPALITY_UNKNOWN;
        signal->municipality_today =
            known ? municipalities_successor(municipalities, found, received)->code
                  : MUNICIPALITY_UNKNOWN;
    }
    if (signal->birth_year)
        signal->cell.age_group =
            (uint8_t)age_group_of_birth_year(signal->birth_year, time_month_of_day(day) / 12);
    if (signal->country[0] &&
        codelist_citizenship((struct str){signal->country, sizeof signal->country}, day,
                             &citizenship))
        signal->cell.citizenship = (uint8_t)citizenship;
}
