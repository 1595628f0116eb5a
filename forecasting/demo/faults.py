"""Faulty rows for the generated feeds: corrupted copies of sound rows, each with the reason for which it must be
rejected.

Copies are added behind the sound rows of a file and taken from the daytime, so that they disturb no truth: not the
counts, and not the order of rows by which the doubled hour of autumn is read.
"""

from typing import Any

import numpy as np
import pandas as pd

from forecasting.demo.truth import InjectedFault
from forecasting.terms import Reason

EVERY_DAYS = 5
TEST_CALL = "test_call"
REPEATED_DELIVERY = "repeated_delivery"
REPEATED_POLL = "repeated_poll"
Change = tuple[str, dict[str, Any]]
"""A reason and the columns that it corrupts."""

DROP_RULES = (TEST_CALL, REPEATED_DELIVERY, REPEATED_POLL)


def is_faulty_day(number: int) -> bool:
    """Whether the `number`-th day of a feed (from 0) carries faults: every fifth, from the third on."""
    return number % EVERY_DAYS == 2


def call_faults(sound: pd.DataFrame, *, day: np.datetime64, first_id: int) -> pd.DataFrame:
    """One corrupted call for each reason (a duplicate takes two rows), one test call and one call delivered again.

    sound: the day's calls. Returns rows of the same columns plus `reason`.
    """
    future = f"{day + np.timedelta64(10, 'D')}T10:00:00"
    changes: list[Change] = [
        (Reason.MISSING_KEY, {"queue_id": None}),
        (Reason.UNKNOWN_KEY, {"queue_id": "QUEUE 17"}),
        (Reason.UNPARSABLE_TS, {"arrived_at": "31/02, noon"}),
        (Reason.UNPARSABLE_TS, {"arrived_at": None}),
        (Reason.TS_OUT_OF_RANGE, {"arrived_at": "1970-01-01T00:00:00"}),
        (Reason.TS_AFTER_UNTIL, {"arrived_at": future}),
        (Reason.NON_FINITE_VALUE, {"handle_seconds": np.inf}),
        (Reason.NEGATIVE_VALUE, {"handle_seconds": -30.0}),
        (Reason.DUPLICATE_KEY, {"handle_seconds": 61.0}),
        (Reason.DUPLICATE_KEY, {"handle_seconds": 62.0}),
        (TEST_CALL, {"outcome": "test"}),
        (REPEATED_DELIVERY, {}),
    ]
    bad = _copies(sound[sound["arrived_at"].str[11:13] >= "09"], changes)
    copied = bad["reason"] == REPEATED_DELIVERY
    bad["call_id"] = np.where(copied, bad["call_id"], first_id + np.arange(len(bad)))
    pair = bad.index[bad["reason"] == Reason.DUPLICATE_KEY]
    bad.loc[pair[1], ["call_id", "queue_id", "arrived_at"]] = bad.loc[pair[0], ["call_id", "queue_id", "arrived_at"]]
    return bad


def nonexistent_calls(sound: pd.DataFrame, *, day: np.datetime64, first_id: int) -> pd.DataFrame:
    """Two calls stamped within the hour that the clock leaps over on `day`."""
    changes: list[Change] = [
        (Reason.NONEXISTENT_LOCAL_TIME, {"arrived_at": f"{day}T02:{minute}:00"}) for minute in ("05", "40")
    ]
    return _copies(sound, changes).assign(call_id=first_id + np.arange(2))


def link_faults(sound: pd.DataFrame, *, day: np.datetime64) -> pd.DataFrame:
    """One corrupted poll for each reason and one delivered again. Returns rows of the same columns plus `reason`."""
    future = pd.Timestamp(day + np.timedelta64(10, "D"), tz="UTC")
    changes: list[Change] = [
        (Reason.MISSING_KEY, {"link_id": None}),
        (Reason.UNKNOWN_KEY, {"link_id": "lab-test.ge-0/0/0", "capacity_mbps": None}),
        (Reason.UNPARSABLE_TS, {"polled_at": None}),
        (Reason.TS_OUT_OF_RANGE, {"polled_at": pd.Timestamp("1970-01-01", tz="UTC")}),
        (Reason.TS_AFTER_UNTIL, {"polled_at": future}),
        (Reason.NON_FINITE_VALUE, {"octets": None}),
        (REPEATED_POLL, {}),
    ]
    return _copies(sound, changes)


def locate(bad: pd.DataFrame, *, file: str, after: int) -> list[InjectedFault]:
    """Where the rows of `bad` lie behind `after` sound rows; rows that a named rule drops are no faults."""
    reasons = enumerate(bad["reason"], start=after)
    return [InjectedFault(str(reason), file, row) for row, reason in reasons if reason not in DROP_RULES]


def dropped(bad: pd.DataFrame) -> dict[str, int]:
    """Number of rows that each named rule drops."""
    rules = bad.loc[bad["reason"].isin(DROP_RULES), "reason"].value_counts()
    return {str(rule): int(count) for rule, count in rules.items()}


def _copies(sound: pd.DataFrame, changes: list[Change]) -> pd.DataFrame:
    """Rows spread over `sound`, each changed in one way, with the reason of its change."""
    picks = np.linspace(0, len(sound) - 1, len(changes)).astype(int)
    rows = sound.iloc[picks].astype(object).reset_index(drop=True)
    for row, (_, change) in enumerate(changes):
        for column, value in change.items():
            rows.loc[row, column] = value
    return rows.assign(reason=[str(reason) for reason, _ in changes])
