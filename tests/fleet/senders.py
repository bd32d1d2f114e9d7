# SPDX-License-Identifier: EUPL-1.2
"""Systems that post: each in its own form, whole, twice, corrected, and between that as nobody should. An answer that is another one
than the sender may expect is told."""
import gzip
import hashlib
import hmac
import json
import threading
import time
import urllib.parse

import data
import systems
from data import DAY_MS, Item, json_bytes
from harness import token_of

SECRET = "the-secret-of-a-sender-that-signs-0123456789"
BOMB = gzip.compress(b"[" + b" " * (80 << 20) + b"]", 9)
COUNT = 6


class Sender:
    """Posts native JSON, one batch."""

    kind = "json"
    media = "application/json"
    row_more = {"push": True}
    facts = ("reported", "categories", "gender", "ageGroup", "citizenship")

    def __init__(self, world, number):
        self.name = f"sender-{self.kind}-{number + 1}"
        self.number, self.world = number, world
        start = world.now_ms - 100 * DAY_MS
        self.items = [Item(world.seed, self.name, index + 1, start + index * DAY_MS) for index in range(COUNT)]
        self.wrong = []

    def row(self):
        return {"name": self.name, "kind": "municipality", "municipality": self.world.municipality(self.number), **self.row_more}

    def id_of(self, item):
        return item.id

    def expected(self):
        return {self.id_of(item): {"facts": {fact: item.facts()[fact] for fact in self.facts}, "changes": item.changes}
                for item in self.items}

    def bodies(self, items):
        """What is posted: (headers, body)."""
        yield {}, json_bytes([data.native(item) for item in items])

    def post(self, heads, body, *statuses, media=None):
        try:
            answer = self.daemon.post(self.name, body, media or self.media, **heads)
        except OSError as cut:  # a large body that is refused may not be read to its end
            if 413 not in statuses:
                self.wrong.append(f"{self.name}: {cut!r}")
            return
        if answer.status not in statuses:
            self.wrong.append(f"{self.name}: {answer.status} for {heads} {body[:60]!r}, not {statuses}: {answer.body[:200]!r}")

    def send_all(self):
        for heads, body in self.bodies(self.items):
            self.post(heads, body, 200, 201)

    def run(self, daemon):
        self.daemon = daemon
        self.send_all()
        self.misbehave()
        for item in self.items[::2]:
            item.change(item.updated_ms + DAY_MS)
        self.send_all()
        self.send_all()

    def misbehave(self):
        """What no sender of this form may send; nothing of it is taken."""
        heads, body = next(iter(self.bodies(self.items)))
        cut = {name: value for name, value in heads.items() if name != "Content-Encoding"}
        self.post({**cut, "Content-Encoding": "gzip"}, BOMB, 413)
        self.post({**cut, "Content-Encoding": "gzip"}, b"\x1f\x8b" + body, 400)
        self.post({**cut, "Content-Encoding": "br"}, body, 415)
        self.post(heads, body, 415, media="application/xml")
        self.post(heads, body, 415, media="multipart/form-data; boundary=x")
        self.post({**heads, "Authorization": "Bearer nobody"}, body, 401)
        self.post(cut, b"PK\x03\x04" + body, 415)


class Lines(Sender):
    kind, media = "ndjson", "application/x-ndjson"

    def bodies(self, items):
        yield {}, b"\n".join(json_bytes(data.native(item)) for item in items) + b"\n"


class Table(Sender):
    kind, media = "csv", "text/csv"

    def bodies(self, items):
        text = data.csv_text([{**data.flat(item), "mark": ""} for item in items], ",;\t"[self.number % 3])
        yield {}, text.encode("utf-8-sig" if self.number % 2 else "utf-8")


class Packed(Sender):
    kind = "gzip"

    def bodies(self, items):
        for _, body in super().bodies(items):
            yield {"Content-Encoding": "gzip"}, gzip.compress(body)


class Events(Sender):
    """CloudEvents, structured, one by one."""

    kind, media = "event", "application/cloudevents+json"

    def row(self):
        return {**super().row(), "event_source": self.origin}

    @property
    def origin(self):
        return f"urn:fleet:{self.name}"

    def event(self, item):
        said = data.native(item)
        del said["id"]
        return {"specversion": "1.0", "id": item.id, "source": self.origin, "type": "nl.fleet.signal", "subject": data.FREE_TEXT,
                "data": said}

    def bodies(self, items):
        for item in items:
            yield {}, json_bytes(self.event(item))

    def misbehave(self):
        super().misbehave()
        event = self.event(self.items[0])
        for wrong in ({"source": "urn:somebody:else"}, {"specversion": "2.0"}, {"id": ""}, {"data": json.dumps(event["data"])}):
            self.post({}, json_bytes({**event, **wrong}), 400, media="application/cloudevents+json")


class Batch(Events):
    kind, media = "batch", "application/cloudevents-batch+json"

    def bodies(self, items):
        yield {}, json_bytes([self.event(item) for item in items])


class Binary(Events):
    kind, media = "binary", "application/json"

    def bodies(self, items):
        for item in items:
            event = self.event(item)
            body = json_bytes(event.pop("data"))
            event["subject"] = event["subject"].replace("\r\n", " ")
            yield {f"ce-{name}": urllib.parse.quote(value) for name, value in event.items()}, body

    def misbehave(self):
        heads, body = next(iter(self.bodies(self.items)))
        for name, value in (("ce-id", "%C0%AF"), ("ce-source", "urn:somebody:else"), ("ce-specversion", "0.3"), ("ce-subject", "a%0D%0Ab"),
                            ("ce-datacontenttype", "application/json")):
            self.post({**heads, name: value}, body, 400)


