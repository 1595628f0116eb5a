"""kill -9 at any moment of the line: the next run finds nothing half-done and ends where one never killed ends."""

import random
import signal
from pathlib import Path

import pandas as pd
import pytest

from forecasting.settings import Settings, read_settings
from forecasting.store.lake.lake import as_frame
from forecasting.store.lake.lock import hold_writer_lock
from forecasting.store.lake.open import open_lake_to_read
from tests.faults.processes import (
    Running,
    assert_one_line,
    command,
    die_in_transaction,
    start_command,
)
from tests.feeds import define_stream, deliver, hourly_rows

ORIGINS = ("2024-01-30", "2024-01-31")
ROWS = 2 * 48
WHAT_LASTS = {
    "demand": "select stream, series_id, ts, y, weight, censored, available_at from history.demand order by all",
    "series": "select stream, series_id, valid_from, known_at, attributes::varchar from history.series order by all",
    "watermark": "select stream, max(until) from history.ingests group by all",
    "publications": "select stream, origin, kind, content_hash, rows, complete from forecast.publications order by all",
    "published": "select * exclude (run_id, published_at) from analyst.forecast_vs_actual order by all",
    "latest": "select * exclude (run_id, published_at) from analyst.forecast_latest order by all",
    "scores": "select * exclude eval_id from analyst.accuracy order by all",
}
COUNTS = "select (select count(*) from forecast.publications), (select count(*) from analyst.forecast_latest)"


def make_home(folder: Path) -> Settings:
    settings = read_settings({"FORECASTING_HOME": str(folder)})
    define_stream(settings)
    deliver(settings, hourly_rows(days=31))
    return settings


def lasting(settings: Settings) -> dict[str, pd.DataFrame]:
    """Everything that must not depend on how often a run was killed."""
    with open_lake_to_read(settings) as lake:
        return {name: as_frame(lake.connection.execute(query)) for name, query in WHAT_LASTS.items()}


@pytest.fixture(scope="module")
def never_killed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pd.DataFrame]:
    settings = make_home(tmp_path_factory.mktemp("sound") / "home")
    for origin in ORIGINS:
        assert command(settings, "run", "usage", "--origin", origin).code == 0
    return lasting(settings)


def assert_nothing_half_done(settings: Settings) -> None:
    """The lock is free and what is published is whole."""
    with hold_writer_lock(settings.writer_lock, patience_seconds=0):
        pass
    with open_lake_to_read(settings) as lake:
        published, rows = lake.connection.execute(COUNTS).fetchone() or (0, 0)
    assert rows == (ROWS if published else 0)


def assert_same(settings: Settings, expected: dict[str, pd.DataFrame]) -> None:
    for name, found in lasting(settings).items():
        pd.testing.assert_frame_equal(found, expected[name], obj=name)


def assert_upkeep_closes_killed_runs(settings: Settings) -> None:
    """At once and not after a day, since their processes are gone; another process can see it."""

    def statuses() -> dict[str, int]:
        with open_lake_to_read(settings) as lake:
            return dict(lake.connection.execute("select status, count(*) from forecast.runs group by 1").fetchall())

    before = statuses()
    assert before["running"] > 0
    assert "expected runs to end by themselves" in command(settings, "doctor").out
    assert command(settings, "maintain").code == 0
    after = statuses()
    assert "running" not in after
    assert after["killed"] == before["running"]


@pytest.mark.slow
@pytest.mark.parametrize("committed", [False, True], ids=["before its commit", "after its commit"])
def test_killed_in_each_transaction_of_the_line_in_turn(tmp_path, never_killed, committed):
    settings = make_home(tmp_path / "home")
    assert command(settings, "run", "usage", "--origin", ORIGINS[0]).code == 0
    number, code = 0, -signal.SIGKILL
    while code:
        number += 1
        arguments = (settings.as_environment(), ("run", "usage", "--origin", ORIGINS[1]), number, committed)
        code = Running(die_in_transaction, *arguments).wait().code
        assert code in (0, -signal.SIGKILL)
        assert_nothing_half_done(settings)
    assert number >= 7
    assert_same(settings, never_killed)
    assert_upkeep_closes_killed_runs(settings)


@pytest.mark.slow
def test_killed_at_random_moments_of_two_daily_runs(tmp_path, never_killed):
    settings = make_home(tmp_path / "home")
    assert command(settings, "ingest", "usage", "--until", "2024-01-02").code == 0
    moments = random.Random(7)
    killed = 0
    for origin in ORIGINS:
        for _ in range(7):
            process = start_command(settings, "run", "usage", "--origin", origin)
            process.wait_at_most(moments.uniform(0, 1.3))
            process.kill()
            killed += process.wait().code == -signal.SIGKILL
            assert_nothing_half_done(settings)
        finished = command(settings, "run", "usage", "--origin", origin)
        assert (finished.code, finished.err) == (0, "")
    assert killed >= 7
    assert_same(settings, never_killed)


@pytest.mark.slow
def test_killed_while_the_lake_is_made(tmp_path):
    settings = make_home(tmp_path / "home")
    arguments = (settings.as_environment(), ("ingest", "usage", "--until", "2024-01-05"), 1, False)
    assert Running(die_in_transaction, *arguments).wait().code == -signal.SIGKILL
    read = command(settings, "sql", "select count(*) from history.demand")
    assert read.code
    assert_one_line(read.err)
    assert command(settings, "ingest", "usage", "--until", "2024-01-05").code == 0
