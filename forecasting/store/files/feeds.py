"""Feeds: where usage is read from, and what their faults are called."""

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

import duckdb

from forecasting.config.sections import Attachment
from forecasting.errors import FeedError, QueryError, SettingsError
from forecasting.redaction import remember_secrets
from forecasting.settings import Settings
from forecasting.store.access.extensions import load_extension
from forecasting.store.access.objects import load_store_for
from forecasting.store.files.definitions import Definition
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.sql import Statement, first_line
from forecasting.store.queries.deadline import time_limit
from forecasting.store.queries.permissions import check_extract
from forecasting.terms import format_duration

_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")
_SCANNERS = {"postgres": "postgres_scanner", "sqlite": "sqlite_scanner"}
_TEXT = (".csv", ".tsv", ".txt")
_NO_ZONE = "Unknown TimeZone"
_NOT_UTF8 = "not utf-8 encoded"
_ENCODING = "; name its encoding in the extract, such as read_csv($feed, encoding = 'latin-1'), or save it as UTF-8"
_MISSING = "No files found that match the pattern"
_MISMATCH = re.compile(
    r"Main file schema: (?P<first>.+)\s+Current file: (?P<file>.+)\s+Column with name: \"(?P<column>.+?)\" is missing"
)
_PARQUET_MISMATCH = re.compile(
    r'schema mismatch in glob: column "(?P<column>.+?)" was read from the original file "(?P<first>.+?)", but could '
    r'not be found in file "(?P<file>.+?)"'
)
"""How DuckDB says that a file of several lacks a column."""


def expand_feed(settings: Settings, feed: str) -> str:
    """Feed pattern with `${NAME:-default}` taken from the environment, relative paths from FORECASTING_HOME.

    Raises SettingsError where a variable has neither a value nor a default.
    """

    def value(match: re.Match[str]) -> str:
        found = os.environ.get(match[1]) or match[2]
        if found is None:
            raise SettingsError(f"feed {feed!r}: environment variable {match[1]} is not set and has no default")
        return found

    expanded = _VARIABLE.sub(value, feed)
    remember_secrets(expanded)
    return expanded if "://" in expanded else str(settings.home / expanded)


def has_feed(definition: Definition, settings: Settings) -> bool:
    """Whether a stream's feed can be there: local files that exist, or anything that is no local file."""
    feed = definition.stream.source.feed
    try:
        pattern = expand_feed(settings, feed) if feed else None
    except SettingsError:
        return False
    return pattern is None or "://" in pattern or any(local_files(pattern))


def local_files(pattern: str) -> Iterator[Path]:
    """Files of an absolute feed pattern."""
    path = Path(pattern)
    return Path(path.anchor).glob(str(path.relative_to(path.anchor)))


def lacks_final_newline(path: Path) -> bool:
    """Whether a CSV file has a last line that may be cut off, as of a file that is still being written."""
    if path.suffix.lower() not in _TEXT or path.stat().st_size == 0:
        return False
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) not in b"\r\n"


FileState = tuple[int, int, int] | None
"""Inode, size and time of the last change in nanoseconds; None where there is no such file."""


def _state(path: Path) -> FileState:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


