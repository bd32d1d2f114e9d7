# SPDX-License-Identifier: EUPL-1.2
"""Who sends: each way to bring a token, and how often a source may."""
import base64
import gzip
import hashlib
import hmac
import json
import pathlib
import shutil
import subprocess
import tempfile
import time
import unittest

from faults import ENVIRONMENT, Inject, can_trace
from harness import BUILD, SIGNAL, Case, Daemon, Fresh, token_of, wait_for

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
        self.assertEqual(self.daemon.log().count(f"[S026] a source sends more than it may, it gets 429 source={SLOW} per_minute=3"), 1)
        self.assertEqual(self.daemon.status()["intake"]["received"], 0)
        self.daemon.stop()


SECRETS = ("the-old-secret-of-the-signing-source-1", "the-new-secret-of-the-signing-source-2")


def code_of(secret, when, body):
    return "sha256=" + hmac.new(secret.encode(), str(when).encode() + b"." + body, hashlib.sha256).hexdigest()


class Signed(Fresh):
    SIGNS = "politie-eenheid"

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="signaald-signed-"))
        self.addCleanup(shutil.rmtree, self.folder)
        secret = self.folder / "secret"
        secret.write_text("\n".join(SECRETS) + "\n")
        secret.chmod(0o600)
        self.daemon = Daemon([*Case.SOURCES, {"name": self.SIGNS, "kind": "police", "push": True, "signing_file": str(secret)}])
        self.number = 0

    def body(self, **more):
        self.number += 1
        return json.dumps({"id": f"2017-{self.number:06}", **SIGNAL, **more}).encode()

    def send(self, body=None, when=None, secret=SECRETS[0], path="/v1/signals", method="POST", **more):
        body = self.body() if body is None else body
        when = int(time.time()) if when is None else when
        heads = {"X-Signaal-Source": self.SIGNS, "X-Signaal-Timestamp": str(when), "X-Signaal-Signature": code_of(secret, when, body),
                 "Content-Type": "application/json", **{key.replace("_", "-"): value for key, value in more.items()}}
        return self.daemon.request(method, path, body, {key: value for key, value in heads.items() if value is not None})

    def test_signed(self):
        self.daemon.start()
        now = int(time.time())
        for secret in SECRETS:
            for when in (now, now - 280, now + 280):
                self.assertEqual(self.send(when=when, secret=secret).status, 201)
        lines = b"\n".join(self.body() for _ in range(3))
        self.assertEqual(self.send(lines, Content_Type="application/x-ndjson").status, 200)
        packed = gzip.compress(self.body())
        self.assertEqual(self.send(packed, Content_Encoding="gzip").status, 201)  # what is sent is signed
        upper = self.body()
        self.assertEqual(self.send(upper, X_Signaal_Signature=code_of(SECRETS[0], now, upper).upper(), when=now).status, 201)
        self.daemon.stop()

    def test_refused(self):
        self.daemon.start()
        now, body = int(time.time()), self.body()
        good = code_of(SECRETS[0], now, body)
        event = {"ce_id": "x", "ce_source": "urn:x", "ce_type": "y", "ce_specversion": "1.0"}
        for more in [{"when": now - 310}, {"when": now + 310}, {"secret": "another-secret-of-the-signing-source"}, {"body": body + b" ", "X_Signaal_Signature": good},
                     {"X_Signaal_Signature": good[7:]}, {"X_Signaal_Signature": "sha256="}, {"X_Signaal_Signature": "sha1=" + good[7:]},
                     {"X_Signaal_Signature": good[:-1]}, {"X_Signaal_Signature": good + "0"}, {"X_Signaal_Signature": code_of("", now, body)},
                     {"X_Signaal_Signature": "sha256=" + "0" * 64}, {"X_Signaal_Timestamp": None}, {"X_Signaal_Timestamp": f"{now}.0"},
                     {"X_Signaal_Timestamp": f"0{now}"}, {"X_Signaal_Timestamp": "9" * 30}, {"X_Signaal_Timestamp": f"-{now}"},
                     {"X_Signaal_Source": None}, {"X_Signaal_Source": COA}, {"X_Signaal_Source": "nobody"},
                     {"path": "/v1/signals?dryRun=true"}, {"path": "/v1/signals?"}, {"path": "/v1/signals/1", "method": "DELETE"},
                     {"path": "/v1/signals/1", "method": "GET"}, event, {"Authorization": "Bearer x"}]:
            answer = self.send(**{"body": body, "when": now, **more})
            self.assert_problem(answer, 401)
        self.assertEqual(self.daemon.status()["intake"]["received"], 0)
        self.assertEqual(self.send(body, now).status, 201)  # nothing of that has spent it
        self.daemon.stop()

    def test_each_once(self):
        """A replay would undo what came after it."""
        self.daemon.start()
        old, new = self.body(), None
        new = old.replace(b"30", b"31")
        when = int(time.time())
        self.assertEqual(self.send(old, when).json["verdict"], "registered")
        self.assertEqual(self.send(new, when).json["verdict"], "corrected")
        for body in (old, new):
            answer = self.send(body, when)
            self.assert_problem(answer, 401)
            self.assertIn("already", answer.json["detail"])
        self.assertEqual(self.send(new, when, SECRETS[1]).json["verdict"], "duplicate")  # signed anew
        self.assertEqual(self.daemon.status()["ledger"]["signals"], 1)
        self.daemon.stop()

    def test_each_once_over_a_kill(self):
        self.daemon.start()
        when = int(time.time()) + 60  # a clock that is ahead
        bodies = [self.body() for _ in range(3)]
        for body in bodies:
            self.assertEqual(self.send(body, when).status, 201)
        self.assertEqual(self.send(bodies[0].replace(b"30", b"31"), when).json["verdict"], "corrected")
        self.daemon.kill()
        self.daemon.start()
        for body in bodies:
            answer = self.send(body, when)
            self.assert_problem(answer, 503)
            self.assertIn("sign it anew", answer.json["detail"])
            self.assert_problem(self.send(body, when - 1), 503)
        self.assertEqual(self.send(bodies[1], when + 1).json["verdict"], "duplicate")
        path = f"/v1/signals/{json.loads(bodies[0])['id']}"
        state = self.daemon.request("GET", path, headers={"Authorization": f"Bearer {token_of(self.SIGNS)}"})
        self.assertEqual(state.json["version"], 2)
        self.daemon.stop()

    @unittest.skipUnless(can_trace(), "strace(1) cannot be used here")
    def test_what_was_not_kept_may_come_again(self):
        """The answer 503 says that nothing was accepted: the same request is taken once the disk works."""
        self.daemon.start(env=ENVIRONMENT)
        body, when = self.body(), int(time.time())
        with Inject(self.daemon.process, "fdatasync:error=EIO"):
            self.assert_problem(self.send(body, when), 503)
        wait_for(lambda: self.send(body, when).status == 201, "it is taken")
        self.daemon.stop()

    def test_faults_of_the_file(self):
        for text, mode, told in (("short", 0o600, "32 bytes"), ("\n".join(["s" * 32] * 3), 0o600, "32 bytes"), ("s" * 32, 0o644, "chmod")):
            (self.folder / "secret").write_text(text)
            (self.folder / "secret").chmod(mode)
            done = subprocess.run([BUILD / "signaald", "-c", self.daemon.config_path, "--check-config"], capture_output=True, text=True)
            self.assertEqual(done.returncode, 2)
            self.assertIn(told, done.stderr + done.stdout)


if __name__ == "__main__":
    unittest.main()
