# SPDX-License-Identifier: EUPL-1.2
"""Who sends, by the certificate that his client shows: authorities, numbers and fingerprints, what ends or is revoked, connections that
stay open and sessions that are resumed, and a token or a signature beside it. The clients are curl, OpenSSL and Python's."""
import contextlib
import hashlib
import hmac
import http.client
import json
import pathlib
import ssl
import subprocess
import time
import unittest

import harness
import pki

OIN, OTHER_OIN = "00000001823288444000", "00000003271247790000"
GM, COA, NGO = "gm0363-amsterdam", "coa", "ngo-by-token"
SECRET = "a-secret-of-the-coa-that-signs-0123456789"
PERSON = "mw. Ingrid Voorbeeld-Namelijk"  # in each name that a client shows; nowhere else
BOTH = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)


class World:
    """Authorities and their holders. Made once: keys cost time."""

    def __init__(self):
        self.server = pki.Holder("server")
        self.root = pki.Holder("root of clients")
        self.middle = pki.Holder("authority of clients", self.root, authority=True)
        self.good = self.holder(numbers=[OIN])
        self.coa_old, self.coa_new = self.holder(), self.holder(uses=(pki.SERVER, pki.CLIENT))
        self.other = self.holder(numbers=[OTHER_OIN])
        self.anyhow = self.holder(numbers=[OIN], uses=())
        stranger = pki.Holder("root of others")
        self.refused = {
            "no source has it": [self.other, self.holder(numbers=[OIN, OTHER_OIN]), self.holder(numbers=[OIN[1:]]),
                                 self.holder(numbers=[OIN + "0"]), self.holder()],
            "no authority of intake.tls_client_ca stands behind it": [self.holder(stranger, numbers=[OIN]), pki.Holder(PERSON, numbers=[OIN]),
                                                                       self.holder(self.good, numbers=[OIN])],
            "it, or one of its authorities, has ended": [self.holder(numbers=[OIN], begins=-9, ends=-1)],
            "it, or one of its authorities, is not valid yet": [self.holder(numbers=[OIN], begins=5)],
            "it is not made for clients (clientAuth)": [self.holder(numbers=[OIN], uses=(pki.SERVER,))],
            "it, or one of its authorities, was revoked": [self.holder(numbers=[OIN])],
        }
        self.revoked = self.refused["it, or one of its authorities, was revoked"][0]

    def holder(self, by=None, uses=(pki.CLIENT,), **more):
        return pki.Holder(PERSON, by or self.middle, uses=uses, **more)


