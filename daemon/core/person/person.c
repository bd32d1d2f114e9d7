// SPDX-License-Identifier: EUPL-1.2
// The attributes of a person as they are compared, and digests of them. What is plain here lives on
// the stack only, in one struct, and is overwritten before anything returns.
#include "core/person/person.h"

#include "base/pii/scrub.h"
#include "core/signal/codelists.h"
#include "core/signal/synonyms.h"
#include "person_private.h"

#include <assert.h>
#include <string.h>

enum {
    V_NUMBER_DIGITS = 10,
    BSN_DIGITS = 9,
    BIRTH_DAY_MIN = -25567, // 1900-01-01
    STACK_BYTES = 8192,     // what folding and hashing may have used below us
};

// As compared; "": not given, or nothing that says anything.
struct known {
    struct person_name name;
    char birth_date[TIME_DATE_MAX];
    char nationality[STR_FOLDED_MAX];
    char v_number[V_NUMBER_DIGITS + 1];
};

struct person_reading {
    struct known known;
    int32_t received;
    struct person_faults *faults;
};

static void add_fault(struct person_reading *reading, enum fault_code code, const char *pointer) {
    struct person_faults *faults = reading->faults;
    assert(faults->count < PERSON_FAULTS_MAX);
    faults->list[faults->count++] = (struct person_fault){code, pointer};
}

// Overwrites what functions that have returned may have left below us.
__attribute__((noinline)) static void wipe_stack(void) {
    char area[STACK_BYTES];
    hash_wipe(area, sizeof area);
}

static size_t count_digits(struct str text, size_t begin, size_t end) {
    size_t count = 0;
    for (size_t i = begin; i < end; i++)
        count += text.data[i] >= '0' && text.data[i] <= '9';
    return count;
}

// Nothing but its digits, whatever stands between them.
static bool digits_are_bsn(struct str text, size_t digits_min) {
    char digits[BSN_DIGITS];
    size_t count = 0, begin, end;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            continue;
        if (count == sizeof digits)
            return false;
        digits[count++] = text.data[i];
    }
    return count >= digits_min &&
           scrub_find((struct str){digits, count}, 0, &begin, &end) == SCRUB_BSN;
}

// One of at least so many digits; a BSN may be written without its first 0.
static bool holds_bsn(struct str text, size_t digits_min) {
    size_t begin, end = 0;
    if (digits_are_bsn(text, digits_min))
        return true;
    enum scrub_kind kind;
    while (end < text.len && (kind = scrub_find(text, end, &begin, &end)) != SCRUB_NONE)
        if (kind == SCRUB_BSN && count_digits(text, begin, end) >= digits_min)
            return true;
    return false;
}

// The attribute without blanks around it; absent when nothing is left, when it says that it is not
// known, or when it is at fault.
static struct str clean(struct person_reading *reading, struct str attribute, const char *pointer) {
    struct str text = str_trim(attribute);
    if (text.len > SIGNAL_WORD_MAX)
        add_fault(reading, FAULT_TOO_LONG, pointer);
    else if (!str_is_clean_utf8(text))
        add_fault(reading, FAULT_BAD_CHARACTER, pointer);
    else if (text.len && !codelist_is_unknown(text))
        return text;
    return (struct str){NULL, 0};
}

static void take_name(struct person_reading *reading, struct str attribute) {
    static const char pointer[] = "/person/name";
    struct str text = clean(reading, attribute, pointer);
    if (holds_bsn(text, BSN_DIGITS - 1))
        add_fault(reading, FAULT_NOT_ACCEPTED, pointer);
    else if (!person_name_read(text, &reading->known.name))
        add_fault(reading, FAULT_TOO_LONG, pointer);
}

// The eight digits of a day, or of what was meant for one, may pass for a BSN. A day of which only
// the year or month is known is as good as none: many are called alike.
static void take_birth_date(struct person_reading *reading, struct str attribute) {
    static const char pointer[] = "/person/birthDate";
    struct str text = clean(reading, attribute, pointer);
    int32_t day;
    if (text.len == 0)
        return;
    if (!person_date_read(text, &day))
        add_fault(reading, holds_bsn(text, BSN_DIGITS) ? FAULT_NOT_ACCEPTED : FAULT_BAD_DATE,
                  pointer);
    else if (day == TIME_DAY_NONE)
        reading->known.birth_date[0] = '\0';
    else if (day < BIRTH_DAY_MIN || day > reading->received)
        add_fault(reading, FAULT_OUT_OF_RANGE, pointer);
    else
        time_format_date(day, reading->known.birth_date);
}

static void take_nationality(struct person_reading *reading, struct str attribute) {
    static const char pointer[] = "/person/nationality";
    struct str text = clean(reading, attribute, pointer);
    if (holds_bsn(text, BSN_DIGITS - 1))
        add_fault(reading, FAULT_NOT_ACCEPTED, pointer);
    else if (text.len && !codelist_country(text, reading->known.nationality))
        (void)synonyms_fold(text, reading->known.nationality);
}

