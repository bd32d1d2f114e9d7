# SPDX-License-Identifier: EUPL-1.2
"""The leak test: known identifiers go in by every way there is, in every field, whole and broken; then every byte that
the daemon wrote or answered is searched for each of them. None may be found.

The search is proved on the very bytes that were collected: what is planted there is found.
"""
import pathlib
import random
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from identifiers import IDENTIFIERS, MARKER  # noqa: E402
from payloads import FORMS  # noqa: E402
from search import Search, report  # noqa: E402
from test_search import DISGUISES  # noqa: E402
from world import BRING, SIGNER, CertificateWorld, World  # noqa: E402

SLICE = 1 << 16


def collect(case, world):
    """Feeds and collects; what the payloads did is asked just before the end."""
    case.addClassCleanup(world.close)
    began = time.monotonic()
    world.feed_all()
    case.status, case.metrics = world.daemon.status(), world.daemon.metrics()
    case.people = world.daemon.counts("?by=category")
    case.events = world.daemon.events()
    case.quarantine = world.daemon.control("GET", "/v1/quarantine").json
    case.pieces = world.collect()
    print(f"fed and collected in {time.monotonic() - began:.0f} s: {len(case.pieces)} pieces, "
          f"{sum(map(len, case.pieces.values()))} bytes; {len(case.events)} events")


class LeakTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = World()
        collect(cls, cls.world)

    def test_nothing_is_found(self):
        text = report(Search(IDENTIFIERS).look_in(self.pieces))
        if text:
            self.fail(f"leaks:\n{text}")

    def test_payloads_had_effect(self):
        intake = self.status["intake"]
        verdicts = {verdict: self.metrics[f'signaald_verdicts_total{{verdict="{verdict}"}}']
                    for verdict in ("registered", "duplicate", "corrected", "withdrawn", "refused")}
        print(verdicts, {key: intake[key] for key in ("unknownFields", "unmapped", "unknownMunicipalities")})
        for verdict, least in (("registered", 2000), ("duplicate", 500), ("corrected", 20), ("withdrawn", 20),
                               ("refused", 2000)):
            self.assertGreaterEqual(verdicts[verdict], least, verdict)
        for key, least in (("unknownFields", 1000), ("unmapped", 1000), ("unknownMunicipalities", 500)):
            self.assertGreaterEqual(intake[key], least, key)
        self.assertGreaterEqual(self.quarantine["total"], 200)
        self.assertGreaterEqual(self.metrics["signaald_poll_failures_total"], 100)
        self.assertEqual(len(self.events), int(self.events[-1]["signaaldseq"]))

    def test_persons_are_linked(self):
        linked = [event for event in self.events if event["data"].get("linked")]
        self.assertGreaterEqual(len(linked), sum(bool(i.attribute) for i in IDENTIFIERS))
        self.assertLess(self.people["persons"], self.people["total"])

    def test_every_feed_brought_something(self):
        sources = {event["data"]["source"]["name"] for event in self.events if "source" in event["data"]}
        for name in ("signalen", "open311", "csv", "excel", "person", BRING, SIGNER, *[f"form-{name}" for name in FORMS]):
            self.assertIn(name, sources)
        for way in ("conditional", "marks", "tokens", "redirects", "zaken", *(["drop"] if self.world.drops else [])):
            self.assertTrue(any(name.startswith(way + "-") for name in sources), way)

    def test_search_finds_what_is_planted(self):
        """Each needle in each disguise, in a copy of what was collected."""
        search, chance = Search(IDENTIFIERS), random.Random(4)
        slices = {}
        for where, data in self.pieces.items():
            begin = chance.randrange(max(1, len(data) - SLICE))
            slices[where] = data[begin:begin + SLICE]
        for name, disguise in DISGUISES.items():
            self.plant(search, chance, slices, name, disguise)
        self.plant(search, chance, self.pieces, "as it is", DISGUISES["as it is"])

    def plant(self, search, chance, pieces, name, disguise):
        """All needles at once, each somewhere between two bytes of what was there."""
        places = {}
        for _, needle in sorted(search.needles):
            where = chance.choice(sorted(pieces))
            places.setdefault(where, []).append((chance.randrange(len(pieces[where]) + 1), disguise(needle)))
        planted = {}
        for where, list_ in places.items():
            data, at, parts = pieces[where], 0, []
            for place, text in sorted(list_):
                parts += [data[at:place], text]
                at = place
            planted[where] = b"".join([*parts, data[at:]])
        found = {leak[:2] for leak in search.look_in(planted)}
        self.assertEqual(search.needles - found, set(), name)

    def test_search_reads_what_was_collected(self):
        """A name that belongs there is found in each kind of place."""
        marker = MARKER.needles[0].encode()
        slices = {}
        for where, data in self.pieces.items():
            begin = max(0, data.find(marker) - SLICE)
            slices[where] = data[begin:begin + 2 * SLICE]
        found = {leak[3] for leak in Search([MARKER]).look_in(slices)}
        for where in ("state/data.mdb", "signaalctl tail", "signaalctl feeds", "socket, GET /v1/events",
                      "socket, GET /v1/feeds", "log"):
            self.assertTrue(any(place.startswith(where) for place in found), (where, found))


class CertificatesTest(unittest.TestCase):
    """The same of the names in clients' certificates."""

    def test_nothing_is_found(self):
        world = CertificateWorld()
        self.addCleanup(world.close)
        world.feed_all()
        pieces = world.collect()
        self.assertEqual(world.statuses, {201: 1, 401: len(world.holders) - 1})
        self.assertIn(b"S027", pieces["log"])
        text = report(Search(IDENTIFIERS).look_in(pieces))
        if text:
            self.fail(f"leaks:\n{text}")


if __name__ == "__main__":
    unittest.main()
