"""Which columns name a series: the fewest with which no two rows share a time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations

from forecasting.jobs.feeds.findings import FeedQuestionError, Notes, Stated
from forecasting.jobs.feeds.formats.columns import Column, listed, literal, quote
from forecasting.jobs.feeds.formats.senses import senses_of
from forecasting.jobs.feeds.roles import is_usual_key, key_columns
from forecasting.jobs.feeds.rows.asking import ask
from forecasting.store.lake.lake import Lake

SHARED = "rows that share a time and a key"
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


@dataclass(frozen=True)
class _Shared:
    """Rows of a sample that share a time and a key: clashing, with other values or with another text in some column;
    alike, with nothing to tell them apart. rows: all."""

    clashing: int
    alike: int
    rows: int

    @property
    def clash(self) -> float:
        """Share of rows that clash."""
        return self.clashing / max(self.rows, 1)


def choose_keys(
    lake: Lake, columns: Sequence[Column], used: Sequence[str], doubled: str, stated: Stated, notes: Notes
) -> tuple[str, ...]:
    """The key's columns: as stated, else the usual name and as many others as rows need to differ.

    Rows that share a time and a key are two series also where their values are equal, if any other column but a time
    differs. The view `readings` holds the sample. doubled: SQL that is true for local times that clocks show twice.
    Raises FeedQuestionError where rows that differ share a time and a key all the same.
    """
    found = [column for column in key_columns(columns, [*used, *stated.attribute_columns]) if _names_series(column)]
    candidates = [column.name for column in found][:_MOST_CANDIDATES]
    times = {sense.column.name for sense in senses_of(columns)}
    others = [column.name for column in columns if column.name not in times and column.name not in used]

    @cache
    def share(keys: tuple[str, ...]) -> _Shared:
        parts = {
            "keys": ", ".join(map(quote, keys)) or "'one'",
            "others": ", ".join(quote(name) for name in others if name not in keys) or "'none'",
            "doubled": doubled,
        }
        ((clashing, alike, rows),) = ask(lake, "templates/feed_clashes.sql", None, parts=parts)
        return _Shared(int(clashing), int(alike), int(rows))

    def clash(keys: Sequence[str]) -> float:
        return share(tuple(keys)).clash

    keys = _chosen(found, candidates, others, clash, stated, notes)
    last = share(keys)
    if last.alike or last.clashing:
        notes.add(
            SHARED,
            f"{last.alike + last.clashing} of {last.rows}",
            "those with one value count once, others are rejected",
            "--series-col",
        )
    return keys


def _chosen(
    found: Sequence[Column],
    candidates: Sequence[str],
    others: Sequence[str],
    clash: Callable[[Sequence[str]], float],
    stated: Stated,
    notes: Notes,
) -> tuple[str, ...]:
    if stated.series_columns:
        if clash(stated.series_columns) > FEW:
            shared = f"a time and {' and '.join(stated.series_columns)}"
            raise _question(shared, stated.series_columns, candidates, others, clash)
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
        raise _question(f"a time and {usual[0]}" if usual else "a time", usual, candidates, others, clash)
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


def _question(
    shared: str,
    keys: Sequence[str],
    candidates: Sequence[str],
    others: Sequence[str],
    clash: Callable[[Sequence[str]], float],
) -> FeedQuestionError:
    """What is asked of rows that share a time and a key: which columns, of any kind, tell them apart."""
    more = _completed(keys, candidates, clash) or _completed(keys, others[:_MOST_CANDIDATES], clash)
    if more:
        answer = " ".join(f"--series-col {name}" for name in more)
        return FeedQuestionError(
            f"rows share {shared} but differ: with {' and '.join(more)} they do not; say {answer} if that names a "
            "series, or add rows up in SQL first where they are single events (docs/streams.md)"
        )
    known = f"no column among {listed(list(candidates))} makes" if candidates else "no column that names a series makes"
    return FeedQuestionError(
        f"rows share {shared} but differ: {known} them distinct; say the key's columns with --series-col (may repeat), "
        "or add rows up in SQL first where they are single events (docs/streams.md)"
    )


def _names_series(column: Column) -> bool:
    return column.rows <= 20 or column.distinct <= _DISTINCT * column.rows
