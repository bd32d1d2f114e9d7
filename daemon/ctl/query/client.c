// SPDX-License-Identifier: EUPL-1.2
// The only file that knows libcurl. A plain request is one blocking transfer; a stream runs a loop
// of its own, in which a signal is one more thing that can become readable.
#include "ctl/query/client.h"

#include <assert.h>
#include <curl/curl.h>
#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    CONNECT_TIMEOUT_MS = 5000,
    ANSWER_TIMEOUT_S = 60,
    WAKE_MS = 1000,
    STATUS_GOOD_MIN = 200,
    STATUS_GOOD_MAX = 299,
};

void client_reply_free(struct client_reply *reply) {
    buf_free(&reply->body);
}

bool client_reply_good(const struct client_reply *reply) {
    return reply->status >= STATUS_GOOD_MIN && reply->status <= STATUS_GOOD_MAX;
}

bool client_path_fits(const char *path) {
    size_t len = strlen(path);
    return len > 0 && len < sizeof((struct sockaddr_un *)0)->sun_path;
}

// The group that may use the socket, for the advice to someone who may not. The folder counts when
// the socket itself cannot be seen. NULL: that of root, which nobody should be advised to be in.
static const char *socket_group(const char *path) {
    struct stat st;
    bool seen = stat(path, &st) == 0;
    const char *slash = strrchr(path, '/');
    if (!seen && slash && slash != path) {
        char folder[sizeof((struct sockaddr_un *)0)->sun_path];
        assert(client_path_fits(path));
        memcpy(folder, path, (size_t)(slash - path));
        folder[slash - path] = '\0';
        seen = stat(folder, &st) == 0;
    }
    if (seen && st.st_gid == 0)
        return NULL;
    const struct group *group = seen ? getgrgid(st.st_gid) : NULL;
    return group ? group->gr_name : "signaald";
}

static int64_t elapsed_s(CURL *easy) {
    curl_off_t us = 0;
    curl_easy_getinfo(easy, CURLINFO_TOTAL_TIME_T, &us);
    return ((int64_t)us + 500000) / 1000000;
}

static bool explain(CURL *easy, CURLcode code, const char *path, struct err *err) {
    long os_error = 0;
    curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &os_error);
    if (code == CURLE_COULDNT_CONNECT && (os_error == EACCES || os_error == EPERM)) {
        const char *group = socket_group(path);
        if (!group)
            return err_set(err, ERR_CONFIG, "no permission for %s: it is root's, so use sudo",
                           path);
        return err_set(err, ERR_CONFIG,
                       "no permission for %s: be in the group %.32s (sudo usermod -aG %.32s $USER, "
                       "then log in again)",
                       path, group, group);
    }
    if (code == CURLE_COULDNT_CONNECT && (os_error == EAGAIN || os_error == 0)) // its queue is full
        return err_set(err, ERR_RETRY, "the daemon at %s takes no more connections now: try again",
                       path);
    if (code == CURLE_COULDNT_CONNECT)
        return err_set(err, ERR_RETRY, "no daemon at %s: is it running? systemctl status signaald",
                       path);
    if (code == CURLE_OPERATION_TIMEDOUT)
        return err_set(err, ERR_RETRY, "no answer from %s within %" PRId64 " s", path,
                       elapsed_s(easy));
    return err_set(err, ERR_RETRY, "no complete answer from %s: %s", path,
                   curl_easy_strerror(code));
}

// NULL when libcurl has no room.
static CURL *easy_open(const char *path, const char *target, curl_write_callback write, void *ctx) {
    if (curl_global_init(CURL_GLOBAL_NOTHING) != CURLE_OK) // no TLS here
        return NULL;
    CURL *easy = curl_easy_init();
    struct buf url;
    buf_init(&url, CLIENT_TARGET_MAX + 64);
    buf_puts(&url, "http://localhost");
    buf_puts(&url, target);
    assert(!url.overflow);
    char *text = buf_take(&url);
    bool ok =
        easy && curl_easy_setopt(easy, CURLOPT_URL, text) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, path) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http") == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_USERAGENT, "signaalctl/" SIGNAALD_VERSION) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, write) == CURLE_OK &&
        curl_easy_setopt(easy, CURLOPT_WRITEDATA, ctx) == CURLE_OK;
    free(text);
    if (ok)
        return easy;
    curl_easy_cleanup(easy);
    curl_global_cleanup();
    return NULL;
}

