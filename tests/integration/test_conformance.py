# SPDX-License-Identifier: EUPL-1.2
"""HTTP as its standards have it, on both sides: HEAD, other methods, Accept-Post, parameters that are there twice; and the documents by
the rules of the NL API Design Rules 2.x, each under the name that their linter gives it."""
import contextlib
import http.client
import re
import unittest

import contract
import harness

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW")
SIDES = ((contract.PUBLIC, "public"), (contract.CONTROL, "control"))
# What must not be told, as a name and as a value.
SECRET = "Jansen-123456782"


def operations(name):
    for path, item in contract.load(name)["paths"].items():
        for method in contract.METHODS:
            if method in item:
                yield path, method, item[method], item.get("parameters", []) + item[method].get("parameters", [])


def responses(operation, name):
    for status, response in operation["responses"].items():
        if "$ref" in response:
            response = contract.find(name, response["$ref"].removeprefix("#"))
        yield status, response


def properties(node):
    """Every property of every schema: its name and what it is."""
    if isinstance(node, dict):
        if isinstance(node.get("properties"), dict):
            yield from node["properties"].items()
        for value in node.values():
            yield from properties(value)
    elif isinstance(node, list):
        for value in node:
            yield from properties(value)


class Rules(unittest.TestCase):
    """Each method is a rule; its name stands in it."""

    def each(self, rule):
        for name, _ in SIDES:
            with self.subTest(rule=rule, document=name):
                yield name, contract.load(name)

    def test_openapi3(self):
        for _, document in self.each("nlgov:openapi3, nlgov:openapi-root-exists"):
            self.assertRegex(document["openapi"], r"^3(\.\d+){1,2}$")

    def test_version_header(self):
        for name, _ in self.each("nlgov:missing-version-header, nlgov:missing-header"):
            for path, method, operation, _ in operations(name):
                for status, response in responses(operation, name):
                    self.assertIn("API-Version", response.get("headers", {}), (path, method, status))

    def test_major_version_in_the_uri(self):
        for _, document in self.each("nlgov:include-major-version-in-uri, oas3-api-servers, nlgov:servers-use-https"):
            self.assertTrue(document["servers"])
            for server in document["servers"]:
                self.assertRegex(server["url"], r"/v\d")
                self.assertFalse(server["url"].startswith("http://"))

    def test_no_trailing_slash(self):
        for _, document in self.each("nlgov:paths-no-trailing-slash, path-keys-no-trailing-slash"):
            self.assertEqual([path for path in document["paths"] if path.endswith("/") and path != "/"], [])

    def test_contact(self):
        for _, document in self.each("info-contact, nlgov:info-contact-fields-exist"):
            contact = document["info"]["contact"]
            self.assertEqual(set(contact), {"name", "email", "url"})
            self.assertRegex(contact["email"], r"^[^@\s]+@[^@\s]+$")
            self.assertRegex(contact["url"], r"^https://\S+$")

    def test_http_methods(self):
        for _, document in self.each("nlgov:http-methods"):
            for path, item in document["paths"].items():
                self.assertLessEqual(set(item), {"get", "put", "post", "delete", "patch", "parameters", "servers"}, path)

    def test_kebab_case(self):
        for _, document in self.each("nlgov:paths-kebab-case"):
            for path in document["paths"]:
                if path not in ("/", "/openapi.json"):  # the latter is named so by the rules
                    self.assertRegex(path, r"^(/([a-z0-9-]+|\{[^}]+\}))+$")

    def test_query_keys(self):
        for name, _ in self.each("nlgov:query-keys-camel-case"):
            for path, method, _, parameters in operations(name):
                for parameter in parameters:
                    self.assertRegex(parameter["name"], r"^[a-z]+([A-Z][a-z]*)*$", (path, method))

    def test_names_of_schemas(self):
        for _, document in self.each("nlgov:schema-camel-case, nlgov:property-casing"):
            for name in document["components"]["schemas"]:
                self.assertRegex(name, r"^([A-Z][a-z0-9]+)+$")
            for name, _ in properties(document["components"]["schemas"]):
                self.assertRegex(name, r"^[a-z]+([A-Z][A-Za-z]*)*$")

    def test_problems(self):
        for name, _ in self.each("nlgov:use-problem-schema, nlgov:problem-schema-members"):
            for path, method, operation, _ in operations(name):
                for status, response in responses(operation, name):
                    if status[0] in "45":
                        schema = response["content"]["application/problem+json"]["schema"]
                        schema = contract.find(name, schema["$ref"].removeprefix("#"))
                        self.assertLessEqual({"status", "title", "detail"}, set(schema["properties"]), (path, method, status))

    def test_invalid_input(self):
        for name, _ in self.each("nlgov:problem-invalid-input"):
            for path, method, operation, parameters in operations(name):
                if parameters or method not in ("get", "delete"):
                    self.assertIn("400", operation["responses"], (path, method))

    def test_dates_and_times(self):
        for _, document in self.each("nlgov:date-time-ensure-timezone, nlgov:time-without-timezone, nlgov:use-date-instead-of-datetime, "
                                     "nlgov:specify-format-for-date-and-time"):
            dates = 0
            for name, schema in properties(document):
                self.assertNotIn(schema.get("format"), ("date-time-local", "time"), name)
                if re.search(r"^(date|datum)$|(\wD|_[dD])(ate|atum)", name):
                    self.assertEqual(schema.get("format"), "date", name)
                    dates += 1
            self.assertTrue(dates or document is contract.load(contract.CONTROL))

    def test_semver(self):
        for _, document in self.each("nlgov:semver"):
            self.assertRegex(document["info"]["version"], r"^\d+\.\d+\.\d+$")

    def test_operations(self):
        for name, document in self.each("operation-operationId-unique, path-params, openapi-tags-uniqueness, operation-tags"):
            tags = [tag["name"] for tag in document["tags"]]
            self.assertEqual(len(tags), len(set(tags)))
            for path, method, operation, parameters in operations(name):
                self.assertTrue(operation["tags"] and set(operation["tags"]) <= set(tags), (path, method))
                self.assertEqual([p["name"] for p in parameters if p["in"] == "path"], re.findall(r"\{(\w+)\}", path))


