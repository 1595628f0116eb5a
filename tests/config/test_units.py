"""What is a count, by unit and aggregate, by the definition and by what is planned from it."""

import pytest

from forecasting.config.stream import Stream, parse_stream
from forecasting.config.units import is_count

DEFINITION = """
[stream]
name = "s"
metric = "m"
unit = "{unit}"
interval = "1h"
timezone = "UTC"
horizon = "7d"
{more}

[source]
extract = "s.sql"
start = 2024-01-01
"""


def define(unit: str, more: str = "") -> Stream:
    return parse_stream(DEFINITION.format(unit=unit, more=more), path="s.toml")


@pytest.mark.parametrize("unit", ["calls", "Calls", "page views", "requests", "SMS", "chat sessions", "call"])
def test_sums_of_things_that_happen_one_by_one_are_counts(unit):
    assert is_count(unit, "sum")
    assert not is_count(unit, "mean")
    assert not is_count(unit, "max")


@pytest.mark.parametrize(
    "unit", ["Mbit/s", "MB", "GB", "units", "seconds", "Erlang", "packets/s", "calls per second", "%"]
)
def test_amounts_and_rates_are_none(unit):
    assert not is_count(unit, "sum")


def test_the_definition_decides_before_the_unit():
    assert define("calls").counts
    assert not define("calls", "counts = false").counts
    assert define("units", "counts = true").counts
    assert not define("calls", 'aggregate = "max"').counts


def test_what_counts_shapes_no_model():
    assert define("calls").config_hash == define("calls", "counts = false").config_hash
