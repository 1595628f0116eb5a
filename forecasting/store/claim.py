"""Confirm that a data folder is a catalog's: after a move, a copy, or a backup that was restored."""

from dataclasses import dataclass
from datetime import datetime

from forecasting.settings import Settings
from forecasting.store.lake.attach import connect
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.open import require_lake
from forecasting.store.lake.sql import sql_files


@dataclass(frozen=True)
class Claim:
    """What was confirmed."""

    moved_from: str | None
    """Where the catalog looked for its data before; None if in this folder."""
    known: int
    """Data files here that the catalog lists."""
    unknown: int
    """Data files here that it does not."""
    unknown_bytes: int


def claim_folder(settings: Settings, *, now: datetime) -> Claim:
    """Make the catalog look for its data in the folder of the settings, and its upkeep free to tidy there.

    Raises SettingsError where there is no lake, LakeError where the folder is another lake's or lacks data of this one.
    """
    require_lake(settings)
    connection = connect(settings, read_only=False, moved=True)
    with Lake(connection, settings, sql_files(settings.sql), read_only=False) as lake, lake.alone():
        lake.ownership.check()
        moved_from = lake.ownership.claim(now=now)
        contents = lake.ownership.contents()
    return Claim(moved_from, len(contents.known), len(contents.unknown), sum(file.size for file in contents.unknown))
