# SPDX-License-Identifier: EUPL-1.2
"""CloudEvents at the door: the JSON format in structured mode and in batches, the HTTP binding's binary mode, and the handshake of
webhooks. Every case is sent on a socket of its own making, and SDKs that nobody here wrote deliver in each mode."""
import base64
import contextlib
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

import contract
import outside
from harness import SIGNAL, Answer, Case, Daemon, make_certificate, token_of

COA, GM, NAMED = "coa", "gm0363-amsterdam", "politie"
ONE, MANY = "application/cloudevents+json", "application/cloudevents-batch+json"
SOURCE = "urn:nld:oin:00000099000000002000:systeem:zaken"


def event(number, **more):
    """A member that is None here is left out; NULL stands for null."""
    whole = {"specversion": "1.0", "id": number, "source": SOURCE, "type": "nl.signaal", "data": SIGNAL, **more}
    return {key: None if value is NULL else value for key, value in whole.items() if value is not None}


NULL = object()


def headers(number, **more):
    whole = {"ce-specversion": "1.0", "ce-id": number, "ce-source": SOURCE, "ce-type": "nl.signaal",
             **{key.replace("_", "-"): value for key, value in more.items()}}
    return {key: value for key, value in whole.items() if value is not None}


class Events(Case):
    SOURCES = [*Case.SOURCES, {"name": NAMED, "kind": "police", "push": True, "event_source": SOURCE}]
    number = 0

    def new(self):
        Events.number += 1
        return f"2017-{self.number:06}"

    def faults(self, answer, status=400):
        self.assert_problem(answer, status)
        return [(e["pointer"], e["code"]) for e in answer.json["errors"]]

    def one(self, whole, source=COA, kind=ONE):
        return self.daemon.post(source, whole, kind)

    def binary(self, heads, body=SIGNAL, kind="application/json", source=COA):
        return self.daemon.post(source, body, kind, **heads)

    def test_the_life_of_a_signal(self):
        for send in (lambda n, data: self.one(event(n, data=data)), lambda n, data: self.binary(headers(n), data)):
            n = self.new()
            first = send(n, SIGNAL)
            self.assertEqual((first.status, first.json["verdict"], first.json["id"]), (201, "registered", n))
            again = send(n, SIGNAL)
            self.assertEqual((again.status, again.json["verdict"], again.json["signal"]), (200, "duplicate", first.json["signal"]))
            self.assertEqual(send(n, {**SIGNAL, "status": "confirmed"}).json["verdict"], "corrected")
            self.assertEqual(send(n, {"withdrawn": True}).json["verdict"], "withdrawn")
            path = first.headers["Location"]
            state = self.daemon.request("GET", path, headers={"Authorization": f"Bearer {token_of(COA)}"})
            self.assertEqual((state.json["version"], state.json["id"]), (3, n))

    def test_modes_are_one(self):
        n = self.new()
        results = [self.one(event(n)).json, self.binary(headers(n)).json, self.one([event(n)], kind=MANY).json["results"][0]]
        self.assertEqual([r["verdict"] for r in results], ["registered", "duplicate", "duplicate"])
        self.assertEqual(len({r["signal"] for r in results}), 1)

    def test_whose_an_id_is(self):
        """It is of the source whose token it is, and within it of the event's source."""
        n = self.new()
        answers = [self.one(event(n)), self.one(event(n), GM), self.one(event(n, source="urn:other")),
                   self.daemon.post(COA, {"id": n, **SIGNAL}), self.daemon.post(GM, {"id": n, **SIGNAL})]
        self.assertEqual([a.json["verdict"] for a in answers], ["registered"] * 5)
        self.assertEqual(len({a.json["signal"] for a in answers}), 5)
        self.assertEqual([a.json["id"] for a in answers], [n] * 5)
        # "SOURCE ID" is how its own sender asks for it, and no other
        path = f"/v1/signals/urn:other%20{n}"
        state = self.daemon.request("GET", path, headers={"Authorization": f"Bearer {token_of(COA)}"})
        self.assertEqual(state.json["signal"], answers[2].json["signal"])
        self.assertEqual(self.daemon.request("GET", path, headers={"Authorization": f"Bearer {token_of(GM)}"}).status, 404)
        self.assertEqual(self.daemon.request("DELETE", path, headers={"Authorization": f"Bearer {token_of(COA)}"}).json["verdict"],
                         "withdrawn")

    def test_a_source_that_the_operator_has_written(self):
        n = self.new()
        self.assertEqual(self.one(event(n), NAMED).status, 201)
        self.assertEqual(self.daemon.post(NAMED, {"id": n, **SIGNAL}).json["verdict"], "duplicate")
        self.assertEqual(self.faults(self.one(event(n, source="urn:other"), NAMED)), [("/source", "notYours")])
        self.assertEqual(self.faults(self.binary(headers(n, ce_source="urn:other"), source=NAMED)), [("/source", "notYours")])

    def test_the_id_is_the_events(self):
        n = self.new()
        answer = self.one(event(n, data={"id": n, **SIGNAL}))
        self.assertEqual((answer.status, answer.json["dropped"]), (201, 0))
        answer = self.one(event(n, data={"id": "another", **SIGNAL}))
        self.assertEqual((answer.json["verdict"], answer.json["dropped"]), ("duplicate", 1))

    def test_batches(self):
        numbers = [self.new() for _ in range(3)]
        for kind in (MANY, "Application/CloudEvents-Batch+JSON; charset=utf-8", f"{MANY};x=y"):
            answer = self.one([event(n) for n in numbers], kind=kind)
            self.assertEqual(len(answer.json["results"]), 3)
        self.assertEqual(self.one([], kind=MANY).json["results"], [])
        mixed = self.one([event(self.new()), event(self.new(), specversion="0.3"), 7, event(self.new(), data="x")], kind=MANY)
        self.assertEqual([r["verdict"] for r in mixed.json["results"]], ["registered", "refused", "refused", "refused"])
        clash = self.one([event("a-1"), event("a-1", data={**SIGNAL, "status": "confirmed"}), event("a-1", source="urn:b")], kind=MANY)
        self.assertEqual([r["verdict"] for r in clash.json["results"]], ["refused", "refused", "registered"])
        self.assertEqual(self.faults(self.one(event(self.new()), kind=MANY)), [("", "type")])
        self.assertEqual(self.faults(self.one([event(self.new())], kind=ONE)), [("", "type")])

    def test_what_is_required(self):
        for name in ("specversion", "id", "source", "type"):
            for value in (None, NULL, ""):
                self.assertEqual(self.faults(self.one(event(self.new(), **{name: value}))), [(f"/{name}", "required")], (name, value))
            self.assertEqual(self.faults(self.binary(headers(self.new(), **{f"ce_{name}": None}))), [(f"/{name}", "required")])
            self.assertEqual(self.faults(self.one(event(self.new(), **{name: 7}))), [(f"/{name}", "type")])
        for version in ("0.3", "1.1", "1", "1.0.2", " 1.0"):
            self.assertEqual(self.faults(self.one(event(self.new(), specversion=version))), [("/specversion", "unknownWord")], version)
        self.assertEqual(self.faults(self.binary({"ce-id": "x"})),
                         [("/specversion", "required"), ("/source", "required"), ("/type", "required")])
        for source in ("not a uri", "urn:é", "<x>", "a\\b", "{x}"):
            self.assertEqual(self.faults(self.one(event(self.new(), source=source))), [("/source", "badCharacter")], source)
        self.assertEqual(self.faults(self.one(event(self.new(), source="u" * 257))), [("/source", "tooLong")])
        self.assertEqual(self.faults(self.one(event("x" * 129))), [("/id", "tooLong")])
        twice = json.dumps(event("a-2"))[:-1] + ', "id": "a-3"}'
        self.assertEqual(self.faults(self.one(twice)), [("/id", "repeated")])

    def test_null_is_absent(self):
        n = self.new()
        answer = self.one(event(n, subject=NULL, time=NULL, dataschema=NULL, datacontenttype=NULL, data_base64=NULL))
        self.assertEqual((answer.status, answer.json["dropped"]), (201, 0))
        packed = base64.b64encode(json.dumps(SIGNAL).encode()).decode()
        answer = self.one(event(n, data=NULL, data_base64=packed))
        self.assertEqual(answer.json["verdict"], "duplicate")

    def test_extensions_are_dropped_and_counted(self):
        answer = self.one(event(self.new(), subject="s", time="2017-03-05T10:00:00Z", dataschema="https://x.example/s", partitionkey="p",
                                comexampleother=7, remark={"x": [1]}))
        self.assertEqual((answer.status, answer.json["dropped"]), (201, 3))
        answer = self.binary(headers(self.new(), ce_subject="s", ce_time="2017-03-05T10:00:00Z", ce_partitionkey="p", ce_traceparent="t"))
        self.assertEqual((answer.status, answer.json["dropped"]), (201, 2))

    def test_data(self):
        text = json.dumps({"id": "x", **SIGNAL})
        encode = lambda b: base64.b64encode(b).decode()  # noqa: E731
        for more, fault in [({"data": text}, ("/data", "type")), ({"data": [SIGNAL]}, ("/data", "type")), ({"data": 7}, ("/data", "type")),
                            ({"data": None}, ("/data", "required")), ({"data": NULL}, ("/data", "required")),
                            ({"datacontenttype": "text/csv"}, ("/datacontenttype", "form")),
                            ({"datacontenttype": "text/plain", "data": text}, ("/datacontenttype", "form")),
                            ({"datacontenttype": ""}, ("/datacontenttype", "form")),
                            ({"data_base64": encode(text.encode())}, ("/data", "repeated")),
                            ({"data": None, "data_base64": "!!!"}, ("/data_base64", "syntax")),
                            ({"data": None, "data_base64": encode(text.encode()).rstrip("=") + "===="}, ("/data_base64", "syntax")),
                            ({"data": None, "data_base64": encode(text.encode() + b"x")}, ("/data_base64", "syntax")),
                            ({"data": None, "data_base64": encode(json.dumps(text).encode())}, ("/data", "type")),
                            ({"data": None, "data_base64": 7}, ("/data_base64", "type")),
                            ({"data": {**SIGNAL, "reported": "soon"}}, ("/data/reported", "badDate")),
                            ({"data": {**SIGNAL, "person": {"bsn": "1"}}}, ("/data/person/bsn", "notAccepted"))]:
            self.assertEqual(self.faults(self.one(event(self.new(), **more))), [fault], more)
        for kind in ("application/json", "application/vnd.signal+json; charset=utf-8", "text/json"):
            self.assertEqual(self.one(event(self.new(), datacontenttype=kind)).status, 201, kind)
            self.assertEqual(self.binary(headers(self.new()), kind=kind).status, 201, kind)
        self.assertEqual(self.one(event(self.new(), data=None, data_base64=encode(b"\xef\xbb\xbf \n" + text.encode() + b"\n"))).status, 201)

    def test_headers_are_unquoted_and_decoded_once(self):
        for value, means in [("2017%2D7", "2017-7"), ('"2017-7"', "2017-7"), ('"2017%2d7"', "2017-7"), ('2017"-"7', "2017-7"),
                             (r'"\2017-7"', "2017-7"), ("2017%252D7", "2017%2D7"), (r'"x\"y"', 'x"y'), ("%C3%A9t%C3%A9", "été"),
                             ("x\\y", "x\\y"), ("%E2%82%AC-1", "€-1"), ("%F0%9F%98%80", "😀"), ("Euro%20%E2%82%AC", "Euro €")]:
            source = f"urn:case:{self.new()}"
            plain = self.one(event(means, source=source))
            self.assertEqual(plain.status, 201, means)
            answer = self.binary(headers(value, ce_source=source))
            self.assertEqual((answer.status, answer.json["signal"]), (200, plain.json["signal"]), value)

    def test_headers_that_are_no_text(self):
        for value in ("%C0%AF", "%C0%A0", "%FF", "%ED%A0%80", "%E2%82", "%", "%4", "%zz", "%00", "%0A", "%7F", "%F8%88%80%80%80",
                      "%f4%90%80%80", '"open', '"x\\', "é".encode("latin-1").decode("latin-1")):
            for name in ("id", "source", "type", "subject", "specversion", "time"):
                answer = self.binary(headers(self.new(), **{f"ce_{name}": value}))
                self.assertEqual(self.faults(answer), [(f"/{name}", "badCharacter")], (name, value))
            self.assertEqual(self.faults(self.binary(headers(self.new(), ce_other=value))), [("", "badCharacter")], value)

    def test_headers_that_are_no_attributes(self):
        for name in ("datacontenttype", "data", "data_base64"):
            heads = {**headers(self.new()), f"ce-{name}": "application/json"}
            self.assertEqual(self.faults(self.binary(heads)), [(f"/{name}", "notAHeader")])
        data = (f"POST /v1/signals HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token_of(COA)}\r\nContent-Type: application/json\r\n"
                "CE-SpecVersion: 1.0\r\nCe-Type: x\r\nce-source: urn:x\r\nce-id: a-1\r\nCE-ID: a-2\r\nContent-Length: 2\r\n\r\n{}")
        self.assertEqual(self.faults(self.daemon.raw(data.encode())[0]), [("/id", "repeated")])

    def test_modes_by_their_type(self):
        n = self.new()
        self.assertEqual(self.binary(headers("other", ce_source="not a uri"), event(n), ONE).json["id"], n)  # structured: none is read
        for heads, kind in [(headers(n), "application/x-ndjson"), (headers(n), "text/plain"), (headers(n), ""),
                            ({}, "application/cloudevents"), ({}, "application/cloudevents+xml"), ({}, "application/cloudevents-batch"),
                            ({}, "application/cloudevents+jsonx"), ({}, "application/cloudevents-batch+json2"),
                            ({}, "application/x-cloudevents+json")]:
            answer = self.binary(heads, event(n), kind)
            self.assert_problem(answer, 415)
            self.assertIn(ONE, answer.headers["Accept-Post"])
            self.assertIn(MANY, answer.headers["Accept-Post"])
        self.assertEqual(self.faults(self.daemon.post(COA, event(n))), [("/specversion", "form")])
        self.assertEqual(self.faults(self.binary(headers(n), [SIGNAL])), [("", "type")])
        self.assertEqual(self.faults(self.binary(headers(n), json.dumps(json.dumps(SIGNAL)))), [("", "type")])
        self.assertEqual(self.faults(self.binary(headers(n), b"")), [("", "syntax")])
        self.assertEqual(self.faults(self.binary(headers(n), {**SIGNAL, "reported": "soon"})), [("/reported", "badDate")])

    def test_encodings_and_limits(self):
        text = json.dumps(event(self.new(), data={**SIGNAL, "municipality": "Súdwest-Fryslân"}), ensure_ascii=False)
        for body in (text.encode("utf-8-sig"), text.encode("utf-16"), text.encode("latin-1")):
            self.assertIn(self.daemon.post(COA, body, ONE).status, (200, 201))
        self.assertEqual(self.faults(self.one(event(self.new(), remark="x" * 70000))), [("", "tooLong")])
        self.assertEqual(self.faults(self.one(json.dumps(event("a-9"))[:-9])), [("", "syntax")])
        self.assert_problem(self.daemon.post("nobody", event("a-9"), ONE), 401)

    def test_examples_of_the_document(self):
        content = contract.find(contract.PUBLIC, "/paths/~1signals/post/requestBody/content")
        for kind in (ONE, MANY):
            for example in content[kind]["examples"].values():
                self.assertIn(self.one(example["value"], kind=kind).status, (200, 201))

    def test_dry_run(self):
        n = self.new()
        before = self.daemon.status()["intake"]["received"]
        for heads, kind, body in (({}, ONE, event(n, note="x")), ({}, MANY, [event(n, note="x")]), (headers(n), "application/json", SIGNAL)):
            answer = self.daemon.request("POST", "/v1/signals?dryRun=true", json.dumps(body),
                                         {"Authorization": f"Bearer {token_of(COA)}", "Content-Type": kind, **heads})
            self.assertEqual(answer.status, 200)
            self.assertIn("category", json.dumps(answer.json["preview"]["fields"]))
        self.assertEqual(self.daemon.status()["intake"]["received"], before)
        self.assertEqual(self.one(event(n)).status, 201)

    def test_handshake(self):
        def ask(**heads):
            with contextlib.closing(self.daemon.connection()) as connection:
                connection.request("OPTIONS", "/v1/signals", headers={k.replace("_", "-"): v for k, v in heads.items()})
                return Answer(connection.getresponse())
        answer = ask(WebHook_Request_Origin="eventemitter.example.com", WebHook_Request_Rate="120",
                     WebHook_Request_Callback="https://eventemitter.example.com/allow?x=1")
        self.assertEqual((answer.status, answer.body), (200, b""))
        self.assertEqual(answer.headers["WebHook-Allowed-Origin"], "*")
        self.assertEqual(answer.headers["WebHook-Allowed-Rate"], "*")
        plain = ask()
        self.assert_problem(plain, 405)
        self.assertEqual((plain.headers["Allow"], plain.headers["WebHook-Allowed-Origin"]), ("POST", None))
        self.assertEqual(self.daemon.request("OPTIONS", "/v1/health").status, 405)


