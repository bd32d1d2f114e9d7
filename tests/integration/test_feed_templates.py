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


class Templates(unittest.TestCase):
    def setUp(self):
        self.endpoint = Endpoint()
        self.addCleanup(self.endpoint.close)

    def daemon(self, rows, templates=None):
        """templates: name -> text; without, those that ship."""
        sources = [{"kind": "municipality", "municipality": "GM0363", "interval": "1s", "allow_private": "yes",
                    "url": self.endpoint.url("/" + row["name"]), **row} for row in rows]
        folder = self.enterContext(tempfile.TemporaryDirectory())
        for name, text in (templates or {}).items():
            (pathlib.Path(folder) / f"{name}.yaml").write_text(text)
        daemon = Daemon(sources, extra={"tables": [f"templates: {folder}"]} if templates else None)
        self.addCleanup(daemon.close)
        secret = daemon.directory / "secret"
        secret.write_text(token_of("x"))
        secret.chmod(0o600)
        return daemon.start()

    @staticmethod
    def feed(daemon, name):
        return daemon.control("GET", f"/v1/feeds/{name}").json

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


if __name__ == "__main__":
    unittest.main()
