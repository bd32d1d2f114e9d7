#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""What an operator of Kafka does to a topic, and what its brokers do, while the daemon publishes: nothing is lost or doubled, the
daemon goes on without a start, and the status says what to do."""
import tempfile
import shutil
import unittest

import kafka_case  # first: it tells where the others are
import broker
import harness
from harness import wait_for
from kafka_case import await_published

PARTITIONS = 2
SOURCES = [{"name": "utrecht", "kind": "municipality", "municipality": "GM0344", "push": True}]
MUNICIPALITIES = ("GM0363", "GM0599", "GM0344", "GM0518", "GM0014")


class TopicCase(kafka_case.KafkaCase):
    def setUp(self):
        super().setUp()
        self.topic = self._testMethodName
        self.posted = 0

    def make(self, kafka, *lines):
        self.daemon = self.make_daemon(SOURCES, {"kafka": [f"brokers: {kafka}", f"topic: {self.topic}", "recovery_wait: 50ms",
                                                           *(lines or ["counts_topic: none"])], "disclosure": ["rounding_base: 5"]})
        self.daemon.start()

    def post(self, count, **other):
        items = [{**harness.SIGNAL, "id": f"s-{self.posted + n}", "municipality": MUNICIPALITIES[(self.posted + n) % 5], **other}
                 for n in range(count)]
        self.posted += count
        for first in range(0, count, 1000):
            self.assertEqual(self.daemon.post("utrecht", items[first:first + 1000]).status, 200)

    def kafka_status(self):
        return self.daemon.status()["kafka"]

    def check_once(self, kafka, after=0):
        """Each event that came after that one, once; those of each key in order."""
        seqs, last = [], {}
        for record in broker.consume(kafka, self.topic):
            seq = int(record["headers"]["signaald_seq"])
            if seq > after:
                seqs.append(seq)
                self.assertGreater(seq, last.get(record["key"], 0))
                last[record["key"]] = seq
        self.assertEqual(sorted(seqs), list(range(after + 1, self.posted + 1)))


class Topics(TopicCase):
    def test_size_lowered(self):
        """A batch is too large for the topic, none of its events is: they come in smaller ones."""
        self.kafka.create_topic(self.topic, PARTITIONS)
        self.make(self.kafka.bootstrap)
        self.post(10)
        await_published(self.daemon)
        self.kafka.set_topic(self.topic, "max.message.bytes", 20000)
        self.kafka.pause()  # so that full batches come together
        self.post(3000)
        self.kafka.resume()
        await_published(self.daemon)
        self.check_once(self.kafka.bootstrap)
        self.assertGreater(self.kafka_status()["restarts"], 0)
        self.assertIsNone(self.kafka_status()["lastError"])
        self.assertIn("raise max.message.bytes of the topic", self.daemon.log())
        self.daemon.stop()

    def test_too_small_for_one(self):
        """Nothing is passed over, since order would be lost: all waits, and comes when the topic takes it again."""
        self.kafka.create_topic(self.topic, PARTITIONS)
        self.make(self.kafka.bootstrap)
        self.post(10)
        await_published(self.daemon)
        self.kafka.set_topic(self.topic, "max.message.bytes", 100)
        self.post(100)
        wait_for(lambda: self.kafka_status()["restarts"] >= 3, "it tries again")
        self.assertIn("raise max.message.bytes", self.kafka_status()["whatToDo"] or "")
        self.assertEqual(self.daemon.log().count("raise max.message.bytes"), 1)
        self.assertEqual(self.daemon.metrics()['signaald_kafka_trouble{of="events",cause="size"}'], 1)
        self.kafka.set_topic(self.topic, "max.message.bytes", 1 << 20)
        await_published(self.daemon)
        self.check_once(self.kafka.bootstrap)
        self.daemon.stop()

    def test_records_deleted(self):
        """All that the topic has, while it runs and while it does not: what came later is there once."""
        self.kafka.create_topic(self.topic, PARTITIONS)
        self.make(self.kafka.bootstrap)
        for restart in (False, True):
            self.post(200)
            await_published(self.daemon)
            for partition in range(PARTITIONS):
                self.kafka.delete_records(self.topic, partition)
            if restart:
                self.daemon.kill()
                self.daemon.start()
            before = self.posted
            self.post(200)
            await_published(self.daemon)
            self.check_once(self.kafka.bootstrap, after=before)
        self.assertTrue(self.daemon.verify()[-1]["whole"])
        self.daemon.stop()

    def test_statistics_topic_deleted(self):
        """Made anew it gets all that is told outside, and events do not wait for it."""
        counts = self.topic + "-counts"
        self.kafka.create_topic(self.topic, PARTITIONS)
        self.kafka.create_topic(counts, 1, {"cleanup.policy": "compact"})
        self.make(self.kafka.bootstrap, f"counts_topic: {counts}")
        self.post(50)
        self.assertEqual(self.daemon.control("POST", "/v1/statistics/release").status, 200)
        await_published(self.daemon)
        told = self.statistics(counts)
        self.assertGreater(len(told), 3)
        self.kafka.delete_topic(counts)
        self.post(50)
        wait_for(lambda: self.daemon.status()["ledger"]["waiting"] == 0, "events go on")
        self.daemon.kill()
        self.daemon.start()
        wait_for(lambda: self.kafka_status()["counts"]["whatToDo"], "the status says what to do")
        self.assertIn("make the topic", self.kafka_status()["counts"]["whatToDo"])
        self.assertEqual(self.daemon.metrics()['signaald_kafka_trouble{of="statistics",cause="topic"}'], 1)
        self.kafka.create_topic(counts, 1, {"cleanup.policy": "compact"})
        wait_for(lambda: self.kafka_status()["counts"]["state"] == "running", "it goes on")
        await_published(self.daemon)
        self.assertEqual(self.statistics(counts), told)
        self.assertIsNone(self.kafka_status()["counts"]["whatToDo"])
        self.daemon.stop()

    def statistics(self, topic):
        return {record["key"]: record["payload"] for record in broker.consume(self.kafka.bootstrap, topic)}


class Leaders(TopicCase):
    """Two brokers have the topic; the one that leads it goes, and comes back."""

    def test_leader_changes(self):
        folder = tempfile.mkdtemp(prefix="signaald-kafka-")
        self.addCleanup(shutil.rmtree, folder, True)
        port, claim = harness.claim_port()
        self.addCleanup(claim.close)
        other = self.kafka.second(folder, port)
        self.addCleanup(wait_for, lambda: self.kafka.living() == {1}, "no topic is given to the other any more")
        self.addCleanup(other.kill)
        other.start()
        self.kafka.create_topic(self.topic, PARTITIONS, {"min.insync.replicas": 1}, replicas=2)
        self.make(f"{self.kafka.bootstrap},{other.bootstrap}")
        for _ in range(2):
            self.post(2000)
            other.kill()
            self.post(2000)
            await_published(self.daemon)
            other.start()
            wait_for(lambda: self.kafka.in_sync(self.topic) == {1, 2}, "both have all")
            self.kafka.elect_preferred(self.topic, PARTITIONS)
            self.post(2000)
            await_published(self.daemon)
        self.check_once(self.kafka.bootstrap)
        self.daemon.stop()


if __name__ == "__main__":
    unittest.main(verbosity=2)
