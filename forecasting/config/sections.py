"""The tables of a stream definition, typed and checked one by one."""

from datetime import date, time, timedelta
from typing import Annotated, Literal
from zoneinfo import available_timezones

import holidays
from pydantic import BeforeValidator, Field, model_validator

from forecasting.config.base import Duration, Section
from forecasting.config.hours import HoursRule
from forecasting.terms import DAY

Neural = Literal["nbeats", "tft"]
FoundationKind = Literal["chronos2", "timesfm2p5", "tirex2"]
Member = Neural | Literal["pretrained", "trees", "growth", "seasonal"]


def _zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError(f"expected an IANA time zone such as America/Toronto, found {value!r}")
    return value


Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=63)]


class StreamSection(Section):
    """`[stream]`: the family of series, its grid and how far it is forecast."""

    name: Name
    metric: str
    unit: str
    interval: Duration
    timezone: Annotated[str, BeforeValidator(_zone)]
    horizon: Duration
    aggregate: Literal["sum", "mean", "max"] = "sum"
    counts: bool | None = None
    """Whether values count things that happen one by one; by unit and aggregate unless given (see `Stream.counts`)."""
    origin_time: time = time(0)
    grid: Literal["local", "utc"] = "local"
    """Where intervals shorter than a day are counted from: midnight of the zone's standard time, or of UTC."""
    block_series: Annotated[int, Field(ge=16)] | None = None
    """Series that are forecast together where a stream has more; by the size of its history unless given."""
    incomplete: Literal["wait", "publish"] = "wait"
    """Where some of such blocks cannot be forecast: publish nothing, or the others, marked as not complete."""

    @model_validator(mode="after")
    def _fits_grid(self) -> "StreamSection":
        if self.interval < DAY and DAY % self.interval:
            raise ValueError(f"interval {self.interval} does not divide a day")
        if self.interval >= DAY and self.interval % DAY:
            raise ValueError(f"interval {self.interval} is no whole number of days")
        if self.horizon % self.interval:
            raise ValueError(f"horizon {self.horizon} is no multiple of interval {self.interval}")
        return self


class Attachment(Section):
    """`[source.attach.NAME]`: a database that the extract reads as NAME."""

    type: Literal["postgres", "duckdb", "sqlite"]
    uri: str


class SourceSection(Section):
    """`[source]`: where usage comes from, and what is accepted of it."""

    extract: str
    feed: str | None = None
    start: Annotated[date, Field(ge=date(1900, 1, 1), lt=date(2200, 1, 1))]
    lookback: Duration = timedelta(days=3)
    publication_delay: Duration = timedelta(0)
    max_age: Duration = timedelta(hours=6)
    max_bad_share: float = Field(default=0.02, ge=0, le=1)
    series: tuple[str, ...] = ("*",)
    final_newline: bool = True
    """Whether CSV files end in a newline; one that does not is then still being written, or was cut off."""
    reads: tuple[Name, ...] = ()
    """Streams whose history the extract reads; their daily runs come first."""
    attach: dict[Name, Attachment] = Field(default_factory=dict)
    allow: tuple[str, ...] = ()
    """Files and folders that the extract may read beside the folder of its feed."""
    timeout: Duration = timedelta(hours=1)
    """How long one query of the extract may take."""


class EventsSection(Section):
    """`[events]`: SQL that returns holidays beyond the calendar, campaigns, outages and closures."""

    extract: str
    feed: str | None = None


class CalendarSection(Section):
    """`[calendar]`: public holidays and opening hours. Without hours every interval is open."""

    country: str | None = None
    subdivision: str | None = None
    hours: tuple[HoursRule, ...] = ()

    @model_validator(mode="after")
    def _known(self) -> "CalendarSection":
        if self.subdivision and not self.country:
            raise ValueError("subdivision needs a country")
        if self.country:
            try:
                holidays.country_holidays(self.country, subdiv=self.subdivision)
            except NotImplementedError as error:
                raise ValueError(f"no holiday calendar for country {self.country!r}: {error}") from error
        scopes = [tuple(sorted(rule.where.items())) for rule in self.hours]
        for scope in scopes:
            if scopes.count(scope) > 1:
                raise ValueError(f"opening hours overlap: two rules hold where = {dict(scope) or 'every series'}")
        return self


class FoundationSection(Section):
    """`foundation` of `[models]`: a public pretrained model as a member, from files on this machine."""

    kind: FoundationKind
    path: str = Field(min_length=1)
    """Folder of the published files; a relative one starts in FORECASTING_HOME."""


class ModelsSection(Section):
    """`[models]`: which members forecast, on how much history, how often they are trained and for how long."""

    members: tuple[Member, ...] = ("nbeats", "tft", "pretrained", "trees", "seasonal")
    retrain: Duration = timedelta(days=7)
    budget: Duration = timedelta(minutes=10)
    history: Duration = timedelta(days=730)
    foundation: FoundationSection | None = None
    seed: int = 1
    fallback: Literal["pretrained", "seasonal"] = "pretrained"
    """Who forecasts before the first model, and series that no trained member can: the networks of the package, or
    seasonal members alone."""
    max_fallback_share: float = Field(default=0.1, ge=0, le=1)
    accelerator: str = "auto"
    """Lightning's own setting: auto takes a GPU where there is one."""
    devices: int | Literal["auto"] = 1
    strategy: str = "auto"

    @property
    def neural(self) -> tuple[Neural, ...]:
        """Neural members, which take the most training."""
        return tuple(member for member in self.members if member in ("nbeats", "tft"))

    @model_validator(mode="after")
    def _whole_days(self) -> "ModelsSection":
        if self.retrain % DAY or self.history % DAY:
            raise ValueError("retrain and history are whole days")
        if "seasonal" not in self.members:
            raise ValueError("members must hold 'seasonal', which forecasts a series when no other member can")
        return self


class ExportSection(Section):
    """`[export]`: views whose rows of the stream are written as files at the end of every nightly run."""

    views: Annotated[tuple[Name, ...], Field(min_length=1)]
    """Of schema analyst, such as forecast_latest."""
    format: Literal["parquet", "csv", "xlsx"] = "parquet"
    folder: str = "exports"
    """Relative ones start in FORECASTING_HOME."""


class HierarchySection(Section):
    """`[hierarchy]`: sums over series and over time that are forecast with the series, from joint sample paths."""

    levels: tuple[str, ...] = ()
    """Attributes whose values group series, the coarsest first; each level splits the one before. The level `all`, the
    whole stream, is always added above them."""
    keep_paths: bool = False
    """Whether to store the sample paths of every series too."""

    @model_validator(mode="after")
    def _each_once(self) -> "HierarchySection":
        for level in self.levels:
            if self.levels.count(level) > 1:
                raise ValueError(
                    f"levels go round in a circle: {level!r} lies below itself in {' > '.join(self.levels)}"
                )
            if level in ("all", "series"):
                raise ValueError(f"level {level!r} is always there; expected attributes such as region")
        return self
