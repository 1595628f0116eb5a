"""A throw-away Airflow beside a throw-away lake, for a small stream, one that is staffed, and one whose peaks are."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from forecasting.jobs.upkeep import query
from forecasting.settings import read_settings
from tests.waiting import run_to_its_end

ROOT = Path(__file__).parents[2]
SERIES = {"billing": 15, "care": 90, "sales": 40}
HORIZON_HOURS = 24

DEFINITION = """
[stream]
name = "calls"
metric = "calls"
unit = "calls"
interval = "1h"
timezone = "America/Toronto"
horizon = "1d"

[source]
extract = "calls.sql"
feed = "feeds/calls/*.parquet"
start = 2026-01-05

[models]
members = ["nbeats", "trees", "seasonal"]
budget = "12s"
history = "28d"
"""
EXTRACT = """
select
    queue as series_id,
    ts,
    calls::double as y
from read_parquet($feed)
where ts >= $since and ts < $until
"""
SEASONAL = DEFINITION.replace('["nbeats", "trees", "seasonal"]', '["seasonal"]')
STAFFED = SEASONAL.replace('"calls"\nm', '"staffed"\nm')
STAFFED += """
[planning.staffing]
aht_stream = "handle"
target = "80/20"
"""
HANDLE = SEASONAL.replace('"calls"\nm', '"handle"\nm').replace("calls.sql", "handle.sql")
HANDLE = HANDLE.replace('horizon = "1d"', 'horizon = "1d"\naggregate = "mean"')
HANDLE_EXTRACT = EXTRACT.replace("calls::double as y", "seconds as y,\n    calls::double as weight")

LINKS = SEASONAL.replace('"calls"\nm', '"links"\nm').replace("calls.sql", "links.sql")
LINKS = LINKS.replace('horizon = "1d"', 'horizon = "1d"\naggregate = "mean"')
LINKS += """
[planning.capacity]
peak_stream = "peaks"
lead_time = "20d"
lasting = "30d"
steps = [{ name = "double", times = 2, cost = 100 }]
"""
LINKS_EXTRACT = EXTRACT.replace("calls::double as y", "calls::double as y,\n    100 as capacity")
PEAKS = """
[stream]
name = "peaks"
metric = "daily peak"
unit = "calls"
interval = "1d"
timezone = "America/Toronto"
horizon = "60d"
aggregate = "max"

[source]
extract = "peaks.sql"
reads = ["links"]
start = 2026-01-05
max_age = "2d"

[models]
members = ["growth", "seasonal"]
budget = "12s"
history = "364d"
"""
PEAKS_EXTRACT = """
select
    series_id,
    date_trunc('day', known.ts at time zone 'America/Toronto') as ts,
    max(y) as y,
    max(available_at) as available_at
from analyst.history_as_of($until) as known
where stream = 'links' and known.ts >= $since
group by all
"""


@dataclass(frozen=True)
class Installation:
    """Where it is, and the environment in which its processes run."""

    root: Path
    environment: dict[str, str]

    def run(self, *command: str) -> str:
        """Output of a command that must succeed."""
        done = run_to_its_end(command, env=self.environment, cwd=self.root)
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        return done.stdout

    def airflow(self, *arguments: str) -> str:
        """Output of an Airflow command that must succeed."""
        return self.run(sys.executable, "-m", "airflow", *arguments)

    def rows(self, statement: str) -> list[dict[str, Any]]:
        """Rows of a query over the lake, asked read-only as an analyst would."""
        return query.run(read_settings(self.environment), statement).to_dict("records")


def install(root: Path, metadata: str) -> Installation:
    """The folders, the feed and the definition below `root`. metadata: address of Airflow's database."""
    write_feed_and_definitions(root, root / "streams")
    foreign = {key: value for key, value in os.environ.items() if not key.startswith(("AIRFLOW", "FORECASTING"))}
    own = read_settings({"FORECASTING_HOME": str(root)}).as_environment()
    return Installation(root, foreign | airflow_environment(root / "airflow", metadata) | own)


def write_feed_and_definitions(home: Path, streams: Path) -> None:
    """The feed below a home, and the definitions with their extracts."""
    feeds = home / "feeds" / "calls"
    feeds.mkdir(parents=True)
    streams.mkdir(exist_ok=True)
    make_feed().to_parquet(feeds / "calls.parquet", index=False)
    definitions = {"calls": DEFINITION, "staffed": STAFFED, "handle": HANDLE, "links": LINKS, "peaks": PEAKS}
    for name, definition in definitions.items():
        (streams / f"{name}.toml").write_text(definition, encoding="utf-8")
    extracts = {"calls": EXTRACT, "handle": HANDLE_EXTRACT, "links": LINKS_EXTRACT, "peaks": PEAKS_EXTRACT}
    for name, extract in extracts.items():
        (streams / f"{name}.sql").write_text(extract, encoding="utf-8")


def make_feed() -> pd.DataFrame:
    """Eight weeks of hourly calls in three queues, with a daily and a weekly rhythm, and their mean handle times."""
    ts = pd.date_range("2026-01-05 05:00", "2026-03-02 05:00", freq="h", tz="UTC", inclusive="left")
    local = ts.tz_convert("America/Toronto")
    rhythm = (1 + 0.8 * np.sin(2 * np.pi * (local.hour - 8) / 24)) * np.where(local.day_of_week < 5, 1.0, 0.5)
    noise = np.random.default_rng(1)
    queues = [
        pd.DataFrame({"queue": queue, "ts": ts, "calls": noise.poisson(level * rhythm)})
        for queue, level in SERIES.items()
    ]
    return pd.concat(queues, ignore_index=True).assign(seconds=lambda rows: 200.0 + rows["calls"] % 40)


def airflow_environment(home: Path, metadata: str) -> dict[str, str]:
    """Settings of a local Airflow that loads the DAGs of this repository and talks to nobody."""
    path = os.pathsep.join([str(ROOT), str(ROOT / "dags"), os.environ.get("PYTHONPATH", "")])
    return {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "2",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": metadata,
        "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "1",
        # only what the test asks for runs, not yesterday's schedule as soon as a DAG is unpaused
        "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": "False",
        "AIRFLOW__API_AUTH__JWT_SECRET": "a secret of at least sixty-four bytes that guards nothing but tests",
        # several threads on few busy cores wait for each other
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": path.rstrip(os.pathsep),
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }
