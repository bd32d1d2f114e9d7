# SPDX-License-Identifier: EUPL-1.2
"""The program as the service manager and its administrator see it: options, start, notices, reload, stop, files."""
import contextlib
import http.client
import itertools
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import stat
import subprocess
import tempfile
import time
import unittest

from harness import BUILD, PATIENCE_S, ROOT, SIGNAL, Daemon, Fresh, make_certificate, read_answers, token_of, wait_for

SOURCES = Fresh.SOURCES
UNIT = ROOT / "systemd" / "signaald.service"
FLIGHT = 200


def run(*args):
    return subprocess.run([str(BUILD / "signaald"), *map(str, args)], capture_output=True, text=True, timeout=60,
                          stdin=subprocess.DEVNULL)


class Encrypted(Fresh):
    def serve(self, key, certificate):
        self.daemon.extra = {"intake": [f"tls_certificate: {certificate}", f"tls_key: {key}"]}
        self.daemon.write_config()

    def test_post(self):
        key, certificate = make_certificate(self.daemon.directory, "intake")
        _, other = make_certificate(self.daemon.directory, "other")
        self.serve(key, certificate)
        self.daemon.start()

        def connect(authority, version):
            context = ssl.create_default_context(cafile=authority)
            context.minimum_version = context.maximum_version = version
            return contextlib.closing(http.client.HTTPSConnection("127.0.0.1", self.daemon.port, timeout=PATIENCE_S,
                                                                  context=context))
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with connect(certificate, version) as connection:
                for number in range(3):
                    answer = self.daemon.post("coa", {"id": f"{version}-{number}", **SIGNAL}, connection=connection)
                    self.assertEqual(answer.status, 201)
        with connect(other, ssl.TLSVersion.TLSv1_3) as connection, self.assertRaises(ssl.SSLCertVerificationError):
            connection.request("GET", "/v1/health")
        with self.assertRaises((http.client.HTTPException, OSError)):  # nothing goes in the clear
            self.daemon.post("coa", {"id": "clear", **SIGNAL})
        self.assertEqual(self.daemon.counts()["total"], 6)
        self.assert_whole()
        self.daemon.stop()

    def test_resumed(self):
        """Who comes back is spared the handshake, until there is another certificate."""
        key, certificate = make_certificate(self.daemon.directory, "intake")
        self.serve(key, certificate)
        self.daemon.start()

        def visit(context, session):
            with context.wrap_socket(socket.create_connection(("127.0.0.1", self.daemon.port), timeout=PATIENCE_S),
                                     server_hostname="127.0.0.1", session=session) as connection:
                connection.sendall(b"GET /v1/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                self.assertIn(b" 200 ", connection.recv(4096).split(b"\r\n")[0])
                return connection.session_reused, connection.session
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with self.subTest(version):
                context = ssl.create_default_context(cafile=certificate)
                context.minimum_version = context.maximum_version = version
                reused, session = visit(context, None)
                self.assertFalse(reused)
                for before in ("nothing", "a reload of the same"):
                    with self.subTest(before):
                        reused, session = visit(context, session)
                        self.assertTrue(reused)
                        self.assertEqual(self.daemon.control("POST", "/v1/reload").status, 200)
                other = make_certificate(self.daemon.directory, "other")
                for source, target in zip(other, (key, certificate)):
                    target.write_bytes(source.read_bytes())
                self.assertEqual(self.daemon.control("POST", "/v1/reload").status, 200)
                context.load_verify_locations(certificate)
                reused, session = visit(context, session)
                self.assertFalse(reused)
        self.daemon.stop()

    def test_handshake_that_waits(self):
        """Whoever says half a hello, or nothing behind it, costs no CPU while the daemon waits for the rest."""
        self.serve(*make_certificate(self.daemon.directory, "intake"))
        self.daemon.start()
        coming, hello = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = ssl.create_default_context()
        with self.assertRaises(ssl.SSLWantReadError):
            context.wrap_bio(coming, hello, server_hostname="localhost").do_handshake()
        hello = hello.read()

        def cpu_share():
            clock = ~self.daemon.process.pid << 3 | 2  # as clock_getcpuclockid(3) makes it
            before, began = time.clock_gettime(clock), time.monotonic()
            time.sleep(1)
            return (time.clock_gettime(clock) - before) / (time.monotonic() - began)
        for begins in (hello[:50], hello):
            with socket.create_connection(("127.0.0.1", self.daemon.port), timeout=PATIENCE_S) as connection:
                connection.sendall(begins)
                self.assertLess(cpu_share(), 0.3)
        self.daemon.stop()

    def test_key_of_another_certificate(self):
        key, _ = make_certificate(self.daemon.directory, "one")
        _, certificate = make_certificate(self.daemon.directory, "two")
        self.serve(key, certificate)
        started = run("-c", self.daemon.config_path)
        self.assertEqual(started.returncode, 2, started.stderr)
        self.assertIn("tls", started.stderr.lower())


class Options(Fresh):
    def test_version_help_and_wrong_use(self):
        version = run("--version")
        self.assertEqual((version.returncode, version.stderr), (0, ""))
        self.assertRegex(version.stdout, r"^signaald \d+\.\d+\.\d+\n$")
        usage = run("--help")
        self.assertEqual((usage.returncode, usage.stderr), (0, ""))
        for option in ("--config", "--check-config", "--print-config", "--version", "--help"):
            self.assertIn(option, usage.stdout)
        for args in (["--verbose"], ["-x"], ["-c"], ["start"]):
            wrong = run(*args)
            self.assertEqual((wrong.returncode, wrong.stdout), (2, ""), args)
            self.assertTrue(wrong.stderr, args)
        missing = run("-c", self.daemon.directory / "none.yaml")
        self.assertEqual(missing.returncode, 2)
        self.assertIn("none.yaml", missing.stderr)

    def test_check_config(self):
        for name in (self.daemon.config_path, ROOT / "conf" / "signaald.yaml"):
            fine = run("--check-config", "-c", name)
            self.assertEqual((fine.returncode, fine.stderr), (0, ""))
            self.assertIn("fine", fine.stdout)
        self.assertEqual(list(self.daemon.state.iterdir()), [])

    def test_state_directory_that_is_not_there(self):
        """In its usual place systemd makes it; elsewhere it may be a disk that is not mounted."""
        shutil.rmtree(self.daemon.state)
        for words in (["--check-config"], ["--verify"], []):
            told = run(*words, "-c", self.daemon.config_path)
            self.assertEqual((told.returncode, told.stdout), (2, ""), words)
            self.assertRegex(told.stderr, rf"signaald\.yaml:\d+: state\.directory: {self.daemon.state}: is not there: mount its "
                             "disk, or for the very first start run signaald --init")
        self.assertEqual(run("--print-config", "-c", self.daemon.config_path).returncode, 0)
        self.assertEqual(run("--init", "-c", self.daemon.config_path).returncode, 0)
        self.assertEqual(run("--check-config", "-c", self.daemon.config_path).returncode, 0)

    def test_key_that_is_not_there(self):
        """Whether it is named or in its usual place: what to do is said, with the mode of the file."""
        advice = "umask 077; head -c 32 /dev/urandom > FILE"
        for section, name in (("state", "identity_key"), ("person", "key"), ("person", "previous_key")):
            self.daemon.extra = {section: [f"{name}: /nowhere/{name}"]}
            self.daemon.write_config()
            for words in (["--check-config"], []):
                told = run(*words, "-c", self.daemon.config_path)
                self.assertEqual(told.returncode, 2)
                self.assertIn(f"{section}.{name}: /nowhere/{name}: cannot be read: No such file or directory", told.stderr)
                self.assertIn(advice, told.stderr)
        self.daemon.extra = {}
        self.daemon.write_config()
        self.daemon.start()
        self.daemon.stop()
        for name in ("identity.key", "person.key"):
            (self.daemon.state / name).rename(self.daemon.directory / name)
            told = run("-c", self.daemon.config_path)
            self.assertEqual(told.returncode, 2)
            self.assertRegex(told.stderr, f"{name}: cannot be read: No such file")
            self.assertIn(advice, told.stderr)
            (self.daemon.directory / name).rename(self.daemon.state / name)
        (self.daemon.state / "person.key").write_bytes(b"another person key of 32 bytes .")
        told = run("-c", self.daemon.config_path)
        self.assertEqual(told.returncode, 2)
        self.assertIn("person.previous_key beside the new one", told.stderr)

    def test_check_config_tells_all_faults_at_once(self):
        categories = self.daemon.directory / "categories.csv"
        categories.write_text("word,code\nx,NoSuchCode\n")
        self.daemon.write_sources([*SOURCES, {"name": "Bad Name", "kind": "warship"}])
        text = self.daemon.config_path.read_text()
        text = re.sub(r"categories: .*", f"categories: {categories}", text)
        self.daemon.config_path.write_text(text)
        tables = run("--check-config", "-c", self.daemon.config_path)
        self.assertEqual(tables.returncode, 2)
        for part in ("sources.csv:4: name", "sources.csv:4: kind", "categories.csv:2"):
            self.assertIn(part, tables.stderr)
        self.daemon.config_path.write_text(text.replace("kafka:\n", "kafka:\n  topic: 'a b'\n  recovery_wait: soon\n") + "intake2:\n  x: 1\n")
        wrong = run("--check-config", "-c", self.daemon.config_path)
        self.assertEqual(wrong.returncode, 2)
        for part in ("intake2", "kafka.topic", "kafka.recovery_wait", "sources.csv:4: name", "categories.csv:2"):
            self.assertIn(part, wrong.stderr)
        self.assertRegex(wrong.stderr, r"signaald\.yaml:\d+: kafka\.recovery_wait: ")
        self.assertNotIn("warship", wrong.stderr)

    def test_source_of_a_place_that_is_not_there(self):
        self.daemon.write_sources([*SOURCES, {"name": "nowhere", "kind": "municipality", "municipality": "GM9999"},
                                   {"name": "none", "kind": "municipality"}, {"name": "ngo", "kind": "ngo"}])
        file = self.daemon.directory / "sources.csv"
        lines = file.read_text().splitlines()
        where = [1 + next(n for n, line in enumerate(lines) if line.startswith(name)) for name in ("nowhere,", "none,")]
        fault = (f"{file}:{where[0]}: source nowhere: municipality GM9999 is not in the table of municipalities\n"
                 f"{file}:{where[1]}: source none: its kind is municipality, so it needs one (allowed: GM0001..GM9999)")
        checked = run("--check-config", "-c", self.daemon.config_path)
        self.assertEqual((checked.returncode, checked.stdout, checked.stderr), (2, "", fault + "\n"))
        started = run("-c", self.daemon.config_path)
        self.assertEqual(started.returncode, 2)
        for line in fault.splitlines():
            self.assertIn(line, started.stderr)
        text = (self.daemon.directory / "sources.csv").read_text()
        self.daemon.write_sources(SOURCES)
        self.daemon.start()
        (self.daemon.directory / "sources.csv").write_text(text)
        refused = self.daemon.control("POST", "/v1/reload")
        self.assertEqual(refused.status, 400)
        self.assertIn(fault, refused.json["detail"])
        self.assertEqual(self.daemon.status()["feeds"]["sources"], len(SOURCES))

    def test_print_config_masks_secrets(self):
        secret = self.daemon.directory / "secret"
        secret.write_text("Hush-in-file\n")
        secret.chmod(0o600)
        self.daemon.extra = {"kafka": ["brokers: 127.0.0.1:1", "settings:", "  sasl.username: someone",
                                       "  sasl.password: Hush-plain", f"  ssl.key.password: file:{secret}"]}
        self.daemon.write_config()
        shown = run("--print-config", "-c", self.daemon.config_path)
        self.assertEqual((shown.returncode, shown.stderr), (0, ""))
        self.assertIn("someone", shown.stdout)
        self.assertIn(f'listen: "127.0.0.1:{self.daemon.port}"', shown.stdout)
        self.assertNotIn("Hush", shown.stdout)
        again = self.daemon.directory / "again.yaml"
        again.write_text(shown.stdout)
        again.chmod(0o600)
        self.assertEqual(run("--print-config", "-c", again).stdout.splitlines()[1:], shown.stdout.splitlines()[1:])

    def test_address_and_state_in_use(self):
        self.daemon.start()
        other = Daemon(SOURCES)
        self.addCleanup(other.close)
        other.port = self.daemon.port
        other.write_config()
        other.init()
        taken = run("-c", other.config_path)
        self.assertEqual(taken.returncode, 1)  # it passes when the other one goes: systemd tries again
        self.assertIn(f"port {self.daemon.port}: another process listens there", taken.stderr)
        third = Daemon(SOURCES)
        self.addCleanup(third.close)
        third.state = self.daemon.state
        third.write_config()
        shared = run("-c", third.config_path)
        self.assertEqual(shared.returncode, 1)  # as one is that was killed and still hangs at its disk
        self.assertIn("in use by another signaald", shared.stderr)
        self.assertEqual(self.daemon.post("coa", {"id": "1"}).status, 201)


class Service(Fresh):
    def test_notices(self):
        notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(notices.close)
        path = str(self.daemon.directory / "notify")
        notices.bind(path)
        notices.settimeout(PATIENCE_S)

        def next_notice():
            """The next that is not the watchdog's, nor a line of status alone."""
            while True:
                text = notices.recv(4096).decode()
                if "WATCHDOG=1" not in text and not text.startswith("STATUS=running"):
                    return text

        self.daemon.start(wait=False, env={"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "1000000"})
        self.assertEqual(next_notice(), "STATUS=starting: reads the ledger")
        self.daemon.process.send_signal(signal.SIGHUP)  # is held back, and done behind the start
        self.assertRegex(next_notice(), r"^READY=1\nSTATUS=running; 0 accepted since \S+; no Kafka, 0 wait$")
        self.assertRegex(next_notice(), r"^RELOADING=1\n")
        self.assertIn("READY=1", next_notice())
        self.assertEqual(self.daemon.status()["ledger"]["accepted"], 0)  # ready means: it answers
        for _ in range(3):
            while "WATCHDOG=1" not in notices.recv(4096).decode():
                pass
        self.daemon.process.send_signal(signal.SIGHUP)
        self.assertRegex(next_notice(), r"RELOADING=1\nMONOTONIC_USEC=\d+")
        self.assertIn("READY=1", next_notice())
        for _ in range(40):  # each is a reload, or is in one that begins behind it; ready is told behind the last
            self.daemon.process.send_signal(signal.SIGHUP)
        self.daemon.write_sources([*SOURCES, {"name": "last", "kind": "police", "push": True}])
        self.daemon.process.send_signal(signal.SIGHUP)
        told = []
        while not told or told[-1] != "READY=1" or self.daemon.status()["feeds"]["sources"] != len(SOURCES) + 1:
            told.append(next_notice().split("\n")[0])
        self.assertEqual(told[0], "RELOADING=1")
        self.assertNotIn(("READY=1", "READY=1"), list(itertools.pairwise(told)))
        self.daemon.process.send_signal(signal.SIGTERM)
        last = next_notice()
        while last.startswith(("RELOADING=1", "READY=1")):  # of the last signal, which may have been told behind what it brought
            last = next_notice()
        self.assertRegex(last, "^STOPPING=1\nSTATUS=stopping: ")
        self.daemon.process.send_signal(signal.SIGHUP)  # comes too late, and ends nothing
        self.assertEqual(self.daemon.process.wait(60), 0)

    def test_table_that_cannot_be_read_again(self):
        table = self.daemon.directory / "categories.csv"
        table.write_text("word,code\nx,Other\n")
        self.daemon.extra = {"tables": [f"categories: {table}"]}
        self.daemon.write_config()
        self.daemon.start()
        table.write_text("word,code\nx,Other\ny,NoSuchCode\n")
        refused = self.daemon.control("POST", "/v1/reload")
        self.assertEqual(refused.status, 400)
        self.assertIn("categories.csv:3", refused.json["detail"])
        self.assertEqual(self.daemon.post("coa", {"id": "1", "category": "x"}).status, 201)
        self.assertEqual([line["category"] for line in self.daemon.counts("?by=category")["lines"]], ["Other"])

    def test_sighup_reads_the_tables_again(self):
        self.daemon.start()
        self.daemon.write_sources([*SOURCES, {"name": "politie", "kind": "police", "push": True}])
        self.assertEqual(self.daemon.post("politie", {"id": "1"}).status, 401)
        self.daemon.process.send_signal(signal.SIGHUP)
        wait_for(lambda: self.daemon.status()["feeds"]["sources"] == 3, "the new table is in use")
        self.assertEqual(self.daemon.post("politie", {"id": "1"}).status, 201)
        self.daemon.write_sources([*SOURCES, {"name": "x", "kind": "warship"}])
        self.daemon.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "[S070] reload refused" in self.daemon.log(), "the refusal is logged")
        self.assertIn("sources.csv:4: kind", self.daemon.log())
        self.assertEqual(self.daemon.post("politie", {"id": "2"}).status, 201)

    def totals(self):
        intake = self.daemon.status()["intake"]
        return {name: intake[name] for name in ("received", "registered", "duplicate", "corrected", "withdrawn",
                                                "refused", "unknownFields", "unmapped", "unknownMunicipalities")}

    def test_restart_keeps_everything(self):
        for end in (self.daemon.stop, self.daemon.kill):
            self.daemon.start()
            base = self.daemon.status()["ledger"]["accepted"]
            batch = [{"id": f"{base}-{n}", **SIGNAL} for n in range(40)]
            first = self.daemon.post("coa", batch).json["results"]
            self.daemon.post("coa", [{**s, "status": "confirmed"} for s in batch[:10]])
            self.assertEqual(self.daemon.request("DELETE", f"/v1/signals/{base}-39", headers={
                "Authorization": f"Bearer {token_of('coa')}"}).status, 200)
            events, counts = self.daemon.events(), self.daemon.counts("?by=municipality,category,month")
            totals = self.totals()
            end()
            self.daemon.start()
            self.assertEqual(self.totals(), totals)
            self.assertEqual(self.daemon.events(), events)
            self.assertEqual(self.daemon.counts("?by=municipality,category,month"), counts)
            again = self.daemon.post("coa", batch[10:39]).json["results"]
            self.assertEqual([r["verdict"] for r in again], ["duplicate"] * 29)
            self.assertEqual([r["signal"] for r in again], [r["signal"] for r in first[10:39]])
            self.assertEqual(self.daemon.post("coa", {"id": f"{base}-new"}).status, 201)
            self.assertEqual(int(self.daemon.events("?last=1")[0]["signaaldseq"]), len(events) + 1)
            self.daemon.stop()

    def test_stop_with_requests_in_flight(self):
        self.daemon.start()
        heads, bodies, socks = [], [], []
        for n in range(FLIGHT):
            body = json.dumps({"id": f"flight-{n}", **SIGNAL}).encode()
            bodies.append(body)
            heads.append((f"POST /v1/signals HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token_of('coa')}\r\n"
                          f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n").encode())
            sock = socket.create_connection(("127.0.0.1", self.daemon.port), timeout=60)
            self.addCleanup(sock.close)
            socks.append(sock)
        for n, sock in enumerate(socks):
            if n == FLIGHT // 2:
                statuses = [read_answers(socks[0], 1)[0].status]  # so it is at work
                self.daemon.process.send_signal(signal.SIGTERM)
            with contextlib.suppress(OSError):  # a connection that was closed took nothing
                sock.sendall(heads[n] + bodies[n])
        for sock in socks[1:]:
            try:
                statuses.append(read_answers(sock, 1)[0].status)
            except (OSError, ValueError, EOFError, http.client.HTTPException):
                statuses.append(None)
        self.assertEqual(self.daemon.process.wait(60), 0)
        self.assertLessEqual(set(statuses), {201, 503, None})
        self.assertEqual(statuses[0], 201)
        self.daemon.start()
        kept = {e["data"]["signal"] for e in self.daemon.events()}
        for n, status in enumerate(statuses):
            answer = self.daemon.post("coa", bodies[n])
            if status == 201:
                self.assertEqual((answer.status, answer.json["verdict"]), (200, "duplicate"))
                self.assertIn(answer.json["signal"], kept)
            elif status == 503:
                self.assertEqual(answer.status, 201)
        self.assertEqual((len(self.daemon.events()), self.daemon.counts()["total"]), (FLIGHT, FLIGHT))

    def test_files_and_dumps(self):
        old = os.umask(0)
        self.addCleanup(os.umask, old)
        self.daemon.start()
        self.daemon.post("coa", {"id": "1"})
        names = {p.name for p in self.daemon.state.iterdir()}
        self.assertLessEqual({"data.mdb", "identity.key", "lock"}, names)
        for path in self.daemon.state.iterdir():
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600, path)
        proc = pathlib.Path(f"/proc/{self.daemon.process.pid}")
        self.assertRegex((proc / "limits").read_text(), r"Max core file size +0 +0 ")
        self.assertRegex((proc / "status").read_text(), r"(?m)^Umask:\s+0077$")


@unittest.skipUnless(UNIT.exists() and shutil.which("systemd-analyze"), "needs systemd-analyze")
class Unit(unittest.TestCase):
    def setUp(self):
        """A copy whose program is there to be found, wherever the real one will be installed."""
        self.directory = tempfile.TemporaryDirectory(prefix="signaald-unit-")
        self.addCleanup(self.directory.cleanup)
        self.unit = pathlib.Path(self.directory.name) / UNIT.name
        self.unit.write_text(re.sub(r"(?m)^(Exec\w+=)\S*/(signaald|signaalctl)\b", rf"\g<1>{BUILD}/\2",
                                    UNIT.read_text()))

    def test_verify(self):
        sockets = [shutil.copy(socket, self.directory.name) for socket in UNIT.parent.glob("*.socket")]
        self.assertEqual(len(sockets), 3)
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", str(self.unit), *sockets], capture_output=True, text=True)
        told = [line for line in done.stderr.splitlines() if UNIT.stem in line]
        self.assertEqual((done.returncode, told), (0, []), done.stderr)

    def test_exposure(self):
        done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=15", "--no-pager",
                               str(self.unit)], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
