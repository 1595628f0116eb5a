"""Decisions on record: who is champion as of an origin follows from the rows alone."""

from datetime import UTC, datetime, timedelta

import pytest

from forecasting.config.stream import Stream
from forecasting.settings import Settings
from forecasting.store.files.definitions import read_definition
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.open import open_lake
from forecasting.store.tables.decisions import (
    DecisionRecord,
    append_decision,
    champion_after,
    champion_as_of,
    newest_origin,
)
from forecasting.store.tables.registry import ModelRecord, append_model, list_models
from forecasting.terms import Verdict
from tests.feeds import define_stream

WEEK = timedelta(days=7)
START = datetime(2024, 1, 1, tzinfo=UTC)
NOW = datetime(2024, 6, 1, tzinfo=UTC)


@pytest.fixture
def lake(settings: Settings):
    define_stream(settings)
    with open_lake(settings) as opened:
        yield opened


@pytest.fixture
def stream(lake: Lake) -> Stream:
    return read_definition(lake.settings, "usage").stream


def decide(
    lake: Lake,
    stream: Stream,
    week: float,
    challenger: str,
    verdict: Verdict,
    /,
    *,
    champion: str | None = None,
    now: datetime = NOW,
    **more: object,
) -> None:
    record = DecisionRecord(
        **{
            "stream": stream.name,
            "decided_at_origin": START + week * WEEK,
            "challenger": challenger,
            "champion": champion or challenger,
            "incumbent": None,
            "verdict": verdict,
            "reason": "why",
            "decided_by": "train",
            "run_id": None,
            "config_hash": stream.config_hash,
            **more,
        }
    )
    lake.write(lambda: append_decision(lake, record, decided_at=now), message="decide")


def register(lake: Lake, stream: Stream, week: int, model_id: str, *, config_hash: str | None = None) -> None:
    record = ModelRecord(
        model_id, stream.name, ["nbeats"], START + week * WEEK, None, config_hash or stream.config_hash, "uri", "sum"
    )
    lake.write(
        lambda: append_model(lake, record, n_steps={"nbeats": 2}, seed=1, snapshot_id=1, run_id="r"), message="model"
    )


def champion(lake: Lake, stream: Stream, week: float) -> str | None:
    found = champion_as_of(lake, stream, START + week * WEEK)
    return found.model_id if found else None


def test_champion_is_that_of_the_newest_decision_up_to_the_origin(lake, stream):
    decide(lake, stream, 1, "m1", Verdict.FIRST)
    decide(lake, stream, 2, "m2", Verdict.KEPT, champion="m1", gain=-0.1, noise=0.02)
    decide(lake, stream, 3, "m3", Verdict.PROMOTED, gain=0.1, noise=0.02)
    assert [champion(lake, stream, week) for week in (0.9, 1, 2, 2.9, 3, 9)] == [None, "m1", "m1", "m1", "m3", "m3"]
    found = champion_as_of(lake, stream, START + 2 * WEEK)
    assert found is not None
    assert (found.since, found.verdict, found.gain, found.decided_by) == (START + WEEK, Verdict.FIRST, None, "train")
    found = champion_as_of(lake, stream, START + 3 * WEEK)
    assert found is not None
    assert (found.verdict, found.gain, found.noise) == (Verdict.PROMOTED, 0.1, 0.02)


def test_choice_of_a_person_holds_until_a_training_promotes(lake, stream):
    decide(lake, stream, 1, "m1", Verdict.FIRST)
    decide(lake, stream, 2, "m2", Verdict.PROMOTED)
    decide(lake, stream, 3, "m3", Verdict.KEPT, champion="m2")
    decide(lake, stream, 2.5, "m1", Verdict.MANUAL)
    decide(lake, stream, 4, "m4", Verdict.AGED)
    assert [champion(lake, stream, week) for week in (2, 2.5, 3, 3.9, 4)] == ["m2", "m1", "m1", "m1", "m4"]
    following = champion_after(lake, stream, START + 2.5 * WEEK)
    assert following is not None
    assert (following.model_id, following.since) == ("m4", START + 4 * WEEK)
    assert champion_after(lake, stream, START + 4 * WEEK) is None


@pytest.mark.parametrize("later", [timedelta(hours=1), timedelta(0), -timedelta(days=1)])
def test_of_two_decisions_of_one_origin_the_one_written_later_counts_whatever_the_clock_says(lake, stream, later):
    decide(lake, stream, 1, "m1", Verdict.FIRST)
    decide(lake, stream, 1, "m2", Verdict.MANUAL, now=NOW + later)
    decide(lake, stream, 1, "m1", Verdict.MANUAL, now=NOW + 2 * later)
    assert champion(lake, stream, 1) == "m1"
    stamps = lake.connection.execute("select decided_at from forecast.decisions order by decided_at").fetchall()
    assert len(set(stamps)) == 3
    assert stamps[0] == (NOW,)


