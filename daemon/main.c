// SPDX-License-Identifier: EUPL-1.2
// signaald: argv and exit status. 0 fine, 1 failed while running, 2 bad usage or configuration, 3
// the ledger is damaged.
#include "app.h"
#include "base/mem.h"
#include "base/pii/log.h"
#include "by_hand.h"
#include "codec/json_wipe.h"
#include "config/files.h"
#include "edge/journal.h"
#include "rebuild/rebuild.h"
#include "rebuild/restore.h"

#include <getopt.h>
#ifdef SIGNAALD_MIMALLOC
#include <mimalloc.h>
#endif
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EXIT_USAGE = 2, FREE_KEPT_MS = 5 };

enum mode {
    RUN,
    CHECK = 256,
    PRINT,
    PRINT_MANUAL,
    INIT,
    VERIFY,
    REBUILD,
    LEDGER_ID,
    PARTIAL,
    RESTORE,
    REPLACE,
    VERSION,
    HELP
};

static const char usage[] =
    "Usage: signaald [-c FILE] [--check-config | --print-config | --init | --verify |\n"
    "                           --restore BACKUP | --rebuild]\n"
    "Takes in signals of possible human trafficking, counts them and publishes them to Kafka.\n"
    "\n"
    "  -c, --config FILE   configuration (default /etc/signaald/signaald.yaml)\n"
    "      --check-config  check it and every file it names, tell all faults, and end\n"
    "      --print-config  show what is in force, secrets masked, and end\n"
    "      --init          begin an empty ledger in an empty state directory, and end: once, "
    "before\n"
    "                      the very first start\n"
    "      --verify        compare the ledger with all that is made from it, and end;\n"
    "                      reads only, also beside a running daemon\n"
    "      --restore BACKUP  put a backup of signaalctl backup in the place of the ledger: a "
    "directory,\n"
    "                      a file, or - for standard input; and end. The service is stopped\n"
    "      --replace       with --restore: also where there is a ledger\n"
    "      --rebuild       make the ledger anew from the Kafka topics, after its disk was lost:\n"
    "                      into an empty state directory, with the old identity key, and end\n"
    "      --ledger-id HEX with --rebuild: which ledger, when several have written to the topic\n"
    "      --partial       with --rebuild: also when the topic is no longer whole\n"
    "      --version       show the version and end\n"
    "      --help          show this and end\n"
    "\n"
    "Exit status: 0 fine, 1 failed while running or not whole, 2 bad usage or configuration,\n"
    "3 the ledger is damaged.\n"
    "Signals: SIGTERM stops, SIGHUP reads the tables again.\n";

// LMDB reads its file as memory: what the disk cannot give comes as a signal. The next start reads
// it otherwise, and says what is damaged.
static void on_bad_page(int signum) {
    static const char text[] = "<2>[S013] a page of the ledger's file cannot be read (SIGBUS): its "
                               "disk fails, or it was cut "
                               "off; ending\n";
    (void)signum;
    (void)!write(STDERR_FILENO, text, sizeof text - 1);
    _exit(EXIT_FAILURE);
}

// Personal data goes through this process's memory: no core dump, and files are the owner's alone.
static void harden(void) {
    const struct rlimit none = {0, 0};
    (void)umask(077);
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    (void)signal(SIGBUS, on_bad_page);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN); // a file at its limit is a failed write, not our end
}

// Without a configuration: its list of keys, for the manual.
static int print(const struct config *config) {
    struct buf text;
    buf_init(&text, 1 << 20);
    if (config)
        config_print(config, &text);
    else
        config_print_manual(&text);
    (void)fwrite(text.data, 1, text.len, stdout);
    buf_free(&text);
    return EXIT_SUCCESS;
}

// NULL: why not was told.
static struct config *load(int mode, const char *file, struct diagnostics *faults) {
    diagnostics_init(faults);
    faults->by_hand = mode != RUN && mode != REBUILD && mode != RESTORE;
    faults->wants_state = mode != INIT && mode != PRINT;
    faults->thorough = mode == CHECK;
    struct config *config = config_load(file, by_hand_find_faults, faults);
    if (faults->text.len)
        (void)fwrite(faults->text.data, 1, faults->text.len, stderr);
    if (faults->advice)
        (void)fprintf(stderr, "signaald: %s\n", faults->advice);
    if (!config && mode == RUN)
        log_alarm(ALARM_CONFIGURATION, "the configuration is at fault: see the lines before this");
    diagnostics_free(faults);
    return config;
}

