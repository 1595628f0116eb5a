"""Capacity that is ordered counts from the day on which it is expected, and is not demanded again."""

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from forecasting.cli import app
from forecasting.errors import SettingsError
from forecasting.jobs import plan
from forecasting.jobs.capacity.links import capacity_rules, read_links
from forecasting.jobs.capacity.plan import make_capacity
from forecasting.jobs.common.session import open_session
from forecasting.jobs.planners.underway import capacity_orders
from forecasting.panel.calendar.calendar import resolve_origin
from forecasting.planning.capacity.ordered import count_from
from forecasting.store.lake.open import open_lake
from tests.backfills import frame
from tests.network import ORIGIN, TRAFFIC

FULL = "a.full_soon"
WATCHED = "select * from analyst.capacity_watchlist where stream = 'traffic' order by series_id"
IN_SERVICE = "2024-08-01"
AFTER = pd.Timestamp(IN_SERVICE)


def order(settings, **changes):
    given = {"series": FULL, "step": "10G", "in_service": IN_SERVICE, "author": "ana", "ordered": "2024-06-03"}
    return capacity_orders.add(settings, TRAFFIC, **given | changes)


def planned(settings) -> dict[str, pd.DataFrame]:
    with open_session(settings, TRAFFIC) as session:
        stream = session.definition.stream
        links = read_links(session, resolve_origin(ORIGIN, stream))
    return make_capacity(links, capacity_rules(stream), begin=lambda _: None)


def link(tables, name=FULL, failure="none"):
    rows = tables["capacity"]
    return rows[(rows["series_id"] == name) & (rows["failure"] == failure)].iloc[0]


def others(tables) -> pd.DataFrame:
    rows = tables["capacity"]
    return rows[rows["series_id"] != FULL].reset_index(drop=True).fillna({"step": ""})


@pytest.fixture
def desk(network):
    """The network; its orders are forgotten afterwards."""
    yield network
    with open_lake(network) as lake:
        lake.connection.execute("delete from planning.capacity_orders")


def test_a_step_that_is_ordered_counts_from_its_day_and_is_demanded_no_more(desk):
    before = planned(desk)
    assert link(before)["step"] == "10G"
    made = order(desk)
    assert made["step_capacity"] == 10_000
    after = planned(desk)
    own = link(after)
    assert (own["rule"], pd.isna(own["step"]), own["due"]) == ("not_needed", True, False)
    assert own["capacity"] == link(before)["capacity"], "what is there today is shown"
    assert own["runout_probability"] == 0
    found = after["findings"].set_index(["series_id", "finding"])["note"]
    assert found[FULL, "ordered"] == (
        "a.full_soon: ordered: 10G on 2024-06-03 (ana), in service from 2024-08-01: counted from then on"
    )
    pd.testing.assert_frame_equal(*(others(one) for one in (before, after)))
    capacity_orders.cancel(desk, made["order_id"])
    pd.testing.assert_frame_equal(planned(desk)["capacity"], before["capacity"])


def test_what_is_ordered_may_not_be_enough(desk):
    # b.pinned has 300 and needs much more than the order brings
    order(desk, series="b.pinned", step="1G", in_service="2024-06-20")
    own = link(planned(desk), "b.pinned")
    assert own["runout_q50"] is pd.NaT or own["runout_q50"] >= pd.Timestamp("2024-06-20")
    assert link(planned(desk), "b.pinned")["rule"] == "not_needed"


def test_the_published_watch_list_is_without_it_and_the_plan_of_before_is_as_it_was(desk):
    first = frame(desk, WATCHED)
    assert FULL in set(first["series_id"])
    at = frame(desk, "select max(published_at) as at from forecast.publications")["at"][0]
    made = order(desk)
    summary = plan.run(desk, TRAFFIC, origin=ORIGIN)
    assert any("ordered: 10G" in line for line in summary.details["findings"])
    assert FULL not in set(frame(desk, WATCHED)["series_id"])
    as_of = frame(desk, f"select series_id from analyst.capacity_watchlist_as_of('{at}'::timestamptz)")
    assert FULL in set(as_of["series_id"])
    assert frame(desk, "select step, author from analyst.capacity_orders").to_numpy().tolist() == [["10G", "ana"]]
    capacity_orders.cancel(desk, made["order_id"])
    plan.run(desk, TRAFFIC, origin=ORIGIN)
    kept = [name for name in first if name not in ("run_id", "published_at")]
    pd.testing.assert_frame_equal(frame(desk, WATCHED)[kept], first[kept])


def test_an_order_that_is_late_counts_from_today_and_one_that_is_there_no_more(desk):
    order(desk, ordered="2024-03-01", in_service="2024-05-01")
    note = planned(desk)["findings"].set_index(["series_id", "finding"])["note"][FULL, "ordered"]
    assert "it is late" in note
    # its feed says another capacity since: what was ordered before is there, or given up
    with open_lake(desk) as lake:
        lake.connection.execute(
            "update planning.capacity_orders set series_id = 'b.upgraded', step_capacity = 20000 where series_id = ?",
            [FULL],
        )
    assert "ordered" not in set(planned(desk)["findings"]["finding"])


def test_days_before_the_order_is_there_do_not_count():
    paths = np.full((2, 4, 1), 5.0, dtype=np.float32)
    counted, before = count_from(paths, np.full((2, 3), 5.0), np.array([2, 0]))
    np.testing.assert_array_equal(counted[:, :, 0], [[0, 0, 5, 5], [5, 5, 5, 5]])
    np.testing.assert_array_equal(np.isnan(before).all(axis=1), [True, False])


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"series": "a.full"}, "no series 'a.full'"),
        ({"step": "100G"}, r"no step '100G' \(did you mean '10G'\?\); there are 1G, 10G"),
        ({"series": "f.giant"}, "step 10G leads to 10000, which is no more than its 10000"),
        ({"in_service": "2024-06-01"}, "expected the day of the order, 2024-06-03, or later"),
        ({"in_service": "soon"}, "--in-service soon: expected a date such as"),
        ({"author": " "}, "author is empty"),
        ({"series": "e.text"}, "capacity_mbps is 10G, expected a number above 0"),
    ],
)
def test_what_is_wrong_is_one_line_and_nothing_is_written(desk, changes, told):
    with pytest.raises(SettingsError, match=told):
        order(desk, **changes)
    assert capacity_orders.show(desk).empty


def test_orders_are_listed_and_cancelled_by_their_key(desk, monkeypatch):
    monkeypatch.setenv("FORECASTING_HOME", str(desk.home))
    ask = lambda *words: CliRunner().invoke(app.app, ["capacity", "order", *words])  # noqa: E731
    call = ["add", TRAFFIC, FULL, "--step", "10G", "--in-service", IN_SERVICE, "--author", "ana"]
    assert "10G for a.full_soon, to 10000" in ask(*call, "--ordered", "2024-06-03").stdout
    with pytest.raises(SettingsError, match="is on record as order"):
        order(desk)
    (key,) = capacity_orders.show(desk)["order_id"]
    assert ask("cancel", key).stdout == f"order {key} of traffic: cancelled\n"
    with pytest.raises(SettingsError, match="was cancelled at"):
        capacity_orders.cancel(desk, key)
    with pytest.raises(SettingsError, match=f"there is no order 'nope'; the latest are {key}"):
        capacity_orders.cancel(desk, "nope")
    assert capacity_orders.show(desk).empty
    assert capacity_orders.show(desk, every=True)["cancelled"].tolist() == [True]
