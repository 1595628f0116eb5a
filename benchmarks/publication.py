"""Publication of a forecast over a bare write of its rows: checks, hash, the lake's file, and the row that shows it.

Prints rows/s of both and their ratio (target 0.8), measured in turn in one process, and what each part of a publication
takes. The bare write is DuckDB's: all columns, sorted by series and time, one Parquet file as the lake would write it.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
from forecast import make_home

from forecasting.contracts.outputs import check_forecasts
from forecasting.store.files.definitions import read_definition
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.open import open_lake
from forecasting.store.tables.forecasts import content_hash, publish
from forecasting.store.tables.runs import start_run
from forecasting.terms import QUANTILE_COLUMNS, RunKind, Tier

ORIGIN = datetime(2024, 3, 25, tzinfo=UTC)
BARE = """
copy (
    select
        'run' as run_id, 'wide' as stream, series_id, ts, $origin::timestamptz as origin, horizon_step, mean, q05, q10,
        q25, q50, q75, q90, q95, tier, 'model' as model_id, false as hindsight, event_factor
    from bare_rows
    order by series_id, ts
) to '{path}' (format parquet, compression 'snappy')
"""


def make_rows(series: int, *, steps: int) -> pd.DataFrame:
    """Forecast rows as the job makes them, in the order of series and time."""
    rng = np.random.default_rng(0)
    ids = [f"link-{number:05d}" for number in range(series)]
    level = np.repeat(50.0 + np.arange(series) % 500, steps) * (1 + 0.3 * rng.random(series * steps))
    quantiles = {name: level * (0.7 + 0.1 * place) for place, name in enumerate(QUANTILE_COLUMNS)}
    return pd.DataFrame(
        {
            "series_id": pd.Categorical(np.repeat(ids, steps), categories=ids),
            "ts": np.tile(pd.date_range(ORIGIN, periods=steps, freq="h"), series),
            "horizon_step": np.tile(np.arange(1, steps + 1, dtype=np.int32), series),
            "mean": level,
            **quantiles,
            "tier": pd.Categorical(["ensemble"] * (series * steps), categories=[str(tier) for tier in Tier]),
        }
    )


def seconds(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def publish_once(lake: Lake, rows: pd.DataFrame, number: int) -> None:
    """What the end of a forecast job does."""
    stream = read_definition(lake.settings, "wide").stream
    run = start_run(
        lake, stream, kind=RunKind.MANUAL, origin=ORIGIN + timedelta(days=number), started_at=ORIGIN, token=str(number)
    )
    check_forecasts(rows, expected=rows[["series_id", "ts"]])
    publish(lake, run, rows, complete=True, now=ORIGIN)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=10_000)
    parser.add_argument("--steps", type=int, default=168)
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    rows = make_rows(given.series, steps=given.steps)
    bare, whole, checked, hashed = [], [], [], []
    with tempfile.TemporaryDirectory() as folder:
        settings = make_home(Path(folder), series=1, days=1)
        with open_lake(settings) as lake, duckdb.connect() as plain:
            plain.execute("set TimeZone = 'UTC'")
            plain.register("bare_rows", rows.assign(event_factor=np.nan))
            for number in range(given.repeats):
                statement = BARE.format(path=Path(folder) / f"bare-{number}.parquet")
                bare.append(seconds(partial(plain.execute, statement, {"origin": ORIGIN})))
                whole.append(seconds(partial(publish_once, lake, rows, number)))
                checked.append(seconds(lambda: check_forecasts(rows, expected=rows[["series_id", "ts"]])))
                hashed.append(seconds(lambda: content_hash(rows, model_id="model")))
    least, most, check, digest = (statistics.median(taken) for taken in (bare, whole, checked, hashed))
    print(f"{len(rows):,} rows, medians of {given.repeats}")
    print(f"bare sorted Parquet write  {least:6.2f} s {len(rows) / least:12,.0f} rows/s")
    print(f"publication                {most:6.2f} s {len(rows) / most:12,.0f} rows/s, ratio {least / most:.2f}")
    print(f"of which checks {check:.2f} s, hash {digest:.2f} s, the rest {most - check - digest:.2f} s")


if __name__ == "__main__":
    main()
