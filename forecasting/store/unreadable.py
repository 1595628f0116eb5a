"""Rows that an extract could not read: how many, one as an example, and the file that holds them."""

import json
from dataclasses import dataclass
from pathlib import Path

import duckdb

from forecasting.store.files.feeds import Feed
from forecasting.store.tables.history import Window

_FILES = 20
"""Files that are searched, the newest first: a format changes in the newest."""


@dataclass(frozen=True)
class Unreadable:
    """Rows of one reason. example: the extract's texts of one of them; file: the newest file that holds such rows,
    where a feed has several."""

    reason: str
    rows: int
    example: str
    file: Path | None = None

    def __str__(self) -> str:
        what = {"unparsable_ts": "times", "unparsable_value": "values"}[self.reason]
        where = f", in {self.file}" if self.file else ""
        return f"{self.rows} {what} cannot be read, such as {self.example}{where}"


def unreadable_rows(feed: Feed, window: Window) -> list[Unreadable]:
    """What the staged batch holds of rows that cannot be read."""
    rows = feed.lake.rows("ingest/unreadable_rows.sql")
    file = _newest_file(feed, window) if rows else None
    return [Unreadable(reason, int(count), _example(raw), file) for reason, count, raw in rows]


def _example(raw: str) -> str:
    """The part of a row that says what was wrong: the value, which holds the text of a time too, else the whole row."""
    row = json.loads(raw)
    return repr(row.get("y") if row.get("y") is not None else raw)


def _newest_file(feed: Feed, window: Window) -> Path | None:
    files = feed.files()
    if len(files) < 2:
        return None
    extract = feed.definition.extract
    statement = feed.lake.files.read("templates/unreadable_in_file.sql").fill({"extract": extract.text})
    for path in sorted(files, key=lambda path: path.stat().st_mtime_ns, reverse=True)[:_FILES]:
        values = {"since": window.since, "until": window.until, "feed": str(path)}
        bound = {name: value for name, value in values.items() if name in extract.parameters}
        try:
            ((rows,),) = feed.lake.connection.execute(statement.text, bound).fetchall()
        except duckdb.Error:
            continue
        if rows:
            return path
    return None