class Certificates(harness.Fresh):
    @classmethod
    def setUpClass(cls):
        cls.world = World()

    def setUp(self):
        super().setUp()
        world, self.directory = self.world, self.daemon.directory
        self.number = 0
        self.file("tls.crt", world.server.pem())
        self.file("tls.key", world.server.key_pem())
        self.file("signing", SECRET.encode())
        self.file("ca.pem", world.root.pem() + world.middle.pem())
        self.revoke([world.revoked])
        self.daemon.extra = {"intake": [f"{key}: {self.directory}/{name}" for key, name in (
            ("tls_certificate", "tls.crt"), ("tls_key", "tls.key"), ("tls_client_ca", "ca.pem"), ("tls_client_crl", "crl.pem"))]}
        self.daemon.write_config()
        fingerprint = world.coa_new.fingerprint().upper()
        self.rows = [
            {"name": GM, "kind": "municipality", "municipality": "GM0363", "push": True, "certificates": f"oin:{OIN}"},
            {"name": COA, "kind": "coa", "signing_file": "signing", "certificates":
             f"sha256:{world.coa_old.fingerprint()} sha256:{':'.join(fingerprint[at:at + 2] for at in range(0, 64, 2))}"},
            {"name": NGO, "kind": "ngo", "push": True}]
        self.daemon.write_sources(self.rows)
        self.daemon.start()

    def file(self, name, data):
        path = self.directory / name
        path.write_bytes(data)
        path.chmod(0o600)
        return path

    def revoke(self, holders, **ends):
        world = self.world
        self.file("crl.pem", world.root.revoke([]) + world.middle.revoke(holders, **ends))

    def reload(self, status=200):
        answer = self.daemon.control("POST", "/v1/reload")
        self.assertEqual(answer.status, status, answer.body)
        return answer.json

    def context(self, holder, version=ssl.TLSVersion.TLSv1_3, chain=None):
        context = ssl.create_default_context(cadata=self.world.server.pem().decode())
        context.minimum_version = context.maximum_version = version
        if holder:
            above = b"".join(authority.pem() for authority in (chain if chain is not None else [self.world.middle]))
            shown = self.file("client.pem", holder.pem() + above + holder.key_pem())
            context.load_cert_chain(shown)
        return context

    @contextlib.contextmanager
    def connected(self, holder, **how):
        connection = http.client.HTTPSConnection("127.0.0.1", self.daemon.port, timeout=harness.PATIENCE_S,
                                                 context=self.context(holder, **how))
        with contextlib.closing(connection):
            yield connection

    def body(self):
        self.number += 1
        return json.dumps({"id": f"2017-{self.number:06}", **harness.SIGNAL})

    def post(self, connection, body=None, **headers):
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.daemon.request("POST", "/v1/signals", body or self.body(), {"Content-Type": "application/json", **names}, connection)

    def answer(self, holder, **headers):
        with self.connected(holder) as connection:
            return self.post(connection, **headers)

    def sources(self):
        return [event["data"]["source"]["name"] for event in self.daemon.events()]

    def told(self, why, source, holder):
        line = f"[S027] a client's certificate is not taken, it gets 401: {why} source={source} sha256={holder.fingerprint()}"
        return line in self.daemon.log()

    def test_who_it_is(self):
        world = self.world
        for version in BOTH:
            for holder, source in ((world.good, GM), (world.anyhow, GM), (world.coa_old, COA), (world.coa_new, COA)):
                with self.subTest(version=version, source=source), self.connected(holder, version=version) as connection:
                    first = self.post(connection)
                    self.assertEqual(first.status, 201)
                    self.assertEqual(self.sources()[-1], source)
                    own = self.daemon.request("GET", first.headers["Location"], connection=connection)
                    self.assertEqual(own.status, 200)
                    self.assertEqual(self.daemon.request("GET", "/v1/source", connection=connection).status, 200)
        self.assertNotIn("S027", self.daemon.log())
        metrics = self.daemon.metrics()
        for key in ("tls_client_ca", "tls_client_crl"):
            self.assertGreater(metrics[f'signaald_certificate_end_timestamp_seconds{{of="intake.{key}"}}'], 0)

    def test_an_own_fingerprint_goes_before_the_number(self):
        self.rows[2]["certificates"] = f"sha256:{self.world.good.fingerprint()}"
        self.daemon.write_sources(self.rows)
        self.reload()
        self.assertEqual(self.answer(self.world.good).status, 201)
        self.assertEqual(self.answer(self.world.anyhow).status, 201)
        self.assertEqual(self.sources()[-2:], [NGO, GM])

    def test_beside_a_token(self):
        """It is optional; with both it is the same source, and neither mends the other."""
        world, bearer = self.world, lambda source: f"Bearer {harness.token_of(source)}"
        self.assertEqual(self.answer(None, Authorization=bearer(NGO)).status, 201)
        self.assertEqual(self.answer(None, Authorization=bearer(GM)).status, 201)
        self.assertEqual(self.answer(world.good, Authorization=bearer(GM)).status, 201)
        self.assertEqual(self.sources(), [NGO, GM, GM])
        self.assert_problem(self.answer(None), 401)
        for holder, token in ((world.good, bearer(NGO)), (world.good, "Bearer nobody's"), (world.good, ""), (world.other, bearer(NGO)),
                              (world.revoked, bearer(GM)), (world.coa_new, bearer(GM))):
            self.assert_problem(self.answer(holder, Authorization=token), 401)
        self.assertEqual(len(self.sources()), 3)
        self.assertTrue(self.told("a token or signature of another source came with it", GM, world.good))

    def test_beside_a_signature(self):
        def signed(holder):
            body, now = self.body(), str(int(time.time()))
            code = hmac.new(SECRET.encode(), f"{now}.{body}".encode(), hashlib.sha256).hexdigest()
            with self.connected(holder) as connection:
                return self.post(connection, body, X_Signaal_Source=COA, X_Signaal_Timestamp=now, X_Signaal_Signature=f"sha256={code}")
        self.assertEqual(signed(None).status, 201)
        self.assertEqual(signed(self.world.coa_new).status, 201)
        self.assert_problem(signed(self.world.good), 401)
        self.assertEqual(self.sources(), [COA, COA])

    def test_refused(self):
        """The stranger learns nothing, the log says why, and the open routes are open."""
        world = self.world
        plain = self.answer(None)
        for why, holders in world.refused.items():
            for holder in holders:
                with self.subTest(why), self.connected(holder) as connection:
                    answer = self.post(connection)
                    self.assert_problem(answer, 401)
                    self.assertEqual(answer.body, plain.body)
                with self.connected(holder) as connection:
                    self.assertEqual(self.daemon.request("GET", "/v1/health", connection=connection).status, 200)
        self.assertEqual(self.sources(), [])
        log = self.daemon.log()
        self.assertTrue(self.told("no source has it", "", world.other), log)
        self.assertEqual(log.count("S027"), 2, log)  # one a minute of each source, and of all that have none
        for word in PERSON.split():
            self.assertNotIn(word, log)

    def test_each_reason_is_told(self):
        for why, (holder, *_) in self.world.refused.items():
            with self.subTest(why):
                self.daemon.stop()
                self.daemon.start()
                self.assert_problem(self.answer(holder), 401)
                known = OIN in str(holder.certificate.subject) and why != "no source has it"
                self.assertTrue(self.told(why, GM if known else "", holder), self.daemon.log())

    def test_revoked_while_it_is_connected(self):
        """A reload brings the new list. Whoever stays connected, or resumes his session, is looked at by it."""
        good = self.world.good
        for version in BOTH:
            context = self.context(good, version)
            with self.connected(good, version=version) as connection:
                connection._context = context
                self.assertEqual(self.post(connection).status, 201)
                session = connection.sock.session
                self.assertEqual(self.resumed(context, session), (True, 201))
                self.revoke([good])
                self.assertTrue(self.reload()["clientCertificatesChange"])
                self.assert_problem(self.post(connection), 401)
            self.assertEqual(self.resumed(context, session)[1], 401)
            self.assertEqual(self.answer(None, Authorization=f"Bearer {harness.token_of(GM)}").status, 201)
            self.revoke([])
            self.reload()
            self.assertEqual(self.answer(good).status, 201)
        self.assertFalse(self.reload()["changed"])

    def resumed(self, context, session):
        """Was it resumed, and what came of a request?"""
        connection = http.client.HTTPSConnection("127.0.0.1", self.daemon.port, timeout=harness.PATIENCE_S, context=context)
        wrap = context.wrap_socket
        context.wrap_socket = lambda sock, **more: wrap(sock, **more, session=session)
        try:
            with contextlib.closing(connection):
                connection.connect()
                return connection.sock.session_reused, self.post(connection).status
        finally:
            context.wrap_socket = wrap

    def test_a_session_is_nobody_elses(self):
        """A session that was begun with one certificate does not become that of who has another line since."""
        context = self.context(self.world.good)
        with self.connected(self.world.good) as connection:
            connection._context = context
            self.assertEqual(self.post(connection).status, 201)
            session = connection.sock.session
        self.rows[0]["certificates"], self.rows[2]["certificates"] = "", f"oin:{OIN}"
        self.daemon.write_sources(self.rows)
        self.reload()
        self.assertEqual(self.resumed(context, session), (True, 201))
        self.assertEqual(self.sources(), [GM, NGO])

    def test_lists(self):
        """Without one in date nobody is taken: who stops fetching them must not bring back who was revoked."""
        world = self.world
        self.revoke([], ends=-1)
        self.reload()
        self.assert_problem(self.answer(world.good), 401)
        self.assertTrue(self.told("its authority has no list in intake.tls_client_crl that has not ended", GM, world.good))
        self.assertIn("a certificate has ended: one of the lists of intake.tls_client_crl", self.daemon.log())
        self.assertEqual(self.answer(None, Authorization=f"Bearer {harness.token_of(GM)}").status, 201)
        self.file("crl.pem", world.root.revoke([]))
        self.reload()
        self.assert_problem(self.answer(world.good), 401)
        forged = pki.Holder("authority of clients", world.root, authority=True)
        self.file("crl.pem", world.root.revoke([]) + forged.revoke([]))
        self.assertIn("list 2 of revoked certificates of clients is signed by no authority", self.reload(400)["detail"])
        self.revoke([])
        self.reload()
        self.assertEqual(self.answer(world.good).status, 201)

    def test_an_authority_that_was_revoked(self):
        """It is trusted no longer, nor is what stands below it, although the file has them all; whatever chain is shown."""
        world = self.world
        below = pki.Holder("authority below it", world.middle, authority=True)
        lower = world.holder(below, numbers=[OIN])
        self.file("ca.pem", world.root.pem() + world.middle.pem() + below.pem())
        chains = [(world.good, chain) for chain in ([], [world.middle], [world.middle, world.root], [world.root, world.middle])]
        chains += [(lower, chain) for chain in ([], [below], [below, world.middle], [world.root, world.middle, below])]
        for revoked, status in (([], 201), ([world.middle], 401), ([], 201)):
            self.file("crl.pem", world.root.revoke(revoked) + world.middle.revoke([]) + below.revoke([]))
            self.reload()
            for holder, chain in chains:
                with self.connected(holder, chain=chain) as connection:
                    self.assertEqual(self.post(connection).status, status, (revoked, len(chain)))
        self.daemon.stop()
        self.file("crl.pem", world.root.revoke([world.middle]) + world.middle.revoke([]) + below.revoke([]))
        self.daemon.start()
        self.assert_problem(self.answer(world.good), 401)
        self.assertTrue(self.told("it, or one of its authorities, was revoked", GM, world.good), self.daemon.log())

    def test_it_begins_and_ends_with_a_reload(self):
        intake = self.daemon.extra["intake"]
        self.daemon.extra["intake"] = intake[:2]
        self.daemon.write_config()
        self.assertIn("sources.csv:2: certificates: needs intake.tls_client_ca", self.reload(400)["detail"])
        self.daemon.write_sources([{**row, "certificates": ""} for row in self.rows])
        self.reload()
        self.assert_problem(self.answer(self.world.good), 401)
        self.daemon.extra["intake"] = intake[:3]
        self.daemon.write_config()
        self.daemon.write_sources(self.rows)
        self.reload()
        self.assertEqual(self.answer(self.world.good).status, 201)
        self.assertEqual(self.answer(self.world.revoked).status, 201)  # without lists nothing is revoked

    def test_source_add(self):
        def add(*words):
            return subprocess.run([str(harness.BUILD / "signaalctl"), "--socket", self.daemon.control_path, "--json", "source", "add",
                                   "--config", str(self.daemon.config_path), *words], capture_output=True, text=True, timeout=60,
                                  stdin=subprocess.DEVNULL)
        done = add("gemeente", "--kind", "ngo", "--way", "push", "--certificate", f"oin:{OTHER_OIN}")
        self.assertEqual(done.returncode, 0, done.stderr)
        made = json.loads(done.stdout)
        self.assertEqual((made["token"], made["tokenFile"], made["written"]), (None, None, True))
        self.assertEqual(self.answer(self.world.other).status, 201)
        self.assertEqual(self.sources(), ["gemeente"])
        token = self.directory / "token"
        done = add("ngo-2", "--kind", "ngo", "--way", "push", "--certificate", f"sha256:{'ab' * 32}", "--token-file", str(token))
        self.assertEqual(self.answer(None, Authorization=f"Bearer {token.read_text().strip()}").status, 201)
        self.assertIn("a certificate belongs to one source", add("c", "--kind", "ngo", "--way", "push", "--certificate",
                                                                 f"oin:{OTHER_OIN}").stderr)
        self.assertIn("--way push", add("d", "--kind", "ngo", "--way", "file", "--certificate", f"oin:{OIN}").stderr)

    def test_with_curl_and_openssl(self):
        self.context(self.world.good)
        pair = str(self.directory / "client.pem")
        url = f"https://127.0.0.1:{self.daemon.port}/v1/signals"
        for extra in (["--tls-max", "1.2"], ["--tlsv1.3"]):
            done = subprocess.run(["curl", "-sS", "--cacert", str(self.directory / "tls.crt"), "--cert", pair, *extra, "-H",
                                   "Content-Type: application/json", "-d", self.body(), "-w", "\n%{http_code}", url],
                                  capture_output=True, text=True, timeout=60)
            self.assertEqual(done.stdout.splitlines()[-1], "201", done.stderr)
        done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{self.daemon.port}", "-cert", pair], text=True,
                              capture_output=True, stdin=subprocess.DEVNULL, timeout=60)
        self.assertIn("CN = authority of clients", done.stdout)  # so a client knows which of its certificates is meant


