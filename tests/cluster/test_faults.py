"""Faults at random moments of small nights lose nothing, double nothing and show no half night."""

from pathlib import Path

import pytest

from tests.cluster.job_faults import KINDS, disturbed_nights
from tests.object_store import ObjectStore, object_store
from tests.postgres import Server, postgresql

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

MOMENTS = 3 * len(KINDS)
"""`make faults` does more."""


def test_faults_of_all_kinds_in_turn(tmp_path: Path, server: Server | None, store: ObjectStore) -> None:
    if server is None:
        pytest.skip("needs a PostgreSQL server: initdb is not installed")
    with postgresql() as own, object_store() as own_store:
        assert own is not None
        assert own_store is not None
        tally = disturbed_nights(tmp_path, own, own_store, kinds=list(KINDS), moments=MOMENTS, seed=1)
    assert tally.faults() == []
    assert tally.injected == MOMENTS
    assert tally.nights > 1
    assert tally.reads > 0
