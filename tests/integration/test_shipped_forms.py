# SPDX-License-Identifier: EUPL-1.2
"""Systems as they are, through the templates that ship: each endpoint here answers as its system does, pages and filters
as well, and each form is posted as its system posts it. What is posted and what is polled become the same signals."""
import base64
import datetime
import hashlib
import hmac
import json
import pathlib
import re
import time
import unittest

from harness import Daemon, Endpoint, token_of, wait_for

PAYLOADS = pathlib.Path(__file__).resolve().parents[1] / "golden" / "payloads"


def payload(name):
    return json.loads((PAYLOADS / name).read_text())


def unpack(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


class Systems(unittest.TestCase):
    def setUp(self):
        self.endpoint = Endpoint()
        self.addCleanup(self.endpoint.close)

    def daemon(self, template, secret, **more):
        row = {"name": "system", "kind": "municipality", "municipality": "GM0363", "interval": "1s", "allow_private": "yes",
               "template": template, "secret_file": "secret", "url": self.endpoint.url("/list"), **more}
        daemon = Daemon([row])
        self.addCleanup(daemon.close)
        (daemon.directory / "secret").write_text(secret)
        (daemon.directory / "secret").chmod(0o600)
        return daemon.start()

    def total(self, daemon, count, category=None):
        query = f"?category={category}" if category else ""
        wait_for(lambda: daemon.counts(query)["total"] == count, f"{count} signals {category}")

    def feed(self, daemon):
        return daemon.control("GET", "/v1/feeds/system").json

    def check_zgw(self, headers, secret=b"geheim:2"):
        """As Open Zaak does: 403 for all that is wrong."""
        kind, _, token = headers.get("Authorization", "").partition(" ")
        head, claims, tag = token.split(".")
        good = hmac.new(secret, f"{head}.{claims}".encode(), hashlib.sha256).digest()
        said = json.loads(unpack(claims))
        now = time.time()
        self.assertEqual(json.loads(unpack(head)), {"typ": "JWT", "alg": "HS256"})
        self.assertEqual((said["iss"], said["client_id"]), ("signaald-test", "signaald-test"))
        self.assertTrue(said["user_id"] and said["user_representation"])
        return kind == "Bearer" and hmac.compare_digest(good, unpack(tag)) and now - 3600 < said["iat"] <= now and \
            headers.get("Accept-Crs") == "EPSG:4326"

    def test_zgw_zaken(self):
        """By windows in dates, of which the API leaves out both ends; pages; a zaak that is changed; a deelzaak."""
        page = payload("zgw-zaken.json")
        template = page["results"][0]
        zaken = [{**template, "uuid": f"6c1c9c1e-8a55-4b3a-9b0c-{n:012d}", "identificatie": f"ZAAK-{n:010d}",
                  "registratiedatum": str(datetime.date(2023, 12, 25) + datetime.timedelta(days=n))} for n in range(20)]
        zaken.append({**zaken[3], "uuid": "6c1c9c1e-8a55-4b3a-9b0c-ffffffffffff", "hoofdzaak": "https://zaken.example.nl/3"})
        today = {**zaken[0], "uuid": "6c1c9c1e-8a55-4b3a-9b0c-eeeeeeeeeeee", "registratiedatum": str(datetime.date.today())}
        rights = []

        def answer(query, headers, _number):
            rights.append(self.check_zgw(headers))
            if not rights[-1]:
                return 403, {}, {"code": "permission_denied"}
            self.assertEqual((query["pageSize"], query["expand"]), ("500", "eigenschappen"))
            found = [zaak for zaak in zaken
                     if query["registratiedatum__gt"] < zaak["registratiedatum"] < query["registratiedatum__lt"]]
            number = int(query.get("page", 1))
            following = None if len(found) <= number * 8 else "https://gateway.example.nl/list?" + "&".join(
                [f"{name}={query[name]}" for name in query if name != "page"] + [f"page={number + 1}"])
            return 200, {}, {"count": len(found), "next": following, "results": found[(number - 1) * 8:number * 8]}
        self.endpoint.paths = {"/list": answer}
        daemon = self.daemon("zgw-zaken", "signaald-test:geheim:2")
        self.total(daemon, 20)
        self.assertEqual(daemon.counts("?category=ForcedLabour")["total"], 20)
        wait_for(lambda: (self.feed(daemon)["cursor"] or "") > str(datetime.date.today()), "it came to the end")
        zaken.append(today)  # on the day of the cursor
        self.total(daemon, 21)
        eigenschappen = [{"naam": "uitbuitingsvorm", "waarde": "orgaanhandel"}, {"naam": "geslacht", "waarde": "vrouw"}]
        zaken[-1] = {**today, "laatstGemuteerd": "2025-01-01T00:00:00Z", "_expand": {"eigenschappen": eigenschappen}}
        self.total(daemon, 1, category="OrganRemoval")
        self.assertEqual(daemon.counts()["total"], 21)
        self.assertTrue(all(rights))
        tokens = {headers["Authorization"] for _, _, headers in self.endpoint.seen("/list")}
        self.assertGreater(len(tokens), 1, "made anew")
        daemon.stop()

    def test_zgw_wrong_secret(self):
        self.endpoint.paths = {"/list": lambda _query, headers, _number:
                               (200, {}, payload("zgw-zaken.json")) if self.check_zgw(headers) else (403, {}, {})}
        daemon = self.daemon("zgw-zaken", "signaald-test:anders")
        wait_for(lambda: self.feed(daemon)["failure"] == "HTTP status 403", "it is told")
        self.assertNotIn("anders", daemon.log())
        daemon.stop()

    def test_objects_api(self):
        """All of it each time: a corrected object is a correction; one that is gone is withdrawn where the line says so."""
        page = payload("objects-api.json")

        def answer(query, headers, _number):
            if headers.get("Authorization") != "Token sesame":
                return 401, {}, {"detail": "no"}
            one, other = page["results"]
            if "page" in query:
                return 200, {}, {**page, "next": None, "results": [other]}
            return 200, {}, {**page, "results": [one]}
        self.endpoint.paths = {"/list": answer, "/api/v2/objects": answer}
        daemon = self.daemon("objects-api", "sesame", complete="yes")
        self.total(daemon, 2)
        data = {**page["results"][0]["record"]["data"], "uitbuitingsvorm": "orgaanhandel"}
        page["results"][0] = {**page["results"][0], "record": {**page["results"][0]["record"], "data": data}}
        self.total(daemon, 1, category="OrganRemoval")
        self.assertEqual(daemon.counts()["total"], 2)
        daemon.stop()

    def test_kobotoolbox(self):
        """It is asked for what is behind the last one, in JSON, and comes in pages."""
        last = payload("kobotoolbox.json")["results"]
        made = [{**last[0], "_id": n, "_uuid": f"u-{n}"} for n in range(1, 24)]

        def answer(query, headers, _number):
            if headers.get("Authorization") != "Token sesame":
                return 401, {}, {"detail": "no"}
            self.assertEqual((query["format"], query["sort"]), ("json", '{"_id":1}'))
            after = json.loads(query["query"])["_id"]["$gt"] if "query" in query else 0
            start = int(query.get("start", 0))
            found = [item for item in made if item["_id"] > after]
            following = None if len(found) <= start + 5 else f"http://kf.internal/list?format=json&sort=%7B%22_id%22%3A1%7D&start={start + 5}"
            return 200, {}, {"count": len(found), "next": following, "results": found[start:start + 5]}
        self.endpoint.paths = {"/list": answer}
        daemon = self.daemon("kobotoolbox", "sesame")
        self.total(daemon, 23)
        made += [{**last[1], "_id": 24}, {**last[2], "_id": 25}]
        self.total(daemon, 24)
        wait_for(lambda: self.feed(daemon)["cursor"] == "25", "what is left out moves the cursor too")
        daemon.stop()

    def test_odk_central(self):
        """Newest first, a watermark that is null until an edit, and an expression of it."""
        items = payload("odk-central.json")["value"]

        def answer(query, headers, _number):
            if headers.get("Authorization") != "Basic " + base64.b64encode(b"a@b.example.nl:sesame").decode():
                return 401, {}, {"message": "no"}
            found = items
            if "$filter" in query:
                mark = re.fullmatch(r"__system/submissionDate gt (\S+) or __system/updatedAt gt (\S+)", query["$filter"])
                self.assertEqual(mark[1], mark[2])
                found = [item for item in items if max(item["__system"]["submissionDate"],
                                                       item["__system"]["updatedAt"] or "") > mark[1]]
            return 200, {}, {"@odata.count": len(found), "value": found}
        self.endpoint.paths = {"/list": answer}
        daemon = self.daemon("odk-central", "a@b.example.nl:sesame")
        self.total(daemon, 2)
        wait_for(lambda: self.feed(daemon)["cursor"] == "2024-06-01T12:00:00.500Z", "the cursor moves")
        changed = {**items[0]["__system"], "updatedAt": "2024-07-01T00:00:00.000Z", "reviewState": "rejected"}
        items[0] = {**items[0], "__system": changed}
        self.total(daemon, 1)
        daemon.stop()

    def test_no_secret_is_kept(self):
        """Neither what is sent as a header nor what a token is made of, whatever goes wrong."""
        page = payload("zgw-zaken.json")
        page["results"][0]["omschrijving"] = "Anna de Vries"
        answers = [(403, {}, {"detail": "Anna de Vries"}), (200, {"X-Who": "Anna de Vries"}, page)]
        self.endpoint.paths = {"/list": lambda _query, _headers, number: answers[min(number - 1, 1)]}
        daemon = self.daemon("zgw-zaken", "signaald-test:geheim:2", fsc_grant="$1$3$abc", headers_file="secret")
        self.total(daemon, 2)
        told = json.dumps([self.feed(daemon), daemon.status(), daemon.events()])
        daemon.stop()
        kept = told.encode() + daemon.log().encode()
        kept += b"".join(path.read_bytes() for path in daemon.state.rglob("*") if path.is_file())
        token = self.endpoint.seen("/list")[0][2]["Authorization"].split()[1]
        for part in (b"geheim", b"$1$3$abc", b"Anna", *(part.encode() for part in token.split("."))):
            self.assertNotIn(part, kept)

    def test_behind_fsc(self):
        """ZGW by an outway: the API's own token goes along with what FSC wants."""
        def answer(_query, headers, _number):
            good = headers.get("Fsc-Grant-Hash") == "$1$3$abc" and headers.get("Fsc-Transaction-Id") and self.check_zgw(headers)
            return (200, {}, payload("zgw-zaken.json")) if good else (540, {}, {})
        self.endpoint.paths = {"/list": answer}
        daemon = self.daemon("zgw-zaken", "signaald-test:geheim:2", fsc_grant="$1$3$abc")
        self.total(daemon, 2)
        daemon.stop()


class Forms(unittest.TestCase):
    """What is posted is read by the template of its line."""

    def daemon(self, *templates):
        daemon = Daemon([{"name": template, "kind": "municipality", "municipality": "GM0363", "push": True,
                          "template": template} for template in templates])
        self.addCleanup(daemon.close)
        return daemon.start()

    @staticmethod
    def post(daemon, template, body, media="application/json", path="/v1/signals"):
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        return daemon.request("POST", path, text, {"Authorization": f"Bearer {token_of(template)}", "Content-Type": media})

    def test_each_form(self):
        forms = {"open-formulieren": "open-formulieren.json", "kobotoolbox": "kobotoolbox-post.json", "web-form": "web-form.json"}
        daemon = self.daemon(*forms)
        for template, file in forms.items():
            answer = self.post(daemon, template, payload(file))
            self.assertEqual((answer.status, answer.json["verdict"]), (201, "registered"), answer.json)
            self.assertEqual(self.post(daemon, template, payload(file)).json["verdict"], "duplicate")
        self.assertEqual(daemon.counts()["total"], 3)
        self.assertEqual(daemon.counts("?category=ForcedBegging")["total"], 2)
        values = [event["data"] for event in daemon.events()]
        self.assertEqual([value["reported"] for value in values], ["2024-05-02", "2024-05-02", "2024-05-01"])
        daemon.stop()

    def test_a_form_with_a_large_file(self):
        """Larger than an item may be, since the form is all there is."""
        daemon = self.daemon("open-formulieren")
        form = payload("open-formulieren.json")
        form["values"]["bestand"]["content"] = "A" * 4_000_000
        self.assertEqual(self.post(daemon, "open-formulieren", form).status, 201)
        daemon.stop()

    def test_what_is_wrong_is_told_in_words_of_the_form(self):
        daemon = self.daemon("web-form", "kobotoolbox")
        form = payload("web-form.json")
        for change, status, told in (({"kenmerk": None}, 400, "member /id"), ({"datum": "31-02-2024"}, 400, "reported"),
                                     ({"leeftijd": "ca. 30"}, 201, None)):
            with self.subTest(change=change):
                answer = self.post(daemon, "web-form", {**form, **change})
                self.assertEqual(answer.status, status, answer.json)
                if told:
                    self.assertIn(told, json.dumps(answer.json))
        for body, media, status in ((b"{", "application/json", 400), (b"[]", "application/json", 200), (b"7", "application/json", 400),
                                    (b"{}", "application/json", 400), (b"a=b", "application/x-www-form-urlencoded", 415),
                                    (b"{}", "application/x-ndjson", 415), (b"id,reported\n", "text/csv", 415)):
            with self.subTest(body=body, media=media):
                answer = self.post(daemon, "web-form", body, media)
                self.assertEqual(answer.status, status, answer.json)
                if status == 415:
                    self.assertEqual(answer.headers["Accept-Post"], "application/json")
        self.assertEqual(daemon.counts()["total"], 1)
        daemon.stop()

    def test_several_in_one_body(self):
        """As a list, or as a page that a poll would bring; dry as well."""
        daemon = self.daemon("kobotoolbox")
        page = payload("kobotoolbox.json")
        dry = self.post(daemon, "kobotoolbox", page, path="/v1/signals?dryRun=true")
        self.assertEqual([result["verdict"] for result in dry.json["results"]], ["registered", "registered"])
        self.assertEqual(daemon.counts()["total"], 0)
        answer = self.post(daemon, "kobotoolbox", page["results"][:1])
        self.assertEqual([result["verdict"] for result in answer.json["results"]], ["registered"])
        answer = self.post(daemon, "kobotoolbox", page)
        self.assertEqual([result["verdict"] for result in answer.json["results"]], ["duplicate", "registered"])
        daemon.stop()


if __name__ == "__main__":
    unittest.main()
