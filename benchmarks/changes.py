"""What changes cost: new levels, surges, shapes that move and demand that is driven by events, on generated demand.

Each world is trained once on the history before its first origin and forecast as published. Errors are WAPE of the
median over the horizon, over all seeds: of the published forecast, of last week's values, of the mean of the last four
weeks, and of the forecast of the same random numbers without the change.
"""

# first: it says how OpenMP threads wait, which torch reads once
import forecasting  # noqa: F401  # isort: skip

import argparse
from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np
import pandas as pd
from cases.changes import CHANGES, START, Change, make
from cases.load import panel_at
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from forecasting.config.stream import parse_stream
from forecasting.ensemble.calibrated import forecast_panels
from forecasting.ensemble.training import train_members
from forecasting.terms import MEDIAN

Array = NDArray[np.float64]


@dataclass
class Errors:
    """Sums over seeds, by origin: of absolute errors by forecast, and of demand."""

    missed: dict[str, Array] = field(default_factory=dict)
    volume: dict[str, Array] = field(default_factory=dict)

    def add(self, name: str, forecast: list[Array], truth: list[Array]) -> None:
        pairs = list(zip(forecast, truth, strict=True))
        missed = np.array([np.nansum(np.abs(one - other)) for one, other in pairs])
        volume = np.array([np.nansum(np.where(np.isfinite(one), other, np.nan)) for one, other in pairs])
        self.missed[name] = self.missed.get(name, 0) + missed
        self.volume[name] = self.volume.get(name, 0) + volume

    def wape(self, name: str) -> Array:
        wape: Array = self.missed[name] / self.volume[name]
        return wape


def run(change: Change, *, seed: int, changed: bool, budget: float, errors: Errors) -> None:
    """Forecast all origins of a world and add the errors of its touched series."""
    stream, rows = (
        parse_stream(change.kind.definition, path=f"{change.kind.name}.toml"),
        make(change, seed=seed, changed=changed),
    )
    origins = [str((START + pd.Timedelta(days=day)).date()) for day in change.origins]
    panels = [panel_at(stream, rows, origin) for origin in origins]
    update = {"budget": timedelta(seconds=budget), "members": ("trees", "seasonal"), "seed": seed}
    trainings = train_members(panels[0], stream.models.model_copy(update=update))
    members = {name: training.member for name, training in trainings.items() if training.member is not None}
    wide = rows.pivot_table(index="series_id", columns="ts", values="y")[: change.touched]
    naive: list[Array] = []
    four: list[Array] = []
    truth: list[Array] = []
    published: list[Array] = []
    single: dict[str, list[Array]] = {}
    for panel, forecast in zip(panels, forecast_panels(panels, members), strict=True):
        horizon = pd.DatetimeIndex(panel.ts[panel.n_history :]).tz_localize("UTC")
        weeks = (horizon - horizon[0]) // pd.Timedelta(7, "D")
        past = [
            wide.reindex(columns=horizon - pd.to_timedelta(7 * (weeks + back), unit="D")).to_numpy(float)
            for back in (1, 2, 3, 4)
        ]
        truth.append(wide.reindex(columns=horizon).to_numpy(float))
        naive.append(past[0])
        four.append(np.mean(past, axis=0))
        published.append(forecast.quantiles[: change.touched, :, MEDIAN].astype(float))
        for name, own in forecast.member_forecasts.items():
            single.setdefault(name, []).append(own[: change.touched, :, MEDIAN].astype(float))
    label = "" if changed else " unchanged"
    errors.add("published" + label, published, truth)
    errors.add("last week" + label, naive, truth)
    errors.add("last four" + label, four, truth)
    for name, several in single.items():
        errors.add(name + label, several, truth)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="changes whose name or demand holds this text")
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--budget", type=float, default=20.0, help="seconds of training for each world (default 20)")
    parser.add_argument("--members", action="store_true", help="members one by one, too")
    given = parser.parse_args()
    console = Console(width=130)
    for change in CHANGES:
        if given.only not in f"{change.name}, {change.kind.name}":
            continue
        errors = Errors()
        for seed in given.seeds:
            run(change, seed=seed, changed=True, budget=given.budget, errors=errors)
            if change.is_surge:
                run(change, seed=seed, changed=False, budget=given.budget, errors=errors)
        table = Table(title=f"{change.name}, {change.kind.name}", title_justify="left")
        table.add_column("WAPE")
        for label in change.labels:
            table.add_column(label, justify="right")
        names = ["published", "last week", "last four", *(["published unchanged"] if change.is_surge else [])]
        for name in errors.missed if given.members else names:
            table.add_row(name, *(f"{value:.4f}" for value in errors.wape(name)))
        other = "published unchanged" if change.is_surge else "last week"
        ratio = errors.wape("published") / errors.wape(other)
        table.add_row(f"published over {other.removeprefix('published ')}", *(f"{value:.3f}" for value in ratio))
        console.print(table)


if __name__ == "__main__":
    main()
