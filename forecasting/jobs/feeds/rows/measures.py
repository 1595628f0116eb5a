"""A whole feed in one reading, as its extract would read it: rows by what becomes of them, series, times."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from forecasting.config.stream import Stream
from forecasting.errors import FeedError
from forecasting.jobs.feeds.discover import Discovery
from forecasting.jobs.feeds.formats.columns import listed, quote
from forecasting.jobs.feeds.formats.numbers import UNREADABLE
from forecasting.jobs.feeds.rows.scans import Scan, scan
from forecasting.numerics import Times
from forecasting.panel.calendar.calendar import grid_anchor
from forecasting.store.lake.lake import Lake

VERDICTS = ("good", "unknown", "no_time", "unreadable", "not_finite", "negative")
_STRAY_SHARE = 0.001
_STRAY_DAYS = 400
"""Rows that lie that far from all others, so few of all, are faults of a clock, which the history leaves out."""
_SHOWN = 20


@dataclass(frozen=True)
class Tally:
    """What one reading of a whole feed found. moments: starts of intervals with a value, ascending, UTC."""

    rows: int
    verdicts: Mapping[str, int]
    series: int
    first_ts: datetime
    last_ts: datetime
    moments: Times
    missing: int
    """Intervals without a row between the first and the last one of each series; about how many, of a large feed."""
    stray: int
    """Rows so far from all others that the history leaves them out."""
    strange: tuple[str, ...]
    """Values that cannot be read."""
    shared: float | None = None
    """Share of rows that share a time and a key; None of a feed of which all rows were looked at before."""


def measure(lake: Lake, found: Discovery, stream: Stream) -> Tally:
    """Read the whole feed as the extract would. Raises FeedError where no row has a time."""
    anchor = grid_anchor(stream)[0].astype(datetime).replace(tzinfo=UTC)
    values: dict[str, object] = {"step": stream.interval, "anchor": anchor}
    if not found.is_whole:
        return _scanned(scan(lake, found, step=stream.interval, anchor=anchor), found, stream)
    parts = {
        "rows": found.table,
        "series": found.series_sql,
        "ts": found.grid.bucket(found.time.sql),
        "y": found.y_sql,
        "kept": found.left_out or "true",
        "instant": found.instant(),
        "first": found.instant("first_ts"),
        "last": found.instant("last_ts"),
    }
    statement = lake.files.read("templates/feed_trial.sql").fill(parts)
    table = lake.connection.execute(statement.text, values).to_arrow_table().to_pandas()
    by_moment = table[table["is_moment"] & table["moment"].notna()].sort_values("moment")
    by_series = table[~table["is_moment"]]
    if not len(by_moment):
        raise _untimed(found)
    kept, stray = _without_strays(by_moment)
    seen = kept[(kept["good"] + kept["unreadable"] + kept["negative"]) > 0]["moment"]
    named = by_series[by_series["series_id"].notna() & by_series["first_ts"].notna()]
    span = ((named["last_ts"] - named["first_ts"]) / stream.interval).round() + 1
    timed = named["rows"] - named["no_time"]
    first, last = kept["first_ts"].min(), kept["last_ts"].max()
    return Tally(
        rows=int(by_series["rows"].sum()),
        verdicts={name: int(by_series[name].sum()) for name in VERDICTS},
        series=len(named),
        first_ts=first.to_pydatetime(),
        last_ts=last.to_pydatetime(),
        moments=_utc(seen),
        missing=max(int((span - timed / max(found.grid.parts, 1)).clip(lower=0).sum()), 0),
        stray=stray,
        strange=tuple(sorted(set(by_series["strange"].dropna())))[:_SHOWN],
    )


def _scanned(read: Scan, found: Discovery, stream: Stream) -> Tally:
    """The tally of a large feed."""
    untimed = read.by_moment[read.by_moment["moment"].isna()]
    by_moment = read.by_moment[read.by_moment["moment"].notna()]
    if not len(by_moment):
        raise _untimed(found)
    kept, stray = _without_strays(by_moment)
    verdicts = dict.fromkeys(VERDICTS, 0)
    for (verdict, _), rows in read.odd.items():
        verdicts[verdict] += rows
    verdicts["no_time"] = int(untimed["rows"].sum())
    verdicts["good"] += int(by_moment["good"].sum())
    first, last = kept["first_ts"].min(), kept["last_ts"].max()
    closed = round((last - first) / stream.interval) + 1 - len(kept)
    return Tally(
        rows=int(read.by_moment["rows"].sum()),
        verdicts=verdicts,
        series=read.series,
        first_ts=first.to_pydatetime(),
        last_ts=last.to_pydatetime(),
        moments=_utc(kept[kept["known"] > 0]["moment"]),
        missing=read.lacking + max(closed, 0) * read.series,
        stray=stray,
        strange=tuple(sorted(text for verdict, text in read.odd if verdict == "unreadable")[:_SHOWN]),
        shared=read.shared,
    )


def _untimed(found: Discovery) -> FeedError:
    where = f"--feed {found.source.pattern}" if found.source.pattern else "--from"
    return FeedError(f"{where}: no row has a readable time in {listed(list(found.time.columns))}")


def _utc(stamps: pd.Series) -> Times:
    return pd.DatetimeIndex(stamps.unique()).tz_convert("UTC").tz_localize(None).as_unit("us").to_numpy()


def _without_strays(by_moment: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Intervals without those few at either end that lie far from all others, and how many rows these have."""
    rows = by_moment["rows"].to_numpy()
    apart = np.diff(by_moment["moment"].to_numpy()) > np.timedelta64(_STRAY_DAYS, "D")
    first, last = 0, len(rows)
    for gap in np.flatnonzero(apart):
        if rows[: gap + 1].sum() <= max(_STRAY_SHARE * rows.sum(), 1):
            first = int(gap) + 1
        elif rows[gap + 1 :].sum() <= max(_STRAY_SHARE * rows.sum(), 1):
            last = min(last, int(gap) + 1)
    kept = by_moment.iloc[first:last]
    return kept, int(rows.sum() - kept["rows"].sum())


