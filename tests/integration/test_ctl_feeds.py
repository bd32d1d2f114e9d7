# SPDX-License-Identifier: EUPL-1.2
"""signaalctl feeds, poll, pause, resume and quarantine against a daemon that gives fixed answers."""

import json
import os
import random
import unittest

from ctl_fake import FEEDS, PROBLEM, QUARANTINE, Case, feed


class Usage(Case):
    def test_wrong_use(self):
        for args in (
            ["feeds", "a", "b"],
            ["feeds", ""],
            ["feeds", "x" * 65],
            ["feeds", "a", "--failing"],
            ["poll"],
            ["poll", ""],
            ["pause", "a", "b"],
            ["resume"],
            ["quarantine", "retry"],
            ["quarantine", "keep", "4"],
            ["quarantine", "drop", "four"],
            ["quarantine", "drop", "-4"],
            ["quarantine", "drop", "4", "5"],
        ):
            with self.subTest(args=args):
                done = self.ctl(*args)
                self.assertEqual((done.returncode, done.stdout), (2, b""))
                self.assertIn(b"--help", done.stderr)
        self.assertEqual(self.daemon.requests, [])

    def test_help(self):
        for verb in ("feeds", "poll", "pause", "resume", "quarantine"):
            self.assertFits(self.good(verb, "--help"), 80)
        self.assertFits(self.good("--help"), 80)

    def test_targets(self):
        for args, asked in (
            (["feeds"], ("GET", "/v1/feeds")),
            (["feeds", "--failing"], ("GET", "/v1/feeds?failing=1")),
            (["feeds", "--silent"], ("GET", "/v1/feeds?silent=1")),
            (["feeds", "--silent", "--failing"], ("GET", "/v1/feeds?failing=1&silent=1")),
            (["feeds", "gm0363-a.b_c"], ("GET", "/v1/feeds/gm0363-a.b_c")),
            (["feeds", "a/b"], ("GET", "/v1/feeds/a%2Fb")),
            (["poll", "coa"], ("POST", "/v1/feeds/coa/poll")),
            (["pause", "coa"], ("POST", "/v1/feeds/coa/pause")),
            (["resume", "coa"], ("POST", "/v1/feeds/coa/resume")),
            (["quarantine"], ("GET", "/v1/quarantine")),
            (["quarantine", "retry", "4"], ("POST", "/v1/quarantine/4/retry")),
            (["quarantine", "drop", "04"], ("DELETE", "/v1/quarantine/4")),
        ):
            self.daemon.asked.clear()
            self.good(*args)
            self.assertEqual(self.daemon.asked, [(*asked, b"")])

    def test_problems(self):
        for status, title in ((403, "Forbidden"), (404, "Not Found"), (409, "Conflict")):
            self.answer(status, {"title": title, "detail": "so it is"}, PROBLEM)
            for args in (["feeds"], ["feeds", "a"], ["poll", "a"], ["quarantine", "retry", "4"]):
                done = self.ctl(*args)
                self.assertEqual((done.returncode, done.stdout), (1, b""))
                self.assertEqual(done.stderr.decode(), f"signaalctl: {title}: so it is\n")

    def test_strange_answers_are_survived(self):
        for body in ({}, {"feeds": [1, None, {}]}, {"entries": [1, None, {"reasons": [None, {}]}]}, {"feeds": {}}):
            self.answer(200, body)
            for args in (["feeds"], ["feeds", "a"], ["poll", "a"], ["quarantine"], ["quarantine", "drop", "1"]):
                with self.subTest(body=body, args=args):
                    self.assertEqual(self.ctl(*args).returncode, 0)

    def test_json(self):
        for args, body in ((["feeds"], FEEDS), (["feeds", "a"], feed("a")), (["quarantine"], QUARANTINE)):
            self.answer(200, body)
            self.assertEqual(self.good(*args, "--json"), json.dumps(body) + "\n")


