"""What a query reads, by DuckDB's own parser: that it is one SELECT, and which tables and functions it names.

A SELECT can do more than read tables: table functions open any file, run SQL that they are given as text, or remove
snapshots of the lake. So only functions that are known to be harmless may stand in a query that others wrote.
"""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import duckdb

from forecasting.errors import QueryError
from forecasting.store.lake.sql import first_line

Tree = dict[str, Any]
"""A part of a parsed query, as `json_serialize_sql` writes it."""

HARMLESS = frozenset(
    (
        *("range", "generate_series", "unnest", "repeat", "repeat_row", "json_each", "json_tree", "summary"),
        *("histogram", "histogram_values", "icu_calendar_names", "pg_timezone_names", "pragma_version"),
        *("duckdb_columns", "duckdb_tables", "duckdb_views", "duckdb_schemas", "duckdb_functions", "duckdb_types"),
        *("duckdb_constraints", "duckdb_keywords", "pragma_table_info", "test_all_types", "test_vector_types"),
    )
)
"""Table functions that read neither files nor settings and change nothing."""
READS_SETTINGS = frozenset(("current_setting", "getenv", "getvariable"))
WRITES = frozenset(("write_log", "nextval"))
KEPT_BACK = frozenset(("duckdb_databases", "duckdb_logs", "pragma_database_list", "pg_settings", "pg_database"))
"""DuckDB's own views of connections and settings, which may hold passwords."""
_OF_CATALOG = "__ducklake_metadata"


@dataclass(frozen=True)
class Call:
    """A table function that a query calls. arguments: positional, as trees."""

    name: str
    schema: str
    arguments: tuple[Tree, ...]


@dataclass(frozen=True)
class Reads:
    """What a query names. tables: the parts of each name, such as (`analyst`, `accuracy`)."""

    tables: tuple[tuple[str, ...], ...]
    calls: tuple[Call, ...]
    functions: frozenset[str]


def read_query(connection: duckdb.DuckDBPyConnection, text: str, *, where: str) -> Reads:
    """What a query reads. where: begins messages. Raises QueryError unless it is exactly one SELECT."""
    return _collect(_parse(connection, text, where))


def check_harmless(
    reads: Reads, *, where: str, own: Collection[tuple[str, str]], calls: Collection[str] = frozenset()
) -> None:
    """Raise QueryError where a query does more than read tables.

    own: schema and name of the lake's own macros. calls: further table functions that its reader has looked at.
    """
    for name in sorted(reads.functions & READS_SETTINGS):
        raise QueryError(f"{where}: {name}() is not allowed: settings and the environment may hold passwords")
    for name in sorted(reads.functions & WRITES):
        raise QueryError(f"{where}: {name}() is not allowed: a query only reads")
    for parts in reads.tables:
        folded = [part.lower() for part in parts]
        if folded[-1] in KEPT_BACK or any(part.startswith(_OF_CATALOG) for part in folded):
            raise QueryError(
                f"{where}: {'.'.join(parts)} is not allowed: it may hold passwords; the tables of the lake are "
                "described in analyst.dictionary"
            )
    for call in reads.calls:
        if call.name in HARMLESS or call.name in calls or (call.schema, call.name) in own:
            continue
        raise QueryError(
            f"{where}: the table function {call.name}() is not allowed: a query reads tables and views, and calls "
            "macros of the lake such as analyst.history_as_of(t)"
        )


def macros_of_lake(connection: duckdb.DuckDBPyConnection, reads: Reads) -> frozenset[tuple[str, str]]:
    """Schema and name of the macros that the lake on a connection has, if what a query calls may be one of them."""
    if not any(call.schema for call in reads.calls):
        return frozenset()
    found = connection.execute(
        "select distinct lower(schema_name), lower(function_name) from system.main.duckdb_functions() "
        "where database_name = current_database() and not internal"
    )
    return frozenset((schema, name) for schema, name in found.fetchall())


