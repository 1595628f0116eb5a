"""The cases of `benchmarks/accuracy.py`: a stream definition and an extract each, read without a lake.

Nothing of a case reaches the forecast but what its stream definition says and what lies before the origin.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
from cases.public import PUBLIC_SERIES
from cases.worlds import WORLDS, make_calls
from numpy.typing import NDArray

from forecasting.config.stream import Stream, parse_stream
from forecasting.panel.build import build_panel
from forecasting.panel.calendar.calendar import history_since, resolve_origin
from forecasting.panel.calendar.instants import as_utc
from forecasting.panel.demand import lay_frame
from forecasting.panel.grid import Panel

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("SHARED_DATA", ROOT.parent / "shared" / "data"))
NO_EVENTS = pd.DataFrame({"kind": [], "scope": [], "starts_at": [], "ends_at": []})


@dataclass(frozen=True)
class Target:
    """What a case must reach, and what the best public system reaches."""

    point: float
    """WAPE, or MASE where `metric` says so."""
    wql: float
    stretch: tuple[float, float]
    peer: tuple[float, float]
    metric: str = "WAPE"


@dataclass(frozen=True)
class Case:
    """One data set and the origins that it is forecast from."""

    name: str
    extract: str
    data: str
    origins: tuple[str, ...]
    scale_season: int
    """Intervals between the values whose mean change is the scale of MASE."""
    target: Target | None
    absent_is_zero: bool = False
    """Open intervals without a row had no call."""
    weeks: int | None = None
    """Weeks of history before the first origin that are kept; all unless given."""
    definition: str = ""
    """Text of the stream definition; the file of the case's name unless given."""
    make: Callable[[], pd.DataFrame] | None = None
    """Makes the rows of a generated case."""


def cut(case: Case, weeks: int) -> Case:
    """The case with so many weeks of history before its first origin; targets are for all of it."""
    return replace(case, name=f"{case.name}_{weeks}w", definition=_text(case), weeks=weeks, target=None)


def single_origins(case: Case, *, first: str, days: int, count: int, weeks: int) -> list[Case]:
    """Cases of one origin each, every so many days, with so many weeks of history before it."""
    origins = [str((pd.Timestamp(first) + pd.Timedelta(days=days * place)).date()) for place in range(count)]
    return [replace(cut(case, weeks), name=f"{case.name}_{weeks}w_{origin}", origins=(origin,)) for origin in origins]


FULL = {
    case.name: case
    for case in (
        Case(
            "bank30",
            "sql/extract/bank_calls.sql",
            "bank_calls.parquet",
            ("2003-09-22", "2003-09-29", "2003-10-06", "2003-10-18"),
            140,
            Target(0.060, 0.037, (0.052, 0.032), (0.073, 0.045)),
        ),
        Case(
            "abank",
            "tests/streams/anonymous_bank.sql",
            "anonymous_bank_calls_raw.parquet",
            ("1999-09-26", "1999-10-03", "1999-10-10", "1999-10-17", "1999-10-24"),
            192,
            Target(0.365, 0.220, (0.350, 0.210), (0.382, 0.233)),
            absent_is_zero=True,
        ),
        Case(
            "lte",
            "benchmarks/cases/lte.sql",
            "lte_cell_traffic_hourly.parquet",
            ("2018-08-27", "2018-09-10", "2018-09-24", "2018-10-08"),
            168,
            Target(0.440, 0.258, (0.420, 0.245), (0.451, 0.266)),
        ),
        Case(
            "m4h",
            "benchmarks/cases/m4h.sql",
            "m4_hourly.parquet",
            ("2024-03-01",),
            24,
            Target(0.90, 0.0215, (0.80, 0.018), (1.03, 0.025), metric="MASE"),
        ),
        Case(
            "generated",
            "",
            "",
            ("2026-03-16", "2026-03-30", "2026-04-13", "2026-04-27"),
            336,
            None,
            definition=(ROOT / "forecasting" / "definitions" / "call_volume.toml").read_text(),
            make=make_calls,
        ),
    )
}
PUBLIC = {
    name: Case(name, "", "", (), 1, None, definition=one.definition, make=one.make)
    for name, one in PUBLIC_SERIES.items()
}
CUTS = {"bank30": (3, 5, 8, 12), "abank": (3, 5, 12), "lte": (3, 5, 8, 12), "generated": (5,)}
"""Weeks of history of the short cases that are cut from full ones."""


