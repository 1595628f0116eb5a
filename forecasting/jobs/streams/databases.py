"""A database as the source of a feed: PostgreSQL, DuckDB or SQLite, by a table or a query."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches

from forecasting.errors import SettingsError
from forecasting.jobs.feeds.formats.columns import listed, quote
from forecasting.jobs.feeds.rows.sources import Source, described
from forecasting.jobs.streams.connections import Database
from forecasting.store.files.feeds import open_database
from forecasting.store.lake.lake import Lake
from forecasting.store.queries.answer import without_end
from forecasting.store.queries.reads import place_tables

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")


@contextmanager
def database_source(lake: Lake, database: Database, *, table: str | None, query: str | None) -> Iterator[Source]:
    """A table or a query of a database as a source, for as long as the block lasts.

    Without both it is the only table. Raises SettingsError where a table is not there or several could be meant,
    QueryError for a query that is not one SELECT, FeedError where the database cannot be read.
    """
    with open_database(lake, database.alias, database.attachment, where="--from"):
        tables = _tables(lake, database.alias)
        if query is not None:
            text = place_tables(
                lake.connection, without_end(query).strip(), database=database.alias, tables=tables, where="--query"
            )
            indented = "\n".join(f"        {line}".rstrip() for line in text.splitlines())
            relation = f"(\n{indented}\n    )"
        else:
            relation = _place(database.alias, *_choose(tables, table))
        yield described(lake, Source(relation, {}, None, database.attachment.type))


def _tables(lake: Lake, database: str) -> list[tuple[str, str]]:
    return [(schema, name) for schema, name in lake.rows("templates/database_tables.sql", database=database)]


def _choose(tables: list[tuple[str, str]], table: str | None) -> tuple[str, str]:
    names = [name if schema in ("public", "main") else f"{schema}.{name}" for schema, name in tables]
    if table is None:
        if len(tables) == 1:
            return tables[0]
        raise SettingsError(f"--from: say which table with --table, or a --query; there are {listed(names) or 'none'}")
    schema, _, name = table.rpartition(".")
    found = [one for one in tables if one[1] == name and schema in ("", one[0])]
    if len(found) == 1:
        return found[0]
    close = get_close_matches(table, names, n=1)
    meant = f"; did you mean {close[0]}?" if close else f"; there are {listed(names) or 'none'}"
    raise SettingsError(f"--table {table}: {'several schemas have it' if found else 'no such table'}{meant}")


def _place(alias: str, schema: str, name: str) -> str:
    return ".".join([alias, *(one if _PLAIN.fullmatch(one) else quote(one) for one in (schema, name))])
