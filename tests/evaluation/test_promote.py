"""Champion and challenger: a gain must exceed its noise, and an old champion must be measurably better to stay."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from forecasting.evaluation.promote import LONGEST_TENURE, NO_CONTEST, Contest, hold_contest, judge
from forecasting.terms import Verdict

DAY = 24
LENGTH = 14 * DAY
ORIGIN_COLUMNS = tuple(2 * DAY * number for number in range(4))
LOSSES = st.floats(0.1, 100, allow_subnormal=False)


def contest(
    challenger: np.ndarray, champion: np.ndarray, volume: np.ndarray | None = None, *, length: int = LENGTH
) -> Contest:
    volume = np.full(champion.shape, 1000.0) if volume is None else volume
    origin_columns = [2 * DAY * number for number in range(len(champion))]
    return hold_contest(challenger, champion, volume, origin_columns=origin_columns, length=length)


def losses(days: np.ndarray, *, length: int = 14, origins: int = 4) -> np.ndarray:
    """Loss (A, N) of windows of `length` days, two days apart, over daily losses (D, N)."""
    return np.stack([days[2 * at : 2 * at + length].sum(axis=0) for at in range(origins)])


@st.composite
def rivals(draw):
    shape = draw(st.tuples(st.integers(1, 4), st.integers(1, 6)))
    return draw(arrays(np.float64, shape, elements=LOSSES)), draw(arrays(np.float64, shape, elements=LOSSES))


@given(rivals())
def test_swapping_sides_flips_the_gain_and_keeps_how_sure_it_is(pair):
    one, other = pair
    forth, back = contest(one, other), contest(other, one)
    assert np.sign(forth.gain) == -np.sign(back.gain)
    assert (forth.wql_challenger, forth.wql_champion) == (back.wql_champion, back.wql_challenger)
    if forth.gain and not math.isnan(forth.noise):
        assert forth.noise / abs(forth.gain) == pytest.approx(back.noise / abs(back.gain), rel=1e-6)


@given(rivals())
def test_of_two_at_most_one_is_promoted_over_the_other(pair):
    one, other = pair
    verdicts = [judge(contest(*sides), tenure=0).verdict for sides in ((one, other), (other, one))]
    assert verdicts.count(Verdict.PROMOTED) <= 1


@given(rivals(), st.integers(0, 10))
def test_equal_models_are_never_promoted_by_gain(pair, tenure):
    loss, _ = pair
    found = contest(loss, loss)
    assert found.gain == 0
    assert judge(found, tenure=tenure).verdict is (Verdict.AGED if tenure >= LONGEST_TENURE else Verdict.KEPT)


@given(rivals(), st.floats(0.01, 100))
def test_unit_of_demand_does_not_count(pair, unit):
    one, other = pair
    plain = contest(one, other)
    scaled = contest(unit * one, unit * other, np.full(one.shape, unit * 1000.0))
    assert (scaled.gain, scaled.noise) == pytest.approx((plain.gain, plain.noise), nan_ok=True, abs=1e-9)


def test_gain_is_the_share_of_wql_saved():
    champion = np.array([[10.0, 30.0], [20.0, 40.0]])
    found = contest(0.9 * champion, champion)
    assert found.gain == pytest.approx(0.1)
    assert found.wql_champion == pytest.approx(2 * 100 / 4000)
    assert found.wql_challenger == pytest.approx(2 * 90 / 4000)
    assert (found.origins, found.series) == (2, 2)


@pytest.mark.parametrize("series", [1, 3, 200])
def test_clear_gain_is_promoted_and_a_clear_loss_is_not_even_after_years(series):
    noise = np.random.default_rng(1)
    champion = losses(noise.uniform(9, 11, (20, series)))
    better = champion * noise.uniform(0.85, 0.87, champion.shape)
    assert judge(contest(better, champion), tenure=0).verdict is Verdict.PROMOTED
    assert judge(contest(champion, better), tenure=100).verdict is Verdict.KEPT


def test_gain_within_its_noise_waits_until_the_champion_has_aged():
    champion = np.full((4, 3), 100.0)
    found = contest(champion * np.array([[0.9], [1.08], [0.93], [1.05]]), champion)
    assert 0 < found.gain < found.noise
    verdicts = [judge(found, tenure=tenure).verdict for tenure in range(LONGEST_TENURE + 2)]
    assert verdicts == [Verdict.KEPT] * LONGEST_TENURE + [Verdict.AGED] * 2


@pytest.mark.parametrize(
    ("gain", "early", "late"),
    [
        (0.021, Verdict.PROMOTED, Verdict.PROMOTED),
        (0.019, Verdict.KEPT, Verdict.AGED),
        (-0.019, Verdict.KEPT, Verdict.AGED),
        (-0.021, Verdict.KEPT, Verdict.KEPT),
    ],
)
def test_a_gain_or_a_loss_counts_when_it_is_larger_than_its_noise(gain, early, late):
    found = Contest(gain, 0.02, 0.1, 0.1, 4, 3)
    assert (judge(found, tenure=LONGEST_TENURE - 1).verdict, judge(found, tenure=LONGEST_TENURE).verdict) == (
        early,
        late,
    )


def test_noise_shrinks_with_more_series_that_agree_and_with_windows_that_overlap_less():
    noise = np.random.default_rng(3)
    days = noise.uniform(8, 12, (20, 400)), noise.uniform(8, 12, (20, 400))
    by_series = [contest(*(losses(side[:, :count]) for side in days)).noise for count in (4, 40, 400)]
    assert by_series == sorted(by_series, reverse=True)
    assert by_series[-1] < by_series[0] / 4
    pair = tuple(losses(side[:, :1]) for side in days)
    by_overlap = [contest(*pair, length=length * DAY).noise for length in (28, 14, 7, 2)]
    assert by_overlap == sorted(by_overlap, reverse=True)


def test_overlap_widens_the_noise_as_nadeau_and_bengio_have_it():
    saved = np.array([[10.0], [5.0], [7.0], [2.0]])
    sides = 100 - saved / 2, 100 + saved / 2
    apart, overlapping = contest(*sides, length=2 * DAY), contest(*sides)
    overlap = (3 * 12 / 14 + 2 * 10 / 14 + 8 / 14) / 6
    deviation = saved.std(ddof=1) / sides[1].mean()
    student = 1.6377  # one-sided 90%, three degrees of freedom
    assert apart.noise == pytest.approx(student * deviation / 2, rel=1e-4)
    assert overlapping.noise == pytest.approx(
        student * deviation * math.sqrt(1 / 4 + overlap / (1 - overlap)), rel=1e-4
    )


@pytest.mark.parametrize(("series", "length", "shared"), [(1, 1, 1), (1, 7, 1), (1, 14, 1), (30, 14, 0.5)])
def test_equally_good_models_beat_each_other_by_chance_once_in_ten_contests(series, length, shared):
    noise = np.random.default_rng(4)
    contests = 800
    promotions = 0
    for _ in range(contests):
        size = (length + 6, series)
        shock = math.sqrt(shared) * noise.normal(size=(size[0], 1)) + math.sqrt(1 - shared) * noise.normal(size=size)
        champion = losses(np.full(size, 10.0), length=length)
        challenger = losses(10.0 + shock, length=length)
        promotions += judge(contest(challenger, champion, length=length * DAY), tenure=0).verdict is Verdict.PROMOTED
    assert 0.05 < promotions / contests < 0.14


def test_one_series_that_gains_alone_is_no_gain_of_the_stream():
    champion = np.full((4, 5), 100.0)
    challenger = champion.copy()
    challenger[:, 0] = 80.0
    found = contest(challenger, champion)
    assert found.gain == pytest.approx(0.04)
    assert judge(found, tenure=0).verdict is Verdict.KEPT


def test_with_one_origin_series_are_not_taken_for_independent():
    noise = np.random.default_rng(5)
    champion = noise.uniform(90, 110, (1, 1000))
    challenger = champion * noise.uniform(0.8, 1.19, champion.shape)
    found = contest(challenger, champion)
    assert found.noise > 0.3 * 0.11  # a tenth of the variance is shared, however many series
    assert judge(found, tenure=0).verdict is Verdict.KEPT


def test_one_origin_of_one_series_proves_nothing():
    found = contest(np.array([[50.0]]), np.array([[100.0]]))
    assert math.isnan(found.noise)
    assert judge(found, tenure=0).verdict is Verdict.KEPT
    assert "noise unknown" in judge(found, tenure=0).reason
    assert judge(found, tenure=LONGEST_TENURE).verdict is Verdict.AGED


@pytest.mark.parametrize("shape", [(0, 3), (4, 0), (4, 3)])
def test_without_evidence_the_champion_stays_until_it_has_aged(shape):
    nothing = np.full(shape, np.nan)
    found = contest(nothing, nothing, np.zeros(shape))
    assert found == NO_CONTEST
    assert judge(found, tenure=0).verdict is Verdict.KEPT
    assert judge(found, tenure=LONGEST_TENURE).verdict is Verdict.AGED
    assert "no held-back origin" in judge(found, tenure=0).reason


def test_what_either_cannot_be_scored_on_does_not_count():
    champion = np.array([[100.0, 100.0, 7.0], [100.0, 100.0, 7.0], [1.0, 1.0, 1.0]])
    challenger = np.array([[90.0, 91.0, np.nan], [92.0, 89.0, 7.0], [1.0, 1.0, 1.0]])
    champion[1, 2] = np.nan
    champion[2], challenger[2] = np.nan, 5.0
    found = contest(challenger, champion)
    assert found.gain == pytest.approx(1 - 362 / 400)
    assert (found.origins, found.series) == (2, 2)


def test_loss_where_there_was_no_demand_counts():
    champion, volume = np.full((4, 2), 10.0), np.array([[1000.0, 0.0]] * 4)
    challenger = champion + np.array([0.0, 10.0])
    assert contest(challenger, champion, volume).gain == pytest.approx(-0.5)


def test_perfect_champion_has_a_gain_to_compare_too():
    perfect, other = np.zeros((4, 1)), np.full((4, 1), 5.0)
    assert contest(other, perfect).gain == -1
    assert judge(contest(other, perfect), tenure=9).verdict is Verdict.KEPT
    assert contest(perfect, perfect).gain == 0


def test_reason_tells_the_numbers():
    champion = np.array([[100.0], [101.0], [99.0], [100.0]])
    reason = judge(contest(champion * 0.9, champion, np.full((4, 1), 2000.0)), tenure=0).reason
    assert reason.startswith("WQL 0.09 against 0.1, gain +10.0% with noise ")
    assert reason.endswith("on 4 held-back origins of 1 series: more than noise")
