"""Public holidays of a stream's country, its partial ones and its weekend."""

from datetime import date
from typing import cast

import holidays
import numpy as np
from numpy.typing import NDArray

from forecasting.config.stream import Stream
from forecasting.numerics import Times

_PHASE_YEAR = np.datetime64("2024-01-01", "D")
"""The year whose dates number the holidays; any would do, but it may never change."""
_PARTIAL = (holidays.HALF_DAY, holidays.BANK, holidays.OPTIONAL)
"""Calendars of days on which many, but not all, are off or leave early."""


def public_holidays(stream: Stream, days: Times) -> NDArray[np.bool_]:
    """Whether each local date (datetime64[D], ascending) is a public holiday of the stream's country."""
    return np.isin(days, np.array(sorted(_holidays(stream, days)), "datetime64[D]"))


def partial_holidays(stream: Stream, days: Times) -> NDArray[np.bool_]:
    """Whether each local date is half a holiday of the stream's country, or one that not everybody takes.

    These are its half days, bank holidays and optional ones, as far as its calendar knows them; some are public too.
    """
    if stream.calendar.country is None:
        return np.zeros(len(days), bool)
    offered = holidays.country_holidays(stream.calendar.country).supported_categories
    categories = tuple(category for category in _PARTIAL if category in offered)
    known = _holidays(stream, days, categories=categories) if categories else {}
    return np.isin(days, np.array(sorted(known), "datetime64[D]"))


def holiday_phases(stream: Stream, days: Times) -> NDArray[np.float64]:
    """(D,) which public holiday each local date is, as a place in the year in [0, 1); NaN on all other days.

    The place is that of its name in one fixed year, so that a feast has the same wherever the moon puts it; a name that
    year does not know has its own date's.
    """
    places: dict[str, float] = {}
    for day, names in sorted(_holidays(stream, np.array([_PHASE_YEAR], "datetime64[D]")).items()):
        places.setdefault(_first_name(names), _share_of_year(day))
    known = {
        np.datetime64(day, "D"): places.get(_first_name(names), _share_of_year(day))
        for day, names in _holidays(stream, days).items()
    }
    return np.array([known.get(day, np.nan) for day in days])


def weekend(stream: Stream) -> tuple[int, ...]:
    """Weekday numbers, Monday 0, of the weekend in the stream's country."""
    if stream.calendar.country is None:
        return (5, 6)
    return tuple(sorted(holidays.country_holidays(stream.calendar.country).weekend))


def _holidays(stream: Stream, days: Times, categories: tuple[str, ...] = (holidays.PUBLIC,)) -> dict[date, str]:
    """Holidays of the stream's country by name, of all years that the dates (ascending) lie in."""
    calendar = stream.calendar
    if calendar.country is None or not len(days):
        return {}
    first, last = (cast(date, day.astype(date)).year for day in (days[0], days[-1]))
    return dict(
        holidays.country_holidays(
            calendar.country, subdiv=calendar.subdivision, years=range(first, last + 1), categories=categories
        )
    )


def _first_name(names: str) -> str:
    """Name of a holiday, or of the first of several on one day, whether on its own date or moved off a weekend."""
    return names.split("; ", maxsplit=1)[0].removesuffix(" (observed)")


def _share_of_year(day: date) -> float:
    return (day.timetuple().tm_yday - 1) / 366
