#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""The leak test once more with a real broker: all that it holds of any topic (keys, headers, values) is searched too."""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1] / part) for part in ("integration", "leak")]
import broker  # noqa: E402
import harness  # noqa: E402
import test_leak  # noqa: E402
from world import World  # noqa: E402

TOPIC, PARTITIONS = "signals", 4
FORMAT = "%t [%p] %o\n%k\n%h\n%s\n"


def ask(bootstrap, *args):
    return subprocess.run(["kcat", "-b", bootstrap, *args], check=True, capture_output=True).stdout


def topics(bootstrap):
    return [topic["topic"] for topic in json.loads(ask(bootstrap, "-L", "-J"))["topics"]]


class KafkaLeakTest(test_leak.LeakTest):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="signaald-kafka-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.kafka = broker.Broker(cls.folder)
        cls.kafka.start()
        cls.addClassCleanup(cls.kafka.kill)
        cls.kafka.create_topic(TOPIC, PARTITIONS)
        cls.world = World({"kafka": [f"topic: {TOPIC}", f"brokers: {cls.kafka.bootstrap}"]})
        cls.world.before_end = cls.await_published
        test_leak.collect(cls, cls.world)
        for topic in topics(cls.kafka.bootstrap):
            cls.pieces[f"topic {topic}"] = ask(cls.kafka.bootstrap, "-C", "-q", "-e", "-o", "beginning", "-t", topic,
                                               "-f", FORMAT)
        cls.records = list(broker.consume(cls.kafka.bootstrap, TOPIC))

    @classmethod
    def await_published(cls):
        harness.wait_for(lambda: cls.world.daemon.status()["ledger"]["waiting"] == 0, "all is published", 120)

    def test_the_topic_was_read(self):
        told = [record["headers"]["ce_id"] for record in self.records]  # feeds went on after the events were asked for
        self.assertEqual(len(told), len(set(told)))
        self.assertLessEqual({event["id"] for event in self.events}, set(told))
        self.assertTrue(any(record["payload"].get("linked") for record in self.records))
        self.assertIn(b"registered.v1", self.pieces[f"topic {TOPIC}"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
