// SPDX-License-Identifier: EUPL-1.2
// signaalctl import: a file that a municipality sends once a month, brought in piece by piece.
// First the daemon judges all of it, so that a fault of the file is told before anything is stored;
// then each piece is durable before the next goes. What is in already is a duplicate, so it may be
// broken off and repeated at any time.
#include "import.h"
#include "base/hash.h"
#include "base/mem.h"
#include "codec/door.h"
#include "ctl/import/record_splitter.h"
#include "ctl/sheet/file.h"
#include "ctl/sheet/sheet.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    FILE_BYTES_MAX = 256 << 20,
    JSON_BYTES_MAX = 8 << 20,
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

uint64_t import_place(const struct import *import, size_t index) {
    return import->json ? index : import->piece_lines[index];
}

const char *import_place_name(const struct import *import) {
    return import->json ? "item" : "line";
}

static void take_refused(struct import *import, const struct json_view *result) {
    const struct json_view *errors = json_view_at(result, "errors");
    int64_t index = -1;
    (void)json_view_number(result, "index", &index);
    struct import_refusal refusal = {0};
    if (index >= 0 && (import->json || (size_t)index < import->piece_count))
        refusal.place = import_place(import, (size_t)index);
    for (size_t i = 0; i < json_view_size(errors); i++) {
        const struct json_view *error = json_view_item(errors, i);
        if (import->preview && json_view_is(error, "code", "conflict"))
            continue; // told with the lines of the file
        copy_text(refusal.pointer, sizeof refusal.pointer, json_view_text(error, "pointer"));
        copy_text(refusal.code, sizeof refusal.code, json_view_text(error, "code"));
        copy_text(refusal.detail, sizeof refusal.detail, json_view_text(error, "detail"));
        add_refusal(import, &refusal);
    }
}

struct import_id {
    struct digest identity;
    uint64_t content, place;
    uint64_t used; // 0: free
};

static bool has_identity(const void *entry, const void *key) {
    return digest_equal(entry, key);
}

static const struct map_kind id_kind = {sizeof(struct import_id),
                                        offsetof(struct import_id, used),
                                        64,
                                        3,
                                        map_hash_prefix,
                                        has_identity};

// "index:id:content". The same id with another content elsewhere in the file: two signals that a
// spreadsheet made alike, or a history, of which nobody knows what holds.
static void look_at_id(struct import *import, const char *text) {
    struct import_refusal refusal = {.pointer = "/id", .code = "conflict"};
    struct import_id now;
    char id[DIGEST_HEX + 1];
    unsigned index;
    if (!text || sscanf(text, "%u:%32[0-9a-f]:%" SCNx64, &index, id, &now.content) != 3 ||
        !digest_from_hex(str_from(id), &now.identity))
        return;
    if (!import->json && index >= import->piece_count)
        return;
    now.place = import_place(import, index);
    now.used = 1;
    struct import_id *known = map_find(&import->ids, &id_kind, &now);
    if (!map_used(&id_kind, known)) {
        *(struct import_id *)map_add(&import->ids, &id_kind, &now) = now;
    } else if (known->content != now.content) {
        refusal.place = now.place;
        (void)snprintf(refusal.detail, sizeof refusal.detail,
                       "%s %" PRIu64 " has this id too, with other contents",
                       import_place_name(import), known->place);
        add_refusal(import, &refusal);
        import->conflicts++;
    }
}

static void add_number(const struct json_view *answer, const char *name, uint64_t *sum) {
    int64_t count = 0;
    (void)json_view_number(answer, name, &count);
    *sum += (uint64_t)count;
}

