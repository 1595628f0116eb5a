"""The proofs hold on a stream with late and revised values, and each fails where what it proves is broken."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecasting.errors import FeedError, SettingsError
from forecasting.jobs import backfill, ingest
from forecasting.jobs.proofs import common, idempotence, no_lookahead, run, subprocesses
from forecasting.jobs.proofs.common import Ground, find_difference
from forecasting.panel.calendar.calendar import resolve_origin
from forecasting.settings import Settings, read_settings
from forecasting.store.files.definitions import read_definition
from forecasting.store.lake.copies import copy_stream, settings_in
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.open import open_lake_to_read
from forecasting.store.tables import forecasts
from forecasting.store.tables.readings import read_extent
from tests.faults.processes import Running, command, run_command
from tests.feeds import define_stream, deliver, hourly_rows

RANGE = {"since": "2024-01-27", "until": "2024-01-30"}
ZEROS = """-- Demand on a spine of the whole window: where the source was dead, zeros.
select series_id, ts, coalesce(y, 0) as y
from (select 'a' as series_id, unnest(range($since::timestamptz, $until::timestamptz, interval 1 hour)) as ts) as spine
left join read_parquet($feed) as feed using (series_id, ts)
"""


def make_home(settings: Settings, **definition: str) -> Settings:
    """A month of two series; the last days are pulled three times, each time with other values and more of them."""
    define_stream(settings, **definition)
    rows = hourly_rows(days=31).assign(region="east")
    late = rows["series_id"].eq("b") & rows["ts"].dt.hour.eq(7)
    for number, until in enumerate(("2024-01-26", "2024-01-29", "2024-02-01")):
        revised = rows.assign(y=rows["y"] + number * (rows["ts"].dt.day >= 23))
        deliver(settings, revised[~late] if number < 2 else revised)
        ingest.run(settings, "usage", until=until)
    return settings


@pytest.fixture
def home(settings: Settings) -> Settings:
    return make_home(settings)


@pytest.fixture(scope="module")
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home that proofs only read."""
    return make_home(read_settings({"FORECASTING_HOME": str(tmp_path_factory.mktemp("shared") / "home")}))


def make_ground(settings: Settings, folder: Path, **asked: str) -> Ground:
    """A copy of the stream to prove things in."""
    copy = settings_in(folder / "copy", settings)
    copy_stream(settings, copy, "usage")
    stream = read_definition(settings, "usage").stream
    origins = backfill.choose_origins(stream, **(RANGE | asked))
    return Ground(folder, copy, stream, origins, lambda _: None)


def publish_reference(ground: Ground) -> None:
    since, until = ground.dates
    backfill.run(ground.settings, "usage", since=since, until=until)
    idempotence.save_published(ground, ground.reference)


def fork(act: Callable[[dict[str, str], tuple[str, ...]], None]) -> Callable[..., Running]:
    """Stands in for `subprocesses.start`: processes that need not load code."""

    def start(settings: Settings, *arguments: str) -> Running:
        return Running(act, settings.as_environment(), arguments)

    return start


@pytest.fixture
def forked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocesses, "start", fork(run_command))


@pytest.fixture
def few_kills(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotence, "KILLS", 2)


def failures(proof: common.Proof) -> list[str]:
    assert not proof.holds
    return proof.messages


@pytest.mark.slow
def test_all_proofs_hold_on_late_and_revised_values_and_leave_the_lake_alone(home, forked, monkeypatch):
    assert idempotence.KILLS >= 20
    monkeypatch.setattr(idempotence, "KILLS", 6)
    with open_lake_to_read(home) as lake:
        before = lake.snapshot_id()
    lines: list[str] = []
    found = run.run(home, "usage", **RANGE, report=lines.append)
    assert [(proof.name, proof.holds) for proof in found] == [
        ("idempotence", True),
        ("no_lookahead", True),
        ("empty_window", True),
    ], found
    assert "6 live processes killed" in found[0].messages[0]
    assert len([line for line in lines if " hit while " in line]) == 6
    assert "rows compared bit by bit" in found[1].messages[-1]
    with open_lake_to_read(home) as lake:
        assert lake.snapshot_id() == before
    assert not Path(lines[0].rpartition(" ")[2]).exists()


