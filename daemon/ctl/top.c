// SPDX-License-Identifier: EUPL-1.2
// signaalctl top: the daemon live. The status is asked for each turn; the events come by one
// stream that stays open, since each reading of them is a line in the audit log. On what is no
// terminal a turn is plain text.
#include "top.h"

#include "base/clock.h"
#include "base/mem.h"
#include "ctl/term/terminal.h"
#include "tail.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum {
    COUNT_MAX = 1 << 30, // signals in one turn
    INTERVAL_S = 2,
    INTERVAL_MAX_S = 3600,
    STATUS_TIMEOUT_S = 3,
    REFUSED_MS = 2000, // until refused events are asked for again
    WAKE_MS = 200,
    CATCH_UP_MS = 1000, // how long plain text waits for the latest events
    PLAIN_EVENTS = 10,
    MINUTE_S = 60,
    TARGET_MAX = 96,
};

struct live {
    const struct ctl *ctl;
    struct term_out term; // the one that is drawn on; its size changes
    struct top top;
    struct terminal terminal;
    bool whole_screen; // else plain text
    int signals;       // signalfd
    int64_t interval_ms, next_ms, started_ms;
    int64_t again_ms;            // when events that were refused are asked for again
    uint64_t turns, turn, shown; // `turns` 0: without end
    int64_t received, received_ms;
    int64_t accepted; // the last sequence that the daemon has
    bool dirty;       // events have come, or the size has changed
    bool done;
};

// --- looking ---

// A count that falls is that of a daemon that has started anew.
static void note_rate(struct live *live, int64_t received, int64_t now) {
    struct top *top = &live->top;
    int64_t passed = now - live->received_ms, more = received - live->received;
    size_t kept = (size_t)(MINUTE_S * 1000 / live->interval_ms);
    bool first = live->received_ms == 0;
    live->received = received;
    live->received_ms = now;
    if (first || passed <= 0 || more < 0)
        return;
    more = more < COUNT_MAX ? more : COUNT_MAX;
    kept = kept < 1 ? 1 : kept > TOP_RATES_MAX ? TOP_RATES_MAX : kept;
    if (top->rate_count >= kept) {
        memmove(top->rates_milli, top->rates_milli + 1, (kept - 1) * sizeof *top->rates_milli);
        top->rate_count = kept - 1;
    }
    top->rates_milli[top->rate_count++] = (int64_t)((double)more * 1e6 / (double)passed);
}

static void take_status(struct live *live, const struct client_reply *reply) {
    struct err err;
    int64_t received = 0;
    struct json_view *status = json_view_parse(buf_str(&reply->body), &err);
    if (!status) {
        (void)snprintf(live->top.fault, sizeof live->top.fault, "%s", err.text);
        return;
    }
    json_view_free(live->top.status);
    live->top.status = status;
    (void)json_view_number(status, "ledger.accepted", &live->accepted);
    if (json_view_number(status, "intake.received", &received) && received >= 0)
        note_rate(live, received, clock_monotonic_ms());
}

// One turn.
static void look(struct live *live) {
    const struct client_request request = {
        .method = "GET", .target = "/v1/status", .timeout_s = STATUS_TIMEOUT_S};
    struct client_reply reply;
    struct err err;
    live->top.fault[0] = '\0';
    if (!client_ask(live->ctl->path, &request, &reply, &err))
        (void)snprintf(live->top.fault, sizeof live->top.fault, "%s", err.text);
    else if (!client_reply_good(&reply))
        (void)snprintf(live->top.fault, sizeof live->top.fault,
                       "the daemon says no, with HTTP status %ld", reply.status);
    else if (live->ctl->json)
        ctl_print_json(live->ctl, buf_str(&reply.body));
    else
        take_status(live, &reply);
    client_reply_free(&reply);
    live->next_ms = clock_monotonic_ms() + live->interval_ms;
    live->turn++;
}

// --- showing ---

static void show_whole(struct live *live) {
    char *picture = NULL;
    size_t size = 0;
    struct term_out canvas = live->term;
    canvas.out = open_memstream(&picture, &size);
    if (!canvas.out)
        return;
    top_draw(&live->top, &canvas);
    if (fclose(canvas.out) == 0)
        terminal_show(&live->term, picture);
    free(picture);
}

static void show_plain(struct live *live) {
    if (live->shown)
        term_out_end_line(&live->term);
    top_draw(&live->top, &live->term);
}

