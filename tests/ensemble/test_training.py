"""The members of a stream: trained in order within a budget, judged, put away and taken out again."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from forecasting.config.sections import ModelsSection
from forecasting.ensemble import training
from forecasting.ensemble.calibrated import forecast_panel
from forecasting.ensemble.evidence import held_back_columns, held_back_start
from forecasting.ensemble.members import PairedMember, as_parts, rebuild
from forecasting.ensemble.mixture import mix_members
from forecasting.ensemble.training import train_members
from forecasting.ensemble.weighing import ForecastCache
from forecasting.errors import ModelError
from forecasting.models.foundation.checkpoint import Checkpoint
from forecasting.models.foundation.member import FoundationMember, choose_foundation
from forecasting.models.member import Member, Training
from forecasting.models.profile import fit_profile
from forecasting.models.trees import fit
from forecasting.numerics import Floats32
from forecasting.panel.grid import Panel
from forecasting.store.files.checkpoints import read_checkpoint_files
from forecasting.store.files.models import Bundle, load_bundle, save_bundle
from tests.checkpoints import write_chronos2
from tests.models.factories import make_panel, scramble_from, wandering_panel
from tests.quick_training import tune_two_steps

SEASON = 28
FEW_ROWS = 2_000


def settings(*kinds: str, budget: float = 8.0) -> ModelsSection:
    return ModelsSection(members=(*kinds, "seasonal"), budget=timedelta(seconds=budget))


def trained_members(trainings: dict[str, Training]) -> dict[str, Member]:
    return {str(kind): training.member for kind, training in trainings.items() if training.member is not None}


@pytest.fixture(scope="module")
def panel() -> Panel:
    return wandering_panel()


@pytest.fixture(scope="module")
def trainings(panel: Panel) -> dict[str, Training]:
    """Of all kinds, the neural ones for two steps; nobody is left out."""
    with pytest.MonkeyPatch.context() as patch:
        tune_two_steps(patch)
        patch.setattr(training, "_leave_out", lambda _panel, found: found)
        patch.setattr(fit, "MOST_ROWS", FEW_ROWS)
        return train_members(panel, settings("nbeats", "tft", "trees", budget=60))


@pytest.fixture(scope="module")
def trained(trainings: dict[str, Training]) -> dict[str, Member]:
    return trained_members(trainings)


def test_cheap_members_come_first_and_all_that_are_named_are_trained(trainings):
    assert list(trainings) == ["profile", "trees", "nbeats", "tft"]
    assert all(training.member is not None and training.n_steps > 0 for training in trainings.values())


def test_a_column_is_forecast_by_the_fit_that_had_not_seen_what_comes_after_it(panel, trained):
    held = held_back_columns(panel, length=SEASON)
    for kind in ("profile", "trees"):
        pair = trained[kind]
        assert pair.since == panel.ts[panel.n_history]
        origin_columns = (*held, panel.n_history)
        predicted = pair.predict_many(panel, origin_columns=origin_columns, length=SEASON)
        np.testing.assert_array_equal(predicted[:-1], pair.past.predict_many(panel, origin_columns=held, length=SEASON))
        np.testing.assert_array_equal(
            predicted[-1:], pair.present.predict_many(panel, origin_columns=(panel.n_history,), length=SEASON)
        )
        assert (predicted[:-1] != pair.present.predict_many(panel, origin_columns=held, length=SEASON)).any()


def test_a_later_origin_is_forecast_by_the_fit_that_forecasts(panel, trained):
    later = wandering_panel(weeks=26)
    at = panel.n_history + 8
    pair = trained["profile"]
    np.testing.assert_array_equal(
        pair.predict_many(later, origin_columns=(at,), length=SEASON),
        pair.present.predict_many(later, origin_columns=(at,), length=SEASON),
    )


def test_nothing_that_was_held_back_changes_its_forecast(panel, monkeypatch):
    until = held_back_start(panel, length=SEASON)
    monkeypatch.setattr(training, "_leave_out", lambda _panel, found: found)
    predicted = [trained_members(train_members(p, settings()))["profile"] for p in (panel, scramble_from(panel, until))]
    forecasts = [member.predict_many(panel, origin_columns=(until, until + 4), length=SEASON) for member in predicted]
    np.testing.assert_array_equal(*forecasts)


def test_a_member_without_an_earlier_fit_leaves_earlier_columns_to_others(panel):
    present = fit_profile(panel, until=panel.n_history, seed=1)
    pair = PairedMember(None, present, panel.ts[panel.n_history])
    predicted = pair.predict_many(panel, origin_columns=(300, panel.n_history), length=SEASON)
    assert np.isnan(predicted[0]).all()
    assert np.isfinite(predicted[1]).all()


def test_members_that_were_stored_forecast_bit_for_bit_the_same(panel, trained, tmp_path: Path):
    bundle = Bundle("calls", "m1", 7, {kind: as_parts(member) for kind, member in trained.items()})
    checksum = save_bundle(tmp_path / "m1", bundle)
    loaded = load_bundle(tmp_path / "m1", stream="calls", model_id="m1", checksum=checksum)
    again = {kind: rebuild(*parts) for kind, parts in loaded.members.items()}
    assert set(again) == set(trained)
    origin_columns = (400, panel.n_history)
    for kind, member in trained.items():
        np.testing.assert_array_equal(
            again[kind].predict_many(panel, origin_columns=origin_columns, length=SEASON),
            member.predict_many(panel, origin_columns=origin_columns, length=SEASON),
            err_msg=kind,
        )
    one = forecast_panel(panel, trained)
    other = forecast_panel(panel, {kind: again[kind] for kind in trained})
    np.testing.assert_array_equal(one.quantiles, other.quantiles)


def test_a_bundle_that_was_read_back_is_put_away_as_the_same_bundle(trained, tmp_path: Path):
    first = save_bundle(tmp_path / "m1", Bundle("calls", "m1", 7, {k: as_parts(m) for k, m in trained.items()}))
    loaded = load_bundle(tmp_path / "m1", stream="calls", model_id="m1", checksum=first)
    again = {kind: as_parts(rebuild(*parts)) for kind, parts in loaded.members.items()}
    assert save_bundle(tmp_path / "m1", Bundle("calls", "m1", 7, again)) == first


def test_equal_panels_train_equal_members(panel, trained, monkeypatch):
    monkeypatch.setattr(training, "_leave_out", lambda _panel, found: found)
    monkeypatch.setattr(fit, "MOST_ROWS", FEW_ROWS)
    again = trained_members(train_members(panel, settings("trees", budget=60)))
    for kind, member in again.items():
        at = (panel.n_history,)
        np.testing.assert_array_equal(
            member.predict_many(panel, origin_columns=at, length=SEASON),
            trained[kind].predict_many(panel, origin_columns=at, length=SEASON),
        )


def test_damaged_members_are_refused_in_one_line(trained):
    config, arrays = as_parts(trained["profile"])
    config = json.loads(json.dumps(config))
    damaged = [
        {},
        {"kind": "unheard of"},
        {"kind": "profile"},
        {key: value for key, value in config.items() if key != "present"},
        {key: value for key, value in config.items() if key != "since"},
        {**config, "since": "yesterday"},
        {**config, "since": None},
        {**config, "past": {}},
    ]
    for broken in damaged:
        with pytest.raises(ModelError, match="train again") as caught:
            rebuild(broken, arrays)
        assert "\n" not in str(caught.value)
    with pytest.raises(ModelError, match="train again"):
        rebuild(config, {})


@dataclass(frozen=True)
class Fool:
    """Says a thousand of everything."""

    def predict_many(self, panel: Panel, *, origin_columns: Sequence[int], length: int) -> Floats32:
        return np.full((len(origin_columns), panel.n_series, length, 7), 1e6, np.float32)


def test_a_member_without_weight_is_left_out_with_its_reason_and_what_it_took(panel, monkeypatch):
    monkeypatch.setattr(training, "_tune", lambda *_, **__: Training(Fool(), n_steps=9))
    found = train_members(panel, settings("nbeats"))
    assert found["nbeats"].member is None
    assert "get no weight" in found["nbeats"].reason
    assert found["profile"].member is not None
    assert found["profile"].reason == ""


@pytest.mark.parametrize(
    ("kinds", "expected"), [((), ["profile"]), (("trees",), ["profile", "trees"]), (("nbeats",), ["profile", "nbeats"])]
)
def test_a_definition_may_name_few_members(panel, monkeypatch, kinds, expected):
    monkeypatch.setattr(fit, "MOST_ROWS", FEW_ROWS)
    monkeypatch.setattr(training, "_tune", lambda *_, **__: Training(None, "no time"))
    monkeypatch.setattr(training, "_leave_out", lambda _panel, found: found)
    assert list(train_members(panel, settings(*kinds))) == expected


def test_neural_members_share_half_of_the_budget(panel, monkeypatch):
    given: dict[str, float] = {}

    def note(kind: str, panel: Panel, *, budget: float, until: int, **_: object) -> Training:
        given[kind] = budget
        assert until == held_back_start(panel, length=SEASON)
        return Training(None, "only noted")

    monkeypatch.setattr(training, "_tune", note)
    monkeypatch.setattr(training, "_fit_twice", lambda *_, **__: Training(None, "none"))
    train_members(panel, settings("nbeats", "tft", budget=100))
    assert given == {"nbeats": 25, "tft": 25}
    train_members(panel, settings("nbeats", budget=100))
    assert given["nbeats"] == 50


def test_a_budget_too_small_for_trees_is_reported_and_neural_members_are_those_of_the_package(panel, monkeypatch):
    monkeypatch.setattr(training, "_leave_out", lambda _panel, found: found)
    found = train_members(panel, settings("nbeats", "trees", budget=0.01))
    assert "too few intervals to learn from within" in found["trees"].reason
    assert found["nbeats"].amount == "as in the package: the budget is too small to tune it"
    pair = found["nbeats"].member
    assert all(member.kind == "nbeats" for member in (pair.past, pair.present))


def test_trees_are_the_same_however_slow_the_clock_says_training_was(panel, monkeypatch):
    def parts() -> dict[str, bytes]:
        trees = train_members(panel, settings("trees", budget=2.0))["trees"]
        return {name: array.tobytes() for name, array in as_parts(trees.member)[1].items()}

    monkeypatch.setattr(training, "_leave_out", lambda _panel, found: found)
    before, now = parts(), iter(range(0, 10**12, 10**6))
    monkeypatch.setattr(time, "monotonic", lambda: float(next(now)))
    assert parts() == before


def test_both_fits_of_the_trees_learn_from_as_many_rows_and_the_message_says_what_limits_them(panel, monkeypatch):
    asked, draw = [], fit.draw_rows

    def note(*given, since, most, **others):
        asked.append((since, most))
        return draw(*given, since=since, most=most, **others)

    monkeypatch.setattr(fit, "draw_rows", note)
    monkeypatch.setattr(training, "_leave_out", lambda _panel, found: found)
    found = train_members(panel, settings("trees", budget=2.0))
    first, second = (most for since, most in asked if since == 0)
    assert first == second
    assert "rows, as many as the budget allows" in found["trees"].amount


@pytest.mark.parametrize("weeks", [1, 2, 3, 4])
def test_a_young_stream_is_trained_as_far_as_it_goes_and_forecast(weeks):
    panel = make_panel(n_series=3, weeks=weeks)
    found = train_members(panel, settings("trees"))
    assert all(training.member is not None or training.reason for training in found.values())
    assert np.isfinite(forecast_panel(panel, trained_members(found)).quantiles).all()


def test_a_stream_that_is_closed_throughout_the_horizon_is_trained_all_the_same(monkeypatch):
    panel = make_panel(n_series=2, weeks=12, horizon=0)
    found = train_members(panel, settings())
    assert set(found) == {"profile"}


def growing_panel(weeks: int = 40, *, horizon: int) -> Panel:
    """Daily peaks that grow by a third a year."""
    panel = make_panel(n_series=4, weeks=weeks, season=7, horizon=horizon, noise=0.05)
    return replace(panel, y=(panel.y * np.exp(0.3 * np.arange(panel.n_history) / 365)).astype(np.float32))


@pytest.fixture(scope="module")
def growth() -> dict[str, Training]:
    return train_members(growing_panel(horizon=365), settings("growth"))


def test_growth_needs_no_profile_and_forecasts_horizons_at_which_nobody_can_be_judged(growth):
    assert list(growth) == ["growth"]
    panel = growing_panel(horizon=365)
    found = forecast_panel(panel, trained_members(growth))
    assert found.evidence is None
    assert found.tier.tolist() == ["growth"] * 4
    at = (panel.n_history,)
    np.testing.assert_array_equal(
        found.quantiles, growth["growth"].member.predict_many(panel, origin_columns=at, length=365)[0]
    )


def test_growth_that_was_stored_forecasts_bit_for_bit_the_same(growth, tmp_path: Path):
    members_ = {kind: as_parts(member) for kind, member in trained_members(growth).items()}
    checksum = save_bundle(tmp_path / "m1", Bundle("peaks", "m1", 7, members_))
    loaded = load_bundle(tmp_path / "m1", stream="peaks", model_id="m1", checksum=checksum)
    again = rebuild(*loaded.members["growth"])
    panel = growing_panel(horizon=365)
    for origin_columns in ((panel.n_history,), (panel.n_history + 7,)):
        later = growing_panel(weeks=41, horizon=365)
        np.testing.assert_array_equal(
            again.predict_many(later, origin_columns=origin_columns, length=100),
            growth["growth"].member.predict_many(later, origin_columns=origin_columns, length=100),
        )
    with pytest.raises(ModelError, match="train again"):
        rebuild(as_parts(again)[0], {})


def test_growth_is_judged_beside_others_by_a_fit_that_had_not_seen_what_was_held_back(monkeypatch):
    monkeypatch.setattr(training, "_tune", lambda *_, **__: Training(None, "no time"))
    monkeypatch.setattr(training, "_leave_out", lambda _panel, found: found)
    panel = growing_panel(weeks=24, horizon=28)
    until = held_back_start(panel, length=28)
    found = train_members(panel, settings("growth", "nbeats"))
    assert list(found) == ["growth", "profile", "nbeats"]
    pair = found["growth"].member
    one, other = (
        train_members(p, settings("growth"))["growth"].member.predict_many(panel, origin_columns=(until,), length=28)
        for p in (panel, scramble_from(panel, until))
    )
    np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(one, pair.past.predict_many(panel, origin_columns=(until,), length=28))
    mixed = forecast_panel(panel, {"growth": pair})
    assert mixed.evidence is not None
    assert mixed.weights["growth"].mean() > 0.1


@pytest.mark.parametrize(
    ("panel_of", "reason"),
    [
        (lambda: make_panel(n_series=2, weeks=3), "a day or longer, and a week has 28"),
        (lambda: make_panel(n_series=2, weeks=1, season=7), "too little history"),
    ],
)
def test_growth_that_cannot_be_fitted_gives_the_reason(panel_of, reason):
    found = train_members(panel_of(), settings("growth"))
    assert found["growth"].member is None
    assert reason in found["growth"].reason


def test_pretrained_networks_take_no_training_and_are_stored_with_the_model(tmp_path: Path):
    panel = make_panel(n_series=6, weeks=16, season=28, horizon=28, noise=0.2)
    trainings = train_members(panel, settings("pretrained"))
    assert trainings["pretrained"].amount == "as it is in the package"
    members = trained_members(trainings)
    bundle = Bundle("usage", "m1", None, {kind: as_parts(one) for kind, one in members.items()})
    checksum = save_bundle(tmp_path / "m1", bundle)
    loaded = load_bundle(tmp_path / "m1", stream="usage", model_id="m1", checksum=checksum)
    again = {kind: rebuild(*parts) for kind, parts in loaded.members.items()}
    np.testing.assert_array_equal(forecast_panel(panel, members).quantiles, forecast_panel(panel, again).quantiles)


def test_pretrained_networks_are_for_intervals_up_to_a_day():
    weekly = make_panel(n_series=3, weeks=60, season=1, horizon=4)
    assert "a day or less" in train_members(weekly, settings("pretrained"))["pretrained"].reason


@pytest.fixture
def chronos(tmp_path: Path) -> Checkpoint:
    folder = write_chronos2(tmp_path / "weights")
    return Checkpoint("chronos2", str(folder), read_checkpoint_files(folder, "chronos2"))


def test_a_public_model_takes_no_training_and_is_weighed_like_any_other(chronos, monkeypatch):
    panel = make_panel(n_series=3, weeks=16, season=28, horizon=28, noise=0.2)
    monkeypatch.setattr(training, "_leave_out", lambda _panel, found: found)
    trainings = train_members(panel, settings(), foundation=chronos)
    assert trainings["foundation"].amount == f"chronos2 as it is in {chronos.path}"
    members = trained_members(trainings)
    forecast = forecast_panel(panel, members)
    assert forecast.member_forecasts["foundation"].shape == (3, 28, 7)
    names = list(forecast.member_forecasts)
    evidence = forecast.evidence
    assert evidence is not None
    assert np.isfinite(evidence.predicted[names.index("foundation")]).all()
    assert "foundation" in forecast.weights
    # its weights are no part of the bundle
    config, arrays = as_parts(members["foundation"])
    assert (config["path"], arrays) == (chronos.path, {})


def test_a_public_model_that_says_nothing_of_the_stream_is_left_out(chronos):
    panel = make_panel(n_series=3, weeks=16, season=28, horizon=28, noise=0.1)
    found = train_members(panel, settings(), foundation=chronos)["foundation"]
    assert found.member is None
    assert "get no weight" in found.reason
    assert "foundation" not in train_members(panel, settings())


def test_held_back_answers_of_a_public_model_are_asked_once(chronos, monkeypatch):
    panel = make_panel(n_series=2, weeks=16, season=28, horizon=28, noise=0.2)
    member, asked = choose_foundation(chronos, panel), []
    real = FoundationMember.predict_many

    def predict_many(self: FoundationMember, panel: Panel, *, origin_columns: Sequence[int], length: int) -> Floats32:
        asked.extend(origin_columns)
        return real(self, panel, origin_columns=origin_columns, length=length)

    monkeypatch.setattr(FoundationMember, "predict_many", predict_many)
    cache = ForecastCache()
    first = mix_members(panel, {"foundation": member}, cache=cache)
    held_back = set(asked) - {panel.n_history}
    assert held_back == set(first.origin_columns)
    asked.clear()
    mix_members(panel, {"foundation": member}, cache=cache)
    assert asked == [panel.n_history]
