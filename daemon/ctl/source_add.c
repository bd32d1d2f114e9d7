// SPDX-License-Identifier: EUPL-1.2
// signaalctl source add: a line in sources.csv, from the mail of a municipality to its first
// signal. All or nothing: what is checked, tried, put in place and taken over by the daemon stays;
// when any of these fails, the old file is back and the files of secrets made here are gone. The
// token is shown last, so nobody has one that does not count.
#include "codec/json_out.h"
#include "config/files.h"
#include "ctl/template/show.h"
#include "source_plan.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONFIG_FILE "/etc/signaald/signaald.yaml"

enum { FAULTS_MAX = 1 << 20, ITEMS_SHOWN = 3, JSON_MAX = 4 << 20 };

struct adding {
    struct source_plan plan;
    struct config *config;
    struct tables *tables;
    struct sources *sources; // with the new line
    struct table_file file;
    char *secret_path, *headers_path; // NULL: none
    bool secret_made, token_made;     // files that go when it comes to nothing
    bool tried;
    struct try_tally tally;
    struct client_reply reply; // of the reload
};

static void show_faults(const struct adding *adding, struct str faults) {
    struct str line;
    const char *beside = adding->file.beside ? adding->file.beside : "";
    size_t len = strlen(beside);
    while (str_split(&faults, '\n', &line)) {
        bool ours = len && line.len > len && memcmp(line.data, beside, len) == 0;
        size_t skip = ours ? len : 0;
        if (line.len)
            (void)ctl_fail("%s%.*s", ours ? adding->file.path : "", (int)(line.len - skip),
                           line.data + skip);
    }
}

static enum ctl_exit load_config(struct adding *adding) {
    const char *given = args_value(adding->plan.args, "config");
    const char *file = given ? given : getenv("SIGNAALD_CONFIG");
    struct diagnostics faults;
    struct err err;
    diagnostics_init(&faults);
    faults.by_hand = true;
    adding->config = config_load(file && *file ? file : CONFIG_FILE, NULL, &faults);
    if (!adding->config)
        show_faults(adding, buf_str(&faults.text));
    diagnostics_free(&faults);
    if (!adding->config)
        return CTL_FAILED;
    adding->tables = tables_load(&adding->config->table_files, &err);
    if (!adding->tables)
        return ctl_fail("%s", err.text);
    adding->plan.config = adding->config;
    adding->plan.tables = adding->tables;
    return CTL_OK;
}

// The daemon's user, whom root makes files for.
static void find_owner(const struct adding *adding, struct stat *owner) {
    if (stat(adding->config->state_dir, owner) != 0)
        *owner = adding->file.before;
}

static const char *cell_of(const struct source_plan *plan, const char *column) {
    for (size_t i = 0; i < plan->count; i++)
        if (str_is(plan->cells[i].column, column))
            return plan->cells[i].value;
    return NULL;
}

// The file of the secret, made where it is not there. A credential of the service is not looked at.
static bool have_secret(struct adding *adding, const char *dir, struct err *err) {
    const char *file = adding->plan.secret_file;
    struct stat st, owner;
    if (!file || strncmp(file, "${", 2) == 0)
        return true;
    if (!config_path(dir, str_from(file), &adding->secret_path, err))
        return false;
    if (lstat(adding->secret_path, &st) == 0)
        return true;
    char *secret = ask_secret("Secret that its endpoint asks for");
    if (!secret || !*secret) {
        mem_wipe_free(secret);
        return err_set(err, ERR_CONFIG, "%s is not there, and standard input gives no secret",
                       adding->secret_path);
    }
    find_owner(adding, &owner);
    adding->secret_made =
        secret_write(adding->secret_path, secret, owner.st_uid, owner.st_gid, err);
    mem_wipe_free(secret);
    return adding->secret_made;
}

// The line beside the table, and all that --check-config says of a table with it.
static enum ctl_exit check(struct adding *adding) {
    struct source_plan *plan = &adding->plan;
    struct buf faults;
    struct err err;
    const char *headers = cell_of(plan, "headers_file");
    char *dir = config_path_dir(adding->config->sources_file);
    bool ok = table_file_open(&adding->file, adding->config->sources_file, &err) &&
              have_secret(adding, dir, &err) &&
              (!headers || config_path(dir, str_from(headers), &adding->headers_path, &err)) &&
              table_file_add(&adding->file, plan->cells, plan->count, &err);
    free(dir);
    if (!ok)
        return ctl_fail("%s", err.text);
    free(adding->config->sources_file);
    adding->config->sources_file = mem_strdup(adding->file.beside);
    struct tables *tables;
    buf_init(&faults, FAULTS_MAX);
    ok = sources_load_all(adding->config, true, &adding->sources, &tables, &faults);
    if (!ok)
        show_faults(adding, buf_str(&faults));
    buf_free(&faults);
    tables_unref(tables);
    return ok ? CTL_OK : CTL_FAILED;
}