static void show(struct live *live) {
    if (live->whole_screen)
        show_whole(live);
    else if (*live->top.fault)
        (void)ctl_fail("%s", live->top.fault);
    else if (!live->ctl->json)
        show_plain(live);
    fflush(live->term.out);
    live->shown = live->turn;
    live->dirty = false;
    live->done = live->done || ferror(live->term.out);
}

// --- keys, signals, time ---

static void pause_here(struct live *live) {
    if (live->whole_screen)
        terminal_leave(&live->terminal, &live->term);
    (void)raise(SIGSTOP);
    if (live->whole_screen)
        terminal_enter(&live->terminal, &live->term);
    live->dirty = true;
}

static void take_signals(struct live *live) {
    struct signalfd_siginfo info;
    while (read(live->signals, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGTSTP) {
            pause_here(live);
        } else if (info.ssi_signo == SIGWINCH) {
            term_out_measure(&live->term);
            live->dirty = true;
        } else {
            live->done = true;
        }
    }
}

static void take_keys(struct live *live) {
    char keys[16];
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    if (!live->terminal.keys || poll(&input, 1, 0) <= 0)
        return;
    ssize_t count = read(STDIN_FILENO, keys, sizeof keys);
    if (count <= 0)
        live->done = true;
    for (ssize_t i = 0; i < count; i++)
        live->done = live->done || keys[i] == 'q' || keys[i] == 'Q';
}

// Of the latest event; 0: there is none.
static uint64_t last_sequence(const struct top *top) {
    uint64_t last = 0;
    if (top->event_count)
        (void)str_to_u64(str_from(tail_sequence(top->events[top->event_count - 1])), INT64_MAX,
                         &last);
    return last;
}

// The first plain turn waits a moment for the events that there are.
static bool has_caught_up(const struct live *live) {
    return last_sequence(&live->top) >= (uint64_t)live->accepted ||
           clock_monotonic_ms() - live->started_ms >= CATCH_UP_MS;
}

// Sees to all that is due.
static void step(struct live *live) {
    take_signals(live);
    take_keys(live);
    if (live->done)
        return;
    bool over = live->turns && live->turn == live->turns;
    bool due = clock_monotonic_ms() >= live->next_ms && live->shown == live->turn;
    if (over && due)
        live->done = true; // the last picture has stood for its time
    else if (due)
        look(live);
    bool ready = live->whole_screen || *live->top.fault || *live->top.events_fault ||
                 live->ctl->json || has_caught_up(live);
    if (!live->done && ready && (live->shown != live->turn || (live->whole_screen && live->dirty)))
        show(live);
    if (!live->whole_screen && live->shown == live->turns && live->turns)
        live->done = true;
}

static bool is_wanted(void *ctx) {
    step(ctx);
    return !((struct live *)ctx)->done;
}

static void rest(struct live *live) {
    struct pollfd fds[] = {{.fd = live->signals, .events = POLLIN},
                           {.fd = live->terminal.keys ? STDIN_FILENO : -1, .events = POLLIN}};
    (void)poll(fds, sizeof fds / sizeof *fds, WAKE_MS);
}

// --- the events ---

static bool on_event(void *ctx, struct str line, struct err *err) {
    struct live *live = ctx;
    struct top *top = &live->top;
    struct json_view *event = json_view_parse(line, err);
    if (!event)
        return false;
    if (top->event_count == TOP_EVENTS_MAX) {
        json_view_free(top->events[0]);
        memmove(top->events, top->events + 1, (TOP_EVENTS_MAX - 1) * sizeof *top->events);
        top->event_count--;
    }
    top->events[top->event_count++] = event;
    live->dirty = true;
    return true;
}

static void put_target(const struct live *live, char target[TARGET_MAX]) {
    uint64_t last = last_sequence(&live->top);
    if (last)
        (void)snprintf(target, TARGET_MAX, "/v1/events?from=%" PRIu64 "&follow=1", last + 1);
    else
        (void)snprintf(target, TARGET_MAX, "/v1/events?last=%d&follow=1",
                       live->whole_screen ? TOP_EVENTS_MAX : PLAIN_EVENTS);
}

// What is refused (the audit log has no room, the daemon is stopping) may be had a moment later.
static void note_refusal(struct live *live, const struct client_reply *reply) {
    (void)snprintf(live->top.events_fault, sizeof live->top.events_fault,
                   "not to be had: the daemon says no, with HTTP status %ld", reply->status);
    live->again_ms = clock_monotonic_ms() + REFUSED_MS;
    live->dirty = true;
}

