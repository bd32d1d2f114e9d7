# SPDX-License-Identifier: EUPL-1.2
"""TLS as somebody outside meets it: which suites and versions there are, sessions that are resumed, certificates and keys that are
not in order, what goes in the clear, and certificates that were revoked."""
import os
import re
import socket
import ssl
import struct
import subprocess
import unittest

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

import harness
import pki

# RFC 9325 and the Dutch NCSC's guidelines: ephemeral keys on curves, and AEAD.
FOR_RSA = {0xc02f: "ECDHE-RSA-AES128-GCM-SHA256", 0xc030: "ECDHE-RSA-AES256-GCM-SHA384", 0xcca8: "ECDHE-RSA-CHACHA20-POLY1305"}
FOR_CURVE = {0xc02b: "ECDHE-ECDSA-AES128-GCM-SHA256", 0xc02c: "ECDHE-ECDSA-AES256-GCM-SHA384",
             0xcca9: "ECDHE-ECDSA-CHACHA20-POLY1305"}
NEW = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}
SUITES_OF_A_HELLO = 4000
HANDSHAKE, ALERT, SERVER_HELLO = 22, 21, 2


def vector(width, data):
    return len(data).to_bytes(width, "big") + data


def hello(suites, version=0x0303):
    """A ClientHello that would like anything: every curve, every signature, SHA-1 too."""
    groups = struct.pack(">6H", 29, 23, 24, 25, 256, 257)
    signatures = struct.pack(">14H", 0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0203, 0x0201, 0x0301,
                             0x0303, 0x0101)
    extensions = b"".join(struct.pack(">H", kind) + vector(2, data) for kind, data in (
        (10, vector(2, groups)), (11, vector(1, b"\0")), (13, vector(2, signatures))))
    body = struct.pack(">H", version) + os.urandom(32) + vector(1, b"")
    body += vector(2, b"".join(struct.pack(">H", suite) for suite in suites)) + vector(1, b"\0") + vector(2, extensions)
    return struct.pack(">BH", HANDSHAKE, min(version, 0x0301)) + vector(2, b"\1" + vector(3, body))


