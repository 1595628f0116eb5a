"""Publishing forecasts: rows go in under their run, then one small transaction makes them visible."""

import hashlib
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.errors import LakeError
from forecasting.store.lake import Lake
from forecasting.store.runs import Run
from forecasting.terms import QUANTILE_COLUMNS, RunKind, RunStatus

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Publication:
    """What speaks for a stream and origin."""

    run_id: str
    content_hash: str
    kind: str
    published_at: datetime


def content_hash(rows: pd.DataFrame, *, model_id: str | None) -> str:
    """Hash of the published values; the order of rows, the run and the time of issue do not count.

    rows: series_id, ts, horizon_step, mean, quantiles, tier.
    """
    labels = {name: _labels(rows[name]) for name in ("series_id", "tier")}
    ts = rows["ts"].dt.tz_convert(None).to_numpy("datetime64[us]").astype("<i8")
    # by the key's text: the order of categories is the frame's own
    order = np.lexsort((ts, labels["series_id"][1]))
    digest = hashlib.sha256((model_id or "").encode())
    for values, codes in labels.values():
        digest.update("\0".join(values).encode())
        digest.update(codes[order].astype("<i8").tobytes())
    digest.update(ts[order].tobytes())
    digest.update(rows["horizon_step"].to_numpy("<i4")[order].tobytes())
    digest.update(rows[["mean", *QUANTILE_COLUMNS]].to_numpy("<f8")[order].tobytes())
    return digest.hexdigest()


def _labels(column: pd.Series) -> tuple[NDArray[np.str_], NDArray[np.integer]]:
    """The values that occur, sorted, and which of them each row has."""
    kept = column.astype("category").cat.remove_unused_categories()
    values = kept.cat.categories.to_numpy(dtype=str)
    place = np.argsort(np.argsort(values))
    return np.sort(values), place[kept.cat.codes.to_numpy()]


def newest_publication(lake: Lake, *, stream: str, origin: datetime) -> Publication | None:
    """The publication that speaks for a stream and origin now."""
    rows = lake.rows("forecast/newest_publication.sql", stream=stream, origin=origin)
    return Publication(*rows[0]) if rows else None


def publish(
    lake: Lake, run: Run, rows: pd.DataFrame, *, complete: bool, now: datetime, spare_nightly: bool = False
) -> RunStatus:
    """Publish a run's rows, unless what is published already says the same.

    spare_nightly: leave what a nightly run published. The rows go in first; nobody sees them until the second
    transaction names their run. A kill between the two leaves rows that no view shows. Returns `published`, `stale` or
    `unchanged`, and leaves the run finished. Raises LakeError or LakeBusyError; then what was published before stays.
    """
    stream, origin = run.stream.name, run.origin
    if origin is None:
        raise LakeError(f"run {run.run_id}: a publication needs an origin")
    digest = content_hash(rows, model_id=run.model_id)

    def stands(current: Publication | None) -> bool:
        spared = spare_nightly and current is not None and current.kind == RunKind.NIGHTLY
        return current is not None and (spared or current.content_hash == digest)

    appended = not stands(newest_publication(lake, stream=stream, origin=origin))
    if appended:
        lake.write(lambda: _insert(lake, run, rows), message=f"rows of {run.run_id}")

    def make_visible() -> RunStatus:
        current = newest_publication(lake, stream=stream, origin=origin)
        if stands(current):
            run.status = RunStatus.UNCHANGED
        else:
            if not appended:  # what stood a moment ago was replaced
                _insert(lake, run, rows)
            at = max(now, current.published_at + timedelta(microseconds=1)) if current else now
            lake.execute(
                "forecast/insert_publication.sql",
                stream=stream,
                origin=origin,
                published_at=at,
                run_id=run.run_id,
                kind=str(run.kind),
                replaces=current.run_id if current else None,
                content_hash=digest,
                rows=len(rows),
                complete=complete,
                hindsight=run.hindsight,
            )
            run.status = RunStatus.PUBLISHED if complete else RunStatus.STALE
        run.rows = len(rows)
        run.finish(lake, finished_at=now)
        return run.status

    status = lake.write(make_visible, message=f"publish {stream} {origin.isoformat()}")
    logger.info("stream %s: origin %s %s, %d rows, run %s", stream, origin.isoformat(), status, len(rows), run.run_id)
    return status


def published_rows(lake: Lake, *, stream: str, origin: datetime) -> pd.DataFrame:
    """The published forecast of a stream and origin that was made without hindsight; empty where there is none."""
    return lake.frame("forecast/published_rows.sql", stream=stream, origin=origin)


def _insert(lake: Lake, run: Run, rows: pd.DataFrame) -> None:
    lake.execute(
        "forecast/insert_forecasts.sql",
        frames={"forecast_rows": rows},
        run_id=run.run_id,
        stream=run.stream.name,
        origin=run.origin,
        model_id=run.model_id,
        hindsight=run.hindsight,
    )
