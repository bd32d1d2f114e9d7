# SPDX-License-Identifier: EUPL-1.2
"""signaalctl trend, coverage and statistics against a daemon that gives fixed answers.

The program is signaalctl in the folder that SIGNAALD_BUILD names (build/release without it).
"""

import copy
import csv
import io
import json
import os
import random
import re
import socket
import unittest

from chance import is_beyond
from ctl_fake import COUNTS, PROBLEM, Case, environment


def points(signals, first=2016, partial=False):
    """Points of a trend as the daemon tells them, a year each from `first` on."""
    found = []
    for i, count in enumerate(signals):
        point = {"period": str(first + i), "signals": count, "persons": count}
        if partial and i == len(signals) - 1:
            point["partial"] = True
        elif i:
            base = signals[i - 1]
            point["change"] = count - base
            if base:
                point["percent"] = round((count - base) * 100 / base, 1)
            point["beyondChance"] = is_beyond(base, count)
        found.append(point)
    return found


def trend(rows, by=(), partial=False, **more):
    """`rows`: labels -> signals by year."""
    total = [sum(column) for column in zip(*rows.values())]
    return {
        "by": list(by),
        "per": "year",
        "filters": {},
        "from": "2016",
        "to": str(2015 + len(total)),
        "series": [dict(zip(by, labels), points=points(row, partial=partial)) for labels, row in rows.items()],
        "total": points(total, partial=partial),
        "names": {},
        "smallBase": 20,
        **more,
    }


DOUBLED = trend({(): [34, 68]}, filters={"gender": "Masculine"})
YEARS = {
    ("SexualExploitation",): [3, 5, 9, 20, 26, 32, 40, 70, 80, 90, 12],
    ("ForcedLabour",): [10, 12, 0, 0, 3, 1, 5, 6, 4, 9, 2],
    ("CriminalExploitation",): [0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 3],
}


def group(name, of, signalling, code=None):
    value = {"code": code} if code else {}
    return {
        **value,
        "name": name,
        "municipalities": of,
        "signalling": signalling,
        "silent": 1,
        "never": of - signalling - 1,
        "official": 6,
        "policy": 5,
        "all": 4,
    }


def municipality(code, name, state, last, **more):
    return {
        "code": code,
        "name": name,
        "province": "PV20",
        "policeUnit": "Noord-Nederland",
        "sizeClass": "100-250k",
        "inhabitants": 234000,
        "state": state,
        "connected": bool(more.get("sources")),
        "lastSignal": last,
        "sources": [],
        "official": False,
        "policy": False,
        **more,
    }


COVERAGE = {
    "basis": "received",
    "days": 365,
    "from": "2025-11-26",
    "to": "2026-11-25",
    "municipalities": 342,
    "signalling": 17,
    "silent": 3,
    "never": 322,
    "unconnected": 310,
    "headline": "17 of 342 municipalities (5 %) have signalled in the last 365 days; 325 have not",
    "basicLevel": {"signals": 17, "official": 341, "policy": 10, "all": 1},
    "provinces": [
        group("Groningen", 10, 2, "PV20"), group("Fryslân", 18, 17, "PV21"), group("Flevoland", 6, 0, "PV24")
    ],
    "policeUnits": [group("Noord-Nederland", 40, 10)],
    "sizeClasses": [group("<5k", 5, 2), group("100-250k", 300, 299)],
    "list": [
        municipality("GM0014", "Groningen", "signals", "2026-11-01T10:00:00.000Z",
                     sources=["gm0014-groningen", "gm0014-b"], official=True),
        municipality("GM1900", "Súdwest-Fryslân", "never", None, inhabitants=None),
        municipality("GM0038", "Stil", "silent", "2017-12", sources=["stil"], policy=True),
    ],
}

STATISTICS = {
    "roundingBase": 10,
    "closed": "2026-10",
    "statistics": [
        {"measure": "signals", "year": "2017", "count": 120, "roundingBase": 10, "closed": "2026-09"},
        {"measure": "signals", "month": "2017-03", "category": "ForcedLabour", "count": 20, "roundingBase": 10,
         "closed": "2026-09"},
        {"measure": "signals", "year": "2017", "province": "PV27", "category": "SexualExploitation", "count": 30,
         "roundingBase": 10, "closed": "2026-10"},
        {"measure": "municipalities", "year": "2017", "count": 10, "roundingBase": 10, "closed": "2026-10"},
    ],
    "names": {"PV27": "Noord-Holland"},
}

