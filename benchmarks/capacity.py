"""Run-out dates beside the true ones of generated links, and what two years of paths of thousands of links cost.

    python benchmarks/capacity.py [--parts dates cost] [--seeds 4]

Dates: links whose growth, seasons and steps come from no model of this project (`benchmarks/cases/long_links.py`). They
are trained and forecast once a seed and compared with straight lines through a year of daily values, their logarithms
and weekly maxima. Links that are already above their limit are left out except where the output says otherwise. "Within
the horizon" are links whose range begins within the two years. Targets: 80% of dates inside the 10 to 90% range; median
error under a month four to eight months ahead; the watch list at confidence 0.9 finds 90% of the links that run out
within 90 days, and at least half of its entries are right.

Cost: paths, weekly statistics by link and by group, and run-out days of up to 5,000 links x 730 days x 200 paths, each
size in a process of its own. Targets: 90 s and 6 GiB on two cores, growing no faster than the number of links.
"""

# first: it says how OpenMP threads wait, which torch reads once
import forecasting  # noqa: F401  # isort: skip

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

import pandas as pd
from cases.long_links import make_long_links
from cases.many_links import measure
from cases.run_out import METHODS, score, summary

HISTORIES = {"18 to 36 months of history": (540, 1095), "6 to 18 months of history": (180, 540)}
FIRST_ORIGIN, BETWEEN_ORIGINS = date(2026, 1, 1), timedelta(days=100)
"""Each seed has its own season: a year has holidays that a lead time sees or not."""
LENGTHS = (180, 270, 365, 540, 730, 1096)
SIZES = (1_250, 2_500, 5_000)
SECONDS, GIB, IN_PROPORTION = 90.0, 6.0, 1.25


def compare_dates(name: str, history: tuple[int, int], *, links: int, seeds: int) -> None:
    """Print how every method fares on links with so much history."""
    rows: dict[str, list[pd.DataFrame]] = {method: [] for method in METHODS}
    for seed in range(1, seeds + 1):
        origin = FIRST_ORIGIN + (seed - 1) * BETWEEN_ORIGINS
        made = make_long_links(links, seed=seed, origin=origin, history=history)
        for method, dates in METHODS.items():
            rows[method].append(score(made, dates(made)))
    whole = {method: pd.concat(parts, ignore_index=True) for method, parts in rows.items()}
    print(f"\n{name}, {links} links x {seeds} seeds")
    print(_table({method: summary(own) for method, own in whole.items()}))
    own = whole["forecast"]
    parts = own.groupby(pd.cut(own["history"], LENGTHS, right=False), observed=True)
    print("\nthe forecast by days of history")
    print(_table({f"{span.left} to {span.right - 1}": summary(part) for span, part in parts}))
    found = summary(own)
    print(f"dates inside their range {found['inside']:.1%}, at least 80%;", end=" ")
    print(f"of those that begin within the horizon {found['inside, within horizon']:.1%}")
    error = found["median error, d"]
    print(f"median error four to eight months ahead {error:.0f} d, under 30: {_met(error < 30)}")
    print(f"watch list: recall {found['recall']:.1%}, at least 90%: {_met(found['recall'] >= 0.9)}", end="; ")
    print(f"precision {found['precision']:.1%}, at least 50%: {_met(found['precision'] >= 0.5)}", end="; ")
    print(f"with those that stand above already {found['with those above']:.1%}", flush=True)


def _table(rows: dict[str, dict[str, float]]) -> str:
    shares = ("inside", "inside, within horizon", "earlier", "later", "recall", "precision", "with those above")
    table = pd.DataFrame(rows).T
    shown: dict[str, Callable[[Any], str]] = {
        str(name): (lambda value: f"{value:.1%}") if name in shares else (lambda value: f"{value:.0f}")
        for name in table
    }
    return table.to_string(formatters=shown)


def compare_cost() -> None:
    """Print seconds and memory by number of links."""
    found = []
    for count in SIZES:
        answer = subprocess.run(
            [sys.executable, __file__, "--measure", str(count)], check=True, capture_output=True, text=True
        )
        cost = json.loads(answer.stdout.splitlines()[-1])
        parts = ", ".join(f"{part} {seconds:.1f}" for part, seconds in cost["seconds"].items())
        whole = f"{cost['total']:.1f} s, {cost['processor']:.1f} s of one core"
        print(f"{count:,} links: {whole} ({parts}), {cost['gib']:.2f} GiB", flush=True)
        found.append(cost)
    first, last = found[0], found[-1]
    growth = (last["processor"] / first["processor"]) / (SIZES[-1] / SIZES[0])
    print(f"time {_met(last['total'] <= SECONDS)}, memory {_met(last['gib'] <= GIB)}", end="; ")
    print(f"time a link over that of {SIZES[0]:,} links {growth:.2f}: {_met(growth <= IN_PROPORTION)}")


def _met(is_met: bool) -> str:
    return "met" if is_met else "MISSED"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", nargs="+", default=["dates", "cost"], choices=["dates", "cost"])
    parser.add_argument("--links", type=int, default=400)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--measure", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        cost = measure(given.measure)
        print(json.dumps(asdict(cost) | {"total": cost.total}))
        return
    if "dates" in given.parts:
        for name, history in HISTORIES.items():
            compare_dates(name, history, links=given.links, seeds=given.seeds)
    if "cost" in given.parts:
        compare_cost()


if __name__ == "__main__":
    main()
