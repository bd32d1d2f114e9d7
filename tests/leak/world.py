# SPDX-License-Identifier: EUPL-1.2
"""A daemon to which every identifier comes by every way, and all that can be read of it afterwards."""
import concurrent.futures
import getpass
import hashlib
import hmac
import http.client
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import ssl
import tempfile
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
import contract  # noqa: E402
import harness  # noqa: E402
import hostile  # noqa: E402
import payloads  # noqa: E402
import pki  # noqa: E402
import test_sftp  # noqa: E402
from identifiers import BY_FORM, IDENTIFIERS, MARKER  # noqa: E402

PUSH = "coa"
OTHER = "gm0363-amsterdam"
BRING = MARKER.forms[0]
SIGNER, SIGNING = "signer", "the-secret-of-who-signs-0123456789abcdef"
CHUNK = 400
ANSWER_S = 120
ASKING_AT_ONCE = 16
PATIENCE_S = 180
DIMENSIONS = ("municipality", "province", "policeUnit", "safetyRegion", "category", "gender", "ageGroup", "citizenship",
              "foreign", "sourceKind", "status", "year", "month")


class Recorder(harness.Daemon):
    """Keeps every answer: status, headers and body, by where it came from."""

    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        self.kept = {}

    def keep(self, where, data):
        self.kept.setdefault(where, set()).add(data)

    def keep_answer(self, where, answer):
        head = "".join(f"{name}: {value}\r\n" for name, value in answer.headers.items())
        self.keep(where, f"{answer.status}\r\n{head}\r\n".encode() + answer.body)
        return answer

    def request(self, method, path, *args, **more):
        return self.keep_answer(f"intake, {method}", super().request(method, path, *args, **more))

    def control(self, method, path, body=None):
        answer = super().control(method, path, body)
        route = "/".join(urllib.parse.urlsplit(path).path.split("/")[:3])
        return self.keep_answer(f"socket, {method} {route}", answer)

    def bytes(self, data):
        """Sends bytes as they are and keeps whatever comes back until the other side ends it."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=ANSWER_S) as sock:
            answer = exchange(sock, data)
        contract.check_raw(contract.PUBLIC, data, harness.answers_in(answer))
        self.keep("intake, as bytes", answer)
        return answer

    def control_bytes(self, data):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(ANSWER_S)
            sock.connect(self.control_path)
            answer = exchange(sock, data)
        contract.check_raw(contract.CONTROL, data, harness.answers_in(answer))
        self.keep("socket, as bytes", answer)
        return answer

    def metrics_bytes(self, port, data, source="127.0.0.1"):
        with socket.create_connection(("127.0.0.1", port), timeout=ANSWER_S, source_address=(source, 0)) as sock:
            answer = exchange(sock, data)
        self.keep("metrics over TCP, as bytes", answer)
        return answer

    def ctl(self, *args):
        done = subprocess.run([harness.BUILD / "signaalctl", "--socket", self.control_path, *args],
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE_S)
        self.keep(f"signaalctl {args[0]}", done.stdout + b"\n" + done.stderr)
        return done


def exchange(sock, data):
    answer = b""
    try:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        while block := sock.recv(1 << 16):
            answer += block
    except TimeoutError:
        raise AssertionError(f"no end of the answer to {data[:200]!r}")
    except OSError:
        pass  # it closed on what it would not read
    return answer


def at_once(ask, requests):
    """Many of them wait for the disk, or for the daemon to lose its patience."""
    with concurrent.futures.ThreadPoolExecutor(ASKING_AT_ONCE) as pool:
        return list(pool.map(ask, requests))


class World:
    """extra: more of the configuration, as in harness.Daemon."""

    def __init__(self, extra=None):
        self.inputs = pathlib.Path(tempfile.mkdtemp(prefix="signaald-leak-"))
        templates = self.inputs / "templates"
        shutil.copytree(harness.ROOT / "conf" / "templates", templates)
        (templates / "person.yaml").write_text(hostile.PERSON_TEMPLATE)
        self.categories = self.inputs / "categories.csv"
        shutil.copy(harness.ROOT / "conf" / "categories.csv", self.categories)
        self.endpoints = hostile.Endpoints()
        self.metrics_port, self.metrics_claim = harness.claim_port()
        self.rows = self.endpoints.rows()
        self.folders = test_sftp.Server() if os.path.exists(test_sftp.SSHD) else None
        self.drops = self.make_drops() if self.folders else []
        for row in self.rows:
            if row["name"].startswith("zaken-"):
                row["secret_file"] = self.secret(row["name"], self.client_of(row["name"]) + ":geheim")
        self.daemon = Recorder(self.sources(), {"tables": [f"templates: {templates}", f"categories: {self.categories}"],
                                                "poll": ["host_connections_max: 64"],
                                                "disclosure": ["public: yes", "requests_per_minute: 0"],
                                                "metrics": [f"listen: 127.0.0.1:{self.metrics_port}"],
                                                "intake": ["head_timeout: 1s", "body_timeout: 1s"],
                                                **(extra or {})})
        secret = self.daemon.directory / "secret"
        secret.write_text("a-secret-of-signalen")
        secret.chmod(0o600)

    def secret(self, name, text):
        path = self.inputs / f"{name}.secret"
        path.write_text(text)
        path.chmod(0o600)
        return path

    def client_of(self, name):
        """The claims of a JWT say who asks: whoever made the client may have called it by anything."""
        form = IDENTIFIERS[int(name.partition("-")[2])].forms[0]
        return "".join(c for c in form if "!" <= c <= "~" and c != ":")[:60] or "x"

    def make_drops(self):
        """Folders by SFTP that are called so, with files that are; one with names that are none."""
        rows = []
        for n, identifier in enumerate(IDENTIFIERS):
            if n % 4:
                continue
            called = [form.replace("/", "-")[:60] for form in identifier.forms]
            folder = self.folders.drop / (called[0].replace("\r", "").replace("\n", "") if n else "broken")
            folder.mkdir(exist_ok=True)
            for number, name in enumerate(called):
                if n and not name.isprintable():
                    continue
                text = payloads.table("csv-excel", [identifier]) if number % 3 < 2 else name.encode()
                (folder / f"{name}.csv").write_bytes(text)
            if n == 0:
                (folder / f"{called[0]}\n{called[0]}.csv").write_text(called[0])
            rows.append({"name": f"drop-{n}", "kind": "municipality", "municipality": "GM0363", "interval": "2s", "allow_private": "yes",
                         "template": "csv-excel", "url": f"sftp://127.0.0.1:{self.folders.port}{payloads.quote(str(folder)).replace('%2F', '/')}/",
                         "ssh_user": getpass.getuser(), "ssh_key_file": self.folders.folder / "user",
                         "ssh_host_key": self.folders.fingerprint()})
        return rows

    def sources(self):
        return [{"name": PUSH, "kind": "coa", "push": True},
                {"name": SIGNER, "kind": "ngo", "signing_file": self.secret(SIGNER, SIGNING)},
                *[{"name": f"form-{name}", "kind": "ngo", "push": True, "template": name} for name in payloads.FORMS], *self.drops,
                {"name": OTHER, "kind": "municipality", "municipality": "GM0363", "push": True},
                {"name": BRING, "kind": "ngo", "push": True}, *self.rows]

    def close(self):
        self.daemon.close()
        self.endpoints.close()
        if self.folders:
            self.folders.close()
        self.metrics_claim.close()
        shutil.rmtree(self.inputs, ignore_errors=True)

    # --- every way in

    def feed_all(self):
        self.daemon.start()
        self.link()
        self.push()
        self.push_broken()
        self.push_otherwise()
        self.push_forms()
        self.push_signed()
        self.notify()
        self.ask_intake()
        self.bring()
        self.await_polls()
        self.ask_socket()
        self.retry()
        self.change()
        self.reload_faulty()

    def link(self):
        """Each person from two sources."""
        for identifier in IDENTIFIERS:
            for source, item in zip((PUSH, OTHER), payloads.person_items(identifier)):
                answer = self.daemon.post(source, item)
                assert answer.status == 201, (identifier.kind, answer.status, answer.body)

    def push(self):
        connection = self.daemon.connection()
        for identifier in IDENTIFIERS:
            items = list(payloads.items(identifier))
            for item in items[:len(payloads.PLACES)]:
                self.daemon.post(PUSH, payloads.dump(item), connection=connection)
            for first in range(0, len(items), CHUNK):
                self.daemon.post(OTHER, payloads.dump(items[first:first + CHUNK]), connection=connection)
                self.daemon.post(BRING, payloads.lines(items[first:first + CHUNK]), "application/x-ndjson",
                                 connection=connection)
        connection.close()

    def push_broken(self):
        connection = self.daemon.connection()
        for identifier in IDENTIFIERS:
            for kind, body in payloads.broken_bodies(identifier):
                try:
                    self.daemon.post(PUSH, body, f"application/{kind}", connection=connection)
                except (OSError, http.client.HTTPException):
                    connection.close()
        connection.close()

    def push_otherwise(self):
        connection = self.daemon.connection()
        for identifier in IDENTIFIERS:
            for kind, heads, body in payloads.deliveries(identifier):
                try:
                    self.daemon.post(PUSH, body, kind, connection=connection, **heads)
                except (OSError, ValueError, http.client.HTTPException):
                    connection.close()
        connection.close()

    def push_forms(self):
        for name, make in payloads.FORMS.items():
            connection = self.daemon.connection()
            for identifier in IDENTIFIERS:
                for body in payloads.forms(identifier, make):
                    try:
                        self.daemon.post(f"form-{name}", body, connection=connection)
                    except (OSError, http.client.HTTPException):
                        connection.close()
            connection.close()

    def push_signed(self):
        connection = self.daemon.connection()

        def send(body, code=None, when=None):
            when = when or str(int(time.time()))
            code = code or hmac.new(SIGNING.encode(), when.encode() + b"." + body, hashlib.sha256).hexdigest()
            return self.daemon.request("POST", "/v1/signals", body, {"Content-Type": "application/json", "X-Signaal-Source": SIGNER,
                                                                     "X-Signaal-Timestamp": when,
                                                                     "X-Signaal-Signature": f"sha256={code}"}, connection).status
        for identifier in IDENTIFIERS:
            items = list(payloads.items(identifier))[:CHUNK]
            assert send(payloads.dump(items)) == 200
            for item in items[:3]:
                body = payloads.dump(item)
                for refused in (send(body, "0" * 64), send(body, when="1"), send(body + b" ", hashlib.sha256(body).hexdigest())):
                    assert refused == 401, refused
                    connection.close()
        connection.close()

    def notify(self):
        for name in ("signalen", PUSH):
            for identifier in IDENTIFIERS:
                for body in payloads.notifications(identifier):
                    self.daemon.request("POST", "/v1/notifications", body, {"Authorization": f"Bearer {harness.token_of(name)}",
                                                                            "Content-Type": "application/json"})

    def read_source_pages(self):
        """Each source's own page, as JSON and as HTML, asked for with words that are in no answer."""
        for row in self.sources():
            if not row.get("push"):
                continue
            for number, accept in enumerate(("application/json", "text/html", "text/html")):
                form = payloads.as_header(IDENTIFIERS[number].forms[0])
                answer = self.daemon.request("GET", "/v1/source", headers={
                    "Authorization": f"Bearer {harness.token_of(row['name'])}", "Accept": accept,
                    "Accept-Language": ("nl", "en", form)[number], "Cookie": form})
                assert answer.status == 200, answer.body

    def ask_intake(self):
        requests = [data for identifier in IDENTIFIERS
                    for data in payloads.requests(identifier, harness.token_of(PUSH))]
        assert any(at_once(self.daemon.bytes, requests))
        for identifier in IDENTIFIERS:  # what is known by its own id: asked for, withdrawn, asked for again
            for form in identifier.forms:
                for method in ("GET", "DELETE", "GET"):
                    self.daemon.request(method, "/v1/signals/" + payloads.quote(form),
                                        headers={"Authorization": f"Bearer {harness.token_of(OTHER)}"})

    def bring(self):
        """Files, by signaalctl and by the route behind it; each dry first."""
        for template in payloads.CSV_COLUMNS:
            path = self.inputs / f"{template}.csv"
            path.write_bytes(payloads.table(template, IDENTIFIERS))
            for more in (["--dry-run"], [], ["--json"]):
                self.daemon.ctl("import", str(path), "--source", BRING, "--template", template, *more)
            for identifier in IDENTIFIERS:
                for body in payloads.broken_tables(template, identifier):
                    self.post_file(f"template={template}&format=csv", body)
        path = self.inputs / "items.ndjson"
        path.write_bytes(payloads.lines(item for identifier in IDENTIFIERS for item in payloads.items(identifier)))
        for more in (["--dry-run"], []):
            self.daemon.ctl("import", str(path), "--source", BRING, *more)
        for identifier in IDENTIFIERS:
            for kind, body in payloads.broken_bodies(identifier):
                self.post_file("format=" + kind.split(";")[0].removeprefix("x-"), body)

    def post_file(self, query, body):
        for dry in (1, 0):
            self.daemon.control("POST", f"/v1/import?source={BRING}&{query}&dryRun={dry}", body)

    def await_polls(self, times=3):
        """Each endpoint was asked so often; one that told to come later at least once."""
        def enough():
            seen = dict(self.endpoints.seen)
            return all(seen.get(row["name"], 0) >= (1 if row["name"].startswith("busy") else times) for row in self.rows)
        harness.wait_for(enough, "every endpoint is asked again", PATIENCE_S)
        for row in self.drops:
            harness.wait_for(lambda name=row["name"]: self.daemon.control("GET", f"/v1/feeds/{name}").json["polls"] >= times,
                             "each folder is listed again", PATIENCE_S)

    def ask_socket(self):
        at_once(lambda ask: self.daemon.control(*ask),
                [(method, path, identifier.forms[0].encode() if method != "GET" else None)
                 for identifier in IDENTIFIERS for method, path in payloads.control_paths(identifier, OTHER)])
        for identifier in IDENTIFIERS:
            for form in identifier.forms:
                self.daemon.control_bytes(payloads.request(payloads.as_header(form), "/v1/status", "X: y"))
                self.daemon.control_bytes(payloads.request("GET", "/v1/" + payloads.as_header(form)))
                self.daemon.control_bytes(payloads.request("GET", "/v1/status", f"X: {payloads.as_header(form)}\0"))
                for path in (f"/{payloads.quote(form)}", f"/metrics?{payloads.quote(form)}"):
                    self.daemon.metrics_bytes(self.metrics_port, payloads.request("GET", path, f"X: {payloads.as_header(form)}"))

    def retry(self):
        entries = self.daemon.control("GET", "/v1/quarantine").json["entries"]
        for entry in entries[::7]:
            self.daemon.control("POST", f"/v1/quarantine/{entry['number']}/retry")
        for entry in entries[1::7]:
            self.daemon.control("DELETE", f"/v1/quarantine/{entry['number']}")
        self.await_polls(4)

    def change(self):
        """What an operator does, with identifiers where a word goes."""
        ctl = self.daemon.ctl
        for identifier in IDENTIFIERS:
            form = identifier.forms[0]
            for verb in (["why", OTHER, form], ["why", form, form], ["feeds", form], ["poll", form], ["pause", form],
                         ["resume", form], ["value_map", "--is", form], ["value_map", "--source", form],
                         ["quarantine", "retry", form], ["erase", BRING, form], ["erase", form, form],
                         ["counts", "--where", f"category={form}"]):
                ctl(*verb)
        for verb in (["remap", "--dry-run"], ["remap"], ["reload"], ["pause", "csv"], ["resume", "csv"],
                     ["poll", "signalen"]):
            ctl(*verb)

    def reload_faulty(self):
        """Tables and a template in which an operator has put numbers where they do not belong. (A name there cannot be told
        from any other text, and it is the operator's own.)"""
        forms = [form for identifier in IDENTIFIERS if identifier.kind in BY_FORM for form in identifier.forms]
        columns = ("name", "kind", "municipality", "tokens", "url", "interval", "template", "silent_days")
        self.daemon.write_sources(self.sources() + [{"name": f"x-{n}", "kind": "ngo", columns[n % len(columns)]: form}
                                                    for n, form in enumerate(forms * 3)])
        self.reload(400)
        self.daemon.write_sources(self.sources())
        sources, template = self.daemon.directory / "sources.csv", self.inputs / "templates" / "broken.yaml"
        for form in forms:
            for path, text in ((sources, f"name,kind,{form}\nx,ngo,{form}\n"), (sources, f"{form}\n{form},x\n"),
                               (template, f'"{form}": 1\npage: {{format: csv, "{form}": 2}}\nfields: {{id: id}}\n'),
                               (template, f'page: {{format: "{form}", dates: "{form}"}}\nfields: {{"{form}": "{form}"}}\n'),
                               (self.categories, f"word,code\n{form},{form}\n"),
                               (self.categories, f"word,code\n{form},Servitude\n{form},Surrogacy\n")):
                before = path.read_bytes() if path.exists() else None
                path.write_text(text)
                self.reload(400)
                path.write_bytes(before) if before is not None else path.unlink()
        self.reload(200)

    def reload(self, status):
        answer = self.daemon.control("POST", "/v1/reload")
        assert answer.status == status, answer.body
        self.daemon.ctl("reload")

    # --- all that can be read

    def before_end(self):
        """For what else has to be done while the daemon runs."""

    def collect(self):
        """where -> bytes. Ends the daemon."""
        self.before_end()
        self.read_figures()
        self.read_source_pages()
        self.read_socket()
        self.read_ctl()
        self.daemon.stop()
        pieces = {where: b"\n".join(sorted(parts)) for where, parts in self.daemon.kept.items()}
        ours = {"signaald.yaml", "sources.csv", "secret"}
        for path in self.daemon.directory.rglob("*"):
            if path.is_file() and path.name not in ours:
                pieces[str(path.relative_to(self.daemon.directory))] = path.read_bytes()
        pieces["names of files"] = "\n".join(map(str, self.daemon.directory.rglob("*"))).encode()
        return pieces

    def read_figures(self):
        """What anybody gets: the statistics of all that has come in, and the codes."""
        self.daemon.control("POST", "/v1/statistics/release")
        for path in ("/v1/statistics", "/v1/statistics?format=csv", "/v1/statistics?format=excel", "/v1/statistics/metadata", "/v1/codes"):
            assert self.daemon.request("GET", path).status == 200

    def read_socket(self):
        control = self.daemon.control
        for path in ("/v1/status", "/v1/feeds", "/v1/unmapped", "/v1/audit", "/v1/audit/verify", "/metrics", "/", "/v1/live",
                     "/v1/live/figures"):
            control("GET", path)
        answer = self.daemon.metrics_bytes(self.metrics_port, payloads.request("GET", "/metrics"), source="127.0.0.2")
        assert b"signaald_feed_state" in answer, answer[:200]
        for row in self.sources():
            control("GET", f"/v1/feeds/{row['name']}")
        for by in DIMENSIONS:
            control("GET", f"/v1/counts?by={by}")
            control("GET", f"/v1/overlap?by={by}")
        control("GET", "/v1/counts?by=municipality,category,sourceKind")

    def read_ctl(self):
        for verb in (["status"], ["counts", "--by", "municipality,category"], ["overlap", "--by", "municipality,category"], ["tail", "--from", "1", "-n", "100000"], ["feeds"],
                     ["feeds", "--failing"], ["feeds", "marks-0"], ["quarantine"], ["value_map"], ["audit", "-n", "1000000"],
                     ["audit", "verify"], ["why", OTHER, "2019-000001"]):
            self.daemon.ctl(*verb)
            self.daemon.ctl(*verb, "--json")


