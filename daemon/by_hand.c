// SPDX-License-Identifier: EUPL-1.2
// --check-config, --init, and where an operator's commands stand. What systemd gives the service
// (unit systemd/signaald.service) is put here in the same way, so that a command by hand means what
// it means for the service. Nothing here runs in the daemon but the faults that it starts by.
#include "by_hand.h"

#include "edge/store/place.h"
#include "ingest/certificates.h"
#include "sources/sources.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char service_user[] = "signaald";

static const struct passwd *find_user(const char *state_dir) {
    struct stat st;
    if (stat(state_dir, &st) == 0)
        return getpwuid(st.st_uid);
    return getpwnam(service_user);
}

bool by_hand_become_user(const struct config *config, struct err *err) {
    if (geteuid() != 0)
        return true;
    const struct passwd *user = find_user(config->state_dir);
    if (!user || user->pw_uid == 0)
        return true;
    if (initgroups(user->pw_name, user->pw_gid) != 0 || setgid(user->pw_gid) != 0 ||
        setuid(user->pw_uid) != 0)
        return err_set(err, ERR_CONFIG, "cannot go on as the user %s: %s", user->pw_name,
                       strerror(errno));
    (void)fprintf(stderr, "signaald: as the user %s, whose service it is\n", user->pw_name);
    return true;
}

void by_hand_find_faults(const struct config *config, struct diagnostics *faults) {
    struct http_tls *tls = NULL;
    struct err err;
    struct sources *sources = sources_check(config, faults);
    certificates_check(config, sources, faults);
    sources_unref(sources);
    if (!config->tls_certificate_file || access(config->tls_certificate_file, R_OK) != 0 ||
        !config->tls_key_file || access(config->tls_key_file, R_OK) != 0)
        return; // has been told
    if (!certificates_read_own(config, &tls, &err))
        diagnostics_add(faults, NULL, 0, "%s and %s: %s", config->tls_certificate_file,
                        config->tls_key_file, err.text);
    http_tls_unref(tls);
}

int by_hand_check(const struct config *config, const struct diagnostics *faults) {
    struct sources *sources;
    struct tables *tables;
    struct buf text;
    buf_init(&text, 1 << 20);
    bool ok = sources_load_all(config, true, &sources, &tables, &text);
    if (access(config->state_dir, R_OK | W_OK | X_OK) != 0 && errno != ENOENT) {
        buf_printf(&text, "state.directory: %s: %s\n", config->state_dir, strerror(errno));
        ok = false;
    }
    if (text.len)
        (void)fwrite(text.data, 1, text.len, stderr);
    if (ok && faults->passed_over)
        (void)fprintf(stderr,
                      "signaald: not looked at: %zu credentials, which systemd gives the running "
                      "service only (CREDENTIALS_DIRECTORY)\n",
                      faults->passed_over);
    if (ok && !certificates_chain_ends(config->tls_certificate_file))
        (void)fprintf(
            stderr,
            "signaald: %s: the authority of its last certificate is neither in it nor one "
            "that this system trusts. Unless it is your own, an intermediate certificate "
            "is missing.\n",
            config->tls_certificate_file);
    if (ok)
        (void)printf("%s: fine (%zu sources, %zu municipalities, %zu category words)\n",
                     config->file, sources->count, municipalities_count(tables->municipalities),
                     categories_count(tables->categories));
    buf_free(&text);
    sources_unref(sources);
    tables_unref(tables);
    return ok ? EXIT_SUCCESS : err_exit_status(&(struct err){.kind = ERR_CONFIG});
}

// As systemd makes it: the service's own.
static bool make_state(const char *dir, struct err *err) {
    const struct passwd *user = geteuid() == 0 ? getpwnam(service_user) : NULL;
    if (mkdir(dir, 0700) != 0)
        return errno == EEXIST || err_set(err, ERR_CONFIG, "%s: %s", dir, strerror(errno));
    return !user || chown(dir, user->pw_uid, user->pw_gid) == 0 ||
           err_set(err, ERR_CONFIG, "%s: %s", dir, strerror(errno));
}

// No daemon begins a ledger by itself: what it takes for a new machine may be a disk that is not
// mounted.
int by_hand_init(const struct config *config) {
    struct err err = {0};
    if (make_state(config->state_dir, &err) && by_hand_become_user(config, &err) &&
        store_place_begin(config->state_dir, config->state_bytes_max, &err))
        (void)printf("%s: an empty ledger\n", config->state_dir);
    if (err.kind != ERR_NONE)
        (void)fprintf(stderr, "signaald: %s\n", err.text);
    return err_exit_status(&err);
}
