"""Stream definitions: what a TOML file says of a stream, typed and checked."""

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

import holidays
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from forecasting.config.planning import PlanningSection
from forecasting.config.shifts import Duration
from forecasting.errors import SettingsError
from forecasting.terms import DAY, format_duration

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTES_A_DAY = 24 * 60

Neural = Literal["nbeats", "tft"]
Member = Neural | Literal["trees", "growth", "seasonal"]
Span = tuple[int, int]


def _zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError(f"expected an IANA time zone such as America/Toronto, found {value!r}")
    return value


Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=63)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StreamSection(_Section):
    """`[stream]`: the family of series, its grid and how far it is forecast."""

    name: Name
    metric: str
    unit: str
    interval: Duration
    timezone: Annotated[str, BeforeValidator(_zone)]
    horizon: Duration
    aggregate: Literal["sum", "mean", "max"] = "sum"
    origin_time: time = time(0)

    @model_validator(mode="after")
    def _fits_grid(self) -> "StreamSection":
        if self.interval < DAY and DAY % self.interval:
            raise ValueError(f"interval {self.interval} does not divide a day")
        if self.interval >= DAY and self.interval % DAY:
            raise ValueError(f"interval {self.interval} is no whole number of days")
        if self.horizon % self.interval:
            raise ValueError(f"horizon {self.horizon} is no multiple of interval {self.interval}")
        return self


class Attachment(_Section):
    """`[source.attach.NAME]`: a database that the extract reads as NAME."""

    type: Literal["postgres", "duckdb", "sqlite"]
    uri: str


class SourceSection(_Section):
    """`[source]`: where usage comes from and how far it is trusted."""

    extract: str
    feed: str | None = None
    start: date
    lookback: Duration = timedelta(days=3)
    publication_delay: Duration = timedelta(0)
    max_age: Duration = timedelta(hours=6)
    max_bad_share: float = Field(default=0.02, ge=0, le=1)
    series: tuple[str, ...] = ("*",)
    reads: tuple[Name, ...] = ()
    """Streams whose history the extract reads; their nights come first."""
    attach: dict[Name, Attachment] = {}


class EventsSection(_Section):
    """`[events]`: SQL that returns holidays beyond the calendar, campaigns, outages and closures."""

    extract: str
    feed: str | None = None


class HoursRule(_Section):
    """`[[calendar.hours]]`: opening hours of the series whose attributes match `where`.

    `weekdays` holds, Monday first, the open spans of each weekday as minutes after local midnight; a span may end after
    1440, past midnight. `holiday` holds the spans of public holidays, None where they keep the weekday's hours.
    """

    where: dict[str, str] = {}
    weekdays: tuple[tuple[Span, ...], ...]
    holiday: tuple[Span, ...] | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_toml(cls, raw: Any) -> Any:
        if not isinstance(raw, Mapping) or "weekdays" in raw:
            return raw
        days: dict[int, tuple[Span, ...]] = {}
        parsed: dict[str, Any] = {"where": raw.get("where", {})}
        for key, value in raw.items():
            if key == "holiday":
                parsed["holiday"] = parse_spans(value)
            elif key != "where":
                for day in parse_weekdays(key):
                    if day in days:
                        raise ValueError(f"{WEEKDAYS[day]} is given twice, the second time by {key!r}")
                    days[day] = parse_spans(value)
        parsed["weekdays"] = tuple(days.get(day, ()) for day in range(7))
        return parsed

    @model_validator(mode="after")
    def _no_overlap(self) -> "HoursRule":
        spans = sorted(
            (day * MINUTES_A_DAY + start, day * MINUTES_A_DAY + end)
            for day, spans_of_day in enumerate(self.weekdays)
            for start, end in spans_of_day
        )
        week = 7 * MINUTES_A_DAY
        wrapped = [*spans, *((start + week, end + week) for start, end in spans[:1])]
        for (_, end), (start, _) in pairwise(wrapped):
            if start < end:
                day, minute = divmod(start % week, MINUTES_A_DAY)
                raise ValueError(
                    f"opening hours overlap on {WEEKDAYS[day]} at {minute // 60:02d}:{minute % 60:02d} "
                    f"(where = {self.where or 'every series'})"
                )
        return self


class CalendarSection(_Section):
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


class ModelsSection(_Section):
    """`[models]`: who forecasts, on how much history, how often it is trained and for how long."""

    members: tuple[Member, ...] = ("nbeats", "tft", "trees", "seasonal")
    retrain: Duration = timedelta(days=7)
    budget: Duration = timedelta(minutes=10)
    history: Duration = timedelta(days=730)
    seed: int = 1
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
            raise ValueError("members must hold 'seasonal': it carries a series when no other can")
        return self


