// SPDX-License-Identifier: EUPL-1.2
// Turns the end of a transfer into an answer: which headers are kept, whether a redirect may be
// followed, and why it failed. The reason is always in our own words, because those of curl hold
// names, addresses and bytes of the other side. The transfer owns what the answer shows.
#include "fetch_transfer.h"

#include "base/mem.h"
#include "fetch_url.h"

#include <errno.h>
#include <string.h>

enum {
    HEADER_VALUE_MAX = 255, // of those that are kept
    LINK_BYTES_MAX = 2048,
    X509_NO_VERDICT = 1, // of curl, until it has matched the name with the certificate
    X509_EXPIRED = 10,   // X509_V_ERR_CERT_HAS_EXPIRED of OpenSSL
};

// NULL when there is none, or none that is fit to be kept and sent back.
static const char *answer_header(CURL *handle, const char *name) {
    struct curl_header *header;
    if (curl_easy_header(handle, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
        return NULL;
    size_t len = strlen(header->value);
    if (len == 0 || len > HEADER_VALUE_MAX || !fetch_is_header_value(header->value))
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

static const char reason_refused[] = "TLS: refused by the server, maybe for the client certificate";

// With TLS 1.3 a server that does not like our certificate says so after the handshake.
static bool is_alert(const struct fetch_transfer *easy) {
    static const char *const alerts[] = {"alert certificate", "alert bad certificate",
                                         "alert unsupported certificate", "alert unknown ca",
                                         "alert access denied"};
    for (size_t i = 0; i < sizeof alerts / sizeof *alerts; i++)
        if (strstr(easy->error, alerts[i]))
            return true;
    return false;
}

static const char *reason_of_sftp(CURLcode rc) {
    switch (rc) {
    case CURLE_PEER_FAILED_VERIFICATION:
        return "SFTP: the server has another key than ssh_host_key says";
    case CURLE_LOGIN_DENIED:
        return "SFTP: the server does not take our key for this user";
    case CURLE_REMOTE_FILE_NOT_FOUND:
    case CURLE_REMOTE_ACCESS_DENIED:
    case CURLE_QUOTE_ERROR:
        return "SFTP: there is no such file or folder, or it may not be read";
    default:
        return "SFTP: no connection, or it was cut off";
    }
}

// Our own words: curl's hold names, addresses and bytes of the other side.
static const char *reason_of(const struct fetch_transfer *easy, CURLcode rc) {
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
        return easy->ssh.user ? reason_of_sftp(rc) : reason_no_trust(easy->handle);
    case CURLE_SSL_CONNECT_ERROR:
        return is_alert(easy) ? reason_refused : "TLS: handshake failed";
    case CURLE_SSL_CLIENTCERT:
        return reason_refused;
    case CURLE_SSL_CERTPROBLEM:
        return "TLS: client certificate or its key not usable";
    case CURLE_SSL_CACERT_BADFILE:
        return "TLS: file of authorities not readable";
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
        return "connection cut off";
    case CURLE_SEND_ERROR:
        return is_alert(easy) ? reason_refused : "connection cut off";
    case CURLE_RECV_ERROR: // also for malformed chunks
        return is_alert(easy) ? reason_refused : "connection broken or answer malformed";
    case CURLE_BAD_CONTENT_ENCODING:
        return "compression not valid";
    case CURLE_WRITE_ERROR:
        return easy->header_bytes > FETCH_HEADER_BYTES_MAX ? "header too large"
                                                           : "compression not valid";
    case CURLE_OUT_OF_MEMORY: // so curl calls a header line over its own limit
        return "header too large";
    default:
        return easy->ssh.user ? reason_of_sftp(rc) : "not a valid HTTP answer";
    }
}

static bool is_redirect(long status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static bool is_passed(const struct fetch_transfer *easy, const char *url) {
    for (size_t i = 0; i < easy->passed_count; i++)
        if (strcmp(easy->passed[i], url) == 0)
            return true;
    return strcmp(easy->url, url) == 0;
}

// NULL: `location` leads to `url`, which may be asked.
static const char *judge_redirect(struct fetch_transfer *easy, const char *location,
                                  char url[FETCH_URL_BYTES_MAX + 1]) {
    switch (fetch_url_resolve(easy->url, str_from(location), url, FETCH_URL_BYTES_MAX + 1)) {
    case FETCH_URL_OTHER:
        easy->to_other_origin = true;
        return "redirect to another host";
    case FETCH_URL_BAD:
        return "redirect not valid";
    case FETCH_URL_SAME:
        break;
    }
    if (is_passed(easy, url))
        return "redirects in a circle";
    return easy->passed_count == FETCH_REDIRECTS_MAX ? "too many redirects" : NULL;
}

bool fetch_transfer_redirect(struct fetch_transfer *easy, CURLcode rc) {
    long status = 0;
    struct curl_header *location;
    if (rc != CURLE_OK || easy->form || easy->fault)
        return false;
    (void)curl_easy_getinfo(easy->handle, CURLINFO_RESPONSE_CODE, &status);
    if (!is_redirect(status) ||
        curl_easy_header(easy->handle, "Location", 0, CURLH_HEADER, -1, &location) != CURLHE_OK)
        return false;
    char url[FETCH_URL_BYTES_MAX + 1];
    easy->fault = judge_redirect(easy, location->value, url);
    if (easy->fault)
        return false;
    fetch_transfer_close(easy);
    easy->passed[easy->passed_count++] = easy->url;
    easy->url = mem_strdup(url);
    return true;
}

// False when there is one that is too long.
static bool find_next(struct fetch_transfer *easy) {
    struct curl_header *header;
    for (size_t i = 0;
         curl_easy_header(easy->handle, "Link", i, CURLH_HEADER, -1, &header) == CURLHE_OK; i++) {
        struct str target;
        enum fetch_link link = fetch_link_next(str_from(header->value), &target);
        easy->link_unreadable = easy->link_unreadable || link == FETCH_LINK_UNREADABLE;
        if (link != FETCH_LINK_NEXT)
            continue;
        if (target.len > LINK_BYTES_MAX)
            return false;
        easy->link_next = mem_strndup(target.data, target.len);
        break;
    }
    return true;
}

static void result_answer(struct fetch_transfer *easy, struct fetch_result *result) {
    (void)curl_easy_getinfo(easy->handle, CURLINFO_RESPONSE_CODE, &result->status);
    if (easy->ssh.user)
        result->status = 200;
    result->body = buf_str(&easy->body.bytes);
    result->holds = &easy->body;
    result->etag = answer_header(easy->handle, "ETag");
    result->last_modified = answer_header(easy->handle, "Last-Modified");
    result->content_type = answer_header(easy->handle, "Content-Type");
    result->total_count = answer_header(easy->handle, "X-Total-Count");
    result->retry_after = answer_header(easy->handle, "Retry-After");
    result->link_next = easy->link_next;
    result->link_unreadable = easy->link_unreadable && !easy->link_next;
    result->url = easy->url;
}

static bool is_forbidden(const struct fetch_transfer *easy, CURLcode rc) {
    return rc == CURLE_ABORTED_BY_CALLBACK || // by on_before_request
           (rc == CURLE_COULDNT_CONNECT && easy->address_refused && !easy->address_tried);
}

void fetch_transfer_result(struct fetch_transfer *easy, CURLcode rc, struct fetch_result *result) {
    *result = (struct fetch_result){.outcome = FETCH_FAILED};
    if (easy->fault) {
        result->outcome = easy->to_other_origin ? FETCH_FORBIDDEN : FETCH_FAILED;
        result->reason = easy->fault;
    } else if (easy->body.dropped) {
        result->reason = "too much at once";
    } else if (easy->body.bytes.overflow) {
        result->outcome = FETCH_TOO_LARGE;
        result->reason = "answer too large";
    } else if (is_forbidden(easy, rc)) {
        result->outcome = FETCH_FORBIDDEN;
        result->reason = "address not allowed";
    } else if (rc != CURLE_OK) {
        result->reason = reason_of(easy, rc);
    } else if (!find_next(easy)) {
        result->reason = "link to the next page too long";
    } else {
        result->outcome = FETCH_OK;
        result->reason = "";
        result_answer(easy, result);
    }
}
