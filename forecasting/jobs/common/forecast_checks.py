"""What is asked of a forecast before it is published: a feed that is young enough, and few series that borrow."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import numpy as np

from forecasting.config.stream import Stream
from forecasting.ensemble.mixture import PanelForecast
from forecasting.errors import FallbackError, FeedError
from forecasting.terms import Tier, format_duration


def check_age(stream: Stream, age: timedelta, origin: datetime) -> str | None:
    """A note where the feed is older than `max_age` at the origin. Raises FeedError beyond twice that.

    age: of the newest value of any series, in open time.
    """
    limit = stream.source.max_age
    if age <= limit + stream.source.publication_delay:
        return None
    note = (
        f"stream {stream.name}: the newest value is {_hours(age)} of open time older than origin {origin.isoformat()}; "
        f"source.max_age is {format_duration(limit)}"
    )
    if age > 2 * limit:
        raise FeedError(
            f"{note}, and twice that is too old to forecast from; nothing was published; ingest newer usage first"
        )
    return f"{note}; forecast from the last known interval"


def check_fallbacks(stream: Stream, tiers: Mapping[str, int]) -> None:
    """Raises FallbackError when more than `max_fallback_share` of the series had to borrow a profile.

    tiers: number of series by tier.
    """
    fallen, total, share = tiers.get(str(Tier.COLD_START), 0), sum(tiers.values()), stream.models.max_fallback_share
    if fallen > share * total:
        raise FallbackError(
            f"stream {stream.name}: {fallen} of {total} series have too little history for any member, more than "
            f"models.max_fallback_share = {share}; nothing was published; ingest older usage with --since or raise the "
            "share"
        )


def count_tiers(forecast: PanelForecast) -> dict[str, int]:
    """Number of series by tier."""
    names, counts = np.unique(forecast.tier, return_counts=True)
    return dict(zip(names.tolist(), counts.tolist(), strict=True))


def _hours(age: timedelta) -> str:
    return f"{age.total_seconds() / 3600:.1f} h"
