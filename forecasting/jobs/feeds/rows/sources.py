"""Where the rows of a feed are read from: the reader, as it is written into the extract, and its columns."""

import gzip
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from forecasting.errors import FeedError, SettingsError
from forecasting.jobs.feeds.findings import Notes
from forecasting.jobs.feeds.formats.columns import literal
from forecasting.jobs.feeds.formats.dialects import HEAD_BYTES, Dialect, decode, find_dialect, find_encoding
from forecasting.settings import Settings
from forecasting.store.access.extensions import load_extension
from forecasting.store.access.objects import load_store_for
from forecasting.store.files.feeds import expand_feed, local_files
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.sql import first_line

WHOLE_BYTES = 64_000_000
"""Feeds up to this size are looked at as a whole, larger ones by a sample and then once more in full."""
SAMPLE_ROWS = 200_000
_FILE = re.compile(r"\.(csv|tsv|txt|dat|parquet|pq|xlsx)(\.gz|\.zst)?$", re.IGNORECASE)
_TEXT = re.compile(r"\.(csv|tsv|txt|dat)(\.gz|\.zst)?$", re.IGNORECASE)


@dataclass(frozen=True)
class Source:
    """What a feed is read from.

    relation: SQL of a table or table function, which may name `$feed`. pattern: the value of `$feed`, absolute; None
    for a database. types: columns with DuckDB's types; cells: types of a spreadsheet's cells, which are read as text.
    size: bytes of all files, 0 where that is not known. paths: the files on this machine; dialect: of text files.
    """

    relation: str
    types: Mapping[str, str]
    pattern: str | None = None
    kind: str = "csv"
    cells: Mapping[str, str] | None = None
    size: int = 0
    paths: tuple[Path, ...] = ()
    dialect: Dialect | None = None

    @property
    def parameters(self) -> dict[str, object]:
        """Values of the parameters that the relation names."""
        return {"feed": self.pattern} if "$feed" in self.relation else {}


def find_feed(settings: Settings, feed: str) -> str:
    """The feed below FORECASTING_HOME, as a definition reads it, else in the current folder."""
    pattern, here = expand_feed(settings, feed), str(Path(feed).absolute())
    if "://" not in pattern and not any(local_files(pattern)) and any(local_files(here)):
        return here
    return pattern


def folder_pattern(settings: Settings, feed: str) -> str:
    """The pattern of all feed files of a folder; a feed that is no folder as it stands.

    Raises SettingsError where the folder holds files of no kind that is read, or of several.
    """
    found = next((path for path in (Path(expand_feed(settings, feed)), Path(feed)) if path.is_dir()), None)
    if "://" in feed or found is None:
        return feed
    kinds = sorted({match[0].lower() for path in found.iterdir() if (match := _FILE.search(path.name))})
    if len(kinds) != 1:
        raise SettingsError(
            f"--feed {feed}: expected a folder with files of one kind (csv, tsv, txt, parquet or xlsx), found "
            f"{', '.join(kinds) or 'none'}; name the files, such as '{feed.rstrip('/')}/*.csv'"
        )
    return f"{feed.rstrip('/')}/*{kinds[0]}"


def file_source(lake: Lake, pattern: str, notes: Notes, *, sheet: str | None = None) -> Source:
    """The reader of files, by their names and first bytes. Raises FeedError where they cannot be read."""
    paths = sorted(local_files(pattern)) if "://" not in pattern else []
    if "://" not in pattern and not paths:
        raise FeedError(f"--feed {pattern}: cannot be read: no file {pattern}")
    load_store_for(lake.connection, lake.settings.store, pattern)
    size = sum(path.stat().st_size for path in paths)
    if _TEXT.search(pattern) or any(_TEXT.search(path.name) for path in paths):
        source = _text_source(lake, pattern, paths, notes)
    elif pattern.lower().endswith((".parquet", ".pq")):
        source = described(lake, Source("read_parquet($feed)", {}, pattern, "parquet"))
    elif pattern.lower().endswith(".xlsx"):
        source = _sheet_source(lake, pattern, notes, sheet)
    else:
        raise SettingsError(
            f"--feed {pattern}: expected .csv, .tsv, .txt, .parquet or .xlsx files, such as feeds/usage.parquet or "
            "'feeds/*.csv'"
        )
    return replace(source, size=size * (8 if re.search(r"\.(gz|zst)$", pattern) else 1), paths=tuple(paths))


