"""Add a stream for a user's own feed: its definition and its extract, tried before they are written."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from forecasting.errors import SettingsError
from forecasting.jobs.feeds.extracts import are_counts
from forecasting.jobs.feeds.findings import Notes, Stated
from forecasting.jobs.feeds.proposals import Proposal, propose
from forecasting.jobs.feeds.reports import Report, report_on
from forecasting.jobs.feeds.rows.sources import file_source, find_feed, folder_pattern
from forecasting.jobs.streams.connections import Database, read_database
from forecasting.jobs.streams.databases import database_source
from forecasting.settings import Settings
from forecasting.store.files.definitions import definition_paths
from forecasting.store.files.feeds import expand_feed, lacks_final_newline, local_files
from forecasting.store.lake.open import open_memory_lake


@dataclass(frozen=True)
class NewStream:
    """What a user states about a feed; see `Stated` for what is found otherwise.

    feed: files, a pattern or a folder; None for a database, of which `table` or `query` says what is read.
    """

    name: str
    feed: str | None
    horizon: str
    timezone: str
    interval: str | None = None
    series_column: str | tuple[str, ...] | None = None
    ts_column: str | tuple[str, ...] | None = None
    y_column: str | None = None
    attribute_columns: tuple[str, ...] = ()
    unit: str | None = None
    aggregate: str | None = None
    counts: bool | None = None
    date_format: str | None = None
    decimal: str | None = None
    ts_timezone: str | None = None
    repeats: str | None = None
    wide: bool | None = None
    sheet: str | None = None
    database: str | None = None
    """`postgres:CONNECTION`, `duckdb:FILE` or `sqlite:FILE`."""
    table: str | None = None
    query: str | None = None
    most_series: int | None = None
    """Of more, the largest are kept."""

    @property
    def stated(self) -> Stated:
        return Stated(
            name=self.name,
            timezone=self.timezone,
            interval=self.interval,
            series_columns=_several(self.series_column),
            ts_columns=_several(self.ts_column),
            y_column=self.y_column,
            attribute_columns=self.attribute_columns,
            unit=self.unit,
            aggregate=self.aggregate,
            counts=self.counts,
            date_format=self.date_format,
            decimal=self.decimal,
            ts_timezone=self.ts_timezone,
            repeats=self.repeats,
            wide=self.wide,
        )


def _several(names: str | tuple[str, ...] | None) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else names or ()


@dataclass(frozen=True)
class Added:
    """What is written, and what the feed holds. report: what is shown of it before."""

    definition: Path
    extract: Path
    series: int
    rows: int
    first_ts: datetime
    last_ts: datetime
    origin: str
    """The local midnight up to which the feed is whole: the newest origin worth asking for."""
    hours: Mapping[str, str]
    """Opening hours found in the feed and written into the definition: `mon-fri` to `07:00-21:00`."""
    message: str
    """What was made of the times at which the feed never holds anything; empty where there are none."""
    counts: bool
    """Whether values are taken for counts."""
    report: Report


@dataclass(frozen=True)
class Prepared:
    """A new stream that was tried and not written yet."""

    added: Added
    proposal: Proposal

    def write(self) -> Added:
        """Write `NAME.toml` and `NAME.sql` into the user's stream folder."""
        self.added.definition.parent.mkdir(parents=True, exist_ok=True)
        self.added.extract.write_text(self.proposal.extract, encoding="utf-8")
        self.added.definition.write_text(self.proposal.definition, encoding="utf-8")
        return self.added


def add(settings: Settings, new: NewStream) -> Added:
    """Prepare a stream and write its two files; see `prepare`."""
    return prepare(settings, new).write()


def prepare(settings: Settings, new: NewStream) -> Prepared:
    """Find out what a feed holds and try it; nothing is written.

    Raises SettingsError where the name is taken or the rows leave something open that a person has to say, FeedError
    where the feed cannot be read or the first ingest would refuse it.
    """
    check_free(settings, new.name)
    _check_source(new)
    if new.database is not None:
        return _prepare_database(settings, new, read_database(settings, new.database))
    feed = folder_pattern(settings, str(new.feed))
    pattern = find_feed(settings, feed)
    with open_memory_lake(settings) as lake:
        notes = Notes()
        source = file_source(lake, pattern, notes, sheet=new.sheet)
        proposal = propose(
            lake,
            source,
            new.stated,
            notes,
            horizon=new.horizon,
            feed=_as_written(settings, feed, pattern),
            final_newline=_ends_in_newlines(pattern),
            most_series=new.most_series,
        )
        return prepared(settings, proposal, report_on(lake, proposal))


def _prepare_database(settings: Settings, new: NewStream, database: Database) -> Prepared:
    with (
        open_memory_lake(settings) as lake,
        database_source(lake, database, table=new.table, query=new.query) as source,
    ):
        proposal = propose(
            lake, source, new.stated, Notes(), horizon=new.horizon, feed=None, most_series=new.most_series
        )
        attached = replace(proposal, definition=proposal.definition.rstrip("\n") + "\n" + database.as_toml())
        return prepared(settings, attached, report_on(lake, proposal))


def _check_source(new: NewStream) -> None:
    if (new.feed is None) == (new.database is None):
        raise SettingsError("say either --feed FILE or --from DATABASE")
    if new.database is None and (new.table or new.query):
        raise SettingsError("--table and --query belong to --from DATABASE")
    if new.table and new.query:
        raise SettingsError("say either --table or --query")


def check_free(settings: Settings, name: str) -> None:
    """Raise SettingsError where a stream of that name exists."""
    if name in definition_paths(settings):
        raise SettingsError(
            f"stream {name!r} exists already at {definition_paths(settings)[name]}; choose another name"
        )


def prepared(settings: Settings, proposal: Proposal, report: Report) -> Prepared:
    """A proposal with the places at which it would be written."""
    measured, name = proposal.measured, proposal.name
    added = Added(
        definition=settings.streams / f"{name}.toml",
        extract=settings.streams / f"{name}.sql",
        series=measured.series,
        rows=measured.rows,
        first_ts=measured.first_ts,
        last_ts=measured.last_ts,
        origin=proposal.origin,
        hours=proposal.hours,
        message=proposal.hours_message,
        counts=are_counts(proposal.found),
        report=report,
    )
    return Prepared(added, proposal)


def _as_written(settings: Settings, feed: str, pattern: str) -> str:
    """The feed as the definition names it: what the environment holds is not written down."""
    below = feed if pattern == expand_feed(settings, feed) else pattern
    return below.removeprefix(f"{settings.home}/")


def _ends_in_newlines(pattern: str) -> bool:
    return "://" in pattern or not any(map(lacks_final_newline, local_files(pattern)))
