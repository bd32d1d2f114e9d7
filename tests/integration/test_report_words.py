# SPDX-License-Identifier: EUPL-1.2
"""signaalctl report in Dutch and in English: its summary, whose report it is, and its tables as a spreadsheet reads them."""
import csv
import os
import pathlib
import re
import unittest

from ctl_fake import Case, environment
from report_page import Page
from test_report import TABLES, FakeCase

WORDS = pathlib.Path(__file__).resolve().parents[2] / "conf/report/words.js"
LOGO = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


class Words(FakeCase):
    def test_both_have_all(self):
        """No text of the one language lacks in the other, and only what every page needs is the same in both."""
        english, dutch = WORDS.read_text(encoding="utf-8").split("\n  nl: {\n")
        keys = [set(re.findall(r"(\w+): ", re.sub(r"`[^`]*`|\"[^\"]*\"|//.*", "", part))) for part in (english, dutch)]
        self.assertEqual(keys[0] - {"en"}, keys[1])
        self.assertGreater(len(keys[1]), 120)
        english, dutch = ({text for text in re.findall(r'"([^"]*)"', part) if len(text) > 11} for part in (english, dutch))
        self.assertEqual(english & dutch, set())

    def test_which_language(self):
        for args, env, language in (([], {}, "en"), ([], {"LC_ALL": "nl_NL.UTF-8"}, "nl"), ([], {"LC_ALL": "", "LANG": "nl_NL.UTF-8"}, "nl"),
                                    ([], {"LC_ALL": "C.UTF-8", "LANG": "nl_NL.UTF-8"}, "en"), ([], {"LC_ALL": "", "LANG": "en_GB"}, "en"),
                                    ([], {"LC_ALL": "", "LC_MESSAGES": "nl_BE", "LANG": "en_GB"}, "nl"),
                                    (["--lang", "nl"], {}, "nl"), (["--lang", "en"], {"LC_ALL": "nl_NL.UTF-8"}, "en")):
            with self.subTest(args=args, env=env):
                page = Page(self.good("report", "--public", "-o", "-", *args, env=environment(**env)))
                self.assertIn(("html", {"lang": language}), page.tags)
                self.assertEqual(page.data["language"], language)
        done = self.ctl("report", "-o", self.file, "--lang", "de")
        self.assertEqual((done.returncode, os.path.exists(self.file)), (2, False))
        self.assertIn(b"--lang is nl or en", done.stderr)

    def test_dutch(self):
        text = self.page("--lang", "nl", "--year", "2017").plain()
        for line in ("Exacte cijfers: alleen voor intern gebruik.", "Nederland in 2017", "Is het verdubbeld? Ja: van 34 in 2016 naar 68 in 2017.",
                     "In 2017 zijn 68 signalen van mogelijke mensenhandel gemeld, over 65 personen. Dat is 34 meer dan in 2016 (+100 %).",
                     "Het verschil tussen 2016 en 2017 is groter dan toeval alleen het meestal maakt.", "Seksuele uitbuiting", "januari",
                     "Gemeenten die zwijgen", "Wie zwijgt? 40 van de 342 gemeenten (11 %) hebben in 2017 gesignaleerd; 302 hebben dat niet."):
            self.assertIn(line, text)
        for line in ("Signals", "persons", "undefined", "NaN", "false", "null", "Unknown", "Adult"):
            self.assertNotIn(line, text)
        page = self.page("--lang", "nl", "--public", "--year", "2025")
        text = page.plain()
        for line in ("Afgeronde cijfers: mogen naar buiten.", "In 2025 zijn 1.200 tot en met 1.209 signalen van mogelijke mensenhandel gemeld; "
                     "in 2024 860 tot en met 869.", "tot en met maart 2026", "Is het verdubbeld? Nee: het zijn er minder dan twee keer zo veel"):
            self.assertIn(line, text)
        for line in ("Signals", "undefined", "NaN", "false", "null", "Unknown"):
            self.assertNotIn(line, text)
        self.assertEqual(page.row("Signalen naar vorm van uitbuiting", "Seksuele uitbuiting")[-1], "510")


