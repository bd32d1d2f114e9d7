# SPDX-License-Identifier: EUPL-1.2
"""Endpoints that mean well: each gives all of its signals to who asks as its system wants it.

An endpoint's data are made from the seed and its name. What changes, changes by the number of answers given, never
by the clock; so what a fleet must have delivered in the end does not depend on who is fast.
"""
import base64
import collections
import email.utils
import gzip
import hashlib
import random
import time
import urllib.parse

import behaviours
import data
from data import DAY_MS, Item, json_bytes

Reply = collections.namedtuple("Reply", "status headers body", defaults=(200, {}, b""))
EARLY_S = 0.1              # clocks tick in milliseconds
SECRET = "secret-of-the-fleet-0123456789abcdef"
CLIENT = "fleet"  # user, or client_id
ACCESS_TOKEN = "access-token-of-the-fleet"
CREDENTIALS = {"bearer": ("authorization", "Bearer " + SECRET), "header": ("x-api-key", SECRET),
               "basic": ("authorization", "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()),
               "oauth2": ("authorization", "Bearer " + ACCESS_TOKEN)}


class Endpoint:
    """A list of native signals with an ETag. Options of a kind are attributes, see KINDS."""

    template = ""          # native
    path = "signals"
    scheme = "http"        # https: with a certificate of the fleet's authority; mutual: asks for one as well
    auth = None
    cursor = None          # query parameter, where the source's own line names it
    count = 6
    span_ms = 700 * DAY_MS # the items were updated over so long a time
    interval_s = 0         # longer than the fleet's own; 0: as the fleet's
    delay_s = 0
    crowd = False          # all of its kind on one host
    troubles = ()          # the first answers, see behaviours.py
    etag = True
    gzip = False
    recoded = None         # what it is sent in instead of UTF-8
    good = True
    bad = ()               # the reasons of its bad items
    facts = ("reported", "categories", "gender", "ageGroup", "citizenship")  # what its system tells

    def __init__(self, world, name, number, options):
        self.world, self.name, self.number = world, name, number
        self.__dict__.update(options)
        self.clock_ms = world.now_ms - DAY_MS
        self.requests = self.answers = self.refused = self.not_modified = 0
        self.busy_until = self.early = self.strayed = 0
        self.items = []
        start = self.clock_ms - self.span_ms
        for i in range(self.count):
            self.items.append(self.make(i + 1, start + self.span_ms * i // self.count))

    def make(self, index, updated_ms):
        return Item(self.world.seed, self.name, index, updated_ms)

    def tick(self):
        self.clock_ms += 1000
        return self.clock_ms

    def grow(self, count):
        for _ in range(count):
            self.items.append(self.make(len(self.items) + 1, self.tick()))

    def row(self):
        """Its line of the source table, but for what only the fleet knows: host, secret, interval."""
        row = {"name": self.name, "kind": "municipality", "municipality": self.world.municipality(self.number),
               "template": self.template, "allow_private": "yes"}
        if self.cursor:
            row.update(cursor_param=self.cursor, cursor_field="updated")
        return row

    def secret(self):
        pair = self.auth in ("basic", "oauth2", "zgw")
        return None if not self.auth else f"{CLIENT}:{SECRET}" if pair else SECRET

    def expected(self):
        """Of all that it has, by id, what events say of it in the end; without what is not to be counted."""
        return {self.id_of(item): {"facts": {fact: item.facts()[fact] for fact in self.facts}, "changes": item.changes}
                for item in self.items if item.parent is None}

    def mark(self):
        """Of its newest item."""
        return data.stamp(max(item.updated_ms for item in self.items)) if self.items else None

    def id_of(self, item):
        return item.id

    # --- answering

    async def serve(self, exchange):
        """True when the connection may be used again."""
        self.count_request()
        if self.requests <= len(self.troubles):
            return await self.troubles[self.requests - 1](exchange)
        await exchange.reply(self.reply(exchange))
        return True

    def count_request(self):
        self.requests += 1
        self.early += time.time() < self.busy_until - EARLY_S

    def reply(self, exchange):
        if self.auth and exchange.path.endswith("/token"):
            return self.token(exchange)
        if self.auth:
            header, value = CREDENTIALS[self.auth]
            if exchange.headers.get(header) != value:
                self.refused += 1
                return Reply(401, {"WWW-Authenticate": "Bearer"})
        try:
            reply = self.answer(exchange)
        except (ValueError, KeyError):
            self.refused += 1
            return Reply(400, {}, b'{"detail":"query"}')
        return self.finish(exchange, reply)

    def token(self, exchange):
        form = dict(urllib.parse.parse_qsl(exchange.body.decode()))
        header, value = CREDENTIALS["basic"]
        named = form.get("client_id") == CLIENT and form.get("client_secret") == SECRET
        if form.get("grant_type") != "client_credentials" or not (named or exchange.headers.get(header) == value):
            self.refused += 1
            return Reply(400, {"Content-Type": "application/json"}, b'{"error":"invalid_client"}')
        body = {"access_token": ACCESS_TOKEN, "token_type": "Bearer", "expires_in": 3600}
        return Reply(200, {"Content-Type": "application/json"}, json_bytes(body))

    def finish(self, exchange, reply):
        """ETag, compression, and what changes by being read."""
        if reply.status != 200:
            return reply
        self.answers += 1
        headers = dict(reply.headers)
        if self.etag:
            headers["ETag"] = f'"{hashlib.sha256(reply.body).hexdigest()[:20]}"'
            if exchange.headers.get("if-none-match") == headers["ETag"]:
                self.not_modified += 1
                return Reply(304, headers)
        if self.recoded:
            reply = reply._replace(body=reply.body.decode().encode(self.recoded))
        if self.gzip and "gzip" in exchange.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            return Reply(200, headers, gzip.compress(reply.body, 1))
        return Reply(200, headers, reply.body)

    def answer(self, exchange):
        items = self.items
        if self.cursor:
            since = data.parse_stamp(exchange.query.get(self.cursor))
            items = sorted((i for i in items if i.updated_ms >= since), key=lambda i: i.updated_ms)
        return Reply(200, {"Content-Type": "application/json"}, json_bytes([data.native(i) for i in items]))


class Hiding(Endpoint):
    """All there is, as its line says; but each answer lacks another item. None of them is gone."""

    count = 8

    def row(self):
        return {**super().row(), "complete": "yes"}

    def answer(self, exchange):
        hidden = self.items[self.answers % self.count]
        items = [data.native(i) for i in self.items if i is not hidden]
        return Reply(200, {"Content-Type": "application/json"}, json_bytes(items))


class Nothing(Endpoint):
    """Has nothing, and says so without a body."""

    count = 0

    def grow(self, count):
        pass

    def answer(self, exchange):
        self.answers += 1
        return Reply(204)


class Modified(Endpoint):
    """No ETag, but Last-Modified."""

    etag = False

    def answer(self, exchange):
        when = email.utils.formatdate(self.clock_ms / 1000, usegmt=True)
        if exchange.headers.get("if-modified-since") == when:
            self.not_modified += 1
            return Reply(304, {"Last-Modified": when})
        reply = super().answer(exchange)
        return reply._replace(headers={**reply.headers, "Last-Modified": when})


class Redirected(Endpoint):
    """Moved within its own origin, in two steps."""

    steps = {"signals": "/new", "new": "newer"}

    def reply(self, exchange):
        last = exchange.path.rsplit("/", 1)[1]
        if last not in self.steps:
            return super().reply(exchange)
        target = self.steps[last]
        return Reply(307, {"Location": f"/{self.name}{target}" if target.startswith("/") else target})


class Mixed(Endpoint):
    """Bad items among good ones: each must be in the quarantine, with its reason and without its content."""

    bad = ("badDate", "type", "required", "unknownWord", "tooLong", "outOfRange", "badCharacter")

    def answer(self, exchange):
        good = [data.native(i) for i in self.items]
        bad = [{**good[0], "id": f"{self.name}-bad-1", "reported": "gisteren"}, 7, {"reported": "2017-03-05"},
               {**good[0], "id": f"{self.name}-bad-2", "status": "misschien"},
               {**good[0], "id": f"{self.name}-bad-3", "toelichting": data.FREE_TEXT * 2000},
               {**good[0], "id": f"{self.name}-bad-4", "reported": "2093-01-01"},
               {**good[0], "id": f"{self.name}-bad-5", "category": "@@"}]
        mixed = [item for pair in zip(good, bad) for item in pair] + good[len(bad):]
        return Reply(200, {"Content-Type": "application/json"}, json_bytes(mixed).replace(b"@@", b"\xff"))


class Paged(Endpoint):
    """Pages of a list that moves while it is read: by `moves`, the first items of an answer change and go to the end,
    and so one item slips from the next page to the one that was just read."""

    template = "fleet-link"
    count = 34
    page_size = 10
    moves = 0
    since = None           # query parameter of the mark
    interval_s = 4
    rel = 'rel="last next"'
    shuffles = 0           # so often the order is another one for each page

    def chosen(self, exchange):
        items = self.items
        if self.since:
            since = data.parse_stamp(exchange.query.get(self.since))
            items = sorted((i for i in items if i.updated_ms >= since), key=lambda i: i.updated_ms)
        elif self.answers < self.shuffles:
            items = random.Random(f"{self.world.seed}/{self.name}/{self.answers}").sample(items, len(items))
        return items

    def answer(self, exchange):
        items, start = self.chosen(exchange), self.start(exchange)
        page = items[start:start + self.page_size]
        reply = self.page(exchange, page, start, len(items))
        if self.moves > 0 and start + self.page_size < len(items):
            self.moves -= 1
            for item in page[:2]:
                item.change(self.tick())
        return reply

    def start(self, exchange):
        return (int(exchange.query.get("page", 1)) - 1) * self.page_size

    def next_query(self, exchange, start):
        return urllib.parse.urlencode({**exchange.query, "page": start // self.page_size + 2})

    def page(self, exchange, page, start, total):
        headers = {"Content-Type": "application/json"}
        if start + self.page_size < total:
            query = self.next_query(exchange, start)
            target = f"?{query}" if self.number % 2 else f"{exchange.base}{exchange.path}?{query}"
            headers["Link"] = f'<{exchange.base}/>; rel="index", <{target}>; title="a, b"; {self.rel}'
        return Reply(200, headers, json_bytes([data.native(i) for i in page]))


class Numbered(Paged):
    """Its pages are not always as large as the template asks."""

    template = "fleet-number"
    lost = False           # a page behind the last is not found

    def answer(self, exchange):
        if self.lost and 0 < len(self.items) <= self.start(exchange):
            return Reply(404, {"Content-Type": "application/json"}, b'{"detail":"Invalid page."}')
        return super().answer(exchange)

    def page(self, exchange, page, start, total):
        return Reply(200, {"Content-Type": "application/json"}, json_bytes({"data": [data.native(i) for i in page]}))


class Tokens(Paged):
    template = "fleet-token"

    def start(self, exchange):
        token = exchange.query.get("token")
        return int(base64.urlsafe_b64decode(token).decode().removeprefix("at ")) if token else 0

    def page(self, exchange, page, start, total):
        more = start + self.page_size < total
        token = base64.urlsafe_b64encode(f"at {start + self.page_size}".encode()).decode() if more else None
        body = {"data": {"list": [data.native(i) for i in page]}, "meta": {"next/page": token}}
        return Reply(200, {"Content-Type": "application/json"}, json_bytes(body))


class Signalen(Paged):
    """HAL pages of 100; every tenth signal is a parent and the two after it are its children."""

    template = "signalen"
    path = "signals/v1/private/signals/"
    auth = "bearer"
    since = "updated_after"
    page_size = 100
    count = 130
    moves = 1
    facts = ("reported", "categories")

    def make(self, index, updated_ms):
        item = super().make(index, updated_ms)
        item.has_children = index % 10 == 1
        item.parent = index - (index - 1) % 10 if index % 10 in (2, 3) else None
        return item

    def id_of(self, item):
        return item.uuid

    def answer(self, exchange):
        if "incident_date_after" in exchange.query or "incident_date_before" in exchange.query:
            raise ValueError("these filters are reversed")
        self.page_size = min(int(exchange.query.get("page_size", 100)), 100)
        return super().answer(exchange)

    def chosen(self, exchange):
        if exchange.query.get("ordering") == "updated_at":
            return super().chosen(exchange)
        since = data.parse_stamp(exchange.query.get(self.since))
        return sorted((i for i in self.items if i.updated_ms >= since), key=lambda i: -i.reported_ms)

    unaware = False        # of the proxy that does TLS for it

    def page(self, exchange, page, start, total):
        base = exchange.base + exchange.path
        if self.unaware:
            base = base.replace("https:", "http:")
        more = start + self.page_size < total
        following = f"{base}?{self.next_query(exchange, start)}" if more else None
        body = {"_links": {"self": {"href": base}, "next": {"href": following}, "previous": {"href": None}},
                "count": total, "results": [data.signalen(i, base) for i in page]}
        return Reply(200, {"Content-Type": "application/json"}, json_bytes(body))


class Open311(Endpoint):
    """Windows of at most 90 days, the first 1,000 of a window, no pages, no filter for what changed."""

    template = "open311"
    path = "v2/requests.json"
    count = 24
    days = 80              # over which they were requested, up to yesterday
    items_max = 1000
    changes = 0            # so many items change after the first answers, long after they were requested
    interval_s = 4
    facts = ("reported", "categories")

    def make(self, index, updated_ms):
        first_day = (self.world.now_ms // DAY_MS - self.days - 1) * DAY_MS
        place = (index - 1) % self.count * self.days * 1000 // self.count
        reported = first_day + place // 1000 * DAY_MS + place % 1000 * 72000  # within 20 hours: one day everywhere
        return Item(self.world.seed, self.name, index, updated_ms, reported + index)

    def id_of(self, item):
        return str(data.open311_id(item))

    wrapped = False

    def answer(self, exchange):
        if any("." in exchange.query.get(name, "") for name in ("start_date", "end_date")):
            raise ValueError("no fractions")
        end = data.parse_stamp(exchange.query.get("end_date")) or self.world.now_ms + DAY_MS
        start = data.parse_stamp(exchange.query.get("start_date")) or end - 90 * DAY_MS
        if end - start > 90 * DAY_MS:
            self.refused += 1
            error = [{"code": 400, "description": "A window is 90 days at most."}]
            return Reply(400, {"Content-Type": "application/json"}, json_bytes(error))
        items = [i for i in self.items if start <= i.reported_ms <= end][:self.items_max]
        found = [data.open311(i) for i in items]
        body = json_bytes({"service_requests": found} if self.wrapped else found)
        reply = Reply(200, {"Content-Type": "application/json"}, body)
        for item in items[:self.changes]:
            item.change(self.tick())
            self.changes -= 1
        return reply


class Csv(Endpoint):
    """A file with native columns."""

    template = "csv"
    path = "meldingen.csv"
    separator = ","
    head = b""
    encoding = "utf-8"
    newline = "\r\n"
    type = "text/csv; charset=utf-8"

    def rows(self):
        return [data.flat(item) for item in self.items]

    def answer(self, exchange):
        text = data.csv_text(self.rows(), self.separator, self.newline)
        return Reply(200, {"Content-Type": self.type}, self.head + text.encode(self.encoding))


class Excel(Csv):
    """As Dutch Excel saves it: semicolons, Windows-1252, day before month, empty rows at the end."""

    template = "csv-excel"
    separator = ";"
    encoding = "cp1252"
    type = "text/csv"

    def rows(self):
        rows = [{"meldnummer": i.id, "meldingsdatum": data.utc(i.reported_ms).strftime("%d-%m-%Y"),
                 "uitbuitingsvorm": i.word, "geslacht": i.gender[0], "leeftijd": str(i.age),
                 "nationaliteit": i.citizenship[0], "toelichting": data.FREE_TEXT} for i in self.items]
        return rows + [dict.fromkeys(rows[0], "")] * 20


class Lines(Endpoint):
    template = "fleet-ndjson"
    path = "signals.ndjson"

    def answer(self, exchange):
        lines = b"\n".join(json_bytes(data.native(i)) for i in self.items)
        return Reply(200, {"Content-Type": "application/x-ndjson"}, lines + b"\n")


B = behaviours
KINDS = {
    "list": (Endpoint, {}),
    "list-cursor": (Endpoint, {"cursor": "since"}),
    "list-modified": (Modified, {}),
    "list-gzip": (Endpoint, {"gzip": True}),
    "list-utf16": (Endpoint, {"recoded": "utf-16"}),
    "list-tls": (Endpoint, {"scheme": "https"}),
    "list-mutual": (Endpoint, {"scheme": "mutual"}),
    "list-bearer": (Endpoint, {"auth": "bearer"}),
    "list-basic": (Endpoint, {"auth": "basic", "template": "fleet-basic"}),
    "list-header": (Endpoint, {"auth": "header", "template": "fleet-header"}),
    "list-oauth2": (Endpoint, {"auth": "oauth2", "template": "fleet-oauth2"}),
    "redirected": (Redirected, {}),
    "unsplittable_windows": (Endpoint, {"delay_s": 0.2, "crowd": True}),
    "mixed": (Mixed, {"count": 9}),
    "link": (Paged, {}),
    "link-since": (Paged, {"template": "fleet-link-since", "since": "since", "moves": 3}),
    "link-shuffled": (Paged, {"shuffles": 12, "count": 24}),
    "number": (Numbered, {}),
    "number-capped": (Numbered, {"page_size": 4}),
    "number-lost": (Numbered, {"lost": True, "page_size": 17}),
    "link-quoted": (Paged, {"rel": "rel='last next'"}),
    "link-unquoted": (Paged, {"rel": "rel=next"}),
    "complete": (Hiding, {}),
    "nothing": (Nothing, {}),
    "token": (Tokens, {}),
    "signalen": (Signalen, {}),
    "signalen-proxy": (Signalen, {"scheme": "https", "unaware": True}),
    "signalen-long": (Signalen, {"count": 640, "moves": 5, "interval_s": 4}),
    "open311": (Open311, {}),
    "open311-changed": (Open311, {"changes": 3}),
    "open311-wrapped": (Open311, {"wrapped": True}),
    "open311-capped": (Open311, {"count": 260, "days": 20, "items_max": 100, "interval_s": 10}),
    "open311-split": (Open311, {"count": 1300, "days": 3, "interval_s": 10}),
    "csv": (Csv, {}),
    "csv-tab": (Csv, {"separator": "\t", "newline": "\n"}),
    "csv-semicolon": (Csv, {"separator": ";", "head": b"\xef\xbb\xbf"}),
    "csv-excel": (Excel, {}),
    "ndjson": (Lines, {}),
    "flaky-busy": (Endpoint, {"troubles": [B.busy_seconds, B.busy_date]}),
    "flaky-500": (Endpoint, {"troubles": [B.broken_500, B.broken_500, B.broken_500]}),
    "flaky-cut": (Endpoint, {"troubles": [B.cut_body, B.truncated_json, B.cut_body]}),
    "flaky-pages": (Paged, {"template": "fleet-link-since", "since": "since",
                            "troubles": [B.broken_500, B.truncated_json, B.cut_body]}),
}
