"""Stream definitions: the TOML file of a stream, read and checked as a whole."""

import hashlib
import json
import tomllib
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from pydantic import ValidationError, model_validator

from forecasting.config.base import Section
from forecasting.config.planning import PlanningSection
from forecasting.config.sections import (
    CalendarSection,
    EventsSection,
    ExportSection,
    HierarchySection,
    ModelsSection,
    SourceSection,
    StreamSection,
)
from forecasting.config.units import is_count
from forecasting.errors import SettingsError
from forecasting.redaction import remember_secrets
from forecasting.terms import DAY, format_duration

RENAMED = {"planning.staffing.risk": "confidence", "planning.capacity.risk": "confidence"}
"""Keys of earlier versions, and what they are called now."""


class Stream(Section):
    """One stream definition."""

    stream: StreamSection
    source: SourceSection
    events: EventsSection | None = None
    calendar: CalendarSection = CalendarSection()
    models: ModelsSection = ModelsSection()
    hierarchy: HierarchySection | None = None
    planning: PlanningSection = PlanningSection()
    export: ExportSection | None = None

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
    def counts(self) -> bool:
        """Whether values are counts, which vary by chance at least as Poisson counts do.

        As `stream.counts` says; else by the unit, and calls that people are planned for are counts in any unit.
        """
        if self.stream.counts is not None:
            return self.stream.counts
        return self.planning.staffing is not None or is_count(self.stream.unit, self.stream.aggregate)

    @property
    def config_hash(self) -> str:
        """Hash of all settings that shape a trained model: equal hashes give equal models on equal data."""
        not_shaping = {"fallback", "max_fallback_share", "accelerator", "devices", "strategy"}
        shaping = {
            "stream": self.stream.model_dump(mode="json", exclude={"counts", "block_series", "incomplete"}),
            "calendar": self.calendar.model_dump(mode="json"),
            # a member that is not asked for leaves models of before as they are
            "models": self.models.model_dump(mode="json", exclude=not_shaping, exclude_none=True),
        }
        return hashlib.sha256(json.dumps(shaping, sort_keys=True).encode()).hexdigest()[:12]

    def first_origin(self) -> datetime:
        """Local midnight of the first day of history, as UTC."""
        return datetime.combine(self.source.start, time(0), self.zone)


def parse_stream(text: str, *, path: str) -> Stream:
    """Read a stream definition from TOML.

    path: of the file, for messages. Raises SettingsError that names the file, the key and its line.
    """
    try:
        raw = tomllib.loads(text)
    except ValueError as error:  # TOMLDecodeError is one, and so is what Python says of a number that is too long
        raise SettingsError(f"{path}: not TOML: {str(error).partition(';')[0]}") from error
    except RecursionError as error:
        raise SettingsError(f"{path}: not a definition: nested too deeply") from error
    if not raw:
        raise SettingsError(f"{path}: expected a definition, found no key; write one or remove the file")
    try:
        return Stream.model_validate(raw)
    except ValidationError as error:
        # the log shows what was found, and a key where none belongs may be a password
        remember_secrets(text)
        found = error.errors()
        # where a key is missing and another is not known, the second was meant to be the first
        first = next((one for one in found if one["type"] == "extra_forbidden"), found[0])
        place = [str(part) for part in first["loc"]]
        message = first["msg"].removeprefix("Value error, ")
        line = _line_of(text, place)
        hint = _hint(place)
        raise SettingsError(
            f"{path}{f':{line}' if line else ''}: {'.'.join(place) or 'definition'}: {message}{hint}"
        ) from error


def _hint(place: list[str]) -> str:
    """What took the place of a key that was called otherwise in an earlier version."""
    renamed = RENAMED.get(".".join(place))
    return f"; it is called {renamed} now" if renamed else ""


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
