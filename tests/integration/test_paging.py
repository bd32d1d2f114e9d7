# SPDX-License-Identifier: EUPL-1.2
"""What says that a list goes on, in the many ways in which systems say it: read safely, or told. Never silently the end."""
import json
import pathlib
import tempfile
import unittest

from harness import SIGNAL, Case, Daemon, Endpoint, wait_for

FIELDS = """
fields:
  id: /id
  reported: /reported
  category: /category
"""
TEMPLATES = {
    "plain": "page: {format: json}",
    "results": "page: {format: json, items: /results}",
    "uncounted": 'page: {format: json, items: /results, count: ""}',
    "places": "page: {format: json, items: /results, count: /meta/n}",
    "url": "page: {format: json, items: /results, next: /next}\nrequest: {paging: url}",
    "path": "page: {format: json, items: /results, next: /next}\nrequest: {paging: url, next_path_only: yes}",
    "link": "page: {format: json}\nrequest: {paging: link}",
    "token": "page: {format: json, items: /results, next: /token}\nrequest: {paging: token, page_param: token}",
    "number": "page: {format: json}\nrequest: {paging: number, page_param: page, page_size: 1000}",
    "seconds": "page: {format: json}\nrequest: {cursor_param: since, times: seconds}",
    "csv": "page: {format: csv}",
}
SHORT = "the list says that it has more than came"
UNREAD = "there is a next page, named in a way that the template does not follow"
CIRCLE = "a page came twice: paging goes round in a circle"


def items(first, end):
    return [{"id": f"2017-{n:06d}", **SIGNAL} for n in range(first, end)]


def page(first, end, **more):
    return {"results": items(first, end), **more}


