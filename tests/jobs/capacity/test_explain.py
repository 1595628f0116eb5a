"""The reasoning behind a link of a plan: the published numbers, and what is said where they no longer hold."""

import json

import pandas as pd
import pytest

from forecasting.errors import FeedError, SettingsError
from forecasting.jobs.capacity import explain as explain_capacity
from forecasting.numerics import in_full
from tests.backfills import frame
from tests.contact_centre import speaking
from tests.network import LATER, ORIGIN, PEAKS, PINNED, PLANNED, RULES, TRAFFIC, changed_network

CHANGED = "what the plan was made from changed since"


def explain(settings, series, **given):
    return explain_capacity.capacity(settings, TRAFFIC, series=series, **given)


@pytest.fixture(scope="module")
def full(network):
    return explain(network, "a.full_soon")


def published(settings, series):
    rows = f"select * from analyst.capacity_latest where series_id = '{series}'"
    return frame(settings, f"{rows} order by failure <> 'none', failure")


def test_the_published_numbers_are_told_and_hold_when_they_are_made_again(network, full):
    intact = published(network, "a.full_soon").iloc[0]
    assert (full.run_id, full.origin) == (intact["run_id"], "2024-06-10T04:00:00+00:00")
    assert not [line for line in full.lines if CHANGED in line]
    peak, ceiling, run_out, order, step, delay_cost = full.lines
    assert peak.startswith(f"peak now: {in_full(intact['peak'])} units, {intact['utilisation']:.1%} of the capacity")
    assert ceiling == f"ceiling: 0.7 x 1,000 = 700 units; headroom {in_full(700 - intact['peak'])}"
    assert f"within 330 days with probability {intact['runout_probability']:.2f}" in run_out
    assert f"10% by {intact['runout_q10']:%Y-%m-%d}" in run_out
    assert order == (
        "order by, at confidence 0.9: the 10% quantile of the run-out day less 60 d of lead time: "
        f"{intact['order_by']:%Y-%m-%d}{', due' if intact['due'] else ''}"
    )
    assert step == "step: 10G: the cheapest step of the catalogue that lasts"
    assert delay_cost.endswith(
        f"= {intact['wait_cost']:,.0f}; expected delay loss {intact['expected_delay_loss']:,.0f}"
    )
    days, saved = (float(part) for part in (delay_cost.split()[5], delay_cost.split(" - ")[1].split()[0]))
    assert 400 * days - saved == pytest.approx(intact["wait_cost"], abs=25)


def test_failures_are_the_rows_of_the_plan_and_none_comes_first(network, full):
    rows = published(network, "a.full_soon")
    assert full.failures["failure"].tolist() == ["none", "n-1:a.never", "n-1:a.steady"]
    assert full.failures["peak"].tolist() == rows["peak"].round(1).tolist()
    assert full.failures["order_by"].tolist() == [f"{day:%Y-%m-%d}" for day in rows["order_by"]]


def test_peaks_ahead_are_those_that_were_forecast_and_end_at_the_published_probability(network, full):
    table = full.forecast.set_index("day")
    predicted = frame(
        network,
        f"select strftime(ts, '%Y-%m-%d') as day, q10, q50, q90 from forecast.forecasts where stream = '{PEAKS}' and "
        "series_id = 'a.full_soon'",
    ).set_index("day")
    for column in ("q10", "q50", "q90"):
        assert table[column].to_numpy() == pytest.approx(predicted.loc[table.index, column].to_numpy(), rel=0.08)
    told = table["run out by then"]
    assert told.is_monotonic_increasing
    assert told.iloc[-1] == published(network, "a.full_soon")["runout_probability"].iloc[0]
    assert (table.index[0], table.index[-1]) == (ORIGIN, "2025-05-05")


def test_the_step_is_the_cheapest_that_lasts(full):
    verdicts = dict(zip(full.steps["step"], full.steps["verdict"], strict=True))
    assert verdicts == {"1G": "adds nothing", "10G": "lasts"}
    assert full.steps["ceiling"].tolist() == [700.0, 7000.0]


def test_what_was_cut_off_stands_beside_what_was_measured_and_json_knows_no_nan(network):
    found = explain(network, "b.pinned", origin=ORIGIN)
    assert (found.measured["measured"] <= PINNED + 0.05).all()
    assert (found.measured["demand"] > found.measured["measured"]).any()
    assert any(line.startswith("suppressed: ") for line in found.lines)
    giant = explain(network, "f.giant").as_dict()
    told = json.loads(json.dumps(giant, default=str, allow_nan=False))
    assert [row["cost"] for row in told["failures"]] == [None, None]
    assert told["lines"][0].startswith("f.giant: no step of the catalogue lasts")


def test_rules_or_forecasts_that_changed_since_are_told_and_equal_ones_are_not(network, tmp_path):
    stricter = changed_network(network, tmp_path, rules=RULES.replace("threshold = 0.7", "threshold = 0.6", 1))
    (told,) = [line for line in explain(stricter, "c.alone").lines if CHANGED in line]
    assert "ceiling, headroom" in told
    with speaking(network, PEAKS, ORIGIN) as run_id:
        found = explain(network, "c.alone")
        assert not [line for line in found.lines if CHANGED in line], f"{run_id} says the same"
    with speaking(network, PEAKS, ORIGIN, where="series_id <> 'c.alone'"):
        refused(
            network, FeedError, "'c.alone' is in the plan from .*, but cannot be planned from what is on record now"
        )


def refused(settings, error, told, series="c.alone", **given):
    with pytest.raises(error, match=told) as caught:
        explain(settings, series, **given)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("series", "told"),
    [
        (
            "nope",
            "'nope' is no series of the plan from 2024-06-10T04:00:00.*; it has 9: a.full_soon, .*, b.upgraded ...$",
        ),
        ("e.zero", "'e.zero' is not in the plan: e.zero: capacity_mbps is '0', expected a number above 0"),
    ],
)
def test_a_series_that_is_not_planned_is_told_why(network, series, told):
    assert series not in PLANNED
    refused(network, SettingsError, told, series)


def test_without_a_plan_there_is_nothing_to_explain(network, tmp_path):
    refused(
        network, FeedError, "no plan of capacity from 2024-06-17T04:00:00.* was published; plan first", origin=LATER
    )
    none = changed_network(network, tmp_path, rules="", steps="")
    refused(none, SettingsError, r"its definition has no \[planning.capacity\]")


def test_no_catalogue_leaves_no_table_of_steps(network, tmp_path):
    found = explain(changed_network(network, tmp_path, steps=""), "c.alone")
    assert found.steps.empty
    assert isinstance(found.failures, pd.DataFrame)
