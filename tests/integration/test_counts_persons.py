# SPDX-License-Identifier: EUPL-1.2
"""The number of persons in the counts: linked signals are one in each line and one in the total, through a correction,
a withdrawal and a kill -9."""
import subprocess
import unittest

from harness import BUILD, Case

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
        done = subprocess.run([BUILD / "signaalctl", "--socket", self.daemon.control_path, *args], check=True,
                              capture_output=True, timeout=60, encoding="utf-8", env={"LC_ALL": "C.UTF-8"})
        return done.stdout


if __name__ == "__main__":
    unittest.main()
