"""Accuracy on real and generated data, beside the targets and the best public system.

Each case is trained once on the history before its first origin, within the budget, and forecast from every origin. One
row per member and one for the published combination; then the combination beside the targets, its loss beside that of
its best member, and its mean beside the members' means. Exit code 1 where the loss is more than 2% above that of the
best member or a mean lies outside of the members'.

Short cases are histories of three to twelve weeks, cut from the others or generated; --weeks cuts any case. Cuts are
single origins of seven data sets with 3 to 60 weeks before them. --without adds the combination without each neural
member, and without all of them; --untuned adds N-BEATS and TFT with the weights of the package.

Systems that are not installed here are compared by --out: train each on the history of a case before its first origin,
forecast its origins, and score both files by the same pinball loss.
"""

# first: it says how OpenMP threads wait, which torch reads once
import forecasting  # noqa: F401  # isort: skip

import argparse
import sys
import time
from dataclasses import dataclass
from datetime import timedelta
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from cases.load import CASES, FULL, MANY, SHORT, Case, Loaded, cut, load
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from forecasting.ensemble.calibrated import forecast_panels
from forecasting.ensemble.mixture import PanelForecast
from forecasting.ensemble.training import train_members
from forecasting.evaluation.scores import ALL_BUCKETS, ALL_SERIES, PUBLISHED, score_rows, seasonal_scale
from forecasting.models.features.history import choose_power
from forecasting.models.foundation.checkpoint import Checkpoint
from forecasting.models.member import Member
from forecasting.models.neural.member import house_member
from forecasting.models.neural.modules import KINDS
from forecasting.panel.grid import at_present_level
from forecasting.quantiles import mean_of_quantiles
from forecasting.store.files.checkpoints import read_checkpoint_files
from forecasting.terms import QUANTILE_COLUMNS

REFERENCE = "last_four"
NEURAL, WITHOUT = ("nbeats", "tft", "pretrained"), "without neural"
WORSE = 1.02
"""Most that the combination may lose over its best member."""
ROUNDING = 1e-4
"""Relative: quantiles are in single precision."""
BUSY = 5.0
"""Calls an interval above which no series may do worse than the reference."""
SHOWN = ("wape", "mase", "wql", "cover80", "cover90", "pit80", "pit90", "bias_mean", "noise_floor")


@dataclass(frozen=True)
class Result:
    """How a case went."""

    case: Case
    seed: int
    seconds: float
    """Of training."""
    scores: pd.DataFrame
    """By member, series and horizon bucket."""
    rows: pd.DataFrame
    """The combination's forecasts beside the truth."""
    outside: float
    """Share of all intervals in which the mean lies outside of the members' means."""
    others: frozenset[str] = frozenset()
    """Rows of the scores that are no member of the combination."""

    @property
    def best(self) -> str:
        """The member with the least loss."""
        members = [str(name) for name in set(self.scores["member"]) if name not in self.others | {PUBLISHED}]
        return min(members, key=lambda name: float(self.whole(name)["wql"]))

    @property
    def ratio(self) -> float:
        """Loss of the combination over that of the best member."""
        return float(self.whole(PUBLISHED)["wql"] / self.whole(self.best)["wql"])

    @property
    def is_sound(self) -> bool:
        """A single origin says little of who is best."""
        return (self.ratio <= WORSE or len(self.case.origins) == 1) and self.outside == 0

    def whole(self, member: str) -> "pd.Series[float]":
        return self.by_series(member).T[ALL_SERIES]

    def by_series(self, member: str) -> pd.DataFrame:
        own = self.scores[(self.scores["member"] == member) & (self.scores["horizon_bucket"] == ALL_BUCKETS)]
        return own.set_index("series_id")


