"""The member that no stream trains."""

import numpy as np
import pytest
import torch

from forecasting.ensemble.members import as_parts, rebuild
from forecasting.errors import ModelError
from forecasting.models.pretrained.inputs import WIDTH
from forecasting.models.pretrained.member import PretrainedMember, choose_pretrained, house_networks
from forecasting.models.pretrained.network import RowNetwork
from forecasting.models.seasonal.member import last_four
from forecasting.panel.grid import Panel
from forecasting.quantiles import pinball
from tests.models.factories import hide, make_panel

SEASON = 28


@pytest.fixture(scope="module")
def panel() -> Panel:
    return make_panel(n_series=12, weeks=10, noise=0.2, drift=0.02, gaps=0.02)


@pytest.fixture(scope="module")
def member(panel: Panel) -> PretrainedMember:
    return choose_pretrained(panel, until=panel.n_history)


def test_it_beats_the_mean_of_four_weeks_on_series_it_has_never_seen(panel, member):
    ours, theirs = [], []
    for at in range(5 * SEASON, 9 * SEASON, 7):
        y = panel.y[:, at : at + SEASON]
        seen = np.isfinite(y)
        ours.append(pinball(y[seen], member.predict_many(panel, origin_columns=(at,), length=SEASON)[0][seen]).mean())
        theirs.append(pinball(y[seen], last_four(panel, at=at, length=SEASON)[seen]).mean())
    assert np.mean(ours) < np.mean(theirs)


def test_quantiles_are_sorted_finite_and_not_negative(panel, member):
    predicted = member.predict_many(panel, origin_columns=(2 * SEASON, panel.n_history), length=10)
    assert predicted.shape == (2, panel.n_series, 10, 7)
    assert np.isfinite(predicted).all()
    assert (np.diff(predicted, axis=-1) >= 0).all()
    assert (predicted >= 0).all()


def test_several_columns_are_the_same_as_one_by_one(panel, member):
    several = member.predict_many(panel, origin_columns=(100, 150), length=20)
    for place, at in enumerate((100, 150)):
        alone = member.predict_many(panel, origin_columns=(at,), length=20)[0]
        np.testing.assert_allclose(several[place], alone, rtol=1e-4, atol=1e-4)


def test_a_series_without_history_is_left_to_others(panel, member):
    silent = hide(panel, 3, slice(0, panel.n_history))
    predicted = member.predict_many(silent, origin_columns=(panel.n_history,), length=10)[0]
    assert np.isnan(predicted[3]).all()
    assert np.isfinite(np.delete(predicted, 3, axis=0)).all()


def test_a_model_keeps_the_weights_that_it_had(panel):
    torch.manual_seed(1)
    network = RowNetwork(width=8).eval()
    torch.nn.init.normal_(network.leave.weight, std=0.1)
    own = PretrainedMember((network,), 0.5)
    again = rebuild(*as_parts(own))
    before, after = (one.predict_many(panel, origin_columns=(200,), length=5) for one in (own, again))
    # weights are kept in half precision
    np.testing.assert_allclose(before, after, rtol=0.01)
    np.testing.assert_array_equal(after, rebuild(*as_parts(again)).predict_many(panel, origin_columns=(200,), length=5))


def test_house_weights_are_small_finite_and_several():
    networks = house_networks()
    assert len(networks) >= 2
    assert sum(value.numel() for network in networks for value in network.parameters()) * 2 < 1_000_000
    assert all(network.center.shape == (WIDTH,) for network in networks)


def test_damaged_parts_are_refused_in_one_line(member):
    config, arrays = member.as_parts()
    name = "0.leave.weight"
    damaged = [
        ({"kind": "pretrained"}, arrays),
        ({**config, "power": "high"}, arrays),
        (config, {}),
        (config, {key: value for key, value in arrays.items() if key != name}),
        (config, {**arrays, name: arrays[name][:3]}),
        (config, {**arrays, name: arrays[name] * np.float16(np.nan)}),
    ]
    for parts in damaged:
        with pytest.raises(ModelError, match=r"^pretrained: expected .*train again$") as caught:
            rebuild(*parts)
        assert "\n" not in str(caught.value)
