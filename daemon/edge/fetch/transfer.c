// SPDX-License-Identifier: EUPL-1.2
// Sets up one transfer with curl and receives it. Every rule about where it may connect is checked
// by address, at the moment of connecting and again before the request leaves, because a name may
// resolve differently in between. The transfer owns its headers, its body and its secrets, and
// wipes these.
#include "fetch_transfer.h"

#include "base/hash.h"
#include "base/mem.h"
#include "edge/address.h"
#include "fetch_url.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

enum { FORM_BYTES_MAX = 64 * 1024 };

bool fetch_is_header_value(const char *value) {
    for (const unsigned char *c = (const unsigned char *)value; *c; c++)
        if (*c < 0x20 || *c == 0x7f)
            return false;
    return true;
}

static void put_line(struct fetch_transfer *easy, const char *line) {
    struct curl_slist *longer =
        fetch_is_header_value(line) ? curl_slist_append(easy->headers, line) : NULL;
    if (longer)
        easy->headers = longer;
    else if (!easy->fault)
        easy->fault =
            fetch_is_header_value(line) ? "out of memory" : "control character in a request header";
}

static void put_header(struct fetch_transfer *easy, const char *name, const char *value) {
    struct buf line;
    if (!value)
        return;
    buf_init(&line, strlen(name) + strlen(value) + 3);
    buf_printf(&line, "%s: %s", name, value);
    char *text = buf_take(&line);
    put_line(easy, text);
    free(text);
}

// Its name is a token of RFC 9110.
static void put_own_header(struct fetch_transfer *easy, const char *line) {
    size_t len = strspn(line, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                              "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    if (len > 0 && strncmp(line + len, ": ", 2) == 0)
        put_line(easy, line);
    else if (!easy->fault)
        easy->fault = "not a valid name of a request header";
}

static char *copy(const char *text) {
    return text ? mem_strdup(text) : NULL;
}

void fetch_transfer_init(struct fetch_transfer *easy, const struct fetch_request *request,
                         struct fetch_pool *pool, size_t body_bytes_max) {
    *easy = (struct fetch_transfer){.allow_private = request->allow_private};
    fetch_body_init(&easy->body, pool, body_bytes_max);
    easy->url = mem_strdup(request->url);
    easy->form = copy(request->form);
    easy->client_cert_file = copy(request->client_cert_file);
    if (request->ssh) {
        easy->ssh.user = copy(request->ssh->user);
        easy->ssh.key_file = copy(request->ssh->key_file);
        easy->ssh.host_key = copy(request->ssh->host_key);
    }
    if (strlen(easy->url) > FETCH_URL_BYTES_MAX)
        easy->fault = "URL too long";
    if (easy->form && strlen(easy->form) > FORM_BYTES_MAX)
        easy->fault = "form too long";
    put_header(easy, "If-None-Match", request->if_none_match);
    put_header(easy, "If-Modified-Since", request->if_modified_since);
    for (char *const *line = request->headers; line && *line; line++)
        put_own_header(easy, *line);
}

void fetch_transfer_close(struct fetch_transfer *easy) {
    curl_easy_cleanup(easy->handle);
    easy->handle = NULL;
    fetch_body_clear(&easy->body);
    easy->header_bytes = 0;
    easy->error[0] = '\0';
    easy->address_refused = easy->address_tried = false;
}

static void free_secret(char *text) {
    if (text)
        hash_wipe(text, strlen(text));
    free(text);
}

void fetch_transfer_free(struct fetch_transfer *easy) {
    if (easy->form && easy->body.bytes.data) // a token for a form
        hash_wipe(easy->body.bytes.data, easy->body.bytes.len);
    fetch_transfer_close(easy);
    for (struct curl_slist *line = easy->headers; line; line = line->next)
        hash_wipe(line->data, strlen(line->data));
    curl_slist_free_all(easy->headers);
    free_secret(easy->form);
    free(easy->client_cert_file);
    free(easy->ssh.user);
    free(easy->ssh.key_file);
    free(easy->ssh.host_key);
    for (size_t i = 0; i < easy->passed_count; i++)
        free(easy->passed[i]);
    free(easy->link_next);
    free(easy->url);
}

static size_t on_header(char *data, size_t size, size_t count, void *ctx) {
    (void)data;
    struct fetch_transfer *easy = ctx;
    easy->header_bytes += size * count;
    return easy->header_bytes > FETCH_HEADER_BYTES_MAX ? 0 : size * count;
}

// Gets the bytes after decompression, so this is where a bomb ends.
static size_t on_body(char *data, size_t size, size_t count, void *ctx) {
    struct fetch_transfer *easy = ctx;
    curl_off_t announced = -1;
    if (!easy->body.announced)
        (void)curl_easy_getinfo(easy->handle, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
    if (announced > 0)
        easy->body.announced = (size_t)announced;
    return fetch_body_put(&easy->body, data, size * count) ? size * count : 0;
}

static curl_socket_t on_open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *to) {
    (void)purpose;
    struct fetch_transfer *easy = ctx;
    if (!easy->allow_private && !address_is_public(&to->addr)) {
        easy->address_refused = true;
        return CURL_SOCKET_BAD;
    }
    easy->address_tried = true;
    return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

static bool is_public_text(const char *ip) {
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, ip, &in.sin_addr) == 1)
        return address_is_public((struct sockaddr *)&in);
    return inet_pton(AF_INET6, ip, &in6.sin6_addr) == 1 &&
           address_is_public((struct sockaddr *)&in6);
}

