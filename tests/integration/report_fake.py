# SPDX-License-Identifier: EUPL-1.2
"""What a daemon answers to signaalctl report: one picture of the country, made of weights and the table of municipalities."""

import csv
import json
import pathlib
import urllib.parse

from chance import is_beyond

ROOT = pathlib.Path(__file__).resolve().parents[2]
YEARS = {2015: 41, 2016: 34, 2017: 68, 2018: 97, 2019: 240, 2020: 331, 2021: 305, 2022: 468, 2023: 702, 2024: 866,
         2025: 1204, 2026: 310}
PARTIAL = 2026
WEIGHTS = {
    "province": {f"PV{20 + n}": n + 1 for n in range(12)} | {"unknown": 3},
    "category": {"SexualExploitation": 46, "ForcedLabour": 31, "ForcedCriminality": 14, "ForcedBegging": 5,
                 "Unknown": 9, "ForcedMilitaryByNonStateActors": 1, "Servitude": 2},
    "policeUnit": {"Noord-Nederland": 9, "Oost-Nederland": 14, "Midden-Nederland": 11, "Noord-Holland": 6,
                   "Amsterdam": 19, "Den Haag": 12, "Rotterdam": 11, "Zeeland-West-Brabant": 6, "Oost-Brabant": 5,
                   "Limburg": 4, "unknown": 3},
    "gender": {"Feminine": 58, "Masculine": 37, "NonConforming": 1, "Unknown": 4},
    "ageGroup": {"Minor": 17, "Adult": 74, "Unknown": 9},
    "citizenship": {"NL": 31, "EU": 24, "nonEU": 38, "Unknown": 7},
    "sourceKind": {"municipality": 40, "coa": 22, "care": 12, "police": 16, "kmar": 4, "nla": 3, "ngo": 3},
    "status": {"possible": 83, "confirmed": 12, "rejected": 5},
    "month": {f"{m:02}": w for m, w in enumerate((7, 6, 9, 8, 8, 9, 7, 6, 10, 11, 10, 9), 1)},
}
SIZES = ["<5k", "5-10k", "10-20k", "20-50k", "50-100k", "100-150k", "150-250k", ">=250k"]


