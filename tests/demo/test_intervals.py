"""The feed of ready intervals: its faults, and what its second delivery changes."""

import numpy as np
import pandas as pd
import pytest

from forecasting.demo.intervals import COLUMNS, write_interval_feed
from forecasting.terms import Reason

INTERVAL_REASONS = {
    Reason.MISSING_KEY,
    Reason.UNPARSABLE_TS,
    Reason.TS_OUT_OF_RANGE,
    Reason.TS_AFTER_UNTIL,
    Reason.OFF_GRID_TS,
    Reason.NONEXISTENT_LOCAL_TIME,
    Reason.DUPLICATE_KEY,
    Reason.UNPARSABLE_VALUE,
    Reason.NON_FINITE_VALUE,
    Reason.NEGATIVE_VALUE,
}


@pytest.mark.parametrize("name", ["feed.csv", "feed.parquet"])
def test_file_holds_the_sound_rows_and_the_faults(tmp_path, name):
    truth = write_interval_feed(tmp_path / name, seed=1)
    read = pd.read_csv if name.endswith("csv") else pd.read_parquet
    rows = read(tmp_path / name, **({"dtype": str} if name.endswith("csv") else {}))
    assert list(rows.columns) == COLUMNS
    assert len(rows) == truth.ledger.raw == len(truth.demand) + len(truth.ledger.faults)
    assert set(truth.ledger.rejected) == INTERVAL_REASONS
    for fault in truth.ledger.faults:
        if fault.reason == Reason.OFF_GRID_TS:
            assert rows["ts"][fault.row].endswith("10:07:00")


def test_second_delivery_restates_late_revised_and_withdrawn_rows(tmp_path):
    first = write_interval_feed(tmp_path / "feed.csv", seed=1, with_faults=False)
    second = write_interval_feed(tmp_path / "feed.csv", seed=1, delivery=2, with_faults=False)
    key = ["series_id", "ts"]
    both = first.demand.merge(second.demand, on=key, how="outer", suffixes=("_first", "_second"), indicator=True)
    late, revised, withdrawn = (second.changes[name] for name in ("late", "revised", "withdrawn"))
    assert min(len(late), len(revised), len(withdrawn)) > 0
    before = both[both["ts"] <= first.demand["ts"].max()]
    assert (before["_merge"] == "right_only").sum() == len(late)
    assert (before["_merge"] == "left_only").sum() > 0
    kept = before[before["_merge"] == "both"]
    assert (kept["y_second"] == kept["y_first"] + 5).sum() == len(revised)
    assert (kept["y_second"].isna() & kept["y_first"].notna()).sum() == len(withdrawn)


def test_second_delivery_counts_one_series_in_thousandths(tmp_path):
    truth = write_interval_feed(tmp_path / "feed.csv", seed=1, delivery=2)
    rows = pd.read_csv(tmp_path / "feed.csv", dtype=str)
    scaled = [fault.row for fault in truth.ledger.faults if fault.reason == Reason.UNIT_SCALE]
    assert len(scaled) == 7 * 24
    assert set(rows["series_id"][scaled]) == {"cell-003"}
    usual = rows.loc[(rows["series_id"] == "cell-003") & ~rows.index.isin(scaled), "y"].dropna().astype(float).median()
    assert 300 < rows["y"][scaled].astype(float).median() / usual < 3000
    assert not np.isinf(truth.demand["y"]).any()
