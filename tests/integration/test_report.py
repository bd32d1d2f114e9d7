# SPDX-License-Identifier: EUPL-1.2
"""signaalctl report: the page against a daemon that gives fixed answers, as the file and as a Chromium draws it."""
import base64
import hashlib
import html
import json
import os
import random
import re
import stat
import subprocess
import time
import unittest

from ctl_fake import DEADLINE_S, PROBLEM, Case, environment
from report_fake import WEIGHTS, YEARS, Country, split
from report_page import Page, Renderer


class FakeCase(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.renderer = Renderer()
        cls.addClassCleanup(cls.renderer.close)

    def setUp(self):
        super().setUp()
        self.country = Country()
        self.daemon.answer = self.country.answer
        self.file = os.path.join(self.folder, "page.html")

    def page(self, *args):
        said = self.good("report", "-o", self.file, *args)
        with open(self.file, encoding="utf-8") as file:
            self.source = file.read()
        self.data = Page(self.source).data
        kind = "rounded" if "--public" in args else "exact"
        self.assertEqual(said, f"{self.file}: the page of {self.data['year']}, with {kind} statistics; its tables are beside it\n")
        self.drawn, faults = self.renderer.render(self.file)
        page = Page(self.drawn)
        self.assertEqual(page.faults + faults, [])
        self.assertEqual(page.data, self.data)
        return page


class Build(FakeCase):
    def assert_self_contained(self, page):
        """As the file and as it is drawn: two scripts, the document and the one that the policy names by its hash."""
        for tags in (Page(self.source).tags, page.tags):
            self.assertEqual([a for tag, a in tags if tag == "script"], [{"type": "application/json", "id": "data"}, {}])
            self.assertEqual([tag for tag, _ in tags if tag in ("img", "iframe", "object", "base", "form")], [])
        code = re.search(r"<script>(.*?)</script>", self.source, re.DOTALL).group(1)
        document = re.search(r'<script type="application/json" id="data">(.*?)</script>', self.source, re.DOTALL).group(1)
        self.assertNotIn("<", document)
        for tag, attributes in page.tags + Page(self.source).tags:
            self.assertEqual([name for name in attributes if name.startswith("on") or name in ("src", "srcset")], [], tag)
            self.assertIn(attributes.get("href", "data:,"), ("data:,",), tag)
        # the name of SVG's elements is no address
        self.assertNotRegex(self.source.replace('"http://www.w3.org/2000/svg"', ""), r"(?i)https?:|url\(|@import|javascript:")
        self.assertNotRegex(code, r"innerHTML|insertAdjacent|document\.write|\beval\b|fetch\(|XMLHttp|import\(|setTimeout")
        metas = {a.get("name") or a.get("http-equiv"): a.get("content") for tag, a in page.tags if tag == "meta"}
        policy = [part.strip() for part in metas["Content-Security-Policy"].split(";")]
        digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
        self.assertEqual(set(policy), {"default-src 'none'", f"script-src 'sha256-{digest}'", "style-src 'unsafe-inline'",
                                       "img-src data:", "base-uri 'none'", "form-action 'none'"})
        self.assertEqual(metas["robots"], "noindex")

    def test_both_pages(self):
        for args, mark, title in (([], "Exact statistics: for use inside only", "exact statistics"),
                                  (["--public"], "Rounded statistics: may be published", "rounded statistics")):
            page = self.page(*args)
            self.assert_self_contained(page)
            self.assertIn(("html", {"lang": "en"}), page.tags)
            self.assertEqual(page.levels.count(1), 1)
            self.assertTrue(page.plain().strip().startswith(mark))
            self.assertIn(f'@bottom-left {{ content: "{mark}"', self.source)
            self.assertIn(f"<title>Signals of human trafficking, {title} of 2025</title>", self.source)
            charts = [a for tag, a in page.tags if tag == "svg" and a.get("role") == "img"]
            self.assertEqual(len(charts), 3 if args else 4)  # years, months, rates, map
            other = {"Exact", "Rounded"} - {mark.split()[0]}
            self.assertNotIn(other.pop() + " statistics:", page.plain())

    def test_foreign_text_stays_text(self):
        evil = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>&amp;\x07\n"
        country = self.country
        for municipality in country.municipalities[:40]:
            municipality["name"] = evil
        trend, coverage = country.trend, country.coverage

        def evil_trend(query):
            answer = trend(query)
            for series in answer["series"]:
                for key in answer["by"]:
                    series[key] = evil + series[key]
            return answer

        def evil_coverage(query):
            answer = coverage(query)
            for group in answer["provinces"] + answer["sizeClasses"]:
                group["name"] = evil
            return answer

        country.trend, country.coverage = evil_trend, evil_coverage
        page = self.page()
        self.assert_self_contained(page)
        self.assertGreater(page.plain().count("<script>alert('x')</script>\"><img src=x"), 50)
        self.assertIn('"&gt;&lt;img', self.drawn)
        self.assertIn('\\">\\u003cimg', self.source)
        for text in (self.source, self.drawn):
            self.assertNotIn("<img", text)
            self.assertNotIn("<script>alert", text)
        self.assertNotIn("\x07", self.source + re.sub(r"(?s)<script.*?</script>", "", self.drawn))

    def test_answers_of_any_shape(self):
        """What an answer lacks, or has of another type, ends in a page or in a message."""
        seed = int(os.environ.get("SIGNAALD_SEED", random.randrange(1 << 32)))
        print(f"seed {seed}")
        rng = random.Random(seed)

        def spoil(value, depth=0):
            if rng.random() < 0.02 * depth:
                return rng.choice([None, -1, 2**62, -2**62, 0, "x" * 300, "-", "2017-99", [], {}, True, 1.5e300, [None]])
            if isinstance(value, dict):
                return {k: spoil(v, depth + 1) for k, v in value.items() if rng.random() > 0.01}
            return [spoil(v, depth + 1) for v in value] if isinstance(value, list) else value

        country = self.country
        for name in ("trend", "coverage"):
            good = getattr(country, name)
            setattr(country, name, lambda query, good=good: spoil(good(query)))
        statistics = country.statistics
        country.statistics = lambda: spoil(statistics())
        made = 0
        for n in range(24):
            done = self.ctl("report", "-o", self.file, *(["--public"] if n % 2 else []), *(["--year", "2017"] if n % 3 else []))
            self.assertIn(done.returncode, (0, 1), done.stderr)
            self.assertEqual(bool(done.stderr), done.returncode == 1)
            made += done.returncode == 0
            if done.returncode == 0:
                drawn, faults = self.renderer.render(self.file)
                self.assertEqual(Page(drawn).faults + faults, [])
                self.assertIn("<h2>How to read this</h2>", drawn)
        self.assertGreater(made, 0)


    def test_contrast(self):
        """Letters on what they stand on: at least 4.5 to 1 (WCAG 2, 1.4.3), light and dark."""
        self.page()

        def luminance(colour):
            parts = [int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)]
            parts = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
            return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

        themes = [dict(re.findall(r"--(\w+): (#\w{6})", block)) for block in re.findall(r":root \{([^}]*)\}", self.source)]
        self.assertEqual(len(themes), 2)
        for theme in themes:
            pairs = [("ink", "paper"), ("soft", "paper"), ("on", "t4"), ("on", "t5")] + [("ink", f"t{n}") for n in range(4)]
            for letters, ground in pairs:
                light, dark = sorted((luminance(theme[letters]), luminance(theme[ground])), reverse=True)
                self.assertGreaterEqual((light + 0.05) / (dark + 0.05), 4.5, (letters, ground, theme))


