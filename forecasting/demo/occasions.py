"""What happens beyond the calendar in the generated world, and what it does to demand."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.terms import EventKind

ZONE = "America/Toronto"


@dataclass(frozen=True)
class Occasion:
    """One row of the events feed. Times are local (Toronto) ISO text; `lift` multiplies the calls in scope."""

    event_id: str
    kind: EventKind
    name: str
    scope: dict[str, str]
    starts_at: str
    ends_at: str
    known_at: str
    lift: float = 1.0
    withdrawn: bool = False


OCCASIONS = (
    Occasion(
        "campaign-2025-11", EventKind.CAMPAIGN, "November device offer", {"stream": "call_volume", "skill": "sales"},
        "2025-11-24", "2025-12-01", "2025-11-03", lift=1.6,
    ),
    Occasion(
        "campaign-2026-02", EventKind.CAMPAIGN, "Winter plan offer", {"stream": "call_volume", "skill": "sales"},
        "2026-02-09", "2026-02-14", "2026-01-26", lift=1.5,
    ),
    Occasion(
        "campaign-2026-04", EventKind.CAMPAIGN, "Spring roaming offer", {"stream": "call_volume", "skill": "sales"},
        "2026-04-01", "2026-04-08", "2026-03-10", lift=1.4,
    ),
    Occasion(
        "campaign-2026-03", EventKind.CAMPAIGN, "Spring price change", {"stream": "call_volume", "skill": "billing"},
        "2026-03-02", "2026-03-07", "2026-02-02", withdrawn=True,
    ),
    Occasion(
        "closure-2025-12-24", EventKind.CLOSURE, "Desks close at noon", {"stream": "call_volume", "queue": "desk"},
        "2025-12-24T12:00", "2025-12-25", "2025-12-01", lift=0.0,
    ),
    Occasion(
        "holiday-2026-01-02", EventKind.HOLIDAY, "Day after New Year", {"stream": "call_volume", "region": "qc"},
        "2026-01-02", "2026-01-03", "2025-11-01", lift=0.5,
    ),
    Occasion(
        "outage-2026-01-20", EventKind.OUTAGE, "Call recording down", {"stream": "call_volume"},
        "2026-01-20T13:00", "2026-01-20T16:00", "2026-01-20T18:00",
    ),
    Occasion(
        "outage-2026-02-17", EventKind.OUTAGE, "Counter poller down", {"stream": "link_traffic", "region": "qc"},
        "2026-02-17T02:00", "2026-02-17T07:00", "2026-02-17T09:00",
    ),
)  # fmt: skip


def touched(occasion: Occasion, *, series: pd.DataFrame, local: NDArray[np.datetime64]) -> NDArray[np.bool_]:
    """(N, T) the series in scope at the local times within the occasion. The scope's `stream` is not looked at."""
    scoped = np.ones(len(series), dtype=bool)
    for attribute, value in occasion.scope.items():
        if attribute != "stream":
            scoped &= (series[attribute] == value).to_numpy()
    within = (local >= np.datetime64(occasion.starts_at)) & (local < np.datetime64(occasion.ends_at))
    return scoped[:, None] & within[None, :]


def lift(stream: str, *, series: pd.DataFrame, local: NDArray[np.datetime64]) -> NDArray[np.float64]:
    """(N, T) product of the lifts of all occasions of `stream` that were not withdrawn."""
    factor = np.ones((len(series), len(local)))
    for occasion in OCCASIONS:
        if occasion.scope["stream"] == stream and not occasion.withdrawn:
            factor[touched(occasion, series=series, local=local)] *= occasion.lift
    return factor


def silent(stream: str, *, series: pd.DataFrame, local: NDArray[np.datetime64]) -> NDArray[np.bool_]:
    """(N, T) the source of these series delivered nothing: an outage, missing and not zero."""
    quiet = np.zeros((len(series), len(local)), dtype=bool)
    for occasion in OCCASIONS:
        if occasion.scope["stream"] == stream and occasion.kind is EventKind.OUTAGE:
            quiet |= touched(occasion, series=series, local=local)
    return quiet


def occasions_frame() -> pd.DataFrame:
    """The events feed: one row an occasion, scope in columns of its own ('' = any), times UTC."""
    rows = [
        {
            "event_id": occasion.event_id,
            "kind": str(occasion.kind),
            "name": occasion.name,
            **{key: occasion.scope.get(key, "") for key in ("stream", "series_id", "region", "queue", "skill")},
            "starts_at": occasion.starts_at,
            "ends_at": occasion.ends_at,
            "known_at": occasion.known_at,
            "withdrawn": occasion.withdrawn,
        }
        for occasion in OCCASIONS
    ]
    frame = pd.DataFrame(rows)
    for column in ("starts_at", "ends_at", "known_at"):
        frame[column] = pd.to_datetime(frame[column], format="ISO8601").dt.tz_localize(ZONE).dt.tz_convert("UTC")
    return frame
