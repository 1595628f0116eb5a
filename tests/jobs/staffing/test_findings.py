"""What a plan of shifts leaves open, in local time and people."""

from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from forecasting.config.shifts import ShiftRule
from forecasting.config.stream import Stream, parse_stream
from forecasting.jobs.staffing.findings import PoolWeek, find_open_hours
from forecasting.planning.shifts.model import plan_shifts
from forecasting.planning.shifts.patterns import make_week
from forecasting.planning.shifts.plan import HOUR
from forecasting.planning.shifts.search import Effort
from tests.feeds import DEFINITION

ZONE = ZoneInfo("Europe/Berlin")
EXACT = Effort(gap=0.0, limit=20.0)
NIGHT = {"name": "night", "length": "8h", "starts": "22:00", "every": "1h", "days": 7, "least_days_off_together": 0}


@pytest.fixture
def stream() -> Stream:
    parts = {"interval": "1h", "timezone": str(ZONE), "horizon": "14d", "budget": "5s", "retrain": "7d"}
    text = DEFINITION.format(
        name="calls", unit="calls", stream="", source="", tables="", models="", members='["seasonal"]', **parts
    )
    return parse_stream(text, path="calls.toml")


def plan_week(monday: str, shifts: list[dict], *, people: int, hours: tuple[int, ...], is_open=range(24)) -> PoolWeek:
    """A week that needs so many people in those hours of each local day."""
    local = pd.date_range(monday, periods=2, freq="7D", tz=ZONE)
    at = pd.date_range(*local, freq="1h", inclusive="left")
    week = make_week(at.tz_localize(None).to_numpy(), np.isin(at.hour, list(is_open)), interval=HOUR)
    required = np.where(np.isin(at.hour, hours), people, 0)
    plan = plan_shifts(required, week, [ShiftRule.model_validate(one) for one in shifts], effort=EXACT)
    ts = at.tz_convert("UTC").tz_localize(None).to_numpy()
    return PoolWeek("care", local[0].date(), ts, plan)


def notes(stream: Stream, *weeks: PoolWeek) -> dict[str, str]:
    table = find_open_hours(stream, weeks)
    assert set(table["series_id"]) <= {"care"}
    return dict(zip(table["finding"], table["note"], strict=True))


def test_hours_that_no_shift_covers_are_named_in_local_time_with_the_people_missing(stream):
    day = {"name": "day", "length": "8h", "starts": "08:00", "every": "1h", "days": 7, "least_days_off_together": 0}
    week = plan_week("2024-03-25", [day], people=3, hours=tuple(range(6, 16)), is_open=range(6, 16))
    found = notes(stream, week)
    assert list(found) == ["uncovered"]
    first, *_, last = found["uncovered"].removeprefix("pool care: no shift covers: ").split("; ")
    assert first == "Mon 2024-03-25 06:00-08:00, 3 missing (6 person-hours)"
    # clocks change in the early hours of this Sunday
    assert last == "Sun 2024-03-31 06:00-08:00, 3 missing (6 person-hours)"


def test_shift_that_cannot_be_worked_is_named_with_the_reason(stream):
    day = {"name": "day", "length": "8h", "starts": "08:00", "every": "1h"}
    found = notes(stream, plan_week("2024-03-25", [day], people=1, hours=(9,), is_open=range(8, 14)))
    assert found["shift_left_out"] == (
        "pool care: left out of the shifts: day in 2024-03-25: it lasts 8h, and the longest opening is 6h"
    )


def test_first_hours_belong_to_the_week_before_and_nobody_of_the_plan_covers_them(stream):
    nights = (22, 23, 0, 1, 2, 3, 4, 5)
    first = plan_week("2024-03-25", [NIGHT], people=2, hours=nights)
    assert first.plan.short_hours == 0
    found = notes(stream, first)
    assert list(found) == ["week_before"]
    assert found["week_before"].endswith("covers: Mon 2024-03-25 00:00-06:00, 2 missing (12 person-hours)")
    # the first week ends in the night after clocks changed; its people cover the second Monday whole
    second = plan_week("2024-04-01", [NIGHT], people=2, hours=nights)
    assert list(notes(stream, first, second)) == ["week_before"]
    busier = plan_week("2024-04-01", [NIGHT], people=5, hours=nights)
    found = notes(stream, first, busier)
    assert list(found) == ["week_before", "short_after_sunday"]
    assert found["short_after_sunday"].endswith("open: Mon 2024-04-01 00:00-06:00, 3 missing (18 person-hours)")
