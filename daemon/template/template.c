// SPDX-License-Identifier: EUPL-1.2
// The set of templates: the files of a directory in the order of their names, and "native", which
// reads our own form and follows Link headers.
#include "template/template.h"

#include "base/mem.h"
#include "template_private.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum {
    TEMPLATE_FILE_MAX = 256 * 1024,
    TEMPLATE_NAME_MAX = 64,
    TEMPLATES_MAX = 1000,
    PAGES_MAX = 10000,
};

static const char NATIVE[] = "native", ENDING[] = ".yaml";

static void defaults(struct template *template, struct str name) {
    *template = (struct template){.name = mem_strndup(name.data, name.len),
                                  .first_page = 1,
                                  .pages_max = PAGES_MAX,
                                  .window_items_max = UINT32_MAX};
}

static void finish(struct template *template) {
    if (!template->mapping.items)
        template->mapping.items = mem_strdup("");
}

static void template_free(struct template *template) {
    mapping_free(&template->mapping);
    free(template->name);
    free(template->query);
    free(template->page_param);
    free(template->cursor_param);
    free(template->cursor_format);
    for (size_t i = 0; template->headers[i]; i++)
        free(template->headers[i]);
    free(template->window_end_param);
    free(template->auth_header);
    free(template->token_url);
    free(template->scope);
}

static struct template *add(struct templates *templates, struct str name) {
    templates->list = mem_resize(templates->list, templates->count + 1, sizeof *templates->list);
    struct template *template = &templates->list[templates->count++];
    defaults(template, name);
    return template;
}

static void add_native(struct templates *templates) {
    struct template *template = add(templates, str_from(NATIVE));
    template->native = true;
    template->paging = TEMPLATE_PAGING_LINK;
    template->auth = TEMPLATE_AUTH_BEARER;
    template->auth_optional = true;
    finish(template);
}

static void read_text(struct template *template, struct str text, const char *file,
                      struct diagnostics *faults) {
    struct template_reading reading = {.yaml = {.file = file,
                                                .faults = faults,
                                                .table = template_keys,
                                                .count = TEMPLATE_ROWS,
                                                .object = template},
                                       .template = template};
    hash_digest(&(struct hash_key){{0}}, "template", &text, 1, &template->digest);
    if (yaml_keys_read(&reading.yaml, text))
        template_check(&reading);
    finish(template);
}

static const char *name_wrong(struct str name) {
    if (!text_is_name(name, TEMPLATE_NAME_MAX))
        return "the name before .yaml is not allowed (allowed: 1..64 of [a-z0-9._-])";
    return str_is(name, NATIVE) ? "native is built in: take another name" : NULL;
}

// `entry` ends in ENDING.
static void read_file(struct templates *templates, const char *dir, const char *entry,
                      struct diagnostics *faults) {
    char path[PATH_MAX];
    struct str name = {entry, strlen(entry) - (sizeof ENDING - 1)};
    struct stat st;
    struct buf text;
    struct err err;
    if (snprintf(path, sizeof path, "%s/%s", dir, entry) >= (int)sizeof path) {
        diagnostics_add(faults, dir, 0, "a path has at most %d bytes", PATH_MAX - 1);
        return;
    }
    const char *wrong = name_wrong(name);
    if (!wrong && (stat(path, &st) != 0 || !S_ISREG(st.st_mode)))
        wrong = "is no regular file";
    if (wrong) {
        diagnostics_add(faults, path, 0, "%s", wrong);
        return;
    }
    if (!str_read_file(path, TEMPLATE_FILE_MAX, &text, &err)) {
        diagnostics_add(faults, NULL, 0, "%s", err.text);
        return;
    }
    read_text(add(templates, name), buf_str(&text), path, faults);
    buf_free(&text);
}

static int is_template(const struct dirent *entry) {
    size_t len = strlen(entry->d_name), ending = sizeof ENDING - 1;
    return entry->d_name[0] != '.' && len >= ending &&
           strcmp(entry->d_name + len - ending, ENDING) == 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void read_directory(struct templates *templates, const char *dir,
                           struct diagnostics *faults) {
    struct dirent **entries = NULL;
    int count = scandir(dir, &entries, is_template, by_bytes);
    if (count < 0 && errno != ENOENT && errno != ENOTDIR) // config/files.c tells of these
        diagnostics_add(faults, dir, 0, "cannot be read: %s", strerror(errno));
    if (count > TEMPLATES_MAX)
        diagnostics_add(faults, dir, 0, "more than %d templates", (int)TEMPLATES_MAX);
    for (int i = 0; i < count; i++) {
        if (i < TEMPLATES_MAX)
            read_file(templates, dir, entries[i]->d_name, faults);
        free(entries[i]);
    }
    free(entries);
}

static struct templates *done(struct templates *templates, const struct diagnostics *faults,
                              size_t faults_before) {
    if (faults->count == faults_before)
        return templates;
    templates_free(templates);
    return NULL;
}

struct templates *templates_load(const char *dir, struct diagnostics *faults) {
    struct templates *templates = mem_zalloc(1, sizeof *templates);
    size_t before = faults->count;
    add_native(templates);
    if (dir)
        read_directory(templates, dir, faults);
    return done(templates, faults, before);
}

struct templates *templates_load_text(struct str text, const char *name,
                                      struct diagnostics *faults) {
    struct templates *templates = mem_zalloc(1, sizeof *templates);
    size_t before = faults->count;
    if (text.len > TEMPLATE_FILE_MAX)
        diagnostics_add(faults, name, 0, "larger than %d bytes", (int)TEMPLATE_FILE_MAX);
    else
        read_text(add(templates, str_from(name)), text, name, faults);
    return done(templates, faults, before);
}

void templates_free(struct templates *templates) {
    if (!templates)
        return;
    for (size_t i = 0; i < templates->count; i++)
        template_free(&templates->list[i]);
    free(templates->list);
    free(templates);
}

static bool ends_in(struct str name, const char *ending) {
    size_t len = strlen(ending);
    return name.len > len && strncasecmp(name.data + name.len - len, ending, len) == 0;
}

bool template_reads_file(const struct template *template, struct str name) {
    if (template->mapping.format == MAPPING_CSV)
        return ends_in(name, ".csv") || ends_in(name, ".txt");
    if (template->mapping.format == MAPPING_NDJSON)
        return ends_in(name, ".ndjson") || ends_in(name, ".jsonl");
    return ends_in(name, ".json");
}

const struct template *templates_find(const struct templates *templates, struct str name) {
    for (size_t i = 0; i < templates->count; i++)
        if (str_is(name, templates->list[i].name))
            return &templates->list[i];
    return NULL;
}
