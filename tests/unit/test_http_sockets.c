// SPDX-License-Identifier: EUPL-1.2
// Listening sockets that somebody else has opened, and the end of a server: nobody who is on his
// way is lost, and who keeps the socket goes on with it.
#include "http_fixture.h"

static void release(struct fixture *fx) {
    while (fx->held_count)
        reply_length(fx->held[--fx->held_count]);
}

static void quiesce(struct fixture *fx) {
    http_quiesce(fx->server);
    (void)http_wind_down(fx->server, 0);
    fx->on_signal = release;
}

static void stopping_client(struct fixture *fx) {
    int idle = client_connect(fx), fresh = client_connect(fx), busy = client_connect(fx);
    uint16_t port = http_port(fx->server);
    CHECK(post(idle, "/now", 1) && client_answer(idle)->status == 201);
    CHECK(post(busy, "/hold", 2));
    CHECK(client_await(&fx->handed, 2));
    client_signal(fx); // quiesce
    CHECK(client_at_end(idle) && client_at_end(fresh));
    CHECK(client_connect_port(port) < 0);
    client_signal(fx); // release
    struct answer *answer = client_answer(busy);
    CHECK(answer->status == 201 && answer->close && strcmp(answer->body, "2") == 0);
    CHECK(client_at_end(busy));
    (void)close(idle);
    (void)close(fresh);
    (void)close(busy);
    CHECK(client_await_connections(fx, 0));
}

static void quiesces(void **state) {
    struct fixture fx;
    (void)state;
    fixture_init(&fx);
    fx.held_wanted = 99;
    fx.on_signal = quiesce;
    fixture_listen(&fx);
    run_client(&fx, stopping_client);
    fixture_free(&fx);
}

static void wind_down(struct fixture *fx) {
    http_quiesce(fx->server);
    (void)http_wind_down(fx->server, (int64_t)DEADLINE_S * 1000);
    fx->closed++;
}

// A moment is given to who is connected: his request is answered, and ends his connection.
static void request_on_its_way_client(struct fixture *fx) {
    int used = client_connect(fx), fresh = client_connect(fx);
    CHECK(post(used, "/now", 1) && client_answer(used)->status == 201);
    client_signal(fx); // wind_down
    CHECK(client_await(&fx->closed, 1));
    CHECK(post(used, "/now", 2) && post(fresh, "/now", 3));
    struct answer *answer = client_answer(used);
    CHECK(answer->status == 201 && answer->close && client_at_end(used));
    answer = client_answer(fresh);
    CHECK(answer->status == 201 && answer->close && client_at_end(fresh));
    (void)close(used);
    (void)close(fresh);
}

static void winds_down(void **state) {
    struct fixture fx;
    (void)state;
    fixture_init(&fx);
    fx.on_signal = wind_down;
    fixture_listen(&fx);
    run_client(&fx, request_on_its_way_client);
    assert_true(http_wind_down(fx.server, 0));
    fixture_free(&fx);
}

static void no_peer_client(struct fixture *fx) {
    int fd = client_connect(fx);
    CHECK(client_puts(fd, "GET /peer HTTP/1.1\r\nHost: t\r\n\r\n"));
    CHECK(strcmp(client_answer(fd)->body, "none") == 0);
    (void)close(fd);
}

static int bound_socket(uint16_t *port) {
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    *port = ntohs(at.sin_port);
    return fd;
}

static void handed_socket(void **state) {
    struct fixture fx;
    uint16_t port;
    (void)state;
    fixture_init(&fx);
    int fd = bound_socket(&port);
    fx.options.fds = &fd;
    fx.options.fd_count = 1;
    refuses_to_listen(&fx, ERR_CONFIG); // it is not listening
    assert_int_equal(listen(fd, 16), 0);
    fixture_listen(&fx);
    assert_int_equal(http_port(fx.server), port);
    run_client(&fx, no_peer_client);
    fixture_free(&fx);
}

static uint16_t door_ports[3];

// By each door; all of them together have the room of one server, and who waits gets in later.
static void doors_client(struct fixture *fx) {
    int held[3], late;
    for (int i = 0; i < 3; i++) {
        held[i] = client_connect_port(door_ports[i]);
        CHECK(post(held[i], "/now", 1) && client_answer(held[i])->status == 201);
    }
    late = client_connect_port(door_ports[1]);
    CHECK(late >= 0 && post(late, "/now", 2));
    (void)close(held[0]);
    struct answer *answer = client_answer(late);
    CHECK(answer->status == 201 && strcmp(answer->body, "2") == 0);
    client_signal(fx); // quiesce
    CHECK(client_at_end(late) && client_at_end(held[2]));
    for (int i = 0; i < 3; i++)
        CHECK(client_connect_port(door_ports[i]) < 0);
    (void)close(held[1]);
    (void)close(held[2]);
    (void)close(late);
}

static void several_sockets(void **state) {
    struct fixture fx;
    int fds[3];
    (void)state;
    fixture_init(&fx);
    for (int i = 0; i < 3; i++) {
        fds[i] = bound_socket(&door_ports[i]);
        assert_int_equal(listen(fds[i], 16), 0);
    }
    fx.options.fds = fds;
    fx.options.fd_count = 3;
    fx.options.limits.connections_max = 3;
    fx.on_signal = quiesce;
    fixture_listen(&fx);
    run_client(&fx, doors_client);
    fixture_free(&fx);
}

// Whoever else has the socket goes on with it, also with those that came meanwhile.
static void socket_that_others_keep(void **state) {
    struct fixture fx;
    uint16_t port;
    (void)state;
    int kept = bound_socket(&port);
    assert_int_equal(listen(kept, 16), 0);
    for (int turn = 0; turn < 2; turn++) {
        int fd = dup(kept), early = client_connect_port(port);
        fixture_init(&fx);
        fx.options.fds = &fd;
        fx.options.fd_count = 1;
        fixture_listen(&fx);
        run_client(&fx, no_peer_client);
        assert_true(early >= 0);
        (void)close(early);
        fixture_free(&fx);
        int late = client_connect_port(port);
        assert_true(late >= 0);
        (void)close(late);
    }
    (void)close(kept);
}

static void places(void **state) {
    struct http_place place;
    struct err err;
    uint16_t port;
    (void)state;
    assert_true(http_place_at("127.0.0.1", 80, &place) && place.is_loopback);
    assert_string_equal(place.text, "127.0.0.1:80");
    assert_true(http_place_at("0:0::0", 8443, &place) && !place.is_loopback);
    assert_string_equal(place.text, "[::]:8443");
    assert_true(http_place_at("::1", 1, &place) && place.is_loopback && !place.is_unix);
    assert_true(http_place_at("192.0.2.1", 1, &place) && !place.is_loopback);
    assert_false(http_place_at("localhost", 1, &place));
    int fd = bound_socket(&port);
    assert_false(http_place_of(fd, &place, &err));
    assert_int_equal(err.kind, ERR_CONFIG);
    assert_int_equal(listen(fd, 1), 0);
    assert_true(http_place_of(fd, &place, &err) && place.is_loopback);
    assert_int_equal(atoi(place.text + strlen("127.0.0.1:")), port);
    (void)close(fd);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handed_socket),
        cmocka_unit_test(several_sockets),
        cmocka_unit_test(socket_that_others_keep),
        cmocka_unit_test(places),
        cmocka_unit_test(quiesces),
        cmocka_unit_test(winds_down),
    };
    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
