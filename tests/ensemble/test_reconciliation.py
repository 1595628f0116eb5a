"""Bottom-up or MinT: what held-back origins say of a hierarchy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest

from forecasting.ensemble import reconciliation
from forecasting.ensemble.calibrated import HeldBackForecasts, forecast_panel, held_back_forecasts
from forecasting.ensemble.reconciliation import HierarchyNodes, choose_reconciliation
from forecasting.ensemble.weighing import ForecastCache
from forecasting.models.member import Member
from forecasting.numerics import Floats32
from forecasting.panel.grid import Panel
from forecasting.uncertainty.dependence import Dependence
from forecasting.uncertainty.reconcile import BOTTOM_UP, MINT
from tests.models.factories import hide, make_panel
from tests.models.oracles import WIDTH, whole

SEASON, SERIES = 28, 6
DEPENDENCE = Dependence.alike(np.array([1.0, 0.5, 0.4, 0.3]), np.array([1.0, 0.2]), series=0.2)
LEVELS = ("region",)


@dataclass(frozen=True)
class Knower:
    """Misses series and groups by shares of their own; says how much."""

    center: Mapping[str, Floats32]
    """(T+H,) what it says of each node."""
    series: float
    groups: float

    def predict_many(self, panel: Panel, *, origin_columns: Sequence[int], length: int) -> Floats32:
        center = np.stack([self.center[str(name)] for name in panel.series_ids])
        share = np.array([self.groups if ":" in name else self.series for name in panel.series_ids])[:, None, None]
        predicted = np.stack([center[:, at : at + length] for at in origin_columns])[..., None]
        return np.maximum(predicted * (1 + share * WIDTH), 0).astype(np.float32)


def make_knower(panel: Panel, *, series: float, groups: float) -> Knower:
    """Errors of days, each node its own."""
    rng, truth = np.random.default_rng(5), np.nan_to_num(whole(panel)).astype(float)
    members = {"all:all": np.arange(len(truth))}
    members |= {f"region:r{place}": np.flatnonzero(np.arange(len(truth)) % 3 == place) for place in range(3)}

    def missed(values: np.ndarray, share: float) -> np.ndarray:
        return values * (1 + share * np.repeat(rng.standard_normal(len(values) // 4 + 1), 4)[: len(values)])

    own = {str(name): missed(row, series) for name, row in zip(panel.series_ids, truth, strict=True)}
    sums = {name: missed(truth[rows].sum(axis=0), groups) for name, rows in members.items()}
    return Knower(own | sums, series, groups)


def make_nodes(panel: Panel, members: Mapping[str, Member]) -> HierarchyNodes:
    forecast = forecast_panel(panel, members)
    return HierarchyNodes.of(
        panel, held_back_forecasts(panel, forecast), forecast.origin_columns, LEVELS, members, ForecastCache()
    )


def decide(nodes: HierarchyNodes, members: Mapping[str, Member]) -> reconciliation.MethodChoice:
    return choose_reconciliation(nodes, DEPENDENCE, members, ForecastCache(), seed=(1,))


@pytest.fixture(scope="module")
def panel() -> Panel:
    return make_panel(n_series=SERIES, weeks=20)


@pytest.fixture(scope="module")
def sure_of_groups(panel: Panel) -> tuple[HierarchyNodes, Mapping[str, Member]]:
    members = {"knower": make_knower(panel, series=0.3, groups=0.01)}
    return make_nodes(panel, members), members


def test_groups_that_know_better_are_heard(sure_of_groups):
    choice = decide(*sure_of_groups)
    assert choice.method == MINT
    assert choice.mint is not None
    assert list(choice.losses) == [BOTTOM_UP, MINT]
    # all, regions and series: the whole gains, and the parts with it
    assert (choice.losses[MINT] < choice.losses[BOTTOM_UP]).all()
    assert choice.losses[MINT][0] < 1.5
    assert choice.losses[BOTTOM_UP][0] > 3
    assert choice.losses[BOTTOM_UP][2] == pytest.approx(1)


def test_groups_that_know_nothing_are_not(panel):
    members = {"knower": make_knower(panel, series=0.03, groups=0.5)}
    choice = decide(make_nodes(panel, members), members)
    assert choice.method == BOTTOM_UP
    assert choice.mint is None
    assert choice.losses[BOTTOM_UP][0] < 0.6


def test_without_held_back_origins_there_is_nothing_to_choose_by():
    nodes = make_nodes(make_panel(n_series=3, weeks=3, horizon=2 * SEASON), {})
    assert nodes.origin_columns == ()
    choice = decide(nodes, {})
    assert (choice.method, choice.mint, choice.losses) == (BOTTOM_UP, None, {})


def test_a_single_origin_is_no_evidence(sure_of_groups):
    nodes, members = sure_of_groups
    y = nodes.held.y.copy()
    y[:-1] = np.nan
    choice = decide(replace(nodes, held=HeldBackForecasts(y, nodes.held.predicted)), members)
    assert (choice.method, choice.losses) == (BOTTOM_UP, {})


def test_equal_input_gives_equal_output(sure_of_groups):
    one, other = decide(*sure_of_groups), decide(*sure_of_groups)
    for name in one.losses:
        np.testing.assert_array_equal(one.losses[name], other.losses[name])
    np.testing.assert_array_equal(one.mint.common, other.mint.common)


def test_what_was_learned_from_one_half_is_judged_on_the_other(sure_of_groups, monkeypatch):
    nodes, members = sure_of_groups
    judged: list[tuple[str, list[int]]] = []
    learn, lose = reconciliation._learn, reconciliation._losses

    def learning(given, origins):
        judged.append(("learn", [int(origin) for origin in origins]))
        return learn(given, origins)

    def losing(given, origin, *rest):
        judged.append(("judge", [origin]))
        return lose(given, origin, *rest)

    monkeypatch.setattr(reconciliation, "_learn", learning)
    monkeypatch.setattr(reconciliation, "_losses", losing)
    decide(nodes, members)
    count = len(nodes.origin_columns)
    older, newer = list(range(-(-count // 2))), list(range(-(-count // 2), count))
    expected = [("learn", older), *(("judge", [one]) for one in newer)]
    expected += [("learn", newer), *(("judge", [one]) for one in older), ("learn", older + newer)]
    assert judged == expected


def test_where_some_series_were_judged_their_own_hierarchy_decides(panel):
    hidden = hide(panel, 2, slice(panel.n_history // 2, None))
    nodes = make_nodes(hidden, {})
    judged = np.array([0, 1, 3, 4, 5])
    assert np.isnan(nodes.held.y[:, 2]).all()
    part = nodes.part(judged, {}, ForecastCache())
    alone = replace(
        panel, **{name: getattr(panel, name)[judged] for name in ("y", "observed", "open", "fault", "campaign")}
    )
    assert part.panel.series_ids.tolist() == panel.series_ids[judged].tolist()
    np.testing.assert_allclose(part.groups_panel.y[0], alone.y.sum(axis=0), rtol=1e-5)
    np.testing.assert_array_equal(part.held.predicted, nodes.held.predicted[:, judged])
    choice = decide(nodes, {})
    again = decide(part, {})
    for name in (BOTTOM_UP, MINT):
        assert np.isfinite(choice.losses[name]).all()
        np.testing.assert_array_equal(choice.losses[name], again.losses[name])


def test_a_gap_of_one_series_is_no_loss_of_its_sums(panel):
    first = forecast_panel(panel, {}).origin_columns[0]
    gaps = panel
    for day in range(first, panel.n_history, 12):
        gaps = hide(gaps, 0, slice(day, day + 1))
    losses = [decide(make_nodes(given, {}), {}).losses[BOTTOM_UP] for given in (panel, gaps)]
    np.testing.assert_allclose(losses[1], losses[0], rtol=0.15)


def test_one_series_alone_agrees_with_itself():
    panel = make_panel(n_series=1, weeks=20, noise=0.2)
    choice = decide(make_nodes(panel, {}), {})
    np.testing.assert_allclose(choice.losses[BOTTOM_UP], 1, rtol=0.02)
    np.testing.assert_allclose(choice.losses[MINT], 1, rtol=0.05)


def test_closed_time_is_no_error_of_anybody(panel):
    is_open = panel.open.copy()
    is_open[1, panel.slot % 4 == 0] = False
    is_open[:, panel.slot % 4 == 1] = False
    observed = panel.observed & is_open[:, : panel.n_history]
    closed = replace(panel, open=is_open, observed=observed, y=np.where(observed, panel.y, np.nan).astype(np.float32))
    choice = decide(make_nodes(closed, {}), {})
    for loss in choice.losses.values():
        assert np.isfinite(loss).all()
        assert (loss < 1.5).all()
