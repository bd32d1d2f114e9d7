# SPDX-License-Identifier: EUPL-1.2
"""A reload: which keys it can change, that it takes all or nothing, that it disturbs nobody, and that it says what has changed."""
import concurrent.futures
import contextlib
import http.client
import json
import re
import shutil
import ssl
import subprocess
import threading
import unittest

import harness
import pki
from harness import BUILD, ROOT, SIGNAL, Endpoint, Fresh, Server, wait_for

RELOADS = 20
SOURCES = [{"name": "coa", "kind": "coa", "push": True}, {"name": "ngo", "kind": "ngo", "push": True}]
# Of keys whose value is no plain number, duration or size.
OTHERS = {
    "identity.oin": "00000001823288444000", "identity.test": "yes", "identity.contact_email": "other@beheer.example",
    "identity.contact_url": "https://other.example/", "identity.type_prefix": "nl.other", "identity.data_regulation": "WPG",
    "identity.organisation": "Other", "identity.logo": "{dir}/logo.svg",
    "control.socket": "{dir}/other.sock", "control.group": "root",
    "intake.listen": "127.0.0.1:9", "metrics.listen": "127.0.0.1:19", "metrics.plain": "yes",
    "intake.tls_certificate": "{dir}/tls.crt", "intake.tls_key": "{dir}/tls.key",
    "kafka.brokers": "127.0.0.1:9", "kafka.topic": "other", "kafka.counts_topic": "none",
    "kafka.current_topic": "other-current", "state.directory": "{dir}/other",
    "state.identity_key": "{dir}/secret.key", "person.key": "{dir}/secret.key", "person.previous_key": "{dir}/secret.key",
    "intake.tls_client_ca": "{dir}/tls.crt", "intake.tls_client_crl": "{dir}/revoked.pem",
    "poll.ca_file": "{dir}/tls.crt", "poll.crl_file": "{dir}/revoked.pem", "log.level": "warning", "disclosure.public": "yes",
    "tables.municipalities": "{dir}/municipalities.csv", "tables.name_variants": "{dir}/name-variants.csv",
    "tables.categories": "{dir}/categories.csv", "tables.display_allowlist": "{dir}/display-allowlist.txt",
    "tables.sources": "{dir}/other.csv", "tables.templates": "{dir}/templates",
}
# Of numbers those that another key bounds, or whose default is not the usual one here.
NUMBERS = {"retention.identity": "1000d", "retention.cells": "4000d", "disclosure.rounding_base": "20", "state.disk_percent_max": "99",
           "intake.backlog_max": "5GiB", "intake.item_max": "32KiB", "intake.body_max": "7MiB", "intake.bodies_max": "65MiB",
           "poll.page_max": "31MiB", "control.questions_max": "2", "state.size_max": "17GiB"}


def raised(value):
    number, unit = re.fullmatch(r"(\d+)(\w*)", value).groups()
    return f"{int(number) + 1}{unit}"


