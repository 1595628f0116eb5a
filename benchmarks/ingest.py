"""Ingest of counter rows to hourly history, against a bare DuckDB GROUP BY of the same files.

Prints the ratio of their rows/s, measured in one process and in turn, and the peak memory of the whole process.
"""

import argparse
import resource
import statistics
import tempfile
import time
from pathlib import Path

import duckdb

from forecasting.demo.feeds import LINKS_START, write_events_feed, write_link_feed
from forecasting.jobs import ingest
from forecasting.settings import read_settings

BARE = """
select link_id, date_trunc('hour', polled_at) as ts, max(octets) - min(octets) as y
from read_parquet($feed)
group by all
"""


def bare_seconds(feed: str) -> float:
    """One GROUP BY of every row to (link, hour), its result kept in memory."""
    with duckdb.connect(config={"memory_limit": "3GB"}) as connection:
        started = time.perf_counter()
        connection.execute(f"create temp table bare as {BARE}", {"feed": feed})
        return time.perf_counter() - started


def ingest_seconds(home: Path, lake: Path, *, days: int) -> tuple[float, int]:
    """One first ingest of the whole feed into an empty lake: extract, rejects, contracts, versions, Parquet."""
    settings = read_settings({"FORECASTING_HOME": str(home), "FORECASTING_CATALOG": f"sqlite:{lake}/catalog.sqlite"})
    settings = settings.model_copy(update={"data": str(lake / "data")})
    until = duckdb.execute("select ($start::date + $days::int)::varchar", {"start": LINKS_START, "days": days})
    started = time.perf_counter()
    summary = ingest.run(settings, "link_traffic", until=until.fetchall()[0][0][:10])
    return time.perf_counter() - started, summary.rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--links", type=int, default=1930, help="links of 288 polls a day (default: 50 million rows)")
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--feed", type=Path, help="keep the generated feed here and use it again")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = given.feed or Path(folder)
        links = home / "feeds" / "links"
        if not links.exists():
            print(f"writing {given.links} links x {given.days} days to {links}", flush=True)
            write_link_feed(links, seed=1, n_links=given.links, days=given.days)
            write_events_feed(home / "feeds" / "events.csv")
        pattern = str(links / "**" / "*.parquet")
        rows = duckdb.execute("select count(*) from read_parquet($feed)", {"feed": pattern}).fetchall()[0][0]
        bare, whole = [], []
        for repeat in range(given.repeats):
            bare.append(bare_seconds(pattern))
            seconds, versions = ingest_seconds(home, Path(folder) / f"lake{repeat}", days=given.days)
            whole.append(seconds)
            print(
                f"bare {rows / bare[-1]:,.0f} rows/s, ingest {rows / seconds:,.0f} rows/s, {versions} versions",
                flush=True,
            )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    ratio = statistics.median(bare) / statistics.median(whole)
    print(f"{rows:,} rows: ingest reaches {ratio:.2f} of a bare GROUP BY; peak memory {peak:.2f} GiB")


if __name__ == "__main__":
    main()
