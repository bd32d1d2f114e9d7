# SPDX-License-Identifier: EUPL-1.2
"""What people send, through every way in: encodings are read, other forms are named, one bad item costs itself, and
what is dropped costs nothing."""
import gzip
import io
import json
import pathlib
import subprocess
import tempfile
import unittest
import zipfile

from harness import BUILD, SIGNAL, Case, Daemon, Endpoint, wait_for

ROOT = pathlib.Path(__file__).resolve().parents[2]
COA = "coa"
PLACE = {"reported": "2017-03-05", "municipality": "Súdwest-Fryslân", "category": "gedwongen prostitutie"}
CODE = "GM1900"
# Values that are no JSON, or none that the JSON library takes.
ODD = [b'"\\ud800"', b'"\\u0000"', b'"\xff"', b'"a\x01b"', b"1e400", b"99999999999999999999", b'{"a":1,"a":2}', b"{7:8}",
       b"NaN", b"007"]
# Kept, these cost the item, at the pointer.
KEPT = [(b'{"id":"%s","municipality":"\\ud800"}', "/municipality"), (b'{"id":"%s","municipality":"\xff"}', "/municipality"),
        (b'{"id":"%s","status":1e400}', "/status"), (b'{"id":99999999999999999999,"x":"%s"}', "/id"),
        (b'{"id":"%s","status":"possible","status":"possible"}', "/status"), (b'{"id":"%s" "x":1}', ""),
        (b'["%s"]', ""), (b'{"id":"%s","x":' + b"[" * 40 + b"]" * 40 + b"}", ""),
        (b'{"id":"%s","x":"' + b"x" * 70000 + b'"}', "")]
PAGE = """page: {format: json, items: /data/list, next: /next, dates: iso}
fields: {id: /id, reported: /reported, municipality: /municipality, category: /category, age: /victim/age, status: /status}
request: {paging: url}
"""


def book(name):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, "x")
    return out.getvalue()


FORMS = [(book("xl/workbook.xml"), "an Excel workbook"), (book("signals.json"), "a ZIP archive"),
         (gzip.compress(b"[]"), "gzip"), (b"%PDF-1.7\n", "a PDF"), (b"<!doctype html>\n<p>Log in", "HTML"),
         (b"<?xml version='1.0'?><list/>", "an XML document"), ("[]  ".encode("utf-32"), "UTF-32"),
         (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "Workbook".encode("utf-16-le"), "an Excel workbook (.xls)")]


def encodings(text):
    """(bytes, charset that has to be declared)"""
    return [(text.encode("utf-8-sig"), None), (text.encode("utf-16"), None), (text.encode("utf-16-le"), None),
            (text.encode("utf-16-be"), None), (b"\xfe\xff" + text.encode("utf-16-be"), None),
            (text.encode("latin-1"), "ISO-8859-1"), (text.encode("cp1252"), '"windows-1252"'), (text.encode("cp1252"), None),
            (text.encode(), "iso-8859-1"), (text.encode("iso-8859-15"), "ISO-8859-15"), (text.encode(), "'utf-8'"),
            (text.encode() + b"\0", None), (text.encode() + b"\x1a", None), (text.encode("utf-16-le") + b"\x1a\0\0\0", None),
            (text.encode("utf-16-le"), "UTF-16LE"), (text.encode("utf-16"), "utf-16")]