class Feeds(Case):
    def setUp(self):
        super().setUp()
        self.answer(200, FEEDS)

    def test_those_with_trouble_first(self):
        lines = self.good("feeds").splitlines()
        self.assertEqual([line.split()[0] for line in lines[1:6]], ["broken", "silent", "paused", "amsterdam", "coa"])
        self.assertEqual(
            lines[0].split(), ["source", "state", "contact", "new", "next", "failed", "got", "what", "is", "wrong"]
        )
        self.assertRegex(lines[1], r"^broken +failing +\d+ d +- +\d+ d +3 +9  HTTP status 500$")
        self.assertRegex(lines[5], r"^coa +push +\d+ d +- +- +0 +9")
        self.assertEqual(lines[6], "")
        self.assertEqual(lines[7], "5 shown of 5 sources; 4 polled, 1 failing, 1 silent, 1 paused")
        self.assertTrue(lines[2].endswith("  silent: nothing new for long"), lines[2])
        self.assertFits(self.on_terminal("feeds"), 80)

    def test_colour(self):
        self.assertIn("\x1b[31mfailing", self.on_terminal("feeds"))

    def test_thousands(self):
        rng = random.Random(seed := random.randrange(1 << 32))
        failing = set(rng.sample(range(20000), 500))
        feeds = [feed(f"gm{i:05}", failures=int(i in failing)) for i in range(20000)]
        self.answer(200, dict(FEEDS, feeds=feeds, sources=20000))
        names = [line.split()[0] for line in self.good("feeds").splitlines()[1:20001]]
        with self.subTest(seed=seed):
            wanted = sorted(failing) + [i for i in range(20000) if i not in failing]
            self.assertEqual(names, [f"gm{i:05}" for i in wanted])

    def test_one(self):
        self.answer(200, FEEDS["feeds"][4])
        self.assertEqual(
            self.good("feeds", "broken"),
            """\
source        broken
kind          municipality
municipality  GM0363
template      signalen
host          meldingen.example.nl:443
interval      15 min

state         failing
silent        no
paused        no
last contact  2017-03-05 10:11:12 UTC
last signal   -
next poll     2017-03-05 10:26:12 UTC
failures      3
failure       HTTP status 500
failed at     2017-03-05 10:11:12 UTC
cursor        2017-03-05T09:00:00.000Z

polls         40
pages         41
not modified  38
items         12
new           9
refused       1
left out      2
""",
        )

    def test_foreign_text_is_cleaned(self):
        self.answer(200, {"feeds": [feed("a\x1b[31m", failures=1, failure="no\x9b\u202e\x07 way\n")]})
        text = self.good("feeds")
        self.assertClean(text)
        self.assertIn("no way", text)

    def test_asked(self):
        for verb, text in (("poll", "is being polled now"), ("pause", "paused until"), ("resume", "polled again")):
            self.answer(202, {"name": "coa", "asked": verb})
            self.assertRegex(self.good(verb, "coa"), rf"^coa: {text}")


class Quarantine(Case):
    def test_list(self):
        self.answer(200, QUARANTINE)
        lines = self.on_terminal("quarantine", "--no-colour", columns=140).splitlines()
        self.assertEqual(len(lines), 3)
        self.assertRegex(
            lines[1],
            r'^ +4  amsterdam +2017-17 +column "leeftijd" is outside the range allowed: .* +2  2017-03-06 10:11:12$',
        )
        self.assertRegex(lines[2], r"^ +9  broken +page, line 20 +cannot be read +1  2017-03-05 10:11:12$")
        self.assertFits(self.on_terminal("quarantine"), 80)
        self.assertIn("expected 0 to 120; /reported is no date or time", self.good("quarantine"))

    def test_empty(self):
        self.answer(200, {"entries": [], "total": 0})
        self.assertEqual(self.good("quarantine"), "the quarantine is empty\n")

    def test_asked(self):
        self.answer(202, {"source": "coa", "number": 4, "asked": "retry"})
        self.assertRegex(self.good("quarantine", "retry", "4"), "^4: read again now from coa;")
        self.answer(202, {"source": "coa", "number": 4, "asked": "drop"})
        self.assertEqual(self.good("quarantine", "drop", "4"), "4: dropped\n")


if __name__ == "__main__":
    Case.program = os.path.join(os.environ.get("SIGNAALD_BUILD", "build/release"), "signaalctl")
    unittest.main()
