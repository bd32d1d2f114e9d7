# SPDX-License-Identifier: EUPL-1.2
"""Waits until the daemon has everything the demo's sources deliver, and compares its counts.

  check.py DIR CTL --within SECONDS --daemon PID --fleet PID [--kafka HOST:PORT]

CTL is the path of signaalctl. Exit status 0: every count is right.
"""
import argparse
import csv
import json
import mmap
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from data import MEN, PRIVATE, Demo

QUERIES = [
    (["year"], Demo.men_filter()),
    (["citizenship"], Demo.men_filter()),
    (["province", "category"], {}),
    (["municipality"], {"year": "2016"}),
    (["municipality"], {"year": "2017"}),
    (["year"], {}),
    (["gender"], {}),
    (["ageGroup"], {}),
    (["sourceKind"], {}),
]
VERDICTS = ["registered", "duplicate", "corrected", "withdrawn", "refused"]
CHANGES = ["registered", "corrected", "withdrawn"]  # each is one event


class Daemon:
    def __init__(self, directory, ctl):
        self.command = [str(ctl), "--socket", f"{directory}/control.sock", "--json"]

    def ask(self, *args):
        """The daemon's answer, or None when it did not give one."""
        done = subprocess.run([*self.command, *args], capture_output=True, text=True, timeout=20,
                              check=False)
        try:
            return json.loads(done.stdout) if done.returncode == 0 else None
        except ValueError:
            return None

    def counts(self, by, where):
        args = ["counts", "--by", ",".join(by)]
        for name, value in where.items():
            args += ["--where", f"{name}={value}"]
        answer = self.ask(*args)
        if answer is None:
            return None
        lines = {tuple(str(line[name]) for name in by): line["signals"] for line in answer["lines"]}
        return {key: count for key, count in lines.items() if count}


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def fold(counts):
    """Codes of "unknown" are compared without regard to case."""
    return {tuple("unknown" if p.lower() == "unknown" else p for p in key): count
            for key, count in counts.items()}


def compare_counts(demo, daemon):
    for by, where in QUERIES:
        name = "counts by " + " and ".join(by) + "".join(f", {v}" for v in where.values())
        got = daemon.counts(by, where)
        if got is None:
            yield f"{name}: no answer"
            continue
        got, expected = fold(got), fold(demo.expect(by, where))
        for key in sorted(got.keys() | expected.keys()):
            if got.get(key, 0) != expected.get(key, 0):
                yield f"{name}: {' '.join(key)} is {got.get(key, 0)}, not {expected.get(key, 0)}"


def check_trend(demo, daemon):
    """Did it double?"""
    where = [arg for item in demo.men_filter().items() for arg in ("--where", "=".join(item))]
    (first, before), (second, after) = MEN.items()
    trend = daemon.ask("trend", "--period", f"{first}..{second}", *where)
    points = [{"period": str(first), "signals": before, "persons": before},
              {"period": str(second), "signals": after, "persons": after, "change": after - before,
               "percent": 100.0, "beyondChance": True}]
    if trend is None or trend["total"] != points:
        yield f"the trend is {trend and trend['total']}, not {points}"


def check_coverage(demo, daemon, directory):
    """Who is silent? Each of the demo's municipalities has signalled, Weesp for Amsterdam."""
    coverage = daemon.ask("coverage")
    if coverage is None:
        yield "there is no coverage"
        return
    with open(directory / "sources.csv", encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] == "municipality"]
    codes, official, policy = (
        {demo.today(row["municipality"]) for row in rows if wanted(row)}
        for wanted in (lambda row: True, lambda row: row["official"] == "yes",
                       lambda row: row["policy"] == "yes"))
    level = {"signals": len(codes), "official": len(official), "policy": len(policy),
             "all": len(official & policy)}
    signals = {line["code"] for line in coverage["list"] if line["state"] == "signals"}
    if signals != codes:
        yield f"municipalities that signal: {sorted(signals)}, not {sorted(codes)}"
    if coverage["basicLevel"] != level:
        yield f"the basic level is {coverage['basicLevel']}, not {level}"


def compare_status(fleet, status):
    intake, tally = status["intake"], fleet["tally"]
    for verdict in VERDICTS:
        low = tally.get(verdict, 0)
        # A body that is broken as a whole may count as one refusal, or not as an item at all.
        high = low + (fleet["broken"] if verdict == "refused" else 0)
        if not low <= intake[verdict] <= high:
            yield f"{verdict}: {intake[verdict]}, not {low}"
    if intake["received"] != sum(intake[verdict] for verdict in VERDICTS):
        yield "received is not the sum of the verdicts"
    if status["ledger"]["accepted"] != sum(tally.get(verdict, 0) for verdict in CHANGES):
        yield f"accepted in the ledger: {status['ledger']['accepted']}"
    for name in ("unknownFields", "unmapped", "unknownMunicipalities"):
        if not intake[name]:
            yield f"{name} is 0: a word or field that nobody knows was not noticed"


def compare_kafka(status):
    ledger = status["ledger"]
    if status["kafka"]["state"] != "running":
        yield f"Kafka: {status['kafka']['state']}"
    if ledger["waiting"] or ledger["published"] != ledger["accepted"]:
        yield f"{ledger['waiting']} events still wait for Kafka"


def differences(args, demo, daemon):
    """All that is not (yet) as it must be, and the fleet's view."""
    fleet = json.loads((args.directory / "fleet.json").read_text(encoding="utf-8"))
    status = daemon.ask("status")
    if status is None:
        return ["the daemon does not answer"], fleet
    found = []
    if fleet["postsLeft"] or fleet["pollsLeft"]:
        found.append(f"{fleet['postsLeft']} posts and {fleet['pollsLeft']} second polls to come")
    else:
        found += list(compare_status(fleet, status)) + list(compare_counts(demo, daemon))
        found += list(compare_kafka(status)) if args.kafka else []
    return found, fleet


