"""Arguments of the planning formulas as arrays that go together, or an error that names the first bad value."""

import numpy as np
from numpy.typing import ArrayLike

from forecasting.errors import SettingsError
from forecasting.numerics import Floats64


def as_floats(**given: ArrayLike) -> list[Floats64]:
    """Arguments as doubles broadcast to one shape, in the order given."""
    try:
        return list(np.broadcast_arrays(*(np.asarray(each, dtype=np.float64) for each in given.values())))
    except (TypeError, ValueError) as error:
        raise SettingsError(
            f"planning: {', '.join(given)}: expected numbers, or arrays of shapes that go together: {error}"
        ) from error


def require(name: str, values: ArrayLike, good: ArrayLike, expected: str) -> None:
    """Raises SettingsError that names the first value that is not good. good: a mask of the shape of the values."""
    bad = np.flatnonzero(~np.ravel(good))
    if len(bad):
        found = np.ravel(values)
        raise SettingsError(
            f"planning: {name}: expected {expected}, found {found[bad[0]]:g} at position {bad[0]} "
            f"({len(bad)} of {found.size} are wrong); correct them or leave them out"
        )


def require_load(load: Floats64) -> None:
    require("load", load, (load >= 0) & np.isfinite(load), "Erlangs, 0 or more")


def require_whole(name: str, values: Floats64) -> None:
    require(name, values, (values >= 0) & (values == np.floor(values)) & np.isfinite(values), "a whole number >= 0")
