"""Which streams read the history of which, and so which stream runs first."""

from contextlib import suppress

from forecasting.errors import ForecastingError, SettingsError
from forecasting.settings import Settings
from forecasting.store.files.definitions import definition_paths, read_definition


def reads_others(settings: Settings, stream: str) -> bool:
    """Whether a stream's extract reads other streams; not where its definition cannot be read."""
    try:
        return bool(read_definition(settings, stream).stream.source.reads)
    except ForecastingError:
        return False  # its own job says what is wrong


def check_sources(settings: Settings, stream: str) -> None:
    """Raises SettingsError where a stream's `source.reads` names one that does not exist, or that reads others itself.

    A source whose definition cannot be read stops nobody else: its history is there all the same.

    Two levels are enough, for an extract can read all that its source reads; and where none reads a reader, streams
    that read each other in a circle cannot be, and every run has two waves: those with a feed, then their readers.
    """
    if not reads_others(settings, stream):
        return
    definition, there = read_definition(settings, stream), definition_paths(settings)
    where = f"{definition.path}: source.reads"
    for name in definition.stream.source.reads:
        if name not in there:
            raise SettingsError(f"{where}: stream {name!r} does not exist; there are {', '.join(sorted(there))}")
        further: tuple[str, ...] = ()
        with suppress(ForecastingError):  # its own job says what is wrong
            further = read_definition(settings, name).stream.source.reads
        if further:
            raise SettingsError(
                f"{where}: stream {name!r} reads others itself ({', '.join(further)}); expected streams that have a "
                "feed of their own: read what it reads"
            )
