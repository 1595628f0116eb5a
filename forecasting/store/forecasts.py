"""Forecasts: what they say, how they are published, and what speaks for an origin."""

import hashlib
from datetime import datetime

import numpy as np
import pandas as pd

from forecasting.store.lake import Lake
from forecasting.store.publications import Issue, Publication, issue_rows, labels_of, newest_of
from forecasting.store.runs import Run
from forecasting.terms import QUANTILE_COLUMNS, RunKind, RunStatus

KINDS = (RunKind.NIGHTLY, RunKind.MANUAL, RunKind.BACKFILL)
"""Runs that publish forecasts."""


def content_hash(rows: pd.DataFrame, *, model_id: str | None) -> str:
    """Hash of the published values; the order of rows, the run and the time of issue do not count.

    rows: series_id, ts, horizon_step, mean, quantiles, tier.
    """
    labels = {name: labels_of(rows[name]) for name in ("series_id", "tier")}
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


def newest_publication(lake: Lake, *, stream: str, origin: datetime) -> Publication | None:
    """The forecast that speaks for a stream and origin now."""
    return newest_of(lake, KINDS, stream=stream, origin=origin)


def publish(
    lake: Lake, run: Run, rows: pd.DataFrame, *, complete: bool, now: datetime, spare_nightly: bool = False
) -> RunStatus:
    """Publish a run's rows, unless what is published already says the same.

    spare_nightly: leave what a nightly run published. Returns `published`, `stale` or `unchanged`, and leaves the run
    finished. Raises LakeError or LakeBusyError; then what was published before stays.
    """
    digest = content_hash(rows, model_id=run.model_id)

    def stands(current: Publication) -> bool:
        return current.content_hash == digest or (spare_nightly and current.kind == RunKind.NIGHTLY)

    issue = Issue(digest=digest, rows=len(rows), insert=lambda: _insert(lake, run, rows), among=KINDS, stands=stands)
    return issue_rows(lake, run, issue, complete=complete, now=now)


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
