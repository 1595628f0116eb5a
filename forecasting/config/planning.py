"""`[planning]` of a stream definition: what is planned from its forecasts."""

from pydantic import BaseModel, ConfigDict

from forecasting.config.capacity import CapacitySection
from forecasting.config.staffing import StaffingSection


class PlanningSection(BaseModel):
    """`[planning]`: people, capacity or nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    staffing: StaffingSection | None = None
    capacity: CapacitySection | None = None

    @property
    def any(self) -> bool:
        """Whether anything is planned."""
        return self.staffing is not None or self.capacity is not None
