# SPDX-License-Identifier: EUPL-1.2
"""Operators and feeds, through signaalctl and the socket of a real daemon: feeds, poll, pause, resume, quarantine, import."""
import datetime
import json
import os
import re
import signal
import subprocess
import tempfile
import threading
import unittest
import zipfile

import openpyxl
import openpyxl.utils.datetime

from faults import slow_commits
from harness import BUILD, SIGNAL, Case, Daemon, Endpoint, UnixConnection, wait_for

AMSTERDAM, GOOD, BAD, FLAWED = "gm0363-amsterdam", "good", "bad", "flawed"
NOBODY = 65534  # a user and a group that Debian always has
HEAD = "id,reported,category,age,notes\r\n"


class Operator(Case):
    """Polls once a week: what happens in a test is what it asks for."""

    @classmethod
    def setUpClass(cls):
        cls.endpoint = Endpoint()
        cls.addClassCleanup(cls.endpoint.close)
        cls.items = {GOOD: [dict(SIGNAL, id="g1")], FLAWED: []}
        cls.make_flawed()
        for name in (GOOD, FLAWED):
            cls.endpoint.paths["/" + name] = lambda *_, name=name: (200, {}, cls.items[name])
        cls.endpoint.paths["/" + BAD] = lambda *_: (500, {}, b"")
        polled = {"kind": "municipality", "municipality": "GM0363", "interval": "7d", "allow_private": "yes"}
        cls.SOURCES = [*Case.SOURCES] + [
            dict(polled, name=name, url=cls.endpoint.url(f"/{name}?key=secret-in-the-url")) for name in (GOOD, BAD, FLAWED)]
        super().setUpClass()
        for name in (GOOD, BAD, FLAWED):
            cls.poll(name)
        wait_for(lambda: cls.feed(BAD)["failures"] and cls.feed(GOOD)["lastSignal"] and cls.quarantine(), "three polls")

    @classmethod
    def make_flawed(cls):
        cls.items[FLAWED] = [dict(SIGNAL, id="f-1"), dict(SIGNAL, id="f-2", occurred="1899-12-31", name="Anna Secret")]

    @classmethod
    def feed(cls, name):
        return cls.daemon.control("GET", f"/v1/feeds/{name}").json

    @classmethod
    def quarantine(cls):
        return cls.daemon.control("GET", "/v1/quarantine").json["entries"]

    @classmethod
    def poll(cls, name):
        """Asks until it is taken: the first poll after the start may be under way."""
        wait_for(lambda: cls.daemon.control("POST", f"/v1/feeds/{name}/poll").status == 202, f"a poll of {name}")

    def ctl(self, *args, expect=0):
        done = subprocess.run([BUILD / "signaalctl", "--socket", self.daemon.control_path, *args], capture_output=True,
                              timeout=60, check=False, env={**os.environ, "LC_ALL": "C.UTF-8", "COLUMNS": "120"})
        self.assertEqual(done.returncode, expect, done)
        return done.stdout.decode(), done.stderr.decode()


