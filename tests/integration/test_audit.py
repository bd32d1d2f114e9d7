# SPDX-License-Identifier: EUPL-1.2
"""The audit log: every change and every exact read leaves its line before its answer, what cannot be logged is not
done, nothing that was typed gets into it, and what is done to it behind the daemon's back is found."""
import hashlib
import itertools
import json
import os
import re
import resource
import signal
import subprocess
import sys
import threading
import unittest
from urllib.parse import quote

from faults import ENVIRONMENT, Inject, can_trace
from harness import BUILD, ROOT, SIGNAL, Daemon, Endpoint, Fresh, UnixConnection, wait_for, with_row

COA, POLLED = "coa", "utrecht"
NOBODY = 65534
ME = f"uid:{os.geteuid()} pid:{os.getpid()}"
NAME = "Fatima el Amrani-Zwart"
TABLES = {"municipalities": "municipalities.csv", "name_variants": "name-variants.csv", "categories": "categories.csv",
          "display_allowlist": "display-allowlist.txt"}


def audit(daemon, query="?from=1"):
    answer = daemon.control("GET", "/v1/audit" + query)
    assert answer.status == 200, answer.body
    return [json.loads(line) for line in answer.body.splitlines()]


def told(lines):
    return [(line["action"], line["object"], line["result"]) for line in lines]


def verify(daemon):
    return daemon.control("GET", "/v1/audit/verify").json


def ctl(daemon, *args):
    return subprocess.run([BUILD / "signaalctl", "--socket", daemon.control_path, *args], capture_output=True,
                          text=True, timeout=60, stdin=subprocess.DEVNULL)


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def digests(daemon):
    """What the log says of the tables, without that of the templates."""
    return " ".join([f"sources={digest(daemon.directory / 'sources.csv')}",
                     *(f"{name}={digest(ROOT / 'conf' / file)}" for name, file in TABLES.items())])


class Base(Fresh):
    """A daemon with a source that is polled, when a test asks for it, and has one bad item."""

    def setUp(self):
        endpoint = Endpoint()
        self.addCleanup(endpoint.close)
        page = [{"id": "1", **SIGNAL}, {"id": "2", "reported": "yesterday"}]
        endpoint.paths["/list"] = lambda query, headers, number: (200, {"Content-Type": "application/json"}, page)
        self.SOURCES = [{"name": COA, "kind": "coa", "push": True},
                        {"name": POLLED, "kind": "municipality", "municipality": "GM0344", "interval": "7d",
                         "url": endpoint.url("/list"), "template": "native", "allow_private": "yes"}]
        super().setUp()
        self.table = self.daemon.directory / "sources.csv"

    def start(self, **more):
        self.daemon.start(env={**ENVIRONMENT, **more})

    def lines_of(self, action):
        return [line for line in audit(self.daemon) if line["action"] == action]

    def last_of(self, action):
        return told(self.lines_of(action))[-1]

    def poll(self):
        self.assertEqual(self.daemon.control("POST", f"/v1/feeds/{POLLED}/poll").status, 202)
        wait_for(lambda: self.daemon.status()["feeds"]["quarantined"] == 1, "the source was polled")

    def assert_sound(self):
        verdict = verify(self.daemon)
        self.assertTrue(verdict["whole"], verdict)
        lines = audit(self.daemon)
        self.assertEqual([line["number"] for line in lines], list(range(1, len(lines) + 1)))
        self.assertTrue(all(line["linked"] for line in lines))
        self.assertTrue(all(re.fullmatch("[0-9a-f]{32}", line["mac"]) for line in lines))

    def feed(self):
        return self.daemon.control("GET", f"/v1/feeds/{POLLED}").json


