"""The record of executions: every run has a row from its first moment, failures included."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import pandas as pd

from forecasting import __version__
from forecasting.config.stream import Stream
from forecasting.errors import LakeError, in_one_line
from forecasting.redaction import redact
from forecasting.store.lake.lake import Lake
from forecasting.store.processes import is_at_work, is_gone, this_process
from forecasting.terms import DAY, RunKind, RunStatus

RUN_MAY_TAKE = DAY
"""A run that says `running` for longer was killed."""


@dataclass(kw_only=True)
class Execution:
    """Work under way. The job that owns it fills in what it found; `finish` writes it."""

    run_id: str
    kind: RunKind
    started_at: datetime
    snapshot_id: int
    status: RunStatus = RunStatus.RUNNING
    model_id: str | None = None
    hindsight: bool = False
    """Whether the model was trained on demand after the origin."""
    rows: int | None = None
    message: str | None = None

    def finish(self, lake: Lake, *, finished_at: datetime) -> None:
        """Write the end of the run; to be called inside `Lake.write`."""
        lake.execute(
            "runs/finish_run.sql",
            run_id=self.run_id,
            status=str(self.status),
            model_id=self.model_id,
            finished_at=finished_at,
            rows=self.rows,
            message=redact(self.message) if self.message else self.message,
        )


@dataclass(kw_only=True)
class Run(Execution):
    """Work on one stream."""

    stream: Stream
    origin: datetime | None


def start_run(
    lake: Lake, stream: Stream, *, kind: RunKind, origin: datetime | None, started_at: datetime, token: str
) -> Run:
    """Put a run on record as running. token: makes the key unique among runs of one second."""
    run = Run(
        run_id=f"{stream.name}-{kind}-{started_at:%Y%m%dT%H%M%S}-{token}",
        kind=kind,
        stream=stream,
        origin=origin,
        started_at=started_at,
        snapshot_id=lake.snapshot_id(),
    )
    _record(lake, run, stream=stream.name, origin=origin, config_hash=stream.config_hash, definition=stream)
    return run


def find_run_under_way(lake: Lake, stream: Stream, run_id: str) -> Run | None:
    """A run of a stream; None where it is not on record, or has ended."""
    rows = lake.rows("runs/run.sql", run_id=run_id, stream=stream.name)
    if not rows:
        return None
    kind, origin, started_at, snapshot_id = rows[0]
    return Run(
        run_id=run_id,
        kind=RunKind(kind),
        stream=stream,
        origin=origin,
        started_at=started_at,
        snapshot_id=snapshot_id,
    )


def start_upkeep(lake: Lake, *, kind: RunKind, started_at: datetime, token: str) -> Execution:
    """Put work on the whole lake on record as running; its stream is `*`."""
    work = Execution(
        run_id=f"{kind}-{started_at:%Y%m%dT%H%M%S}-{token}",
        kind=kind,
        started_at=started_at,
        snapshot_id=lake.snapshot_id(),
    )
    _record(lake, work, stream="*", origin=None, config_hash=None)
    return work


def _record(
    lake: Lake,
    run: Execution,
    *,
    stream: str,
    origin: datetime | None,
    config_hash: str | None,
    definition: Stream | None = None,
) -> None:
    def insert() -> None:
        lake.execute(
            "runs/insert_run.sql",
            run_id=run.run_id,
            kind=str(run.kind),
            stream=stream,
            origin=origin,
            snapshot_id=run.snapshot_id,
            config_hash=config_hash,
            code_version=__version__,
            started_at=run.started_at,
            process=this_process(),
        )
        if definition is not None:
            _keep_definition(lake, run, definition)

    lake.write(insert, message=f"start {run.run_id}")


def _keep_definition(lake: Lake, run: Execution, stream: Stream) -> None:
    """Put on record what views say of a stream: its unit, its clock, its grid."""
    minute = timedelta(minutes=1)
    lake.execute(
        "runs/insert_stream.sql",
        stream=stream.name,
        known_at=run.started_at,
        metric=stream.stream.metric,
        unit=stream.stream.unit,
        timezone=stream.stream.timezone,
        aggregate=stream.stream.aggregate,
        minutes=stream.interval // minute,
        horizon_minutes=stream.stream.horizon // minute,
        run_id=run.run_id,
    )


@contextmanager
def failures_on_record(lake: Lake, run: Execution, *, clock: Callable[[], datetime]) -> Iterator[None]:
    """Record the failure of whatever runs inside, then let it go on."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit, GeneratorExit):
        raise  # killed while at work: upkeep says so on record
    except BaseException as error:
        run.status = RunStatus.FAILED
        run.message = in_one_line(error)
        try:
            lake.write(lambda: run.finish(lake, finished_at=clock()), message=f"fail {run.run_id}")
        except LakeError as second:
            error.add_note(f"the failure could not be recorded either: {second}")
        raise


def list_runs(lake: Lake, *, stream: str | None, most: int) -> pd.DataFrame:
    """Newest runs, of one stream or all."""
    return lake.frame("runs/runs.sql", stream=stream, most=most)


def killed_runs(lake: Lake, *, now: datetime) -> list[str]:
    """Runs that are on record as running and are not: their process is gone, or they began longer ago than any takes.

    A process on another machine, or in a container that is gone, cannot be seen: only their age counts. One that is
    seen at work is not killed, though a clock that was wrong says that it began long ago.
    """
    rows = lake.rows("runs/running.sql", started_before=now - RUN_MAY_TAKE)
    return [
        run_id
        for run_id, process, is_old in rows
        if (is_old and not (process and is_at_work(process))) or (process and is_gone(process))
    ]


def close_killed(lake: Lake, runs: Sequence[str], *, now: datetime) -> None:
    """Put on record that runs were killed; one that is at work all the same writes over it when it ends."""
    if runs:
        message = "killed before it ended; run it again"
        lake.write(
            partial(lake.execute, "runs/close_killed.sql", run_ids=list(runs), now=now, message=message),
            message=f"close {len(runs)} killed runs",
        )
