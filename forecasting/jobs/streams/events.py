"""Take in events, from a file that a person imports or from a stream's own extract."""

import logging
from pathlib import Path

from forecasting.jobs.common.session import JobSummary, wall_clock
from forecasting.settings import Settings
from forecasting.store.files.feeds import Feed
from forecasting.store.lake.open import open_lake
from forecasting.store.tables.events import append_events, check_event_rows, stage_event_file
from forecasting.store.tables.history import Window

logger = logging.getLogger(__name__)


def import_file(settings: Settings, path: Path) -> JobSummary:
    """Import a file of events for every stream; a version is written for each that is new or changed.

    Raises SettingsError or FeedError; then no event of the file is taken in.
    """
    now = wall_clock()
    run_id = f"events-{now:%Y%m%dT%H%M%S}"
    with open_lake(settings) as lake:
        stage_event_file(lake, path)
        rows = lake.write(lambda: append_events(lake, known_at=now, run_id=run_id), message=f"events of {path.name}")
    logger.info("events: %d new or changed from %s", rows, path)
    return JobSummary(
        job="events import", stream="*", status="published" if rows else "unchanged", run_id=run_id, rows=rows
    )


def take_events(feed: Feed, window: Window, *, run_id: str) -> int:
    """Take in the events that a stream's `[events]` SQL returns; those without known_at became known as the
    ingest learned of them."""
    statement = feed.definition.events
    if statement is None:
        return 0
    feed.create_table("event_file", statement, since=window.since, until=window.until)
    check_event_rows(feed.lake, source=str(statement.path))
    return feed.lake.write(
        lambda: append_events(feed.lake, known_at=window.learned_at, run_id=run_id),
        message=f"events of {feed.definition.stream.name}",
    )
