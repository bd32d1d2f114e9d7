# SPDX-License-Identifier: EUPL-1.2
"""Is what the daemon says what its documents (conf/api) say? Every answer and every event that the tests read comes by here.

The validator is fastjsonschema: each schema is compiled once, since there are many events. It knows JSON Schema's draft 7; OpenAPI
3.1 is written in 2020-12, of which the documents use nothing that draft 7 reads otherwise.
"""
import functools
import http
import json
import pathlib
import re
import sys

try:
    import fastjsonschema
except ImportError:  # a python3 that is not Debian's, and so has not its packages
    sys.path.append("/usr/lib/python3/dist-packages")
    import fastjsonschema

API = pathlib.Path(__file__).resolve().parents[2] / "conf" / "api"
PUBLIC, CONTROL, TOPICS = "openapi.json", "openapi-control.json", "asyncapi.json"
METHODS = ("get", "put", "post", "delete", "patch")
# What may be said to a request that no document has: the names of these answers in the documents.
REFUSALS = {400: "BadRequest", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 405: "MethodNotAllowed", 413: "TooLarge",
            429: "TooManyRequests", 431: "HeadersTooLarge", 503: "Unavailable"}

TITLES = {413: "Content Too Large"}  # as RFC 9110 has it


class Broken(AssertionError):
    """What was said is not what the documents say."""


@functools.cache
def load(name):
    return json.loads((API / name).read_text())


@functools.cache
def find(name, pointer):
    node = load(name)
    for key in pointer.split("/")[1:]:
        node = node[key.replace("~1", "/").replace("~0", "~")]
    return node


@functools.cache
def follow(name, pointer):
    """The pointer of what is there, behind references."""
    while "$ref" in (node := find(name, pointer)):
        pointer = node["$ref"].removeprefix("#")
    return pointer


def step(pointer, *keys):
    return "/".join([pointer, *(key.replace("~", "~0").replace("/", "~1") for key in keys)])


def inline(name, node):
    """With what references lead to in their place: compiled that way it is several times as fast. None leads back to itself."""
    if isinstance(node, list):
        return [inline(name, value) for value in node]
    if not isinstance(node, dict):
        return node
    if isinstance(node.get("$ref"), str):
        other, _, pointer = node["$ref"].partition("#")
        return inline(other or name, find(other or name, pointer))
    return {key: inline(name, value) for key, value in node.items() if key not in ("$id", "definitions")}


@functools.cache
def compile_schema(name, pointer):
    return fastjsonschema.compile(inline(name, find(name, pointer)))


def check(name, pointer, value, what):
    try:
        compile_schema(name, pointer)(value)
    except fastjsonschema.JsonSchemaValueException as fault:
        raise Broken(f"{what}: {fault.message}: not as {name}#{pointer}\n{json.dumps(value)[:2000]}") from None


# --- answers

@functools.cache
def routes(name):
    """[(path as a pattern, its pointer)]"""
    return [(re.compile(re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(whole_path(name, path))) + r"\Z"), step("/paths", path))
            for path in load(name)["paths"]]


def whole_path(name, path):
    """Of a path of the document, behind that of its server."""
    document = load(name)
    return (document["paths"][path].get("servers") or document["servers"])[0]["url"].rstrip("/") + path


def find_operation(name, method, path):
    """Its pointer; None when the document has none. HEAD goes where GET does."""
    method = "get" if method == "HEAD" else method
    for pattern, pointer in routes(name):
        if pattern.match(path.split("?")[0]) and method.lower() in find(name, pointer):
            return step(pointer, method.lower())
    return None


def check_answer(name, method, path, answer):
    """An answer to METHOD path: its status is among those that the document has, its body and headers are as it says there."""
    what = f"{method} {path} -> {answer.status}"
    if (method, answer.status) == ("OPTIONS", 200):  # of the handshake of webhooks the documents tell in words
        assert not answer.body and answer.headers["WebHook-Allowed-Origin"] == "*", what
        return
    operation = find_operation(name, method, path)
    if operation and str(answer.status) in find(name, step(operation, "responses")):
        pointer = follow(name, step(operation, "responses", str(answer.status)))
    elif not operation and REFUSALS.get(answer.status) in load(name)["components"]["responses"]:
        pointer = step("/components/responses", REFUSALS[answer.status])
    else:
        raise Broken(f"{what}: {name} does not know that status\n{answer.body[:500]}")
    check_response(name, pointer, answer, what)


