"""The morning page as it leaves the house: its numbers are those of the SQL beside them, whatever series are called."""

import json
import re
from collections import defaultdict
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from typer.testing import CliRunner

from forecasting.cli import app
from forecasting.errors import FeedError, SettingsError
from forecasting.jobs.reports import run as report
from forecasting.reports.formats import Kind, write
from forecasting.settings import Settings, read_settings
from forecasting.store.lake.lake import as_frame
from forecasting.store.lake.open import open_lake
from forecasting.store.queries.answer import open_lake_to_query
from forecasting.store.queries.reads import check_harmless, macros_of_lake, read_query
from tests.homes import begin_with
from tests.reported import LAST, NAMES, ORIGINS, define_streams, make_report_home, publish, write_demand

SECTIONS = ["trust", "needs", "coming", "weeks", "changes", "planners", "accuracy", "capacity", "rejects"]


class Tables(HTMLParser):
    """Blocks of a page: SQL, and the rows of each table as {column: text}; rows of grids as (pool, hour, text)."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.sql: dict[str, str] = {}
        self.rows: dict[str, list[dict[str, str]]] = defaultdict(list)
        self.grids: dict[str, list[str]] = defaultdict(list)
        self.sections: list[str] = []
        self.section_of: dict[str, str] = {}
        self.tags: set[str] = set()
        self._block = self._text = ""
        self._columns: list[str] = []
        self._in_cell = self._in_pre = self._grid = False
        self._cells: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        self.tags.add(tag)
        if tag == "section":
            self.sections.append(named["id"])
        if "data-block" in named:
            self._block = named["data-block"]
            self.section_of[self._block] = self.sections[-1]
        if tag == "table":
            self._grid, self._columns = "grid" in (named.get("class") or ""), []
        if tag == "th" and "data-name" in named:
            self._columns.append(named["data-name"])
        if tag == "tr":
            self._cells = []
        if tag == "td":
            self._in_cell, self._text = True, ""
        if tag == "pre":
            self._in_pre, self._text = True, ""

    def handle_data(self, data):
        if self._in_cell or self._in_pre:
            self._text += data

    def handle_endtag(self, tag):
        if tag == "td":
            self._in_cell = False
            self._cells.append(self._text.strip())
        if tag == "pre":
            self._in_pre = False
            self.sql[self._block] = self._text
        if tag == "tr" and self._cells and self._grid:
            self.grids[self._block] += [text for text in self._cells if text]
        elif tag == "tr" and self._cells:
            self.rows[self._block].append(dict(zip(self._columns, self._cells, strict=True)))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A home with everything, and its report."""
    settings = read_settings({"FORECASTING_HOME": str(tmp_path_factory.mktemp("report") / "home")})
    begin_with(settings, make_report_home)
    summary = report.run(settings, [])
    return settings, summary, Path(summary.page).read_text(encoding="utf-8")


def ask_all(settings: Settings, queries: dict[str, str]) -> dict[str, list[dict]]:
    """Rows of every block's SQL, as `forecasting sql` would give them."""
    found = {}
    with open_lake_to_query(settings) as lake:
        for block, sql in queries.items():
            found[block] = []
            for statement in sql.split(";\n\n"):
                reads = read_query(lake.connection, statement, where=block)
                check_harmless(reads, where=block, own=macros_of_lake(lake.connection, reads))
                found[block] += as_frame(lake.connection.execute(statement)).to_dict("records")
    return found


def as_number(text: str) -> float:
    """A number as a person reads it on the page."""
    factor = 0.01 if text.endswith("%") else 1.0
    return float(text.rstrip("%").replace(",", "").replace("−", "-")) * factor


def half_unit(text: str) -> float:
    """Half of the last digit that a number shows."""
    decimals = len(text.rstrip("%").partition(".")[2])
    return 0.5001 * 10.0**-decimals * (0.01 if text.endswith("%") else 1.0)


def test_a_report_has_all_sections_in_their_order(made):
    assert Tables(made[2]).sections == SECTIONS


def test_every_number_of_the_page_is_that_of_the_sql_beside_it(made):
    settings, _, page = made
    found = Tables(page)
    compared: dict[str, int] = defaultdict(int)
    assert set(found.sql) >= {
        *("trust-streams", "needs-list", "fans-people", "links-links", "errors-people"),
        *("changes-people", "splits-people", "reasons-people", "pool-fans-people"),
        *("planners-holding", "planners-worth", "planners-supposed"),
    }
    for block, rows in ask_all(settings, found.sql).items():
        if found.rows[block]:
            assert len(found.rows[block]) == len(rows), block
        for shown, row in zip(found.rows[block], rows, strict=False):
            for name, text in shown.items():
                if name not in row or isinstance(row[name], str) or text in ("", "–"):
                    continue
                value = row[name]
                if isinstance(value, int | float) and not isinstance(value, bool):
                    assert as_number(text) == pytest.approx(float(value), abs=half_unit(text)), (block, name)
                    compared[block] += 1
                elif isinstance(value, pd.Timestamp):
                    assert text in {write(value, kind) for kind in (Kind.DAY, Kind.TIME, Kind.DATE, Kind.STAMP)}
                    compared[block] += 1
        if found.grids[block]:
            value = "chance" if block.startswith("chances") else "spare"
            expected = [row[value] for row in sorted(rows, key=lambda row: (row["day"], row["pool"], row["hour"]))]
            texts = found.grids[block]
            assert len(texts) == len(expected), block
            for text, number in zip(texts, expected, strict=True):
                assert as_number(text) == pytest.approx(number, abs=half_unit(text)), block
                compared[block] += 1
    assert sum(compared.values()) > 1500
    shown = {block for block in found.sql if found.rows[block] or found.grids[block]}
    assert shown == set(found.sql)
    assert {found.section_of[block] for block in compared} == set(SECTIONS)


