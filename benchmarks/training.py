"""Training windows a second, over what the optimiser step alone allows.

Both sides train the same module on batches of the same size in one process, in turns: ours with everything that tuning
does (gathering, standardising, Lightning, clipping, learning-rate schedule), the other a bare loop of optimiser steps
on one batch that is ready. The ratio of the medians is printed; 1 would mean that only the step costs.
"""

# first: it says how OpenMP threads wait, which torch reads once
import forecasting  # noqa: F401  # isort: skip

import argparse
import statistics
import time

import numpy as np
import pandas as pd
import torch

from forecasting.models.neural.dataset import WindowDataset, WindowLesson, make_lesson
from forecasting.models.neural.fitting import bare_step, fit_windows, training_arguments
from forecasting.models.neural.modules import KINDS, Kind, build_model
from forecasting.models.neural.runtime import own_threads
from forecasting.models.neural.training import BATCH
from forecasting.models.neural.windows import draw_windows
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


def lesson_of(kind: Kind, panel: Panel, *, windows: int) -> WindowLesson:
    drawn = draw_windows(panel, since=0, until=panel.n_history, most=windows, rng=np.random.default_rng(0))
    return make_lesson(kind, panel, drawn, until=panel.n_history, power=0.75)


def ours(kind: Kind, lesson: WindowLesson, *, steps: int) -> float:
    """Windows a second of a training, without their inputs, which are computed once."""
    model = build_model(kind, **training_arguments(n_steps=steps, batch_size=BATCH))
    order = np.random.default_rng(0).integers(0, len(lesson), steps * BATCH)
    start = time.perf_counter()
    fit_windows(model, WindowDataset(kind, model.model, lesson, order), settings={"accelerator": "cpu"})
    return steps * BATCH / (time.perf_counter() - start)


def bare(kind: Kind, lesson: WindowLesson, *, steps: int) -> float:
    """Windows a second of the optimiser step on one batch."""
    module = build_model(kind).model.train()
    optimiser = torch.optim.Adam(module.parameters(), lr=1e-4)
    batch = WindowDataset(kind, module, lesson, np.arange(BATCH)).__getitems__(list(range(BATCH)))
    bare_step(module, optimiser, batch)
    start = time.perf_counter()
    for _ in range(steps):
        bare_step(module, optimiser, batch)
    return steps * BATCH / (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kinds", nargs="+", default=list(KINDS), choices=KINDS)
    parser.add_argument("--series", type=int, default=500, help="number of series (default 500)")
    parser.add_argument("--weeks", type=int, default=12, help="weeks of hourly history (default 12)")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each side, of which medians count (default 3)")
    parser.add_argument("--seconds", type=float, default=10.0, help="about how long a turn takes (default 10)")
    given = parser.parse_args()
    panel = make_panel(given.series, weeks=given.weeks, seed=0)
    for kind in given.kinds:
        start = time.perf_counter()
        lesson = lesson_of(kind, panel, windows=2_000)
        print(f"{kind}: {len(lesson):,} windows read in {time.perf_counter() - start:.1f} s, once a training")
        with own_threads(BATCH):
            trial = bare(kind, lesson, steps=5)
            steps = max(int(given.seconds * trial / BATCH), 10)
            sides: dict[str, list[float]] = {"ours": [], "bare": []}
            for _ in range(given.rounds):
                sides["bare"].append(bare(kind, lesson, steps=steps))
                sides["ours"].append(ours(kind, lesson, steps=steps))
        medians = {side: statistics.median(speeds) for side, speeds in sides.items()}
        print(
            f"{kind}: {medians['ours']:,.0f} windows/s of {medians['bare']:,.0f} that the bare step allows: "
            f"ratio {medians['ours'] / medians['bare']:.3f} (target {TARGET[kind]:.2f}); batches of {BATCH}"
        )


if __name__ == "__main__":
    main()
