"""Links whose peaks are the feed itself: a plan of the past, quiet weekends, an attribute that is missing."""

import numpy as np
import pandas as pd
import pytest

from forecasting.errors import SettingsError
from forecasting.jobs import forecast, ingest, plan
from forecasting.jobs.streams import overview
from forecasting.jobs.training import train
from forecasting.settings import Settings
from tests.backfills import frame
from tests.feeds import START, define_stream, deliver

RULES = """[planning.capacity]
peak_stream = "usage"
capacity = "mbps"
threshold = 0.7
lead_time = "60d"
currency = "CAD"

[[planning.capacity.steps]]
name = "10G"
to = 10_000
cost = 12_000
"""


def define(settings: Settings, **changes: str) -> None:
    define_stream(settings, interval="1d", horizon="365d", tables=RULES, members='["growth", "seasonal"]', **changes)


def daily(peaks: np.ndarray, mbps: list[str]) -> pd.DataFrame:
    ts = pd.date_range(START, periods=len(peaks), freq="D")
    noise = np.random.default_rng(1).normal(0, 4, len(peaks))
    return pd.DataFrame({"series_id": "link", "ts": ts, "y": peaks + noise, "mbps": mbps})


def plan_from(settings: Settings, rows: pd.DataFrame, origin: str) -> pd.Series:
    deliver(settings, rows)
    ingest.run(settings, "usage", until="2024-06-01")
    train.run(settings, "usage", origin=origin)
    forecast.run(settings, "usage", origin=origin)
    plan.run(settings, "usage", origin=origin)
    (row,) = frame(settings, "select * from analyst.capacity_latest").to_dict("records")
    return pd.Series(row)


def test_a_past_origin_is_planned_with_the_capacity_of_then(settings):
    define(settings)
    rows = daily(500 * np.exp(0.002 * np.arange(152)), ["1000"] * 100 + ["10000"] * 52)
    row = plan_from(settings, rows, "2024-03-20")
    assert (row["capacity"], row["due"], row["currency"]) == (1000.0, True, "CAD")
    assert row["utilisation"] == pytest.approx(0.58, abs=0.02)
    assert frame(settings, "select * from analyst.capacity_findings").empty
    later = plan_from(settings, rows, "2024-05-20")
    assert later["capacity"] == 10_000.0
    (finding,) = frame(settings, "select finding, note from analyst.capacity_findings").to_dict("records")
    assert finding["finding"] == "capacity_changed"
    assert "from 1000 to 10000 on 2024-04-10" in finding["note"]


def test_a_link_that_is_quiet_on_weekends_is_judged_by_its_weekdays(settings):
    define(settings)
    weekend = pd.date_range(START, periods=152, freq="D").day_of_week >= 5
    row = plan_from(settings, daily(np.where(weekend, 150.0, 750.0), ["1000"] * 152), "2024-06-01")
    assert row["peak"] == pytest.approx(750, abs=10)
    assert row["headroom"] == pytest.approx(-50, abs=10)
    assert row["utilisation"] == pytest.approx(0.75, abs=0.01)
    assert str(row["runout_q50"])[:10] == "2024-06-01", "what is shown and what is judged are one"


def test_an_attribute_that_no_row_has_is_named_by_plan_and_by_check(settings):
    define(settings)
    rows = daily(np.full(152, 500.0), ["1000"] * 152).drop(columns="mbps")
    with pytest.raises(SettingsError, match=r"capacity = 'mbps' is no attribute .*usage.sql returns no column mbps"):
        plan_from(settings, rows, "2024-03-20")
    (found,) = overview.check(settings, ["usage"])
    assert (found.verdict, "planning.capacity.capacity names 'mbps', which usage.sql does not" in found.message) == (
        "error",
        True,
    )
