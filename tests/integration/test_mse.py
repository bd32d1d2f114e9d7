# SPDX-License-Identifier: EUPL-1.2
"""The worked example of multiple systems estimation, conf/examples/mse.py: on made-up data its interval has the known number,
and what carries no estimate gets none."""
import pathlib
import re
import subprocess
import unittest

PROGRAM = pathlib.Path(__file__).resolve().parents[2] / "conf/examples/mse.py"
HEAD = "year,kinds,persons,nameless\r\n"
GOOD = {"police": 200, "municipality": 150, "coa": 100, "municipality+police": 40, "coa+police": 25, "coa+municipality": 20,
        "coa+municipality+police": 5}


def sheet(table, year="2017", nameless=0):
    return "".join(f"{year},{kinds},{persons + nameless},{nameless}\r\n" for kinds, persons in table.items())


class Estimate(unittest.TestCase):
    def run_it(self, *args, text=None, status=0):
        done = subprocess.run([PROGRAM, "--resamples", "40", *args], input=text, capture_output=True, text=True, timeout=600)
        self.assertEqual((done.returncode, done.stderr), (status, ""), done.stdout)
        return done.stdout

    def numbers(self, text):
        total, hidden = re.search(r"estimate: (\d+) persons, of whom (\d+) are known to nobody", text).groups()
        low, high, wide = re.search(r"interval \(95 %\): (\d+) to (\d+), (\d+) wide", text).groups()
        self.assertEqual(int(wide), int(high) - int(low))
        return int(total), int(hidden), int(low), int(high)

    def test_the_interval_has_the_known_number(self):
        for seed in ("1", "7", "27"):
            text = self.run_it("--made-up", seed)
            known = int(re.search(r"There are 1500 persons, of whom (\d+) are known to nobody", text).group(1))
            total, hidden, low, high = self.numbers(text)
            self.assertIn("Made-up data: nobody in it exists.", text)
            self.assertLessEqual(low, 1500)
            self.assertGreaterEqual(high, 1500)
            self.assertLess(low, total)
            self.assertLess(total, high)
            self.assertEqual(total - hidden, 1500 - known)  # who is known is counted, not estimated
            self.assertRegex(text, r"model by BIC: (care and municipality|municipality and care)\n")
        self.assertEqual(self.run_it("--made-up", "27"), text)  # and it is the same each time

    def test_independent_lists(self):
        """Where the model can be worked out by hand: two independent lists beside a third one that both know as often."""
        table = {"a": 180, "b": 180, "c": 180, "a+b": 20, "a+c": 20, "b+c": 20, "a+b+c": 2}  # odds of 1 in 9: 1620 on none
        text = self.run_it("-", text=HEAD + sheet(table))
        total, hidden, low, high = self.numbers(text)
        self.assertIn("independent lists", text)
        self.assertLess(abs(hidden - 1620), 20)
        self.assertLess(low, 602 + 1620)
        self.assertGreater(high, 602 + 1620)
        self.assertIn("There are three lists only.", text)

    def test_a_thin_table_is_refused(self):
        for table, reason in (({"police": 9, "municipality": 8, "coa": 30}, "1 lists have 10 persons"),
                              ({"police": 100, "coa": 100, "coa+police": 50}, "2 lists have 10 persons"),
                              ({"police": 100, "coa": 100, "care": 100, "coa+police": 5, "care+coa": 5}, "10 persons are on two"),
                              ({}, "")):
            text = self.run_it("-", text=HEAD + sheet(table), status=1)
            self.assertIn(reason, text)
            self.assertNotIn("estimate:", text.replace("no estimate:", ""))

    def test_groups_and_doubts(self):
        never = {kinds: persons for kinds, persons in GOOD.items() if kinds not in ("coa+police", "coa+municipality+police")}
        text = self.run_it("-", "--criterion", "aic",
                           text=HEAD + sheet(GOOD, "2016") + sheet(never, "2017", nameless=60) + sheet({"coa": 5}, "2018"), status=1)
        first, second, third = re.split(r"(?m)^(?=201[78]: )", text)
        self.assertIn("2016: 540 persons are known, 90 of them to two lists or more", first)
        self.assertIn("model by AIC", first)
        self.assertNotIn("structural zeros", first)
        self.assertNotIn("are left out", first)
        self.assertIn("structural zeros", second)
        self.assertIn("300 persons are left out", second)
        self.assertIn("no estimate", third)
        for part in (first, second):
            self.assertIn("Whom no source can ever meet is in no estimate.", part)


if __name__ == "__main__":
    unittest.main()
