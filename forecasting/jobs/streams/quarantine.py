"""Look at rejected rows, and take them in after a fix."""

import pandas as pd

from forecasting.jobs.common.session import JobSummary, open_session
from forecasting.jobs.ingest import pull
from forecasting.panel.calendar.calendar import floor_to_grid
from forecasting.settings import Settings
from forecasting.store.lake.open import open_lake_to_read
from forecasting.store.tables.history import last_ingest
from forecasting.store.tables.quarantine import count_reasons, list_rows, waiting_rows


def show_rows(settings: Settings, *, stream: str | None, every: bool = False, most: int = 20) -> pd.DataFrame:
    """Rejected rows, newest first."""
    with open_lake_to_read(settings) as lake:
        return list_rows(lake, stream=stream, every=every, most=most)


def show_reasons(settings: Settings, *, stream: str | None, every: bool = False) -> pd.DataFrame:
    """Rejected rows by stream and reason."""
    with open_lake_to_read(settings) as lake:
        return count_reasons(lake, stream=stream, every=every)


def replay(settings: Settings, stream: str) -> JobSummary:
    """Pull the span of the waiting rows again, from the first of them to the watermark.

    Rows that now pass become versions, known from this pull's end on; rows that are rejected again go on waiting.
    """
    with open_session(settings, stream) as session:
        definition = session.definition.stream
        waiting, since = waiting_rows(session.lake, definition)
        _, watermark = last_ingest(session.lake, definition)
        if not waiting:
            return JobSummary(job="quarantine replay", stream=stream, status="unchanged", message="no row waits")
        first = definition.first_origin()
        start = max(floor_to_grid(since, definition), first) if since else first
        end = watermark or floor_to_grid(since or first, definition) + definition.interval
        pulled = pull(session, since=start, until=end)
        still, _ = waiting_rows(session.lake, definition)
    return JobSummary(
        job="quarantine replay",
        stream=stream,
        status=pulled.status,
        run_id=pulled.run_id,
        rows=pulled.rows,
        details={"waiting_before": waiting, "waiting_after": still},
    )
