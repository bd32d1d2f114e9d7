# SPDX-License-Identifier: EUPL-1.2
"""Feeds through templates: what single endpoints may do without stopping themselves or the daemon."""
import datetime
import pathlib
import tempfile
import unittest

from harness import Daemon, Endpoint, token_of, wait_for

OPTIONAL = """page: {format: json}
fields: {id: /id, reported: /reported, category: /category}
auth: {kind: %s, optional: yes}
"""


def item(number, **more):
    return {"id": number, "reported": "2017-03-05", "category": "gedwongen prostitutie", **more}


def request(number, **more):
    return {"service_request_id": number, "requested_datetime": "2017-03-05T10:00:00Z",
            "service_name": "gedwongen prostitutie", **more}


class Case(unittest.TestCase):
    def setUp(self):
        self.endpoint = Endpoint()
        self.addCleanup(self.endpoint.close)

    def daemon(self, rows, templates=None, files=None):
        """templates: name -> text; without, those that ship. files: name -> text, of secrets."""
        sources = [{"kind": "municipality", "municipality": "GM0363", "interval": "1s", "allow_private": "yes",
                    "url": self.endpoint.url("/" + row["name"]), **row} for row in rows]
        folder = self.enterContext(tempfile.TemporaryDirectory())
        for name, text in (templates or {}).items():
            (pathlib.Path(folder) / f"{name}.yaml").write_text(text)
        daemon = Daemon(sources, extra={"tables": [f"templates: {folder}"]} if templates else None)
        self.addCleanup(daemon.close)
        for name, text in {"secret": token_of("x"), **(files or {})}.items():
            (daemon.directory / name).write_text(text)
            (daemon.directory / name).chmod(0o600)
        return daemon.start()

    @staticmethod
    def feed(daemon, name):
        return daemon.control("GET", f"/v1/feeds/{name}").json


class Templates(Case):
    def test_optional_secret_that_is_not_there(self):
        """It is asked without one."""
        self.endpoint.paths = {"/open": lambda *_: (200, {}, [item(1)]), "/key": lambda *_: (200, {}, [item(2)])}
        daemon = self.daemon([{"name": "open", "template": "token"}, {"name": "key", "template": "key"}],
                             {"token": OPTIONAL % "oauth2, token_url: 'https://login.example.nl/token'",
                              "key": OPTIONAL % "header, header: X-Api-Key"})
        wait_for(lambda: daemon.counts()["total"] == 2, "both feeds bring their signal")
        self.assertNotIn("Authorization", self.endpoint.seen("/open")[0][2])
        daemon.stop()

    def test_window_of_which_all_is_refused(self):
        """The windows behind it are read all the same; the feed says what is wrong."""
        def answer(query, _headers, _number):
            early = query["start_date"] < "2015-03"
            return 200, {}, [request(None)] if early else [request(query["start_date"])]
        self.endpoint.paths = {"/requests": answer}
        daemon = self.daemon([{"name": "requests", "template": "open311"}])
        windows = (datetime.date.today() - datetime.date(2015, 1, 1)).days // 90
        wait_for(lambda: daemon.counts()["total"] >= windows, "all other windows are read")
        told = 'feed fails source=requests reason="every signal of a page was refused: see the quarantine"'
        wait_for(lambda: told in daemon.log(), "it is told")  # the next poll, which reads less, may be good
        wait_for(lambda: (self.feed(daemon, "requests")["cursor"] or "") > "2026", "the cursor came to the end")
        entries = daemon.control("GET", "/v1/quarantine").json["entries"]
        self.assertEqual([(e["source"], e["reasons"][0]["pointer"]) for e in entries], [("requests", "/id")])
        daemon.stop()

    def test_page_of_which_all_is_refused(self):
        """The pages behind it are read, but the cursor waits: it is to be read again when it is mended."""
        bad = True

        def answer(query, _headers, _number):
            page = int(query.get("page", 1))
            reported = "yesterday" if page == 1 and bad else "2017-03-05"
            more = {"Link": '<?page=2>; rel="next"'} if page == 1 else {}
            return 200, more, [item(f"2017-{page}", reported=reported, updated=f"2017-0{page}-01")]
        self.endpoint.paths = {"/list": answer}
        daemon = self.daemon([{"name": "list", "cursor_param": "since", "cursor_field": "updated"}])
        wait_for(lambda: daemon.counts()["total"] == 1, "the second page is read")
        wait_for(lambda: self.feed(daemon, "list")["failures"] >= 1, "it is told")
        self.assertFalse(self.feed(daemon, "list")["cursor"])
        bad = False
        wait_for(lambda: daemon.counts()["total"] == 2, "the mended page is read")
        wait_for(lambda: self.feed(daemon, "list")["cursor"] == "2017-02-01", "the cursor moves")
        daemon.stop()

    def test_signalen_cancelled_and_opened_again(self):
        state = "m"

        def answer(_query, _headers, number):
            updated = f"2024-01-01T00:{number // 60 % 60:02d}:{number % 60:02d}+00:00"
            return 200, {}, {"_links": {"next": {"href": None}}, "results": [
                {"signal_id": "0d9a5f4e-6f0b-4b62-9b0e-5f1f6f0f7c11", "created_at": "2018-06-18T13:30:47+00:00",
                 "updated_at": updated, "category": {"sub_slug": "mensenhandel"}, "status": {"state": state},
                 "has_parent": False}]}
        self.endpoint.paths = {"/signals": answer}
        daemon = self.daemon([{"name": "signals", "template": "signalen", "secret_file": "secret"}])
        wait_for(lambda: daemon.counts()["total"] == 1, "it counts")
        state = "a"
        wait_for(lambda: daemon.counts()["total"] == 0, "cancelled, it does not")
        state = "reopened"
        wait_for(lambda: daemon.counts()["total"] == 1, "opened again, it does")
        self.assertEqual([e["type"].split(".")[3] for e in daemon.events()], ["registered", "withdrawn", "corrected"])
        daemon.stop()