class Push(Case):
    number = 0

    def new(self):
        Push.number += 1
        return f"p{Push.number}"

    def place_of(self, signal):
        return self.daemon.control("GET", f"/v1/signals/{COA}/{signal}").json["versions"][0]["municipality"]

    def test_encodings(self):
        count = len(encodings(""))
        for i in range(count):
            for kind in ("application/json", "application/x-ndjson"):
                one, two = self.new(), self.new()
                items = [json.dumps({"id": n, **PLACE}, ensure_ascii=False) for n in (one, two)]
                text = "\r\n".join(items) + "\n" if kind.endswith("ndjson") else f"[{','.join(items)}]"
                body, charset = encodings(text)[i]
                with self.subTest(i=i, kind=kind, charset=charset):
                    answer = self.daemon.post(COA, body, kind + (f"; charset={charset}" if charset else ""))
                    self.assertEqual([r["verdict"] for r in answer.json["results"]], ["registered"] * 2)
                    self.assertEqual([self.place_of(one), self.place_of(two)], [CODE, CODE])

    def test_utf_16_without_a_mark_and_hardly_any_ascii(self):
        for how in ("utf-16-le", "utf-16-be"):
            for note in ("Привет " * 60, "Αθήνα " * 60, "乏" * 300):
                body = json.dumps({"note": note, "id": self.new(), **SIGNAL}, ensure_ascii=False).encode(how)
                self.assertEqual(self.daemon.post(COA, body).status, 201, (how, note[:3]))

    def test_other_forms_are_named(self):
        for body, name in FORMS:
            for kind in ("application/json", "application/x-ndjson"):
                answer = self.daemon.post(COA, body, kind)
                self.assert_problem(answer, 415)
                self.assertIn(f"it is {name}:", answer.json["detail"])
        for kind, more, told in [
                ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", {}, "an Excel workbook"),
                ("multipart/form-data; boundary=x", {}, "a form sends"), ("text/html", {}, "HTML"),
                ("application/json; charset=ebcdic-cp-nl", {}, "charset"),
                ("application/json", {"Content-Encoding": "br"}, "packed"),
                ("application/cloudevents+xml", {}, "CloudEvents"), ("application/x-ndjson", {"Ce-Type": "y"}, "CloudEvent")]:
            before = self.daemon.status()["intake"]["received"]
            answer = self.daemon.post(COA, {"id": self.new(), **SIGNAL}, kind, **more)
            self.assert_problem(answer, 415)
            self.assertIn(told, answer.json["detail"], kind)
            self.assertEqual(self.daemon.status()["intake"]["received"], before)

    def test_a_cloudevent_by_another_type(self):
        event = {"specversion": "1.0", "id": "e-1", "source": "/x", "type": "y", "data": {"id": self.new(), **SIGNAL}}
        for kind, body in (("application/json", [event]), ("application/json", event), ("application/x-ndjson", event)):
            answer = self.daemon.post(COA, body, kind)
            self.assert_problem(answer, 400)
            self.assertEqual([(e["pointer"], e["code"]) for e in answer.json["errors"]], [("/specversion", "form")])
            self.assertIn("the data of a CloudEvent", answer.json["errors"][0]["detail"])

    def test_files_put_together(self):
        lines = [json.dumps({"id": self.new(), **SIGNAL}).encode("utf-8-sig") for _ in range(3)]
        results = self.daemon.post(COA, b"\n".join(lines), "application/x-ndjson").json["results"]
        self.assertEqual([r["verdict"] for r in results], ["registered"] * 3)

    def test_what_is_dropped_costs_nothing(self):
        for odd in ODD:
            one, two = self.new().encode(), self.new().encode()
            items = [b'{"note":%s,"id":"%s","victim":{"x":%s},%s:1}' % (odd, n, odd, odd if odd[:1] == b'"' else b'"k"')
                     for n in (one, two)]
            for kind, body in (("application/json", b"[" + b",".join(items) + b"]"), ("application/x-ndjson", b"\n".join(items))):
                answer = self.daemon.post(COA, body, kind)
                self.assertEqual({r["verdict"] for r in answer.json["results"]} - {"registered", "duplicate"}, set(), odd)

    def test_what_is_kept_costs_its_item(self):
        for text, pointer in KEPT:
            bad, good = text % self.new().encode(), b'{"id":"%s"}' % self.new().encode()
            for kind, body in (("application/json", b"[" + bad + b",\n" + good + b"]"), ("application/x-ndjson", bad + b"\n" + good)):
                results = self.daemon.post(COA, body, kind).json["results"]
                self.assertEqual(results[0]["verdict"], "refused", bad[:60])
                self.assertEqual(results[0]["errors"][0]["pointer"], pointer, bad[:60])
                self.assertIn(pointer or "the item", results[0]["errors"][0]["detail"])
                self.assertIn(results[1]["verdict"], ("registered", "duplicate"))

    def test_faults_say_what_was_expected(self):
        lines = ['{"id":["a"]}', '{"id":"x","reported":"05-03-17","victim":"x","status":"perhaps"}', "7"]
        errors = self.daemon.post(COA, "\n" + "\n".join(lines), "application/x-ndjson").json["errors"]
        for line, pointer, expected in [(2, "/id", "text or a whole number"), (3, "/reported", "YYYY-MM-DD"),
                                        (3, "/victim", "an object"), (3, "/status", "possible, confirmed or rejected"),
                                        (4, "", "an object")]:
            told = [e["detail"] for e in errors if (e["line"], e["pointer"]) == (line, pointer)]
            self.assertEqual(len(told), 1, (line, pointer, errors))
            self.assertRegex(told[0], f"^{pointer or 'the item'} .*: expected {expected}")
        answer = self.daemon.post(COA, '\n\n"a signal"')
        self.assertIn("line 3: it is of another type: expected an object or a list of objects", answer.json["detail"])


