"""Training ends in a contest: who forecasts afterwards, what is on record, and what a person's choice is worth."""

from pathlib import Path

import pytest

from forecasting.jobs import forecast, ingest
from forecasting.jobs.training import promote, register, train
from forecasting.settings import Settings
from forecasting.store.lake.open import open_lake_to_read
from tests.contests import ALIKE, Arena, make_arena
from tests.feeds import define_stream, deliver, hourly_rows
from tests.homes import begin_with
from tests.quick_training import MEMBERS, tune_two_steps

WEEKS = ("2024-01-29", "2024-02-05")


def ask(settings: Settings, query: str) -> list[tuple]:
    with open_lake_to_read(settings) as lake:
        return lake.connection.execute(query).fetchall()


def decisions(settings: Settings) -> list[tuple]:
    return ask(settings, "select challenger, champion, verdict from forecast.decisions order by decided_at")


@pytest.fixture
def arena(monkeypatch: pytest.MonkeyPatch) -> Arena:
    return make_arena(monkeypatch)


def fill(settings: Settings) -> None:
    define_stream(settings, members=MEMBERS, horizon="1d")
    deliver(settings, hourly_rows(days=36))
    ingest.run(settings, "usage", until="2024-02-06")


@pytest.fixture
def filled(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Five weeks of history of a stream whose N-BEATS trains in two steps."""
    tune_two_steps(monkeypatch)
    return begin_with(settings, fill)


def train_at(settings: Settings, *origins: str) -> list[str]:
    return [train.run(settings, "usage", origin=origin).details["model"] for origin in origins]


def used(settings: Settings, origin: str) -> str:
    """Model of a night's forecast."""
    run_id = forecast.run(settings, "usage", origin=origin).run_id
    return ask(settings, f"select model_id from forecast.runs where run_id = '{run_id}'")[0][0]


def damage(settings: Settings, model_id: str) -> None:
    for file in (Path(settings.models) / "usage" / model_id).glob("*.safetensors"):
        file.write_bytes(b"")


def test_first_model_is_champion_without_a_contest(filled, arena):
    (model,) = train_at(filled, WEEKS[0])
    assert arena.panels == []
    assert decisions(filled) == [(model, model, "first")]
    assert used(filled, "2024-01-30") == model


def test_better_challenger_is_promoted_and_forecasts_from_its_boundary_on(filled, arena):
    arena.challenger = 0.9 * ALIKE
    first, second = train_at(filled, *WEEKS)
    assert arena.panels[0] is arena.panels[1]
    assert decisions(filled)[1:] == [(second, second, "promoted")]
    ((incumbent, gain, numbers, at, by, run_id, reason),) = ask(
        filled,
        "select incumbent, gain, [wql_challenger, wql_incumbent, held_back, series], decided_at_origin, decided_by, "
        f"run_id, reason from forecast.decisions where challenger = '{second}'",
    )
    assert (incumbent, gain, by) == (first, pytest.approx(0.1), "train")
    assert numbers == pytest.approx([2 * 0.9 * 1201 / 8000, 2 * 1201 / 8000, 4, 2])
    assert at.isoformat() == "2024-02-05T00:00:00+00:00"
    ((kind, message),) = ask(filled, f"select kind, message from forecast.runs where run_id = '{run_id}'")
    assert (kind, message) == ("train", f"promoted: {reason}")
    assert [used(filled, origin) for origin in ("2024-01-30", "2024-02-04", *WEEKS, "2024-02-06")] == [
        first,
        first,
        first,
        second,
        second,
    ]


def test_contest_is_held_on_the_held_back_origins_of_the_panel(filled):
    first, second = train_at(filled, *WEEKS)
    ((incumbent, ratio, noise, held_back, series),) = ask(
        filled,
        "select incumbent, wql_incumbent / wql_challenger, noise, held_back, series from forecast.decisions "
        f"where challenger = '{second}'",
    )
    assert (incumbent, series) == (first, 2)
    assert held_back >= 2
    assert 0.8 < ratio < 1.25
    assert 0 <= noise < 0.5


def test_challenger_that_is_no_better_stays_on_the_register_and_does_not_forecast(filled, arena):
    first, second = train_at(filled, *WEEKS)
    assert decisions(filled)[1:] == [(second, first, "kept")]
    assert ask(filled, "select count(*) from forecast.models") == [(2,)]
    assert used(filled, "2024-02-06") == first


def test_next_training_starts_from_the_newest_model_though_another_is_champion(filled, arena):
    define_stream(filled, members=MEMBERS, horizon="1d", retrain="1d")
    train_at(filled, "2024-01-29")
    (second,) = train_at(filled, "2024-01-30")
    (third,) = train_at(filled, "2024-01-31")
    assert ask(filled, f"select parent_model_id from forecast.models where model_id = '{third}'") == [(second,)]
    assert decisions(filled)[-1][2] == "kept"


def test_training_again_at_the_same_boundary_writes_no_decision(filled, arena):
    train_at(filled, *WEEKS)
    before = ask(filled, "select * from forecast.decisions order by all")
    for origin in (*WEEKS, "2024-02-06"):
        assert train.run(filled, "usage", origin=origin).status == "unchanged"
    assert ask(filled, "select * from forecast.decisions order by all") == before


def test_champion_that_is_no_better_makes_way_after_four_retrain_periods(filled, arena):
    define_stream(filled, members=MEMBERS, horizon="1d", retrain="1d")
    models = train_at(filled, "2024-01-29", "2024-02-01", "2024-02-02", "2024-02-03")
    assert [row[1:] for row in decisions(filled)] == [
        (models[0], "first"),
        (models[0], "kept"),
        (models[2], "aged"),
        (models[2], "kept"),
    ]


def test_champion_whose_files_are_damaged_loses_without_a_contest(filled, arena):
    (first,) = train_at(filled, WEEKS[0])
    damage(filled, first)
    (second,) = train_at(filled, WEEKS[1])
    assert decisions(filled)[1:] == [(second, second, "uncontested")]
    ((reason,),) = ask(filled, f"select reason from forecast.decisions where challenger = '{second}'")
    assert "expected sha256" in reason
    assert used(filled, "2024-02-06") == second


def test_model_that_is_present_stands_in_for_a_champion_that_was_damaged_since(filled, arena):
    first, second = train_at(filled, *WEEKS)
    damage(filled, first)
    summary = train.run(filled, "usage", origin="2024-02-06")
    assert (summary.status, summary.message.startswith("uncontested: ")) == ("published", True)
    assert decisions(filled)[-1] == (second, second, "uncontested")
    assert used(filled, "2024-02-06") == second
    assert train.run(filled, "usage", origin="2024-02-06").status == "unchanged"
    assert ask(filled, "select count(*) from forecast.models") == [(2,)]


def test_damaged_choice_of_a_person_is_replaced_from_its_own_origin_on(filled, arena):
    arena.challenger = 0.9 * ALIKE
    first, second = train_at(filled, *WEEKS)
    promote.run(filled, first, by="ann", origin="2024-02-06")
    damage(filled, first)
    assert train.run(filled, "usage", origin="2024-02-06").status == "published"
    assert used(filled, "2024-02-06") == second


def test_boundary_that_is_trained_late_does_not_touch_what_was_decided_after_it(filled, arena):
    (second,) = train_at(filled, WEEKS[1])
    (first,) = train_at(filled, WEEKS[0])
    assert decisions(filled) == [(second, second, "first"), (first, first, "first")]
    assert [used(filled, origin) for origin in ("2024-02-04", "2024-02-06")] == [first, second]


def test_person_is_not_overruled_by_a_contest_with_the_champion_before(filled, arena):
    define_stream(filled, members=MEMBERS, horizon="1d", retrain="1d")
    first, second = train_at(filled, "2024-01-29", "2024-01-30")
    arena.challenger = 0.9 * ALIKE

    def promote_meanwhile() -> None:
        arena.before = lambda: None
        promote.run(filled, second, by="ann", origin="2024-01-31")

    arena.before = promote_meanwhile
    (third,) = train_at(filled, "2024-01-31")
    assert ask(filled, f"select incumbent from forecast.decisions where challenger = '{third}'") == [(second,)]
    assert decisions(filled) == [
        (first, first, "first"),
        (second, first, "kept"),
        (second, second, "manual"),
        (third, third, "promoted"),
    ]


def test_model_and_decision_are_written_together_or_not_at_all(filled, arena, monkeypatch):
    (first,) = train_at(filled, WEEKS[0])

    def fail(*_, **__):
        raise KeyboardInterrupt

    arena.challenger = 0.9 * ALIKE
    with monkeypatch.context() as patched:
        patched.setattr(register, "append_decision", fail)
        with pytest.raises(KeyboardInterrupt):
            train_at(filled, WEEKS[1])
    assert ask(filled, "select model_id from forecast.models") == [(first,)]
    assert used(filled, "2024-02-06") == first
    (second,) = train_at(filled, WEEKS[1])
    assert decisions(filled)[1:] == [(second, second, "promoted")]
