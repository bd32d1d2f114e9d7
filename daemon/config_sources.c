// SPDX-License-Identifier: EUPL-1.2
// The source table: one table of columns reads it, two hash tables answer look-ups. Faults name
// line and column, never what is written there: a token pasted in the wrong place stays unseen.
#include "config_parts.h"

#include "base/mem.h"
#include "core/table.h"

#include <stdlib.h>
#include <string.h>

enum {
    SOURCES_FILE_MAX = 64 * 1024 * 1024,
    SOURCE_NAME_MAX = 64,
    SOURCE_URL_MAX = 2048,
    SLOTS = 1 << 16, // of each hash table
};
_Static_assert(SOURCES_MAX *SOURCE_TOKENS_MAX < SLOTS / 4 * 3, "a free slot is near");

static const int64_t INTERVAL_DEFAULT_MS = 900000, INTERVAL_MIN_MS = 10000,
                     INTERVAL_MAX_MS = 7LL * 86400000;

struct reading {
    const char *file;
    char *dir;
    struct config_faults *faults;
    struct sources *sources;
    uint32_t *lines; // of each source
};

static bool fault(struct err *err, const char *text) {
    return err_set(err, ERR_CONFIG, "%s", text);
}

static bool is_word(struct str text, size_t max, const char *extra, bool upper) {
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!word && !(upper && c >= 'A' && c <= 'Z') && (c == '\0' || !strchr(extra, c)))
            return false;
    }
    return text.len >= 1 && text.len <= max;
}

// FNV-1a; the names are the operator's own.
static uint32_t name_slot(struct str name) {
    uint64_t h = 14695981039346656037ULL;
    for (size_t i = 0; i < name.len; i++)
        h = (h ^ (unsigned char)name.data[i]) * 1099511628211ULL;
    return (uint32_t)(h >> 32 ^ h) % SLOTS;
}

// A digest is spread evenly already. What its place tells in time is no use without its token.
static uint32_t token_slot(const uint8_t digest[SHA256_BYTES]) {
    return (uint32_t)(digest[0] | digest[1] << 8) % SLOTS;
}

// The slot that has the name, or the free one where it goes.
static uint32_t *find_name(const struct sources *sources, struct str name) {
    uint32_t slot = name_slot(name);
    while (sources->by_name[slot] && !str_is(name, sources->list[sources->by_name[slot] - 1].name))
        slot = (slot + 1) % SLOTS;
    return &sources->by_name[slot];
}

static uint32_t *find_token(const struct sources *sources, const uint8_t digest[SHA256_BYTES]) {
    uint32_t slot = token_slot(digest), entry;
    while ((entry = sources->by_token[slot])) {
        const struct source *source = &sources->list[(entry - 1) / SOURCE_TOKENS_MAX];
        if (hash_equal_secret(source->tokens[(entry - 1) % SOURCE_TOKENS_MAX], digest,
                              SHA256_BYTES))
            break;
        slot = (slot + 1) % SLOTS;
    }
    return &sources->by_token[slot];
}

// Columns. Each takes a value that is not empty.

static bool take_name(struct reading *reading, struct source *source, struct str value,
                      struct err *err) {
    if (!is_word(value, SOURCE_NAME_MAX, "._-", false))
        return fault(err, "not allowed (allowed: 1..64 of [a-z0-9._-])");
    uint32_t *slot = find_name(reading->sources, value);
    if (*slot)
        return err_set(err, ERR_CONFIG, "already in line %u", reading->lines[*slot - 1]);
    source->name = mem_strndup(value.data, value.len);
    *slot = (uint32_t)(source - reading->sources->list) + 1;
    return true;
}

static bool take_kind(struct reading *reading, struct source *source, struct str value,
                      struct err *err) {
    (void)reading;
    if (source_kind_from_name(value, &source->kind))
        return true;
    char text[160] = "not allowed (allowed:";
    for (int k = 0; k < SOURCE_KIND_COUNT; k++) {
        strncat(text, " ", sizeof text - strlen(text) - 1);
        strncat(text, source_kind_name((enum source_kind)k), sizeof text - strlen(text) - 1);
    }
    return err_set(err, ERR_CONFIG, "%s)", text);
}

