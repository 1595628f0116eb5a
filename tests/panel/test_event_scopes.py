"""Scopes: what they may name."""

from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from forecasting.panel.event_scopes import KnownStream, check_scope, why_unmatched

UTC = ZoneInfo("UTC")
QUEUES = pd.DataFrame({"skill": ["billing"]}, index=["q1"])
CALLS = KnownStream(UTC, QUEUES)
NEW = KnownStream(UTC, None)


@pytest.mark.parametrize(
    "scope", [{"stream": "calls", "skill": "billing"}, {"skill": "billing"}, {"series_id": "q1"}, {}]
)
def test_names_that_are_known_are_taken(scope):
    check_scope(scope, {"calls": CALLS})


def test_a_name_that_no_series_has_is_refused_with_the_nearest():
    with pytest.raises(ValueError, match=r"'skil' is no attribute of series of calls \(did you mean 'skill'\?\)"):
        check_scope({"stream": "calls", "skil": "billing"}, {"calls": CALLS, "aht": NEW})


@pytest.mark.parametrize("scope", [{"stream": "aht", "skill": "billing"}, {"skil": "billing"}])
def test_of_a_stream_without_series_yet_nobody_knows_the_attributes(scope):
    check_scope(scope, {"calls": CALLS, "aht": NEW})


def test_columns_that_were_looked_up_are_known_before_the_first_ingest():
    looked_up = KnownStream(UTC, None, columns=frozenset({"skill"}))
    check_scope({"stream": "aht", "skill": "billing"}, {"aht": looked_up})
    with pytest.raises(ValueError, match="'region' is no attribute of series of aht"):
        check_scope({"stream": "aht", "region": "north"}, {"aht": looked_up})


def test_before_the_first_ingest_of_any_stream_an_event_may_be_taken_in():
    assert why_unmatched({}, {"aht": NEW, "packaged": KnownStream(UTC, None, in_use=False)}) is None
    assert why_unmatched({"skill": "sales"}, {"calls": CALLS}) == "no series has skill 'sales'; skill is billing"
