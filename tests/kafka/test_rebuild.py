#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""A lost disk is not a lost history: after `signaald --rebuild` from the topic everything that is asked is answered as
before, and the ledger goes on where it was. SIGNAALD_SEED repeats a run's choices."""
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import kafka_case  # first: it tells where the others are
import broker
import crash_world
import harness
import standing
from harness import wait_for
from kafka_case import await_published
from test_silence import moved_by

PARTITIONS = 5
ROUNDING_BASE = 5
SOURCES = [{"name": "amsterdam", "kind": "municipality", "municipality": "GM0363", "push": True, "silent_days": 30},
           {"name": "weesp", "kind": "municipality", "municipality": "GM0363", "push": True, "silent_days": 30},
           {"name": "coa", "kind": "coa", "push": True, "silent_days": 30},
           {"name": "fairwork", "kind": "ngo", "push": True}]
SENDERS = ["amsterdam", "weesp", "fairwork"]  # coa never brings anything
WORD = "koeriers"
NOT_IN_THE_TOPIC = ("id", "feed")  # a source's own id; whether it was polled
DIMENSIONS = ["municipality", "province", "policeUnit", "safetyRegion", "category", "gender", "ageGroup",
              "citizenship", "sourceKind", "status", "year", "month"]


def person(rng):
    number = rng.randrange(12)
    return {"person": {"name": f"Anna Achternaam{'abcdefghijkl'[number]}", "birthDate": f"1990-05-{number + 1:02}"}}


class History:
    """What sources said, in a random order, and what an operator did; the same again on request."""

    def __init__(self, seed, count):
        self.rng = random.Random(seed)
        self.count = count
        self.items = {}  # (source, id) -> the last state that was sent

    def content(self, source):
        content = crash_world.random_content(self.rng)
        if source == "fairwork" and self.rng.random() < 0.5:
            del content["municipality"]  # unknown: the source's name is the key
        if self.rng.random() < 0.1:
            content["categories"] = [WORD]
        return {**content, **(person(self.rng) if self.rng.random() < 0.4 else {})}

    def next_item(self):
        known = list(self.items)
        if known and self.rng.random() < 0.4:
            source, name = self.rng.choice(known)
            if self.rng.random() < 0.35:
                return source, {"id": name, "withdrawn": True}
            return source, {"id": name, **self.content(source)}
        source = self.rng.choice(SENDERS)
        if self.rng.random() < 0.03:
            return source, {"id": f"never-seen-{len(known)}", "withdrawn": True}
        item = {"id": f"z-{len(known)}", **self.content(source)}
        if self.rng.random() < 0.2:
            item["updated"] = f"2020-01-{self.rng.randint(1, 28):02}"
        return source, item

    def play(self, daemon):
        for _ in range(self.count):
            source, item = self.next_item()
            assert daemon.post(source, item).status in (200, 201)
            self.items[source, item["id"]] = item

    def erase(self, daemon, count):
        for source, name in self.rng.sample(sorted(self.items), count):
            assert daemon.control("DELETE", f"/v1/signals/{source}/{name}").status == 200


