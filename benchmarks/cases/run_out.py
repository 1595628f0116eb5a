"""Run-out dates of generated links, by forecast and by the straight lines that planners draw, beside the true ones."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from cases.load import NO_EVENTS
from cases.long_links import LongLinks
from numpy.typing import NDArray

import forecasting
from forecasting.config.stream import Stream, parse_stream
from forecasting.ensemble.calibrated import forecast_panels
from forecasting.ensemble.training import train_members
from forecasting.panel.build import build_panel
from forecasting.panel.calendar.calendar import resolve_origin
from forecasting.panel.calendar.instants import as_utc
from forecasting.panel.demand import Demand
from forecasting.panel.grid import Panel
from forecasting.planning.capacity.runout import date_quantiles, first_exceedance_day
from forecasting.terms import MEDIAN, QUANTILES
from forecasting.uncertainty.long_dependence import learn_long_dependence
from forecasting.uncertainty.long_paths import LongPathMaker

Days = NDArray[np.int64]
Values = NDArray[np.float64]

CONFIDENCE, LEAD_DAYS = 0.9, 90
AHEAD = (120, 245)
"""Days: four to eight months."""
LINE_DAYS = 365
"""Of the newest history, through which lines are drawn."""
BLOCK = 100
"""Links whose paths stand in memory at once."""
Q10, Q90 = QUANTILES.index(0.1), QUANTILES.index(0.9)
STREAM = Path(forecasting.__file__).parent / "definitions" / "link_peak.toml"


@dataclass(frozen=True)
class Dates:
    """What one way of reckoning says of n links, in days from the origin; the horizon's length is "beyond"."""

    low: Days
    middle: Days
    high: Days
    soon: NDArray[np.float64]
    """(n,) probability of running out within the lead time."""
    due: NDArray[np.bool_]
    """(n,) on the watch list: an upgrade must be ordered today."""


def read_stream() -> Stream:
    """The packaged stream of peaks, with all of the generated history."""
    stream = parse_stream(STREAM.read_text(encoding="utf-8"), path=STREAM.name)
    return stream.model_copy(update={"source": stream.source.model_copy(update={"start": date(2015, 1, 1)})})


def make_panel(links: LongLinks, stream: Stream) -> Panel:
    """The panel as of the links' origin, by the line's own code from the measured values on."""
    now = links.y.shape[1]
    ids = links.series["series_id"].to_numpy(dtype=str)
    grid = as_utc(pd.DatetimeIndex(links.days[:now]).tz_localize(stream.zone))
    demand = Demand(ids, grid, links.y.copy(), censored=links.censored.copy())
    series = pd.DataFrame(
        {
            "series_id": ids,
            "group": links.series["group"].to_numpy(dtype=str),
            "capacity": links.series["capacity"].astype(int).astype(str).to_numpy(),
        }
    )
    origin = resolve_origin(str(links.days[now]), stream)
    return build_panel(stream, origin=origin, demand=demand, series=series, events=NO_EVENTS)


def by_forecast(links: LongLinks, *, seed: int = 1) -> Dates:
    """As the product does it: forecast of the peaks, joint paths, first day above the limit."""
    stream = read_stream()
    panel = make_panel(links, stream)
    started = time.perf_counter()
    trainings = train_members(panel, stream.models)
    trained = {name: training.member for name, training in trainings.items() if training.member is not None}
    forecast = next(forecast_panels([panel], trained))
    sources = dict(zip(*np.unique(forecast.tier, return_counts=True), strict=True))
    print(f"  trained and forecast in {time.perf_counter() - started:.0f} s, forecasts by {sources}", flush=True)
    dependence = learn_long_dependence(panel.y, panel.observed, season=panel.season)
    maker = LongPathMaker(dependence, panel.n_horizon, seed=(seed,))
    window = links.persistence.window
    first_exceedance = []
    for first in range(0, panel.n_series, BLOCK):
        rows = np.arange(first, min(first + BLOCK, panel.n_series))
        paths = maker.paths_of(rows, forecast.quantiles[rows])
        before = panel.y[rows, -window:]
        first_exceedance.append(first_exceedance_day(paths, links.limit[rows], links.persistence, before=before))
    days = np.concatenate(first_exceedance)
    quantiles = date_quantiles(days)
    low = date_quantiles(days, (1 - CONFIDENCE,))[:, 0]
    return Dates(
        low=quantiles[:, Q10].astype(np.int64),
        middle=quantiles[:, MEDIAN].astype(np.int64),
        high=quantiles[:, Q90].astype(np.int64),
        soon=(days <= LEAD_DAYS).mean(axis=1),
        due=low <= LEAD_DAYS,
    )