def split(total, dimension):
    weights = WEIGHTS[dimension]
    return {code: total * weight // sum(weights.values()) for code, weight in weights.items()}


def point(period, signals, before=None, partial=False, persons=None):
    value = {"period": period, "signals": signals, "persons": signals * 97 // 100 if persons is None else persons}
    if partial:
        value["partial"] = True
    elif before is not None:
        value["change"] = signals - before
        if before:
            value["percent"] = round(1000 * (signals - before) / before) / 10
        value["beyondChance"] = is_beyond(before, signals)
    return value


class Country:
    """Tests change its attributes before they ask."""

    def __init__(self, factor=1):
        self.years = {year: count * factor for year, count in YEARS.items()}
        self.factor = factor
        self.organisation = {"name": None, "logo": None}
        self.status = {"version": "9.8.7", "ledger": {"waiting": 0, "unmappedKept": 0},
                       "feeds": {"sources": 34, "failing": 0, "silent": 0, "quarantined": 0}}
        self.requests = []
        with open(ROOT / "conf/municipalities.csv", encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(line for line in file if line[0] != "#") if not row["valid_to"]]
        self.municipalities = [self.municipality(i, row) for i, row in enumerate(rows)]

    def municipality(self, i, row):
        big = int(row["inhabitants"]) > 90000
        state = "signals" if big and i % 3 or i % 29 == 0 else "silent" if i % 37 == 5 else "never"
        return {"code": row["code"], "name": row["name"], "province": row["province_code"],
                "provinceName": row["province"], "policeUnit": row["police_unit"], "sizeClass": row["size_class"],
                "inhabitants": int(row["inhabitants"]), "state": state, "connected": state != "never" or i % 25 == 0,
                "lastSignal": {"signals": "2025-11", "silent": "2024-03"}.get(state), "sources": [],
                "official": big or i % 7 == 0, "policy": big and i % 2 == 0}

    def trend(self, query):
        by = query.get("by")
        first, _, last = query.get("period", f"{min(self.years)}..{max(self.years)}").partition("..")
        if query.get("per") == "month":
            total = [point for year in range(int(first), int(last or first) + 1) for point in self.months(year)]
        else:
            total = self.points(range(int(first), int(last or first) + 1), lambda count: count)
        series = [{"points": total}]
        if by:
            years = range(int(first), int(last or first) + 1)
            series = [{by: code, "points": self.points(years, lambda count, code=code: split(count, by)[code])}
                      for code in sorted(WEIGHTS[by])]
        return {"by": [by] if by else [], "per": query.get("per", "year"), "filters": {}, "from": first,
                "to": last or first, "series": series, "total": total, "names": {}, "smallBase": 20}

    def points(self, years, share):
        counts = {year: share(self.years.get(year, 0)) for year in years}
        return [point(str(year), counts[year], counts.get(year - 1), year == PARTIAL) for year in years]

    def months(self, year):
        counts = split(self.years.get(year, 0), "month")
        if year == PARTIAL:
            counts = {m: count if m < "05" else 0 for m, count in counts.items()}
        return [point(f"{year}-{m}", count, partial=year == PARTIAL and m > "03") for m, count in counts.items()]

    def group(self, members):
        def count(key, value):
            return sum(m[key] == value for m in members)
        return {"municipalities": len(members), "signalling": count("state", "signals"),
                "silent": count("state", "silent"), "never": count("state", "never"),
                "official": count("official", True), "policy": count("policy", True),
                "all": sum(m["state"] == "signals" and m["official"] and m["policy"] for m in members)}

    def coverage(self, query):
        every, groups = self.group(self.municipalities), {}
        for key, name in (("province", "provinces"), ("policeUnit", "policeUnits"), ("sizeClass", "sizeClasses")):
            values = SIZES if key == "sizeClass" else sorted({m[key] for m in self.municipalities})
            groups[name] = []
            for value in values:
                members = [m for m in self.municipalities if m[key] == value]
                label = {"code": value, "name": members[0]["provinceName"]} if key == "province" else {"name": value}
                groups[name].append({**label, **self.group(members)})
        period = query.get("period")
        when = f"in {period}" if period else "in the last 365 days"
        share = every["signalling"] * 100 // every["municipalities"]
        return {"basis": "reported" if period else "received", "period": period, "municipalities": every["municipalities"],
                "signalling": every["signalling"], "silent": every["silent"], "never": every["never"],
                "unconnected": sum(not m["connected"] for m in self.municipalities),
                "headline": f"{every['signalling']} of {every['municipalities']} municipalities ({share} %) have "
                            f"signalled {when}; {every['municipalities'] - every['signalling']} have not",
                "basicLevel": {"signals": every["signalling"], "official": every["official"],
                               "policy": every["policy"], "all": every["all"]},
                **groups, "list": self.municipalities}

    def answer(self, handler):
        url = urllib.parse.urlsplit(handler.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        self.requests.append(handler.path)
        body = {"/v1/status": lambda: self.status, "/v1/organisation": lambda: self.organisation, "/v1/trend": lambda: self.trend(query),
                "/v1/coverage": lambda: self.coverage(query), "/v1/statistics": self.statistics}[url.path]()
        handler.send(200, json.dumps(body).encode())

    closed = "2026-03"
    rounding_base = 10

    def statistics(self):
        """The snapshot: always of the country as it was at first, whatever has become of it since."""
        statistics = []

        def add(count, measure="signals", **labels):
            count -= count % self.rounding_base
            if count and self.closed:
                statistics.append({"measure": measure, **labels, "count": count, "roundingBase": self.rounding_base,
                                "closed": self.closed})

        for year, count in YEARS.items():
            add(count, year=str(year))
            add(year % 40, "municipalities", year=str(year))
            for by in ("category", "policeUnit", "gender", "ageGroup", "citizenship", "sourceKind"):
                for code, part in split(count, by).items():
                    add(part, year=str(year), **{by: code})
            for n in range(12):
                add(count * (n + 1) // 78, year=str(year), province=f"PV{20 + n}")
                add(count * (n + 1) // 160, year=str(year), province=f"PV{20 + n}", category="SexualExploitation")
            for month, part in split(count, "month").items():
                if f"{year}-{month}" <= (self.closed or ""):
                    add(part, month=f"{year}-{month}")
                    add(part // 2, month=f"{year}-{month}", category="SexualExploitation")
        return {"roundingBase": self.rounding_base, "closed": self.closed, "statistics": statistics, "names": {}}
