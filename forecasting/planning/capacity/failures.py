"""N-1: traffic of parallel links when one of their group fails."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forecasting.errors import SettingsError
from forecasting.numerics import Floats, Ints


@dataclass(frozen=True)
class Failure:
    """One link of a group fails; the others, one or more, carry its traffic."""

    name: str
    """Value of `failure` in the plan: `n-1:` and the series that fails."""
    group: Ints
    """Indices of all links of the group, ascending."""
    failed: int
    """Place of the failed link within the group."""

    @property
    def others(self) -> Ints:
        """Indices of those that carry the traffic: the rows of `reroute`."""
        return np.delete(self.group, self.failed)


def failures(series_ids: Sequence[str], parallel: Sequence[str]) -> tuple[list[Failure], list[str]]:
    """Failures of every link that has parallel ones, and the series that are alone in their group.

    parallel: the group of each series; a series of group '' is in none, and neither fails nor is called alone. In the
    order of series_ids.
    """
    groups: dict[str, list[int]] = {}
    for index, group in enumerate(parallel):
        groups.setdefault(group, []).append(index)
    found, alone = [], []
    for index, (series, group) in enumerate(zip(series_ids, parallel, strict=True)):
        members = groups[group]
        if group and len(members) > 1:
            found.append(Failure(f"n-1:{series}", np.array(members), members.index(index)))
        elif group:
            alone.append(series)
    return found, alone


def reroute(peaks: Floats, capacity: Floats, failed: int) -> Floats:
    """(n - 1, ...) peaks of a group's other links when one fails and its traffic goes to them by their capacities.

    peaks: (n, ...) such as paths (n, D, S) or measured days (n, W), where a missing one (NaN) leaves the others' sum
    unknown; capacity: (n,), of the same unit among themselves. Day by day and path by path the total is kept. Peaks
    of links that peak at different hours add up to more than the peak of their sum, so this errs towards safety.
    SettingsError: nobody else has capacity.
    """
    others = np.delete(np.arange(len(peaks)), failed)
    size = np.asarray(capacity, dtype=np.float64)[others]
    if not size.sum() > 0:
        raise SettingsError(
            f"planning: capacity: expected links beside the one that fails, with capacity above 0, found "
            f"{size.tolist()}; leave this failure out"
        )
    share = (size / size.sum()).astype(peaks.dtype).reshape(-1, *[1] * (peaks.ndim - 1))
    rerouted: Floats = peaks[others] + share * peaks[failed]
    return rerouted
