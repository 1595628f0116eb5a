"""What would be if: a scenario is planned beside the plan, from the same paths, and moves nothing of it."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from forecasting.errors import FeedError, SettingsError
from forecasting.jobs import plan
from forecasting.jobs.planners import adjust
from forecasting.jobs.scenarios import manage
from forecasting.jobs.scenarios import plan as planning
from forecasting.jobs.scenarios.compare import compare
from forecasting.settings import Settings, read_settings
from forecasting.store.checks import OF_FORECASTS, find_broken
from forecasting.store.lake.open import open_lake, open_lake_to_read
from forecasting.terms import Operation
from tests.backfills import frame
from tests.contact_centre import CALLS, NEXT, forecast_centre, make_calls, write_centre
from tests.network import ORIGIN, PEAKS, TRAFFIC

WORDS = {"reason": "spring", "author": "ana"}
SEEN = ("staffing_latest", "staffing_periods_latest", "rosters_latest", "plan_latest", "forecast_final")
ORIGIN_BEFORE = "2024-03-24"
DELTA = "select * from analyst.scenario_delta where stream = 'calls' order by all"


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A contact centre that no other test sees, with a plan."""
    settings = read_settings({"FORECASTING_HOME": str(tmp_path_factory.mktemp("scenarios") / "home")})
    write_centre(settings, make_calls())
    forecast_centre(settings, NEXT)
    plan.run(settings, CALLS, origin=NEXT)
    return settings


def forget(settings: Settings) -> None:
    with open_lake(settings) as lake:
        for table in (
            "planning.adjustments",
            "planning.scenarios",
            "planning.scenario_rules",
            "planning.scenario_copies",
        ):
            lake.connection.execute(f"delete from {table}")
        lake.connection.execute("delete from forecast.publications where scenario is not null")


@pytest.fixture
def desk(own: Settings):
    yield own
    forget(own)


def made(settings: Settings, name: str = "promo") -> str:
    manage.create(settings, name, **WORDS)
    return name


def planned(settings: Settings, name: str = "promo") -> pd.DataFrame:
    planning.run(settings, CALLS, origin=NEXT, scenario=name)
    return frame(settings, DELTA)


def of(deltas: pd.DataFrame, place: str, measure: str, period: str = "horizon") -> pd.Series:
    found = deltas[(deltas["place"] == place) & (deltas["measure"] == measure) & (deltas["period"] == period)]
    assert len(found) == 1
    return found.iloc[0]


def campaign(settings: Settings, **changes):
    given = {
        "operation": Operation.PERCENT,
        "value": 15.0,
        "scope": {"series_id": "care.*"},
        "starts": "2024-03-26",
        "ends": "2024-03-28",
        "scenario": "promo",
        **WORDS,
    }
    return adjust.add(settings, CALLS, **given | changes)


def copied(settings: Settings, **changes) -> None:
    given = {"series": "care.voice", "copy": "annex", "percent": 50.0, "starts": "2024-03-26", "ramp": None}
    manage.add_copy(settings, "promo", CALLS, **given | {"author": "ana"} | changes)


def test_a_scenario_that_supposes_nothing_is_the_plan_to_the_last_bit(desk):
    before = [frame(desk, f"select * from analyst.{view} order by all") for view in SEEN]
    deltas = planned(desk, made(desk))
    assert set(deltas["measure"]) == {
        *("calls", "work_hours", "service_level", "agent_hours", "rostered_hours", "paid_hours")
    }
    assert set(deltas["place"]) == {"all", "care", "sales", "tech"}
    np.testing.assert_array_equal(deltas[["delta"]].to_numpy(), 0)
    np.testing.assert_array_equal(deltas[["delta_q10", "delta_q90"]].dropna().to_numpy(), 0)
    for view, rows in zip(SEEN, before, strict=True):
        pd.testing.assert_frame_equal(frame(desk, f"select * from analyst.{view} order by all"), rows)
    with open_lake_to_read(desk) as lake:
        since = datetime(2024, 1, 1, tzinfo=UTC)
        for check in OF_FORECASTS:
            assert find_broken(lake, check, stream=CALLS, since=since).failed == 0, check


def test_a_campaign_moves_its_own_pool_path_by_path_and_nobody_else(desk):
    made(desk)
    final = frame(desk, "select * from analyst.forecast_final order by all")
    effect = campaign(desk)
    assert effect.plans == ("changes once scenario promo is planned: forecasting plan ... --scenario promo",)
    deltas = planned(desk)
    pd.testing.assert_frame_equal(frame(desk, "select * from analyst.forecast_final order by all"), final)
    days = deltas[(deltas["place"] == "care") & (deltas["period"] == "day") & (deltas["measure"] == "calls")]
    touched = days["ts_local"].dt.strftime("%Y-%m-%d").isin(["2024-03-26", "2024-03-27"])
    assert touched.sum() == 2
    np.testing.assert_allclose(days.loc[touched, "delta"], 0.15 * days.loc[touched, "base"], rtol=1e-6)
    np.testing.assert_array_equal(days.loc[~touched, ["delta", "delta_q10", "delta_q90"]].to_numpy(), 0)
    # where demand is scaled path by path the range of the difference is 15% of the range of demand
    assert (days.loc[touched, "delta_q10"] < days.loc[touched, "delta"]).all()
    others = deltas[deltas["place"].isin(["sales", "tech"])]
    np.testing.assert_array_equal(others["delta"].to_numpy(), 0)
    for measure in ("calls", "work_hours", "agent_hours", "rostered_hours"):
        more = of(deltas, "care", measure)["delta"]
        assert more > 0
        assert of(deltas, "all", measure)["delta"] == pytest.approx(more)
    adjust.withdraw(desk, effect.adjustment_id)
    np.testing.assert_array_equal(planned(desk)["delta"].to_numpy(), 0)


