// SPDX-License-Identifier: EUPL-1.2
// What a token endpoint is asked, and its answer. The token goes into a header later, so only the
// characters that a header may have are accepted: whoever controls the endpoint cannot add a header
// line. What else the answer says is not looked at. The caller owns the room for the token.
#include "codec/oauth.h"

#include "codec/door.h"
#include "codec/json_scan.h"
#include "json_leaf.h"
#include "json_pick.h"

#include <assert.h>
#include <string.h>

enum { EXPIRES_DEFAULT_S = 3600, EXPIRES_MAX_S = 86400 };

enum { TOKEN, TYPE, EXPIRES, MEMBERS };

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

// False when it is no one object, or one of the members is there twice.
static bool pick_members(struct str text, struct json_leaves *leaves,
                         struct json_leaf members[MEMBERS]) {
    static const char *const pointers[MEMBERS] = {"/access_token", "/token_type", "/expires_in"};
    struct json_picked picked[MEMBERS];
    struct json_scan scan = {text, 1};
    struct str object;
    uint32_t depth, unused;
    json_scan_space(&scan);
    if (!json_scan_value(&scan, &object, &depth))
        return false;
    json_scan_space(&scan);
    struct json_pick *pick = json_pick_create(pointers, MEMBERS);
    bool ok = scan.rest.len == 0 && json_pick_from(pick, object, picked, &unused);
    for (size_t i = 0; ok && i < MEMBERS; i++) {
        ok = !picked[i].repeated;
        members[i] = json_leaf_read(leaves, picked[i].raw.data ? picked[i].raw : STR("null"));
    }
    json_pick_free(pick);
    return ok;
}

static bool take_members(const struct json_leaf members[MEMBERS], char token[OAUTH_TOKEN_MAX + 1],
                         int64_t *expires_s) {
    const struct json_leaf *type = &members[TYPE], *expires = &members[EXPIRES];
    struct str text = members[TOKEN].text;
    uint64_t seconds = EXPIRES_DEFAULT_S;
    if (members[TOKEN].kind != JSON_KIND_TEXT || !is_token(text) ||
        (type->kind == JSON_KIND_TEXT && !str_equal_nocase(type->text, STR("bearer"))))
        return false;
    if (expires->kind == JSON_KIND_WHOLE && !str_to_u64(expires->text, EXPIRES_MAX_S, &seconds))
        seconds = EXPIRES_MAX_S;
    *expires_s = (int64_t)seconds;
    memcpy(token, text.data, text.len);
    token[text.len] = '\0';
    return true;
}

bool oauth_decode_token(struct str body, char token[OAUTH_TOKEN_MAX + 1], int64_t *expires_s) {
    struct json_leaf members[MEMBERS];
    struct json_leaves leaves = {.count = 0};
    struct door door;
    if (!door_open(body, DOOR_UNSAID, &door))
        return false;
    bool ok = pick_members(door.text, &leaves, members) && take_members(members, token, expires_s);
    json_leaves_release(&leaves);
    door_close(&door);
    return ok;
}