class Exact(FakeCase):
    def test_headline(self):
        page = self.page("--year", "2017")
        text = page.plain()
        for line in ("The Netherlands in 2017",
                     "In 2017, 68 signals of possible human trafficking were reported, concerning 65 persons. "
                     "That is 34 more than in 2016 (+100 %).",
                     "The difference between 2016 and 2017 is larger than chance alone would usually make it. "
                     "On a base of 34, one signal more or less moves the percentage by 3 points.",
                     "Signals reported from 1 January to 31 December 2017.", "from signaald 9.8.7.",
                     "3 signals about a person counted already"):
            self.assertIn(line, text)
        self.assertRegex(text, r"Made on \d{1,2} [A-Z][a-z]+ 20\d\d, \d\d:\d\d UTC")

    def test_words_of_a_change(self):
        for years, line in (({2016: 34, 2017: 34}, "That is as many as in 2016."),
                            ({2016: 34, 2017: 33}, "That is 1 fewer than in 2016 (−2.9 %)."),
                            ({2016: 0, 2017: 5}, "That is 5 more than in 2016."),
                            ({2016: 1, 2017: 1204}, "That is 1,203 more than in 2016 (+120,300 %)."),
                            ({2016: 8, 2017: 9}, "no larger than chance alone can make it. The base is small. On a base of 8, "
                             "one signal more or less moves the percentage by 13 points."),
                            ({2016: 200, 2017: 201}, "no larger than chance alone can make it."),
                            ({2016: 1, 2017: 1008}, "That is 1,007 more than in 2016 (+100,700 %)."),
                            ({2016: 67, 2017: 99}, "moves the percentage by 1 point."),
                            ({2016: 5, 2017: 1}, "In 2017, 1 signal of possible human trafficking was reported, concerning "
                             "0 persons.")):
            self.country.years = years
            self.assertIn(line, self.page("--year", "2017").plain())
        self.country.years = {2016: 200, 2017: 201}
        self.assertNotIn("moves the percentage by 1 p", self.page("--year", "2017").plain())

    def test_years(self):
        page = self.page()  # 2025, the last that is over
        caption = "Signals and persons by year, with the change against the year before"
        self.assertEqual(page.row(caption, "2025"), ["2025", "1,204", "1,167", "+338", "+39 %"])
        self.assertEqual(page.row(caption, "2018"), ["2018", "97", "94", "+29", "+43 %"])  # 42.6
        self.assertEqual(page.row(caption, "2021"), ["2021", "305", "295", "−26", "−7.9 %"])
        self.assertEqual(page.row(caption, "2015"), ["2015", "41", "39", "–", "–"])
        self.assertEqual(page.row(caption, "2026 (not over)"), ["2026 (not over)", "310", "300", "–", "–"])
        self.assertIn('<td class="sure">+338</td>', self.drawn)
        self.assertIn("<td>−26</td>", self.drawn)
        text = page.plain()
        self.assertIn("2024: 866, 2025: 1,204, 2026: 310 so far", text)
        self.assertEqual(page.row("Signals by month", "March"), ["March", "27", "42", "63", "77", "108"])
        self.assertIn("Jan: 84, Feb: 72, Mar: 108", text)

    def test_which_year(self):
        self.assertIn("The Netherlands in 2025", self.page().plain())
        self.country.years[2025] = 0
        self.assertIn("The Netherlands in 2024", self.page().plain())
        self.country.years = {2026: 3}
        text = self.page().plain()
        self.assertIn("In 2026, 3 signals of possible human trafficking were reported so far", text)
        self.assertIn("2026 is not over, so no change is given.", text)
        self.assertIn("Signals reported in 2026, which is not over.", text)
        self.country.years = {2025: 4, 2026: 3}  # a part of a year is not put beside a whole one
        for args in ([], ["--public"]):
            page = self.page("--year", "2026", *args)
            self.assertEqual(page.tables["Signals by form of exploitation"][0], ["Form", "2026"])
        self.country.years = {2026: 3}
        text = self.page().plain()
        self.assertIn("Apr: 0 so far" if split(3, "month")["04"] else "Apr: not known yet", text)
        self.country.years = {2016: 4, 2017: 5}
        text = self.page("--year", "2012").plain()  # before the first
        self.assertIn("In 2012, 0 signals of possible human trafficking were reported", text)
        self.assertNotIn("than in 2011", text)
        self.assertIn("no two signals are linked", text)
        year = time.gmtime(time.time() + 3600).tm_year  # in the Netherlands, at the end of a year
        text = self.page("--year", str(year)).plain()
        self.assertIn(f"In {year}, 0 signals of possible human trafficking were reported so far", text)
        self.assertIn(f"Signals reported in {year}, which is not over.", text)
        self.country.years = {2017: 2**62}  # no number of signals
        self.assertIn("In 2017, 0 signals", self.page("--year", "2017").plain())

    def test_what_is_asked(self):
        self.page("--year", "2017")
        dimensions = ("category", "province", "policeUnit", "gender", "ageGroup", "citizenship", "sourceKind", "status")
        between = [f"/v1/trend?by={by}&per=year&period=2015..2017" for by in dimensions]  # 2015 is the first
        self.assertEqual(self.country.requests, ["/v1/trend?per=year", "/v1/status", "/v1/trend?per=month&period=2015..2017",
                                                 "/v1/coverage?period=2017", "/v1/coverage?days=365", *between,
                                                 "/v1/organisation"])
        del self.country.requests[:]
        page = self.page("--year", "2015")  # there is no year before
        self.assertIn("/v1/trend?by=category&per=year&period=2015..2015", self.country.requests)
        del self.country.requests[:]
        self.page("--year", "2022")  # five years are compared
        self.assertIn("/v1/trend?by=category&per=year&period=2018..2022", self.country.requests)
        self.assertEqual(page.tables["Signals by form of exploitation"][0], ["Form", "2015"])

    def test_parts(self):
        page = self.page("--year", "2017")
        forms = page.tables["Signals by form of exploitation"]
        self.assertEqual([row[0] for row in forms], ["Form", "Sexual exploitation", "Forced labour", "Forced criminality",
                                                     "Forced begging", "Servitude", "Forced military service", "Unknown",
                                                     "All signals"])
        self.assertEqual(page.row("Signals by form of exploitation", "Sexual exploitation"),
                         ["Sexual exploitation", "17", "14", "28", "+14", "(+100 %)"])
        self.assertEqual(page.row("Signals by form of exploitation", "Servitude"), ["Servitude", "0", "0", "1", "+1", "–"])
        self.assertEqual(page.row("Signals by form of exploitation", "All signals"),
                         ["All signals", "41", "34", "68", "+34", "+100 %"])
        self.assertEqual(forms[0], ["Form", "2015", "2016", "2017", "Change", "In percent"])
        self.assertEqual(self.page().tables["Signals by form of exploitation"][0][1:6], [str(year) for year in range(2021, 2026)])
        page = self.page("--year", "2017")
        units = [row[0] for row in page.tables["Signals by regional police unit"]]
        self.assertEqual((len(units), units[1], units[-2:]), (13, "Amsterdam", ["Unknown", "All signals"]))
        for caption, labels in (("Signals by gender of the victim", ["Female", "Male", "Gender non-conforming", "Unknown"]),
                                ("Signals by age of the victim", ["Adult", "Minor (under 18)", "Unknown"]),
                                ("Signals by citizenship of the victim",
                                 ["A country outside the EU", "Dutch", "Another country of the EU", "Unknown"]),
                                ("Signals by what has become of them", ["Possible victim", "Confirmed", "Rejected"])):
            self.assertEqual([row[0] for row in page.tables[caption][1:]], labels)
        self.assertIn(["NLA (Labour Inspectorate)", "1", "1", "2", "+1", "(+100 %)"],
                      [[c.replace("\u202f", " ") for c in row] for row in page.tables["Signals by kind of source"]])

    def test_bars(self):
        self.page("--year", "2017")
        row = next(line for line in self.drawn.split("</tr>") if 'scope="row">Forced criminality' in line)
        self.assertEqual(re.findall(r'<rect class="(\w+)"[^>]* width="([\d.]+)%"', row), [("is", "28.6"), ("was", "14.3")])
        self.assertEqual(max(float(w) for w in re.findall(r'<rect class="\w+"[^>]* height="[63]" width="([\d.]+)%"',
                                                          self.drawn)), 100)
        columns = re.findall(r'<rect class="(\w+)" x="([\d.]+)%" width="([\d.]+)%" y="(\d+)" height="(\d+)"></rect>', self.drawn)
        years = [c for c in columns if c[0] in ("plain", "partial")] + [c for c in columns if c[0] == "strong"][:1]
        self.assertEqual(len(years), len(YEARS))
        heights = {int(h) for _, _, _, y, h in columns if int(y) + int(h) == 158}
        self.assertEqual(max(heights), 134)  # the largest of each chart
        self.assertEqual(len(columns), len(YEARS) + 12)  # of years and months
        self.assertTrue(all(float(x) + float(w) <= 100 for _, x, w, _, _ in columns))
        self.country.years = {2016: 68, 2017: 34}  # the year before is the longest
        self.page("--year", "2017")
        row = next(line for line in self.drawn.split("</tr>") if 'scope="row">Sexual exploitation' in line)
        self.assertEqual(re.findall(r'<rect class="(\w+)"[^>]* width="([\d.]+)%"', row), [("is", "50.0"), ("was", "100.0")])

    def test_coverage(self):
        page = self.page("--year", "2017")
        every = self.country.group(self.country.municipalities)
        text = page.plain()
        self.assertIn(f"{every['signalling']} of 342 municipalities (11 %) have signalled in 2017; "
                      f"{342 - every['signalling']} have not.", text)
        self.assertIn("have signalled in the last 365 days", text)
        self.assertEqual(page.row("Municipalities by province", "Noord-Holland")[1],
                         str(sum(m["province"] == "PV27" for m in self.country.municipalities)))
        for group in self.country.coverage({})["provinces"]:
            keys = ("municipalities", "signalling", "silent", "never", "official", "policy", "all")
            self.assertEqual(page.row("Municipalities by province", group["name"])[1:], [str(group[key]) for key in keys])
            self.assertIn(f"{group['name']}: {(200 * group['signalling'] // group['municipalities'] + 1) // 2} %, "
                          f"{group['signalling']} of {group['municipalities']}", text)
        level = "Basic level of the administrative approach (CCV)"
        self.assertEqual(page.row(level, "All three")[1], f"{every['all']} of 342")
        self.assertEqual(page.row(level, "2. Has an official for it")[1], f"{every['official']} of 342")
        self.assertEqual([row[0] for row in page.tables["Municipalities by number of inhabitants"]][1:4],
                         ["under 5,000", "5,000 to 10,000", "10,000 to 20,000"])

    def test_shades(self):
        shares = {"PV20": (0, 10), "PV21": (1, 1000), "PV22": (99, 1000), "PV23": (1, 10), "PV24": (249, 1000), "PV25": (1, 4),
                  "PV26": (1, 2), "PV27": (749, 1000), "PV28": (3, 4), "PV29": (1, 1), "PV30": (0, 0)}
        coverage = self.country.coverage
        for m in self.country.municipalities:
            m["inhabitants"] = 0  # so that there is no map of rates

        def with_shares(query):
            answer = coverage(query)
            answer["provinces"] = [{"code": code, "name": code, "signalling": part, "municipalities": whole}
                                   for code, (part, whole) in shares.items()]
            return answer

        self.country.coverage = with_shares
        self.page()
        tiles = re.findall(r'<g class="s(\d)"><rect x="(\d+)" y="(\d+)"[^>]*></rect><text[^>]*>([^<]*)', self.drawn)
        self.assertEqual([int(t[0]) for t in tiles], [0, 1, 2, 2, 3, 3, 4, 5, 5, 5, 0, 0])
        self.assertEqual(len({(x, y) for _, x, y, _ in tiles}), 12)
        where = {name: (int(x), int(y)) for _, x, y, name in tiles}
        self.assertLess(where["Zuid-Holland"][0], where["Utrecht"][0])
        self.assertLess(where["Groningen"][1], where["Drenthe"][1])
        self.assertGreater(where["Limburg"][1], where["Gelderland"][1])

    def test_silent(self):
        page = self.page("--year", "2017")
        fell = {m["name"] for m in self.country.municipalities if m["state"] == "silent"}
        rows = page.tables["Signalled before 2017, but not in it"][1:]
        self.assertEqual({row[0] for row in rows}, fell)
        self.assertEqual({row[3] for row in rows}, {"March 2024"})
        never = self.drawn[self.drawn.index("<h3>Never"):self.drawn.index("<h2>How to read")]
        listed = re.findall(r'<h4>([^<]*)</h4><p class="names">(.*?)</p>', never)
        names = {html.unescape(province): html.unescape(re.sub("</?b>", "", text)).split(" · ") for province, text in listed}
        expected = {}
        for m in sorted(self.country.municipalities, key=lambda m: m["province"]):
            if m["state"] == "never":
                expected.setdefault(m["provinceName"], []).append(m["name"])
        self.assertEqual({p: sorted(n) for p, n in names.items()}, {p: sorted(n) for p, n in expected.items()})
        self.assertIn("Nuenen, Gerwen en Nederwetten", names["Noord-Brabant"])  # a comma would not part them
        connected = {html.unescape(name) for name in re.findall("<b>([^<]*)</b>", never)}
        self.assertEqual(connected, {m["name"] for m in self.country.municipalities
                                     if m["state"] == "never" and m["connected"]})
        for m in self.country.municipalities:
            m["state"] = "signals"
        page = self.page("--year", "2017")
        self.assertIn("There are none: all signalled in 2017.", page.plain())
        self.assertNotIn("Fell silent</h3>", self.drawn)

    def test_only_what_is_drawn_is_in_the_file(self):
        """What the daemon tells beside what the page shows goes no further: not the names of those that signal, no sources."""
        coverage, trend = self.country.coverage, self.country.trend

        def more_coverage(query):
            answer = coverage(query)
            answer["list"] = [{**m, "sources": ["kept-inside"], "contact": "kept-inside"} for m in answer["list"]]
            answer["provinces"] = [{**p, "kept": "kept-inside"} for p in answer["provinces"]]
            return {**answer, "kept": "kept-inside"}

        def more_trend(query):
            answer = trend(query)
            for series in answer["series"]:
                series["kept"] = "kept-inside"
            return {**answer, "names": {"kept": "kept-inside"}}

        self.country.coverage, self.country.trend = more_coverage, more_trend
        page = self.page("--year", "2017")
        self.assertNotIn("kept", self.source)
        named = {m["name"] for p in self.data["coverage"]["provinces"] for m in p["silentList"] + p["neverList"]}
        self.assertEqual(named, {m["name"] for m in self.country.municipalities if m["state"] != "signals"})
        self.assertNotIn("GM0", self.source)
        texts = set()

        def collect(value, key=None):
            if isinstance(value, dict):
                for k, v in value.items():
                    collect(v, k)
            elif isinstance(value, list):
                for v in value:
                    collect(v, key)
            elif isinstance(value, str) and key not in ("code", "period", "lastSignal", "name", "language"):
                texts.add(value)

        collect(self.data)
        for text in texts:
            self.assertIn(text, page.plain())
        for by in ("category", "policeUnit", "gender"):  # persons are told of years only
            self.assertFalse(any("persons" in line for line in self.data["dimensions"][by]))