class Sdks(unittest.TestCase):
    """What others made delivers in each mode, over TLS."""

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="signaald-sdk-")))
        key, cls.certificate = make_certificate(cls.folder, "server")
        cls.daemon = Daemon([{"name": COA, "kind": "coa", "push": True}],
                            {"intake": [f"tls_certificate: {cls.certificate}", f"tls_key: {key}"]})
        cls.addClassCleanup(cls.daemon.close)
        cls.daemon.start()

    def check(self, number, *program, **env):
        done = subprocess.run([*program, f"https://127.0.0.1:{self.daemon.port}/v1/signals", token_of(COA), SOURCE, number],
                              capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL,
                              env={**os.environ, "CERTIFICATE": str(self.certificate), **{key: str(value) for key, value in env.items()}})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout), [201, 200, 200])
        state = self.daemon.control("GET", f"/v1/signals/{COA}/{SOURCE.replace(':', '%3A')}%20{number}").json
        self.assertEqual([version["version"] for version in state["versions"]], [1])

    def test_python(self):
        self.check("2017-1", "/usr/bin/python3", "-c", PYTHON, PYTHONPATH=outside.python_packages())

    def test_javascript(self):
        self.check("2017-2", "node", "-e", JAVASCRIPT, NODE_PATH=outside.node_modules(), NODE_EXTRA_CA_CERTS=self.certificate)

    def test_java(self):
        program = self.folder / "Deliver.java"
        program.write_text(JAVA)
        self.check("2017-3", "java", "-cp", str(outside.java_jars("cloudevents.xml")), str(program))


