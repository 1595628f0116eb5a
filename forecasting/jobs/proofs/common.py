"""What proofs have in common: the copy they work in, and when two tables are the same."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from forecasting.config.stream import Stream
from forecasting.settings import Settings

KEYS = ["series_id", "ts"]


@dataclass(frozen=True)
class Proof:
    """What was tried, whether it held, and the numbers or the difference."""

    name: str
    holds: bool
    messages: list[str]

    def as_dict(self) -> dict[str, Any]:
        return {"proof": self.name, "holds": self.holds, "messages": self.messages}


@dataclass(frozen=True)
class Ground:
    """Where proofs are done: a copy of the stream's lake and the range of origins."""

    folder: Path
    settings: Settings
    """Of the copy."""
    stream: Stream
    origins: Sequence[datetime]
    report: Callable[[str], None]
    """Takes a line of progress."""
    seed: int = 1

    @property
    def reference(self) -> Path:
        """Folder of what an undisturbed backfill of the range published, a file an origin."""
        return self.folder / "reference"

    @property
    def dates(self) -> tuple[str, str]:
        """First and last origin date of the range."""
        return self.local(self.origins[0]), self.local(self.origins[-1])

    def local(self, origin: datetime) -> str:
        """Date of an origin in the stream's zone."""
        return f"{origin.astimezone(self.stream.zone):%Y-%m-%d}"


def file_of(folder: Path, origin: datetime) -> Path:
    """File of an origin's rows."""
    return folder / f"{origin:%Y%m%dT%H%M%S}.parquet"


def find_difference(expected: pd.DataFrame, found: pd.DataFrame) -> str | None:
    """The first difference between two tables of forecasts, None where they are equal to the last bit.

    Both: series_id, ts and the same further columns, in the order of their keys.
    """
    if list(expected.columns) != list(found.columns):
        return f"expected columns {', '.join(expected.columns)}, found {', '.join(found.columns)}"
    if len(expected) != len(found):
        return f"expected {len(expected)} rows, found {len(found)}"
    unequal = {name: _unequal(expected[name], found[name]) for name in expected.columns}
    rows = np.logical_or.reduce(list(unequal.values())) if len(expected) else np.zeros(0, dtype=bool)
    if not rows.any():
        return None
    first = int(rows.argmax())
    column = next(name for name in unequal if unequal[name][first])
    series_id, ts = expected[KEYS].iloc[first]
    return (
        f"{int(rows.sum())} of {len(rows)} rows differ, first {series_id} at {ts}: expected {column} "
        f"{expected[column].iloc[first]!r}, found {found[column].iloc[first]!r}"
    )


def _unequal(expected: pd.Series, found: pd.Series) -> Any:
    """Where two columns differ; numbers by their bits, so that NaN equals itself and -0.0 is not 0.0."""
    if expected.dtype == np.float64 and found.dtype == np.float64:
        return expected.to_numpy().view(np.int64) != found.to_numpy().view(np.int64)
    one, other = expected.astype(object), found.astype(object)
    return ((one != other) & ~(one.isna() & other.isna())).to_numpy()
