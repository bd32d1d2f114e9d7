# SPDX-License-Identifier: EUPL-1.2
"""What a source no longer shows, over a real daemon: gone from a list that has all there is, or left out by its template.
Each list says how often it was read, so a test waits for whole polls and not for a time."""
import pathlib
import subprocess
import tempfile
import unittest

from harness import BUILD, ROOT, SIGNAL, Case, Daemon, Endpoint, wait_for

TEMPLATE = """
page:
  format: json
  items: /results
fields:
  id: /id
  reported: /reported
  category: /category
exclude:
  - {from: /queue, equals: closed}
"""


def item(name, **more):
    return {"id": name, **SIGNAL, **more}


def names(count, first=0):
    return [f"2017-{n:06d}" for n in range(first, first + count)]


class Absence(Case):
    daemon = None

    def setUp(self):
        self.endpoint = Endpoint()
        self.addCleanup(self.endpoint.close)
        self.items = [item(name) for name in names(10)]
        self.answer = lambda: (200, {}, self.items)
        self.endpoint.paths = {"/list": lambda _query, _headers, _number: self.answer()}

    def start(self, extra=None, **more):
        row = {"name": "list", "kind": "municipality", "municipality": "GM0363", "interval": "1s", "complete": "yes",
               "url": self.endpoint.url("/list"), "allow_private": "yes", "push": True, **more}
        self.daemon = Daemon([row], extra)
        self.addCleanup(self.daemon.close)
        self.daemon.start()
        return self.daemon

    def with_template(self):
        directory = self.daemon_directory()
        (directory / "listed.yaml").write_text(TEMPLATE)
        return {"tables": [f"templates: {directory}"]}

    def daemon_directory(self):
        directory = tempfile.TemporaryDirectory(prefix="signaald-test-")
        self.addCleanup(directory.cleanup)
        return pathlib.Path(directory.name)

    def ctl(self, *words):
        command = [BUILD / "signaalctl", "--socket", self.daemon.control_path, *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def feed(self):
        return self.daemon.control("GET", "/v1/feeds/list").json

    def total(self):
        return self.daemon.counts()["total"]

    def why(self, name):
        return self.daemon.control("GET", f"/v1/signals/list/{name}").json

    def wait_total(self, total):
        wait_for(lambda: self.total() == total, f"{total} signals count")

    def wait_polls(self, more=2):
        """So many polls begin after now, and the one under way now is over."""
        polls = self.feed()["polls"] + more + 1
        wait_for(lambda: self.feed()["polls"] >= polls, "it was polled again")

    def wait_missed(self, count):
        wait_for(lambda: self.feed()["missing"] == count, f"{count} are missing")

    def kinds(self):
        return [e["type"].split(".")[3] for e in self.daemon.events()]

    def test_gone_and_back(self):
        self.start()
        self.wait_total(10)
        gone = self.items.pop(3)
        self.wait_total(9)
        versions = self.why(gone["id"])["versions"]
        self.assertEqual([(v["verdict"], v["withdrawal"]) for v in versions], [("withdrawn", "gone"), ("registered", None)])
        self.assertEqual(self.kinds().count("withdrawn"), 1)
        self.assertEqual(self.why(names(1)[0])["lacked"], 0)
        self.assertEqual(self.feed()["withdrawn"], 1)
        text = self.ctl("why", "list", gone["id"])
        self.assertIn("gone from the source's complete list", text)
        self.assertIn("whole list", self.ctl("feeds", "list"))
        with self.subTest("back as it was: a correction"):
            self.items.append(gone)
            self.wait_total(10)
            self.assertEqual([v["verdict"] for v in self.why(gone["id"])["versions"]], ["corrected", "withdrawn", "registered"])
        with self.subTest("and gone again"):
            self.items.remove(gone)
            self.wait_total(9)
        self.assert_whole()

    def test_one_poll_says_nothing(self):
        self.start()
        self.wait_total(10)
        gone = self.items.pop()
        self.wait_missed(1)
        self.items.append(gone)
        self.wait_missed(0)
        self.assertEqual(self.kinds(), ["registered"] * 10)

    def test_not_modified_hides_no_absence(self):
        version = ["v1"]
        self.endpoint.paths = {"/list": lambda _query, headers, _number:
                               (304, {"ETag": version[0]}, b"") if headers.get("If-None-Match") == version[0]
                               else (200, {"ETag": version[0]}, self.items)}
        self.start()
        wait_for(lambda: self.feed()["notModified"] >= 2, "the list has not changed")
        self.items.pop()
        version[0] = "v2"
        self.wait_total(9)
        before = self.feed()["notModified"]
        wait_for(lambda: self.feed()["notModified"] > before, "the shorter list is kept as it is")
        self.assertEqual(self.total(), 9)

    def test_guard(self):
        self.items = [item(name) for name in names(40)]
        self.start()
        self.wait_total(40)
        self.items = self.items[:20]
        wait_for(lambda: self.feed()["gone"] == 20, "it is held")
        self.assertIn("gone from its list", self.feed()["failure"])
        self.assertIn("[S042] a complete list is suddenly short source=list gone=20", self.daemon.log())
        self.assertEqual(self.daemon.status()["feeds"]["held"], 1)
        self.assertEqual(self.daemon.metrics()["signaald_feeds_held"], 1)
        self.assertEqual(self.total(), 40)
        self.assertEqual(self.why("2017-000030")["lacked"], 2)
        self.assertIn("accept", self.ctl("feeds", "list"))
        with self.subTest("kept over a restart"):
            self.daemon.kill()
            self.daemon.start()
            self.assertEqual(self.feed()["gone"], 20)
        with self.subTest("an empty list more so"):
            self.items = []
            wait_for(lambda: self.feed()["gone"] == 40, "all of it is held")
            self.assertEqual(self.total(), 40)
            self.items = [item(name) for name in names(20)]
            wait_for(lambda: self.feed()["gone"] == 20, "some are back")
        with self.subTest("an operator lets them go"):
            wait_for(lambda: self.daemon.control("POST", "/v1/feeds/list/accept").status == 202, "it is not busy")
            self.wait_total(20)
            wait_for(lambda: self.feed()["failures"] == 0, "the feed is fine again")
        self.assertEqual(self.daemon.control("POST", "/v1/feeds/list/accept").status, 409)
        self.assert_whole()

    def test_empty_list_of_one(self):
        self.items = [item("2017-1")]
        self.start()
        self.wait_total(1)
        self.items = []
        wait_for(lambda: self.feed()["gone"] == 1, "it is held")
        self.assertEqual(self.total(), 1)

    def test_what_was_posted_is_not_in_the_list(self):
        self.start()
        self.wait_total(10)
        self.daemon.post("list", item("posted-1"))
        self.daemon.request("DELETE", f"/v1/signals/{names(1)[0]}",
                            headers={"Authorization": "Bearer token-of-list-0123456789abcdef"})
        self.items = self.items[1:]
        self.wait_polls()
        self.assertEqual(self.total(), 10)  # nine of the list, one posted
        self.assertEqual(self.why(names(1)[0])["versions"][0]["withdrawal"], "said")
        self.assert_whole()

    def test_erased(self):
        self.start()
        self.wait_total(10)
        name = self.items[0]["id"]
        self.assertIn(self.daemon.control("DELETE", f"/v1/signals/list/{name}").status, (200, 202))
        self.wait_polls()
        self.assertEqual(self.total(), 9)
        self.items = self.items[1:]
        self.wait_polls()
        self.assertEqual((self.total(), self.feed()["gone"], self.feed()["withdrawn"]), (9, 0, 0))
        self.assert_whole()

    def test_an_item_that_might_be_it(self):
        self.start()
        self.wait_total(10)
        with self.subTest("refused with its id: it is there"):
            good = self.items[0]
            self.items[0] = {**good, "reported": "gisteren"}
            self.wait_polls()
            self.assertEqual(self.total(), 10)
        with self.subTest("refused without: nobody knows"):
            self.items[0] = {**good, "id": 7.5}
            wait_for(lambda: "no id that can be read" in (self.feed()["failure"] or ""), "it is told")
            self.wait_polls()
            self.assertEqual(self.total(), 10)
        with self.subTest("mended"):
            self.items[0] = good
            wait_for(lambda: self.feed()["failures"] == 0, "the feed is fine again")
            self.assertEqual(self.kinds(), ["registered"] * 10)

    def test_a_poll_that_fails_withdraws_nothing(self):
        self.start()
        self.wait_total(10)
        broken = [b'[{"id": "2017-000001", "reported": "2017-03-0', b"<html>", b'{"error": "no"}', b"", b"[{}]"]
        for body in broken:
            self.answer = lambda body=body: (200, {}, body)
            failed = self.daemon.metrics()["signaald_poll_failures_total"]
            wait_for(lambda: self.daemon.metrics()["signaald_poll_failures_total"] >= failed + 2, "it fails twice")
            self.daemon.control("POST", "/v1/feeds/list/poll")
        self.answer = lambda: (200, {}, self.items)
        self.wait_polls()
        self.assertEqual((self.total(), self.kinds()), (10, ["registered"] * 10))

    def test_pages_that_shift(self):
        """Two items swap places between two pages: one comes twice, one not at all; the next time another."""
        self.items = [item(name) for name in names(20)]

        def answer(query, _headers, number):
            page = int(query.get("page", 1))
            order = list(range(20))
            if page == 2:
                a = number // 2 % 10
                order[a], order[10 + a] = order[10 + a], order[a]
            chosen = [self.items[n] for n in order[:10] if page == 1] or [self.items[n] for n in order[10:]]
            return 200, {"Link": '<?page=2>; rel="next"'} if page == 1 else {}, chosen
        self.endpoint.paths = {"/list": answer}
        self.start()
        self.wait_total(20)
        wait_for(lambda: self.feed()["missing"] >= 1, "one hides")
        self.wait_polls(4)
        self.assertEqual((self.total(), self.kinds()), (20, ["registered"] * 20))

    def test_complete_later(self):
        self.start(complete="")
        self.wait_total(10)
        self.items = self.items[:8]
        self.wait_polls()
        self.assertEqual(self.total(), 10)
        self.daemon.stop()
        row = {"name": "list", "kind": "municipality", "municipality": "GM0363", "interval": "1s", "complete": "yes",
               "url": self.endpoint.url("/list"), "allow_private": "yes", "push": True}
        self.daemon.write_sources([row])
        self.daemon.start()
        self.wait_total(8)
        self.assert_whole()

    def test_left_out(self):
        for complete in ("", "yes"):
            with self.subTest(complete=complete):
                self.items = [item(name) for name in names(4)]
                self.answer = lambda: (200, {}, {"results": self.items})
                self.start(self.with_template(), template="listed", complete=complete)
                self.wait_total(4)
                self.items[2] = {**self.items[2], "queue": "closed"}
                self.items.append(item("never-counted", queue="closed"))
                self.wait_total(3)
                self.assertEqual(self.why("2017-000002")["versions"][0]["withdrawal"], "leftOut")
                self.assertEqual(self.daemon.control("GET", "/v1/signals/list/never-counted").status, 404)
                self.items[2] = item("2017-000002")
                self.wait_total(4)
                self.assertEqual(self.kinds(), ["registered"] * 4 + ["withdrawn", "corrected"])
                self.assert_whole()
                self.daemon.stop()

    def test_left_out_and_there_is_a_conflict(self):
        """Which of both holds nobody can say: nothing is withdrawn, and it is told."""
        self.answer = lambda: (200, {}, {"results": self.items})
        self.items = self.items[:4]
        self.start(self.with_template(), template="listed")
        self.wait_total(4)
        for at in (0, 4):
            self.items.insert(at, item("2017-000002", queue="closed"))
            self.wait_polls()
            self.assertEqual((self.total(), self.kinds()), (4, ["registered"] * 4))
            reasons = [r["code"] for q in self.daemon.control("GET", "/v1/quarantine").json["entries"] for r in q["reasons"]]
            self.assertEqual(set(reasons), {"conflict"})
            del self.items[at]
        self.assert_whole()

    def test_left_out_of_an_import(self):
        self.start(self.with_template(), url="", complete="", interval="")
        directory = self.daemon_directory()
        (directory / "listed.yaml").write_text(TEMPLATE.replace("json", "ndjson").replace("  items: /results\n", ""))
        self.daemon.stop()
        self.daemon.extra = {"tables": [f"templates: {directory}"]}
        self.daemon.write_config()
        self.daemon.start()

        def bring(*lines):
            return self.daemon.control("POST", "/v1/import?source=list&template=listed&format=ndjson", "\n".join(lines))
        line = '{"id": "2017-1", "reported": "2017-03-05", "category": "x"%s}'
        self.assertEqual(bring(line % "").status, 200)
        self.wait_total(1)
        for lines in ((line % "", line % ', "queue": "closed"'), (line % ', "queue": "closed"', line % "")):
            self.assertEqual(bring(*lines).json["results"][0]["errors"][0]["code"], "conflict")
        self.assertEqual(self.total(), 1)
        self.assertEqual(bring(line % ', "queue": "closed"').json["excluded"], 1)
        self.wait_total(0)
        self.assertEqual(self.kinds(), ["registered", "withdrawn"])

    def test_many_over_a_crash(self):
        """A list that loses a fifth while the daemon is killed again and again: each goes once."""
        self.items = [item(name) for name in names(3000)]
        self.start()
        self.wait_total(3000)
        self.items = self.items[600:]
        for _ in range(4):
            wait_for(lambda: self.feed()["polls"] >= 1 and self.feed()["pages"] >= 1, "it is polled")
            self.daemon.kill()
            self.daemon.start()
        self.wait_total(2400)
        self.assertEqual(self.kinds().count("withdrawn"), 600)
        self.assert_whole()

    def test_check_config(self):
        rows = [{"name": "windows", "kind": "coa", "url": "https://a.example.nl/r", "template": "open311", "complete": "yes"},
                {"name": "overlap", "kind": "coa", "url": "https://a.example.nl/r", "template": "signalen", "complete": "yes",
                 "secret_file": "secret"},
                {"name": "cursor", "kind": "coa", "url": "https://a.example.nl/r", "cursor_param": "since",
                 "cursor_field": "updated", "complete": "yes"},
                {"name": "posts", "kind": "coa", "complete": "yes"}]
        daemon = Daemon(rows)
        self.addCleanup(daemon.close)
        (daemon.directory / "secret").write_text("token\n")
        (daemon.directory / "secret").chmod(0o600)
        told = subprocess.run([BUILD / "signaald", "-c", daemon.config_path, "--check-config"], capture_output=True, text=True,
                              check=False, cwd=ROOT)
        self.assertEqual(told.returncode, 2)
        faults = [line for line in told.stderr.splitlines() + told.stdout.splitlines() if "complete:" in line]
        self.assertEqual(len(faults), 4, told)


if __name__ == "__main__":
    unittest.main()
