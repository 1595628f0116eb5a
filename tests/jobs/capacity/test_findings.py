"""What is said of links whose numbers need a second look."""

from datetime import UTC, datetime
from types import SimpleNamespace

import numpy as np
import pandas as pd

from forecasting.config.capacity import CapacitySection
from forecasting.jobs.capacity.findings import (
    find_overfull,
    find_silent,
    find_stopped,
    find_without_failure,
)

RULES = CapacitySection(peak_stream="peaks", capacity="mbps", group="router")
ORIGIN = datetime(2024, 6, 1, tzinfo=UTC)


def test_a_peak_that_the_capacity_cannot_carry_is_a_finding():
    measured = np.array([[4800.0] * 7, [1050.0] * 7, [5000.0, 5000.0] + [300.0] * 5, [np.nan] * 7])
    found = find_overfull(measured, np.full(4, 1000.0), ["wrong", "full", "spikes", "unknown"], RULES, "Mbit/s")
    assert found == [
        (
            "wrong",
            "peak_above_capacity",
            "wrong: its measured peak of 4,800 Mbit/s is 4.8 times mbps = 1,000: a wrong capacity, or one in another "
            "unit; planned as it stands; correct it in the feed",
        )
    ]


def test_a_link_without_a_value_for_three_days_stopped_reporting():
    observed = np.ones((4, 10), dtype=bool)
    observed[1, 7:], observed[2, 8:], observed[3, 7:] = False, False, False
    panel = SimpleNamespace(observed=observed, n_history=10, wall=np.arange("2024-05-22", "2024-06-01", dtype="M8[D]"))
    names = ["fine", "stopped", "late", "wraps"]
    found = find_stopped(panel, range(4), names, {"wraps": "its counter of 32 bits may wrap twice"})
    assert [(name, str(kind)) for name, kind, _ in found] == [
        ("stopped", "stopped_reporting"),
        ("wraps", "counter_wraps"),
    ]
    assert found[0][2] == (
        "stopped: no value since 2024-05-28, for 3 days: planned from what was known before; check its source"
    )


def test_a_link_that_vanished_is_named_until_it_is_gone_for_good():
    last = pd.to_datetime(["2024-04-20", "2023-01-01", None, None], utc=True)
    reasons = [np.nan, np.nan, "its counter of 32 bits may wrap twice", np.nan]
    names = ["vanished", "retired", "wraps", "never"]
    found = find_silent(pd.DataFrame({"series_id": names, "last_ts": last, "counter_wraps": reasons}), ORIGIN)
    assert [(name, str(kind)) for name, kind, _ in found] == [
        ("vanished", "stopped_reporting"),
        ("wraps", "counter_wraps"),
        ("never", "stopped_reporting"),
    ]
    assert found[0][2].startswith("vanished: no value since 2024-04-20: not planned")
    assert "64-bit counter" in found[1][2]


def test_links_without_a_parallel_one_share_a_line():
    names = [f"l{number}" for number in range(7)]
    found = find_without_failure([*names, "loose"], [f"r{name}" for name in names] + [""], names, RULES)
    assert found == [
        (
            "(several)",
            "alone",
            "7 links: no parallel link could carry its traffic: no n-1: l0, l1, l2, l3, l4 and 2 more",
        ),
        ("loose", "orphan", "loose: no attribute router: without parallel links, no n-1"),
    ]
