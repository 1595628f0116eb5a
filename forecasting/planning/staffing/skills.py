"""Agents who hold several skills: how many of each group an interval needs, nobody counted twice.

What is asked of an interval is a number of agents for each skill, as if each had a queue of its own. A staffing meets
it when all these places can be filled at once by different people who hold the skill. By Hall's theorem that is so when
for every subset of skills the agents who hold at least one of them are as many as the subset asks for; it is tested by
a maximum flow from skills to groups, whose minimum cut names the subset that falls short most.

What this promises: a supervisor can give every skill its own agents, so each does at least as well as the queue that
its number was computed for. What it does not promise:
- that it is the fewest. Flexible agents pool: one queue of several skills reaches the target with fewer people than
  the sum of separate ones. The gain depends on handle times, patience and routing, and is not counted on here.
- that every router keeps it. With all calls in one line, a skill with a sharper target waits as long as the others and
  can miss it in a staffing that holds here. Give such a skill priority.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, maximum_flow

from forecasting.errors import SettingsError
from forecasting.numerics import Ints

MOST_PEOPLE = 100_000
"""More agents than this for one skill or in one group are taken for a mistake."""


@dataclass(frozen=True)
class SkillGroup:
    """People who hold the same skills. cost: of one of them for an interval, in any unit; most: how many there are."""

    skills: frozenset[str]
    cost: float = 1.0
    most: int = MOST_PEOPLE


@dataclass(frozen=True)
class Shortfall:
    """Skills that ask for more people in an interval than hold any of them; missing = required - available > 0."""

    interval: int
    skills: tuple[str, ...]
    required: int
    available: int

    @property
    def missing(self) -> int:
        """People without whom the skills cannot all have their own."""
        return self.required - self.available

    def __str__(self) -> str:
        return (
            f"interval {self.interval}: {', '.join(self.skills)} need {self.required} agents between them, "
            f"{self.available} hold any of these skills, {self.missing} missing"
        )


def cheapest_heads(required: Mapping[str, Ints], groups: Mapping[str, SkillGroup]) -> dict[str, Ints]:
    """The cheapest people of each group, (T,) by name, that meet what is required in each interval.

    required: agents by skill, each (T,) whole numbers >= 0. Among equally cheap staffings people come from the groups
    with the fewest skills, then from those named first. Raises SettingsError where nobody holds a required skill, or
    all that the groups may have do not meet an interval; it names the skills that fall short.
    """
    needed = _table(required, "agents required for skill")
    _check_groups(groups, required)
    rows, row_of = _distinct(needed)
    names = sorted(groups, key=lambda name: (groups[name].cost, len(groups[name].skills)))
    everybody = {name: np.full(len(needed), groups[name].most) for name in names}
    if short := find_shortfalls(required, everybody, groups):
        holders = [f"{name} {groups[name].most}" for name in groups if groups[name].skills & set(short[0].skills)]
        raise SettingsError(f"{short[0]}; raise what a group may have (now {', '.join(holders)}) or require fewer")
    # Which people have a place at once is a matroid: as many as find one from the cheapest group, then from the next,
    # and nobody sent home again, is the cheapest whole (Edmonds, 1971).
    placed = np.zeros((len(rows), len(names) + 1), np.int64)
    for count in range(1, len(names) + 1):
        people = np.broadcast_to([groups[name].most for name in names[:count]], (len(rows), count))
        placed[:, count], _ = _place(rows, people, _holds(required, names[:count], groups))
    heads = np.diff(placed, axis=1)[row_of]
    return {name: heads[:, names.index(name)] for name in groups}


def find_shortfalls(
    required: Mapping[str, Ints], heads: Mapping[str, Ints], groups: Mapping[str, SkillGroup]
) -> list[Shortfall]:
    """Where a staffing does not meet what is required: the subset of skills that misses most, one an interval.

    required: agents by skill, heads: people by group, each (T,) whole numbers >= 0. An empty list: every skill can
    have its own agents in every interval. Of several subsets that miss as many, the smallest.
    """
    needed, staffed = _table(required, "agents required for skill"), _table(heads, "heads of group")
    if len(needed) != len(staffed):
        raise SettingsError(f"heads of groups: expected {len(needed)} intervals as required, found {len(staffed)}")
    for name in heads:
        if name not in groups:
            raise SettingsError(f"heads of group {name!r}: unknown group; groups are {', '.join(groups)}")
    rows, row_of = _distinct(np.hstack([needed, staffed]))
    needed, staffed = np.hsplit(rows, [len(required)])
    holds = _holds(required, list(heads), groups)
    _, short = _place(needed, staffed, holds)
    of_row = {}
    for row in np.flatnonzero(short.any(axis=1)).tolist():
        skills = tuple(name for name, is_short in zip(required, short[row], strict=True) if is_short)
        holders = holds[short[row]].any(axis=0)
        of_row[row] = (skills, int(needed[row, short[row]].sum()), int(staffed[row, holders].sum()))
    return [Shortfall(interval, *of_row[row]) for interval, row in enumerate(row_of.tolist()) if row in of_row]


def _place(needed: Ints, people: Ints, holds: NDArray[np.bool_]) -> tuple[Ints, NDArray[np.bool_]]:
    """(R,) places filled at most, and (R, K) whether a skill is in the smallest subset that misses most.

    needed: (R, K) places by skill; people: (R, G) by group; holds: (K, G). All rows are one network: source, sink, and
    for each row its skills and its groups. Skills that the source still reaches once the flow is largest are the cut.
    """
    (rows, skills), groups = needed.shape, people.shape[1]
    skill = 2 + np.arange(rows * skills).reshape(rows, skills)
    group = 2 + rows * skills + np.arange(rows * groups).reshape(rows, groups)
    holder, held = np.nonzero(holds.T)
    edges = [
        (np.zeros(skill.size, np.int64), skill.ravel(), needed.ravel()),
        (skill[:, held].ravel(), group[:, holder].ravel(), needed[:, held].ravel()),
        (group.ravel(), np.ones(group.size, np.int64), people.ravel()),
    ]
    tails, heads, room = (np.concatenate(part) for part in zip(*edges, strict=True))
    nodes = 2 + skill.size + group.size
    network = csr_array((room.astype(np.int32), (tails, heads)), shape=(nodes, nodes))
    flow = maximum_flow(network, 0, 1).flow
    reached = np.zeros(nodes, bool)
    reached[breadth_first_order(network - flow > 0, 0, return_predecessors=False)] = True
    return flow[[0], :].toarray()[0, skill].sum(axis=1), reached[skill]


def _table(columns: Mapping[str, Ints], what: str) -> Ints:
    """(T, N) the columns side by side; SettingsError where one is not (T,) whole numbers in range."""
    arrays = {name: np.asarray(column) for name, column in columns.items()}
    length = len(next(iter(arrays.values()), ()))
    for name, array in arrays.items():
        if array.shape != (length,):
            raise SettingsError(f"{what} {name!r}: expected {length} intervals, found shape {array.shape}")
        good = (array >= 0) & (array <= MOST_PEOPLE) & (array == np.floor(array))
        if not good.all():
            at = int(np.argmin(good))
            raise SettingsError(
                f"{what} {name!r}: expected a whole number from 0 to {MOST_PEOPLE}, found {array[at]} in interval {at}"
            )
    return np.column_stack([np.zeros((length, 0)), *arrays.values()]).astype(np.int64)


def _distinct(table: Ints) -> tuple[Ints, Ints]:
    """Distinct rows, and for each row of the table its place among them."""
    rows, row_of = np.unique(table, axis=0, return_inverse=True)
    return rows, row_of.ravel()


def _holds(required: Collection[str], names: Collection[str], groups: Mapping[str, SkillGroup]) -> NDArray[np.bool_]:
    """(K, G) whether a group holds a skill."""
    return np.array([[skill in groups[name].skills for name in names] for skill in required], bool).reshape(
        len(required), len(names)
    )


def _check_groups(groups: Mapping[str, SkillGroup], required: Mapping[str, Ints]) -> None:
    if not groups:
        raise SettingsError("groups: expected at least one group of people, found none")
    for name, group in groups.items():
        if not (np.isfinite(group.cost) and group.cost >= 0):
            raise SettingsError(f"group {name!r}: expected a cost >= 0, found {group.cost}")
        if not 0 <= group.most <= MOST_PEOPLE:
            raise SettingsError(f"group {name!r}: expected `most` from 0 to {MOST_PEOPLE} people, found {group.most}")
    for skill, agents in required.items():
        if np.any(agents) and not any(skill in group.skills for group in groups.values()):
            raise SettingsError(
                f"skill {skill!r}: no group holds it, but interval {np.flatnonzero(agents)[0]} requires "
                f"{np.max(agents)} agents; give it to one of {', '.join(groups)}"
            )
