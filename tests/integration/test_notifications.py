# SPDX-License-Identifier: EUPL-1.2
"""Notifications of the Dutch ZGW standard: the subscription is tried as Open Notificaties tries it, a notification makes a
poll, a storm of them does not make a storm of polls, and nothing of what they say is kept."""
import datetime
import json
import unittest

from harness import Daemon, Endpoint, token_of, wait_for

TEST = {"kanaal": "test", "hoofdObject": "http://some.hoofdobject.nl/", "resource": "some_resource",
        "resourceUrl": "http://some.resource.nl/", "actie": "create", "aanmaakdatum": "2019-01-01T12:00:00Z", "kenmerken": {}}
CHANGE = {**TEST, "kanaal": "zaken", "hoofdObject": "https://zaken.example.nl/zaken/1", "kenmerken": {"naam": "Anna de Vries"}}
ITEM = {"id": "1", "reported": "2017-03-05", "category": "gedwongen prostitutie"}


class Notifications(unittest.TestCase):
    def setUp(self):
        self.endpoint = Endpoint()
        self.addCleanup(self.endpoint.close)
        self.items, self.status = [ITEM], 200
        self.endpoint.paths = {"/list": lambda *_: (self.status, {}, list(self.items))}
        self.daemon = Daemon([
            {"name": "polled", "kind": "municipality", "municipality": "GM0363", "push": True, "url": self.endpoint.url("/list"),
             "interval": "7d", "allow_private": "yes"},
            {"name": "posts", "kind": "municipality", "municipality": "GM0363", "push": True}])
        self.addCleanup(self.daemon.close)
        self.daemon.start()

    def post(self, body, source="polled", media="application/json", **headers):
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        if source:
            headers["Authorization"] = f"Bearer {token_of(source)}"
        return self.daemon.request("POST", "/v1/notifications", text, {"Content-Type": media, **headers})

    def feed(self):
        return self.daemon.control("GET", "/v1/feeds/polled").json

    def polls(self):
        return len(self.endpoint.seen("/list"))

    def test_the_subscription_is_tried(self):
        """Without authorisation it is refused, with it good; neither polls."""
        self.assertEqual(self.post(TEST, source=None).status, 401)
        self.assertEqual(self.post(TEST, source=None, Authorization="Bearer " + "x" * 40).status, 401)
        answer = self.post(TEST)
        self.assertEqual((answer.status, answer.body), (204, b""))
        self.assertEqual(self.feed()["polls"], 0)

    def test_a_change_makes_a_poll(self):
        self.assertEqual(self.post(CHANGE).status, 204)
        wait_for(lambda: self.daemon.counts()["total"] == 1, "it is polled, days before its time")
        self.items.append({**ITEM, "id": "2"})
        self.assertEqual(self.post(CHANGE).status, 204)
        wait_for(lambda: self.daemon.counts()["total"] == 2, "and again, once some seconds have passed")
        self.assertEqual(self.daemon.metrics()["signaald_poll_hints_total"], 2)

    def test_a_storm_makes_no_storm(self):
        self.post(CHANGE)
        wait_for(lambda: self.daemon.counts()["total"] == 1, "it is polled")
        for _ in range(300):
            self.assertEqual(self.post(CHANGE).status, 204)
        before = self.polls()
        self.assertLess(before, 30)
        self.items.append({**ITEM, "id": "2"})
        self.post(CHANGE)
        wait_for(lambda: self.daemon.counts()["total"] == 2, "what came last is polled for")
        self.assertLessEqual(self.polls(), before + 2)

    def test_who_fails_or_is_paused_waits(self):
        self.status = 503
        self.post(CHANGE)
        wait_for(lambda: self.feed()["failures"] == 1, "it fails")
        before = self.feed()
        self.post(CHANGE)
        after = self.feed()
        if after["failures"] == 1:  # its time may have come meanwhile
            at, then = (datetime.datetime.fromisoformat(feed["nextPoll"]) for feed in (before, after))
            self.assertLess(abs(at - then), datetime.timedelta(seconds=1))
        self.daemon.control("POST", "/v1/feeds/polled/pause")
        before = self.polls()
        self.assertEqual(self.post(CHANGE).status, 204)
        self.assertEqual((self.feed()["state"], self.polls()), ("paused", before))

    def test_what_is_no_notification(self):
        for body in (b"", b"{}", b"[]", b"{", b'{"kanaal":7}', b'{"kanaal":"a","kanaal":"b"}', json.dumps({"kanaal": "a", "x": "y" * 70000}).encode()):
            with self.subTest(body=body[:40]):
                self.assertEqual(self.post(body).status, 400)
        answer = self.post(CHANGE, media="text/plain")
        self.assertEqual((answer.status, answer.headers["Accept-Post"]), (415, "application/json"))
        self.assertEqual(self.post(CHANGE, source="posts").status, 400)
        self.assertEqual(self.feed()["polls"], 0)

    def test_nothing_of_it_is_kept(self):
        self.post(CHANGE)
        wait_for(lambda: self.daemon.counts()["total"] == 1, "it is polled")
        self.daemon.stop()
        kept = self.daemon.log().encode() + b"".join(path.read_bytes() for path in self.daemon.state.rglob("*") if path.is_file())
        for part in (b"Anna", b"some_resource", b"zaken.example.nl"):
            self.assertNotIn(part, kept)


if __name__ == "__main__":
    unittest.main()
