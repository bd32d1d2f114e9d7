# SPDX-License-Identifier: EUPL-1.2
"""A daemon that polls a fleet, and whether its ledger holds what the fleet has: each signal once, as it ended."""
import pathlib
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "integration"))

from fleet import Fleet  # noqa: E402
from harness import Daemon  # noqa: E402
from senders import Senders  # noqa: E402

REGISTERED = "nl.mensenhandelsignalen.signal.registered.v1"
CORRECTED = "nl.mensenhandelsignalen.signal.corrected.v1"
LIMITS = ["connect_timeout: 2s", "page_max: 4MiB", "pages_max: 40"]
TIMEOUT_S = 3  # of a poll


class Polling:
    """A fleet and the daemon that polls it."""

    def __init__(self, seed, kinds, interval_s, poll=(), own_intervals=True, timeout_s=TIMEOUT_S, senders=0, **options):
        self.fleet = Fleet(tempfile.mkdtemp(prefix="signaald-fleet-"), seed, kinds, **options)
        settings = {"tables": [f"templates: {self.fleet.templates}"], "poll": [f"timeout: {timeout_s}s", *LIMITS, *poll]}
        if options.get("tls", True):
            settings["poll"].append(f"ca_file: {self.fleet.directory}/ca.pem")
        self.senders = Senders(self.fleet.world, self.fleet.directory, senders)
        rows = self.fleet.sources(interval_s, own_intervals)
        self.notified = [row["name"] for row in rows if row["name"].startswith("zaken-")] if senders else []
        for row in rows:
            row["push"] = row["name"] in self.notified  # notifications come with a token
        self.daemon = Daemon(rows + self.senders.rows(), settings)
        self.codes = {row["name"]: row["municipality"] for row in rows + self.senders.rows()}
        self.lines, self.upto = [], 0
        self.ours = {}  # (source, id) -> our id of the signal

    def close(self):
        self.daemon.close()
        self.fleet.close()

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is not None:
            print("\n".join(self.daemon.log().splitlines()[-60:]))
        self.close()

    def feeds(self):
        return {feed["name"]: feed for feed in self.daemon.control("GET", "/v1/feeds").json["feeds"]}

    def events(self):
        """All of them; those that were read before are not read again."""
        while new := self.daemon.events(f"?from={self.upto + 1}"):
            self.lines += new
            self.upto += len(new)
        return self.lines

    def histories(self):
        """{source: {our id: its events, in order}}"""
        histories = {}
        for event in self.events():
            data = event["data"]
            if ".signal." not in event["type"]:
                continue  # about a source
            histories.setdefault(data["source"]["name"], {}).setdefault(data["signal"], []).append(event)
        return histories

    def expected(self):
        return {**self.fleet.expected(), **self.senders.expected()}

    def lacking(self):
        """{source: how many of its signals are not there}"""
        histories = self.histories()
        expected = self.expected()
        lacks = {name: len(signals) - len(histories.get(name, {})) for name, signals in expected.items()}
        return {name: number for name, number in lacks.items() if number > 0}

    def differences(self):
        """In words, all that is not as it should be with the signals of the good; nothing when all is."""
        histories, expected, found = self.histories(), self.expected(), []
        self.learn_ids(expected)
        for source, signals in expected.items():
            known = dict(histories.get(source, {}))
            for name, signal in signals.items():
                events = known.pop(self.ours.get((source, name)), None)
                found += [f"{source} {name}: {wrong}" for wrong in self.wrong(source, signal, events)]
            found += [f"{source}: {len(known)} signals that it never had"] if known else []
        return found

    def learn_ids(self, expected):
        """Our ids of these signals."""
        unknown = [(source, name) for source, signals in expected.items() for name in signals
                   if (source, name) not in self.ours]
        answers = self.daemon.control_each([f"/v1/signals/{source}/{name}" for source, name in unknown])
        self.ours.update((signal, answer.json["signal"]) for signal, answer in zip(unknown, answers) if answer.status == 200)

    def wrong(self, source, signal, events):
        if not events:
            yield "is not there"
            return
        if [e["type"] for e in events] != [REGISTERED] + [CORRECTED] * (len(events) - 1):
            yield f"is {[e['type'].split('.')[-2] for e in events]}"
        if [e["data"]["version"] for e in events] != list(range(1, len(events) + 1)):
            yield f"has versions {[e['data']['version'] for e in events]}"
        if len(events) > 1 + signal["changes"]:
            yield f"was corrected {len(events) - 1} times, not {signal['changes']}"
        data = events[-1]["data"]
        told = {"reported": data["reported"], "categories": data["categories"], **data["victim"]}
        facts = {fact: told[fact] for fact in signal["facts"]}
        if facts != signal["facts"]:
            yield f"is {facts}, not {signal['facts']}"
        if data["municipality"]["code"] != self.codes[source]:
            yield f"is in {data['municipality']['code']}, not {self.codes[source]}"

    def wait_until_complete(self, seconds):
        """All signals of the good are there, in the state that they have in the end."""
        end = time.monotonic() + seconds
        while lacks := self.lacking():
            if time.monotonic() > end:
                feeds = self.feeds()
                shown = {n: (k, feeds[n]["state"], feeds[n]["failure"]) for n, k in list(lacks.items())[:20]}
                raise AssertionError(f"after {seconds} s {len(lacks)} sources lack signals: {shown}")
            time.sleep(0.5)
        while differences := self.differences():
            if time.monotonic() > end:
                raise AssertionError(f"{len(differences)} differences:\n" + "\n".join(differences[:20]))
            time.sleep(0.5)

    def wait_polls(self, names, polls, seconds=60):
        """Each of the named has been polled so often from now on."""
        before = {name: feed["polls"] for name, feed in self.feeds().items()}
        end = time.monotonic() + seconds
        while True:
            feeds = self.feeds()
            late = [name for name in names if feeds[name]["polls"] < before[name] + polls]
            if not late:
                return
            assert time.monotonic() < end, f"not polled {polls} times in {seconds} s: {late[:10]}"
            time.sleep(0.1)
