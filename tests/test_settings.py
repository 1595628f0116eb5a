"""Settings from the environment."""

from pathlib import Path

import pytest

from forecasting.errors import SettingsError
from forecasting.settings import read_settings


def test_defaults_lie_below_home():
    settings = read_settings({"FORECASTING_HOME": "/srv/night"})
    assert settings.catalog == "sqlite:/srv/night/lake/catalog.sqlite"
    assert settings.data == "/srv/night/lake/data"
    assert settings.models == Path("/srv/night/lake/models")
    assert settings.streams == Path("/srv/night/streams")
    assert settings.writer_lock == Path("/srv/night/lake/writer.lock")
    assert settings.sql is None


def test_models_lie_beside_the_data():
    settings = read_settings({"FORECASTING_HOME": "/srv/night", "FORECASTING_DATA": "/big/lake/data"})
    assert settings.models == Path("/big/lake/models")


def test_server_catalog_has_no_lock_file():
    settings = read_settings({"FORECASTING_CATALOG": "postgres:dbname=lake", "FORECASTING_DATA": "s3://bucket/lake"})
    assert settings.catalog_file is None
    assert settings.writer_lock is None
    assert settings.data == "s3://bucket/lake"


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"FORECASTING_HOEM": "/x"}, "FORECASTING_HOEM is not a setting; the settings are .*FORECASTING_HOME"),
        ({"FORECASTING_CATALOG": "mysql:x"}, "FORECASTING_CATALOG='mysql:x' is no catalog; expected sqlite:PATH"),
        ({"FORECASTING_CATALOG": "sqlite:"}, "is no catalog"),
    ],
)
def test_wrong_setting_is_named(environment, told):
    with pytest.raises(SettingsError, match=told):
        read_settings(environment)
