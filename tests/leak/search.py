# SPDX-License-Identifier: EUPL-1.2
"""Looks for identifiers in bytes of any kind: as they are; in any case, with diacritics or without; with separators in
them or without; percent-encoded; with JSON's escapes; in base64 at each alignment, in hexadecimal, Latin-1, UTF-16."""
import base64
import os
import re
import subprocess
import tempfile
import unicodedata

SEPARATORS = re.compile(r"[\s.\-_/()+:,;'\"\\]+")
PERCENT = re.compile(rb"%([0-9A-Fa-f]{2})")
UNICODE_ESCAPES = re.compile(rb"(?:\\u[0-9A-Fa-f]{4})+")
NOT_ASCII = re.compile("[^\0-\x7f\ufffd]+")  # nor what stands for bytes that are no text
# A moment of the run: with the count that follows it, it may look like a birth date once nothing parts them.
MOMENT = re.compile(r"20[2-9]\d-\d\d-\d\d[t ]\d\d:\d\d(?::\d\d)?")
NEEDLE_MIN = 6
CONTEXT = 60


def fold(text):
    def folded(match):
        decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", match[0]).casefold())
        return "".join(c for c in decomposed if not unicodedata.combining(c))
    return NOT_ASCII.sub(folded, text.lower())


def compact(text):
    return SEPARATORS.sub("", text)


def unpercent(data):
    return PERCENT.sub(lambda m: bytes([int(m[1], 16)]), data)


def unescape(data):
    def decoded(match):
        units = bytes.fromhex(match[0].replace(b"\\u", b"").decode())
        return units.decode("utf-16-be", "replace").encode()
    return UNICODE_ESCAPES.sub(decoded, data)


def base64_cores(raw):
    """What is in the base64 of anything that holds `raw`, at each place it may have in a group of three; both alphabets."""
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + raw + b"\0\0")
        core = encoded[-(-before * 8 // 6):(before + len(raw)) * 8 // 6]
        yield f"base64+{before}", core
        yield f"base64url+{before}", core.replace(b"+", b"-").replace(b"/", b"_")


def spellings(needle):
    plain = fold(needle)
    return dict.fromkeys((needle, needle.lower(), needle.upper(), plain, plain.upper(), compact(needle), compact(plain),
                          compact(needle).upper()))


def encodings(needle):
    """(name, bytes) that are looked for as they are."""
    for text in spellings(needle):
        raw = text.encode()
        yield "plain", raw
        yield "hex", raw.hex().encode()
        yield "HEX", raw.hex().upper().encode()
        yield "utf-16-le", text.encode("utf-16-le")
        yield "utf-16-be", text.encode("utf-16-be")
        yield from base64_cores(raw)
        try:
            yield "latin-1", text.encode("cp1252")
        except UnicodeEncodeError:
            pass


def views(data):
    """(name, text, what a needle is made to before it is looked for there)."""
    unquoted = unpercent(data)
    layers = {"as is": data, "percent": unquoted, "percent twice": unpercent(unquoted), "json": unescape(data),
              "percent, json": unescape(unquoted), "without NUL": data.replace(b"\0", b"")}
    done = set()
    for name, layer in layers.items():
        if layer in done:
            continue
        done.add(layer)
        text = fold(layer.decode("utf-8", "replace"))
        yield f"{name}, folded", text, fold
        yield f"{name}, without separators", compact(MOMENT.sub("|", text)), lambda needle: compact(fold(needle))


def excerpt(text, at, length):
    return repr(text[max(0, at - CONTEXT):at + length + CONTEXT])


class Search:
    def __init__(self, identifiers):
        self.needles = {(i.kind, needle) for i in identifiers for needle in i.needles}
        for _, needle in self.needles:
            assert len(compact(fold(needle))) >= NEEDLE_MIN, needle
        self.encoded = {}  # bytes -> {(kind, needle): name}
        for kind, needle in self.needles:
            for name, raw in encodings(needle):
                self.encoded.setdefault(raw, {}).setdefault((kind, needle), name)
        self.patterns = tempfile.NamedTemporaryFile(prefix="signaald-leak-")
        self.patterns.write(b"\n".join(self.encoded))  # spellings have what is looked for in the views
        self.patterns.flush()

    def may_hold(self, data, texts):
        """Is there anything in these bytes? One pass of grep for all that is looked for is a hundred times as fast as one after
        the other, and there is nothing to be found in nearly all that is looked at."""
        layers = [data, *(text.encode("utf-8", "replace") for _, text, _ in texts)]
        done = subprocess.run(["grep", "-a", "-q", "-F", "-f", self.patterns.name], input=b"\n".join(layers),
                              stdout=subprocess.DEVNULL, env={"LC_ALL": "C", "PATH": os.environ["PATH"]})
        assert done.returncode in (0, 1)
        return done.returncode == 0

    def look(self, where, data):
        """What is found in these bytes: [(kind, needle, how, where, what stands around it)], each needle once a form."""
        texts = list(views(data))
        if not self.may_hold(data, texts):
            return []
        found = {}
        for raw, names in self.encoded.items():
            at = data.find(raw)
            for (kind, needle), name in names.items() if at >= 0 else ():
                found.setdefault((kind, needle, name), (where, excerpt(data, at, len(raw))))
        for name, text, made in texts:
            for kind, needle in self.needles:
                wanted = made(needle)
                at = text.find(wanted)
                if at >= 0:
                    found.setdefault((kind, needle, name), (where, excerpt(text, at, len(wanted))))
        return [(*key, *value) for key, value in found.items()]

    def look_in(self, pieces):
        """pieces: where -> bytes."""
        return [leak for where, data in pieces.items() for leak in self.look(where, data)]


def report(leaks):
    """One line for each place and kind, with the first that was found there."""
    lines = {}
    for kind, needle, how, where, around in leaks:
        lines.setdefault((where, kind), f"{where}: {kind} {needle} ({how}): {around}")
    return "\n".join(lines[key] for key in sorted(lines))
