"""Sums, peaks and busy hours: do the intervals of joint paths cover, and what does it cost that parts and totals agree?

    python benchmarks/paths.py [--cases lte abank links] [--budget 16]

27 weekly origins of three LTE cells (a year, hourly), 26 of a bank's six queues (half hours) and 26 of generated links
(hourly), each forecast a week ahead by the product's own joint forecast: members trained every sixth week on what lies
before, combined, calibrated, drawn as paths and reconciled. First, for each level, statistic and period: the share of
actual values inside the 80% interval and WQL, beside the wrong way, which sums marginal quantiles or takes their
maximum. Then WQL of every level's intervals, reconciled over those of the level's own direct forecasts. Targets: 80%
intervals cover 65 to 92% on real data, 75 to 85% on generated; WQL better than the wrong way; no level more than 1%
worse reconciled, and better in the mean. Real cases need the data that the tests read (SHARED_DATA), else are skipped.
"""

# first: it says how OpenMP threads wait, which torch reads once
import forecasting  # noqa: F401  # isort: skip

import argparse
import sys
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
from cases.links import load_links
from cases.load import CASES, load
from numpy.typing import NDArray

from forecasting.config.sections import HierarchySection
from forecasting.config.stream import Stream
from forecasting.ensemble.calibrated import forecast_panel
from forecasting.ensemble.joint import Joint, columns_of, join
from forecasting.ensemble.training import train_members
from forecasting.ensemble.weighing import ForecastCache
from forecasting.panel.calendar.calendar import resolve_origin
from forecasting.panel.hierarchy import SERIES
from forecasting.quantiles import pinball
from forecasting.terms import QUANTILE_COLUMNS, Period, Stat
from forecasting.uncertainty.aggregates import aggregate_paths

TRAINED_EVERY = 6
"""Origins that are forecast by the same models."""
KEYS = ["level", "stat", "period"]
FIELDS = "y", "predicted"
ASKED = {
    "weekly sums": {("sum", "week"), ("mean", "week")},
    "daily maxima": {("max", "day")},
    "daily totals": {("sum", "day"), ("mean", "day")},
}
"""Statistics and periods of the targets, all levels together."""
LOW, HIGH = QUANTILE_COLUMNS.index("q10"), QUANTILE_COLUMNS.index("q90")


def weekly(first: str, count: int) -> tuple[str, ...]:
    return tuple((date.fromisoformat(first) + timedelta(weeks=number)).isoformat() for number in range(count))


ORIGINS = {"lte": weekly("2018-04-09", 27), "abank": weekly("1999-05-03", 26), "links": weekly("2026-02-02", 26)}
LEVELS = {"lte": (), "abank": (), "links": ("region", "site")}
BOUNDS = {"lte": (0.65, 0.92), "abank": (0.65, 0.92), "links": (0.75, 0.85)}


@dataclass
class Compared:
    """Forecasts of some quantity beside the actual values."""

    y: list[NDArray[np.float64]] = field(default_factory=list)
    predicted: list[NDArray[np.float64]] = field(default_factory=list)

    def add(self, y: NDArray[np.float64], predicted: NDArray[np.float64]) -> None:
        seen = np.isfinite(y) & np.isfinite(predicted).all(axis=-1)
        self.y.append(y[seen])
        self.predicted.append(predicted[seen])

    @property
    def count(self) -> int:
        return sum(map(len, self.y))

    @property
    def wql(self) -> float:
        y, predicted = np.concatenate(self.y), np.concatenate(self.predicted)
        return float(2 * pinball(y, predicted).mean(axis=1).sum() / np.abs(y).sum())

    @property
    def inside(self) -> float:
        y, predicted = np.concatenate(self.y), np.concatenate(self.predicted)
        return float(((y >= predicted[:, LOW]) & (y <= predicted[:, HIGH])).mean())