class Import(Case):
    SOURCES = [*Case.SOURCES, {"name": "den-haag", "kind": "municipality", "municipality": "GM0518"}]

    def ctl(self, *args, expect=0):
        run = subprocess.run([BUILD / "signaalctl", "--socket", self.daemon.control_path, *args],
                             capture_output=True, text=True, check=False)
        self.assertEqual(run.returncode, expect, run.stdout + run.stderr)
        return run.stdout, run.stderr

    def bring(self, name, body, *more, expect=0):
        path = self.daemon.directory / name
        path.write_bytes(body)
        return self.ctl("import", str(path), "--source", "den-haag", *more, expect=expect)

    def test_encodings(self):
        head = "meldnummer;meldingsdatum;gemeente;uitbuitingsvorm\r\n"
        for i in range(len(encodings(""))):
            for template, name in (("csv-excel", "a.csv"), (None, "a.ndjson")):
                ids = [f"i{i}-{name}-{k}" for k in range(3)]
                text = (head + "".join(f"{n};05-03-2017;Súdwest-Fryslân;mensenhandel\r\n" for n in ids) if template else
                        "".join(json.dumps({"id": n, **PLACE}, ensure_ascii=False) + "\n" for n in ids))
                with self.subTest(i=i, name=name):
                    shown, _ = self.bring(name, encodings(text)[i][0], *(["--template", template] if template else []))
                    self.assertRegex(shown, r"(?m)^registered +3$")
                    for n in ids:
                        version = self.daemon.control("GET", f"/v1/signals/den-haag/{n}").json["versions"][0]
                        self.assertEqual(version["municipality"], CODE)

    def test_what_excel_saves_as_unicode_text(self):
        rows = "meldnummer\tmeldingsdatum\tgemeente\tuitbuitingsvorm\r\nu-1\t05-03-2017\tSúdwest-Fryslân\tarbeidsuitbuiting; dwang\r\n"
        for n, title in enumerate(("", "Meldingen; 2017\t\t\t\r\n")):
            text = title + rows.replace("u-1", f"u-{n}")
            self.bring("u.csv", text.encode("utf-16"), "--template", "csv-excel")
            version = self.daemon.control("GET", f"/v1/signals/den-haag/u-{n}").json["versions"][0]
            self.assertEqual(version["municipality"], CODE)

    def test_other_forms_are_named(self):
        for body, name in FORMS:
            if "Excel" not in name:
                self.assertIn(f"is {name}:", self.bring("form.csv", body, expect=1)[1])
                answer = self.daemon.control("POST", "/v1/import?source=coa&template=csv", body)
                self.assert_problem(answer, 415)
                self.assertIn(name, answer.json["detail"])

    def test_faults_in_the_words_of_the_file(self):
        rows = ("meldnummer;meldingsdatum;gemeente;uitbuitingsvorm;status;x\xff;x\xff\r\n"
                "f1;05-03-17;Weesp;dwang;;a;\xfe\r\nf2;05-03-2017;Weesp;dwang;misschien;b;c\r\n")
        shown, _ = self.bring("f.csv", rows.encode("latin-1"), "--template", "csv-excel", expect=1)
        self.assertRegex(shown, r'line 2: .*column "meldingsdatum" is no date or time: expected .*DD-MM-YYYY')
        self.assertRegex(shown, r'line 3: .*column "status" is not one of the words allowed: expected possible, confirmed')
        _, told = self.bring("g.csv", b"nummer;datum\r\n1;2\r\n", "--template", "csv-excel", expect=1)
        self.assertIn("columns that the template names are not there: meldnummer", told)
        _, told = self.bring("h.csv", b"meldnummer;x;meldnummer;x;meldingsdatum;gemeente;uitbuitingsvorm\r\n1;2;3;4;05-03-2017;Weesp;dwang\r\n", "--template", "csv-excel", expect=1)
        self.assertIn('column "meldnummer" is there more than once', told)


