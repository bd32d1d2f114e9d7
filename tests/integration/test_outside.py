# SPDX-License-Identifier: EUPL-1.2
"""What others make of the documents: a linter finds nothing, and generated clients talk with the daemon."""
import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import contract
import harness
import outside

# Run where the generated client and its packages are found; tells what the calls gave as JSON.
PUBLIC_CLIENT = """
import datetime, json, sys
from public import AuthenticatedClient, Client
from public.api.documents import get_openapi
from public.api.signals import get_health, get_signal, post_signals, withdraw_signal
from public.models import Known, Problem, Registered, Signal, SignalPerson, SignalVictim, Verdicts
base, token = sys.argv[1:]
client = AuthenticatedClient(base_url=base, token=token)
signal = Signal(id="2017-1", municipality="Weesp", category="gedwongen prostitutie", occurred=datetime.date(2017, 3, 5),
                victim=SignalVictim(gender="man", age=30), person=SignalPerson(name="Jan Jansen", birth_date=datetime.date(1990, 1, 2)))
new = post_signals.sync_detailed(client=client, body=signal)
assert (new.status_code, type(new.parsed)) == (201, Registered), new
again = post_signals.sync(client=client, body=signal)
assert isinstance(again, Known) and again.verdict == "duplicate", again
batch = post_signals.sync(client=client, body=[signal, Signal(id="2017-2")])
assert isinstance(batch, Verdicts) and [r.verdict for r in batch.results] == ["duplicate", "registered"], batch
refused = post_signals.sync_detailed(client=client, body=Signal(id="2017-3", reported="soon"))
assert refused.status_code == 400 and isinstance(refused.parsed, Problem) and refused.parsed.errors[0].pointer == "/reported", refused
state = get_signal.sync("2017-1", client=client)
assert state.signal == new.parsed.signal and state.published is None, state
assert withdraw_signal.sync("2017-1", client=client).verdict == "withdrawn"
missing = get_signal.sync_detailed("never", client=client)
assert missing.status_code == 404 and missing.parsed.status == 404, missing
nobody = post_signals.sync_detailed(client=AuthenticatedClient(base_url=base, token="x" * 32), body=signal)
assert nobody.status_code == 401 and isinstance(nobody.parsed, Problem), nobody
assert get_health.sync(client=Client(base_url=base)).status == "ok"
assert get_openapi.sync_detailed(client=Client(base_url=base)).status_code == 200
"""
CONTROL_CLIENT = """
import sys
import httpx
from control import Client
from control.api.audit import verify_audit
from control.api.counts import get_counts, get_coverage, get_statistics, get_trend
from control.api.daemon import get_status, reload
from control.api.signals import get_why
from control.api.sources import get_feed, get_feeds, get_quarantine, pause_feed, resume_feed
from control.models import GetTrendPer, Problem
client = Client(base_url="http://localhost/v1", httpx_args={"transport": httpx.HTTPTransport(uds=sys.argv[1])})
assert get_status.sync(client=client).ledger.accepted >= 1
counts = get_counts.sync(client=client, by="province,gender", period="2017")
assert counts.total == sum(line.signals for line in counts.lines) and counts.lines[0].province == "unknown", counts
assert get_counts.sync_detailed(client=client, by="nothing").parsed.status == 400
assert get_trend.sync(client=client, per=GetTrendPer.YEAR).total[-1].signals >= 0
assert get_coverage.sync(client=client, days=30).municipalities > 300
assert get_statistics.sync(client=client).closed is None
assert get_why.sync("coa", "2017-9", client=client).versions[0].verdict == "registered"
assert [feed.name for feed in get_feeds.sync(client=client).feeds] == ["coa", "polled"]
assert pause_feed.sync("polled", client=client).asked == "pause" and get_feed.sync("polled", client=client).paused is True
assert resume_feed.sync("polled", client=client).asked == "resume"
assert isinstance(pause_feed.sync("coa", client=client), Problem)
assert get_quarantine.sync(client=client).entries == []
assert reload.sync(client=client).sources == 2
assert verify_audit.sync(client=client).whole is True
"""


