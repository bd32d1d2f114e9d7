# SPDX-License-Identifier: EUPL-1.2
"""The local socket: what operators read, what they may change, and that every statistic agrees with the events."""
import http.client
import json
import os
import pathlib
import random
import stat
import subprocess
import sys
import threading
import time
import unittest
from urllib.parse import quote

from harness import PATIENCE_S, SIGNAL, Case, UnixConnection, counts_by, tally, token_of, wait_for, with_row

AMSTERDAM, COA = "gm0363-amsterdam", "coa"
DIMENSIONS = ["municipality", "province", "policeUnit", "safetyRegion", "category", "gender", "ageGroup",
              "citizenship", "foreign", "sourceKind", "status", "year", "month"]
NOBODY = 65534  # a user and a group that Debian always has
CHOICES = {"reported": ["2016-02-29", "2017-03-05", "2017-03-05T23:30:00Z", "2019-01-01", "2020-12-31"],
           "municipality": ["GM0363", "Den Haag", "Haren", "GM1979", "Bergen", "Nergenshuizen"],
           "category": ["gedwongen prostitutie", "loondienst", ["SexualExploitation", "ForcedLabour", "?"], "Other"],
           "status": ["possible", "confirmed", "rejected"]}
VICTIM = {"gender": ["vrouw", "M", "X", "?"], "age": [12, 17, 18, 40], "citizenship": ["NL", "PL", "NGA", "EU", "?"]}


def random_signal(rng, name):
    def some(choices):
        return {field: rng.choice(values) for field, values in choices.items() if rng.random() < 0.7}
    return {"id": name, **some(CHOICES), "victim": some(VICTIM)}


def random_history(daemon, rng, count=300, names=80):
    """Posts of random signals under few names: many of them corrections; some withdrawals. Ends with all sent."""
    for start in range(0, count, 10):
        batch = []
        for _ in range(min(10, count - start)):
            name = f"r{rng.randrange(names)}"
            batch.append({"id": name, "withdrawn": True} if rng.random() < 0.15 else random_signal(rng, name))
        answer = daemon.post(rng.choice([AMSTERDAM, COA]), batch)
        assert answer.status == 200, answer.body


