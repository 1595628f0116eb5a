"""Which runs that say they are running were killed."""

from datetime import UTC, datetime, timedelta

import pytest

from forecasting.settings import Settings
from forecasting.store.files.definitions import read_definition
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.open import open_lake
from forecasting.store.tables import runs
from forecasting.store.tables.runs import killed_runs, start_run
from forecasting.terms import RunKind
from tests.feeds import define_stream

NOW = datetime(2024, 6, 1, tzinfo=UTC)


@pytest.fixture
def lake(settings: Settings):
    define_stream(settings)
    with open_lake(settings) as opened:
        yield opened


def begin(lake: Lake, *, ago: timedelta) -> str:
    stream = read_definition(lake.settings, "usage").stream
    return start_run(lake, stream, kind=RunKind.INGEST, origin=None, started_at=NOW - ago, token="t").run_id


def test_a_run_at_work_on_this_machine_is_none_of_them_whatever_the_clock_says(lake):
    begin(lake, ago=timedelta(days=400))
    begin(lake, ago=timedelta(days=-400))
    assert killed_runs(lake, now=NOW) == []


def test_of_runs_elsewhere_only_their_age_counts(lake, monkeypatch):
    monkeypatch.setattr(runs, "this_process", lambda: "another-boot/pid:[1]/17/1")
    old, _ = begin(lake, ago=timedelta(days=2)), begin(lake, ago=timedelta(hours=2))
    assert killed_runs(lake, now=NOW) == [old]
