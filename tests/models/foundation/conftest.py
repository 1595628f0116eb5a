"""Networks of a few hundred parameters are computed in one thread: more only wait for each other."""

from collections.abc import Iterator

import pytest

from forecasting.models.neural.runtime import own_threads


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    with own_threads(1):
        yield
