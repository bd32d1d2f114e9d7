# SPDX-License-Identifier: EUPL-1.2
"""Intake by polling, against endpoints of all tempers. All feeds share two daemons; one is killed in the middle of a page,
and then it is looked at what each endpoint saw and what the ledger holds."""
import unittest

from harness import SIGNAL, Case, Daemon, Endpoint, wait_for

LAST = 11  # items that the endpoint of `pages` has
PAGE = 6
RETRY_AFTER_S = 3  # longer than the interval, so that it shows


def item(name, updated=None):
    return {"id": name, **SIGNAL, **({} if updated is None else {"updated": updated})}


def feed(endpoint, name, cursor=False, **more):
    watermark = {"cursor_param": "since", "cursor_field": "updated"} if cursor else {}
    return {"name": name, "kind": "municipality", "municipality": "GM0363", "interval": "1s",
            "url": endpoint.url("/" + name), "allow_private": "yes", **watermark, **more}


class Feeds(Case):
    """`daemon` is killed on the way, `calm` is not."""

    @classmethod
    def setUpClass(cls):
        cls.pushed, cls.killed = None, False
        cls.endpoint = at = Endpoint()
        cls.addClassCleanup(at.close)
        at.paths = {"/etag": cls.etag, "/dated": cls.dated, "/pages": cls.pages, "/broken": cls.broken, "/items": cls.items,
                    "/busy": cls.busy, "/moved": cls.moved, "/elsewhere": cls.never, "/both": cls.both,
                    "/private": cls.never, "/held": cls.held, "/gone": cls.gone}
        cls.daemon = Daemon([feed(at, "etag"), feed(at, "dated"), feed(at, "pages", True), feed(at, "broken", True),
                             feed(at, "held", True), feed(at, "both", push=True)])
        cls.calm = Daemon([feed(at, "items"), feed(at, "busy"), feed(at, "moved"), feed(at, "gone"),
                           feed(at, "private", url=at.url("/private", "https"), allow_private="", interval="10s")])
        for daemon in (cls.daemon, cls.calm):
            cls.addClassCleanup(daemon.close)
            daemon.start()
        cls.calm.control("POST", "/v1/feeds/private/poll")
        cls.pushed = cls.daemon.post("both", [item("both-1"), item("both-2")]).json["results"]

    @classmethod
    def tearDownClass(cls):
        cls.calm.stop()
        super().tearDownClass()

    # --- the endpoints: (query, headers, number of the request) -> (status, headers, body)

    @staticmethod
    def etag(_query, headers, _number):
        if headers.get("If-None-Match") == '"v1"':
            return 304, {"ETag": '"v1"'}, b""
        return 200, {"ETag": '"v1"'}, [item("etag-1"), item("etag-2")]

    @staticmethod
    def dated(_query, headers, _number):
        when = "Sun, 05 Mar 2017 10:11:12 GMT"
        if headers.get("If-Modified-Since") == when:
            return 304, {"Last-Modified": when}, b""
        return 200, {"Last-Modified": when}, [item("dated-1")]

    @staticmethod
    def pages(query, _headers, _number):
        """Items from the watermark on, the watermark's own once more; a few a page."""
        since = int(query.get("since", 0))
        return 200, {}, [item(f"pages-{n}", n) for n in range(max(since, 1), LAST + 1)][:PAGE]

    @staticmethod
    def broken(query, _headers, number):
        if number == 1:
            return 200, {}, [item("broken-1", "2017-01-01T10:00:00+01:00")]
        if number == 2:
            return 200, {}, b'[{"id": "broken-2", "updated": "2018-01-01"}, {"id": "brok'
        return 200, {}, [item("broken-2", "2017-02-01T10:00:00+01:00")]

    @staticmethod
    def items(_query, _headers, _number):
        return 200, {}, [item("items-1"), {**item("items-2"), "reported": "gisteren"}, 7, item("items-3"), {}]

    @staticmethod
    def busy(_query, _headers, number):
        if number == 1:
            return 503, {"Retry-After": str(RETRY_AFTER_S)}, b""
        return 200, {}, [item("busy-1")]

    @staticmethod
    def moved(_query, headers, _number):
        port = headers["Host"].split(":")[1]
        return 302, {"Location": f"http://localhost:{port}/elsewhere"}, b""  # another name is another origin

    @staticmethod
    def never(_query, _headers, _number):
        return 200, {}, [item("never")]

    @classmethod
    def both(cls, _query, _headers, _number):
        wait_for(lambda: cls.pushed, "the same was pushed")
        return 200, {}, [item("both-1"), item("both-2"), item("both-3")]

    @classmethod
    def held(cls, _query, _headers, number):
        """The second page comes when the daemon that asked for it is dead."""
        if number == 1:
            return 200, {}, [item("held-1", 1)]
        if number == 2:
            wait_for(lambda: cls.killed, "the daemon is killed")
        return 200, {}, [item("held-2", 2)]

    @staticmethod
    def gone(_query, _headers, number):
        # Twice: curl itself tries again at once when the connection was one it had kept.
        return 200, {}, None if number <= 2 else [item("gone-1")]

    # ---

    def seen(self, name, at_least):
        def enough():
            seen = self.endpoint.seen("/" + name)
            return seen if len(seen) >= at_least else None
        return wait_for(enough, f"{at_least} requests for /{name}")

    def known(self, source, name, daemon=None):
        answer = (daemon or self.daemon).control("GET", f"/v1/signals/{source}/{name}")
        return answer.json if answer.status == 200 else None

    def wait_known(self, source, name, daemon=None):
        return wait_for(lambda: self.known(source, name, daemon), f"{name} is known")

    def marks(self, name):
        return [query.get("since") for _, query, _ in self.endpoint.seen("/" + name)]

    def test_killed_on_the_way(self):
        self.seen("held", 2)
        self.wait_known("pages", f"pages-{PAGE}")
        self.wait_known("broken", "broken-1")
        self.wait_known("etag", "etag-2")
        self.wait_known("dated", "dated-1")
        events = self.daemon.events()
        self.daemon.kill()
        asked = len(self.seen("etag", 1))
        dated = len(self.seen("dated", 1))
        Feeds.killed = True
        self.daemon.start()
        self.assertEqual(self.daemon.events()[:len(events)], events)
        with self.subTest("an ETag is kept, over a restart too"):
            seen = self.seen("etag", asked + 2)  # one may have been on its way from the dead
            self.assertEqual([s[2].get("If-None-Match") for s in seen], [None] + ['"v1"'] * (len(seen) - 1))
        with self.subTest("so is the time of the last change"):
            times = [s[2].get("If-Modified-Since") for s in self.seen("dated", dated + 2)]
            self.assertEqual(times, [None] + ["Sun, 05 Mar 2017 10:11:12 GMT"] * (len(times) - 1))
        with self.subTest("the page under way is asked for again"):
            self.wait_known("held", "held-2")
            self.assertEqual(self.marks("held")[:3], [None, "1", "1"])
        with self.subTest("a bad page moves no cursor and is asked for again"):
            self.wait_known("broken", "broken-2")
            self.assertEqual(self.marks("broken")[:3], [None] + ["2017-01-01T10:00:00+01:00"] * 2)
        with self.subTest("what came by push is not new by poll"):
            self.wait_known("both", "both-3")
            for result in self.pushed:
                versions = self.known("both", result["id"])["versions"]
                self.assertEqual([(v["version"], v["feed"]) for v in versions], [(1, "push")])
            self.assertEqual(self.known("both", "both-3")["versions"][0]["feed"], "poll")
            self.assertEqual(self.daemon.post("both", item("both-3")).json["verdict"], "duplicate")
        with self.subTest("a watermark moves from page to page"):
            self.wait_known("pages", f"pages-{LAST}")
            marks = [int(mark or 0) for mark in self.marks("pages")]
            self.assertEqual(marks, sorted(marks))
            self.assertLessEqual({0, PAGE}, set(marks))
        self.nothing_lost_or_doubled()

    def nothing_lost_or_doubled(self):
        names = ["etag-1", "etag-2", "dated-1", "broken-1", "broken-2", "held-1", "held-2", "both-1", "both-2", "both-3"]
        names += [f"pages-{n}" for n in range(1, LAST + 1)]
        ours = {self.known(name.split("-")[0], name)["signal"] for name in names}
        events = self.daemon.events()
        self.assertEqual({e["type"] for e in events}, {"nl.mensenhandelsignalen.signal.registered.v1"})
        self.assertEqual((len(events), {e["data"]["signal"] for e in events}), (len(names), ours))
        self.assert_whole()

    def test_calm(self):
        daemon = self.calm
        with self.subTest("bad items do not stop their page"):
            self.wait_known("items", "items-3", daemon)
            self.assertIsNotNone(self.known("items", "items-1", daemon))
            self.assertIsNone(self.known("items", "items-2", daemon))
            self.assertGreaterEqual(daemon.status()["intake"]["refused"], 3)
        with self.subTest("a redirect to another origin is not followed"):
            wait_for(lambda: "source=moved" in daemon.log(), "it is logged")
            self.assertRegex(daemon.log(), r'\[S040\] feed fails source=moved reason="redirect to another host"')
            self.assertEqual(self.endpoint.seen("/elsewhere"), [])
        with self.subTest("a private address that was not allowed is never asked"):
            wait_for(lambda: "source=private" in daemon.log(), "it is logged")
            self.assertGreaterEqual(daemon.status()["feeds"]["failing"], 2)
            self.assertEqual(self.endpoint.seen("/private"), [])
        with self.subTest("a connection that ends without an answer is tried again"):
            self.wait_known("gone", "gone-1", daemon)
            wait_for(lambda: "feed works again source=gone failures=" in daemon.log(), "it is logged")
        with self.subTest("Retry-After is obeyed"):
            self.wait_known("busy", "busy-1", daemon)
            first, second = (s[0] for s in self.endpoint.seen("/busy")[:2])
            self.assertGreaterEqual(second - first, RETRY_AFTER_S - 0.1)
        metrics = daemon.metrics()
        self.assert_metrics(metrics)
        self.assertGreater(metrics["signaald_polls_total"], metrics["signaald_poll_failures_total"])
        self.assertGreaterEqual(metrics["signaald_poll_failures_total"], 4)
        self.assert_whole(daemon)


if __name__ == "__main__":
    unittest.main()
