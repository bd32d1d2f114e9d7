# SPDX-License-Identifier: EUPL-1.2
"""What departs from its trend at the close of a month, with a clock that is moved (libfaketime): the same that scipy's exact test
and statsmodels' Benjamini and Hochberg find in the same signals; told once, however often the daemon is killed; never outside."""
import calendar
import collections
import datetime
import json
import os
import random
import re
import subprocess
import time
import unittest

from harness import BUILD, ROOT, Fresh, wait_for, token_of
from test_statistics import clock_at, seed
from scipy.stats import binomtest
from statsmodels.stats.multitest import multipletests

#              province, police unit, safety region
PLACES = {"GM0363": ("PV27", "Amsterdam", "VR13"), "GM0344": ("PV26", "Midden-Nederland", "VR09"),
          "GM0599": ("PV28", "Rotterdam", "VR17"), "GM0014": ("PV20", "Noord-Nederland", "VR01"), None: ()}
KINDS = ("province", "policeUnit", "safetyRegion")
FORMS = ("SexualExploitation", "ForcedLabour", "ForcedCriminality", "Unknown")
SOURCE = "gm0363-amsterdam"


def month(closed, back):
    """The month so many before `closed`, as a number."""
    return closed[0] * 12 + closed[1] - 1 - back


def name(number):
    return f"{number // 12:04}-{number % 12 + 1:02}"


