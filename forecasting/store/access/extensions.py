"""DuckDB's extensions, and texts as SQL for statements that take no parameters."""

import duckdb
import duckdb_extensions


def load_extension(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Load an extension from its wheel, else as DuckDB finds it (installed before, or from its own repository)."""
    try:
        duckdb_extensions.import_extension(name, con=connection)
    except (ImportError, KeyError, FileNotFoundError):
        connection.install_extension(name)
    connection.load_extension(name)


def literal(text: str) -> str:
    """A text as SQL."""
    return "'" + text.replace("'", "''") + "'"
