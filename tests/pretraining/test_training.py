"""A network learns from worlds what holds in others."""

import json
from dataclasses import replace
from functools import partial

import pytest
import torch
from typer.testing import CliRunner

from forecasting.models.neural.modules import KINDS, weights_of
from forecasting.models.pretrained.network import START
from forecasting.pretraining import __main__ as command
from forecasting.pretraining.card import card_of
from forecasting.pretraining.training import MODULE_PLANS, Plan, pinball, train_module, train_network

SMALL = Plan(seed=1, worlds=6, steps_a_world=40, rows=2_000, series=10, values=15_000, width=24)


def losses(lines: list[str]) -> list[float]:
    return [float(line.rsplit(" ", 1)[1]) for line in lines]


def test_a_few_worlds_teach_something_that_holds_in_others():
    lines: list[str] = []
    train_network(SMALL, report=lines.append)
    before, *_, after = losses(lines)
    assert after < 0.97 * before


def test_equal_plans_train_equal_networks():
    plan = replace(SMALL, worlds=2)
    one, other = (train_network(plan, report=lambda _: None).state_dict() for _ in range(2))
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("kind", KINDS)
def test_nbeats_and_tft_learn_from_a_few_worlds_and_equal_plans_make_equal_weights(kind):
    plan = replace(MODULE_PLANS[kind], worlds=3, steps_a_world=25, rows=150, series=8, values=10_000)
    lines: list[str] = []
    module = train_module(kind, plan, report=lines.append)
    before, *_, after = losses(lines)
    assert after < before
    again = train_module(kind, plan, report=lambda _: None)
    weights = weights_of(again)
    assert all((value == weights[name]).all() for name, value in weights_of(module).items())


def test_loss_is_least_at_the_quantiles():
    torch.manual_seed(0)
    target = torch.randn(20_000)
    normal = torch.distributions.Normal(0.0, 1.0)
    right = normal.icdf(torch.tensor([0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95])).expand(len(target), 7)
    least = pinball(right, target, torch.ones(len(target)))
    assert all(pinball(right + shift, target, torch.ones(len(target))) > least for shift in (-0.3, 0.3))
    assert len(START) == 7


def test_command_writes_weights_that_load(tmp_path, monkeypatch):
    monkeypatch.setattr(
        command, "Plan", lambda seed, worlds, width: replace(SMALL, seed=seed, worlds=worlds, width=width)
    )
    monkeypatch.setattr(command, "card_of", partial(card_of, judges=2))
    small = {
        kind: replace(plan, steps_a_world=3, rows=60, series=5, values=8_000) for kind, plan in MODULE_PLANS.items()
    }
    monkeypatch.setattr(command, "MODULE_PLANS", small)
    asked = ["--seed", "1", "--seed", "2", "--worlds", "1", "--width", "8", "--out", str(tmp_path / "new")]
    app = command.typer.Typer()
    app.command()(command.pretrain)
    told = CliRunner().invoke(app, asked)
    assert told.exit_code == 0, told.output
    assert (tmp_path / "new" / "weights.safetensors").stat().st_size > 1_000
    assert "seed 2" in told.output
    card = json.loads((tmp_path / "new" / "card.json").read_text(encoding="utf-8"))
    assert {name: card["training"][name] for name in ("seeds", "worlds", "steps")} == {
        "seeds": "1 2",
        "worlds": "1",
        "steps": "40",
    }
    assert card["weights"]["networks"] == 2
    (tmp_path / "new" / "card.json").unlink()
    again = CliRunner().invoke(app, ["--score", str(tmp_path / "new")])
    assert again.exit_code == 0, again.output
    assert json.loads((tmp_path / "new" / "card.json").read_text(encoding="utf-8")) == card


def test_help_says_how_long_it_takes():
    app = command.typer.Typer()
    app.command()(command.pretrain)
    assert "second of it a world" in " ".join(CliRunner().invoke(app, ["--help"]).output.split())
