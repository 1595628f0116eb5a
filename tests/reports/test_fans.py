"""Fan charts stand in line, and days have the hours that the clock gives them."""

from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from forecasting.reports.fans import LEFT, RIGHT, WIDTH, draw_fan

ZONE = ZoneInfo("America/Toronto")


def rows_of(start: str, hours: list[int]) -> pd.DataFrame:
    ts = pd.Timestamp(start, tz=ZONE).tz_convert("UTC") + pd.to_timedelta(hours, unit="h")
    frame = pd.DataFrame({"ts": ts, "local_time": ts.tz_convert(ZONE).tz_localize(None)})
    for place, name in enumerate(("q05", "q10", "q25", "median", "q75", "q90", "q95")):
        frame[name] = 10.0 + place
    return frame.assign(last_week=np.nan, forecast_before=np.nan)


def test_closed_hours_leave_a_gap_and_no_ramp():
    span = (pd.Timestamp("2024-03-04", tz=ZONE), pd.Timestamp("2024-03-06", tz=ZONE))
    fan = draw_fan(rows_of("2024-03-04", [8, 9, 10, 32, 33, 34]), span, minutes=60, zone=ZONE, weekend=(5, 6))
    assert dict(fan.lines)["median"].count("M") == 2
    assert all(path.count("M") == 2 for _, path in fan.bands)
    assert "week" not in dict(fan.lines)


def test_days_are_as_wide_as_their_hours_where_clocks_change():
    span = (pd.Timestamp("2024-03-10", tz=ZONE), pd.Timestamp("2024-03-12", tz=ZONE))
    fan = draw_fan(rows_of("2024-03-10", list(range(47))), span, minutes=60, zone=ZONE, weekend=(5, 6))
    widths = [day.width for day in fan.days]
    assert [day.label for day in fan.days] == ["Sun 10 Mar", "Mon 11 Mar"]
    assert widths[0] / widths[1] == 23 / 24
    assert sum(widths) == WIDTH - LEFT - RIGHT
    assert [day.weekend for day in fan.days] == [True, False]
    assert [tick.label for tick in fan.hours] == ["0", "6", "12", "18"] * 2
