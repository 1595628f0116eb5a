"""Instants: aware datetimes outside arrays, UTC in naive datetime64[us] inside them."""

from datetime import UTC, datetime
from typing import cast

import numpy as np
import pandas as pd

from forecasting.numerics import Times


def utc_instant(at: datetime) -> np.datetime64:
    """An aware datetime as an array holds it."""
    return np.datetime64(at.astimezone(UTC).replace(tzinfo=None), "us")


def aware_datetime(instant: np.datetime64) -> datetime:
    """An array's instant as an aware datetime in UTC."""
    return cast(datetime, instant.astype("datetime64[us]").astype(datetime)).replace(tzinfo=UTC)


def as_utc(ts: Times | pd.Series | pd.DatetimeIndex) -> Times:
    """A column of instants as an array holds them; a stamp without a zone is UTC already."""
    index = pd.DatetimeIndex(ts).as_unit("us")
    return (index if index.tz is None else index.tz_convert(None)).to_numpy()
