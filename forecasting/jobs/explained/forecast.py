"""The reasoning behind a published forecast of a series: parts that sum to it, members, range, past weeks, events."""

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from forecasting.config.stream import Stream
from forecasting.ensemble.explained.usual import past_columns
from forecasting.ensemble.explained.waterfall import NEWEST, REST, Waterfall, take_apart
from forecasting.jobs.common.session import open_session
from forecasting.jobs.explained.adjusted import Final, find_final
from forecasting.jobs.explained.context import find_events, find_past, find_remarks, newest_day
from forecasting.jobs.explained.looks import find_looks
from forecasting.jobs.explained.members import evidence_line, member_rows, range_line
from forecasting.jobs.explained.rerun import Rerun, run_again
from forecasting.jobs.explained.target import ExplainedRows, find_target
from forecasting.jobs.explained.words import bars, first_sentence, name_part
from forecasting.numerics import Floats64, Ints
from forecasting.settings import Settings
from forecasting.terms import DAY, QUANTILE_COLUMNS

BAR = 22
"""Characters of a bar."""


@dataclass(frozen=True)
class ExplainedForecast:
    """One interval, or one local day, of one series."""

    stream: str
    series: str
    when: str
    unit: str
    origin: str
    run_id: str
    model_id: str | None
    mean: float
    """Published: the mean of the interval, or the sum (of streams of means: the mean) of the day's intervals."""
    final: float | None
    """With the adjustments of planners, which plans are made with; None where there are none."""
    quantiles: dict[str, float]
    """Published, of a single interval; empty for a day, whose quantiles are no sums."""
    sentence: str
    course: pd.DataFrame
    """time, forecast and newest, a row an interval: local, and the newest values of the same time of week."""
    parts: pd.DataFrame
    """part, adds, so_far, bar; the last row is the published mean."""
    members: pd.DataFrame
    """member, weight, prior, held_back_loss, answer; see `member_rows`."""
    past: pd.DataFrame
    events: pd.DataFrame
    looks: pd.DataFrame
    """What TFT looks at; empty where it takes no part."""
    lines: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        frames = ("course", "parts", "members", "past", "events", "looks")
        return asdict(self) | {name: _records(getattr(self, name)) for name in frames}


def forecast(
    settings: Settings, stream: str, *, series: str, ts: str | None = None, origin: str | None = None
) -> ExplainedForecast:
    """Explain the published forecast of a series in an interval, or on a local day.

    ts: a local time in the interval, or a date; the first whole day of the forecast where it is None. origin: the
    newest published one up to `ts` unless given. Raises SettingsError for a series or an interval that the forecast
    does not have, FeedError where there is none or where it cannot be made again, ModelError where its model is gone.
    """
    with open_session(settings, stream, read_only=True) as session:
        target = find_target(session, series=series, ts=ts, origin=origin)
        adjusted = find_final(session, target, series=series)
        rerun = run_again(session, target.rows, series=series, origin=target.origin)
        events = find_events(session, rerun, target.rows["ts"].iloc[target.chosen], target.origin)
        return _explain(session.definition.stream, rerun, target, events, adjusted)


def _explain(
    stream: Stream, rerun: Rerun, target: ExplainedRows, events: pd.DataFrame, adjusted: Final
) -> ExplainedForecast:
    chosen = target.chosen
    rows, columns = rerun.rows.iloc[chosen], rerun.columns[chosen]
    found = take_apart(
        rerun.panel,
        rerun.stages,
        rerun.members,
        row=rerun.row,
        columns=columns,
        reconciled=None if rerun.reconciled is None else rerun.reconciled[chosen],
        published=rows["mean"].to_numpy(np.float64),
    )
    averages = stream.stream.aggregate != "sum"
    newest = newest_day(rerun.panel, columns, hours=target.single and stream.interval < DAY)
    table, sentence = _parts(found, target.when, newest, str(rows["tier"].iloc[0]), averages=averages)
    final = None if adjusted.final is None else _total(adjusted.final, averages=averages)
    table = _with_final(table, final)
    first = rows.iloc[0]
    return ExplainedForecast(
        stream=stream.name,
        series=str(first["series_id"]),
        when=target.when,
        unit=stream.stream.unit,
        origin=target.origin.isoformat(),
        run_id=str(first["run_id"]),
        model_id=None if pd.isna(first["model_id"]) else str(first["model_id"]),
        mean=_total(found.published, averages=averages),
        final=final,
        quantiles={name: float(first[name]) for name in QUANTILE_COLUMNS} if target.single else {},
        sentence=sentence,
        course=_course(rerun, rows, columns),
        parts=table,
        members=member_rows(rerun, found, columns, averages=averages),
        past=find_past(rerun, columns, stream, averages=averages),
        events=events,
        looks=find_looks(rerun, columns),
        lines=[
            evidence_line(rerun, columns),
            range_line(rerun, columns),
            *find_remarks(rerun),
            *adjusted.lines,
            *([] if rerun.method is None else [f"sums agree by {rerun.method.replace('_', '-')}"]),
        ],
    )


def _course(rerun: Rerun, rows: pd.DataFrame, columns: Ints) -> pd.DataFrame:
    panel = rerun.panel
    place = past_columns(panel, panel.n_history + columns, weeks=1)[:, 0]
    known = (place >= 0) & panel.observed[rerun.row, np.maximum(place, 0)]
    times = pd.DatetimeIndex(panel.wall[panel.n_history + columns])
    return pd.DataFrame(
        {
            "time": times.strftime("%Y-%m-%d %H:%M"),
            "forecast": rows["mean"].to_numpy(np.float64),
            "newest": np.where(known, panel.y[rerun.row, np.maximum(place, 0)].astype(np.float64), np.nan),
        }
    )


def _total(values: Floats64, *, averages: bool) -> float:
    return float(values.mean() if averages else values.sum())


def _parts(found: Waterfall, when: str, newest: str, tier: str, *, averages: bool) -> tuple[pd.DataFrame, str]:
    totals = {name: _total(values, averages=averages) for name, values in found.parts.items()}
    published = _total(found.published, averages=averages)
    # what is nothing at all is left out, but for the rest, which proves the sum
    shown = {name: value for name, value in totals.items() if name in (NEWEST, REST) or abs(value) > 0}
    names = {name: name_part(name, newest=newest, tier=tier) for name in shown}
    rows = pd.DataFrame(
        {
            "part": [*names.values(), "published mean"],
            "adds": [*shown.values(), None],
            "so_far": [*np.cumsum(list(shown.values())), published],
            "bar": [*bars(list(shown.values()), width=BAR), ""],
        }
    )
    return rows, first_sentence(when, published, shown, names)


def _with_final(table: pd.DataFrame, final: float | None) -> pd.DataFrame:
    """The parts, and below the published mean what adjustments make of it."""
    if final is None:
        return table
    published = float(table["so_far"].iloc[-1])
    added = {
        "part": ["adjustments of planners", "final mean"],
        "adds": [final - published, None],
        "so_far": [final, final],
        "bar": ["", ""],
    }
    return pd.concat([table, pd.DataFrame(added)], ignore_index=True)


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows with None where there is nothing: JSON knows no NaN."""
    return [
        {str(name): None if pd.isna(value) else value for name, value in row.items()}
        for row in frame.to_dict("records")
    ]
