# SPDX-License-Identifier: EUPL-1.2
"""Signals made from a seed, and their form in the systems of municipalities."""
import csv
import datetime
import io
import json
import pathlib
import random
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
DAY_MS = 86400000
CATEGORIES = [("gedwongen prostitutie", "SexualExploitation"), ("arbeidsuitbuiting", "ForcedLabour"),
              ("criminele uitbuiting", "ForcedCriminality"), ("gedwongen bedelarij", "ForcedBegging"),
              ("orgaanhandel", "OrganRemoval"), ("gedwongen huwelijk", "ForcedMarriage"),
              ("kinderarbeid", "ChildLabour")]
GENDERS = [("vrouw", "Feminine"), ("man", "Masculine"), ("X", "NonConforming")]
CITIZENSHIPS = [("NL", "NL"), ("PL", "EU"), ("DE", "EU"), ("NG", "nonEU"), ("VN", "nonEU")]
FREE_TEXT = "Bel mij op 06-12345678; \"zij\" woont\r\nboven de winkel, één hoog."  # must never come out again


def municipalities():
    """Codes that were always there and still are, so that each date resolves to the same one."""
    with open(ROOT / "conf/municipalities.csv", encoding="utf-8") as file:
        return [row["code"] for row in csv.DictReader(file) if not row["valid_from"] and not row["valid_to"]]


def utc(ms):
    return datetime.datetime.fromtimestamp(ms / 1000, datetime.timezone.utc)


def stamp(ms):
    return utc(ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def postgres_stamp(ms):
    """Microseconds and an offset, as Signalen writes times."""
    return (utc(ms) + datetime.timedelta(microseconds=472)).isoformat(timespec="microseconds")


def parse_stamp(text):
    """Milliseconds of a time as clients write it in a query; none: the beginning."""
    if not text:
        return 0
    moment = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return int(moment.timestamp() * 1000)


class Item:
    """One signal at its source. change() gives it other content, as a correction does."""

    def __init__(self, seed, source, index, updated_ms, reported_ms=None):
        choose = random.Random(f"{seed}/{source}/{index}")
        self.source, self.index, self.updated_ms = source, index, updated_ms
        self.reported_ms = reported_ms or choose.randrange(1104537600000, 1735689600000, DAY_MS) + DAY_MS // 2
        self.category = choose.randrange(len(CATEGORIES))
        self.gender, self.citizenship = choose.choice(GENDERS), choose.choice(CITIZENSHIPS)
        self.age = choose.randrange(8, 60)
        self.uuid = str(uuid.UUID(int=choose.getrandbits(128), version=4))
        self.changes = 0
        self.parent = None
        self.has_children = False

    def change(self, updated_ms):
        self.category = (self.category + 1) % len(CATEGORIES)
        self.updated_ms = updated_ms
        self.changes += 1

    @property
    def word(self):
        return CATEGORIES[self.category][0]

    @property
    def reported(self):
        return utc(self.reported_ms).date().isoformat()

    @property
    def id(self):
        return f"{self.source}-{self.index:05}"

    def facts(self):
        """What an event about it says, as far as the source says it."""
        return {"reported": self.reported, "categories": [CATEGORIES[self.category][1]], "gender": self.gender[1],
                "ageGroup": "Minor" if self.age < 18 else "Adult", "citizenship": self.citizenship[1]}


def native(item):
    return {"id": item.id, "reported": item.reported, "category": item.word, "updated": stamp(item.updated_ms),
            "victim": {"gender": item.gender[0], "age": item.age, "citizenship": item.citizenship[0]},
            "toelichting": FREE_TEXT}


def flat(item):
    """As a row of a table: names of columns are the native fields' own."""
    return {"id": item.id, "reported": item.reported, "category": item.word, "gender": item.gender[0],
            "age": str(item.age), "citizenship": item.citizenship[0], "toelichting": FREE_TEXT,
            "mark": stamp(item.updated_ms)}


def signalen(item, base):
    created = postgres_stamp(item.reported_ms)
    return {
        "_links": {"self": {"href": f"{base}/{item.index}"}}, "_display": f"SIG-{item.index}",
        "id": item.index, "id_display": f"SIG-{item.index}", "signal_id": item.uuid,
        "source": "online", "text": FREE_TEXT, "text_extra": "",
        "status": {"text": None, "user": None, "state": "m", "state_display": "Gemeld", "target_api": None,
                   "extra_properties": None, "send_email": False, "created_at": created, "email_override": None},
        "location": {"id": item.index, "stadsdeel": "A", "buurt_code": "A04i", "area_name": None,
                     "address": {"openbare_ruimte": "Amstel", "huisnummer": 1, "postcode": "1011PN",
                                 "woonplaats": "Amsterdam"},
                     "geometrie": {"type": "Point", "coordinates": [4.90022563, 52.36768424]},
                     "extra_properties": {}, "created_by": None, "bag_validated": True},
        "category": {"sub": "Mensenhandel", "sub_slug": SLUGS[item.category], "main": "Ondermijning",
                     "main_slug": "ondermijning", "departments": "OOV", "created_by": None, "text": None},
        "reporter": {"email": "*****", "phone": "*****", "sharing_allowed": False, "allows_contact": False},
        "priority": {"priority": "normal", "created_by": None}, "type": {"code": "SIG", "created_at": created},
        "created_at": created, "updated_at": postgres_stamp(item.updated_ms),
        "incident_date_start": created, "incident_date_end": None, "operational_date": None,
        "has_attachments": False, "extra_properties": [], "notes": [], "directing_departments": [],
        "has_parent": item.parent is not None, "has_children": item.has_children,
        **({"parent": {"id": item.parent}} if item.parent is not None else {}),
        "assigned_user_email": None}


SLUGS = ["gedwongen-prostitutie", "arbeidsuitbuiting", "criminele-uitbuiting", "gedwongen-bedelarij", "orgaanhandel",
         "gedwongen-huwelijk", "kinderarbeid"]


def open311_id(item):
    return 600000 + item.index


def open311(item):
    """Ids come as numbers and as strings, from one and the same system."""
    number = open311_id(item)
    return {"service_request_id": number if item.index % 2 else str(number), "status": "open", "status_notes": None,
            "service_name": item.word, "service_code": f"{item.category:03}", "description": FREE_TEXT,
            "agency_responsible": None, "service_notice": None, "requested_datetime": stamp(item.reported_ms),
            "updated_datetime": stamp(item.updated_ms), "expected_datetime": None, "address": "Amstel 1",
            "address_id": str(item.index), "zipcode": "1011PN", "lat": 52.36768424, "long": 4.90022563,
            "media_url": None}


def csv_text(rows, separator=",", newline="\r\n"):
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(rows[0]) if rows else ["id"], delimiter=separator, lineterminator=newline)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def json_bytes(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
