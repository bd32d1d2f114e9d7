#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""The topic of signals as they stand, with a real Kafka: what a table holds that is filled from it is what the ledger has, whatever
happens to the signals, the topic or the daemon."""
import shutil
import subprocess
import unittest

import kafka_case  # first: it tells where the others are
import broker
import harness
import standing
from harness import wait_for
from kafka_case import await_published

COMPACT = {"cleanup.policy": "compact"}
SOURCES = [{"name": "utrecht", "kind": "municipality", "municipality": "GM0344", "push": True},
           {"name": "weesp", "kind": "municipality", "municipality": "GM0457", "push": True}]


class Current(kafka_case.KafkaCase):
    def setUp(self):
        super().setUp()
        self.events, self.topic = self._testMethodName, self._testMethodName + "-current"
        self.kafka.create_topic(self.events, 2)
        self.kafka.create_topic(self.topic, 3, COMPACT)
        self.daemon = self.make_daemon(SOURCES, {"kafka": self.lines(self.topic)})

    def lines(self, topic):
        return [f"brokers: {self.kafka.bootstrap}", f"topic: {self.events}", "counts_topic: none", f"current_topic: {topic}",
                "recovery_wait: 50ms"]

    def start(self, topic=None):
        self.daemon.extra["kafka"] = self.lines(topic or self.topic)
        self.daemon.write_config()
        self.daemon.start()

    def deliver(self, *items, source="utrecht"):
        answer = self.daemon.post(source, [{**harness.SIGNAL, **item} for item in items])
        self.assertEqual(answer.status, 200, answer.body)

    def erase(self, name, source="utrecht"):
        answer = self.daemon.control("DELETE", f"/v1/signals/{source}/{name}")
        self.assertEqual(answer.status, 200, answer.body)

    def current(self):
        return self.daemon.status()["kafka"]["current"]

    def await_told(self):
        await_published(self.daemon)
        wait_for(lambda: (now := self.current())["state"] == "running" and now["waiting"] == 0, "the current signals are told")

    def check(self, topic=None, ours=True):
        self.await_told()
        if ours:
            outcome = self.daemon.verify("?topic=1")[-1]
            self.assertTrue(outcome["whole"], outcome)
        return standing.check(self, self.kafka.bootstrap, self.events, topic or self.topic, ours)

    def signal(self, name, source="utrecht"):
        return self.daemon.control("GET", f"/v1/signals/{source}/{name}").json["signal"]

    def test_all_that_happens(self):
        self.start()
        self.deliver({"id": "s-1"}, {"id": "s-2", "reported": "2017-03-05"}, {"id": "s-3", "category": ["loonuitbuiting", "bedelarij"]},
                     {"id": "s-4"}, {"id": "s-5", "withdrawn": True}, {"id": "s-6", "status": "rejected"})
        self.deliver({"id": "w-1", "reported": "2017-03-05", "municipality": "Weesp"}, source="weesp")
        held = self.check()
        self.assertEqual(len(held), 7)
        old = held[self.signal("w-1", "weesp")]
        self.assertEqual((old["municipalityName"], old["municipalityTodayName"]), ("Weesp", "Amsterdam"))
        self.assertFalse(held[self.signal("s-6")]["counts"])
        self.deliver({"id": "s-1", "status": "confirmed"}, {"id": "s-2", "withdrawn": True}, {"id": "s-3", "municipality": "nergens"})
        erased = self.signal("s-4")
        self.erase("s-4")
        held = self.check()
        self.assertEqual(len(held), 6)
        self.assertNotIn(erased, held)
        self.assertEqual([held[self.signal(name)]["counts"] for name in ("s-1", "s-2", "s-5")], [True, False, False])
        self.deliver({"id": "s-2", "status": "confirmed"})  # it comes back
        self.assertTrue(self.check()[self.signal("s-2")]["counts"])
        metrics = self.daemon.metrics()
        self.assertEqual(metrics["signaald_current_waiting"], 0)
        self.assertEqual(metrics[f'signaald_kafka_state{{topic="{self.topic}",state="running"}}'], 1)
        self.daemon.stop()

    def test_killed(self):
        """While Kafka is away, and again before anything is confirmed."""
        self.start()
        self.deliver(*({"id": f"s-{n}"} for n in range(50)))
        self.check()
        self.kafka.pause()
        self.deliver(*({"id": f"s-{n}", "status": "confirmed"} for n in range(40)))
        self.erase("s-45")
        self.daemon.kill()
        self.start()
        self.deliver({"id": "s-46", "withdrawn": True})
        self.kafka.resume()
        self.check()
        self.deliver(*({"id": f"s-{n}", "status": "possible"} for n in range(30)))
        self.daemon.kill()
        self.start()
        self.check()
        self.assertTrue(self.daemon.verify()[-1]["whole"])
        self.daemon.stop()

    def test_topic_deleted(self):
        """Made anew it gets all that the ledger has; events do not wait for it."""
        self.start()
        self.deliver(*({"id": f"s-{n}"} for n in range(5000)))
        self.erase("s-7")
        self.check()
        for restart in (False, True):
            self.kafka.delete_topic(self.topic)
            self.deliver({"id": "s-8", "status": "rejected" if restart else "confirmed"})
            wait_for(lambda: self.daemon.status()["ledger"]["waiting"] == 0, "events go on")
            if restart:
                self.daemon.kill()
                self.start()
            wait_for(lambda: self.current()["whatToDo"], "the status says what to do")
            self.kafka.create_topic(self.topic, 2, COMPACT)
            self.assertEqual(len(self.check()), 4999)
        self.daemon.stop()

    def test_other_topics(self):
        """What changed while another topic, or none, was in use is made up for; what was erased meanwhile goes."""
        other = self.topic + "-b"
        self.kafka.create_topic(other, 1, COMPACT)
        self.start()
        self.deliver(*({"id": f"s-{n}"} for n in range(20)))
        self.check()
        for n, topic in enumerate((other, self.topic, "none", self.topic)):
            self.daemon.stop()
            self.start(topic)
            self.deliver({"id": f"s-{n}", "status": "confirmed"})
            self.erase(f"s-{n + 10}")
            if topic == "none":
                await_published(self.daemon)
                self.assertEqual(self.current(), {"state": "off", "topic": None, "waiting": 0, "lastError": None, "whatToDo": None})
            else:
                self.assertEqual(len(self.check(topic)), 19 - n)
        self.daemon.stop()

    def test_records_of_others(self):
        """Somebody else's record is seen at the next start, told, and overwritten; one of a signal that never was gets a tombstone."""
        self.topic += "-one"  # with one partition, where a record of any key belongs
        self.kafka.create_topic(self.topic, 1, COMPACT)
        self.start()
        self.deliver(*({"id": f"s-{n}"} for n in range(5)))
        held = self.check()
        records = list(broker.consume(self.kafka.bootstrap, self.topic))
        false = {**records[0], "payload": {**records[0]["payload"], "counts": False}}
        phantom = {**records[1], "key": "f" * 32, "headers": {}, "payload": {**records[1]["payload"], "signal": "f" * 32}}
        gone = {**records[2], "payload": None, "headers": {}}
        self.daemon.stop()
        broker.produce(self.kafka.bootstrap, self.topic, [false, phantom, gone])
        self.start()
        self.assertEqual(self.check(ours=False), held)
        self.assertIn(f"records in our name that are not ours: topic={self.topic} count=3", self.daemon.log())
        self.assertTrue(self.daemon.verify("?topic=1")[-1]["whole"])
        broker.produce(self.kafka.bootstrap, self.topic, [false, phantom, {**phantom, "key": "no signal"}])
        outcome = self.daemon.verify("?topic=1")[-1]
        told = next(check for check in outcome["checks"] if check["name"] == "topic")
        self.assertEqual((outcome["whole"], told["differs"], told["waiting"]), (False, 3, 0))
        self.assertEqual({one["signal"]: one["what"] for one in told["different"]},
                         {false["key"]: "it stands otherwise in the ledger", phantom["key"]: "the ledger does not have it"})
        done = subprocess.run([harness.BUILD / "signaalctl", "--socket", self.daemon.control_path, "verify", "--topic"],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn(f"signal {phantom['key']}: the ledger does not have it\n", done.stdout)
        self.assertTrue(self.daemon.verify()[-1]["whole"])  # where the topic is not asked
        self.daemon.stop()

    def test_ledger_rolled_back(self):
        """The topics are ahead of a ledger that was put back: what they have is the ledger's again, and no number is used twice."""
        self.start()
        self.deliver(*({"id": f"s-{n}"} for n in range(10)))
        self.await_told()
        self.daemon.stop()
        copy = self.daemon.state.with_name("copy")
        shutil.copytree(self.daemon.state, copy)
        self.start()
        self.deliver(*({"id": f"s-{n}", "status": "confirmed"} for n in range(5)), {"id": "new"})
        self.erase("s-9")
        self.check()
        self.daemon.kill()
        shutil.rmtree(self.daemon.state)
        shutil.move(copy, self.daemon.state)
        self.kafka.pause()
        self.start()
        self.deliver(*({"id": f"s-{n}", "status": "rejected"} for n in range(3, 8)))
        self.kafka.resume()
        held = self.check()
        self.assertEqual([held[self.signal(f"s-{n}")]["status"] for n in (0, 4, 7, 8)], ["confirmed", "rejected", "rejected", "possible"])
        numbers = [record["headers"]["signaald_seq"] for record in broker.consume(self.kafka.bootstrap, self.topic)]
        self.assertEqual(len(numbers), len(set(numbers)))
        self.daemon.stop()


    def test_names_change(self):
        """A table with other names is told at once, of all signals."""
        table = self.daemon.directory / "municipalities.csv"
        shutil.copy(standing.TABLE, table)
        self.daemon.extra["tables"] = [f"municipalities: {table}"]
        self.start()
        self.deliver(*({"id": f"s-{n}"} for n in range(3)), {"id": "w", "reported": "2017-03-05", "municipality": "Weesp"})
        before = len(list(broker.consume(self.kafka.bootstrap, self.topic))) if self.check() else 0
        table.write_text(table.read_text().replace("GM0363,Amsterdam,", "GM0363,Groot-Amsterdam,"))
        self.assertEqual(self.daemon.control("POST", "/v1/reload").status, 200)
        wait_for(lambda: len(list(broker.consume(self.kafka.bootstrap, self.topic))) >= before + 4, "all are told anew")
        self.await_told()
        held = standing.view(broker.consume(self.kafka.bootstrap, self.topic))
        self.assertEqual(held[self.signal("w")]["municipalityTodayName"], "Groot-Amsterdam")
        self.assertEqual(len(list(broker.consume(self.kafka.bootstrap, self.topic))), before + 4)
        self.daemon.stop()
        self.start()
        self.assertTrue(self.daemon.verify("?topic=1")[-1]["whole"])
        self.daemon.stop()


if __name__ == "__main__":
    unittest.main()