class Keys(Fresh):
    def setUp(self):
        super().setUp()
        self.directory = self.daemon.directory
        root = pki.Holder("root")
        for name, data in (("tls.crt", root.pem()), ("tls.key", root.key_pem()), ("revoked.pem", root.revoke([])),
                           ("logo.svg", b'<svg xmlns="http://www.w3.org/2000/svg"/>'),
                           ("secret.key", b"k" * 32)):
            (self.directory / name).write_bytes(data)
            (self.directory / name).chmod(0o600)
        for name in ("municipalities.csv", "name-variants.csv", "categories.csv", "display-allowlist.txt"):
            shutil.copy(ROOT / "conf" / name, self.directory / name)
        shutil.copytree(ROOT / "conf/templates", self.directory / "templates")
        shutil.copy(self.directory / "sources.csv", self.directory / "other.csv")
        (self.directory / "other").mkdir()
        self.printed = self.print_config()

    def print_config(self):
        done = subprocess.run([str(BUILD / "signaald"), "--print-config", "-c", str(self.daemon.config_path)], capture_output=True,
                              text=True, check=True, timeout=60)
        return done.stdout

    def keys(self):
        """section.key -> (its value now, can a reload change it?)"""
        section, found = None, {}
        for line in self.printed.splitlines():
            if head := re.fullmatch(r"(\w+):", line):
                section = head[1]
            elif key := re.fullmatch(r"  (\w+): (\S+) # .*?( \(reloadable\))?", line):
                found[f"{section}.{key[1]}"] = key[2].strip('"'), bool(key[3])
        return found

    def ask(self, key, value, more=()):
        section, name = key.split(".", 1)
        self.daemon.extra = {section: [f'{name}: "{value}"'], **dict(more)}
        self.daemon.write_config()
        return self.daemon.control("POST", "/v1/reload")

    def test_each_key(self):
        """What --print-config says of it is so."""
        found = self.keys()
        self.assertGreater(len(found), 55)
        self.daemon.start()
        for key, (value, reloadable) in found.items():
            with self.subTest(key):
                other = OTHERS.get(key, "").format(dir=self.directory) or NUMBERS.get(key) or raised(value)
                more = {}
                fixed = key
                if key.startswith("intake.tls_"):
                    fixed = key.replace("tls_client_ca", "tls_certificate").replace("tls_client_crl", "tls_certificate")
                    more = {"intake": [f"tls_certificate: {self.directory}/tls.crt", f"tls_key: {self.directory}/tls.key"]}
                answer = self.ask(key, other, more)
                if reloadable and not more:
                    self.assertEqual(answer.status, 200, answer.body)
                    changed = answer.json["keys"]
                    self.assertEqual([(change["key"], change["to"].strip('"')) for change in changed], [(key, other)])
                    self.assertIn(value, ("null", (changed[0]["from"] or "null").strip('"')))
                else:
                    self.assertEqual(answer.status, 400, answer.body)
                    self.assertIn(f"{fixed} needs a restart: ", answer.json["detail"])
                self.daemon.extra = {}
                self.daemon.write_config()
                back = self.daemon.control("POST", "/v1/reload")
                self.assertEqual((back.status, back.json["changed"]), (200, answer.status == 200))
        self.assertEqual(self.daemon.post("coa", {"id": "after", **SIGNAL}).status, 201)
        self.daemon.stop()

    def test_in_force(self):
        """From the next request on; a connection that is there goes on."""
        self.daemon.start()
        connection = self.daemon.connection()

        def post(body):
            return self.daemon.post("coa", body, connection=connection).status
        deep = {"id": "deep", "victim": {"a": {"b": {"c": {"d": {}}}}}, **SIGNAL}
        del deep["victim"]
        deep["x"] = {"a": {"b": {"c": {"d": {"e": 1}}}}}
        large, many = {"id": "large", "x": "y" * 40000}, [{"id": f"m{n}", **SIGNAL} for n in range(3)]
        cases = (("intake.json_depth_max", "4", deep, 400), ("intake.item_max", "1KiB", large, 400),
                 ("intake.items_max", "2", many, 413), ("intake.body_max", "64KiB", [large, {**large, "id": "other"}], 413))
        for key, value, body, refused in cases:
            with self.subTest(key):
                self.daemon.extra = {}
                self.daemon.write_config()
                self.assertEqual(self.daemon.control("POST", "/v1/reload").status, 200)
                self.assertIn(post(body), (200, 201))
                small = {"intake": ["item_max: 1KiB", "body_max: 64KiB"]} if key == "intake.body_max" else {}
                answer = self.ask(key, value, small)
                self.assertEqual(answer.status, 200, answer.body)
                self.assertIn(post(body), (refused, 400))
        self.ask("identity.contact_email", "new@beheer.example")
        served = self.daemon.request("GET", "/v1/openapi.json").json
        self.assertEqual(served["info"]["contact"]["email"], "new@beheer.example")
        self.ask("intake.queue_max", "9MiB")
        self.assertEqual(self.daemon.metrics()["signaald_queue_max"], 9 << 20)
        self.ask("log.level", "warning")
        before = self.daemon.log()
        self.daemon.extra = {}
        self.daemon.write_config()
        self.assertEqual(self.daemon.control("POST", "/v1/reload").status, 200)
        self.assertNotIn("reloaded sources=2 log.level=info->warning", before)  # it is a notice
        self.assertIn("reloaded sources=2 log.level=warning->info", self.daemon.log())
        connection.close()
        self.daemon.stop()

    def test_all_or_nothing(self):
        """Whatever is wrong with one part, the others stay as they were."""
        self.daemon.start()
        good = dict(self.daemon.extra)
        new = self.daemon.directory / "sources.csv"
        before = new.read_text()
        wrong = (({"log": ["level: loud"]}, "log.level"), ({"intake": ["item_max: 9MiB"]}, "is more than intake.body_max"),
                 ({"kafka": ["brokers: kafka.example.nl:1"]}, "in the clear"), ({"kafka": ["topic: other"]}, "needs a restart"),
                 ({"kafka": ["brokers: 127.0.0.1:9", "settings:", "  ssl.ca.location: /dev/null", "  security.protocol: ssl",
                             "  batch.size: many"]}, "Kafka setting batch.size"),
                 ({"poll": [f"ca_file: {self.directory}/secret.key"]}, "holds no"),
                 ({"tables": [f"categories: {self.directory}/bad.csv"]}, "bad.csv:2"),
                 ({"tables": ["sources: nowhere.csv"]}, "cannot be read"))
        (self.directory / "bad.csv").write_text("word,code\nx,NoSuchCode\n")
        new.write_text(harness.with_row(before, "third", "ngo"))
        for extra, told in wrong:
            with self.subTest(told):
                self.daemon.extra = {**extra, "identity": ['oin: "00000099000000001000"', "contact_email: wrong@beheer.example"]}
                self.daemon.write_config()
                refused = self.daemon.control("POST", "/v1/reload")
                self.assertEqual(refused.status, 400)
                self.assertIn(told, refused.json["detail"])
                self.assertEqual(self.daemon.status()["feeds"]["sources"], 2)
                served = self.daemon.request("GET", "/v1/openapi.json").json
                self.assertEqual(served["info"]["contact"]["email"], "signaald@beheer.example")
        self.daemon.extra = good
        self.daemon.write_config()
        self.assertEqual(self.daemon.control("POST", "/v1/reload").json["sourcesAdded"], {"count": 1, "names": ["third"]})
        self.daemon.stop()

    def test_secret_is_not_shown(self):
        secret = self.directory / "password"

        def use(text):
            secret.write_text(text)
            secret.chmod(0o600)
        use("Hush-one")
        self.daemon.extra = {"kafka": ["brokers: 127.0.0.1:9", "settings:", "  sasl.username: someone",
                                       f"  sasl.password: file:{secret}"]}
        self.daemon.write_config()
        self.daemon.start()
        use("Hush-two")
        answer = self.daemon.control("POST", "/v1/reload")
        self.assertEqual(answer.json["keys"], [{"key": "kafka.settings.sasl.password", "from": "(secret)", "to": "(secret)"}])
        told = answer.body.decode() + self.daemon.log() + self.daemon.control("GET", "/v1/audit").body.decode()
        self.assertNotIn("Hush", told)
        self.assertTrue(answer.json["kafkaChanges"])
        self.assertEqual(told.count("kafka.settings.sasl.password=(secret)->(secret)"), 2)  # log and audit log
        self.daemon.stop()


