"""Published rows for DuckDB clients: a lake that is attached read-only, behind DuckDB's Quack extension."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

import duckdb
from duckdb.sqltypes import VARCHAR

from forecasting.errors import LakeError, QueryError, SettingsError
from forecasting.settings import Settings
from forecasting.store.access.extensions import extension_file, literal, load_extension
from forecasting.store.lake.attach import ALIAS
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.open import open_lake_to_read
from forecasting.store.lake.sql import first_line, sql_files
from forecasting.store.queries.reads import check_harmless, read_query

EXTENSION = "quack"
_WHERE = "serve"
_SHOWN = "analyst"
_CATALOGS = (_SHOWN, "information_schema")
"""Schemas that clients may name: published rows, and the names of tables, which ATTACH asks for."""
_TURNS = ("BEGIN TRANSACTION", "COMMIT", "ROLLBACK")
"""What a client's own transactions send; they only hold a snapshot."""
_AUTHORIZE = "forecasting_answer_to"


@contextmanager
def served(settings: Settings, *, address: str, token: str, to_others: bool = False) -> Iterator[None]:
    """Serve the analysts' views at an address such as `127.0.0.1:9494` until the context ends.

    Clients may send one SELECT that reads schema `analyst`; everything else is refused with the reason, by DuckDB's own
    parser (see `reads.py`). The server reads no file but the lake's, and its configuration is locked. token: at least
    four characters; to_others: whether the address may be one that other machines reach. Raises SettingsError where the
    extension is missing or there is no lake, LakeError where the lake is of an older version or the address is taken.
    """
    if extension_file(EXTENSION) is None:
        raise SettingsError(
            "serve: needs DuckDB's extension quack, which is not installed; pip install 'forecasting[serve]'"
        )
    with open_lake_to_read(settings) as lake, duckdb.connect() as parser:
        if lake.pending():
            raise LakeError("serve: this lake was made by an older version: run `forecasting maintain` first")
        connection = lake.connection
        # without httpfs loaded the server wants to load it at the first request, which the lock below forbids
        load_extension(connection, "httpfs")
        load_extension(connection, EXTENSION)
        macros = _show_views(lake)
        refused = sql_files(settings.sql).read("templates/refused.sql")

        def answer_to(_: str, query: str) -> str:
            try:
                with parser.cursor() as own:
                    check_served(own, query, macros=macros)
            except QueryError as error:
                # of a callback that only says no, a client reads "Authorization failed"
                return refused.fill({"reason": literal(str(error))}).text
            return query

        # the callback gives the statement that runs in the place of the one asked; an exception refuses it
        connection.create_function(_AUTHORIZE, answer_to, [VARCHAR, VARCHAR], VARCHAR, side_effects=True)
        connection.execute(f"set global quack_authorization_function = {literal(_AUTHORIZE)}")
        connection.execute("set global TimeZone = 'UTC'")
        # stored secrets are files: they are read before none can be
        connection.execute("select count(*) from system.main.duckdb_secrets()").fetchall()
        connection.execute(f"set allowed_directories = [{literal(settings.data.rstrip('/') + '/')}]")
        uri, others = f"quack:{address}", "true" if to_others else "false"
        try:
            connection.execute(
                f"call quack_serve({literal(uri)}, token = {literal(token)}, allow_other_hostname = {others})"
            )
        except duckdb.Error as error:
            raise LakeError(f"serve: {address}: {first_line(error)}; expected an address that is free") from error
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
        try:
            yield
        finally:
            connection.execute(f"call quack_stop({literal(uri)})")


def check_served(connection: duckdb.DuckDBPyConnection, query: str, *, macros: Collection[tuple[str, str]]) -> None:
    """Raise QueryError unless a client may ask this: one SELECT of published rows. macros: those of schema analyst."""
    if query.strip().rstrip(";").upper() in _TURNS:
        return
    reads = read_query(connection, query, where=_WHERE)
    check_harmless(reads, where=_WHERE, own=macros)
    for parts in reads.tables:
        folded = [part.lower() for part in parts]
        # a name alone is one that the query defines itself, or a file, whose name has a point or a slash
        own = (
            folded[0].isidentifier()
            if len(folded) == 1
            else folded[-2] in _CATALOGS and folded[:-2] in ([], ["memory"])
        )
        if not own:
            raise QueryError(
                f"{_WHERE}: {'.'.join(parts)} is not served: expected a view or macro of schema analyst, such as "
                "analyst.forecast_latest; see analyst.dictionary"
            )


def _show_views(lake: Lake) -> frozenset[tuple[str, str]]:
    """Make the analysts' views and macros in the database that clients see; returns the macros' schema and name.

    Macros that name others are looked up in the caller's database, so the same statements as in the lake run again,
    over views of its tables.
    """
    connection, sql = lake.connection, sql_files(lake.settings.sql)
    tables = [(str(schema), str(name)) for schema, name in lake.rows("served/tables.sql", lake=ALIAS)]
    views = [(_SHOWN, str(name)) for (name,) in lake.rows("served/views.sql", lake=ALIAS)]
    schema, view = sql.read("templates/served_schema.sql"), sql.read("templates/served_view.sql")
    connection.execute("use memory")
    for name in sorted({own for own, _ in (*tables, *views)}):
        connection.execute(schema.fill({"schema": _quoted(name)}).text)
    # tables first; what the statements of views/ leave out are views that were made for single streams
    for step in (tables, None, views):
        if step is None:
            for path in sql.folder("views"):
                connection.execute(sql.statement(path).text)
            continue
        for own, name in step:
            parts = {"lake": ALIAS, "schema": _quoted(own), "name": _quoted(name)}
            connection.execute(view.fill(parts).text)
    return frozenset(connection.execute(sql.read("served/macros.sql").text).fetchall())


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
