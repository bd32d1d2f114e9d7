#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""The pages say what the program does: lists of keys, columns, options and rooms are compared with it, links lead somewhere, and
the manual is good mdoc. UPDATE_MANUAL=1 writes the list of keys in signaald.yaml(5) anew."""
import ast
import collections
import os
import re
import subprocess
import unittest

import alarms
import harness

ROOT = harness.ROOT
MAN = ROOT / "conf/man"
BEGIN, END = '.\\" Printed by signaald --print-manual.\n', '.\\" End of what signaald --print-manual prints.\n'
UNPROVOKED = {"S024": "needs a share of requests at work at once that have shown no token; idle ones give way before"}
README_MAX = 12_288


def run(*words, **options):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=60, check=False, **options)


def signaald(*words):
    done = run(harness.BUILD / "signaald", *words)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def source(name):
    return (ROOT / "daemon" / name).read_text()


def items(page, title):
    """The items of the list in the part of a manual page with this title."""
    part = re.search(rf"^\.(S[hs]) {title}\n(.*?)(?=^\.S[hs] |\Z)", (MAN / page).read_text(), re.S | re.M)
    return re.findall(r"^\.It Cm (\S+)$", part[2], re.M)


class Manual(unittest.TestCase):
    def test_lint(self):
        pages = sorted(MAN.glob("*.[1-9]"))
        self.assertGreaterEqual(len(pages), 4)
        self.assertEqual(run("mandoc", "-Tlint", "-Wwarning", *pages).stdout, "")

    def test_references_lead_to_pages(self):
        ours = {"signaalctl", *(page.stem for page in MAN.iterdir())}
        for page in MAN.iterdir():
            named = {name for name, section in re.findall(r"^\.Xr (\S+) (\d)", page.read_text(), re.M)}
            self.assertLessEqual(named - {"systemd", "curl"}, ours, page.name)

    def test_options_of_signaald(self):
        told = set(re.findall(r"--[a-z-]+", signaald("--help")))
        shown = re.search(r"^\.Ss Options\n(.*?)^\.Ss", (MAN / "signaald.8").read_text(), re.S | re.M)[1]
        self.assertEqual({f"--{name}" for name in re.findall(r"^\.It.* Fl -([a-z-]+)", shown, re.M)}, told)

    def test_keys_of_the_configuration(self):
        page = MAN / "signaald.yaml.5"
        head, rest = page.read_text().split(BEGIN)
        shown, tail = rest.split(END)
        printed = signaald("--print-manual")
        if os.environ.get("UPDATE_MANUAL"):
            page.write_text(head + BEGIN + printed + END + tail)
            return
        self.assertEqual(shown, printed)
        self.assertGreater(printed.count(".It Cm"), 40)

    def test_keys_of_templates(self):
        keys = re.findall(r'"(page|request|windows|auth)",\s*"(\w+)",', source("template/keys.c"))
        self.assertEqual(len(keys), 33)
        for section in ("page", "request", "windows", "auth"):
            self.assertEqual(set(items("signaal-template.5", section)), {name for of, name in keys if of == section}, section)

    def test_fields_of_templates(self):
        fields = set(re.findall(r'\[MAPPING_\w+\] = \{"(\w+)"', source("codec/mapping.c")))
        self.assertEqual(len(fields), 18)
        code = source("template/fields.c")
        rules = set(re.search(r"unknown key \(allowed: (from, split.*?)\)", code)[1].split(", "))
        self.assertEqual(set(items("signaal-template.5", "fields")), fields | rules)
        exclude = set(re.search(r"exclude: unknown key \(allowed: (.*?)\)", code)[1].split(", "))
        self.assertEqual(set(items("signaal-template.5", "exclude")), exclude)
        lists = re.findall(r'\bLIST\("(\w+)"', source("template/keys.c"))
        self.assertEqual(len(lists), 5)
        for name in lists:
            self.assertIn(f".Ss {name}\n", (MAN / "signaal-template.5").read_text())

    def test_columns_of_sources(self):
        table = source("sources/columns.c").split("sources_columns[] = {")[1].split("};")[0]
        columns = re.findall(r'\{"(\w+)", (?:true|false),', table)
        self.assertEqual(len(columns), 26)
        self.assertEqual(items("sources.csv.5", "COLUMNS"), columns)
        kinds = re.findall(r'\[SOURCE_[A-Z]+\] = "(\w+)"', source("core/signal/signal.c"))
        self.assertIn(f".Li {' , '.join(kinds)} .\n", (MAN / "sources.csv.5").read_text())


class Alarms(unittest.TestCase):
    """The catalogue and the operators' table are the program's, and each alarm is told somewhere, in a way that is told once."""

    def test_made_of_the_table(self):
        page = ROOT / "conf/doc/operators.md"
        head, rest = page.read_text().split(alarms.BEGIN)
        shown, tail = rest.split(alarms.END)
        if os.environ.get("UPDATE_MANUAL"):
            page.write_text(head + alarms.BEGIN + alarms.table() + alarms.END + tail)
            alarms.CATALOG.write_text(alarms.catalog())
            return
        self.assertEqual(shown, alarms.table())
        self.assertEqual(alarms.CATALOG.read_text(), alarms.catalog())

    def test_each_is_told(self):
        calls = collections.defaultdict(set)
        for path in ROOT.glob("daemon/**/*.c"):
            for name, text in re.findall(r'ALARM_(\w+)(?:,\s*"((?:[^"\\]|\\.)*)"|\])', path.read_text()):
                calls[name].add(text)
            for code, text in re.findall(r'"<\d>\[(S\d{3})\] ([^"]*)', path.read_text()):  # where nothing may be called
                calls[alarms.ALARMS[code].name].add(text)
        calls.pop("COUNT")
        self.assertEqual(set(calls), {alarm.name for alarm in alarms.ALARMS.values()})
        for alarm in alarms.ALARMS.values():
            for text in calls[alarm.name] - {""}:
                self.assertTrue(text.replace('\\"', '"').startswith(alarm.line), f"{alarm.code}: {text}")

    def test_no_two_alike(self):
        for field in ("code", "message_id", "name", "line"):
            values = [getattr(alarm, field) for alarm in alarms.ALARMS.values()]
            self.assertEqual(len(values), len(set(values)), field)
        for alarm in alarms.ALARMS.values():
            self.assertRegex(alarm.code, r"^S\d{3}$")
            self.assertRegex(alarm.message_id, r"^[0-9a-f]{32}$")

    def test_each_is_provoked(self):
        """By a test that names its code; a daemon's log is held against the table wherever one is stopped."""
        texts = "".join(path.read_text() for path in ROOT.glob("tests/**/test_*.py") if path.name != "test_manual.py")
        self.assertEqual({code for code in alarms.ALARMS if code not in texts}, set(UNPROVOKED))


