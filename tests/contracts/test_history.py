"""The contract on measured demand: rows that break it come out with the first rule that each breaks."""

import numpy as np
import pandas as pd
import pytest

from forecasting.contracts.history import DemandLimits, find_faulty_rows
from forecasting.terms import Reason

START = pd.Timestamp("2024-01-01", tz="UTC")


def no_days(midnights: pd.Series) -> pd.DataFrame:
    return pd.DataFrame({"midnight": midnights, "first_instant": midnights})


def hourly(ts: pd.Series) -> np.ndarray:
    return (ts == ts.dt.floor("h")).to_numpy()


def make_limits(*keys: str) -> DemandLimits:
    return DemandLimits(
        earliest=START,
        until=START + pd.Timedelta("10h"),
        keys=keys or ("*",),
        on_grid=hourly,
        day_starts=no_days,
        interval_ends=lambda ts: ts + pd.Timedelta("1h"),
    )


def make_rows() -> pd.DataFrame:
    ts = pd.date_range(START, periods=10, freq="h")
    return pd.DataFrame(
        {"row_no": np.arange(100, 110), "series_id": ["a"] * 5 + ["b"] * 5, "ts": ts, "y": np.arange(10.0)}
    )


def found(rows: pd.DataFrame, *keys: str) -> dict[int, str]:
    faults = find_faulty_rows(rows, make_limits(*keys))
    assert faults["row_no"].is_unique
    return dict(zip(faults["row_no"], faults["reason"], strict=True))


def test_sound_rows_have_no_fault():
    faults = find_faulty_rows(make_rows(), make_limits("a", "b"))
    assert faults.columns.tolist() == ["row_no", "reason"]
    assert faults.empty


def test_no_row_has_no_fault():
    assert found(make_rows().iloc[:0]) == {}


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("ts", START - pd.Timedelta("1h"), Reason.TS_OUT_OF_RANGE),
        ("ts", START + pd.Timedelta("10h"), Reason.TS_AFTER_UNTIL),
        ("ts", START + pd.Timedelta("90min"), Reason.OFF_GRID_TS),
        ("y", np.inf, Reason.NON_FINITE_VALUE),
        ("y", -np.inf, Reason.NON_FINITE_VALUE),
        ("y", -0.5, Reason.NEGATIVE_VALUE),
        ("series_id", "c", Reason.UNKNOWN_KEY),
    ],
)
def test_each_rule_finds_its_row_and_no_other(column, value, reason):
    rows = make_rows()
    rows.loc[3, column] = value
    assert found(rows, "a", "b") == {103: reason}


def test_row_that_breaks_several_rules_is_told_under_the_first():
    rows = make_rows()
    rows.loc[3, ["series_id", "y"]] = ["c", -1.0]
    rows.loc[4, "ts"] = START + pd.Timedelta("30h30min")
    assert found(rows, "a", "b") == {103: Reason.UNKNOWN_KEY, 104: Reason.TS_AFTER_UNTIL}


def test_rows_are_told_by_their_number_whatever_the_index():
    rows = make_rows()
    rows.index = pd.Index(range(1000, 980, -2))
    rows.loc[1000, "y"] = -1.0
    assert found(rows) == {100: Reason.NEGATIVE_VALUE}


def test_every_faulty_row_is_told():
    rows = make_rows().assign(y=-1.0)
    assert found(rows) == dict.fromkeys(range(100, 110), Reason.NEGATIVE_VALUE)


@pytest.mark.parametrize(
    ("pattern", "known"), [("care.*", 5), ("*.qc", 10), ("care.voice.qc", 5), ("CARE.*", 0), ("care", 0)]
)
def test_keys_are_patterns(pattern, known):
    rows = make_rows().assign(series_id=["care.voice.qc"] * 5 + ["sales.voice.qc"] * 5)
    assert len(found(rows, pattern)) == 10 - known
