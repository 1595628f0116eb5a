"""Make scenarios, change what they suppose, show and close them."""

import math
import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta

import pandas as pd

from forecasting.errors import SettingsError
from forecasting.jobs.capacity.links import capacity_rules
from forecasting.jobs.common.session import Session, open_session, wall_clock
from forecasting.jobs.planners.records import in_words
from forecasting.jobs.scenarios.scenario import RULES, Capacity, changed_rules, newest_planned, require_scenario
from forecasting.jobs.scenarios.staff import ALL
from forecasting.jobs.staffing.plan import staffing_rules
from forecasting.jobs.streams.event_tables import clock
from forecasting.panel.event_rows import read_instant
from forecasting.panel.event_scopes import some
from forecasting.settings import Settings
from forecasting.store.files.definitions import read_definition
from forecasting.store.lake.lake import Lake
from forecasting.store.lake.open import open_lake, open_lake_to_read, require_lake
from forecasting.store.tables.planners.adjustments import BASE, append_adjustment, read_adjustments
from forecasting.store.tables.planners.scenarios import (
    append_copy,
    append_rule,
    append_scenario,
    read_copies,
    read_rules,
    read_scenarios,
)
from forecasting.store.tables.readings import read_series
from forecasting.terms import DAY, Operation, parse_duration

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_POOL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


def create(settings: Settings, name: str, *, reason: str, author: str, source: str = BASE) -> None:
    """Make a scenario, empty or as another is now. Raises SettingsError where the name is taken or cannot be one."""
    if not _NAME.fullmatch(name) or name == BASE:
        raise SettingsError(f"scenario {name!r}: expected a name of small letters, digits, - and _, other than {BASE}")
    _require_words(reason=reason, author=author)
    require_lake(settings)
    with open_lake(settings) as lake:
        now = wall_clock()
        if name in set(read_scenarios(lake)["scenario"]):
            raise SettingsError(f"there is a scenario {name} already, or there was; take another name")
        if source != BASE:
            require_scenario(lake, source, known_by=now)
        rules, copies = read_rules(lake, scenario=source), read_copies(lake, scenario=source)
        adjustments = read_adjustments(lake, stream=None, scenarios=[] if source == BASE else [source])

        def write() -> None:
            append_scenario(lake, scenario=name, known_at=now, reason=reason, author=author, closed=False)
            own = {"scenario": name, "known_at": now}
            for row in rules.to_dict("records"):
                append_rule(lake, **own, **{str(key): value for key, value in row.items()})
            for row in copies.to_dict("records"):
                append_copy(lake, **own, **{str(key): value for key, value in row.items()})
            for row in adjustments[adjustments["withdrawn_at"].isna()].to_dict("records"):
                copied = {str(key): value for key, value in row.items()} | own
                append_adjustment(lake, copied | {"adjustment_id": f"{row['adjustment_id']}-{name}"})

        lake.write(write, message=f"scenario {name}")


def close(settings: Settings, name: str) -> None:
    """Plan a scenario no more; what was planned stays. Raises SettingsError where there is none, or it is closed."""
    with open_lake(settings) as lake:
        now = wall_clock()
        require_scenario(lake, name, known_by=now)
        own = read_scenarios(lake).set_index("scenario").loc[name]
        version = {"scenario": name, "reason": own["reason"], "author": own["author"], "closed": True}
        lake.write(lambda: append_scenario(lake, known_at=now, **version), message=f"scenario {name} closed")


def change_rules(
    settings: Settings, name: str, stream: str, rules: Mapping[str, str], *, author: str
) -> dict[str, str | None]:
    """Let a scenario plan a stream by other rules; `default` takes one back. What changed, rule by rule.

    rules: keys of [planning.staffing] with values as a definition writes them. Raises SettingsError on the first that
    does not fit; nothing is written then.
    """
    _require_words(author=author)
    section = staffing_rules(read_definition(settings, stream).stream)
    unknown = [rule for rule in rules if rule not in RULES]
    if unknown:
        raise SettingsError(f"scenario {name}: {unknown[0]!r} is no rule that it can change; there are {some(RULES)}")
    with open_session(settings, stream, must_exist=True) as session:
        now = wall_clock()
        require_scenario(session.lake, name, known_by=now)
        known = read_rules(session.lake, scenario=name)
        own = dict(known.loc[known["stream"] == stream, ["rule", "value"]].to_numpy().tolist())
        wanted = {rule: None if value == "default" else value for rule, value in rules.items()}
        after = {rule: value for rule, value in (own | wanted).items() if value is not None}
        changed_rules(section, after, scenario=name)

        def write() -> None:
            for rule, value in wanted.items():
                version = {"stream": stream, "rule": rule, "value": value, "author": author}
                append_rule(session.lake, scenario=name, known_at=now, **version)

        session.lake.write(write, message=f"rules of scenario {name}")
    return wanted


