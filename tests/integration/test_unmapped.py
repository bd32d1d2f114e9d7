# SPDX-License-Identifier: EUPL-1.2
"""Words that the tables lack: what an operator sees of them, and what becomes of the signals that had them once a table
has got the word."""
import collections
import contextlib
import http.client
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest

import ctl_fake
from faults import ENVIRONMENT, slow_commits
from harness import BUILD, ROOT, Daemon, Fresh, UnixConnection, counts_by, wait_for

AMSTERDAM, COA = "gm0363-amsterdam", "coa"
NOBODY = 65534
MANY = 12000  # signals, six pieces
COMMIT_S = 0.2  # while it is looked at what goes on between them
LEFT = 120  # of them, with a word that stays unknown
WORD = "gedwongen koeriers"
NAME = "Fatima el Amrani-Zwart"


def item(name, category, **more):
    return {"id": name, "reported": "2017-03-05", "category": category, **more}


class Words(Fresh):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="signaald-test-"))
        for name in ("categories.csv", "name-variants.csv"):
            shutil.copy(ROOT / "conf" / name, self.directory)
        (self.directory / "display-allowlist.txt").write_text("gedwongen\nkoeriers\n")
        self.daemon = Daemon(self.SOURCES, {"tables": [
            f"categories: {self.directory}/categories.csv", f"name_variants: {self.directory}/name-variants.csv",
            f"display_allowlist: {self.directory}/display-allowlist.txt"]}, self.directory)
        self.daemon.start(env=ENVIRONMENT)

    def add(self, table, *rows):
        """Adds rows to a table and has it read."""
        with open(self.directory / table, "a", encoding="utf-8") as file:
            file.writelines(row + "\n" for row in rows)
        self.assertEqual(self.daemon.control("POST", "/v1/reload").status, 200)

    def post(self, source, *items):
        answer = self.daemon.post(source, list(items))
        self.assertEqual(answer.status, 200, answer.body)
        return [result["verdict"] for result in answer.json["results"]]

    def words(self, query=""):
        return self.daemon.control("GET", "/v1/unmapped" + query).json["unmapped"]

    def remap(self, query=""):
        answer = self.daemon.control("POST", "/v1/remap" + query)
        self.assertEqual(answer.status, 200, answer.body)
        return answer.json["looked"], answer.json["changed"]

    def categories(self):
        return {label: number for (label,), number in counts_by(self.daemon, "category").items()}

    def latest(self, source, name):
        return self.daemon.control("GET", f"/v1/signals/{source}/{name}").json["versions"][0]

    def ctl(self, *args, status=0):
        done = subprocess.run([BUILD / "signaalctl", "--socket", self.daemon.control_path, *args], capture_output=True,
                              text=True, timeout=60)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stdout

    def test_a_word_is_added(self):
        items = [item("2017-1", WORD), item("2017-2", "Gedwongen  KOERIERS!", municipality="Weesp"),
                 item("2017-3", WORD, person={"name": "Jan de Vries", "birthDate": "1990-05-17"})]
        self.post(AMSTERDAM, *items)
        self.post(COA, item("2017-4", WORD, person={"name": "J. de Vries", "birthDate": "1990-05-17"}))
        self.assertEqual(self.categories(), {"Unknown": 4})
        self.assertEqual([(w["times"], w["source"], w["field"], w["word"], w["letters"], w["tokens"])
                          for w in self.words()],
                         [(3, AMSTERDAM, "category", WORD, 17, 2), (1, COA, "category", WORD, 17, 2)])
        self.assertEqual(len({w["handle"] for w in self.words()}), 1)
        self.assertEqual([w["times"] for w in self.words(f"?source={COA}")], [1])
        table = self.ctl("unmapped")
        self.assertRegex(table, rf"3\s+{AMSTERDAM}\s+category\s+{WORD}\s+20")
        self.assertIn("signaalctl reload && signaalctl remap", " ".join(table.split()))
        before = self.daemon.events()
        self.assertEqual(self.remap(), (4, 0))  # the tables are as they were

        self.add("categories.csv", f"{WORD},ForcedCriminality")
        self.assertEqual(self.ctl("remap", "--dry-run"), "4 of 4 signals with unknown words would change\n")
        self.assertEqual((self.daemon.events(), self.categories()), (before, {"Unknown": 4}))
        self.assertEqual(self.ctl("remap"), "4 of 4 signals with unknown words changed\n")
        self.assertEqual(self.categories(), {"ForcedCriminality": 4})
        self.assert_whole()
        self.assertEqual(self.words(), [])
        self.assertEqual(self.ctl("unmapped"), "the tables lack no word\n")

        events = self.daemon.events()
        self.assertEqual(events[:4], before)
        for old, new in zip(before, events[4:], strict=True):
            self.assertTrue(new["type"].endswith(".signal.corrected.v1"))
            data, was = new["data"], old["data"]
            self.assertEqual(data["previous"]["categories"], ["Unknown"])
            self.assertEqual((data["version"], data["categories"]), (2, ["ForcedCriminality"]))
            for key in ("signal", "source", "municipality", "reported", "occurred", "received", "victim", "status"):
                self.assertEqual(data[key], was[key], key)
        self.assertEqual(events[5]["data"]["municipality"]["asReported"], "Weesp")
        self.assertEqual([len(e["data"]["linked"]) for e in events[4:]], [0, 0, 1, 1])
        self.assertEqual(self.daemon.counts()["persons"], 3)
        self.assertEqual(self.latest(AMSTERDAM, "2017-1")["feed"], "remap")

        # delivered again they say nothing new, after a restart as well
        self.assertEqual(self.post(AMSTERDAM, *items), ["duplicate"] * 3)
        self.assertEqual(self.remap(), (0, 0))
        self.daemon.stop()
        self.daemon.start()
        self.assertEqual(self.post(AMSTERDAM, *items), ["duplicate"] * 3)
        self.assertEqual(self.categories(), {"ForcedCriminality": 4})
        self.assertEqual(self.daemon.metrics()["signaald_remapped_total"], 4)
        # and what they say otherwise is a correction
        self.assertEqual(self.post(AMSTERDAM, item("2017-1", "gedwongen prostitutie")), ["corrected"])
        self.assertEqual(self.latest(AMSTERDAM, "2017-1")["version"], 3)
        self.assert_whole()

    def test_several_words(self):
        self.post(COA, item("2017-1", [WORD, "iets"]), item("2017-2", [WORD, "onbekend"]), item("2017-3", [WORD]),
                  item("2017-4", WORD))
        self.post(COA, {"id": "2017-4", "withdrawn": True})
        self.add("categories.csv", f"{WORD},ForcedCriminality")
        self.assertEqual(self.remap(), (3, 3))
        self.assertEqual([self.latest(COA, f"2017-{n}")["categories"] for n in (1, 2, 3)],
                         [["ForcedCriminality", "Unknown"], ["ForcedCriminality", "Unknown"], ["ForcedCriminality"]])
        self.assertEqual(self.latest(COA, "2017-4")["verdict"], "withdrawn")
        self.assertEqual(self.daemon.counts()["total"], 3)
        self.assert_whole()
        self.add("categories.csv", "iets,ForcedBegging")
        self.assertEqual(self.remap(), (1, 1))
        self.assertEqual(self.latest(COA, "2017-1")["categories"], ["ForcedCriminality", "ForcedBegging"])
        self.assert_whole()

    def test_a_municipality_is_added(self):
        self.post(COA, item("2017-1", "gedwongen prostitutie", municipality="MOKUM"),
                  item("2017-2", WORD, municipality="Mokum"),
                  item("2017-3", "gedwongen prostitutie", municipality="Bergen"))
        self.assertEqual(counts_by(self.daemon, "municipality"), {("unknown",): 3})
        self.add("name-variants.csv", "Mokum,GM0363")
        self.assertEqual(self.remap(), (3, 2))
        self.assertEqual(counts_by(self.daemon, "municipality"), {("GM0363",): 2, ("unknown",): 1})
        self.assertEqual(counts_by(self.daemon, "province"), {("PV27",): 2, ("unknown",): 1})
        event = self.daemon.events()[3]
        self.assertEqual(event["data"]["municipality"],
                         {"code": "GM0363", "name": "Amsterdam", "asReported": "Mokum", "today": "GM0363"})
        self.assertEqual(event["partitionkey"], COA)  # where its first version is
        self.assertEqual({(w["field"], w["times"]) for w in self.words()}, {("category", 1), ("municipality", 1)})
        self.assert_whole()

    def test_a_name_is_never_shown(self):
        self.post(COA, item("2017-1", NAME, municipality="Piet Kromhout", victim={"gender": "Truus Bakvis"}),
                  item("2017-2", [WORD, "gedwongen Fatima"]))
        words = self.words()
        self.assertEqual({w["field"]: w["word"] for w in words if w["word"]}, {"category": WORD})
        self.assertEqual(sorted(w["letters"] for w in words if not w["word"]), [11, 12, 15, 19])
        table = self.ctl("unmapped")
        self.assertIn("(not shown: 19 letters)", table)
        self.daemon.control("GET", "/metrics")
        # one who guesses it is told, and it is not said again
        asked = self.ctl("unmapped", "--is", NAME.upper())
        self.assertRegex(asked, r"1\s+coa\s+category\s+\(not shown: 19 letters\)")
        self.assertEqual(self.ctl("unmapped", "--is", "Fatima", status=1), "no entry is this word\n")
        self.assertIn(WORD, self.ctl("unmapped", "--is", "Gedwongen-koeriers"))
        told = self.daemon.control("GET", "/v1/unmapped?is=Truus+Bakvis")
        self.assertEqual([(w["field"], w["word"]) for w in told.json["unmapped"]], [("gender", None)])
        self.assertEqual(self.words("?is=Truus+Bakvis&source=gm0363-amsterdam"), [])
        self.daemon.stop()
        self.daemon.start()
        everything = (json.dumps(words) + table + asked + told.body.decode() + self.daemon.log()).encode()
        everything += b"".join(path.read_bytes() for path in sorted(self.daemon.state.iterdir()) if path.is_file())
        for part in (b"amrani", b"fatima", b"kromhout", b"bakvis", b"truus"):
            self.assertNotIn(part, everything.lower())
        self.assertIn(WORD.encode(), everything)  # so it would have been found

    def test_limits(self):
        batch = [item(f"2017-{n}", [f"w{n}x{k}" for k in range(8)]) for n in range(70)]
        self.post(COA, *batch)
        answer = self.daemon.control("GET", "/v1/unmapped").json
        self.assertEqual((len(answer["unmapped"]), answer["total"], answer["notKept"]), (500, 500, 60))
        self.post(AMSTERDAM, item("2017-1", "nog iets"))  # one source does not take the room of others
        self.assertEqual(len(self.words(f"?source={AMSTERDAM}")), 1)
        self.assertIn("60 times a word was not kept", self.ctl("unmapped"))
        metrics = self.daemon.metrics()
        self.assertEqual(metrics["signaald_unmapped_not_kept_total"], 60)
        self.assertEqual(metrics["signaald_unmapped"], 501)
        # what is not kept as a word is known by its signal all the same
        self.add("categories.csv", *(f"w69x{k},ForcedBegging" for k in range(8)))
        self.assertEqual(self.remap(), (71, 1))
        self.assertEqual(self.categories(), {"Unknown": 70, "ForcedBegging": 1})

    def post_many(self):
        for first in range(0, MANY, 6000):
            self.post(COA, *(item(f"2017-{n}", WORD if n % 100 else [WORD, "iets"])
                             for n in range(first, first + 6000)))
        self.add("categories.csv", f"{WORD},ForcedCriminality")

    def await_first_piece(self):
        wait_for(lambda: self.daemon.metrics()["signaald_remapped_total"] > 0, "the first piece")

    def assert_all_changed_once(self):
        self.assertEqual(self.categories(), {"ForcedCriminality": MANY, "Unknown": LEFT})
        versions = collections.Counter((e["data"]["signal"], e["data"]["version"]) for e in self.daemon.events())
        self.assertEqual(len(versions), 2 * MANY)
        self.assertEqual(max(versions.values()), 1)
        self.assertEqual({version for _, version in versions}, {1, 2})
        self.assertEqual(self.daemon.metrics()["signaald_remapped_total"], MANY)
        self.assert_whole()

    def test_many_go_in_pieces_one_run_at_a_time(self):
        self.post_many()
        connection = UnixConnection(self.daemon.control_path, 120)
        self.addCleanup(connection.close)
        with slow_commits(self.daemon.process, COMMIT_S):
            connection.request("POST", "/v1/remap")
            self.await_first_piece()
            self.assert_problem(self.daemon.control("POST", "/v1/remap?dryRun=1"), 409)  # while that runs
            self.assertEqual(self.post(AMSTERDAM, item("2018-1", WORD)), ["registered"])  # by the tables in force
        self.assertEqual(json.loads(connection.getresponse().read()),
                         {"dryRun": False, "looked": MANY, "changed": MANY})
        self.assertEqual(self.remap("?dryRun=1"), (LEFT, 0))
        self.assertEqual(self.latest(AMSTERDAM, "2018-1")["version"], 1)
        self.post(AMSTERDAM, {"id": "2018-1", "withdrawn": True})
        self.assertEqual(self.categories(), {"ForcedCriminality": MANY, "Unknown": LEFT})
        self.assertEqual(self.daemon.metrics()["signaald_remapped_total"], MANY)
        self.assert_whole()

    def test_killed_in_the_middle(self):
        self.post_many()

        def ask():
            with contextlib.suppress(OSError, http.client.HTTPException):
                self.daemon.control("POST", "/v1/remap")

        asking = threading.Thread(target=ask)
        with slow_commits(self.daemon.process, COMMIT_S):
            asking.start()
            self.await_first_piece()
            self.daemon.kill()
        asking.join()
        self.daemon.start()
        done = int(self.daemon.metrics()["signaald_remapped_total"])
        self.assertGreater(done, 0)
        self.assertLess(done, MANY)
        self.assert_whole()
        looked, changed = self.remap()
        self.assertEqual(changed, MANY - done)
        self.assertLessEqual(looked, MANY - done + LEFT)
        self.assert_all_changed_once()

    def test_stopped_in_the_middle(self):
        self.post_many()
        connection = UnixConnection(self.daemon.control_path, 120)
        self.addCleanup(connection.close)
        with slow_commits(self.daemon.process, COMMIT_S):
            connection.request("POST", "/v1/remap")
            self.await_first_piece()
            self.daemon.stop()
        with contextlib.suppress(OSError, http.client.HTTPException):  # may be cut off with its connection
            self.assertEqual(connection.getresponse().status, 503)
        self.daemon.start()
        self.remap()
        self.assert_all_changed_once()

    def test_what_is_refused(self):
        for method, target, status in (
                ("GET", "/v1/unmapped?source=nobody", 404), ("POST", "/v1/unmapped", 405), ("GET", "/v1/remap", 405),
                ("POST", "/v1/remap?dryRun=2", 400), ("GET", "/v1/unmapped/", 404)):
            self.assert_problem(self.daemon.control(method, target), status)
        self.assertEqual(self.words(f"?source={COA}"), [])

    @unittest.skipUnless(os.geteuid() == 0, "only root can be somebody else")
    def test_who_may(self):
        os.chown(self.daemon.control_path, -1, NOBODY)
        self.daemon.directory.chmod(0o711)
        code = ("import os, sys, socket\n"
                f"os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})\n"
                "for line in ('GET /v1/unmapped', 'POST /v1/remap'):\n"
                "    s = socket.socket(socket.AF_UNIX)\n"
                "    s.connect(sys.argv[1])\n"
                "    s.sendall(line.encode() + b' HTTP/1.1\\r\\nHost: localhost\\r\\nContent-Length: 0\\r\\n\\r\\n')\n"
                "    print(s.makefile('rb').readline().split()[1].decode())\n")
        done = subprocess.run([sys.executable, "-c", code, self.daemon.control_path], capture_output=True, text=True,
                              timeout=30)
        self.assertEqual(done.stdout.split(), ["200", "403"], done.stderr)