def test_the_steps_of_a_sum_are_drawn_and_end_at_the_forecast(made):
    settings, _, page = made
    found = Tables(page)
    rows = ask_all(settings, {"reasons-people": found.sql["reasons-people"]})["reasons-people"]
    bars = re.findall(r'<rect class="(rise|fall|whole)"', page)
    charts = len({(row["series"], row["day"]) for row in rows})
    assert bars.count("whole") == 2 * charts + 1  # and the legend's
    assert bars.count("fall") > charts
    assert found.rows["splits-people"][0]["new_demand"]


def test_names_of_series_are_text_and_nothing_else(made):
    page = made[2]
    assert "<script>alert" not in page
    assert "<b>Sale" not in page
    assert "<i>noon" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    for name in NAMES[2:4]:
        assert name in page


def test_a_page_loads_nothing_and_says_so(made):
    page = made[2]
    assert re.search(r"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-", page)
    assert not re.findall(r"(?:src|href)=\"(?!#|data:|\d{4}-\d\d-\d\d\.xlsx|index\.html)[^\"]*\"", page)
    assert "http" not in page.replace("http-equiv", "")
    assert not re.search(r"<[^>]+ (style|on\w+)=", page)


def test_commands_survive_a_shell(made):
    import shlex

    commands = [row["command"] for row in Tables(made[2]).rows["needs-list"]]
    assert any("surges confirm people care.a 2024-03-07" in command for command in commands)
    assert all(shlex.split(command)[0] == "forecasting" for command in commands)


def test_what_needs_a_person_begins_with_what_failed(made):
    rows = Tables(made[2]).rows["needs-list"]
    assert rows[0]["what"] == "Step failed"
    assert {"Order capacity", "Surge to confirm or reject", "Event without series"} <= {row["what"] for row in rows}
    assert len(rows) <= 10


def test_equal_lakes_give_equal_bytes(made, tmp_path):
    settings, summary, page = made
    again = report.run(settings, [], folder=tmp_path)
    assert Path(again.page).read_text(encoding="utf-8") == page
    assert Path(again.workbook).read_bytes() == Path(summary.workbook).read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"{LAST}.html",
        f"{LAST}.json",
        f"{LAST}.xlsx",
        "index.html",
    ]


def test_the_workbook_holds_numbers_and_no_formula(made):
    sheet = duckdb.execute(
        "select * from read_xlsx($path, sheet = $sheet, range = 'A1:Z3000', header = false, all_varchar = true)",
        {"path": made[1].workbook, "sheet": "Today and tomorrow"},
    ).fetchall()
    texts = [text for row in sheet for text in row if text]
    assert "=1+1" in texts
    assert any(text.replace(".", "", 1).isdigit() for text in texts)


def test_days_of_reports_make_a_calendar(made, tmp_path):
    settings, *_ = made
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    for origin in ("2024-03-09", LAST):
        report.run(settings, ["people"], origin=origin, folder=tmp_path, split=False)
    index = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "March 2024" in index
    assert re.findall(r'<a href="(2024-03-\d\d)\.html"', index)[-2:] == ["2024-03-09", LAST]


def test_a_stream_without_plan_history_or_scores_says_what_it_can(settings):
    define_streams(settings)
    with open_lake(settings) as lake:
        publish(lake, "first", "people", ORIGINS[0], names=("a",), steps=48)
    summary = report.run(settings, ["people", "links"])
    found = Tables(Path(summary.page).read_text(encoding="utf-8"))
    assert found.sections == ["trust", "coming", "weeks"]
    assert summary.left_out == {"links": "nothing published"}


def test_all_zeros_and_missing_values_are_drawn(settings):
    define_streams(settings)
    with open_lake(settings) as lake:
        for number in (0, 1):
            publish(lake, f"run{number}", "people", ORIGINS[number], names=("it's zero",), steps=48)
        write_demand(lake, "people", ("it's zero",), hours=1)
        lake.connection.execute(
            "update forecast.forecasts set mean = 'nan'::double, q50 = 'nan'::double where run_id = 'run1'"
        )
    page = Path(report.run(settings, ["people"]).page).read_text(encoding="utf-8")
    assert "nan" not in page.lower().replace("finance", "")
    assert "coming" in Tables(page).sections


def test_nothing_published_is_an_error_in_one_line(settings):
    define_streams(settings)
    with open_lake(settings):
        pass
    with pytest.raises(FeedError, match="none of people has a published forecast"):
        report.run(settings, ["people"])
    with pytest.raises(SettingsError, match="stream 'nobody' does not exist"):
        report.run(settings, ["nobody"])


def test_the_command_names_what_it_wrote(made, monkeypatch, tmp_path):
    monkeypatch.setenv("FORECASTING_HOME", str(made[0].home))
    result = CliRunner().invoke(app.app, ["report", "people", "--origin", LAST, "--out", str(tmp_path), "--json"])
    found = json.loads(result.output)
    assert Path(found["page"]).is_file()
    assert found["streams"] == ["people"]


@pytest.mark.slow
def test_two_hundred_series_make_a_page_below_three_megabytes(settings):
    define_streams(settings)
    names = tuple(f"series-{number:03d}" for number in range(200))
    with open_lake(settings) as lake:
        for number in (0, 1):
            publish(lake, f"run{number}", "people", ORIGINS[number], names=names, steps=72, shift=float(number))
        write_demand(lake, "people", names, hours=1, days=int(timedelta(days=30).days))
    page = Path(report.run(settings, ["people"]).page)
    assert page.stat().st_size < 3_000_000
