# SPDX-License-Identifier: EUPL-1.2
"""Did it double, and who is silent: /v1/trend and /v1/coverage, and periods of counts, against the events and the source
table."""
import csv
import datetime
import decimal
import os
import pathlib
import random
import re
import subprocess
import sys
import time
import unittest

from chance import days, is_beyond
from harness import BUILD, ROOT, SIGNAL, Case, counts_by
from test_audit import audit, told
from test_control import random_history

MEN = {"category": "SexualExploitation", "victim": {"gender": "M"}}


def today():
    """In the Netherlands."""
    os.environ["TZ"] = "CET-1CEST,M3.5.0,M10.5.0/3"
    time.tzset()
    return datetime.date.today()


def months_of(first, last):
    """'2016-03', '2017-02' -> each month, in order."""
    year, month = map(int, first.split("-"))
    found = []
    while f"{year}-{month:02}" <= last:
        found.append(f"{year}-{month:02}")
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    return found


def periods_of(first, last):
    return months_of(first, last) if "-" in first else [str(y) for y in range(int(first), int(last) + 1)]


def percent(before, now):
    tenths = decimal.Decimal((now - before) * 1000) / before
    return float(tenths.quantize(decimal.Decimal(1), decimal.ROUND_HALF_UP) / 10)


def compared(points):
    """What the points must be, made from their periods and statistics alone."""
    present = today().isoformat()
    for before, point in zip([None] + points[:-1], points):
        expected = {key: point[key] for key in ("period", "signals", "persons")}
        if point["period"] >= present[:len(point["period"])]:
            expected["partial"] = True
        elif before:
            a, b = before["signals"], point["signals"]
            expected["change"] = b - a
            expected["beyondChance"] = is_beyond(a, b, days(before["period"]), days(point["period"]))
            if a:
                expected["percent"] = percent(a, b)
        yield expected


class Answers(Case):
    def ask(self, path):
        answer = self.daemon.control("GET", path)
        self.assertEqual(answer.status, 200, answer.body)
        return answer.json

    def audited(self):
        """The last line about something that was read, but the reading of the log itself."""
        return [line for line in told(audit(self.daemon)) if line[0] != "read audit"][-1]


