"""List, check and add stream definitions."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd

from forecasting.config.stream import Stream
from forecasting.errors import FeedError, ForecastingError, QueryError, SettingsError, surprises_named
from forecasting.jobs.common.partners import handle_stream_of, peak_stream_of
from forecasting.jobs.common.sources import check_sources
from forecasting.settings import Settings
from forecasting.store.files.checkpoints import require_checkpoint_files
from forecasting.store.files.definitions import (
    Definition,
    definition_paths,
    read_definition,
    read_definition_file,
)
from forecasting.store.files.feeds import has_feed, open_feed
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.open import open_lake, open_memory_lake
from forecasting.store.tables.history import check_extract_columns, ingested_streams
from forecasting.terms import format_duration

COLUMNS = ("stream", "metric", "interval", "horizon", "timezone", "members", "path")


@dataclass(frozen=True)
class DefinitionCheck:
    """What `streams check` found of one stream."""

    stream: str
    path: str
    verdict: str
    """ok, warning or error."""
    message: str


def names(settings: Settings) -> list[str]:
    """Names of the streams that are defined, without reading them."""
    return sorted(definition_paths(settings))


def in_use(settings: Settings) -> list[str]:
    """Streams that a run of all streams means: the user's own, and packaged ones that have a feed or ever had one.

    Whether a user's own can be read is seen in its own run.

    A packaged definition is a template until somebody delivers its feed; from then on a missing feed is an error. One
    that reads other streams has what it reads for a feed.
    """
    with open_lake(settings) as lake:
        ingested = ingested_streams(lake)
    return used_names(settings, ingested)


def used_names(settings: Settings, ingested: set[str]) -> list[str]:
    """The same, once it is known which streams were ever ingested."""
    paths = definition_paths(settings)

    def is_used(name: str) -> bool:
        if paths[name].parent == settings.streams or name in ingested:
            return True
        definition = read_definition(settings, name)
        reads = definition.stream.source.reads
        return has_feed(definition, settings) and all(name in paths and is_used(name) for name in reads)

    return [name for name in sorted(paths) if is_used(name)]


def show(settings: Settings, name: str) -> Definition:
    """One definition."""
    return read_definition(settings, name)


def check(settings: Settings, chosen: list[str]) -> list[DefinitionCheck]:
    """Check definitions and their SQL by reading and binding them; nothing runs and nothing is written.

    chosen: streams, all when empty.
    """
    paths = definition_paths(settings)
    unknown = [name for name in chosen if name not in paths]
    if unknown:
        read_definition(settings, unknown[0])
    with open_memory_lake(settings) as lake:
        return [_check_stream(lake, settings, name, paths[name]) for name in chosen or sorted(paths)]


def _check_stream(lake: Lake, settings: Settings, name: str, path: Path) -> DefinitionCheck:
    try:
        with surprises_named(f"stream {name}: check"):
            check_sources(settings, name)
            definition = read_definition_file(settings, path)
            _check_partners(settings, definition.stream)
            foundation = definition.stream.models.foundation
            if foundation is not None:
                require_checkpoint_files(settings.home / foundation.path, foundation.kind)
            warning = _check_definition(lake, definition)
    except ForecastingError as error:
        return DefinitionCheck(name, str(path), "error", str(error))
    return DefinitionCheck(name, str(path), "warning" if warning else "ok", warning or "")


def _check_partners(settings: Settings, stream: Stream) -> None:
    """Raises SettingsError where a plan needs another stream that is not there, or not such a one."""
    if (rules := stream.planning.staffing) is not None:
        handle_stream_of(settings, stream, rules)
    if (links := stream.planning.capacity) is not None:
        peak_stream_of(settings, stream, links)


def _check_definition(lake: Lake, definition: Definition) -> str | None:
    """A warning, or None. Raises the error that an ingest would meet."""
    stream = definition.stream
    until = stream.first_origin() + timedelta(days=1)
    span: dict[str, datetime] = {"since": stream.first_origin(), "until": until}
    statements = [definition.extract, definition.rejects, definition.audit, definition.events]
    with open_feed(lake, definition) as feed:
        for statement in statements:
            if statement is not None:
                statement.bind(**span, feed=feed.pattern)
        if "since" not in definition.extract.parameters or "until" not in definition.extract.parameters:
            raise QueryError(
                f"{definition.extract.path}: the extract must name $since and $until, so that an ingest "
                "reads only its own window"
            )
        try:
            feed.check_files()
        except FeedError as error:
            return f"{error}; columns were not checked"
        columns = feed.columns(definition.extract, **span)
        check_extract_columns(columns, definition.extract)
        _check_attributes(stream, set(columns), definition)
        if definition.rejects is not None:
            _check_rejects(definition, feed.columns(definition.rejects, **span))
    return None


def _check_attributes(stream: Stream, columns: set[str], definition: Definition) -> None:
    """Raises SettingsError where the definition names an attribute that the extract does not return."""
    for key, name in _attributes_named(stream):
        if name not in columns:
            raise SettingsError(
                f"{definition.path}: {key} names {name!r}, which {definition.extract.path.name} does not return; it "
                f"returns {', '.join(sorted(columns))}; name one of these, or add a column {name} to it"
            )


def _attributes_named(stream: Stream) -> Iterator[tuple[str, str]]:
    for number, rule in enumerate(stream.calendar.hours):
        yield from ((f"calendar.hours.{number}.where", name) for name in sorted(rule.where) if name != "stream")
    if stream.hierarchy is not None:
        yield from (("hierarchy.levels", name) for name in stream.hierarchy.levels)
    if (rules := stream.planning.capacity) is not None:
        yield "planning.capacity.capacity", rules.capacity
        if rules.group is not None:
            yield "planning.capacity.group", rules.group


def _check_rejects(definition: Definition, columns: dict[str, str]) -> None:
    missing = [name for name in ("reason", "raw", "ts") if name not in columns]
    if missing and definition.rejects:
        raise QueryError(
            f"{definition.rejects.path}: column {missing[0]} is missing; expected reason, raw, ts, found "
            f"{', '.join(columns)}"
        )


def overview(settings: Settings) -> tuple[pd.DataFrame, list[ForecastingError]]:
    """One row a stream: its name, metric, interval, horizon, zone, members and where it is defined.

    Of a definition that cannot be read only name and path are known; why comes second.
    """
    rows: list[dict[str, str]] = []
    errors: list[ForecastingError] = []
    for name, path in sorted(definition_paths(settings).items()):
        row = dict.fromkeys(COLUMNS, "") | {"stream": name, "path": str(path)}
        try:
            row |= _described(read_definition_file(settings, path).stream)
        except ForecastingError as error:
            errors.append(error)
        rows.append(row)
    return pd.DataFrame(rows, columns=list(COLUMNS)), errors


def _described(stream: Stream) -> dict[str, str]:
    return {
        "metric": stream.stream.metric,
        "interval": format_duration(stream.interval),
        "horizon": format_duration(stream.stream.horizon),
        "timezone": stream.stream.timezone,
        "members": " ".join(stream.models.members),
    }
