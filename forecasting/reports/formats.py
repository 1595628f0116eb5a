"""How values read on the page: local time, whole calls, thousands separators. A value that is missing is a dash."""

import math
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import pandas as pd

MISSING = "–"
_MINUS = "−"
_MOST_DECIMALS = 9


class Kind(StrEnum):
    """What a column holds, by which it is written."""

    TEXT = "text"
    CODE = "code"
    """A command or a raw row."""
    COUNT = "count"
    """Whole numbers."""
    NUMBER = "number"
    """Three significant digits at least, in full."""
    CHANGE = "change"
    """A number with its sign."""
    WHOLE_CHANGE = "whole_change"
    SHARE = "share"
    """Percent with one decimal."""
    PERCENT = "percent"
    """Whole percent."""
    PERCENT_CHANGE = "percent_change"
    DATE = "date"
    """Date with its year, for dates far ahead."""
    DAY = "day"
    """Weekday and date."""
    TIME = "time"
    """Weekday, date and local time."""
    STAMP = "stamp"
    """Date with its year, and local time."""
    HOURS = "hours"
    """A number of hours, one decimal."""


NUMERIC = frozenset(
    (
        *(Kind.COUNT, Kind.NUMBER, Kind.CHANGE, Kind.WHOLE_CHANGE, Kind.SHARE, Kind.PERCENT, Kind.PERCENT_CHANGE),
        Kind.HOURS,
    )
)
"""Kinds that are set to the right."""


def is_missing(value: Any) -> bool:
    """None, NaN and NaT."""
    return value is None or value is pd.NaT or (isinstance(value, float) and math.isnan(value))


def write(value: Any, kind: Kind) -> str:
    """A value as a person reads it."""
    if is_missing(value):
        return MISSING
    match kind:
        case Kind.TEXT | Kind.CODE:
            return str(value)
        case Kind.COUNT:
            return _signed(f"{float(value):,.0f}")
        case Kind.NUMBER:
            return _signed(f"{float(value):,.{decimals(float(value))}f}")
        case Kind.CHANGE:
            return _signed(f"{float(value):+,.{decimals(float(value))}f}")
        case Kind.WHOLE_CHANGE:
            return _signed(f"{float(value):+,.0f}")
        case Kind.SHARE:
            return _signed(f"{100 * float(value):,.1f}%")
        case Kind.PERCENT:
            return _signed(f"{100 * float(value):,.0f}%")
        case Kind.PERCENT_CHANGE:
            return _signed(f"{100 * float(value):+,.0f}%")
        case Kind.HOURS:
            return _signed(f"{float(value):,.1f}")
        case Kind.DATE:
            return f"{_as_date(value):%-d %b %Y}"
        case Kind.DAY:
            return f"{_as_date(value):%a %-d %b}"
        case Kind.TIME:
            return f"{pd.Timestamp(value):%a %-d %b %H:%M}"
        case Kind.STAMP:
            return f"{pd.Timestamp(value):%-d %b %Y %H:%M}"


def decimals(value: float) -> int:
    """Decimals that leave about three significant digits, none from a hundred on, two at most from 0.1 on."""
    size = abs(value)
    if size >= 100 or size == 0 or not math.isfinite(size):
        return 0
    return 1 if size >= 10 else 2 if size >= 0.1 else min(1 - math.floor(math.log10(size)), _MOST_DECIMALS)


def _as_date(value: Any) -> date:
    return value if isinstance(value, date) and not isinstance(value, datetime) else pd.Timestamp(value).date()


def _signed(text: str) -> str:
    """A real minus sign, and no sign before a zero."""
    if not any(digit in text for digit in "123456789"):
        return text.lstrip("+-")
    return text.replace("-", _MINUS)
