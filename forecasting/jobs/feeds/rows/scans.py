"""A large feed in one reading: rows by what becomes of them, times, series, and all rows of a few times."""

from collections import Counter
from dataclasses import dataclass

import pandas as pd

from forecasting.jobs.feeds.discover import Discovery, doubled
from forecasting.jobs.feeds.formats.columns import quote
from forecasting.jobs.feeds.rows.asking import ask
from forecasting.jobs.feeds.rows.samples import share_of
from forecasting.store.lake.lake import Lake

_FEWER = 4
"""So many times fewer rows than a sample holds are kept: they prove what the sample showed."""


@dataclass(frozen=True)
class Scan:
    """What one reading found.

    by_moment: rows, good and known ones and the first and last time of each start of an interval; `moment` is NaT for
    rows without a readable time. odd: rows by verdict and text, of values that are no good ones. shared: share of rows
    that share a time and a key; lacking: about how many rows series lack at times at which others have one.
    """

    by_moment: pd.DataFrame
    odd: Counter[tuple[str, str]]
    series: int
    shared: float
    lacking: int


def scan(lake: Lake, found: Discovery, *, step: object, anchor: object) -> Scan:
    """Read a feed once. Keys, gaps and what rows share are found by the rows of every n-th time."""
    times, keys, y = list(found.time.columns), list(found.keys), found.y.name
    # times that vary are put into their intervals at once: there may be as many of them as rows
    bucket = found.grid.bucket(found.time.sql) if found.grid.groups else ""
    moments = ["ts_read"] if bucket else [quote(name) for name in times]
    own = [quote(name) for name in dict.fromkeys([*times, *keys, y])]
    grouped = [*moments, *(quote(key) for key in keys)]
    looked = dict.fromkeys([*times, *keys])
    parts = {
        "rows": found.source.relation,
        "kept": found.left_out or "true",
        "columns": ", ".join(own),
        "times": f"{bucket or 'null'} as ts_read",
        "number": found.number_sql,
        "y": quote(y),
        "value": found.y_sql,
        "moment": moments[0],
        "moments": ", ".join(moments),
        "keys": ", ".join(map(quote, keys)),
        "groups": ", ".join(grouped),
        "looked": ", ".join(f"{quote(name)}: {quote(name)}" for name in looked),
        "hashed": ", ".join(map(quote, times)),
    }
    share = share_of(lake, found.source) * _FEWER
    ask(lake, "templates/feed_scan.sql", found.source, values={"share": share}, parts=parts)
    ts = "ts_read" if bucket else found.grid.bucket(found.time.sql)
    statement = lake.files.read("templates/feed_scanned_moments.sql").fill({"ts": ts, "instant": found.instant()})
    table = lake.connection.execute(statement.text, {"step": step, "anchor": anchor}).to_arrow_table().to_pandas()
    odd: Counter[tuple[str, str]] = Counter()
    for verdict, text, rows in ask(lake, "templates/feed_scanned_odd.sql", None, parts=parts):
        odd[verdict, text or ""] += rows
    ((series,),) = ask(lake, "templates/feed_scanned_series.sql", None, parts={"series": found.series_sql})
    instants = {"ts": found.time.sql, "series": found.series_sql, "doubled": doubled(found)}
    ((rows, shared, lacking),) = ask(lake, "templates/feed_scanned_instants.sql", None, parts=instants)
    return Scan(table, odd, int(series), shared / max(rows, 1), int(lacking) * share // max(found.grid.parts, 1))