class Summary(FakeCase):
    def test_did_it_double(self):
        for years, line in (({2016: 34, 2017: 68}, "Did it double? Yes: from 34 in 2016 to 68 in 2017. The difference"),
                            ({2016: 34, 2017: 67}, "Did it double? No, but there are more: from 34 in 2016 to 67 in 2017."),
                            ({2016: 34, 2017: 34}, "Did it double? No: as many in 2017 as in 2016."),
                            ({2016: 34, 2017: 2}, "Did it double? No, there are fewer: from 34 in 2016 to 2 in 2017."),
                            ({2017: 2}, "Did it double? There is no year before it to compare with.")):
            self.country.years = years
            self.assertIn(line, self.page("--year", "2017").plain())
        for year, line in (("2017", "Did it double? Rounded statistics cannot tell."), ("2018", "No: fewer than twice as many as in 2017."),
                           ("2019", "Did it double? Yes: at least twice as many as in 2018.")):  # 30 to 60, 60 to 90, 90 to 240
            self.assertIn(line, self.page("--public", "--year", year).plain())

    def test_rates(self):
        page, text = self.page("--year", "2017"), self.page("--year", "2017").plain()
        people = {}
        for m in self.country.municipalities:
            people[m["province"]] = people.get(m["province"], 0) + m["inhabitants"]
        every = sum(people.values())
        self.assertIn(f"That is {68 * 100000 / every:.2f} signals per 100,000 inhabitants; most in Zeeland (", text)
        for code, name in (("PV29", "Zeeland"), ("PV20", "Groningen"), ("PV31", "Limburg")):
            row = page.row("Signals by province", name)
            self.assertEqual(row[-1], f"{int(row[3]) * 100000 / people[code]:.2f}")
        self.assertEqual(page.row("Signals by province", "Unknown")[-1], "–")
        for m in self.country.municipalities:
            m["inhabitants"] = 0
        self.assertNotIn("per 100,000 inhabitants", self.page("--year", "2017").plain())

    def test_rates_of_the_rounded_page(self):
        """Of the rounded number, one decimal; where nothing is told there is none."""
        statistics, people = self.country.statistics, 800_000

        def with_inhabitants():
            answer = statistics()
            for line in answer["statistics"]:
                if line["measure"] == "signals" and "province" in line:
                    line["inhabitants"] = people
            return answer

        page = self.page("--public", "--year", "2017")  # none are known
        self.assertEqual((page.tables["Signals by province"][0][-1], "rounded number," in page.plain()), ("2017", False))
        self.country.statistics = with_inhabitants
        page = self.page("--public", "--year", "2017")
        self.assertEqual(page.tables["Signals by province"][0][-2:], ["2017", "Per 100,000"])
        self.assertEqual(page.row("Signals by province", "Limburg")[-2:], ["10", "1.3"])
        self.assertEqual(page.row("Signals by province", "Groningen")[-2:], ["<10", "–"])
        self.assertNotIn("Per 100,000", page.tables["Signals by gender of the victim"][0])
        self.assertIn("that of the rounded number,", page.plain())

    def test_silent_and_stranded(self):
        text = self.page("--year", "2017").plain()
        quiet = [m for m in self.country.municipalities if m["state"] != "signals"]
        largest = [m["name"] for m in sorted(quiet, key=lambda m: (-m["inhabitants"], m["name"]))][:3]
        self.assertIn(f"The largest are {largest[0]}, {largest[1]} and {largest[2]}.", text)
        self.assertIn("What strands? Nothing does:", text)
        self.country.status["feeds"] = {"sources": 34, "failing": 2, "silent": 1, "quarantined": 14}
        self.country.status["ledger"] = {"waiting": 1203, "unmappedKept": 1}
        self.assertIn("What strands? When this page was made: 14 items in quarantine; 2 of 34 sources that cannot be polled; 1 silent source; "
                      "1 word of sources that no table knows; 1,203 events waiting for Kafka.", self.page("--year", "2017").plain())


