"""Events: holidays beyond the calendar, campaigns, closures and outages, from a file or a stream's own SQL."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from forecasting.errors import FeedError, SettingsError
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.sql import first_line
from forecasting.store.texts import read_text
from forecasting.terms import EventKind

_READERS = {".csv": "events/read_csv.sql", ".parquet": "events/read_parquet.sql"}
_JSON = (".json", ".jsonl", ".ndjson")
NEVER = datetime(2199, 12, 31, tzinfo=UTC)
"""End of a closure that has none; events end within the years 1900 to 2200."""
_STAGED = ("event_id", "known_at", "kind", "name", "scope", "starts_at", "ends_at", "withdrawn")

Rows = list[dict[str, Any]]


def read_event_file(lake: Lake, path: Path) -> tuple[list[str], Rows]:
    """Columns and rows of a CSV, Parquet or JSON file of events, as they stand.

    Raises SettingsError for a file that is missing or of another kind, FeedError for one that is damaged.
    """
    if path.suffix not in (*_READERS, *_JSON):
        raise SettingsError(f"{path}: expected a .csv, .parquet or .json file of events")
    if not path.is_file():
        raise SettingsError(f"{path}: no such file")
    if path.suffix in _JSON:
        return _read_json(path)
    statement = lake.files.read(_READERS[path.suffix])
    try:
        lake.connection.execute(statement.text, {"file": str(path)})
        return staged_rows(lake)
    except duckdb.Error as error:
        raise FeedError(f"{path}: cannot be read: {first_line(error)}") from error


def staged_rows(lake: Lake) -> tuple[list[str], Rows]:
    """Columns and rows of the temporary table `event_file`, into which a file or a stream's SQL was read."""
    found = lake.connection.execute("from event_file")
    columns = [column[0] for column in found.description or ()]
    return columns, [dict(zip(columns, row, strict=True)) for row in found.fetchall()]


def _read_json(path: Path) -> tuple[list[str], Rows]:
    """An array of objects, or one object a line. Read here, since DuckDB drops the offset of a time in a text."""
    text = read_text(path, FeedError).strip()
    try:
        found = json.loads(text) if text.startswith("[") else [json.loads(line) for line in text.splitlines() if line]
    except ValueError as error:
        raise FeedError(f"{path}: cannot be read: no JSON: {error}") from error
    if not all(isinstance(row, dict) for row in found):
        raise FeedError(f"{path}: expected an array of JSON objects, one an event")
    return list(dict.fromkeys(name for row in found for name in row)), found


def append_events(lake: Lake, rows: pd.DataFrame, *, known_at: datetime, run_id: str) -> set[str]:
    """Write the events that are new or changed; to be called inside `Lake.write`. Returns their ids.

    rows: event_id, kind, scope (JSON object), starts_at, ends_at, known_at (since `known_at` where it is missing), name
    and withdrawn.
    """
    staged = rows.reindex(columns=list(_STAGED))
    lake.execute("events/stage_events.sql", frames={"given_events": staged})
    lake.execute("events/insert_events.sql", known_at=known_at, run_id=run_id)
    return {event_id for (event_id,) in lake.rows("events/written_events.sql", run_id=run_id)}


def append_retirements(
    lake: Lake, stream: str, series: Sequence[str], *, ends: datetime, known_at: datetime, run_id: str, withdrawn: bool
) -> int:
    """End series from an instant on, each by a closure without an end, or take that back. Returns how many are new."""
    rows = [
        {
            "event_id": f"retired:{stream}:{name}",
            "known_at": known_at,
            "kind": str(EventKind.CLOSURE),
            "name": "retired",
            "scope": json.dumps({"stream": stream, "series_id": name}),
            "starts_at": ends,
            "ends_at": NEVER,
            "withdrawn": withdrawn,
        }
        for name in series
    ]
    staged, message = pd.DataFrame(rows), f"series of {stream} retired"
    return lake.write(lambda: len(append_events(lake, staged, known_at=known_at, run_id=run_id)), message=message)


def events_as_of(lake: Lake, origin: datetime) -> pd.DataFrame:
    """Events known at the origin: event_id, kind, name, scope (dict), starts_at, ends_at (UTC)."""
    events = lake.frame("events/events_as_of.sql", origin=origin)
    return events.assign(scope=[json.loads(scope) for scope in events["scope"]])


def current_events(lake: Lake) -> pd.DataFrame:
    """The newest version of every event, the latest first: event_id, kind, name, scope (dict), starts_at, ends_at,
    known_at (UTC), withdrawn."""
    events = lake.frame("events/current_events.sql")
    return events.assign(scope=[json.loads(scope) for scope in events["scope"]])


def series_on_record(lake: Lake) -> Mapping[str, pd.DataFrame]:
    """Newest attributes of every series by stream: text, '' where unknown, indexed by series_id."""
    found = lake.frame("history/series_on_record.sql")
    tables = {}
    for stream, rows in found.groupby("stream"):
        attributes = pd.DataFrame(
            [json.loads(text) for text in rows["attributes"]], index=rows["series_id"], dtype=object
        )
        tables[str(stream)] = attributes.where(attributes.notna(), "").astype(str).astype(object)
    return tables
