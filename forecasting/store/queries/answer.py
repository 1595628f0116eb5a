"""Queries of analysts: one SELECT on a lake that is attached read-only, on a connection that opens no other file."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import duckdb
import pandas as pd

from forecasting.errors import QueryError
from forecasting.settings import Settings
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.open import open_lake_to_read
from forecasting.store.lake.sql import first_line
from forecasting.store.queries.deadline import time_limit
from forecasting.store.queries.reads import check_harmless, macros_of_lake, read_query
from forecasting.terms import format_duration

JSON_COLUMNS = "json"
"""Key of a frame's `attrs`: names of the columns whose texts are JSON."""

_WHERE = "query"
_ANSWER = "memory.main.answer"
_PLAIN = ("BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")
_NUMBERS = ("FLOAT", "DOUBLE", "DECIMAL")
_HUGE = ("HUGEINT", "UHUGEINT")
_NESTED = ("STRUCT", "MAP", "UNION", "JSON", "VARIANT")
_DATED = ("DATE", "TIMESTAMP")


@contextmanager
def open_lake_to_query(settings: Settings) -> Iterator[Lake]:
    """An existing lake, read-only, on a connection that reads no file but the lake's and keeps its configuration.

    Raises SettingsError where there is no lake yet, LakeError where it is unreadable.
    """
    with open_lake_to_read(settings) as lake:
        # stored secrets are files: they are read before none can be
        lake.connection.execute("select count(*) from system.main.duckdb_secrets()").fetchall()
        folder = settings.data.rstrip("/") + "/"
        lake.connection.execute(f"set allowed_directories = [{_literal(folder)}]")
        lake.connection.execute("set enable_external_access = false")
        lake.connection.execute("set lock_configuration = true")
        yield lake


def answer(lake: Lake, query: str, *, limit: timedelta) -> pd.DataFrame:
    """Rows of one SELECT, asked of a lake from `open_lake_to_query`.

    Numbers, texts and timestamps come as such. Nested values come as JSON texts, whose columns are named in
    `attrs[JSON_COLUMNS]`; whole numbers beyond 64 bits, dates beyond the years 1 to 9999 and every other type come as
    DuckDB's own text. Raises QueryError where the query is wrong, reads more than the lake or takes longer than
    `limit`.
    """
    connection = lake.connection
    try:
        with time_limit(connection, limit):
            reads = read_query(connection, query, where=_WHERE)
            check_harmless(reads, where=_WHERE, own=macros_of_lake(connection, reads))
            # kept once, outside the lake, so that each column is cast by what it holds
            connection.execute(f"create table {_ANSWER} as select * from (\n{without_end(query)}\n)")
            return _tabulate(connection.table(_ANSWER))
    except TimeoutError as error:
        raise QueryError(
            f"query: stopped after {format_duration(limit)}; ask for fewer rows, or allow more with --timeout"
        ) from error
    except duckdb.Error as error:
        hint = "see `select * from analyst.dictionary`"
        if lake.pending():
            hint = "this lake was made by an older version: bring it up to date with `forecasting maintain`"
        raise QueryError(f"query: {first_line(error)}; {hint}") from error


def _tabulate(rows: duckdb.DuckDBPyRelation) -> pd.DataFrame:
    frame: pd.DataFrame = as_texts(rows).to_arrow_table().to_pandas()
    kinds = zip(rows.columns, rows.types, strict=True)
    frame.attrs[JSON_COLUMNS] = [name for name, kind in kinds if _is_nested(str(kind))]
    return frame


def as_texts(rows: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    """The same rows in types that every form of output can hold: numbers, truth values, instants, dates and texts."""
    columns = [(name, str(kind)) for name, kind in zip(rows.columns, rows.types, strict=True)]
    return rows.project(", ".join(_shown(rows, name, kind) for name, kind in columns))


def _shown(rows: duckdb.DuckDBPyRelation, name: str, kind: str) -> str:
    """The expression of a column, cast to what every form of output can hold."""
    quoted = '"' + name.replace('"', '""') + '"'
    if _is_nested(kind):
        return f"to_json({quoted})::varchar as {quoted}"
    if kind in _HUGE and _holds_for_all(rows, f"{quoted} is null or try_cast({quoted} as bigint) is not null"):
        return f"{quoted}::bigint as {quoted}"
    if kind.startswith(_DATED) and _holds_for_all(rows, f"{quoted} is null or year({quoted}) between 1 and 9999"):
        return quoted
    if kind in _PLAIN or kind.startswith(_NUMBERS):
        return quoted
    return f"{quoted}::varchar as {quoted}"


def _holds_for_all(rows: duckdb.DuckDBPyRelation, rule: str) -> bool:
    return not rows.filter(f"({rule}) is not true").limit(1).fetchall()


def without_end(query: str) -> str:
    """One statement without the semicolons and comments behind it."""
    text = query.encode()  # places of tokens count bytes
    end = len(text)
    for start, _ in reversed(duckdb.tokenize(query)):
        if text[start : start + 1] != b";":
            break
        end = start
    return text[:end].decode()


def _is_nested(kind: str) -> bool:
    return kind.startswith(_NESTED) or kind.endswith("]")


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
