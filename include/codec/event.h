// SPDX-License-Identifier: EUPL-1.2
// Events: CloudEvents 1.0 by the NL GOV profile. The value (data) is made of the ledger line
// and of the parts that are kept with it, the attributes of the line alone, so the same event
// always looks the same. A consumer's tally: subtract `previous` where there is one, add the event
// itself where it says `counts`.
#ifndef CODEC_EVENT_H
#define CODEC_EVENT_H

#include "core/signal/ledger_entry.h"
#include "core/tables/municipalities.h"

enum {
    EVENT_ATTRIBUTES = 15,
    EVENT_VALUE_MAX = 16384,
    EVENT_TEXT_MAX = 128,
    EVENT_LINKED_MAX = 256, // signals of one person that an event names
};

// Where a municipality lay when the event was made: tables change, events do not.
struct event_place {
    struct str name, police_unit; // name absent: not known
    uint8_t province, safety_region;
};

// What the value of an event about a signal has beside what its ledger line says. Borrowed.
struct event_parts {
    struct event_place place;
    struct str as_reported;      // absent: none
    const struct digest *linked; // signals about the same person, by our ids; of a person with more
    size_t linked_count;         // than EVENT_LINKED_MAX some
    bool has_previous;           // the line before it, when that one counted
    struct event_previous {
        struct str source;
        struct cell cell;
        int32_t reported;
        uint16_t municipality_today;
        struct event_place place;
    } previous;
};

// Fills all but as_reported and linked. `previous` may be NULL; `municipalities` too for an erased
// line without one.
void event_make_parts(struct event_parts *parts, const struct municipalities *municipalities,
                      const struct ledger_entry *entry, const struct ledger_entry *previous);

// The value for a ledger line about a signal. Of an erased one nothing but its number, and what the
// counts lost (`previous`): the last version's. Without `previous` it is a stub, which takes the
// place of each erased version's.
void event_put_value(struct buf *out, const struct ledger_entry *entry,
                     const struct event_parts *parts);

// The value for a line about a source: it fell silent, or brought something again.
// `last_signal_ms`: the last before the silence, 0 when there never was one; `days`: how long it
// was silent.
void event_put_source_value(struct buf *out, const struct municipalities *municipalities,
                            const struct ledger_entry *entry, int64_t last_signal_ms, int64_t days);

// Headers that are no attributes of the event (they have no CloudEvents name): what a ledger needs,
// beside the value, to be made anew from the topic.
#define EVENT_HEADER_CONTENT "signaald_content" // digest of what the source said
#define EVENT_HEADER_UPDATED                                                                       \
    "signaald_updated"                  // ms; when the source last changed it; if it said so
#define EVENT_HEADER_KEY "signaald_key" // names the identity key; added by who sends the event
enum { EVENT_KEY_HEX = 16 };

// The event's id: "<the signal's public id>.<sequence of the ledger>". The sequence makes it the
// event's own: a version does not, since a signal that was forgotten begins with version 1 again.
// What the ledger gives another number (ledger/take_back.h) becomes another event.
enum { EVENT_ID_MAX = DIGEST_HEX + 1 + 20 + 1 };
void event_id(const struct ledger_entry *entry, char out[EVENT_ID_MAX]);

// What whoever runs this says of himself in each event. Borrowed.
#define EVENT_TYPE_PREFIX "nl.mensenhandelsignalen" // where he has not chosen another
#define EVENT_REGULATION "GDPR"
enum { EVENT_ISSUER_TEXT_MAX = 64 }; // of prefix and regulation
struct event_issuer {
    const char *oin, *type_prefix, *regulation;
};

// CloudEvents attributes in the order they are sent. Names without prefix; `header` is the name as
// a Kafka header.
struct event_attributes {
    struct event_attribute {
        const char *name;   // CloudEvents name
        const char *header; // Kafka binding's name: "ce_id"; content-type has no prefix
        char value[EVENT_TEXT_MAX];
        uint8_t len;
    } list[EVENT_ATTRIBUTES];
    size_t count;
    struct str key; // of the record: the value of partitionkey
};
void event_fill_attributes(const struct ledger_entry *entry, const struct event_issuer *issuer,
                           struct event_attributes *out);

// The event in CloudEvents' JSON form, one line without a newline, with the ledger's sequence as
// `signaaldseq`.
void event_put_json(struct buf *out, const struct ledger_entry *entry,
                    const struct event_issuer *issuer, struct str value);

const char *
event_type(const struct ledger_entry *entry); // behind the prefix: "signal.registered.v1"

// "GM0363", or "unknown" for 0.
enum { EVENT_CODE_MAX = 8 };
void event_municipality_code(uint16_t code, char out[EVENT_CODE_MAX]);

struct json_out;
void event_put_categories(struct json_out *json, const struct cell *cell); // key and list

#endif
