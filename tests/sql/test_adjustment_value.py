"""Which planners help: a season of adjustments whose worth is known."""

from collections.abc import Iterator
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from forecasting.settings import Settings
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.open import open_lake
from tests.plans import STEPS as PLANNED
from tests.plans import make_plan, publish_planned
from tests.publications import SERIES, STEPS, ask, day, publish_run

SKILL = {"ana": 1.2, "ben": 1.0, "cy": 0.8}
"""What demand is over the forecast where one of them said +20%."""
NIGHTS = 12
VALUE = "select author, days, intervals, statistical_wape, final_wape, saved, verdict from analyst.adjustment_value"


@pytest.fixture
def lake(settings: Settings) -> Iterator[Lake]:
    with open_lake(settings) as opened:
        yield opened


def fill(lake: Lake, rows: pd.DataFrame, query: str) -> None:
    lake.connection.register("rows", rows)
    lake.connection.execute(query)
    lake.connection.unregister("rows")


def write_season(lake: Lake, *, noise: float) -> None:
    """Every editor has a night of their own, in turn; each night is published anew and measured a day later."""
    rng = np.random.default_rng(1)
    said, factors, demand = [], [], []
    for night in range(NIGHTS * len(SKILL)):
        author = list(SKILL)[night % len(SKILL)]
        run, origin = f"night-{night}", day(night)
        publish_run(lake, run, origin, origin + timedelta(hours=6), level=100)
        if night < len(SKILL):
            said.append({"adjustment_id": author, "author": author, "known_at": day(0)})
        for series in range(SERIES):
            for step in range(STEPS):
                ts, key = origin + timedelta(hours=step), f"s{series}"
                factors.append((origin, run, key, ts, author))
                demand.append((key, ts, 100 * SKILL[author] * rng.lognormal(0, noise)))
    fill(
        lake,
        pd.DataFrame(said),
        "insert into planning.adjustments by name select adjustment_id, author, known_at, 'base' as scenario, "
        "'usage' as stream, map() as scope, known_at as starts_at, known_at as ends_at, 'usage' as metric, "
        "'percent' as operation, 20.0 as value, 'test' as reason from rows",
    )
    fill(
        lake,
        pd.DataFrame(factors, columns=["origin", "run", "key", "ts", "author"]),
        "insert into planning.adjusted by name select 'usage' as stream, origin, run as forecast_run_id, "
        "key as series_id, ts, origin as known_at, 1.2 as factor, [author] as adjustment_ids from rows",
    )
    fill(
        lake,
        pd.DataFrame(demand, columns=["key", "ts", "y"]),
        "insert into history.demand by name select 'usage' as stream, key as series_id, ts, ts as available_at, "
        "ts as loaded_at, y, "
        "'run' as run_id from rows",
    )
    lake.connection.execute(
        "insert into history.streams by name select 'usage' as stream, timestamptz '2024-01-01' as known_at, "
        "'usage' as metric, 'calls' as unit, 'UTC' as timezone, 'sum' as aggregate, 60 as minutes, "
        "1440 as horizon_minutes, 'run' as run_id"
    )


def test_who_helps_who_does_harm_and_who_may_be_lucky_are_told_apart(lake):
    write_season(lake, noise=0.05)
    found = ask(lake, VALUE + " order by final_wape - statistical_wape")
    assert [(author, verdict) for author, *_, verdict in found] == [
        ("ana", "helped"),
        ("ben", "did harm"),
        ("cy", "did harm"),
    ]
    by_author = {author: values for author, *values in found}
    assert by_author["ana"][:2] == [NIGHTS, NIGHTS * SERIES * STEPS]
    assert by_author["ana"][2] == pytest.approx(0.2 / 1.2, abs=0.02)
    assert by_author["ana"][4] == pytest.approx(NIGHTS * SERIES * STEPS * 16, rel=0.1)


def test_editors_sizes_and_directions_are_ranked_by_what_they_saved(lake):
    write_season(lake, noise=0.05)
    ranked = ask(
        lake,
        "select member, days, round(final_wql - statistical_wql, 3), verdict from analyst.adjustment_value_by "
        "where grouping = 'author' order by saved desc",
    )
    assert [(member, verdict) for member, *_, verdict in ranked] == [
        ("ana", "helped"),
        ("ben", "did harm"),
        ("cy", "did harm"),
    ]
    assert ranked[0][2] < 0 < ranked[1][2] < ranked[2][2]
    others = "select grouping, member, intervals from analyst.adjustment_value_by where grouping <> 'author' order by 1"
    every = NIGHTS * len(SKILL) * SERIES * STEPS
    assert ask(lake, others) == [
        ("direction", "up", every),
        ("operation", "percent", every),
        ("reason", "test", every),
        ("size", "10 to 25%", every),
    ]


def test_hours_are_those_of_the_work_in_the_calls(lake):
    write_season(lake, noise=0.0)
    assert ask(lake, "select distinct final_hours_over from analyst.adjustment_value") == [(None,)]
    for night in range(NIGHTS * len(SKILL)):
        publish_planned(lake, f"plan-{night}", day(night), day(night + 0.3), make=make_plan)
    ((handle,),) = ask(lake, "select distinct handle from planning.staffing")
    found = ask(
        lake,
        "select final_hours_over, statistical_hours_under from analyst.adjustment_value_by where grouping = 'author' "
        "and member in ('ana', 'cy') order by member",
    )
    # demand was 120 for ana and 80 for cy, where both made 120 of 100
    hours = NIGHTS * SERIES * min(PLANNED, STEPS) * handle / 3600
    assert found == [(pytest.approx(0.0, abs=1e-6), pytest.approx(20 * hours)), (pytest.approx(40 * hours), 0.0)]


def test_a_season_of_noise_proves_nothing(lake):
    write_season(lake, noise=1.5)
    verdicts = dict(ask(lake, "select author, verdict from analyst.adjustment_value"))
    assert verdicts["ana"] == "may be luck"


def test_what_was_withdrawn_before_it_was_measured_is_worth_nothing(lake):
    write_season(lake, noise=0.05)
    lake.connection.execute(
        "insert into planning.adjusted select * replace (known_at + interval 1 hour as known_at, 1.0 as factor, "
        "[]::varchar[] as adjustment_ids) from planning.adjusted where adjustment_ids = ['ben']"
    )
    assert {author for author, *_ in ask(lake, VALUE)} == {"ana", "cy"}
