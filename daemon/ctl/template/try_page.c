// SPDX-License-Identifier: EUPL-1.2
// One page from its endpoint, asked for with the template's query and authentication and under the
// daemon's own rules; of a folder by SFTP the newest file. Blocks. The secret and the token are
// wiped before it returns.
#include "base/mem.h"
#include "codec/listing.h"
#include "codec/oauth.h"
#include "config/text/url.h"
#include "edge/fetch/once.h"
#include "template/headers.h"
#include "try.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    CONNECT_TIMEOUT_MS = 10000,
    TIMEOUT_MS = 60000,
    SECRET_BYTES_MAX = OAUTH_SECRET_MAX,
    URL_BYTES_MAX = 8 << 10,
    STATUS_OK = 200,
};

// The newest file of a folder.
struct folder_pick {
    const struct template *template;
    char name[LISTING_NAME_MAX + 1]; // "": there is none
    int64_t ms;
};

struct exchange {
    struct fetch_limits limits;
    struct try_run *run;
    char *secret; // NULL: none
    char *headers[TEMPLATE_HEADERS_MAX + 1];
    char token[OAUTH_TOKEN_MAX + 1];
    bool ok, asks_token, lists;
    struct folder_pick pick; // of a list
    struct err *err;
};

static void on_file(void *ctx, const struct listing_file *file) {
    struct folder_pick *pick = ctx;
    if (!template_reads_file(pick->template, file->name) || (*pick->name && file->ms < pick->ms))
        return;
    memcpy(pick->name, file->name.data, file->name.len);
    pick->name[file->name.len] = '\0';
    pick->ms = file->ms;
}

static int64_t now_ms(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000;
}

static void on_answer(void *ctx, const struct fetch_result *result) {
    struct exchange *x = ctx;
    const char *what = x->asks_token ? "no access token: " : "";
    int64_t expires_s;
    size_t unreadable;
    if (result->outcome == FETCH_OK && x->lists) {
        x->ok = (listing_read(result->body, now_ms(), on_file, &x->pick, &unreadable) &&
                 unreadable == 0) ||
                err_set(x->err, ERR_INPUT, "the list of the folder cannot be read");
    } else if (result->outcome != FETCH_OK) {
        (void)err_set(x->err, ERR_RETRY, "%s%s", what, result->reason);
    } else if (result->status != STATUS_OK) {
        (void)err_set(x->err, ERR_RETRY, "%sthe endpoint answers with HTTP status %ld", what,
                      result->status);
    } else if (x->asks_token) {
        x->ok = oauth_decode_token(result->body, x->token, &expires_s) ||
                err_set(x->err, ERR_INPUT, "%sthe answer holds none", what);
    } else {
        x->run->body = mem_strndup(result->body.data ? result->body.data : "", result->body.len);
        x->run->body_len = result->body.len;
        (void)door_charset_of(str_from(result->content_type), &x->run->charset);
        x->run->link_next = result->link_next ? mem_strdup(result->link_next) : NULL;
        x->ok = true;
    }
}

static bool exchange_run(struct exchange *x, const struct fetch_request *request) {
    x->ok = false;
    return fetch_once(&x->limits, request, on_answer, x, x->err) && x->ok;
}

static bool ask_token(struct exchange *x, const struct try_fetch *fetch) {
    const struct template *template = x->run->template;
    struct buf form;
    buf_init(&form, OAUTH_FORM_MAX);
    oauth_put_form(&form, str_from(x->secret), str_from(template->scope));
    const struct fetch_request request = {.url = template->token_url,
                                          .form = form.data,
                                          .client_cert_file = fetch->client_cert_file,
                                          .allow_private = true};
    x->asks_token = true;
    bool ok = exchange_run(x, &request);
    x->asks_token = false;
    buf_free(&form); // overwrites it
    return ok;
}

static bool ask_page(struct exchange *x, const struct try_fetch *fetch, const char *url) {
    const struct template *template = x->run->template;
    struct template_headers headers;
    if (template->auth == TEMPLATE_AUTH_OAUTH2 && x->secret && !ask_token(x, fetch))
        return false;
    const struct template_login login = {.secret = x->secret,
                                         .token = x->token,
                                         .headers = x->headers,
                                         .fsc_grant = fetch->fsc_grant,
                                         .now_ms = now_ms()};
    template_headers_make(template, &login, &headers);
    const struct fetch_request request = {.url = url,
                                          .headers = headers.lines,
                                          .client_cert_file = fetch->client_cert_file,
                                          .allow_private = true};
    bool ok = exchange_run(x, &request);
    template_headers_free(&headers);
    return ok;
}

