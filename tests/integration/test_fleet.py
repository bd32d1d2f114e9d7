# SPDX-License-Identifier: EUPL-1.2
"""More than 500 endpoints of all kinds and tempers: what the good ones have is in the ledger once, the hostile ones are
seen for what they are, and nobody waits for them. The same good ones are polled at the same time without them."""
import contextlib
import json
import os
import pathlib
import random
import re
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "fleet"))

from behaviours import HOSTILE  # noqa: E402
from deeds import Polling  # noqa: E402
from harness import PATIENCE_S, Case, wait_for  # noqa: E402

INTERVAL_S = 2       # and so on, on a machine that is not slow
TIMEOUT_S = 3
WATCH_S = 8          # over which polls are counted
ENOUGH = 0.7         # of the polls there would be without the hostile ones
HOST_CONNECTIONS = 2
GOOD = {"list": 60, "list-cursor": 40, "list-modified": 20, "list-gzip": 20, "list-utf16": 2, "list-tls": 20, "list-mutual": 6,
        "list-bearer": 15, "list-basic": 10, "list-header": 10, "list-oauth2": 6, "redirected": 10, "mixed": 8,
        "unsplittable_windows": 12, "link": 20, "link-since": 20, "link-shuffled": 6, "number": 20, "number-capped": 4, "number-lost": 4, "link-quoted": 4,
        "link-unquoted": 4, "complete": 6, "nothing": 4, "signalen-proxy": 4, "open311-wrapped": 4, "open311-capped": 2, "token": 20, "signalen": 20,
        "signalen-long": 4, "open311": 20, "open311-changed": 10, "open311-split": 2, "csv": 12, "csv-tab": 8, "csv-semicolon": 8,
        "csv-excel": 10, "ndjson": 10, "flaky-busy": 8, "flaky-500": 8, "flaky-cut": 8, "flaky-pages": 8, "zaken": 6, "objects": 6, "kobo": 6, "odk": 6}
SENDERS = 3          # of each kind
BAD = {kind: 2 for kind in HOSTILE}
CONTENT = ("06-12345678", "boven de winkel", "gisteren", "misschien", "morgen weer", "2093-01-01")


def slowness():
    """How many times as long this machine takes now as one that bears both fleets with ease: 1 at least."""
    item, started = {"numbers": list(range(20)), "text": "x" * 200}, time.monotonic()
    for _ in range(100000):
        json.loads(json.dumps(item))
    return max(1, (time.monotonic() - started) / 0.8)


def begin(seed, kinds, slow, senders=0):
    polling = Polling(seed, kinds, round(INTERVAL_S * slow), [f"host_connections_max: {HOST_CONNECTIONS}"],
                      timeout_s=round(TIMEOUT_S * slow), senders=senders)
    FleetTest.addClassCleanup(polling.close)
    polling.daemon.start()
    return polling


def watch(polling, calm, seconds):
    """The polls of each good endpoint in the same time: with the hostile, without them."""
    names = [e.name for e in calm.fleet.good]
    before, calm_before = polling.feeds(), calm.feeds()
    time.sleep(seconds)
    after, calm_after = polling.feeds(), calm.feeds()
    return {name: (after[name]["polls"] - before[name]["polls"], calm_after[name]["polls"] - calm_before[name]["polls"])
            for name in names}


