// SPDX-License-Identifier: EUPL-1.2
// The audit log. Each line has a keyed digest of the digest before it, its number and its text, and
// META "audit" has how far the chain goes, with a digest of its own: so a line that was changed,
// moved or taken out is found, at the end as well, by whoever has the key. One who puts an old
// state of all tables back is not: that shows against a head of the chain kept elsewhere (the
// service's log has it).
//
// A log that does not fit its head stops nothing. It is told loudly, and it goes on so that what is
// wrong stays visible: behind all numbers that there are or were, chained to what the head says.
#include "ledger/ledger.h"

#include "base/pii/log.h"
#include "ledger_private.h"

#include <string.h>

enum {
    CHECK_LINES = 5000, // in one piece: commits wait for it
    NUMBER_BYTES = 8,
    HEAD_BYTES = 2 * NUMBER_BYTES + 2 * DIGEST_BYTES, // first, last, before_first, mac
};

static const struct str head_key = {"audit", 5};

static void put_number(uint8_t out[NUMBER_BYTES], uint64_t number) {
    for (int i = 0; i < NUMBER_BYTES; i++)
        out[i] = (uint8_t)(number >> 8 * i);
}

static uint64_t get_number(const char *bytes) {
    uint64_t number = 0;
    for (int i = NUMBER_BYTES - 1; i >= 0; i--)
        number = number << 8 | (uint8_t)bytes[i];
    return number;
}

static struct str as_str(const struct digest *digest) {
    return (struct str){(const char *)digest->bytes, DIGEST_BYTES};
}

// --- lines ---

static void chain_mac(const struct ledger *ledger, const struct digest *before, uint64_t number,
                      struct str text, struct digest *mac) {
    uint8_t bytes[NUMBER_BYTES];
    put_number(bytes, number);
    const struct str parts[] = {as_str(before), {(const char *)bytes, sizeof bytes}, text};
    hash_digest(&ledger->identity_key, "audit", parts, sizeof parts / sizeof *parts, mac);
}

// False when it is too short to be a line.
static bool read_line(struct str record, struct digest *mac, struct str *text) {
    if (record.len < DIGEST_BYTES)
        return false;
    memcpy(mac->bytes, record.data, DIGEST_BYTES);
    *text = (struct str){record.data + DIGEST_BYTES, record.len - DIGEST_BYTES};
    return true;
}

// Is it the line that follows the one with `before`? Sets its own mac.
static bool is_linked(const struct ledger *ledger, const struct digest *before, uint64_t number,
                      struct str record, struct digest *mac) {
    struct str text;
    struct digest right;
    if (!read_line(record, mac, &text))
        return false;
    chain_mac(ledger, before, number, text, &right);
    return digest_equal(&right, mac);
}

// --- the head ---

static void head_seal(const struct ledger *ledger, const uint8_t head[HEAD_BYTES],
                      struct digest *seal) {
    const struct str parts[] = {{(const char *)head, HEAD_BYTES}};
    hash_digest(&ledger->identity_key, "audit head", parts, 1, seal);
}

// False when it is not there or was changed.
static bool read_head(const struct ledger *ledger, struct store_txn *txn,
                      struct ledger_chain *chain) {
    struct str value;
    struct digest seal, right;
    uint8_t head[HEAD_BYTES];
    *chain = (struct ledger_chain){0};
    if (!store_get(txn, STORE_META, head_key, &value))
        return false;
    if (value.len != HEAD_BYTES + DIGEST_BYTES)
        return false;
    memcpy(head, value.data, HEAD_BYTES);
    memcpy(seal.bytes, value.data + HEAD_BYTES, DIGEST_BYTES);
    head_seal(ledger, head, &right);
    if (!digest_equal(&seal, &right))
        return false;
    chain->first = get_number(value.data);
    chain->last = get_number(value.data + NUMBER_BYTES);
    memcpy(chain->before_first.bytes, head + 2 * NUMBER_BYTES, DIGEST_BYTES);
    memcpy(chain->mac.bytes, head + 2 * NUMBER_BYTES + DIGEST_BYTES, DIGEST_BYTES);
    return true;
}

