"""Whether adjustments helped."""

import pandas as pd

from forecasting.errors import SettingsError
from forecasting.jobs.streams.known import known_streams
from forecasting.settings import Settings
from forecasting.store.lake.open import open_lake_to_read
from forecasting.store.tables.planners.adjustments import read_value
from forecasting.terms import AdjustedBy


def value(settings: Settings, *, stream: str | None, by: AdjustedBy, plain: bool) -> pd.DataFrame:
    """What adjustments were worth, those first that helped most.

    plain: for people, errors in percent and the interval as one text. Raises SettingsError for a stream that is not
    there.
    """
    with open_lake_to_read(settings) as lake:
        lake.require_present_tables()
        found = read_value(lake, stream=stream, grouping=str(by))
        streams = known_streams(settings, lake)
    if stream is not None and stream not in streams:
        raise SettingsError(f"there is no stream {stream!r}; there are {', '.join(sorted(streams))}")
    found = found.rename(columns={"member": str(by)})
    if not plain:
        return found
    spans = [
        "" if pd.isna(low) else f"{low:,.0f} to {high:,.0f}"
        for low, high in zip(found["saved_low"], found["saved_high"], strict=True)
    ]
    return pd.DataFrame(
        {
            str(by): found[str(by)],
            "stream": found["stream"],
            "days": found["days"],
            "without": [f"{share:.1%}" for share in found["statistical_wape"]],
            "with": [f"{share:.1%}" for share in found["final_wape"]],
            "saved": [f"{saved:,.0f}" for saved in found["saved"]],
            "likely": spans,
            "verdict": found["verdict"],
        }
    )
