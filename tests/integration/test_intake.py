# SPDX-License-Identifier: EUPL-1.2
"""The public side: every request of the contract's table and its answer; nothing foreign comes back or stays."""
import hashlib
import json
import socket
import threading
import unittest
from urllib.parse import quote

from harness import PATIENCE_S, SIGNAL, Case, read_answers, token_of

AMSTERDAM, COA = "gm0363-amsterdam", "coa"
MARK = "zq7Geheim7qz"
MIB = 1 << 20
HEADERS = {"API-Version": "1.0.0", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
           "X-Frame-Options": "DENY", "Content-Security-Policy": "frame-ancestors 'none'",
           "Strict-Transport-Security": "max-age=31536000"}


def bearer(source):
    return {"Authorization": f"Bearer {token_of(source)}"}


def head(method, path, *lines):
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {token_of(COA)}",
                        "Content-Type: application/json", *lines, "", ""]).encode()


class Intake(Case):
    EXTRA = {"intake": ["body_max: 1MiB"]}
    next_id = 0

    def new(self, **fields):
        Intake.next_id += 1
        return {"id": f"n{Intake.next_id}", **SIGNAL, **fields}

    def assert_headers(self, answer):
        for name, value in HEADERS.items():
            self.assertEqual(answer.headers[name], value, name)

    def refused(self, answer, status):
        self.assert_problem(answer, status)
        self.assert_headers(answer)
        return answer

    def verdicts(self, answer, status=200):
        self.assertEqual(answer.status, status, answer.body)
        self.assertEqual([r["index"] for r in answer.json["results"]], list(range(len(answer.json["results"]))))
        return [r["verdict"] for r in answer.json["results"]]


class DryRun(Intake):
    def ask(self, content, query="?dryRun=true"):
        return self.daemon.request("POST", f"/v1/signals{query}", json.dumps(content),
                                   {"Authorization": f"Bearer {token_of(COA)}", "Content-Type": "application/json"})

    def test_nothing_is_stored(self):
        known, new = self.new(), self.new()
        self.assertEqual(self.daemon.post(COA, known).status, 201)
        before = self.daemon.counts(), self.daemon.status()["ledger"]["accepted"], len(self.daemon.events())
        answer = self.ask(new)
        self.assertEqual((answer.status, answer.json["verdict"], answer.json["version"]), (200, "registered", 1))
        self.assertIsNone(answer.headers["Location"])
        self.assertEqual(self.verdicts(self.ask([new, known, {**known, "id": 7, "status": "x"},
                                                 {"id": self.new()["id"], "withdrawn": True}])),
                         ["registered", "duplicate", "refused", "withdrawn"])
        self.assertEqual(self.ask({**known, "status": "confirmed"}).json["verdict"], "corrected")
        self.refused(self.ask({"id": ""}), 400)
        after = self.daemon.counts(), self.daemon.status()["ledger"]["accepted"], len(self.daemon.events())
        self.assertEqual(after, before)
        self.assertEqual(self.ask(new, "?dryRun=false").status, 201)

    def test_other_words_are_refused(self):
        for word in ("TRUE", "1", "", "yes"):
            signal = self.new()
            self.refused(self.ask(signal, f"?dryRun={word}"), 400)
            self.assertEqual(self.daemon.post(COA, signal).status, 201)


