"""Events ahead: they keep their whole effect, and nothing outside their scope moves."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from forecasting.config.sections import HierarchySection
from forecasting.ensemble.calibrated import forecast_panel
from forecasting.ensemble.event_effects import find_ratios
from forecasting.ensemble.joint import Joint, join
from forecasting.ensemble.reconciliation import HierarchyNodes
from forecasting.jobs.common.forecast_rows import forecast_rows
from forecasting.panel.calendar.calendar import resolve_origin
from forecasting.panel.grid import Panel
from tests.ensemble.event_readers import EventReader
from tests.panel.factories import build_from, make_demand, make_events, make_series, make_stream

ORIGIN = "2024-11-04"
"""A Monday; the horizon is one week."""
DESK = {"where": {"kind": "desk"}, "mon-fri": "08:00-18:00", "holiday": "10:00-20:00"}
STREAM = make_stream(interval="2h", horizon="7d", history="70d", hours=[DESK]).model_copy(
    update={"hierarchy": HierarchySection(levels=("region", "site"), keep_paths=True)}
)
SERIES = make_series(
    *"abcdef",
    region=["qc", "qc", "qc", "on", "on", "on"],
    site=["mtl", "mtl", "yul", "tor", "tor", "ott"],
    kind=["line", "line", "line", "line", "desk", "line"],
)
MEMBERS = {"trees": EventReader()}
TWO_DAYS = "2024-11-06T00:00Z", "2024-11-08T00:00Z"
CAMPAIGN = ("campaign", {"site": "mtl"}, *TWO_DAYS)
EVENTS = {
    "a campaign": [CAMPAIGN],
    "a campaign of a part of a day": [("campaign", {"site": "mtl"}, "2024-11-06T10:00Z", "2024-11-06T13:30Z")],
    "a closure": [("closure", {"site": "mtl"}, *TWO_DAYS)],
    "a closure of all that is ahead": [("closure", {"site": "mtl"}, "2024-11-04T00:00Z", None)],
    "a holiday": [("holiday", {"site": "mtl"}, *TWO_DAYS)],
    "a holiday from the origin on": [("holiday", {"site": "mtl"}, "2024-11-04T00:00Z", "2024-11-05T00:00Z")],
    "a campaign on a holiday": [CAMPAIGN, ("holiday", {"series_id": "a"}, *TWO_DAYS)],
    "two campaigns at once": [CAMPAIGN, CAMPAIGN],
    "a closed day of a campaign": [CAMPAIGN, ("closure", {"site": "mtl"}, "2024-11-07T00:00Z", "2024-11-08T00:00Z")],
}


def make_demand_rows() -> pd.DataFrame:
    """Ten weeks; the queues share some of their luck."""
    rng, ids = np.random.default_rng(4), SERIES["series_id"].tolist()
    rows = make_demand(STREAM, *ids, since="2024-08-26", until=ORIGIN)
    count = len(rows) // len(ids)
    day = 1 + 0.4 * np.sin(np.arange(count) * 2 * np.pi / 12)
    luck = np.exp(0.2 * rng.standard_normal(count) + 0.1 * rng.standard_normal((len(ids), count)))
    return rows.assign(y=((20.0 * (1 + np.arange(len(ids))))[:, None] * day * luck).ravel())


DEMAND = make_demand_rows()


def panel_with(*events: tuple[str, dict[str, str], str, str | None]) -> Panel:
    return build_from(STREAM, DEMAND, origin=ORIGIN, series=SERIES, events=make_events(*events))


def publish(panel: Panel) -> Joint:
    return join(STREAM, panel, forecast_panel(panel, MEMBERS), MEMBERS, origin=resolve_origin(ORIGIN, STREAM))


@pytest.fixture(scope="module", autouse=True)
def reconciled():
    """MinT whatever the losses say: it is what spreads an event that it sees."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("forecasting.ensemble.reconciliation.choose_method", lambda *_: "mint")
        yield


@pytest.fixture(scope="module")
def quiet(reconciled) -> Joint:
    """The forecast without any event."""
    return publish(panel_with())


def levels(joint: Joint, *, without: list[str]) -> pd.DataFrame:
    """Aggregates of all keys but those named."""
    rows = joint.aggregates
    return rows[~rows["group_key"].isin(without)].reset_index(drop=True)


