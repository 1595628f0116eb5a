"""The structural model of growth: its filter against the normal distribution that it stands for, its bounds against
integrals."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from forecasting.models.growth import kalman as module
from forecasting.models.growth.kalman import DIFFUSE, FADE, Measured, State, filter_states, look_ahead
from forecasting.models.growth.model import (
    CYCLE,
    DEVIATION,
    FIXED,
    GROWTH,
    HARMONICS,
    LEVEL,
    YEAR,
    Clock,
    GrowthParameters,
    effects_of,
    loadings,
)
from forecasting.models.growth.pooling import usual_parameters

NEW_YEAR = float((np.datetime64("2024-01-01") - np.datetime64("1970-01-01")).astype(int))
EFFECTS = 7 + 1 + 2 * HARMONICS
PARAMETERS = replace(
    usual_parameters(season=7, roughness=0.1),
    growth=0.2,
    pattern=np.concatenate([np.linspace(-0.1, 0.1, 7), [-0.1], np.zeros(2 * HARMONICS)]),
    shapes=0.05 * np.random.default_rng(5).standard_normal((EFFECTS, 9)),
)
FLAT = replace(PARAMETERS, pattern=np.zeros(EFFECTS), shapes=usual_parameters(season=7, roughness=0.1).shapes)


def clock(days: int, *, since: float = NEW_YEAR + 100, step: int = 1) -> Clock:
    return Clock(since + step * np.arange(days, dtype=float), np.arange(days) % 7)


def measured(x: np.ndarray, *, seen: np.ndarray | None = None, bound: np.ndarray | None = None) -> Measured:
    n = len(x)
    return Measured(
        x=x,
        seen=np.isfinite(x) if seen is None else seen,
        bound=np.zeros(x.shape, bool) if bound is None else bound,
        roughness=np.full(n, 0.1),
        shift=np.zeros(n, np.int64),
    )


def ornstein(parameters: GrowthParameters, one: np.ndarray, other: np.ndarray, *, steps: int = 2_000) -> np.ndarray:
    """Covariance of what turns have added to the level by two times (years), by sums over a fine grid."""
    fine = (np.arange(steps) + 0.5) / steps * max(one.max(), other.max())
    width = fine[1] - fine[0]
    kernel = parameters.growth_deviation**2 * np.exp(-np.abs(fine[:, None] - fine) / parameters.deviation_years)
    return (one[:, None] > fine) @ kernel @ (other[:, None] > fine).T * width**2


def joint(parameters: GrowthParameters, days: np.ndarray, slot: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of what is measured on some days, from the model as it is written down, without any filter.

    Growth is not faded: it fades ahead only.
    """
    since = days - days[0]
    years = since / YEAR
    effects = effects_of(Clock(days, slot), weekdays=7)
    mean = parameters.growth * years + effects @ parameters.pattern
    cov = DIFFUSE + parameters.spread**2 * np.outer(years, years) + ornstein(parameters, years, years)
    cov += effects @ (parameters.shapes @ parameters.shapes.T) @ effects.T
    cov += parameters.level_drift**2 * np.minimum(since[:, None], since)
    apart, first = np.abs(since[:, None] - since), np.add.outer(since, since)
    cycle = (parameters.cycle * 0.1) ** 2
    # no cycle is known at the first day
    cov += cycle * (np.exp(-apart / parameters.cycle_days) - np.exp(-first / parameters.cycle_days))
    return mean, cov + np.eye(len(days)) * (parameters.noise * 0.1) ** 2


@pytest.mark.parametrize("step", [1, 7])
def test_the_filter_is_the_normal_distribution_of_all_days_given_those_before(step, monkeypatch):
    monkeypatch.setattr(module, "FADE", 1e9)
    monkeypatch.setattr(module, "ALARM", np.inf)
    known, ahead = 60, np.array([0, 5, 40])
    times = clock(101, step=step, since=NEW_YEAR - 30)
    mean, cov = joint(PARAMETERS, times.day, times.slot)
    x = mean[:known] + 0.1 * np.random.default_rng(0).standard_normal(known) + 0.3
    gone = np.isin(np.arange(known), [3, 17, 18, 19, 59])
    (state,) = filter_states(
        PARAMETERS, times, measured(np.where(gone, 9.0, x)[None], seen=~gone[None]), marks=(known,)
    )
    predicted, variance = look_ahead(
        PARAMETERS, state, Clock(times.day[known + ahead], times.slot[known + ahead]), np.full(1, 0.1)
    )
    seen, later = np.flatnonzero(~gone), known + ahead
    gain = np.linalg.solve(cov[np.ix_(seen, seen)], cov[np.ix_(seen, later)]).T
    np.testing.assert_allclose(predicted[:, 0], mean[later] + gain @ (x - mean[:known])[seen], atol=2e-4)
    np.testing.assert_allclose(
        variance[:, 0], np.diag(cov)[later] - (gain * cov[np.ix_(later, seen)]).sum(axis=1), rtol=2e-3
    )


def test_growth_fades_ahead():
    times = clock(30)
    (state,) = filter_states(PARAMETERS, times, measured(np.zeros((1, 30))), marks=(30,))
    far = Clock(state.day + YEAR * np.array([1.0, 4.0]), np.zeros(2, np.int64))
    predicted, _ = look_ahead(PARAMETERS, state, far, np.full(1, 0.1))
    grown = state.mean[GROWTH, 0] * FADE * (1 - np.exp(-np.array([1.0, 4.0]) / FADE))
    turned = (
        state.mean[DEVIATION, 0]
        * PARAMETERS.deviation_years
        * (1 - np.exp(-np.array([1.0, 4.0]) / PARAMETERS.deviation_years))
    )
    still = effects_of(far, weekdays=7) @ (PARAMETERS.pattern + PARAMETERS.shapes @ state.mean[FIXED:, 0])
    np.testing.assert_allclose(predicted[:, 0] - still - state.mean[LEVEL, 0], grown + turned, atol=1e-6)


