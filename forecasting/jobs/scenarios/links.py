"""Orders of a scenario, and what they differ by from the plan's."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np
import pandas as pd

from forecasting.errors import SettingsError
from forecasting.jobs.capacity.links import Links
from forecasting.jobs.scenarios.scenario import Capacity
from forecasting.jobs.scenarios.staff import ALL, HORIZON
from forecasting.planning.capacity.ordered import Ordered


def with_capacities(links: Links, capacities: Sequence[Capacity], *, scenario: str) -> Links:
    """Links of which some have more capacity from a day on, as if it were ordered. Raises SettingsError for one that is
    not planned, or would have no more than it has."""
    known = links.ordered
    ordered = Ordered(known.day.copy(), known.capacity.copy(), known.awaited.copy())
    for one in capacities:
        if one.series_id not in links.series_ids:
            raise SettingsError(f"scenario {scenario}: {one.series_id} is no link of the plan")
        place = links.series_ids.index(one.series_id)
        if one.capacity <= links.capacity[place]:
            raise SettingsError(
                f"scenario {scenario}: {one.series_id} has {links.capacity[place]:g} already; expected more than that"
            )
        ordered.day[place] = max(int((np.datetime64(one.since) - links.dates[0]) // np.timedelta64(1, "D")), 0)
        ordered.capacity[place], ordered.awaited[place] = one.capacity, True
    return replace(links, ordered=ordered)


def order_deltas(base: pd.DataFrame, other: pd.DataFrame, origin: datetime) -> pd.DataFrame:
    """Rows of planning.scenario_deltas: links that are due and the cost of what is to be ordered within the horizon, of
    each link whose differ and of all together."""
    both = _by_link(base).join(_by_link(other), how="outer", lsuffix="_base", rsuffix="_scenario").fillna(0.0)
    rows = []
    for measure in ("links_due", "cost"):
        before, after = both[f"{measure}_base"], both[f"{measure}_scenario"]
        moved = before != after
        places = [*both.index[moved].astype(str), ALL]
        values = [np.append(one[moved].to_numpy(np.float64), one.sum()) for one in (before, after)]
        rows.append(
            pd.DataFrame(
                {
                    "place": places,
                    "measure": measure,
                    "period": HORIZON,
                    "ts": pd.Timestamp(origin).tz_convert("UTC").as_unit("us"),
                    "base": values[0],
                    "scenario": values[1],
                    "delta": values[1] - values[0],
                    "delta_q10": np.nan,
                    "delta_q90": np.nan,
                }
            )
        )
    return pd.concat(rows, ignore_index=True)


def _by_link(rows: pd.DataFrame) -> pd.DataFrame:
    """links_due and cost of each link, over its failures: the dearest step is enough for all of them."""
    cost = rows["cost"].where(rows["order_by"].notna(), 0.0).astype(float).fillna(0.0)
    held = rows.assign(links_due=rows["due"].astype(float), cost=cost)
    return held.groupby("series_id", observed=True)[["links_due", "cost"]].max()