class Actions(Base):
    EXTRA = {"control": ["group: nogroup"]}

    def setUp(self):
        super().setUp()
        self.start()
        self.poll()

    def ask(self, method, path, body=None):
        """The answer, and the lines that it left."""
        before = audit(self.daemon)[-1]["number"] + 1  # the reading itself has a line as well
        answer = self.daemon.control(method, path, body)
        lines = audit(self.daemon, f"?from={before + 1}")
        for line in lines:
            self.assertEqual((line["actor"], line["origin"]), (ME, "socket"))
            self.assertRegex(line["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        return answer, told(lines)

    def test_each_action_leaves_its_line(self):
        self.daemon.post(COA, {"id": "2017-1", **SIGNAL})
        one = self.daemon.control("GET", f"/v1/signals/{COA}/2017-1").json["signal"]
        last = self.daemon.status()["ledger"]["accepted"]
        entry = self.daemon.control("GET", "/v1/quarantine").json["entries"][0]["number"]
        item = json.dumps({"id": "2017-2", **SIGNAL})
        for method, path, action, about, result in [
                ("GET", "/v1/counts?by=province,category&gender=Masculine&period=2017", "read counts",
                 "by=province,category period=2017 gender=Masculine", "200"),
                ("GET", "/v1/counts", "read counts", "", "200"),
                ("GET", "/v1/overlap?by=year&gender=Masculine", "read overlap", "by=year gender=Masculine", "200"),
                ("GET", "/v1/counts?by=shoesize", "read counts", "", "400"),
                ("GET", f"/v1/signals/{COA}/2017-1", "read signal", f"source={COA} signal={one}", "200"),
                ("GET", "/v1/events?last=1", "read events", f"from={last} count=1", "200"),
                ("GET", "/v1/events?from=99999&max=7", "read events", f"from={last + 1} count=0", "200"),
                ("GET", "/v1/feeds", "read feeds", "", "200"),
                ("GET", f"/v1/feeds/{COA}", "read feed", f"source={COA}", "200"),
                ("GET", "/v1/feeds/nobody", "read feed", "", "404"),
                ("GET", "/v1/quarantine", "read quarantine", "", "200"),
                ("GET", f"/v1/unmapped?source={COA}&is=x", "read unmapped", f"source={COA} is", "200"),
                ("GET", "/v1/audit?from=1&max=2", "read audit", "from=1 count=2", "200"),
                ("GET", "/v1/audit/verify", "verify audit", "", "200"),
                ("POST", f"/v1/feeds/{POLLED}/pause", "pause", f"source={POLLED}", "202"),
                ("POST", f"/v1/feeds/{COA}/pause", "pause", f"source={COA}", "409"),
                ("POST", f"/v1/feeds/{POLLED}/resume", "resume", f"source={POLLED}", "202"),
                ("POST", "/v1/feeds/nobody/poll", "poll", "", "404"),
                ("DELETE", f"/v1/quarantine/{entry}", "drop", f"source={POLLED} entry={entry}", "202"),
                ("POST", "/v1/quarantine/99999/retry", "retry", "", "404"),
                ("POST", f"/v1/import?source={COA}&dryRun=1", "import", f"source={COA} dryRun", "200"),
                ("POST", "/v1/import?source=nobody", "import", "", "404"),
                ("POST", "/v1/remap?dryRun=1", "remap", "dryRun", "200"),
                ("DELETE", f"/v1/signals/{COA}/2017-1", "erase", f"source={COA} signal={one}", "200")]:
            with self.subTest(method=method, path=path):
                answer, lines = self.ask(method, path, item if action == "import" else None)
                begun = [] if method == "GET" else [(action, about, "begun")]
                self.assertEqual(lines, [*begun, (action, about, result)])
                self.assertEqual(answer.status, int(result))
        self.assert_sound()

    def test_what_is_not_logged(self):
        for method, path in (("GET", "/v1/status"), ("GET", "/metrics"), ("GET", "/v1/nothing"),
                             ("POST", "/v1/counts")):
            self.assertEqual(self.ask(method, path)[1], [], path)

    def test_streams_are_logged_before_they_begin(self):
        connection = UnixConnection(self.daemon.control_path)
        self.addCleanup(connection.close)
        connection.request("GET", "/v1/events?from=1&follow=1")
        stream = connection.getresponse()
        self.assertTrue(stream.readline())
        self.assertEqual(self.last_of("read events"), ("read events", "from=1 count=1 follow", "200"))

    def test_reading_does_not_show_its_own_line(self):
        lines = audit(self.daemon)
        self.assertEqual(len(audit(self.daemon)), len(lines) + 1)
        self.assertEqual(len(audit(self.daemon, "?last=3")), 3)
        self.assertEqual(audit(self.daemon, "?from=1&max=2"), lines[:2])
        self.assertEqual(audit(self.daemon, "?from=4000000000"), [])
        for query in ("?from=x", "?last=-1", "?last=100001", "?max=1e3"):
            self.assert_problem(self.daemon.control("GET", "/v1/audit" + query), 400)

    def test_nothing_typed_gets_into_it(self):
        typed = quote(NAME)
        for method, path in [
                ("GET", f"/v1/signals/{COA}/{typed}"), ("GET", f"/v1/signals/{typed}/1"), ("GET", f"/v1/feeds/{typed}"),
                ("GET", f"/v1/counts?by={typed}"), ("GET", f"/v1/counts?gender={typed}"),
                ("GET", f"/v1/counts?{typed}=1"), ("GET", f"/v1/unmapped?source={typed}"),
                ("GET", f"/v1/unmapped?is={typed}"), ("GET", f"/v1/events?from={typed}"),
                ("GET", f"/v1/audit?from={typed}"),
                ("POST", f"/v1/feeds/{typed}/poll"), ("POST", f"/v1/feeds/{typed}/pause"),
                ("DELETE", f"/v1/quarantine/{typed}"), ("POST", f"/v1/import?source={typed}&template={typed}"),
                ("POST", f"/v1/remap?dryRun={typed}"), ("DELETE", f"/v1/signals/{COA}/{typed}")]:
            answer = self.daemon.control(method, path, "[]" if "import" in path else None)
            self.assertIn(answer.status, (200, 400, 404), path)
        text = self.daemon.control("GET", "/v1/audit?from=1").body.decode()
        self.daemon.stop()
        kept = [text.encode(), self.daemon.log_path.read_bytes(),
                *(file.read_bytes() for file in self.daemon.state.iterdir())]
        for form in (NAME, typed, "Fatima", "Amrani", "Zwart"):
            self.assertFalse([n for n, data in enumerate(kept) if form.lower().encode() in data.lower()], form)

    @unittest.skipUnless(os.geteuid() == 0, "only root can be somebody else")
    def test_refused_attempts_are_logged(self):
        self.daemon.directory.chmod(0o711)
        code = ("import os, socket, sys\n"
                f"os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})\n"
                "s = socket.socket(socket.AF_UNIX)\ns.connect(sys.argv[1])\n"
                f"s.sendall(b'POST /v1/feeds/{POLLED}/pause HTTP/1.1\\r\\nHost: localhost\\r\\n"
                "Content-Length: 0\\r\\n\\r\\n')\n"
                "print(os.getpid(), s.makefile('rb').readline().split()[1].decode())\n")
        done = subprocess.run([sys.executable, "-c", code, self.daemon.control_path], capture_output=True, text=True,
                              timeout=30, check=True)
        pid, status = done.stdout.split()
        self.assertEqual(status, "403")
        lines = self.lines_of("pause")
        self.assertEqual(told(lines), [("pause", f"source={POLLED}", "403")])
        self.assertEqual(lines[0]["actor"], f"uid:{NOBODY} pid:{pid}")
        self.assertFalse(self.feed()["paused"])


class Configuration(Base):
    def test_start(self):
        """With the configuration as it was read, also where a digest looks like a number of a person."""
        rows = self.table.read_text()
        number = 0
        while not re.search(r"(?<!\d)[1-9]\d{9}(?!\d)", digest(self.table)):
            number += 1
            self.table.write_text(with_row(rows, f"n{number}", "ngo"))
        self.start()
        wait_for(lambda: "audit head number=1 " in self.daemon.log(), "the start is logged")
        first = audit(self.daemon)[0]
        self.assertEqual((first["actor"], first["origin"], first["action"], first["result"]),
                         ("system", "start", "start", "started"))
        self.assertRegex(first["object"], r"^version=\d+\.\d+\.\d+ config=" + digest(self.daemon.config_path) + " " +
                         re.escape(digests(self.daemon)) + " templates=[0-9a-f]{16}$")

    def test_start_without_room(self):
        self.start()
        self.daemon.stop()
        wrapper = self.daemon.wrapper
        self.daemon.wrapper = ["prlimit", "--fsize=0:unlimited", *wrapper]
        read = digests(self.daemon)
        self.start()
        self.table.write_text(with_row(self.table.read_text(), "late", "ngo"))
        self.assertEqual(self.daemon.control("GET", "/v1/counts").status, 503)
        pid = self.daemon.process.pid
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

        def starts():
            answer = self.daemon.control("GET", "/v1/audit?from=1")
            lines = [json.loads(line) for line in answer.body.splitlines()] if answer.status == 200 else []
            return [line for line in lines if line["action"] == "start"]
        second = wait_for(lambda: starts()[1:], "the start is logged")[0]
        self.assertIn(f" {read} ", second["object"])
        self.assert_sound()

    def test_reload(self):
        self.start()
        good = self.table.read_text()
        wrong = good + "x,warship\n"
        for by, table, outcome, changed in (
                ("socket", good, "200", ""), ("socket", with_row(good, "more", "ngo"), "200", " added=more"),
                ("socket", wrong, "400", ""), ("signal", good, "accepted", " removed=more"),
                ("signal", with_row(good, "other", "ngo"), "accepted", " added=other"), ("signal", wrong, "refused", "")):
            with self.subTest(by=by, outcome=outcome):
                before = len(self.lines_of("reload"))
                self.table.write_text(table)
                if by == "socket":
                    self.assertEqual(self.daemon.control("POST", "/v1/reload").status, int(outcome))
                else:
                    self.daemon.process.send_signal(signal.SIGHUP)
                wait_for(lambda: len(self.lines_of("reload")) == before + 2, "two lines")
                lines = self.lines_of("reload")[before:]
                self.assertEqual([line["result"] for line in lines], ["begun", outcome])
                actor = ME if by == "socket" else "system"
                self.assertEqual({(line["actor"], line["origin"]) for line in lines}, {(actor, by)})
                self.assertEqual(lines[0]["object"], "")
                self.assertRegex(lines[1]["object"], f"^config={digest(self.daemon.config_path)} " +
                                 re.escape(digests(self.daemon)) + f" templates=[0-9a-f]{{16}}{changed}$")
        self.assert_sound()

    def test_head_is_in_the_log_of_the_service(self):
        self.start()
        self.daemon.counts()
        last = audit(self.daemon)[-1]
        self.daemon.stop()
        head = re.findall(r"audit head number=(\d+) mac=(\S+)", self.daemon.log())[-1]
        self.start()
        lines = {line["number"]: line for line in audit(self.daemon)}
        self.assertGreater(int(head[0]), last["number"])
        self.assertEqual(lines[int(head[0])]["mac"], head[1])


@unittest.skipUnless(can_trace(), "needs strace")
class Unwritable(Base):
    def refused(self, method, path):
        answer = self.daemon.control(method, path)
        self.assert_problem(answer, 503)
        self.assertGreater(int(answer.headers["Retry-After"]), 0)
        return answer.json["detail"]

    def test_what_cannot_be_logged_is_not_done(self):
        self.start()
        self.poll()
        before = len(audit(self.daemon))
        good = self.table.read_text()
        self.table.write_text(with_row(good, "more", "ngo"))
        with Inject(self.daemon.process, "fdatasync:error=EIO"):
            for method, path in (("GET", "/v1/counts"), ("GET", f"/v1/signals/{POLLED}/1"), ("GET", "/v1/events"),
                                 ("GET", "/v1/audit"), ("GET", "/v1/feeds"), ("POST", f"/v1/feeds/{POLLED}/pause"),
                                 ("POST", f"/v1/feeds/{POLLED}/poll"), ("DELETE", "/v1/quarantine/1"),
                                 ("POST", "/v1/reload")):
                with self.subTest(path=path):
                    self.assertIn("cannot be logged now", self.refused(method, path))
            self.daemon.process.send_signal(signal.SIGHUP)
            wait_for(lambda: "[S070] reload refused" in self.daemon.log(), "it is told")
            self.assertEqual(self.daemon.control("GET", "/v1/status").status, 200)
        self.assertEqual(self.daemon.status()["feeds"]["sources"], 2)
        wait_for(lambda: self.daemon.control("GET", "/v1/counts").status == 200, "it works again")
        self.assertFalse(self.feed()["paused"])
        self.assertEqual(self.feed()["polls"], 1)
        self.assertEqual(len(self.daemon.control("GET", "/v1/quarantine").json["entries"]), 1)
        actions = {line["action"] for line in audit(self.daemon)[before + 1:]}
        self.assertLessEqual(actions, {"read counts", "read feed", "read quarantine", "read audit"})
        self.assertEqual(self.daemon.control("POST", f"/v1/feeds/{POLLED}/pause").status, 202)
        self.assertTrue(self.feed()["paused"])
        self.assert_sound()

    def test_each_sync_fails_once(self):
        """The n-th sync of a change fails: it says whether it was begun, and the log agrees."""
        self.start(UV_THREADPOOL_SIZE="1")  # strace(1) counts for each thread
        outcomes = set()
        for n in range(1, 12):
            before = len(self.lines_of("reload"))
            with Inject(self.daemon.process, f"fdatasync:error=EIO:when={n}"):
                answer = self.daemon.control("POST", "/v1/reload")
            if answer.status == 503:
                begun = "It was begun" in answer.json["detail"]
                wanted = ["begun"] if begun else []
            else:
                begun, wanted = None, ["begun", str(answer.status)]
            outcomes.add(begun)
            wait_for(lambda: self.daemon.control("GET", "/v1/counts").status == 200, "it works again")
            self.assertEqual([line["result"] for line in self.lines_of("reload")[before:]], wanted)
        self.assertEqual(outcomes, {True, False, None})
        self.assertIn("[S061] audit line lost action=reload", self.daemon.log())
        self.assert_sound()


class Behind(Base):
    """What is done to the log, and to the process."""

    def test_kill(self):
        self.start()
        for _ in range(3):
            answered, stop = [], threading.Event()

            def load(number):
                while not stop.is_set():
                    try:
                        if number % 2:
                            self.daemon.post(COA, {"id": f"k{number}", **SIGNAL})
                        elif self.daemon.control("GET", "/v1/counts?by=year").status == 200:
                            answered.append(1)
                    except OSError:
                        return
                    except Exception:  # noqa: BLE001: an answer that was cut off
                        return
            before = len(self.lines_of("read counts"))
            threads = [threading.Thread(target=load, args=(n,)) for n in range(4)]
            for thread in threads:
                thread.start()
            wait_for(lambda: len(answered) > 100, "counts are read")
            self.daemon.kill()
            stop.set()
            for thread in threads:
                thread.join()
            self.start()
            self.assert_sound()
            self.assertGreaterEqual(len(self.lines_of("read counts")) - before, len(answered))
        self.assertNotIn("changed from outside", self.daemon.log())

    def rewrite(self, old, new):
        self.assertEqual(len(old), len(new))
        file = self.daemon.state / "data.mdb"
        data = file.read_bytes()
        self.assertIn(old, data)
        file.write_bytes(data.replace(old, new))

    def fill(self):
        self.start()
        self.daemon.control("POST", f"/v1/feeds/{POLLED}/pause")
        self.daemon.control("POST", f"/v1/feeds/{POLLED}/resume")
        lines = audit(self.daemon)
        done = ctl(self.daemon, "audit", "verify")
        self.assertRegex(done.stdout, r"^audit log whole: lines 1 to \d+\n$")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.daemon.stop()
        return [line["number"] for line in lines if line["action"] == "resume"][0]

    def test_changed_line(self):
        number = self.fill()
        self.rewrite(b'"action":"resume"', b'"action":"pause "')
        self.start()
        for _ in range(2):
            done = ctl(self.daemon, "audit", "verify")
            self.assertEqual((done.returncode, done.stdout), (1, f"line {number} is changed or missing\n"))
        done = ctl(self.daemon, "audit", "verify", "--json")
        verdict = json.loads(done.stdout)
        self.assertEqual((done.returncode, verdict["whole"], verdict["broken"]), (1, False, number))
        done = ctl(self.daemon, "audit")
        self.assertIn("changed or missing", [x for x in done.stdout.splitlines() if x.split()[0] == str(number)][0])
        self.assertEqual(done.stdout.count("changed or missing"), 2)  # that line and its outcome
        self.assertIn("signaalctl audit verify", done.stderr)
        self.assertEqual(self.daemon.post(COA, {"id": "after", **SIGNAL}).status, 201)

    def test_unreadable_line(self):
        number = self.fill()
        self.rewrite(b'"action":"resume"', b'"linked":true,"":')
        self.start()
        done = ctl(self.daemon, "audit")
        self.assertEqual(done.stdout.count("(a line that cannot be read)"), 2)
        self.assertIn("system start", done.stdout)
        self.assertEqual(ctl(self.daemon, "audit", "verify").stdout, f"line {number} is changed or missing\n")

    def test_last_line_does_not_fit_the_head(self):
        self.fill()
        mac = bytes.fromhex(re.findall(r"audit head number=\d+ mac=(\S+)", self.daemon.log())[-1])
        self.rewrite(mac + b'"time"', bytes([mac[0] ^ 1]) + mac[1:] + b'"time"')
        self.start()
        self.assertIn("[S060] the audit log has been changed from outside", self.daemon.log())
        self.assertEqual(ctl(self.daemon, "audit", "verify").returncode, 1)
        self.assertEqual(self.daemon.post(COA, {"id": "after", **SIGNAL}).status, 201)


class Tool(Base):
    def test_list(self):
        self.start()
        self.daemon.control("POST", f"/v1/feeds/{POLLED}/pause")
        done = ctl(self.daemon, "audit")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        lines = done.stdout.splitlines()
        self.assertEqual(lines[0].split(), ["number", "time", "(UTC)", "actor", "and", "process", "action", "result",
                                            "object"])
        self.assertRegex(lines[1], r"^ +1 \d{4}-\d\d-\d\d \d\d:\d\d:\d\d system start +start +started +version=")
        user = "root" if os.geteuid() == 0 else r"\S+"
        self.assertRegex(lines[3], rf"^ +3 \S+ \S+ {user} {os.getpid()} +pause +202 +source={POLLED}$")
        self.assertEqual(len(ctl(self.daemon, "audit", "-n", "2").stdout.splitlines()), 3)
        some = ctl(self.daemon, "audit", "-n", "2", "--from", "2").stdout.splitlines()
        self.assertEqual([x.split()[0] for x in some], ["number", "2", "3"])
        self.assertEqual(ctl(self.daemon, "audit", "--from", "99999").stdout, "no lines\n")
        shown = [json.loads(x) for x in ctl(self.daemon, "audit", "--json", "--from", "1").stdout.splitlines()]
        self.assertEqual(shown, audit(self.daemon)[:len(shown)])
        for args in (["audit", "x"], ["audit", "verify", "x"], ["audit", "-n", "x"], ["audit", "-n", "100001"],
                     ["audit", "--from", "-1"], ["audit", "verify", "-n", "1"]):
            self.assertEqual(ctl(self.daemon, *args).returncode, 2, args)
        self.assertLessEqual(max(map(len, ctl(self.daemon, "audit", "--help").stdout.splitlines())), 80)


class Share(unittest.TestCase):
    def test_an_import_without_room_is_refused_and_logged(self):
        daemon = Daemon([{"name": COA, "kind": "coa", "push": True}], {"intake": ["backlog_max: 1MiB"]})
        self.addCleanup(daemon.close)
        daemon.start()
        batches = itertools.count()
        wait_for(lambda: daemon.post(COA, [{"id": f"{next(batches)}-{i}", **SIGNAL} for i in range(1000)]).status == 429, "429")
        self.assertTrue(daemon.status()["intake"]["full"])
        self.assertEqual(daemon.request("GET", "/v1/health").status, 503)
        refused = daemon.control("POST", f"/v1/import?source={COA}&dryRun=1", json.dumps({"id": "1", **SIGNAL}))
        self.assertEqual((refused.status, refused.json["detail"][:31]), (429, "Too much is waiting here. Nothi"))
        self.assertEqual([(line["action"], line["result"]) for line in audit(daemon)[-2:]],
                         [("import", "begun"), ("import", "429")])
        self.assertIn('[S021] senders get 429 reason="too much waits for Kafka (intake.backlog_max)"', daemon.log())
        daemon.stop()

    def test_reads_do_not_take_the_room_of_signals(self):
        daemon = Daemon([{"name": COA, "kind": "coa", "push": True}], {"state": ["size_max: 2MiB"],
                                                                          "intake": ["backlog_max: 1MiB"]})
        self.addCleanup(daemon.close)
        daemon.start()
        connection, refused = UnixConnection(daemon.control_path), None
        for _ in range(20000):
            connection.request("GET", "/v1/counts")
            refused = connection.getresponse()
            refused.read()
            if refused.status != 200:
                break
        self.assertEqual(refused.status, 503)
        self.assertGreater(int(refused.headers["Retry-After"]), 0)
        self.assertIn("[S022] the audit log has its share", daemon.log())
        full = daemon.metrics()["signaald_audit_lines_total"]
        for _ in range(3):  # who looks for the one that filled it can read it, and leaves no line
            self.assertEqual(len(audit(daemon)), full)
            self.assertTrue(daemon.control("GET", "/v1/audit/verify").json["whole"])
        self.assertEqual(daemon.metrics()["signaald_audit_lines_total"], full)
        self.assertIn("[S062] audit log read without a line in it", daemon.log())
        self.assertEqual(daemon.post(COA, {"id": "1", **SIGNAL}).status, 201)
        self.assertEqual(daemon.status()["ledger"]["signals"], 1)
        daemon.stop()


if __name__ == "__main__":
    unittest.main()
