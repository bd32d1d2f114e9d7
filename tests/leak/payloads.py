# SPDX-License-Identifier: EUPL-1.2
"""Identifiers in every place of what a source can send: well-formed bodies, broken ones, and whole requests."""
import base64
import csv
import gzip
import io
import itertools
import json
import urllib.parse

SIGNAL = {"reported": "2017-03-05", "category": "gedwongen prostitutie",
          "victim": {"gender": "man", "age": 30, "citizenship": "NG"}}
DEPTH = 40
ITEM_BYTES = 70_000
numbers = itertools.count(1)


def quote(text):
    return urllib.parse.quote(text, safe="")


def as_header(text):
    """What a header can carry of it: bytes as they are, no ends of lines."""
    return text.replace("\r", " ").replace("\n", " ").encode().decode("latin-1")


def new_id():
    return f"2019-{next(numbers):06d}"


def top(field):
    return lambda text: {field: text}


def victim(field):
    return lambda text: {"victim": {**SIGNAL["victim"], field: text}}


def person(field):
    return lambda text: {"person": {"name": "Jansen, A.", "birthDate": "2001-01-01", field: text}}


# Where a text can stand in an item: its place -> the members that put it there.
PLACES = {
    **{field: top(field) for field in ("id", "reported", "occurred", "municipality", "category", "status", "person",
                                       "updated", "withdrawn", "victim", "description", "stands")},
    "id as part": lambda text: {"id": f"zaak-{text}/1"},
    "id in words": lambda text: {"id": f"{text} {text}"},
    "categories": lambda text: {"category": None, "categories": [text]},
    "among categories": lambda text: {"category": ["mensenhandel", text, f"{text}!", "dwang"]},
    **{f"victim.{field}": victim(field) for field in ("gender", "age", "ageGroup", "birthYear", "citizenship", "name")},
    **{f"person.{field}": person(field) for field in ("name", "birthDate", "nationality", "vNumber", "bsn", "address",
                                                      "BurgerServiceNummer")},
    "key": lambda text: {text: True},
    "victim's key": lambda text: {"victim": {text: text}},
    "person's key": lambda text: {"person": {text: text}},
    "nested": lambda text: {"notes": [{"text": {text: [text, {"x": text}]}}]},
    "wrong types": lambda text: {"municipality": {"name": text}, "status": [text], "reported": [[text]]},
    "all at once": lambda text: {"id": f"{text}#9", "municipality": text, "category": [text], "status": text,
                                 "victim": {"gender": text, "ageGroup": text, "citizenship": text},
                                 "person": {"name": text, "birthDate": text, "nationality": text, "vNumber": text},
                                 "updated": text, text: text},
}


def allowed(identifier, place):
    """The day of what happened may be any: a birth date there is not told from one."""
    return not (identifier.kind == "birth date" and place == "occurred")


def items(identifier):
    """Each form in each place; digits as JSON numbers too."""
    for form in identifier.forms:
        for place, put in PLACES.items():
            if allowed(identifier, place):
                yield {"id": new_id(), **SIGNAL, **put(form)}
                if form.isascii() and form.isdigit() and form[0] != "0" and not place.endswith("key"):
                    yield {"id": new_id(), **SIGNAL, **put(int(form))}


def person_items(identifier):
    """As it is meant to come: who the signal is about. Twice, so that they are linked."""
    if not identifier.attribute:
        return []
    who = {"name": "Jansen, A.", "birthDate": "2001-01-01", identifier.attribute: identifier.forms[0]}
    return [{"id": new_id(), **SIGNAL, "person": who} for _ in range(2)]


def dump(value):
    return json.dumps(value, ensure_ascii=False).encode()


def lines(values):
    return b"\n".join(map(dump, values)) + b"\n"


