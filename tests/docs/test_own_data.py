"""The commands that README gives for data of one's own, run as they stand on a small feed."""

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from forecasting.cli.app import app
from forecasting.jobs import ingest
from forecasting.jobs.streams import events
from tests.docs.pages import ROOT, blocks, commands_of
from tests.feeds import define_stream, deliver, hourly_rows

README = ROOT / "README.md"
DAYS, SERIES = 35, ("store-1", "store-2")


@pytest.fixture
def feed(tmp_path, monkeypatch):
    """Five weeks of half hours in the folder that the commands are typed in; the home is elsewhere."""
    ts = pd.date_range(pd.Timestamp("2024-06-03") - pd.Timedelta(days=DAYS), periods=48 * DAYS, freq="30min")
    shape = 20 * (1.2 + np.sin(2 * np.pi * (ts.hour + ts.minute / 60 - 9) / 24))
    draw = np.random.default_rng(1)
    rows = [pd.DataFrame({"series_id": key, "ts": ts, "y": draw.poisson(shape).astype(float)}) for key in SERIES]
    pd.concat(rows).to_parquet(tmp_path / "usage.parquet", index=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FORECASTING_HOME", str(tmp_path / "forecasts"))
    return tmp_path


@pytest.mark.slow
def test_own_data_in_the_commands_of_the_readme(feed):
    (block,) = (block for block in blocks(README) if "streams add" in block)
    assert "export FORECASTING_HOME=" in block
    outputs = {}
    for words in commands_of(block):
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 0, f"forecasting {' '.join(words)}: {done.output}"
        outputs[words[0]] = done.output
        if words[0] == "streams":
            # only the cost of training is taken out
            definition = feed / "forecasts" / "streams" / "sales.toml"
            text = definition.read_text(encoding="utf-8")
            assert 'members = ["nbeats", "tft", "pretrained", "trees", "seasonal"]' in text
            definition.write_text(text.replace('"nbeats", "tft", "pretrained", "trees", ', ""), encoding="utf-8")
    assert list(outputs) == ["streams", "evaluate", "run", "sql"]
    assert outputs["streams"].rstrip().endswith("next: forecasting run sales --origin 2024-06-03")
    assert "The forecast loses " in outputs["evaluate"]
    assert "forecast sales origin 2024-06-03" in outputs["run"]
    head, *rows = outputs["sql"].splitlines()
    assert head == "series_id,ts,q10,q50,q90,tier"
    assert len(rows) == len(SERIES) * 7 * 48


@pytest.fixture
def sales(settings, monkeypatch):
    """The README's stream with a region, five weeks of it up to its example of past origins, ready to ingest."""
    define_stream(settings, "sales", timezone="America/Toronto")
    rows = hourly_rows(days=35, start=pd.Timestamp("2024-01-31 05:00", tz="UTC"))
    deliver(settings, rows.assign(region=rows["series_id"].map({"a": "north", "b": "south"})), "sales")
    for name, value in settings.as_environment().items():
        monkeypatch.setenv(name, value)
    return settings


def test_the_readmes_questions_about_past_origins_have_answers(sales):
    ingest.run(sales, "sales", until="2024-03-06")
    (block,) = (
        block for block in blocks(README) if "forecasting backfill" in block and "forecast_from_origin" in block
    )
    *_, origin, clock = commands_of(block)
    done = CliRunner().invoke(app, ["backfill", "sales", "--from", "2024-03-05", "--to", "2024-03-05"])
    assert done.exit_code == 0, done.output
    answers = []
    for words in (origin, clock):
        found = CliRunner().invoke(app, words)
        assert found.exit_code == 0, found.exception
        answers.append(found.output.splitlines())
    assert len(answers[0]) == 1 + 48
    assert "2024-03-05 05:00:00" in answers[0][1]
    assert len(answers[1]) == 2
    nothing = origin[1].replace("forecast_from_origin", "forecast_as_of")
    assert len(CliRunner().invoke(app, ["sql", nothing]).output.splitlines()) == 1


def test_the_readmes_events_are_read_as_they_are_meant(sales, tmp_path):
    ingest.run(sales, "sales", until="2024-03-06")
    (block,) = (block for block in blocks(README) if block.startswith("event_id,"))
    (tmp_path / "events.csv").write_text(block, encoding="utf-8")
    taken = events.import_file(sales, tmp_path / "events.csv").events.set_index("event_id")
    assert taken.loc["sale-06"].to_list() == [
        *("campaign", "Summer sale", "2024-06-03 00:00", "2024-06-10 00:00", "America/Toronto", "1 of sales (a)")
    ]
    assert taken.loc["fire-07", ["starts", "ends", "series"]].to_list() == [
        *("2024-06-04 13:00", "2024-06-04 16:30", "2 of sales (a, b)")
    ]
