"""The contract on forecast rows."""

import numpy as np
import pandas as pd
import pytest
from pyarrow import FixedSizeListArray, array

from forecasting.contracts.outputs import check_aggregates, check_forecasts, check_paths
from forecasting.errors import ContractError
from forecasting.terms import QUANTILE_COLUMNS, Period, Stat
from tests.aggregates import make_aggregates, make_paths

TS = pd.date_range("2024-01-01", periods=3, freq="h", tz="UTC")


def make_rows() -> pd.DataFrame:
    """A sound night of two series and three intervals."""
    rows = pd.DataFrame({"series_id": pd.Categorical(np.repeat(["a", "b"], 3)), "ts": list(TS) * 2})
    rows["horizon_step"] = np.tile(np.arange(1, 4, dtype=np.int32), 2)
    rows["mean"] = 10.0
    for place, name in enumerate(QUANTILE_COLUMNS):
        rows[name] = 7.0 + place
    return rows.assign(tier=pd.Categorical(["seasonal_naive"] * 6))


def expected() -> pd.DataFrame:
    return make_rows()[["series_id", "ts"]]


def test_sound_rows_pass_in_any_order():
    check_forecasts(make_rows().sample(frac=1, random_state=1), expected=expected())


def test_no_row_passes_where_none_is_expected():
    check_forecasts(make_rows().iloc[:0], expected=expected().iloc[:0])


def test_equal_quantiles_and_zero_pass():
    rows = make_rows()
    rows[["mean", *QUANTILE_COLUMNS]] = 0.0
    check_forecasts(rows, expected=expected())


@pytest.mark.parametrize(
    ("column", "value", "check"),
    [
        ("q50", np.nan, "not_nullable"),
        ("q95", np.inf, "finite and not negative"),
        ("mean", np.nan, "not_nullable"),
        ("q05", -0.001, "finite and not negative"),
        ("mean", -1.0, "finite and not negative"),
        ("q25", 99.0, "quantiles in order"),
        ("q90", 0.0, "quantiles in order"),
        ("horizon_step", 0, "greater_than_or_equal_to"),
        ("ts", TS[1], "one row an interval"),
    ],
)
def test_one_bad_value_stops_the_publication(column, value, check):
    rows = make_rows()
    rows.loc[0, column] = value
    with pytest.raises(ContractError, match=f"{check}.*first a at 2024-01-01 0.*nothing was published") as failure:
        check_forecasts(rows, expected=expected())
    assert "\n" not in str(failure.value)
    assert failure.value.table == "forecast.forecasts"
    assert check in failure.value.check
    assert failure.value.failed == 1
    assert failure.value.exit_code == 3


@pytest.mark.parametrize("tier", ["guess", None])
def test_tier_outside_the_vocabulary_stops_the_publication(tier):
    rows = make_rows().assign(tier=[tier, *["tft"] * 5])
    with pytest.raises(ContractError, match="tier"):
        check_forecasts(rows, expected=expected())


@pytest.mark.parametrize("column", ["q50", "mean", "ts", "tier"])
def test_missing_column_stops_the_publication(column):
    with pytest.raises(ContractError, match=f"first {column}; nothing was published"):
        check_forecasts(make_rows().drop(columns=column), expected=expected())


def test_open_interval_without_a_row_is_named():
    with pytest.raises(
        ContractError, match="1 open intervals have no row and 0 rows have no open interval, first a at"
    ) as failure:
        check_forecasts(make_rows().iloc[1:], expected=expected())
    assert failure.value.failed == 1


def test_row_of_a_closed_interval_is_named():
    with pytest.raises(
        ContractError, match="0 open intervals have no row and 1 rows have no open interval, first b at"
    ):
        check_forecasts(make_rows(), expected=expected().iloc[:-1])


