"""Surges that nobody announced: runs of days far above or below what a series does, which end or are too young to say.

A run that ended within three weeks and left the old level behind it is a surge (below the level: a slump). One that
goes on is held out for `HELD` days; after a whole week at the new level it is a level shift. Runs that come every
month, quarter or year, and those beside public holidays, are seasons.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np

from forecasting.numerics import Floats64, Ints, Mask, Times
from forecasting.panel.calendar.runs import Grid, Runs, Values, exceptional, find_runs
from forecasting.panel.cleaning.day_levels import DayLevels, measure_days, sparse, volume_ratio
from forecasting.panel.cleaning.recurrence import recurs

_MEMBER = float(np.log(1.5))
"""Least deviation of a day of a run, in logarithms; also at least the noise."""
_SMALLEST = float(np.log(1.8))
"""Least mean deviation of a surge: weaker ones change no staffing four weeks later."""
_SHIFTED, _STEP = float(np.log(1.15)), float(np.log(1.25))
"""Least deviation of a day of a new level, and least mean deviation of its days: while it is not followed, every day of
it is missed by as much."""
_SINGLE = float(np.log(2.5))
"""That of a run of a single day: half of a day's usual volume more or less is a common day."""
_DOUBT_OF_ONE = 3.0
"""Nats beyond chance of a single day: it costs little to leave out one day of a series in twenty (e^-3) too many."""
_LONG_KNOWN = 84
"""Days that must be known before a new level below `_SMALLEST`: in fewer nobody knows how far a series strays."""
LONGEST = 21
"""Days that a surge can last; longer ones are a state of the series, and the forecast follows them."""
HELD = 6
"""Days that a run that goes on is kept out of the forecast: after a week every weekday was seen at the new level."""
_GAP = 2
"""Usual days inside a run that do not end it."""
_BESIDE = 7
"""Known days before and after a run that must not lie at its level."""
_BEFORE = 28
"""Known days before a run whose median it is measured against."""
_RETURNED = 0.5
"""Share of a run's deviation below which the days beside it are usual ones."""
_NEW = 35
"""Days for which a new level is restated: from then on the means of four weeks hold nothing older."""
_KNOWN = 21
"""Days that must be known; of longer intervals a third as many."""
_HABIT = 13
"""Weeks in which a series may surge once, and once more; one that does so more often is so by nature."""
_EMPTY = 0.25
"""Share of days without any volume from which on a series is too sparse to be judged."""


@dataclass(frozen=True)
class Surge:
    """A run of days of one series."""

    row: int
    first: int
    """First column."""
    end: int
    """Column behind the last."""
    factor: float
    """Volume of its days over the usual one."""
    days: int
    ongoing: bool
    """Whether nothing usual was known after it."""


@dataclass(frozen=True)
class LevelShift:
    """A level that a series has kept from a column on, for a week or more."""

    row: int
    start: int
    factor: float
    """Over the level before."""