class Owner(FakeCase):
    def test_name_and_picture(self):
        self.country.organisation = {"name": "Centrum <b>& Co", "logo": LOGO}
        for args in ([], ["--public"]):
            page = self.page(*args)
            self.assertIn("Centrum <b>& Co", page.plain())
            self.assertEqual([a for tag, a in page.tags if tag == "img"], [{"class": "logo", "src": LOGO, "alt": ""}])
        self.country.organisation["logo"] = "https://example.org/x.png"  # no daemon says so
        self.assertEqual([a for tag, a in self.page().tags if tag == "img"], [])


class Tables(FakeCase):
    def read(self, name, delimiter=","):
        with open(os.path.join(self.folder, f"page-{name}.csv"), encoding="utf-8", newline="") as file:
            text = file.read()
        self.assertTrue(text.startswith("\ufeff"))
        self.assertEqual(text.count("\r\n"), text.count("\n"))
        rows = list(csv.reader(text[1:].splitlines(), delimiter=delimiter))
        self.assertEqual({len(row) for row in rows}, {len(rows[0])})
        return rows

    def test_english(self):
        page = self.page("--year", "2017")
        self.assertEqual({name for name in os.listdir(self.folder) if name.endswith(".csv")}, set(TABLES))
        self.assertEqual(self.read("years")[:4], [["year", "signals", "persons", "change", "percent", "beyondChance"],
                                                  ["2015", "41", "39", "", "", ""], ["2016", "34", "32", "-7", "-17.1", "false"],
                                                  ["2017", "68", "65", "34", "100.0", "true"]])
        self.assertEqual(self.read("category")[0], ["code", "2015", "2016", "2017", "change", "percent", "beyondChance"])
        self.assertIn(["SexualExploitation", "17", "14", "28", "14", "100.0", "true"], self.read("category"))
        provinces = {row[1]: row for row in self.read("province")[1:]}
        self.assertEqual(list(provinces)[:2], ["Groningen", "Fryslân"])
        for name in ("Zeeland", "Utrecht"):
            self.assertEqual(provinces[name][-1], page.row("Signals by province", name)[-1])
        self.assertEqual(len(self.read("months")), 1 + 36)
        self.assertEqual(self.read("months")[1:3], [["2015-01", "2"], ["2015-02", "2"]])
        every = self.country.municipalities
        self.assertEqual({row[0] for row in self.read("silent")[1:]}, {m["name"] for m in every if m["state"] == "silent"})
        self.assertEqual({row[0] for row in self.read("never-signalled")[1:]}, {m["name"] for m in every if m["state"] == "never"})
        self.assertIn(["Utrecht", "26", *page.row("Municipalities by province", "Utrecht")[2:]], self.read("coverage-province"))

    def test_dutch(self):
        self.page("--year", "2017", "--lang", "nl")
        self.assertEqual(self.read("years", ";")[0], ["jaar", "signalen", "personen", "verschil", "procent", "meerDanToeval"])
        self.assertEqual(self.read("years", ";")[2], ["2016", "34", "32", "-7", "-17,1", "false"])
        self.assertEqual(self.read("silent", ";")[0], ["gemeente", "provincie", "inwoners", "laatsteSignaal"])

    def test_public(self):
        """Only what the page has: no municipality, nothing exact, nothing of a month that goes on."""
        self.page("--public")
        names = {name for name in os.listdir(self.folder) if name.endswith(".csv")}
        self.assertEqual(names, {name for name in TABLES if not re.search("status|coverage|silent|never", name)})
        self.assertEqual(self.read("years")[-2:], [["2025", "1200"], ["2026", "310"]])
        self.assertEqual(self.read("category")[0], ["code", "2021", "2022", "2023", "2024", "2025"])
        self.assertIn(["Surrogacy"] + ["<10"] * 5, self.read("category"))
        for name in names:
            for row in self.read(name[5:-4])[1:]:
                self.assertEqual([cell for cell in row[1:] if re.fullmatch(r"\d+", cell) and int(cell) % 10], [], name)
        self.page("--public", "--year", "2026")
        self.assertEqual([row[0] for row in self.read("months")[1:]], ["2026-01", "2026-02", "2026-03"])


if __name__ == "__main__":
    Case.program = os.path.join(os.environ.get("SIGNAALD_BUILD", "build/release"), "signaalctl")
    unittest.main()