static bool ask_file(struct exchange *x, const struct try_fetch *fetch, const char *url) {
    const struct fetch_ssh ssh = {fetch->ssh_user, fetch->ssh_key_file, fetch->ssh_host_key};
    return exchange_run(x, &(struct fetch_request){.url = url, .ssh = &ssh, .allow_private = true});
}

// A file, or of a folder the newest.
static bool ask_folder(struct exchange *x, const struct try_fetch *fetch, const char *url) {
    struct buf file;
    size_t len = strlen(url);
    if (!fetch->ssh_user || !fetch->ssh_key_file || !fetch->ssh_host_key)
        return err_set(x->err, ERR_CONFIG,
                       "an sftp URL needs --ssh-user, --ssh-key-file and --ssh-host-key");
    if (len == 0 || url[len - 1] != '/')
        return ask_file(x, fetch, url);
    x->pick.template = x->run->template;
    x->lists = true;
    bool ok = ask_file(x, fetch, url);
    x->lists = false;
    if (!ok)
        return false;
    if (!*x->pick.name)
        return err_set(x->err, ERR_INPUT,
                       "the folder can be read; it has no file yet that this template reads");
    buf_init(&file, URL_BYTES_MAX);
    buf_puts(&file, url);
    buf_put_encoded(&file, str_from(x->pick.name));
    buf_putc(&file, '\0');
    ok = file.overflow ? err_set(x->err, ERR_CONFIG, "the URL is too long")
                       : ask_file(x, fetch, file.data);
    buf_free(&file);
    return ok;
}

static bool read_secret(const char *file, char **secret, struct err *err) {
    struct buf bytes = {0};
    if (!str_read_file(file, SECRET_BYTES_MAX, &bytes, err))
        return false;
    struct str text = str_trim(buf_str(&bytes));
    *secret = mem_strndup(text.data ? text.data : "", text.len);
    if (bytes.data)
        hash_wipe(bytes.data, bytes.len);
    buf_free(&bytes);
    return text.len > 0 || err_set(err, ERR_CONFIG, "%s: it holds no secret", file);
}

static bool read_headers(struct exchange *x, const char *file) {
    char *text = NULL;
    if (!read_secret(file, &text, x->err)) {
        free(text);
        return false;
    }
    const char *wrong = template_headers_read_lines(str_from(text), x->headers);
    mem_wipe_free(text);
    return !wrong || err_set(x->err, ERR_CONFIG, "%s: %s", file, wrong);
}

// The URL with the template's query behind it. NULL when too long.
static char *make_url(const struct template *template, const char *url) {
    struct buf out;
    buf_init(&out, URL_BYTES_MAX);
    buf_puts(&out, url);
    if (template->query && !url_is_sftp(str_from(url)))
        buf_printf(&out, "%c%s", strchr(url, '?') ? '&' : '?', template->query);
    bool too_long = out.overflow;
    char *text = buf_take(&out);
    if (!too_long)
        return text;
    free(text);
    return NULL;
}

bool try_fetch_page(struct try_run *run, const struct try_fetch *fetch, struct err *err) {
    struct exchange x = {.run = run,
                         .err = err,
                         .limits = {.connect_timeout_ms = CONNECT_TIMEOUT_MS,
                                    .timeout_ms = TIMEOUT_MS,
                                    .body_bytes_max = TRY_PAGE_BYTES_MAX,
                                    .ca_file = fetch->ca_file}};
    char *url = make_url(run->template, fetch->url);
    bool ok = false;
    (void)signal(SIGPIPE, SIG_IGN);
    if (!url) {
        (void)err_set(err, ERR_CONFIG, "the URL is too long");
        goto fail;
    }
    if (fetch->secret_file && !read_secret(fetch->secret_file, &x.secret, err))
        goto fail;
    if (fetch->headers_file && !read_headers(&x, fetch->headers_file))
        goto fail;
    ok = url_is_sftp(str_from(url)) ? ask_folder(&x, fetch, url) : ask_page(&x, fetch, url);
fail:
    for (size_t i = 0; x.headers[i]; i++)
        mem_wipe_free(x.headers[i]);
    if (x.secret)
        hash_wipe(x.secret, strlen(x.secret));
    hash_wipe(x.token, sizeof x.token);
    free(x.secret);
    free(url);
    return ok;
}
