"""Settings from the environment."""

from pathlib import Path

import pytest

from forecasting.errors import SettingsError
from forecasting.redaction import redact
from forecasting.settings import ObjectStore, read_settings


def test_defaults_lie_below_home():
    settings = read_settings({"FORECASTING_HOME": "/srv/daily"})
    assert settings.catalog == "sqlite:/srv/daily/lake/catalog.sqlite"
    assert settings.data == "/srv/daily/lake/data"
    assert settings.models == "/srv/daily/lake/models"
    assert settings.streams == Path("/srv/daily/streams")
    assert settings.writer_lock == Path("/srv/daily/lake/writer.lock")
    assert settings.sql is None


def test_models_lie_beside_the_data():
    settings = read_settings({"FORECASTING_HOME": "/srv/daily", "FORECASTING_DATA": "/big/lake/data"})
    assert settings.models == "/big/lake/models"


def test_server_catalog_has_no_lock_file():
    settings = read_settings({"FORECASTING_CATALOG": "postgres:dbname=lake", "FORECASTING_DATA": "s3://bucket/lake"})
    assert settings.catalog_file is None
    assert settings.writer_lock is None
    assert settings.data == "s3://bucket/lake"


@pytest.mark.parametrize(
    ("data", "models"),
    [
        ("s3://bucket/lake/data", "s3://bucket/lake/models"),
        ("s3://bucket/lake/data/", "s3://bucket/lake/models"),
        ("s3://bucket/data", "s3://bucket/models"),
        ("s3://bucket", "s3://bucket/models"),
        ("s3://bucket/", "s3://bucket/models"),
    ],
)
def test_models_lie_beside_data_in_a_store(data, models):
    assert read_settings({"FORECASTING_DATA": data}).models == models


def test_models_may_lie_in_a_store_of_their_own_and_data_in_a_folder():
    settings = read_settings({"FORECASTING_HOME": "/srv", "FORECASTING_MODELS": "s3://bucket/m"})
    assert (settings.data, settings.models) == ("/srv/lake/data", "s3://bucket/m")


def test_a_store_of_ones_own_has_its_bucket_in_the_path_unless_said_otherwise():
    assert read_settings({}).store == ObjectStore()
    own = {"FORECASTING_S3_ENDPOINT": "minio:9000", "FORECASTING_S3_SSL": "False", "AWS_DEFAULT_REGION": "eu-west-1"}
    store = read_settings(own).store
    assert (store.endpoint, store.path_style, store.ssl, store.region) == ("minio:9000", True, False, "eu-west-1")
    assert not read_settings(own | {"FORECASTING_S3_PATH_STYLE": "no"}).store.path_style
    assert read_settings(own | {"FORECASTING_S3_REGION": "x"}).store.region == "x"


def test_half_a_key_is_of_no_concern_to_a_lake_in_a_folder():
    assert read_settings({"AWS_SECRET_ACCESS_KEY": "hush-hush"}).store == ObjectStore()


def test_keys_of_the_store_are_shown_nowhere():
    keys = {"AWS_ACCESS_KEY_ID": "AKID-of-mine", "AWS_SECRET_ACCESS_KEY": "hush-hush"}
    settings = read_settings(keys)
    assert settings.store.secret is not None
    assert settings.store.secret.get_secret_value() == "hush-hush"
    for text in (repr(settings), str(settings), settings.model_dump_json()):
        assert not any(key in text for key in keys.values())


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"FORECASTING_S3_SSL": "maybe"}, "FORECASTING_S3_SSL='maybe': expected true or false"),
        ({"FORECASTING_S3_ENDPOINT": "http://minio:9000"}, "expected HOST or HOST:PORT.*FORECASTING_S3_SSL=false"),
        (
            {"AWS_ACCESS_KEY_ID": "a", "FORECASTING_DATA": "s3://b/d"},
            "AWS_ACCESS_KEY_ID is set and AWS_SECRET_AC",
        ),
        (
            {"AWS_SECRET_ACCESS_KEY": "hush-hush", "FORECASTING_MODELS": "s3://b/m"},
            "AWS_SECRET_ACCESS_KEY is set and AW",
        ),
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
        {"FORECASTING_S3_ENDPOINT": "minio:9000", "FORECASTING_S3_SSL": "no", "FORECASTING_S3_PATH_STYLE": "no"},
        {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_SESSION_TOKEN": "c"},
    ],
)
def test_a_process_started_with_the_settings_as_environment_has_the_same(environment):
    settings = read_settings(environment)
    others = {"FORECASTING_HOME": "/elsewhere", "FORECASTING_SQL": "other", "PATH": "/bin"}
    assert read_settings(others | settings.as_environment()) == settings


def test_ways_of_notices_are_read_and_kept_secret():
    own = {
        "FORECASTING_ALARM_WEBHOOK": "https://hooks.example.org/T0/verysecretpath",
        "FORECASTING_ALARM_SMTP": "smtps://robot:hunter2hunter2@mail.example.org",
        "FORECASTING_ALARM_MAIL_TO": "a@example.org, b@example.org",
    }
    settings = read_settings(own)
    assert settings.notices.mail is not None
    assert (settings.notices.mail.sender, settings.notices.mail.to) == (
        "a@example.org",
        ("a@example.org", "b@example.org"),
    )
    assert "verysecretpath" not in repr(settings)
    assert "hunter2" not in repr(settings)
    assert "verysecretpath" not in redact(f"sent to {own['FORECASTING_ALARM_WEBHOOK']}")
    assert read_settings(settings.as_environment()) == settings


@pytest.mark.parametrize(
    ("own", "message"),
    [
        ({"WEBHOOK": "hooks.example.org"}, "FORECASTING_ALARM_WEBHOOK: expected http"),
        ({"WEBHOOK": "file:///etc/passwd"}, "FORECASTING_ALARM_WEBHOOK: expected http"),
        ({"SMTP": "smtp://mail"}, "FORECASTING_ALARM_MAIL_TO is not"),
        ({"MAIL_TO": "a@example.org"}, "FORECASTING_ALARM_SMTP is not"),
        ({"SMTP": "mail:25", "MAIL_TO": "a@example.org"}, "FORECASTING_ALARM_SMTP: expected smtp://"),
        ({"SMTP": "smtp://mail", "MAIL_TO": "nobody"}, "'nobody' is no mail address"),
        ({"SMTP": "smtp://mail", "MAIL_TO": "a@b\nBcc: c@d"}, "is no mail address"),
    ],
)
def test_ways_of_notices_that_are_none_are_refused(own, message):
    with pytest.raises(SettingsError, match=message):
        read_settings({f"FORECASTING_ALARM_{name}": value for name, value in own.items()})
