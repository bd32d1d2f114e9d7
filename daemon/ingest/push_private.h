// SPDX-License-Identifier: EUPL-1.2
// Shared by the files of the public side: push.c (routes), body.c (what the body is), sender.c
// (who sends), verdicts.c (what became of it).
#ifndef INGEST_PUSH_PRIVATE_H
#define INGEST_PUSH_PRIVATE_H

#include "codec/cloudevent.h"
#include "codec/decode.h"
#include "edge/http/http.h"
#include "ledger/ledger.h"
#include "sources/sources.h"
#include "template/template.h"

enum { BODY_REFUSAL_MAX = 256 };

// What the headers say of a body of signals.
struct body_kind {
    enum decode_format format;
    enum door_charset charset;
    bool packed; // with gzip
};
// What reads what the source posts; NULL: it posts a form of ours, or there is no source.
const struct template *body_form(const struct source *source);
// With 415: which types are taken (Accept-Post).
void body_say_types(const struct template *form, struct http_reply *reply);
// False when it is not read here; then `refusal` says why.
bool body_kind_read(const struct http_request *request, const struct template *form,
                    struct body_kind *kind, char refusal[BODY_REFUSAL_MAX]);
// The attributes of a CloudEvent in binary mode. The caller frees it.
struct cloudevent *body_event(const struct http_request *request);

struct map;
// The source whose token the request has: as bearer token, as Token, or as the password of Basic.
// NULL: there is none.
const struct source *sender_by_token(const struct sources *sources,
                                     const struct http_request *request);
// The source that the certificate is bound to. `beside`: whose token or signature came with it;
// NULL: none. NULL when it is not believed, bound to none, or to another source than `beside`: why
// is for the log only, a stranger is told nothing.
const struct source *sender_by_certificate(struct map *rates, const struct sources *sources,
                                           const struct http_certificate *shown,
                                           const struct source *beside, int64_t now_ms);
// How often each source has asked lately; by name, so a reload changes nothing. The caller frees
// its entries.
void sender_rates_init(struct map *map);
// Counts a request. 0, or after how many seconds it may come again: then it is not counted. A
// source may ask per_minute times at once, and then as often in a minute; its own line goes before;
// 0: any.
uint32_t sender_wait_s(struct map *map, const struct source *source, uint32_t per_minute,
                       int64_t now_ms);

uint64_t sender_number(const char *name); // of a source; not 0

// A request that is signed and has no token. Its source is known by its name only until the body is
// there.
#define SIGNED_SOURCE "X-Signaal-Source"
#define SIGNED_TIME "X-Signaal-Timestamp"
#define SIGNED_CODE "X-Signaal-Signature"
enum { SIGNED_TIME_MAX = 20 };
struct signed_request {
    const struct source *source;
    int64_t seconds;
    char time[SIGNED_TIME_MAX]; // as it was sent: that was signed
    size_t time_len;
    uint8_t code[SHA256_BYTES];
};
bool signed_is(const struct http_request *request);
// NULL, or why it is refused, as a constant. `given` is filled but for what it is refused for.
const char *signed_read(const struct sources *sources, const struct http_request *request,
                        int64_t now_s, struct signed_request *given);
struct signed_past; // what was taken
struct signed_past *signed_past_create(void);
void signed_past_free(struct signed_past *past); // NULL is fine
// 0 when it is the source's, by one of its secrets, and has not been taken: from now on it has.
// Else the status to refuse it with, and why, as a constant; NULL: the status says it.
unsigned signed_check(struct signed_past *past, const struct signed_request *given, struct str body,
                      struct ledger *ledger, int64_t now_ms, const char **why);
// What became of it is not on the disk: it may come again.
void signed_forget(struct signed_past *past, const struct signed_request *given);

// The reply to a delivery that was committed, or whose body cannot be read as a whole. `location`
// is borrowed by the reply.
enum { VERDICTS_LOCATION = 12 + DIGEST_HEX + 1 };
struct delivery;
void verdicts_fill(struct http_reply *reply, const struct delivery *delivery,
                   char location[VERDICTS_LOCATION]);
// What became of a signal that its source asks for. `topic`: where it is published.
struct json_out;
void verdicts_put_line(struct json_out *json, const struct ledger_event *line, const char *topic);
// Is a line the source's own, and what does it call its signal? Of ledger_event_at.
struct verdicts_own {
    struct str source; // who asks
    bool ours, erased;
    char id[SIGNAL_ID_MAX];
    size_t len;
};
void verdicts_note_own(void *ctx, const struct ledger_event *line);

#endif
