"""Published rows for other programs: as files, or as a copy in a PostgreSQL database."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from forecasting.errors import SettingsError
from forecasting.settings import Settings
from forecasting.store.lake.open import open_lake_to_read
from forecasting.store.queries.answer import open_lake_to_query
from forecasting.store.queries.outward import FileFormat, export_query
from forecasting.store.queries.server_copy import SCHEMA, VIEWS, Copied, copy_views
from forecasting.terms import parse_duration

TIMEOUT = "1h"
_VIEW = re.compile(r"(analyst\.)?([a-z][a-z0-9_]*)", re.IGNORECASE)
_KIND = "postgres:"


@dataclass(frozen=True)
class Exported:
    """A file that was written."""

    path: str
    rows: int


def run(
    settings: Settings, what: str, *, form: str, folder: Path, name: str | None = None, timeout: str = TIMEOUT
) -> Exported:
    """Write a view of analysts, or the rows of one SELECT, as a file; an older one is replaced as a whole.

    name: of the file without its ending; that of the view, or `query`, unless given. Raises SettingsError for a format
    or a name that there is not, QueryError where the query is wrong or reads what was not published.
    """
    if form not in list(FileFormat):
        raise SettingsError(f"--format {form}: expected one of {', '.join(FileFormat)}")
    limit = _duration(timeout)
    view = _VIEW.fullmatch(what.strip())
    query = f"from analyst.{view[2]}" if view else what
    stem = name or (view[2].lower() if view else "query")
    if not re.fullmatch(r"[\w][\w.-]{0,99}", stem):
        raise SettingsError(f"--name {stem!r}: expected letters, digits, dots, hyphens and underscores")
    path = folder / f"{stem}.{form}"
    with open_lake_to_query(settings) as lake:
        rows = export_query(lake, query, path, form=FileFormat(form), limit=limit)
    return Exported(str(path), rows)


def save(settings: Settings, query: str, path: Path, *, form: str | None, timeout: str) -> Exported:
    """Write the rows of any query that `forecasting sql` answers as a file.

    form: by the path's ending unless given. Raises SettingsError for a format that there is not, QueryError as `run`.
    """
    chosen = form or path.suffix.removeprefix(".").lower()
    if chosen not in list(FileFormat):
        raise SettingsError(f"--out {path}: expected a file .{', .'.join(FileFormat)}, or --format with one of them")
    with open_lake_to_query(settings) as lake:
        rows = export_query(lake, query, path, form=FileFormat(chosen), limit=_duration(timeout), published_only=False)
    return Exported(str(path), rows)


def _duration(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise SettingsError(f"--timeout: {error}") from error


def copy(settings: Settings, views: Sequence[str], *, to: str, schema: str = SCHEMA) -> list[Copied]:
    """Bring the copy of some views in a PostgreSQL database up to date, of `VIEWS` where none is named.

    to: `postgres:CONNECTION`. Raises SettingsError for anything else, LakeError where the database refuses; nothing is
    changed there then.
    """
    if not to.startswith(_KIND) or to == _KIND:
        raise SettingsError(
            f"--to {to.partition(':')[0]}: expected postgres:CONNECTION, such as 'postgres:host=bi dbname=reports "
            "user=writer'"
        )
    named = [found[2].lower() if (found := _VIEW.fullmatch(view)) else view for view in views]
    with open_lake_to_read(settings) as lake:
        lake.require_present_tables()
        return copy_views(lake, to.removeprefix(_KIND), named or VIEWS, schema=schema)
