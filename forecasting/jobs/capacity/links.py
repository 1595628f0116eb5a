"""Input of a plan of capacity: the links of a stream, the forecast of their peaks, capacities, and findings."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.config.capacity import CapacitySection
from forecasting.config.stream import Stream
from forecasting.errors import FeedError, SettingsError
from forecasting.jobs.capacity.findings import (
    COUNTER,
    Finding,
    capacity_changed,
    find_overfull,
    find_silent,
    find_stopped,
    find_without_failure,
    no_capacity,
)
from forecasting.jobs.capacity.ordered import read_ordered
from forecasting.jobs.common.outlook import Outlook, PanelSource, newest_origin, read_outlook
from forecasting.jobs.common.panels import panel_as_of
from forecasting.jobs.common.partners import peak_stream_of
from forecasting.jobs.common.session import Session
from forecasting.numerics import Ints
from forecasting.planning.capacity.failures import Failure, failures
from forecasting.planning.capacity.ordered import Ordered
from forecasting.store.files.definitions import Definition
from forecasting.store.tables.readings import attribute_changes, read_series, read_silent_series
from forecasting.terms import DAY, SeriesFinding

RECENT = 28
"""Days over which suppressed demand is averaged."""
NOT_PLANNED = (SeriesFinding.NO_CAPACITY, SeriesFinding.NO_FORECAST)
OLD = 2 * DAY
"""Age from which a forecast of peaks is named in the plan's note."""


@dataclass(frozen=True)
class Links:
    """n links that can be planned."""

    peaks: Outlook
    """The forecast of the peaks, of these links and others."""
    row: Ints
    """(n,) place of each link among the series of the forecast, ascending."""
    capacity: NDArray[np.float64]
    """(n,)"""
    parallel: NDArray[np.str_]
    """(n,) group whose links can carry each other's traffic; '' of a link that is in none."""
    ordered: Ordered
    """(n,) what is ordered for them already."""
    failures: tuple[Failure, ...]
    """Links that may fail, by places among these n."""
    findings: tuple[Finding, ...]
    """(series_id, kind, one line), in order."""
    passed: int
    """Days of the forecast's horizon that lie before the day of the plan: 0 unless it is an older forecast."""
    note: str | None
    """What a reader must know of the forecast."""

    @cached_property
    def series_ids(self) -> list[str]:
        return [str(self.peaks.panel.series_ids[row]) for row in self.row]

    @cached_property
    def dates(self) -> NDArray[np.datetime64]:
        """(D,) local dates of the horizon from the day of the plan on."""
        return _dates(self.peaks)[self.passed :]

    def before(self, link: Ints, days: int) -> NDArray[np.float32]:
        """(len(link), days) demand at the peaks of the last days before the forecast, NaN where unknown. link: places
        among the n."""
        panel, row = self.peaks.panel, self.row[link]
        recent = slice(max(panel.n_history - days, 0), panel.n_history)
        return np.where(panel.observed[row, recent], panel.y[row, recent], np.float32(np.nan))

    @cached_property
    def suppressed(self) -> NDArray[np.float64]:
        """(n,) mean demand beyond what was measured at the peaks of the last days, 0 where nothing was cut off."""
        panel = self.peaks.panel
        if panel.suppressed is None:
            return np.zeros(len(self.row))
        recent = panel.suppressed[self.row, max(panel.n_history - RECENT, 0) :].astype(np.float64)
        mean: NDArray[np.float64] = np.nan_to_num(recent).mean(axis=1)
        return mean


def capacity_rules(stream: Stream) -> CapacitySection:
    """`[planning.capacity]` of a stream. Raises SettingsError where it has none."""
    if stream.planning.capacity is None:
        raise SettingsError(
            f"stream {stream.name}: no capacity to plan, its definition has no [planning.capacity]; expected at least "
            "peak_stream and steps"
        )
    return stream.planning.capacity


