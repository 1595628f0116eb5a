"""Take a lake, catalog, data and models, to another place, and prove that it is the same there."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from forecasting.redaction import redact
from forecasting.settings import Settings
from forecasting.store.moving import copy_lake

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Moved:
    """What was copied, compared with what it was copied from."""

    tables: pd.DataFrame
    """A row for each table, and one for the models: table, rows, hash, rows and hash of the copy, equal."""
    exports: list[str]
    """The settings of the new place, as a shell takes them, without secrets."""

    @property
    def is_equal(self) -> bool:
        return bool(self.tables["equal"].all())


def run(source: Settings, target: Settings, *, begin: Callable[[str], None] = lambda _: None) -> Moved:
    """Copy a lake to where the target's settings say, and compare every table and model; nothing of it is changed.

    Raises SettingsError where both are one place or there is no lake, LakeError where the target is in use.
    """
    compared = list(copy_lake(source, target, begin=begin))
    rows = [
        (one.what, one.rows, one.digest[-12:], one.copied_rows, one.copied_digest[-12:], one.is_equal)
        for one in compared
    ]
    columns = ["table", "rows", "hash", "copied_rows", "copied_hash", "equal"]
    exports = [
        f"export FORECASTING_{name}='{redact(str(value))}'"
        for name, value in (("CATALOG", target.catalog), ("DATA", target.data), ("MODELS", target.models))
    ]
    logger.info("%s copied to %s: %d tables", redact(source.catalog), redact(target.catalog), len(rows))
    return Moved(pd.DataFrame(rows, columns=columns), exports)
