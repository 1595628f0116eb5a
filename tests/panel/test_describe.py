"""What was found in a history, in words."""

from dataclasses import replace
from zoneinfo import ZoneInfo

import numpy as np

from forecasting.panel.cleaning.breaks import Fault
from forecasting.panel.cleaning.surges import Surge
from forecasting.panel.describe import describe_breaks, describe_suppressed
from tests.panel.factories import make_panel, make_series, make_stream

TORONTO = ZoneInfo("America/Toronto")


def panel_of_five():
    stream = make_stream(timezone="America/Toronto")
    return make_panel(stream, series=make_series("a", "b", "c", "d", "e"), since="2024-01-08", origin="2024-01-22")


def test_a_history_without_faults_says_nothing():
    assert describe_breaks(panel_of_five(), zone=TORONTO) is None


def test_each_kind_of_fault_is_counted_with_its_series():
    panel = panel_of_five()
    fault = panel.fault.copy()
    fault[1, 5], fault[:, 20:1020] = Fault.STUCK, Fault.LOST
    predicted = describe_breaks(replace(panel, fault=fault), zone=TORONTO)
    lost = 5 * (panel.n_history - 20)
    assert predicted == (
        f"{lost:,} intervals of a, b, c and 2 more set aside as lost data; 1 interval of b set aside as a stuck counter"
    )


def test_level_shifts_have_the_local_date_of_their_first_interval():
    panel = panel_of_five()
    start = np.array([0, 48, 0, 47, 0])
    predicted = describe_breaks(replace(panel, level_start=start), zone=TORONTO)
    assert predicted == "2 level shifts: b since 2024-01-10, d since 2024-01-09"
    every = describe_breaks(replace(panel, level_start=np.full(5, 24)), zone=TORONTO)
    assert every == "5 level shifts: a since 2024-01-09, b since 2024-01-09, c since 2024-01-09 and 2 more"


def test_demand_that_was_put_back_is_reported_with_its_share_and_the_series_cut_off_most():
    panel = panel_of_five()
    assert describe_suppressed(panel) is None
    censored, suppressed = np.zeros(panel.y.shape, bool), np.zeros(panel.y.shape, np.float32)
    y = np.full(panel.y.shape, 10.0, np.float32)
    for row, count in ((1, 1), (3, 3)):
        censored[row, :count], suppressed[row, :count] = True, 2.0
        y[row, :count] = 12.0
    line = describe_suppressed(replace(panel, y=y, censored=censored, suppressed=suppressed))
    names = f"{panel.series_ids[3]}, {panel.series_ids[1]}"
    assert line == f"4 intervals of {names} cut off at a limit: 20.0% of demand put back"


def test_surges_are_named_with_their_days_and_volume_the_newest_first():
    panel = panel_of_five()
    fault = panel.fault.copy()
    fault[0, 24:72], fault[2, 96:] = Fault.SURGE, Fault.SURGE
    ended = Surge(row=0, first=24, end=72, factor=4.96, days=2, ongoing=False)
    begun = Surge(row=2, first=96, end=panel.n_history, factor=0.2, days=10, ongoing=True)
    line = describe_breaks(replace(panel, fault=fault, surges=(ended, begun)), zone=TORONTO)
    assert line == (
        "2 surges kept out of the forecast: c since 2024-01-12, 0.2 times its usual volume, "
        "a 2024-01-09 to 2024-01-10, 5 times its usual volume"
    )
    used = describe_breaks(replace(panel, surges=(ended,)), zone=TORONTO)
    assert used == "1 surge used as demand, as a person said"
