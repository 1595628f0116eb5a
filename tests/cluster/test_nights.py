"""A night and a backfill on three workers that share no folder publish what one machine does."""

from pathlib import Path

import pytest

from tests.cluster.nights import same_night
from tests.conftest import refuse_in_ci
from tests.object_store import ObjectStore
from tests.postgres import Server
from tests.redis import redis_server

pytestmark = [pytest.mark.cluster, pytest.mark.airflow, pytest.mark.slow]


def test_a_cluster_publishes_the_rows_of_one_machine(tmp_path: Path, server: Server | None, store: ObjectStore) -> None:
    with redis_server() as broker:
        if server is None or broker is None:
            refuse_in_ci("Redis or PostgreSQL")
            pytest.skip("needs PostgreSQL and Redis")
        root = tmp_path / "cluster"
        root.mkdir()
        table = same_night(root, "small", server, store, broker)
    assert table["equal"].all(), table.to_string()
    counts = dict(zip(table["table"], table["cluster"].str.split().str[0].astype(int), strict=True))
    assert min(counts[name] for name in ("forecast.forecasts", "planning.staffing", "forecast.models")) > 0
    # three streams, the plan of one of them, and an origin afterwards
    assert counts["forecast.publications"] == 3 + 1 + 1
