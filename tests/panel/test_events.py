"""Events: scopes and the intervals that they share time with."""

from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.panel.events import in_scope, read_events, touched
from forecasting.terms import EventKind
from tests.panel.factories import make_events

ATTRIBUTES = pd.DataFrame({"region": ["qc", "on", "qc"], "queue": ["chat", "chat", ""]}, index=["a", "b", "c"])
START = datetime.fromisoformat("2024-01-01")


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ({}, [True, True, True]),
        ({"region": "qc"}, [True, False, True]),
        ({"region": "qc", "queue": "chat"}, [True, False, False]),
        ({"series_id": "b"}, [False, True, False]),
        ({"stream": "calls"}, [True, True, True]),
        ({"stream": "traffic"}, [False, False, False]),
        ({"stream": "calls", "region": "on"}, [False, True, False]),
        ({"site": "mtl"}, [False, False, False]),
    ],
)
def test_a_scope_names_the_series_that_match_all_its_keys(scope, expected):
    assert in_scope(scope, attributes=ATTRIBUTES, stream_name="calls").tolist() == expected


def test_events_that_touch_no_series_are_left_out():
    window = ("2024-01-01T00:00Z", "2024-01-02T00:00Z")
    frame = make_events(("outage", {"region": "bc"}, *window), ("outage", {"region": "on"}, *window))
    (event,) = read_events(frame, attributes=ATTRIBUTES, stream_name="calls")
    assert event.series.tolist() == [1]
    assert read_events(make_events(), attributes=ATTRIBUTES, stream_name="calls") == ()


@given(begin=st.integers(-100, 800), length=st.integers(1, 400), gap=st.integers(0, 90))
def test_an_event_touches_exactly_the_intervals_that_share_time_with_it(begin, length, gap):
    since, until = START + timedelta(minutes=begin), START + timedelta(minutes=begin + length)
    frame = make_events(("campaign", {"region": "on"}, f"{since.isoformat()}Z", f"{until.isoformat()}Z"))
    known = read_events(frame, attributes=ATTRIBUTES, stream_name="calls")
    starts = [START + timedelta(minutes=number * (60 + gap)) for number in range(8)]
    expected = [start < until and since < start + timedelta(hours=1) for start in starts]
    ts = np.array(starts, "datetime64[us]")
    mask = touched(known, EventKind.CAMPAIGN, n_series=3, ts=ts, ends=ts + np.timedelta64(1, "h"))
    np.testing.assert_array_equal(mask, [[False] * 8, expected, [False] * 8])
    assert not touched(known, EventKind.OUTAGE, n_series=3, ts=ts, ends=ts + np.timedelta64(1, "h")).any()
