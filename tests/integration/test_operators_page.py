# SPDX-License-Identifier: EUPL-1.2
"""The operators' page in a real Chromium behind a port that leads to the local socket, as ssh -L makes one; and its streams."""
import contextlib
import json
import re
import unittest

import harness
import outside
from alarms import ALARMS
from devtools import Chromium, Forward
from faults import Inject, can_trace
from harness import ROOT, SIGNAL, Case, Endpoint, wait_for

WEB = ROOT / "conf" / "web"
TABS = 64  # of one reader; STREAMS_UID_MAX of live.c
AXE = """axe.run({resultTypes: ["violations"]}).then(found => ({violations: found.violations.map(v => [v.id, v.nodes.map(n => n.html)]),
  passes: found.passes.length, overflow: document.documentElement.scrollWidth - innerWidth,
  dark: matchMedia("(prefers-color-scheme: dark)").matches}))"""


class Failing(Case):
    """One source posts; the other one is polled, and fails."""

    @classmethod
    def setUpClass(cls):
        cls.endpoint = Endpoint()
        cls.addClassCleanup(cls.endpoint.close)
        cls.endpoint.paths["/bad"] = lambda *_: (500, {}, b"")
        cls.SOURCES = [{"name": "gm0193", "kind": "municipality", "municipality": "GM0193", "push": True},
                       {"name": "gm0363", "kind": "municipality", "municipality": "GM0363", "url": cls.endpoint.url("/bad"),
                        "interval": "1s", "allow_private": "yes"}]
        super().setUpClass()


class Served(Failing):
    """Without a browser."""

    def audited(self):
        lines = [json.loads(line) for line in self.daemon.control("GET", "/v1/audit").body.splitlines()]
        return [line["action"] for line in lines].count("read page")

    def test_page(self):
        answer = self.daemon.control("GET", "/")
        policy = answer.headers["Content-Security-Policy"]
        self.assertEqual(answer.headers["Content-Type"], "text/html; charset=utf-8")
        self.assertIn("default-src 'none'", policy)
        self.assertNotIn("unsafe", policy)
        page = answer.body.decode()
        self.assertEqual(re.findall(r"https?://(?!www\.w3\.org/2000/svg)", page), [])  # nothing from elsewhere
        self.assertEqual(re.findall(r"<[^>]*\s(?:style|on\w+)=", page.split("<script>")[0]), [])
        self.assertNotIn("{{", page)
        self.assertNotIn("gm0193", page)  # the page itself has nothing of the ledger

    def test_language(self):
        def language(query, header):
            connection = harness.UnixConnection(self.daemon.control_path)
            with contextlib.closing(connection):
                connection.request("GET", "/" + query, headers={"Accept-Language": header})
                answer = harness.Answer(connection.getresponse())
            self.assertIn(f'<html lang="{answer.headers["Content-Language"]}">', answer.body.decode())
            return answer.headers["Content-Language"]
        for query, header, expected in (("", "nl-NL,nl;q=0.9,en;q=0.8", "nl"), ("", "en-GB,en;q=0.9,nl;q=0.8", "en"), ("", "fr", "nl"),
                                        ("?lang=en", "nl", "en"), ("?lang=nl", "en", "nl"), ("?lang=<b>", "en", "en")):
            self.assertEqual(language(query, header), expected, (query, header))

    def test_words(self):
        """Each alarm that stands, or is told, has its words; the others end the daemon, but for S041, which is S040 that goes on."""
        words = (WEB / "operators-words.js").read_text()
        told = re.findall(r"ALARM_(\w+)", (ROOT / "daemon/control/standing.c").read_text())
        codes = {alarm.code for alarm in ALARMS.values() if alarm.name in told}
        self.assertEqual(codes, set(re.findall(r"^  (S\d{3}): \[\[", words, re.M)))
        self.assertEqual(set(ALARMS) - codes, {"S001", "S010", "S011", "S012", "S013", "S041", "S071", "S072"})

    def test_audit(self):
        """A visit is a line, however long it looks; totals are none."""
        before = self.audited()
        with self.daemon.live("/v1/live") as status, self.daemon.live("/v1/live/figures") as figures:
            for n in range(3):
                next(status)
                self.daemon.post("gm0193", {"id": f"audit-{n}", **SIGNAL})
                last = self.daemon.events("?last=1")[0]["id"]
                next(text for text in figures if text["events"] and text["events"][-1]["event"]["id"] == last)
        self.assertEqual(self.audited(), before + 1)

    def test_many_tabs(self):
        """They share one text: none of them asks anything of the ledger. One more than a reader's share is refused; intake goes on."""
        with contextlib.ExitStack() as stack:
            def open_tab():
                with contextlib.suppress(AssertionError):  # 429: one of a test before has not been seen to be gone
                    return stack.enter_context(self.daemon.live("/v1/live/figures"))
            tabs = [wait_for(open_tab, "another page can be opened") for _ in range(TABS)]
            for tab in tabs:
                next(tab)
            self.assertEqual(self.daemon.control("GET", "/v1/live/figures").status, 429)
            for n in range(20):
                self.assertEqual(self.daemon.post("gm0193", {"id": f"tab-{n}", **SIGNAL}).status, 201)
            last = self.daemon.events("?last=1")[0]["id"]

            def newest(tab):
                return next(text["time"] for text in tab if text["events"] and text["events"][-1]["event"]["id"] == last)
            self.assertEqual(len({newest(tab) for tab in tabs}), 1)

    def test_trouble(self):
        """What fails is told with its reason and its next poll, and stands as an alarm."""
        with self.daemon.live("/v1/live/figures") as figures:
            feed = next(text["troubled"][0] for text in figures if text["troubled"])
        self.assertEqual((feed["name"], feed["municipality"], feed["trouble"]), ("gm0363", "Amsterdam", "failing"))
        self.assertTrue(feed["failure"] and feed["nextPoll"])
        with self.daemon.live("/v1/live") as status:
            self.assertIn({"code": "S040", "count": 1}, next(status)["alarms"])

    def test_rates(self):
        with self.daemon.live("/v1/live") as status:
            before = next(status)["rates"]
            self.daemon.post("gm0193", [{"id": f"rate-{n}", **SIGNAL} for n in range(7)])
            after = next(text["rates"] for text in status if text["rates"]["hour"] > before["hour"])
        self.assertEqual((after["hour"] - before["hour"], after["day"] - before["day"]), (7, 7))
        self.assertEqual(sum(after["minutes"]), after["hour"])


