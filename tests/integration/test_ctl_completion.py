# SPDX-License-Identifier: EUPL-1.2
"""The completions for bash and for zsh offer what signaalctl knows, no more and no less.

The program is signaalctl in the folder that SIGNAALD_BUILD names (build/release without it).
"""

import os
import pathlib
import re
import subprocess
import tempfile
import unittest

from ctl_fake import Case, environment

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMPLETIONS = ROOT / "conf/completions"

FEEDS = '{"feeds":[{"name":"coa","kind":"coa"},{"name":"gm0363-amsterdam","kind":"municipality"}]}'


class Bash(Case):
    def complete(self, *words):
        script = 'signaalctl() { if [ "$*" = "--json feeds" ]; then echo "$FEEDS"; else "$PROGRAM" "$@"; fi; }; source "$1"; ' \
                 'shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _signaalctl 2>/dev/null; echo "${COMPREPLY[@]}"'
        done = subprocess.run(["bash", "-c", script, "bash", COMPLETIONS / "signaalctl.bash", "signaalctl", *words], capture_output=True, text=True,
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


class Zsh(Bash):
    """The same of zsh, with the files where the package puts them, and stand-ins for what only works while somebody types."""

    SCRIPT = """
        FPATH=$1/zsh/vendor-completions:$FPATH
        words=("${(@)argv[2,-1]}") CURRENT=$(($# - 1))
        compadd() {
            [[ $1 == -S ]] && local suffix=1 && shift 2
            shift
            print -rl -- ${(M)@:#$words[CURRENT]*}
        }
        _files() { print -rl -- $words[CURRENT]*(N${1:+/}) }
        autoload -Uz _signaalctl
        _signaalctl"""

    def complete(self, *words):
        with tempfile.TemporaryDirectory(prefix="signaald-zsh-") as folder:
            share = pathlib.Path(folder)
            for name, place in (("signaalctl.zsh", "zsh/vendor-completions/_signaalctl"),
                                ("signaalctl.bash", "bash-completion/completions/signaalctl")):
                (share / place).parent.mkdir(parents=True)
                (share / place).symlink_to(COMPLETIONS / name)
            program = share / "bin/signaalctl"
            program.parent.mkdir()
            program.write_text('#!/bin/sh\nif [ "$*" = "--json feeds" ]; then echo "$FEEDS"; else exec "$PROGRAM" "$@"; fi\n')
            program.chmod(0o755)
            done = subprocess.run(["zsh", "-f", "-c", self.SCRIPT, "zsh", share, "signaalctl", *words], capture_output=True, text=True,
                                  check=True, cwd=ROOT, env=environment(FEEDS=FEEDS, PROGRAM=os.path.abspath(Case.program),
                                                                        PATH=f"{program.parent}:{os.environ['PATH']}"))
        self.assertEqual(done.stderr, "")
        return set(done.stdout.split())


if __name__ == "__main__":
    Case.program = os.path.join(os.environ.get("SIGNAALD_BUILD", "build/release"), "signaalctl")
    unittest.main()
