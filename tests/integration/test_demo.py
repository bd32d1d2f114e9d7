# SPDX-License-Identifier: EUPL-1.2
"""What the demonstration counts from the events alone."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "conf/demo"))
from check import count_men  # noqa: E402


def said(year, gender="Masculine", categories=("SexualExploitation",)):
    return {"reported": f"{year}-03-05", "victim": {"gender": gender}, "categories": list(categories)}


def event(version, counts=True, previous=None, **data):
    value = {"signal": "s", "version": version, "counts": counts, **data}
    return {"value": {**value, "previous": previous} if previous else value}


class Men(unittest.TestCase):
    def count(self, *events):
        return {year: count for year, count in count_men(events).items() if count}

    def test_each_event_takes_away_and_adds(self):
        first = event(1, **said(2016))
        self.assertEqual(self.count(first), {"2016": 1})
        self.assertEqual(self.count(first, event(2, previous=said(2016), **said(2017))), {"2017": 1})
        self.assertEqual(self.count(first, event(2, previous=said(2016), **said(2016, "Feminine"))), {})
        self.assertEqual(self.count(first, event(2, counts=False, previous=said(2016), **said(2016))), {})
        self.assertEqual(self.count(event(1, **said(2016, categories=["Other"]))), {})

    def test_a_signal_that_comes_again_begins_anew(self):
        """It was erased, or forgotten, in a version that is higher than the one that counts."""
        gone = [event(1, **said(2016)), event(2, previous=said(2016), **said(2016)), event(3, counts=False, previous=said(2016))]
        self.assertEqual(self.count(*gone), {})
        self.assertEqual(self.count(*gone, event(1, **said(2017))), {"2017": 1})


if __name__ == "__main__":
    unittest.main()