class Feed:
    """The feed of one stream, open on a lake's connection so that an extract can also read other streams' history."""

    def __init__(self, lake: Lake, definition: Definition) -> None:
        self.lake = lake
        self.definition = definition
        self.pattern = _pattern(lake.settings, definition.stream.source.feed)
        if self.pattern and self.pattern.lower().endswith(".xlsx"):
            load_extension(lake.connection, "excel")
        events = definition.stream.events
        for feed in (self.pattern, _pattern(lake.settings, events.feed) if events else None):
            load_store_for(lake.connection, lake.settings.store, feed)
        self._states: dict[Path, FileState] = {}

    def create_table(self, name: str, statement: Statement, *, since: datetime, until: datetime) -> None:
        """Keep the rows of a statement over [since, until) as the temporary table `name`.

        An events statement reads the events' own feed, where they have one.
        Raises FeedError for a feed that is missing, damaged, too slow or of another shape, QueryError for SQL that is
        wrong in itself or reads more than the definition allows.
        """
        values = self._admit(statement, since=since, until=until)
        with self._translated(statement):
            self.lake.connection.execute(f"create or replace temp table {name} as\n{statement.text}", values)

    def columns(self, statement: Statement, *, since: datetime, until: datetime) -> dict[str, str]:
        """Column names and DuckDB types that a statement returns, found by binding it, not by running it."""
        values = self._admit(statement, since=since, until=until)
        with self._translated(statement):
            described = self.lake.connection.execute(f"describe\n{statement.text}", values).fetchall()
        return {row[0]: row[1] for row in described}

    def files(self) -> list[Path]:
        """Files of a local feed; none of one elsewhere."""
        if not self.pattern or "://" in self.pattern:
            return []
        return [Path(file) for (file,) in self.lake.rows("ingest/feed_files.sql", feed=self.pattern)]

    def check_files(self) -> None:
        """Raises FeedError where a local feed has no file at all, or a CSV file of it is not finished."""
        if not self.pattern or "://" in self.pattern:
            return
        files = self.files()
        if not files:
            raise FeedError(self._missing())
        self._states = {path: _state(path) for path in files}
        cut = next(filter(lacks_final_newline, files), None)
        if cut and self.definition.stream.source.final_newline:
            raise FeedError(
                f"stream {self.definition.stream.name}: feed file {cut}: expected a newline at its end, found none: "
                "its last line may be cut off; deliver it again whole; if such files are always like that, say "
                "source.final_newline = false in the definition"
            )

    def check_unchanged(self) -> None:
        """Raises FeedError where a file is no longer as it was when it was checked: half of each may have been read."""
        changed = next((path for path, state in self._states.items() if _state(path) != state), None)
        if changed:
            raise FeedError(
                f"stream {self.definition.stream.name}: feed file {changed} changed while it was read, so nothing of "
                "it was taken in; run again, and deliver files by renaming them into their place when they are whole"
            )

    def _admit(self, statement: Statement, *, since: datetime, until: datetime) -> dict[str, object]:
        """The values that a statement names, once it is known to read nothing but what its definition allows."""
        values = statement.bind(since=since, until=until, feed=self._feed_of(statement))
        source, events = self.definition.stream.source, self.definition.stream.events
        settings = self.lake.settings
        check_extract(
            self.lake.connection,
            statement,
            values,
            where=f"stream {self.definition.stream.name}: {statement.path}",
            feeds=[expand_feed(settings, feed) for feed in (source.feed, events and events.feed) if feed],
            allowed=[expand_feed(settings, place) for place in source.allow],
            databases=source.attach.keys(),
            home=settings.home,
        )
        return values

    def _feed_of(self, statement: Statement) -> str | None:
        events = self.definition.stream.events
        if events and events.feed and statement == self.definition.events:
            return expand_feed(self.lake.settings, events.feed)
        return self.pattern

    def _missing(self) -> str:
        stream = self.definition.stream
        return (
            f"stream {stream.name}: feed {self.pattern}: no file found; "
            f"expected the files that source.feed = {stream.source.feed!r} names"
        )

    @contextmanager
    def _translated(self, statement: Statement) -> Iterator[None]:
        limit = self.definition.stream.source.timeout
        try:
            with time_limit(self.lake.connection, limit):
                yield
        except TimeoutError as error:
            raise FeedError(
                f"stream {self.definition.stream.name}: {statement.path}: stopped after {format_duration(limit)}, "
                "which is source.timeout; see why its source is slow, or allow more"
            ) from error
        except duckdb.Error as error:
            raise self._translate(error, statement) from error

    def _translate(self, error: duckdb.Error, statement: Statement) -> FeedError | QueryError:
        where = f"stream {self.definition.stream.name}: {statement.path}"
        text = str(error)
        if _MISSING in text:
            return FeedError(f"{where}: {first_line(error)}; expected the files that the definition's feed names")
        if mismatch := _MISMATCH.search(text) or _PARQUET_MISMATCH.search(text):
            column = mismatch["column"]
            return FeedError(
                f"stream {self.definition.stream.name}: feed file {mismatch['file']}: column {column!r} is missing, "
                f"which {mismatch['first']} has: all files of a feed have one shape; deliver it with its columns, or "
                "move it out of the feed"
            )
        shape = isinstance(error, duckdb.BinderException | duckdb.CatalogException)
        damaged = self._damaged_file(whole=not shape) if self.pattern else None
        if damaged:
            return FeedError(
                f"stream {self.definition.stream.name}: feed file {damaged}: not a whole Parquet file; deliver it again"
            )
        if _NO_ZONE in text:
            return QueryError(f"{where}: {first_line(error)}; expected an IANA zone such as America/Toronto")
        source = self.definition.stream.source
        # without a feed or a database of others, a name that is not there is the statement's own mistake
        if isinstance(error, duckdb.ParserException) or (shape and not source.feed and not source.attach):
            return QueryError(f"{where}: {first_line(error)}")
        read = f"the feed {self.pattern}" if self.pattern else "what it reads"
        if shape:
            return FeedError(f"{where}: {read} has not the expected shape: {first_line(error)}")
        hint = _ENCODING if _NOT_UTF8 in text else ""
        return FeedError(f"{where}: reading {self.pattern or 'it'} failed: {first_line(error)}{hint}")

    def _damaged_file(self, *, whole: bool) -> str | None:
        """First Parquet file of the feed whose footer cannot be read or, where that is asked for, any of its values."""
        names = [name for (name,) in self.lake.rows("ingest/feed_files.sql", feed=self.pattern)]
        parquet = [name for name in names if name.endswith((".parquet", ".pq"))]
        readings = ("ingest/parquet_footer.sql", *(("ingest/parquet_values.sql",) if whole else ()))
        broken = (name for reading in readings for name in parquet if not self._reads(reading, name))
        return next(broken, None)

    def _reads(self, reading: str, file: str) -> bool:
        statement = self.lake.files.read(reading)
        try:
            self.lake.connection.execute(statement.text, statement.bind(file=file)).fetchall()
        except duckdb.Error:
            return False
        return True