// Behind "V", "V-nummer:" and the like.
static struct str skip_label(struct str text) {
    static const char *const labels[] = {"nummer", "number", "num", "nr", "no"};
    struct str rest = text;
    if (rest.len == 0 || (rest.data[0] != 'V' && rest.data[0] != 'v'))
        return text;
    rest = (struct str){rest.data + 1, rest.len - 1};
    if (rest.len && (rest.data[0] == '-' || rest.data[0] == ' '))
        rest = (struct str){rest.data + 1, rest.len - 1};
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) {
        size_t len = strlen(labels[i]);
        if (rest.len > len &&
            str_equal_nocase((struct str){rest.data, len}, (struct str){labels[i], len}))
            return (struct str){rest.data + len, rest.len - len};
    }
    return rest;
}

// Ten digits, not all the same: such a number stands where there is none.
static bool read_v_number(struct str text, char out[V_NUMBER_DIGITS + 1]) {
    size_t count = 0;
    bool differ = false;
    text = skip_label(text);
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (c >= '0' && c <= '9' && count < V_NUMBER_DIGITS)
            out[count++] = c;
        else if (c == '\0' || !strchr(" .-:", c))
            return false;
        differ = differ || (count && out[count - 1] != out[0]);
    }
    out[count] = '\0';
    return count == V_NUMBER_DIGITS && differ;
}

static void take_v_number(struct person_reading *reading, struct str attribute) {
    static const char pointer[] = "/person/vNumber";
    struct str text = clean(reading, attribute, pointer);
    char *number = reading->known.v_number;
    if (text.len == 0)
        return;
    bool read = read_v_number(text, number);
    // A BSN with a 0 before it has ten digits as well.
    bool bsn = read ? number[0] == '0' && holds_bsn(str_from(number + 1), BSN_DIGITS)
                    : holds_bsn(text, BSN_DIGITS - 1);
    if (read && !bsn)
        return;
    number[0] = '\0';
    add_fault(reading, bsn ? FAULT_NOT_ACCEPTED : FAULT_BAD_NUMBER, pointer);
}

static void read_person(struct person_reading *reading, const struct item_person *person) {
    memset(&reading->known, 0, sizeof reading->known);
    reading->faults->count = 0;
    take_name(reading, person->name);
    take_birth_date(reading, person->birth_date);
    take_nationality(reading, person->nationality);
    take_v_number(reading, person->v_number);
}

static bool is_said(const struct item_person *person) {
    return person->name.len || person->birth_date.len || person->nationality.len ||
           person->v_number.len;
}

// Absent rather than empty.
static struct str name_part(const char *text) {
    return (struct str){text[0] ? text : NULL, strlen(text)};
}

static void add_base(const struct person_keys *keys, const char *domain, const struct str *parts,
                     size_t count, struct person_pseudonyms *out) {
    struct digest *list = out->list[out->base_count++];
    for (size_t k = 0; k < keys->count; k++)
        hash_digest(&keys->list[k].key, domain, parts, count, &list[k]);
}

void person_key_name(struct person_key *key) {
    struct digest digest;
    hash_digest(&key->key, "person key", NULL, 0, &digest);
    const uint8_t *b = digest.bytes;
    key->id = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

void person_pseudonymise(const struct person_keys *keys, const struct item_person *person,
                         int32_t received, struct person_pseudonyms *out,
                         struct person_faults *faults) {
    struct person_reading reading = {.received = received, .faults = faults};
    const struct known *known = &reading.known;
    assert(keys->count <= PERSON_KEYS_MAX);
    memset(out, 0, sizeof *out);
    out->key_count = keys->count;
    faults->count = 0;
    if (!is_said(person))
        return;
    read_person(&reading, person);
    const struct str v_number = name_part(known->v_number);
    const struct str name[] = {name_part(known->name.initial), name_part(known->name.family),
                               name_part(known->birth_date), name_part(known->nationality)};
    if (faults->count == 0 && v_number.len)
        add_base(keys, "person v-number", &v_number, 1, out);
    if (faults->count == 0 && known->name.family[0] && known->birth_date[0])
        add_base(keys, "person name", name, sizeof name / sizeof *name, out);
    hash_wipe(&reading, sizeof reading);
    wipe_stack();
}

void person_content(const struct hash_key *key, const struct item_person *person,
                    struct digest *out) {
    struct person_faults faults; // told by person_pseudonymise
    struct person_reading reading = {.received = INT32_MAX, .faults = &faults};
    const struct known *known = &reading.known;
    memset(out, 0, sizeof *out);
    if (!is_said(person))
        return;
    read_person(&reading, person);
    const struct str parts[] = {name_part(known->name.initial), name_part(known->name.family),
                                name_part(known->birth_date), name_part(known->nationality),
                                name_part(known->v_number)};
    const size_t count = sizeof parts / sizeof *parts;
    bool any = false;
    for (size_t i = 0; i < count; i++)
        any = any || parts[i].len;
    if (any)
        hash_digest(key, "person content", parts, count, out);
    hash_wipe(&reading, sizeof reading);
    wipe_stack();
}
