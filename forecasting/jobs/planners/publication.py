"""The adjustments that hold when a forecast is published."""

from forecasting.jobs.common.session import Session, wall_clock
from forecasting.jobs.planners.factors import put_on
from forecasting.jobs.planners.imports import take_inbox
from forecasting.store.tables.runs import Run
from forecasting.terms import RunKind


def adjust_publication(session: Session, run: Run) -> int:
    """Put on a forecast that was just published what planners have said, in their inbox too: a backfill's, what they
    had said by its origin. How many intervals changed."""
    assert run.origin is not None
    origin, stream = run.origin, session.definition.stream
    if run.kind != RunKind.BACKFILL:
        take_inbox(session.lake, stream=stream.name)
    now = wall_clock()
    known_by = origin if run.kind == RunKind.BACKFILL else now

    def write() -> int:
        return put_on(session.lake, stream, origin, known_by=known_by, known_at=now)

    return session.lake.write(write, message=f"adjustments of {stream.name} {origin.isoformat()}")