class Feeds(Operator):
    def test_list(self):
        answer = self.daemon.control("GET", "/v1/feeds")
        self.assertEqual([feed["name"] for feed in answer.json["feeds"]], [s["name"] for s in self.SOURCES])
        self.assertEqual((answer.json["sources"], answer.json["polled"], answer.json["failing"]), (5, 3, 1))
        self.assertNotIn(b"secret", answer.body)
        good, bad = self.feed(GOOD), self.feed(BAD)
        self.assertEqual((good["url"], good["template"], good["interval"]), (f"127.0.0.1:{self.endpoint.port}", "native", 604800))
        self.assertEqual((good["failures"], good["failure"], good["new"]), (0, None, 1))
        self.assertIn("500", bad["failure"])
        self.assertIsNotNone(bad["failedAt"])
        failing = self.daemon.status()["feeds"]["failingList"]
        self.assertEqual([(feed["name"], feed["reason"]) for feed in failing], [(BAD, bad["failure"])])
        self.assertLessEqual(failing[0]["since"], bad["failedAt"])
        push = self.feed(AMSTERDAM)
        self.assertEqual((push["state"], push["url"], push["template"], push["municipality"]), ("push", None, None, "GM0363"))

    def test_filters(self):
        for query, names in (("?failing=1", [BAD]), ("?silent=1", []), ("?failing=1&silent=1", [BAD])):
            feeds = self.daemon.control("GET", "/v1/feeds" + query).json["feeds"]
            self.assertEqual([feed["name"] for feed in feeds], names)

    def test_shown(self):
        text, _ = self.ctl("feeds")
        self.assertRegex(text.splitlines()[1], rf"^{BAD} .*500")
        self.assertRegex(self.ctl("feeds", FLAWED)[0], r"(?m)^refused +[1-9]")

    def test_refusals(self):
        for method, path, status in (
                ("GET", "/v1/feeds/nobody", 404), ("GET", "/v1/feeds/", 404), ("GET", "/v1/feeds/a/b", 404),
                ("GET", "/v1/feeds/%ff", 404), ("GET", "/v1/feeds/" + "x" * 300, 404),
                ("POST", "/v1/feeds/nobody/poll", 404), ("POST", f"/v1/feeds/{AMSTERDAM}/poll", 409),
                ("POST", f"/v1/feeds/{AMSTERDAM}/pause", 409), ("GET", f"/v1/feeds/{GOOD}/poll", 405),
                ("POST", f"/v1/feeds/{GOOD}", 405), ("POST", f"/v1/feeds/{GOOD}/burn", 404),
                ("DELETE", "/v1/quarantine/999999", 404), ("DELETE", "/v1/quarantine/x", 404),
                ("DELETE", "/v1/quarantine/-1", 404), ("POST", "/v1/quarantine/999999/retry", 404),
                ("DELETE", "/v1/quarantine", 405), ("GET", "/v1/quarantine/1", 405)):
            with self.subTest(path=path[:60], method=method):
                self.assert_problem(self.daemon.control(method, path), status)
        self.assertEqual(self.daemon.control("GET", "/v1/quarantine/1").headers["Allow"], "DELETE")


class Pause(Operator):
    def test_it_holds_over_a_restart(self):
        self.assertIn("paused until", self.ctl("pause", GOOD)[0])
        wait_for(lambda: self.feed(GOOD)["state"] == "paused", "the pause")
        self.assertEqual(self.daemon.control("GET", "/v1/feeds").json["paused"], 1)
        self.daemon.stop()
        self.daemon.start()
        feed = self.feed(GOOD)
        self.assertEqual((feed["state"], feed["paused"], feed["nextPoll"]), ("paused", True, None))
        asked = len(self.endpoint.seen("/" + GOOD))
        self.ctl("resume", GOOD)
        wait_for(lambda: len(self.endpoint.seen("/" + GOOD)) > asked, "a poll after the pause")
        wait_for(lambda: not self.feed(GOOD)["paused"], "the end of the pause")


