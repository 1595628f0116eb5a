"""What the inputs of the trees add is all of their answer, and is laid at the right door."""

import numpy as np
import pytest

from forecasting.models.influences import Influence, network_influences, tree_influences
from forecasting.models.pretrained.inputs import WIDTH
from forecasting.models.trees.contributions import find_contributions
from forecasting.models.trees.member import TreesMember
from forecasting.panel.grid import Panel, cut_panel, take_series
from forecasting.quantiles import mean_of_quantiles
from tests.models.trees.test_member import HELD, SEASON, eventful_panel, grow


@pytest.fixture(scope="module")
def panel() -> Panel:
    return eventful_panel()


@pytest.fixture(scope="module")
def member(panel: Panel) -> TreesMember:
    return grow(panel)


def test_contributions_sum_to_the_answer_in_every_column(panel, member):
    at = panel.n_history - HELD
    cut = cut_panel(panel, at=at, length=SEASON)
    columns = at + np.arange(SEASON)
    answer = mean_of_quantiles(member.predict_many(cut, origin_columns=(at,), length=SEASON)[0].astype(np.float64))
    for row in range(panel.n_series):
        found = find_contributions(member, take_series(cut, np.array([row])), columns)
        total = found.base + np.sum(list(found.by_influence.values()), axis=0) + found.rest
        np.testing.assert_allclose(total, answer[row], rtol=1e-5)
        assert np.abs(found.rest).max() < 0.05 * answer[row].max()


def test_a_day_that_the_calendar_tells_is_named_as_such(panel, member):
    at = panel.n_history - HELD
    cut = cut_panel(panel, at=at, length=SEASON)
    special = cut.covariates[at:, cut.covariate_names.index("special")] > 0
    assert special.any()
    columns = at + np.arange(SEASON)
    added = find_contributions(member, take_series(cut, np.array([0])), columns).by_influence[Influence.HOLIDAY]
    assert added[special].mean() > 5 * np.abs(added[~special]).mean()


def test_every_input_belongs_to_a_group(member):
    assert len(tree_influences(member.inputs.names)) == len(member.inputs.names)
    assert len(network_influences()) == WIDTH
