"""A backup of a shared lake, restored elsewhere as docs/deploy.md says, is whole and goes on."""

import os
from pathlib import Path

import pandas as pd
import pytest

from forecasting.jobs import forecast, ingest
from forecasting.jobs.upkeep import claim, doctor, init, maintain, query
from forecasting.settings import Settings, read_settings
from tests.feeds import define_stream, deliver, hourly_rows
from tests.object_store import BUCKET, ObjectStore
from tests.postgres import Server

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

LATEST = "select * from analyst.forecast_latest order by series_id, ts"


def test_a_dump_and_a_copy_of_the_bucket_are_a_lake_elsewhere(
    server: Server | None, store: ObjectStore, tmp_path: Path
) -> None:
    if server is None:
        pytest.skip("needs a PostgreSQL server: initdb is not installed")
    saved = first_night(tmp_path / "home", server, store, database="saved")
    init.run(saved)
    rows = query.run(saved, LATEST)

    server.dump("saved", to="restored")
    store.copy("saved", "restored")
    place = {
        **saved.as_environment(),
        "FORECASTING_CATALOG": server.catalog("restored"),
        "FORECASTING_DATA": f"s3://{BUCKET}/restored/data",
        "FORECASTING_MODELS": "",
    }
    restored = read_settings(place)
    assert claim.run(restored).details == {"files": len(list_parquet(store, "restored")), "unknown_files": 0}
    init.run(restored)
    assert [one.message for one in doctor.run(restored, everything=True) if one.verdict == "error"] == []
    pd.testing.assert_frame_equal(query.run(restored, LATEST), rows, check_exact=True)

    before = list_parquet(store, "saved")
    jobs = restored.model_copy(update={"catalog": server.catalog("restored", role="airflow")})
    assert forecast.run(jobs, "usage", origin="2024-01-29").status == "published"
    assert maintain.run(jobs).message is None
    assert list_parquet(store, "saved") == before
    assert [one.message for one in doctor.run(saved) if one.verdict == "error"] == []


def first_night(home: Path, server: Server, store: ObjectStore, *, database: str) -> Settings:
    """A shared lake with one published night."""
    server.create(database)
    environment = {"FORECASTING_HOME": str(home), "FORECASTING_CATALOG": server.catalog(database)}
    settings = read_settings(environment | store.environment(database))
    define_stream(settings)
    deliver(settings, hourly_rows(days=30))
    ingest.run(settings, "usage", until="2024-01-30")
    assert forecast.run(settings, "usage", origin="2024-01-30").status == "published"
    return settings


def list_parquet(store: ObjectStore, prefix: str) -> list[str]:
    """Files of a lake's data."""
    return sorted(
        os.path.relpath(path, store.folder) for path in (store.folder / BUCKET / prefix / "data").rglob("*.parquet")
    )
