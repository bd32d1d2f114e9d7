# SPDX-License-Identifier: EUPL-1.2
"""Who a signal is about is taken only from whom it may be taken: a source with a legal ground, or with the consent of the
person. Withheld later, what is known of the person goes, from the file too."""
import unittest

from harness import Fresh

SOURCES = [{"name": "police", "kind": "police", "push": True, "person": "yes"},
           {"name": "ngo", "kind": "ngo", "push": True, "person": ""},
           {"name": "care", "kind": "care", "push": True, "person": "consent"},
           {"name": "town", "kind": "municipality", "municipality": "GM0363", "push": True, "person": "no"}]
JAN = {"name": "Jan de Vries", "birthDate": "1990-05-17", "vNumber": "2790123456"}


class Consent(Fresh):
    SOURCES = SOURCES

    def push(self, source, name, person=JAN, **more):
        answer = self.daemon.post(source, [{"id": name, "reported": "2017-03-05", "category": "ForcedLabour", "person": person,
                                            **more}])
        self.assertEqual(answer.status, 200, answer.body)
        self.assertIn(answer.json["results"][0]["verdict"], ("registered", "corrected"))

    def linked(self):
        """Signals of the latest event that are about the same person."""
        return len(self.daemon.events()[-1]["data"]["linked"])

    def persons(self):
        answer = self.daemon.counts("?by=year")
        return answer["total"], answer["persons"]

    def start(self):
        self.daemon.write_sources(SOURCES)
        self.daemon.start()

    def test_who_may(self):
        self.start()
        self.push("police", "2017-1")
        for name, (source, consent, links) in enumerate((
                ("ngo", {}, 0), ("ngo", {"consent": "withheld"}, 0), ("ngo", {"consent": "misschien"}, 0),
                ("town", {"consent": "given"}, 0), ("town", {}, 0), ("care", {"consent": "geweigerd"}, 0),
                ("ngo", {"consent": "given"}, 1), ("care", {"consent": "Ja"}, 2), ("police", {"consent": "withheld"}, 3))):
            self.push(source, f"2018-{name}", **consent)
            self.assertEqual(self.linked(), links, (source, consent))
        self.assertEqual(self.persons(), (10, 7))
        words = self.daemon.control("GET", "/v1/unmapped").json["unmapped"]
        self.assertEqual([(word["field"], word["source"]) for word in words], [("consent", "ngo")])
        self.assert_whole()
        # what is dropped costs nothing, whatever is wrong with it
        self.push("town", "2019-1", person={**JAN, "vNumber": "12", "birthDate": "?"})
        self.assert_whole()

    def test_withheld_later(self):
        self.start()
        self.push("ngo", "2017-1", consent="given")
        self.push("care", "2017-2", consent="given")
        self.assertEqual(self.linked(), 1)
        self.push("care", "2017-2", consent="withheld")
        self.assertEqual(self.linked(), 0)
        self.assertEqual(self.persons(), (2, 2))
        self.push("ngo", "2017-1", consent="withdrawn")
        self.assertEqual(self.persons(), (2, 2))
        # nobody knows the person now: another signal begins anew, and so it does after a restart
        self.push("police", "2017-3")
        self.assertEqual(self.linked(), 0)
        self.daemon.stop()
        self.daemon.start()
        self.push("police", "2017-4")
        self.assertEqual(self.linked(), 1)
        self.assertEqual(self.persons(), (4, 3))
        self.assert_whole()
        self.assertEqual(self.daemon.verify_files().returncode, 0)


if __name__ == "__main__":
    unittest.main()
