"""The contract on a plan of capacity."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.contracts.capacity import CAPACITY, RUNOUT_COLUMNS
from forecasting.contracts.plans import check_plan
from forecasting.errors import ContractError
from forecasting.terms import QUANTILES, SeriesFinding
from tests.plans import make_capacity_plan

ORIGIN = datetime(2024, 1, 31, tzinfo=UTC)
LAST = 14
"""Row of the last link as it is: nothing is needed, most of its dates lie beyond the horizon."""
NUMBERS = (
    "capacity",
    "ceiling",
    "peak",
    "utilisation",
    "headroom",
    "suppressed",
    "growth",
    "runout_probability",
    "confidence",
)


def changed(table: str = "capacity", *, row: int = 0, **values: object) -> dict[str, pd.DataFrame]:
    tables = make_capacity_plan(ORIGIN)
    rows = tables[table]
    for column, value in values.items():
        own = [*rows[column]]
        own[row] = value
        rows[column] = pd.Series(own, dtype="datetime64[us]" if column in CAPACITY[table].dates else None)
    return tables


def day(number: int) -> pd.Timestamp:
    return pd.Timestamp(2024, 1, 31) + pd.Timedelta(days=number)


@pytest.mark.parametrize("column", NUMBERS)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_number_that_is_none_stops_the_publication(column, value):
    with pytest.raises(ContractError, match="first series_id l0, failure none"):
        check_plan(changed(**{column: value}))


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"capacity": 0.0}, "above 0"),
        ({"peak": -1.0}, "finite and not negative"),
        ({"peak": 5.1, "headroom": 74.9}, "utilisation is peak / capacity"),
        ({"headroom": 75.1}, "headroom is ceiling - peak"),
        ({"suppressed": -0.1}, "finite and not negative"),
        ({"growth": -1.0}, "above -1"),
        ({"runout_probability": 1.1}, "between 0 and 1"),
        ({"confidence": 1.0}, "above 0 and below 1"),
        ({"lead_days": -1}, "greater_than_or_equal_to"),
        ({"failure": "n-2"}, "none or n-1"),
        ({"failure": "n-1:"}, "none or n-1"),
        ({"parallel": None}, "not_nullable"),
        ({"forecast_run_id": ""}, "not empty"),
        ({"rule": "guess"}, "isin"),
        ({"runout_q25": day(29)}, "run-out dates in order"),
        ({"runout_q50": pd.NaT}, "run-out dates in order"),
        ({"runout_q50": day(120) + pd.Timedelta(hours=5)}, "midnight without a zone"),
        ({"order_by": pd.NaT, "due": False}, "between the run-out dates around 1 - confidence"),
        ({"order_by": day(31)}, "between the run-out dates around 1 - confidence"),
        ({"order_by": day(-31)}, "between the run-out dates around 1 - confidence"),
        ({"lead_days": 91}, "between the run-out dates around 1 - confidence"),
        ({"step": None}, "where a step is sufficient and nowhere else"),
        ({"step_capacity": np.nan}, "where a step is sufficient and nowhere else"),
        ({"cost": np.nan}, "where a step is sufficient and nowhere else"),
        ({"rule": "no_sufficient_step"}, "where a step is sufficient and nowhere else"),
        ({"wait_cost": np.nan}, "together, of a step only"),
        ({"expected_delay_loss": np.nan}, "together, of a step only"),
        ({"expected_delay_loss": -1.0}, "finite and not negative"),
        ({"wait_cost": np.inf}, "wait_cost"),
    ],
)
def test_value_that_cannot_be_stops_the_publication(values, told):
    with pytest.raises(ContractError, match=told) as failure:
        check_plan(changed(**values))
    assert (failure.value.table, failure.value.failed) == ("planning.capacity", 1)
    assert "\n" not in str(failure.value)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"due": True}, "due with an order_by only"),
        ({"order_by": day(280)}, "between the run-out dates around 1 - confidence"),
        ({"rule": "sufficient"}, "where a step is sufficient and nowhere else"),
        ({"cost": 10.0}, "where a step is sufficient and nowhere else"),
        ({"wait_cost": 1.0, "expected_delay_loss": 1.0}, "together, of a step only"),
    ],
)
def test_what_is_beyond_the_horizon_asks_for_nothing(values, told):
    assert make_capacity_plan(ORIGIN)["capacity"].loc[LAST, ["order_by", "step", "runout_q95"]].isna().all()
    with pytest.raises(ContractError, match=told):
        check_plan(changed(row=LAST, **values))


def test_link_past_its_limit_has_negative_headroom_and_an_order_long_due():
    at_once = dict.fromkeys(RUNOUT_COLUMNS, day(0)) | {"order_by": day(-60)}
    check_plan(changed(peak=90.0, utilisation=0.9, headroom=-10.0, wait_cost=5.0, **at_once))


def test_rules_without_a_sufficient_step_stand_without_one():
    nothing = {
        "step": None,
        "step_capacity": np.nan,
        "cost": np.nan,
        "wait_cost": np.nan,
        "expected_delay_loss": np.nan,
    }
    for rule in ("no_sufficient_step", "no_catalogue"):
        check_plan(changed(rule=rule, **nothing))


def many(count: int, **values: object) -> dict[str, pd.DataFrame]:
    """A plan of so many links that are like the first but for some columns."""
    tables = make_capacity_plan(ORIGIN)
    rows = tables["capacity"].iloc[[0] * count].reset_index(drop=True)
    return tables | {"capacity": rows.assign(series_id=[f"l{number}" for number in range(count)], **values)}


@given(st.integers(0, 999))
@settings(max_examples=5)
def test_single_precision_is_precise_enough(seed):
    draw = np.random.default_rng(seed)
    peak, capacity = 10 ** draw.uniform(-6, 12, (2, 1000)).astype(np.float32)
    peak[:9] = 0
    ceiling = np.float32(0.8) * capacity
    made = {"capacity": capacity, "ceiling": ceiling, "peak": peak}
    made |= {"headroom": ceiling - peak, "utilisation": peak / capacity}
    check_plan(many(1000, **{name: value.astype(np.float64) for name, value in made.items()}))


@given(st.integers(0, 999), st.sampled_from([200, 137, 13]))
@settings(max_examples=5)
def test_order_fits_where_it_is_the_quantile_at_the_risk(seed, paths):
    """Run-out days of some paths, their lower quantiles by sorting, and orders by the definition."""
    draw, count, horizon = np.random.default_rng(seed), 500, 365
    ends = np.sort(np.minimum(draw.integers(0, 1200, (count, paths)) // draw.integers(1, 9, (count, 1)), horizon))
    confidence = draw.choice([0.5, 0.6, 0.75, 0.8, 0.9, 0.95, 0.97], count)
    lead = draw.integers(0, 200, count)

    def at(level: np.ndarray) -> np.ndarray:
        return ends[np.arange(count), np.ceil(level * paths - 1e-9).astype(int) - 1]

    def dates(days: np.ndarray, known: np.ndarray) -> pd.Series:
        return pd.Series(day(0) + pd.to_timedelta(days, unit="D")).where(known)

    quantiles = {
        name: dates(at(np.full(count, level)), at(np.full(count, level)) < horizon)
        for name, level in zip(RUNOUT_COLUMNS, QUANTILES, strict=True)
    }
    soonest = at(1 - confidence)
    order = dates(soonest - lead, soonest < horizon)
    assert order.isna().any()
    check_plan(many(count, **quantiles, confidence=confidence, lead_days=lead, order_by=order, due=order <= day(0)))


def test_probability_that_falls_with_the_date_stops_the_publication_in_any_order():
    with pytest.raises(ContractError, match=r"1 rows break 'a probability that never falls.*l0, failure none, date"):
        check_plan(changed("runout", row=2, probability=0.2))
    tables = make_capacity_plan(ORIGIN)
    check_plan(tables | {"runout": tables["runout"].sample(frac=1, random_state=1)})


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"probability": 1.01}, "between 0 and 1"),
        ({"probability": np.nan}, "not_nullable"),
        ({"date": pd.NaT}, "not_nullable"),
        ({"failure": ""}, "none or n-1"),
    ],
)
def test_run_out_that_cannot_be_stops_the_publication(values, told):
    with pytest.raises(ContractError, match=told):
        check_plan(changed("runout", **values))


def test_dates_as_texts_or_with_a_zone_stop_the_publication():
    tables = make_capacity_plan(ORIGIN)
    for dates in (tables["runout"]["date"].astype(str), tables["runout"]["date"].dt.tz_localize("UTC")):
        with pytest.raises(ContractError, match="midnight without a zone"):
            check_plan(tables | {"runout": tables["runout"].assign(date=dates)})


def test_findings_are_of_the_vocabulary_and_say_something():
    for finding in SeriesFinding:
        check_plan(changed("findings", finding=str(finding)))
    with pytest.raises(ContractError, match="isin"):
        check_plan(changed("findings", finding="strange"))
    with pytest.raises(ContractError, match="not empty"):
        check_plan(changed("findings", note=""))
