"""Tables as bytes, whatever the order of their rows: what hashes of published values are made of."""

from collections.abc import Collection, Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def parts_of(name: str, rows: pd.DataFrame, *, key: Sequence[str], but: Collection[str] = ()) -> Iterator[bytes]:
    """A table's values, column by column, in the order of its key; what is missing counts as such.

    key: columns that distinguish rows, without missing values. but: columns that do not count.
    """
    yield f"{name} {len(rows)} ".encode()
    columns = {column: _codes(rows[column]) for column in sorted(set(rows.columns) - set(but))}
    order = np.lexsort([columns[column][1] for column in reversed(key)])
    for column, (labels, values) in columns.items():
        yield "\0".join((column, *labels)).encode()
        yield values[order].tobytes()


def labels_of(column: pd.Series) -> tuple[NDArray[np.str_], NDArray[np.integer]]:
    """The values that occur, sorted as text, and which of them each row has; -1 where it has none."""
    kept = column.astype("category").cat.remove_unused_categories()
    values = kept.cat.categories.to_numpy(dtype=str)
    # codes of what is missing are -1: the last place
    place = np.append(np.argsort(np.argsort(values)), -1)
    return np.sort(values), place[kept.cat.codes.to_numpy()]


def order_of(codes: NDArray[np.integer], ts: NDArray[np.int64]) -> NDArray[np.intp] | slice:
    """What puts rows in the order of their series and time; all of them as they are where they lie in it already."""
    later = (codes[1:] > codes[:-1]) | ((codes[1:] == codes[:-1]) & (ts[1:] >= ts[:-1]))
    return slice(None) if later.all() else np.lexsort((ts, codes))


def _codes(column: pd.Series) -> tuple[list[str], NDArray[np.generic]]:
    """A column as numbers in the order of its values, and the texts that they stand for where they do for some."""
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return [], column.dt.tz_convert(None).to_numpy("datetime64[us]").astype("<i8")
    if pd.api.types.is_datetime64_dtype(column.dtype):  # NaT is the least of all numbers
        return [], column.to_numpy("datetime64[us]").astype("<i8")
    if pd.api.types.is_numeric_dtype(column):
        values = column.to_numpy("<f8")
        # NaN has many bit patterns
        return [], np.where(np.isnan(values), np.nan, values)
    labels, codes = labels_of(column)
    return labels.tolist(), codes.astype("<i8")
