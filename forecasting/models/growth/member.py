"""The growth member: peaks of a day or longer, months and years ahead.

A structural model of logarithms (`growth_state`) with one law for all series of a stream, learned from all of them
(`growth_fit`), and what is filtered from each one's own history. A growth is believed as far as its history tells it
from noise, swells and the yearly season; what is not believed is that of the other series, and a present turn of growth
fades. So half a year of history is no wild extrapolation, and its interval says how little is known.

A level that is known to have shifted teaches no growth across the step. Of a censored value only what was measured
counts, as a lower bound.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecasting.errors import ModelError
from forecasting.models.features.slots import NAN
from forecasting.models.growth.fit import LEAST_SEEN, Sample, learn_parameters, learn_quantile_z, usual_parameters
from forecasting.models.growth.kalman import Clock, GrowthParameters, Measured, filter_states, look_ahead
from forecasting.numerics import MAD_TO_DEVIATION, Floats32, Floats64, Ints, Mask
from forecasting.panel.grid import Panel
from forecasting.terms import QUANTILES, Tier

KIND = Tier.GROWTH
MOST_SEASON = 7
"""Slots of a week of whole days; shorter intervals have shapes that this model does not know."""
MOST_DAYS = 4 * 365
"""Of history; older teaches nothing of tomorrow's growth."""
MOST_SERIES = 120
"""From which the law is learned; of more, as many are drawn."""
CHUNK = 200
"""Series at a time: a chunk's covariances stay in the processor's cache."""
NEAR_ZERO = 0.01
"""Share of the median that values below it are taken for: zeros have no logarithm."""
PAIRS = 20.0
"""Pairs of columns a season apart that the typical roughness is worth."""
SMOOTHEST, STILL = 0.1, 0.003
"""Least roughness of a series, over the typical one, and of the typical one."""
USUAL_ROUGHNESS = 0.1
"""Of a stream too young to show its own."""
HIGHEST = 50.0
"""Logarithm beside the median beyond which a float32 ends."""
ARRAYS = ("pattern", "shapes")
NUMBERS = tuple(field.name for field in fields(GrowthParameters) if field.name not in (*ARRAYS, "season"))
OLD_NAMES = {
    "law": "parameters",
    "reach": "quantile_z",
    "swell": "cycle",
    "swell_days": "cycle_days",
    "wander": "level_drift",
    "turn": "growth_deviation",
    "turn_years": "deviation_years",
}
"""What earlier versions called the parts of a stored member, and what they are called now."""


