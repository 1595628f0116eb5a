"""Publications that are withdrawn: they stay, and are not current any more."""

from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from forecasting.store.lake.lake import Lake


@dataclass(frozen=True)
class Valid:
    """What of an origin is published and stands."""

    forecasts: int
    plans: int
    withdrawn_at: datetime | None
    """When the origin was withdrawn last."""
    published_at: datetime | None
    """Newest of those that stand."""


def valid_of(lake: Lake, *, stream: str, origin: datetime) -> Valid:
    """What stands of a stream and origin."""
    ((forecasts, plans, withdrawn_at, published_at),) = lake.rows(
        "publications/of_origin.sql", stream=stream, origin=origin
    )
    return Valid(int(forecasts), int(plans), withdrawn_at, published_at)


def append_withdrawal(
    lake: Lake, *, stream: str, origin: datetime, known_at: datetime, reason: str, author: str
) -> None:
    """Withdraw what is published of an origin by `known_at`; to be called inside `Lake.write`."""
    lake.execute(
        "publications/insert_withdrawal.sql",
        stream=stream,
        origin=origin,
        known_at=known_at,
        reason=reason,
        author=author,
    )


def list_publications(lake: Lake, *, stream: str | None, most: int) -> pd.DataFrame:
    """Publications of the newest origins: stream, origin, what (forecast or plan), kind, published_at, run_id, rows,
    complete, withdrawn_at, reason, author."""
    return lake.frame("publications/list.sql", stream=stream, most=most)


def newest_valid(lake: Lake, *, stream: str) -> datetime | None:
    """Newest origin of a stream whose forecast stands; None where none does."""
    found: datetime | None = lake.rows("publications/newest_valid.sql", stream=stream)[0][0]
    return found
