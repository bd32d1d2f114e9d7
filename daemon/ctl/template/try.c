// SPDX-License-Identifier: EUPL-1.2
// signaalctl try: what a template makes of a payload, field by field, with nothing sent to a daemon
// and nothing stored. It decodes with the daemon's own code, so what it shows is what would happen.
#include "try.h"

#include "base/mem.h"
#include "ctl/sheet/file.h"
#include "ctl/sheet/sheet.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SYSTEM_TABLES "/etc/signaald"
#define LOCAL_TABLES "conf"

enum { ITEMS_DEFAULT = 5, TEMPLATE_BYTES_MAX = 1 << 20, LIST_BYTES_MAX = 4096 };
enum { ITEM_BYTES_MAX = 64 << 10, PAGE_ITEMS_MAX = 1000000, DEPTH_MAX = 32 };

static const struct decode_limits limits = {
    .item_bytes_max = ITEM_BYTES_MAX, .items_max = PAGE_ITEMS_MAX, .depth_max = DEPTH_MAX};

static char *copy_str(struct str text) {
    return text.data ? mem_strndup(text.data, text.len) : NULL;
}

static void on_trace(void *ctx, const struct mapping_trace *trace) {
    struct try_run *run = ctx;
    if (run->item_count == run->items_max)
        return;
    struct try_item *item = &run->items[run->item_count++];
    item->index = trace->index;
    item->line = trace->line;
    item->excluded = trace->excluded;
    for (int f = 0; f < MAPPING_FIELDS; f++) {
        item->raw[f] = copy_str(trace->raw[f]);
        item->value[f] = copy_str(trace->value[f]);
    }
}

// Native JSON has no mapping: each field is as it is.
static void on_native(void *ctx, const struct decode_item *decoded) {
    const struct item *item = &decoded->item;
    struct mapping_trace trace = {.index = decoded->index, .line = decoded->line};
    struct buf categories;
    buf_init(&categories, LIST_BYTES_MAX);
    for (size_t i = 0; i < item->category_count; i++) {
        if (i)
            buf_putc(&categories, '|');
        buf_put_str(&categories, item->categories[i]);
    }
    trace.raw[MAPPING_ID] = item->id;
    trace.raw[MAPPING_REPORTED] = item->reported;
    trace.raw[MAPPING_OCCURRED] = item->occurred;
    trace.raw[MAPPING_MUNICIPALITY] = item->municipality;
    trace.raw[MAPPING_CATEGORY] = item->category_count ? buf_str(&categories) : (struct str){0};
    trace.raw[MAPPING_GENDER] = item->gender;
    trace.raw[MAPPING_AGE] = item->age;
    trace.raw[MAPPING_AGE_GROUP] = item->age_group;
    trace.raw[MAPPING_BIRTH_YEAR] = item->birth_year;
    trace.raw[MAPPING_CITIZENSHIP] = item->citizenship;
    trace.raw[MAPPING_PERSON_NAME] = item->person.name;
    trace.raw[MAPPING_BIRTH_DATE] = item->person.birth_date;
    trace.raw[MAPPING_NATIONALITY] = item->person.nationality;
    trace.raw[MAPPING_V_NUMBER] = item->person.v_number;
    trace.raw[MAPPING_STATUS] = item->status;
    trace.raw[MAPPING_WITHDRAWN] = item->withdrawn ? STR("true") : (struct str){0};
    memcpy(trace.value, trace.raw, sizeof trace.value);
    on_trace(ctx, &trace);
    buf_free(&categories);
}

static bool ends_in(const char *text, const char *ending) {
    size_t len = strlen(text), end = strlen(ending);
    return len > end && strcmp(text + len - end, ending) == 0;
}

static void trace_page(struct try_run *run, enum decode_format format) {
    const struct template *template = run->template;
    struct door door;
    struct mapping_result mapped;
    struct decode_result decoded;
    struct mapping relaxed;
    const struct decode_options options = {.format = format, .limits = limits};
    run->items = mem_zalloc(run->items_max, sizeof *run->items);
    if (run->allow_missing)
        mapping_relax(&template->mapping, &relaxed);
    if (!door_open((struct str){run->body, run->body_len},
                   template->mapping.latin1 ? DOOR_LATIN1 : run->charset, &door))
        return;
    if (template->native)
        decode_items(door.text, &options, on_native, run, &decoded);
    else
        mapping_decode_traced(run->allow_missing ? &relaxed : &template->mapping, door.text,
                              &limits, on_trace, run, &mapped);
    door_close(&door);
}

