// SPDX-License-Identifier: EUPL-1.2
// The columns of the source table, and which of their values go together. Faults never say what is
// written there: a token pasted in the wrong place stays unseen.
#include "sources_private.h"

#include "base/mem.h"
#include "codec/jwt.h"
#include "config/text/quantity.h"
#include "config/text/url.h"
#include "template/headers.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum {
    SOURCE_NAME_MAX = 64,
    SIGNING_SECRET_MIN = 32,
    SILENT_DAYS_MAX = 3650,
    INTERVAL_MIN_MS = 10000,
    INTERVAL_PRIVATE_MIN_MS = 1000,
    INTERVAL_MAX_MS = 7 * 86400000,
};

#define INTERVAL_WRONG "not allowed (allowed: 10s..7d, with s, m, h or d; 1s with allow_private)"

static bool cell_fault(struct err *err, const char *text) {
    return err_set(err, ERR_CONFIG, "%s", text);
}

static void *field_of(const struct sources_cell *cell) {
    return (char *)cell->source + cell->column->offset;
}

// Each takes a value that is not empty.

static bool take_name(const struct sources_cell *cell, struct str value, struct err *err) {
    if (!text_is_name(value, SOURCE_NAME_MAX))
        return cell_fault(err, "not allowed (allowed: 1..64 of [a-z0-9._-])");
    uint32_t item = (uint32_t)(cell->source - cell->reading->sources->list) + 1;
    uint32_t before = sources_add_name(cell->reading->sources, value, item);
    if (before)
        return err_set(err, ERR_CONFIG, "already in line %u",
                       cell->reading->sources->list[before - 1].line);
    cell->source->name = mem_strndup(value.data, value.len);
    return true;
}

static bool take_kind(const struct sources_cell *cell, struct str value, struct err *err) {
    if (source_kind_from_name(value, &cell->source->kind))
        return true;
    char text[160] = "not allowed (allowed:";
    for (int k = 0; k < SOURCE_KIND_COUNT; k++) {
        strncat(text, " ", sizeof text - strlen(text) - 1);
        strncat(text, source_kind_name((enum source_kind)k), sizeof text - strlen(text) - 1);
    }
    return err_set(err, ERR_CONFIG, "%s)", text);
}

static bool take_municipality(const struct sources_cell *cell, struct str value, struct err *err) {
    uint64_t code;
    if (value.len != 6 || memcmp(value.data, "GM", 2) != 0 ||
        !str_to_u64((struct str){value.data + 2, 4}, 9999, &code) || code == 0)
        return cell_fault(err, "not allowed (allowed: GM0001..GM9999 or empty)");
    cell->source->municipality = (uint16_t)code;
    return true;
}

static bool take_token(const struct sources_cell *cell, struct str hex, struct err *err) {
    uint8_t digest[SHA256_BYTES], of_nothing[SHA256_BYTES];
    hash_sha256(STR(""), of_nothing);
    if (cell->source->token_count == SOURCE_TOKENS_MAX)
        return cell_fault(err, "at most two");
    if (!hash_from_hex(hex, digest, sizeof digest))
        return cell_fault(err, "not the SHA-256 of a token (allowed: 64 hexadecimal digits, two of "
                               "these with a space between them)");
    if (memcmp(digest, of_nothing, sizeof digest) == 0)
        return cell_fault(err, "the SHA-256 of an empty token");
    uint32_t item = (uint32_t)(cell->source - cell->reading->sources->list) * SOURCE_TOKENS_MAX +
                    cell->source->token_count + 1;
    uint32_t before = sources_add_token(cell->reading->sources, digest, item);
    if (before)
        return err_set(err, ERR_CONFIG, "already in line %u: a token belongs to one source",
                       cell->reading->sources->list[(before - 1) / SOURCE_TOKENS_MAX].line);
    memcpy(cell->source->tokens[cell->source->token_count++], digest, sizeof digest);
    return true;
}

static bool take_tokens(const struct sources_cell *cell, struct str value, struct err *err) {
    struct str piece;
    while (str_split(&value, ' ', &piece))
        if (piece.len && !take_token(cell, piece, err))
            return false;
    return true;
}

// As openssl writes it, with colons, or without.
static bool read_fingerprint(struct str text, uint8_t digest[SHA256_BYTES]) {
    char hex[2 * SHA256_BYTES];
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == ':' && i % 3 == 2 && i + 1 < text.len)
            continue;
        if (len == sizeof hex)
            return false;
        hex[len++] = text.data[i];
    }
    return hash_from_hex((struct str){hex, len}, digest, SHA256_BYTES);
}