class One(Intake):
    def test_life(self):
        signal = self.new()
        steps = [(signal, 201, "registered", 1), (signal, 200, "duplicate", 1),
                 ({**signal, "status": "confirmed"}, 200, "corrected", 2),
                 ({"id": signal["id"], "withdrawn": True}, 200, "withdrawn", 3),
                 ({"id": signal["id"], "withdrawn": True}, 200, "duplicate", 3),
                 ({**signal, "status": "rejected"}, 200, "corrected", 4)]
        ours = None
        for body, status, verdict, version in steps:
            answer = self.daemon.post(AMSTERDAM, body)
            self.assertEqual(answer.status, status, answer.body)
            self.assert_headers(answer)
            ours = ours or answer.json["signal"]
            self.assertEqual(answer.json, {"index": 0, "id": signal["id"], "verdict": verdict, "signal": ours,
                                           "version": version, "dropped": 0, "unmapped": 0, "errors": []})
            self.assertEqual("Location" in answer.headers, status == 201)
            if status == 201:
                got = self.daemon.request("GET", answer.headers["Location"], headers=bearer(AMSTERDAM))
                self.assertEqual((got.status, got.json["id"]), (200, signal["id"]))
        self.assert_whole()

    def test_a_known_date_stands_until_another_is_said(self):
        signal = self.new(reported="2017-03-05", municipality="Weesp",
                          victim={"citizenship": "GB", "birthYear": 2000, "gender": "v"})
        self.assertEqual(self.daemon.post(COA, signal).status, 201)
        silent = {k: v for k, v in signal.items() if k != "reported"}
        for version, more in ((2, {"status": "confirmed"}), (3, {}), (4, {"withdrawn": True}),
                              (5, {"status": "confirmed", "category": "dwangarbeid"})):
            answer = self.daemon.post(COA, {**silent, **more})
            self.assertEqual((answer.status, answer.json["version"]), (200, version))
            event = self.daemon.events()[-1]["data"]
            self.assertEqual((event["reported"], event["municipality"]["code"]), ("2017-03-05", "GM0457"))
            if "withdrawn" not in more:
                self.assertEqual((event["victim"]["citizenship"], event["victim"]["ageGroup"]), ("EU", "Minor"))
        self.daemon.post(COA, {**signal, "reported": "2018-03-05"})
        self.daemon.post(COA, silent)
        self.assertEqual(self.daemon.events()[-1]["data"]["reported"], "2018-03-05")
        self.assert_whole()

    def test_ask_and_take_back(self):
        signal = self.new(id=f"map/é {self.new()['id']}?#")
        ours = self.daemon.post(AMSTERDAM, signal).json["signal"]
        for name in (quote(signal["id"], safe=""), ours):
            got = self.daemon.request("GET", f"/v1/signals/{name}", headers=bearer(AMSTERDAM))
            self.assertEqual(got.status, 200)
            self.assert_headers(got)
            self.assertEqual((got.json["id"], got.json["signal"], got.json["verdict"], got.json["published"]),
                             (ours, ours, "registered", None))  # an id of that form is not kept
        for method in ("GET", "DELETE"):
            self.refused(self.daemon.request(method, f"/v1/signals/{ours}", headers=bearer(COA)), 403)
            self.refused(self.daemon.request(method, "/v1/signals/" + quote(signal["id"], safe=""),
                                             headers=bearer(COA)), 404)
        before = self.daemon.status()["ledger"]["signals"]
        for verdict in ("withdrawn", "duplicate"):
            gone = self.daemon.request("DELETE", f"/v1/signals/{ours}", headers=bearer(AMSTERDAM))
            self.assertEqual((gone.status, gone.json["verdict"]), (200, verdict))
        self.assertEqual(self.daemon.status()["ledger"]["signals"], before - 1)
        # A feed that still lists what was taken back brings nothing new.
        self.assertEqual(self.daemon.post(AMSTERDAM, signal).json["verdict"], "duplicate")

    def test_ids_of_two_sources_are_apart(self):
        signal = self.new()
        self.assertEqual([self.daemon.post(s, signal).status for s in (AMSTERDAM, COA, COA)], [201, 201, 200])

    def test_same_signal_from_many_at_once(self):
        for _ in range(5):
            signal, answers, start = self.new(), [], threading.Barrier(20)

            def send(signal=signal, answers=answers, start=start):
                start.wait()
                answers.append(self.daemon.post(AMSTERDAM, signal))

            threads = [threading.Thread(target=send) for _ in range(20)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(sorted(a.status for a in answers), [200] * 19 + [201])
            self.assertEqual(sorted(a.json["verdict"] for a in answers), ["duplicate"] * 19 + ["registered"])
            self.assertEqual(len({a.json["signal"] for a in answers}), 1)
        self.assert_whole()


class Batches(Intake):
    def test_verdicts_in_order(self):
        a, b, c, d = self.new(), self.new(), self.new(), self.new()
        self.daemon.post(COA, [a, c])
        body = [d, {**b, "reported": "gisteren"}, d, {**a, "status": "confirmed"}, {"id": b["id"]}, 7,
                {"id": c["id"], "withdrawn": True}]
        answer = self.daemon.post(COA, body)
        self.assertEqual(self.verdicts(answer), ["registered", "refused", "duplicate", "corrected", "registered",
                                                 "refused", "withdrawn"])
        self.assert_headers(answer)
        results = answer.json["results"]
        self.assertEqual([r["version"] for r in results if "version" in r], [1, 1, 2, 1, 2])
        self.assertEqual([(e["index"], e["pointer"], e["code"]) for r in results for e in r["errors"]],
                         [(1, "/reported", "badDate"), (5, "", "type")])
        self.assert_whole()

    def test_several_contents_under_one_id(self):
        """Which of them holds nobody can say, and a spreadsheet makes ids alike: none of them is taken."""
        a, b, c = self.new(), self.new(), self.new()
        self.daemon.post(COA, b)
        before = self.daemon.metrics()
        for other in ({**a, "status": "confirmed"}, {"id": a["id"], "withdrawn": True}):
            answer = self.daemon.post(COA, [b, a, c, a, other])
            self.assertEqual(self.verdicts(answer)[:2], ["duplicate", "refused"])
            self.assertEqual(self.verdicts(answer)[3:], ["refused", "refused"])
            self.assertEqual([(e["index"], e["pointer"], e["code"], e["detail"].split(": ")[1])
                              for r in answer.json["results"] for e in r["errors"]],
                             [(1, "/id", "conflict", "see item 4"), (3, "/id", "conflict", "see item 1"),
                              (4, "/id", "conflict", "see item 1")])
        answer = self.refused(self.daemon.post(COA, [a, {**a, "status": "confirmed"}]), 400)
        self.assertEqual([e["code"] for e in answer.json["errors"]], ["conflict"] * 2)
        lines = [json.dumps({**b, "status": status}).encode() for status in ("confirmed", "rejected")]
        answer = self.refused(self.daemon.post(COA, b"\n".join(lines), **{"Content-Type": "application/x-ndjson"}), 400)
        self.assertEqual(self.daemon.metrics()["signaald_accepted_total"], before["signaald_accepted_total"] + 1)  # c
        self.assert_whole()

    def test_ids_that_a_spreadsheet_shortened(self):
        for id in ("2.01712E+11", "2,01712e+11", "2.01712E11", "2,01712E11", "201.71E+09", "1.0E-3", "1E+18",
                   "#N/B", "#N/A", "#VERW!", "#DEEL/0!", "#NAAM?", "########"):
            answer = self.refused(self.daemon.post(COA, self.new(id=id)), 400)
            self.assertEqual([(e["pointer"], e["code"]) for e in answer.json["errors"]], [("/id", "shortenedId")])
            self.assertNotIn(id.encode(), answer.body)
        for id in ("E+11", "7E12", "2017E11", "1E-3", "x2.0E+11", "2017E+11", "123456789012345000", "#12", "#AB-1", "#ABC"):
            self.assertEqual(self.daemon.post(COA, self.new(id=id)).status, 201, id)
        for number, status in (("2.01712e11", 400), ("2.01712E+11", 400), ("1e3", 400), ("201712345678.0", 201),
                               ("201712345678", 200), ("201712345678.5", 400)):
            answer = self.daemon.post(COA, '{"id":%s,"reported":"2017-03-05"}' % number)
            self.assertEqual(answer.status, status, number)
            if "e" in number.lower():
                self.assertEqual(answer.json["errors"][0]["code"], "shortenedId")

    def test_ids_that_read_alike_are_one(self):
        signal = self.new(id="Melding é 2017-1")
        self.assertEqual(self.daemon.post(COA, signal).status, 201)
        for id in ("\u00a0Melding é 2017-1", "Melding\u202fé  2017-1", "Mel\u00adding é 2017-1\u200b", "Melding e\u0301 2017-1",
                   "\ufeffMelding é 2017-1", "Melding é 2017\u20131", "Melding é 2017\u20111"):
            answer = self.daemon.post(COA, {**signal, "id": id})
            self.assertEqual((answer.status, answer.json["verdict"]), (200, "duplicate"), ascii(id))
            got = self.daemon.request("GET", "/v1/signals/" + quote(id), headers=bearer(COA))
            self.assertEqual(got.json["signal"], answer.json["signal"])
        self.refused(self.daemon.post(COA, [signal, {**signal, "id": signal["id"] + "\u200b", "status": "confirmed"}]), 400)
        for id in ("\u200b", "\u00a0 \ufeff"):
            self.assertEqual(self.refused(self.daemon.post(COA, self.new(id=id)), 400).json["errors"][0]["code"], "required")
        self.assertEqual(self.daemon.post(COA, self.new(reported="2017\u201303-05\u00a0")).status, 201)
        self.assert_whole()

    def test_what_a_victim_is_never_costs_the_signal(self):
        values = (17.5, 1e30, True, ["man", "vrouw"], {"from": 16})
        for field in ("gender", "age", "ageGroup", "birthYear", "citizenship"):
            for value in values:
                answer = self.daemon.post(COA, self.new(victim={field: value}))
                self.assertEqual((answer.status, answer.json["unmapped"]), (201, 1), (field, value))
        self.assertEqual(self.daemon.post(COA, self.new(victim={"age": 30.0})).json["unmapped"], 0)
        self.assertEqual(self.daemon.events()[-1]["data"]["victim"]["ageGroup"], "Adult")
        for code in (363, 363.0):
            self.assertEqual(self.daemon.post(COA, self.new(municipality=code, consent=True)).json["unmapped"], 0)
            self.assertEqual(self.daemon.events()[-1]["data"]["municipality"]["code"], "GM0363")

    def test_what_is_dropped_or_unmapped_is_told(self):
        signal = self.new(category="iets", municipality="Nergenshuizen", colour="red", victim={"size": 3, "gender": "?!"})
        answer = self.daemon.post(COA, signal)
        self.assertEqual((answer.json["dropped"], answer.json["unmapped"]), (2, 3))
        answer = self.daemon.post(COA, [signal, {**self.new(), "colour": 1}, {"id": "", "x": 1}])
        self.assertEqual([(r["dropped"], r["unmapped"]) for r in answer.json["results"]], [(2, 3), (1, 0), (1, 0)])

    def test_all_refused(self):
        before = self.daemon.metrics()
        answer = self.refused(self.daemon.post(COA, [{"id": ""}, {"id": "x", "status": "?"}]), 400)
        self.assertEqual([(e["index"], e["pointer"], e["code"]) for e in answer.json["errors"]],
                         [(0, "/id", "required"), (1, "/status", "unknownWord")])
        self.assertEqual(self.daemon.metrics()["signaald_accepted_total"], before["signaald_accepted_total"])

    def test_more_faults_than_are_told(self):
        """Each signal still has its first, and how many more there are is told."""
        bad = [{"id": "", "status": "?"}] * 700
        answer = self.refused(self.daemon.post(COA, bad), 400)
        self.assertEqual((len(answer.json["errors"]), answer.json["errorsLeftOut"]), (1000, 400))
        answer = self.daemon.post(COA, [*bad, self.new()])
        self.assertEqual(self.verdicts(answer), ["refused"] * 700 + ["registered"])
        told = [(len(r["errors"]), r.get("errorsLeftOut")) for r in answer.json["results"]]
        self.assertEqual(told, [(1, 1)] * 700 + [(0, None)])
        self.assertNotIn("errorsLeftOut", self.daemon.post(COA, bad[:500]).json)
        self.assert_whole()

    def test_empty(self):
        for body, kind in (("[]", "application/json"), (" [ ] ", "application/json"), ("", "application/x-ndjson"),
                           ("\n\r\n", "application/x-ndjson")):
            answer = self.daemon.post(COA, body, kind)
            self.assertEqual((answer.status, answer.json), (200, {"results": []}), body)

    def test_ndjson(self):
        a, b = self.new(), self.new()
        lines = [json.dumps(a), "", '{"id": "broken"', json.dumps(b) + "\r", '{"id":"1"} {"id":"2"}', "[]"]
        for kind in ("application/x-ndjson", "Application/X-NDJSON; charset=utf-8"):
            answer = self.daemon.post(COA, "\n".join(lines), kind)
            got = self.verdicts(answer)
            self.assertEqual(got[1::2], ["refused", "refused"])
            self.assertEqual(got[4], "refused")
            self.assertIn(got[0], ("registered", "duplicate"))
            self.assertEqual([e["code"] for e in answer.json["results"][1]["errors"]], ["syntax"])
            self.assertEqual([e["code"] for e in answer.json["results"][4]["errors"]], ["type"])

    def test_limits_of_one_item(self):
        deep, deepest = ("[" * n + "]" * n for n in (40, 31))
        a, b, c = (self.new() for _ in range(3))
        items = [json.dumps(a)[:-1] + f', "x": {deep}}}', json.dumps(b)[:-1] + f', "x": {deepest}}}',
                 '{"id": "twice", "id": "twice"}', json.dumps({**c, "x": "y" * 65536}), json.dumps(c)]
        answer = self.daemon.post(COA, "[" + ",".join(items) + "]")
        self.assertEqual(self.verdicts(answer), ["refused", "registered", "refused", "refused", "registered"])
        self.assertEqual([e["code"] for r in answer.json["results"] for e in r["errors"]],
                         ["syntax", "repeated", "tooLong"])

    def test_number_of_items(self):
        for count, status in ((10000, 200), (10001, 400)):
            prefix = self.new()["id"]
            before = self.daemon.metrics()["signaald_accepted_total"]
            body = "[" + ",".join(f'{{"id":"{prefix}-{i}"}}' for i in range(count)) + "]"
            answer = self.daemon.post(COA, body)
            self.assertEqual(answer.status, status, answer.body[:200])
            after = self.daemon.metrics()["signaald_accepted_total"]
            self.assertEqual(after - before, count if status == 200 else 0)
            if status == 400:
                self.assertEqual([e["code"] for e in self.refused(answer, 400).json["errors"]], ["tooMany"])

    def test_broken_bodies(self):
        whole = json.dumps(self.new())
        before = self.daemon.metrics()["signaald_accepted_total"]
        for body in ("", " ", "{", "[" + whole, "[" + whole + ",]", whole + whole, "[" + whole + "]x", "nul", '"x"',
                     "7", whole[:-1] + ',"x":}', b"\xff\xfe", b'{"id":"\xff"}', "[" + whole + " " + whole + "]"):
            answer = self.refused(self.daemon.post(COA, body), 400)
            self.assertEqual(len(answer.json["errors"]), 1, body)
        self.assertEqual(self.daemon.metrics()["signaald_accepted_total"], before)


class Refusals(Intake):
    def test_table(self):
        new = json.dumps(self.new())
        plain = {"Content-Type": "application/json"}
        json_head = {**bearer(COA), **plain}
        for method, path, headers, status in [
                ("POST", "/v1/signals", plain, 401),
                ("POST", "/v1/signals", {**plain, "Authorization": "Bearer " + "x" * 32}, 401),
                ("POST", "/v1/signals", {**plain, "Authorization": "Basic " + token_of(COA)}, 401),
                ("POST", "/v1/signals", {**plain, "Authorization": "Bearer "}, 401),
                ("GET", "/v1/signals/1", {}, 401), ("DELETE", "/v1/signals/1", {}, 401),
                ("GET", "/v1/signals/never", bearer(COA), 404), ("DELETE", "/v1/signals/never", bearer(COA), 404),
                ("GET", "/v1/signals/" + "0" * 32, bearer(COA), 404),
                ("GET", "/v1/signals/a/b", bearer(COA), 404), ("GET", "/v1/signals/%zz", bearer(COA), 404),
                ("POST", "/v1/signals/", json_head, 404), ("GET", "/v1/health/", {}, 404),
                ("GET", "/", {}, 404), ("GET", "/v2/signals", {}, 404), ("GET", "/metrics", {}, 404),
                ("GET", "/v1/status", {}, 404), ("GET", "/v1/signals?x=%zz", bearer(COA), 400),
                ("POST", "/v1/signals", bearer(COA), 415),
                ("POST", "/v1/signals", {**bearer(COA), "Content-Type": "text/plain"}, 415),
                ("POST", "/v1/signals", {**json_head, "Content-Encoding": "br"}, 415)]:
            answer = self.daemon.request(method, path, new if method == "POST" else None, headers)
            self.refused(answer, status)
            self.assertEqual("WWW-Authenticate" in answer.headers, status == 401)
        for method, path, allowed in [("GET", "/v1/signals", "POST"), ("PUT", "/v1/signals", "POST"),
                                      ("POST", "/v1/signals/1", "GET, HEAD, DELETE"), ("POST", "/v1/health", "GET, HEAD"),
                                      ("OPTIONS", "/v1/signals", "POST"), ("OPTIONS", "/v1/signals/1", "GET, HEAD, DELETE")]:
            answer = self.refused(self.daemon.request(method, path, headers=json_head), 405)
            self.assertEqual(answer.headers["Allow"], allowed)
        connection = self.daemon.connection()
        self.addCleanup(connection.close)
        connection.request("HEAD", "/v1/health")
        asked = connection.getresponse()
        self.assertEqual((asked.status, asked.read()), (200, b""))
        health = self.daemon.request("GET", "/v1/health")
        self.assertEqual(health.status, 200)
        self.assert_headers(health)

    def test_sizes(self):
        chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        for data, status in [
                (head("POST", "/v1/signals", f"Content-Length: {MIB + 1}"), 413),
                (head("POST", "/v1/signals", "Transfer-Encoding: chunked") + chunk * 17 + b"0\r\n\r\n", 413),
                (head("GET", "/v1/health", "X: " + "y" * 17000), 431)]:
            self.refused(self.daemon.raw(data)[0], status)
        spaces = (json.dumps(self.new()) + " " * MIB)[:MIB].encode()
        answer = self.daemon.raw(head("POST", "/v1/signals", f"Content-Length: {MIB}") + spaces)[0]
        self.assertEqual(answer.status, 201)

    def test_two_tokens_while_they_are_rotated(self):
        directory = self.daemon.directory
        table = (directory / "sources.csv").read_text()
        self.addCleanup(lambda: ((directory / "sources.csv").write_text(table),
                                 self.daemon.control("POST", "/v1/reload")))
        old, new = (hashlib.sha256(t.encode()).hexdigest() for t in (token_of(COA), "the-next-token-of-coa"))
        for tokens, statuses in (([old, new], [201, 201]), ([new], [401, 201]), ([old], [201, 401])):
            (directory / "sources.csv").write_text(table.replace(old, " ".join(tokens)))
            self.assertEqual(self.daemon.control("POST", "/v1/reload").status, 200)
            got = [self.daemon.request("POST", "/v1/signals", json.dumps(self.new()),
                                       {"Authorization": f"Bearer {token}", "Content-Type": "application/json"})
                   for token in (token_of(COA), "the-next-token-of-coa")]
            self.assertEqual([g.status for g in got], statuses)

    def test_a_reload_between_head_and_body(self):
        table = (self.daemon.directory / "sources.csv").read_text()
        self.addCleanup(lambda: ((self.daemon.directory / "sources.csv").write_text(table),
                                 self.daemon.control("POST", "/v1/reload")))
        other = table.replace(hashlib.sha256(token_of(COA).encode()).hexdigest(), "0" * 64)
        body = json.dumps(self.new()).encode()
        for text, status in ((table, 201), (other, 401)):
            with socket.create_connection(("127.0.0.1", self.daemon.port), timeout=PATIENCE_S) as sock:
                sock.sendall(head("POST", "/v1/signals", f"Content-Length: {len(body)}", "Expect: 100-continue"))
                self.assertEqual(sock.recv(100), b"HTTP/1.1 100 Continue\r\n\r\n")
                (self.daemon.directory / "sources.csv").write_text(text)
                self.assertEqual(self.daemon.control("POST", "/v1/reload").status, 200)
                sock.sendall(body)
                self.assertEqual(read_answers(sock, 1)[0].status, status)

    def test_kept_connection_and_pipeline(self):
        connection = self.daemon.connection()
        for _ in range(3):
            self.assertEqual(self.daemon.post(COA, self.new(), connection=connection).status, 201)
        connection.close()
        ids = [self.new()["id"] for _ in range(5)]
        bodies = [json.dumps({"id": i}).encode() for i in ids]
        data = b"".join(head("POST", "/v1/signals", f"Content-Length: {len(b)}") + b for b in bodies)
        answers = self.daemon.raw(data, 5)
        self.assertEqual([(a.status, a.json["id"]) for a in answers], [(201, i) for i in ids])


class Foreign(Intake):
    BAD = {"id": f"{MARK}\x01", "reported": MARK, "occurred": MARK, "municipality": f"{MARK}\x07",
           "category": [MARK * 20, 7], "status": MARK, "person": MARK, "withdrawn": MARK,
           "victim": {"gender": f"{MARK}\x02", "age": MARK, "ageGroup": MARK * 20, "birthYear": f"9{MARK}",
                      "citizenship": f"{MARK}\x7f"}}
    FAULTS = {("/id", "badCharacter"), ("/reported", "badDate"), ("/occurred", "badDate"),
              ("/municipality", "badCharacter"), ("/categories/0", "tooLong"), ("/categories/1", "type"),
              ("/status", "unknownWord"), ("/person", "type"), ("/withdrawn", "type")}
    # The victim cannot be read, and costs nothing.

    def clean(self, answer):
        self.assertNotIn(MARK.encode().lower(), (answer.body + str(answer.headers).encode()).lower())
        return answer

    def test_all_faults_at_once(self):
        answer = self.clean(self.refused(self.daemon.post(COA, self.BAD), 400))
        errors = answer.json["errors"]
        pointers = {(e["pointer"].replace("/category/", "/categories/"), e["code"]) for e in errors}
        self.assertEqual(pointers, self.FAULTS)
        self.assertEqual(len(errors), len(self.FAULTS))
        self.assertTrue(all(e["index"] == 0 and e["detail"] for e in errors))

    def test_nothing_foreign_comes_back_or_stays(self):
        kept = self.new(description=MARK, person={"name": MARK}, category=["mensenhandel", MARK],
                        municipality=MARK, victim={"gender": MARK, "age": 30, "street": MARK}, **{MARK: {MARK: MARK}})
        unknown = self.daemon.status()["intake"]
        self.assertEqual(self.clean(self.daemon.post(COA, kept)).status, 201)
        after = self.daemon.status()["intake"]
        self.assertEqual(after["unknownFields"] - unknown["unknownFields"], 3)
        self.assertEqual(after["unknownMunicipalities"] - unknown["unknownMunicipalities"], 1)
        self.assertGreaterEqual(after["unmapped"] - unknown["unmapped"], 2)
        for body in (self.BAD, [self.BAD, self.new()], f'{{"{MARK}', f'{{"id":"{MARK}","id":"{MARK}"}}', f'["{MARK}"]'):
            self.clean(self.daemon.post(COA, body))
        for method, path, headers, status in [
                ("GET", f"/{MARK}", {}, 404), ("GET", f"/v1/signals/{MARK}", bearer(COA), 404),
                ("DELETE", f"/v1/signals/{MARK}?{MARK}={MARK}", bearer(COA), 404),
                ("GET", f"/v1/signals/1?{MARK}=%", bearer(COA), 400), (MARK, "/v1/signals", {}, 405),
                ("GET", "/v1/signals/1", {"Authorization": f"Bearer {MARK}"}, 401),
                ("POST", "/v1/signals", {**bearer(COA), "Content-Type": f"text/{MARK}"}, 415),
                ("POST", "/v1/signals", {**bearer(COA), "Content-Type": "application/json",
                                         "Content-Encoding": MARK, "User-Agent": MARK, MARK: MARK}, 415)]:
            self.refused(self.clean(self.daemon.request(method, path, headers=headers)), status)
        self.assertEqual(self.clean(self.daemon.raw(head("GET", "/v1/health", f"{MARK} : {MARK}"))[0]).status, 400)
        for path in ("/v1/events?from=1", "/v1/status", "/metrics", "/v1/counts?by=municipality,category"):
            self.clean(self.daemon.control("GET", path))
        for path in [self.daemon.log_path, *self.daemon.state.iterdir()]:
            self.assertNotIn(MARK.encode().lower(), path.read_bytes().lower(), path)


if __name__ == "__main__":
    unittest.main()
