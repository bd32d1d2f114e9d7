# SPDX-License-Identifier: EUPL-1.2
"""What is told before anything is stored, by import, its dry run, try and ?dryRun=true; and what is no file of signals."""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest
import zipfile

import openpyxl

from harness import BUILD, SIGNAL, Case, Daemon, Endpoint, token_of, wait_for

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = """page: {format: json, items: /results, next: /next, dates: iso}
fields: {id: /id, reported: /reported, category: /category, gender: /victim/gender}
request: {paging: url}
"""


class Preview(Case):
    SOURCES = [*Case.SOURCES, {"name": "den-haag", "kind": "municipality", "municipality": "GM0518"}]

    def ctl(self, *args, expect=0):
        done = subprocess.run([BUILD / "signaalctl", "--socket", self.daemon.control_path, *args],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, expect, done)
        return done.stdout, done.stderr

    def run_try(self, template, path, *args, expect=0):
        conf = ROOT / "conf"
        return self.ctl("try", template, path, "--templates", conf / "templates", "--tables", conf, *args, expect=expect)

    def file(self, name, content):
        path = self.daemon.directory / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    def test_a_column_that_is_called_otherwise(self):
        """Told before anything is stored, by all ways in: it must not make known signals unknown."""
        head = "id,reported,category,gender,age,citizenship"
        rows = "".join(f"o-{i},05-03-2017,Other,man,30,NG\r\n" for i in range(3))
        self.ctl("import", self.file("o.csv", f"{head}\r\n{rows}"), "--source", "den-haag")
        before = self.daemon.status()["ledger"]["accepted"]
        for field, other in (("gender", "sekse"), ("citizenship", "land"), ("age", "oud"), ("gender", "Jan Jansen")):
            with self.subTest(field=field, other=other):
                path = self.file("o.csv", f"{head.replace(field, other)}\r\n{rows}")
                column = head.split(",").index(field) + 1
                for more in ([], ["-n"]):
                    text, fault = self.ctl("import", path, "--source", "den-haag", *more, expect=1)
                    self.assertIn(f"are not there: {field}", fault)
                    self.assertIn(f"may be meant: column {column}", fault)
                    self.assertEqual(f'column {column} is called "{other}"' in fault, " " not in other)
                    self.assertNotIn("Jansen", text + fault)
                content = pathlib.Path(path).read_bytes()
                answer = self.daemon.control("POST", "/v1/import?source=den-haag&template=csv", content)
                self.assert_problem(answer, 400)
                self.assertEqual(answer.json["errors"][0]["columns"], [column])
                self.assertNotIn(other.encode(), answer.body)
                self.assertEqual(self.daemon.status()["ledger"]["accepted"], before)
        path = self.file("o.csv", f"{head},opmerking\r\n" + rows.replace("\r", ",x\r"))
        self.assertRegex(self.ctl("import", path, "--source", "den-haag")[0], r"(?m)^duplicate +3$")
        self.assert_whole()

    def test_what_would_change(self):
        head, row = "id,reported,category,gender,age,municipality", "{},05-03-2017,Other,man,30,Amsterdam\r\n"
        content = head + "\r\n" + "".join(row.format(f"2017-{i}") for i in range(4))
        text, _ = self.ctl("import", self.file("w.csv", content), "--source", "coa", "-n")
        self.assertIn("understood: id, reported, municipality, category, gender, age\n", text)
        self.assertIn("not there: occurred, ageGroup, birthYear, citizenship, consent, status, withdrawn\n", text)
        self.assertIn("registered: line 2-5\n", text)
        self.ctl("import", self.file("w.csv", content), "--source", "coa")
        ledger, events = self.daemon.status()["ledger"], len(self.daemon.events())
        changed = (head + "\r\n2017-0,05-03-2017,Other,man,30,Amsterdam\r\n2017-1,05-03-2017,Other,,30,Nergenshuizen\r\n"
                   "2017-2,05-03-2017,Other,,17,Amsterdam\r\n\r\n2017-9,05-03-2017,Other,,17,Amsterdam\r\n"
                   "2017-8,31-02-2017,Other,,17,Amsterdam\r\n")
        path = self.file("w.csv", changed)
        text, _ = self.ctl("import", path, "--source", "coa", "-n", expect=1)
        for line in ("duplicate: line 2", "corrected: line 3-4", "registered: line 6", "refused: line 7",
                     "what is known changes: municipality of 1 (1 to Unknown), gender of 2 (2 to Unknown), ageGroup of 1",
                     "2017-1 (line 3): municipality: GM0363 -> Unknown, gender: Masculine -> Unknown",
                     "2017-2 (line 4): gender: Masculine -> Unknown, ageGroup: Adult -> Minor"):
            self.assertIn("\n" + line + "\n", text)
        value = json.loads(self.ctl("import", path, "--source", "coa", "-n", "--json", expect=1)[0])["preview"]
        self.assertEqual(value["places"], {"registered": [[6, 6]], "duplicate": [[2, 2]], "corrected": [[3, 4]],
                                           "withdrawn": [], "refused": [[7, 7]]})
        self.assertEqual(value["corrections"][1], {"id": "2017-2", "line": 4, "changes": [
            {"field": "gender", "from": "Masculine", "to": "Unknown"}, {"field": "ageGroup", "from": "Adult", "to": "Minor"}]})
        self.assertEqual({f["field"] for f in value["fields"] if f["found"]}, set(head.split(",")))
        now = self.daemon.status()["ledger"]
        for key in ("accepted", "published", "waiting", "signals", "persons", "unmappedKept"):
            self.assertEqual(now[key], ledger[key], key)
        self.assertEqual(len(self.daemon.events()), events)
        text, _ = self.ctl("import", path, "--source", "coa", expect=1)
        before, after = text.split("\n\n", 1)
        self.assertIn("\nto be stored: 1 registered, 1 duplicate, 2 corrected, 0 withdrawn, 1 refused", before)
        self.assertIn("2017-1 (line 3): municipality: GM0363 -> Unknown", before)
        self.assertRegex(after, r"(?m)^corrected +2$")
        self.assertEqual(self.daemon.status()["ledger"]["accepted"], ledger["accepted"] + 3)
        self.assert_whole()

    def test_what_would_change_over_several_pieces(self):
        rows = "id,reported,category,age,notes\r\n" + "".join(f'x-{i},05-03-2017,Other,30,"a\nb"\r\n' for i in range(1200))
        self.ctl("import", self.file("x.csv", rows), "--source", "den-haag")
        path = self.file("x.csv", rows.replace(",30", ",17"))
        value = json.loads(self.ctl("import", path, "--source", "den-haag", "-n", "--json")[0])["preview"]
        self.assertEqual(value["places"]["corrected"], [[2, 2400]])
        self.assertEqual(value["changed"], [{"field": "ageGroup", "signals": 1200, "toUnknown": 0}])
        self.assertEqual(len(value["corrections"]), 100)
        text, _ = self.ctl("import", path, "--source", "den-haag", "-n")
        self.assertIn("and 1190 more corrections", text)

    def test_members_that_nobody_asks_for(self):
        lines = [{**SIGNAL, "id": "m-1", "geslacht": "man", "Anna Jansen": 1}, {**SIGNAL, "id": "m-2", "victim": {"sekse": "man"}}]
        for name, content in (("m.json", json.dumps(lines)), ("m.ndjson", "\n".join(map(json.dumps, lines)))):
            text, _ = self.ctl("import", self.file(name, content), "--source", "den-haag", "-n")
            self.assertIn('\nnot understood: "geslacht", a member (11 bytes), "sekse"\n', text)
            self.assertNotIn("Jansen", text)

    def test_try_says_the_same(self):
        rows = "id;reported;category;gender;Jan Jansen;leeftijd;notes\n1;05-03-2017;Other;m;x;30;y\n"
        _, fault = self.run_try("csv", self.file("t.csv", rows), expect=1)
        text, fault = self.ctl("try", "csv", self.file("t.csv", rows), "--templates", ROOT / "conf/templates", "--tables",
                               ROOT / "conf", expect=1)
        self.assertIn("are not there: municipality, age, ageGroup, birthYear, citizenship; one that it does not name may be "
                      "meant: column 5, 6", fault)
        self.assertRegex(text, r'not understood +column 5, column 6 "leeftijd", column 7 "notes"')
        text, _ = self.run_try("csv", self.file("t.csv", rows), "--allow-missing")
        self.assertRegex(text, r"(?m)^  understood +id, reported, category, gender$")
        self.assertRegex(text, r"(?m)^  not there +occurred, municipality, age, ageGroup, ")
        self.assertRegex(text, r'(?m)^  not understood +column 5, column 6 "leeftijd", column 7 "notes"$')
        value = json.loads(self.run_try("csv", self.file("t.csv", rows), "--allow-missing", "--json")[0])
        self.assertEqual([(u["column"], u["name"]) for u in value["unknown"]], [(5, None), (6, "leeftijd"), (7, "notes")])

    def test_posted_dry(self):
        def post(signals):
            headers = {"Authorization": f"Bearer {token_of('coa')}", "Content-Type": "application/json"}
            return self.daemon.request("POST", "/v1/signals?dryRun=true", json.dumps(signals), headers).json
        signal = {**SIGNAL, "id": "2017-77"}
        self.daemon.post("coa", signal)
        accepted = self.daemon.status()["ledger"]["accepted"]
        victim = {**SIGNAL["victim"], "gender": None, "sekse": "man"}
        answer = post({**signal, "victim": victim, "Anna Jansen": 1})
        self.assertEqual(answer["changes"], [{"field": "gender", "from": "Masculine", "to": "Unknown"}])
        self.assertEqual(answer["preview"]["unknown"], [{"name": "sekse", "length": 5}, {"name": None, "length": 11}])
        self.assertIn({"field": "gender", "place": None, "found": False}, answer["preview"]["fields"])
        answer = post([{**signal, "status": "rejected"}, {**signal, "id": "2017-78"}])
        self.assertEqual([r.get("changes") for r in answer["results"]],
                         [[{"field": "status", "from": "possible", "to": "rejected"}], None])
        self.assertEqual(answer["preview"]["unknown"], [])
        self.assertNotIn("preview", self.daemon.post("coa", signal).json)
        self.assertEqual(self.daemon.status()["ledger"]["accepted"], accepted)

    def test_what_is_no_file_of_signals(self):
        def archive(name, member):
            path = self.daemon.directory / name
            with zipfile.ZipFile(path, "w") as out:
                out.writestr(member, "x")
            return str(path)

        old = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "WordDocument".encode("utf-16-le")
        (self.daemon.directory / "dir").mkdir()
        for path, why in (
                (str(self.daemon.directory / "dir"), "is a directory: name a file that is in it"),
                (self.file("e.csv", ""), "is empty, so there are no records in it"),
                (self.file("e", ""), "is empty, so there are no records in it"),
                (self.file("b.json", b"\xef\xbb\xbf"), "is empty, so there are no records in it"),
                (self.file("s.ndjson", " \r\n\n"), "is empty, so there are no records in it"),
                (archive("a.zip", "a.csv"), "is a ZIP archive: unpack it"),
                (archive("a.docx", "word/document.xml"), "is a Word document: ask the system for CSV"),
                (self.file("a.doc", old), "is a Word document: ask the system for CSV"),
                (self.file("a.pdf", b"%PDF-1.7\n"), "is a PDF: ask the system for CSV"),
                (str(self.daemon.directory / "none.csv"), "No such file")):
            with self.subTest(path=path):
                for fault in (self.ctl("import", path, "--source", "coa", expect=1)[1], self.run_try("csv", path, expect=1)[1]):
                    self.assertIn(why, fault)
        with open(self.file("z.csv", ""), "wb") as large:
            large.truncate((256 << 20) + 1)
        self.assertIn("is larger than 256 MiB: cut it in several files",
                      self.ctl("import", large.name, "--source", "coa", expect=1)[1])
        os.unlink(large.name)
        book = openpyxl.Workbook()
        for row in (["id", "reported", "category"], ["k-1", "05-03-2017", "Other"], ["k-2", "yesterday", "Other"]):
            book.active.append(row)
        book.save(path := self.daemon.directory / "a.xlsm")
        self.assertIn("\nregistered: line 2\nrefused: line 3\n",
                      self.ctl("import", path, "--source", "coa", "-n", expect=1)[0])

    def test_places_have_one_name(self):
        """Lines of what has lines, items from 0 of JSON: the same by each way."""
        good, bad = "{},05-03-2017,Other\n", "{},06-03-2017,Other\n"
        rows = "id,reported,category\n\n" + good.format("p-1") + bad.format("p-1") + good.format("p-2")
        lines = [json.dumps({"id": i, "reported": d, "category": "Other"}) for i, d in
                 (("p-1", "2017-03-05"), ("p-1", "2017-03-06"), ("p-2", "2017-03-05"))]
        for name, content, places in (("p.csv", rows, ("line 3", "line 4")), ("p.ndjson", "\n" + "\n".join(lines), ("line 2", "line 3")),
                                      ("p.json", "[" + ",".join(lines) + "]", ("item 0", "item 1"))):
            with self.subTest(name=name):
                path, (first, second) = self.file(name, content), places
                text, _ = self.ctl("import", path, "--source", "coa", "-n", expect=1)
                self.assertIn(f"{second}: /id conflict: {first} has this id too", text)
                text, _ = self.run_try("csv" if name == "p.csv" else "native", path, expect=1)
                for place, other in (places, places[::-1]):
                    self.assertRegex(text, rf"(?m)^{place}\n(  .*\n)*  => refused .*: see {other}$")
                query = "template=csv" if name == "p.csv" else "format=" + name[2:]
                answer = self.daemon.control("POST", f"/v1/import?source=coa&{query}&dryRun=1", content)
                self.assertEqual([e["detail"].split(": see ")[1] for r in answer.json["results"] for e in r["errors"]],
                                 [second, first])