class Poll(unittest.TestCase):
    def setUp(self):
        self.endpoint = Endpoint()
        self.addCleanup(self.endpoint.close)

    def daemon_of(self, pages, template=None):
        """pages: {name: (headers, bytes)}; each is a feed."""
        self.endpoint.paths = {f"/{n}": lambda *_, page=page: (200, *page) for n, page in pages.items()}
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        for name, text in (template or {}).items():
            (folder / f"{name}.yaml").write_text(text)
        daemon = Daemon([{"name": n, "kind": "municipality", "municipality": "GM0363", "interval": "1s",
                          "allow_private": "yes", "url": self.endpoint.url("/" + n), "template": n.split("-")[0]
                          if template else ""} for n in pages], extra={"tables": [f"templates: {folder}"]} if template else None)
        self.addCleanup(daemon.close)
        return daemon.start()

    def test_encodings(self):
        pages = {}
        for i in range(len(encodings(""))):
            body, charset = encodings(json.dumps([{"id": f"e-{i}", **PLACE}], ensure_ascii=False))[i]
            pages[f"n{i}"] = ({"Content-Type": f"application/json; charset={charset}"} if charset else {}, body)
        daemon = self.daemon_of(pages)
        wait_for(lambda: daemon.counts()["total"] == len(pages), "each brings its signal")
        for i in range(len(pages)):
            self.assertEqual(daemon.control("GET", f"/v1/signals/n{i}/e-{i}").json["versions"][0]["municipality"], CODE)
        daemon.stop()

    def test_one_bad_item_costs_itself(self):
        """Whatever is wrong in it, in whatever form: the others count, and the page is no failure."""
        pages, lists = {}, {"page": PAGE, "lines": PAGE.replace("format: json, items: /data/list, next: /next", "format: ndjson").replace("url", "none")}
        kept = [*KEPT, (b'{"id":"%s","note":"' + b"x" * 200000 + b'"}', "")]
        for i, (text, _) in enumerate(kept):
            bad = text % b"bad"
            good = json.dumps({"id": f"good-{i}", **PLACE, "victim": {"age": 30}, "status": "possible"}).encode()
            noise = b",".join(b'"n%d":%s' % (k, odd) for k, odd in enumerate(ODD))
            pages[f"page-{i}"] = ({}, b'{%s,"data":{"x":%s,"list":[%s,%s]}}' % (noise, ODD[0], bad, good))
            pages[f"lines-{i}"] = ({}, bad + b"\n" + good + b"\n")
            pages[f"native-{i}"] = ({}, b"[" + bad + b"," + good + b"]")
        daemon = self.daemon_of(pages, lists)
        wait_for(lambda: daemon.counts()["total"] == len(pages), "the good items count")
        wait_for(lambda: daemon.control("GET", "/v1/quarantine").json["total"] == len(pages), "the bad ones are kept apart")
        entries = {e["source"]: e for e in daemon.control("GET", "/v1/quarantine").json["entries"]}
        for i, (_, pointer) in enumerate(kept):
            for form in ("page", "lines", "native"):
                reason = entries[f"{form}-{i}"]["reasons"][0]
                self.assertEqual((entries[f"{form}-{i}"]["page"], reason["pointer"]), (False, pointer), (form, i))
                self.assertRegex(reason["detail"], "^(member /|/|the item )")
        for feed in pages:
            self.assertEqual(daemon.control("GET", f"/v1/feeds/{feed}").json["failures"], 0, feed)
        daemon.stop()

    def test_one_bad_row_costs_itself(self):
        bad = [b"bad;05-03-2017;\xff;dwang", b"bad;05-03-2017;Weesp;dwang;x;y;z", b"bad;05-03-17;Weesp;dwang",
               b"bad;05-03-2017;Weesp;dwang;" + b"x" * 70000,
               b'bad;05-03-2017;Weesp;dwang;"' + b"x\n" * 150000 + b'"']
        pages = {f"csv-{i}": ({}, b"id;reported;municipality;category;n\xff;n\xff\n" + row + b"\ngood;05-03-2017;Weesp;dwang;\x01;\xfe\n")
                 for i, row in enumerate(bad)}
        daemon = self.daemon_of(pages, {"csv": (ROOT / "conf/templates/csv.yaml").read_text()})
        wait_for(lambda: daemon.counts()["total"] == len(pages), "the good rows count")
        wait_for(lambda: daemon.control("GET", "/v1/quarantine").json["total"] == len(pages), "the bad ones are kept apart")
        entries = {e["source"]: e for e in daemon.control("GET", "/v1/quarantine").json["entries"]}
        told = ['^column "municipality" holds', "^the row is of another type", '^column "reported" is no date', "^the row is longer", "^the row is longer"]
        for i, text in enumerate(told):
            self.assertFalse(entries[f"csv-{i}"]["page"])
            self.assertRegex(entries[f"csv-{i}"]["reasons"][0]["detail"], text)
        daemon.stop()

    def test_a_table_that_is_refused_says_what_to_do(self):
        head = b"id;reported;municipality;category\n1;05-03-2017;Weesp;dwang\n"
        pages = {"csv-date": ({}, head + b"2;;Weesp;dwang\n"), "csv-sum": ({}, head + b"Totaal;1;;\n"),
                 "csv-column": ({}, head.replace(b"category", b"soort"))}
        told = {"csv-date": ("by csv.yaml, at or before line 3", 'in column "reported"', "may_be_missing: [reported] in the template"),
                "csv-sum": ("by csv.yaml, at or before line 3", "let the template exclude it"),
                "csv-column": ("by csv.yaml, at or before line 1", "are not there: category", "may_be_missing")}
        daemon = self.daemon_of(pages, {"csv": (ROOT / "conf/templates/csv.yaml").read_text()})
        for feed, texts in told.items():
            failure = wait_for(lambda f=feed: daemon.control("GET", f"/v1/feeds/{f}").json["failure"], "a failure")
            for text in texts:
                self.assertIn(text, failure)
        daemon.stop()

    def test_pages_that_are_something_else(self):
        pages = {f"page-{i}": ({}, body) for i, (body, _) in enumerate(FORMS)}
        told = {f"page-{i}": f"it is {name}:" for i, (_, name) in enumerate(FORMS)}
        pages |= {"page-a": ({}, b'{"data":{}}'), "page-b": ({}, b'{"data":{"list":[],"list":[]}}'),
                  "page-c": ({}, b'{"data":{"list":[]},"next":{}}'), "page-d": ({}, b'{"data":{"list":[{"id":1}')}
        told |= {"page-a": "member /data/list is not there", "page-b": "member /data/list is there more than once",
                 "page-c": "member /next is neither text nor a number", "page-d": "it is broken or cut off"}
        daemon = self.daemon_of(pages, {"page": PAGE})
        for feed, text in told.items():
            wait_for(lambda f=feed, t=text: t in (daemon.control("GET", f"/v1/feeds/{f}").json["failure"] or ""), text)
        self.assertEqual(daemon.counts()["total"], 0)
        daemon.stop()


