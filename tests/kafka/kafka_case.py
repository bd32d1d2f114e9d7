# SPDX-License-Identifier: EUPL-1.2
"""What the tests that need Kafka share: one broker for all tests of a file, daemons that show their log when a test fails."""
import functools
import pathlib
import shutil
import sys
import tempfile
import unittest

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1] / part) for part in ("integration", "leak")]
import broker  # noqa: E402
import harness  # noqa: E402


@functools.cache
def shared_broker():
    """Made when the first class of the file asks for it."""
    folder = tempfile.mkdtemp(prefix="signaald-kafka-")
    unittest.addModuleCleanup(shutil.rmtree, folder, True)
    claims = [harness.claim_port(), harness.claim_port()]
    for _, claim in claims:
        unittest.addModuleCleanup(claim.close)
    kafka = broker.Broker(folder, *(port for port, _ in claims))
    unittest.addModuleCleanup(kafka.kill)
    kafka.start()
    return kafka


def await_published(daemon):
    """Events, and of other topics what waits if there is such a topic. Before that of current signals is seen nothing waits for it."""
    def done():
        status = daemon.status()
        kafka = status["kafka"]
        return status["ledger"]["waiting"] == kafka["counts"]["waiting"] == kafka["current"]["waiting"] == 0 and \
            kafka["current"]["state"] in ("off", "running")
    harness.wait_for(done, "all is published")


class KafkaCase(unittest.TestCase):
    """With `kafka`, the broker."""

    @classmethod
    def setUpClass(cls):
        cls.kafka = shared_broker()

    def setUp(self):
        if self.kafka.process is None:  # a test failed while it was away
            self.kafka.start()

    def make_daemon(self, sources, extra):
        daemon = harness.Daemon(sources, extra)
        self.addCleanup(daemon.close)
        self.addCleanup(self.show_log, daemon)
        return daemon

    def show_log(self, daemon):
        outcome = self._outcome.result
        if any(test is self for test, _ in outcome.failures + outcome.errors):
            print(daemon.log())
