"""Which models a backfill trains, uses and asks for on past origins."""

import numpy as np
import pytest

from forecasting.errors import ModelError, SettingsError
from forecasting.jobs.training import train
from forecasting.settings import Settings
from forecasting.terms import ModelChoice
from tests.backfills import BOUNDARIES, FIRST, ask, fill, fill_back, statuses
from tests.contests import ALIKE, make_arena
from tests.homes import begin_with


@pytest.fixture
def filled(settings: Settings) -> Settings:
    return begin_with(settings, fill)


def test_the_champion_of_today_on_past_nights_says_so(filled):
    train.run(filled, "usage", origin="2024-02-12")
    champion = ask(filled, "select model_id from forecast.models")[0][0]
    report = fill_back(filled, FIRST, "2024-02-13", models=ModelChoice.CHAMPION)
    assert statuses(report) == ["published"] * 11
    assert {issued.model_id for issued in report.origins} == {champion}
    assert report.trained == []
    assert f"{champion} was trained on demand after this origin" in (report.origins[0].message or "")
    assert report.origins[-1].message is None
    marked = "select origin, bool_and(hindsight), bool_or(hindsight) from {} group by 1 order by 1"
    for table in ("forecast.publications", "forecast.forecasts", "analyst.forecast_vs_actual"):
        found = ask(filled, marked.format(table))
        assert [(every, some) for _, every, some in found] == [(True, True)] * 9 + [(False, False)] * 2
    assert statuses(fill_back(filled, FIRST, "2024-02-13", models=ModelChoice.CHAMPION)) == ["settled"] * 11


def test_the_champion_leaves_published_origins_alone_unless_asked(filled, monkeypatch):
    make_arena(monkeypatch).challenger = ALIKE / 2
    as_of = fill_back(filled, FIRST, "2024-02-04")
    train.run(filled, "usage", origin="2024-02-12")
    report = fill_back(filled, FIRST, "2024-02-05", models=ModelChoice.CHAMPION)
    assert statuses(report) == ["kept", "kept", "published"]
    assert report.origins[0].run_id == as_of.origins[0].run_id
    assert statuses(fill_back(filled, FIRST, FIRST, models=ModelChoice.CHAMPION, replace=True)) == ["published"]
    # and an as-of forecast takes the place of one in hindsight
    assert statuses(fill_back(filled, FIRST, "2024-02-05")) == ["published", "settled", "published"]
    assert {row[-1] for row in ask(filled, "select * from analyst.forecast_from_origin('2024-02-05')")} != {True}


def test_without_a_champion_its_forecasts_are_refused(filled):
    with pytest.raises(SettingsError, match="expected a champion, found none trained for this definition; run") as told:
        fill_back(filled, models=ModelChoice.CHAMPION)
    assert "\n" not in str(told.value)


def test_models_are_trained_at_the_boundaries_alone_and_used_again(filled, monkeypatch):
    make_arena(monkeypatch).challenger = ALIKE / 2
    report = fill_back(filled)
    assert [(trained.boundary.isoformat(), trained.status) for trained in report.trained] == [
        (boundary, "trained") for boundary in BOUNDARIES
    ]
    models = "select trained_until, model_id, parent_model_id from forecast.models order by 1"
    first, second = ask(filled, models)
    assert [first[0].isoformat(), second[0].isoformat()] == BOUNDARIES
    assert (first[2], second[2]) == (None, first[1])
    assert [issued.model_id for issued in report.origins] == [first[1]] * 2 + [second[1]] * 3
    wider = fill_back(filled, FIRST, "2024-02-13")
    assert statuses(wider) == ["settled"] * 5 + ["published"] * 6
    assert [(trained.boundary.isoformat(), trained.status) for trained in wider.trained] == [
        (BOUNDARIES[1], "exists"),
        ("2024-02-12T00:00:00+00:00", "trained"),
    ]
    assert ask(filled, models)[:2] == [first, second]


def test_a_training_that_fails_stops_its_own_origins_alone(filled, monkeypatch):
    sound = train.train_members

    def stray(panel, *given, **named):
        if panel.ts[panel.n_history] == np.datetime64("2024-02-05"):
            raise ModelError("loss is nan")
        return sound(panel, *given, **named)

    monkeypatch.setattr(train, "train_members", stray)
    report = fill_back(filled)
    assert statuses(report) == ["published"] * 2 + ["failed"] * 3
    assert {issued.message for issued in report.origins[2:]} == {"loss is nan"}
    assert [(trained.status, trained.message) for trained in report.trained] == [
        ("trained", None),
        ("failed", "loss is nan"),
    ]
    monkeypatch.setattr(train, "train_members", sound)
    assert statuses(fill_back(filled)) == ["settled"] * 2 + ["published"] * 3


def test_without_enough_history_for_a_model_the_seasonal_members_speak(filled):
    report = fill_back(filled, "2024-01-09", "2024-01-10")
    assert statuses(report) == ["published"] * 2
    assert {issued.model_id for issued in report.origins} == {None}
    again = fill_back(filled, "2024-01-09", "2024-01-10")
    assert statuses(again) == ["unchanged"] * 2