@dataclass
class Found:
    """What a case gave, by level, statistic and period."""

    joint: dict[tuple[str, str, str], Compared] = field(default_factory=dict)
    wrong: dict[tuple[str, str, str], Compared] = field(default_factory=dict)
    alone: dict[str, Compared] = field(default_factory=dict)
    agreed: dict[str, Compared] = field(default_factory=dict)
    methods: list[str] = field(default_factory=list)


def run_case(name: str, *, budget: float) -> Found:
    loaded = load_links(ORIGINS[name]) if name == "links" else load(replace(CASES[name], origins=ORIGINS[name]))
    stream = loaded.stream.model_copy(update={"hierarchy": HierarchySection(levels=LEVELS[name])})
    settings = stream.models.model_copy(update={"budget": timedelta(seconds=budget), "members": ("trees", "seasonal")})
    found, members, cache = Found(), {}, ForecastCache()
    for number, (panel, truth, origin) in enumerate(zip(loaded.panels, loaded.truths, ORIGINS[name], strict=True)):
        if number % TRAINED_EVERY == 0:
            trained = train_members(panel, settings)
            members, cache = {kind: one.member for kind, one in trained.items() if one.member}, ForecastCache()
        at = resolve_origin(origin, stream)
        alone = forecast_panel(panel, members, cache=cache)
        joint = join(stream, panel, alone, members, origin=at, cache=cache)
        judge(found, stream, joint, alone.quantiles, truth)
        found.methods.append(joint.choice.method)
        print(f"\r{name}: {number + 1} of {len(loaded.panels)} origins", end="", file=sys.stderr)
    print(file=sys.stderr)
    return found


def judge(found: Found, stream: Stream, joint: Joint, alone: NDArray[np.float32], truth: NDArray[np.float64]) -> None:
    """alone: (N, H, 7) forecasts of the series before anything was made to agree; truth: (N, H)."""
    panel, hierarchy = joint.nodes.panel, joint.nodes.hierarchy
    first = panel.n_history
    summing = hierarchy.summing.toarray().astype(float)
    names = [*hierarchy.names, *[SERIES] * panel.n_series]
    is_open = np.concatenate([joint.nodes.groups_panel.open, panel.open])[:, first:]
    actual = np.where(is_open[len(summing) :], truth, 0.0)
    y = np.where(is_open, np.concatenate([summing @ actual, actual]), np.nan)
    own = np.concatenate([joint.nodes.groups.quantiles, joint.forecast.quantiles]).astype(float)
    own = np.where(is_open[..., None], own, 0.0)
    # a quantile of a group's interval, the wrong way: the sum of its members'
    summed = np.einsum("gn,nhq->ghq", summing, own[len(summing) :])
    wrong = np.concatenate([summed, own[len(summing) :]])
    _judge_periods(found, stream, joint, names, y, wrong, is_open)
    rows = joint.aggregates[joint.aggregates["period"] == str(Period.INTERVAL)]
    quantiles = rows[list(QUANTILE_COLUMNS)].to_numpy()
    place, column = np.nonzero(is_open[: len(summing)])
    laid = np.full(own[: len(summing)].shape, np.nan)
    laid[place, column] = quantiles
    for node, level in enumerate(names):
        agreed = laid[node] if node < len(summing) else own[node]
        base = own[node] if node < len(summing) else alone[node - len(summing)].astype(float)
        found.agreed.setdefault(level, Compared()).add(y[node], agreed)
        found.alone.setdefault(level, Compared()).add(y[node], base)


