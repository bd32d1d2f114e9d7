#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""The leak test once more with a real broker: all that it holds of any topic (keys, headers, values) is searched too."""
import json
import subprocess
import unittest

import kafka_case  # first: it tells where the others are
import broker
import test_leak
from world import World

TOPIC, CURRENT, PARTITIONS = "signals", "signals-current", 4
FORMAT = "%t [%p] %o\n%k\n%h\n%s\n"


def ask(bootstrap, *args):
    return subprocess.run(["kcat", "-b", bootstrap, *args], check=True, capture_output=True).stdout


def topics(bootstrap):
    return [topic["topic"] for topic in json.loads(ask(bootstrap, "-L", "-J"))["topics"]]


class KafkaLeakTest(test_leak.LeakTest):
    @classmethod
    def setUpClass(cls):
        cls.kafka = kafka_case.shared_broker()
        cls.kafka.create_topic(TOPIC, PARTITIONS)
        cls.kafka.create_topic(CURRENT, PARTITIONS, {"cleanup.policy": "compact"})
        cls.world = World({"kafka": [f"topic: {TOPIC}", f"current_topic: {CURRENT}", f"brokers: {cls.kafka.bootstrap}"]})
        cls.world.before_end = lambda: kafka_case.await_published(cls.world.daemon)
        test_leak.collect(cls, cls.world)
        for topic in topics(cls.kafka.bootstrap):
            cls.pieces[f"topic {topic}"] = ask(cls.kafka.bootstrap, "-C", "-q", "-e", "-o", "beginning", "-t", topic,
                                               "-f", FORMAT)
        cls.records = list(broker.consume(cls.kafka.bootstrap, TOPIC))

    def test_the_topic_was_read(self):
        told = [record["headers"]["ce_id"] for record in self.records]  # feeds went on after the events were asked for
        self.assertEqual(len(told), len(set(told)))
        self.assertLessEqual({event["id"] for event in self.events}, set(told))
        self.assertTrue(any(record["payload"].get("linked") for record in self.records))
        self.assertIn(b"registered.v1", self.pieces[f"topic {TOPIC}"])
        self.assertIn(b'"municipalityTodayName":', self.pieces[f"topic {CURRENT}"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
