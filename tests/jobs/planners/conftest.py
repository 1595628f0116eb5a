"""A contact centre of which planners say something."""

import pytest

from forecasting.settings import Settings, read_settings
from forecasting.store.lake.open import open_lake
from tests.contact_centre import NEXT, ORIGIN, forecast_centre, make_calls, write_centre


@pytest.fixture(scope="session")
def own(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A contact centre that only tests of planners see, because it is forecast and planned again."""
    settings = read_settings({"FORECASTING_HOME": str(tmp_path_factory.mktemp("adjusted") / "home")})
    write_centre(settings, make_calls())
    for origin in (ORIGIN, NEXT):
        forecast_centre(settings, origin)
    return settings


@pytest.fixture
def desk(own: Settings):
    """The contact centre; what was said is forgotten afterwards."""
    yield own
    with open_lake(own) as lake:
        lake.connection.execute("delete from planning.adjustments")
        lake.connection.execute("delete from planning.adjusted")
        lake.connection.execute("delete from history.quarantine")
