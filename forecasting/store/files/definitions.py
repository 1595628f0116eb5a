"""Stream definitions on disk: the packaged ones and the user's own, each with its SQL."""

import os
from dataclasses import dataclass
from pathlib import Path

from forecasting.config.stream import Stream, parse_stream
from forecasting.errors import ForecastingError, SettingsError, in_one_line
from forecasting.settings import Settings
from forecasting.store.lake.sql import SqlFiles, Statement, sql_files
from forecasting.store.texts import read_text

_PACKAGED = Path(__file__).parents[2] / "definitions"


@dataclass(frozen=True)
class Definition:
    """A stream with the place it was read from and the SQL it names."""

    stream: Stream
    path: Path
    files: SqlFiles

    @property
    def extract(self) -> Statement:
        return self.files.read(self.stream.source.extract, beside=self.path.parent)

    @property
    def rejects(self) -> Statement | None:
        """`NAME.rejects.sql` beside the extract: single events that are bad, so that none is lost in a GROUP BY."""
        return self._companion("rejects")

    @property
    def audit(self) -> Statement | None:
        """`NAME.audit.sql` beside the extract: how many raw events were read, counted and dropped by which rule."""
        return self._companion("audit")

    @property
    def calls(self) -> Statement | None:
        """`NAME.calls.sql` beside the extract: single calls with their handle times and waits, to replay plans on."""
        return self._companion("calls")

    @property
    def events(self) -> Statement | None:
        section = self.stream.events
        return self.files.read(section.extract, beside=self.path.parent) if section else None

    def _companion(self, kind: str) -> Statement | None:
        path = self.extract.path.with_suffix(f".{kind}.sql")
        return self.files.statement(path) if os.path.lexists(path) else None


def definition_paths(settings: Settings) -> dict[str, Path]:
    """Definition files by file name, the user's folder over the package's.

    Whether they can be read is seen when they are. Names that begin with a dot are those of editors. Raises
    SettingsError where the user's folder is there and cannot be listed.
    """
    folders = [_PACKAGED, *([settings.streams] if os.path.lexists(settings.streams) else [])]
    return {path.stem: path for folder in folders for path in _listed(folder)}


def _listed(folder: Path) -> list[Path]:
    try:
        found = sorted(folder.iterdir())
    except OSError as error:
        raise SettingsError(
            f"{folder}: expected a folder of definitions, found: {error.strerror or error}; put it right or set "
            "FORECASTING_STREAMS"
        ) from error
    return [path for path in found if path.suffix == ".toml" and not path.name.startswith(".")]


def read_definition(settings: Settings, name: str) -> Definition:
    """The definition of stream `name`. Raises SettingsError that lists the streams there are."""
    paths = definition_paths(settings)
    if name not in paths:
        raise SettingsError(
            f"stream {name!r} does not exist; there are {', '.join(sorted(paths)) or 'none'}; "
            f"add one with `forecasting streams add` or set FORECASTING_STREAMS (now {settings.streams})"
        )
    return read_definition_file(settings, paths[name])


def read_definition_file(settings: Settings, path: Path) -> Definition:
    """The definition in `path`, whose stream must carry the file's name.

    Raises SettingsError that names the file, whatever is wrong with it.
    """
    try:
        stream = parse_stream(read_text(path, SettingsError), path=str(path))
    except ForecastingError:
        raise
    except Exception as error:  # what a library makes of a text that nobody foresaw is that text's trouble
        raise SettingsError(f"{path}: cannot be read as a definition: {in_one_line(error)}") from error
    if stream.name != path.stem:
        raise SettingsError(f"{path}: stream.name: expected {path.stem!r} as the file is called, found {stream.name!r}")
    return Definition(stream, path, sql_files(settings.sql))
