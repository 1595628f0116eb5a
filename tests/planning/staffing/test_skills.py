from itertools import chain, combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from forecasting.errors import SettingsError
from forecasting.planning.staffing.skills import Shortfall, SkillGroup, cheapest_heads, find_shortfalls

SKILLS = "abcd"


def people(skills: str, **limits) -> SkillGroup:
    return SkillGroup(frozenset(skills), **limits)


def each(**agents) -> dict[str, np.ndarray]:
    return {name: np.atleast_1d(count) for name, count in agents.items()}


def test_nobody_is_counted_for_two_skills_at_once():
    """Five for billing and three for technical calls are eight people, however flexible (a public tool says five)."""
    required = {"Billing": np.array([5]), "Technical": np.array([3])}
    groups = {"flexible": SkillGroup(frozenset({"Billing", "Technical"}))}
    assert cheapest_heads(required, groups)["flexible"].tolist() == [8]
    assert find_shortfalls(required, {"flexible": np.array([8])}, groups) == []
    assert find_shortfalls(required, {"flexible": np.array([5])}, groups) == [
        Shortfall(interval=0, skills=("Billing", "Technical"), required=8, available=5)
    ]


def test_people_come_from_the_cheapest_groups_as_far_as_there_are_any():
    groups = {"both": people("ab", cost=1.2), "only a": people("a", most=4), "only b": people("b", cost=1.5)}
    heads = cheapest_heads(each(a=[3, 6, 0], b=[2, 2, 7]), groups)
    assert {name: count.tolist() for name, count in heads.items()} == {
        "both": [2, 4, 7],
        "only a": [3, 4, 0],
        "only b": [0, 0, 0],
    }


def test_equally_cheap_people_are_those_with_the_fewest_skills():
    groups = {"both": people("ab"), "first": people("a"), "second": people("a"), "b": people("b", most=1)}
    heads = cheapest_heads(each(a=5, b=3), groups)
    assert {name: int(count[0]) for name, count in heads.items()} == {"both": 2, "first": 5, "second": 0, "b": 1}


def test_flexible_people_make_room_for_a_skill_that_specialists_cannot_serve():
    groups = {"ab": people("ab", most=3), "a": people("a", cost=9.0)}
    heads = cheapest_heads(each(a=2, b=3), groups)
    assert {name: int(count[0]) for name, count in heads.items()} == {"ab": 3, "a": 2}


def test_a_shortfall_names_the_smallest_subset_that_misses_most():
    groups = {"ab": people("ab"), "bc": people("bc"), "d": people("d")}
    found = find_shortfalls(each(a=[4, 1], b=[2, 1], c=[1, 1], d=[1, 1]), each(ab=[3, 2], bc=[9, 1], d=[1, 1]), groups)
    assert found == [Shortfall(interval=0, skills=("a",), required=4, available=3)]
    assert found[0].missing == 1
    assert str(found[0]) == "interval 0: a need 4 agents between them, 3 hold any of these skills, 1 missing"


def subsets(names):
    return chain.from_iterable(combinations(names, size) for size in range(1, len(names) + 1))


@st.composite
def centres(draw):
    intervals, count = draw(st.integers(1, 3)), draw(st.integers(1, 5))

    def row(most: int) -> np.ndarray:
        return np.array(draw(st.lists(st.integers(0, most), min_size=intervals, max_size=intervals)))

    required = {skill: row(6) for skill in SKILLS}
    groups = {
        f"g{number}": people(
            "".join(draw(st.sets(st.sampled_from(SKILLS), min_size=1))),
            cost=draw(st.sampled_from([0.0, 1.0, 1.25, 3.0])),
            most=draw(st.integers(0, 9)),
        )
        for number in range(count)
    }
    groups["rest"] = people(SKILLS, cost=draw(st.sampled_from([0.5, 2.0])))
    return required, groups, {name: row(8) for name in groups}


@given(centres())
@settings(max_examples=150, deadline=None)
def test_a_staffing_falls_short_exactly_where_some_subset_of_skills_does(centre):
    required, groups, heads = centre
    found = {shortfall.interval: shortfall for shortfall in find_shortfalls(required, heads, groups)}
    for interval in range(len(required["a"])):
        gaps = {}
        for some in subsets(SKILLS):
            holders = [name for name in groups if groups[name].skills & set(some)]
            gaps[some] = sum(required[skill][interval] for skill in some) - sum(
                heads[name][interval] for name in holders
            )
        worst = max(gaps.values())
        assert (interval in found) == (worst > 0)
        if worst > 0:
            short = found[interval]
            assert short.missing == gaps[short.skills] == worst
            assert all(set(short.skills) <= set(some) for some, gap in gaps.items() if gap == worst)


