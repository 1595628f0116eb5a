"""The local week of a stream: its slots, which of them are open, and how many columns a horizon can have."""

import numpy as np
from numpy.typing import NDArray

from forecasting.config.hours import MINUTES_A_DAY, HoursRule
from forecasting.config.stream import Stream
from forecasting.numerics import Mask, Times
from forecasting.panel.calendar.calendar import MONDAY, first_instants, grid_between, step_of, wall_times
from forecasting.panel.calendar.hours import open_minutes, running_total
from forecasting.terms import DAY

_MINUTE = np.timedelta64(1, "m")


def week_template(stream: Stream, rules: NDArray[np.int64]) -> Mask:
    """(slots of a local week,) whether any series is open there by its weekly hours; one slot for intervals over a day.

    rules: (N,) as of `rules_of_series`. Where clock changes move the grid against the wall clock by less than an
    interval, a slot is open if it is open in either position.
    """
    if stream.interval > DAY or -1 in rules:
        return np.ones(slots_a_week(stream), bool)
    minutes = np.zeros(7 * MINUTES_A_DAY, bool)
    for number in np.unique(rules):
        minutes |= _week_minutes(stream.calendar.hours[number])
    total = running_total(np.tile(minutes, 2))
    slot = np.arange(slots_a_week(stream)) * step_of(stream)
    template = np.zeros(len(slot), bool)
    _, walls = _first_year(stream)
    for phase in np.unique((walls - np.datetime64(MONDAY, "us")) % step_of(stream)):
        start, end = (slot + phase) // _MINUTE, -(-(slot + phase + step_of(stream)) // _MINUTE)
        template |= total[end] > total[start]
    return template


def slots_a_week(stream: Stream) -> int:
    """Intervals of a local week, or 1 for intervals longer than a day, which have no weekly season."""
    return 7 * DAY // stream.interval if stream.interval <= DAY else 1


def most_columns(stream: Stream, template: Mask) -> int:
    """Largest number of columns of a horizon of the stream, over all origins.

    That of a window of the week's template, plus what a clock change can shift into it, once for each year of horizon.
    """
    weeks, rest = divmod(stream.steps, len(template))
    total = running_total(np.tile(template, 2))
    longest = weeks * int(template.sum()) + int((total[rest : rest + len(template)] - total[: len(template)]).max())
    if stream.interval >= DAY:
        return longest
    ts, walls = _first_year(stream)
    shift = np.ptp(walls - ts)
    moved = int(-(-shift // step_of(stream))) * (1 + stream.stream.horizon // (365 * DAY))
    return min(stream.steps, longest + moved)


def _first_year(stream: Stream) -> tuple[Times, Times]:
    """Interval starts of the stream's first year and their wall times: all positions of the grid on the clock."""
    start = first_instants(np.array([stream.source.start], "datetime64[us]"), stream.zone)[0]
    ts = grid_between(stream, start, start + np.timedelta64(366, "D"))
    return ts, wall_times(ts, stream.zone)


def _week_minutes(rule: HoursRule) -> Mask:
    week = np.datetime64(MONDAY) + np.arange(-1, 7)
    return open_minutes(rule.model_copy(update={"holiday": None}), np.zeros(8, bool), week)[MINUTES_A_DAY:]
