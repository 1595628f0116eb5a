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
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from cases.load import CASES, FULL, MANY, SHORT, cut
from cases.results import WITHOUT, WORSE, Result, run_case
from rich.console import Console
from rich.table import Table

from forecasting.evaluation.scores import PUBLISHED
from forecasting.models.foundation.checkpoint import Checkpoint
from forecasting.store.files.checkpoints import read_checkpoint_files

REFERENCE = "last_four"
BUSY = 5.0
"""Calls an interval above which no series may do worse than the reference."""
SHOWN = ("wape", "mase", "wql", "cover80", "cover90", "pit80", "pit90", "bias_mean", "noise_floor")


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
