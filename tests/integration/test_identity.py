# SPDX-License-Identifier: EUPL-1.2
"""One signal by several ways and out of order: pushed and polled by the same source, a correction that overtakes its
original, a withdrawal of something never seen, a signal that comes back; and persons that link signals."""
import unittest

from harness import SIGNAL, Case, Endpoint, token_of, wait_for

JAN = {"name": "Jan de Vries", "birthDate": "1990-05-17"}


def item(name, **more):
    return {"id": name, **SIGNAL, **more}


class Identity(Case):
    @classmethod
    def setUpClass(cls):
        cls.endpoint = Endpoint()
        cls.addClassCleanup(cls.endpoint.close)
        cls.listed = []
        cls.endpoint.paths = {"/list": lambda _query, _headers, _number: (200, {}, list(cls.listed))}
        cls.SOURCES = [
            {"name": "both", "kind": "municipality", "municipality": "GM0363", "push": True, "interval": "7d",
             "url": cls.endpoint.url("/list"), "allow_private": "yes"},
            {"name": "coa", "kind": "coa", "push": True}]
        super().setUpClass()

    def poll(self, *items):
        """The endpoint lists these; returns once they have been read and committed."""
        type(self).listed = list(items)
        before = len(self.endpoint.seen("/list"))
        wait_for(lambda: self.feed()["state"] == "waiting", "the feed rests")
        polls = self.feed()["polls"]
        self.assertEqual(self.daemon.control("POST", "/v1/feeds/both/poll").status, 202)
        wait_for(lambda: len(self.endpoint.seen("/list")) > before, "the endpoint is asked")
        wait_for(lambda: self.feed()["state"] == "waiting" and self.feed()["polls"] > polls, "the poll has ended")

    def feed(self):
        return self.daemon.control("GET", "/v1/feeds/both").json

    def push(self, signal, source="both"):
        answer = self.daemon.post(source, signal)
        self.assertIn(answer.status, (200, 201), answer.body)
        return answer.json["verdict"]

    def why(self, name, source="both"):
        return self.daemon.control("GET", f"/v1/signals/{source}/{name}").json

    def latest(self, name):
        version = self.why(name)["versions"][0]
        return version["verdict"], version["feed"], version["categories"]

    def test_push_and_poll_bring_the_same_signal_once(self):
        self.assertEqual(self.push(item("2017-1")), "registered")
        self.poll(item("2017-1"), item("2017-2"))
        self.assertEqual(self.push(item("2017-2")), "duplicate")
        self.assertEqual([len(self.why(name)["versions"]) for name in ("2017-1", "2017-2")], [1, 1])
        self.assert_whole()

    def test_a_correction_overtakes_its_original(self):
        newer = item("2017-3", category="arbeidsuitbuiting", updated="2017-04-02T10:00:00Z")
        older = item("2017-3", updated="2017-04-01T10:00:00Z")
        self.assertEqual(self.push(newer), "registered")
        self.poll(older)
        self.assertEqual(self.latest("2017-3"), ("registered", "push", ["ForcedLabour"]))
        self.poll({**older, "updated": "2017-04-03"})  # that day or later: it is what holds now
        self.assertEqual(self.latest("2017-3"), ("corrected", "poll", ["SexualExploitation"]))
        self.assertEqual(self.push(newer), "duplicate")
        self.assert_whole()

    def test_what_is_still_so_later_is_newer(self):
        newer, between = item("2017-11", updated="2017-04-05T10:00:00Z"), item("2017-11", category="arbeidsuitbuiting",
                                                                              updated="2017-04-03T10:00:00Z")
        self.assertEqual(self.push(item("2017-11", updated="2017-04-01T10:00:00Z")), "registered")
        self.assertEqual(self.push(newer), "duplicate")
        self.poll(between)  # an old list
        self.assertEqual(self.latest("2017-11"), ("registered", "push", ["SexualExploitation"]))
        self.assertEqual(self.push({**between, "updated": "2017-04-05"}), "corrected")  # perhaps later that day
        self.assert_whole()

    def test_without_a_time_the_last_one_holds(self):
        self.assertEqual(self.push(item("2017-4", category="arbeidsuitbuiting")), "registered")
        self.poll(item("2017-4"))
        self.assertEqual(self.latest("2017-4"), ("corrected", "poll", ["SexualExploitation"]))
        self.assert_whole()

    def test_a_withdrawal_of_something_never_seen(self):
        self.assertEqual(self.push({"id": "2017-5", "withdrawn": True}), "withdrawn")
        self.poll(item("2017-5", updated="2017-04-01"))  # what had been withdrawn before we knew it
        self.assertFalse(self.why("2017-5")["counts"])
        self.assertEqual(self.push(item("2017-5")), "corrected")
        self.assertTrue(self.why("2017-5")["counts"])
        self.assert_whole()

    def test_a_signal_comes_back_after_its_withdrawal(self):
        self.assertEqual(self.push(item("2017-6")), "registered")
        answer = self.daemon.request("DELETE", "/v1/signals/2017-6",
                                     headers={"Authorization": f"Bearer {token_of('both')}"})
        self.assertEqual((answer.status, answer.json["verdict"]), (200, "withdrawn"))
        self.poll(item("2017-6"))  # the list is slower than the withdrawal
        self.assertFalse(self.why("2017-6")["counts"])
        self.assertEqual(self.push(item("2017-6", status="confirmed")), "corrected")
        events = [e for e in self.daemon.events() if e["data"].get("signal") == self.why("2017-6")["signal"]]
        self.assertEqual([e["type"].split(".")[-2] for e in events], ["registered", "withdrawn", "corrected"])
        self.assertEqual(["previous" in e["data"] for e in events], [False, True, False])
        self.assert_whole()

    def test_an_id_that_may_be_a_person_is_found_all_the_same(self):
        self.assertEqual(self.push(item("Fatima El Amrani 1990")), "registered")
        answer = self.why("Fatima%20El%20Amrani%201990")
        self.assertEqual(answer["id"], answer["signal"])
        headers = {"Authorization": f"Bearer {token_of('both')}"}
        for name in ("Fatima%20El%20Amrani%201990", answer["signal"]):
            got = self.daemon.request("GET", f"/v1/signals/{name}", headers=headers)
            self.assertEqual((got.status, got.json["id"]), (200, answer["signal"]))
        gone = self.daemon.request("DELETE", "/v1/signals/Fatima%20El%20Amrani%201990", headers=headers)
        self.assertEqual((gone.status, gone.json["verdict"], gone.json["version"]), (200, "withdrawn", 2))
        self.assertEqual(self.push(item("Fatima El Amrani 1990")), "duplicate")
        self.assert_whole()

    def test_signals_about_one_person_are_linked_across_sources(self):
        before = self.daemon.counts()
        self.push(item("2017-7", person=JAN))
        self.push(item("2017-8", person={"name": "VRIES, J. de", "birthDate": "17-05-1990"}), "coa")
        self.push(item("2017-9", person={"name": "Piet de Vries", "birthDate": "17-05-1990"}), "coa")
        after = self.daemon.counts()
        self.assertEqual(after["total"] - before["total"], 3)
        self.assertEqual(after["persons"] - before["persons"], 2)
        event = next(e for e in self.daemon.events() if e["data"].get("signal") == self.why("2017-8", "coa")["signal"])
        self.assertEqual(event["data"]["linked"], [self.why("2017-7")["signal"]])
        by = {line["sourceKind"]: (line["signals"], line["persons"])
              for line in self.daemon.counts("?by=sourceKind&gender=Masculine")["lines"]}
        self.assertEqual(by["coa"], (2, 2))
        self.assert_whole()

    def test_a_bsn_is_not_accepted(self):
        for person in ({"bsn": "123456782"}, {"BSN": 1}, {"name": "123456782"}, {"vNumber": "123456782"}):
            answer = self.daemon.post("both", item("2017-10", person={**JAN, **person}))
            self.assert_problem(answer, 400)
            self.assertEqual({e["code"] for e in answer.json["errors"]}, {"notAccepted"}, person)
            self.assertNotIn(b"123456782", answer.body)
        self.assertEqual(self.daemon.control("GET", "/v1/signals/both/2017-10").status, 404)


if __name__ == "__main__":
    unittest.main()