class FleetTest(Case):
    """The fleets are polled once; the tests look at what came of it."""

    @classmethod
    def setUpClass(cls):
        seed = int(os.environ.get("SIGNAALD_SEED") or random.randrange(1 << 32))
        print(f"SIGNAALD_SEED={seed}")
        slow = slowness()
        calm, cls.polling = begin(seed, GOOD, slow), begin(seed, {**GOOD, **BAD}, slow, SENDERS)
        cls.daemon = cls.polling.daemon
        cls.polling.senders.start(cls.daemon, cls.polling.notified)
        try:
            cls.answers = cls.polling.senders.finish()
            cls.polling.wait_until_complete(PATIENCE_S * slow)
        except BaseException:
            print("\n".join(cls.daemon.log().splitlines()[-60:]))
            raise
        signals = sum(map(len, calm.fleet.expected().values()))
        wait_for(lambda: calm.daemon.status()["ledger"]["signals"] == signals, "the calm fleet has told all", PATIENCE_S * slow)
        cls.polls = watch(cls.polling, calm, WATCH_S * slow)
        calm.daemon.stop()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()

    def test_each_signal_once(self):
        """wait_until_complete has seen that nothing is lacking or other than it should be; nor is there more."""
        self.assertGreaterEqual(len(self.polling.fleet.world.endpoints), 500)
        self.assertEqual(self.polling.differences(), [])
        known = {e.name for e in self.polling.fleet.world.endpoints.values()} | set(self.polling.senders.expected())
        self.assertLessEqual(set(self.polling.histories()), known)
        ids = [event["id"] for event in self.polling.events()]
        self.assertEqual(len(ids), len(set(ids)))

    def test_senders_are_answered(self):
        """Each form is taken, twice is once, and what nobody should send is refused as it should be."""
        self.assertEqual(self.answers, [])
        self.assertGreater(self.daemon.metrics()["signaald_poll_hints_total"], 0)

    def test_counts(self):
        self.assert_whole()

    def test_hostile_are_seen(self):
        """Each with its own reason."""
        def unseen():
            feeds = self.polling.feeds()
            return {e.name: feeds[e.name]["failure"] for e in self.polling.fleet.hostile
                    if not feeds[e.name]["failures"] or not re.search(e.reason, feeds[e.name]["failure"] or "")}
        with contextlib.suppress(AssertionError):
            wait_for(lambda: not unseen(), "each has failed for its own reason")
        self.assertEqual(unseen(), {})
        feeds = self.polling.feeds()
        for endpoint in self.polling.fleet.hostile:
            with self.subTest(endpoint.name):
                self.assertIn(feeds[endpoint.name]["state"], ("failing", "backing-off", "fetching", "committing"))
                self.assertTrue(feeds[endpoint.name]["failedAt"])

    def test_good_are_good(self):
        feeds = self.polling.feeds()
        failing = {e.name: feeds[e.name]["failure"] for e in self.polling.fleet.good if feeds[e.name]["failures"]}
        self.assertEqual(failing, {})

    def test_nobody_strays(self):
        """Nothing was asked of another host, of a server nobody vouches for, or sooner than was asked for; none of the
        well-meaning had to refuse a query."""
        stats = self.polling.fleet.stats()["endpoints"]
        for name, stat in stats.items():
            with self.subTest(name):
                self.assertEqual((stat["strayed"], stat["early"], stat["refused"]), (0, 0, 0))
        self.assertEqual([stats[f"busy-for-ever-{n}"]["requests"] for n in (1, 2)], [1, 1])

    def test_conditional_requests(self):
        stats = self.polling.fleet.stats()["endpoints"]
        for name, stat in stats.items():
            if name.split("-")[0] in ("list", "csv", "ndjson", "redirected"):
                self.assertGreater(stat["notModified"], 0, name)

    def test_connections_of_a_host(self):
        """At a time; looked at where answers end before they are given up."""
        fleet = self.polling.fleet
        most, hostile = fleet.stats()["hosts"], {e.host for e in fleet.hostile}
        most = {host: number for host, number in most.items() if host.split(":")[0] not in hostile}
        self.assertEqual(max(most.values()), HOST_CONNECTIONS)

    def test_quarantine(self):
        """Bad items and bad pages are there with their reasons, and never what they said."""
        answer = self.daemon.control("GET", "/v1/quarantine")
        entries = {}
        for entry in answer.json["entries"]:
            entries.setdefault(entry["source"], []).append(entry)
        for endpoint in self.polling.fleet.good:
            with self.subTest(endpoint.name):
                mine = entries.get(endpoint.name, [])
                codes = sorted(reason["code"] for entry in mine if not entry["page"] for reason in entry["reasons"])
                self.assertEqual(codes, sorted(endpoint.bad))
        for kind in ("truncated-json", "broken-json", "html", "deep-json", "too-many"):
            with self.subTest(kind):
                self.assertTrue(any(entry["page"] for entry in entries.get(f"{kind}-1", [])))
        self.assert_no_content(answer.body.decode())

    def test_no_content(self):
        for text in (json.dumps(self.polling.events()), self.daemon.log(), json.dumps(self.polling.feeds())):
            self.assert_no_content(text)

    def assert_no_content(self, text):
        for content in CONTENT:
            self.assertNotIn(content, text)

    def test_nobody_waits(self):
        """Each kind of the good is polled as often as without the hostile, and none of them is left out."""
        kinds = {}
        for name, (polls, calm) in self.polls.items():
            kind = kinds.setdefault(name.split("-")[0], [0, 0])
            kind[0] += polls
            kind[1] += calm
        for kind, (polls, calm) in kinds.items():
            self.assertGreaterEqual(polls, ENOUGH * calm, (kind, kinds))
        self.assertEqual([name for name, (polls, calm) in self.polls.items() if calm > 2 and polls == 0], [])


if __name__ == "__main__":
    unittest.main()
