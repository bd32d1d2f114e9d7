# SPDX-License-Identifier: EUPL-1.2
"""What the posting sources send, post by post, and what the daemon must answer to each."""
import json
from dataclasses import dataclass, field

from data import ARRAY, NDJSON, POLL, PRIVATE, SINGLE

JSON_TYPE, NDJSON_TYPE = "application/json", "application/x-ndjson"
GOOD = {"category": "seksuele uitbuiting"}


@dataclass
class Expected:
    verdict: str
    id: str = None      # None: not checked
    pointer: str = ""   # the start of one of the pointers to what is wrong
    errors: int = 1     # at least so many


@dataclass
class Post:
    what: str
    body: bytes
    items: list  # of Expected; empty when the body is no list of items at all
    type: str = JSON_TYPE
    status: int = 200
    single: bool = False
    token: str = None                           # None: the source's own
    hidden: list = field(default_factory=list)  # must not be in the answer
    broken: bool = False                        # as a whole: counts as one refusal or as none


def encode(items, how):
    lines = [json.dumps(item, ensure_ascii=False) for item in items]
    if how == NDJSON:
        return "".join(line + "\n" for line in lines).encode()
    return (lines[0] if how == SINGLE else "[" + ",\n".join(lines) + "]").encode()


def single(what, item, verdict, **expected):
    status = {"registered": 201, "refused": 400}.get(verdict, 200)
    id_ = None if verdict == "refused" else item["id"]
    return Post(what, encode([item], SINGLE), [Expected(verdict, id_, **expected)], status=status,
                single=True)


def batch(what, items, verdicts, how):
    type_ = NDJSON_TYPE if how == NDJSON else JSON_TYPE
    expected = [Expected(verdict, item["id"]) for item, verdict in zip(items, verdicts)]
    return Post(what, encode(items, how), expected, type_)


def report_posts(source):
    """Every report at least twice; what was corrected or withdrawn once more."""
    if source.how == SINGLE:
        for report in source.reports:
            yield single("a report", report.first, "registered")
            yield single("the same report again", report.first, "duplicate")
            if report.verdict != "duplicate":
                yield single("a change", report.last, report.verdict)
                yield single("the same change again", report.last, "duplicate")
    else:
        first, last = [r.first for r in source.reports], [r.last for r in source.reports]
        yield batch("a batch", first, ["registered"] * len(first), source.how)
        yield batch("the batch again, with changes", last, [r.verdict for r in source.reports],
                    source.how)
        yield batch("the changed batch again", last, ["duplicate"] * len(last), source.how)


def refused_posts():
    """Single posts that must be refused, each for its own reason. (Two more bad items are in the
    lists of polled sources.)"""
    broken = b'{"id": "2017-0970", "category": "seksuele'
    twice = b'{"id": "2017-0971", "category": "onbekend", "id": "2017-0972"}'
    yield Post("broken JSON", broken, [], status=400, broken=True)
    yield Post("a key twice in one object", twice, [], status=400, broken=True)
    yield Post("a wrong token", encode([{"id": "2017-0973", **GOOD}], SINGLE), [], status=401,
               token="this-is-not-a-token-of-anyone")
    many = {"id": "2017-0974", "categories": ["seksuele uitbuiting"] * 9}
    wrong = {"id": "2017-0975", "reported": "31-12-2017", "status": "misschien wel",
             "occurred": "1850-01-01"}
    for what, item, pointer, hidden in [
        ("no id", {"reported": "2017-05-01", **GOOD}, "/id", []),
        ("an id of 129 bytes", {"id": "x" * 129, **GOOD}, "/id", ["x" * 129]),
        ("a control character in the id", {"id": "2017\u00070976", **GOOD}, "/id", []),
        ("an impossible day", {"id": "2017-0977", "occurred": "1850-01-01", **GOOD},
         "/occurred", ["1850"]),
        ("nine categories", many, "/categories", []),
        ("a municipality of 200 bytes", {"id": "2017-0978", "municipality": "y" * 200, **GOOD},
         "/municipality", ["yyyy"]),
    ]:
        post = single(what, item, "refused", pointer=pointer)
        post.hidden = hidden
        yield post
    post = single("three faults at once", wrong, "refused", pointer="/status", errors=3)
    post.hidden = ["31-12-2017", "misschien", "1850"]
    yield post