static bool take_municipality(struct reading *reading, struct source *source, struct str value,
                              struct err *err) {
    uint64_t code;
    (void)reading;
    if (value.len != 6 || memcmp(value.data, "GM", 2) != 0 ||
        !str_to_u64((struct str){value.data + 2, 4}, 9999, &code) || code == 0)
        return fault(err, "not allowed (allowed: GM0001..GM9999 or empty)");
    source->municipality = (uint16_t)code;
    return true;
}

static bool take_token(struct reading *reading, struct source *source, struct str hex,
                       struct err *err) {
    uint8_t digest[SHA256_BYTES], of_nothing[SHA256_BYTES];
    hash_sha256(STR(""), of_nothing);
    if (source->token_count == SOURCE_TOKENS_MAX)
        return fault(err, "at most two");
    if (!hash_from_hex(hex, digest, sizeof digest))
        return fault(err, "not the SHA-256 of a token (allowed: 64 hexadecimal digits, two of "
                          "these with a space between them)");
    if (memcmp(digest, of_nothing, sizeof digest) == 0)
        return fault(err, "the SHA-256 of an empty token");
    uint32_t *slot = find_token(reading->sources, digest);
    if (*slot)
        return err_set(err, ERR_CONFIG, "already in line %u: a token belongs to one source",
                       reading->lines[(*slot - 1) / SOURCE_TOKENS_MAX]);
    memcpy(source->tokens[source->token_count], digest, sizeof digest);
    *slot =
        (uint32_t)(source - reading->sources->list) * SOURCE_TOKENS_MAX + source->token_count + 1;
    source->token_count++;
    return true;
}

static bool take_tokens(struct reading *reading, struct source *source, struct str value,
                        struct err *err) {
    struct str piece;
    while (str_split(&value, ' ', &piece))
        if (piece.len && !take_token(reading, source, piece, err))
            return false;
    return true;
}

static bool yes_no(struct str value, bool *field, struct err *err) {
    *field = str_is(value, "yes");
    return *field || str_is(value, "no") || fault(err, "not allowed (allowed: yes, no or empty)");
}

static bool take_official(struct reading *reading, struct source *source, struct str value,
                          struct err *err) {
    (void)reading;
    return yes_no(value, &source->official, err);
}

static bool take_policy(struct reading *reading, struct source *source, struct str value,
                        struct err *err) {
    (void)reading;
    return yes_no(value, &source->policy, err);
}

static bool take_allow_private(struct reading *reading, struct source *source, struct str value,
                               struct err *err) {
    (void)reading;
    return yes_no(value, &source->allow_private, err);
}

// "host", "host:port", "[::1]:port"
static const char *host_wrong(struct str host) {
    size_t end = 0;
    uint64_t port;
    if (host.len > 0 && host.data[0] == '[')
        while (end < host.len && host.data[end] != ']')
            end++;
    while (end < host.len && host.data[end] != ':')
        end++;
    if (end == 0)
        return "has no host";
    if (end < host.len &&
        (!str_to_u64((struct str){host.data + end + 1, host.len - end - 1}, UINT16_MAX, &port) ||
         port == 0))
        return "has no port behind the colon (allowed: 1..65535)";
    return NULL;
}

// Visible ASCII without what RFC 3986 leaves out; user and fragment have no use here.
static const char *url_wrong(struct str url) {
    size_t scheme = 0;
    if (url.len > 8 && str_equal_nocase((struct str){url.data, 8}, STR("https://")))
        scheme = 8;
    else if (url.len > 7 && str_equal_nocase((struct str){url.data, 7}, STR("http://")))
        scheme = 7;
    else
        return "not allowed (allowed: https://…, or http://… with allow_private)";
    if (url.len > SOURCE_URL_MAX)
        return "too long (allowed: at most 2048 bytes)";
    for (size_t i = 0; i < url.len; i++)
        if (url.data[i] <= ' ' || url.data[i] > '~' || strchr("\"<>\\^`{|}", url.data[i]))
            return "has a character that a URL cannot have: write it as %XX";
    if (memchr(url.data, '#', url.len))
        return "a fragment (#) is not sent to a server";
    size_t end = scheme;
    while (end < url.len && url.data[end] != '/' && url.data[end] != '?')
        end++;
    if (memchr(url.data + scheme, '@', end - scheme))
        return "no user or password in a URL: use bearer_file";
    return host_wrong((struct str){url.data + scheme, end - scheme});
}

