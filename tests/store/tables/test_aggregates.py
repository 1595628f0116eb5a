"""Publication of aggregates and paths: at once with the rows of their forecast, or not at all."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.settings import Settings
from forecasting.store.files.definitions import read_definition
from forecasting.store.lake.lake import Lake, as_frame
from forecasting.store.lake.open import open_lake
from forecasting.store.tables.forecasts import content_hash, publish
from forecasting.store.tables.runs import Run, start_run
from forecasting.terms import QUANTILE_COLUMNS, RunKind, RunStatus
from tests.aggregates import make_aggregates, make_paths
from tests.feeds import define_stream

ORIGIN = datetime(2024, 1, 29, tzinfo=UTC)
NOW = datetime(2024, 2, 1, tzinfo=UTC)
AGGREGATES = make_aggregates(ORIGIN)


def make_rows(level: float = 10.0) -> pd.DataFrame:
    rows = pd.DataFrame({"series_id": ["a", "a", "b", "b"], "horizon_step": [1, 2, 1, 2], "mean": level})
    rows["ts"] = pd.to_datetime(["2024-01-29 00:00", "2024-01-29 01:00"] * 2, utc=True).as_unit("us")
    return rows.assign(tier="tft", **dict.fromkeys(QUANTILE_COLUMNS, level))


@pytest.fixture
def lake(settings: Settings):
    define_stream(settings)
    with open_lake(settings) as opened:
        yield opened


def start(lake: Lake, token: str = "1") -> Run:
    stream = read_definition(lake.settings, "usage").stream
    return start_run(lake, stream, kind=RunKind.MANUAL, origin=ORIGIN, started_at=NOW, token=token)


def issue(lake: Lake, run: Run, aggregates: pd.DataFrame | None, paths: pd.DataFrame | None = None) -> RunStatus:
    return publish(lake, run, make_rows(), complete=True, now=NOW, aggregates=aggregates, paths=paths)


def count(lake: Lake, table: str) -> int:
    return lake.connection.execute(f"select count(*) from {table}").fetchall()[0][0]


def visible(lake: Lake) -> pd.DataFrame:
    columns = ", ".join([*AGGREGATES.columns, "run_id"])
    return as_frame(lake.connection.execute(f"select {columns} from analyst.aggregates_latest order by all"))


def test_published_aggregates_and_paths_come_back_as_they_were(lake):
    run, paths = start(lake), make_paths(make_rows())
    shuffled = AGGREGATES.sample(frac=1, random_state=1)
    assert issue(lake, run, shuffled, paths) is RunStatus.PUBLISHED
    found = visible(lake)
    assert set(found["run_id"]) == {run.run_id}
    pd.testing.assert_frame_equal(
        found.drop(columns="run_id").astype({"level": str, "group_key": str, "stat": str, "period": str}),
        AGGREGATES.astype({"level": str, "group_key": str, "stat": str, "period": str}).sort_values(
            ["level", "group_key", "stat", "period", "ts"], ignore_index=True
        ),
    )
    kept = lake.connection.execute("select series_id, ts, y from analyst.paths_latest order by 1, 2").fetchall()
    assert [row[0] for row in kept] == ["a", "a", "b", "b"]
    np.testing.assert_array_equal([row[2] for row in kept], np.arange(16).reshape(4, 4))
    published = lake.connection.execute("select rows from forecast.publications").fetchall()
    assert published == [(4 + len(AGGREGATES) + 4,)]
    assert run.rows == published[0][0]


def test_run_that_died_before_its_publication_shows_no_aggregate(lake, monkeypatch):
    issue(lake, start(lake), AGGREGATES, make_paths(make_rows()))
    dying, write = start(lake, "2"), lake.write

    def die_before_the_publication(action, *, message):
        if message.startswith("publish"):
            raise KeyboardInterrupt
        return write(action, message=message)

    monkeypatch.setattr(lake, "write", die_before_the_publication)
    with pytest.raises(KeyboardInterrupt):
        issue(lake, dying, make_aggregates(ORIGIN, level=99.0), make_paths(make_rows(), count=7))
    assert (count(lake, "forecast.aggregates"), count(lake, "forecast.paths")) == (2 * len(AGGREGATES), 8)
    assert set(visible(lake)["mean"]) == {10.0}
    for view in ("aggregates_latest", "aggregates_as_of(timestamptz '2030-01-01')"):
        assert lake.connection.execute(f"select distinct mean from analyst.{view}").fetchall() == [(10.0,)], view
    assert lake.connection.execute("select distinct len(y) from analyst.paths_latest").fetchall() == [(4,)]


def test_run_that_died_among_its_rows_leaves_none(lake, monkeypatch):
    execute = lake.execute

    def die_at_the_aggregates(name, /, **values):
        if name == "templates/insert_published.sql" and values["of"].name == "forecast.aggregates":
            raise KeyboardInterrupt
        execute(name, **values)

    monkeypatch.setattr(lake, "execute", die_at_the_aggregates)
    with pytest.raises(KeyboardInterrupt):
        issue(lake, start(lake), AGGREGATES)
    assert count(lake, "forecast.forecasts") == 0


def test_changed_aggregate_of_equal_rows_is_published_and_changed_paths_are_not(lake):
    issue(lake, start(lake), AGGREGATES, make_paths(make_rows()))
    assert issue(lake, start(lake, "2"), AGGREGATES, make_paths(make_rows(), count=9)) is RunStatus.UNCHANGED
    assert (count(lake, "forecast.aggregates"), count(lake, "forecast.paths")) == (len(AGGREGATES), 4)
    assert issue(lake, start(lake, "3"), make_aggregates(ORIGIN, level=11.0)) is RunStatus.PUBLISHED
    assert set(visible(lake)["mean"]) == {11.0}
    # paths that are no longer kept are no longer shown, and aggregates that are no longer made
    assert count(lake, "analyst.paths_latest") == 0
    assert issue(lake, start(lake, "4"), None) is RunStatus.PUBLISHED
    assert visible(lake).empty
    assert issue(lake, start(lake, "5"), AGGREGATES.iloc[:0]) is RunStatus.UNCHANGED


def test_views_of_aggregates_and_paths_show_hindsight(lake):
    issue(lake, start(lake), AGGREGATES)
    seer = start(lake, "2")
    seer.hindsight = True
    issue(lake, seer, make_aggregates(ORIGIN, level=20.0), make_paths(make_rows()))
    for view in ("aggregates_latest", "paths_latest", "aggregates_as_of(timestamptz '2030-01-01')"):
        assert lake.connection.execute(f"select distinct hindsight from analyst.{view}").fetchall() == [(True,)], view


def test_hash_of_rows_alone_is_the_one_that_lakes_hold():
    assert content_hash(make_rows(), model_id="m") == (
        "261cdb991b09faa6b51391ea14b1f977672384e7d5148255ae74201f905a870b"
    )
    assert content_hash(make_rows(), model_id="m", aggregates=AGGREGATES.iloc[:0]) == content_hash(
        make_rows(), model_id="m", aggregates=None
    )


@given(st.integers(0, 99))
def test_order_of_aggregates_and_of_categories_does_not_count(seed):
    shuffled = AGGREGATES.sample(frac=1, random_state=seed)
    shuffled["level"] = pd.Categorical(shuffled["level"], categories=["region", "x", "all"])
    shuffled["stat"] = shuffled["stat"].astype(str)
    assert content_hash(make_rows(), model_id=None, aggregates=shuffled) == content_hash(
        make_rows(), model_id=None, aggregates=AGGREGATES
    )


@pytest.mark.parametrize("column", list(AGGREGATES))
def test_every_value_of_an_aggregate_counts(column):
    rows = AGGREGATES.astype(dict.fromkeys(("level", "group_key", "stat", "period"), object))
    value = rows.loc[0, column]
    rows.loc[0, column] = (
        f"{value}x" if isinstance(value, str) else value + (1 if column != "ts" else pd.Timedelta("9D"))
    )
    before = content_hash(make_rows(), model_id=None, aggregates=AGGREGATES)
    assert content_hash(make_rows(), model_id=None, aggregates=rows) != before
    assert content_hash(make_rows(), model_id=None, aggregates=rows.iloc[1:]) != before
    assert before != content_hash(make_rows(), model_id=None)
