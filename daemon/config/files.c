// SPDX-License-Identifier: EUPL-1.2
// Paths, secrets, values that do not go together, and whether the files named are there, so that
// --check-config tells in one run what would stop the daemon later.
#include "config_private.h"

#include "base/mem.h"
#include "base/secret_file.h"
#include "config/logo.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

char *config_path_dir(const char *file) {
    const char *slash = strrchr(file, '/');
    return mem_strndup(file, slash ? (size_t)(slash + 1 - file) : 0);
}

void config_set_service_environment(void) {
    static const char credentials[] = "/run/credentials/signaald.service";
    (void)setenv("STATE_DIRECTORY", "/var/lib/signaald", 0);
    (void)setenv("RUNTIME_DIRECTORY", "/run/signaald", 0);
    if (access(credentials, R_OK | X_OK) == 0) // the service runs
        (void)setenv("CREDENTIALS_DIRECTORY", credentials, 0);
}

// "${STATE_DIRECTORY}/x" becomes its value and "/x". systemd sets these; where it lists several
// directories the first is ours.
static bool expand(struct str *text, struct str *start, struct err *err) {
    static const char *const names[] = {"CREDENTIALS_DIRECTORY", "STATE_DIRECTORY",
                                        "RUNTIME_DIRECTORY"};
    static const char *const set_by[] = {"LoadCredential", "StateDirectory", "RuntimeDirectory"};
    *start = (struct str){NULL, 0};
    if (text->len < 2 || memcmp(text->data, "${", 2) != 0)
        return true;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t len = strlen(names[i]);
        if (text->len < len + 3 || memcmp(text->data + 2, names[i], len) != 0 ||
            text->data[len + 2] != '}')
            continue;
        const char *value = getenv(names[i]);
        if (!value || value[0] != '/')
            return err_set(err, ERR_RETRY, "%s is not set (systemd sets it for a service: %s=)",
                           names[i], set_by[i]);
        *start = (struct str){value, strcspn(value, ":")};
        *text = (struct str){text->data + len + 3, text->len - len - 3};
        return true;
    }
    return err_set(err, ERR_CONFIG,
                   "only ${CREDENTIALS_DIRECTORY}, ${STATE_DIRECTORY} and ${RUNTIME_DIRECTORY} are "
                   "filled in");
}

bool config_path(const char *dir, struct str text, char **out, struct err *err) {
    struct str start;
    if (text.len == 0 || !str_is_clean_utf8(text))
        return err_set(err, ERR_CONFIG, "a path is needed, without control characters");
    if (!expand(&text, &start, err))
        return false;
    if (!start.data && text.data[0] != '/')
        start = str_from(dir);
    struct buf path;
    buf_init(&path, PATH_MAX - 1);
    buf_put_str(&path, start);
    buf_put_str(&path, text);
    if (path.overflow) {
        buf_free(&path);
        return err_set(err, ERR_CONFIG, "a path has at most %d bytes", PATH_MAX - 1);
    }
    free(*out);
    *out = buf_take(&path);
    return true;
}

// Opened without waiting for the other end of a pipe.
static int open_regular(const char *path, struct stat *st, struct err *err) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        (void)err_set(err, ERR_CONFIG, "cannot be read: %s", strerror(errno));
        return -1;
    }
    if (fstat(fd, st) == 0 && S_ISREG(st->st_mode))
        return fd;
    (void)close(fd);
    (void)err_set(err, ERR_CONFIG, "is no regular file");
    return -1;
}

bool config_secret(const char *path, char **out, struct err *err) {
    struct stat st;
    int fd = open_regular(path, &st, err);
    if (fd < 0)
        return false;
    char *text = mem_alloc(CONFIG_SECRET_MAX + 1);
    size_t len = 0;
    ssize_t n = -1;
    bool ok = false;
    if (!secret_file_check(path, &st, err))
        goto done;
    while (len <= CONFIG_SECRET_MAX && (n = read(fd, text + len, CONFIG_SECRET_MAX + 1 - len)) > 0)
        len += (size_t)n;
    if (len > CONFIG_SECRET_MAX || n < 0) {
        (void)err_set(err, ERR_CONFIG, "cannot be read or has over %d bytes", CONFIG_SECRET_MAX);
        goto done;
    }
    while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
        len--;
    if (len == 0 || memchr(text, '\0', len)) {
        (void)err_set(err, ERR_CONFIG, "is empty or is not text");
        goto done;
    }
    *out = mem_strndup(text, len);
    ok = true;
done:
    (void)close(fd);
    hash_wipe(text, CONFIG_SECRET_MAX + 1);
    free(text);
    return ok;
}

