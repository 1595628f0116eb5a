"""Lost data: zeros that the history of the same slots makes impossible, in one series or in the whole feed."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecasting.numerics import Mask
from forecasting.panel.calendar.runs import Grid, Values, exceptional, find_runs, passes

_NEIGHBOURS = 8
"""Cycles on either side whose same slot tells what is usual: two months follow growth and seasons, sixteen values make
an estimate."""
_FEWEST = 4
"""Fewest same-slot values that can say that silence is unusual: a month of weeks."""
_NOTHING = 0.01
"""Share of the usual level that counts as nothing: a dead link still carries keep-alives."""
_TOGETHER = 0.9
"""Share of the feed's evidence that must fall silent at once: the rest may be a series that has another source."""
_CAP = float(np.log(2 * (2 * _NEIGHBOURS + 1)))
"""Nats that one series can add to the evidence of the feed: what a full set of neighbours that never fell silent
says. No single large series speaks for all."""
_MOST = 0.1
"""Share of a series' values that can be lost: one that falls silent more often does so by itself."""
_STEADIEST = 0.01
"""Least spread beside its mean that a slot is credited with, however alike its few neighbours are."""


@dataclass(frozen=True)
class Silence:
    """Where (N, T) values are next to nothing, and how much of a surprise that is."""

    silent: Mask
    """All zeros, and what is next to zero beside the usual level of its slot."""
    weight: Values
    """Nats by which silence is, or would be, a surprise; 0 where the slot is often silent or hardly known."""


@dataclass(frozen=True)
class FeedEvidence:
    """What the series of a feed tell of each of its T columns together, in nats."""

    told: NDArray[np.float64]
    """By those that are silent."""
    most: NDArray[np.float64]
    """By the one of them that tells most."""
    possible: NDArray[np.float64]
    """By all that are known, were they silent."""

    def __add__(self, other: "FeedEvidence") -> "FeedEvidence":
        return FeedEvidence(self.told + other.told, np.maximum(self.most, other.most), self.possible + other.possible)


def weigh_silence(y: Values, grid: Grid) -> Silence:
    """What silence in each interval would tell, by the same slot of the cycles around, its own value left out.

    y: (N, T), NaN where unknown. Series that go below zero have no zero to fall to and are not judged.
    """
    known = np.isfinite(y)
    known &= ~(y < 0).any(axis=1, keepdims=True)
    there = grid.table(known)
    root = np.sqrt(grid.table(np.where(known, y, np.float32(0))))
    count = _around(there, np.int16)
    # the mean of roots is no prey to a single spike, as the plain mean is
    usual = (_around(root, np.float32) / np.maximum(count, 1)) ** 2
    silent = there & (root**2 <= _NOTHING * usual)
    quiet = _around(silent, np.int16)
    sizes = np.arange(2 * _NEIGHBOURS + 1)
    surprise = np.log((sizes + 1) / (sizes[:, None] + 0.5)).clip(0)
    surprise[:, :_FEWEST] = 0
    weight = np.where(usual > 0, surprise.astype(np.float32)[quiet, count], 0)
    found = Silence(grid.columns(silent), grid.columns(weight))
    _extrapolate(found, y, grid, certain=grid.columns((quiet == 0) & (count >= _FEWEST)))
    return found


def find_lost(y: Values, silence: Silence, grid: Grid, *, threshold: float) -> Mask:
    """(N, T) silences of single series that are impossible under their own history.

    The intervals that a fault cut in part keep what they counted: they are two, and low values are honest elsewhere.
    """
    known = np.isfinite(y)
    runs = find_runs(silence.silent, known)
    score = runs.total(silence.weight)
    lost = exceptional(runs, score, threshold=threshold, n_cycles=grid.n_cycles)
    # before its first demand a series was not alive
    alive = np.argmax(y > 0, axis=1)
    lost &= (runs.first > alive[runs.row]) & passes(runs, known, grid.season)
    marked = runs.mark(lost, y.shape)
    rare: Mask = marked.sum(axis=1, keepdims=True) <= _MOST * known.sum(axis=1, keepdims=True)
    return marked & rare


