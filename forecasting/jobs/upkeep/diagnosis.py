"""One thing that `doctor` looked at, and what it found."""

from dataclasses import asdict, dataclass
from typing import Any

from forecasting.redaction import redact


@dataclass(frozen=True)
class Diagnosis:
    """What was found of one thing that was looked at. No secret is in its texts."""

    verdict: str
    """ok, warning or error."""
    what: str
    where: str
    message: str
    """What was found; where it is no good: expected against found, and the next step."""
    exit_code: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "where", redact(self.where))
        object.__setattr__(self, "message", redact(self.message))

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)
