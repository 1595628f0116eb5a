"""Scenarios that planners compare with the plan: their names, the rules that they change, the series that they add."""

from datetime import datetime
from typing import Any

import pandas as pd

from forecasting.store.lake.lake import Lake
from forecasting.store.tables.planners.adjustments import ALWAYS, BASE


def read_scenarios(lake: Lake, *, known_by: datetime = ALWAYS) -> pd.DataFrame:
    """Scenarios as known at an instant: scenario, known_at, reason, author, closed."""
    return lake.frame("scenarios/scenarios_as_of.sql", known_by=known_by)


def scenarios_open(lake: Lake) -> list[str]:
    """Names of what adjustments may belong to: what is expected, and scenarios that are not closed."""
    found = read_scenarios(lake)
    return [BASE, *found.loc[~found["closed"].astype(bool), "scenario"]]


def append_scenario(lake: Lake, **version: Any) -> None:
    """Write a version of a scenario, a row of planning.scenarios; to be called inside `Lake.write`."""
    lake.execute("scenarios/insert_scenario.sql", **version)


def read_rules(lake: Lake, *, scenario: str, known_by: datetime = ALWAYS) -> pd.DataFrame:
    """Rules that a scenario changes: stream, rule, value, author."""
    return lake.frame("scenarios/rules_as_of.sql", scenario=scenario, known_by=known_by)


def append_rule(lake: Lake, **version: Any) -> None:
    """Write a version of a rule, a row of planning.scenario_rules; to be called inside `Lake.write`."""
    lake.execute("scenarios/insert_rule.sql", **version)


def read_copies(lake: Lake, *, scenario: str, known_by: datetime = ALWAYS) -> pd.DataFrame:
    """Series that a scenario adds: stream, copy, series_id, percent, starts_at, ramp_days, author."""
    return lake.frame("scenarios/copies_as_of.sql", scenario=scenario, known_by=known_by)


def append_copy(lake: Lake, **version: Any) -> None:
    """Write a version of a series that a scenario adds, a row of planning.scenario_copies; inside `Lake.write`."""
    lake.execute("scenarios/insert_copy.sql", **version)


def read_compared(lake: Lake, *, stream: str, scenario: str) -> pd.DataFrame:
    """Where the newest plan of a scenario differs from the plan: place, measure, days, base, scenario_value, delta,
    delta_q10, delta_q90, origin."""
    return lake.frame("scenarios/compared.sql", stream=stream, scenario=scenario)
