"""Sessions that only read: of a lake as it stands, with the tables of this version."""

import pytest

from forecasting.errors import LakeError, SettingsError
from forecasting.jobs.common.session import open_session
from forecasting.store.lake.open import open_lake
from tests.feeds import define_stream


@pytest.fixture
def defined(settings):
    define_stream(settings)
    return settings


def test_a_reader_of_a_lake_of_this_version_may_read_and_not_write(defined):
    open_lake(defined).connection.close()
    with open_session(defined, "usage", read_only=True) as session:
        assert session.lake.snapshot_id() > 0
        with pytest.raises(LakeError):
            session.lake.execute("lake/insert_migration.sql", name="never", checksum="0")


def test_a_reader_of_older_tables_is_sent_to_bring_them_up_to_date(defined):
    with open_lake(defined) as lake:
        lake.connection.execute("delete from meta.migrations where name = 'schema/0027_capacity_failures.sql'")
    with (
        pytest.raises(LakeError, match=r"older version: expected its tables with 0027_.*`forecasting maintain`"),
        open_session(defined, "usage", read_only=True),
    ):
        pass


def test_a_reader_makes_no_lake(defined):
    with pytest.raises(SettingsError, match="no lake here yet"), open_session(defined, "usage", read_only=True):
        pass
    assert not defined.catalog_file.exists()
