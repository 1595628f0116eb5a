"""The capacity plan of a stream: when links run out, how sure, what to order, by which day, what a delay costs."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.config.capacity import CapacitySection, Persistence
from forecasting.jobs.capacity.links import Links
from forecasting.numerics import Floats, Ints
from forecasting.planning.capacity.busiest import YEAR
from forecasting.planning.capacity.ceilings import ceilings
from forecasting.planning.capacity.failures import reroute
from forecasting.planning.capacity.ordered import count_from
from forecasting.planning.capacity.orders import choose_step, delay_cost, order_by
from forecasting.planning.capacity.runout import (
    Days,
    date_quantiles,
    judged_peaks,
    median_peak,
    probability_by,
    run_out,
)
from forecasting.terms import DAY, QUANTILE_COLUMNS, CapacityRule, SeriesFinding
from forecasting.uncertainty.long_dependence import learn_long_dependence
from forecasting.uncertainty.long_paths import LongPathMaker

Tables = dict[str, pd.DataFrame]

NO_FAILURE = "none"
"""Value of `failure`: all links are up."""
BATCH = 32
"""Links whose paths are in memory together; a group of parallel links is never split."""
LEAST, MOST_GROWTH = 1e-9, 10.0
"""Least ratio of two peaks, and most growth of the logarithm a year: a few days say nothing of a year."""
WEEK = 7
WORKERS = 2
"""Threads: numpy lets go of the interpreter for nearly all of the work."""


@dataclass(frozen=True)
class FailureCase:
    """Peaks of n links with none or one link failed."""

    name: str
    link: Ints
    """(n,) places among the links of the plan."""
    rules: CapacitySection
    """Those that hold in it."""
    paths: Floats
    """(n, D, S) from the day of the plan on."""
    first_exceedance: Days
    """(n, S) days on which they run out; D where never."""
    peak: Floats
    """(n,) what persistence compares with the ceiling, as the day of the plan begins."""


def make_capacity(links: Links, rules: CapacitySection, *, begin: Callable[[str], None]) -> Tables:
    """Tables capacity, runout and findings of a plan. begin: called with what is being worked on."""
    maker = path_maker(links)
    batches = _batches(links)
    capacity: list[pd.DataFrame] = []
    runout: list[pd.DataFrame] = []
    with ThreadPoolExecutor(WORKERS) as pool:
        made = pool.map(lambda batch: _plan_batch(links, rules, maker, batch), batches)
        done = 0
        for batch, (rows, dates) in zip(batches, made, strict=True):
            done += len(batch)
            begin(f"run-out of {done} of {len(links.row)} links")
            capacity.append(rows)
            runout.append(dates)
    planned = pd.concat(capacity, ignore_index=True).sort_values(["series_id", "failure"], ignore_index=True)
    tables = {"capacity": planned, "runout": pd.concat(runout, ignore_index=True)}
    findings = [*links.findings, *_without_step(planned, rules)]
    if findings:
        tables["findings"] = pd.DataFrame(
            [(name, str(kind), note) for name, kind, note in sorted(findings)], columns=["series_id", "finding", "note"]
        )
    return tables


def plan_links(links: Links, rules: CapacitySection, places: Ints) -> pd.DataFrame:
    """Rows of table capacity of some links and of those that share batches with them. places: among the links."""
    maker = path_maker(links)
    touched = [batch for batch in _batches(links) if np.isin(batch, places).any()]
    rows = [_plan_batch(links, rules, maker, batch)[0] for batch in touched]
    if not rows:
        return pd.DataFrame({"series_id": pd.Series(dtype=object), "order_by": pd.Series(dtype="datetime64[s]")})
    return pd.concat(rows, ignore_index=True)


def path_maker(links: Links) -> LongPathMaker:
    """Paths of the links' peaks, the same for the same forecast."""
    panel, outlook = links.peaks.panel, links.peaks
    dependence = learn_long_dependence(panel.y, panel.observed, season=panel.season)
    return LongPathMaker(dependence, panel.n_horizon, seed=outlook.seed)