class Told(Fresh):
    def reload(self, *words):
        return subprocess.run([str(BUILD / "signaalctl"), "--socket", self.daemon.control_path, "reload", *words],
                              capture_output=True, text=True, timeout=60)

    def test_what_changed(self):
        directory = self.daemon.directory
        shutil.copy(ROOT / "conf/categories.csv", directory / "categories.csv")
        shutil.copytree(ROOT / "conf/templates", directory / "templates")
        self.daemon.extra = {"tables": [f"categories: {directory}/categories.csv", f"templates: {directory}/templates"]}
        self.daemon.write_config()
        self.daemon.write_sources(SOURCES)
        self.daemon.start()
        self.assertEqual(self.reload().stdout.strip(), "reloaded, sources: 2; nothing has changed")
        self.assertFalse(json.loads(self.reload("--json").stdout)["changed"])
        with open(directory / "categories.csv", "a", encoding="utf-8") as table:
            table.write("zomaar een woord,Other\nnog een woord,Other\n")
        with open(directory / "templates/csv.yaml", "a", encoding="utf-8") as template:
            template.write("# changed\n")
        self.daemon.extra["intake"] = [f"listen: 127.0.0.1:{self.daemon.port}", "items_max: 500"]
        self.daemon.write_config()
        self.daemon.write_sources([{"name": "coa", "kind": "coa", "push": True, "silent_days": "9"}, {"name": "new", "kind": "ngo"}])
        done = self.reload()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.splitlines(), [
            "intake.items_max: 10000 -> 500", "sources added: 1 (new)", "sources removed: 1 (ngo)", "sources changed: 1 (coa)",
            "table categories: 2 rows are new, 0 are gone", "templates changed: csv", "reloaded, sources: 2"])
        short = "intake.items_max=10000->500 added=new removed=ngo changed=coa categories=+2-0 template=csv"
        self.assertIn("reloaded sources=2 " + short, self.daemon.log())
        lines = [json.loads(line) for line in self.daemon.control("GET", "/v1/audit").body.splitlines()]
        self.assertTrue([line for line in lines if line["action"] == "reload"][-1]["object"].endswith(" " + short))
        self.assertEqual(self.reload().stdout.strip(), "reloaded, sources: 2; nothing has changed")
        self.daemon.extra["kafka"] = ["topic: other"]
        self.daemon.write_config()
        refused = self.reload()
        self.assertEqual((refused.returncode, refused.stdout), (1, ""))
        self.assertIn('kafka.topic needs a restart: it is "signals", and "other" in the file.', refused.stderr)
        self.daemon.stop()

    def test_order_of_lines_and_columns_is_no_change(self):
        self.daemon.start()
        table = self.daemon.directory / "sources.csv"
        rows = [line.split(",") for line in table.read_text().splitlines()]
        table.write_text("".join(",".join(reversed(row)) + "\n" for row in (rows[0], *reversed(rows[1:]))))
        self.assertFalse(self.daemon.control("POST", "/v1/reload").json["changed"])
        self.daemon.stop()


