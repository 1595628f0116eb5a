"""Rows (series, column to forecast from, column to forecast) that a member is trained on or forecasts."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from forecasting.models.features.days import index_days
from forecasting.models.features.history import PreparedHistory, prepare_history
from forecasting.models.features.lagged import LaggedFeatures, lagged_features
from forecasting.numerics import Floats32, Ints
from forecasting.panel.grid import Panel

CHUNK = 250
"""Series that are prepared together, which bounds memory."""
ROWS_AT_ONCE = 400_000
"""Approximate number of rows whose features are computed together, which bounds memory."""


@dataclass(frozen=True)
class Rows:
    """R rows; series are those of the panel."""

    series: Ints
    origin: Ints
    """Column to forecast from."""
    column: Ints

    def __len__(self) -> int:
        return len(self.series)


def draw_rows(panel: Panel, *, since: int, until: int, most: int, rng: np.random.Generator) -> Rows:
    """Observed rows that are forecast from the start of a day at or after `since`, with targets before `until`.

    About as many of each series, drawn without replacement where there are more than `most` in all. Origins begin a
    season after the first column: before it there are no features.
    """
    starts = index_days(panel).first
    starts = starts[(starts >= max(since, panel.season)) & (starts < until)]
    if not len(starts):
        nothing = np.empty(0, dtype=np.int64)
        return Rows(nothing, nothing, nothing)
    at = np.repeat(starts, panel.max_horizon)
    column = at + np.tile(np.arange(panel.max_horizon), len(starts))
    at, column = at[column < until], column[column < until]
    a_series = max(most // panel.n_series, 1)
    parts: list[Rows] = []
    for series in range(panel.n_series):
        picked = np.arange(len(at)) if len(at) <= 2 * a_series else rng.choice(len(at), 2 * a_series, replace=False)
        picked = np.sort(picked[panel.observed[series, column[picked]]])
        if len(picked) > a_series:
            picked = np.sort(rng.choice(picked, a_series, replace=False))
        parts.append(Rows(np.full(len(picked), series), at[picked], column[picked]))
    return Rows(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("series", "origin", "column")))


def row_weights(panel: Panel, rows: Rows) -> Floats32:
    """(R,) weight of each row's value over the mean of its series; 1 where values have no weights."""
    if panel.weight is None or not len(rows):
        return np.ones(len(rows), dtype=np.float32)
    weight = panel.weight[rows.series, rows.column]
    return over_mean(weight, rows.series)


def over_mean(values: Floats32, series: Ints) -> Floats32:
    """(R,) values over their mean in the same series."""
    mean = np.bincount(series, weights=values) / np.maximum(np.bincount(series), 1)
    relative: Floats32 = (values / mean[series]).astype(np.float32)
    return relative


def horizon_of(panel: Panel, *, origin_columns: tuple[int, ...], length: int) -> Rows:
    """All rows of the columns [at, at + length) of each series, ordered by series, then origin column."""
    shape = (panel.n_series, len(origin_columns), length)
    series, place, step = (index.ravel() for index in np.indices(shape))
    at = np.asarray(origin_columns, dtype=np.int64)[place]
    return Rows(series, at, at + step)


def by_chunk(panel: Panel, rows: Rows, *, power: float) -> Iterator[tuple[PreparedHistory, Rows, slice]]:
    """Rows, given in the order of their series, in chunks of whole series, with the prepared history of these."""
    for first in range(0, panel.n_series, CHUNK):
        low, high = np.searchsorted(rows.series, [first, first + CHUNK])
        if low == high:
            continue
        since = int(rows.origin[low:high].min())
        history = prepare_history(panel, slice(first, first + CHUNK), power=power, since=since)
        some = max(CHUNK * ROWS_AT_ONCE // int(high - low), 1)
        for series in range(first, first + CHUNK, some):
            part = slice(*np.searchsorted(rows.series, [series, min(series + some, first + CHUNK)]).tolist())
            if part.start < part.stop:
                yield history, Rows(rows.series[part], rows.origin[part], rows.column[part]), part


def row_features(history: PreparedHistory, rows: Rows, *, noise_until: int = 0) -> LaggedFeatures:
    """Lagged features of rows whose series are those of the panel; noise_until: see `lagged_features`."""
    series = rows.series - history.first
    return lagged_features(history, series=series, at=rows.origin, column=rows.column, noise_until=noise_until)
