"""The workbook of a report: a sheet a section, every number in it a number."""

from collections.abc import Sequence
from datetime import date, datetime
from io import BytesIO
from typing import Any

import pandas as pd
import xlsxwriter

from forecasting.reports.blocks import Page, PageBlock, PageSection, TableColumn
from forecasting.reports.formats import Kind, is_missing

_FORMATS = {
    Kind.COUNT: "#,##0",
    Kind.NUMBER: "#,##0.##",
    Kind.CHANGE: "+#,##0.##;-#,##0.##;0",
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
    columns, rows = flat(block)
    if rows.empty:
        return row
    sheet.write_string(row, 0, block.title, styles.title)
    if block.note:
        sheet.write_string(row + 1, 0, block.note, styles.note)
    head = row + 2
    sheet.set_row(head, 30)
    for place, column in enumerate(columns):
        sheet.write_string(
            head, place, column.title or column.name, styles.head_right if column.is_number else styles.head
        )
        held = rows[column.name]
        longest = max((len(str(one)) for one in held.head(200)), default=0) if column.kind == Kind.TEXT else 0
        wanted = max(_WIDTHS.get(column.kind, 11), min(longest + 2, 45), 9)
        widths[place] = max(widths.get(place, 0), wanted)
    for place, column in enumerate(columns):
        for number, value in enumerate(rows[column.name].tolist(), start=head + 1):
            _write_cell(sheet, styles, number, place, column, value)
    if block.grids:
        scale = {"type": "3_color_scale", "min_color": "#f3bd94", "mid_color": "#ffffff", "max_color": "#aecfe9"}
        aim = {"mid_type": "num", "mid_value": 0.8 if columns[-1].kind == Kind.PERCENT else 0}
        sheet.conditional_format(head + 1, 2, head + len(rows), len(columns) - 1, scale | aim)
    return head + len(rows) + 3


def flat(block: PageBlock) -> tuple[Sequence[TableColumn], pd.DataFrame]:
    """Columns and rows of a block as one table: of charts those of all, each with its title."""
    if block.charts and len(block.charts) > 1:
        columns = [TableColumn("chart_title", "Of"), *block.charts[0].table.columns]
        parts = [chart.table.rows.assign(chart_title=chart.title) for chart in block.charts]
        return columns, pd.concat(parts, ignore_index=True)
    if block.charts:
        return block.charts[0].table.columns, block.charts[0].table.rows
    if block.table is not None:
        kept = [column for column in block.table.columns if column.name not in block.table.strips]
        return kept, block.table.rows
    return _crossed(block)


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


def _write_cell(sheet: Any, styles: _Styles, row: int, place: int, column: TableColumn, value: Any) -> None:
    if is_missing(value):
        return
    style = styles.kinds.get(column.kind, styles.text)
    if column.kind in (Kind.DATE, Kind.DAY, Kind.TIME, Kind.STAMP):
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
