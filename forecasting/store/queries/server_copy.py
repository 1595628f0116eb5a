"""A copy of analysts' views in a PostgreSQL database, for programs that speak to servers only."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from forecasting.errors import LakeError, SettingsError
from forecasting.redaction import redact, remember_secrets
from forecasting.store.access.extensions import literal, load_extension
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.sql import first_line
from forecasting.store.queries.answer import as_texts

SCHEMA = "forecasting"
"""Schema of the copies, so that they touch nothing else of a database."""
VIEWS = (
    *("forecast_latest", "aggregates_latest", "staffing_latest", "staffing_periods_latest", "groups_latest"),
    *("rosters_latest", "shifts_latest", "capacity_latest", "capacity_watchlist", "capacity_budget", "runout_latest"),
    *(
        "capacity_findings",
        "surges_latest",
        "plan_latest",
        "accuracy",
        "accuracy_monthly",
        "streams",
        "series",
        "dictionary",
    ),
)
"""Views that are copied unless others are named."""
_CHANGING = frozenset(("surges_latest",))
"""Views whose rows change without a new run."""
_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,62}")


@dataclass(frozen=True)
class Copied:
    """What became of one view's copy."""

    view: str
    added: int
    removed: int


def copy_views(lake: Lake, address: str, views: Sequence[str], *, schema: str = SCHEMA) -> list[Copied]:
    """Bring copies of views up to date, all in one transaction: a reader sees the old copies or the new ones.

    lake: open to read, on a connection that may attach. address: of a PostgreSQL database. Rows of runs that the copy
    has are left as they are; those of runs that are no longer current go, and those of new runs come. A view without
    runs is copied whole. Raises SettingsError for a view that does not exist, LakeError where the database refuses.
    """
    remember_secrets(address)
    connection = lake.connection
    _check_names(lake, views, schema)
    load_extension(connection, "postgres_scanner")
    try:
        connection.execute(f"attach {literal(address)} as copy_target (type postgres)")
        try:
            connection.begin()
            connection.execute(f"create schema if not exists copy_target.{schema}")
            done = [_copy_view(lake, view, schema) for view in views]
            connection.commit()
        except BaseException:
            connection.rollback()
            raise
        finally:
            connection.execute("detach copy_target")
    except duckdb.Error as error:
        raise LakeError(
            f"export to {redact(address)}: {first_line(error)}; nothing was changed there; correct the connection or "
            f"the rights of its user, who needs to write into schema {schema}"
        ) from error
    return done


def _check_names(lake: Lake, views: Sequence[str], schema: str) -> None:
    """Names go into the text of statements: they are plain identifiers, and those of views that there are."""
    if not _IDENTIFIER.fullmatch(schema):
        raise SettingsError(f"--schema {schema}: expected a plain name such as {SCHEMA}")
    known = {name for (name,) in lake.rows("lake/analyst_views.sql")}
    for view in views:
        if view not in known or not _IDENTIFIER.fullmatch(view):
            raise SettingsError(f"export: no view analyst.{view}; there are {', '.join(sorted(known))}")


def _copy_view(lake: Lake, view: str, schema: str) -> Copied:
    connection = lake.connection
    rows = connection.sql(f"from analyst.{view}")
    parts = {"schema": schema, "view": view, "select": as_texts(rows).sql_query()}

    def run(name: str) -> int:
        counted = connection.execute(lake.files.read(name).fill(parts).text).fetchall()
        return int(counted[0][0]) if counted else 0

    run("templates/copy_create.sql")
    if "run_id" in rows.columns and view not in _CHANGING:
        removed = run("templates/copy_delete.sql")
        return Copied(view, run("templates/copy_insert.sql"), removed)
    removed = run("templates/copy_clear.sql")
    return Copied(view, run("templates/copy_all.sql"), removed)
