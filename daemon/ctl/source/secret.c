// SPDX-License-Identifier: EUPL-1.2
// Tokens, files of secrets, and questions on the terminal. Questions go to stderr, so that stdout
// has the result alone. A secret is wiped as soon as it is written.
#include "ctl/source/secret.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

enum { TOKEN_RANDOM_BYTES = 32 };

void secret_make_token(char token[SECRET_TOKEN_MAX], char hash[SECRET_HASH_MAX]) {
    uint8_t random[TOKEN_RANDOM_BYTES], digest[SHA256_BYTES];
    struct buf text;
    buf_init(&text, SECRET_TOKEN_MAX - 1);
    hash_random(random, sizeof random);
    hash_put_base64(&text, (struct str){(const char *)random, sizeof random}, HASH_BASE64_URL);
    hash_sha256(buf_str(&text), digest);
    memcpy(token, text.data, text.len);
    token[text.len] = '\0';
    for (size_t i = 0; i < sizeof digest; i++)
        (void)snprintf(hash + 2 * i, 3, "%02x", digest[i]);
    hash_wipe(random, sizeof random);
    hash_wipe(text.data, text.len);
    buf_free(&text);
}

bool secret_write(const char *path, const char *text, uid_t uid, gid_t gid, struct err *err) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_set(err, ERR_CONFIG, "%s: %s", path, strerror(errno));
    size_t len = strlen(text);
    bool ok = (geteuid() != 0 || fchown(fd, uid, gid) == 0) &&
              write(fd, text, len) == (ssize_t)len && write(fd, "\n", 1) == 1 && fsync(fd) == 0;
    if (!ok)
        (void)err_set(err, ERR_CONFIG, "%s: %s", path, strerror(errno));
    (void)close(fd);
    if (!ok)
        (void)unlink(path);
    return ok;
}

bool ask_can(void) {
    return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

static char *read_line(void) {
    char *line = NULL;
    size_t room = 0;
    ssize_t len = getline(&line, &room, stdin);
    while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r'))
        line[--len] = '\0';
    if (len >= 0)
        return line;
    free(line);
    return NULL;
}

char *ask_line(const char *question, const char *fallback) {
    if (fallback)
        fprintf(stderr, "%s [%s]: ", question, fallback);
    else
        fprintf(stderr, "%s: ", question);
    char *line = read_line();
    if (!line || *line || !fallback)
        return line;
    free(line);
    return mem_strdup(fallback);
}

char *ask_secret(const char *question) {
    struct termios shown;
    bool terminal = ask_can() && tcgetattr(STDIN_FILENO, &shown) == 0;
    if (terminal) {
        struct termios hidden = shown;
        hidden.c_lflag &= ~(tcflag_t)ECHO;
        fprintf(stderr, "%s (not shown): ", question);
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    }
    char *line = read_line();
    if (terminal) {
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
        fputc('\n', stderr);
    }
    return line;
}
