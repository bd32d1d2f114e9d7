# SPDX-License-Identifier: EUPL-1.2
"""The demo's signals: who delivers what, in which words, and what must come of it.

Everything is invented, and the same on every run. A report is made from what is true (its cell in
the counts) towards a word that a source might use for it, so the totals are known beforehand
without asking the daemon or its tables.

The heart: 34 reports of foreign men in sexual exploitation over 2016 and 68 over 2017. All men in
that category are foreign, so category and gender are filter enough.
"""
import copy
import csv
import hashlib
from dataclasses import dataclass, field

MEN = {2016: 34, 2017: 68}
OTHERS = 60
POLL, SINGLE, ARRAY, NDJSON = "poll", "single", "array", "ndjson"

# name, kind, own municipality, how it delivers, foreign men in 2016 and in 2017
SOURCES = [
    ("amsterdam", "municipality", "GM0363", POLL, 5, 9),
    ("rotterdam", "municipality", "GM0599", POLL, 3, 6),
    ("s-gravenhage", "municipality", "GM0518", POLL, 2, 5),
    ("utrecht", "municipality", "GM0344", POLL, 2, 3),
    ("eindhoven", "municipality", "GM0772", POLL, 1, 3),
    ("groningen", "municipality", "GM0014", POLL, 1, 2),
    ("tilburg", "municipality", "GM0855", POLL, 1, 2),
    ("almere", "municipality", "GM0034", POLL, 1, 2),
    ("breda", "municipality", "GM0758", POLL, 1, 2),
    ("nijmegen", "municipality", "GM0268", POLL, 0, 2),
    ("enschede", "municipality", "GM0153", POLL, 1, 1),
    ("haarlem", "municipality", "GM0392", POLL, 1, 1),
    ("meierijstad", "municipality", "GM1948", POLL, 2, 2),
    ("zwolle", "municipality", "GM0193", POLL, 0, 2),
    ("maastricht", "municipality", "GM0935", POLL, 1, 2),
    ("arnhem", "municipality", "GM0202", SINGLE, 1, 2),
    ("leeuwarden", "municipality", "GM0080", SINGLE, 0, 1),
    ("zaanstad", "municipality", "GM0479", ARRAY, 1, 1),
    ("amersfoort", "municipality", "GM0307", NDJSON, 0, 1),
    ("apeldoorn", "municipality", "GM0200", SINGLE, 1, 1),
    ("s-hertogenbosch", "municipality", "GM0796", ARRAY, 1, 2),
    ("dordrecht", "municipality", "GM0505", NDJSON, 0, 1),
    ("emmen", "municipality", "GM0114", ARRAY, 0, 1),
    ("venlo", "municipality", "GM0983", NDJSON, 1, 1),
    ("deventer", "municipality", "GM0150", SINGLE, 0, 1),
    ("heerlen", "municipality", "GM0917", ARRAY, 1, 1),
    ("middelburg", "municipality", "GM0687", NDJSON, 0, 1),
    ("weesp", "municipality", "GM0457", SINGLE, 1, 1),
    ("schijndel", "municipality", "GM0844", ARRAY, 1, 0),
    ("lelystad", "municipality", "GM0995", NDJSON, 0, 1),
    ("assen", "municipality", "GM0106", SINGLE, 0, 1),
    ("coa", "coa", "", NDJSON, 3, 5),
    ("zorgcoordinatie-oost", "care", "", ARRAY, 1, 1),
    ("hulplijn", "ngo", "", SINGLE, 0, 1),
]

