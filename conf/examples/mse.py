#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""How many persons does nobody know? Multiple systems estimation from signaalctl overlap, as a worked example.

  signaalctl overlap --period 2024 --csv | mse.py -     each group of the table is estimated apart
  mse.py --made-up 7                                    on made-up data, whose hidden number is known

Kinds of source are lists of persons. Log-linear models say how lists overlap, each with other pairs of lists that know the
same persons more often, or less often, than chance; the best of them by AIC or BIC says how many persons are on no list. The
interval is of a bootstrap that chooses the model anew each time, so that it is as wide as the choice makes it. Packages:
python3-statsmodels. When the result cannot be trusted it says so, and of a table that is too thin it makes none (exit
status 1).
"""
import argparse
import csv
import itertools
import sys

import numpy as np
import statsmodels.api as sm
from statsmodels.tools.sm_exceptions import PerfectSeparationError

LISTS_MIN, LISTS_MAX = 3, 6  # with two lists nothing tells whether they are independent
LIST_MIN = 10                # persons: a shorter list is left out
TWICE_MIN = 20               # persons that are on two lists or more: fewer carry no estimate
WIDE = 2                     # an interval whose end is so many times its beginning is told as wide
NAMELESS_SHARE = 0.25        # more persons that cannot be linked than this are told
RESAMPLES = 200


class Thin(Exception):
    """A table that carries no estimate; says why."""


def read_overlap(file):
    """Of each group: the persons that can be linked, by set of lists; and how many cannot be."""
    groups = {}
    for row in csv.DictReader(file):
        group = tuple(value for name, value in row.items() if name not in ("kinds", "persons", "nameless"))
        table, nameless = groups.setdefault(group, ({}, 0))
        known = frozenset(row["kinds"].split("+"))
        table[known] = table.get(known, 0) + int(row["persons"]) - int(row["nameless"])
        groups[group] = table, nameless + int(row["nameless"])
    return groups


def make_up(seed):
    """Persons who do not exist, 1,500 of them. Care knows whom municipalities know more often than others: such a pair has to
    be found. The other lists are independent."""
    random = np.random.default_rng(seed)
    chances = {"police": 0.20, "municipality": 0.16, "coa": 0.12}
    table, hidden = {}, 0
    for _ in range(1500):
        known = {name for name, chance in chances.items() if random.random() < chance}
        if random.random() < (0.35 if "municipality" in known else 0.10):
            known.add("care")
        if known:
            table[frozenset(known)] = table.get(frozenset(known), 0) + 1
        hidden += not known
    return table, hidden


def choose_lists(table):
    """The lists that are long enough, longest first; who is only on others is left out."""
    lengths = {}
    for known, persons in table.items():
        for name in known:
            lengths[name] = lengths.get(name, 0) + persons
    lists = sorted((n for n in lengths if lengths[n] >= LIST_MIN), key=lambda n: (-lengths[n], n))[:LISTS_MAX]
    if len(lists) < LISTS_MIN:
        raise Thin(f"{len(lists)} lists have {LIST_MIN} persons or more; it takes {LISTS_MIN}")
    return lists


class Table:
    """Persons by the lists that they are on, as numbers: a cell for each set of lists but the empty one."""

    def __init__(self, table, lists):
        self.lists = lists
        self.cells = [cell for cell in itertools.product((0, 1), repeat=len(lists)) if any(cell)]
        self.counts = np.zeros(len(self.cells))
        for known, persons in table.items():
            cell = tuple(int(name in known) for name in lists)
            if any(cell):
                self.counts[self.cells.index(cell)] += persons
        on = np.array(self.cells)
        self.pairs = list(itertools.combinations(range(len(lists)), 2))
        self.both = {pair: on[:, pair[0]] * on[:, pair[1]] for pair in self.pairs}
        self.main = np.column_stack([np.ones(len(self.cells)), on])
        self.twice = int(self.counts[on.sum(axis=1) > 1].sum())

    def never_together(self, counts):
        """Pairs without a person on both: how often chance would bring one cannot be told, so they are never a term."""
        return [pair for pair in self.pairs if counts @ self.both[pair] == 0]

    def fit(self, counts, terms):
        design = np.column_stack([self.main, *(self.both[pair] for pair in terms)])
        return sm.GLM(counts, design, family=sm.families.Poisson()).fit()

    def choose(self, counts, criterion):
        """From independent lists on, the pair that makes the model better than any other, as long as there is one."""
        def judge(terms):
            try:
                fitted = self.fit(counts, terms)
            except PerfectSeparationError:  # a model that repeats the table says nothing of what is not in it
                return np.inf, None
            penalty = 2 if criterion == "aic" else np.log(max(counts.sum(), 2))
            return -2 * fitted.llf + penalty * len(fitted.params), fitted

        terms, never = [], self.never_together(counts)
        best, fitted = judge(terms)
        while True:
            pairs = [pair for pair in self.pairs if pair not in terms and pair not in never]
            room = len(self.lists) + len(terms) + 2 < len(self.cells)  # fewer terms than cells
            tried = [(judge([*terms, pair]), pair) for pair in pairs] if room else []
            if not tried or min(t[0][0] for t in tried) >= best:
                return terms, hidden_of(fitted) if fitted else np.inf
            (best, fitted), pair = min(tried, key=lambda t: t[0][0])
            terms = [*terms, pair]


def hidden_of(fitted):
    """On no list: the cell where all terms but the first are 0."""
    return float(np.exp(np.clip(fitted.params[0], -20, 20)))


def estimate(table, criterion="bic", resamples=RESAMPLES, seed=1):
    """What the lists say of those on none; raises Thin."""
    lists = choose_lists(table)
    data = Table(table, lists)
    if data.twice < TWICE_MIN:
        raise Thin(f"{data.twice} persons are on two lists or more; it takes {TWICE_MIN}")
    known = int(data.counts.sum())
    terms, hidden = data.choose(data.counts, criterion)
    other, other_hidden = data.choose(data.counts, "aic" if criterion == "bic" else "bic")
    random = np.random.default_rng(seed)
    # Who is on no list is drawn too: how many are known is chance as well.
    chances = np.append(data.counts, hidden) / (known + hidden)
    drawn = []
    for _ in range(resamples):
        counts = random.multinomial(round(known + hidden), chances)[:-1].astype(float)
        _, missing = data.choose(counts, criterion)
        drawn.append(counts.sum() + missing)
    low, high = np.percentile(drawn, [2.5, 97.5])
    if not np.isfinite(high):
        raise Thin("the interval has no upper end")
    name = lambda pairs: [f"{lists[a]} and {lists[b]}" for a, b in pairs]  # noqa: E731
    return {"lists": lists, "known": known, "twice": data.twice, "terms": name(terms), "hidden": round(hidden),
            "total": round(known + hidden), "low": round(max(low, known)), "high": round(high),
            "other_terms": name(other), "other_total": round(known + other_hidden),
            "never": name(data.never_together(data.counts))}


def doubts(result, nameless):
    """Why one may not trust it. What no number can show comes last, always."""
    if result["high"] >= WIDE * result["low"]:
        yield (f"The interval is wide: its end is {result['high'] / result['low']:.1f} times its beginning. "
               "It says little more than that there are more than those known.")
    if not result["low"] <= result["other_total"] <= result["high"]:
        yield "AIC and BIC choose models that differ by more than the interval: the choice of the model decides, not the data."
    if result["never"]:
        yield (f"No person is known to {'; '.join(result['never'])}. If that cannot happen at all (the one never meets whom the "
               "other meets), the table has structural zeros and the estimate is too high.")
    if len(result["lists"]) == LISTS_MIN:
        yield "There are three lists only. A dependence of all three cannot be seen, and would move the estimate."
    if nameless > NAMELESS_SHARE * (nameless + result["known"]):
        yield (f"{nameless} persons are left out, since nothing was said of them that could link them. If those who know "
               "them are other sources than the rest, the lists are not what they seem.")
    yield ("It supposes that links are right, that persons stay for the whole period, and that everybody could come on each "
           "list. Whom no source can ever meet is in no estimate.")


def tell(title, result, nameless, criterion):
    print(f"{title}{result['known']} persons are known, {result['twice']} of them to two lists or more: {', '.join(result['lists'])}")
    print(f"model by {criterion.upper()}: {'; '.join(result['terms']) or 'independent lists'}")
    print(f"estimate: {result['total']} persons, of whom {result['hidden']} are known to nobody")
    print(f"interval (95 %): {result['low']} to {result['high']}, {result['high'] - result['low']} wide")
    for doubt in doubts(result, nameless):
        print(f"- {doubt}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("file", nargs="?", help="of signaalctl overlap --csv; - for standard input")
    what.add_argument("--made-up", type=int, metavar="SEED", help="made-up data instead")
    parser.add_argument("--criterion", choices=("aic", "bic"), default="bic", help="which model is best; default: bic")
    parser.add_argument("--resamples", type=int, default=RESAMPLES, metavar="N", help=f"of the bootstrap; default: {RESAMPLES}")
    arguments = parser.parse_args()
    if arguments.made_up is not None:
        table, hidden = make_up(arguments.made_up)
        print(f"Made-up data: nobody in it exists. There are 1500 persons, of whom {hidden} are known to nobody.")
        groups = {(): (table, 0)}
    elif arguments.file == "-":
        groups = read_overlap(sys.stdin)
    else:
        with open(arguments.file, encoding="utf-8", newline="") as file:
            groups = read_overlap(file)
    thin = not groups
    for group, (table, nameless) in groups.items():
        title = f"{' '.join(group)}: " if group else ""
        try:
            tell(title, estimate(table, arguments.criterion, arguments.resamples), nameless, arguments.criterion)
        except Thin as reason:
            print(f"{title}no estimate: {reason}. A number from so thin a table would be made of chance.")
            thin = True
    return 1 if thin else 0


if __name__ == "__main__":
    sys.exit(main())
