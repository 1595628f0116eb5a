"""Add a stream for a user's own Parquet or CSV feed: a definition and its extract, written from templates."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import duckdb
import numpy as np

from forecasting.config.stream import Stream, parse_stream
from forecasting.config.units import is_count
from forecasting.errors import FeedError, SettingsError
from forecasting.panel.calendar.calendar import grid_anchor, grid_ends, resolve_origin
from forecasting.panel.calendar.instants import as_utc, aware_datetime, utc_instant
from forecasting.panel.calendar.observed_hours import ObservedHours, observe_hours
from forecasting.settings import Settings
from forecasting.store.files.definitions import definition_paths
from forecasting.store.files.feeds import expand_feed, lacks_final_newline, local_files
from forecasting.store.lake.lake import Lake, as_frame
from forecasting.store.lake.open import open_memory_lake
from forecasting.store.lake.sql import first_line
from forecasting.store.texts import toml_text
from forecasting.terms import DAY, format_duration, parse_duration

_MICROSECOND = timedelta(microseconds=1)
_GUESSES = {
    "series": ("series_id", "series", "id", "queue", "link", "cell", "name", "key"),
    "ts": ("ts", "timestamp", "time", "datetime", "date", "ds", "start", "interval_start"),
    "y": ("y", "value", "demand", "calls", "volume", "traffic", "count", "usage"),
}
_HOURS_EXAMPLE = {"closed": "if demand is closed at times", "hours": '# [[calendar.hours]]\n# mon-fri = "08:00-20:00"'}
_GRID_OF_UTC = '\n# intervals begin at whole intervals of UTC, not of local time\ngrid = "utc"'
_NO_FINAL_NEWLINE = "\n# files do not end in a newline: one that is cut off is not noticed\nfinal_newline = false"
_OFFSET = r"':\d\d(\.\d+)?\s*(Z|[+-]\d\d(:?\d\d)?)$'"


@dataclass(frozen=True)
class NewStream:
    """What a user states about a feed."""

    name: str
    feed: str
    interval: str
    horizon: str
    timezone: str
    series_column: str | None = None
    ts_column: str | None = None
    y_column: str | None = None
    attribute_columns: tuple[str, ...] = ()
    unit: str = "units"
    aggregate: str = "sum"
    counts: bool | None = None
    """Whether values are counts; by unit and aggregate unless given."""


@dataclass(frozen=True)
class Added:
    """What was written, and what the feed holds."""

    definition: Path
    extract: Path
    series: int
    rows: int
    first_ts: datetime
    last_ts: datetime
    origin: str
    """The local midnight up to which the feed is whole: the newest origin worth asking for."""
    hours: dict[str, str]
    """Opening hours found in the feed and written into the definition: `mon-fri` to `07:00-21:00`."""
    message: str
    """What was made of the times at which the feed never holds anything; empty where there are none."""
    counts: bool
    """Whether values are taken for counts."""


def add(settings: Settings, new: NewStream) -> Added:
    """Write `NAME.toml` and `NAME.sql` into the user's stream folder.

    Raises SettingsError where the name is taken or a column cannot be guessed, FeedError where the feed cannot be read;
    then nothing is written.
    """
    if new.name in definition_paths(settings):
        raise SettingsError(
            f"stream {new.name!r} exists already at {definition_paths(settings)[new.name]}; choose another name"
        )
    pattern = _find_feed(settings, new.feed)
    with open_memory_lake(settings) as lake:
        reader = _reader(pattern)
        columns = _columns(lake, reader, pattern)
        parts = _parts(new, columns, reader)
        first_ts, last_ts, series, rows = _extent(lake, parts, pattern)
        extract = _fill(lake, "templates/interval_feed.sql", parts)
        start = first_ts.astimezone(_zone(new)).date()
        texts = {**_texts(settings, new, pattern, parts), **_HOURS_EXAMPLE, "start": start.isoformat()}
        definition = _fill(lake, "templates/stream.toml", texts)
        stream = parse_stream(definition, path=f"{new.name}.toml")
        if _counts_from_utc(lake, stream, parts, pattern):
            texts["grid"] = _GRID_OF_UTC
            definition = _fill(lake, "templates/stream.toml", texts)
            stream = parse_stream(definition, path=f"{new.name}.toml")
        found = _observe_hours(lake, stream, parts, pattern)
        hours = found.by_days if found and found.credible else {}
        if hours:
            definition = _fill(lake, "templates/stream.toml", {**texts, **_hours_text(hours)})
    settings.streams.mkdir(parents=True, exist_ok=True)
    written = settings.streams / f"{new.name}.sql", settings.streams / f"{new.name}.toml"
    written[0].write_text(extract, encoding="utf-8")
    written[1].write_text(definition, encoding="utf-8")
    # a day that is only begun would count as a feed that stopped
    ends = grid_ends(np.array([utc_instant(last_ts)]), stream)
    origin = aware_datetime(ends[0]).astimezone(stream.zone).date().isoformat()
    resolve_origin(origin, stream)
    return Added(
        written[1], written[0], series, rows, first_ts, last_ts, origin, hours, _describe_hours(found), stream.counts
    )


def _find_feed(settings: Settings, feed: str) -> str:
    """The feed below FORECASTING_HOME, as a definition reads it, else in the current folder."""
    pattern, here = expand_feed(settings, feed), str(Path(feed).absolute())
    if "://" not in pattern and not any(local_files(pattern)) and any(local_files(here)):
        return here
    return pattern


def _zone(new: NewStream) -> ZoneInfo:
    try:
        return ZoneInfo(new.timezone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise SettingsError(f"--timezone {new.timezone}: expected an IANA time zone such as America/Toronto") from error


def _reader(pattern: str) -> str:
    if re.search(r"\.(csv|tsv|txt)(\.gz|\.zst)?$", pattern):
        return "read_csv"
    if pattern.endswith((".parquet", ".pq")):
        return "read_parquet"
    raise SettingsError(
        f"--feed {pattern}: expected .parquet or .csv files, such as feeds/usage.parquet or 'feeds/*.csv'"
    )


def _columns(lake: Lake, reader: str, pattern: str) -> dict[str, str]:
    statement = _fill(lake, "templates/feed_columns.sql", {"reader": reader})
    try:
        return {row[0]: row[1] for row in lake.connection.execute(statement, {"feed": pattern}).fetchall()}
    except duckdb.Error as error:
        raise FeedError(f"--feed {pattern}: cannot be read: {first_line(error)}") from error


def _parts(new: NewStream, columns: dict[str, str], reader: str) -> dict[str, str]:
    """SQL text of every placeholder of the extract template."""
    ts = _choose(columns, new.ts_column, "ts")
    y = _choose(columns, new.y_column, "y")
    has_series = new.series_column or any(name in columns for name in _GUESSES["series"])
    series = _quote(_choose(columns, new.series_column, "series")) if has_series else _text(new.name)
    for name in new.attribute_columns:
        _choose(columns, name, "attribute")
    quoted = _quote(ts)
    local = f"{quoted}::timestamp at time zone {_text(new.timezone)}"
    instants = {
        "TIMESTAMP WITH TIME ZONE": quoted,
        "VARCHAR": (
            f"case when regexp_matches({quoted}, {_OFFSET}) then try_cast({quoted} as timestamptz) "
            f"else try_cast({quoted} as timestamp) at time zone {_text(new.timezone)} end"
        ),
    }
    return {
        "name": new.name,
        "series": series,
        "ts": quoted,
        "y": _quote(y),
        "attributes": "".join(f",\n    {_quote(name)}" for name in new.attribute_columns),
        "reader": reader,
        "instant": instants.get(columns[ts], local),
        "metric": y,
    }


def _texts(settings: Settings, new: NewStream, pattern: str, parts: dict[str, str]) -> dict[str, str]:
    """Text of every placeholder of the definition template."""
    # what the environment holds is not written down
    below = new.feed if pattern == expand_feed(settings, new.feed) else pattern
    below = below.removeprefix(f"{settings.home}/")
    return {
        "name": toml_text(new.name),
        "metric": toml_text(parts["metric"]),
        "unit": toml_text(new.unit),
        "aggregate": toml_text(new.aggregate),
        "counts": str(_are_counts(new, parts["metric"])).lower(),
        "interval": format_duration(_duration("--interval", new.interval)),
        "horizon": format_duration(_duration("--horizon", new.horizon)),
        "timezone": toml_text(new.timezone),
        "grid": "",
        "newline": "" if _ends_in_newlines(pattern) else _NO_FINAL_NEWLINE,
        "feed": toml_text(below),
    }


def _ends_in_newlines(pattern: str) -> bool:
    return "://" in pattern or not any(map(lacks_final_newline, local_files(pattern)))


def _are_counts(new: NewStream, column: str) -> bool:
    """As stated; else by the unit, or by the column's name where no unit is given."""
    if new.counts is not None:
        return new.counts
    unit = column.replace("_", " ") if new.unit == NewStream.unit else new.unit
    return is_count(unit, new.aggregate)