def flat(text):
    """With the breaks between lines as spaces, for what is wrapped."""
    return " ".join(text.split())


class Usage(Case):
    def test_wrong_use(self):
        for args in (
            ["trend", "--per", "week"],
            ["trend", "--by", "year"],
            ["trend", "--by", "category,month"],
            ["trend", "--by", "shoe"],
            ["trend", "--by", ""],
            ["trend", "--by", "category,gender,province"],
            ["trend", "--period", "2016.."],
            ["trend", "--period", "..2016"],
            ["trend", "--period", "2016..2017..2018"],
            ["trend", "--period", "2016..2017-03"],
            ["trend", "--period", "2016-13..2017-01"],
            ["trend", "--where", "shoe=44"],
            ["trend", "extra"],
            ["counts", "--period", "2016..17"],
            ["coverage", "--days", "0"],
            ["coverage", "--days", "36501"],
            ["coverage", "--days", "x"],
            ["coverage", "--days", "3", "--period", "2017"],
            ["coverage", "--period", "soon"],
            ["coverage", "--by", "category"],
            ["coverage", "--by", "province", "--list"],
            ["coverage", "--by", "province", "--silent"],
            ["coverage", "--by", "province", "--never"],
            ["statistics", "drop"],
            ["statistics", "release", "now"],
            ["statistics", "--where", "year"],
            ["statistics", "--where", "year="],
            ["statistics", "--where", "status=possible"],
            ["statistics"] + ["--where", "year=2017"] * 13,
            ["statistics", "release", "--where", "year=2017"],
            ["statistics", "release", "--csv"],
            ["status", "--csv"],
            ["why", "a", "b", "--csv"],
            ["tail", "--csv"],
            ["feeds", "amsterdam", "--csv"],
            ["counts", "--csv", "--json"],
        ):
            with self.subTest(args=args):
                done = self.ctl(*args)
                self.assertEqual((done.returncode, done.stdout), (2, b""))
                self.assertIn(b"--help", done.stderr)
        self.assertEqual(self.daemon.requests, [])

    def test_help(self):
        for verb in ("trend", "coverage", "statistics", "top"):
            self.assertFits(self.good(verb, "--help"), 80)
        self.assertFits(self.good("--help"), 80)
        self.assertIn("It is refused when there is a snapshot already", flat(self.good("statistics", "--help")))

    def test_targets(self):
        for args, answer, asked in (
            (["counts", "--period", "2016..2018"], COUNTS, "GET /v1/counts?by=year&period=2016..2018"),
            (["trend"], DOUBLED, "GET /v1/trend?per=year"),
            (["trend", "--per", "month", "--by", "category,gender", "--period", "2016-03..2017-02", "--where",
              "gender=Masculine"], DOUBLED,
             "GET /v1/trend?per=month&by=category,gender&period=2016-03..2017-02&gender=Masculine"),
            (["coverage"], COVERAGE, "GET /v1/coverage"),
            (["coverage", "--days", "030", "--list"], COVERAGE, "GET /v1/coverage?days=30"),
            (["coverage", "--period", "2017", "--by", "sizeClass"], COVERAGE, "GET /v1/coverage?period=2017"),
            (["statistics", "--where", "year=2017"], STATISTICS, "GET /v1/statistics"),
            (["statistics", "release"], STATISTICS, "POST /v1/statistics/release"),
        ):
            self.answer(200, answer)
            self.daemon.asked.clear()
            self.good(*args)
            self.assertEqual([f"{method} {path}" for method, path, _ in self.daemon.asked], [asked])

    def test_json_is_unchanged(self):
        for verb, answer in (("trend", DOUBLED), ("coverage", COVERAGE), ("statistics", STATISTICS)):
            self.answer(200, answer)
            self.assertEqual(self.good(verb, "--json"), json.dumps(answer) + "\n")

    def test_problems(self):
        self.answer(409, {"title": "Conflict", "status": 409, "detail": "There is a snapshot."}, PROBLEM)
        for args in (["trend"], ["coverage"], ["statistics"], ["statistics", "release"], ["counts", "--csv"]):
            done = self.ctl(*args)
            self.assertEqual((done.returncode, done.stdout), (1, b""))
            self.assertEqual(done.stderr, b"signaalctl: Conflict: There is a snapshot.\n")