class Trends(Answers):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.seed = random.randrange(1 << 32)
        random_history(cls.daemon, random.Random(cls.seed), 400, 150)
        doubled = [{"id": f"men-{year}-{n}", "reported": f"{year}-0{1 + n % 9}-11", "municipality": "GM0363", **MEN}
                   for year, count in ((2013, 34), (2014, 68)) for n in range(count)]
        assert cls.daemon.post("coa", doubled).status == 200
        now = {"id": "now", "reported": today().isoformat(), "municipality": "GM0363", **MEN}
        assert cls.daemon.post("coa", now).status == 201

    def check(self, by, per, query=""):
        trend = self.ask(f"/v1/trend?by={','.join(by)}&per={per}{query}" if by else f"/v1/trend?per={per}{query}")
        self.assertEqual((trend["by"], trend["per"], trend["smallBase"]), (by, per, 20))
        wanted = periods_of(trend["from"], trend["to"])
        for points in [trend["total"]] + [series["points"] for series in trend["series"]]:
            self.assertEqual([p["period"] for p in points], wanted)
            self.assertEqual(points, list(compared(points)))
        # What counts says, with zeros where it says nothing.
        counts = self.daemon.counts(f"?by={','.join([*by, per])}{query}")
        lines = {tuple(line[d] for d in [*by, per]): (line["signals"], line["persons"]) for line in counts["lines"]}
        labels = [tuple(series[d] for d in by) for series in trend["series"]]
        self.assertEqual(labels, sorted({line[:-1] for line in lines}) if by else [()])
        for series, label in zip(trend["series"], labels):
            for point in series["points"]:
                statistics = (point["signals"], point["persons"])
                self.assertEqual(statistics, lines.pop((*label, point["period"]), (0, 0)), (label, point["period"]))
        self.assertEqual(lines, {})
        years = self.daemon.counts(f"?by={per}{query}")
        self.assertEqual({p["period"]: p["signals"] for p in trend["total"] if p["signals"]},
                         {line[per]: line["signals"] for line in years["lines"]})
        self.assertEqual((trend["filters"], trend["names"]), (counts["filters"], counts["names"]))
        return trend

    def test_it_doubled(self):
        points = self.check([], "year", "&category=SexualExploitation&gender=Masculine&period=2013..2014")["total"]
        self.assertEqual(points, [
            {"period": "2013", "signals": 34, "persons": 34},
            {"period": "2014", "signals": 68, "persons": 68, "change": 34, "percent": 100.0, "beyondChance": True}])

    def test_trends_are_the_counts_without_gaps(self):
        with self.subTest(seed=self.seed):
            for by in ([], ["category"], ["gender"], ["province", "category"], ["municipality"], ["sourceKind", "status"]):
                for per in ("year", "month"):
                    self.check(by, per)
                    self.check(by, per, "&gender=Masculine&period=2014..2018")
            self.check(["category"], "month", "&period=2016-11..2017-03")
            self.check(["policeUnit"], "month", "&period=2017-03")

    def test_ends(self):
        present = today().isoformat()
        trend = self.check([], "year")
        self.assertEqual((trend["from"], trend["to"]), ("2013", present[:4]))
        self.assertTrue(trend["total"][-1]["partial"])
        trend = self.check([], "month", f"&period={present[:4]}..{int(present[:4]) + 1}")
        self.assertEqual(sum(p.get("partial", False) for p in trend["total"]), 25 - int(present[5:7]))
        self.assertEqual(self.check(["gender"], "year", "&period=2001..2002")["series"], [])
        never = self.ask("/v1/trend?category=OrganRemoval&gender=NonConforming&status=rejected")
        self.assertEqual((never["from"], never["to"], never["total"], never["series"]), (None, None, [], [{"points": []}]))

    def test_sums_of_region_kinds_agree(self):
        total = self.ask("/v1/trend")["total"]
        for region in ("municipality", "province", "policeUnit", "safetyRegion"):
            series = self.ask(f"/v1/trend?by={region}")["series"]
            self.assertIn("unknown", [one[region] for one in series])
            for i, point in enumerate(total):
                self.assertEqual(sum(one["points"][i]["signals"] for one in series), point["signals"], region)

    def test_counts_of_a_range(self):
        months = {month: n for (month,), n in counts_by(self.daemon, "month").items()}
        for period, first, last, written in (
                ("2016..2018", "2016-01", "2018-12", "2016..2018"), ("2016-03..2017-02", "2016-03", "2017-02", None),
                ("2017-01..2017-12", "2017-01", "2017-12", "2017"), ("2017..2019-01", "2017-01", "2019-01", "2017-01..2019-01"),
                ("2017-03", "2017-03", "2017-03", None)):
            answer = self.daemon.counts(f"?by=category&period={period}&gender=Masculine")
            self.assertEqual(answer["filters"], {"period": written or period, "gender": "Masculine"})
            self.assertEqual(self.daemon.counts(f"?period={period}")["total"],
                             sum(n for month, n in months.items() if first <= month <= last), period)

    def test_problems(self):
        for query in ("?by=year", "?by=gender,month", "?by=gender,status,category", "?by=shoesize", "?per=week", "?per=",
                      "?period=17", "?period=2018..2016", "?period=2016-03..2017-02", "?period=2017-03",
                      "?period=2016&period=2017", "?gender=man", "?what=1", "?by=gender,gender",
                      "?year=2017", "?per=month&month=2017-03",
                      "?by=gender&by=gender", "?gender=Masculine&gender=Feminine",
                      "?per=month&by=municipality,category&period=2000..2999"):
            with self.subTest(query=query):
                self.assert_problem(self.daemon.control("GET", "/v1/trend" + query), 400)
                self.assertEqual(self.audited(), ("read trend", "", "400")
                                 if not query.endswith("2000..2999") else
                                 ("read trend", "per=month by=municipality,category period=2000..2999", "400"))
        for query in ("?period=2018..2016", "?period=2016..", "?period=1999", "?period=2016&period=2016", "?per=year",
                      "?by=year,year", "?year=2017&year=2017"):
            self.assert_problem(self.daemon.control("GET", "/v1/counts" + query), 400)

    def test_audit_says_the_question(self):
        for query, about in (("?gender=Masculine&by=category", "per=year by=category gender=Masculine"),
                             ("?per=month", "per=month"),
                             ("?by=province,gender&period=2016-01..2017-12", "per=year by=province,gender period=2016..2017")):
            self.ask("/v1/trend" + query)
            self.assertEqual(self.audited(), ("read trend", about, "200"))


