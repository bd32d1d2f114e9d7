// SPDX-License-Identifier: EUPL-1.2
// A list of numbered lines, asked for once more whenever its stream breaks off after a line has
// come: so a pager may stand still for hours, and a stream that brings nothing is not asked for
// again. The caller owns the listing; a line lives while it is shown.
#include "ctl/query/listing.h"

#include <inttypes.h>

enum { TARGET_MAX = 160, LAST_MAX = 100000 };

static bool on_line(void *ctx, struct str text, struct err *err) {
    struct ctl_listing *listing = ctx;
    struct err unreadable;
    struct json_view *line = json_view_parse(text, &unreadable);
    FILE *out = listing->ctl->term.out;
    uint64_t number;
    bool ok = true;
    if (line && listing->number(line, &number))
        listing->next = number + 1;
    else if (listing->next)
        listing->next++;
    if (listing->ctl->json)
        ctl_print_json(listing->ctl, text);
    else
        ok = listing->show(listing->ctx, line, err);
    json_view_free(line);
    listing->any = true;
    listing->left -= listing->left > 0 && listing->left < UINT64_MAX;
    if (ok && ((listing->follow && fflush(out) != 0) || ferror(out)))
        ok = err_set(err, ERR_FATAL, "cannot write the output");
    listing->moved = ok;
    return ok;
}

// Has the reader of our output gone? Without this, `tail -f | head` would stay until one more line
// comes.
static bool is_wanted(void *ctx) {
    const struct ctl_listing *listing = ctx;
    return !term_out_is_abandoned(&listing->ctl->term);
}

static void put_target(const struct ctl_listing *listing, char target[TARGET_MAX]) {
    char max[40] = "";
    const char *follow = listing->follow ? "&follow=1" : "";
    if (listing->left < UINT64_MAX)
        (void)snprintf(max, sizeof max, "&max=%" PRIu64, listing->left);
    if (listing->next)
        (void)snprintf(target, TARGET_MAX, "%s?from=%" PRIu64 "%s%s", listing->path, listing->next,
                       max, follow);
    else
        (void)snprintf(target, TARGET_MAX, "%s?last=%" PRIu64 "%s", listing->path, listing->last,
                       follow);
}

// False when the stream broke off, and the error says how.
static bool ask(struct ctl_listing *listing, enum ctl_exit *result, struct err *err) {
    struct client_reply reply;
    char target[TARGET_MAX];
    const struct client_lines lines = {
        .follow = listing->follow, .line = on_line, .wanted = is_wanted, .ctx = listing};
    put_target(listing, target);
    listing->moved = false;
    bool ok = client_stream(listing->ctl->path, target, &lines, &reply, err);
    if (ok && !reply.stopped && !client_reply_good(&reply))
        *result = ctl_refused(listing->ctl, &reply);
    else if (ok && !reply.stopped && listing->follow && listing->left)
        *result = ctl_fail("the daemon has ended the stream");
    client_reply_free(&reply);
    return ok;
}

enum ctl_exit ctl_list(struct ctl_listing *listing) {
    const struct args *args = listing->ctl->args;
    const char *last = args_value(args, "last"), *from = args_value(args, "from");
    enum ctl_exit result = CTL_OK;
    struct err err;
    listing->left = UINT64_MAX;
    if (last && !str_to_u64(str_from(last), from ? INT64_MAX : LAST_MAX, &listing->last))
        return ctl_usage(listing->ctl, "-n takes a number, without --from one up to %d", LAST_MAX);
    if (from && !str_to_u64(str_from(from), INT64_MAX, &listing->next))
        return ctl_usage(listing->ctl, "--from takes a number");
    if (from && listing->next == 0)
        listing->next = 1; // the first
    if (from ? last != NULL : !listing->follow)
        listing->left = listing->last;
    while (!ask(listing, &result, &err))
        if (!listing->moved || !listing->next || !listing->left) {
            result = listing->moved && !listing->left ? CTL_OK : ctl_fail("%s", err.text);
            break;
        }
    if (result != CTL_OK && listing->follow && listing->any && listing->next)
        (void)ctl_fail("to go on: signaalctl %s -f --from %" PRIu64, listing->ctl->verb->name,
                       listing->next);
    return result;
}
