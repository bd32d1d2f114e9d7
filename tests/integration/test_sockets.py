# SPDX-License-Identifier: EUPL-1.2
"""Sockets that the service manager has opened, and what it is told by whoever watches over the service."""
import contextlib
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import threading
import unittest

import faults
from harness import BUILD, PATIENCE_S, SIGNAL, Fresh, make_certificate, token_of, wait_for

PASS = ('import os, sys; names, fds, words = sys.argv[1], sys.argv[2].split(","), sys.argv[3:]\n'
        'for n, fd in enumerate(fds): os.dup2(int(fd), 100 + n)\n'
        'for n in range(len(fds)): os.dup2(100 + n, 3 + n); os.close(100 + n)\n'
        'os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(fds)), LISTEN_FDNAMES=names); os.execv(words[0], words)')


def listening(address, family=socket.AF_INET):
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    sock.bind(address)
    sock.listen(1024)
    return sock


class Passed(Fresh):
    def open(self, *more):
        """The intake's socket and the control socket, as systemd keeps them, and others. [(name, socket)]"""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.daemon.control_path)
        sockets = [("intake", listening(("127.0.0.1", self.daemon.port))),
                   ("control", listening(self.daemon.control_path, socket.AF_UNIX)), *more]
        for _, sock in sockets:
            self.addCleanup(sock.close)
        return sockets

    def command(self, sockets):
        return ["/usr/bin/python3", "-c", PASS, ":".join(name for name, _ in sockets), ",".join(str(s.fileno()) for _, s in sockets),
                str(BUILD / "signaald"), "-c", str(self.daemon.config_path)]

    def start(self, sockets, wait=True):
        if not any(self.daemon.state.iterdir()):
            self.daemon.init()
        with open(self.daemon.log_path, "ab") as log:
            self.daemon.process = subprocess.Popen(self.command(sockets), stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                                   pass_fds=[s.fileno() for _, s in sockets])
        if wait:
            wait_for(self.daemon.answers, "the daemon answers")

    def refused(self, sockets):
        """What a start says that is refused."""
        if not any(self.daemon.state.iterdir()):
            self.daemon.init()
        done = subprocess.run(self.command(sockets), capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
                              pass_fds=[s.fileno() for _, s in sockets])
        self.assertEqual(done.returncode, 2, done.stderr)
        return done.stderr

    def test_restart_refuses_nobody(self):
        """Connections that are kept, and one for each signal; the daemon stops and starts, again and again."""
        sockets = self.open()
        self.start(sockets)
        done, lock = threading.Event(), threading.Lock()
        accepted, wrong, again = [], [], []

        def ask(connection, name):
            answer = self.daemon.post("coa", {"id": name, **SIGNAL}, connection=connection)
            if connection and answer.headers.get("Connection") == "close":
                connection.close()
            return answer.status

        def send(number):
            kept, count = self.daemon.connection() if number % 2 else None, 0
            while not done.is_set():
                name, used = f"{number}-{count}", bool(kept and kept.sock)
                count += 1
                try:
                    status = ask(kept, name)
                except (OSError, http.client.HTTPException) as error:
                    if not used:
                        wrong.append(repr(error))
                        continue
                    again.append(repr(error))  # it was closed while it was idle: once more, as HTTP has it
                    kept.close()
                    status = ask(kept, name)
                with lock:
                    (accepted if status == 201 else wrong).append(name if status == 201 else status)
        senders = [threading.Thread(target=send, args=(number,)) for number in range(12)]
        for sender in senders:
            sender.start()
        for _ in range(3):
            before = len(accepted)
            wait_for(lambda seen=before: len(accepted) > seen + 50, "signals come in")
            self.daemon.stop()
            self.start(sockets)
        done.set()
        for sender in senders:
            sender.join()
        self.assertEqual(wrong, [], again)
        self.assertEqual(len(self.daemon.events()), len(accepted))
        self.assert_whole()
        self.daemon.stop()

    def test_restart_with_tls(self):
        """A handshake that is under way counts as a request on its way."""
        key, certificate = make_certificate(self.daemon.directory, "intake")
        self.daemon.extra = {"intake": [f"tls_certificate: {certificate}", f"tls_key: {key}"]}
        self.daemon.write_config()
        context = ssl.create_default_context(cafile=certificate)
        self.daemon.connection = lambda: http.client.HTTPSConnection("127.0.0.1", self.daemon.port, timeout=PATIENCE_S,
                                                                     context=context)
        self.test_restart_refuses_nobody()

    def test_who_asks_meanwhile_waits(self):
        sockets = self.open()
        self.start(sockets)
        self.daemon.stop()
        self.assertTrue(os.path.exists(self.daemon.control_path))  # it is not ours to remove
        answers = []
        askers = [threading.Thread(target=lambda: answers.append(self.daemon.status()["version"])),
                  threading.Thread(target=lambda: answers.append(self.daemon.post("coa", {"id": "1", **SIGNAL}).status))]
        for asker in askers:
            asker.start()
        self.start(sockets)
        for asker in askers:
            asker.join(PATIENCE_S)
        self.assertIn(201, answers)
        self.assertEqual(len(answers), 2)
        self.daemon.stop()

    def test_several_addresses(self):
        """They share the limits of one server, and the one of the configuration need not be the first."""
        for place in (0, 2):
            with contextlib.ExitStack() as stack:
                more = [stack.enter_context(listening(("127.0.0.2", self.daemon.port))),
                        stack.enter_context(listening(("::1", self.daemon.port), socket.AF_INET6))]
                (own, control), passed = self.open(), [("intake", sock) for sock in more]
                for _, sock in (own, control):
                    stack.callback(sock.close)
                passed.insert(place, own)
                self.start([*passed, control])
                for host in ("127.0.0.1", "127.0.0.2", "::1"):
                    connection = stack.enter_context(
                        contextlib.closing(http.client.HTTPConnection(host, self.daemon.port, timeout=PATIENCE_S)))
                    answer = self.daemon.post("coa", {"id": f"{place}{host}", **SIGNAL}, connection=connection)
                    self.assertEqual(answer.status, 201)
                intake = self.daemon.status()["intake"]
                self.assertEqual((intake["listen"], intake["connections"]), (f"127.0.0.1:{self.daemon.port}", 3))
                self.daemon.stop()

    def test_mode_and_group(self):
        """Who may use the control socket is the same, whoever has opened it."""
        sockets = self.open()
        os.chmod(self.daemon.control_path, 0o777)
        self.start(sockets)
        self.assertEqual(os.stat(self.daemon.control_path).st_mode & 0o777, 0o660)
        self.assertEqual(os.stat(self.daemon.control_path).st_gid, os.getegid())
        self.daemon.stop()

    def test_what_does_not_agree(self):
        elsewhere, there = listening(("127.0.0.1", 0)), ("127.0.0.1", self.daemon.port)
        other = f"127.0.0.1:{elsewhere.getsockname()[1]}"
        datagrams = socket.socket(type=socket.SOCK_DGRAM)
        unix = listening(str(self.daemon.directory / "other.sock"), socket.AF_UNIX)
        wide = listening(("0.0.0.0", 0))
        here = listening(there)
        for sock in (elsewhere, datagrams, unix, wide, here):
            self.addCleanup(sock.close)
        for passed, told in (
                ([("intake", elsewhere)], f"intake.listen is 127.0.0.1:{self.daemon.port} and signaald.socket listens on {other}"),
                ([("intake", here), ("intake", wide)], "which is not a loopback address: that needs intake.tls_certificate"),
                ([("intake", datagrams)], "does not listen for connections"),
                ([("intake", unix)], "is for an address and a port"),
                ([("signaald.socket", here)], 'systemd passes a socket named "signaald.socket", which is not known here'),
                ([("intake", here), ("control", here)], 'a socket named "control" is a path'),
                ([("intake", here), ("control", unix)], f"control.socket is {self.daemon.control_path} and signaald-control.socket"),
                ([("control", unix), ("control", unix)], "signaald-control.socket has 2 sockets"),
                ([("intake", here)] * 9, 'more than 8 sockets named "intake"')):
            self.assertIn(told, self.refused(passed))
        self.daemon.extra = {"intake": ["listen: none"]}
        self.daemon.write_config()
        self.assertIn("intake.listen is none, and systemd passes a socket for it", self.refused([("intake", here)]))
        self.assertIn("metrics.listen is none, and systemd passes a socket for it", self.refused([("metrics", elsewhere)]))
        self.daemon.extra["metrics"] = [f"listen: {other}"]
        self.daemon.write_config()
        self.assertIn(f"metrics.listen is {other} and signaald-metrics.socket listens on", self.refused([("metrics", here)]))
        self.assertIn("signaald-metrics.socket listens on 0.0.0.0:", self.refused([("metrics", elsewhere), ("metrics", wide)]))
        self.start([("metrics", elsewhere)])
        with contextlib.closing(http.client.HTTPConnection(other, timeout=PATIENCE_S)) as connection:
            connection.request("GET", "/metrics")
            self.assertEqual(connection.getresponse().status, 200)
        self.daemon.stop()


