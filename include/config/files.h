// SPDX-License-Identifier: EUPL-1.2
// Paths and secrets in the files that an operator writes.
#ifndef CONFIG_FILES_H
#define CONFIG_FILES_H

#include "base/err.h"
#include "base/str.h"

// The directory of a file, with the slash; "" when it has none. The caller frees it.
char *config_path_dir(const char *file);
// Relative to `dir`; a directory of systemd's at the start is filled in. Replaces *out, owned.
bool config_path(const char *dir, struct str text, char **out, struct err *err) MUST_CHECK;
// The text of a secret's file: a regular file, at most 64 KiB of text, not readable by others. Line
// ends behind it are cut off. The error does not name the file.
bool config_secret(const char *path, char **out, struct err *err) MUST_CHECK;
// A command by hand: the directories that systemd gives the service (unit
// systemd/signaald.service), as far as they are there and are not set.
void config_set_service_environment(void);
void config_secret_free(char *secret); // overwrites it first; NULL is fine

#endif
