"""The profile member: ridge regression on averages of the same slot and on recent errors.

A series' forecast is its four-week slot mean (the base) plus a weighted sum of lagged features: longer and shorter slot
means, means of the time of day, and how far the last hours and days were above expectation. There is one regression per
series and cell of days ahead, shrunk toward one over all series (see `models/shrinkage.py`). Its quantiles are those of
its own training errors.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecasting.errors import ModelError
from forecasting.models.features.history import PreparedHistory, choose_power
from forecasting.models.features.lagged import DEVIATIONS, LaggedFeatures
from forecasting.models.features.rows import Rows, by_chunk, draw_rows, horizon_of, row_features, row_weights
from forecasting.models.features.slots import NAN
from forecasting.models.shrinkage import Moments, fit_shrunk, fold_of
from forecasting.numerics import Floats32, Floats64, Ints, Mask
from forecasting.panel.grid import Panel
from forecasting.quantiles import sort_quantiles
from forecasting.terms import QUANTILES

KIND = "profile"
LEADS = (1, 3)
"""Days ahead at which the next regression begins."""
ERROR_DAYS = 30
"""Days that the errors of all series count for beside those of a series."""
MOST_ROWS = 600_000
ROWS_A_SERIES = 6_000
ERROR_CLIP = 5.0
"""Multiples of the noise at which training errors are cut off."""
LEAST_SEEN = 0.5
"""Share of the slots of a horizon that must have been seen before for a series to be forecast."""


@dataclass(frozen=True)
class ProfileMember:
    """Weights of each series and cell of days ahead, and quantiles of the errors that they left."""

    season: int
    power: float
    """Of the base, with which noise grows."""
    series_ids: tuple[str, ...]
    """Sorted; N series known in training. Others are forecast with the regression over all series."""
    weights: Floats32
    """(N + 1, LEADS + 1, DEVIATIONS); the last row is of all series."""
    loose: Floats32
    """Weights that are nearly a series' own: the trees' other input."""
    errors: Floats32
    """(N + 1, LEADS + 1, 7) quantiles of the errors, in units of the noise."""
    held_out: Floats32 | None = field(default=None, compare=False, repr=False)
    """(2, F, N + 1, LEADS + 1, DEVIATIONS) `weights` and `loose` without each fold of weeks, from which trees learn; no
    part of a model that is kept."""

    kind = KIND

    def predict_many(self, panel: Panel, *, origin_columns: Sequence[int], length: int) -> Floats32:
        """Quantiles (A, N, length, 7) from several columns; NaN throughout for a series whose slots are unknown."""
        if panel.season != self.season:
            raise ModelError(f"{KIND}: expected a season of {self.season}, found {panel.season}; train again")
        every = horizon_of(panel, origin_columns=tuple(origin_columns), length=length)
        forecast = np.empty((len(every), len(QUANTILES)), dtype=np.float32)
        for history, rows, part in by_chunk(panel, every, power=self.power):
            lagged = row_features(history, rows)
            place, lead = self.places(panel, rows.series), leads(history, rows)
            center = weigh(lagged, self.weights[place, lead])
            quantiles = (center[:, None] + self.errors[place, lead]) * lagged.noise[:, None] + lagged.base[:, None]
            quantiles[~complete_rows(lagged, (len(origin_columns), length))] = NAN
            forecast[part] = sort_quantiles(quantiles, lower=0.0)
        shaped = forecast.reshape(panel.n_series, len(origin_columns), length, len(QUANTILES))
        return np.moveaxis(shaped, 1, 0)

    def answers(self, history: PreparedHistory, rows: Rows, lagged: LaggedFeatures, *, until: int) -> Floats32:
        """(R, 2) forecasts less the base by `weights` and by `loose`, in units of the noise.

        Rows with targets before the column `until` are answered by weights that have not learned from that week.
        """
        place, lead = self.places(history.panel, rows.series), leads(history, rows)
        both = np.stack([weigh(lagged, weights[place, lead]) for weights in (self.weights, self.loose)], axis=1)
        learned = np.flatnonzero(rows.column < until)
        if self.held_out is not None and len(learned):
            fold = fold_of(history.days.day[rows.column[learned]], self.held_out.shape[1])
            at = fold, place[learned], lead[learned]
            for number, weights in enumerate(self.held_out):
                both[learned, number] = weigh(lagged, weights[at], learned)
        return both

    def places(self, panel: Panel, series: Ints) -> Ints:
        """(R,) row of `weights` of each row's series; series: (R,) of the panel."""
        ids = np.asarray(self.series_ids, dtype=np.str_)
        if not len(ids):
            return np.zeros(len(series), dtype=np.int64)
        found = np.minimum(np.searchsorted(ids, panel.series_ids), len(ids) - 1)
        place = np.where(ids[found] == panel.series_ids, found, len(ids))
        return np.asarray(place[series], dtype=np.int64)

    def as_parts(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Plain data and arrays from which `rebuild_profile` makes the member again."""
        return {"kind": KIND, "season": self.season, "power": self.power, "series_ids": list(self.series_ids)}, {
            "weights": self.weights,
            "loose": self.loose,
            "errors": self.errors,
        }


def rebuild_profile(config: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> ProfileMember:
    """A member from what `as_parts` gave. Raises ModelError where parts are missing, misshapen or not finite."""
    try:
        season, power = int(config["season"]), float(config["power"])
        ids = tuple(str(name) for name in config["series_ids"])
        weights, loose, errors = (np.asarray(arrays[name], np.float32) for name in ("weights", "loose", "errors"))
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{KIND}: expected season, series and weights, found {error!r}; train again") from error
    shape = (len(ids) + 1, len(LEADS) + 1)
    if {weights.shape, loose.shape} != {(*shape, DEVIATIONS)} or errors.shape != (*shape, len(QUANTILES)):
        raise ModelError(
            f"{KIND}: expected weights {(*shape, DEVIATIONS)} and errors {(*shape, len(QUANTILES))}, "
            f"found {weights.shape}, {loose.shape} and {errors.shape}; train again"
        )
    if not all(np.isfinite(numbers).all() for numbers in (weights, loose, errors)):
        raise ModelError(f"{KIND}: expected finite weights; train again")
    return ProfileMember(season=season, power=power, series_ids=ids, weights=weights, loose=loose, errors=errors)


def weigh(lagged: LaggedFeatures, weights: Floats32, rows: Ints | slice = slice(None)) -> Floats32:
    """(R,) weighted sums of the deviations of some rows; weights: (R, DEVIATIONS)."""
    total: Floats32 = np.einsum("rk,rk->r", lagged.deviations[rows], weights)
    return total


def leads(history: PreparedHistory, rows: Rows) -> Ints:
    """(R,) cell of days ahead, and so the regression, of each row."""
    return np.searchsorted(LEADS, history.days.day[rows.column] - history.days.day[rows.origin], side="right")


def complete_rows(lagged: LaggedFeatures, shape: tuple[int, int]) -> Mask:
    """(R,) whether the series of a row can be forecast from its origin column: all of a horizon, or nothing of it.

    shape: number of origin columns, and length of the horizon; rows are those of `horizon_of`.
    """
    seen, passed = np.isfinite(lagged.base).reshape(-1, *shape), has_passed(lagged).reshape(-1, *shape)
    return np.broadcast_to(complete_horizons(seen, passed)[..., None], seen.shape).ravel()


def has_passed(lagged: LaggedFeatures) -> Mask:
    """(R,) whether the slot of a row has been seen before."""
    return np.asarray((lagged.spread[:, 3] > 0) | (lagged.deviations != 0).any(axis=1))


def complete_horizons(seen: Mask, passed: Mask) -> Mask:
    """(...) whether a horizon can be forecast: whether each of its columns has a base, and enough have passed before.

    seen, passed: (..., length)
    """
    return np.asarray(seen.all(axis=-1) & (passed.mean(axis=-1) >= LEAST_SEEN))


def fit_profile(panel: Panel, *, until: int, seed: int) -> ProfileMember | None:
    """Fit on targets before the column `until`; None where there is nothing to fit on."""
    rng = np.random.default_rng(seed)
    most = min(MOST_ROWS, ROWS_A_SERIES * panel.n_series)
    rows = draw_rows(panel, since=2 * panel.season, until=until, most=most, rng=rng)
    if not len(rows):
        rows = draw_rows(panel, since=panel.season, until=until, most=most, rng=rng)
    if not len(rows):
        return None
    n, levels = panel.n_series, len(LEADS) + 1
    moments = Moments.nothing(series=n, cells=levels, regressors=DEVIATIONS)
    power = choose_power(panel, until=until)
    roots = np.sqrt(row_weights(panel, rows))
    for history, part, part_places in by_chunk(panel, rows, power=power):
        lagged, lead = row_features(history, part, noise_until=until), leads(history, part)
        error = _errors(panel, part, lagged)
        for places, (series, level) in _groups(part.series, lead, np.isfinite(error)):
            root = roots[part_places][places]
            deviations = lagged.deviations[places] * root[:, None]
            target = error[places].clip(-ERROR_CLIP, ERROR_CLIP) * root
            moments.add(series, level, deviations, target, history.days.day[part.column[places]])
    errors = np.zeros((n + 1, levels, len(QUANTILES)), np.float32)
    fit, ids = fit_shrunk(moments), tuple(panel.series_ids.tolist())
    member = ProfileMember(panel.season, power, ids, fit.weights, fit.loose, errors, fit.held_out)
    return replace(member, errors=_error_quantiles(member, panel, rows, moments.days.sum(axis=0), until=until))


def _errors(panel: Panel, rows: Rows, lagged: LaggedFeatures) -> Floats32:
    error: Floats32 = (panel.y[rows.series, rows.column] - lagged.base) / lagged.noise
    return error


def _groups(series: Ints, lead: Ints, usable: Mask) -> list[tuple[Ints, tuple[int, int]]]:
    """Places of the usable rows of each (series, lead)."""
    order = np.flatnonzero(usable)
    if not len(order):
        return []
    key = series[order] * (len(LEADS) + 1) + lead[order]
    order = order[np.argsort(key, kind="stable")]
    key = np.sort(key)
    edges = np.flatnonzero(np.diff(key, prepend=-1, append=key[-1] + 1))
    return [(order[low:high], divmod(int(key[low]), len(LEADS) + 1)) for low, high in pairwise(edges)]


def _error_quantiles(member: ProfileMember, panel: Panel, rows: Rows, days: Floats64, *, until: int) -> Floats32:
    """(N + 1, levels, 7) quantiles of the errors that the weights leave; of few errors mostly those of all series."""
    n, levels = panel.n_series, len(LEADS) + 1
    left, lead = np.empty(len(rows), dtype=np.float32), np.empty(len(rows), dtype=np.int64)
    for history, part, places in by_chunk(panel, rows, power=member.power):
        lagged = row_features(history, part, noise_until=until)
        lead[places] = leads(history, part)
        left[places] = _errors(panel, part, lagged) - weigh(lagged, member.weights[part.series, lead[places]])
    quantiles = np.zeros((n + 1, levels, len(QUANTILES)), dtype=np.float32)
    weight = None if panel.weight is None else row_weights(panel, rows)
    for level in range(levels):
        pooled = np.flatnonzero((lead == level) & np.isfinite(left))
        quantiles[:, level] = _quantiles(left, pooled, weight) if len(pooled) else quantiles[:, level - 1]
    for own, (series, level) in _groups(rows.series, lead, np.isfinite(left)):
        share = days[series, level] / (days[series, level] + ERROR_DAYS)
        quantiles[series, level] += share * (_quantiles(left, own, weight) - quantiles[series, level])
    return quantiles


def _quantiles(values: Floats32, places: Ints, weight: Floats32 | None) -> Floats64:
    """(7,) quantiles of the values at some places, weighted where there are weights."""
    if weight is None:
        return np.asarray(np.quantile(values[places], QUANTILES))
    return np.asarray(np.quantile(values[places], QUANTILES, weights=weight[places], method="inverted_cdf"))