def set_capacity(
    settings: Settings, name: str, stream: str, *, series: str, capacity: float, starts: str, author: str
) -> None:
    """Let a link of a scenario have more capacity from a local date on; 0 takes that back.

    Raises SettingsError where something is wrong; nothing is written then.
    """
    _require_words(author=author)
    if not (math.isfinite(capacity) and capacity >= 0):
        raise SettingsError(f"a capacity of {capacity:g}: expected a number above 0, or 0 to take it back")
    try:
        since = date.fromisoformat(starts)
    except ValueError as error:
        raise SettingsError(f"--starts {starts!r}: expected a date such as 2026-05-01") from error
    with open_session(settings, stream, must_exist=True) as session:
        definition, now = session.definition.stream, wall_clock()
        capacity_rules(definition)
        require_scenario(session.lake, name, known_by=now)
        known = _series_of(session, now)
        if series not in known:
            raise SettingsError(f"stream {stream}: there is no link {series!r}; there are {some(known)}")
        rule, value = Capacity(series, capacity, since).as_rule()
        version = {"stream": stream, "rule": rule, "value": value if capacity else None, "author": author}
        session.lake.write(
            lambda: append_rule(session.lake, scenario=name, known_at=now, **version), message=f"scenario {name}"
        )


def add_copy(
    settings: Settings,
    name: str,
    stream: str,
    *,
    series: str,
    copy: str,
    percent: float,
    starts: str,
    ramp: str | None,
    author: str,
) -> None:
    """Add demand to a scenario: a series' own at another level, grown over some days; 0 percent takes it away.

    Raises SettingsError where there is no such series, or something else is wrong; nothing is written then.
    """
    _require_words(author=author)
    if not (math.isfinite(percent) and percent >= 0):
        raise SettingsError(f"--percent {percent:g}: expected 0 or more")
    if not _POOL.fullmatch(copy) or copy == ALL:
        raise SettingsError(f"--as {copy!r}: expected a name of letters, digits and . _ -, other than {ALL}")
    with open_session(settings, stream, must_exist=True) as session:
        definition, now = session.definition.stream, wall_clock()
        staffing_rules(definition)
        require_scenario(session.lake, name, known_by=now)
        known = _series_of(session, now)
        if series not in known:
            raise SettingsError(f"stream {stream}: there is no series {series!r}; there are {some(known)}")
        if copy in known or copy in staffing_rules(definition).pools:
            raise SettingsError(f"--as {copy}: there is a series or pool of that name already")
        try:
            starts_at = read_instant(starts, [definition.zone])
            grown = parse_duration(ramp) if ramp else timedelta(0)
        except ValueError as error:
            raise SettingsError(f"scenario {name}: {error}") from error
        if grown % DAY:
            raise SettingsError(f"--ramp {ramp}: expected whole days, such as 7d")
        days = grown // DAY
        version = {"copy": copy, "series_id": series, "percent": percent, "starts_at": starts_at, "ramp_days": days}
        session.lake.write(
            lambda: append_copy(session.lake, scenario=name, stream=stream, known_at=now, author=author, **version),
            message=f"scenario {name}, like {series}",
        )


def show(settings: Settings, *, every: bool = False) -> pd.DataFrame:
    """Scenarios and how much each supposes; every: closed ones too."""
    with open_lake_to_read(settings) as lake:
        lake.require_present_tables()
        found = read_scenarios(lake)
        found = found if every else found[~found["closed"]]
        counts = [len(suppositions(lake, name)) for name in found["scenario"]]
    return found.assign(supposes=counts)[
        ["scenario", "supposes", "reason", "author", *(["closed"] if every else [])]
    ].reset_index(drop=True)


def suppositions(lake: Lake, name: str) -> pd.DataFrame:
    """What a scenario supposes, a row each: stream, what, detail."""
    rules, copies = read_rules(lake, scenario=name), read_copies(lake, scenario=name)
    adjustments = read_adjustments(lake, stream=None, scenarios=[name])
    rows = [
        (row["stream"], f"{row['rule']} = {row['value']}", f"rule, {row['author']}") for row in rules.to_dict("records")
    ]
    rows += [
        (
            row["stream"],
            f"{row['copy']}: {row['percent']:g}% of {row['series_id']}",
            f"from {clock(row['starts_at'])} UTC, grown over {row['ramp_days']} days, {row['author']}",
        )
        for row in copies.to_dict("records")
    ]
    for row in adjustments[adjustments["withdrawn_at"].isna()].to_dict("records"):
        where = ", ".join(f"{key}={value}" for key, value in row["scope"].items()) or "all series"
        what = f"{where}: {in_words(Operation(row['operation']), row['value'])}"
        span = f"{clock(row['starts_at'])} to {clock(row['ends_at'])} UTC"
        rows.append((row["stream"], what, f"{span}, {row['reason']} ({row['author']}), {row['adjustment_id']}"))
    return pd.DataFrame(rows, columns=["stream", "what", "detail"])


def show_one(settings: Settings, name: str) -> pd.DataFrame:
    """What a scenario supposes. Raises SettingsError where there is none."""
    with open_lake_to_read(settings) as lake:
        lake.require_present_tables()
        if name not in set(read_scenarios(lake)["scenario"]):
            require_scenario(lake, name, known_by=wall_clock())
        return suppositions(lake, name)


def _series_of(session: Session, now: datetime) -> list[str]:
    """Series of a stream at the newest origin that was planned."""
    stream = session.definition.stream
    origin = newest_planned(session.lake, stream, now)
    if origin is None:
        raise SettingsError(f"stream {stream.name} was not planned yet; plan it first: forecasting plan {stream.name}")
    return [str(one) for one in read_series(session.lake, stream, origin)["series_id"]]


def _require_words(**given: str) -> None:
    for option, text in given.items():
        if not text.strip():
            raise SettingsError(f"--{option} is empty; a scenario says who made it and why")
