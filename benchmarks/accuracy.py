"""Accuracy on real and generated data, beside the targets and the best public system.

Each case is trained once on the history before its first origin, within the budget, and forecast from every origin. One
row per member and one for the published combination; then the combination beside the targets.
"""

# first: it says how OpenMP threads wait, which torch reads once
import forecasting  # noqa: F401  # isort: skip

import argparse
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from cases.load import CASES, FULL, Case, Loaded, load
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from forecasting.ensemble.calibrated import forecast_panels
from forecasting.ensemble.training import train_members
from forecasting.evaluation.scores import ALL_BUCKETS, ALL_SERIES, PUBLISHED, score_rows, seasonal_scale
from forecasting.quantiles import mean_of_quantiles
from forecasting.terms import QUANTILE_COLUMNS

REFERENCE = "last_four"
BUSY = 5.0
"""Calls an interval above which no series may do worse than the reference."""
SHOWN = ("wape", "mase", "wql", "cover80", "cover90", "pit80", "pit90", "bias_mean", "noise_floor")


@dataclass(frozen=True)
class Result:
    """How a case went."""

    case: Case
    seconds: float
    """Of training."""
    scores: pd.DataFrame
    """By member, series and horizon bucket."""
    rows: pd.DataFrame
    """The combination's forecasts beside the truth."""

    def whole(self, member: str) -> "pd.Series[float]":
        return self.by_series(member).T[ALL_SERIES]

    def by_series(self, member: str) -> pd.DataFrame:
        own = self.scores[(self.scores["member"] == member) & (self.scores["horizon_bucket"] == ALL_BUCKETS)]
        return own.set_index("series_id")


def run_case(case: Case, *, budget: float, members: list[str]) -> Result:
    """Train before the first origin, forecast every origin, score every member on the same intervals."""
    loaded = load(case)
    update = {"budget": timedelta(seconds=budget), "members": tuple(members)}
    settings = loaded.stream.models.model_copy(update=update)
    started = time.perf_counter()
    trainings = train_members(loaded.panels[0], settings, parents={})
    seconds = time.perf_counter() - started
    trained = {name: training.member for name, training in trainings.items() if training.member is not None}
    for name, training in trainings.items():
        if training.member is None:
            print(f"{case.name}: {name} not used: {training.reason}")
    forecasts = list(forecast_panels(loaded.panels, trained))
    predicted = {PUBLISHED: [forecast.quantiles for forecast in forecasts]}
    predicted |= {
        name: [forecast.member_forecasts[name] for forecast in forecasts] for name in forecasts[0].member_forecasts
    }
    frames = {name: _frame(case, loaded, quantiles) for name, quantiles in predicted.items()}
    scores = pd.concat([score_rows(frame).assign(member=name) for name, frame in frames.items()])
    return Result(case, seconds, scores, frames[PUBLISHED])


def _frame(case: Case, loaded: Loaded, predicted: list[NDArray[np.float32]]) -> pd.DataFrame:
    scale = _scale(case, loaded)
    parts = []
    for panel, truth, quantiles, origin in zip(loaded.panels, loaded.truths, predicted, case.origins, strict=True):
        series, column = np.nonzero(np.isfinite(truth) & np.isfinite(quantiles).all(axis=2))
        values = quantiles[series, column].astype(np.float64)
        frame = pd.DataFrame(values, columns=list(QUANTILE_COLUMNS))
        ids = panel.series_ids[series]
        parts.append(
            frame.assign(
                mean=np.maximum(mean_of_quantiles(values), 0),
                y=truth[series, column],
                series_id=ids,
                ts=panel.ts[panel.n_history :][column],
                origin=origin,
                horizon_bucket="all days",
                scale=scale.reindex(ids).to_numpy(),
            )
        )
    return pd.concat(parts, ignore_index=True)


def _scale(case: Case, loaded: Loaded) -> pd.Series:
    first = loaded.panels[0]
    return pd.Series(seasonal_scale(first.y, season=case.scale_season), index=first.series_ids)


