# SPDX-License-Identifier: EUPL-1.2
"""signaalctl try: what templates make of files and of what endpoints on loopback answer. There is no daemon."""

import base64
import http.server
import json
import os
import pathlib
import subprocess
import tempfile
import threading
import unittest

from ctl_fake import DEADLINE_S, Case, environment

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROWS = """\
id,reported,municipality,category,age
1,05-03-2017,Weesp,gedwongen prostitutie,30
2,2017-03-06,Nergenshuizen,iets onbekends,-
,31-02-2017,,,
"""
TEMPLATE = """\
page:
  format: json
  items: /data
  next: /next
  dates: iso
fields:
  id: /nr
  reported: /when
  category: {{from: /what, value_map: {{seks: SexualExploitation}}}}
  status: {{constant: confirmed}}
  watermark: /when
null_values: ["?"]
exclude:
  - {{from: /test, equals: "true"}}
request:
  query: sort=when&size=2
  cursor_param: since
  paging: {paging}
auth:
  kind: {auth}
{more}"""
PAGE = {
    "data": [
        {"nr": 7, "when": "2017-03-05T10:00:00+01:00", "what": "seks", "name": "Anna"},
        {"nr": 8, "when": "2017-03-06T10:00:00+01:00", "what": "?", "test": True},
    ],
    "next": "/signals?page=2",
}


