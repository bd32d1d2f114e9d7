# SPDX-License-Identifier: EUPL-1.2
"""The completion for bash offers what signaalctl knows, no more and no less.

The program is signaalctl in the folder that SIGNAALD_BUILD names (build/release without it).
"""

import os
import pathlib
import re
import subprocess
import unittest

from ctl_fake import Case, environment

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMPLETION = ROOT / "conf/completions/signaalctl.bash"

FEEDS = '{"feeds":[{"name":"coa","kind":"coa"},{"name":"gm0363-amsterdam","kind":"municipality"}]}'


class Completion(Case):
    def complete(self, *words):
        script = 'signaalctl() { if [ "$*" = "--json feeds" ]; then echo "$FEEDS"; else "$PROGRAM" "$@"; fi; }; source "$1"; ' \
                 'shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _signaalctl 2>/dev/null; echo "${COMPREPLY[@]}"'
        done = subprocess.run(["bash", "-c", script, "bash", COMPLETION, "signaalctl", *words], capture_output=True, text=True,
                              check=True, cwd=ROOT, env=environment(FEEDS=FEEDS, PROGRAM=os.path.abspath(Case.program)))
        self.assertEqual(done.stderr, "")
        return set(done.stdout.split())

    def verbs(self):
        table = self.good("--help").split("\n\n")[1]
        return re.findall(r"(?m)^  ([a-z]+)\b", table)

    def test_verbs(self):
        offered = {word for word in self.complete("") if not word.startswith("-")}
        self.assertEqual(offered, set(self.verbs()))
        self.assertEqual(self.complete("tre"), {"trend"})

    def test_options(self):
        for verb in self.verbs():
            options = re.findall(r"(?m)^  .{0,6}(--[a-z-]+)", self.good(verb, "--help").split("Options:")[1])
            offered = {word for word in self.complete(verb, "--") if word.startswith("--")}
            self.assertEqual(offered, set(options), verb)

    def test_values(self):
        self.assertEqual(self.complete("trend", "--per", ""), {"year", "month"})
        self.assertEqual(self.complete("coverage", "--by", ""), {"province", "policeUnit", "sizeClass"})
        self.assertIn("category,gender", self.complete("trend", "--by", "category,g"))
        self.assertIn("measure=", self.complete("statistics", "--where", "m"))
        self.assertEqual(self.complete("counts", "--where", "m"), {"municipality=", "month="})
        self.assertEqual(self.complete("trend", "--where", "m"), {"municipality="})
        self.assertIn("release", self.complete("statistics", ""))
        self.assertLessEqual({"retry", "drop"}, self.complete("quarantine", ""))
        self.assertLessEqual({"native", "csv-excel"}, self.complete("try", ""))
        self.assertEqual(self.complete("top", "-i", ""), set())
        self.assertEqual(self.complete("trend", "--period", ""), set())
        self.assertIn("conf", self.complete("--socket", "con"))
        self.assertEqual(self.complete("--socket", "no/such/fi"), set())
        self.assertEqual(self.complete("try", "--tables", "conf/te"), {"conf/templates"})
        self.assertIn("conf/signaald.yaml", self.complete("report", "-o", "conf/s"))

    def test_sources(self):
        for words in (["why", ""], ["erase", ""], ["feeds", ""], ["poll", ""], ["pause", ""], ["resume", ""],
                      ["import", "--source", ""], ["unmapped", "--source", ""]):
            self.assertLessEqual({"coa", "gm0363-amsterdam"}, self.complete(*words), words)
        self.assertEqual(self.complete("why", "g"), {"gm0363-amsterdam"})
        self.assertNotIn("coa", self.complete("counts", ""))


if __name__ == "__main__":
    Case.program = os.path.join(os.environ.get("SIGNAALD_BUILD", "build/release"), "signaalctl")
    unittest.main()
