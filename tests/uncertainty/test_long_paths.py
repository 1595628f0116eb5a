from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import ndtri

from forecasting.quantiles import LEVELS
from forecasting.uncertainty.long_dependence import (
    ASSUMED_CORRELATION,
    LARGEST_CORRELATION,
    LongDependence,
    learn_long_dependence,
)
from forecasting.uncertainty.long_paths import MARKS, LongPathMaker, spread_parts

STEPS = 200
STEP = np.arange(1, STEPS + 1)
SCORES = ndtri(LEVELS)


def make_dependence(
    n: int = 4,
    *,
    noise: float = 0.0,
    autocorrelation: float = 0.0,
    noise_correlation: float = 0.0,
    level_correlation: float = 0.0,
) -> LongDependence:
    return LongDependence(np.full(n, noise), autocorrelation, noise_correlation, level_correlation)


def log_normal(variance: np.ndarray, *, median: float = 100.0) -> np.ndarray:
    """(H, 7) quantiles of a forecast whose logarithm has this variance at each step."""
    return median * np.exp(np.sqrt(variance)[:, None] * SCORES)


def maker_of(dependence: LongDependence, *, steps: int = STEPS, paths: int = 2000, seed: int = 0) -> LongPathMaker:
    return LongPathMaker(dependence, steps, paths=paths, seed=(seed,))


def logs_of(variance: np.ndarray, dependence: LongDependence, *, series: tuple[int, ...] = (0,)) -> np.ndarray:
    """(n, H, S) logarithms of paths over the spread forecast."""
    quantiles = np.stack([log_normal(variance)] * len(series))
    paths = maker_of(dependence).paths_of(np.array(series), quantiles)
    return np.log(paths / 100) / np.sqrt(variance)[:, None]


def between(logs: np.ndarray, one: int, other: int) -> float:
    """Correlation of two steps over the paths of a series."""
    return float(np.corrcoef(logs[one - 1], logs[other - 1])[0, 1])


PARAMETER_SETS = {
    "level": (0.04, 0, 0),
    "drift": (0, 1e-3, 0),
    "growth": (0, 0, 1e-5),
    "level and drift": (0.02, 1e-3, 0),
}
"""Coefficients of 1, h and h^2."""


def variance_of(parameters: str) -> np.ndarray:
    return np.array(PARAMETER_SETS[parameters]) @ np.stack([np.ones(STEPS), STEP, STEP**2])


@pytest.mark.parametrize("parameters", PARAMETER_SETS)
def test_steps_correlate_as_the_parts_of_the_spread_do(parameters):
    (level, drift, growth), variance = PARAMETER_SETS[parameters], variance_of(parameters)
    logs = logs_of(variance, make_dependence())[0]
    for one, other in [(1, 4), (10, 40), (50, 200), (199, 200)]:
        shared = level + drift * one + growth * one * other
        expected = shared / np.sqrt(variance[one - 1] * variance[other - 1])
        assert between(logs, one, other) == pytest.approx(expected, abs=0.06)


@pytest.mark.parametrize("autocorrelation", [0.0, 0.5, 0.9])
def test_noise_is_a_first_order_autoregression(autocorrelation):
    # the spread is that of noise alone
    logs = logs_of(np.full(STEPS, 0.01), make_dependence(noise=0.01, autocorrelation=autocorrelation))[0]
    for apart in (1, 2, 5, 60):
        found = np.mean([between(logs, one, one + apart) for one in range(1, STEPS - apart, 7)])
        assert found == pytest.approx(autocorrelation**apart, abs=0.03)


def test_noise_is_no_more_than_the_least_spread_and_the_rest_moves_by_its_part():
    logs = logs_of(0.01 + 1e-4 * STEP**2.0, make_dependence(noise=0.5))[0]
    assert between(logs, 1, 2) < 0.1  # nearly all noise
    assert between(logs, 150, 200) > 0.95  # nearly all growth


