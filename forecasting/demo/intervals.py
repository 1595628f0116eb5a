"""A feed of ready intervals as somebody would export it: all columns text, stamps local without offset, one CSV or
Parquet file.

The first delivery holds `days` days. The second restates them a week later: rows that were late are there, some
values are revised, some withdrawn (emptied, or their row gone), and the new week of one series counts in thousandths.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from forecasting.demo import faults
from forecasting.demo.occasions import ZONE
from forecasting.demo.truth import InjectedFault, IntervalTruth, Ledger
from forecasting.terms import Reason

START = "2026-02-16"
NEW_DAYS = 7
UNIT_SCALE = 1000
COLUMNS = ["series_id", "ts", "y", "region"]


def write_interval_feed(
    path: Path, *, seed: int, n_series: int = 12, days: int = 35, delivery: int = 1, with_faults: bool = True
) -> IntervalTruth:
    """Write the hourly feed as it stands at its first or second delivery, over the whole file (.csv or .parquet).

    The period holds the clock change of 8 March 2026. A duplicate makes both of its rows faults: neither can be
    trusted.
    """
    demand = _demand(np.random.default_rng(seed), n_series=n_series, days=days)
    changes = _changes(demand, before=_midnight(days))
    if delivery == 1:
        demand = demand[demand["ts"] < _midnight(days)].drop(index=changes["late"])
        changes = {name: index[:0] for name, index in changes.items()}
    else:
        demand.loc[changes["revised"], "y"] += 5.0
        demand.loc[changes["withdrawn"], "y"] = np.nan
        demand = demand.drop(index=changes["removed"])
    kept = {name: demand.loc[index.intersection(demand.index)] for name, index in changes.items() if name != "removed"}

    rows = _as_text(demand)
    reasons = pd.Series("", index=rows.index)
    if with_faults:
        rows, reasons = _with_faults(rows, demand=demand, scaled_from=_midnight(days))
    _write(path, rows)
    found = tuple(InjectedFault(reason, path.name, row) for row, reason in enumerate(reasons) if reason)
    sound = demand[(reasons.iloc[: len(demand)] == "").to_numpy()].reset_index(drop=True)
    return IntervalTruth(sound, kept, Ledger(len(rows), found))


def _midnight(days: int) -> pd.Timestamp:
    return (pd.Timestamp(START, tz=ZONE) + pd.DateOffset(days=days)).tz_convert("UTC")


def _demand(rng: np.random.Generator, *, n_series: int, days: int) -> pd.DataFrame:
    """Long frame of whole-numbered hourly demand until a week after `days`, with a day and a week in it."""
    ts = pd.date_range(
        pd.Timestamp(START, tz=ZONE).tz_convert("UTC"), _midnight(days + NEW_DAYS), freq="h", inclusive="left"
    )
    local = ts.tz_convert(ZONE)
    shape = (1.2 + np.sin(2 * np.pi * (local.hour - 8) / 24)) * np.where(local.day_of_week < 5, 1.0, 0.6)
    size = rng.uniform(40, 160, n_series)
    number = np.repeat(np.arange(n_series), len(ts))
    return pd.DataFrame(
        {
            "series_id": [f"cell-{row:03d}" for row in number],
            "ts": np.tile(ts, n_series),
            "y": rng.poisson(np.outer(size, shape)).ravel().astype(float) + 1.0,
            "region": np.where(number % 2 == 0, "qc", "on"),
        }
    )


def _changes(demand: pd.DataFrame, *, before: pd.Timestamp) -> dict[str, pd.Index]:
    """Disjoint rows of the last two days before the first delivery ended, by what the second delivery does to them."""
    recent = demand.index[(demand["ts"] < before) & (demand["ts"] >= before - pd.Timedelta(days=2))]
    return {name: recent[start::40] for start, name in enumerate(("late", "revised", "withdrawn", "removed"), start=3)}


def _as_text(demand: pd.DataFrame) -> pd.DataFrame:
    local = demand["ts"].dt.tz_convert(ZONE).dt.strftime("%Y-%m-%dT%H:%M:%S")
    value = demand["y"].map(lambda y: "" if np.isnan(y) else f"{y:.1f}")
    return demand.assign(ts=local, y=value)[COLUMNS].reset_index(drop=True)


def _with_faults(
    rows: pd.DataFrame, *, demand: pd.DataFrame, scaled_from: pd.Timestamp
) -> tuple[pd.DataFrame, pd.Series]:
    """The rows with faults behind them, and each row's reason ('' where sound)."""
    bad = faults.interval_faults(rows)
    doubles = np.linspace(100, len(rows) - 100, 3).astype(int)
    copies = rows.iloc[doubles].assign(y="7777.5", reason=str(Reason.DUPLICATE_KEY))
    reasons = pd.Series("", index=rows.index)
    scaled = ((demand["series_id"] == "cell-003") & (demand["ts"] >= scaled_from)).to_numpy()
    rows.loc[scaled, "y"] = (rows.loc[scaled, "y"].astype(float) * UNIT_SCALE).map("{:.1f}".format)
    reasons[scaled] = str(Reason.UNIT_SCALE)
    reasons.iloc[doubles] = str(Reason.DUPLICATE_KEY)
    whole = pd.concat([rows, bad[COLUMNS], copies[COLUMNS]], ignore_index=True)
    return whole, pd.concat([reasons, bad["reason"], copies["reason"]], ignore_index=True)


def _write(path: Path, rows: pd.DataFrame) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".csv":
        rows.to_csv(path, index=False)
    else:
        rows.astype(object).to_parquet(path, index=False)
