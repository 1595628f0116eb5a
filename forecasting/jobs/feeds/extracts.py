"""The definition and the extract of a new stream, as a person would write them by hand."""

from collections.abc import Mapping, Sequence
from datetime import date

from forecasting.config.units import is_count
from forecasting.jobs.feeds.discover import Discovery, shown_twice, usual_name
from forecasting.jobs.feeds.formats.columns import quote
from forecasting.jobs.feeds.formats.numbers import UNREADABLE
from forecasting.store.lake.lake import Lake
from forecasting.store.texts import toml_text
from forecasting.terms import DAY, format_duration

HOURS_EXAMPLE = {"closed": "if demand is closed at times", "hours": '# [[calendar.hours]]\n# mon-fri = "08:00-20:00"'}
_GRID_OF_UTC = '\n# intervals begin at whole intervals of UTC, not of local time\ngrid = "utc"'
_NO_FINAL_NEWLINE = "\n# files do not end in a newline: one that is cut off is not noticed\nfinal_newline = false"
_SQL_OF = {"sum": "sum", "mean": "avg", "max": "max"}
DEFAULT_UNIT = "units"
UNTIMED = "no time: "
"""What begins the value of a row whose time cannot be read."""


def extract_text(lake: Lake, found: Discovery, *, rows: str | None = None) -> str:
    """The SQL of the extract. rows: a relation to read in place of the feed, such as a table with its sample."""
    attributes = [quote(name) for name in found.stated.attribute_columns]
    text, relation = _time_text(found), rows or found.source.relation
    parts = {
        "name": found.stated.name,
        "assumed": "".join(f"--   {finding}\n" for finding in found.findings if finding.about != "not used"),
        "series": found.series_sql,
        "ts": found.grid.bucket(found.time.sql),
        "y": found.y_sql,
        "attributes": "".join(f",\n        {name}" for name in attributes),
        "time_text": f",\n        {text} as ts_text" if text else "",
        "rows": f"(select distinct * from {relation})" if found.counts_once else relation,
        "kept": f"\n    where {found.left_out}" if found.left_out else "",
        "instant": found.instant(),
    }
    if not found.grid.groups:
        parts["columns"] = f"* exclude (ts_text) replace ({_untimed('ts_text', 'y')} as y)" if text else "*"
        return _filled(lake, "templates/interval_feed.sql", parts)
    value = _combined(found)
    parts |= {
        "ts": found.time.sql,
        "y": found.y_sql if found.y.is_text else f"({found.y_sql})::varchar",
        "bucket": found.grid.bucket("row_ts"),
        "value": f"{_untimed('min(ts_text)', value) if text else value} as y",
        "named": "".join(f",\n    any_value({name}) as {name}" for name in attributes),
        # rows without a time are no interval together
        "apart": ", if(ts is null, ts_text, null)" if text else "",
    }
    return _filled(lake, "templates/grouped_feed.sql", parts | _once(found, attributes, text))


def _once(found: Discovery, attributes: Sequence[str], text: str) -> dict[str, str]:
    """How rows that come twice are counted: those of one time once, of single events each or as they were delivered."""
    named = [*attributes, *(["ts_text"] if text else [])]
    if found.grid.is_events:
        rule = "A row is one event; one that is alike in all columns was delivered twice."
        plain = {"row_value": "y", "once_named": "".join(f", {name}" for name in named), "once_grouped": ""}
        return plain | {"rule": rule if found.counts_once else "A row is one event."}
    value = f"if(min(y) <> max(y), '{UNREADABLE}several values at one time', min(y))"
    if not found.time.is_zoned and found.grid.interval >= DAY and found.zone != "UTC":
        # an hour that clocks show twice has two rows of a time, which both count
        number = "try_cast(y as double)"
        value = f"if({shown_twice('row_ts', found.zone)}, {_SQL_OF[found.aggregate]}({number})::varchar, {value})"
    apart = ", if(row_ts is null, ts_text, null)" if text else ""
    return {
        "rule": "A row that comes twice counts once; of two values at one time neither is believed.",
        "row_value": value,
        "once_named": "".join(f",\n        any_value({name}) as {name}" for name in named),
        "once_grouped": f"\n    group by series_id, row_ts{apart}",
    }


def _time_text(found: Discovery) -> str:
    """SQL of the text of a row's time, where it is read from a text."""
    texts = [quote(column.name) for column in found.columns if column.name in found.time.columns and column.is_text]
    if not texts or not found.y.is_text:
        return ""
    return texts[0] if len(texts) == 1 else f"concat_ws(' ', {', '.join(texts)})"


def _untimed(text: str, value: str) -> str:
    """SQL that puts a time that cannot be read in place of its row's value, for whoever looks at the row."""
    return f"if(ts is null, '{UNTIMED}' || coalesce({text}, 'empty'), {value})"


def _combined(found: Discovery) -> str:
    """SQL of an interval's value from those of its rows; a text that is no number stays one, to be rejected."""
    value = f"{_SQL_OF[found.aggregate]}(try_cast(y as double))"
    if found.completes:
        value = f"case when count(y) = {found.grid.parts} then {value} end"
    return f"coalesce(min(y) filter (starts_with(y, '{UNREADABLE.strip()}')), ({value})::varchar)"


def definition_text(
    lake: Lake,
    found: Discovery,
    *,
    feed: str | None,
    horizon: str,
    start: date,
    final_newline: bool = True,
    hours: Mapping[str, str] | None = None,
) -> str:
    """The TOML of the definition. feed: as it is written down, None for a stream that reads a database alone."""
    stated = found.stated
    unit = stated.unit or DEFAULT_UNIT
    metric = found.y.name if found.wide is None else stated.name
    written = {"closed": "as read from the feed: please check them", "hours": _hours(hours)} if hours else HOURS_EXAMPLE
    parts = {
        "name": toml_text(stated.name),
        "metric": toml_text(metric),
        "unit": toml_text(unit),
        "aggregate": toml_text(found.aggregate),
        "counts": str(are_counts(found)).lower(),
        "interval": format_duration(found.grid.interval),
        "horizon": horizon,
        "timezone": toml_text(stated.timezone),
        "grid": _GRID_OF_UTC if found.grid.on_utc else "",
        "newline": "" if final_newline else _NO_FINAL_NEWLINE,
        "feed": f'\nfeed = "{toml_text(feed)}"' if feed is not None else "",
        "start": start.isoformat(),
        **written,
    }
    return _filled(lake, "templates/stream.toml", parts)


def are_counts(found: Discovery) -> bool:
    """Whether values are counts: as stated; else by the unit, or by the column's name where no unit is given."""
    if found.stated.counts is not None:
        return found.stated.counts
    return is_count(found.stated.unit or usual_name(found.y.name), found.aggregate)


def _hours(hours: Mapping[str, str]) -> str:
    return "\n".join(["[[calendar.hours]]", *(f'{days} = "{spans}"' for days, spans in hours.items())])


def _filled(lake: Lake, template: str, parts: Mapping[str, str]) -> str:
    return lake.files.read(template).fill(parts).text
