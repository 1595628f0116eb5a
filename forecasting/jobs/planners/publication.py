"""The adjustments that hold when a forecast is published."""

from forecasting.jobs.common.session import Session, wall_clock
from forecasting.jobs.planners.factors import put_on
from forecasting.store.tables.runs import Run
from forecasting.terms import RunKind


def adjust_publication(session: Session, run: Run) -> int:
    """Put on a forecast that was just published what planners have said: a backfill's, what they had said by its
    origin. How many intervals changed."""
    assert run.origin is not None
    now, origin, stream = wall_clock(), run.origin, session.definition.stream
    known_by = origin if run.kind == RunKind.BACKFILL else now

    def write() -> int:
        return put_on(session.lake, stream, origin, known_by=known_by, known_at=now)

    return session.lake.write(write, message=f"adjustments of {stream.name} {origin.isoformat()}")
