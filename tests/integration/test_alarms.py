# SPDX-License-Identifier: EUPL-1.2
"""Alarms that no other test provokes: how a start fails, and what only comes of trouble at the right moment. Which codes there are
and where they are told is in test_manual.py; that a log has no others, in harness.py."""
import os
import socket
import unittest

from faults import ENVIRONMENT, Inject, can_trace
from harness import PATIENCE_S, SIGNAL, Fresh, make_certificate, wait_for
from test_silence import moved_by

COA = "coa"


class Starts(Fresh):
    """Each ends with a code, and with the exit status by which systemd knows whether to try again."""

    def ends(self, code, status, said):
        self.daemon.start(wait=False)
        self.assertEqual(self.daemon.process.wait(PATIENCE_S), status, self.daemon.log())
        self.daemon.process = None
        self.assertEqual(self.daemon.alarms(), {code})
        self.assertRegex(self.daemon.log(), said)

    def test_port_in_use(self):
        with socket.create_server(("127.0.0.1", self.daemon.port)):
            self.ends("S010", 1, r"<3>\[S010\] cannot start: .*another process listens there")

    def test_no_ledger(self):
        self.daemon.init = lambda env: None
        self.ends("S010", 2, r"<3>\[S010\] cannot start: .* has no ledger")

    def test_fault_of_the_configuration(self):
        self.daemon.init()
        with open(self.daemon.config_path, "a") as config:
            config.write("no: such key\n")
        self.ends("S011", 2, r"unknown section \"no\"\n<3>\[S011\] the configuration is at fault: see the lines")

    def test_fault_of_a_table(self):
        self.daemon.init()
        self.daemon.write_sources([{"name": "x", "kind": "warship"}])
        self.ends("S011", 2, r"sources.csv:2: kind")

    def test_damaged(self):
        self.daemon.init()
        os.truncate(self.daemon.state / "data.mdb", 5000)
        self.ends("S012", 3, r"<3>\[S012\] the ledger cannot be used: .*A damaged ledger")


class Trouble(Fresh):
    def told(self, text):
        wait_for(lambda: text in self.daemon.log(), f"{text} is told")

    def test_kafka_away(self):
        with socket.create_server(("127.0.0.1", 0)) as nobody:  # takes connections and says nothing
            self.daemon.extra = {"kafka": [f"brokers: 127.0.0.1:{nobody.getsockname()[1]}"]}
            self.daemon.write_config()
            self.daemon.start()
            self.told("[S030] kafka topic=signals state=recovering")
            self.assertEqual(self.daemon.post(COA, {"id": "1", **SIGNAL}).status, 201)
            self.daemon.stop()

    def test_feed_keeps_failing(self):
        self.daemon.write_sources([{"name": "away", "kind": "ngo", "url": "http://127.0.0.1:9/", "interval": "1s", "template": "native",
                                    "allow_private": "yes"}])
        self.daemon.start()
        self.told("[S041] feed keeps failing, it is asked less often source=away")
        self.daemon.stop()

    def test_certificate_has_ended(self):
        key, certificate = make_certificate(self.daemon.directory, "tls", 10)
        self.daemon.extra = {"intake": [f"tls_certificate: {certificate}", f"tls_key: {key}"]}
        self.daemon.write_config()
        self.daemon.start(env=moved_by(20))
        self.told("[S051] a certificate has ended: the TLS certificate, on ")
        self.daemon.stop()

    @unittest.skipUnless(can_trace(), "needs strace")
    def test_signal_not_erased(self):
        """The n-th sync fails: of the line that says it was begun, of the erasure, of the line that says what came of it."""
        self.daemon.start(env={**ENVIRONMENT, "UV_THREADPOOL_SIZE": "1"})
        for n in range(1, 12):
            self.assertEqual(self.daemon.post(COA, {"id": f"{n}", **SIGNAL}).status, 201)
            with Inject(self.daemon.process, f"fdatasync:error=EIO:when={n}"):
                self.daemon.control("DELETE", f"/v1/signals/{COA}/{n}")
            wait_for(lambda: self.daemon.control("GET", "/v1/counts").status == 200, "it works again")
            if "S063" in self.daemon.alarms():
                break
        self.assertIn("<3>[S063] signal not erased", self.daemon.log())
        self.daemon.stop()

    @unittest.skipUnless(can_trace(), "needs strace")
    def test_stop_takes_too_long(self):
        self.daemon.start(env=ENVIRONMENT)
        with Inject(self.daemon.process, "fdatasync:delay_enter=60000000") as inject:
            self.daemon.process.terminate()
            self.told("[S071] stop takes too long")
            inject.strace.kill()  # it would wait for the call of a process that has ended
        self.assertEqual(self.daemon.process.wait(PATIENCE_S), 1)
        self.daemon.process = None


if __name__ == "__main__":
    unittest.main()