static bool take_url(struct reading *reading, struct source *source, struct str value,
                     struct err *err) {
    (void)reading;
    const char *wrong = url_wrong(value);
    if (wrong)
        return fault(err, wrong);
    source->url = mem_strndup(value.data, value.len);
    return true;
}

static bool take_interval(struct reading *reading, struct source *source, struct str value,
                          struct err *err) {
    (void)reading;
    return config_duration(value, (uint64_t)INTERVAL_MIN_MS, (uint64_t)INTERVAL_MAX_MS,
                           &source->interval_ms) ||
           fault(err, "not allowed (allowed: 10s..7d, with s, m, h or d)");
}

static bool take_cursor(struct str value, char **field, struct err *err) {
    if (!is_word(value, 64, "._-~", true))
        return fault(err, "not allowed (allowed: 1..64 of [a-zA-Z0-9._~-])");
    *field = mem_strndup(value.data, value.len);
    return true;
}

static bool take_cursor_param(struct reading *reading, struct source *source, struct str value,
                              struct err *err) {
    (void)reading;
    return take_cursor(value, &source->cursor_param, err);
}

static bool take_cursor_field(struct reading *reading, struct source *source, struct str value,
                              struct err *err) {
    (void)reading;
    return take_cursor(value, &source->cursor_field, err);
}

// What is sent in a header: visible ASCII only.
static bool take_bearer_file(struct reading *reading, struct source *source, struct str value,
                             struct err *err) {
    char *path = NULL;
    bool ok =
        config_path(reading->dir, value, &path, err) && config_secret(path, &source->bearer, err);
    free(path);
    size_t len = ok ? strlen(source->bearer) : 0;
    for (size_t i = 0; ok && i < len; i++)
        if (source->bearer[i] <= ' ' || source->bearer[i] > '~' || len > CONFIG_TEXT_MAX)
            ok = fault(err, "the file holds no bearer token: one line of at most 4096 visible "
                            "ASCII characters");
    return ok;
}

static const struct column {
    const char *name;
    bool required;
    bool (*take)(struct reading *reading, struct source *source, struct str value, struct err *err);
} columns[] = {
    {"name", true, take_name},
    {"kind", true, take_kind},
    {"municipality", false, take_municipality},
    {"tokens", false, take_tokens},
    {"official", false, take_official},
    {"policy", false, take_policy},
    {"url", false, take_url},
    {"interval", false, take_interval},
    {"cursor_param", false, take_cursor_param},
    {"cursor_field", false, take_cursor_field},
    {"bearer_file", false, take_bearer_file},
    {"allow_private", false, take_allow_private},
};
enum { COLUMNS = sizeof columns / sizeof *columns };

// order[i] is what the file's column i is.
static bool read_header(struct reading *reading, struct table *table, size_t order[COLUMNS],
                        size_t *count) {
    struct str cells[TABLE_COLUMNS_MAX];
    struct err err;
    bool seen[COLUMNS] = {false};
    size_t before = reading->faults->count, n = 0;
    enum table_next next = table_read(table, cells, TABLE_COLUMNS_MAX, &n, &err);
    if (next == TABLE_BAD)
        config_fault(reading->faults, NULL, 0, "%s", err.text);
    for (size_t i = 0; next == TABLE_ROW && i < n; i++) {
        size_t c = 0;
        while (c < COLUMNS && !str_is(cells[i], columns[c].name))
            c++;
        if (c == COLUMNS || seen[c]) {
            config_fault(reading->faults, reading->file, table->line, "column %zu is %s", i + 1,
                         c == COLUMNS ? "unknown" : "there twice");
            continue;
        }
        seen[c] = true;
        order[(*count)++] = c;
    }
    for (size_t c = 0; next != TABLE_BAD && c < COLUMNS; c++)
        if (columns[c].required && !seen[c])
            config_fault(reading->faults, reading->file, 1, "column %s is missing",
                         columns[c].name);
    return reading->faults->count == before;
}

static void check_source(struct reading *reading, const struct source *source, size_t line) {
    if (source->url && !source->allow_private && source->url[4] == ':')
        config_fault(reading->faults, reading->file, line,
                     "url: http only with allow_private (a test on this machine); use https");
    if (!source->cursor_param != !source->cursor_field)
        config_fault(reading->faults, reading->file, line,
                     "cursor_param and cursor_field go together");
}