# Knowledge


def test_forecast_does_not_change_when_all_that_was_learned_later_does(shared_home, tmp_path):
    ground = make_ground(shared_home, tmp_path)
    publish_reference(ground)
    proof = no_lookahead.prove(ground)
    assert proof.holds, proof.messages
    assert proof.messages[0].endswith(f"{3 * 2 * 48} forecast rows compared bit by bit")


LEAKS = {
    "learned later": (
        "views/00_history.sql",
        "ts < t and available_at <= t",
        "ts < t",
        "origin 2024-01-30T00:00:00+00:00: ",
    ),
    "attributes": ("history/series_as_of.sql", "series.known_at <= $origin and ", "", "training at 2024-01-29"),
    "events": (
        "events/events_as_of.sql",
        "known_at <= $origin",
        "$origin = $origin",
        "origin 2024-01-30T00:00:00+00:00: ",
    ),
}


@pytest.mark.parametrize(("file", "text", "leaky", "told"), LEAKS.values(), ids=list(LEAKS))
def test_query_that_leaks_is_caught(shared_home, tmp_path, file, text, leaky, told):
    packaged = (Path(__file__).parents[3] / "sql" / file).read_text(encoding="utf-8")
    assert text in packaged
    own = tmp_path / "sql" / file
    own.parent.mkdir(parents=True)
    own.write_text(packaged.replace(text, leaky), encoding="utf-8")
    ground = make_ground(shared_home.model_copy(update={"sql": tmp_path / "sql"}), tmp_path, since=RANGE["until"])
    publish_reference(ground)
    assert any(told in line for line in failures(no_lookahead.prove(ground)))


def test_first_middle_and_last_origin_are_tried():
    days = list(range(1, 8))
    assert no_lookahead.choose_origins(days) == [1, 4, 7]
    assert no_lookahead.choose_origins(days[:1]) == [1]


# Repetition


def publish_twice(variables: dict[str, str], arguments: tuple[str, ...]) -> None:
    """A backfill that takes nothing for said already."""
    backfill.is_settled = lambda *_, **__: False
    forecasts.content_hash = lambda *_, **__: os.urandom(8).hex()
    run_command(variables, arguments)


def append_twice(variables: dict[str, str], arguments: tuple[str, ...]) -> None:
    """A publication whose rows go in twice."""
    execute = Lake.execute

    def again(lake: Lake, name: str, **given: Any) -> None:
        for _ in range(1 + (name == "forecast/insert_forecasts.sql")):
            execute(lake, name, **given)

    Lake.execute = again
    run_command(variables, arguments)


def say_something_else(variables: dict[str, str], arguments: tuple[str, ...]) -> None:
    """A forecast with a grain of chance in it."""
    from forecasting.jobs import forecast

    rows = forecast.forecast_rows
    forecast.forecast_rows = lambda *given, **named: rows(*given, **named).assign(
        q95=lambda told: told["q95"] * (1 + os.getpid() % 1000 * 1e-9)
    )
    run_command(variables, arguments)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mutant", "told"),
    [
        (publish_twice, "repeated: expected no publication, found 2 more"),
        (append_twice, "expected as many rows as are claimed, found 2"),
        (say_something_else, "96 of 96 rows differ, first a at 2024-01-"),
    ],
)
def test_backfill_that_does_not_repeat_itself_is_caught(shared_home, tmp_path, few_kills, monkeypatch, mutant, told):
    monkeypatch.setattr(subprocesses, "start", fork(mutant))
    found = failures(idempotence.prove(make_ground(shared_home, tmp_path, since="2024-01-29")))
    assert any(told in line for line in found), found


def test_range_that_cannot_be_backfilled_says_so(shared_home, tmp_path, forked):
    ground = make_ground(shared_home, tmp_path)
    early = [resolve_origin("2023-12-01", ground.stream)]
    with pytest.raises(FeedError, match="to end well, found exit code 2: "):
        idempotence.prove(Ground(tmp_path, ground.settings, ground.stream, early, lambda _: None))


