"""The commands that README gives for data of one's own, run as they stand on a small feed."""

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from forecasting.cli.app import app
from tests.docs.pages import ROOT, blocks, commands_of

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
