"""Stream definitions on disk: the packaged ones and the user's own, each with its SQL."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from forecasting.config.stream import Stream, parse_stream
from forecasting.errors import SettingsError
from forecasting.settings import Settings
from forecasting.store.lake.sql import SqlFiles, Statement, sql_files

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
        return self.files.statement(path) if path.is_file() else None


def definition_paths(settings: Settings) -> dict[str, Path]:
    """Definition files by file name, the user's folder over the package's."""
    folders = [folder for folder in (_PACKAGED, settings.streams) if folder.is_dir()]
    return {path.stem: path for folder in folders for path in sorted(folder.glob("*.toml"))}


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
    """The definition in `path`, whose stream must carry the file's name."""
    stream = parse_stream(path.read_text(encoding="utf-8"), path=str(path))
    if stream.name != path.stem:
        raise SettingsError(f"{path}: stream.name: expected {path.stem!r} as the file is called, found {stream.name!r}")
    return Definition(stream, path, sql_files(settings.sql))


def read_definitions(settings: Settings) -> Iterator[Definition]:
    """All definitions in name order."""
    for name in sorted(definition_paths(settings)):
        yield read_definition(settings, name)
