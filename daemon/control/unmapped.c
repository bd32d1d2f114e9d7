// SPDX-License-Identifier: EUPL-1.2
// GET /v1/unmapped?source=NAME&is=WORD: words that the tables lack, as far as they may be shown.
// POST /v1/remap?dryRun=1: signals that had such words count by the tables in force now.
#include "control_private.h"

#include "base/mem.h"
#include "base/pii/log.h"
#include "core/normalise/normalise.h"

#include <stdlib.h>
#include <string.h>

enum { HANDLE_LEN = 8 };

// --- words ---

static const char no_source[] = "There is no source of that name.";

struct unmapped_listing {
    struct json_out json;
    char source[LEDGER_SOURCE_MAX + 1];   // "": all
    bool found_source;                    // there was an entry of that source
    bool guessed;                         // only the word that the operator thinks of
    struct digest guess[UNMAPPED_FIELDS]; // its digest, by field
    uint64_t total, not_kept;
};

static bool put_word(void *ctx, const struct unmapped_record *word) {
    struct unmapped_listing *listing = ctx;
    struct json_out *json = &listing->json;
    char handle[DIGEST_HEX + 1];
    if (listing->source[0] && strcmp(listing->source, word->source) != 0)
        return true;
    listing->found_source = true;
    if (listing->guessed && !digest_equal(&listing->guess[word->field], &word->word))
        return true;
    digest_to_hex(&word->word, handle);
    json_open(json, '{');
    json_put_text(json, "source", word->source);
    json_put_text(json, "field", unmapped_field_name(word->field));
    json_put_text(json, "word", word->view.shown[0] ? word->view.shown : NULL);
    json_put_u64(json, "letters", word->view.letters);
    json_put_u64(json, "tokens", word->view.tokens);
    json_put_u64(json, "times", word->times);
    control_put_time(json, "first", word->first_ms);
    control_put_time(json, "last", word->last_ms);
    json_put_string(json, "handle", (struct str){handle, HANDLE_LEN});
    json_close(json, '}');
    return true;
}

// A word that is not shown can be guessed: it is then compared as its source's was, and forgotten.
static void take_guess(const struct control *control, struct str word,
                       struct unmapped_listing *listing) {
    listing->guessed = word.data != NULL;
    for (int f = 0; listing->guessed && f < UNMAPPED_FIELDS; f++)
        normalise_unknown(ledger_identity_key(control->options.ledger), (enum unmapped_field)f,
                          str_trim(word), &listing->guess[f]);
}

static void list_words(const struct control_ground *ground, void *ctx, struct http_reply *reply) {
    struct unmapped_listing *listing = ctx;
    struct json_out *json = &listing->json;
    json->buf = reply_body(reply, 200, "application/json");
    json_open(json, '{');
    json_open_key(json, "unmapped", '[');
    ledger_each_unmapped(ground->ledger, put_word, listing);
    json_close(json, ']');
    json_put_bool(json, "guessed", listing->guessed);
    json_put_u64(json, "total", listing->total);
    json_put_u64(json, "notKept", listing->not_kept);
    json_close(json, '}');
    if (!listing->source[0] || listing->found_source ||
        sources_find(ground->sources, str_from(listing->source)))
        return;
    buf_free(&reply->body);
    *reply = (struct http_reply){0};
    problem_fill(reply, 404, no_source);
}

void control_unmapped(struct control *control, struct http_request *request) {
    struct str source = http_query(request, "source", 0);
    if (source.data && (source.len == 0 || source.len > LEDGER_SOURCE_MAX)) {
        control_problem(request, 404, no_source);
        return;
    }
    struct unmapped_listing *listing = mem_zalloc(1, sizeof *listing);
    if (source.data)
        memcpy(listing->source, source.data, source.len);
    listing->total = ledger_unmapped(control->options.ledger);
    listing->not_kept = ledger_totals(control->options.ledger)->unmapped_not_kept;
    take_guess(control, http_query(request, "is", 0), listing);
    control_ask(control, request, list_words, listing);
}

