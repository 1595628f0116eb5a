"""What planners said of the intervals that are explained: final means, and the adjustments behind them."""

from dataclasses import dataclass

import numpy as np

from forecasting.jobs.common.session import Session
from forecasting.jobs.explained.target import ExplainedRows
from forecasting.numerics import Floats64, in_full


@dataclass(frozen=True)
class Final:
    """final: means of the intervals with adjustments, None where none touches them; lines: one an adjustment."""

    final: Floats64 | None
    lines: tuple[str, ...] = ()


def find_final(session: Session, target: ExplainedRows, *, series: str) -> Final:
    """Adjustments as they stand on the published forecast of a target."""
    rows = target.rows.iloc[target.chosen]
    found = session.lake.frame(
        "adjustments/final_means.sql",
        stream=session.definition.stream.name,
        origin=target.origin,
        series=series,
        run_id=str(rows["run_id"].iloc[0]),
    )
    found = found[found["ts"].isin(rows["ts"])].sort_values("ts")
    if not (found["factor"] != 1).any():
        return Final(None)
    ids = sorted({one for own in found["adjustment_ids"] for one in own})
    adjustments = session.lake.frame("adjustments/named.sql", ids=ids)
    lines = [
        f"adjustment {row['adjustment_id']} of {row['author']}: {row['operation']} {in_full(float(row['value']))}, "
        f"{row['reason']}"
        for row in adjustments.to_dict("records")
    ]
    return Final(found["mean"].to_numpy(np.float64), tuple(lines))
