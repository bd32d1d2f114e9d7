# SPDX-License-Identifier: EUPL-1.2
"""A real signaald in a directory of its own: configuration, start, stop, kill, requests to both sides.

Every answer that comes by here must be as conf/api says (see contract.py). Everything is on loopback; only processes started here are
ended, by their id.
"""
import concurrent.futures
import contextlib
import hashlib
import http.server
import http.client
import io
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import types
import unittest
import urllib.parse

import contract
from alarms import ALARMS

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("SIGNAALD_BUILD", ROOT / "build" / "release"))
OIN = "00000099000000001000"
PATIENCE_S = 120  # for whatever a slow machine takes long over
ASKERS = 16
SIGNAL = {"reported": "2017-03-05", "category": "gedwongen prostitutie",
          "victim": {"gender": "man", "age": 30, "citizenship": "NG"}}


def claim_port():
    """A port that stays ours while nobody listens on it, and a socket that holds it. It is none of those that connections get by
    themselves; and whoever else claims one here finds the same number taken for UDP."""
    for port in random.SystemRandom().sample(range(20000, 32000), 1000):
        claim = socket.socket(type=socket.SOCK_DGRAM)
        try:
            claim.bind(("127.0.0.1", port))
            with socket.socket() as listener:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.bind(("127.0.0.1", port))
            return port, claim
        except OSError:
            claim.close()
    raise AssertionError("no port is free")


def make_certificate(directory, name, days=2):
    """A key and a certificate for this machine that is its own authority."""
    key, certificate = directory / f"{name}.key", directory / f"{name}.crt"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", str(days),
                    "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
                   check=True, capture_output=True, timeout=60)
    return key, certificate


def wait_for(condition, what, seconds=PATIENCE_S):
    """Polls until condition() is true; a test that needs a shorter time than this says nothing by it."""
    end = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.02)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout=PATIENCE_S):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Answer:
    """Status, headers and body of a reply; json where it is JSON."""

    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()
        self.json = None
        if self.body and "json" in (self.headers.get("Content-Type") or "") and "ndjson" not in self.headers["Content-Type"]:
            self.json = json.loads(self.body)


class Replayed:
    """For http.client: a response is read from one buffered file, so that nothing of the next is lost."""

    def __init__(self, file):
        self.file = file

    def makefile(self, *_):
        return self

    def __getattr__(self, name):
        return getattr(self.file, name)

    def close(self):  # the file outlives each response
        pass


def read_answer(replayed):
    response = http.client.HTTPResponse(replayed)
    response.begin()
    return Answer(response)


def read_answers(sock, count):
    with sock.makefile("rb") as file:
        return [read_answer(Replayed(file)) for _ in range(count)]


def answers_in(data):
    """The answers in what was read until the other side ended it."""
    file = io.BytesIO(data)
    while file.tell() < len(data):
        yield read_answer(Replayed(file))


def with_row(table, *cells):
    """The text of a table with one more row, whose last columns are empty."""
    return table + ",".join(cells) + "," * (table.splitlines()[0].count(",") + 1 - len(cells)) + "\n"


def token_of(source):
    return f"token-of-{source}-0123456789abcdef"