class SecureRecorder(Recorder):
    """With TLS, and the certificate that the client shows."""

    context = None

    def connection(self, timeout=harness.PATIENCE_S):
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=timeout, context=self.context)


class CertificateWorld:
    """Every identifier in every name that a client's certificate has: its own, its number's, its authority's."""

    def __init__(self):
        self.root = pki.Holder("authority of clients")
        self.inputs = pathlib.Path(tempfile.mkdtemp(prefix="signaald-leak-"))
        self.holders = [holder for identifier in IDENTIFIERS for form in identifier.forms for holder in self.holders_of(form[:60])]
        self.known = self.holders[0]
        row = {"name": BRING, "kind": "ngo", "push": True, "certificates": f"sha256:{self.known.fingerprint()}"}
        server = pki.Holder("server")
        files = {"tls_certificate": server.pem(), "tls_key": server.key_pem(), "tls_client_ca": self.root.pem(),
                 "tls_client_crl": self.root.revoke(self.holders[1::5])}
        for name, data in files.items():
            (self.inputs / name).write_bytes(data)
            (self.inputs / name).chmod(0o600)
        self.daemon = SecureRecorder([row], {"intake": [f"{name}: {self.inputs / name}" for name in files]})
        self.server = server

    def holders_of(self, form):
        printable = "".join(c for c in form if c.isascii() and (c.isalnum() or c in " '()+,-./:=?")) or "0"
        stranger = pki.Holder(form)
        return [pki.Holder(form, self.root, numbers=[printable], uses=[pki.CLIENT]), pki.Holder(form, self.root, numbers=[printable, "1"]),
                pki.Holder("x", stranger, numbers=[printable]), pki.Holder(form, self.root, ends=-1, begins=-3),
                pki.Holder(form, self.root, uses=[pki.SERVER])]

    def feed_all(self):
        self.daemon.start()
        self.statuses = {}
        for holder in self.holders:
            shown = self.inputs / "shown"
            shown.write_bytes(holder.pem() + holder.key_pem())
            self.daemon.context = ssl.create_default_context(cadata=self.server.pem().decode())
            self.daemon.context.load_cert_chain(shown)
            status = self.daemon.request("POST", "/v1/signals", payloads.dump({"id": payloads.new_id(), **payloads.SIGNAL}),
                                         {"Content-Type": "application/json"}).status
            self.statuses[status] = self.statuses.get(status, 0) + 1

    def collect(self):
        for path in ("/v1/status", "/v1/feeds", "/v1/audit", "/v1/quarantine", "/metrics", f"/v1/feeds/{BRING}"):
            self.daemon.control("GET", path)
        self.daemon.stop()
        pieces = {where: b"\n".join(sorted(parts)) for where, parts in self.daemon.kept.items()}
        for path in self.daemon.directory.rglob("*"):
            if path.is_file():
                pieces[str(path.relative_to(self.daemon.directory))] = path.read_bytes()
        return pieces

    def close(self):
        self.daemon.close()
        shutil.rmtree(self.inputs, ignore_errors=True)
