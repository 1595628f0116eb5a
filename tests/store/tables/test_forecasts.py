"""Publication: rows first, then the one row that makes them visible."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.errors import LakeError
from forecasting.settings import Settings
from forecasting.store.files.definitions import read_definition
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.open import open_lake
from forecasting.store.tables.forecasts import (
    KINDS,
    content_hash,
    publish,
    published_rows,
)
from forecasting.store.tables.publications import newest_of
from forecasting.store.tables.runs import Run, start_run
from forecasting.terms import QUANTILE_COLUMNS, RunKind, RunStatus
from tests.feeds import define_stream

ORIGIN = datetime(2024, 1, 29, tzinfo=UTC)
NOW = datetime(2024, 2, 1, tzinfo=UTC)


def make_rows(level: float = 10.0) -> pd.DataFrame:
    rows = pd.DataFrame({"series_id": pd.Categorical(["a", "a", "b", "b"])})
    rows["ts"] = pd.to_datetime(["2024-01-29 00:00", "2024-01-29 01:00"] * 2, utc=True).as_unit("us")
    rows["horizon_step"] = np.array([1, 2, 1, 2], np.int32)
    rows["mean"] = level
    for place, name in enumerate(QUANTILE_COLUMNS):
        rows[name] = level + place - 3
    return rows.assign(tier=pd.Categorical(["tft", "tft", "last_four", "last_four"]))


@pytest.fixture
def lake(settings: Settings):
    define_stream(settings)
    with open_lake(settings) as opened:
        yield opened


def start(lake: Lake, origin: datetime | None = ORIGIN, *, token: str = "1") -> Run:
    stream = read_definition(lake.settings, "usage").stream
    return start_run(lake, stream, kind=RunKind.MANUAL, origin=origin, started_at=NOW, token=token)


def visible(lake: Lake) -> pd.DataFrame:
    return published_rows(lake, stream="usage", origin=ORIGIN)


def test_published_rows_come_back_as_they_were(lake):
    run = start(lake)
    assert publish(lake, run, make_rows(), complete=True, now=NOW) is RunStatus.PUBLISHED
    found = visible(lake)
    numbers = ["horizon_step", "mean", *QUANTILE_COLUMNS]
    pd.testing.assert_frame_equal(found[numbers], make_rows()[numbers], check_dtype=False)
    assert found["series_id"].tolist() == ["a", "a", "b", "b"]
    assert found["tier"].tolist() == make_rows()["tier"].tolist()
    assert set(found["run_id"]) == {run.run_id}
    assert content_hash(found, model_id=None) == content_hash(make_rows(), model_id=None)


def test_rows_lie_in_the_file_by_series_and_time_whatever_their_order_was(lake):
    series = [f"{number:02d}" for number in range(20)]
    rows = pd.concat([make_rows().iloc[:2].assign(series_id=name) for name in series], ignore_index=True)
    # categories not in the order of their text, either
    rows["series_id"] = pd.Categorical(rows["series_id"], categories=series[::-1])
    publish(lake, start(lake), rows.sample(frac=1, random_state=0, ignore_index=True), complete=True, now=NOW)
    listed = "select data_file from ducklake_list_files('lake', 'forecasts', schema => 'forecast')"
    ((file,),) = lake.connection.execute(listed).fetchall()
    stored = lake.connection.execute("select series_id, ts from read_parquet($file)", {"file": file}).fetchall()
    assert len(stored) == len(rows)
    assert stored == sorted(stored)


@pytest.mark.parametrize(
    "fault",
    [
        "delete from forecast.forecasts where series_id = 'b'",
        "update forecast.forecasts set mean = 'nan' where horizon_step = 2",
        "update forecast.forecasts set q50 = q50 + 1e-9",
        "insert into forecast.forecasts select * from forecast.forecasts limit 1",
    ],
    ids=["lost", "no number", "changed", "twice"],
)
def test_rows_that_the_lake_no_longer_holds_as_they_were_are_published_again(lake, fault):
    publish(lake, start(lake), make_rows(), complete=True, now=NOW)
    assert publish(lake, start(lake, token="2"), make_rows(), complete=True, now=NOW) is RunStatus.UNCHANGED
    lake.connection.execute(fault)
    assert publish(lake, start(lake, token="3"), make_rows(), complete=True, now=NOW) is RunStatus.PUBLISHED
    assert content_hash(visible(lake), model_id=None) == content_hash(make_rows(), model_id=None)
    assert publish(lake, start(lake, token="4"), make_rows(), complete=True, now=NOW) is RunStatus.UNCHANGED


def test_rows_of_a_run_that_died_before_its_publication_are_seen_by_nobody(lake, monkeypatch):
    publish(lake, start(lake), make_rows(), complete=True, now=NOW)
    dying = start(lake, token="2")
    write, messages = lake.write, []

    def die_before_the_publication(action, *, message):
        messages.append(message)
        if message.startswith("publish"):
            raise KeyboardInterrupt
        return write(action, message=message)

    monkeypatch.setattr(lake, "write", die_before_the_publication)
    with pytest.raises(KeyboardInterrupt):
        publish(lake, dying, make_rows(99.0), complete=True, now=NOW)
    assert len(messages) == 2
    written = lake.connection.execute("select count(*) from forecast.forecasts where run_id = $1", [dying.run_id])
    assert written.fetchall() == [(4,)]
    assert set(visible(lake)["mean"]) == {10.0}


def test_incomplete_publication_says_so(lake):
    assert publish(lake, start(lake), make_rows(), complete=False, now=NOW) is RunStatus.STALE
    assert lake.connection.execute("select complete from forecast.publications").fetchall() == [(False,)]


def test_clock_that_went_back_does_not_reorder_publications(lake):
    for number, now in enumerate((NOW, NOW - timedelta(days=1), NOW - timedelta(days=2))):
        publish(lake, start(lake, token=str(number)), make_rows(float(number + 5)), complete=True, now=now)
    newest = newest_of(lake, KINDS, stream="usage", origin=ORIGIN)
    assert newest is not None
    assert newest.published_at == NOW + timedelta(microseconds=2)
    assert set(visible(lake)["mean"]) == {7.0}


def test_other_origins_and_streams_are_untouched(lake):
    publish(lake, start(lake), make_rows(), complete=True, now=NOW)
    publish(lake, start(lake, ORIGIN + timedelta(days=1), token="2"), make_rows(50.0), complete=True, now=NOW)
    assert set(visible(lake)["mean"]) == {10.0}
    assert newest_of(lake, KINDS, stream="other", origin=ORIGIN) is None


def test_run_without_an_origin_cannot_publish(lake):
    with pytest.raises(LakeError, match="needs an origin"):
        publish(lake, start(lake, None), make_rows(), complete=True, now=NOW)


@given(st.permutations(range(4)))
def test_order_of_rows_and_of_categories_does_not_count(order):
    shuffled = make_rows().iloc[list(order)]
    shuffled["series_id"] = pd.Categorical(shuffled["series_id"], categories=["b", "x", "a"])
    assert content_hash(shuffled, model_id="m") == content_hash(make_rows(), model_id="m")


@given(st.integers(0, 3), st.sampled_from(["mean", *QUANTILE_COLUMNS]), st.floats(0, 1e6))
def test_every_number_counts(row, column, value):
    changed = make_rows()
    before = changed.loc[row, column]
    changed.loc[row, column] = value
    assert (content_hash(changed, model_id=None) == content_hash(make_rows(), model_id=None)) == (before == value)


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("series_id", ["a", "a", "c", "c"]),
        ("tier", ["tft", "tft", "tft", "last_four"]),
        ("horizon_step", [1, 2, 1, 3]),
        ("ts", pd.to_datetime(["2024-01-29 00:00", "2024-01-29 02:00"] * 2, utc=True)),
    ],
)
def test_every_key_counts(column, values):
    assert content_hash(make_rows().assign(**{column: values}), model_id=None) != content_hash(
        make_rows(), model_id=None
    )


def test_model_counts():
    assert content_hash(make_rows(), model_id="m") != content_hash(make_rows(), model_id="n")


def test_nothing_has_a_hash_too():
    assert content_hash(make_rows().iloc[:0], model_id=None) != content_hash(make_rows().iloc[:1], model_id=None)


def test_a_run_that_spares_the_night_leaves_what_a_nightly_run_published(lake):
    night = start(lake)
    night.kind = RunKind.NIGHTLY
    publish(lake, night, make_rows(), complete=True, now=NOW)
    other = start(lake, token="2")
    spared = publish(lake, other, make_rows(20.0), complete=True, now=NOW, keep_nightly=True)
    assert spared is RunStatus.UNCHANGED
    assert set(visible(lake)["run_id"]) == {night.run_id}
    assert lake.connection.execute("select count(*) from forecast.forecasts").fetchall() == [(4,)]
    third = start(lake, token="3")
    assert publish(lake, third, make_rows(20.0), complete=True, now=NOW) is RunStatus.PUBLISHED
    # what is no nightly run's is not spared
    fourth = start(lake, token="4")
    assert publish(lake, fourth, make_rows(), complete=True, now=NOW, keep_nightly=True) is RunStatus.PUBLISHED


def test_hindsight_is_marked_and_does_not_speak_where_none_is_wanted(lake):
    publish(lake, start(lake), make_rows(), complete=True, now=NOW)
    seer = start(lake, token="2")
    seer.hindsight = True
    publish(lake, seer, make_rows(20.0), complete=True, now=NOW)
    newest = newest_of(lake, KINDS, stream="usage", origin=ORIGIN)
    assert newest is not None
    assert newest.run_id == seer.run_id
    assert set(visible(lake)["mean"]) == {10.0}
    for table in ("forecasts", "publications"):
        rows = lake.connection.execute(f"select run_id, hindsight from forecast.{table}").fetchall()
        assert {marked for run_id, marked in rows if run_id == seer.run_id} == {True}
        assert {marked for run_id, marked in rows if run_id != seer.run_id} == {False}