def run_case(
    case: Case,
    *,
    budget: float,
    members: list[str],
    seed: int,
    foundation: Checkpoint | None = None,
    without: bool = False,
    untuned: bool = False,
) -> Result:
    """Train before the first origin, forecast every origin, score every member on the same intervals."""
    loaded = load(case)
    update = {"budget": timedelta(seconds=budget), "members": tuple(members), "seed": seed}
    settings = loaded.stream.models.model_copy(update=update)
    started = time.perf_counter()
    trainings = train_members(loaded.panels[0], settings, foundation=foundation)
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
    others: dict[str, list[NDArray[np.float32]]] = {}
    if without:
        others |= leave_out(loaded, trained)
    if untuned:
        others |= take_untuned(loaded)
    predicted |= others
    rates = [forecast.mean for forecast in forecasts]
    frames = {name: _frame(case, loaded, quantiles, rates) for name, quantiles in predicted.items()}
    scores = pd.concat(
        [score_rows(frame, counts=loaded.stream.counts).assign(member=name) for name, frame in frames.items()]
    )
    judged = [(outside_members(one), np.isfinite(truth)) for one, truth in zip(forecasts, loaded.truths, strict=True)]
    outside = sum(int((away & seen).sum()) for away, seen in judged) / max(
        sum(int(seen.sum()) for _, seen in judged), 1
    )
    return Result(case, seed, seconds, scores, frames[PUBLISHED], outside, frozenset(others))


def leave_out(loaded: Loaded, trained: dict[str, Member]) -> dict[str, list[NDArray[np.float32]]]:
    """Forecasts of every origin by combinations without each of the neural members, and without all."""
    neural = [name for name in NEURAL if name in trained]
    parts = {f"without {name}": {name} for name in neural} | {WITHOUT: set(neural)}
    found = {}
    for label, gone in parts.items():
        rest = {name: member for name, member in trained.items() if name not in gone}
        found[label] = [forecast.quantiles for forecast in forecast_panels(loaded.panels, rest)]
    return found


def take_untuned(loaded: Loaded) -> dict[str, list[NDArray[np.float32]]]:
    """Forecasts of every origin by N-BEATS and TFT with the weights of the package."""
    panels = [at_present_level(panel) for panel in loaded.panels]
    power = choose_power(panels[0], until=panels[0].n_history)
    return {
        f"{kind} untuned": [
            house_member(kind, power=power).predict_many(
                panel, origin_columns=(panel.n_history,), length=panel.n_horizon
            )[0]
            for panel in panels
        ]
        for kind in KINDS
    }


def outside_members(forecast: PanelForecast) -> NDArray[np.bool_]:
    """(N, H) intervals in which the published mean lies outside of the range of the members' means."""
    means = np.stack([np.maximum(mean_of_quantiles(own), 0.0) for own in forecast.member_forecasts.values()])
    known = np.isfinite(means)
    low, high = np.where(known, means, np.inf).min(axis=0), np.where(known, means, -np.inf).max(axis=0)
    room = ROUNDING * np.maximum(forecast.mean, 1e-3)
    return np.asarray(known.any(axis=0) & ((forecast.mean < low - room) | (forecast.mean > high + room)))


