"""Orders of a scenario, and what they differ by from the plan's."""

from datetime import datetime

import numpy as np
import pandas as pd

from forecasting.errors import FeedError
from forecasting.jobs.common.session import Session
from forecasting.jobs.scenarios.staff import ALL, HORIZON
from forecasting.store.tables.plans import planned_rows


def read_base_orders(session: Session, origin: datetime, *, peaks: str) -> pd.DataFrame:
    """Rows of table capacity of the plan. peaks: run of the forecast that it rests on. Raises FeedError where it rests
    on another."""
    stream = session.definition.stream
    rows = planned_rows(session.lake, stream=stream.name, origin=origin, table="capacity")
    if rows.empty or set(rows["forecast_run_id"]) != {peaks}:
        local = origin.astimezone(stream.zone).strftime("%Y-%m-%dT%H:%M")
        raise FeedError(
            f"stream {stream.name}: a scenario is compared with the plan, and none was made from the current peaks; "
            f"plan first: forecasting plan {stream.name} --origin {local}"
        )
    return rows


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