def failure_cases(links: Links, rules: CapacitySection, maker: LongPathMaker, batch: Ints) -> Iterator[FailureCase]:
    """Some links with all of them up, then with each that may fail failed. batch: places of whole groups."""
    row = links.row[batch]
    paths = maker.paths_of(row, links.peaks.quantiles[row]) * links.peaks.adjusted[row, :, None].astype(np.float32)
    # what was measured counts into the first windows: a year of it where the five busiest days do
    window = max(rules.persistence.window, YEAR if rules.grade is not None else 1)
    before = links.before(batch, window)
    yield _case(links, rules, NO_FAILURE, batch, paths, before)
    place = {int(link): at for at, link in enumerate(batch)}
    for failure in links.failures:
        if int(failure.group[0]) in place:
            own, capacity = [place[int(link)] for link in failure.group], links.capacity[failure.group]
            rerouted = (reroute(peaks[own], capacity, failure.failed) for peaks in (paths, before))
            yield _case(links, rules.while_failed, failure.name, failure.others, *rerouted)


def _case(links: Links, rules: CapacitySection, name: str, link: Ints, paths: Floats, before: Floats) -> FailureCase:
    """paths: (n, D, S) from the forecast's own first day on; before: (n, W) measured before that."""
    first_exceedance = _run_out(links, link, paths, before, rules)
    peak = median_peak(judged_peaks(paths, rules.persistence, passed=links.passed, before=before))
    ahead = np.maximum(first_exceedance - links.passed, 0)
    return FailureCase(name, link, rules, paths[:, links.passed :], ahead, peak)


def _run_out(links: Links, link: Ints, paths: Floats, before: Floats, rules: CapacitySection) -> Days:
    """(n, S) days on which links run out with what is ordered for them: until that is in service no further order would
    change anything, so that only the days after it count."""
    ordered = links.ordered.of(link)
    if not ordered.awaited.any():
        return run_out(paths, ordered.capacity, rules, before=before)
    paths, before = count_from(paths, before, np.where(ordered.awaited, links.passed + ordered.day, 0))
    return run_out(paths, ordered.capacity, rules, before=before)


def _batches(links: Links) -> list[Ints]:
    """Places of links, groups whole, about BATCH at a time, in order of the groups' first links."""
    groups: dict[str, list[int]] = {}
    for place, (group, name) in enumerate(zip(links.parallel, links.series_ids, strict=True)):
        groups.setdefault(f"group {group}" if group else f"link {name}", []).append(place)
    batches: list[list[int]] = [[]]
    for members in groups.values():
        if batches[-1] and len(batches[-1]) + len(members) > BATCH:
            batches.append([])
        batches[-1] += members
    return [np.array(batch) for batch in batches]


def _plan_batch(
    links: Links, rules: CapacitySection, maker: LongPathMaker, batch: Ints
) -> tuple[pd.DataFrame, pd.DataFrame]:
    made = [plan_case(links, case) for case in failure_cases(links, rules, maker, batch)]
    return pd.concat([rows for rows, _ in made]), pd.concat([dates for _, dates in made])


