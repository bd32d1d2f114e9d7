# SPDX-License-Identifier: EUPL-1.2
"""The simulator as tests see it: a process of its own, its lines of the source table, what it must have delivered."""
import http.client
import json
import pathlib
import shutil
import subprocess
import sys
import time

import simulator

HERE = pathlib.Path(__file__).resolve().parent
TEMPLATES = simulator.data.ROOT / "conf/templates"


def openssl(*args):
    subprocess.run(["openssl", *map(str, args)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def make_certificates(directory, hosts):
    """An authority, the servers' certificates, one that is signed by itself, and a client's (with its key)."""
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30"]

    def make(name, subject, *more):
        openssl("req", "-x509", *key, "-subj", f"/CN={subject}", "-keyout", directory / f"{name}.key", "-out",
                directory / f"{name}.pem", *more)

    def names(some):
        return "subjectAltName=" + ",".join(f"IP:{host}" for host in some)

    signed = ["-CA", directory / "ca.pem", "-CAkey", directory / "ca.key", "-addext",
              "basicConstraints=critical,CA:false"]
    make("ca", "fleet authority")
    for first in range(0, len(hosts), simulator.CERTIFICATE_HOSTS):
        some = hosts[first:first + simulator.CERTIFICATE_HOSTS]
        make(f"server-{first // simulator.CERTIFICATE_HOSTS}", "fleet", "-addext", names(some), *signed)
    make("selfsigned", "stranger", "-addext", names(hosts[:simulator.CERTIFICATE_HOSTS]))
    make("client", "signaald", *signed)
    both = directory / "client-both.pem"
    both.write_text((directory / "client.pem").read_text() + (directory / "client.key").read_text())
    both.chmod(0o600)


class Fleet:
    """kinds: {kind: how many}. directory: an empty one, for secrets, certificates and templates."""

    def __init__(self, directory, seed, kinds, hosts=28, hostile_hosts=12, delay_ms=0, tls=True):
        self.directory = pathlib.Path(directory)
        self.spec = {"seed": seed, "now_ms": int(time.time() * 1000), "hosts": hosts, "hostile_hosts": hostile_hosts,
                     "delay_ms": delay_ms, "kinds": kinds}
        self.world = simulator.World(self.spec)
        if tls:
            make_certificates(self.directory, self.world.hosts)
        command = [sys.executable, str(HERE / "simulator.py"), json.dumps(self.spec)]
        self.process = subprocess.Popen(command + [str(self.directory)] * tls, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        self.ports = json.loads(self.process.stdout.readline())
        self.make_templates()

    @property
    def good(self):
        return [e for e in self.world.endpoints.values() if e.good]

    @property
    def hostile(self):
        return [e for e in self.world.endpoints.values() if not e.good]

    def make_templates(self):
        """Those that ship and those of the fleet's own."""
        self.templates = self.directory / "templates"
        self.templates.mkdir()
        token_url = f"http://{self.world.hosts[0]}:{self.ports.get('http', 1)}/list-oauth2-1/token"
        for file in [*TEMPLATES.glob("*.yaml"), *(HERE / "templates").glob("*.yaml")]:
            (self.templates / file.name).write_text(file.read_text().replace("@TOKEN_URL@", token_url))

    def sources(self, interval_s, own_intervals=True):
        """own_intervals: what has much to give is asked less often."""
        return [self.source(endpoint, max(interval_s, endpoint.interval_s if own_intervals else 0))
                for endpoint in self.world.endpoints.values()]

    def source(self, endpoint, interval_s):
        port = self.ports["http" if endpoint.scheme == "plain" else endpoint.scheme]
        scheme = "http" if endpoint.scheme == "http" else "https"
        row = endpoint.row()
        row.update(url=f"{scheme}://{endpoint.host}:{port}/{endpoint.name}/{endpoint.path}",
                   interval=f"{interval_s}s")
        if endpoint.secret():
            file = self.directory / f"{endpoint.name}.secret"
            file.write_text(endpoint.secret() + "\n")
            file.chmod(0o600)
            row["secret_file"] = file
        if endpoint.scheme == "mutual":
            row["client_cert_file"] = self.directory / "client-both.pem"
        return row

    def ask(self, path, method="GET"):
        connection = http.client.HTTPConnection("127.0.0.1", self.ports["control"], timeout=60)
        try:
            connection.request(method, path)
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def expected(self):
        return self.ask("/expected")

    def stats(self):
        return self.ask("/stats")

    def grow(self, count):
        self.ask(f"/grow?count={count}", "POST")

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(20)
        self.process.stdout.close()
        shutil.rmtree(self.directory, ignore_errors=True)