static bool read_binding(struct str text, uint8_t digest[SHA256_BYTES]) {
    struct str kind;
    if (!str_split(&text, ':', &kind) || !str_is(kind, "oin"))
        return str_is(kind, "sha256") && read_fingerprint(text, digest);
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
    if (text.len != SOURCES_OIN)
        return false;
    sources_oin_digest(text.data, digest);
    return true;
}

static bool take_certificate(const struct sources_cell *cell, struct str text, struct err *err) {
    struct source *source = cell->source;
    uint8_t digest[SHA256_BYTES];
    if (source->certificate_count == SOURCE_TOKENS_MAX)
        return cell_fault(err, "at most two");
    if (!read_binding(text, digest))
        return cell_fault(err,
                          "not what a certificate is known by (allowed: oin: and 20 digits, or "
                          "sha256: and its fingerprint, two of these with a space between "
                          "them)");
    uint32_t item = (uint32_t)(source - cell->reading->sources->list) * SOURCE_TOKENS_MAX +
                    source->certificate_count + 1;
    uint32_t before = sources_add_certificate(cell->reading->sources, digest, item);
    if (before)
        return err_set(err, ERR_CONFIG, "already in line %u: a certificate belongs to one source",
                       cell->reading->sources->list[(before - 1) / SOURCE_TOKENS_MAX].line);
    memcpy(source->certificates[source->certificate_count++], digest, sizeof digest);
    return true;
}

static bool take_certificates(const struct sources_cell *cell, struct str value, struct err *err) {
    struct str piece;
    while (str_split(&value, ' ', &piece))
        if (piece.len && !take_certificate(cell, piece, err))
            return false;
    return true;
}

static bool take_event_source(const struct sources_cell *cell, struct str value, struct err *err) {
    if (!text_is_word(value, SIGNAL_SCOPE_MAX, "-._~:/?#[]@!$&'()*+;=%"))
        return cell_fault(err, "not allowed (allowed: a URI-reference of at most 256 bytes)");
    cell->source->event_source = mem_strndup(value.data, value.len);
    return true;
}

// One secret a line.
static bool take_secrets(struct source *source, struct str text, struct err *err) {
    struct str line;
    size_t count = 0;
    while (str_split(&text, '\n', &line)) {
        line = str_trim(line);
        if (line.len < SIGNING_SECRET_MIN || count == SOURCE_TOKENS_MAX)
            return cell_fault(err, "the file has to hold a secret of at least 32 bytes, or two "
                                   "with a line each");
        source->signing[count++] = mem_strndup(line.data, line.len);
    }
    return true;
}

static bool take_signing_file(const struct sources_cell *cell, struct str value, struct err *err) {
    char *path = NULL, *text = NULL;
    bool ok = config_path(cell->reading->dir, value, &path, err) &&
              config_secret(path, &text, err) && take_secrets(cell->source, str_from(text), err);
    config_secret_free(text);
    free(path);
    return ok;
}

static bool take_rate(const struct sources_cell *cell, struct str value, struct err *err) {
    uint64_t rate;
    if (!str_to_u64(value, CONFIG_REQUESTS_PER_MINUTE_MAX, &rate) || rate == 0)
        return cell_fault(err, "not allowed (allowed: 1..60000, or empty)");
    cell->source->requests_per_minute = (uint32_t)rate;
    return true;
}

static bool take_flag(const struct sources_cell *cell, struct str value, struct err *err) {
    bool *field = field_of(cell);
    *field = str_is(value, "yes");
    return *field || str_is(value, "no") ||
           cell_fault(err, "not allowed (allowed: yes, no or empty)");
}

static bool take_person(const struct sources_cell *cell, struct str value, struct err *err) {
    static const char *const words[] = {[SOURCE_PERSON_YES] = "yes",
                                        [SOURCE_PERSON_CONSENT] = "consent",
                                        [SOURCE_PERSON_NO] = "no"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_is(value, words[i])) {
            cell->source->person = (enum source_person)i;
            return true;
        }
    return cell_fault(err, "not allowed (allowed: yes, consent, no or empty)");
}