@pytest.mark.parametrize("events", EVENTS.values(), ids=EVENTS.keys())
def test_a_series_outside_an_events_scope_does_not_move_by_one_bit_and_sums_agree(events, quiet):
    panel = panel_with(*events)
    told = publish(panel)
    outside = np.isin(panel.series_ids, list("cdef"))
    for of in ("quantiles", "tier"):
        np.testing.assert_array_equal(
            getattr(told.forecast, of)[outside], getattr(quiet.forecast, of)[outside], err_msg=of
        )
    np.testing.assert_array_equal(told.mean[outside], quiet.mean[outside])
    assert told.paths is not None
    assert quiet.paths is not None
    apart = [joint.paths[joint.paths["series_id"].isin(list("cdef"))] for joint in (told, quiet)]
    for one, other in zip(*(rows["y"] for rows in apart), strict=True):
        np.testing.assert_array_equal(one, other)
    touched = ["all", "qc", "qc/mtl", "a", "b"]
    pd.testing.assert_frame_equal(levels(told, without=touched), levels(quiet, without=touched), check_exact=True)
    sums = told.aggregates.query("period == 'interval' and level == 'all'").sort_values("ts")
    is_open = panel.open[:, panel.n_history :]
    np.testing.assert_allclose(sums["mean"], np.where(is_open, told.mean, 0).sum(axis=0), rtol=1e-5)


def test_a_campaign_keeps_its_whole_lift_and_the_total_knows_it_in_proportion(quiet):
    panel = panel_with(CAMPAIGN)
    told = publish(panel)
    campaign = panel.campaign[:, panel.n_history :]
    expected = np.where(campaign, 1.5, 1.0)
    np.testing.assert_allclose(told.mean, quiet.mean * expected, rtol=1e-6)
    np.testing.assert_allclose(told.forecast.quantiles, quiet.forecast.quantiles * expected[..., None], rtol=1e-6)
    totals = [
        joint.aggregates.query("level == 'all' and period == 'interval'")["mean"].to_numpy() for joint in (told, quiet)
    ]
    added = np.where(campaign, 0.5 * quiet.mean, 0.0).sum(axis=0)
    np.testing.assert_allclose(totals[0] - totals[1], added, rtol=1e-4, atol=1e-3)
    rows = forecast_rows(panel, told.forecast, mean=told.mean)
    assert rows["event_factor"].notna().sum() == campaign.sum()
    np.testing.assert_allclose(rows["event_factor"].dropna(), 1.5, rtol=1e-6)


def test_without_a_hierarchy_the_same_effect_is_published():
    panel = panel_with(CAMPAIGN)
    told, quiet = forecast_panel(panel, MEMBERS), forecast_panel(panel_with(), MEMBERS)
    campaign = panel.campaign[:, panel.n_history :]
    # members that know no campaign take nothing off the effect
    assert quiet.weights["trees"][campaign].max() < 1
    np.testing.assert_allclose(told.mean / quiet.mean, np.where(campaign, 1.5, 1.0), rtol=1e-5)
    np.testing.assert_array_equal(told.baseline, quiet.quantiles)
    assert (told.member_forecasts["trees"][campaign] > quiet.member_forecasts["trees"][campaign]).all()


def test_a_closed_series_adds_nothing_and_others_stay():
    panel = panel_with(*EVENTS["a closure"])
    told = publish(panel)
    closed = ~panel.open[:, panel.n_history :] & panel.usual_open[:, panel.n_history :]
    assert closed[:2, 24:48].all()
    assert (told.mean[closed] == 0).all()
    site = told.aggregates.query("group_key == 'qc/mtl' and period == 'interval'")
    assert len(site) == 7 * 12 - 24


def test_a_special_opening_is_forecast_by_the_series_alone(quiet):
    opening = ("holiday", {"series_id": "e"}, "2024-11-09T00:00Z", "2024-11-10T00:00Z")
    panel = panel_with(opening)
    told = publish(panel)
    special = (panel.open & ~panel.usual_open)[:, panel.n_history :]
    assert special[4, 5 * 12 + 5 : 5 * 12 + 10].all()
    assert special.sum() == 5
    assert (told.mean[special] > 0).all()
    assert np.isfinite(told.mean[special]).all()
    others = np.array([name != "e" for name in panel.series_ids])
    np.testing.assert_array_equal(told.forecast.quantiles[others], quiet.forecast.quantiles[others])
    region = told.aggregates.query("group_key == 'on' and period == 'interval'").sort_values("ts")["mean"].to_numpy()
    before = quiet.aggregates.query("group_key == 'on' and period == 'interval'").sort_values("ts")["mean"].to_numpy()
    np.testing.assert_allclose((region - before)[5 * 12 + 5 : 5 * 12 + 10], told.mean[special], rtol=1e-3)


