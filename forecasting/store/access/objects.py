"""How DuckDB reaches an S3 store: with the keys of the environment, else with its own secrets.

Keys enter as parameters, so that no statement, and so no message or log, holds them.
"""

import duckdb

from forecasting.settings import ObjectStore, Settings
from forecasting.store.access.extensions import literal, load_extension
from forecasting.store.files.stored import is_remote

SECRET = "forecasting_store"
"""Its name. It is for every address, so that a secret of a bucket, which is longer, comes first."""
OPTIONS = ("key_id", "secret", "session_token", "region", "endpoint", "url_style", "use_ssl")


def load_store(connection: duckdb.DuckDBPyConnection, store: ObjectStore) -> None:
    """Have a connection read and write addresses such as `s3://...` and `https://...`."""
    load_extension(connection, "httpfs")
    given = _options(store)
    if store.key_id and store.secret:
        keys = {"key_id": store.key_id, "secret": store.secret, "session_token": store.session_token}
        given |= {name: key.get_secret_value() for name, key in keys.items() if key}
        named = ", ".join(f"{name} ${name}" for name in OPTIONS if name in given)
        connection.execute(f"create or replace secret {SECRET} (type s3, {named})", given)
        return
    for name, value in given.items():
        connection.execute(f"set s3_{name} = {literal(value) if isinstance(value, str) else str(value).lower()}")


def load_store_for(connection: duckdb.DuckDBPyConnection, store: ObjectStore, pattern: str | None) -> None:
    """The same where a pattern of files is an address."""
    if pattern and is_remote(pattern):
        load_store(connection, store)


def uses_store(settings: Settings) -> bool:
    """Whether data or models lie in an object store."""
    return is_remote(settings.data) or is_remote(settings.models)


def secret_statement(store: ObjectStore) -> str:
    """The statement by which any DuckDB client reaches the store, with places for keys of its own."""
    given = {"key_id": "KEY_ID", "secret": "SECRET"} | _options(store)
    named = ", ".join(
        f"{name} {literal(value) if isinstance(value, str) else str(value).lower()}" for name, value in given.items()
    )
    return f"CREATE SECRET {SECRET} (TYPE s3, {named})"


def _options(store: ObjectStore) -> dict[str, str | bool]:
    given: dict[str, str | bool] = {"url_style": "path" if store.path_style else "vhost", "use_ssl": store.ssl}
    if store.region:
        given["region"] = store.region
    if store.endpoint:
        given["endpoint"] = store.endpoint
    return given