# Sources that name a municipality other than their own: (word, the code it meant on that day).
# Veghel and Schijndel became Meierijstad on 2017-01-01, Vlagtwedde (Ter Apel) Westerwolde in 2018,
# Weesp became part of Amsterdam on 2022-03-24.
ASYLUM = [("Vlagtwedde", "GM0048"), ("GM1706", "GM1706"), ("Gilze en Rijen", "GM0784")]
EAST = [("Almelo", "GM0141"), ("gm0164", "GM0164")]
MENTIONS = {
    ("meierijstad", 2015): [("Veghel", "GM0860")],
    ("meierijstad", 2016): [("Schijndel", "GM0844"), ("GM0860", "GM0860")],
    ("meierijstad", 2017): [("Veghel", "GM1948"), ("Meierijstad", "GM1948")],
    ("amsterdam", 2021): [("Weesp", "GM0457")],
    ("amsterdam", 2023): [("Weesp", "GM0363")],
    **{("coa", year): ASYLUM for year in range(2015, 2018)},
    **{("coa", year): [("Vlagtwedde", "GM1950")] + ASYLUM[1:] for year in range(2018, 2025)},
    **{("zorgcoordinatie-oost", year): EAST for year in range(2015, 2025)},
}
ALIASES = {"GM0518": "Den Haag", "GM0796": "Den Bosch"}

CATEGORY_WORDS = {
    "SexualExploitation": ["seksuele uitbuiting", "gedwongen prostitutie", "SexualExploitation",
                           "Seksuele Uitbuiting", "sexual exploitation", "forced prostitution"],
    "ForcedLabour": ["arbeidsuitbuiting", "ForcedLabour", "forced labour"],
    "ForcedCriminality": ["criminele uitbuiting", "ForcedCriminality"],
    "ForcedBegging": ["gedwongen bedelarij", "ForcedBegging"],
    "Servitude": ["Servitude"],
    "OrganRemoval": ["orgaanhandel", "OrganRemoval"],
    "Unknown": ["onbekend"],
}
GENDER_WORDS = {"Masculine": ["M", "man", "Masculine", "male"],
                "Feminine": ["V", "vrouw", "Feminine", "female"]}
CITIZENSHIP_WORDS = {"EU": ["RO", "BGR", "HU", "pl", "EU"],
                     "nonEU": ["NGA", "SY", "IRQ", "AF", "gin", "VNM", "ER", "MA"],
                     "NL": ["NL", "NLD"]}
OTHER_CATEGORIES = ["ForcedLabour", "SexualExploitation", "ForcedCriminality", "ForcedLabour",
                    "SexualExploitation", "ForcedBegging", "Servitude", "SexualExploitation",
                    "OrganRemoval", "ForcedLabour", "SexualExploitation"]

# Ten corrections: what was first said of a report, what is said then, and what that changes in
# its cell. The last one was counted among the men until it was put right.
CORRECTIONS = [
    ("amsterdam", "2017-0001", {"municipality": "Diemen"}, {"municipality": "Amsterdam"}, {}),
    ("rotterdam", "2016-0001", {"categories": ["seksuele uitbuiting"]},
     {"categories": ["seksuele uitbuiting", "criminele uitbuiting"]},
     {"category": ["SexualExploitation", "ForcedCriminality"]}),
    ("s-gravenhage", "2017-0002", {"victim.ageGroup": "Minor"}, {"victim.ageGroup": "Adult"},
     {"ageGroup": "Adult"}),
    ("utrecht", "2016-0001", {"reported": "2016-02-11"}, {"reported": "2016-03-11"}, {}),
    ("coa", "2017-0001", {"victim.gender": "V"}, {"victim.gender": "M"}, {}),
    ("zaanstad", "2017-0001", {"victim.citizenship": "NL"}, {"victim.citizenship": "RO"},
     {"citizenship": "EU"}),
    ("weesp", "2016-0001", {"categories": ["onbekend"]}, {"categories": ["seksuele uitbuiting"]},
     {}),
    ("venlo", "2017-0001", {"status": "possible"}, {"status": "confirmed"}, {}),
    ("hulplijn", "2017-0001", {}, {"occurred": "2016-11-20"}, {}),
    ("arnhem", "2017-0800", {"victim.gender": "M"}, {"victim.gender": "V"}, {}),
]
WITHDRAWN = [("rotterdam", 2017), ("coa", 2016), ("apeldoorn", 2017)]
# Text that must be nowhere in what the daemon keeps or publishes. The BSN is the usual test number.
PRIVATE = ["Jan Voorbeeld", "123456782", "Aangetroffen bij de receptie"]


