# SPDX-License-Identifier: EUPL-1.2
"""The demo's sources in one process: municipal endpoints that are polled, and sources that post.

  fleet.py prepare DIR REPO [--kafka HOST:PORT]   configuration, source table, secrets, ports
  fleet.py run DIR                                serve and post until SIGTERM

`run` keeps DIR/fleet.json up to date: what was delivered, what that must come to, and every answer
or poll of the daemon that was not as it should be. check.py compares it with the daemon's counts.
"""
import argparse
import hashlib
import http.client
import json
import os
import signal
import socket
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import posts
from data import POLL, Demo

LISTED = ("2026-01-05T06:00:00Z", "2026-01-06T06:00:00Z")  # when the first and second list was made
WITH_TOKEN = ("utrecht", "haarlem", "zwolle")              # endpoints that ask us for a token
BUSY_AT_FIRST = "breda"                                    # this one first says: come back later
GIVE_UP_S = 120


class Fleet:
    """What all threads share. The counts are of items, by the verdict they must get."""

    def __init__(self):
        self.lock = threading.Lock()
        self.tally = Counter()
        self.problems = []
        self.broken = self.posts_left = self.polls_left = 0
        self.stop = threading.Event()

    def add(self, verdicts):
        with self.lock:
            self.tally.update(verdicts)

    def problem(self, text):
        with self.lock:
            self.problems.append(text)

    def snapshot(self):
        with self.lock:
            return {"tally": dict(self.tally), "broken": self.broken,
                    "postsLeft": self.posts_left, "pollsLeft": self.polls_left,
                    "problems": self.problems[:20]}


class Endpoint:
    """A municipality's list of signals. The first visit gets the first list; then the municipality
    makes a new one, with every report restamped and some changed. Nothing changes after that."""

    def __init__(self, source, fleet):
        self.source, self.fleet = source, fleet
        self.lock = threading.Lock()
        self.visits = 0
        self.busy = source.name == BUSY_AT_FIRST
        self.token = source.token if source.name in WITH_TOKEN else None

    def items(self):
        stamp = LISTED[min(self.visits, 1)]
        reports = self.source.reports
        items = [r.first for r in reports] if self.visits == 0 else [r.last for r in reports]
        items = items + (self.source.refused if self.visits == 0 else [])
        return [{**item, "updated": stamp} for item in items]

    def verdicts(self):
        new, bad = len(self.source.reports), len(self.source.refused)
        if self.visits == 0:
            return ["registered"] * new + ["refused"] * bad
        return [r.verdict if self.visits == 1 else "duplicate" for r in self.source.reports]

    def answer(self, since, etag):
        """Status, headers and body for one visit."""
        if self.busy:
            self.busy = False
            return 503, {"Retry-After": "1"}, b""
        expected = None if self.visits == 0 else LISTED[min(self.visits - 1, 1)]
        if since != expected:
            start = "the beginning"
            self.fleet.problem(f"{self.source.name} was asked for what is new since "
                               f"{since or start}, not since {expected or start}")
        body = json.dumps([i for i in self.items() if not since or i["updated"] >= since]).encode()
        ours = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if etag == ours:
            return 304, {"ETag": ours}, b""
        return 200, {"ETag": ours, "Content-Type": "application/json"}, body

    def served(self):
        self.fleet.add(self.verdicts())
        self.visits += 1
        if self.visits == 2:
            with self.fleet.lock:
                self.fleet.polls_left -= 1


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    endpoints = {}

    def do_GET(self):
        url = urlsplit(self.path)
        endpoint = self.endpoints.get(url.path)
        if endpoint is None:
            return self.reply(404, {}, b"")
        if endpoint.token and self.headers.get("Authorization") != f"Bearer {endpoint.token}":
            endpoint.fleet.problem(f"{endpoint.source.name} was polled without its token")
            return self.reply(401, {}, b"")
        since = parse_qs(url.query).get("since", [None])[0]
        with endpoint.lock:
            status, headers, body = endpoint.answer(since, self.headers.get("If-None-Match"))
            if status == 200:
                endpoint.served()  # counted before it is sent: the daemon may be faster than we
            self.reply(status, headers, body)

    def reply(self, status, headers, body):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Poster:
    """One posting source: its posts in order over one kept-alive connection."""

    def __init__(self, source, plan, port, fleet):
        self.source, self.plan, self.fleet = source, plan, fleet
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def run(self):
        try:
            for post in self.plan:
                if self.fleet.stop.is_set():
                    return
                self.deliver(post)
        except Exception as error:  # a thread must not die unheard
            self.fleet.problem(f"{self.source.name}: {type(error).__name__}: {error}")
        finally:
            self.connection.close()

    def deliver(self, post):
        if not self.connection.sock:
            self.connect()
        give_up = time.monotonic() + GIVE_UP_S
        while True:
            status, headers, body = self.send(post)
            if status not in (429, 503) or time.monotonic() > give_up:
                break
            self.fleet.stop.wait(float(headers.get("Retry-After", "1")))
        for problem in posts.check_answer(post, status, headers, body):
            self.fleet.problem(f"{self.source.name} posted {post.what}: {problem}")
        with self.fleet.lock:
            self.fleet.tally.update(item.verdict for item in post.items)
            self.fleet.broken += post.broken
            self.fleet.posts_left -= 1

    def connect(self):
        """The daemon may still be starting."""
        give_up = time.monotonic() + GIVE_UP_S
        while True:
            try:
                return self.connection.connect()
            except ConnectionRefusedError:
                if time.monotonic() > give_up or self.fleet.stop.wait(0.2):
                    raise

    def send(self, post):
        headers = {"Content-Type": post.type,
                   "Authorization": f"Bearer {post.token or self.source.token}"}
        self.connection.request("POST", "/v1/signals", post.body, headers)
        answer = self.connection.getresponse()
        return answer.status, answer.headers, answer.read()


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def write(path, text):
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)


