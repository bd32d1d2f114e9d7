// SPDX-License-Identifier: EUPL-1.2
// The source table: one table of columns reads it, three maps answer look-ups: by name, by the
// SHA-256 of a token, and by that of a certificate or its holder's number. It owns all that a
// source has.
#include "sources_private.h"

#include "core/tables/table.h"

#include <unistd.h>

enum { SOURCES_FILE_MAX = 64 * 1024 * 1024 };

static const int64_t INTERVAL_DEFAULT_MS = 900000;

// What is looked up: a name, or the digest of a token or a certificate.
struct wanted_source {
    uint32_t hash;
    const struct sources *sources;
    struct str name;
    const uint8_t *digest;
};

static bool has_name(const void *slot, const void *key) {
    const struct wanted_source *wanted = key;
    uint32_t item = ((const struct map_slot *)slot)->item;
    return str_is(wanted->name, wanted->sources->list[item - 1].name);
}

static bool has_token(const void *slot, const void *key) {
    const struct wanted_source *wanted = key;
    uint32_t at = ((const struct map_slot *)slot)->item - 1;
    const struct source *source = &wanted->sources->list[at / SOURCE_TOKENS_MAX];
    return hash_equal_secret(source->tokens[at % SOURCE_TOKENS_MAX], wanted->digest, SHA256_BYTES);
}

static bool has_certificate(const void *slot, const void *key) {
    const struct wanted_source *wanted = key;
    uint32_t at = ((const struct map_slot *)slot)->item - 1;
    const struct source *source = &wanted->sources->list[at / SOURCE_TOKENS_MAX];
    return hash_equal_secret(source->certificates[at % SOURCE_TOKENS_MAX], wanted->digest,
                             SHA256_BYTES);
}

static const struct map_kind names = {sizeof(struct map_slot), 0, 64, 2, map_hash_prefix, has_name};
static const struct map_kind tokens = {sizeof(struct map_slot), 0,        64, 2,
                                       map_hash_prefix,         has_token};
static const struct map_kind certificates = {sizeof(struct map_slot), 0, 64, 2, map_hash_prefix,
                                             has_certificate};

// FNV-1a; the names are the operator's own.
static struct wanted_source want_name(const struct sources *sources, struct str name) {
    return (struct wanted_source){map_hash(name.data, name.len), sources, name, NULL};
}

// A digest is spread evenly already. What its place tells in time is no use without its token.
static struct wanted_source want_digest(const struct sources *sources,
                                        const uint8_t digest[SHA256_BYTES]) {
    return (struct wanted_source){(uint32_t)map_hash_prefix(digest), sources, {NULL, 0}, digest};
}

static uint32_t fill(struct map_slot *slot, uint32_t hash, uint32_t item) {
    uint32_t before = slot->item;
    if (!before)
        *slot = (struct map_slot){hash, item};
    return before;
}

uint32_t sources_add_name(struct sources *sources, struct str name, uint32_t item) {
    const struct wanted_source wanted = want_name(sources, name);
    return fill(map_add(&sources->by_name, &names, &wanted), wanted.hash, item);
}

uint32_t sources_add_token(struct sources *sources, const uint8_t digest[SHA256_BYTES],
                           uint32_t item) {
    const struct wanted_source wanted = want_digest(sources, digest);
    return fill(map_add(&sources->by_token, &tokens, &wanted), wanted.hash, item);
}

uint32_t sources_add_certificate(struct sources *sources, const uint8_t digest[SHA256_BYTES],
                                 uint32_t item) {
    const struct wanted_source wanted = want_digest(sources, digest);
    return fill(map_add(&sources->by_certificate, &certificates, &wanted), wanted.hash, item);
}

// order[i] is what the file's column i is.
static bool read_header(struct sources_reading *reading, struct table *table,
                        size_t order[SOURCES_COLUMNS], size_t *count) {
    struct str cells[TABLE_COLUMNS_MAX];
    struct err err;
    bool seen[SOURCES_COLUMNS] = {false};
    size_t before = reading->faults->count, n = 0;
    enum table_next next = table_read(table, cells, TABLE_COLUMNS_MAX, &n, &err);
    if (next == TABLE_BAD)
        diagnostics_add(reading->faults, NULL, 0, "%s", err.text);
    for (size_t i = 0; next == TABLE_ROW && i < n; i++) {
        size_t c = 0;
        while (c < SOURCES_COLUMNS && !str_is(cells[i], sources_columns[c].name))
            c++;
        if (c == SOURCES_COLUMNS || seen[c]) {
            diagnostics_add(reading->faults, reading->file, table->line, "column %zu is %s", i + 1,
                            c == SOURCES_COLUMNS ? "unknown" : "there twice");
            continue;
        }
        seen[c] = true;
        order[(*count)++] = c;
    }
    for (size_t c = 0; next != TABLE_BAD && c < SOURCES_COLUMNS; c++)
        if (sources_columns[c].required && !seen[c])
            diagnostics_add(reading->faults, reading->file, 1, "column %s is missing",
                            sources_columns[c].name);
    return reading->faults->count == before;
}