class Ctl(ctl_fake.Case):
    def setUp(self):
        super().setUp()
        ctl_fake.Case.program = BUILD / "signaalctl"

    def test_targets(self):
        for args, asked in ((["unmapped"], ("GET", "/v1/unmapped")),
                            (["unmapped", "--source", "a b"], ("GET", "/v1/unmapped?source=a%20b")),
                            (["unmapped", "--source", "coa", "--is", "één & twee?"],
                             ("GET", "/v1/unmapped?source=coa&is=%C3%A9%C3%A9n%20%26%20twee%3F")),
                            (["remap"], ("POST", "/v1/remap")),
                            (["remap", "--dry-run"], ("POST", "/v1/remap?dryRun=1"))):
            self.daemon.asked.clear()
            self.good(*args)
            self.assertEqual(self.daemon.asked, [(*asked, b"")])

    def test_wrong_use(self):
        for args in (["unmapped", "coa"], ["unmapped", "--is", ""], ["unmapped", "--is", "x" * 2000], ["remap", "now"]):
            with self.subTest(args=args):
                done = self.ctl(*args)
                self.assertEqual((done.returncode, done.stdout), (2, b""))

    def test_help_and_strange_answers(self):
        for verb in ("unmapped", "remap"):
            self.assertFits(self.good(verb, "--help"), 80)
        for body in ({}, {"unmapped": [1, None, {}]}, {"unmapped": {}, "notKept": "x"}):
            self.answer(200, body)
            for verb in ("unmapped", "remap"):
                self.assertEqual(self.ctl(verb).returncode, 0)


if __name__ == "__main__":
    unittest.main()
