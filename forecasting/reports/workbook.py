"""The workbook of a report: a sheet a section, every number in it a number."""

from collections.abc import Sequence
from datetime import date, datetime
from io import BytesIO
from typing import Any

import pandas as pd
import xlsxwriter

from forecasting.reports.blocks import Page, PageBlock, PageSection, TableColumn
from forecasting.reports.formats import Kind, decimals, is_missing

_FORMATS = {
    Kind.COUNT: "#,##0",
    Kind.WHOLE_CHANGE: "+#,##0;-#,##0;0",
    Kind.SHARE: "0.0%",
    Kind.PERCENT: "0%",
    Kind.PERCENT_CHANGE: "+0%;-0%;0%",
    Kind.HOURS: "#,##0.0",
    Kind.DATE: "d mmm yyyy",
    Kind.DAY: "ddd d mmm yyyy",
    Kind.TIME: "ddd d mmm yyyy hh:mm",
    Kind.STAMP: "d mmm yyyy hh:mm",
}
_TIMES = (Kind.DATE, Kind.DAY, Kind.TIME, Kind.STAMP)
_WIDTHS = {Kind.TIME: 22, Kind.STAMP: 18, Kind.DAY: 16, Kind.DATE: 13, Kind.TEXT: 18, Kind.CODE: 60}
_WIDEST = 60
_LONGEST = 32_000
"""Characters that a cell may have; Excel takes 32,767."""


def render_workbook(page: Page, *, made: datetime) -> bytes:
    """The workbook's bytes. made: stands in its properties, so that equal pages give equal bytes.

    Texts are texts, whatever they begin with: a series named `=1+1` is no formula.
    """
    buffer = BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(buffer, options) as workbook:
        workbook.set_properties({"title": page.title, "created": made})
        styles = _Styles(workbook)
        for section in page.sections:
            _write_section(workbook, styles, section)
    return buffer.getvalue()


class _Styles:
    """Formats of one workbook."""

    def __init__(self, workbook: Any) -> None:
        self.title = workbook.add_format({"bold": True, "font_size": 13})
        self.note = workbook.add_format({"font_color": "#55606c", "italic": True})
        self.head = workbook.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "bottom"})
        self.head_right = workbook.add_format(
            {"bold": True, "bottom": 1, "text_wrap": True, "valign": "bottom", "align": "right"}
        )
        self.text = workbook.add_format({})
        self.bad = workbook.add_format({"font_color": "#b3261e", "bold": True})
        self.kinds = {kind: workbook.add_format({"num_format": form}) for kind, form in _FORMATS.items()}
        for kind in _TIMES:
            self.kinds[kind].set_align("left")
        self._workbook = workbook
        self._numbers: dict[tuple[Kind, int], Any] = {}

    def of(self, column: TableColumn, values: pd.Series) -> Any:
        """The format of a column; of numbers with as many decimals as its largest one needs."""
        if column.kind not in (Kind.NUMBER, Kind.CHANGE):
            return self.kinds.get(column.kind, self.text)
        sizes = pd.to_numeric(values, errors="coerce").abs()
        places = decimals(float(sizes.max())) if sizes.notna().any() else 0
        key = (column.kind, places)
        if key not in self._numbers:
            form = "#,##0" + ("." + "0" * places if places else "")
            signed = f"+{form};-{form};0" if column.kind == Kind.CHANGE else form
            self._numbers[key] = self._workbook.add_format({"num_format": signed})
        return self._numbers[key]


def _write_section(workbook: Any, styles: _Styles, section: PageSection) -> None:
    sheet = workbook.add_worksheet(section.title[:31])
    sheet.write_string(0, 0, section.title, styles.title)
    if section.lead:
        sheet.write_string(1, 0, section.lead, styles.note)
    widths: dict[int, float] = {}
    row = 3
    for block in section.blocks:
        row = _write_block(sheet, styles, block, row, widths)
    for place, width in widths.items():
        sheet.set_column(place, place, min(width, _WIDEST))
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)


