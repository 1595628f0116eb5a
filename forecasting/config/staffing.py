"""`[planning.staffing]` of a stream definition: the service promised, who answers, and by which rules."""

import re
from datetime import timedelta
from math import inf
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from forecasting.config.shifts import Catalogue
from forecasting.terms import DAY, parse_duration

_TARGET = re.compile(r"(\d{1,3}(?:\.\d+)?)/(\d+)")


class Target(BaseModel):
    """A service level: the share of all offered calls that is answered within so many seconds.

    Calls whose caller gave up count as not answered in time.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    share: float = Field(gt=0, lt=1)
    within: float = Field(ge=0, lt=inf)
    """Seconds."""

    def __str__(self) -> str:
        return f"{self.share * 100:g}/{self.within:g}"


def parse_target(value: Any) -> Any:
    """Read `80/20`, 80% of calls within 20 seconds. Raises ValueError on anything else, 0% and 100% included."""
    if not isinstance(value, str):
        return value
    match = _TARGET.fullmatch(value)
    if match is None:
        raise ValueError(f"expected a target such as 80/20 (80% of calls within 20 s), found {value!r}")
    share = float(match[1]) / 100
    if not 0 < share < 1:
        raise ValueError(
            f"expected a share between 0 and 100, both left out, found {value!r}: no number of agents answers every "
            "call of a random stream in time; 99/20 is the nearest that can be promised"
        )
    return {"share": share, "within": float(match[2])}


def _seconds(value: Any) -> Any:
    seconds = parse_duration(value) if isinstance(value, str) else value
    return seconds.total_seconds() if isinstance(seconds, timedelta) else seconds


def _patience(value: Any) -> Any:
    return inf if value == "none" else _seconds(value)


class GroupRule(BaseModel):
    """`[planning.staffing.groups]`: people who answer for several pools."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pools: tuple[str, ...] = Field(min_length=1)
    cost: float = Field(default=1.0, gt=0)
    """Of one person beside one of another group."""
    most: int | None = Field(default=None, ge=0)
    """People at work at the same time at most."""


class StaffingSection(BaseModel):
    """`[planning.staffing]`: from a forecast of calls to agents."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    aht_stream: str | None = None
    """Stream that forecasts the mean handle time, in seconds, of the same series."""
    handle_time: Annotated[float | None, BeforeValidator(_seconds), Field(gt=0, lt=DAY.total_seconds())] = None
    """Seconds that every call takes on average, where no stream forecasts it."""
    target: Annotated[Target, BeforeValidator(parse_target)]
    patience: Annotated[float, BeforeValidator(_patience), Field(gt=0)] = inf
    """Seconds that a caller waits on average before giving up; `none`, infinite, is Erlang C."""
    shrinkage: float = Field(default=0.0, ge=0, lt=1)
    """Share of paid time in which an agent is not available; applied once, from `agents` to `rostered`."""
    confidence: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = Field(default=(0.5, 0.8), min_length=1)
    """Probabilities of meeting the target in an interval; one row of the plan each."""
    max_occupancy: float = Field(default=1.0, gt=0, le=1)
    min_agents: int = Field(default=1, ge=0)
    """In every interval in which the pool is open."""
    pools: dict[str, tuple[str, ...]] = {}
    """Patterns of the series that one team answers; without any, every series is a pool of its own."""
    groups: dict[str, GroupRule] = {}
    shifts: Catalogue = ()

    @property
    def constant_handle_time(self) -> float:
        """Seconds of every call, where no stream forecasts them."""
        assert self.handle_time is not None
        return self.handle_time

    @model_validator(mode="after")
    def _consistent(self) -> "StaffingSection":
        if (self.aht_stream is None) == (self.handle_time is None):
            raise ValueError('expected either aht_stream, or handle_time such as "300s" for all calls alike')
        if list(self.confidence) != sorted(set(self.confidence)):
            raise ValueError(f"confidence must ascend, each level once, found {list(self.confidence)}")
        for name, group in self.groups.items():
            unknown = [pool for pool in group.pools if pool not in self.pools]
            if unknown:
                raise ValueError(
                    f"groups.{name} answers for pool {unknown[0]!r}, which pools does not name "
                    f"(pools: {', '.join(self.pools) or 'none'})"
                )
        unheld = [pool for pool in self.pools if not any(pool in group.pools for group in self.groups.values())]
        if self.groups and unheld:
            raise ValueError(f"groups: nobody answers for pool {unheld[0]!r}; name it in a group's pools")
        return self
