#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Other brokers, settings and certificates of Kafka are taken by a reload, without losing or doubling an event, against a real
broker."""
import collections
import threading
import unittest

import kafka_case  # first: it tells where the others are
import broker
import harness
import pki

TURNS = 6
SOURCES = [{"name": "coa", "kind": "coa", "push": True}]


class ReloadTest(kafka_case.KafkaCase):
    def setUp(self):
        super().setUp()
        self.topic = f"signals-{self._testMethodName.replace('_', '-')}"
        self.kafka.create_topic(self.topic, 3)
        self.daemon = self.make_daemon(SOURCES, {})
        self.posted = 0

    def use(self, brokers, *settings):
        lines = [f"topic: {self.topic}", "counts_topic: none"]
        lines += [f"brokers: {brokers}"] if brokers else []
        lines += ["settings:", *(f"  {setting}" for setting in settings)] if settings else []
        self.daemon.extra = {"kafka": lines}
        self.daemon.write_config()

    def reload(self, *words):
        self.use(*words)
        answer = self.daemon.control("POST", "/v1/reload")
        self.assertEqual(answer.status, 200, answer.body)
        self.changes_over = answer.json["kafkaChanges"]
        return [change["key"] for change in answer.json["keys"]]

    def post(self, count=1):
        items = [{"id": f"{self.posted + n}", **harness.SIGNAL} for n in range(count)]
        self.assertIn(self.daemon.post("coa", items).status, (200, 201))
        self.posted += count

    def await_state(self, state):
        harness.wait_for(lambda: self.daemon.status()["kafka"]["state"] == state, state)

    def assert_once(self):
        kafka_case.await_published(self.daemon)
        records = list(broker.consume(self.kafka.bootstrap, self.topic))
        times = collections.Counter(record["headers"]["ce_id"] for record in records)
        self.assertEqual((len(times), set(times.values())), (self.posted, {1}))
        self.assertEqual(self.daemon.status()["kafka"]["takenBack"], 0)

    def test_settings_under_load(self):
        self.use(self.kafka.bootstrap)
        self.daemon.start()
        stop, failed = threading.Event(), []

        def send():
            try:
                while not stop.is_set():
                    self.post(20)
            except AssertionError as error:
                failed.append(error)
        sender = threading.Thread(target=send)
        sender.start()
        try:
            for turn in range(TURNS):
                before = self.daemon.status()["ledger"]["published"]
                self.assertEqual(self.reload(self.kafka.bootstrap, f"linger.ms: {turn + 1}", "client.id: other"),
                                 ["kafka.settings.linger.ms"] + (["kafka.settings.client.id"] if turn == 0 else []))
                harness.wait_for(lambda before=before: self.daemon.status()["ledger"]["published"] > before + 20, "it goes on")
            self.reload(self.kafka.bootstrap, "linger.ms: 100")  # twice without a pause
            self.reload(self.kafka.bootstrap, "linger.ms: 200")
        finally:
            stop.set()
            sender.join()
        self.assertEqual(failed, [])
        self.assert_once()
        self.assertEqual(self.daemon.status()["kafka"]["restarts"], 0)  # none of them failed
        self.daemon.stop()

    def test_brokers_come_go_and_are_wrong(self):
        nowhere, claim = harness.claim_port()
        self.addCleanup(claim.close)
        self.use(None)
        self.daemon.start()
        self.post(10)
        self.assertEqual(self.daemon.status()["kafka"]["state"], "off")
        self.assertEqual(self.reload(self.kafka.bootstrap), ["kafka.brokers"])
        self.assert_once()
        self.reload(f"127.0.0.1:{nowhere}")
        self.await_state("recovering")
        self.post(10)
        self.reload(None)
        self.await_state("off")
        self.post(10)
        self.assertEqual(self.daemon.status()["ledger"]["waiting"], 20)
        self.reload(self.kafka.bootstrap)
        self.assert_once()
        self.reload(f"127.0.0.1:{nowhere}")
        self.daemon.stop()

    def test_stop_while_changing(self):
        self.use(self.kafka.bootstrap)
        self.daemon.start()
        self.post(500)
        self.reload(self.kafka.bootstrap, "linger.ms: 7")
        self.daemon.stop()
        self.daemon.start()
        self.assert_once()
        self.daemon.stop()

    def test_renewed_certificate(self):
        """The same name with another content is another setting; without a change nothing is made anew."""
        authority = self.daemon.directory / "ca.pem"
        certificate, key = self.daemon.directory / "kafka.crt", self.daemon.directory / "kafka.key"

        def put(days):
            holder = pki.Holder("kafka", ends=days)
            for file, data in ((authority, holder.pem()), (certificate, holder.pem()), (key, holder.key_pem())):
                file.write_bytes(data)
                file.chmod(0o600)
            return holder
        settings = ("security.protocol: plaintext", f"ssl.ca.location: {authority}", f"ssl.certificate.location: {certificate}",
                    f"ssl.key.location: {key}")
        put(10)
        self.use(self.kafka.bootstrap, *settings)
        self.daemon.start()
        self.post(10)
        self.assert_once()
        self.assertRegex(self.daemon.log(), r"<4>\[S050\] a certificate ends soon: the certificate for Kafka, in (9|10) days")
        self.assertEqual((self.reload(self.kafka.bootstrap, *settings), self.changes_over), ([], False))
        self.assertNotIn(" state=stopped ", self.daemon.log())
        holder = put(60)
        self.assertEqual((self.reload(self.kafka.bootstrap, *settings), self.changes_over), ([], True))
        harness.wait_for(lambda: " state=stopped " in self.daemon.log(), "the producer is another one")
        self.post(10)
        self.assert_once()
        ends = self.daemon.status()["kafka"]["certificateEnds"]
        self.assertEqual(ends[:19], holder.certificate.not_valid_after.isoformat())
        self.assertEqual(self.daemon.metrics()['signaald_certificate_end_timestamp_seconds{of="kafka.settings"}'] % 1, 0)
        self.daemon.stop()


if __name__ == "__main__":
    unittest.main(verbosity=2)
