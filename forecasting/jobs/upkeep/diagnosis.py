"""One thing that `doctor` looked at, and what it found."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Diagnosis:
    """What was found of one thing that was looked at."""

    verdict: str
    """ok, warning or error."""
    what: str
    where: str
    message: str
    """What was found; where it is no good: expected against found, and the next step."""
    exit_code: int = 0

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)
