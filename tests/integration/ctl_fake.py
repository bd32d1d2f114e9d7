# SPDX-License-Identifier: EUPL-1.2
"""A daemon that is one fixed answer, and the cases' way to run signaalctl against it."""

import fcntl
import json
import os
import pty
import re
import select
import socketserver
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import unittest
from http.server import BaseHTTPRequestHandler

DEADLINE_S = 120  # a slow machine's
PROBLEM = "application/problem+json"

STATUS = {
    "version": "9.8.7",
    "started": "2017-03-01T10:11:12Z",
    "uptimeSeconds": 3 * 86400 + 4 * 3600 + 12 * 60 + 5,
    "intake": {
        "listen": "127.0.0.1:8080",
        "received": 1204,
        "registered": 1100,
        "duplicate": 60,
        "corrected": 30,
        "withdrawn": 10,
        "refused": 4,
        "unknownFields": 3,
        "unmapped": 2,
        "unknownMunicipalities": 1,
    },
    "ledger": {
        "accepted": 1140,
        "published": 1100,
        "waiting": 40,
        "signals": 1090,
        "lastCommit": "2017-03-04T14:23:00.250Z",
        "usedBytes": 5 * 1024 * 1024,
        "maxBytes": 10 * 1024 * 1024 * 1024,
    },
    "kafka": {
        "state": "running",
        "brokers": "127.0.0.1:9092",
        "topic": "signals",
        "partitions": 4,
        "inFlight": 2,
        "delivered": 1100,
        "restarts": 0,
        "forged": 0,
        "takenBack": 0,
        "forked": 0,
        "lastError": None,
        "whatToDo": None,
    },
    "feeds": {"sources": 344, "polled": 12, "failing": 1, "silent": 2, "paused": 0, "quarantined": 7},
    "memory": {"ownBytes": 12 * 1024 * 1024 + 300 * 1024, "mappedBytes": 700 * 1024 * 1024},
}

COUNTS = {
    "by": ["province", "category"],
    "filters": {"year": "2017"},
    "lines": [
        {"province": "PV21", "category": "ForcedLabour", "signals": 1, "persons": 1},
        {"province": "PV27", "category": "SexualExploitation", "signals": 100, "persons": 98},
        {"province": "unknown", "category": "Unknown", "signals": 50, "persons": 49},
    ],
    "total": 149,
    "persons": 145,
    "names": {"PV21": "Fryslân", "PV27": "Noord-Holland"},
}

SIGNAL = {
    "signal": "00112233445566778899aabbccddeeff",
    "source": "amsterdam",
    "id": "2017/1 é",
    "counts": True,
    "versions": [
        {
            "version": 1,
            "sequence": 12,
            "verdict": "registered",
            "received": "2017-03-05T10:11:12Z",
            "feed": "push",
            "municipality": "GM0363",
            "municipalityName": "Amsterdam",
            "categories": ["SexualExploitation", "ForcedLabour"],
            "reported": "2017-03-04",
            "published": {"topic": "signals", "partition": 3, "offset": 120},
        },
        {
            "version": 2,
            "sequence": 13,
            "verdict": "corrected",
            "received": "2017-03-06T10:11:12Z",
            "feed": "poll",
            "municipality": None,
            "categories": ["Unknown"],
            "reported": "2017-03-04",
            "published": None,
        },
    ],
}


def feed(name, **more):
    value = {
        "name": name,
        "kind": "municipality",
        "municipality": "GM0363",
        "template": "signalen",
        "url": "meldingen.example.nl:443",
        "interval": 900,
        "state": "waiting",
        "lastContact": "2017-03-05T10:11:12Z",
        "lastSignal": None,
        "nextPoll": "2017-03-05T10:26:12Z",
        "failures": 0,
        "failure": None,
        "failedAt": None,
        "cursor": "2017-03-05T09:00:00.000Z",
        "silent": False,
        "paused": False,
        "polls": 40,
        "pages": 41,
        "notModified": 38,
        "items": 12,
        "new": 9,
        "refused": 1,
        "excluded": 2,
    }
    value.update(more)
    return value


FEEDS = {
    "sources": 5,
    "polled": 4,
    "failing": 1,
    "silent": 1,
    "paused": 1,
    "feeds": [
        feed("amsterdam"),
        feed("coa", state="push", url=None, template=None, interval=None, nextPoll=None),
        feed("paused", state="paused", paused=True),
        feed("silent", silent=True),
        feed(
            "broken", state="failing", failures=3, failure="HTTP status 500", failedAt="2017-03-05T10:11:12Z"
        ),
    ],
}

