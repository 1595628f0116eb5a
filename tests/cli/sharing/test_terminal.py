"""Tables on a terminal: numbers in full, eighty columns, whatever is asked."""

import sys

import duckdb
import pandas as pd
import pytest
from typer.testing import CliRunner

from forecasting.cli import app, console
from forecasting.cli.sharing.terminal import cell_text, column_blocks, sparkline
from forecasting.store.lake.open import open_lake


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (12000.0, "12,000"),
        (1234567.8, "1,234,568"),
        (0.12345, "0.1235"),
        (3.0, "3"),
        (2026, "2026"),
        (1234567, "1,234,567"),
        (-98765.4, "-98,765"),
        (12.5, "12.5"),
        (1e-7, "1e-07"),
        (True, "True"),
        (float("nan"), ""),
        (None, ""),
        (float("inf"), "inf"),
        (pd.Timestamp("2026-03-29 04:00", tz="UTC"), "2026-03-29 04:00Z"),
        (pd.Timestamp("2026-03-29 04:00:05"), "2026-03-29 04:00:05"),
        ("12:00", "12:00"),
    ],
)
def test_values_are_written_in_full(value, text):
    assert cell_text(value) == text


def test_blocks_fit_and_begin_with_the_key():
    heads = ["series_id", *(f"column_{number}" for number in range(12))]
    rows = [["care.voice.qc", *["123,456.7"] * 12]]
    blocks = column_blocks(heads, rows, width=80)
    assert [place for block in blocks for place in block[1:]] == list(range(1, 13))
    assert all(block[0] == 0 for block in blocks)
    assert len(blocks) == 3
    assert column_blocks(["only"], [["x"]], width=80) == [[0]]


def test_no_line_is_wider_than_the_terminal(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    frame = pd.DataFrame(
        {"series_id": ["care.voice.qc"] * 3, **{f"q{number:02d}": [123456.7] * 3 for number in range(14)}}
    )
    console.draw_table(frame, title="forecasts")
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert sum("care.voice.qc" in line for line in lines) > 3
    assert "123,457" in lines[2]


@pytest.fixture
def lake(settings, monkeypatch):
    monkeypatch.setenv("FORECASTING_HOME", str(settings.home))
    with open_lake(settings):
        pass
    return settings


def ask(*arguments: str):
    return CliRunner().invoke(app.app, ["sql", "select range as n, 12000.5::double as y from range(3)", *arguments])


def test_answers_can_be_cut_and_formatted(lake):
    assert ask("--limit", "2").stdout.splitlines() == ["n,y", "0,12000.5", "1,12000.5"]
    assert "2 of 3 rows" in ask("--limit", "2").stderr
    assert ask("--format", "json", "--limit", "1").stdout == '[{"n":0,"y":12000.5}]\n'
    assert "12,000" in ask("--format", "table").stdout
    assert ask("--format", "pdf").exit_code == 2


def test_all_rows_go_into_a_file(lake, tmp_path):
    for ending, reader in (("csv", "read_csv"), ("parquet", "read_parquet"), ("xlsx", "read_xlsx")):
        path = tmp_path / f"answer.{ending}"
        assert "3 rows" in ask("--out", str(path), "--limit", "1").stdout
        assert duckdb.sql(f"select sum(n) from {reader}('{path}')").fetchall() == [(3,)]


def test_a_file_of_an_unknown_kind_is_a_line(lake, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["forecasting", "sql", "select 1", "--out", str(tmp_path / "answer.doc")])
    with pytest.raises(SystemExit):
        app.main()
    assert "expected a file .parquet, .csv, .xlsx" in capsys.readouterr().err


def test_a_sparkline_has_a_block_a_value_and_a_gap_where_there_is_none():
    assert sparkline([0.0, 5.0, 10.0, None, float("nan")]) == "▁▅█  "
    assert sparkline([5.0, 10.0], most=20.0) == "▃▅"
    assert sparkline([0.0, 0.0]) == "▁▁"
    assert sparkline([]) == ""
