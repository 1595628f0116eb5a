"""Adjustments of a file or of the planners' inbox: what passes the contract is taken, the rest goes to quarantine."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from forecasting.config.stream import Stream
from forecasting.errors import FeedError, ForecastingError, SettingsError
from forecasting.jobs.common.outlook import newest_origin
from forecasting.jobs.common.session import wall_clock
from forecasting.jobs.planners.effects import require_effect
from forecasting.jobs.planners.factors import Base, factors_on, put_on, read_base
from forecasting.jobs.planners.records import adjustments_known, in_words, version_of
from forecasting.jobs.planners.rows import Refused, Wanted, read_rows
from forecasting.jobs.streams.event_tables import clock
from forecasting.jobs.streams.known import known_streams
from forecasting.planning.adjustments import adjust
from forecasting.settings import Settings
from forecasting.store.files.definitions import read_definition
from forecasting.store.files.tables import read_table
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.open import open_lake, require_lake
from forecasting.store.tables.planners.adjustments import append_adjustment, read_adjustments
from forecasting.store.tables.planners.inbox import INBOX, clear_inbox, has_inbox, read_inbox
from forecasting.store.tables.planners.rejects import Rejected, append_rejects, raw_of, rejected_before
from forecasting.store.tables.planners.scenarios import scenarios_open

logger = logging.getLogger(__name__)

PART = "adjustment"
_REQUIRED = ("starts_at", "ends_at", "operation", "value", "reason", "author")
_RENAMED = {"starts": "starts_at", "ends": "ends_at"}

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Taken:
    """What became of the rows of a source."""

    source: str
    added: pd.DataFrame
    """adjustment_id, stream, starts, ends (local), what, author, reason."""
    known: int
    """Rows that were taken or rejected before."""
    rejected: list[Rejected] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return {
            "source": self.source,
            "added": self.added.to_dict("records"),
            "known": self.known,
            "rejected": [{"stream": one.stream, "reason": one.reason, "row": dict(one.row)} for one in self.rejected],
        }


def import_file(settings: Settings, path: Path, *, stream: str | None = None) -> Taken:
    """Take in the adjustments of a CSV. A row that was taken before adds nothing, also where it was withdrawn since.

    stream: of rows that name none. Raises FeedError where the file has not the columns of adjustments.
    """
    require_lake(settings)
    path = path.resolve()
    named = _REQUIRED if stream else ("stream", *_REQUIRED)
    rows = [dict(row) for row in read_table(path, required=named, renamed=_RENAMED)]
    for row in rows:
        row["stream"] = row.get("stream") or stream or ""
    with open_lake(settings) as lake:
        return _take(lake, rows, source=str(path), whole=True)


def import_inbox(settings: Settings) -> Taken:
    """Take over what planners put into their inbox. Raises SettingsError where there is none."""
    require_lake(settings)
    if settings.catalog_file is not None:
        raise SettingsError(f"a catalog in a file has no {INBOX}; name a CSV file: forecasting adjust import FILE.csv")
    with open_lake(settings) as lake:
        if not has_inbox(lake):
            raise SettingsError(f"{settings.catalog}: there is no {INBOX} here; make it: forecasting lake init")
        return take_inbox(lake)


def take_inbox(lake: Lake, *, stream: str | None = None) -> Taken:
    """Take over rows of the inbox, each once however often this is stopped: they are on record before they are deleted.

    stream: only rows that concern its forecast, or no stream at all; all when None.
    """
    rows = read_inbox(lake) if has_inbox(lake) else []
    before = rejected_before(lake, part=PART, source=INBOX) if rows else set()
    waiting = [row for row in rows if raw_of(row) not in before]
    if stream is not None and waiting:
        read = read_rows(
            lake.settings, waiting, known_streams(lake.settings, lake), now=wall_clock(), scenarios=scenarios_open(lake)
        )
        own = {number for number, one in enumerate(read) if isinstance(one, Refused) or one.stream == stream}
        waiting = [row for number, row in enumerate(waiting) if number in own]
    taken = _take(lake, waiting, source=INBOX, whole=False)
    done = [str(row["id"]) for row in (*waiting, *(row for row in rows if raw_of(row) in before))]
    if done:
        clear_inbox(lake, done)
    return taken


def _take(lake: Lake, rows: Rows, *, source: str, whole: bool) -> Taken:
    """Judge rows, and write those that pass with their factors, and the others to quarantine, in one transaction."""
    now, settings = wall_clock(), lake.settings
    read = read_rows(settings, rows, known_streams(settings, lake), now=now, scenarios=scenarios_open(lake))
    on_record = set(read_adjustments(lake, stream=None)["adjustment_id"])
    wanted: dict[str, Wanted] = {}
    rejected, known, judges = [], 0, {}
    for row, found in zip(rows, read, strict=True):
        if isinstance(found, Refused):
            rejected.append(Rejected(found.stream, row, found.reason))
        elif found.one.adjustment_id in on_record or found.one.adjustment_id in wanted:
            known += 1
        else:
            try:
                if found.stream not in judges:
                    judges[found.stream] = _Judge(lake, found.stream, now)
                judges[found.stream].judge(found)
            except (ForecastingError, ValueError) as error:
                rejected.append(Rejected(str(row["stream"]), row, str(error)))
            else:
                wanted[found.one.adjustment_id] = found

    last = now + timedelta(microseconds=len(rows))

    def write() -> list[Wanted]:
        there = set(read_adjustments(lake, stream=None)["adjustment_id"])
        new = [found for key, found in wanted.items() if key not in there]
        for found in new:
            stream = judges[found.stream].stream
            version = version_of(
                found.one, stream=stream.name, metric=stream.stream.metric, known_at=found.one.known_at
            )
            append_adjustment(lake, {**version, "scenario": found.scenario})
        for name in {found.stream for found in new}:
            put_on(lake, judges[name].stream, judges[name].origin, known_by=last, known_at=last)
        run_id = f"adjustments-{now:%Y%m%dT%H%M%S%f}"
        append_rejects(lake, rejected, part=PART, source=source, run_id=run_id, now=now, whole=whole)
        return new

    new = lake.write(write, message=f"adjustments of {source}") if rows or whole else []
    if rejected:
        logger.warning("adjustments of %s: %d rows rejected, first: %s", source, len(rejected), rejected[0].reason)
    return Taken(source, _described(new, judges), known + len(wanted) - len(new), rejected)


class _Judge:
    """The newest forecast of a stream, on which adjustments follow each other."""

    def __init__(self, lake: Lake, name: str, now: datetime) -> None:
        self.stream: Stream = read_definition(lake.settings, name).stream
        self.origin = newest_origin(lake, self.stream, now)
        base = read_base(lake, self.stream, self.origin)
        if base is None:
            raise FeedError(f"stream {name}: no forecast from {self.origin.isoformat()} is published")
        before = factors_on(base, self.stream, adjustments_known(lake, stream=name, known_by=now))
        self._now = Base(base.run_id, base.attributes, base.ts, base.ends, base.mean * before.factors)

    def judge(self, found: Wanted) -> None:
        """Put an adjustment on top of those before it. Raises SettingsError where it changes nothing."""
        base, one = self._now, found.one
        cells = base.cells(one, self.stream.name)
        done = adjust(base.mean, [one], [cells], together=self.stream.stream.aggregate == "sum")
        require_effect(self.stream, self.origin, base, one, done.touched[0], done.without_base[0])
        mean = np.asarray(base.mean * done.factors)
        self._now = Base(base.run_id, base.attributes, base.ts, base.ends, mean)


def _described(new: Sequence[Wanted], judges: Mapping[str, _Judge]) -> pd.DataFrame:
    rows = []
    for found in new:
        one, zone = found.one, judges[found.stream].stream.zone
        rows.append(
            {
                "adjustment_id": one.adjustment_id,
                "stream": found.stream,
                "starts": clock(one.starts_at.astimezone(zone)),
                "ends": clock(one.ends_at.astimezone(zone)),
                "what": in_words(one.operation, one.value),
                "author": one.author,
                "reason": one.reason,
            }
        )
    return pd.DataFrame(rows, columns=["adjustment_id", "stream", "starts", "ends", "what", "author", "reason"])
