# SPDX-License-Identifier: EUPL-1.2
"""Endpoints that put identifiers into everything an endpoint can send: bodies, next pages, marks, headers, redirects,
reasons, errors. One for each way and identifier, and one for each template that ships, plus one with persons."""
import contextlib
import json
import urllib.parse

import harness
import payloads
from identifiers import IDENTIFIERS
from payloads import as_header, quote

PERSON_TEMPLATE = """page:
  format: json
  items: /items
  next: /next
fields:
  id: /id
  reported: /at
  municipality: /place
  category: /kind
  gender: /sex
  ageGroup: /age
  citizenship: /from
  status: /state
  personName: /who/name
  birthDate: /who/born
  nationality: /who/country
  vNumber: /who/v
  watermark: /changed
request: {paging: token, page_param: page, cursor_param: since}
"""
WHEN = "2017-03-05T10:00:00Z"


class Endpoints(harness.Server):
    """By WAYS: function(identifier, form, ask) -> (status line's end, headers, body)."""

    def __init__(self):
        self.seen = {}  # name -> requests
        super().__init__()
        self.origin = f"http://127.0.0.1:{self.port}"

    def answer(self, handler):
        parts = urllib.parse.urlsplit(handler.path)
        name, _, rest = parts.path.strip("/").partition("/")
        with self.lock:
            number = self.seen[name] = self.seen.get(name, 0) + 1
        ask = {"name": name, "rest": rest, "query": dict(urllib.parse.parse_qsl(parts.query)), "number": number,
               "origin": self.origin, "headers": handler.headers}
        way, _, place = name.partition("-")
        identifier = IDENTIFIERS[int(place) if place.isdigit() else (number - 1) % len(IDENTIFIERS)]
        form = identifier.forms[number % len(identifier.forms)]
        status, headers, body = WAYS.get(way, elsewhere)(identifier, form, ask)
        if not isinstance(body, bytes):
            body = json.dumps(body, ensure_ascii=False).encode()
        head = [f"HTTP/1.1 {status}", *(f"{key}: {as_header(value)}" for key, value in headers),
                "Connection: close", f"Content-Length: {len(body)}", "", ""]
        with contextlib.suppress(OSError):
            handler.wfile.write("\r\n".join(head).encode("latin-1") + body)
            handler.close_connection = True

    def rows(self):
        """Lines for the table of sources."""
        rows = [{"name": name, "template": template} for name, template in (
            ("signalen", "signalen"), ("open311", "open311"), ("csv", "csv"), ("excel", "csv-excel"), ("person", "person"))]
        rows[0].update(secret_file="secret", push=True)
        for place, identifier in enumerate(IDENTIFIERS):
            asked = "?q=" + quote(identifier.forms[0])
            rows += [{"name": f"{way}-{place}", "url": f"{self.origin}/{way}-{place}{asked}", **more}
                     for way, more in PER_IDENTIFIER.items() if way != "zaken" or place % 4 == 0]
        return [{"kind": "municipality", "municipality": "GM0363", "interval": "2s", "allow_private": "yes",
                 "url": f"{self.origin}/{row['name']}", **row} for row in rows]


def some_items(identifier, form):
    """A page's worth, the same each time it is asked for."""
    yield {"id": form, **payloads.SIGNAL, "description": form}
    for n, place in enumerate(("municipality", "category", "victim.gender", "status", "key", "person.name", "all at once")):
        yield {"id": f"2018-{n}", **payloads.SIGNAL, **payloads.PLACES[place](form)}
    yield from ({**item, "id": f"2020-{n}"} for n, item in enumerate(payloads.person_items(identifier)))


def elsewhere(_identifier, form, _ask):
    return "200 OK", [], [{"id": form}]


def conditional(identifier, form, ask):
    """ETag, Last-Modified and Link hold it; the next page's address does."""
    headers = [("ETag", f'"{form}"'), ("Last-Modified", form)]
    if ask["rest"]:
        return "200 OK", headers, list(some_items(identifier, form))
    if ask["headers"].get("If-None-Match") and ask["number"] % 3 == 0:
        return f"304 {as_header(form)}", headers, b""
    link = f'<{ask["origin"]}/{ask["name"]}/{quote(form)}?{quote(form)}=1>; rel="next"; title="{form}"'
    return "200 OK", [*headers, ("Link", link)], list(some_items(identifier, form))


def marks(_identifier, form, ask):
    mark = int(form) if form.isdigit() and ask["number"] % 2 else form
    return "200 OK", [], [{"id": f"2021-{n}", **payloads.SIGNAL, "mark": mark} for n in range(2)]


def tokens(_identifier, form, ask):
    first = "page" not in ask["query"]
    return "200 OK", [], {"next": form if first else None, "error": form,
                          "items": [{"id": form, "at": WHEN, "kind": form, "changed": form if first else WHEN}]}


def redirects(identifier, form, ask):
    if ask["rest"] == "there":
        return "200 OK", [], list(some_items(identifier, form))
    places = (f"/{ask['name']}/there?{quote(form)}", f"http://{quote(form)}.example.nl/{quote(form)}", f"//{form}/{form}",
              f"/{ask['name']}/{form}", f"{form}:{form}", f"http://{form}@127.0.0.1:1/{form}")
    return f"302 {as_header(form)}", [("Location", places[ask["number"] % len(places)])], form.encode()


def busy(_identifier, form, ask):
    after = form if ask["number"] > 2 else "1"
    return f"{(429, 503)[ask['number'] % 2]} {as_header(form)}", [("Retry-After", after)], {"detail": form}