class Linter(unittest.TestCase):
    def lint(self, *files):
        return subprocess.run(["node", outside.node_modules() / "@stoplight/spectral-cli/dist/index.js", "lint", "--quiet", "--format", "text",
                               "--fail-severity", "hint", "--ruleset", outside.PINNED / "spectral.yaml", *files],
                              capture_output=True, text=True, timeout=harness.PATIENCE_S)

    def test_spectral(self):
        done = self.lint(*(contract.API / name for name in (contract.PUBLIC, contract.CONTROL, contract.TOPICS)))
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_spectral_would_tell(self):
        with tempfile.TemporaryDirectory() as folder:
            for name, spoil in ((contract.PUBLIC, lambda d: d["components"]["schemas"]["Known"]["properties"]["errors"].pop("items")),
                                (contract.TOPICS, lambda d: d["components"]["messages"]["signalErased"]["headers"].pop("type"))):
                document = json.loads((contract.API / name).read_text())
                spoil(document)
                file = pathlib.Path(folder) / name
                file.write_text(json.dumps(document))
                self.assertNotEqual(self.lint(file).returncode, 0, name)


class Clients(harness.Case):
    maxDiff = None
    SOURCES = [{"name": "coa", "kind": "coa", "push": True},
               {"name": "polled", "kind": "coa", "url": "https://192.0.2.1/", "template": "native"}]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.packages = outside.python_packages()
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.environment = {**os.environ, "PYTHONPATH": f"{cls.packages}:{cls.folder}", "PATH": f"{cls.packages}/bin:{os.environ['PATH']}"}

    def python(self, *words):
        return subprocess.run(["/usr/bin/python3", *map(str, words)], capture_output=True, text=True, timeout=harness.PATIENCE_S,
                              env=self.environment)

    def generate(self, document, name):
        """What it cannot do is read lines of JSON and CSV; of all else it must find nothing to say."""
        done = self.python("-m", "openapi_python_client", "generate", "--path", contract.API / document, "--output-path", self.folder / name,
                           "--meta", "none")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        told = re.findall(r"(?m)^(?:WARNING parsing|Unable to|Failure to|Cannot parse|Unsupported content).*", done.stdout)
        known = r"WARNING parsing|Missing schema$|Unsupported content type (application/x-ndjson|text/csv)$|.*\(Unsupported content_type application/x-ndjson\)"
        self.assertEqual([line for line in told if not re.match(known, line)], [], done.stdout)
        schemas = contract.load(document)["components"]["schemas"]
        made = {path.stem.replace("_", "") for path in (self.folder / name / "models").glob("*.py")}
        objects = {key.lower() for key, schema in schemas.items() if schema.get("type") == "object"}
        self.assertEqual(objects - made, set())  # none was left out

    def test_python_public(self):
        self.generate(contract.PUBLIC, "public")
        done = self.python("-c", PUBLIC_CLIENT, f"http://127.0.0.1:{self.daemon.port}/v1", harness.token_of("coa"))
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_python_control(self):
        self.assertEqual(self.daemon.post("coa", {"id": "2017-9", "reported": "2017-03-05"}).status, 201)
        self.generate(contract.CONTROL, "control")
        done = self.python("-c", CONTROL_CLIENT, self.daemon.control_path)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_typescript(self):
        """Types of every schema and operation, which TypeScript itself finds in order."""
        modules = outside.node_modules()
        for document in (contract.PUBLIC, contract.CONTROL):
            made = self.folder / f"{document}.ts"
            done = subprocess.run(["node", modules / "openapi-typescript/bin/cli.js", contract.API / document, "-o", made],
                                  capture_output=True, text=True, timeout=harness.PATIENCE_S)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            text = made.read_text()
            for name in contract.load(document)["components"]["schemas"]:
                self.assertRegex(text, rf"(?m)^        {name}: ")
            checked = subprocess.run(["node", modules / "typescript/bin/tsc", "--noEmit", "--strict", made], capture_output=True, text=True,
                                     timeout=harness.PATIENCE_S)
            self.assertEqual((checked.returncode, checked.stdout), (0, ""))


if __name__ == "__main__":
    unittest.main()