QUARANTINE = {
    "entries": [
        {
            "number": 4,
            "source": "amsterdam",
            "id": "2017-17",
            "page": False,
            "index": 3,
            "first": "2017-03-05T10:11:12Z",
            "last": "2017-03-06T10:11:12Z",
            "times": 2,
            "reasons": [
                {"pointer": "/victim/age", "code": "outOfRange", "detail": "column \"leeftijd\" is outside the range allowed: expected 0 to 120"},
                {"pointer": "/reported", "code": "badDate", "detail": "/reported is no date or time"},
            ],
        },
        {
            "number": 9,
            "source": "broken",
            "id": None,
            "page": True,
            "index": 20,
            "first": "2017-03-05T10:11:12Z",
            "last": "2017-03-05T10:11:12Z",
            "times": 1,
            "reasons": [{"pointer": "", "code": "syntax", "detail": "cannot be read"}],
        },
    ],
    "total": 2,
}


def event(sequence, kind="signal.registered", **data):
    value = {
        "signal": "00112233445566778899aabbccddeeff",
        "version": 1,
        "source": {"name": "amsterdam", "kind": "municipality"},
        "municipality": {"code": "GM0363", "name": "Amsterdam"},
        "categories": ["SexualExploitation", "ForcedLabour"],
        "reported": "2017-03-04",
    }
    value.update(data)
    return json.dumps(
        {
            "specversion": "1.0",
            "id": f"e{sequence}",
            "type": f"nl.mensenhandelsignalen.{kind}.v1",
            "time": "2017-03-05T10:11:12.345Z",
            "signaaldseq": str(sequence),
            "data": value,
        }
    )


class Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def address_string(self):
        return "unix"

    def log_message(self, *_):
        pass

    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.requests.append(self.path)
        self.server.asked.append((self.command, self.path, body))
        answer = self.server.answer
        try:
            if callable(answer):
                answer(self)
            else:
                self.send(*answer)
        except (BrokenPipeError, ConnectionResetError):
            pass

    do_POST = do_DELETE = do_GET

    def send(self, status, body, kind="application/json", **more):
        more = {name.replace("_", "-"): value for name, value in more.items()}
        self.head(status, kind, {"Content-Length": str(len(body)), **more})
        self.wfile.write(body)

    def head(self, status, kind, more):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for name, value in more.items():
            self.send_header(name, value)
        self.end_headers()

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def stream(self, pieces):
        self.head(200, "application/x-ndjson", {"Transfer-Encoding": "chunked"})
        for piece in pieces:
            self.chunk(piece)
        self.wfile.write(b"0\r\n\r\n")


class Daemon(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):  # a client that ends is no fault
            super().handle_error(request, client_address)


def environment(**more):
    env = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TERM": "xterm"}
    for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LLVM_PROFILE_FILE"):
        if name in os.environ:
            env[name] = os.environ[name]
    env.update(more)
    return env


def counts_body(answer):
    """As the daemon writes it: all but the lines on one line, and each of these on one of its own."""
    head = json.dumps({key: value for key, value in answer.items() if key != "lines"})[:-1] + ',"lines":[\n'
    return (head + "\n,".join(map(json.dumps, answer["lines"])) + ("\n" if answer["lines"] else "") + "]}\n").encode()


class Case(unittest.TestCase):
    program = None  # signaalctl
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.path = os.path.join(folder.name, "control.sock")
        self.daemon = Daemon(self.path, Answers)
        self.daemon.requests = []  # paths
        self.daemon.asked = []  # method, path, body
        self.answer(200, {})
        thread = threading.Thread(target=self.daemon.serve_forever, args=(0.02,))
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.daemon.server_close)
        self.addCleanup(self.daemon.shutdown)

    def answer(self, status, body, kind="application/json"):
        if isinstance(body, dict) and "by" in body and "lines" in body:
            body = counts_body(body)
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        self.daemon.answer = (status, body, kind)

    def ctl(self, *args, env=None, **more):
        return subprocess.run(
            [Case.program, "--socket", self.path, *args],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=DEADLINE_S,
            env=env or environment(),
            **more,
        )

    def good(self, *args, **more):
        done = self.ctl(*args, **more)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        return done.stdout.decode()

    def on_terminal(self, *args, columns=80, **env):
        """What a terminal of that width gets to see."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        process = subprocess.Popen(
            [Case.program, "--socket", self.path, *args],
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=subprocess.PIPE,
            env=environment(**env),
        )
        os.close(theirs)
        shown = b""
        while select.select([ours], [], [], DEADLINE_S)[0]:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # the other side has closed
                break
            if not piece:
                break
            shown += piece
        os.close(ours)
        _, fault = process.communicate(timeout=DEADLINE_S)
        self.assertEqual((process.returncode, fault), (0, b""))
        return shown.decode().replace("\r\n", "\n")

    def assertFits(self, text, columns):
        plain = re.sub(r"\x1b\[[0-9]*m", "", text)
        self.assertEqual([line for line in plain.split("\n") if len(line) > columns], [])

    def assertClean(self, text):
        self.assertEqual([c for c in text if c != "\n" and (ord(c) < 32 or 127 <= ord(c) < 160)], [])
