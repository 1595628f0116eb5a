"""DuckDB's extensions, and texts as SQL for statements that take no parameters."""

from importlib.util import find_spec
from pathlib import Path

import duckdb
import duckdb_extensions


def load_extension(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Load an extension from its wheel, else as DuckDB finds it (installed before, or from its own repository)."""
    try:
        duckdb_extensions.import_extension(name, con=connection)
    except (ImportError, KeyError, FileNotFoundError):
        connection.install_extension(name)
    connection.load_extension(name)


def extension_file(name: str) -> Path | None:
    """File of an extension that came as a wheel for this version of DuckDB; None where there is none."""
    spec = find_spec(f"duckdb_extension_{name}")
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / "extensions" / f"v{duckdb.__version__}" / f"{name}.duckdb_extension"
    return path if path.is_file() else None


def literal(text: str) -> str:
    """A text as SQL."""
    return "'" + text.replace("'", "''") + "'"
