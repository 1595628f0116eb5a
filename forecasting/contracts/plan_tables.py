"""What a table of a plan promises, and the columns that such tables share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pandera.pandas as pa

EPSILON = 1e-9
"""What averaging may add to a probability of 1."""

_FINITE = pa.Check(lambda values: np.isfinite(values) & (values >= 0), name="finite and not negative")
_SHARE = pa.Check(lambda values: (values >= -EPSILON) & (values <= 1 + EPSILON), name="between 0 and 1")
_CONFIDENCE = pa.Check(lambda values: (values > 0) & (values < 1), name="above 0 and below 1")

AMOUNT = pa.Column(float, checks=_FINITE)
AMOUNT_IF_ANY = pa.Column(float, checks=_FINITE, nullable=True)
PROBABILITY = pa.Column(float, checks=_SHARE)
LEVEL = pa.Column(float, checks=_CONFIDENCE)
TEXT = pa.Column(checks=pa.Check(lambda values: values.astype(str) != "", name="not empty"))
TS = pa.Column(checks=pa.Check(lambda ts: isinstance(ts.dtype, pd.DatetimeTZDtype), name="an instant with a zone"))

Rows = Callable[[pd.DataFrame], pd.Series]


@dataclass(frozen=True)
class PlanTable:
    """What one table of schema planning expects of a plan, but for run_id, stream and origin, which the store adds."""

    key: tuple[str, ...]
    columns: Mapping[str, pa.Column]
    rules: Mapping[str, Rows]
    """Checks of whole rows by what they expect."""
    dates: tuple[str, ...] = ()
    """Columns that hold dates as midnights without a zone, NaT where there is none."""

    @property
    def schema(self) -> pa.DataFrameSchema:
        """Typed columns and no others, finite numbers, unique keys."""
        key = list(self.key)
        rules = {f"one row for {', '.join(key)}": lambda rows: ~rows.duplicated(key), **self.rules}
        return pa.DataFrameSchema(
            dict(self.columns),
            checks=[pa.Check(rule, name=name) for name, rule in rules.items()],
            strict=True,
        )


def ascending(*columns: str) -> Rows:
    """Whether the numbers of these columns never fall from one to the next."""
    return lambda rows: pd.Series((np.diff(rows[list(columns)].to_numpy(), axis=1) >= 0).all(axis=1), rows.index)