static void write_head(const struct ledger *ledger, struct store_txn *txn,
                       const struct ledger_chain *chain) {
    uint8_t value[HEAD_BYTES + DIGEST_BYTES];
    struct digest seal;
    put_number(value, chain->first);
    put_number(value + NUMBER_BYTES, chain->last);
    memcpy(value + 2 * NUMBER_BYTES, chain->before_first.bytes, DIGEST_BYTES);
    memcpy(value + 2 * NUMBER_BYTES + DIGEST_BYTES, chain->mac.bytes, DIGEST_BYTES);
    head_seal(ledger, value, &seal);
    memcpy(value + HEAD_BYTES, seal.bytes, DIGEST_BYTES);
    store_put(txn, STORE_META, head_key, (struct str){(const char *)value, sizeof value});
}

void ledger_begin_chain(const struct ledger *ledger, struct store_txn *txn) {
    static const struct ledger_chain empty = {.first = 1};
    write_head(ledger, txn, &empty);
}

void ledger_flush_chain(struct ledger_writer *writer) {
    const struct ledger_chain *chain = &writer->change->chain, *before = &writer->ledger->chain;
    if (chain->first != before->first || chain->last != before->last)
        write_head(writer->ledger, &writer->txn, chain);
}

// Is the last line the one that the head names? When all have expired there is none.
static bool fits_head(struct store_txn *txn, const struct ledger_chain *chain, uint64_t last) {
    struct str record, text;
    struct digest mac;
    if (chain->first > chain->last)
        return last == 0;
    return last == chain->last && store_get_seq(txn, STORE_AUDIT, last, &record) &&
           read_line(record, &mac, &text) && digest_equal(&mac, &chain->mac);
}

void ledger_load_chain(struct ledger *ledger, struct store_txn *txn) {
    struct ledger_chain *chain = &ledger->chain;
    bool good = read_head(ledger, txn, chain);
    uint64_t last = store_last_seq(txn, STORE_AUDIT);
    if (good && fits_head(txn, chain, last))
        return;
    log_alarm(ALARM_AUDIT_CHANGED,
              "the audit log has been changed from outside: signaalctl audit verify says where");
    if (!good) // then line 1 is missed, or the one behind what there is
        *chain = (struct ledger_chain){.first = 1, .last = 1};
    if (chain->last < last)
        chain->last = last;
}

// --- writing ---

void ledger_append_audit(struct ledger_writer *writer, struct commit_task *task) {
    struct str line = buf_str(&((struct audit_task *)task)->line);
    struct ledger_chain *chain = &writer->change->chain;
    struct buf *record = &writer->change->record;
    struct digest mac;
    uint64_t number = chain->last + 1;
    chain_mac(writer->ledger, &chain->mac, number, line, &mac);
    buf_clear(record);
    buf_put(record, mac.bytes, DIGEST_BYTES);
    buf_put_str(record, line);
    store_append(&writer->txn, STORE_AUDIT, number, buf_str(record));
    chain->last = number;
    chain->mac = mac;
    writer->writes = true;
}

// --- expiry ---

struct expiring {
    int64_t before_ms, now_ms;
    size_t left;           // lines that may still be looked at
    uint64_t due;          // the last one that is old; 0: none
    struct digest due_mac; // its mac
};

// Lines begin with their time. One that does not, since it was changed, goes with those behind it;
// so does one that was written while the clock was ahead.
static bool on_old_line(void *ctx, uint64_t number, struct str record) {
    static const char name[] = "\"time\":\"";
    struct expiring *expiring = ctx;
    struct digest mac;
    struct str text;
    int64_t ms;
    const size_t head = sizeof name - 1, stamp = TIME_STAMP_MAX - 1;
    if (expiring->left-- == 0)
        return false;
    if (!read_line(record, &mac, &text) || text.len < head + stamp ||
        memcmp(text.data, name, head) != 0 ||
        !time_parse_stamp((struct str){text.data + head, stamp}, &ms) || ms > expiring->now_ms)
        return true;
    if (ms >= expiring->before_ms)
        return false;
    expiring->due = number;
    expiring->due_mac = mac;
    return true;
}

