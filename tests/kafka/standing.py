# SPDX-License-Identifier: EUPL-1.2
"""The topic of signals as they stand, held against the events: what a table that is filled from it has must be what the events
say, for each signal. The model is made of the events and the shipped table of municipalities only."""
import csv
import pathlib

import broker

TABLE = pathlib.Path(__file__).resolve().parents[2] / "conf" / "municipalities.csv"
CATEGORIES = ("SexualExploitation", "ForcedLabour", "ForcedCriminality", "ForcedBegging", "Servitude", "OrganRemoval", "ForcedMarriage",
              "ChildLabour", "ForcedAdoption", "Surrogacy", "ForcedMilitaryByNonStateActors", "Other", "Unknown")


def municipalities():
    with open(TABLE) as file:
        return {row["code"]: row for row in csv.DictReader(file)}


def record_of(data, table):
    """The flat record for the data of an event; None where the signal was erased."""
    if data["event"] == "erased":
        return None
    place = data["municipality"]
    flat = {name: data[name] for name in ("signal", "version", "counts", "status", "reported", "occurred", "received", "province",
                                          "policeUnit", "safetyRegion")}
    flat |= {"source": data["source"]["name"], "sourceKind": data["source"]["kind"], "municipality": place["code"],
             "municipalityName": place["name"], "municipalityToday": place["today"],
             "municipalityTodayName": table[place["today"]]["name"] if place["today"] in table else None,
             "provinceName": table[place["code"]]["province"] if place["code"] in table else None} | data["victim"]
    return flat | {name[0].lower() + name[1:]: name in data["categories"] for name in CATEGORIES}


def of_events(records):
    """{signal: record} of what is on the topic of events, the latest event of each signal."""
    table, latest = municipalities(), {}
    for record in sorted(records, key=lambda record: int(record["headers"].get("signaald_seq", 0))):
        if ".signal." in record["headers"].get("ce_type", ""):
            latest[record["payload"]["signal"]] = record["payload"]
    flat = {signal: record_of(data, table) for signal, data in latest.items()}
    return {signal: record for signal, record in flat.items() if record}


def view(records):
    """{key: record} that a reader of the compacted topic holds, without the names of safety regions, which no event has."""
    held, places = {}, {}
    for record in records:
        assert places.setdefault(record["key"], record["partition"]) == record["partition"], "a key is in one partition"
        held[record["key"]] = record["payload"]
    for payload in held.values():
        if payload and "safetyRegion" in payload:
            assert (payload.pop("safetyRegionName") is None) == (payload["safetyRegion"] == "unknown")
    return {key: payload for key, payload in held.items() if payload is not None}


def check(case, bootstrap, events_topic, topic, ours=True):
    """The view is what the events say; returns it. `ours`: nobody else has written to the topic."""
    held = view(broker.consume(bootstrap, topic, ours))
    must = of_events(broker.consume(bootstrap, events_topic))
    case.assertEqual(sorted(held), sorted(must))
    for signal, record in must.items():
        case.assertEqual(held[signal], record)
    return held
