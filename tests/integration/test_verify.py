#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""A verify of the ledger: by the socket beside the daemon's work, and on the files alone."""
import contextlib
import hashlib
import http.client
import json
import os
import random
import re
import shutil
import signal
import subprocess
import threading
import unittest

import ctl_fake
from harness import BUILD, SIGNAL, Answer, Case, Fresh, UnixConnection, wait_for

ctl_fake.Case.program = str(BUILD / "signaalctl")
ONLINE = ["store", "ledger", "events", "counts", "memory", "index", "outbox", "persons"]
OFFLINE = [name for name in ONLINE if name not in ("memory", "index")]
MANY, BATCH = 20000, 2000  # a verify of so many takes a while


def post_many(daemon, first=0):
    with contextlib.closing(daemon.connection()) as connection:
        for start in range(first, first + MANY, BATCH):
            batch = [{"id": f"many-{n}", **SIGNAL} for n in range(start, start + BATCH)]
            answer = daemon.post("coa", batch, connection=connection)
            assert answer.status == 200, answer.body


class Asking:
    """A verify that has begun: the head of its answer is there, the rest is still to come."""

    def __init__(self, daemon):
        self.connection = UnixConnection(daemon.control_path)
        self.connection.request("GET", "/v1/verify")
        self.response = self.connection.getresponse()

    def __enter__(self):
        return self

    def read_rest(self):
        """To its end, or to where it was broken off."""
        try:
            return self.response.read()
        except http.client.IncompleteRead as broken_off:
            return broken_off.partial

    def __exit__(self, *_):
        self.response.close()
        self.connection.close()


