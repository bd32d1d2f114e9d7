# SPDX-License-Identifier: EUPL-1.2
"""The metrics: as Prometheus wants them, over the socket all of them, and over TCP what may be told to whom nobody knows."""
import contextlib
import http.client
import re
import socket
import ssl
import subprocess
import threading
import unittest

from harness import BUILD, PATIENCE_S, SIGNAL, Endpoint, Fresh, claim_port, make_certificate, wait_for

INSIDE = {"signaald_persons", "signaald_erased_total", "signaald_audit_lines_total"}
# What moves by itself, whatever comes in.
MOVES = re.compile(r"signaald_(uptime_seconds|memory_\w+_bytes|disk_used_ratio|last_commit_timestamp_seconds|questions)\b")
FEED = {"kind": "ngo", "interval": "7d", "allow_private": "yes"}


def values(text):
    return {m[1]: float(m[2]) for m in re.finditer(r"^(signaald_\S+) (\S+)$", text, re.M)}


def families(found):
    return {name.split("{")[0] for name in found}


class Scraped(Fresh):
    """A daemon whose metrics are over TCP too."""
    LISTEN = "127.0.0.1"
    LINES = ()

    def setUp(self):
        super().setUp()
        self.port, claim = claim_port()
        self.addCleanup(claim.close)
        self.daemon.extra = {"metrics": [f"listen: {self.LISTEN}:{self.port}", *self.LINES]}
        self.daemon.write_config()

    def connect(self, source="127.0.0.1"):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S, source_address=(source, 0))

    def ask(self, method="GET", path="/metrics", source="127.0.0.1", body=None):
        with contextlib.closing(self.connect(source)) as connection:
            connection.request(method, path, body=body)
            response = connection.getresponse()
            response.text = response.read().decode()
            return response

    def scrape(self, source="127.0.0.1"):
        answer = self.ask(source=source)
        self.assertEqual(answer.status, 200, answer.text)
        return values(answer.text)


