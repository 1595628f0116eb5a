"""Training windows a second, over what the optimiser step alone allows.

Both sides train the same module on batches of the same size in one process, in turns: ours with everything that a
training does (sampling, gathering, scaling, Lightning, clipping, learning-rate schedule), the other a bare loop of
optimiser steps on one batch that is ready. The ratio of the medians is printed; 1 would mean that only the step costs.
"""

# first: it says how OpenMP threads wait, which torch reads once
import forecasting  # noqa: F401  # isort: skip

import argparse
import statistics
import time

import numpy as np
import pandas as pd
import torch

from forecasting.models.neural.config import Kind, NeuralConfig, build_model, choose_config, encode
from forecasting.models.neural.fitting import bare_step, fit_windows, training_arguments
from forecasting.models.neural.runtime import own_threads
from forecasting.models.neural.sampling import (
    WindowDataset,
    count_windows,
    draw_windows,
    spread_windows,
)
from forecasting.models.neural.training import BATCH_SIZES
from forecasting.models.neural.windows import WindowShape, WindowSource, prepare
from forecasting.panel.grid import Panel

TARGET = {"nbeats": 0.88, "tft": 0.85}
DAY, WEEK = 24, 168


def make_panel(n_series: int, *, weeks: int, seed: int) -> Panel:
    """Hourly series with a daily and weekly profile, 2% of them unobserved."""
    rng = np.random.default_rng(seed)
    history, total = weeks * WEEK, weeks * WEEK + DAY
    hour = np.arange(total)
    shape = 2 + np.sin(2 * np.pi * hour / DAY) + 0.5 * np.sin(2 * np.pi * hour / WEEK)
    y = rng.uniform(10, 100, size=(n_series, 1)) * shape * rng.lognormal(0, 0.2, size=(n_series, total))
    observed = rng.random((n_series, history)) > 0.02
    ids = np.array([f"series-{i:05d}" for i in range(n_series)])
    waves = [wave(2 * np.pi * hour / period) for period in (DAY, DAY / 2, WEEK) for wave in (np.sin, np.cos)]
    ts = np.datetime64("2024-01-01", "us") + hour * np.timedelta64(1, "h")
    return Panel(
        series_ids=ids,
        attributes=pd.DataFrame({"region": [f"r{i % 8}" for i in range(n_series)]}, index=ids),
        ts=ts,
        wall=ts,
        horizon_step=np.arange(1, DAY + 1, dtype=np.int32),
        slot=(hour % WEEK).astype(np.int32),
        cycle=(hour // WEEK).astype(np.int32),
        season=WEEK,
        max_horizon=DAY,
        y=np.where(observed, y[:, :history], np.nan).astype(np.float32),
        observed=observed,
        open=np.ones((n_series, total), dtype=bool),
        covariates=np.stack(waves, axis=1).astype(np.float32),
        covariate_names=tuple(f"wave{i}" for i in range(len(waves))),
        campaign=np.zeros((n_series, total), dtype=bool),
        fault=np.zeros((n_series, history), dtype=np.uint8),
        level_start=np.zeros(n_series, dtype=np.int64),
    )


def week_to_day(kind: Kind, panel: Panel) -> NeuralConfig:
    """The module that training would choose, for a week of context and a day of horizon."""
    config = choose_config(kind, panel, train_until=panel.n_history)
    return NeuralConfig(**{**vars(config), "shape": WindowShape(context=WEEK, horizon=DAY, block=1)})


def source_of(panel: Panel, config: NeuralConfig) -> WindowSource:
    return prepare(panel, config.shape, known_inputs=encode(panel, config), rows=slice(0, panel.n_series), start=-WEEK)


def ours(kind: Kind, panel: Panel, *, steps: int, batch_size: int) -> float:
    """Windows a second of a training, without the preparation of the panel, which is paid once."""
    config = week_to_day(kind, panel)
    source, until = source_of(panel, config), panel.n_history - DAY
    model = build_model(config, **training_arguments(kind, n_steps=steps, batch_size=batch_size))
    held = WindowDataset(source, spread_windows(panel, config.shape, since=until, until=until + DAY, total=1, most=1))
    total = int(count_windows(panel, config.shape, since=0, until=until).sum())
    start = time.perf_counter()
    count, generator = steps * batch_size, torch.Generator().manual_seed(0)
    sample = draw_windows(panel, config.shape, until=until, total=total, count=count, generator=generator)
    fit_windows(
        model, WindowDataset(source, sample), held, n_steps=steps, settings={"accelerator": "cpu", "devices": 1}
    )
    # training may stop early: only steps that were taken count
    return int(model.trainer.global_step) * batch_size / (time.perf_counter() - start)


def bare(kind: Kind, panel: Panel, *, steps: int, batch_size: int) -> float:
    """Windows a second of the optimiser step on one batch."""
    config = week_to_day(kind, panel)
    module = build_model(config).model.train()
    optimiser = torch.optim.Adam(module.parameters(), lr=1e-3)
    until = panel.n_history
    total = int(count_windows(panel, config.shape, since=0, until=until).sum())
    sample = spread_windows(panel, config.shape, since=0, until=until, total=total, most=batch_size)
    batch = WindowDataset(source_of(panel, config), sample).__getitems__(list(range(batch_size)))
    bare_step(module, optimiser, batch)
    start = time.perf_counter()
    for _ in range(steps):
        bare_step(module, optimiser, batch)
    return steps * batch_size / (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kinds", nargs="+", default=["nbeats", "tft"], choices=["nbeats", "tft"])
    parser.add_argument("--series", type=int, default=2_000, help="number of series (default 2000)")
    parser.add_argument("--weeks", type=int, default=8, help="weeks of hourly history (default 8)")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each side, of which medians count (default 3)")
    parser.add_argument("--seconds", type=float, default=15.0, help="about how long a turn takes (default 15)")
    given = parser.parse_args()
    panel = make_panel(given.series, weeks=given.weeks, seed=0)
    for kind in given.kinds:
        batch_size = BATCH_SIZES[kind][1]
        with own_threads(batch_size):
            trial = bare(kind, panel, steps=3, batch_size=batch_size)
            steps = max(int(given.seconds * trial / batch_size), 10)
            sides: dict[str, list[float]] = {"ours": [], "bare": []}
            for _ in range(given.rounds):
                sides["bare"].append(bare(kind, panel, steps=steps, batch_size=batch_size))
                sides["ours"].append(ours(kind, panel, steps=steps, batch_size=batch_size))
        medians = {side: statistics.median(speeds) for side, speeds in sides.items()}
        print(
            f"{kind}: {medians['ours']:,.0f} windows/s of {medians['bare']:,.0f} that the bare step allows: "
            f"ratio {medians['ours'] / medians['bare']:.3f} (target {TARGET[kind]:.2f}); batches of {batch_size}, "
            f"{panel.n_series:,} series, {WEEK} -> {DAY}"
        )


if __name__ == "__main__":
    main()
