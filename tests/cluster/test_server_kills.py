"""Servers that are killed in the middle of publications lose nothing, double nothing and show no half night."""

from pathlib import Path

import pytest

from tests.cluster.server_kills import first_night, kill_at_random
from tests.object_store import ObjectStore
from tests.postgres import postgresql

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

MOMENTS = 12
"""Six of each server; `python -m tests.cluster.server_kills --moments N` does more."""


def test_servers_killed_at_random_moments(tmp_path: Path, store: ObjectStore, server: object) -> None:
    if server is None:
        pytest.skip("needs a PostgreSQL server: initdb is not installed")
    with postgresql() as own:
        assert own is not None
        settings = first_night(tmp_path / "home", own, store, database="kills")
        tally = kill_at_random(settings, own, store, moments=MOMENTS, seed=1)
    assert tally.faults() == []
    assert (tally.kills["PostgreSQL"], tally.kills["S3"]) == (MOMENTS // 2, MOMENTS // 2)
    assert len(tally.acknowledged) >= MOMENTS // 2
    assert tally.reads > 0
