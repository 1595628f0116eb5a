"""What is ordered already: more capacity from a day on, until which no further order changes anything."""

from dataclasses import dataclass

import numpy as np

from forecasting.numerics import Floats, Ints, Mask


@dataclass(frozen=True)
class Ordered:
    """(n,) arrays of links, by what is ordered for each."""

    day: Ints
    """Day, from that of the plan on, from which all of it is in service; 0 where nothing is ordered."""
    capacity: Floats
    """With it; the present one where nothing is ordered."""
    awaited: Mask
    """Where something is ordered."""

    def of(self, link: Ints) -> "Ordered":
        """Of some links, by place."""
        return Ordered(self.day[link], self.capacity[link], self.awaited[link])


def nothing_ordered(capacity: Floats) -> Ordered:
    """capacity: (n,) at present."""
    return Ordered(np.zeros(len(capacity), np.int64), capacity, np.zeros(len(capacity), bool))


def count_from(paths: Floats, before: Floats, since: Ints) -> tuple[Floats, Floats]:
    """Peaks as they count from a day on: none before it, and nothing measured for links that wait.

    paths: (n, D, S); before: (n, W) measured before the first day; since: (n,) first days that count, 0 for all.
    """
    early = np.arange(paths.shape[1])[None, :] < since[:, None]
    return np.where(early[:, :, None], 0, paths).astype(paths.dtype), np.where(
        since[:, None] > 0, np.nan, before
    ).astype(before.dtype)
