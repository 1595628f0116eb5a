"""Measure what checks judge, of an origin and of those before it that were never measured."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from forecasting.config.stream import Stream
from forecasting.evaluation.alarms.checks import WHOLE_STREAM, Check
from forecasting.evaluation.alarms.drift import day_drift
from forecasting.store.alarms import measures as store
from forecasting.store.lake.lake import Lake
from forecasting.terms import DAY

PAST = 56 * DAY
"""Earlier origins that limits are learned from: eight of each weekday."""
_ROWS_AT_ONCE = 20_000_000
"""Forecast rows of one day that are read to catch up; of larger streams fewer earlier origins are measured."""
_LEAST_VALUES = 10
"""Values of a group without which its errors are not judged."""
_DRIFT_DAYS = 56
"""Days before a day of which its drift is made."""
_COLUMNS = ["origin", "kind", "place", "value"]


def origins_to_measure(lake: Lake, stream: Stream, origin: datetime) -> tuple[list[datetime], pd.DataFrame]:
    """Published origins up to `origin` and itself, ascending, and what is on record of them.

    All of them have the origin's local clock time, so that each is about a whole day.
    """
    published = store.published_origins(lake, stream, since=origin - PAST, origin=origin)
    a_day = published["rows"].max() / max(stream.stream.horizon / DAY, 1) if len(published) else 0
    most = int(np.clip(_ROWS_AT_ONCE / max(a_day, 1), 2, PAST // DAY))
    known = store.measures_between(lake, stream.name, since=origin - PAST, until=origin)
    on_record = set(known["origin"])
    found = [instant for instant in published["origin"] if instant != origin]
    late = [instant for instant in found if instant not in on_record][-most:]
    kept = sorted({instant.to_pydatetime() for instant in [*late, *(one for one in found if one in on_record)]})
    return [*kept, origin], known


def measure(lake: Lake, stream: Stream, origins: Sequence[datetime]) -> pd.DataFrame:
    """origin, kind, place, value of some origins, ascending; what cannot be measured has no row."""
    first, last = origins[0], origins[-1]
    since = store.origin_before(lake, stream, first - 2 * DAY) or store.origin_before(lake, stream, first) or first
    frames = [
        _quality(store.read_quality(lake, stream, origins, since=since)),
        _named(store.read_feed_ages(lake, stream, origins, since=since), "hours", Check.FEED_AGE),
        _named(store.read_rejects(lake, stream, origins), "share", Check.REJECTS),
        _runs(store.read_runs(lake, stream, origins), last),
        _drift(lake, stream, origins),
    ]
    found: pd.DataFrame = pd.concat([frame for frame in frames if len(frame)] or [_empty()], ignore_index=True)
    found = found[np.isfinite(found["value"].to_numpy(np.float64))]
    ordered: pd.DataFrame = found.sort_values(_COLUMNS[:3], ignore_index=True)
    return ordered


def _empty() -> pd.DataFrame:
    return pd.DataFrame({"origin": pd.Series([], dtype="datetime64[us, UTC]"), "kind": "", "place": "", "value": 0.0})


def _quality(rows: pd.DataFrame) -> pd.DataFrame:
    """Shares of sums; errors only where there are values enough to speak of one."""
    enough = rows["known"] >= _LEAST_VALUES
    forecast = rows["forecast"].where(enough & (rows["forecast"] > 0))
    values = {
        Check.MISSING: 1 - rows["known"] / rows["due"],
        Check.BIAS: rows["difference"] / forecast,
        Check.ACCURACY: rows["error"] / forecast,
        Check.COVERAGE: rows["inside"].where(enough),
    }
    keys = rows[["origin"]].assign(place=rows["place"].astype(str))
    return pd.concat([keys.assign(kind=str(check), value=value) for check, value in values.items()])[_COLUMNS]


def _named(rows: pd.DataFrame, column: str, check: Check) -> pd.DataFrame:
    return rows.rename(columns={column: "value"}).assign(kind=str(check), place=WHOLE_STREAM)[_COLUMNS]


def _runs(rows: pd.DataFrame, last: datetime) -> pd.DataFrame:
    incomplete = rows.assign(status=np.where(rows["complete"].astype(bool), 0.0, 0.5))
    parts = [
        _named(rows, "minutes", Check.RUN_TIME),
        _named(rows, "fallbacks", Check.FALLBACKS),
        _named(incomplete, "status", Check.PUBLICATION),
    ]
    if not (rows["origin"] == last).any():
        missing = pd.DataFrame({"origin": [pd.Timestamp(last)], "status": 1.0})
        parts.append(_named(missing, "status", Check.PUBLICATION))
    return pd.concat([part for part in parts if len(part)])


def _drift(lake: Lake, stream: Stream, origins: Sequence[datetime]) -> pd.DataFrame:
    """Of the last whole local day before each origin."""
    first, last = origins[0], origins[-1]
    since = first - (_DRIFT_DAYS + 2) * DAY
    series = len(store.series_names(lake, stream.name))
    if stream.interval > DAY or not series:
        return _empty()
    levels = store.read_levels(lake, stream, since=since, until=last, series=series)
    drift = pd.Series(day_drift(levels.to_numpy(np.float64)), index=levels.index)
    days = [_day_before(stream, origin) for origin in origins]
    rows = pd.DataFrame({"origin": pd.to_datetime(list(origins), utc=True), "value": drift.reindex(days).to_numpy()})
    return rows.assign(kind=str(Check.DRIFT), place=WHOLE_STREAM)[_COLUMNS]


def _day_before(stream: Stream, origin: datetime) -> pd.Timestamp:
    local = origin.astimezone(stream.zone).replace(tzinfo=None)
    return pd.Timestamp((local - timedelta(days=1)).date())
