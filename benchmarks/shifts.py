"""Seconds and proven gap of the shifts of a week for 20 queues.

The requirement is made of the real half-hourly calls of the public `anonymous_bank` log where SHARED_DATA (default
../shared/data) holds it, else of generated ones of the same shape: every queue is another week, times a factor, with
agents by the square-root rule (load plus its square root), 200 s a call and 30% shrinkage. A gap is proven: how far the
plan can be above the best one, as a share of its paid hours.
"""

# first: it says how OpenMP threads wait
import forecasting  # noqa: F401  # isort: skip

import argparse
import os
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from forecasting.config.shifts import ShiftRule
from forecasting.planning.shifts.model import plan_shifts
from forecasting.planning.shifts.patterns import Week, make_week
from forecasting.planning.shifts.roster import count_at_work, write_roster
from forecasting.planning.shifts.search import ORDINARY, Effort

LOG = Path(os.environ.get("SHARED_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")
Floats = NDArray[np.float64]
TARGET_GAP, TARGET_SECONDS = 0.01, 120.0
SLOTS = 7 * 48

LUNCH = {"length": "30min", "from": "3h", "to": "5h"}
SHIFTS = [
    {"name": "full", "length": "8h", "starts": "07:00-16:00", "breaks": [LUNCH], "consecutive": 5},
    {
        "name": "long",
        "length": "6h",
        "starts": "07:00-18:00",
        "days": 4,
        "vary": "1h",
        "breaks": [LUNCH | {"to": "4h"}],
    },
    {"name": "part", "length": "4h", "starts": "07:00-20:00", "days": 4, "max_share": 0.5},
]


def bank_week() -> Week:
    """Open Sunday to Thursday 07:00-24:00, Friday to 14:00, Saturday from 20:00."""
    wall = np.datetime64("1999-01-03T00:00") + np.arange(SLOTS) * np.timedelta64(30, "m")
    hours = np.zeros((7, 48), bool)
    hours[:5, 14:], hours[5, 14:28], hours[6, 40:] = True, True, True
    return make_week(wall, hours.ravel(), interval=timedelta(minutes=30))


def real_calls() -> Floats | None:
    """(weeks, 336) calls by half an hour, Sundays first."""
    path = LOG / "anonymous_bank_calls_raw.parquet"
    if not path.exists():
        return None
    found = duckdb.execute(
        "with calls as (select try_strptime('19' || date || ' ' || vru_entry, '%Y%m%d %H:%M:%S') as began "
        "from read_parquet($p)) "
        "select date_diff('minute', timestamp '1999-01-03', began) // 30 as slot, count(*) as calls "
        "from calls where began >= timestamp '1999-01-03' group by slot order by slot",
        {"p": str(path)},
    ).fetchnumpy()
    slots: NDArray[np.int64] = np.asarray(found["slot"])
    calls = np.zeros((int(slots.max()) // SLOTS + 1) * SLOTS)
    calls[slots] = found["calls"]
    weeks: Floats = calls.reshape(-1, SLOTS)
    busy: Floats = weeks[weeks.sum(axis=1) > 1000]
    return busy


def generated_calls(rng: np.random.Generator) -> NDArray[np.int64]:
    hour = np.arange(48) / 2
    shape = np.exp(-(((hour - 11) / 3) ** 2)) + 0.6 * np.exp(-(((hour - 18) / 4) ** 2))
    mean = 60 * np.concatenate([shape * size for size in (1.2, 1, 1, 1, 1, 0.6, 0.5)])
    return rng.poisson(rng.gamma(50, mean / 50, (40, SLOTS)))


def required_people(calls: NDArray[Any], week: Week) -> np.ndarray:
    load = calls * 200 / 1800
    people = np.ceil((load + np.sqrt(load)) / (1 - 0.30))
    return np.where(week.open, people, 0).astype(int)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--queues", type=int, default=20, help="number of queues (default 20)")
    parser.add_argument("--limit", type=float, default=ORDINARY.limit, help="work a queue, deterministic seconds")
    given = parser.parse_args()
    week, shifts = bank_week(), [ShiftRule.model_validate(one) for one in SHIFTS]
    real = real_calls()
    calls = generated_calls(np.random.default_rng(0)) if real is None else real
    objective = bound = 0.0
    worst, start = 0.0, time.perf_counter()
    needs = [required_people(calls[2 * queue % len(calls)] * (0.5 + queue % 5), week) for queue in range(given.queues)]
    # as the job does it: a solver a core
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as several:
        plans = list(several.map(lambda need: plan_shifts(need, week, shifts, effort=Effort(limit=given.limit)), needs))
    seconds = time.perf_counter() - start
    for queue, (required, plan) in enumerate(zip(needs, plans, strict=True)):
        assert (count_at_work(write_roster(plan), intervals=SLOTS) == plan.coverage).all()
        objective, bound, worst = objective + plan.objective, bound + plan.bound, max(worst, plan.gap)
        print(
            f"queue {queue:2d}: needed {required.sum() / 2:,.1f} h, paid "
            f"{plan.paid_hours:,.1f}, short {plan.short_hours:,.1f}, over {plan.over_hours:,.1f}, {plan.heads} people, "
            f"gap {plan.gap:.2%}"
        )
    print(
        f"{given.queues} queues of {'generated' if real is None else 'real'} calls: {seconds:.0f} s (target "
        f"{TARGET_SECONDS:.0f}), gap of all together {(objective - bound) / objective:.2%} (target {TARGET_GAP:.0%}), "
        f"of the worst queue {worst:.2%}"
    )


if __name__ == "__main__":
    main()
