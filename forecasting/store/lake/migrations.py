"""The lake's schema, brought to this version of the package."""

import logging

from forecasting.store.lake.lake import Lake
from forecasting.store.lake.sql import checksum_of
from forecasting.store.lake.tables import TABLES

logger = logging.getLogger(__name__)


def migrate(lake: Lake) -> list[str]:
    """Bring the schema to this version; returns the names of what was applied.

    Numbered files of `schema/` run once, in order; files of `views/` run again whenever their text changed. All that
    is due runs in one transaction, so a lake is never between two versions.
    """
    if not lake.pending():
        return []

    def apply() -> list[str]:
        lake.execute("lake/create_meta.sql")
        lake.execute("lake/create_migrations.sql")
        due = lake.pending()  # again, now alone among writers
        for path in due:
            lake.connection.execute(path.read_text(encoding="utf-8"))
            name = f"{path.parent.name}/{path.name}"
            lake.execute("lake/insert_migration.sql", name=name, checksum=checksum_of(path))
        _begin_statistics(lake)
        return [path.name for path in due]

    applied = lake.write(apply, message="migrate")
    logger.info("lake %s: applied %s", lake.settings.catalog, ", ".join(applied) or "nothing")
    return applied


def _begin_statistics(lake: Lake) -> None:
    """Write a row to every table that has none yet and remove it again, in the same transaction.

    DuckLake keeps statistics of a table from its first row on. Until then it asks the catalog again for each column
    whenever a statement is planned, which costs more than all other parts of a small query.
    """
    for (name,) in lake.rows("lake/unmeasured_tables.sql"):
        table = lake.connection.table(name) if name in TABLES else None
        if table is not None and table.count("*").fetchall() == [(0,)]:
            table.insert([_zero_of(str(kind)) for kind in table.types])
            lake.execute("templates/delete_rows.sql", of=TABLES[name])


def _zero_of(kind: str) -> str:
    """Some value of a type, as text."""
    if kind.endswith("[]"):
        return "[]"
    if kind.startswith("MAP"):
        return "{}"
    return "1970-01-01" if kind.startswith(("TIMESTAMP", "DATE")) else "0"
