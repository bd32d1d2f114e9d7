#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""What README and the page for consumers say of the topics, done as it stands there, against a real broker: the lines of their
marked blocks."""
import json
import os
import random
import re
import subprocess
import unittest

import kafka_case  # first: it tells where the others are
import broker
import harness
import standing

MARKED = re.compile(r"<!-- run by tests/kafka/test_consume\.py -->\n```sh\n(.*?)```", re.S)
PAGES = ("README.md", "conf/doc/consumers.md")
BROKERS = "localhost:9092"  # in the pages
SOURCES = [{"name": "utrecht", "kind": "municipality", "municipality": "GM0344", "push": True},
           {"name": "fairwork", "kind": "ngo", "push": True}]
CATEGORIES = ("gedwongen prostitutie", "Arbeidsuitbuiting", "ForcedBegging", ["Servitude", "ForcedLabour"], "nergens")
NUMBER = 300


def lines():
    """The lines of the pages, each once, with what is behind it on the next line after a backslash."""
    blocks = [block for page in PAGES for block in MARKED.findall((harness.ROOT / page).read_text())]
    return list(dict.fromkeys(line for block in blocks for line in block.replace("\\\n", "").splitlines() if line))


class ConsumeTest(kafka_case.KafkaCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.kafka.create_topic("signals", 4)
        cls.kafka.create_topic("signal-counts", 2, {"cleanup.policy": "compact"})
        cls.kafka.create_topic("signals-current", 3, {"cleanup.policy": "compact"})
        cls.daemon = harness.Daemon(SOURCES, {"kafka": [f"brokers: {cls.kafka.bootstrap}", "current_topic: signals-current"]})
        cls.addClassCleanup(cls.daemon.close)
        cls.daemon.start()
        cls.seed = int(os.environ.get("SIGNAALD_SEED") or random.randrange(1 << 32))
        print(f"SIGNAALD_SEED={cls.seed}", flush=True)
        cls.fill(random.Random(cls.seed))

    @classmethod
    def fill(cls, rng):
        """Signals, many of them corrected, withdrawn, back again; some erased; then a snapshot of statistics."""
        for step in range(NUMBER * 2):
            item = {"id": f"2017-{rng.randrange(NUMBER):06}", "reported": f"{rng.randint(2015, 2019)}-03-05",
                    "category": rng.choice(CATEGORIES)}
            cls.daemon.post(rng.choice(SOURCES)["name"], item if step % 6 else {"id": item["id"], "withdrawn": True})
        kafka_case.await_published(cls.daemon)  # else nothing is on the topic of what is erased
        for number in range(0, NUMBER, 15):
            cls.daemon.control("DELETE", f"/v1/signals/utrecht/2017-{number:06}")
        answer = cls.daemon.control("POST", "/v1/statistics/release")
        assert answer.status == 200, answer.body
        kafka_case.await_published(cls.daemon)

    def run_line(self, words):
        """Output of the one line that has these words."""
        found = [line for line in lines() if words in line]
        self.assertEqual(len(found), 1, f"the pages have no marked line, or several, with {words!r}")
        environment = {**os.environ, "PATH": "/usr/bin:" + os.environ["PATH"]}  # Debian's python3 has Debian's packages
        return subprocess.run(found[0].replace(BROKERS, self.kafka.bootstrap), shell=True, check=True, cwd=harness.ROOT,
                              env=environment, stdout=subprocess.PIPE, text=True, timeout=120).stdout

    def test_all_lines_are_tried(self):
        words = ("-t signals ", "-t signals-current", "-t signal-counts", "tally.py")
        self.assertEqual([line for line in lines() if not any(word in line for word in words)], [])

    def test_events(self):
        told = self.run_line("-t signals ").splitlines()
        records = list(broker.consume(self.kafka.bootstrap, "signals"))
        self.assertGreater(len(records), NUMBER)
        self.assertEqual(len(told), 2 * len(records))  # key and headers, then the value
        self.assertEqual(sorted(json.dumps(json.loads(value)) for value in told[1::2]),
                         sorted(json.dumps(record["payload"]) for record in records))
        for head in told[::2]:
            self.assertRegex(head, r"^(GM\d{4}|fairwork|utrecht) ce_specversion=1\.0,ce_id=[0-9a-f]{32}\.\d+,")
        kinds = {record["headers"]["ce_type"].split(".")[3] for record in records}
        self.assertEqual(kinds, {"registered", "corrected", "withdrawn", "erased"})

    def test_current(self):
        """Exactly the signals that the events say, as they say them."""
        held = standing.check(self, self.kafka.bootstrap, "signals", "signals-current")
        told = dict(line.split(" ", 1) for line in self.run_line("-t signals-current").splitlines())
        self.assertEqual({key for key, value in told.items() if value}, set(held))
        self.assertLess(len(held), len(told))  # the erased ones
        counts = self.daemon.counts("")
        self.assertEqual(sum(record["counts"] for record in held.values()), counts["total"])

    def test_statistics(self):
        told = dict(line.split(" ", 1) for line in self.run_line("-t signal-counts").splitlines())
        statistics = self.daemon.control("GET", "/v1/statistics").json["statistics"]
        self.assertGreater(len(statistics), 10)
        self.assertEqual(sorted(json.dumps(json.loads(value)) for value in told.values()), sorted(map(json.dumps, statistics)))
        records = list(broker.consume(self.kafka.bootstrap, "signal-counts"))
        self.assertEqual({record["key"]: record["payload"] for record in records}, {k: json.loads(v) for k, v in told.items()})

    def test_tally(self):
        told = {(year, category): int(number) for year, category, number in
                (line.split() for line in self.run_line("tally.py").splitlines())}
        done = subprocess.run([harness.BUILD / "signaalctl", "--socket", self.daemon.control_path, "--json", "counts", "--by",
                               "year,category"], check=True, stdout=subprocess.PIPE)
        counts = {(line["year"], line["category"]): line["signals"] for line in json.loads(done.stdout)["lines"]}
        self.assertGreater(len(counts), 20)
        self.assertEqual(told, counts)


if __name__ == "__main__":
    unittest.main(verbosity=2)