def _text_source(lake: Lake, pattern: str, paths: list[Path], notes: Notes) -> Source:
    name = str(paths[0]) if paths else pattern
    if paths and not name.endswith(".zst"):
        opened = gzip.open if name.endswith(".gz") else open
        try:
            with opened(name, "rb") as file:
                head = file.read(HEAD_BYTES)
        except (OSError, EOFError) as error:
            raise FeedError(f"--feed {name}: cannot be read: {error}") from error
        encoding = find_encoding(head, name=name)
        lines = decode(head, encoding)
    else:
        encoding, lines = "utf-8", _remote_lines(lake, pattern)
    if not any(line.strip() for line in lines):
        raise FeedError(f"--feed {name}: the file is empty")
    dialect = replace(find_dialect(lines, name=name), encoding=encoding)
    try:
        source = described(lake, _with(dialect, pattern))
        _probe(lake, source)
    except FeedError as error:
        # a letter beyond ASCII may come late
        if "utf-8" not in str(error).lower() or encoding != "utf-8":
            raise
        dialect = replace(dialect, encoding="latin-1")
        source = described(lake, _with(dialect, pattern))
        _probe(lake, source)
    _note_dialect(notes, dialect, source)
    return source


def _with(dialect: Dialect, pattern: str) -> Source:
    return Source(dialect.sql(), {}, pattern, "csv", dialect=dialect)


def _probe(lake: Lake, source: Source) -> None:
    """Read a few rows, so that what is wrong with a file's text shows now."""
    try:
        few = {**source.parameters, "most": 1000}
        lake.connection.execute(_filled(lake, "templates/feed_rows.sql", source), few).fetchall()
    except duckdb.Error as error:
        raise unreadable(source.pattern, error) from error


def unreadable(pattern: str | None, error: duckdb.Error) -> FeedError:
    """The error of a feed that DuckDB cannot read."""
    text = str(error)
    line = re.search(r"CSV Error on Line: (\d+)", text)
    cause = next((part.strip() for part in text.splitlines()[2:] if part.strip()), "") if line else ""
    where = f"line {line[1]}: {cause}" if line else first_line(error)
    if "not utf-8 encoded" in text:
        where += " This file is not utf-8 encoded."
    return FeedError(f"{f'--feed {pattern}' if pattern else '--from'}: cannot be read: {where}")


def _note_dialect(notes: Notes, dialect: Dialect, source: Source) -> None:
    if dialect.encoding != "utf-8":
        notes.add("encoding", {"latin-1": "Latin-1", "utf-16": "UTF-16"}[dialect.encoding], "the file is not UTF-8")
    if dialect.separator != ",":
        names = {";": "semicolon", "\t": "tab", "|": "|"}
        notes.add("separator", names[dialect.separator])
    if dialect.skip:
        notes.add("header", f"line {dialect.skip + 1}", "the lines before it are no table")
    if not dialect.header:
        notes.add("header", "none", f"columns are called {', '.join(list(source.types)[:3])}, ...")


def _remote_lines(lake: Lake, pattern: str) -> list[str]:
    statement = lake.files.read("templates/feed_lines.sql")
    try:
        return [row[0] or "" for row in lake.connection.execute(statement.text, {"feed": pattern}).fetchall()]
    except duckdb.Error as error:
        raise unreadable(pattern, error) from error


def _sheet_source(lake: Lake, pattern: str, notes: Notes, sheet: str | None) -> Source:
    load_extension(lake.connection, "excel")
    chosen = f", sheet = {literal(sheet)}" if sheet else ""
    try:
        rows = lake.connection.execute(
            f"from read_xlsx($feed, header = false, all_varchar = true, stop_at_empty = false{chosen}) limit 60",
            {"feed": pattern},
        ).fetchall()
    except duckdb.Error as error:
        raise unreadable(pattern, error) from error
    widths = [sum(cell is not None and cell != "" for cell in row) for row in rows]
    if not rows or max(widths) < 2:
        raise FeedError(f"--feed {pattern}: the sheet holds no table; name another one with --sheet")
    start = next(place for place, width in enumerate(widths) if width >= max(2, 0.6 * max(widths)))
    area = f", range = 'A{start + 1}:{_letters(len(rows[0]))}1048576'" if start else ""
    if start:
        notes.add("header", f"row {start + 1}", "the rows before it are no table")
    options = f"header = true, stop_at_empty = true{chosen}{area}"
    typed = described(lake, Source(f"read_xlsx($feed, {options}, ignore_errors = true)", {}, pattern, "xlsx"))
    text = described(lake, Source(f"read_xlsx($feed, {options}, all_varchar = true)", {}, pattern, "xlsx"))
    return replace(text, cells=dict(typed.types))


def _letters(number: int) -> str:
    """The name of a spreadsheet's column by its number from 1."""
    name = ""
    while number:
        number, rest = divmod(number - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def described(lake: Lake, source: Source) -> Source:
    """A source with its columns and their types. Raises FeedError where it cannot be read."""
    try:
        rows = lake.connection.execute(
            _filled(lake, "templates/feed_columns.sql", source), source.parameters
        ).fetchall()
    except duckdb.Error as error:
        raise unreadable(source.pattern, error) from error
    return replace(source, types={row[0]: row[1] for row in rows})


def _filled(lake: Lake, template: str, source: Source) -> str:
    return lake.files.read(template).fill({"rows": source.relation}).text