static bool take_url(const struct sources_cell *cell, struct str value, struct err *err) {
    const char *wrong = url_is_sftp(value) ? url_sftp_fault(value) : url_fault(value);
    if (wrong)
        return cell_fault(err, wrong);
    cell->source->url = mem_strndup(value.data, value.len);
    return true;
}

static bool take_interval(const struct sources_cell *cell, struct str value, struct err *err) {
    uint64_t ms;
    if (!parse_quantity(value, QUANTITY_DURATION, INTERVAL_PRIVATE_MIN_MS, INTERVAL_MAX_MS, &ms))
        return cell_fault(err, INTERVAL_WRONG);
    cell->source->interval_ms = (int64_t)ms;
    return true;
}

static bool take_cursor(const struct sources_cell *cell, struct str value, struct err *err) {
    char **field = field_of(cell);
    if (!text_is_word(value, 64, "._-~"))
        return cell_fault(err, "not allowed (allowed: 1..64 of [a-zA-Z0-9._~-])");
    *field = mem_strndup(value.data, value.len);
    return true;
}

static bool take_template(const struct sources_cell *cell, struct str value, struct err *err) {
    struct buf known;
    if (!cell->reading->templates) // its files have faults, which are told
        return true;
    cell->source->template = templates_find(cell->reading->templates, value);
    cell->reading->row.template_bad = !cell->source->template;
    if (cell->source->template)
        return true;
    buf_init(&known, 160);
    for (size_t i = 0; i < cell->reading->templates->count; i++)
        buf_printf(&known, " %s", cell->reading->templates->list[i].name);
    (void)err_set(err, ERR_CONFIG, "unknown (allowed:%.*s%s)", (int)known.len, known.data,
                  known.overflow ? " …" : "");
    buf_free(&known);
    return false;
}

static bool take_secret_file(const struct sources_cell *cell, struct str value, struct err *err) {
    char *path = NULL;
    bool ok = config_path(cell->reading->dir, value, &path, err) &&
              config_secret(path, &cell->source->secret, err);
    free(path);
    cell->reading->row.secret_bad = !ok;
    return ok;
}

static bool take_headers_file(const struct sources_cell *cell, struct str value, struct err *err) {
    char *path = NULL, *text = NULL;
    const char *wrong = NULL;
    bool ok = config_path(cell->reading->dir, value, &path, err) && config_secret(path, &text, err);
    if (ok)
        wrong = template_headers_read_lines(str_from(text), cell->source->headers);
    free(path);
    config_secret_free(text);
    return ok && (!wrong || cell_fault(err, wrong));
}

static bool take_fsc_grant(const struct sources_cell *cell, struct str value, struct err *err) {
    if (!text_is_word(value, 256, "$+/=_-."))
        return cell_fault(err, "not the hash of a grant (allowed: 1..256 of [a-zA-Z0-9$+/=_.-])");
    cell->source->fsc_grant = mem_strndup(value.data, value.len);
    return true;
}

static bool take_ssh_user(const struct sources_cell *cell, struct str value, struct err *err) {
    if (!text_is_word(value, 64, "._-@"))
        return cell_fault(err, "not allowed (allowed: 1..64 of [a-zA-Z0-9._@-])");
    cell->source->ssh_user = mem_strndup(value.data, value.len);
    return true;
}

static bool take_ssh_key_file(const struct sources_cell *cell, struct str value, struct err *err) {
    char *key = NULL;
    bool ok = config_path(cell->reading->dir, value, &cell->source->ssh_key_file, err) &&
              config_secret(cell->source->ssh_key_file, &key, err);
    if (ok && !strstr(key, "PRIVATE KEY-----"))
        ok = cell_fault(err, "the file has to hold a private key, without a passphrase");
    config_secret_free(key);
    return ok;
}

// As ssh-keygen -l writes it, "SHA256:" and 43 letters.
static bool take_ssh_host_key(const struct sources_cell *cell, struct str value, struct err *err) {
    enum { PREFIX = 7, LETTERS = 43 };
    if (value.len != PREFIX + LETTERS || memcmp(value.data, "SHA256:", PREFIX) != 0 ||
        !text_is_word((struct str){value.data + PREFIX, LETTERS}, LETTERS, "+/"))
        return cell_fault(err, "no fingerprint (allowed: SHA256: and 43 letters, as ssh-keygen -l "
                               "writes it)");
    cell->source->ssh_host_key = mem_strndup(value.data + PREFIX, LETTERS);
    return true;
}

