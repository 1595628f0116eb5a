"""What the generated feeds really hold: levels, values and every injected fault."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray


@dataclass(frozen=True)
class InjectedFault:
    """One row that must not be counted: why, and where it lies (`row` from 0 in `file`, a path in the feed folder)."""

    reason: str
    file: str
    row: int


@dataclass(frozen=True)
class Ledger:
    """Account of a feed's rows: raw = counted + rejected + dropped by a named rule."""

    raw: int
    faults: tuple[InjectedFault, ...] = ()
    dropped: dict[str, int] = field(default_factory=dict)

    @property
    def rejected(self) -> dict[str, int]:
        """Number of faults by reason."""
        return dict(Counter(fault.reason for fault in self.faults))

    @property
    def counted(self) -> int:
        return self.raw - len(self.faults) - sum(self.dropped.values())


@dataclass(frozen=True)
class CallTruth:
    """N queues on T half hours.

    series: series_id and attributes, one row a queue. ts: (T,) UTC starts, datetime64[us]. expected: (N, T) calls
    expected before the day's own noise, 0 where closed, not yet opened or retired. counts: (N, T) calls that the feed
    holds. handle: (N, T) mean seconds that an answered call is expected to take.
    """

    series: pd.DataFrame
    ts: NDArray[np.datetime64]
    expected: NDArray[np.float64]
    counts: NDArray[np.int64]
    handle: NDArray[np.float64]
    ledger: Ledger


@dataclass(frozen=True)
class LinkTruth:
    """N links on H hours.

    series: series_id, attributes and counter_bits. ts: (H,) UTC starts, datetime64[us]. level: (N, H) Mbit/s asked for,
    behind the noise; a link carries no more than its capacity. mbps: (N, H) true mean over the hour's polls, NaN before
    a link's first hour and after its last. whole: (N, H) no poll of the hour, nor the one before it, is missing, and no
    restart lies between them: there the feed yields `mbps` exactly. runs_out: by series_id, the day from which on the
    95th percentile of a working day's hours is expected above 0.7 of the capacity, growth going on as in the feed; None
    where that is not within two years of its end.
    """

    series: pd.DataFrame
    ts: NDArray[np.datetime64]
    level: NDArray[np.float32]
    mbps: NDArray[np.float64]
    whole: NDArray[np.bool_]
    runs_out: dict[str, date | None]
    ledger: Ledger
