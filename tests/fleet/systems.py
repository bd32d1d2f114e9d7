# SPDX-License-Identifier: EUPL-1.2
"""Systems that Dutch municipalities have, read by the templates that ship: each answers to who asks as its system wants it, and
names itself by another host, as behind a gateway."""
import base64
import hashlib
import hmac
import json
import re
import time
import urllib.parse

import data
import endpoints
from data import DAY_MS, Item, json_bytes
from endpoints import CLIENT, SECRET, Paged, Reply

JSON = {"Content-Type": "application/json"}


def decode(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def is_client(token):
    """A JWT as ZGW has them: HS256, of our client, not older than an hour."""
    head, claims, tag = token.split(".")
    good = hmac.new(SECRET.encode(), f"{head}.{claims}".encode(), hashlib.sha256).digest()
    said = json.loads(decode(claims))
    return json.loads(decode(head)) == {"typ": "JWT", "alg": "HS256"} and hmac.compare_digest(good, decode(tag)) and \
        said["iss"] == said["client_id"] == CLIENT and time.time() - 3600 < said["iat"] <= time.time() + 1


class System(Paged):
    path = "api/list"
    page_size = 8

    def following(self, exchange, start, total):
        """Where the next page is, by a name that only the system itself knows."""
        if start + self.page_size >= total:
            return None
        return f"http://gateway.example{exchange.path}?{self.next_query(exchange, start)}"


class Zaken(System):
    """Windows in dates, of which both ends are left out; 403 for whoever has no right."""

    template = "zgw-zaken"
    auth = "zgw"
    count = 20
    days = 300

    def make(self, index, updated_ms):
        first_day = (self.world.now_ms // DAY_MS - self.days) * DAY_MS
        return Item(self.world.seed, self.name, index, updated_ms, first_day + index * 7 * DAY_MS % (self.days * DAY_MS) + DAY_MS // 2)

    def id_of(self, item):
        return item.uuid

    def reply(self, exchange):
        kind, _, token = exchange.headers.get("authorization", "").partition(" ")
        if kind != "Bearer" or token.count(".") != 2 or not is_client(token) or exchange.headers.get("accept-crs") != "EPSG:4326":
            self.refused += 1
            return Reply(403, JSON, b'{"code":"permission_denied"}')
        try:
            return self.finish(exchange, self.answer(exchange))
        except (ValueError, KeyError):
            self.refused += 1
            return Reply(400, JSON, b'{"code":"invalid"}')

    def chosen(self, exchange):
        after, before = exchange.query["registratiedatum__gt"], exchange.query["registratiedatum__lt"]
        if exchange.query["expand"] != "eigenschappen" or not re.fullmatch(r"\d{4}-\d\d-\d\d", after):
            raise ValueError("no such query")
        return [item for item in self.items if after < item.reported < before]

    def page(self, exchange, page, start, total):
        return Reply(200, JSON, json_bytes({"count": total, "next": self.following(exchange, start, total), "previous": None,
                                            "results": [self.zaak(item) for item in page]}))

    def zaak(self, item):
        properties = [("uitbuitingsvorm", item.word), ("geslacht", item.gender[0]), ("leeftijd", str(item.age)),
                      ("nationaliteit", item.citizenship[0]), ("toelichting", data.FREE_TEXT)]
        turn = item.index % len(properties)
        return {"uuid": item.uuid, "identificatie": f"ZAAK-{item.index:010}", "bronorganisatie": "002564440",
                "registratiedatum": item.reported, "laatstGemuteerd": data.stamp(item.updated_ms), "hoofdzaak": None,
                "omschrijving": data.FREE_TEXT, "_expand": {"eigenschappen": [
                    {"naam": name, "waarde": value} for name, value in properties[turn:] + properties[:turn]]}}


class Objects(System):
    template = "objects-api"
    auth = "token"

    def id_of(self, item):
        return item.uuid

    def page(self, exchange, page, start, total):
        results = [{"uuid": i.uuid, "url": f"http://gateway.example/{i.uuid}", "record": {
            "index": 1, "startAt": "2024-05-02", "data": {
                "inzenddatum": i.reported, "uitbuitingsvorm": i.word, "geslacht": i.gender[0], "leeftijd": i.age,
                "nationaliteit": i.citizenship[0], "toelichting": data.FREE_TEXT}}} for i in page]
        return Reply(200, JSON, json_bytes({"count": total, "next": self.following(exchange, start, total), "results": results}))


class Kobo(System):
    """What is new, by number; a question that was not answered is not there."""

    template = "kobotoolbox"
    auth = "token"
    facts = ("reported", "categories", "gender", "ageGroup", "citizenship")

    def id_of(self, item):
        return str(1000 + item.index)

    def chosen(self, exchange):
        after = json.loads(exchange.query["query"])["_id"]["$gt"] if "query" in exchange.query else 0
        if json.loads(exchange.query["sort"]) != {"_id": 1}:
            raise ValueError("in no order")
        return [item for item in self.items if 1000 + item.index > int(after)]

    def page(self, exchange, page, start, total):
        return Reply(200, JSON, json_bytes({"count": total, "next": self.following(exchange, start, total), "previous": None,
                                            "results": [submission(item) for item in page]}))


def submission(item):
    """As KoboToolbox has it, and posts it."""
    return {"_id": 1000 + item.index, "_uuid": item.uuid, "_submission_time": item.reported + "T10:00:00", "_status": "submitted_via_web",
            "signaal/uitbuitingsvorm": data.SLUGS[item.category], "slachtoffer/geslacht": item.gender[0],
            "slachtoffer/leeftijd": str(item.age), "nationaliteit": item.citizenship[0], "toelichting": data.FREE_TEXT,
            "_attachments": [], "_validation_status": {}}


class Odk(System):
    """OData; some submissions were never edited."""

    template = "odk-central"
    auth = "basic"
    facts = ("reported", "categories", "gender", "ageGroup")

    def id_of(self, item):
        return "uuid:" + item.uuid

    def chosen(self, exchange):
        asked = exchange.query.get("$filter")
        if not asked:
            return self.items
        mark = re.fullmatch(r"__system/submissionDate gt (\S+) or __system/updatedAt gt \1", asked)[1]
        return [item for item in self.items if item.updated_ms > data.parse_stamp(mark)]

    def page(self, exchange, page, start, total):
        return Reply(200, JSON, json_bytes({"@odata.nextLink": self.following(exchange, start, total), "@odata.count": total, "value": [
            {"__id": "uuid:" + i.uuid, "__system": {
                "submissionDate": i.reported + "T10:00:00.000Z", "updatedAt": data.stamp(i.updated_ms) if i.index % 5 else None,
                "deletedAt": None, "reviewState": None, "submitterName": data.FREE_TEXT},
             "signaal": {"uitbuitingsvorm": data.SLUGS[i.category]}, "slachtoffer": {"geslacht": i.gender[0], "leeftijd": i.age}}
            for i in page]}))


endpoints.CREDENTIALS["token"] = ("authorization", "Token " + SECRET)
endpoints.KINDS.update({"zaken": (Zaken, {}), "objects": (Objects, {}), "kobo": (Kobo, {}), "odk": (Odk, {})})
