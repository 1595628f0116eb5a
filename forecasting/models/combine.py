"""Which member carries a series: the one that lost least on held-back origins."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from forecasting.panel.grid import Panel
from forecasting.quantiles import pinball
from forecasting.terms import Tier

SIMPLEST_FIRST = (Tier.SEASONAL_NAIVE, Tier.LAST_FOUR, Tier.NBEATS, Tier.TFT)
"""Members that compete, in the order in which a tie is decided. `cold_start` does not: it comes in where none can."""
DAY = np.timedelta64(1, "D")


def held_back_columns(panel: Panel, *, length: int, origins: int = 4) -> tuple[int, ...]:
    """Columns, ascending, from which members are compared: the newest with `length` known columns after them.

    They lie whole days before the panel's origin, so that they start the day as it does, and two steps apart (two days
    on intraday grids). A neural member that is to be compared is trained with its targets ending before the first of
    them. Fewer, or none, where less than half of the history would lie before a column.
    """
    last = panel.n_history - length
    if last < 1:
        return ()
    start = panel.ts[panel.n_history] if panel.n_horizon else panel.ts[-1]
    whole_days = (start - panel.ts[: last + 1]) % DAY == np.timedelta64(0)
    columns = np.flatnonzero(whole_days)
    columns = columns[columns >= panel.n_history // 2]
    return tuple(int(column) for column in columns[::-2][:origins][::-1])


def mean_losses(panel: Panel, forecast: NDArray[np.float32], *, ats: tuple[int, ...]) -> NDArray[np.float64]:
    """Mean pinball loss (N,) of a member over held-back origins; NaN where it left an observed column unanswered.

    forecast: (A, N, length, 7), one block for each of `ats`. Only observed columns count; without any the loss is NaN.
    """
    total, count = np.zeros(panel.n_series), np.zeros(panel.n_series)
    for at, block in zip(ats, forecast, strict=True):
        columns = slice(at, at + block.shape[1])
        observed = panel.observed[:, columns]
        loss = pinball(panel.y[:, columns], block).mean(axis=-1)
        total += np.where(observed, loss, 0.0).sum(axis=1)
        count += observed.sum(axis=1)
    mean: NDArray[np.float64] = np.divide(total, count, out=np.full(panel.n_series, np.nan), where=count > 0)
    return mean


def select_members(
    losses: Mapping[str, NDArray[np.float64]], carried: Mapping[str, NDArray[np.bool_]]
) -> NDArray[np.str_]:
    """Tier (N,) of each series: least loss among the members that carry it, ties to the simpler.

    losses: (N,) mean pinball on held-back origins, NaN where a member could not be judged. carried: (N,) whether the
    member answers from the origin itself. A series that nobody was judged on goes to the most trusted seasonal member
    that carries it; a series that nobody carries to `cold_start`.
    """
    competing = [tier for tier in SIMPLEST_FIRST if tier in losses]
    able = np.stack([carried[tier] for tier in competing])
    table = np.where(able, np.nan_to_num(np.stack([losses[tier] for tier in competing]), nan=np.inf), np.inf)
    best = table.argmin(axis=0)
    chosen = np.array([str(tier) for tier in competing])[best]
    unjudged = np.array([str(Tier.COLD_START)])
    for tier in (Tier.SEASONAL_NAIVE, Tier.LAST_FOUR):
        if tier in competing:
            unjudged = np.where(carried[tier], str(tier), unjudged)
    return np.where(np.isfinite(table.min(axis=0)), chosen, unjudged)
