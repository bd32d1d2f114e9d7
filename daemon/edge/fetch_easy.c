// SPDX-License-Identifier: EUPL-1.2
#include "edge/fetch_easy.h"

#include "base/mem.h"
#include "edge/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#ifndef SIGNAALD_VERSION
#define SIGNAALD_VERSION "0"
#endif

enum {
    URL_BYTES_MAX = 8192,
    HEADER_BYTES_MAX = 64 * 1024, // all of an answer's header lines together
    HEADER_VALUE_MAX = 255,       // of those that are kept
    X509_NO_VERDICT = 1,          // of curl, until it has matched the name with the certificate
    X509_EXPIRED = 10,            // X509_V_ERR_CERT_HAS_EXPIRED of OpenSSL
};

static bool is_header_value(const char *value) {
    for (const unsigned char *c = (const unsigned char *)value; *c; c++)
        if (*c < 0x20 || *c == 0x7f)
            return false;
    return true;
}

static void put_header(struct fetch_easy *easy, const char *name, const char *value) {
    if (!value || easy->fault)
        return;
    if (!is_header_value(value)) {
        easy->fault = "control character in a request header";
        return;
    }
    struct buf line;
    buf_init(&line, strlen(name) + strlen(value) + 1);
    buf_puts(&line, name);
    buf_puts(&line, value);
    buf_putc(&line, '\0');
    struct curl_slist *longer = curl_slist_append(easy->headers, line.data);
    buf_free(&line);
    if (longer)
        easy->headers = longer;
    else
        easy->fault = "out of memory";
}

void fetch_easy_init(struct fetch_easy *easy, const struct fetch_request *request,
                     size_t body_bytes_max) {
    *easy = (struct fetch_easy){.allow_private = request->allow_private};
    buf_init(&easy->body, body_bytes_max);
    easy->url = mem_strdup(request->url);
    if (strlen(request->url) > URL_BYTES_MAX)
        easy->fault = "URL too long";
    put_header(easy, "If-None-Match: ", request->if_none_match);
    put_header(easy, "If-Modified-Since: ", request->if_modified_since);
    put_header(easy, "Authorization: Bearer ", request->bearer);
}

void fetch_easy_free(struct fetch_easy *easy) {
    curl_easy_cleanup(easy->handle);
    curl_slist_free_all(easy->headers);
    buf_free(&easy->body);
    free(easy->url);
}

static size_t on_header(char *data, size_t size, size_t count, void *ctx) {
    (void)data;
    struct fetch_easy *easy = ctx;
    easy->header_bytes += size * count;
    return easy->header_bytes > HEADER_BYTES_MAX ? 0 : size * count;
}

// Gets the bytes after decompression, so this is where a bomb ends.
static size_t on_body(char *data, size_t size, size_t count, void *ctx) {
    struct fetch_easy *easy = ctx;
    buf_put(&easy->body, data, size * count);
    return easy->body.overflow ? 0 : size * count;
}

static curl_socket_t on_open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *to) {
    (void)purpose;
    struct fetch_easy *easy = ctx;
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
    struct fetch_easy *easy = ctx;
    if (easy->allow_private || is_public_text(ip))
        return CURL_PREREQFUNC_OK;
    return CURL_PREREQFUNC_ABORT;
}

// Sets an option unless an earlier one failed.
#define SET(option, value) (rc = rc ? rc : curl_easy_setopt(handle, option, value))

CURL *fetch_easy_model(const struct fetch_limits *limits) {
    CURL *handle = curl_easy_init();
    CURLcode rc = handle ? CURLE_OK : CURLE_OUT_OF_MEMORY;
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_DEFAULT_PROTOCOL, "https");
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1); // less to attack than HTTP/2
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
    SET(CURLOPT_USERAGENT, "signaald/" SIGNAALD_VERSION);
    SET(CURLOPT_PROXY, ""); // nor one from the environment
    SET(CURLOPT_NETRC, 0L);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_QUICK_EXIT, 1L); // else a time-out joins the thread that looks up the name
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_CAPATH, NULL); // with one, curl parses all authorities anew for each connection
    if (limits->ca_file)
        SET(CURLOPT_CAINFO, limits->ca_file);
    SET(CURLOPT_BUFFERSIZE, 65536L);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)limits->connect_timeout_ms);
    SET(CURLOPT_TIMEOUT_MS, (long)limits->timeout_ms);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    SET(CURLOPT_PREREQFUNCTION, on_before_request);
    if (rc == CURLE_OK)
        return handle;
    curl_easy_cleanup(handle);
    return NULL;
}

