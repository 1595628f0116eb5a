"""Calls and staff for tests."""

import numpy as np
from hypothesis import strategies as st

from forecasting.planning.replay.simulator import Calls, Staff

INF = float("inf")


def calls_at(*at: float, handle=10.0, patience=INF, priority=None, skill=None) -> Calls:
    def each(value) -> np.ndarray:
        return np.broadcast_to(np.asarray(value, float), len(at))

    return Calls(
        at=np.array(at, float),
        handle=each(handle),
        patience=each(patience),
        priority=None if priority is None else np.array(priority),
        skill=None if skill is None else np.array(skill),
    )


def staff_of(*agents: int, length: float = 100.0) -> Staff:
    return Staff(bounds=length * np.arange(len(agents) + 1), agents=np.array(agents))


seconds = st.integers(0, 60).map(float)
skill_sets = st.sets(st.sampled_from("abc"), min_size=1)


@st.composite
def centres(draw) -> tuple[Calls, Staff]:
    size, groups, intervals = draw(st.integers(0, 40)), draw(st.integers(1, 3)), draw(st.integers(1, 4))

    def column(values, dtype=float) -> np.ndarray:
        return np.array(draw(st.lists(values, min_size=size, max_size=size)), dtype)

    heads = draw(st.lists(st.integers(0, 4), min_size=groups * intervals, max_size=groups * intervals))
    held = draw(st.lists(skill_sets, min_size=groups, max_size=groups))
    held[0] = set("abc")
    calls = Calls(
        at=np.sort(column(st.integers(-20, 220))),
        handle=column(seconds),
        patience=column(seconds | st.just(INF)),
        priority=column(st.integers(0, 2), int),
        skill=column(st.sampled_from("abc"), str),
    )
    return calls, Staff(50.0 * np.arange(intervals + 1), np.array(heads).reshape(groups, intervals), tuple(held))
