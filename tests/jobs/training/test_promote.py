"""A person rolls back at six in the morning."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from forecasting.cli import app
from forecasting.errors import ModelError, SettingsError
from forecasting.jobs import forecast, ingest
from forecasting.jobs.training import promote, train
from forecasting.jobs.upkeep import query
from forecasting.settings import Settings
from forecasting.store.lake.open import open_lake_to_read
from tests.contests import ALIKE, Arena, make_arena
from tests.feeds import define_stream, deliver, hourly_rows
from tests.homes import begin_with
from tests.quick_training import MEMBERS, tune_two_steps

NIGHT = "2024-02-05"


def ask(settings: Settings, query: str) -> list[tuple]:
    with open_lake_to_read(settings) as lake:
        return lake.connection.execute(query).fetchall()


@pytest.fixture
def arena(monkeypatch: pytest.MonkeyPatch) -> Arena:
    return make_arena(monkeypatch)


def train_twice(settings: Settings) -> None:
    """Two models of a stream and two published nights; retraining is daily, history goes on."""
    define_stream(settings, members=MEMBERS, horizon="1d", retrain="1d")
    deliver(settings, hourly_rows(days=40))
    ingest.run(settings, "usage", until="2024-02-08")
    for night in ("2024-02-04", NIGHT):
        train.run(settings, "usage", origin=night)
        forecast.run(settings, "usage", origin=night)


@pytest.fixture
def promoted(settings: Settings, arena: Arena, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The newer of two models was better and is promoted."""
    monkeypatch.setenv("FORECASTING_HOME", str(settings.home))
    tune_two_steps(monkeypatch)
    arena.challenger = 0.9 * ALIKE
    return begin_with(settings, train_twice)


def models(settings: Settings) -> list[str]:
    """Keys of the models, oldest first."""
    return [model_id for (model_id,) in ask(settings, "select model_id from forecast.models order by trained_until")]


def used(settings: Settings, origin: str) -> str:
    """Model of a night's forecast, issued anew."""
    run_id = forecast.run(settings, "usage", origin=origin).run_id
    return ask(settings, f"select model_id from forecast.runs where run_id = '{run_id}'")[0][0]


def test_night_on_the_screens_is_issued_again_with_the_older_model(promoted):
    old, new = models(promoted)
    assert used(promoted, NIGHT) == new
    summary = promote.run(promoted, old, by="ann", reason="queue IN far too high")
    assert (summary.origin, summary.details["replaces"]) == ("2024-02-05T00:00:00+00:00", new)
    assert f"forecasting forecast usage --origin {NIGHT}" in summary.message
    assert used(promoted, NIGHT) == old
    assert ask(promoted, "select distinct model_id from analyst.forecast_latest") == [(old,)]
    assert ask(
        promoted,
        "select challenger, champion, incumbent, verdict, decided_by, reason, run_id, gain from forecast.decisions "
        "where verdict = 'manual'",
    ) == [(old, old, new, "manual", "ann", "queue IN far too high", None, None)]


def test_choice_holds_against_equal_challengers_and_yields_to_a_better_one(promoted, arena):
    old, _ = models(promoted)
    promote.run(promoted, old, by="ann")
    arena.challenger = ALIKE
    assert train.run(promoted, "usage", origin="2024-02-06").details["verdict"] == "kept"
    assert used(promoted, "2024-02-06") == old
    arena.challenger = 0.9 * ALIKE
    better = train.run(promoted, "usage", origin="2024-02-07").details
    assert better["verdict"] == "promoted"
    assert [used(promoted, night) for night in ("2024-02-06", "2024-02-07")] == [old, better["model"]]


def test_person_may_go_back_and_forth_at_one_origin(promoted):
    old, new = models(promoted)
    for chosen in (old, new, old):
        promote.run(promoted, chosen, by="ann")
        assert used(promoted, NIGHT) == chosen


def test_choice_before_the_night_holds_against_the_decision_of_this_nights_training(promoted):
    old, _ = models(promoted)
    train.run(promoted, "usage", origin="2024-02-06")
    summary = promote.run(promoted, old, by="ann")
    assert summary.origin == "2024-02-06T00:00:00+00:00"
    assert used(promoted, "2024-02-06") == old


def test_choice_for_the_past_says_until_when_it_holds(promoted):
    old, _ = models(promoted)
    train.run(promoted, "usage", origin="2024-02-06")
    newest = models(promoted)[-1]
    summary = promote.run(promoted, old, by="ann", origin=NIGHT)
    assert summary.message.endswith(f"it holds until origin 2024-02-06T00:00:00+00:00, when {newest} became champion")
    assert [used(promoted, night) for night in (NIGHT, "2024-02-06")] == [old, newest]