ASKED = """page: {format: json, items: /results%s}
fields: {id: /id, reported: /reported, category: /category%s}
request: {%s}
%s"""


class Asking(Case):
    """What a request looks like: marks inside expressions, days, borders, headers."""

    def marks(self, page, fields, request, items, more=""):
        """The queries of the first poll and of those behind it."""
        self.endpoint.paths = {"/list": lambda *_: (200, {}, {"results": items})}
        daemon = self.daemon([{"name": "list", "template": "own"}],
                             {"own": ASKED % (page, fields, request, more)})
        wait_for(lambda: len(self.endpoint.seen("/list")) >= 3, "it is polled again")
        daemon.stop()
        return [query for _path, query, _headers in self.endpoint.seen("/list")]

    def test_the_mark_inside_an_expression(self):
        asked = self.marks(", zone: utc", ", watermark: [/updated, /made]",
                           "cursor_param: $filter, times: seconds, "
                           "cursor_format: '__system/updatedAt gt {mark} or made gt {mark}'",
                           [item(1, made="2024-01-01T00:00:00", updated=None),
                            item(2, made="2024-01-01T00:00:00", updated="2024-02-01T12:00:00.250")])
        self.assertNotIn("$filter", asked[0])
        self.assertEqual(asked[2]["$filter"], "__system/updatedAt gt 2024-02-01T12:00:00Z or made gt 2024-02-01T12:00:00Z")

    def test_a_number_inside_json(self):
        asked = self.marks("", ", watermark: /n", """cursor_param: query, cursor_format: '{"_id":{"$gt":{mark}}}'""",
                           [item(1, n=9), item(2, n=123)])
        self.assertEqual(asked[2]["query"], '{"_id":{"$gt":123}}')

    def test_days_that_leave_out_themselves(self):
        """Asked for "after" the day before, so that what comes later on the day of the mark is not lost."""
        asked = self.marks("", ", watermark: /day", "cursor_param: day__gt, times: days, bounds: exclusive",
                           [item(1, day="2024-03-01"), item(2, day="2024-02-01")])
        self.assertEqual(asked[2]["day__gt"], "2024-02-29")

    def test_days_that_count_themselves(self):
        asked = self.marks("", ", watermark: /day", "cursor_param: day__gte, times: days", [item(1, day="2024-03-01")])
        self.assertEqual(asked[2]["day__gte"], "2024-03-01")

    def test_times_that_leave_out_themselves(self):
        asked = self.marks("", ", watermark: /at", "cursor_param: after, times: seconds, bounds: exclusive",
                           [item(1, at="2024-03-01T00:00:00Z")])
        self.assertEqual(asked[2]["after"], "2024-02-29T23:59:59Z")

    def test_windows_in_days_lose_no_border_day(self):
        """Both ends are left out by the endpoint; items change, and what was read last holds."""
        start = datetime.date(2024, 1, 1)
        days = [start + datetime.timedelta(days=n) for n in range((datetime.date.today() - start).days)]

        def answer(query, _headers, _number):
            after, before = query["day__gt"], query["day__lt"]
            return 200, {}, {"results": [item(str(day), reported=str(day), changed=f"{day}T10:00:00Z") for day in days
                                         if after < str(day) < before]}
        self.endpoint.paths = {"/list": answer}
        text = ASKED % ("", ", watermark: /changed", "cursor_param: day__gt, times: days, bounds: exclusive",
                        "windows: {end_param: day__lt, max_window: 31d, begin: 2024-01-01, lookback: 2d}")
        daemon = self.daemon([{"name": "list", "template": "own"}], {"own": text})
        wait_for(lambda: (self.feed(daemon, "list")["cursor"] or "") > str(datetime.date.today()), "it came to the end")
        self.assertEqual(daemon.counts()["total"], len(days))
        self.assertEqual({event["type"].split(".")[3] for event in daemon.events()}, {"registered"})
        daemon.stop()

    def test_headers_of_template_source_and_fsc(self):
        """Behind an outway: its headers, the API's own token, and a next page that names the provider's host."""
        def answer(query, headers, _number):
            if headers.get("Authorization") != "Token sesame" or headers.get("Fsc-Grant-Hash") != "$1$3$abc":
                return 403, {}, {"detail": "no"}
            page = int(query.get("page", 1))
            following = "https://provider.example.nl/list?page=2" if page == 1 else None
            return 200, {}, {"results": [item(page)], "next": following}
        self.endpoint.paths = {"/list": answer}
        text = ASKED % (", next: /next", "", "paging: url", "headers: {Accept-Crs: 'EPSG:4326'}\nauth: {kind: token}")
        daemon = self.daemon([{"name": "list", "template": "own", "secret_file": "token", "headers_file": "fixed",
                               "fsc_grant": "$1$3$abc"}], {"own": text}, files={"token": "sesame", "fixed": "X-Key: 1\nX-B: 2\n"})
        wait_for(lambda: daemon.counts()["total"] == 2, "both pages are read")
        asked = [headers for _path, _query, headers in self.endpoint.seen("/list")]
        for headers in asked:
            self.assertEqual([headers.get(name) for name in ("Accept-Crs", "X-Key", "X-B")], ["EPSG:4326", "1", "2"])
        transactions = [headers["Fsc-Transaction-Id"] for headers in asked]
        self.assertEqual(len(set(transactions)), len(transactions))
        for transaction in transactions:
            self.assertRegex(transaction, "^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
        daemon.stop()


if __name__ == "__main__":
    unittest.main()
