"""`planners.inbox`: an ordinary table of the catalog's server, to which role planner adds rows."""

import json
import logging
from collections.abc import Sequence
from typing import Any

import duckdb

from forecasting.errors import LakeBusyError
from forecasting.store.lake.faults import LakeFault, cause_of, fault_of, lost_message
from forecasting.store.lake.lake import Lake

logger = logging.getLogger(__name__)

INBOX = "planners.inbox"


def has_inbox(lake: Lake) -> bool:
    """Whether the lake's catalog is a server that has the table, and lets this role read it."""
    return lake.settings.catalog_file is None and bool(_ask(lake, "server/inbox/is_there.sql")[0][0])


def read_inbox(lake: Lake) -> list[dict[str, Any]]:
    """Its rows in the order in which they came in, by column; times as ISO texts with an offset."""
    return [json.loads(text) for (text,) in _ask(lake, "server/inbox/rows.sql")]


def clear_inbox(lake: Lake, ids: Sequence[str]) -> bool:
    """Delete rows that were taken over. False where this role may not: they stay, and are never taken twice."""
    try:
        lake.server.ask("server/inbox/clear.sql", ids=",".join(ids))
    except duckdb.Error as error:
        logger.warning("%s cannot be cleared: %s; run `forecasting lake init` again", INBOX, cause_of(error))
        return False
    return True


def _ask(lake: Lake, name: str) -> list[tuple[Any, ...]]:
    try:
        return lake.server.ask(name)
    except duckdb.Error as error:
        if fault_of(error, lake.settings) is LakeFault.LOST:
            raise LakeBusyError(lost_message(lake.settings, error, f"reading {INBOX}")) from error
        raise
