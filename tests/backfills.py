"""A small stream with a clock of its own, six weeks of it on record, and what backfills of it did."""

import pandas as pd

from forecasting.jobs import backfill, ingest
from forecasting.jobs.common.backfills import BackfillReport
from forecasting.settings import Settings
from forecasting.store.lake.open import open_lake_to_read
from tests.feeds import START, define_stream, deliver, hourly_rows

FIRST, LAST = "2024-02-03", "2024-02-07"
ORIGINS = [f"2024-02-{day:02d}T00:00:00+00:00" for day in range(3, 8)]
BOUNDARIES = ["2024-01-29T00:00:00+00:00", "2024-02-05T00:00:00+00:00"]
HOUR = pd.Timedelta("1h")
PREDICTED = (
    "select * exclude (run_id, published_at) from analyst.forecast_vs_actual order by stream, origin, series_id, ts"
)
SPOKEN = "select stream, origin, content_hash, rows, complete, hindsight from forecast.publications order by all"


def ask(settings: Settings, query: str) -> list[tuple]:
    with open_lake_to_read(settings) as lake:
        return lake.connection.execute(query).fetchall()


def frame(settings: Settings, query: str) -> pd.DataFrame:
    with open_lake_to_read(settings) as lake:
        return lake.connection.execute(query).to_arrow_table().to_pandas()


def snapshot(settings: Settings) -> int:
    with open_lake_to_read(settings) as lake:
        return lake.snapshot_id()


def rows_with_clock(*, days: int = 43) -> pd.DataFrame:
    """Hourly demand, each value known an hour after its interval began."""
    return hourly_rows(days=days).assign(available_at=lambda rows: rows["ts"] + HOUR)


def fill(settings: Settings, rows: pd.DataFrame | None = None, **given: str) -> Settings:
    """Six weeks of history whose feed has its own clock, all of it on record."""
    define_stream(settings, source="max_bad_share = 1.0", **given)
    deliver(settings, rows_with_clock() if rows is None else rows)
    ingest.run(settings, "usage", until="2024-02-13")
    return settings


def learn(settings: Settings, ts: str, known_at: str, *, file: str = "more") -> None:
    """Half a day of values from `ts` on triple, as becomes known later."""
    rows = rows_with_clock()
    some = rows[(rows["ts"] >= ts) & (rows["ts"] < pd.Timestamp(ts) + 12 * HOUR)]
    late = some.assign(y=some["y"] * 3, available_at=pd.Timestamp(known_at))
    deliver(settings, late, file=file)
    ingest.run(settings, "usage", since=str(START.date()), until="2024-02-13")


def fill_back(settings: Settings, since: str = FIRST, until: str = LAST, **given) -> BackfillReport:
    return backfill.run(settings, "usage", since=since, until=until, **given)


def statuses(report: BackfillReport) -> list[str]:
    return [str(issued.status) for issued in report.origins]
