// SPDX-License-Identifier: EUPL-1.2
// signaalctl import: a file that a municipality sends once a month, brought in piece by piece. Each
// piece is durable before the next goes, and what is in already is a duplicate, so it may be broken
// off and repeated at any time.
#include "import.h"
#include "base/mem.h"
#include "codec/door.h"
#include "ctl/import/record_splitter.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    FILE_BYTES_MAX = 256 << 20,
    PIECE_BYTES = 512 << 10, // a piece ends with the record that passes it
    PIECE_BYTES_MAX = PIECE_BYTES + 2 * RECORD_SPLITTER_RECORD_MAX,
    WAIT_MAX_S = 300,
    STATUS_BAD_REQUEST = 400,
    STATUS_TOO_MANY = 429,
    STATUS_UNAVAILABLE = 503,
};

static volatile sig_atomic_t interrupted;

static void on_signal(int number) {
    (void)number;
    interrupted = 1;
}

// Once: a second ctrl-C ends the program at once.
static void catch_signals(void) {
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

static void add_refusal(struct import *import, const struct import_refusal *refusal) {
    if (import->refusal_count == IMPORT_REFUSALS_MAX)
        return;
    if (!import->refusals)
        import->refusals = mem_zalloc(IMPORT_REFUSALS_MAX, sizeof *import->refusals);
    import->refusals[import->refusal_count++] = *refusal;
}

static void copy_text(char *out, size_t size, const char *text) {
    (void)snprintf(out, size, "%s", text ? text : "");
}

static void take_refused(struct import *import, const struct json_view *result) {
    const struct json_view *errors = json_view_at(result, "errors");
    int64_t index = -1;
    (void)json_view_number(result, "index", &index);
    struct import_refusal refusal = {0};
    if (index >= 0 && (size_t)index < import->piece_count)
        refusal.line = import->piece_lines[index];
    for (size_t i = 0; i < json_view_size(errors); i++) {
        const struct json_view *error = json_view_item(errors, i);
        copy_text(refusal.pointer, sizeof refusal.pointer, json_view_text(error, "pointer"));
        copy_text(refusal.code, sizeof refusal.code, json_view_text(error, "code"));
        copy_text(refusal.detail, sizeof refusal.detail, json_view_text(error, "detail"));
        add_refusal(import, &refusal);
    }
}

// Every record that was sent must be accounted for: a daemon that reads the quotes of a file in
// another way than we do would else lose some without a word.
static bool take_answer(struct import *import, const struct json_view *answer) {
    int64_t seen = 0, excluded = 0;
    for (size_t i = 0; i < IMPORT_VERDICTS; i++) {
        int64_t count = 0;
        (void)json_view_number(answer, import_verdicts[i], &count);
        import->verdicts[i] += (uint64_t)count;
    }
    if (!json_view_number(answer, "received", &seen) ||
        !json_view_number(answer, "excluded", &excluded)) {
        progress_end(&import->progress);
        (void)ctl_fail("the answer is not one that this version can read");
        return false;
    }
    import->excluded += (uint64_t)excluded;
    const struct json_view *results = json_view_at(answer, "results");
    for (size_t i = 0; i < json_view_size(results); i++)
        take_refused(import, json_view_item(results, i));
    if (seen + excluded == (int64_t)import->piece_count)
        return true;
    progress_end(&import->progress);
    (void)ctl_fail("of the %zu records from line %" PRIu64 " to %" PRIu64 " the daemon saw %" PRId64
                   ": is there a quote that is not closed?",
                   import->piece_count, import->piece_lines[0],
                   import->piece_lines[import->piece_count - 1], seen + excluded);
    return false;
}

// A piece that is wrong as a whole: the daemon names a line of the piece.
static void tell_refused(struct import *import, const struct client_reply *reply) {
    int64_t line = 0;
    struct json_view *problem = json_view_parse(buf_str(&reply->body), NULL);
    bool placed =
        reply->status == STATUS_BAD_REQUEST &&
        json_view_number(json_view_item(json_view_at(problem, "errors"), 0), "line", &line);
    uint64_t head = import->splitter.head_lines, first = import->piece_lines[0];
    progress_end(&import->progress);
    (void)ctl_refused(import->ctl, reply);
    if (placed && line > 0 && (uint64_t)line > head)
        (void)ctl_fail("the piece begins at line %" PRIu64 " of the file; look at line %" PRIu64
                       " or a little before",
                       first, first + (uint64_t)line - head - 1);
    json_view_free(problem);
}

// False when interrupted.
static bool wait_a_while(struct import *import, const struct client_reply *reply) {
    int64_t seconds = reply->retry_after_s;
    char text[128];
    seconds = seconds < 1 ? 1 : seconds > WAIT_MAX_S ? WAIT_MAX_S : seconds;
    (void)snprintf(text, sizeof text,
                   "the daemon takes nothing now (HTTP status %ld): trying again in %" PRId64 " s",
                   reply->status, seconds);
    progress_say(&import->progress, text);
    for (; seconds > 0 && !interrupted; seconds--) {
        const struct timespec second = {.tv_sec = 1};
        (void)nanosleep(&second, NULL); // a signal ends it early, and the loop looks
    }
    return !interrupted;
}

static bool send_piece(struct import *import) {
    const struct client_request request = {
        .method = "POST", .target = import->target, .body = buf_str(&import->piece)};
    for (;;) {
        struct client_reply reply;
        struct err err;
        bool again = false, ok = client_ask(import->ctl->path, &request, &reply, &err);
        if (!ok) {
            progress_end(&import->progress);
            (void)ctl_fail("%s", err.text);
        } else if (client_reply_good(&reply)) {
            struct json_view *answer = json_view_parse(buf_str(&reply.body), &err);
            ok = answer && take_answer(import, answer);
            if (!answer) {
                progress_end(&import->progress);
                (void)ctl_fail("%s", err.text);
            }
            json_view_free(answer);
        } else {
            ok = false;
            if (reply.status == STATUS_TOO_MANY || reply.status == STATUS_UNAVAILABLE)
                again = wait_a_while(import, &reply);
            else
                tell_refused(import, &reply);
        }
        client_reply_free(&reply);
        if (!again)
            return ok;
    }
}

// The next piece. False at the end.
static bool fill_piece(struct import *import) {
    struct record_splitter_record record;
    buf_clear(&import->piece);
    buf_put_str(&import->piece, import->splitter.head);
    import->piece_count = 0;
    while (import->piece_count < IMPORT_PIECE_RECORDS && import->piece.len < PIECE_BYTES &&
           record_splitter_next(&import->splitter, &record) == RECORD_SPLITTER_RECORD) {
        import->piece_lines[import->piece_count++] = record.line;
        buf_put_str(&import->piece, record.bytes);
    }
    return import->piece_count > 0;
}

// Counts the records, so that nothing is sent of a file that cannot be cut to its end.
static bool count_records(struct import *import) {
    struct record_splitter splitter = import->splitter;
    struct record_splitter_record record = {.line = 1};
    enum record_splitter_step next;
    while ((next = record_splitter_next(&splitter, &record)) == RECORD_SPLITTER_RECORD)
        import->total++;
    if (next == RECORD_SPLITTER_TOO_LONG)
        (void)ctl_fail("the record that begins at line %" PRIu64
                       " is larger than %d KiB: is there a quote that is not closed?",
                       record.line, RECORD_SPLITTER_RECORD_MAX >> 10);
    else if (import->total == 0)
        (void)ctl_fail("there are no records in the file");
    return next == RECORD_SPLITTER_END && import->total > 0;
}

static void tell_broken_off(const struct import *import) {
    if (import->dry_run)
        (void)ctl_fail("stopped after %" PRIu64 " of %" PRIu64 " records; nothing was stored",
                       import->done, import->total);
    else
        (void)ctl_fail("stopped after %" PRIu64 " of %" PRIu64
                       " records. Repeating the same command is safe: what is in counts once",
                       import->done, import->total);
}

static enum ctl_exit run_import(struct import *import) {
    catch_signals();
    progress_start(&import->progress, "records", import->total, !import->ctl->term.colour);
    while (!interrupted && fill_piece(import)) {
        if (!send_piece(import))
            break;
        import->done += import->piece_count;
        progress_move(&import->progress, import->done);
    }
    progress_end(&import->progress);
    import_print(import);
    if (import->done < import->total)
        tell_broken_off(import);
    bool whole = import->done == import->total && import->verdicts[IMPORT_REFUSED] == 0;
    return whole ? CTL_OK : CTL_FAILED;
}

static bool ends_in(const char *file, const char *ending) {
    struct str name = str_from(file), end = str_from(ending);
    return name.len > end.len &&
           str_equal_nocase((struct str){name.data + name.len - end.len, end.len}, end);
}

// NULL when nothing tells.
static const char *find_format(const char *file, const char *given) {
    if (given)
        return given;
    if (ends_in(file, ".csv"))
        return "csv";
    return ends_in(file, ".ndjson") || ends_in(file, ".jsonl") ? "ndjson" : NULL;
}

static char *make_target(const char *source, const char *template, const char *format, bool dry_run,
                         bool allow_missing) {
    struct buf target;
    buf_init(&target, CLIENT_TARGET_MAX);
    buf_puts(&target, "/v1/import?source=");
    client_put_encoded(&target, str_from(source));
    if (template) {
        buf_puts(&target, "&template=");
        client_put_encoded(&target, str_from(template));
    }
    buf_printf(&target, "&format=%s%s%s", format, allow_missing ? "&allowMissing=1" : "",
               dry_run ? "&dryRun=1" : "");
    bool too_long = target.overflow;
    char *text = buf_take(&target);
    if (!too_long)
        return text;
    free(text);
    return NULL;
}

// The whole file passes the door here, since its pieces show less of how it is written.
static enum ctl_exit read_and_run(struct import *import, const char *file) {
    struct buf bytes = {0};
    struct door door = {0};
    struct err err;
    enum ctl_exit result = CTL_FAILED;
    buf_init(&import->piece, PIECE_BYTES_MAX);
    if (!str_read_file(file, FILE_BYTES_MAX, &bytes, &err))
        (void)ctl_fail("%s", err.text);
    else if (!door_open(buf_str(&bytes), DOOR_UNSAID, &door))
        (void)ctl_fail("%s is %s: %s", file, door.form->name, door.form->advice);
    else if (record_splitter_init(&import->splitter, door.text, import->csv) ==
             RECORD_SPLITTER_TOO_LONG)
        (void)ctl_fail("the header line is larger than %d KiB: is this CSV?",
                       RECORD_SPLITTER_RECORD_MAX >> 10);
    else if (count_records(import))
        result = run_import(import);
    door_close(&door);
    buf_free(&bytes);
    buf_free(&import->piece);
    free(import->refusals);
    return result;
}

static enum ctl_exit run_import_verb(const struct ctl *ctl, const struct args *args) {
    const char *file = args->words[0], *source = args_value(args, "source");
    const char *format = find_format(file, args_value(args, "format"));
    const char *template = args_value(args, "template");
    struct import import = {.ctl = ctl, .dry_run = args_has(args, "dry-run")};
    if (!source || !*source)
        return ctl_usage(ctl, "it needs --source NAME: whose signals these are");
    if (!format || (strcmp(format, "csv") != 0 && strcmp(format, "ndjson") != 0))
        return ctl_usage(ctl, "--format is csv or ndjson; it is needed when FILE does not end in "
                              ".csv, .ndjson or .jsonl");
    import.csv = strcmp(format, "csv") == 0;
    import.target = make_target(source,
                                template     ? template
                                : import.csv ? "csv"
                                             : NULL,
                                format, import.dry_run, args_has(args, "allow-missing"));
    if (!import.target)
        return ctl_usage(ctl, "the names are too long");
    enum ctl_exit result = read_and_run(&import, file);
    free(import.target);
    return result;
}

static const struct args_option options[] = {
    {"source", 's', "NAME", "whose signals these are: a name of the source table"},
    {"template", 't', "NAME", "how to read it; default: csv, or native for NDJSON"},
    {"format", 0, "csv|ndjson", "how FILE is written; default: as it ends"},
    {"allow-missing", 0, NULL, "columns and dates may be missing: without one, today"},
    {"dry-run", 'n', NULL, "only judge: nothing is stored"},
    {0},
};

const struct ctl_verb import_verb = {
    .name = "import",
    .words = "FILE",
    .help = "Bring in a CSV or NDJSON file for a source",
    .more = "The file goes to the daemon in pieces, each of which is durable before the next. What "
            "the source has sent before is a duplicate, so after ctrl-C, or when in doubt, just "
            "repeat it: nothing is lost and nothing counts twice. While the daemon is full it "
            "waits. Refused records are told with their line and the reason. Exit status 0 when "
            "all were taken, 1 when some were refused or it did not come to the end. For root and "
            "the daemon's own user.",
    .options = options,
    .word_count = 1,
    .run = run_import_verb,
};
