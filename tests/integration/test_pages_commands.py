#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Every command that a page shows is run here, in the order of the page, against a daemon on loopback in a directory of its own.

A page is README.md, a file of conf/doc or a file of conf/man. Commands to run are ```sh blocks in Markdown, and .Bd -literal
blocks behind a line `.\\" sh` in mdoc. What needs root, systemd, apt, a real Kafka or a lost disk is in a ```console block: each
of its commands is in ELSEWHERE, with the stage that runs it or the reason why none does. A block behind <!-- run by FILE --> is
run by that test.
"""
import os
import pathlib
import re
import subprocess
import unittest

import harness

ROOT = harness.ROOT
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("conf/doc/*.md")), *sorted(ROOT.glob("conf/man/*.[1-9]"))]
MARKDOWN = re.compile(r"^(?:<!-- run by (?P<by>\S+) -->\n)?(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^(?P=indent)```$", re.S | re.M)
MDOC = re.compile(r'^\.\\" sh\n\.Bd -literal.*?\n(.*?)^\.Ed$', re.S | re.M)
PORT, SOURCE = "8080", "gm0363-amsterdam"  # in the pages
HISTORY = 40  # signals that are there before, so that there is something to show

ELSEWHERE = {
    "conf/demo/run": "tests/run demo",
    "tests/run": "itself",
    "tests/bench/race": "measures, a quarter of an hour",
    "conf/install build": "tests/run install; apt",
    "systemd-creds encrypt": "tests/machine",
    "cmake --workflow": "tests/packages/test_packages.py",
    "apt install": "tests/packages/test_packages.py",
    "cmake --install": "as root, into /usr",
    "systemd-sysusers": "as root",
    "install -": "as root",
    "signaald --init": "test_damage.py",
    "editor": "a person",
    "signaald --check-config": "with files of its own: test_service.py",
    "systemctl": "systemd",
    "journalctl": "tests/machine/test_unit.py",
    "signaald --rebuild": "tests/kafka/test_rebuild.py",
}
SECRET = "a-secret-for-what-suppliers-sign-0123456789"


def blocks(page):
    """(language, text, the test that runs it) of each block of commands."""
    text = page.read_text()
    if page.suffix != ".md":
        return [("sh", block.replace("\\e", "\\"), None) for block in MDOC.findall(text)]
    return [(m["language"], re.sub(rf"^{m['indent']}", "", m["text"], flags=re.M), m["by"]) for m in MARKDOWN.finditer(text)]


def shell_blocks(page):
    return [text for language, text, by in blocks(page) if language == "sh" and not by]


class Commands(unittest.TestCase):
    def test_each_page_runs(self):
        ran = 0
        for page in PAGES:
            script = "\n".join(shell_blocks(page))
            if not script:
                continue
            with self.subTest(page=page.name):
                self.run_page(page, script)
            ran += len(shell_blocks(page))
        self.assertGreater(ran, 20)

    def run_page(self, page, script):
        daemon = harness.Daemon([{"name": SOURCE, "kind": "municipality", "municipality": "GM0363", "push": True,
                                  "signing_file": "signing"}], {"disclosure": ["public: yes"]})
        (daemon.directory / "signing").write_text(SECRET)
        (daemon.directory / "signing").chmod(0o600)
        with daemon:
            self.fill(daemon, page)
            done = subprocess.run(["bash", "-euxo", "pipefail", "-c", script.replace(f":{PORT}/", f":{daemon.port}/")],
                                  cwd=self.place(daemon), env=self.environment(daemon), capture_output=True, text=True, timeout=300)
            self.assertEqual(done.returncode, 0, f"{page.name}:\n{done.stdout}\n{done.stderr}")

    @staticmethod
    def fill(daemon, page):
        """A history, and for the guide that asks after signals, the ones of the others."""
        signals = [{"id": f"2016-{number:06}", "reported": f"{2016 + number % 2}-03-05", "category": "mensenhandel",
                    "victim": {"gender": "man", "citizenship": "NG"}} for number in range(HISTORY)]
        if page.name == "operators.md":
            signals += [{"id": "2017-000123", "category": "onbekend woord"}, {"id": "2017-000125"}]
        answer = daemon.post(SOURCE, signals)
        assert answer.status == 200, answer.body

    @staticmethod
    def place(daemon):
        """Where a reader would be: in the source tree, but what commands write is removed with the daemon."""
        place = daemon.directory / "place"
        place.mkdir()
        (place / "conf").symlink_to(ROOT / "conf")
        return place

    @staticmethod
    def environment(daemon):
        """The programs as if they were installed, and configured for this daemon."""
        programs = daemon.directory / "bin"
        programs.mkdir()
        (programs / "signaald").write_text(f'#!/bin/sh\nexec {harness.BUILD}/signaald -c {daemon.config_path} "$@"\n')
        (programs / "signaald").chmod(0o700)
        (programs / "signaalctl").symlink_to(harness.BUILD.resolve() / "signaalctl")
        return {**os.environ, "PATH": f"{programs}:/usr/bin:{os.environ['PATH']}", "TOKEN": harness.token_of(SOURCE),
                "SOURCE": SOURCE, "SECRET": SECRET, "SIGNAALD_SOCKET": daemon.control_path,
                "SIGNAALD_CONFIG": str(daemon.config_path)}


class Elsewhere(unittest.TestCase):
    def test_each_is_listed(self):
        used = set()
        for page in PAGES:
            for language, text, by in blocks(page):
                for line in text.splitlines() if language == "console" and not by else ():
                    for command in re.split(r" && ", re.sub(r"^[$#] |\s+# .*", "", line)):
                        found = [known for known in ELSEWHERE if command.startswith(known)]
                        if not found and re.match(r"cmake --(preset|build)", command):
                            continue  # as each stage that builds does
                        self.assertTrue(found, f"{page.name}: {command!r} is neither run nor listed in ELSEWHERE")
                        used.update(found)
        self.assertEqual(used, set(ELSEWHERE))

    def test_other_tests_are_there(self):
        others = {by for page in PAGES for _, _, by in blocks(page) if by}
        self.assertEqual(others, {"tests/kafka/test_consume.py", "tests/kafka/test_restore.py", "tests/kafka/test_tables.py"})
        for other in others:
            self.assertTrue((ROOT / other).is_file(), other)

    def test_languages(self):
        """A block of commands under another name would be run by nobody."""
        for page in PAGES:
            if page.suffix == ".md":
                self.assertEqual(page.read_text().count("```") % 2, 0, page.name)
                self.assertLessEqual({language for language, _, _ in blocks(page)}, {"", "sh", "console", "json", "yaml"}, page.name)


if __name__ == "__main__":
    unittest.main(verbosity=2)
