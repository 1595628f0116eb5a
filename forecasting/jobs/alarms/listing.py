"""Alarms as they were found last."""

from collections.abc import Sequence

import pandas as pd

from forecasting.settings import Settings
from forecasting.store.alarms.records import list_alarms
from forecasting.store.lake.open import open_lake_to_read


def show(settings: Settings, streams: Sequence[str] = (), *, every: bool = False) -> pd.DataFrame:
    """Rows of analyst.alarms, of all streams where none is named; every: also those that are over.

    Raises SettingsError where there is no lake, LakeError where its tables are those of an older version.
    """
    with open_lake_to_read(settings) as lake:
        lake.require_present_tables()
        return list_alarms(lake, streams, every=every)