static void decode_page(struct try_run *run, enum decode_format format, uint16_t municipality) {
    static const struct hash_key key;
    static const struct person_keys persons = {.count = 1};
    const struct tables *tables = run->tables;
    struct page *page = &run->page;
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    const struct page_options options = {.mapping =
                                             run->template->native ? NULL : &run->template->mapping,
                                         .format = format,
                                         .charset = run->charset,
                                         .limits = limits,
                                         .imported = true,
                                         .one_of_several = true,
                                         .preview = true,
                                         .allow_missing = run->allow_missing,
                                         .context = {.municipalities = tables->municipalities,
                                                     .categories = tables->categories,
                                                     .allowlist = tables->allowlist,
                                                     .identity_key = &key,
                                                     .person_keys = &persons,
                                                     .source = STR("try"),
                                                     .source_municipality = municipality,
                                                     .received_ms = (int64_t)now.tv_sec * 1000}};
    page_decode(page, (struct str){run->body, run->body_len}, &options);
}

static bool is_readable(const char *dir, const char *name) {
    char path[PATH_MAX];
    int len = snprintf(path, sizeof path, "%s/%s", dir, name);
    return len > 0 && (size_t)len < sizeof path && access(path, R_OK) == 0;
}

static struct tables *load_tables(const char *given, struct err *err) {
    const char *dir = given                                              ? given
                      : is_readable(SYSTEM_TABLES, "municipalities.csv") ? SYSTEM_TABLES
                                                                         : LOCAL_TABLES;
    char municipalities[PATH_MAX], variants[PATH_MAX], categories[PATH_MAX], allowlist[PATH_MAX];
    if (strlen(dir) + sizeof "/name-variants.csv" > PATH_MAX) {
        (void)err_set(err, ERR_CONFIG, "the path of the tables is too long");
        return NULL;
    }
    (void)snprintf(municipalities, sizeof municipalities, "%s/municipalities.csv", dir);
    (void)snprintf(variants, sizeof variants, "%s/name-variants.csv", dir);
    (void)snprintf(categories, sizeof categories, "%s/categories.csv", dir);
    (void)snprintf(allowlist, sizeof allowlist, "%s/display-allowlist.txt", dir);
    const struct table_files files = {municipalities, variants, categories, allowlist};
    return tables_load(&files, err);
}

// The file that a template's name or path means.
static bool find_file(const char *template, const char *dir, char file[PATH_MAX], struct err *err) {
    char name[PATH_MAX];
    int len;
    if (strchr(template, '/') || ends_in(template, ".yaml")) {
        len = snprintf(file, PATH_MAX, "%s", template);
    } else {
        len = snprintf(name, sizeof name, "%s.yaml", template);
        if (!dir)
            dir = len > 0 && (size_t)len < sizeof name &&
                          is_readable(SYSTEM_TABLES "/templates", name)
                      ? SYSTEM_TABLES "/templates"
                      : LOCAL_TABLES "/templates";
        len = snprintf(file, PATH_MAX, "%s/%s.yaml", dir, template);
    }
    return (len > 0 && len < PATH_MAX) ||
           err_set(err, ERR_CONFIG, "the path of the template is too long");
}

static struct templates *read_template(const char *file, struct diagnostics *faults,
                                       struct err *err) {
    const char *slash = strrchr(file, '/'), *base = slash ? slash + 1 : file;
    struct buf text = {0};
    if (!str_read_file(file, TEMPLATE_BYTES_MAX, &text, err))
        return NULL;
    char *name =
        mem_strndup(base, ends_in(base, ".yaml") ? strlen(base) - strlen(".yaml") : strlen(base));
    struct templates *templates = templates_load_text(buf_str(&text), name, faults);
    buf_free(&text);
    free(name);
    return templates;
}

// NULL when it has told why.
static struct templates *load_template(const char *template, const char *dir) {
    struct diagnostics faults;
    struct err err = {0};
    char file[PATH_MAX];
    struct templates *templates = NULL;
    diagnostics_init(&faults);
    if (strcmp(template, "native") == 0)
        templates = templates_load(NULL, &faults);
    else if (find_file(template, dir, file, &err))
        templates = read_template(file, &faults, &err);
    if (err.kind != ERR_NONE)
        (void)ctl_fail("%s", err.text);
    struct str rest = buf_str(&faults.text), line;
    while (!templates && str_split(&rest, '\n', &line))
        if (line.len)
            (void)ctl_fail("%.*s", (int)line.len, line.data);
    diagnostics_free(&faults);
    return templates;
}