def _frame(
    case: Case, loaded: Loaded, predicted: list[NDArray[np.float32]], rates: list[NDArray[np.float32]]
) -> pd.DataFrame:
    scale = _scale(case, loaded)
    parts = []
    for panel, truth, quantiles, rate, origin in zip(
        loaded.panels, loaded.truths, predicted, rates, case.origins, strict=True
    ):
        series, column = np.nonzero(np.isfinite(truth) & np.isfinite(quantiles).all(axis=2))
        values = quantiles[series, column].astype(np.float64)
        frame = pd.DataFrame(values, columns=list(QUANTILE_COLUMNS))
        ids = panel.series_ids[series]
        parts.append(
            frame.assign(
                mean=np.maximum(mean_of_quantiles(values), 0),
                rate=rate[series, column],
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
    table = Table(
        title=f"{case.name}, seed {result.seed}: {len(result.rows):,} intervals, trained in {result.seconds:.0f} s"
    )
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
    found.append(
        f"wql over that of the best member ({result.best}) {result.ratio:.4f}, within {WORSE}: "
        f"{_met(result.ratio <= WORSE)}"
    )
    found.append(f"means outside of the members' {result.outside:.4f}, none: {_met(result.outside == 0)}")
    mean_y = result.rows.groupby("series_id")["y"].mean()
    busy = mean_y[mean_y > BUSY].index
    if len(busy):
        ours, theirs = result.by_series(PUBLISHED)["wape"], result.by_series(REFERENCE)["wape"]
        worst = (ours[busy] / theirs[busy]).sort_values()
        share = (worst <= 1.02).mean()
        found.append(
            f"wape over that of {REFERENCE}, worst of {len(busy)} busy series {worst.iloc[-1]:.4f} "
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


def spread(results: list[Result]) -> Table:
    """Loss of the combination by case: mean over seeds, and how far seeds lie apart."""
    table = Table(title="wql by case")
    for name in ("case", "seeds", "mean", "least", "greatest", "over best member", "worst seed"):
        table.add_column(name, justify="left" if name == "case" else "right")
    for name in dict.fromkeys(result.case.name for result in results):
        own = [result for result in results if result.case.name == name]
        wql, ratios = [one.whole(PUBLISHED)["wql"] for one in own], [one.ratio for one in own]
        numbers = (np.mean(wql), min(wql), max(wql), np.mean(ratios), max(ratios))
        table.add_row(name, str(len(own)), *(f"{number:.4f}" for number in numbers))
    return table


def gains(results: list[Result]) -> str:
    """What neural members are worth: loss of the combination over that without them."""
    ratios = {
        f"{one.case.name} (seed {one.seed})": float(one.whole(PUBLISHED)["wql"] / one.whole(WITHOUT)["wql"])
        for one in results
    }
    worst, best = max(ratios, key=lambda name: ratios[name]), min(ratios, key=lambda name: ratios[name])
    mean = float(np.exp(np.mean(np.log(list(ratios.values())))))
    return (
        f"wql over that without neural members: geometric mean of {len(ratios)} {mean:.4f}, "
        f"best {ratios[best]:.4f} ({best}), worst {ratios[worst]:.4f} ({worst})"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--cases", nargs="+", default=["full"], choices=["full", "short", "cuts", *CASES], metavar="CASE"
    )
    parser.add_argument("--weeks", nargs="+", type=int, help="cut each case to so many weeks of history")
    parser.add_argument("--seeds", nargs="+", type=int, default=[1], help="seeds of training (default 1)")
    parser.add_argument("--budget", type=float, default=330.0, help="seconds of training for each case (default 330)")
    parser.add_argument("--members", nargs="+", default=["nbeats", "tft", "pretrained", "trees", "seasonal"])
    parser.add_argument("--foundation", nargs=2, metavar=("KIND", "FOLDER"), help="a public model: docs/foundation.md")
    parser.add_argument("--without", action="store_true", help="also combine without each neural member, and all")
    parser.add_argument("--untuned", action="store_true", help="also score N-BEATS and TFT as they are in the package")
    parser.add_argument("--out", type=Path, help="folder for forecasts and truth as Parquet, to be scored elsewhere")
    given = parser.parse_args()
    groups = {"full": list(FULL), "short": list(SHORT), "cuts": list(MANY)}
    cases = [CASES[name] for group in given.cases for name in groups.get(group, [group])]
    if given.weeks:
        cases = [cut(case, weeks) for case in cases for weeks in given.weeks]
    console, results, foundation = Console(width=140), [], None
    if given.foundation:
        kind, folder = given.foundation
        foundation = Checkpoint(kind, folder, read_checkpoint_files(Path(folder), kind))
    for seed, case in product(given.seeds, cases):
        try:
            result = run_case(
                case,
                budget=given.budget,
                members=given.members,
                seed=seed,
                foundation=foundation,
                without=given.without,
                untuned=given.untuned,
            )
        except FileNotFoundError as error:
            print(f"{case.name}: skipped, {error} is absent")
            continue
        print_result(console, result)
        for verdict in verdicts(result):
            print(f"  {verdict}", flush=True)
        results.append(result)
        if given.out is not None:
            given.out.mkdir(parents=True, exist_ok=True)
            rows = result.rows.drop(columns=["scale", "horizon_bucket", "rate"])
            rows.to_parquet(given.out / f"{case.name}.{seed}.parquet")
    if results:
        console.print(spread(results))
        print(pooled(results))
    if results and given.without:
        print(gains(results))
    unsound = [f"{result.case.name} (seed {result.seed})" for result in results if not result.is_sound]
    if unsound:
        sys.exit(f"worse than the best member by more than 2%, or a mean outside: {', '.join(unsound)}")


if __name__ == "__main__":
    main()
