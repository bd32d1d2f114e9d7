# SPDX-License-Identifier: EUPL-1.2
"""The outside world of the crash test, and a model of what the daemon has promised it.

Sender   posts signals of one source and repeats each request until it is answered
Feed     an endpoint that the daemon polls, whose list grows when it is asked
Signals  the model: what each signal must have become, by the rules of the contract
"""
import http.client
import json
import random
import threading
import time
import urllib.parse

import harness

ORDER = ["SexualExploitation", "ForcedLabour", "ForcedCriminality", "Unknown"]
CATEGORIES = {"gedwongen prostitutie": "SexualExploitation", "Arbeidsuitbuiting": "ForcedLabour",
              "ForcedCriminality": "ForcedCriminality", "no such word": "Unknown"}
GENDERS = {"man": "Masculine", "Vrouw": "Feminine", "X": "NonConforming", "": "Unknown"}
AGES = {11: "Minor", 30: "Adult", None: "Unknown"}
CITIZENSHIPS = {"NL": "NL", "BGR": "EU", "NG": "nonEU", "": "Unknown"}
MUNICIPALITIES = ["GM0363", "GM0599", "GM0344", "GM0518", "GM0014", "GM0855", "GM0034", "GM0268"]


def random_content(rng):
    content = {"reported": f"{rng.randint(2010, 2020)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}",
               "municipality": rng.choice(MUNICIPALITIES),
               "categories": rng.sample(list(CATEGORIES), rng.randint(1, 2)),
               "victim": {"gender": rng.choice(list(GENDERS)), "citizenship": rng.choice(list(CITIZENSHIPS))},
               "status": rng.choice(["possible", "confirmed", "rejected"])}
    age = rng.choice(list(AGES))
    if age is not None:
        content["victim"]["age"] = age
    return content


def random_bad(rng, number):
    good = {"id": f"bad-{number}", **random_content(rng)}
    return rng.choice([{**good, "reported": "1999-12-31"}, {**good, "reported": "yesterday"},
                       {**good, "status": "nonsense"}, {**good, "id": "x" * 129}, {**good, "id": ""}, 42])


def cell_of(content, kind):
    """The cell that the content counts in, in the shape of harness.tally."""
    victim = content["victim"]
    categories = sorted({CATEGORIES[word] for word in content["categories"]}, key=ORDER.index)
    return (content["municipality"], tuple(categories), content["reported"][:7], GENDERS[victim["gender"]],
            AGES[victim.get("age")], CITIZENSHIPS[victim["citizenship"]], kind, content["status"])


class Signals:
    """What must have become of the signals of one source."""

    def __init__(self, kind):
        self.kind = kind
        self.content = {}  # id -> what was said last; None: withdrawn before anything was said
        self.counts = {}   # id -> does it count
        self.version = {}  # id -> the latest that was answered
        self.name = {}     # id -> ours
        self.events = {}   # (our id, version) -> its cell, or None for a withdrawal

    def apply(self, item):
        """Takes the item over; what its verdict must be when nothing was sent twice."""
        id_ = item["id"]
        known = id_ in self.content
        if item.get("withdrawn"):
            verdict = "duplicate" if known and not self.counts[id_] else "withdrawn"
            self.content.setdefault(id_, None)
            self.counts[id_] = False
            return verdict
        content = {key: value for key, value in item.items() if key not in ("id", "mark")}
        if known and self.content[id_] == content:
            return "duplicate"
        self.content[id_] = content
        self.counts[id_] = True
        return "corrected" if known else "registered"

    def acknowledge(self, item, name, version):
        id_ = item["id"]
        assert self.name.setdefault(id_, name) == name, "our id of a signal changed"
        assert version >= self.version.get(id_, 1), "a version went back"
        self.version[id_] = version
        # What made the version: a withdrawn signal's old content, said again, is a duplicate of it.
        self.events.setdefault((name, version), None if item.get("withdrawn") else cell_of(item, self.kind))

    def tally(self, cells):
        for id_, counts in self.counts.items():
            if counts and self.content[id_]["status"] != "rejected":
                cell = cell_of(self.content[id_], self.kind)
                cells[cell] = cells.get(cell, 0) + 1