def untimed_texts(lake: Lake, found: Discovery) -> dict[str, int]:
    """Texts of the first time column in rows without a readable time."""
    name = found.time.columns[0]
    source = found.source
    rows = found.table if found.is_whole else source.relation
    statement = lake.files.read("templates/feed_untimed.sql").fill(
        {"column": quote(name), "ts": found.time.sql, "rows": rows, "kept": found.left_out or "true"}
    )
    bound = source.parameters if "$feed" in rows else {}
    return {str(text): int(count) for text, count in lake.connection.execute(statement.text, bound).fetchall()}


def unseen_texts(lake: Lake, found: Discovery, measured: Tally) -> dict[str, dict[str, int]]:
    """Texts that a full reading could not read and the sample did not show, by column."""
    unseen: dict[str, dict[str, int]] = {}
    columns = {column.name: column for column in found.columns}
    if measured.verdicts["no_time"]:
        unseen[found.time.columns[0]] = untimed_texts(lake, found)
    if measured.verdicts["unreadable"]:
        unseen[found.y.name] = dict.fromkeys((text.removeprefix(UNREADABLE) for text in measured.strange), 1)
    fresh = {
        name: {text: count for text, count in texts.items() if text not in columns[name].texts}
        for name, texts in unseen.items()
    }
    return {name: texts for name, texts in fresh.items() if texts}


def check_readable(lake: Lake, found: Discovery, measured: Tally, most: float) -> None:
    """Raise FeedError where more rows than a stream allows cannot be read, with the first texts that cannot."""
    limit = most * measured.rows
    if measured.verdicts["no_time"] > limit:
        texts = listed([repr(text) for text in untimed_texts(lake, found)], 3)
        raise FeedError(
            f"column {found.time.columns[0]}: {measured.verdicts['no_time']} of {measured.rows} rows have no readable "
            f"time, such as {texts or 'empty ones'}; export them in one format, or say --date-format"
        )
    if measured.verdicts["unreadable"] > limit:
        texts = listed([repr(text.removeprefix(UNREADABLE)) for text in measured.strange], 3)
        raise FeedError(
            f"column {found.y.name}: {measured.verdicts['unreadable']} of {measured.rows} values cannot be read as "
            f"numbers, such as {texts}; export plain numbers, or name another column with --y-col"
        )
    for verdict, words in (("negative", "below 0"), ("not_finite", "infinite")):
        if measured.verdicts[verdict] > limit:
            raise FeedError(
                f"column {found.y.name}: {measured.verdicts[verdict]} of {measured.rows} values are {words}; demand "
                "is 0 or more; name another column with --y-col, or correct them in SQL"
            )
    if not measured.verdicts["good"]:
        raise FeedError(f"column {found.y.name}: no row has a known value; name another column with --y-col")
