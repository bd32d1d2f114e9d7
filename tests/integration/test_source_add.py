# SPDX-License-Identifier: EUPL-1.2
"""signaalctl source add: from a municipality's mail to its first signal, all or nothing, and every other byte of sources.csv stays."""
import fcntl
import hashlib
import json
import os
import pty
import select
import subprocess
import unittest

import harness
from harness import BUILD, ROOT, SIGNAL, Endpoint, Fresh, wait_for

PAGE = [{"id": "2017-000123", "reported": "2017-03-05", "category": "gedwongen prostitutie"}]
SECRET = "s3cret-of-the-endpoint"
# A template that authenticates: page and fields are our own.
BEARER = """\
page:
  format: json
  dates: iso
fields:
  id: /id
  reported: /reported
  category: /category
auth:
  kind: bearer
"""


class SourceAdd(Fresh):
    SOURCES = [{"name": "coa", "kind": "coa", "push": True}]

    def setUp(self):
        super().setUp()
        self.endpoint = Endpoint()
        self.addCleanup(self.endpoint.close)
        self.table = self.daemon.directory / "sources.csv"
        self.templates = self.daemon.directory / "templates"
        self.templates.mkdir()
        for file in (ROOT / "conf/templates").iterdir():
            (self.templates / file.name).write_bytes(file.read_bytes())
        (self.templates / "own.yaml").write_text(BEARER)
        config = self.daemon.config_path.read_text()
        self.daemon.config_path.write_text(config.replace(f"templates: {ROOT}/conf/templates", f"templates: {self.templates}"))
        self.daemon.start()

    def ctl(self, *args, expect=0, stdin=""):
        done = subprocess.run([str(BUILD / "signaalctl"), "--socket", self.daemon.control_path, *args], input=stdin, capture_output=True,
                              text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, expect, done)
        return done.stdout if expect == 0 else done.stderr

    def add(self, *args, **more):
        return self.ctl("source", "add", "--config", str(self.daemon.config_path), *args, **more)

    def add_json(self, *args, **more):
        return json.loads(self.add("--json", *args, **more))

    def state(self):
        """All that a failed attempt may not change."""
        return {p.name: (p.stat().st_ino, p.stat().st_mode, p.read_bytes()) for p in self.daemon.directory.iterdir()
                if p.is_file() and p.name not in ("log",)}

    def refused(self, *args, **more):
        before = self.state()
        told = self.add(*args, **more)
        self.assertEqual(self.state(), before)
        return told

    def serve(self, page, **want):
        self.endpoint.paths["/s"] = lambda _query, headers, _number: (
            200 if all(headers.get(name) == value for name, value in want.items()) else 401, {"Content-Type": "application/json"}, page)

    def test_from_nothing_to_why(self):
        made = self.add_json("--municipality", "Amsterdam", "--way", "push")
        self.assertEqual((made["name"], made["line"], made["written"]), ("gm0363-amsterdam", 3, True))
        self.assertTrue(made["reload"]["changed"])
        answer = self.daemon.request("POST", "/v1/signals", json.dumps({"id": "2017-000123", **SIGNAL}),
                                     {"Authorization": f"Bearer {made['token']}", "Content-Type": "application/json"})
        self.assertEqual(answer.status, 201)
        self.assertIn("registered", self.ctl("why", "gm0363-amsterdam", "2017-000123"))
        text = self.table.read_text()
        self.assertNotIn(made["token"], text + self.daemon.log())
        self.assertIn(hashlib.sha256(made["token"].encode()).hexdigest(), text)

    def test_every_other_byte_stays(self):
        self.table.write_bytes("# Bron: Café\r\nkind,silent_days,tokens,name,municipality,person\r\ncoa,,,coa,,\r\n# einde".encode())
        self.table.chmod(0o640)
        before = self.table.read_bytes()
        said = self.add("coa-west", "--kind", "coa", "--way", "push", "--set", "silent_days=30")
        self.assertIn("its token, shown only now: ", said)
        after = self.table.read_bytes()
        token = said.split("shown only now: ")[1].strip()
        self.assertEqual(after, before + b"\n" + f"coa,30,{hashlib.sha256(token.encode()).hexdigest()},coa-west,,\r\n".encode())
        self.assertEqual(self.table.stat().st_mode & 0o7777, 0o640)
        self.assertEqual([p for p in self.daemon.directory.iterdir() if p.name.startswith("sources.csv.")], [])

    def test_a_link_stays_one(self):
        real = self.daemon.directory / "real.csv"
        self.table.rename(real)
        self.table.symlink_to("real.csv")
        self.add("a", "--kind", "ngo", "--way", "file")
        self.assertTrue(self.table.is_symlink())
        self.assertIn("\na,ngo,", real.read_text())

    def test_polled(self):
        self.serve(PAGE, Authorization=f"Bearer {SECRET}")
        said = self.add("--municipality", "gm0193", "--url", self.endpoint.url("/s"), "--template", "own", "--secret-file", "zwolle.token",
                        "--set", "allow_private=yes", "--set", "interval=1s", stdin=SECRET + "\n")
        secret = self.daemon.directory / "zwolle.token"
        self.assertEqual((secret.stat().st_mode & 0o7777, secret.read_text()), (0o600, SECRET + "\n"))
        self.assertIn("2017-000123", said)
        self.assertNotIn(SECRET, said + self.table.read_text())
        wait_for(lambda: self.daemon.status()["intake"]["registered"] == 1, "the signal is here")
        self.assertIn("registered", self.ctl("why", "gm0193-zwolle", "2017-000123"))

    def test_refused_and_nothing_stays(self):
        self.serve(PAGE)
        url = self.endpoint.url("/s")
        with self.subTest("a name that is there"):
            self.assertIn("name: already in line 2", self.refused("coa", "--kind", "coa", "--way", "push", expect=1))
        with self.subTest("all faults, none with its value"):
            told = self.refused("Zeer.Geheim!", "--kind", "x", "--way", "push", "--set", "silent_days=vaak", expect=1)
            for column in ("name: ", "kind: ", "silent_days: "):
                self.assertIn(f"{self.table}:3: {column}", told)
            self.assertNotIn("Geheim", told)
        with self.subTest("nobody answers"):
            self.refused("a", "--kind", "ngo", "--url", "http://127.0.0.1:9/", "--set", "allow_private=yes", expect=1)
        with self.subTest("the secret goes too"):
            self.serve(PAGE, Authorization="Bearer another")
            told = self.refused("a", "--kind", "ngo", "--url", url, "--template", "own", "--secret-file", "new.token", "--set", "allow_private=yes",
                                expect=1, stdin=SECRET)
            self.assertIn("HTTP status 401", told)
            self.assertNotIn(SECRET, told)
        with self.subTest("a server that is not there"):
            (self.daemon.directory / "key").write_text("-----BEGIN PRIVATE KEY-----")
            (self.daemon.directory / "key").chmod(0o600)
            told = self.refused("a", "--kind", "ngo", "--url", "sftp://127.0.0.1:9/out/", "--template", "csv", "--set", "ssh_user=x",
                                "--set", "ssh_key_file=key", "--set", f"ssh_host_key=SHA256:{'A' * 43}", expect=1)
            self.assertIn("with --untried it is written all the same", told)
        with self.subTest("of the page nothing is good"):
            self.serve([{"id": "1", "reported": "gisteren"}])
            self.refused("a", "--kind", "ngo", "--url", url, "--set", "allow_private=yes", expect=1)
        with self.subTest("a column that the table lacks"):
            self.assertIn("has no column complete", self.refused("a", "--kind", "ngo", "--way", "push", "--set", "complete=yes", expect=1))
        with self.subTest("a line in a cell"):
            self.refused("a", "--kind", "ngo", "--way", "push", "--set", "event_source=a\nb,ngo", expect=1)
        for args in (["a"], ["a", "--kind", "ngo"], ["a", "--kind", "ngo", "--way", "pull"], ["a", "--kind", "ngo", "--way", "poll"],
                     ["--way", "push"], ["--municipality", "Nergenshuizen", "--way", "push"], ["a", "--kind", "ngo", "--way", "push", "--set", "x"],
                     ["a", "--kind", "ngo", "--way", "push", "--url", url]):
            with self.subTest(args):
                self.refused(*args, expect=2)

    def test_untried(self):
        self.add("a", "--kind", "ngo", "--url", "http://127.0.0.1:9/", "--set", "allow_private=yes", "--untried")
        self.assertIn("\na,ngo,", self.table.read_text())

    def test_undone_when_the_daemon_says_no(self):
        config = self.daemon.config_path.read_text()
        self.daemon.config_path.write_text(config.replace("kafka:\n", "kafka:\n  topic: other\n"))
        token = self.daemon.directory / "t"
        told = self.refused("a", "--kind", "ngo", "--way", "push", "--token-file", str(token), expect=1)
        self.assertIn("topic", told)
        self.assertIn("is as it was", told)

    def test_without_a_daemon(self):
        self.daemon.stop()
        self.assertIn("--no-reload", self.refused("a", "--kind", "ngo", "--way", "push", expect=1))
        token = self.daemon.directory / "t"
        made = self.add_json("a", "--kind", "ngo", "--way", "push", "--no-reload", "--token-file", str(token))
        self.assertEqual((made["token"], made["reload"], token.stat().st_mode & 0o7777), (None, None, 0o600))
        self.assertIn(hashlib.sha256(token.read_text().strip().encode()).hexdigest(), self.table.read_text())
        self.daemon.start()

    def test_dry_run(self):
        self.serve(PAGE)
        before = self.state()
        made = self.add_json("a", "--kind", "ngo", "--url", self.endpoint.url("/s"), "--set", "allow_private=yes", "--dry-run")
        self.assertEqual((made["items"], made["good"], made["written"], made["reload"]), (1, 1, False, None))
        self.assertNotIn("token", self.add("b", "--kind", "ngo", "--way", "push", "--dry-run"))
        self.assertEqual(self.state(), before)

    def test_a_sample_of_what_it_posts(self):
        sample = self.daemon.directory / "sample.json"
        sample.write_text(json.dumps(PAGE))
        said = self.add("a", "--kind", "ngo", "--way", "push", "--sample", str(sample))
        self.assertIn("2017-000123", said)

    def test_one_at_a_time(self):
        with open(self.table) as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            self.assertIn("somebody else", self.refused("a", "--kind", "ngo", "--way", "push", expect=1))

    def test_asked_on_a_terminal(self):
        self.serve(PAGE, Authorization=f"Bearer {SECRET}")
        shown, status = self.converse(
            [("Municipality", "Zwolle"), ("Name", ""), ("Kind", ""), ("Way", "poll"), ("URL", self.endpoint.url("/s")), ("Template", "own"),
             ("File for its secret", "zwolle.token"), ("Secret", SECRET), ("Write this line", "y")], "--set", "allow_private=yes")
        self.assertEqual(status, 0, shown)
        self.assertNotIn(SECRET, shown)
        self.assertIn("gm0193-zwolle", self.table.read_text())

    def test_who_says_no_changes_nothing(self):
        before = self.state()
        shown, status = self.converse([("Municipality", ""), ("Name", "a"), ("Kind", "ngo"), ("Way", ""), ("Template", ""),
                                       ("Write this line", "")])
        self.assertEqual(status, 1, shown)
        self.assertEqual(self.state(), before)

    def converse(self, answers, *args):
        ours, theirs = pty.openpty()
        process = subprocess.Popen([str(BUILD / "signaalctl"), "--socket", self.daemon.control_path, "source", "add", "--config",
                                    str(self.daemon.config_path), *args], stdin=theirs, stdout=theirs, stderr=theirs)
        os.close(theirs)
        shown = ""
        for question, answer in answers:
            shown += self.read_until(ours, question)
            shown += self.read_until(ours, ": ")
            os.write(ours, (answer + "\n").encode())
        shown += self.read_until(ours, None)
        os.close(ours)
        return shown, process.wait(60)

    def read_until(self, terminal, wanted):
        shown = ""
        while wanted is None or wanted not in shown:
            if not select.select([terminal], [], [], harness.PATIENCE_S)[0]:
                self.fail(f"it never said {wanted}: {shown}")
            try:
                piece = os.read(terminal, 1 if wanted else 4096)
            except OSError:  # the other side has closed
                piece = b""
            if not piece:
                self.assertIsNone(wanted, shown)
                break
            shown += piece.decode(errors="replace")
        return shown


if __name__ == "__main__":
    unittest.main()
