"""What becomes of alarms from origin to origin: raised, lasting, over."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

import pandas as pd

from forecasting.evaluation.alarms.checks import WHOLE_STREAM, About
from forecasting.evaluation.alarms.findings import Symptom
from forecasting.evaluation.alarms.words import as_row


class AlarmState(StrEnum):
    """Of an alarm at an origin."""

    RAISED = "raised"
    LASTING = "lasting"
    OVER = "over"


COLUMNS = (
    *("alarm_id", "about", "kind", "place", "since", "state"),
    *("value", "usual", "lower_limit", "upper_limit", "excess", "detail"),
)


def follow(stream: str, origin: datetime, found: Sequence[Symptom], open_: pd.DataFrame) -> pd.DataFrame:
    """Rows of an origin, in `COLUMNS`: alarms that begin, go on or end.

    found: what raises an alarm or keeps it open, one a subject and place. open_: newest rows of the alarms that were
    open before, in `COLUMNS`.
    """
    before = {(row["about"], row["place"]): row for row in open_.to_dict("records")}
    rows: list[dict[str, Any]] = []
    for finding in found:
        old = before.pop((str(finding.about), finding.place), None)
        rows.append(
            {
                "alarm_id": old["alarm_id"] if old else name_alarm(stream, finding.about, finding.place, origin),
                "since": old["since"] if old else pd.Timestamp(origin),
                "state": str(AlarmState.LASTING if old else AlarmState.RAISED),
                **as_row(finding),
            }
        )
    ended: dict[str, Any] = {"state": str(AlarmState.OVER), "excess": 0.0}
    rows += [{str(name): value for name, value in row.items()} | ended for row in before.values()]
    return pd.DataFrame(rows, columns=list(COLUMNS)).sort_values("alarm_id", ignore_index=True)


def name_alarm(stream: str, about: About, place: str, origin: datetime) -> str:
    """A name that a person can type: stream, subject and day, and of a group the beginning of a hash."""
    group = "" if place == WHOLE_STREAM else f"-{hashlib.sha256(place.encode()).hexdigest()[:6]}"
    return f"{stream}-{about}-{origin:%Y%m%d}{group}"