static bool take_client_cert_file(const struct sources_cell *cell, struct str value,
                                  struct err *err) {
    char *pem = NULL;
    bool ok = config_path(cell->reading->dir, value, &cell->source->client_cert_file, err) &&
              config_secret(cell->source->client_cert_file, &pem, err);
    if (ok && (!strstr(pem, "-----BEGIN CERTIFICATE-----") || !strstr(pem, "PRIVATE KEY-----")))
        ok = cell_fault(err, "the file has to hold a certificate and its key, both PEM");
    config_secret_free(pem);
    return ok;
}

static bool take_silent_days(const struct sources_cell *cell, struct str value, struct err *err) {
    uint64_t days;
    if (!str_to_u64(value, SILENT_DAYS_MAX, &days))
        return cell_fault(err, "not allowed (allowed: 0..3650; 0 or empty: never)");
    cell->source->silent_days = (uint32_t)days;
    return true;
}

const struct sources_column sources_columns[] = {
    {"name", true, take_name, 0},
    {"kind", true, take_kind, 0},
    {"municipality", false, take_municipality, 0},
    {"tokens", false, take_tokens, 0},
    {"certificates", false, take_certificates, 0},
    {"signing_file", false, take_signing_file, 0},
    {"event_source", false, take_event_source, 0},
    {"requests_per_minute", false, take_rate, 0},
    {"official", false, take_flag, offsetof(struct source, official)},
    {"policy", false, take_flag, offsetof(struct source, policy)},
    {"person", false, take_person, 0},
    {"url", false, take_url, 0},
    {"template", false, take_template, 0},
    {"interval", false, take_interval, 0},
    {"cursor_param", false, take_cursor, offsetof(struct source, cursor_param)},
    {"cursor_field", false, take_cursor, offsetof(struct source, cursor_field)},
    {"complete", false, take_flag, offsetof(struct source, complete)},
    {"secret_file", false, take_secret_file, 0},
    {"client_cert_file", false, take_client_cert_file, 0},
    {"ssh_user", false, take_ssh_user, 0},
    {"ssh_key_file", false, take_ssh_key_file, 0},
    {"ssh_host_key", false, take_ssh_host_key, 0},
    {"headers_file", false, take_headers_file, 0},
    {"fsc_grant", false, take_fsc_grant, 0},
    {"allow_private", false, take_flag, offsetof(struct source, allow_private)},
    {"silent_days", false, take_silent_days, 0},
};
_Static_assert(sizeof sources_columns / sizeof *sources_columns == SOURCES_COLUMNS, "each of them");

static bool is_visible(const char *text, char least) {
    for (; *text; text++)
        if (*text < least || *text > '~')
            return false;
    return true;
}

// A secret that the template's kind of authentication cannot send.
static const char *secret_wrong(enum template_auth auth, const char *secret) {
    struct str text = str_from(secret);
    const char *colon = strchr(secret, ':');
    bool pair = colon && colon > secret, fits = text.len <= CONFIG_TEXT_MAX;
    switch (auth) {
    case TEMPLATE_AUTH_BEARER:
    case TEMPLATE_AUTH_TOKEN:
        return fits && is_visible(secret, '!')
                   ? NULL
                   : "the file holds no token: one line of at most 4096 visible ASCII "
                     "characters";
    case TEMPLATE_AUTH_BASIC:
        return fits && pair && str_is_clean_utf8(text)
                   ? NULL
                   : "the file holds no user:password: one line of at most 4096 bytes";
    case TEMPLATE_AUTH_HEADER:
        return fits && is_visible(secret, ' ') && str_trim(text).len == text.len
                   ? NULL
                   : "the file holds no key: one line of at most 4096 ASCII characters";
    case TEMPLATE_AUTH_OAUTH2:
        return fits && pair && is_visible(secret, '!')
                   ? NULL
                   : "the file holds no client_id:client_secret: one line of at most 4096 visible "
                     "ASCII characters";
    case TEMPLATE_AUTH_ZGW:
        return fits && pair && colon - secret <= JWT_ID_MAX && colon[1] && is_visible(secret, '!')
                   ? NULL
                   : "the file holds no client_id:secret: one line of at most 4096 visible ASCII "
                     "characters";
    default:
        return "the template does not authenticate";
    }
}

