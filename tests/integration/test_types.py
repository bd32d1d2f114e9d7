# SPDX-License-Identifier: EUPL-1.2
"""Content types of POST that are no JSON of one signal: a table in CSV, and bodies that are packed."""
import csv
import gzip
import io
import json
import unittest
import zlib

from harness import SIGNAL, Case, Fresh, token_of

COA, GM = "coa", "gm0363-amsterdam"
CSV = "text/csv"
UNPACKED_MAX = 256 * 1024
HEAD = "id,reported,municipality,category,gender,age,citizenship"


def row(number, **more):
    cells = {"reported": "2017-03-05", "municipality": "Weesp", "category": "gedwongen prostitutie", "gender": "man", "age": 30,
             "citizenship": "NG", **more}
    return ",".join([number, *(str(cells[name]) for name in HEAD.split(",")[1:])])


class Types(Case):
    EXTRA = {"intake": [f"unpacked_max: {UNPACKED_MAX}"]}
    number = 0

    def new(self):
        Types.number += 1
        return f"2017-{self.number:06}"

    def verdicts(self, answer, status=200):
        self.assertEqual(answer.status, status, answer.body)
        return [r["verdict"] for r in answer.json["results"]]

    def table(self, *lines, head=HEAD, kind=CSV, source=COA, **more):
        text = "\n".join([head, *lines]) + "\n"
        return self.daemon.post(source, text.encode(more.pop("encoding", "utf-8")), kind, **more)

    # --- CSV

    def test_a_table(self):
        one, two = self.new(), self.new()
        self.assertEqual(self.verdicts(self.table(row(one), row(two))), ["registered"] * 2)
        signal = {"id": one, "reported": "2017-03-05", "municipality": "Weesp", "category": "gedwongen prostitutie",
                  "victim": {"gender": "man", "age": 30, "citizenship": "NG"}}
        self.assertEqual(self.daemon.post(COA, signal).json["verdict"], "duplicate")
        self.assertEqual(self.verdicts(self.table(row(one, gender="vrouw"), row(two))), ["corrected", "duplicate"])
        answer = self.table(row(one) + ",true", head=HEAD + ",withdrawn")
        self.assertEqual(self.verdicts(answer), ["withdrawn"])

    def test_forms_of_a_table(self):
        for kind in (CSV, "Text/CSV; charset=utf-8; header=present", "text/csv;charset=windows-1252"):
            encoding = "cp1252" if "1252" in kind else "utf-8"
            answer = self.table(row(self.new(), municipality="Súdwest-Fryslân"), kind=kind, encoding=encoding)
            self.assertEqual([(r["verdict"], r["unmapped"]) for r in answer.json["results"]], [("registered", 0)], kind)
        for separator in (";", "\t"):
            out = io.StringIO()
            csv.writer(out, delimiter=separator).writerows([HEAD.split(","), row(self.new()).split(","), row(self.new()).split(",")])
            for encoding in ("utf-8-sig", "utf-16"):
                self.assertEqual(len(self.verdicts(self.daemon.post(COA, out.getvalue().encode(encoding), CSV))), 2)
        self.assertEqual(self.verdicts(self.table(row(self.new(), reported="05-03-2017", category="dwang|gedwongen prostitutie"))),
                         ["registered"])
        self.assertEqual(self.verdicts(self.table()), [])

    def test_what_a_table_lacks(self):
        before = self.daemon.status()["intake"]["received"]
        for head, lines, code in [
                ("nummer" + HEAD[2:], [row("x")], "missingPlace"), (HEAD.replace("reported", "datum"), [row("x")], "missingPlace"),
                (HEAD.replace("category", "vorm"), [row("x")], "missingPlace"), (HEAD, [row(self.new(), reported="")], "emptyDate"),
                (HEAD.replace("gender", "geslacht"), [row(self.new())], "missingPlace"), (HEAD, ["Totaal,,,,,,"], "noSignal"),
                (HEAD, [row(self.new()), '"open,x'], "syntax"), (HEAD + ",id", [row("x") + ",y"], "repeated")]:
            answer = self.table(*lines, head=head)
            self.assert_problem(answer, 400)
            self.assertEqual([e["code"] for e in answer.json["errors"]], [code], head)
            self.assertNotIn("template", answer.json["detail"])
        self.assertEqual(self.faults(self.daemon.post(COA, b"", CSV)), [("", "required")])
        self.assertEqual(self.daemon.status()["intake"]["received"], before)

    def faults(self, answer, status=400):
        self.assert_problem(answer, status)
        return [(e["pointer"], e["code"]) for e in answer.json["errors"]]

    def test_one_bad_row_costs_itself(self):
        answer = self.table(row(self.new()), row(self.new(), reported="31-02-2017"), row(self.new()), row(self.new()) + ",too,many")
        self.assertEqual(self.verdicts(answer), ["registered", "refused", "registered", "refused"])
        fault = answer.json["results"][1]["errors"][0]
        self.assertEqual((fault["line"], fault["pointer"], fault["code"]), (3, "/reported", "badDate"))
        self.assertIn('column "reported"', fault["detail"])
        n = self.new()
        clash = self.table(row(n), row(n, age=31), row(self.new()))
        self.assertEqual(self.verdicts(clash), ["refused", "refused", "registered"])

    def test_what_is_dropped_is_counted(self):
        answer = self.table(row(self.new()) + ",x,y", head=HEAD + ",remark,opmerking")
        self.assertEqual([(r["verdict"], r["dropped"]) for r in answer.json["results"]], [("registered", 2)])
        plain = self.table(row(self.new(), category="xyzzy"))
        self.assertEqual(plain.json["results"][0]["unmapped"], 1)

    def test_a_person_in_a_table(self):
        head = HEAD + ",consent,personName,birthDate"
        one = self.table(row(self.new()) + ",given,A. Jansen,1990-02-03", head=head)
        two = self.daemon.post(GM, {"id": self.new(), **SIGNAL, "consent": "given",
                                    "person": {"name": "A. Jansen", "birthDate": "1990-02-03"}})
        event = next(e for e in self.daemon.events() if e["data"]["signal"] == two.json["signal"])
        self.assertEqual(event["data"]["linked"], [one.json["results"][0]["signal"]])

    def test_dry_run_of_a_table(self):
        n = self.new()
        for lines in ([row(n) + ",x"],):
            answer = self.daemon.request("POST", "/v1/signals?dryRun=true", "\n".join([HEAD + ",remark", *lines]),
                                         {"Authorization": f"Bearer {token_of(COA)}", "Content-Type": CSV})
            self.assertEqual(self.verdicts(answer), ["registered"])
            self.assertIn("remark", json.dumps(answer.json["preview"]["unknown"]))
        self.assertEqual(self.verdicts(self.table(row(n))), ["registered"])

    # --- gzip

    def packed(self, body, kind="application/json", coding="gzip", **more):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.daemon.post(COA, more.pop("pack", gzip.compress)(body), kind, **{"Content-Encoding": coding})

    def test_each_type_packed(self):
        table = "\n".join([HEAD, row(self.new())]).encode()
        lines = b"\n".join(json.dumps({"id": self.new(), **SIGNAL}).encode() for _ in range(3))
        event = {"specversion": "1.0", "id": self.new(), "source": "urn:x", "type": "y", "data": SIGNAL}
        for kind, body, count in [("application/json", {"id": self.new(), **SIGNAL}, None), ("application/x-ndjson", lines, 3), (CSV, table, 1),
                                  ("application/cloudevents+json", event, None), ("application/cloudevents-batch+json", [event], 1)]:
            for coding in ("gzip", "x-gzip", "GZip"):
                answer = self.packed(body, kind, coding)
                self.assertIn(answer.status, (200, 201), kind)
                self.assertEqual(len(answer.json["results"]) if count else None, count)
        heads = {"ce-specversion": "1.0", "ce-id": event["id"], "ce-source": "urn:x", "ce-type": "y", "Content-Encoding": "gzip"}
        answer = self.daemon.post(COA, gzip.compress(json.dumps(SIGNAL).encode()), **heads)
        self.assertEqual(answer.json["verdict"], "duplicate")
        self.assertEqual(self.packed("Súdwest-Fryslân,x".encode("utf-16"), CSV).status, 400)

    def test_pieces_are_one_text(self):
        text = json.dumps({"id": self.new(), **SIGNAL}).encode()
        self.assertEqual(self.packed(text, pack=lambda b: gzip.compress(b[:20]) + gzip.compress(b"") + gzip.compress(b[20:])).status, 201)

    def test_what_is_no_gzip(self):
        text = json.dumps({"id": "never", **SIGNAL}).encode()
        whole = gzip.compress(text, mtime=0)
        flipped = whole[:-6] + bytes([whole[-6] ^ 1]) + whole[-5:]
        before = self.daemon.status()["intake"]["received"]
        for body in (text, b"", whole[:-1], whole[:-8], whole[:12], whole[:3], whole + b"\0", whole + text, whole + whole[:9], flipped,
                     zlib.compress(text), b"\x1f\x8b" + text, gzip.compress(text)[:10] + b"\xff" * 40):
            answer = self.daemon.post(COA, body, **{"Content-Encoding": "gzip"})
            self.assertEqual(self.faults(answer), [("", "syntax")], body[:12])
            self.assertIn("gzip", answer.json["detail"])
        for coding in ("gzip, gzip", "deflate", "br", "zstd", "compress", "gzip,identity", "gzip;q=1", "gzipp"):
            self.assert_problem(self.daemon.post(COA, whole, **{"Content-Encoding": coding}), 415)
        head = f"POST /v1/signals HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token_of(COA)}\r\nContent-Type: application/json\r\n"
        twice = head + f"Content-Encoding: gzip\r\nContent-Encoding: gzip\r\nContent-Length: {len(whole)}\r\n\r\n"
        self.assert_problem(self.daemon.raw(twice.encode() + whole)[0], 415)
        self.assert_problem(self.packed(whole), 415)  # twice packed: what comes out is gzip
        self.assert_problem(self.daemon.post(COA, whole), 415)  # and nobody says so
        self.assertEqual(self.daemon.status()["intake"]["received"], before)

    def test_what_unpacks_to_too_much(self):
        for size, status in [(UNPACKED_MAX, 400), (UNPACKED_MAX + 1, 413), (100 * UNPACKED_MAX, 413)]:
            answer = self.packed(b" " * size)
            self.assert_problem(answer, status)
        line = json.dumps({"id": self.new(), **SIGNAL}).encode()
        fits = (line + b"\n" + b" " * UNPACKED_MAX)[:UNPACKED_MAX]
        self.assertEqual(self.verdicts(self.packed(fits, "application/x-ndjson")), ["registered"])
        self.assert_problem(self.packed(fits + b"\n", "application/x-ndjson"), 413)
        self.assertIn("unpacks", self.packed(fits + b"\n", "application/x-ndjson").json["detail"])


class BeforeTheHead(Fresh):
    def test_what_no_handler_has_seen(self):
        """The server refuses it by itself; what the memory of the request holds is whatever was there."""
        self.daemon.start(env={"MALLOC_PERTURB_": "165"})
        for target, more, status in [("/v1/signals", "Host: y\r\n", 400), ("/v1/signals?a=1&a=1", "", 400), ("/v1/signals?a=%ff", "", 400),
                                     ("/v1/signals", "X: " + "x" * 20000 + "\r\n", 431), ("/v1/nothing", "", 404)]:
            answer = self.daemon.raw(f"POST {target} HTTP/1.1\r\nHost: x\r\n{more}Content-Length: 0\r\n\r\n".encode())[0]
            self.assertEqual(answer.status, status, target)
        self.daemon.stop()


if __name__ == "__main__":
    unittest.main()
