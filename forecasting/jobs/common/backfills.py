"""What a backfill reports: origin by origin, and as a whole."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from forecasting.terms import BackfillStatus


@dataclass(frozen=True)
class Issued:
    """What became, or would become, of one origin."""

    origin: datetime
    """In the stream's zone."""
    status: BackfillStatus
    run_id: str | None = None
    model_id: str | None = None
    rows: int = 0
    message: str | None = None
    exit_code: int = 0

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "origin": self.origin.isoformat(), "status": str(self.status)}


@dataclass(frozen=True)
class Trained:
    """A retrain boundary of the range, in the stream's zone, and whether its model was trained or would be."""

    boundary: datetime
    status: str
    message: str | None = None

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "boundary": self.boundary.isoformat()}


@dataclass(frozen=True)
class BackfillReport:
    """What a backfill did, origin by origin."""

    stream: str
    dry_run: bool
    origins: list[Issued]
    trained: list[Trained]

    @property
    def counts(self) -> dict[str, int]:
        """Number of origins of each status, in the order of `BackfillStatus`."""
        found = [issued.status for issued in self.origins]
        return {str(status): found.count(status) for status in BackfillStatus if status in found}

    def as_dict(self) -> dict[str, Any]:
        """Everything, for JSON."""
        return {
            "job": "backfill",
            "stream": self.stream,
            "dry_run": self.dry_run,
            "counts": self.counts,
            "trained": [trained.as_dict() for trained in self.trained],
            "origins": [issued.as_dict() for issued in self.origins],
        }


@dataclass(frozen=True)
class Progress:
    """What is called as a backfill goes on."""

    begin: Callable[[str], None] = lambda _: None
    """Called with what comes next."""
    issued: Callable[[Issued], None] = lambda _: None
    """Called with each origin that is done."""
