"""The result of a replay: each plan and the service that it gave."""

from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any

import pandas as pd

from forecasting.planning.replay.plans import (
    Attained,
)
from forecasting.terms import format_duration


@dataclass(frozen=True)
class PlanOutcome:
    """A plan and the service that it gave."""

    formula: str
    plan: str
    attained: Attained

    def as_dict(self) -> dict[str, Any]:
        return {"formula": self.formula, "plan": self.plan, **asdict(self.attained)}


@dataclass(frozen=True)
class Replayed:
    """Result of a replay."""

    stream: str
    since: str
    until: str
    lead: timedelta
    target: str
    days: int
    """On which any pool was open."""
    calls: int
    outcomes: list[PlanOutcome] = field(default_factory=list)

    def table(self) -> pd.DataFrame:
        """The outcomes, shares in percent."""
        frame = pd.DataFrame([outcome.as_dict() for outcome in self.outcomes])
        for name in ("intervals", "days", "service_level", "abandoned", "occupancy"):
            frame[name] = (frame[name] * 100).round(1)
        return frame.round({"agent_hours": 1, "mean_wait": 1})

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {
            "lead": format_duration(self.lead),
            "outcomes": [outcome.as_dict() for outcome in self.outcomes],
        }
