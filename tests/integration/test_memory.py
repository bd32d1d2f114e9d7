# SPDX-License-Identifier: EUPL-1.2
"""Who signals were about is gone from the daemon's memory once they are pseudonyms: not in what was freed, not in
buffers that are kept, not on a stack. By push and by poll; plain HTTP. Needs root, as reading another's memory does."""
import json
import pathlib
import re
import resource
import socket
import tempfile
import unicodedata
import unittest

from harness import PATIENCE_S, SIGNAL, Daemon, Endpoint, Fresh, token_of, wait_for

TEMPLATE = """page: {format: json}
fields: {id: /id, reported: /at, category: /kind, personName: /name, birthDate: /born, nationality: /from, vNumber: /v}
"""
CSV = """page: {format: csv}
fields: {id: id, reported: at, category: kind, personName: name, birthDate: born, nationality: from, vNumber: v}
"""
MARKER = "memory-marker-source"
ROUNDS = 10
BLOCK = 1 << 20
LITTLE = 64 << 20
# (name, birth date, V-number) of each way in; each way has its own, so that it shows which one it is.
PERSONS = {
    "json": ("Žofia Kovářčíková", "1983-02-27", "2841937560"),
    "ndjson": ("Wilhelmina van Oosterzeevink", "19-08-1971", "2719384650"),
    "array": ("فاطمة القحطاني", "03/11/1969", "V-2655443981"),
    "refused": ("Nguyễn Thị Bích Phượng", "23-09-1977", "12345"),
    "broken": ("Ümlauff-Zwaanswijck, Noëlle", "31.12.1988", "2598761043"),
    "poll": ("Przybyszewska, Żaneta", "1979-06-17", "2477650138"),
    "poll csv": ("Quirijn Vlonterveld", "08-10-1966", "2366549127"),
    "import": ("Barteld Knorrefluis", "1974-04-13", "2255438016"),
    "escaped": ("Sjoukje Grubbelmaat", "1981-01-29", "2144327905"),
}


def folded(text):
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))


def needles(way):
    """The name as it came, each long part of it as it came and as it is compared, the date and the number."""
    name, born, number = PERSONS[way]
    parts = [part for part in re.split(r"[\s,-]+", name) if len(part) >= 6]
    texts = {name, born, number, re.sub(r"\D", "", number), *parts, *map(folded, parts), *map(str.upper, parts)}
    return {text.encode(): way for text in texts if len(text) >= 6}


def regions(pid):
    """(name, first byte, end) of all that the process may write."""
    for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
        span, rights, _, _, _, *name = line.split(maxsplit=5)
        if "w" in rights:
            begin, end = (int(part, 16) for part in span.split("-"))
            yield name[0] if name else "anonymous", begin, end


