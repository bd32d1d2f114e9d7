# SPDX-License-Identifier: EUPL-1.2
"""A rejected signal is kept, shown and published, and counts only for who asks for rejected ones: in counts, persons, trend,
coverage, statistics and the state, and in what a consumer makes of the values of the events."""
import subprocess
import unittest

from harness import BUILD, Case, tally

SOURCES = [{"name": "adam", "kind": "municipality", "municipality": "GM0363", "push": True},
           {"name": "utrecht", "kind": "municipality", "municipality": "GM0344", "push": True}]
JAN = {"name": "Jan de Vries", "birthDate": "1990-05-17"}


def consumed(events):
    """From the values alone."""
    total = 0
    for event in events:
        data = event["data"]
        total += data.get("counts", False) - ("previous" in data)
    return total


class Rejected(Case):
    SOURCES = SOURCES

    def push(self, source, name, **more):
        answer = self.daemon.post(source, {"id": name, "reported": "2017-03-05", "category": "ForcedLabour", **more})
        self.assertIn(answer.status, (200, 201), answer.body)

    def ask(self, path):
        answer = self.daemon.control("GET", path)
        self.assertEqual(answer.status, 200, answer.body)
        return answer.json

    def signals(self, query=""):
        return self.ask("/v1/counts" + query)["total"]

    def assert_everywhere(self, counting, persons, rejected, utrecht):
        self.assertEqual(self.signals(), counting)
        self.assertEqual(self.signals("?status=rejected"), rejected)
        self.assertEqual(self.signals("?by=municipality,category,month&status=rejected"), rejected)
        self.assertEqual(self.signals("?by=status"), counting)
        counts = self.ask("/v1/counts?by=year")
        self.assertEqual((counts["total"], counts["persons"]), (counting, persons))
        self.assertEqual(self.ask("/v1/trend?period=2017..2017")["total"][0]["signals"], counting)
        self.assertEqual(self.ask("/v1/trend?period=2017..2017&status=rejected")["total"][0]["signals"], rejected)
        self.assertEqual(sum(one["points"][0]["signals"] for one in self.ask("/v1/trend?by=status&period=2017..2017")["series"]),
                         counting)
        ledger = self.daemon.status()["ledger"]
        self.assertEqual((ledger["signals"], ledger["persons"]), (counting, persons))
        events = self.daemon.events()
        self.assertEqual(sum(tally(events).values()), counting)
        self.assertEqual(consumed(events), counting)
        self.assertEqual(self.ask("/v1/coverage?period=2017")["signalling"], 1 + utrecht)
        self.assert_whole()

    def test_life(self):
        for name in range(12):
            self.push("adam", f"2017-{name}")
        self.push("adam", "2017-50", person=JAN)
        self.push("adam", "2017-51", person=JAN, status="rejected")
        self.push("utrecht", "2017-60", status="rejected")
        utrecht = self.ask("/v1/feeds/utrecht")
        self.assertIsNone(utrecht["lastSignal"])
        self.assert_everywhere(13, 13, 2, False)
        # out, and back
        self.push("adam", "2017-0", status="rejected")
        self.assert_everywhere(12, 12, 3, False)
        self.assertFalse(self.ask("/v1/signals/adam/2017-0")["counts"])
        self.assertNotIn("previous", [e for e in self.daemon.events() if e["data"]["signal"]][-2]["data"])
        self.push("utrecht", "2017-60", status="confirmed")
        self.push("adam", "2017-51", person=JAN)
        self.assert_everywhere(14, 13, 1, True)
        self.assertNotIn("previous", self.daemon.events()[-1]["data"])
        self.push("utrecht", "2017-60", status="rejected")
        self.assert_everywhere(13, 12, 2, False)
        # withdrawn and erased from there: nothing is lost by it
        self.push("utrecht", "2017-60", withdrawn=True)
        self.assert_everywhere(13, 12, 1, False)
        self.assertEqual(self.daemon.control("DELETE", "/v1/signals/adam/2017-0").status, 200)
        self.assert_everywhere(13, 12, 0, False)
        self.assertEqual([e["data"]["counts"] for e in self.daemon.events()[-2:]], [False, False])
        # a correction that stays rejected; then a restart, from the disk alone
        self.push("adam", "2017-1", status="rejected")
        self.push("adam", "2017-1", status="rejected", category="OrganRemoval")
        self.assert_everywhere(12, 11, 1, False)
        self.daemon.stop()
        self.daemon.start()
        self.assert_everywhere(12, 11, 1, False)
        self.statistics()

    def statistics(self):
        """12 count: 10 are told, also with 20 rejected ones."""
        self.push("utrecht", "2017-70")
        for name in range(100, 120):
            self.push("utrecht", f"2017-{name}", status="rejected")
        answer = self.daemon.control("POST", "/v1/statistics/release")
        self.assertEqual(answer.status, 200, answer.body)
        told = {(s.get("year"), len(s)): s["count"] for s in self.ask("/v1/statistics")["statistics"]}
        self.assertEqual(set(told.values()), {10}, told)

    def test_why(self):
        """What it counts for, since when and by what; the version from which that is so, not the last one."""
        for name, lives in (("1", [{}]), ("2", [{"status": "rejected"}]), ("3", [{}, {"status": "rejected"}, {
                "status": "rejected", "category": "OrganRemoval"}]), ("4", [{"status": "rejected"}, {}]), ("5", [{}, {"withdrawn": True}])):
            for more in lives:
                self.push("adam", f"w-{name}", **more)
        self.push("adam", "w-6")
        self.assertEqual(self.daemon.control("DELETE", "/v1/signals/adam/w-6").status, 200)
        for name, standing, by, version in (("1", "counts", "push", 1), ("2", "rejected", "push", 1), ("3", "rejected", "push", 2),
                                            ("4", "counts", "push", 2), ("5", "withdrawn", "push", 2), ("6", "erased", "operator", 2)):
            told = self.ask(f"/v1/signals/adam/w-{name}")
            received = {v["version"]: v["received"] for v in told["versions"]}
            self.assertEqual((told["standing"], told["by"], told["since"], told["counts"], told["expired"]),
                             (standing, by, received[version], standing == "counts", 0))
            text = subprocess.run([BUILD / "signaalctl", "--socket", self.daemon.control_path, "why", "adam", f"w-{name}"],
                                  capture_output=True, text=True, check=True).stdout
            day = received[version][:10]
            line = next(line for line in text.splitlines() if line.startswith("counts"))
            self.assertRegex(line, "^counts +yes$" if standing == "counts" else f"^counts +no: {standing} on {day} .*UTC")
        self.assertEqual([v["status"] for v in self.ask("/v1/signals/adam/w-3")["versions"]], ["rejected", "rejected", "possible"])



if __name__ == "__main__":
    unittest.main()
