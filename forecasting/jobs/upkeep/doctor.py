"""Look an installation over: settings, folders, lake, streams. Nothing is written."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

from forecasting.errors import ForecastingError, LakeError, SettingsError, surprises_named
from forecasting.jobs.streams import overview
from forecasting.jobs.upkeep.diagnosis import Diagnosis
from forecasting.jobs.upkeep.lake_checks import look_at_lake
from forecasting.settings import Settings
from forecasting.store.checks import (
    duckdb_version,
    extension_versions,
    folders_of,
    free_bytes,
    why_not_writable,
)
from forecasting.store.lake.open import open_lake_to_read

logger = logging.getLogger(__name__)

LITTLE_ROOM, NO_ROOM = 5_000_000_000, 500_000_000
"""Bytes free on a disk: below the first a warning, below the second an error."""


def run(
    settings: Settings, *, everything: bool = False, begin: Callable[[str], None] = lambda _: None
) -> list[Diagnosis]:
    """Everything that can be looked at without changing anything, a finding each.

    everything: check large tables whole, not only what is recent, and the files of every model. begin: called with what
    is looked at next. Nothing that is wrong is raised; it is a finding with the exit code that it deserves.
    """
    found: list[Diagnosis] = []
    steps: dict[str, Callable[[], Iterator[Diagnosis]]] = {
        "installation": lambda: _look_at_installation(settings),
        "folders": lambda: _look_at_folders(settings),
        "lake": lambda: _open_and_look(settings, everything=everything, begin=begin),
        "streams": lambda: _look_at_streams(settings),
    }
    for name, step in steps.items():
        begin(f"doctor: {name}")
        try:
            with surprises_named(f"doctor: {name}"):
                found += step()
        except ForecastingError as error:
            found.append(Diagnosis("error", name, str(settings.home), str(error), exit_code=error.exit_code))
    logger.info("doctor: %d findings, %d errors", len(found), sum(one.verdict == "error" for one in found))
    return found


def _look_at_installation(settings: Settings) -> Iterator[Diagnosis]:
    yield Diagnosis("ok", "settings", str(settings.home), f"catalog {settings.catalog}, models {settings.models}")
    have = duckdb_version()
    for name, wheel in extension_versions(settings).items():
        where = f"DuckDB {have}"
        if wheel is None:
            message = (
                "expected a wheel, found none; DuckDB will look for it on the network; install duckdb-extension wheels"
            )
            yield Diagnosis("warning", f"extension {name}", where, message)
        elif wheel != have:
            message = f"expected {have}, found the wheel {wheel}; install the wheel of this DuckDB"
            yield Diagnosis("error", f"extension {name}", where, message, exit_code=2)
        else:
            yield Diagnosis("ok", f"extension {name}", where, f"wheel {wheel}")


def _look_at_folders(settings: Settings) -> Iterator[Diagnosis]:
    for kind, folder in folders_of(settings).items():
        refused = why_not_writable(folder)
        if refused:
            message = f"expected a folder that can be written, found: {refused}; grant write permission or move it"
            yield Diagnosis("error", f"{kind} folder", str(folder), message, exit_code=2)
            continue
        free = free_bytes(folder)
        room = f"{free / 1e9:.1f} GB free"
        if free >= LITTLE_ROOM:
            yield Diagnosis("ok", f"{kind} folder", str(folder), f"writable, {room}")
        else:
            message = (
                f"expected {LITTLE_ROOM / 1e9:.0f} GB of room, found {room}; run `forecasting maintain` or add disk"
            )
            short = free < NO_ROOM
            yield Diagnosis(
                "error" if short else "warning", f"{kind} folder", str(folder), message, exit_code=2 * short
            )


def _open_and_look(settings: Settings, *, everything: bool, begin: Callable[[str], None]) -> Iterator[Diagnosis]:
    try:
        with open_lake_to_read(settings) as lake:
            yield from look_at_lake(lake, everything=everything, begin=begin)
    except SettingsError as error:
        yield Diagnosis("error", "lake", settings.catalog, str(error), exit_code=2)
    except LakeError as error:
        yield Diagnosis("error", "lake", settings.catalog, str(error), exit_code=3)


def _look_at_streams(settings: Settings) -> Iterator[Diagnosis]:
    for found in overview.check(settings, []):
        if found.verdict == "error":
            yield Diagnosis("error", "definition", found.path, found.message, exit_code=2)
        elif Path(found.path).parent != settings.streams:
            # a packaged definition is a template until somebody delivers its feed
            yield Diagnosis(
                "ok", "definition", found.stream, "packaged, without a feed" if found.message else found.path
            )
        else:
            yield Diagnosis(found.verdict, "definition", found.stream, found.message or found.path)
