"""Published and 40-digit numbers, rules and errors; laws are in test_erlang_laws.py."""

from math import inf, nan

import numpy as np
import pytest
from scipy.stats import norm

from forecasting.errors import SettingsError
from forecasting.planning.queues.erlang import agents_for, queue, served_within

# agents: P(wait), service level, mean wait, occupancy; 10 Erlangs, 180 s, threshold 20 s, nobody gives up
ERLANG_C = {
    11: (0.6821182047, 0.3896138117, 122.78128, 0.909091),
    12: (0.4493882243, 0.6401580404, 40.44494, 0.833333),
    13: (0.2852704530, 0.7955947884, 17.116227, 0.769231),
    14: (0.1741319336, 0.8883500192, 7.835937, 0.714286),
    15: (0.1020423670, 0.9414528429, 3.673525, 0.666667),
    16: (0.0573403309, 0.9705604925, 1.720210, 0.625),
}
# load, handle, threshold, share, agents, service level, service level with one less
REQUIRED = [
    (7.5, 180, 20, 0.8, 11, 0.880836, 0.767753),
    (25 * 752 / 900, 752, 20, 0.9, 28, 0.919496, 0.877602),
    (24, 240, 15, 0.8, 29, 0.822749, 0.740551),
    (40, 300, 20, 0.8, 46, 0.821835, 0.755873),
    (1000 * 240 / 1800, 240, 20, 0.8, 142, 0.828545, 0.787031),
    (20, 200, 20, 0.8, 24, 0.800196, 0.692014),
    (18, 240, 20, 0.8, 22, 0.800748, 0.691695),
    (100, 300, 20, 0.8, 108, 0.807387, 0.759504),
    (1000, 300, 20, 0.8, 1015, 0.805897, None),
    (5000, 300, 20, 0.8, 5019, 0.801709, None),
]
# agents: P(wait), P(abandon), occupancy, mean wait in minutes; 10 Erlangs, 180 s, patience 300 s
ERLANG_A = {
    12: (0.331802036, 0.0427111057, 0.797740745, 0.213555528),
    13: (0.225797084, 0.0249633036, 0.750028228, 0.124816518),
    14: (0.145260114, 0.0139837441, 0.704297326, 0.0699187206),
    16: (0.051250504, 0.0038761565, 0.622577402, 0.0193807822),
}
# agents: the three service levels at 20 s, the product's first
THREE_LEVELS = {
    13: (0.858178, 0.868275, 0.869806),
    14: (0.916792, 0.923407, 0.923956),
    16: (0.975745, 0.978009, 0.978060),
}
TEN = {"handle": 180, "within": 20}


def printed(digits):
    """Tolerance of a number printed with that many decimals, some of which were rounded twice."""
    return {"rel": 0, "abs": 0.55 * 10.0**-digits}


@pytest.mark.parametrize("agents", ERLANG_C)
def test_erlang_c_reproduces_the_table(agents):
    found = queue(10, agents, **TEN)
    waits, level, mean_wait, occupancy = ERLANG_C[agents]
    assert found.waits == pytest.approx(waits, **printed(10))
    assert found.served_within == pytest.approx(level, **printed(10))
    assert found.mean_wait == pytest.approx(mean_wait, **printed(5))
    assert found.occupancy == pytest.approx(occupancy, **printed(6))
    assert found.abandoned == 0
    assert found.waited_within == found.served_within == found.served_within_of_staying


def test_thirteen_agents_miss_the_target_by_a_rounding_and_fourteen_are_asked():
    assert agents_for(10, **TEN, share=0.8) == 14
    assert agents_for(10, **TEN, share=0.7955947884) == 13
    assert agents_for(10, **TEN, share=0.8, max_occupancy=0.7) == 15


@pytest.mark.parametrize(("load", "handle", "within", "share", "agents", "level", "less"), REQUIRED)
def test_erlang_c_asks_for_the_published_agents(load, handle, within, share, agents, level, less):
    asked = {"handle": handle, "within": within}
    assert agents_for(load, **asked, share=share) == agents
    assert served_within(load, agents, **asked) == pytest.approx(level, **printed(6))
    if less is not None:
        assert served_within(load, agents - 1, **asked) == pytest.approx(less, **printed(6))