def _judge_periods(
    found: Found,
    stream: Stream,
    joint: Joint,
    names: list[str],
    y: NDArray[np.float64],
    wrong: NDArray[np.float64],
    is_open: NDArray[np.bool_],
) -> None:
    """Days and weeks: the actual values are laid out as one path, and so are marginal quantiles, the wrong way."""
    panel, rate = joint.nodes.panel, stream.stream.aggregate == "mean"
    columns = columns_of(stream, panel, joint.origin)
    filled = np.where(np.isfinite(y), y, 0.0)
    lacking = (is_open & ~np.isfinite(y)).astype(float)
    keys = [*map(str, joint.nodes.hierarchy.keys), *map(str, panel.series_ids)]
    published = joint.aggregates.set_index([*KEYS, "group_key", "ts"])[list(QUANTILE_COLUMNS)]
    gaps = aggregate_paths(lacking[..., None], columns, is_open=is_open, rate=False)
    unknown = {one.period: one.paths[..., 0] > 0 for one in gaps if one.stat == Stat.MAX}
    straight = {(one.stat, one.period): one for one in aggregate_paths(wrong, columns, is_open=is_open, rate=rate)}
    for one in aggregate_paths(filled[..., None], columns, is_open=is_open, rate=rate):
        for node, level in enumerate(names):
            key = (level, str(one.stat), str(one.period))
            seen = one.is_open[node] & ~unknown[one.period][node]
            times = pd.DatetimeIndex(one.ts[seen]).tz_localize("UTC")
            if not len(times):
                continue
            predicted = published.loc[[(*key, keys[node], ts) for ts in times]].to_numpy()
            actual = one.paths[node, seen, 0].astype(float)
            found.joint.setdefault(key, Compared()).add(actual, predicted)
            found.wrong.setdefault(key, Compared()).add(actual, straight[one.stat, one.period].paths[node, seen])


def report(name: str, found: Found) -> None:
    low, high = BOUNDS[name]
    rows = [
        {
            "level": level,
            "statistic": f"{period} {stat}",
            "n": one.count,
            "inside 80%": f"{one.inside:.3f}",
            "WQL": f"{one.wql:.4f}",
            "wrong way: inside": f"{found.wrong[level, stat, period].inside:.3f}",
            "its WQL": f"{found.wrong[level, stat, period].wql:.4f}",
            "": "" if low <= one.inside <= high else "outside",
        }
        for (level, stat, period), one in found.joint.items()
    ]
    print(
        f"{name}: 80% intervals of {low:.0%} to {high:.0%}; methods {pd.Series(found.methods).value_counts().to_dict()}"
    )
    print(pd.DataFrame(rows).to_string(index=False))
    for wanted, keys in ASKED.items():
        parts = [key for key in found.joint if key[1:] in keys]
        y, predicted = (
            np.concatenate([part for key in parts for part in getattr(found.joint[key], name)]) for name in FIELDS
        )
        inside = float(((y >= predicted[:, LOW]) & (y <= predicted[:, HIGH])).mean())
        better = [found.joint[key].wql < found.wrong[key].wql for key in parts]
        print(
            f"{wanted}: {inside:.3f} of {len(y)} inside, {low:.2f} to {high:.2f}: {_met(low <= inside <= high)}; WQL "
            f"better than the wrong way at {sum(better)} of {len(better)} levels: {_met(all(better))}"
        )
    ratios = {level: found.agreed[level].wql / found.alone[level].wql for level in found.agreed}
    listed = ", ".join(f"{level} {found.agreed[level].wql:.4f} ({ratio:.4f})" for level, ratio in ratios.items())
    worst, mean = max(ratios.values()), float(np.mean(list(ratios.values())))
    print(
        f"WQL of intervals reconciled (over the level's direct forecast): {listed}; none above 1.01, mean below 1 "
        f"({mean:.4f}): {_met(worst <= 1.01 and mean < 1)}\n"
    )


def _met(is_met: bool) -> str:
    return "met" if is_met else "MISSED"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", nargs="+", default=list(ORIGINS), choices=list(ORIGINS))
    parser.add_argument("--budget", type=float, default=16.0, help="seconds of each training")
    given = parser.parse_args()
    for name in given.cases:
        try:
            report(name, run_case(name, budget=given.budget))
        except FileNotFoundError as error:
            print(f"{name}: skipped, {error} is absent")


if __name__ == "__main__":
    main()
