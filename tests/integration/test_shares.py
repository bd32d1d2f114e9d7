# SPDX-License-Identifier: EUPL-1.2
"""Nobody takes another's room: bodies, connections and commits, by source, address and reader."""
import contextlib
import json
import socket
import time
import unittest

from harness import PATIENCE_S, SIGNAL, Case, Endpoint, Fresh, UnixConnection, Answer, token_of, wait_for

AMSTERDAM, COA = "gm0363-amsterdam", "coa"
MIB = 1 << 20


def open_body(daemon, source, length, sent):
    """A POST of which `sent` bytes have come, and no more come."""
    sock = socket.create_connection(("127.0.0.1", daemon.port), timeout=PATIENCE_S)
    sock.sendall(f"POST /v1/signals HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token_of(source)}\r\n"
                 f"Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n".encode() + b" " * sent)
    return sock


class Bodies(Fresh):
    EXTRA = {"intake": ["body_max: 8MiB", "bodies_max: 64MiB"]}

    def setUp(self):
        super().setUp()
        self.daemon.start()
        self.held = contextlib.ExitStack()
        self.addCleanup(self.held.close)

    def new(self, name):
        return {"id": name, **SIGNAL}

    def test_stalled_bodies_of_one_source(self):
        for _ in range(8):
            self.held.enter_context(open_body(self.daemon, COA, 8 * MIB, 8 * MIB - 10))
        wait_for(lambda: self.daemon.metrics()["signaald_share_refusals_total"] > 0, "the share is full")
        for n in range(20):
            self.assertEqual(self.daemon.post(AMSTERDAM, self.new(f"n{n}")).status, 201)
        health = self.daemon.request("GET", "/v1/health")
        self.assertEqual((health.status, health.json["sharesFull"]), (200, 1))
        self.assertEqual(self.daemon.status()["intake"]["sharesFull"], 1)
        self.assertEqual(self.daemon.log().count(f"it gets 429 source={COA} of=bodies"), 1)
        self.assertLess(self.daemon.metrics()["signaald_body_bytes"], 17 * MIB)
        self.daemon.stop()

    def test_the_source_itself_is_told_and_gets_room_when_its_bodies_stall(self):
        for _ in range(2):
            self.held.enter_context(open_body(self.daemon, COA, 8 * MIB, 8 * MIB - 10))
        wait_for(lambda: self.daemon.metrics()["signaald_body_bytes"] >= 16 * MIB - 100, "both have come")

        def posted():
            answer = self.daemon.post(COA, [self.new("large")] + [" " * 100000])
            if answer.status == 429:
                self.assertEqual(answer.headers["Retry-After"], "5")
            return answer.status == 200
        wait_for(posted, "stalled bodies go first")
        self.assertGreater(self.daemon.metrics()["signaald_bodies_dropped_total"], 0)

    def test_more_sources_than_there_are_shares(self):
        sources = [{"name": f"s{n}", "kind": "ngo", "push": True} for n in range(6)]
        self.daemon.write_sources([*Case.SOURCES, *sources])
        self.assertEqual(self.daemon.control("POST", "/v1/reload").status, 200)
        for source in sources:
            for _ in range(2):
                self.held.enter_context(open_body(self.daemon, source["name"], 8 * MIB, 8 * MIB - 10))
        wait_for(lambda: self.daemon.metrics()["signaald_bodies_dropped_total"] > 0, "they take each other's")
        body = json.dumps([self.new(f"m{n}") for n in range(9000)])
        self.assertEqual(self.daemon.post(AMSTERDAM, body).status, 200)