def resident(pid, begin, end):
    """The pages of this span that are there: a sanitizer's shadow is terabytes of nothing."""
    page, runs = 4096, []
    with open(f"/proc/{pid}/pagemap", "rb", buffering=0) as map_:
        for first in range(begin // page, end // page, 1 << 16):
            count = min(1 << 16, end // page - first)
            map_.seek(first * 8)
            entries = memoryview(map_.read(count * 8)).cast("Q")
            for n, entry in enumerate(entries):
                if entry >> 62:
                    at = (first + n) * page
                    if runs and runs[-1][1] == at:
                        runs[-1][1] = at + page
                    else:
                        runs.append([at, at + page])
    return runs


def look(pid, wanted):
    """[(way, needle, region)] for what is found. wanted: bytes -> way."""
    found = set()
    pattern = re.compile(b"|".join(map(re.escape, sorted(wanted, key=len, reverse=True))))
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for name, begin, end in regions(pid):
            runs = [[begin, end]] if end - begin <= 64 * BLOCK else resident(pid, begin, end)
            for first, last in runs:
                try:
                    memory.seek(first)
                    data = memory.read(last - first)
                except OSError:
                    continue  # a guard page, or gone meanwhile
                found |= {(wanted[m[0]], m[0].decode(), name) for m in pattern.finditer(data)}
    return sorted(found)


class Memory(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.about = True  # the endpoint's items are about somebody
        cls.endpoint = Endpoint()
        cls.addClassCleanup(cls.endpoint.close)
        cls.endpoint.paths = {"/poll": cls.page, "/poll-csv": cls.table}
        folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        (pathlib.Path(folder) / "persons.yaml").write_text(TEMPLATE)
        (pathlib.Path(folder) / "persons-csv.yaml").write_text(CSV)
        feeds = [{"name": name, "kind": "municipality", "municipality": "GM0363", "interval": "1s", "allow_private": "yes",
                  "url": cls.endpoint.url("/" + name), "template": template}
                 for name, template in (("poll", "persons"), ("poll-csv", "persons-csv"))]
        cls.daemon = Daemon([{"name": MARKER, "kind": "ngo", "push": True}, *feeds],
                            {"tables": [f"templates: {folder}"]})
        cls.addClassCleanup(cls.daemon.close)
        cls.daemon.start()
        cls.pid = cls.daemon.process.pid

    @classmethod
    def page(cls, _query, _headers, number):
        name, born, v = PERSONS["poll"] if cls.about else ("Jansen, Jan", "2000-01-01", "2000000000")
        return 200, {}, [{"id": f"{number}-{n}", "at": "2017-03-05", "kind": "dwang", "name": name, "born": born, "v": v}
                         for n in range(50)]

    @classmethod
    def table(cls, _query, _headers, number):
        name, born, v = PERSONS["poll csv"] if cls.about else ("Jansen", "01-01-2000", "2000000000")
        rows = "".join(f"{number}-{n},2017-03-05,dwang,{name},{born},,{v}\r\n" for n in range(50))
        return 200, {}, ("id,at,kind,name,born,from,v\r\n" + rows).encode()

    @staticmethod
    def item(way, number=1):
        name, born, v = PERSONS[way]
        return {"id": f"2019-{number}", **SIGNAL, "person": {"name": name, "birthDate": born, "nationality": "SY",
                                                            "vNumber": v}}

    @staticmethod
    def dump(value):
        return json.dumps(value, ensure_ascii=False).encode()

    def bring(self):
        """Each way, each on a connection that is closed."""
        post = self.daemon.post
        self.assertEqual(post(MARKER, self.dump(self.item("json"))).status, 201)
        lines = b"\n".join(self.dump(self.item("ndjson", n)) for n in range(2, 60))
        self.assertEqual(post(MARKER, lines, "application/x-ndjson").status, 200)
        self.assertEqual(post(MARKER, self.dump([self.item("array", n) for n in range(60, 99)])).status, 200)
        self.assertEqual(post(MARKER, self.dump(self.item("refused"))).status, 400)
        self.assertEqual(post(MARKER, self.dump(self.item("broken"))[:-3]).status, 400)
        escaped = self.dump(self.item("escaped", 100)).replace(b"Grubbelmaat", rb"Grubbelma\u0061t")
        self.assertEqual(post(MARKER, escaped).status, 201)
        answer = self.daemon.control("POST", f"/v1/import?source={MARKER}&format=ndjson", self.dump(self.item("import", 101)))
        self.assertEqual(answer.json["registered"], 1, answer.body)
        wait_for(lambda: all(len(self.endpoint.seen(path)) >= 3 for path in self.endpoint.paths), "polls")

    def other_things(self, round_):
        """Nothing about anybody, by the same ways; buffers that are kept are used again."""
        asked = [len(self.endpoint.seen(path)) for path in self.endpoint.paths]
        item = {"id": f"2020-{round_}", **SIGNAL, "description": "-" * 5000}
        for _ in range(3):
            self.daemon.post(MARKER, self.dump([item] * 40))
            self.daemon.post(MARKER, self.dump(item))
        self.daemon.control("POST", f"/v1/import?source={MARKER}&format=ndjson", self.dump(item))
        wait_for(lambda: all(len(self.endpoint.seen(path)) > before
                             for path, before in zip(self.endpoint.paths, asked)), "polls of other things")

    def test_persons_are_gone(self):
        wanted = {needle: way for way in PERSONS for needle, way in needles(way).items()}
        self.bring()
        type(self).about = False
        found = None
        for round_ in range(ROUNDS):
            self.other_things(round_)
            found = look(self.pid, wanted)
            if not found:
                print(f"gone after {round_ + 1} rounds of other things")
                break
        self.assertEqual(found, [], "still there after all rounds")
        events = self.daemon.events()
        self.assertTrue(any(event["data"]["linked"] for event in events))
        brought = {event["data"]["source"]["name"] for event in events}
        self.assertEqual(brought, {MARKER, "poll", "poll-csv"})

    def test_what_is_there_is_found(self):
        """A name that stays, and a request that has not ended yet."""
        self.assertTrue(look(self.pid, {MARKER.encode(): "marker"}))
        with socket.create_connection(("127.0.0.1", self.daemon.port), timeout=30) as sock:
            body = b'{"id":"2021-1","person":{"name":"Ysbrandt Kwizzelbroek"'
            sock.sendall(f"POST /v1/signals HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token_of(MARKER)}\r\n"
                         f"Content-Type: application/json\r\nContent-Length: 900\r\n\r\n".encode() + body)
            wait_for(lambda: look(self.pid, {b"Ysbrandt Kwizzelbroek": "under way"}), "the body is read")


class Gone(Fresh):
    """Without a sanitizer, whose own memory would run out first."""

    def test_out_of_memory(self):
        self.daemon.start()
        pid = self.daemon.process.pid
        batch = [{"id": f"{n}", **SIGNAL} for n in range(9000)]
        self.assertEqual(self.daemon.post("coa", batch).status, 200)  # its threads are there
        resource.prlimit(pid, resource.RLIMIT_AS, (LITTLE, LITTLE))  # less than it has: whatever it asks for more is refused
        with self.assertRaises(OSError):
            for _ in range(100):
                self.daemon.post("coa", batch)
        self.assertLess(self.daemon.process.wait(PATIENCE_S), 0)
        self.daemon.process = None
        self.assertIn("S001", self.daemon.alarms())


if __name__ == "__main__":
    unittest.main()
