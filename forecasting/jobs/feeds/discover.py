"""What a feed holds: the columns' roles and formats, found from a sample of its rows."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from forecasting.jobs.feeds.findings import FeedQuestionError, Finding, Notes, Stated
from forecasting.jobs.feeds.formats.columns import Column, listed, literal, quote
from forecasting.jobs.feeds.formats.numbers import Numbers, read_numbers
from forecasting.jobs.feeds.formats.steps import DAY_SECONDS, find_step
from forecasting.jobs.feeds.formats.times import TimeReading, read_times, unreadable_times
from forecasting.jobs.feeds.grids import FeedGrid, SampleTimes, fit_grid, spelt
from forecasting.jobs.feeds.keys import SHARED, choose_keys, series_sql
from forecasting.jobs.feeds.layouts import Wide, find_wide
from forecasting.jobs.feeds.repeats import count_once
from forecasting.jobs.feeds.roles import TIMES, choose_y, implied_aggregate, is_rate, key_columns, totals_in
from forecasting.jobs.feeds.rows.asking import ask
from forecasting.jobs.feeds.rows.samples import check_names, columns_of, take_leading, take_sample
from forecasting.jobs.feeds.rows.sources import Source
from forecasting.jobs.feeds.stating import check_stated, interval_of, zone_of
from forecasting.store.lake.lake import Lake

_COMPLETE = 0.5
"""Share of intervals that hold all their parts above which one that lacks some is unknown, not low."""


@dataclass(frozen=True)
class Discovery:
    """What was found, enough to write the extract. table: the temporary table of the sample, of `is_whole` all rows."""

    stated: Stated
    source: Source
    columns: tuple[Column, ...]
    wide: Wide | None
    time: TimeReading
    y: Column
    numbers: Numbers
    keys: tuple[str, ...]
    grid: FeedGrid
    aggregate: str
    counts_once: bool
    """Whether single events that are alike in all columns count once."""
    completes: bool
    """Whether a sum is unknown where a part of its interval is missing."""
    left_out: str
    """SQL that is true for the rows that are read; empty where all are."""
    is_whole: bool
    table: str
    findings: tuple[Finding, ...]

    @property
    def series_sql(self) -> str:
        return series_sql(self.keys, self.columns, self.stated.name)

    @property
    def y_sql(self) -> str:
        if self.y.is_text:
            return self.numbers.format.sql(self.y.name)
        name = quote(self.y.name)
        return (
            f"case when isfinite({name}) then {name} end" if "DOUBLE" in self.y.type or "FLOAT" in self.y.type else name
        )

    @property
    def number_sql(self) -> str:
        """SQL of the value as a DOUBLE, NULL or infinite where it is no number."""
        name = self.y.name
        return self.numbers.format.number(name) if self.y.is_text else f"try_cast({quote(name)} as double)"

    @property
    def zone(self) -> str:
        return self.stated.timezone

    def instant(self, ts: str = "ts") -> str:
        """SQL of the instant of a column `ts` as the extract returns it."""
        return self.time.instant(self.stated.timezone, ts)

    @property
    def unused(self) -> list[str]:
        """Columns that nothing was made of."""
        used = {*self.time.columns, *self.keys, self.y.name, *self.stated.attribute_columns}
        return [column.name for column in self.columns if column.name not in used]


def discover(
    lake: Lake,
    source: Source,
    stated: Stated,
    notes: Notes,
    *,
    seen: Mapping[str, Mapping[str, int]] | None = None,
    spread: bool = False,
) -> Discovery:
    """Find out what a feed's columns mean.

    notes: what was found of the source already. seen: texts of columns that a sample may lack. spread: whether lines
    from all over a large file may be its sample. Raises FeedQuestionError, one line that names the option, where rows
    leave something open; FeedError where the feed cannot be read.
    """
    check_stated(stated)
    source, columns, wide, table, whole = _tabulate(lake, source, stated, notes, spread=spread)
    more = seen or {}
    columns = tuple(replace(one, texts={**one.texts, **more.get(one.name, {})}) for one in columns)
    time = read_times(columns, stated, TIMES)
    y = choose_y(columns, time.columns, stated, notes)
    rate = is_rate(stated.unit, y.name, stated.aggregate if stated.aggregate == "mean" else None)
    numbers = read_numbers(y, decimal=stated.decimal, is_rate=rate)
    time = _in_zone(time, stated)
    left_out, totals = _totals(columns, time, y)
    draft = Discovery(
        stated, source, columns, wide, time, y, numbers, stated.series_columns, FeedGrid(timedelta(0)), "sum", False,
        False, left_out, whole, table, (),
    )  # fmt: skip
    draft = _with_days(lake, draft, notes)
    _look(lake, draft)
    keys = choose_keys(lake, columns, [*draft.time.columns, y.name], doubled(draft), stated, notes)
    draft = replace(draft, keys=keys)
    grid = _grid(lake, draft, notes)
    if grid.is_events:
        notes.drop(SHARED)
        once = count_once(lake, columns, [*draft.time.columns, y.name], stated, notes)
        draft = replace(draft, counts_once=once)
    aggregate, why = implied_aggregate(y.name, stated.unit)
    if stated.aggregate:
        aggregate = stated.aggregate
    elif aggregate != "sum":
        notes.add("aggregate", aggregate, why, "--aggregate")
    draft = _with_grid(lake, draft, grid, aggregate, notes)
    findings = [*notes.findings, *draft.time.findings, *([numbers.finding] if numbers.finding else []), *totals]
    if unused := draft.unused:
        findings.append(Finding("not used", listed(unused), option="--attribute-col, --y-col"))
    return replace(draft, findings=tuple(dict.fromkeys(findings)))


def _tabulate(
    lake: Lake, source: Source, stated: Stated, notes: Notes, *, spread: bool
) -> tuple[Source, tuple[Column, ...], Wide | None, str, bool]:
    """The feed as a long table, its columns, and the table that holds the sample."""
    whole = take_leading(lake, source)
    columns = columns_of(lake, source, "first_rows")
    wide = find_wide(columns, stated)
    named = [*stated.ts_columns, *stated.attribute_columns, stated.y_column, *stated.series_columns]
    check_names(columns, named)
    if wide is not None:
        what = {"series": "a series", "time_of_day": "a time of day", "interval_start": "a date"}[wide.heading]
        option = "--no-wide" if wide.heading == "series" else "--y-col"
        notes.add("layout", f"each of {len(wide.melted)} columns is {what}", f"{listed(list(wide.melted), 4)}", option)
        kind = "VARCHAR" if source.kind in ("csv", "xlsx") else source.types[wide.melted[0]]
        types = {name: source.types[name] for name in wide.kept} | {wide.heading: "VARCHAR", wide.value: kind}
        cells = {name: (source.cells or {}).get(name, "") for name in wide.kept}
        if source.cells:
            cells[wide.value] = source.cells.get(wide.melted[0], "")
        source = replace(source, relation=wide.sql(source.relation), types=types, cells=cells)
        whole = take_leading(lake, source)
        columns = columns_of(lake, source, "first_rows")
    if whole:
        return source, columns, wide, "first_rows", True
    take_sample(lake, source, columns, spread=spread)
    return source, columns_of(lake, source, "sampled"), wide, "sampled", False


def _in_zone(time: TimeReading, stated: Stated) -> TimeReading:
    """Local times of another zone than that of the series, as instants."""
    if time.is_zoned or stated.ts_timezone in (None, stated.timezone):
        return time
    remark = Finding(" and ".join(time.columns), f"times of {stated.ts_timezone}", "--ts-timezone")
    sql = f"({time.sql}) at time zone {literal(stated.ts_timezone or '')}"
    return TimeReading(sql, True, time.columns, (*time.findings, remark))


def _totals(columns: Sequence[Column], time: TimeReading, y: Column) -> tuple[str, list[Finding]]:
    """Rows that are totals of others, as SQL that leaves them out."""
    conditions: list[str] = []
    remarks: list[Finding] = []
    texts = [column for column in columns if column.is_text and column.name != y.name]
    keys = {column.name for column in key_columns(columns, [*time.columns, y.name])}
    for column in texts:
        totals = totals_in(column) if column.name in keys or column.name in time.columns else []
        if totals and len(totals) < len(column.texts):
            name = quote(column.name)
            conditions.append(f"({name} is null or {name} not in ({', '.join(map(literal, sorted(totals)))}))")
            remarks.append(
                Finding(column.name, f"rows of {listed(sorted(totals))} are left out", "they add up other rows")
            )
    return " and ".join(conditions), remarks


def _look(lake: Lake, draft: Discovery, table: str | None = None) -> None:
    """Make the view `readings` of the sample."""
    local = draft.time.sql if not draft.time.is_zoned else f"({draft.time.sql}) at time zone {literal(draft.zone)}"
    parts = {
        "series": draft.series_sql,
        "ts": draft.time.sql,
        "local": local,
        "y": draft.y_sql,
        "table": table or draft.table,
        "kept": draft.left_out or "true",
    }
    ask(lake, "templates/feed_readings.sql", None, parts=parts)


def doubled(draft: Discovery) -> str:
    """SQL that is true of local times of a sample that clocks show twice."""
    return "false" if draft.time.is_zoned else shown_twice("ts_read", draft.zone)


def shown_twice(ts: str, zone: str) -> str:
    """SQL that is true of a local time that the clocks of a zone show twice."""
    named = literal(zone)
    return f"coalesce((({ts} at time zone {named}) - interval 1 hour) at time zone {named} = {ts}, false)"


def _moments(lake: Lake, draft: Discovery) -> SampleTimes:
    rows = ask(lake, "templates/feed_moments.sql", None, parts={"instant": draft.instant("ts_read")})
    zone = zone_of(draft.stated)
    standard = 0
    if rows:
        local = datetime.fromtimestamp(rows[0][1], zone)
        standard = int(((local.utcoffset() or timedelta(0)) - (local.dst() or timedelta(0))).total_seconds())
    return SampleTimes([row[0] for row in rows], [row[1] for row in rows], standard, not draft.time.is_zoned)


def _with_days(lake: Lake, draft: Discovery, notes: Notes) -> Discovery:
    """Instants that are all midnights of UTC, and not of the stream's zone, mean the dates that they show."""
    _look(lake, draft)
    moments = _moments(lake, draft)
    if not moments.local:
        column = next(column for column in draft.columns if column.name == draft.time.columns[0])
        raise FeedQuestionError(unreadable_times(column))
    if not draft.time.is_zoned or len(moments.utc) < 2 or not _midnights(moments.utc) or _midnights(moments.local):
        return draft
    notes.add("days", "the dates that UTC shows, taken for local days", "every time is a midnight of UTC")
    sql = f"({draft.time.sql}) at time zone 'UTC'"
    return replace(draft, time=replace(draft.time, sql=sql, is_zoned=False))


