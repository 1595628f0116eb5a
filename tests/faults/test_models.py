"""Model files that are damaged or belong to another stream, and trainings at the same time."""

import os
import re
import shutil
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from forecasting.ensemble import training
from forecasting.jobs import ingest
from forecasting.jobs.training import contest, register
from forecasting.settings import Settings, read_settings
from forecasting.store.lake.open import open_lake_to_read
from tests.contests import ALIKE, Arena
from tests.faults.processes import Running, assert_one_line, command, run_command
from tests.feeds import define_stream, deliver, hourly_rows
from tests.quick_training import MEMBERS, tune_two_steps

STREAMS = ("calls", "traffic")
ORIGIN = "2024-01-29"
FORECAST = ("forecast", "calls", "--origin", ORIGIN)


def quick_command(variables: dict[str, str], arguments: tuple[str, ...]) -> None:
    """The command line, where training takes two steps from a seed of the process's own and every member counts."""
    training._leave_out = lambda _panel, trainings: trainings
    tune_two_steps(pytest.MonkeyPatch())
    for name in ("tune", "tune_again"):
        setattr(training, name, partial(_from_own_seed, getattr(training, name)))
    run_command(variables, arguments)


def _from_own_seed(tune: Callable[..., Any], *given: Any, **named: Any) -> Any:
    return tune(*given, **{**named, "seed": os.getpid()})


def die_before_registering(variables: dict[str, str], arguments: tuple[str, ...]) -> None:
    """The command line, killed when a better challenger's files are saved but not on the register."""
    arena = Arena()
    arena.challenger = 0.9 * ALIKE
    contest.held_back_losses = arena.held_back_losses
    register.append_model = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
    quick_command(variables, arguments)


def start_training(settings: Settings, stream: str = "calls") -> Running:
    return Running(quick_command, settings.as_environment(), ("train", stream, "--origin", ORIGIN))


def ask(settings: Settings, query: str) -> list[tuple]:
    with open_lake_to_read(settings) as lake:
        return lake.connection.execute(query).fetchall()


def bundle_of(settings: Settings, stream: str) -> Path:
    uris = ask(settings, f"select uri from forecast.models where stream = '{stream}' order by model_id")
    return Path(settings.models) / uris[0][0]


@pytest.fixture(scope="module")
def trained_once(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home with two streams, each with a model of two steps."""
    settings = read_settings({"FORECASTING_HOME": str(tmp_path_factory.mktemp("models") / "home")})
    for stream in STREAMS:
        define_stream(settings, stream, members=MEMBERS, horizon="1d")
        deliver(settings, hourly_rows(days=29), stream)
        ingest.run(settings, stream, until=ORIGIN)
    assert [process.wait().code for process in [start_training(settings, stream) for stream in STREAMS]] == [0, 0]
    return settings


@pytest.fixture
def trained(trained_once: Settings, tmp_path: Path) -> Settings:
    """The same with model files of the test's own."""
    shutil.copytree(trained_once.models, tmp_path / "models")
    return trained_once.model_copy(update={"models": str(tmp_path / "models")})


def truncate(settings: Settings) -> None:
    file = bundle_of(settings, "calls") / "nbeats.safetensors"
    file.write_bytes(file.read_bytes()[:-100])


def lose(settings: Settings) -> None:
    shutil.rmtree(bundle_of(settings, "calls"))


def swap(settings: Settings) -> None:
    lose(settings)
    shutil.copytree(bundle_of(settings, "traffic"), bundle_of(settings, "calls"))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (truncate, r"nbeats\.safetensors: expected sha256 \w+, found \w+"),
        (lose, r"bundle\.json: expected a model, found No such file or directory"),
        (swap, r"bundle\.json: expected stream 'calls', found 'traffic'"),
    ],
)
def test_damaged_model_is_named_in_one_line_and_nothing_is_published(trained, damage, message):
    before = ask(trained, "select count(*) from forecast.forecasts")
    damage(trained)
    finished = command(trained, *FORECAST)
    assert finished.code == 1
    assert_one_line(finished.err)
    assert re.search(message, finished.err)
    assert "run `forecasting train` with --anew" in finished.err
    assert ask(trained, "select count(*) from forecast.forecasts") == before


def test_sound_model_forecasts(trained):
    assert command(trained, *FORECAST).code == 0
    assert ask(trained, "select distinct model_id like 'calls-20240129-%' from analyst.forecast_latest") == [(True,)]


@pytest.mark.slow
def test_trainings_at_the_same_time_leave_one_model_that_loads(settings):
    define_stream(settings, "calls", members=MEMBERS, horizon="1d")
    deliver(settings, hourly_rows(days=29), "calls")
    ingest.run(settings, "calls", until=ORIGIN)
    processes = [start_training(settings) for _ in range(3)]
    assert [process.wait().code for process in processes] == [0, 0, 0]
    assert ask(settings, "select count(*) from forecast.models") == [(1,)]
    finished = command(settings, *FORECAST)
    assert (finished.code, finished.err) == (0, "")


@pytest.mark.slow
def test_training_again_heals_a_damaged_model(trained):
    truncate(trained)
    assert command(trained, *FORECAST).code == 1
    assert start_training(trained).wait().code == 0
    finished = command(trained, *FORECAST)
    assert (finished.code, finished.err) == (0, "")
    ((used,),) = ask(trained, "select distinct model_id from analyst.forecast_latest where stream = 'calls'")
    assert used.endswith(".2")


@pytest.mark.slow
def test_killed_between_its_files_and_the_register_a_challenger_changes_nothing(settings):
    define_stream(settings, "calls", members=MEMBERS, horizon="1d", retrain="1d")
    deliver(settings, hourly_rows(days=29), "calls")
    ingest.run(settings, "calls", until=ORIGIN)
    first = Running(quick_command, settings.as_environment(), ("train", "calls", "--origin", "2024-01-28")).wait()
    assert first.code == 0
    before = [ask(settings, f"select * from forecast.{table}") for table in ("models", "decisions")]
    killed = Running(die_before_registering, settings.as_environment(), ("train", "calls", "--origin", ORIGIN)).wait()
    assert killed.code == -signal.SIGKILL
    assert len(list((Path(settings.models) / "calls").glob("calls-*"))) == 2
    assert [ask(settings, f"select * from forecast.{table}") for table in ("models", "decisions")] == before
    finished = command(settings, *FORECAST)
    assert (finished.code, finished.err) == (0, "")
    assert ask(settings, "select distinct model_id from analyst.forecast_latest") == [(before[0][0][0],)]
