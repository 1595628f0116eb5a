"""Agents for a million intervals, against a loop over intervals in plain Python.

Both sides ask for the fewest agents of Erlang A with the same loads, handle times and patience, in one process and in
turns; the loop does as a spreadsheet or a textbook does, one more agent until the target is met, and on a part of the
intervals, as it would take hours for all. Then the integers of a sample are compared with those of decimal arithmetic
(the tests' slow one, right to 40 digits).
"""

# first: it says how OpenMP threads wait, which torch reads once
import forecasting  # noqa: F401  # isort: skip

import argparse
import statistics
import sys
import time
from math import exp, expm1, inf
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from forecasting.planning.queues.erlang import agents_for

# the tests' own arithmetic; other packages install a `tests` too
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tests.planning.queues import exact

Floats = NDArray[np.float64]
SHARE, WITHIN = 0.8, 20.0
TARGET = 5.0
"""Seconds for a million intervals of Erlang A on two cores."""


def draw(count: int, *, highest: float, rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
    """Loads from 0.1 Erlangs, handle times of 2 to 10 minutes, patience of 30 s to 15 minutes."""
    load = np.exp(rng.uniform(np.log(0.1), np.log(highest), count))
    return load, rng.uniform(120, 600, count), rng.uniform(30, 900, count)


def agents_in_a_loop(load: float, handle: float, patience: float) -> int:
    """One more agent until the target is met; sums of the textbook."""
    impatience, window = handle / patience, WITHIN / handle
    aged = impatience * window
    z, free, agents = load / impatience, 1.0, 1
    while True:
        later = z * exp(-aged)
        a = agents / impatience
        stay, stay_later = integral(a + 1, z), integral(a + 1, later)
        at = exp(-z * expm1(-aged) - (a + 1) * aged)
        if (free + z * (stay - at * stay_later)) / (free + z * (1 + z * stay) / a) >= SHARE:
            return agents
        free = 1 + agents * free / load
        agents += 1


def integral(a: float, z: float) -> float:
    """Sum of z^k / (a (a + 1) ... (a + k))."""
    term = total = 1 / a
    while term > total * 1e-16:
        a += 1
        term *= z / a
        total += term
    return total


def compare_speed(count: int, looped: int, *, highest: float, rounds: int) -> None:
    load, handle, patience = draw(count, highest=highest, rng=np.random.default_rng(0))
    few = np.stack([load, handle, patience], axis=1)[:looped].tolist()
    seconds: dict[str, list[float]] = {"A": [], "C": [], "loop": []}
    for _ in range(rounds):
        start = time.perf_counter()
        found = agents_for(load, handle=handle, within=WITHIN, share=SHARE, patience=patience)
        seconds["A"].append(time.perf_counter() - start)
        start = time.perf_counter()
        agents_for(load, handle=handle, within=WITHIN, share=SHARE)
        seconds["C"].append(time.perf_counter() - start)
        start = time.perf_counter()
        same = [agents_in_a_loop(*each) for each in few] == found[:looped].tolist()
        seconds["loop"].append((time.perf_counter() - start) * count / len(few))
        if not same:
            raise SystemExit("the loop and the arrays disagree")
    took = {name: statistics.median(every) for name, every in seconds.items()}
    print(
        f"Erlang A: {took['A']:.2f} s for {count:,} intervals of 0.1 to {highest:,.0f} Erlangs (target {TARGET:.0f} s "
        f"for a million); a loop in Python: ratio {took['loop'] / took['A']:,.0f}; Erlang C: {took['C']:.2f} s"
    )


def compare_integers(count: int, *, highest: float) -> None:
    load, handle, patience = draw(count, highest=highest, rng=np.random.default_rng(1))
    rng = np.random.default_rng(2)
    patience = np.where(rng.random(count) < 0.25, inf, patience)
    share, within = rng.uniform(0.1, 0.99, count), rng.choice([0.0, 10, 20, 60], count)
    found = agents_for(load, handle=handle, within=within, share=share, patience=patience)
    slow = [
        exact.agents_needed(x, handle=h, within=t, share=s, patience=p)
        for x, h, t, s, p in np.stack([load, handle, within, share, patience], axis=1).tolist()
    ]
    print(f"integers of decimal arithmetic: {(found == slow).sum():,} of {count:,} are the same")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--intervals", type=int, default=1_000_000, help="intervals in all (default 1,000,000)")
    parser.add_argument("--looped", type=int, default=1_000, help="of which the loop does so many (default 1,000)")
    parser.add_argument("--exact", type=int, default=3_000, help="intervals in decimal arithmetic (default 3,000)")
    parser.add_argument("--highest", type=float, default=500.0, help="highest load in Erlangs (default 500)")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each side (default 3)")
    given = parser.parse_args()
    compare_speed(given.intervals, given.looped, highest=given.highest, rounds=given.rounds)
    compare_integers(given.exact, highest=given.highest)


if __name__ == "__main__":
    main()
