// SPDX-License-Identifier: EUPL-1.2
// The watchdog's rule, and the line of status. A loop that turns proves little: a commit can hang
// in it, or publishing. So both have to move too, and only what a restart can mend counts as
// hanging.
#include "liveness.h"

#include "base/time.h"

#include <stdio.h>

// Is it for us to go on, and not for Kafka or the disk?
static bool is_our_turn(const struct liveness_stream *stream, bool commits_fail) {
    switch (stream->publish.state) {
    case PUBLISH_RUNNING:
        return stream->waiting > 0 && stream->publish.in_flight == 0 && !commits_fail;
    case PUBLISH_RECOVERED:
        return !commits_fail;
    case PUBLISH_DRAINING:
        return true;
    default:
        return false;
    }
}

static bool is_same(const struct publish_status *a, const struct publish_status *b) {
    return a->state == b->state && a->handed_over == b->handed_over &&
           a->in_flight == b->in_flight && a->delivered == b->delivered &&
           a->restarts == b->restarts;
}

const char *liveness_look(struct liveness *liveness, const struct liveness_now *now,
                          int64_t bound_ms) {
    static const char *const names[LEDGER_TOPICS] = {
        [LEDGER_EVENTS] = "publishing",
        [LEDGER_STATISTICS] = "publishing of statistics",
        [LEDGER_CURRENT] = "publishing of current signals",
    };
    const char *stands = now->commits_ms > bound_ms ? "a commit" : NULL;
    for (int i = 0; i < LEDGER_TOPICS; i++) {
        const struct liveness_stream *stream = &now->streams[i];
        struct liveness_seen *seen = &liveness->streams[i];
        bool ours = is_our_turn(stream, now->commits_fail);
        if (!ours || !is_same(&stream->publish, &seen->publish))
            seen->since_ms = now->now_ms;
        seen->publish = stream->publish;
        if (ours && now->now_ms - seen->since_ms > bound_ms)
            stands = names[i];
    }
    return stands;
}

void liveness_tell(const struct liveness_numbers *numbers, char line[LIVENESS_LINE_MAX]) {
    char since[TIME_STAMP_MAX], kafka[80] = "", feeds[64] = "", refused[160] = "";
    time_format_stamp(numbers->since_ms, since);
    if (numbers->kafka == PUBLISH_OFF)
        (void)snprintf(kafka, sizeof kafka, "; no Kafka, %llu wait",
                       (unsigned long long)numbers->waiting);
    else if (numbers->waiting > 0 || numbers->kafka != PUBLISH_RUNNING)
        (void)snprintf(kafka, sizeof kafka, "; %llu wait for Kafka (%s)",
                       (unsigned long long)numbers->waiting, publish_state_name(numbers->kafka));
    if (numbers->feeds_failing > 0)
        (void)snprintf(feeds, sizeof feeds, "; %zu of %zu feeds fail", numbers->feeds_failing,
                       numbers->feeds);
    if (numbers->commits_fail)
        (void)snprintf(refused, sizeof refused, "; senders get 503: commits fail");
    else if (numbers->full)
        (void)snprintf(refused, sizeof refused, "; senders get 429: %s", numbers->full);
    (void)snprintf(line, LIVENESS_LINE_MAX, "running; %llu accepted since %s%s%s%s",
                   (unsigned long long)numbers->accepted, since, kafka, feeds, refused);
}
