"""Single calls as they were, for replays: arrivals, handle times and the patience of callers."""

from datetime import datetime

import numpy as np
import pandas as pd

from forecasting.errors import FeedError, SettingsError
from forecasting.jobs.common.session import Session
from forecasting.planning.replay.sampling import sample_exponential
from forecasting.planning.replay.simulator import Calls
from forecasting.store.files.feeds import open_feed

COLUMNS = ("series_id", "arrived_at", "handle_seconds", "waited_seconds", "answered")


def read_call_log(session: Session, *, since: datetime, until: datetime) -> pd.DataFrame:
    """series_id, at (seconds since 1970), handle_seconds, waited_seconds, answered of each call, by arrival.

    Raises SettingsError where the stream has no `NAME.calls.sql` beside its extract or it returns other columns,
    FeedError where there are no calls.
    """
    definition = session.definition
    statement = definition.calls
    if statement is None:
        expected = definition.extract.path.with_suffix(".calls.sql")
        raise SettingsError(
            f"stream {definition.stream.name}: no single calls to replay: {expected} does not exist; expected a SELECT "
            f"over [$since, $until) that returns {', '.join(COLUMNS)}"
        )
    with open_feed(session.lake, definition) as feed:
        feed.check_files()
        types = feed.columns(statement, since=since, until=until)
        lacking = [name for name in COLUMNS if name not in types]
        if lacking:
            raise SettingsError(f"{statement.path}: column {lacking[0]} is missing; expected {', '.join(COLUMNS)}")
        if types["arrived_at"] != "TIMESTAMP WITH TIME ZONE":
            raise SettingsError(
                f"{statement.path}: column arrived_at has the type {types['arrived_at']}; expected TIMESTAMPTZ, such "
                f"as arrived_at at time zone '{definition.stream.stream.timezone}'"
            )
        feed.create_table("call_log", statement, since=since, until=until)
        calls = session.lake.frame("planning/read_calls.sql")
    if calls.empty:
        raise FeedError(
            f"stream {definition.stream.name}: no calls between {since.isoformat()} and {until.isoformat()} to replay; "
            "choose another range or complete the feed"
        )
    return calls


def complete_calls(log: pd.DataFrame, *, patience: float, seed: int) -> pd.DataFrame:
    """The log with `handle` and `patience` seconds for every call, what was not seen drawn at random.

    A call without a handle time is given that of another call of its series. Who hung up had the patience that was
    seen; who was answered had that much and an exponential remainder of mean `patience` (memoryless), and so does who
    was never timed. Raises FeedError where no call of the log has a handle time.
    """
    generator = np.random.default_rng(seed)
    handle = log["handle_seconds"].to_numpy(np.float64).copy()
    handle[~(handle > 0)] = np.nan
    if not np.isfinite(handle).any():
        raise FeedError("the calls to replay have no handle time at all; correct handle_seconds of the calls' SQL")
    series = log["series_id"].to_numpy(dtype=str)
    for name in np.unique(series):
        own = series == name
        seen = handle[own & np.isfinite(handle)]
        unseen = own & ~np.isfinite(handle)
        handle[unseen] = generator.choice(seen if len(seen) else handle[np.isfinite(handle)], int(unseen.sum()))
    waited = log["waited_seconds"].to_numpy(np.float64)
    answered = log["answered"].to_numpy(bool)
    remainder = sample_exponential(patience, count=len(log), generator=generator)
    lasts = np.where(np.isnan(waited), remainder, np.where(answered, waited + remainder, waited))
    return log.assign(handle=handle, patience=np.maximum(lasts, 0.0))


def calls_between(log: pd.DataFrame, series: tuple[str, ...], open_spans: list[tuple[float, float]]) -> Calls:
    """Calls of some series that arrived while the lines were open."""
    at = log["at"].to_numpy(np.float64)
    inside = np.zeros(len(log), dtype=bool)
    for start, end in open_spans:
        inside[np.searchsorted(at, start) : np.searchsorted(at, end)] = True
    own = log[inside & log["series_id"].isin(series).to_numpy()]
    return Calls(
        own["at"].to_numpy(np.float64), own["handle"].to_numpy(np.float64), own["patience"].to_numpy(np.float64)
    )
