"""A feed is tried before anything is written, by the steps of an ingest."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from forecasting.errors import ContractError, FeedError, QueryError
from forecasting.jobs.common.batches import judge_batch
from forecasting.jobs.feeds.discover import Discovery
from forecasting.jobs.feeds.extracts import extract_text
from forecasting.jobs.feeds.rows.measures import Tally
from forecasting.jobs.ingest import choose_window, demand_limits
from forecasting.panel.calendar.calendar import grid_ends
from forecasting.panel.calendar.instants import aware_datetime, utc_instant
from forecasting.store.files.definitions import read_definition_file
from forecasting.store.files.feeds import open_feed
from forecasting.store.lake.lake import Lake
from forecasting.store.tables.history import count_batch, stage_batch
from forecasting.terms import DAY


def try_ingest(lake: Lake, found: Discovery, definition: str, measured: Tally) -> dict[str, int]:
    """Run the steps of a first ingest on the sample, in temporary tables; rows that it rejects, by reason.

    Raises ContractError or FeedError where it would refuse the feed as a whole.
    """
    with TemporaryDirectory(prefix="forecasting-") as folder:
        name = found.stated.name
        extract = extract_text(lake, found, rows=found.table)
        (Path(folder) / f"{name}.sql").write_text(extract, encoding="utf-8")
        (Path(folder) / f"{name}.toml").write_text(definition, encoding="utf-8")
        written = read_definition_file(lake.settings, Path(folder) / f"{name}.toml")
        stream = written.stream
        end = aware_datetime(grid_ends(np.array([utc_instant(measured.last_ts)]), stream)[0])
        until = end + (timedelta(0) if stream.interval < DAY else DAY)
        window = choose_window(stream, since=None, until=until, watermark=None)
        with open_feed(lake, written) as feed:
            levels = stage_batch(feed, window, limits=demand_limits(stream, window.until))
            reasons = {str(reason): int(rows) for reason, rows in lake.rows("ingest/reasons.sql")}
            if not found.is_whole:
                return reasons
            try:
                judge_batch(feed, window, levels=levels, confirmed=False)
            except (ContractError, FeedError) as error:
                raise _refusal(error, reasons, count_batch(lake).extracted) from error
            except QueryError as error:
                raise FeedError(f"the first ingest would refuse this feed: {error}") from error
    return reasons


_REMEDIES = {
    "nonexistent_local_time": "times exist on no clock of the zone: say another --timezone or --ts-timezone UTC",
    "ambiguous_local_time": "local times occur twice: say --ts-timezone UTC if they are UTC, or name the key's columns",
    "off_grid_ts": "times lie off the grid: say --interval, or --timezone",
    "duplicate_key": "rows share a key and a time: name the key's columns with --series-col",
    "missing_key": "keys are empty: name the key's columns with --series-col",
    "malformed_key": "keys hold control characters or blanks: correct them in SQL",
    "negative_value": "values are below 0: name another column with --y-col",
}


def _refusal(error: Exception, reasons: Mapping[str, int], rows: int) -> FeedError:
    if not reasons:
        return FeedError(f"the first ingest would refuse this feed: {error}")
    worst = max(reasons, key=lambda reason: reasons[reason])
    remedy = _REMEDIES.get(worst, "correct the feed")
    counted = ", ".join(f"{count} {reason}" for reason, count in reasons.items())
    return FeedError(f"the first ingest would refuse this feed: {counted} of {rows} rows; {remedy}")
