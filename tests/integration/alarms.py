# SPDX-License-Identifier: EUPL-1.2
"""The table of alarms, include/base/alarms.h, and what is made of it: the journal's catalogue and the table of the operators."""
import collections
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
CATALOG = ROOT / "conf/signaald.catalog"
BEGIN, END = "<!-- made of include/base/alarms.h -->\n", "<!-- end of that -->\n"

Alarm = collections.namedtuple("Alarm", "name code message_id level line means do")


def read():
    """By code, in the order of the table."""
    text = (ROOT / "include/base/alarms.h").read_text()
    body = text[text.index("#define ALARMS(X)"):text.index("// clang-format on")].replace("\\\n", "\n")
    found = []
    for name, rest in re.findall(r"X\((\w+), (.*?\"\s*\))(?=\s*X\(|\s*$)", body, re.S):
        level = re.search(r"^(?:\"[^\"]*\", ){2}(\w+),", rest)[1]
        groups = [[]]  # strings side by side are one
        for string, comma in re.findall(r'"((?:[^"\\]|\\.)*)"|(,)', rest.replace(f"{level},", "", 1)):
            if comma:
                groups.append([])
            else:
                groups[-1].append(string.replace('\\"', '"'))
        found.append(Alarm(name, *("".join(group) for group in groups[:2]), level, *("".join(group) for group in groups[2:])))
    assert len(found) == body.count(" X(")
    return {alarm.code: alarm for alarm in found}


ALARMS = read()


def plain(text):
    return text.replace("`", '"')


def catalog():
    """See journald's "Message Catalogs"."""
    head = "# SPDX-License-Identifier: EUPL-1.2\n# Made of include/base/alarms.h: UPDATE_MANUAL=1 tests/integration/test_manual.py\n"
    return head + "".join(f"""
-- {alarm.message_id}
Subject: {code}: {plain(alarm.line).rstrip(" :=")}
Defined-By: signaald
Support: file:///usr/share/doc/signaald/operators.md

{plain(alarm.means)}

What to do: {plain(alarm.do)}
""" for code, alarm in ALARMS.items())


def table():
    return "| code | line | what it means | what to do |\n|---|---|---|---|\n" + "".join(
        f"| {code} | `{alarm.line}` | {alarm.means} | {alarm.do} |\n" for code, alarm in ALARMS.items())
