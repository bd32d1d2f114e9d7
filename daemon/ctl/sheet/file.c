// SPDX-License-Identifier: EUPL-1.2
// Reads the file that somebody names on the command line. What is none, or has nothing in it, is
// told with what to do, before anybody looks what it is.
#include "ctl/sheet/file.h"

#include "codec/door.h"

#include <string.h>
#include <sys/stat.h>

bool file_read(const char *file, size_t max, struct buf *bytes, struct err *err) {
    const char *path = strcmp(file, "-") == 0 ? "/dev/stdin" : file;
    struct stat stat_of;
    if (stat(path, &stat_of) == 0 && S_ISDIR(stat_of.st_mode))
        return err_set(err, ERR_CONFIG, "%s is a directory: name a file that is in it", file);
    if (stat(path, &stat_of) == 0 && S_ISREG(stat_of.st_mode) && (uint64_t)stat_of.st_size > max)
        return err_set(err, ERR_INPUT, "%s is larger than %zu MiB: cut it in several files", file,
                       max >> 20);
    if (!str_read_file(path, max, bytes, err))
        return false;
    if (str_trim(door_without_marks(buf_str(bytes))).len)
        return true;
    buf_free(bytes);
    return err_set(err, ERR_INPUT,
                   "%s is empty, so there are no records in it: was it saved and sent whole?",
                   file);
}