@given(centres())
@settings(max_examples=100, deadline=None)
def test_the_cheapest_staffing_is_as_cheap_as_a_linear_programme_finds_and_falls_nowhere_short(centre):
    required, groups, _ = centre
    heads = cheapest_heads(required, groups)
    assert find_shortfalls(required, heads, groups) == []
    names, pairs = list(groups), [(name, skill) for name in groups for skill in SKILLS if skill in groups[name].skills]
    for interval in range(len(required["a"])):
        assert all(0 <= heads[name][interval] <= groups[name].most for name in names)
        least = linprog(
            [groups[name].cost for name, _ in pairs],
            A_ub=[[float(name == own) for own, _ in pairs] for name in names],
            b_ub=[groups[name].most for name in names],
            A_eq=[[float(skill == own) for _, own in pairs] for skill in SKILLS],
            b_eq=[required[skill][interval] for skill in SKILLS],
        ).fun
        np.testing.assert_allclose(sum(heads[name][interval] * groups[name].cost for name in names), least, atol=1e-7)


def test_two_weeks_of_twenty_skills_and_forty_groups_agree_with_their_sums():
    generator = np.random.default_rng(0)
    skills = [f"s{number}" for number in range(20)]
    required = {skill: generator.integers(0, 40, 672) for skill in skills}
    groups = {f"only {skill}": SkillGroup(frozenset([skill]), most=25) for skill in skills}
    for number in range(20):
        groups[f"some {number}"] = SkillGroup(frozenset(generator.choice(skills, 4, replace=False)), cost=1.2, most=5)
    groups["all"] = SkillGroup(frozenset(skills), cost=1.5)
    heads = cheapest_heads(required, groups)
    np.testing.assert_array_equal(sum(heads.values()), sum(required.values()))
    assert find_shortfalls(required, heads, groups) == []
    fewer = {**heads, "all": np.maximum(heads["all"] - 1, 0)}
    assert len(find_shortfalls(required, fewer, groups)) == (heads["all"] > 0).sum() > 0


def test_intervals_that_need_nobody_get_nobody():
    groups = {"a": people("a")}
    assert cheapest_heads(each(a=[0, 0], unheld=[0, 0]), groups)["a"].tolist() == [0, 0]
    assert cheapest_heads({"a": np.array([], int)}, groups)["a"].tolist() == []


@pytest.mark.parametrize(
    ("required", "groups", "text"),
    [
        (
            each(a=[1, 1], z=[0, 2]),
            {"g": people("a")},
            "skill 'z': no group holds it, but interval 1 requires 2",
        ),
        (
            each(a=[1, 4], b=[1, 2], c=[9, 9]),
            {"g": people("ab", most=5), "h": people("c")},
            "interval 1: a, b need 6 agents between them, 5 hold any of these skills, 1 missing; .*\\(now g 5\\)",
        ),
        (each(a=1), {}, "at least one group"),
        (each(a=1), {"g": people("a", cost=-1.0)}, "group 'g': expected a cost >= 0, found -1.0"),
        (each(a=1), {"g": people("a", most=-1)}, "group 'g': expected `most` from 0"),
        (each(a=[1, -1]), {"g": people("a")}, "skill 'a': expected a whole number .* found -1 in interval 1"),
        (each(a=[1.5]), {"g": people("a")}, "skill 'a': expected a whole number .* found 1.5 in interval 0"),
        (each(a=[1, 1], b=[1]), {"g": people("ab")}, "skill 'b': expected 2 intervals"),
    ],
)
def test_what_cannot_be_staffed_is_named_in_one_line(required, groups, text):
    with pytest.raises(SettingsError, match=text) as caught:
        cheapest_heads(required, groups)
    assert "\n" not in str(caught.value)


def test_heads_of_an_unknown_group_or_of_other_intervals_are_refused():
    with pytest.raises(SettingsError, match="group 'q': unknown group; groups are g"):
        find_shortfalls(each(a=1), each(q=1), {"g": people("a")})
    with pytest.raises(SettingsError, match="expected 2 intervals as required, found 1"):
        find_shortfalls(each(a=[1, 1]), each(g=1), {"g": people("a")})