// Sees also a connection that is used again, perhaps opened for one who was allowed to.
static int on_before_request(void *ctx, char *ip, char *local_ip, int port, int local_port) {
    (void)local_ip, (void)port, (void)local_port;
    struct fetch_transfer *easy = ctx;
    if (easy->allow_private || is_public_text(ip))
        return CURL_PREREQFUNC_OK;
    return CURL_PREREQFUNC_ABORT;
}

// Sets an option unless an earlier one failed.
#define SET(option, value) (rc = rc ? rc : curl_easy_setopt(handle, option, value))

static CURL *make_model(const struct fetch_limits *limits) {
    CURL *handle = curl_easy_init();
    CURLcode rc = handle ? CURLE_OK : CURLE_OUT_OF_MEMORY;
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_DEFAULT_PROTOCOL, "https");
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1); // less to attack than HTTP/2
    SET(CURLOPT_FOLLOWLOCATION, 0L);                        // we look at each first
    SET(CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
    SET(CURLOPT_USERAGENT, "signaald/" SIGNAALD_VERSION);
    SET(CURLOPT_PROXY, ""); // nor one from the environment
    SET(CURLOPT_NETRC, 0L);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_QUICK_EXIT, 1L); // else a time-out joins the thread that looks up the name
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_DNS_CACHE_TIMEOUT, 0L); // curl looks through all of it at the end of each transfer
    SET(CURLOPT_CAPATH, NULL); // with one, curl parses all authorities anew for each connection
    if (limits->ca_file)
        SET(CURLOPT_CAINFO, limits->ca_file);
    if (limits->crl_file)
        SET(CURLOPT_CRLFILE, limits->crl_file);
    SET(CURLOPT_BUFFERSIZE, 65536L);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)limits->connect_timeout_ms);
    SET(CURLOPT_KEYPASSWD, ""); // else a key that has one is asked for on the terminal
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    SET(CURLOPT_PREREQFUNCTION, on_before_request);
    if (rc == CURLE_OK)
        return handle;
    curl_easy_cleanup(handle);
    return NULL;
}

CURL *fetch_transfer_model(const struct fetch_limits *limits, struct err *err) {
    if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, mem_alloc, mem_wipe_free, mem_wipe_realloc,
                             mem_strdup, mem_zalloc) != CURLE_OK) {
        err_set(err, ERR_FATAL, "libcurl does not start");
        return NULL;
    }
    CURL *model = make_model(limits);
    if (model)
        return model;
    curl_global_cleanup();
    err_set(err, ERR_FATAL, "libcurl lacks TLS, compression or an option that is needed");
    return NULL;
}

void fetch_transfer_model_free(CURL *model) {
    curl_easy_cleanup(model);
    curl_global_cleanup();
}

bool fetch_transfer_open(struct fetch_transfer *easy, CURL *model, int64_t timeout_ms,
                         void *owner) {
    if (easy->fault)
        return false;
    if (timeout_ms <= 0) { // used up by redirects
        easy->fault = "timed out";
        return false;
    }
    CURL *handle = easy->handle = curl_easy_duphandle(model);
    CURLcode rc = handle ? CURLE_OK : CURLE_OUT_OF_MEMORY;
    SET(CURLOPT_URL, easy->url);
    SET(CURLOPT_HTTPHEADER, easy->headers);
    if (easy->form)
        SET(CURLOPT_POSTFIELDS, easy->form);
    if (easy->client_cert_file) {
        SET(CURLOPT_SSLCERT, easy->client_cert_file);
        SET(CURLOPT_SSLKEY, easy->client_cert_file);
    }
    if (easy->ssh.user) {
        SET(CURLOPT_PROTOCOLS_STR, "sftp");
        SET(CURLOPT_SSH_AUTH_TYPES, (long)CURLSSH_AUTH_PUBLICKEY);
        SET(CURLOPT_USERNAME, easy->ssh.user);
        SET(CURLOPT_SSH_PRIVATE_KEYFILE, easy->ssh.key_file);
        SET(CURLOPT_SSH_HOST_PUBLIC_KEY_SHA256, easy->ssh.host_key);
    }
    if (easy->share && !easy->ssh.user)
        SET(CURLOPT_SHARE, easy->share);
    else
        SET(CURLOPT_FORBID_REUSE, 1L);
    SET(CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    SET(CURLOPT_ERRORBUFFER, easy->error);
    SET(CURLOPT_PRIVATE, owner);
    SET(CURLOPT_HEADERDATA, easy);
    SET(CURLOPT_WRITEDATA, easy);
    SET(CURLOPT_OPENSOCKETDATA, easy);
    SET(CURLOPT_PREREQDATA, easy);
    if (rc != CURLE_OK)
        easy->fault = "out of memory";
    return rc == CURLE_OK;
}
