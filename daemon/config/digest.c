// SPDX-License-Identifier: EUPL-1.2
// Which configuration was it? Digests of the files, short enough for a line of the audit log: what
// sha256sum(1) gives, its first 16 digits. Of the templates one digest over names and digests.
#include "config/config.h"

#include "base/mem.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { FILE_BYTES_MAX = 64 << 20, LIST_BYTES_MAX = 4 << 20 };

static void put_hex(const uint8_t digest[SHA256_BYTES], struct buf *out) {
    for (size_t i = 0; i < CONFIG_DIGEST_BYTES; i++)
        buf_printf(out, "%02x", digest[i]);
}

static bool digest_file(const char *path, uint8_t digest[SHA256_BYTES]) {
    struct buf text = {0};
    struct err err;
    struct stat st;
    bool read = path && stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
                str_read_file(path, FILE_BYTES_MAX, &text, &err);
    if (read)
        hash_sha256(buf_str(&text), digest);
    buf_free(&text);
    return read;
}

static void put_file(const char *name, const char *path, struct buf *out) {
    uint8_t digest[SHA256_BYTES];
    buf_printf(out, "%s%s=", out->len ? " " : "", name);
    if (digest_file(path, digest))
        put_hex(digest, out);
    else
        buf_putc(out, '-');
}

static int is_template(const struct dirent *entry) {
    size_t len = strlen(entry->d_name);
    return entry->d_name[0] != '.' && len > 5 && strcmp(entry->d_name + len - 5, ".yaml") == 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

// Name and digest of each file.
static void list_templates(const char *dir, struct buf *list) {
    struct dirent **entries = NULL;
    int count = dir ? scandir(dir, &entries, is_template, by_bytes) : 0;
    for (int i = 0; i < count; i++) {
        uint8_t digest[SHA256_BYTES] = {0};
        char path[PATH_MAX];
        (void)snprintf(path, sizeof path, "%s/%s", dir, entries[i]->d_name);
        (void)digest_file(path, digest);
        buf_put(list, entries[i]->d_name, strlen(entries[i]->d_name) + 1);
        buf_put(list, digest, sizeof digest);
        free(entries[i]);
    }
    free(entries);
}

void config_digest(const struct config *config, bool with_file, struct buf *out) {
    uint8_t digest[SHA256_BYTES];
    struct buf list;
    if (with_file)
        put_file("config", config->file, out);
    put_file("sources", config->sources_file, out);
    put_file("municipalities", config->table_files.municipalities, out);
    put_file("name_variants", config->table_files.name_variants, out);
    put_file("categories", config->table_files.categories, out);
    put_file("display_allowlist", config->table_files.display_allowlist, out);
    buf_init(&list, LIST_BYTES_MAX);
    list_templates(config->templates_dir, &list);
    hash_sha256((struct str){list.len ? list.data : "", list.len}, digest);
    buf_puts(out, " templates=");
    put_hex(digest, out);
    buf_free(&list);
}