class Text(Scraped):
    def test_same_by_both_ways(self):
        """promtool has nothing to say; a family that is told over TCP is told over the socket, and only a few are missing."""
        with contextlib.closing(Endpoint()) as endpoint:
            endpoint.paths = {"/good": lambda *_: (200, {"Content-Type": "application/json"}, []), "/bad": lambda *_: (500, {}, {})}
            self.daemon.write_sources([*self.SOURCES, *({"name": name, "url": endpoint.url(f"/{name}"), **FEED} for name in ("good", "bad"))])
            self.daemon.start()
            for name in ("good", "bad"):
                self.assertEqual(self.daemon.control("POST", f"/v1/feeds/{name}/poll").status, 202)
            wait_for(lambda: self.daemon.metrics().get('signaald_feed_last_success_timestamp_seconds{source="good"}'), "one is good")
            wait_for(lambda: self.daemon.metrics().get('signaald_feed_state{source="bad",state="failing"}'), "one fails")
            outside, inside = self.ask(), self.daemon.control("GET", "/metrics")
            for text in (outside.text, inside.body.decode()):
                done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=60)
                self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))
            self.assertEqual(outside.headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
            found = self.daemon.metrics()
            self.assertEqual(families(found) - families(values(outside.text)), INSIDE)
            self.assertLessEqual(families(values(outside.text)), families(found))
            self.assertEqual(found['signaald_feed_state{source="good",state="working"}'], 1)
            self.assertGreater(found['signaald_feed_last_success_timestamp_seconds{source="good"}'], 1_500_000_000)
            self.assertEqual(found['signaald_feed_last_success_timestamp_seconds{source="bad"}'], 0)
            self.assertEqual(values(outside.text)['signaald_feed_last_success_timestamp_seconds{source="good"}'] % 86400, 0)
            self.assertGreater(found["signaald_start_timestamp_seconds"], 1_500_000_000)
            self.assertNotIn('source="coa"', outside.text)  # who posts is not told of
            self.daemon.stop()

    def test_one_route(self):
        self.daemon.start()
        head = self.ask("HEAD")
        self.assertEqual((head.status, head.text), (200, ""))
        self.assertGreater(int(head.headers["Content-Length"]), 5000)
        for method, path, status in (("GET", "/", 404), ("GET", "/v1/status", 404), ("GET", "/v1/counts", 404), ("POST", "/v1/reload", 404),
                                     ("GET", "/metrics/", 404), ("POST", "/metrics", 405), ("DELETE", "/metrics", 405), ("OPTIONS", "/metrics", 405)):
            answer = self.ask(method, path)
            self.assertEqual((answer.status, answer.headers["Content-Type"]), (status, "application/problem+json"), path)
        self.assertEqual(self.ask(body=b"x", source="127.0.0.2").status, 413)
        self.daemon.stop()


class Told(Scraped):
    def test_single_signals_move_nothing(self):
        """Who looks before and after sees the same, whatever became of a few signals; no sum here is near the next multiple."""
        self.daemon.extra["disclosure"] = ["rounding_base: 100"]
        self.daemon.write_config()
        self.daemon.start()
        self.assertEqual(self.daemon.post("coa", [{"id": f"before-{n}", **SIGNAL} for n in range(120)]).status, 200)
        before = self.scrape()
        self.assertEqual(before["signaald_received_total"], 100)
        for name in ("a", "b"):
            self.assertEqual(self.daemon.post("coa", {"id": name, **SIGNAL, "person": {"name": "Jan de Vries"}}).status, 201)
        self.assertEqual(self.daemon.post("coa", {"id": "a", **SIGNAL, "person": {"name": "Jan de Vries"}}).status, 200)
        self.assertEqual(self.daemon.post("coa", {"id": "b", **SIGNAL, "withdrawn": True}).status, 200)
        self.assertEqual(self.daemon.post("coa", {"id": "c", "municipality": "Nergenshuizen", "zzz": 1}).status, 201)
        self.assertEqual(self.daemon.post("coa", {"id": "d", "reported": "soon"}).status, 400)
        self.assertEqual(self.daemon.control("DELETE", "/v1/signals/coa/a").status, 200)
        after = self.scrape()
        self.assertEqual({name: after[name] for name in after if not MOVES.match(name) and before.get(name) != after[name]}, {})
        self.assertEqual(set(before), set(after))
        inside = self.daemon.metrics()
        self.assertGreater(inside["signaald_accepted_total"], 120)
        self.assertEqual(inside["signaald_erased_total"], 1)
        self.daemon.stop()

    def test_one_that_is_too_many(self):
        """An item in quarantine is seen, and one more beside it is not."""
        with contextlib.closing(Endpoint()) as endpoint:
            bad = []
            endpoint.paths = {"/": lambda *_: (200, {"Content-Type": "application/json"}, bad)}
            self.daemon.write_sources([*self.SOURCES, {"name": "polled", "url": endpoint.url("/"), **FEED}])
            self.daemon.start()
            told = [self.scrape()["signaald_quarantined"]]
            for n in range(1, 4):
                bad.append({"id": f"{n}", "reported": "soon"})
                self.assertEqual(self.daemon.control("POST", "/v1/feeds/polled/poll").status, 202)
                wait_for(lambda: self.daemon.metrics()["signaald_quarantined"] == n, "it is in the quarantine")
                told.append(self.scrape()["signaald_quarantined"])
            self.assertEqual(told, [0, 10, 10, 10])
            self.daemon.stop()

    def test_what_is_rounded(self):
        self.daemon.extra["disclosure"] = ["rounding_base: 7"]
        self.daemon.write_config()
        self.daemon.start()
        self.daemon.post("coa", [{"id": f"{n}", **SIGNAL} for n in range(50)])
        self.daemon.post("coa", [{"id": f"{n}", **SIGNAL} for n in range(20)])
        outside, inside = self.scrape(), self.daemon.metrics()
        self.assert_metrics(outside)
        self.assert_metrics(inside)
        self.assertEqual((outside['signaald_verdicts_total{verdict="registered"}'], outside['signaald_verdicts_total{verdict="duplicate"}']), (49, 14))
        self.assertEqual((inside["signaald_received_total"], outside["signaald_received_total"]), (70, 63))
        self.assertEqual((outside["signaald_waiting"], outside["signaald_signals"]), (49, 49))
        for name, step in (("last_commit_timestamp_seconds", 600), ("oldest_waiting_seconds", 600), ("state_bytes", 1 << 20), ("memory_own_bytes", 1 << 20)):
            self.assertEqual(outside[f"signaald_{name}"] % step, 0, name)
        self.daemon.stop()


class Hostile(Scraped):
    def test_senders_and_others_are_served(self):
        """Half heads, many connections, requests in a row and a flood from one address: another one reads, and senders are
        served as ever."""
        self.daemon.start()
        with contextlib.ExitStack() as stack:
            for n in range(100):  # more than there are
                sock = stack.enter_context(contextlib.closing(socket.create_connection(("127.0.0.1", self.port), PATIENCE_S)))
                with contextlib.suppress(OSError):  # it may have been turned away
                    sock.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-Slow: " + b"x" * n)
            with socket.create_connection(("127.0.0.1", self.port), PATIENCE_S) as row:
                with contextlib.suppress(OSError):
                    row.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 1000)
                    while row.recv(65536):
                        pass
            self.assertGreater(self.scrape("127.0.0.2")["signaald_uptime_seconds"], -1)
            over = threading.Event()

            def flood():
                while not over.is_set():
                    with contextlib.suppress(OSError, http.client.HTTPException):
                        self.ask()
            floods = [threading.Thread(target=flood) for _ in range(4)]
            for one in floods:
                one.start()
            for n in range(30):
                self.assertEqual(self.daemon.post("coa", {"id": f"{n}", **SIGNAL}).status, 201)
            self.scrape("127.0.0.2")
            over.set()
            for one in floods:
                one.join()
        self.daemon.stop()

    def test_too_often(self):
        """It is told when to come again; another address is none of it."""
        self.daemon.start()
        for _ in range(1000):
            answer = self.ask()
            if answer.status == 429:
                break
        self.assertEqual((answer.status, "Retry-After" in answer.headers), (429, True))
        self.assertEqual(answer.headers["Connection"], "close")
        self.scrape("127.0.0.2")
        wait_for(lambda: self.ask().status == 200, "it may again")
        self.daemon.stop()


