"""A fan chart: the median, its bands, the week before and the forecast before, over hours of local time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from forecasting.reports.scales import Scale, Tick, band_path, line_path, runs, value_axis

WIDTH, HEIGHT = 380, 176
LEFT, RIGHT, TOP, BOTTOM = 48, 6, 8, 34
"""Margins, in units of the drawing; text has 11 of them."""
BANDS = (("q05", "q95", "band90"), ("q10", "q90", "band80"), ("q25", "q75", "band50"))
LINES = (("last_week", "week"), ("forecast_before", "before"), ("median", "median"))
LEGEND = (
    ("median", "median"),
    ("band50", "half of all cases"),
    ("band80", "80%"),
    ("band90", "90%"),
    ("week", "a week before"),
    ("before", "forecast before"),
)
_HOURS = (0, 6, 12, 18)


@dataclass(frozen=True)
class DayBand:
    """A local day on the axis of time. at: middle of its label."""

    start: float
    width: float
    at: float
    label: str
    weekend: bool


@dataclass(frozen=True)
class Fan:
    """What the macro draws: paths with their CSS class, ticks, days, and the place of each row."""

    bands: Sequence[tuple[str, str]]
    lines: Sequence[tuple[str, str]]
    ticks: Sequence[Tick]
    days: Sequence[DayBand]
    hours: Sequence[Tick]
    places: str
    """Places of the rows from left to right, joined by spaces."""


def draw_fan(
    rows: pd.DataFrame, span: tuple[datetime, datetime], *, minutes: float, zone: ZoneInfo, weekend: Sequence[int]
) -> Fan:
    """rows: ts (aware), local_time (naive) and the columns of BANDS and LINES, ascending.

    span: aware, from local midnight to local midnight, so that charts stand in line. minutes: of an interval.
    """
    start = pd.Timestamp(span[0])
    elapsed = ((rows["ts"] - start) / pd.Timedelta(minutes=1)).to_numpy(np.float64)
    length = (pd.Timestamp(span[1]) - start) / pd.Timedelta(minutes=1)
    columns = [name for low, high, _ in BANDS for name in (low, high)] + [name for name, _ in LINES]
    values = {name: pd.to_numeric(rows[name]).to_numpy(np.float64) for name in columns}
    x_scale = Scale(0.0, max(length, minutes), LEFT, WIDTH - RIGHT)
    y_scale, ticks = value_axis(list(values.values()), start=HEIGHT - BOTTOM, end=TOP)
    x = x_scale.many(elapsed + minutes / 2)
    y = {name: y_scale.many(value) for name, value in values.items()}
    hours = _whole_hours(start, length, zone)
    bands = [
        (style, band_path(x, y[low], y[high], runs(elapsed, y[low], y[high], step=minutes)))
        for low, high, style in BANDS
    ]
    lines = [(style, line_path(x, y[name], runs(elapsed, y[name], step=minutes))) for name, style in LINES]
    return Fan(
        bands=bands,
        lines=[(style, path) for style, path in lines if path],
        ticks=ticks,
        days=_days(hours, x_scale, length, weekend),
        hours=[Tick(x_scale(at), f"{local.hour}") for at, local in hours if local.hour in _HOURS],
        places=" ".join(f"{one:.1f}" for one in x),
    )


def _whole_hours(start: pd.Timestamp, length: float, zone: ZoneInfo) -> list[tuple[float, pd.Timestamp]]:
    """Minutes after the start and local time of every whole local hour, where clocks change too."""
    quarters = [start + pd.Timedelta(minutes=15 * number) for number in range(int(length // 15))]
    local = [at.tz_convert(zone) for at in quarters]
    return [(15.0 * number, at) for number, at in enumerate(local) if at.minute == 0]


def _days(
    hours: Sequence[tuple[float, pd.Timestamp]], scale: Scale, length: float, weekend: Sequence[int]
) -> list[DayBand]:
    firsts: dict[date, float] = {}
    for at, local in hours:
        firsts.setdefault(local.date(), at)
    edges = [*(scale(at) for at in firsts.values()), scale(length)]
    return [
        DayBand(start, end - start, (start + end) / 2, f"{day:%a %-d %b}", day.weekday() in weekend)
        for day, start, end in zip(firsts, edges, edges[1:], strict=False)
    ]