def _duration(option: str, text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise SettingsError(f"{option}: {error}") from error


def _choose(columns: dict[str, str], given: str | None, role: str) -> str:
    if given is not None:
        if given not in columns:
            raise SettingsError(f"column {given!r} is not in the feed, which has {', '.join(columns)}")
        return given
    folded = {name.lower(): name for name in columns}
    for guess in _GUESSES[role]:
        if guess in folded:
            return folded[guess]
    raise SettingsError(f"no column is known to be the {role}; give --{role}-col, one of {', '.join(columns)}")


def _extent(lake: Lake, parts: dict[str, str], pattern: str) -> tuple[datetime, datetime, int, int]:
    statement = _fill(lake, "templates/feed_extent.sql", parts)
    try:
        ((first_ts, last_ts, series, rows),) = lake.connection.execute(statement, {"feed": pattern}).fetchall()
    except duckdb.Error as error:
        raise FeedError(f"--feed {pattern}: cannot be read: {first_line(error)}") from error
    if first_ts is None:
        raise FeedError(f"--feed {pattern}: no row has a readable time in column {parts['ts']}; give --ts-col")
    return first_ts, last_ts, int(series), int(rows)


def _counts_from_utc(lake: Lake, stream: Stream, parts: dict[str, str], pattern: str) -> bool:
    """Whether all intervals of a feed begin where those of UTC do, and not all where those of local time do."""
    if stream.interval >= DAY:
        return False
    statement = _fill(lake, "templates/feed_phases.sql", parts)
    rows = lake.connection.execute(statement, {"feed": pattern, "step": stream.interval}).fetchall()
    anchor = int(grid_anchor(stream)[0].astype(np.int64)) % (stream.interval // _MICROSECOND)
    phases = {int(phase) for (phase,) in rows}
    return phases == {0} and anchor != 0


def _observe_hours(lake: Lake, stream: Stream, parts: dict[str, str], pattern: str) -> ObservedHours | None:
    """Opening hours by the intervals without any value; None where the feed seems always open."""
    if stream.interval >= DAY:
        return None
    statement = _fill(lake, "templates/feed_seen.sql", parts)
    anchor = grid_anchor(stream)[0].astype(datetime).replace(tzinfo=UTC)
    values = {"feed": pattern, "step": stream.interval, "anchor": anchor}
    return observe_hours(stream, as_utc(as_frame(lake.connection.execute(statement, values))["ts"]))


def _hours_text(hours: dict[str, str]) -> dict[str, str]:
    lines = [f'{days} = "{spans}"' for days, spans in hours.items()]
    return {"closed": "as read from the feed: please check them", "hours": "\n".join(["[[calendar.hours]]", *lines])}


def _describe_hours(found: ObservedHours | None) -> str:
    if found is None:
        return ""
    listed = ", ".join(f"{days} {spans}" for days, spans in found.by_days.items())
    if found.credible:
        return f"hours found in the feed: {listed} (check them in the definition)"
    return (
        f"no opening hours written: only {found.filled:.0%} of the intervals in what may be hours "
        f"({listed or 'none'}) hold a value; an absent row is missing, never 0, so a feed must hold its zeros"
    )


def _fill(lake: Lake, template: str, parts: dict[str, str]) -> str:
    text = lake.files.find(template).read_text(encoding="utf-8")
    return re.sub(r"@(\w+)@", lambda match: parts[match[1]], text)


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
