"""Decisions on record: who is champion of a stream as of an origin, and why."""

import math
from dataclasses import asdict, dataclass
from datetime import datetime

from forecasting.config.stream import Stream
from forecasting.store.lake.lake import Lake
from forecasting.terms import Verdict

BY_TRAINING = "train"
"""Who decides when no person does."""


@dataclass(frozen=True)
class Champion:
    """The model that forecasts from an origin, and the decision that made it so."""

    model_id: str
    since: datetime
    """Origin of the decision, UTC."""
    verdict: Verdict
    gain: float | None
    noise: float | None
    decided_by: str


@dataclass(frozen=True)
class DecisionRecord:
    """A row of forecast.decisions, but for its stamp; what is not known of a contest is NaN."""

    stream: str
    decided_at_origin: datetime
    challenger: str
    champion: str
    incumbent: str | None
    verdict: Verdict
    reason: str
    decided_by: str
    run_id: str | None
    config_hash: str
    gain: float = math.nan
    noise: float = math.nan
    wql_challenger: float = math.nan
    wql_incumbent: float = math.nan
    held_back: int = 0
    series: int = 0


def champion_as_of(lake: Lake, stream: Stream, origin: datetime) -> Champion | None:
    """Champion of the stream's present definition as of `origin`: the newest decision up to it that made one."""
    return _champion(lake, "decisions/champion.sql", stream, origin)


def champion_after(lake: Lake, stream: Stream, origin: datetime) -> Champion | None:
    """The first champion that was decided at a later origin."""
    return _champion(lake, "decisions/next_champion.sql", stream, origin)


def newest_origin(lake: Lake, stream: Stream) -> datetime | None:
    """The newest origin that the stream was published from or decided at."""
    origin: datetime | None = lake.rows(
        "decisions/newest_origin.sql", stream=stream.name, config_hash=stream.config_hash
    )[0][0]
    return origin


def append_decision(lake: Lake, record: DecisionRecord, *, decided_at: datetime) -> None:
    """Put a decision on record; to be called inside `Lake.write`."""
    row = {name: None if _is_unknown(value) else value for name, value in asdict(record).items()}
    lake.execute("decisions/insert_decision.sql", **(row | {"verdict": str(record.verdict), "decided_at": decided_at}))


def _champion(lake: Lake, query: str, stream: Stream, origin: datetime) -> Champion | None:
    rows = lake.rows(query, stream=stream.name, config_hash=stream.config_hash, origin=origin)
    if not rows:
        return None
    model_id, since, verdict, gain, noise, decided_by = rows[0]
    return Champion(model_id, since, Verdict(verdict), gain, noise, decided_by)


def _is_unknown(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)
