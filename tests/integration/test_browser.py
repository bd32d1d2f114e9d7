# SPDX-License-Identifier: EUPL-1.2
"""The local socket behind a port (ssh -L): a page in a browser can send requests there, and gets nothing done and nothing to read."""
import contextlib
import http.client
import json
import re
import socket
import unittest

import contract
import harness

LOCAL = ["localhost", "LocalHost", "localhost:8090", "127.0.0.1", "127.0.0.1:1", "[::1]", "[::1]:8090"]
FOREIGN = ["evil.example", "evil.example:8090", "localhost.evil.example", "localhostevil", "localhost:", "localhost:80x",
           "localhost:99999", "localhost.", "127.0.0.1.evil.example", "127.0.0.2", "0.0.0.0", "10.0.0.1:8090", "[::1", "[::2]", "::1", "",
           "evil.example/localhost", "user@localhost", "localhost, evil.example"]
# Host, and what else a browser says.
PAGES = [("localhost:8090", {"Origin": "https://evil.example"}), ("localhost:8090", {"Origin": "null"}),
         ("localhost:8090", {"Origin": "http://localhost:3000"}), ("localhost:8090", {"Origin": "http://localhost"}),
         ("localhost:8090", {"Origin": "http://127.0.0.1:8090"}), ("localhost", {"Origin": "http://localhost:80"}),
         ("localhost:8090", {"Origin": "file://localhost:8090"}), ("localhost:8090", {"Origin": "http://"}),
         ("evil.example", {"Origin": "http://evil.example"}), ("localhost:8090", {"Sec-Fetch-Site": "cross-site"}),
         ("localhost:8090", {"Sec-Fetch-Site": "same-site"}), ("localhost:8090", {"Sec-Fetch-Site": "?"}),
         ("localhost:8090", {"Origin": "http://localhost:8090", "Sec-Fetch-Site": "cross-site"}),
         ("localhost:8090", {"Origin": "http://evil.example", "Sec-Fetch-Site": "same-origin"})]
OWN = [("localhost:8090", {"Origin": "http://localhost:8090"}), ("[::1]:8090", {"Origin": "http://[::1]:8090"}),
       ("127.0.0.1", {"Sec-Fetch-Site": "none"}), ("localhost:8090", {"Origin": "http://localhost:8090", "Sec-Fetch-Site": "same-origin"})]


def every_route():
    """Each method and path of the document, and what is none."""
    for path, methods in contract.load(contract.CONTROL)["paths"].items():
        full = re.sub(r"\{[^}]*\}", "gm0363-amsterdam", contract.whole_path(contract.CONTROL, path))
        yield from ((method.upper(), full) for method in methods if method in contract.METHODS)
        yield from ((method, full) for method in ("HEAD", "OPTIONS", "PUT"))
    yield from ((method, path) for method in ("GET", "POST", "OPTIONS") for path in ("/", "/nothing", "/v1/nothing"))


class Browser(harness.Case):
    SOURCES = [{"name": "gm0363-amsterdam", "kind": "municipality", "municipality": "GM0363"},
               {"name": "coa", "kind": "coa", "url": "https://192.0.2.1/", "template": "native"}]
    EXTRA = {}

    def ask(self, method, path, host, headers, connection=None):
        with contextlib.nullcontext(connection) if connection else contextlib.closing(harness.UnixConnection(self.daemon.control_path)) as c:
            c.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            c.putheader("Host", host)
            for name, value in headers.items():
                c.putheader(name, value)
            c.endheaders()
            response = c.getresponse()
            if method == "HEAD":
                response.read()
                return response
            answer = harness.Answer(response)
        if answer.status == 403:
            contract.check_answer(contract.CONTROL, method, path, answer)
        return answer

    def audited(self):
        return self.daemon.status()["ledger"]["audited"]

    def test_own_pages_and_programs(self):
        for host in LOCAL:
            self.assertEqual(self.ask("GET", "/v1/status", host, {}).status, 200, host)
        for host, headers in OWN:
            self.assertEqual(self.ask("GET", "/v1/status", host, headers).status, 200, headers)
            self.assertEqual(self.ask("POST", "/v1/feeds/coa/pause", host, headers).status, 202, headers)
            self.assertEqual(self.ask("POST", "/v1/feeds/coa/resume", host, headers).status, 202, headers)

    def test_foreign_hosts_and_pages(self):
        before = self.audited()
        for host, headers in [(host, {}) for host in FOREIGN] + PAGES:
            for method, path in (("GET", "/v1/counts"), ("POST", "/v1/feeds/coa/pause"), ("POST", "/v1/import?source=coa")):
                answer = self.ask(method, path, host, headers)
                self.assertEqual(answer.status, 403, (host, headers, path))
                self.assertNotIn("Access-Control-Allow-Origin", answer.headers)
                self.assertNotIn(b"evil", answer.body)
        self.assertEqual(self.audited(), before)  # nothing was read and nothing begun
        self.assertEqual(self.daemon.control("GET", "/v1/feeds/coa").json["paused"], False)

    def test_every_route(self):
        for method, path in every_route():
            for host, headers in (("evil.example", {}), ("localhost", {"Origin": "http://evil.example"}),
                                  ("localhost", {"Sec-Fetch-Site": "cross-site"})):
                answer = self.ask(method, path, host, headers)
                self.assertEqual(answer.status, 403, (method, path, host, headers))

    def test_second_request_of_a_connection(self):
        with contextlib.closing(harness.UnixConnection(self.daemon.control_path)) as connection:
            self.assertEqual(self.ask("GET", "/v1/status", "localhost", {}, connection).status, 200)
            self.assertEqual(self.ask("POST", "/v1/feeds/coa/pause", "localhost", {"Origin": "http://evil.example"}, connection).status, 403)
        self.assertEqual(self.daemon.control("GET", "/v1/feeds/coa").json["paused"], False)

    def test_old_http_without_a_host(self):
        """No browser sends that."""
        with contextlib.closing(socket.socket(socket.AF_UNIX)) as connection:
            connection.connect(str(self.daemon.control_path))
            connection.sendall(b"GET /v1/status HTTP/1.0\r\n\r\n")
            answer = http.client.HTTPResponse(connection)
            answer.begin()
            self.assertEqual((answer.status, "version" in json.loads(answer.read())), (200, True))


if __name__ == "__main__":
    unittest.main()
