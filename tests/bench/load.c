// SPDX-License-Identifier: EUPL-1.2
// bench_load [-s] [-t] [-r] [-l] [-p PATH] PORT TOKEN RUN CONNECTIONS BATCH SIGNALS SECONDS [RATE]:
// posts SIGNALS new signals of about 240 bytes to 127.0.0.1, BATCH in a request, each connection
// kept alive with one request on its way. Bodies are made before the clock starts; only numbers and
// dates in them change. The first three letters of RUN make ids unique, which are numbers of cases
// as sources have them. Prints the seconds until all had a 2xx, how many had one, and how many
// within SECONDS; and of the requests the milliseconds: median, 99th percentile, longest. Status 1
// when a request had no 2xx, or too late. With RATE so many requests a second are due, whatever
// became of those before, and their time runs from when they were due. -t: new ones for SECONDS
// only. -r: what had no 2xx is posted again until it has, on a new connection; the numbers of those
// that never had are printed too. -l: a line for each signal, to a socket that answers nothing.
// -s: over TLS.
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <gnutls/gnutls.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum { HEAD = 512, ITEM = 320, REPLY = 8192, SKIP = 65536, CONNECTIONS_MAX = 512 };
static const double AGAIN_S = 0.02, PATIENCE_S = 90; // with -r, -t

struct connection {
    int fd;               // -1: none, until `again_s`
    gnutls_session_t tls; // NULL: in the clear
    char *request;
    size_t len;
    char **numbers; // where each item's number is, and behind it its date
    char reply[REPLY + 1];
    size_t have;       // of the reply's head
    size_t body_to_go; // once the head is there
    bool in_body, busy;
    unsigned first; // number of its first item
    double began_s, again_s;
};

static struct connection connections[CONNECTIONS_MAX];
static const char *token, *run, *path = "/v1/signals";
static bool timed, again, lines;
static unsigned count, batch, next_number, signals, acknowledged, in_time;
static unsigned busy, due, taken_count; // connections; requests
static float *taken_ms;                 // of each request
static double rate, start_s, end_s, late_s;
static int port, poller;
static gnutls_certificate_credentials_t credentials; // NULL: no TLS

static void fail(const char *what) {
    (void)fprintf(stderr, "bench_load: %s: %s\n", what,
                  errno ? strerror(errno) : "not as expected");
    exit(1);
}