static void read_row(struct reading *reading, const struct str *cells, const size_t *order,
                     size_t count, uint32_t line) {
    struct sources *sources = reading->sources;
    struct source *source = &sources->list[sources->count];
    struct err err;
    *source = (struct source){.interval_ms = INTERVAL_DEFAULT_MS};
    reading->lines[sources->count] = line;
    for (size_t i = 0; i < count; i++) {
        const struct column *column = &columns[order[i]];
        if (cells[i].len == 0 && column->required)
            config_fault(reading->faults, reading->file, line, "%s: is empty", column->name);
        else if (cells[i].len > 0 && !column->take(reading, source, cells[i], &err))
            config_fault(reading->faults, reading->file, line, "%s: %s", column->name, err.text);
    }
    check_source(reading, source, line);
    sources->count++;
}

// Room for one more.
static bool grow(struct reading *reading, uint32_t line) {
    size_t count = reading->sources->count;
    if (count == SOURCES_MAX) {
        config_fault(reading->faults, reading->file, line, "more than %d sources", SOURCES_MAX);
        return false;
    }
    if ((count & (count - 1)) == 0) {
        size_t room = count ? count * 2 : 1;
        reading->sources->list =
            mem_resize(reading->sources->list, room, sizeof *reading->sources->list);
        reading->lines = mem_resize(reading->lines, room, sizeof *reading->lines);
    }
    return true;
}

static void read_rows(struct reading *reading, struct table *table) {
    struct str cells[COLUMNS];
    size_t order[COLUMNS], count = 0;
    struct err err;
    if (!read_header(reading, table, order, &count))
        return;
    for (;;) {
        enum table_next next = table_read_exactly(table, cells, count, &err);
        if (next == TABLE_END)
            return;
        if (next == TABLE_BAD)
            config_fault(reading->faults, NULL, 0, "%s", err.text);
        else if (!grow(reading, table->line))
            return;
        else
            read_row(reading, cells, order, count, table->line);
    }
}

static struct sources *sources_create(void) {
    struct sources *sources = mem_zalloc(1, sizeof *sources);
    sources->by_name = mem_zalloc(SLOTS, sizeof *sources->by_name);
    sources->by_token = mem_zalloc(SLOTS, sizeof *sources->by_token);
    sources->references = 1;
    return sources;
}

struct sources *sources_load(const struct config *config, struct config_faults *faults) {
    struct buf text;
    struct err err;
    struct table table;
    size_t before = faults->count;
    if (!str_read_file(config->sources_file, SOURCES_FILE_MAX, &text, &err)) {
        config_fault(faults, NULL, 0, "%s", err.text);
        return NULL;
    }
    struct reading reading = {.file = config->sources_file,
                              .dir = config_path_dir(config->sources_file),
                              .faults = faults,
                              .sources = sources_create()};
    table_open(&table, buf_str(&text), reading.file);
    buf_free(&text);
    read_rows(&reading, &table);
    table_close(&table);
    free(reading.dir);
    free(reading.lines);
    if (faults->count == before)
        return reading.sources;
    sources_drop(reading.sources);
    return NULL;
}

struct sources *sources_take(struct sources *sources) {
    sources->references++;
    return sources;
}

void sources_drop(struct sources *sources) {
    if (!sources || --sources->references > 0)
        return;
    for (size_t i = 0; i < sources->count; i++) {
        struct source *source = &sources->list[i];
        free(source->name);
        free(source->url);
        free(source->cursor_param);
        free(source->cursor_field);
        config_secret_free(source->bearer);
    }
    free(sources->list);
    free(sources->by_name);
    free(sources->by_token);
    free(sources);
}

const struct source *sources_find(const struct sources *sources, struct str name) {
    uint32_t place = *find_name(sources, name);
    return place ? &sources->list[place - 1] : NULL;
}

const struct source *sources_by_token(const struct sources *sources, struct str token) {
    uint8_t digest[SHA256_BYTES];
    hash_sha256(token, digest);
    uint32_t entry = *find_token(sources, digest);
    return entry ? &sources->list[(entry - 1) / SOURCE_TOKENS_MAX] : NULL;
}