def test_sound_aggregates_pass_in_any_order_with_any_index():
    rows = make_aggregates(TS[0])
    check_aggregates(rows.sample(frac=1, random_state=1))
    check_aggregates(rows.iloc[:0])
    check_aggregates(rows.astype({"stat": str, "level": str}).set_axis([0] * len(rows)))
    for stat, period in zip(Stat, [*Period, *Period], strict=False):
        check_aggregates(rows.iloc[:1].astype({"stat": str, "period": str}).assign(stat=str(stat), period=str(period)))


@pytest.mark.parametrize(
    ("column", "value", "check"),
    [
        ("q50", np.nan, "not_nullable"),
        ("q95", np.inf, "finite and not negative"),
        ("mean", -0.5, "finite and not negative"),
        ("q25", 99.0, "quantiles in order"),
        ("stat", "median", "isin"),
        ("period", "quarter", "isin"),
        ("level", "", "not empty"),
        ("group_key", "", "not empty"),
        ("ts", TS[0] + pd.Timedelta(days=1), "one row for level, group_key, stat, period, ts"),
    ],
)
def test_one_bad_aggregate_stops_the_publication(column, value, check):
    rows = make_aggregates(TS[0]).astype(dict.fromkeys(("level", "group_key", "stat", "period"), object))
    rows.loc[0, column] = value
    with pytest.raises(ContractError, match=f"{check}.* in the .* of 2024-01-0.*; nothing was published") as failure:
        check_aggregates(rows)
    assert (failure.value.table, failure.value.failed) == ("forecast.aggregates", 1)
    assert "\n" not in str(failure.value)


def test_aggregates_of_other_columns_or_local_time_stop_the_publication():
    rows = make_aggregates(TS[0])
    for wrong in (
        rows.drop(columns="mean"),
        rows.assign(origin=TS[0]),
        rows.assign(ts=rows["ts"].dt.tz_localize(None)),
    ):
        with pytest.raises(ContractError, match=r"forecast\.aggregates"):
            check_aggregates(wrong)


def test_paths_of_every_expected_interval_pass_as_arrays_and_as_arrow_lists():
    paths = make_paths(expected())
    check_paths(paths.sample(frac=1, random_state=1), expected=expected())
    flat = array(np.concatenate([*paths["y"]]))
    arrow = pd.Series(pd.arrays.ArrowExtensionArray(FixedSizeListArray.from_arrays(flat, 4)))
    check_paths(paths.assign(y=arrow), expected=expected())
    check_paths(paths.iloc[:0], expected=expected().iloc[:0])


@pytest.mark.parametrize(
    ("values", "check"),
    [
        ([1.0, 2.0, np.nan, 3.0], "finite and not negative"),
        ([1.0, 2.0, np.inf, 3.0], "finite and not negative"),
        ([1.0, 2.0, -0.1, 3.0], "finite and not negative"),
        ([1.0, 2.0, 3.0], "equally many"),
        ([], "equally many"),
        (None, "equally many"),
    ],
)
def test_one_bad_path_stops_the_publication(values, check):
    paths = make_paths(expected())
    arrays = [*paths["y"]]
    arrays[1] = values if values is None else np.array(values, dtype=np.float32)
    paths["y"] = pd.Series(arrays, dtype=object)
    with pytest.raises(ContractError, match=f"1 rows break '{check}', first a at 2024-01-01 01.*nothing") as failure:
        check_paths(paths, expected=expected())
    assert (failure.value.table, failure.value.failed) == ("forecast.paths", 1)


def test_path_of_an_interval_that_lacks_or_is_not_open_is_named():
    paths = make_paths(expected())
    with pytest.raises(ContractError, match=r"forecast\.paths: 1 open intervals have no row and 0 rows"):
        check_paths(paths.iloc[1:], expected=expected())
    with pytest.raises(ContractError, match="0 open intervals have no row and 1 rows have no open interval"):
        check_paths(paths, expected=expected().iloc[1:])
    with pytest.raises(ContractError, match="one row an interval"):
        check_paths(paths.iloc[[0, *range(6)]], expected=expected())
