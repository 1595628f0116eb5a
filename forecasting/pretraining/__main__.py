"""`make pretrain`: train the house weights anew, score them, and write both into a folder."""

import platform
import time
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from safetensors.numpy import save_file

from forecasting.models.pretrained.member import WEIGHTS, PretrainedMember
from forecasting.pretraining.card import card_of
from forecasting.pretraining.training import Plan, train_network


def pretrain(
    seed: Annotated[
        list[int] | None, typer.Option(help="Seed of a network; give it several times. [default: 1 2]")
    ] = None,
    worlds: Annotated[int, typer.Option(help="Generated panels that each network learns from.")] = Plan.worlds,
    width: Annotated[int, typer.Option(help="Hidden width.")] = Plan.width,
    out: Annotated[Path, typer.Option(help="Folder to write into.")] = Path("pretrained"),
    score: Annotated[
        Path | None,
        typer.Option(help="Train nothing: score the weights in a folder, write their card beside them."),
    ] = None,
) -> None:
    """Train networks on generated demand, and write their weights together, with a card: the member averages them.

    Equal options give equal weights on one machine. One thread; about a second of it a world and network. The card says
    what they learned from and how they score on other generated demand; it takes less than a minute.
    """
    if score is not None:
        typer.echo(card_of(score))
        return
    torch.set_num_threads(1)
    out.mkdir(parents=True, exist_ok=True)
    networks, seeds = [], seed or [1, 2]
    for number in seeds:
        started = time.process_time()

        def report(line: str, number: int = number, started: float = started) -> None:
            typer.echo(f"seed {number}, {time.process_time() - started:.0f} s of CPU: {line}", err=True)

        plan = Plan(seed=number, worlds=worlds, width=width)
        networks.append(train_network(plan, report=report))
        _, arrays = PretrainedMember(tuple(networks), power=0.5).as_parts()
        facts = {"seeds": " ".join(map(str, seeds[: len(networks)])), "worlds": str(plan.worlds)}
        facts |= {"steps": str(plan.worlds * plan.steps_a_world), **describe_machine()}
        kept = {name: np.ascontiguousarray(value) for name, value in arrays.items()}
        save_file(kept, out / WEIGHTS, metadata=facts)
    typer.echo(out / WEIGHTS)
    typer.echo(card_of(out))


def describe_machine() -> dict[str, str]:
    """What equal weights depend on beside the plan: kind of processor and version of torch."""
    kind = f"{platform.machine()}, {torch.backends.cpu.get_cpu_capability()}"
    return {"processor": kind, "torch": torch.__version__}


if __name__ == "__main__":
    typer.run(pretrain)
