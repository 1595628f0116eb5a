"""Poisson counts whose rates are known, and what a forecast of them is worth."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import poisson

from forecasting.numerics import Floats
from forecasting.panel.grid import Panel
from forecasting.quantiles import mean_of_quantiles
from forecasting.terms import QUANTILES
from tests.models.factories import make_panel

SEASON = 28
"""Columns a week."""
LEVELS = np.asarray(QUANTILES)
INTERVALS = (2, 1, 0)
"""Places of the lower ends of the 50, 80 and 90 % intervals."""

Answer = Callable[[Panel, int, int], Floats]
"""Quantiles (N, length, 7) of a panel, a column and a length."""


@dataclass(frozen=True)
class Sample:
    """Forecasts (..., 7) of counts that were drawn from known rates (...)."""

    y: Floats
    rate: NDArray[np.float64]
    quantiles: Floats

    def where(self, chosen: NDArray[np.bool_] | tuple[slice, ...]) -> "Sample":
        return Sample(self.y[chosen], self.rate[chosen], self.quantiles[chosen])

    def below(self) -> NDArray[np.float64]:
        """(7,) share of counts below each quantile; one that equals it is half below."""
        places, y = tuple(range(self.y.ndim)), self.y[..., None]
        return ((y < self.quantiles).mean(axis=places) + (y <= self.quantiles).mean(axis=places)) / 2

    def coverage(self) -> NDArray[np.float64]:
        """(3,) share of counts within the 50, 80 and 90 % intervals."""
        inside = [
            (self.y >= self.quantiles[..., place]) & (self.y <= self.quantiles[..., -1 - place]) for place in INTERVALS
        ]
        return np.array([one.mean() for one in inside])

    def relative_width(self) -> NDArray[np.float64]:
        """(3,) mean width of the intervals over that of the Poisson distribution itself."""
        truth = poisson.ppf(LEVELS, self.rate[..., None])
        return np.array([_width(self.quantiles, place) / _width(truth, place) for place in INTERVALS])

    def bias(self) -> float:
        """Mean of the forecasts over that of the rates, less one."""
        return float(mean_of_quantiles(self.quantiles.astype(float)).mean() / self.rate.mean() - 1)


def _width(quantiles: Floats, place: int) -> float:
    return float((quantiles[..., -1 - place] - quantiles[..., place]).mean())


def draw_panel(rate: NDArray[np.float64], *, horizon: int = SEASON, seed: int = 0, season: int = SEASON) -> Panel:
    """A panel of counts. rate: (N, T), whole weeks of history."""
    n, columns = rate.shape
    panel = make_panel(n_series=n, weeks=columns // season, season=season, horizon=horizon)
    y = np.random.default_rng(seed).poisson(rate).astype(np.float32)
    return replace(panel, y=y, observed=np.ones(y.shape, bool), attributes=panel.attributes[[]])


def weekly_rates(n: int, weeks: int, *, least: float, most: float, swing: float = 0.8, seed: int = 1) -> Floats:
    """(n, weeks x SEASON) rates that repeat every week, at levels from `least` to `most`."""
    start = np.random.default_rng(seed).uniform(0, 2 * np.pi, (n, 1))
    shape = 1 + swing * np.sin(2 * np.pi * np.arange(weeks * SEASON) / SEASON + start)
    return np.geomspace(least, most, n)[:, None] * shape


def sample_of(answer: Answer, panel: Panel, rate: Floats, *, origin_columns: Sequence[int], length: int) -> Sample:
    """Forecasts from several columns, each with `length` known columns after it: (A, N, length)."""
    columns = [slice(at, at + length) for at in origin_columns]
    return Sample(
        np.stack([panel.y[:, own] for own in columns]),
        np.stack([rate[:, own] for own in columns]),
        np.stack([answer(panel, own.start, length) for own in columns]),
    )
