# SPDX-License-Identifier: EUPL-1.2
"""The configuration as an operator meets it: certificates that are renewed, commands by hand, files of others."""
import contextlib
import http.client
import os
import pathlib
import pwd
import re
import shutil
import signal
import ssl
import stat
import subprocess
import time
import unittest

import harness

UNIT = harness.ROOT / "systemd/signaald.service"
DAY_S = 86400


def signaald(daemon, *words, env=None):
    return subprocess.run([str(harness.BUILD / "signaald"), "-c", str(daemon.config_path), *words], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=60, env=env)


class Certificate(harness.Fresh):
    def setUp(self):
        super().setUp()
        directory = self.daemon.directory
        self.pairs = [harness.make_certificate(directory, "first", 10), harness.make_certificate(directory, "second", 60)]
        self.key, self.certificate = directory / "tls.key", directory / "tls.crt"
        self.put(0, 0)
        self.daemon.extra = {"intake": [f"tls_certificate: {self.certificate}", f"tls_key: {self.key}"]}
        self.daemon.write_config()

    def put(self, key, certificate):
        for target, source in ((self.key, self.pairs[key][0]), (self.certificate, self.pairs[certificate][1])):
            shutil.copy(source, target)
            target.chmod(0o600)

    def connect(self, authority):
        context = ssl.create_default_context(cafile=self.pairs[authority][1])
        return contextlib.closing(http.client.HTTPSConnection("127.0.0.1", self.daemon.port, timeout=harness.PATIENCE_S,
                                                              context=context))

    def assert_shown(self, authority):
        with self.connect(authority) as connection:
            connection.request("GET", "/v1/health")
            self.assertEqual(connection.getresponse().status, 200)
        with self.connect(1 - authority) as connection, self.assertRaises(ssl.SSLCertVerificationError):
            connection.request("GET", "/v1/health")

    def assert_ends(self, days):
        ends = self.daemon.status()["intake"]["certificateEnds"]
        self.assertEqual(ends[:10], time.strftime("%Y-%m-%d", time.gmtime(self.made + days * DAY_S)))
        seconds = self.daemon.metrics()['signaald_certificate_end_timestamp_seconds{of="intake.tls_certificate"}']
        self.assertEqual(time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)), ends[:19])
        told = subprocess.run([str(harness.BUILD / "signaalctl"), "--socket", self.daemon.control_path, "status"],
                              capture_output=True, text=True, timeout=60).stdout
        self.assertRegex(told, r"certificate ends +" + ends[:10])

    def test_renewed(self):
        """By reload and by SIGHUP; who is connected goes on."""
        self.made = self.certificate.stat().st_mtime
        self.daemon.start()
        self.assert_shown(0)
        self.assert_ends(10)
        self.assertRegex(self.daemon.log(), r"<4>\[S050\] a certificate ends soon: the TLS certificate, in (9|10) days, on \d{4}-\d\d-\d\d")
        with self.connect(0) as connection:
            connection.request("GET", "/v1/health")
            connection.getresponse().read()
            sock = connection.sock
            self.put(1, 1)
            self.assertEqual(self.daemon.control("POST", "/v1/reload").status, 200)
            self.assert_shown(1)
            self.assert_ends(60)
            connection.request("GET", "/v1/health")
            self.assertEqual(connection.getresponse().status, 200)
            self.assertIs(connection.sock, sock)
        self.put(0, 0)
        self.daemon.process.send_signal(signal.SIGHUP)
        harness.wait_for(lambda: self.daemon.log().count("reloaded sources=") == 2, "it is reloaded")
        self.assert_shown(0)
        self.daemon.stop()

    def test_no_pair(self):
        self.daemon.start()
        self.put(1, 0)
        refused = self.daemon.control("POST", "/v1/reload")
        self.assertEqual(refused.status, 400)
        self.assertIn("are no pair", refused.json["detail"])
        self.assert_shown(0)
        self.daemon.stop()
        for words in (("--check-config",), ()):
            done = signaald(self.daemon, *words)
            self.assertEqual(done.returncode, 2)
            self.assertIn(f"{self.certificate} and {self.key}: the TLS certificate and the TLS key are no pair", done.stderr)