class Reload(Operator):
    LINE = {"kind": "municipality", "municipality": "GM0363", "interval": "7d", "allow_private": "yes"}

    def use(self, sources):
        self.daemon.write_sources(sources)
        self.assertEqual(self.daemon.control("POST", "/v1/reload").status, 200)

    def test_while_a_page_is_awaited(self):
        """The poll of a line that is gone, or of another address now, ends without effect; the feed begins anew."""
        answered = threading.Event()
        self.addCleanup(answered.set)

        def late(*_):
            answered.wait()
            return 200, {}, [dict(SIGNAL, id="late")]
        self.endpoint.paths["/late"] = late
        self.endpoint.paths["/new"] = lambda *_: (200, {}, [dict(SIGNAL, id="new")])
        gone, moved = (dict(self.LINE, name=name, url=self.endpoint.url("/late")) for name in ("gone", "moved"))
        self.use([*self.SOURCES, gone, moved])
        self.poll("gone")
        self.poll("moved")
        wait_for(lambda: len(self.endpoint.seen("/late")) == 2, "both polls are under way")
        # By another name: at most two connections to a host.
        moved["url"] = self.endpoint.url("/new").replace("127.0.0.1", "localhost")
        self.use([*self.SOURCES, moved])
        self.assertEqual(self.daemon.control("GET", "/v1/feeds/gone").status, 404)
        self.poll("moved")
        wait_for(lambda: self.feed("moved")["new"] == 1, "the signal of the new address")
        answered.set()
        self.use([*self.SOURCES, gone, moved])
        self.assertEqual(self.feed("gone")["lastSignal"], None)
        self.poll("gone")
        wait_for(lambda: self.feed("gone")["new"] == 1, "the signal of the line that is back")
        self.assertEqual(self.daemon.control("GET", "/v1/signals/moved/late").status, 404)
        self.use(self.SOURCES)
        self.assertEqual(self.daemon.control("GET", "/v1/feeds").json["polled"], 3)
        self.assert_whole()

    def test_asked_while_a_page_is_awaited(self):
        """A poll is not begun twice; a pause lets it end, and holds."""
        answered = threading.Event()
        self.addCleanup(answered.set)

        def late(*_):
            answered.wait()
            return 200, {}, [dict(SIGNAL, id="awaited")]
        self.endpoint.paths["/awaited"] = late
        self.use([*self.SOURCES, dict(self.LINE, name="busy", url=self.endpoint.url("/awaited"))])
        self.poll("busy")
        wait_for(lambda: self.endpoint.seen("/awaited"), "the poll is under way")
        self.assert_problem(self.daemon.control("POST", "/v1/feeds/busy/poll"), 409)
        self.assertEqual(self.daemon.control("POST", "/v1/feeds/busy/pause").status, 202)
        answered.set()
        wait_for(lambda: self.feed("busy")["state"] == "paused", "the end of the poll")
        self.assertEqual((self.feed("busy")["new"], self.feed("busy")["paused"]), (1, True))
        self.assertEqual(len(self.endpoint.seen("/awaited")), 1)

    def test_read_again_from_where_it_was_found(self):
        """Also when the feed is further by now; and not from a watermark of another address."""
        def since(path):
            return [query.get("since") for _, query, _ in self.endpoint.seen(path)]

        def entry():
            return wait_for(lambda: [e for e in self.quarantine() if e["source"] == "marked"], "an entry")[0]["number"]

        def retry(number):
            wait_for(lambda: self.daemon.control("POST", f"/v1/quarantine/{number}/retry").status == 202, "a retry")
        items = [dict(SIGNAL, id="c-1", updated="2017-05-01")]
        for path in ("/first", "/second"):
            self.endpoint.paths[path] = lambda query, *_: (
                200, {}, [item for item in items if item["updated"] > query.get("since", "")])
        marked = dict(self.LINE, name="marked", url=self.endpoint.url("/first"), cursor_param="since", cursor_field="updated")
        self.use([*self.SOURCES, marked])
        self.poll("marked")
        wait_for(lambda: self.feed("marked")["new"] == 1, "the first signal")
        items[:] = [dict(SIGNAL, id="c-2", reported="gisteren", updated="2017-09-01"),
                    dict(SIGNAL, id="c-3", updated="2017-10-01")]
        self.poll("marked")
        number = entry()
        self.poll("marked")
        wait_for(lambda: len(since("/first")) == 3, "a poll from the watermark on")
        retry(number)
        wait_for(lambda: len(since("/first")) == 4, "a poll from where it was")
        self.assertEqual(since("/first"), [None, "2017-05-01", "2017-10-01", "2017-05-01"])
        wait_for(lambda: entry() != number, "it is back")
        self.use([*self.SOURCES, dict(marked, url=self.endpoint.url("/second"))])
        retry(entry())
        wait_for(lambda: since("/second"), "a poll from the beginning")
        self.assertEqual(since("/second"), [None])