class Sender(threading.Thread):
    def __init__(self, daemon, source, kind, seed):
        super().__init__(name=source, daemon=True)
        self.server = daemon
        self.source = source
        self.rng = random.Random(seed)
        self.signals = Signals(kind)
        self.refused = 0
        self.retries = 0
        self.accepted = 0  # events that an answer promised
        self.number = 0
        self.enough = threading.Event()
        self.abandoned = False  # the test has failed: no answer will come
        self.failure = None
        self.connection = None

    def run(self):
        try:
            while not self.enough.is_set():
                self.step()
                time.sleep(0.01)
        except BaseException as failure:  # shown by the test
            self.failure = failure
            raise
        finally:
            self.hang_up()

    def hang_up(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def step(self):
        kind = self.rng.choices(["single", "array", "ndjson", "delete"], [6, 3, 2, 1])[0]
        known = list(self.signals.name)
        if kind == "delete" and known:
            id_ = self.rng.choice(known)
            path = "/v1/signals/" + urllib.parse.quote(id_, safe="")
            answer, again = self.ask("DELETE", path, None, None)
            self.take([{"id": id_, "withdrawn": True}], [answer.json], again)
            return
        items = self.make_items(known, 1 if kind == "single" else self.rng.randint(1, 25))
        if kind == "ndjson":
            body, media = "\n".join(json.dumps(item) for item in items), "application/x-ndjson"
        else:
            body, media = json.dumps(items[0] if kind == "single" else items), "application/json"
        answer, again = self.ask("POST", "/v1/signals", body, media)
        if answer.status == 400:
            assert all(self.is_bad(item) for item in items), answer.body
            self.refused += len(items)
        elif kind == "single":
            self.take(items, [answer.json], again)
        else:
            self.take(items, answer.json["results"], again)

    def make_items(self, known, count):
        items, said = [], set()  # one delivery has a signal once
        for _ in range(count):
            self.number += 1
            what = self.rng.choices(["new", "same", "other", "withdrawn", "unseen", "bad"], [60, 10, 14, 6, 1, 9])[0]
            old = self.rng.choice(known) if known else None
            if what == "bad":
                items.append(random_bad(self.rng, self.number))
            elif what == "unseen":
                items.append({"id": f"un-{self.number}", "withdrawn": True})
            elif what == "new" or old is None or old in said:
                items.append({"id": f"signal-{self.number}", **random_content(self.rng)})
            elif what == "withdrawn":
                said.add(old)
                items.append({"id": old, "withdrawn": True})
            elif what == "same" and self.signals.content[old]:
                said.add(old)
                items.append({"id": old, **self.signals.content[old]})
            else:
                said.add(old)
                items.append({"id": old, **random_content(self.rng)})
        return items

    def ask(self, method, path, body, media):
        """Until there is an answer. Also: was it asked more than once?"""
        headers = {"Authorization": "Bearer " + harness.token_of(self.source)}
        if media:
            headers["Content-Type"] = media
        again = False
        while True:
            try:
                self.connection = self.connection or self.server.connection()
                answer = self.server.request(method, path, body, headers, self.connection)
                if answer.status in (200, 201, 400):
                    return answer, again
                assert answer.status in (429, 503), (answer.status, answer.body)
            except (OSError, http.client.HTTPException, ValueError):  # ValueError: an answer cut short
                self.hang_up()
            assert not self.abandoned
            again = True
            self.retries += 1
            time.sleep(0.01)

    @staticmethod
    def is_bad(item):
        return not isinstance(item, dict) or item["id"][:3] in ("bad", "", "xxx")

    def take(self, items, verdicts, again):
        assert len(items) == len(verdicts)
        for index, (item, verdict) in enumerate(zip(items, verdicts)):
            assert verdict["index"] == index, verdict
            if self.is_bad(item):
                assert verdict["verdict"] == "refused", (item, verdict)
                self.refused += 1
                continue
            assert verdict["id"] == item["id"], (item, verdict)
            before = self.signals.version.get(item["id"], 0)
            expected = self.signals.apply(item)
            if not again:
                assert verdict["verdict"] == expected, (item, verdict, expected)
                assert verdict["version"] == before + (expected != "duplicate"), (item, verdict)
            assert verdict["verdict"] != "refused", (item, verdict)
            self.signals.acknowledge(item, verdict["signal"], verdict["version"])
            self.accepted += verdict["verdict"] != "duplicate"


class Feed:
    """A list of items with a mark that rises; asked for those from a mark on, that one included."""

    def __init__(self, source, kind, seed):
        self.source = source
        self.rng = random.Random(seed)
        self.lock = threading.Lock()
        self.items = []
        self.signals = Signals(kind)
        self.expected = {}  # id -> number of versions
        self.marks = {}     # id -> of its last item
        self.last_good = None
        self.polls = 0
        self.not_modified = 0
        self.enough = False
        while self.last_good is None:
            self.grow(0)

    def grow(self, since):
        """What the asker may still lack does not change: one page has a signal once."""
        mark = len(self.items) + 1
        known = [id_ for id_, last in self.marks.items() if last < since]
        what = self.rng.choices(["new", "other", "withdrawn", "bad"], [7, 2, 1, 1])[0]
        if what == "bad":
            self.items.append({**random_content(self.rng), "id": f"bad-{mark}", "reported": "x", "mark": mark})
            return
        id_ = f"signal-{mark}" if what == "new" or not known else self.rng.choice(known)
        item = {"id": id_, "withdrawn": True} if what == "withdrawn" else {"id": id_, **random_content(self.rng)}
        self.items.append({**item, "mark": mark})
        self.marks[id_] = mark
        verdict = self.signals.apply(item)
        self.expected[id_] = self.expected.get(id_, 0) + (verdict != "duplicate")
        self.last_good = id_

    def end(self):
        """It grows no more."""
        with self.lock:
            self.enough = True

    def answer(self, since, etag):
        """Status, ETag, body."""
        with self.lock:
            self.polls += 1
            if not self.enough:
                for _ in range(self.rng.choice([0, 1, 10, 100])):
                    self.grow(since)
            current = f'"{self.source}-{since}-{len(self.items)}"'
            if etag == current:
                self.not_modified += 1
                return 304, current, b""
            return 200, current, json.dumps([i for i in self.items if i["mark"] >= since]).encode()


class FeedServer(harness.Server):
    """Serves each feed at /its source."""

    def __init__(self, feeds):
        self.feeds = {feed.source: feed for feed in feeds}
        super().__init__()
        self.server.handle_error = lambda *_: None  # the daemon was killed while it asked: nothing to tell

    def answer(self, handler):
        url = urllib.parse.urlsplit(handler.path)
        since = int(urllib.parse.parse_qs(url.query).get("since", ["0"])[0])
        status, etag, body = self.feeds[url.path[1:]].answer(since, handler.headers.get("If-None-Match"))
        handler.send_response(status)
        handler.send_header("ETag", etag)
        if status == 200:
            handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)