def by_line(links: LongLinks) -> Dates:
    """A straight line through the daily values of the last year."""
    return _line(links, forward=lambda values: values)


def by_log_line(links: LongLinks) -> Dates:
    """A straight line through their logarithms: steady growth."""
    return _line(links, forward=np.log)


def by_weekly_line(links: LongLinks) -> Dates:
    """A straight line through the logarithms of weekly maxima: steady growth of what counts."""
    return _line(links, forward=np.log, width=7)


def _line(links: LongLinks, *, forward: Callable[[Values], Values], width: int = 1) -> Dates:
    horizon = links.future.shape[1]
    y = links.y[:, -(LINE_DAYS - LINE_DAYS % width) :].astype(np.float64)
    y = np.nan_to_num(y, nan=-1.0).reshape(len(y), -1, width).max(axis=2)
    day = width * (np.arange(-y.shape[1], 0) + 0.5)
    found = np.empty(len(y), dtype=np.int64)
    for row, (values, limit) in enumerate(zip(y, links.limit, strict=True)):
        known = values > 0
        slope, now = np.polyfit(day[known], forward(values[known]), 1)
        above = now + slope * np.arange(horizon) > forward(np.asarray(limit))
        found[row] = above.argmax() if above.any() else horizon
    soon = found <= LEAD_DAYS
    return Dates(found, found, found, soon.astype(float), soon)


METHODS: dict[str, Callable[[LongLinks], Dates]] = {
    "forecast": by_forecast,
    "straight line": by_line,
    "line, logs": by_log_line,
    "line, logs of weekly maxima": by_weekly_line,
}


def score(links: LongLinks, dates: Dates) -> pd.DataFrame:
    """One row a link: how its dates compare with the true one."""
    horizon = links.future.shape[1]
    true = np.where(links.runs_out < 0, horizon, links.runs_out)
    return pd.DataFrame(
        {
            "history": links.y.shape[1] - np.isfinite(links.y).argmax(axis=1),
            "above": true == 0,
            "inside": (dates.low <= true) & (true <= dates.high),
            "early": true < dates.low,
            "late": true > dates.high,
            "within_horizon": dates.low < horizon,
            "ahead": (true >= AHEAD[0]) & (true < AHEAD[1]),
            "error": np.abs(dates.middle - true),
            "soon": true <= LEAD_DAYS,
            "expected_soon": dates.soon,
            "due": dates.due,
        }
    )


def summary(scored: pd.DataFrame) -> dict[str, float]:
    """What the targets ask, of the rows of one method; links that stand above their limit already count only where it
    says so."""
    whole = scored[scored["due"]]
    rows = scored[~scored["above"]]
    within = rows[rows["within_horizon"]]
    hits = float((rows["due"] & rows["soon"]).sum())
    return {
        "links": len(rows),
        "inside": float(rows["inside"].mean()),
        "inside, within horizon": float(within["inside"].mean()),
        "earlier": float(rows["early"].mean()),
        "later": float(rows["late"].mean()),
        "4-8 months": float(rows["ahead"].sum()),
        "median error, d": float(rows.loc[rows["ahead"], "error"].median()),
        "run out in 90 d": float(rows["soon"].sum()),
        "expected": float(rows["expected_soon"].sum()),
        "on the list": float(rows["due"].sum()),
        "recall": hits / max(float(rows["soon"].sum()), 1.0),
        "precision": hits / max(float(rows["due"].sum()), 1.0),
        "with those above": float(whole["soon"].mean()),
    }
