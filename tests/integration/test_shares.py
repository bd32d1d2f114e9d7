# SPDX-License-Identifier: EUPL-1.2
"""Nobody takes another's room: bodies, connections and commits, by source, address and reader."""
import concurrent.futures
import contextlib
import json
import pathlib
import signal
import socket
import subprocess
import sys
import unittest

from faults import ENVIRONMENT, slow_commits
from harness import PATIENCE_S, SIGNAL, Case, Endpoint, Fresh, token_of, wait_for

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
        self.assertEqual(self.daemon.log().count(f"[S023] a source has its share of the room, it gets 429 source={COA} of=bodies"), 1)
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

    def test_idle_connections_of_the_source_itself(self):
        """As a proxy keeps them open."""
        kept = contextlib.ExitStack()
        self.addCleanup(kept.close)
        for n in range(40):
            connection = kept.enter_context(contextlib.closing(self.daemon.connection()))
            self.assertEqual(self.daemon.post(COA, {"id": f"n{n}", **SIGNAL}, connection=connection).status, 201)

    def test_addresses_on_a_socket_of_both_kinds(self):
        """An IPv4 address that comes to an IPv6 socket is an address, and not the network of all of them."""
        self.daemon.stop()
        self.daemon.extra = {"intake": [*self.EXTRA["intake"], f"listen: '[::ffff:127.0.0.1]:{self.daemon.port}'"]}
        self.daemon.write_config()
        self.daemon.start()
        for _ in range(16):  # at work, so they cannot be taken from it
            sock = socket.create_connection(("127.0.0.1", self.daemon.port), PATIENCE_S, ("127.0.0.2", 0))
            self.held.append(sock)
            sock.sendall(b"GET /v1/health HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n")
        wait_for(lambda: self.daemon.status()["intake"]["connections"] == 16, "they are there")
        self.assertEqual(self.daemon.request("GET", "/v1/health").status, 200)

    def test_root_gets_in_beside_followers_that_never_read(self):
        self.assertEqual(self.daemon.post(COA, [{"id": f"n{n}", **SIGNAL} for n in range(3000)]).status, 200)
        for _ in range(250):
            sock = socket.socket(socket.AF_UNIX)
            sock.connect(self.daemon.control_path)
            sock.sendall(b"GET /v1/events?from=1&follow=1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.held.append(sock)
        for _ in range(5):
            self.assertEqual(self.daemon.control("GET", "/v1/status").status, 200)


class Unread(Fresh):
    EXTRA = {"intake": ["body_timeout: 1s"]}

    def test_a_follower_that_never_reads_is_cut_off(self):
        self.daemon.start()
        self.assertEqual(self.daemon.post(COA, [{"id": f"n{n}", **SIGNAL} for n in range(3000)]).status, 200)
        with contextlib.closing(socket.socket(socket.AF_UNIX)) as sock:
            sock.connect(self.daemon.control_path)
            sock.sendall(b"GET /v1/events?from=1&follow=1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
            wait_for(lambda: "a client that does not read what it asked for is cut off" in self.daemon.log(), "it is cut off")
        self.assertEqual(len(self.daemon.events()), 3000)
        self.daemon.stop()


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
        self.items = 5003  # no round number, which could be a list that was cut off
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


# Asks for a path so often, at so many connections; prints each status.
READER = """
import http.client, socket, sys, threading
path, target, times, connections = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
def ask():
    for _ in range(times):
        connection = http.client.HTTPConnection("localhost", timeout=120)
        connection.sock = socket.socket(socket.AF_UNIX)
        try:
            connection.sock.connect(path)
            connection.request("GET", target)
            answer = connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException):
            sys.stdout.write("closed None False\\n")
            continue
        sys.stdout.write(f"{answer.status} {answer.headers.get('Retry-After')} {b'questions' in text}\\n")
threads = [threading.Thread(target=ask) for _ in range(connections)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""

FOLLOWERS = """
import socket, sys
kept = []
for _ in range(int(sys.argv[2])):
    kept.append(socket.socket(socket.AF_UNIX))
    kept[-1].connect(sys.argv[1])
    kept[-1].sendall(b"GET /v1/events?follow=1 HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n")
    print(kept[-1].recv(12).decode(), flush=True)  # the next comes when this one is in
sys.stdin.read()
"""


class Readers(Fresh):
    """Who may read the socket, as the user nobody."""

    EXTRA = {"control": ["reads_per_minute: 1000000"], "intake": ["connections_max: 400"]}

    def begin(self, **control):
        self.daemon.extra = {**self.EXTRA, "control": [f"{key}: {value}" for key, value in control.items()]}
        self.daemon.write_config()
        self.daemon.start()
        self.daemon.directory.chmod(0o711)
        pathlib.Path(self.daemon.control_path).chmod(0o666)

    def as_nobody(self, program, *words):
        return subprocess.Popen([sys.executable, "-c", program, self.daemon.control_path, *map(str, words)], stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, user="nobody", cwd="/")

    def reader(self, target, times=1, connections=1):
        return self.as_nobody(READER, target, times, connections)

    def answers(self, reader):
        output, _ = reader.communicate(timeout=PATIENCE_S)
        self.assertEqual(reader.returncode, 0)
        return [line.split() for line in output.splitlines()]

    def fill(self):
        """20,000 signals, nearly each in a cell of its own."""
        places = [f"GM{code:04}" for code in (14, 34, 37, 47, 50, 59, 60, 72, 74, 80)]
        signals = [{"id": f"n{n}", **SIGNAL, "municipality": places[n % 10],
                    "reported": f"20{10 + n // 10 % 12}-{n // 120 % 12 + 1:02}-01",
                    "victim": {"gender": "mvx"[n // 1440 % 3], "age": 10 + n // 4320 % 2 * 20}} for n in range(20000)]
        for first in range(0, 20000, 5000):
            self.assertEqual(self.daemon.post(COA, signals[first:first + 5000]).status, 200)

    def test_a_reader_has_a_rate_and_root_has_none(self):
        self.begin(reads_per_minute=50)
        answers = self.answers(self.reader("/v1/counts", 300))
        taken = sum(status == "200" for status, *_ in answers)
        self.assertIn(taken, range(50, 300))
        self.assertEqual({a for a in map(tuple, answers)} - {("200", "None", "False")}, {("429", "5", "False")})
        lines = self.daemon.metrics()["signaald_audit_lines_total"]
        self.assertLessEqual(lines, taken + 1)  # what was refused left none
        for _ in range(60):
            self.assertEqual(self.daemon.control("GET", "/v1/counts").status, 200)
        self.assertEqual([a[0] for a in self.answers(self.reader("/v1/status", 100))], ["200"] * 100)
        self.daemon.stop()

    def test_many_questions_at_once(self):
        self.begin(reads_per_minute=1000000)
        self.fill()
        reader = self.reader("/v1/counts?by=municipality,category,month", 10, 40)
        while reader.poll() is None:
            self.assertEqual(self.daemon.control("GET", "/v1/counts?by=municipality").status, 200)
            self.assertEqual(self.daemon.control("GET", "/v1/status").json["ledger"]["signals"], 20000)
        answers = self.answers(reader)
        self.assertEqual({status for status, *_ in answers}, {"200", "429"})
        self.assertEqual({(wait, asked) for status, wait, asked in answers if status == "429"}, {("5", "True")})
        self.daemon.stop()

    def test_readers_that_take_all_connections(self):
        self.begin(reads_per_minute=1000000)
        self.assertEqual(self.daemon.post(COA, {"id": "1", **SIGNAL}).status, 201)
        with self.as_nobody(FOLLOWERS, 101) as followers:
            answers = [followers.stdout.readline().strip() for _ in range(101)]
            self.assertEqual(answers, ["HTTP/1.1 200"] * 100 + ["HTTP/1.1 429"])
            for _ in range(20):
                self.assertEqual(self.daemon.control("GET", "/v1/counts").status, 200)
            self.assertEqual(self.daemon.log().count("[S025] a user of the control socket has his share of the room"), 1)
            self.daemon.stop()
            followers.stdin.close()

    def test_a_stop_with_questions_in_hand(self):
        self.begin(reads_per_minute=1000000)
        self.fill()
        reader = self.reader("/v1/counts?by=municipality,category,month", 500, 8)
        wait_for(lambda: self.daemon.metrics()["signaald_questions"] > 0, "they are in hand")
        self.daemon.stop()
        reader.kill()
        reader.communicate()
        self.daemon.start()
        self.assert_whole()
        self.daemon.stop()


class Stop(Fresh):
    def test_in_the_middle_of_a_commit(self):
        """What is in hand gets its answer, who is idle is let go at once, and nobody new gets in."""
        self.daemon.start(env=ENVIRONMENT)
        with contextlib.closing(self.daemon.connection()) as idle, concurrent.futures.ThreadPoolExecutor(1) as pool:
            self.assertEqual(self.daemon.post(COA, {"id": "before", **SIGNAL}, connection=idle).status, 201)
            with slow_commits(self.daemon.process, 1.5):
                posted = pool.submit(self.daemon.post, COA, {"id": "during", **SIGNAL})
                wait_for(lambda: self.daemon.status()["intake"]["requests"] == 2, "it is being committed")
                self.daemon.process.send_signal(signal.SIGTERM)
                self.assertEqual(idle.sock.recv(1), b"")
                self.assertFalse(posted.done())
                with self.assertRaises(OSError):
                    self.daemon.connection().connect()
                answer = posted.result()
                self.assertEqual((answer.status, answer.headers["Connection"]), (201, "close"))
            self.assertEqual(self.daemon.process.wait(PATIENCE_S), 0)
        self.daemon.start()
        self.assertEqual(self.daemon.control("GET", f"/v1/signals/{COA}/during").status, 200)
        self.daemon.stop()


if __name__ == "__main__":
    unittest.main()
