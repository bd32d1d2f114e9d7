#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""The topic of statistics for outside, with a real Kafka and a clock that is moved: what a reader of the compacted
topic holds is what the daemon tells, whatever happens in between; and the topic of events is not disturbed by it. What
departs from its trend at a close is on that topic once, and nowhere else."""
import datetime
import json
import os
import random
import sys
import time
import unittest
import zoneinfo

import kafka_case  # first: it tells where the others are
import broker
import harness
from harness import wait_for
from kafka_case import await_published

sys.path.insert(0, str(harness.ROOT / "conf/examples"))
import tally

AMSTERDAM = zoneinfo.ZoneInfo("Europe/Amsterdam")
SOURCES = [{"name": f"utrecht-{n}", "kind": "municipality", "municipality": "GM0344", "push": True} for n in range(5)]
COMPACT = {"cleanup.policy": "compact"}


def source_of(name):
    return SOURCES[int(name.split("-")[1]) % len(SOURCES)]["name"]


def first_of_month(months):
    """Noon of the first day of the month that comes in so many months."""
    today = datetime.datetime.now(AMSTERDAM)
    year, month = divmod(today.year * 12 + today.month - 1 + months, 12)
    return datetime.datetime(year, month + 1, 1, 12, tzinfo=AMSTERDAM)


class FiguresTest(kafka_case.KafkaCase):
    def setUp(self):
        super().setUp()
        self.events_topic, self.topic = self._testMethodName, self._testMethodName + "-counts"
        self.kafka.create_topic(self.events_topic, 2)
        self.daemon = self.make_daemon(SOURCES, {"kafka": self.kafka_lines(), "trend": ["wait: 0s"]})
        self.delivered = 0
        self.months = 0

    def kafka_lines(self):
        return [f"topic: {self.events_topic}", f"counts_topic: {self.topic}", "recovery_wait: 200ms", f"brokers: {self.kafka.bootstrap}"]

    def start(self, wait=True):
        moment = first_of_month(self.months)
        self.daemon.start(wait=wait, env={"LD_PRELOAD": str(harness.BUILD / "tests" / "libshift_clock.so"),
                                          "SHIFT_CLOCK_S": str(int(moment.timestamp() - time.time()))})

    def deliver(self, count, months_ago, category):
        month = first_of_month(self.months - months_ago)
        items = [{**harness.SIGNAL, "id": f"s-{self.delivered + n}", "category": category, "reported": month.date().isoformat()}
                 for n in range(count)]
        self.delivered += count
        for source in SOURCES:  # no source alone brings about a release
            own = [item for item in items if source["name"] == source_of(item["id"])]
            self.assertEqual(self.daemon.post(source["name"], own).status, 200)

    def withdraw(self, names):
        for name in names:
            self.assertEqual(self.daemon.post(source_of(name), {"id": name, "withdrawn": True}).status, 200)

    def counts_status(self):
        return self.daemon.status()["kafka"]["counts"]

    def await_published(self):
        wait_for(lambda: self.counts_status()["state"] == "running", "the topic of statistics is there")
        await_published(self.daemon)

    def records(self):
        return sorted(broker.consume(self.kafka.bootstrap, self.topic), key=lambda r: int(r["headers"]["signaald_seq"]))

    def check_topic(self):
        """The latest record of each key is what the daemon tells; each was sent once, each key's in one partition, in order."""
        records = self.records()
        latest, places = {}, {}
        for record in records:
            partition, offset = places.get(record["key"], (record["partition"], -1))
            self.assertEqual(record["partition"], partition)
            self.assertGreater(record["offset"], offset)
            places[record["key"]] = record["partition"], record["offset"]
            headers = record["headers"]
            self.assertEqual(set(headers), {"signaald_ledger_id", "signaald_seq", "signaald_digest", "content-type"})
            self.assertRegex(headers["signaald_ledger_id"], "^[0-9a-f]{32}$")
            self.assertEqual(headers["content-type"], "application/json")
            latest[record["key"]] = record["payload"]
        sequences = [record["headers"]["signaald_seq"] for record in records]
        self.assertEqual(len(sequences), len(set(sequences)))
        told = self.daemon.control("GET", "/v1/statistics").json["statistics"]
        names = ["/".join([f["measure"], *(f"{k}={v}" for k, v in f.items() if k not in ("measure", "count", "roundingBase",
                                                                                        "closed"))]) for f in told]
        self.assertEqual({key: value for key, value in latest.items() if value}, dict(zip(names, told)))
        return records

    def check_departed(self, events):
        """Each region and form is told at one close, by the key of its region; a tally finds the signals beside it."""
        told = [event for event in events if event["headers"]["ce_type"].endswith(".trend.departed.v1")]
        for event in told:
            self.assertEqual(event["key"], event["payload"]["region"]["code"])
            self.assertEqual(event["headers"]["ce_dataschema"].split(":schema:")[1], "trend:v1")
        places = [(e["payload"]["region"]["code"], e["payload"]["category"], e["payload"]["now"]["to"]) for e in told]
        self.assertEqual(len(places), len(set(places)))
        self.assertEqual({region for region, _, _ in places}, {"NL", "PV26", "Midden-Nederland", "VR09"})
        self.assertLessEqual({"SexualExploitation", "ForcedCriminality"}, {form for _, form, _ in places})
        self.assertEqual(sorted(event["headers"]["ce_id"] for event in told),
                         sorted(event["id"] for event in self.daemon.events() if ".trend." in event["type"]))
        self.assertEqual(len({event["headers"]["ce_id"] for event in events}), len(events))
        counted = tally.tally(event["payload"] for event in events)
        lines = self.daemon.counts("?by=year,category")["lines"]
        self.assertEqual({place: number for place, number in counted.items() if number},
                         {(line["year"], line["category"]): line["signals"] for line in lines})

    def test_statistics_topic(self):
        """A topic that is missing at first, then several closes, each with a kill while they are sent."""
        value = int(os.environ.get("SIGNAALD_SEED") or time.time())
        print("seed", value)
        chance = random.Random(value)
        self.start()
        self.deliver(200, 2, "SexualExploitation")
        self.deliver(30, 13, "ForcedLabour")
        self.assertEqual(self.daemon.control("POST", "/v1/statistics/release").status, 200)
        wait_for(lambda: f"<4>[S030] kafka topic={self.topic} state=recovering" in self.daemon.log(), "an alarm in the log")
        wait_for(lambda: self.daemon.status()["ledger"]["waiting"] == 0, "events do not wait for the other topic")
        wait_for(lambda: self.counts_status()["lastError"] == "the topic does not exist", "the status tells it too")
        self.assertEqual(self.counts_status()["waiting"], len(self.daemon.control("GET", "/v1/statistics").json["statistics"]))
        self.assertIsNone(self.daemon.status()["kafka"]["lastError"])
        self.kafka.create_topic(self.topic, 3, COMPACT)
        self.await_published()
        first = self.check_topic()
        for months in (1, 2, 3):
            self.daemon.stop()
            self.months = months
            made, stayed = (self.daemon.log().count(f"statistics {word}") for word in ("made", "stay"))
            self.start(wait=False)
            self.assertGreaterEqual(made, 1)
            if months == 1:
                wait_for(self.daemon.answers, "the daemon answers")
                wait_for(lambda: self.daemon.log().count("statistics stay") > stayed, "a close without change")
                self.assertEqual(len(self.check_topic()), len(first))
            else:
                wait_for(lambda: self.daemon.log().count("statistics made") > made, "a close")
                time.sleep(chance.uniform(0, 0.3))  # a moment at which it is killed, nothing that is waited for
                self.daemon.kill()
                self.start()
                self.await_published()
                self.check_topic()
            if months == 1:
                self.deliver(200, 1, "ForcedCriminality")
            else:
                self.withdraw([f"s-{n}" for n in range(200, 230)])
        records = self.check_topic()
        self.assertIn(None, [record["payload"] for record in records])  # what is too small is taken back
        self.assertEqual(len({r["headers"]["signaald_ledger_id"] for r in records}), 1)
        events = list(broker.consume(self.kafka.bootstrap, self.events_topic))
        self.assertEqual(sorted(int(e["headers"]["signaald_seq"]) for e in events),
                         list(range(1, self.daemon.status()["ledger"]["accepted"] + 1)))
        self.check_departed(events)
        for record in records:
            self.assertNotRegex(json.dumps(record), "(?i)depart|adjusted")
        self.daemon.stop()

    def test_another_topic(self):
        """Another topic gets all of them, and so does one made anew, with fewer partitions too; without one nothing is sent
        and nothing waits, and all is told all the same."""
        self.kafka.create_topic(self.topic, 1, COMPACT)
        self.start()
        self.deliver(50, 2, "SexualExploitation")
        self.assertEqual(self.daemon.control("POST", "/v1/statistics/release").status, 200)
        self.await_published()
        self.check_topic()
        self.daemon.stop()
        self.topic += "-2"
        self.kafka.create_topic(self.topic, 3, COMPACT)
        self.daemon.extra["kafka"] = self.kafka_lines()
        self.daemon.write_config()
        self.start()
        self.await_published()
        first = self.check_topic()
        self.assertGreater(len(first), 10)
        self.daemon.stop()
        self.start()
        self.await_published()
        self.assertEqual(self.check_topic(), first)
        self.daemon.stop()
        for partitions in (3, 2):
            self.kafka.delete_topic(self.topic)
            self.kafka.create_topic(self.topic, partitions, COMPACT)
            self.start()
            self.await_published()
            self.assertEqual(len(self.check_topic()), len(first))
            self.daemon.stop()
        self.assertIn(f'<4>[S030] kafka topic={self.topic} state=recovering reason="the topic was made anew: it has 2 partitions and had 3"',
                      self.daemon.log())
        self.topic = "none"
        self.daemon.extra["kafka"] = self.kafka_lines()
        self.daemon.write_config()
        self.start()
        self.deliver(1, 2, "SexualExploitation")
        wait_for(lambda: self.daemon.status()["ledger"]["waiting"] == 0, "events are published")
        self.assertEqual(self.counts_status(), {"state": "off", "topic": None, "waiting": 0, "lastError": None, "whatToDo": None})
        self.assertGreater(len(self.daemon.control("GET", "/v1/statistics").json["statistics"]), 10)
        self.daemon.stop()


if __name__ == "__main__":
    unittest.main(verbosity=2)
