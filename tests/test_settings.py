"""Settings from the environment."""

from pathlib import Path

import pytest

from forecasting.errors import SettingsError
from forecasting.settings import read_settings


def test_defaults_lie_below_home():
    settings = read_settings({"FORECASTING_HOME": "/srv/daily"})
    assert settings.catalog == "sqlite:/srv/daily/lake/catalog.sqlite"
    assert settings.data == "/srv/daily/lake/data"
    assert settings.models == Path("/srv/daily/lake/models")
    assert settings.streams == Path("/srv/daily/streams")
    assert settings.writer_lock == Path("/srv/daily/lake/writer.lock")
    assert settings.sql is None


def test_models_lie_beside_the_data():
    settings = read_settings({"FORECASTING_HOME": "/srv/daily", "FORECASTING_DATA": "/big/lake/data"})
    assert settings.models == Path("/big/lake/models")


def test_server_catalog_has_no_lock_file():
    settings = read_settings({"FORECASTING_CATALOG": "postgres:dbname=lake", "FORECASTING_DATA": "s3://bucket/lake"})
    assert settings.catalog_file is None
    assert settings.writer_lock is None
    assert settings.data == "s3://bucket/lake"


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"FORECASTING_HOEM": "/x"}, "FORECASTING_HOEM is not a setting; the settings are .*FORECASTING_HOME"),
        ({"FORECASTING_CATALOG": "mysql:x"}, "FORECASTING_CATALOG='mysql:x' is no catalog; expected sqlite:PATH"),
        ({"FORECASTING_CATALOG": "sqlite:"}, "is no catalog"),
        ({"FORECASTING_WORKERS": "many"}, "expected FORECASTING_WORKERS to be 1 to 32, found 'many'"),
        ({"FORECASTING_WORKERS": "0"}, "expected FORECASTING_WORKERS to be 1 to 32, found '0'"),
    ],
)
def test_wrong_setting_is_named(environment, message):
    with pytest.raises(SettingsError, match=message):
        read_settings(environment)


@pytest.mark.parametrize(
    "environment",
    [
        {"FORECASTING_HOME": "/srv/daily", "FORECASTING_WORKERS": "3"},
        {"FORECASTING_HOME": "/srv/daily", "FORECASTING_SQL": "sql", "FORECASTING_MODELS": "/big/models"},
        {"FORECASTING_CATALOG": "postgres:dbname=lake", "FORECASTING_DATA": "s3://bucket/lake"},
    ],
)
def test_a_process_started_with_the_settings_as_environment_has_the_same(environment):
    settings = read_settings(environment)
    others = {"FORECASTING_HOME": "/elsewhere", "FORECASTING_SQL": "other", "PATH": "/bin"}
    assert read_settings(others | settings.as_environment()) == settings
