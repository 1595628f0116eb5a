"""Training jobs: when a model is due, what it starts from, and what is on record."""

import re
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecasting.ensemble import training
from forecasting.errors import ModelError, SettingsError
from forecasting.jobs import forecast, ingest
from forecasting.jobs.common.session import open_session
from forecasting.jobs.training import train
from forecasting.jobs.training.bundles import load_model
from forecasting.models.neural.training import affordable_steps
from forecasting.settings import Settings
from forecasting.store.lake.open import open_lake_to_read
from forecasting.store.tables.registry import find_model
from tests.contests import make_evidence
from tests.feeds import define_stream, deliver, hourly_rows
from tests.quick_training import MEMBERS, tune_two_steps


def ask(settings: Settings, query: str) -> list[tuple]:
    with open_lake_to_read(settings) as lake:
        return lake.connection.execute(query).fetchall()


@pytest.fixture
def filled(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Five weeks of history of a stream whose N-BEATS trains in two steps and counts all the same."""
    tune_two_steps(monkeypatch)
    make_evidence(monkeypatch)
    define_stream(settings, members=MEMBERS, horizon="1d")
    deliver(settings, hourly_rows(days=36))
    ingest.run(settings, "usage", until="2024-02-06")
    return settings


def weights(settings: Settings, model_id: str) -> np.ndarray:
    with open_session(settings, "usage") as session:
        record = find_model(session.lake, model_id)
        assert record is not None
        return np.concatenate(
            [value.ravel() for value in load_model(session, record).members["nbeats"].as_parts()[1].values()]
        )


def test_model_is_trained_at_the_boundary_before_the_origin_on_what_was_known_there(filled):
    summary = train.run(filled, "usage", origin="2024-02-01")
    assert summary.status == "published"
    assert summary.origin == "2024-01-29T00:00:00+00:00"
    ((model_id, trained_until, kinds, steps, seed, uri),) = ask(
        filled, "select model_id, trained_until, members, n_steps, seed, uri from forecast.models"
    )
    assert model_id == summary.details["model"]
    assert model_id.startswith("usage-20240129-")
    assert (trained_until.isoformat(), kinds, seed) == (summary.origin, ["nbeats", "profile"], 1)
    assert steps == {"nbeats": 2, "profile": 1}
    assert (Path(filled.models) / uri / "bundle.json").is_file()
    assert ask(filled, "select status, model_id from forecast.runs where kind = 'train'") == [("published", model_id)]


def test_each_member_says_how_much_it_was_trained_in_its_own_measure(filled):
    define_stream(filled, members='["nbeats", "trees", "seasonal"]', horizon="1d", budget="2s")
    details = train.run(filled, "usage", origin="2024-01-29").details
    assert set(details) == {"model", "profile", "trees", "nbeats", "verdict"}
    assert details["profile"] == "fitted"
    assert re.fullmatch(r"[\d,]+ rounds of 1,008 rows", details["trees"])
    assert re.fullmatch(r"100% of 2 steps, -?\d+\.\d% better on the newest history", details["nbeats"])


def test_model_that_exists_is_not_trained_again(filled, monkeypatch):
    model_id = train.run(filled, "usage", origin="2024-01-29").details["model"]
    monkeypatch.delattr(training, "tune")
    for origin in ("2024-01-29", "2024-02-04"):
        summary = train.run(filled, "usage", origin=origin)
        assert (summary.status, summary.message) == ("unchanged", f"{model_id} exists")
    assert ask(filled, "select count(*) from forecast.models") == [(1,)]


def test_of_two_trainings_at_once_the_second_finds_the_model_of_the_first(filled, monkeypatch):
    begun, go_on, calls, summaries = threading.Event(), threading.Event(), [], []
    sound = train.train_members

    def slow(*given, **named):
        calls.append(given)
        begun.set()
        assert go_on.wait(60)
        return sound(*given, **named)

    def work():
        summaries.append(train.run(filled, "usage", origin="2024-01-30"))

    monkeypatch.setattr(train, "train_members", slow)
    threads = [threading.Thread(target=work) for _ in range(2)]
    threads[0].start()
    assert begun.wait(60)
    threads[1].start()
    threads[1].join(1.0)
    assert threads[1].is_alive()
    go_on.set()
    for thread in threads:
        thread.join()
    assert len(calls) == 1
    assert [summary.status for summary in summaries] == ["published", "unchanged"]
    assert summaries[1].message == f"{summaries[0].details['model']} exists"
    assert ask(filled, "select count(*) from forecast.models") == [(1,)]
    assert ask(filled, "select count(*) from forecast.runs where kind = 'train'") == [(1,)]


def test_equal_data_and_seed_make_equal_weights(filled):
    model_id = train.run(filled, "usage", origin="2024-01-29").details["model"]
    (Path(filled.models) / "usage" / model_id / "nbeats.safetensors").write_bytes(b"")
    second = train.run(filled, "usage", origin="2024-01-29").details["model"]
    assert second == f"{model_id}.2"
    (Path(filled.models) / "usage" / model_id / "nbeats.safetensors").write_bytes(
        (Path(filled.models) / "usage" / second / "nbeats.safetensors").read_bytes()
    )
    np.testing.assert_array_equal(weights(filled, model_id), weights(filled, second))


@pytest.mark.parametrize("damaged", [False, True])
def test_next_model_names_the_one_before_and_starts_from_the_package(filled, damaged):
    first = train.run(filled, "usage", origin="2024-01-29").details["model"]
    if damaged:
        (Path(filled.models) / "usage" / first / "nbeats.safetensors").unlink()
    second = train.run(filled, "usage", origin="2024-02-05").details["model"]
    assert ask(filled, f"select parent_model_id from forecast.models where model_id = '{second}'") == [(first,)]


def test_changed_definition_is_trained_anew(filled):
    first = train.run(filled, "usage", origin="2024-01-29").details["model"]
    define_stream(filled, members=MEMBERS, horizon="1d", models="seed = 2")
    second = train.run(filled, "usage", origin="2024-01-29").details["model"]
    assert first != second
    assert ask(filled, "select count(*) from forecast.models") == [(2,)]


def test_later_versions_of_values_do_not_change_what_is_trained(filled):
    model_id = train.run(filled, "usage", origin="2024-01-29").details["model"]
    before = weights(filled, model_id)
    deliver(filled, hourly_rows(days=36).assign(y=lambda rows: 3 * rows["y"]))
    ingest.run(filled, "usage", since="2024-01-01", until="2024-02-06")
    (Path(filled.models) / "usage" / model_id / "nbeats.safetensors").unlink()
    again = train.run(filled, "usage", origin="2024-01-29").details["model"]
    np.testing.assert_array_equal(weights(filled, again), before)


def test_too_little_history_is_told_and_is_no_failure(filled):
    define_stream(filled, members=MEMBERS, horizon="1d", retrain="1d")
    summary = train.run(filled, "usage", origin="2024-01-05")
    assert summary.status == "unchanged"
    assert re.match(r"profile left out: too little history.*; nbeats left out: too little history", summary.message)
    assert ask(filled, "select count(*) from forecast.models") == [(0,)]


def test_week_of_history_trains_those_that_can_learn_from_it(settings, monkeypatch):
    tune_two_steps(monkeypatch)
    define_stream(settings, members=MEMBERS, horizon="1d")
    deliver(settings, hourly_rows(days=8))
    ingest.run(settings, "usage", until="2024-01-08")
    summary = train.run(settings, "usage", origin="2024-01-08")
    assert summary.status == "published"
    assert summary.message.startswith("profile left out: too little history")
    assert ask(settings, "select members from forecast.models") == [(["nbeats"],)]
    assert forecast.run(settings, "usage", origin="2024-01-08").rows == 48


def test_neural_member_of_a_budget_too_small_to_tune_it_is_that_of_the_package(filled, monkeypatch):
    monkeypatch.setattr(training, "affordable_steps", affordable_steps)
    define_stream(filled, members=MEMBERS, horizon="1d", budget="1s")
    summary = train.run(filled, "usage", origin="2024-01-29")
    assert summary.status == "published"
    assert summary.details["nbeats"] == "as in the package: the budget is too small to tune it"
    assert ask(filled, "select members from forecast.models") == [(["nbeats", "profile"],)]


def test_member_that_carries_nothing_is_left_out_and_the_run_names_it(filled, monkeypatch):
    make_evidence(monkeypatch, against=("nbeats",))
    summary = train.run(filled, "usage", origin="2024-01-29")
    assert summary.message == "nbeats left out: switched off"
    assert "nbeats" not in summary.details
    assert ask(filled, "select members, n_steps from forecast.models") == [(["profile"], {"profile": 1})]
    ((message,),) = ask(filled, "select message from forecast.runs where kind = 'train'")
    assert message == summary.message


def test_model_of_which_no_member_carries_anything_is_not_trained_every_night(filled, monkeypatch):
    make_evidence(monkeypatch, against=("nbeats", "profile"))
    model_id = train.run(filled, "usage", origin="2024-01-29").details["model"]
    assert ask(filled, "select members from forecast.models") == [([],)]
    assert train.run(filled, "usage", origin="2024-01-30").status == "unchanged"
    told = forecast.run(filled, "usage", origin="2024-01-30")
    assert set(told.details["weights"]) <= {"pretrained", "last_four", "seasonal_naive"}
    assert ask(filled, "select distinct model_id from analyst.forecast_latest") == [(model_id,)]


def test_profile_is_trained_where_no_other_member_is(settings):
    define_stream(settings)
    deliver(settings, hourly_rows(days=29))
    ingest.run(settings, "usage", until="2024-01-29")
    summary = train.run(settings, "usage", origin="2024-01-29")
    assert summary.details | {"model": ""} == {"model": "", "profile": "fitted", "verdict": "first"}


def test_stream_without_history_trains_nothing(settings):
    define_stream(settings, members=MEMBERS)
    summary = train.run(settings, "usage", origin="2024-01-29")
    assert summary.status == "unchanged"
    assert "no history yet" in summary.message


@pytest.mark.parametrize(
    ("start", "resumed"), [("2024-01-29", None), ("2024-01-31", None), ("2023-11-01", "2024-01-31")]
)
def test_boundary_before_the_data_is_no_failure(settings, start, resumed):
    define_stream(settings, members=MEMBERS)
    rows = hourly_rows(days=100, start=pd.Timestamp(start, tz="UTC"))
    silent = (rows["ts"] >= "2023-12-01") & (rows["ts"] < resumed) if resumed else rows["ts"].isna()
    (settings.streams / "usage.toml").write_text(
        (settings.streams / "usage.toml").read_text().replace("start = 2024-01-01", "start = 2023-01-01")
    )
    deliver(settings, rows[~silent])
    ingest.run(settings, "usage", until="2024-02-02")
    summary = train.run(settings, "usage", origin="2024-02-02")
    assert (summary.status, summary.origin) == ("unchanged", "2024-01-29T00:00:00+00:00")
    assert "before" in summary.message


def test_training_that_goes_astray_is_on_record(filled, monkeypatch):
    def diverge(*_, **__):
        raise ModelError("nbeats: expected a finite loss, found nan")

    monkeypatch.setattr(training, "tune", diverge)
    with pytest.raises(ModelError):
        train.run(filled, "usage", origin="2024-01-29")
    assert ask(filled, "select status, message from forecast.runs where kind = 'train'") == [
        ("failed", "nbeats: expected a finite loss, found nan")
    ]


def test_day_of_rest_after_the_boundary_does_not_stop_training(settings, monkeypatch):
    tune_two_steps(monkeypatch)
    define_stream(
        settings,
        members=MEMBERS,
        horizon="1d",
        tables='[[calendar.hours]]\ntue-sun = "00:00-24:00"\n',
        source='max_age = "2d"',
    )
    rows = hourly_rows(days=36)
    deliver(settings, rows[rows["ts"].dt.day_of_week > 0])
    ingest.run(settings, "usage", until="2024-01-29")
    assert train.run(settings, "usage", origin="2024-01-29").status == "published"


@pytest.mark.parametrize("later", ["2024-01-29", "2024-02-05"])
def test_worker_that_does_not_see_the_models_refuses_to_begin_cold(filled, tmp_path, later):
    model_id = train.run(filled, "usage", origin="2024-01-29").details["model"]
    elsewhere = filled.model_copy(update={"models": str(tmp_path / "elsewhere")})
    before = ask(filled, "select count(*) from forecast.models")
    with pytest.raises(
        SettingsError, match=rf"model {model_id} is on the register and not in \S*elsewhere; nothing was"
    ):
        train.run(elsewhere, "usage", origin=later)
    assert ask(filled, "select count(*) from forecast.models") == before
    assert not (tmp_path / "elsewhere" / "usage").exists()
    assert train.run(elsewhere, "usage", origin=later, anew=True).status == "published"
    assert train.run(elsewhere, "usage", origin=later).status == "unchanged"
