"""Series a second that a neural member forecasts, over stock darts with the same module.

All sides forecast seven quantiles for every series from the end of its history, a week of context and a day of horizon,
in one process and in turns. Ours starts from the panel: imputing, scaling, gathering and sorting are in its time. Darts
is timed twice: from the panel too (imputed and made into `TimeSeries`, its forecasts made into one array), and
`predict` alone with everything ready. Its TFT does without attributes, campaigns and opening hours. Ratios of medians
are printed. A TFT costs mostly its own arithmetic, so that little can be saved around it.
"""

# first: it says how OpenMP threads wait, which torch reads once
import forecasting  # noqa: F401  # isort: skip

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
from darts import TimeSeries
from darts.models import NBEATSModel, TFTModel
from darts.utils.likelihood_models.torch import QuantileRegression
from training import DAY, WEEK, make_panel, week_to_day

from forecasting.models.neural.config import Kind, build_model
from forecasting.models.neural.member import NeuralMember
from forecasting.models.neural.runtime import quiet
from forecasting.panel.grid import Panel
from forecasting.terms import QUANTILES

TARGET = {"nbeats": 15.0, "tft": 1.0}


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
    config = week_to_day(kind, panel)
    member = NeuralMember(config=config, module=build_model(config).model.eval())
    stock = (NBEATSModel if kind == "nbeats" else TFTModel)(
        input_chunk_length=WEEK,
        output_chunk_length=DAY,
        likelihood=QuantileRegression(list(QUANTILES)),
        n_epochs=1,
        batch_size=batch_size,
        pl_trainer_kwargs={"accelerator": "cpu", "enable_progress_bar": False, "enable_model_summary": False},
        **config.arguments,
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

    return {
        "ours": lambda: member.predict(panel, at=panel.n_history, length=DAY),
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
    parser.add_argument("--kinds", nargs="+", default=["nbeats", "tft"], choices=["nbeats", "tft"])
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
            f"ratio {seconds['predict'] / seconds['ours']:.1f}; {panel.n_series:,} series, {WEEK} -> {DAY}"
        )


if __name__ == "__main__":
    main()