@pytest.mark.parametrize("together", [0.0, 0.5, 0.95])
@pytest.mark.parametrize(
    ("variance", "noise"),
    [(np.full(STEPS, 0.04), 0.0), (0.001 * STEP, 0.0), (1e-5 * STEP**2.0, 0.0), (np.full(STEPS, 0.04), 0.04)],
    ids=["level", "drift", "growth", "noise"],
)
def test_parallel_series_correlate_as_asked(together, variance, noise):
    given = {"noise_correlation": together} if noise else {"level_correlation": together}
    logs = logs_of(variance, make_dependence(noise=noise, **given), series=(0, 3))
    # at one step of a level sampling noise of two draws is left
    found = np.mean([np.corrcoef(logs[0, at], logs[1, at])[0, 1] for at in range(0, STEPS, 9)])
    assert found == pytest.approx(together, abs=0.07)


@pytest.mark.parametrize("noise", [0.0, 0.03])
@pytest.mark.parametrize("parameters", PARAMETER_SETS)
def test_every_step_is_distributed_as_forecast(parameters, noise):
    skewed = log_normal(variance_of(parameters))
    skewed[:, 4:] *= np.array([1.1, 1.3, 1.6])
    paths = maker_of(make_dependence(noise=noise, autocorrelation=0.8)).paths_of(np.array([1]), skewed[None])[0]
    below = (paths[:, None] <= skewed[..., None]).mean(axis=2)
    np.testing.assert_allclose(below, np.tile(LEVELS, (STEPS, 1)), atol=0.045)
    np.testing.assert_allclose(below.mean(axis=0), LEVELS, atol=0.03)


def test_halves_mirror_each_other_so_that_the_middle_is_the_median():
    logs = logs_of(0.001 * STEP, make_dependence(noise=0.0005, autocorrelation=0.4))[0]
    half = logs.shape[1] // 2
    np.testing.assert_allclose(logs[:, :half], -logs[:, half:], atol=1e-3)


def test_a_series_is_the_same_whichever_are_drawn_beside_it():
    rng = np.random.default_rng(3)
    dependence = LongDependence(rng.uniform(0, 0.02, 9), 0.3, 0.2, 0.4)
    # some spreads are exact, where several fits are as good as each other
    spread = rng.choice([0.0, 1.0], (9, 3)) * rng.uniform(0.5, 1, (9, 3)) * [0.02, 0.001, 1e-5]
    variance = spread @ np.stack([np.ones(STEPS), STEP, STEP**2])
    quantiles = np.stack([log_normal(own) for own in variance]).astype(np.float32)
    maker = maker_of(dependence, paths=20)
    together = maker.paths_of(np.arange(9), quantiles)
    for some in ([4], [8, 0], [3, 1, 7]):
        again = maker_of(dependence, paths=20).paths_of(np.array(some), quantiles[some])
        np.testing.assert_array_equal(again, together[some])
    assert (maker_of(dependence, paths=20, seed=1).paths_of(np.arange(9), quantiles) != together).any()
    assert (together[0] != together[1]).any()


def test_paths_that_cannot_be_mirrored_are_refused():
    for paths in (0, 1, 199):
        with pytest.raises(ValueError, match=f"expected an even number of them, found {paths}"):
            LongPathMaker(make_dependence(), 5, paths=paths, seed=(0,))
    with pytest.raises(ValueError, match="expected at least one, found 0"):
        LongPathMaker(make_dependence(), 0, seed=(0,))


def test_a_forecast_of_nothing_gives_nothing_and_a_certain_one_itself():
    quantiles = np.stack([np.zeros((5, 7)), np.full((5, 7), 42.0)])
    paths = maker_of(make_dependence(noise=0.1), steps=5, paths=50).paths_of(np.arange(2), quantiles)
    assert (paths[0] == 0).all()
    np.testing.assert_allclose(paths[1], 42.0, rtol=1e-5)