class Beyond(Scraped):
    """Not on loopback."""
    LISTEN = "0.0.0.0"

    def check(self):
        done = subprocess.run([str(BUILD / "signaald"), "-c", str(self.daemon.config_path), "--check-config"], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=60)
        return done.returncode, done.stdout + done.stderr

    def test_needs_tls_or_a_word(self):
        status, told = self.check()
        self.assertEqual(status, 2)
        self.assertIn("metrics.listen: not a loopback address: needs intake.tls_certificate and intake.tls_key, or metrics.plain: yes", told)
        self.daemon.extra["metrics"].append("plain: yes")
        self.daemon.write_config()
        self.daemon.start()
        self.assertEqual(self.check()[0], 0)
        self.scrape()
        self.daemon.stop()
        self.daemon.extra["metrics"] = [f"listen: 127.0.0.1:{self.daemon.port}"]
        self.daemon.write_config()
        self.assertIn("metrics.listen: must not be intake.listen", self.check()[1])

    def test_certificate_of_the_intake(self):
        """Without an intake too; a renewed one is shown after a reload."""
        directory = self.daemon.directory
        pairs = [make_certificate(directory, name) for name in ("first", "second")]
        target = directory / "shown.crt", directory / "shown.key"

        def put(pair):
            for path, text in zip(target, (pair[1].read_bytes(), pair[0].read_bytes())):
                path.write_bytes(text)
                path.chmod(0o600)

        def shown(pair):
            context = ssl.create_default_context(cafile=pair[1])
            with contextlib.closing(http.client.HTTPSConnection("127.0.0.1", self.port, timeout=PATIENCE_S, context=context)) as connection:
                connection.request("GET", "/metrics")
                return connection.getresponse().read().decode()
        put(pairs[0])
        self.daemon.extra["intake"] = ["listen: none", f"tls_certificate: {target[0]}", f"tls_key: {target[1]}"]
        self.daemon.write_config()
        self.daemon.start()
        self.assertIn('signaald_certificate_end_timestamp_seconds{of="intake.tls_certificate"}', shown(pairs[0]))
        put(pairs[1])
        answer = self.daemon.control("POST", "/v1/reload")
        self.assertEqual(answer.status, 200, answer.body)
        shown(pairs[1])
        with self.assertRaises(ssl.SSLCertVerificationError):
            shown(pairs[0])
        self.daemon.stop()


if __name__ == "__main__":
    unittest.main()