def print_result(console: Console, result: Result) -> None:
    """All members of a case, the combination first."""
    case, target = result.case, result.case.target
    table = Table(title=f"{case.name}: {len(result.rows):,} intervals, trained in {result.seconds:.0f} s")
    table.add_column("member")
    for name in SHOWN:
        table.add_column(name, justify="right")
    members = sorted(set(result.scores["member"]), key=lambda name: (name != PUBLISHED, result.whole(name)["wql"]))
    for member in members:
        row = result.whole(member)
        table.add_row(member, *("" if pd.isna(row[name]) else f"{row[name]:.4f}" for name in SHOWN))
    if target is not None:
        for label, (point, wql) in (
            ("target", (target.point, target.wql)),
            ("stretch", target.stretch),
            ("best peer", target.peer),
        ):
            cells = {target.metric.lower(): f"{point:.4f}", "wql": f"{wql:.4f}"}
            table.add_row(label, *(cells.get(name, "") for name in SHOWN), style="dim")
    console.print(table)


def verdicts(result: Result) -> list[str]:
    """What the targets ask of one case, and what was found."""
    target, own = result.case.target, result.whole(PUBLISHED)
    found = []
    if target is not None:
        for name, limit in ((target.metric.lower(), target.point), ("wql", target.wql)):
            found.append(f"{name} {own[name]:.4f}, target {limit:.4f}: {_met(own[name] <= limit)}")
    found.append(f"bias of the mean {own['bias_mean']:+.3f}, within 0.10: {_met(abs(own['bias_mean']) <= 0.10)}")
    members = [name for name in set(result.scores["member"]) if name != PUBLISHED]
    best = min(members, key=lambda name: result.whole(name)["wql"])
    ratio = own["wql"] / result.whole(best)["wql"]
    found.append(f"wql over that of the best member ({best}) {ratio:.3f}, within 1.01: {_met(ratio <= 1.01)}")
    mean_y = result.rows.groupby("series_id")["y"].mean()
    busy = mean_y[mean_y > BUSY].index
    if len(busy):
        ours, theirs = result.by_series(PUBLISHED)["wape"], result.by_series(REFERENCE)["wape"]
        worst = (ours[busy] / theirs[busy]).sort_values()
        share = (worst <= 1.02).mean()
        found.append(
            f"wape over that of {REFERENCE}, worst of {len(busy)} busy series {worst.iloc[-1]:.3f} "
            f"({worst.index[-1]}), {share:.1%} within 1.02: {_met(share == 1)}"
        )
    return found


def pooled(results: list[Result]) -> str:
    """Coverage over all cases, each interval once; of counts by the randomised PIT."""
    total = sum(len(result.rows) for result in results)
    cover = {}
    for wide in (80, 90):
        inside = 0.0
        for result in results:
            own = result.whole(PUBLISHED)
            pit = own[f"pit{wide}"]
            inside += (own[f"cover{wide}"] if pd.isna(pit) else pit) * len(result.rows)
        cover[wide] = inside / total
    met = 0.77 <= cover[80] <= 0.83 and 0.87 <= cover[90] <= 0.93
    return f"pooled coverage 80% {cover[80]:.3f}, 90% {cover[90]:.3f}; 0.77 to 0.83 and 0.87 to 0.93: {_met(met)}"


def _met(is_met: bool) -> str:
    return "met" if is_met else "MISSED"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", nargs="+", default=list(FULL), choices=list(CASES))
    parser.add_argument("--budget", type=float, default=330.0, help="seconds of training for each case (default 330)")
    parser.add_argument("--members", nargs="+", default=["nbeats", "tft", "trees", "seasonal"])
    parser.add_argument("--out", type=Path, help="folder for forecasts and truth as Parquet, to be scored elsewhere")
    given = parser.parse_args()
    console, results = Console(width=140), []
    for name in given.cases:
        try:
            result = run_case(CASES[name], budget=given.budget, members=given.members)
        except FileNotFoundError as error:
            print(f"{name}: skipped, {error} is absent")
            continue
        print_result(console, result)
        for verdict in verdicts(result):
            print(f"  {verdict}")
        results.append(result)
        if given.out is not None:
            given.out.mkdir(parents=True, exist_ok=True)
            result.rows.drop(columns=["scale", "horizon_bucket"]).to_parquet(given.out / f"{name}.parquet")
    if results:
        print(pooled(results))


if __name__ == "__main__":
    main()
