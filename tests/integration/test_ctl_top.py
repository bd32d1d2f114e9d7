# SPDX-License-Identifier: EUPL-1.2
"""signaalctl top against a daemon that gives fixed answers, on terminals of different sizes.

The program is signaalctl in the folder that SIGNAALD_BUILD names (build/release without it).
"""

import copy
import fcntl
import json
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading
import time
import unittest

from ctl_fake import DEADLINE_S, PROBLEM, STATUS, Case, environment, event

ENTER, LEAVE = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"
HOSTILE = "\x1b[2J\x1b]0;gotcha\x07\x9b31m\u202eon\r\n"


def status(**more):
    value = copy.deepcopy(STATUS)
    value["feeds"]["failingList"] = [
        {"name": "gm0193-zwolle", "reason": "HTTP status 500", "since": "2017-03-05T10:11:12Z"}
    ]
    for path, what in more.items():
        section, key = path.split("_")
        value[section][key] = what
    return value


class Screen:
    """signaalctl on a terminal of its own; `shown` is all that it has written."""

    def __init__(self, case, *args, columns=80, rows=24, **env):
        self.case = case
        self.shown = ""
        self.ours, theirs = pty.openpty()
        self.theirs = theirs
        self.resize(columns, rows)
        self.before = termios.tcgetattr(theirs)
        # A session of its own, so that the terminal's ctrl-C and its size reach the program; its shell stays, since
        # a terminal is hung up with the end of the session.
        script = 'trap : INT QUIT TSTP; "$@"; echo "ended $?" >&2; read _'
        self.process = subprocess.Popen(
            ["setsid", "--ctty", "sh", "-c", script, "sh", Case.program, "--socket", case.path, *args],
            stdin=theirs,
            stdout=theirs,
            stderr=subprocess.PIPE,
            env=environment(**env),
        )
        case.addCleanup(self.close)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()
        os.close(self.ours)
        os.close(self.theirs)

    def resize(self, columns, rows):
        fcntl.ioctl(self.theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def keys(self, data):
        os.write(self.ours, data)

    def read(self, wait_s):
        if not select.select([self.ours], [], [], wait_s)[0]:
            return False
        self.shown += os.read(self.ours, 65536).decode()
        return True

    def pictures(self):
        """The whole pictures so far, as lines without colours."""
        found = []
        for part in self.shown.split("\x1b[H")[1:]:
            if "\x1b[J" in part:
                plain = re.sub(r"\x1b\[[0-9]*m", "", part.split("\x1b[J")[0])
                found.append(plain.replace("\x1b[K", "").split("\r\n"))
        return found

    def wait_for(self, what):
        """Until a picture has `what` in it; that picture."""
        end = time.monotonic() + DEADLINE_S
        while time.monotonic() < end:
            for lines in self.pictures()[::-1]:
                if re.search(what, "\n".join(lines)):
                    return lines
            self.read(0.1)
        self.case.fail(f"no {what} in {self.pictures()[-1:] or self.shown!r}")

    def end(self):
        """Exit status, once it has ended by itself, and nothing on stderr."""
        told = b""
        while not told.endswith(b"\n"):
            self.case.assertTrue(select.select([self.process.stderr], [], [], DEADLINE_S)[0], self.shown[-4000:])
            told += os.read(self.process.stderr.fileno(), 4096)
            while self.read(0):
                pass
        match = re.fullmatch(rb"ended (\d+)\n", told)
        self.case.assertTrue(match, told)
        return int(match[1])

    def program(self):
        """The process id of signaalctl, below its shell."""
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="ascii") as file:
            return int(file.read().split()[0])

    def is_stopped(self):
        with open(f"/proc/{self.program()}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] == "T"

    def assert_restored(self):
        text = self.shown
        self.case.assertTrue(text.startswith(ENTER), text[:40])
        self.case.assertTrue(text.endswith(LEAVE), text[-40:])
        self.case.assertEqual(text.count(ENTER), text.count(LEAVE))
        self.case.assertEqual(termios.tcgetattr(self.theirs), self.before)
        # Between them nothing but what draws a picture.
        for sequence in re.findall(r"\x1b(?:\[[0-9;?]*[A-Za-z])?", text.replace(ENTER, "").replace(LEAVE, "")):
            self.case.assertRegex(sequence, r"^\x1b\[([HKJ]|[0-9]*m)$")
        self.case.assertEqual([c for c in text if ord(c) < 32 and c not in "\r\n\x1b"], [])


class Top(Case):
    def setUp(self):
        super().setUp()
        self.status = status()
        self.fault = None  # what the status is refused with
        self.refusal = None  # what the events are refused with
        self.lines = [event(1139), event(1140, "signal.corrected", source={"name": "coa"})]
        self.news = threading.Condition()
        self.ended = 0  # streams that began before
        self.daemon.answer = self.respond
        self.addCleanup(self.end_streams)

    def respond(self, handler):
        if handler.path == "/v1/status":
            handler.send(*(self.fault or (200, json.dumps(self.status).encode())))
        elif self.refusal:
            handler.send(*self.refusal)
        else:
            self.stream(handler)

    def stream(self, handler):
        handler.head(200, "application/x-ndjson", {"Transfer-Encoding": "chunked"})
        handler.close_connection = True
        sent, mine = 0, self.ended
        while True:
            with self.news:
                self.news.wait_for(lambda: len(self.lines) > sent or self.ended > mine)
                lines = self.lines[sent:]
            if self.ended > mine:
                return
            sent += len(lines)
            handler.chunk("".join(line + "\n" for line in lines).encode())

    def put(self, line):
        with self.news:
            self.lines.append(line)
            self.news.notify_all()

    def end_streams(self):
        with self.news:
            self.ended += 1
            self.news.notify_all()

    def streams(self):
        return [path for path in self.daemon.requests if path.startswith("/v1/events")]


class Live(Top):
    def test_picture(self):
        screen = Screen(self, "top", "--no-colour")
        screen.wait_for("1140 corrected")
        lines = screen.wait_for("/s now")
        text = "\n".join(lines)
        for expected in (
            r"(?m)^signaald 9\.8\.7, up 3 d 4 h 12 min +\d\d:\d\d:\d\d UTC$",
            r"(?m)^Intake    1204 received, 0\.0/s now, 0\.0/s at most  ▁+$",
            r"(?m)^Verdicts  4 refused, 1100 registered, 30 corrected, 10 withdrawn, 60 duplicate$",
            r"(?m)^Backlog   40 of 1140 events wait for Kafka$",
            r"(?m)^Kafka     running at 127\.0\.0\.1:9092, 2 in flight, 0 restarts$",
            r"(?m)^Disk      5\.0 MiB of 10\.0 GiB, 0 %; memory 12\.3 MiB$",
            r"(?m)^Feeds     1 of 12 polled feeds fail; 2 silent, 0 paused, 7 in quarantine$",
            r"(?m)^  gm0193-zwolle +\d+ d +HTTP status 500$",
            r"(?m)^time \(UTC\) .*event .*reported",
        ):
            self.assertRegex(text, expected)
        self.put(event(1141, "signal.withdrawn"))
        screen.wait_for("1141 withdrawn")
        screen.keys(b"xq")
        self.assertEqual(screen.end(), 0)
        screen.assert_restored()
        self.assertEqual(self.streams(), ["/v1/events?last=60&follow=1"])
        self.assertGreater(self.daemon.requests.count("/v1/status"), 1)

    def test_every_way_out_restores_the_terminal(self):
        ways = {
            "ctrl-C": lambda screen: screen.keys(b"\x03"),
            "Q": lambda screen: screen.keys(b"Q"),
            "SIGTERM": lambda screen: os.kill(screen.program(), signal.SIGTERM),
            "SIGHUP": lambda screen: os.kill(screen.program(), signal.SIGHUP),
            "SIGQUIT": lambda screen: os.kill(screen.program(), signal.SIGQUIT),
        }
        for name, way in ways.items():
            # With the events' stream, and while there is no daemon.
            for fault in (None, (503, b"{}", PROBLEM)):
                with self.subTest(way=name, fault=fault):
                    self.fault = fault
                    screen = Screen(self, "top")
                    screen.wait_for("status 503" if fault else "corrected")
                    way(screen)
                    self.assertEqual(screen.end(), 0)
                    screen.assert_restored()

    def test_stopped_and_continued(self):
        screen = Screen(self, "top")
        screen.wait_for("1140 corrected")
        program = screen.program()
        screen.keys(b"\x1a")
        end = time.monotonic() + DEADLINE_S
        while not screen.is_stopped() and time.monotonic() < end:
            screen.read(0.1)
        while screen.read(0):
            pass
        self.assertEqual(screen.shown.count(LEAVE), 1)
        self.assertEqual(termios.tcgetattr(screen.theirs), screen.before)
        os.kill(program, signal.SIGCONT)
        while screen.shown.count(ENTER) < 2 and time.monotonic() < end:
            screen.read(0.1)
        screen.keys(b"q")
        self.assertEqual(screen.end(), 0)
        screen.assert_restored()
        self.assertEqual(len(self.streams()), 1)

    def test_sizes(self):
        self.lines = [event(n, municipality={"name": "Súdwest-Fryslân 世界 " * 3}) for n in range(1100, 1141)]
        self.status["kafka"]["lastError"] = "broker says " + "no " * 100
        self.status["feeds"]["failing"] = 9
        self.status["feeds"]["failingList"] = [
            {"name": f"gm{n:04}-a-municipality-with-a-long-name", "reason": "HTTP " * 40, "since": None}
            for n in range(9)
        ]
        for columns, rows in ((40, 10), (80, 24), (120, 40), (200, 3)):
            with self.subTest(columns=columns, rows=rows):
                screen = Screen(self, "top", columns=columns, rows=rows)
                screen.wait_for("signaald" if rows < 24 else "1140 registered")
                screen.keys(b"q")
                self.assertEqual(screen.end(), 0)
                screen.assert_restored()
                for lines in screen.pictures():
                    self.assertLessEqual(len(lines), rows)
                    self.assertEqual([x for x in lines if len(x) + x.count("世") + x.count("界") > columns], [])
                if rows >= 24:
                    last = screen.pictures()[-1]
                    self.assertEqual(len(last), rows)
                    self.assertIn("and 4 more", "\n".join(last))

    def test_large_numbers(self):
        """What matters is not cut off."""
        self.status["intake"] = {key: value if key == "listen" else 123456789 for key, value in self.status["intake"].items()}
        self.status["ledger"].update(waiting=123456789, accepted=234567890)
        self.status["feeds"].update(polled=12345, failing=12344, silent=12343, paused=12342, quarantined=12341)
        screen = Screen(self, "top")
        text = "\n".join(screen.wait_for("Verdicts"))
        for what in ("123456789 received", "123456789 refused", "123456789 of 234567890 events", "12344 of 12345 polled feeds fail",
                     "12343 silent", "12342 paused", "12341 "):
            self.assertIn(what, text)
        screen.keys(b"q")
        self.assertEqual(screen.end(), 0)

    def test_resized(self):
        screen = Screen(self, "top", columns=80, rows=24)
        narrow = screen.wait_for("1140 corrected")
        seen = len(screen.pictures())
        screen.resize(120, 40)
        end = time.monotonic() + DEADLINE_S
        while time.monotonic() < end:
            wide = [p for p in screen.pictures()[seen:] if max(map(len, p)) == 120]
            if wide:
                break
            screen.read(0.1)
        self.assertEqual(max(map(len, narrow)), 80)
        self.assertTrue(wide)
        screen.keys(b"q")
        self.assertEqual(screen.end(), 0)

    def test_rate(self):
        screen = Screen(self, "top", "--interval", "1", "--no-colour")
        screen.wait_for(r"0\.0/s now")
        self.status = status(intake_received=1204 + 1000)
        screen.wait_for(r"2204 received, [1-9][0-9]*\.\d/s now")
        screen.wait_for(r"2204 received, 0\.0/s now, [1-9][0-9]*\.\d/s at most  ▁+█▁")
        self.status = status(intake_received=3)  # it has been started anew
        screen.wait_for(r"(?m)^Intake    3 received, 0\.0/s now")
        self.assertEqual([p for p in screen.pictures() if re.search(r"received, .*-", "\n".join(p))], [])
        screen.keys(b"q")
        self.assertEqual(screen.end(), 0)

    def test_daemon_comes_and_goes(self):
        screen = Screen(self, "top", "-i1")
        screen.wait_for("1140 corrected")
        self.fault = (503, b"{}", PROBLEM)
        self.end_streams()
        gone = screen.wait_for("status 503")
        self.assertRegex("\n".join(gone), "1140 corrected")
        self.lines = [event(1141)]
        self.fault = None
        screen.wait_for("1141 registered")
        screen.keys(b"q")
        self.assertEqual(screen.end(), 0)
        screen.assert_restored()
        streams = self.streams()
        self.assertEqual(streams[0], "/v1/events?last=60&follow=1")
        self.assertEqual(set(streams[1:]), {"/v1/events?from=1141&follow=1"})

    def test_events_refused(self):
        self.refusal = (503, b"{}", PROBLEM)
        screen = Screen(self, "top", "-i1")
        lines = screen.wait_for("at most")
        self.assertIn("not to be had: the daemon says no, with HTTP status 503", "\n".join(lines))
        self.assertNotIn("corrected", "\n".join(lines[5:]))
        self.refusal = None
        lines = screen.wait_for("1140 corrected")
        self.assertNotIn("not to be had", "\n".join(lines))
        self.put(event(1141))
        screen.wait_for("1141 registered")
        screen.keys(b"q")
        self.assertEqual(screen.end(), 0)
        screen.assert_restored()

    def test_events_refused_later(self):
        screen = Screen(self, "top", "-i1")
        screen.wait_for("1140 corrected")
        self.refusal = (503, b"{}", PROBLEM)
        self.end_streams()
        screen.wait_for("not to be had")
        self.lines = [event(1141)]
        self.refusal = None
        screen.wait_for("1141 registered")
        screen.keys(b"q")
        self.assertEqual(screen.end(), 0)
        streams = self.streams()
        self.assertEqual((streams[0], set(streams[1:])), ("/v1/events?last=60&follow=1", {"/v1/events?from=1141&follow=1"}))

    def test_refused_events_are_not_asked_for_all_the_time(self):
        self.refusal = (503, b"{}", PROBLEM)
        screen = Screen(self, "top", "-i1", "-n4")
        self.assertEqual(screen.end(), 0)
        self.assertLessEqual(len(self.streams()), self.daemon.requests.count("/v1/status"))

    def test_hostile_answers(self):
        self.status = status(kafka_lastError=HOSTILE, kafka_brokers=HOSTILE)
        self.status["version"] = HOSTILE
        self.status["feeds"]["failingList"] = [{"name": HOSTILE, "reason": HOSTILE, "since": HOSTILE}, 5, None, {}]
        self.lines = [event(1140, source={"name": HOSTILE}, municipality={"name": HOSTILE}, reported=HOSTILE)]
        screen = Screen(self, "top")
        screen.wait_for("1140 registered")
        screen.keys(b"q")
        self.assertEqual(screen.end(), 0)
        screen.assert_restored()
        self.assertNotIn("\u202e", screen.shown)

    def test_other_topics(self):
        for key, label, topic in (("counts", "Released", "signal-counts"), ("current", "Current ", "signals-current")):
            self.status["kafka"][key] = {"state": "waiting", "topic": topic, "waiting": 3, "lastError": "no", "whatToDo": None}
            screen = Screen(self, "top", "--no-colour")
            self.assertIn(f"{label}  waiting on topic {topic}, 3 records wait; last error: no", screen.wait_for(label))
            screen.keys(b"q")
            self.assertEqual(screen.end(), 0)
            self.status["kafka"][key]["state"] = "off"
            self.assertNotIn(label, self.good("top"))

    def test_turns(self):
        screen = Screen(self, "top", "-n2", "-i1")
        self.assertEqual(screen.end(), 0)
        screen.assert_restored()
        self.assertEqual(self.daemon.requests.count("/v1/status"), 2)

    def test_no_colour(self):
        for args, env in (([], {"NO_COLOR": "1"}), (["--no-colour"], {})):
            screen = Screen(self, "top", *args, **env)
            screen.wait_for("1140 corrected")
            screen.keys(b"q")
            self.assertEqual(screen.end(), 0)
            self.assertNotRegex(screen.shown, r"\x1b\[[0-9]*m")
            screen.assert_restored()

    def test_dumb_terminal(self):
        screen = Screen(self, "top", TERM="dumb")
        self.assertEqual(screen.end(), 0)
        self.assertNotIn("\x1b", screen.shown)
        self.assertIn("1140 corrected", screen.shown)


class Plain(Top):
    def test_once(self):
        text = self.good("top")
        self.assertClean(text)
        self.assertFits(text, 120)
        self.assertRegex(text, r"\ASignaald|\Asignaald 9\.8\.7")
        self.assertIn("Intake    1204 received\n", text)
        self.assertIn("1139 registered", text)
        self.assertIn("1140 corrected", text)
        self.assertEqual(self.daemon.requests, ["/v1/status", "/v1/events?last=10&follow=1"])

    def test_turns(self):
        text = self.good("top", "-n", "2", "--interval", "1")
        self.assertEqual(text.count("signaald 9.8.7"), 2)
        self.assertEqual(self.daemon.requests.count("/v1/status"), 2)
        self.assertEqual(len(self.streams()), 1)

    def test_the_last_event_is_not_there(self):
        self.lines = []
        self.assertEqual(self.good("top", "-n2", "-i1").count("signaald 9.8.7"), 2)

    def test_a_stream_that_ends_is_asked_for_once_a_turn(self):
        def respond(handler):
            if handler.path == "/v1/status":
                handler.send(200, json.dumps(self.status).encode())
            else:
                handler.stream([(self.lines[0] + "\n").encode()])

        self.daemon.answer = respond
        self.good("top", "-n3", "-i1")
        self.assertEqual(self.streams(), ["/v1/events?last=10&follow=1", "/v1/events?from=1140&follow=1"])

    def test_json(self):
        text = self.good("top", "--json", "-n2", "-i1")
        self.assertEqual([json.loads(line) for line in text.splitlines()], [self.status] * 2)
        self.assertEqual(self.streams(), [])

    def test_no_daemon(self):
        self.path += ".none"
        done = self.ctl("top")
        self.assertEqual((done.returncode, done.stdout), (1, b""))
        self.assertIn(b"no daemon at", done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1)

    def test_refused(self):
        self.fault = (503, b"{}", PROBLEM)
        done = self.ctl("top")
        self.assertEqual((done.returncode, done.stdout), (1, b""))
        self.assertIn(b"503", done.stderr)

    def test_no_answer(self):
        self.path += ".mute"
        with socket.socket(socket.AF_UNIX) as mute:
            mute.bind(self.path)
            mute.listen()
            done = self.ctl("top")
        self.assertEqual((done.returncode, done.stdout), (1, b""))
        self.assertEqual(done.stderr.decode(), f"signaalctl: no answer from {self.path} within 3 s\n")

    def test_wrong_use(self):
        for args in (["-i0"], ["-ix"], ["-i3601"], ["-n0"], ["-n", "-1"], ["x"], ["--csv"]):
            with self.subTest(args=args):
                done = self.ctl("top", *args)
                self.assertEqual((done.returncode, done.stdout), (2, b""))
        self.assertEqual(self.daemon.requests, [])

    def test_strange_answers(self):
        for body in ({}, {"feeds": {"failingList": {}}, "intake": 5}, {"ledger": {"accepted": -1}},
                     {"intake": {"received": -(2**63)}}, {"uptimeSeconds": -(2**63), "ledger": {"maxBytes": 1}}):
            self.status = body
            self.assertIn(self.ctl("top").returncode, (0, 1))


if __name__ == "__main__":
    Case.program = os.path.join(os.environ.get("SIGNAALD_BUILD", "build/release"), "signaalctl")
    unittest.main(argv=sys.argv)
