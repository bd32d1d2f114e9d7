# SPDX-License-Identifier: EUPL-1.2
"""Figures for anybody: /v1/statistics and /v1/codes, as JSON, as CSV and as a spreadsheet opens it; who reads them in each form
learns what the released statistics say and nothing more."""
import contextlib
import csv
import http.client
import io
import json
import os
import subprocess
import unittest

import openpyxl

import outside
from harness import BUILD, PATIENCE_S, Case, Fresh

SOURCES = [{"name": "coa", "kind": "coa", "push": True}, {"name": "zorg", "kind": "care", "push": True},
           {"name": "gm0363-amsterdam", "kind": "municipality", "municipality": "GM0363", "push": True}]
BASE = 10
SEED = "by=year&category=SexualExploitation&gender=Masculine&foreign=yes"
SECRET = "Jansen-123456782"


def seed_signals():
    """34 foreign men forced into prostitution in 2016 and 68 in 2017, of several countries, and others beside them."""
    for year, number in ((2016, 34), (2017, 68)):
        for i in range(number):
            yield {"id": f"{year}-{i}", "reported": f"{year}-{1 + i % 12:02}-05", "municipality": ("Weesp", "Ter Apel", "nergens")[i % 3],
                   "category": "gedwongen prostitutie",
                   "victim": {"gender": "man", "age": 30, "citizenship": ("NG", "RO", "PL", "SY")[i % 4]}}
        for i in range(25):
            yield {"id": f"{year}-o{i}", "reported": f"{year}-03-05", "municipality": "Amsterdam", "category": "loondienst",
                   "victim": {"gender": "vrouw", "age": 12, "citizenship": "NL"}}
            yield {"id": f"{year}-d{i}", "reported": f"{year}-03-05", "municipality": "Groningen", "category": "gedwongen prostitutie",
                   "victim": {"gender": "man", "citizenship": "NL"}}


def deliver(daemon, signals):
    for at, source in enumerate(("coa", "zorg")):
        assert daemon.post(source, list(signals)[at::2]).status == 200


def rows_of(answer, **dialect):
    return list(csv.DictReader(io.StringIO(answer.body.decode("utf-8-sig"), newline=""), strict=True, **dialect))


def plain(row):
    """A statistic of any form as text by column, without what is not there."""
    return {key: str(value) for key, value in row.items() if value not in ("", None)}


