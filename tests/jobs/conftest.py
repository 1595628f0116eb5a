"""A contact centre and a network with forecasts and plans, made once each."""

import pytest

from forecasting.jobs import plan
from forecasting.settings import Settings, read_settings
from tests import network as links
from tests.contact_centre import CALLS, NEXT, ORIGIN, forecast_centre, make_calls, write_centre


@pytest.fixture(scope="session")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Planned from ORIGIN; forecast, not planned, from NEXT. Whoever changes it puts it back."""
    settings = read_settings({"FORECASTING_HOME": str(tmp_path_factory.mktemp("centre") / "home")})
    write_centre(settings, make_calls())
    forecast_centre(settings, ORIGIN)
    plan.run(settings, CALLS, origin=ORIGIN)
    forecast_centre(settings, NEXT)
    return settings


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Forecast and planned from its ORIGIN. Whoever changes it puts it back."""
    settings = read_settings({"FORECASTING_HOME": str(tmp_path_factory.mktemp("network") / "home")})
    links.forecast_network(settings)
    plan.run(settings, links.TRAFFIC, origin=links.ORIGIN)
    return settings