void config_secret_free(char *secret) {
    if (secret)
        hash_wipe(secret, strlen(secret));
    free(secret);
}

// The path that the key has; NULL: none.
static const char *path_of(const struct config_reading *reading, size_t key) {
    return *(char *const *)((const char *)reading->config + config_keys[key].offset);
}

static bool check_readable(struct config_reading *reading, size_t key) {
    const char *path = path_of(reading, key);
    struct stat st;
    struct err err;
    int fd = path ? open_regular(path, &st, &err) : -1;
    if (fd >= 0)
        (void)close(fd);
    else if (path)
        yaml_key_fault(&reading->yaml, key, "%s: %s", path, err.text);
    return fd >= 0;
}

static void check_pem(struct config_reading *reading, size_t key, const char *what) {
    const char *path = path_of(reading, key);
    struct buf pem;
    struct err err;
    if (!path || !str_read_file(path, CONFIG_SECRET_MAX * 4, &pem, &err))
        return;
    if (!pem.data || !memmem(pem.data, pem.len, what, strlen(what)))
        yaml_key_fault(&reading->yaml, key, "%s: holds no \"%s\"", path, what);
    if (pem.data)
        hash_wipe(pem.data, pem.len);
    buf_free(&pem);
}

static void check_metrics(struct config_reading *reading, bool tls) {
    const struct config *config = reading->config;
    const char *address = config->metrics_address;
    size_t key = config_key_index("metrics", "listen");
    if (address && !tls && !config->metrics_plain && !host_is_local(str_from(address)))
        yaml_key_fault(&reading->yaml, key,
                       "not a loopback address: needs intake.tls_certificate and intake.tls_key, "
                       "or metrics.plain: yes where a tunnel encrypts");
    if (address && config->listen_address && config->metrics_port == config->listen_port &&
        strcmp(address, config->listen_address) == 0)
        yaml_key_fault(&reading->yaml, key, "must not be intake.listen");
}

static void check_tls(struct config_reading *reading) {
    const struct config *config = reading->config;
    const char *certificate = config->tls_certificate_file, *key_file = config->tls_key_file;
    size_t listen = config_key_index("intake", "listen");
    size_t certificate_key = config_key_index("intake", "tls_certificate");
    size_t key_key = config_key_index("intake", "tls_key");
    bool bad = reading->yaml.keys[certificate_key].bad || reading->yaml.keys[key_key].bad;
    if (!bad && !certificate != !key_file)
        yaml_key_fault(&reading->yaml, certificate ? certificate_key : key_key,
                       "tls_certificate and tls_key go together: the other one is missing");
    if (!bad && !certificate && !key_file && config->listen_address &&
        !host_is_local(str_from(config->listen_address)))
        yaml_key_fault(&reading->yaml, listen,
                       "not a loopback address: needs tls_certificate and tls_key");
    check_metrics(reading, certificate && key_file);
    if (!certificate && config->tls_client_ca_file)
        yaml_key_fault(&reading->yaml, config_key_index("intake", "tls_client_ca"),
                       "needs tls_certificate and tls_key");
    if (!config->tls_client_ca_file && config->tls_client_crl_file)
        yaml_key_fault(&reading->yaml, config_key_index("intake", "tls_client_crl"),
                       "needs tls_client_ca");
    if (check_readable(reading, certificate_key))
        check_pem(reading, certificate_key, "-----BEGIN CERTIFICATE-----");
    char *secret = NULL;
    struct err err;
    if (!key_file)
        return;
    if (!config_secret(key_file, &secret, &err))
        yaml_key_fault(&reading->yaml, key_key, "%s: %s", key_file, err.text);
    else
        check_pem(reading, key_key, "PRIVATE KEY-----");
    config_secret_free(secret);
}

