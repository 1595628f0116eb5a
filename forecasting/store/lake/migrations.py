"""The lake's schema, brought to this version of the package."""

import logging

from forecasting.store.lake.lake import Lake
from forecasting.store.lake.sql import checksum_of

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
        return [path.name for path in due]

    applied = lake.write(apply, message="migrate")
    logger.info("lake %s: applied %s", lake.settings.catalog, ", ".join(applied) or "nothing")
    return applied