static double now_s(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

// Never true. The connection is gone; with -r it comes back.
static bool lose(struct connection *c, const char *what) {
    if (!again)
        fail(what);
    if (c->tls)
        gnutls_deinit(c->tls);
    c->tls = NULL;
    if (c->fd >= 0)
        (void)close(c->fd);
    c->fd = -1;
    c->again_s = now_s() + AGAIN_S;
    return false;
}

static void put_digits(char *at, unsigned value, int digits) {
    for (; digits--; value /= 10)
        at[digits] = (char)('0' + value % 10);
}

static char *put_item(char *at, unsigned i, char **number) {
    static const char *const places[] = {"Weesp", "Amsterdam", "Utrecht", "Groningen", "GM0518"};
    static const char *const forms[] = {"gedwongen prostitutie", "ForcedLabour", "ForcedBegging"};
    static const char *const genders[] = {"man", "vrouw", "X"};
    static const char *const citizenships[] = {"NG", "NL", "RO", "VN"};
    int n =
        snprintf(at, ITEM,
                 "{\"id\": \"zaak-%.3s-2018-0000000\", \"reported\": \"2000-00-00T12:00:00Z\", "
                 "\"occurred\": \"2006-11-05\", \"municipality\": \"%s\", \"category\": \"%s\", "
                 "\"victim\": {\"gender\": \"%s\", \"age\": %u, \"citizenship\": \"%s\"}, "
                 "\"status\": \"possible\"}",
                 run, places[i % 5], forms[i / 5 % 3], genders[i / 15 % 3], i % 60 + 10,
                 citizenships[i / 45 % 4]);
    *number = strstr(at, "0000000");
    return at + n;
}

static void make_request(struct connection *c, unsigned which) {
    char *memory = malloc(HEAD + (size_t)batch * (ITEM + 1));
    c->numbers = calloc(batch, sizeof *c->numbers);
    if (!memory || !c->numbers)
        fail("memory");
    char *body = memory + HEAD, *end = body;
    for (unsigned i = 0; i < batch; i++) {
        if (batch > 1 && !lines)
            *end++ = i ? ',' : '[';
        end = put_item(end, which + i, &c->numbers[i]);
        if (lines)
            *end++ = '\n';
    }
    if (batch > 1 && !lines)
        *end++ = ']';
    char head[HEAD];
    int n = lines
                ? 0
                : snprintf(head, HEAD,
                           "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAuthorization: Bearer %s\r\n"
                           "Content-Type: application/json\r\nContent-Length: %td\r\n\r\n",
                           path, port, token, end - body);
    if (n < 0 || n >= HEAD)
        fail("token");
    c->request = memcpy(body - n, head, (size_t)n);
    c->len = (size_t)(end - c->request);
}

static ssize_t put(struct connection *c, const void *data, size_t len) {
    return c->tls ? gnutls_record_send(c->tls, data, len) : send(c->fd, data, len, MSG_NOSIGNAL);
}

static ssize_t get(struct connection *c, void *data, size_t size) {
    return c->tls ? gnutls_record_recv(c->tls, data, size) : recv(c->fd, data, size, 0);
}

// Without a connection it waits for one.
static void post(struct connection *c) {
    c->have = 0;
    c->in_body = false;
    for (size_t sent = 0; c->fd >= 0 && sent < c->len;) {
        ssize_t n = put(c, c->request + sent, c->len - sent);
        if (n < 0)
            lose(c, "send");
        else
            sent += (size_t)n;
    }
}

static bool has_more(void) {
    return next_number < signals && !(timed && now_s() > end_s);
}

static void begin(struct connection *c) {
    if (!has_more())
        return;
    c->busy = true;
    busy++;
    c->first = next_number;
    for (unsigned i = 0; i < batch; i++) {
        unsigned number = next_number++;
        char *year = c->numbers[i] + strlen("0000000\", \"reported\": \"20");
        put_digits(c->numbers[i], number, 7);
        put_digits(year, number / 12 % 10 + 8, 2);
        put_digits(year + 3, number % 12 + 1, 2);
        put_digits(year + 6, number % 28 + 1, 2);
    }
    c->began_s = rate > 0 ? start_s + due++ / rate : now_s();
    post(c);
}

// As many as there are connections for.
static void begin_due(void) {
    for (unsigned i = 0; i < count && start_s + due / rate <= now_s(); i++)
        if (!connections[i].busy)
            begin(&connections[i]);
}

static void take(struct connection *c) {
    c->busy = false;
    busy--;
    const double now = now_s();
    taken_ms[taken_count++] = (float)((now - c->began_s) * 1e3);
    acknowledged += batch;
    in_time += now > end_s ? 0 : batch;
}

// What has come; true at the end of the reply.
static bool receive(struct connection *c) {
    static char skipped[SKIP];
    ssize_t n = c->in_body ? get(c, skipped, SKIP) : get(c, c->reply + c->have, REPLY - c->have);
    if (c->tls && n == GNUTLS_E_AGAIN) // a ticket
        return false;
    if (n <= 0)
        return lose(c, "receive");
    if (c->in_body) {
        c->body_to_go -= (size_t)n;
        return !c->body_to_go;
    }
    c->have += (size_t)n;
    c->reply[c->have] = 0;
    const char *end = strstr(c->reply, "\r\n\r\n");
    if (!end)
        return false;
    const char *length = strcasestr(c->reply, "\r\nContent-Length:");
    const bool bodiless = strncmp(c->reply, "HTTP/1.1 204", 12) == 0;
    if (strncmp(c->reply, "HTTP/1.1 2", 10) != 0 || ((!length || length > end) && !bodiless))
        return lose(c, c->reply);
    c->body_to_go = bodiless ? 0 : strtoul(length + strlen("\r\nContent-Length:"), NULL, 10);
    c->body_to_go -= bodiless ? 0 : c->have - (size_t)(end + 4 - c->reply);
    c->in_body = true;
    return !c->body_to_go;
}

static bool receive_all(struct connection *c) {
    bool whole = receive(c);
    while (!whole && c->tls && gnutls_record_check_pending(c->tls))
        whole = receive(c);
    return whole;
}

static void begin_tls(struct connection *c) {
    if (gnutls_init(&c->tls, GNUTLS_CLIENT) || gnutls_set_default_priority(c->tls) ||
        gnutls_credentials_set(c->tls, GNUTLS_CRD_CERTIFICATE, credentials))
        fail("TLS");
    gnutls_transport_set_int(c->tls, c->fd);
    if (gnutls_handshake(c->tls))
        lose(c, "handshake");
}

static void open_connection(struct connection *c) {
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons((uint16_t)port),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct timeval patience = {.tv_sec = 60};
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (const struct sockaddr *)&address, sizeof address) ||
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int)) ||
        setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) ||
        epoll_ctl(poller, EPOLL_CTL_ADD, c->fd,
                  &(struct epoll_event){.events = lines ? EPOLLOUT : EPOLLIN, .data.ptr = c}))
        lose(c, "connect");
    else if (credentials)
        begin_tls(c);
}

