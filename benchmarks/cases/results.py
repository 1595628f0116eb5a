"""One case of `benchmarks/accuracy.py`: trained, forecast from every origin, and scored."""

import time
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pandas as pd
from cases.load import Case, Loaded, load
from numpy.typing import NDArray

from forecasting.ensemble.calibrated import forecast_panels
from forecasting.ensemble.mixture import PanelForecast
from forecasting.ensemble.training import train_members
from forecasting.evaluation.scores import ALL_BUCKETS, ALL_SERIES, PUBLISHED, score_rows, seasonal_scale
from forecasting.models.features.history import choose_power
from forecasting.models.foundation.checkpoint import Checkpoint
from forecasting.models.member import Member
from forecasting.models.neural.member import house_member
from forecasting.models.neural.modules import KINDS
from forecasting.panel.grid import at_present_level
from forecasting.quantiles import mean_of_quantiles
from forecasting.terms import QUANTILE_COLUMNS

NEURAL, WITHOUT = ("nbeats", "tft", "pretrained"), "without neural"
WORSE = 1.02
"""Most that the combination may lose over its best member."""
ROUNDING = 1e-4
"""Relative: quantiles are in single precision."""


@dataclass(frozen=True)
class Result:
    """How a case went."""

    case: Case
    seed: int
    seconds: float
    """Of training."""
    scores: pd.DataFrame
    """By member, series and horizon bucket."""
    rows: pd.DataFrame
    """The combination's forecasts beside the truth."""
    outside: float
    """Share of all intervals in which the mean lies outside of the members' means."""
    others: frozenset[str] = frozenset()
    """Rows of the scores that are no member of the combination."""

    @property
    def best(self) -> str:
        """The member with the least loss."""
        members = [str(name) for name in set(self.scores["member"]) if name not in self.others | {PUBLISHED}]
        return min(members, key=lambda name: float(self.whole(name)["wql"]))

    @property
    def ratio(self) -> float:
        """Loss of the combination over that of the best member."""
        return float(self.whole(PUBLISHED)["wql"] / self.whole(self.best)["wql"])

    @property
    def is_sound(self) -> bool:
        """A single origin says little of who is best."""
        return (self.ratio <= WORSE or len(self.case.origins) == 1) and self.outside == 0

    def whole(self, member: str) -> "pd.Series[float]":
        return self.by_series(member).T[ALL_SERIES]

    def by_series(self, member: str) -> pd.DataFrame:
        own = self.scores[(self.scores["member"] == member) & (self.scores["horizon_bucket"] == ALL_BUCKETS)]
        return own.set_index("series_id")


def run_case(
    case: Case,
    *,
    budget: float,
    members: list[str],
    seed: int,
    foundation: Checkpoint | None = None,
    without: bool = False,
    untuned: bool = False,
) -> Result:
    """Train before the first origin, forecast every origin, score every member on the same intervals."""
    loaded = load(case)
    update = {"budget": timedelta(seconds=budget), "members": tuple(members), "seed": seed}
    settings = loaded.stream.models.model_copy(update=update)
    started = time.perf_counter()
    trainings = train_members(loaded.panels[0], settings, foundation=foundation)
    seconds = time.perf_counter() - started
    trained = {name: training.member for name, training in trainings.items() if training.member is not None}
    for name, training in trainings.items():
        if training.member is None:
            print(f"{case.name}: {name} not used: {training.reason}")
    forecasts = list(forecast_panels(loaded.panels, trained))
    predicted = {PUBLISHED: [forecast.quantiles for forecast in forecasts]}
    predicted |= {
        name: [forecast.member_forecasts[name] for forecast in forecasts] for name in forecasts[0].member_forecasts
    }
    others: dict[str, list[NDArray[np.float32]]] = {}
    if without:
        others |= leave_out(loaded, trained)
    if untuned:
        others |= take_untuned(loaded)
    predicted |= others
    rates = [forecast.mean for forecast in forecasts]
    every = {name: _frame(case, loaded, quantiles, rates) for name, quantiles in predicted.items()}
    frames = {name: frame for name, frame in every.items() if len(frame)}
    scores = pd.concat(
        [score_rows(frame, counts=loaded.stream.counts).assign(member=name) for name, frame in frames.items()]
    )
    judged = [(outside_members(one), np.isfinite(truth)) for one, truth in zip(forecasts, loaded.truths, strict=True)]
    outside = sum(int((away & seen).sum()) for away, seen in judged) / max(
        sum(int(seen.sum()) for _, seen in judged), 1
    )
    return Result(case, seed, seconds, scores, frames[PUBLISHED], outside, frozenset(others))


def leave_out(loaded: Loaded, trained: dict[str, Member]) -> dict[str, list[NDArray[np.float32]]]:
    """Forecasts of every origin by combinations without each of the neural members, and without all."""
    neural = [name for name in NEURAL if name in trained]
    parts = {f"without {name}": {name} for name in neural} | {WITHOUT: set(neural)}
    found = {}
    for label, gone in parts.items():
        rest = {name: member for name, member in trained.items() if name not in gone}
        found[label] = [forecast.quantiles for forecast in forecast_panels(loaded.panels, rest)]
    return found


def take_untuned(loaded: Loaded) -> dict[str, list[NDArray[np.float32]]]:
    """Forecasts of every origin by N-BEATS and TFT with the weights of the package."""
    panels = [at_present_level(panel) for panel in loaded.panels]
    power = choose_power(panels[0], until=panels[0].n_history)
    return {
        f"{kind} untuned": [
            house_member(kind, power=power).predict_many(
                panel, origin_columns=(panel.n_history,), length=panel.n_horizon
            )[0]
            for panel in panels
        ]
        for kind in KINDS
    }


def outside_members(forecast: PanelForecast) -> NDArray[np.bool_]:
    """(N, H) intervals in which the published mean lies outside of the range of the members' means."""
    means = np.stack([np.maximum(mean_of_quantiles(own), 0.0) for own in forecast.member_forecasts.values()])
    known = np.isfinite(means)
    low, high = np.where(known, means, np.inf).min(axis=0), np.where(known, means, -np.inf).max(axis=0)
    room = ROUNDING * np.maximum(forecast.mean, 1e-3)
    return np.asarray(known.any(axis=0) & ((forecast.mean < low - room) | (forecast.mean > high + room)))


def _frame(
    case: Case, loaded: Loaded, predicted: list[NDArray[np.float32]], rates: list[NDArray[np.float32]]
) -> pd.DataFrame:
    scale = _scale(case, loaded)
    parts = []
    for panel, truth, quantiles, rate, origin in zip(
        loaded.panels, loaded.truths, predicted, rates, case.origins, strict=True
    ):
        series, column = np.nonzero(np.isfinite(truth) & np.isfinite(quantiles).all(axis=2))
        values = quantiles[series, column].astype(np.float64)
        frame = pd.DataFrame(values, columns=list(QUANTILE_COLUMNS))
        ids = panel.series_ids[series]
        parts.append(
            frame.assign(
                mean=np.maximum(mean_of_quantiles(values), 0),
                rate=rate[series, column],
                y=truth[series, column],
                series_id=ids,
                ts=panel.ts[panel.n_history :][column],
                origin=origin,
                horizon_bucket="all days",
                scale=scale.reindex(ids).to_numpy(),
            )
        )
    return pd.concat(parts, ignore_index=True)


def _scale(case: Case, loaded: Loaded) -> pd.Series:
    first = loaded.panels[0]
    return pd.Series(seasonal_scale(first.y, season=case.scale_season), index=first.series_ids)