class OthersCertificates(harness.Fresh):
    """Those that feeds show and trust end too, and a feed that fails by it is seen too late."""

    def test_told_before_the_end(self):
        directory = self.daemon.directory
        made = time.time()
        pairs = {name: harness.make_certificate(directory, name, days)
                 for name, days in (("near", 10), ("far", 60), ("root", 20), ("new", 90))}
        for name, (key, certificate) in pairs.items():
            (directory / f"{name}.pem").write_bytes(certificate.read_bytes() + key.read_bytes())
            (directory / f"{name}.pem").chmod(0o600)
        bundle = directory / "bundle.pem"
        bundle.write_bytes(pairs["new"][1].read_bytes() + pairs["root"][1].read_bytes())
        self.daemon.extra = {"poll": [f"ca_file: {bundle}"]}
        self.daemon.write_config()
        line = {"kind": "ngo", "url": "https://127.0.0.1:9/", "interval": "7d", "allow_private": "yes"}
        self.use = [{**line, "name": name, "client_cert_file": f"{name}.pem"} for name in ("near", "far")]
        self.daemon.write_sources(self.use)
        self.daemon.start()

        def day(days):
            return time.strftime("%Y-%m-%d", time.gmtime(made + days * DAY_S))

        feeds, metrics = self.daemon.status()["feeds"], self.daemon.metrics()
        self.assertEqual((feeds["certificateEnds"][:10], feeds["authorityEnds"][:10]), (day(10), day(20)))
        for which, days in (('of="client_cert_file",source="near"', 10), ('of="client_cert_file",source="far"', 60), ('of="poll.ca_file"', 20)):
            seconds = metrics[f"signaald_certificate_end_timestamp_seconds{{{which}}}"]
            self.assertEqual(time.strftime("%Y-%m-%d", time.gmtime(seconds)), day(days))
        log = self.daemon.log()
        self.assertRegex(log, rf"<4>\[S050\] a certificate ends soon: the client certificate of source near, in \d+ days, on {day(10)}")
        self.assertRegex(log, rf"<4>\[S050\] a certificate ends soon: one of the authorities of poll.ca_file, in \d+ days, on {day(20)}")
        self.assertNotIn("source far", log)
        told = subprocess.run([str(harness.BUILD / "signaalctl"), "--socket", self.daemon.control_path, "status"],
                              capture_output=True, text=True, timeout=60).stdout
        self.assertRegex(told, rf"client cert ends +{day(10)}")
        self.daemon.write_sources(self.use[1:])
        self.assertEqual(self.daemon.control("POST", "/v1/reload").status, 200)
        self.assertEqual(self.daemon.status()["feeds"]["certificateEnds"][:10], day(60))
        self.assertNotIn('source="near"', "".join(self.daemon.metrics()))
        self.daemon.stop()