def test_other_rules_change_people_and_not_calls(desk):
    made(desk)
    manage.change_rules(desk, "promo", CALLS, {"shrinkage": "0.5", "target": "90/10"}, author="ana")
    deltas = planned(desk)
    assert of(deltas, "all", "calls")["delta"] == 0
    assert of(deltas, "all", "agent_hours")["delta"] > 0
    assert (
        of(deltas, "all", "rostered_hours")["scenario_value"] >= 2 * of(deltas, "all", "agent_hours")["scenario_value"]
    )
    manage.change_rules(desk, "promo", CALLS, {"handle_time": "8min"}, author="ana")
    assert of(planned(desk), "all", "work_hours")["delta"] > 0
    manage.change_rules(
        desk, "promo", CALLS, dict.fromkeys(("shrinkage", "target", "handle_time"), "default"), author="ben"
    )
    np.testing.assert_array_equal(planned(desk)["delta"].to_numpy(), 0)


def test_a_new_site_is_answered_by_a_pool_of_its_own_and_grows(desk):
    made(desk)
    copied(desk)
    at_once = of(planned(desk), "annex", "calls")["delta"]
    copied(desk, ramp="2d")
    deltas = planned(desk)
    assert 0 < of(deltas, "annex", "calls")["delta"] < at_once
    annex = deltas[(deltas["place"] == "annex") & (deltas["measure"] == "calls") & (deltas["period"] == "day")]
    by_day = annex.set_index(annex["ts_local"].dt.strftime("%d"))
    assert (annex["base"] == 0).all()
    assert by_day.loc["25", "scenario_value"] == 0
    assert (
        0 < by_day.loc["26", "scenario_value"] < by_day.loc["27", "scenario_value"] < by_day.loc["28", "scenario_value"]
    )
    forecast = frame(
        desk,
        "select sum(mean) as mean from analyst.forecast_latest where stream = 'calls' and series_id = 'care.voice' "
        "and ts_local between timestamp '2024-03-28' and timestamp '2024-03-28 23:59'",
    )["mean"][0]
    assert by_day.loc["28", "scenario_value"] == pytest.approx(0.5 * forecast, rel=1e-3)
    assert of(deltas, "all", "calls")["delta"] == pytest.approx(annex["delta"].sum())
    assert manage.show_one(desk, "promo")["what"].tolist() == ["annex: 50% of care.voice"]


def test_a_plan_of_other_adjustments_is_no_plan_to_compare_with(desk):
    made(desk)
    effect = campaign(desk, scenario="base")
    with pytest.raises(FeedError, match="none was made from the forecast, the adjustments and the rules of now"):
        planned(desk)
    adjust.withdraw(desk, effect.adjustment_id)
    np.testing.assert_array_equal(planned(desk)["delta"].to_numpy(), 0)


def test_a_past_morning_knows_no_scenario_of_today(desk):
    made(desk)
    with pytest.raises(SettingsError, match="there is no scenario 'promo'"):
        planning.run(desk, CALLS, origin=ORIGIN_BEFORE, scenario="promo")


def test_a_scenario_from_another_supposes_the_same_and_a_closed_one_is_planned_no_more(desk):
    made(desk)
    manage.change_rules(desk, "promo", CALLS, {"patience": "1min"}, author="ana")
    campaign(desk)
    manage.create(desk, "harder", source="promo", **WORDS)
    assert manage.show_one(desk, "harder")["what"].tolist() == ["patience = 1min", "series_id=care.*: +15%"]
    manage.close(desk, "promo")
    assert manage.show(desk)["scenario"].tolist() == ["harder"]
    with pytest.raises(SettingsError, match="scenario promo is closed"):
        planned(desk)


def test_a_comparison_is_a_table_of_what_differs(desk):
    made(desk)
    with pytest.raises(SettingsError, match="scenario promo was not planned; plan it: forecasting plan calls"):
        compare(desk, CALLS, "promo")
    campaign(desk)
    planned(desk)
    table = compare(desk, CALLS, "promo").table()
    assert set(table["place"]) == {"all", "care"}
    calls = table[(table["place"] == "all") & (table["measure"] == "calls")].iloc[0]
    assert " to " in calls["8 of 10"]
    assert set(table.loc[table["measure"] == "paid hours", "days"]) == {"2024-03-25"}