// What the endpoint says, or the file of --sample.
static enum ctl_exit try_first_page(struct adding *adding) {
    const struct source_plan *plan = &adding->plan;
    const struct source *source = sources_find(adding->sources, str_from(plan->name));
    const char *sample = args_value(plan->args, "sample");
    if (args_has(plan->args, "untried") || (plan->way != WAY_POLL && !sample))
        return CTL_OK;
    const struct try_ask ask = {
        .template = source->template ? source->template
                                     : templates_find(adding->sources->templates, STR("native")),
        .tables = adding->tables,
        .fetch = {.url = sample ? sample : source->url,
                  .secret_file = adding->secret_path,
                  .client_cert_file = source->client_cert_file,
                  .headers_file = adding->headers_path,
                  .fsc_grant = source->fsc_grant,
                  .ca_file = adding->config->fetch.ca_file,
                  .ssh_user = source->ssh_user,
                  .ssh_key_file = source->ssh_key_file,
                  .ssh_host_key = source->ssh_host_key},
        .silent = plan->ctl->json,
        .items_max = ITEMS_SHOWN,
        .municipality = source->municipality};
    adding->tried = true;
    if (try_show(plan->ctl, &ask, &adding->tally) && adding->tally.read &&
        (adding->tally.good || !adding->tally.items))
        return CTL_OK;
    return ctl_fail("of this page nothing can be taken, so no line is written; with --untried it "
                    "is written all the same");
}

static enum ctl_exit confirm(const struct adding *adding) {
    if (!adding->plan.asked || args_has(adding->plan.args, "dry-run"))
        return CTL_OK;
    fflush(adding->plan.ctl->term.out);
    char *answer = ask_line("Write this line, y or n", "n");
    bool yes = answer && (answer[0] == 'y' || answer[0] == 'j');
    free(answer);
    return yes ? CTL_OK : ctl_fail("no line is written");
}

static enum ctl_exit write_token(struct adding *adding) {
    const char *file = args_value(adding->plan.args, "token-file");
    struct err err;
    if (!file || !adding->plan.token[0])
        return CTL_OK;
    adding->token_made = secret_write(file, adding->plan.token, geteuid(), getegid(), &err);
    return adding->token_made ? CTL_OK : ctl_fail("%s", err.text);
}

// What the daemon says goes on; whatever it is but yes, the old file comes back.
static enum ctl_exit take_over(struct adding *adding) {
    const struct ctl *ctl = adding->plan.ctl;
    const struct client_request request = {.method = "POST", .target = "/v1/reload"};
    struct err err;
    bool answered = client_ask(ctl->path, &request, &adding->reply, &err);
    if (answered && client_reply_good(&adding->reply))
        return CTL_OK;
    if (answered)
        (void)ctl_refused(&(struct ctl){.term = ctl->term, .verb = ctl->verb}, &adding->reply);
    else
        (void)ctl_fail("%s", err.text);
    if (!table_file_undo(&adding->file, &err))
        return ctl_fail("%s: the line stays in it", err.text);
    return ctl_fail("%s is as it was%s", adding->file.path,
                    answered ? "" : "; with --no-reload the line is written without a daemon");
}

// Between the two no signal ends this, so that a line never stays whose token nobody has seen.
static enum ctl_exit install(struct adding *adding) {
    struct err err;
    sigset_t all;
    (void)sigfillset(&all);
    (void)sigprocmask(SIG_BLOCK, &all, NULL);
    enum ctl_exit result = write_token(adding);
    if (result != CTL_OK)
        return result;
    if (!table_file_install(&adding->file, &err))
        return ctl_fail("%s", err.text);
    return args_has(adding->plan.args, "no-reload") ? CTL_OK : take_over(adding);
}

static void print_json(const struct adding *adding, bool written) {
    const struct source_plan *plan = &adding->plan;
    struct buf out;
    buf_init(&out, JSON_MAX);
    struct json_out json = {.buf = &out};
    const char *token_file = args_value(plan->args, "token-file");
    bool pushes = plan->token[0] != '\0', reloaded = adding->reply.body.len > 0;
    json_open(&json, '{');
    json_put_text(&json, "name", plan->name);
    json_put_u64(&json, "line", adding->file.line);
    json_put_text(&json, "token", pushes && written && !token_file ? plan->token : NULL);
    json_put_text(&json, "tokenFile", pushes && written ? token_file : NULL);
    json_put_text(&json, "secretFile", adding->secret_path);
    json_put_bool(&json, "tried", adding->tried);
    json_put_u64(&json, "items", adding->tally.items);
    json_put_u64(&json, "good", adding->tally.good);
    json_put_bool(&json, "written", written);
    json_key(&json, "reload");
    if (reloaded)
        json_raw(&json, str_trim(buf_str(&adding->reply.body)));
    else
        json_null(&json);
    json_close(&json, '}');
    ctl_print_json(plan->ctl, buf_str(&out));
    hash_wipe(out.data, out.len);
    buf_free(&out);
}

