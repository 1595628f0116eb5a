"""Adjustments of planners: add, show, withdraw; what one does is said before it is written."""

import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from forecasting.errors import SettingsError
from forecasting.jobs.common.outlook import newest_origin
from forecasting.jobs.common.session import Session, open_session, wall_clock
from forecasting.jobs.planners.effects import Effect, effect_of
from forecasting.jobs.planners.factors import put_on, read_base
from forecasting.jobs.planners.records import adjustment_of, adjustments_known, in_words, version_of
from forecasting.jobs.planners.rows import Refused, read_rows, stream_adjusted
from forecasting.jobs.scenarios.scenario import require_scenario
from forecasting.jobs.streams.event_tables import clock
from forecasting.jobs.streams.known import known_streams
from forecasting.planning.adjustments import Adjustment
from forecasting.settings import Settings
from forecasting.store.lake.open import open_lake_to_read
from forecasting.store.tables.planners.adjustments import BASE, append_adjustment, read_adjustments
from forecasting.terms import Operation

_SHOWN = 3


def add(
    settings: Settings,
    stream: str,
    *,
    operation: Operation,
    value: float,
    starts: str,
    ends: str,
    scope: Mapping[str, str],
    reason: str,
    author: str,
    metric: str | None = None,
    scenario: str = BASE,
    preview: bool = False,
) -> Effect:
    """Adjust the forecast of a stream, or say what that would do.

    starts, ends: ISO texts, local times of the stream unless they have an offset; ends is exclusive. metric:
    handle_time of a stream of calls means the stream of its handle times. scenario: what it belongs to, where not to
    what is expected. Raises SettingsError where something is wrong; then nothing is written.
    """
    row = {
        "starts_at": starts,
        "ends_at": ends,
        "operation": str(operation),
        "value": repr(value),
        "reason": reason,
        "author": author,
        "metric": metric,
        "scope": dict(scope),
    }
    adjusted = stream_adjusted(settings, stream, metric).name
    with open_session(settings, adjusted, must_exist=True) as session:
        definition = session.definition.stream
        one = _read(session, stream, row)
        origin = newest_origin(session.lake, definition, wall_clock())
        base = read_base(session.lake, definition, origin)
        assert base is not None
        if scenario != BASE:
            require_scenario(session.lake, scenario, known_by=one.known_at)
        before = adjustments_known(session.lake, stream=definition.name, known_by=one.known_at, scenario=scenario)
        effect = effect_of(session, origin, base, before, one, status="not written", scenario=scenario)
        if preview:
            return effect

        def write() -> None:
            version = version_of(
                one, stream=definition.name, metric=definition.stream.metric, known_at=one.known_at, scenario=scenario
            )
            append_adjustment(session.lake, version)
            if scenario == BASE:
                put_on(session.lake, definition, origin, known_by=one.known_at, known_at=one.known_at)

        session.lake.write(write, message=f"adjustment {one.adjustment_id}")
        return Effect(**{**effect.__dict__, "status": "added"})


def withdraw(settings: Settings, adjustment_id: str) -> str:
    """Withdraw an adjustment; forecasts and plans from now on are without it. Returns its stream.

    Raises SettingsError where there is none, or it was withdrawn before.
    """
    with open_lake_to_read(settings) as lake:
        lake.require_present_tables()
        known = read_adjustments(lake, stream=None)
    own = known[known["adjustment_id"] == adjustment_id]
    if own.empty:
        recent = ", ".join(known["adjustment_id"].iloc[::-1].head(_SHOWN)) or "none"
        raise SettingsError(
            f"there is no adjustment {adjustment_id!r}; the latest are {recent}; see `forecasting adjust list`"
        )
    row = own.iloc[0].to_dict()
    if not pd.isna(row["withdrawn_at"]):
        raise SettingsError(f"adjustment {adjustment_id} was withdrawn at {clock(row['withdrawn_at'])} UTC")
    with open_session(settings, row["stream"], must_exist=True) as session:
        now, definition = wall_clock(), session.definition.stream
        origin = newest_origin(session.lake, definition, now)

        def write() -> None:
            version = version_of(
                adjustment_of(row),
                stream=row["stream"],
                metric=row["metric"],
                known_at=now,
                withdrawn_at=now,
                scenario=row["scenario"],
            )
            append_adjustment(session.lake, version)
            if row["scenario"] == BASE:
                put_on(session.lake, definition, origin, known_by=now, known_at=now)

        session.lake.write(write, message=f"adjustment {adjustment_id} withdrawn")
    return str(row["stream"])


def show(settings: Settings, *, stream: str | None = None, every: bool = False) -> pd.DataFrame:
    """Adjustments in the order in which they are applied; every: also those that were withdrawn."""
    with open_lake_to_read(settings) as lake:
        lake.require_present_tables()
        found = read_adjustments(lake, stream=stream)
        streams = known_streams(settings, lake)
    if stream is not None and stream not in streams:
        raise SettingsError(f"there is no stream {stream!r}; there are {', '.join(sorted(streams))}")
    in_scenarios = (found["scenario"] != BASE).any()
    rows = []
    for row in found.to_dict("records"):
        if not every and not pd.isna(row["withdrawn_at"]):
            continue
        zone = streams[row["stream"]].zone if row["stream"] in streams else None
        starts, ends = (row[name].tz_convert(zone or "UTC") for name in ("starts_at", "ends_at"))
        where = ", ".join(f"{key}={value}" for key, value in row["scope"].items())
        rows.append(
            {
                "adjustment_id": row["adjustment_id"],
                "stream": row["stream"],
                "series": where or "all",
                "starts": clock(starts),
                "ends": clock(ends),
                "what": in_words(Operation(row["operation"]), row["value"]),
                **({"scenario": row["scenario"]} if in_scenarios else {}),
                "author": row["author"],
                "reason": row["reason"],
                **({"withdrawn": not pd.isna(row["withdrawn_at"])} if every else {}),
            }
        )
    return pd.DataFrame(rows)


def _read(session: Session, stream: str, row: Mapping[str, Any]) -> Adjustment:
    """The adjustment of what a person gave, under a key of its own. Raises SettingsError on what is wrong with it."""
    streams = known_streams(session.settings, session.lake)
    now = wall_clock()
    (read,) = read_rows(session.settings, [{"stream": stream, **row}], streams, now=now)
    if isinstance(read, Refused):
        raise SettingsError(f"stream {read.stream}: {read.reason}; nothing was adjusted")
    return replace(read.one, adjustment_id=f"{now:%Y%m%d}-{uuid.uuid4().hex[:6]}")
