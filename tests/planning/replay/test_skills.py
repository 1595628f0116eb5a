import numpy as np
import pytest

from forecasting.errors import SettingsError
from forecasting.planning.replay.skills import SkillDemand, SkillService, replay_skills
from forecasting.planning.staffing.skills import SkillGroup, cheapest_heads, find_shortfalls

# an interval of ten hours, long against a call, so that the start from empty lines does not count
SECONDS, REPLAYS = 36_000.0, 40


def demand_of(load: float, *, handle=180.0, **target) -> SkillDemand:
    return SkillDemand(calls=np.array([load * SECONDS / handle]), handle=handle, **target)


def replayed(demand, heads, groups, seed=0) -> dict[str, SkillService]:
    generator = np.random.default_rng(seed)
    heads = {name: np.atleast_1d(count) for name, count in heads.items()}
    return replay_skills(demand, heads, groups, seconds=SECONDS, replays=REPLAYS, generator=generator)


ALIKE = {skill: demand_of(7.5, within=20.0, share=0.8) for skill in ("billing", "technical")}
REQUIRED = {"billing": np.array([11]), "technical": np.array([11])}
SPECIALISTS = {"b": SkillGroup(frozenset({"billing"})), "t": SkillGroup(frozenset({"technical"}))}
FLEXIBLE = {"both": SkillGroup(frozenset({"billing", "technical"}))}


def test_specialists_give_each_skill_the_service_that_its_number_was_computed_for():
    heads = cheapest_heads(REQUIRED, SPECIALISTS)
    for found in replayed(ALIKE, heads, SPECIALISTS).values():
        assert abs(found.level - 0.880836) <= 3.5 * found.error
        assert found.error < 0.01
        assert found.holds


def test_one_person_short_of_the_requirement_does_not_hold():
    found = replayed(ALIKE, {"b": 10, "t": 11}, SPECIALISTS)
    assert abs(found["billing"].level - 0.767753) <= 3.5 * found["billing"].error
    assert not found["billing"].holds
    assert found["technical"].holds


def test_flexible_people_pool_so_the_requirement_is_enough_but_not_the_fewest():
    """Erlang C of the pooled 15 Erlangs: 22 agents 0.9709, 19 agents 0.8434, 18 agents 0.7411."""
    heads = cheapest_heads(REQUIRED, FLEXIBLE)
    assert heads["both"].tolist() == [22]
    for count, level in ((22, 0.970916), (19, 0.843412), (18, 0.741093)):
        for found in replayed(ALIKE, {"both": count}, FLEXIBLE).values():
            assert abs(found.level - level) <= 3.5 * found.error
            assert found.holds == (count > 18)
    assert find_shortfalls(REQUIRED, {"both": np.array([19])}, FLEXIBLE)[0].missing == 3


def test_five_people_do_not_do_the_work_of_five_and_three():
    """The public example: 5 and 3 agents, each for 80/20 of its own calls."""
    demand = {
        "billing": demand_of(2.8, within=20.0, share=0.8),
        "technical": demand_of(1.2, within=20.0, share=0.8),
    }
    assert not any(found.holds for found in replayed(demand, {"both": 5}, FLEXIBLE).values())
    assert all(found.holds for found in replayed(demand, {"both": 8}, FLEXIBLE).values())


def test_a_sharper_target_needs_priority_in_a_common_line():
    """Four agents for 1 Erlang at 95/10 and 44 for 40 at 80/60 are enough apart; in one line all wait alike."""
    required, targets = {"urgent": 4, "other": 44}, {"urgent": (1, 10.0, 0.95), "other": (40, 60.0, 0.8)}
    groups = {"all": SkillGroup(frozenset(required))}
    heads = cheapest_heads({skill: np.array([count]) for skill, count in required.items()}, groups)

    def at(priority: int) -> dict[str, SkillService]:
        demand = {
            skill: demand_of(load, handle=240.0, within=within, share=share, priority=priority * (skill == "other"))
            for skill, (load, within, share) in targets.items()
        }
        return replayed(demand, heads, groups)

    alike, urgent_first = at(0), at(1)
    assert abs(alike["urgent"].level - 0.843606) <= 3.5 * alike["urgent"].error
    assert not alike["urgent"].holds
    assert urgent_first["urgent"].holds
    assert urgent_first["other"].holds


def test_specialists_and_a_few_flexible_people_meet_both_targets():
    groups = {
        "b": SkillGroup(frozenset({"billing"}), most=8),
        "t": SkillGroup(frozenset({"technical"}), most=8),
        **FLEXIBLE,
    }
    heads = cheapest_heads(REQUIRED, groups)
    assert {name: int(count[0]) for name, count in heads.items()} == {"b": 8, "t": 8, "both": 6}
    assert all(found.holds for found in replayed(ALIKE, heads, groups).values())


def test_the_stated_error_is_the_spread_of_the_level_over_seeds():
    demand = {skill: SkillDemand(np.array([150.0]), 180.0, 20.0, 0.8) for skill in REQUIRED}
    found = [
        replay_skills(
            demand,
            {"both": np.array([23])},
            FLEXIBLE,
            seconds=3600.0,
            replays=10,
            generator=np.random.default_rng(seed),
        )["billing"]
        for seed in range(80)
    ]
    spread = np.std([each.level for each in found], ddof=1)
    np.testing.assert_allclose(np.sqrt(np.mean([each.error**2 for each in found])), spread, rtol=0.25)


def test_the_same_seed_gives_the_same_service_and_another_seed_another():
    first, again, other = (replayed(ALIKE, {"both": 19}, FLEXIBLE, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first["billing"].level != other["billing"].level


def test_a_skill_without_calls_holds_its_target():
    demand = {"billing": demand_of(0.0, within=20.0, share=0.8), "technical": ALIKE["technical"]}
    assert replayed(demand, {"both": 19}, FLEXIBLE)["billing"] == SkillService(level=1.0, error=0.0, share=0.8)


def test_too_few_replays_other_intervals_and_unheld_skills_are_refused():
    heads, generator = {"b": np.array([11])}, np.random.default_rng(0)
    with pytest.raises(SettingsError, match="at least 2, to know the error of the service level, found 1"):
        replay_skills(ALIKE, heads, SPECIALISTS, seconds=SECONDS, replays=1, generator=generator)
    with pytest.raises(SettingsError, match="as many intervals of calls as of heads"):
        replay_skills(ALIKE, {"b": np.array([1, 2])}, SPECIALISTS, seconds=SECONDS, replays=2, generator=generator)
    with pytest.raises(SettingsError, match="no group holds skill 'technical'"):
        replay_skills(ALIKE, heads, SPECIALISTS, seconds=SECONDS, replays=2, generator=generator)