static bool is_url(const char *text) {
    return strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0 ||
           strncmp(text, "sftp://", 7) == 0;
}

static void ignore_item(void *ctx, const struct decode_item *item) {
    (void)ctx;
    (void)item;
}

static bool fits_template(void *ctx, struct str csv) {
    const struct try_run *run = ctx;
    struct mapping_result result;
    mapping_decode(&run->template->mapping, csv, &limits, ignore_item, NULL, &result);
    return !result.decoded.failed ||
           (result.decoded.fault != FAULT_MISSING_PLACE && result.decoded.fault != FAULT_REQUIRED);
}

// Of a workbook, the sheet that is meant.
static bool open_book(struct try_run *run, const char *file, struct buf *bytes, struct err *err) {
    const struct door_form *form = door_form_of(buf_str(bytes));
    const struct sheet_options options = {.name = run->sheet, .fits = fits_template, .ctx = run};
    bool table = !run->template->native && run->template->mapping.format == MAPPING_CSV;
    struct sheet sheet;
    struct err why;
    if (!table || door_book_of(form) == DOOR_NO_BOOK)
        return !run->sheet || err_set(err, ERR_CONFIG,
                                      "%s is no workbook that this template can read: leave "
                                      "--sheet out",
                                      file);
    if (!sheet_read(buf_str(bytes), door_book_of(form), &options, &sheet, &why))
        return err_set(err, why.kind, "it is %s: %s", form->name, why.text);
    if (sheet.chosen)
        (void)ctl_fail("of several sheets \"%s\" is read", sheet.name);
    buf_free(bytes);
    *bytes = sheet.csv;
    run->book = true;
    return true;
}

static bool load_page(struct try_run *run, const struct try_fetch *fetch, struct err *err) {
    struct buf bytes = {0};
    if (is_url(fetch->url))
        return try_fetch_page(run, fetch, err);
    if (!file_read(fetch->url, TRY_PAGE_BYTES_MAX, &bytes, err))
        return false;
    if (!open_book(run, fetch->url, &bytes, err)) {
        buf_free(&bytes);
        return false;
    }
    run->body_len = bytes.len;
    run->body = buf_take(&bytes);
    return true;
}

static void free_run(struct try_run *run) {
    for (size_t i = 0; i < run->item_count; i++)
        for (int f = 0; f < MAPPING_FIELDS; f++) {
            free(run->items[i].raw[f]);
            free(run->items[i].value[f]);
        }
    free(run->items);
    free(run->body);
    free(run->link_next);
    page_free(&run->page);
}

// "GM0363" or nothing.
static bool read_municipality(const char *text, uint16_t *code) {
    uint64_t value = 0;
    bool ok = !text || (strlen(text) == 6 && strncmp(text, "GM", 2) == 0 &&
                        str_to_u64(str_from(text + 2), 9999, &value));
    *code = (uint16_t)value;
    return ok;
}

bool try_show(const struct ctl *ctl, const struct try_ask *ask, struct try_tally *tally) {
    struct try_run run = {.ctl = ctl,
                          .template = ask->template,
                          .allow_missing = ask->allow_missing,
                          .sheet = ask->sheet,
                          .items_max = ask->items_max,
                          .tables = ask->tables};
    const char *from = ask->fetch.url;
    enum decode_format format =
        ends_in(from, ".ndjson") || ends_in(from, ".jsonl") ? DECODE_NDJSON : DECODE_JSON;
    struct err err = {0};
    *tally = (struct try_tally){0};
    bool loaded = load_page(&run, &ask->fetch, &err);
    if (loaded) {
        trace_page(&run, format);
        decode_page(&run, format, ask->municipality);
        *tally = (struct try_tally){.read = !run.page.decoded.failed,
                                    .items = run.page.item_count,
                                    .good = page_add_up(&run.page).good};
        if (!ask->silent)
            try_print(&run);
    } else {
        (void)ctl_fail("%s", err.text);
    }
    free_run(&run);
    return loaded;
}

