// SPDX-License-Identifier: EUPL-1.2
// What a token endpoint is asked, and its answer. The token goes into a header later, so only the
// characters that a header may have are accepted: whoever controls the endpoint cannot add a header
// line. The caller owns the room for the token.
#include "codec/oauth.h"

#include <assert.h>
#include <jansson.h>
#include <string.h>

enum { EXPIRES_DEFAULT_S = 3600, EXPIRES_MAX_S = 86400 };

static bool is_token(struct str token) {
    for (size_t i = 0; i < token.len; i++)
        if (token.data[i] <= ' ' || token.data[i] > '~')
            return false;
    return token.len >= 1 && token.len <= OAUTH_TOKEN_MAX;
}

void oauth_put_form(struct buf *form, struct str secret, struct str scope) {
    struct str id = {0};
    assert(secret.len <= OAUTH_SECRET_MAX && scope.len <= OAUTH_SCOPE_MAX);
    (void)str_split(&secret, ':', &id);
    buf_puts(form, "grant_type=client_credentials&client_id=");
    buf_put_encoded(form, id);
    buf_puts(form, "&client_secret=");
    buf_put_encoded(form, secret);
    if (scope.len) {
        buf_puts(form, "&scope=");
        buf_put_encoded(form, scope);
    }
    buf_putc(form, '\0');
}

bool oauth_decode_token(struct str body, char token[OAUTH_TOKEN_MAX + 1], int64_t *expires_s) {
    json_t *root = body.data ? json_loadb(body.data, body.len, JSON_REJECT_DUPLICATES, NULL) : NULL;
    const json_t *text = json_object_get(root, "access_token");
    const json_t *type = json_object_get(root, "token_type");
    const json_t *expires = json_object_get(root, "expires_in");
    struct str value = {json_string_value(text), json_string_length(text)};
    struct str kind = {json_string_value(type), json_string_length(type)};
    bool ok =
        value.data && is_token(value) && (!kind.data || str_equal_nocase(kind, STR("bearer")));
    if (ok) {
        memcpy(token, value.data, value.len);
        token[value.len] = '\0';
        *expires_s = json_is_integer(expires) ? json_integer_value(expires) : EXPIRES_DEFAULT_S;
        if (*expires_s < 0 || *expires_s > EXPIRES_MAX_S)
            *expires_s = EXPIRES_MAX_S;
    }
    json_decref(root);
    return ok;
}