# Each delivers one event in binary mode, again in structured mode, and again in a batch, and tells the three statuses.
PYTHON = """
import json, os, ssl, sys, urllib.request
from cloudevents.http import CloudEvent, to_binary, to_structured
url, token, source, number = sys.argv[1:]
data = {"reported": "2017-03-05", "municipality": "Súdwest-Fryslân", "category": "gedwongen prostitutie"}
event = CloudEvent({"type": "nl.signaal", "source": source, "id": number, "datacontenttype": "application/json"}, data)

def send(headers, body):
    body = body if isinstance(body, bytes) else body.encode()
    request = urllib.request.Request(url, body, {**headers, "Authorization": "Bearer " + token})
    with urllib.request.urlopen(request, context=ssl.create_default_context(cafile=os.environ["CERTIFICATE"])) as answer:
        return answer.status

headers, body = to_structured(event)
print(json.dumps([send(*to_binary(event)), send(headers, body),
                  send({"Content-Type": "application/cloudevents-batch+json"}, b"[" + body + b"]")]))
"""
JAVASCRIPT = """
const { CloudEvent, HTTP } = require("cloudevents");
const [url, token, source, number] = process.argv.slice(1);
const data = { reported: "2017-03-05", municipality: "Súdwest-Fryslân", category: "gedwongen prostitutie" };
const event = new CloudEvent({ type: "nl.signaal", source, id: number, datacontenttype: "application/json", data });
const send = async ({ headers, body }) => (await fetch(url, { method: "POST", body: typeof body === "string" ? body : JSON.stringify(body),
  headers: { ...headers, Authorization: `Bearer ${token}` } })).status;
(async () => {
  const statuses = [await send(HTTP.binary(event)), await send(HTTP.structured(event))];
  statuses.push(await send({ headers: { "content-type": "application/cloudevents-batch+json" }, body: `[${HTTP.structured(event).body}]` }));
  console.log(JSON.stringify(statuses));
})();
"""
JAVA = """
import io.cloudevents.core.builder.CloudEventBuilder;
import io.cloudevents.http.HttpMessageFactory;
import io.cloudevents.jackson.JsonFormat;
import java.io.FileInputStream;
import java.net.URI;
import java.net.http.*;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import javax.net.ssl.*;

class Deliver {
    static HttpClient client() throws Exception {
        var store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        try (var file = new FileInputStream(System.getenv("CERTIFICATE"))) {
            store.setCertificateEntry("server", CertificateFactory.getInstance("X.509").generateCertificate(file));
        }
        var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(store);
        var context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        return HttpClient.newBuilder().sslContext(context).version(HttpClient.Version.HTTP_1_1).build();
    }

    public static void main(String[] args) throws Exception {
        var client = client();
        var data = "{\\"reported\\": \\"2017-03-05\\", \\"municipality\\": \\"S\u00fadwest-Frysl\u00e2n\\", \\"category\\": \\"gedwongen prostitutie\\"}";
        var event = CloudEventBuilder.v1().withId(args[3]).withSource(URI.create(args[2])).withType("nl.signaal")
            .withDataContentType("application/json").withData(data.getBytes(StandardCharsets.UTF_8)).build();
        var statuses = new java.util.ArrayList<Integer>();
        for (String mode : new String[] {"binary", "structured", "batch"}) {
            var request = HttpRequest.newBuilder(URI.create(args[0])).header("Authorization", "Bearer " + args[1]);
            var body = new byte[1][];
            var writer = HttpMessageFactory.createWriter(request::header, bytes -> body[0] = bytes);
            if (mode.equals("binary")) {
                writer.writeBinary(event);
            } else if (mode.equals("structured")) {
                writer.writeStructured(event, JsonFormat.CONTENT_TYPE);
            } else {
                request.header("Content-Type", "application/cloudevents-batch+json");
                var one = new String(new JsonFormat().serialize(event), StandardCharsets.UTF_8);
                body[0] = ("[" + one + "]").getBytes(StandardCharsets.UTF_8);
            }
            request.POST(HttpRequest.BodyPublishers.ofByteArray(body[0]));
            statuses.add(client.send(request.build(), HttpResponse.BodyHandlers.ofString()).statusCode());
        }
        System.out.println(statuses);
    }
}
"""

if __name__ == "__main__":
    unittest.main(verbosity=2)