@dataclass
class Source:
    name: str
    kind: str
    code: str
    how: str
    reports: list = field(default_factory=list)
    refused: list = field(default_factory=list)  # polled items that must not be taken

    @property
    def token(self):
        return hashlib.sha256(b"demo token " + self.name.encode()).hexdigest()[:40]


@dataclass
class Report:
    source: str
    first: dict  # what the source says at first
    last: dict   # and in the end
    verdict: str  # of the second delivery: duplicate, corrected or withdrawn
    cell: dict   # what is true in the end; None when withdrawn


def pick(key, options):
    """One of `options`, always the same one for a key."""
    return options[int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big") % len(options)]


def put(item, changes):
    """A copy of the item with some fields changed; "victim.gender" is a field inside one."""
    item = copy.deepcopy(item)
    for path, value in changes.items():
        *outer, name = path.split(".")
        place = item
        for part in outer:
            place = place.setdefault(part, {})
        if name == "ageGroup":
            place.pop("age", None)
            place.pop("birthYear", None)
        place[name] = value
        if name == "categories":
            item.pop("category", None)
    return item


class Demo:
    def __init__(self, municipalities_file):
        with open(municipalities_file, encoding="utf-8", newline="") as file:
            self.municipalities = {row["code"]: row for row in csv.DictReader(file)}
        self.sources = [Source(*row[:4]) for row in SOURCES]
        self.by_name = {source.name: source for source in self.sources}
        self.tolerated = []
        for row in SOURCES:
            for year, count in zip(MEN, row[4:]):
                for n in range(count):
                    self.add(row[0], year, n + 1, "Masculine", ["SexualExploitation"])
        for source, year in WITHDRAWN:
            report = self.add(source, year, 900, "Masculine", ["SexualExploitation"])
            report.last = {"id": report.first["id"], "withdrawn": True}
            report.verdict, report.cell = "withdrawn", None
        self.add_others()
        self.edge_of_year()
        self.correct()
        self.add_refused()
        self.tolerated = self.add_tolerated()
        for year, count in MEN.items():
            assert self.expect(["year"], self.men_filter())[(str(year),)] == count

    @staticmethod
    def men_filter():
        return {"category": "SexualExploitation", "gender": "Masculine"}

    def reports(self):
        return self.tolerated + [r for source in self.sources for r in source.reports]

    def add(self, name, year, number, gender, categories, citizenship=None):
        source = self.by_name[name]
        key = f"{name}/{year}/{number}"
        day = f"{year}-{pick(key + 'm', range(1, 13)):02d}-{pick(key + 'd', range(1, 29)):02d}"
        citizenship = citizenship or pick(key + "c", ["EU", "nonEU", "nonEU"])
        age_group, age = self.age(key, year)
        said, code = self.place(source, year, number, day)
        words = [pick(key + "w" + code_, CATEGORY_WORDS[code_]) for code_ in categories]
        item = {
            "id": f"{year}-{number:04d}",
            "reported": day + pick(key + "t", ["", "", "T11:40:00+01:00", "T09:05:30Z"]),
            "victim": {"gender": pick(key + "g", GENDER_WORDS[gender]),
                       "citizenship": pick(key + "n", CITIZENSHIP_WORDS[citizenship]), **age},
            **({"category": words[0]} if len(words) == 1 else {"categories": words}),
            **({"municipality": said} if said else {}),
        }
        cell = {"year": str(year), "municipality": code,
                "province": self.municipalities[code]["province_code"] if code else "unknown",
                "category": list(categories), "gender": gender, "ageGroup": age_group,
                "citizenship": citizenship, "sourceKind": source.kind}
        report = Report(name, item, item, "duplicate", cell)
        source.reports.append(report)
        return report

    @staticmethod
    def age(key, year):
        young = year - pick(key + "y", range(13, 17))
        grown = year - pick(key + "y", range(20, 45))
        return pick(key + "a", [("Adult", {"age": year - grown}), ("Adult", {"birthYear": grown}),
                                ("Adult", {"ageGroup": "Adult"}), ("Minor", {"birthYear": young}),
                                ("Adult", {"ageGroup": "volwassen"}), ("Unknown", {}),
                                ("Minor", {"ageGroup": "minderjarig"})])

    def place(self, source, year, number, day):
        """The municipality as the source says it (or None) and the code that was valid then."""
        mentions = MENTIONS.get((source.name, year))
        if mentions:
            return mentions[number % len(mentions)]
        if not source.code:
            return None, ""
        code = self.successor(source.code, day)
        name = ALIASES.get(source.code, self.municipalities[source.code]["name"])
        return pick(f"{source.name}{year}{number}", [None, None, name, source.code]), code

    def successor(self, code, day):
        """The code that was valid for it on that day. None of the demo's was split."""
        while (end := self.municipalities[code]["valid_to"]) and end < day:
            code = self.municipalities[code]["successor_codes"]
        return code

    def today(self, code):
        return self.successor(code, "9999-12-31")

    def add_others(self):
        """Women, other forms and other years, so that the table has more than one cell."""
        self.add("arnhem", 2017, 800, "Feminine", ["SexualExploitation"])
        for year in (2021, 2023):  # Weesp before and after it became part of Amsterdam
            self.add("amsterdam", year, 801, "Feminine", ["ForcedLabour"])
        for i in range(OTHERS - 3):
            year = 2015 + i % 10
            source = self.sources[i * 7 % len(self.sources)].name
            category = OTHER_CATEGORIES[i % len(OTHER_CATEGORIES)]
            man = i % 2 == 0 and category != "SexualExploitation"
            self.add(source, year, 500 + i, "Masculine" if man else "Feminine", [category],
                     pick(f"other{i}", ["NL", "EU", "nonEU"]))

    def edge_of_year(self):
        """Half past midnight on New Year's Day in Amsterdam, still the old year in UTC."""
        report = self.find("eindhoven", "2017-0001")
        report.first = report.last = put(report.first, {"reported": "2016-12-31T23:30:00Z"})

    def find(self, source, id_):
        return next(r for r in self.by_name[source].reports if r.first["id"] == id_)

    def correct(self):
        for source, id_, first, last, truth in CORRECTIONS:
            report = self.find(source, id_)
            base = report.first
            report.first, report.last = put(base, first), put(base, last)
            report.verdict = "corrected"
            report.cell.update(truth)

    def add_refused(self):
        good = {"category": "seksuele uitbuiting"}
        self.by_name["almere"].refused = [{"id": "2017-0990", "reported": "2017-02-30", **good}]
        self.by_name["zwolle"].refused = [{"id": "2017-0991", "reported": "2099-01-01", **good}]

    def add_tolerated(self):
        """Four reports with a word or a field that no table knows: taken, and counted as Unknown.
        Not among the source's own reports, since they travel in posts of their own."""
        source = self.by_name["lelystad"]
        count = len(source.reports)
        word, extra, place, gender = (
            self.add(source.name, 2018, 960 + i, "Feminine", ["ForcedLabour"]) for i in range(4))
        del source.reports[count:]
        changes = [
            (word, {"category": "iets heel anders"}, {"category": ["Unknown"]}),
            (extra, {"omschrijving": f"{PRIVATE[0]}, BSN {PRIVATE[1]}. {PRIVATE[2]}."}, {}),
            (place, {"municipality": "Nergenshuizen"}, {"municipality": "", "province": "unknown"}),
            (gender, {"victim.gender": "heer"}, {"gender": "Unknown"}),
        ]
        for report, said, truth in changes:
            report.first = report.last = put(report.first, said)
            report.cell.update(truth)
        return [word, extra, place, gender]

    def expect(self, by, where):
        """The counts by these dimensions. A signal of two categories is in both lines."""
        counts = {}
        for cell in (r.cell for r in self.reports() if r.cell):
            if any(value not in cell[name] if name == "category" else value != cell[name]
                   for name, value in where.items()):
                continue
            keys = [()]
            for name in by:
                values = cell[name] if name == "category" else [cell[name] or "unknown"]
                keys = [key + (value,) for key in keys for value in values]
            for key in keys:
                counts[key] = counts.get(key, 0) + 1
        return counts