@pytest.mark.parametrize("apart", [-2.5, -0.5, 0.0, 1.0, 2.5])
def test_of_a_lower_bound_the_state_learns_the_moments_of_what_lies_above(apart):
    known = np.zeros((1, 40))
    times = clock(41)
    (before,) = filter_states(PARAMETERS, times, measured(known), marks=(40,))
    now = Clock(times.day[40:], times.slot[40:])
    center, variance = look_ahead(PARAMETERS, before, now, np.full(1, 0.1))
    center, spread = float(center[0, 0]), float(np.sqrt(variance[0, 0]))
    bound = center + apart * spread
    x, censored = np.append(known, [[bound]], axis=1), np.arange(41)[None] == 40
    (after,) = filter_states(PARAMETERS, times, measured(x, bound=censored), marks=(41,))

    def moment(power: int) -> float:
        return float(quad(lambda z: z**power * norm.pdf(z), apart, 12)[0])

    mean = moment(1) / moment(0)
    left = moment(2) / moment(0) - mean**2
    moved = predicted_of(PARAMETERS, after, now) - center
    whole = measured(np.append(known, [[center + spread]], axis=1))
    (full,) = filter_states(PARAMETERS, times, whole, marks=(41,))
    step = predicted_of(PARAMETERS, full, now) - center
    assert moved == pytest.approx(mean * step, rel=1e-3, abs=1e-9)
    unlearned = unlearned_cov(PARAMETERS, times)
    shrunk, most = (unlearned - state.cov[..., 0] for state in (after, full))
    np.testing.assert_allclose(shrunk, (1 - left) * most, rtol=1e-3, atol=1e-9)


def predicted_of(parameters: GrowthParameters, state: State, now: Clock) -> float:
    """What is expected of the only column of a clock that the state has seen."""
    load, usual = loadings(parameters, now)
    return float(load[0] @ state.mean[:, 0] + usual[0])


def unlearned_cov(parameters: GrowthParameters, times: Clock) -> np.ndarray:
    """Covariance of the state at the last day, of which nothing was measured."""
    n = len(times.day)
    seen = np.arange(n)[None] < n - 1
    (later,) = filter_states(parameters, times, measured(np.zeros((1, n)), seen=seen), marks=(n,))
    return later.cov[..., 0]


def test_an_outlier_moves_the_level_no_more_than_three_deviations_would():
    times = clock(61)
    predicted = []
    for size in (3.0, 30.0):
        calm = np.zeros((1, 61))
        (before,) = filter_states(FLAT, times, measured(calm), marks=(60,))
        center, variance = look_ahead(FLAT, before, Clock(times.day[60:], times.slot[60:]), np.full(1, 0.1))
        calm[0, 60] = center[0, 0] + size * np.sqrt(variance[0, 0])
        (after,) = filter_states(FLAT, times, measured(calm), marks=(61,))
        predicted.append(after.mean[LEVEL, 0])
    assert predicted[0] > 0
    assert predicted[1] == pytest.approx(predicted[0], rel=1e-5)


def test_a_step_is_followed_within_weeks_and_teaches_no_growth_where_it_is_known():
    x = np.where(np.arange(200) < 150, 0.0, 0.6) + 0.03 * np.random.default_rng(0).standard_normal(200)
    unaware = measured(x[None])
    known = replace(unaware, shift=np.array([150]))
    parameters = FLAT
    (noticed,), (taught,) = (filter_states(parameters, clock(200), one, marks=(200,)) for one in (unaware, known))
    for state in (noticed, taught):
        assert state.mean[LEVEL, 0] + state.mean[CYCLE, 0] == pytest.approx(0.6, abs=0.12)
    flat = filter_states(parameters, clock(200), measured(x[None] - 0.6 * (np.arange(200) >= 150)), marks=(200,))[0]
    growth = [state.mean[GROWTH, 0] + state.mean[DEVIATION, 0] for state in (noticed, taught, flat)]
    assert abs(growth[1] - growth[2]) < 0.05
    assert abs(growth[1] - growth[2]) <= abs(growth[0] - growth[2])


def test_a_drop_of_a_few_days_may_be_a_cycle_as_well_as_a_step():
    x = np.where(np.arange(150) < 143, 0.0, -0.5) + 0.03 * np.random.default_rng(0).standard_normal(150)
    parameters = FLAT
    (state,) = filter_states(parameters, clock(150), measured(x[None]), marks=(150,))
    assert state.mean[LEVEL, 0] + state.mean[CYCLE, 0] == pytest.approx(-0.45, abs=0.1)
    assert -0.4 < state.mean[CYCLE, 0] < -0.12
    soon, month = look_ahead(
        parameters, state, Clock(state.day + np.array([1.0, 29.0]), np.zeros(2, np.int64)), np.full(1, 0.1)
    )[0]
    assert month[0] > soon[0] + 0.1


def test_the_days_around_the_new_year_have_an_effect_of_their_own():
    days = Clock(np.arange(NEW_YEAR - 12, NEW_YEAR + 6), np.zeros(18, np.int64))
    assert effects_of(days, weekdays=7)[:, 7].tolist() == [0] * 3 + [1] * 12 + [0] * 3