def test_other_published_figures_of_erlang_c():
    assert served_within(35 * 752 / 900, 37, handle=752, within=20) == pytest.approx(0.904216, **printed(6))
    assert queue(20, 25, handle=200, within=20).waits == pytest.approx(0.2091028266, **printed(10))


def test_wrong_public_figures_are_not_ours():
    assert served_within(100, 112, handle=300, within=20) == pytest.approx(0.9247, **printed(4))
    assert served_within(5, 8, handle=300, within=15) == pytest.approx(0.8560, **printed(4))
    assert served_within(10, 13, **TEN) == pytest.approx(0.7956, **printed(4))
    assert abs(queue(20, 25, handle=200, within=20).waits - 0.261) > 0.05


@pytest.mark.parametrize("agents", ERLANG_A)
def test_erlang_a_reproduces_the_table(agents):
    found = queue(10, agents, **TEN, patience=300)
    waits, abandoned, occupancy, minutes = ERLANG_A[agents]
    assert found.waits == pytest.approx(waits, **printed(9))
    assert found.abandoned == pytest.approx(abandoned, **printed(10))
    assert found.occupancy == pytest.approx(occupancy, **printed(9))
    assert found.mean_wait / 60 == pytest.approx(minutes, **printed(9))


@pytest.mark.parametrize("agents", THREE_LEVELS)
def test_the_three_service_levels_are_told_apart(agents):
    found = queue(10, agents, **TEN, patience=300)
    ours = (found.served_within, found.served_within_of_staying, found.waited_within)
    assert ours == pytest.approx(THREE_LEVELS[agents], **printed(6))


def test_callers_who_give_up_spare_an_agent():
    assert agents_for(10, **TEN, share=0.8, patience=[inf, 300]).tolist() == [14, 13]


@pytest.mark.parametrize(
    ("cv", "level", "above", "for_mean", "for_probability"),
    [
        (0, 0.807, 0, 108, 108),
        (0.05, 0.711, 0.059, 111, 113),
        (0.1, 0.635, 0.206, 114, 117),
        (0.15, 0.609, 0.277, 118, 121),
    ],
)
def test_staffing_to_one_number_misses_when_load_is_uncertain(cv, level, above, for_mean, for_probability):
    spread = np.sqrt(np.log1p(cv**2))
    chances = (np.arange(20_000) + 0.5) / 20_000
    load = 100 * np.exp(spread * norm.ppf(chances) - spread**2 / 2)

    def expected(agents):
        return served_within(load, agents, handle=300, within=20).mean()

    assert expected(108) == pytest.approx(level, **printed(3))
    assert (load >= 108).mean() == pytest.approx(above, abs=6e-4)
    assert expected(for_mean - 1) < 0.8 <= expected(for_mean)
    high = 100 * np.exp(spread * norm.ppf(0.8) - spread**2 / 2)
    assert agents_for(high, handle=300, within=20, share=0.8) == for_probability


def test_without_load_nothing_waits_and_nobody_is_needed():
    found = queue(0, [0, 3], **TEN, patience=[[300], [inf]])
    for share in (found.served_within, found.served_within_of_staying, found.waited_within):
        assert (share == 1).all()
    for nothing in (found.waits, found.mean_wait, found.abandoned, found.occupancy):
        assert (nothing == 0).all()
    assert (agents_for([0, 0.0], **TEN, share=0.8, patience=[inf, 0]) == 0).all()


def test_a_queue_that_grows_without_end_serves_nobody_in_time():
    found = queue(10, [0, 7, 10], **TEN)
    assert (found.waits == 1).all()
    assert (found.served_within == 0).all()
    assert (found.waited_within == 0).all()
    assert (found.mean_wait == inf).all()
    assert found.occupancy.tolist() == [0, 1, 1]
    assert (found.abandoned == 0).all()


def test_without_agents_all_callers_give_up():
    found = queue(10, 0, handle=180, within=60, patience=60)
    assert (found.waits, found.served_within, found.abandoned, found.mean_wait) == (1, 0, 1, pytest.approx(60))
    assert found.waited_within == pytest.approx(1 - np.exp(-1))
    assert (found.served_within_of_staying, found.occupancy) == (0, 0)