def _write_block(sheet: Any, styles: _Styles, block: PageBlock, row: int, widths: dict[int, float]) -> int:
    """Writes from `row` on and returns the first row after it."""
    parts = [(columns, rows) for columns, rows in flat(block) if not rows.empty]
    if not parts:
        return row
    sheet.write_string(row, 0, block.title, styles.title)
    if block.note:
        sheet.write_string(row + 1, 0, block.note, styles.note)
    row += 2
    for columns, rows in parts:
        row = _write_table(sheet, styles, columns, rows, row, widths)
        if block.grids:
            _grade(sheet, columns, first=row - 1 - len(rows), last=row - 2)
    return row + 1


def _write_table(
    sheet: Any, styles: _Styles, columns: Sequence[TableColumn], rows: pd.DataFrame, head: int, widths: dict[int, float]
) -> int:
    """Writes the head at a row, and the rows below it; returns the second row after them."""
    sheet.set_row(head, 30)
    for place, column in enumerate(columns):
        sheet.write_string(
            head, place, column.title or column.name, styles.head_right if column.is_number else styles.head
        )
        held = rows[column.name]
        longest = max((len(str(one)) for one in held.head(200)), default=0) if column.kind == Kind.TEXT else 0
        wanted = max(_WIDTHS.get(column.kind, 11), min(longest + 2, _WIDEST), 9)
        widths[place] = max(widths.get(place, 0), wanted)
    for place, column in enumerate(columns):
        style = styles.of(column, rows[column.name])
        for number, value in enumerate(rows[column.name].tolist(), start=head + 1):
            _write_cell(sheet, style, number, place, column, value)
    return head + len(rows) + 2


def _grade(sheet: Any, columns: Sequence[TableColumn], *, first: int, last: int) -> None:
    """Colours of a grid, of rows from first to last: orange below the aim, white at it, blue above."""
    chances = columns[-1].kind == Kind.PERCENT
    low, aim, high = (0.5, 0.8, 1.0) if chances else (-5, 0, 10)
    scale = {"type": "3_color_scale", "min_color": "#f3bd94", "mid_color": "#ffffff", "max_color": "#aecfe9"}
    values = {"min_type": "num", "min_value": low, "mid_type": "num", "mid_value": aim}
    sheet.conditional_format(first, 2, last, len(columns) - 1, scale | values | {"max_type": "num", "max_value": high})


def flat(block: PageBlock) -> list[tuple[Sequence[TableColumn], pd.DataFrame]]:
    """Tables of a block, each with its columns: of charts with the same columns one, with the title of each chart."""
    found: dict[tuple[TableColumn, ...], list[pd.DataFrame]] = {}
    for chart in block.charts:
        found.setdefault(tuple(chart.table.columns), []).append(chart.table.rows.assign(chart_title=chart.title))
    if found:
        title = [TableColumn("chart_title", "Of")] if len(block.charts) > 1 else []
        return [([*title, *columns], pd.concat(parts, ignore_index=True)) for columns, parts in found.items()]
    if block.table is not None:
        kept = [column for column in block.table.columns if column.name not in block.table.strips]
        return [(kept, block.table.rows)]
    return [_crossed(block)]


def _crossed(block: PageBlock) -> tuple[Sequence[TableColumn], pd.DataFrame]:
    """A grid as a table: a row a pool and day, a column an hour."""
    value = block.grids[0].value
    kind = Kind.PERCENT if value == "chance" else Kind.WHOLE_CHANGE
    wide = block.answer.rows.pivot_table(index=["pool", "day"], columns="hour", values=value)
    wide.columns = [f"{hour:02d}" for hour in wide.columns]
    columns = [
        TableColumn("pool", "Pool"),
        TableColumn("day", "Day", Kind.DAY),
        *(TableColumn(one, one, kind) for one in wide.columns),
    ]
    return columns, wide.reset_index()


def _write_cell(sheet: Any, style: Any, row: int, place: int, column: TableColumn, value: Any) -> None:
    if is_missing(value):
        return
    if column.kind in _TIMES:
        sheet.write_datetime(row, place, _naive(value), style)
    elif column.is_number:
        sheet.write_number(row, place, float(value), style)
    else:
        sheet.write_string(row, place, str(value)[:_LONGEST], style)


def _naive(value: Any) -> datetime | date:
    """Local, without a zone, which Excel does not know; to the second."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    stamp = pd.Timestamp(value)
    return stamp.tz_localize(None).floor("s").to_pydatetime()
