# SPDX-License-Identifier: EUPL-1.2
"""The number of persons in the counts: linked signals are one in each line and one in the total, through a correction,
a withdrawal and a kill -9. The overlap: which kinds of source know them, through the same and an erasure."""
import csv
import io
import subprocess
import unittest

from harness import BUILD, ROOT, Case

JAN = {"name": "Jan de Vries", "birthDate": "1990-05-17"}
EVA = {"name": "Eva Jansen", "birthDate": "1985-01-02"}


class Persons(Case):
    SOURCES = [{"name": "adam", "kind": "municipality", "municipality": "GM0363", "push": True},
               {"name": "coa", "kind": "coa", "push": True}]

    def push(self, source, name, **more):
        answer = self.daemon.post(source, {"id": name, **more})
        self.assertIn(answer.status, (200, 201), answer.body)

    def lines(self, *by, query=""):
        answer = self.daemon.counts("?by=" + ",".join(by) + query)
        lines = {tuple(line[d] for d in by): (line["signals"], line["persons"]) for line in answer["lines"]}
        self.assertTrue(all(0 < persons <= signals for signals, persons in lines.values()), lines)
        return lines, (answer["total"], answer["persons"])

    def assert_counts(self, total, **years):
        self.assertEqual(self.lines("year"), ({(year[1:],): statistics for year, statistics in years.items()}, total))
        ledger = self.daemon.status()["ledger"]
        self.assertEqual((ledger["signals"], ledger["persons"]), total)

    def test_life(self):
        both = ["SexualExploitation", "ForcedLabour"]
        self.push("adam", "2017-1", reported="2017-03-05", categories=both, person=JAN)
        self.push("coa", "2017-2", reported="2017-04-05", categories=["ForcedLabour"], person=JAN)
        self.push("adam", "2018-3", reported="2018-03-05", categories=both, person=JAN)
        self.push("adam", "2018-4", reported="2018-03-05", categories=both, person=EVA)
        self.push("adam", "2018-5", reported="2018-03-05", categories=both)
        self.push("adam", "2018-6", reported="2018-03-05", categories=both)
        self.assert_counts((6, 4), y2017=(2, 1), y2018=(4, 4))
        self.assertEqual(self.lines("category", "sourceKind", query="&period=2017")[0], {
            ("SexualExploitation", "municipality"): (1, 1), ("ForcedLabour", "municipality"): (1, 1),
            ("ForcedLabour", "coa"): (1, 1)})
        self.assertEqual(self.lines("category")[0], {("SexualExploitation",): (5, 4), ("ForcedLabour",): (6, 4)})
        for region in ("municipality", "province", "policeUnit", "safetyRegion"):
            lines, total = self.lines(region)
            self.assertEqual((sum(n for n, _ in lines.values()), total), (6, (6, 4)), region)
        self.assertRegex(self.table("counts", "--by", "year"),
                         r"(?m)^2017 +2 +1\b[^\n]*\n2018 +4 +4\b[^\n]*\n─+\ntotal +6 +4$")

        # The signal turns out to be about Eva, or nothing is known of its person.
        self.push("adam", "2018-3", reported="2018-03-05", categories=both, person=EVA)
        self.assert_counts((6, 4), y2017=(2, 1), y2018=(4, 3))
        self.push("coa", "2017-2", reported="2017-04-05", categories=["ForcedLabour"])
        self.assert_counts((6, 5), y2017=(2, 2), y2018=(4, 3))
        self.push("adam", "2018-4", withdrawn=True)
        self.assert_counts((5, 5), y2017=(2, 2), y2018=(3, 3))
        self.push("adam", "2018-4", reported="2017-12-31", categories=both, person=EVA)
        self.assert_counts((6, 5), y2017=(3, 3), y2018=(3, 3))
        before = self.lines("category", "year", "gender")
        self.daemon.kill()
        self.daemon.start()
        self.assertEqual(self.lines("category", "year", "gender"), before)
        self.assert_counts((6, 5), y2017=(3, 3), y2018=(3, 3))
        self.assert_whole()

    def table(self, *args):
        return run_ctl(self.daemon, *args)


def run_ctl(daemon, *args):
    return subprocess.run([BUILD / "signaalctl", "--socket", daemon.control_path, *args], check=True, capture_output=True,
                          timeout=60, encoding="utf-8", env={"LC_ALL": "C.UTF-8"}).stdout


