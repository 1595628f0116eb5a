"""The whole forecast job: panel, all members but TFT, held-back comparison, checks, publication.

Prints its seconds, their ratio to what the members' arithmetic takes within it (features, trees and networks; target
1.3), and to the bare insert of the same forecast rows in the same process.
"""

import argparse
import logging
import resource
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

import duckdb

from forecasting.jobs import forecast, ingest
from forecasting.jobs.training import train
from forecasting.jobs.training.bundles import forecasters
from forecasting.models.member import Member
from forecasting.models.pretrained.fallback import FallbackMember
from forecasting.numerics import Floats32
from forecasting.panel.grid import Panel
from forecasting.settings import Settings, read_settings

DEFINITION = """
[stream]
name = "wide"
metric = "traffic"
unit = "GB"
interval = "1h"
timezone = "UTC"
horizon = "7d"
[source]
extract = "wide.sql"
feed = "wide.parquet"
start = 2024-01-01
[models]
members = ["nbeats", "trees", "seasonal"]
budget = "180s"
history = "90d"
"""
SUMS = """
[hierarchy]
levels = ["region", "site"]
"""
SITE = 25
"""Series of a site; names do not say where they stand."""
REGIONS = 20
EXTRACT = "select * from read_parquet($feed) where ts >= $since and ts < $until"
ATTRIBUTES = """,
        printf('r%02d', (series * 7919 % {sites}) % {regions}) as region,
        printf('s%05d', series * 7919 % {sites}) as site"""
FEED = """
copy (
    select
        printf('link-%05d', series) as series_id,
        timestamptz '2024-01-01 00:00:00+00' + interval (step) hour as ts,
        greatest(0, (50 + series % 500) * (1 + 0.5 * sin(2 * pi() * (step % 24) / 24) + 0.2 * (random() - 0.5))) as y
        {attributes}
    from range($series) as s(series), range($steps) as t(step)
) to '{path}' (format parquet)
"""


def make_home(folder: Path, *, series: int, days: int, sums: bool = False) -> Settings:
    """A home with a definition and its feed. sums: over sites and regions, too."""
    settings = read_settings({"FORECASTING_HOME": str(folder)})
    settings.streams.mkdir(parents=True)
    (settings.streams / "wide.toml").write_text(DEFINITION + SUMS * sums, encoding="utf-8")
    (settings.streams / "wide.sql").write_text(EXTRACT, encoding="utf-8")
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        attributes = ATTRIBUTES.format(sites=max(series // SITE, 1), regions=REGIONS) if sums else ""
        feed = FEED.format(path=folder / "wide.parquet", attributes=attributes)
        connection.execute(feed, {"series": series, "steps": 24 * days})
    return settings


def bare_insert_seconds(settings: Settings) -> float:
    """The forecast rows once more, into a plain DuckDB file: the least that writing them can take."""
    with duckdb.connect(str(settings.home / "bare.duckdb")) as connection:
        files = f"{settings.data}/forecast/forecasts/**/*.parquet"
        connection.execute("create temp table rows as select * from read_parquet($files)", {"files": files})
        started = time.perf_counter()
        connection.execute("create table bare as select * from rows order by series_id, ts")
        return time.perf_counter() - started


@dataclass
class Clock:
    """Seconds of each member, by name."""

    taken: dict[str, float] = field(default_factory=dict)

    def on(self, members: Mapping[str, Member]) -> dict[str, Member]:
        """The members, with this clock on each that was trained."""
        return {
            name: member if isinstance(member, FallbackMember) else Timed(name, member, self)
            for name, member in members.items()
        }


@dataclass(frozen=True)
class Timed:
    """A member whose answers are timed."""

    name: str
    member: Member
    clock: Clock

    def predict_many(self, panel: Panel, *, origin_columns: Sequence[int], length: int) -> Floats32:
        started = time.perf_counter()
        forecast = self.member.predict_many(panel, origin_columns=origin_columns, length=length)
        self.clock.taken[self.name] = self.clock.taken.get(self.name, 0.0) + time.perf_counter() - started
        return forecast


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=10_000)
    parser.add_argument("--days", type=int, default=84, help="days of history")
    given = parser.parse_args()
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        settings = make_home(Path(folder), series=given.series, days=given.days)
        origin = str(
            duckdb.execute("select (date '2024-01-01' + $days::int)::date", {"days": given.days}).fetchall()[0][0]
        )
        print("ingest", ingest.run(settings, "wide", until=origin).rows, "rows", flush=True)
        print("train", train.run(settings, "wide", origin=origin).details, flush=True)
        clock = Clock()
        with patch.object(forecast, "forecasters", lambda stream, model: clock.on(forecasters(stream, model))):
            started = time.perf_counter()
            summary = forecast.run(settings, "wide", origin=origin)
            seconds = time.perf_counter() - started
        bare = bare_insert_seconds(settings)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"forecast {summary.rows} rows {summary.details['tiers']}: {seconds:.1f} s, {seconds / bare:.1f} times a "
        "bare insert"
    )
    arithmetic = sum(clock.taken.values())
    parts = ", ".join(f"{name} {spent:.1f} s" for name, spent in clock.taken.items())
    print(
        f"its members' arithmetic: {arithmetic:.1f} s ({parts}); the job takes {seconds / arithmetic:.2f} times as long"
    )
    print(f"peak memory {peak:.2f} GiB")


if __name__ == "__main__":
    main()