def days(first):
    return sum(calendar.monthrange(n // 12, n % 12 + 1)[1] for n in range(first, first + 12))


def expected(signals, closed):
    """{(kind, region, form): (before, now, p, adjusted)} of all that are tested."""
    sums = collections.defaultdict(lambda: [0, 0])
    for signal in signals:
        at = int(signal["reported"][:4]) * 12 + int(signal["reported"][5:7]) - 1
        if not month(closed, 23) <= at <= month(closed, 0):
            continue
        regions = [("country", "NL"), *zip(KINDS, PLACES[signal.get("municipality")])]
        for region in regions:
            sums[(*region, signal["category"])][at > month(closed, 12)] += 1
    before_days, now_days = days(month(closed, 23)), days(month(closed, 11))
    tested = {cell: both for cell, both in sums.items() if cell[2] != "Unknown" and sum(both) >= 6}
    share = now_days / (before_days + now_days)
    p = [min(1, 2 * min(binomtest(now, before + now, share, alternative=side).pvalue for side in ("less", "greater")))
         for before, now in tested.values()]
    adjusted = multipletests(p, alpha=0.05, method="fdr_bh")[1] if p else []
    return {cell: (*both, one, of_all) for (cell, both), one, of_all in zip(tested.items(), p, adjusted)}


def cell_of(data):
    return data["region"]["kind"], data["region"]["code"], data["category"]


class Departed(Fresh):
    SOURCES = [{"name": SOURCE, "kind": "municipality", "municipality": "GM0363", "push": True}]
    EXTRA = {"trend": ["wait: 0s"], "disclosure": ["public: yes"]}

    def setUp(self):
        super().setUp()
        self.random = random.Random(seed())
        self.signals = {}

    def start_at(self, *date):
        self.daemon.start(env=clock_at(*date))
        closed = name(month(date, 1))
        wait_for(lambda: self.departed()["closed"] == closed, "it has looked at what has closed")

    def close(self, *date):
        """A daemon that starts at this moment has tested what has closed. What was newly told."""
        before = len(self.told())
        self.daemon.stop()
        self.start_at(*date)
        return self.told()[before:]

    def told(self):
        return [event for event in self.daemon.events() if event["type"].endswith(".trend.departed.v1")]

    def departed(self):
        return self.daemon.control("GET", "/v1/trend/departed").json

    def make(self, first, form, place, count, year, months=range(1, 13)):
        for n in range(count):
            # spread over the months: by chance alone twelve of them would now and then depart
            day = datetime.date(year, months[n % len(months)], self.random.randrange(1, 20))
            signal = {"reported": day.isoformat(), "category": form}
            if place:
                signal["municipality"] = place
            self.signals[f"{first}-{len(self.signals)}"] = signal

    def post(self, signals=None):
        items = [{"id": key, **signal} for key, signal in (signals or self.signals).items()]
        # a municipality's source says nothing of the place: then it is its own
        for item in items:
            item.setdefault("municipality", "nergens")
        answer = self.daemon.post(SOURCE, items)
        self.assertEqual(answer.status, 200, answer.body[:300])
        self.assertEqual({item["verdict"] for item in answer.json["results"]}, {"registered"})

    def random_history(self):
        for place in PLACES:
            for form in FORMS:
                rate = self.random.choice((1, 4, 9, 30, 90))
                for year, factor in ((2018, 1), (2019, self.random.choice((1, 1, 1, 0.3, 2, 3)))):
                    self.make("s", form, place, round(rate * factor * self.random.uniform(0.8, 1.2)), year)

    def test_as_others_find_it(self):
        self.start_at(2019, 12, 20)
        self.random_history()
        self.post()
        told = self.close(2020, 1, 1, 1)
        tested = expected(self.signals.values(), (2019, 12))
        departs = {cell: values for cell, values in tested.items() if values[3] <= 0.05}
        self.assertEqual({cell_of(event["data"]) for event in told}, set(departs))
        self.assertEqual(len(told), len(departs))
        for event in told:
            data = event["data"]
            before, now, p, adjusted = departs[cell_of(data)]
            self.assertEqual((data["before"]["signals"], data["now"]["signals"], data["change"]), (before, now, now - before))
            self.assertAlmostEqual(data["p"], max(p, 1e-15), delta=1e-5 * p + 1e-15)
            self.assertAlmostEqual(data["adjusted"], adjusted, delta=1e-5 * adjusted + 1e-12)
            self.assertEqual(data["tested"], len(tested))
            self.assertEqual([data[side][end] for side in ("before", "now") for end in ("from", "to")],
                             ["2018-01", "2018-12", "2019-01", "2019-12"])
            self.assertEqual(event["partitionkey"], data["region"]["code"])
            self.assertTrue(event["id"].endswith("." + event["signaaldseq"]))
        answer = self.departed()
        self.assertEqual((answer["closed"], answer["tested"]), ("2019-12", len(tested)))
        self.assertEqual({cell_of(item["data"]) for item in answer["departed"]}, set(departs))
        with self.daemon.live("/v1/live/figures") as figures:  # the operators' page has the same
            self.assertEqual(next(figures)["departed"], answer)
        self.assertEqual(self.daemon.verify()[-1]["whole"], True)
        self.nothing_outside()

    def nothing_outside(self):
        """No answer of the public side but its documents tells of it."""
        self.daemon.control("POST", "/v1/statistics/release")
        paths = json.loads((ROOT / "conf/api/openapi.json").read_text())["paths"]
        asked = ["/v1" + path for path, item in paths.items() if "get" in item and "{" not in path]
        asked = [path for path in asked if path not in ("/v1/openapi.json", "/v1/asyncapi")]
        self.assertLessEqual({"/v1/source", "/v1/statistics"}, set(asked))
        headers = {"Authorization": f"Bearer {token_of(SOURCE)}"}
        for path in asked:
            body = self.daemon.request("GET", path, headers=headers).body.decode()
            self.assertNotRegex(body, "(?i)depart|adjusted", path)
        self.assertNotIn("depart", self.daemon.control("GET", "/v1/statistics").body.decode())

    def test_told_once_and_again_when_it_turns(self):
        self.start_at(2020, 2, 10)
        self.make("a", "ForcedLabour", "GM0363", 10, 2018)
        self.make("a", "ForcedLabour", "GM0363", 60, 2019, range(4, 12))
        self.post()
        self.assertEqual(self.departed(), {"closed": "2020-01", "tested": 0, "level": 0.05, "smallest": 6, "departed": []})
        first = self.close(2020, 3, 1, 1)  # 2019-03..2020-02 against 2018-03..2019-02
        self.assertEqual(len(first), 4)
        self.assertEqual({event["data"]["region"]["code"] for event in first}, {"NL", "PV27", "Amsterdam", "VR13"})
        self.assertEqual({event["data"]["region"]["name"] for event in first}, {"Nederland", "Noord-Holland", "Amsterdam", None})
        # it departs still: told once; what is listed is as of the last test
        self.assertEqual(self.close(2020, 4, 1, 1), [])
        self.assertEqual([(item["since"], item["data"]["now"]["to"]) for item in self.departed()["departed"]], [("2020-02", "2020-03")] * 4)
        # a clock that goes back and comes by the end of the month once more
        self.daemon.stop()
        self.start_at(2020, 3, 20)
        self.assertEqual(self.close(2020, 4, 1, 1), [])
        # nine closes are missed: the one that is tested is the last, and there it goes the other way
        turned = self.close(2021, 1, 1, 1)
        self.assertEqual({(event["data"]["now"]["signals"], event["data"]["now"]["to"]) for event in turned}, {(0, "2020-12")})
        self.assertEqual(len(turned), 4)
        ids = [event["id"] for event in self.told()]
        self.assertEqual(len(ids), len(set(ids)))
        self.assertEqual({event["id"].split(".")[0] for event in turned}, {event["id"].split(".")[0] for event in first})

    def test_late_and_withdrawn(self):
        self.start_at(2020, 1, 10)
        self.make("a", "ForcedLabour", "GM0363", 10, 2018)
        self.make("a", "ForcedLabour", "GM0363", 12, 2019)
        self.post()
        self.assertEqual(self.close(2020, 2, 1, 1), [])
        # what comes late is in the months it was reported in, and the next close sees it
        late = dict(self.signals)
        self.make("late", "ForcedLabour", "GM0363", 50, 2019, range(6, 12))
        late = {key: signal for key, signal in self.signals.items() if key not in late}
        self.post(late)
        self.assertEqual(self.told(), [])
        self.assertEqual(len(self.close(2020, 3, 1, 1)), 4)
        # taken back: at the next close it departs no longer, and nothing is told
        answer = self.daemon.post(SOURCE, [{"id": key, "withdrawn": True} for key in late])
        self.assertEqual({item["verdict"] for item in answer.json["results"]}, {"withdrawn"})
        self.assertEqual(len(self.departed()["departed"]), 4)
        self.assertEqual(self.close(2020, 4, 1, 1), [])
        self.assertEqual(self.departed()["departed"], [])
        # and once more: it newly departs
        self.assertEqual(self.daemon.post(SOURCE, [{"id": key, **signal, "status": "confirmed"} for key, signal in late.items()]).status, 200)
        again = self.close(2020, 5, 1, 1)
        self.assertEqual(len(again), 4)
        self.assertEqual(len({event["id"] for event in self.told()}), 8)

    def test_killed_at_the_close(self):
        self.start_at(2019, 12, 20)
        self.random_history()
        self.post()
        self.daemon.stop()
        for _ in range(6):
            self.daemon.start(env=clock_at(2020, 1, 1, 1))
            time.sleep(self.random.uniform(0, 0.7))  # it tests some 0.5 s after its start
            self.daemon.kill()
        self.start_at(2020, 1, 1, 1)
        departs = [cell for cell, values in expected(self.signals.values(), (2019, 12)).items() if values[3] <= 0.05]
        self.assertEqual(sorted(cell_of(event["data"]) for event in self.told()), sorted(departs))
        self.daemon.stop()
        self.assertEqual(self.daemon.verify_files().returncode, 0)

    def test_waits_for_what_comes_late(self):
        self.daemon.extra = {"trend": ["wait: 1d"]}
        self.daemon.write_config()
        self.start_at(2020, 2, 10)
        self.make("a", "ForcedLabour", "GM0363", 60, 2019, range(4, 12))
        self.post()
        self.daemon.stop()
        self.daemon.start(env=clock_at(2020, 3, 1, 1))
        wait_for(lambda: re.search("statistics (made|stay) closed=2020-02", self.daemon.log()), "the close")
        self.daemon.control("GET", "/v1/trend/departed")  # its line in the audit log is of a commit after that
        self.daemon.stop()
        self.assertNotIn("trends tested", self.daemon.log())
        self.daemon.start(env=clock_at(2020, 3, 2, 2))  # the wait goes on over a restart
        wait_for(lambda: "trends tested closed=2020-02" in self.daemon.log(), "the test")
        self.assertEqual(len(self.told()), 4)

    def ctl(self, *words):
        done = subprocess.run([str(BUILD / "signaalctl"), "--socket", self.daemon.control_path, "trend", *words], text=True,
                              capture_output=True, stdin=subprocess.DEVNULL, timeout=60, env={**os.environ, "LC_ALL": "C.UTF-8"})
        return done.returncode, done.stdout + done.stderr

    def test_ctl(self):
        self.start_at(2020, 2, 10)
        status, text = self.ctl("--departed")
        self.assertEqual(status, 0, text)
        self.assertIn("Nothing has been tested yet.", text)
        self.make("a", "ForcedLabour", "GM0363", 10, 2018)
        self.make("a", "ForcedLabour", "GM0363", 11, 2019)
        self.post()
        self.assertEqual(self.close(2020, 3, 1, 1), [])
        self.assertIn("Nothing departs: of 4 regions and forms", self.ctl("--departed")[1])
        self.make("b", "ForcedLabour", "GM0363", 100, 2019, range(6, 12))
        self.post({key: signal for key, signal in self.signals.items() if key.startswith("b")})
        self.close(2020, 4, 1, 1)
        text = self.ctl("--departed")[1]
        self.assertIn("4 of 4 regions and forms depart: 2019-04..2020-03 against 2018-04..2019-03", text)
        self.assertRegex(text, r"(?m)^Noord-Holland +ForcedLabour +\d+ +\d+ +\+\d+ +1 to 1 +< 1 in a million +< 1 in a million +2020-03$")
        self.assertIn("Benjamini and Hochberg", re.sub(r"\s+", " ", text))
        rows = self.ctl("--departed", "--csv")[1].splitlines()
        self.assertEqual(rows[0].split(",")[:5], ["since", "kind", "region", "name", "category"])
        self.assertEqual(len(rows), 5)
        self.assertEqual(self.ctl("--departed", "--by", "province")[0], 2)
        self.assertIn("read departed", self.daemon.control("GET", "/v1/audit").body.decode())


if __name__ == "__main__":
    unittest.main()