class Trend(Case):
    def test_did_it_double(self):
        self.answer(200, DOUBLED)
        text = self.good("trend")
        lines = text.splitlines()
        self.assertEqual(lines[0], "2016: 34, 2017: 68 (+34, +100 %): more than chance explains")
        self.assertEqual(lines[2], "Signals per year; gender Masculine; 2016..2017")
        self.assertEqual(lines[4].split(), ["period", "signals", "persons", "change", "percent"])
        self.assertRegex(lines[5], r"^2016 +34 +34 +█+$")
        self.assertRegex(lines[6], r"^2017 +68 +68 +\+34 +\+100 %  \*  █+$")
        self.assertEqual(len(lines[6]), 80)
        self.assertEqual(abs(lines[6].count("█") - 2 * lines[5].count("█")) <= 1, True)
        self.assertIn("Of 34, one signal more or less moves the percentage by about 3 points.", flat(text))
        self.assertIn("* More than chance explains: were nothing different, so large a change would come less than "
                      "once in 20 times.", flat(text))
        for absent in ("brackets", "is not over", "20 rows", "add up", "line at the end"):
            self.assertNotIn(absent, flat(text))
        self.assertFits(text, 80)

    def test_answers(self):
        for row, partial, answer in (
            ([68, 34], False, "2016: 68, 2017: 34 (-34, -50 %): more than chance explains"),
            ([68, 70], False, "2016: 68, 2017: 70 (+2, +2.9 %): chance alone may explain it"),
            ([68, 68], False, "2016: 68, 2017: 68 (no change)"),
            ([0, 68], False, "2016: 0, 2017: 68 (+68): more than chance explains"),
            ([1, 3, 6, 2], True, "2017: 3, 2018: 6 (+3, +100 %): chance alone may explain it"),
        ):
            self.answer(200, trend({(): row}, partial=partial))
            self.assertEqual(self.good("trend").splitlines()[0], answer)
        self.answer(200, trend({(): [1, 2]}, filters={"period": "2016..2017"}))
        self.assertEqual(self.good("trend").splitlines()[2], "Signals per year; period 2016..2017")
        for row in ([5], [5, 3]):
            self.answer(200, trend({(): row}, partial=True))
            self.assertEqual(self.good("trend").splitlines()[0][:16], "Signals per year")

    def test_small_bases_and_periods_that_are_not_over(self):
        self.answer(200, trend({(): [3, 20, 200, 10]}, partial=True))
        text = self.good("trend")
        self.assertRegex(text, r"(?m)^2017 +20 +20 +\+17 +\(\+566\.7 %\)  \*")
        self.assertRegex(text, r"(?m)^2018 +200 +200 +\+180 +\+900 %  \*")
        self.assertRegex(text, r"(?m)^2019 so far +10 +10 +█$|^2019 so far +10 +10 +[▏▎▍▌▋▊▉█]+$")
        self.assertIn("In brackets: of fewer than 20 signals, where one more or less moves the percentage by more "
                      "than 5 points.", flat(text))
        self.assertIn("2019 is not over: no change is shown.", text)
        self.assertIn("Of 20, one signal more or less moves the percentage by 5 points.", text)

    def test_periods_that_have_not_begun_are_left_out(self):
        def ahead(row, ended):
            answer = trend({("x",): row}, by=["gender"])
            for found in (answer["total"], answer["series"][0]["points"]):
                for p in found[ended:]:
                    p["partial"] = True
                    for key in ("change", "percent", "beyondChance"):
                        p.pop(key, None)
            return answer

        for row, ended, shown in (([3, 5] + [0] * 40, 1, ["2016", "2017"]), ([3, 4, 5] + [0] * 40, 2, ["2016", "2017", "2018"]),
                                  ([0] * 40, 0, ["2016"]), ([3, 5, 0, 1, 0], 1, ["2016", "2017", "2018", "2019"])):
            answer = ahead(row, ended)
            self.answer(200, answer)
            text = self.on_terminal("trend", "--by", "gender", "--no-colour", columns=80)
            self.assertFits(text, 80)
            titles = next(line for line in text.splitlines() if line.startswith("gender "))
            self.assertEqual([word for word in titles.split() if word[:2] == "20"], shown)
            self.assertIn(f"{shown[-1]} is not over", text)
            self.answer(200, {**answer, "by": [], "series": [{"points": answer["total"]}]})
            self.assertEqual(re.findall(r"(?m)^(20\d\d)(?: so far)? +\d", self.good("trend")), shown)
            self.assertEqual(self.good("trend", "--csv").count("\n"), 1 + len(row))  # the daemon's, all of them

    def test_large_bases_need_no_warning(self):
        self.answer(200, trend({(): [101, 200]}))
        self.assertNotIn("one signal more or less", self.good("trend"))
        self.answer(200, trend({(): [100, 200]}))
        self.assertIn("by 1 point.", self.good("trend"))

    def test_by(self):
        self.answer(200, trend(YEARS, by=["category"], partial=True))
        text = self.good("trend", "--by", "category")
        lines = text.splitlines()
        self.assertEqual(lines[0], "2024: 84, 2025: 106 (+22, +26.2 %): chance alone may explain it")
        self.assertEqual(lines[4].split(), ["category", "2023", "2024", "2025", "2026", "change", "percent"])
        self.assertEqual(lines[5].split()[:8], ["SexualExploitation", "70", "80", "90", "12", "+10", "+12.5", "%"])
        self.assertTrue(lines[5].endswith("  ▂▂▃▃▄▄▅▇▇█"), lines[5])
        self.assertRegex(lines[6], r"^ForcedLabour +6 +4 +9 +2 +\+5 +\(\+125 %\) +▇█▁▁▄▃▅▅▄▇$")
        self.assertRegex(lines[7], r"^CriminalExploitation +0 +0 +7 +3 +\+7 +\*  ▁▁▁▁▁▁▁▁▁█$")
        self.assertRegex(lines[9], r"^total +76 +84 +106 +17 +\+22 +\+26\.2 % +▃▃▃▃▄▄▅▆▇█$")
        for note in ("runs from 2016 to 2025, each by its own highest", "So of 20 rows one may have it by chance",
                     "2026 is not over", "may add up to more than the total", "In brackets: of fewer than 20"):
            self.assertIn(note, flat(text))
        self.assertFits(text, 80)

    def test_notes_only_on_what_is_shown(self):
        self.answer(200, trend({("x",): [3, 50, 100, 101]}, by=["gender"]))
        text = flat(self.good("trend", "--by", "gender"))
        self.assertIn("chance alone may explain it", text)
        for absent in ("In brackets", "* More than", "is not over", "add up"):
            self.assertNotIn(absent, text)

    def test_width(self):
        rows = {(province, *category): row for province in ("PV21", "PV27") for category, row in YEARS.items()}
        names = {"PV21": "Fryslân", "PV27": "Noord-Holland"}
        self.answer(200, trend(rows, by=["province", "category"], partial=True, names=names))
        shown = {}
        for columns in (80, 120, 200):
            text = self.on_terminal("trend", "--no-colour", columns=columns)
            self.assertFits(text, columns)
            titles = next(line for line in text.splitlines() if line.startswith("province"))
            shown[columns] = re.findall(r"20\d\d", titles)
        self.assertEqual(shown[80], ["2024", "2025", "2026"])
        self.assertEqual(shown[120], ["2020", *map(str, range(2021, 2027))])
        self.assertEqual(shown[200], [str(year) for year in range(2016, 2027)])
        self.assertIn("PV27 Noord-Holland  CriminalExploitation", self.on_terminal("trend", columns=120))

    def test_many_months(self):
        months = [f"{2010 + m // 12}-{m % 12 + 1:02}" for m in range(190)]
        series = [{"period": month, "signals": i, "persons": i, "change": 1} for i, month in enumerate(months)]
        answer = {"by": ["gender"], "per": "month", "series": [{"gender": "x", "points": series}], "total": series}
        self.answer(200, answer)
        for columns in (40, 80, 1000):
            text = self.on_terminal("trend", "--no-colour", columns=columns)
            self.assertFits(text, max(columns, 53))
            self.assertRegex(text, r"2025-09 +2025-10 +change")
            self.assertEqual("to 2025-10, each by its own" in flat(text), columns > 40)

    def test_ascii(self):
        self.answer(200, trend(YEARS, by=["category"], partial=True))
        text = self.good("trend", env=environment(LC_ALL="C"))
        self.assertTrue(text.isascii())
        self.assertRegex(text, r"(?m)^ForcedLabour .*##__-\.-=-=$")

    def test_nothing(self):
        self.answer(200, {"by": [], "per": "year", "series": [], "total": [], "names": {}, "smallBase": 20})
        self.assertEqual(self.good("trend"), "There are no signals.\n")

    def test_csv(self):
        names = {"PV21": "Fryslân"}
        self.answer(200, trend({("PV21",): [34, 68, 1234567]}, by=["province"], partial=True, names=names))
        self.assertEqual(
            self.ctl("trend", "--csv").stdout.decode(),
            "province,provinceName,period,signals,persons,change,percent,partial,beyondChance\r\n"
            "PV21,Fryslân,2016,34,34,,,false,false\r\n"
            "PV21,Fryslân,2017,68,68,34,100.0,false,true\r\n"
            "PV21,Fryslân,2018,1234567,1234567,,,true,false\r\n",
        )
        self.answer(200, trend({(): [34, 12]}))
        self.assertIn("2017,12,12,-22,-64.7,false,true\r\n", self.ctl("trend", "--csv").stdout.decode())

    def test_strange_answers(self):
        good = trend(YEARS, by=["category"], partial=True)
        for change in (
            {"by": ["shoe"]},
            {"by": ["gender", "category", "province"]},
            {"by": [5]},
            {"series": [{"points": []}]},
            {"series": 5},
            {"series": [None, 1, {}]},
            {"total": None},
            {"total": [None] * 11},
            {"total": [{"period": "\x1b[2J" * 40, "signals": "x", "change": "y", "percent": {}}] * 11},
            {"total": [{"signals": -(2**63), "change": -(2**63), "percent": 1e300, "partial": True}] * 11},
            {"total": [{"signals": 2**63 - 1, "change": 2**63 - 1, "percent": -1e14}] * 11},
            {"smallBase": 0},
            {"smallBase": 0, "total": [{"signals": -5, "change": 1, "percent": 1}] * 11},
            {"smallBase": -(2**63)},
            {"smallBase": None, "names": [], "filters": 5, "from": 1, "per": None},
        ):
            answer = copy.deepcopy(good)
            answer.update(change)
            plain = dict(answer, by=[], series=[{"points": answer["total"]}])  # a row a period
            for form, args in ((answer, []), (plain, []), (plain, ["--csv"])):
                self.answer(200, form)
                with self.subTest(change=str(change)[:60], by=form["by"], args=args):
                    done = self.ctl("trend", *args)
                    self.assertIn(done.returncode, (0, 1), done)
                    self.assertNotIn(b"\x1b", done.stdout)

    def test_other_periods_than_the_total(self):
        for wrong in ([], points([1, 2, 3])):
            self.answer(200, trend({(): [34, 68]}, series=[{"points": wrong}]))
            done = self.ctl("trend")
            self.assertEqual((done.returncode, done.stdout), (1, b""))
            self.assertIn(b"not one that this version can read", done.stderr)

    def test_random(self):
        rng = random.Random(seed := random.randrange(1 << 32))
        for _ in range(6):
            years = rng.randint(1, 12)
            rows = {(f"{n}" + "é\x1b世" * rng.randint(0, 8), "b" * rng.randint(1, 30)):
                    [rng.choice([0, 1, 15, rng.randrange(10**6)]) for _ in range(years)] for n in range(rng.randint(1, 9))}
            self.answer(200, trend(rows, by=["municipality", "category"], partial=rng.random() < 0.5))
            for columns in (80, 120):
                with self.subTest(seed=seed, columns=columns):
                    text = self.on_terminal("trend", "--no-colour", columns=columns)
                    self.assertClean(text)
                    self.assertEqual([x for x in text.split("\n") if len(x) + x.count("世") > columns], [])