class Public(FakeCase):
    def test_nothing_exact_is_in_it(self):
        """The daemon's exact statistics are of another country; the page is the same to the byte."""
        pages = []
        for factor in (1, 7):
            self.country.years = {year: count * factor + factor for year, count in YEARS.items()}
            self.country.municipalities = self.country.municipalities[factor:]
            for m in self.country.municipalities:
                m["state"] = "signals" if factor == 7 else m["state"]
            self.page("--public")
            pages.append(self.source)
        self.assertEqual(pages[0], pages[1])
        self.assertEqual(self.country.requests, ["/v1/statistics?rate=yes", "/v1/organisation"] * 2)

    def test_finer_statistics_are_rounded_here(self):
        self.page("--public")
        rounded = self.source
        statistics = self.country.statistics

        def finer():
            answer = statistics()
            for n, statistic in enumerate(answer["statistics"]):
                statistic["count"] += n % 10
            answer["statistics"].reverse()  # and no order is relied on
            return answer

        self.country.statistics = finer
        self.page("--public")
        self.assertEqual(self.source, rounded)

    def test_every_number(self):
        """Whatever number stands there is a rounded one, an end of its range, a year, or in the words of the page."""
        page = self.page("--public", "--year", "2022")
        allowed = {statistic["count"] for statistic in self.country.statistics()["statistics"]}
        allowed |= {count + 9 for count in allowed} | set(range(2015, 2027)) | {10, 18, 30, 39}
        numbers = {int(n.replace(",", "")) for n in re.findall(r"\d[\d,]*\d|\d", page.plain())}
        self.assertEqual(numbers - allowed, set())
        found = []

        def collect(value):
            if isinstance(value, (dict, list)):
                for part in value.values() if isinstance(value, dict) else value:
                    collect(part)
            elif not isinstance(value, bool):
                found.append(value)

        collect(self.data)
        counts = {statistic["count"] for statistic in self.country.statistics()["statistics"]} | {0}
        self.assertEqual({n for n in found if isinstance(n, int)} - counts - {10, 2015, 2018, 2022, 2026, 3}, set())
        self.assertEqual([n for n in found if n is not None and not isinstance(n, (int, str))], [])
        self.assertEqual(set(self.data), {"language", "organisation", "logo", "from", "rounding", "year", "closedYear", "closedMonth", "hasBefore", "municipalities",
                                          "total", "firstYear", "years", "months", "dimensions"})

    def test_statistics(self):
        page = self.page("--public")
        text = page.plain()
        for line in ("In 2025, 1,200 to 1,209 signals of possible human trafficking were reported; in 2024, 860 to 869.",
                     "All statistics are rounded down to a multiple of 10 and cover signals reported up to the end of March 2026.",
                     "Municipalities that signalled 20 20 to 29",
                     "2024: 860, 2025: 1,200, 2026: 310 so far", "Jan: 80, Feb: 70, Mar: 100",
                     "Groningen: 10, to 19", "Limburg: 180, to 189",
                     "There is no list of silent municipalities here."):
            self.assertIn(line, text)
        self.assertEqual(page.row("Signals by form of exploitation", "Sexual exploitation"),
                         ["Sexual exploitation", "120", "190", "290", "360", "510"])
        self.assertEqual(page.row("Signals by form of exploitation", "Forced military service"),
                         ["Forced military service", "<10", "<10", "<10", "<10", "10"])
        self.assertEqual(page.row("Signals by form of exploitation", "Surrogacy"), ["Surrogacy"] + ["<10"] * 5)
        self.assertEqual(page.row("Signals by year", "2026 (not over)"), ["2026 (not over)", "310"])
        self.assertEqual(len(page.tables["Signals by regional police unit"]), 12)
        self.assertEqual(page.row("Signals by gender of the victim", "Female")[-2:], ["500", "690"])
        self.assertEqual(page.row("Signals by month", "March")[1:], ["20", "40", "60", "70", "100"])
        for word in ("Fell silent", "Never signalled", "persons", "Coverage", "Amersfoort"):
            self.assertNotIn(word, text)

    def test_rounding_base_and_close(self):
        self.country.rounding_base = 25
        text = self.page("--public", "--year", "2026").plain()
        self.assertIn("In 2026, 300 to 324 signals of possible human trafficking were reported up to the end of March.",
                      text)
        self.assertIn("rounded down to a multiple of 25", text)
        self.assertIn("No statistic is below 25.", text)
        self.assertIn("Jan: fewer than 25", text)
        self.assertIn("Apr: not known yet", text)
        self.assertNotIn("<10", text)
        self.country.rounding_base = 5000
        text = self.page("--public").plain()  # nothing is large enough
        self.assertIn("The Netherlands in 2026", text)
        self.assertIn("fewer than 5000 signals", text)
        self.country.rounding_base, self.country.closed = 10, "2025-12"
        self.assertIn("The Netherlands in 2025", self.page("--public").plain())
        self.country.closed = "2025-11"
        self.assertIn("The Netherlands in 2024", self.page("--public").plain())

    def test_none_yet(self):
        self.country.closed = None
        done = self.ctl("report", "--public", "-o", self.file)
        self.assertEqual((done.returncode, os.path.exists(self.file)), (1, False))
        self.assertIn(b"there are no statistics for outside yet", done.stderr)
        self.country.closed = "2024-12"
        done = self.ctl("report", "--public", "--year", "2025", "-o", self.file)
        self.assertEqual((done.returncode, os.path.exists(self.file)), (1, False))
        self.assertIn(b"they go up to the end of December 2024", done.stderr)