class Rights(Operator):
    @unittest.skipIf(os.getuid() != 0, "another user is needed")
    def test_who_may_change(self):
        script = ("import sys; sys.path.insert(0, sys.argv[1]); from harness import UnixConnection; "
                  "c = UnixConnection(sys.argv[2]); c.request(sys.argv[3], sys.argv[4]); print(c.getresponse().status)")
        os.chmod(self.daemon.directory, 0o755)
        os.chmod(self.daemon.control_path, 0o666)
        for method, path, status in (
                ("GET", "/v1/feeds", 200), ("GET", "/v1/quarantine", 200), ("POST", f"/v1/feeds/{GOOD}/poll", 403),
                ("POST", f"/v1/feeds/{GOOD}/pause", 403), ("POST", f"/v1/feeds/{GOOD}/resume", 403),
                ("POST", "/v1/quarantine/1/retry", 403), ("DELETE", "/v1/quarantine/1", 403), ("POST", "/v1/import", 403)):
            done = subprocess.run(["/usr/bin/python3", "-c", script, os.path.dirname(__file__), self.daemon.control_path,
                                   method, path], capture_output=True, text=True, timeout=60, check=False,
                                  user=NOBODY, group=NOBODY, extra_groups=[], cwd="/")
            self.assertEqual(done.stdout, f"{status}\n", (path, done.stderr))


class Quarantine(Operator):
    def test_mended_and_tried_again(self):
        self.make_flawed()
        # what another test had dropped may have been read once more before that
        wait_for(lambda: self.feed(FLAWED)["state"] not in ("fetching", "committing"), "the end of a poll")
        for left in self.quarantine():
            self.ctl("quarantine", "drop", str(left["number"]))
        self.poll(FLAWED)
        entry = wait_for(self.quarantine, "an entry")[0]
        wait_for(lambda: self.feed(FLAWED)["state"] == "waiting", "the end of the poll")
        self.assertEqual((entry["source"], entry["page"], entry["index"]), (FLAWED, False, 1))
        self.assertEqual([(r["pointer"], r["code"]) for r in entry["reasons"]], [("/occurred", "outOfRange")])
        body = self.daemon.control("GET", "/v1/quarantine").body
        self.assertNotIn(b"Anna", body)
        self.assertNotIn(b"999", body)
        self.assertEqual(self.daemon.metrics()["signaald_quarantined"], 1)
        self.assertIn("/occurred is outside the range allowed: expected a day from 1900 until now", self.ctl("quarantine")[0])

        # Still wrong: it comes back.
        asked = len(self.endpoint.seen("/" + FLAWED))
        self.assertIn("read again", self.ctl("quarantine", "retry", str(entry["number"]))[0])
        wait_for(lambda: len(self.endpoint.seen("/" + FLAWED)) > asked, "it is read again")
        back = wait_for(lambda: [e for e in self.quarantine() if e["number"] != entry["number"]], "it is back")[0]
        self.assertEqual(back["reasons"], entry["reasons"])

        self.items[FLAWED][1]["occurred"] = "2017-03-01"
        retry = f"/v1/quarantine/{back['number']}/retry"
        wait_for(lambda: self.daemon.control("POST", retry).status == 202, "another try")
        wait_for(lambda: self.daemon.control("GET", f"/v1/signals/{FLAWED}/f-2").status == 200, "the mended signal")
        wait_for(lambda: not self.quarantine(), "an empty quarantine")
        self.assert_whole()

    def test_dropped(self):
        self.items[FLAWED] = [dict(SIGNAL, id="f-3", reported="yesterday")]
        self.poll(FLAWED)
        entry = wait_for(lambda: [e for e in self.quarantine() if e["reasons"][0]["code"] == "badDate"], "an entry")[0]
        # what brought something new is read once more, and would bring it back
        wait_for(lambda: self.feed(FLAWED)["state"] not in ("fetching", "committing"), "the end of the poll")
        self.assertIn("dropped", self.ctl("quarantine", "drop", str(entry["number"]))[0])
        wait_for(lambda: entry["number"] not in [e["number"] for e in self.quarantine()], "it is gone")
        self.assertIn("no entry", self.ctl("quarantine", "drop", str(entry["number"]), expect=1)[1])


