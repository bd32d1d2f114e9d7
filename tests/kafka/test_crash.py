#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""The crash test: senders post and feeds are polled while the daemon is killed at random moments and
Kafka comes and goes. In the end all that was acknowledged is in the topic exactly once, in order, and
three counts agree: the daemon's, a consumer's, and that of a model of what was acknowledged.

SIGNAALD_SEED repeats a run's choices (not its timing); SIGNAALD_KILLS sets the number of kills.
"""
import collections
import os
import random
import threading
import time
import unittest

import kafka_case  # first: it tells where the others are
import broker
import crash_world
import harness
import standing
from harness import wait_for

KILLS = int(os.environ.get("SIGNAALD_KILLS") or 50)
WHILE_PUBLISHING = KILLS // 5  # so many kills at least hit a daemon that had published: if too few have, more follow
TOPIC, CURRENT = "signals", "signals-current"
PARTITIONS = 5
SENDERS = [("rotterdam", "municipality"), ("coa", "coa"), ("zorg", "care"), ("fairwork", "ngo")]
# The least interval is 10 s and a start spreads polls over it: with so many, some fall in each life.
FEEDS = [(f"feed-{n}", kind) for n, kind in enumerate(["police", "kmar", "nla", "ngo"] * 6)]
GRACE_MS, GRACE_HUNG_MS = 100, 1000
DIMENSIONS = ["municipality", "category", "year", "month", "gender", "ageGroup", "citizenship", "sourceKind", "status"]


class Nemesis(threading.Thread):
    """Takes Kafka away and brings it back."""

    def __init__(self, kafka, rng):
        super().__init__(daemon=True)
        self.enough = threading.Event()
        self.kafka = kafka
        self.rng = rng
        self.actions = ["kill", "stop", "pause"] + rng.sample(["kill", "stop", "pause", "pause"], 3)
        self.away = False
        self.hung_at = None  # since then a killed daemon's bytes may wait in the broker
        self.failure = None

    def run(self):
        try:
            for action in self.actions:
                if self.enough.wait(self.rng.uniform(0.5, 3)):
                    return
                self.away = True
                if action == "pause":
                    self.hung_at = time.monotonic()
                    self.kafka.pause()
                    time.sleep(self.rng.uniform(0.3, 2))
                    self.kafka.resume()
                    self.hung_at = time.monotonic()
                else:
                    getattr(self.kafka, action)()
                    time.sleep(self.rng.uniform(0, 1))
                    self.kafka.start()
                self.away = False
        except BaseException as failure:  # shown by the test
            self.failure = failure
            raise

    def grace_ms(self):
        recently = self.hung_at is not None and time.monotonic() < self.hung_at + 5
        return GRACE_HUNG_MS if recently else GRACE_MS


class CrashTest(kafka_case.KafkaCase):
    def setUp(self):
        super().setUp()
        self.seed = int(os.environ.get("SIGNAALD_SEED") or random.randrange(1 << 32))
        print(f"SIGNAALD_SEED={self.seed} SIGNAALD_KILLS={KILLS}", flush=True)
        self.rng = random.Random(self.seed)
        self.kafka.create_topic(TOPIC, PARTITIONS)
        self.kafka.create_topic(CURRENT, PARTITIONS, {"cleanup.policy": "compact"})
        self.feeds = [crash_world.Feed(source, kind, self.rng.random()) for source, kind in FEEDS]
        self.feed_server = crash_world.FeedServer(self.feeds)
        self.addCleanup(self.feed_server.close)
        self.daemon = self.make_daemon(self.sources(), {"kafka": self.kafka_lines(GRACE_MS)})
        self.senders = [crash_world.Sender(self.daemon, source, kind, self.rng.random()) for source, kind in SENDERS]
        self.nemesis = Nemesis(self.kafka, random.Random(self.rng.random()))

    def sources(self):
        port = self.feed_server.port
        rows = [{"name": name, "kind": kind, "push": True, **({"municipality": "GM0599"} if kind == "municipality" else {})}
                for name, kind in SENDERS]
        return rows + [{"name": name, "kind": kind, "url": f"http://127.0.0.1:{port}/{name}", "interval": "10s",
                        "cursor_param": "since", "cursor_field": "mark", "allow_private": "yes"}
                       for name, kind in FEEDS]

    def kafka_lines(self, grace_ms):
        return [f"brokers: {self.kafka.bootstrap}", f"topic: {TOPIC}", f"current_topic: {CURRENT}", f"recovery_wait: {grace_ms}ms"]

    def start_daemon(self):
        promised = sum(sender.accepted for sender in self.senders)
        self.daemon.extra["kafka"] = self.kafka_lines(self.nemesis.grace_ms())
        self.daemon.write_config()
        self.daemon.start()
        self.assertGreaterEqual(self.daemon.status()["ledger"]["accepted"], promised, "an accepted signal is gone")

    def live(self, life):
        """One life of the daemon. Every second one lasts until it publishes, unless Kafka is away; and those that follow
        because too few have, in any case."""
        self.start_daemon()
        if life >= KILLS:
            wait_for(lambda: self.publishes(True), "it publishes")
        elif life % 2:
            wait_for(lambda: self.nemesis.away or self.publishes(life % 4 == 1), "it publishes, or Kafka is away")
        time.sleep(self.rng.uniform(0.02, 0.4))
        found = self.daemon.status()["kafka"]
        self.daemon.kill()
        if life % 10 == 9:
            self.check_files()
        for thread in [*self.senders, self.nemesis]:
            self.assertIsNone(thread.failure)
        return found["delivered"] > 0, found["inFlight"] > 0

    def publishes(self, has_delivered):
        kafka = self.daemon.status()["kafka"]
        return kafka["delivered"] > 0 if has_delivered else kafka["state"] == "running"

    def check_files(self):
        """What a killed daemon has left on the disk is whole before anybody mends it."""
        done = self.daemon.verify_files()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def live_and_die(self):
        self.kills = self.kills_while_publishing = self.kills_in_flight = 0
        while self.kills < KILLS or self.kills_while_publishing < WHILE_PUBLISHING:
            delivered, in_flight = self.live(self.kills)
            self.kills += 1
            self.kills_while_publishing += delivered
            self.kills_in_flight += in_flight

    def settle(self):
        self.start_daemon()
        self.nemesis.join()
        for sender in self.senders:
            sender.enough.set()
        for sender in self.senders:
            sender.join()
        for thread in [*self.senders, self.nemesis]:
            self.assertIsNone(thread.failure)
        for feed in self.feeds:
            feed.end()
            wait_for(lambda f=feed: self.ask_to_poll(f), f"{feed.source} may be polled at once")
        for feed in self.feeds:
            wait_for(lambda f=feed: self.polled_to_end(f), f"{feed.source} is polled to its end")
        kafka_case.await_published(self.daemon)

    def why(self, source, id_):
        return self.daemon.control("GET", f"/v1/signals/{source}/{id_}")

    def ask_to_poll(self, feed):
        """Not while it is being polled."""
        return self.daemon.control("POST", f"/v1/feeds/{feed.source}/poll").status == 202

    def polled_to_end(self, feed):
        answer = self.why(feed.source, feed.last_good)
        return answer.status == 200 and answer.json["versions"][0]["version"] == feed.expected[feed.last_good]

    def test_crash(self):
        self.nemesis.start()
        for sender in self.senders:
            sender.start()
        try:
            self.live_and_die()
            self.settle()
        except BaseException:
            self.abandon()
            raise
        self.take_names_of_feeds()
        records = list(broker.consume(self.kafka.bootstrap, TOPIC))
        self.check_once(records)
        self.check_signals(records)
        self.check_content(records)
        self.check_refused()
        self.check_counts(records)
        self.check_same(standing.view(broker.consume(self.kafka.bootstrap, CURRENT)), standing.of_events(records))
        outcome = self.daemon.verify("?topic=1")[-1]
        self.assertTrue(outcome["whole"], outcome)
        self.daemon.stop()
        self.check_files()
        self.check_effort(records)

    def abandon(self):
        print(self.daemon.log()[-4000:])
        self.nemesis.enough.set()
        for sender in self.senders:
            sender.abandoned = True
            sender.enough.set()
        for thread in [self.nemesis, *self.senders]:
            thread.join(60)

    def take_names_of_feeds(self):
        """A feed gets no answers: our ids come from the daemon, versions from what the feed showed."""
        for feed in self.feeds:
            for id_, versions in feed.expected.items():
                feed.signals.name[id_] = self.why(feed.source, id_).json["signal"]
                feed.signals.version[id_] = versions

    def check_once(self, records):
        ids = collections.Counter(record["headers"]["ce_id"] for record in records)
        twice = [id_ for id_, times in ids.items() if times > 1]
        self.assertEqual((len(twice), twice[:5]), (0, []), "twice in the topic")
        accepted = self.daemon.status()["ledger"]["accepted"]
        sequence = {int(record["headers"]["signaald_seq"]) for record in records}
        self.assertEqual(len(sequence), len(records), "a sequence twice in the topic")
        gaps = sorted(set(range(1, accepted + 1)) ^ sequence)
        self.assertEqual((len(gaps), gaps[:5]), (0, []), "not in the topic, or not in the ledger")
        last = {}
        for record in records:
            number = int(record["headers"]["signaald_seq"])
            self.assertGreater(number, last.get(record["key"], 0), "a key's events are out of order")
            last[record["key"]] = number

    def check_signals(self, records):
        """Each signal in one partition, its versions 1..n in order, n as was acknowledged; no others."""
        version, place = {}, {}
        for record in records:
            name = record["payload"]["signal"]
            self.assertEqual(record["headers"]["ce_id"], f"{name}.{record['headers']['signaald_seq']}")
            self.assertEqual(record["payload"]["version"], version.get(name, 0) + 1)
            version[name] = record["payload"]["version"]
            spot = record["partition"], record["key"]
            self.assertEqual(place.setdefault(name, spot), spot, "a signal in two places")
        expected = {}
        for model in self.models():
            expected.update({model.name[id_]: number for id_, number in model.version.items()})
        self.check_same(version, expected)

    def check_same(self, found, expected):
        """Of large dicts only the first differences are shown; unittest would compare them for hours."""
        other = [(key, found.get(key), expected.get(key)) for key in found.keys() | expected.keys()
                 if found.get(key) != expected.get(key)]
        self.assertEqual((len(other), other[:5]), (0, []), "(what, found, expected)")

    def models(self):
        return [side.signals for side in [*self.senders, *self.feeds]]

    def check_content(self, records):
        """Each event says what was posted for it."""
        events = {}
        for model in self.models():
            events.update(model.events)
        for record in records:
            payload = dict(record["payload"])
            key = payload["signal"], payload["version"]
            if key not in events:
                continue  # accepted, but the answer was lost
            expected = events.pop(key)
            if expected is None:
                self.assertTrue(record["headers"]["ce_type"].endswith(".withdrawn.v1"), key)
            else:
                payload.pop("previous", None)
                self.assertEqual(payload["counts"], payload["status"] != "rejected", key)
                (cell,) = harness.tally([{"type": record["headers"]["ce_type"], "data": {**payload, "counts": True}}])
                self.assertEqual(cell, expected)
        self.assertEqual((len(events), list(events)[:5]), (0, []), "acknowledged, but not in the topic")

    def check_refused(self):
        self.assertGreater(sum(sender.refused for sender in self.senders), 0)
        for sender in self.senders:
            for number in range(1, min(sender.number, 200)):
                self.assertEqual(self.why(sender.source, f"bad-{number}").status, 404)

    def check_counts(self, records):
        consumer = harness.tally({"type": r["headers"]["ce_type"], "data": r["payload"]} for r in records)
        model = {}
        for signals in self.models():
            signals.tally(model)
        self.check_same(consumer, model)
        for dimension in DIMENSIONS:
            self.check_same(harness.counts_by(self.daemon, dimension), harness.tally_by(model, dimension))
        self.assertEqual(self.daemon.counts()["total"], sum(model.values()))

    def check_effort(self, records):
        """The test tried what it is for."""
        retries = sum(sender.retries for sender in self.senders)
        restarted = self.daemon.log().count("started version=")
        polls = sum(feed.polls for feed in self.feeds)
        not_modified = sum(feed.not_modified for feed in self.feeds)
        print(f"events={len(records)} retries={retries} kills={self.kills} "
              f"kills_while_publishing={self.kills_while_publishing} kills_in_flight={self.kills_in_flight} "
              f"kafka={'+'.join(self.nemesis.actions)} polls={polls} not_modified={not_modified}", flush=True)
        self.assertEqual(restarted, self.kills + 1)
        self.assertGreater(retries, self.kills)
        self.assertGreater(polls, len(FEEDS))
        self.assertGreaterEqual(self.kills_while_publishing, WHILE_PUBLISHING)


if __name__ == "__main__":
    unittest.main(verbosity=2)
