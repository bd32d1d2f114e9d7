# SPDX-License-Identifier: EUPL-1.2
"""The page signaalctl(1) says of each verb and option what their help says, and is good mdoc. UPDATE_MANUAL=1 writes that part anew.

The program is signaalctl in the folder that SIGNAALD_BUILD names (build/release without it).
"""

import os
import pathlib
import re
import subprocess
import unittest

from ctl_fake import Case, environment

PAGE = pathlib.Path(__file__).resolve().parents[2] / "conf/man/signaalctl.1"
COMMON, VERBS, END = "Options of all verbs:\n", ".Sh VERBS\n", ".Sh ENVIRONMENT\n"
COLUMNS_MAX = 78


def help_of(*words):
    done = subprocess.run([Case.program, *words, "--help"], capture_output=True, text=True, check=True, env=environment(COLUMNS="1000"))
    return done.stdout.split("\n\n")


def escape(word):
    """A dash that begins a word belongs to an option; a dot or quote there would be a request."""
    made = re.sub(r'(^|(?<=[-"]))-', r"\\-", word.replace("\\", "\\e")).replace("…", "...")
    return "\\&" + made if word[0] in ".'" else made


def mdoc(text):
    """A sentence begins a line, as mdoc wants it."""
    lines, column = [""], 0
    for word in text.split():
        if column and column + 1 + len(word) > COLUMNS_MAX:
            lines, column = [*lines, ""], 0
        lines[-1] += " " * (column > 0) + escape(word)
        column += len(word) + (column > 0)
        if re.search(r'[.?!][")]*$', word):
            lines, column = [*lines, ""], 0
    return "\n".join(lines).rstrip("\n") + "\n"


def options(part):
    rows = re.findall(r"^  (?:-(.), |    )--([a-z-]+) (\S*) *(.*)$", part, re.M)
    items = [f".It {f'Fl {letter} , ' if letter else ''}Fl -{name}{f' Ar {value}' if value else ''}\n{mdoc(text)}"
             for letter, name, value, text in rows]
    return rows, f".Bl -tag -width Ds\n{''.join(items)}.El\n"


def verb(name, common):
    head, *more, given, _ = help_of(name)
    usage, text = head.split("\n")
    rows, _ = options(given)
    own = "\n".join(given.split("\n")[1:1 + len(rows) - len(common)])
    words = usage.removeprefix("Usage: signaalctl ").removesuffix(" [OPTION]...")
    return f".Ss {words}\n{mdoc(text.removesuffix('.'))}" + "".join(f".Pp\n{mdoc(part)}" for part in more) + (options(own)[1] if own else "")


class Page(Case):
    def test_says_what_help_says(self):
        _, table, given, *_ = help_of()
        common, common_text = options(given)
        verbs = "".join(verb(name, common) for name in re.findall(r"(?m)^  ([a-z]+)\b", table))
        page = PAGE.read_text()
        head, tail = page.split(COMMON)[0], page.split(END)[1]
        made = head + COMMON + common_text + VERBS + verbs + END + tail
        if os.environ.get("UPDATE_MANUAL"):
            PAGE.write_text(made)
        self.assertEqual(PAGE.read_text(), made)
        self.assertGreater(verbs.count(".Ss "), 20)
        self.assertGreater(verbs.count(".It "), 30)

    def test_is_good_mdoc(self):
        done = subprocess.run(["mandoc", "-Tlint", "-Wwarning", PAGE], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_has_every_verb_and_option(self):
        done = subprocess.run(["mandoc", "-Tutf8", "-Owidth=200", PAGE], capture_output=True, text=True, check=True)
        text = re.sub(".\b", "", done.stdout)
        for name in re.findall(r"(?m)^  ([a-z]+)\b", self.good("--help").split("\n\n")[1]):
            self.assertRegex(text, rf"(?m)^   {name}\b")
            for option in re.findall(r"(?m)^  .{0,6}(--[a-z-]+)", self.good(name, "--help").split("Options:")[1]):
                self.assertIn(option, text)


if __name__ == "__main__":
    Case.program = os.path.join(os.environ.get("SIGNAALD_BUILD", "build/release"), "signaalctl")
    unittest.main()