class Overlap(Case):
    SOURCES = [{"name": "adam", "kind": "municipality", "municipality": "GM0363", "push": True},
               {"name": "coa", "kind": "coa", "push": True}, {"name": "police", "kind": "police", "push": True}]

    def push(self, source, name, person=None, **more):
        item = {"id": name, "reported": "2017-03-05", "categories": ["ForcedLabour"], "municipality": "GM0363", **more}
        answer = self.daemon.post(source, {**item, "person": person} if person else item)
        self.assertIn(answer.status, (200, 201), answer.body)

    def overlap(self, query="", *by):
        """Persons and those without a name, by the dimensions and the kinds; and the total."""
        answer = self.daemon.control("GET", "/v1/overlap" + query)
        self.assertEqual(answer.status, 200, answer.body)
        counts = self.daemon.counts(query)
        self.assertEqual((answer.json["persons"], answer.json["filters"]), (counts["persons"], counts["filters"]))
        lines = {(*(line[d] for d in by), "+".join(line["kinds"])): (line["persons"], line["nameless"])
                 for line in answer.json["lines"]}
        self.assertEqual(len(lines), len(answer.json["lines"]))
        return lines, (answer.json["persons"], answer.json["nameless"])

    def test_life(self):
        self.push("adam", "1", JAN)
        self.push("adam", "2", JAN, reported="2018-03-05")
        self.push("police", "3", JAN, categories=["ForcedLabour", "Servitude"])
        self.push("coa", "4", EVA, victim={"gender": "Feminine"})
        self.push("coa", "5", victim={"gender": "Feminine"})
        self.push("police", "6", EVA, status="rejected")
        self.assertEqual(self.overlap(), ({("municipality+police",): (1, 0), ("coa",): (2, 1)}, (3, 1)))
        self.assertEqual(self.overlap("?by=year", "year")[0],
                         {("2017", "municipality+police"): (1, 0), ("2018", "municipality"): (1, 0), ("2017", "coa"): (2, 1)})
        self.assertEqual(self.overlap("?by=category&period=2017", "category")[0],
                         {("ForcedLabour", "municipality+police"): (1, 0), ("ForcedLabour", "coa"): (2, 1),
                          ("Servitude", "police"): (1, 0)})
        self.assertEqual(self.overlap("?gender=Feminine"), ({("coa",): (2, 1)}, (2, 1)))
        self.assertEqual(self.overlap("?gender=Masculine"), ({}, (0, 0)))
        self.push("police", "6", EVA)  # it is no longer rejected
        self.push("adam", "1")  # whom it was about is taken back
        whole = {("municipality+police",): (1, 0), ("municipality",): (1, 1), ("coa+police",): (1, 0), ("coa",): (1, 1)}
        self.assertEqual(self.overlap(), (whole, (4, 2)))
        self.push("adam", "2", withdrawn=True)
        self.assertEqual(self.daemon.control("DELETE", "/v1/signals/police/6").status, 200)
        less = {("police",): (1, 0), ("municipality",): (1, 1), ("coa",): (2, 1)}
        self.assertEqual(self.overlap(), (less, (4, 2)))
        before = self.overlap("?by=year,category,gender", "year", "category", "gender")
        self.daemon.kill()
        self.daemon.start()
        self.assertEqual(self.overlap("?by=year,category,gender", "year", "category", "gender"), before)
        table = run_ctl(self.daemon, "overlap")
        self.assertRegex(table, r"(?m)^known to +persons +nameless$")
        self.assertRegex(table, r"(?m)^coa +2 +1\b")
        self.assertRegex(table, r"(?m)^total +4 +2$")
        rows = list(csv.reader(io.StringIO(run_ctl(self.daemon, "overlap", "--csv", "--by", "province", "--period", "2017"))))
        self.assertEqual(rows[0], ["province", "provinceName", "kinds", "persons", "nameless"])
        done = subprocess.run([ROOT / "conf/examples/mse.py", "-"], input=run_ctl(self.daemon, "overlap", "--csv"),
                              capture_output=True, text=True, timeout=300)
        self.assertEqual((done.returncode, done.stderr), (1, ""))
        self.assertIn("no estimate: 0 lists have 10 persons or more", done.stdout)
        self.assertEqual({tuple(row) for row in rows[1:]},
                         {("PV27", "Noord-Holland", *key, str(n), str(m)) for key, (n, m) in less.items()})
        self.assert_whole()

    def test_what_cannot_be_asked(self):
        for query in ("?by=sourceKind", "?sourceKind=coa", "?by=year,month,gender,category", "?by=shoe", "?period=x"):
            with self.subTest(query=query):
                self.assertEqual(self.daemon.control("GET", "/v1/overlap" + query).status, 400)


if __name__ == "__main__":
    unittest.main()
