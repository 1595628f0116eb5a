"""Why members have the weights that they have: their losses on held-back origins, and how much evidence there is."""

from dataclasses import dataclass

import numpy as np

from forecasting.ensemble.evidence import Evidence
from forecasting.numerics import Floats64, Ints
from forecasting.quantiles import pinball


@dataclass(frozen=True)
class MemberLosses:
    """Losses of M members on the held-back origins of a group of series."""

    losses: Floats64
    """(M,) pinball loss over that of the best member; NaN where a member has no forecast."""
    days: int
    """Series-days of evidence."""
    series: int
    """Series that were judged."""


def judge(evidence: Evidence | None, *, group: int, leads: Ints, members: int) -> MemberLosses:
    """Losses of the members in a group in some cells of days ahead; of all its cells where these have no evidence."""
    nothing = MemberLosses(np.full(members, np.nan), 0, 0)
    if evidence is None:
        return nothing
    own = evidence.group == group
    near = own & np.isin(evidence.lead, leads)
    rows = evidence.only(near if near.any() else own)
    if not len(rows):
        return nothing
    losses = np.array([_loss(rows, member) for member in range(members)])
    best = np.nanmin(losses) if np.isfinite(losses).any() else np.nan
    days = len(np.unique(np.stack([rows.series, rows.day]), axis=1).T)
    return MemberLosses(losses / best if best > 0 else losses, days, len(np.unique(rows.series)))


def _loss(rows: Evidence, member: int) -> float:
    predicted = rows.predicted[member]
    known = np.isfinite(predicted).all(axis=1)
    return float(pinball(rows.y[known], predicted[known]).mean()) if known.any() else np.nan