static void check_key(struct config_reading *reading, const char *section, const char *name) {
    size_t key = config_key_index(section, name);
    struct err err;
    struct hash_key secret;
    const char *path = path_of(reading, key);
    if (path && access(path, F_OK) != 0 && errno == ENOENT)
        reading->yaml.faults->advice = hash_key_advice;
    if (!check_readable(reading, key))
        return;
    if (!hash_key_load(path, false, &secret, &err))
        yaml_key_fault(&reading->yaml, key, "%s", err.text);
    hash_wipe(&secret, sizeof secret);
}

static void check_state(struct config_reading *reading) {
    const struct config *config = reading->config;
    struct stat st;
    const size_t key = config_key_index("state", "directory");
    const char *dir = config->state_dir;
    bool there = dir && stat(dir, &st) == 0, gone = dir && !there && errno == ENOENT;
    if (there && !S_ISDIR(st.st_mode))
        yaml_key_fault(&reading->yaml, key, "%s: is no directory", dir);
    // In its usual place systemd makes it.
    if (gone && reading->yaml.faults->wants_state &&
        strcmp(dir, config_keys[key].default_text) != 0)
        yaml_key_fault(&reading->yaml, key,
                       "%s: is not there: mount its disk, or for the very first start run "
                       "signaald --init",
                       dir);
    check_key(reading, "state", "identity_key");
    check_key(reading, "person", "key");
    check_key(reading, "person", "previous_key");
}

static void check_control(struct config_reading *reading) {
    const struct config *config = reading->config;
    const size_t room = sizeof((struct sockaddr_un *)0)->sun_path - 1;
    if (config->control_socket && strlen(config->control_socket) > room)
        yaml_key_fault(&reading->yaml, config_key_index("control", "socket"),
                       "a socket's path has at most %zu bytes", room);
    if (config->control_group && !getgrnam(config->control_group))
        yaml_key_fault(&reading->yaml, config_key_index("control", "group"), "no such group");
}

// What is given first must fit in what is given second.
static void check_order(struct config_reading *reading) {
    static const char *const order[][4] = {
        {"intake", "item_max", "intake", "body_max"},
        {"intake", "body_max", "intake", "bodies_max"},
        {"intake", "body_max", "intake", "queue_max"},
        {"intake", "backlog_max", "state", "size_max"},
        {"poll", "connect_timeout", "poll", "timeout"},
        {"poll", "page_max", "poll", "bodies_max"},
        {"retention", "identity", "retention", "cells"},
    };
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        size_t small = config_key_index(order[i][0], order[i][1]);
        size_t large = config_key_index(order[i][2], order[i][3]);
        bool bad = reading->yaml.keys[small].bad || reading->yaml.keys[large].bad;
        if (bad || config_value_number(&config_keys[small], reading->config) <=
                       config_value_number(&config_keys[large], reading->config))
            continue;
        // told where it was written; each of the two can be the other's default
        bool at_small = reading->yaml.keys[small].line != 0;
        size_t here = at_small ? small : large, there = at_small ? large : small;
        struct buf values;
        buf_init(&values, 64);
        (void)config_value_put(&config_keys[here], reading->config, &values);
        size_t split = values.len;
        (void)config_value_put(&config_keys[there], reading->config, &values);
        yaml_key_fault(&reading->yaml, here, "%.*s is %s than %s.%s (%.*s)", (int)split,
                       values.data, at_small ? "more" : "less", config_keys[there].section,
                       config_keys[there].name, (int)(values.len - split), values.data + split);
        buf_free(&values);
    }
}

static bool brokers_are_local(const struct config *config) {
    struct str brokers = str_from(config->kafka_brokers ? config->kafka_brokers : ""), broker;
    bool local = true;
    while (local && str_split(&brokers, ',', &broker))
        local = broker.len == 0 || host_is_local(host_of(str_trim(broker)));
    return local;
}

// Events under it could not be told from others' tests.
static void check_oin(struct config_reading *reading) {
    static const char tests[] = "00000099";
    const struct config *config = reading->config;
    bool near = brokers_are_local(config) &&
                (!config->listen_address || host_is_local(str_from(config->listen_address)));
    if (config->oin && !config->identity_test && !near &&
        strncmp(config->oin, tests, sizeof tests - 1) == 0)
        yaml_key_fault(&reading->yaml, config_key_index("identity", "oin"),
                       "an OIN for tests: write your organisation's, or identity.test: yes");
}

