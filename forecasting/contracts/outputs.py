"""The contract on forecast rows: nothing is published that breaks it."""

import numpy as np
import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from forecasting.errors import ContractError
from forecasting.terms import QUANTILE_COLUMNS, Tier

_FINITE = pa.Check(lambda values: np.isfinite(values) & (values >= 0), name="finite and not negative")


def _sorted(rows: pd.DataFrame) -> pd.Series:
    quantiles = rows[list(QUANTILE_COLUMNS)].to_numpy()
    return pd.Series((np.diff(quantiles, axis=1) >= 0).all(axis=1), index=rows.index)


def forecast_schema() -> pa.DataFrameSchema:
    """The pandera schema of forecast rows: typed columns, finite ordered quantiles, unique keys."""
    numbers = {name: pa.Column(float, checks=_FINITE) for name in ("mean", *QUANTILE_COLUMNS)}
    return pa.DataFrameSchema(
        {
            "series_id": pa.Column(),
            "ts": pa.Column(),
            "horizon_step": pa.Column(int, checks=pa.Check.ge(1), coerce=True),
            **numbers,
            "tier": pa.Column(checks=pa.Check.isin([str(tier) for tier in Tier])),
        },
        checks=[
            pa.Check(_sorted, name="quantiles in order"),
            pa.Check(lambda rows: ~rows.duplicated(["series_id", "ts"]), name="one row an interval"),
        ],
    )


def check_forecasts(rows: pd.DataFrame, *, expected: pd.DataFrame) -> None:
    """Raises ContractError unless the rows hold the schema and exactly one row for each expected (series_id, ts).

    expected: series_id, ts of the open intervals of the horizon.
    """
    try:
        forecast_schema().validate(rows, lazy=True)
    except SchemaErrors as failure:
        raise _broken(rows, failure.failure_cases) from failure
    found = pd.MultiIndex.from_frame(rows[["series_id", "ts"]])
    wanted = pd.MultiIndex.from_frame(expected[["series_id", "ts"]])
    missing, extra = wanted.difference(found), found.difference(wanted)
    if len(missing) or len(extra):
        series, ts = (missing if len(missing) else extra)[0]
        raise ContractError(
            f"forecast.forecasts: {len(missing)} open intervals have no row and {len(extra)} rows have no open "
            "interval, first "
            f"{series} at {ts}; nothing was published",
            table="forecast.forecasts",
            check="one row an open interval",
            failed=len(missing) + len(extra),
        )


def _broken(rows: pd.DataFrame, cases: pd.DataFrame) -> ContractError:
    """The error of the first check that failed, of one column before one of the whole row, with its first row."""
    cases = cases.sort_values("schema_context", kind="stable")
    case = cases.iloc[0]
    check = str(case["check"])
    indices = cases.loc[cases["check"] == check, "index"].dropna().unique()
    place = f"{case['failure_case']}"
    if len(indices):
        row = rows.loc[indices[0]]
        place = f"{row['series_id']} at {row['ts']}"
    if case["schema_context"] == "Column" and len(indices):
        place = f"{place} with {case['column']} {case['failure_case']}"
    failed = max(len(indices), 1)
    return ContractError(
        f"forecast.forecasts: {failed} rows break '{check}', first {place}; nothing was published",
        table="forecast.forecasts",
        check=check,
        failed=failed,
    )
