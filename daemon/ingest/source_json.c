// SPDX-License-Identifier: EUPL-1.2
// What a source is told of itself, as JSON: the answer of GET /v1/source. Of what could not be
// taken places and codes, never what it said; of a word only what operators see of it.
#include "codec/event.h"
#include "codec/explain.h"
#include "codec/json_out.h"
#include "core/cube/statistics.h"
#include "source_private.h"

static void put_time(struct json_out *json, const char *key, int64_t ms) {
    char text[TIME_STAMP_MAX];
    if (ms)
        time_format_stamp(ms, text);
    json_put_text(json, key, ms ? text : NULL);
}

static void put_period(struct json_out *json, const char *key, struct period period) {
    char text[PERIOD_TEXT_MAX];
    period_format(&period, text);
    json_put_text(json, key, text);
}

static void put_feed(struct json_out *json, const struct source_facts *facts) {
    const struct source_feed *feed = &facts->feed;
    const struct feed_record *record = &feed->record;
    json_open_key(json, "feed", '{');
    json_put_text(json, "state", feed_state_name(feed->state));
    put_time(json, "lastContact", record->contact_ms);
    put_time(json, "lastSignal", record->signal_ms);
    put_time(json, "nextPoll", feed->next_ms);
    json_put_u64(json, "failures", feed->failures);
    json_put_text(json, "failure", *feed->failure ? feed->failure : NULL);
    put_time(json, "failedAt", feed->failed_ms);
    json_put_bool(json, "silent", record->silent);
    put_time(json, "silentSince",
             !record->silent     ? 0
             : record->signal_ms ? record->signal_ms
                                 : record->first_ms);
    json_put_u64(json, "silentDays", facts->source->silent_days);
    json_close(json, '}');
}

static void put_months(struct json_out *json, const struct source_facts *facts) {
    json_open_key(json, "months", '[');
    for (size_t i = SOURCE_MONTHS; i-- > 0;) {
        const struct source_month *month = &facts->months[i];
        json_open(json, '{');
        put_period(json, "month", (struct period){month->month, (uint16_t)(month->month + 1)});
        json_put_u64(json, "registered", month->registered);
        json_put_u64(json, "corrected", month->corrected);
        json_put_u64(json, "withdrawn", month->withdrawn);
        json_put_u64(json, "refused", month->refused);
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void put_entry(struct json_out *json, const struct source_facts *facts,
                      const struct quarantine_record *entry) {
    const struct template *template = facts->source->template;
    const struct mapping *mapping = template && !template->native ? &template->mapping : NULL;
    bool by_line = mapping && mapping->format != MAPPING_JSON;
    json_open(json, '{');
    json_put_text(json, "id", *entry->id ? entry->id : NULL);
    json_put_bool(json, "page", entry->page);
    json_put_u64(json, "index", entry->index);
    json_put_text(json, "by", entry->page || by_line ? "line" : "item");
    put_time(json, "first", entry->first_ms);
    put_time(json, "last", entry->last_ms);
    json_put_u64(json, "times", entry->times);
    json_open_key(json, "errors", '[');
    for (uint8_t i = 0; i < entry->reason_count; i++) {
        explain_put_reason(json, mapping, entry->page, &entry->reasons[i]);
    }
    json_close(json, ']');
    json_close(json, '}');
}

static void put_word(struct json_out *json, const struct unmapped_record *word) {
    json_open(json, '{');
    json_put_text(json, "field", unmapped_field_name(word->field));
    json_put_text(json, "word", *word->view.shown ? word->view.shown : NULL);
    json_put_u64(json, "letters", word->view.letters);
    json_put_u64(json, "times", word->times);
    put_time(json, "first", word->first_ms);
    put_time(json, "last", word->last_ms);
    json_close(json, '}');
}

static void put_level(struct json_out *json, const struct source_facts *facts) {
    static const char *const names[] = {"signals", "official", "policy"};
    const bool has[] = {facts->signals, facts->official, facts->policy};
    json_open_key(json, "basicLevel", '{');
    for (size_t i = 0; i < 3; i++)
        json_put_bool(json, names[i], has[i]);
    json_open_key(json, "missing", '[');
    for (size_t i = 0; i < 3; i++)
        if (!has[i])
            json_text(json, names[i]);
    json_close(json, ']');
    json_close(json, '}');
}

static void put_comparison(struct json_out *json, const struct source_facts *facts) {
    json_open_key(json, "sizeClass", '{');
    json_put_text(json, "name", facts->municipality->size_class);
    put_period(json, "period", facts->closed);
    json_put_u64(json, "own", facts->own_signals);
    json_put_u64(json, "others", facts->others);
    json_key(json, "othersSignals");
    if (facts->others_told)
        json_u64(json, facts->others_signals);
    else
        json_null(json);
    json_put_u64(json, "roundingBase", facts->rounding_base);
    json_close(json, '}');
}

static void put_municipality(struct json_out *json, const struct municipality *municipality) {
    char code[EVENT_CODE_MAX];
    json_key(json, "municipality");
    if (!municipality) {
        json_null(json);
        return;
    }
    event_municipality_code(municipality->code, code);
    json_open(json, '{');
    json_put_text(json, "code", code);
    json_put_text(json, "name", municipality->name);
    json_close(json, '}');
}

void source_put_json(const struct source_facts *facts, struct buf *out) {
    struct json_out json = {.buf = out};
    json_open(&json, '{');
    json_put_text(&json, "name", facts->source->name);
    json_put_text(&json, "kind", source_kind_name(facts->source->kind));
    put_municipality(&json, facts->municipality);
    put_feed(&json, facts);
    put_months(&json, facts);
    json_open_key(&json, "quarantine", '[');
    for (size_t i = 0; i < facts->entry_count; i++)
        put_entry(&json, facts, &facts->entries[i]);
    json_close(&json, ']');
    json_put_u64(&json, "quarantined", facts->entries_all);
    json_open_key(&json, "unmapped", '[');
    for (size_t i = 0; i < facts->word_count; i++)
        put_word(&json, &facts->words[i]);
    json_close(&json, ']');
    json_put_u64(&json, "unmappedWords", facts->words_all);
    if (source_is_municipality(facts)) {
        put_level(&json, facts);
        put_comparison(&json, facts);
    } else {
        json_key(&json, "basicLevel");
        json_null(&json);
        json_key(&json, "sizeClass");
        json_null(&json);
    }
    json_close(&json, '}');
}
