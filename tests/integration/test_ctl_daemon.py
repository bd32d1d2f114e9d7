# SPDX-License-Identifier: EUPL-1.2
"""signaalctl's answers from the daemon itself: did it double, who is silent, what may go outside, and top."""

import csv
import datetime
import io
import os
import subprocess
import unittest
import zoneinfo

import harness


def signals(year, count):
    return [{"id": f"{year}-{i}", "reported": f"{year}-{1 + i % 12:02}-05", "category": "labour" if i % 4 else "sex",
             "victim": {"gender": "man"}} for i in range(count)]


class Answers(harness.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        answer = cls.daemon.post("gm0363-amsterdam", signals(2016, 34) + signals(2017, 68))
        assert answer.status == 200, answer.body

    def ctl(self, *args, status=0):
        done = subprocess.run([harness.BUILD / "signaalctl", "--socket", self.daemon.control_path, *args],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                              env={**os.environ, "LC_ALL": "C.UTF-8", "COLUMNS": "80"})
        self.assertEqual((done.returncode, done.stderr), (status, ""))
        return done.stdout

    def rows(self, *args):
        return list(csv.DictReader(io.StringIO(self.ctl(*args, "--csv"))))

    def test_did_it_double(self):
        text = self.ctl("trend", "--period", "2016..2017", "--where", "gender=Masculine")
        self.assertTrue(text.startswith("2016: 34, 2017: 68 (+34, +100 %): more than chance explains\n"), text)
        rows = self.rows("trend", "--by", "category", "--period", "2016..2017")
        self.assertEqual({row["period"] for row in rows}, {"2016", "2017"})
        self.assertEqual(sum(int(row["signals"]) for row in rows if row["period"] == "2017"), 68)
        months = self.rows("trend", "--per", "month", "--period", "2016-11..2017-02")
        self.assertEqual([row["period"] for row in months], ["2016-11", "2016-12", "2017-01", "2017-02"])
        year = datetime.datetime.now(zoneinfo.ZoneInfo("Europe/Amsterdam")).year
        self.assertRegex(self.ctl("trend", "--period", f"2016..{year}"), rf"(?m)^{year} so far +0 +0")

    def test_who_is_silent(self):
        self.assertRegex(self.ctl("coverage"), r"^1 of \d+ municipalities \(under 1 %\) has signalled")
        row = next(row for row in self.rows("coverage", "--list") if row["code"] == "GM0363")
        self.assertEqual((row["state"], row["connected"], row["sources"]), ("signals", "true", "gm0363-amsterdam"))
        never = self.rows("coverage", "--never", "--period", "2016")
        self.assertNotIn("GM0363", {row["code"] for row in never})
        for by in ("province", "policeUnit", "sizeClass"):
            groups = self.rows("coverage", "--by", by)
            self.assertEqual(sum(int(group["signalling"]) for group in groups), 1)
            self.assertEqual(sum(int(group["never"]) for group in groups), len(never))

    def test_never_seen_or_misspelt(self):
        self.assertEqual(self.ctl("why", "gm0363-amsterdam", "2001-1", status=1),
                         "never seen\nNo signal with this id came from this source.\n")
        self.assertEqual(self.ctl("why", "gm0363", "2001-1", status=1),
                         "never seen\nThere is no source of this name in the source table.\n")

    def test_what_may_go_outside(self):
        self.assertIn("Nothing has gone outside yet", self.ctl("statistics"))
        self.assertIn("The first statistics are out", self.ctl("statistics", "release"))
        rows = self.rows("statistics", "--where", "year=2017", "--where", "gender=Masculine")
        self.assertEqual({(row["measure"], row["count"]) for row in rows}, {("signals", "60")})
        self.assertEqual([row["citizenship"] + row["foreign"] for row in rows if not row["category"]], [""])

    def test_top_costs_one_line_of_audit(self):
        before = self.daemon.status()["ledger"]["audited"]
        text = self.ctl("top", "-n3", "-i1")
        self.assertEqual(text.count("Intake    102 received"), 3)
        self.assertRegex(text, r"\b102 registered")
        self.assertEqual(self.daemon.status()["ledger"]["audited"], before + 1)


class Pager(harness.Fresh):
    EVENTS = 3000  # more than the socket, signaalctl and the pipe hold together

    def connections(self):
        """Of the local socket: lines of the kernel's table with its path that are connected."""
        with open("/proc/net/unix", encoding="ascii") as table:
            return sum(1 for line in table if line.split()[-1] == str(self.daemon.control_path) and line.split()[5] == "03")

    def test_a_pager_that_stands_still(self):
        self.daemon.extra = {"intake": ["body_timeout: 200ms"]}
        self.daemon.write_config()
        self.daemon.start()
        for start in range(0, self.EVENTS, 500):
            self.assertEqual(self.daemon.post("coa", [{"id": f"2017-{start + i}"} for i in range(500)]).status, 200)
        harness.wait_for(lambda: self.connections() == 0, "nobody is connected")
        process = subprocess.Popen([harness.BUILD / "signaalctl", "--socket", self.daemon.control_path, "tail", "-n", str(self.EVENTS)],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.kill)
        shown = [process.stdout.readline()]  # and then reads no more until the daemon has cut it
        harness.wait_for(lambda: self.connections() == 0, "the daemon cuts who does not read")
        rest = process.stdout.read()
        self.assertEqual((process.wait(harness.PATIENCE_S), process.stderr.read()), (0, ""))
        process.stdout.close()
        process.stderr.close()
        numbers = [int(line.split()[2]) for line in shown + rest.splitlines()]
        self.assertEqual(numbers, list(range(1, self.EVENTS + 1)))
        self.daemon.stop()


if __name__ == "__main__":
    unittest.main()
