"""Rosters as they really are: taken from a workforce tool's file, beside the shifts of our own plans."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from forecasting.config.stream import Stream
from forecasting.contracts.rosters import find_faults
from forecasting.jobs.common.session import open_session, wall_clock
from forecasting.jobs.staffing.plan import staffing_rules
from forecasting.jobs.streams.known import known_streams
from forecasting.panel.event_rows import read_instant
from forecasting.settings import Settings
from forecasting.store.files.tables import BESIDE, read_table
from forecasting.store.lake.lake import Lake
from forecasting.store.tables.planners.rejects import Rejected, append_rejects
from forecasting.store.tables.planners.rosters import append_imported, read_imported

PART = "roster"
_REQUIRED = ("pool", "starts_at", "ends_at")
_RENAMED = {"starts": "starts_at", "ends": "ends_at", "pool_id": "pool", "group": "pool", "people": "agents"}
_COLUMNS = ["pool_id", "day", "starts_at", "ends_at", "people"]


@dataclass(frozen=True)
class TakenRosters:
    """What became of a file of rosters."""

    source: str
    stream: str
    rows: int
    """Spans of time that are new or changed."""
    days: int
    """Days of pools that they are of."""
    hours: float
    """Person-hours of these."""
    rejected: list[Rejected] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return {
            **self.__dict__,
            "rejected": [{"reason": one.reason, "row": dict(one.row)} for one in self.rejected],
        }


def import_file(settings: Settings, path: Path, *, stream: str) -> TakenRosters:
    """Take in rosters of a CSV: a row a shift, or a row an interval with the number of agents.

    Of a pool and local day the newest import counts as a whole; a day as it is on record adds nothing. Raises FeedError
    where the file has not the columns, SettingsError where the stream is not staffed.
    """
    path = path.resolve()
    rows = read_table(path, required=_REQUIRED, renamed=_RENAMED)
    with open_session(settings, stream, must_exist=True) as session:
        lake, definition = session.lake, session.definition.stream
        good, rejected = _judged(lake, definition, rows)
        new = _changed(good, read_imported(lake, stream=stream))
        now = wall_clock()

        def write() -> None:
            if len(new):
                append_imported(lake, new, stream=stream, known_at=now, source=str(path))
            run_id = f"rosters-{now:%Y%m%dT%H%M%S%f}"
            append_rejects(lake, rejected, part=PART, source=str(path), run_id=run_id, now=now, whole=True)

        lake.write(write, message=f"rosters of {path}")
    hours = float((new["people"] * (new["ends_at"] - new["starts_at"]).dt.total_seconds()).sum() / 3600)
    days = len(new[["pool_id", "day"]].drop_duplicates())
    return TakenRosters(str(path), stream, len(new), days, hours, rejected)


def _judged(lake: Lake, stream: Stream, rows: list[dict[str, str]]) -> tuple[pd.DataFrame, list[Rejected]]:
    """Rows that pass the contract, added up by pool and span, and the others."""
    rules = staffing_rules(stream)
    known = known_streams(lake.settings, lake)[stream.name].attributes
    alone = [] if rules.pools or known is None else list(map(str, known.index))
    pools = {*rules.pools, *alone, *rules.groups}
    fields: dict[int, dict[str, Any]] = {}
    reasons: dict[int, str] = {}
    for number, row in enumerate(rows):
        try:
            fields[number] = _fields(row, stream)
        except ValueError as error:
            reasons[number] = str(error)
    reasons |= find_faults(pd.DataFrame(fields.values(), index=list(fields)), pools=pools)
    rejected = [Rejected(stream.name, rows[number], reasons[number]) for number in sorted(reasons)]
    good = pd.DataFrame([one for number, one in fields.items() if number not in reasons], columns=_COLUMNS)
    key = [name for name in _COLUMNS if name != "people"]
    return good.groupby(key)["people"].sum().reset_index(), rejected


def _fields(row: Mapping[str, str], stream: Stream) -> dict[str, Any]:
    """A row as the contract reads it. Raises ValueError where a time cannot be read."""
    if row.get(BESIDE):
        raise ValueError(f"it has more cells than the header: {row[BESIDE]}; put a text with a separator in quotes")
    times = {}
    for name in ("starts", "ends"):
        text = row.get(f"{name}_at", "")
        if not text:
            raise ValueError(f"{name}: no time is given")
        try:
            times[f"{name}_at"] = pd.Timestamp(read_instant(text, [stream.zone]))
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
    agents = row.get("agents", "1")
    return {
        "pool_id": row.get("pool", ""),
        "day": times["starts_at"].tz_convert(stream.zone).date(),
        **times,
        "people": _number(agents),
        "starts": row.get("starts_at", ""),
        "ends": row.get("ends_at", ""),
        "agents": agents,
    }


def _changed(good: pd.DataFrame, on_record: pd.DataFrame) -> pd.DataFrame:
    """All rows of the days of pools that are not on record as they are."""
    if good.empty:
        return good
    days = on_record.assign(day=pd.to_datetime(on_record["day"]).dt.date)
    before = {key: _spans(own) for key, own in days.groupby(["pool_id", "day"])}
    new = [own for key, own in good.groupby(["pool_id", "day"]) if _spans(own) != before.get(key)]
    return pd.concat(new, ignore_index=True) if new else good.iloc[:0]


def _spans(rows: pd.DataFrame) -> list[tuple[Any, ...]]:
    return sorted(zip(rows["starts_at"], rows["ends_at"], rows["people"], strict=True))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