// The same as the service's user, who may not be able to read what root can.
static bool stand_in(int mode, struct config **config, struct diagnostics *faults) {
    struct err err;
    bool was_root = geteuid() == 0;
    if (mode != CHECK && mode != VERIFY && mode != REBUILD && mode != RESTORE)
        return true;
    if (!by_hand_become_user(*config, &err)) {
        (void)fprintf(stderr, "signaald: %s\n", err.text);
        return false;
    }
    if (mode == CHECK && was_root && geteuid() != 0) {
        char *file = mem_strdup((*config)->file);
        config_free(*config);
        *config = load(mode, file, faults);
        free(file);
    }
    return *config != NULL;
}

// What the command line says beside the mode.
struct words {
    const char *file;
    struct rebuild_options rebuild;
    struct restore_options restore;
};

static int perform(int mode, struct config *config, const struct diagnostics *faults,
                   const struct words *words) {
    switch (mode) {
    case CHECK:
        return by_hand_check(config, faults);
    case PRINT:
        return print(config);
    case INIT:
        return by_hand_init(config);
    case VERIFY:
        return verify_offline(config);
    case REBUILD:
        return rebuild_run(config, &words->rebuild);
    case RESTORE:
        return restore_run(config, &words->restore);
    default:
        return app_run(config);
    }
}

static int act(int mode, struct words *words) {
    struct diagnostics faults;
    sigset_t hup;
    (void)sigemptyset(&hup);
    (void)sigaddset(&hup, SIGHUP);
    if (mode == RUN) {
        journal_take_log();
        (void)sigprocmask(SIG_BLOCK, &hup, NULL); // until a reload can be done
    } else {
        config_set_service_environment();
    }
    if (mode == RESTORE && !restore_open(&words->restore)) // as who may read it
        return EXIT_USAGE;
    struct config *config = load(mode, words->file, &faults);
    int status = EXIT_USAGE;
    if (config && stand_in(mode, &config, &faults)) {
        log_set_level((enum log_level)config->log_level);
        status = perform(mode, config, &faults, words);
    }
    config_free(config);
    return status;
}

// What is free goes back to the system soon: a large answer's memory is not kept for the next.
static void set_allocator(void) {
#ifdef SIGNAALD_MIMALLOC
    mi_option_set(mi_option_decommit_delay, FREE_KEPT_MS);
#endif
}

int main(int argc, char **argv) {
    set_allocator();
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"check-config", no_argument, NULL, CHECK},
                                            {"print-config", no_argument, NULL, PRINT},
                                            {"print-manual", no_argument, NULL, PRINT_MANUAL},
                                            {"init", no_argument, NULL, INIT},
                                            {"verify", no_argument, NULL, VERIFY},
                                            {"rebuild", no_argument, NULL, REBUILD},
                                            {"ledger-id", required_argument, NULL, LEDGER_ID},
                                            {"partial", no_argument, NULL, PARTIAL},
                                            {"restore", required_argument, NULL, RESTORE},
                                            {"replace", no_argument, NULL, REPLACE},
                                            {"version", no_argument, NULL, VERSION},
                                            {"help", no_argument, NULL, HELP},
                                            {NULL, 0, NULL, 0}};
    struct words words = {.file = "/etc/signaald/signaald.yaml"};
    int mode = RUN, option;
    while ((option = getopt_long(argc, argv, "c:", options, NULL)) != -1) {
        if (option == 'c')
            words.file = optarg;
        else if (option == LEDGER_ID)
            words.rebuild.ledger_id = optarg;
        else if (option == PARTIAL)
            words.rebuild.partial = true;
        else if (option == REPLACE)
            words.restore.replace = true;
        else if (option == '?')
            return EXIT_USAGE;
        else
            mode = option;
        if (option == RESTORE)
            words.restore.from = optarg;
    }
    bool stray = ((words.rebuild.ledger_id || words.rebuild.partial) && mode != REBUILD) ||
                 ((words.restore.replace || words.restore.from) && mode != RESTORE);
    if (mode == HELP || optind < argc || stray) {
        (void)fputs(usage, mode == HELP ? stdout : stderr);
        return mode == HELP ? EXIT_SUCCESS : EXIT_USAGE;
    }
    if (mode == VERSION) {
        (void)puts("signaald " SIGNAALD_VERSION);
        return EXIT_SUCCESS;
    }
    if (mode == PRINT_MANUAL)
        return print(NULL);
    harden();
    json_wipe_install();
    if (!hash_init()) {
        (void)fputs("signaald: the system gives no random numbers\n", stderr);
        return EXIT_FAILURE;
    }
    return act(mode, &words);
}
