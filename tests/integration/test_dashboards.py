# SPDX-License-Identifier: EUPL-1.2
"""The dashboards for Grafana: of the types that Grafana has, and every query of theirs is one that a real Prometheus, which reads a
real daemon over TCP, and a real PostgreSQL answer."""
import contextlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
import urllib.parse
import urllib.request

import harness
import outside
from harness import PATIENCE_S, ROOT, SIGNAL, Endpoint, claim_port, make_certificate, wait_for

sys.path.insert(0, str(ROOT / "tests/kafka"))
from postgres import Postgres  # noqa: E402

FOLDER = ROOT / "conf/grafana"
DASHBOARDS = {path.stem: json.loads(path.read_text()) for path in FOLDER.glob("*.json")}
# TypeScript takes no text for an enum, JSON has nothing else.
ENUMS = {'"mode": "absolute"': '"mode": ThresholdsMode.Absolute', '{"type": "value", "options"': '{"type": MappingType.ValueToText, "options"'}


def queries(name, key):
    """(title, query) of each."""
    return [(panel["title"], target[key]) for panel in DASHBOARDS[name]["panels"] for target in panel.get("targets", ())]


class Types(unittest.TestCase):
    def compile(self, texts):
        """What TypeScript has against each of them as a dashboard."""
        with tempfile.TemporaryDirectory(prefix="signaald-grafana-") as folder:
            (pathlib.Path(folder) / "node_modules").symlink_to(outside.node_modules())
            for number, text in enumerate(texts):
                for plain, enum in ENUMS.items():
                    text = text.replace(plain, enum)
                pathlib.Path(folder, f"d{number}.ts").write_text(
                    f'import {{ Dashboard, MappingType, ThresholdsMode }} from "@grafana/schema";\nexport const d: Dashboard = {text};\n'
                    "export const used = [MappingType, ThresholdsMode];\n")
            done = subprocess.run(["node", "node_modules/typescript/bin/tsc", "--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext",
                                   "--moduleResolution", "nodenext", *(f"d{number}.ts" for number in range(len(texts)))],
                                  cwd=folder, capture_output=True, text=True, timeout=PATIENCE_S)
        return [[line for line in done.stdout.splitlines() if line.startswith(f"d{number}.ts")] for number in range(len(texts))]

    def test_types(self):
        good = [(FOLDER / f"{name}.json").read_text() for name in sorted(DASHBOARDS)]
        self.assertEqual(len(good), 2)
        wrong = good[0].replace('"gridPos": {"x": 0', '"gridPos": {"x": "0"', 1)
        unknown = good[1].replace('"gridPos": {', '"gridPlace": {', 1)
        told = self.compile([*good, wrong, unknown])
        self.assertEqual(told[:2], [[], []])
        self.assertTrue(told[2] and told[3], "a wrong type, or a key that there is not, is seen")

    def test_form(self):
        """What an import needs, and what TypeScript does not know."""
        self.assertEqual(len({dashboard["uid"] for dashboard in DASHBOARDS.values()}), 2)
        for name, dashboard in DASHBOARDS.items():
            ids = [panel["id"] for panel in dashboard["panels"]]
            self.assertEqual(len(ids), len(set(ids)))
            variables = {variable["name"]: variable for variable in dashboard["templating"]["list"]}
            kind = variables["datasource"]["query"]
            taken = set()
            for panel in dashboard["panels"]:
                if panel["type"] != "row":
                    self.assertTrue(panel["title"] and panel["description"], panel["id"])
                    for part in (panel, *panel["targets"]):
                        self.assertEqual(part["datasource"], {"type": kind, "uid": "${datasource}"}, panel["title"])
                    refs = [target["refId"] for target in panel["targets"]]
                    self.assertEqual(len(refs), len(set(refs)), panel["title"])
                at = panel["gridPos"]
                cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
                self.assertFalse(cells & taken, f"{name}: {panel['title']} lies over another")
                self.assertLessEqual(at["x"] + at["w"], 24)
                taken |= cells
            named = set(re.findall(r"\$\{(\w+)|\$(?!__)(\w+)", json.dumps(dashboard["panels"])))
            self.assertLessEqual({a or b for a, b in named}, set(variables))
        self.assertIn("coordination centre only", DASHBOARDS["signals"]["description"])