class InBrowser(Failing):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.forward = Forward(cls.daemon.control_path)
        cls.addClassCleanup(cls.forward.close)
        cls.browser = Chromium()
        cls.addClassCleanup(cls.browser.close)

    def look(self, query="?lang=en", **more):
        tab = self.browser.open(f"http://127.0.0.1:{self.forward.port}/{query}", **more)
        self.addCleanup(tab.close)
        tab.wait("document.getElementById('figures')?.hidden === false && document.getElementById('live').className === 'on'", "the page is live")
        return tab

    def post(self, name, **more):
        self.assertEqual(self.daemon.post("gm0193", {"id": name, **SIGNAL, **more}).status, 201)

    def test_live(self):
        """A new signal is there without a reload, and what has not changed keeps its place in the document."""
        tab = self.look()
        tab.run("window.stays = document.querySelector('#coverage-table tbody'); document.querySelector('details').open = true")
        self.post("live-1", category="gedwongen huwelijk")
        tab.wait_text("Forced marriage")
        self.assertIn("Zwolle", tab.text())
        tab.wait_text("Intake works, but: polls fail")
        tab.wait_text("HTTP status 500")
        self.assertTrue(tab.run("document.querySelector('details').open && location.search === '?lang=en'"))
        self.assertEqual(self.browser.faults, [])

    def test_departed(self):
        """What departs has its list and its row among the events; what a table calls a place stays text."""
        tab = self.look("?lang=nl")
        tab.wait_text("Nog niets getoetst")
        evil = "<img src=x onerror=alert(1)>"
        side = {"signals": 34, "municipalities": 9}
        data = [{"event": "departed", "region": region, "category": "SexualExploitation", "before": side, "now": {**side, "signals": 68},
                 "p": n / 1000} for n, region in enumerate(({"kind": "policeUnit", "code": "Rotterdam", "name": None},
                                                            {"kind": "province", "code": "PV27", "name": evil},
                                                            {"kind": "country", "code": "NL", "name": None}))]
        listed = [{"since": "2017-12", "data": one} for one in reversed(data)]
        tab.run(f"""streams.forEach((stream) => stream.close());
          drawDeparted({json.dumps({"closed": "2017-12", "tested": 143, "departed": listed})});
          drawEvents({json.dumps([{"event": {"type": "x.trend.departed.v1", "time": "2018-01-02T00:00:00Z", "data": one},
                                   "published": True} for one in data])})""")
        rows = "[...document.querySelectorAll('#{} tbody tr')].map((tr) => [...tr.cells].map((td) => td.textContent.replace('\u202f', ' ')))"
        self.assertEqual(tab.run(rows.format("departed")),
                         [[place + "Seksuele uitbuiting", "34", "68", "+34 (+100 %)"] for place in ("politie Rotterdam", evil, "Nederland")])
        self.assertEqual([row[1:5] for row in tab.run(rows.format("events"))],
                         [["trend wijkt af", "\u2013", place, "Seksuele uitbuiting"] for place in ("Nederland", evil, "politie Rotterdam")])
        self.assertEqual(tab.run("document.querySelectorAll('img').length"), 0)

    def test_keyboard_stays(self):
        """Who has moved to a table, and in it to the right, is still there when a new line has come."""
        self.post("keyboard-1")
        tab = self.look(width=390)
        tab.wait("!!document.querySelector('#events .wide')", "there are events")
        tab.run("Object.assign(document.querySelector('#events .wide'), {scrollLeft: 60}).focus()")
        self.post("keyboard-2", category="kinderarbeid")
        tab.wait_text("Child labour")
        self.assertEqual(tab.run("[document.activeElement.closest('section').querySelector('h2').id, document.activeElement.scrollLeft]"),
                         ["h-events", 60])

    def test_restart(self):
        """The page says that contact is lost, goes on by itself when the daemon is there again, and was not loaded anew."""
        tab = self.look("?lang=nl")
        tab.run("window.same = true")
        self.daemon.kill()
        tab.wait_text("Geen contact met signaald")
        self.daemon.start()
        self.post("restart-1", category="orgaanverwijdering")
        tab.wait_text("Orgaanverwijdering")
        tab.wait("document.getElementById('live').className === 'on'", "contact")
        self.assertNotIn("Geen contact", tab.text())
        self.assertTrue(tab.run("window.same"))
        self.browser.faults.clear()  # that it could not connect

    @unittest.skipUnless(can_trace(), "strace may not trace here")
    def test_disk_fails(self):
        """The page that somebody opens then says so, with the totals; exact counts follow when their line can be written again."""
        with Inject(self.daemon.process, "fdatasync:error=ENOSPC"):
            self.assertEqual(self.daemon.post("gm0193", {"id": "disk-1", **SIGNAL}).status, 503)
            tab = self.browser.open(f"http://127.0.0.1:{self.forward.port}/?lang=en")
            self.addCleanup(tab.close)
            tab.wait_text("Nothing can be written: senders get 503")
            tab.wait_text("Exact counts cannot be read now")
            tab.wait_text("sources, 1 of them polled")
        tab.wait_text("Intake works")
        tab.wait_text("Latest events")
        self.assertNotIn("Exact counts cannot be read now", tab.text())
        self.browser.faults.clear()  # that it was refused

    def test_axe(self):
        self.post("axe-1", category="onbekende uitbuiting")
        axe = (outside.node_modules() / "axe-core/axe.min.js").read_text()
        for language, width, dark in (("nl", 1280, False), ("en", 390, True)):
            with self.subTest(language=language, width=width, dark=dark):
                tab = self.look(f"?lang={language}", width=width, dark=dark)
                tab.run("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
                tab.run(axe + ";0")
                found = tab.run(AXE)
                self.assertEqual((found["violations"], found["dark"]), ([], dark))
                self.assertLessEqual(found["overflow"], 0)
                self.assertGreater(found["passes"], 20)

    def test_words_of_both_languages(self):
        tab = self.look()
        keys = "(v) => JSON.stringify(typeof v === 'object' ? Object.keys(v) : (v.match(/\\{\\}/g) || []).length)"
        self.assertEqual(tab.run(f"Object.entries(WORDS).filter(([, v]) => v.length !== 2 || new Set(v.map({keys})).size !== 1).map(([k]) => k)"), [])
        used = set(re.findall(r"(?:say|named)\(\"(\w+)\"", (WEB / "operators.js").read_text())) | \
            set(re.findall(r"data-(?:t|label)=\"(\w+)\"", (WEB / "operators.html").read_text()))
        self.assertEqual(used - set(tab.run("Object.keys(WORDS)")), set())

    def test_nothing_else_runs(self):
        """The policy holds: no script and no style of anybody else's, and no request elsewhere."""
        tab = self.look()
        self.assertEqual(tab.run("""(async () => {
          const script = document.createElement("script"); script.textContent = "window.bad = 1"; document.head.append(script);
          const fetched = await fetch("http://127.0.0.1:1/").then(() => "fetched", () => "refused");
          const div = document.createElement("div"); div.setAttribute("style", "position: fixed"); document.body.append(div);
          return [window.bad === undefined, fetched, getComputedStyle(div).position];
        })()"""), [True, "refused", "static"])
        faults = " ".join(self.browser.faults)
        for directive in ("script-src", "connect-src", "style-src"):
            self.assertIn("Content Security Policy directive", faults)
            self.assertIn(directive, faults)
        self.browser.faults.clear()


if __name__ == "__main__":
    unittest.main()
