"""The lake's schema, brought to this version of the package."""

import hashlib
import logging
from pathlib import Path

from forecasting.store.lake.lake import Lake

logger = logging.getLogger(__name__)


def migrate(lake: Lake) -> list[str]:
    """Bring the schema to this version; returns the names of what was applied.

    Numbered files of `schema/` run once, in order; files of `views/` run again whenever their text changed. All that
    is due runs in one transaction, so a lake is never between two versions.
    """
    if not _pending(lake):
        return []

    def apply() -> list[str]:
        lake.execute("lake/create_meta.sql")
        lake.execute("lake/create_migrations.sql")
        due = _pending(lake)  # again, now alone among writers
        for path, checksum in due:
            lake.connection.execute(path.read_text(encoding="utf-8"))
            lake.execute("lake/insert_migration.sql", name=f"{path.parent.name}/{path.name}", checksum=checksum)
        return [path.name for path, _ in due]

    applied = lake.write(apply, message="migrate")
    logger.info("lake %s: applied %s", lake.settings.catalog, ", ".join(applied) or "nothing")
    return applied


def _pending(lake: Lake) -> list[tuple[Path, str]]:
    known: dict[str, str] = {}
    if lake.rows("lake/has_migrations.sql")[0][0]:
        known = dict(lake.rows("lake/migrations.sql"))
    due = []
    for folder, repeatable in (("schema", False), ("views", True)):
        for path in lake.files.folder(folder):
            checksum = _checksum(path)
            before = known.get(f"{folder}/{path.name}")
            if before is None or (repeatable and before != checksum):
                due.append((path, checksum))
    return due


def _checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