def long_item(text):
    return {"id": new_id(), "description": (text + " ") * (ITEM_BYTES // (len(text.encode()) + 1) + 1)}


def deep(text):
    return f'{{"id":"{new_id()}","x":'.encode() + b"[" * DEPTH + dump(text) + b"]" * DEPTH + b"}"


def broken_bodies(identifier):
    """JSON that is wrong as a whole or in one item: (media type's end, body)."""
    for form in identifier.forms:
        quoted, raw = dump(form), form.encode()
        good = dump({"id": new_id(), **SIGNAL})
        cut = dump({"id": new_id(), "municipality": form, **SIGNAL})
        bodies = [
            raw, quoted, dump([form]), dump({form: form}), b"[" + quoted + b",",
            cut[:cut.index(quoted) + len(quoted) - 2], cut[:cut.index(quoted) + len(quoted)],
            b'{"id":' + quoted + b',"id":' + quoted + b"}", b"{" + quoted + b":1," + quoted + b":2}",
            b'{"id":"x' + raw + b'\xff"}', b'{"' + raw + b'\xc3\x28":"' + raw + b'"}',
            b'{"id":"' + raw + b'\x00"}', dump({"id": form + "\0"}), b'{"id":"\\ud800' + raw + b'"}',
            deep(form), dump(long_item(form)), b'{"id":' + raw + b"}", b"{'id':'" + raw + b"'}",
            b'{"id":"' + raw + b'" // ' + raw + b"\n}", good + raw, good[:-1] + b"," + quoted + b":" + quoted + b"}}",
            b'{"id":1e' + raw + b"}", quoted + b":" + quoted, b"<id>" + raw + b"</id>", b"\xef\xbb\xbf" + cut + raw,
            b"<html>" + raw, b"PK\x03\x04xl/workbook" + raw, b"%PDF-" + raw, b"\x1f\x8b" + raw, cut.decode().encode("utf-32"),
        ]
        for body in bodies:
            yield "json", body
        yield "x-ndjson", b"\n".join([good, *bodies[:12], good]) + b"\n" + raw
        yield from encoded_bodies(form)


# Attributes of a CloudEvent, and members of one that are none.
ATTRIBUTES = ("id", "source", "type", "subject", "time", "dataschema", "datacontenttype", "data_base64", "specversion", "remark")


def deliveries(identifier):
    """Bodies of every other media type, with each form in each place: (media type, more headers, body)."""
    for form in identifier.forms:
        plain = {"specversion": "1.0", "source": "urn:x", "type": "y"}
        events = [{**plain, "id": new_id(), "data": SIGNAL, name: form} for name in ATTRIBUTES]
        events += [{**plain, "id": new_id(), "data": {**SIGNAL, "id": form, "municipality": form, form: form}, form: form},
                   {**plain, "id": new_id(), "source": f"urn:{quote(form)}", "data": form},
                   {**plain, "id": f"zaak-{form}", "data": {"withdrawn": form, "person": {"bsn": form}}}]
        for event in events:
            yield "application/cloudevents+json", {}, dump(event)
        yield "application/cloudevents-batch+json", {}, dump(events)
        yield "application/cloudevents-batch+json", {}, dump([events, form]) + form.encode()
        for name in ATTRIBUTES:
            for value in (as_header(form), quote(form), f'"{as_header(form)}"', quote(form) + "%C0%AF"):
                heads = {**{f"ce-{key}": said for key, said in plain.items()}, "ce-id": new_id(), f"ce-{name}": value}
                yield "application/json", heads, dump(SIGNAL)
        yield "application/json", {"ce-id": quote(form), f"ce-{quote(form)}": quote(form)}, form.encode()
        packed = gzip.compress(dump([{"id": form, "municipality": form, form: form}, {"id": new_id(), **SIGNAL, "note": form}]), mtime=0)
        for body in (packed, packed[:-9], packed + form.encode(), form.encode(), gzip.compress(form.encode()), gzip.compress(packed)):
            yield "application/json", {"Content-Encoding": "gzip"}, body
        yield "application/json", {"Content-Encoding": "gzip"}, gzip_named(form, dump({"id": new_id(), **SIGNAL}))
        yield "application/json", {"Content-Encoding": "gzip"}, gzip_named(form, b"")[:-4]
        yield "text/csv", {"Content-Encoding": "x-gzip"}, gzip.compress(table("csv", [identifier]))
        yield "application/json", {"Content-Encoding": as_header(form)}, form.encode()
    yield "text/csv", {}, table("csv", [identifier])
    for body in broken_tables("csv", identifier):
        yield "text/csv", {}, body


def gzip_named(form, body):
    """As gzip packs a file: with the file's name, and a comment."""
    packed, text = gzip.compress(body, mtime=0), form.encode("latin-1", "replace").replace(b"\0", b"")
    return packed[:3] + b"\x18" + packed[4:10] + text + b"\0" + text + b"\0" + packed[10:]


# Of each template for what is posted: what its system sends, by what a person put into the fields.
FORMS = {
    "open-formulieren": lambda said: {
        "values": {**said, "bestand": {"file_name": str(said), "content": base64.b64encode(str(said).encode()).decode()}},
        "values_schema": {"properties": said}, "metadata": {"public_reference": said.get("id", new_id()), "form_name": str(said),
                                                            "registration_timestamp": said.get("at", WHEN)}},
    "kobotoolbox": lambda said: {"_id": said.get("id", new_id()), "_submission_time": said.get("at", WHEN), "_submitted_by": str(said),
                                 "_attachments": [{"filename": str(said)}], **said},
    "web-form": lambda said: {"id": said.get("id", new_id()), "reported": said.get("at", WHEN), **said},
}
WHEN = "2017-03-05T10:00:00Z"
FIELDS = ("uitbuitingsvorm", "gemeente", "geslacht", "leeftijd", "nationaliteit", "voorvaldatum", "toelichting", "id", "at")


def forms(identifier, make):
    """Bodies that a form posts, with a text in each field, in the names of fields, and broken."""
    for form in identifier.forms[:2]:
        for field in FIELDS:
            if allowed(identifier, "occurred" if field == "voorvaldatum" else field):
                yield dump(make({"uitbuitingsvorm": "arbeidsuitbuiting", field: form}))
        yield dump(make({"uitbuitingsvorm": {form: True, "bedelarij": False}, form: form}))
        whole = dump(make({"uitbuitingsvorm": form, "toelichting": form}))
        yield from (whole[:-9], whole + form.encode(), b"[" + whole + b"," + dump(form) + b"]", form.encode())


NOTIFICATION = {"kanaal": "zaken", "hoofdObject": "https://x/1", "resource": "zaak", "resourceUrl": "https://x/1", "actie": "update",
                "aanmaakdatum": "2024-05-01T10:00:00Z", "kenmerken": {}}


def notifications(identifier):
    for form in identifier.forms[:1]:
        for member in NOTIFICATION:
            yield dump({**NOTIFICATION, member: form})
        yield dump({**NOTIFICATION, "kanaal": "test", "kenmerken": {form: form}, form: form})
        yield from (dump({**NOTIFICATION, "kenmerken": {form: form}})[:-5], form.encode(), dump([form]))


def encoded_bodies(form):
    """Whole, but not in UTF-8."""
    text = json.dumps([{"id": form}, {"id": new_id(), "municipality": form, "note": form}, {"id": new_id(), **SIGNAL}],
                      ensure_ascii=False)
    for encoding in ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"):
        yield "json", text.encode(encoding)
        yield "x-ndjson", text[1:-1].replace("}, {", "}\n{").encode(encoding)
    for kind in ("json", "json; charset=windows-1252", "x-ndjson; charset=iso-8859-1"):
        yield kind, text.encode("cp1252", "replace")


def requests(identifier, token):
    """Whole requests to the intake, as bytes, that are no POST of a body: methods, paths, headers, framing."""
    authorised = f"Authorization: Bearer {token}"
    for form in identifier.forms:
        header, path = as_header(form), quote(form)
        word = "".join(c for c in form if c.isascii() and c.isalnum()) or "X"
        plain = [("GET", f"/{path}"), ("GET", f"/v1/signals/{path}"), ("DELETE", f"/v1/signals/{path}?{path}={path}"),
                 ("GET", f"/v1/signals/{path}/{path}"), ("PUT", f"/v1/signals/{path}"), ("POST", f"/v1/signals/{path}"),
                 ("POST", f"/v1/signals?{path}"), ("GET", f"/v1/signals/%ff{path}%"), ("TRACE", f"/{path}"),
                 (word[:20], "/v1/signals"), ("OPTIONS", f"*{path}"), ("GET", f"http://{path}/v1/signals/{path}"),
                 ("GET", f"/v1/signals/{path}#{path}"), ("HEAD", f"/v1/signals/{path}"), ("GET", f"/v1/health?{path}"),
                 ("GET", f"/v1/statistics?by={path}&year={path}&{word}={path}"), ("GET", f"/v1/codes?{path}"),
                 ("GET", f"/../{path}/./%2e%2e/{path}"), ("CONNECT", f"{path}:443")]
        for method, target in plain:
            yield request(method, target, authorised)
        yield request("GET", f"/v1/signals/{header}", authorised)  # not encoded at all
        yield request("GET", "/v1/signals/1", f"Authorization: Bearer {header}")
        yield request("GET", "/v1/signals/1", f"Authorization: Basic {header}")
        yield request("GET", "/v1/signals/1", f"Authorization: Token {header}")
        pair = base64.b64encode(f"{form}:{form}".encode()).decode()
        yield request("GET", "/v1/signals/1", f"Authorization: Basic {pair}")
        for name in ("X-Signaal-Source", "X-Signaal-Timestamp", "X-Signaal-Signature"):
            signed = {"X-Signaal-Source": "x", "X-Signaal-Timestamp": "1", "X-Signaal-Signature": f"sha256={'0' * 64}", name: header}
            yield request("POST", "/v1/signals", *[f"{key}: {value}" for key, value in signed.items()], body=form.encode())
        yield request("OPTIONS", "/v1/signals", f"WebHook-Request-Origin: {header}", f"WebHook-Request-Callback: {header}")
        for name, value in (("Content-Type", f"text/{header}"), ("Content-Type", f"application/json; charset={header}"),
                            ("Content-Encoding", header), ("Transfer-Encoding", header), ("Content-Length", header),
                            ("Expect", header), ("User-Agent", header), ("Cookie", f"a={header}"), ("Range", header),
                            ("Accept", header), ("If-None-Match", header), ("Upgrade", header), ("TE", header),
                            ("traceparent", header), ("Referer", f"https://x/{header}"), ("X-Forwarded-For", header),
                            ("ce-id", header), (word, header), (header, header), (f"{word} ", header)):
            yield request("POST", "/v1/signals", authorised, f"{name}: {value}", body=b'{"id":1}')
        yield request("GET", "/v1/health", f"Host: {header}")
        yield request("GET", "/v1/health", f"X: {header}\0{header}")
        yield request("GET", "/v1/health", f"X: {header}\n {header}\n\n{header}")
        yield request("GET", "/v1/health", *[f"X-{n}: {header * 20}" for n in range(200)])
        yield request("GET", "/" + path * 2000)
        yield f"GET /{header} HTTP/9.9\r\n\r\n".encode("latin-1")
        yield f"{header}\r\n\r\n{header}".encode("latin-1")
        yield request("POST", "/v1/signals", authorised, "Content-Type: application/json", "Transfer-Encoding: chunked",
                      body=form.encode() + b"\r\n{}", length=False)
        yield request("POST", "/v1/signals", authorised, "Content-Type: application/json", "Content-Length: 500",
                      body=dump({"id": form}), length=False)  # the rest never comes
        yield request("POST", "/v1/signals", authorised, "Content-Type: application/json", "Content-Length: 99999999",
                      body=form.encode(), length=False)


def request(method, target, *headers, body=b"", length=True):
    lines_ = [f"{method} {target} HTTP/1.1", "Host: localhost", "Connection: close", *headers]
    if body and length and not any(h.startswith("Content-Length") for h in headers):
        lines_.append(f"Content-Length: {len(body)}")
    if body and not any(h.startswith("Content-Type") for h in headers):
        lines_.append("Content-Type: application/json")
    return "\r\n".join([*lines_, "", ""]).encode("latin-1") + body


# Of the local socket. {0} is what must not leak, {1} a source.
GET_ROUTES = (
    "/{0}", "/v1/{0}", "/v1/signals/{1}/{0}", "/v1/signals/{0}/1", "/v1/signals/{0}/{0}", "/v1/status?{0}={0}",
    "/v1/counts?by={0}", "/v1/counts?period={0}", "/v1/counts?municipality={0}", "/v1/counts?{0}=1",
    "/v1/overlap?by={0}", "/v1/overlap?{0}=1", "/v1/trend?by={0}", "/v1/trend?per={0}", "/v1/coverage?period={0}",
    "/v1/counts?by=category&source={0}&gender={0}", "/v1/events?from={0}", "/v1/events?last=1&{0}",
    "/v1/events?from=999999999&{0}", "/v1/feeds?{0}", "/v1/feeds/{0}", "/v1/quarantine/{0}", "/v1/quarantine?x={0}",
    "/v1/unmapped?source={0}", "/v1/unmapped?is={0}", "/v1/unmapped?source={1}&is={0}", "/v1/unmapped/check?field=category&word={0}",
    "/v1/unmapped/check?field={0}&word=x", "/v1/unmapped/check?field=municipality&word={0}", "/v1/audit?from={0}",
    "/v1/audit?n={0}", "/v1/audit/{0}", "/metrics?{0}", "/?lang={0}",
    "/v1/live?{0}", "/v1/live/figures?follow={0}")
POST_ROUTES = (
    "/v1/feeds/{0}/poll", "/v1/feeds/{0}/pause", "/v1/feeds/{0}/resume", "/v1/feeds/{0}/accept", "/v1/feeds/{1}/{0}",
    "/v1/quarantine/{0}/retry", "/v1/import?source={0}", "/v1/import?source={1}&template={0}",
    "/v1/import?source={1}&format={0}", "/v1/import?source={1}&dryRun={0}", "/v1/remap?dryRun={0}",
    "/v1/reload/{0}", "/v1/{0}")
DELETE_ROUTES = ("/v1/signals/{1}/{0}", "/v1/signals/{0}/{0}", "/v1/quarantine/{0}", "/v1/{0}")


def control_paths(identifier, source):
    """(method, path) for the local socket: what an operator might ask with it, and what no route takes."""
    for form in identifier.forms:
        path = quote(form)
        for route in GET_ROUTES:
            yield "GET", route.format(path, source)
        for route in POST_ROUTES:
            yield "POST", route.format(path, source)
        for route in DELETE_ROUTES:
            yield "DELETE", route.format(path, source)
        yield "PUT", f"/v1/feeds/{path}"


# --- tables

CSV_COLUMNS = {
    "csv": ("id", "reported", "occurred", "municipality", "category", "gender", "age", "ageGroup", "birthYear", "citizenship",
            "status", "withdrawn"),
    "csv-excel": ("meldnummer", "meldingsdatum", "voorvaldatum", "gemeente", "uitbuitingsvorm", "geslacht", "leeftijd",
                  "leeftijdsgroep", "geboortejaar", "nationaliteit", "status", "ingetrokken"),
}
CSV_VALUES = (None, "05-03-2017", "", "", "gedwongen prostitutie", "man", "30", "", "", "NG", "", "")


def table(template, identifiers, columns=(), broken=b""):
    """A file with each form in each cell and in a column of its own. columns: more headers."""
    names = CSV_COLUMNS[template] + ("toelichting", *columns)
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(names)
    for identifier in identifiers:
        for form in identifier.forms:
            for column in range(len(names)):
                row = [new_id(), *CSV_VALUES[1:], *[""] * (len(names) - len(CSV_VALUES))]
                if allowed(identifier, "occurred" if column == 2 else ""):
                    row[column] = form
                writer.writerow(row)
    return out.getvalue().encode("cp1252" if template == "csv-excel" else "utf-8", "replace") + broken


def broken_tables(template, identifier):
    form = identifier.forms[0]
    yield table(template, [identifier], columns=(form, form))
    yield table(template, [identifier], columns=(form,), broken=b'"' + form.encode() + b";x\r\ny")
    yield table(template, [identifier]).replace(b";", b"\x00", 3)
    yield form.encode()
    yield (form + ";" + form + "\r\n" + form + "\r\n").encode()
    yield table(template, [identifier]) + b"\xff\xfe" + form.encode() + b"\r\n"