@pytest.mark.parametrize(
    ("action", "told"),
    [
        (lambda desk: manage.create(desk, "base", **WORDS), "expected a name of small letters"),
        (lambda desk: manage.create(desk, "Promo!", **WORDS), "expected a name of small letters"),
        (lambda desk: manage.create(desk, "promo", **WORDS), "there is a scenario promo already"),
        (
            lambda desk: manage.create(desk, "other", source="none", **WORDS),
            "there is no scenario 'none'; there are base",
        ),
        (lambda desk: manage.create(desk, "other", reason=" ", author="ana"), "--reason is empty"),
        (lambda desk: campaign(desk, scenario="nope"), "there is no scenario 'nope'; there are base, promo"),
        (
            lambda desk: manage.change_rules(desk, "promo", CALLS, {"shrinkage": "1.5"}, author="ana"),
            "shrinkage = '1.5': Input should be less than 1",
        ),
        (
            lambda desk: manage.change_rules(desk, "promo", CALLS, {"pools": "x"}, author="ana"),
            "'pools' is no rule that it can change; there are target",
        ),
        (
            lambda desk: manage.add_copy(
                desk, "promo", CALLS, series="nope", copy="a", percent=5, starts="2024-03-26", ramp="0d", author="a"
            ),
            "there is no series 'nope'; there are care.chat",
        ),
        (lambda desk: planning.run(desk, CALLS, origin=NEXT, scenario="nope"), "there is no scenario 'nope'"),
        (lambda desk: copied(desk, copy="all"), "expected a name of letters"),
        (lambda desk: copied(desk, copy=" "), "expected a name of letters"),
        (lambda desk: copied(desk, copy="care"), "there is a series or pool of that name already"),
        (lambda desk: copied(desk, ramp="12h"), "--ramp 12h: expected whole days"),
        (lambda desk: copied(desk, percent=-1.0), "expected 0 or more"),
    ],
)
def test_what_is_wrong_is_one_line_and_nothing_is_written(desk, action, told):
    made(desk)
    with pytest.raises(SettingsError, match=told):
        action(desk)
    assert manage.show(desk)["scenario"].tolist() == ["promo"]
    assert manage.show_one(desk, "promo").empty


def test_more_traffic_brings_orders_forward(network):
    try:
        made(network, "growth")
        effect = {"scope": {"series_id": "a.*"}, "operation": Operation.PERCENT, "value": 60.0, "scenario": "growth"}
        span = {"starts": ORIGIN, "ends": str(pd.Timestamp(ORIGIN) + pd.Timedelta(days=700))[:10]}
        planning.run(network, TRAFFIC, origin=ORIGIN, scenario="growth")
        asked = f"select * from analyst.scenario_delta where stream = '{TRAFFIC}' order by all"
        assert frame(network, asked)["delta"].tolist() == [0.0, 0.0]
        adjust.add(network, PEAKS, **effect, **span, **WORDS)
        planning.run(network, TRAFFIC, origin=ORIGIN, scenario="growth")
        deltas = frame(network, asked).set_index(["measure", "place"])["delta"]
        assert deltas["links_due", "all"] > 0
        assert deltas["cost", "all"] > 0
        assert {place for _, place in deltas.index} <= {"all", "a.full_soon", "a.never", "a.steady"}
    finally:
        forget(network)


def test_more_capacity_from_a_day_on_puts_orders_off(network):
    try:
        made(network, "larger")
        given = {"series": "a.full_soon", "starts": ORIGIN, "author": "ben"}
        manage.set_capacity(network, "larger", TRAFFIC, capacity=1e6, **given)
        planning.run(network, TRAFFIC, origin=ORIGIN, scenario="larger")
        asked = f"select * from analyst.scenario_delta where stream = '{TRAFFIC}' order by all"
        deltas = frame(network, asked).set_index(["measure", "place"])["delta"]
        assert deltas["cost", "a.full_soon"] < 0
        assert deltas["cost", "all"] == deltas["cost", "a.full_soon"]
        assert manage.show_one(network, "larger")["what"].tolist() == [
            f"capacity of a.full_soon = 1000000 from {ORIGIN}"
        ]
        manage.set_capacity(network, "larger", TRAFFIC, capacity=1e-6, **given)
        with pytest.raises(SettingsError, match="already; expected more than that"):
            planning.run(network, TRAFFIC, origin=ORIGIN, scenario="larger")
        with pytest.raises(SettingsError, match="there is no link 'nope'"):
            manage.set_capacity(network, "larger", TRAFFIC, capacity=1.0, **given | {"series": "nope"})
    finally:
        forget(network)


def test_a_scenario_needs_a_plan_to_be_compared_with(desk):
    made(desk)
    with open_lake(desk) as lake:
        held = lake.connection.execute("select * from forecast.publications where kind = 'plan'").df()
        lake.connection.execute("delete from forecast.publications where kind = 'plan'")
    try:
        with pytest.raises(FeedError, match="plan first: forecasting plan calls --origin 2024-03-25T00:00"):
            planned(desk)
    finally:
        with open_lake(desk) as lake:
            lake.connection.register("held", held)
            lake.connection.execute("insert into forecast.publications by name select * from held")
