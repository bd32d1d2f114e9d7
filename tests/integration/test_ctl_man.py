# SPDX-License-Identifier: EUPL-1.2
"""The page signaalctl(1) is what the program prints, has each verb and option, and is good mdoc.

The program is signaalctl in the folder that SIGNAALD_BUILD names (build/release without it).
"""

import os
import pathlib
import re
import subprocess
import unittest

from ctl_fake import Case

PAGE = pathlib.Path(__file__).resolve().parents[2] / "conf/man/signaalctl.1"


class Page(Case):
    def test_is_what_the_program_prints(self):
        printed = subprocess.run([Case.program, "--print-man"], capture_output=True, text=True, check=True)
        self.assertEqual(PAGE.read_text(), printed.stdout)

    def test_is_good_mdoc(self):
        done = subprocess.run(["mandoc", "-Tlint", "-Wwarning", PAGE], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_has_every_verb_and_option(self):
        done = subprocess.run(["mandoc", "-Tutf8", "-Owidth=200", PAGE], capture_output=True, text=True, check=True)
        text = re.sub(".\b", "", done.stdout)
        for verb in re.findall(r"(?m)^  ([a-z]+)\b", self.good("--help").split("\n\n")[1]):
            self.assertRegex(text, rf"(?m)^   {verb}\b")
            for option in re.findall(r"(?m)^  .{0,6}(--[a-z-]+)", self.good(verb, "--help").split("Options:")[1]):
                self.assertIn(option, text)


if __name__ == "__main__":
    Case.program = os.path.join(os.environ.get("SIGNAALD_BUILD", "build/release"), "signaalctl")
    unittest.main()
