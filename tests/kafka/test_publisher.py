#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""The publisher against a real broker: whatever is killed, each event is in the topic exactly once
and each key's events are in order.

outbox_driver is looked for in the folder that SIGNAALD_BUILD names.
"""

import collections
import os
import random
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import broker

PARTITIONS = 6
KEYS = 101  # as in outbox_driver.c
GRACE_MS = 400
LIFE_SECONDS = 120
MARK = struct.Struct("=Qqq")  # in the driver's STATE: seq, offset, partition


def find_driver(build):
    for folder in (build, os.path.join(build, "tests")):
        path = os.path.join(folder, "outbox_driver")
        if os.access(path, os.X_OK):
            return path
    raise SystemExit("no outbox_driver in " + build)


class Driver:
    """One life of the driver."""

    def __init__(self, program, bootstrap, topic, state, count):
        self.lines = []
        self.news = threading.Condition()
        self.process = subprocess.Popen(
            [program, bootstrap, topic, state, str(count), str(GRACE_MS)],
            stdout=subprocess.PIPE, text=True)
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            with self.news:
                self.lines.append(line.strip())
                self.news.notify_all()
        with self.news:
            self.lines.append("end")
            self.news.notify_all()

    def await_line(self, start):
        """Waits for a line that starts so; the line. Fails when the driver ends before."""
        deadline = time.monotonic() + LIFE_SECONDS
        with self.news:
            while True:
                for line in self.lines:
                    if line.startswith(start):
                        return line
                if "end" in self.lines or time.monotonic() > deadline:
                    raise AssertionError("no '%s' in %s" % (start, self.lines[-20:]))
                self.news.wait(1)

    def is_done(self):
        with self.news:
            return "done" in self.lines

    def kill(self):
        self.process.kill()
        return self.wait()

    def wait(self):
        code = self.process.wait(LIFE_SECONDS)
        self.reader.join()
        self.process.stdout.close()
        return code


class PublisherTest(unittest.TestCase):
    driver_program = None

    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.TemporaryDirectory(prefix="signaald-kafka-")
        cls.broker = broker.Broker(cls.dir.name)
        cls.broker.start()

    @classmethod
    def tearDownClass(cls):
        cls.broker.kill()
        cls.dir.cleanup()

    def setUp(self):
        self.seed = int(os.environ.get("SEED") or random.randrange(1 << 32))
        print("SEED=%d" % self.seed, flush=True)
        self.random = random.Random(self.seed)
        self.topic = self._testMethodName
        self.state = os.path.join(self.dir.name, self.topic + ".state")
        self.broker.create_topic(self.topic, PARTITIONS)

    def live(self, count):
        driver = Driver(self.driver_program, self.broker.bootstrap, self.topic, self.state, count)
        self.addCleanup(driver.process.kill)
        return driver

    def finish(self, count):
        driver = self.live(count)
        driver.await_line("done")
        self.assertEqual(driver.wait(), 0)
        return driver

    def read_topic(self):
        """The events in the topic, each checked by itself and against its key's last; a Counter."""
        seen = collections.Counter()
        last = {}
        for record in broker.consume(self.broker.bootstrap, self.topic, ours=False):
            number = record["payload"]["n"]
            seen[number] += 1
            self.assertEqual(record["headers"]["signaald_seq"], str(number))
            self.assertEqual(record["headers"]["signaald_origin"], "outbox-driver")
            self.assertEqual(record["headers"]["ce_id"], "event-%d" % number)
            self.assertEqual(record["key"], "GM%04d" % (number * 7919 % KEYS))
            before, partition = last.get(record["key"], (0, record["partition"]))
            self.assertGreaterEqual(number, before, "out of order")
            self.assertEqual(record["partition"], partition, "a key in two partitions")
            last[record["key"]] = (number, partition)
        twice = [number for number, times in seen.items() if times > 1]
        self.assertEqual(len(twice), 0, "twice: %s" % twice[:20])
        return seen

    def marked(self):
        """What the driver has noted as confirmed."""
        with open(self.state, "rb") as file:
            data = file.read()
        size = MARK.size
        return {MARK.unpack_from(data, at)[0] for at in range(0, len(data) // size * size, size)}

    def test_killed(self):
        """The driver is killed at random moments, the broker with it or not."""
        count = 150000
        kinds = ["driver"] * 5 + ["hung", "hung", "broker", "both"]
        self.random.shuffle(kinds)
        found = 0
        for kind in kinds:
            driver = self.live(count)
            found += int(driver.await_line("found").split()[1])
            driver.await_line("state running")
            time.sleep(self.random.uniform(0.02, 0.6))
            self.assertFalse(driver.is_done(), "too few events for so many kills")
            if kind == "hung":  # bytes wait in the broker's socket while the driver dies
                self.broker.pause()
                time.sleep(self.random.uniform(0.05, 0.3))
                driver.kill()
                self.broker.resume()
            elif kind == "broker":
                self.broker.kill()
                self.broker.start()
                time.sleep(self.random.uniform(0.2, 1.0))
                driver.kill()
            elif kind == "both":
                self.broker.kill()
                driver.kill()
                self.broker.start()
            else:
                driver.kill()
        found += int(self.finish(count).await_line("found").split()[1])
        self.assertEqual(set(self.read_topic()), set(range(1, count + 1)))
        self.assertGreater(found, 0, "no kill left an event unmarked: nothing was tried")

    def test_broker_restarts(self):
        """One life of the driver, several of the broker."""
        count = 100000
        driver = self.live(count)
        for stop in (self.broker.kill, self.broker.stop):
            driver.await_line("state running")
            time.sleep(self.random.uniform(0.3, 0.8))
            self.assertFalse(driver.is_done(), "too few events for so many restarts")
            stop()
            self.broker.start()
            time.sleep(self.random.uniform(0.2, 0.5))
        driver.await_line("done")
        self.assertEqual(driver.wait(), 0)
        self.assertEqual(set(self.read_topic()), set(range(1, count + 1)))

    def test_topic_deleted(self):
        """The topic is taken away and made anew: what was confirmed is gone with it, all else is
        kept and comes."""
        count = 80000
        driver = self.live(count)
        driver.await_line("state running")
        time.sleep(0.3)
        self.broker.delete_topic(self.topic)
        time.sleep(0.5)
        gone = self.marked()
        self.assertLess(len(gone), count)
        self.broker.create_topic(self.topic, PARTITIONS)
        driver.await_line("done")
        self.assertEqual(driver.wait(), 0)
        self.assertEqual(set(range(1, count + 1)) - set(self.read_topic()) - gone, set())


if __name__ == "__main__":
    PublisherTest.driver_program = find_driver(os.environ.get("SIGNAALD_BUILD", "build/release"))
    unittest.main(verbosity=2)
