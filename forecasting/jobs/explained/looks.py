"""What the TFT of a forecast looks at, as a table."""

import numpy as np
import pandas as pd

from forecasting.ensemble.members import PairedMember
from forecasting.jobs.explained.rerun import Rerun
from forecasting.jobs.explained.words import INFLUENCES
from forecasting.models.neural.looks import look_at
from forecasting.models.neural.member import NeuralMember
from forecasting.numerics import Ints
from forecasting.panel.grid import take_series
from forecasting.terms import Tier

MOST = 5
"""Inputs and intervals of each kind that are shown."""


def find_looks(rerun: Rerun, columns: Ints) -> pd.DataFrame:
    """what, share: inputs by their share in TFT's gated projection, then intervals by its attention; maybe empty."""
    nothing = pd.DataFrame({"what": [], "share": []})
    weight, member = rerun.stages.mixed.weights.get(Tier.TFT), rerun.members.get(Tier.TFT)
    present = member.present if isinstance(member, PairedMember) else member
    if weight is None or not weight[rerun.row, columns].any() or not isinstance(present, NeuralMember):
        return nothing
    baseline = rerun.stages.baseline
    look = look_at(present, take_series(baseline, np.array([rerun.row])), columns)
    if look is None:
        return nothing
    inputs = sorted(look.shares.items(), key=lambda item: -item[1])[:MOST]
    order = np.argsort(-look.past, kind="stable")[:MOST]
    places = baseline.n_history - len(look.past) + order
    seen = [(pd.Timestamp(baseline.wall[at]), look.past[one]) for at, one in zip(places, order, strict=True) if at >= 0]
    rows = [(f"input: {INFLUENCES[group]}", share) for group, share in inputs]
    rows += [(f"attention: {at:%a %-d %b %H:%M}", share) for at, share in seen]
    rows.append(("attention: all intervals ahead", look.ahead))
    return pd.DataFrame({"what": [what for what, _ in rows], "share": [round(float(share), 3) for _, share in rows]})
