# SPDX-License-Identifier: EUPL-1.2
"""Statistics for outside, with a clock that is moved (libfaketime). An attacker reads all of them before and after each signal
that comes, is corrected or is withdrawn, through midnights and ends of months, and must learn nothing of any of them."""
import csv
import datetime
import io
import json
import os
import random
import re
import shutil
import subprocess
import time
import unittest
import zoneinfo

from harness import BUILD, Fresh, wait_for
from test_silence import moved_by

AMSTERDAM = zoneinfo.ZoneInfo("Europe/Amsterdam")
ROUNDING_BASE = 10
MUNICIPALITIES = ("GM0363", "GM0457", "GM0344", "GM0599", "GM0014", "nergens")
KINDS = {"gm0363-amsterdam": "municipality", "coa": "coa", "zorg": "care", "politie": "police", "fairwork": "ngo", "nla": "nla"}
SOURCES = tuple(KINDS)
CATEGORIES = ("SexualExploitation", "ForcedLabour", "ForcedCriminality")


def seed():
    value = int(os.environ.get("SIGNAALD_SEED") or time.time())
    print("seed", value)
    return value


def clock_at(*date):
    """The environment of a daemon that starts at this moment in the Netherlands."""
    moment = datetime.datetime(*date, tzinfo=AMSTERDAM).timestamp()
    return {**moved_by(0), "FAKETIME": f"{moment - time.time():+.3f}"}


class World:
    """What has been delivered, and what may be told of it."""

    def __init__(self, daemon, number):
        self.daemon = daemon
        self.random = random.Random(number)
        self.signals = {}  # id -> (source, what it says)
        self.touched = set()  # since the last time that statistics were made
        self.shown = self.outside = None
        self.days_ago = (0, 5, 5, 40, 200)  # from the first of this month

    def post(self, name, source, signal):
        status = self.daemon.post(source, {"id": name, **signal}).status
        assert status in (200, 201), status
        self.touched.add(name)

    def make(self, day):
        """A signal of this month, of the one before or of any before that."""
        reported = day.replace(day=1) - datetime.timedelta(days=self.random.choice(self.days_ago))
        return {"reported": reported.isoformat(), "municipality": self.random.choice(MUNICIPALITIES),
                "category": self.random.choice(CATEGORIES),
                "victim": {"gender": self.random.choice(("man", "vrouw")), "age": self.random.choice((12, 30)),
                           "citizenship": self.random.choice(("NL", "PL", "NG"))}}

    def step(self, day):
        """One signal comes, is corrected or is withdrawn."""
        what = self.random.choice(("new", "new", "new", "correct", "withdraw"))
        if what == "new" or not self.signals:
            name = f"s-{len(self.signals)}"
            source = self.random.choice(SOURCES)
            signal = self.make(day)
            self.signals[name] = source, signal
        else:
            name = self.random.choice(list(self.signals))
            source, signal = self.signals[name]
            signal = self.make(day) if what == "correct" else {"withdrawn": True}
            self.signals[name] = source, signal
        self.post(name, source, signal)

    def fill(self, count, day):
        """Many at once."""
        for at, source in enumerate(SOURCES):
            items = []
            for _ in range(at, count, len(SOURCES)):
                name = f"s-{len(self.signals)}"
                self.signals[name] = source, self.make(day)
                items.append({"id": name, **self.signals[name][1]})
                self.touched.add(name)
            assert not items or self.daemon.post(source, items).status == 200

    def remember(self):
        return self.random.getstate(), dict(self.signals), set(self.touched)

    def go_back(self, memory):
        state, self.signals, self.touched = memory[0], dict(memory[1]), set(memory[2])
        self.random.setstate(state)


def statistics(daemon):
    return daemon.control("GET", "/v1/statistics").json


def key(statistic):
    return tuple(sorted((k, v) for k, v in statistic.items() if k not in ("count", "roundingBase", "closed")))


def outside(daemon):
    """Every form in which anybody can read them, to the byte."""
    return [(answer.headers["ETag"], answer.body) for answer in (daemon.request("GET", path) for path in (
        "/v1/statistics", "/v1/statistics?format=csv", "/v1/statistics?format=excel", "/v1/codes"))]


def table(answer):
    return {key(statistic): statistic["count"] for statistic in answer["statistics"]}


def exact(daemon, closed):
    """All margins that may be told, not floored, from the exact counts of closed months."""
    margins = {}
    pairs = [("year", *by) for by in ((), ("category",), ("province",), ("policeUnit",), ("safetyRegion",), ("municipality",),
                                      ("gender",), ("ageGroup",), ("citizenship",), ("sourceKind",),
                                      ("province", "category"), ("policeUnit", "category"),
                                      ("gender", "citizenship", "category"), ("gender", "foreign", "category"))]
    pairs += [("month",), ("month", "category")]
    months = [line["month"] for line in daemon.counts("?by=month")["lines"] if line["month"] <= closed]
    for month in months:
        for by in pairs:
            rest = [dimension for dimension in by if dimension not in ("year", "month")]
            query = f"?by={','.join(rest)}&month={month}" if rest else f"?month={month}"
            for line in daemon.counts(query)["lines"]:
                period = ("year", month[:4]) if by[0] == "year" else ("month", month)
                name = tuple(sorted([period, ("measure", "signals"), *((d, line[d]) for d in rest)]))
                margins[name] = margins.get(name, 0) + line["signals"]
    return margins


