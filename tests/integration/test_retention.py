# SPDX-License-Identifier: EUPL-1.2
"""What is too old goes by itself, soon after the start; with a clock that is moved (libfaketime)."""
import unittest

from harness import SIGNAL, Fresh, wait_for
from test_silence import moved_by


class Retention(Fresh):
    SOURCES = [{"name": "amsterdam", "kind": "municipality", "municipality": "GM0363", "push": True}]
    EXTRA = {"retention": ["quarantine: 1d", "unmapped: 1d", "audit: 1d", "identity: 10d", "cells: 20d"]}

    def round_after(self, days):
        """A daemon that lives in so many days, after its first round."""
        before = self.daemon.log().count("retention ") if self.daemon.log_path.exists() else 0
        self.daemon.start(env=moved_by(days))
        wait_for(lambda: self.daemon.log().count("retention ") > before, "a round that removed something")

    def test_what_is_too_old_goes(self):
        self.daemon.start()
        self.assertEqual(self.daemon.post("amsterdam", {"id": "1", **SIGNAL, "category": "iets anders"}).status, 201)
        self.assertEqual(len(self.daemon.control("GET", "/v1/unmapped").json["unmapped"]), 1)
        self.assertEqual(self.daemon.counts()["total"], 1)
        lines = self.daemon.control("GET", "/v1/audit").body.count(b"\n")
        self.daemon.stop()
        self.round_after(3)
        self.assertRegex(self.daemon.log(), r"retention lines=0 pseudonyms=0 quarantined=0 unmapped=1 audit=[1-9]")
        self.assertEqual(self.daemon.control("GET", "/v1/unmapped").json["unmapped"], [])
        self.assertLess(self.daemon.control("GET", "/v1/audit").body.count(b"\n"), lines + 3)
        self.assertTrue(self.daemon.control("GET", "/v1/audit/verify").json["whole"])
        self.assertEqual(self.daemon.control("GET", "/v1/signals/amsterdam/1").status, 200)
        self.daemon.stop()
        self.round_after(12)
        self.assertRegex(self.daemon.log(), r"retention lines=1 ")
        self.assertEqual(self.daemon.counts()["total"], 1)  # it goes on counting
        self.assertEqual(self.daemon.control("GET", "/v1/signals/amsterdam/1").status, 404)
        ledger = self.daemon.status()["ledger"]
        self.assertEqual((ledger["signals"], ledger["expired"], ledger["waiting"], ledger["neverPublished"]),
                         (1, 1, 0, 1))
        self.assertEqual(self.daemon.post("amsterdam", {"id": "1", **SIGNAL}).status, 201)  # nobody remembers it
        self.assertEqual(self.daemon.counts()["total"], 2)
        outcome = self.daemon.verify()[-1]
        self.assertTrue(outcome["whole"], outcome)
        self.daemon.stop()


if __name__ == "__main__":
    unittest.main()