class Coverage(Case):
    def setUp(self):
        super().setUp()
        self.answer(200, COVERAGE)

    def test_plain(self):
        text = self.good("coverage")
        lines = text.splitlines()
        self.assertEqual(lines[0], COVERAGE["headline"])
        for line in (
            r"  signals \(indicator\) +17 +5 %",
            r"  has an official +341 +>99 %",
            r"  has a policy +10 +3 %",
            r"  all three +1 +<1 %",
            r"province +all  signal  silent  never  share",
            r"PV20 Groningen +10 +2 +1 +7 +20 %  █+[▏▎▍▌▋▊▉]?",
            r"PV21 Fryslân +18 +17 +1 +0 +94 %  █+[▏▎▍▌▋▊▉]?",
            r"PV24 Flevoland +6 +0 +1 +5 +0 %",
            r"all +342 +17 +3 +322 +5 %  █[▏▎▍▌▋▊▉]?",
        ):
            self.assertRegex(text, rf"(?m)^{line}$")
        self.assertIn("Of 310 no source is connected", text)
        self.assertIn("nothing new in these days", flat(text))
        self.assertFits(text, 80)

    def test_bars_are_shares_of_the_whole(self):
        bars = {line[:4]: line.count("█") for line in self.good("coverage").splitlines() if "%" in line}
        room = 80 - len("PV20 Groningen   all  signal  silent  never  share  ") + 1
        self.assertLessEqual(abs(bars["PV20"] - room * 0.2), 1)
        self.assertLessEqual(abs(bars["PV21"] - room * 0.94), 1)

    def test_other_divisions(self):
        text = self.good("coverage", "--by", "policeUnit")
        self.assertRegex(text, r"(?m)^Noord-Nederland +40 +10 +1 +29 +25 %")
        text = self.good("coverage", "--by", "sizeClass")
        self.assertRegex(text, r"(?m)^<5k +5 +2 +1 +2 +40 %")
        self.assertRegex(text, r"(?m)^100-250k +300 +299 +1 +0 +>99 %")
        self.assertNotIn("Groningen", text)

    def test_wide_screens_show_more(self):
        text = self.on_terminal("coverage", "--no-colour", columns=120)
        self.assertFits(text, 120)
        self.assertRegex(text, r"province +all  signal  silent  never  official  policy  all three  share")
        self.assertRegex(text, r"PV20 Groningen +10 +2 +1 +7 +6 +5 +4 +20 %")
        self.assertRegex(text, r"all +342 +17 +3 +322 +341 +10 +1 +5 %")
        self.assertNotIn("official  policy", self.on_terminal("coverage", "--no-colour"))

    def test_list(self):
        text = self.good("coverage", "--list", env=environment(COLUMNS="120"))
        self.assertEqual(text.splitlines()[0], COVERAGE["headline"])
        for line in (
            r"municipality +province  state    last        official  policy  sources",
            r"GM0014 Groningen +PV20      signals  2026-11-01  yes       -       gm0014-groningen, gm0014-b",
            r"GM1900 Súdwest-Fryslân +PV20      never    -           -         -       -",
            r"GM0038 Stil +PV20      silent   2017-12     -         yes     stil",
            r"3 of 3 municipalities shown\.",
        ):
            self.assertRegex(text, rf"(?m)^{line}$")
        self.assertFits(self.on_terminal("coverage", "--list"), 80)
        self.assertIn("gm0014-groningen, gm0014-b\n", self.good("coverage", "--list", env=environment(COLUMNS="40")))

    def test_silent_and_never(self):
        for args, codes in ((["--silent"], ["GM0038"]), (["--never"], ["GM1900"]),
                            (["--silent", "--never"], ["GM1900", "GM0038"]), (["--list", "--never"], ["GM1900"])):
            text = self.good("coverage", *args)
            self.assertEqual(re.findall(r"(?m)^GM\d{4}", text), codes)
            self.assertIn(f"{len(codes)} of 3 municipalities shown.", text)
            rows = list(csv.reader(io.StringIO(self.good("coverage", "--csv", *args))))
            self.assertEqual([row[0] for row in rows[1:]], codes)

    def test_reported(self):
        self.answer(200, dict(COVERAGE, basis="reported", period="2017", headline="17 of 342 … in 2017; 325 have not"))
        text = self.good("coverage", "--period", "2017")
        self.assertTrue(text.startswith("17 of 342 … in 2017"))
        self.assertIn("By the date of report", flat(text))

    def test_csv(self):
        self.assertEqual(
            self.ctl("coverage", "--csv").stdout.decode(),
            "code,name,municipalities,signalling,silent,never,official,policy,all\r\n"
            "PV20,Groningen,10,2,1,7,6,5,4\r\nPV21,Fryslân,18,17,1,0,6,5,4\r\nPV24,Flevoland,6,0,1,5,6,5,4\r\n",
        )
        self.assertEqual(
            self.ctl("coverage", "--csv", "--by", "sizeClass").stdout.decode(),
            "name,municipalities,signalling,silent,never,official,policy,all\r\n"
            "<5k,5,2,1,2,6,5,4\r\n100-250k,300,299,1,0,6,5,4\r\n",
        )
        self.assertEqual(
            self.ctl("coverage", "--csv", "--list").stdout.decode(),
            "code,name,province,policeUnit,sizeClass,inhabitants,state,connected,lastSignal,official,policy,sources\r\n"
            "GM0014,Groningen,PV20,Noord-Nederland,100-250k,234000,signals,true,2026-11-01T10:00:00.000Z,true,false,"
            '"gm0014-groningen, gm0014-b"\r\n'
            "GM1900,Súdwest-Fryslân,PV20,Noord-Nederland,100-250k,,never,false,,false,false,\r\n"
            "GM0038,Stil,PV20,Noord-Nederland,100-250k,234000,silent,true,2017-12,false,true,stil\r\n",
        )

    def test_strange_answers(self):
        for answer in ({}, {"provinces": 5, "list": [1, None, {"state": 5}]}, {"basicLevel": [], "headline": "\x1b[2J"},
                       {"municipalities": 0, "provinces": [{}]},
                       {"municipalities": -(2**63), "provinces": [{"municipalities": 1, "signalling": 2**63 - 1}]}):
            self.answer(200, answer)
            for args in ([], ["--list"], ["--csv"], ["--csv", "--list"]):
                with self.subTest(answer=answer, args=args):
                    self.assertNotIn("\x1b", self.good("coverage", *args))


