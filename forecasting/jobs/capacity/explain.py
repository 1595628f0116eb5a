"""The reasoning behind one link of a plan of capacity, from its measured peaks to the order, failure by failure."""

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd

from forecasting.config.capacity import CapacitySection
from forecasting.contracts.plans import LINEAGE
from forecasting.errors import FeedError, SettingsError
from forecasting.jobs.capacity.findings import find_without_failure
from forecasting.jobs.capacity.links import Links, capacity_rules, read_links
from forecasting.jobs.capacity.plan import NO_FAILURE, FailureCase, failure_cases, path_maker, plan_case
from forecasting.jobs.common.session import Session, open_session
from forecasting.numerics import in_full
from forecasting.panel.calendar.calendar import resolve_origin
from forecasting.planning.capacity.ceilings import ceilings
from forecasting.planning.capacity.orders import QUARTER, delay_cost
from forecasting.planning.capacity.runout import probability_by, run_out
from forecasting.settings import Settings
from forecasting.store.tables.plans import KINDS, planned_rows
from forecasting.terms import DAY, QUANTILE_COLUMNS, CapacityRule
from forecasting.uncertainty.aggregates import quantiles_of_paths

LATEST = datetime(9999, 1, 1, tzinfo=UTC)
MEASURED = 14
"""Days of measured peaks that are shown."""
AHEAD = (0, 30, 61, 91, 182, 365, 547, 729)
"""Days ahead at which the forecast is shown."""
RULES = {
    CapacityRule.NOT_NEEDED: "nothing has to be ordered within a quarter: the next plan is early enough",
    CapacityRule.SUFFICIENT: "the cheapest step of the catalogue that lasts",
    CapacityRule.NO_SUFFICIENT_STEP: "no step of the catalogue lasts",
    CapacityRule.NO_CATALOGUE: "the definition has no planning.capacity.steps",
}


@dataclass(frozen=True)
class ExplainedLink:
    """One link of one plan."""

    stream: str
    series: str
    origin: str
    run_id: str
    lines: list[str] = field(default_factory=list)
    measured: pd.DataFrame = field(default_factory=pd.DataFrame)
    """Peaks of the last days: what was measured, and demand where that was cut off."""
    forecast: pd.DataFrame = field(default_factory=pd.DataFrame)
    """Peaks ahead, from the plan's paths, and the probability of having run out."""
    steps: pd.DataFrame = field(default_factory=pd.DataFrame)
    """The catalogue, judged."""
    failures: pd.DataFrame = field(default_factory=pd.DataFrame)
    """The published rows."""

    def as_dict(self) -> dict[str, Any]:
        frames = ("measured", "forecast", "steps", "failures")
        return asdict(self) | {name: _records(getattr(self, name)) for name in frames}