class InTheTable(harness.Fresh):
    """What --check-config says of bindings and of the two files."""

    def setUp(self):
        super().setUp()
        root = pki.Holder("root")
        for name, data in (("tls.crt", root.pem()), ("tls.key", root.key_pem()), ("ca.pem", root.pem()), ("crl.pem", root.revoke([], ends=-2))):
            (self.daemon.directory / name).write_bytes(data)
            (self.daemon.directory / name).chmod(0o600)
        self.own = [f"tls_certificate: {self.daemon.directory}/tls.crt", f"tls_key: {self.daemon.directory}/tls.key"]
        self.ca = f"tls_client_ca: {self.daemon.directory}/ca.pem"
        self.crl = f"tls_client_crl: {self.daemon.directory}/crl.pem"

    def check(self, intake, certificates=()):
        self.daemon.extra = {"intake": list(intake)}
        self.daemon.write_config()
        self.daemon.write_sources([{"name": f"ngo-{n}", "kind": "ngo", "certificates": text} for n, text in enumerate(certificates)])
        done = subprocess.run([str(harness.BUILD / "signaald"), "-c", str(self.daemon.config_path), "--check-config"],
                              capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode != 0, bool(done.stderr) and "systemd" not in done.stderr and "authority of its last" not in done.stderr)
        return done.stderr

    def test_bindings(self):
        some = "ab" * 32
        self.check([*self.own, self.ca], [f"oin:{OIN} sha256:{some}", f"oin:{OTHER_OIN}"])
        wrong = (f"oin:{OIN[1:]}", "oin:", some, f"sha256:{some[1:]}", "sha256:" + "ab:" * 32, "sha256:a:b" + some[2:], f"OIN:{OIN}",
                 f"oin: {OIN}", "subject:Jan", f"sha256:{some}00")
        told = self.check([*self.own, self.ca], [f"oin:{OIN}", f"sha256:{some} sha256:{'cd' * 32} oin:{OTHER_OIN}", f"oin:{OIN}", *wrong])
        self.assertIn("sources.csv:3: certificates: at most two", told)
        self.assertIn("sources.csv:4: certificates: already in line 2: a certificate belongs to one source", told)
        for line in range(5, 5 + len(wrong)):
            self.assertIn(f"sources.csv:{line}: certificates: not what a certificate is known by", told)
        self.assertNotIn("Jan", told)

    def test_files(self):
        self.assertIn("intake.tls_client_ca: needs tls_certificate and tls_key", self.check([self.ca]))
        self.assertIn("intake.tls_client_crl: needs tls_client_ca", self.check([*self.own, self.crl]))
        self.assertIn("crl.pem: list 1 has ended on 20", self.check([*self.own, self.ca, self.crl]))
        self.assertIn('holds no "-----BEGIN X509 CRL-----"', self.check([*self.own, self.ca, f"tls_client_crl: {self.daemon.directory}/ca.pem"]))


if __name__ == "__main__":
    unittest.main(verbosity=2)