def find_surges(
    y: Values, grid: Grid, date: Times, *, holiday: Mask, threshold: float
) -> tuple[list[Surge], list[LevelShift]]:
    """Surges and new levels of a history.

    y: (N, T), NaN where unknown, faulty or explained by calendar and campaigns; date: (T,) local dates. holiday: (N, T)
    public holidays. threshold: nats of surprise that chance does not reach.
    """
    if y.shape[1] < 2:
        return [], []
    days = measure_days(y, grid, date)
    known = np.isfinite(days.level)
    first = days.first[:-1]
    judged = known.sum(axis=1) >= (_KNOWN if days.length == 1 else _KNOWN // 3)
    judged &= ~sparse(y, first=first, most=_EMPTY)
    off = np.add.reduceat(holiday, first, axis=1) > 0
    surges: list[Surge] = []
    shifts: list[LevelShift] = []
    for sign in (1, -1):
        excess = np.where(known & judged[:, None], sign * days.excess, np.nan)
        search = partial(_search, days, excess, known, off, sign=sign, threshold=threshold, n_cycles=grid.n_cycles)
        found = list(search(member=_MEMBER, smallest=_SMALLEST, ended=1))
        surges += [one for one in found if isinstance(one, Surge)]
        shifts += [one for one in found if isinstance(one, LevelShift)]
        taken = {one.row: one.end for one in surges} | {one.row: y.shape[1] for one in shifts}
        weaker = search(member=_SHIFTED, smallest=_STEP, ended=_GAP + 1)
        shifts += [
            one
            for one in weaker
            if isinstance(one, LevelShift)
            and one.start >= taken.get(one.row, 0)
            and known[one.row, first < one.start].sum() * days.length >= _LONG_KNOWN
        ]
    often = np.bincount(np.array([one.row for one in surges], np.int64), minlength=len(y)) > (
        grid.n_cycles // _HABIT + 1
    )
    return sorted((one for one in surges if not often[one.row]), key=lambda one: (one.row, one.first)), shifts


def _search(
    days: DayLevels,
    excess: Floats64,
    known: Mask,
    off: Mask,
    *,
    sign: int,
    threshold: float,
    n_cycles: int,
    member: float,
    smallest: float,
    ended: int,
) -> Iterator[Surge | LevelShift]:
    """Runs of one direction that chance does not explain.

    excess: (N, D) in that direction; off: (N, D) public holidays. member, smallest: least deviation of a day of a run,
    and of all its days; ended: least usual days after a run that has ended.
    """
    runs = find_runs(_bridge(excess >= np.maximum(member, days.noise), known), known)
    if not len(runs.row):
        return
    score = runs.total(np.where(excess > 0, days.surprise, 0))
    one_day = min(threshold, float(np.log(len(days.date))) + _DOUBT_OF_ONE)
    strong = exceptional(runs, score, threshold=threshold, n_cycles=n_cycles)
    strong |= exceptional(runs, score, threshold=one_day, n_cycles=n_cycles) & (runs.size == 1)
    yield from _classify(runs, np.flatnonzero(strong), days, excess, off, sign=sign, smallest=smallest, ended=ended)


def _bridge(member: Mask, known: Mask) -> Mask:
    """Members, and the few known days between two of them."""
    bridged = member.copy()
    for row in np.flatnonzero(member.any(axis=1)):
        place = np.flatnonzero(known[row])
        hit = np.flatnonzero(member[row, place])
        for left, right in pairwise(hit):
            if 1 < right - left <= _GAP + 1:
                bridged[row, place[left:right]] = True
    return bridged


def _classify(
    runs: Runs, chosen: Ints, days: DayLevels, excess: Floats64, off: Mask, *, sign: int, smallest: float, ended: int
) -> Iterator[Surge | LevelShift]:
    """What the chosen runs are; see `_search`."""
    settled: set[int] = set()
    last = excess.shape[1] - 1
    for number in chosen[np.lexsort((runs.first[chosen], runs.row[chosen]))]:
        row, low, high = int(runs.row[number]), int(runs.first[number]), int(runs.last[number])
        # relative to the level when the run began, as the usual level follows a new one after some weeks
        own = excess[row] + sign * (days.usual[row] - days.usual[row, low])
        own -= np.nan_to_num(_near(own[:low][::-1], _BEFORE))
        low, high = _trim(own, low, high)
        height = float(np.nanmean(own[low : high + 1]))
        lasted = _days_between(days, low, high)
        if row in settled or height < (_SINGLE if lasted == 1 else smallest):
            continue
        before, after = _near(own[:low][::-1], _BESIDE), _near(own[high + 1 :], _BESIDE, least=ended)
        if before >= _RETURNED * height or recurs(days, own, low, high, height=height, off=off[row]):
            continue
        age = _days_between(days, low, last)
        if after < _RETURNED * height:
            if lasted <= LONGEST:
                at = int(days.first[low]), int(days.first[high + 1])
                yield Surge(row, *at, volume_ratio(sign * height), lasted, ongoing=False)
        elif _near(own[low:][::-1], _BESIDE) >= _RETURNED * height:
            settled.add(row)
            if age <= max(HELD, days.length):
                at = int(days.first[low]), int(days.first[-1])
                yield Surge(row, *at, volume_ratio(sign * height), age, ongoing=True)
            elif age <= _NEW:
                yield LevelShift(row, int(days.first[low]), _factor(days, row, low, last))


def _trim(own: Floats64, low: int, high: int) -> tuple[int, int]:
    """A run without the days at its edges that only chance put there; one that decays keeps its last days."""
    within = own[low : high + 1]
    strong = np.flatnonzero(within >= _RETURNED * max(float(np.nanmean(within)), 0.0))
    if not len(strong):
        return low, high
    last = low + int(strong[-1])
    while last < high and own[last + 1] >= _MEMBER:
        last += 1
    return low + int(strong[0]), last


def _days_between(days: DayLevels, low: int, high: int) -> int:
    return int((days.date[high] - days.date[low]).astype(int)) + days.length


def _factor(days: DayLevels, row: int, low: int, high: int) -> float:
    """Volume of some days over that of the weeks before, both beside the mean week; of the weeks after without any."""
    around = slice(max(low - _BEFORE, 0), low) if low else slice(high + 1, high + 1 + _BEFORE)
    known = np.isfinite(days.level[row])

    def ratio(part: slice) -> float:
        return float(days.volume[row, part][known[part]].sum() / days.expected[row, part][known[part]].sum())

    usual = ratio(around) if known[around].any() else 1.0
    return ratio(slice(low, high + 1)) / usual if usual > 0 else 1.0


def _near(values: Floats64, count: int, *, least: int = 1) -> float:
    """Median of the first known values; NaN where there are fewer than `least`, which decides nothing against a run."""
    near = values[np.isfinite(values)][:count]
    return float(np.median(near)) if len(near) >= least else np.nan
