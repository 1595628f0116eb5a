"""The contract on what a forecast publishes: nothing is published that breaks it."""

import numpy as np
import pandas as pd
import pandera.pandas as pa
from numpy.typing import NDArray
from pyarrow import array as arrow_array
from pyarrow import chunked_array

from forecasting.contracts.failures import validate
from forecasting.errors import ContractError
from forecasting.terms import QUANTILE_COLUMNS, Period, Stat, Tier

AGGREGATE_KEY = ("level", "group_key", "stat", "period", "ts")

_FINITE = pa.Check(lambda values: np.isfinite(values) & (values >= 0), name="finite and not negative")
_NUMBERS = {name: pa.Column(float, checks=_FINITE) for name in ("mean", *QUANTILE_COLUMNS)}
_TEXT = pa.Column(checks=pa.Check(lambda values: values.astype(str) != "", name="not empty"))
_TS = pa.Column(checks=pa.Check(lambda ts: isinstance(ts.dtype, pd.DatetimeTZDtype), name="an instant with a zone"))


def _sorted(rows: pd.DataFrame) -> pd.Series:
    quantiles = rows[list(QUANTILE_COLUMNS)].to_numpy()
    return pd.Series((np.diff(quantiles, axis=1) >= 0).all(axis=1), index=rows.index)


_ORDERED = pa.Check(_sorted, name="quantiles in order")


def _one_an_interval(rows: pd.DataFrame) -> pd.Series:
    ids, times = rows["series_id"], rows["ts"]
    if isinstance(ids.dtype, pd.CategoricalDtype) and isinstance(times.dtype, pd.DatetimeTZDtype):
        # rows that lie in the order of a key that rises from each to the next are found different without a look-up
        codes, ts = ids.cat.codes.to_numpy(), times.array
        if ((codes[1:] > codes[:-1]) | ((codes[1:] == codes[:-1]) & (ts[1:] > ts[:-1]))).all():
            return pd.Series(True, index=rows.index)
    return ~rows.duplicated(["series_id", "ts"])


_ONE_AN_INTERVAL = pa.Check(_one_an_interval, name="one row an interval")


def forecast_schema() -> pa.DataFrameSchema:
    """The pandera schema of forecast rows: typed columns, finite ordered quantiles, unique keys."""
    return pa.DataFrameSchema(
        {
            "series_id": pa.Column(),
            "ts": pa.Column(),
            "horizon_step": pa.Column(int, checks=pa.Check.ge(1), coerce=True),
            **_NUMBERS,
            "tier": pa.Column(checks=pa.Check.isin([str(tier) for tier in Tier])),
            "event_factor": pa.Column(float, checks=_FINITE, nullable=True, required=False),
        },
        checks=[_ORDERED, _ONE_AN_INTERVAL],
    )


def aggregate_schema() -> pa.DataFrameSchema:
    """The pandera schema of aggregates: typed columns and no others, finite ordered quantiles, unique keys."""
    return pa.DataFrameSchema(
        {
            **dict.fromkeys(("level", "group_key"), _TEXT),
            "stat": pa.Column(checks=pa.Check.isin([str(stat) for stat in Stat])),
            "period": pa.Column(checks=pa.Check.isin([str(period) for period in Period])),
            "ts": _TS,
            **_NUMBERS,
        },
        checks=[
            _ORDERED,
            pa.Check(
                lambda rows: ~rows.duplicated(list(AGGREGATE_KEY)),
                name=f"one row for {', '.join(AGGREGATE_KEY)}",
            ),
        ],
        strict=True,
    )


def check_forecasts(rows: pd.DataFrame, *, expected: pd.DataFrame) -> None:
    """Raises ContractError unless the rows hold the schema and exactly one row for each expected (series_id, ts).

    expected: series_id, ts of the open intervals of the horizon.
    """
    validate(rows, forecast_schema(), table="forecast.forecasts", place=_interval)
    _check_intervals(rows, expected, table="forecast.forecasts")


def check_aggregates(rows: pd.DataFrame) -> None:
    """Raises ContractError unless the rows hold the schema of aggregates; the first that breaks it is named.

    rows: level, group_key, stat, period, ts (UTC), mean and quantiles; of any index.
    """
    own = rows.reset_index(drop=True)
    validate(own, aggregate_schema(), table="forecast.aggregates", place=_aggregate)


def check_paths(rows: pd.DataFrame, *, expected: pd.DataFrame) -> None:
    """Raises ContractError unless there is one row for each expected interval, with equally many sound values.

    rows: series_id, ts and y, the values of the paths in float32: a column of arrays, or an Arrow column of lists.
    expected: as in `check_forecasts`.
    """
    own = rows[["series_id", "ts"]].reset_index(drop=True)
    own["paths"], own["sound"] = _inspect(rows["y"])
    paths = own["paths"].max()
    schema = pa.DataFrameSchema(
        {
            "paths": pa.Column(checks=pa.Check(lambda counts: (counts == paths) & (counts > 0), name="equally many")),
            "sound": pa.Column(checks=pa.Check(lambda sound: sound, name="finite and not negative")),
        },
        checks=[_ONE_AN_INTERVAL],
    )
    validate(own, schema, table="forecast.paths", place=_interval)
    _check_intervals(own, expected, table="forecast.paths")


def _inspect(paths: pd.Series) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """How many values each row has, and whether all of them are finite and not negative."""
    counts, sound = np.zeros(len(paths), dtype=np.int64), np.ones(len(paths), dtype=bool)
    if len(paths):
        lists = chunked_array(arrow_array(paths)).combine_chunks()
        counts[:] = lists.value_lengths().fill_null(0)
        values = lists.flatten().to_numpy(zero_copy_only=False)
        sound[np.repeat(np.arange(len(paths)), counts)[~(np.isfinite(values) & (values >= 0))]] = False
    return counts, sound


def _check_intervals(rows: pd.DataFrame, expected: pd.DataFrame, *, table: str) -> None:
    """Raises ContractError unless the intervals of the rows, each of which is there once, are those expected."""
    if _are_equal(rows, expected):
        return
    found = pd.MultiIndex.from_frame(rows[["series_id", "ts"]])
    wanted = pd.MultiIndex.from_frame(expected[["series_id", "ts"]])
    missing, extra = wanted.difference(found), found.difference(wanted)
    if len(missing) or len(extra):
        series, ts = (missing if len(missing) else extra)[0]
        raise ContractError(
            f"{table}: {len(missing)} open intervals have no row and {len(extra)} rows have no open interval, first "
            f"{series} at {ts}; nothing was published",
            table=table,
            check="one row an open interval",
            failed=len(missing) + len(extra),
        )


def _are_equal(rows: pd.DataFrame, expected: pd.DataFrame) -> bool:
    """Whether both have the same intervals in the same order; False where that takes a closer look."""
    ours, theirs = rows["series_id"], expected["series_id"]
    if len(rows) != len(expected) or ours.dtype != theirs.dtype or not isinstance(ours.dtype, pd.CategoricalDtype):
        return False
    # dtypes of equal categories in another order are equal, their codes are not
    if not ours.cat.categories.equals(theirs.cat.categories):
        return False
    same = np.array_equal(ours.cat.codes.to_numpy(), theirs.cat.codes.to_numpy())
    return same and bool(np.all(np.asarray(rows["ts"].array == expected["ts"].array)))


def _interval(row: pd.Series) -> str:
    return f"{row['series_id']} at {row['ts']}"


def _aggregate(row: pd.Series) -> str:
    return f"{row['stat']} of {row['level']} {row['group_key']} in the {row['period']} of {row['ts']}"
