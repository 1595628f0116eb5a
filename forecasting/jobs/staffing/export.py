"""Write published staffing as files that tools for workforce management read."""

from pathlib import Path
from urllib.parse import quote

import pandas as pd

from forecasting.config.stream import Stream
from forecasting.errors import FeedError, SettingsError
from forecasting.jobs.common.session import open_session
from forecasting.jobs.staffing.plan import staffing_rules
from forecasting.panel.calendar.calendar import resolve_origin, wall_times
from forecasting.panel.calendar.instants import as_utc
from forecasting.settings import Settings
from forecasting.store.files.definitions import read_definition
from forecasting.store.files.exports import write_csv
from forecasting.store.tables.plans import planned_rows

COLUMNS = (
    *("pool", "date", "start", "utc_start", "minutes", "calls", "handle_seconds", "load_erlangs"),
    *("confidence", "agents", "rostered", "service_level", "target_met", "plug_in_agents"),
)


def check(settings: Settings, stream: str) -> None:
    """Raises SettingsError where a stream plans no staff, of which alone files are written."""
    staffing_rules(read_definition(settings, stream).stream)


def run(settings: Settings, stream: str, *, origin: str, folder: Path, confidence: float | None = None) -> list[Path]:
    """Write one CSV for each pool and local week of a plan: STREAM.POOL.YYYY-Www.csv, the pool's name percent-encoded.

    confidence: one of the plan's levels, the highest unless given. Each file is replaced as a whole. Returns the paths.
    Raises FeedError where no plan from `origin` was published, SettingsError for a confidence that it does not have.
    """
    with open_session(settings, stream, read_only=True) as session:
        definition = session.definition.stream
        rules = staffing_rules(definition)
        instant = resolve_origin(origin, definition)
        rows = planned_rows(session.lake, stream=stream, origin=instant, table="staffing")
    if rows.empty:
        raise FeedError(
            f"stream {stream}: no plan from {instant.isoformat()} was published; plan first: "
            f"forecasting plan {stream} --origin {origin}"
        )
    level = rules.confidence[-1] if confidence is None else confidence
    levels = sorted(rows["confidence"].unique())
    if level not in levels:
        raise SettingsError(f"confidence {level:g}: the plan has {', '.join(f'{one:g}' for one in levels)}")
    table = weekly_table(definition, rows[rows["confidence"] == level])
    paths = []
    for (pool, week), own in table.groupby(["pool", "week"], sort=True):
        # a pool may have the name of a series, in which any character may occur
        path = folder / f"{stream}.{quote(str(pool), safe='')}.{week}.csv"
        write_csv(own[list(COLUMNS)], path)
        paths.append(path)
    return paths


def weekly_table(stream: Stream, rows: pd.DataFrame) -> pd.DataFrame:
    """Columns of the file, and the ISO week, from rows of planning.staffing of one confidence."""
    wall = pd.DatetimeIndex(wall_times(as_utc(rows["ts"]), stream.zone))
    calendar = wall.isocalendar()
    return pd.DataFrame(
        {
            "pool": rows["pool_id"].astype(str).to_numpy(),
            "week": [f"{year}-W{week:02d}" for year, week in zip(calendar["year"], calendar["week"], strict=True)],
            "date": wall.strftime("%Y-%m-%d"),
            "start": wall.strftime("%H:%M"),
            "utc_start": rows["ts"].dt.strftime("%Y-%m-%dT%H:%M:%SZ").to_numpy(),
            "minutes": int(stream.interval.total_seconds() // 60),
            "calls": rows["calls"].round(2).to_numpy(),
            "handle_seconds": rows["handle"].round(1).to_numpy(),
            "load_erlangs": rows["load"].round(3).to_numpy(),
            "confidence": rows["confidence"].to_numpy(),
            "agents": rows["agents"].to_numpy(),
            "rostered": rows["rostered"].to_numpy(),
            "service_level": rows["service_level"].round(4).to_numpy(),
            "target_met": rows["met"].round(4).to_numpy(),
            "plug_in_agents": rows["plug_in_agents"].to_numpy(),
        }
    )