static void check_secret(struct sources_reading *reading, const struct source *source,
                         const struct template *template) {
    const char *wrong = NULL;
    if (source->secret)
        wrong = secret_wrong(template->auth, source->secret);
    else if (source->url && template->auth != TEMPLATE_AUTH_NONE && !template->auth_optional)
        wrong = "is needed: the template authenticates";
    if (wrong && !reading->row.secret_bad)
        diagnostics_add(reading->faults, reading->file, reading->row.line, "secret_file: %s",
                        wrong);
}

static void check_cursor(struct sources_reading *reading, const struct source *source,
                         const struct template *template) {
    const char *wrong = NULL;
    if (template->native && !source->cursor_param != !source->cursor_field)
        wrong = "cursor_param and cursor_field go together";
    else if (!template->native && source->cursor_field)
        wrong = "cursor_field: only with template native: the others say themselves what the "
                "watermark is";
    else if (!template->native && source->cursor_param && !template->cursor_param)
        wrong = "cursor_param: the template has no cursor";
    if (wrong)
        diagnostics_add(reading->faults, reading->file, reading->row.line, "%s", wrong);
}

// A poll that asks for what has changed, or for a part of time, does not bring all there is.
static void check_complete(struct sources_reading *reading, const struct source *source,
                           const struct template *template) {
    const char *wrong = NULL;
    if (!source->complete)
        return;
    if (!source->url)
        wrong = "only with url: what is posted is never all there is";
    else if (template->window_end_param)
        wrong = "not with this template: it reads in windows, and what is older is not asked for";
    else if (template->cursor_param || source->cursor_param)
        wrong = "not with a cursor: it asks for what has changed, so what is missing may be there "
                "all the same";
    if (wrong)
        diagnostics_add(reading->faults, reading->file, reading->row.line, "complete: %s", wrong);
}

static bool is_http(const char *url) {
    return url && url[4] == ':' && !url_is_sftp(str_from(url));
}

// A folder is read file by file, whole: there is nothing to ask.
static void check_sftp(struct sources_reading *reading, const struct source *source,
                       const struct template *template) {
    const char *wrong = NULL;
    bool any = source->ssh_user || source->ssh_key_file || source->ssh_host_key;
    bool all = source->ssh_user && source->ssh_key_file && source->ssh_host_key;
    if (!source->url || !url_is_sftp(str_from(source->url)))
        wrong = any ? "ssh_user, ssh_key_file and ssh_host_key: only with an sftp url" : NULL;
    else if (!all && !reading->row.secret_bad)
        wrong = "url: sftp needs ssh_user, ssh_key_file and ssh_host_key";
    else if (template->window_end_param || template->cursor_param || source->cursor_param)
        wrong = "url: sftp is not for a template with a cursor or windows";
    else if (source->complete)
        wrong = "complete: not with sftp: files add to each other";
    if (wrong)
        diagnostics_add(reading->faults, reading->file, reading->row.line, "%s", wrong);
}

// What a secret would be read from on its way.
static bool is_open(const char *url) {
    return is_http(url) && !host_is_local(url_host(str_from(url)));
}

void sources_row_check(struct sources_reading *reading, struct source *source) {
    const size_t line = reading->row.line;
    if (!source->allow_private && is_http(source->url))
        diagnostics_add(reading->faults, reading->file, line,
                        "url: http only with allow_private (a test on this machine); use https");
    if (source->certificate_count && !reading->certificates_asked)
        diagnostics_add(reading->faults, reading->file, line,
                        "certificates: needs intake.tls_client_ca: nobody is asked for one");
    if (!source->allow_private && source->interval_ms < INTERVAL_MIN_MS)
        diagnostics_add(reading->faults, reading->file, line, "interval: %s", INTERVAL_WRONG);
    if (!reading->templates || reading->row.template_bad)
        return;
    const struct template *native = templates_find(reading->templates, STR("native"));
    if (source->url && !source->template)
        source->template = native;
    const struct template *template = source->template ? source->template : native;
    check_cursor(reading, source, template);
    check_complete(reading, source, template);
    check_sftp(reading, source, template);
    if (source->template)
        check_secret(reading, source, template);
    if ((source->secret || source->headers[0] || source->client_cert_file) &&
        (is_open(source->url) || is_open(template->token_url)))
        diagnostics_add(reading->faults, reading->file, line,
                        "url: a secret goes by http to this machine only (127.0.0.1, ::1, "
                        "localhost): use https");
    if (source->url && !source->allow_private && is_http(template->token_url))
        diagnostics_add(reading->faults, reading->file, line,
                        "template: http for its token_url only with allow_private; use https");
}
