"""Ranges by day, a control chart and a histogram: places for the macros to draw."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasting.reports.fans import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH
from forecasting.reports.scales import Scale, Tick, line_path, runs, value_axis


@dataclass(frozen=True)
class Bar:
    """A day: its band from `low` to `high` and its median, None where nothing is open, and what happens on it."""

    x: float
    width: float
    low: float | None
    high: float | None
    at: float | None
    label: str
    date: str
    """Day of the month."""
    weekend: bool
    mark: str
    """What happens on the day; empty where nothing does."""


@dataclass(frozen=True)
class DayRanges:
    """Days side by side, each with its range."""

    bars: Sequence[Bar]
    ticks: Sequence[Tick]
    floor: float


@dataclass(frozen=True)
class Control:
    """Errors by day with the centre and the limits of usual days."""

    line: str
    dots: Sequence[tuple[float, float, bool]]
    """x, y, and whether it lies outside the limits."""
    centre: float | None
    upper: float | None
    lower: float | None
    ticks: Sequence[Tick]
    days: Sequence[Tick]


@dataclass(frozen=True)
class Histogram:
    """Bars of ratios over bins of unequal width; the line of 1 is where all of them belong."""

    bars: Sequence[tuple[float, float, float, float]]
    """x, y, width, height."""
    one: float
    ticks: Sequence[Tick]
    bins: Sequence[Tick]


def draw_day_ranges(
    rows: pd.DataFrame,
    days: tuple[pd.Timestamp, pd.Timestamp],
    *,
    occasions: Mapping[str, str],
    weekend: Sequence[int],
) -> DayRanges:
    """rows: day, q10, median, q90, ascending. days: first and last of the axis, so that charts stand in line.

    occasions: ISO date to what happens on it.
    """
    scale, ticks = value_axis(
        [rows[name].to_numpy(np.float64) for name in ("q10", "median", "q90")], start=HEIGHT - BOTTOM, end=TOP + 10
    )
    held = {pd.Timestamp(row["day"]): row for row in rows.to_dict("records")}
    shown = pd.date_range(*days, freq="D")
    width = (WIDTH - LEFT - RIGHT) / len(shown)
    bars = []
    for number, day in enumerate(shown):
        own = held.get(day)
        bars.append(
            Bar(
                x=LEFT + number * width,
                width=width,
                low=None if own is None else scale(float(own["q10"])),
                high=None if own is None else scale(float(own["q90"])),
                at=None if own is None else scale(float(own["median"])),
                label=f"{day:%a}"[0] if len(shown) > 9 else f"{day:%a}",
                date=f"{day.day}",
                weekend=day.weekday() in weekend,
                mark=occasions.get(f"{day:%Y-%m-%d}", ""),
            )
        )
    return DayRanges(bars, ticks, scale(0.0))


def draw_control(rows: pd.DataFrame) -> Control:
    """rows: day, error, centre, lower_limit, upper_limit, ascending; limits may be missing."""
    days = pd.DatetimeIndex(rows["day"])
    elapsed = ((days - days[0]) / pd.Timedelta(days=1)).to_numpy(np.float64)
    names = ("error", "upper_limit", "centre")
    values = {name: 100 * pd.to_numeric(rows[name]).to_numpy(np.float64) for name in names}
    y_scale, ticks = value_axis(list(values.values()), start=HEIGHT - BOTTOM, end=TOP)
    x_scale = Scale(0.0, max(float(elapsed[-1]), 1.0), LEFT + 8, WIDTH - RIGHT - 8)
    x, y = x_scale.many(elapsed), y_scale.many(values["error"])
    limits = {name: rows[name].iloc[-1] for name in ("centre", "lower_limit", "upper_limit")}
    at = {name: None if pd.isna(limit) else y_scale(100 * float(limit)) for name, limit in limits.items()}
    outside = (rows["error"] > rows["upper_limit"]) | (rows["error"] < rows["lower_limit"])
    step = max(int(np.ceil(len(days) / 5)), 1)
    return Control(
        line=line_path(x, y, runs(elapsed, y, step=1.0)),
        dots=[(float(a), float(b), bool(out)) for a, b, out in zip(x, y, outside, strict=True)],
        centre=at["centre"],
        upper=at["upper_limit"],
        lower=at["lower_limit"],
        ticks=[Tick(tick.at, f"{tick.label}%") for tick in ticks],
        days=[Tick(float(x[one]), f"{days[one]:%-d %b}") for one in range(0, len(days), step)],
    )


def draw_histogram(rows: pd.DataFrame) -> Histogram:
    """rows: between_quantiles, expected, ratio, from the lowest bin on."""
    ratio, expected = rows["ratio"].to_numpy(np.float64), rows["expected"].to_numpy(np.float64)
    scale, ticks = value_axis([np.append(ratio, 1.25)], start=HEIGHT - BOTTOM, end=TOP)
    x_scale = Scale(0.0, 1.0, LEFT, WIDTH - RIGHT)
    edges = np.concatenate([[0.0], np.cumsum(expected)])
    bars = []
    for number, height in enumerate(ratio):
        left, right = x_scale(float(edges[number])), x_scale(float(edges[number + 1]))
        top = scale(float(height))
        bars.append((left + 0.5, top, right - left - 1, HEIGHT - BOTTOM - top))
    wanted = {1: "q05", 3: "q25", 4: "median", 5: "q75", 7: "q95"}
    bins = [Tick(x_scale(float(edges[place])), label) for place, label in wanted.items()]
    return Histogram(bars, scale(1.0), ticks, bins)
