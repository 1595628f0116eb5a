"""Which columns name a series: the fewest with which no two rows share a time."""

from collections.abc import Callable, Sequence
from itertools import combinations

from forecasting.jobs.feeds.findings import FeedQuestionError, Notes, Stated
from forecasting.jobs.feeds.formats.columns import Column, listed, literal, quote
from forecasting.jobs.feeds.roles import is_usual_key, key_columns
from forecasting.jobs.feeds.samples import ask
from forecasting.store.lake.lake import Lake

FEW = 0.01
"""Share of rows that may share a time and a key: single faults, which the ingest rejects."""
_MOST_CLASHES = 0.5
"""From that share on rows are no intervals of series, so that somebody has to say what they are."""
_MOST_CANDIDATES = 8
_MOST_KEYS = 3
_DISTINCT = 0.5
"""A column with more distinct values than that share of rows names no series."""


def series_sql(keys: Sequence[str], columns: Sequence[Column], name: str) -> str:
    """SQL of the series' key: the columns joined by points, without blanks at their ends; the stream's name where the
    feed is one series."""
    padded = {column.name for column in columns if any(text != text.strip() for text in column.texts)}
    parts = [f"trim({quote(key)})" if key in padded else quote(key) for key in keys]
    return " || '.' || ".join(parts) or literal(name)


def choose_keys(
    lake: Lake, columns: Sequence[Column], used: Sequence[str], doubled: str, stated: Stated, notes: Notes
) -> tuple[str, ...]:
    """The key's columns: as stated, else the usual name and as many others as rows need to differ.

    The view `readings` holds the sample. doubled: SQL that is true for local times that clocks show twice. Raises
    FeedQuestionError where rows that differ share a time and a key all the same.
    """
    found = [column for column in key_columns(columns, [*used, *stated.attribute_columns]) if _names_series(column)]
    candidates = [column.name for column in found][:_MOST_CANDIDATES]

    def clash(keys: Sequence[str]) -> float:
        columns_sql = ", ".join(map(quote, keys)) or "'one'"
        ((differing, _, rows),) = ask(
            lake, "templates/feed_clashes.sql", None, parts={"keys": columns_sql, "doubled": doubled}
        )
        return float(differing) / max(float(rows), 1.0)

    if stated.series_columns:
        if clash(stated.series_columns) > FEW:
            more = _completed(stated.series_columns, candidates, clash)
            hint = " ".join(f"--series-col {name}" for name in more)
            raise FeedQuestionError(
                f"rows share a time and {' and '.join(stated.series_columns)} but not the value: "
                + (f"{' and '.join(more)} together name a series; say {hint}" if more else _advice(candidates))
            )
        return stated.series_columns
    usual = tuple(column.name for column in found if is_usual_key(column))[:1]
    if clash(usual) <= FEW:
        if usual:
            notes.add(usual[0], "the series' key", "by its name", "--series-col")
        return usual
    keys = _completed(usual, candidates, clash)
    if not keys and clash(usual) < _MOST_CLASHES:
        return usual  # the ingest rejects these rows and takes the others
    if not keys:
        shared = f"a time and {usual[0]}" if usual else "a time"
        raise FeedQuestionError(f"rows share {shared} but not the value: {_advice(candidates)}")
    why = f"rows that share a time and {usual[0] if usual else 'nothing else'} differ" if usual else "rows share a time"
    together = " and ".join(keys)
    notes.add(
        together, "the series' key, joined by points" if len(keys) > 1 else "the series' key", why, "--series-col"
    )
    return keys


def _completed(
    keys: Sequence[str], candidates: Sequence[str], clash: Callable[[Sequence[str]], float]
) -> tuple[str, ...]:
    """The keys with the fewest further columns with which rows are distinct; empty where none help."""
    rest = [name for name in candidates if name not in keys]
    for more in range(1, _MOST_KEYS + 1):
        for added in combinations(rest, more):
            if clash([*keys, *added]) <= FEW:
                return (*keys, *added)
    return ()


def _advice(candidates: Sequence[str]) -> str:
    if candidates:
        return (
            f"no column among {listed(list(candidates))} makes them differ; say the key's columns with --series-col "
            "(may repeat), or add rows up in SQL first where they are single events (docs/streams.md)"
        )
    return (
        "no column names a series; say the key's columns with --series-col (may repeat), or add rows up in SQL first "
        "where they are single events (docs/streams.md)"
    )


def _names_series(column: Column) -> bool:
    return column.rows <= 20 or column.distinct <= _DISTINCT * column.rows