def test_model_can_be_chosen_where_nothing_is_published_yet(promoted):
    define_stream(promoted, "fresh", members=MEMBERS, horizon="1d")
    deliver(promoted, hourly_rows(days=36), "fresh")
    ingest.run(promoted, "fresh", until="2024-02-06")
    first, _ = (train.run(promoted, "fresh", origin=origin).details["model"] for origin in ("2024-01-29", "2024-02-06"))
    assert promote.run(promoted, first, by="ann").origin == "2024-02-05T00:00:00+00:00"


def test_unknown_model_is_answered_with_close_ones(promoted):
    old, _ = models(promoted)
    with pytest.raises(SettingsError, match="is not on the register; did you mean") as caught:
        promote.run(promoted, old.replace("usage", "usge"), by="ann")
    assert old in str(caught.value)
    with pytest.raises(SettingsError, match="did you mean"):
        promote.run(promoted, "-", by="ann")


def test_without_any_model_one_is_told_so(settings):
    define_stream(settings)
    deliver(settings, hourly_rows(days=2))
    ingest.run(settings, "usage", until="2024-01-03")
    with pytest.raises(SettingsError, match="no model is trained yet"):
        promote.run(settings, "usage-1", by="ann")


def test_model_of_another_definition_is_refused(promoted):
    old, _ = models(promoted)
    define_stream(promoted, members=MEMBERS, horizon="1d", retrain="1d", models="seed = 2")
    with pytest.raises(SettingsError, match="another definition of stream usage: expected config_hash"):
        promote.run(promoted, old, by="ann")


def test_model_that_was_trained_after_the_origin_is_refused(promoted):
    _, new = models(promoted)
    with pytest.raises(SettingsError, match=r"trained until 2024-02-05T00:00:00.*, after origin 2024-02-04T00:00:00"):
        promote.run(promoted, new, by="ann", origin="2024-02-04")


def test_damaged_model_is_refused(promoted):
    old, _ = models(promoted)
    for file in (Path(promoted.models) / "usage" / old).glob("*.safetensors"):
        file.write_bytes(b"")
    with pytest.raises(ModelError, match="expected sha256"):
        promote.run(promoted, old, by="ann")


def test_champion_is_refused(promoted):
    _, new = models(promoted)
    with pytest.raises(SettingsError, match=r"champion already: since origin 2024-02-05T00:00.*, verdict promoted"):
        promote.run(promoted, new, by="ann")


def test_what_is_refused_is_one_line_and_leaves_no_decision(promoted):
    before = ask(promoted, "select count(*) from forecast.decisions")
    for model_id, origin in (("usage-x", None), (models(promoted)[1], "2024-02-04"), (models(promoted)[1], None)):
        with pytest.raises(SettingsError) as caught:
            promote.run(promoted, model_id, by="ann", origin=origin)
        assert "\n" not in str(caught.value)
        assert caught.value.exit_code == 2
    assert ask(promoted, "select count(*) from forecast.decisions") == before


def test_list_skips_definitions_that_cannot_be_read(promoted):
    old, new = models(promoted)
    (promoted.streams / "broken.toml").write_text("[stream")
    listed = query.models(promoted, stream="usage")
    assert listed["model_id"].tolist() == [new, old]
    assert listed["champion_since"].notna().tolist() == [True, False]
    (promoted.streams / "usage.toml").write_text("[stream")
    assert query.models(promoted, stream="usage")["champion_since"].isna().all()


def command(*arguments: str):
    return CliRunner().invoke(app.app, ["models", *arguments])


def test_command_line_promotes_and_lists(promoted, monkeypatch):
    monkeypatch.setenv("USER", "ann")
    old, _ = models(promoted)
    told = json.loads(command("promote", old, "--reason", "too high", "--json").output)
    assert (told["status"], told["details"]["by"]) == ("manual", "ann")
    assert ask(promoted, "select reason from forecast.decisions where decided_by = 'ann'") == [("too high",)]
    listed = {row["model_id"]: row for row in json.loads(command("list", "--json").output)}
    assert listed[old]["verdict"] == "manual"
    assert listed[old]["champion_since"].startswith("2024-02-05")
    refused = command("promote", old)
    assert isinstance(refused.exception, SettingsError)


def test_command_line_teaches():
    told = command("promote", "--help")
    assert told.exit_code == 0
    for word in ("MODEL_ID", "--origin", "--reason", "--by", "forecasting forecast"):
        assert word in told.output