def _midnights(moments: Sequence[int]) -> bool:
    return all(moment % DAY_SECONDS == 0 for moment in moments)


def _grid(lake: Lake, draft: Discovery, notes: Notes) -> FeedGrid:
    _look(lake, draft, "first_rows")
    steps = {int(seconds): int(count) for seconds, count in ask(lake, "templates/feed_steps.sql", None)}
    _look(lake, draft)
    moments = _moments(lake, draft)
    step = find_step(steps, moments.local)
    return fit_grid(step, moments, interval_of(draft.stated), notes)


def _with_grid(lake: Lake, draft: Discovery, grid: FeedGrid, aggregate: str, notes: Notes) -> Discovery:
    """The discovery on its grid; days are put together by the local clock."""
    time = draft.time
    if (grid.groups or grid.by_week) and grid.interval >= timedelta(days=1) and time.is_zoned:
        time = replace(time, sql=f"({time.sql}) at time zone {literal(draft.zone)}", is_zoned=False)
    draft = replace(draft, time=time, grid=grid, aggregate=aggregate)
    if grid.parts == 1:
        return draft
    words = {"sum": "added up", "mean": "averaged", "max": "of which the highest counts"}
    notes.add(
        "interval",
        f"the feed is in {spelt(grid.interval / grid.parts)}: {grid.parts} rows make one interval, {words[aggregate]}",
        "--interval",
        "--interval, --aggregate",
    )  # fmt: skip
    if aggregate != "sum" or grid.interval >= timedelta(days=1):
        return draft
    _look(lake, draft, "first_rows")
    ((complete,),) = ask(
        lake,
        "templates/feed_complete.sql",
        None,
        values={"parts": grid.parts},
        parts={"bucket": grid.bucket("ts_read")},
    )
    _look(lake, draft)
    return replace(draft, completes=(complete or 0.0) >= _COMPLETE)


def usual_name(name: str) -> str:
    """A column's name as a metric: words."""
    return re.sub(r"[_\s]+", " ", name).strip() or name
