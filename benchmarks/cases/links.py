"""Generated links as a case: hourly traffic of the demo's counters without their faults."""

from datetime import timedelta

import numpy as np
import pandas as pd
from cases.load import NO_EVENTS, ROOT, Loaded

from forecasting.config.stream import parse_stream
from forecasting.demo.counters import hourly_mbps, make_links, poll_counters, traffic_level
from forecasting.panel.build import build_panel
from forecasting.panel.calendar.calendar import history_since, resolve_origin
from forecasting.panel.calendar.instants import as_utc
from forecasting.panel.demand import lay_frame

LINKS, DAYS, START, SEED = 24, 370, np.datetime64("2025-08-01"), 11


def load_links(origins: tuple[str, ...]) -> Loaded:
    """A year of two dozen links of three routers' sites, forecast from each origin."""
    path = ROOT / "forecasting" / "definitions" / "link_traffic.toml"
    stream = parse_stream(path.read_text(), path=path.name)
    rng = np.random.default_rng(SEED)
    links = make_links(LINKS, days=DAYS, rng=rng)
    level = traffic_level(links, start=START, days=DAYS)
    mbps, whole = hourly_mbps(poll_counters(links, level=level, start=START, rng=rng))
    place, hour = np.nonzero(whole)
    ts = (START.astype("M8[h]") + hour).astype("M8[us]")
    rows = links[["series_id", "region", "site"]].iloc[place].reset_index(drop=True)
    rows = rows.assign(ts=pd.DatetimeIndex(ts).tz_localize("UTC"), y=mbps[place, hour])
    hours = (START.astype("M8[h]") + np.arange(mbps.shape[1])).astype("M8[us]")
    # what flowed is known here even where no poll was answered
    wide = pd.DataFrame(mbps, index=links["series_id"], columns=pd.DatetimeIndex(hours).tz_localize("UTC"))
    panels, truths = [], []
    for origin in origins:
        at = resolve_origin(origin, stream)
        known = rows[rows["ts"] < pd.Timestamp(at)]
        lately = known[known["ts"] >= pd.Timestamp(at - timedelta(days=28))]
        series = lately[["series_id", "region", "site"]].drop_duplicates("series_id")
        until = as_utc(pd.DatetimeIndex([at]))[0]
        ids = np.unique(series["series_id"].to_numpy(dtype=str))
        demand = lay_frame(stream, known, ids, since=history_since(stream, until), until=until)
        panel = build_panel(stream, origin=at, demand=demand, series=series, events=NO_EVENTS)
        horizon = pd.DatetimeIndex(panel.ts[panel.n_history :]).tz_localize("UTC")
        truth = wide.reindex(index=panel.series_ids, columns=horizon).to_numpy(float)
        panels.append(panel)
        truths.append(np.where(panel.open[:, panel.n_history :], truth, np.nan))
    return Loaded(stream, panels, truths)
