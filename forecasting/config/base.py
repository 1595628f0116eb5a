"""Base of all tables of a definition: frozen, without unknown keys, with durations such as 30min."""

from datetime import timedelta
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

from forecasting.terms import parse_duration


def _duration(value: Any) -> timedelta:
    return value if isinstance(value, timedelta) else parse_duration(str(value))


Duration = Annotated[timedelta, BeforeValidator(_duration)]


class Section(BaseModel):
    """A table of a definition."""

    model_config = ConfigDict(frozen=True, extra="forbid")
