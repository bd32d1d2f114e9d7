# SPDX-License-Identifier: EUPL-1.2
"""signaalctl against a daemon that gives fixed answers.

The program is signaalctl in the folder that SIGNAALD_BUILD names (build/release without it).
"""

import json
import os
import random
import re
import select
import signal
import stat
import subprocess
import sys
import threading
import time
import unittest

from ctl_fake import COUNTS, DEADLINE_S, PROBLEM, SIGNAL, STATUS
from ctl_fake import Answers, Case, Daemon, counts_body, environment, event


class Usage(Case):
    def test_help(self):
        text = self.good("--help")
        verbs = re.findall(r"(?m)^  ([a-z]+)\b", text.split("Options:")[0])
        self.assertGreater(len(verbs), 20)
        for verb in verbs:
            own = self.good(verb, "--help")
            self.assertIn(f"signaalctl {verb}", own)
            self.assertIn("--json", own)
            self.assertFits(own, 80)
        self.assertEqual(self.daemon.requests, [])

    def test_version(self):
        self.assertRegex(self.good("--version"), r"^signaalctl \d+\.\d+\.\d+\n$")

    def test_wrong_use(self):
        for args in (
            [],
            ["nosuch"],
            ["--nosuch"],
            ["-x", "status"],
            ["--json=1", "status"],
            ["status", "extra"],
            ["status", "--by", "year"],
            ["counts", "--by"],
            ["counts", "--by", "shoe"],
            ["counts", "--by", ""],
            ["counts", "--by", "year,"],
            ["counts", "--by", "year,month,gender,status"],
            ["trend", "--by", ""],
            ["counts", "--period", "17"],
            ["counts", "--period", "2017-13"],
            ["counts", "--period", "2017-00"],
            ["counts", "--period", "2017-"],
            ["counts", "--period", "2017-01-01"],
            ["counts", "--where", "year"],
            ["counts", "--where", "year="],
            ["counts", "--where", "shoe=44"],
            ["counts"] + ["--where", "year=2017"] * 13,
            ["counts", "--where", "category=" + "é" * 4000],
            ["why", "amsterdam"],
            ["why", "amsterdam", ""],
            ["why", "amsterdam", "1", "2"],
            ["why", "amsterdam", "x" * 1025],
            ["tail", "-n", "ten"],
            ["tail", "-n", "-1"],
            ["tail", "--from", "99999999999999999999"],
            ["--socket", "/" + "x" * 200, "status"],
        ):
            with self.subTest(args=[arg[:40] for arg in args]):
                done = self.ctl(*args)
                self.assertEqual((done.returncode, done.stdout), (2, b""))
                self.assertIn(b"--help", done.stderr)
        self.assertEqual(self.daemon.requests, [])

    def test_common_options_stand_before_or_behind_the_verb(self):
        self.answer(200, STATUS)
        for args in (["--json", "status"], ["status", "--json"]):
            self.assertEqual(json.loads(self.good(*args)), STATUS)


