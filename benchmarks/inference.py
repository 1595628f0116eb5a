"""Series a second that a neural member forecasts, over a stock darts model of the same sizes.

All sides forecast seven quantiles for every series from the end of its history, a day ahead of hourly values, in one
process and in turns. Ours starts from the panel: relative inputs, standardising and sorting are in its time. Darts
reads a week of context and is timed twice: from the panel too (imputed and made into `TimeSeries`, its forecasts made
into one array), and `predict` alone with everything ready. Ratios of medians are printed, and the share of our time
that is the module's own arithmetic.
"""

# first: it says how OpenMP threads wait, which torch reads once
import forecasting  # noqa: F401  # isort: skip

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
import torch
from darts import TimeSeries
from darts.models import NBEATSModel, TFTModel
from darts.utils.likelihood_models.torch import QuantileRegression
from training import DAY, WEEK, make_panel

from forecasting.models.neural.member import ANSWERED_AT_ONCE, house_member
from forecasting.models.neural.modules import DROPOUT, KINDS, SIZES, Kind, as_input, run_module
from forecasting.models.neural.runtime import own_threads, quiet
from forecasting.models.neural.windows import horizon_windows, read_windows
from forecasting.panel.grid import Panel
from forecasting.terms import QUANTILES

TARGET = {"nbeats": 5.0, "tft": 2.0}


def time_in_turns(sides: dict[str, Callable[[], object]], *, rounds: int) -> dict[str, float]:
    """Median seconds of each side, after one turn that does not count."""
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds + 1):
        for name, side in sides.items():
            start = time.perf_counter()
            side()
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(every[1:]) for name, every in seconds.items()}


def sides_of(kind: Kind, panel: Panel, *, batch_size: int) -> dict[str, Callable[[], object]]:
    member = house_member(kind, power=0.75)
    windows = horizon_windows(panel, origin_columns=(panel.n_history,), length=DAY)
    inputs = read_windows(panel, windows, power=0.75)
    parts = [slice(first, first + ANSWERED_AT_ONCE) for first in range(0, len(windows), ANSWERED_AT_ONCE)]
    batches = [as_input(kind, member.module, inputs.only(part)) for part in parts]
    stock = (NBEATSModel if kind == "nbeats" else TFTModel)(
        input_chunk_length=WEEK,
        output_chunk_length=DAY,
        likelihood=QuantileRegression(list(QUANTILES)),
        n_epochs=1,
        batch_size=batch_size,
        pl_trainer_kwargs={"accelerator": "cpu", "enable_progress_bar": False, "enable_model_summary": False},
        dropout=DROPOUT[kind],
        **{**SIZES[kind], **({"hidden_continuous_size": 16} if kind == "tft" else {})},
    )
    ready = make_series(panel)
    known = TimeSeries(times=pd.DatetimeIndex(panel.ts, freq="h"), values=panel.covariates[:, :, None])

    def given(count: int) -> dict[str, list[TimeSeries]]:
        return {} if kind == "nbeats" else {"future_covariates": [known] * count}

    with quiet():
        stock.fit([one[-2 * WEEK :] for one in ready[:2]], **given(2))

    def predict(series: list[TimeSeries]) -> list[TimeSeries]:
        with quiet():
            found = stock.predict(
                DAY, series=series, predict_likelihood_parameters=True, verbose=False, **given(len(series))
            )
        return list(found)

    def arithmetic() -> None:
        with torch.inference_mode(), own_threads(ANSWERED_AT_ONCE):
            for batch in batches:
                run_module(member.module, batch)

    return {
        "ours": lambda: member.predict_many(panel, origin_columns=(panel.n_history,), length=DAY),
        "arithmetic": arithmetic,
        "darts": lambda: np.stack([one.values(copy=False) for one in predict(make_series(panel))]),
        "predict": lambda: predict(ready),
    }


def make_series(panel: Panel) -> list[TimeSeries]:
    """The panel's demand as darts takes it, holes filled along time."""
    times = pd.DatetimeIndex(panel.ts[: panel.n_history], freq="h")
    demand = pd.DataFrame(panel.y.T).interpolate(limit_direction="both").to_numpy(dtype=np.float32)
    return [TimeSeries(times=times, values=demand[:, i, None, None]) for i in range(panel.n_series)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kinds", nargs="+", default=list(KINDS), choices=KINDS)
    parser.add_argument("--series", type=int, default=2_000, help="number of series (default 2000)")
    parser.add_argument("--weeks", type=int, default=8, help="weeks of hourly history (default 8)")
    parser.add_argument("--batch", type=int, default=32, help="batch size of darts (default 32, which is its default)")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each side, of which medians count (default 5)")
    given = parser.parse_args()
    panel = make_panel(given.series, weeks=given.weeks, seed=0)
    for kind in given.kinds:
        seconds = time_in_turns(sides_of(kind, panel, batch_size=given.batch), rounds=given.rounds)
        print(
            f"{kind}: {panel.n_series / seconds['ours']:,.0f} series/s; from the panel through stock darts "
            f"{panel.n_series / seconds['darts']:,.0f}: ratio {seconds['darts'] / seconds['ours']:.1f} "
            f"(target {TARGET[kind]:.0f}); `predict` alone {panel.n_series / seconds['predict']:,.0f}: "
            f"ratio {seconds['predict'] / seconds['ours']:.1f}; {panel.n_series:,} series, a day ahead; "
            f"{seconds['arithmetic'] / seconds['ours']:.0%} of our time is the module's arithmetic"
        )


if __name__ == "__main__":
    main()
