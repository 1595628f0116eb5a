"""Rows of planners that broke their contract: in quarantine, beside those of feeds."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from forecasting.store.lake.lake import Lake


@dataclass(frozen=True)
class Rejected:
    """A row that was not taken, and why in words."""

    stream: str
    """That it was meant for, as far as it said so."""
    row: Mapping[str, Any]
    reason: str


def append_rejects(
    lake: Lake, rejected: Sequence[Rejected], *, part: str, source: str, run_id: str, now: datetime, whole: bool
) -> None:
    """Write rejected rows that do not wait there already; to be called inside `Lake.write`.

    part: what rows were to become, as in history.quarantine. whole: these are all that is wrong with the source, so
    that its other rows which wait were put right.
    """
    rows = pd.DataFrame(
        [(number, one.stream, one.reason, raw_of(one.row), source) for number, one in enumerate(rejected)],
        columns=["row_no", "stream", "reason", "raw", "source"],
    ).astype({"stream": str, "reason": str, "raw": str, "source": str})
    frames = {"rejected_rows": rows}
    if whole:
        lake.execute("planners/resolve_rejects.sql", frames=frames, part=part, source=source, now=now)
    if len(rows):
        lake.execute("planners/insert_rejects.sql", frames=frames, part=part, run_id=run_id, now=now)


def rejected_before(lake: Lake, *, part: str, source: str) -> set[str]:
    """Rows of a source that were ever rejected, as `raw_of` writes them."""
    return {raw for (raw,) in lake.rows("planners/rejects_on_record.sql", part=part, source=source)}


def raw_of(row: Mapping[str, Any]) -> str:
    """A row as quarantine keeps it."""
    return json.dumps(dict(row), ensure_ascii=False, default=str)
