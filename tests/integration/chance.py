# SPDX-License-Identifier: EUPL-1.2
"""The exact test of two counts, from the binomial's definition: is a change beyond chance? Of many the normal distribution."""
import calendar
import functools
import math
from fractions import Fraction


def days(period):
    """Of "2017" or "2017-03"."""
    year, month = int(period[:4]), period[5:]
    return calendar.monthrange(year, int(month))[1] if month else 365 + calendar.isleap(year)


@functools.cache
def is_beyond(before, now, days_before=1, days_now=1):
    n = before + now
    if n < 6:
        return False
    if n > 2000:
        return (days_before * now - days_now * before) ** 2 > 1.96 ** 2 * n * days_before * days_now
    a, b = days_before, days_now  # whole numbers: fractions of so many digits would be slow
    terms = [math.comb(n, k) * b ** k * a ** (n - k) for k in range(n + 1)]
    return 2 * min(Fraction(sum(terms[: now + 1]), (a + b) ** n), Fraction(sum(terms[now:]), (a + b) ** n)) < Fraction(1, 20)
