"""The contract on forecast rows."""

import numpy as np
import pandas as pd
import pytest

from forecasting.contracts.outputs import check_forecasts
from forecasting.errors import ContractError
from forecasting.terms import QUANTILE_COLUMNS

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
