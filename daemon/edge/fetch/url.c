// SPDX-License-Identifier: EUPL-1.2
// URLs are read by curl's own parser, the one that the request goes through: two that disagree on
// where a host ends are a hole.
#include "fetch_url.h"

#include "base/mem.h"
#include "fetch_transfer.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

// NULL when it is none of http, https or sftp. Its fragment is dropped: curl looks for slashes in
// it when it resolves against it.
static CURLU *parse_base(const char *text) {
    CURLU *url = curl_url();
    char *scheme = NULL;
    bool ok = url && strlen(text) <= FETCH_URL_BYTES_MAX &&
              curl_url_set(url, CURLUPART_URL, text, CURLU_DEFAULT_SCHEME) == CURLUE_OK &&
              curl_url_set(url, CURLUPART_FRAGMENT, NULL, 0) == CURLUE_OK &&
              curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
              (strcasecmp(scheme, "http") == 0 || strcasecmp(scheme, "https") == 0 ||
               strcasecmp(scheme, "sftp") == 0);
    curl_free(scheme);
    if (ok)
        return url;
    curl_url_cleanup(url);
    return NULL;
}

static bool is_part_same(CURLU *a, CURLU *b, CURLUPart part) {
    char *left = NULL, *right = NULL;
    bool same = curl_url_get(a, part, &left, CURLU_DEFAULT_PORT) == CURLUE_OK &&
                curl_url_get(b, part, &right, CURLU_DEFAULT_PORT) == CURLUE_OK &&
                strcasecmp(left, right) == 0;
    curl_free(left);
    curl_free(right);
    return same;
}

static bool has_part(CURLU *url, CURLUPart part) {
    char *text = NULL;
    bool has = curl_url_get(url, part, &text, 0) == CURLUE_OK;
    curl_free(text);
    return has;
}

static enum fetch_url judge_target(CURLU *base, CURLU *target) {
    if (!is_part_same(base, target, CURLUPART_SCHEME) ||
        !is_part_same(base, target, CURLUPART_HOST) || !is_part_same(base, target, CURLUPART_PORT))
        return FETCH_URL_OTHER;
    bool has_login = has_part(target, CURLUPART_USER) || has_part(target, CURLUPART_PASSWORD);
    return has_login ? FETCH_URL_BAD : FETCH_URL_SAME;
}

static bool write_url(CURLU *url, char *out, size_t size) {
    char *text = NULL;
    bool ok = curl_url_get(url, CURLUPART_URL, &text, 0) == CURLUE_OK && strlen(text) < size;
    if (ok)
        memcpy(out, text, strlen(text) + 1);
    curl_free(text);
    return ok;
}

static bool is_reference(struct str text) {
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.data[i] <= ' ' || text.data[i] == 0x7f)
            return false;
    return text.len <= FETCH_URL_BYTES_MAX;
}

// Moves `target` from where it is to where `reference` leads from there.
static enum fetch_url follow(CURLU *target, struct str reference) {
    struct str rest = reference;
    if (!str_split(&rest, '#', &reference) || reference.len == 0)
        return FETCH_URL_SAME; // curl does not know these
    char *text = mem_strndup(reference.data, reference.len);
    CURLUcode rc = curl_url_set(target, CURLUPART_URL, text, CURLU_URLENCODE);
    free(text);
    if (rc == CURLUE_UNSUPPORTED_SCHEME)
        return FETCH_URL_OTHER;
    return rc == CURLUE_OK ? FETCH_URL_SAME : FETCH_URL_BAD;
}

enum fetch_url fetch_url_resolve(const char *base, struct str reference, char *out, size_t size) {
    CURLU *from = parse_base(base);
    CURLU *target = from ? curl_url_dup(from) : NULL;
    enum fetch_url verdict =
        target && is_reference(reference) ? follow(target, reference) : FETCH_URL_BAD;
    if (verdict == FETCH_URL_SAME)
        verdict = judge_target(from, target);
    if (verdict == FETCH_URL_SAME && !write_url(target, out, size))
        verdict = FETCH_URL_BAD;
    curl_url_cleanup(target);
    curl_url_cleanup(from);
    return verdict;
}

// Makes the part of `to` what it is in `from`, absent as well.
static bool copy_part(CURLU *to, CURLU *from, CURLUPart part) {
    char *text = NULL;
    CURLUcode rc = curl_url_get(from, part, &text, 0);
    bool ok = curl_url_set(to, part, rc == CURLUE_OK ? text : NULL, 0) == CURLUE_OK;
    curl_free(text);
    return ok;
}

static bool is_scheme(CURLU *url, const char *scheme) {
    char *text = NULL;
    bool is =
        curl_url_get(url, CURLUPART_SCHEME, &text, 0) == CURLUE_OK && strcasecmp(text, scheme) == 0;
    curl_free(text);
    return is;
}

// The port that the reference names is that of http, or the base's own.
static bool is_downgrade(CURLU *base, CURLU *target) {
    char *port = NULL;
    bool usual = curl_url_get(target, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK &&
                 strcmp(port, "80") == 0;
    curl_free(port);
    return is_scheme(base, "https") && is_scheme(target, "http") &&
           is_part_same(base, target, CURLUPART_HOST) &&
           (usual || is_part_same(base, target, CURLUPART_PORT));
}

static bool take_origin(CURLU *target, CURLU *base) {
    return copy_part(target, base, CURLUPART_SCHEME) && copy_part(target, base, CURLUPART_HOST) &&
           copy_part(target, base, CURLUPART_PORT);
}

bool fetch_resolve(const char *base, struct str reference, enum fetch_next how, char *out,
                   size_t size) {
    CURLU *from = parse_base(base);
    CURLU *target = from ? curl_url_dup(from) : NULL;
    bool ok = target && is_reference(reference) && follow(target, reference) == FETCH_URL_SAME;
    ok = ok && (is_scheme(target, "http") || is_scheme(target, "https"));
    if (ok && (how == FETCH_NEXT_PATH || is_downgrade(from, target)))
        ok = take_origin(target, from);
    ok = ok && judge_target(from, target) == FETCH_URL_SAME && write_url(target, out, size);
    curl_url_cleanup(target);
    curl_url_cleanup(from);
    return ok;
}

bool fetch_host(const char *text, char *out, size_t size) {
    CURLU *url = parse_base(text);
    char *host = NULL, *port = NULL;
    bool ok = url && curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
              curl_url_get(url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK &&
              strlen(host) + 1 + strlen(port) < size;
    if (ok) {
        size_t at = 0;
        for (const char *c = host; *c; c++)
            out[at++] = (char)tolower((unsigned char)*c);
        out[at++] = ':';
        memcpy(out + at, port, strlen(port) + 1);
    }
    curl_free(host);
    curl_free(port);
    curl_url_cleanup(url);
    return ok;
}
