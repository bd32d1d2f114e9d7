# SPDX-License-Identifier: EUPL-1.2
"""The search of the leak test itself: what it cannot find nobody should believe to be absent."""
import base64
import pathlib
import random
import sys
import unittest
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from identifiers import IDENTIFIERS, MARKER  # noqa: E402
from search import Search, compact, fold, report  # noqa: E402


def all_percent(text, form="%{:02X}"):
    return "".join(form.format(b) for b in text.encode()).encode()


def escaped(text, form="\\u{:04x}"):
    units = text.encode("utf-16-be")
    return "".join(form.format(units[i] << 8 | units[i + 1]) for i in range(0, len(units), 2)).encode()


def spread(text):
    return compact(text)[:3] + "-" + ". ".join((compact(text)[3:5], compact(text)[5:]))


# How something that was taken in might come out, whatever made it so.
DISGUISES = {
    "as it is": str.encode,
    "upper case": lambda text: text.upper().encode(),
    "lower case": lambda text: text.lower().encode(),
    "without diacritics": lambda text: fold(text).encode(),
    "without separators": lambda text: compact(text).encode(),
    "other separators": lambda text: spread(text).encode(),
    "URL": lambda text: urllib.parse.quote(text, safe="").encode(),
    "URL, lower case": lambda text: urllib.parse.quote(text, safe="").lower().encode(),
    "URL, all of it": all_percent,
    "URL, all of it, lower case": lambda text: all_percent(text, "%{:02x}"),
    "URL, twice": lambda text: urllib.parse.quote(urllib.parse.quote(text, safe=""), safe="").encode(),
    "form": lambda text: urllib.parse.quote_plus(text).encode(),
    "JSON": lambda text: escaped(text),
    "JSON, upper case": lambda text: escaped(text, "\\u{:04X}"),
    "UTF-16LE": lambda text: text.encode("utf-16-le"),
    "UTF-16BE": lambda text: text.encode("utf-16-be"),
    "hexadecimal": lambda text: text.encode().hex().encode(),
    **{f"base64 at {n}": lambda text, n=n: base64.b64encode(b"xyz"[:n] + text.encode() + b"zz") for n in range(3)},
    **{f"base64url at {n}": lambda text, n=n: base64.urlsafe_b64encode(b"xyz"[:n] + text.encode()) for n in range(3)},
}


def missed(pieces, seed):
    """Plants each needle in each disguise in a copy of one of the pieces; returns those that are not found there."""
    chance = random.Random(seed)
    result = []
    for identifier in IDENTIFIERS:
        search = Search([identifier])
        for needle in identifier.needles:
            for name, disguise in DISGUISES.items():
                where = chance.choice(list(pieces))
                data, at = pieces[where], chance.randrange(len(pieces[where]) + 1)
                planted = data[:at] + disguise(needle) + data[at:]
                if not any(leak[:2] == (identifier.kind, needle) for leak in search.look(where, planted)):
                    result.append((needle, name, where, at))
    return result


class SearchTest(unittest.TestCase):
    PIECES = {"empty": b"", "text": b"a line\nand another: 1, 2, 3\n" * 3, "json": b'{"id":"x","n":[1,2]}',
              "binary": bytes(range(256)) * 2, "not UTF-8": b"\xff\xfe\xc3" * 9}

    def test_finds_what_is_planted(self):
        for seed in range(3):
            self.assertEqual(missed(self.PIECES, seed), [])

    def test_each_form_that_is_sent_holds_what_is_looked_for(self):
        for identifier in IDENTIFIERS + [MARKER]:
            for form in identifier.forms:
                self.assertTrue(Search(IDENTIFIERS + [MARKER]).look("form", form.encode()), form)

    def test_finds_nothing_where_nothing_is(self):
        chance = random.Random(1)
        pieces = dict(self.PIECES, stamps=b"".join(b"2026-11-25T%02d:%02d:%02d.%03dZ " % (h, m, s, h + m + s)
                                                   for h in range(24) for m in range(60) for s in range(60)),
                      random=chance.randbytes(1 << 20), digests=chance.randbytes(1 << 19).hex().encode(),
                      base64=base64.b64encode(chance.randbytes(1 << 20)))
        self.assertEqual(report(Search(IDENTIFIERS).look_in(pieces)), "")

    def test_a_moment_and_a_count_are_no_birth_date(self):
        for line in (b"2026-11-29 09:27:02  1983  registered", b"2026-11-19 08:19  71", b"2026-11-29T09:27:02\t1983"):
            self.assertEqual(report(Search(IDENTIFIERS).look("lines", line)), "")
        for line in (b"2026-11-29 09:27:02  27/02 1983", b"2026-11-29 09:27 27-02  1983", b"1983-02-27 09:27:02"):
            self.assertNotEqual(report(Search(IDENTIFIERS).look("lines", line)), "")


if __name__ == "__main__":
    unittest.main()