def refused_batch():
    items = [{"id": "2017-0980", "victim": "man", **GOOD},
             {"id": "1999-0981", "reported": "1999-12-31", **GOOD}]
    return Post("a batch with nothing good in it", encode(items, ARRAY),
                [Expected("refused", pointer="/victim"), Expected("refused", pointer="/reported")],
                status=400)


def mixed_posts(tolerated):
    """Good items between bad ones; the good ones have words or fields that no table knows."""
    word, extra, place, gender = (report.first for report in tolerated)
    good = [Expected("registered", item["id"]) for item in (word, extra, place, gender)]
    lines = [json.dumps(word), '{"id": "2017-0982", "category"', json.dumps(extra)]
    yield Post("a broken line between two good ones", ("\n".join(lines) + "\n").encode(),
               [good[0], Expected("refused"), good[1]], NDJSON_TYPE, hidden=PRIVATE)
    yield Post("a number between two signals", encode([place, 42, gender], ARRAY),
               [good[2], Expected("refused"), good[3]])
    items = [word, extra, place, gender]
    yield batch("words we do not know, again", items, ["duplicate"] * len(items), ARRAY)


def plan(demo):
    """Source -> its posts, in order."""
    posts = {s.name: list(report_posts(s)) for s in demo.sources if s.how != POLL}
    names = list(posts)
    for i, post in enumerate([*refused_posts(), refused_batch()]):
        posts[names[i % len(names)]].append(post)
    posts["lelystad"].extend(mixed_posts(demo.tolerated))
    return posts


def check_item(expected, got, problems):
    if got.get("verdict") != expected.verdict:
        problems.append(f"verdict {got.get('verdict')} where {expected.verdict} was expected")
        return
    if expected.id is not None and got.get("id") != expected.id:
        problems.append("the id in the answer is not the one sent")
    if expected.verdict == "refused":
        check_errors(expected, got.get("errors") or [], problems)
    elif not got.get("signal"):
        problems.append("no signal id in the answer")
    elif expected.verdict in ("registered", "corrected"):
        version = 1 if expected.verdict == "registered" else 2
        if got.get("version") != version:
            problems.append(f"version {got.get('version')} where {version} was expected")


def check_errors(expected, errors, problems):
    if len(errors) < expected.errors:
        problems.append(f"{len(errors)} errors named where there are {expected.errors}")
    if not all(error.get("code") and error.get("detail") for error in errors):
        problems.append("an error without code or detail")
    if not any((error.get("pointer") or "").startswith(expected.pointer) for error in errors):
        problems.append(f"no error points to {expected.pointer}")


def check_answer(post, status, headers, body):
    """What is wrong with the daemon's answer: a list of sentences, empty when all is well."""
    problems = []
    text = body.decode("utf-8", "replace")
    problems += [f"the answer repeats what was sent: {w}" for w in post.hidden if w in text]
    if status != post.status:
        return problems + [f"status {status} where {post.status} was expected: {text[:300]}"]
    try:
        answer = json.loads(body)
    except ValueError:
        return problems + ["the answer is not JSON"]
    if status >= 400:
        if not headers.get("Content-Type", "").startswith("application/problem+json"):
            problems.append("an error that is not application/problem+json")
        for index, expected in enumerate(post.items):
            errors = [e for e in answer.get("errors") or [] if e.get("index", index) == index]
            check_errors(expected, errors, problems)
        return problems
    if status == 201 and not headers.get("Location"):
        problems.append("no Location")
    results = [answer] if post.single else answer.get("results", [])
    if len(results) != len(post.items):
        return problems + [f"{len(results)} verdicts for {len(post.items)} items"]
    for index, (expected, got) in enumerate(zip(post.items, results)):
        if not post.single and got.get("index") != index:
            problems.append("the verdicts are not in order")
        check_item(expected, got, problems)
    return problems
