"""The workbook: every table of a block is in it, and numbers have the digits that they need."""

import zipfile
from datetime import datetime

import duckdb
import pandas as pd

from forecasting.reports.blocks import Answer, Chart, Page, PageBlock, PageSection, Table, TableColumn
from forecasting.reports.formats import Kind
from forecasting.reports.workbook import flat, render_workbook

MADE = datetime(2024, 3, 10)  # noqa: DTZ001, a workbook knows no zone
BINS = pd.DataFrame({"between": ["below q05", "above q95"], "ratio": [1.5, 0.5]})
DAYS = pd.DataFrame({"day": pd.to_datetime(["2024-03-09", "2024-03-10"]), "error": [0.125, 0.25]})
CHARTS = [
    Chart(
        "histogram",
        "Parts",
        None,
        Table([TableColumn("between", "Between"), TableColumn("ratio", "Ratio", Kind.NUMBER)], BINS),
    ),
    Chart(
        "control",
        "Days",
        None,
        Table([TableColumn("day", "Day", Kind.DAY), TableColumn("error", "WAPE", Kind.SHARE)], DAYS),
    ),
]


def block(**given) -> PageBlock:
    return PageBlock("bands-calls", "Bands and days", Answer(DAYS, "select 1"), **given)


def page_of(one: PageBlock) -> Page:
    return Page("Monday", "", "", [], [PageSection("accuracy", "How we did", "", [one])], "a.xlsx", "index.html")


def test_charts_of_different_columns_are_tables_of_their_own(tmp_path):
    first, second = flat(block(charts=CHARTS))
    assert [column.name for column in second[0]] == ["chart_title", "day", "error"]
    assert (len(first[1]), len(second[1])) == (2, 2)
    path = tmp_path / "page.xlsx"
    path.write_bytes(render_workbook(page_of(block(charts=CHARTS)), made=MADE))
    rows = duckdb.execute(
        "select * from read_xlsx($1, range = 'A1:C20', header = false, all_varchar = true)", [str(path)]
    )
    cells = {text for row in rows.fetchall() for text in row if text}
    assert {"Ratio", "1.5", "WAPE", "0.125", "0.25"} <= cells


def test_charts_of_the_same_columns_are_one_table_with_their_titles():
    ((columns, rows),) = flat(block(charts=[CHARTS[1], CHARTS[1]]))
    assert columns[0].title == "Of"
    assert rows["chart_title"].tolist() == ["Days"] * 4


def test_formats_leave_no_point_without_digits(tmp_path):
    rows = pd.DataFrame({"large": [12.0, 14055.5], "small": [0.012, 0.0005]})
    columns = [TableColumn("large", "Large", Kind.NUMBER), TableColumn("small", "Small", Kind.CHANGE)]
    path = tmp_path / "page.xlsx"
    path.write_bytes(render_workbook(page_of(block(table=Table(columns, rows))), made=MADE))
    styles = zipfile.ZipFile(path).read("xl/styles.xml").decode()
    assert 'formatCode="+#,##0.000;-#,##0.000;0"' in styles
    assert "#.##" not in styles
    assert '0.##"' not in styles
