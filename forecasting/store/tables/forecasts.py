"""Forecasts: their hash, their publication, and the current forecast of an origin."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from forecasting.contracts.outputs import AGGREGATE_KEY
from forecasting.store.lake.hashes import labels_of, order_of, parts_of
from forecasting.store.lake.lake import Lake
from forecasting.store.tables.publications import Issue, Publication, insert_published, issue_rows, newest_of
from forecasting.store.tables.runs import Run
from forecasting.terms import QUANTILE_COLUMNS, RunKind, RunStatus

SURGE_KEY = ("series_id", "starts_at")
KINDS = (RunKind.NIGHTLY, RunKind.MANUAL, RunKind.BACKFILL)
"""Runs that publish forecasts."""


@dataclass(frozen=True)
class Sampled:
    """What a run has learned from a sample of the series."""

    model_id: str | None
    series: int
    """Of the stream."""
    sampled: int
    combination: Mapping[str, Any]


def content_hash(
    rows: pd.DataFrame,
    *,
    model_id: str | None,
    aggregates: pd.DataFrame | None = None,
    surges: pd.DataFrame | None = None,
) -> str:
    """Hash of the published values; the order of rows, the run and the time of issue do not count.

    rows: series_id, ts, horizon_step, mean, quantiles, tier. aggregates: as in `publish`; without any, a forecast has
    the hash of its rows alone. surges: likewise.
    """
    labels = {name: labels_of(rows[name]) for name in ("series_id", "tier")}
    ts = rows["ts"].dt.tz_convert(None).to_numpy("datetime64[us]").astype("<i8")
    # by the key's text: the order of categories is the frame's own
    order = order_of(labels["series_id"][1], ts)
    digest = hashlib.sha256((model_id or "").encode())
    for values, codes in labels.values():
        digest.update("\0".join(values).encode())
        digest.update(codes[order].astype("<i8").data)
    digest.update(ts[order].data)
    digest.update(np.ascontiguousarray(rows["horizon_step"].to_numpy("<i4")[order]).data)
    digest.update(np.ascontiguousarray(rows[["mean", *QUANTILE_COLUMNS]].to_numpy("<f8")[order]).data)
    if aggregates is not None and len(aggregates):
        for part in parts_of("aggregates", aggregates, key=AGGREGATE_KEY):
            digest.update(part)
    if surges is not None and len(surges):
        for part in parts_of("surges", surges, key=SURGE_KEY):
            digest.update(part)
    return digest.hexdigest()


def publish(
    lake: Lake,
    run: Run,
    rows: pd.DataFrame,
    *,
    complete: bool,
    now: datetime,
    keep_nightly: bool = False,
    aggregates: pd.DataFrame | None = None,
    paths: pd.DataFrame | None = None,
    surges: pd.DataFrame | None = None,
    learned: Sampled | None = None,
) -> RunStatus:
    """Publish a run's rows, unless the current publication has the same values and the lake still holds them.

    rows: as in `content_hash`, and event_factor where events have an effect. keep_nightly: leave what a nightly run
    published. aggregates, paths: published at once with the rows, in the columns that `contracts.outputs` checks; paths
    do not count in the hash, for rows and aggregates are made of them. surges: every column of forecast.surges but
    run_id, stream and origin; they count, where there are any. learned: kept beside the rows, so that these can be
    explained; it does not count. Returns `published`, `stale` or `unchanged`, and leaves the run finished. Raises
    LakeError or LakeBusyError; then what was published before stays.
    """
    digest = content_hash(rows, model_id=run.model_id, aggregates=aggregates, surges=surges)

    def keeps(current: Publication) -> bool:
        if keep_nightly and current.kind == RunKind.NIGHTLY:
            return True
        named: dict[str, Any] = {"run_id": current.run_id, "stream": run.stream.name, "origin": run.origin}
        return current.content_hash == digest and holds_forecast(lake, **named)

    def insert() -> None:
        insert_forecasts(lake, run, rows)
        named: dict[str, Any] = {"run_id": run.run_id, "stream": run.stream.name, "origin": run.origin}
        if aggregates is not None and len(aggregates):
            insert_published(lake, "forecast.aggregates", aggregates, **named)
        if paths is not None and len(paths):
            insert_published(lake, "forecast.paths", paths, **named)
        if surges is not None and len(surges):
            insert_published(lake, "forecast.surges", surges, **named)
        if learned is not None:
            insert_combination(lake, learned, **named)

    count = sum(len(table) for table in (rows, aggregates, paths, surges) if table is not None)
    issue = Issue(digest=digest, rows=count, insert=insert, among=KINDS, keeps=keeps)
    status = issue_rows(lake, run, issue, complete=complete, now=now)
    if status == RunStatus.UNCHANGED and learned is not None:
        _complete(lake, run, digest, learned)
    return status


def _complete(lake: Lake, run: Run, digest: str, learned: Sampled) -> None:
    """Keep what was learned beside an equal publication of an older version, which kept nothing."""
    assert run.origin is not None
    current = newest_of(lake, KINDS, stream=run.stream.name, origin=run.origin)
    if current is None or current.content_hash != digest:
        return
    named: dict[str, Any] = {"stream": run.stream.name, "origin": run.origin}
    if combination_of(lake, run_id=current.run_id, **named) is None:
        write = partial(insert_combination, lake, learned, run_id=current.run_id, **named)
        lake.write(write, message=f"combination of {current.run_id}")


def holds_forecast(lake: Lake, *, run_id: str, stream: str, origin: datetime) -> bool:
    """Whether the lake still holds what a run published: as many rows, with the same hash.

    Paths, which the hash leaves out, count by their number and must be finite.
    """
    named: dict[str, Any] = {"run_id": run_id, "stream": stream, "origin": origin}
    claimed = lake.rows("forecast/claimed.sql", **named)
    if not claimed:
        return False
    digest, rows, model_id = claimed[0]
    held = lake.frame("forecast/held_rows.sql", categories=["series_id", "tier"], **named)
    texts = ["level", "group_key", "stat", "period"]
    aggregates = lake.frame("forecast/held_aggregates.sql", categories=texts, **named)
    surges = lake.frame("forecast/held_surges.sql", **named)
    ((paths, sound),) = lake.rows("forecast/held_paths.sql", **named)
    if not sound or len(held) + len(aggregates) + len(surges) + paths != rows:
        return False
    return bool(content_hash(held, model_id=model_id, aggregates=aggregates, surges=surges) == digest)


def published_rows(
    lake: Lake,
    *,
    stream: str,
    origin: datetime,
    between: tuple[str, str] | None = None,
    names: Sequence[str] | None = None,
) -> pd.DataFrame:
    """The published forecast of a stream and origin that was made without hindsight; empty where there is none.

    between: first and last series_id, where not all are wanted; names: those that are wanted.
    """
    first, last = between or (None, None)
    named: dict[str, Any] = {"stream": stream, "origin": origin, "first_series": first, "last_series": last}
    named["names"] = None if names is None else list(names)
    return lake.frame("forecast/published_rows.sql", **named)


def insert_combination(lake: Lake, learned: Sampled, *, run_id: str, stream: str, origin: datetime | None) -> None:
    """Keep what a run has learned; to be called inside `Lake.write`."""
    lake.execute(
        "forecast/insert_combination.sql",
        run_id=run_id,
        stream=stream,
        origin=origin,
        model_id=learned.model_id,
        series=learned.series,
        sampled=learned.sampled,
        combination=json.dumps(learned.combination),
    )


def combination_of(lake: Lake, *, run_id: str, stream: str, origin: datetime) -> Sampled | None:
    """What a run has learned; None where nothing is on record."""
    rows = lake.rows("forecast/combination.sql", run_id=run_id, stream=stream, origin=origin)
    if not rows:
        return None
    model_id, series, sampled, text = rows[0]
    return Sampled(model_id, series, sampled, json.loads(text))


def append_explanations(lake: Lake, rows: pd.DataFrame, *, run_id: str, stream: str, origin: datetime) -> bool:
    """Write the explanation of what a run published, unless it is there; whether it was written.

    rows: series_id, day, subject, place, part, value.
    """
    named: dict[str, Any] = {"run_id": run_id, "stream": stream, "origin": origin}

    def insert() -> bool:
        if is_explained(lake, **named):
            return False
        insert_published(lake, "forecast.explanations", rows, **named)
        return True

    return lake.write(insert, message=f"explanation of {run_id}")


def is_explained(lake: Lake, *, run_id: str, stream: str, origin: datetime) -> bool:
    """Whether an explanation of what a run published is on record."""
    return bool(lake.rows("forecast/explained.sql", run_id=run_id, stream=stream, origin=origin)[0][0])


def insert_forecasts(lake: Lake, run: Run, rows: pd.DataFrame) -> None:
    """Write forecast rows of a run; to be called inside `Lake.write`."""
    lake.execute(
        "forecast/insert_forecasts.sql",
        frames={"forecast_rows": rows if "event_factor" in rows else rows.assign(event_factor=np.nan)},
        run_id=run.run_id,
        stream=run.stream.name,
        origin=run.origin,
        model_id=run.model_id,
        hindsight=run.hindsight,
    )
