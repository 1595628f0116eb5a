"""Events through the forecast job: their series move, no other does, and everything published agrees."""

import numpy as np
import pandas as pd
import pytest

from forecasting.jobs import forecast, ingest
from forecasting.jobs.streams import events
from forecasting.settings import Settings
from forecasting.store.lake.open import open_lake_to_read
from forecasting.terms import QUANTILE_COLUMNS
from tests.feeds import START, define_stream, deliver, hourly_rows
from tests.homes import begin_with

REGIONS = {"a": "north", "b": "north", "c": "north", "d": "south"}
SCOPE = '{"series_id": "%s"}'


def frame(settings: Settings, query: str) -> pd.DataFrame:
    with open_lake_to_read(settings) as lake:
        return lake.connection.execute(query).to_arrow_table().to_pandas()


def take_in(settings: Settings, *rows: tuple[str, str, str, str, str]) -> None:
    """Events of (event_id, kind, series, starts_at, ends_at), known from the start."""
    known = [
        {
            "event_id": event,
            "kind": kind,
            "scope": SCOPE % series,
            "starts_at": pd.Timestamp(starts, tz="UTC"),
            "ends_at": pd.Timestamp(ends, tz="UTC"),
            "known_at": START,
        }
        for event, kind, series, starts, ends in rows
    ]
    path = settings.home / f"{rows[0][0]}.parquet"
    pd.DataFrame(known).to_parquet(path)
    events.import_file(settings, path)


def feed(settings: Settings) -> None:
    """Six weeks in which `a` and `b` had a campaign of lift 1.5."""
    define_stream(
        settings, horizon="3d", source='max_age = "2d"', tables='[hierarchy]\nlevels = ["region"]\nkeep_paths = true\n'
    )
    rows = hourly_rows(days=42, series=tuple(REGIONS))
    rows = rows.assign(region=rows["series_id"].map(REGIONS), available_at=rows["ts"] + pd.Timedelta("1h"))
    lifted = rows["series_id"].isin(["a", "b"]) & rows["ts"].between("2024-01-15", "2024-01-18 23:00")
    rows["y"] = np.where(lifted, 1.5 * rows["y"], rows["y"])
    deliver(settings, rows)
    ingest.run(settings, "usage", since=str(START.date()), until="2024-02-12")
    take_in(settings, *((f"past-{one}", "campaign", one, "2024-01-15", "2024-01-19") for one in "ab"))


@pytest.fixture
def fed(settings: Settings) -> Settings:
    return begin_with(settings, feed)


@pytest.mark.parametrize("kind", ["campaign", "closure"])
def test_an_event_of_two_series_moves_no_other_by_one_bit(fed, kind, monkeypatch):
    monkeypatch.setattr("forecasting.ensemble.reconciliation.choose_method", lambda *_: "mint")
    quiet = forecast.run(fed, "usage", origin="2024-02-12")
    take_in(fed, *((f"next-{one}", kind, one, "2024-02-13", "2024-02-14") for one in "ab"))
    moved = forecast.run(fed, "usage", origin="2024-02-12")
    of = "select * from forecast.{} where run_id = '{}' and {} order by all"
    for table, other in (
        ("forecasts", "series_id in ('c', 'd')"),
        ("paths", "series_id in ('c', 'd')"),
        ("aggregates", "group_key in ('c', 'd', 'south')"),
    ):
        before, after = (
            frame(fed, of.format(table, run.run_id, other)).drop(columns="run_id") for run in (quiet, moved)
        )
        assert len(before)
        pd.testing.assert_frame_equal(before, after, check_exact=True)
    if kind == "campaign":
        own = "series_id in ('a', 'b') and ts >= '2024-02-13' and ts < '2024-02-14'"
        before, after = (frame(fed, of.format("forecasts", run.run_id, own)) for run in (quiet, moved))
        names = ["mean", *QUANTILE_COLUMNS]
        factor = after["event_factor"].to_numpy()
        assert before["event_factor"].isna().all()
        assert ((factor > 1.2) & (factor < 1.5)).all()
        np.testing.assert_allclose(after[names] / before[names], np.repeat(factor[:, None], len(names), 1), rtol=1e-4)
        day = "stat = 'sum' and period = 'day' and ts = '2024-02-13'"
        found = [frame(fed, of.format("aggregates", run.run_id, day)).set_index("group_key") for run in (quiet, moved)]
        added = found[1]["mean"] - found[0]["mean"]
        assert added["all"] == pytest.approx(added["a"] + added["b"], rel=1e-3)
        assert added["north"] == pytest.approx(added["all"], rel=1e-3)
