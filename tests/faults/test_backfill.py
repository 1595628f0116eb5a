"""Backfills that are killed, or run beside each other and a nightly run: the tables end as if nothing had happened."""

import random
import signal
from pathlib import Path

import pandas as pd
import pytest

from forecasting.jobs import forecast, ingest
from forecasting.settings import Settings, read_settings
from forecasting.store.lake.lake import as_frame
from forecasting.store.lake.open import open_lake_to_read
from forecasting.terms import RunKind
from tests.faults.processes import Running, command, settings_of, start_command
from tests.feeds import define_stream, deliver, hourly_rows

RANGE = ("backfill", "usage", "--from", "2024-02-03", "--to", "2024-02-06")
WIDER = ("backfill", "usage", "--from", "2024-02-04", "--to", "2024-02-07")
NIGHTLY_ORIGIN = "2024-02-05"
WHAT_LASTS = {
    "publications": "select origin, kind, content_hash, rows, hindsight from forecast.publications order by 1",
    "current": "select * exclude (run_id, published_at) from analyst.forecast_vs_actual order by all",
    "models": "select model_id, trained_until, parent_model_id, n_steps from forecast.models order by all",
    "decisions": "select decided_at_origin, challenger, champion, verdict from forecast.decisions order by all",
}


def make_home(folder: Path) -> Settings:
    settings = read_settings({"FORECASTING_HOME": str(folder)})
    define_stream(settings)
    deliver(settings, hourly_rows(days=37))
    ingest.run(settings, "usage", until="2024-02-07")
    return settings


def lasting(settings: Settings, *names: str) -> dict[str, pd.DataFrame]:
    with open_lake_to_read(settings) as lake:
        return {name: as_frame(lake.connection.execute(WHAT_LASTS[name])) for name in names or WHAT_LASTS}


def issue_nightly(variables: dict[str, str]) -> None:
    forecast.run(settings_of(variables), "usage", origin=NIGHTLY_ORIGIN, kind=RunKind.NIGHTLY)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = make_home(tmp_path_factory.mktemp("sound") / "home")
    for arguments in (RANGE, WIDER):
        assert command(settings, *arguments).code == 0
    return settings


@pytest.mark.slow
def test_killed_at_random_moments_a_backfill_goes_on_where_it_stopped(tmp_path, undisturbed):
    settings = make_home(tmp_path / "home")
    moments, killed, published = random.Random(4), 0, [0]
    while published[-1] < 4 and len(published) < 40:
        process = start_command(settings, *RANGE)
        process.wait_at_most(moments.uniform(0.3, 2.5))
        process.kill()
        killed += process.wait().code == -signal.SIGKILL
        published.append(len(lasting(settings, "publications")["publications"]))
    assert published == sorted(published)
    assert killed >= 3
    for arguments in (RANGE, WIDER):
        finished = command(settings, *arguments)
        assert (finished.code, finished.err) == (0, "")
    expected = lasting(undisturbed)
    for name, found in lasting(settings).items():
        pd.testing.assert_frame_equal(found, expected[name], check_exact=True, obj=name)


@pytest.mark.slow
def test_two_backfills_and_a_nightly_run_at_once_end_with_one_publication_an_origin(tmp_path, undisturbed):
    settings = make_home(tmp_path / "home")
    assert command(settings, "train", "usage", "--origin", "2024-02-03").code == 0
    assert command(settings, "train", "usage", "--origin", NIGHTLY_ORIGIN).code == 0
    processes = [start_command(settings, *arguments) for arguments in (RANGE, WIDER, RANGE)]
    processes.append(Running(issue_nightly, settings.as_environment()))
    for process in processes:
        finished = process.wait()
        assert (finished.code, finished.err) == (0, "")
    found = lasting(settings)["publications"]
    assert found["origin"].is_unique
    assert len(found) == 5
    expected = lasting(undisturbed)
    pd.testing.assert_frame_equal(found.drop(columns="kind"), expected["publications"].drop(columns="kind"))
    for name in ("current", "models"):
        pd.testing.assert_frame_equal(lasting(settings)[name], expected[name], check_exact=True, obj=name)
    again = command(settings, *RANGE)
    assert again.code == 0
    assert "4 origins: 4 settled" in again.out