class Signed(Sender):
    kind = "signed"
    row_more = {}

    def row(self):
        path = self.daemon_directory / f"{self.name}.signing"
        path.write_text(SECRET)
        path.chmod(0o600)
        return {**super().row(), "signing_file": path}

    def send(self, body, status, secret=SECRET, now=0, again=False):
        self.when = self.when if again else str(int(time.time()) + now)
        code = hmac.new(secret.encode(), f"{self.when}.".encode() + body, hashlib.sha256).hexdigest()
        answer = self.daemon.request("POST", "/v1/signals", body, {
            "Content-Type": self.media, "X-Signaal-Source": self.name, "X-Signaal-Timestamp": self.when,
            "X-Signaal-Signature": f"sha256={code}"})
        if answer.status != status:
            self.wrong.append(f"{self.name}: {answer.status}, not {status}: {answer.body[:200]!r}")

    def send_all(self):
        for number, item in enumerate(self.items):
            body = json_bytes([data.native(item), data.native(self.items[number - 1])])
            while body in self.sent:
                body += b" "
            self.sent.add(body)
            self.send(body, 200)
            self.send(body, 401, again=True)

    def run(self, daemon):
        self.sent = set()
        super().run(daemon)

    def misbehave(self):
        body = json_bytes([data.native(self.items[0])])
        self.send(body, 401, secret=SECRET + "x")
        self.send(body, 401, now=-301)
        self.send(body, 401, now=1000)


class WebForm(Sender):
    kind, row_more = "web-form", {"push": True, "template": "web-form"}

    def bodies(self, items):
        for item in items:
            yield {}, json_bytes(self.form(item))

    def form(self, item):
        return {"kenmerk": item.id, "meldingsdatum": data.utc(item.reported_ms).strftime("%d-%m-%Y"), "uitbuitingsvorm": item.word,
                "geslacht": item.gender[0], "leeftijd": str(item.age), "nationaliteit": item.citizenship[0], "toelichting": data.FREE_TEXT}

    def misbehave(self):
        super().misbehave()
        self.post({}, json_bytes(self.form(self.items[0])), 415, media="application/cloudevents+json")
        self.post({}, b"kenmerk=1&toelichting=x", 415, media="application/x-www-form-urlencoded")


class OpenForms(WebForm):
    kind, row_more = "open-forms", {"push": True, "template": "open-formulieren"}

    def form(self, item):
        return {"values": {"uitbuitingsvorm": {item.word: True, "orgaanhandel": item.word == "orgaanhandel"}, "geslacht": item.gender[0],
                           "leeftijd": item.age, "nationaliteit": item.citizenship[0],
                           "bestand": {"file_name": "foto.jpg", "content": "AAAA" * 1000}},
                "values_schema": {}, "metadata": {"public_reference": item.id, "registration_timestamp": item.reported + "T10:00:00+00:00"}}


class Kobo(WebForm):
    kind, row_more = "kobo-rest", {"push": True, "template": "kobotoolbox"}

    def id_of(self, item):
        return str(1000 + item.index)

    def form(self, item):
        return systems.submission(item)


KINDS = (Sender, Lines, Table, Packed, Events, Batch, Binary, Signed, WebForm, OpenForms, Kobo)


class Senders:
    """So many of each kind, on a thread each."""

    def __init__(self, world, directory, each):
        self.all = [kind(world, number) for kind in KINDS for number in range(each)]
        for sender in self.all:
            sender.daemon_directory = directory

    def rows(self):
        return [sender.row() for sender in self.all]

    def expected(self):
        return {sender.name: sender.expected() for sender in self.all}

    def start(self, daemon, notified):
        self.threads = [threading.Thread(target=sender.run, args=(daemon,)) for sender in self.all]
        self.threads.append(threading.Thread(target=self.notify, args=(daemon, notified)))
        for thread in self.threads:
            thread.start()

    def notify(self, daemon, names):
        """A storm of notifications to sources that are polled, with some that are none."""
        self.notified = []
        change = json_bytes({"kanaal": "zaken", "hoofdObject": "https://x/1", "resource": "zaak", "resourceUrl": "https://x/1",
                             "actie": "update", "aanmaakdatum": "2024-05-01T10:00:00Z", "kenmerken": {"naam": data.FREE_TEXT}})
        for body, heads, status in ((change, {}, 204), (change[:-9], {}, 400), (b"[]", {}, 400), (gzip.compress(change),
                                    {"Content-Encoding": "gzip"}, 400), (change, {"Content-Type": "text/plain"}, 415),
                                    (change, {"Authorization": "Bearer nobody"}, 401)) + ((change, {}, 204),) * 20:
            for name in names:
                answer = daemon.request("POST", "/v1/notifications", body, {"Content-Type": "application/json",
                                                                            "Authorization": f"Bearer {token_of(name)}", **heads})
                if answer.status != status:
                    self.notified.append(f"{name}: {answer.status}, not {status}: {answer.body[:200]!r}")

    def finish(self):
        """What was answered otherwise than it should be."""
        for thread in self.threads:
            thread.join()
        return self.notified + [wrong for sender in self.all for wrong in sender.wrong]