def test_decisions_of_another_definition_or_stream_do_not_count(lake, stream):
    decide(lake, stream, 1, "m1", Verdict.FIRST)
    decide(lake, stream, 2, "m2", Verdict.FIRST, config_hash="other")
    decide(lake, stream, 3, "m3", Verdict.FIRST, stream="other")
    assert champion(lake, stream, 9) == "m1"
    assert newest_origin(lake, stream) == START + WEEK


def test_newest_origin_is_the_newest_published_or_decided_at(lake, stream):
    assert newest_origin(lake, stream) is None
    decide(lake, stream, 1, "m1", Verdict.FIRST)
    values = "'usage', $1, $1, 'r', $2, null, 'h', 1, true, false, null"
    for kind, week in (("nightly", 2), ("plan", 3)):
        lake.connection.execute(f"insert into forecast.publications values ({values})", [START + week * WEEK, kind])
    assert newest_origin(lake, stream) == START + 2 * WEEK
    decide(lake, stream, 4, "m4", Verdict.KEPT, champion="m1")
    assert newest_origin(lake, stream) == START + 4 * WEEK


def test_numbers_of_a_contest_come_back_and_unknown_ones_are_null(lake, stream):
    decide(lake, stream, 1, "m1", Verdict.FIRST)
    numbers = {"gain": 0.01, "wql_challenger": 0.09, "wql_incumbent": 0.1, "held_back": 4, "series": 2}
    decide(lake, stream, 2, "m2", Verdict.KEPT, champion="m1", incumbent="m1", **numbers)
    rows = lake.connection.execute(
        "select champion, incumbent, gain, noise, wql_challenger, wql_incumbent, held_back, series, reason, verdict "
        "from forecast.decisions order by decided_at_origin"
    ).fetchall()
    assert rows == [
        ("m1", None, None, None, None, None, 0, 0, "why", "first"),
        ("m1", "m1", 0.01, None, 0.09, 0.1, 4, 2, "why", "kept"),
    ]


def test_lake_made_before_there_were_decisions_keeps_the_newest_model_as_champion(lake, stream):
    register(lake, stream, 1, "m1")
    register(lake, stream, 2, "m2")
    register(lake, stream, 2, "m2.2")
    register(lake, stream, 3, "x", config_hash="other")
    migration = next(path for path in lake.files.folder("schema") if path.name == "0013_forecast_decisions.sql")

    def apply() -> None:
        lake.connection.execute("drop table forecast.decisions")
        lake.connection.execute(migration.read_text(encoding="utf-8"))

    lake.write(apply, message="migrate")
    assert [champion(lake, stream, week) for week in (0, 1, 1.9, 2, 9)] == [None, "m1", "m1", "m2.2", "m2.2"]
    decide(lake, stream, 3, "m3", Verdict.PROMOTED)
    assert champion(lake, stream, 3) == "m3"
    verdicts = lake.connection.execute("select distinct verdict from forecast.decisions where challenger < 'm3'")
    assert verdicts.fetchall() == [("uncontested",)]


def test_list_of_models_tells_the_champion_of_the_present_definition_and_how_each_fared(lake, stream):
    for week in (1, 2, 3):
        register(lake, stream, week, f"m{week}")
    register(lake, stream, 4, "old", config_hash="other")
    decide(lake, stream, 1, "m1", Verdict.FIRST)
    decide(lake, stream, 2, "m2", Verdict.PROMOTED, gain=0.05, noise=0.01)
    decide(lake, stream, 3, "m3", Verdict.KEPT, champion="m2", gain=0.005, noise=0.01)
    decide(lake, stream, 4, "old", Verdict.FIRST, config_hash="other")
    listed = list_models(lake, stream="usage", definitions=[stream.config_hash])
    assert listed["model_id"].tolist() == ["old", "m3", "m2", "m1"]
    assert listed["champion_since"].notna().tolist() == [False, False, True, False]
    assert listed.loc[2, "champion_since"] == START + 2 * WEEK
    assert listed["verdict"].tolist() == ["first", "kept", "promoted", "first"]
    assert listed["gain"].fillna(0).tolist() == [0, 0.005, 0.05, 0]
    decide(lake, stream, 3.5, "m3", Verdict.MANUAL)
    listed = list_models(lake, stream=None, definitions=[stream.config_hash])
    assert listed.loc[1, ["champion_since", "verdict", "gain"]].tolist() == [START + 3.5 * WEEK, "manual", 0.005]
    assert listed["champion_since"].notna().sum() == 1
    assert list_models(lake, stream=None, definitions=[])["champion_since"].isna().all()
