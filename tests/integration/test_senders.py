# SPDX-License-Identifier: EUPL-1.2
"""Who sends: each way to bring a token, and how often a source may."""
import base64
import hashlib
import json
import unittest

from harness import SIGNAL, Case, Fresh, token_of

COA, GM, TURNING, SLOW = "coa", "gm0363-amsterdam", "ngo-turning", "politie"
OLD, NEW = "the-old-token-0123456789", "the-new-token-0123456789"


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


class Senders(Case):
    SOURCES = [*Case.SOURCES,
               {"name": TURNING, "kind": "ngo", "tokens": " ".join(hashlib.sha256(t.encode()).hexdigest() for t in (OLD, NEW))}]
    number = 0

    def send(self, authorization):
        Senders.number += 1
        heads = {"Content-Type": "application/json", **({"Authorization": authorization} if authorization is not None else {})}
        return self.daemon.request("POST", "/v1/signals", json.dumps({"id": f"2017-{self.number:06}", **SIGNAL}), heads)

    def test_each_way_of_a_token(self):
        token = token_of(COA)
        ways = [f"Bearer {token}", f"bearer  {token} ", f"Token {token}", f"TOKEN {token}", basic("", token), basic(COA, token),
                basic("any body", token), basic("é", token).replace("Basic", "bAsIc")]
        for way in ways:
            answer = self.send(way)
            self.assertEqual(answer.status, 201, way)
            path = answer.headers["Location"]
            self.assertEqual(self.daemon.request("GET", path, headers={"Authorization": way}).status, 200)
            self.assertEqual(self.daemon.request("GET", path, headers={"Authorization": basic(COA, token_of(GM))}).status, 403)

    def test_no_way_in(self):
        token = token_of(COA)
        before = self.daemon.status()["intake"]["received"]
        for way in [None, "", token, "Bearer", "Bearer ", "Token", "Basic", "Basic !!!", f"Basic {token}", f"Digest {token}", f"Bearer{token}",
                    f"Token token={token}", basic(token, ""), basic(token, "x"), basic(token, token + "x"), basic("", ""),
                    "Basic " + base64.b64encode(token.encode()).decode(), f"Bearer {basic('', token)[6:]}", f"Tokens {token}",
                    "Basic " + base64.b64encode(b":" + token.encode()).decode().rstrip("=") + "*", f"Bearer {token} {token}",
                    "Basic " + base64.b64encode(b"x:" + b"y" * 9000).decode(), f"Bearer {token.upper()}"]:
            answer = self.send(way)
            self.assert_problem(answer, 401)
            self.assertEqual(answer.headers["WWW-Authenticate"], "Bearer")
        self.assertEqual(self.daemon.status()["intake"]["received"], before)

    def test_two_at_once(self):
        for token in (OLD, NEW):
            self.assertEqual(self.send(f"Bearer {token}").status, 201)
            self.assertEqual(self.send(basic("x", token)).status, 201)


class Often(Fresh):
    SOURCES = [*Case.SOURCES, {"name": SLOW, "kind": "police", "push": True, "requests_per_minute": "3"}]
    EXTRA = {"intake": ["requests_per_minute: 5"]}

    def ask(self, source):
        return self.daemon.request("GET", "/v1/signals/none", headers={"Authorization": f"Bearer {token_of(source)}"})

    def test_how_often(self):
        self.daemon.start()
        for source, allowed in ((SLOW, 3), (COA, 5)):
            self.assertEqual([self.ask(source).status for _ in range(allowed)], [404] * allowed)
            answer = self.daemon.post(source, {"id": "2017-1", **SIGNAL})
            self.assert_problem(answer, 429)
            self.assertIn("a minute", answer.json["detail"])
            self.assertTrue(1 <= int(answer.headers["Retry-After"]) <= 20, answer.headers["Retry-After"])
        self.assertEqual(self.ask(GM).status, 404)  # another has its own
        self.assertEqual(self.daemon.control("POST", "/v1/reload").status, 200)
        self.assertEqual(self.ask(SLOW).status, 429)  # a reload gives nobody more
        self.assertEqual(self.daemon.request("GET", "/v1/health").status, 200)
        self.assertEqual(self.daemon.log().count(f"source={SLOW} per_minute=3"), 1)
        self.assertEqual(self.daemon.status()["intake"]["received"], 0)
        self.daemon.stop()


if __name__ == "__main__":
    unittest.main()
