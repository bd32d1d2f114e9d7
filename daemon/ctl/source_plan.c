// SPDX-License-Identifier: EUPL-1.2
// What the line of a new source is to be: from the options, and what they lack from whoever sits at
// the terminal. Only the way and the name are needed; what a column may hold is the source table's
// own to check, so nothing of that is repeated here.
#include "source_plan.h"

#include "base/mem.h"
#include "base/time.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *const ways[] = {[WAY_PUSH] = "push", [WAY_POLL] = "poll", [WAY_FILE] = "file"};

static bool put(struct source_plan *plan, struct str column, const char *value) {
    if (!value || !*value)
        return true;
    if (plan->count == TABLE_FILE_CELLS_MAX)
        return false;
    plan->cells[plan->count++] = (struct table_file_cell){column, value};
    return true;
}

static const char *keep(struct source_plan *plan, char *text) {
    if (text && plan->text_count < TABLE_FILE_CELLS_MAX)
        plan->texts[plan->text_count++] = text;
    return text;
}

// The option, else the answer at the terminal, else NULL.
static const char *wanted(struct source_plan *plan, const char *option, const char *question,
                          const char *fallback) {
    const char *value = args_value(plan->args, option);
    if (value || !ask_can())
        return value;
    plan->asked = true;
    return keep(plan, ask_line(question, fallback));
}

static enum ctl_exit find_municipality(struct source_plan *plan,
                                       const struct municipality **found) {
    const char *word = wanted(plan, "municipality", "Municipality, name or code; empty: none", "");
    const char *spelling;
    struct timespec now;
    *found = NULL;
    if (!word || !*word)
        return CTL_OK;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    switch (municipalities_resolve(plan->tables->municipalities, str_from(word),
                                   time_amsterdam_day((int64_t)now.tv_sec * 1000), 0, found,
                                   &spelling)) {
    case MUNICIPALITY_FOUND:
        return CTL_OK;
    case MUNICIPALITY_AMBIGUOUS:
        return ctl_usage(plan->ctl, "--municipality: several may be meant: give the code");
    default:
        return ctl_usage(plan->ctl, "--municipality: not in the table of municipalities");
    }
}

// "gm0363-amsterdam".
static char *make_name(const struct municipality *municipality) {
    char folded[STR_FOLDED_MAX];
    struct buf name;
    size_t len = str_fold(str_from(municipality->name), folded);
    buf_init(&name, 64);
    buf_printf(&name, "gm%04u-", municipality->code);
    for (size_t i = 0; i < len; i++)
        buf_putc(&name, folded[i] == ' ' ? '-' : folded[i]);
    return buf_take(&name);
}

static enum ctl_exit plan_who(struct source_plan *plan) {
    const struct municipality *municipality;
    enum ctl_exit result = find_municipality(plan, &municipality);
    if (result != CTL_OK)
        return result;
    const char *made = municipality ? keep(plan, make_name(municipality)) : NULL;
    const char *name = plan->args->word_count > 1 ? plan->args->words[1] : made;
    if (plan->args->word_count == 1 && ask_can()) {
        name = keep(plan, ask_line("Name of the source", made));
        plan->asked = true;
    }
    if (!name || !*name)
        return ctl_usage(plan->ctl, "it needs a NAME or --municipality");
    const char *kind = wanted(plan, "kind", "Kind", municipality ? "municipality" : "other");
    if (!kind && municipality)
        kind = "municipality";
    if (!kind)
        return ctl_usage(plan->ctl, "it needs --kind or --municipality");
    plan->name = name;
    (void)put(plan, STR("name"), name);
    (void)put(plan, STR("kind"), kind);
    if (!municipality)
        return CTL_OK;
    char *code = mem_alloc(MUNICIPALITY_CODE_MAX);
    (void)snprintf(code, MUNICIPALITY_CODE_MAX, "GM%04u", municipality->code % 10000u);
    (void)put(plan, STR("municipality"), keep(plan, code));
    return CTL_OK;
}

static enum ctl_exit plan_way(struct source_plan *plan) {
    const char *url = args_value(plan->args, "url");
    const char *way = url && !args_has(plan->args, "way") ? "poll" : NULL;
    size_t w = 0;
    if (!way)
        way = wanted(plan, "way", "Way: push (it posts), poll (we ask), file (it is imported)",
                     "push");
    while (way && w < sizeof ways / sizeof *ways && strcmp(way, ways[w]) != 0)
        w++;
    if (!way || w == sizeof ways / sizeof *ways)
        return ctl_usage(plan->ctl, "it needs --way push, --way poll or --way file");
    plan->way = (enum source_way)w;
    if (plan->way == WAY_POLL)
        url = wanted(plan, "url", "URL of its endpoint", NULL);
    if ((plan->way == WAY_POLL) != (url && *url))
        return ctl_usage(plan->ctl, "--way poll and --url go together");
    (void)put(plan, STR("url"), url);
    return CTL_OK;
}

static enum ctl_exit plan_reading(struct source_plan *plan) {
    const char *template = wanted(plan, "template", "Template", "native");
    const char *secret = args_value(plan->args, "secret-file");
    if (plan->way == WAY_POLL && !secret && ask_can()) {
        secret = keep(plan, ask_line("File for its secret; empty: it asks none", ""));
        plan->asked = true;
    }
    if (template && strcmp(template, "native") == 0 && plan->way != WAY_POLL)
        template = NULL; // it is what a source that posts has
    plan->secret_file = secret && *secret ? secret : NULL;
    (void)put(plan, STR("template"), template);
    (void)put(plan, STR("secret_file"), secret);
    return CTL_OK;
}

static enum ctl_exit plan_rest(struct source_plan *plan) {
    const char *set;
    for (size_t i = 0; (set = args_nth(plan->args, "set", i)); i++) {
        const char *equals = strchr(set, '=');
        if (!equals || equals == set)
            return ctl_usage(plan->ctl, "--set takes COLUMN=VALUE");
        if (!put(plan, (struct str){set, (size_t)(equals - set)}, equals + 1))
            return ctl_usage(plan->ctl, "--set: too many columns");
    }
    const char *certificate = args_value(plan->args, "certificate");
    if (certificate && plan->way != WAY_PUSH)
        return ctl_usage(plan->ctl, "--certificate is of a source that posts: --way push");
    (void)put(plan, STR("certificates"), certificate);
    // Who shows a certificate needs no token.
    if (plan->way == WAY_PUSH && (!certificate || args_has(plan->args, "token-file"))) {
        secret_make_token(plan->token, plan->hash);
        (void)put(plan, STR("tokens"), plan->hash);
    }
    return CTL_OK;
}

enum ctl_exit source_plan_make(struct source_plan *plan) {
    static enum ctl_exit (*const steps[])(struct source_plan *) = {plan_who, plan_way, plan_reading,
                                                                   plan_rest};
    enum ctl_exit result = CTL_OK;
    for (size_t i = 0; result == CTL_OK && i < sizeof steps / sizeof *steps; i++)
        result = steps[i](plan);
    return result;
}

void source_plan_free(struct source_plan *plan) {
    for (size_t i = 0; i < plan->text_count; i++)
        free(plan->texts[i]);
    hash_wipe(plan->token, sizeof plan->token);
}
