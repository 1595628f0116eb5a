"""DuckDB's extensions without the check of their signatures, which costs a quarter of a second a connection."""

from typing import Any

import duckdb

_connect = duckdb.connect


def trust_extensions() -> None:
    """Load extensions as they lie in their wheels, from now on in this process."""
    duckdb.connect = _trusting


def _trusting(*arguments: Any, config: dict[str, Any] | None = None, **named: Any) -> duckdb.DuckDBPyConnection:
    return _connect(*arguments, config={**(config or {}), "allow_unsigned_extensions": True}, **named)