class Endpoint(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append((self.command, self.path, dict(self.headers), body))
        status, headers, body = self.server.answers[self.path.split("?")[0]]
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET


class Try(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
        self.server.asked = []
        self.server.answers = {"/signals": (200, {}, json.dumps(PAGE).encode())}
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)

    def file(self, name, content):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    def template(self, paging="url", auth="none", more=""):
        return self.file("own.yaml", TEMPLATE.format(paging=paging, auth=auth, more=more))

    def run_try(self, *args, expect=0, **more):
        conf = ROOT / "conf"
        done = subprocess.run(
            [Case.program, "try", "--templates", conf / "templates", "--tables", conf, *args],
            capture_output=True,
            timeout=DEADLINE_S,
            env=environment(COLUMNS="120"),
            **more,
        )
        self.assertEqual(done.returncode, expect, done)
        self.assertEqual(done.stderr == b"", expect == 0 or done.stdout != b"", done)
        return done.stdout.decode(), done.stderr.decode()

    def value(self, *args, **more):
        return json.loads(self.run_try("--json", *args, **more)[0])

    def test_wrong_use(self):
        for args in (["csv"], ["csv", "a", "b"], ["csv", "a", "-n", "x"], ["csv", "a", "--municipality", "363"]):
            done = subprocess.run([Case.program, "try", *args], capture_output=True, env=environment())
            self.assertEqual((done.returncode, done.stdout), (2, b""))
        done = subprocess.run([Case.program, "try", "--help"], capture_output=True, env=environment(), check=True)
        self.assertEqual([line for line in done.stdout.decode().split("\n") if len(line) > 80], [])
        self.assertIn(b"personal data", done.stdout)

    def test_plain(self):
        text, _ = self.run_try("csv", self.file("a.csv", ROWS), expect=1)
        first, second, third, total = text.split("\n\n")
        self.assertEqual(
            first,
            """\
line 2
  field         as it is there         what it becomes
  id            1                      1
  reported      05-03-2017             2017-03-05
  municipality  Weesp                  Weesp
  category      gedwongen prostitutie  gedwongen prostitutie
  age           30                     30
  => good
  reported        2017-03-05
  occurred        -
  municipality    Weesp GM0457, Noord-Holland; today Amsterdam GM0363
  categories      SexualExploitation
  gender          Unknown
  age group       Adult
  citizenship     Unknown
  person          -
  status          possible""",
        )
        self.assertRegex(second, r"(?m)^  age +- +-$")
        self.assertRegex(second, r"(?m)^  municipality    unknown$")
        self.assertRegex(second, r"(?m)^  categories      Unknown$")
        self.assertRegex(third, r"(?m)^  => refused      /id required: ")
        self.assertRegex(third, r"(?m)^  => refused      /reported badDate: ")
        for label, count in (("items", 3), ("good", 2), ("refused", 1), ("unknown places", 1), ("unknown words", 2)):
            self.assertRegex(total, rf"(?m)^  {label} +{count}$")

    def test_few_items_but_every_reason(self):
        text, _ = self.run_try("csv", self.file("a.csv", ROWS), "-n", "1", expect=1)
        self.assertNotIn("line 3\n", text)
        self.assertRegex(text, r"line 4\n  => refused +/id required")
        text, _ = self.run_try("csv", self.file("a.csv", ROWS), "-n", "0", expect=1)
        self.assertNotIn("line 2\n", text)

    def test_standard_input(self):
        text, _ = self.run_try("csv", "-", expect=1, input=ROWS.encode())
        self.assertIn("line 4\n", text)

    def test_own_municipality(self):
        path = self.file("a.csv", "id,reported,category\n1,2017-03-05,\n")
        self.assertEqual(self.value("csv", path)["items"][0]["signal"]["municipality"], "unknown")
        signal = self.value("csv", path, "--municipality", "GM0457")["items"][0]["signal"]
        self.assertEqual((signal["municipality"], signal["municipalityToday"]), ("GM0457", "GM0363"))

    def test_missing_may_be_allowed(self):
        path = self.file("a.csv", "id,age\n1,30\nTotaal,x\n")
        self.assertIn("noSignal", self.run_try("csv", path, "--allow-missing", expect=1)[1])
        path = self.file("a.csv", "id,age\n1,30\n")
        self.assertEqual(self.value("csv", path, "--allow-missing")["items"][0]["signal"]["ageGroup"], "Adult")

    def test_an_id_with_other_contents_is_not_good(self):
        path = self.file("a.csv", "id,reported,category\n1,2017-03-05,a\n2,2017-03-05,a\n1,2017-03-05,b\n1,2017-03-05,a\n")
        text, _ = self.run_try("csv", path, "--allow-missing", expect=1)
        for label, count in (("items", 4), ("good", 1), ("refused", 3)):
            self.assertRegex(text, rf"(?m)^  {label} +{count}$")
        value = self.value("csv", path, "--allow-missing", expect=1)
        self.assertEqual((value["good"], value["refused"]), (1, 3))

    def test_native(self):
        native = '{"id": "1", "reported": "2017-03-05", "category": ["loondienst", "x"], "victim": {"age": 12}}'
        for name, content in (("a.json", f"[{native}]"), ("a.ndjson", native + "\n"), ("one", native)):
            item = self.value("native", self.file(name, content))["items"][0]
            self.assertEqual(item["fields"]["category"], {"raw": "loondienst|x", "value": "loondienst|x"})
            self.assertEqual(item["signal"]["ageGroup"], "Minor")

    def test_what_does_not_read(self):
        for template, content, why in (
            ("csv", "a,b\n1,2\n", "missingPlace: columns that the template names are not there: id; write them"),
            ("csv", "id,age\n1,2\n", "are not there: reported, category; write"),
            ("csv", "id,reported,category\n1,2017-03-05,\n2,,x\n", "at or before line 3: emptyDate:"),
            ("csv", 'id,reported,category\n1\n"2\n', "syntax"),
            ("native", "[{", "syntax"),
            ("native", "{}" + "[" * 100, "syntax"),
            ("signalen", "{}", "missingPlace: members that the template names are not there: /signal_id"),
            ("nosuch", "", "nosuch.yaml"),
        ):
            with self.subTest(template=template, content=content):
                text, fault = self.run_try(template, self.file("a", content), expect=1)
                self.assertEqual(text, "")
                self.assertIn(why, fault)
        self.assertIn("none", self.run_try("csv", str(self.folder / "none"), expect=1)[1])

    def test_faults_of_a_template_are_all_told(self):
        text = "page:\n  format: xml\n  itmes: /x\nfields:\n  idd: /x\n"
        _, fault = self.run_try(self.file("bad.yaml", text), self.file("a", "[]"), expect=1)
        for line in (2, 3, 5):
            self.assertRegex(fault, rf"(?m)^signaalctl: .*bad.*:{line}: ")

    def test_own_template_on_a_url(self):
        value = self.value(self.template(), self.url + "/signals?since=0")
        self.assertEqual(self.server.asked[0][1], "/signals?since=0&sort=when&size=2")
        first, second = value["items"]
        self.assertEqual(first["fields"]["id"], {"raw": "7", "value": "7"})
        self.assertEqual(first["fields"]["category"], {"raw": "seks", "value": "SexualExploitation"})
        self.assertEqual(first["signal"]["status"], "confirmed")
        self.assertTrue(second["excluded"])
        self.assertIsNone(second["signal"])
        self.assertEqual(value["next"], "/signals?page=2")
        # Of what is left out the mark counts as well.
        self.assertIn(value["watermark"], ("2017-03-05T09:00:00.000Z", "2017-03-06T09:00:00.000Z"))
        self.assertEqual((value["total"], value["good"], value["excluded"], value["refused"]), (2, 1, 1, 0))
        text, _ = self.run_try(self.template(), self.url + "/signals")
        self.assertNotIn("Anna", text)
        self.assertIn("=> left out", text)

    def test_link_header(self):
        self.server.answers["/signals"] = (200, {"Link": '</p2>; rel="next"'}, json.dumps(PAGE).encode())
        text = TEMPLATE.format(paging="link", auth="none", more="").replace("  next: /next\n", "")
        self.assertEqual(self.value(self.file("own.yaml", text), self.url + "/signals")["next"], "/p2")

    def test_authentication(self):
        secret = self.file("secret", "user:pass word\n")
        basic = base64.b64encode(b"user:pass word").decode()
        for auth, more, header, wanted in (
            ("basic", "", "Authorization", f"Basic {basic}"),
            ("header", "  header: X-Api-Key\n", "X-Api-Key", "user:pass word"),
        ):
            self.server.asked.clear()
            self.run_try(self.template(auth=auth, more=more), self.url + "/signals", "--secret-file", secret)
            self.assertEqual(self.server.asked[0][2].get(header), wanted)
        token = self.file("secret", "t0ken\n")
        self.run_try(self.template(auth="bearer"), self.url + "/signals", "--secret-file", token)
        self.assertEqual(self.server.asked[-1][2]["Authorization"], "Bearer t0ken")
        self.run_try(self.template(auth="bearer"), self.url + "/signals")
        self.assertNotIn("Authorization", self.server.asked[-1][2])

    def test_what_an_endpoint_may_do_wrong(self):
        self.server.answers |= {
            "/no": (401, {}, b"secret text"),
            "/away": (302, {"Location": "http://127.0.0.2:1/x"}, b""),
            "/here": (302, {"Location": "/signals"}, b""),
        }
        self.assertIn("HTTP status 401", self.run_try(self.template(), self.url + "/no", expect=1)[1])
        self.assertNotEqual(self.run_try(self.template(), self.url + "/away", expect=1)[1], "")
        self.run_try(self.template(), self.url + "/here")  # as the daemon: within the origin
        self.assertNotEqual(self.run_try(self.template(), "http://127.0.0.1:1/", expect=1)[1], "")
        secret = self.file("secret", "\n")
        args = [self.template(auth="bearer"), self.url + "/signals", "--secret-file", secret]
        self.assertIn("holds no secret", self.run_try(*args, expect=1)[1])

    def test_the_terminal_is_safe(self):
        rows = "id,reported,category\n1\x1b[31m,2017-03-05,a\x1b]0;x\x07b\n2,2017-03-05,\xff\n".encode("latin-1")
        text, _ = self.run_try("csv", self.file("a.csv", rows), expect=1)
        self.assertEqual([c for c in text if c != "\n" and (ord(c) < 32 or 127 <= ord(c) < 160)], [])
        self.value("csv", self.file("a.csv", rows), expect=1)


if __name__ == "__main__":
    Case.program = os.path.join(os.environ.get("SIGNAALD_BUILD", "build/release"), "signaalctl")
    unittest.main()
