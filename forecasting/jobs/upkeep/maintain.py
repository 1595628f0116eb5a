"""Upkeep of the lake, a week or so apart, while readers and writers go on."""

import logging
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

from forecasting.errors import SettingsError
from forecasting.jobs.common.session import JobSummary, wall_clock
from forecasting.settings import Settings
from forecasting.store.lake.open import open_lake, open_lake_to_read
from forecasting.store.maintenance import (
    FILES_REST,
    Removed,
    Retired,
    compact,
    count_files,
    dead_files,
    expirable_snapshots,
    expire_snapshots,
    free_room,
    remove_dead_files,
    remove_origins,
    remove_scratch,
    remove_stray_models,
    remove_unpublished,
    retired_origins,
    scratch_folders,
    size_of,
    stray_models,
    unpublished_runs,
)
from forecasting.store.series_views import refresh_series_views
from forecasting.store.tables.runs import close_killed, failures_on_record, killed_runs, start_upkeep
from forecasting.terms import RunKind, RunStatus, format_duration, parse_duration

logger = logging.getLogger(__name__)

KEEP_SNAPSHOTS = "30d"
KEEP_FORECASTS = "800d"


def run(
    settings: Settings,
    *,
    keep_snapshots: str = KEEP_SNAPSHOTS,
    keep_forecasts: str = KEEP_FORECASTS,
    begin: Callable[[str], None] = lambda _: None,
) -> JobSummary:
    """Close killed runs, remove unpublished rows, old origins and dead files, merge small files, expire snapshots.

    All of it is on record.

    keep_snapshots: age of the oldest snapshot of the lake that stays. keep_forecasts: how far before a stream's newest
    origin its forecasts stay; older origins go with all their publications, history, scores, models and runs stay for
    good. What frees room without needing any comes first, so that it works on a full disk. Killed at any moment, the
    next call goes on. Raises SettingsError on a keep that is none, LakeError where files may be needed by another
    catalog: then none of them goes, and all else is done.
    """
    snapshots_for, forecasts_for = _keeps(keep_snapshots, keep_forecasts)
    now = wall_clock()
    begin("maintain: dead files")
    scratch = remove_scratch(scratch_folders(settings.models, now=now))
    freed = _free_room(settings, now=now)
    with open_lake(settings) as lake:
        work = start_upkeep(lake, kind=RunKind.MAINTAIN, started_at=now, token=uuid.uuid4().hex[:8])
        with failures_on_record(lake, work, clock=wall_clock):
            before = count_files(lake)
            begin("maintain: killed runs")
            killed = killed_runs(lake, now=now)
            close_killed(lake, killed, now=now)
            begin("maintain: unpublished rows")
            leftovers = unpublished_runs(lake, now=now)
            rows = remove_unpublished(lake, leftovers)
            begin("maintain: retention")
            retired = retired_origins(lake, keep=forecasts_for)
            rows += sum(remove_origins(lake, each) for each in retired)
            begin("maintain: snapshots")
            expired = expire_snapshots(lake, now=now, keep=snapshots_for)
            refresh_series_views(lake)
            begin("maintain: small files")
            merged = compact(lake)
            begin("maintain: dead files")
            dead = remove_dead_files(lake, now=now) + freed + remove_stray_models(lake, now=now)
            after = count_files(lake)
            idle = not (killed or rows or merged or expired or dead.files or scratch.files)
            work.status = RunStatus.UNCHANGED if idle else RunStatus.PUBLISHED
            work.rows = rows
            lake.write(lambda: work.finish(lake, finished_at=wall_clock()), message=f"finish {work.run_id}")
    details = _details(
        killed=len(killed), unpublished=len(leftovers), retired=retired, expired=expired, dead=dead, scratch=scratch
    )
    logger.info("maintain: %d rows removed, %d files before, %d after, %s", rows, before, after, details)
    return JobSummary(
        job="maintain",
        stream="*",
        status=str(work.status),
        run_id=work.run_id,
        rows=rows,
        details={"files": {"before": before, "after": after, "merged": merged}, **details},
    )


def foresee(
    settings: Settings, *, keep_snapshots: str = KEEP_SNAPSHOTS, keep_forecasts: str = KEEP_FORECASTS
) -> JobSummary:
    """What `run` would remove now; the lake is only read. What it would merge shows only when it does.

    Raises SettingsError where there is no lake, or on a keep that is none.
    """
    snapshots_for, forecasts_for = _keeps(keep_snapshots, keep_forecasts)
    now = wall_clock()
    with open_lake_to_read(settings) as lake:
        killed, leftovers = killed_runs(lake, now=now), unpublished_runs(lake, now=now)
        retired = retired_origins(lake, keep=forecasts_for)
        expired = expirable_snapshots(lake, now=now, keep=snapshots_for)
        found, files = dead_files(lake, now=now), count_files(lake)
        strays = stray_models(lake, now=now)
    dead = Removed(0, 0) if found.refusal else Removed(len(found.paths), found.bytes) + size_of(strays)
    scratch = Removed(len(scratch_folders(settings.models, now=now)), 0)
    details = _details(
        killed=len(killed), unpublished=len(leftovers), retired=retired, expired=expired, dead=dead, scratch=scratch
    )
    rows = sum(each.rows for each in leftovers) + sum(each.rows for each in retired)
    return JobSummary(
        job="maintain",
        stream="*",
        status="dry run",
        rows=rows,
        message=found.refusal,
        details={"files": {"before": files}, **details},
    )


def _free_room(settings: Settings, *, now: datetime) -> Removed:
    """Remove what a lake that exists no longer needs, and that can go without room for its catalog."""
    try:
        lake = open_lake_to_read(settings)
    except SettingsError:
        return Removed(0, 0)
    with lake:
        return free_room(lake, now=now)


def _details(
    *, killed: int, unpublished: int, retired: list[Retired], expired: int, dead: Removed, scratch: Removed
) -> dict[str, object]:
    return {
        "killed_runs": killed,
        "unpublished_runs": unpublished,
        "retired_origins": {each.stream: each.origins for each in retired},
        "snapshots_expired": expired,
        "files_removed": dead.files,
        "scratch_folders": scratch.files,
        "bytes_freed": dead.bytes + scratch.bytes,
    }


def _keeps(snapshots: str, forecasts: str) -> tuple[timedelta, timedelta]:
    return _keep(snapshots, "--keep-snapshots"), _keep(forecasts, "--keep-forecasts")


def _keep(text: str, option: str) -> timedelta:
    """A duration of at least a day: readers and writers may be at work on what is younger."""
    try:
        keep = parse_duration(text)
    except ValueError as error:
        raise SettingsError(f"{option}: {error}") from error
    if keep < FILES_REST:
        raise SettingsError(
            f"{option}: expected at least {format_duration(FILES_REST)}, found {text!r}; what is younger may still be "
            "in use; give a longer one"
        )
    return keep
