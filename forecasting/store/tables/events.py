"""Events: holidays beyond the calendar, campaigns, closures and outages, from a file or a stream's own SQL."""

import json
from datetime import datetime
from pathlib import Path

import duckdb
import pandas as pd

from forecasting.errors import FeedError, SettingsError
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.sql import first_line

_READERS = {
    ".csv": "events/read_csv.sql",
    ".parquet": "events/read_parquet.sql",
    ".json": "events/read_json.sql",
    ".jsonl": "events/read_json.sql",
}
_COLUMNS = ("event_id", "kind", "starts_at", "ends_at")


def stage_event_file(lake: Lake, path: Path) -> None:
    """Read a CSV, Parquet or JSON file of events into the temporary table `event_rows`.

    Columns: event_id, kind, starts_at, ends_at[, known_at, name, scope (JSON object), withdrawn]; stamps without an
    offset are UTC. Raises SettingsError for a file that is missing or of another kind, FeedError for one that is
    damaged or wrong.
    """
    if path.suffix not in _READERS:
        raise SettingsError(f"{path}: expected a .csv, .parquet or .json file of events")
    if not path.is_file():
        raise SettingsError(f"{path}: no such file")
    statement = lake.files.read(_READERS[path.suffix])
    try:
        lake.connection.execute(statement.text, {"file": str(path)})
    except duckdb.Error as error:
        raise FeedError(f"{path}: cannot be read: {first_line(error)}") from error
    check_event_rows(lake, source=str(path))


def check_event_rows(lake: Lake, *, source: str) -> None:
    """Complete the rows of the temporary table `event_file` as `event_rows`. Raises FeedError on the first bad one."""
    columns = {row[0] for row in lake.connection.execute("describe event_file").fetchall()}
    missing = [name for name in _COLUMNS if name not in columns]
    if missing:
        raise FeedError(
            f"{source}: column {missing[0]} is missing; expected {', '.join(_COLUMNS)}, found "
            f"{', '.join(sorted(columns))}"
        )
    lake.execute("events/complete_events.sql")
    faults = lake.rows("events/faults.sql")
    if faults:
        event, fault = faults[0]
        raise FeedError(f"{source}: event {event}: {fault} ({len(faults)} bad events in all); no event was taken in")


def append_events(lake: Lake, *, known_at: datetime, run_id: str) -> int:
    """Write the staged events that are new or changed; to be called inside `Lake.write`. Returns how many."""
    before = int(lake.rows("events/count_events.sql")[0][0])
    lake.execute("events/insert_events.sql", known_at=known_at, run_id=run_id)
    return int(lake.rows("events/count_events.sql")[0][0]) - before


def events_as_of(lake: Lake, origin: datetime) -> pd.DataFrame:
    """Events known at the origin: event_id, kind, name, scope (dict), starts_at, ends_at (UTC)."""
    events = lake.frame("events/events_as_of.sql", origin=origin)
    return events.assign(scope=[json.loads(scope) for scope in events["scope"]])
