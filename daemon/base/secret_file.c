// SPDX-License-Identifier: EUPL-1.2
// The one rule for the modes of secrets' files: nobody but the owner, not even the group, since a
// group is a list of people that grows. Reading the mode of what was opened, not of the path,
// leaves no moment in between.
#include "base/secret_file.h"

#include <stdlib.h>
#include <string.h>

// The first of the list, if there are several.
static bool is_credential(const char *path) {
    const char *dir = getenv("CREDENTIALS_DIRECTORY");
    size_t len = dir ? strcspn(dir, ":") : 0;
    return len > 1 && dir[0] == '/' && strncmp(path, dir, len) == 0 && path[len] == '/';
}

bool secret_file_check(const char *path, const struct stat *st, struct err *err) {
    const unsigned mode = st->st_mode & 07777;
    if (!(mode & (S_IRWXG | S_IRWXO)) || is_credential(path))
        return true;
    return err_set(err, ERR_CONFIG,
                   "others than its owner can read or change this secret (mode %04o): chmod 0600, "
                   "and chown it to the service's user",
                   mode);
}
