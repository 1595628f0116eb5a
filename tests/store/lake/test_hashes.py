"""Bytes of tables: the same for the same values however they are held, others for others."""

import numpy as np
import pandas as pd
import pytest

from forecasting.store.lake.hashes import labels_of, parts_of

ROWS = pd.DataFrame({"key": ["a", "b", "c"], "text": ["x", None, "y"], "number": [1.0, np.nan, 2.0]}).assign(
    date=pd.to_datetime(["2024-01-01", None, "2024-01-02"]).as_unit("us")
)


def hashed(rows: pd.DataFrame) -> bytes:
    return b"".join(parts_of("table", rows, key=("key",)))


def test_missing_values_are_missing_however_they_are_written():
    other = ROWS.iloc[::-1].assign(date=lambda rows: rows["date"].astype("datetime64[s]"))
    for nothing in (None, np.nan):
        other["text"] = pd.Series(["y", nothing, "x"], index=other.index, dtype=object)
        assert hashed(other) == hashed(ROWS)
    for text in ("str", "category"):
        assert hashed(other.astype({"text": text})) == hashed(ROWS)
    # x86 makes this one of 0 / 0
    strange = np.array([0xFFF8000000000000, 0x7FF8000000000001], dtype=np.uint64).view(np.float64)
    for nan in strange:
        other["number"] = [2.0, nan, 1.0]
        assert hashed(other) == hashed(ROWS)


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("text", ["x", "y", "y"]),
        ("text", ["x", "x", "y"]),
        ("text", [None, "x", "y"]),
        ("text", [None, None, None]),
        ("number", [np.nan, 1.0, 2.0]),
        ("number", [1.0, 0.0, 2.0]),
        ("date", pd.to_datetime([None, "2024-01-01", "2024-01-02"])),
        ("date", pd.to_datetime(["2024-01-01", "1970-01-01", "2024-01-02"])),
    ],
)
def test_missing_values_count(column, values):
    assert hashed(ROWS.assign(**{column: values})) != hashed(ROWS)


def test_labels_are_in_the_order_of_texts_and_nothing_has_none():
    column = pd.Series(pd.Categorical(["b", None, "a"], categories=["z", "b", "a"]))
    labels, codes = labels_of(column)
    assert (labels.tolist(), codes.tolist()) == (["a", "b"], [1, -1, 0])
    labels, codes = labels_of(pd.Series([None, None], dtype=object))
    assert (labels.tolist(), codes.tolist()) == ([], [-1, -1])
