# SPDX-License-Identifier: EUPL-1.2
"""A source that brings nothing new for its days is told once, and so is its return; with a clock that is moved (libfaketime)."""
import glob
import unittest

from harness import SIGNAL, Fresh, wait_for


def moved_by(days):
    library = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
    assert library, "the package faketime is missing"
    return {"LD_PRELOAD": library[0], "FAKETIME": f"+{days}d", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "ASAN_OPTIONS": "verify_asan_link_order=0"}


class Silence(Fresh):
    SOURCES = [{"name": "amsterdam", "kind": "municipality", "municipality": "GM0363", "push": True, "silent_days": 30},
               {"name": "coa", "kind": "coa", "push": True, "silent_days": 30},
               {"name": "utrecht", "kind": "municipality", "municipality": "GM0344", "push": True},
               {"name": "weesp", "kind": "municipality", "municipality": "GM0363", "push": True, "silent_days": 60}]

    def told(self):
        return [(e["type"].split(".", 2)[2], e["data"]["source"]["name"], e["data"]["days"])
                for e in self.daemon.events() if ".source." in e["type"]]

    def states(self):
        answer = self.daemon.control("GET", "/v1/feeds").json
        return {f["name"]: f["silent"] for f in answer["feeds"]}

    def test_silence_and_return(self):
        self.daemon.start()
        for source in ("amsterdam", "utrecht"):
            self.assertEqual(self.daemon.post(source, {"id": "1", **SIGNAL}).status, 201)
        wait_for(lambda: "coa" in [f["name"] for f in self.daemon.control("GET", "/v1/feeds").json["feeds"]], "known")
        self.daemon.stop()
        self.daemon.start(env=moved_by(20))
        self.assertEqual(self.daemon.post("amsterdam", {"id": "1", **SIGNAL}).json["verdict"], "duplicate")
        self.daemon.stop()
        self.assertEqual([e for e in self.log_lines() if "silent" in e], [])
        # a duplicate is no news; one that never brought anything is silent as well; utrecht is not to be told
        self.daemon.start(env=moved_by(40))
        wait_for(lambda: len(self.told()) == 2, "two sources are told")
        self.assertEqual(sorted(self.told()), [("source.silent.v1", "amsterdam", 40), ("source.silent.v1", "coa", 40)])
        self.assertEqual(self.daemon.alarms(), {"S044"})
        self.assertEqual({n for n, silent in self.states().items() if silent}, {"amsterdam", "coa"})
        self.daemon.stop()
        self.daemon.start(env=moved_by(41))
        self.assertEqual(self.daemon.post("amsterdam", {"id": "2", **SIGNAL, "reported": "2017-03-06"}).status, 201)
        wait_for(lambda: len(self.told()) == 3, "its return is told")
        self.assertEqual(self.told()[2], ("source.resumed.v1", "amsterdam", 41))
        self.assertEqual({n for n, silent in self.states().items() if silent}, {"coa"})
        event = [e for e in self.daemon.events() if e["type"].endswith("resumed.v1")][0]
        self.assertEqual(event["data"]["municipality"]["code"], "GM0363")
        self.assertEqual(event["partitionkey"], "GM0363")
        self.assertEqual(self.daemon.counts()["total"], 3)
        self.daemon.stop()

    def log_lines(self):
        return self.daemon.log().splitlines()


if __name__ == "__main__":
    unittest.main()
