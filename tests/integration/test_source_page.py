# SPDX-License-Identifier: EUPL-1.2
"""GET /v1/source: each source sees what became of its own signals, and of others never a figure that can be taken apart."""
import json
import unittest

from harness import SIGNAL, Endpoint, Fresh, token_of, wait_for

BASE = 10
CODES = ["GM0363", "GM0599", "GM0518", "GM0344"]  # one size class: the four largest
NAMES = [code.lower() for code in CODES]
NAME_OF_SOMEBODY = "Fatima Zwartkruis"


def rows(extra=()):
    return [{"name": name, "kind": "municipality", "municipality": code, "push": True, "official": "yes"}
            for name, code in zip(NAMES, CODES)] + [{"name": "coa", "kind": "coa", "push": True}, *extra]


class SourcePage(Fresh):
    SOURCES = rows()

    def setUp(self):
        super().setUp()
        self.daemon.start()

    def page(self, source, **headers):
        return self.daemon.request("GET", "/v1/source", headers={"Authorization": f"Bearer {token_of(source)}", **headers})

    def value(self, source):
        answer = self.page(source)
        self.assertEqual(answer.status, 200, answer.body)
        return json.loads(answer.body)

    def send(self, source, count, first=0):
        answer = self.daemon.post(source, [{"id": f"{source}-{first + i}", **SIGNAL} for i in range(count)])
        self.assertEqual(answer.status, 200)

    def test_only_with_a_token_and_only_its_own(self):
        self.assert_problem(self.daemon.request("GET", "/v1/source"), 401)
        self.assert_problem(self.daemon.request("POST", "/v1/source", headers={"Authorization": f"Bearer {token_of('coa')}"}), 405)
        self.send("gm0363", 3)
        self.assertEqual(self.value("gm0363")["months"][0]["registered"], 3)
        other = self.value("gm0599")
        self.assertEqual(sum(month["registered"] for month in other["months"]), 0)
        self.assertNotIn("gm0363-", json.dumps(other))

    def test_months(self):
        self.send("gm0363", 2)
        self.daemon.post("gm0363", {"id": "gm0363-0", **SIGNAL, "category": "arbeidsuitbuiting"})
        self.daemon.request("DELETE", "/v1/signals/gm0363-1", headers={"Authorization": f"Bearer {token_of('gm0363')}"})
        page = self.value("gm0363")
        self.assertEqual(len(page["months"]), 13)
        self.assertEqual([page["months"][0][key] for key in ("registered", "corrected", "withdrawn", "refused")], [2, 1, 1, 0])
        self.assertEqual([month["month"] for month in page["months"]], sorted((month["month"] for month in page["months"]), reverse=True))
        self.assertEqual(page["feed"]["state"], "push")
        self.assertIsNotNone(page["feed"]["lastSignal"])
        self.assertFalse(page["feed"]["silent"])

    def test_what_was_posted_and_refused(self):
        """Each time that it came, also over a kill; and a body that is nothing is one. A trial is none."""
        def refused():
            return self.value("gm0363")["months"][0]["refused"]
        before = refused()
        self.assertEqual(self.daemon.post("gm0363", [{"id": "a", **SIGNAL}, {"id": "b", "reported": "gisteren"}, 7]).status, 200)
        self.assertEqual(refused() - before, 2)
        self.assertEqual(self.daemon.post("gm0363", {"id": "b", "reported": "gisteren"}).status, 400)
        self.assertEqual(self.daemon.post("gm0363", "{").status, 400)
        self.daemon.request("POST", "/v1/signals?dryRun=true", json.dumps({"id": "c", "reported": "gisteren"}),
                            {"Authorization": f"Bearer {token_of('gm0363')}", "Content-Type": "application/json"})
        self.assertEqual(self.daemon.post("gm0599", {"id": "b", "reported": "gisteren"}).status, 400)
        self.assertEqual(refused() - before, 4)
        self.daemon.kill()
        self.daemon.start()
        self.assertEqual(refused() - before, 4)

    def test_words_only_as_operators_see_them(self):
        self.daemon.post("gm0363", [{"id": "1", **SIGNAL, "category": "gedwongen arbeid in huishouding"},
                                    {"id": "2", **SIGNAL, "category": NAME_OF_SOMEBODY}])
        page = self.value("gm0363")
        self.assertEqual(page["unmappedWords"], len(page["unmapped"]))
        self.assertGreater(page["unmappedWords"], 0)
        text = json.dumps(page).lower()
        for part in NAME_OF_SOMEBODY.lower().split():
            self.assertNotIn(part, text)
        seen = {entry["word"] for entry in json.loads(self.daemon.control("GET", "/v1/unmapped?source=gm0363").body)["unmapped"]}
        self.assertLessEqual({word["word"] for word in page["unmapped"]}, seen)

    def test_basic_level_and_who_has_none(self):
        page = self.value("gm0363")
        self.assertEqual(page["basicLevel"], {"signals": False, "official": True, "policy": False, "missing": ["signals", "policy"]})
        self.send("gm0363", 1)
        self.assertEqual(self.value("gm0363")["basicLevel"]["missing"], ["policy"])
        page = self.value("coa")
        self.assertEqual((page["municipality"], page["basicLevel"], page["sizeClass"]), (None, None, None))

    def test_nothing_of_the_running_month_is_compared(self):
        for name in NAMES:
            self.send(name, 25)
        size = self.value("gm0363")["sizeClass"]
        self.assertEqual((size["own"], size["othersSignals"]), (0, None))
        self.assertGreaterEqual(size["others"], 3)

    def test_rates(self):
        answers = [self.page("gm0363").status for _ in range(5)]
        self.assertEqual(answers, [200] * 5)


class Quarantine(Fresh):
    def setUp(self):
        self.endpoint = Endpoint()
        self.addCleanup(self.endpoint.close)
        self.SOURCES = rows([{"name": "gm0193", "kind": "municipality", "municipality": "GM0193", "push": True, "url": self.endpoint.url("/s"),
                              "interval": "1s", "allow_private": "yes"}])
        super().setUp()

    def test_places_and_codes_and_never_values(self):
        self.endpoint.paths["/s"] = lambda *_: (200, {"Content-Type": "application/json"}, [
            {"id": "2017-000001", **SIGNAL}, {"id": "2017-000002", **SIGNAL, "reported": NAME_OF_SOMEBODY}])
        self.daemon.start()
        wait_for(lambda: self.daemon.status()["feeds"]["quarantined"] == 1, "it is in the quarantine")
        answer = self.daemon.request("GET", "/v1/source", headers={"Authorization": f"Bearer {token_of('gm0193')}"})
        page = json.loads(answer.body)
        self.assertEqual((page["quarantined"], len(page["quarantine"]), page["months"][0]["refused"]), (1, 1, 1))
        entry = page["quarantine"][0]
        self.assertEqual((entry["id"], entry["errors"][0]["pointer"]), ("2017-000002", "/reported"))
        self.assertNotIn("Zwartkruis", json.dumps(page))
        self.assertIn(page["feed"]["state"], ("waiting", "fetching", "committing"))
        other = json.loads(self.daemon.request("GET", "/v1/source", headers={"Authorization": f"Bearer {token_of('gm0363')}"}).body)
        self.assertEqual(other["quarantined"], 0)


if __name__ == "__main__":
    unittest.main()