static void print_text(const struct adding *adding, bool written) {
    const struct source_plan *plan = &adding->plan;
    const struct term_out *term = &plan->ctl->term;
    const char *token_file = args_value(plan->args, "token-file");
    struct json_view *answer = NULL;
    if (adding->reply.body.len)
        answer = json_view_parse(buf_str(&adding->reply.body), NULL);
    if (answer)
        (void)reload_verb.question.print(plan->ctl, answer);
    json_view_free(answer);
    term_out_print(term, STYLE_PLAIN, "%s: %s line %u, %s", adding->file.path,
                   written ? "it has" : "it would have", adding->file.line, plan->name);
    if (written && adding->secret_made)
        term_out_print(term, STYLE_PLAIN, "its secret is in %s", adding->secret_path);
    if (!written || !plan->token[0])
        return;
    if (token_file)
        term_out_print(term, STYLE_PLAIN, "its token is in %s", token_file);
    else
        term_out_print(term, STYLE_STRONG, "its token, shown only now: %s", plan->token);
}

static enum ctl_exit add(struct adding *adding) {
    bool dry = args_has(adding->plan.args, "dry-run");
    enum ctl_exit result = load_config(adding);
    if (result == CTL_OK)
        result = source_plan_make(&adding->plan);
    if (result == CTL_OK)
        result = check(adding);
    if (result == CTL_OK)
        result = try_first_page(adding);
    if (result == CTL_OK)
        result = confirm(adding);
    if (result == CTL_OK && !dry)
        result = install(adding);
    if (result == CTL_OK && adding->plan.ctl->json)
        print_json(adding, !dry);
    else if (result == CTL_OK)
        print_text(adding, !dry);
    if (result != CTL_OK || dry) {
        if (adding->secret_made)
            (void)unlink(adding->secret_path);
        if (adding->token_made)
            (void)unlink(args_value(adding->plan.args, "token-file"));
    }
    return result;
}

static enum ctl_exit run_source(const struct ctl *ctl, const struct args *args) {
    struct adding adding = {.plan = {.ctl = ctl, .args = args}, .file = {.fd = -1}};
    if (strcmp(args->words[0], "add") != 0)
        return ctl_usage(ctl, "it knows add");
    if (!hash_init())
        return ctl_fail("this system gives no randomness");
    config_set_service_environment();
    enum ctl_exit result = add(&adding);
    client_reply_free(&adding.reply);
    table_file_close(&adding.file);
    sources_unref(adding.sources);
    tables_unref(adding.tables);
    source_plan_free(&adding.plan);
    free(adding.secret_path);
    free(adding.headers_path);
    if (adding.config)
        config_free(adding.config);
    return result;
}

static const struct args_option options[] = {
    {"kind", 0, "KIND", "as sources.csv has it; of a municipality not needed"},
    {"municipality", 0, "WORD", "its own, by name or code"},
    {"way", 0, "push|poll|file", "it posts, we ask, or its files are imported"},
    {"url", 0, "URL", "of the endpoint that is polled"},
    {"template", 0, "NAME", "how it is read; default: native"},
    {"secret-file", 0, "FILE", "with the endpoint's secret; it is made if needed"},
    {"token-file", 0, "FILE", "for the new token, which is then not shown"},
    {"certificate", 0, "BINDING", "its client shows one: oin:NUMBER or sha256:DIGEST"},
    {"set", 0, "COLUMN=VALUE", "any other column; may be given again"},
    {"sample", 0, "FILE", "try this, instead of what the endpoint has"},
    {"untried", 0, NULL, "try nothing"},
    {"no-reload", 0, NULL, "write the line only"},
    {"dry-run", 0, NULL, "check and try, and write nothing"},
    {"config", 'c', "FILE", "of signaald; default: $SIGNAALD_CONFIG"},
    {0},
};

const struct ctl_verb source_verb = {
    .name = "source",
    .words = "add [NAME]",
    .help = "Add a source: a line in sources.csv",
    .more =
        "On a terminal it asks for what the options lack. A source that posts gets a token, which "
        "is shown once: only its hash is kept. With --certificate it gets one only if there is a "
        "--token-file. The endpoint of one that is polled is asked as the "
        "daemon would, and what the template makes of its first page is shown, as signaalctl try "
        "shows it, personal data too. Then the table with the new line is checked as signaald "
        "--check-config does, put in place, and the daemon reloads it. When any of this fails, all "
        "is as it was. Other lines, mode and owner of the file stay. A file for a secret or a "
        "token has mode 0600; without a terminal the secret comes from standard input. The table "
        "is the one that the configuration names: $SIGNAALD_CONFIG, else " CONFIG_FILE ". For who "
        "may write it, mostly root.",
    .options = options,
    .word_count = 1,
    .optional_word_count = 1,
    .run = run_source,
};
