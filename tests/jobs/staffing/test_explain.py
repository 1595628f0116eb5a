"""The arithmetic behind one cell of a published plan."""

import json

import pandas as pd
import pytest

from forecasting.errors import FeedError, SettingsError
from forecasting.jobs.staffing import explain
from forecasting.planning.queues.erlang import queue
from tests.backfills import frame
from tests.contact_centre import CALLS, HANDLES, NEXT, ORIGIN, ZONE, speaking

AT = "2024-03-26 10:00"
TS = pd.Timestamp(AT, tz=ZONE)


@pytest.fixture(scope="module")
def told(centre) -> explain.Explained:
    return explain.staffing(centre, CALLS, series="care", ts=AT, origin=ORIGIN)


@pytest.fixture(scope="module")
def published(centre) -> pd.DataFrame:
    """The rows of the cell that speak, by confidence."""
    planned = (
        f"from forecast.publications where kind = 'plan' and origin = '{pd.Timestamp(ORIGIN, tz=ZONE).isoformat()}'"
    )
    run_id = f"(select arg_max(run_id, published_at) {planned})"
    cell = f"pool_id = 'care' and ts = '{TS.isoformat()}' and run_id = {run_id}"
    return frame(centre, f"select * from planning.staffing where {cell} order by confidence").set_index("confidence")


def test_the_numbers_are_those_of_the_published_row(told, published):
    first, text = published.iloc[0], "\n".join(told.lines)
    assert (told.pool, told.run_id) == ("care", first["run_id"])
    assert told.interval == "2024-03-26 10:00 local (2024-03-26 09:00 UTC), 30min"
    load = f"{first['calls']:.2f} calls x {first['handle']:.1f} s / 1800 s = {first['load']:.3f} Erlangs"
    assert load in text
    assert round(first["calls"], 2) * round(first["handle"], 1) / 1800 == pytest.approx(first["load"], rel=0.02)
    assert "80% of all offered calls answered within 20 s (Erlang A, mean patience 180 s)" in text
    assert f"the medians alone: {first['plug_in_agents']} agents" in text
    for confidence, row in published.iterrows():
        assert (
            f"confidence {confidence:g}: load at that probability {row['load_at_confidence']:.3f} Erlangs; "
            f"{row['agents']} agents" in text
        )
        assert f"meet the target with probability {row['met']:.3f}" in text
        assert (
            f"{row['agents']} / (1 - 0.25) = {row['agents'] / 0.75:.2f}, rounded up: {row['rostered']} rostered" in text
        )
        assert f"  rule: {row['rule']}: " in text
    assert [cell["agents"] for cell in told.cells] == published["agents"].to_list()
    json.dumps(told.as_dict())


def test_the_printed_table_is_erlangs(told, published):
    table, first = told.formula, published.iloc[0]
    assert list(table["agents"]) == list(range(published["agents"].min() - 2, published["agents"].max() + 3))
    loads = [first["load"], *published["load_at_confidence"]]
    for column, load in zip(table.columns[1:], loads, strict=True):
        assert f"{load:.3f}" in column
        expected = queue(load, table["agents"].to_numpy(), handle=first["handle"], within=20, patience=180.0)
        assert table[column].to_numpy() == pytest.approx(expected.served_within, abs=5e-5)


def test_the_forecasts_of_every_series_of_the_pool_are_shown(told, centre):
    shown = told.forecasts.set_index(["series", "of"])
    rows = frame(centre, f"select * from forecast.forecasts where series_id like 'care.%' and ts = '{TS.isoformat()}'")
    rows = rows[rows["origin"] == pd.Timestamp(ORIGIN, tz=ZONE)]
    names = {CALLS: "calls", HANDLES: "handle seconds"}
    assert len(rows) == len(shown) == 4
    for row in rows.to_dict("records"):
        found = shown.loc[(row["series_id"], names[row["stream"]])]
        assert found["run"] == row["run_id"]
        for name in ("q05", "q50", "q95"):
            assert found[name] == pytest.approx(row[name], abs=0.006)


def test_a_series_is_explained_by_its_pool_and_the_newest_plan_is_taken_though_a_forecast_is_newer(centre, told):
    found = explain.staffing(centre, CALLS, series="care.chat", ts="2024-03-26T09:00:00+00:00", origin=ORIGIN)
    assert found.as_dict() == told.as_dict()
    assert explain.staffing(centre, CALLS, series="care", ts=AT).origin == told.origin


def test_a_forecast_that_was_issued_again_since_the_plan_is_told(centre, told):
    with speaking(centre, CALLS, ORIGIN, change="q50 * 1.1 as q50") as run_id:
        found = explain.staffing(centre, CALLS, series="care", ts=AT, origin=ORIGIN)
    (line,) = set(found.lines) - set(told.lines)
    assert line.endswith(f"and {run_id} is current: plan again to bring them together")


@pytest.mark.parametrize(
    ("asked", "error", "told"),
    [
        ({"series": "fax"}, SettingsError, "'fax' is neither a pool nor a series of one; pools are care, sales, tech"),
        ({"ts": "2024-03-26 07:00"}, SettingsError, "pool care: .* has no interval at 2024-03-26T06:00:00"),
        (
            {"ts": "2024-04-20 10:00"},
            SettingsError,
            "it holds open intervals from 2024-03-24T07:00.* to 2024-03-31T15:30",
        ),
        ({"ts": "soon"}, SettingsError, "'soon'"),
        ({"origin": NEXT}, FeedError, "no plan from 2024-03-24T23:00.*plan first: forecasting plan calls"),
        (
            {"origin": None, "ts": "2024-02-01 10:00"},
            FeedError,
            "no plan from 2024-02-01T09:00.* or before was published",
        ),
    ],
)
def test_what_cannot_be_explained_is_said_in_one_line(centre, asked, error, told):
    with pytest.raises(error, match=told) as caught:
        explain.staffing(centre, CALLS, **{"series": "care", "ts": AT, "origin": ORIGIN} | asked)
    assert "\n" not in str(caught.value)
