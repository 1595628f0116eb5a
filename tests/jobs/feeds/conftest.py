"""One lake in memory for all feeds that are looked at."""

import pytest

from forecasting.settings import read_settings
from forecasting.store.lake.open import open_memory_lake


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    """A lake that holds temporary tables alone."""
    with open_memory_lake(read_settings({"FORECASTING_HOME": str(tmp_path_factory.mktemp("home"))})) as opened:
        yield opened