class Stop(Fresh):
    def test_request_on_its_way(self):
        """Whoever has connected before the stop is answered, and told that the connection ends; who stays silent is not waited
        for long."""
        self.daemon.start()
        kept, fresh, silent = (self.daemon.connection() for _ in range(3))
        for connection in (kept, fresh, silent):
            self.addCleanup(connection.close)
        self.assertEqual(self.daemon.post("coa", {"id": "0", **SIGNAL}, connection=kept).status, 201)
        fresh.connect()
        silent.connect()
        wait_for(lambda: self.daemon.status()["intake"]["connections"] == 3, "all are connected")
        half = json.dumps({"id": "half", **SIGNAL}).encode()
        slow = socket.create_connection(("127.0.0.1", self.daemon.port), timeout=PATIENCE_S)
        self.addCleanup(slow.close)
        slow.sendall(f"POST /v1/signals HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token_of('coa')}\r\nContent-Type: "
                     f"application/json\r\nContent-Length: {len(half)}\r\n\r\n".encode() + half[:5])
        wait_for(lambda: self.daemon.metrics()["signaald_body_bytes"] > 0, "half of a body is there")
        self.daemon.process.send_signal(signal.SIGTERM)
        wait_for(lambda: "stopping" in self.daemon.log(), "it stops")
        for name, connection in (("kept", kept), ("fresh", fresh)):
            answer = self.daemon.post("coa", {"id": name, **SIGNAL}, connection=connection)
            self.assertEqual((answer.status, answer.headers["Connection"]), (201, "close"))
        slow.sendall(half[5:])
        self.assertIn(b" 201 ", slow.recv(4096))
        self.assertEqual(silent.sock.recv(1), b"")
        self.assertEqual(self.daemon.process.wait(60), 0)
        self.daemon.process = None


