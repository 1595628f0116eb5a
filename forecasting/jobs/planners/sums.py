"""Adjustments put on published sums and peaks: path by path, as a share of what the same paths give without them.

Paths are drawn again from the published quantiles with the dependence that history shows, as plans are. What is
published is multiplied by the ratio of a statistic with the adjustments to that without, so that a group of which all
series are adjusted alike moves by exactly as much, and means of sums are the sums of the final means.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np
import pandas as pd

from forecasting.config.stream import Stream
from forecasting.jobs.common.outlook import Outlook, read_outlook
from forecasting.jobs.common.panels import panel_as_of
from forecasting.numerics import Floats, Floats32, Floats64, Mask
from forecasting.panel.calendar.calendar import horizon_end, whole_days
from forecasting.panel.hierarchy import SERIES, build_hierarchy
from forecasting.store.lake.lake import Lake
from forecasting.store.tables.planners.adjustments import adjusted_sums, append_adjusted_sums, published_sums
from forecasting.terms import DAY, QUANTILE_COLUMNS, Stat
from forecasting.uncertainty.aggregates import aggregate_rows
from forecasting.uncertainty.dependence import learn_dependence
from forecasting.uncertainty.paths import PATHS, RankMaker, draw_paths
from forecasting.uncertainty.periods import Columns

MOST_SERIES = 5_000
"""Series whose paths are drawn while a person waits; of larger streams every statistic moves as the mean of its sum."""
KEY = ["level", "group_key", "stat", "period", "ts"]
_NUMBERS = ["mean", *QUANTILE_COLUMNS]


def put_on_sums(
    lake: Lake,
    stream: Stream,
    origin: datetime,
    *,
    run_id: str,
    touched: Mapping[str, Sequence[str]],
    known_at: datetime,
) -> int:
    """Write sums and peaks of a published forecast anew whose series' factors have changed; inside `Lake.write`.

    touched: of each adjustment that holds, the series that it touches. The factors are those on record. How many rows
    were written.
    """
    published = published_sums(lake, stream=stream.name, origin=origin, run_id=run_id)
    if published.empty:
        return 0
    outlook = read_outlook(lake, stream, origin, panels=lambda one, at: panel_as_of(lake, one, at), partial=True)
    names = {name: np.isin(outlook.series_ids, list(own)) for name, own in touched.items()}
    now = _final(outlook, published, names)
    before = adjusted_sums(lake, stream=stream.name, origin=origin, run_id=run_id)
    gone = before.merge(now[KEY], on=KEY, how="left", indicator=True)
    back = published.merge(gone.loc[gone["_merge"] == "left_only", KEY], on=KEY)
    rows: pd.DataFrame = pd.concat([now, _named(back, [[]] * len(back))], ignore_index=True)
    if len(rows):
        append_adjusted_sums(lake, rows, stream=stream.name, origin=origin, run_id=run_id, known_at=known_at)
    return len(rows)


def _final(outlook: Outlook, published: pd.DataFrame, names: dict[str, Mask]) -> pd.DataFrame:
    """The rows of touched groups that adjustments change, with the keys of these."""
    touched = (outlook.adjusted != 1).any(axis=1)
    if not touched.any():
        return _named(published.iloc[:0], [])
    panel, stream = outlook.panel, outlook.stream
    assert stream.hierarchy is not None
    hierarchy = build_hierarchy(panel.attributes, stream.hierarchy.levels)
    summing = hierarchy.summing.toarray().astype(bool)
    groups = np.flatnonzero((summing & touched).any(axis=1))
    members = np.vstack([summing[groups], np.eye(panel.n_series, dtype=bool)[touched]])
    level = [*(hierarchy.names[group] for group in groups), *[SERIES] * int(touched.sum())]
    keys = [*(str(hierarchy.keys[group]) for group in groups), *np.array(outlook.series_ids)[touched].tolist()]
    found = [_statistics(outlook, members, level, keys, adjusted=adjusted) for adjusted in (False, True)]
    both = published.merge(found[0], on=KEY, suffixes=("", "_without")).merge(found[1], on=KEY, suffixes=("", "_with"))
    for name in (*_NUMBERS, "expected"):
        without, changed = ("expected", "expected_with") if name == "expected" else (f"{name}_without", f"{name}_with")
        one, other = both[without].to_numpy(np.float64), both[changed].to_numpy(np.float64)
        both[f"ratio_{name}"] = np.divide(other, one, out=np.ones_like(one), where=one > 0)
    sums = both["stat"].isin([str(Stat.SUM), str(Stat.MEAN)])
    both["ratio_mean"] = both["ratio_expected"].where(sums, both["ratio_mean"])
    for name in _NUMBERS:
        both[name] *= both[f"ratio_{name}"]
    quantiles = both[list(QUANTILE_COLUMNS)].to_numpy(np.float64)
    both[list(QUANTILE_COLUMNS)] = np.maximum.accumulate(quantiles, axis=1)
    moved = (both[[f"ratio_{name}" for name in _NUMBERS]] != 1).any(axis=1)
    ids = {
        (one, key): [name for name, own in names.items() if (own & held).any()]
        for one, key, held in zip(level, keys, members, strict=True)
    }
    kept = both.loc[moved, [*KEY, *_NUMBERS]]
    return _named(kept, [ids[pair] for pair in zip(kept["level"], kept["group_key"], strict=True)])


def _named(rows: pd.DataFrame, ids: list[list[str]]) -> pd.DataFrame:
    """Rows with the keys of the adjustments that touch them."""
    found = rows.copy()
    found["adjustment_ids"] = pd.Series(ids, index=rows.index, dtype=object)
    return found


def _statistics(outlook: Outlook, members: Mask, level: list[str], keys: list[str], *, adjusted: bool) -> pd.DataFrame:
    """Statistics of groups path by path, and `expected`: the same of the means alone. members: (G, N)."""
    panel, stream = outlook.panel, outlook.stream
    is_open = panel.open[:, panel.n_history :]
    group_open = np.array([is_open[own].any(axis=0) for own in members])
    rate = stream.stream.aggregate == "mean"
    columns = _columns(outlook)

    def rows_of(paths: Floats) -> pd.DataFrame:
        return aggregate_rows(paths, columns, level=level, keys=keys, is_open=group_open, rate=rate, intervals=True)

    factors = outlook.adjusted if adjusted else np.ones_like(outlook.adjusted)
    expected = np.stack([(outlook.mean * factors)[own].sum(axis=0) for own in members])[..., None]
    means = rows_of(expected)
    few = members.any(axis=0).sum() <= MOST_SERIES
    rows = rows_of(_sums(outlook, members, factors)) if few else means
    return rows.merge(means[[*KEY, "mean"]].rename(columns={"mean": "expected"}), on=KEY)


def _columns(outlook: Outlook) -> Columns:
    stream, origin = outlook.stream, outlook.origin
    first, midnights = whole_days(origin, horizon_end(stream, origin), stream.zone)
    minutes = int(stream.interval.total_seconds()) // 60
    return Columns(outlook.ts, outlook.horizon_day, midnights, first, minutes)


def _sums(outlook: Outlook, members: Mask, factors: Floats64) -> Floats32:
    """(G, H, S) sums of groups on all paths, drawn series by series."""
    panel = outlook.panel
    day, clock = outlook.day, (panel.wall - panel.wall.astype("datetime64[D]")).astype(np.int64)
    dependence = learn_dependence(
        panel.y,
        panel.observed,
        season=panel.season,
        day=day[: panel.n_history],
        clock=clock[: panel.n_history],
        noise=np.zeros(panel.y.shape),
        horizon_days=max(int(outlook.stream.stream.horizon / DAY), 1),
    )
    ahead = slice(panel.n_history, None)
    ranks = RankMaker(dependence, day[ahead], clock=clock[ahead], paths=PATHS, seed=outlook.seed)
    sums = np.zeros((len(members), panel.n_horizon, PATHS), np.float32)
    for row in np.flatnonzero(members.any(axis=0)):
        quantiles = np.nan_to_num(outlook.quantiles[row])
        paths = (draw_paths(quantiles, ranks.of(int(row))) * factors[row][:, None]).astype(np.float32)
        sums[members[:, row]] += paths
    return sums