@contextmanager
def open_feed(lake: Lake, definition: Definition) -> Iterator[Feed]:
    """The stream's feed, its databases attached read-only while it is open."""
    with ExitStack() as attached:
        for alias, source in definition.stream.source.attach.items():
            where = f"{definition.path}: source.attach.{alias}"
            attached.enter_context(open_database(lake, alias, source, where=where))
        yield Feed(lake, definition)


@contextmanager
def open_database(lake: Lake, alias: str, source: Attachment, *, where: str) -> Iterator[None]:
    """A database, attached read-only under a name while it is open. where: begins messages. Raises FeedError."""
    uri = expand_feed(lake.settings, source.uri) if source.type != "postgres" else os.path.expandvars(source.uri)
    remember_secrets(uri)
    try:
        if source.type in _SCANNERS:
            load_extension(lake.connection, _SCANNERS[source.type])
        # an alias is a checked name; ATTACH takes no parameters
        literal = "'" + uri.replace("'", "''") + "'"
        lake.connection.execute(f"attach {literal} as {alias} (type {source.type}, read_only)")
    except duckdb.Error as error:
        raise FeedError(f"{where}: cannot attach the {source.type} database: {first_line(error)}") from error
    try:
        yield
    finally:
        lake.connection.execute(f"detach {alias}")


def _pattern(settings: Settings, feed: str | None) -> str | None:
    return expand_feed(settings, feed) if feed else None
