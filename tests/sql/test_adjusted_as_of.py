"""Factors of adjustments as known at an instant, of 200 random histories of saying and withdrawing."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from forecasting.store.lake.open import open_lake

AT = datetime(2024, 1, 1, tzinfo=UTC)
HISTORIES, SERIES = 200, ("a", "b", "c")


def test_a_past_instant_shows_what_was_said_by_then_and_is_the_same_whatever_comes_later(settings):
    rng = np.random.default_rng(0)
    rows = [
        {
            "stream": f"s{history}",
            "series_id": SERIES[int(rng.integers(len(SERIES)))],
            "known_at": AT + timedelta(minutes=int(minute)),
            "factor": float(np.round(rng.lognormal(0, 0.3), 6)),
        }
        for history in range(HISTORIES)
        for minute in np.sort(rng.choice(100, size=int(rng.integers(1, 8)), replace=False))
    ]
    said = pd.DataFrame(rows)
    insert = (
        "insert into planning.adjusted by name select *, timestamptz '2024-01-02' as origin, 'run' as forecast_run_id, "
        "timestamptz '2024-01-02' as ts, ['one'] as adjustment_ids from said where known_at {when} $t"
    )
    asked = "select stream, series_id, factor from planning.adjusted_by($t) order by all"
    with open_lake(settings) as lake:
        lake.connection.register("said", said)
        instants = [AT + timedelta(minutes=minute) for minute in (10, 35, 60, 99)]
        told = []
        # half of it is written when it was known, the rest comes later
        lake.connection.execute(insert.format(when="<="), {"t": instants[1]})
        told += [lake.connection.execute(asked, {"t": at}).df() for at in instants[:2]]
        lake.connection.execute(insert.format(when=">"), {"t": instants[1]})
        told += [lake.connection.execute(asked, {"t": at}).df() for at in instants[2:]]
        again = [lake.connection.execute(asked, {"t": at}).df() for at in instants]
    for at, one, other in zip(instants, told, again, strict=True):
        known = said[said["known_at"] <= at].sort_values("known_at")
        expected = known.groupby(["stream", "series_id"], as_index=False)["factor"].last()
        pd.testing.assert_frame_equal(one, expected)
        pd.testing.assert_frame_equal(other, one)
