"""What an extract may read: the folder of its feed, what `source.allow` adds, its databases and the lake's tables."""

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from forecasting.errors import QueryError
from forecasting.store.lake.sql import Statement, first_line
from forecasting.store.queries.reads import Call, check_harmless, macros_of_lake, read_query, select_of

READS_FILES = frozenset(
    (
        *("read_parquet", "parquet_scan", "read_csv", "read_csv_auto", "sniff_csv", "read_text", "read_blob", "glob"),
        *("read_json", "read_json_auto", "read_json_objects", "read_json_objects_auto"),
        *("read_ndjson", "read_ndjson_auto", "read_ndjson_objects", "read_duckdb", "sqlite_scan", "read_xlsx"),
        *("parquet_metadata", "parquet_file_metadata", "parquet_schema", "read_avro", "delta_scan", "iceberg_scan"),
    )
)
"""Table functions whose first argument is a file, a pattern or a list of them."""
ASKS_DATABASES = frozenset(("postgres_query", "sqlite_query"))
"""Table functions whose first argument is the name of an attached database, which is attached read-only."""

_WILD = re.compile(r"[*?\[]")
_FILE_NAME = re.compile(r"[/\\*]|://|\.(parquet|csv|tsv|txt|json|jsonl|ndjson|gz|zst|db|ddb|duckdb|xlsx|avro)$", re.I)


def check_extract(
    connection: duckdb.DuckDBPyConnection,
    statement: Statement,
    values: Mapping[str, Any],
    *,
    where: str,
    feeds: Sequence[str],
    allowed: Sequence[str],
    databases: Collection[str],
    home: Path,
) -> None:
    """Raise QueryError where a statement does more than read what its definition allows.

    values: of its parameters. feeds: expanded patterns, each of which opens its folder; a feed in `home` itself or
    above opens its own files only. allowed: further files and folders. databases: names under which those of
    `source.attach` are attached. Symbolic links are followed up to the first wildcard.
    """
    reads = read_query(connection, statement.text, where=where)
    macros = macros_of_lake(connection, reads)
    check_harmless(reads, where=where, own=macros, calls=READS_FILES | ASKS_DATABASES)
    files = [".".join(parts) for parts in reads.tables if _FILE_NAME.search(".".join(parts))]
    for call in reads.calls:
        if call.name in READS_FILES:
            files += _texts(connection, call, values, where)
        elif call.name in ASKS_DATABASES:
            for name in _texts(connection, call, values, where):
                if name not in databases:
                    raise QueryError(f"{where}: {call.name}({name!r}): expected a database of [source.attach]")
    opened = [_folder_of(feed) for feed in feeds if not _holds(_folder_of(feed), str(home))] + list(allowed)
    for file in files:
        if file not in feeds and not any(_holds(place, file) for place in opened):
            raise QueryError(
                f"{where}: may not read {file}, which lies outside the folder of its feed; if it belongs to the "
                "source, name it or its folder in source.allow"
            )


def _texts(connection: duckdb.DuckDBPyConnection, call: Call, values: Mapping[str, Any], where: str) -> list[str]:
    """The first argument of a function as texts. It is computed before the statement runs, where it opens no file."""
    if not call.arguments:
        raise QueryError(f"{where}: {call.name}() is called without a file or a database")
    select = select_of(connection, call.arguments[0])
    named = {name: values[name] for name in duckdb.extract_statements(select)[0].named_parameters}
    try:
        with duckdb.connect(config={"enable_external_access": False}) as apart:
            ((found,),) = apart.execute(select, named).fetchall()
    except duckdb.Error as error:
        raise QueryError(
            f"{where}: {call.name}({select[7:]}): expected a file known before the statement runs, such as $feed: "
            f"{first_line(error)}"
        ) from error
    return [str(one) for one in found] if isinstance(found, list) else [str(found)]


def _folder_of(pattern: str) -> str:
    """The folder above a pattern's file names and wildcards."""
    fixed = _WILD.split(pattern.partition("?")[0] if "://" in pattern else pattern)[0]
    return fixed.rpartition("/")[0]


def _holds(place: str, file: str) -> bool:
    """Whether a file or pattern is `place` or lies below it."""
    if "://" in place or "://" in file:
        return ".." not in file.split("/") and (file == place or file.startswith(place.rstrip("/") + "/"))
    fixed, *wild = _WILD.split(file, maxsplit=1)
    if wild and ".." in wild[0].split("/"):
        return False
    # of a pattern, the folder whose names it matches
    known = Path(fixed if not wild else fixed.rpartition("/")[0] or "/")
    return known.resolve().is_relative_to(Path(place).resolve())
