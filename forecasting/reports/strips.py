"""Small drawings inside table rows: error beside its floor, weekly peaks, a range of dates."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from forecasting.numerics import Floats
from forecasting.reports.scales import Scale, band_path, line_path, runs

WIDTH, HEIGHT = 116, 20
_EDGE = 5.0


@dataclass(frozen=True)
class Dots:
    """An error with its noise floor and the error of repeating the last week; None where there is none."""

    error: float
    noise_floor: float | None
    naive: float | None
    kind: str = "dots"


@dataclass(frozen=True)
class Peaks:
    """Weekly peaks measured and ahead, and the ceiling."""

    measured: str
    ahead: str
    band: str
    ceiling: float | None
    today: float
    kind: str = "peaks"


@dataclass(frozen=True)
class DateRange:
    """Run-out dates: from one in ten to nine in ten, the median between; an end beyond the horizon is open."""

    low: float
    at: float | None
    high: float | None
    kind: str = "dates"


def error_strips(rows: pd.DataFrame) -> list[Dots]:
    """rows: error, noise_floor, naive_error; one scale for all of them, from zero."""
    names = ("error", "noise_floor", "naive_error")
    values = {name: pd.to_numeric(rows[name]).to_numpy(np.float64) for name in names}
    held = np.concatenate(list(values.values()))
    held = held[np.isfinite(held)]
    # one wild series must not press all others against the axis
    high = float(min(held.max(), 3 * np.median(held))) if len(held) else 1.0
    scale = Scale(0.0, high or 1.0, _EDGE, WIDTH - _EDGE)

    def place(value: float) -> float | None:
        return None if np.isnan(value) else min(scale(value), WIDTH - _EDGE)

    return [
        Dots(place(error) or _EDGE, place(floor), place(naive))
        for error, floor, naive in zip(*values.values(), strict=True)
    ]


def peak_strip(rows: pd.DataFrame) -> Peaks:
    """rows: week (-13 to 13 without 0), peak, low, high, ceiling of one link."""
    week = rows["week"].to_numpy(np.float64)
    peak, low, high = (pd.to_numeric(rows[name]).to_numpy(np.float64) for name in ("peak", "low", "high"))
    ceilings = pd.to_numeric(rows["ceiling"]).to_numpy(np.float64)
    ceiling = float(ceilings[0]) if len(ceilings) and np.isfinite(ceilings[0]) else None
    held = np.concatenate([peak, low, high, ceilings])
    held = held[np.isfinite(held)]
    bottom, top = (float(held.min()), float(held.max())) if len(held) else (0.0, 1.0)
    x_scale, y_scale = Scale(-13.0, 13.0, 2, WIDTH - 2), Scale(bottom, top, HEIGHT - 3, 3)
    x, y, y_low, y_high = x_scale.many(week), *(y_scale.many(one) for one in (peak, low, high))
    past, ahead = week < 0, week > 0
    return Peaks(
        measured=line_path(x[past], y[past], runs(week[past], y[past], step=1.0)),
        ahead=line_path(x[ahead], y[ahead], runs(week[ahead], y[ahead], step=1.0)),
        band=_band(x[ahead], y_low[ahead], y_high[ahead], week[ahead]),
        ceiling=None if ceiling is None else y_scale(ceiling),
        today=x_scale(0.0),
    )


def date_strips(rows: pd.DataFrame, *, today: date, last: date) -> list[DateRange | None]:
    """rows: runout_q10, runout_q50, runout_q90, dates that may be missing. Drawn from today to `last`."""
    span = max((last - today).days, 1)
    scale = Scale(0.0, float(span), _EDGE, WIDTH - _EDGE)

    def place(value: object) -> float | None:
        if pd.isna(value):  # type: ignore[call-overload]
            return None
        days = (pd.Timestamp(str(value)).date() - today).days
        return scale(float(min(max(days, 0), span)))

    strips: list[DateRange | None] = []
    for low, at, high in zip(rows["runout_q10"], rows["runout_q50"], rows["runout_q90"], strict=True):
        start = place(low)
        strips.append(None if start is None else DateRange(start, place(at), place(high)))
    return strips


def _band(x: Floats, low: Floats, high: Floats, week: Floats) -> str:
    return band_path(x, low, high, runs(week, low, high, step=1.0))
