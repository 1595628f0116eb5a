"""Why a forecast changed from one origin to the next: the inputs of the later one are put in one by one.

Each step swaps one thing and takes the forecast of some series again: new demand, revised demand, events, the model,
weights. What a step changes is its part; so parts depend on this order, and sum to the change whatever it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from forecasting.ensemble.blocks.combination import Combination
from forecasting.ensemble.calibrated import ForecastStages, finish_stages
from forecasting.ensemble.mixture import mix_weighed
from forecasting.ensemble.weighing import predict_all, split_members
from forecasting.models.member import Member
from forecasting.numerics import Floats32, Floats64
from forecasting.panel.grid import Panel, at_present_level, fingerprint, without_events

NEW, REVISED, EVENTS, MODEL, WEIGHTS = "new demand", "revised demand", "events", "model", "weights"
STEPS = (NEW, REVISED, EVENTS, MODEL, WEIGHTS)


@dataclass(frozen=True)
class Ingredients:
    """What a forecast was made with, but for the history."""

    members: Mapping[str, Member]
    model_id: str | None
    combination: Combination


class SeriesForecaster:
    """Forecasts of some of a stream's series with weights that are known; members are asked once for equal panels."""

    def __init__(self, pair: tuple[Ingredients, Ingredients]) -> None:
        self._needed = {name for made in pair for name in made.combination.needed(made.members)}
        self._answers: dict[tuple[bytes, str | None, bool], dict[str, Floats32]] = {}

    def forecast(self, panel: Panel, made: Ingredients, combination: Combination) -> ForecastStages:
        """The stages of a panel's forecast by given members, weighed and calibrated as by a combination."""
        panel = at_present_level(panel)
        baseline = without_events(panel)
        members = {name: one for name, one in made.members.items() if name in self._needed}
        weighing = combination.weighing(baseline)
        judged = bool(weighing.origin_columns)
        key = fingerprint(baseline), made.model_id, judged
        if key not in self._answers:
            asked, _ = split_members(baseline, members, judged=judged)
            self._answers[key] = predict_all(baseline, asked, at=baseline.n_history, length=baseline.n_horizon)
        mixed = mix_weighed(baseline, members, weighing, answers=self._answers[key])
        return finish_stages(panel, baseline, mixed, members, combination.factors if combination.judged else None)


@dataclass(frozen=True)
class ChangeSteps:
    """Means of n series after each step, by the columns of the later horizon."""

    before: Floats64
    """(n, H) of the earlier origin; NaN in columns that it does not have."""
    after: tuple[Floats64, ...]
    """(n, H) after each of STEPS."""
    last: ForecastStages
    """Of the later origin."""


def step_through(
    earlier: Panel, panels: tuple[Panel, Panel, Panel], pair: tuple[Ingredients, Ingredients]
) -> ChangeSteps:
    """The forecast of some series, from what an earlier origin knew to what a later one did.

    earlier: as known at the earlier origin. panels: at the later one, with new demand, with revised demand too, and
    with the events that were known by then; the same series in all of them. pair: the earlier and the later. Where
    the members of the two are not of the same kinds, their weights come with the model.
    """
    old, new = pair
    forecaster = SeriesForecaster(pair)
    first = forecaster.forecast(earlier, old, old.combination)
    stages = [forecaster.forecast(panel, old, old.combination) for panel in panels]
    alike = set(old.combination.names) == set(new.combination.names)
    last = forecaster.forecast(panels[-1], new, new.combination)
    swapped = forecaster.forecast(panels[-1], new, old.combination) if alike else last
    means = [_mean(stage) for stage in (*stages, swapped, last)]
    return ChangeSteps(_aligned(earlier, panels[0], _mean(first)), tuple(means), last)


def _mean(stages: ForecastStages) -> Floats64:
    return stages.with_events.mean.astype(np.float64)


def _aligned(earlier: Panel, later: Panel, mean: Floats64) -> Floats64:
    """A mean by columns of the earlier horizon, by those of the later one."""
    ahead, wanted = earlier.ts[earlier.n_history :], later.ts[later.n_history :]
    place = np.minimum(np.searchsorted(ahead, wanted), max(len(ahead) - 1, 0))
    return np.where(ahead[place] == wanted, mean[:, place], np.nan)
