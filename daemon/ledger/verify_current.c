// SPDX-License-Identifier: EUPL-1.2
// The topic of current signals, compared with the ledger of a snapshot. Of each key that the topic,
// the outbox or the ledger has, memory has the last record as a digest, and the latest line; what
// that line says is what should be there. What waits for Kafka, or has changed since the snapshot,
// is no difference. Nothing is written; the notes are freed at the end.
#include "base/mem.h"
#include "codec/current.h"
#include "ledger_private.h"
#include "verify_private.h"

#include <stdlib.h>
#include <string.h>

struct verify_noted {
    struct digest identity, value;
    uint64_t number; // of the last record that is ours
    uint64_t line;   // the signal's latest; 0: none
    bool there;      // the last record has a value
    bool waits;
};

static struct verify_noted *note(struct verify_topic *topic, const struct digest *identity) {
    uint64_t place = index_get(topic->places, identity);
    if (place)
        return &topic->noted[place - 1];
    topic->noted =
        mem_grow(topic->noted, topic->noted_count, &topic->noted_cap, sizeof *topic->noted);
    topic->noted[topic->noted_count] = (struct verify_noted){.identity = *identity};
    index_put(topic->places, identity, topic->noted_count + 1);
    return &topic->noted[topic->noted_count++];
}

static void digest_value(struct str value, struct digest *out) {
    hash_digest(&(struct hash_key){{0}}, "current", &value, 1, out);
}

void verify_topic_note(struct verify_topic *topic, struct str key, struct str value,
                       uint64_t number) {
    struct digest identity;
    if (!digest_from_hex(key, &identity)) {
        topic->strange += value.data != NULL;
        return;
    }
    struct verify_noted *noted = note(topic, &identity);
    noted->there = value.data;
    if (number)
        noted->number = number;
    digest_value(value, &noted->value);
}

static bool on_line(void *ctx, uint64_t seq, struct str record) {
    struct ledger_entry entry;
    struct str kept;
    if (record_get_ledger(record, seq, &entry, &kept) && entry.kind == LEDGER_SIGNAL)
        note(ctx, &entry.identity)->line = seq;
    return true;
}

static bool on_waiting(void *ctx, uint64_t number, struct str record) {
    struct verify *verify = ctx;
    struct digest identity;
    uint64_t line;
    if (!ledger_read_current(record, &identity, &line))
        verify_differ(verify, VERIFY_OUTBOX, "current signal %llu that waits cannot be read",
                      (unsigned long long)number);
    else if (verify->topic)
        note(verify->topic, &identity)->waits = true;
    return true;
}

void verify_check_current(struct verify *verify) {
    struct current_state state;
    if (!ledger_read_current_state(&verify->txn, &state))
        verify_differ(verify, VERIFY_OUTBOX, "how far current signals are told cannot be read");
    if (store_last_seq(&verify->txn, STORE_CURRENT_OUTBOX) > state.last)
        verify_differ(verify, VERIFY_OUTBOX,
                      "current signals wait beyond number %llu, the last one",
                      (unsigned long long)state.last);
    if (verify->topic)
        verify->topic->places = index_create();
    store_each_seq(&verify->txn, STORE_CURRENT_OUTBOX, 1, on_waiting, verify);
}

// What is wrong; NULL: nothing.
static const char *find_difference(struct verify *verify, const struct verify_noted *noted,
                                   struct buf *value) {
    struct ledger_entry entry;
    struct str kept;
    struct digest ours;
    if (!ledger_read_standing(&verify->txn, &noted->identity, noted->line, &entry, &kept))
        return noted->there ? "the ledger does not have it" : NULL;
    if (!noted->there)
        return "the topic does not have it";
    buf_clear(value);
    if (!current_make_value(value, &entry, kept, verify->topic->municipalities))
        return "its line cannot be read";
    digest_value(buf_str(value), &ours);
    return digest_equal(&ours, &noted->value) ? NULL : "it stands otherwise in the ledger";
}

static void tell(struct verify *verify, const struct verify_noted *noted, const char *what) {
    struct verify_topic *topic = verify->topic;
    char signal[DIGEST_HEX + 1];
    digest_to_hex(&noted->identity, signal);
    verify_differ(verify, VERIFY_TOPIC, "signal %s: %s", signal, what);
    if (topic->different_count == VERIFY_DIFFERENT_MAX)
        return;
    struct verify_different *different = &topic->different[topic->different_count++];
    memcpy(different->signal, signal, sizeof signal);
    different->what = what;
}

static void compare(struct verify *verify, const struct current_state *state) {
    struct verify_topic *topic = verify->topic;
    struct buf value;
    buf_init(&value, CURRENT_VALUE_MAX);
    for (size_t i = 0; i < topic->noted_count; i++) {
        const struct verify_noted *noted = &topic->noted[i];
        if (noted->waits || noted->number > state->last ||
            (state->from && noted->line >= state->from)) {
            topic->waiting++;
            continue;
        }
        verify->checks[VERIFY_TOPIC].compared++;
        const char *what = find_difference(verify, noted, &value);
        if (what)
            tell(verify, noted, what);
    }
    buf_free(&value);
}

void verify_check_topic(struct verify *verify) {
    struct verify_topic *topic = verify->topic;
    struct current_state state;
    struct err err;
    if (!topic)
        return;
    verify->checks[VERIFY_TOPIC].looked = true;
    if (!topic->read(topic->ctx, verify, &err)) {
        verify_differ(verify, VERIFY_TOPIC, "%s", err.text);
    } else if (ledger_read_current_state(&verify->txn, &state)) {
        store_each_seq(&verify->txn, STORE_LEDGER, 1, on_line, topic);
        compare(verify, &state);
    }
    if (topic->strange)
        verify_differ(verify, VERIFY_TOPIC, "%llu records whose keys are no signals",
                      (unsigned long long)topic->strange);
    index_free(topic->places);
    free(topic->noted);
    topic->places = NULL;
    topic->noted = NULL;
}