class Pages(unittest.TestCase):
    def setUp(self):
        self.endpoint = Endpoint()
        self.addCleanup(self.endpoint.close)
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        (self.folder / "pages.yaml").write_text(PAGES)
        (self.folder / "csv.yaml").write_text((ROOT / "conf/templates/csv.yaml").read_text())

    def daemon(self, **more):
        source = {"name": "coa", "kind": "coa", **more}
        daemon = Daemon([source], extra={"tables": [f"templates: {self.folder}"]})
        self.addCleanup(daemon.close)
        return daemon.start()

    def test_one_page_of_several(self):
        daemon = self.daemon()
        items = [{**SIGNAL, "id": f"2017-{i}"} for i in range(3)]
        path = self.folder / "page.json"

        def bring(page, *more):
            path.write_text(json.dumps({"results": items, **page}))
            done = subprocess.run([BUILD / "signaalctl", "--socket", daemon.control_path, "import", path, "--source", "coa",
                                   "--template", "pages", *more], capture_output=True, text=True, check=False)
            return done.returncode, done.stdout + done.stderr

        for page, more in (({"count": 10, "next": "https://x.example/?page=2"}, "7 more items are elsewhere"),
                           ({"count": 4, "next": None}, "1 more items are elsewhere"),
                           ({"next": "/2"}, "more items are elsewhere"), ({"hasMore": True}, "more items are elsewhere")):
            with self.subTest(page=page):
                for flag in ([], ["-n"], ["--allow-missing"]):
                    code, text = bring(page, *flag)
                    self.assertEqual(code, 1)
                    self.assertIn(more, text)
                    self.assertIn("--first-page-only", text)
                self.assertEqual(daemon.status()["ledger"]["accepted"], 0)
                code, text = bring(page, "--first-page-only", "-n")
                self.assertEqual(code, 0, text)
                self.assertIn(f"this is one page of a list: {more}", text)
                done = subprocess.run([BUILD / "signaalctl", "try", self.folder / "pages.yaml", path, "--tables", ROOT / "conf"],
                                      capture_output=True, text=True, check=True)
                self.assertRegex(done.stdout, rf"(?m)^  elsewhere +{more.removesuffix(' are elsewhere')}$")
        code, text = bring({"results": [{**SIGNAL, "id": f"2018-{i}"} for i in range(100)]}, "-n")
        self.assertEqual(code, 0, text)
        self.assertIn("100 items are as many as servers like to have on a page: is this all?", text)
        self.assertNotIn("is this all", bring({"count": 3, "next": None}, "-n")[1])
        self.assertEqual(bring({"count": 3, "next": None})[0], 0)
        self.assertEqual(daemon.status()["ledger"]["accepted"], 3)
        self.assertEqual(bring({"count": 10, "next": "/2"}, "--first-page-only")[0], 0)
        daemon.stop()

    def test_what_exclude_would_take_back(self):
        (self.folder / "leaves.yaml").write_text(PAGES + "exclude: [{from: /test, equals: 'true'}]\nmay_be_missing: [reported]\n")
        daemon = self.daemon()

        def bring(items, *more):
            (self.folder / "x.json").write_text(json.dumps({"results": items}))
            return subprocess.run([BUILD / "signaalctl", "--socket", daemon.control_path, "import", self.folder / "x.json", "--source",
                                   "coa", "--template", "leaves", *more], capture_output=True, text=True, check=True).stdout

        known = [{**SIGNAL, "id": f"2017-{i}"} for i in range(3)]
        bring(known)
        dated = known[0] | {"reported": None}
        left_out = [item | {"test": True} for item in known[1:] + [{**SIGNAL, "id": "2017-9"}]]
        text = bring([dated, dated | {"id": "2017-8"}, *left_out], "-n")
        self.assertIn("\nleft out: 2 known signals would be withdrawn\n", text)
        self.assertRegex(text, r"(?m)^dated today +1$")  # what is known keeps its date
        self.assertEqual(daemon.counts()["total"], 3)
        self.assertIn("left out: 2 known signals would be withdrawn", bring([dated, *left_out]))
        self.assertEqual(daemon.counts()["total"], 1)
        daemon.stop()

    def test_quarantine_of_a_table(self):
        rows = b"id,reported,category\n\nq-1,05-03-2017,Other\n,05-03-2017,Other\n"
        self.endpoint.paths = {"/coa": lambda *_: (200, {}, rows)}
        daemon = self.daemon(interval="1s", allow_private="yes", url=self.endpoint.url("/coa"), template="csv")
        wait_for(lambda: daemon.control("GET", "/v1/quarantine").json["total"] == 1, "the row without an id is kept apart")
        entry = daemon.control("GET", "/v1/quarantine").json["entries"][0]
        self.assertEqual((entry["by"], entry["index"]), ("line", 4))
        done = subprocess.run([BUILD / "signaalctl", "--socket", daemon.control_path, "quarantine"], capture_output=True,
                              text=True, check=True)
        self.assertIn(" line 4 ", done.stdout)
        daemon.stop()

    def test_a_polled_table_with_a_column_that_is_called_otherwise(self):
        """What is known stays as it is, and the feed says why."""
        rows = ["id,reported,category,gender,age,citizenship\nr-1,05-03-2017,Other,man,30,NG\n"]
        self.endpoint.paths = {"/coa": lambda *_: (200, {}, rows[0].encode())}
        daemon = self.daemon(interval="1s", allow_private="yes", url=self.endpoint.url("/coa"), template="csv", municipality="GM0363")
        wait_for(lambda: daemon.status()["ledger"]["accepted"] == 1, "it is known")
        rows[0] = rows[0].replace("gender", "geslacht")
        wait_for(lambda: daemon.control("GET", "/v1/feeds/coa").json["failure"], "the feed fails")
        self.assertIn("are not there: gender; one that it does not name may be meant: column 4",
                      daemon.control("GET", "/v1/feeds/coa").json["failure"])
        self.assertEqual(daemon.status()["ledger"]["accepted"], 1)
        daemon.stop()


if __name__ == "__main__":
    unittest.main()