def capacity(settings: Settings, stream: str, *, series: str, origin: str | None = None) -> ExplainedLink:
    """Explain the published run-out and order of a link.

    origin: of the plan; the newest plan unless given. Raises SettingsError for a series that the plan does not have,
    FeedError where there is no plan.
    """
    with open_session(settings, stream, read_only=True) as session:
        definition = session.definition.stream
        rules = capacity_rules(definition)
        asked = resolve_origin(origin, definition) if origin else _newest_plan(session)
        rows = planned_rows(session.lake, stream=stream, origin=asked, table="capacity")
        findings = planned_rows(session.lake, stream=stream, origin=asked, table="findings")
        noted = findings.loc[findings["series_id"].astype(str) == series, "note"].tolist()
        own = rows[rows["series_id"].astype(str) == series]
        if own.empty:
            raise _unknown(stream, series, asked, rows, noted)
        links = read_links(session, asked)
    if series not in links.series_ids:
        raise FeedError(
            f"stream {stream}: {series!r} is in the plan from {asked.isoformat()}, but cannot be planned from what is "
            f"on record now; plan again: forecasting plan {stream} --origin {asked.isoformat()}"
        )
    place = links.series_ids.index(series)
    group = links.parallel[place]
    batch = np.flatnonzero(links.parallel == group) if group else np.array([place])
    case = next(failure_cases(links, rules, path_maker(links), batch))
    at = int(np.flatnonzero(batch == place)[0])
    intact = own[own["failure"] == NO_FAILURE].iloc[0]
    if rules.group and len(own) == 1:
        noted += [line for _, _, line in find_without_failure([series], [links.parallel[place]], [series], rules)[-1:]]
    lines = [*dict.fromkeys(noted), *_lines(links, rules, place, intact, case, at)]
    if changed := _changed(intact, plan_case(links, case)[0].iloc[at]):
        lines.append(
            f"what the plan was made from changed since: planned now, {', '.join(changed)} would differ; plan again to "
            "bring them together"
        )
    return ExplainedLink(
        stream=stream,
        series=series,
        origin=asked.isoformat(),
        run_id=str(intact["run_id"]),
        lines=lines,
        measured=_measured(links, place),
        forecast=_forecast(links, case, at),
        steps=_steps(links, rules, case, at),
        failures=_failures(own),
    )


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows with None where there is nothing: JSON knows no NaN."""
    return [
        {str(name): None if pd.isna(value) else value for name, value in row.items()}
        for row in frame.to_dict("records")
    ]


def _changed(published: pd.Series, made: pd.Series) -> list[str]:
    """Columns in which a row that was published is not the one that would be made now, lineage left out."""
    was = published.to_dict()
    now = {str(name): value for name, value in made.items() if name not in LINEAGE}
    return [name for name, value in now.items() if was[name] != value and not (pd.isna(was[name]) and pd.isna(value))]


def _newest_plan(session: Session) -> datetime:
    name, kinds = session.definition.stream.name, [str(kind) for kind in KINDS]
    rows = session.lake.rows("planning/newest_origin.sql", stream=name, origin=LATEST, kinds=kinds)
    found: datetime | None = rows[0][0]
    if found is None:
        raise FeedError(f"stream {name}: no plan was published yet; plan first: forecasting plan {name} --origin T")
    return found


def _unknown(stream: str, series: str, origin: datetime, rows: pd.DataFrame, noted: list[str]) -> Exception:
    if rows.empty:
        return FeedError(
            f"stream {stream}: no plan of capacity from {origin.isoformat()} was published; plan first: "
            f"forecasting plan {stream} --origin {origin.isoformat()}"
        )
    if noted:
        return SettingsError(f"stream {stream}: {series!r} is not in the plan: {'; '.join(noted)}")
    named = sorted(set(rows["series_id"].astype(str)))
    more = " ..." if len(named) > 5 else ""
    return SettingsError(
        f"stream {stream}: {series!r} is no series of the plan from {origin.isoformat()}; it has "
        f"{len(named)}: {', '.join(named[:5])}{more}"
    )


def _lines(
    links: Links, rules: CapacitySection, place: int, intact: pd.Series, case: FailureCase, at: int
) -> list[str]:
    """From capacity to the order, in steps that a planner can do again."""
    days, unit = rules.lead_time // DAY, links.peaks.stream.stream.unit
    if rules.grade is None:
        ceiling = f"{rules.threshold:g} x {in_full(intact['capacity'])} = {in_full(intact['ceiling'])} {unit}"
    else:
        carried = f"{in_full(intact['ceiling'])} {unit} at {rules.grade:.1%} blocking"
        ceiling = f"{in_full(intact['capacity'])} circuits carry {carried}"
    soonest = f"the {100 * (1 - rules.confidence):.3g}% quantile of the run-out day less {days} d of lead time"
    ordered = "beyond the horizon: no order" if pd.isna(intact["order_by"]) else f"{intact['order_by']:%Y-%m-%d}"
    lines = [
        f"peak now: {in_full(intact['peak'])} {unit}, {intact['utilisation']:.1%} of the capacity: {_judged(rules)}; "
        f"median growth {intact['growth']:+.1%} a year",
        f"ceiling: {ceiling}; headroom {in_full(intact['headroom'])}",
        f"run-out: the peak above the ceiling on {rules.persistence.days} of {rules.persistence.window} days; within "
        f"{len(links.dates)} days with probability {intact['runout_probability']:.2f}; 10% by "
        f"{_date(intact['runout_q10'])}, 50% by {_date(intact['runout_q50'])}, 90% by {_date(intact['runout_q90'])}",
        f"order by, at confidence {rules.confidence:g}: {soonest}: {ordered}{', due' if intact['due'] else ''}",
        f"step: {intact['step'] if pd.notna(intact['step']) else 'none'}: {RULES[CapacityRule(intact['rule'])]}",
    ]
    if intact["suppressed"] > 0:
        lines.insert(
            1,
            f"suppressed: {in_full(intact['suppressed'])} {unit} on the mean of the last 28 days, cut off at capacity",
        )
    if pd.notna(intact["cost"]):
        own = slice(at, at + 1)
        late = delay_cost(case.paths[own], ceilings(links.capacity[[place]], rules), np.array([intact["cost"]]), rules)
        saved = intact["cost"] * rules.capital_rate * QUARTER / 365
        lines.append(
            f"a delay of {QUARTER} days: {late.late_later[0] - late.late_now[0]:.1f} more days above the ceiling x "
            f"{in_full(rules.overload_cost)} - {saved:,.0f} of capital = {intact['wait_cost']:,.0f}; expected delay "
            f"loss {intact['expected_delay_loss']:,.0f}"
        )
    return lines


def _judged(rules: CapacitySection) -> str:
    """What the peak is, in words."""
    days, window = rules.persistence.days, rules.persistence.window
    which = "the highest" if days == 1 else f"number {days} from the highest down"
    return f"{which} of the last {window} days" if window > 1 else "that of the last day"


def _date(value: Any) -> str:
    return "beyond the horizon" if pd.isna(value) else f"{value:%Y-%m-%d}"


def _measured(links: Links, place: int) -> pd.DataFrame:
    panel, row = links.peaks.panel, links.row[place]
    recent = slice(max(panel.n_history - MEASURED, 0), panel.n_history)
    added = np.zeros(panel.n_history) if panel.suppressed is None else np.nan_to_num(panel.suppressed[row])
    demand = panel.y[row].astype(float)
    return pd.DataFrame(
        {
            "day": panel.wall[recent].astype("datetime64[D]").astype(str),
            "measured": np.round(demand - added, 1)[recent],
            "demand": np.round(demand, 1)[recent],
        }
    )


def _forecast(links: Links, case: FailureCase, at: int) -> pd.DataFrame:
    horizon = len(links.dates)
    day = np.unique(np.minimum(AHEAD, horizon - 1))
    quantiles = quantiles_of_paths(case.paths[at][day])
    table = pd.DataFrame({"day": links.dates[day].astype(str)})
    for place, name in enumerate(QUANTILE_COLUMNS):
        table[name] = np.round(quantiles[:, place], 1)
    table["run out by then"] = np.round(probability_by(case.first_exceedance[at : at + 1], day)[0], 3)
    return table


def _steps(links: Links, rules: CapacitySection, case: FailureCase, at: int) -> pd.DataFrame:
    """Each step of the catalogue: capacity, ceiling, cost, and the probability that it does not last."""
    lead, lasting = rules.lead_time // DAY, rules.lasting // DAY
    present = float(links.capacity[case.link[at]])
    in_service = case.paths[at : at + 1, lead : lead + lasting]
    rows = []
    for step in sorted(rules.steps, key=lambda step: step.cost):
        after = step.capacity_after(present)
        passed = float((run_out(in_service, np.array([after]), rules) < in_service.shape[1]).mean())
        enough = after > present and passed <= 1 - rules.confidence + 1e-9
        rows.append(
            {
                "step": step.name,
                "capacity": after,
                "ceiling": float(ceilings(np.array([after]), rules)[0]),
                "cost": step.cost,
                "run out while it must last": round(passed, 3),
                "verdict": "lasts" if enough else "adds nothing" if after <= present else "does not last",
            }
        )
    return pd.DataFrame(rows)


def _failures(own: pd.DataFrame) -> pd.DataFrame:
    columns = [
        "failure",
        "peak",
        "utilisation",
        "headroom",
        "runout_q10",
        "runout_q50",
        "order_by",
        "due",
        "step",
        "cost",
    ]
    table = own.sort_values("failure", key=lambda names: names.where(names != NO_FAILURE, ""))[columns].reset_index(
        drop=True
    )
    table["utilisation"] = table["utilisation"].round(3)
    table[["peak", "headroom"]] = table[["peak", "headroom"]].round(1)
    for name in ("runout_q10", "runout_q50", "order_by"):
        table[name] = pd.Series([None if pd.isna(date) else f"{date:%Y-%m-%d}" for date in table[name]], dtype=object)
    return table
