"""`make pretrain`: train the house weights anew, and write them into a folder."""

import time
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from safetensors.numpy import save_file

from forecasting.models.pretrained.member import WEIGHTS, PretrainedMember
from forecasting.pretraining.training import Plan, train_network


def pretrain(
    seed: Annotated[
        list[int] | None, typer.Option(help="Seed of a network; give it several times. [default: 1 2]")
    ] = None,
    worlds: Annotated[int, typer.Option(help="Generated panels that each network learns from.")] = Plan.worlds,
    width: Annotated[int, typer.Option(help="Hidden width.")] = Plan.width,
    out: Annotated[Path, typer.Option(help="Folder to write into.")] = Path("pretrained"),
) -> None:
    """Train networks on generated demand, and write their weights together: the member averages them.

    Equal options give equal weights on one machine. One thread; about a second of it a world and network.
    """
    torch.set_num_threads(1)
    out.mkdir(parents=True, exist_ok=True)
    networks = []
    for number in seed or (1, 2):
        started = time.process_time()

        def report(line: str, number: int = number, started: float = started) -> None:
            typer.echo(f"seed {number}, {time.process_time() - started:.0f} s of CPU: {line}", err=True)

        networks.append(train_network(Plan(seed=number, worlds=worlds, width=width), report=report))
        _, arrays = PretrainedMember(tuple(networks), power=0.5).as_parts()
        save_file({name: np.ascontiguousarray(value) for name, value in arrays.items()}, out / WEIGHTS)
    typer.echo(out / WEIGHTS)


if __name__ == "__main__":
    typer.run(pretrain)
