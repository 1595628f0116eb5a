"""The growth member: peaks of a day or longer, months and years ahead.

One set of parameters describes all series of a stream; each series is filtered from its own history. Its growth is
believed as far as that history distinguishes it from noise, cycles and the season; the rest is taken from the other
series, and a present deviation of growth fades. So half a year of history is not extrapolated wildly, and the shorter
the history, the wider the interval.

A level that is known to have shifted is no growth across the step. A censored value counts as a lower bound.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecasting.errors import ModelError
from forecasting.models.features.slots import NAN
from forecasting.models.growth.fit import learn_parameters
from forecasting.models.growth.held_back import learn_quantile_z
from forecasting.models.growth.kalman import filter_states, look_ahead
from forecasting.models.growth.measure import clock_of, measure, panel_since
from forecasting.models.growth.model import GrowthParameters
from forecasting.models.growth.pooling import Sample, usual_parameters
from forecasting.numerics import Floats32, Floats64
from forecasting.panel.grid import Panel
from forecasting.terms import QUANTILES, Tier

KIND = Tier.GROWTH
MOST_SEASON = 7
"""Slots of a week of whole days; shorter intervals have shapes that this model does not know."""
MOST_SERIES = 120
"""Series that parameters are learned from; of more, as many are drawn."""
CHUNK = 200
"""Series at a time: a chunk's covariances stay in the processor's cache."""
STILL = 0.003
"""Least typical roughness of a stream."""
USUAL_ROUGHNESS = 0.1
"""Of a stream too young to show its own."""
HIGHEST = 50.0
"""Largest logarithm over the median: a float32 ends at 88."""
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
    """Parameters of a stream, and the z-scores of its quantiles."""

    parameters: GrowthParameters
    quantile_z: Floats64
    """(7,) standard deviations from the mean."""

    kind = KIND

    def predict_many(self, panel: Panel, *, origin_columns: Sequence[int], length: int) -> Floats32:
        """Quantiles (A, N, length, 7) from A columns; NaN throughout for a series of which too little was seen.

        Raises ModelError where the panel has another season.
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
    """Learn a stream's parameters from columns before `until`; None where no series has been seen often enough.

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
