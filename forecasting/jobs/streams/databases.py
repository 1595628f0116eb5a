"""A database as the source of a feed: PostgreSQL, DuckDB or SQLite, by a table or a query."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from forecasting.config.sections import Attachment
from forecasting.errors import SettingsError
from forecasting.jobs.feeds.formats.columns import listed, quote
from forecasting.jobs.feeds.sources import Source, described
from forecasting.redaction import redact
from forecasting.settings import Settings
from forecasting.store.files.feeds import expand_feed, open_database
from forecasting.store.lake.lake import Lake
from forecasting.store.queries.answer import without_end
from forecasting.store.queries.reads import place_tables
from forecasting.store.texts import toml_text

_KINDS = ("postgres", "duckdb", "sqlite")
_RESERVED = ("lake", "main", "memory", "system", "temp", "feed")
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
_VARIABLE = re.compile(r"\$\{(\w+)\}")


@dataclass(frozen=True)
class Database:
    """A database under the name that an extract calls it by."""

    alias: str
    attachment: Attachment

    def as_toml(self) -> str:
        """The table of the definition that attaches it."""
        return (
            f"\n[source.attach.{self.alias}]\n"
            f'type = "{self.attachment.type}"\nuri = "{toml_text(self.attachment.uri)}"\n'
        )


def read_database(settings: Settings, text: str) -> Database:
    """What `--from` names: `postgres:CONNECTION`, `duckdb:FILE` or `sqlite:FILE`.

    Raises SettingsError for anything else, a file that is not there, or a connection with a secret in it, for it is
    written into the definition.
    """
    kind, _, place = text.partition(":")
    if kind == "postgresql":
        kind, place = "postgres", text
    if kind not in _KINDS or not place:
        raise SettingsError(
            f"--from {text}: expected postgres:CONNECTION, duckdb:FILE or sqlite:FILE, such as "
            "'postgres:host=db dbname=crm user=reader'"
        )
    if redact(place) != place:
        raise SettingsError(
            f"--from {text}: it holds a secret, which would be written into the definition; keep the password in "
            "~/.pgpass or PGPASSWORD, or write the name of a variable, such as 'password=${CRM_PASSWORD}'"
        )
    missing = next((name for name in _VARIABLE.findall(place) if name not in os.environ), None)
    if missing:
        raise SettingsError(f"--from {text}: environment variable {missing} is not set")
    if kind == "postgres":
        return Database(_alias(_database_name(place)), Attachment(type="postgres", uri=place))
    path = _find_file(settings, place)
    return Database(_alias(Path(place).stem), Attachment.model_validate({"type": kind, "uri": path}))


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


def _find_file(settings: Settings, place: str) -> str:
    """The file below FORECASTING_HOME, as a definition reads it, else in the current folder."""
    below, here = Path(expand_feed(settings, place)), Path(place).absolute()
    if below.is_file():
        return place
    if here.is_file():
        return str(here)
    raise SettingsError(f"--from {place}: no file {below}")


def _database_name(connection: str) -> str:
    found = re.search(r"\bdbname\s*=\s*'?([^\s']+)", connection) or re.search(r"//[^/]*/([^?]+)", connection)
    return found[1] if found else "source"


def _alias(name: str) -> str:
    plain = re.sub(r"\W+", "_", name.lower(), flags=re.ASCII).strip("_") or "source"
    return f"{plain}_db"[:63] if plain in _RESERVED or not plain[0].isalpha() else plain[:63]


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
