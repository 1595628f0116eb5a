"""What a report knows of a stream: its names, units and clock, and the two origins that it compares."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from forecasting.config.stream import Stream
from forecasting.panel.calendar.holidays import weekend
from forecasting.reports.formats import Kind


@dataclass(frozen=True)
class Scope:
    """A stream in a report. origin: aware, of the forecast that is shown; previous: of the one before it."""

    stream: Stream
    origin: datetime
    previous: datetime | None

    @property
    def name(self) -> str:
        return self.stream.name

    @property
    def unit(self) -> str:
        return self.stream.stream.unit

    @property
    def zone(self) -> str:
        return self.stream.stream.timezone

    @property
    def counts(self) -> bool:
        """Whether values are whole numbers of things."""
        return self.stream.counts

    @property
    def averages(self) -> bool:
        """Whether a day of the stream is a mean rather than a sum."""
        return self.stream.stream.aggregate != "sum"

    @property
    def demand(self) -> Kind:
        """How demand of an interval is written."""
        return Kind.COUNT if self.counts else Kind.NUMBER

    @property
    def minutes(self) -> int:
        """Of an interval."""
        return int(self.stream.interval / timedelta(minutes=1))

    @property
    def local_day(self) -> date:
        """Local date of the origin."""
        return self.origin.astimezone(self.stream.zone).date()

    @property
    def weekend(self) -> Sequence[int]:
        """Weekdays, Monday 0."""
        return weekend(self.stream)
