# SPDX-License-Identifier: EUPL-1.2
"""signaalctl import: how a file is cut, sent and told of, against a daemon that gives fixed answers."""

import csv
import io
import json
import os
import pty
import random
import re
import select
import signal
import subprocess
import threading
import unittest
import urllib.parse

from ctl_fake import DEADLINE_S, PROBLEM, Case, environment

HEAD = "id;reported;category"
VERDICTS = ("registered", "duplicate", "corrected", "withdrawn", "refused")


def records_of(body, separator=";"):
    """The records behind the header line, as another reader of CSV sees them; empty ones not."""
    text = body.decode().removeprefix("\ufeff")
    rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) if any(map(str.strip, row))]
    while rows and rows[0][0].startswith("sep="):
        rows.pop(0)
    return rows[1:]


def answer_for(count, refused=(), excluded=0, **more):
    results = [
        {
            "index": index,
            "verdict": "refused",
            "errors": [{"index": index, "pointer": pointer, "code": "badDate", "detail": "is no date"}],
        }
        for index, pointer in refused
    ]
    value = {"received": count - excluded, "excluded": excluded, "results": results, **dict.fromkeys(VERDICTS, 0)}
    value["registered"] = count - excluded - len(results)
    value["refused"] = len(results)
    return dict(value, **more)


