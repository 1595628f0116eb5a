"""Scores in the lake, and the demand that evaluations are held against."""

from datetime import datetime

import pandas as pd

from forecasting.config.stream import Stream
from forecasting.store.lake.lake import Lake


def origins_to_score(lake: Lake, stream: Stream, *, scored_until: datetime) -> list[datetime]:
    """Published origins for which values have become known since they were scored last."""
    rows = lake.rows(
        "evaluation/origins_in_flight.sql",
        stream=stream.name,
        scored_until=scored_until,
        horizon=stream.stream.horizon,
    )
    return [origin for (origin,) in rows]


def known_until(lake: Lake, stream: Stream) -> datetime:
    """The newest moment at which anything of a stream that has history became known."""
    ((instant,),) = lake.rows("evaluation/known_until.sql", stream=stream.name)
    known: datetime = instant
    return known


def read_truth(lake: Lake, stream: Stream, *, since: datetime, until: datetime) -> pd.DataFrame:
    """Demand of [since, until) as known by now: series_id (categorical), ts (UTC), y with NaN for unknown."""
    return lake.frame("evaluation/truth.sql", categories=["series_id"], stream=stream.name, since=since, until=until)


def append_scores(
    lake: Lake, rows: pd.DataFrame, *, eval_id: str, stream: str, origin: datetime, scored_until: datetime
) -> None:
    """Write the live scores of one origin; to be called inside `Lake.write`."""
    _append(lake, rows.assign(origin=origin), kind="live", eval_id=eval_id, stream=stream, scored_until=scored_until)


def append_backtest(lake: Lake, rows: pd.DataFrame, *, eval_id: str, stream: str, scored_until: datetime) -> None:
    """Write the scores of an evaluation, which hold their origin; to be called inside `Lake.write`."""
    _append(lake, rows, kind="backtest", eval_id=eval_id, stream=stream, scored_until=scored_until)


def newest_scores(lake: Lake, *, stream: str | None, most: int) -> pd.DataFrame:
    """Scores over all series and horizons, newest origins first."""
    return lake.frame("evaluation/newest_scores.sql", stream=stream, most=most)


def _append(lake: Lake, rows: pd.DataFrame, *, kind: str, eval_id: str, stream: str, scored_until: datetime) -> None:
    lake.execute(
        "evaluation/insert_scores.sql",
        frames={"score_rows": rows},
        eval_id=eval_id,
        kind=kind,
        stream=stream,
        scored_until=scored_until,
    )