class Undisturbed(Fresh):
    def test_connections(self):
        """Kept-alive connections over TLS under load, while certificates, limits and tables change each time."""
        directory = self.daemon.directory
        root = pki.Holder("root")
        key, certificate = directory / "tls.key", directory / "tls.crt"

        def put(holder):
            certificate.write_bytes(holder.pem())
            key.write_bytes(holder.key_pem())
            key.chmod(0o600)
        put(pki.Holder("first", root))
        intake = [f"listen: 127.0.0.1:{self.daemon.port}", f"tls_certificate: {certificate}", f"tls_key: {key}"]
        self.daemon.extra = {"intake": intake}
        self.daemon.write_config()
        self.daemon.start()
        context = ssl.create_default_context(cadata=root.pem().decode())
        done, stop = [], threading.Event()

        def send(number):
            connection = http.client.HTTPSConnection("127.0.0.1", self.daemon.port, timeout=harness.PATIENCE_S, context=context)
            with contextlib.closing(connection):
                connection.connect()
                sock, count = connection.sock, 0
                while not stop.is_set() or count == 0:
                    connection.request("POST", "/v1/signals", json.dumps({"id": f"{number}-{count}", **SIGNAL}),
                                       {"Authorization": f"Bearer {harness.token_of('coa')}", "Content-Type": "application/json"})
                    answer = connection.getresponse()
                    answer.read()
                    if (answer.status, connection.sock) != (201, sock):
                        return f"{answer.status} after {count}"
                    count += 1
                done.append(count)
            return None
        with concurrent.futures.ThreadPoolExecutor(4) as senders:
            running = [senders.submit(send, number) for number in range(4)]
            try:
                for turn in range(RELOADS):
                    put(pki.Holder(f"turn {turn}", root))
                    self.daemon.extra = {"intake": [*intake, f"items_max: {1000 + turn}", f"idle_timeout: {100 + turn}s"]}
                    self.daemon.write_config()
                    self.daemon.write_sources([*SOURCES, {"name": f"turn-{turn}", "kind": "ngo"}])
                    before = self.daemon.status()["ledger"]["accepted"]
                    answer = self.daemon.control("POST", "/v1/reload")
                    self.assertEqual(answer.status, 200, answer.body)
                    self.assertTrue(answer.json["certificateEnds"])
                    wait_for(lambda before=before: self.daemon.status()["ledger"]["accepted"] > before or
                             any(sender.done() for sender in running), "they go on")
            finally:
                stop.set()
            self.assertEqual([sender.result() for sender in running], [None] * 4)
        self.assertEqual(self.daemon.status()["ledger"]["accepted"], sum(done))
        self.daemon.stop()