class Daemon:
    """sources: rows of the source table as dicts; a row with push=True gets a token. extra: section -> lines of YAML,
    instead of the same keys here."""

    def __init__(self, sources, extra=None, directory=None, wrapper=()):
        self.directory = pathlib.Path(directory or tempfile.mkdtemp(prefix="signaald-test-"))
        self.state = self.directory / "state"
        self.state.mkdir(exist_ok=True)
        self.port, self.port_claim = claim_port()
        self.control_path = str(self.directory / "control.sock")
        self.log_path = self.directory / "log"
        self.extra = extra or {}
        self.wrapper = list(wrapper)
        self.process = None
        self.write_sources(sources)
        self.write_config()

    def write_sources(self, sources):
        columns = ["name", "kind", "municipality", "tokens", "official", "policy", "url", "interval",
                   "template", "cursor_param", "cursor_field", "secret_file", "client_cert_file", "headers_file", "fsc_grant", "ssh_user", "ssh_key_file", "ssh_host_key", "allow_private",
                   "silent_days", "person"]
        columns += [c for c in ("complete", "event_source", "requests_per_minute", "signing_file", "certificates") if any(c in source for source in sources)]
        lines = [",".join(columns)]
        for source in sources:
            row = {"person": "yes", **source}
            if row.pop("push", False):
                row["tokens"] = hashlib.sha256(token_of(row["name"]).encode()).hexdigest()
            lines.append(",".join(str(row.get(c, "")) for c in columns))
        (self.directory / "sources.csv").write_text("\n".join(lines) + "\n")

    def write_config(self):
        conf = ROOT / "conf"
        sections = {
            "identity": [f'oin: "{OIN}"'],
            "state": [f"directory: {self.state}", "disk_percent_max: 100"],
            "intake": [f"listen: 127.0.0.1:{self.port}"],
            "control": [f"socket: {self.control_path}"],
            "tables": [f"municipalities: {conf}/municipalities.csv", f"name_variants: {conf}/name-variants.csv",
                       f"categories: {conf}/categories.csv", f"display_allowlist: {conf}/display-allowlist.txt",
                       f"sources: {self.directory}/sources.csv",
                       f"templates: {conf}/templates"],
            "log": ["level: info"],
            "kafka": ["current_topic: none"],  # but where a test has made one
        }
        for section, lines in self.extra.items():
            keys = {line.split(":")[0] for line in lines}
            kept = [line for line in sections.get(section, []) if line.split(":")[0] not in keys]
            sections[section] = kept + lines
        text = "".join(f"{name}:\n" + "".join(f"  {line}\n" for line in lines) for name, lines in sections.items())
        self.config_path = self.directory / "signaald.yaml"
        self.config_path.write_text(text)
        self.config_path.chmod(0o600)

    def init(self, env=None):
        """An empty ledger, as the operator makes it before the first start."""
        done = subprocess.run([str(BUILD / "signaald"), "-c", str(self.config_path), "--init"], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=60, env={**os.environ, **(env or {})})
        assert done.returncode == 0, done.stderr

    def start(self, wait=True, env=None):
        if not any(self.state.iterdir()):
            self.init(env)
        command = [*self.wrapper, str(BUILD / "signaald"), "-c", str(self.config_path)]
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                            env={**os.environ, **(env or {})})
        if wait:
            wait_for(self.answers, "the daemon answers")
        return self

    def answers(self):
        if self.process.poll() is not None:
            raise AssertionError(f"signaald ended with {self.process.returncode}:\n{self.log()}")
        with contextlib.suppress(OSError):
            return self.control("GET", "/v1/status").status == 200
        return False

    def log(self):
        return self.log_path.read_text(errors="replace")

    def alarms(self):
        """The codes of what the log has told, each of which include/base/alarms.h must have."""
        codes = set()
        for line in self.log().splitlines() if self.log_path.exists() else ():
            alarm = re.match(r"<[0-4]>(?:\[(\w+)\] )?", line)
            if alarm:
                assert alarm[1] in ALARMS and ALARMS[alarm[1]].line in line, f"no alarm: {line}"
                codes.add(alarm[1])
        return codes

    def stop(self, expect=0):
        """SIGTERM; the exit status must be as expected."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(60)
        self.process = None
        assert status == expect, f"signaald ended with {status}:\n{self.log()}"

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(60)
        self.process = None

    def close(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait(60)
            self.process = None
        self.port_claim.close()
        try:
            self.alarms()
        finally:
            shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, value, trace):
        if kind is not None:
            print(self.log())
        elif self.process is not None:
            self.stop()
        self.close()

    def connection(self, timeout=PATIENCE_S):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def request(self, method, path, body=None, headers=None, connection=None):
        own = connection is None
        connection = connection or self.connection()
        try:
            connection.request(method, path, body=body, headers=headers or {})
            answer = Answer(connection.getresponse())
            contract.check_answer(contract.PUBLIC, method, path, answer)
            return answer
        finally:
            if own:
                connection.close()

    def post(self, source, body, content_type="application/json", connection=None, **headers):
        if not isinstance(body, (str, bytes)):
            body = json.dumps(body)
        return self.request("POST", "/v1/signals", body,
                            {"Authorization": f"Bearer {token_of(source)}", "Content-Type": content_type, **headers},
                            connection)

    def raw(self, data, answers=1):
        """Bytes as they are on a connection of their own; as many answers read from it, in order."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S) as sock:
            sock.sendall(data)
            read = read_answers(sock, answers)
        contract.check_raw(contract.PUBLIC, data, read)
        return read

    def control(self, method, path, body=None):
        connection = UnixConnection(self.control_path)
        try:
            connection.request(method, path, body=body)
            answer = Answer(connection.getresponse())
            contract.check_answer(contract.CONTROL, method, path, answer)
            return answer
        finally:
            connection.close()

    @contextlib.contextmanager
    def live(self, path):
        """A stream of the operators' page: the data of one event after the other, each as the document says."""
        with contextlib.closing(UnixConnection(self.control_path)) as connection:
            connection.request("GET", path + "?follow=1")
            response = connection.getresponse()
            assert response.status == 200, (response.status, response.read())

            def events():
                for line in iter(response.readline, b""):
                    if line.startswith(b"data: "):
                        answer = types.SimpleNamespace(status=200, headers=response.headers, body=line)
                        contract.check_answer(contract.CONTROL, "GET", path, answer)
                        yield json.loads(line[6:])
            yield events()

    def control_each(self, paths):
        """The answers to GET, in order, of more than can be held against the documents. Several ask at once, since an answer
        waits for the disk."""
        def ask(some):
            answers = []
            with contextlib.closing(UnixConnection(self.control_path)) as connection:
                for path in some:
                    connection.request("GET", path)
                    answers.append(Answer(connection.getresponse()))
            return answers
        with concurrent.futures.ThreadPoolExecutor(ASKERS) as askers:
            parts = list(askers.map(ask, (paths[n::ASKERS] for n in range(ASKERS))))
        return [parts[n % ASKERS][n // ASKERS] for n in range(len(paths))]

    def status(self):
        return self.control("GET", "/v1/status").json

    def counts(self, query=""):
        return self.control("GET", "/v1/counts" + query).json

    def events(self, query="?from=1"):
        answer = self.control("GET", "/v1/events" + query)
        return [json.loads(line) for line in answer.body.splitlines()]

    def verify(self, query=""):
        """A verify beside the daemon's work: every line of the answer."""
        answer = self.control("GET", "/v1/verify" + query)
        assert answer.status == 200, answer.body
        return [json.loads(line) for line in answer.body.splitlines()]

    def verify_files(self):
        """A verify of the files alone, with the daemon running or not."""
        return subprocess.run([str(BUILD / "signaald"), "--verify", "-c", str(self.config_path)], text=True,
                              capture_output=True, stdin=subprocess.DEVNULL, timeout=300)

    def metrics(self):
        text = self.control("GET", "/metrics").body.decode()
        return {m[1]: float(m[2]) for m in re.finditer(r"^(signaald_\S+) (\S+)$", text, re.M)}


class Case(unittest.TestCase):
    """One daemon for all tests of a class: SOURCES and EXTRA say which."""

    SOURCES = [{"name": "gm0363-amsterdam", "kind": "municipality", "municipality": "GM0363", "push": True},
               {"name": "coa", "kind": "coa", "push": True}]
    EXTRA = None
    daemon = None

    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon(cls.SOURCES, cls.EXTRA)
        cls.addClassCleanup(cls.daemon.close)
        cls.daemon.start()

    @classmethod
    def tearDownClass(cls):
        cls.daemon.stop()

    def run(self, result=None):
        before = len(result.failures) + len(result.errors) if result else 0
        super().run(result)
        if result and len(result.failures) + len(result.errors) > before and self.daemon:
            print(f"--- log of signaald ---\n{self.daemon.log() if self.daemon.log_path.exists() else str()}")

    def assert_whole(self, daemon=None):
        """Counts, events and metrics agree with each other."""
        daemon = daemon or self.daemon
        cells = tally(daemon.events())
        for by in (("municipality", "month"), ("category",), ("gender", "ageGroup", "citizenship"),
                   ("sourceKind", "status", "year")):
            self.assertEqual(counts_by(daemon, *by), tally_by(cells, *by), by)
        self.assertEqual(daemon.status()["ledger"]["signals"], sum(cells.values()))
        outcome = daemon.verify()[-1]
        self.assertTrue(outcome["whole"], outcome)
        self.assert_metrics(daemon.metrics())

    def assert_metrics(self, m):
        verdicts = sum(v for k, v in m.items() if k.startswith("signaald_verdicts_total"))
        self.assertEqual(m["signaald_received_total"], verdicts)
        self.assertEqual(m["signaald_accepted_total"], m["signaald_published_total"] + m["signaald_waiting"] +
                         m["signaald_never_published_total"])

    def assert_problem(self, answer, status):
        self.assertEqual(answer.status, status, answer.body)
        self.assertEqual(answer.headers["Content-Type"], "application/problem+json")
        self.assertLessEqual({"type", "title", "status", "detail"}, set(answer.json))
        self.assertEqual(answer.json["status"], status)
        self.assertTrue(answer.json["title"] and answer.json["detail"])


class Fresh(Case):
    """A daemon for each test, of the same SOURCES and EXTRA. The test starts it."""

    @classmethod
    def setUpClass(cls):
        pass

    @classmethod
    def tearDownClass(cls):
        pass

    def setUp(self):
        self.daemon = Daemon(self.SOURCES, self.EXTRA)

    def run(self, result=None):  # its log is shown first when it fails
        try:
            return super().run(result)
        finally:
            if self.daemon:
                self.daemon.close()


class Server:
    """An HTTP server on loopback. Who derives from it answers each GET: answer(handler)."""

    def __init__(self):
        self.lock = threading.Lock()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                outer.answer(self)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Endpoint(Server):
    """A source's. paths: path -> function(query, headers, number of the request) -> (status, headers, body); body None
    closes the connection without an answer."""

    def __init__(self):
        self.paths = {}
        self.requests = {}  # path -> [(time, query, headers)]
        super().__init__()

    def url(self, path, scheme="http"):
        return f"{scheme}://127.0.0.1:{self.port}{path}"

    def seen(self, path):
        with self.lock:
            return list(self.requests.get(path, []))

    def answer(self, handler):
        parts = urllib.parse.urlsplit(handler.path)
        query = dict(urllib.parse.parse_qsl(parts.query))
        with self.lock:
            seen = self.requests.setdefault(parts.path, [])
            seen.append((time.monotonic(), query, handler.headers))
            number = len(seen)
        status, headers, body = self.paths[parts.path](query, handler.headers, number)
        if not isinstance(body, (bytes, type(None))):
            body = json.dumps(body).encode()
        with contextlib.suppress(OSError):
            if body is None:
                handler.close_connection = True
                return
            handler.send_response(status)
            for name, value in headers.items():
                handler.send_header(name, value)
            if status != 304:
                handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            if status != 304:
                handler.wfile.write(body)


def tally(events):
    """What a consumer makes of the events: subtract `previous`, add the event where it counts.

    Returns {(municipality, categories, month, gender, age group, citizenship, source kind, status): signals}.
    """
    cells = {}

    def add(data, kind, change):
        victim = data["victim"]
        cell = (data["municipality"]["code"], tuple(data["categories"]), data["reported"][:7], victim["gender"],
                victim["ageGroup"], victim["citizenship"], kind, data["status"])
        cells[cell] = cells.get(cell, 0) + change
        if cells[cell] == 0:
            del cells[cell]

    for event in events:
        if ".source." in event["type"]:
            continue  # about a source: silent, resumed
        data = event["data"]
        kind = data["source"]["kind"]
        if "previous" in data:
            add(data["previous"], data["previous"]["source"]["kind"], -1)
        if data["counts"]:
            add(data, kind, 1)
    return cells


def tally_by(cells, *dimensions):
    """The tally as GET /v1/counts would group it, for dimensions that a cell has itself."""
    places = {"municipality": 0, "month": 2, "gender": 3, "ageGroup": 4, "citizenship": 5, "sourceKind": 6, "status": 7}
    lines = {}
    for cell, number in cells.items():
        labels = [()]
        for dimension in dimensions:
            values = cell[1] if dimension == "category" else \
                [cell[2][:4]] if dimension == "year" else [cell[places[dimension]]]
            labels = [label + (value,) for label in labels for value in values]
        for label in labels:
            lines[label] = lines.get(label, 0) + number
    return lines


def counts_by(daemon, *dimensions):
    answer = daemon.counts("?by=" + ",".join(dimensions))
    return {tuple(line[d] for d in dimensions): line["signals"] for line in answer["lines"]}