// Not the word: it may be anybody's name.
void control_unmapped_about(const struct control *control, struct http_request *request,
                            struct buf *object) {
    control_put_source(control, http_query(request, "source", 0), object);
    if (http_query(request, "is", 0).data)
        buf_puts(object, object->len ? " is" : "is");
}

// --- remap ---

// All pieces go by the tables and sources with which the first began.
struct remap_run {
    struct remap_task piece;
    struct control *control;
    struct http_request *request; // NULL: the control side has been closed, and freed
    struct sources *sources;
    struct tables *tables;
    uint64_t looked, changed;
};

static void submit_piece(struct remap_run *run) {
    run->piece.received_ms = loop_wall_ms();
    pipeline_submit(run->control->options.pipeline, &run->piece.task);
}

static void end_run(struct remap_run *run) {
    if (run->request)
        run->control->remap = NULL;
    sources_unref(run->sources);
    tables_unref(run->tables);
    free(run);
}

static void send_outcome(struct remap_run *run) {
    struct http_reply reply = {0};
    struct json_out json = {.buf = reply_body(&reply, 200, "application/json")};
    log_notice("remapped looked=%llu changed=%llu dry_run=%s", (unsigned long long)run->looked,
               (unsigned long long)run->changed, run->piece.dry_run ? "yes" : "no");
    json_open(&json, '{');
    json_put_bool(&json, "dryRun", run->piece.dry_run);
    json_put_u64(&json, "looked", run->looked);
    json_put_u64(&json, "changed", run->changed);
    json_close(&json, '}');
    control_send(run->request, &reply);
}

static bool is_full(const struct control *control) {
    return admission_full(admission_now(control->options.admission));
}

// Why it does not go on; NULL: it does, or it is done.
static const char *what_stops(const struct remap_run *run) {
    if (run->piece.task.err.kind != ERR_NONE)
        return "It cannot be made durable now. What was changed before is kept; run it again.";
    if (!run->piece.next)
        return NULL;
    if (run->control->stopping)
        return "The service is stopping. What was changed is kept; run it again.";
    if (!run->piece.dry_run && is_full(run->control))
        return "Too much is waiting here. What was changed is kept; run it again later.";
    return NULL;
}

static void on_piece_done(struct commit_task *task) {
    struct remap_run *run = (struct remap_run *)task;
    bool last = run->piece.next == 0;
    const char *trouble = run->request ? what_stops(run) : NULL;
    run->piece.from = run->piece.next;
    run->looked += run->piece.looked;
    run->changed += run->piece.changed;
    if (!run->request) {
        end_run(run);
    } else if (trouble) {
        control_problem(run->request, 503, trouble);
        end_run(run);
    } else if (last) {
        send_outcome(run);
        end_run(run);
    } else {
        submit_piece(run);
    }
}

// False when dryRun is neither 1 nor 0.
static bool take_dry_run(struct http_request *request, bool *dry_run) {
    struct str text = http_query(request, "dryRun", 0);
    *dry_run = str_is(text, "1");
    return !text.data || *dry_run || str_is(text, "0");
}

void control_remap_about(const struct control *control, struct http_request *request,
                         struct buf *object) {
    bool dry_run;
    (void)control;
    if (take_dry_run(request, &dry_run) && dry_run)
        buf_puts(object, "dryRun");
}

void control_remap(struct control *control, struct http_request *request) {
    bool dry_run;
    if (!take_dry_run(request, &dry_run)) {
        control_problem(request, 400, "dryRun is 1 or 0.");
        return;
    }
    if (control->remap) {
        control_problem(request, 409, "The ledger is being remapped already; wait for its end.");
        return;
    }
    if (!dry_run && is_full(control)) {
        control_problem(request, 429, NULL);
        return;
    }
    struct remap_run *run = mem_zalloc(1, sizeof *run);
    run->control = control;
    run->sources = sources_ref(control->sources);
    run->tables = tables_ref(control->tables);
    run->piece = (struct remap_task){.task = {.run = ledger_remap, .done = on_piece_done},
                                     .tables = run->tables,
                                     .sources = run->sources,
                                     .dry_run = dry_run};
    control->remap = run;
    control_hold(request, &run->request);
    submit_piece(run);
}
