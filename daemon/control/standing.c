// SPDX-License-Identifier: EUPL-1.2
// Which alarms of the log still stand: what each says is true now, by the same numbers as the
// metrics. The gravest first, as an operator should read them. An alarm that says no more than that
// something happened is told with how often it was since the start.
#include "live.h"

#include "base/pii/log.h"

enum { DAY_S = 86400, WARN_DAYS = 30 };

struct standing_look {
    const struct admission_levels *levels;
    struct feeds_status feeds;
    struct publish_status kafka[LEDGER_TOPICS];
    uint64_t forged, forked, taken_back, ended, end_soon;
};

static void look_at_certificate(struct standing_look *look, int64_t ends_s) {
    int64_t left_s = ends_s - loop_wall_ms() / 1000;
    look->ended += ends_s && left_s <= 0;
    look->end_soon += ends_s && left_s > 0 && left_s < (int64_t)WARN_DAYS * DAY_S;
}

static void look_around(const struct control *control, struct standing_look *look) {
    const struct control_options *o = &control->options;
    struct push_status push;
    *look = (struct standing_look){.levels = admission_now(o->admission),
                                   .forked = publish_job_forked(o->kafka),
                                   .taken_back = publish_job_taken_back(o->kafka)};
    feeds_get_status(o->feeds, &look->feeds);
    push_get_status(o->push, &push);
    for (int t = 0; t < LEDGER_TOPICS; t++) {
        publish_job_status(o->kafka, (enum ledger_topic)t, &look->kafka[t]);
        look->forged += look->kafka[t].forged;
    }
    look_at_certificate(look, push.certificate_ends_s);
    for (int kind = 0; kind < CERTIFICATE_KINDS; kind++)
        look_at_certificate(look, look->feeds.certificates.first_s[kind]);
}

static bool is_kafka_in_trouble(const struct standing_look *look) {
    for (int t = 0; t < LEDGER_TOPICS; t++)
        if (look->kafka[t].state == PUBLISH_STALLED || look->kafka[t].trouble.text[0])
            return true;
    return false;
}

// How many of what the alarm is about; 0: it does not stand.
static uint64_t how_many(const struct standing_look *look, enum alarm alarm) {
    switch (alarm) {
    case ALARM_COMMITS_FAIL:
        return look->levels->commits_fail;
    case ALARM_NO_ROOM:
        return admission_full(look->levels) != NULL;
    case ALARM_KAFKA_FORKED:
        return look->forked;
    case ALARM_KAFKA_FORGED:
        return look->forged;
    case ALARM_AUDIT_CHANGED:
        return log_alarm_count(ALARM_AUDIT_CHANGED);
    case ALARM_CERTIFICATE_ENDED:
        return look->ended;
    case ALARM_AUDIT_FULL:
        return admission_reads_refused(look->levels) != NULL;
    case ALARM_KAFKA:
        return is_kafka_in_trouble(look);
    case ALARM_TAKEN_BACK:
        return look->taken_back;
    case ALARM_LIST_SHORT:
        return look->feeds.held;
    case ALARM_FEED_FAILS:
        return look->feeds.failing;
    case ALARM_LIST_CUT:
        return look->feeds.doubtful;
    case ALARM_CERTIFICATE_ENDS:
        return look->end_soon;
    default:
        return look->feeds.silent;
    }
}

// The last one is how_many's default. S041 is S040 that goes on.
static const enum alarm lasting[] = {
    ALARM_COMMITS_FAIL,     ALARM_NO_ROOM,       ALARM_KAFKA_FORKED,      ALARM_KAFKA_FORGED,
    ALARM_AUDIT_CHANGED,    ALARM_AUDIT_FULL,    ALARM_CERTIFICATE_ENDED, ALARM_KAFKA,
    ALARM_TAKEN_BACK,       ALARM_LIST_SHORT,    ALARM_FEED_FAILS,        ALARM_LIST_CUT,
    ALARM_CERTIFICATE_ENDS, ALARM_SOURCE_SILENT,
};
static const enum alarm moments[] = {
    ALARM_NOT_ERASED,     ALARM_AUDIT_LINE_LOST,    ALARM_AUDIT_READ,
    ALARM_RELOAD_REFUSED, ALARM_SOURCE_SHARE,       ALARM_ADDRESS_SHARE,
    ALARM_USER_SHARE,     ALARM_CLIENT_CERTIFICATE, ALARM_SOURCE_RATE,
};

static void put_one(struct json_out *json, enum alarm alarm, uint64_t count) {
    if (!count)
        return;
    json_open(json, '{');
    json_put_text(json, "code", alarms[alarm].code);
    json_put_u64(json, "count", count);
    json_close(json, '}');
}

void standing_put(struct json_out *json, const struct control *control) {
    struct standing_look look;
    look_around(control, &look);
    json_open_key(json, "alarms", '[');
    for (size_t i = 0; i < sizeof lasting / sizeof *lasting; i++)
        put_one(json, lasting[i], how_many(&look, lasting[i]));
    json_close(json, ']');
    json_open_key(json, "told", '[');
    for (size_t i = 0; i < sizeof moments / sizeof *moments; i++)
        put_one(json, moments[i], log_alarm_count(moments[i]));
    json_close(json, ']');
}
