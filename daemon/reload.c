// SPDX-License-Identifier: EUPL-1.2
// A reload reads everything anew beside what is in force, and compares. Nothing here changes what
// runs: app.c puts it in force, all of it or nothing.
#include "reload.h"

#include "base/mem.h"
#include "base/pii/log.h"
#include "by_hand.h"
#include "codec/json_out.h"
#include "ingest/certificates.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TABLE_BYTES_MAX = 64 << 20, NAMES_MAX = 50, DIGESTS_MAX = 640, FAULTS_MAX = 1 << 20 };

// --- rows of tables ---

static const char *const table_names[RELOAD_TABLES] = {"municipalities", "name_variants",
                                                       "categories", "display_allowlist"};

static int compare_rows(const void *a, const void *b) {
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

static void read_table(const char *file, struct reload_table *table) {
    struct buf text;
    struct err ignored;
    *table = (struct reload_table){0};
    if (!str_read_file(file, TABLE_BYTES_MAX, &text, &ignored))
        return;
    struct str rest = buf_str(&text), line;
    size_t lines = 1;
    for (size_t i = 0; i < rest.len; i++)
        lines += rest.data[i] == '\n';
    table->rows = mem_alloc(lines * sizeof *table->rows);
    while (str_split(&rest, '\n', &line))
        if (line.len)
            table->rows[table->count++] = map_hash(line.data, line.len);
    qsort(table->rows, table->count, sizeof *table->rows, compare_rows);
    buf_free(&text);
}

void reload_rows_read(const struct config *config, struct reload_rows *rows) {
    const struct table_files *files = &config->table_files;
    const char *const names[RELOAD_TABLES] = {files->municipalities, files->name_variants,
                                              files->categories, files->display_allowlist};
    for (size_t i = 0; i < RELOAD_TABLES; i++)
        read_table(names[i], &rows->tables[i]);
}

void reload_rows_free(struct reload_rows *rows) {
    for (size_t i = 0; i < RELOAD_TABLES; i++)
        free(rows->tables[i].rows);
    *rows = (struct reload_rows){0};
}

// How many of `b` are not in `a`.
static size_t count_new(const struct reload_table *a, const struct reload_table *b) {
    size_t i = 0, count = 0;
    for (size_t j = 0; j < b->count; j++) {
        while (i < a->count && a->rows[i] < b->rows[j])
            i++;
        if (i < a->count && a->rows[i] == b->rows[j])
            i++;
        else
            count++;
    }
    return count;
}

// --- reading ---

static void refuse_fixed(void *ctx, const struct config_change *change) {
    struct buf *faults = ctx;
    if (change->restart)
        buf_printf(faults,
                   "%s.%s needs a restart: it is %.*s, and %.*s in the file. Nothing of the reload "
                   "was done.\n",
                   change->section, change->name, (int)(change->from.data ? change->from.len : 4),
                   change->from.data ? change->from.data : "none",
                   (int)(change->to.data ? change->to.len : 4),
                   change->to.data ? change->to.data : "none");
}

static struct config *read_config(const struct config *running, struct buf *faults) {
    struct diagnostics told;
    diagnostics_init(&told);
    told.wants_state = true;
    struct config *config = config_load(running->file, by_hand_find_faults, &told);
    buf_put_str(faults, buf_str(&told.text));
    if (told.advice)
        buf_printf(faults, "%s\n", told.advice);
    diagnostics_free(&told);
    if (config)
        config_compare(running, config, refuse_fixed, faults);
    return config;
}

// Have the files stayed as they were before they were read? Puts what they are now.
static bool same_files(const struct config *config, const struct buf *before, struct buf *digests) {
    config_digest(config, true, digests);
    return before->len == digests->len && memcmp(before->data, digests->data, before->len) == 0;
}

bool reload_read(const struct config *running, struct reload *reload, struct buf *digests,
                 struct buf *faults) {
    struct buf before;
    struct err err = {0};
    *reload = (struct reload){.config = read_config(running, faults)};
    buf_init(&before, DIGESTS_MAX);
    config_digest(reload->config ? reload->config : running, true, &before);
    if (reload->config && !faults->len &&
        sources_load_all(reload->config, false, &reload->sources, &reload->tables, faults) &&
        !certificates_read_own(reload->config, &reload->tls, &err))
        buf_printf(faults, "%s\n", err.text);
    if (reload->config)
        reload_rows_read(reload->config, &reload->rows);
    if (!same_files(reload->config ? reload->config : running, &before, digests) && !faults->len)
        buf_puts(faults, "a file was changed while it was read: reload again\n");
    buf_free(&before);
    if (!faults->len)
        return true;
    reload_free(reload);
    return false;
}

bool reload_check_certificate(const struct http_tls *running, const struct reload *next,
                              struct buf *faults) {
    if (!next->tls || !running || http_tls_same(next->tls, running))
        return true;
    struct diagnostics told;
    diagnostics_init(&told);
    certificates_check_own(next->config->tls_certificate_file, &told);
    buf_put_str(faults, buf_str(&told.text));
    bool good = told.count == 0;
    diagnostics_free(&told);
    return good;
}

struct decode_limits reload_decode_limits(const struct config *config) {
    return (struct decode_limits){.item_bytes_max = config->item_bytes_max,
                                  .items_max = config->items_max,
                                  .depth_max = config->json_depth_max};
}

void reload_log_refused(struct str faults) {
    struct str line;
    while (str_split(&faults, '\n', &line))
        if (line.len)
            log_alarm(ALARM_RELOAD_REFUSED, "reload refused, all stays as it was: %.*s",
                      (int)line.len, line.data);
}

void reload_free(struct reload *reload) {
    config_free(reload->config);
    sources_unref(reload->sources);
    tables_unref(reload->tables);
    http_tls_unref(reload->tls);
    reload_rows_free(&reload->rows);
    *reload = (struct reload){0};
}

// --- telling ---

struct telling {
    struct json_out json;
    struct buf *summary;
    size_t keys;
};

static void tell_key(void *ctx, const struct config_change *change) {
    struct telling *telling = ctx;
    char name[128];
    (void)snprintf(name, sizeof name, "%s.%s", change->section, change->name);
    json_open(&telling->json, '{');
    json_put_text(&telling->json, "key", name);
    json_put_string(&telling->json, "from", change->from);
    json_put_string(&telling->json, "to", change->to);
    json_close(&telling->json, '}');
    buf_printf(telling->summary, " %s=%.*s->%.*s", name, (int)change->from.len,
               change->from.data ? change->from.data : "", (int)change->to.len,
               change->to.data ? change->to.data : "");
}

// Those of `b` that `a` lacks, or that are other ones there.
static void tell_sources(struct telling *telling, const char *key, const char *word,
                         const struct sources *a, const struct sources *b, bool other) {
    size_t count = 0;
    json_open_key(&telling->json, key, '{');
    json_open_key(&telling->json, "names", '[');
    for (size_t i = 0; i < b->count; i++) {
        const struct source *source = &b->list[i];
        const struct source *there = sources_find(a, str_from(source->name));
        if (other ? !there || digest_equal(&there->digest, &source->digest) : there != NULL)
            continue;
        if (count++ < NAMES_MAX)
            json_string(&telling->json, str_from(source->name));
        buf_printf(telling->summary, " %s=%s", word, source->name);
    }
    json_close(&telling->json, ']');
    json_put_u64(&telling->json, "count", count);
    json_close(&telling->json, '}');
}

static void tell_tables(struct telling *telling, const struct reload_rows *a,
                        const struct reload_rows *b) {
    json_open_key(&telling->json, "tables", '[');
    for (size_t i = 0; i < RELOAD_TABLES; i++) {
        size_t added = count_new(&a->tables[i], &b->tables[i]);
        size_t removed = count_new(&b->tables[i], &a->tables[i]);
        if (!added && !removed)
            continue;
        json_open(&telling->json, '{');
        json_put_text(&telling->json, "table", table_names[i]);
        json_put_u64(&telling->json, "added", added);
        json_put_u64(&telling->json, "removed", removed);
        json_close(&telling->json, '}');
        buf_printf(telling->summary, " %s=+%zu-%zu", table_names[i], added, removed);
    }
    json_close(&telling->json, ']');
}

static void tell_template(struct telling *telling, const char *name) {
    json_string(&telling->json, str_from(name));
    buf_printf(telling->summary, " template=%s", name);
}

static void tell_templates(struct telling *telling, const struct templates *a,
                           const struct templates *b) {
    json_open_key(&telling->json, "templates", '[');
    for (size_t i = 0; i < b->count; i++) {
        const struct template *was = templates_find(a, str_from(b->list[i].name));
        if (!was || !digest_equal(&was->digest, &b->list[i].digest))
            tell_template(telling, b->list[i].name);
    }
    for (size_t i = 0; i < a->count; i++)
        if (!templates_find(b, str_from(a->list[i].name)))
            tell_template(telling, a->list[i].name);
    json_close(&telling->json, ']');
}

static void tell_certificate(struct telling *telling, const struct http_tls *a,
                             const struct http_tls *b) {
    bool other = a && b && !http_tls_same(a, b);
    char ends[TIME_STAMP_MAX];
    if (b)
        time_format_stamp(http_tls_ends_s(b) * 1000, ends);
    json_put_text(&telling->json, "certificateEnds", other ? ends : NULL);
    if (other)
        buf_printf(telling->summary, " certificate_ends=%s", ends);
    bool other_clients = a && b && !http_tls_same_clients(a, b);
    json_put_bool(&telling->json, "clientCertificatesChange", other_clients);
    if (other_clients)
        buf_puts(telling->summary, " client_certificates=change");
}

void reload_tell(const struct reload *running, const struct reload *next, struct buf *json,
                 struct buf *summary) {
    struct telling telling = {.json = {.buf = json}, .summary = summary};
    size_t before = summary->len;
    json_open(&telling.json, '{');
    json_put_u64(&telling.json, "sources", next->sources->count);
    json_open_key(&telling.json, "keys", '[');
    config_compare(running->config, next->config, tell_key, &telling);
    json_close(&telling.json, ']');
    tell_sources(&telling, "sourcesAdded", "added", running->sources, next->sources, false);
    tell_sources(&telling, "sourcesRemoved", "removed", next->sources, running->sources, false);
    tell_sources(&telling, "sourcesChanged", "changed", running->sources, next->sources, true);
    tell_tables(&telling, &running->rows, &next->rows);
    tell_templates(&telling, running->sources->templates, next->sources->templates);
    tell_certificate(&telling, running->tls, next->tls);
    json_put_bool(&telling.json, "kafkaChanges", next->kafka_changes);
    if (next->kafka_changes)
        buf_puts(summary, " kafka=changes");
    json_put_bool(&telling.json, "changed", summary->len != before || summary->overflow);
    json_close(&telling.json, '}');
}
