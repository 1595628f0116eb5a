"""Lakes whose data and models lie in an S3 store."""

import itertools
from pathlib import Path

import pytest

from forecasting.settings import Settings, read_settings
from tests.object_store import ObjectStore

_NUMBERS = itertools.count()


@pytest.fixture
def remote(store: ObjectStore, tmp_path: Path) -> Settings:
    """Settings of an empty home with a prefix of its own, and the keys of the environment."""
    return read_settings({"FORECASTING_HOME": str(tmp_path / "home"), **store.environment(f"lake-{next(_NUMBERS)}")})