class Suites(harness.Fresh):
    def serve(self, holder):
        key, certificate = self.daemon.directory / "tls.key", self.daemon.directory / "tls.crt"
        certificate.write_bytes(holder.pem())
        key.write_bytes(holder.key_pem())
        key.chmod(0o600)
        self.daemon.extra = {"intake": [f"tls_certificate: {certificate}", f"tls_key: {key}"]}
        self.daemon.write_config()
        self.daemon.start()

    def answer_to(self, data):
        """The suite that the server takes; None: it refuses, with an alert or without."""
        with socket.create_connection(("127.0.0.1", self.daemon.port), timeout=harness.PATIENCE_S) as connection:
            connection.sendall(data)
            with connection.makefile("rb") as file:
                head = file.read(5)
                if len(head) < 5 or head[0] == ALERT:
                    return None
                body = file.read(int.from_bytes(head[3:], "big"))
        self.assertEqual((head[0], body[0]), (HANDSHAKE, SERVER_HELLO))
        session = body[38]
        return int.from_bytes(body[39 + session:41 + session], "big")

    def assert_only(self, allowed):
        for suite in allowed:
            self.assertEqual(self.answer_to(hello([suite])), suite, allowed[suite])
        others = [suite for suite in range(0x10000) if suite not in {**FOR_RSA, **FOR_CURVE}]
        for begin in range(0, len(others), SUITES_OF_A_HELLO):
            some = others[begin:begin + SUITES_OF_A_HELLO]
            self.assertIsNone(self.answer_to(hello(some)), f"one of {some[0]:#06x}..{some[-1]:#06x}")
        for version in (0x0300, 0x0301, 0x0302):
            self.assertIsNone(self.answer_to(hello(range(1, 0x3000), version)), hex(version))
            self.assertIsNone(self.answer_to(hello(list(allowed), version)), hex(version))

    def openssl(self, *words):
        return subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{self.daemon.port}", *words], capture_output=True,
                              text=True, stdin=subprocess.DEVNULL, timeout=60)

    def assert_new_ones(self):
        taken = set()
        for suite in (*NEW, "TLS_AES_128_CCM_SHA256", "TLS_AES_128_CCM_8_SHA256"):
            done = self.openssl("-tls1_3", "-ciphersuites", suite)
            if re.search(rf"Cipher is {suite}$", done.stdout, re.M):
                taken.add(suite)
        self.assertEqual(taken, NEW)

    def test_with_rsa(self):
        self.serve(pki.Holder("rsa", key=pki.rsa_key()))
        self.assert_only(FOR_RSA)
        self.assert_new_ones()

    def test_with_a_curve(self):
        self.serve(pki.Holder("curve"))
        self.assert_only(FOR_CURVE)
        self.assert_new_ones()

    def test_others_find_the_same(self):
        """Every suite that OpenSSL knows, each by itself, its security level off."""
        self.serve(pki.Holder("rsa", key=pki.rsa_key()))
        known = subprocess.run(["openssl", "ciphers", "-s", "-tls1_2", "ALL:COMPLEMENTOFALL:@SECLEVEL=0"], capture_output=True,
                               text=True, check=True).stdout.strip().split(":")
        self.assertGreater(len(known), 60)
        taken = {suite for suite in known if "Cipher is " + suite in self.openssl("-tls1_2", "-cipher", suite + ":@SECLEVEL=0").stdout}
        self.assertEqual(taken, set(FOR_RSA.values()))
        for version in ("-tls1", "-tls1_1"):
            self.assertNotEqual(self.openssl(version, "-cipher", "ALL:@SECLEVEL=0").returncode, 0)

    def test_keys_of_tickets_change(self):
        """Who steals the key of tickets reads no sessions of another day. The first bytes of a ticket name its key."""
        shift = self.daemon.directory / "shift"
        shift.write_text("0")
        library = harness.BUILD / "tests/libshift_clock.so"
        self.daemon.wrapper = ["env", f"LD_PRELOAD={library}", "ASAN_OPTIONS=verify_asan_link_order=0", f"SHIFT_CLOCK_FILE={shift}"]
        self.serve(pki.Holder("curve", ends=400))

        def ticket(version):
            session = self.daemon.directory / "session"
            with subprocess.Popen(["openssl", "s_client", "-connect", f"127.0.0.1:{self.daemon.port}", version, "-sess_out", session],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as client:
                client.stdin.write(b"GET /v1/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                client.stdin.flush()
                client.stdout.read()
            shown = subprocess.run(["openssl", "sess_id", "-in", session, "-text", "-noout"], capture_output=True, text=True,
                                   check=True).stdout
            return re.search(r"TLS session ticket:\n\s+0000 - ((?:[0-9a-f]{2}[ -]){16})", shown)[1]
        for version in ("-tls1_2", "-tls1_3"):
            with self.subTest(version):
                shift.write_text("0")
                names = {ticket(version) for _ in range(3)}
                self.assertLessEqual(len(names), 2)  # the time may just have come
                shift.write_text(str(24 * 3600))
                self.assertNotIn(ticket(version), names)


class InOrder(harness.Fresh):
    """What --check-config finds, each with its file; and what the daemon does not start with."""

    def setUp(self):
        super().setUp()
        directory = self.daemon.directory
        self.key, self.certificate, self.client = directory / "tls.key", directory / "tls.crt", directory / "client.pem"
        self.root = pki.Holder("root", ends=3000)
        self.middle = pki.Holder("middle", self.root, authority=True, ends=2000)
        self.good = pki.Holder("good", self.middle)
        self.daemon.extra = {"intake": [f"tls_certificate: {self.certificate}", f"tls_key: {self.key}"]}
        self.daemon.write_config()
        self.daemon.write_sources([{"name": "polled", "kind": "ngo", "url": "https://127.0.0.1:9/", "client_cert_file": "client.pem",
                                    "allow_private": "yes"}])
        self.put(self.good, self.middle, self.root)

    def put(self, *chain, key=None, client=None):
        self.certificate.write_bytes(b"".join(holder.pem() for holder in chain))
        self.key.write_bytes((key or chain[0]).key_pem())
        self.key.chmod(0o600)
        shown = client or (self.good,)
        self.client.write_bytes(b"".join(holder.pem() for holder in shown) + shown[0].key_pem())
        self.client.chmod(0o600)

    def run_daemon(self, *words):
        return subprocess.run([str(harness.BUILD / "signaald"), "-c", str(self.daemon.config_path), *words], capture_output=True,
                              text=True, stdin=subprocess.DEVNULL, timeout=60)

    def assert_told(self, *parts):
        done = self.run_daemon("--check-config")
        self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
        for part in parts:
            self.assertIn(part, done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), len(parts), done.stderr)

    def test_good(self):
        for chain in ((self.good, self.middle, self.root), (self.good, self.middle)):
            self.put(*chain)
            done = self.run_daemon("--check-config")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual("intermediate certificate is missing" in done.stderr, len(chain) == 2)

    def test_faults(self):
        day = pki.now().strftime("%Y-%m-")
        faults = (
            (pki.Holder("ended", self.middle, begins=-9, ends=-1), "certificate 1 has ended on 20", True),
            (pki.Holder("early", self.middle, begins=5), "certificate 1 is not valid yet: it begins on 20", True),
            (pki.Holder("small", self.middle, key=pki.rsa_key(1024)), "certificate 1 has an RSA key of 1024 bits: at least 2048", False),
            (pki.Holder("narrow", self.middle, key=pki.curve_key(ec.SECP224R1)), "certificate 1 has a curve of 224 bits: at least 256",
             False),
            (pki.Holder("old", self.middle, digest=hashes.SHA1()), "certificate 1 is signed with SHA-1", False),
        )
        self.assertEqual(len(day), 8)
        for holder, fault, of_time in faults:
            with self.subTest(fault):
                self.put(holder, self.middle, self.root)
                self.assert_told(f"{self.certificate}: {fault}")
                self.put(self.good, self.middle, self.root, client=(holder, self.middle))
                self.assert_told(f"{self.client}: {fault}")
                self.put(holder, self.middle, self.root)
                if of_time:  # it warns, and serves: what ended in the night must not keep the rest from starting
                    self.daemon.start()
                    self.daemon.stop()
                else:
                    self.assertEqual(self.run_daemon().returncode, 2)

    def test_order_and_pairs(self):
        self.put(self.good, self.root, self.middle)
        self.assert_told(f"{self.certificate}: certificate 2 is not the authority of certificate 1: the order is",
                         f"{self.certificate}: certificate 3 is not the authority of certificate 2: the order is")
        self.assertEqual(self.run_daemon().returncode, 2)
        self.put(self.good, self.middle, key=self.root)
        self.assert_told(f"{self.certificate} and {self.key}: the TLS certificate and the TLS key are no pair")
        self.put(self.good, self.middle, self.root)
        self.client.write_bytes(self.good.pem() + self.root.key_pem())
        self.assert_told(f"{self.client}: the TLS certificate and the TLS key are no pair")

    def test_all_in_one_run(self):
        ended = pki.Holder("ended", self.middle, begins=-9, ends=-1)
        self.put(ended, self.middle, self.root, client=(pki.Holder("old", self.middle, digest=hashes.SHA1()),))
        crl = self.daemon.directory / "revoked.pem"
        crl.write_bytes(self.root.revoke([], ends=-2))
        self.daemon.extra["poll"] = [f"crl_file: {crl}"]
        self.daemon.write_config()
        self.assert_told(f"{self.certificate}: certificate 1 has ended", f"{self.client}: certificate 1 is signed with SHA-1",
                         f"{crl}: list 1 has ended on 20")

    def test_reload_takes_no_certificate_that_is_over(self):
        self.daemon.start()
        for holder, why in ((pki.Holder("ended", self.middle, begins=-9, ends=-1), "has ended"),
                            (pki.Holder("early", self.middle, begins=5), "is not valid yet")):
            self.put(holder, self.middle, self.root)
            refused = self.daemon.control("POST", "/v1/reload")
            self.assertEqual(refused.status, 400)
            self.assertIn(f"{self.certificate}: certificate 1 {why}", refused.json["detail"])
        context = ssl.create_default_context(cadata=self.root.pem().decode())
        with socket.create_connection(("127.0.0.1", self.daemon.port), timeout=harness.PATIENCE_S) as raw, \
                context.wrap_socket(raw, server_hostname="127.0.0.1") as shown:
            self.assertEqual(shown.getpeercert()["serialNumber"], f"{self.good.certificate.serial_number:040X}"[-40:].lstrip("0")
                             .rjust(len(shown.getpeercert()["serialNumber"]), "0"))


class InTheClear(harness.Fresh):
    def test_listen(self):
        for address, good in (("127.0.0.2", True), ("[::1]", True), ("[::ffff:127.0.0.1]", True), ("0.0.0.0", False), ("[::]", False),
                              ("[::ffff:10.0.0.1]", False), ("10.0.0.1", False)):
            self.daemon.extra = {"identity": ['oin: "00000099000000001000"', "test: yes"],
                                 "intake": [f'listen: "{address}:{self.daemon.port}"']}
            self.daemon.write_config()
            done = subprocess.run([str(harness.BUILD / "signaald"), "-c", str(self.daemon.config_path), "--check-config"],
                                  capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
            self.assertEqual(done.returncode, 0 if good else 2, address)
            self.assertEqual("intake.listen: not a loopback address: needs tls_certificate and tls_key" in done.stderr, not good)


class Revoked(harness.Fresh):
    def test_endpoint_whose_certificate_was_revoked(self):
        directory = self.daemon.directory
        root = pki.Holder("root")
        endpoint = harness.Endpoint()
        self.addCleanup(endpoint.close)
        endpoint.paths["/list"] = lambda *_: (200, {"Content-Type": "application/json"}, [])
        holder = pki.Holder("endpoint", root)
        pair = directory / "endpoint.pem"
        pair.write_bytes(holder.pem() + holder.key_pem())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair)
        endpoint.server.socket = context.wrap_socket(endpoint.server.socket, server_side=True)
        authority, crl = directory / "ca.pem", directory / "revoked.pem"
        authority.write_bytes(root.pem())
        crl.write_bytes(root.revoke([]))
        self.daemon.extra = {"poll": [f"ca_file: {authority}", f"crl_file: {crl}"]}
        self.daemon.write_config()
        self.daemon.write_sources([{"name": "polled", "kind": "ngo", "url": endpoint.url("/list", "https"), "interval": "7d",
                                    "allow_private": "yes"}])
        self.daemon.start()

        def poll():
            before = self.daemon.control("GET", "/v1/feeds/polled").json["polls"]
            harness.wait_for(lambda: self.daemon.control("POST", "/v1/feeds/polled/poll").status == 202, "it polls")
            return harness.wait_for(lambda: (feed := self.daemon.control("GET", "/v1/feeds/polled").json)["polls"] > before and
                                    feed["state"] in ("waiting", "failing", "backing-off") and feed, "it has polled")["failures"]
        self.assertEqual(poll(), 0)
        self.assertGreater(self.daemon.metrics()['signaald_certificate_end_timestamp_seconds{of="poll.crl_file"}'], 0)
        crl.write_bytes(root.revoke([holder]))
        self.assertGreaterEqual(failed := poll(), 1)  # it may have been asked again by itself
        crl.write_bytes(root.revoke([], ends=-1))
        self.assertGreater(poll(), failed)
        self.assertEqual(self.daemon.control("POST", "/v1/reload").status, 200)
        self.assertIn("a certificate has ended: one of the lists of poll.crl_file", self.daemon.log())
        crl.write_bytes(root.revoke([]))
        self.assertEqual(poll(), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