bool fetch_easy_open(struct fetch_easy *easy, CURL *model, void *owner) {
    if (easy->fault)
        return false;
    CURL *handle = easy->handle = curl_easy_duphandle(model);
    CURLcode rc = handle ? CURLE_OK : CURLE_OUT_OF_MEMORY;
    SET(CURLOPT_URL, easy->url);
    SET(CURLOPT_HTTPHEADER, easy->headers);
    SET(CURLOPT_PRIVATE, owner);
    SET(CURLOPT_HEADERDATA, easy);
    SET(CURLOPT_WRITEDATA, easy);
    SET(CURLOPT_OPENSOCKETDATA, easy);
    SET(CURLOPT_PREREQDATA, easy);
    if (rc != CURLE_OK)
        easy->fault = "out of memory";
    return rc == CURLE_OK;
}

// NULL when there is none, or none that is fit to be kept and sent back.
static const char *answer_header(CURL *handle, const char *name) {
    struct curl_header *header;
    if (curl_easy_header(handle, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
        return NULL;
    size_t len = strlen(header->value);
    if (len == 0 || len > HEADER_VALUE_MAX || !is_header_value(header->value))
        return NULL;
    return header->value;
}

static const char *reason_no_connection(CURL *handle) {
    long error = 0;
    (void)curl_easy_getinfo(handle, CURLINFO_OS_ERRNO, &error);
    switch (error) {
    case ECONNREFUSED:
        return "connection refused";
    case ENETUNREACH:
    case EHOSTUNREACH:
        return "host not reachable";
    default:
        return "no connection";
    }
}

static const char *reason_no_trust(CURL *handle) {
    long verdict = 0;
    (void)curl_easy_getinfo(handle, CURLINFO_SSL_VERIFYRESULT, &verdict);
    if (verdict == X509_NO_VERDICT)
        return "TLS: certificate is for another name";
    return verdict == X509_EXPIRED ? "TLS: certificate expired" : "TLS: certificate not trusted";
}

static bool is_connected(CURL *handle) {
    curl_off_t ready_us = 0;
    (void)curl_easy_getinfo(handle, CURLINFO_PRETRANSFER_TIME_T, &ready_us);
    return ready_us > 0;
}

// Our own words: curl's hold names, addresses and bytes of the other side.
static const char *reason_of(const struct fetch_easy *easy, CURLcode rc) {
    switch (rc) {
    case CURLE_UNSUPPORTED_PROTOCOL: // of the URL, or of the answer
        return is_connected(easy->handle) ? "not a valid HTTP answer" : "neither http nor https";
    case CURLE_URL_MALFORMAT:
        return "not a valid URL";
    case CURLE_COULDNT_RESOLVE_HOST:
        return "name not found";
    case CURLE_COULDNT_CONNECT:
        return reason_no_connection(easy->handle);
    case CURLE_OPERATION_TIMEDOUT:
        return is_connected(easy->handle) ? "timed out" : "timed out while connecting";
    case CURLE_PEER_FAILED_VERIFICATION:
        return reason_no_trust(easy->handle);
    case CURLE_SSL_CONNECT_ERROR:
        return "TLS: handshake failed";
    case CURLE_SSL_CACERT_BADFILE:
        return "TLS: file of authorities not readable";
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_SEND_ERROR:
        return "connection cut off";
    case CURLE_RECV_ERROR: // also for malformed chunks
        return "connection broken or answer malformed";
    case CURLE_BAD_CONTENT_ENCODING:
        return "compression not valid";
    case CURLE_WRITE_ERROR:
        return easy->header_bytes > HEADER_BYTES_MAX ? "header too large" : "compression not valid";
    case CURLE_OUT_OF_MEMORY: // so curl calls a header line over its own limit
        return "header too large";
    default:
        return "not a valid HTTP answer";
    }
}

void fetch_easy_result(struct fetch_easy *easy, CURLcode rc, struct fetch_result *result) {
    *result = (struct fetch_result){.outcome = FETCH_OK, .reason = ""};
    if (rc == CURLE_OK) {
        (void)curl_easy_getinfo(easy->handle, CURLINFO_RESPONSE_CODE, &result->status);
        result->body = buf_str(&easy->body);
        result->etag = answer_header(easy->handle, "ETag");
        result->last_modified = answer_header(easy->handle, "Last-Modified");
        result->retry_after = answer_header(easy->handle, "Retry-After");
    } else if (easy->body.overflow) {
        result->outcome = FETCH_TOO_LARGE;
        result->reason = "answer too large";
    } else if (rc == CURLE_ABORTED_BY_CALLBACK || // by on_before_request
               (rc == CURLE_COULDNT_CONNECT && easy->address_refused && !easy->address_tried)) {
        result->outcome = FETCH_FORBIDDEN;
        result->reason = "address not allowed";
    } else {
        result->outcome = FETCH_FAILED;
        result->reason = reason_of(easy, rc);
    }
}
