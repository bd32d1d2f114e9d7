# SPDX-License-Identifier: EUPL-1.2
"""What signaalctl report makes of a real daemon, looked at in a real Chromium, and by axe-core."""
import contextlib
import html
import json
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import tempfile
import unittest
import zlib

import harness
import outside
from ctl_fake import DEADLINE_S
from report_page import Page
from test_source_browser import AXE_RUNS

LOGO = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><circle cx="20" cy="20" r="20" fill="#c2410c"/></svg>'


def read_png(path):
    """The picture's rows of bytes, three for each point. (PNG, W3C: filters 0 to 4.)"""
    data, place, packed = pathlib.Path(path).read_bytes(), 8, b""
    while place < len(data):
        size, kind = struct.unpack(">I4s", data[place:place + 8])
        body = data[place + 8:place + 8 + size]
        place += 12 + size
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", body[:10])
            assert (depth, colour) == (8, 2), (depth, colour)
        elif kind == b"IDAT":
            packed += body
    raw, stride, rows, above = zlib.decompress(packed), width * 3, [], bytearray(width * 3)
    for y in range(height):
        kind, line = raw[y * (stride + 1)], bytearray(raw[y * (stride + 1) + 1:(y + 1) * (stride + 1)])
        for i in range(stride):
            left, up, corner = (line[i - 3], above[i], above[i - 3]) if i >= 3 else (0, above[i], 0)
            if kind == 4:
                guess = left + up - corner
                guess = min((left, up, corner), key=lambda v, guess=guess: abs(guess - v))
            else:
                guess = (0, left, up, (left + up) // 2)[kind]
            line[i] = (line[i] + guess) & 255
        rows.append(line)
        above = line
    return width, height, rows


class Browser(harness.Case):
    """Both pages of a real daemon, in Chromium."""

    SOURCES = [{"name": "amsterdam", "kind": "municipality", "municipality": "GM0363", "push": True, "official": "yes",
                "policy": "yes"},
               {"name": "groningen", "kind": "municipality", "municipality": "GM0014", "push": True},
               {"name": "coa", "kind": "coa", "push": True}]

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="report-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        (cls.folder / "logo.svg").write_text(LOGO)
        cls.EXTRA = {"identity": ['organisation: "Centrum & Co"', f"logo: {cls.folder}/logo.svg"]}
        super().setUpClass()
        for year, count in ((2015, 3), (2016, 34), (2017, 68)):
            for n in range(count):
                signal = {"id": f"{year}-{n}", "reported": f"{year}-{n % 12 + 1:02}-07", "category": "gedwongen prostitutie",
                          "victim": {"gender": "man", "age": 30, "citizenship": "NG"}}
                source = "groningen" if year == 2015 else ("coa", "amsterdam")[n % 2]
                assert cls.daemon.post(source, {**signal, "municipality": "Weesp"} if source == "coa" else signal).status == 201
        cls.run_ctl("statistics", "release")
        cls.run_ctl("report", "-o", str(cls.folder / "exact.html"), "--year", "2017")
        cls.run_ctl("report", "-o", str(cls.folder / "public.html"), "--year", "2017", "--public")
        cls.run_ctl("report", "-o", str(cls.folder / "exact-nl.html"), "--year", "2017", "--lang", "nl")
        cls.run_ctl("report", "-o", str(cls.folder / "public-nl.html"), "--year", "2017", "--public", "--lang", "nl")

    @classmethod
    def run_ctl(cls, *args):
        command = [str(harness.BUILD / "signaalctl"), "--socket", cls.daemon.control_path, *args]
        subprocess.run(command, check=True, capture_output=True, timeout=DEADLINE_S)

    def browse(self, name, *more):
        """The page as it is drawn, and what the browser complains of."""
        shown, told = self.dump(name, *more)
        return Page(shown), told

    def dump(self, name, *more):
        profile = tempfile.mkdtemp(dir=self.folder)
        command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                   "--disable-background-networking", "--disable-component-update", "--disable-sync",
                   "--disable-dev-shm-usage", "--hide-scrollbars", "--no-pdf-header-footer", "--enable-logging=stderr",
                   "--v=0", f"--user-data-dir={profile}", *more, "--dump-dom", (self.folder / name).as_uri()]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL,
                                   start_new_session=True, env={**os.environ, "HOME": profile, "ASAN_OPTIONS": ""})
        try:
            shown, told = process.communicate(timeout=120)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # it has many children
        self.assertEqual(process.returncode, 0, told)
        return shown, re.findall(r"CONSOLE:.*", told)

    def browse_and_print(self, name, width, height):
        """With a picture and a PDF."""
        return self.browse(name, f"--window-size={width},{height}", f"--screenshot={self.folder / name}.png",
                           f"--print-to-pdf={self.folder / name}.pdf")

    def assert_picture(self, name, size, colours):
        """Not blank: the page's own colours are in it; and nothing sticks out at the right."""
        width, height, rows = read_png(self.folder / f"{name}.png")
        self.assertEqual((width, height), size)
        points = {bytes(row[i:i + 3]) for row in rows for i in range(0, len(row), 3)}
        self.assertLessEqual({bytes.fromhex(c) for c in colours}, points)
        self.assertGreater(len(points), 60)  # letters have soft edges
        below_mark = [row[-9:] for row in rows[80:]]
        self.assertEqual(len({bytes(edge) for edge in below_mark}), 1)

    def pages_of_pdf(self, name):
        data = (self.folder / f"{name}.pdf").read_bytes()
        self.assertTrue(data.startswith(b"%PDF-"))
        return len(re.findall(rb"/Type\s*/Page\b", data))

    def test_exact(self):
        page, faults = self.browse_and_print("exact.html", 800, 600)
        self.assertEqual(page.faults + faults, [])
        for line in ("Exact statistics: for use inside only.",
                     "In 2017, 68 signals of possible human trafficking were reported, concerning 68 persons. "
                     "That is 34 more than in 2016 (+100 %).",
                     "1 of 342 municipalities (under 1 %) has signalled in 2017; 341 have not.",
                     "Noord-Holland: 2 %, 1 of 44", "2016: 34, 2017: 68"):
            self.assertIn(line, page.plain())
        self.assertEqual(page.row("Signalled before 2017, but not in it", "Groningen")[1:],
                         ["Groningen", page.row("Signalled before 2017, but not in it", "Groningen")[2], "March 2015"])
        self.assert_picture("exact.html", (800, 600), ("8c1d18", "fffefb", "154273", "c2410c"))
        self.assertIn("Centrum & Co", page.plain())
        self.assertIn(self.pages_of_pdf("exact.html"), range(5, 15))

    def test_public_on_a_phone(self):
        page, faults = self.browse_and_print("public.html", 390, 600)
        self.assertEqual(page.faults + faults, [])
        for line in ("Rounded statistics: may be published.",
                     "In 2017, 60 to 69 signals of possible human trafficking were reported; in 2016, 30 to 39."):
            self.assertIn(line, page.plain())
        self.assert_picture("public.html", (390, 600), ("1d5b3c", "fffefb", "154273", "c2410c"))
        self.assertIn(self.pages_of_pdf("public.html"), range(3, 9))

    def test_axe(self):
        """Each page in both languages, wide and narrow, light and dark: in a frame, since a window is never narrower than 500."""
        axe = (outside.node_modules() / "axe-core/axe.min.js").read_text()
        for name in ("exact.html", "exact-nl.html", "public.html", "public-nl.html"):
            page = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", (self.folder / name).read_text(encoding="utf-8"))
            page = page.replace("</body>", AXE_RUNS.format(axe=axe, overflow="overflow") + "</body>")
            for width, dark in ((1280, "exact" in name), (390, "exact" not in name)):
                with self.subTest(page=name, width=width, dark=dark):
                    (self.folder / "frame.html").write_text(f'<!DOCTYPE html><body><iframe width="{width}" height="900" style="border:0" '
                                                            f'srcdoc="{html.escape(page)}"></iframe></body>', encoding="utf-8")
                    shown = self.dump("frame.html", "--window-size=1400,900", "--virtual-time-budget=20000",
                                      f"--blink-settings=preferredColorScheme={0 if dark else 1}")[0]
                    found = json.loads(html.unescape(re.search(r"<body[^>]*>(\{.*\})</body>", shown, re.S)[1]))
                    self.assertEqual((found["violations"], found["width"], found["dark"]), ([], width, dark))
                    self.assertLessEqual(found["overflow"], 0)
                    self.assertGreater(found["passes"], 15)

    def test_a_picture_that_runs_is_found(self):
        """By the check before the start, and when it has come afterwards."""
        self.addCleanup((self.folder / "logo.svg").write_text, LOGO)
        (self.folder / "logo.svg").write_text(LOGO.replace("<circle", '<circle onload="x()"'))
        checked = subprocess.run([harness.BUILD / "signaald", "-c", self.daemon.config_path, "--check-config"], capture_output=True,
                                 text=True, timeout=DEADLINE_S)
        self.assertEqual(checked.returncode, 2)
        self.assertRegex(checked.stderr, r"identity\.logo: .*it has an attribute that runs something")
        self.assertNotIn("x()", checked.stderr)
        done = subprocess.run([harness.BUILD / "signaalctl", "--socket", self.daemon.control_path, "report", "-o", self.folder / "none.html"],
                              capture_output=True, text=True, timeout=DEADLINE_S)
        self.assertEqual((done.returncode, (self.folder / "none.html").exists()), (1, False))
        self.assertIn("identity.logo", done.stderr)

    def test_faults_would_be_seen(self):
        """The check above can fail: what the page's policy forbids, and what breaks without one, is told."""
        page = (self.folder / "exact.html").read_text(encoding="utf-8")
        forbidden = page.replace("</main>", '<script>x()</script><img alt="" src="http://127.0.0.1:1/x.png"></main>')
        (self.folder / "forbidden.html").write_text(forbidden, encoding="utf-8")
        _, faults = self.browse("forbidden.html")
        self.assertEqual(len([f for f in faults if "Content Security Policy" in f]), 2, faults)


if __name__ == "__main__":
    unittest.main()
