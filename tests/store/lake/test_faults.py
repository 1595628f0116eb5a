"""What errors of the database mean."""

import duckdb
import pytest

from forecasting.settings import Settings
from forecasting.store.lake.faults import LakeFault, cause_of, denied_message, fault_of, full_message

COMMIT = "TransactionContext Error: Failed to commit: Failed to commit DuckLake transaction.\nFailed to flush changes: "
INSERT = 'Failed to execute query "INSERT INTO "public".ducklake_snapshot VALUES (3);": '
AT = 'IO Error: Unable to connect to Postgres at "host=db password=secret": connection to server at "db" failed: '


@pytest.fixture
def served(settings: Settings) -> Settings:
    return settings.model_copy(update={"catalog": "postgres:host=db password=secret"})


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("IO Error: database is locked", LakeFault.BUSY),
        ("TransactionContext Error: Conflict on table", LakeFault.BUSY),
        ("IO Error: No space left on device", LakeFault.FULL),
        ("IO Error: disk I/O error", LakeFault.OTHER),
        ("IO Error: attempt to write a readonly database", LakeFault.DENIED),
        ("Binder Error: no such column", LakeFault.OTHER),
        ("Invalid Input Error: server closed the connection unexpectedly", LakeFault.OTHER),
    ],
)
def test_errors_of_an_embedded_catalog(settings: Settings, text: str, fault: LakeFault):
    assert settings.catalog_file is not None
    settings.catalog_file.parent.mkdir(parents=True)
    assert fault_of(duckdb.Error(text), settings) is fault
    assert "nothing was published" in full_message(settings, "write")
    assert "nothing was written" in denied_message(settings, duckdb.Error(text))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("IO Error: Could not connect to server error for HTTP PUT to 'http://minio/x'", LakeFault.LOST),
        ("HTTP Error: HTTP GET error reading 's3://b/x' in region 'r' (HTTP 503 Service Unavailable)", LakeFault.LOST),
        ("HTTP Error: HTTP GET error reading 's3://b/x' in region 'r' (HTTP 403 Forbidden)", LakeFault.DENIED),
        ("HTTP Error: HTTP GET error reading 's3://b/x' in region 'r' (HTTP 404 Not Found)", LakeFault.OTHER),
        ('HTTP Error: ETag on reading file "s3://b/x" was initially "1" and now it returned "2"', LakeFault.LOST),
    ],
)
def test_errors_of_an_object_store_whatever_the_catalog(settings: Settings, served: Settings, text, fault):
    for lake in (settings, served):
        assert fault_of(duckdb.Error(text), lake) is fault
    assert "object store" in denied_message(settings, duckdb.Error(text))


@pytest.mark.parametrize(
    ("text", "fault", "cause"),
    [
        (
            f"{COMMIT}{INSERT}ERROR:  permission denied for table x\nLINE 1",
            LakeFault.DENIED,
            "permission denied for table x",
        ),
        (
            f"{COMMIT}{INSERT}ERROR:  cannot execute INSERT in a read-only transaction",
            LakeFault.DENIED,
            "cannot execute INSERT in a read-only transaction",
        ),
        (
            f'{COMMIT}{INSERT}ERROR:  duplicate key value violates unique constraint "ducklake_snapshot_pkey"',
            LakeFault.BUSY,
            'duplicate key value violates unique constraint "ducklake_snapshot_pkey"',
        ),
        (
            f"{COMMIT}ERROR:  could not serialize access due to concurrent update",
            LakeFault.BUSY,
            "could not serialize access due to concurrent update",
        ),
        ("TransactionContext Error: Current transaction is aborted (please ROLLBACK)", LakeFault.LOST, None),
        ("Invalid Error: server closed the connection unexpectedly", LakeFault.LOST, None),
        ('Failed to commit: Failed to execute query "ROLLBACK": ', LakeFault.LOST, "the connection was lost"),
        (
            "INTERNAL Error: Attempted to access index 0 within vector of size 0\n\nStack Trace:\n\nx.so(+0xd7)",
            LakeFault.BROKEN,
            "the connection was lost",
        ),
        (
            "FATAL Error: Failed: database has been invalidated because of a previous fatal error.",
            LakeFault.BROKEN,
            "the connection was lost",
        ),
        (f"{AT}Connection refused\n\tIs the server running?", LakeFault.LOST, "Connection refused"),
        (f"{AT}FATAL:  the database system is starting up", LakeFault.LOST, "the database system is starting up"),
        (f"{AT}FATAL:  sorry, too many clients already", LakeFault.LOST, "sorry, too many clients already"),
        (
            f'{AT}FATAL:  password authentication failed for user "me"',
            LakeFault.REFUSED,
            'password authentication failed for user "me"',
        ),
        (f'{AT}FATAL:  database "x" does not exist', LakeFault.REFUSED, 'database "x" does not exist'),
        (f"{COMMIT}ERROR:  No space left on device", LakeFault.FULL, "No space left on device"),
        (f"{COMMIT}ERROR:  something new", LakeFault.OTHER, "something new"),
    ],
)
def test_errors_of_a_server_by_its_own_words(served: Settings, text: str, fault: LakeFault, cause: str | None):
    error = duckdb.Error(text)
    assert fault_of(error, served) is fault
    if cause is not None:
        assert cause_of(error) == cause
    assert "secret" not in cause_of(error)