class Figures(Case):
    maxDiff = None
    SOURCES = SOURCES
    EXTRA = {"disclosure": ["public: yes", "requests_per_minute: 0"]}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        deliver(cls.daemon, list(seed_signals()))
        assert cls.daemon.control("POST", "/v1/statistics/release").status == 200

    def ask(self, query="", status=200, path="/v1/statistics", **headers):
        answer = self.daemon.request("GET", path + (f"?{query}" if query else ""), headers=headers)
        self.assertEqual(answer.status, status, answer.body)
        return answer

    def statistics(self, query=""):
        return self.ask(query).json["statistics"]

    def test_did_it_double(self):
        """The question that it all began with, in one request."""
        self.assertEqual({line["year"]: line["count"] for line in self.statistics(SEED)}, {"2016": 30, "2017": 60})
        self.assertEqual({line["year"]: line["count"] for line in rows_of(self.ask(SEED + "&format=csv"))}, {"2016": "30", "2017": "60"})
        exact = self.daemon.counts("?by=year&category=SexualExploitation&gender=Masculine&foreign=yes")["lines"]
        self.assertEqual([line["signals"] for line in exact], [34, 68])

    def test_what_was_released_and_nothing_else(self):
        """Each form has the released statistics, all of them, whatever came in since."""
        before = {form: self.ask(f"format={form}").body for form in ("json", "csv", "excel")}
        late = [{"id": f"late-{i}", "reported": "2016-02-02", "municipality": "Amsterdam", "category": "Other"} for i in range(40)]
        deliver(self.daemon, late)
        released = self.daemon.control("GET", "/v1/statistics").json
        answer = self.ask().json
        self.assertEqual([{k: v for k, v in line.items() if k not in ("by", "inhabitants", "rate") and not k.endswith("Name")}
                          for line in answer["statistics"]], released["statistics"])
        self.assertEqual((answer["roundingBase"], answer["closed"]), (released["roundingBase"], released["closed"]))
        rates = self.daemon.control("GET", "/v1/statistics?rate=yes").json["statistics"]  # what the public report is made of
        self.assertEqual([(line.get("inhabitants"), line.get("rate")) for line in rates],
                         [(line.get("inhabitants"), line.get("rate")) for line in answer["statistics"]])
        self.assertEqual(self.daemon.control("GET", "/v1/statistics?rate=maybe").status, 400)
        self.assertGreater(len(answer["statistics"]), 80)
        self.assertEqual({form: self.ask(f"format={form}").body for form in before}, before)
        rows = [plain(line) for line in answer["statistics"]]
        self.assertEqual([plain(row) for row in rows_of(self.ask("format=csv"))], rows)
        excel = [plain(row) for row in rows_of(self.ask("format=excel"), delimiter=";")]
        self.assertEqual([{**row, **({"rate": row["rate"].replace(",", ".")} if "rate" in row else {})} for row in excel], rows)

    def test_never_persons(self):
        self.assertEqual({line["measure"] for line in self.statistics()}, {"signals", "municipalities"} & {
            line["measure"] for line in self.daemon.control("GET", "/v1/statistics").json["statistics"]})
        self.ask("measure=persons", 400)
        self.assertNotIn(b"persons", self.ask("format=csv").body)

    def test_by_gives_one_table(self):
        """With `by` nothing is there twice; without it all is."""
        total = {line["year"]: line["count"] for line in self.statistics("by=year")}
        self.assertEqual(total, {"2016": 80, "2017": 110})
        for by in ("year", "year,province", "category,year", "province,category", "month", "month,category", "gender,foreign,category"):
            lines = self.statistics(f"by={by}")
            self.assertTrue(lines, by)
            asked = set(by.split(",")) - {"year", "month"}
            for line in lines:
                self.assertEqual(set(line["by"].split(",")) - {"year", "month"}, asked)
                self.assertEqual(line["measure"], "signals")
            self.assertEqual(len({tuple(line.get(d) for d in ("year", "month", *sorted(asked))) for line in lines}), len(lines), by)
        self.assertEqual({"2017"}, {line["year"] for line in self.statistics("by=year,category&period=2017")})
        self.assertEqual({"2017"}, {line["month"][:4] for line in self.statistics("by=month&period=2017-02..2017-11")})
        self.assertEqual({"GM0363"}, {line["municipality"] for line in self.statistics("municipality=GM0363")})

    def test_names_in_two_languages(self):
        line = self.statistics(SEED)[0]
        self.assertEqual((line["categoryName"], line["genderName"], line["foreignName"]), ("Seksuele uitbuiting", "Man", "Niet Nederlands"))
        for more in ({"query": SEED + "&lang=en"}, {"query": SEED, "Accept-Language": "en-GB,nl;q=0.5"}):
            self.assertEqual(self.ask(**more).json["statistics"][0]["categoryName"], "Sexual exploitation")
        names = {line["municipality"]: line["municipalityName"] for line in self.statistics("by=year,municipality")}
        self.assertEqual(names["GM0457"], "Weesp")
        self.assertEqual({line["safetyRegionName"] for line in self.statistics("safetyRegion=VR13")}, {"Amsterdam-Amstelland"})

    def test_rates_are_of_rounded_numbers(self):
        codes = self.ask(path="/v1/codes").json["municipalities"]
        people = {place["code"]: place["inhabitants"] for place in codes}
        self.assertEqual(self.ask().json["inhabitants"], {"source": "CBS", "from": 2014, "to": 2024})
        seen = set()
        for line in self.statistics():
            regions = {"province", "policeUnit", "safetyRegion", "municipality"} & set(line)
            place = all(line[region] != "unknown" for region in regions) and line["measure"] == "signals"
            self.assertEqual("rate" in line, place, line)
            if place:
                seen |= regions or {"country"}
                self.assertAlmostEqual(line["rate"], line["count"] * 100000 / line["inhabitants"], delta=0.0500001)
            if place and "municipality" in line:
                self.assertEqual(line["inhabitants"], people[line["municipality"]])
        self.assertEqual(seen, {"province", "policeUnit", "safetyRegion", "municipality", "country"})
        year = [place for place in codes if (place["validFrom"] or "") <= "2017-12-31" <= (place["validTo"] or "9999")]
        country = self.statistics("by=year&year=2017")[0]
        self.assertEqual(country["inhabitants"], sum(place["inhabitants"] for place in year))
        self.assertTrue(16_000_000 < country["inhabitants"] < 19_000_000)

    def rate_of(self, line):
        self.assertAlmostEqual(line["rate"], line["signals"] * 100000 / line["inhabitants"], delta=0.0500001)
        return line["inhabitants"]

    def test_rates_inside(self):
        """Of exact numbers, where a line is of a place; only when somebody asks."""
        people = {place["code"]: place["inhabitants"] for place in self.ask(path="/v1/codes").json["municipalities"]}
        outside_by = {(line["year"], line["province"]): line["inhabitants"] for line in self.statistics("by=year,province") if "rate" in line}
        self.assertFalse([line for line in self.daemon.counts("?by=year")["lines"] if "rate" in line or "inhabitants" in line])
        lines = self.daemon.counts("?by=year,province&rate=yes")["lines"]
        self.assertEqual({line["province"] for line in lines if "rate" not in line}, {"unknown"})
        for line in lines:
            if "rate" in line:
                self.assertEqual(self.rate_of(line), outside_by.get((line["year"], line["province"]), line["inhabitants"]))
        for query in ("by=municipality,gender&period=2017", "by=gender&municipality=GM0363", "by=municipality,province&period=2016"):
            for line in self.daemon.counts(f"?{query}&rate=yes")["lines"]:
                code = line.get("municipality", "GM0363")
                self.assertEqual("rate" in line, code != "unknown", line)
                if code != "unknown":
                    self.assertEqual(self.rate_of(line), people[code])
        self.assertFalse([line for line in self.daemon.counts("?by=province,safetyRegion&rate=yes")["lines"] if "rate" in line])
        trend = self.daemon.control("GET", "/v1/trend?by=province&period=2016..2017&rate=yes").json
        for series in trend["series"]:
            for point in series["points"]:
                if series["province"] != "unknown":
                    self.assertIn(self.rate_of(point), (outside_by.get((point["period"], series["province"])), point["inhabitants"]))
        self.assertEqual([self.rate_of(point) for point in trend["total"]],
                         [line["inhabitants"] for line in self.statistics("by=year")])
        self.assertEqual(self.daemon.control("GET", "/v1/counts?by=year&rate=perhaps").status, 400)
        self.assertIn("rate: once only", self.daemon.control("GET", "/v1/counts?by=year&rate=yes&rate=no").json["detail"])

    def ctl(self, *words):
        done = subprocess.run([BUILD / "signaalctl", "--socket", self.daemon.control_path, *words], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_rates_of_signaalctl(self):
        line = [line for line in self.daemon.counts("?by=year,province&rate=yes")["lines"] if line["province"] == "PV27"][0]
        for words in (["counts", "--by", "year,province"], ["trend", "--by", "province", "--period", "2016..2017"]):
            rows = list(csv.DictReader(io.StringIO(self.ctl(*words, "--rate", "--csv"), newline="")))
            row, = [row for row in rows if row["province"] == "PV27" and line["year"] in (row.get("year"), row.get("period"))]
            self.assertEqual((row["inhabitants"], row["rate"]), (str(line["inhabitants"]), str(line["rate"])))
            self.assertNotIn("rate", self.ctl(*words, "--csv").splitlines()[0])
        for words in (["counts"], ["trend", "--period", "2016..2017"]):
            self.assertRegex(self.ctl(*words, "--rate"), r"(?m)per 100,000.*\n2016 .* \d+\.\d\b")
            self.assertNotIn("per 100,000", self.ctl(*words))

    def test_kept_and_shared(self):
        """ETag, 304, HEAD, CORS, Vary; all that a cache and a page of another site need."""
        for path in ("/v1/statistics", "/v1/statistics?format=csv", "/v1/statistics/metadata", "/v1/codes"):
            first = self.ask(path=path)
            etag = first.headers["ETag"]
            again = self.ask(path=path, status=304, **{"If-None-Match": f'"other", W/{etag}'})
            self.assertEqual((again.body, again.headers["ETag"]), (b"", etag))
            self.assertEqual(again.headers["Content-Length"], first.headers["Content-Length"])  # or none (RFC 9110, 8.6)
            self.assertEqual(self.ask(path=path, **{"If-None-Match": '"other"'}).body, first.body)
            head = self.daemon.request("HEAD", path)
            self.assertEqual((head.status, head.body, head.headers["ETag"]), (200, b"", etag))
            self.assertEqual(first.headers["Access-Control-Allow-Origin"], "*")
            self.assertEqual(self.daemon.request("POST", path).status, 405)
        self.assertEqual(self.ask().headers["Vary"], "Accept, Accept-Language")
        self.assertNotEqual(self.ask().headers["ETag"], self.ask("lang=en").headers["ETag"])
        for accept, kind in (("text/csv", "text/csv"), ("text/csv;q=0.1, */*", "application/json"), ("*/*", "application/json")):
            self.assertTrue(self.ask(Accept=accept).headers["Content-Type"].startswith(kind), accept)

    def test_all_faults_at_once(self):
        """By the names of parameters of ours; no value and no name that came is in an answer."""
        query = "&".join(f"{name}={SECRET}" for name in (
            "by", "format", "lang", "measure", "period", "year", "month", "province", "category", "foreign", SECRET, "status"))
        answer = self.ask(query, 400)
        self.assertNotIn(b"Jansen", answer.body)
        faults = {fault.get("parameter") for fault in answer.json["errors"]}
        self.assertEqual(faults, {"by", "format", "lang", "measure", "period", "year", "month", "province", "category", "foreign", None})
        for wrong, name in (("by=gender,ageGroup", "by"), ("by=year,month", "by"), ("by=year,year", "by"), ("by=", "by"), ("by=month,province", "by"),
                            ("by=year&sourceKind=coa&gender=Masculine", "by"), ("year=17", "year"), ("province=Utrecht", "province"),
                            ("period=2018..2016", "period"), ("by=status", "by"), ("province=" + "x" * 5000, "province")):
            answer = self.ask(wrong, 400)
            self.assertEqual([fault["parameter"] for fault in answer.json["errors"]], [name], wrong)
        self.assertIn("twice", self.ask("year=2016&year=2017", 400).json["detail"])
        self.ask("x=1", 400, path="/v1/codes")

    def test_codes(self):
        codes = self.ask(path="/v1/codes").json
        for line in self.statistics():
            for dimension, key in (("category", "categories"), ("gender", "genders"), ("ageGroup", "ageGroups"), ("foreign", "foreign"),
                                   ("citizenship", "citizenships"), ("sourceKind", "sourceKinds"), ("province", "provinces"),
                                   ("policeUnit", "policeUnits"), ("safetyRegion", "safetyRegions"), ("municipality", "municipalities")):
                if line.get(dimension, "unknown") != "unknown":
                    self.assertIn(line[dimension], {entry["code"] for entry in codes[key]})
        self.assertEqual([len(codes[key]) for key in ("categories", "genders", "provinces", "policeUnits", "safetyRegions")], [13, 6, 12, 10, 25])
        places = {place["code"]: place for place in codes["municipalities"]}
        self.assertEqual((places["GM0457"]["today"], places["GM0457"]["validTo"], places["GM0363"]["today"]), ("GM0363", "2022-03-23", "GM0363"))
        self.assertTrue(all(word["nl"] and word["en"] for key in ("categories", "genders", "sourceKinds") for word in codes[key]))

    def test_opens_in_a_spreadsheet(self):
        """Gnumeric's own reader, told nothing of the file: cells are as they are in the JSON, names with their diacritics."""
        want = [plain(line) for line in self.statistics()]
        for form in ("csv", "excel"):
            path = self.daemon.directory / f"statistics-{form}.csv"
            answer = self.ask(f"format={form}")
            path.write_bytes(answer.body)
            made = path.with_suffix(".xlsx")
            subprocess.run(["ssconvert", path, made], check=True, capture_output=True, timeout=120)
            table = list(openpyxl.load_workbook(made).active.iter_rows(values_only=True))
            self.assertEqual(len(table) - 1, len(want), form)
            for cells, line in zip(table[1:], want):
                row = dict(zip(table[0], cells))
                self.assertEqual(row["count"], int(line["count"]))
                self.assertEqual(row.get("provinceName"), line.get("provinceName"))

    def test_metadata_of_the_csv(self):
        """An outside reader of CSV on the Web finds the description by the answer's Link, and reads every row by it."""
        packages = outside.python_packages("csvw.txt")
        answer = self.ask("format=csv")
        self.assertEqual(answer.headers["Link"], '</v1/statistics/metadata>; rel="describedby"; type="application/csvm+json"')
        (self.daemon.directory / "statistics.csv").write_bytes(answer.body)
        metadata = self.ask(path="/v1/statistics/metadata").json
        self.assertEqual(metadata["url"], "../statistics?format=csv")
        names = answer.body.split(b"\r\n")[0].decode().split(",")
        self.assertEqual([column["name"] for column in metadata["tableSchema"]["columns"]], names)
        (self.daemon.directory / "metadata.json").write_text(json.dumps({**metadata, "url": "statistics.csv"}))
        program = ("import csvw, json, sys, warnings\nwarnings.simplefilter('error')\n"
                   "group = csvw.CSVW(sys.argv[1], validate=True)\nassert group.is_valid, group.warnings\n"
                   "rows = list(group.tables[0].iterdicts(strict=True))\n"
                   "print(json.dumps([len(rows), sum(r['count'] for r in rows)]))")
        done = subprocess.run(["/usr/bin/python3", "-c", program, self.daemon.directory / "metadata.json"], capture_output=True, text=True,
                              timeout=120, env={**os.environ, "PYTHONPATH": str(packages)})
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = self.statistics()
        self.assertEqual(json.loads(done.stdout), [len(lines), sum(line["count"] for line in lines)])


class Switched(Fresh):
    SOURCES = SOURCES

    EXTRA = {}

    def reload_with(self, *lines):
        self.daemon.extra["disclosure"] = list(lines)
        self.daemon.write_config()
        self.assertEqual(self.daemon.control("POST", "/v1/reload").status, 200)

    def get(self, path="/v1/statistics"):
        return self.daemon.request("GET", path)

    def test_off_until_it_is_switched_on(self):
        self.daemon.extra = {}
        self.daemon.write_config()
        self.daemon.start()
        paths = ("/v1/statistics", "/v1/statistics?year=oops", "/v1/statistics/metadata", "/v1/codes")
        for path in paths:
            self.assert_problem(self.get(path), 404)
        self.reload_with("public: yes")
        self.assertEqual([self.get(path).status for path in paths], [200, 400, 200, 200])
        self.assertEqual(self.get().json, {"roundingBase": BASE, "closed": None, "inhabitants": {"source": "CBS", "from": 2014, "to": 2024},
                                           "statistics": []})
        self.assertEqual(self.get("/v1/statistics?format=csv").body.count(b"\r\n"), 1)
        self.reload_with("public: no")
        self.assertEqual({self.get(path).status for path in paths}, {404})

    def test_so_often_from_one_address(self):
        self.daemon.extra = {"disclosure": ["public: yes", "requests_per_minute: 3"]}
        self.daemon.write_config()
        self.daemon.start()
        answers = [self.get() for _ in range(40)]
        statuses = [answer.status for answer in answers]
        self.assertEqual(statuses[:3], [200] * 3)
        self.assertIn(429, statuses)
        refused = [answer for answer in answers if answer.status == 429]
        self.assertTrue(all(0 < int(answer.headers["Retry-After"]) <= 20 for answer in refused))
        self.assertIn("more requests in a minute", refused[0].json["detail"])  # and not that much is waiting here
        self.assertEqual(self.get("/v1/health").status, 200)  # what has no limit of this kind
        for other in ("127.0.0.2", "127.0.16.1", "127.16.0.1"):  # nor has who is near it
            with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.daemon.port, timeout=PATIENCE_S, source_address=(other, 0))) as own:
                self.assertEqual(self.daemon.request("GET", "/v1/codes", connection=own).status, 200, other)
        self.assertEqual(self.daemon.post("coa", {"id": "1", "reported": "2017-03-05"}).status, 201)