@given(
    arrays(np.float32, (2, 9, 7), elements=st.floats(0, 2.0**100, width=32)),
    st.floats(0, 10),
    st.sampled_from([1, 2, 9]),
)
@settings(max_examples=80, deadline=None)
def test_paths_are_finite_and_never_negative_whatever_is_forecast(quantiles, noise, steps):
    quantiles = np.sort(quantiles[:, :steps], axis=2)
    paths = maker_of(make_dependence(noise=noise, autocorrelation=0.5), steps=steps, paths=40).paths_of(
        np.arange(2), quantiles
    )
    assert paths.dtype == np.float32
    assert np.isfinite(paths).all()
    assert (paths >= 0).all()


def test_where_the_median_is_next_to_nothing_the_tail_stays_in_sight():
    quantiles = np.tile(np.array([0, 0, 0, 0, 0, 0, 10.0]), (1, 3, 1))
    paths = maker_of(make_dependence(), steps=3).paths_of(np.array([0]), quantiles)
    assert 10 < paths.max() < 10 * np.exp(3)
    assert np.median(paths) < 0.1


def best_of_all_choices(step: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """(3,) coefficients of 1, h, h^2, none negative, of the least squared relative error: brute force."""
    basis = np.stack([np.ones(len(step)), step, step**2], axis=1) / spread[:, None]
    scale = np.abs(basis).max(axis=0)
    best, found = np.inf, np.zeros(3)
    for chosen in (list(part) for count in (1, 2, 3) for part in combinations(range(3), count)):
        solved = np.linalg.lstsq(basis[:, chosen] / scale[chosen], np.ones(len(step)), rcond=None)[0]
        lost = float((((basis[:, chosen] / scale[chosen]) @ solved - 1) ** 2).sum())
        if (solved >= 0).all() and lost < best * (1 - 1e-9):
            best, found = lost, np.zeros(3)
            found[chosen] = solved / scale[chosen]
    return found


@given(st.integers(0, 10_000), st.sampled_from([3, 9, 104, 730]))
@settings(max_examples=60, deadline=None)
def test_parts_of_the_spread_are_the_best_of_all_choices(seed, steps):
    rng = np.random.default_rng(seed)
    coefficients = rng.uniform(0.1, 1, 3) * (rng.random(3) > 0.4) * [0.04, 1e-3, 1e-5]
    step = np.arange(1, steps + 1.0)
    spread = (0.001 + coefficients @ np.stack([np.ones(steps), step, step**2])) * rng.lognormal(0, 0.3, steps)
    marks = np.unique(np.round(np.geomspace(1, steps, min(MARKS, steps))).astype(int))
    expected = best_of_all_choices(marks.astype(float), spread[marks - 1])
    found = spread_parts(log_normal(spread), 0.0)
    assert found[3] == 0
    contributions = np.stack([np.ones(steps), step, step**2])
    np.testing.assert_allclose(found[:3] @ contributions, expected @ contributions, rtol=1e-9)


def test_noise_of_the_spread_is_no_more_than_its_least_value():
    found = spread_parts(log_normal(0.01 + 1e-4 * STEP), 0.5)
    np.testing.assert_allclose(found[3], 0.0101)
    np.testing.assert_allclose(spread_parts(log_normal(0.01 + 1e-4 * STEP), 0.01), [0, 1e-4, 0, 0.01], atol=1e-9)


# learning from history ----------------------------------------------------------------------------------------------

DAYS, SIGMA, AUTOCORRELATION, NOISE_CORRELATION, LEVEL_CORRELATION = 840, 0.1, 0.6, 0.3, 0.7


def autocorrelated(rng: np.random.Generator, n: int) -> np.ndarray:
    drawn = rng.standard_normal((n, DAYS))
    for at in range(1, DAYS):
        drawn[:, at] = AUTOCORRELATION * drawn[:, at - 1] + np.sqrt(1 - AUTOCORRELATION**2) * drawn[:, at]
    return drawn


def make_logs(*, series: int = 12, walk: float = 0.005, seed: int = 0) -> np.ndarray:
    """Logarithms of peaks: autocorrelated noise about a random walk, both partly shared."""
    rng = np.random.default_rng(seed)
    noise = np.sqrt(NOISE_CORRELATION) * autocorrelated(rng, 1) + np.sqrt(1 - NOISE_CORRELATION) * autocorrelated(
        rng, series
    )
    steps = np.sqrt(LEVEL_CORRELATION) * rng.standard_normal((1, DAYS))
    steps = steps + np.sqrt(1 - LEVEL_CORRELATION) * rng.standard_normal((series, DAYS))
    return 5 + SIGMA * noise + walk * np.cumsum(steps, axis=1)


def learn(y: np.ndarray, observed: np.ndarray | None = None) -> LongDependence:
    return learn_long_dependence(y, np.ones(y.shape, bool) if observed is None else observed, season=7)


def assert_found(found: LongDependence, *, loose: float = 1.0) -> None:
    np.testing.assert_allclose(np.median(found.noise), SIGMA**2, rtol=0.08 * loose)
    assert found.autocorrelation == pytest.approx(AUTOCORRELATION, abs=0.04)
    assert found.noise_correlation == pytest.approx(NOISE_CORRELATION, abs=0.05)


def test_the_noise_of_each_series_and_what_it_shares_are_found():
    logs = make_logs()
    logs[0] = 5 + 3 * (logs[0] - 5)
    found = learn(np.exp(logs))
    assert_found(found)
    assert found.noise[0] == pytest.approx(9 * SIGMA**2, rel=0.3)


def test_trends_and_weekdays_are_no_noise():
    day = np.arange(DAYS)
    logs = make_logs() + 0.001 * day * np.arange(12)[:, None] + np.array([0, 0.1, 0.1, 0.1, 0, -0.5, -0.9])[day % 7]
    assert_found(learn(np.exp(logs)))


@pytest.mark.parametrize("together", [False, True], ids=["each its own", "all at once"])
def test_outages_are_no_noise(together):
    y = np.exp(make_logs())
    for number, series in enumerate(y):
        start = 300 if together else 30 + 60 * number
        series[start : start + 10] *= 0.1
    assert_found(learn(y), loose=1.6)


def test_unobserved_and_zero_values_do_not_count():
    y, observed = np.exp(make_logs()), np.random.default_rng(5).random((12, DAYS)) > 0.1
    assert_found(learn(np.where(observed, y, 1e9), observed))
    y[:, ::9] = 0
    y[3] = np.nan
    found = learn(y)
    assert_found(found)
    assert found.noise[3] == np.median(found.noise[[0, 1, 2, *range(4, 12)]])


@pytest.mark.parametrize("shared", [0.0, 1.0])
def test_levels_that_move_together_are_distinguished_from_those_that_do_not(shared):
    rng, walks = np.random.default_rng(1), []
    for _ in range(12):
        walks.append(rng.standard_normal(DAYS))
    steps = np.sqrt(shared) * rng.standard_normal(DAYS) + np.sqrt(1 - shared) * np.array(walks)
    found = learn(np.exp(0.02 * np.cumsum(steps, axis=1))).level_correlation
    blocks = DAYS // 28 - 1
    trust = blocks / (blocks + 12)
    assert found == pytest.approx(trust * LARGEST_CORRELATION * shared + (1 - trust) * ASSUMED_CORRELATION, abs=0.06)


def test_that_all_grow_is_no_reason_to_move_together():
    walks = np.cumsum(np.random.default_rng(2).standard_normal((12, DAYS)), axis=1)
    grown = learn(np.exp(0.01 * walks + 0.002 * np.arange(DAYS)))
    assert grown.level_correlation == pytest.approx(learn(np.exp(0.01 * walks)).level_correlation, abs=0.01)


@pytest.mark.parametrize("days", [0, 1, 14, 15, 40, 60])
@pytest.mark.parametrize("season", [1, 7])
@pytest.mark.filterwarnings("error")
def test_a_short_or_dull_history_leaves_what_is_assumed(days, season):
    for y in (np.ones((3, days)), np.zeros((3, days)), np.full((1, days), np.nan)):
        found = learn_long_dependence(y, np.isfinite(y), season=season)
        assert (found.noise == 0).all()
        assert found.autocorrelation == found.noise_correlation == 0
        assert found.level_correlation == ASSUMED_CORRELATION
