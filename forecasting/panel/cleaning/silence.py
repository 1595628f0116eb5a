"""Lost data: zeros that are implausible by the history of the same slots, in one series or in the whole feed."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecasting.numerics import Mask
from forecasting.panel.calendar.runs import Grid, Values, exceptional, find_runs, passes

_NEIGHBOURS = 8
"""Cycles on either side whose same slot gives the usual value: two months follow growth and seasons, sixteen values are
enough for an estimate."""
_FEWEST = 4
"""Values of the same slot that are needed to find silence unusual: a month of weeks."""
_NOTHING = 0.01
"""Share of the usual level that counts as silence: a failed link still has keep-alive traffic."""
_TOGETHER = 0.9
"""Share of the feed's evidence that must fall silent at once: the rest may be series from another source."""
_CAP = float(np.log(2 * (2 * _NEIGHBOURS + 1)))
"""Nats that one series can add to the evidence of the feed: those of a full set of neighbours that were never silent.
No single large series decides for the feed."""
_MOST = 0.1
"""Share of a series' values that can be lost: one that is silent more often is so by nature."""
_STEADIEST = 0.01
"""Smallest coefficient of variation of a slot, however similar its few neighbours are."""


@dataclass(frozen=True)
class Silence:
    """Where (N, T) values are next to zero, and how surprising that is."""

    silent: Mask
    """Zeros, and values next to zero compared with the usual level of their slot."""
    weight: Values
    """Surprise of silence in nats (minus its log probability); 0 where the slot is often silent or hardly known."""


@dataclass(frozen=True)
class FeedEvidence:
    """Evidence of the series of a feed, in nats, that each of its T columns was lost."""

    silent: NDArray[np.float64]
    """Sum over the silent series."""
    strongest: NDArray[np.float64]
    """The largest of a single series."""
    possible: NDArray[np.float64]
    """Sum over all known series, as if they were silent."""

    def __add__(self, other: "FeedEvidence") -> "FeedEvidence":
        strongest = np.maximum(self.strongest, other.strongest)
        return FeedEvidence(self.silent + other.silent, strongest, self.possible + other.possible)


def weigh_silence(y: Values, grid: Grid) -> Silence:
    """Silence and its surprise in each interval, by the same slot of the cycles around, without the interval itself.

    y: (N, T), NaN where unknown. Series with negative values are not judged.
    """
    known = np.isfinite(y)
    known &= ~(y < 0).any(axis=1, keepdims=True)
    there = grid.table(known)
    root = np.sqrt(grid.table(np.where(known, y, np.float32(0))))
    count = _around(there, np.int16)
    # the mean of square roots is robust against a single spike
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
    """(N, T) silences of single series that are implausible by their own history.

    Intervals that a fault covers in part keep their values: these are two at most, and elsewhere low values are right.
    """
    known = np.isfinite(y)
    runs = find_runs(silence.silent, known)
    score = runs.total(silence.weight)
    lost = exceptional(runs, score, threshold=threshold, n_cycles=grid.n_cycles)
    # before its first demand a series did not exist
    alive = np.argmax(y > 0, axis=1)
    lost &= (runs.first > alive[runs.row]) & passes(runs, known, grid.season)
    marked = runs.mark(lost, y.shape)
    rare: Mask = marked.sum(axis=1, keepdims=True) <= _MOST * known.sum(axis=1, keepdims=True)
    return marked & rare


def feed_evidence(y: Values, silence: Silence, grid: Grid) -> FeedEvidence:
    """Evidence of some series of a feed.

    A series counts from its first demand on, and until its last one where that lies a season or more back.
    """
    columns, demand = np.arange(y.shape[1]), y > 0
    first, last = np.argmax(demand, axis=1), y.shape[1] - 1 - np.argmax(demand[:, ::-1], axis=1)
    until = np.where(last + grid.season < y.shape[1], last, y.shape[1])
    alive = (columns >= first[:, None]) & (columns <= until[:, None])
    weight = np.where(alive & np.isfinite(y), np.minimum(silence.weight, _CAP), 0).astype(np.float64)
    silent = weight * silence.silent
    return FeedEvidence(silent.sum(axis=0), silent.max(axis=0, initial=0), weight.sum(axis=0))


def find_feed_losses(evidence: FeedEvidence, grid: Grid, *, threshold: float) -> Mask:
    """(T,) columns in which the feed was lost: nearly all series that usually have demand are silent at once.

    Evidence is added over series as if they were independent, since without a fault of the feed they are nearly so. The
    strongest series is left out, so that no single series is taken for the feed.
    """
    known = evidence.possible[None] > 0
    runs = find_runs(known & (evidence.silent >= _TOGETHER * evidence.possible), known)
    score = runs.total((evidence.silent - evidence.strongest)[None])
    lost = exceptional(runs, score, threshold=threshold, n_cycles=grid.n_cycles)
    columns: Mask = runs.mark(lost & passes(runs, known, grid.season), known.shape)[0]
    return columns


def _around(table: NDArray[Any], dtype: Any) -> NDArray[Any]:
    """Sum of the same slot over the cycles around each one, without its own."""
    total: NDArray[Any] = np.cumsum(table, axis=1, dtype=dtype)
    cycles = table.shape[1]
    centre = np.arange(cycles)
    high, low = np.minimum(centre + _NEIGHBOURS, cycles - 1), centre - _NEIGHBOURS - 1
    window = total[:, high]
    window[:, low >= 0] -= total[:, low[low >= 0]]
    window -= table
    return window


def _extrapolate(silence: Silence, y: Values, grid: Grid, *, certain: Mask) -> None:
    """Weigh silences whose neighbours were never silent by the gamma distribution with the neighbours' mean and spread.

    The number of neighbours limits what their frequency of silence can show: a steady link at 100 +- 10 does not fall
    to zero by chance. P(Y < e mean) is near (e k)^k / k! for shape k = (mean / spread)^2 and small e. Counts are at
    most as surprising as by the Poisson distribution, whose mass at zero a density lacks.
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
