"""A first look at a feed: added, forecast and scored in a home that is gone afterwards."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from forecasting.errors import FallbackError, InsufficientHistoryError
from forecasting.jobs import evaluate, forecast, ingest
from forecasting.jobs.streams.add import Added, NewStream, prepare
from forecasting.jobs.streams.charts import draw_chart
from forecasting.jobs.streams.keeping import free_name, keep_command
from forecasting.settings import Settings
from forecasting.store.files.definitions import read_definition
from forecasting.store.lake.open import open_lake_to_read
from forecasting.terms import DAY

MEMBERS = '["pretrained", "trees", "seasonal"]'
"""Those that say something after seconds of training."""
BUDGET = "15s"
MOST_SERIES = 200
"""Series that are forecast; of more, the largest by volume."""
HORIZON, LONG_HORIZON = "7d", "28d"
_PAST = 14
"""Days of history that the chart shows; of streams of days, twice the horizon."""
QUANTILES_SHOWN = ("q10", "q50", "q90")
_SHOWN = 12
"""Intervals whose quantiles are shown."""

Progress = Callable[[str], None]


@dataclass(frozen=True)
class FirstLook:
    """What a first look found. Nothing of it is kept."""

    name: str
    added: Added
    evaluation: evaluate.Evaluation | None
    """None where the history is too short to score a forecast."""
    note: str
    """Why there is no score; empty where there is one."""
    forecasts: pd.DataFrame
    """Rows of the forecast: series_id, ts (local text), q10, q50, q90."""
    shown: str
    """The series of the chart: the one with the most demand."""
    chart: tuple[str, ...]
    keep: str
    """The command that keeps the stream."""

    def as_dict(self) -> dict[str, Any]:
        scored = self.evaluation.as_dict() if self.evaluation else None
        return {
            "name": self.name,
            "report": self.added.report.as_dict(),
            "message": self.added.message,
            "evaluation": scored,
            "note": self.note,
            "forecasts": self.forecasts.to_dict("records"),
            "keep": self.keep,
        }

    @property
    def next_intervals(self) -> pd.DataFrame:
        """Quantiles of the shown series in the first intervals."""
        own = self.forecasts[self.forecasts["series_id"] == self.shown]
        return own[["ts", *QUANTILES_SHOWN]].head(_SHOWN).reset_index(drop=True)


def look(settings: Settings, new: NewStream, *, width: int, begin: Progress = lambda _: None) -> FirstLook:
    """Forecast a feed from its end, and score the forecasts that would have been made before.

    new: what a person states; without a name it is that of the file, without a horizon a week, of days four. width:
    columns of the chart. Raises what adding, ingesting and forecasting a stream raise.
    """
    new = replace(new, name=new.name or free_name(settings, new))
    with TemporaryDirectory(prefix="forecasting-") as folder:
        beside = _beside(settings, Path(folder))
        begin("look at the feed")
        new, added = _write(beside, new)
        begin("ingest")
        ingest.run(beside, new.name, until=added.origin)
        evaluation, note = _score(beside, new, added.origin, begin)
        begin("forecast")
        forecast.run(beside, new.name, origin=added.origin)
        forecasts, shown, chart = _read(beside, new.name, width)
    return FirstLook(new.name, added, evaluation, note, forecasts, shown, tuple(chart), keep_command(new))


def _beside(settings: Settings, folder: Path) -> Settings:
    """The same feeds, with a lake, models and definitions that are gone afterwards."""
    return settings.model_copy(
        update={
            "catalog": f"sqlite:{folder / 'lake' / 'catalog.sqlite'}",
            "data": str(folder / "data"),
            "models": str(folder / "models"),
            "streams": folder / "streams",
        }
    )


def _write(settings: Settings, new: NewStream) -> tuple[NewStream, Added]:
    quick_new = replace(new, most_series=MOST_SERIES)
    prepared = prepare(settings, replace(quick_new, horizon=new.horizon or HORIZON))
    if not new.horizon and prepared.proposal.stream.interval >= DAY:
        prepared = prepare(settings, replace(quick_new, horizon=LONG_HORIZON))
    added = prepared.write()
    text = added.definition.read_text(encoding="utf-8")
    quick = re.sub(r"(?m)^members = .*$", f"members = {MEMBERS}", text)
    quick = re.sub(r"(?m)^budget = .*$", f'budget = "{BUDGET}"\nmax_fallback_share = 1.0', quick)
    added.definition.write_text(quick, encoding="utf-8")
    horizon = new.horizon or (LONG_HORIZON if prepared.proposal.stream.interval >= DAY else HORIZON)
    return replace(new, horizon=horizon), added


def _score(settings: Settings, new: NewStream, origin: str, begin: Progress) -> tuple[evaluate.Evaluation | None, str]:
    """Scores of two origins whose horizon is measured, or why there are none."""
    stream = read_definition(settings, new.name).stream
    last = pd.Timestamp(origin) - stream.stream.horizon
    span = {"since": f"{last - timedelta(days=7):%Y-%m-%d}", "until": f"{last:%Y-%m-%d}"}
    try:
        return evaluate.run(settings, new.name, **span, begin=begin), ""
    except (InsufficientHistoryError, FallbackError) as error:
        return None, f"too short a history for a score: {error}"


def _read(settings: Settings, name: str, width: int) -> tuple[pd.DataFrame, str, list[str]]:
    stream = read_definition(settings, name).stream
    zone = stream.stream.timezone
    with open_lake_to_read(settings) as lake:
        rows = lake.frame("forecast/newest_rows.sql", stream=name)
        shown = str(rows.groupby("series_id")["q50"].sum().idxmax())
        first = rows["ts"].min()
        past = max(_PAST * DAY, 2 * stream.stream.horizon) if stream.interval >= DAY else _PAST * DAY
        history = lake.frame("history/recent_values.sql", stream=name, series=shown, since=first - past, until=first)
    own = rows[rows["series_id"] == shown].sort_values("ts")
    measured = history.set_index("ts")["y"].to_numpy(np.float64, na_value=np.nan)
    chart = draw_chart(measured, *(own[column].to_numpy(np.float64) for column in QUANTILES_SHOWN), width=width)
    rounded = rows.assign(**{name: [float(f"{value:.4g}") for value in rows[name]] for name in QUANTILES_SHOWN})
    local = rows["ts"].dt.tz_convert(zone).dt.strftime("%Y-%m-%d %H:%M")
    return rounded.assign(ts=local)[["series_id", "ts", *QUANTILES_SHOWN]], shown, chart