def progress(seconds, fleet):
    items = sum(fleet["tally"].values())
    print(f"  {seconds:3.0f} s  {items} signals delivered; still to come: {fleet['postsLeft']} "
          f"posts, {fleet['pollsLeft']} second polls", flush=True)


def wait(args, demo, daemon):
    """Until nothing differs; False when the time is up or it cannot come right any more."""
    began = time.monotonic()
    shown = -5.0
    while True:
        found, fleet = differences(args, demo, daemon)
        seconds = time.monotonic() - began
        if not found or fleet["problems"] or seconds - shown >= 5:
            progress(seconds, fleet)
            shown = seconds
        dead = [name for name in ("daemon", "fleet") if not alive(getattr(args, name))]
        if fleet["problems"] or dead or (found and seconds >= args.within):
            for line in fleet["problems"] + [f"the {name} has ended" for name in dead] + found:
                print(f"  WRONG  {line}")
            return None
        if not found:
            return fleet
        time.sleep(0.25)


def records(brokers):
    """All records of the topic, as any consumer sees them."""
    done = subprocess.run(["kcat", "-C", "-q", "-e", "-J", "-b", brokers, "-t", "signals", "-o",
                           "beginning"], capture_output=True, text=True, timeout=60, check=True)
    for line in done.stdout.splitlines():
        record = json.loads(line)
        names = record["headers"]
        record["headers"] = dict(zip(names[::2], names[1::2]))
        if ".signal." in record["headers"]["ce_type"]:
            yield {**record, "value": json.loads(record["payload"])}


def years_of_man(data):
    """The year that a signal about a man counts in; none for another."""
    man = data["victim"]["gender"] == "Masculine" and "SexualExploitation" in data["categories"]
    return [data["reported"][:4]] if man else []


def count_men(events):
    """What a consumer computes from the events alone: each says what it takes away and what it adds."""
    men = Counter()
    for event in events:
        value = event["value"]
        if "previous" in value:
            men.subtract(years_of_man(value["previous"]))
        if value["counts"]:
            men.update(years_of_man(value))
    return men


def check_topic(brokers, fleet):
    events = list(records(brokers))
    ids = Counter(event["headers"]["ce_id"] for event in events)
    expected = sum(fleet["tally"].get(verdict, 0) for verdict in CHANGES)
    men = count_men(events)
    partitions = {event["partition"] for event in events}
    print(f"\nThe topic \"signals\" has {len(events)} records in {len(partitions)} partitions, "
          f"{len(ids)} different event ids. Three of them:")
    for event in events[:1] + [e for e in events if e["value"]["version"] > 1][:2]:
        headers, value = event["headers"], event["value"]
        print(f"  partition {event['partition']} offset {event['offset']} key {event['key']}\n"
              f"    {headers['ce_type']}  {headers['ce_id']}\n"
              f"    {value['source']['name']}, {value['municipality']['name']}, "
              f"{'+'.join(value['categories'])}, {value['reported']}, version {value['version']}")
    print("  Counted from these records alone: " + ", ".join(f"{y}: {men[str(y)]}" for y in MEN))
    if len(events) != expected or len(ids) != len(events):
        yield f"{len(events)} records with {len(ids)} ids in the topic, not {expected} of each"
    if any(men[str(year)] != count for year, count in MEN.items()):
        yield "the events do not add up to the counts"
    text = "".join(event["payload"] + str(event["headers"]) + str(event["key"]) for event in events)
    yield from (f"\"{word}\" is in the topic" for word in PRIVATE if word in text)


def check_private(directory):
    """Free text and numbers of persons must be nowhere in the state or the log."""
    for path in [directory / "signaald.log", *(directory / "state").rglob("*")]:
        if not path.is_file() or not path.stat().st_size:
            continue
        with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
            yield from (f"\"{word}\" is in {path.name}" for word in PRIVATE
                        if text.find(word.encode()) >= 0)


def summary(fleet):
    tally = fleet["tally"]
    print(f"""
All counts are as expected:
  {sum(tally.values()):4} signals delivered, every good one at least twice
  {tally['registered']:4} registered: the first time
  {tally['duplicate']:4} duplicates: changed nothing
  {tally['corrected']:4} corrected: the counts moved with them
  {tally['withdrawn']:4} withdrawn: out of the counts
  {tally['refused']:4} refused, with the reason (and {fleet['broken']} bodies that are not JSON)
  Free text and a BSN that came along are nowhere in the state or the log.""")


def main():
    parser = argparse.ArgumentParser(description="Compares the daemon's counts with the demo's.")
    parser.add_argument("directory", type=Path)
    parser.add_argument("ctl", type=Path)
    parser.add_argument("--within", type=float, required=True)
    parser.add_argument("--daemon", type=int, required=True)
    parser.add_argument("--fleet", type=int, required=True)
    parser.add_argument("--kafka")
    args = parser.parse_args()
    setup = json.loads((args.directory / "demo.json").read_text(encoding="utf-8"))
    demo = Demo(Path(setup["repo"]) / "conf/municipalities.csv")
    daemon = Daemon(args.directory, args.ctl)
    fleet = wait(args, demo, daemon)
    if fleet is None:
        return 1
    wrong = list(check_private(args.directory)) + list(check_trend(demo, daemon))
    wrong += list(check_coverage(demo, daemon, args.directory))
    wrong += list(check_topic(args.kafka, fleet)) if args.kafka else []
    for line in wrong:
        print(f"  WRONG  {line}")
    if wrong:
        return 1
    summary(fleet)
    return 0


if __name__ == "__main__":
    sys.exit(main())