def check_response(name, pointer, answer, what):
    response = find(name, pointer)
    media = (answer.headers.get("Content-Type") or "").split(";")[0]
    for header in response.get("headers", {}):
        at = follow(name, step(pointer, "headers", header))
        if header not in answer.headers:
            raise Broken(f"{what}: no header {header}\n{answer.headers}{answer.body[:500]}")
        check(name, step(at, "schema"), answer.headers[header], f"{what}: {header}")
    if "content" not in response:
        if answer.body:
            raise Broken(f"{what}: a body, where {name} has none")
        return
    if media not in response["content"]:
        raise Broken(f"{what}: {media!r} is not among {list(response['content'])}")
    if what.startswith("HEAD "):
        return
    if media == "application/problem+json":
        check_problem(json.loads(answer.body), answer.status, what)
    check_body(name, step(pointer, "content", media, "schema"), media, answer.body, what)


def check_problem(problem, status, what):
    """The document has one schema for all problems, as generators of clients want it."""
    title = TITLES.get(status) or http.HTTPStatus(status).phrase
    if (problem.get("status"), problem.get("title")) != (status, title):
        raise Broken(f"{what}: {problem}")


def check_event(event, what):
    """The document says that the data are as another schema has them; generators of clients follow no reference to a file."""
    check(CONTROL, "/components/schemas/Event", event, what)
    _, _, kind, name, _ = event["type"].split(".")
    pointer = ("schemas/signal.v1.json", f"/definitions/{name}") if kind == "signal" else (f"schemas/{kind}.v1.json", "")
    check(*pointer, event["data"], what)


def check_json(name, pointer, value, what):
    if follow(name, pointer) == "/components/schemas/Event":
        check_event(value, what)
        return
    check(name, pointer, value, what)
    if follow(name, pointer) == "/components/schemas/Coverage" and \
            [key in value for key in ("days", "period")] != [value["basis"] == basis for basis in ("received", "reported")]:
        raise Broken(f"{what}: days or period, as the basis is: {value}")
    if follow(name, pointer) == "/components/schemas/Departed":
        for departed in value["departed"]:
            check("schemas/trend.v1.json", "", departed["data"], what)
    if follow(name, pointer) == "/components/schemas/Statistics":
        for statistic in value["statistics"]:
            told = {key: part for key, part in statistic.items() if key not in ("inhabitants", "rate")}
            check("schemas/statistic.v1.json", "", told, what)


def check_body(name, pointer, media, body, what):
    if media == "application/x-ndjson":  # the schema is of a line
        for line in body.splitlines():
            check_json(name, pointer, json.loads(line), what)
    elif media == "text/event-stream":  # of an event's data
        for line in body.splitlines():
            if line.startswith(b"data: "):
                check_json(name, pointer, json.loads(line[6:]), what)
    elif media.endswith("json"):
        check_json(name, pointer, json.loads(body), what)
    elif media != "application/octet-stream":  # its bytes have no schema
        check(name, pointer, body.decode(), what)


def check_raw(name, data, answers):
    """Answers to bytes with as many requests. Of one that is no request only what every refusal is."""
    if data.startswith(b"HEAD "):
        return  # no body follows, whatever the length says
    lines = re.findall(rb"(?:^|\n|\})([A-Z]+) (/[^ ]*) HTTP/1\.1\r\n", data)
    for index, answer in enumerate(answers):
        if answer.status >= 400 and "Content-Type" not in answer.headers and b"<html>" in answer.body:
            return  # libmicrohttpd's own, to what it cannot read at all; it ends the connection
        method, path = lines[index] if index < len(lines) else (b"", b"")
        check_answer(name, method.decode(), path.decode("latin-1"), answer)


# --- records of the topics

@functools.cache
def messages():
    """ce_type, or the message's name where records have none -> the checks of such a record, [(where it is, pointer, validator)]."""
    found = {}
    for key, message in load(TOPICS)["components"]["messages"].items():
        at = step("/components/messages", key)
        pointers = {"headers": step(at, "headers"), "key": step(at, "bindings", "kafka", "key"),
                    "payload": step(at, "payload", "schema")}
        found[message["name"]] = [
            (part, pointer, compile_schema(TOPICS, pointer)) for part, pointer in pointers.items()]
    return found


def check_record(record):
    """A record of a topic, as broker.consume has it: headers, key and value are those of a message of the AsyncAPI document."""
    kind = record["headers"].get("ce_type") or ("signalCurrent" if re.fullmatch("[0-9a-f]{32}", record["key"]) else "statistic")
    for part, pointer, validate in messages().get(kind, ()):
        try:
            if part != "payload" or "ce_type" in record["headers"] or record[part] is not None:  # others may be taken back
                validate(record[part])
        except fastjsonschema.JsonSchemaValueException:
            check(TOPICS, pointer, record[part], f"{part} of {kind} at {record['partition']}:{record['offset']}")
    if kind not in messages():
        raise Broken(f"record at {record['partition']}:{record['offset']}: {TOPICS} has no message {kind}")