def source_row(source, number, fleet_port):
    row = {"name": source.name, "kind": source.kind, "municipality": source.code, "tokens": "",
           "official": "yes" if number % 3 else "no", "policy": "yes" if number % 5 == 0 else "no",
           "url": "", "interval": "", "cursor_param": "", "cursor_field": "", "secret_file": "",
           "allow_private": ""}
    if source.how == POLL:
        row.update(url=f"http://127.0.0.1:{fleet_port}/{source.code.lower()}/signals",
                   interval="10s", cursor_param="since", cursor_field="updated",
                   allow_private="yes")
        if source.name in WITH_TOKEN:
            row["secret_file"] = f"secrets/{source.name}"
    else:
        row["tokens"] = hashlib.sha256(source.token.encode()).hexdigest()
    return row


def prepare(directory, repo, kafka):
    demo = Demo(repo / "conf/municipalities.csv")
    intake, fleet = free_ports(2)
    rows = [source_row(source, i, fleet) for i, source in enumerate(demo.sources)]
    lines = [",".join(rows[0])] + [",".join(row.values()) for row in rows]
    write(directory / "sources.csv", "\n".join(lines) + "\n")
    (directory / "secrets").mkdir(mode=0o700)
    for name in WITH_TOKEN:
        write(directory / "secrets" / name, demo.by_name[name].token + "\n")
    (directory / "state").mkdir(mode=0o700)
    tables = {"municipalities": "municipalities.csv", "name_variants": "name-variants.csv",
              "categories": "categories.csv", "display_allowlist": "display-allowlist.txt"}
    config = {
        "identity": {"oin": "00000099000000001000"},
        "state": {"directory": f"{directory}/state", "disk_percent_max": 100},
        "intake": {"listen": f"127.0.0.1:{intake}"},
        "control": {"socket": f"{directory}/control.sock"},
        **({"kafka": {"brokers": kafka, "topic": "signals"}} if kafka else {}),
        "tables": {**{name: f"{repo}/conf/{file}" for name, file in tables.items()},
                   "sources": f"{directory}/sources.csv"},
        "log": {"level": "notice"},
    }
    write(directory / "signaald.yaml", "".join(
        f"{section}:\n" + "".join(f"  {key}: {json.dumps(value)}\n" for key, value in keys.items())
        for section, keys in config.items()))
    setup = {"repo": str(repo), "intake": intake, "fleet": fleet}
    write(directory / "demo.json", json.dumps(setup))
    polled = sum(source.how == POLL for source in demo.sources)
    print(f"intake={intake}\nsources={len(demo.sources)}\npolled={polled}\n"
          f"posting={len(demo.sources) - polled}\ntoken={demo.by_name['arnhem'].token}")


def publish(directory, fleet):
    """Where check.py reads it; whole or not at all."""
    (directory / "fleet.tmp").write_text(json.dumps(fleet.snapshot()), encoding="utf-8")
    os.replace(directory / "fleet.tmp", directory / "fleet.json")


def run(directory):
    setup = json.loads((directory / "demo.json").read_text(encoding="utf-8"))
    demo = Demo(Path(setup["repo"]) / "conf/municipalities.csv")
    fleet = Fleet()
    signal.signal(signal.SIGTERM, lambda *_: fleet.stop.set())
    for source in demo.sources:
        if source.how == POLL:
            Handler.endpoints[f"/{source.code.lower()}/signals"] = Endpoint(source, fleet)
    plan = posts.plan(demo)
    fleet.posts_left = sum(len(one) for one in plan.values())
    fleet.polls_left = len(Handler.endpoints)
    server = ThreadingHTTPServer(("127.0.0.1", setup["fleet"]), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    publish(directory, fleet)
    with ThreadPoolExecutor(max_workers=8) as pool:
        for name, one in plan.items():
            pool.submit(Poster(demo.by_name[name], one, setup["intake"], fleet).run)
        while not fleet.stop.wait(0.2):
            publish(directory, fleet)
    server.shutdown()


def main():
    parser = argparse.ArgumentParser(description="The demo's sources.")
    parser.add_argument("verb", choices=["prepare", "run"])
    parser.add_argument("directory", type=Path)
    parser.add_argument("repo", type=Path, nargs="?")
    parser.add_argument("--kafka")
    args = parser.parse_args()
    if args.verb == "run":
        run(args.directory)
    elif args.repo is None:
        parser.error("prepare needs REPO")
    else:
        prepare(args.directory, args.repo, args.kafka)
    return 0


if __name__ == "__main__":
    sys.exit(main())