def feed_evidence(y: Values, silence: Silence, grid: Grid) -> FeedEvidence:
    """What some series of a feed tell of its columns.

    A series tells nothing before its first demand, and nothing after its last one that lies a season back.
    """
    columns, demand = np.arange(y.shape[1]), y > 0
    first, last = np.argmax(demand, axis=1), y.shape[1] - 1 - np.argmax(demand[:, ::-1], axis=1)
    until = np.where(last + grid.season < y.shape[1], last, y.shape[1])
    alive = (columns >= first[:, None]) & (columns <= until[:, None])
    weight = np.where(alive & np.isfinite(y), np.minimum(silence.weight, _CAP), 0).astype(np.float64)
    told = weight * silence.silent
    return FeedEvidence(told.sum(axis=0), told.max(axis=0, initial=0), weight.sum(axis=0))


def find_feed_losses(evidence: FeedEvidence, grid: Grid, *, threshold: float) -> Mask:
    """(T,) columns in which the feed was lost: next to all series that usually have demand are silent at once.

    What the series tell is added up, for what makes them fall silent together is the very fault that is looked for; the
    one that tells most is left out, so that no single series is taken for the feed.
    """
    known = evidence.possible[None] > 0
    runs = find_runs(known & (evidence.told >= _TOGETHER * evidence.possible), known)
    score = runs.total((evidence.told - evidence.most)[None])
    lost = exceptional(runs, score, threshold=threshold, n_cycles=grid.n_cycles)
    columns: Mask = runs.mark(lost & passes(runs, known, grid.season), known.shape)[0]
    return columns


def _around(table: NDArray[Any], dtype: Any) -> NDArray[Any]:
    """Sum of the same slot over the cycles around each one, its own left out."""
    total: NDArray[Any] = np.cumsum(table, axis=1, dtype=dtype)
    cycles = table.shape[1]
    centre = np.arange(cycles)
    high, low = np.minimum(centre + _NEIGHBOURS, cycles - 1), centre - _NEIGHBOURS - 1
    window = total[:, high]
    window[:, low >= 0] -= total[:, low[low >= 0]]
    window -= table
    return window


def _extrapolate(silence: Silence, y: Values, grid: Grid, *, certain: Mask) -> None:
    """Weigh the silences that the neighbours never saw by the gamma distribution that has their mean and spread.

    Between the neighbours and zero lies more than their number can tell: a steady link at 100 +- 10 does not fall to
    nothing by chance. P(Y < e mean) is near (e k)^k / k! for shape k = (mean / spread)^2 and small e. Counts are never
    more surprising than by the Poisson distribution, whose step at zero a density does not know.
    """
    row, column = np.nonzero(silence.silent & certain)
    if not len(row):
        return
    judged = np.unique(row)
    is_count = np.zeros(len(y), bool)
    is_count[judged] = ~np.any(y[judged] % 1 > 0, axis=1)
    table = np.full((len(y), grid.n_cycles * grid.season), np.nan)
    table[:, grid.cell] = y
    beside = np.concatenate([np.arange(-_NEIGHBOURS, 0), np.arange(1, _NEIGHBOURS + 1)])
    cell = grid.cell[column][:, None] + beside * grid.season
    outside = (cell < 0) | (cell >= table.shape[1])
    values = np.where(outside, np.nan, table[row[:, None], np.where(outside, 0, cell)])
    mean, spread = np.nanmean(values, axis=1), np.nanstd(values, axis=1, ddof=1)
    shape = (mean / np.maximum(spread, _STEADIEST * mean)) ** 2
    # Stirling's formula for k!
    nats = -shape * (1 + np.log(_NOTHING)) + np.log(2 * np.pi * shape) / 2
    nats = np.where(is_count[row], np.minimum(nats, mean), nats)
    silence.weight[row, column] = np.maximum(silence.weight[row, column], nats)
