// SPDX-License-Identifier: EUPL-1.2
// The new table is written beside the old one and then changes places with it in one step, so
// nobody ever reads half of it, and to undo is the same step again: the old file itself comes back.
// What the file is, is looked at before each step: another program's change is never lost.
#include "ctl/source/table_file.h"

#include "base/mem.h"
#include "core/tables/table.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { FILE_BYTES_MAX = 64 << 20, LINE_BYTES_MAX = TABLE_FILE_CELLS_MAX * TABLE_CELL_MAX };

static bool fail(struct err *err, const char *path) {
    return err_set(err, ERR_CONFIG, "%s: %s", path, strerror(errno));
}

static bool is_same(const struct stat *a, const struct stat *b) {
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

// Is what stands at the path still this?
static bool check_path(const struct table_file *file, const struct stat *expected,
                       struct err *err) {
    struct stat now;
    if (stat(file->path, &now) != 0)
        return fail(err, file->path);
    return is_same(&now, expected) ||
           err_set(err, ERR_CONFIG, "%s: somebody else has just changed it", file->path);
}

bool table_file_open(struct table_file *file, const char *path, struct err *err) {
    *file = (struct table_file){.fd = -1};
    file->path = realpath(path, NULL);
    if (!file->path)
        return fail(err, path);
    file->fd = open(file->path, O_RDONLY | O_CLOEXEC);
    if (file->fd < 0)
        return fail(err, file->path);
    if (flock(file->fd, LOCK_EX | LOCK_NB) != 0)
        return err_set(err, ERR_RETRY, "%s: somebody else adds a source now", file->path);
    return (fstat(file->fd, &file->before) == 0 || fail(err, file->path)) &&
           str_read_file(file->path, FILE_BYTES_MAX, &file->text, err) &&
           check_path(file, &file->before, err);
}

static void put_cell(struct buf *out, const char *value) {
    bool quoted = value[strcspn(value, ",\"#")] != '\0';
    buf_puts(out, quoted ? "\"" : "");
    for (; *value; value++)
        buf_puts(out, *value == '"' ? "\"\"" : (char[]){*value, '\0'});
    buf_puts(out, quoted ? "\"" : "");
}

static bool check_cells(const struct table_file *file, const struct str *header, size_t columns,
                        const struct table_file_cell *cells, size_t count, struct err *err) {
    for (size_t i = 0; i < count; i++) {
        struct str column = cells[i].column;
        size_t c = 0;
        for (size_t k = 0; k < i; k++)
            if (str_equal(cells[k].column, column))
                return err_set(err, ERR_CONFIG, "the column %.*s is given twice", (int)column.len,
                               column.data);
        if (!str_is_clean_utf8(str_from(cells[i].value)))
            return err_set(err, ERR_CONFIG, "the column %.*s cannot hold control characters",
                           (int)column.len, column.data);
        while (c < columns && !str_equal(header[c], column))
            c++;
        if (c == columns)
            return err_set(err, ERR_CONFIG,
                           "%s has no column %.*s: put it into the line that names the columns, "
                           "and a comma into each other line",
                           file->path, (int)column.len, column.data);
    }
    return true;
}

// The line, its end as the header line has it.
static bool make_line(const struct table_file *file, const struct table_file_cell *cells,
                      size_t count, struct buf *line, struct err *err) {
    struct table table;
    struct str header[TABLE_COLUMNS_MAX];
    size_t columns = 0;
    table_open(&table, buf_str(&file->text), file->path);
    enum table_next next = table_read(&table, header, TABLE_COLUMNS_MAX, &columns, err);
    bool ok = next == TABLE_ROW;
    if (next == TABLE_END)
        (void)err_set(err, ERR_CONFIG, "%s has no line that names the columns", file->path);
    ok = ok && check_cells(file, header, columns, cells, count, err);
    for (size_t c = 0; ok && c < columns; c++) {
        buf_puts(line, c ? "," : "");
        for (size_t i = 0; i < count; i++)
            if (str_equal(cells[i].column, header[c]))
                put_cell(line, cells[i].value);
    }
    table_close(&table);
    const char *end = file->text.len ? memchr(file->text.data, '\n', file->text.len) : NULL;
    buf_puts(line, end && end > file->text.data && end[-1] == '\r' ? "\r\n" : "\n");
    return ok;
}

static bool write_all(int fd, struct str text) {
    while (text.len) {
        ssize_t n = write(fd, text.data, text.len);
        if (n < 0 && errno != EINTR)
            return false;
        if (n > 0)
            text = (struct str){text.data + n, text.len - (size_t)n};
    }
    return true;
}

// With the mode and the owner of the old one, on the disk.
static bool write_beside(struct table_file *file, struct str line, struct err *err) {
    struct str old = buf_str(&file->text);
    bool ended = old.len == 0 || old.data[old.len - 1] == '\n';
    struct buf name;
    buf_init(&name, PATH_MAX);
    buf_printf(&name, "%s.XXXXXX", file->path);
    file->beside = buf_take(&name);
    int fd = mkostemp(file->beside, O_CLOEXEC);
    if (fd < 0) {
        (void)fail(err, file->path);
        free(file->beside);
        file->beside = NULL;
        return false;
    }
    bool ok = (fstat(fd, &file->after) == 0 &&
               ((file->after.st_uid == file->before.st_uid &&
                 file->after.st_gid == file->before.st_gid) ||
                fchown(fd, file->before.st_uid, file->before.st_gid) == 0) &&
               fchmod(fd, file->before.st_mode & 07777) == 0 && write_all(fd, old) &&
               write_all(fd, ended ? STR("") : STR("\n")) && write_all(fd, line) &&
               fsync(fd) == 0 && fstat(fd, &file->after) == 0) ||
              fail(err, file->path);
    (void)close(fd);
    file->line = 1 + !ended;
    for (size_t i = 0; i < old.len; i++)
        file->line += old.data[i] == '\n';
    return ok;
}

bool table_file_add(struct table_file *file, const struct table_file_cell *cells, size_t count,
                    struct err *err) {
    struct buf line;
    buf_init(&line, LINE_BYTES_MAX);
    bool ok = make_line(file, cells, count, &line, err) &&
              (!line.overflow || err_set(err, ERR_CONFIG, "the line is too long")) &&
              write_beside(file, buf_str(&line), err);
    buf_free(&line);
    return ok;
}

static bool change_places(const struct table_file *file, struct err *err) {
    char *dir = mem_strdup(file->path);
    *(strrchr(dir, '/') + 1) = '\0';
    bool ok = renameat2(AT_FDCWD, file->beside, AT_FDCWD, file->path, RENAME_EXCHANGE) == 0;
    int fd = ok ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        (void)fsync(fd);
        (void)close(fd);
    }
    free(dir);
    return ok || fail(err, file->path);
}

bool table_file_install(struct table_file *file, struct err *err) {
    return check_path(file, &file->before, err) && change_places(file, err);
}

bool table_file_undo(struct table_file *file, struct err *err) {
    return check_path(file, &file->after, err) && change_places(file, err);
}

void table_file_close(struct table_file *file) {
    if (file->beside)
        (void)unlink(file->beside);
    if (file->fd >= 0)
        (void)close(file->fd);
    free(file->beside);
    free(file->path);
    buf_free(&file->text);
}
