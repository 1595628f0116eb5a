"""Samples of a feed in temporary tables, and their columns: all that is guessed is guessed from them."""

import re
from collections.abc import Sequence

from forecasting.errors import FeedError, SettingsError
from forecasting.jobs.feeds.formats.columns import Column, quote
from forecasting.jobs.feeds.formats.senses import senses_of
from forecasting.jobs.feeds.rows.asking import ask
from forecasting.jobs.feeds.rows.sources import WHOLE_BYTES, Source
from forecasting.jobs.feeds.rows.spread import can_spread, take_spread
from forecasting.store.lake.lake import Lake

WHOLE_ROWS = 3_000_000
"""Rows of which all are looked at; a feed of more is looked at by a sample, and then once in full."""
LEADING_ROWS = 50_000
SAMPLE_ROWS = 200_000
_TEXTS = 5_000
"""Distinct texts of a column that are looked at; fewer of very wide tables."""
_CELLS = 400_000


def is_large(source: Source) -> bool:
    """Whether a source is looked at by a sample and then read once."""
    return source.size > WHOLE_BYTES


def take_leading(lake: Lake, source: Source) -> bool:
    """Keep the first rows as the table `first_rows`; whether these are all."""
    most = LEADING_ROWS if is_large(source) else WHOLE_ROWS
    ask(lake, "templates/feed_sample.sql", source, values={"most": most}, parts={"table": "first_rows", "kept": "true"})
    ((rows,),) = lake.connection.execute("select count(*) from first_rows").fetchall()
    if not rows:
        raise FeedError(f"--feed {source.pattern or source.relation}: it holds no row")
    return int(rows) < most


def take_sample(lake: Lake, source: Source, columns: Sequence[Column], *, spread: bool) -> None:
    """Keep rows from all over a feed as the table `sampled`, the same at every look.

    spread: lines that can be had without a reading of the feed; else all rows that some instants have.
    """
    if spread and can_spread(source) and take_spread(lake, source):
        return
    times = [quote(sense.column.name) for sense in senses_of(columns)]
    share = share_of(lake, source)
    kept = f"hash({', '.join(times)}) % {share} = 0" if times else "true"
    ask(
        lake, "templates/feed_sample.sql", source, values={"most": WHOLE_ROWS}, parts={"table": "sampled", "kept": kept}
    )
    ((found,),) = lake.connection.execute("select count(*) from sampled").fetchall()
    if found < LEADING_ROWS // 10:
        lake.connection.execute("create or replace temp table sampled as from first_rows")


def share_of(lake: Lake, source: Source) -> int:
    """Of how many instants one is looked at with all its rows."""
    return max(_rows_of(lake, source) // SAMPLE_ROWS, 1)


def _rows_of(lake: Lake, source: Source) -> int:
    """About how many rows a feed has."""
    if source.kind != "csv":
        return int(ask(lake, "templates/feed_count.sql", source)[0][0])
    ((width,),) = ask(lake, "templates/feed_width.sql", None)
    return int(source.size / max(float(width), 1.0))


def columns_of(lake: Lake, source: Source, table: str) -> tuple[Column, ...]:
    """The columns of a sample."""
    most = max(min(_TEXTS, _CELLS // max(len(source.types), 1)), 50)
    found = []
    for name, kind in source.types.items():
        parts = {"column": quote(name), "table": table}
        ((rows, filled, distinct),) = ask(lake, "templates/feed_filled.sql", None, parts=parts)
        texts = dict(ask(lake, "templates/feed_texts.sql", None, values={"most": most}, parts=parts))
        cells = (source.cells or {}).get(name, "")
        found.append(Column(name, kind, texts, int(rows), int(filled), int(distinct), cells))
    return tuple(found)


def check_names(columns: Sequence[Column], names: Sequence[str | None]) -> None:
    """Raise SettingsError where a column that a person names is not there."""
    known = [column.name for column in columns]
    for name in names:
        if name is not None and name not in known:
            close = [one for one in known if re.sub(r"\W|_", "", one).lower() == re.sub(r"\W|_", "", name).lower()]
            hint = f"; did you mean {close[0]}?" if close else ""
            raise SettingsError(f"column {name!r} is not in the feed, which has {', '.join(known)}{hint}")
