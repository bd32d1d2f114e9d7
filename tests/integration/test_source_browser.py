# SPDX-License-Identifier: EUPL-1.2
"""A source's own page in a real Chromium: drawn under its own policy, wide and narrow, light and dark, and clean for axe-core."""
import contextlib
import html
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import unittest

import harness
import outside
from harness import SIGNAL, Endpoint, Fresh, token_of, wait_for

AXE_RUNS = """<script>{axe}</script><script>
axe.run({{resultTypes: ["violations", "incomplete"]}}).then(found => {{
  parent.document.body.textContent = JSON.stringify({{
    violations: found.violations.map(v => [v.id, v.nodes.map(n => n.html)]), passes: found.passes.length,
    width: innerWidth, overflow: {overflow}, dark: matchMedia("(prefers-color-scheme: dark)").matches}});
}});
const overflow = document.documentElement.scrollWidth - innerWidth;
</script>"""


class Browser(Fresh):
    def setUp(self):
        self.endpoint = Endpoint()
        self.addCleanup(self.endpoint.close)
        self.endpoint.paths["/s"] = lambda *_: (200, {"Content-Type": "application/json"}, [
            {"id": "2017-000001", **SIGNAL}, {"id": "2017-000002", **SIGNAL, "reported": "gisteren"},
            {"id": "2017-<b>3", **SIGNAL, "category": "onbekende uitbuiting"}])
        self.SOURCES = [{"name": "gm0193", "kind": "municipality", "municipality": "GM0193", "push": True, "url": self.endpoint.url("/s"),
                         "interval": "1s", "allow_private": "yes", "official": "yes"}]
        super().setUp()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="source-page-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.daemon.start()
        wait_for(lambda: self.daemon.status()["feeds"]["quarantined"] == 1, "an item is in the quarantine")

    def page(self, language):
        answer = self.daemon.request("GET", "/v1/source", headers={
            "Authorization": f"Bearer {token_of('gm0193')}", "Accept": "text/html,*/*;q=0.8", "Accept-Language": language})
        self.assertEqual((answer.status, answer.headers["Content-Type"], answer.headers["Content-Language"]),
                         (200, "text/html; charset=utf-8", language[:2]))
        self.assertIn("default-src 'none'", answer.headers["Content-Security-Policy"])
        self.assertEqual(answer.headers["Cache-Control"], "no-store")
        return answer.body.decode()

    def browse(self, url, width, *more):
        profile = tempfile.mkdtemp(dir=self.folder)
        command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                   "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
                   "--hide-scrollbars", "--enable-logging=stderr", "--v=0", f"--user-data-dir={profile}", f"--window-size={width},900",
                   "--virtual-time-budget=20000", *more, "--dump-dom", url]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL,
                                   start_new_session=True, env={**os.environ, "HOME": profile, "ASAN_OPTIONS": ""})
        try:
            shown, told = process.communicate(timeout=120)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # it has many children
        self.assertEqual(process.returncode, 0, told)
        return shown, re.findall(r"CONSOLE:.*", told)

    def test_as_it_is_served(self):
        """With the token as a password, as a person opens it; the policy lets its style in, and the browser complains of nothing."""
        picture = self.folder / "served.png"
        shown, faults = self.browse(f"http://x:{token_of('gm0193')}@127.0.0.1:{self.daemon.port}/v1/source", 1280, f"--screenshot={picture}",
                                    "--accept-lang=nl")
        self.assertEqual(faults, [])
        self.assertIn("Zwolle</h1>", shown)
        self.assertGreater(picture.stat().st_size, 10000)

    def test_what_it_says(self):
        dutch, english = self.page("nl-NL"), self.page("en")
        for text, page in (("Per maand van ontvangst", dutch), ("By month of receipt", english), ("niet konden overnemen", dutch),
                           ("Has an official", english), ('<html lang="nl">', dutch), ('<html lang="en">', english)):
            self.assertIn(text, page)
        for page in (dutch, english):
            self.assertNotIn("gisteren", page)
            self.assertNotIn("<script", page)
            self.assertNotIn("<b>", page)

    def test_axe(self):
        """In a frame, since a window of Chromium's is never narrower than 500 pixels."""
        axe = (outside.node_modules() / "axe-core/axe.min.js").read_text()
        for language in ("nl", "en"):
            page = self.page(language).replace("</main>", "</main>" + AXE_RUNS.format(axe=axe, overflow="overflow"))
            for width, dark in ((1280, False), (1280, True), (390, False), (390, True)):
                with self.subTest(language=language, width=width, dark=dark):
                    file = self.folder / "frame.html"
                    file.write_text(f'<!DOCTYPE html><body><iframe width="{width}" height="900" style="border:0" '
                                    f'srcdoc="{html.escape(page)}"></iframe></body>')
                    shown, _ = self.browse(file.as_uri(), 1400, f"--blink-settings=preferredColorScheme={0 if dark else 1}")
                    found = json.loads(html.unescape(re.search(r"<body[^>]*>(\{.*\})</body>", shown, re.S)[1]))
                    self.assertEqual((found["violations"], found["width"], found["dark"]), ([], width, dark))
                    self.assertLessEqual(found["overflow"], 0)
                    self.assertGreater(found["passes"], 10)

    def test_json_for_who_does_not_ask(self):
        for accept in (None, "*/*", "application/json", "application/json, text/html;q=0.9", "text/plain"):
            headers = {"Authorization": f"Bearer {token_of('gm0193')}", **({"Accept": accept} if accept else {})}
            self.assertEqual(self.daemon.request("GET", "/v1/source", headers=headers).headers["Content-Type"], "application/json")

    def test_a_browser_is_asked_for_the_token(self):
        answer = self.daemon.request("GET", "/v1/source")
        self.assertEqual(answer.status, 401)
        self.assertEqual([scheme.split()[0] for scheme in answer.headers.get_all("WWW-Authenticate")], ["Bearer", "Basic"])


if __name__ == "__main__":
    unittest.main()