class ByHand(harness.Fresh):
    def setUp(self):
        super().setUp()
        self.env = {name: value for name, value in os.environ.items() if not name.endswith("_DIRECTORY")}

    def test_credentials_are_the_services(self):
        self.daemon.extra = {"state": ["identity_key: ${CREDENTIALS_DIRECTORY}/identity.key"]}
        self.daemon.write_config()
        done = signaald(self.daemon, "--check-config", env=self.env)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("not looked at: 1 credentials", done.stderr)
        self.daemon.extra["identity"] = ["test: yes"]
        self.daemon.extra["intake"] = ["listen: '[::]:8443'", "tls_certificate: ${CREDENTIALS_DIRECTORY}/tls.crt",
                                       "tls_key: ${CREDENTIALS_DIRECTORY}/tls.key"]
        self.daemon.extra["person"] = ["key: ${CREDENTIALS_DIRECTORY}/a", "previous_key: ${CREDENTIALS_DIRECTORY}/b"]
        self.daemon.extra["kafka"] = ["settings:", "  ssl.key.password: 'file:${CREDENTIALS_DIRECTORY}/c'",
                                      "  ssl.key.location: ${CREDENTIALS_DIRECTORY}/d"]
        self.daemon.write_sources([*self.SOURCES, {
            "name": "polled", "kind": "coa", "url": "https://192.0.2.1/", "template": "native",
            "secret_file": "${CREDENTIALS_DIRECTORY}/e", "client_cert_file": "${CREDENTIALS_DIRECTORY}/f"}])
        self.daemon.write_config()
        done = signaald(self.daemon, "--check-config", env=self.env)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("not looked at: 9 credentials", done.stderr)
        told = signaald(self.daemon, env=self.env).stderr
        self.assertEqual(told.count("CREDENTIALS_DIRECTORY is not set (systemd sets it for a service: LoadCredential=)"), 9, told)
        self.daemon.extra = {"state": self.daemon.extra["state"]}
        self.daemon.write_sources(self.SOURCES)
        self.daemon.write_config()
        self.assertEqual(signaald(self.daemon, "--init", env=self.env).returncode, 0)
        self.assertEqual(signaald(self.daemon, "--verify", env=self.env).returncode, 0)
        done = signaald(self.daemon, env=self.env)
        self.assertEqual(done.returncode, 2)
        self.assertIn("CREDENTIALS_DIRECTORY is not set", done.stderr)
        done = signaald(self.daemon, "--check-config", env={**self.env, "CREDENTIALS_DIRECTORY": "/nowhere"})
        self.assertEqual(done.returncode, 2)
        self.assertIn("/nowhere/identity.key", done.stderr)

    @unittest.skipUnless(os.geteuid() == 0, "as root")
    def test_root_finds_what_the_service_cannot_read(self):
        nobody = pwd.getpwnam("nobody")
        self.daemon.directory.chmod(0o755)
        table = self.daemon.directory / "categories.csv"
        shutil.copy(harness.ROOT / "conf/categories.csv", table)
        self.daemon.extra = {"tables": [f"categories: {table}"]}
        self.daemon.write_config()
        self.daemon.config_path.chmod(0o644)
        os.chown(self.daemon.state, nobody.pw_uid, nobody.pw_gid)
        table.chmod(0o644)
        done = signaald(self.daemon, "--check-config")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("as the user nobody", done.stderr)
        table.chmod(0o600)
        done = signaald(self.daemon, "--check-config")
        self.assertEqual(done.returncode, 2)
        self.assertIn(f"{table}: cannot be read: Permission denied", done.stderr)
        table.chmod(0o644)
        self.daemon.state.chmod(0o500)
        done = signaald(self.daemon, "--check-config")
        self.assertEqual(done.returncode, 2)
        self.assertIn(f"state.directory: {self.daemon.state}: Permission denied", done.stderr)
        self.daemon.state.chmod(0o700)
        self.assertEqual(signaald(self.daemon, "--init").returncode, 0)
        self.assertEqual({path.stat().st_uid for path in self.daemon.state.iterdir()}, {nobody.pw_uid})

    def test_file_that_others_can_read(self):
        """As mdb_copy leaves it."""
        self.daemon.start()
        self.daemon.stop()
        (self.daemon.state / "data.mdb").chmod(0o644)
        self.daemon.start()
        self.assertEqual(stat.S_IMODE((self.daemon.state / "data.mdb").stat().st_mode), 0o600)
        self.daemon.stop()


class Installed(unittest.TestCase):
    def test_the_unit_ends_where_a_restart_does_not_help(self):
        """A check before the start would not count: systemd looks at the status of the main process only."""
        unit = UNIT.read_text()
        self.assertRegex(unit, r"(?m)^RestartPreventExitStatus=2 3 CREDENTIALS$")
        self.assertNotIn("ExecStartPre", unit)
        mode = re.search(r"(?m)^ConfigurationDirectoryMode=(\d+)$", unit)[1]
        made = re.search(r"chmod (\d+) /etc/signaald", (harness.ROOT / "conf/deb/postinst.in").read_text())[1]
        self.assertEqual(mode, made)

    def test_sources(self):
        """What is installed has the header, and nothing else."""
        commands = (harness.ROOT / "conf/deb/packages.cmake").read_text()
        pattern = re.search(r'conf/sources\.csv header LIMIT_COUNT 1 REGEX "(\S+?)"\)', commands)[1]
        lines = (harness.ROOT / "conf/sources.csv").read_text().splitlines()
        header = next(line for line in lines if re.search(pattern, line))
        self.assertEqual(header.split(",")[:2], ["name", "kind"])
        daemon = harness.Daemon([])
        self.addCleanup(daemon.close)
        pathlib.Path(daemon.directory / "sources.csv").write_text(header + "\n")
        done = signaald(daemon, "--check-config")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("0 sources", done.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