class RebuildBase(kafka_case.KafkaCase):
    def setUp(self):
        super().setUp()
        self.seed = int(os.environ.get("SIGNAALD_SEED") or random.randrange(1 << 32))
        print(f"{self._testMethodName}: SIGNAALD_SEED={self.seed}", flush=True)
        self.topic = self._testMethodName
        self.kafka.create_topic(self.topic, PARTITIONS)

    def make_daemon(self, counts_topic="none", current_topic="none"):
        tables = pathlib.Path(tempfile.mkdtemp(prefix="signaald-tables-"))
        self.addCleanup(shutil.rmtree, tables, True)
        self.categories = tables / "categories.csv"
        shutil.copy(harness.ROOT / "conf" / "categories.csv", self.categories)
        return super().make_daemon(SOURCES, {
            "kafka": [f"brokers: {self.kafka.bootstrap}", f"topic: {self.topic}", f"counts_topic: {counts_topic}",
                      "recovery_wait: 200ms", f"current_topic: {current_topic}"],
            "disclosure": [f"rounding_base: {ROUNDING_BASE}"],
            "tables": [f"categories: {self.categories}"]})

    def records(self, topic=None):
        return list(broker.consume(self.kafka.bootstrap, topic or self.topic))

    def lose_disk(self, daemon):
        """All but the keys."""
        if daemon.process is not None:
            daemon.kill()
        for path in daemon.state.iterdir():
            if path.suffix != ".key":
                path.unlink()

    def command(self, daemon, *options):
        return [harness.BUILD / "signaald", "-c", daemon.config_path, "--rebuild", *options]

    def rebuild(self, daemon, *options, expect=0):
        done = subprocess.run(self.command(daemon, *options), capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done.stdout if expect == 0 else done.stderr

    def verify(self, daemon):
        done = subprocess.run([harness.BUILD / "signaald", "-c", daemon.config_path, "--verify"],
                              capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def feeds(self, daemon):
        return daemon.control("GET", "/v1/feeds").json["feeds"]

    def asked(self, daemon, history):
        """What people ask, and its answers."""
        status, answers = daemon.status(), {}
        answers["ledger"] = {name: status["ledger"][name] for name in
                             ("accepted", "published", "waiting", "signals", "persons", "erased", "remapped")}
        answers["verdicts"] = {name: status["intake"][name] for name in ("registered", "corrected", "withdrawn")}
        for by in [*DIMENSIONS, "municipality,category,month", "gender,ageGroup,citizenship", "sourceKind,status,year"]:
            answers[by] = daemon.counts("?by=" + by)
        answers["trend"] = daemon.control("GET", "/v1/trend?by=category&per=month").json
        answers["coverage"] = daemon.control("GET", "/v1/coverage").json
        answers["statistics"] = daemon.control("GET", "/v1/statistics").json
        answers["events"] = daemon.events()
        for source, name in history.items:
            why = daemon.control("GET", f"/v1/signals/{source}/{name}").json
            answers["why", source, name] = [
                {key: value for key, value in part.items() if key not in NOT_IN_THE_TOPIC}
                for part in [{**why, "versions": None}, *why["versions"]]]
        answers["feeds"] = {feed["name"]: (feed["silent"], feed["lastSignal"])
                            for feed in self.feeds(daemon)}
        return answers

    def assert_same(self, before, after):
        for question, answer in before.items():
            self.assertEqual(after[question], answer, question)

    def assert_goes_on(self, daemon, history):
        """Known signals are known; the next version follows in the same partition; the sequence goes on."""
        last = daemon.status()["ledger"]["accepted"]
        place = {record["payload"]["signal"]: record["partition"] for record in self.records()
                 if "signal" in record["payload"]}
        for (source, name), item in history.items.items():
            self.assertEqual(daemon.post(source, item).json["verdict"], "duplicate", item)
        self.assertEqual(daemon.status()["ledger"]["accepted"], last)
        corrected = {}
        for (source, name) in history.rng.sample(sorted(history.items), 40):
            was = daemon.control("GET", f"/v1/signals/{source}/{name}").json["versions"][0]
            answer = daemon.post(source, {"id": name, **harness.SIGNAL, "reported": "2020-02-29"}).json
            if was["erased"]:
                self.assertEqual(answer["verdict"], "duplicate")
                continue
            self.assertEqual((answer["verdict"], answer["version"]), ("corrected", was["version"] + 1))
            corrected[answer["signal"]] = answer["version"]
        answer = daemon.post("amsterdam", {"id": "after the rebuild", **harness.SIGNAL}).json
        self.assertEqual(answer["verdict"], "registered")
        await_published(daemon)
        records = self.records()
        sequences = sorted(int(record["headers"]["signaald_seq"]) for record in records)
        resumed = [event for event in daemon.events(f"?from={last + 1}") if event["type"].endswith(".resumed.v1")]
        self.assertEqual(sequences, list(range(1, last + len(corrected) + 2 + len(resumed))))
        for record in records:
            version = corrected.get(record["payload"].get("signal"))
            if version and record["payload"]["version"] == version:
                self.assertEqual(record["partition"], place[record["payload"]["signal"]])
        self.assertEqual(len({record["headers"]["ce_id"] for record in records}), len(records))


class HistoryTest(RebuildBase):
    def live(self, history):
        """A daemon with a long life behind it."""
        self.counts_topic = self.topic + "-counts"
        self.kafka.create_topic(self.counts_topic, 2, {"cleanup.policy": "compact"})
        self.current_topic = self.topic + "-current"
        self.kafka.create_topic(self.current_topic, 2, {"cleanup.policy": "compact"})
        daemon = self.make_daemon(self.counts_topic, self.current_topic).start()
        history.play(daemon)
        self.assertEqual(daemon.control("POST", "/v1/statistics/release").status, 200)
        history.erase(daemon, 5)
        with open(self.categories, "a", encoding="utf-8") as file:
            file.write(f"{WORD},ForcedCriminality\n")
        self.assertEqual(daemon.control("POST", "/v1/reload").status, 200)
        self.assertGreater(daemon.control("POST", "/v1/remap").json["changed"], 0)
        history.play(daemon)
        daemon.stop()
        # The clock of a process that talks to Kafka cannot be moved: librdkafka waits by it.
        kafka = daemon.extra["kafka"]
        daemon.extra["kafka"] = kafka[1:]
        daemon.write_config()
        daemon.start(env=moved_by(40))
        wait_for(lambda: sum(feed["silent"] for feed in self.feeds(daemon)) == 3, "three sources are silent")
        self.assertEqual(daemon.post("weesp", {"id": "back", **harness.SIGNAL}).status, 201)
        daemon.stop()
        daemon.extra["kafka"] = kafka
        daemon.write_config()
        daemon.start()
        await_published(daemon)
        return daemon

    def test_history(self):
        history = History(self.seed, 300)
        daemon = self.live(history)
        self.assertTrue(any(event["data"].get("linked") for event in daemon.events()))
        before = self.asked(daemon, history)
        told = self.records(self.counts_topic)
        self.assertGreater(len(before["statistics"]["statistics"]), 20)
        self.lose_disk(daemon)
        text = self.rebuild(daemon)
        self.assertIn(f"{before['ledger']['accepted']} entries", text)
        self.assertIn("not in the topic: 0 entries\n", text)
        self.assertEqual(sorted(path.name for path in daemon.state.iterdir()),
                         ["data.mdb", "identity.key", "lock", "person.key"])
        self.verify(daemon)
        daemon.start()
        self.assert_same(before, self.asked(daemon, history))
        first = json.loads(daemon.control("GET", "/v1/audit?from=1").body.splitlines()[0])
        self.assertEqual((first["action"], first["result"], first["linked"]), ("rebuild", "rebuilt", True))
        self.assert_goes_on(daemon, history)
        self.assertEqual(self.records(self.counts_topic), told)
        await_published(daemon)
        standing.check(self, self.kafka.bootstrap, self.topic, self.current_topic)
        self.assertTrue(daemon.verify("?topic=1")[-1]["whole"])
        daemon.stop()
        self.verify(daemon)


class TopicTest(RebuildBase):
    """Topics that are not as they should be: records of a good one, written to another with a change."""

    good = None  # the records of a daemon's life, in order of sequence; with what else is known of it

    def setUp(self):
        super().setUp()
        if self.good is None:
            self.live()
        self.daemon = self.make_daemon()
        for name, key in self.keys.items():
            (self.daemon.state / name).write_bytes(key)
            (self.daemon.state / name).chmod(0o600)
        self.topics = 0

    def live(self):
        cls = type(self)
        daemon = self.make_daemon().start()
        cls.history = History(self.seed, 30)
        cls.history.play(daemon)
        while daemon.counts("?period=2015..2020")["total"] < ROUNDING_BASE:  # with fewer, there are no statistics
            cls.history.play(daemon)
        await_published(daemon)
        cls.cells = harness.tally(daemon.events())
        cls.good = sorted(self.records(), key=lambda record: int(record["headers"]["signaald_seq"]))
        cls.keys = {path.name: path.read_bytes() for path in daemon.state.glob("*.key")}
        daemon.stop()

    def write(self, records, partitions=PARTITIONS):
        """To a topic of their own, which the daemon's configuration names from then on."""
        self.topics += 1
        name = f"{self.topic}-{self.topics}"
        self.kafka.create_topic(name, partitions)
        broker.produce(self.kafka.bootstrap, name, records)
        self.daemon.extra["kafka"][1] = f"topic: {name}"
        self.daemon.write_config()

    @staticmethod
    def forged(record, headers=None, **payload):
        return {**record, "headers": {**record["headers"], **(headers or {})}, "payload": {**record["payload"], **payload}}

    def changed(self, record, headers=None, **payload):
        """As if the daemon had written it so; of another number there is another id."""
        if headers and "signaald_seq" in headers:
            headers = {"ce_id": f"{record['payload']['signal']}.{headers['signaald_seq']}", **headers}
        return broker.sign(self.forged(record, headers, **payload), self.keys["identity.key"])

    def assert_rebuilt(self, *options):
        text = self.rebuild(self.daemon, *options)
        self.assertIn("not in the topic: 0 entries\n", text)
        self.verify(self.daemon)
        self.daemon.start()
        self.assertEqual(self.daemon.status()["ledger"]["waiting"], 0)
        self.assertEqual(harness.tally(self.daemon.events()), self.cells)
        self.assertEqual(harness.counts_by(self.daemon, "municipality", "month"),
                         harness.tally_by(self.cells, "municipality", "month"))
        self.lose_disk(self.daemon)
        return text

    def test_strangers(self):
        """Records of others, and our own twice."""
        stranger = {"partition": 0, "key": "x", "headers": {}, "payload": {"hello": "world"}}
        nameless = {**stranger, "headers": {"signaald_ledger_id": "nobody", "signaald_seq": "3"}}
        self.write([stranger, *self.good[:20], nameless, *self.good])
        self.assertIn("records of others: 1, in our name and not ours: 1, the same event again: 20, passed over: 0",
                      self.assert_rebuilt())

    def test_forged(self):
        """Whatever of a record is changed by who has not the key, it is not ours, and nothing is refused for it."""
        first, second = self.good[:2]
        status = "confirmed" if first["payload"]["status"] == "rejected" else "rejected"
        forged = [self.forged(first, status=status), self.forged(first, version=7),
                  self.forged(first, {"signaald_seq": "1000000", "ce_sequence": "1000000"}),
                  self.forged(first, {"signaald_digest": second["headers"]["signaald_digest"]}),
                  self.forged(first, {"ce_time": "2001-02-03T04:05:06.789Z"}),
                  self.forged(first, {"signaald_ledger_id": "0" * 32}), self.forged(first, {"ce_more": "x"}),
                  {**first, "key": "GM1234"}, {**first, "payload": None},
                  broker.sign(first, bytes(32)), broker.sign(first, self.keys["identity.key"], "statistic"),
                  {**first, "headers": {name: value for name, value in first["headers"].items()
                                        if name != "signaald_digest"}}]
        self.write([*forged, *self.good, *forged])
        self.assertIn(f"records of others: 0, in our name and not ours: {2 * len(forged)}, the same event again: 0, "
                      "passed over: 0", self.assert_rebuilt())

    def test_more_partitions(self):
        """The topic has got partitions since: all versions of a signal stay where its first one is."""
        self.write(self.good, PARTITIONS + 4)
        self.rebuild(self.daemon)
        self.daemon.start()
        items = [{"id": f"new-{n}", **harness.SIGNAL, "municipality": code}
                 for n, code in enumerate(crash_world.MUNICIPALITIES)]
        self.assertEqual(self.daemon.post("amsterdam", items).status, 200)
        for source, name in self.history.items:
            self.daemon.post(source, {"id": name, **harness.SIGNAL, "reported": "2020-02-29"})
        await_published(self.daemon)
        places = {}
        for record in self.records_of_last():
            places.setdefault(record["key"], set()).add(record["partition"])
        self.assertEqual({key: len(partitions) for key, partitions in places.items()}, dict.fromkeys(places, 1))
        self.assertLess(max(max(partitions) for partitions in places.values()), PARTITIONS)

    def test_gaps(self):
        """What is not there leaves lines that nobody sees; what was last is as if it had never come."""
        # versions that no later one builds on, so that the tally of what is left is known
        latest = {record["payload"]["signal"]: record for record in self.good}
        alone = [record for record in latest.values() if record["payload"]["version"] == 1]
        gone = [int(record["headers"]["signaald_seq"]) for record in alone if record not in self.good[:2]]
        last = len(self.good)
        dropped = sorted({*gone[1:4], last, last - 1})
        left = [record for record in self.good if int(record["headers"]["signaald_seq"]) not in dropped]
        self.write(left)
        cells = harness.tally({"type": record["headers"]["ce_type"], "data": record["payload"]} for record in left)
        end = int(left[-1]["headers"]["signaald_seq"])
        inside = [seq for seq in dropped if seq < end]
        self.rebuild(self.daemon)
        self.verify(self.daemon)
        self.daemon.start()
        self.assertEqual([int(event["signaaldseq"]) for event in self.daemon.events()],
                         [int(record["headers"]["signaald_seq"]) for record in left])
        self.assertEqual(harness.counts_by(self.daemon, "municipality", "month"),
                         harness.tally_by(cells, "municipality", "month"))
        metrics = self.daemon.metrics()
        self.assertEqual((metrics["signaald_accepted_total"], metrics["signaald_never_published_total"]),
                         (end, len(inside)))
        # sources send all again: it is as it was
        for source, name in self.history.items:
            self.assertLess(self.daemon.post(source, self.history.items[source, name]).status, 300)
        await_published(self.daemon)
        self.assertEqual(self.daemon.counts()["total"], sum(self.cells.values()))
        numbers = [int(record["headers"]["signaald_seq"]) for record in self.records_of_last()]
        self.assertEqual(sorted(set(range(1, max(numbers) + 1)) - set(numbers)), inside)
        self.assertEqual(len(numbers), len(set(numbers)))
        self.daemon.stop()
        self.verify(self.daemon)

    def records_of_last(self):
        return self.records(f"{self.topic}-{self.topics}")

    def test_beginning(self):
        self.write(self.good[3:])
        self.assertIn("its first event is number 4", self.rebuild(self.daemon, expect=2))
        self.rebuild(self.daemon, "--partial")
        self.verify(self.daemon)
        self.daemon.start()
        self.assertEqual(len(self.daemon.events()), len(self.good) - 3)

    def test_damage(self):
        """One that cannot be read, and another event with a sequence that is taken."""
        seq = len(self.good) // 2
        damaged = self.changed(self.good[seq - 1], status="nonsense")
        self.write([damaged if record is self.good[seq - 1] else record for record in self.good])
        partition = damaged["partition"]
        offset = sum(record["partition"] == partition for record in self.good[:seq - 1])
        self.assertIn(f"partition {partition}, offset {offset}: it is no event of ours: status",
                      self.rebuild(self.daemon, expect=2))
        self.assertIn("not in the topic: 1 entries\n", self.rebuild(self.daemon, "--partial"))
        self.lose_disk(self.daemon)
        taken = next(record for record in self.good[1:] if record["partition"] == self.good[0]["partition"])
        clash = self.changed(self.good[0], {name: taken["headers"][name] for name in ("signaald_seq", "ce_sequence")})
        self.write([*self.good, clash])
        self.assertIn("another event has the same sequence", self.rebuild(self.daemon, expect=2))
        self.assertIn("passed over: 1", self.assert_rebuilt("--partial"))

    def test_far_away(self):
        """A number that would make a billion lines of what is missing before it."""
        far = self.changed(self.good[-1], {"signaald_seq": "1000000000", "ce_sequence": "1000000000",
                                           "ce_time": "2099-01-01T00:00:00.000Z"})
        self.write([*self.good, far])
        offset = sum(record["partition"] == far["partition"] for record in self.good)
        self.assertIn(f"partition {far['partition']}, offset {offset}: it has number 1000000000",
                      self.rebuild(self.daemon, expect=2))
        text = self.assert_rebuilt("--partial")
        self.assertIn("passed over: 1", text)
        self.assertIn(f": {len(self.good)} entries, 1..{len(self.good)},", text)
        self.assertNotIn("2099", text)

    def write_statistics(self, *statistics):
        """As the ledger's, to a topic of their own. Each: key, partition, payload; None: a tombstone."""
        self.topics += 1
        name = f"{self.topic}-{self.topics}"
        self.kafka.create_topic(name, 4, {"cleanup.policy": "compact"})
        origin = self.good[0]["headers"]["signaald_ledger_id"]
        broker.produce(self.kafka.bootstrap, name, [
            broker.sign({"key": key, "partition": partition, "payload": payload,
                         "headers": {"signaald_ledger_id": origin, "signaald_seq": str(seq)}},
                        self.keys["identity.key"], "statistic")
            for seq, (key, partition, payload) in enumerate(statistics, 1)])
        self.daemon.extra["kafka"][2] = f"counts_topic: {name}"
        self.daemon.write_config()

    def test_statistics(self):
        """One that is damaged; a topic that had two partitions once; and one where all statistics have gone again."""
        self.write(self.good)
        values = [{"measure": "signals", "year": f"{year}", "count": 10, "roundingBase": 10, "closed": "2020-05"}
                  for year in (2016, 2017)]
        whole = [("signals/year=2016", 1, values[0]), ("signals/year=2017", 0, values[1])]
        self.write_statistics(*whole, ("signals/year=2017", 0, values[0]))
        self.assertIn("partition 0, offset 1: it is no statistic of ours", self.rebuild(self.daemon, expect=2))
        self.assertIn(": 2, passed over: 1\n", self.rebuild(self.daemon, "--partial"))
        # nothing shows the number of partitions but the ledger itself
        kept = re.findall(b"topic/%b-%d/partitions(....)" % (self.topic.encode(), self.topics),
                          (self.daemon.state / "data.mdb").read_bytes(), re.DOTALL)
        self.assertEqual({int.from_bytes(number, sys.byteorder) for number in kept}, {2})
        self.daemon.start()
        shown = self.daemon.control("GET", "/v1/statistics").json
        self.assertEqual((shown["roundingBase"], shown["closed"]), (10, "2020-05"))
        self.assertEqual(shown["statistics"], values)
        self.lose_disk(self.daemon)
        self.write_statistics(*whole, *[(key, partition, None) for key, partition, _ in whole])
        self.rebuild(self.daemon)
        self.daemon.start()
        shown = self.daemon.control("GET", "/v1/statistics").json
        self.assertEqual((shown["roundingBase"], shown["statistics"]), (ROUNDING_BASE, []))
        self.assertGreater(shown["closed"], "2020-05")

    def test_statistics_that_no_topic_has(self):
        """Some may have been told by the socket all the same: what is told next waits for as many changes as ever."""
        self.write(self.good)
        for topic in ("none", f"{self.topic}-nowhere"):
            self.daemon.extra["kafka"][2] = f"counts_topic: {topic}"
            self.daemon.write_config()
            self.rebuild(self.daemon)
            self.verify(self.daemon)
            self.daemon.start()
            self.assertGreaterEqual(self.daemon.counts("?period=2015..2020")["total"], ROUNDING_BASE)
            self.assertEqual(self.daemon.control("POST", "/v1/statistics/release").status, 409)
            self.assertIsNone(self.daemon.control("GET", "/v1/statistics").json["closed"])
            items = [{"id": f"more-{n}", **harness.SIGNAL, "reported": "2020-02-29"} for n in range(ROUNDING_BASE)]
            self.assertEqual(self.daemon.post("amsterdam", items).status, 200)
            self.assertEqual(self.daemon.control("POST", "/v1/statistics/release").status, 200)
            self.lose_disk(self.daemon)

    def test_damage_at_the_end(self):
        """Its number is not given again, and a daemon does not take it for an event of its own."""
        damaged = self.changed(self.good[-1], status="nonsense")
        self.write([*self.good[:-1], damaged])
        self.assertIn("not in the topic: 1 entries\n", self.rebuild(self.daemon, "--partial"))
        self.verify(self.daemon)
        self.daemon.start()
        self.assertEqual(self.daemon.post("amsterdam", {"id": "one more", **harness.SIGNAL}).status, 201)
        await_published(self.daemon)
        records = broker.consume(self.kafka.bootstrap, f"{self.topic}-{self.topics}", ours=False)
        self.assertEqual(sorted(int(record["headers"]["signaald_seq"]) for record in records),
                         list(range(1, len(self.good) + 2)))
        self.daemon.stop()
        self.verify(self.daemon)

    def test_origins(self):
        """Two ledgers in one topic: the operator chooses."""
        other = "0123456789abcdef" * 2
        foreign = [self.changed(record, {"signaald_ledger_id": other}) for record in self.good[:7]]
        self.write([*foreign, *self.good])
        mine = self.good[0]["headers"]["signaald_ledger_id"]
        text = self.rebuild(self.daemon, expect=2)
        self.assertIn(f"{other} (7 events)", text)
        self.assertIn(f"{mine} ({len(self.good)} events)", text)
        self.assertIn("no events of that ledger", self.rebuild(self.daemon, "--ledger-id", "f" * 32, expect=2))
        self.assertIn("hexadecimal digits", self.rebuild(self.daemon, "--ledger-id", "f" * 31, expect=2))
        self.assertIn("records of others: 7", self.assert_rebuilt("--ledger-id", mine.upper()))

    def test_refused(self):
        """Nothing is made, and nothing is left that a daemon would start on."""
        self.write(self.good)
        key = (self.daemon.state / "identity.key").read_bytes()
        (self.daemon.state / "identity.key").write_bytes(bytes(32))
        self.assertIn("another identity key", self.rebuild(self.daemon, expect=2))
        self.assertIn("another identity key", self.rebuild(self.daemon, "--partial", expect=2))
        (self.daemon.state / "identity.key").unlink()
        self.assertIn("the identity key that the ledger was written with", self.rebuild(self.daemon, expect=2))
        (self.daemon.state / "identity.key").write_bytes(key)
        (self.daemon.state / "identity.key").chmod(0o600)
        self.daemon.start(wait=False)
        self.assertEqual(self.daemon.process.wait(30), 2)
        self.daemon.process = None
        self.assertIn("a rebuild or restore was broken off", self.daemon.log())
        self.daemon.extra["kafka"][1] = "topic: no-such-topic"
        self.daemon.write_config()
        self.assertIn("the topic does not exist", self.rebuild(self.daemon, expect=1))
        self.write([])
        self.assertIn("has no events of a ledger", self.rebuild(self.daemon, expect=2))
        self.write([{**record, "partition": (record["partition"] + 1) % PARTITIONS} for record in self.good])
        self.assertIn("in partitions where their keys do not belong", self.rebuild(self.daemon, expect=2))
        self.write(self.good)
        self.assert_rebuilt()
        self.daemon.extra["kafka"] = self.daemon.extra["kafka"][1:]
        self.daemon.write_config()
        self.assertIn("kafka.brokers is not set", self.rebuild(self.daemon, expect=2))

    def test_not_empty(self):
        self.write(self.good)
        self.rebuild(self.daemon)
        self.assertIn("has a ledger already", self.rebuild(self.daemon, expect=2))
        self.daemon.start()
        self.assertIn("in use by another signaald", self.rebuild(self.daemon, expect=2))

    def test_broken_off(self):
        """Killed on its way it leaves nothing that a daemon would start on, and another run succeeds."""
        self.write(self.good)
        self.daemon.extra["kafka"][3] = "recovery_wait: 60s"
        self.daemon.write_config()
        process = subprocess.Popen(self.command(self.daemon), stderr=subprocess.DEVNULL)
        self.addCleanup(process.kill)
        wait_for((self.daemon.state / "rebuilding" / "data.mdb").exists, "it is under way")
        self.daemon.start(wait=False)
        self.assertEqual(self.daemon.process.wait(30), 2)
        self.daemon.process = None
        process.kill()
        process.wait(30)
        self.assertFalse((self.daemon.state / "data.mdb").exists())
        self.daemon.extra["kafka"][3] = "recovery_wait: 200ms"
        self.daemon.write_config()
        self.daemon.start(wait=False)
        self.assertEqual(self.daemon.process.wait(30), 2)
        self.daemon.process = None
        self.assertIn("a rebuild or restore was broken off", self.daemon.log())
        self.assert_rebuilt()


if __name__ == "__main__":
    unittest.main(verbosity=2)