def plan_case(links: Links, case: FailureCase) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows of planning.capacity and planning.runout of one case."""
    rules, first_exceedance = case.rules, case.first_exceedance
    capacity, dates = links.capacity[case.link], links.dates
    horizon, names = len(dates), np.array(links.series_ids, dtype=object)[case.link]
    ceiling = ceilings(capacity, rules)
    deadline = order_by(first_exceedance, rules, horizon=horizon)
    # a further step is one on top of what is ordered
    ordered = links.ordered.of(case.link).capacity
    choice = choose_step(case.paths, ordered, deadline, rules)
    cost = delay_cost(case.paths, ceilings(ordered, rules), choice.cost, rules)
    quantiles = date_quantiles(first_exceedance)
    steps = np.array([*(step.name for step in rules.steps), None], dtype=object)
    rows = pd.DataFrame(
        {
            "series_id": names,
            "failure": case.name,
            "forecast_run_id": links.peaks.run_id,
            "parallel": links.parallel[case.link].astype(object),
            "capacity": capacity,
            "ceiling": ceiling,
            "peak": case.peak,
            "utilisation": case.peak / capacity,
            "headroom": ceiling - case.peak,
            "suppressed": links.suppressed[case.link],
            "growth": _growth(case.paths, rules.persistence),
            **{f"runout_{name}": _on(dates, quantiles[:, at]) for at, name in enumerate(QUANTILE_COLUMNS)},
            "runout_probability": (first_exceedance < horizon).mean(axis=1),
            "confidence": rules.confidence,
            "lead_days": rules.lead_time // DAY,
            "order_by": _on(dates, deadline),
            "due": deadline <= 0,
            "step": steps[choice.step],
            "step_capacity": choice.capacity,
            "cost": choice.cost,
            "wait_cost": cost.wait_cost,
            "currency": rules.currency,
            "expected_delay_loss": cost.expected_delay_loss,
            "rule": choice.rule.astype(str),
        }
    )
    return rows, _runout_rows(names, case.name, first_exceedance, dates)


def _growth(paths: Floats, persistence: Persistence) -> Floats:
    """(n,) growth a year of the peak that persistence judges, from its first week to that before a year is over, or the
    horizon."""
    last = min(paths.shape[1], YEAR)
    begin = min(persistence.window, last) - 1
    week = min(WEEK, last - begin)
    now, then = (
        np.mean([median_peak(judged_peaks(_ending(paths, day, persistence), persistence)) for day in days], axis=0)
        for days in (range(begin, begin + week), range(last - week, last))
    )
    ratio = np.divide(then, now, out=np.ones_like(now), where=now > 0)
    a_year = np.log(np.maximum(ratio, LEAST)) * YEAR / max(last - week - begin, 1)
    growth: Floats = np.expm1(np.clip(a_year, -MOST_GROWTH, MOST_GROWTH))
    return growth


def _ending(paths: Floats, day: int, persistence: Persistence) -> Floats:
    """The window of paths that ends with a day."""
    return paths[:, max(day + 1 - persistence.window, 0) : day + 1]


def _on(dates: NDArray[np.datetime64], day: Ints | Days) -> NDArray[np.datetime64]:
    """Dates of days of the horizon, which may lie before it; none where a day is beyond it."""
    date = dates[0] + day.astype("timedelta64[D]")
    return np.where(day < len(dates), date, np.datetime64("NaT")).astype("datetime64[s]")


def _runout_rows(
    names: NDArray[np.object_], failure: str, first_exceedance: Days, dates: NDArray[np.datetime64]
) -> pd.DataFrame:
    """Probability of having run out by the end of every quarter of the year in the horizon, and by its own end."""
    next_day = dates + np.timedelta64(1, "D")
    begins = next_day == next_day.astype("datetime64[M]").astype("datetime64[D]")
    ends = begins & (next_day.astype("datetime64[M]").astype(np.int64) % 3 == 0)
    ends[-1] = True
    day = np.flatnonzero(ends)
    return pd.DataFrame(
        {
            "series_id": np.repeat(names, len(day)),
            "failure": failure,
            "date": np.tile(dates[day].astype("datetime64[s]"), len(names)),
            "probability": probability_by(first_exceedance, day).ravel(),
        }
    )


def _without_step(planned: pd.DataFrame, rules: CapacitySection) -> list[tuple[str, SeriesFinding, str]]:
    """Links for which the catalogue has nothing, as they are today."""
    own = planned[(planned["failure"] == NO_FAILURE) & (planned["rule"] == str(CapacityRule.NO_SUFFICIENT_STEP))]
    return [
        (
            str(name),
            SeriesFinding.NO_SUFFICIENT_STEP,
            f"{name}: no step of the catalogue lasts {rules.lasting // DAY} days at confidence {rules.confidence:g}; "
            "add a larger one to planning.capacity.steps, or plan another route",
        )
        for name in own["series_id"]
    ]