class Reaching(Case):
    def run_at(self, path, **more):
        return subprocess.run(
            [Case.program, "status"],
            capture_output=True,
            timeout=DEADLINE_S,
            env=environment(SIGNAALD_SOCKET=path),
            **more,
        )

    def test_socket_from_the_environment(self):
        self.answer(200, STATUS)
        self.assertEqual(self.run_at(self.path).returncode, 0)

    def test_no_daemon(self):
        plain_file = os.path.join(self.folder, "file")
        with open(plain_file, "w", encoding="ascii"):
            pass
        dead = os.path.join(self.folder, "dead.sock")
        Daemon(dead, Answers).server_close()
        for path in (os.path.join(self.folder, "none.sock"), plain_file, dead):
            done = self.run_at(path)
            text = f"signaalctl: no daemon at {path}: is it running? systemctl status signaald\n"
            self.assertEqual((done.returncode, done.stdout), (1, b""))
            self.assertEqual(done.stderr.decode(), text)

    def test_no_permission(self):
        nobody = {"user": 65534, "group": 65534, "extra_groups": []} if os.getuid() == 0 else {}
        os.chmod(self.folder, 0o755)
        for path, mode in ((self.path, 0), (self.folder, 0o600)):
            before = stat.S_IMODE(os.stat(path).st_mode)
            os.chmod(path, mode)
            for group in (0, 12) if nobody else (os.getgid(),):
                os.chown(path, -1, group)
                done = self.run_at(self.path, **nobody)
                self.assertEqual((done.returncode, done.stdout), (1, b""))
                self.assertIn(b"no permission for", done.stderr)
                advice = rb"usermod -aG \w+ " if group else rb"root's, so use sudo\n$"
                self.assertRegex(done.stderr, advice)
                self.assertNotIn(b"-aG root", done.stderr)
            os.chmod(path, before)
        self.assertEqual(self.daemon.requests, [])

    def test_output_cannot_be_written(self):
        self.answer(200, STATUS)
        with open("/dev/full", "wb") as full:
            args = [Case.program, "--socket", self.path, "status"]
            done = subprocess.run(
                args, stdout=full, stderr=subprocess.PIPE, timeout=DEADLINE_S, env=environment()
            )
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"cannot write", done.stderr)


class Faults(Case):
    VERBS = (["status"], ["counts"], ["why", "a", "b"], ["tail"], ["tail", "-f"])

    def failed(self, *args):
        done = self.ctl(*args)
        self.assertEqual(done.returncode, 1, done)
        self.assertClean(done.stderr.decode())
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        return done

    def test_problem(self):
        problem = {"title": "Not \x1b]0;now\x07 yet", "status": 503, "detail": "A reload\n\u202eis"}
        self.answer(503, problem, PROBLEM)
        for args in self.VERBS:
            with self.subTest(args=args):
                done = self.failed(*args)
                self.assertEqual(done.stderr, b"signaalctl: Not ]0;now yet: A reloadis\n")
                self.assertEqual(done.stdout, b"")
                done = self.failed("--json", *args)
                self.assertEqual(done.stdout.decode(), json.dumps(problem) + "\n")

    def test_problem_without_words(self):
        self.answer(500, b"<html>", "text/html")
        for args in self.VERBS:
            self.assertIn(b"500", self.failed(*args).stderr)

    def test_not_json(self):
        for body in (b"", b"[]", b"{", b"hello", b'{"a":1,"a":2}', b"[" * 100000, b'{"a":"\xff"}'):
            self.answer(200, body)
            for args in (["status"], ["counts"], ["why", "a", "b"]):
                with self.subTest(body=body[:20], args=args):
                    self.assertEqual(self.failed(*args).stdout, b"")
            if body:
                self.failed("tail")

    def test_cut_off(self):
        def cut(handler):
            handler.head(200, "application/json", {"Content-Length": "1000"})
            handler.wfile.write(b'{"version":"1"')
            handler.close_connection = True

        self.daemon.answer = cut
        for args in self.VERBS:
            self.assertIn(b"no complete answer", self.failed(*args).stderr)

    def test_no_http(self):
        self.daemon.answer = lambda handler: handler.wfile.write(b"220 mail ready\r\n\r\n")
        for args in self.VERBS:
            self.failed(*args)

    def test_no_redirects(self):
        self.daemon.answer = lambda handler: handler.head(
            302, "text/plain", {"Location": "http://localhost/elsewhere", "Content-Length": "0"}
        )
        self.assertIn(b"302", self.failed("status").stderr)
        self.assertEqual(self.daemon.requests, ["/v1/status"])

    def test_too_large(self):
        def endless(handler):
            handler.head(200, "application/json", {"Transfer-Encoding": "chunked"})
            for _ in range(65):
                handler.chunk(b" " * (1 << 20))

        self.daemon.answer = endless
        self.assertIn(b"larger than 64 MiB", self.failed("status").stderr)
        self.assertIn(b"longer than 1024 KiB", self.failed("tail").stderr)

    def test_strange_answers_are_survived(self):
        strange = (
            {},
            {"by": [], "lines": [], "versions": []},
            {"by": ["year"] * 4},
            {"by": [1]},
            {"by": ["year"], "lines": [1, None, {}, {"year": 5, "signals": "x"}], "names": []},
            {"by": ["year"], "lines": {"a": 1}, "filters": [], "total": 1.5},
            {"versions": [None, 1, {"categories": "x", "published": {}}], "intake": 5},
            {"by": ["year"], "lines": [{"year": "2017", "signals": -(2**63)}], "total": 2**63 - 1},
            {"uptimeSeconds": -5, "started": "x", "ledger": {"usedBytes": -1, "maxBytes": 0}},
        )
        for body in strange:
            self.answer(200, body)
            for args in (["status"], ["counts"], ["why", "a", "b"], ["tail"]):
                with self.subTest(body=body, args=args):
                    self.assertIn(self.ctl(*args).returncode, (0, 1))


