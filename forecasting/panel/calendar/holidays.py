"""Public holidays of a stream's country, its partial ones and its weekend."""

from datetime import date
from typing import cast

import holidays
import numpy as np
from numpy.typing import NDArray

from forecasting.config.stream import Stream
from forecasting.numerics import Times

_PHASE_YEAR = np.datetime64("2024-01-01", "D")
"""The year whose dates place the holidays; an arbitrary one, but features of stored models depend on it."""
_PARTIAL = (holidays.HALF_DAY, holidays.BANK, holidays.OPTIONAL)
"""Categories of days on which many people, but not all, are off or leave early."""


def public_holidays(stream: Stream, days: Times) -> NDArray[np.bool_]:
    """Whether each local date (datetime64[D], ascending) is a public holiday of the stream's country."""
    return np.isin(days, np.array(sorted(_holidays(stream, days)), "datetime64[D]"))


def partial_holidays(stream: Stream, days: Times) -> NDArray[np.bool_]:
    """Whether each local date is a half-day, bank or optional holiday of the stream's country; some are public too."""
    if stream.calendar.country is None:
        return np.zeros(len(days), bool)
    offered = holidays.country_holidays(stream.calendar.country).supported_categories
    categories = tuple(category for category in _PARTIAL if category in offered)
    known = _holidays(stream, days, categories=categories) if categories else {}
    return np.isin(days, np.array(sorted(known), "datetime64[D]"))


def holiday_phases(stream: Stream, days: Times) -> NDArray[np.float64]:
    """(D,) place in the year, in [0, 1), of the public holiday on each local date; NaN on all other days.

    The place is that of the holiday's name in one fixed year, so that movable holidays have the same value every year;
    a name that is unknown in that year has the place of its own date.
    """
    places: dict[str, float] = {}
    for day, names in sorted(_holidays(stream, np.array([_PHASE_YEAR], "datetime64[D]")).items()):
        places.setdefault(_first_name(names), _share_of_year(day))
    known = {
        np.datetime64(day, "D"): places.get(_first_name(names), _share_of_year(day))
        for day, names in _holidays(stream, days).items()
    }
    return np.array([known.get(day, np.nan) for day in days])


def holiday_names(stream: Stream, first: date, last: date) -> dict[date, str]:
    """Names of the public holidays of the stream's country from `first` to `last`, by their dates."""
    named = _holidays(stream, np.array([first, last], "datetime64[D]"))
    return {day: names for day, names in sorted(named.items()) if first <= day <= last}


def weekend(stream: Stream) -> tuple[int, ...]:
    """Weekday numbers, Monday 0, of the weekend in the stream's country."""
    if stream.calendar.country is None:
        return (5, 6)
    return tuple(sorted(holidays.country_holidays(stream.calendar.country).weekend))


def _holidays(stream: Stream, days: Times, categories: tuple[str, ...] = (holidays.PUBLIC,)) -> dict[date, str]:
    """Names of the holidays of the stream's country in all years of the dates (ascending)."""
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
    """Name of a holiday, or of the first of several on one day, without the mark of one moved off a weekend."""
    return names.split("; ", maxsplit=1)[0].removesuffix(" (observed)")


def _share_of_year(day: date) -> float:
    return (day.timetuple().tm_yday - 1) / 366
