#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""A broker that lets in only whom it knows: SASL (SCRAM, PLAIN) and client certificates over TLS, and rights (ACLs) for each.

What is wrong is in the status, the metrics and, once, in the log, each time with what to do. When it is mended the daemon goes on
by itself or, where its own configuration was wrong, after a start; and each event is in the topic once.
"""
import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import kafka_case  # first: it tells where the others are
import broker
import harness
from harness import wait_for
from kafka_case import await_published

SOURCES = [{"name": "utrecht", "kind": "municipality", "municipality": "GM0344", "push": True}]
USER, PASSWORD = "signaald", "wachtwoord-van-signaald-7c1f"
STORE_PASSWORD = "stores"
SETTINGS_SCRAM = {"security.protocol": "sasl_ssl", "sasl.mechanism": "SCRAM-SHA-512", "sasl.username": USER}

JAAS = "org.apache.kafka.common.security"
PROPERTIES = """
listeners={listeners},CONTROLLER://127.0.0.1:{controller}
advertised.listeners={listeners}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,SSL:SSL,ELSEWHERE:SSL,ENDED:SSL
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512
listener.name.sasl_ssl.plain.sasl.jaas.config={jaas}.plain.PlainLoginModule required user_{user}="{password}";
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config={jaas}.scram.ScramLoginModule required;
ssl.keystore.type=PKCS12
ssl.keystore.location={folder}/broker.p12
listener.name.elsewhere.ssl.keystore.location={folder}/elsewhere.p12
listener.name.ended.ssl.keystore.location={folder}/ended.p12
ssl.keystore.password={stores}
ssl.key.password={stores}
ssl.truststore.type=PEM
ssl.truststore.location={folder}/ca.pem
listener.name.ssl.ssl.client.auth=required
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
"""


class Authority:
    """Makes certificates in a folder."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        (self.folder / "index").touch()
        (self.folder / "serial").write_text("1000\n")
        (self.folder / "ca.conf").write_text("[ca]\ndefault_ca=it\n[it]\ndatabase=index\nserial=serial\nnew_certs_dir=.\n"
                                             "default_md=sha256\npolicy=any\n[any]\ncommonName=supplied\n")

    def run(self, *words):
        subprocess.run(["openssl", *map(str, words)], cwd=self.folder, check=True, capture_output=True)

    def make_authority(self, name):
        self.run("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.pem", "-days", 2, "-subj",
                 f"/CN={name}")

    def make(self, name, names="IP:127.0.0.1", days=("-days", 2)):
        """And its store for a broker."""
        self.run("req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        (self.folder / "names").write_text(f"subjectAltName={names}\n")
        self.run("ca", "-batch", "-config", "ca.conf", "-in", f"{name}.csr", "-cert", "ca.pem", "-keyfile", "ca.key", *days,
                 "-extfile", "names", "-notext", "-out", f"{name}.pem")
        self.run("pkcs12", "-export", "-in", f"{name}.pem", "-inkey", f"{name}.key", "-out", f"{name}.p12", "-passout",
                 f"pass:{STORE_PASSWORD}")
        (self.folder / f"{name}.key").chmod(0o600)


class SecuredCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="signaald-kafka-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        claims = [harness.claim_port() for _ in range(6)]
        for _, claim in claims:
            cls.addClassCleanup(claim.close)
        port, controller, *others = (port for port, _ in claims)
        cls.ports = dict(zip(("SASL_SSL", "SSL", "ELSEWHERE", "ENDED"), others))
        authority = Authority(cls.folder)
        for name in ("ca", "other-ca"):
            authority.make_authority(name)
        authority.make("broker")
        authority.make("client")
        authority.make("elsewhere", names="DNS:kafka.example.nl")
        authority.make("ended", days=("-startdate", "20200101000000Z", "-enddate", "20200102000000Z"))
        listeners = ",".join(f"{name}://127.0.0.1:{at}" for name, at in {"PLAINTEXT": port, **cls.ports}.items())
        cls.kafka = broker.Broker(cls.folder, port, controller, properties=PROPERTIES.format(
            listeners=listeners, controller=controller, jaas=JAAS, user=USER, password=PASSWORD, stores=STORE_PASSWORD,
            folder=cls.folder))
        cls.addClassCleanup(cls.kafka.kill)
        cls.kafka.start()
        cls.kafka.set_password(USER, PASSWORD)

    ALL = ("write", "read", "describe")

    def setUp(self):
        self.topic = self._testMethodName
        self.kafka.create_topic(self.topic, 2)
        self.posted = 0

    def make_daemon(self, settings, port=None):
        daemon = harness.Daemon(SOURCES)
        self.addCleanup(daemon.close)
        (daemon.directory / "password").write_text(PASSWORD)
        (daemon.directory / "password").chmod(0o600)
        self.configure(daemon, settings, port)
        return daemon

    def configure(self, daemon, settings, port=None):
        settings = {"ssl.ca.location": self.folder / "ca.pem", "reconnect.backoff.max.ms": 500, **settings}
        daemon.extra = {"kafka": [f"brokers: 127.0.0.1:{port or self.ports['SASL_SSL']}", f"topic: {self.topic}", "counts_topic: none",
                                  "recovery_wait: 50ms", "settings:", *(f"  {name}: {value}" for name, value in settings.items())]}
        daemon.write_config()

    def scram(self, daemon):
        return {**SETTINGS_SCRAM, "sasl.password": f"file:{daemon.directory}/password"}

    def make_scram(self):
        daemon = self.make_daemon(SETTINGS_SCRAM)
        self.configure(daemon, self.scram(daemon))
        return daemon

    def post(self, daemon, count=20):
        items = [{**harness.SIGNAL, "id": f"s-{self.posted + n}"} for n in range(count)]
        self.posted += count
        self.assertEqual(daemon.post("utrecht", items).status, 200)

    def check_once(self):
        seqs = [int(record["headers"]["signaald_seq"]) for record in broker.consume(self.kafka.bootstrap, self.topic)]
        self.assertEqual(sorted(seqs), list(range(1, self.posted + 1)))

    def assert_trouble(self, daemon, cause, advice):
        """Everywhere, and nowhere a password."""
        wait_for(lambda: daemon.metrics().get(f'signaald_kafka_trouble{{of="events",cause="{cause}"}}') == 1, f"cause {cause}")
        kafka = daemon.status()["kafka"]
        self.assertTrue(kafka["lastError"])
        self.assertIn(advice, kafka["whatToDo"])
        shown = subprocess.run([harness.BUILD / "signaalctl", "--socket", daemon.control_path, "status"], capture_output=True,
                               text=True, check=True).stdout
        self.assertIn("what to do:", shown)
        self.assertIn(advice, re.sub(r"\s+", " ", shown))
        wait_for(lambda: advice in daemon.log(), "the log says what to do")
        for text in (shown, daemon.log(), json.dumps(kafka)):
            self.assertNotIn(PASSWORD, text)

    def assert_told_once(self, daemon, advice):
        self.assertEqual(sum(advice in line for line in daemon.log().splitlines()), 1, daemon.log())


class Ways(SecuredCase):
    def publish_and_recover(self, settings, port, principal):
        self.kafka.give_rights(principal, self.topic, *self.ALL)
        daemon = self.make_daemon(settings, port)
        if "sasl.mechanism" in settings:
            self.configure(daemon, {**settings, "sasl.password": f"file:{daemon.directory}/password"}, port)
        daemon.start()
        self.post(daemon)
        await_published(daemon)
        daemon.kill()
        daemon.start()
        self.post(daemon)
        await_published(daemon)
        self.assertIsNone(daemon.status()["kafka"]["lastError"])
        self.check_once()
        printed = subprocess.run([harness.BUILD / "signaald", "-c", daemon.config_path, "--print-config"], capture_output=True,
                                 text=True, check=True).stdout
        self.assertNotIn(PASSWORD, printed + daemon.log())
        counts = daemon.counts()
        daemon.kill()
        for name in ("data.mdb", "lock.mdb"):
            (daemon.state / name).unlink()
        subprocess.run([harness.BUILD / "signaald", "-c", daemon.config_path, "--rebuild"], check=True, timeout=120,
                       capture_output=True)
        daemon.start()
        self.assertEqual(daemon.counts(), counts)
        daemon.stop()

    def test_scram(self):
        self.publish_and_recover(SETTINGS_SCRAM, self.ports["SASL_SSL"], USER)

    def test_plain(self):
        self.publish_and_recover({**SETTINGS_SCRAM, "sasl.mechanism": "PLAIN"}, self.ports["SASL_SSL"], USER)

    def test_client_certificate(self):
        settings = {"security.protocol": "ssl", "ssl.certificate.location": self.folder / "client.pem",
                    "ssl.key.location": self.folder / "client.key"}
        self.publish_and_recover(settings, self.ports["SSL"], "CN=client")


class Wrong(SecuredCase):
    def go_on(self, daemon):
        """All that waited, once, without a start."""
        await_published(daemon)
        self.check_once()
        self.assertIsNone(daemon.status()["kafka"]["lastError"])
        self.assertIsNone(daemon.status()["kafka"]["whatToDo"])
        daemon.stop()

    def test_password(self):
        """It is another one in the broker, and then it is the same again."""
        self.kafka.give_rights(USER, self.topic, *self.ALL)
        daemon = self.make_scram()
        self.kafka.set_password(USER, "another")
        daemon.start()
        self.post(daemon)
        self.assert_trouble(daemon, "password", "look at sasl.mechanism, sasl.username and sasl.password")
        self.assert_told_once(daemon, "look at sasl.mechanism")
        self.kafka.set_password(USER, PASSWORD)
        self.go_on(daemon)

    def test_authority(self):
        daemon = self.make_scram()
        self.kafka.give_rights(USER, self.topic, *self.ALL)
        self.configure(daemon, {**self.scram(daemon), "ssl.ca.location": self.folder / "other-ca.pem"})
        daemon.start()
        self.post(daemon)
        self.assert_trouble(daemon, "authority", "put the right one there")
        daemon.stop()
        self.configure(daemon, self.scram(daemon))
        daemon.start()
        self.go_on(daemon)

    def test_certificate(self):
        """The broker's is for another name, or has ended."""
        for listener, cause, advice in (("ELSEWHERE", "host_name", "use the name that it has"), ("ENDED", "certificate_ended", "renew it")):
            daemon = self.make_daemon({"security.protocol": "ssl"}, self.ports[listener]).start()
            self.assert_trouble(daemon, cause, advice)
            daemon.stop()

    def test_client_certificate_missing(self):
        daemon = self.make_daemon({"security.protocol": "ssl"}, self.ports["SSL"]).start()
        self.post(daemon)
        self.assert_trouble(daemon, "unreachable", "whether it demands a client certificate")
        daemon.stop()

    def test_rights(self):
        """Each of the rights is taken while it runs, and given back."""
        self.kafka.give_rights(USER, self.topic, *self.ALL)
        daemon = self.make_scram().start()
        self.post(daemon)
        await_published(daemon)
        self.kafka.take_rights(USER, self.topic, "write")
        self.post(daemon)
        self.assert_trouble(daemon, "right", "give the daemon's user write, read and describe")
        restarts = daemon.status()["kafka"]["restarts"]
        wait_for(lambda: daemon.status()["kafka"]["restarts"] >= restarts + 2, "it tries again")
        self.assert_told_once(daemon, "a right is missing")
        self.assertTrue(daemon.status()["kafka"]["whatToDo"])
        self.kafka.give_rights(USER, self.topic, "write")
        await_published(daemon)
        wait_for(lambda: "delivered again" in daemon.log(), "the log says that it is over")
        self.kafka.take_rights(USER, self.topic, *self.ALL)
        daemon.kill()
        daemon.start()
        self.post(daemon)
        self.assert_trouble(daemon, "right", "give the daemon's user write, read and describe")
        self.kafka.give_rights(USER, self.topic, *self.ALL)
        self.go_on(daemon)


if __name__ == "__main__":
    unittest.main(verbosity=2)