class Reading(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.seed = random.randrange(1 << 32)
        random_history(cls.daemon, random.Random(cls.seed))

    def test_counts_are_the_tally_of_the_events(self):
        with self.subTest(seed=self.seed):
            self.assert_whole()

    def test_every_dimension(self):
        total = self.daemon.counts()["total"]
        self.assertEqual(total, sum(tally(self.daemon.events()).values()))
        self.assertGreater(total, 0)
        for dimension in DIMENSIONS:
            counts = self.daemon.counts(f"?by={dimension}")
            self.assertEqual((counts["by"], counts["total"]), ([dimension], total))
            lines = {line[dimension]: line["signals"] for line in counts["lines"]}
            self.assertEqual(len(lines), len(counts["lines"]))
            self.assertTrue(all(n > 0 for n in lines.values()), lines)
            if dimension == "category":
                self.assertGreater(sum(lines.values()), total)  # some have several, and count in each
            else:
                self.assertEqual(sum(lines.values()), total, dimension)
            for label, number in lines.items():
                filtered = self.daemon.counts(f"?{dimension}={quote(label)}")
                self.assertEqual(filtered["total"], number, (dimension, label))
        for region in ("municipality", "province", "policeUnit", "safetyRegion"):
            self.assertIn("unknown", {line[region] for line in self.daemon.counts(f"?by={region}")["lines"]})

    def test_several_dimensions_and_period(self):
        split = counts_by(self.daemon, "province", "year", "gender")
        years = counts_by(self.daemon, "year")
        self.assertEqual(sum(split.values()), self.daemon.counts()["total"])
        for (year,), number in years.items():
            self.assertEqual(sum(n for label, n in split.items() if label[1] == year), number)
            self.assertEqual(self.daemon.counts(f"?period={year}")["total"], number)
        for (month,), number in counts_by(self.daemon, "month").items():
            self.assertEqual(self.daemon.counts(f"?period={month}")["total"], number)

    def test_why(self):
        events = self.daemon.events()
        asked = 0
        for event in events[-60:]:
            data = event["data"]
            versions = [e for e in events if e["data"]["signal"] == data["signal"]]
            source = data["source"]["name"]
            for name in (f"r{n}" for n in range(80)):
                answer = self.daemon.control("GET", f"/v1/signals/{source}/{name}")
                if answer.status != 200 or answer.json["signal"] != data["signal"]:
                    continue
                asked += 1
                self.assertEqual((answer.json["source"], answer.json["id"]), (source, name))
                self.assertEqual([v["sequence"] for v in answer.json["versions"]],
                                 [int(e["signaaldseq"]) for e in reversed(versions)])
                self.assertEqual([v["version"] for v in answer.json["versions"]],
                                 list(range(len(versions), 0, -1)))
                last = versions[-1]
                self.assertEqual(answer.json["counts"], not last["type"].endswith("withdrawn.v1")
                                 and last["data"]["status"] != "rejected")
                self.assertEqual({v["feed"] for v in answer.json["versions"]}, {"push"})
                self.assertEqual({v["published"] for v in answer.json["versions"]}, {None})
                break
            if asked == 5:
                return
        self.fail("no signal was found back")

    def test_events(self):
        events = self.daemon.events()
        self.assertEqual([int(e["signaaldseq"]) for e in events], list(range(1, len(events) + 1)))
        self.assertEqual(len({e["id"] for e in events}), len(events))
        self.assertEqual(events, self.daemon.events(""))
        for query, part in (("?from=11", events[10:]), ("?last=7", events[-7:]), ("?from=5&max=3", events[4:7]),
                            ("?last=0", []), (f"?from={len(events) + 1}", []), ("?last=100000", events)):
            self.assertEqual(self.daemon.events(query), part, query)

    def test_status(self):
        status, metrics = self.daemon.status(), self.daemon.metrics()
        self.assertEqual(status["intake"]["received"], metrics["signaald_received_total"])
        self.assertEqual(status["ledger"]["accepted"], metrics["signaald_accepted_total"])
        self.assertEqual(status["ledger"]["waiting"], len(self.daemon.events()))
        self.assertEqual(status["intake"]["listen"], f"127.0.0.1:{self.daemon.port}")
        self.assertEqual((status["feeds"]["sources"], status["kafka"]["state"]), (2, "off"))
        # The process has no other pages than these; it goes on meanwhile.
        told = pathlib.Path(f"/proc/{self.daemon.process.pid}/status").read_text(encoding="utf-8")
        for member, metric, kind in (("ownBytes", "memory_own_bytes", "RssAnon"), ("mappedBytes", "memory_mapped_bytes", "RssFile")):
            kernel = int(told.split(f"{kind}:")[1].split()[0]) * 1024
            for value in (status["memory"][member], metrics[f"signaald_{metric}"]):
                self.assertAlmostEqual(value, kernel, delta=1 << 20)

    def test_problems(self):
        for method, path, status in [
                ("POST", "/", 405), ("GET", "/v1/live/", 404), ("GET", "/v1/status/", 404), ("GET", "/v1/counts/x", 404), ("GET", "/v1", 404),
                ("GET", f"/v1/signals/{COA}/never", 404), ("GET", "/v1/signals/nobody/r1", 404),
                ("GET", "/v1/signals/coa", 400), ("GET", "/v1/signals/coa/%zz", 400),
                ("GET", "/v1/signals/", 404), ("GET", f"/v1/signals/{COA}/a/b", 404), ("OPTIONS", "/v1/status", 405),
                ("POST", "/v1/status", 405), ("DELETE", "/metrics", 405), ("GET", "/v1/reload", 405),
                ("GET", "/v1/counts?by=shoesize", 400), ("GET", "/v1/counts?by=year,month,gender,category", 400),
                ("GET", "/v1/counts?period=17", 400), ("GET", "/v1/counts?period=2017-13", 400),
                ("GET", "/v1/counts?what=1", 400), ("GET", "/v1/events?from=x", 400),
                ("GET", "/v1/events?last=-1", 400), ("GET", "/v1/events?follow=2", 400),
                ("GET", "/v1/counts?by=%zz", 400)]:
            with self.subTest(path=path):
                answer = self.daemon.control(method, path)
                self.assert_problem(answer, status)
                if status == 405:
                    self.assertEqual(answer.headers["Allow"], "POST" if path == "/v1/reload" else "GET, HEAD")


class Moving(Case):
    def test_followers_see_each_event_once(self):
        streams = []
        for query in ("from=1&follow=1", "last=0&follow=1", "last=0&follow=1&max=30"):
            connection = UnixConnection(self.daemon.control_path)
            self.addCleanup(connection.close)
            connection.request("GET", f"/v1/events?{query}")
            streams.append(connection.getresponse())
        for n in range(50):
            self.assertEqual(self.daemon.post(COA, {"id": f"f{n}", **SIGNAL}).status, 201)
        expected = [e["id"] for e in self.daemon.events()][-50:]
        for stream, count in zip(streams, (50, 50, 30)):
            self.assertEqual([json.loads(stream.readline())["id"] for _ in range(count)], expected[:count])
        self.assertEqual(streams[2].read(), b"")

    def test_sums_hold_at_every_scrape(self):
        stop, errors = threading.Event(), []

        def load(number):
            rng = random.Random(number)
            try:
                while not stop.is_set():
                    random_history(self.daemon, rng, 20)
                    self.daemon.post(COA, {"id": ""})
            except BaseException as error:  # noqa: BLE001: told by the main thread
                errors.append(error)

        threads = [threading.Thread(target=load, args=(n,)) for n in range(3)]
        for thread in threads:
            thread.start()
        try:
            last, moved = 0, 0
            end = time.monotonic() + PATIENCE_S
            while moved < 60 and time.monotonic() < end and not errors:
                metrics = self.daemon.metrics()
                self.assert_metrics(metrics)
                self.assertGreaterEqual(metrics["signaald_received_total"], last)
                moved += metrics["signaald_received_total"] > last
                last = metrics["signaald_received_total"]
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        self.assertEqual((errors, moved), ([], 60))
        self.assert_whole()


class Changing(Case):
    EXTRA = {"control": ["group: nogroup"]}

    def setUp(self):
        self.table = self.daemon.directory / "sources.csv"
        self.good = self.table.read_text()
        self.addCleanup(lambda: self.table.write_text(self.good))

    def test_reload(self):
        row = self.good.splitlines()[2].split(",")
        row[0], row[3] = "new", "0" * 64
        self.table.write_text(self.good + ",".join(row) + "\n")
        answer = self.daemon.control("POST", "/v1/reload")
        none = {"count": 0, "names": []}
        self.assertEqual((answer.status, answer.json), (200, {
            "sources": 3, "changed": True, "keys": [], "sourcesAdded": {"count": 1, "names": ["new"]}, "sourcesRemoved": none,
            "sourcesChanged": none, "tables": [], "templates": [], "kafkaChanges": False, "certificateEnds": None,
            "clientCertificatesChange": False}))
        self.assertEqual(self.daemon.status()["feeds"]["sources"], 3)

    def test_broken_table_is_refused_and_the_old_one_stays(self):
        self.assertEqual(self.daemon.control("POST", "/v1/reload").status, 200)
        before = self.daemon.status()["feeds"]["sources"]
        self.table.write_text(with_row(with_row(self.good, "Bad Name", "police"), "x", "warship"))
        answer = self.daemon.control("POST", "/v1/reload")
        self.assert_problem(answer, 400)
        for fault in ("sources.csv:4: name", "sources.csv:5: kind"):
            self.assertIn(fault, answer.json["detail"])
        self.assertNotIn("warship", answer.json["detail"])
        self.assertEqual(self.daemon.status()["feeds"]["sources"], before)
        self.assertEqual(self.daemon.post(COA, {"id": "after", **SIGNAL}).status, 201)

    def as_nobody(self, group, method, path):
        """Status of a request by a process of another user, or the error it met."""
        code = ("import os, sys, socket\n"
                f"os.setgroups([]); os.setgid({group}); os.setuid({NOBODY})\n"
                "s = socket.socket(socket.AF_UNIX)\n"
                "try:\n    s.connect(sys.argv[1])\n"
                "except PermissionError:\n    sys.exit('refused')\n"
                f"s.sendall(b'{method} {path} HTTP/1.1\\r\\nHost: localhost\\r\\nContent-Length: 0\\r\\n\\r\\n')\n"
                "print(s.makefile('rb').readline().split()[1].decode())\n")
        done = subprocess.run([sys.executable, "-c", code, self.daemon.control_path], capture_output=True, text=True,
                              timeout=30)
        return done.stdout.strip() or done.stderr.strip()

    @unittest.skipUnless(os.geteuid() == 0, "only root can be somebody else")
    def test_who_may(self):
        mode = os.stat(self.daemon.control_path)
        self.assertEqual((stat.S_IMODE(mode.st_mode), mode.st_gid), (0o660, NOBODY))
        self.daemon.directory.chmod(0o711)
        for path in ("/v1/status", "/metrics", "/v1/counts", "/v1/events"):
            self.assertEqual(self.as_nobody(NOBODY, "GET", path), "200")
        self.assertEqual(self.as_nobody(NOBODY, "POST", "/v1/reload"), "403")
        self.assertEqual(self.as_nobody(NOBODY - 1, "GET", "/v1/status"), "refused")
        self.assertEqual(self.daemon.control("POST", "/v1/reload").status, 200)

    def test_open_follower_does_not_hold_up_a_stop(self):
        connection = UnixConnection(self.daemon.control_path)
        self.addCleanup(connection.close)
        connection.request("GET", "/v1/events?follow=1")
        response = connection.getresponse()
        public = self.daemon.connection()
        self.addCleanup(public.close)
        public.request("POST", "/v1/signals", json.dumps({"id": "last"}), {
            "Authorization": f"Bearer {token_of(AMSTERDAM)}", "Content-Type": "application/json"})
        self.assertEqual(public.getresponse().status, 201)
        self.daemon.stop()
        try:
            response.read()
        except (http.client.HTTPException, OSError):
            pass  # a stream that is cut off says so
        self.daemon.start()
        wait_for(lambda: self.daemon.control("GET", f"/v1/signals/{AMSTERDAM}/last").status == 200, "it was kept")


if __name__ == "__main__":
    unittest.main()