def place_tables(
    connection: duckdb.DuckDBPyConnection, text: str, *, database: str, tables: Collection[tuple[str, str]], where: str
) -> str:
    """A SELECT in which every table of a database carries the database's name, the rest of the text as it stands.

    tables: schema and name of those that the database has; a name without a schema is looked for in all of them. Raises
    QueryError unless it is exactly one SELECT.
    """
    tree = _parse(connection, text, where)
    known = {(schema.lower(), name.lower()) for schema, name in tables} | {("", name.lower()) for _, name in tables}
    nodes = list(_nodes(tree))
    local = {entry["key"].lower() for node in nodes for entry in node.get("cte_map", {}).get("map", ())}
    found = text.encode()
    places = {
        node["query_location"]
        for node in nodes
        if node.get("type") == "BASE_TABLE" and not node["catalog_name"]
        if (node["schema_name"].lower(), node["table_name"].lower()) in known
        if node["schema_name"] or node["table_name"].lower() not in local
    }
    for place in sorted(places, reverse=True):
        found = found[:place] + f"{database}.".encode() + found[place:]
    return found.decode()


def _nodes(tree: Any) -> Iterator[Tree]:
    """Every mapping of a parsed query, from the outside in."""
    if isinstance(tree, dict):
        yield tree
    for child in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        yield from _nodes(child)


def select_of(connection: duckdb.DuckDBPyConnection, expression: Tree) -> str:
    """The SELECT of one expression of a parsed query alone, as SQL."""
    tree = json.loads(_serialise(connection, "select 1"))
    tree["statements"][0]["node"]["select_list"] = [expression | {"alias": ""}]
    ((text,),) = connection.execute("select system.main.json_deserialize_sql($1)", [json.dumps(tree)]).fetchall()
    return str(text)


def _parse(connection: duckdb.DuckDBPyConnection, text: str, where: str) -> Tree:
    try:
        statements = duckdb.extract_statements(text)
    except duckdb.Error as error:
        raise QueryError(f"{where}: not SQL: {first_line(error)}") from error
    if not statements:
        raise QueryError(f"{where}: expected one SELECT, found none; ask for example `from analyst.forecast_latest`")
    if len(statements) != 1:
        raise QueryError(f"{where}: expected one SELECT, found {_describe(statements)}; ask one question at a time")
    tree: Tree = json.loads(_serialise(connection, text))
    if tree["error"]:
        kind = statements[0].type.name.lower().replace("_", " ")
        found = "a statement of another kind" if kind == "select" else f"{kind.upper()}"
        raise QueryError(f"{where}: expected one SELECT, found {found}: a query is read-only and changes nothing")
    return tree


def _describe(statements: list[duckdb.Statement]) -> str:
    kinds = [statement.type.name for statement in statements]
    # a pivot without a list of values is two statements to DuckDB
    hint = " (of a PIVOT say the values: `on x in (...)`)" if kinds == ["CREATE", "SELECT"] else ""
    return f"{len(kinds)} statements{hint}"


def _serialise(connection: duckdb.DuckDBPyConnection, text: str) -> str:
    ((serialised,),) = connection.execute("select system.main.json_serialize_sql($1::varchar)", [text]).fetchall()
    return str(serialised)


def _collect(tree: Tree) -> Reads:
    tables: list[tuple[str, ...]] = []
    calls: list[Call] = []
    functions: set[str] = set()
    waiting: list[Any] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
            continue
        if not isinstance(node, dict):
            continue
        if node.get("type") == "BASE_TABLE":
            tables.append(_name(node, "catalog_name", "schema_name", "table_name"))
        elif node.get("type") == "TABLE_FUNCTION":
            function = node["function"]
            calls.append(Call(function["function_name"].lower(), function["schema"].lower(), _positional(function)))
            node = node | {"function": function["children"]}
        elif node.get("class") == "FUNCTION":
            functions.add(node["function_name"].lower())
        waiting += node.values()
    return Reads(tuple(tables), tuple(calls), frozenset(functions))


def _name(node: Tree, *keys: str) -> tuple[str, ...]:
    return tuple(node[key] for key in keys if node[key])


def _positional(function: Tree) -> tuple[Tree, ...]:
    return tuple(_arguments(function["children"]))


def _arguments(children: list[Tree]) -> Iterator[Tree]:
    for child in children:
        is_named = child.get("alias") or child.get("type") == "COMPARE_EQUAL"
        if not is_named:
            yield child
