"""200 random sets of adjustments: sums agree, quantiles stay sorted, siblings stay, and past mornings too."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import hypothesis
import numpy as np
from hypothesis import strategies as st

from forecasting.planning.adjustments import Adjusted, Adjustment, adjust
from forecasting.terms import Operation

AT = datetime(2024, 1, 1, tzinfo=UTC)
SERIES, STEPS, PATHS = 5, 6, 20
VALUES = {Operation.PERCENT: (-100.0, 300.0), Operation.ADD: (-80.0, 200.0)}
SETS = 200


@dataclass(frozen=True)
class Said:
    """A forecast, and what planners say of it."""

    paths: np.ndarray
    """(S, N, H) NaN where a series is closed."""
    adjustments: list[Adjustment]
    cells: list[np.ndarray]
    together: bool

    @property
    def mean(self) -> np.ndarray:
        return self.paths.mean(axis=0)

    def put_on(self, count: int | None = None, mean: np.ndarray | None = None, since: int = 0) -> Adjusted:
        own = slice(since, count)
        base = self.mean if mean is None else mean
        return adjust(base, self.adjustments[own], self.cells[own], together=self.together)


@st.composite
def sets(draw) -> Said:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    level = rng.gamma(1.5, 40, (SERIES, STEPS)) * (rng.random((SERIES, STEPS)) > 0.1)
    paths = level * rng.lognormal(0, 0.3, (PATHS, SERIES, STEPS))
    paths[:, rng.random((SERIES, STEPS)) < 0.1] = np.nan
    adjustments, cells = [], []
    for number in range(draw(st.integers(1, 6))):
        operation = draw(st.sampled_from(list(Operation)))
        value = draw(st.floats(*VALUES.get(operation, (0.0, 300.0)), allow_nan=False))
        known_at = AT + timedelta(minutes=number)
        adjustments.append(Adjustment(str(number), known_at, {}, AT, AT, operation, value))
        cells.append((rng.random(SERIES) < 0.5)[:, None] & (rng.random(STEPS) < 0.6)[None])
    return Said(paths, adjustments, cells, draw(st.booleans()))


def replayed(check):
    """A test of so many sets, the same in every run."""
    settings = hypothesis.settings(max_examples=SETS, derandomize=True, database=None)
    return settings(hypothesis.given(sets())(check))


@replayed
def test_sums_of_paths_are_those_of_means_and_quantiles_stay_sorted(said):
    factors = said.put_on().factors
    final = said.paths * factors
    total, of_means = np.nansum(final, axis=1).mean(axis=0), np.nansum(said.mean * factors, axis=0)
    np.testing.assert_allclose(total, of_means, rtol=1e-6, atol=1e-6)
    quantiles = np.quantile(said.paths, [0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95], axis=0) * factors
    assert (np.diff(quantiles, axis=0)[:, np.isfinite(said.mean)] >= 0).all()
    assert (factors >= 0).all()
    # what a group is adjusted by is what its own total moves by, in every path
    rest = ~np.any(said.cells, axis=0)
    moved = np.nansum(final - said.paths, axis=1) - np.nansum((final - said.paths) * ~rest, axis=1)
    np.testing.assert_array_equal(moved, 0)


@replayed
def test_nobody_else_moves_by_a_bit(said):
    adjusted = said.put_on()
    touched = np.any(adjusted.touched, axis=0)
    np.testing.assert_array_equal(adjusted.factors[~touched], 1.0)
    np.testing.assert_array_equal((said.paths * adjusted.factors)[:, ~touched], said.paths[:, ~touched])
    np.testing.assert_array_equal(touched, np.any(said.cells, axis=0) & np.isfinite(said.mean))


@replayed
def test_the_last_word_holds_where_there_is_something_to_share(said):
    before, after = said.put_on(len(said.adjustments) - 1), said.put_on()
    last, cells = said.adjustments[-1], after.touched[-1]
    if after.without_base[-1]:
        return
    had, has = (np.where(cells, np.nan_to_num(said.mean) * one.factors, 0) for one in (before, after))
    if said.together:
        had, has, cells = had.sum(axis=0), has.sum(axis=0), cells.any(axis=0)
    wanted = {
        Operation.PERCENT: had * (1 + last.value / 100),
        Operation.ADD: np.maximum(had + last.value, 0),
        Operation.SET: np.full(had.shape, last.value),
        Operation.FLOOR: np.maximum(had, last.value),
        Operation.CAP: np.minimum(had, last.value),
    }[last.operation]
    np.testing.assert_allclose(has[cells], wanted[cells], rtol=1e-6, atol=1e-6)


@replayed
def test_a_past_morning_is_that_of_what_was_known_then(said):
    everything = said.put_on().factors
    for known in range(len(said.adjustments) + 1):
        then = said.put_on(known).factors
        np.testing.assert_array_equal(then, said.put_on(known).factors)
        later = said.put_on(mean=said.mean * then, since=known).factors
        np.testing.assert_allclose(then * later, everything, rtol=1e-9)