@dataclass(frozen=True)
class Loaded:
    """A panel as of each origin of a case, and the actual values of its horizon."""

    stream: Stream
    panels: list[Panel]
    truths: list[NDArray[np.float64]]
    """(N, H) each, NaN where nothing is scored."""


def load(case: Case) -> Loaded:
    """Read a case's data. Raises FileNotFoundError where it is absent."""
    stream, rows = _read(case)
    if case.weeks is not None:
        since = pd.Timestamp(resolve_origin(case.origins[0], stream)) - pd.Timedelta(weeks=case.weeks)
        rows = rows[rows["ts"] >= since].reset_index(drop=True)
    panels = [panel_at(stream, rows, origin) for origin in case.origins]
    wide = rows.pivot_table(index="series_id", columns="ts", values="y", observed=True)
    return Loaded(stream, panels, [_truth(case, panel, wide) for panel in panels])


def _read(case: Case) -> tuple[Stream, pd.DataFrame]:
    stream = parse_stream(_text(case), path=f"{case.name}.toml")
    if case.make is not None:
        return stream, case.make()
    path = DATA / case.data
    if not path.exists():
        raise FileNotFoundError(path)
    whole = {"since": datetime(1990, 1, 1, tzinfo=UTC), "until": datetime(2030, 1, 1, tzinfo=UTC), "feed": str(path)}
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        rows = connection.execute((ROOT / case.extract).read_text(), whole).to_arrow_table().to_pandas()
    return stream, rows


def _text(case: Case) -> str:
    return case.definition or (ROOT / "benchmarks" / "cases" / f"{case.name}.toml").read_text()


def panel_at(stream: Stream, rows: pd.DataFrame, origin: str) -> Panel:
    """The panel of all rows before an origin, of the series seen in the four weeks before it."""
    at = resolve_origin(origin, stream)
    known = rows[rows["ts"] < pd.Timestamp(at)]
    lately = known[known["ts"] >= pd.Timestamp(at - timedelta(days=28))]
    attributes = [name for name in rows if name not in ("ts", "y")]
    series = known.loc[known["series_id"].isin(lately["series_id"].unique()), attributes].drop_duplicates("series_id")
    until = as_utc(pd.DatetimeIndex([at]))[0]
    ids = np.unique(series["series_id"].to_numpy(dtype=str))
    demand = lay_frame(stream, known, ids, since=history_since(stream, until), until=until)
    return build_panel(stream, origin=at, demand=demand, series=series, events=NO_EVENTS)


def _truth(case: Case, panel: Panel, wide: pd.DataFrame) -> NDArray[np.float64]:
    horizon = pd.DatetimeIndex(panel.ts[panel.n_history :]).tz_localize("UTC")
    truth = wide.reindex(index=panel.series_ids, columns=horizon).to_numpy(float)
    if case.absent_is_zero:
        truth = np.nan_to_num(truth)
    return np.where(panel.open[:, panel.n_history :], truth, np.nan)


SHORT = {
    case.name: case
    for case in (
        *(cut(FULL[name], weeks) for name, several in CUTS.items() for weeks in several),
        *(
            Case(world.name, "", "", world.origins, world.season, None, definition=world.definition, make=world.make)
            for world in WORLDS
        ),
    )
}
SPREAD = {
    "bank30": ("2003-05-24", 48, (3, 5, 12, 60)),
    "abank": ("1999-04-25", 56, (3, 5, 12, 60)),
    "lte": ("2018-03-01", 96, (5, 12, 100)),
    "generated": ("2026-01-12", 40, (3, 8)),
    "taylor": ("2000-07-12", 16, (4, 10)),
    "elecdemand": ("2014-04-03", 96, (4, 8, 60)),
    "flights": ("2013-04-03", 92, (4, 8, 60)),
}
"""First origin, days from one to the next, and weeks of history of the cuts of each data set."""
PLACES = 3
MANY = {
    case.name: case
    for name, (first, days, several) in SPREAD.items()
    for weeks in several
    for case in single_origins(PUBLIC.get(name) or FULL[name], first=first, days=days, count=PLACES, weeks=weeks)
}
CASES = FULL | SHORT | MANY
