"""A scenario as it is known at an instant, and what it makes of forecasts and rules."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

import numpy as np
import pandas as pd
from pydantic import ValidationError

from forecasting.config.staffing import StaffingSection
from forecasting.config.stream import Stream
from forecasting.errors import SettingsError
from forecasting.jobs.common.outlook import Outlook
from forecasting.jobs.planners.factors import factors_on, read_base
from forecasting.jobs.planners.records import adjustments_known
from forecasting.numerics import Floats64
from forecasting.panel.calendar.instants import as_utc
from forecasting.store.lake.lake import Lake
from forecasting.store.tables.planners.adjustments import BASE, read_adjustments
from forecasting.store.tables.planners.scenarios import read_copies, read_rules, read_scenarios
from forecasting.store.tables.plans import KINDS

RULES = ("target", "patience", "shrinkage", "max_occupancy", "min_agents", "handle_time")
"""Keys of [planning.staffing] that a scenario may change."""
_OF_LINK = "capacity of "


@dataclass(frozen=True)
class Copy:
    """Demand that a scenario adds: a series' own, at another level, answered by a pool of its own."""

    name: str
    series_id: str
    percent: float
    starts_at: datetime
    ramp_days: int

    def share(self, ts: np.ndarray) -> Floats64:
        """(H,) of the other's demand at UTC starts."""
        start = np.datetime64(self.starts_at.replace(tzinfo=None), "us")
        after = (ts - start) / np.timedelta64(1, "D")
        grown = np.clip(after / self.ramp_days, 0, 1) if self.ramp_days else (after >= 0).astype(np.float64)
        share: Floats64 = grown * self.percent / 100
        return share


@dataclass(frozen=True)
class Capacity:
    """What a link has from a local date on."""

    series_id: str
    capacity: float
    since: date

    def as_rule(self) -> tuple[str, str]:
        """Key and value of planning.scenario_rules."""
        return f"{_OF_LINK}{self.series_id}", f"{self.capacity:.10g} from {self.since}"

    @classmethod
    def of_rule(cls, rule: str, value: str) -> "Capacity":
        capacity, _, since = value.partition(" from ")
        return cls(rule.removeprefix(_OF_LINK), float(capacity), date.fromisoformat(since))


@dataclass(frozen=True)
class Scenario:
    """A scenario, for one stream and those that it is planned with."""

    name: str
    known_by: datetime
    rules: Mapping[str, str]
    capacities: tuple[Capacity, ...]
    copies: tuple[Copy, ...]

    def staffing(self, section: StaffingSection) -> StaffingSection:
        """The stream's rules with those that the scenario changes. Raises SettingsError where they do not fit."""
        return changed_rules(section, self.rules, scenario=self.name)

    def outlook(self, lake: Lake, outlook: Outlook) -> Outlook:
        """A forecast with the scenario's adjustments on top of those of the plan; itself where it has none."""
        stream = outlook.stream
        own = read_adjustments(lake, stream=stream.name, known_by=self.known_by, scenarios=[self.name])
        if own.empty or own["withdrawn_at"].notna().all():
            return outlook
        base = read_base(lake, stream, outlook.origin)
        assert base is not None
        known = adjustments_known(lake, stream=stream.name, known_by=self.known_by, scenario=self.name)
        found = factors_on(base, stream, known).factors
        row = pd.Index(outlook.series_ids).get_indexer(pd.Index(base.attributes.index.astype(str)))
        column = pd.Index(outlook.ts).get_indexer(pd.Index(as_utc(pd.Series(base.ts))))
        adjusted = np.ones_like(outlook.adjusted)
        adjusted[np.ix_(row, column)] = found
        return replace(outlook, adjusted=adjusted, adjustments=tuple(sorted(one.adjustment_id for one in known)))


def read_scenario(lake: Lake, name: str, stream: Stream, *, known_by: datetime) -> Scenario:
    """A scenario as known at an instant. Raises SettingsError where there is none, or it is closed."""
    require_scenario(lake, name, known_by=known_by)
    rules, copies = (read(lake, scenario=name, known_by=known_by) for read in (read_rules, read_copies))
    own = rules[rules["stream"] == stream.name]
    added = [
        Copy(row["copy"], row["series_id"], row["percent"], row["starts_at"].to_pydatetime(), int(row["ramp_days"]))
        for row in copies[copies["stream"] == stream.name].to_dict("records")
    ]
    values = dict(zip(own["rule"].astype(str), own["value"].astype(str), strict=True))
    links = [Capacity.of_rule(rule, value) for rule, value in values.items() if rule.startswith(_OF_LINK)]
    people = {rule: value for rule, value in values.items() if not rule.startswith(_OF_LINK)}
    return Scenario(name, known_by, people, tuple(links), tuple(added))


def newest_planned(lake: Lake, stream: Stream, now: datetime) -> datetime | None:
    """The newest origin of a stream that was planned; None where none was."""
    found: datetime | None = lake.rows(
        "planning/newest_origin.sql", stream=stream.name, origin=now, kinds=[str(kind) for kind in KINDS]
    )[0][0]
    return found


def require_scenario(lake: Lake, name: str, *, known_by: datetime) -> None:
    """Raises SettingsError where there is no such scenario, or it is closed."""
    known = read_scenarios(lake, known_by=known_by)
    own = known[known["scenario"] == name]
    if own.empty:
        others = ", ".join([BASE, *known.loc[~known["closed"], "scenario"]])
        raise SettingsError(
            f"there is no scenario {name!r}; there are {others}; make it with `forecasting scenario create {name}`"
        )
    if own["closed"].iloc[0]:
        raise SettingsError(f"scenario {name} is closed; make another with `forecasting scenario create`")


def changed_rules(section: StaffingSection, rules: Mapping[str, str], *, scenario: str) -> StaffingSection:
    """[planning.staffing] with other values, as a definition would write them. Raises SettingsError on the first that
    does not fit."""
    if not rules:
        return section
    values = {name: getattr(section, name) for name in section.model_fields_set}
    if "handle_time" in rules:
        values.pop("aht_stream", None)
    try:
        return StaffingSection.model_validate(values | dict(rules))
    except ValidationError as error:
        first = error.errors()[0]
        rule = str(first["loc"][0]) if first["loc"] else ", ".join(rules)
        raise SettingsError(f"scenario {scenario}: {rule} = {rules.get(rule)!r}: {first['msg']}") from error