@unittest.skipUnless(faults.can_trace(), "needs strace(1)")
class Watchdog(Fresh):
    def test_commit_that_hangs(self):
        """The loop turns, and all the same the watchdog is not told; and it is again, when the disk goes on."""
        notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(notices.close)
        path = str(self.daemon.directory / "notify")
        notices.bind(path)
        notices.settimeout(PATIENCE_S)
        self.daemon.start(env={"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "400000", **faults.ENVIRONMENT})

        def heard(until):
            """What was told until then."""
            notices.settimeout(0.05)
            told = []
            while True:
                over = until()
                with contextlib.suppress(TimeoutError):
                    while True:
                        told.append(notices.recv(4096))
                if over:
                    return told
        poster = threading.Thread(target=lambda: self.daemon.post("coa", {"id": "1", **SIGNAL}))
        with faults.slow_commits(self.daemon.process, 600):
            poster.start()
            heard(lambda: "[S072] the work stands still: a commit hangs: the watchdog is not told" in self.daemon.log())
            self.assertEqual(self.daemon.control("GET", "/v1/status").status, 200)  # the loop does turn
            looks = iter(range(20))
            self.assertNotIn(b"WATCHDOG=1", heard(lambda: next(looks, None) is None))
        poster.join()
        self.assertIn(b"WATCHDOG=1", heard(lambda: "a commit goes on again" in self.daemon.log()))
        self.daemon.stop()

    def test_disk_that_gives_errors(self):
        """A restart would not mend it: the watchdog is told all the time."""
        notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(notices.close)
        path = str(self.daemon.directory / "notify")
        notices.bind(path)
        notices.settimeout(PATIENCE_S)
        self.daemon.start(env={"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "500000", **faults.ENVIRONMENT})
        with faults.Inject(self.daemon.process, "fdatasync:error=EIO"):
            self.assertEqual(self.daemon.post("coa", {"id": "1", **SIGNAL}).status, 503)
            for _ in range(12):  # longer than a commit may hang
                while b"WATCHDOG=1" not in notices.recv(4096):
                    pass
        self.assertNotIn("hangs", self.daemon.log())


if __name__ == "__main__":
    unittest.main()
