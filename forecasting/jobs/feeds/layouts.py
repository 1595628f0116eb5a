"""Tables that are not long: one column a series, a time of day or a date; the SQL that turns them."""

from collections.abc import Sequence
from dataclasses import dataclass

from forecasting.jobs.feeds.findings import FeedQuestionError, Stated
from forecasting.jobs.feeds.formats.columns import Column, listed, quote
from forecasting.jobs.feeds.formats.dates import DAY_ENDS, is_day_end, read_stamp
from forecasting.jobs.feeds.formats.senses import senses_of
from forecasting.jobs.feeds.roles import holds_numbers, is_wide, key_columns, totals_in

_LEAST_HEADINGS = 3


@dataclass(frozen=True)
class Wide:
    """A table whose headings are values. kept: columns that stay; heading, value: names of the two new ones."""

    kept: tuple[str, ...]
    melted: tuple[str, ...]
    heading: str
    value: str = "value"

    def sql(self, relation: str) -> str:
        """The relation with one row for each of the other columns; columns that come later are taken in too."""
        kept = f"columns(* exclude ({', '.join(map(quote, self.kept))}))" if self.kept else "columns(*)"
        return (
            f"(\n        from (from {relation})\n"
            f"        unpivot include nulls ({self.value} for {self.heading} in ({kept}))\n    )"
        )


def find_wide(columns: Sequence[Column], stated: Stated) -> Wide | None:
    """How a table is wide, or None where it is long.

    Raises FeedQuestionError where a person said that it is wide and it has no time column.
    """
    if stated.y_column is not None or stated.wide is False:
        return None
    headed = [(column, stamp) for column in columns if (stamp := read_stamp(column.name)) is not None]
    headed = [(column, stamp) for column, stamp in headed if holds_numbers(column)]
    if len(headed) >= _LEAST_HEADINGS:
        melted = [column.name for column, _ in headed]
        if late := next((column.name for column in columns if is_day_end(column.name)), None):
            raise FeedQuestionError(f"no interval of a day begins at 24:00, as in the heading {late}: {DAY_ENDS}")
        kept = [column.name for column in columns if column.name not in melted]
        return Wide(tuple(kept), tuple(melted), "interval_start" if headed[0][1].has_date else "time_of_day")
    times = [sense.column.name for sense in senses_of(columns)]
    times = list(stated.ts_columns) or times
    keys = [column.name for column in key_columns(columns, times)]
    asked = stated.wide is True
    if not asked and (not times or keys or stated.series_columns or not is_wide(columns, times)):
        return None
    if not times:
        raise FeedQuestionError(
            f"--wide: no column holds times; say --ts-col, one of {listed([c.name for c in columns])}"
        )
    left_out = [*times, *keys, *stated.attribute_columns]
    numbers = [column for column in columns if column.name not in left_out and holds_numbers(column)]
    others = [column.name for column in columns if column not in numbers]
    totals = [column.name for column in numbers if totals_in_name(column.name)]
    melted = [column.name for column in numbers if column.name not in totals]
    return Wide((*others, *totals), tuple(melted), "series")


def totals_in_name(name: str) -> bool:
    """Whether a column's name says that it is the total of the others."""
    return bool(totals_in(Column(name, "VARCHAR", {name: 1}, 1, 1, 1)))
