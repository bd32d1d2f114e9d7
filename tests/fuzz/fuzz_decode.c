// SPDX-License-Identifier: EUPL-1.2
// Native JSON and NDJSON. The first byte chooses. What the JSON library takes for JSON is held
// against it: the items are as many, each says what the library reads in it, and one in which all
// is of the right type has no fault.
#include "codec/decode.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BYTES_MAX = 400, ITEMS_MAX = 20, DEPTH_MAX = 6 };

struct run {
    const json_t *root; // NULL: no JSON to the library
    bool strict;        // no name is there twice, and no item is too long or deep
    uint32_t items;
};

static void check(bool holds) {
    if (!holds)
        abort();
}

// Fields that are one text. `updated` is not here: it is the cursor as well.
static const struct {
    const char *object, *name;
    size_t offset;
    bool number; // a whole number does as well
} fields[] = {
    {NULL, "id", offsetof(struct item, id), true},
    {NULL, "reported", offsetof(struct item, reported), false},
    {NULL, "occurred", offsetof(struct item, occurred), false},
    {NULL, "municipality", offsetof(struct item, municipality), true},
    {NULL, "status", offsetof(struct item, status), false},
    {NULL, "consent", offsetof(struct item, consent), true},
    {"victim", "gender", offsetof(struct item, gender), true},
    {"victim", "age", offsetof(struct item, age), true},
    {"victim", "ageGroup", offsetof(struct item, age_group), true},
    {"victim", "birthYear", offsetof(struct item, birth_year), true},
    {"victim", "citizenship", offsetof(struct item, citizenship), true},
    {"person", "name", offsetof(struct item, person.name), false},
    {"person", "birthDate", offsetof(struct item, person.birth_date), false},
    {"person", "nationality", offsetof(struct item, person.nationality), false},
    {"person", "vNumber", offsetof(struct item, person.v_number), true},
};
enum { FIELDS = sizeof fields / sizeof fields[0] };

static const json_t *value_of(const json_t *object, size_t field) {
    if (fields[field].object)
        object = json_object_get(object, fields[field].object);
    const json_t *value = json_object_get(object, fields[field].name);
    return json_is_null(value) ? NULL : value;
}

static void check_text(const json_t *value, struct str text) {
    char digits[32];
    if (json_is_string(value))
        check(text.data && text.len == json_string_length(value) &&
              memcmp(text.data, json_string_value(value), text.len) == 0);
    else if (json_is_integer(value)) {
        int len =
            snprintf(digits, sizeof digits, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        check(text.len == (size_t)len && memcmp(text.data, digits, text.len) == 0);
    } else if (!value) {
        check(!text.data);
    }
}

static bool is_absent(const json_t *value) {
    return !value || json_is_null(value);
}

// The words of either member when the other is not there.
static void check_categories(const json_t *object, const struct item *item) {
    const json_t *one = json_object_get(object, "category");
    const json_t *all = json_object_get(object, "categories");
    if (!is_absent(one) && !is_absent(all))
        return;
    const json_t *said = is_absent(one) ? all : one;
    size_t count = json_is_array(said) ? json_array_size(said) : !is_absent(said);
    check(item->category_count == count);
    for (size_t i = 0; i < count; i++)
        check_text(json_is_array(said) ? json_array_get(said, i) : said, item->categories[i]);
}

static bool is_word_or_list(const json_t *value) {
    if (is_absent(value) || json_is_string(value))
        return true;
    for (size_t i = 0; i < json_array_size(value); i++)
        if (!json_is_string(json_array_get(value, i)))
            return false;
    return json_is_array(value) && json_array_size(value) <= SIGNAL_CATEGORIES_MAX;
}

static bool is_refused(const char *name) {
    static const char *const names[] = {"bsn", "burgerservicenummer", "citizenServiceNumber",
                                        "sofinummer"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcasecmp(name, names[i]) == 0)
            return true;
    return false;
}

static bool is_object_or_absent(const json_t *value) {
    return is_absent(value) || json_is_object(value);
}

// Is all that we know of the right type?
static bool is_right(json_t *object) {
    json_t *person = json_object_get(object, "person");
    const json_t *withdrawn = json_object_get(object, "withdrawn");
    const json_t *updated = json_object_get(object, "updated");
    const char *name;
    json_t *value;
    for (size_t i = 0; i < FIELDS; i++) {
        const json_t *said = value_of(object, i);
        if (said && !json_is_string(said) && !(fields[i].number && json_is_integer(said)))
            return false;
    }
    json_object_foreach(person, name, value) if (is_refused(name)) return false;
    return is_object_or_absent(person) && is_object_or_absent(json_object_get(object, "victim")) &&
           (is_absent(withdrawn) || json_is_boolean(withdrawn)) &&
           (is_absent(updated) || json_is_string(updated)) &&
           is_word_or_list(json_object_get(object, "category")) &&
           is_absent(json_object_get(object, "categories")) &&
           is_absent(json_object_get(object, "specversion"));
}

static void check_item(const struct run *run, json_t *object, const struct decode_item *decoded) {
    if (run->strict && json_is_object(object) && is_right(object))
        check(decoded->fault_count == 0);
    if (decoded->fault_count)
        return;
    check(json_is_object(object));
    for (size_t i = 0; i < FIELDS; i++) {
        struct str text;
        memcpy(&text, (const char *)&decoded->item + fields[i].offset, sizeof text);
        check_text(value_of(object, i), text);
    }
    check(decoded->item.withdrawn == json_is_true(json_object_get(object, "withdrawn")));
    check_categories(object, &decoded->item);
}

static void on_item(void *ctx, const struct decode_item *item) {
    struct run *run = ctx;
    check(item->index == run->items && item->item.category_count <= SIGNAL_CATEGORIES_MAX &&
          item->fault_count <= DECODE_FAULTS_MAX);
    if (json_is_array(run->root))
        check_item(run, json_array_get(run->root, run->items), item);
    else if (run->root)
        check_item(run, (json_t *)(uintptr_t)run->root, item);
    run->items++;
}

static bool is_deep(struct str body) {
    size_t depth = 0;
    for (size_t i = 0; i < body.len; i++) // also within strings: then it is only not looked at
        if (body.data[i] == '[' || body.data[i] == '{')
            depth++;
    return depth > DEPTH_MAX;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0)
        return 0;
    struct str body = {(const char *)data + 1, size - 1};
    struct decode_options options = {
        .format = data[0] % 2 ? DECODE_NDJSON : DECODE_JSON,
        .limits = {.item_bytes_max = BYTES_MAX, .items_max = ITEMS_MAX, .depth_max = DEPTH_MAX},
        .cursor_field = STR("updated")};
    struct decode_result result;
    struct run run = {0};
    json_t *root = NULL, *strict = NULL;
    // the library passes over a NUL behind a number
    if (options.format == DECODE_JSON && !memchr(data, '\0', size)) {
        root = json_loadb(body.data, body.len, 0, NULL);
        strict = json_loadb(body.data, body.len, JSON_REJECT_DUPLICATES, NULL);
        run.root = root;
        run.strict = strict && body.len <= BYTES_MAX && !is_deep(body);
    }
    decode_items(body, &options, on_item, &run, &result);
    check(result.failed || run.items == result.items);
    if (root && json_array_size(root) <= ITEMS_MAX)
        check(!result.failed && run.items == (json_is_array(root) ? json_array_size(root) : 1));
    json_decref(root);
    json_decref(strict);
    return 0;
}
