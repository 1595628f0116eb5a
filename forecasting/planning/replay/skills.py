"""Whether a staffing with several skills holds its targets: replays of random calls, skill by skill."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import NDArray

from forecasting.errors import SettingsError
from forecasting.planning.replay.sampling import sample_arrivals, sample_exponential
from forecasting.planning.replay.service import summarise
from forecasting.planning.replay.simulator import Calls, Staff, replay
from forecasting.planning.staffing.skills import SkillGroup

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ERRORS = 2.0
"""Standard errors by which a level may lie under its target before that is held against the staffing."""


@dataclass(frozen=True)
class SkillDemand:
    """What calls for one skill, and its target.

    calls: (T,) expected in each interval; handle, patience: mean seconds; share: of all offered calls to be answered
    within so many seconds; priority: the lowest number is taken first.
    """

    calls: Floats
    handle: float
    within: float
    share: float
    patience: float = inf
    priority: int = 0


@dataclass(frozen=True)
class SkillService:
    """Service level of one skill over all replays (served within its threshold / all offered), with standard error."""

    level: float
    error: float
    share: float

    @property
    def holds(self) -> bool:
        """Whether the level reaches its target, chance allowed for."""
        return self.level + ERRORS * self.error >= self.share


def replay_skills(
    demand: Mapping[str, SkillDemand],
    heads: Mapping[str, Ints],
    groups: Mapping[str, SkillGroup],
    *,
    seconds: float,
    replays: int,
    generator: np.random.Generator,
) -> dict[str, SkillService]:
    """Service of each skill when random calls meet a staffing: Poisson arrivals, exponential handle times and patience.

    heads: people by group, each (T,); seconds: length of each of the T intervals, which follow each other; replays:
    how often, at least twice, the whole is drawn anew from lines that open empty. Routing is that of `simulate`.
    Raises SettingsError where calls need a skill that none of the groups in heads holds.
    """
    if replays < 2:
        raise SettingsError(f"replays: expected at least 2, to know the error of the service level, found {replays}")
    lengths = {len(each.calls) for each in demand.values()} | {len(each) for each in heads.values()}
    if len(lengths) != 1:
        raise SettingsError(f"replays: expected as many intervals of calls as of heads, found {sorted(lengths)}")
    bounds = np.arange(lengths.pop() + 1, dtype=np.float64) * seconds
    staff = Staff(bounds, np.array(list(heads.values())), tuple(groups[name].skills for name in heads))
    served, offered = np.zeros((2, replays, len(demand)))
    for turn in range(replays):
        calls = _draw(demand, bounds, generator)
        became = replay(calls, staff)
        for place, (skill, each) in enumerate(demand.items()):
            totals = summarise(became.only(np.array(calls.skill == skill)), staff, within=each.within).total()
            served[turn, place], offered[turn, place] = totals.served[0], totals.calls[0]
    # the error of a ratio of sums: residuals of each replay against the common ratio
    calls_each = np.maximum(offered.mean(axis=0), np.finfo(float).tiny)
    level = np.where(offered.any(axis=0), served.mean(axis=0) / calls_each, 1.0)
    error = (served - level * offered).std(axis=0, ddof=1) / calls_each / np.sqrt(replays)
    return {
        skill: SkillService(float(level[place]), float(error[place]), each.share)
        for place, (skill, each) in enumerate(demand.items())
    }


def _draw(demand: Mapping[str, SkillDemand], bounds: Floats, generator: np.random.Generator) -> Calls:
    """Random calls of all skills in order of arrival."""
    arrivals = [sample_arrivals(each.calls, bounds, generator=generator) for each in demand.values()]
    at = np.concatenate(arrivals)
    skill = np.repeat(np.arange(len(demand)), [len(each) for each in arrivals])
    order = np.argsort(at, kind="stable")
    at, skill = at[order], skill[order]

    def of_skill(name: str) -> NDArray[np.float64]:
        return np.array([getattr(each, name) for each in demand.values()])[skill]

    return Calls(
        at=at,
        handle=sample_exponential(of_skill("handle"), count=len(at), generator=generator),
        patience=sample_exponential(of_skill("patience"), count=len(at), generator=generator),
        priority=of_skill("priority").astype(np.int64),
        skill=np.array(list(demand))[skill],
    )
