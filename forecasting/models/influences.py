"""What the inputs of trees and networks say, in the few groups that a planner tells apart."""

from collections.abc import Sequence
from enum import StrEnum

from forecasting.models.features.history import BASE, CLOCK_MEANS, SLOT_MEANS
from forecasting.models.features.lagged import RECENT_COLUMNS, RECENT_DAYS
from forecasting.models.pretrained.inputs import BESIDE, CALENDAR, DAY_MEANS, LAST_COLUMNS, SAME_CLOCK, SAME_SLOT


class Influence(StrEnum):
    """A group of inputs of a row: a series, the origin, an interval to forecast."""

    SLOT = "past_weeks"
    """The same time of week, in the weeks before."""
    CLOCK = "past_days"
    """The same time of day, on the days before."""
    LEVEL = "level"
    """The level of the last four weeks, and how much the series varies."""
    HOURS = "newest_intervals"
    """How the newest intervals were above or below what was expected of them."""
    DAYS = "last_days"
    """How the last days and weeks were: the trend."""
    PROFILE = "profile"
    """The regression on the series' own past, whose answer the trees read."""
    TIME = "time_of_week"
    """Hour and weekday."""
    SEASON = "time_of_year"
    """Day of the month, edges of the month and time of year."""
    AHEAD = "days_ahead"
    HOLIDAY = "holidays"
    """Holidays, the days around them, days off and opening hours."""
    CAMPAIGN = "campaigns"
    ATTRIBUTE = "attributes"
    """What kind of series it is."""
    USUAL = "usual"
    """What the trees add for all series alike."""


_TREES = {
    "profile": Influence.PROFILE,
    "own_profile": Influence.PROFILE,
    "weeks": Influence.AHEAD,
    "base_over_level": Influence.LEVEL,
    "noise_over_base": Influence.LEVEL,
    "level": Influence.LEVEL,
    "lead": Influence.AHEAD,
    "lead_days": Influence.AHEAD,
    "clock": Influence.TIME,
    "slot": Influence.TIME,
    "weekday": Influence.TIME,
    "month_day": Influence.SEASON,
    "campaign": Influence.CAMPAIGN,
}
_COVARIATES = {
    "day_": Influence.TIME,
    "week_": Influence.TIME,
    "weekend": Influence.TIME,
    "month_": Influence.SEASON,
    "year_": Influence.SEASON,
}
"""By the beginning of a covariate's name; all others are of holidays."""


def deviation_influences() -> list[Influence]:
    """Of the deviations of `lagged_features`, in their order."""
    changes = [Influence.HOURS] * len(RECENT_COLUMNS) + [Influence.DAYS] * len(RECENT_DAYS)
    return [
        *[Influence.SLOT] * (sum(last != BASE for last in SLOT_MEANS) + 1),
        *[Influence.CLOCK] * len(CLOCK_MEANS),
        Influence.LEVEL,
        *(one for one in changes for _ in ("error", "ratio")),
    ]


def tree_influences(names: Sequence[str]) -> list[Influence]:
    """Of the inputs of the trees, by their names."""
    deviations = deviation_influences()
    return [
        deviations[int(name.removeprefix("deviation_"))] if name.startswith("deviation_") else _of_name(name)
        for name in names
    ]


def _of_name(name: str) -> Influence:
    if name in _TREES:
        return _TREES[name]
    for start, group in (
        ("ratio_", Influence.DAYS),
        ("slot_", Influence.SLOT),
        ("attribute_", Influence.ATTRIBUTE),
    ):
        if name.startswith(start):
            return group
    covariate = name.removeprefix("covariate_")
    return next((group for start, group in _COVARIATES.items() if covariate.startswith(start)), Influence.HOLIDAY)


def network_influences() -> list[Influence]:
    """Of the inputs of the networks, in the order of `build_inputs`."""
    times = [*[Influence.AHEAD] * 4, *[Influence.TIME] * 8, Influence.AHEAD, Influence.LEVEL]
    calendar = [Influence.HOLIDAY if "holiday" in name else Influence.SEASON for name in CALENDAR]
    return [
        *deviation_influences(),
        *[Influence.DAYS] * len(RECENT_DAYS),
        *[Influence.SLOT] * 4,
        *[Influence.LEVEL] * 2,
        *times,
        *calendar,
        *[Influence.SLOT] * (SAME_SLOT + 2 * BESIDE),
        *[Influence.CLOCK] * SAME_CLOCK,
        *[Influence.DAYS] * DAY_MEANS,
        *[Influence.HOURS] * LAST_COLUMNS,
        *[Influence.SEASON] * 2,
        Influence.HOLIDAY,
    ]