class Connections(Fresh):
    EXTRA = {"intake": ["connections_max: 64"]}

    def setUp(self):
        super().setUp()
        self.daemon.start()
        self.held = []
        self.addCleanup(lambda: [sock.close() for sock in self.held])

    def test_idle_connections_of_another_address(self):
        for _ in range(200):
            sock = socket.create_connection(("127.0.0.1", self.daemon.port), PATIENCE_S, ("127.0.0.2", 0))
            self.held.append(sock)
        for n in range(5):
            self.assertEqual(self.daemon.post(COA, {"id": f"n{n}", **SIGNAL}).status, 201)
        self.assertLessEqual(self.daemon.status()["intake"]["connections"], 17)

    def test_idle_connections_of_the_same_address(self):
        for _ in range(200):
            self.held.append(socket.create_connection(("127.0.0.1", self.daemon.port), PATIENCE_S))
        self.assertEqual(self.daemon.post(COA, {"id": "n", **SIGNAL}).status, 201)

    def test_requests_that_are_awaited_are_never_dropped(self):
        """A source with all its connections at work gets 429 on the next, and another source does not."""
        for _ in range(16):
            self.held.append(open_body(self.daemon, COA, 1000, 10))
        wait_for(lambda: self.daemon.status()["intake"]["connections"] == 16, "they are there")
        wait_for(lambda: self.daemon.post(COA, {"id": "more", **SIGNAL}).status == 429, "its share is full")
        self.assertEqual(self.daemon.post(AMSTERDAM, {"id": "n", **SIGNAL}).status, 201)
        for n, sock in enumerate(self.held):
            sock.sendall(json.dumps({"id": f"slow{n}", **SIGNAL}).encode().ljust(990))
        for sock in self.held:
            self.assertTrue(sock.recv(65536).startswith(b"HTTP/1.1 201 "))

    def test_root_gets_in_beside_followers_that_never_read(self):
        self.assertEqual(self.daemon.post(COA, [{"id": f"n{n}", **SIGNAL} for n in range(3000)]).status, 200)
        for _ in range(250):
            sock = socket.socket(socket.AF_UNIX)
            sock.connect(self.daemon.control_path)
            sock.sendall(b"GET /v1/events?from=1&follow=1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.held.append(sock)
        for _ in range(5):
            self.assertEqual(self.daemon.control("GET", "/v1/status").status, 200)


class Pages(Fresh):
    """An endpoint whose pages are large and have no end."""

    ITEMS = 20000

    def setUp(self):
        super().setUp()
        self.endpoint = Endpoint()
        self.addCleanup(self.endpoint.close)
        self.items = self.ITEMS
        self.endpoint.paths["/signals"] = self.page
        self.daemon.write_sources([*Case.SOURCES, {
            "name": "endless", "kind": "ngo", "url": self.endpoint.url("/signals"), "interval": "1h",
            "allow_private": "yes", "cursor_param": "since", "cursor_field": "reported"}])

    def page(self, query, _headers, number):
        items = [{"id": f"p{number}-{n}", **SIGNAL} for n in range(self.items)]
        return 200, {"Link": f'<{self.endpoint.url("/signals")}?page={number}>; rel="next"'}, items

    def poll(self):
        wait_for(lambda: self.daemon.control("POST", "/v1/feeds/endless/poll").status in (202, 409), "asked")

    def test_a_page_is_committed_in_parts_and_posts_go_first(self):
        self.daemon.start()
        self.poll()
        wait_for(lambda: self.daemon.status()["ledger"]["accepted"] > 1000, "the page is being taken")
        accepted, parts = [], 0
        while len(accepted) < 50:
            self.assertEqual(self.daemon.post(COA, {"id": f"n{len(accepted)}", **SIGNAL}).status, 201)
            accepted.append(self.daemon.status()["ledger"]["accepted"])
            parts += len(accepted) > 1 and accepted[-1] - accepted[-2] < self.ITEMS // 2
        self.assertGreater(parts, 40)
        self.daemon.kill()

    def test_killed_half_way_it_is_read_again(self):
        """No part is lost and none is counted twice; the cursor did not move."""
        self.items = 5000
        self.endpoint.paths["/signals"] = lambda *_: (200, {}, [{"id": f"q{n}", **SIGNAL} for n in range(self.items)])
        self.daemon.start()
        self.poll()
        wait_for(lambda: 0 < self.daemon.status()["ledger"]["accepted"], "some part is there")
        self.daemon.kill()
        self.daemon.start()
        there = self.daemon.status()["ledger"]["accepted"]
        cursor = self.daemon.control("GET", "/v1/feeds/endless").json["cursor"]
        self.assertEqual(cursor is None, there < self.items)
        self.poll()
        wait_for(lambda: self.daemon.control("GET", "/v1/feeds/endless").json["cursor"], "the cursor moves")
        self.assertEqual(self.daemon.status()["ledger"]["accepted"], self.items)
        self.assertEqual(self.daemon.status()["ledger"]["signals"], self.items)
        self.assert_whole()
        self.daemon.stop()


if __name__ == "__main__":
    unittest.main()
