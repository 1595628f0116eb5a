"""What is found out about a feed: what each column was taken for, and what only a person can say."""

from dataclasses import dataclass, field

from forecasting.errors import SettingsError


@dataclass(frozen=True)
class Finding:
    """One thing that was assumed: of what, what it was taken for, why, and which option says otherwise."""

    about: str
    taken: str
    why: str = ""
    option: str = ""

    def __str__(self) -> str:
        why = f" ({self.why})" if self.why else ""
        option = f"; otherwise {self.option}" if self.option else ""
        return f"{self.about}: {self.taken}{why}{option}"


@dataclass(frozen=True)
class Stated:
    """What a person states about a feed; whatever is left out is found."""

    name: str
    timezone: str
    interval: str | None = None
    series_columns: tuple[str, ...] = ()
    ts_columns: tuple[str, ...] = ()
    y_column: str | None = None
    attribute_columns: tuple[str, ...] = ()
    unit: str | None = None
    aggregate: str | None = None
    counts: bool | None = None
    date_format: str | None = None
    """A format of strptime such as `%d/%m/%Y %H:%M`, or the order alone: dmy, mdy or ymd."""
    decimal: str | None = None
    """`point` or `comma`."""
    ts_timezone: str | None = None
    """Zone of times without an offset, where it is not that of the series."""
    repeats: str | None = None
    """`once` or `each`: what single events that are alike in all columns count."""
    wide: bool | None = None
    """Whether each number column is a series of its own."""


@dataclass
class Notes:
    """Findings in the order in which they were made."""

    findings: list[Finding] = field(default_factory=list)

    def add(self, about: str, taken: str, why: str = "", option: str = "") -> None:
        self.findings.append(Finding(about, taken, why, option))

    def drop(self, about: str) -> None:
        """Take back what was said of something."""
        self.findings = [finding for finding in self.findings if finding.about != about]


class FeedQuestionError(SettingsError):
    """Something that the rows cannot answer: the text asks it in one line and names the option that answers."""
