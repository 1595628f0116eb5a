import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.errors import SettingsError
from forecasting.planning.capacity.failures import failures, reroute


def test_traffic_goes_to_the_others_by_their_capacities():
    peaks = np.array([[6.0, 3.0], [10.0, 0.0], [20.0, 4.0]], dtype=np.float32)[:, :, None]
    rerouted = reroute(peaks, np.array([10.0, 10.0, 30.0]), 0)
    assert rerouted[..., 0].tolist() == [[11.5, 0.75], [24.5, 6.25]]
    assert rerouted.dtype == np.float32
    assert peaks[1, 0, 0] == 10, "what was given is left as it was"


def test_of_two_the_other_carries_all():
    assert reroute(np.array([[[5.0]], [[7.0]]]), np.array([1.0, 100.0]), 1).tolist() == [[[12.0]]]


def test_measured_days_are_rerouted_alike_and_missing_ones_stay_missing():
    measured = np.array([[6.0, np.nan, 2.0], [1.0, 1.0, np.nan], [4.0, 4.0, 4.0]])
    expected = [[4.0, np.nan, np.nan], [7.0, np.nan, 5.0]]
    assert np.array_equal(reroute(measured, np.array([9.0, 1.0, 1.0]), 0), expected, equal_nan=True)


@given(st.integers(2, 5), st.integers(0, 4), st.integers(0, 2**32 - 1))
def test_no_traffic_is_lost_or_made(links, failed, seed):
    draw = np.random.default_rng(seed)
    peaks, capacity = draw.gamma(2.0, 10.0, (links, 4, 3)), draw.gamma(1.0, 10.0, links)
    rerouted = reroute(peaks, capacity, failed % links)
    assert rerouted.shape == (links - 1, 4, 3)
    assert rerouted.sum(axis=0) == pytest.approx(peaks.sum(axis=0), rel=1e-12)
    others = np.delete(np.arange(links), failed % links)
    assert (rerouted >= peaks[others]).all()
    assert ((rerouted - peaks[others]) / capacity[others, None, None]).std(axis=0) == pytest.approx(0, abs=1e-9)


@given(st.permutations(range(4)))
def test_the_order_of_the_links_does_not_matter(order):
    peaks, capacity = np.arange(1.0, 25).reshape(4, 3, 2), np.array([1.0, 2.0, 4.0, 8.0])
    plain = dict(zip([0, 1, 3], reroute(peaks, capacity, 2), strict=True))
    mixed = reroute(peaks[order], capacity[order], order.index(2))
    for link, found in zip([link for link in order if link != 2], mixed, strict=True):
        assert found == pytest.approx(plain[link], rel=1e-12)


def test_nobody_can_carry_without_capacity():
    with pytest.raises(SettingsError, match=r"beside the one that fails, .*found \[0.0\]"):
        reroute(np.ones((2, 3, 1)), np.array([1.0, 0.0]), 0)
    with pytest.raises(SettingsError, match=r"found \[\]"):
        reroute(np.ones((1, 3, 1)), np.array([1.0]), 0)


def test_each_parallel_link_fails_once_and_lone_ones_are_named():
    found, alone = failures(["a", "b", "c", "d", "e", "f", "g", "h"], ["x", "", "y", "x", "x", "", "z", "z"])
    assert [(one.name, one.group.tolist(), one.failed, one.others.tolist()) for one in found] == [
        ("n-1:a", [0, 3, 4], 0, [3, 4]),
        ("n-1:d", [0, 3, 4], 1, [0, 4]),
        ("n-1:e", [0, 3, 4], 2, [0, 3]),
        ("n-1:g", [6, 7], 0, [7]),
        ("n-1:h", [6, 7], 1, [6]),
    ]
    assert alone == ["c"]
    assert failures([], []) == ([], [])
