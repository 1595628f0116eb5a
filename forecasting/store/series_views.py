"""`analyst.series_<stream>`: the series of one stream with their attributes as columns, made as attributes come."""

from collections.abc import Mapping, Sequence

from forecasting.store.access.extensions import literal
from forecasting.store.lake.lake import Lake

PREFIX = "series_"
_OWN = ("stream", "series_id", "first_ts")


def refresh_series_views(lake: Lake, stream: str | None = None) -> list[str]:
    """Make the views of streams whose series have other attributes than their view shows, of one or of all; without
    a stream also drop those of streams that have no series any more. Returns the names of what was changed.

    Nothing is written where nothing is due.
    """
    found = lake.rows("series/attribute_names.sql", stream=stream)
    wanted = {f"{PREFIX}{name}": (name, name_columns(names)) for name, names in found}
    due, gone = _compare(lake, wanted, every=stream is None)
    if not due and not gone:
        return []

    def write() -> list[str]:
        due, gone = _compare(lake, wanted, every=stream is None)
        for view in due:
            name, columns = wanted[view]
            shown = [f", series.attributes[{literal(key)}] as {_quoted(column)}" for column, key in columns.items()]
            parts = {"view": _quoted(view), "columns": "".join(shown), "stream": literal(name)}
            _execute(lake, "templates/series_view.sql", parts)
        for view in gone:
            _execute(lake, "templates/drop_series_view.sql", {"view": _quoted(view)})
        return [*due, *gone]

    return lake.write(write, message="views of series")


def name_columns(names: Sequence[str]) -> Mapping[str, str]:
    """Attributes by column: the name itself, with a number behind it where SQL would take it for another column."""
    taken = dict.fromkeys(_OWN, "")
    columns = {}
    for name in names:
        column, number = name or "unnamed", 1
        while column.casefold() in taken:
            number += 1
            column = f"{name or 'unnamed'}_{number}"
        taken[column.casefold()] = name
        columns[column] = name
    return columns


Wanted = Mapping[str, tuple[str, Mapping[str, str]]]
"""By view: the stream, and attributes by column."""


def _compare(lake: Lake, wanted: Wanted, *, every: bool) -> tuple[list[str], list[str]]:
    """Views that are to be made, and to be dropped."""
    present = dict(lake.rows("series/views.sql"))
    due = [view for view, (_, columns) in wanted.items() if present.get(view) != [*_OWN, *columns]]
    return due, [view for view in present if view not in wanted] if every else []


def _execute(lake: Lake, name: str, parts: Mapping[str, str]) -> None:
    lake.connection.execute(lake.files.read(name).fill(parts).text)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
