"""Check streams at an origin, and put on record which alarms begin, go on or end."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.config.stream import Stream
from forecasting.errors import ForecastingError, SettingsError, surprises_named
from forecasting.evaluation.alarms.checks import About, Check
from forecasting.evaluation.alarms.findings import gather, judge_measures, judge_publication
from forecasting.evaluation.alarms.states import COLUMNS, AlarmState, follow
from forecasting.jobs.alarms.days import special_days, weekdays_of
from forecasting.jobs.alarms.measure import measure, origins_to_measure
from forecasting.jobs.common.session import wall_clock
from forecasting.panel.calendar.calendar import resolve_origin
from forecasting.settings import Settings
from forecasting.store.alarms import measures as measured
from forecasting.store.alarms import records
from forecasting.store.files.definitions import definition_paths, read_definition
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.open import open_lake, require_lake

logger = logging.getLogger(__name__)

_FAR = datetime(9999, 1, 1, tzinfo=UTC)
_KEY = ["origin", "kind", "place"]


@dataclass(frozen=True)
class AlarmSummary:
    """What the checks found. alarms: rows of analyst.alarms that are open; errors: of streams that were not checked."""

    checked: dict[str, str]
    """Origin by stream."""
    raised: list[str]
    alarms: pd.DataFrame
    errors: dict[str, ForecastingError] = field(default_factory=dict)

    @property
    def needs(self) -> int:
        """Alarms that need a person."""
        return int(self.alarms["needs_person"].sum())

    def as_brief(self) -> dict[str, Any]:
        """Small enough for an XCom: what needs a person, by name."""
        found = self.as_dict()
        calls = [
            {key: row[key] for key in ("alarm_id", "detail")} for row in found.pop("alarms") if row["needs_person"]
        ]
        return {**found, "alarms": calls[:50]}

    def as_dict(self) -> dict[str, Any]:
        rows = self.alarms.astype(object).where(self.alarms.notna(), None).to_dict("records")
        errors = {stream: str(error) for stream, error in self.errors.items()}
        return {
            "checked": self.checked,
            "raised": self.raised,
            "needs_person": self.needs,
            "alarms": rows,
            "errors": errors,
        }


def run(settings: Settings, streams: Sequence[str], *, origin: str | None = None) -> AlarmSummary:
    """Check some streams, or all that are defined and have published a forecast, at an origin, or each at its newest.

    A repeat that finds the same appends nothing. A stream that cannot be checked stops no other. Raises SettingsError
    where there is no lake or nothing was published.
    """
    require_lake(settings)
    with open_lake(settings) as lake:
        return check_all(lake, streams, origin=origin)


def check_all(lake: Lake, streams: Sequence[str], *, origin: str | None) -> AlarmSummary:
    """The same on a lake that is open for writing."""
    known = measured.streams_with_forecasts(lake)
    defined = definition_paths(lake.settings)
    named = list(dict.fromkeys(streams)) or [name for name in known if name in defined]
    if not known:
        raise SettingsError("alarms: no stream has published a forecast yet; run `forecasting run` first")
    checked, raised, errors = {}, list[str](), {}
    for name in named:
        try:
            with surprises_named(f"stream {name}: alarms"):
                at, new = _check(lake, name, origin, streams=len(known))
        except ForecastingError as error:
            logger.info("stream %s: not checked: %s", name, error, exc_info=error.__cause__)
            errors[name] = error
            continue
        checked[name] = at.isoformat()
        raised += new
    return AlarmSummary(checked, raised, records.list_alarms(lake, named), errors)


def _check(lake: Lake, name: str, origin: str | None, *, streams: int) -> tuple[datetime, list[str]]:
    """The origin and the alarms that begin at it."""
    stream = read_definition(lake.settings, name).stream
    at = resolve_origin(origin, stream) if origin else measured.origin_before(lake, stream, _FAR)
    if at is None or measured.origin_before(lake, stream, at) is None:
        raise SettingsError(
            f"stream {name}: no forecast is published up to the origin; run `forecasting run {name}` first"
        )
    origins, known = origins_to_measure(lake, stream, at)
    on_record = set(known["origin"])
    found = measure(lake, stream, [one for one in origins if one == at or pd.Timestamp(one) not in on_record])
    whole = pd.concat([known[known["origin"] != pd.Timestamp(at)], found], ignore_index=True)
    before = records.open_alarms(lake, name, at)
    special = special_days(lake, stream, origins)
    rows = follow_measures(stream, whole, origins, special, before, streams=streams)

    def write() -> list[str]:
        now = wall_clock()
        news = _not_on_record(found, known)
        if len(news):
            measured.append_measures(lake, news, stream=name, measured_at=now)
        if not _same(rows, records.alarms_at(lake, name, at)):
            records.append_alarms(lake, rows, stream=name, origin=at, known_at=now)
        return [str(one) for one in rows.loc[rows["state"] == str(AlarmState.RAISED), "alarm_id"]]

    return at, lake.write(write, message=f"check {name} {at.isoformat()}")


def follow_measures(
    stream: Stream,
    measures: pd.DataFrame,
    origins: Sequence[datetime],
    special: NDArray[np.bool_],
    before: pd.DataFrame,
    *,
    streams: int,
) -> pd.DataFrame:
    """Alarms of the last origin: what begins, goes on or ends.

    measures: origin, kind, place, value; special: of each origin; before: alarms that were open before it; streams: how
    many are checked in all.
    """
    stamps = [pd.Timestamp(origin) for origin in origins]
    found = judge_measures(measures, stamps, weekdays_of(stream, origins), special, streams=streams)
    status = measures[(measures["origin"] == stamps[-1]) & (measures["kind"] == str(Check.PUBLICATION))]["value"]
    published = judge_publication(float(status.iloc[0])) if len(status) else None
    open_ = {(About(about), place) for about, place in zip(before["about"], before["place"], strict=True)}
    called = gather([*found, *([published] if published else [])], open_=open_)
    return follow(stream.name, origins[-1], called, before)


def _not_on_record(found: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Measures that are new or have another value than on record."""
    old = known.set_index(_KEY)["value"]
    index = pd.MultiIndex.from_frame(found[_KEY])
    before = old.reindex(index).to_numpy(np.float64)
    news: pd.DataFrame = found[~np.isclose(before, found["value"].to_numpy(np.float64), rtol=1e-9, atol=1e-12)]
    return news


def _same(rows: pd.DataFrame, old: pd.DataFrame) -> bool:
    """Whether the alarms of an origin are on record as they are, but for the last digits of numbers."""
    if len(rows) != len(old):
        return False
    old = old[list(COLUMNS)]
    texts = ["alarm_id", "about", "kind", "place", "state", "detail"]
    numbers = ["value", "usual", "excess"]
    return bool(
        (rows[texts].to_numpy() == old[texts].to_numpy()).all()
        and np.allclose(rows[numbers].astype(float), old[numbers].astype(float), equal_nan=True)
    )