class Import(Case):
    def setUp(self):
        super().setUp()
        self.taken = []  # records of each piece
        self.judged = []  # of those that were only to be judged
        self.daemon.answer = self.take

    def take(self, handler):
        """Takes each piece as a daemon would."""
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(handler.path).query)
        body = self.daemon.asked[-1][2]
        judged = query["dryRun"] == ["1"]
        if query["format"] == ["csv"]:
            piece = records_of(body)
        else:
            piece = [json.loads(line) for line in body.splitlines() if line.strip()]
            piece = piece[0] if query["format"] == ["json"] else piece
        (self.judged if judged else self.taken).append(piece)
        handler.send(200, json.dumps(answer_for(len(piece))).encode())

    def file(self, name, content):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as out:
            out.write(content if isinstance(content, bytes) else content.encode())
        return path

    def rows(self, count):
        return "".join(f"2017-{i};05-03-2017;Other\r\n" for i in range(count))

    def failed(self, *args):
        done = self.ctl("import", *args)
        self.assertEqual(done.returncode, 1, done)
        return done.stdout.decode(), done.stderr.decode()

    def test_wrong_use(self):
        path = self.file("a.csv", HEAD)
        for args in (
            [],
            [path],
            [path, "--source", ""],
            [path, path, "--source", "coa"],
            [self.file("a.txt", HEAD), "--source", "coa"],
            [path, "--source", "coa", "--format", "xlsx"],
            [path, "--source", "x" * 9000],
        ):
            done = self.ctl("import", *args)
            self.assertEqual((done.returncode, done.stdout), (2, b""))
            self.assertIn(b"--help", done.stderr)
        self.assertEqual(self.daemon.asked, [])
        self.assertFits(self.good("import", "--help"), 80)

    def test_target(self):
        rows = self.file("a.csv", HEAD + "\n1;2;3\n")
        for args, query in (
            ([rows], "source=coa&template=csv&format=csv"),
            ([rows, "--allow-missing", "-t", "csv-excel"], "source=coa&template=csv-excel&format=csv&allowMissing=1"),
            ([self.file("a.json", "[]"), "--template", "x"], "source=coa&template=x&format=json"),
            ([self.file("a.NDJSON", '{"id":1}')], "source=coa&format=ndjson"),
            ([self.file("a.jsonl", '{"id":1}'), "--template", "x&y"], "source=coa&template=x%26y&format=ndjson"),
            ([self.file("b.txt", "{}"), "--format", "ndjson"], "source=coa&format=ndjson"),
        ):
            self.daemon.asked.clear()
            self.good("import", *args, "--source", "coa")
            wanted = [("POST", f"/v1/import?{query}&dryRun={judged}") for judged in "10"]
            self.assertEqual([a[:2] for a in self.daemon.asked], wanted)
            self.daemon.asked.clear()
            self.good("import", *args, "--source", "coa", "-n")
            self.assertEqual([a[:2] for a in self.daemon.asked], wanted[:1])

    def test_summary(self):
        counts = {"registered": 1, "duplicate": 2, "corrected": 3, "withdrawn": 4}
        self.answer(200, answer_for(12, excluded=2, **counts))
        text = self.good("import", self.file("a.csv", HEAD + "\n" + self.rows(12)), "--source", "coa")
        shown = dict(re.findall(r"(?m)^(\w[\w ]*\w) +(\d+)$", text))
        wanted = {"records": "12", **{k: str(v) for k, v in counts.items()}, "refused": "0", "left out": "2"}
        self.assertEqual(shown, wanted)
        text = self.good("import", self.file("a.csv", HEAD + "\n" + self.rows(12)), "--source", "coa", "-n")
        self.assertTrue(text.startswith("dry run: nothing was stored\n"))

    def test_pieces(self):
        self.good("import", self.file("a.csv", HEAD + "\r\n" + self.rows(1234)), "--source", "coa")
        self.assertEqual([len(piece) for piece in self.taken], [500, 500, 234])
        self.assertEqual(self.judged, self.taken)  # all of it, before anything is stored
        for _, _, body in self.daemon.asked:
            self.assertTrue(body.startswith((HEAD + "\r\n").encode()))
        self.taken.clear()
        big = "".join(json.dumps({"id": i, "x": "y" * 60000}) + "\n" for i in range(40))
        self.good("import", self.file("a.ndjson", big), "--source", "coa")
        self.assertEqual([record["id"] for piece in self.taken for record in piece], list(range(40)))
        self.assertGreater(len(self.taken), 3)
        self.assertLess(max(len(body) for _, _, body in self.daemon.asked), 1 << 20)

    def test_any_csv_is_cut_between_its_records(self):
        rng = random.Random(seed := random.randrange(1 << 32))
        pool = ["a", "é", '"', ";", ",", "\n", "\r\n", " ", "\t", "0"]
        for _ in range(30):
            out = io.StringIO(newline="")
            writer = csv.writer(out, delimiter=";", lineterminator=rng.choice(["\n", "\r\n"]))
            if rng.random() < 0.3:
                out.write("\ufeff")
            if rng.random() < 0.3:
                out.write("sep=;\r\n")
            writer.writerow(HEAD.split(";"))
            for i in range(rng.choice([1, 3, 700])):
                writer.writerow([f"id{i}", *("".join(rng.choices(pool, k=rng.randint(0, 6))) for _ in "ab")])
                if rng.random() < 0.1:
                    out.write(";;\r\n")
            content = out.getvalue().encode()
            self.taken.clear()
            with self.subTest(seed=seed):
                self.good("import", self.file("r.csv", content), "--source", "coa")
                self.assertEqual([r for piece in self.taken for r in piece], records_of(content))

    def test_refused_with_lines(self):
        rows = ['1;"a\n\nb";c', "", "2;b;c", ";;", "3;b;c\r"]
        path = self.file("a.csv", "sep=;\n" + HEAD + "\n" + "\n".join(rows))
        self.answer(200, answer_for(3, [(0, "/reported"), (1, "/victim/age"), (2, "")]))
        text, fault = self.failed(path, "--source", "coa")
        self.assertIn(
            "line 3: /reported badDate: is no date\nline 7: /victim/age badDate: is no date\n"
            "line 9: badDate: is no date\n",
            text,
        )
        self.assertEqual(fault, "")

    def test_many_refused(self):
        self.answer(200, answer_for(500, [(i, "/id") for i in range(500)]))
        path = self.file("a.csv", HEAD + "\n" + self.rows(1500))
        text, _ = self.failed(path, "--source", "coa")
        self.assertEqual(len(re.findall(r"(?m)^line \d+: ", text)), 20)
        self.assertIn("and at least 980 more reasons", text)
        value = json.loads(self.failed(path, "--source", "coa", "--json")[0])
        self.assertEqual([e["line"] for e in value["errors"]], list(range(2, 1002)))
        self.assertEqual((value["refused"], value["complete"], value["sent"]), (1500, True, 1500))

    def test_an_id_with_several_contents_stores_nothing(self):
        """Whichever pieces they are in."""
        ids = lambda first, count: [f"{i}:{first + i:032x}:{1:016x}" for i in range(count)]
        more = [ids(1, 500), ids(501, 499) + [f"499:{7:032x}:{2:016x}"], [f"0:{8:032x}:{1:016x}"]]
        path = self.file("a.csv", HEAD + "\n" + self.rows(1001))
        self.daemon.answer = lambda handler: handler.send(200, json.dumps(
            answer_for(len(records_of(self.daemon.asked[-1][2])), ids=more[len(self.daemon.asked) - 1])).encode())
        text, fault = self.failed(path, "--source", "coa")
        self.assertIn("line 1001: /id conflict: line 8 has this id too, with other contents\n", text)
        self.assertEqual(text.count("conflict"), 1)  # the same contents again are fine
        self.assertIn("nothing was stored", text)
        self.assertIn("1 records have an id that stands in the file with other contents; nothing was stored", fault)
        self.assertEqual({path[-8:] for _, path, _ in self.daemon.asked}, {"dryRun=1"})

    def test_titles_above_the_header_line(self):
        titles = "Meldingen 2017;;\n\nvoorlopig;;\n"

        def answer(handler):
            records = len(records_of(self.daemon.asked[-1][2])) - 2
            handler.send(200, json.dumps(answer_for(records, titles=2)).encode())

        self.daemon.answer = answer
        path = self.file("a.csv", titles + HEAD + "\n" + self.rows(700))
        self.assertRegex(self.good("import", path, "--source", "coa"), r"(?m)^registered +700$")
        for _, _, body in self.daemon.asked[1:]:
            self.assertTrue(body.decode().startswith(titles + HEAD))

    def test_waits_while_the_daemon_is_full(self):
        left = [429, 503]

        def answer(handler):
            if left:
                handler.send(left.pop(0), b"{}", PROBLEM, Retry_After="1")
            else:
                self.take(handler)

        self.daemon.answer = answer
        done = self.ctl("import", self.file("a.csv", HEAD + "\n" + self.rows(3)), "--source", "coa")
        self.assertEqual((done.returncode, len(self.daemon.asked)), (0, 4))
        self.assertEqual(len(set(self.daemon.asked)), 2)
        self.assertIn(b"429): trying again in 1 s", done.stderr)
        self.assertIn(b"503): trying again in 1 s", done.stderr)

    def test_broken_piece(self):
        errors = [{"index": 0, "line": 4, "pointer": "", "code": "syntax", "detail": "cannot be read"}]
        self.answer(400, {"title": "Bad Request", "detail": "it is wrong", "errors": errors}, PROBLEM)
        path = self.file("a.csv", "sep=;\n" + HEAD + "\n\n\n" + self.rows(3))
        text, fault = self.failed(path, "--source", "coa")
        self.assertRegex(text, r"(?m)^records +0$")
        self.assertIn("signaalctl: Bad Request: it is wrong\n", fault)
        self.assertIn("the piece begins at line 5 of the file; look at line 6 or a little before", fault)
        self.assertIn("stopped after 0 of 3 records", fault)

    def test_what_is_refused_as_a_whole_fails(self):
        self.answer(400, {"title": "Bad Request", "detail": "it is wrong", "errors": []}, PROBLEM)
        for name, content in (("a.json", "[{}"), ("b.json", "id,reported\n1,2017-03-05\n"), ("a.ndjson", "{"), ("a.csv", HEAD + "\n1;2;3")):
            with self.subTest(name=name):
                self.daemon.asked.clear()
                _, fault = self.failed(self.file(name, content), "--source", "coa")
                self.assertIn("signaalctl: Bad Request: it is wrong\n", fault)
                self.assertIn("nothing was stored", fault)
                self.assertEqual([path[-8:] for _, path, _ in self.daemon.asked], ["dryRun=1"])

    def test_records_that_the_daemon_does_not_see(self):
        self.answer(200, answer_for(2))
        _, fault = self.failed(self.file("a.csv", HEAD + "\n" + self.rows(3)), "--source", "coa")
        self.assertIn("of the 3 records from line 2 to 4 the daemon saw 2", fault)

    def test_daemon_goes_away(self):
        def answer(handler):
            if len(self.daemon.asked) == 5:  # three are judged first
                handler.close_connection = True
            else:
                self.take(handler)

        self.daemon.answer = answer
        _, fault = self.failed(self.file("a.csv", HEAD + "\n" + self.rows(1200)), "--source", "coa")
        self.assertIn("stopped after 500 of 1200 records. Repeating the same command is safe", fault)

    def test_nothing_is_sent_of_what_cannot_be_cut(self):
        big = "x" * (200 << 10)
        for content, why in (
            (HEAD + "\n1;2;3\n4;" + '"' + big, "begins at line 3 has a quote that is not closed"),
            (big, "the header line is larger than 128 KiB"),
            ("", "no records"),
            (HEAD, "no records"),
            (HEAD + "\n\n ;; \n", "no records"),
        ):
            self.assertIn(why, self.failed(self.file("a.csv", content), "--source", "coa")[1])
        self.assertIn("No such file", self.failed(os.path.join(self.folder, "none.csv"), "--source", "coa")[1])
        self.assertEqual(self.daemon.asked, [])

    def test_interrupted(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            self.taken.clear()
            started = threading.Event()

            def answer(handler):
                started.wait()
                if handler.path.endswith("0"):
                    process.send_signal(number)
                self.take(handler)

            self.daemon.answer = lambda handler: answer(handler)
            path = self.file("a.csv", HEAD + "\n" + self.rows(1200))
            process = subprocess.Popen(
                [Case.program, "--socket", self.path, "import", path, "--source", "coa"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment(),
            )
            started.set()
            text, fault = process.communicate(timeout=DEADLINE_S)
            self.assertEqual(process.returncode, 1)
            self.assertEqual(len(self.taken), 1)
            self.assertRegex(text, rb"(?m)^records +500$")
            self.assertIn(b"stopped after 500 of 1200 records. Repeating the same command is safe", fault)

    def test_progress_on_a_terminal(self):
        waits = [429]

        def answer(handler):
            if len(self.daemon.asked) == 8 and waits:
                handler.send(waits.pop(), b"{}", PROBLEM, Retry_After="1")
            else:
                self.take(handler)

        self.daemon.answer = answer
        path = self.file("a.csv", HEAD + "\n" + self.rows(2500))
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [Case.program, "--socket", self.path, "import", path, "--source", "coa"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=theirs,
            env=environment(),
        )
        os.close(theirs)
        shown = b""
        while select.select([ours], [], [], DEADLINE_S)[0]:
            try:
                shown += os.read(ours, 65536)
            except OSError:
                break
        os.close(ours)
        text, _ = process.communicate(timeout=DEADLINE_S)
        self.assertEqual(process.returncode, 0)
        self.assertRegex(text, rb"(?m)^records +2500$")
        self.assertRegex(shown.decode(), r"█.* +\d+ %  \d+ of 2500 records  \d+/s  \d+ s left")
        self.assertTrue(shown.endswith(b"\r\x1b[K"), shown[-80:])


if __name__ == "__main__":
    Case.program = os.path.join(os.environ.get("SIGNAALD_BUILD", "build/release"), "signaalctl")
    unittest.main()
