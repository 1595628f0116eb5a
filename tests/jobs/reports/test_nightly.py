"""Files that definitions ask for: of their own stream alone, and never at the cost of a run."""

import duckdb
import pytest

from forecasting.jobs.reports import nightly
from forecasting.settings import Settings
from forecasting.store.lake.open import open_lake
from tests.feeds import define_stream
from tests.publications import FIRST, publish_run


@pytest.fixture
def home(settings: Settings) -> Settings:
    wanted = '[export]\nviews = ["forecast_latest", "no_such_view"]\nformat = "csv"\nfolder = "out"\n'
    define_stream(settings, "usage", tables=wanted)
    define_stream(settings, "other")
    with open_lake(settings) as lake:
        for stream in ("usage", "other"):
            publish_run(lake, f"{stream}-1", FIRST, FIRST, stream=stream)
    return settings


def test_files_hold_the_streams_own_rows_and_a_wrong_view_stops_none(home):
    done = nightly.export(home, ["usage", "other", "nope"])
    assert done["usage_forecast_latest.csv"] == "24 rows"
    assert "no_such_view" in done["usage_no_such_view.csv"]
    assert len(done) == 2
    path = home.home / "out" / "usage_forecast_latest.csv"
    assert duckdb.sql(f"select distinct stream from read_csv('{path}')").fetchall() == [("usage",)]