class Dribbler(Server):
    """A page of two signals, which comes a blank at a time until it is let go."""

    def __init__(self):
        self.let_go, self.asked, self.blanks = threading.Event(), 0, 0
        super().__init__()

    def answer(self, handler):
        self.asked += 1
        with contextlib.suppress(OSError):
            handler.close_connection = True
            handler.send_response(200)
            handler.send_header("Content-Type", "application/json")
            handler.send_header("Connection", "close")
            handler.end_headers()
            while not self.let_go.wait(0.02):
                handler.wfile.write(b" ")
                self.blanks += 1
            handler.wfile.write(json.dumps([{"id": "s1", **SIGNAL}, {"id": "s2", **SIGNAL}]).encode())


class Feeds(Fresh):
    def setUp(self):
        super().setUp()
        self.endpoint = Endpoint()
        self.addCleanup(self.endpoint.close)
        self.slow = Dribbler()
        self.addCleanup(self.slow.close)
        self.addCleanup(self.slow.let_go.set)
        for path in ("/slow", "/other", "/calm"):
            self.endpoint.paths[path] = lambda *_: (200, {"Content-Type": "application/json", "ETag": '"v1"'}, [])
        self.calm = self.feed("calm")

    def feed(self, name, path=None, **more):
        return {"name": name, "kind": "ngo", "url": self.endpoint.url(path or f"/{name}"), "interval": "1h", "allow_private": "yes",
                **more}

    def reload(self, *sources, **counts):
        self.daemon.write_sources([*SOURCES, *sources])
        answer = self.daemon.control("POST", "/v1/reload")
        self.assertEqual(answer.status, 200, answer.body)
        for name, count in counts.items():
            self.assertEqual(answer.json[f"sources{name}"]["count"], count, name)

    def view(self, name):
        return self.daemon.control("GET", f"/v1/feeds/{name}").json

    def poll(self, name):
        before = self.view(name)["polls"]
        self.assertEqual(self.daemon.control("POST", f"/v1/feeds/{name}/poll").status, 202)
        wait_for(lambda: self.view(name)["polls"] > before and self.view(name)["state"] == "waiting", f"{name} has been polled")

    def test_poll_goes_on(self):
        """A slow page while ten reloads change everything around it; also when it is the last thing of that feed's table."""
        slow = self.feed("slow", url=f"http://127.0.0.1:{self.slow.port}/")
        self.daemon.write_sources([*SOURCES, slow, self.calm])
        self.daemon.start()
        self.assertEqual(self.daemon.control("POST", "/v1/feeds/slow/poll").status, 202)
        wait_for(lambda: self.slow.blanks, "it has begun to answer")
        for turn in range(10):
            self.daemon.extra = {"poll": [f"timeout: {200 + turn}s", f"connections_max: {2 + turn}"]}
            self.daemon.write_config()
            self.reload(self.feed(f"turn-{turn}", "/other"), slow, {**self.calm, "silent_days": turn + 1})
            self.assertEqual(self.view("slow")["state"], "fetching")
            wait_for(lambda before=self.slow.blanks: self.slow.blanks > before + 1, "it goes on")
        self.slow.let_go.set()
        wait_for(lambda: self.view("slow")["state"] == "waiting", "it ends")
        self.assertEqual(self.slow.asked, 1)
        view = self.view("slow")
        self.assertEqual((view["polls"], view["failures"], view["items"]), (1, 0, 2))
        self.assertEqual(self.daemon.status()["ledger"]["accepted"], 2)
        self.reload(slow, self.calm)
        self.poll("slow")
        self.daemon.stop()

    def test_times_and_validators_stay(self):
        self.daemon.write_sources([*SOURCES, self.calm])
        self.daemon.start()
        self.poll("calm")
        before = self.view("calm")["nextPoll"]
        for turn in range(5):
            self.reload(self.calm, self.feed(f"turn-{turn}", "/other"))
            self.assertEqual(self.view("calm")["nextPoll"][:18], before[:18])
        self.poll("calm")
        self.assertEqual(self.endpoint.seen("/calm")[-1][2]["If-None-Match"], '"v1"')

    def test_changed_begins_anew(self):
        """At its next poll, whose time stays; and it is not further away than a new interval."""
        self.daemon.write_sources([*SOURCES, self.calm])
        self.daemon.start()
        self.poll("calm")
        before = self.view("calm")["nextPoll"]
        self.reload({**self.calm, "silent_days": "3"}, Changed=1)
        self.assertEqual(self.view("calm")["nextPoll"][:18], before[:18])
        self.poll("calm")
        self.assertNotIn("If-None-Match", self.endpoint.seen("/calm")[-1][2])
        seen = len(self.endpoint.seen("/calm"))
        self.reload({**self.calm, "silent_days": "3", "interval": "1s"}, Changed=1)
        wait_for(lambda: len(self.endpoint.seen("/calm")) > seen, "it is polled in time")
        self.daemon.stop()

    def test_removed_stops(self):
        """Also in the middle of a poll; what it brings then is not taken."""
        self.daemon.write_sources([*SOURCES, self.feed("slow", url=f"http://127.0.0.1:{self.slow.port}/")])
        self.daemon.start()
        self.assertEqual(self.daemon.control("POST", "/v1/feeds/slow/poll").status, 202)
        wait_for(lambda: self.slow.blanks, "it has begun to answer")
        self.reload(self.calm, Removed=1, Added=1)
        self.assertEqual(self.daemon.control("GET", "/v1/feeds/slow").status, 404)
        self.slow.let_go.set()
        self.poll("calm")
        self.assertEqual(self.daemon.status()["ledger"]["accepted"], 0)
        self.daemon.stop()

    def test_secret_and_template_are_the_feeds_too(self):
        """Another secret behind the same line, and a template that was mended, are changes of their sources only."""
        directory = self.daemon.directory
        shutil.copytree(ROOT / "conf/templates", directory / "templates")
        (directory / "secret").write_text("one\n")
        (directory / "secret").chmod(0o600)
        self.daemon.extra = {"tables": [f"templates: {directory}/templates"]}
        self.daemon.write_config()
        sources = [self.feed("other", secret_file="secret"), self.feed("slow", template="csv"), self.calm]
        self.daemon.write_sources([*SOURCES, *sources])
        self.daemon.start()
        (directory / "secret").write_text("two\n")
        self.reload(*sources, Changed=1)
        template = directory / "templates/csv.yaml"
        template.write_text(template.read_text() + "\n# mended\n")
        self.reload(*sources, Changed=1)
        self.reload(*sources, Changed=0)
        self.poll("other")
        self.assertEqual(self.endpoint.seen("/other")[-1][2]["Authorization"], "Bearer two")
        self.daemon.stop()


if __name__ == "__main__":
    unittest.main(verbosity=2)