class Prometheus:
    """One of Debian's, that reads a daemon each second."""

    def __init__(self, folder, target):
        self.port, self.claim = claim_port()
        rules = ROOT / "conf/prometheus/alerts.yaml"
        (folder / "prometheus.yml").write_text(
            f"global: {{scrape_interval: 1s, evaluation_interval: 1s}}\nrule_files: ['{rules}']\nscrape_configs:\n"
            f"  - job_name: signaald\n    static_configs: [{{targets: ['{target}']}}]\n")
        self.log = open(folder / "prometheus.log", "w")
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data", f"--web.listen-address=127.0.0.1:{self.port}"],
            stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL, cwd=folder)

    def ask(self, path, **query):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(query)}", timeout=PATIENCE_S) as answer:
            told = json.load(answer)
        assert told["status"] == "success", told
        return told["data"]

    def value(self, query):
        """Of the first line; None while there is none, or Prometheus is not there yet."""
        with contextlib.suppress(OSError):
            lines = self.ask("query", query=query)["result"]
            return float(lines[0]["value"][1]) if lines else None

    def close(self):
        self.process.terminate()
        self.process.wait(60)
        self.log.close()
        self.claim.close()


class Operations(harness.Fresh):
    def test_queries(self):
        port, claim = claim_port()
        self.addCleanup(claim.close)
        with contextlib.closing(Endpoint()) as endpoint:
            endpoint.paths = {"/good": lambda *_: (200, {"Content-Type": "application/json"}, []), "/bad": lambda *_: (500, {}, {})}
            _, certificate = make_certificate(self.daemon.directory, "authority", 60)
            self.daemon.extra = {"metrics": [f"listen: 127.0.0.1:{port}"], "kafka": ["brokers: 127.0.0.1:9"], "poll": [f"ca_file: {certificate}"]}
            self.daemon.write_config()
            self.daemon.write_sources([*self.SOURCES, *({"name": name, "kind": "ngo", "interval": "7d", "allow_private": "yes",
                                                         "url": endpoint.url(f"/{name}")} for name in ("good", "bad"))])
            self.daemon.start()
            for name in ("good", "bad"):
                self.assertEqual(self.daemon.control("POST", f"/v1/feeds/{name}/poll").status, 202)
            self.assertEqual(self.daemon.post("coa", [{"id": f"{n}", **SIGNAL} for n in range(20)]).status, 200)
            prometheus = Prometheus(self.daemon.directory, f"127.0.0.1:{port}")
            try:
                wait_for(lambda: prometheus.value('signaald_feed_state{source="bad",state="failing"}'), "a feed that fails is seen")
                wait_for(lambda: prometheus.value('signaald_feed_last_success_timestamp_seconds{source="good"}'), "and one that works")
                wait_for(lambda: prometheus.value("signaald_kafka_trouble == 1"), "so is the broker that is not there")
                wait_for(lambda: (prometheus.value("count_over_time(signaald_uptime_seconds[1h])") or 0) > 3, "there are rates")
                self.check(prometheus, f"127.0.0.1:{port}")
            finally:
                prometheus.close()
            self.daemon.stop()

    def check(self, prometheus, instance):
        variables = DASHBOARDS["operations"]["templating"]["list"]
        metric = re.fullmatch(r"label_values\((\w+), instance\)", variables[1]["query"]["query"])[1]
        self.assertEqual([line["metric"]["instance"] for line in prometheus.ask("query", query=metric)["result"]], [instance])
        there = set(prometheus.ask("label/__name__/values"))
        asked = queries("operations", "expr")
        for title, query in asked:
            self.assertLessEqual(set(re.findall(r"signaald_\w+", query)), there, title)
            query = query.replace("$instance", instance).replace("$__rate_interval", "1m")
            with self.subTest(title=title, query=query):
                self.assertTrue(prometheus.ask("query", query=query)["result"])
        self.assertGreater(len(asked), 35)
        groups = prometheus.ask("rules")["groups"]
        wrong = [rule["name"] for group in groups for rule in group["rules"] if rule["health"] == "err"]
        self.assertEqual(wrong, [])
        self.assertEqual(prometheus.value("signaald_received_total"), 20)


FIELDS = json.loads((ROOT / "conf/api/schemas/signal-current.connect.v1.json").read_text())["fields"]


def signal(number, **more):
    """A record of the topic signals-current, as its schema has it."""
    empty = {"string": "unknown", "int32": 1, "boolean": False}
    record = {field["field"]: None if field["optional"] else empty[field["type"]] for field in FIELDS}
    return {**record, "signal": f"{number:032x}", "counts": True, "status": "possible", "received": "2020-01-01 00:00:00", "sourceKind": "coa",
            "province": "PV27", "provinceName": "Noord-Holland", "municipalityToday": "GM0363", "gender": "Masculine", "ageGroup": "Adult",
            "citizenship": "nonEU", "sexualExploitation": True, **more}