class Http(harness.Case):
    EXTRA = {"disclosure": ["public: yes"]}
    SOURCES = [{"name": "coa", "kind": "coa", "push": True}, {"name": "polled", "kind": "coa", "url": "https://192.0.2.1/", "template": "native"}]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        answer = cls.daemon.post("coa", {"id": "1"})
        assert answer.status == 201, answer.body

    def ask(self, name, method, path, headers=None, body=None):
        """The response, and the body that came."""
        connection = harness.UnixConnection(self.daemon.control_path) if name == contract.CONTROL else \
            http.client.HTTPConnection("127.0.0.1", self.daemon.port, timeout=harness.PATIENCE_S)
        bearer = {} if name == contract.CONTROL else {"Authorization": "Bearer " + harness.token_of("coa")}
        with contextlib.closing(connection):
            connection.request(method, path, body, {**bearer, **(headers or {})})
            response = connection.getresponse()
            return response, response.read()

    def paths(self, name):
        """Each with something of its parameters that is there, and the methods of the document."""
        values = {"source": "coa", "id": "1", "name": "coa", "number": "1"}
        for path, item in contract.load(name)["paths"].items():
            whole = contract.whole_path(name, path)
            if "/schemas/" in whole:
                whole = whole.replace("{name}", "signal.v1.json")
            yield whole.format(**values), {method.upper() for method in contract.METHODS if method in item}

    def test_head(self):
        for name, _ in SIDES:
            for path, methods in self.paths(name):
                if "GET" not in methods:
                    continue
                with self.subTest(path=path, document=name):
                    got, body = self.ask(name, "GET", path)
                    head, nothing = self.ask(name, "HEAD", path)
                    self.assertEqual((head.status, nothing, got.status, bool(body)), (got.status, b"", 200, True))
                    changes = {"Date", "Content-Length"} if "Transfer-Encoding" not in got.headers else {"Date"}
                    for header, value in got.headers.items():
                        if header not in changes:
                            self.assertEqual(head.headers[header], value, header)
                    if path in ("/v1/openapi.json", "/v1/asyncapi", "/v1/health", "/v1/signals/1"):
                        self.assertEqual(head.headers["Content-Length"], str(len(body)))

    def test_other_methods(self):
        for name, _ in SIDES:
            for path, methods in self.paths(name):
                allowed = {*methods, "HEAD"} if "GET" in methods else methods
                for method in set(METHODS) - allowed:
                    with self.subTest(path=path, method=method, document=name):
                        answer, body = self.ask(name, method, path)
                        self.assertEqual((answer.status, set(answer.headers["Allow"].split(", "))), (405, allowed))
                        self.assertEqual(answer.headers["Content-Type"], "application/problem+json")

    def test_accept_post(self):
        taken = contract.find(contract.PUBLIC, "/components/headers/Accept-Post/schema")["enum"][0]
        for headers, body in (({"Content-Type": "text/plain"}, b"x"), ({"Content-Type": "application/xml"}, b"<x/>"), ({}, b"{}"),
                              ({"Content-Type": "application/json", "Content-Encoding": "br"}, b"x"),
                              ({"Content-Type": "application/json"}, b"PK\3\4xl/workbook.xml" + b"x" * 100)):
            answer, _ = self.ask(contract.PUBLIC, "POST", "/v1/signals", headers, body)
            self.assertEqual((answer.status, answer.headers["Accept-Post"]), (415, taken), headers)
        answer, _ = self.ask(contract.PUBLIC, "POST", "/v1/signals", {"Content-Type": "application/json"}, b"{")
        self.assertEqual((answer.status, answer.headers["Accept-Post"]), (400, None))

    def test_parameters_twice(self):
        asked = 0
        for name, _ in SIDES:
            for path, method, _, parameters in operations(name):
                whole = contract.whole_path(name, path).format(source="coa", id="1", name="polled", number="1")
                for key in (p["name"] for p in parameters if p["in"] == "query"):
                    for query in (f"{key}=1&{key}=1", f"{key}={SECRET}&x=1&{key}={SECRET}", f"{key}&{key}=", f"{key[0]}=1&{key}=1&%{ord(key[0]):x}{key[1:]}=2"):
                        with self.subTest(path=whole, query=query):
                            answer, body = self.ask(name, method.upper(), f"{whole}?{query}", None, "x" if method == "post" else None)
                            self.assertEqual(answer.status, 400)
                            self.assertIn(f"{key}: once only".encode(), body)
                            self.assertNotIn(SECRET.encode(), body)
                            asked += 1
        self.assertGreater(asked, 100)
        for name, path in ((contract.PUBLIC, "/v1/health"), (contract.CONTROL, "/v1/status")):
            answer, body = self.ask(name, "GET", f"{path}?{SECRET}=1&{SECRET}=2")
            self.assertEqual(answer.status, 400)
            self.assertNotIn(b"Jansen", body)
            many = "&".join(f"p{n}=1" for n in range(150))
            self.assertEqual(self.ask(name, "GET", f"{path}?{many}")[0].status, 400)
            self.assertEqual(self.ask(name, "GET", f"{path}?a=1&b=1")[0].status, 200)


if __name__ == "__main__":
    unittest.main()