// Wherever the line stands, and in whatever order its columns.
static void put_digest(struct source *source, const struct str *cells, const size_t *order,
                       size_t count) {
    const struct template *template = source->template;
    struct str parts[SOURCES_COLUMNS + TEMPLATE_HEADERS_MAX + 3] = {{NULL, 0}};
    for (size_t i = 0; i < count; i++)
        parts[order[i]] = cells[i];
    struct str *more = parts + SOURCES_COLUMNS;
    *more++ = str_from(source->secret);
    for (size_t i = 0; source->headers[i]; i++)
        *more++ = str_from(source->headers[i]);
    if (template) {
        *more++ = (struct str){(const char *)template->digest.bytes, sizeof template->digest.bytes};
        *more++ = (struct str){(const char *)&template->pages_max, sizeof template->pages_max};
    }
    hash_digest(&(struct hash_key){{0}}, "source", parts, (size_t)(more - parts), &source->digest);
}

static void read_row(struct sources_reading *reading, const struct str *cells, const size_t *order,
                     size_t count, uint32_t line) {
    struct sources *sources = reading->sources;
    struct source *source = &sources->list[sources->count];
    struct err err;
    *source = (struct source){
        .line = line, .interval_ms = INTERVAL_DEFAULT_MS, .person = SOURCE_PERSON_CONSENT};
    reading->row = (struct sources_row){.line = line};
    for (size_t i = 0; i < count; i++) {
        const struct sources_column *column = &sources_columns[order[i]];
        if (cells[i].len == 0 && column->required)
            diagnostics_add(reading->faults, reading->file, line, "%s: is empty", column->name);
        else if (cells[i].len > 0 &&
                 !column->take(&(struct sources_cell){reading, source, column}, cells[i], &err) &&
                 !diagnostics_pass_over(reading->faults, &err))
            diagnostics_add(reading->faults, reading->file, line, "%s: %s", column->name, err.text);
    }
    sources_row_check(reading, source);
    put_digest(source, cells, order, count);
    sources->count++;
}

// Room for one more.
static bool grow(struct sources_reading *reading, uint32_t line) {
    size_t count = reading->sources->count;
    if (count == SOURCES_MAX) {
        diagnostics_add(reading->faults, reading->file, line, "more than %d sources", SOURCES_MAX);
        return false;
    }
    if ((count & (count - 1)) == 0) {
        size_t room = count ? count * 2 : 1;
        reading->sources->list =
            mem_resize(reading->sources->list, room, sizeof *reading->sources->list);
    }
    return true;
}

static void read_rows(struct sources_reading *reading, struct table *table) {
    struct str cells[SOURCES_COLUMNS];
    size_t order[SOURCES_COLUMNS], count = 0;
    struct err err;
    if (!read_header(reading, table, order, &count))
        return;
    for (;;) {
        enum table_next next = table_read_exactly(table, cells, count, &err);
        if (next == TABLE_END)
            return;
        if (next == TABLE_BAD)
            diagnostics_add(reading->faults, NULL, 0, "%s", err.text);
        else if (!grow(reading, table->line))
            return;
        else
            read_row(reading, cells, order, count, table->line);
    }
}

static struct sources *sources_create(void) {
    struct sources *sources = mem_zalloc(1, sizeof *sources);
    map_init(&sources->by_name, &names);
    map_init(&sources->by_token, &tokens);
    map_init(&sources->by_certificate, &certificates);
    sources->references = 1;
    return sources;
}

// A template asks for no more pages than the configuration lets any.
static struct templates *load_templates(const struct config *config, struct diagnostics *faults) {
    struct templates *templates = templates_load(config->templates_dir, faults);
    const uint32_t max = config->poll_pages_max;
    for (size_t i = 0; templates && max && i < templates->count; i++)
        if (templates->list[i].pages_max > max)
            templates->list[i].pages_max = max;
    return templates;
}

struct sources *sources_load(const struct config *config, struct diagnostics *faults) {
    struct buf text;
    struct err err;
    struct table table;
    size_t before = faults->count;
    if (!str_read_file(config->sources_file, SOURCES_FILE_MAX, &text, &err)) {
        diagnostics_add(faults, NULL, 0, "%s", err.text);
        return NULL;
    }
    struct sources_reading reading = {.file = config->sources_file,
                                      .dir = config_path_dir(config->sources_file),
                                      .faults = faults,
                                      .certificates_asked = config->tls_client_ca_file != NULL,
                                      .templates = load_templates(config, faults),
                                      .sources = sources_create()};
    reading.sources->templates = reading.templates;
    table_open(&table, buf_str(&text), reading.file);
    buf_free(&text);
    read_rows(&reading, &table);
    table_close(&table);
    free(reading.dir);
    if (faults->count == before)
        return reading.sources;
    sources_unref(reading.sources);
    return NULL;
}