class Signals(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.postgres = Postgres()
        cls.addClassCleanup(cls.postgres.close)
        with cls.postgres.connect("postgres") as database:
            database.execute("CREATE DATABASE signals")
        subprocess.run(["psql", "-q", "-v", "ON_ERROR_STOP=1", "-d", "signals", "-f", ROOT / "conf/examples/postgres.sql"], check=True,
                       capture_output=True, env={**os.environ, **cls.postgres.environment})
        records = [signal(n, reported="2016-05-01") for n in range(34)] + [signal(n, reported="2017-05-01") for n in range(34, 102)]
        records += [signal(200, reported="2017-06-01", province="unknown", provinceName=None, municipalityToday="unknown", gender="Feminine",
                           citizenship="NL", sourceKind="police", forcedLabour=True),
                    signal(201, reported=None, counts=False), signal(202, reported="2017-06-02", status="rejected", counts=False)]
        names = list(records[0])
        writer = cls.postgres.connect("signals", "signals_writer")
        cls.addClassCleanup(writer.close)
        cls.reader = cls.postgres.connect("signals", "signals_reader")
        cls.addClassCleanup(cls.reader.close)
        for record in records:
            writer.execute("INSERT INTO signals_current ({}) VALUES ({})".format(
                ", ".join(f'"{name}"' for name in names), ", ".join(["%s"] * len(names))), list(record.values()))

    def ask(self, query, **chosen):
        """As Grafana fills it in: the variables' own choices unless they are given, and the years 2010 to 2029."""
        for variable in DASHBOARDS["signals"]["templating"]["list"][1:]:
            values = chosen.get(variable["name"]) or [row[0] for row in self.reader.execute(variable["query"]).fetchall()]
            query = query.replace(f"${{{variable['name']}:sqlstring}}", ",".join(f"'{value}'" for value in values))
        query = re.sub(r"\$__timeFilter\((.*?)\)", r"\1 BETWEEN '2010-01-01T00:00:00Z' AND '2029-12-31T23:59:59Z'", query)
        self.assertNotIn("$", query)
        return self.reader.execute(query).fetchall()

    def test_queries(self):
        answers = {title: self.ask(query) for title, query in queries("signals", "rawSql")}
        self.assertEqual(len(answers), 10)
        self.assertEqual([title for title, rows in answers.items() if not rows], [])
        self.assertEqual(answers["Signals that count"], [(103,)])
        self.assertEqual(answers["Municipalities that signalled"], [(1,)])
        self.assertEqual(answers["Withdrawn or rejected"], [(2,)])
        self.assertEqual(answers["Signals by year and form"], [("2016", "sexualExploitation", 34), ("2017", "forcedLabour", 1),
                                                               ("2017", "sexualExploitation", 69)])
        self.assertEqual(answers["Did it double?"], [("2016", 34, None, None, ""), ("2017", 69, 35, 103, "doubled")])
        self.assertEqual(answers["Foreign men in forced prostitution"], [("2016", 34), ("2017", 68)])
        self.assertEqual(answers["Signals by year and kind of source"], [("2016", "coa", 34), ("2017", "coa", 68), ("2017", "police", 1)])
        self.assertEqual(answers["Signals by province and year"], [("Noord-Holland", "2016", 34), ("Noord-Holland", "2017", 68), ("unknown", "2017", 1)])
        self.assertEqual(sum(row[-1] for row in answers["Gender, age group, citizenship"]), 103)

    def test_choices(self):
        """A province and a form alone."""
        by_title = dict(queries("signals", "rawSql"))
        self.assertEqual(self.ask(by_title["Signals that count"], province=["unknown"]), [(1,)])
        self.assertEqual(self.ask(by_title["Signals that count"], form=["forcedLabour"]), [(1,)])
        self.assertEqual(self.ask(by_title["Signals that count"], form=["forcedBegging"]), [(0,)])
        provinces, forms = DASHBOARDS["signals"]["templating"]["list"][1:]
        self.assertEqual(self.reader.execute(provinces["query"]).fetchall(), [("PV27", "Noord-Holland"), ("unknown", "unknown")])
        self.assertEqual(len(self.reader.execute(forms["query"]).fetchall()), 13)


if __name__ == "__main__":
    unittest.main()