def test_an_event_of_the_past_alone_leaves_no_factor():
    past = ("campaign", {"site": "mtl"}, "2024-10-07T00:00Z", "2024-10-12T00:00Z")
    forecast = forecast_panel(panel_with(past), MEMBERS)
    assert forecast.factors is None
    assert forecast.baseline is None


def test_an_event_that_no_member_knows_of_changes_nothing():
    panel = panel_with(CAMPAIGN)
    forecast = forecast_panel(panel, {})
    np.testing.assert_array_equal(forecast.quantiles, forecast_panel(panel_with(), {}).quantiles)


def test_an_event_of_all_series_moves_each_by_its_own_ratio():
    panel = panel_with(("campaign", {}, *TWO_DAYS))
    told, quiet = forecast_panel(panel, MEMBERS), forecast_panel(panel_with(), MEMBERS)
    expected = np.where(panel.campaign[:, panel.n_history :], 1.5, 1.0)
    is_open = panel.open[:, panel.n_history :]
    np.testing.assert_allclose(told.mean[is_open], (quiet.mean * expected)[is_open], rtol=1e-5)


def test_what_reconciliation_learns_knows_nothing_of_events():
    past = ("campaign", {"site": "mtl"}, "2024-10-22T00:00Z", "2024-10-25T00:00Z")
    panel = panel_with(past)
    joint = publish(panel)
    nodes: HierarchyNodes = joint.nodes
    columns = np.asarray(nodes.origin_columns)[:, None] + np.arange(panel.n_horizon)
    event = np.moveaxis(panel.event[:, columns], 1, 0)
    assert event.any()
    assert np.isnan(nodes.held.y[event]).all()
    assert np.isnan(nodes.held.predicted[event]).all()
    assert np.isfinite(nodes.held.y[~event & np.isfinite(nodes.held.predicted[..., 0])]).any()
    assert not nodes.groups_panel.campaign.any()


def test_ratios_of_small_forecasts_are_those_of_the_day():
    before = np.array([[10.0, 10.0, 0.01, 0.0], [np.nan] * 4])
    after = np.array([[15.0, 15.0, 3.0, 1.0], [np.nan] * 4])
    event = np.ones((2, 4), dtype=bool)
    event[1, 3] = False
    ratios = find_ratios(after, before, event=event, day=np.zeros(4, dtype=np.int64))
    np.testing.assert_allclose(ratios[0], [1.5, 1.5, 34 / 20.01, 34 / 20.01])
    # a series without an answer takes what the event changes in the others
    np.testing.assert_allclose(ratios[1], [1.5, 1.5, 300.0, 1.0])


def test_a_campaign_is_as_strong_as_those_before_it_less_what_few_of_them_prove():
    past = [
        ("campaign", {"site": "mtl"}, "2024-09-16T00:00Z", "2024-09-21T00:00Z"),
        ("campaign", {"site": "mtl"}, "2024-10-07T00:00Z", "2024-10-12T00:00Z"),
    ]
    bare = panel_with(*past, CAMPAIGN)
    y = np.where(bare.campaign[:, : bare.n_history], 1.5 * bare.y, bare.y)
    panel, quiet = replace(bare, y=y), replace(panel_with(*past), y=y)
    campaign = panel.campaign[:, panel.n_history :]
    # also where no member has learned anything of campaigns
    for members in ({}, {"trees": EventReader(lift=1.0)}):
        told, alone = forecast_panel(panel, members), forecast_panel(quiet, members)
        lift = (told.mean / alone.mean)[:2][campaign[:2]]
        assert lift.min() > 1.5 ** (2 / 2.5) - 0.08
        assert lift.max() < 1.5 ** (2 / 2.5) + 0.08
        np.testing.assert_array_equal(told.mean[2:], alone.mean[2:])
