"""What `doctor` finds in the lake: schema, runs, keys, models, newest forecasts and the age of feeds. It only reads."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pandas as pd

from forecasting.config.stream import Stream
from forecasting.errors import ForecastingError, LakeError, ModelError, surprises_named
from forecasting.jobs.blocks.panels import panels_as_of
from forecasting.jobs.common.forecast_rows import rows_expected
from forecasting.jobs.common.session import wall_clock
from forecasting.jobs.upkeep.diagnosis import Diagnosis
from forecasting.jobs.upkeep.remedies import RESTORE, reissue, remedy_of
from forecasting.panel.calendar.open_time import has_open_interval
from forecasting.settings import Settings
from forecasting.store.checks import (
    EVERYWHERE,
    OF_FORECASTS,
    OF_HISTORY,
    OF_QUARANTINE,
    Broken,
    LakeCheck,
    Remedy,
    StreamOnRecord,
    find_broken,
    registered_models,
    schema_gap,
    streams_on_record,
)
from forecasting.store.files.definitions import read_definition
from forecasting.store.lake.lake import Lake
from forecasting.store.maintenance import dead_files
from forecasting.store.model_files import ModelFiles
from forecasting.store.tables.backfills import is_settled, read_current_publications, read_history_batches
from forecasting.store.tables.blocks import holds_publication
from forecasting.store.tables.forecasts import published_rows
from forecasting.store.tables.readings import read_extent
from forecasting.store.tables.runs import killed_runs
from forecasting.terms import DAY, format_duration

RECENT = 28 * DAY
"""How far before a stream's newest interval or origin its large tables are checked, unless all is asked for."""
RECENT_MODELS = 4
"""Models of a stream whose files are read, the newest, unless all is asked for."""
EVER = datetime(1900, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class _Span:
    """How far back heavy checks look."""

    everything: bool

    def since(self, newest: datetime | None) -> datetime:
        return EVER if self.everything or newest is None else newest - RECENT

    @property
    def models(self) -> int:
        return 1_000_000 if self.everything else RECENT_MODELS


def look_at_lake(
    lake: Lake, *, everything: bool = False, begin: Callable[[str], None] = lambda _: None
) -> Iterator[Diagnosis]:
    """Everything that can be seen in the lake: its schema, runs, keys, models, newest forecasts and feeds' age."""
    span = _Span(everything)
    missing, newer = schema_gap(lake)
    yield _check_schema(lake.settings, missing, newer)
    if missing or newer:
        return
    yield _look_at_folder(lake)
    yield _look_at_runs(lake)
    yield from (_diagnose(check, find_broken(lake, check)) for check in EVERYWHERE)
    yield from _look_at_models(lake, span)
    for stream in streams_on_record(lake):
        begin(f"doctor: {stream.name}")
        yield from _isolated(lake, stream, span)


def _isolated(lake: Lake, known: StreamOnRecord, span: _Span) -> list[Diagnosis]:
    """What is found of a stream; where looking at it fails, that, so that the next stream is looked at all the same."""
    found: list[Diagnosis] = []
    try:
        with surprises_named(f"stream {known.name}"):
            found.extend(_look_at_stream(lake, known, span))
    except ForecastingError as error:
        code = 3 if isinstance(error, LakeError) else error.exit_code
        found.append(Diagnosis("error", "stream", known.name, str(error), exit_code=code))
    return found


def _check_schema(settings: Settings, missing: list[str], newer: list[str]) -> Diagnosis:
    if newer:
        message = f"expected a lake of this version, found {newer[-1]} applied by a newer one; upgrade the package"
        return Diagnosis("error", "lake schema", settings.catalog, message, exit_code=2)
    if missing:
        message = f"expected all of this version, found {missing[0]} not applied; any job applies it"
        return Diagnosis("warning", "lake schema", settings.catalog, message)
    return Diagnosis("ok", "lake schema", settings.catalog, "reachable, up to date")


def _look_at_folder(lake: Lake) -> Diagnosis:
    """Whether upkeep may remove files of the data folder."""
    refusal = dead_files(lake, now=wall_clock()).refusal
    if refusal is None:
        return Diagnosis("ok", "data files", lake.settings.data, "those of this catalog")
    message = f"expected the data of this catalog alone, found files that upkeep must leave; {refusal}"
    return Diagnosis("warning", "data files", lake.settings.data, message)


def _look_at_runs(lake: Lake) -> Diagnosis:
    killed = killed_runs(lake, now=wall_clock())
    if not killed:
        return Diagnosis("ok", "runs", "forecast.runs", "none was killed")
    message = (
        f"expected runs to end by themselves, found {len(killed)} killed, first {killed[0]}; run them again, "
        "`forecasting maintain` closes them and removes what they left"
    )
    return Diagnosis("warning", "runs", "forecast.runs", message)


def _look_at_models(lake: Lake, span: _Span) -> Iterator[Diagnosis]:
    records, files, sound = registered_models(lake, most=span.models), ModelFiles(lake), 0
    for record in records:
        try:
            files.load(record)
            sound += 1
        except ModelError as error:
            yield Diagnosis("error", "model files", record.model_id, str(error), exit_code=3)
    yield Diagnosis("ok", "model files", lake.settings.models, f"{sound} of {len(records)} models are whole")


def _look_at_stream(lake: Lake, known: StreamOnRecord, span: _Span) -> Iterator[Diagnosis]:
    """Keys of a stream's rows; where it is still defined also its newest origin and the age of its feed."""
    stream = _definition_of(lake, known)
    spans = ((OF_HISTORY, known.known_until), (OF_FORECASTS, known.origin), (OF_QUARANTINE, wall_clock()))
    for checks, newest in spans:
        since = span.since(newest)
        for check in checks:
            broken = find_broken(lake, check, stream=known.name, since=since)
            yield _diagnose(check, broken, of=known.name, stream=stream)
    if stream is None:
        message = "expected a definition, found none that can be read; put it back, or leave its rows as they are"
        yield Diagnosis("warning", "definition", known.name, message)
        return
    if known.origin is not None:
        yield _look_at_origin(lake, stream, known.origin)
    if known.known_until is not None:
        yield _look_at_age(lake, stream, wall_clock())


def _definition_of(lake: Lake, known: StreamOnRecord) -> Stream | None:
    try:
        return read_definition(lake.settings, known.name).stream
    except ForecastingError:
        return None


def _diagnose(check: LakeCheck, broken: Broken, *, of: str | None = None, stream: Stream | None = None) -> Diagnosis:
    """of: the stream that the rule was held against."""
    where = f"{check.table} of {of}" if of else check.table
    if not broken.failed:
        return Diagnosis("ok", "key", where, check.rule)
    message = f"expected {check.rule}, found {broken.failed} that break it, first {broken.first}; "
    message += RESTORE if check.remedy is Remedy.RESTORE else remedy_of(broken, stream)
    return Diagnosis("error", "key", where, message, exit_code=3)


def _look_at_origin(lake: Lake, stream: Stream, origin: datetime) -> Diagnosis:
    """Whether the newest published origin has one row for each open interval, where its past is still what it was."""
    what, where = "open intervals", f"{stream.name} at {origin.isoformat()}"
    current = read_current_publications(lake, stream, origin, origin).get(origin)
    if current is None or not is_settled(
        current, model_id=current.model_id, batches=read_history_batches(lake, stream, [current])
    ):
        return Diagnosis("ok", what, where, "not compared: definition, code or history changed since it was published")
    asked, lacking, extra, first = 0, 0, 0, None
    try:
        for panel in panels_as_of(lake, stream, origin):
            expected = _keys(rows_expected(panel))
            between = str(panel.series_ids[0]), str(panel.series_ids[-1])
            found = _keys(published_rows(lake, stream=stream.name, origin=origin, between=between))
            missing, closed = expected.difference(found), found.difference(expected)
            asked, lacking, extra = asked + len(expected), lacking + len(missing), extra + len(closed)
            first = first or next(iter([*missing[:1], *closed[:1]]), None)
    except ForecastingError as error:
        return Diagnosis("error", what, where, str(error), exit_code=error.exit_code)
    if first is not None:
        message = (
            f"expected {asked} rows, one an open interval, found {lacking} missing and {extra} of closed ones, first "
            f"{first[0]} at {first[1]}"
        )
    elif not holds_publication(lake, run_id=current.run_id, stream=stream.name, origin=origin):
        message = f"expected the rows that run {current.run_id} published, found others"
    else:
        return Diagnosis("ok", what, where, f"{asked} rows, one each")
    message += f"; {reissue(stream, [origin])}"
    return Diagnosis("error", what, where, message, exit_code=3)


def _keys(rows: pd.DataFrame) -> pd.MultiIndex:
    return pd.MultiIndex.from_arrays([rows["series_id"].astype(str), pd.DatetimeIndex(rows["ts"]).as_unit("us")])


def _look_at_age(lake: Lake, stream: Stream, now: datetime) -> Diagnosis:
    """Whether open time has passed for longer than `max_age` since the newest value."""
    last_ts = read_extent(lake, stream).last_ts
    limit = stream.source.max_age
    if last_ts is None:
        return Diagnosis("warning", "feed age", stream.name, "expected values, found none; check the feed, then ingest")
    known, due = last_ts + stream.interval, now - limit - stream.source.publication_delay
    newest = f"newest value {last_ts.isoformat()}"
    if known >= due or not has_open_interval(stream, known, _at_most(due, known + timedelta(days=366))):
        return Diagnosis("ok", "feed age", stream.name, newest)
    message = (
        f"expected values younger than source.max_age = {format_duration(limit)}, found {newest}; "
        f"deliver newer usage, then `forecasting ingest {stream.name}`"
    )
    return Diagnosis("warning", "feed age", stream.name, message)


def _at_most(due: datetime, latest: datetime) -> datetime:
    """A feed that is years old needs no more than one of them looked through."""
    return min(due, latest)
