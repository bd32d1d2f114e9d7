#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""The daemon and a real Kafka, end to end: what a consumer of the topic may rely on. Each test has a
topic of its own on one broker."""
import re
import subprocess
import threading
import unittest

import kafka_case  # first: it tells where the others are
import broker
import harness
from harness import wait_for
from kafka_case import await_published

PARTITIONS = 4
LIVES_MAX = 40
SOURCES = [{"name": "utrecht", "kind": "municipality", "municipality": "GM0344", "push": True},
           {"name": "fairwork", "kind": "ngo", "push": True}]
MUNICIPALITIES = ("GM0363", "GM0599", "GM0344", "GM0518", "GM0014", "GM0855", "GM0034", "GM0268")
TYPE = "nl.mensenhandelsignalen.signal."
URN = f"urn:nld:oin:{harness.OIN}:systeem:signaald"
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")


def signals(first, last, **other):
    return [{**harness.SIGNAL, "id": f"s-{n}", "municipality": MUNICIPALITIES[n % len(MUNICIPALITIES)], **other}
            for n in range(first, last + 1)]


def seq_of(record):
    return int(record["headers"]["signaald_seq"])


class DaemonTest(kafka_case.KafkaCase):
    def setUp(self):
        super().setUp()
        self.topic = self._testMethodName
        self.kafka.create_topic(self.topic, PARTITIONS)

    def make_daemon(self, brokers=True):
        return super().make_daemon(SOURCES, {"kafka": self.kafka_lines(brokers)})

    def kafka_lines(self, brokers):
        lines = [f"topic: {self.topic}", "recovery_wait: 200ms"]
        return [f"brokers: {self.kafka.bootstrap}", *lines] if brokers else lines

    def post(self, daemon, items, source="utrecht"):
        for first in range(0, len(items), 100):
            self.assertEqual(daemon.post(source, items[first:first + 100]).status, 200)

    def await_state(self, daemon, state):
        wait_for(lambda: daemon.status()["kafka"]["state"] == state, f"Kafka is {state}")

    def records(self):
        return list(broker.consume(self.kafka.bootstrap, self.topic))

    def check_exactly_once(self, records, accepted):
        """Each of the events of one daemon once, each key's in order, each signal's versions too."""
        self.assertEqual(len(records), accepted)
        self.assertEqual(set(map(seq_of, records)) ^ set(range(1, accepted + 1)), set())
        last, version, partition = {}, {}, {}
        for record in records:
            self.assertGreater(seq_of(record), last.get(record["key"], 0))
            last[record["key"]] = seq_of(record)
            name = record["payload"]["signal"]
            self.assertEqual(record["payload"]["version"], version.get(name, 0) + 1)
            version[name] = record["payload"]["version"]
            self.assertEqual(partition.setdefault(name, record["partition"]), record["partition"])

    def test_event(self):
        """Registered, corrected into another municipality, withdrawn: headers, key and value of each."""
        daemon = self.make_daemon().start()
        first = {**harness.SIGNAL, "id": "2017-1", "municipality": "Amsterdam"}
        name = daemon.post("utrecht", first).json["signal"]
        daemon.post("utrecht", {**first, "municipality": "GM0599"})
        daemon.request("DELETE", "/v1/signals/2017-1", headers={"Authorization": "Bearer " + harness.token_of("utrecht")})
        await_published(daemon)
        records = sorted(self.records(), key=seq_of)
        self.assertEqual(len(records), 3)
        for number, (record, verdict) in enumerate(zip(records, ("registered", "corrected", "withdrawn")), 1):
            headers = record["headers"]
            self.assertRegex(headers.pop("ce_time"), STAMP)
            self.assertRegex(headers.pop("signaald_content"), "^[0-9a-f]{32}$")
            self.assertRegex(headers.pop("signaald_ledger_id"), "^[0-9a-f]{32}$")
            self.assertRegex(headers.pop("signaald_key"), "^[0-9a-f]{16}$")
            self.assertRegex(headers.pop("signaald_digest"), "^[0-9a-f]{32}$")
            if verdict == "withdrawn":  # by DELETE, which says when
                self.assertRegex(headers.pop("signaald_updated"), r"^\d+$")
            self.assertEqual(headers, {
                "ce_specversion": "1.0", "ce_id": f"{name}.{number}", "ce_source": URN, "ce_type": f"{TYPE}{verdict}.v1",
                "ce_sequence": str(number), "ce_sequencetype": "Integer", "ce_partitionkey": "GM0363",
                "ce_dataschema": f"{URN}:schema:signal:v1", "ce_dataclassification": "restricted",
                "ce_dataregulation": "GDPR", "ce_datacategory": "special-category", "content-type": "application/json",
                "signaald_seq": str(number)})
            self.assertEqual(record["key"], "GM0363")
            self.check_value(record["payload"], name, number)
        self.assertEqual(len({record["partition"] for record in records}), 1)
        self.assertEqual(records[0]["payload"]["municipality"]["code"], "GM0363")
        self.assertEqual(records[1]["payload"]["municipality"]["code"], "GM0599")
        self.assertEqual(records[1]["payload"]["previous"]["municipality"]["code"], "GM0363")
        self.assertEqual(records[2]["payload"]["previous"]["municipality"]["code"], "GM0599")
        self.assertEqual([event["data"] for event in daemon.events()], [record["payload"] for record in records])
        daemon.stop()

    def test_issuer(self):
        """The prefix of types and the law are the operator's. What was written with others before is known again by a rebuild."""
        daemon = self.make_daemon().start()
        daemon.post("utrecht", signals(1, 2))
        await_published(daemon)
        daemon.stop()
        daemon.extra["identity"] = ["type_prefix: nl.gemeente-x.meldpunt", "data_regulation: AVG,WPG"]
        daemon.write_config()
        daemon.start()
        daemon.post("utrecht", signals(2, 3, status="confirmed"))
        await_published(daemon)
        told = sorted((seq_of(record), record["headers"]["ce_type"], record["headers"]["ce_dataregulation"])
                      for record in broker.consume(self.kafka.bootstrap, self.topic, ours=False))
        self.assertEqual(told, [(1, f"{TYPE}registered.v1", "GDPR"), (2, f"{TYPE}registered.v1", "GDPR"),
                                (3, "nl.gemeente-x.meldpunt.signal.corrected.v1", "AVG,WPG"),
                                (4, "nl.gemeente-x.meldpunt.signal.registered.v1", "AVG,WPG")])
        # A tail tells a ledger's events as of now.
        done = subprocess.run([harness.BUILD / "signaalctl", "--socket", daemon.control_path, "--json", "tail", "--from", "1"],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.stdout.count('"type":"nl.gemeente-x.meldpunt.'), 4, done.stderr)
        counts = daemon.counts("?by=status")["lines"]
        daemon.kill()
        for path in daemon.state.iterdir():
            if path.suffix != ".key":
                path.unlink()
        done = subprocess.run([harness.BUILD / "signaald", "-c", daemon.config_path, "--rebuild"], capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        daemon.start()
        self.assertEqual(daemon.counts("?by=status")["lines"], counts)
        daemon.stop()

    def check_value(self, value, name, version):
        self.assertEqual((value["signal"], value["version"]), (name, version))
        self.assertEqual(value["source"], {"name": "utrecht", "kind": "municipality"})
        self.assertEqual(value["categories"], ["SexualExploitation"])
        self.assertEqual((value["reported"], value["occurred"], value["status"]), ("2017-03-05", None, "possible"))
        self.assertEqual(value["victim"], {"gender": "Masculine", "ageGroup": "Adult", "citizenship": "nonEU"})
        self.assertEqual(value["linked"], [])
        self.assertRegex(value["received"], STAMP)
        self.assertEqual("previous" in value, version > 1)
        self.assertLessEqual({"province", "policeUnit", "safetyRegion", "municipality"}, set(value))

    def test_key_of_unknown_place(self):
        """Where the municipality is unknown the source is the key."""
        daemon = self.make_daemon().start()
        daemon.post("fairwork", {**harness.SIGNAL, "id": "1"})
        await_published(daemon)
        (record,) = self.records()
        self.assertEqual((record["key"], record["headers"]["ce_partitionkey"]), ("fairwork", "fairwork"))
        daemon.stop()

    def test_why(self):
        """Partition and offset that the daemon tells are those that a consumer sees."""
        daemon = self.make_daemon().start()
        self.post(daemon, signals(1, 60))
        self.post(daemon, signals(1, 30, category="arbeidsuitbuiting"))
        await_published(daemon)
        seen = {seq_of(record): {"topic": self.topic, "partition": record["partition"], "offset": record["offset"]}
                for record in self.records()}
        told = {}
        for number in range(1, 61):
            for version in daemon.control("GET", f"/v1/signals/utrecht/s-{number}").json["versions"]:
                told[version["sequence"]] = version["published"]
        self.assertEqual(told, seen)
        daemon.stop()

    def test_brokers_later(self):
        daemon = self.make_daemon(brokers=False).start()
        self.post(daemon, signals(1, 300))
        self.post(daemon, signals(1, 100, status="confirmed"))
        self.assertEqual(daemon.status()["ledger"]["waiting"], 400)
        self.assertEqual(daemon.status()["kafka"]["state"], "off")
        daemon.stop()
        daemon.extra["kafka"] = self.kafka_lines(True)
        daemon.write_config()
        daemon.start()
        await_published(daemon)
        self.check_exactly_once(self.records(), 400)
        daemon.stop()

    def test_kafka_away(self):
        """At the start, and again later: intake goes on, and all is published once Kafka is back."""
        self.kafka.stop()
        daemon = self.make_daemon().start()
        self.post(daemon, signals(1, 200))
        self.assertEqual(daemon.status()["ledger"]["waiting"], 200)
        self.kafka.start()
        await_published(daemon)
        self.kafka.kill()
        self.post(daemon, signals(201, 500))
        self.assertEqual(daemon.status()["ledger"]["waiting"], 300)
        self.kafka.start()
        await_published(daemon)
        self.check_exactly_once(self.records(), 500)
        daemon.stop()

    def test_topic_deleted(self):
        """What was confirmed went with the topic. All else is kept, told of, and comes."""
        daemon = self.make_daemon().start()
        pid = daemon.process.pid
        self.post(daemon, signals(1, 200))
        await_published(daemon)
        self.kafka.delete_topic(self.topic)
        self.post(daemon, signals(201, 500))
        wait_for(lambda: daemon.status()["kafka"]["lastError"], "the status tells of it")
        wait_for(lambda: "<4>[S030] kafka topic=" in daemon.log().split("handing over the outbox", 1)[1],
                 "the log tells of it")
        self.assertEqual(daemon.status()["ledger"]["waiting"], 300)
        self.kafka.create_topic(self.topic, PARTITIONS)
        self.post(daemon, signals(501, 600))
        await_published(daemon)
        self.assertLessEqual(set(range(201, 601)), {seq_of(record) for record in self.records()})
        self.check_places(daemon)
        self.assertEqual(daemon.process.pid, pid)
        self.post(daemon, signals(601, 700))
        await_published(daemon)
        daemon.stop()
        daemon.start()
        self.await_state(daemon, "running")
        self.check_places(daemon)
        daemon.stop()

    def check_places(self, daemon):
        """Of each signal the daemon tells a place where it is, the first of each partition too."""
        self.assertTrue(daemon.verify()[-1]["whole"])
        self.assertEqual(daemon.status()["ledger"]["waiting"], 0)
        places, partitions, firsts = {}, set(), set()
        for record in self.records():
            places.setdefault(seq_of(record), []).append((record["partition"], record["offset"]))
            partitions.add(record["partition"])
            if record["offset"] == 0:
                firsts.add(record["partition"])
        self.assertEqual(firsts, partitions)
        for seq, found in places.items():
            (version,) = daemon.control("GET", f"/v1/signals/utrecht/s-{seq}").json["versions"]
            self.assertEqual((version["sequence"], version["published"]["topic"]), (seq, self.topic))
            self.assertIn((version["published"]["partition"], version["published"]["offset"]), found)

    def test_full_ledger(self):
        """Filled by signals, and then by the audit lines of whoever reads: what Kafka confirms is kept all the same."""
        daemon = self.make_daemon()
        daemon.extra.update({"state": ["size_max: 2MiB"], "intake": ["backlog_max: 2MiB"]})
        daemon.write_config()
        daemon.start()
        self.await_state(daemon, "running")
        self.kafka.stop()
        accepted = 0
        while daemon.post("utrecht", signals(accepted + 1, accepted + 100)).status == 200:
            accepted += 100
        reads = 0
        while daemon.control("GET", "/v1/counts").status == 200 and reads < 5000:
            reads += 1
        self.assertGreater(reads, 0)
        self.assertGreater(accepted, 500)
        self.kafka.start()
        await_published(daemon)
        self.check_exactly_once(self.records(), accepted)
        daemon.stop()
        daemon.start()
        await_published(daemon)
        daemon.stop()

    def test_stop_while_publishing(self):
        daemon = self.make_daemon()
        accepted, lives, under_way = 0, 0, 0
        while lives < 4 or (under_way == 0 and lives < LIVES_MAX):
            lives += 1
            daemon.start()
            self.await_state(daemon, "running")
            self.post(daemon, signals(accepted + 1, accepted + 3000))
            accepted += 3000
            under_way += daemon.status()["ledger"]["waiting"]
            daemon.stop()
        self.assertGreater(under_way, 0)
        daemon.start()
        await_published(daemon)
        self.check_exactly_once(self.records(), accepted)
        daemon.stop()

    def test_stop_without_kafka(self):
        """A stop does not wait for a Kafka that hangs, and loses nothing by it."""
        daemon = self.make_daemon().start()
        self.await_state(daemon, "running")
        self.kafka.pause()
        try:
            self.post(daemon, signals(1, 1000))
            daemon.stop()
        finally:
            self.kafka.resume()
        daemon.start()
        await_published(daemon)
        self.check_exactly_once(self.records(), 1000)
        daemon.stop()

    def test_two_origins(self):
        """Two daemons write to one topic; one is killed and must tell its own events from the other's."""
        daemons = [self.make_daemon().start() for _ in range(2)]
        threads = [threading.Thread(target=self.post, args=(daemon, signals(1, 2000))) for daemon in daemons]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        daemons[0].kill()
        self.post(daemons[1], signals(2001, 2500))
        daemons[0].start()
        self.post(daemons[0], signals(2001, 2500))
        origins = {}
        for daemon in daemons:
            await_published(daemon)
        for record in self.records():
            origins.setdefault(record["headers"]["signaald_ledger_id"], []).append(record)
        self.assertEqual(len(origins), 2)
        for records in origins.values():
            self.check_exactly_once(records, 2500)
        for daemon in daemons:
            daemon.stop()

    def test_more_partitions(self):
        """Partitions are added: all versions of a signal stay where its first one is."""
        daemon = self.make_daemon().start()
        self.post(daemon, signals(1, 100))
        await_published(daemon)
        self.kafka.add_partitions(self.topic, PARTITIONS + 5)
        self.post(daemon, signals(1, 100, status="confirmed"))
        await_published(daemon)
        daemon.stop()
        daemon.start()
        self.post(daemon, signals(1, 100, status="rejected"))
        await_published(daemon)
        records = self.records()
        self.check_exactly_once(records, 300)
        self.assertLess(max(record["partition"] for record in records), PARTITIONS)
        daemon.stop()


if __name__ == "__main__":
    unittest.main(verbosity=2)
