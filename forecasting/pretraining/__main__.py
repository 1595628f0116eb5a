"""`make pretrain`: train the house weights anew, score them, and write both into a folder."""

import hashlib
import json
import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import torch
import typer
from numpy.typing import NDArray
from safetensors.numpy import load, save_file

from forecasting.models.neural.modules import Kind, weights_of
from forecasting.models.pretrained.member import WEIGHTS, PretrainedMember
from forecasting.pretraining.card import card_of
from forecasting.pretraining.training import MODULE_PLANS, Plan, train_module, train_network

Weights = Mapping[str, NDArray[Any]]


class House(StrEnum):
    """What house weights there are."""

    PRETRAINED = "pretrained"
    NBEATS = "nbeats"
    TFT = "tft"


def pretrain(
    member: Annotated[
        list[House] | None,
        typer.Option(help="Member whose weights are trained; give it several times. [default: all]"),
    ] = None,
    seed: Annotated[
        list[int] | None,
        typer.Option(help="Seed of a network of `pretrained`, which averages several. [default: 1 2]"),
    ] = None,
    worlds: Annotated[
        int | None,
        typer.Option(help="Generated panels that each network learns from. [default: 250; 400 for nbeats and tft]"),
    ] = None,
    width: Annotated[int, typer.Option(help="Hidden width of the networks of `pretrained`.")] = Plan.width,
    out: Annotated[Path, typer.Option(help="Folder to write into.")] = Path("pretrained"),
    score: Annotated[
        Path | None,
        typer.Option(help="Train nothing: score the weights in a folder, write their card beside them."),
    ] = None,
) -> None:
    """Train networks on generated demand, and write their weights, with a card of those of `pretrained`.

    Equal options give equal weights on one machine. One thread; about a second of it a world for `pretrained` and
    `nbeats`, two for `tft`. A network that the folder already has is not trained again, so that a command that was
    stopped goes on. The card says what the networks learned from and how they score on other generated demand; it takes
    less than a minute.
    """
    if score is not None:
        typer.echo(card_of(score))
        return
    torch.set_num_threads(1)
    out.mkdir(parents=True, exist_ok=True)
    for kind in member or list(House):
        if kind is House.PRETRAINED:
            plans = [Plan(seed=number, worlds=worlds or Plan.worlds, width=width) for number in seed or (1, 2)]
            typer.echo(_write_networks(out, plans))
        else:
            typer.echo(_write_module(out, kind, worlds))
    if (out / WEIGHTS).exists():
        typer.echo(card_of(out))


def _write_module(out: Path, kind: Literal[House.NBEATS, House.TFT], worlds: int | None) -> Path:
    """Train the module of N-BEATS or TFT and write it."""
    name: Kind = "nbeats" if kind is House.NBEATS else "tft"
    plan = replace(MODULE_PLANS[name], worlds=worlds or MODULE_PLANS[name].worlds)

    def train(report: Callable[[str], None]) -> Weights:
        return weights_of(train_module(name, plan, report=report))

    return _save(out / f"{kind}.safetensors", _once(out, kind, plan, train), facts_of([plan]))


def _write_networks(out: Path, plans: list[Plan]) -> Path:
    """Train the networks of `pretrained` and write them together."""
    arrays: dict[str, NDArray[Any]] = {}
    for number, plan in enumerate(plans):

        def train(report: Callable[[str], None], plan: Plan = plan) -> Weights:
            network = train_network(plan, report=report)
            return PretrainedMember((network,), power=0.5).as_parts()[1]

        own = _once(out, House.PRETRAINED, plan, train)
        arrays |= {name.replace("0.", f"{number}.", 1): value for name, value in own.items()}
    return _save(out / WEIGHTS, arrays, facts_of(plans))


def _once(out: Path, kind: House, plan: Plan, train: Callable[[Callable[[str], None]], Weights]) -> Weights:
    """Weights of one network: those in the folder where it has been trained by this plan before."""
    mark = hashlib.sha256(json.dumps([asdict(plan), describe_machine()], sort_keys=True).encode()).hexdigest()[:12]
    path, started = out / f"{kind}.{plan.seed}.{mark}.part.safetensors", time.process_time()
    if not path.exists():

        def report(line: str) -> None:
            typer.echo(f"{kind}, seed {plan.seed}, {time.process_time() - started:.0f} s of CPU: {line}", err=True)

        _save(path, train(report), {})
    weights: Weights = load(path.read_bytes())
    return weights


def _save(path: Path, weights: Weights, facts: dict[str, str]) -> Path:
    """Write weights in half precision, whole or not at all."""
    kept = {name: np.ascontiguousarray(value.astype(np.float16)) for name, value in weights.items()}
    beside = path.with_suffix(".new")
    save_file(kept, beside, metadata=facts)
    return beside.replace(path)


def facts_of(plans: list[Plan]) -> dict[str, str]:
    """What the training of some networks was like."""
    return {
        "seeds": " ".join(str(plan.seed) for plan in plans),
        "worlds": str(plans[0].worlds),
        "steps": str(plans[0].worlds * plans[0].steps_a_world),
        **describe_machine(),
    }


def describe_machine() -> dict[str, str]:
    """What equal weights depend on beside the plan: kind of processor and version of torch."""
    kind = f"{platform.machine()}, {torch.backends.cpu.get_cpu_capability()}"
    return {"processor": kind, "torch": torch.__version__}


if __name__ == "__main__":
    typer.run(pretrain)