class Verify(Case):
    def test_whole(self):
        """Corrections, withdrawals, returns, persons, erased ones, places and words that nobody knows."""
        person = {"person": {"name": "Jan de Vries", "birthDate": "1990-05-17"}}
        first = [{"id": f"a{n}", **SIGNAL} for n in range(20)] + [{"id": "p1", **SIGNAL, **person},
                                                                 {"id": "p2", **SIGNAL, **person},
                                                                 {"id": "w", **SIGNAL, "category": "?"},
                                                                 {"id": "m", **SIGNAL, "municipality": "Nergens"}]
        self.assertEqual(self.daemon.post("gm0363-amsterdam", first).status, 200)
        self.daemon.post("gm0363-amsterdam", [{"id": "a0", "withdrawn": True}, {"id": "a1", "withdrawn": True},
                                              {"id": "a2", **SIGNAL, "status": "confirmed"}])
        self.daemon.post("gm0363-amsterdam", [{"id": "a1", **SIGNAL, "status": "rejected"}, {"id": "p2", **SIGNAL}])
        for erased in ("a3", "a0", "p1"):
            self.assertEqual(self.daemon.control("DELETE", f"/v1/signals/gm0363-amsterdam/{erased}").status, 200)
        outcome = self.daemon.verify()[-1]
        self.assertTrue(outcome["whole"], outcome)
        self.assertEqual(outcome["lines"], self.daemon.status()["ledger"]["accepted"])
        self.assertEqual([check["name"] for check in outcome["checks"]], ONLINE)
        for check in outcome["checks"]:
            self.assertEqual(check["differs"], 0, check)
            self.assertTrue(check["text"], check)
            self.assertNotIn("first", check)
        self.assertEqual(outcome["checks"][1]["compared"], outcome["lines"])
        self.assertEqual(outcome["checks"][5]["compared"], outcome["signals"])
        log = self.daemon.control("GET", "/v1/audit?last=1").body
        self.assertEqual((json.loads(log)["action"], json.loads(log)["result"]), ("verify", "200"))

    def test_tool(self):
        done = subprocess.run([str(BUILD / "signaalctl"), "--socket", self.daemon.control_path, "verify"],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual([line.split()[0] for line in done.stdout.splitlines()[1:-1]], ONLINE)
        self.assertRegex(done.stdout.splitlines()[-1], r"^whole: \S+ lines, \S+ signals$")

    def test_files_of_a_running_daemon(self):
        self.daemon.post("coa", {"id": "x", **SIGNAL})
        done = self.daemon.verify_files()
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        self.assertEqual([line.split()[0] for line in done.stdout.splitlines()[1:-1]], OFFLINE)
        accepted = self.daemon.status()["ledger"]["accepted"]
        self.assertTrue(done.stdout.splitlines()[-1].startswith(f"whole: {accepted} lines, "), done.stdout)

    def test_wrong_method(self):
        self.assert_problem(self.daemon.control("POST", "/v1/verify"), 405)


class Load(Fresh):
    def setUp(self):
        super().setUp()
        self.daemon.start()
        self.enough = threading.Event()
        self.failures = []

    def change(self, source, seed):
        """New signals, corrections, withdrawals and what is erased, as fast as it goes."""
        rng = random.Random(seed)
        try:
            with contextlib.closing(self.daemon.connection()) as connection:
                while not self.enough.is_set():
                    items = [{"id": f"s{id_}", **SIGNAL, "status": rng.choice(["possible", "confirmed"]),
                              "person": {"vNumber": f"{7000000000 + rng.randrange(50)}"},
                              **({"withdrawn": True} if rng.random() < 0.1 else {})}
                             for id_ in rng.sample(range(300), rng.randint(1, 20))]
                    answer = self.daemon.post(source, items, connection=connection)
                    assert answer.status == 200, answer.body
                    if rng.random() < 0.2:
                        self.daemon.control("DELETE", f"/v1/signals/{source}/s{rng.randrange(300)}")
        except BaseException as failure:  # shown by the test
            self.failures.append(failure)

    def test_whole_at_any_moment(self):
        seed = int(os.environ.get("SIGNAALD_SEED") or random.randrange(1 << 32))
        print(f"SIGNAALD_SEED={seed}", flush=True)
        threads = [threading.Thread(target=self.change, args=(source["name"], seed + n))
                   for n, source in enumerate(self.SOURCES)]
        for thread in threads:
            thread.start()
        try:
            lines = []
            for turn in range(12):
                outcome = self.daemon.verify()[-1]
                self.assertTrue(outcome["whole"], outcome)
                lines.append(outcome["lines"])
                if turn % 4 == 0:
                    done = self.daemon.verify_files()
                    self.assertEqual(done.returncode, 0, done.stdout)
        finally:
            self.enough.set()
            for thread in threads:
                thread.join()
        self.assertEqual(self.failures, [])
        self.assertEqual(lines, sorted(lines))
        self.assertLess(lines[0], lines[-1])
        self.daemon.kill()
        done = self.daemon.verify_files()
        self.assertEqual(done.returncode, 0, done.stdout)
        self.daemon.start()
        self.assertTrue(self.daemon.verify()[-1]["whole"])
        self.daemon.stop()


class Long(Fresh):
    """What happens while a verify goes on."""

    def setUp(self):
        super().setUp()
        self.daemon.start()
        post_many(self.daemon)

    def ask_twice_at_once(self):
        """The daemon sleeps until both have asked, so that neither comes when the other has ended."""
        connections = [UnixConnection(self.daemon.control_path) for _ in range(2)]
        self.daemon.process.send_signal(signal.SIGSTOP)
        for connection in connections:
            self.addCleanup(connection.close)
            connection.request("GET", "/v1/verify")
        self.daemon.process.send_signal(signal.SIGCONT)
        return sorted((Answer(connection.getresponse()) for connection in connections), key=lambda answer: answer.status)

    def test_a_second_one_and_a_client_that_leaves(self):
        first, second = self.ask_twice_at_once()
        self.assertEqual((first.status, second.status, second.json["title"]), (200, 409, "Conflict"))
        lines = [json.loads(line) for line in first.body.splitlines()]
        self.assertTrue(lines[-1]["whole"])
        steps = [line["done"] for line in lines[:-1]]
        self.assertEqual(steps, sorted(steps))
        self.assertTrue(all(line["total"] == MANY for line in lines[:-1]))
        with Asking(self.daemon):
            pass  # it leaves: the verify ends, and another one may begin
        wait_for(lambda: self.daemon.control("GET", "/v1/verify").status == 200, "the first one has ended")
        self.daemon.stop()

    def test_a_stop(self):
        """With ever more lines to verify, until the stop comes before the end."""
        for many in range(1, 11):
            with Asking(self.daemon) as asking:
                self.daemon.process.send_signal(signal.SIGTERM)
                rest = asking.read_rest()
                self.assertEqual(self.daemon.process.wait(60), 0)
            self.daemon.start()
            self.assertTrue(self.daemon.verify()[-1]["whole"])
            if b"whole" not in rest:
                break
            post_many(self.daemon, many * MANY)
        self.assertNotIn(b"whole", rest)
        self.daemon.stop()


class Files(Fresh):
    def setUp(self):
        super().setUp()
        self.daemon.start()
        self.daemon.post("gm0363-amsterdam", [{"id": f"a{n}", **SIGNAL} for n in range(50)])
        self.daemon.post("gm0363-amsterdam", {"id": "a7", "withdrawn": True})
        self.daemon.control("DELETE", "/v1/signals/gm0363-amsterdam/a8")
        self.daemon.stop()

    def files(self):
        """All that can be seen of the state directory but what LMDB keeps of its readers."""
        return {path.name: (path.stat().st_mode, path.stat().st_mtime_ns if path.name != "lock.mdb" else 0,
                            hashlib.sha256(path.read_bytes()).digest() if path.name != "lock.mdb" else b"")
                for path in self.daemon.state.iterdir()}

    def test_nothing_is_changed(self):
        before = self.files()
        done = self.daemon.verify_files()
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        self.assertEqual(self.files(), before)

    def test_a_copy_without_keys_or_locks(self):
        for path in self.daemon.state.iterdir():
            if path.name != "data.mdb":
                path.unlink()
        before = self.files()
        done = self.daemon.verify_files()
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        self.assertEqual(self.files(), before)
        self.assertEqual(list(before), ["data.mdb"])

    def test_damage_is_found_with_the_daemon_and_without(self):
        """What a line keeps of its event is shorter than it says, as a byte that fell over would make it."""
        data = self.daemon.state / "data.mdb"
        good = data.read_bytes()
        unit = b"\x09\0Amsterdam"  # the police unit with its length, as codec/event_kept.h has it

        def damage():
            with data.open("r+b") as file:
                for found in re.finditer(re.escape(unit), file.read()):
                    file.seek(found.start())
                    file.write(b"\x08")
        damage()
        done = self.daemon.verify_files()
        self.assertEqual(done.returncode, 3, done.stdout)
        self.assertRegex(done.stdout, r"(?m)^events +\d+ +[1-9]\d*  the event of line \d+ cannot be read$")
        self.assertRegex(done.stdout, r"(?m)^store +\d+ +1  ledger: its entries are not those that were written$")
        self.assertRegex(done.stdout, r"(?m)^NOT WHOLE: 52 lines, 50 signals$")
        data.write_bytes(good)
        self.daemon.start()
        damage()  # while it runs
        outcome = self.daemon.verify()[-1]
        self.assertEqual([check["name"] for check in outcome["checks"] if check["differs"]], ["store", "events"])
        self.assertFalse(outcome["whole"])
        done = subprocess.run([str(BUILD / "signaalctl"), "--socket", self.daemon.control_path, "verify"],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (1, ""))
        self.assertIn("cannot be read", done.stdout)
        self.assertTrue(done.stdout.splitlines()[-1].startswith("NOT WHOLE: "))
        self.daemon.stop()

    def test_nothing_to_read(self):
        shutil.rmtree(self.daemon.state)
        for _ in range(2):
            done = self.daemon.verify_files()
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertIn("state", done.stderr)
            self.daemon.state.mkdir(exist_ok=True)
        self.assertEqual(list(self.daemon.state.iterdir()), [])
        self.daemon.config_path.unlink()
        self.assertEqual(self.daemon.verify_files().returncode, 2)


class Tool(ctl_fake.Case):
    STEPS = [b'{"done":1,"total":4}\n', b'{"done":3,', b'"total":4}\n']
    OUTCOME = {"whole": False, "lines": 4000, "signals": 3000,
               "checks": [{"name": "ledger", "text": "lines without gaps", "compared": 4000, "differs": 0},
                          {"name": "counts", "compared": 12, "differs": 2, "first": "a cell of GM0363 \x1b[31m" + "x" * 90},
                          {"name": "newer", "compared": 1, "differs": 0}]}

    def stream(self, *pieces):
        self.daemon.answer = lambda handler: handler.stream(pieces)

    def test_differences(self):
        self.stream(*self.STEPS, json.dumps(self.OUTCOME).encode() + b"\n")
        done = self.ctl("verify")
        text = done.stdout.decode()
        self.assertEqual((done.returncode, done.stderr), (1, b""))
        self.assertEqual([line.split()[:3] for line in text.splitlines()[:-1]],
                         [["check", "compared", "differs"], ["ledger", "4000", "0"], ["counts", "12", "2"],
                          ["newer", "1", "0"]])
        self.assertEqual(text.splitlines()[-1], "NOT WHOLE: 4000 lines, 3000 signals")
        self.assertIn("a cell of GM0363", text)
        self.assertIn("x" * 90 + "\n", text)  # in a pipe nothing is cut
        self.assertIn("lines without gaps", text)
        self.assertClean(text)
        self.assertEqual(self.daemon.requests, ["/v1/verify"])

    def test_json(self):
        self.stream(*self.STEPS, json.dumps(self.OUTCOME).encode() + b"\n")
        done = self.ctl("--json", "verify")
        self.assertEqual(done.returncode, 1)
        self.assertEqual([json.loads(line) for line in done.stdout.splitlines()],
                         [{"done": 1, "total": 4}, {"done": 3, "total": 4}, self.OUTCOME])

    def test_broken_off(self):
        for pieces in (self.STEPS, ()):
            self.stream(*pieces)
            done = self.ctl("verify")
            self.assertEqual((done.returncode, done.stdout), (1, b""))
            self.assertIn(b"broken off", done.stderr)

    def test_strange_lines(self):
        outcome = dict(self.OUTCOME, whole=True, checks=[{}, None, 3])
        self.stream(b'{"done":9,"total":4}\n', b'{"done":-1,"total":-2}\n', b"{}\n", json.dumps(outcome).encode() + b"\n")
        self.assertIn("whole: 4000 lines", self.good("verify"))

    def test_not_json(self):
        self.stream(b"{\n", json.dumps(dict(self.OUTCOME, whole=True)).encode() + b"\n")
        done = self.ctl("verify")
        self.assertEqual((done.returncode, done.stdout), (1, b""))
        self.assertTrue(done.stderr)

    def test_refused(self):
        self.answer(409, {"title": "Conflict", "detail": "It goes on."}, ctl_fake.PROBLEM)
        done = self.ctl("verify")
        self.assertEqual((done.returncode, done.stderr), (1, b"signaalctl: Conflict: It goes on.\n"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