struct sources *sources_ref(struct sources *sources) {
    if (sources)
        sources->references++;
    return sources;
}

void sources_unref(struct sources *sources) {
    if (!sources || --sources->references > 0)
        return;
    for (size_t i = 0; i < sources->count; i++) {
        struct source *source = &sources->list[i];
        free(source->name);
        free(source->url);
        free(source->cursor_param);
        free(source->cursor_field);
        free(source->event_source);
        for (size_t k = 0; k < SOURCE_TOKENS_MAX; k++)
            config_secret_free(source->signing[k]);
        free(source->client_cert_file);
        free(source->fsc_grant);
        free(source->ssh_user);
        free(source->ssh_key_file);
        free(source->ssh_host_key);
        for (size_t h = 0; source->headers[h]; h++)
            config_secret_free(source->headers[h]);
        config_secret_free(source->secret);
    }
    templates_free(sources->templates);
    free(sources->list);
    free(sources->by_name.entries);
    free(sources->by_token.entries);
    free(sources->by_certificate.entries);
    free(sources);
}

const struct source *sources_find(const struct sources *sources, struct str name) {
    const struct wanted_source wanted = want_name(sources, name);
    const struct map_slot *slot = map_find(&sources->by_name, &names, &wanted);
    return slot->item ? &sources->list[slot->item - 1] : NULL;
}

const struct source *sources_by_token(const struct sources *sources, struct str token) {
    uint8_t digest[SHA256_BYTES];
    hash_sha256(token, digest);
    const struct wanted_source wanted = want_digest(sources, digest);
    const struct map_slot *slot = map_find(&sources->by_token, &tokens, &wanted);
    return slot->item ? &sources->list[(slot->item - 1) / SOURCE_TOKENS_MAX] : NULL;
}

void sources_oin_digest(const char oin[SOURCES_OIN], uint8_t digest[SHA256_BYTES]) {
    hash_sha256((struct str){oin, SOURCES_OIN}, digest);
}

static const struct source *find_certificate(const struct sources *sources,
                                             const uint8_t digest[SHA256_BYTES]) {
    const struct wanted_source wanted = want_digest(sources, digest);
    const struct map_slot *slot = map_find(&sources->by_certificate, &certificates, &wanted);
    return slot->item ? &sources->list[(slot->item - 1) / SOURCE_TOKENS_MAX] : NULL;
}

const struct source *sources_by_certificate(const struct sources *sources,
                                            const uint8_t fingerprint[SHA256_BYTES],
                                            const char *oin) {
    uint8_t digest[SHA256_BYTES];
    const struct source *source = find_certificate(sources, fingerprint);
    if (source || !oin)
        return source;
    sources_oin_digest(oin, digest);
    return find_certificate(sources, digest);
}

// What a municipality tells without a place would count nowhere, and never cover its own.
static bool check_municipality(const struct source *source, const struct tables *tables,
                               struct buf *fault) {
    if (!source->municipality && source->kind == SOURCE_MUNICIPALITY)
        buf_puts(fault, "its kind is municipality, so it needs one (allowed: GM0001..GM9999)");
    else if (source->municipality &&
             !municipalities_by_code(tables->municipalities, source->municipality))
        buf_printf(fault, "municipality GM%04u is not in the table of municipalities",
                   source->municipality);
    return fault->len == 0;
}

static bool check_municipalities(const struct config *config, const struct sources *sources,
                                 const struct tables *tables, struct buf *faults) {
    bool good = true;
    struct buf fault;
    buf_init(&fault, 256);
    for (size_t i = 0; i < sources->count; i++, buf_clear(&fault)) {
        const struct source *source = &sources->list[i];
        if (check_municipality(source, tables, &fault))
            continue;
        good = false;
        buf_printf(faults, "%s:%u: source %s: %.*s\n", config->sources_file, source->line,
                   source->name, (int)fault.len, fault.data);
    }
    buf_free(&fault);
    return good;
}

bool sources_load_all(const struct config *config, bool by_hand, struct sources **sources,
                      struct tables **tables, struct buf *faults) {
    struct diagnostics told;
    struct err err;
    diagnostics_init(&told);
    told.by_hand = by_hand;
    *tables = tables_load(&config->table_files, &err);
    if (!*tables)
        buf_printf(faults, "%s\n", err.text);
    *sources = sources_load(config, &told);
    buf_put_str(faults, buf_str(&told.text));
    diagnostics_free(&told);
    if (*tables && *sources && check_municipalities(config, *sources, *tables, faults))
        return true;
    sources_unref(*sources);
    tables_unref(*tables);
    *sources = NULL;
    *tables = NULL;
    return false;
}

// The file itself is config's to tell of.
struct sources *sources_check(const struct config *config, struct diagnostics *faults) {
    if (config->sources_file && access(config->sources_file, R_OK) == 0)
        return sources_load(config, faults);
    templates_free(templates_load(config->templates_dir, faults));
    return NULL;
}