class Status(Case):
    def setUp(self):
        super().setUp()
        self.answer(200, STATUS)

    def test_json_is_unchanged(self):
        for body in (b'{ "a" : "\\u00e9", "n":1.0e2 }', b'{"a":1}\n'):
            self.answer(200, body)
            self.assertEqual(self.good("--json", "status"), body.decode().rstrip("\n") + "\n")
        self.assertEqual(set(self.daemon.requests), {"/v1/status"})

    def test_plain(self):
        text = self.good("status")
        self.assertIn("signaald 9.8.7, up 3 d 4 h 12 min, since 2017-03-01 10:11:12 UTC\n", text)
        for label, value in (
            ("listens on", "127.0.0.1:8080"),
            ("received", "1204"),
            ("unknown municipalities", "1"),
            ("waiting", "40"),
            ("last commit", "2017-03-04 14:23:00 UTC"),
            ("disk", "5.0 MiB of 10.0 GiB, 0 %"),
            ("state", "running"),
            ("last error", "-"),
            ("failing", "1"),
            ("its own", "12.3 MiB"),
            ("pages of files", "700.0 MiB"),
        ):
            self.assertRegex(text, rf"(?m)\b{label} +{re.escape(value)}(\s|$)")
        self.assertFits(text, 80)
        self.assertNotIn("\x1b", text)

    def test_other_topics(self):
        for key, of, topic in (("counts", "statistics", "signal-counts"), ("current", "current", "signals-current")):
            told = {"state": "running", "topic": topic, "waiting": 3, "lastError": None, "whatToDo": None}
            self.answer(200, dict(STATUS, kafka=dict(STATUS["kafka"], **{key: told})))
            text = self.good("status")
            for label, value in (("topic", topic), ("state", "running"), ("wait", "3"), ("last error", "-")):
                self.assertRegex(text, rf"(?m)^  {of} {label} +{value}$")

    def test_wider_screens_need_fewer_lines(self):
        narrow, usual, wide = (self.on_terminal("status", columns=c) for c in (50, 80, 160))
        for text, columns in ((narrow, 50), (usual, 80), (wide, 160)):
            self.assertFits(text, columns)
        self.assertGreater(narrow.count("\n"), usual.count("\n"))
        self.assertGreater(usual.count("\n"), wide.count("\n"))

    def test_off(self):
        kafka = dict(STATUS["kafka"], state="off", brokers=None)
        ledger = dict(STATUS["ledger"], lastCommit=None)
        intake = dict(STATUS["intake"], listen=None)
        self.answer(200, dict(STATUS, kafka=kafka, ledger=ledger, intake=intake))
        text = self.good("status")
        self.assertRegex(text, r"(?m)^  state +off$")
        for label in ("brokers", "last commit", "listens on"):
            self.assertRegex(text, rf"(?m)^  {label} +-$")

    def test_colour(self):
        self.assertIn("\x1b[32mrunning\x1b[0m", self.on_terminal("status"))
        self.assertIn("\x1b[", self.on_terminal("status", NO_COLOR=""))
        for args, env in (
            (["--no-colour"], {}),
            ([], {"NO_COLOR": "1"}),
            ([], {"TERM": "dumb"}),
            ([], {"TERM": ""}),
        ):
            self.assertNotIn("\x1b", self.on_terminal(*args, "status", **env))

    def test_foreign_text_is_cleaned(self):
        kafka = dict(STATUS["kafka"], lastError="a\x1b[31mb\x9bc\u202ed\u200be\x7f\r\nf")
        self.answer(200, dict(STATUS, kafka=kafka, version="1\x07"))
        for locale, shown in (("C.UTF-8", "a[31mbcdef\n"), ("C", "a[31mb?c?d?ef\n")):
            text = self.good("status", env=environment(LC_ALL=locale))
            self.assertClean(text)
            self.assertIn(shown, text)


