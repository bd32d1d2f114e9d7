#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""A ledger that is older than its topic: a restored backup, a machine that was rolled back, records that somebody else wrote.

Whatever happened, each acknowledged signal is in the topic, no number and no id is used twice, and what a consumer counts is what
the daemon counts and what a verify finds. Random histories run for SIGNAALD_HISTORIES seconds; SIGNAALD_SEED repeats one.
"""
import os
import random
import re
import shutil
import subprocess
import time
import unittest

import kafka_case  # first: it tells where the others are
import broker
import harness
import standing
from harness import wait_for
from kafka_case import await_published

PARTITIONS = 3
SOURCES = [{"name": "amsterdam", "kind": "municipality", "municipality": "GM0363", "push": True},
           {"name": "coa", "kind": "coa", "push": True}]
MUNICIPALITIES = ["GM0363", "GM0599", "GM0344", "GM0518", "GM0014"]
CATEGORIES = ["gedwongen prostitutie", "arbeidsuitbuiting", "koeriers"]
SEEDS = [20261129, 7, 4711]
SECONDS = float(os.environ.get("SIGNAALD_HISTORIES", "45"))
PAGES = ["README.md", "conf/doc/operators.md"]
RESTORE = re.compile(r"^<!-- run by tests/kafka/test_restore\.py -->\n```console\n(.*?)^```$", re.S | re.M)


def seq_of(record):
    return int(record["headers"]["signaald_seq"])


def events_of(records):
    return [{"type": record["headers"]["ce_type"], "data": record["payload"]} for record in sorted(records, key=seq_of)]


class RestoreBase(kafka_case.KafkaCase):
    def setUp(self):
        super().setUp()
        self.topic = self._testMethodName
        self.current = self.topic + "-current"
        self.kafka.create_topic(self.topic, PARTITIONS)
        self.kafka.create_topic(self.current, PARTITIONS, {"cleanup.policy": "compact"})
        self.daemon = self.make_daemon(SOURCES, {"kafka": [
            f"brokers: {self.kafka.bootstrap}", f"topic: {self.topic}", "counts_topic: none", "recovery_wait: 100ms",
            f"current_topic: {self.current}"]})

    def records(self):
        return list(broker.consume(self.kafka.bootstrap, self.topic))

    def post(self, source, item):
        answer = self.daemon.post(source, item)
        self.assertIn(answer.status, (200, 201), answer.body)
        return answer.json

    def signals(self, first, last):
        for number in range(first, last + 1):
            self.post("amsterdam", {"id": f"s-{number}", **harness.SIGNAL, "municipality": MUNICIPALITIES[number % 5]})

    def backup(self, name="backup"):
        folder = self.daemon.directory / name
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([harness.BUILD / "signaalctl", "--socket", self.daemon.control_path, "backup", folder], check=True,
                       stdout=subprocess.DEVNULL, timeout=120)
        return folder

    def restore(self, folder):
        """The machine as it was then; the daemon is not running."""
        subprocess.run([harness.BUILD / "signaald", "-c", self.daemon.config_path, "--restore", folder, "--replace"], check=True,
                       stdout=subprocess.DEVNULL, timeout=120)

    def verify(self):
        done = subprocess.run([harness.BUILD / "signaald", "-c", self.daemon.config_path, "--verify"],
                              capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def check_agreement(self):
        """Returns the records, in order."""
        await_published(self.daemon)
        records = sorted(self.records(), key=seq_of)
        numbers = [seq_of(record) for record in records]
        ids = [record["headers"]["ce_id"] for record in records]
        self.assertEqual(len(set(numbers)), len(numbers), "a number is used twice")
        self.assertEqual(len(set(ids)), len(ids), "an id is used twice")
        # An erased signal says less in the ledger than it once said in the topic.
        self.assertEqual([(event["id"], event["signaaldseq"]) for event in self.daemon.events()],
                         list(zip(ids, map(str, numbers))))
        for name, versions in self.versions(records).items():
            self.assertEqual(versions, sorted(versions), name)
        cells = harness.tally(events_of(records))
        self.assertEqual(harness.counts_by(self.daemon, "municipality", "month", "status"),
                         harness.tally_by(cells, "municipality", "month", "status"))
        standing.check(self, self.kafka.bootstrap, self.topic, self.current)
        self.verify()
        return records

    @staticmethod
    def versions(records):
        """Of each signal, in the order of its partition."""
        versions = {}
        for record in sorted(records, key=lambda record: record["offset"]):
            if "signal" in record["payload"]:
                versions.setdefault(record["payload"]["signal"], []).append(record["payload"]["version"])
        return versions

    def taken_back(self):
        return self.daemon.status()["kafka"]["takenBack"]


class RestoreTest(RestoreBase):
    def lose(self):
        """A backup at 5 signals, a loss at 10."""
        self.daemon.start()
        self.signals(1, 5)
        await_published(self.daemon)
        folder = self.backup()
        self.signals(6, 10)
        await_published(self.daemon)
        self.daemon.kill()
        self.restore(folder)

    def test_posts_at_once(self):
        self.lose()
        self.daemon.start()
        self.signals(11, 16)
        records = self.check_agreement()
        self.assertEqual(len(records), 16)
        self.assertEqual(self.taken_back(), 5)
        self.assertIn("[S033] the ledger was older than topic", self.daemon.log())
        lines = self.daemon.control("GET", "/v1/audit?from=1").body.decode()
        self.assertIn('"action":"take back"', lines)
        self.daemon.stop()
        self.daemon.start()
        self.signals(17, 20)
        self.assertEqual(len(self.check_agreement()), 20)
        self.assertEqual(self.taken_back(), 0)

    def test_kafka_away(self):
        """What comes in before Kafka can be read: new, known to the topic, corrected and withdrawn there or here, erased."""
        self.lose()
        self.kafka.stop()
        self.daemon.start()
        self.signals(11, 13)
        again = {**harness.SIGNAL, "municipality": MUNICIPALITIES[6 % 5]}
        self.assertEqual(self.post("amsterdam", {"id": "s-6", **again})["verdict"], "registered")
        self.post("amsterdam", {"id": "s-7", **again, "status": "confirmed"})
        self.post("amsterdam", {"id": "s-8", "withdrawn": True})
        self.post("amsterdam", {"id": "s-2", **again, "status": "confirmed"})
        self.post("amsterdam", {"id": "s-9", **again})
        self.assertEqual(self.daemon.control("DELETE", "/v1/signals/amsterdam/s-9").status, 200)
        self.assertEqual(self.daemon.control("DELETE", "/v1/signals/amsterdam/s-3").status, 200)
        self.daemon.kill()
        self.daemon.start()
        self.kafka.start()
        records = self.check_agreement()
        states = {name: self.daemon.control("GET", f"/v1/signals/amsterdam/{name}").json["versions"]
                  for name in ("s-6", "s-7", "s-8", "s-2", "s-9", "s-3")}
        self.assertEqual({name: [version["event"] if "event" in version else version["verdict"] for version in versions][0]
                          for name, versions in states.items() if name in ("s-7", "s-8")},
                         {"s-7": "corrected", "s-8": "withdrawn"})
        self.assertEqual({name: len(versions) for name, versions in states.items()},
                         {"s-6": 1, "s-7": 2, "s-8": 2, "s-2": 2, "s-9": 3, "s-3": 2})
        self.assertTrue(states["s-9"][0]["erased"] and states["s-3"][0]["erased"])
        self.assertEqual(len(records), 10 + 3 + 1 + 1 + 1 + 2 + 1)

    def test_rebuild_goes_on(self):
        """From such a topic a ledger can be made anew, without --partial."""
        self.test_kafka_away()
        counts = harness.counts_by(self.daemon, "municipality", "month")
        self.daemon.kill()
        (self.daemon.state / "data.mdb").unlink()
        (self.daemon.state / "lock.mdb").unlink()
        subprocess.run([harness.BUILD / "signaald", "-c", self.daemon.config_path, "--rebuild"], check=True, timeout=120)
        self.daemon.start()
        self.assertEqual(harness.counts_by(self.daemon, "municipality", "month"), counts)
        self.check_agreement()

    def test_pages(self):
        """The commands of the pages, word by word, but for the paths; systemd and its user are played."""
        for page in PAGES:
            (block,) = RESTORE.findall((harness.ROOT / page).read_text())
            with self.subTest(page=page):
                self.daemon.start()
                first = len(self.daemon.events()) + 1
                self.signals(first, first + 2)
                await_published(self.daemon)
                folder = self.backup()
                self.signals(first + 3, first + 5)
                await_published(self.daemon)
                self.run_page(block, folder)
                self.signals(first + 6, first + 7)
                self.assertEqual(len(self.check_agreement()), first + 7)
                self.daemon.stop()

    def run_page(self, block, folder):
        ran = []
        for line in block.splitlines():
            self.assertTrue(line.startswith("# "), line)
            command = line[2:].replace("DIR", str(folder))
            if command == "systemctl stop signaald":
                self.daemon.stop()
            elif command == "systemctl start signaald":
                self.daemon.start()
            else:
                subprocess.run([harness.BUILD / "signaald", "-c", self.daemon.config_path, *command.split()[1:]], check=True)
            ran.append(command.split()[0])
        self.assertEqual(ran, ["systemctl", "signaald", "systemctl"])

    def test_forged(self):
        """A record with our headers and the number of a signal that waits: it is told, and the signal is published all the same."""
        self.daemon.start()
        self.signals(1, 3)
        await_published(self.daemon)
        self.daemon.stop()
        lines = self.daemon.extra["kafka"]
        self.daemon.extra["kafka"] = lines[1:]
        self.daemon.write_config()
        self.daemon.start()
        self.signals(4, 4)
        self.daemon.stop()
        record = max(self.records(), key=seq_of)
        forged = [{**record, "headers": {**record["headers"], "signaald_seq": str(seq), "ce_sequence": str(seq)}}
                  for seq in (4, 5, 1000000)]
        broker.produce(self.kafka.bootstrap, self.topic, forged)
        self.daemon.extra["kafka"] = lines
        self.daemon.write_config()
        self.daemon.start()
        await_published(self.daemon)
        records = [record for record in self.records() if record["headers"]["ce_id"] not in {f["headers"]["ce_id"] for f in forged}]
        self.assertEqual(sorted(map(seq_of, records)), [1, 2, 4])
        self.assertEqual(self.daemon.status()["kafka"]["forged"], 3)
        self.assertEqual(self.daemon.metrics()["signaald_kafka_forged_total"], 3)
        self.assertIn("[S031] records in our name that are not ours", self.daemon.log())
        self.assertEqual(self.taken_back(), 0)
        self.signals(5, 6)
        await_published(self.daemon)
        self.verify()


class ForkTest(RestoreBase):
    def test_two_have_written(self):
        """A number that was published elsewhere as something else: what the topic has under it is told, and shown."""
        self.daemon.start()
        self.signals(1, 5)
        await_published(self.daemon)
        folder = self.backup()
        self.signals(6, 6)
        await_published(self.daemon)
        self.daemon.stop()
        self.restore(folder)
        other = self.topic + "-other"
        self.kafka.create_topic(other, 1)
        lines = self.daemon.extra["kafka"]
        self.use([re.sub("^topic: .*", f"topic: {other}", line) for line in lines])
        self.signals(7, 7)
        await_published(self.daemon)
        self.daemon.stop()
        self.use(lines)
        harness.wait_for(lambda: self.daemon.status()["kafka"]["state"] == "running", "the topic has been read")
        self.assertEqual(self.daemon.status()["kafka"]["forked"], 1)
        self.assertEqual(self.daemon.metrics()["signaald_kafka_forked_total"], 1)
        self.assertEqual(self.taken_back(), 0)
        self.assertRegex(self.daemon.log(), r"<3>\[S032\] records of ours that say something else: topic=.* count=1, than was published "
                                            "under their number, the first of sequence=6")
        self.daemon.stop()

    def use(self, lines):
        self.daemon.extra["kafka"] = lines
        self.daemon.write_config()
        self.daemon.start()


class StatisticsTest(RestoreBase):
    """What was told outside since the backup stays told, and no number of the counts topic is used twice."""

    def setUp(self):
        super().setUp()
        self.counts_topic = self.topic + "-counts"
        self.kafka.create_topic(self.counts_topic, 2, {"cleanup.policy": "compact"})
        self.daemon.extra["disclosure"] = ["rounding_base: 5"]
        self.daemon.write_config()

    def told(self):
        return {(record["key"], seq_of(record)): record["payload"]
                for record in broker.consume(self.kafka.bootstrap, self.counts_topic)}

    def statistics(self):
        return self.daemon.control("GET", "/v1/statistics").json

    def use(self, counts_topic):
        self.daemon.extra["kafka"][2] = f"counts_topic: {counts_topic}"
        self.daemon.write_config()
        self.daemon.start()

    def lose(self, at_backup=None):
        """`at_backup`: the counts topic that was configured when the backup was made."""
        self.use(at_backup or self.counts_topic)
        self.signals(1, 3)
        await_published(self.daemon)
        folder = self.backup()
        if at_backup:
            self.daemon.stop()
            self.use(self.counts_topic)
        self.signals(4, 20)
        self.assertEqual(self.daemon.control("POST", "/v1/statistics/release").status, 200)
        await_published(self.daemon)
        self.assertGreater(len(self.statistics()["statistics"]), 3)
        self.daemon.kill()
        self.restore(folder)

    def check(self, told, before):
        wait_for(lambda: self.statistics()["closed"] == before["closed"] and
                 self.statistics()["statistics"] == before["statistics"], "the statistics are as they were told")
        await_published(self.daemon)
        self.assertEqual(self.told(), told)
        self.assertEqual(self.daemon.control("POST", "/v1/statistics/release").status, 409)
        self.check_agreement()
        self.daemon.stop()
        self.daemon.start()
        await_published(self.daemon)
        self.assertEqual(self.told(), told)

    def test_told_meanwhile(self):
        self.lose()
        told = self.told()
        self.daemon.start()
        await_published(self.daemon)
        self.check(told, {"closed": max(value["closed"] for value in told.values()), "statistics": self.of_topic(told)})

    def test_topic_unknown_to_backup(self):
        """It was made before the counts topic was configured, or a moment before its partitions were kept."""
        self.lose("none")
        told = self.told()
        self.daemon.start()
        await_published(self.daemon)
        self.check(told, {"closed": max(value["closed"] for value in told.values()), "statistics": self.of_topic(told)})

    def test_told_twice(self):
        """The restored ledger makes statistics of its own before it sees the topic: other ones, under the same numbers."""
        self.lose()
        told = self.told()
        self.kafka.stop()
        self.daemon.start()
        self.signals(31, 70)
        self.assertEqual(self.daemon.control("POST", "/v1/statistics/release").status, 200)
        self.daemon.kill()
        self.kafka.start()
        self.daemon.start()
        self.check(told, {"closed": max(value["closed"] for value in told.values()), "statistics": self.of_topic(told)})

    @staticmethod
    def of_topic(told):
        latest = {key: value for (key, _), value in sorted(told.items(), key=lambda item: item[0][1])}
        return [value for _, value in sorted(latest.items()) if value]


class World:
    """What sources said, and which of it must be known at the end: what was acknowledged and not lost with a disk."""

    def __init__(self, test, seed):
        self.test = test
        self.daemon = test.daemon
        self.rng = random.Random(seed)
        self.ids = 0
        self.safe = set()    # (source, id) that the topic, a backup in use or the ledger in use has
        self.at_risk = set()  # acknowledged since the last time that all was published
        self.backups = []    # (folder, what it has)
        self.paused = False
        self.taken_back = 0

    def content(self):
        item = {**harness.SIGNAL, "municipality": self.rng.choice(MUNICIPALITIES), "category": self.rng.choice(CATEGORIES),
                "status": self.rng.choice(["possible", "confirmed"])}
        if self.rng.random() < 0.3:
            number = self.rng.randrange(6)
            item["person"] = {"name": f"Anna Achternaam{'abcdef'[number]}", "birthDate": f"1990-05-{number + 1:02}"}
        return item

    def say(self):
        source = self.rng.choice(["amsterdam", "coa"])
        known = self.ids and self.rng.random() < 0.6
        number = self.rng.randrange(self.ids) if known else self.ids
        self.ids += not known
        item = {"id": f"r-{number}", **({"withdrawn": True} if known and self.rng.random() < 0.2 else self.content())}
        self.test.post(source, item)
        self.at_risk.add((source, item["id"]))

    def erase(self):
        known = sorted(self.safe | self.at_risk)
        if known:
            source, name = self.rng.choice(known)
            self.test.assertIn(self.daemon.control("DELETE", f"/v1/signals/{source}/{name}").status, (200, 404))

    def back_up(self):
        self.backups.append((self.test.backup(f"backup-{len(self.backups)}"), set(self.safe | self.at_risk)))

    def settle(self):
        """All is in the topic."""
        if not self.paused:
            await_published(self.daemon)
            self.safe |= self.at_risk
            self.at_risk = set()

    def crash(self):
        self.taken_back += self.test.taken_back()
        self.daemon.kill()
        self.daemon.start()

    def lose_disk(self):
        """Killed, and an earlier state is put back."""
        if not self.backups:
            return
        if self.rng.random() < 0.7:
            self.settle()
        self.taken_back += self.test.taken_back()
        self.daemon.kill()
        folder, had = self.rng.choice(self.backups)
        self.test.restore(folder)
        self.at_risk = had - self.safe
        self.daemon.start()

    def toggle_kafka(self):
        if self.paused:
            self.test.kafka.resume()
        else:
            self.test.kafka.pause()
        self.paused = not self.paused

    def play(self, steps):
        deeds = [(self.say, 60), (self.erase, 3), (self.back_up, 5), (self.settle, 8), (self.crash, 5), (self.lose_disk, 6),
                 (self.toggle_kafka, 3)]
        for _ in range(steps):
            self.rng.choices([deed for deed, _ in deeds], [weight for _, weight in deeds])[0]()
        if self.paused:
            self.toggle_kafka()
        self.settle()


class HistoryTest(RestoreBase):
    taken_in_all = 0

    def run_one(self, seed, steps):
        print(f"SIGNAALD_SEED={seed}", flush=True)
        self.daemon.start()
        world = World(self, seed)
        try:
            world.play(steps)
        finally:
            if world.paused:
                self.kafka.resume()
        type(self).taken_in_all += world.taken_back + self.taken_back()
        told = {record["headers"]["ce_id"].split(".")[0] for record in self.check_agreement()}
        for source, name in world.safe:
            answer = self.daemon.control("GET", f"/v1/signals/{source}/{name}")
            self.assertEqual(answer.status, 200, (source, name))
            self.assertIn(answer.json["signal"], told)
        self.daemon.stop()
        self.start_anew(seed)

    def start_anew(self, seed):
        self.topic = f"histories-{seed}"
        self.kafka.create_topic(self.topic, PARTITIONS)
        for path in self.daemon.state.iterdir():
            path.unlink()
        self.daemon.extra["kafka"][1] = f"topic: {self.topic}"
        self.daemon.write_config()

    def test_random_histories(self):
        given = os.environ.get("SIGNAALD_SEED")
        seeds = [int(given)] if given else [random.randrange(1 << 32), *SEEDS]
        until = time.monotonic() + SECONDS
        while seeds:
            self.run_one(seeds.pop(), 120)
            if not given and not seeds and time.monotonic() < until:
                seeds.append(random.randrange(1 << 32))
        print(f"taken back: {self.taken_in_all}", flush=True)
        self.assertGreater(self.taken_in_all, 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