size_t ledger_expire_audit(struct ledger_writer *writer, int64_t now_ms, int64_t age_ms, size_t max,
                           bool *more) {
    struct ledger_chain *chain = &writer->change->chain;
    struct expiring expiring = {.before_ms = now_ms - age_ms, .now_ms = now_ms, .left = max};
    uint64_t number;
    size_t count = 0;
    store_each_seq(&writer->txn, STORE_AUDIT, 1, on_old_line, &expiring);
    *more = expiring.due && expiring.left == SIZE_MAX; // it ended for want of room
    if (!expiring.due)
        return 0;
    for (; (number = store_first_seq(&writer->txn, STORE_AUDIT)) && number <= expiring.due; count++)
        store_delete_seq(&writer->txn, STORE_AUDIT, number);
    chain->first = expiring.due + 1;
    chain->before_first = expiring.due_mac;
    writer->writes = true;
    return count;
}

// --- reading ---

uint64_t ledger_audit_last(const struct ledger *ledger) {
    return ledger->chain.last;
}

const struct digest *ledger_audit_mac(const struct ledger *ledger) {
    return &ledger->chain.mac;
}

struct audit_walk {
    const struct ledger *ledger;
    struct digest before;
    bool (*fn)(void *ctx, const struct ledger_audit_line *line);
    void *ctx;
};

static bool on_audited(void *ctx, uint64_t number, struct str record) {
    struct audit_walk *walk = ctx;
    struct digest mac = {{0}};
    struct ledger_audit_line line = {.number = number, .mac = &mac};
    line.linked = is_linked(walk->ledger, &walk->before, number, record, &mac);
    if (read_line(record, &mac, &line.text) &&
        (line.text.len > AUDIT_LINE_MAX || !str_is_clean_utf8(line.text)))
        line.text = (struct str){NULL, 0};
    walk->before = mac;
    return walk->fn(walk->ctx, &line);
}

void ledger_each_audited(struct ledger *ledger, uint64_t from,
                         bool (*fn)(void *ctx, const struct ledger_audit_line *line), void *ctx) {
    struct store_txn txn;
    struct audit_walk walk = {.ledger = ledger, .fn = fn, .ctx = ctx};
    struct ledger_chain chain;
    struct str record, text;
    store_begin_read(ledger->store, &txn);
    (void)read_head(ledger, &txn, &chain);
    if (from <= chain.first) {
        from = chain.first;
        walk.before = chain.before_first;
    } else if (store_get_seq(&txn, STORE_AUDIT, from - 1, &record)) {
        (void)read_line(record, &walk.before, &text);
    }
    store_each_seq(&txn, STORE_AUDIT, from, on_audited, &walk);
    store_abort(&txn);
}

// --- checking ---

struct checking {
    const struct ledger *ledger;
    struct audit_check_task *check;
    size_t left; // lines of this piece
};

static bool on_checked(void *ctx, uint64_t number, struct str record) {
    struct checking *checking = ctx;
    struct audit_check_task *check = checking->check;
    struct digest mac;
    if (checking->left-- == 0) {
        check->more = true;
        return false;
    }
    if (number != check->next || number > check->last ||
        !is_linked(checking->ledger, &check->before, number, record, &mac)) {
        check->broken = check->next;
        return false;
    }
    check->before = mac;
    check->next++;
    return true;
}

void ledger_check_audit(struct ledger_writer *writer, struct commit_task *task) {
    struct audit_check_task *check = (struct audit_check_task *)task;
    struct checking checking = {writer->ledger, check, CHECK_LINES};
    // As it is on the disk, but for lines of this very commit.
    const struct ledger_chain *chain = &writer->change->chain;
    check->first = chain->first;
    check->last = chain->last;
    check->more = false;
    if (check->next < chain->first) { // at the beginning, and what has expired since the last piece
        check->next = chain->first;
        check->before = chain->before_first;
    }
    store_each_seq(&writer->txn, STORE_AUDIT, check->next, on_checked, &checking);
    if (check->broken || check->more)
        return;
    if (check->next <= chain->last)
        check->broken = check->next; // cut off
    else if (!digest_equal(&check->before, &chain->mac))
        check->broken = chain->last;
}
