"""Attributes of a staged batch: from which rows on those of a series are others than before."""

import logging
from datetime import datetime

from forecasting.config.stream import Stream
from forecasting.store.lake.lake import Lake

logger = logging.getLogger(__name__)

MOST_STEPS = 300_000
"""Rows of a batch at which attributes may differ from the row before: they describe series, and change when somebody
rebuilds something. Five of a row take 1 kB of memory."""


def stage_attributes(lake: Lake, stream: Stream, *, until: datetime, learned_at: datetime) -> None:
    """Compare the attributes of the good rows with those on record and keep what changed, in a temporary table.

    until: end of the window. learned_at: when what changed in rows that were seen before became known.
    """
    lake.execute("ingest/attribute_steps.sql", stream=stream.name)
    ((steps, rows),) = lake.rows("ingest/attribute_steps_count.sql")
    if steps > MOST_STEPS:
        logger.warning(
            "stream %s: attributes differ from the row before in %d of %d rows, so one of them is a measurement or "
            "often empty; only what the newest row of each series says was kept; leave that column out of the extract",
            *(stream.name, steps, rows),
        )
        lake.execute("ingest/attribute_steps_few.sql", stream=stream.name)
    lake.execute("ingest/attributes.sql", learned_at=learned_at)
    lake.execute("ingest/attribute_changes.sql", stream=stream.name, until=until, learned_at=learned_at)
