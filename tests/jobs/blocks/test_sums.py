"""Streams with sums that are too large for one panel: their aggregates, added up over blocks."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from forecasting.ensemble import joint
from forecasting.ensemble.reconciliation import MethodChoice
from forecasting.errors import LakeError, ModelError
from forecasting.jobs import forecast, ingest
from forecasting.jobs.blocks import work
from forecasting.jobs.training import train
from forecasting.jobs.upkeep import doctor
from forecasting.settings import Settings
from forecasting.store.lake.open import open_lake
from forecasting.store.tables.blocks import holds_publication
from forecasting.uncertainty.reconcile import BOTTOM_UP
from tests.feeds import define_stream, deliver, hourly_rows
from tests.homes import begin_with
from tests.jobs.blocks.test_blocks import ORIGIN, frame

SERIES = tuple(f"cell-{number:02d}" for number in range(40))
LEVELS = '[hierarchy]\nlevels = ["region", "site"]\n'
AGGREGATES = "select * exclude (run_id, published_at) from analyst.aggregates_latest order by all"
VALUES = "select * exclude (run_id, published_at) from analyst.forecast_latest order by series_id, ts"
NUMBERS = ["mean", "q05", "q10", "q25", "q50", "q75", "q90", "q95"]


def define(settings: Settings, *, stream: str = "block_series = 16", tables: str = LEVELS) -> None:
    define_stream(settings, stream=stream, tables=tables, horizon="2d", members='["trees", "seasonal"]', budget="1s")


def fill(settings: Settings) -> None:
    """Four weeks of forty cells of fourteen sites, whose names do not say where they stand, and a model."""
    define(settings)
    rows = hourly_rows(days=28, series=SERIES)
    number = rows["series_id"].str[-2:].astype(int)
    rows["y"] *= 1.0 + number / 7
    rows["site"] = "s" + (number * 5 % 14).astype(str)
    rows["region"] = np.where(number * 5 % 14 < 5, "north", "south")
    deliver(settings, rows)
    ingest.run(settings, "usage", until=ORIGIN)
    train.run(settings, "usage", origin=ORIGIN)


@pytest.fixture
def filled(settings: Settings) -> Settings:
    return begin_with(settings, fill)


def test_sums_of_blocks_are_those_of_one_panel(filled, monkeypatch):
    in_blocks = forecast.run(filled, "usage", origin=ORIGIN)
    assert in_blocks.details["blocks"] == 3
    ours, series = frame(filled, AGGREGATES), frame(filled, VALUES)
    define(filled, stream="")
    # blocks add series up; one panel is made to do the same
    monkeypatch.setattr(joint, "choose_reconciliation", lambda *_, **__: MethodChoice(BOTTOM_UP, None, {}))
    together = forecast.run(filled, "usage", origin=ORIGIN)
    assert "blocks" not in together.details
    theirs = frame(filled, AGGREGATES)
    pd.testing.assert_frame_equal(series, frame(filled, VALUES))
    assert set(ours["level"]) == {"all", "region", "site", "series"}
    pd.testing.assert_frame_equal(ours.drop(columns=NUMBERS), theirs.drop(columns=NUMBERS))
    np.testing.assert_allclose(ours[NUMBERS], theirs[NUMBERS], rtol=1e-6)
    own = ours["level"] == "series"
    np.testing.assert_array_equal(ours.loc[own, NUMBERS], theirs.loc[own, NUMBERS])


def test_means_of_groups_add_up(filled):
    forecast.run(filled, "usage", origin=ORIGIN)
    sums = frame(
        filled,
        "select level, ts, sum(mean) as mean from analyst.aggregates_latest "
        "where period = 'interval' group by all order by level, ts",
    )
    series = frame(filled, "select ts, sum(mean) as mean from analyst.forecast_latest group by ts order by ts")
    for level in ("all", "region", "site"):
        np.testing.assert_allclose(sums.loc[sums["level"] == level, "mean"], series["mean"], rtol=1e-5)


def test_processes_change_no_sum(filled):
    alone = forecast.run(filled, "usage", origin=ORIGIN)
    shared = forecast.run(filled, "usage", origin=ORIGIN, processes=2)
    assert (alone.status, shared.status) == ("published", "unchanged")


def test_groups_of_one_block_are_whole_there(filled):
    run = forecast.run(filled, "usage", origin=ORIGIN)
    blocks = frame(filled, f"select * from forecast.blocks where run_id = '{run.run_id}' order by block")
    assert sorted(name for block in blocks["series_ids"] for name in block) == sorted(SERIES)
    parts = frame(filled, f"select * from forecast.block_sums where run_id = '{run.run_id}'")
    spread = set(zip(parts["level"], parts["group_key"], strict=True))
    assert ("all", "all") in spread
    # consecutive in the order of the hierarchy: two edges, each of which cuts one site at most
    assert sum(level == "site" for level, _ in spread) <= 2


@pytest.mark.parametrize(
    "damage",
    [
        "update forecast.aggregates set q50 = q50 + 1 where level = 'all' and stat = 'max'",
        "update forecast.aggregates set mean = mean * 2 where level = 'site' and group_key = 'north/s1'",
        "delete from forecast.aggregates where level = 'series' and group_key = 'cell-07'",
        "delete from forecast.block_sums where level = 'all' and block = 1",
    ],
)
def test_sums_that_were_lost_are_published_again(filled, damage):
    first = forecast.run(filled, "usage", origin=ORIGIN)
    keys = {"run_id": first.run_id, "stream": "usage", "origin": datetime(2024, 1, 29, tzinfo=UTC)}
    with open_lake(filled) as lake:
        assert holds_publication(lake, **keys)
        changed = lake.connection.execute(damage).fetchone()
        assert changed[0] > 0
        assert not holds_publication(lake, **keys)
    assert forecast.run(filled, "usage", origin=ORIGIN).status == "published"


def test_paths_of_all_blocks_are_kept(filled):
    define(filled, tables=LEVELS + "keep_paths = true\n")
    forecast.run(filled, "usage", origin=ORIGIN)
    assert forecast.run(filled, "usage", origin=ORIGIN).status == "unchanged"
    kept = frame(filled, "select count(*) as n, min(len(y)) as paths from forecast.paths where ts >= '2024-01-29'")
    assert kept.iloc[0].tolist() == [2 * 40 * 48, 200]


def test_doctor_finds_no_fault_in_them(filled):
    forecast.run(filled, "usage", origin=ORIGIN)
    assert [one for one in doctor.run(filled) if one.verdict == "failed"] == []


def fail_at(number: int, error: Exception):
    whole = work._forecast_block

    def forecast_block(session, run, own, block):
        if block == number:
            raise error
        return whole(session, run, own, block)

    return forecast_block


def test_a_stream_that_waits_publishes_nothing_without_one_of_its_blocks(filled, monkeypatch):
    monkeypatch.setattr(work, "_forecast_block", fail_at(1, ModelError("no trees")))
    with pytest.raises(ModelError, match="no trees"):
        forecast.run(filled, "usage", origin=ORIGIN)
    assert frame(filled, VALUES).empty


def test_a_stream_that_publishes_names_what_is_missing_and_adds_up_nothing_without_it(filled, monkeypatch):
    define(filled, stream='block_series = 16\nincomplete = "publish"')
    monkeypatch.setattr(work, "_forecast_block", fail_at(1, ModelError("no trees")))
    part = forecast.run(filled, "usage", origin=ORIGIN)
    assert part.status == "stale"
    assert part.details["missing"] == 1
    assert part.message.startswith("incomplete: 13 series could not be forecast (cell-")
    assert frame(filled, "select distinct complete from analyst.forecast_latest")["complete"].tolist() == [False]
    assert frame(filled, "select count(distinct series_id) as n from analyst.forecast_latest")["n"][0] == 27
    sums = frame(filled, "select distinct level, group_key from analyst.aggregates_latest")
    assert "all" not in set(sums["level"])
    assert "site" in set(sums["level"])
    monkeypatch.undo()
    whole = forecast.run(filled, "usage", origin=ORIGIN)
    assert whole.status == "published"
    assert frame(filled, "select count(distinct series_id) as n from analyst.forecast_latest")["n"][0] == 40


def test_a_lake_that_cannot_be_written_is_no_missing_block(filled, monkeypatch):
    define(filled, stream='block_series = 16\nincomplete = "publish"')
    monkeypatch.setattr(work, "_forecast_block", fail_at(1, LakeError("the disk is full")))
    with pytest.raises(LakeError, match="the disk is full"):
        forecast.run(filled, "usage", origin=ORIGIN)
    assert frame(filled, VALUES).empty