def errors(_identifier, form, ask):
    raw = form.encode()
    answers = [
        ("500 " + as_header(form), [("Content-Type", "application/problem+json")], {"title": form, "detail": form}),
        ("404 Not Found", [("Content-Type", "text/html")], b"<h1>" + raw + b"</h1>"),
        ("401 Unauthorized", [("WWW-Authenticate", f'Bearer realm="{form}"'), ("Set-Cookie", f"a={form}")], raw),
        ("200 OK", [("Content-Type", form)], {"error": form}),
        ("200 OK", [], b'[{"id":"' + raw),
        ("200 OK", [("Content-Encoding", "gzip")], raw),
        ("200 OK", [("Content-Encoding", form)], raw),
        ("200 OK", [], b'[{"id":"a","id":"' + raw + b'"},{"id":"' + raw + b'\xff"},' + raw + b"]"),
        (f"999 {as_header(form)}", [(form.encode("ascii", "replace").decode() + " x", form)], raw),
        ("200 OK", [], b'[{"id":null,"' + raw + b'":1},7,"' + raw + b'",{"id":{"' + raw + b'":1}}]'),
    ]
    return answers[ask["number"] % len(answers)]


def signalen(_identifier, _form, ask):
    """A page for each identifier."""
    page = int(ask["query"].get("page", 1))
    identifier = IDENTIFIERS[(page - 1) % len(IDENTIFIERS)]
    results = [{"signal_id": f"{form}" if n % 3 == 0 else f"0d9a5f4e-6f0b-4b62-9b0e-{page:04d}{n:08d}", "created_at": WHEN,
                "updated_at": form if n == 1 else WHEN, "category": {"sub_slug": form, form: form}, "text": form,
                "reporter": {"email": form, "phone": form}, "status": {"state": form if n % 2 else "m", "text": form},
                "has_parent": False, "location": {"address_text": form}} for n, form in enumerate(identifier.forms)]
    last = page >= len(IDENTIFIERS)
    href = None if last else f"{ask['origin']}/signalen?page={page + 1}&q={quote(identifier.forms[0])}"
    return "200 OK", [("ETag", f'W/"{identifier.forms[0]}"')], {
        "_links": {"next": {"href": href}, "self": {"href": identifier.forms[0]}}, "results": results}


def zaken(identifier, form, ask):
    """Of the ZGW standard: what is written in a zaak, and its people."""
    if ask["number"] % 4 == 3:
        return f"403 {as_header(form)}", [], {"code": form, "detail": form, "title": form}
    zaken_ = [{"uuid": one, "url": f"https://x/{quote(one)}", "identificatie": one, "bronorganisatie": "739162846", "omschrijving": one,
               "toelichting": one, "registratiedatum": "2024-05-01", "laatstGemuteerd": form if n else WHEN, "hoofdzaak": None,
               "_expand": {"eigenschappen": [{"naam": name, "waarde": one} for name in ("uitbuitingsvorm", "geslacht", one)],
                           "rollen": [{"betrokkeneIdentificatie": {"inpBsn": one, "geslachtsnaam": one}}]}}
              for n, one in enumerate(identifier.forms)]
    return "200 OK", [], {"count": len(zaken_), "next": None, "previous": form, "results": zaken_}


def open311(identifier, _form, _ask):
    return "200 OK", [("ETag", identifier.forms[0])], [
        {"service_request_id": form, "requested_datetime": WHEN, "service_name": form,
         "description": form, "address": form, "status_notes": form, form: form} for form in identifier.forms]


def csv_file(template):
    whole = payloads.table(template, IDENTIFIERS)

    def answer(identifier, form, ask):
        if ask["number"] % 2 == 1:
            return "200 OK", [("ETag", f'"{form}"'), ("Last-Modified", form)], whole
        broken = list(payloads.broken_tables(template, identifier))
        return "200 OK", [("Content-Disposition", f'attachment; filename="{form}"')], broken[ask["number"] // 2 % len(broken)]
    return answer


def person(_identifier, _form, ask):
    """A page for each identifier: who it is about in the fields that are for that, and everywhere else."""
    place = int(ask["query"].get("page", 0))
    identifier = IDENTIFIERS[place]
    items = []
    for n, form in enumerate(identifier.forms):
        who = {"name": form, "born": "2001-01-01", "country": "SY"}
        items += [{"id": f"2022-{place:04d}{n:02d}", "at": WHEN, "kind": "mensenhandel", "who": who, "changed": WHEN},
                  {"id": f"2023-{place:04d}{n:02d}", "at": WHEN, "who": {"name": "Jansen", "born": form, "v": form}},
                  {"id": f"2024-{place:04d}{n:02d}", "at": form, "place": form, "kind": form, "sex": form, "age": form,
                   "from": form, "state": form, "who": {"name": form, "born": form, "country": form, "v": form}}]
    following = str(place + 1) if place + 1 < len(IDENTIFIERS) else None
    return "200 OK", [], {"items": items, "next": following, "text": identifier.forms[0]}


WAYS = {"conditional": conditional, "marks": marks, "tokens": tokens, "redirects": redirects, "busy": busy, "errors": errors,
        "signalen": signalen, "zaken": zaken, "open311": open311, "csv": csv_file("csv"), "excel": csv_file("csv-excel"), "person": person}
# Of each of these a feed for each identifier, with what its line says.
PER_IDENTIFIER = {"conditional": {}, "marks": {"cursor_param": "since", "cursor_field": "mark"},
                  "tokens": {"template": "person"}, "zaken": {"template": "zgw-zaken"}, "redirects": {}, "busy": {}, "errors": {}}
