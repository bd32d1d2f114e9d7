// SPDX-License-Identifier: EUPL-1.2
// bench_load PORT TOKEN RUN CONNECTIONS BATCH SIGNALS SECONDS [RATE]: posts SIGNALS new signals of
// about 240 bytes to 127.0.0.1, BATCH in a request, each connection kept alive with one request on
// its way. Bodies are made before the clock starts; only numbers and dates in them change. The
// first three letters of RUN make ids unique, which are numbers of cases as sources have them.
// Prints the seconds until all had a 2xx; status 1 when a request did not, or too late. With RATE
// so many requests a second are due, whatever became of those before, and it prints how long they
// took from when they were due, in milliseconds: median, 99th percentile, longest.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

enum { HEAD = 512, ITEM = 320, REPLY = 8192, SKIP = 65536, CONNECTIONS_MAX = 512 };

struct connection {
    int fd;
    char *request;
    size_t len;
    char **numbers; // where each item's number is, and behind it its date
    char reply[REPLY + 1];
    size_t have;       // of the reply's head
    size_t body_to_go; // once the head is there
    bool in_body;
    double due_s;
    struct connection *next; // idle too
};

static const char *token, *run;
static unsigned batch, next_number, signals, acknowledged;
static int port, poller;
static double rate, began;
static struct connection *idle; // with a rate only
static double *taken_ms;        // by request, in the order of replies
static unsigned due, replied;   // requests

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
        if (batch > 1)
            *end++ = i ? ',' : '[';
        end = put_item(end, which + i, &c->numbers[i]);
    }
    if (batch > 1)
        *end++ = ']';
    char head[HEAD];
    int n =
        snprintf(head, HEAD,
                 "POST /v1/signals HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAuthorization: Bearer %s\r\n"
                 "Content-Type: application/json\r\nContent-Length: %td\r\n\r\n",
                 port, token, end - body);
    if (n < 0 || n >= HEAD)
        fail("token");
    c->request = memcpy(body - n, head, (size_t)n);
    c->len = (size_t)(end - c->request);
}

static void begin(struct connection *c) {
    if (next_number == signals)
        return;
    for (unsigned i = 0; i < batch; i++) {
        unsigned number = next_number++;
        char *year = c->numbers[i] + strlen("0000000\", \"reported\": \"20");
        put_digits(c->numbers[i], number, 7);
        put_digits(year, number / 12 % 10 + 8, 2);
        put_digits(year + 3, number % 12 + 1, 2);
        put_digits(year + 6, number % 28 + 1, 2);
    }
    c->have = 0;
    c->in_body = false;
    for (size_t sent = 0; sent < c->len;) {
        ssize_t n = send(c->fd, c->request + sent, c->len - sent, MSG_NOSIGNAL);
        if (n < 0)
            fail("send");
        sent += (size_t)n;
    }
}

// What has come; true at the end of the reply.
static bool receive(struct connection *c) {
    static char skipped[SKIP];
    ssize_t n = c->in_body ? recv(c->fd, skipped, SKIP, 0)
                           : recv(c->fd, c->reply + c->have, REPLY - c->have, 0);
    if (n <= 0)
        fail("receive");
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
    if (strncmp(c->reply, "HTTP/1.1 2", 10) != 0 || !length || length > end)
        fail(c->reply);
    c->body_to_go = strtoul(length + strlen("\r\nContent-Length:"), NULL, 10);
    c->body_to_go -= c->have - (size_t)(end + 4 - c->reply);
    c->in_body = true;
    return !c->body_to_go;
}

// Those that are due, as far as there are connections for them.
static void begin_due(void) {
    double now = now_s();
    while (idle && next_number < signals && began + due / rate <= now) {
        struct connection *c = idle;
        idle = c->next;
        c->due_s = began + due++ / rate;
        begin(c);
    }
}

static void end(struct connection *c) {
    acknowledged += batch;
    if (rate <= 0) {
        begin(c);
        return;
    }
    taken_ms[replied++] = (now_s() - c->due_s) * 1e3;
    c->next = idle;
    idle = c;
}

static void wait_for_replies(void) {
    static struct epoll_event events[CONNECTIONS_MAX];
    double left = rate > 0 && idle && next_number < signals ? began + due / rate - now_s() : 1;
    const struct timespec patience = {.tv_sec = (time_t)(left > 0 ? left : 0),
                                      .tv_nsec = left > 0 ? (long)(left * 1e9) % 1000000000 : 0};
    int n = epoll_pwait2(poller, events, CONNECTIONS_MAX, &patience, NULL);
    for (int i = 0; i < n; i++)
        if (receive(events[i].data.ptr))
            end(events[i].data.ptr);
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print_taken(void) {
    qsort(taken_ms, replied, sizeof *taken_ms, compare);
    printf("%.3f %.3f %.3f\n", taken_ms[replied / 2], taken_ms[replied * 99ull / 100],
           taken_ms[replied - 1]);
}

static void open_connection(struct connection *c, unsigned which) {
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons((uint16_t)port),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct timeval patience = {.tv_sec = 60};
    make_request(c, which);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (const struct sockaddr *)&address, sizeof address) ||
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int)) ||
        setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) ||
        epoll_ctl(poller, EPOLL_CTL_ADD, c->fd,
                  &(struct epoll_event){.events = EPOLLIN, .data.ptr = c}))
        fail("connect");
}

int main(int argc, char **argv) {
    static struct connection connections[CONNECTIONS_MAX];
    if (argc != 8 && argc != 9)
        fail("PORT TOKEN RUN CONNECTIONS BATCH SIGNALS SECONDS [RATE]");
    port = atoi(argv[1]);
    token = argv[2];
    run = argv[3];
    const unsigned count = (unsigned)atoi(argv[4]);
    batch = (unsigned)atoi(argv[5]);
    signals = (unsigned)atoi(argv[6]);
    const double late = now_s() + atof(argv[7]);
    poller = epoll_create1(EPOLL_CLOEXEC);
    if (poller < 0 || !batch || signals % batch || count > CONNECTIONS_MAX || strlen(run) > 40)
        fail("arguments");
    for (unsigned i = 0; i < count; i++)
        open_connection(&connections[i], i);
    rate = argc == 9 ? atof(argv[8]) : 0;
    taken_ms = calloc(signals / batch + 1, sizeof *taken_ms);
    if (!taken_ms)
        fail("memory");
    began = now_s();
    for (unsigned i = 0; i < count; i++)
        if (rate > 0) {
            connections[i].next = idle;
            idle = &connections[i];
        } else {
            begin(&connections[i]);
        }
    while (acknowledged < signals) {
        if (rate > 0)
            begin_due();
        wait_for_replies();
        if (now_s() > late)
            fail("too late");
    }
    if (rate > 0)
        print_taken();
    else
        printf("%.6f\n", now_s() - began);
    return 0;
}