class Import(Case):
    SOURCES = [*Case.SOURCES, {"name": "den-haag", "kind": "municipality", "municipality": "GM0518"}]

    def ctl(self, *args, expect=0):
        return Operator.ctl(self, *args, expect=expect)

    def file(self, name, content):
        path = self.daemon.directory / name
        path.write_text(content)
        return str(path)

    def rows(self, name, count):
        return HEAD + "".join(f'{name}-{i},05-03-2017,gedwongen prostitutie,30,"a\nb; ""c"""\r\n' for i in range(count))

    def in_all(self):
        return self.daemon.counts("?by=year")["total"]

    def test_repeated_it_counts_once(self):
        before = self.in_all()
        path = self.file("a.csv", self.rows("a", 1700))
        text, _ = self.ctl("import", path, "--source", "den-haag", "--dry-run")
        self.assertRegex(text, r"(?m)^registered +1700$")
        self.assertEqual(self.in_all(), before)
        text, _ = self.ctl("import", path, "--source", "den-haag")
        self.assertRegex(text, r"(?m)^registered +1700$")
        self.assertEqual(self.in_all(), before + 1700)
        text, _ = self.ctl("import", path, "--source", "den-haag")
        self.assertRegex(text, r"(?m)^duplicate +1700$")
        self.assertEqual(self.in_all(), before + 1700)
        version = self.daemon.control("GET", "/v1/signals/den-haag/a-1699").json["versions"][0]
        self.assertEqual((version["municipality"], version["feed"], version["reported"]), ("GM0518", "push", "2017-03-05"))
        self.assert_whole()

    def test_verdicts_and_lines(self):
        good = self.rows("v", 3)
        self.ctl("import", self.file("v.csv", good), "--source", "den-haag")
        changed = good.replace("05-03-2017", "06-03-2017", 1) + "\r\nv-9,31-02-2017,x,30\r\n,,,\r\n,05-03-2017,x,300\r\n"
        text, fault = self.ctl("import", self.file("v.csv", changed), "--source", "den-haag", expect=1)
        shown = dict(re.findall(r"(?m)^(\w[\w ]*\w) +(\d+)$", text))
        self.assertEqual((shown["corrected"], shown["duplicate"], shown["refused"]), ("1", "2", "2"))
        lines = re.findall(r"(?m)^line (\d+): (/\S+) (\w+)", text)
        self.assertIn(("9", "/reported", "badDate"), lines)
        self.assertIn(("11", "/id", "required"), lines)
        self.assertEqual(fault, "")
        self.assert_whole()

    def test_ndjson(self):
        lines = "".join(json.dumps(dict(SIGNAL, id=f"n-{i}")) + "\n\n" for i in range(600)) + "{broken\n"
        text, _ = self.ctl("import", self.file("n.ndjson", lines), "--source", "coa", expect=1)
        self.assertRegex(text, r"(?m)^registered +600$")
        self.assertRegex(text, r"(?m)^line 1201: syntax: ")

    def test_nothing_is_stored_of_a_table_with_a_fault(self):
        before = self.in_all()
        good = self.rows("t", 700)
        for content, why in (
                (good.replace("reported", "gemeld", 1), "are not there: reported"),
                (good.replace("category", "vorm", 1), "are not there: category"),
                (good + "\r\nt-900,,Other,30\r\n", "a row has no date in column \"reported\": fill it in, or write may_be_missing: [reported] in the template"),
                (good + "\r\nTotaal: 700,,,\r\n", "a sum or a note"),
                (good + "\r\n* voorlopige cijfers\r\n", "a sum or a note"),
                (good + "\r\nt-3,07-03-2017,Other,30\r\n", "nothing was stored")):
            with self.subTest(why=why):
                text, fault = self.ctl("import", self.file("t.csv", content), "--source", "den-haag", expect=1)
                self.assertIn(why, text + fault)
                self.assertEqual(self.in_all(), before)
        self.assertRegex(text, r"(?m)^line 1403: /id conflict: line 8 has this id too, with other contents$")
        self.ctl("import", self.file("t.csv", "id,age\r\nt-9,30\r\n"), "--source", "den-haag", "--allow-missing")
        self.assertEqual(self.in_all(), before + 1)
        self.assert_whole()

    def test_a_record_that_is_too_large_costs_itself(self):
        big = "x" * 200000
        head, *rows = self.rows("w", 700).split("\r\n")
        lines = [json.dumps({"id": f"w-{i}-n", "reported": "2017-03-05", **({"note": big} if i == 2 else {})}) for i in range(600)]
        for name, content, first, last in (
                ("w.csv", "\r\n".join([head, *rows[:3], f"w-big,05-03-2017,\"{big[:100000]}\n{big}\",30", *rows[3:]]), 8, 9),
                ("w.ndjson", "\n".join(lines), 3, 3)):
            before = self.in_all()
            text, _ = self.ctl("import", self.file(name, content), "--source", "den-haag", expect=1)
            self.assertRegex(text, r"(?m)^refused +1$")
            self.assertIn(f"line {first}: tooLong: the record is larger than 128 KiB, up to line {last}", text)
            self.assertEqual(self.in_all(), before + (700 if name == "w.csv" else 599))
        self.assert_whole()

    def test_ids_that_all_end_in_zeros_are_told(self):
        warning = "each id of 16 digits or more ends in zeros"
        for ids, told in ((["2017123456789010", "2017123456789020"], True), (["20171234567890100"], True),
                          (["2017123456789010", "2017123456789021"], False), (["2017000"], False)):
            content = HEAD + "".join(f"{id},05-03-2017,Other,30,x\r\n" for id in ids)
            text, _ = self.ctl("import", self.file("z.csv", content), "--source", "den-haag", "--dry-run")
            self.assertEqual(warning in text, told, ids)
        answer = json.loads(self.ctl("--json", "import", self.file("z.csv", content), "--source", "den-haag", "--dry-run")[0])
        self.assertEqual((answer["longIds"], answer["roundedIds"]), (0, 0))

    def test_titles_and_what_people_write(self):
        rows = "".join(f"u-{i},05-03-2017,\"Other\r\n\",{age}\r\n" for i, age in enumerate(["30 jaar", "ca. 30", "onbekend"] * 200))
        content = "Meldingen 2017\r\n\r\nvoorlopig\r\n" + HEAD + rows
        text, _ = self.ctl("import", self.file("u.csv", content), "--source", "den-haag")
        self.assertRegex(text, r"(?m)^registered +600$")
        self.assertRegex(text, r"(?m)^unknown words +400$")
        self.assert_whole()

    def test_json(self):
        lines = [{"id": f"j-{i}", "reported": "2017-03-05"} for i in range(3)]
        text, _ = self.ctl("import", self.file("j.json", json.dumps(lines)), "--source", "coa")
        self.assertRegex(text, r"(?m)^registered +3$")
        text, _ = self.ctl("import", self.file("j.json", json.dumps([{"id": "j-9"}, *lines])), "--source", "coa", expect=1)
        self.assertRegex(text, r"(?m)^item 0: /reported required: ")
        self.assertRegex(text, r"(?m)^duplicate +3$")
        text, _ = self.ctl("import", self.file("j.json", json.dumps([{**lines[0], "status": "confirmed"}, *lines])),
                           "--source", "coa", expect=1)
        self.assertIn("conflict", text)
        self.assertRegex(text, r"(?m)^corrected +0$")

    def book(self, name, epoch=openpyxl.utils.datetime.WINDOWS_EPOCH, more=(), rows=()):
        """A workbook as offices keep them, in the format that the name ends in."""
        book = openpyxl.Workbook()
        book.epoch = epoch
        book.properties.creator = "Anna Secret"
        sheet = book.active
        sheet.title = "Meldingen; 2017"
        for row in (["Meldingen, 2017, voorlopig"], [], ["meldnummer", "meldingsdatum", "uitbuitingsvorm", "leeftijd", "notes"],
                    [201712345678, datetime.date(2017, 3, 5), "gedwongen prostitutie", 30.0, "a\nb; \"c\""],
                    [201712345679.0, datetime.datetime(2017, 3, 5, 13, 5), "gedwongen prostitutie", 17, None],
                    ["0012", "05-03-2017", "Other", "30 jaar", "x"], *rows):
            sheet.append(row)
        for title, row in (("Toelichting", ["Hoe u telt", "x"]), ("leeg", []), *more):
            book.create_sheet(title).append(row)
        path = self.daemon.directory / name
        book.save(path.with_suffix(".xlsx"))
        if path.suffix != ".xlsx":
            subprocess.run(["ssconvert", path.with_suffix(".xlsx"), path], check=True, stderr=subprocess.DEVNULL)
        return str(path)

    def of_book(self, *args, source, expect=0):
        return self.ctl("import", *args, "--source", source, "--template", "csv-excel", expect=expect)

    def test_workbooks(self):
        for source, (name, epoch) in zip(("den-haag", "coa"), (
                ("w.xlsx", openpyxl.utils.datetime.WINDOWS_EPOCH), ("m.xlsx", openpyxl.utils.datetime.MAC_EPOCH))):
            first = "registered"
            for path in (name, name.replace("xlsx", "ods"), name.replace("xlsx", "xls")):
                with self.subTest(path=path):
                    path = self.book(path, epoch)
                    os.rename(path, path := path + ".json")  # its bytes say what it is
                    text, fault = self.of_book(path, source=source)
                    self.assertRegex(text, rf"(?m)^{first} +3$")  # all forms say the same
                    self.assertRegex(text, r"(?m)^unused fields +3$")
                    self.assertIn('of several sheets "Meldingen; 2017" is read', fault)
                    self.assertNotIn("Secret", text + fault)
                    first = "duplicate"
            for number in ("201712345678", "201712345679", "0012"):
                version = self.daemon.control("GET", f"/v1/signals/{source}/{number}").json["versions"][0]
                self.assertEqual(version["reported"], "2017-03-05")
        self.assertEqual([p for p in os.listdir(tempfile.gettempdir()) if p.startswith("signaalctl-")], [])
        self.assert_whole()

    def test_a_sheet_of_several(self):
        before = self.in_all()
        head = ["meldnummer", "meldingsdatum", "uitbuitingsvorm"]
        path = self.book("s.xlsx", more=[("Maart", head), ("Maart (2)", ["x", *head])])
        _, fault = self.of_book(path, "--sheet", "April", source="den-haag", expect=1)
        self.assertIn('no such sheet; say --sheet NAME. These have something in them: "Meldingen; 2017", "Toelichting"', fault)
        _, fault = self.of_book(path, "--sheet", "toelichting", source="den-haag", expect=1)
        self.assertIn("there are no records", fault)
        text, _ = self.of_book(path, "--sheet", "meldingen; 2017", "-n", source="den-haag")
        self.assertRegex(text, r"(?m)^records +3$")
        path = self.book("t.xlsx", rows=[["0013", "yesterday", "Other"]], more=[("Maart", head)])
        text, fault = self.of_book(path, "-n", source="den-haag", expect=1)
        self.assertRegex(text, r"(?m)^line 7: /reported badDate")  # its row
        self.assertEqual(self.in_all(), before)
        for content, why in ((b"x" * 500, "gnumeric cannot read it within"), (b"", "gnumeric cannot read it within")):
            path = self.daemon.directory / "broken.xlsx"
            with zipfile.ZipFile(path, "w") as book:
                book.writestr("xl/workbook.xml", content)
            self.assertIn(why, self.ctl("import", str(path), "--source", "coa", expect=1)[1])
        _, fault = self.ctl("import", self.file("a.csv", self.rows("a", 1)), "--source", "coa", "--sheet", "x", expect=1)
        self.assertIn("is no workbook: leave --sheet out", fault)

    def test_refusals(self):
        body = HEAD + "x,05-03-2017,Other,3\r\n"
        for query, status in (
                ("", 400), ("?source=nobody", 404), ("?source=coa&template=nosuch", 400), ("?source=coa&format=csv", 400),
                ("?source=coa&template=csv&format=ndjson", 400), ("?source=coa&template=csv&dryRun=maybe", 400),
                ("?source=coa", 400)):
            with self.subTest(query=query):
                self.assert_problem(self.daemon.control("POST", "/v1/import" + query, body), status)
        self.assert_problem(self.daemon.control("POST", "/v1/import?source=coa&template=csv"), 400)
        answer = self.daemon.control("POST", "/v1/import?source=coa&template=csv", "a,b\r\n1,2\r\n")
        self.assert_problem(answer, 400)
        self.assertEqual(answer.json["errors"][0]["code"], "missingPlace")
        self.assertIn("are not there: id; write them in the template", answer.json["detail"])
        self.assertEqual(self.daemon.control("GET", "/v1/signals/coa/x").status, 404)

    def test_killed_on_the_way(self):
        """The daemon is killed in the middle; repeated, nothing is lost and nothing is double."""
        with Daemon(self.SOURCES) as daemon:
            path = daemon.directory / "k.csv"
            path.write_text(self.rows("k", 20000))
            command = [BUILD / "signaalctl", "--socket", daemon.control_path, "import", path, "--source", "den-haag"]
            with slow_commits(daemon.process, 0.05):
                first = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                wait_for(lambda: first.poll() is not None or daemon.status()["ledger"]["accepted"] > 1000, "some are in")
                daemon.kill()
            _, fault = first.communicate(timeout=60)
            self.assertEqual(first.returncode, 1)
            self.assertIn(b"Repeating the same command is safe", fault)
            daemon.start()
            self.assertLess(daemon.status()["ledger"]["accepted"], 20000)
            second = subprocess.run(command, capture_output=True, timeout=60, check=False)
            self.assertEqual(second.returncode, 0, second)
            self.assertEqual(daemon.counts("?by=year")["total"], 20000)
            self.assertEqual(daemon.status()["ledger"]["accepted"], 20000)

    def test_client_gone(self):
        """Who sends and leaves is no trouble."""
        for i in range(20):
            connection = UnixConnection(self.daemon.control_path)
            connection.request("POST", "/v1/import?source=coa&template=csv", HEAD + f"gone-{i},05-03-2017,Other,30\r\n")
            connection.close()
        self.ctl("import", self.file("gone.csv", self.rows("gone", 1)), "--source", "coa")
        self.assert_whole()

    def test_stopped_on_the_way(self):
        with Daemon(self.SOURCES) as daemon:
            path = daemon.directory / "s.csv"
            path.write_text(self.rows("s", 20000))
            command = [BUILD / "signaalctl", "--socket", daemon.control_path, "import", path, "--source", "den-haag"]
            first = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            wait_for(lambda: first.poll() is not None or daemon.status()["ledger"]["accepted"] > 1000, "some are in")
            daemon.process.send_signal(signal.SIGTERM)
            self.assertEqual(daemon.process.wait(60), 0, daemon.log())
            daemon.process = None
            first.communicate(timeout=60)
            daemon.start()
            subprocess.run(command, capture_output=True, timeout=60, check=True)
            self.assertEqual(daemon.counts("?by=year")["total"], 20000)


if __name__ == "__main__":
    unittest.main()
