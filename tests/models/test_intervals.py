"""Intervals of every member on Poisson counts of known rates: they hold what they say, and are no wider than they need.

A member that knows the rates has intervals as wide as the Poisson distribution's. One that forecasts with a mean of k
weeks errs by their noise too: its intervals are wider by the root of 1 + 1/k. A stream of weeks that stay the same
shows whether quantiles, slots and levels are right; one whose weeks drift, whether the leads are.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from forecasting.ensemble.calibrated import forecast_panel
from forecasting.models.growth.member import fit_growth
from forecasting.models.profile import fit_profile
from forecasting.models.seasonal.cold_start import cold_start
from forecasting.models.seasonal.member import GUESS, last_four, seasonal_naive
from forecasting.models.trees import fit
from forecasting.models.trees.fit import fit_trees
from forecasting.panel.grid import Panel, cut_panel
from tests.models.factories import hide
from tests.models.growth.growing_links import daily_panel
from tests.models.poisson import LEVELS, SEASON, Answer, Sample, draw_panel, sample_of, weekly_rates

N_SERIES, WEEKS, LEARNED = 24, 56, 28 * SEASON
"""Series, weeks of history, and the first column that no fitted member has learned from."""
ORIGINS = range(LEARNED, (WEEKS - 1) * SEASON + 1, SEASON + 4)
"""A week and a day apart: every hour of the week is forecast at every lead."""
WIDER = {"seasonal_naive": np.sqrt(2), "last_four": np.sqrt(1.25), "profile": 1.0, "trees": 1.02, "published": 1.0}
"""Width of each member's intervals, over the Poisson distribution's."""


@pytest.fixture(scope="module")
def rate() -> np.ndarray:
    return weekly_rates(N_SERIES, WEEKS, least=8, most=400)


@pytest.fixture(scope="module")
def panel(rate: np.ndarray) -> Panel:
    return draw_panel(rate)


@pytest.fixture(scope="module")
def samples(panel: Panel, rate: np.ndarray) -> dict[str, Sample]:
    """Of each member, weeks that it had not seen."""
    profile = fit_profile(panel, until=LEARNED, seed=1)
    assert profile is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(fit.SETTINGS, "num_threads", 1)
        grown = fit_trees(panel, profile, until=LEARNED, check=False, rounds=[50] * 7, seed=1, most=6_000)
    assert grown is not None
    answers: dict[str, Answer] = {
        "seasonal_naive": lambda panel, at, length: seasonal_naive(panel, at=at, length=length),
        "last_four": lambda panel, at, length: last_four(panel, at=at, length=length),
        "profile": lambda panel, at, length: profile.predict_many(panel, origin_columns=(at,), length=length)[0],
        "trees": lambda panel, at, length: grown.member.predict_many(panel, origin_columns=(at,), length=length)[0],
        "published": lambda panel, at, length: (
            forecast_panel(cut_panel(panel, at=at, length=length), {"profile": profile}).quantiles
        ),
    }
    # the mix asks every member at eight held-back columns for each of its own
    origins = {name: ORIGINS[::4] if name == "published" else ORIGINS for name in answers}
    return {
        name: sample_of(answer, panel, rate, origin_columns=origins[name], length=SEASON)
        for name, answer in answers.items()
    }


def assert_intervals_hold(sample: Sample, *, wider: float) -> None:
    """Every quantile has its share of the counts below it, every interval its share within, at the width it needs."""
    np.testing.assert_allclose(sample.below(), LEVELS, atol=0.015)
    np.testing.assert_allclose(sample.coverage(), (0.5, 0.8, 0.9), atol=0.02)
    np.testing.assert_allclose(sample.relative_width(), wider, rtol=0.04)
    assert abs(sample.bias()) < 0.01


def assert_every_slot_and_level_holds(sample: Sample) -> None:
    """Quiet and busy slots, small and large series, and each column of the horizon hold about what they say."""
    quiet, busy = np.quantile(sample.rate, (0.25, 0.75))
    for part in (sample.rate < quiet, sample.rate > busy):
        np.testing.assert_allclose(sample.where(part).coverage(), (0.5, 0.8, 0.9), atol=0.05)
    series = [sample.where((slice(None), slice(one, one + 1))) for one in range(sample.y.shape[1])]
    columns = [sample.where((slice(None), slice(None), slice(one, one + 1))) for one in range(sample.y.shape[2])]
    for part in (*series, *columns):
        # three standard errors, where few values were judged
        assert part.coverage()[1] == pytest.approx(0.8, abs=max(0.08, 3 * np.sqrt(0.8 * 0.2 / part.y.size)))
        # values below zero are none: small counts are forecast a little high
        assert abs(part.bias()) < 0.08


@pytest.mark.parametrize("name", WIDER)
def test_intervals_hold_what_they_say_and_are_as_wide_as_they_must_be(samples, name):
    assert_intervals_hold(samples[name], wider=WIDER[name])


@pytest.mark.parametrize("name", WIDER)
def test_quiet_and_busy_slots_small_and_large_series_hold_alike(samples, name):
    assert_every_slot_and_level_holds(samples[name])


@pytest.mark.parametrize("name", WIDER)
def test_widths_grow_with_the_root_of_the_level(samples, name):
    quantiles, rate = samples[name].quantiles, samples[name].rate
    width = (quantiles[..., 5] - quantiles[..., 1]).mean(axis=(0, 2))
    slope, _ = np.polyfit(np.log(rate.mean(axis=(0, 2))), np.log(width), 1)
    assert slope == pytest.approx(0.5, abs=0.03)


def around_median(sample: Sample, change: Callable[[np.ndarray], np.ndarray]) -> Sample:
    median = sample.quantiles[..., 3:4]
    return replace(sample, quantiles=np.maximum(median + change(sample.quantiles - median), 0))


BROKEN = {
    "half as wide": lambda sample: around_median(sample, lambda distance: distance / 2),
    "twice as wide": lambda sample: around_median(sample, lambda distance: 2 * distance),
    "a tenth wider": lambda sample: around_median(sample, lambda distance: 1.1 * distance),
    "guessed": lambda sample: replace(sample, quantiles=sample.quantiles[..., 3:4] * (1 + GUESS)),
    "skewed": lambda sample: around_median(sample, lambda distance: distance * np.where(LEVELS > 0.5, 1.15, 0.85)),
    "one level up": lambda sample: replace(sample, quantiles=np.roll(sample.quantiles, -1, axis=-1)),
    "two percent more": lambda sample: replace(sample, quantiles=1.02 * sample.quantiles),
}


@pytest.mark.parametrize("name", ["seasonal_naive", "last_four"])
@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_intervals_that_are_broken_do_not_hold(samples, name, broken):
    with pytest.raises(AssertionError):
        assert_intervals_hold(broken(samples[name]), wider=WIDER[name])


def widths_of_another_slot(sample: Sample) -> Sample:
    median = sample.quantiles[..., 3:4]
    return replace(sample, quantiles=np.maximum(median + np.roll(sample.quantiles - median, SEASON // 2, axis=2), 0))


def widths_of_one_size(sample: Sample) -> Sample:
    median = sample.quantiles[..., 3:4]
    typical = (sample.quantiles - median).mean(axis=(0, 1, 2))
    return replace(sample, quantiles=np.maximum(median + typical, 0))


@pytest.mark.parametrize("name", ["seasonal_naive", "last_four"])
@pytest.mark.parametrize("broken", [widths_of_another_slot, widths_of_one_size])
def test_widths_of_another_slot_or_level_do_not_hold(samples, name, broken):
    with pytest.raises(AssertionError):
        assert_every_slot_and_level_holds(broken(samples[name]))


RATE, SPREAD, KEPT = 100.0, 0.3, 0.9
"""Of a stream whose weeks drift: its mean rate, the deviation of the rates' logarithms, and how much of one is left a
week later."""


@pytest.fixture(scope="module")
def drifting() -> tuple[Panel, np.ndarray]:
    weeks, rng = 60, np.random.default_rng(5)
    logs = [SPREAD * rng.normal(size=60)]
    for _ in range(weeks - 1):
        logs.append(KEPT * logs[-1] + SPREAD * np.sqrt(1 - KEPT**2) * rng.normal(size=60))
    rate = np.repeat(RATE * np.exp(np.array(logs).T), SEASON, axis=1)
    return draw_panel(rate, horizon=4 * SEASON), rate


def test_each_week_of_a_horizon_has_the_errors_of_its_own_lead(drifting):
    """The last week's errors at one, two and four weeks' distance: Poisson noise twice, and the drift between."""
    panel, rate = drifting
    origins = range(30 * SEASON, 56 * SEASON + 1, 2 * SEASON)
    sample = sample_of(
        lambda panel, at, length: seasonal_naive(panel, at=at, length=length),
        *(panel, rate),
        origin_columns=origins,
        length=4 * SEASON,
    )
    for week, lead in enumerate((1, 2, 4, 4)):
        own = sample.where((slice(None), slice(None), slice(week * SEASON, (week + 1) * SEASON)))
        deviation = np.sqrt(2 * RATE + (RATE * SPREAD) ** 2 * 2 * (1 - KEPT**lead))
        width = (own.quantiles[..., 5] - own.quantiles[..., 1]).mean()
        assert width == pytest.approx(2 * 1.2816 * deviation, rel=0.08)
        # the third week has the errors of the fourth: leads are rounded up to a power of two
        assert own.coverage()[1] == pytest.approx(0.8, abs=0.08)


def test_a_young_series_has_the_typical_errors_of_its_stream():
    rate = weekly_rates(60, 21, least=20, most=80, swing=0.3)
    panel = draw_panel(rate)
    at = 20 * SEASON
    # half of the slots were seen once: nothing to compare them with
    young = hide(panel, slice(0, 60, 2), slice(0, at - SEASON // 2))
    for member, wider in ((seasonal_naive, np.sqrt(2)), (last_four, np.sqrt(1.25))):
        quantiles = member(young, at=at, length=SEASON)[::2, SEASON // 2 :]
        columns = slice(at + SEASON // 2, at + SEASON)
        sample = Sample(panel.y[::2, columns], rate[::2, columns], quantiles)
        np.testing.assert_allclose(sample.relative_width(), wider, rtol=0.1)


def test_a_stream_of_one_week_is_spread_by_the_guess():
    level = np.array([[10.0], [1000.0]])
    panel = draw_panel(np.repeat(level, SEASON, axis=1))
    panel = replace(panel, y=np.broadcast_to(level, panel.y.shape).astype(np.float32))
    quantiles = last_four(panel, at=SEASON, length=SEASON)
    guess = np.array([-0.8, -0.6, -0.35, 0.0, 0.4, 0.8, 1.2])
    expected = np.maximum(level[..., None] * (1 + guess * np.sqrt(1.2)), 0)
    np.testing.assert_allclose(quantiles, np.broadcast_to(expected, quantiles.shape), rtol=1e-5)


@pytest.fixture(scope="module")
def peers() -> tuple[Panel, np.ndarray]:
    """A hundred and twenty series of one shape, of which forty were seen for two days, and forty never."""
    levels = 60 * np.exp(0.5 * np.random.default_rng(2).normal(size=(120, 1)))
    rate = levels * (1 + 0.8 * np.sin(2 * np.pi * np.arange(9 * SEASON) / SEASON))
    panel = draw_panel(rate)
    at = 8 * SEASON
    return hide(hide(panel, slice(0, 40), slice(0, at - 8)), slice(40, 80), slice(0, at)), rate


def test_a_cold_start_of_two_days_holds_about_what_it_says(peers):
    panel, rate = peers
    at = 8 * SEASON
    sample = Sample(panel.y[:40, at:], rate[:40, at:], cold_start(panel, at=at, length=SEASON)[:40])
    np.testing.assert_allclose(sample.coverage(), (0.5, 0.8, 0.9), atol=0.04)
    np.testing.assert_allclose(sample.relative_width(), 1.3, rtol=0.1)
    assert abs(sample.bias()) < 0.05


def test_a_series_never_seen_is_spread_as_the_levels_of_its_peers_are(peers):
    panel, rate = peers
    at = 8 * SEASON
    quantiles = cold_start(panel, at=at, length=SEASON)[40:80]
    donors = np.quantile(rate[80:].mean(axis=1), LEVELS)
    shape = rate[0, at:] / rate[0, at:].mean()
    np.testing.assert_allclose(quantiles[0, :, 3], donors[3] * shape, rtol=0.15, atol=1.0)
    np.testing.assert_array_equal(quantiles, np.broadcast_to(quantiles[0], quantiles.shape))
    # the spread of the levels, and that of counts around a level on top
    held = Sample(panel.y[40:80, at:], rate[40:80, at:], quantiles).coverage()
    assert (held >= (0.5, 0.8, 0.9)).all()
    assert (quantiles[..., -1].sum(), quantiles[..., 0].sum()) == pytest.approx(
        (40 * SEASON * donors[-1] * 1.28, 40 * SEASON * donors[0] * 0.72), rel=0.1
    )


def test_the_growth_member_holds_what_it_says_over_a_horizon_of_two_months():
    """Its intervals allow for growth that these links do not have: they end wider than the noise."""
    n, days, horizon = 30, 400, 60
    rate = np.geomspace(50, 5000, n)[:, None] * np.where(np.arange(days) % 7 >= 5, 0.6, 1.0)
    panel = daily_panel(np.random.default_rng(3).poisson(rate).astype(float), days=days)
    member = fit_growth(panel, until=240, seed=1)
    assert member is not None
    sample = sample_of(
        lambda panel, at, length: member.predict_many(panel, origin_columns=(at,), length=length)[0],
        *(panel, rate),
        origin_columns=range(240, days - horizon + 1, 20),
        length=horizon,
    )
    np.testing.assert_allclose(sample.coverage(), (0.5, 0.8, 0.9), atol=0.04)
    np.testing.assert_allclose(sample.below(), LEVELS, atol=0.03)
    assert abs(sample.bias()) < 0.01
    first, last = (sample.where((slice(None), slice(None), week)) for week in (slice(7), slice(horizon - 7, horizon)))
    assert 0.8 < first.relative_width()[1] < 1.1
    assert 1.8 < last.relative_width()[1] < 2.8