class Paging(Case):
    """Each case is a source of one daemon: what it answers to (page, query, headers, number), and what comes of it."""

    CASES = {
        # name: (template, answer, signals that come, failure or None)
        "count-10-of-4": ("results", lambda q, h, n: page(0, 4, count=10), 4, SHORT),
        "odata-count": ("results", lambda q, h, n: page(0, 4, **{"@odata.count": 5}), 4, SHORT),
        "count-as-text": ("results", lambda q, h, n: page(0, 4, count="10"), 4, SHORT),
        "count-no-number": ("results", lambda q, h, n: page(0, 4, count="4 of 10"), 4, None),
        "count-of-a-page": ("results", lambda q, h, n: page(0, 4, page={"totalElements": 10}), 4, SHORT),
        "count-of-paging": ("results", lambda q, h, n: page(0, 4, pagination={"total": 10}), 4, SHORT),
        "count-elsewhere": ("places", lambda q, h, n: page(0, 4, count=1, meta={"n": 9}), 4, SHORT),
        "count-that-is-none": ("uncounted", lambda q, h, n: page(0, 4, count=1000), 4, None),
        "count-in-header": ("plain", lambda q, h, n: (200, {"X-Total-Count": "9"}, items(0, 4)), 4, SHORT),
        "count-right": ("results", lambda q, h, n: page(0, 4, count=4), 4, None),
        "count-less": ("results", lambda q, h, n: page(0, 4, count=2), 4, None),
        "count-over-pages": ("url", lambda q, h, n: page(0, 3, count=5, next="?p=2") if "p" not in q
                             else page(3, 5, count=5, next=None), 5, None),
        "count-pages-short": ("url", lambda q, h, n: page(0, 3, count=9, next="?p=2") if "p" not in q
                              else page(3, 5, count=9, next=None), 5, SHORT),
        "next-not-followed": ("results", lambda q, h, n: page(0, 4, next="/x?page=2"), 4, UNREAD),
        "next-renamed": ("url", lambda q, h, n: page(0, 4, _links={"next": {"href": "/x?page=2"}}), 4, UNREAD),
        "next-null": ("url", lambda q, h, n: page(0, 4, next=None, _links={"next": {"href": None}}), 4, None),
        **{f"next-none-{i}": ("url", lambda q, h, n, none=none: page(0, 4, next=none), 4, None)
           for i, none in enumerate((False, "", " ", "null", "None", "false", "undefined", 0, 0.0, "0", -1))},
        **{f"token-none-{i}": ("token", lambda q, h, n, none=none: page(0, 4, token=none), 4, None)
           for i, none in enumerate((None, False, "", "null", 0, -1))},
        "next-null-as-text": ("results", lambda q, h, n: page(0, 4, next="null", next_page=0, hasMore=False), 4, None),
        "next-itself": ("url", lambda q, h, n: page(0, 4, next="?"), 4, "the next page is the same page again"),
        "next-circle": ("url", lambda q, h, n: page(0, 4, next=f"?p={int(q.get('p', 0)) + 1}"), 4, CIRCLE),
        "next-elsewhere": ("url", lambda q, h, n: page(0, 4, next="http://other.example.nl/?p=2"), 4,
                           "the next page is on another host or not an address"),
        "next-other-name": ("path", lambda q, h, n: page(0, 4, next="https://api.example.nl/next-other-name?p=2")
                            if "p" not in q else page(4, 6, next=None), 6, None),
        "next-object": ("url", lambda q, h, n: page(0, 4, next={"href": "?p=2"}), 0, "expected the next page"),
        "token-has-more": ("token", lambda q, h, n: page(0, 4, has_more=True), 4, UNREAD),
        "link-single-quotes": ("link", lambda q, h, n: (200, {"Link": "<?p=2>; rel='next'"}, items(0, 4))
                               if "p" not in q else items(4, 6), 6, None),
        "link-unquoted-several": ("link", lambda q, h, n: (200, {"Link": "<?p=1>; rel=self, <?p=2>; rel=last next"}, items(0, 4))
                                  if "p" not in q else items(4, 6), 6, None),
        "link-unparted": ("link", lambda q, h, n: (200, {"Link": "<?p=2> rel=next"}, items(0, 4))
                          if "p" not in q else items(4, 6), 6, None),
        "link-unreadable": ("link", lambda q, h, n: (200, {"Link": "?p=2; rel=next"}, items(0, 4)), 4, UNREAD),
        "link-not-followed": ("plain", lambda q, h, n: (200, {"Link": "<?p=2>; rel=next"}, items(0, 4)), 4, UNREAD),
        "link-of-a-csv": ("csv", lambda q, h, n: (200, {"Link": "<?p=2>; rel=next", "Content-Type": "text/csv"},
                                                  b"/id;/reported;/category\n2017-1;2017-03-05;x\n"), 1, UNREAD),
        "number-capped": ("number", lambda q, h, n: items(0, 120)[(int(q["page"]) - 1) * 50:][:50], 120, None),
        "number-capped-round": ("number", lambda q, h, n: items(0, 100)[(int(q["page"]) - 1) * 50:][:50], 100, None),
        "number-404": ("number", lambda q, h, n: items(0, 3) if q["page"] == "1" else (404, {}, b""), 3, None),
        "number-404-first": ("number", lambda q, h, n: (404, {}, b""), 0, "HTTP status 404"),
        "number-500": ("number", lambda q, h, n: items(0, 3) if q["page"] == "1" else (500, {}, b""), 3, "HTTP status 500"),
        "number-not-known": ("number", lambda q, h, n: items(0, 3), 3, CIRCLE),
        "empty-204": ("plain", lambda q, h, n: (204, {}, b""), 0, None),
        "empty-204-later": ("url", lambda q, h, n: page(0, 4, next="?p=2") if "p" not in q else (204, {}, b""), 4, None),
        "partial-206": ("plain", lambda q, h, n: (206, {}, items(0, 4)), 0, "HTTP status 206"),
        "not-asked-304": ("plain", lambda q, h, n: (304, {}, b""), 0, "HTTP status 304, which was not asked for"),
        "error-in-200": ("results", lambda q, h, n: {"error": "no rights"}, 0, "/results is not there"),
        "items-null": ("results", lambda q, h, n: {"results": None}, 0, "/results is no list"),
        "items-object": ("results", lambda q, h, n: {"results": {"id": 1}}, 0, "/results is no list"),
        "wrapped": ("open311", lambda q, h, n: {"service_requests": [
            {"service_request_id": "1", "requested_datetime": "2017-03-05T10:00:00Z", "service_name": "x"}]}, 1, None),
    }

    @classmethod
    def setUpClass(cls):
        cls.endpoint = Endpoint()
        cls.addClassCleanup(cls.endpoint.close)
        directory = tempfile.TemporaryDirectory(prefix="signaald-test-")
        cls.addClassCleanup(directory.cleanup)
        cls.templates = pathlib.Path(directory.name)
        shipped = pathlib.Path(__file__).resolve().parents[2] / "conf/templates"
        (cls.templates / "open311.yaml").write_text((shipped / "open311.yaml").read_text())
        for name, text in TEMPLATES.items():
            fields = FIELDS.replace("/", "") if name == "csv" else FIELDS
            if name == "seconds":
                fields += "  watermark: /updated\n"
            (cls.templates / f"{name}.yaml").write_text(text + fields)
        cls.endpoint.paths = {f"/{name}": cls.serve(case[1]) for name, case in cls.CASES.items()}
        cls.daemon = Daemon([cls.row(name, case[0]) for name, case in cls.CASES.items()],
                            {"tables": [f"templates: {cls.templates}"]})
        cls.addClassCleanup(cls.daemon.close)
        cls.daemon.start()

    @classmethod
    def row(cls, name, template, **more):
        return {"name": name, "kind": "municipality", "municipality": "GM0363", "interval": "1s", "template": template,
                "url": cls.endpoint.url("/" + name), "allow_private": "yes", **more}

    @staticmethod
    def serve(answer):
        def answers(query, headers, number):
            given = answer(query, headers, number)
            return given if isinstance(given, tuple) else (200, {}, given)
        return answers

    def feed(self, name):
        return self.daemon.control("GET", f"/v1/feeds/{name}").json

    def test_each(self):
        for name, (_template, _answer, count, failure) in self.CASES.items():
            with self.subTest(name):
                wait_for(lambda name=name: self.feed(name)["polls"] >= 2, "it is polled again")
                feed = self.feed(name)
                if failure:
                    self.assertIn(failure, feed["failure"] or "nothing")
                else:
                    self.assertIsNone(feed["failure"])
                if count is not None:
                    self.assertEqual(feed["new"], count)
                self.assertFalse(feed["doubtful"])
        self.assertGreater(self.feed("wrapped")["new"], 0)
        asked = [query for _, query, _ in self.endpoint.seen("/wrapped")]
        self.assertTrue(all(q[name].endswith("Z") and "." not in q[name] for q in asked for name in ("start_date", "end_date")))
        self.assert_whole()

    def test_round_number(self):
        listed = items(0, 100)
        self.endpoint.paths = {**self.endpoint.paths, "/round": lambda _q, _h, _n: (200, {}, listed)}
        with Daemon([self.row("round", "plain", complete="yes")], {"tables": [f"templates: {self.templates}"]}) as daemon:
            def feed():
                return daemon.control("GET", "/v1/feeds/round").json
            wait_for(lambda: feed()["doubtful"], "it is told")
            self.assertIn("may have been cut off", feed()["failure"])
            self.assertIn("[S043] a list may have been cut off source=round", daemon.log())
            self.assertEqual(daemon.metrics()["signaald_feeds_doubtful"], 1)
            listed.append(items(100, 101)[0])
            wait_for(lambda: feed()["failures"] == 0 and not feed()["doubtful"], "one more, and it is in no doubt")
            self.assertEqual(daemon.counts()["total"], 101)

    def test_window_of_a_round_number(self):
        """A server that lets out 100 of a window, under a template that thinks it lets out 1,000."""
        day = 86400
        begin = 1420070400  # 2015-01-01
        reported = [begin + n * day // 3 for n in range(400)]

        def stamp(query, name):
            import datetime
            return datetime.datetime.fromisoformat(query[name].replace("Z", "+00:00")).timestamp()

        def answer(query, _headers, _number):
            start, end = stamp(query, "start_date"), stamp(query, "end_date")
            import datetime
            chosen = [n for n, at in enumerate(reported) if start <= at <= end][:100]
            return 200, {}, [{"service_request_id": str(n), "service_name": "x", "requested_datetime":
                              datetime.datetime.fromtimestamp(reported[n], datetime.timezone.utc).isoformat()} for n in chosen]
        self.endpoint.paths = {**self.endpoint.paths, "/windows": answer}
        with Daemon([self.row("windows", "open311")], {"tables": [f"templates: {self.templates}"]}) as daemon:
            wait_for(lambda: daemon.counts()["total"] == 400, "all came")

    def test_times_without_a_fraction(self):
        self.endpoint.paths = {**self.endpoint.paths, "/seconds": lambda _q, _h, n: (200, {}, [
            {**items(n, n + 1)[0], "updated": f"2017-03-05T10:00:{n:02d}.999Z"}])}
        with Daemon([self.row("seconds", "seconds")], {"tables": [f"templates: {self.templates}"]}) as daemon:
            wait_for(lambda: daemon.counts()["total"] >= 2, "it is polled again")
            self.assertEqual(self.endpoint.seen("/seconds")[1][1]["since"], "2017-03-05T10:00:01Z")


if __name__ == "__main__":
    unittest.main()