TABLES = [f"page-{name}.csv" for name in (
    "years", "months", "category", "province", "police-unit", "gender", "age-group", "citizenship", "source-kind", "status",
    "coverage-province", "coverage-size-class", "silent", "never-signalled")]


class File(FakeCase):
    def test_usage(self):
        for args, message in (([], "--output FILE"), (["-o", ""], "needs the name"), (["-o", "x", "more"], "no words"),
                              (["-o", "x" * 5000], "needs the name"), (["--json", "-o", "-"], "no --json"),
                              (["--csv", "-o", "-"], "csv"), (["-o", "-", "--year", "17"], "from 2000 on"),
                              (["-o", "-", "--year", "1999"], "from 2000 on"), (["-o", "-", "--year", "2017x"], "from 2000"),
                              (["-o", "-", "--year", "9999"], "9999 has not begun")):
            done = self.ctl("report", *args, cwd=self.folder)
            self.assertEqual((done.returncode, done.stdout), (2, b""), args)
            self.assertIn(message, done.stderr.decode())
        self.assertEqual(self.country.requests, [])

    def test_standard_output(self):
        shown = self.good("report", "--public", "-o", "-")
        self.page("--public")
        self.assertEqual(shown, self.source)

    def test_written_and_replaced(self):
        for _ in range(2):
            self.page()
            self.assertEqual(stat.S_IMODE(os.stat(self.file).st_mode), 0o600)
            self.assertEqual(sorted(os.listdir(self.folder)), sorted(["control.sock", "page.html", *TABLES]))
        with open(self.file, "w", encoding="utf-8") as file:
            file.write("old")
        os.chmod(self.file, 0o644)
        self.page()
        self.assertEqual(stat.S_IMODE(os.stat(self.file).st_mode), 0o600)

    def test_what_is_no_plain_file_is_left(self):
        link, folder, pipe = (os.path.join(self.folder, name) for name in ("link", "folder", "pipe"))
        os.symlink(self.file, link)
        os.mkdir(folder)
        os.mkfifo(pipe)
        for path in (link, folder, pipe, "/dev/null"):
            done = self.ctl("report", "-o", path)
            self.assertEqual((done.returncode, done.stdout), (1, b""))
            self.assertIn("no plain file", done.stderr.decode())
        self.assertEqual(self.country.requests, [])  # exact statistics were not read for nothing
        done = self.ctl("report", "-o", os.path.join(self.folder, "none", "page.html"))
        self.assertEqual(done.returncode, 1)
        self.assertIn("cannot write", done.stderr.decode())

    def test_a_fault_leaves_no_file(self):
        self.page()
        count = len(self.country.requests)
        good = self.country.answer
        refusal = json.dumps({"title": "Not now", "detail": "It is broken."}).encode()
        for n in range(count):
            seen = []

            def answer(handler, n=n, seen=seen):
                seen.append(handler.path)
                if len(seen) <= n:
                    good(handler)
                elif n % 2:
                    handler.send(503, refusal, PROBLEM)
                else:
                    handler.send(200, b"{not json")

            self.daemon.answer = answer
            done = self.ctl("report", "-o", self.file)
            self.assertEqual((done.returncode, done.stdout, len(seen)), (1, b"", n + 1))
            self.assertIn(b"It is broken." if n % 2 else b"not the JSON", done.stderr)
            self.assertEqual(sorted(os.listdir(self.folder)), sorted(["control.sock", "page.html", *TABLES]))
            with open(self.file, encoding="utf-8") as file:
                self.assertEqual(file.read(), self.source)

    def test_full_disk(self):
        limit = ["prlimit", "--fsize=10000", Case.program, "--socket", self.path, "report", "-o", self.file]
        done = subprocess.run(["env", "--ignore-signal=XFSZ", *limit], capture_output=True, timeout=DEADLINE_S,
                              env=environment())
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"cannot write", done.stderr)
        self.assertEqual(os.listdir(self.folder), ["control.sock"])


if __name__ == "__main__":
    Case.program = os.path.join(os.environ.get("SIGNAALD_BUILD", "build/release"), "signaalctl")
    unittest.main()