class Statistics(Fresh):
    EXTRA = {"disclosure": [f"rounding_base: {ROUNDING_BASE}", "public: yes", "requests_per_minute: 0"]}
    SOURCES = [{"name": name, "kind": kind, "municipality": "GM0363" if kind == "municipality" else "", "push": True}
               for name, kind in KINDS.items()]

    def tearDown(self):
        if self.daemon.process is not None:
            self.daemon.stop()

    def closes(self):
        return len(re.findall("statistics (made|stay)", self.daemon.log()))

    def start_at(self, *date, close=False):
        """A daemon that lives at this moment; `close`: after it has looked at the months that have closed."""
        before = self.closes() if self.daemon.log_path.exists() else 0
        env = clock_at(*date)
        self.ahead_s = float(env["FAKETIME"])
        self.daemon.start(env=env)
        if close:
            wait_for(lambda: self.closes() > before, "the close of a month")

    def check_floors(self):
        """Each statistic is the floor of its margin, and none is missing."""
        answer = statistics(self.daemon)
        told = {name: count for name, count in table(answer).items() if ("measure", "signals") in name}
        floors = {name: count // ROUNDING_BASE * ROUNDING_BASE for name, count in exact(self.daemon, answer["closed"]).items()}
        self.assertEqual(told, {name: count for name, count in floors.items() if count})

    def check_step(self, world):
        """At a close: either nothing has changed, or the work of at least so many signals as the rounding_base."""
        after = statistics(self.daemon)
        if after["closed"] == world.shown["closed"]:
            self.assertEqual((after, outside(self.daemon)), (world.shown, world.outside))
            return False
        self.assertGreaterEqual(len(world.touched), ROUNDING_BASE)
        old, new = table(world.shown), table(after)
        for name in old.keys() | new.keys():
            step = abs(new.get(name, 0) - old.get(name, 0))
            self.assertTrue(step == 0 or step >= ROUNDING_BASE, name)
        for statistic in after["statistics"]:
            self.assertEqual((statistic["count"] % ROUNDING_BASE, statistic["roundingBase"]), (0, ROUNDING_BASE))
            if old.get(key(statistic)) != statistic["count"]:
                self.assertEqual(statistic["closed"], after["closed"])
        self.show(world)
        return True

    def show(self, world):
        """What is told outside from now on, which is the same numbers in each form."""
        world.shown, world.outside, world.touched = statistics(self.daemon), outside(self.daemon), set()
        numbers = [statistic["count"] for statistic in world.shown["statistics"]]
        self.assertEqual([line["count"] for line in json.loads(world.outside[0][1])["statistics"]], numbers)
        for (_, body), separator in zip(world.outside[1:3], ",;"):
            rows = csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline=""), delimiter=separator)
            self.assertEqual([int(row["count"]) for row in rows], numbers)

    def attack(self, world, day, steps, until=None):
        """What is told before and after each injection is the same to the byte: it narrows nothing down. False when it was not
        done at `until`."""
        for _ in range(steps):
            world.step(day)
            told = statistics(self.daemon), outside(self.daemon)
            if until and time.time() + self.ahead_s > until.timestamp():
                return False
            self.assertEqual(told, (world.shown, world.outside))
        return True

    def attack_over_midnight(self, world, month, steps):
        """A month ends while the daemon runs and signals come; whether its statistics were made then. The daemon starts the longer
        before midnight the slower all is."""
        midnight = datetime.datetime(2018, month, 1, tzinfo=AMSTERDAM)
        memory, kept = world.remember(), self.daemon.directory / f"state-{month}"
        shutil.copytree(self.daemon.state, kept)
        for early_s in (1.5, 3, 6, 12, 24, 48):
            start, before = midnight - datetime.timedelta(seconds=early_s), self.closes()
            self.start_at(*start.timetuple()[:6], start.microsecond)
            if self.attack(world, start.date(), steps, midnight):
                break
            self.daemon.kill()
            shutil.rmtree(self.daemon.state)
            shutil.copytree(kept, self.daemon.state)
            world.go_back(memory)
        wait_for(lambda: self.closes() > before, "the end of the month")
        return self.check_step(world)

    def test_differencing(self):
        world = World(self.daemon, seed())
        self.start_at(2018, 3, 20, 12)
        world.fill(120, datetime.date(2018, 3, 20))
        answer = self.daemon.control("POST", "/v1/statistics/release")
        self.assertEqual((answer.status, answer.json["closed"]), (200, "2018-02"))
        self.show(world)
        self.assertEqual(answer.json, world.shown)
        self.check_floors()
        # In a month so many signals: some months have too few, and theirs are told with a later one's.
        made = []
        for month, steps in ((4, 40), (5, 4), (6, 5), (7, 50)):
            self.daemon.stop()
            made.append(self.attack_over_midnight(world, month, steps))
            if made[-1]:
                self.check_floors()
        self.assertEqual(made, [True, False, False, True])
        self.attack(world, datetime.date(2018, 7, 1), 30)
        self.daemon.stop()
        self.start_at(2018, 7, 2)  # nothing more of this month
        self.assertEqual((statistics(self.daemon), outside(self.daemon)), (world.shown, world.outside))
        self.daemon.stop()
        self.start_at(2019, 1, 1, 0, 0, 5, close=True)  # it slept over several months
        self.assertTrue(self.check_step(world))

    def test_asked_once(self):
        """The operator's way in, its limits, and what a kill leaves of it."""
        self.start_at(2018, 3, 20)
        world = World(self.daemon, 1)
        empty = {"roundingBase": ROUNDING_BASE, "closed": None, "statistics": [], "names": {}}
        self.assertEqual(statistics(self.daemon), empty)
        self.assertEqual(self.daemon.control("POST", "/v1/statistics/release").status, 409)
        world.fill(60, datetime.date(2018, 3, 20))
        self.assertEqual(statistics(self.daemon), empty)
        self.assertEqual(self.daemon.control("POST", "/v1/statistics/release").status, 200)
        self.daemon.kill()
        self.start_at(2018, 3, 21)
        told = statistics(self.daemon)
        self.assertEqual(told["closed"], "2018-02")
        self.assertEqual(told["names"]["PV27"], "Noord-Holland")
        self.assertIn({"measure": "signals", "year": "2018"}, [dict(key(f)) for f in told["statistics"]])
        self.check_floors()
        refused = self.daemon.control("POST", "/v1/statistics/release")
        self.assertEqual((refused.status, statistics(self.daemon)), (409, told))
        lines = self.daemon.control("GET", "/v1/audit?last=1000").body.decode()
        self.assertRegex(lines, '"release statistics".*"begun"')
        self.assertRegex(lines, '"release statistics".*"200"')
        self.assertNotIn("read statistics", lines)
        metrics = self.daemon.metrics()
        self.assertEqual(metrics["signaald_statistics_waiting"], len(told["statistics"]))
        self.assertEqual(self.daemon.status()["kafka"]["counts"],
                         {"state": "off", "topic": "signal-counts", "waiting": len(told["statistics"]), "lastError": None,
                          "whatToDo": None})

    def test_rounding_base_stays_compatible(self):
        self.start_at(2018, 3, 20)
        world = World(self.daemon, 2)
        world.days_ago = (5, 40, 200)
        world.fill(60, datetime.date(2018, 3, 20))
        self.assertEqual(self.daemon.control("POST", "/v1/statistics/release").status, 200)
        told = statistics(self.daemon)
        self.daemon.stop()
        self.daemon.extra["disclosure"] = ["rounding_base: 15"]
        self.daemon.write_config()
        result = subprocess.run([str(BUILD / "signaald"), "-c", str(self.daemon.config_path)], capture_output=True, text=True,
                                timeout=60, check=False)
        self.assertEqual(result.returncode, 2)
        self.assertIn("disclosure.rounding_base: 15 neither divides", result.stderr)
        self.daemon.extra["disclosure"] = ["rounding_base: 5"]
        self.daemon.write_config()
        self.start_at(2018, 3, 21)
        self.assertEqual(statistics(self.daemon), told)  # until a month closes
        world.fill(4, datetime.date(2018, 3, 21))
        self.daemon.stop()
        self.start_at(2018, 4, 1, 0, 0, 1, close=True)
        self.assertEqual(statistics(self.daemon), told)  # too few
        world.fill(4, datetime.date(2018, 3, 21))
        self.daemon.stop()
        self.start_at(2018, 5, 1, close=True)
        answer = statistics(self.daemon)
        self.assertEqual((answer["roundingBase"], answer["closed"]), (5, "2018-04"))
        self.assertEqual({f["roundingBase"] for f in answer["statistics"]}, {5})

    def test_killed_at_a_close(self):
        """Whenever it is killed: statistics are all of the old ones or all of the new ones."""
        self.start_at(2018, 3, 20)
        world = World(self.daemon, 3)
        world.fill(600, datetime.date(2018, 3, 20))
        self.daemon.control("POST", "/v1/statistics/release")
        old = statistics(self.daemon)
        world.fill(600, datetime.date(2018, 3, 21))
        self.daemon.stop()
        chance = random.Random(seed())
        wait = 0.3
        answer = old
        while answer["closed"] == "2018-02":  # until one lived long enough
            self.assertLess(wait, 60)
            self.start_at(2018, 4, 1)
            time.sleep(wait * chance.uniform(0.9, 1.1))  # a moment at which it is killed, nothing that is waited for
            self.daemon.kill()
            wait *= 1.1
            self.start_at(2018, 3, 31)
            answer = statistics(self.daemon)
            if answer["closed"] == "2018-02":
                self.assertEqual(answer, old)
            self.daemon.stop()
        self.start_at(2018, 4, 1, 0, 0, 5)
        self.assertEqual(statistics(self.daemon), answer)
        self.assertEqual(answer["closed"], "2018-03")
        self.check_floors()


if __name__ == "__main__":
    unittest.main()
