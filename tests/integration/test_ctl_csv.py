# SPDX-License-Identifier: EUPL-1.2
"""signaalctl --csv against a daemon that gives fixed answers: what spreadsheets and programs read.

The program is signaalctl in the folder that SIGNAALD_BUILD names (build/release without it).
"""

import csv
import io
import os
import random
import unittest

from ctl_fake import COUNTS, FEEDS, Case, environment

WORDS = {
    "unmapped": [
        {"times": 4, "source": "amsterdam", "field": "category", "word": "uitbuiting, anders", "last": None},
        {"times": 1, "source": "coa", "field": "category", "letters": 9, "last": "2017-03-05T10:11:12Z"},
    ]
}


class Csv(Case):
    def read(self, *args, **more):
        done = self.ctl(*args, "--csv", **more)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertEqual(done.stdout.count(b"\r\n"), done.stdout.count(b"\n"))
        self.assertTrue(done.stdout.endswith(b"\r\n"))
        return list(csv.reader(io.StringIO(done.stdout.decode(), newline="")))

    def test_counts(self):
        self.answer(200, COUNTS)
        self.assertEqual(self.read("counts"), [
            ["province", "provinceName", "category", "signals", "persons"],
            ["PV21", "Fryslân", "ForcedLabour", "1", "1"],
            ["PV27", "Noord-Holland", "SexualExploitation", "100", "98"],
            ["unknown", "", "Unknown", "50", "49"],
        ])

    def test_feeds(self):
        self.answer(200, FEEDS)
        rows = self.read("feeds")
        self.assertEqual(len(rows), 6)
        row = dict(zip(rows[0], rows[5]))
        self.assertEqual((row["name"], row["state"], row["failures"], row["failure"], row["paused"]),
                         ("broken", "failing", "3", "HTTP status 500", "false"))
        self.assertEqual(dict(zip(rows[0], rows[2]))["url"], "")

    def test_words(self):
        self.answer(200, WORDS)
        self.assertEqual(self.read("unmapped"), [
            ["times", "source", "field", "word", "letters", "last"],
            ["4", "amsterdam", "category", "uitbuiting, anders", "", ""],
            ["1", "coa", "category", "", "9", "2017-03-05T10:11:12Z"],
        ])

    def test_cells_that_a_spreadsheet_would_run(self):
        cells = {"=1+1": "'=1+1", "+31": "'+31", "-x": "'-x", "@SUM(A1)": "'@SUM(A1)", "\t=1": "'=1", "\r@x": "'@x",
                 "\x1b[2J": "[2J", "a\u0085b": "ab", "a=1": "a=1", 'say "x", y': 'say "x", y', " a": " a", "": "",
                 "'=1": "'=1", "=a,b": "'=a,b", "two\nlines": "twolines", "é世\u202e": "é世\u202e"}
        lines = [{"category": cell, "signals": -5} for cell in cells]
        self.answer(200, {"by": ["category"], "lines": lines})
        for locale in ("C.UTF-8", "C"):
            rows = self.read("counts", env=environment(LC_ALL=locale))
            self.assertEqual(rows[1:], [[cell, "-5", ""] for cell in cells.values()])

    def test_on_a_terminal(self):
        self.answer(200, {"by": ["category"], "lines": [{"category": "a\x1b[2Jb\u202ec", "signals": 5, "persons": 4}]})
        self.assertEqual(self.on_terminal("counts", "--csv").split("\n")[1].strip(), "a[2Jbc,5,4")

    def test_random(self):
        rng = random.Random(seed := random.randrange(1 << 32))
        pool = ',;"\'=+-@ab é世\t'
        for _ in range(10):
            labels = ["x" + "".join(rng.choices(pool, k=rng.randint(0, 12))).replace("\t", "") for _ in range(20)]
            lines = [{"gender": label, "signals": rng.randrange(1 << 60), "persons": 1} for label in labels]
            self.answer(200, {"by": ["gender"], "lines": lines})
            with self.subTest(seed=seed):
                self.assertEqual(self.read("counts")[1:], [[x["gender"], str(x["signals"]), "1"] for x in lines])


if __name__ == "__main__":
    Case.program = os.path.join(os.environ.get("SIGNAALD_BUILD", "build/release"), "signaalctl")
    unittest.main()
