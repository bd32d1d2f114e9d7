#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""The publisher against a real broker: whatever is killed, each event is in the topic exactly once
and each key's events are in order.

There are as many events as come while a test goes on: more on a fast machine. SIGNAALD_SEED repeats a run's choices (not its
timing).
"""
import collections
import os
import pathlib
import random
import shutil
import signal
import struct
import subprocess
import tempfile
import threading
import time
import unittest

import kafka_case  # first: it tells where the others are
import broker
import harness

PARTITIONS = 6
KEYS = 101  # as in outbox_driver.c
GRACE_MS = 400
LIVES_MAX = 40
MARK = struct.Struct("=Qqq")  # in the driver's STATE: seq, offset, partition


class Driver:
    """One life of outbox_driver."""

    def __init__(self, bootstrap, topic, state):
        self.lines = []
        self.news = threading.Condition()
        self.process = subprocess.Popen([harness.BUILD / "tests" / "outbox_driver", bootstrap, topic, state, str(GRACE_MS)],
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

    def _await(self, find, what):
        """What find() makes of the lines, once it is something. Fails when the driver ends before."""
        with self.news:
            fine = self.news.wait_for(lambda: find() is not None or "end" in self.lines, harness.PATIENCE_S)
            found = find()
            if not fine or found is None:
                raise AssertionError(f"no {what} in {self.lines[-20:]}")
            return found

    def await_line(self, start):
        return self._await(lambda: next((line for line in self.lines if line.startswith(start)), None), start)

    def await_marked(self, number):
        return self._await(lambda: next((n for n in [self._marked()] if n >= number), None), f"{number} marked")

    def _marked(self):
        return max((int(line.split()[1]) for line in self.lines if line.startswith("marked ")), default=0)

    def await_more(self):
        """Events are confirmed from now on."""
        self.await_line("state running")
        with self.news:
            number = self._marked()
        self.await_marked(number + 1)

    def found(self):
        """How many events it has found in the tail that were not marked."""
        return int(self.await_line("found").split()[1])

    def finish(self):
        """No more events; the last one when all are confirmed."""
        self.process.send_signal(signal.SIGTERM)
        last = int(self.await_line("done").split()[1])
        assert self.wait() == 0
        return last

    def kill(self):
        self.process.kill()
        self.wait()

    def wait(self):
        code = self.process.wait(harness.PATIENCE_S)
        self.reader.join()
        self.process.stdout.close()
        return code


class PublisherTest(kafka_case.KafkaCase):
    def setUp(self):
        super().setUp()
        self.seed = int(os.environ.get("SIGNAALD_SEED") or random.randrange(1 << 32))
        print(f"SIGNAALD_SEED={self.seed}", flush=True)
        self.random = random.Random(self.seed)
        self.topic = self._testMethodName
        folder = pathlib.Path(tempfile.mkdtemp(prefix="signaald-kafka-"))
        self.addCleanup(shutil.rmtree, folder, True)
        self.state = folder / "state"
        self.kafka.create_topic(self.topic, PARTITIONS)

    def live(self):
        driver = Driver(self.kafka.bootstrap, self.topic, self.state)
        self.addCleanup(driver.process.kill)
        return driver

    def read_topic(self):
        """The events in the topic, each checked by itself and against its key's last."""
        seen = collections.Counter()
        last = {}
        for record in broker.consume(self.kafka.bootstrap, self.topic, ours=False):
            number = record["payload"]["n"]
            seen[number] += 1
            self.assertEqual(record["headers"]["signaald_seq"], str(number))
            self.assertEqual(record["headers"]["signaald_ledger_id"], "outbox-driver")
            self.assertEqual(record["headers"]["ce_id"], f"event-{number}")
            self.assertEqual(record["key"], f"GM{number * 7919 % KEYS:04}")
            before, partition = last.get(record["key"], (0, record["partition"]))
            self.assertGreaterEqual(number, before, "out of order")
            self.assertEqual(record["partition"], partition, "a key in two partitions")
            last[record["key"]] = (number, partition)
        twice = [number for number, times in seen.items() if times > 1]
        self.assertEqual((len(twice), twice[:20]), (0, []), "twice")
        return set(seen)

    def assert_there(self, expected):
        wrong = sorted(self.read_topic() ^ expected)
        self.assertEqual((len(wrong), wrong[:20]), (0, []), "not in the topic, or not known")

    def marked(self):
        """What the driver has noted as confirmed: it has been in the topic, at offsets without a gap."""
        data = self.state.read_bytes()
        whole = data[:len(data) // MARK.size * MARK.size]
        offsets, marked = {}, set()
        for seq, offset, partition in MARK.iter_unpack(whole):
            if seq > 0:  # else: the number of partitions
                marked.add(seq)
                offsets.setdefault(partition, []).append(offset)
        for found in offsets.values():
            self.assertEqual(sorted(found), list(range(len(found))))
        return marked

    def test_killed(self):
        """The driver is killed at random moments, the broker with it or not, until events have been left unmarked."""
        kinds = ["driver"] * 5 + ["hung", "hung", "broker", "both"]
        self.random.shuffle(kinds)
        found = 0
        for life in range(LIVES_MAX):
            if life >= len(kinds) and found:
                break
            driver = self.live()
            found += driver.found()
            self.end(driver, kinds[life] if life < len(kinds) else "driver")
        driver = self.live()
        driver.await_more()
        self.assert_there(set(range(1, driver.finish() + 1)))
        self.assertGreater(found, 0, "no kill left an event unmarked: nothing was tried")

    def end(self, driver, kind):
        driver.await_line("state running")
        if kind == "broker" or self.random.random() < 0.5:
            driver.await_more()
        time.sleep(self.random.uniform(0.02, 0.4))
        if kind == "hung":  # bytes wait in the broker's socket while the driver dies
            self.kafka.pause()
            time.sleep(self.random.uniform(0.05, 0.3))
            driver.kill()
            self.kafka.resume()
        elif kind == "broker":
            self.kafka.kill()
            self.kafka.start()
            time.sleep(self.random.uniform(0.2, 1.0))
            driver.kill()
        elif kind == "both":
            self.kafka.kill()
            driver.kill()
            self.kafka.start()
        else:
            driver.kill()

    def test_broker_restarts(self):
        """One life of the driver, several of the broker."""
        driver = self.live()
        for stop in (self.kafka.kill, self.kafka.stop):
            driver.await_more()
            time.sleep(self.random.uniform(0, 0.3))
            stop()
            self.kafka.start()
        driver.await_more()
        self.assert_there(set(range(1, driver.finish() + 1)))

    def test_topic_deleted(self):
        """The topic is taken away and made anew: what was confirmed is gone with it, all else is
        kept and comes."""
        driver = self.live()
        driver.await_more()
        self.kafka.delete_topic(self.topic)
        driver.await_line("state recovering: the topic does not exist")
        gone = self.marked()
        self.kafka.create_topic(self.topic, PARTITIONS)
        driver.await_more()
        self.assert_there(set(range(1, driver.finish() + 1)) - gone)

    def test_topic_grown_before_commit(self):
        """As above, and the driver is killed before it could keep anything of the new topic, when that has already
        more than the old one had."""
        driver = self.live()
        driver.await_more()
        self.kafka.delete_topic(self.topic)
        driver.await_line("state recovering: the topic does not exist")
        gone, kept = self.marked(), self.state.read_bytes()
        self.kafka.create_topic(self.topic, PARTITIONS)
        while self.state.stat().st_size < 3 * len(kept):
            driver.await_more()
        driver.kill()
        self.state.write_bytes(kept)
        driver = self.live()
        driver.await_line("state recovering: the topic is another one than before")
        driver.await_more()
        self.assert_there(set(range(1, driver.finish() + 1)) - gone)


if __name__ == "__main__":
    unittest.main(verbosity=2)