// Until the stream ends.
static void follow(struct live *live) {
    const int wake[] = {live->signals, STDIN_FILENO};
    const struct client_lines lines = {.follow = true,
                                       .line = on_event,
                                       .wanted = is_wanted,
                                       .ctx = live,
                                       .wake_fds = wake,
                                       .wake_count = live->terminal.keys ? 2 : 1,
                                       .wake_ms = WAKE_MS};
    char target[TARGET_MAX];
    struct client_reply reply;
    struct err err;
    put_target(live, target);
    live->top.events_fault[0] = '\0';
    if (!client_stream(live->ctl->path, target, &lines, &reply, &err))
        (void)snprintf(live->top.fault, sizeof live->top.fault, "%s", err.text);
    else if (reply.stopped)
        live->done = true;
    else if (!client_reply_good(&reply))
        note_refusal(live, &reply);
    client_reply_free(&reply);
}

static void run_turns(struct live *live) {
    uint64_t followed = 0; // the turn in which it was tried last
    live->started_ms = clock_monotonic_ms();
    look(live);
    while (!live->done) {
        bool reached = live->top.status && !*live->top.fault;
        bool due = *live->top.events_fault ? clock_monotonic_ms() >= live->again_ms
                                           : followed != live->turn;
        if (reached && due) {
            followed = live->turn;
            follow(live);
        } else {
            rest(live);
        }
        step(live);
    }
}

// --- the verb ---

static bool open_signals(struct live *live, sigset_t *before) {
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP};
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        sigaddset(&set, numbers[i]);
    sigprocmask(SIG_BLOCK, &set, before);
    live->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return live->signals >= 0;
}

static void live_free(struct live *live) {
    for (size_t i = 0; i < live->top.event_count; i++)
        json_view_free(live->top.events[i]);
    json_view_free(live->top.status);
}

static enum ctl_exit run_live(struct live *live) {
    sigset_t before;
    if (!open_signals(live, &before))
        return ctl_fail("signals cannot be taken: %s", strerror(errno));
    if (live->whole_screen)
        terminal_enter(&live->terminal, &live->term);
    run_turns(live);
    if (live->whole_screen)
        terminal_leave(&live->terminal, &live->term);
    close(live->signals);
    sigprocmask(SIG_SETMASK, &before, NULL);
    // A plain run that ends without the daemon has failed, as that of any other verb would.
    return *live->top.fault && !live->whole_screen ? CTL_FAILED : CTL_OK;
}

static bool is_dumb(void) {
    const char *term = getenv("TERM");
    return !term || !*term || strcmp(term, "dumb") == 0;
}

static enum ctl_exit run_top(const struct ctl *ctl, const struct args *args) {
    const char *interval = args_value(args, "interval"), *count = args_value(args, "count");
    uint64_t seconds = INTERVAL_S, turns = 0;
    if (interval && (!str_to_u64(str_from(interval), INTERVAL_MAX_S, &seconds) || seconds == 0))
        return ctl_usage(ctl, "--interval is a number from 1 to %d", INTERVAL_MAX_S);
    if (count && (!str_to_u64(str_from(count), INT64_MAX, &turns) || turns == 0))
        return ctl_usage(ctl, "--count is a number from 1 on");
    struct live *live = mem_zalloc(1, sizeof *live);
    live->ctl = ctl;
    live->term = ctl->term;
    live->whole_screen = ctl->term.terminal && !ctl->json && !is_dumb();
    live->interval_ms = (int64_t)seconds * 1000;
    live->turns = count ? turns : live->whole_screen ? 0 : 1;
    enum ctl_exit result = run_live(live);
    live_free(live);
    free(live);
    return result;
}

static const struct args_option options[] = {
    {"interval", 'i', "S", "a new look every S seconds; default: 2"},
    {"count", 'n', "N", "end after N looks; default on no terminal: 1"},
    {0},
};

const struct ctl_verb top_verb = {
    .name = "top",
    .words = "",
    .help = "The daemon live: intake, Kafka, feeds, events",
    .more = "The picture is drawn anew every other second; q or ctrl-C ends it. On what is no "
            "terminal it is printed once, as text. The events come by one stream that stays open, "
            "so that a look costs one line in the audit log, however long it takes.",
    .options = options,
    .run = run_top,
};