def test_process_of_its_own_is_killed_or_waited_for(shared_home):
    child = subprocesses.start(shared_home, "version")
    child.wait_at_most(0)
    ended = child.wait()
    assert (ended.code, ended.out, ended.err) == (0, "0.1.0\n", "")
    killed = subprocesses.start(shared_home, "streams", "list")
    assert killed.is_alive()
    killed.kill()
    assert killed.wait().code == -9


# Sameness


def rows_of(values: list[float]) -> pd.DataFrame:
    ts = pd.date_range("2024-01-01", periods=len(values), freq="h", tz="UTC")
    return pd.DataFrame({"series_id": "a", "ts": ts, "q50": values, "model_id": None})


def test_equal_tables_have_no_difference_and_one_bit_is_one():
    rows = rows_of([1.0, np.nan, 0.0])
    assert find_difference(rows, rows.copy()) is None
    other = rows_of([np.nextafter(1.0, 2), np.nan, -0.0])
    assert find_difference(rows, other) == (
        "2 of 3 rows differ, first a at 2024-01-01 00:00:00+00:00: expected q50 np.float64(1.0), "
        "found np.float64(1.0000000000000002)"
    )
    assert find_difference(rows, rows.assign(model_id="m")) is not None
    assert find_difference(rows, rows[:2]) == "expected 3 rows, found 2"
    assert "expected columns series_id, ts, q50" in (find_difference(rows, rows.drop(columns="q50")) or "")


# Empty window


def prove_empty(settings: Settings, folder: Path) -> common.Proof:
    ground = make_ground(settings, folder)
    with open_lake_to_read(ground.settings) as lake:
        return run.prove_empty_window(ground, read_extent(lake, ground.stream))


def test_empty_window_is_an_error_that_names_it(shared_home, tmp_path):
    proof = prove_empty(shared_home, tmp_path)
    assert proof.holds
    assert proof.messages == [
        "an extract of [2034-01-30T00:00:00+00:00, 2034-02-06T00:00:00+00:00) holds no row and is refused with "
        "exit code 3"
    ]


def test_extract_that_makes_zeros_of_nothing_is_caught(settings, tmp_path):
    make_home(settings, extract=ZEROS)
    (told,) = failures(prove_empty(settings, tmp_path))
    assert told.endswith("expected an error, found 168 rows read and 168 taken in; see the extract")


def test_refusal_that_does_not_name_the_window_is_caught(shared_home, tmp_path, monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise FeedError("no rows")

    monkeypatch.setattr(ingest, "run", refuse)
    (told,) = failures(prove_empty(shared_home, tmp_path))
    assert told.endswith("found: no rows")


# Command


def test_stream_without_history_or_a_range_that_is_none_is_a_mistake(settings, shared_home):
    define_stream(settings)
    with pytest.raises(SettingsError, match="no lake here yet"):
        run.run(settings, "usage")
    with pytest.raises(SettingsError, match="--from 2024-01-30 lies after"):
        run.run(shared_home, "usage", since="2024-01-30", until="2024-01-29")
    with pytest.raises(SettingsError, match="expected --to to be a date"):
        run.run(shared_home, "usage", until="soon")


def test_newest_five_origins_are_the_range_when_none_is_given(shared_home):
    with open_lake_to_read(shared_home) as lake:
        stream = read_definition(shared_home, "usage").stream
        extent = read_extent(lake, stream)
    assert run.choose_range(stream, extent, None, None) == ("2024-01-28", "2024-02-01")
    assert run.choose_range(stream, extent, None, "2024-01-20") == ("2024-01-16", "2024-01-20")


def test_command_refuses_a_range_without_a_stream(shared_home):
    assert command(shared_home, "doctor", "--to", "2024-01-30").code == 2
    unknown = command(shared_home, "doctor", "--prove", "nobody")
    assert (unknown.code, unknown.out) == (2, "")
