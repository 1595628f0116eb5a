"""Publication of plans: all tables at once, beside the forecasts and never in their place."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.contracts.plans import LINEAGE, TABLES, check_plan
from forecasting.errors import LakeError
from forecasting.settings import Settings
from forecasting.store.checks import streams_on_record
from forecasting.store.files.definitions import read_definition
from forecasting.store.lake.copies import publications_of
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.open import open_lake
from forecasting.store.tables.backfills import read_current_publications
from forecasting.store.tables.decisions import newest_origin
from forecasting.store.tables.forecasts import KINDS as FORECASTS
from forecasting.store.tables.forecasts import publish, published_rows
from forecasting.store.tables.plans import KINDS as PLANS
from forecasting.store.tables.plans import plan_hash, planned_rows, publish_plan
from forecasting.store.tables.publications import newest_of
from forecasting.store.tables.runs import Run, start_run
from forecasting.store.tables.scores import origins_to_score
from forecasting.terms import RunKind, RunStatus
from tests.feeds import define_stream
from tests.plans import make_capacity_plan, make_deltas, make_plan, numbers_of
from tests.publications import publish_run

ORIGIN = datetime(2024, 1, 29, tzinfo=UTC)
NOW = datetime(2024, 2, 1, tzinfo=UTC)
PLAN = make_plan(ORIGIN) | make_capacity_plan(ORIGIN) | make_deltas(ORIGIN)
HASH = plan_hash(PLAN)
ROWS = sum(len(rows) for rows in PLAN.values())


@pytest.fixture
def lake(settings: Settings):
    define_stream(settings)
    with open_lake(settings) as opened:
        yield opened


def start(lake: Lake, *, token: str = "1", kind: RunKind = RunKind.PLAN, origin: datetime | None = ORIGIN) -> Run:
    stream = read_definition(lake.settings, "usage").stream
    return start_run(lake, stream, kind=kind, origin=origin, started_at=NOW, token=token)


def issue(lake: Lake, *, token: str = "1", complete: bool = True, now: datetime = NOW, **changes: object) -> RunStatus:
    return publish_plan(lake, start(lake, token=token), make_plan(ORIGIN, **changes), complete=complete, now=now)


def planned(lake: Lake, table: str = "staffing") -> pd.DataFrame:
    return planned_rows(lake, stream="usage", origin=ORIGIN, table=table)


def count(lake: Lake, table: str) -> int:
    return lake.connection.execute(f"select count(*) from {table}").fetchall()[0][0]


def written(rows: pd.DataFrame) -> pd.DataFrame:
    """Texts, dates and truths as they are printed, whatever stands for a missing one."""
    return rows.astype(object).where(rows.notna(), "none").astype(str)


def test_published_plan_comes_back_as_it_was(lake):
    run = start(lake)
    assert publish_plan(lake, run, PLAN, complete=True, now=NOW) is RunStatus.PUBLISHED
    found = {name: planned(lake, name) for name in TABLES}
    for name, rows in found.items():
        assert set(rows["run_id"]) == {run.run_id}
        expected = PLAN[name].sort_values(list(TABLES[name].key), ignore_index=True)
        numbers, texts = numbers_of(expected), sorted(set(expected.columns) - set(numbers_of(expected)))
        pd.testing.assert_frame_equal(rows[numbers], expected[numbers], check_dtype=False, obj=name)
        pd.testing.assert_frame_equal(written(rows[texts]), written(expected[texts]), obj=name)
    tables = {name: rows.drop(columns="run_id") for name, rows in found.items()}
    check_plan(tables)
    assert plan_hash(tables) == plan_hash(PLAN)
    assert (run.rows, count(lake, "forecast.publications")) == (ROWS, 1)
    recorded = lake.connection.execute("select kind, status, rows from forecast.runs").fetchall()
    assert recorded == [("plan", "published", ROWS)]


def test_plan_made_again_from_an_equal_forecast_publishes_nothing(lake):
    issue(lake)
    assert issue(lake, token="2", forecast="another", handle="third") is RunStatus.UNCHANGED
    assert (count(lake, "planning.staffing"), count(lake, "planning.shifts")) == (32, 12)
    assert count(lake, "forecast.publications") == 1
    assert set(planned(lake)["forecast_run_id"]) == {"forecast"}


@pytest.mark.parametrize("table", list(PLAN))
def test_plan_whose_rows_are_lost_is_published_again(lake, table):
    def issue_whole(token: str) -> RunStatus:
        return publish_plan(lake, start(lake, token=token), PLAN, complete=True, now=NOW)

    issue_whole("1")
    assert issue_whole("2") is RunStatus.UNCHANGED
    lake.connection.execute(f"delete from planning.{table}")
    assert issue_whole("3") is RunStatus.PUBLISHED
    assert len(planned(lake, table)) == len(PLAN[table])
    assert issue_whole("4") is RunStatus.UNCHANGED


def test_newer_plan_replaces_all_tables_and_nothing_is_lost(lake):
    issue(lake)
    assert issue(lake, token="2", level=9, now=NOW - timedelta(days=1)) is RunStatus.PUBLISHED
    assert set(planned(lake)["agents"]) == {9, 10}
    assert set(planned(lake, "groups")["agents"]) == {9}
    assert count(lake, "planning.staffing") == 64
    newest = newest_of(lake, PLANS, stream="usage", origin=ORIGIN)
    assert newest is not None
    assert newest.published_at == NOW + timedelta(microseconds=1)
    # a table that is no longer planned is no longer shown
    run = start(lake, token="3")
    publish_plan(lake, run, {"staffing": PLAN["staffing"]}, complete=True, now=NOW)
    assert (len(planned(lake)), len(planned(lake, "groups"))) == (32, 0)


def test_incomplete_plan_says_so(lake):
    assert issue(lake, complete=False) is RunStatus.STALE
    assert lake.connection.execute("select complete from forecast.publications").fetchall() == [(False,)]


def test_plan_without_open_intervals_is_published_too(lake):
    run = start(lake)
    assert publish_plan(lake, run, {"staffing": PLAN["staffing"].iloc[:0]}, complete=True, now=NOW) == "published"
    assert newest_of(lake, PLANS, stream="usage", origin=ORIGIN) is not None
    assert planned(lake).empty


def test_rows_of_a_plan_that_died_before_its_publication_are_seen_by_nobody(lake, monkeypatch):
    issue(lake)
    write = lake.write

    def die_before_the_publication(action, *, message):
        if message.startswith("publish"):
            raise KeyboardInterrupt
        return write(action, message=message)

    monkeypatch.setattr(lake, "write", die_before_the_publication)
    with pytest.raises(KeyboardInterrupt):
        issue(lake, token="2", level=9)
    assert count(lake, "planning.staffing") == 64
    assert set(planned(lake)["agents"]) == {5, 6}
    assert lake.connection.execute("select distinct agents from analyst.groups_latest").fetchall() == [(5,)]


def test_plan_never_stands_in_for_a_forecast(lake):
    stream = read_definition(lake.settings, "usage").stream
    issue(lake)
    assert newest_of(lake, FORECASTS, stream="usage", origin=ORIGIN) is None
    assert published_rows(lake, stream="usage", origin=ORIGIN).empty
    assert origins_to_score(lake, stream, scored_until=NOW) == []
    assert read_current_publications(lake, stream, ORIGIN, NOW) == {}
    assert publications_of(lake, "usage") == {}
    assert streams_on_record(lake) == []
    assert newest_origin(lake, stream) is None
    publish_run(lake, "night", ORIGIN, NOW - timedelta(days=2))
    assert origins_to_score(lake, stream, scored_until=NOW) == [ORIGIN]
    assert publications_of(lake, "usage") == {ORIGIN: 1}
    newest = newest_of(lake, FORECASTS, stream="usage", origin=ORIGIN)
    assert newest is not None
    assert newest.run_id == "night"


def test_forecast_never_stands_in_for_a_plan(lake):
    publish_run(lake, "night", ORIGIN, NOW)
    assert newest_of(lake, PLANS, stream="usage", origin=ORIGIN) is None
    assert issue(lake) is RunStatus.PUBLISHED
    assert lake.connection.execute("select replaces from forecast.publications where kind = 'plan'").fetchall() == [
        (None,)
    ]


def test_run_of_another_kind_or_without_an_origin_publishes_no_plan(lake):
    with pytest.raises(LakeError, match="expected a run of kind plan, found manual"):
        publish_plan(lake, start(lake, kind=RunKind.MANUAL), PLAN, complete=True, now=NOW)
    with pytest.raises(LakeError, match="needs an origin"):
        publish_plan(lake, start(lake, token="2", origin=None), PLAN, complete=True, now=NOW)
    with pytest.raises(LakeError, match=r"no table planning\.rooms"):
        publish_plan(lake, start(lake, token="3"), PLAN | {"rooms": PLAN["groups"]}, complete=True, now=NOW)
    with pytest.raises(LakeError, match="expected a run of kind nightly, manual, backfill, found plan"):
        publish(lake, start(lake, token="4"), forecast_rows(), complete=True, now=NOW)
    assert count(lake, "forecast.publications") == count(lake, "planning.staffing") == 0


def forecast_rows() -> pd.DataFrame:
    rows = PLAN["staffing"][["pool_id", "ts"]].iloc[:1].rename(columns={"pool_id": "series_id"})
    quantiles = dict.fromkeys(("mean", "q05", "q10", "q25", "q50", "q75", "q90", "q95"), 1.0)
    return rows.assign(horizon_step=1, tier="trees", **quantiles)


@given(st.sampled_from(list(TABLES)), st.integers(0, 99))
def test_order_of_rows_and_of_tables_does_not_count(name, seed):
    shuffled = PLAN | {name: PLAN[name].sample(frac=1, random_state=seed)}
    assert plan_hash(dict(reversed(list(shuffled.items())))) == HASH


def another(value: object) -> object:
    """Another value of its kind; something where there is nothing."""
    if pd.isna(value):
        return 7.0
    if isinstance(value, bool | np.bool_):
        return not value
    if isinstance(value, str):
        return f"{value}x"
    return value + (timedelta(days=1) if isinstance(value, date) else 1)


@pytest.mark.parametrize(("name", "column"), [(name, column) for name, rows in PLAN.items() for column in rows])
def test_every_value_counts_but_lineage(name, column):
    rows = PLAN[name].copy()
    last = rows[column].iloc[-1]
    values = [*rows[column].tolist()[:-1], another(last)]
    rows[column] = pd.Series(values, index=rows.index, dtype=rows[column].dtype)
    assert (plan_hash(PLAN | {name: rows}) == HASH) == (column in LINEAGE)


def test_hash_of_a_plan_of_staffing_is_the_one_that_lakes_hold():
    held = "5397fd1e7c92d5081f6764d8f90c98387c69731c567bc478761ab540cee53100"
    # calls of pools came later: a plan that has none is still the one that it was
    assert plan_hash({name: rows for name, rows in make_plan(ORIGIN).items() if name != "pool_calls"}) == held


def test_tables_without_rows_do_not_count_and_missing_rows_do():
    alone = {"staffing": PLAN["staffing"]}
    assert plan_hash(alone | {"groups": PLAN["groups"].iloc[:0]}) == plan_hash(alone)
    assert plan_hash(alone) != plan_hash(PLAN)
    assert plan_hash({"staffing": PLAN["staffing"].iloc[1:]}) != plan_hash(alone)