class HierarchySection(_Section):
    """`[hierarchy]`: sums of series and of time that are forecast beside the series, from joint sample paths."""

    levels: tuple[str, ...] = ()
    """Attributes whose values group series, the coarsest first; each level splits the one before. The whole stream is
    always a level above them, `all`."""
    keep_paths: bool = False
    """Store the sample paths of every series too."""

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


class Stream(_Section):
    """One stream definition, whole."""

    stream: StreamSection
    source: SourceSection
    events: EventsSection | None = None
    calendar: CalendarSection = CalendarSection()
    models: ModelsSection = ModelsSection()
    hierarchy: HierarchySection | None = None
    planning: PlanningSection = PlanningSection()

    @model_validator(mode="after")
    def _growth_of_days(self) -> "Stream":
        if "growth" in self.models.members and self.interval < DAY:
            raise ValueError(
                f"models.members: 'growth' follows days or weeks, not intervals of {format_duration(self.interval)}; "
                "give it a stream of daily peaks"
            )
        return self

    @property
    def name(self) -> str:
        return self.stream.name

    @property
    def interval(self) -> timedelta:
        return self.stream.interval

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.stream.timezone)

    @property
    def steps(self) -> int:
        """Number of intervals in the horizon."""
        return self.stream.horizon // self.interval

    @property
    def config_hash(self) -> str:
        """Hash of everything that shapes a trained model; two equal hashes train alike on equal data."""
        not_shaping = {"max_fallback_share", "accelerator", "devices", "strategy"}
        shaping = {
            "stream": self.stream.model_dump(mode="json"),
            "calendar": self.calendar.model_dump(mode="json"),
            "models": self.models.model_dump(mode="json", exclude=not_shaping),
        }
        return hashlib.sha256(json.dumps(shaping, sort_keys=True).encode()).hexdigest()[:12]

    def first_origin(self) -> datetime:
        """Local midnight of the first day of history, as UTC."""
        return datetime.combine(self.source.start, time(0), self.zone)


def parse_weekdays(text: str) -> tuple[int, ...]:
    """Weekday numbers, Monday 0, of `mon`, `sun-thu` (weeks wrap) or `mon,wed`."""
    days: list[int] = []
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        last = last or first
        if first not in WEEKDAYS or last not in WEEKDAYS:
            raise ValueError(f"expected weekdays such as mon, sun-thu or mon,wed, found {text!r}")
        start = WEEKDAYS.index(first)
        length = (WEEKDAYS.index(last) - start) % 7
        days.extend((start + step) % 7 for step in range(length + 1))
    return tuple(days)


_SPAN = re.compile(r"(\d{1,2}):(\d\d)-(\d{1,2}):(\d\d)")


def parse_spans(text: str) -> tuple[Span, ...]:
    """Minutes after midnight of `07:00-24:00`, `20:00-02:00` (past midnight), `08:00-12:00,13:00-17:00` or `closed`."""
    if not isinstance(text, str):
        raise ValueError(f"expected hours such as '07:00-24:00' or 'closed', found {text!r}")
    if text == "closed":
        return ()
    spans = []
    for part in text.split(","):
        match = _SPAN.fullmatch(part.strip())
        if match is None:
            raise ValueError(f"expected hours such as 07:00-24:00 or closed, found {text!r}")
        start, end = int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])
        if start > MINUTES_A_DAY or end > MINUTES_A_DAY or int(match[2]) > 59 or int(match[4]) > 59:
            raise ValueError(f"expected hours between 00:00 and 24:00, found {text!r}")
        spans.append((start, end if end > start else end + MINUTES_A_DAY))
    spans.sort()
    for (_, end), (start, _) in pairwise(spans):
        if start < end:
            raise ValueError(f"opening hours overlap in {text!r}")
    return tuple(spans)


def parse_stream(text: str, *, path: str) -> Stream:
    """Read a stream definition.

    path: named in messages. Raises SettingsError that names the file, the key and its line.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: not TOML: {error}") from error
    try:
        return Stream.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        place = [str(part) for part in first["loc"]]
        message = first["msg"].removeprefix("Value error, ")
        line = _line_of(text, place)
        raise SettingsError(
            f"{path}{f':{line}' if line else ''}: {'.'.join(place) or 'definition'}: {message}"
        ) from error


def _line_of(text: str, place: list[str]) -> int | None:
    """Line of the key that a validation error names: the deepest part found under its table."""
    section, found = "", None
    table_index: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        bare = line.strip()
        if bare.startswith("[") and "=" not in bare:
            section = bare.strip("[]").strip()
            if bare.startswith("[["):
                index = table_index[section] = table_index.get(section, -1) + 1
                section = f"{section}.{index}"
            if ".".join(place).startswith(section):
                found = number
        elif "=" in bare and ".".join(place).startswith(f"{section}.{bare.split('=')[0].strip()}"):
            return number
    return found
