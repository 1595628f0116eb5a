"""Young series beside old ones: the pretrained networks, the mean of the last four weeks, and the shape of the peers.

Half of the series of a case, in turn, lose all history but the newest days before each of its first origins; WQL of
their forecasts is printed for each source, on the series that it forecasts whole. Real cases are skipped where their
data are absent.
"""

# first: it says how OpenMP threads wait, which torch reads once
import forecasting  # noqa: F401  # isort: skip

import argparse
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from cases.load import CASES, Loaded, load
from numpy.typing import NDArray

from forecasting.models.features.history import choose_power
from forecasting.models.pretrained.member import PretrainedMember, house_networks
from forecasting.models.seasonal.cold_start import cold_start
from forecasting.models.seasonal.member import last_four
from forecasting.panel.grid import Panel
from forecasting.quantiles import pinball

ORIGINS = 3
SOURCES = ("pretrained", "last_four", "cold_start")


def hide(panel: Panel, young: NDArray[np.bool_], days: int) -> Panel:
    """The panel in which some series have been seen for so many days only."""
    first = int(np.searchsorted(panel.wall, panel.wall[panel.n_history] - np.timedelta64(days, "D")))
    y, observed = panel.y.copy(), panel.observed.copy()
    y[young, :first], observed[young, :first] = np.nan, False
    return replace(panel, y=y, observed=observed)


def losses(loaded: Loaded, days: int) -> Iterator[dict[str, tuple[float, float]]]:
    """Of each origin and half of the series: by source its loss and the demand that it was made on."""
    for panel, truth in list(zip(loaded.panels, loaded.truths, strict=True))[:ORIGINS]:
        for half in (0, 1):
            young = np.arange(panel.n_series) % 2 == half
            part, at, length = hide(panel, young, days), panel.n_history, panel.n_horizon
            networks = PretrainedMember(house_networks(), choose_power(part, until=at))
            answers = (
                networks.predict_many(part, origin_columns=(at,), length=length)[0],
                last_four(part, at=at, length=length),
                cold_start(part, at=at, length=length, rows=young),
            )
            found = {}
            for name, quantiles in zip(SOURCES, answers, strict=True):
                whole = young & np.isfinite(quantiles).all(axis=(1, 2))
                rows = np.isfinite(truth) & whole[:, None]
                loss = 2 * pinball(truth[rows], quantiles[rows]).mean(axis=-1).sum()
                found[name] = float(loss), float(np.abs(truth[rows]).sum())
            yield found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", nargs="+", default=["generated", "abank", "lte", "m4h"], choices=[*CASES])
    parser.add_argument("--days", nargs="+", type=int, default=[1, 2, 3, 5, 7, 14, 28])
    given = parser.parse_args()
    for case in given.cases:
        try:
            loaded = load(CASES[case])
        except FileNotFoundError as error:
            print(f"{case}: skipped, {error} is absent")
            continue
        for days in given.days:
            found = list(losses(loaded, days))
            sums = {name: np.sum([one[name] for one in found], axis=0) for name in SOURCES}
            shown = (
                f"{name} {loss / demand:.4f}" if demand else f"{name} none" for name, (loss, demand) in sums.items()
            )
            print(f"{case}, {days} days: {', '.join(shown)}", flush=True)


if __name__ == "__main__":
    main()
