// SPDX-License-Identifier: EUPL-1.2
// The way of a verb: ask the daemon, then print its answer as it came (--json) or by the function
// of the verb. Every message goes to stderr with its text cleaned, because it may quote the other
// side. The verb owns its question; the reply and the parsed answer live during one call only.
#include "ctl/query/ctl.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { STATUS_NOT_FOUND = 404, MESSAGE_MAX = 8 << 10, ID_MAX = 1024, NAME_BYTES_MAX = 64 };

// Messages quote the other side, so they are cleaned like all that is printed.
static void complain(const char *who, const char *text) {
    struct term_out term;
    term_out_init(&term, stderr, true);
    term_out_put(&term, STYLE_PLAIN, who);
    term_out_put(&term, STYLE_PLAIN, ": ");
    term_out_put(&term, STYLE_PLAIN, text);
    term_out_end_line(&term);
}

static void complain_va(const char *who, const char *fmt, va_list args) {
    char text[MESSAGE_MAX];
    (void)vsnprintf(text, sizeof text, fmt, args);
    complain(who, text);
}

enum ctl_exit ctl_fail(const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    complain_va("signaalctl", fmt, args);
    va_end(args);
    return CTL_FAILED;
}

enum ctl_exit ctl_usage(const struct ctl *ctl, const char *fmt, ...) {
    char who[64] = "signaalctl";
    if (ctl->verb)
        (void)snprintf(who, sizeof who, "signaalctl %s", ctl->verb->name);
    va_list args;
    va_start(args, fmt);
    complain_va(who, fmt, args);
    va_end(args);
    fprintf(stderr, "Try: %s --help\n", who);
    return CTL_USAGE;
}

void ctl_print_json(const struct ctl *ctl, struct str body) {
    fwrite(body.data ? body.data : "", 1, body.len, ctl->term.out);
    if (body.len == 0 || body.data[body.len - 1] != '\n')
        term_out_end_line(&ctl->term);
}

enum ctl_exit ctl_refused(const struct ctl *ctl, const struct client_reply *reply) {
    if (ctl->json && reply->body.len)
        ctl_print_json(ctl, buf_str(&reply->body));
    struct json_view *problem = json_view_parse(buf_str(&reply->body), NULL);
    const char *title = json_view_text(problem, "title");
    const char *detail = json_view_text(problem, "detail");
    if (title || detail)
        (void)ctl_fail("%s%s%s", title ? title : "", title && detail ? ": " : "",
                       detail ? detail : "");
    else
        (void)ctl_fail("the daemon says no, with HTTP status %ld", reply->status);
    json_view_free(problem);
    return CTL_FAILED;
}

static struct json_view *read_answer(const struct client_reply *reply) {
    struct err err;
    struct json_view *answer = json_view_parse(buf_str(&reply->body), &err);
    if (!answer)
        (void)ctl_fail("%s", err.text);
    return answer;
}

static enum ctl_exit show_answer(const struct ctl *ctl, const struct client_reply *reply,
                                 const struct ctl_question *question) {
    enum ctl_exit result = CTL_OK;
    if (ctl->json)
        ctl_print_json(ctl, buf_str(&reply->body));
    if (ctl->json && !question->good)
        return CTL_OK;
    struct json_view *answer = read_answer(reply);
    if (answer && !ctl->json)
        result = question->print(ctl, answer);
    if (!answer || (question->good && !json_view_flag(answer, question->good)))
        result = CTL_FAILED;
    json_view_free(answer);
    return result;
}

static void print_missing(const struct ctl *ctl, const struct ctl_question *question,
                          const struct client_reply *reply) {
    struct json_view *problem = json_view_parse(buf_str(&reply->body), NULL);
    const char *detail = question->explained ? json_view_text(problem, "detail") : NULL;
    fprintf(ctl->term.out, "%s\n", question->missing);
    if (detail)
        term_out_put_wrapped(&ctl->term, STYLE_PLAIN, detail);
    json_view_free(problem);
}

static enum ctl_exit ask(const struct ctl *ctl, const struct ctl_question *question,
                         const char *target) {
    struct client_reply reply;
    struct err err;
    enum ctl_exit result = CTL_OK;
    const struct client_request request = {.method = question->method ? question->method : "GET",
                                           .target = target};
    if (!client_ask(ctl->path, &request, &reply, &err)) {
        result = ctl_fail("%s", err.text);
    } else if (reply.status == STATUS_NOT_FOUND && question->missing) {
        result = CTL_FAILED;
        if (ctl->json)
            ctl_print_json(ctl, buf_str(&reply.body));
        else
            print_missing(ctl, question, &reply);
    } else if (!client_reply_good(&reply)) {
        result = ctl_refused(ctl, &reply);
    } else {
        result = show_answer(ctl, &reply, question);
    }
    client_reply_free(&reply);
    return result;
}

enum ctl_exit ctl_ask(const struct ctl *ctl, const struct ctl_question *question) {
    struct buf target;
    if (!question->put)
        return ask(ctl, question, question->target);
    buf_init(&target, CLIENT_TARGET_MAX);
    enum ctl_exit result = question->put(ctl, ctl->args, &target);
    char *text = buf_take(&target);
    if (result == CTL_OK)
        result = ask(ctl, question, text);
    free(text);
    return result;
}

struct json_view *ctl_get(const struct ctl *ctl, const char *target) {
    struct client_reply reply;
    struct err err;
    struct json_view *answer = NULL;
    const struct client_request request = {.method = "GET", .target = target};
    if (!client_ask(ctl->path, &request, &reply, &err))
        (void)ctl_fail("%s", err.text);
    else if (!client_reply_good(&reply))
        (void)ctl_refused(ctl, &reply);
    else
        answer = read_answer(&reply);
    client_reply_free(&reply);
    return answer;
}

enum ctl_exit ctl_put_signal(const struct ctl *ctl, const struct args *args, struct buf *target) {
    struct str source = str_from(args->words[0]), id = str_from(args->words[1]);
    if (source.len == 0 || id.len == 0 || source.len > ID_MAX || id.len > ID_MAX)
        return ctl_usage(ctl, "SOURCE and ID have 1 to %d bytes", ID_MAX);
    buf_puts(target, "/v1/signals/");
    buf_put_encoded(target, source);
    buf_putc(target, '/');
    buf_put_encoded(target, id);
    return CTL_OK;
}

enum ctl_exit ctl_put_feed(const struct ctl *ctl, const struct args *args, struct buf *target) {
    struct str name = str_from(args->words[0]);
    if (name.len == 0 || name.len > NAME_BYTES_MAX)
        return ctl_usage(ctl, "a name has 1 to %d bytes", NAME_BYTES_MAX);
    buf_puts(target, "/v1/feeds/");
    buf_put_encoded(target, name);
    return CTL_OK;
}
