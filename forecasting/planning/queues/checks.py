"""Arguments of the planning formulas as arrays that go together, or an error that names the first bad value."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forecasting.errors import SettingsError

Floats = NDArray[np.float64]


def as_floats(**given: ArrayLike) -> list[Floats]:
    """Arguments as doubles broadcast to one shape, in the order given."""
    try:
        return list(np.broadcast_arrays(*(np.asarray(each, dtype=np.float64) for each in given.values())))
    except (TypeError, ValueError) as error:
        raise SettingsError(
            f"planning: {', '.join(given)}: expected numbers, or arrays of shapes that go together: {error}"
        ) from error


def require(name: str, values: Floats, good: NDArray[np.bool_], expected: str) -> None:
    """SettingsError that names the first value that is not good."""
    if good.all():
        return
    bad = np.flatnonzero(~good.ravel())
    raise SettingsError(
        f"planning: {name}: expected {expected}, found {values.ravel()[bad[0]]:g} at position {bad[0]} "
        f"({len(bad)} of {values.size} are wrong); correct it or leave the interval out"
    )


def require_load(load: Floats) -> None:
    require("load", load, (load >= 0) & np.isfinite(load), "Erlangs, 0 or more")


def require_whole(name: str, values: Floats) -> None:
    require(name, values, (values >= 0) & (values == np.floor(values)) & np.isfinite(values), "a whole number >= 0")