class Large(Answers):
    def test_a_large_answer_is_whole_and_stands_nowhere_in_memory(self):
        """A line for each municipality, category and month: of 94,000 signals with 8 categories some 65 MiB."""
        with open(ROOT / "conf/municipalities.csv", encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        places = [(row["code"], f"{month}-15") for month in months_of("2000-01", "2025-12") for row in rows
                  if (row["valid_from"] or "") <= f"{month}-15" <= (row["valid_to"] or "9")][:94000]
        categories = ["SexualExploitation", "ForcedCriminality", "ForcedMarriage", "ForcedAdoption", "ForcedMilitaryByNonStateActors",
                      "ForcedBegging", "OrganRemoval", "ForcedLabour"]
        for i in range(0, len(places), 10000):
            signals = [{"id": f"2019-{i + n}", "reported": day, "municipality": code, "categories": categories}
                       for n, (code, day) in enumerate(places[i:i + 10000])]
            self.assertEqual(self.daemon.post("coa", signals).status, 200)
        before = self.own_peak_kib(self.daemon.process.pid)
        answer = self.daemon.counts("?by=municipality,category,month")
        self.assertEqual(len(answer["lines"]), 8 * len(places))
        self.assertEqual(sum(line["signals"] for line in answer["lines"]), 8 * answer["total"])
        self.assertEqual(self.audited(), ("read counts", "by=municipality,category,month", "200"))
        self.assertLess(self.own_peak_kib(self.daemon.process.pid) - before, 64 << 10)
        for words in (["--csv"], ["--json"], []):
            self.assert_streamed(words, 8 * len(places))
        less = self.daemon.counts("?by=municipality,category,month&period=2000-01")
        self.assertEqual(less["total"] * 8, len(less["lines"]))

    @staticmethod
    def own_peak_kib(pid):
        """At its highest; pages of the ledger's file are no part of it, nor do they grow here."""
        status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii")
        return int(re.search(r"VmHWM:\s+(\d+)", status)[1])

    @staticmethod
    def peak_kib(out, *words):
        """Of signaalctl. A child's peak begins with that of who starts it, so somebody small does."""
        starter = ("import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True); "
                   "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)")
        # A sanitizer keeps what was freed, unless it is told not to.
        options = os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1:thread_local_quarantine_size_kb=64"
        done = subprocess.run([sys.executable, "-c", starter, BUILD / "signaalctl", *words], stdout=out, stderr=subprocess.PIPE,
                              check=True, env={**os.environ, "ASAN_OPTIONS": options})
        return int(done.stderr)

    def assert_streamed(self, words, lines):
        """By signaalctl: all lines, and little memory for them beside what a start takes."""
        with open(self.daemon.directory / "out", "w+b") as out:
            started = self.peak_kib(subprocess.DEVNULL, "--version")
            peak = self.peak_kib(out, "--socket", self.daemon.control_path, "counts", "--by", "municipality,category,month", *words)
            self.assertLess(peak - started, 64 << 10)
            out.seek(0)
            self.assertGreater(sum(1 for _ in out), lines)


def municipalities():
    with open(ROOT / "conf/municipalities.csv", encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if not row["valid_to"]]


class Covering(Answers):
    SOURCES = [
        {"name": "adam", "kind": "municipality", "municipality": "GM0363", "push": True, "official": "yes"},
        {"name": "weesp", "kind": "municipality", "municipality": "GM0457", "push": True, "policy": "yes"},
        {"name": "utrecht", "kind": "municipality", "municipality": "GM0344", "push": True, "official": "yes", "policy": "yes"},
        {"name": "zwolle", "kind": "municipality", "municipality": "GM0193", "push": True},
        {"name": "police", "kind": "police", "municipality": "GM0014", "push": True, "official": "yes"},
        {"name": "nowhere", "kind": "ngo", "push": True},
        {"name": "named", "kind": "municipality", "municipality": "GM0307", "official": "yes"},
    ]

    def push(self, source, **more):
        answer = self.daemon.post(source, {"id": "1", **SIGNAL, **more})
        self.assertIn(answer.status, (200, 201), answer.body)

    def coverage(self, query=""):
        answer = self.ask("/v1/coverage" + query)
        self.assert_sums(answer)
        return answer, {line["code"]: line for line in answer["list"]}

    def assert_sums(self, answer):
        """Everything else in the answer follows from its list and the table of municipalities."""
        rows = municipalities()
        self.assertEqual([line["code"] for line in answer["list"]], [row["code"] for row in rows])
        regions = {"provinces": "province", "policeUnits": "police_unit", "sizeClasses": "size_class"}
        groups = {key: {row[column]: [] for row in rows} for key, column in regions.items()}
        for line, row in zip(answer["list"], rows):
            self.assertEqual((line["name"], line["province"], line["policeUnit"], line["sizeClass"], line["inhabitants"]),
                             (row["name"], row["province_code"], row["police_unit"], row["size_class"],
                              int(row["inhabitants"] or 0)))
            self.assertEqual(line["connected"], bool(set(line["sources"]) - {"named"}))
            self.assertEqual(line["lastSignal"] is None, line["state"] == "never")
            for key, column in regions.items():
                groups[key][row[column]].append(line)
        self.assert_sum(answer, answer["list"])
        self.assertEqual(answer["basicLevel"], self.level(answer["list"]))
        for key, lines in groups.items():
            self.assertEqual({sum_["name"] for sum_ in answer[key]}, set(lines))
            for sum_ in answer[key]:
                self.assert_sum(sum_, lines[sum_["name"]])
                level = self.level(lines[sum_["name"]])
                self.assertEqual({k: sum_[k] for k in ("official", "policy", "all")},
                                 {k: level[k] for k in ("official", "policy", "all")})
        self.assertEqual([p["code"] for p in answer["provinces"]], [f"PV{n}" for n in range(20, 32)])
        self.assertTrue(answer["headline"].startswith(f"{answer['signalling']} of {len(rows)} municipalities"))

    def assert_sum(self, sum_, lines):
        states = [line["state"] for line in lines]
        self.assertEqual((sum_["municipalities"], sum_["signalling"], sum_["silent"], sum_["never"], sum_["unconnected"]),
                         (len(lines), states.count("signals"), states.count("silent"), states.count("never"),
                          sum(not line["connected"] for line in lines)))

    @staticmethod
    def level(lines):
        signals = [line for line in lines if line["state"] == "signals"]
        return {"signals": len(signals), "official": sum(line["official"] for line in lines),
                "policy": sum(line["policy"] for line in lines),
                "all": sum(line["official"] and line["policy"] for line in signals)}


class Received(Covering):
    def test_who_signals(self):
        day = today()
        answer, lines = self.coverage()
        self.assertEqual((answer["basis"], answer["days"]), ("received", 365))
        last = datetime.date.fromisoformat(answer["to"])
        self.assertIn(last, (day, today()))
        self.assertEqual(answer["from"], (last - datetime.timedelta(days=364)).isoformat())
        self.assertEqual(answer["headline"], "0 of 342 municipalities (0 %) have signalled in the last 365 days; "
                                             "342 have not")
        self.assertEqual((answer["municipalities"], answer["unconnected"]), (342, 339))
        self.assertEqual(self.audited(), ("read coverage", "days=365", "200"))
        for source in ("weesp", "utrecht", "police", "nowhere"):
            self.push(source)
        answer, lines = self.coverage()
        self.assertEqual(answer["headline"], "2 of 342 municipalities (1 %) have signalled in the last 365 days; "
                                             "340 have not")
        self.assertEqual({code: line["state"] for code, line in lines.items() if line["connected"]},
                         {"GM0363": "signals", "GM0344": "signals", "GM0193": "never"})
        self.assertEqual((lines["GM0363"]["sources"], lines["GM0363"]["official"], lines["GM0363"]["policy"]),
                         (["adam", "weesp"], True, True))
        self.assertEqual(answer["basicLevel"], {"signals": 2, "official": 3, "policy": 2, "all": 2})
        feeds = {f["name"]: f["lastSignal"] for f in self.daemon.control("GET", "/v1/feeds").json["feeds"]}
        self.assertEqual(lines["GM0363"]["lastSignal"], feeds["weesp"])
        self.assertFalse(lines["GM0014"]["connected"] or lines["GM0014"]["official"])  # the police are no municipality
        self.daemon.kill()
        self.daemon.start()
        self.assertEqual(self.coverage()[0], answer)
        # A source that was taken out of the table counts no longer.
        self.daemon.write_sources([s for s in self.SOURCES if s["name"] != "weesp"])
        self.assertEqual(self.daemon.control("POST", "/v1/reload").status, 200)
        answer, lines = self.coverage("?days=2")
        self.assertEqual(answer["headline"], "1 of 342 municipalities (under 1 %) has signalled in the last 2 days; "
                                             "341 have not")
        self.assertEqual((lines["GM0363"]["state"], lines["GM0363"]["sources"]), ("never", ["adam"]))


class Reported(Covering):
    SOURCES = [{**source, "kind": "municipality", "municipality": "GM1680"} if source["name"] == "nowhere" else source
               for source in Covering.SOURCES]

    def test_what_was_reported(self):
        self.push("weesp", reported="2017-03-05")
        self.push("utrecht", reported="2015-12-31")
        self.push("zwolle", reported="2018-01-01")
        self.push("police", reported="2017-05-05", municipality="GM0014")
        self.push("nowhere", reported="2017-05-05", municipality="Ten Boer")  # became part of Groningen
        answer, lines = self.coverage("?period=2017")
        self.assertEqual({k: answer[k] for k in ("basis", "period", "from", "to")},
                         {"basis": "reported", "period": "2017", "from": "2017-01-01", "to": "2017-12-31"})
        self.assertNotIn("days", answer)
        self.assertEqual({code: (line["state"], line["lastSignal"]) for code, line in lines.items() if line["state"] != "never"},
                         {"GM0363": ("signals", "2017-03"), "GM0014": ("signals", "2017-05"), "GM0344": ("silent", "2015-12")})
        self.assertEqual(answer["headline"], "2 of 342 municipalities (1 %) have signalled in 2017; 340 have not")
        self.assertEqual(self.audited(), ("read coverage", "period=2017", "200"))
        answer, _ = self.coverage("?period=2015-12..2018-01")
        self.assertEqual(answer["headline"], "4 of 342 municipalities (1 %) have signalled in the period "
                                             "2015-12..2018-01; 338 have not")
        self.push("weesp", withdrawn=True)
        self.assertEqual(self.coverage("?period=2017")[1]["GM0363"]["state"], "never")

    def test_problems(self):
        for query in ("?days=0", "?days=36501", "?days=-1", "?days=x", "?days=1&days=2", "?days=1&period=2017", "?period=17",
                      "?period=2017&period=2018", "?by=province", "?days="):
            with self.subTest(query=query):
                self.assert_problem(self.daemon.control("GET", "/v1/coverage" + query), 400)
                self.assertEqual(self.audited(), ("read coverage", "", "400"))


if __name__ == "__main__":
    unittest.main()
