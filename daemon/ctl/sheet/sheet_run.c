// SPDX-License-Identifier: EUPL-1.2
// The converter's process. It gets a group of its own, no network where the kernel allows that, no
// new rights, and bounds of what it may use; it sees a directory that has nothing but the workbook.
// A pipe that it holds tells when it is gone. The signals that end us end it first: sheet.c holds
// them back until it has removed the directory.
#include "sheet_private.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CPU_SECONDS = 60, THREADS = 64, FILES = 64, MS = 1000, CANNOT_RUN = 127 };
#define MEMORY_BYTES ((rlim_t)2 << 30)

static bool limit(int what, rlim_t value) {
    const struct rlimit to = {.rlim_cur = value, .rlim_max = value};
    return setrlimit((__rlimit_resource_t)what, &to) == 0;
}

static bool bound(void) {
    return limit(RLIMIT_CPU, CPU_SECONDS) && limit(RLIMIT_AS, MEMORY_BYTES) &&
           limit(RLIMIT_FSIZE, SHEET_BYTES_MAX) && limit(RLIMIT_NPROC, THREADS) &&
           limit(RLIMIT_NOFILE, FILES) && limit(RLIMIT_CORE, 0) &&
           prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0;
}

// A kernel may refuse this to all but root, or to all.
static void leave_network(void) {
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
        (void)unshare(CLONE_NEWNET);
}

static bool connect_files(const char *out) {
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    int to = out ? open(out, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR) : nothing;
    return nothing >= 0 && to >= 0 && dup2(nothing, STDIN_FILENO) >= 0 &&
           dup2(to, STDOUT_FILENO) >= 0 && dup2(nothing, STDERR_FILENO) >= 0;
}

_Noreturn static void run_child(const char *dir, char *const argv[], const char *out,
                                const sigset_t *signals) {
    char home[PATH_MAX + 8], temporary[PATH_MAX + 8];
    // without the last it asks a bus of the desktop for settings
    char *const environment[] = {home, temporary, "LC_ALL=C.UTF-8", "GSETTINGS_BACKEND=memory",
                                 NULL};
    (void)snprintf(home, sizeof home, "HOME=%s", dir);
    (void)snprintf(temporary, sizeof temporary, "TMPDIR=%s", dir);
    (void)umask(S_IRWXG | S_IRWXO);
    if (setpgid(0, 0) == 0 && chdir(dir) == 0 && connect_files(out)) {
        leave_network();
        if (bound() && sigprocmask(SIG_SETMASK, signals, NULL) == 0)
            execve(argv[0], argv, environment);
    }
    _exit(CANNOT_RUN);
}

static int64_t now_ms(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * MS + now.tv_nsec / 1000000;
}

// Until it is gone, it is asked to end us, or the time is up.
static void wait_for(int gone, int ending, unsigned seconds) {
    struct pollfd fds[] = {{.fd = gone}, {.fd = ending, .events = POLLIN}};
    int64_t end = now_ms() + (int64_t)seconds * MS, left;
    while ((left = end - now_ms()) > 0 && poll(fds, 2, (int)left) < 0)
        continue;
}

static bool end_child(pid_t child) {
    int status = 0;
    (void)kill(-child, SIGKILL); // a group that has ended by itself keeps its status
    while (waitpid(child, &status, 0) < 0)
        continue;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool sheet_run(const struct sheet_place *place, char *const argv[], const char *out) {
    int pipes[2];
    if (pipe2(pipes, O_CLOEXEC) != 0)
        return false;
    int ending = signalfd(-1, &place->held, SFD_CLOEXEC | SFD_NONBLOCK);
    pid_t child = fork();
    if (child == 0) {
        if (fcntl(pipes[1], F_SETFD, 0) == 0) // it is open as long as the converter is there
            run_child(place->dir, argv, out, &place->before);
        _exit(CANNOT_RUN);
    }
    (void)close(pipes[1]);
    if (child > 0) {
        (void)setpgid(child, child); // whichever of us is first
        wait_for(pipes[0], ending, place->seconds);
    }
    bool ok = child > 0 && end_child(child);
    (void)close(pipes[0]);
    if (ending >= 0)
        (void)close(ending);
    return ok;
}