static void easy_close(CURL *easy) {
    if (easy) {
        curl_easy_cleanup(easy);
        curl_global_cleanup();
    }
}

static size_t on_body(char *data, size_t size, size_t count, void *ctx) {
    struct buf *body = ctx;
    buf_put(body, data, size * count);
    return body->overflow ? 0 : size * count;
}

static void set_request(CURL *easy, const struct client_request *request) {
    curl_easy_setopt(easy, CURLOPT_TIMEOUT,
                     (long)(request->timeout_s ? request->timeout_s : ANSWER_TIMEOUT_S));
    if (request->body.data) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body.data);
    }
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
}

bool client_ask(const char *path, const struct client_request *request, struct client_reply *reply,
                struct err *err) {
    *reply = (struct client_reply){0};
    buf_init(&reply->body, CLIENT_BODY_MAX);
    CURL *easy = easy_open(path, request->target, on_body, &reply->body);
    if (!easy)
        return err_set(err, ERR_FATAL, "libcurl does not start");
    set_request(easy, request);
    CURLcode code = curl_easy_perform(easy);
    bool ok = code == CURLE_OK;
    if (reply->body.overflow)
        (void)err_set(err, ERR_INPUT, "the answer is larger than %d MiB", CLIENT_BODY_MAX >> 20);
    else if (!ok)
        (void)explain(easy, code, path, err);
    curl_off_t retry_after = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &reply->status);
    curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &retry_after);
    reply->retry_after_s = (int64_t)retry_after;
    easy_close(easy);
    return ok;
}

struct stream {
    CURL *easy;
    const struct client_lines *lines;
    struct client_reply *reply;
    struct buf part; // of a line, whose end is still to come
    struct err *err;
    bool failed; // and `err` says why
};

static bool stream_line(struct stream *s, struct str line) {
    if (line.len && line.data[line.len - 1] == '\r')
        line.len--;
    if (line.len == 0 || s->lines->line(s->lines->ctx, line, s->err))
        return true;
    s->failed = true;
    return false;
}

static bool stream_part(struct stream *s, struct str part) {
    buf_put_str(&s->part, part);
    if (!s->part.overflow)
        return true;
    s->failed = true;
    return err_set(s->err, ERR_INPUT, "a line of the answer is longer than %d KiB",
                   CLIENT_LINE_MAX >> 10);
}

static bool stream_lines(struct stream *s, struct str data) {
    const char *end;
    while (data.len && (end = memchr(data.data, '\n', data.len))) {
        struct str line = {data.data, (size_t)(end - data.data)};
        data = (struct str){end + 1, data.len - line.len - 1};
        if (s->part.len) {
            if (!stream_part(s, line))
                return false;
            line = buf_str(&s->part);
        }
        if (!stream_line(s, line))
            return false;
        buf_clear(&s->part);
    }
    return stream_part(s, data);
}

static size_t on_lines(char *data, size_t size, size_t count, void *ctx) {
    struct stream *s = ctx;
    size_t len = size * count;
    curl_easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &s->reply->status);
    if (!client_reply_good(s->reply))
        return on_body(data, size, count, &s->reply->body);
    return stream_lines(s, (struct str){data, len}) ? len : 0;
}

// -1 when the stream is not followed, or on failure: then a signal just ends the process.
static int signals_open(bool follow, sigset_t *before) {
    sigset_t set;
    sigemptyset(&set);
    if (follow) {
        sigaddset(&set, SIGINT);
        sigaddset(&set, SIGTERM);
    }
    sigprocmask(SIG_BLOCK, &set, before);
    int fd = follow ? signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK) : -1;
    if (fd < 0)
        sigprocmask(SIG_SETMASK, before, NULL);
    return fd;
}

static void signals_close(int fd, const sigset_t *before) {
    if (fd < 0)
        return;
    struct signalfd_siginfo info; // taken, or it would strike as soon as it is let through
    while (read(fd, &info, sizeof info) > 0)
        ;
    close(fd);
    sigprocmask(SIG_SETMASK, before, NULL);
}

