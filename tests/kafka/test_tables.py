#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""What others make of signals-current equals what the daemon counts, whatever happens to a signal and whoever is killed meanwhile:
a table of PostgreSQL by Kafka Connect and by conf/examples/postgres.py, and a table of Kafka Streams. The commands are those of the
pages, with other places in them."""
import contextlib
import datetime
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

import kafka_case  # first: it tells where the others are
import broker
import harness
import postgres
import psycopg

MARKED = re.compile(r"<!-- run by tests/kafka/test_tables\.py -->\n```sh\n(.*?)```", re.S)
EXAMPLES = harness.ROOT / "conf/examples"
PAGES = (harness.ROOT / "conf/doc/consumers.md", EXAMPLES / "kafka-connect/README.md")
SCHEMAS = harness.ROOT / "conf/api/schemas"
BROKERS, REST, DATABASE = "localhost:9092", "127.0.0.1:8083", "-d signals"  # in the pages
TOPIC, COUNTED = "signals-current", "signals-by-year-province"
SOURCES = [{"name": "utrecht", "kind": "municipality", "municipality": "GM0344", "push": True},
           {"name": "amsterdam", "kind": "municipality", "municipality": "GM0363", "push": True},
           {"name": "fairwork", "kind": "ngo", "push": True}]
CATEGORIES = ("gedwongen prostitutie", "Arbeidsuitbuiting", "ForcedMilitaryByNonStateActors", ["Servitude", "ForcedLabour"], "nergens")
IDS = 60
JAVA = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Duser.timezone=America/New_York"  # far from UTC: no date may move by it


def blocks():
    return [block for page in PAGES for block in MARKED.findall(page.read_text())]


def commands(words):
    """The one block of the pages that has these words."""
    found = [block for block in blocks() if words in block]
    assert len(found) == 1, f"the pages have no marked block, or several, with {words!r}"
    return found[0]


class Process:
    """Of the last line of a block of the pages, in a copy of its folder with the jars. Java with the properties that it needs here."""

    def __init__(self, case, words, places):
        folder, fetch, self.line = commands(words).splitlines()
        assert fetch == "mvn -B -q dependency:copy-dependencies", "as broker.fetch does it"
        source = harness.ROOT / re.fullmatch(r"cp -r (conf/examples/(\S+)) ~ && cd ~/\2", folder)[1]
        self.folder = tempfile.mkdtemp(prefix="signaald-tables-")
        case.addClassCleanup(shutil.rmtree, self.folder, True)
        for file in source.iterdir():
            text = file.read_text()
            for old, new in places.items():
                text = text.replace(old, new)
            with open(f"{self.folder}/{file.name}", "w") as copy:
                copy.write(text)
        for old, new in places.items():
            self.line = self.line.replace(old, new)
        os.symlink(broker.fetch(source), f"{self.folder}/jars")
        self.process = None
        self.start()
        case.addClassCleanup(self.kill)

    def start(self):
        with open(f"{self.folder}/log", "ab") as log:
            self.process = subprocess.Popen(["bash", "-c", f"exec {self.line}"], cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, env={**os.environ, "JDK_JAVA_OPTIONS": f"{JAVA} -Djava.io.tmpdir={self.folder}"})

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(60)

    def log(self):
        with open(f"{self.folder}/log", errors="replace") as log:
            return log.read()[-8000:]


class TablesTest(kafka_case.KafkaCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name in (TOPIC, COUNTED):
            cls.kafka.create_topic(name, 3, {"cleanup.policy": "compact"})
        cls.kafka.create_topic("signals", 3)
        cls.postgres = postgres.Postgres()
        cls.addClassCleanup(cls.postgres.close)
        cls.daemon = harness.Daemon(SOURCES, {"kafka": [f"brokers: {cls.kafka.bootstrap}", f"current_topic: {TOPIC}"]})
        cls.addClassCleanup(cls.daemon.close)
        seed = int(os.environ.get("SIGNAALD_SEED") or random.randrange(1 << 32))
        print(f"SIGNAALD_SEED={seed}", flush=True)
        cls.rng = random.Random(seed)
        cls.make_database("connect")
        cls.streams = Process(cls, "Counts.java", {BROKERS: cls.kafka.bootstrap})
        cls.connect = cls.start_connect()
        cls.daemon.start()
        cls.daemon.post("amsterdam", {"id": "erased", "category": CATEGORIES[0]})
        cls.live(IDS * 2)
        kafka_case.await_published(cls.daemon)
        assert cls.daemon.control("DELETE", "/v1/signals/amsterdam/erased").status == 200

    @classmethod
    def make_database(cls, name):
        """By the pages, with another name."""
        cls.run_block(commands("postgres.sql").replace("createdb signals", f"createdb {name}").replace(DATABASE, f"-d {name}"))

    @classmethod
    def start_connect(cls):
        with cls.postgres.connect("connect") as connection:
            connection.execute("ALTER ROLE signals_writer PASSWORD 'signals_writer'")
        secret = cls.daemon.directory / "signals.secret"
        secret.write_text("password=signals_writer\n")
        port, claim = harness.claim_port()
        cls.addClassCleanup(claim.close)
        cls.rest = f"127.0.0.1:{port}"
        return Process(cls, "ConnectStandalone", {
            BROKERS: cls.kafka.bootstrap, REST: cls.rest, "localhost:5432/signals": f"127.0.0.1:{cls.postgres.port}/connect",
            "/etc/kafka-connect/signals.secret": str(secret), "/usr/share/signaald/api/schemas": str(SCHEMAS)})

    @classmethod
    def run_block(cls, text):
        environment = {**os.environ, **cls.postgres.environment, "PATH": f"/usr/bin:{os.environ['PATH']}"}
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", text], cwd=harness.ROOT, env=environment, capture_output=True, text=True,
                              timeout=harness.PATIENCE_S, check=False)
        assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    @classmethod
    def live(cls, steps):
        """Signals, many of them corrected, withdrawn, rejected, back again; some erased."""
        for step in range(steps):
            source = cls.rng.choice(SOURCES)["name"]
            item = {"id": f"2017-{cls.rng.randrange(IDS):06}", "reported": f"{cls.rng.randint(2016, 2018)}-01-01",
                    "occurred": cls.rng.choice([None, "2015-12-31"]), "category": cls.rng.choice(CATEGORIES),
                    "status": cls.rng.choice(["possible", "possible", "rejected"])}
            cls.daemon.post(source, item if step % 5 else {"id": item["id"], "withdrawn": True})
            if step % 10 == 9:
                cls.daemon.control("DELETE", f"/v1/signals/{source}/{item['id']}")

    def counts(self):
        done = subprocess.run([harness.BUILD / "signaalctl", "--socket", self.daemon.control_path, "--json", "counts", "--by",
                               "year,province,category"], check=True, stdout=subprocess.PIPE)
        lines = json.loads(done.stdout)["lines"]
        self.assertGreater(len(lines), 10)
        return {(int(line["year"]), line["province"], line["category"]): line["signals"] for line in lines}

    def current(self):
        """What the topic has: signal -> record. Compaction may not have been there yet."""
        last = {record["key"]: record["payload"] for record in broker.consume(self.kafka.bootstrap, TOPIC)}
        self.assertIn(None, last.values(), "something was erased")
        return {key: value for key, value in last.items() if value is not None}

    def assert_follows(self, look, expected, process=None):
        """What `look` gives becomes as expected."""
        def same():
            self.assertIsNone(process and process.process.poll(), process and process.log())
            return look() == expected
        with contextlib.suppress(AssertionError):
            harness.wait_for(same, "all is there")
        found = look()
        wrong = [key for key in found.keys() | expected.keys() if found.get(key) != expected.get(key)]
        self.assertEqual([(found.get(key), expected.get(key)) for key in wrong[:2]], [], f"{len(wrong)}; {process and process.log()}")

    def assert_table(self, database, process=None):
        """The view is what the daemon counts, and the table what the topic has."""
        kafka_case.await_published(self.daemon)
        with self.postgres.connect(database) as connection:
            def rows():
                return {row["signal"]: plain(row) for row, in connection.execute("SELECT to_jsonb(row) FROM signals_current AS row")}
            self.assert_follows(rows, {key: plain(value) for key, value in self.current().items()}, process)
            view = connection.execute("SELECT year, province, form, signals FROM signals_by_year_province_form")
            self.assertEqual({tuple(row[:3]): row[3] for row in view}, self.counts())

    def miss_an_erasure(self, database):
        with self.postgres.connect(database) as connection:
            connection.execute("""INSERT INTO signals_current SELECT * FROM jsonb_populate_record(
                (SELECT row FROM signals_current AS row LIMIT 1), '{"signal": "missed"}')""")

    def test_all_blocks_are_tried(self):
        words = ("createdb", "postgres.py", "ConnectStandalone", "Counts.java", "tasks/0/restart", "/offsets")
        self.assertEqual([block for block in blocks() if not any(word in block for word in words)], [])

    def test_columns(self):
        """A column for each field that the schema for Connect has."""
        fields = [field["field"] for field in json.loads((SCHEMAS / "signal-current.connect.v1.json").read_text())["fields"]]
        with self.postgres.connect("connect") as connection:
            columns = connection.execute("SELECT * FROM signals_current LIMIT 0").description
        self.assertEqual([column.name for column in columns], fields)

    def test_connect(self):
        self.assert_table("connect", self.connect)
        self.live(20)
        self.connect.kill()
        self.live(20)
        self.connect.start()
        self.live(20)
        self.assert_table("connect", self.connect)
        self.fill_anew()
        self.database_away()

    def database_away(self):
        """The sink gives up; the line of the README wakes it."""
        self.postgres.stop()
        self.live(10)
        tell, _ = block = commands("tasks/0/restart").replace(REST, self.rest).splitlines()
        harness.wait_for(lambda: '"FAILED"' in self.run_block(tell), "the task has failed")
        self.postgres.start()
        self.run_block("\n".join(block))
        self.assert_table("connect", self.connect)

    def fill_anew(self):
        """What was missed goes, and all that the topic has comes once more."""
        self.miss_an_erasure("connect")
        self.run_block(commands("/offsets").replace(REST, self.rest).replace(DATABASE, "-d connect"))
        self.assert_table("connect", self.connect)

    def test_rights(self):
        """A role can do what it is for, and nothing else."""
        for role, fine, refused in (
                ("signals_writer", "DELETE FROM signals_current WHERE false", "DROP TABLE signals_current"),
                ("signals_writer", "SELECT FROM signals_current_offsets", "CREATE TABLE another (a integer)"),
                ("signals_reader", "SELECT FROM signals_by_year_province_form", "DELETE FROM signals_current WHERE false")):
            with self.postgres.connect("connect", role) as connection:
                connection.execute(fine)
                self.assertRaises(psycopg.errors.InsufficientPrivilege, connection.execute, refused)

    def test_python(self):
        self.make_database("signals")
        block = commands("postgres.py").replace(BROKERS, self.kafka.bootstrap)
        told = self.run_block(block)
        self.assertIn("SexualExploitation", told)
        self.assert_table("signals")
        self.follow_and_kill()
        for _ in range(2):  # the second finds nothing new
            self.run_block(block)
            self.assert_table("signals")
            self.assertEqual(self.read(), sum(1 for _ in broker.consume(self.kafka.bootstrap, TOPIC)))
        for change in ("read = read - interval '1 day'", "next = next + 1000000"):
            self.miss_an_erasure("signals")
            with self.postgres.connect("signals") as connection:  # it was away for long; the topic is another one
                connection.execute(f"UPDATE signals_current_offsets SET {change}")
            self.run_block(block)
            self.assert_table("signals")

    def read(self):
        """How many records the program has read of the topic."""
        with self.postgres.connect("signals") as connection:
            return connection.execute("SELECT sum(next) FROM signals_current_offsets").fetchone()[0]

    def follow_and_kill(self):
        command = [sys.executable, EXAMPLES / "postgres.py", self.kafka.bootstrap]
        environment = {**os.environ, **self.postgres.environment, "PGDATABASE": "signals", "PGUSER": "signals_writer"}
        for _ in range(3):
            process = subprocess.Popen(command, env=environment)
            self.addCleanup(process.kill)
            before = self.read()
            self.live(10)
            harness.wait_for(lambda: self.read() > before, "it goes on")
            self.live(10)
            process.kill()
            process.wait(60)
            self.live(10)

    def test_streams(self):
        def table():
            last = {record["key"]: record["payload"] for record in broker.consume(self.kafka.bootstrap, COUNTED, ours=False)}
            return {(int(key[:4]), key[5:], form): number for key, value in last.items() for form, number in value.items()}
        self.assert_follows(table, self.counts(), self.streams)
        self.live(20)
        self.streams.kill()
        self.live(20)
        self.streams.start()
        self.assert_follows(table, self.counts(), self.streams)


def plain(record):
    """With its time as Python has it: the topic writes 57.120Z, PostgreSQL 57.12 without the zone."""
    return {**record, "received": datetime.datetime.fromisoformat(record["received"].removesuffix("Z"))}


if __name__ == "__main__":
    unittest.main(verbosity=2)