static enum ctl_exit run_page(const struct ctl *ctl, const struct args *args, struct try_ask *ask) {
    struct try_tally tally;
    struct err err;
    struct tables *tables = load_tables(args_value(args, "tables"), &err);
    if (!tables)
        return ctl_fail("%s", err.text);
    ask->tables = tables;
    ask->fetch = (struct try_fetch){.url = args->words[1],
                                    .secret_file = args_value(args, "secret-file"),
                                    .client_cert_file = args_value(args, "client-cert"),
                                    .headers_file = args_value(args, "headers-file"),
                                    .fsc_grant = args_value(args, "fsc-grant"),
                                    .ca_file = args_value(args, "ca-file"),
                                    .ssh_user = args_value(args, "ssh-user"),
                                    .ssh_key_file = args_value(args, "ssh-key-file"),
                                    .ssh_host_key = args_value(args, "ssh-host-key")};
    if (ask->fetch.ssh_host_key && strncmp(ask->fetch.ssh_host_key, "SHA256:", 7) == 0)
        ask->fetch.ssh_host_key += 7;
    bool shown = try_show(ctl, ask, &tally);
    tables_unref(tables);
    return shown && tally.read && tally.good == tally.items ? CTL_OK : CTL_FAILED;
}

static enum ctl_exit run_try(const struct ctl *ctl, const struct args *args) {
    struct try_ask ask = {.sheet = args_value(args, "sheet"),
                          .allow_missing = args_has(args, "allow-missing")};
    const char *items = args_value(args, "items");
    uint64_t count = ITEMS_DEFAULT;
    if (items && !str_to_u64(str_from(items), TRY_ITEMS_MAX, &count))
        return ctl_usage(ctl, "--items takes a number up to %d", TRY_ITEMS_MAX);
    if (!read_municipality(args_value(args, "municipality"), &ask.municipality))
        return ctl_usage(ctl, "--municipality takes a code such as GM0363");
    ask.items_max = (size_t)count;
    if (!hash_init())
        return ctl_fail("this system gives no randomness");
    struct templates *templates = load_template(args->words[0], args_value(args, "templates"));
    if (!templates)
        return CTL_FAILED;
    ask.template = &templates->list[0];
    if (strcmp(args->words[0], "native") == 0)
        ask.template = templates_find(templates, STR("native"));
    enum ctl_exit result = run_page(ctl, args, &ask);
    templates_free(templates);
    return result;
}

static const struct args_option options[] = {
    {"items", 'n', "N", "show the first N items; default: 5"},
    {"templates", 0, "DIR", "where templates are, see above"},
    {"tables", 0, "DIR", "where the reference tables are, see above"},
    {"allow-missing", 0, NULL, "columns, places and dates may be missing"},
    {"sheet", 0, "NAME", "of a workbook; default: the one with the header line"},
    {"municipality", 0, "CODE", "of the source, for items that name none"},
    {"secret-file", 0, "FILE", "holds the secret for the template's authentication"},
    {"client-cert", 0, "FILE", "PEM with a client certificate and its key"},
    {"headers-file", 0, "FILE", "holds fixed headers, Name: value on each line"},
    {"fsc-grant", 0, "HASH", "of an endpoint behind an FSC outway"},
    {"ca-file", 0, "FILE", "PEM: whom to trust, instead of the system's"},
    {"ssh-user", 0, "NAME", "of an sftp URL: our user over there"},
    {"ssh-key-file", 0, "FILE", "his private key"},
    {"ssh-host-key", 0, "SHA256:…", "fingerprint of the server's key"},
    {0},
};

const struct ctl_verb try_verb = {
    .name = "try",
    .words = "TEMPLATE FILE|URL",
    .help = "What a template makes of a payload; stores nothing",
    .more =
        "Reads a page from FILE (\"-\": standard input) or asks URL for it as the daemon would, "
        "with the template's query and authentication, and shows each item: the fields as they "
        "are there and as they become, then what is made of them or why it is refused. Last it "
        "says which fields were understood, which are not there, which columns or members were not "
        "understood, and whether the list goes on elsewhere. TEMPLATE is a name or the path of a "
        ".yaml file. FILE may be a workbook, as for import. URL may be a folder by SFTP, of which "
        "the "
        "newest file is read. It needs no daemon. Templates and "
        "tables are those in /etc/signaald, or in conf here when there are none. It prints what "
        "the payload says, personal data too if they are in mapped fields: mind who looks along. "
        "Exit status 0 when every item is good.",
    .options = options,
    .word_count = 2,
    .run = run_try,
};