// Until the transfer has ended, a signal has come or nobody wants more.
static CURLcode stream_run(struct stream *s, CURLM *multi, int signal_fd) {
    const struct client_lines *lines = s->lines;
    struct curl_waitfd wait[1 + CLIENT_WAKE_MAX] = {{.fd = signal_fd, .events = CURL_WAIT_POLLIN}};
    unsigned count = signal_fd >= 0;
    assert(lines->wake_count <= CLIENT_WAKE_MAX);
    for (size_t i = 0; i < lines->wake_count; i++)
        wait[count++] = (struct curl_waitfd){lines->wake_fds[i], CURL_WAIT_POLLIN, 0};
    for (;;) {
        int running = 0;
        if (curl_multi_perform(multi, &running) != CURLM_OK)
            return CURLE_RECV_ERROR;
        int left;
        const CURLMsg *message = curl_multi_info_read(multi, &left);
        if (message)
            return message->data.result;
        if (curl_multi_poll(multi, wait, count, lines->wake_ms ? lines->wake_ms : WAKE_MS, NULL) !=
            CURLM_OK)
            return CURLE_RECV_ERROR;
        bool signalled = signal_fd >= 0 && wait[0].revents;
        if (signalled || (lines->follow && !lines->wanted(lines->ctx))) {
            s->reply->stopped = true;
            return CURLE_OK;
        }
    }
}

static bool stream_result(struct stream *s, CURLcode code, const char *path) {
    if (s->failed)
        return false;
    if (s->reply->body.overflow)
        return err_set(s->err, ERR_INPUT, "the answer is larger than %d MiB",
                       CLIENT_BODY_MAX >> 20);
    if (code != CURLE_OK)
        return explain(s->easy, code, path, s->err);
    if (s->reply->stopped)
        return true;
    curl_easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &s->reply->status);
    return !client_reply_good(s->reply) || stream_line(s, buf_str(&s->part));
}

bool client_stream(const char *path, const char *target, const struct client_lines *lines,
                   struct client_reply *reply, struct err *err) {
    *reply = (struct client_reply){0};
    buf_init(&reply->body, CLIENT_BODY_MAX);
    struct stream s = {.lines = lines, .reply = reply, .err = err};
    buf_init(&s.part, CLIENT_LINE_MAX);
    CURLM *multi = NULL;
    sigset_t before;
    int signal_fd = signals_open(lines->follow, &before);
    bool ok = false;
    s.easy = easy_open(path, target, on_lines, &s);
    multi = s.easy ? curl_multi_init() : NULL;
    if (!multi || curl_multi_add_handle(multi, s.easy) != CURLM_OK) {
        (void)err_set(err, ERR_FATAL, "libcurl does not start");
        goto fail;
    }
    if (!lines->follow) {
        curl_easy_setopt(s.easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
        curl_easy_setopt(s.easy, CURLOPT_LOW_SPEED_TIME, (long)ANSWER_TIMEOUT_S);
    }
    ok = stream_result(&s, stream_run(&s, multi, signal_fd), path);
    curl_multi_remove_handle(multi, s.easy);
fail:
    if (multi)
        curl_multi_cleanup(multi);
    easy_close(s.easy);
    signals_close(signal_fd, &before);
    buf_free(&s.part);
    return ok;
}

struct byte_stream {
    CURL *easy;
    const struct client_bytes *bytes;
    struct client_reply *reply;
    struct err *err;
    bool failed; // and `err` says why
};

static size_t on_bytes(char *data, size_t size, size_t count, void *ctx) {
    struct byte_stream *copying = ctx;
    size_t len = size * count;
    curl_easy_getinfo(copying->easy, CURLINFO_RESPONSE_CODE, &copying->reply->status);
    if (!client_reply_good(copying->reply))
        return on_body(data, size, count, &copying->reply->body);
    copying->failed =
        !copying->bytes->take(copying->bytes->ctx, (struct str){data, len}, copying->err);
    return copying->failed ? 0 : len;
}

bool client_copy(const char *path, const char *target, const struct client_bytes *bytes,
                 struct client_reply *reply, struct err *err) {
    *reply = (struct client_reply){0};
    buf_init(&reply->body, CLIENT_BODY_MAX);
    struct byte_stream copying = {.bytes = bytes, .reply = reply, .err = err};
    copying.easy = easy_open(path, target, on_bytes, &copying);
    if (!copying.easy)
        return err_set(err, ERR_FATAL, "libcurl does not start");
    curl_easy_setopt(copying.easy, CURLOPT_CUSTOMREQUEST, "POST");
    CURLcode code = curl_easy_perform(copying.easy);
    curl_easy_getinfo(copying.easy, CURLINFO_RESPONSE_CODE, &reply->status);
    bool ok = code == CURLE_OK;
    if (!ok && !copying.failed)
        (void)explain(copying.easy, code, path, err);
    easy_close(copying.easy);
    return ok;
}
