// SPDX-License-Identifier: EUPL-1.2
// GET /: the operators' page, one file for a browser. It is the same for everybody but for its
// language, and has nothing of the ledger in it: what it shows comes by the streams of live.c. Its
// policy lets its own style and script in by their hashes, lets it ask this address and nothing
// else.
#include "page.h"

#include "api/accept.h"
#include "base/hash.h"
#include "control_private.h"

#include <string.h>

enum { POLICY_MAX = 512 };

// The text of the frame up to the mark, then what stands for it. What is left of the frame.
static const char *put_part(struct buf *out, const char *frame, const char *mark,
                            const char *part) {
    const char *at = strstr(frame, mark);
    if (!at)
        return frame;
    buf_put(out, frame, (size_t)(at - frame));
    buf_puts(out, part);
    return at + strlen(mark);
}

static void put_hash(struct buf *policy, const char *directive, const char *text) {
    uint8_t digest[SHA256_BYTES];
    hash_sha256(str_from(text), digest);
    buf_printf(policy, "; %s 'sha256-", directive);
    hash_put_base64(policy, (struct str){(const char *)digest, sizeof digest}, HASH_BASE64);
    buf_puts(policy, "'");
}

static void make_policy(char policy[POLICY_MAX]) {
    struct buf text;
    buf_init(&text, POLICY_MAX - 1);
    buf_puts(&text, "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors "
                    "'none'; img-src data:; connect-src 'self'");
    put_hash(&text, "style-src", page_style);
    put_hash(&text, "script-src", page_script);
    memcpy(policy, text.data, text.len);
    policy[text.len] = '\0';
    buf_free(&text);
}

// What the switch on the page says, else what the browser would rather have.
static bool is_dutch(struct http_request *request) {
    struct str chosen = http_query(request, "lang", 0);
    struct str language = http_header_value(request, "Accept-Language");
    if (str_is(chosen, "nl") || str_is(chosen, "en"))
        return str_is(chosen, "nl");
    return accept_language(language, "nl") >= accept_language(language, "en");
}

void control_page(struct control *control, struct http_request *request) {
    (void)control;
    char policy[POLICY_MAX];
    struct http_reply reply = {0};
    struct buf *out = reply_body(&reply, 200, "text/html; charset=utf-8");
    const char *language = is_dutch(request) ? "nl" : "en", *rest = page_frame;
    rest = put_part(out, rest, "{{lang}}", language);
    rest = put_part(out, rest, "{{style}}", page_style);
    rest = put_part(out, rest, "{{script}}", page_script);
    buf_puts(out, rest);
    make_policy(policy);
    reply_header(&reply, "Content-Security-Policy", policy);
    reply_header(&reply, "Content-Language", language);
    reply_header(&reply, "Referrer-Policy", "no-referrer");
    reply_header(&reply, "Vary", "Accept-Language");
    http_send(request, &reply);
}
