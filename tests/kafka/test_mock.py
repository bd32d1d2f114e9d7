#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""The daemon against librdkafka's mock cluster: errors of Kafka that a real broker gives only when it
is in trouble itself. The daemon lives through all of them, and each event is published, in order.

The mock does not deduplicate, so a batch that was sent again is there twice; test_crash.py has the
real thing.
"""
import subprocess
import unittest

import kafka_case  # first: it tells where the others are
import broker
import harness
from harness import wait_for
from kafka_case import await_published

TOPIC = "signals"
PARTITIONS = 3
NOT_ENOUGH_REPLICAS, OUT_OF_ORDER_SEQUENCE_NUMBER = 19, 45
MUNICIPALITIES = ("GM0363", "GM0599", "GM0344", "GM0518", "GM0014")


class Mock:
    def __init__(self):
        self.process = subprocess.Popen([str(harness.BUILD / "tests" / "mock_broker"), TOPIC, str(PARTITIONS)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        word, self.bootstrap = self.process.stdout.readline().split()
        assert word == "ready"

    def tell(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        assert answer == "ok", (line, answer)

    def close(self):
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()


class MockTest(unittest.TestCase):
    def setUp(self):
        self.mock = Mock()
        self.addCleanup(self.mock.close)
        kafka = [f"brokers: {self.mock.bootstrap}", f"topic: {TOPIC}", "recovery_wait: 50ms"]
        self.daemon = harness.Daemon([{"name": "utrecht", "kind": "municipality", "municipality": "GM0344", "push": True}],
                                     {"kafka": kafka})
        self.addCleanup(self.daemon.close)
        self.daemon.start()
        self.pid = self.daemon.process.pid
        self.sent = 0

    def send(self, count):
        """So many signals in arrays, every fifth corrected at once."""
        while count > 0:
            items, corrections = [], []
            for _ in range(min(count, 50)):
                self.sent += 1
                items.append({**harness.SIGNAL, "id": f"s-{self.sent}",
                              "municipality": MUNICIPALITIES[self.sent % len(MUNICIPALITIES)]})
                if self.sent % 5 == 0:
                    corrections.append({**items[-1], "category": "arbeidsuitbuiting"})
            for batch in (items, corrections):
                self.assertEqual(self.daemon.post("utrecht", batch).status, 200)
            count -= 50

    def kafka(self):
        return self.daemon.status()["kafka"]

    def await_running(self):
        wait_for(lambda: self.kafka()["state"] == "running", "the publisher runs")

    def check_topic(self):
        """All events are there; what is there twice was sent again, and in the same order."""
        accepted = self.daemon.status()["ledger"]["accepted"]
        self.assertEqual(accepted, self.sent + self.sent // 5)
        first, last = {}, {}
        for record in broker.consume(self.mock.bootstrap, TOPIC):
            seq = int(record["headers"]["signaald_seq"])
            if seq not in first:
                self.assertGreater(seq, last.get(record["partition"], 0), "out of order")
                first[seq] = last[record["partition"]] = seq
        self.assertEqual(sorted(first), list(range(1, accepted + 1)))
        self.assertEqual(self.daemon.process.pid, self.pid)
        self.assertIsNone(self.daemon.process.poll())
        self.daemon.stop()

    def test_one_signal_then_silence(self):
        """Nothing comes behind it: it leaves the outbox all the same, and soon."""
        self.await_running()
        for n in range(3):
            self.assertEqual(self.daemon.post("utrecht", {**harness.SIGNAL, "id": f"one-{n}"}).status, 201)
            wait_for(lambda: self.daemon.status()["ledger"]["waiting"] == 0, "it leaves the outbox", seconds=15)
        self.daemon.stop()

    def test_outages(self):
        self.await_running()
        self.send(200)
        for _ in range(3):
            self.mock.tell("down")
            self.send(200)
            self.assertGreater(self.daemon.status()["ledger"]["waiting"], 0)
            self.mock.tell("up")
            self.send(200)
            await_published(self.daemon)
        self.check_topic()

    def test_answer_lost(self):
        """Written, but the broker goes before it can say so."""
        self.await_running()
        self.mock.tell("lose 3000")
        self.send(200)
        wait_for(lambda: self.kafka()["inFlight"] > 0, "something is under way")
        self.mock.tell("down")
        self.mock.tell("up")
        self.send(200)
        await_published(self.daemon)
        self.check_topic()

    def test_settings(self):
        """What the configuration has for librdkafka itself is heard: here that it should speak TLS."""
        self.daemon.stop()
        kafka = self.daemon.extra["kafka"]
        for settings, published in (["settings:", "  security.protocol: ssl"], False), ([], True):
            self.daemon.extra["kafka"] = kafka + settings
            self.daemon.write_config()
            self.daemon.start()
            self.send(50)
            if published:
                await_published(self.daemon)
            else:
                wait_for(lambda: "no broker answers" in (self.kafka()["lastError"] or ""), "the broker speaks no TLS")
                self.assertEqual(self.kafka()["delivered"], 0)
                self.daemon.stop()
        self.pid = self.daemon.process.pid
        self.check_topic()

    def test_not_enough_replicas(self):
        self.await_running()
        self.mock.tell(f"fail 10 {NOT_ENOUGH_REPLICAS}")
        self.send(500)
        await_published(self.daemon)
        self.assertEqual(self.kafka()["restarts"], 0)
        self.check_topic()

    def test_fatal(self):
        """The producer is made anew, again and again, and the daemon is not."""
        self.await_running()
        self.send(100)
        for times in range(1, 4):
            self.mock.tell(f"fail 1 {OUT_OF_ORDER_SEQUENCE_NUMBER}")
            self.send(300)
            wait_for(lambda: self.kafka()["restarts"] >= times, "the producer is made anew")  # noqa: B023
            self.send(100)
            await_published(self.daemon)
        self.assertIn('state=recovering reason="the producer failed', self.daemon.log())
        self.assertIsNone(self.kafka()["lastError"])
        self.check_topic()

    def test_slow(self):
        """A broker far away: many events under way when it goes."""
        self.mock.tell("rtt 200")
        self.await_running()
        self.send(1000)
        self.mock.tell("down")
        self.mock.tell("up")
        self.mock.tell("rtt 0")
        self.send(1000)
        await_published(self.daemon)
        self.check_topic()


if __name__ == "__main__":
    unittest.main(verbosity=2)
