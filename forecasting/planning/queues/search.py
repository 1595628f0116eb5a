"""The fewest servers that close a gap, for many cases at once."""

from collections.abc import Callable

import numpy as np

from forecasting.numerics import Floats64, Ints

TIE = 1e-10
"""Relative: targets are decimals, and what equals one on paper must not miss it by the last binary digit."""


def fewest(gap: Callable[[Floats64, Ints], Floats64], *, start: Floats64, pace: Floats64, least: Floats64) -> Ints:
    """Least whole number of servers >= least at which the gap is closed (at most TIE), exactly.

    gap(servers, cases): how far the cases are from their target with that many servers, a logarithm, finite and not
    increasing in servers. start: (N,) a guess, and pace: (N,) about how much of the gap one server closes; good ones
    save time and change nothing. least: (N,) whole numbers below which nothing is asked. Brackets by growing steps,
    then by the chord, with a halving every third round, on those cases alone that are still open.
    """
    found = np.zeros(len(start), dtype=np.int64)
    case = np.arange(len(start))
    low, high = least - 1, np.full(len(start), np.inf)
    low_gap, high_gap = np.full(len(start), np.nan), np.full(len(start), np.nan)
    at, rounds = np.maximum(np.ceil(start), least), 0
    while len(case):
        here = gap(at, case)
        closed = here <= TIE
        high, high_gap = np.where(closed, at, high), np.where(closed, here, high_gap)
        low, low_gap = np.where(closed, low, at), np.where(closed, low_gap, here)
        done = high - low <= 1
        found[case[done]] = high[done].astype(np.int64)
        left = ~done
        case, at, here, low, high = case[left], at[left], here[left], low[left], high[left]
        low_gap, high_gap = low_gap[left], high_gap[left]
        rounds += 1
        step = np.ceil((np.abs(here) / pace[case] + 0.5) * 2.0 ** (rounds - 1))
        out = np.where(here > TIE, at + step, at - step)
        between = np.isfinite(high) & np.isfinite(low_gap)
        share = 0.5 if rounds % 3 == 0 else low_gap / (low_gap - high_gap)
        chord = np.ceil(low + np.where(between, (high - low) * share, 0.0))
        at = np.clip(np.where(between, chord, out), low + 1, high - 1)
    return found