@dataclass(frozen=True)
class GrowthMember:
    """The law of a stream, and how far its quantiles reach."""

    parameters: GrowthParameters
    quantile_z: Floats64
    """(7,) standard deviations from the mean."""

    kind = KIND

    def predict_many(self, panel: Panel, *, origin_columns: Sequence[int], length: int) -> Floats32:
        """Quantiles (A, N, length, 7) from several columns; NaN throughout for a series of which too little was seen.

        Raises ModelError where the panel has another season than the law.
        """
        if panel.season != self.parameters.season:
            raise ModelError(
                f"{KIND}: expected a season of {self.parameters.season}, found {panel.season}; train again"
            )
        forecast = np.full((len(origin_columns), panel.n_series, length, len(QUANTILES)), NAN, dtype=np.float32)
        for own, at in zip(forecast, origin_columns, strict=True):
            for start in range(0, panel.n_series if at and length else 0, CHUNK):
                self._predict(panel, own, slice(start, start + CHUNK), at=at)
        return forecast

    def _predict(self, panel: Panel, forecast: Floats32, rows: slice, *, at: int) -> None:
        measured, median, enough = measure(panel, rows, at=at, typical=self.parameters.roughness)
        if not enough.any():
            return
        since = panel_since(panel, at)
        (state,) = filter_states(self.parameters, clock_of(panel, slice(since, at)), measured, marks=(at - since,))
        ahead = clock_of(panel, slice(at, at + forecast.shape[1]))
        mean, variance = look_ahead(self.parameters, state, ahead, measured.roughness)
        spread = np.sqrt(variance)
        for place, z in enumerate(self.quantile_z):
            predicted = np.minimum(mean + z * spread, HIGHEST) + median
            forecast[rows, :, place] = np.where(enough, np.exp(predicted), np.nan).T

    def as_parts(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Plain data and arrays from which `rebuild_growth` makes the member again."""
        parameters = asdict(self.parameters)
        arrays = {name: np.asarray(parameters.pop(name)) for name in ARRAYS}
        return {"kind": str(KIND), "parameters": parameters}, {**arrays, "quantile_z": self.quantile_z}


def rebuild_growth(config: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> GrowthMember:
    """A member from what `as_parts` gave. Raises ModelError where parts are missing, misshapen or not finite."""
    try:
        stored, arrays = _renamed(_renamed(config)["parameters"]), _renamed(arrays)
        season = int(stored["season"])
        usual = usual_parameters(season=season, roughness=1.0)
        own: dict[str, Any] = {name: float(stored[name]) for name in NUMBERS}
        own |= {name: np.asarray(arrays[name], np.float64) for name in ARRAYS}
        parameters = replace(usual, **own)
        quantile_z = np.asarray(arrays["quantile_z"], np.float64)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{KIND}: expected growth parameters, found {error!r}; train again") from error
    shapes = parameters.pattern.shape, (*parameters.shapes.shape[:1], parameters.shapes.ndim), quantile_z.shape
    if shapes != (usual.pattern.shape, (len(usual.pattern), 2), (len(QUANTILES),)):
        raise ModelError(f"{KIND}: expected arrays of a season of {season}, found {shapes}; train again")
    if not all(
        np.isfinite(part).all()
        for part in ([getattr(parameters, name) for name in NUMBERS], parameters.pattern, parameters.shapes, quantile_z)
    ):
        raise ModelError(f"{KIND}: expected finite numbers; train again")
    return GrowthMember(parameters, quantile_z)


def _renamed(parts: Mapping[str, Any]) -> dict[str, Any]:
    return {OLD_NAMES.get(name, name): part for name, part in parts.items()}


def fit_growth(panel: Panel, *, until: int, seed: int) -> GrowthMember | None:
    """Learn the law of a stream from columns before `until`; None where no series has been seen often enough.

    panel: of a season of at most MOST_SEASON slots.
    """
    roughness, usable = [], []
    for start in range(0, panel.n_series if until else 0, CHUNK):
        rows = slice(start, start + CHUNK)
        measured, _, enough = measure(panel, rows, at=until, typical=None)
        roughness.append(measured.roughness[enough])
        usable.append(enough)
    if not until or not np.concatenate(usable).any():
        return None
    rough = np.concatenate(roughness)
    rough = rough[np.isfinite(rough)]
    typical = max(float(np.median(rough)), STILL) if len(rough) else USUAL_ROUGHNESS
    chosen = np.flatnonzero(np.concatenate(usable))
    if len(chosen) > MOST_SERIES:
        chosen = np.sort(np.random.default_rng(seed).choice(chosen, MOST_SERIES, replace=False))
    measured, _, _ = measure(panel, chosen, at=until, typical=typical)
    clock = clock_of(panel, slice(panel_since(panel, until), until))
    sample = Sample(measured, clock)
    usual = usual_parameters(season=panel.season, roughness=typical)
    parameters = learn_parameters(sample, usual)
    return GrowthMember(parameters, learn_quantile_z(parameters, sample))


def measure(panel: Panel, rows: slice | Ints, *, at: int, typical: float | None) -> tuple[Measured, Floats64, Mask]:
    """What was measured of some series before a column, the logarithms of their medians (n,), and (n,) whether it was
    enough.

    typical: roughness that those with few values are drawn to; without it their own is NaN.
    """
    columns = slice(panel_since(panel, at), at)
    y, seen = panel.y[rows, columns].astype(np.float64), panel.observed[rows, columns]
    bound = np.zeros(y.shape, dtype=bool)
    if panel.censored is not None:
        # only what was measured: what was restored knows of later columns, and the filter has a view of its own
        bound = seen & panel.censored[rows, columns]
        y = y if panel.suppressed is None else y - panel.suppressed[rows, columns]
    middle = _median(y, seen)
    enough = (seen.sum(axis=1) >= LEAST_SEEN) & (middle > 0)
    center = np.where(enough, middle, 1.0)
    x = np.log(np.maximum(np.where(seen & enough[:, None], y / center[:, None], 1.0), NEAR_ZERO))
    shift = np.maximum(panel.level_start[rows] - columns.start, 0)
    rough = _roughness(x, seen & ~bound & enough[:, None], season=panel.season, typical=typical)
    return Measured(x, seen & enough[:, None], bound & enough[:, None], rough, shift), np.log(center), enough


def clock_of(panel: Panel, columns: slice) -> Clock:
    """When some columns of a panel are."""
    day = panel.wall[columns].astype("datetime64[s]").astype(np.float64) / 86_400
    return Clock(day, panel.slot[columns].astype(np.int64))


def panel_since(panel: Panel, at: int) -> int:
    """First column of the history that counts at a column."""
    since = panel.wall[at - 1] - np.timedelta64(MOST_DAYS, "D")
    return int(np.searchsorted(panel.wall[:at], since))


def _median(values: Floats64, where: Mask) -> Floats64:
    """(n,) median of each row's values at some places, the lower one of two; 0 for a row without any."""
    count = where.sum(axis=1)
    if not values.shape[1]:
        return np.zeros(len(values))
    ordered = np.sort(np.where(where, values, np.inf), axis=1)
    middle = np.take_along_axis(ordered, np.maximum(count - 1, 0)[:, None] // 2, axis=1)[:, 0]
    return np.where(count > 0, middle, 0.0)


def _roughness(x: Floats64, enough: Mask, *, season: int, typical: float | None) -> Floats64:
    """(n,) robust standard deviation of the change from one season to the next, over root two."""
    change, both = x[:, season:] - x[:, :-season], enough[:, season:] & enough[:, :-season]
    size = np.abs(change - _median(change, both)[:, None])
    own, pairs = MAD_TO_DEVIATION / np.sqrt(2) * _median(size, both), both.sum(axis=1)
    if typical is None:
        return np.where(pairs >= LEAST_SEEN, own, np.nan)
    own = np.maximum(own, SMOOTHEST * typical)
    return np.asarray(typical * (own / typical) ** (pairs / (pairs + PAIRS)))
