"""A first look at a file: a forecast, its score and a chart, and nothing kept."""

import json
import shlex

import numpy as np
import pytest
from typer.testing import CliRunner

from forecasting.cli.app import app
from forecasting.jobs.streams import first_look, keeping
from forecasting.jobs.streams.add import NewStream
from forecasting.jobs.streams.charts import draw_chart
from tests.feeds import hourly_rows


def new(**changes: object) -> NewStream:
    stated = {"name": "", "feed": "calls.csv", "horizon": "2d", "timezone": "America/Toronto", "unit": "calls"}
    return NewStream(**{**stated, **changes})  # type: ignore[arg-type]


@pytest.mark.slow
def test_a_file_is_forecast_scored_and_drawn_in_one_command_that_keeps_nothing(settings, monkeypatch):
    settings.home.mkdir(parents=True)
    hourly_rows(days=35).to_csv(settings.home / "calls.csv", index=False)
    for name, value in settings.as_environment().items():
        monkeypatch.setenv(name, value)
    done = CliRunner().invoke(app, ["try", "calls.csv", "--horizon", "2d", "--unit", "calls"])
    assert done.exit_code == 0, done.exception
    assert "The forecast loses" in done.output
    assert "b: measured (•), median (━) and 80% interval (░) of the forecast" in done.output
    assert done.output.rstrip().endswith(
        "forecasting streams add calls --feed calls.csv --horizon 2d --timezone UTC --unit calls"
    )
    assert [path.name for path in settings.home.iterdir()] == ["calls.csv"]
    as_json = CliRunner().invoke(app, ["try", "calls.csv", "--horizon", "2d", "--unit", "calls", "--json"])
    found = json.loads(as_json.output)
    assert len(found["forecasts"]) == 2 * 48
    assert all(row["q10"] <= row["q50"] <= row["q90"] for row in found["forecasts"])


def test_the_command_that_keeps_a_stream_says_all_that_was_said():
    kept = keeping.keep_command(
        new(name="calls", series_column=("site", "queue"), y_column="offered calls", decimal="comma")
    )
    assert shlex.split(kept) == [
        *("forecasting", "streams", "add", "calls", "--feed", "calls.csv", "--horizon", "2d"),
        *("--timezone", "America/Toronto", "--series-col", "site", "--series-col", "queue"),
        *("--y-col", "offered calls", "--decimal", "comma", "--unit", "calls"),
    ]


@pytest.mark.parametrize(
    ("feed", "name"),
    [
        ("feeds/Daily Calls.csv", "daily_calls"),
        ("2024-usage.parquet", "feed_2024_usage"),
        ("call_volume.csv", "call_volume_2"),
    ],
)
def test_a_stream_is_called_after_its_file_and_like_no_other(settings, feed, name):
    assert keeping.free_name(settings, new(feed=feed)) == name


def test_a_chart_holds_history_median_and_interval_at_their_heights():
    history = np.array([0.0, 10.0, np.nan, 5.0])
    lines = draw_chart(history, np.array([2.0]), np.array([5.0]), np.array([10.0]), width=40)
    assert lines[0].split("│") == ["10 ", " •  ░"]
    assert lines[-1].split("│") == [" 0 ", "•"]
    column = [line.split("│")[1].ljust(5)[4] for line in lines]
    assert column.count("━") == 1
    assert set(column[: column.index("━")]) == {"░"}


def test_a_chart_of_many_intervals_fits_its_width():
    history = np.sin(np.arange(2_000) / 50) + 2
    lines = draw_chart(history, history[:300] - 1, history[:300], history[:300] + 1, width=80)
    assert max(map(len, lines)) <= 80
    assert sum("░" in line for line in lines) > 2


def test_a_chart_of_nothing_known_is_empty():
    nothing = np.full(3, np.nan)
    assert all("•" not in line for line in draw_chart(nothing, nothing, nothing, nothing, width=40))


def test_of_many_series_the_largest_are_looked_at_and_that_is_said(settings, monkeypatch):
    settings.home.mkdir(parents=True)
    rows = [f"2024-01-{day:02d},q{queue},{queue * 10}" for day in range(1, 29) for queue in (1, 5, 3, 4)]
    (settings.home / "calls.csv").write_text("\n".join(["ts,queue,calls", *rows]) + "\n")
    monkeypatch.setattr(first_look, "MOST_SERIES", 2)
    _, added = first_look._write(settings, new(name="calls", timezone="UTC"))
    assert any("series: the 2 largest of 4 by volume" in finding for finding in added.report.findings)
    assert "in ('q5', 'q4')" in added.extract.read_text()
