"""The contract on a plan's tables."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from forecasting.contracts.plans import TABLES, check_plan
from forecasting.errors import ContractError
from tests.plans import make_capacity_plan, make_deltas, make_plan, numbers_of

ORIGIN = datetime(2024, 1, 31, tzinfo=UTC)
NUMBERS = [(name, column) for name, rows in make_plan(ORIGIN).items() for column in numbers_of(rows)]


def with_value(table: str, column: str, value: object, *, row: int = 0) -> dict[str, pd.DataFrame]:
    tables = make_plan(ORIGIN)
    rows = tables[table].astype({column: object if isinstance(value, str | date) or value is None else float})
    rows.loc[row, column] = value
    return tables | {table: rows}


def test_sound_plan_passes_in_any_order():
    check_plan(make_plan(ORIGIN))
    check_plan({name: rows.sample(frac=1, random_state=1) for name, rows in make_plan(ORIGIN).items()})


def test_plan_of_staffing_alone_passes_even_where_all_is_closed():
    staffing = make_plan(ORIGIN)["staffing"]
    check_plan({"staffing": staffing})
    check_plan({"staffing": staffing.iloc[:0]})


def test_plan_of_capacity_alone_passes_and_one_of_both():
    capacity = make_capacity_plan(ORIGIN)
    check_plan(capacity)
    check_plan({"capacity": capacity["capacity"].iloc[:0]})
    check_plan(make_plan(ORIGIN) | capacity)


def test_columns_of_the_contract_are_those_of_the_sample():
    for name, rows in (make_plan(ORIGIN) | make_capacity_plan(ORIGIN) | make_deltas(ORIGIN)).items():
        assert set(TABLES[name].columns) == set(rows.columns)


@pytest.mark.parametrize(("table", "column"), NUMBERS)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_number_that_is_none_stops_the_publication(table, column, value):
    with pytest.raises(ContractError, match=r"planning\..* rows break .* first .*; nothing was published") as failure:
        check_plan(with_value(table, column, value))
    assert "\n" not in str(failure.value)
    assert (failure.value.table, failure.value.exit_code) == (f"planning.{table}", 3)


@pytest.mark.parametrize(
    ("table", "column", "value", "told"),
    [
        ("staffing", "agents", -1, "a whole number of people"),
        ("staffing", "agents", 5.5, "a whole number of people"),
        ("staffing", "rostered", 4, "rostered not below agents"),
        ("staffing", "calls", -0.1, "finite and not negative"),
        ("staffing", "met", 1.01, "between 0 and 1"),
        ("staffing", "service_level", -0.01, "between 0 and 1"),
        ("staffing", "occupancy", 1.2, "between 0 and 1"),
        ("staffing", "abandonment", 2, "between 0 and 1"),
        ("staffing", "confidence", 0, "above 0 and below 1"),
        ("staffing", "confidence", 1, "above 0 and below 1"),
        ("staffing", "rule", "guess", "isin"),
        ("staffing", "forecast_run_id", "", "not empty"),
        ("staffing", "handle_run_id", None, "not_nullable"),
        ("staffing_periods", "period", "month", "isin"),
        ("staffing_periods", "calls_q50", 99.0, "quantiles of calls in order"),
        ("staffing_periods", "service_level_q50", 0.1, "quantiles of the service level in order"),
        ("staffing_periods", "rostered_hours", 119.0, "rostered hours not below agent hours"),
        ("groups", "rostered", 1, "rostered not below agents"),
        ("rosters", "week", date(2024, 1, 30), "a Monday"),
        ("rosters", "gap", -0.1, "finite and not negative"),
        ("shifts", "person", 0, "greater_than_or_equal_to"),
        ("shifts", "breaks", "lunch", "breaks inside the shift"),
        ("shifts", "breaks", '[["2024-01-31T07:00+00:00", "2024-01-31T09:00+00:00"]]', "breaks inside the shift"),
        ("shifts", "breaks", '[["2024-01-31T03:00", "2024-01-31T04:00"]]', "breaks inside the shift"),
        ("shifts", "breaks", "[[1, 2]]", "breaks inside the shift"),
    ],
)
def test_value_that_cannot_be_stops_the_publication(table, column, value, told):
    with pytest.raises(ContractError, match=told) as failure:
        check_plan(with_value(table, column, value))
    assert (failure.value.table, failure.value.failed) == (f"planning.{table}", 1)


def test_first_row_that_breaks_a_rule_is_named_whatever_the_index():
    tables = with_value("staffing", "met", 7, row=3)
    tables["staffing"].index = [0] * len(tables["staffing"])
    with pytest.raises(ContractError) as failure:
        check_plan(tables)
    assert str(failure.value) == (
        "planning.staffing: 1 rows break 'between 0 and 1', first pool_id care, ts 2024-01-31 01:00:00+00:00, "
        "confidence 0.8 with met 7.0; nothing was published"
    )


def test_agents_that_fall_with_risk_stop_the_publication():
    tables = make_plan(ORIGIN)
    check_plan(tables)
    equal = tables["staffing"].assign(agents=5)
    check_plan({"staffing": equal})
    falling = equal.assign(agents=equal["agents"].mask((equal["confidence"] > 0.6) & (equal["pool_id"] == "sales"), 4))
    with pytest.raises(
        ContractError, match="8 rows break 'no fewer agents for a higher confidence', first pool_id sales"
    ):
        check_plan({"staffing": falling})


def test_probability_a_hair_above_one_is_one():
    check_plan(with_value("staffing", "service_level", np.nextafter(1, 2)))


@pytest.mark.parametrize("name", list(TABLES))
def test_key_that_is_there_twice_stops_the_publication(name):
    tables = make_plan(ORIGIN) | make_capacity_plan(ORIGIN) | make_deltas(ORIGIN)
    tables[name] = pd.concat([tables[name], tables[name].iloc[[1]]])
    with pytest.raises(ContractError, match=f"one row for {', '.join(TABLES[name].key)}"):
        check_plan(tables)


def test_shift_that_ends_before_it_starts_stops_the_publication():
    tables = make_plan(ORIGIN)
    tables["shifts"]["until"] = tables["shifts"]["ts"] - timedelta(hours=1)
    with pytest.raises(ContractError, match="'an end after the start'"):
        check_plan(tables)


def test_time_without_a_zone_stops_the_publication():
    tables = make_plan(ORIGIN)
    tables["groups"]["ts"] = tables["groups"]["ts"].dt.tz_localize(None)
    with pytest.raises(ContractError, match="an instant with a zone"):
        check_plan(tables)


@pytest.mark.parametrize("name", list(TABLES))
def test_columns_that_lack_or_are_too_many_stop_the_publication(name):
    tables = make_plan(ORIGIN) | make_capacity_plan(ORIGIN) | make_deltas(ORIGIN)
    last = tables[name].columns[-1]
    with pytest.raises(ContractError, match=f"first {last}; nothing was published"):
        check_plan(tables | {name: tables[name].drop(columns=last)})
    with pytest.raises(ContractError, match="first origin; nothing was published"):
        check_plan(tables | {name: tables[name].assign(origin=ORIGIN)})


def test_tables_that_are_unknown_or_lack_are_named():
    tables = make_plan(ORIGIN)
    with pytest.raises(
        ContractError, match=r"expected staffing or capacity and tables among .*, found staffing, rooms"
    ):
        check_plan({"staffing": tables["staffing"], "rooms": tables["groups"]})
    with pytest.raises(ContractError, match="found groups; nothing"):
        check_plan({"groups": tables["groups"]})