class Statistics(Case):
    def setUp(self):
        super().setUp()
        self.answer(200, STATISTICS)

    def test_plain(self):
        text = self.good("statistics")
        lines = text.splitlines()
        self.assertEqual(lines[0], "Statistics, rounded down to a multiple of 10, of months up to 2026-10")
        for line in (
            r"period +of +at least",
            r"2017 +all +120\b.*",
            r"2017-03 +category ForcedLabour +20\b.*",
            r"2017 +province PV27 Noord-Holland, category SexualExploitation +30\b.*",
            r"2017 +municipalities that signalled +10\b.*",
        ):
            self.assertRegex(text, rf"(?m)^{line}$")
        self.assertIn("Numbers below 10 do not exist: none and few look alike.", flat(text))
        self.assertFits(text, 80)

    def test_where(self):
        for args, counts in (
            (["--where", "year=2017"], [120, 30, 10]),
            (["--where", "year=2017", "--where", "measure=signals"], [120, 30]),
            (["--where", "month=2017-03"], [20]),
            (["--where", "province=PV27"], [30]),
            (["--where", "province=PV2"], []),
        ):
            rows = list(csv.DictReader(io.StringIO(self.good("statistics", "--csv", *args))))
            self.assertEqual([int(row["count"]) for row in rows], counts)
            text = self.good("statistics", *args)
            self.assertEqual(re.findall(r"(?m)^2017.* (\d+)(?:  .*)?$", text), list(map(str, counts)))

    def test_csv(self):
        rows = list(csv.DictReader(io.StringIO(self.good("statistics", "--csv"))))
        self.assertEqual([{k: v for k, v in row.items() if v} for row in rows],
                         [{k: str(v) for k, v in statistic.items()} for statistic in STATISTICS["statistics"]])

    def test_none_yet(self):
        self.answer(200, {"roundingBase": 10, "closed": None, "statistics": [], "names": {}})
        self.assertIn("Nothing has gone outside yet", self.good("statistics"))
        self.assertEqual(len(self.good("statistics", "--csv").splitlines()), 1)

    def test_publish(self):
        self.assertEqual(self.good("statistics", "release"), "The first statistics are out, of months up to 2026-10.\n")


class Reaching(Case):
    def test_full_backlog(self):
        path = os.path.join(self.folder, "full.sock")
        with socket.socket(socket.AF_UNIX) as full:
            full.bind(path)
            full.listen(0)
            with socket.socket(socket.AF_UNIX) as first, socket.socket(socket.AF_UNIX) as second:
                for client in (first, second):
                    client.setblocking(False)
                    try:
                        client.connect(path)
                    except BlockingIOError:
                        pass
                self.path = path
                done = self.ctl("status")
        self.assertEqual((done.returncode, done.stdout), (1, b""))
        self.assertIn(b"takes no more connections", done.stderr)


if __name__ == "__main__":
    Case.program = os.path.join(os.environ.get("SIGNAALD_BUILD", "build/release"), "signaalctl")
    unittest.main()