static void reopen(void) {
    for (unsigned i = 0; i < count; i++) {
        struct connection *c = &connections[i];
        if (c->fd >= 0 || now_s() < c->again_s)
            continue;
        open_connection(c);
        if (c->busy)
            post(c);
    }
}

static int compare(const void *a, const void *b) {
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static double taken(unsigned percent) {
    return taken_count ? (double)taken_ms[(taken_count - 1ull) * percent / 100] : 0;
}

static void tell(double took_s) {
    qsort(taken_ms, taken_count, sizeof *taken_ms, compare);
    printf("%.6f %u %u %.3f %.3f %.3f\n", took_s, acknowledged, in_time, taken(50), taken(99),
           taken(100));
    for (unsigned i = 0; again && i < count; i++)
        for (unsigned j = 0; connections[i].busy && j < batch; j++)
            printf("%u\n", connections[i].first + j);
}

static void read_arguments(int argc, char **argv) {
    for (int option; (option = getopt(argc, argv, "strlp:")) != -1;) {
        timed |= option == 't';
        again |= option == 'r';
        lines |= option == 'l';
        path = option == 'p' ? optarg : path;
        if (option == 's' && gnutls_certificate_allocate_credentials(&credentials))
            fail("TLS");
    }
    argv += optind;
    if (argc - optind != 7 && argc - optind != 8)
        fail("[-s] [-t] [-r] [-l] [-p PATH] PORT TOKEN RUN CONNECTIONS BATCH SIGNALS SECONDS "
             "[RATE]");
    port = atoi(argv[0]);
    token = argv[1];
    run = argv[2];
    count = (unsigned)atoi(argv[3]);
    batch = (unsigned)atoi(argv[4]);
    signals = (unsigned)atoi(argv[5]);
    end_s = now_s() + atof(argv[6]);
    rate = argc - optind == 8 ? atof(argv[7]) : 0;
    late_s = end_s + (timed ? PATIENCE_S : 0);
    poller = epoll_create1(EPOLL_CLOEXEC);
    taken_ms = batch ? calloc(signals / batch, sizeof *taken_ms) : NULL;
    if (poller < 0 || !taken_ms || signals % batch || count > CONNECTIONS_MAX || strlen(run) > 40)
        fail("arguments");
}

static void wait_for_replies(void) {
    static struct epoll_event events[CONNECTIONS_MAX];
    double left = again ? AGAIN_S / 4 : 1;
    if (rate > 0 && has_more() && busy < count)
        left = start_s + due / rate - now_s();
    const struct timespec patience = {.tv_sec = left >= 1,
                                      .tv_nsec = left > 0 && left < 1 ? (long)(left * 1e9) : 0};
    int n = epoll_pwait2(poller, events, CONNECTIONS_MAX, &patience, NULL);
    for (int i = 0; i < n; i++) {
        struct connection *c = events[i].data.ptr;
        if (c->fd < 0 || !c->busy || !(lines || receive_all(c)))
            continue;
        take(c);
        if (rate <= 0)
            begin(c);
    }
}

int main(int argc, char **argv) {
    read_arguments(argc, argv);
    for (unsigned i = 0; i < count; i++) {
        make_request(&connections[i], i);
        open_connection(&connections[i]);
    }
    start_s = now_s();
    for (unsigned i = 0; rate <= 0 && i < count; i++)
        begin(&connections[i]);
    while (busy || has_more()) {
        if (rate > 0)
            begin_due();
        wait_for_replies();
        if (again)
            reopen();
        if (now_s() > late_s && again)
            break;
        if (now_s() > late_s)
            fail("too late");
    }
    tell(now_s() - start_s);
    return 0;
}
