"""Runs an extract over a generated feed, as the ingest does."""

from datetime import datetime
from pathlib import Path

import duckdb
import pandas as pd

from forecasting.store.lake.sql import sql_files

SQL = Path(__file__).parent.parent.parent / "sql" / "extract"


def run_extract(name: str, folder: Path, *, since: datetime, until: datetime) -> pd.DataFrame:
    """Rows of `name` (`call_volume`, `link_traffic.rejects`) over the window, in a session whose zone is UTC."""
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        window = {"feed": f"{folder}/**/*.parquet", "since": since, "until": until}
        return connection.execute(sql_files(None).read(f"extract/{name}.sql").text, window).df()


def count_rows(folder: Path) -> int:
    """Raw rows of a feed."""
    return duckdb.sql(f"select count(*) from read_parquet('{folder}/**/*.parquet')").fetchall()[0][0]


def matrix(rows: pd.DataFrame, *, series: pd.Series, ts: pd.DatetimeIndex) -> pd.DataFrame:
    """y with a row an interval and a column a series, NaN where there is no row."""
    assert not rows.duplicated(["series_id", "ts"]).any()
    wide = rows.set_index(["ts", "series_id"])["y"].unstack()  # noqa: PD010  (unique keys, nothing to aggregate)
    return wide.reindex(index=ts, columns=list(series))
