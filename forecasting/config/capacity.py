"""`[planning.capacity]` of a stream definition: how full links may be, how long orders take, what can be ordered."""

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from forecasting.config.base import Duration
from forecasting.terms import DAY

_PERSISTENCE = re.compile(r"(\d+)/(\d+)")


class Persistence(BaseModel):
    """A limit counts as passed once the peak was above it on `days` of the last `window` days."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    days: int = Field(ge=1)
    window: int = Field(ge=1, le=366)

    @model_validator(mode="after")
    def _fits(self) -> "Persistence":
        if self.days > self.window:
            raise ValueError(f"expected no more days than the window has, found {self}")
        return self

    def __str__(self) -> str:
        return f"{self.days}/{self.window}"


def parse_persistence(value: Any) -> Any:
    """Read `3/7`, three of the last seven days. Raises ValueError on anything else."""
    if isinstance(value, dict | Persistence):
        return value
    match = _PERSISTENCE.fullmatch(str(value))
    if match is None:
        raise ValueError(f"expected days such as 3/7 (three of the last seven days), found {value!r}")
    return {"days": int(match[1]), "window": int(match[2])}


class Step(BaseModel):
    """`[[planning.capacity.steps]]`: one thing that can be ordered for a link."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: str = Field(min_length=1)
    to: float | None = Field(default=None, gt=0)
    """Capacity that it replaces the present one by, in the unit of the capacity attribute."""
    times: float | None = Field(default=None, gt=1)
    """What it multiplies the present capacity by; 2 adds a link of the same size."""
    cost: float = Field(ge=0)

    @model_validator(mode="after")
    def _one_kind(self) -> "Step":
        if (self.to is None) == (self.times is None):
            raise ValueError(f"step {self.name!r}: expected either to or times")
        return self

    def capacity_after(self, present: float) -> float:
        """Capacity once the step is in service; no more than `present` where it adds nothing."""
        return self.to if self.to is not None else present * (self.times or 1.0)


class CapacitySection(BaseModel):
    """`[planning.capacity]`: from a forecast of peaks to orders."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    peak_stream: str = Field(min_length=1)
    """Stream that forecasts the peak statistic of the same series, by days."""
    capacity: str = Field(default="capacity", min_length=1)
    """Attribute that holds a series' capacity: in the unit of the peak stream or, with `grade`, circuits."""
    group: str | None = Field(default=None, min_length=1)
    """Attribute that parallel series share: the traffic of one that fails goes to the others."""
    threshold: float = Field(default=0.8, gt=0, le=1)
    """Share of the capacity that the peak statistic must not pass."""
    failure_threshold: float | None = Field(default=None, gt=0, le=1)
    """The same while a parallel link has failed; `threshold` unless given."""
    grade: float | None = Field(default=None, gt=0, lt=1)
    """For circuits and a peak in Erlangs: blocking in the busy hour that the load must not pass, instead of
    `threshold`. ITU-T E.520 takes 0.01 for automatic working."""
    heavy_grade: float = Field(default=0.07, gt=0, lt=1)
    """With `grade`: blocking that the mean load of the five busiest days must not pass (ITU-T E.520)."""
    persistence: Annotated[Persistence, BeforeValidator(parse_persistence)] = Persistence(days=3, window=7)
    lead_time: Duration = timedelta(days=90)
    """From an order to its being in service."""
    confidence: float = Field(default=0.9, gt=0, lt=1)
    """Probability that an order by `order_by` is in service before the limit is passed."""
    lasting: Duration = timedelta(days=365)
    """How long a step must suffice once it is in service, with the probability `confidence`."""
    overload_cost: float = Field(default=0.0, ge=0)
    """Of a day on which the peak is above the limit."""
    capital_rate: float = Field(default=0.08, ge=0)
    """Of a year, what money spent earlier costs."""
    currency: str | None = Field(default=None, pattern="^[A-Z]{3}$")
    """Of all costs, as ISO 4217 writes it: CAD."""
    steps: tuple[Step, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> "CapacitySection":
        names = [step.name for step in self.steps]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"steps: {name!r} is given twice")
        if self.lead_time % DAY or self.lasting % DAY:
            raise ValueError("lead_time and lasting are whole days")
        if self.grade is not None and self.heavy_grade < self.grade:
            raise ValueError(f"heavy_grade {self.heavy_grade} is stricter than grade {self.grade}")
        return self

    @property
    def while_failed(self) -> "CapacitySection":
        """The rules that hold while a parallel link has failed."""
        return self.model_copy(update={"threshold": self.failure_threshold or self.threshold})