def test_without_patience_the_queue_is_a_loss_system():
    found = queue([1, 1, 10], [1, 2, 17], **TEN, patience=0)
    lost = [1 / 2, 1 / 5, 0.012948875]
    assert found.waits == pytest.approx(lost, rel=5e-8)
    assert found.abandoned == pytest.approx(lost, rel=5e-8)
    assert found.served_within == pytest.approx(1 - np.array(lost), rel=5e-8)
    assert found.mean_wait == pytest.approx([0, 0, 0], abs=1e-20)
    assert agents_for(1, **TEN, share=[0.5, 0.8], patience=0).tolist() == [1, 2], "a tie is met"


def test_occupancy_cap_binds_on_the_calls_that_are_answered():
    loads = np.array([3.0, 7.0, 40.0, 400.0])
    asked = {"handle": 300, "within": 120, "share": 0.7}
    for patience in (inf, 120):
        needed = agents_for(loads, **asked, patience=patience, max_occupancy=0.7)
        for agents, under in ((needed, True), (needed - 1, False)):
            found = queue(loads, agents, handle=300, within=120, patience=patience)
            assert ((found.occupancy <= 0.7 + 1e-9) & (found.served_within >= 0.7)).all() == under


def test_a_target_met_on_paper_is_met():
    percent = np.arange(30, 96)
    for patience in (inf, 1e12):
        asked = {"handle": 300, "within": 20, "share": 0.5, "patience": patience}
        assert (agents_for(percent, **asked, max_occupancy=percent / 100) == 100).all()
    lost = np.array([1 / 2, 1 / 5, 1 / 16])
    assert agents_for(1, **TEN, share=1 - lost, patience=0).tolist() == [1, 2, 3]


def test_arrays_broadcast_and_keep_their_shape():
    found = queue(np.full((3, 1), 10.0), [12, 13, 14, 16], **TEN, patience=300)
    assert found.served_within.shape == (3, 4)
    assert (found.served_within == found.served_within[0]).all()
    assert agents_for(np.full((2, 1), 10.0), **TEN, share=[0.7, 0.8, 0.9]).shape == (2, 3)
    assert queue([], 3, **TEN).mean_wait.shape == agents_for([], **TEN, share=0.8).shape == (0,)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"load": [1.0, -2.0]}, "load: expected Erlangs, 0 or more, found -2 at position 1 "),
        ({"load": nan}, "load: expected Erlangs, 0 or more, found nan"),
        ({"load": inf}, "load: expected Erlangs, 0 or more, found inf"),
        ({"handle": 0}, "handle: expected a mean handle time above 0 seconds, found 0"),
        ({"handle": [200, nan]}, "handle: expected a mean handle time above 0 seconds, found nan at position 1"),
        ({"handle": None}, "handle"),
        ({"within": -1}, "within: expected seconds, 0 or more, found -1"),
        ({"patience": -1}, "patience: expected seconds, 0 or more, or inf"),
        ({"patience": nan}, "patience: expected seconds, 0 or more, or inf"),
        ({"share": 1}, "share: expected above 0 and below 1, such as 0.8, found 1"),
        ({"share": 0}, "share: expected above 0 and below 1"),
        ({"share": nan}, "share: expected above 0 and below 1"),
        ({"max_occupancy": 0}, "max_occupancy: expected above 0 and at most 1"),
        ({"max_occupancy": 1.1}, "max_occupancy: expected above 0 and at most 1"),
        ({"load": [1, 2], "handle": [1, 2, 3]}, "expected numbers, or arrays of shapes that go together"),
        ({"load": "many"}, "expected numbers, or arrays of shapes that go together"),
    ],
)
def test_wrong_arguments_are_named(changed, words):
    given = {"load": 10, "handle": 180, "within": 20, "share": 0.8, "patience": 300, "max_occupancy": 0.9} | changed
    with pytest.raises(SettingsError, match=words):
        agents_for(given.pop("load"), **given)


@pytest.mark.parametrize("agents", [-1, 2.5, nan, inf])
def test_agents_are_whole_numbers(agents):
    with pytest.raises(SettingsError, match="agents: expected a whole number"):
        served_within(10, agents, **TEN)