class PersonsWouldTell(Fresh):
    """Why no figure for outside is of persons. A source that may send persons asks whether one of them is known to somebody else: it
    fills a cell to just under a step with people whom it makes up, and adds that one. Numbers of signals are the same whoever was
    reported by the other source; numbers of persons would not be, however they are rounded."""
    SOURCES = SOURCES
    EXTRA = {"disclosure": ["public: yes", "requests_per_minute: 0"]}
    TARGET = {"name": "Anna de Vries", "birthDate": "1990-02-03"}
    OTHER = {"name": "Bea Bakker", "birthDate": "1991-03-04"}

    def world(self, reported):
        """What an attacker reads outside when `reported` is whom the other source has signalled; and what persons would be."""
        cell = {"reported": "2017-03-05", "municipality": "Weesp", "category": "ForcedLabour"}
        self.daemon.start()
        known = [{"id": "known", **cell, "person": reported}]
        known += [{"id": f"k{i}", "reported": "2017-04-05", "municipality": "Groningen", "category": "Other"} for i in range(40)]
        made_up = [{"id": f"a{i}", **cell, "person": {"name": f"Nobody Number{chr(65 + i)}", "birthDate": f"1980-01-{i + 1:02}"}}
                   for i in range(BASE - 2)]
        assert self.daemon.post("coa", known).status == 200
        assert self.daemon.post("zorg", [*made_up, {"id": "asked", **cell, "person": self.TARGET}]).status == 200
        self.assertEqual(self.daemon.control("POST", "/v1/statistics/release").status, 200)
        told = [self.daemon.request("GET", f"/v1/statistics?format={form}").body for form in ("json", "csv", "excel")]
        told.append(self.daemon.request("GET", "/v1/codes").body)
        line, = [line for line in self.daemon.counts("?by=municipality&period=2017")["lines"] if line["municipality"] == "GM0457"]
        return told, line["signals"] // BASE * BASE, line["persons"] // BASE * BASE

    def test_who_compares_signals_and_persons(self):
        told, signals, persons = self.world(self.TARGET)
        self.daemon.close()
        self.setUp()
        told_of_another, signals_of_another, persons_of_another = self.world(self.OTHER)
        self.assertEqual((told, signals), (told_of_another, signals_of_another))
        self.assertIn(b'"municipality":"GM0457"', told[0])
        self.assertEqual((persons, persons_of_another), (0, BASE))  # the very answer that nobody may have


if __name__ == "__main__":
    unittest.main()
