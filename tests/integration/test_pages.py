# SPDX-License-Identifier: EUPL-1.2
"""Kill -9 between the pages of a poll and in the middle of one, again and again, while signals are added: in the end
there is no gap, nothing is there twice, and a further poll brings nothing new."""
import os
import pathlib
import random
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "fleet"))

from deeds import Polling  # noqa: E402
from harness import PATIENCE_S, Case, wait_for  # noqa: E402

KINDS = {"signalen-long": 2, "link": 2, "link-since": 2, "number": 2, "token": 2, "open311-split": 2, "list-cursor": 2}
KILLS = 30
GROWS = 6            # of the kills are followed by new signals
INTERVAL_S = 1       # polls begin so late after a start


class Pages(Case):
    def test_kill(self):
        seed = int(os.environ.get("SIGNAALD_SEED") or random.randrange(1 << 32))
        print(f"SIGNAALD_SEED={seed}")
        chance = random.Random(seed)
        with Polling(seed, KINDS, INTERVAL_S, own_intervals=False, hosts=7, hostile_hosts=0, delay_ms=15, tls=False) as polling:
            grows = set(chance.sample(range(KILLS), GROWS))
            for kill in range(KILLS):
                self.poll_a_little(polling, chance)
                if kill in grows:
                    polling.fleet.grow(chance.randrange(1, 30))
            polling.daemon.start()
            polling.wait_until_complete(PATIENCE_S)
            self.nothing_new(polling)
            self.cursors(polling)
            self.assert_whole(polling.daemon)
            polling.daemon.stop()
            polling.daemon.start()
            self.nothing_new(polling)
            polling.daemon.stop()

    @staticmethod
    def poll_a_little(polling, chance):
        """Until some more pages have been answered, then a moment or none, then SIGKILL."""
        def answers():
            return sum(stat["answers"] for stat in polling.fleet.stats()["endpoints"].values())
        before, pages = answers(), chance.randrange(1, 25)
        polling.daemon.start(wait=False)
        wait_for(lambda: answers() >= before + pages, f"{pages} pages are answered")
        time.sleep(chance.choice((0, 0, 0.002, 0.01, 0.03)))
        polling.daemon.kill()

    def nothing_new(self, polling):
        events = len(polling.events())
        polling.wait_polls([e.name for e in polling.fleet.good], 2)
        self.assertEqual(len(polling.events()), events)
        self.assertEqual(polling.differences(), [])

    def cursors(self, polling):
        """Where items have a watermark the cursor is that of the newest."""
        feeds, stats = polling.feeds(), polling.fleet.stats()["endpoints"]
        for name, stat in stats.items():
            if name.startswith(("signalen", "link-since", "list-cursor")):
                self.assertEqual(feeds[name]["cursor"], stat["mark"], name)


if __name__ == "__main__":
    unittest.main()
