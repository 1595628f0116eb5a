"""The card is that of the weights, can be repeated, and its factors do what they are for."""

import hashlib
from functools import partial
from importlib.resources import files

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from forecasting.models.neural.modules import KINDS
from forecasting.models.pretrained.card import CELLS, house_card, read_card
from forecasting.models.pretrained.member import WEIGHTS, PretrainedMember, house_networks
from forecasting.models.pretrained.network import RowNetwork
from forecasting.pretraining.card import FIRST, LAST, card_of, judge_world
from forecasting.terms import MEDIAN


@pytest.fixture(scope="module")
def facts():
    return house_card().facts


def test_the_card_of_the_package_is_that_of_its_weights(facts):
    shipped = files("forecasting.models.pretrained").joinpath(WEIGHTS).read_bytes()
    assert facts["weights"]["sha256"] == hashlib.sha256(shipped).hexdigest(), (
        "python -m forecasting.pretraining --score forecasting/models/pretrained"
    )
    assert facts["weights"]["networks"] == len(house_networks())


def test_scores_of_the_card_are_repeated_from_its_seed(facts):
    for number in range(3):
        found = judge_world(partial(PretrainedMember, house_networks()), number)[FIRST].loss
        np.testing.assert_allclose(found, facts["losses"][number], rtol=2e-3)
    first = facts["scores"][FIRST]
    ours, theirs = np.mean(facts["losses"], axis=0)
    np.testing.assert_allclose([first["loss"], first["loss_of_last_four"]], [ours, theirs], atol=2e-5)
    assert first["relative"] == pytest.approx(ours / theirs, abs=1e-3)
    assert first["panels"] == facts["judges"]["worlds"] == len(facts["losses"])


@pytest.mark.parametrize("kind", KINDS)
def test_the_card_tells_of_nbeats_and_tft_too(facts, kind):
    own = facts["modules"][kind]
    shipped = files("forecasting.models.pretrained").joinpath(f"{kind}.safetensors").read_bytes()
    assert own["weights"]["sha256"] == hashlib.sha256(shipped).hexdigest(), (
        "python -m forecasting.pretraining --score forecasting/models/pretrained"
    )
    assert own["training"]["worlds"] == "400"
    for name in (FIRST, LAST):
        assert own["scores"][name]["relative"] < 0.95


def test_the_networks_beat_the_mean_of_four_weeks_and_hold_what_they_say(facts):
    for name in (FIRST, LAST):
        assert facts["scores"][name]["relative"] < 0.95
    assert set(facts["scores"][FIRST]["coverage"]) == set(CELLS)
    for own in facts["scores"][FIRST]["calibrated_coverage"].values():
        assert all(own[width] == pytest.approx(int(width) / 100, abs=0.03) for width in ("50", "80", "90"))


def blunt(width: float) -> RowNetwork:
    """A network that answers with the base, and a spread of so many times the noise."""
    network = RowNetwork(width=8).eval()
    network.leave.bias.data = width * torch.tensor([-1.6, -1.2, -0.6, 0.0, 0.6, 1.2, 1.6])
    return network


@pytest.mark.parametrize(("width", "wider"), [(0.4, True), (2.5, False)])
def test_factors_widen_what_was_too_narrow_and_narrow_what_was_too_wide(tmp_path, width, wider):
    _, arrays = PretrainedMember((blunt(width),), power=0.5).as_parts()
    save_file({name: np.ascontiguousarray(value) for name, value in arrays.items()}, tmp_path / WEIGHTS)
    card = read_card(card_of(tmp_path, judges=6).read_text(encoding="utf-8"))
    outer = np.delete(card.factors, MEDIAN, axis=1)
    assert ((outer > 1.2) == wider).all()
    assert ((outer < 0.9) == (not wider)).all()
    assert (card.factors[:, MEDIAN] == 1).all()
    assert card.facts["training"] == {}
    for cell, own in card.facts["scores"][FIRST]["coverage"].items():
        calibrated = card.facts["scores"][FIRST]["calibrated_coverage"][cell]
        assert abs(calibrated["80"] - 0.8) < abs(own["80"] - 0.8)
