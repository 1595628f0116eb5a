"""Members of a forecast: weight, why, answer; and how wide its range is."""

import numpy as np
import pandas as pd

from forecasting.ensemble.explained.reasons import MemberLosses, judge
from forecasting.ensemble.explained.waterfall import Waterfall
from forecasting.ensemble.members import PRIOR_WEIGHTS
from forecasting.jobs.explained.rerun import Rerun
from forecasting.jobs.explained.words import name_member
from forecasting.numerics import Ints
from forecasting.terms import QUANTILES

LOW, HIGH = QUANTILES.index(0.10), QUANTILES.index(0.90)


def member_rows(rerun: Rerun, found: Waterfall, columns: Ints, *, averages: bool) -> pd.DataFrame:
    """member, weight, prior, held_back_loss, answer; the heaviest first.

    prior: share before any evidence. held_back_loss: pinball loss on held-back origins of the series' group at as many
    days ahead, over that of the best member. answer: mean that the member gives by itself.
    """
    names = list(found.shares)
    kept = rerun.kept_losses
    losses = _judged(rerun, columns, len(names)).losses if kept is None else np.array([kept[name] for name in names])
    prior = np.array([PRIOR_WEIGHTS.get(name, 1.0) for name in names])
    rows = pd.DataFrame(
        {
            "member": [name_member(name) for name in names],
            "weight": [round(float(found.shares[name].mean()), 3) for name in names],
            "prior": np.round(prior / prior.sum(), 3) if len(prior) else prior,
            "held_back_loss": np.round(losses, 3),
            "answer": [
                float(answer.mean() if averages else answer.sum()) for answer in (found.answers[name] for name in names)
            ],
        }
    )
    return rows.sort_values("weight", ascending=False, kind="stable", ignore_index=True)


def evidence_line(rerun: Rerun, columns: Ints) -> str:
    """On what the weights rest."""
    judged = _judged(rerun, columns, len(rerun.stages.mixed.member_forecasts))
    own = f", {judged.days:,} series-days of {judged.series:,} series like it" if judged.days else ""
    return f"weights learned on {rerun.weighed_on}{own}; with few, they stay near the prior"


def _judged(rerun: Rerun, columns: Ints, members: int) -> MemberLosses:
    mixed = rerun.stages.mixed
    return judge(
        mixed.evidence, group=int(mixed.group[rerun.row]), leads=np.unique(mixed.lead[columns]), members=members
    )


def range_line(rerun: Rerun, columns: Ints) -> str:
    """How calibration changed the range."""
    factors, mixed = rerun.stages.factors, rerun.stages.mixed
    if factors is None:
        return "ranges are those of the members: history is too short to calibrate them"
    own = factors[mixed.group[rerun.row], mixed.lead[columns]][:, [LOW, HIGH]].mean()
    change = "as wide as the members give it" if abs(own - 1) < 0.005 else f"{own:.2f} times as wide as they give it"
    return f"calibration: by held-back origins the 80% range is {change}; the mean stays"
