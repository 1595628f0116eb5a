"""Scores in the lake."""

from datetime import datetime

import pandas as pd

from forecasting.store.lake import Lake
from forecasting.streams import Stream


def origins_to_score(lake: Lake, stream: Stream, *, scored_until: datetime) -> list[datetime]:
    """Published origins for which values have become known since they were scored last."""
    rows = lake.rows(
        "evaluation/origins_in_flight.sql",
        stream=stream.name,
        scored_until=scored_until,
        horizon=stream.stream.horizon,
    )
    return [origin for (origin,) in rows]


def append_scores(
    lake: Lake, rows: pd.DataFrame, *, eval_id: str, stream: str, origin: datetime, scored_until: datetime
) -> None:
    """Write the live scores of one origin; to be called inside `Lake.write`."""
    lake.execute(
        "evaluation/insert_scores.sql",
        frames={"score_rows": rows},
        eval_id=eval_id,
        kind="live",
        stream=stream,
        origin=origin,
        scored_until=scored_until,
    )


def newest_scores(lake: Lake, *, stream: str | None, most: int) -> pd.DataFrame:
    """Scores over all series and horizons, newest origins first."""
    return lake.frame("evaluation/newest_scores.sql", stream=stream, most=most)