def read_links(session: Session, origin: datetime, *, panels: PanelSource | None = None) -> Links:
    """Links of a stream and the newest forecast of their peaks up to an origin. panels: read anew unless given.

    Raises SettingsError where the rules do not fit the streams, FeedError where no peak was forecast, or too long ago,
    or no link can be planned; the message then names the first reason.
    """
    stream = session.definition.stream
    rules = capacity_rules(stream)
    peak_stream = peak_stream_of(session.settings, stream, rules)
    panels = panels or (lambda one, at: panel_as_of(session.lake, one, at))
    series = read_series(session.lake, stream, origin).set_index("series_id")
    if len(series):
        _require_attributes(session.definition, rules, series)
    timed = newest_origin(session.lake, peak_stream, origin)
    peaks = read_outlook(session.lake, peak_stream, timed, panels=panels, partial=True)
    passed = _passed(peaks, rules, origin)
    if not len(series):
        raise FeedError(f"stream {stream.name}: no series reported in the four weeks before {origin.isoformat()}")
    changes = attribute_changes(session.lake, stream, origin, attribute=rules.capacity)
    findings = [capacity_changed(row) for _, row in changes.iterrows() if row["series_id"] in series.index]
    findings += find_silent(read_silent_series(session.lake, stream, origin), origin)
    capacity = pd.to_numeric(series[rules.capacity], errors="coerce").to_numpy(float, na_value=np.nan)
    known = np.isfinite(capacity) & (capacity > 0)
    findings += [no_capacity(str(name), rules, given) for name, given in series.loc[~known, rules.capacity].items()]
    place = {name: row for row, name in enumerate(peaks.series_ids)}
    forecast = np.array([_is_forecast(peaks, place.get(str(name))) for name in series.index], dtype=bool)
    findings += [
        (
            str(name),
            SeriesFinding.NO_FORECAST,
            f"{name}: stream {peak_stream.name} does not forecast its peak on every day: not planned",
        )
        for name in series.index[known & ~forecast]
    ]
    kept = series.index[known & forecast]
    if kept.empty:
        reason = next(line for name, kind, line in findings if name in series.index and kind in NOT_PLANNED)
        raise FeedError(f"stream {stream.name}: none of its {len(series)} series can be planned; {reason}")
    row = np.array([place[str(name)] for name in kept])
    order = np.argsort(row)
    names, row = [str(kept[at]) for at in order], row[order]
    parallel = series.loc[names, rules.group].fillna("").astype(str).to_numpy(str) if rules.group else [""] * len(names)
    found, alone = failures(names, [str(group) for group in parallel])
    size = capacity[series.index.get_indexer(pd.Index(names))]
    findings += find_without_failure(names, [str(group) for group in parallel], alone, rules)
    counters = {str(name): reason for name, reason in series[COUNTER].items()} if COUNTER in series else {}
    findings += find_stopped(peaks.panel, row.tolist(), names, counters)
    findings += find_overfull(_measured(peaks, row), size, names, rules, peaks.stream.stream.unit)
    ordered, noted = read_ordered(session.lake, stream, peaks, origin, names, size, changes, day=passed)
    findings += noted
    note = f"peaks are those of an older forecast, from {timed.isoformat()}" if origin - timed >= OLD else None
    return Links(
        peaks=peaks,
        row=row,
        capacity=size,
        parallel=np.asarray(parallel, dtype=np.str_),
        ordered=ordered,
        failures=tuple(found),
        findings=tuple(sorted(findings)),
        passed=passed,
        note=note,
    )


def _dates(peaks: Outlook) -> NDArray[np.datetime64]:
    """Local dates of a whole horizon."""
    return peaks.panel.wall[peaks.panel.n_history :].astype("datetime64[D]")


def _passed(peaks: Outlook, rules: CapacitySection, origin: datetime) -> int:
    """Days of the peaks' horizon before an origin's local day. Raises FeedError where that leaves too few of them."""
    today, dates = np.datetime64(origin.astimezone(peaks.stream.zone).date()), _dates(peaks)
    passed = int((dates < today).sum())
    if passed and passed + rules.lead_time // DAY >= len(dates):
        raise FeedError(
            f"stream {peaks.stream.name}: its newest forecast, from {peaks.origin.isoformat()}, ends {dates[-1]}, "
            f"within planning.capacity.lead_time of {origin.isoformat()}; forecast again: forecasting run "
            f"{peaks.stream.name} --origin {origin.isoformat()}"
        )
    return passed


def _require_attributes(definition: Definition, rules: CapacitySection, series: pd.DataFrame) -> None:
    for key, name in (("capacity", rules.capacity), ("group", rules.group)):
        if name is not None and name not in series:
            name_of, found = definition.stream.name, ", ".join(map(str, series.columns))
            raise SettingsError(
                f"stream {name_of}: planning.capacity.{key} = {name!r} is no attribute of its series"
                + (f"; expected one of {found}" if found else ", which have none")
                + f": {definition.extract.path} returns no column {name}, or only NULL in it; add it there, then pull "
                f"the history again: forecasting ingest {name_of} --since {definition.stream.source.start}"
            )


def _is_forecast(peaks: Outlook, row: int | None) -> bool:
    return row is not None and bool(np.isfinite(peaks.quantiles[row]).all())


def _measured(peaks: Outlook, row: Ints) -> NDArray[np.float64]:
    """(n, RECENT) what was measured of links on the last days, NaN where nothing was."""
    panel = peaks.panel
    recent = slice(max(panel.n_history - RECENT, 0), panel.n_history)
    added = 0.0 if panel.suppressed is None else np.nan_to_num(panel.suppressed[row, recent])
    return np.where(panel.observed[row, recent], panel.y[row, recent].astype(np.float64) - added, np.nan)
