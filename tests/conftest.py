"""Fixtures: an empty home with its settings, and the real data where they are at hand."""

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from forecasting.settings import Settings, read_settings
from tests.extensions import trust_extensions
from tests.lakes import make_lakes_once
from tests.object_store import ObjectStore, object_store
from tests.postgres import Server, postgresql

REPOSITORY = Path(__file__).parent.parent

trust_extensions()
make_lakes_once()


def refuse_in_ci(program: str) -> None:
    """Fail where CI lacks a server: there no test may be left out for it."""
    assert os.environ.get("CI", "").lower() not in ("true", "1"), f"{program} is not installed; see .ci/run"


# how long an example takes says how busy the machine is
hypothesis.settings.register_profile("patient", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("patient")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of an empty home."""
    return read_settings({"FORECASTING_HOME": str(tmp_path / "home")})


@pytest.fixture(scope="session")
def server() -> Iterator[Server | None]:
    """The tests' PostgreSQL server; None where PostgreSQL is not installed."""
    with postgresql() as running:
        if running is None:
            refuse_in_ci("PostgreSQL")
        yield running


@pytest.fixture
def shared_data(monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folder of the public measurements that some tests read; skips where they are absent."""
    folder = (REPOSITORY / os.environ.get("SHARED_DATA", "../shared/data")).resolve()
    if not folder.is_dir():
        pytest.skip(f"needs the public data sets in {folder}; set SHARED_DATA")
    monkeypatch.setenv("SHARED_DATA", str(folder))
    return folder


@pytest.fixture
def shared_streams(settings: Settings, shared_data: Path) -> Settings:
    """Settings of an empty home that knows the streams over the public data sets."""
    return settings.model_copy(update={"streams": REPOSITORY / "tests" / "streams"})


@pytest.fixture(scope="session")
def store() -> Iterator[ObjectStore]:
    """The tests' S3 server; skips where rclone is absent, but never in CI."""
    with object_store() as running:
        if running is None:
            refuse_in_ci("rclone")
            pytest.skip("needs an S3 server: rclone is not installed")
        yield running