class Try(unittest.TestCase):
    def try_page(self, template, name, body, expect=0):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        (folder / name).write_bytes(body)
        run = subprocess.run([BUILD / "signaalctl", "try", template, str(folder / name)], cwd=ROOT,
                             capture_output=True, text=True, check=False)
        self.assertEqual(run.returncode, expect, run.stdout + run.stderr)
        return run.stdout + run.stderr

    def test_encodings_and_forms(self):
        text = json.dumps([{"id": "t", **PLACE}], ensure_ascii=False)
        rows = "meldnummer;meldingsdatum;gemeente;uitbuitingsvorm\r\n1;05-03-2017;Súdwest-Fryslân;mensenhandel\r\n"
        for i in range(len(encodings(""))):
            self.assertIn(CODE, self.try_page("native", "a.json", encodings(text)[i][0]))
            self.assertIn(CODE, self.try_page("csv-excel", "a.csv", encodings(rows)[i][0]))
        for body, name in FORMS:
            self.assertIn(f"it is {name}:", self.try_page("csv-excel", "a.csv", body, 1))

    def test_faults_in_the_words_of_the_file(self):
        shown = self.try_page("csv-excel", "a.csv", b"meldnummer;meldingsdatum;gemeente;uitbuitingsvorm\n1;05-03-17;Weesp;dwang\n", 1)
        self.assertIn('column "meldingsdatum" is no date or time: expected', shown)


if __name__ == "__main__":
    unittest.main()
