"""What a page is made of: sections of blocks. A block is one question: its SQL, its rows, what is drawn of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from forecasting.reports.formats import NUMERIC, Kind, write


@dataclass(frozen=True)
class Answer:
    """Rows of a query, and the query with its values in place, as `forecasting sql` takes it."""

    rows: pd.DataFrame
    sql: str


@dataclass(frozen=True)
class TableColumn:
    """A column of a table. name: that of the query."""

    name: str
    title: str
    kind: Kind = Kind.TEXT

    @property
    def wraps(self) -> bool:
        """Whether long values stand in several lines."""
        return self.kind == Kind.CODE or self.name in ("detail", "why")

    @property
    def is_number(self) -> bool:
        return self.kind in NUMERIC


@dataclass(frozen=True)
class Cell:
    """One value as it is shown. mark: CSS class that grades it; strip: a drawing in place of the text."""

    text: str
    mark: str = ""
    strip: Any = None


@dataclass(frozen=True)
class Table:
    """Rows as text. marks and strips: by column, one entry a row."""

    columns: Sequence[TableColumn]
    rows: pd.DataFrame
    marks: Mapping[str, Sequence[str]] = field(default_factory=dict)
    strips: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    def lines(self) -> list[list[Cell]]:
        """Cells, row by row."""
        columns = []
        for column in self.columns:
            values = self.rows[column.name].tolist() if column.name in self.rows else [None] * len(self.rows)
            marks = self.marks.get(column.name, [""] * len(values))
            strips = self.strips.get(column.name, [None] * len(values))
            columns.append(
                [
                    Cell("" if strip is not None else write(value, column.kind), mark, strip)
                    for value, mark, strip in zip(values, marks, strips, strict=True)
                ]
            )
        return [list(cells) for cells in zip(*columns, strict=True)]


@dataclass(frozen=True)
class HourGrid:
    """A table of rows by hours, whose cells are graded. cells: text and CSS class, None where nothing is open."""

    title: str
    corner: str
    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[tuple[str, str] | None]]]
    value: str
    """Name of the query's column that is shown."""


@dataclass(frozen=True)
class Chart:
    """A drawing with the rows that it shows. kind: the macro that draws it; beside: what stands beside its title."""

    kind: str
    title: str
    drawing: Any
    table: Table
    note: str = ""
    beside: str = ""


@dataclass(frozen=True)
class PageBlock:
    """One question: its SQL, and what is shown of the answer."""

    key: str
    """Name that is unique on the page."""
    title: str
    answer: Answer
    note: str = ""
    table: Table | None = None
    folded: bool = False
    """Whether the table is closed at first."""
    cards: bool = False
    """Whether each row of the table is a card on a narrow screen: rows of sentences and commands."""
    charts: Sequence[Chart] = ()
    grids: Sequence[HourGrid] = ()
    legend: Sequence[tuple[str, str]] = ()
    """CSS class and meaning of each mark of the charts."""


@dataclass(frozen=True)
class PageSection:
    """A part of the page. lead: the answer in one sentence."""

    key: str
    title: str
    lead: str
    blocks: Sequence[PageBlock]


@dataclass(frozen=True)
class Tile:
    """A number at the head of the page. target: section that it leads to; bad: whether it asks for action."""

    number: str
    text: str
    beside: str
    target: str
    bad: bool = False


@dataclass(frozen=True)
class Page:
    """All of a report. issued: newest publication that it shows, which stands for the time of making."""

    title: str
    subtitle: str
    issued: str
    tiles: Sequence[Tile]
    sections: Sequence[PageSection]
    workbook: str
    index: str