class Readme(unittest.TestCase):
    def setUp(self):
        self.text = (ROOT / "README.md").read_text()

    def test_size(self):
        self.assertLessEqual(len(self.text.encode()), README_MAX)

    def test_map_of_rooms(self):
        """As tests/lint/layers has it, which proves it; and no folder is left out."""
        layers = ast.parse((ROOT / "tests/lint/layers").read_text())
        uses = next(ast.literal_eval(node.value) for node in layers.body
                    if isinstance(node, ast.Assign) and node.targets[0].id == "USES")
        rows = {room: below for room, below in re.findall(r"^\| `([a-z/]+)` \| ([a-z/, -]+) \| .+ \|$", self.text, re.M)}
        self.assertEqual({room: [] if below == "-" else below.split(", ") for room, below in rows.items()}, uses)
        folders = {path.parent.relative_to(ROOT / "daemon").as_posix() for path in ROOT.glob("daemon/**/*.c")}
        self.assertEqual(folders - {"."}, set(rows) - {"app"})

    def test_files_of_the_way(self):
        way = self.text.split("## The way of a posted signal")[1].split("\n## ")[0]
        self.assertEqual(len(re.findall(r"^\d+\. ", way, re.M)), 10)
        folder = None
        for name in re.findall(r"`([\w/]+(?:\.c)?)`", way):
            path = ROOT / "daemon" / (name if "/" in name else f"{folder}/{name}")
            self.assertTrue(path.exists(), name)
            folder = name.rsplit("/", 1)[0] if name.endswith(".c") and "/" in name else folder

    def test_links(self):
        for page in (ROOT / "README.md", *ROOT.glob("conf/doc/*.md")):
            for link, mark in re.findall(r"\]\(([\w./]*)(#[\w-]+)?\)", page.read_text().replace("(\n", "(").replace("\n", " ")):
                target = (page.parent / link) if link else page
                self.assertTrue(target.is_file(), f"{page.name}: {link}")
                titles = re.findall(r"^#+ (.*)$", target.read_text(), re.M)
                anchors = {"#" + re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
                self.assertTrue(not mark or mark in anchors, f"{page.name}: {link}{mark}")


if __name__ == "__main__":
    unittest.main(verbosity=2)
