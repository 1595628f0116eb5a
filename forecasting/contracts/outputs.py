"""The contract on forecast rows: nothing is published that breaks it."""

import numpy as np
import pandas as pd
import pandera.pandas as pa

from forecasting.contracts.failures import validate
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
    schema = forecast_schema()
    validate(rows, schema, table="forecast.forecasts", place=lambda row: f"{row['series_id']} at {row['ts']}")
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
