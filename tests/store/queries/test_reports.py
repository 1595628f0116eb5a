"""The SQL beside a table runs as it stands: values in place of parameters."""

from datetime import UTC, date, datetime

import duckdb
import pytest

from forecasting.store.queries.reports import fill_in, literal


@pytest.mark.parametrize(
    "value", [None, True, 3, 0.25, "it's", "a;b --", date(2026, 3, 29), [1, 2], ["x", "y'z"], [None, "x"]]
)
def test_a_literal_is_read_back_as_the_value(value):
    assert duckdb.sql(f"select {literal(value)}").fetchall() == [(value,)]


def test_an_instant_keeps_its_offset():
    at = datetime(2026, 3, 29, 4, tzinfo=UTC)
    assert duckdb.sql(f"select {literal(at)} = timestamptz '2026-03-29 00:00:00-04:00'").fetchall() == [(True,)]


def test_parameters_are_filled_in_once():
    assert fill_in("select $a, $ab, $c", {"a": "$ab", "ab": 2}) == "select '$ab', 2, $c"