// Every record that was sent must be accounted for: a daemon that reads the quotes of a file in
// another way than we do would else lose some without a word.
static bool take_answer(struct import *import, const struct json_view *answer) {
    int64_t seen = 0, excluded = 0;
    uint64_t titles = 0;
    for (size_t i = 0; i < IMPORT_VERDICTS; i++)
        add_number(answer, import_verdicts[i], &import->verdicts[i]);
    add_number(answer, "undated", &import->undated);
    add_number(answer, "longIds", &import->long_ids);
    add_number(answer, "roundedIds", &import->rounded_ids);
    add_number(answer, "unmapped", &import->unmapped);
    add_number(answer, "dropped", &import->dropped);
    add_number(answer, "titles", &titles);
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
    const struct json_view *ids = json_view_at(answer, "ids");
    if (import->json)
        import->total = import->piece_count = (size_t)(seen + excluded);
    if (titles && import->titles == 0)
        import->titles = titles; // the pass begins anew
    else
        titles = 0;
    if (import->preview && titles == 0)
        import_preview_take(import, answer);
    for (size_t i = 0; import->preview && titles == 0 && i < json_view_size(ids); i++)
        look_at_id(import, json_view_text(json_view_item(ids, i), ""));
    if (seen + excluded + (int64_t)titles == (int64_t)import->piece_count)
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
    import_tell_columns(import, json_view_item(json_view_at(problem, "errors"), 0));
    if (placed && !import->json && line > 0 && (uint64_t)line > head)
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
    char *dry_run = import->target + strlen(import->target) - 1;
    *dry_run = import->preview ? '1' : '0';
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

// It costs itself and nothing else.
static void refuse_too_long(struct import *import, const struct record_splitter_record *record) {
    struct import_refusal refusal = {.place = record->line, .code = "tooLong"};
    const bool ends = record->bytes.data[record->bytes.len - 1] == '\n';
    (void)snprintf(refusal.detail, sizeof refusal.detail,
                   "the record is larger than %d KiB, up to line %" PRIu64
                   ": is there a quote that is not closed?",
                   RECORD_SPLITTER_RECORD_MAX >> 10, import->splitter.line - ends);
    add_refusal(import, &refusal);
    import->verdicts[IMPORT_REFUSED]++;
    import->done++;
}

// The next piece. False at the end.
static bool fill_piece(struct import *import) {
    struct record_splitter_record record;
    buf_clear(&import->piece);
    import->piece_count = 0;
    if (import->json) {
        buf_put_str(&import->piece, import->text);
        return import->done == 0;
    }
    buf_put_str(&import->piece, import->splitter.head);
    while (import->piece_count < IMPORT_PIECE_RECORDS && import->piece.len < PIECE_BYTES &&
           record_splitter_next(&import->splitter, &record) == RECORD_SPLITTER_RECORD) {
        uint64_t number = import->numbered++;
        if (record.too_long) {
            refuse_too_long(import, &record);
            continue;
        }
        import->piece_numbers[import->piece_count] = number;
        import->piece_lines[import->piece_count++] = record.line;
        buf_put_str(&import->piece, record.bytes);
    }
    return import->piece_count > 0;
}

// Counts the records, so that nothing is sent of a file that cannot be cut to its end.
static bool count_records(struct import *import) {
    struct record_splitter splitter = import->start;
    struct record_splitter_record record = {.line = 1};
    enum record_splitter_step next;
    import->total = 0;
    while ((next = record_splitter_next(&splitter, &record)) == RECORD_SPLITTER_RECORD)
        import->total++;
    if (next == RECORD_SPLITTER_UNCLOSED)
        (void)ctl_fail("the record that begins at line %" PRIu64
                       " has a quote that is not closed: it goes on to the end of the file",
                       record.line);
    else if (import->total == 0)
        (void)ctl_fail("there are no records in the file");
    return next == RECORD_SPLITTER_END && import->total > 0;
}

static void tell_broken_off(const struct import *import, bool judged) {
    if (judged)
        (void)ctl_fail("stopped after %" PRIu64 " of %" PRIu64 " records; nothing was stored",
                       import->done, import->total);
    else
        (void)ctl_fail("stopped after %" PRIu64 " of %" PRIu64
                       " records. Repeating the same command is safe: what is in counts once",
                       import->done, import->total);
}

// False when it did not come to the end.
static bool run_pass(struct import *import) {
    uint64_t titles = import->titles;
    bool taken = true;
    import->done = import->refusal_count = import->conflicts = 0;
    import->long_ids = import->rounded_ids = import->numbered = 0;
    import->excluded = import->undated = import->unmapped = import->dropped = 0;
    memset(import->verdicts, 0, sizeof import->verdicts);
    import->splitter = import->start;
    if (import->preview)
        import_preview_begin(&import->summary);
    progress_start(&import->progress, import->preview ? "records judged" : "records", import->total,
                   !import->ctl->term.colour);
    while (!interrupted && fill_piece(import)) {
        taken = send_piece(import) && import->titles == titles;
        if (!taken)
            break;
        import->done += import->piece_count;
        progress_move(&import->progress, import->done);
        if (import->json)
            break;
    }
    progress_end(&import->progress);
    return taken && import->done == import->total;
}

static bool run_preview(struct import *import) {
    import->preview = true;
    bool whole = run_pass(import);
    if (!whole && import->titles) {
        if (record_splitter_extend_head(&import->start, import->titles) != RECORD_SPLITTER_RECORD ||
            !count_records(import))
            return false;
        whole = run_pass(import);
    }
    import_preview_end(import);
    import->preview = false;
    return whole;
}

static enum ctl_exit run_import(struct import *import) {
    catch_signals();
    map_init(&import->ids, &id_kind);
    bool whole = run_preview(import), judged = import->dry_run || !whole || import->conflicts;
    if (!judged) {
        import_print_preview(import);
        whole = run_pass(import);
    }
    free(import->ids.entries);
    import_print(import, judged);
    if (import->conflicts)
        (void)ctl_fail("%" PRIu64
                       " records have an id that stands in the file with other contents; "
                       "nothing was stored",
                       import->conflicts);
    else if (!whole)
        tell_broken_off(import, judged);
    return whole && !import->conflicts && import->verdicts[IMPORT_REFUSED] == 0 ? CTL_OK
                                                                                : CTL_FAILED;
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
    if (ends_in(file, ".json"))
        return "json";
    return ends_in(file, ".ndjson") || ends_in(file, ".jsonl") ? "ndjson" : NULL;
}

static char *make_target(const char *source, const char *template, const char *format, bool dry_run,
                         const struct args *args) {
    struct buf target;
    buf_init(&target, CLIENT_TARGET_MAX);
    buf_puts(&target, "/v1/import?source=");
    buf_put_encoded(&target, str_from(source));
    if (template) {
        buf_puts(&target, "&template=");
        buf_put_encoded(&target, str_from(template));
    }
    buf_printf(&target, "&format=%s%s%s&dryRun=%d", format,
               args_has(args, "allow-missing") ? "&allowMissing=1" : "",
               args_has(args, "first-page-only") ? "&firstPageOnly=1" : "", dry_run);
    bool too_long = target.overflow;
    char *text = buf_take(&target);
    if (!too_long)
        return text;
    free(text);
    return NULL;
}

// Would the daemon read a sheet that begins so? Only a column that is missing says no.
static bool fits_template(void *ctx, struct str csv) {
    struct import *import = ctx;
    struct client_reply reply;
    struct err err;
    if (record_splitter_init(&import->splitter, csv, true) != RECORD_SPLITTER_RECORD ||
        !fill_piece(import))
        return false;
    import->target[strlen(import->target) - 1] = '1';
    const struct client_request request = {
        .method = "POST", .target = import->target, .body = buf_str(&import->piece)};
    if (!client_ask(import->ctl->path, &request, &reply, &err)) {
        (void)ctl_fail("%s", err.text);
        return false;
    }
    struct json_view *problem = json_view_parse(buf_str(&reply.body), NULL);
    const struct json_view *error = json_view_item(json_view_at(problem, "errors"), 0);
    bool missing =
        reply.status == STATUS_BAD_REQUEST &&
        (json_view_is(error, "code", "missingPlace") || json_view_is(error, "code", "required"));
    json_view_free(problem);
    client_reply_free(&reply);
    return !missing;
}

// Of a workbook, the sheet that is meant.
static bool open_book(struct import *import, const char *file, const struct door_form *form,
                      struct buf *bytes) {
    const struct sheet_options options = {
        .name = import->sheet, .fits = fits_template, .ctx = import};
    struct sheet sheet;
    struct err err;
    if (!sheet_read(buf_str(bytes), door_book_of(form), &options, &sheet, &err)) {
        (void)ctl_fail("%s is %s: %s", file, form->name, err.text);
        return false;
    }
    if (sheet.chosen)
        (void)ctl_fail("of several sheets \"%s\" is read", sheet.name);
    buf_free(bytes);
    *bytes = sheet.csv;
    return true;
}

// The whole file passes the door here, since its pieces show less of how it is written.
static enum ctl_exit run_text(struct import *import, struct str text) {
    if (import->json && text.len > JSON_BYTES_MAX)
        return ctl_fail("a JSON document is larger than %d MiB: write a signal a line (NDJSON)",
                        JSON_BYTES_MAX >> 20);
    if (record_splitter_init(&import->start, text, import->csv) == RECORD_SPLITTER_TOO_LONG)
        return ctl_fail("the header line is larger than %d KiB: is this CSV?",
                        RECORD_SPLITTER_RECORD_MAX >> 10);
    import->start.line -= import->book; // the rows of a sheet have no first line before them
    if (!import->json && !count_records(import))
        return CTL_FAILED;
    import->text = text;
    return run_import(import);
}

static enum ctl_exit read_and_run(struct import *import, const char *file, struct buf *bytes) {
    const struct door_form *form = door_form_of(buf_str(bytes));
    struct door door = {0};
    enum ctl_exit result = CTL_FAILED;
    buf_init(&import->piece, import->json ? JSON_BYTES_MAX : PIECE_BYTES_MAX);
    if (import->sheet && !import->book)
        (void)ctl_fail("%s is no workbook: leave --sheet out", file);
    else if (import->book && !open_book(import, file, form, bytes))
        result = CTL_FAILED;
    else if (!door_open(buf_str(bytes), import->book ? DOOR_UTF8 : DOOR_UNSAID, &door))
        (void)ctl_fail("%s is %s: %s", file, door.form->name, door.form->advice);
    else
        result = run_text(import, door.text);
    door_close(&door);
    buf_free(&import->piece);
    free(import->refusals);
    import_preview_free(&import->summary);
    return result;
}

static enum ctl_exit run_bytes(struct import *import, const struct args *args, struct buf *bytes) {
    const char *file = args->words[0], *template = args_value(args, "template");
    const char *format = find_format(file, args_value(args, "format"));
    const struct door_form *form = door_form_of(buf_str(bytes));
    import->book = door_book_of(form) != DOOR_NO_BOOK;
    if (import->book)
        format = "csv";
    else if (form)
        return ctl_fail("%s is %s: %s", file, form->name, form->advice);
    import->csv = format && strcmp(format, "csv") == 0;
    import->json = format && strcmp(format, "json") == 0;
    if (!import->csv && !import->json && (!format || strcmp(format, "ndjson") != 0))
        return ctl_usage(import->ctl,
                         "--format is csv, ndjson or json; it is needed when FILE is no workbook "
                         "and does not end in .csv, .ndjson, .jsonl or .json");
    if (!template && import->csv)
        template = "csv";
    import->target =
        make_target(args_value(args, "source"), template, format, import->dry_run, args);
    if (!import->target)
        return ctl_usage(import->ctl, "the names are too long");
    enum ctl_exit result = read_and_run(import, file, bytes);
    free(import->target);
    return result;
}

static enum ctl_exit run_import_verb(const struct ctl *ctl, const struct args *args) {
    const char *source = args_value(args, "source");
    struct import import = {
        .ctl = ctl, .dry_run = args_has(args, "dry-run"), .sheet = args_value(args, "sheet")};
    struct buf bytes = {0};
    struct err err;
    if (!source || !*source)
        return ctl_usage(ctl, "it needs --source NAME: whose signals these are");
    if (!file_read(args->words[0], FILE_BYTES_MAX, &bytes, &err))
        return ctl_fail("%s", err.text);
    enum ctl_exit result = run_bytes(&import, args, &bytes);
    buf_free(&bytes);
    return result;
}

static const struct args_option options[] = {
    {"source", 's', "NAME", "whose signals these are: a name of the source table"},
    {"template", 't', "NAME", "how to read it; default: csv, or native for JSON"},
    {"format", 0, "csv|ndjson|json", "how FILE is written; default: as it ends"},
    {"sheet", 0, "NAME", "of a workbook; default: the one with the header line"},
    {"allow-missing", 0, NULL, "columns and dates may be missing: without one, today"},
    {"first-page-only", 0, NULL, "of a list with more pages, which are elsewhere"},
    {"dry-run", 'n', NULL, "only judge: nothing is stored"},
    {0},
};

const struct ctl_verb import_verb = {
    .name = "import",
    .words = "FILE",
    .help = "Bring in a workbook or text file for a source",
    .more =
        "First the daemon judges the whole file, and you are told which columns or members were "
        "understood, which are not there and which were not understood, how many signals are new "
        "or known, and what would change of those that are known. The name of a column is shown "
        "only where it cannot be a person's; else its number. When a column is not there that may "
        "be called otherwise, a row has no date or is a sum, an id stands in it with several "
        "contents, or it is one page of a list of which more is elsewhere, nothing is stored. "
        "Then it goes in pieces, each of which is durable before the next. What "
        "the source has sent before is a duplicate, so after ctrl-C, or when in doubt, just "
        "repeat it: nothing is lost and nothing counts twice. While the daemon is full it "
        "waits. Of a workbook (.xlsx, .xls, .ods) one sheet is read, by gnumeric, where that is "
        "installed. Refused records are told with their line and the reason, those of a JSON "
        "document with their number, from 0. Exit status 0 when all were taken, 1 when some were "
        "refused, it did not come to the end or FILE cannot be read. For root and the daemon's own "
        "user.",
    .options = options,
    .word_count = 1,
    .run = run_import_verb,
};
