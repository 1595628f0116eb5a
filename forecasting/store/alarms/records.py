"""Alarms and answers to them, on record."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

import pandas as pd

from forecasting.store.lake.lake import Lake

EVERYTHING = "*"


@dataclass(frozen=True)
class AlarmAnswer:
    """What was done about alarms. alarm_id: `*` where those of a stream, subject and place are muted."""

    stream: str
    answer: str
    author: str
    reason: str
    alarm_id: str = EVERYTHING
    about: str = EVERYTHING
    place: str = EVERYTHING
    until: datetime | None = None


def open_alarms(lake: Lake, stream: str, origin: datetime) -> pd.DataFrame:
    """Alarms that were open before an origin, each as of its newest origin."""
    return lake.frame("alarms/open_alarms.sql", stream=stream, origin=origin)


def alarms_at(lake: Lake, stream: str, origin: datetime) -> pd.DataFrame:
    """Alarms on record of an origin."""
    return lake.frame("alarms/alarms_at.sql", stream=stream, origin=origin)


def append_alarms(lake: Lake, rows: pd.DataFrame, *, stream: str, origin: datetime, known_at: datetime) -> None:
    """To be called inside `Lake.write`."""
    lake.execute(
        "alarms/insert_alarms.sql", frames={"alarm_rows": rows}, stream=stream, origin=origin, known_at=known_at
    )


def append_answer(lake: Lake, answer: AlarmAnswer, *, known_at: datetime) -> None:
    """To be called inside `Lake.write`."""
    lake.execute("alarms/insert_answer.sql", **asdict(answer), known_at=known_at)


def list_alarms(lake: Lake, streams: Sequence[str], *, every: bool = False) -> pd.DataFrame:
    """Rows of analyst.alarms, of all streams where none is named, what needs a person first; every: also those that
    are over."""
    return lake.frame("alarms/list.sql", streams=list(streams), every=every)