// Events are exact, and each is about somebody. librdkafka sends them in the clear unless it is
// told otherwise, so here silence is no consent: who has a tunnel to the brokers writes that he
// wants it.
static void check_kafka(struct config_reading *reading) {
    const struct config *config = reading->config;
    size_t i = 0;
    while (i < config->kafka_property_count &&
           strcmp(config->kafka_properties[i].name, "security.protocol") != 0)
        i++;
    if (i == config->kafka_property_count && !brokers_are_local(config))
        yaml_key_fault(&reading->yaml, config_key_index("kafka", "brokers"),
                       "events would leave this machine in the clear: set security.protocol in "
                       "kafka.settings to ssl or sasl_ssl (or to plaintext, if a tunnel encrypts)");
}

// A reader of one would find the records of the other.
static void check_topic(struct config_reading *reading, const char *key, const char *topic,
                        const char *other_key, const char *other) {
    if (topic && other && strcmp(topic, "none") != 0 && strcmp(topic, other) == 0)
        yaml_key_fault(&reading->yaml, config_key_index("kafka", key), "must not be kafka.%s",
                       other_key);
}

static void check_topics(struct config_reading *reading) {
    const struct config *config = reading->config;
    const char *counts = config->kafka_counts_topic, *current = config->kafka_current_topic;
    check_topic(reading, "counts_topic", counts, "topic", config->kafka_topic);
    check_topic(reading, "current_topic", current, "topic", config->kafka_topic);
    check_topic(reading, "current_topic", current, "counts_topic", counts);
}

static void check_tables(struct config_reading *reading) {
    const struct config *config = reading->config;
    struct err err;
    static const char *const names[] = {"municipalities", "name_variants", "categories",
                                        "display_allowlist"};
    bool readable = true;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        readable &= check_readable(reading, config_key_index("tables", names[i]));
    struct tables *tables = readable ? tables_load(&config->table_files, &err) : NULL;
    if (readable && !tables)
        diagnostics_add(reading->yaml.faults, NULL, 0, "%s", err.text);
    tables_unref(tables);
}

// In its usual place a directory of templates need not be there.
static void check_templates(struct config_reading *reading) {
    size_t key = config_key_index("tables", "templates");
    const char *dir = reading->config->templates_dir;
    char *usual = NULL;
    struct stat st;
    struct err err;
    bool there = dir && stat(dir, &st) == 0;
    if (dir && config_path(reading->dir, str_from(config_keys[key].default_text), &usual, &err) &&
        (there ? !S_ISDIR(st.st_mode) : strcmp(dir, usual) != 0))
        yaml_key_fault(&reading->yaml, key, "%s: is no directory", dir);
    free(usual);
}

static void check_logo(struct config_reading *reading) {
    struct buf picture;
    struct err err;
    if (!reading->config->logo_file)
        return;
    if (!logo_read(reading->config->logo_file, &picture, &err))
        yaml_key_fault(&reading->yaml, config_key_index("identity", "logo"), "%s", err.text);
    buf_free(&picture);
}

void config_files_check(struct config_reading *reading) {
    static const char *const pem[][3] = {{"poll", "ca_file", "-----BEGIN CERTIFICATE-----"},
                                         {"poll", "crl_file", "-----BEGIN X509 CRL-----"},
                                         {"intake", "tls_client_ca", "-----BEGIN CERTIFICATE-----"},
                                         {"intake", "tls_client_crl", "-----BEGIN X509 CRL-----"}};
    check_order(reading);
    check_topics(reading);
    check_oin(reading);
    check_kafka(reading);
    check_state(reading);
    check_tls(reading);
    check_control(reading);
    check_tables(reading);
    for (size_t i = 0; i < sizeof pem / sizeof *pem; i++)
        if (check_readable(reading, config_key_index(pem[i][0], pem[i][1])))
            check_pem(reading, config_key_index(pem[i][0], pem[i][1]), pem[i][2]);
    check_templates(reading);
    check_logo(reading);
    (void)check_readable(reading, config_key_index("tables", "sources"));
}