class Counts(Case):
    def setUp(self):
        super().setUp()
        self.answer(200, COUNTS)

    def test_query(self):
        for args, target in (
            ([], "by=year"),
            (["--by", "province,category"], "by=province,category"),
            (["--by", "year", "--by", "month"], "by=month"),
            (["--period", "2017"], "by=year&period=2017"),
            (["--period", "2017-03"], "by=year&period=2017-03"),
            (
                ["--where", "category=SexualExploitation", "--where", "gender=Masculine"],
                "by=year&category=SexualExploitation&gender=Masculine",
            ),
            (["--where", "policeUnit=Oost & W=é"], "by=year&policeUnit=Oost%20%26%20W%3D%C3%A9"),
        ):
            self.daemon.requests.clear()
            self.good("counts", *args)
            self.assertEqual(self.daemon.requests, ["/v1/counts?" + target])

    def test_plain(self):
        text = self.good("counts")
        lines = text.split("\n")
        self.assertEqual(lines[0], "Signals and persons by province, category; year 2017")
        self.assertEqual(lines[2], "province            category            signals  persons")
        room = 80 - len(lines[2]) - 2
        self.assertEqual(lines[3], "PV21 Fryslân        ForcedLabour              1        1  ▎")
        self.assertEqual(
            lines[4], "PV27 Noord-Holland  SexualExploitation      100       98  " + "█" * room
        )
        self.assertEqual(lines[5][:56], "unknown             Unknown                  50       49")
        self.assertEqual(lines[5][58:], "█" * (room // 2) + "▌" * (room % 2))
        self.assertEqual(lines[6], "─" * 56)
        self.assertEqual(lines[7], "total                                       149      145")
        self.assertIn("may add up", text.replace("\n", " "))
        self.assertIn("Signals that are linked", text.replace("\n", " "))
        self.assertFits(text, 80)

    def test_ascii(self):
        text = self.good("counts", env=environment(LC_ALL="C"))
        self.assertTrue(text.isascii())
        self.assertRegex(text, r"PV21 Frysl\?n +ForcedLabour +1 +1  #\n")
        self.assertIn("100       98  " + "#" * 22 + "\n", text)

    def year(self, persons):
        line = {"year": "2017", "signals": 3, "persons": persons}
        self.answer(200, {"by": ["year"], "lines": [line], "total": 3, "persons": persons})
        return self.good("counts")

    def test_notes_only_where_they_explain(self):
        text = self.year(persons=3)
        self.assertNotIn("add up", text)
        self.assertNotIn("linked", text)
        text = self.year(persons=2)
        self.assertRegex(text, r"(?m)^2017 +3 +2\b")
        self.assertNotIn("add up", text)
        self.assertIn("linked", text)

    def test_persons_not_counted(self):
        self.answer(200, {"by": ["year"], "lines": [{"year": "2017", "signals": 3}], "total": 3})
        text = self.good("counts")
        self.assertRegex(text, r"(?m)^2017 +3 +-  █+$")
        self.assertRegex(text, r"(?m)^total +3 +-$")
        self.assertNotIn("linked", text)

    def test_nothing(self):
        answer = {"by": ["year"], "filters": {}, "lines": [], "total": 0, "persons": 0, "names": {}}
        self.answer(200, answer)
        self.assertRegex(self.good("counts"), r"(?m)^total +0 +0$")

    def test_width(self):
        for columns in (40, 80, 133):
            text = self.on_terminal("counts", "--no-colour", columns=columns)
            self.assertFits(text, columns)
            if columns > 60:
                self.assertEqual(max(map(len, text.split("\n"))), columns)
            self.assertRegex(text, r"PV27.* 100 +98\b")
        narrow = self.on_terminal("counts", "--no-colour", columns=40)
        self.assertRegex(narrow, r"PV27[^\n]*…")
        piped = self.good("counts", env=environment(COLUMNS="100"))
        self.assertEqual(max(map(len, piped.split("\n"))), 100)

    def test_json(self):
        self.assertEqual(self.good("counts", "--json").encode(), counts_body(COUNTS))

    def test_random(self):
        rng = random.Random(seed := random.randrange(1 << 32))
        pool = "ab é\u0301世\x1b\x9b\u202e€-" + "x" * 5
        for _ in range(20):
            by = rng.sample(["municipality", "category", "year", "gender"], rng.randint(1, 3))
            lines = []
            for _ in range(rng.randint(0, 20)):
                line = {d: "".join(rng.choices(pool, k=rng.randint(0, 40))) for d in by}
                signals = rng.choice([0, 1, rng.randint(0, 10**7)])
                lines.append(dict(line, signals=signals, persons=rng.randint(0, signals)))
            self.answer(200, {"by": by, "lines": lines, "total": 5, "persons": 4})
            with self.subTest(seed=seed):
                self.assertClean(self.good("counts"))
                self.assertFits(self.on_terminal("counts", "--no-colour").replace("\u0301", ""), 80)


class Why(Case):
    def setUp(self):
        super().setUp()
        self.answer(200, SIGNAL)

    def test_target(self):
        self.good("why", "amsterdam", "2017/1 é?%")
        self.good("why", "a.b-c_d~e", "..")
        self.assertEqual(
            self.daemon.requests,
            ["/v1/signals/amsterdam/2017%2F1%20%C3%A9%3F%25", "/v1/signals/a.b-c_d~e/.."],
        )

    def test_plain(self):
        text = self.good("why", "amsterdam", "x")
        self.assertEqual(
            text,
            """\
signal       00112233445566778899aabbccddeeff
source       amsterdam
id           2017/1 é
counts       yes

version      1
verdict      registered
received     2017-03-05 10:11:12 UTC
feed         push
sequence     12
municipality Amsterdam GM0363
categories   SexualExploitation, ForcedLabour
reported     2017-03-04
published    topic signals, partition 3, offset 120

version      2
verdict      corrected
received     2017-03-06 10:11:12 UTC
feed         poll
sequence     13
municipality unknown
categories   Unknown
reported     2017-03-04
published    not yet: waiting for Kafka
""",
        )

    def test_never_seen(self):
        problem = {"title": "Not found", "status": 404, "detail": "no such signal"}
        self.answer(404, problem, PROBLEM)
        done = self.ctl("why", "amsterdam", "x")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (1, b"never seen\nno such signal\n", b""))
        done = self.ctl("why", "amsterdam", "x", "--json")
        self.assertEqual((done.returncode, json.loads(done.stdout)), (1, problem))

    def test_json(self):
        self.assertEqual(self.good("--json", "why", "a", "b"), json.dumps(SIGNAL) + "\n")


class Tail(Case):
    def test_target(self):
        for args, target in (
            ([], "last=10"),
            (["-n", "3"], "last=3"),
            (["-f"], "last=10&follow=1"),
            (["-fn0"], "last=0&follow=1"),
            (["--from", "7"], "from=7"),
            (["--from", "7", "-n", "5"], "from=7&max=5"),
            (["--from", "7", "-f"], "from=7&follow=1"),
        ):
            self.daemon.requests.clear()
            self.ctl("tail", *args)
            self.assertEqual(self.daemon.requests, ["/v1/events?" + target])

    def test_plain(self):
        lines = [
            event(12),
            event(13, "signal.corrected", municipality={"code": None, "name": None}),
            event(1234567, "source.silent", categories=[], municipality=None, reported=None),
        ]
        self.answer(200, ("\n".join(lines) + "\n").encode(), "application/x-ndjson")
        shown = [line.split() for line in self.good("tail").splitlines()]
        stamp = ["2017-03-05", "10:11:12"]
        words = ["SexualExploitation,", "ForcedLabour"]
        self.assertEqual(
            shown,
            [
                [*stamp, "12", "registered", "amsterdam", "Amsterdam", *words, "2017-03-04"],
                [*stamp, "13", "corrected", "amsterdam", "-", *words, "2017-03-04"],
                [*stamp, "1234567", "silent", "amsterdam", "-", "-", "-"],
            ],
        )

    def test_goes_on_where_it_was_cut(self):
        """The daemon cuts who does not read, and a pager may stand still: what is left is asked for from the next line on."""
        def cut(handler):
            if len(self.daemon.requests) > 2:
                handler.stream([(event(n) + "\n").encode() for n in (16, 17)])
                return
            first = 12 if len(self.daemon.requests) == 1 else 14
            handler.head(200, "application/x-ndjson", {"Transfer-Encoding": "chunked"})
            handler.chunk((event(first) + "\n" + event(first + 1) + "\n" + event(first + 2)).encode())  # and half a line
            handler.close_connection = True

        self.daemon.answer = cut
        for args, asked in ((["-n", "6"], ["last=6", "from=14&max=4", "from=16&max=2"]),
                            (["--from", "12"], ["from=12", "from=14", "from=16"])):
            for more in ([], ["--json"]):
                self.daemon.requests.clear()
                shown = self.good("tail", *args, *more)
                self.assertEqual(re.findall(r'signaaldseq": ?"?(\d+)' if more else r"(?m)^\S+ \S+ +(\d+) ", shown),
                                 [str(n) for n in range(12, 18)])
                self.assertEqual(self.daemon.requests, ["/v1/events?" + target for target in asked])

    def test_cut_before_any_line(self):
        def cut(handler):
            handler.head(200, "application/x-ndjson", {"Transfer-Encoding": "chunked"})
            handler.close_connection = True

        self.daemon.answer = cut
        done = self.ctl("tail")
        self.assertEqual((done.returncode, done.stdout, len(self.daemon.requests)), (1, b"", 1))
        self.assertIn(b"no complete answer", done.stderr)

    def test_terminal(self):
        body = event(12, municipality={"name": "Súdwest-Fryslân en nog veel meer"}) + "\n"
        self.answer(200, body.encode(), "application/x-ndjson")
        for columns, stamp in ((80, "03-05 10:11:12 "), (120, "2017-03-05 10:11:12 ")):
            text = self.on_terminal("tail", columns=columns)
            plain = re.sub(r"\x1b\[[0-9]*m", "", text)
            title, line = plain.splitlines()
            self.assertTrue(title.startswith("time (UTC)"))
            self.assertTrue(line.startswith(stamp), line)
            self.assertTrue(line.endswith(" 2017-03-04"), line)
            self.assertEqual(len(line), columns)
            self.assertEqual(title.index("reported"), line.rindex("2017"))
            self.assertIn("\x1b[32mregistered", text)

    def test_lines_in_any_pieces(self):
        lines = [event(n) for n in range(50)]
        body = ("\n".join(lines[:25]) + "\r\n\r\n\n" + "\n".join(lines[25:])).encode()
        for size in (1, 7, 1000, len(body)):
            pieces = [body[i : i + size] for i in range(0, len(body), size)]
            self.daemon.answer = lambda handler, p=pieces: handler.stream(p)
            self.assertEqual(self.good("--json", "tail"), "\n".join(lines) + "\n")
            self.assertEqual(len(self.good("tail").splitlines()), 50)

    def test_long_lines(self):
        most = b'{"data":"' + b"x" * ((1 << 20) - 11) + b'"}'
        self.assertEqual(len(most), 1 << 20)
        self.daemon.answer = lambda handler: handler.stream([most + b"\n", most])
        self.assertEqual(self.good("--json", "tail"), (most + b"\n" + most + b"\n").decode())
        self.daemon.answer = lambda handler: handler.stream([most + b"x\n"])
        done = self.ctl("--json", "tail")
        self.assertEqual((done.returncode, done.stdout), (1, b""))

    def test_more_than_one_body(self):
        line = b'{"data":"' + b"x" * 500000 + b'"}\n'
        self.daemon.answer = lambda handler: handler.stream([line] * 140)
        self.assertEqual(len(self.good("--json", "tail")), 140 * len(line))

    def follow(self, *args, **more):
        process = subprocess.Popen(
            [Case.program, "--socket", self.path, *args, "tail", "-f"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(),
            **more,
        )
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def read_line(self, process):
        # Unbuffered: a line must have come as a whole before the next one is sent.
        line = b""
        end = time.monotonic() + DEADLINE_S
        while not line.endswith(b"\n"):
            left = end - time.monotonic()
            self.assertTrue(select.select([process.stdout], [], [], max(0, left))[0], "no line")
            byte = os.read(process.stdout.fileno(), 1)
            self.assertNotEqual(byte, b"", "the stream ended")
            line += byte
        return line

    def held_stream(self):
        """An answer that sends what put() gives it, until the case ends."""
        ready = threading.Condition()
        pieces, ended = [], []

        def put(piece):
            with ready:
                pieces.append(piece)
                ready.notify()

        def answer(handler):
            handler.head(200, "application/x-ndjson", {"Transfer-Encoding": "chunked"})
            while True:
                with ready:
                    ready.wait_for(lambda: pieces or ended)
                    if ended:
                        return
                    piece = pieces.pop(0)
                handler.chunk(piece)

        def end():
            with ready:
                ended.append(True)
                ready.notify()

        self.addCleanup(end)
        self.daemon.answer = answer
        return put

    def test_each_line_at_once(self):
        for args in ([], ["--json"]):
            put = self.held_stream()
            process = self.follow(*args)
            for n in range(3):
                put((event(n) + "\n").encode())
                self.assertIn(b"amsterdam", self.read_line(process))
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(DEADLINE_S), 0)
            self.assertEqual(process.stderr.read(), b"")

    def test_stopped_while_nothing_comes(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            put = self.held_stream()
            put((event(1) + "\n").encode())
            process = self.follow()
            self.read_line(process)
            process.send_signal(number)
            self.assertEqual(process.wait(DEADLINE_S), 0)

    def test_reader_gone(self):
        put = self.held_stream()
        put((event(1) + "\n").encode())
        process = self.follow()
        self.read_line(process)
        process.stdout.close()
        self.assertEqual(process.wait(DEADLINE_S), 0)

    def test_daemon_gone(self):
        self.daemon.answer = lambda handler: handler.stream([(event(41) + "\n").encode()])
        done = self.ctl("tail", "-f")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(len(done.stdout.splitlines()), 1)
        self.assertIn(b"ended the stream", done.stderr)
        self.assertIn(b"signaalctl tail -f --from 42\n", done.stderr)

    def test_json_does_not_look_inside(self):
        self.answer(200, b"{not json\n", "application/x-ndjson")
        self.assertEqual(self.good("--json", "tail"), "{not json\n")


if __name__ == "__main__":
    Case.program = os.path.join(os.environ.get("SIGNAALD_BUILD", "build/release"), "signaalctl")
    unittest.main()
